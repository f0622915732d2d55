package org.taptill.support

import android.app.Activity
import android.graphics.BitmapFactory
import android.graphics.Color
import android.nfc.NfcAdapter
import android.nfc.Tag
import android.nfc.TagLostException
import android.nfc.tech.IsoDep
import android.os.Bundle
import android.widget.TextView
import java.io.File
import java.io.IOException
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment

/** What every other test of the Android side stands on: an activity lives, is drawn, and has NFC. */
@RunWith(RobolectricTestRunner::class)
class FrameworkTest {
    class Page : Activity() {
        override fun onCreate(savedInstanceState: Bundle?) {
            super.onCreate(savedInstanceState)
            val words = TextView(this)
            words.text = "12.50 测试"
            words.textSize = 40f
            words.setTextColor(Color.BLACK)
            words.setBackgroundColor(Color.WHITE)
            setContentView(words)
        }
    }

    private val page = Robolectric.buildActivity(Page::class.java)

    @Test
    fun anActivityRunsAndItsWordsAreInThePicture() {
        val picture = pictureOf(page.setup().get().window.decorView)
        val ink = picture.pixels().count { Color.luminance(it) < 0.2 }
        assertTrue("no ink in the picture", ink > 200)

        val file = File.createTempFile("page", ".png")
        writePng(picture, file)
        assertEquals(picture.width, BitmapFactory.decodeFile(file.path).width)
        file.delete()
    }

    @Test
    fun theFrameworksOwnIsoDepAsksTheSimulatedCard() {
        val adapter = RecordingNfcAdapter.install()
        val seen = mutableListOf<Tag>()
        NfcAdapter.getDefaultAdapter(RuntimeEnvironment.getApplication())
            .enableReaderMode(page.setup().get(), { seen += it }, NfcAdapter.FLAG_READER_NFC_A, null)
        assertEquals(NfcAdapter.FLAG_READER_NFC_A, adapter.readerFlags)

        val card = SimulatedTag { command -> command + byteArrayOf(0x90.toByte(), 0) }
        adapter.dispatchTagDiscovered(card.tag())
        val isoDep = IsoDep.get(seen.single())
        assertThrows(IllegalStateException::class.java) { isoDep.transceive(byteArrayOf(0)) }
        isoDep.connect()
        isoDep.timeout = 750
        assertArrayEquals(byteArrayOf(7, 0x90.toByte(), 0), isoDep.transceive(byteArrayOf(7)))
        assertEquals(750, card.timeoutMs)

        card.leave()
        assertThrows(TagLostException::class.java) { isoDep.transceive(byteArrayOf(7)) }
    }

    @Test
    fun aTagThatIsNoCardHasNoIsoDepAndAFailingReaderIsNoLostTag() {
        val card = SimulatedTag { throw IOException() }
        assertNull(IsoDep.get(card.tag(1)))
        val isoDep = IsoDep.get(card.tag())
        isoDep.connect()
        val failure = assertThrows(IOException::class.java) { isoDep.transceive(byteArrayOf(7)) }
        assertTrue(failure !is TagLostException)
    }
}
