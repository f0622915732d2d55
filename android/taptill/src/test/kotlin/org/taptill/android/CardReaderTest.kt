package org.taptill.android

import android.app.Activity
import android.content.Intent
import android.nfc.NfcAdapter
import android.nfc.TagLostException
import android.os.Bundle
import android.os.Looper
import java.io.IOException
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowNfcAdapter
import org.taptill.core.CardChannel
import org.taptill.core.CardFault
import org.taptill.support.RecordingNfcAdapter
import org.taptill.support.SimulatedTag

/** The reader is on when it should be and at no other time, and each tap is one channel with one ending. */
@RunWith(RobolectricTestRunner::class)
class CardReaderTest {
    class Till : Activity() {
        val cards = mutableListOf<CardChannel>()
        val states = mutableListOf<ReaderState>()
        var collisions = 0
        lateinit var reader: CardReader

        override fun onCreate(savedInstanceState: Bundle?) {
            super.onCreate(savedInstanceState)
            reader = CardReader(this, { cards += it }, { collisions += 1 }, { states += it })
        }

        override fun onResume() {
            super.onResume()
            reader.resume()
        }

        override fun onPause() {
            reader.pause()
            super.onPause()
        }
    }

    private val life = Robolectric.buildActivity(Till::class.java)
    private val till
        get() = life.get()

    @Test
    fun theReaderIsOnOnlyWhileWantedAndInFront() {
        val phone = RecordingNfcAdapter.install()
        life.setup()
        assertNull("not wanted yet", phone.readerFlags)

        till.reader.isWanted = true
        assertEquals(CardReader.FLAGS, phone.readerFlags)
        assertEquals(till, phone.reading)
        life.pause()
        assertNull("another app is in front", phone.readerFlags)
        life.resume()
        assertNotNull("back in front, still wanted", phone.readerFlags)
        till.reader.isWanted = false
        assertNull(phone.readerFlags)
        life.pause()
        till.reader.isWanted = true
        assertNull("wanted, and not in front", phone.readerFlags)
        life.stop().destroy()
        assertNull(phone.readerFlags)
    }

    @Test
    fun itReadsPaymentCardsSilentlyAndAsksSeldomWhetherTheyAreThere() {
        val phone = RecordingNfcAdapter.install()
        life.setup()
        till.reader.isWanted = true
        val expected =
            NfcAdapter.FLAG_READER_NFC_A or
                NfcAdapter.FLAG_READER_NFC_B or
                NfcAdapter.FLAG_READER_SKIP_NDEF_CHECK or
                NfcAdapter.FLAG_READER_NO_PLATFORM_SOUNDS
        assertEquals(expected, phone.readerFlags)
        assertEquals(1_000, phone.readerModeExtras.getInt(NfcAdapter.EXTRA_READER_PRESENCE_CHECK_DELAY))
    }

    @Test
    fun aCardTappedWhileNobodyPaysGoesToNoOtherApp() {
        val phone = RecordingNfcAdapter.install()
        life.setup()
        assertEquals(till, phone.enabledActivity)
        life.pause()
        assertEquals(till, phone.disabledActivity)
    }

    @Test
    fun aPhoneWithoutNfcOrWithNfcOffIsToldApartAndReadsNothing() {
        ShadowNfcAdapter.setNfcHardwareExists(false)
        life.setup()
        till.reader.isWanted = true
        assertEquals(ReaderState.Absent, till.reader.state)

        ShadowNfcAdapter.setNfcHardwareExists(true)
        val phone = RecordingNfcAdapter.install()
        phone.setEnabled(false)
        val off = CardReader(till, {}, {}, {})
        off.resume()
        off.isWanted = true
        assertEquals(ReaderState.Off, off.state)
        assertNull(phone.readerFlags)

        phone.setEnabled(true)
        off.resume()
        assertEquals(ReaderState.Ready, off.state)
        assertNotNull("turned on meanwhile", phone.readerFlags)
    }

    @Test
    fun turningNfcOnWhileTheTillIsInFrontIsHeardAtOnce() {
        val phone = RecordingNfcAdapter.install()
        phone.setEnabled(false)
        life.setup()
        till.reader.isWanted = true
        assertNull(phone.readerFlags)
        phone.setEnabled(true)
        till.sendBroadcast(Intent(NfcAdapter.ACTION_ADAPTER_STATE_CHANGED))
        shadowOf(Looper.getMainLooper()).idle()
        assertEquals(listOf(ReaderState.Off, ReaderState.Ready), till.states)
        assertNotNull(phone.readerFlags)
    }

    @Test
    fun eachTapIsAChannelOfItsOwnAndASecondCardIsACollision() {
        val phone = RecordingNfcAdapter.install()
        life.setup()
        till.reader.isWanted = true
        val first = SimulatedTag { it }
        phone.dispatchTagDiscovered(first.tag())
        assertEquals(1, till.cards.size)
        assertEquals(IsoDepChannel.TIMEOUT_MS, first.timeoutMs)

        phone.dispatchTagDiscovered(SimulatedTag { it }.tag())
        assertEquals(listOf(1, 1), listOf(till.cards.size, till.collisions))

        first.leave()
        phone.dispatchTagDiscovered(SimulatedTag { it }.tag())
        assertEquals(listOf(2, 1), listOf(till.cards.size, till.collisions))
    }

    @Test
    fun whatIsNoPaymentCardIsNotPresented() {
        val phone = RecordingNfcAdapter.install()
        life.setup()
        till.reader.isWanted = true
        phone.dispatchTagDiscovered(SimulatedTag { it }.tag(1))
        val gone = SimulatedTag { it }.apply { leave() }
        phone.dispatchTagDiscovered(gone.tag())
        assertEquals(0, till.cards.size)
        assertEquals("it was tried", 1, gone.connects)
    }

    @Test
    fun eachEndingOfATapIsOneFault() {
        val table =
            listOf(
                TagLostException() to CardFault.Lost::class,
                IOException() to CardFault.ReaderFailed::class,
                SecurityException("the tag is out of date") to CardFault.Lost::class,
                IllegalStateException("not connected") to CardFault.ReaderFailed::class,
            )
        for ((exception, fault) in table) {
            val channel = checkNotNull(IsoDepChannel.open(SimulatedTag { throw exception }.tag()))
            assertThrows("$exception", fault.java) { channel.transceive(byteArrayOf(0)) }
        }
    }

    @Test
    fun anAnsweringCardIsHeardAndALeavingOneIsLostFromThenOn() {
        val card = SimulatedTag { it.reversedArray() }
        val channel = checkNotNull(IsoDepChannel.open(card.tag()))
        assertArrayEquals(byteArrayOf(2, 1), channel.transceive(byteArrayOf(1, 2)))
        assertTrue(channel.isPresent)
        card.leave()
        assertFalse(channel.isPresent)
        repeat(2) { assertThrows(CardFault.Lost::class.java) { channel.transceive(byteArrayOf(1)) } }
    }
}
