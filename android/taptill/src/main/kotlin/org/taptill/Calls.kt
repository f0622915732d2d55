package org.taptill

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.withContext
import org.taptill.core.PasswordDone
import org.taptill.core.PasswordWork

/**
 * How a till's calls leave the main thread and come back, each through the [Border], each ringing the [bell] of the
 * events.
 */
internal class Calls(private val border: Border, private val bell: Bell) {
    /**
     * A call that blocks: on a thread for waiting. A coroutine that is cancelled meanwhile gets the answer all the
     * same, or the answer would be lost with what it holds: a sale that has begun, a till that is open.
     */
    suspend fun <T> blocking(call: () -> T): T {
        currentCoroutineContext().ensureActive()
        // Two contexts, not one: on the way back from another dispatcher a cancelled caller would be told of that
        // instead.
        return withContext(NonCancellable) { withContext(Dispatchers.IO) { now(call) } }
    }

    /** A call that suspends, and may be left. */
    suspend fun <T> awaiting(call: suspend () -> T): T =
        try {
            border.cross { call() }
        } finally {
            bell.ring()
        }

    /** Work on a password, to its end, also where the coroutine is cancelled meanwhile. */
    suspend fun work(begin: () -> PasswordWork): PasswordDone =
        withContext(NonCancellable) { blocking(begin).use { work -> awaiting { work.awaitDone() } } }

    /** A call that answers at once. */
    fun <T> now(call: () -> T): T =
        try {
            border.cross(call)
        } finally {
            bell.ring()
        }
}
