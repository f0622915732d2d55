package org.taptill.app

import android.net.Uri
import android.os.Handler
import android.os.Looper
import java.io.IOException
import java.io.InputStream
import java.nio.ByteBuffer
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.taptill.Secret
import org.taptill.TillPorts
import org.taptill.android.AndroidClock
import org.taptill.android.AndroidNetwork
import org.taptill.android.KeyMaker
import org.taptill.android.KeystoreKeys
import org.taptill.core.CardChannel
import org.taptill.core.DeskInterface
import org.taptill.core.Display
import org.taptill.core.ExportSink
import org.taptill.core.FieldName
import org.taptill.core.Intent
import org.taptill.core.Language
import org.taptill.core.RecoveryCode
import org.taptill.core.Screen
import org.taptill.core.TillException
import org.taptill.core.factsOf
import org.taptill.core.screenGallery

/** What stands between the glass and the core: the order of things, the last screen, and a till that does not open. */
@RunWith(RobolectricTestRunner::class)
class ShopTest {
    private class FakeDesk(@Volatile var now: Screen) : DeskInterface {
        val heard = mutableListOf<Any>()
        var refusal: TillException? = null
        var place: ExportSink? = null

        override fun send(intent: Intent) {
            refusal?.let { throw it }
            heard += intent
        }

        override fun screen(): Screen = now

        override fun enter(`field`: FieldName, typed: ByteBuffer) {
            heard += "$field of ${typed.remaining()}"
            refusal?.let { throw it }
        }

        override fun recoveryCode(): RecoveryCode? = null

        override fun provision(provisioning: ByteBuffer) {
            heard += provisioning.remaining()
        }

        override fun exportTo(place: ExportSink) {
            heard += "place"
            this.place = place
            place.put("readme.txt", byteArrayOf(1))
        }

        override fun present(channel: CardChannel) {
            heard += "present"
        }

        override fun collision() {
            heard += "collision"
        }

        override fun shut() {
            heard += "shut"
        }
    }

    private val application = RuntimeEnvironment.getApplication()
    private val worker = Executors.newSingleThreadExecutor()
    private val gallery = screenGallery(Language.EN).associate { it.name to it.screen }
    private val desk = FakeDesk(gallery.getValue("not-known-yet"))
    private val seen = mutableListOf<Screen>()
    private val look: (Screen) -> Unit = { seen += it }

    @Test
    fun whatIsAskedWhileTheTillOpensArrivesInItsOrder() {
        val ready = CountDownLatch(1)
        val shop = shop { ready.await().let { desk } }
        shop.send(Intent.Foreground)
        shop.send(Intent.Background)
        ready.countDown()
        shop.collision()
        settle()
        assertEquals(listOf(Intent.Foreground, Intent.Background, "collision"), desk.heard)
    }

    @Test
    fun aScreenThatChangedWhileTheTillOpenedIsNotDrawnOverByAnOlderOne() {
        val shop = shop { display ->
            display.show(desk.now)
            desk
        }
        shop.watch(look)
        settle(drawn = false)
        desk.now = gallery.getValue("taken-back")
        shop.show(desk.now)
        settle()
        assertEquals(desk.now, seen.last())
    }

    @Test
    fun whoLeavesLateTakesNobodyElsesScreensAway() {
        val shop = shop { desk }
        settle()
        val newer = mutableListOf<Screen>()
        shop.watch(look)
        shop.watch { newer += it }
        shop.leave(look)
        shop.show(gallery.getValue("approved"))
        settle()
        assertEquals(gallery.getValue("approved"), newer.last())
        assertEquals("the older one sees no more", listOf(desk.now), seen)
    }

    @Test
    fun aTillThatDoesNotOpenSaysWhyAndTheAppLives() {
        val table =
            listOf(
                TillException.Storage(factsOf("storage_failed")) to gallery.getValue("trouble-open").kind,
                UnsatisfiedLinkError("another library") to gallery.getValue("trouble-open").kind,
                RuntimeException("UniFFI API checksum mismatch") to gallery.getValue("trouble-open").kind,
            )
        for ((why, kind) in table) {
            seen.clear()
            val shop =
                Shop(Handler(Looper.getMainLooper()), worker, ports(), { Unopened.page(it, Language.EN) }) { throw why }
            shop.watch(look)
            shop.send(Intent.Foreground)
            settle()
            assertEquals("$why", kind, seen.last().kind)
            assertTrue("$why", seen.last().message.orEmpty().isNotEmpty())
        }
    }

    @Test
    fun aClosedTillIsToldThingsInVain() {
        val shop = shop { desk }
        desk.refusal = TillException.Lifecycle(factsOf("terminal_closed"))
        shop.send(Intent.Foreground)
        settle()
        assertEquals(emptyList<Any>(), desk.heard)
        shop.close()
        assertEquals(listOf<Any>("shut"), desk.heard)
    }

    @Test
    fun whatWasTypedIsWipedAlsoWhenTheTillRefusesIt() {
        val shop = shop { desk }
        val refusals = listOf(null, TillException.Lifecycle(factsOf("terminal_closed")))
        for (refusal in refusals) {
            desk.refusal = refusal
            val typed = Secret.of("tall ships".toCharArray())
            shop.enter(FieldName.PASSWORD, typed)
            settle()
            assertEquals(0, typed.size)
        }
        assertEquals(List<Any>(2) { "PASSWORD of 10" }, desk.heard)
    }

    @Test
    fun aSetupFileIsWipedAndOneThatCannotBeReadIsHandedOverEmpty() {
        val torn =
            object : InputStream() {
                private var left = 100

                override fun read(): Int = if (left-- > 0) 7 else throw IOException("torn")
            }
        val whole = Uri.parse("content://files/whole")
        val half = Uri.parse("content://files/half")
        shadowOf(application.contentResolver).registerInputStream(whole, ByteArray(9) { 7 }.inputStream())
        shadowOf(application.contentResolver).registerInputStream(half, torn)
        val shop = shop { desk }
        val read = mutableListOf<ByteBuffer>()
        for (file in listOf(whole, half)) shop.provision {
            SetupFile.read(application.contentResolver, file).also(read::add)
        }
        settle()
        assertEquals(listOf<Any>(9, 0), desk.heard)
        for (bytes in read) assertTrue((0 until bytes.capacity()).all { bytes.get(it) == 0.toByte() })
    }

    @Test
    fun aPlaceForRecordsIsLentToTheCoreBehindTheGuard() {
        val put = mutableListOf<String>()
        val place =
            object : ExportSink {
                override fun put(name: String, bytes: ByteArray) {
                    put += name
                }

                override fun finish() = Unit
            }
        val shop = shop { desk }
        shop.exportTo(place)
        settle()
        assertEquals(listOf<Any>("place"), desk.heard)
        assertEquals(listOf("readme.txt"), put)
        assertTrue("not the place itself", desk.place !== place)
    }

    private fun shop(open: (Display) -> DeskInterface) =
        Shop(Handler(Looper.getMainLooper()), worker, ports(), { throw it }, open)

    private fun ports() =
        TillPorts(
            KeystoreKeys(KeyMaker(application.packageManager)),
            AndroidNetwork(application),
            AndroidClock(application.contentResolver),
        )

    /** Everything that was asked has been done, and drawn. */
    private fun settle(drawn: Boolean = true) {
        if (!worker.isShutdown) worker.submit {}.get(10, TimeUnit.SECONDS)
        if (drawn) shadowOf(Looper.getMainLooper()).idle()
    }
}
