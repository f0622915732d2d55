package org.taptill.app.draw

import android.graphics.Typeface
import android.graphics.text.LineBreaker
import android.text.SpannableString
import android.text.Spanned
import android.text.style.ScaleXSpan
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import android.widget.FrameLayout
import android.widget.HorizontalScrollView

/**
 * A slip of paper in a fixed-width type. A Chinese character is drawn exactly two columns wide, so that columns stand
 * as on paper; a slip that is wider than the page is moved sideways, never wrapped.
 */
class SlipView(kit: Kit, slip: String) : HorizontalScrollView(kit.context) {
    init {
        isFillViewport = true
        background = kit.ground(kit.palette.surface, 14, kit.palette.line)
        val words = kit.words(13f, kit.palette.ink)
        words.typeface = Typeface.MONOSPACE
        words.setHorizontallyScrolling(true)
        words.breakStrategy = LineBreaker.BREAK_STRATEGY_SIMPLE
        val stretch = 2 * words.paint.measureText("0") / words.paint.measureText("单")
        words.text = inColumns(slip.trimEnd('\n'), stretch)
        words.setPadding(kit.dp(14), kit.dp(16), kit.dp(14), kit.dp(16))
        addView(words, FrameLayout.LayoutParams(WRAP_CONTENT, WRAP_CONTENT))
    }

    private fun inColumns(slip: String, stretch: Float): SpannableString {
        val words = SpannableString(slip)
        for (run in WIDE.findAll(slip)) {
            words.setSpan(ScaleXSpan(stretch), run.range.first, run.range.last + 1, Spanned.SPAN_EXCLUSIVE_EXCLUSIVE)
        }
        return words
    }

    private companion object {
        /** East Asian Wide and Fullwidth, as far as a slip has them. */
        val WIDE =
            Regex("[\\u2E80-\\uA4CF\\uAC00-\\uD7A3\\uF900-\\uFAFF\\uFE30-\\uFE4F\\uFF00-\\uFF60\\uFFE0-\\uFFE6]+")
    }
}
