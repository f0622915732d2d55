package org.taptill.app.draw

import android.content.Context
import android.view.View
import android.view.ViewGroup

/** Two buttons of one width side by side, where the words of both fit on one line so; else one below the other. */
class TwinView(context: Context, one: View, other: View, private val gap: Int) : ViewGroup(context) {
    private var isStacked = false

    init {
        addView(one)
        addView(other)
    }

    override fun onMeasure(widthSpec: Int, heightSpec: Int) {
        val width = MeasureSpec.getSize(widthSpec)
        val half = (width - gap) / 2
        val views = listOf(getChildAt(0), getChildAt(1))
        views.forEach { it.measure(FREE, FREE) }
        isStacked = views.any { it.measuredWidth > half }
        val each = MeasureSpec.makeMeasureSpec(if (isStacked) width else half, MeasureSpec.EXACTLY)
        views.forEach { it.measure(each, FREE) }
        val heights = views.map { it.measuredHeight }
        setMeasuredDimension(width, if (isStacked) heights.sum() + gap else heights.max())
    }

    override fun onLayout(changed: Boolean, left: Int, top: Int, right: Int, bottom: Int) {
        val (one, other) = getChildAt(0) to getChildAt(1)
        one.layout(0, 0, one.measuredWidth, if (isStacked) one.measuredHeight else height)
        val otherLeft = if (isStacked) 0 else one.right + gap
        val otherTop = if (isStacked) one.bottom + gap else 0
        other.layout(otherLeft, otherTop, otherLeft + other.measuredWidth, height)
    }

    private companion object {
        val FREE = MeasureSpec.makeMeasureSpec(0, MeasureSpec.UNSPECIFIED)
    }
}
