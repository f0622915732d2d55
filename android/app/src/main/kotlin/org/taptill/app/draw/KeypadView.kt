package org.taptill.app.draw

import android.graphics.Canvas
import android.graphics.Paint
import android.graphics.Path
import android.view.Gravity
import android.view.View
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import android.widget.LinearLayout
import org.taptill.core.Intent
import org.taptill.core.Tone

/**
 * The keypad. It stays while amounts come and go above it, so that a finger on a key is never interrupted.
 *
 * A key sends its intent and knows nothing of the amount.
 */
class KeypadView(private val kit: Kit, private val send: (Intent) -> Unit) : LinearLayout(kit.context) {
    private val backspace = EraseKey(kit).also { dress(it, Intent.Backspace) }

    init {
        orientation = VERTICAL
        for (row in listOf(1..3, 4..6, 7..9)) addRow(row.map(::digit))
        addRow(listOf(key("00", Intent.DoubleZero), digit(0), backspace))
    }

    /** What those who hear the screen are told of the key for the last digit. */
    fun label(words: String) {
        backspace.contentDescription = words
    }

    private fun digit(value: Int): View = key(value.toString(), Intent.Digit(value.toUByte()))

    private fun key(label: String, intent: Intent): View =
        kit.words(28f, kit.palette.ink, gravity = Gravity.CENTER).also {
            it.text = label
            dress(it, intent)
        }

    private fun dress(key: View, intent: Intent) {
        val ground = kit.ground(kit.palette.surface, RADIUS_DP, kit.palette.line)
        key.background = kit.touchable(ground, kit.palette.ink, RADIUS_DP)
        key.minimumHeight = kit.dp(KEY_DP)
        key.isHapticFeedbackEnabled = true
        key.setOnClickListener { send(intent) }
    }

    private fun addRow(keys: List<View>) {
        val row = LinearLayout(context)
        for (key in keys) {
            val place = LayoutParams(0, WRAP_CONTENT, 1f)
            place.setMargins(kit.dp(4), kit.dp(4), kit.dp(4), kit.dp(4))
            row.addView(key, place)
        }
        addView(row, kit.wide())
    }

    /** The key for the last digit: an arrow-shaped tag with a cross, on every phone the same. */
    private class EraseKey(private val kit: Kit) : View(kit.context) {
        private val line =
            Paint(Paint.ANTI_ALIAS_FLAG).apply {
                color = kit.palette.of(Tone.NEUTRAL).ink
                style = Paint.Style.STROKE
                strokeWidth = 2f
                strokeJoin = Paint.Join.ROUND
            }

        override fun onMeasure(widthSpec: Int, heightSpec: Int) =
            setMeasuredDimension(getDefaultSize(suggestedMinimumWidth, widthSpec), kit.dp(KEY_DP))

        override fun onDraw(canvas: Canvas) {
            val unit = resources.displayMetrics.density
            canvas.translate(width / 2f, height / 2f)
            canvas.scale(unit, unit)
            val tag = Path()
            tag.moveTo(-16f, 0f)
            for ((x, y) in listOf(-7f to -10f, 15f to -10f, 15f to 10f, -7f to 10f)) tag.lineTo(x, y)
            tag.close()
            canvas.drawPath(tag, line)
            canvas.drawLine(0f, -4f, 8f, 4f, line)
            canvas.drawLine(8f, -4f, 0f, 4f, line)
        }
    }

    private companion object {
        const val KEY_DP = 60
        const val RADIUS_DP = 14
    }
}
