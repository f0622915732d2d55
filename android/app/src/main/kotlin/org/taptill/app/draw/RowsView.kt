package org.taptill.app.draw

import android.graphics.Color
import android.view.Gravity
import android.view.View
import android.widget.LinearLayout
import org.taptill.core.Intent
import org.taptill.core.Row
import org.taptill.core.Tone

/** The lines of a screen on one sheet. A line that can be touched is marked by an arrow, and its tone by a mark. */
class RowsView(private val kit: Kit, rows: List<Row>, private val send: (Intent) -> Unit) : LinearLayout(kit.context) {
    init {
        orientation = VERTICAL
        background = kit.ground(kit.palette.surface, 14, kit.palette.line)
        clipToOutline = true
        rows.forEachIndexed { at, row ->
            if (at > 0) addView(rule(), LayoutParams(LayoutParams.MATCH_PARENT, kit.dp(1)))
            addView(line(row), kit.wide())
        }
    }

    private fun line(row: Row): View {
        val colours = kit.palette.of(row.tone)
        val ink = if (row.tone == Tone.NEUTRAL) kit.palette.ink else colours.ink
        val label = kit.words(15f, kit.palette.quiet).apply { text = row.label }
        val value = kit.words(16f, ink, isBold = true).apply { text = breakable(row.value) }
        val line = LinearLayout(context)
        line.gravity = Gravity.CENTER_VERTICAL
        line.minimumHeight = kit.dp(Kit.TARGET_DP)
        line.setPadding(kit.dp(14), kit.dp(10), kit.dp(14), kit.dp(10))
        markOf(row.tone)
            .takeIf { it != Badge.NONE }
            ?.let { mark ->
                val place = LayoutParams(kit.dp(20), kit.dp(20))
                place.marginEnd = kit.dp(10)
                line.addView(BadgeView(kit, mark, colours), place)
            }
        line.addView(PairView(context, label, value, kit.dp(16)), LayoutParams(0, LayoutParams.WRAP_CONTENT, 1f))
        row.intent?.let { intent ->
            val place = LayoutParams(kit.dp(8), kit.dp(14))
            place.marginStart = kit.dp(12)
            line.addView(ArrowView(kit), place)
            line.background = kit.touchable(kit.ground(Color.TRANSPARENT, 0), kit.palette.ink, 0)
            line.setOnClickListener { send(intent) }
        }
        return line
    }

    /** A host's name and an error's code may begin a new line after each of their parts. */
    private fun breakable(value: String) = value.replace(PART_END, "$0\u200B")

    private fun rule() = View(context).apply { setBackgroundColor(kit.palette.line) }

    private fun markOf(tone: Tone): Badge =
        when (tone) {
            Tone.NEUTRAL -> Badge.NONE
            Tone.GOOD -> Badge.TICK
            Tone.BAD -> Badge.CROSS
            Tone.WAITING -> Badge.HOURGLASS
            Tone.ATTENTION -> Badge.WARNING
        }

    private companion object {
        val PART_END = Regex("[a-z][._:-]")
    }
}
