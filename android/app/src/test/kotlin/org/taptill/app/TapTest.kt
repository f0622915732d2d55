package org.taptill.app

import android.nfc.NfcAdapter
import android.view.WindowManager.LayoutParams.FLAG_SECURE
import org.junit.After
import org.junit.AfterClass
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.BeforeClass
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import org.taptill.core.Intent
import org.taptill.core.ScreenKind
import org.taptill.testing.Stand

/**
 * A customer pays: Activity, NFC, Kotlin, the Rust core, the acquirer's host over TLS, and back to the glass. Nothing
 * between the finger and the host's book is a fake of ours but the phone's hardware.
 */
@RunWith(RobolectricTestRunner::class)
@Config(application = TillApplication::class)
class TapTest {
    private val counter by lazy { Counter(stand) }

    @After fun close() = counter.close()

    @Test
    fun aWholeSaleGoesFromTheFingerToTheHostsBookAndBack() {
        counter.open()
        assertNull("no card is read while the amount is typed", counter.reader.readerFlags)
        counter.charge("1230")
        assertNotNull("the reader is on", counter.reader.readerFlags)

        counter.tap("visa")
        val approved = counter.await(ScreenKind.APPROVED)
        assertTrue("${approved.headline}", "12.30" in approved.headline.orEmpty())
        assertEquals(listOf("booked"), counter.booked())
        assertNull("the reader is off again", counter.reader.readerFlags)

        val receipt = approved.actions.map { it.intent }.first { it is Intent.Receipt }
        counter.press(receipt)
        val slip = counter.await(ScreenKind.RECEIPT).slip.orEmpty()
        assertTrue(slip, "12.30" in slip && "0119" in slip)
        assertTrue("the card did say its number", counter.answered.any { CARD_NUMBER in it })
        assertFalse("no screen and no slip does", CARD_NUMBER in slip || CARD_NUMBER in approved.toString())
    }

    @Test
    fun aDeclineIsSaidAsOne() {
        counter.open()
        counter.charge("100051")
        counter.tap("visa")
        counter.await(ScreenKind.DECLINED)
        assertEquals(listOf("declined"), counter.booked())
    }

    @Test
    fun aCardThatLeavesAtAnyCommandChargesNobody() {
        counter.open()
        counter.charge("1230")
        var answers = 0
        counter.tap("visa", answers)
        while (counter.awaitOf(setOf(ScreenKind.TRY_ANOTHER_WAY, ScreenKind.APPROVED)).kind != ScreenKind.APPROVED) {
            assertEquals("after $answers answers", emptyList<String>(), counter.booked())
            counter.press(Intent.TryAgain)
            counter.await(ScreenKind.PRESENT_CARD) { it.fieldOn }
            answers += 1
            counter.tap("visa", answers)
        }
        assertTrue("the card answers at least four commands", answers >= 4)
        assertEquals("only the whole tap was booked", listOf("booked"), counter.booked())
    }

    @Test
    fun aSaleThatTheHostForgetsToAnswerIsTakenBackAndSaidSo() {
        counter.open()
        stand.hostNext(counter.host, "reset", 1)
        counter.charge("1230")
        counter.tap("visa")
        counter.await(ScreenKind.DECLINED)
        assertNotEquals(listOf("booked"), counter.booked())
    }

    @Test
    fun aDoubleTapOnChargeIsOneSale() {
        counter.open()
        for (digit in "1230") counter.key(digit.toString())
        counter.await(ScreenKind.AMOUNT_PAD) { "12.30" in it.headline.orEmpty() }
        counter.press(Intent.Charge, times = 2)
        counter.await(ScreenKind.PRESENT_CARD) { it.fieldOn }
        counter.tap("visa")
        counter.await(ScreenKind.APPROVED)
        assertEquals(listOf("booked"), counter.booked())
        counter.press(Intent.NewSale)
        counter.await(ScreenKind.AMOUNT_PAD)
        counter.press(Intent.History)
        assertEquals(1, counter.await(ScreenKind.HISTORY).rows.size)
    }

    @Test
    fun aTurnedPhoneGoesOnWithTheSale() {
        counter.open()
        counter.charge("1230")
        counter.life.recreate()
        counter.await(ScreenKind.PRESENT_CARD) { it.fieldOn }
        assertEquals("the new activity has the reader", counter.life.get(), counter.reader.reading)
        counter.tap("visa")
        counter.await(ScreenKind.APPROVED)
    }

