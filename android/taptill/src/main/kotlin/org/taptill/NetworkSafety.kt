package org.taptill

import org.taptill.core.AcquirerMessage
import org.taptill.core.NetworkSafety as CoreNetworkSafety
import org.taptill.core.NetworkView
import org.taptill.core.TillException

/**
 * The way to the host: how the network is judged by the acquirer's table, by what the host is known, another
 * certificate, and whose a message is that comes in the acquirer's name.
 *
 * It decides nothing. Evidence: the contract.
 */
public class NetworkSafety internal constructor(private val network: CoreNetworkSafety, private val calls: Calls) {
    /** How the network is judged now, with the word of what to do about it, and by what the host is known. */
    public suspend fun view(): NetworkView = calls.blocking { network.view() }

    /**
     * Lets the host be known by other pins, by a word that the acquirer has signed: the rescue of a till whose pins are
     * dead. A supervisor's.
     *
     * @throws TillException `pins_not_signed` for what is not the acquirer's, `pins_refused` for an old word and one
     *   about something else.
     */
    public suspend fun takePins(word: ByteArray): Unit = calls.awaiting { network.takePins(word) }

    /** Whose a text is that comes in the acquirer's name. What it has not signed is a stranger's, whatever it says. */
    public suspend fun readMessage(text: ByteArray): AcquirerMessage = calls.awaiting { network.readMessage(text) }

    /** Fetches another certificate from the host; the old one opens nothing once the new one has been used. */
    public suspend fun renewCertificate(): Unit = calls.awaiting { network.renewCertificate() }

    internal fun destroy(): Unit = network.destroy()
}
