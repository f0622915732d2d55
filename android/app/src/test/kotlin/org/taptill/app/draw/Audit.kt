package org.taptill.app.draw

import android.graphics.Bitmap
import android.graphics.Color
import android.graphics.Rect
import android.view.View
import android.view.ViewGroup
import android.widget.HorizontalScrollView
import android.widget.TextView
import org.taptill.support.pixels

/** Holds a drawn page against what every person must be able to read and to hit. */
class Audit(private val page: ViewGroup, private val picture: Bitmap, private val density: Float) {
    /** What is wrong with it, a line each. */
    fun findings(): List<String> {
        val views = everyone(page).filter { it.visibility == View.VISIBLE && it.isShownIn(page) }
        val words = views.filterIsInstance<TextView>().filter { it.text.isNotEmpty() }
        val targets = views.filter { it.isClickable }
        return words.flatMap(::clipped) + words.mapNotNull(::pale) + targets.mapNotNull(::small) + overlaps(targets)
    }

    /** Words that do not stand whole in their view, in their parents, or on their line. */
    private fun clipped(words: TextView): List<String> {
        val layout = words.layout ?: return listOf("clipped: ${words.named()} is not laid out")
        val room = words.height - words.compoundPaddingTop - words.compoundPaddingBottom
        val width = words.width - words.compoundPaddingLeft - words.compoundPaddingRight
        val found = mutableListOf<String>()
        if (layout.height > room) found += "clipped: ${words.named()} is ${layout.height} high in $room"
        val widest = (0 until layout.lineCount).maxOf { layout.getLineMax(it) }
        if (widest > width + 1) found += "clipped: ${words.named()} is ${widest.toInt()} wide in $width"
        if (!isWhole(words)) found += "clipped: ${words.named()} is cut off by what holds it"
        for (line in 1 until layout.lineCount) {
            val at = layout.getLineStart(line)
            val word = wordAround(words.text, at)
            if (isBroken(words.text[at - 1], words.text[at], word)) {
                found += "clipped: ${words.named()} breaks inside the word $word"
            }
        }
        return found
    }

    private fun isWhole(view: View): Boolean {
        var inner = Rect(0, 0, view.width, view.height)
        var at = view
        while (at !== page) {
            val parent = at.parent as ViewGroup
            inner.offset(at.left - at.scrollX, at.top)
            if (parent is HorizontalScrollView)
                inner = Rect(0, inner.top, minOf(inner.right, parent.width), inner.bottom)
            if (!Rect(0, 0, parent.width, parent.height).contains(inner)) return false
            at = parent
        }
        return true
    }

    /** Words whose colour is too close to what most of their ground has. */
    private fun pale(words: TextView): String? {
        val box = boxOf(words)
        if (!box.intersect(0, 0, picture.width, picture.height)) return null
        val ground = Bitmap.createBitmap(picture, box.left, box.top, box.width(), box.height()).pixels()
        val common = mostCommon(ground)
        val ratio = contrast(words.currentTextColor, common)
        return if (ratio >= CONTRAST_MIN) null else "contrast: ${words.named()} has %.2f : 1".format(ratio)
    }

    private fun mostCommon(colours: IntArray): Int {
        colours.sort()
        var (best, bestRun, run) = Triple(colours[0], 0, 0)
        for (at in colours.indices) {
            run = if (at > 0 && colours[at] == colours[at - 1]) run + 1 else 1
            if (run > bestRun) {
                best = colours[at]
                bestRun = run
            }
        }
        return best
    }

    private fun small(target: View): String? {
        val (width, height) = target.width / density to target.height / density
        val isSmall = width < TARGET_DP || height < TARGET_DP
        return if (isSmall) "target: ${target.named()} is %.1f by %.1f dp".format(width, height) else null
    }

    private fun overlaps(targets: List<View>): List<String> =
        targets.flatMapIndexed { at, one ->
            targets
                .drop(at + 1)
                .filter { Rect.intersects(boxOf(one), boxOf(it)) }
                .map { "target: ${one.named()} lies over ${it.named()}" }
        }

    private fun boxOf(view: View): Rect =
        Rect(0, 0, view.width, view.height).also { page.offsetDescendantRectToMyCoords(view, it) }

    private fun View.isShownIn(top: View): Boolean =
        this === top || (visibility == View.VISIBLE && (parent as? View)?.isShownIn(top) == true)

    private fun View.named(): String = "'${(this as? TextView)?.text ?: contentDescription ?: javaClass.simpleName}'"

    private fun everyone(view: View): List<View> =
        listOf(view) +
            ((view as? ViewGroup)
                ?.let { group -> (0 until group.childCount).flatMap { everyone(group.getChildAt(it)) } }
                .orEmpty())

    /**
     * A break between two letters of a word, or inside a number; a name with letters and digits has no better place.
     */
    private fun isBroken(before: Char, after: Char, word: String): Boolean =
        when {
            word.all { it.isDigit() || it in ".," } -> !before.isWhitespace() && !after.isWhitespace()
            else -> isLatin(before) && isLatin(after) && word.none(Char::isDigit)
        }

    private fun isLatin(letter: Char) = letter in 'a'..'z' || letter in 'A'..'Z'

    private fun wordAround(text: CharSequence, at: Int): String =
        text.substring(0, at).takeLastWhile { !it.isWhitespace() } + text.substring(at).takeWhile { !it.isWhitespace() }

    companion object {
        const val CONTRAST_MIN = 4.5
        const val TARGET_DP = 48 - 0.5f

        /** Contrast of two colours by WCAG 2.2, 1 to 21. */
        fun contrast(one: Int, other: Int): Double {
            val (dark, light) = listOf(one, other).map { Color.luminance(it).toDouble() }.sorted()
            return (light + 0.05) / (dark + 0.05)
        }
    }
}
