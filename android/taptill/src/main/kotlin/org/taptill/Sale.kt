package org.taptill

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.withContext
import org.taptill.core.Attempt
import org.taptill.core.Operation
import org.taptill.core.TillException

/**
 * A sale or a void that has begun. The core carries it to its end whatever becomes of this object or of the coroutine
 * that began it: to let go of it loses no money, [Till.status] and [Till.events] tell how it ended.
 */
public class Sale
internal constructor(
    private val operation: Operation,
    private val calls: Calls,
    /** The attempt's name. */
    public val attempt: String,
) : AutoCloseable {
    /**
     * Waits for the attempt's end, or for the moment at which it goes in doubt and resolves by itself. May be awaited
     * again, and by several. A coroutine that is cancelled here stops waiting, and nothing else happens: see
     * [outcomeOrCancel].
     *
     * @throws TillException what kept the attempt from ending; [Till.status] tells later how it stands.
     */
    public suspend fun outcome(): Attempt = calls.awaiting { operation.awaitOutcome() }

    /**
     * As [outcome], but a coroutine that is cancelled here ends the attempt with [cancel] and waits for its end,
     * however long the host takes, before the cancellation goes on. When it was too late to cancel, the attempt ends as
     * the host says.
     */
    public suspend fun outcomeOrCancel(): Attempt =
        try {
            outcome()
        } catch (cancelled: CancellationException) {
            withContext(NonCancellable) { end() }
            throw cancelled
        }

    /**
     * Ends the attempt unless it has gone to the host already.
     *
     * @throws TillException.Busy `too_late_to_cancel`: wait for the [outcome].
     * @throws TillException.User `attempt_already_finished`.
     */
    public suspend fun cancel(): Attempt = calls.blocking { operation.cancel() }

    /** Gives the handle back. The sale goes on. */
    override fun close(): Unit = operation.destroy()

    /**
     * Whatever the till answers, the attempt is at its end afterwards, or the till says by itself what became of it.
     */
    private suspend fun end() {
        runCatching { cancel() }
        runCatching { outcome() }
    }
}
