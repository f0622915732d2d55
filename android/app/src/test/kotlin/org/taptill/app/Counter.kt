package org.taptill.app

import android.content.Context
import android.content.Intent as Errand
import android.net.ConnectivityManager
import android.net.NetworkCapabilities
import android.net.Uri
import android.nfc.TagLostException
import android.os.Looper
import android.provider.Settings
import android.view.View
import android.view.ViewGroup
import android.widget.EditText
import android.widget.TextView
import java.io.IOException
import java.util.concurrent.TimeUnit
import org.junit.Assert.assertTrue
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowNetworkCapabilities
import org.taptill.app.draw.ScreenView
import org.taptill.core.CardFault
import org.taptill.core.FieldName
import org.taptill.core.Intent
import org.taptill.core.Screen
import org.taptill.core.ScreenKind
import org.taptill.support.MemoryKeystore
import org.taptill.support.RecordingNfcAdapter
import org.taptill.support.SimulatedTag
import org.taptill.testing.SocketCard
import org.taptill.testing.Stand
import org.taptill.testing.StandTill

/**
 * A shop's counter: a phone with the app on it, a cashier's fingers, a customer's card, and the acquirer's host.
 *
 * All of it is the app's own, but for the framework's shadows: the reader, the key store and the network.
 */
class Counter(private val stand: Stand) : AutoCloseable {
    val host: StandTill = stand.till()
    val reader: RecordingNfcAdapter = RecordingNfcAdapter.install()
    private val application = RuntimeEnvironment.getApplication() as TillApplication
    private var shop = application.shop
    var life = Robolectric.buildActivity(TillActivity::class.java)
        private set

    init {
        MemoryKeystore.install()
        Settings.Global.putInt(application.contentResolver, Settings.Global.BOOT_COUNT, 1)
        network(isThere = true)
    }

    /** The screen on the glass. */
    val screen: Screen?
        get() = glass().shown

    /** Opens the app, sets the till up with the acquirer's file, and makes it alice's. */
    fun open() {
        life.setup()
        await(ScreenKind.FIRST_START)
        setUp(host.provisioning.readBytes())
        claim()
        press(Intent.Written)
        await(ScreenKind.AMOUNT_PAD)
    }

    /** Makes the till alice's, up to the screen with the recovery code. */
    fun claim() {
        await(ScreenKind.CLAIM)
        type(FieldName.OPERATOR, ALICE)
        type(FieldName.NEW_PASSWORD, PASSWORD)
        type(FieldName.NEW_PASSWORD_AGAIN, PASSWORD)
        press(Intent.Claim)
        await(ScreenKind.RECOVERY_CODE)
    }

    /** Signs alice in. */
    fun signIn(password: String = PASSWORD) {
        await(ScreenKind.SIGN_IN)
        type(FieldName.OPERATOR, ALICE)
        type(FieldName.PASSWORD, password)
        press(Intent.SignIn)
    }

    /** Types into a field of the screen on the glass. */
    fun type(field: FieldName, typed: String) {
        input(field).setText(typed)
    }

    /** A field of the screen on the glass. */
    fun input(field: FieldName): EditText {
        val at = checkNotNull(screen).fields.indexOfFirst { it.name == field }
        return views().filterIsInstance<EditText>()[at]
    }

    /** Picks a file of these bytes as the acquirer's. */
    fun setUp(file: ByteArray) {
        press(Intent.Provision)
        val phone = shadowOf(life.get())
        val errand = phone.nextStartedActivityForResult
        val uri = Uri.parse("content://files/setup")
        shadowOf(application.contentResolver).registerInputStream(uri, file.inputStream())
        phone.receiveResult(errand.intent, android.app.Activity.RESULT_OK, Errand().setData(uri))
    }

    /** Types and charges [digits], as 1230 for 12.30. */
    fun charge(digits: String) {
        for (digit in digits) key(digit.toString())
        await(ScreenKind.AMOUNT_PAD) { it.headline.orEmpty().filter(Char::isDigit).trimStart('0') == digits }
        press(Intent.Charge)
        await(ScreenKind.PRESENT_CARD) { it.fieldOn }
    }

