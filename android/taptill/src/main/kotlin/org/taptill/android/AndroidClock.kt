package org.taptill.android

import android.content.ContentResolver
import android.os.SystemClock
import android.provider.Settings
import org.taptill.core.Clock
import org.taptill.core.ClockReading
import org.taptill.core.PortFault

/**
 * The phone's clocks: wall time, milliseconds since boot with sleep, and how often it booted.
 *
 * Evidence: `AndroidDeviceTest`.
 */
public class AndroidClock(private val resolver: ContentResolver) : Clock {
    override fun now(): ClockReading =
        ClockReading(System.currentTimeMillis(), SystemClock.elapsedRealtime().toULong(), bootCount())

    private fun bootCount(): ULong =
        try {
            Settings.Global.getInt(resolver, Settings.Global.BOOT_COUNT).toULong()
        } catch (_: Settings.SettingNotFoundException) {
            throw PortFault.Failed()
        }
}
