package org.taptill.app.draw

import android.graphics.Canvas
import android.graphics.Paint
import android.graphics.Typeface
import android.view.View
import org.taptill.core.RecoveryCodeInterface

/**
 * Draws a recovery code, asked for character by character each time that it is drawn: there is no text of it here. Who
 * hears the screen is not told it, because Android would want a `String`: the code is for eyes and paper.
 *
 * Evidence: `FieldsViewTest`, `PeopleTest`.
 */
class RecoveryCodeView(private val kit: Kit, private val code: RecoveryCodeInterface) : View(kit.context) {
    private val one = CharArray(1)
    private val ink =
        Paint(Paint.ANTI_ALIAS_FLAG).apply {
            color = kit.palette.ink
            typeface = Typeface.MONOSPACE
            textAlign = Paint.Align.CENTER
        }
    private var cell = 0f
    private var perLine = 1

    init {
        importantForAccessibility = IMPORTANT_FOR_ACCESSIBILITY_NO
        background = kit.ground(kit.palette.surface, 14, kit.palette.line)
    }

    /** Forgets the code. */
    fun wipe() {
        code.wipe()
        (code as? AutoCloseable)?.close()
    }

    override fun onMeasure(widthSpec: Int, heightSpec: Int) {
        val width = MeasureSpec.getSize(widthSpec)
        val room = width - 2 * kit.dp(SIDE_DP)
        ink.textSize = SIZE_SP * resources.displayMetrics.density * resources.configuration.fontScale
        ink.textSize *= minOf(1f, room / (ink.measureText("0") * GAP * GROUP))
        cell = ink.measureText("0") * GAP
        perLine = maxOf(1, (room / (cell * GROUP)).toInt()) * GROUP
        val lines = (code.length().toInt() + perLine - 1) / perLine
        setMeasuredDimension(width, (lines * lineHeight()).toInt() + 2 * kit.dp(SIDE_DP))
    }

    override fun onDraw(canvas: Canvas) {
        for (place in 0 until code.length().toInt()) {
            one[0] = code.character(place.toUInt()).toInt().toChar()
            val x = kit.dp(SIDE_DP) + (place % perLine + 0.5f) * cell
            val y = kit.dp(SIDE_DP) + (place / perLine + 0.7f) * lineHeight()
            canvas.drawText(one, 0, 1, x, y, ink)
        }
        one[0] = '\u0000'
    }

    private fun lineHeight() = ink.textSize * LINE

    private companion object {
        /** Four characters and their hyphen are never parted. */
        const val GROUP = 5
        const val SIDE_DP = 16
        const val SIZE_SP = 24f
        const val GAP = 1.15f
        const val LINE = 1.5f
    }
}