    /** Holds a card against the phone; after [answers] commands it is gone. */
    fun tap(card: String, answers: Int = Int.MAX_VALUE): SimulatedTag {
        val socket = stand.tap(card)
        var left = answers
        val tag = SimulatedTag { command -> if (left-- > 0) answer(socket, command) else throw TagLostException() }
        assertTrue("the reader is on", reader.isInReaderMode)
        reader.dispatchTagDiscovered(tag.tag())
        return tag
    }

    /** What cards have answered, in hex digits. */
    val answered = mutableListOf<String>()

    private fun answer(card: SocketCard, command: ByteArray): ByteArray =
        try {
            card.transceive(command).also { answered += it.joinToString("") { byte -> "%02X".format(byte) } }
        } catch (_: CardFault.Lost) {
            throw TagLostException()
        } catch (_: CardFault) {
            throw IOException()
        }

    /** Touches a key of the keypad. */
    fun key(label: String) = views().filterIsInstance<TextView>().single { it.text.toString() == label }.performClick()

    /** Touches the button that means [intent], as often as told. */
    fun press(intent: Intent, times: Int = 1) {
        val label = checkNotNull(screen).actions.first { it.intent == intent }.label
        val button = views().single { it.isClickable && (it as? TextView)?.text.toString() == label }
        repeat(times) { button.performClick() }
    }

    /** Waits until a screen of this kind is on the glass. */
    fun await(kind: ScreenKind, isIt: (Screen) -> Boolean = { true }): Screen = awaitOf(setOf(kind), isIt)

    /** Waits until a screen of one of these kinds is on the glass. */
    fun awaitOf(kinds: Set<ScreenKind>, isIt: (Screen) -> Boolean = { true }): Screen {
        val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS_MAX)
        while (System.nanoTime() < deadline) {
            shadowOf(Looper.getMainLooper()).idleFor(STEP_MS, TimeUnit.MILLISECONDS)
            screen
                ?.takeIf { it.kind in kinds && isIt(it) }
                ?.let {
                    return it
                }
            Thread.sleep(STEP_MS)
        }
        error("none of $kinds came within $SECONDS_MAX s; on the glass is $screen")
    }

    /** The phone's network goes or comes. */
    fun network(isThere: Boolean) {
        val connectivity =
            checkNotNull(application.getSystemService(Context.CONNECTIVITY_SERVICE)) as ConnectivityManager
        val capabilities = ShadowNetworkCapabilities.newInstance()
        shadowOf(capabilities).addTransportType(NetworkCapabilities.TRANSPORT_CELLULAR)
        shadowOf(capabilities).removeCapability(NetworkCapabilities.NET_CAPABILITY_INTERNET)
        if (isThere) shadowOf(capabilities).addCapability(NetworkCapabilities.NET_CAPABILITY_INTERNET)
        shadowOf(connectivity).setNetworkCapabilities(connectivity.activeNetwork, capabilities)
    }

    /**
     * The app is gone without a word to its activity, and is opened again. Its till is closed, because two in one
     * process would meet in one folder: what a killed process leaves behind is tested in Rust, at every step.
     */
    fun restart(isSignedIn: Boolean = true) {
        shop.close()
        application.forget()
        shop = application.shop
        life = Robolectric.buildActivity(TillActivity::class.java)
        life.setup()
        if (isSignedIn) signIn()
    }

    /** How often the host has booked, and how much of it counts. */
    fun booked(): List<String> =
        stand
            .book(host)
            .toString()
            .split("},{")
            .map { entry -> STATE.find(entry)?.groupValues?.get(1).orEmpty() }
            .filter(String::isNotEmpty)

    override fun close() {
        shop.close()
    }

    private fun glass() =
        checkNotNull(life.get().findViewById<ViewGroup>(android.R.id.content)).getChildAt(0) as ScreenView

    /** Everything on the glass. */
    fun views(of: View = glass()): List<View> =
        listOf(of) +
            ((of as? ViewGroup)
                ?.let { group -> (0 until group.childCount).flatMap { views(group.getChildAt(it)) } }
                .orEmpty())

    companion object {
        const val ALICE = "alice"
        const val PASSWORD = "correct horse battery 9"
        private const val SECONDS_MAX = 40L
        private const val STEP_MS = 10L
        private val STATE = Regex("\"state\":\"([a-z_]+)\"")
    }
}
