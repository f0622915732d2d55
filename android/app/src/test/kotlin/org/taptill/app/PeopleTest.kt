package org.taptill.app

import android.view.WindowManager.LayoutParams.FLAG_SECURE
import org.junit.After
import org.junit.AfterClass
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.BeforeClass
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import org.taptill.app.draw.RecoveryCodeView
import org.taptill.core.FieldName
import org.taptill.core.Intent
import org.taptill.core.ScreenKind
import org.taptill.testing.Stand

/** Somebody claims a till, signs in, locks it and unlocks it: from the fields on the glass to the core and back. */
@RunWith(RobolectricTestRunner::class)
@Config(application = TillApplication::class)
class PeopleTest {
    private val counter by lazy { Counter(stand) }

    @After fun close() = counter.close()

    @Test
    fun aTillIsClaimedAndItsRecoveryCodeIsShownOnceOnAShieldedPage() {
        counter.life.setup()
        counter.await(ScreenKind.FIRST_START)
        counter.setUp(counter.host.provisioning.readBytes())
        counter.claim()
        assertEquals(1, counter.views().filterIsInstance<RecoveryCodeView>().size)
        assertTrue("the code is not to be photographed", isShielded())
        counter.press(Intent.Written)
        counter.await(ScreenKind.AMOUNT_PAD)
        assertEquals(0, counter.views().filterIsInstance<RecoveryCodeView>().size)
    }

    @Test
    fun aWrongPasswordIsRefusedTheFieldIsEmptyAndTheRightOneOpens() {
        counter.open()
        counter.restart(isSignedIn = false)
        counter.signIn("a wrong password 1")
        counter.await(ScreenKind.SIGN_IN) { WRONG in it.message.orEmpty() + it.advice.orEmpty() }
        assertEquals("", counter.input(FieldName.PASSWORD).text.toString())
        counter.signIn()
        counter.await(ScreenKind.AMOUNT_PAD)
    }

    @Test
    fun aLockedTillOpensForItsOwnPasswordAlone() {
        counter.open()
        counter.press(Intent.Settings)
        counter.await(ScreenKind.SETTINGS)
        counter.press(Intent.Lock)
        counter.await(ScreenKind.LOCKED)
        counter.type(FieldName.PASSWORD, "a wrong password 1")
        counter.press(Intent.Unlock)
        counter.await(ScreenKind.LOCKED) { WRONG in it.message.orEmpty() + it.advice.orEmpty() }
        assertEquals("", counter.input(FieldName.PASSWORD).text.toString())
        counter.type(FieldName.PASSWORD, Counter.PASSWORD)
        counter.press(Intent.Unlock)
        counter.awaitOf(setOf(ScreenKind.SETTINGS, ScreenKind.AMOUNT_PAD))
    }

    private fun isShielded() = counter.life.get().window.attributes.flags and FLAG_SECURE != 0

    private companion object {
        const val WRONG = "password is wrong"

        lateinit var stand: Stand

        @BeforeClass
        @JvmStatic
        fun open() {
            stand = Stand.start()
        }

        @AfterClass @JvmStatic fun end() = stand.close()
    }
}
