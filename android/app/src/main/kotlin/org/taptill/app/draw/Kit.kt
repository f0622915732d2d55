package org.taptill.app.draw

import android.content.Context
import android.content.res.ColorStateList
import android.graphics.Typeface
import android.graphics.drawable.Drawable
import android.graphics.drawable.GradientDrawable
import android.graphics.drawable.RippleDrawable
import android.graphics.text.LineBreaker
import android.os.Build
import android.view.Gravity
import android.view.View
import android.view.ViewGroup.LayoutParams.MATCH_PARENT
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import android.widget.LinearLayout
import android.widget.TextView
import kotlin.math.roundToInt

/** Small things that every part of a screen is built from. */
class Kit(val context: Context, val palette: Palette) {
    /** Pixels of so many density-independent ones. */
    fun dp(value: Int): Int = (value * context.resources.displayMetrics.density).roundToInt()

    /** Words: as large as the phone's owner wants them, never cut off, never selected into the clipboard. */
    fun words(sizeSp: Float, colour: Int, isBold: Boolean = false, gravity: Int = Gravity.START): TextView =
        dress(TextView(context), sizeSp, colour, isBold, gravity)

    /** Words that are to be seen from afar. */
    fun headline(sizeSp: Float, gravity: Int): TextView =
        dress(HeadlineView(context), sizeSp, palette.ink, isBold = true, gravity)

    private fun dress(words: TextView, sizeSp: Float, colour: Int, isBold: Boolean, gravity: Int): TextView =
        words.apply {
            textSize = sizeSp
            setTextColor(colour)
            this.gravity = gravity
            textAlignment =
                if (gravity == Gravity.CENTER) View.TEXT_ALIGNMENT_CENTER else View.TEXT_ALIGNMENT_VIEW_START
            typeface = if (isBold) BOLD else Typeface.DEFAULT
            includeFontPadding = false
            setLineSpacing(0f, 1.15f)
            breakStrategy = if (gravity == Gravity.CENTER) BALANCED else THOROUGH
            setTextIsSelectable(false)
        }

    /** A column of things. */
    fun column(): LinearLayout = LinearLayout(context).apply { orientation = LinearLayout.VERTICAL }

    /** As wide as its parent, as high as it needs. */
    fun wide(above: Int = 0): LinearLayout.LayoutParams =
        LinearLayout.LayoutParams(MATCH_PARENT, WRAP_CONTENT).apply { topMargin = dp(above) }

    /** A filled, rounded ground; a line around it where [stroke] is given. */
    fun ground(fill: Int, radius: Int, stroke: Int? = null): GradientDrawable =
        GradientDrawable().apply {
            setColor(fill)
            cornerRadius = dp(radius).toFloat()
            stroke?.let { setStroke(dp(1), it) }
        }

    /** [ground] that answers a finger. */
    fun touchable(ground: Drawable, ink: Int, radius: Int): Drawable =
        RippleDrawable(ColorStateList.valueOf((ink and 0xFFFFFF) or (0x33 shl 24)), ground, ground(-1, radius))

    /** Tells those who hear the screen that this is a heading. */
    fun asHeading(view: View) {
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) view.isAccessibilityHeading = true
    }

    companion object {
        /** No touch target is smaller, either way. */
        const val TARGET_DP = 48

        private const val THOROUGH = LineBreaker.BREAK_STRATEGY_HIGH_QUALITY
        private const val BALANCED = LineBreaker.BREAK_STRATEGY_BALANCED
        private val BOLD: Typeface = Typeface.create("sans-serif-medium", Typeface.BOLD)
    }
}
