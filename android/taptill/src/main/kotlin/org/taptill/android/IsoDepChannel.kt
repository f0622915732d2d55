package org.taptill.android

import android.nfc.Tag
import android.nfc.TagLostException
import android.nfc.tech.IsoDep
import java.io.IOException
import org.taptill.core.CardChannel
import org.taptill.core.CardFault

/**
 * One tap of one card: carries APDUs to it and says how the tap ended. The core's card thread calls it.
 *
 * Android reports a card that is silent for longer than [TIMEOUT_MS] as one that has left, so [CardFault.TimedOut] is
 * never said here.
 *
 * Evidence: `CardReaderTest`.
 */
public class IsoDepChannel private constructor(private val card: IsoDep) : CardChannel {
    /** Whether the card is still in the field. */
    public val isPresent: Boolean
        get() =
            try {
                card.isConnected
            } catch (_: SecurityException) {
                false
            }

    override fun transceive(command: ByteArray): ByteArray =
        try {
            card.transceive(command)
        } catch (_: TagLostException) {
            throw CardFault.Lost()
        } catch (_: IOException) {
            throw CardFault.ReaderFailed()
        } catch (_: SecurityException) {
            // Since Android 12 a tag that another discovery has replaced is refused so.
            throw CardFault.Lost()
        } catch (_: IllegalStateException) {
            throw CardFault.ReaderFailed()
        }

    public companion object {
        /** How long a card may think about one command, waiting-time extensions included. */
        public const val TIMEOUT_MS: Int = 2_000

        /** Opens the channel to [tag]; null when it is no contactless card or has left already. */
        public fun open(tag: Tag): IsoDepChannel? {
            val card = IsoDep.get(tag) ?: return null
            return try {
                card.connect()
                card.timeout = TIMEOUT_MS
                IsoDepChannel(card)
            } catch (_: IOException) {
                null
            } catch (_: SecurityException) {
                null
            }
        }
    }
}
