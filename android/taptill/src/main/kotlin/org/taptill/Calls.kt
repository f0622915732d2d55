package org.taptill

import kotlin.coroutines.coroutineContext
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.withContext

/**
 * How a till's calls leave the main thread and come back, each through the [Border], each ringing the [bell] of the
 * events.
 */
internal class Calls(private val border: Border, private val bell: Bell) {
    /**
     * A call that blocks: on a thread for waiting. A coroutine that is cancelled meanwhile gets the answer all the
     * same, or the answer would be lost with what it holds.
     */
    suspend fun <T> blocking(call: () -> T): T {
        coroutineContext.ensureActive()
        return withContext(NonCancellable + Dispatchers.IO) { now(call) }
    }

    /** A call that suspends, and may be left. */
    suspend fun <T> awaiting(call: suspend () -> T): T =
        try {
            border.cross { call() }
        } finally {
            bell.ring()
        }

    /** A call that answers at once. */
    fun <T> now(call: () -> T): T =
        try {
            border.cross(call)
        } finally {
            bell.ring()
        }
}
