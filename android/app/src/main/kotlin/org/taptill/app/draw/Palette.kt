package org.taptill.app.draw

import android.content.Context
import android.content.res.Configuration
import org.taptill.core.Tone

/** A tone's colours: [ink] stands on the page and on [wash]; [onInk] stands on ink. */
data class ToneColours(val ink: Int, val wash: Int, val onInk: Int)

/** The colours of one theme. Whatever carries words has a contrast of at least 4.5 : 1 to what it stands on. */
class Palette(
    val isDark: Boolean,
    val page: Int,
    val surface: Int,
    val line: Int,
    val ink: Int,
    val quiet: Int,
    val disabled: Int,
    val onDisabled: Int,
    private val tones: Map<Tone, ToneColours>,
) {
    /** What this tone looks like. */
    fun of(tone: Tone): ToneColours = tones.getValue(tone)

    companion object {
        /** The theme that this phone is set to. */
        fun of(context: Context): Palette {
            val night = context.resources.configuration.uiMode and Configuration.UI_MODE_NIGHT_MASK
            return if (night == Configuration.UI_MODE_NIGHT_YES) DARK else LIGHT
        }

        private val LIGHT =
            Palette(
                isDark = false,
                page = rgb(0xF6F7F9),
                surface = rgb(0xFFFFFF),
                line = rgb(0xC3CAD4),
                ink = rgb(0x14181F),
                quiet = rgb(0x4B5563),
                disabled = rgb(0xE2E6EB),
                onDisabled = rgb(0x5A6472),
                tones =
                    mapOf(
                        Tone.NEUTRAL to tone(0x12448C, 0xE6EDF8, 0xFFFFFF),
                        Tone.GOOD to tone(0x0B6B3A, 0xDDF3E6, 0xFFFFFF),
                        Tone.BAD to tone(0xA3211B, 0xFBE6E4, 0xFFFFFF),
                        Tone.WAITING to tone(0x4A3FA0, 0xEAE8FA, 0xFFFFFF),
                        Tone.ATTENTION to tone(0x7A4A00, 0xFFF0D2, 0xFFFFFF),
                    ),
            )

        private val DARK =
            Palette(
                isDark = true,
                page = rgb(0x0F1318),
                surface = rgb(0x1A2028),
                line = rgb(0x465262),
                ink = rgb(0xF2F5F9),
                quiet = rgb(0xB6C0CD),
                disabled = rgb(0x262E38),
                onDisabled = rgb(0xA3AEBC),
                tones =
                    mapOf(
                        Tone.NEUTRAL to tone(0xA9C7FF, 0x18283F, 0x06224A),
                        Tone.GOOD to tone(0x7FDDA4, 0x10301F, 0x00391C),
                        Tone.BAD to tone(0xFFB4AB, 0x3D1714, 0x5A0B06),
                        Tone.WAITING to tone(0xC6C1FF, 0x252148, 0x241B6B),
                        Tone.ATTENTION to tone(0xFFCB70, 0x362808, 0x412900),
                    ),
            )

        private fun rgb(value: Int): Int = value or (0xFF shl 24)

        private fun tone(ink: Int, wash: Int, onInk: Int) = ToneColours(rgb(ink), rgb(wash), rgb(onInk))
    }
}