    @Test
    fun awayFromTheGlassTheReaderIsOffAndTheSaleWaits() {
        counter.open()
        counter.charge("1230")
        counter.life.pause().stop()
        assertNull(counter.reader.readerFlags)
        counter.life.restart().start().resume()
        counter.await(ScreenKind.PRESENT_CARD) { it.fieldOn }
        assertNotNull(counter.reader.readerFlags)
        counter.tap("visa")
        counter.await(ScreenKind.APPROVED)
    }

    @Test
    fun aTillThatEndsBeforeTheCardHasChargedNobody() {
        counter.open()
        counter.charge("1230")
        counter.restart()
        counter.awaitOf(setOf(ScreenKind.TROUBLE, ScreenKind.AMOUNT_PAD))
        assertEquals(emptyList<String>(), counter.booked())
    }

    @Test
    fun aTillThatEndsWhileTheHostIsSilentFindsOutAfterItsRestart() {
        counter.open()
        stand.hostNext(counter.host, "no-answer", 1)
        counter.charge("1230")
        counter.tap("visa")
        // Four lights come before the request leaves: only the host's book says that it has it.
        counter.awaitOf(setOf(ScreenKind.READING, ScreenKind.NOT_KNOWN_YET)) { "booked" in counter.booked() }
        counter.restart()
        counter.await(ScreenKind.DECLINED) { "12.30" in it.headline.orEmpty() }
        assertFalse("nothing is left booked", "booked" in counter.booked())
    }

    @Test
    fun anOutcomeThatNobodyLeftIsShownAgainAfterARestart() {
        counter.open()
        counter.charge("1230")
        counter.life.pause().stop()
        counter.life.restart().start().resume()
        counter.await(ScreenKind.PRESENT_CARD) { it.fieldOn }
        counter.tap("visa")
        counter.await(ScreenKind.APPROVED)
        counter.restart()
        counter.await(ScreenKind.APPROVED) { "12.30" in it.headline.orEmpty() }
    }

    @Test
    fun nfcThatIsOffIsSaidAndTheSaleGoesOnWhenItIsOn() {
        counter.open()
        counter.reader.setEnabled(false)
        counter.switched()
        counter.await(ScreenKind.AMOUNT_PAD) { "NFC" in it.advice.orEmpty() }
        counter.reader.setEnabled(true)
        counter.switched()
        counter.await(ScreenKind.AMOUNT_PAD) { it.advice == null }
        counter.charge("1230")
        counter.tap("visa")
        counter.await(ScreenKind.APPROVED)
    }

    @Test
    fun withoutANetworkNothingIsAskedOfTheCard() {
        counter.open()
        counter.network(isThere = false)
        counter.charge("1230")
        counter.tap("visa")
        counter.await(ScreenKind.TROUBLE)
        assertEquals(emptyList<String>(), counter.booked())
    }

    @Test
    fun aWrongSetupFileIsRefusedAndTheRightOneTaken() {
        counter.life.setup()
        counter.await(ScreenKind.FIRST_START)
        counter.setUp("not the acquirer's".toByteArray())
        counter.await(ScreenKind.TROUBLE)
        counter.setUp(counter.host.provisioning.readBytes())
        counter.await(ScreenKind.CLAIM)
    }

    @Test
    fun thePrivateScreensAreShieldedAndTheKeypadIsNot() {
        counter.open()
        assertEquals(counter.screen!!.`private`, isShielded())
        counter.press(Intent.History)
        val history = counter.await(ScreenKind.HISTORY)
        assertTrue("a list of payments is private", history.`private`)
        assertTrue(isShielded())
        @Suppress("DEPRECATION") counter.life.get().onBackPressed()
        counter.await(ScreenKind.AMOUNT_PAD)
    }

    private fun isShielded() = counter.life.get().window.attributes.flags and FLAG_SECURE != 0

    private fun Counter.switched() {
        life.get().sendBroadcast(android.content.Intent(NfcAdapter.ACTION_ADAPTER_STATE_CHANGED))
    }

    private companion object {
        /** The simulated card's. */
        const val CARD_NUMBER = "4761739001010119"

        lateinit var stand: Stand

        @BeforeClass
        @JvmStatic
        fun open() {
            stand = Stand.start()
        }

        @AfterClass @JvmStatic fun end() = stand.close()
    }
}
