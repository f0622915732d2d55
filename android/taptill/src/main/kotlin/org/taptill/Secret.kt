package org.taptill

import java.nio.ByteBuffer
import java.nio.CharBuffer
import java.nio.charset.CoderResult
import org.taptill.core.SecretSink
import org.taptill.core.TillException
import org.taptill.core.factsOf

/**
 * A secret on its way into the core: in memory that the garbage collector does not move or copy, and wiped by [close].
 *
 * It is made from an array that it wipes, never from a `String`, which nobody can wipe. It has no text of its own:
 * printed, it is the name of its class. Evidence: `HeapDumpTest`.
 */
public class Secret private constructor(private val memory: ByteBuffer) : AutoCloseable {
    /** How many bytes. 0 once it is wiped. */
    public val size: Int
        get() = memory.limit()

    /**
     * Lends the bytes for the time of [block], as a direct buffer at position 0, which is what the core takes. Do not
     * keep it, and do not read it into an array.
     */
    public fun <T> lend(block: (ByteBuffer) -> T): T = synchronized(memory) { block(memory.slice()) }

    /** Wipes it. A second time does nothing. */
    override fun close() {
        synchronized(memory) {
            wipe(memory)
            memory.limit(0)
        }
    }

    override fun toString(): String = "Secret"

    public companion object {
        /** Takes the bytes and wipes the array that held them. */
        @JvmStatic
        public fun of(bytes: ByteArray): Secret {
            val memory = ByteBuffer.allocateDirect(bytes.size)
            memory.put(bytes).flip()
            bytes.fill(0)
            return Secret(memory)
        }

        /**
         * Takes the characters, as UTF-8, and wipes the array that held them.
         *
         * @throws TillException.Integration `identifier_malformed` when they are no Unicode text, as half of a pair of
         *   surrogates.
         */
        @JvmStatic
        @Throws(TillException::class)
        public fun of(characters: CharArray): Secret {
            val encoder = Charsets.UTF_8.newEncoder()
            val memory = ByteBuffer.allocateDirect(characters.size * BYTES_PER_CHAR_MAX)
            val encoded = encoder.encode(CharBuffer.wrap(characters), memory, true)
            characters.fill('\u0000')
            if (encoded != CoderResult.UNDERFLOW) {
                wipe(memory)
                throw TillException.Integration(factsOf("identifier_malformed"))
            }
            memory.flip()
            return Secret(memory)
        }

        private const val BYTES_PER_CHAR_MAX = 3

        private fun wipe(memory: ByteBuffer) {
            for (index in 0 until memory.limit()) memory.put(index, 0)
        }
    }
}

/**
 * Hands a secret to the core and wipes [bytes], whatever happens. What an adapter of the key store ends `unwrap` and
 * `mac` with.
 */
@Throws(TillException::class)
public fun SecretSink.putAndWipe(bytes: ByteArray) {
    Secret.of(bytes).use { secret -> secret.lend(::put) }
}
