package org.taptill.app.draw

import android.graphics.Canvas
import android.graphics.Paint
import android.view.View
import org.taptill.core.Tone

/** The reader's four lights (EMV Contactless Book A, 2.4): a lit one is full, another one is a ring. */
class LightsView(private val kit: Kit, private val lit: Int) : View(kit.context) {
    private val full = Paint(Paint.ANTI_ALIAS_FLAG).apply { color = kit.palette.of(Tone.GOOD).ink }
    private val ring =
        Paint(Paint.ANTI_ALIAS_FLAG).apply {
            color = kit.palette.quiet
            style = Paint.Style.STROKE
            strokeWidth = kit.dp(2).toFloat()
        }

    init {
        importantForAccessibility = IMPORTANT_FOR_ACCESSIBILITY_NO
    }

    override fun onMeasure(widthSpec: Int, heightSpec: Int) =
        setMeasuredDimension(resolveSize(kit.dp(COUNT * PITCH_DP), widthSpec), kit.dp(HEIGHT_DP))

    override fun onDraw(canvas: Canvas) {
        val pitch = kit.dp(PITCH_DP).toFloat()
        val bar = kit.dp(40).toFloat()
        val radius = kit.dp(7).toFloat()
        val left = (width - COUNT * pitch) / 2 + (pitch - bar) / 2
        val middle = height / 2f
        for (light in 0 until COUNT) {
            val x = left + light * pitch
            val paint = if (light < lit) full else ring
            canvas.drawRoundRect(x, middle - radius, x + bar, middle + radius, radius, radius, paint)
        }
    }

    private companion object {
        const val COUNT = 4
        const val PITCH_DP = 56
        const val HEIGHT_DP = 24
    }
}
