package org.taptill.app.draw

import android.content.Context
import android.view.Gravity
import android.view.View
import android.view.ViewGroup.LayoutParams.MATCH_PARENT
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import android.widget.LinearLayout
import android.widget.ScrollView
import org.taptill.Secret
import org.taptill.android.PrivateScreen
import org.taptill.core.FieldName
import org.taptill.core.Intent
import org.taptill.core.RecoveryCodeInterface
import org.taptill.core.Role
import org.taptill.core.Screen

/**
 * Draws one [Screen] after another and sends back what is touched.
 *
 * The page has four parts: what the screen says, what is to be typed, the keypad, the buttons. A part is drawn anew
 * only when what it says has changed. The whole page scrolls where it is higher than the phone.
 *
 * Evidence: `ScreensTest`.
 */
class ScreenView(
    context: Context,
    private val enter: (FieldName, Secret) -> Unit = { _, typed -> typed.close() },
    private val code: () -> RecoveryCodeInterface? = { null },
    private val send: (Intent) -> Unit,
) : ScrollView(context) {
    private val kit = Kit(context, Palette.of(context))
    private val buttons = Buttons(kit, ::touch)
    private val said = kit.column()
    private val fields = FieldsView(kit)
    private var recovery: RecoveryCodeView? = null
    private val keypad = KeypadView(kit, send)
    private val actions = kit.column()
    /** What is on the glass. */
    var shown: Screen? = null
        private set

    private var shownLayout: Layout? = null

    init {
        isFillViewport = true
        fitsSystemWindows = true
        setBackgroundColor(kit.palette.page)
        PrivateScreen.guard(this)
        val page = kit.column()
        page.setPadding(kit.dp(16), kit.dp(12), kit.dp(16), kit.dp(16))
        page.addView(said, LinearLayout.LayoutParams(MATCH_PARENT, 0, 1f))
        page.addView(fields, kit.wide())
        page.addView(keypad, kit.wide(8))
        page.addView(actions, kit.wide(4))
        addView(page, LayoutParams(MATCH_PARENT, WRAP_CONTENT))
    }

    /** Draws [screen]. */
    fun show(screen: Screen) {
        if (screen == shown) return
        val layout = layoutOf(screen.kind)
        forget()
        said.removeAllViews()
        if (layout.isStage) stage(screen, layout) else sheet(screen, layout)
        keypad.visibility = if (screen.keypad) VISIBLE else GONE
        keypad.label(screen.backspaceLabel)
        val isOther = layout != shownLayout || screen.title != shown?.title
        if (isOther || screen.fields != shown?.fields) fields(screen)
        if (isOther || screen.actions != shown?.actions) bottom(screen, layout)
        if (isOther) scrollTo(0, 0)
        shown = screen
        shownLayout = layout
    }

    /** What is typed goes to the desk before the wish that may need it. */
    private fun touch(intent: Intent) {
        fields.give(enter)
        send(intent)
    }

    /** Lets go of a recovery code that is drawn. */
    fun forget() {
        recovery?.wipe()
        recovery = null
    }

    /** What is to be typed stands right under what is said, and is not drawn anew while somebody types. */
    private fun fields(screen: Screen) {
        val hasFields = screen.fields.isNotEmpty()
        said.layoutParams = if (hasFields) kit.wide() else filling()
        fields.layoutParams = if (hasFields) filling() else kit.wide()
        fields.show(screen.fields)
    }

    private fun filling() = LinearLayout.LayoutParams(MATCH_PARENT, 0, 1f)

    /** Picture and words in the middle, for what is to be seen from afar. */
    private fun stage(screen: Screen, layout: Layout) {
        val colours = kit.palette.of(screen.tone)
        val stage = kit.column()
        stage.gravity = Gravity.CENTER
        stage.background = kit.ground(colours.wash, 20)
        stage.setPadding(kit.dp(16), kit.dp(24), kit.dp(16), kit.dp(24))
        if (layout.hasLights) stage.addView(LightsView(kit, screen.lights.toInt()), below(0))
        val picture = LinearLayout.LayoutParams(kit.dp(88), kit.dp(88))
        picture.topMargin = kit.dp(if (layout.hasLights) 28 else 0)
        stage.addView(BadgeView(kit, layout.badge, colours), picture)
        stage.addView(title(screen, 26f, colours.ink, Gravity.CENTER), below(20))
        screen.headline?.let { stage.addView(headline(it, 40f, Gravity.CENTER), below(10)) }
        screen.message?.let { stage.addView(words(it, 18f, kit.palette.ink, Gravity.CENTER), below(14)) }
        screen.advice?.let { stage.addView(words(it, 16f, kit.palette.quiet, Gravity.CENTER), below(10)) }
        said.addView(stage, LinearLayout.LayoutParams(MATCH_PARENT, 0, 1f))
        lines(screen)
    }

    /** A heading and what stands under it, for what is to be read. */
    private fun sheet(screen: Screen, layout: Layout) {
        val heading = title(screen, 22f, kit.palette.ink, Gravity.START)
        said.addView(if (layout.isPad) top(heading, screen) else heading, kit.wide(4))
        if (layout.isPad) said.addView(View(context), LinearLayout.LayoutParams(0, 0, 1f))
        val size = if (layout.isPad) 44f else 34f
        val gravity = if (layout.isPad) Gravity.CENTER else Gravity.START
        screen.headline?.let { said.addView(headline(it, size, gravity), kit.wide(10)) }
        note(screen)?.let { said.addView(it, kit.wide(12)) }
        if (layout.isPad) said.addView(View(context), LinearLayout.LayoutParams(0, 0, 1f))
        code()?.let(::recovery)
        lines(screen)
    }

    private fun recovery(code: RecoveryCodeInterface) {
        recovery = RecoveryCodeView(kit, code).also { said.addView(it, kit.wide(16)) }
    }

    private fun lines(screen: Screen) {
        if (screen.rows.isNotEmpty()) said.addView(RowsView(kit, screen.rows, send), kit.wide(12))
        screen.slip?.let { said.addView(SlipView(kit, it), kit.wide(12)) }
    }

    /** The heading and the lesser actions on one line, or on as many as they need. */
    private fun top(heading: View, screen: Screen): View {
        val top = FlowView(context, kit.dp(8))
        top.addView(heading)
        for (action in screen.actions.drop(1)) top.addView(buttons.narrow(action))
        return top
    }

    /** Message and advice of a screen that is read. */
    private fun note(screen: Screen): View? {
        val texts = listOfNotNull(screen.message, screen.advice)
        if (texts.isEmpty()) return null
        val colours = kit.palette.of(screen.tone)
        val note = kit.column()
        note.background = kit.ground(colours.wash, 14)
        note.setPadding(kit.dp(14), kit.dp(12), kit.dp(14), kit.dp(12))
        texts.forEachIndexed { at, text ->
            val ink = if (at == 0) colours.ink else kit.palette.ink
            note.addView(words(text, 16f, ink, Gravity.START), kit.wide(if (at == 0) 0 else 4))
        }
        return note
    }

    private fun bottom(screen: Screen, layout: Layout) {
        actions.removeAllViews()
        val below = if (layout.isPad) screen.actions.take(1) else screen.actions
        val (first, others) = below.partition { it.role == Role.PRIMARY }
        val lines = first.map(buttons::wide) + others.map(buttons::wide).chunked(2, ::line)
        for (line in lines) actions.addView(line, kit.wide(8))
    }

    private fun line(buttons: List<View>): View =
        when (buttons.size) {
            1 -> buttons.single()
            else -> TwinView(context, buttons.first(), buttons.last(), kit.dp(8))
        }

    private fun title(screen: Screen, size: Float, colour: Int, gravity: Int) =
        kit.words(size, colour, isBold = true, gravity = gravity).apply {
            text = screen.title
            kit.asHeading(this)
            accessibilityLiveRegion = ACCESSIBILITY_LIVE_REGION_POLITE
        }

    private fun headline(text: String, size: Float, gravity: Int) = kit.headline(size, gravity).also { it.text = text }

    private fun words(text: String, size: Float, colour: Int, gravity: Int) =
        kit.words(size, colour, gravity = gravity).also { it.text = text }

    private fun below(space: Int) = kit.wide(space)
}
