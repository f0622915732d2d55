package org.taptill.support

import android.nfc.INfcTag
import android.nfc.NdefMessage
import android.nfc.Tag
import android.nfc.TagLostException
import android.nfc.TransceiveResult
import android.nfc.tech.IsoDep
import android.os.Bundle
import java.io.IOException
import org.robolectric.annotation.Implements

/**
 * A card in the field, at the place where the phone's NFC service stands: the framework's own [IsoDep] runs unchanged
 * and asks this service for every APDU.
 *
 * [card] answers a command; it throws [TagLostException] when it left the field and any other [IOException] when the
 * reader failed. What nobody should ask of a payment card is refused.
 */
class SimulatedTag(private val card: (ByteArray) -> ByteArray) : INfcTag.Stub() {
    @Volatile private var present = true

    /** Milliseconds that the adapter granted the card; 0 until it did. */
    @Volatile
    var timeoutMs = 0
        private set

    /** How many times the channel was opened. */
    @Volatile
    var connects = 0
        private set

    /** The tag as a reader callback gets it; [techs] are the numbers of the framework, 3 is ISO-DEP. */
    fun tag(vararg techs: Int = intArrayOf(ISO_DEP)): Tag =
        Tag(byteArrayOf(4, 1, 2, 3), techs, Array(techs.size) { Bundle() }, 1, 0L, this)

    /** Takes the card out of the field. */
    fun leave() {
        present = false
    }

    override fun transceive(handle: Int, command: ByteArray, raw: Boolean): TransceiveResult =
        if (!present) TransceiveResult(TransceiveResult.RESULT_TAGLOST, null)
        else
            try {
                TransceiveResult(TransceiveResult.RESULT_SUCCESS, card(command))
            } catch (_: TagLostException) {
                leave()
                TransceiveResult(TransceiveResult.RESULT_TAGLOST, null)
            } catch (_: IOException) {
                TransceiveResult(TransceiveResult.RESULT_FAILURE, null)
            }

    override fun connect(handle: Int, tech: Int): Int {
        connects += 1
        return if (present && tech == ISO_DEP) 0 else GONE
    }

    override fun setTimeout(tech: Int, timeout: Int): Int {
        timeoutMs = timeout
        return 0
    }

    override fun isPresent(handle: Int): Boolean = present

    override fun isTagUpToDate(cookie: Long): Boolean = true

    override fun getTimeout(tech: Int): Int = timeoutMs

    override fun resetTimeouts() = Unit

    override fun reconnect(handle: Int): Int = 0

    override fun getMaxTransceiveLength(tech: Int): Int = 65_279

    override fun getExtendedLengthApdusSupported(): Boolean = true

    override fun getTechList(handle: Int): IntArray = refused()

    override fun isNdef(handle: Int): Boolean = refused()

    override fun ndefRead(handle: Int): NdefMessage = refused()

    override fun ndefWrite(handle: Int, message: NdefMessage?): Int = refused()

    override fun ndefMakeReadOnly(handle: Int): Int = refused()

    override fun ndefIsWritable(handle: Int): Boolean = refused()

    override fun formatNdef(handle: Int, key: ByteArray?): Int = refused()

    override fun rediscover(handle: Int): Tag = refused()

    override fun canMakeReadOnly(tech: Int): Boolean = refused()

    private fun refused(): Nothing = error("not a question for a payment card")

    private companion object {
        const val ISO_DEP = 3
        const val GONE = -5
    }
}

/** Robolectric's own IsoDep knows one fixed answer; this leaves the framework's code in place. */
@Implements(IsoDep::class) class UnchangedIsoDep

/** As [UnchangedIsoDep], for what every technology shares. */
@Implements(className = "android.nfc.tech.BasicTagTechnology") class UnchangedTagTechnology
