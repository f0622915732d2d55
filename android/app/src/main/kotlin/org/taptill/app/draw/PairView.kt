package org.taptill.app.draw

import android.content.Context
import android.view.View
import android.view.ViewGroup

/** A label and its value: on one line, the value at the end, where both fit; else the value below. */
class PairView(context: Context, label: View, value: View, private val gap: Int) : ViewGroup(context) {
    private var isStacked = false

    init {
        addView(label)
        addView(value)
    }

    override fun onMeasure(widthSpec: Int, heightSpec: Int) {
        val width = MeasureSpec.getSize(widthSpec)
        val room = MeasureSpec.makeMeasureSpec(width, MeasureSpec.AT_MOST)
        val (label, value) = getChildAt(0) to getChildAt(1)
        for (view in listOf(label, value)) view.measure(UNBOUND, UNBOUND)
        isStacked = label.measuredWidth + gap + value.measuredWidth > width
        if (isStacked) for (view in listOf(label, value)) view.measure(room, UNBOUND)
        val heights = listOf(label.measuredHeight, value.measuredHeight)
        setMeasuredDimension(width, if (isStacked) heights.sum() + gap / 4 else heights.max())
    }

    override fun onLayout(changed: Boolean, left: Int, top: Int, right: Int, bottom: Int) {
        val (label, value) = getChildAt(0) to getChildAt(1)
        val valueLeft = if (isStacked) 0 else width - value.measuredWidth
        val valueTop = if (isStacked) height - value.measuredHeight else (height - value.measuredHeight) / 2
        val labelTop = if (isStacked) 0 else (height - label.measuredHeight) / 2
        label.layout(0, labelTop, label.measuredWidth, labelTop + label.measuredHeight)
        value.layout(valueLeft, valueTop, valueLeft + value.measuredWidth, valueTop + value.measuredHeight)
    }

    private companion object {
        val UNBOUND = MeasureSpec.makeMeasureSpec(0, MeasureSpec.UNSPECIFIED)
    }
}
