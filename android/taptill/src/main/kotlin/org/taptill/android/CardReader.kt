package org.taptill.android

import android.app.Activity
import android.app.PendingIntent
import android.content.BroadcastReceiver
import android.content.Context
import android.content.Intent
import android.content.IntentFilter
import android.nfc.NfcAdapter
import android.nfc.Tag
import android.os.Bundle
import org.taptill.core.CardChannel

/** What the phone's reader can do now. */
public enum class ReaderState {
    /** The phone has no NFC. */
    Absent,
    /** It is turned off in the phone's settings. */
    Off,
    /** It can read cards. */
    Ready,
}

/**
 * The phone's NFC as a card reader, on while [activity] is in front and the core wants the field.
 *
 * [onState] is called on the main thread, when the activity comes to the front and when somebody turns NFC on or off.
 * [onCard] and [onCollision] are called on a thread of the NFC service. Android tells of one card at a time: a second
 * one is known only when it comes while the first still answers.
 *
 * Evidence: `CardReaderTest`.
 */
public class CardReader(
    private val activity: Activity,
    private val onCard: (CardChannel) -> Unit,
    private val onCollision: () -> Unit,
    private val onState: (ReaderState) -> Unit,
) {
    private val adapter: NfcAdapter? = NfcAdapter.getDefaultAdapter(activity)
    private var isInFront = false
    private var inField: IsoDepChannel? = null

    private val switched =
        object : BroadcastReceiver() {
            override fun onReceive(context: Context, intent: Intent) = restate()
        }

    /** Whether the core wants the field on. */
    public var isWanted: Boolean = false
        set(value) {
            field = value
            apply()
        }

    /** What the reader can do now. */
    public val state: ReaderState
        get() =
            when (adapter?.isEnabled) {
                null -> ReaderState.Absent
                false -> ReaderState.Off
                true -> ReaderState.Ready
            }

    private val isReady
        get() = adapter?.isEnabled == true

    /** To be called from `onResume`. A card tapped while no sale is under way goes to no other app either. */
    public fun resume() {
        isInFront = true
        activity.registerReceiver(switched, IntentFilter(NfcAdapter.ACTION_ADAPTER_STATE_CHANGED))
        restate()
    }

    /** To be called from `onPause`. */
    public fun pause() {
        isInFront = false
        activity.unregisterReceiver(switched)
        apply()
        if (isReady) adapter?.disableForegroundDispatch(activity)
    }

    private fun restate() {
        onState(state)
        if (isReady) adapter?.enableForegroundDispatch(activity, toNobody(), null, null)
        apply()
    }

    private fun apply() {
        if (!isReady) return
        when (isInFront && isWanted) {
            true -> adapter?.enableReaderMode(activity, ::discovered, FLAGS, OPTIONS)
            false -> adapter?.disableReaderMode(activity)
        }
    }

    @Synchronized
    private fun discovered(tag: Tag) {
        if (inField?.isPresent == true) return onCollision()
        inField = IsoDepChannel.open(tag)?.also(onCard)
    }

    private fun toNobody(): PendingIntent {
        val again = Intent(activity, activity.javaClass).addFlags(Intent.FLAG_ACTIVITY_SINGLE_TOP)
        return PendingIntent.getActivity(activity, 0, again, PendingIntent.FLAG_IMMUTABLE)
    }

    public companion object {
        /** Cards of type A and B, no search for NDEF, no sounds but our own. */
        public const val FLAGS: Int =
            NfcAdapter.FLAG_READER_NFC_A or
                NfcAdapter.FLAG_READER_NFC_B or
                NfcAdapter.FLAG_READER_SKIP_NDEF_CHECK or
                NfcAdapter.FLAG_READER_NO_PLATFORM_SOUNDS

        /** Milliseconds between the phone's own questions whether the card is there. */
        public const val PRESENCE_CHECK_MS: Int = 1_000

        private val OPTIONS = Bundle().apply { putInt(NfcAdapter.EXTRA_READER_PRESENCE_CHECK_DELAY, PRESENCE_CHECK_MS) }
    }
}
