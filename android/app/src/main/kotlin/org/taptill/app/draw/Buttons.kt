package org.taptill.app.draw

import android.graphics.drawable.Drawable
import android.view.Gravity
import android.widget.Button
import android.widget.TextView
import org.taptill.core.Action
import org.taptill.core.Intent
import org.taptill.core.Role
import org.taptill.core.Tone

/** Makes a screen's buttons. What stands on them, and which can be touched, is the core's. */
class Buttons(private val kit: Kit, private val send: (Intent) -> Unit) {
    private val palette = kit.palette

    /** A button as wide as the page. */
    fun wide(action: Action): TextView = button(action, 18f, kit.dp(56), kit.dp(20))

    /** A button as wide as its words. */
    fun narrow(action: Action): TextView = button(action, 16f, kit.dp(Kit.TARGET_DP), kit.dp(14))

    private fun button(action: Action, sizeSp: Float, height: Int, side: Int): TextView {
        val words = kit.words(sizeSp, inkOf(action), isBold = true, gravity = Gravity.CENTER)
        words.text = action.label
        words.minHeight = height
        words.minWidth = kit.dp(Kit.TARGET_DP)
        words.setPadding(side, kit.dp(10), side, kit.dp(10))
        words.background = kit.touchable(groundOf(action), inkOf(action), RADIUS_DP)
        words.isEnabled = action.enabled
        words.accessibilityDelegate = AS_BUTTON
        words.setOnClickListener { send(action.intent) }
        action.held?.let { held -> words.setOnLongClickListener { true.also { send(held) } } }
        return words
    }

    private fun inkOf(action: Action): Int =
        when {
            !action.enabled -> palette.onDisabled
            else ->
                when (action.role) {
                    Role.PRIMARY -> palette.of(Tone.NEUTRAL).onInk
                    Role.SECONDARY -> palette.of(Tone.NEUTRAL).ink
                    Role.DANGER -> palette.of(Tone.BAD).ink
                }
        }

    private fun groundOf(action: Action): Drawable =
        when {
            !action.enabled -> kit.ground(palette.disabled, RADIUS_DP)
            else ->
                when (action.role) {
                    Role.PRIMARY -> kit.ground(palette.of(Tone.NEUTRAL).ink, RADIUS_DP)
                    Role.SECONDARY -> kit.ground(palette.surface, RADIUS_DP, palette.line)
                    Role.DANGER -> kit.ground(palette.surface, RADIUS_DP, palette.of(Tone.BAD).ink)
                }
        }

    private companion object {
        const val RADIUS_DP = 14

        val AS_BUTTON =
            object : android.view.View.AccessibilityDelegate() {
                override fun onInitializeAccessibilityNodeInfo(
                    host: android.view.View,
                    info: android.view.accessibility.AccessibilityNodeInfo,
                ) {
                    super.onInitializeAccessibilityNodeInfo(host, info)
                    info.className = Button::class.java.name
                }
            }
    }
}
