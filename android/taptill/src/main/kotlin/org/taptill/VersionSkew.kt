package org.taptill

import java.nio.BufferUnderflowException
import java.nio.charset.CharacterCodingException
import kotlin.coroutines.cancellation.CancellationException
import org.taptill.core.InternalException
import org.taptill.core.TillException
import org.taptill.core.factsOf
import org.taptill.core.uniffiEnsureInitialized

/** How the library that was loaded differs from the one that this code was built for. */
public sealed class VersionSkew {
    /** The two do not speak the same foreign interface. Nothing can be called. */
    public data object OtherContract : VersionSkew()

    /** A function is missing, or has other arguments. Nothing can be called. */
    public data object OtherSurface : VersionSkew()

    /** The library answered with a value that this code has no name for. The call was carried out. */
    public data class UnknownValue(
        /** What could not be read, in the reader's words. It holds no data. */
        val what: String
    ) : VersionSkew()
}

/**
 * Hears of a [VersionSkew] before the call that met it throws [VersionSkewException]: to log it, or to ask for an
 * update of the app.
 */
public fun interface VersionSkewHandler {
    /** Called on the thread of the call that met it. */
    public fun onSkew(skew: VersionSkew)

    public companion object {
        /** The default: the exception says it all. */
        public val Throwing: VersionSkewHandler = VersionSkewHandler { throw VersionSkewException(it) }
    }
}

/**
 * The library that was loaded is not the one that this code was built for. After [VersionSkew.UnknownValue] the call
 * was carried out and its money is safe: an app that is up to date, or the till's next start, reads the attempt from
 * the record.
 */
public class VersionSkewException(
    /** How they differ. */
    public val skew: VersionSkew,
    cause: Throwable? = null,
) : RuntimeException("this code was built for another core: $skew", cause)

/**
 * Every call into the library goes through here, so that whatever it ends with is a [TillException] or a
 * [VersionSkewException].
 *
 * The generated code says what it found with exceptions of the platform; each is given its name here, once. Evidence:
 * `VersionSkewTest`, `BadInputTest`.
 */
internal class Border(private val handler: VersionSkewHandler) {
    inline fun <T> cross(call: () -> T): T =
        try {
            uniffiEnsureInitialized()
            call()
        } catch (thrown: Throwable) {
            throw named(thrown)
        }

    fun named(thrown: Throwable): Throwable =
        when (thrown) {
            is TillException,
            is VersionSkewException,
            is CancellationException -> thrown
            is CharacterCodingException -> TillException.Integration(factsOf("identifier_malformed"))
            is InternalException -> TillException.Lifecycle(factsOf("till_failed"))
            is IllegalStateException -> TillException.Lifecycle(factsOf("terminal_closed"))
            else -> skewOf(thrown)?.let { reported(it, thrown) } ?: thrown
        }

    /** Whatever the handler does: the call cannot answer, and says why. */
    private fun reported(skew: VersionSkew, cause: Throwable): VersionSkewException {
        runCatching { handler.onSkew(skew) }
        return VersionSkewException(skew, cause)
    }

    private fun skewOf(thrown: Throwable): VersionSkew? =
        when (thrown) {
            // The check runs once; later calls are told what it threw at first, as a cause or inside its text.
            is ExceptionInInitializerError,
            is NoClassDefFoundError -> thrown.cause?.let(::skewOf) ?: said(thrown.message.orEmpty())
            is UnsatisfiedLinkError -> said(thrown.message.orEmpty())
            is BufferUnderflowException -> VersionSkew.UnknownValue("a value that is too short")
            is RuntimeException -> said(thrown.message.orEmpty())
            else -> null
        }

    private fun said(message: String): VersionSkew? =
        when {
            CONTRACT in message -> VersionSkew.OtherContract
            CHECKSUM in message || LOOKUP in message -> VersionSkew.OtherSurface
            UNKNOWN in message || JUNK in message -> VersionSkew.UnknownValue(message)
            else -> null
        }

    /** What the generated code and JNA say; `VersionSkewTest` fails when they say it otherwise. */
    private companion object {
        const val LOOKUP = "Error looking up function"
        const val CONTRACT = "UniFFI contract version mismatch"
        const val CHECKSUM = "UniFFI API checksum mismatch"
        const val UNKNOWN = "enum value, something is very wrong"
        const val JUNK = "junk remaining in buffer"
    }
}
