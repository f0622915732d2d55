package org.taptill.testing

import java.io.DataInputStream
import java.io.EOFException
import java.io.IOException
import java.net.InetSocketAddress
import java.net.Socket
import java.net.SocketTimeoutException
import org.taptill.core.CardChannel
import org.taptill.core.CardFault

/**
 * One tap of a simulated card behind a socket, in the framing of vsmartcard's `vpcd`: two bytes of length, then the
 * bytes.
 *
 * A connection that the card closes is a card that left; one that stays silent is a card that does not answer in time.
 */
public class SocketCard(address: InetSocketAddress, answerWithinMs: Int = 2_000) : CardChannel, AutoCloseable {
    private val socket =
        Socket(address.address, address.port).apply {
            tcpNoDelay = true
            soTimeout = answerWithinMs
        }
    private val answers = DataInputStream(socket.getInputStream())

    override fun transceive(command: ByteArray): ByteArray =
        try {
            val frame = byteArrayOf((command.size shr Byte.SIZE_BITS).toByte(), command.size.toByte()) + command
            socket.getOutputStream().apply {
                write(frame)
                flush()
            }
            ByteArray(answers.readUnsignedShort()).also(answers::readFully)
        } catch (silent: SocketTimeoutException) {
            throw CardFault.TimedOut()
        } catch (left: EOFException) {
            throw CardFault.Lost()
        } catch (left: IOException) {
            throw CardFault.Lost()
        }

    override fun close(): Unit = socket.close()
}
