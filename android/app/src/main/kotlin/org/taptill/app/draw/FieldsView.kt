package org.taptill.app.draw

import android.text.Editable
import android.text.InputType.TYPE_CLASS_TEXT
import android.text.InputType.TYPE_TEXT_FLAG_MULTI_LINE
import android.text.InputType.TYPE_TEXT_FLAG_NO_SUGGESTIONS
import android.text.InputType.TYPE_TEXT_VARIATION_PASSWORD
import android.text.method.PasswordTransformationMethod
import android.view.inputmethod.EditorInfo.IME_FLAG_NO_EXTRACT_UI
import android.view.inputmethod.EditorInfo.IME_FLAG_NO_PERSONALIZED_LEARNING
import android.widget.EditText
import android.widget.LinearLayout
import org.taptill.Secret
import org.taptill.core.Field
import org.taptill.core.FieldName

/**
 * What is to be typed. It gives each field's characters away once, as a [Secret], and keeps no `String` of them.
 *
 * A secret field shows dots, is not learned by the keyboard, not saved and not copied, and is overwritten when it is
 * given away. Copies that the keyboard or Android's own text buffer made on the way are not ours to wipe.
 *
 * Evidence: `FieldsViewTest`, `PeopleTest`.
 */
class FieldsView(private val kit: Kit) : LinearLayout(kit.context) {
    private val inputs = mutableListOf<Pair<Field, EditText>>()

    init {
        orientation = VERTICAL
    }

    /** Draws [fields], all of them empty. */
    fun show(fields: List<Field>) {
        inputs.forEach { (_, input) -> wipe(input.text) }
        inputs.clear()
        removeAllViews()
        for (field in fields) {
            val input = input(field)
            val label = kit.words(15f, kit.palette.quiet).apply { text = field.label }
            label.labelFor = input.id
            addView(label, kit.wide(12))
            addView(input, kit.wide(4))
            inputs += field to input
        }
    }

    /**
     * Gives what was typed to [take], which closes it, and empties the secret fields. An empty one is not given: it
     * would replace what was.
     */
    fun give(take: (FieldName, Secret) -> Unit) {
        for ((field, input) in inputs.filterNot { (field, input) -> field.isSecret && input.text.isEmpty() }) {
            val typed = CharArray(input.length())
            input.text.getChars(0, typed.size, typed, 0)
            if (field.isSecret) wipe(input.text)
            take(field.name, Secret.of(typed))
        }
    }

    private fun input(field: Field): EditText =
        EditText(context).apply {
            id = generateViewId()
            contentDescription = field.label
            textSize = 18f
            setTextColor(kit.palette.ink)
            background = kit.ground(kit.palette.surface, RADIUS_DP, kit.palette.line)
            setPadding(kit.dp(14), kit.dp(12), kit.dp(14), kit.dp(12))
            minHeight = kit.dp(HEIGHT_DP)
            isSaveEnabled = false
            // Before the dots: one line of text would show its letters.
            setSingleLine(!field.isLong)
            inputType = TYPE_CLASS_TEXT or styleOf(field)
            if (field.isSecret) transformationMethod = PasswordTransformationMethod.getInstance()
            imeOptions = IME_FLAG_NO_PERSONALIZED_LEARNING or IME_FLAG_NO_EXTRACT_UI
        }

    private fun styleOf(field: Field): Int =
        when {
            field.isSecret -> TYPE_TEXT_VARIATION_PASSWORD
            field.isLong -> PLAIN or TYPE_TEXT_FLAG_MULTI_LINE
            else -> PLAIN
        }

    private fun wipe(text: Editable) {
        text.replace(0, text.length, "\u0000".repeat(text.length))
        text.clear()
    }

    private companion object {
        const val HEIGHT_DP = 56
        const val RADIUS_DP = 14
        const val PLAIN = TYPE_TEXT_FLAG_NO_SUGGESTIONS
    }
}
