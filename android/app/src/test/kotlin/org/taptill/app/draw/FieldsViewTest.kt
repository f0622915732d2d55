package org.taptill.app.draw

import android.content.Context
import android.text.method.PasswordTransformationMethod
import android.view.View.MeasureSpec
import android.widget.EditText
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.taptill.Secret
import org.taptill.core.Field
import org.taptill.core.FieldName
import org.taptill.core.RecoveryCodeInterface
import org.taptill.support.pictureOf
import org.taptill.support.pixels

/** What is typed, and the code that is drawn: neither stays on the glass. */
@RunWith(RobolectricTestRunner::class)
class FieldsViewTest {
    private val context: Context = RuntimeEnvironment.getApplication()
    private val kit = Kit(context, Palette.of(context))

    @Test
    fun whatWasTypedIsGivenAwayOnceAndSecretsAreEmptyAfterwards() {
        val view = FieldsView(kit)
        view.show(
            listOf(Field(FieldName.OPERATOR, "Name", false, false), Field(FieldName.PASSWORD, "Password", true, false))
        )
        val (name, password) = (0 until view.childCount).map(view::getChildAt).filterIsInstance<EditText>()
        name.setText("alice")
        password.setText("tall ships")
        val given = mutableListOf<Pair<FieldName, Int>>()
        val take: (FieldName, Secret) -> Unit = { field, typed -> typed.use { given += field to it.size } }
        view.give(take)
        view.give(take)
        assertEquals("an empty secret would replace the one that was given", listOf(5, 10, 5), given.map { it.second })
        assertEquals("alice", name.text.toString())
        name.text.clear()
        view.give(take)
        assertEquals("what is no secret can be emptied", FieldName.OPERATOR to 0, given.last())
        assertTrue(password.transformationMethod is PasswordTransformationMethod)
        assertFalse("never in the saved state of an activity", password.isSaveEnabled)
    }

    @Test
    fun aCodeIsDrawnUntilItIsWiped() {
        val code = FakeCode("ABCD-EFGH-JKLM-NPQR")
        val view = RecoveryCodeView(kit, code)
        view.measure(MeasureSpec.makeMeasureSpec(400, MeasureSpec.EXACTLY), MeasureSpec.UNSPECIFIED)
        view.layout(0, 0, view.measuredWidth, view.measuredHeight)
        val drawn = pictureOf(view).pixels()
        view.wipe()
        assertTrue(code.text.isEmpty())
        assertNotEquals(drawn.toList(), pictureOf(view).pixels().toList())
    }

    private class FakeCode(var text: String) : RecoveryCodeInterface {
        override fun length(): UInt = text.length.toUInt()

        override fun character(place: UInt): UByte = text[place.toInt()].code.toUByte()

        override fun wipe() {
            text = ""
        }
    }
}
