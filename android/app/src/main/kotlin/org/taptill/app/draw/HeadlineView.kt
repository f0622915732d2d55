package org.taptill.app.draw

import android.content.Context
import android.widget.TextView

/** Large words that shrink until the longest of them stands on one line: an amount is never broken in two. */
class HeadlineView(context: Context) : TextView(context) {
    private var wantedPx = 0f

    override fun onMeasure(widthSpec: Int, heightSpec: Int) {
        if (wantedPx == 0f) wantedPx = textSize
        val room = MeasureSpec.getSize(widthSpec) - paddingLeft - paddingRight
        paint.textSize = wantedPx
        val longest = text.split(' ').maxOf { paint.measureText(it) }
        val fitting = if (longest > room) wantedPx * room / longest * SLACK else wantedPx
        setTextSize(android.util.TypedValue.COMPLEX_UNIT_PX, fitting)
        super.onMeasure(widthSpec, heightSpec)
    }

    private companion object {
        /** Glyphs do not shrink quite as their size does. */
        const val SLACK = 0.98f
    }
}
