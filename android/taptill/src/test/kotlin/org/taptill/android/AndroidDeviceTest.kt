package org.taptill.android

import android.app.Activity
import android.provider.Settings
import android.view.View
import android.view.WindowManager.LayoutParams.FLAG_SECURE
import java.time.Duration
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.shadows.ShadowSystemClock
import org.taptill.core.PortFault

/** The clocks that the core is lent, and the shield over a private screen. */
@RunWith(RobolectricTestRunner::class)
class AndroidDeviceTest {
    private val resolver = RuntimeEnvironment.getApplication().contentResolver

    @Test
    fun theClockCountsSleepAndBoots() {
        Settings.Global.putInt(resolver, Settings.Global.BOOT_COUNT, 7)
        val clock = AndroidClock(resolver)
        val before = clock.now()
        ShadowSystemClock.advanceBy(Duration.ofHours(9))
        val after = clock.now()
        assertEquals(7uL, after.bootCount)
        assertEquals(9uL * 3_600_000uL, after.monoMs - before.monoMs)
        assertTrue(after.wallMs > 0)
    }

    @Test
    fun aPhoneThatDoesNotKnowItsBootCountIsAFault() {
        assertThrows(PortFault.Failed::class.java) { AndroidClock(resolver).now() }
    }

    @Test
    fun aPrivateScreenIsNotPhotographedAndAnOpenOneIs() {
        val activity = Robolectric.buildActivity(Activity::class.java).setup().get()
        PrivateScreen.shield(activity, true)
        assertEquals(FLAG_SECURE, activity.window.attributes.flags and FLAG_SECURE)
        PrivateScreen.shield(activity, false)
        assertEquals(0, activity.window.attributes.flags and FLAG_SECURE)
    }

    @Test
    fun aGuardedViewTakesNoTouchThroughACoverAndNoAutofill() {
        val view = View(RuntimeEnvironment.getApplication())
        PrivateScreen.guard(view)
        assertTrue(view.filterTouchesWhenObscured)
        assertEquals(View.IMPORTANT_FOR_AUTOFILL_NO_EXCLUDE_DESCENDANTS, view.importantForAutofill)
    }
}
