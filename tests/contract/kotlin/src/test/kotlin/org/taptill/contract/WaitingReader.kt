package org.taptill.contract

import java.util.concurrent.TimeUnit
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.put
import org.taptill.core.EncryptedRead
import org.taptill.core.EncryptedReader
import org.taptill.core.ReadCvm
import org.taptill.core.ReadRequest
import org.taptill.core.ReaderFault
import org.taptill.testing.Stand

/** The certified reader of a case: it waits until a step says what the read comes to, or until it is cancelled. */
class WaitingReader(private val stand: Stand) : EncryptedReader {
    private val lock = ReentrantLock()
    private val changed = lock.newCondition()
    private val coming = ArrayDeque<(ReadRequest) -> EncryptedRead>()
    private var waiting = 0
    private var cancelled = false

    override fun read(request: ReadRequest): EncryptedRead = next()(request)

    override fun cancel(): Unit =
        lock.withLock {
            cancelled = waiting > 0
            changed.signalAll()
        }

    /** What the next read comes to: a card of the stand, its record spoilt or not, or a fault. */
    fun comes(card: String?, fault: String?, spoil: String?) {
        if (spoil !in setOf(null, "payload", "empty", "number")) unknown("to spoil the $spoil")
        val thrown = fault?.let(::readerFault)
        if (thrown == null && card == null) unknown("a read of nothing")
        lock.withLock {
            coming += { request -> if (thrown != null) throw thrown else spoilt(read(card!!, request), spoil) }
            changed.signalAll()
        }
    }

    /** Waits until a read is wanted that has not come to its end. */
    fun awaitAsked(patienceMs: Long): Boolean =
        lock.withLock {
            var left = TimeUnit.MILLISECONDS.toNanos(patienceMs)
            while (waiting == 0 && left > 0) left = changed.awaitNanos(left)
            waiting > 0
        }

    private fun next(): (ReadRequest) -> EncryptedRead =
        lock.withLock {
            waiting++
            changed.signalAll()
            try {
                while (coming.isEmpty() && !cancelled) changed.await()
                if (cancelled) throw ReaderFault.Cancelled()
                coming.removeFirst()
            } finally {
                waiting--
                cancelled = false
            }
        }

    private fun read(card: String, request: ReadRequest): EncryptedRead {
        val wish = buildJsonObject {
            put("do", "read")
            put("card", card)
            put("minor", request.amount.minor)
            put("currency", request.amount.currency)
            put("attempt", request.attempt)
            put("nonce", request.nonce.joinToString("") { "%02x".format(it) })
        }
        val said = stand.ask(wish)
        said["fault"]?.let { throw readerFault(it.text().removePrefix("reader_")) }
        return record(said)
    }

    private fun record(said: JsonObject): EncryptedRead {
        fun text(name: String): String? = said[name]?.takeIf { it != JsonNull }?.text()
        fun bytes(name: String): ByteArray = text(name)!!.chunked(2).map { it.toInt(HEX).toByte() }.toByteArray()
        val cvm = Face.word(text("cvm")!!, ReadCvm.entries)
        return EncryptedRead(
            text("format")!!,
            text("key")!!,
            bytes("payload"),
            bytes("signature"),
            text("scheme"),
            text("masked"),
            cvm,
        )
    }

    private fun spoilt(read: EncryptedRead, spoil: String?): EncryptedRead =
        when (spoil) {
            "payload" -> read.copy(payload = read.payload.copyOf().also { it[0] = (it[0].toInt() xor 1).toByte() })
            "empty" -> read.copy(payload = byteArrayOf())
            "number" -> read.copy(masked = "1111222233334444")
            else -> read
        }

    private companion object {
        const val HEX = 16

        fun readerFault(fault: String): Exception =
            when (fault) {
                "cancelled" -> ReaderFault.Cancelled()
                "timed_out" -> ReaderFault.TimedOut()
                "card_not_read" -> ReaderFault.CardNotRead()
                "try_another_card" -> ReaderFault.TryAnotherCard()
                "card_declined" -> ReaderFault.CardDeclined()
                "pin_required" -> ReaderFault.PinRequired()
                "not_ready" -> ReaderFault.NotReady()
                "failed" -> ReaderFault.Failed()
                "undeclared" -> Undeclared()
                else -> unknown("the fault $fault")
            }
    }
}
