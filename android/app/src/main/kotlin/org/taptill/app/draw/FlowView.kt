package org.taptill.app.draw

import android.content.Context
import android.view.View
import android.view.ViewGroup

/**
 * Sets its children side by side, the first of a line at its start and the others at its end, and begins a new line
 * where one does not fit: nothing is squeezed or cut off.
 */
class FlowView(context: Context, private val gap: Int) : ViewGroup(context) {
    private class Line(val views: MutableList<View> = mutableListOf(), var width: Int = 0, var height: Int = 0)

    private var lines = emptyList<Line>()

    override fun onMeasure(widthSpec: Int, heightSpec: Int) {
        val room = MeasureSpec.getSize(widthSpec) - paddingLeft - paddingRight
        val found = mutableListOf(Line())
        for (view in children()) {
            view.measure(MeasureSpec.makeMeasureSpec(room, MeasureSpec.AT_MOST), MeasureSpec.UNSPECIFIED)
            if (found.last().width > 0 && found.last().width + gap + view.measuredWidth > room) found += Line()
            val line = found.last()
            line.width += view.measuredWidth + if (line.views.isEmpty()) 0 else gap
            line.height = maxOf(line.height, view.measuredHeight)
            line.views += view
        }
        lines = found
        val wanted = lines.sumOf { it.height } + gap * (lines.size - 1) + paddingTop + paddingBottom
        setMeasuredDimension(MeasureSpec.getSize(widthSpec), resolveSize(wanted, heightSpec))
    }

    override fun onLayout(changed: Boolean, left: Int, top: Int, right: Int, bottom: Int) {
        var y = paddingTop
        for (line in lines) {
            var x = paddingLeft
            line.views.forEachIndexed { at, view ->
                if (at == 1) x += width - paddingLeft - paddingRight - line.width
                val drop = (line.height - view.measuredHeight) / 2
                view.layout(x, y + drop, x + view.measuredWidth, y + drop + view.measuredHeight)
                x += view.measuredWidth + gap
            }
            y += line.height + gap
        }
    }

    private fun children() = (0 until childCount).map(::getChildAt).filter { it.visibility != View.GONE }
}
