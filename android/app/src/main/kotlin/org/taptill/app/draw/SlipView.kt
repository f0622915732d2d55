package org.taptill.app.draw

import android.graphics.Typeface
import android.graphics.text.LineBreaker
import android.text.SpannableString
import android.text.Spanned
import android.text.style.ScaleXSpan
import android.util.TypedValue
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import android.widget.FrameLayout
import android.widget.HorizontalScrollView

/**
 * A slip of paper in a fixed-width type. A Chinese character is drawn exactly two columns wide, so that columns stand
 * as on paper. It fills the page; where the phone's owner wants larger type than fits, it is moved sideways, never
 * wrapped.
 */
class SlipView(kit: Kit, slip: String) : HorizontalScrollView(kit.context) {
    private val words = kit.words(13f, kit.palette.ink)
    private val leastPx = words.textSize

    init {
        isFillViewport = true
        background = kit.ground(kit.palette.surface, 14, kit.palette.line)
        words.typeface = Typeface.MONOSPACE
        words.setHorizontallyScrolling(true)
        words.breakStrategy = LineBreaker.BREAK_STRATEGY_SIMPLE
        val stretch = 2 * words.paint.measureText("0") / words.paint.measureText("单")
        words.text = inColumns(slip.trimEnd('\n'), stretch)
        words.setPadding(kit.dp(14), kit.dp(16), kit.dp(14), kit.dp(16))
        addView(words, FrameLayout.LayoutParams(WRAP_CONTENT, WRAP_CONTENT))
    }

    override fun onMeasure(widthSpec: Int, heightSpec: Int) {
        val room = MeasureSpec.getSize(widthSpec) - words.paddingLeft - words.paddingRight
        words.setTextSize(TypedValue.COMPLEX_UNIT_PX, leastPx)
        val widest = words.text.lines().maxOf { words.paint.measureText("0") * columns(it) }
        words.setTextSize(TypedValue.COMPLEX_UNIT_PX, maxOf(leastPx, leastPx * room / widest * SLACK))
        super.onMeasure(widthSpec, heightSpec)
    }

    private fun columns(line: String): Int = line.length + WIDE.findAll(line).sumOf { it.value.length }

    private fun inColumns(slip: String, stretch: Float): SpannableString {
        val words = SpannableString(slip)
        for (run in WIDE.findAll(slip)) {
            words.setSpan(ScaleXSpan(stretch), run.range.first, run.range.last + 1, Spanned.SPAN_EXCLUSIVE_EXCLUSIVE)
        }
        return words
    }

    private companion object {
        /** Glyphs do not grow quite as their size does. */
        const val SLACK = 0.99f

        /** East Asian Wide and Fullwidth, as far as a slip has them. */
        val WIDE =
            Regex("[\\u2E80-\\uA4CF\\uAC00-\\uD7A3\\uF900-\\uFAFF\\uFE30-\\uFE4F\\uFF00-\\uFF60\\uFFE0-\\uFFE6]+")
    }
}
