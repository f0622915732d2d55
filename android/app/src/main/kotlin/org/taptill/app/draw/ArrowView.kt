package org.taptill.app.draw

import android.graphics.Canvas
import android.graphics.Paint
import android.view.View

/** Says that there is more behind a line. */
class ArrowView(kit: Kit) : View(kit.context) {
    private val line =
        Paint(Paint.ANTI_ALIAS_FLAG).apply {
            color = kit.palette.quiet
            strokeWidth = kit.dp(2).toFloat()
            strokeCap = Paint.Cap.ROUND
        }

    init {
        importantForAccessibility = IMPORTANT_FOR_ACCESSIBILITY_NO
    }

    override fun onDraw(canvas: Canvas) {
        val inset = line.strokeWidth / 2
        canvas.drawLine(inset, inset, width - inset, height / 2f, line)
        canvas.drawLine(width - inset, height / 2f, inset, height - inset, line)
    }
}
