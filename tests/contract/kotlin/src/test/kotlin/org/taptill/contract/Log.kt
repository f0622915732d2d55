package org.taptill.contract

import java.util.concurrent.TimeUnit
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock

/** What was heard, in order, and waiting for it. */
class Log<T : Any> {
    private val lock = ReentrantLock()
    private val more = lock.newCondition()
    private val heard = mutableListOf<T>()

    fun add(entry: T): Unit =
        lock.withLock {
            heard += entry
            more.signalAll()
        }

    /** Waits until [find] finds something in what was heard. */
    fun <R : Any> await(patienceMs: Long, what: String, find: (List<T>) -> R?): R =
        lock.withLock {
            var left = TimeUnit.MILLISECONDS.toNanos(patienceMs)
            while (true) {
                find(heard)?.let {
                    return it
                }
                if (left <= 0) throw Broken(Kind.TIMEOUT, "$what; heard ${heard.takeLast(10)}")
                left = more.awaitNanos(left)
            }
            @Suppress("UNREACHABLE_CODE") error("waits until it returns or throws")
        }
}
