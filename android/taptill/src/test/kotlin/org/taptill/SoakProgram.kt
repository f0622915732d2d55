package org.taptill

import java.io.File
import java.nio.ByteBuffer
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.runBlocking
import org.taptill.core.Attempt
import org.taptill.core.AttemptState
import org.taptill.testing.Shop
import org.taptill.testing.SocketCard
import org.taptill.testing.Stand

/** Sells as often as it is told, and prints what the process weighs after the warm-up and at the end. */
object SoakProgram {
    private val kept = mutableListOf<Any>()

    @JvmStatic
    fun main(arguments: Array<String>) {
        val sales = arguments[0].toInt()
        val leak = arguments[1].toBoolean()
        Stand.start().use { stand ->
            val threadsBefore = threads()
            var warm = Weight(0, 0)
            var approved = 0
            runBlocking {
                Shop.open(stand).use { shop ->
                    for (number in 1..sales) {
                        if (sell(shop, number, leak).state == AttemptState.APPROVED) approved++
                        if (number == maxOf(sales / WARM_PART, WARM_MIN)) warm = weigh()
                    }
                }
            }
            val end = weigh()
            val handles = Handles.held().values.sum()
            val left = threadsLeft(threadsBefore)
            println(
                "warm_kib=${warm.residentKib} end_kib=${end.residentKib} heap_grown_kib=${end.heapKib - warm.heapKib} " +
                    "approved=$approved handles=$handles threads=${left.size} $left"
            )
        }
    }

    private suspend fun CoroutineScope.sell(shop: Shop, number: Int, leak: Boolean): Attempt {
        val cards = mutableListOf<SocketCard>()
        val customer = shop.customer(this) { shop.stand.tap("visa").also(cards::add) }
        val sale = shop.till.begin(Shop.order(100L + number % 100))
        val attempt = sale.outcome()
        customer.cancel()
        cards.forEach { it.close() }
        if (leak) keep(sale, shop) else sale.close()
        return attempt
    }

    /**
     * The control: a sale's handle that nobody gives back, a port that the core is lent again and again, and bytes
     * beside the heap.
     */
    private fun keep(sale: Sale, shop: Shop) {
        kept += sale
        kept += Handles.lend(shop.ports)
        kept += ByteBuffer.allocateDirect(LEAK_BYTES).apply { repeat(capacity()) { put(it, 1) } }
    }

    /** What the process has of the machine's memory, and what of the heap is in use. */
    private class Weight(val residentKib: Long, val heapKib: Long)

    /** What it weighs once its garbage is gone. */
    private fun weigh(): Weight {
        repeat(3) {
            System.gc()
            System.runFinalization()
            Thread.sleep(SETTLE_MS)
        }
        val resident = File("/proc/self/status").readLines().first { it.startsWith("VmRSS") }
        val heap = Runtime.getRuntime().run { totalMemory() - freeMemory() } / BYTES_PER_KIB
        return Weight(resident.filter(Char::isDigit).toLong(), heap)
    }

    /** Threads of the process, native ones as well. */
    private fun threads(): Set<String> = File("/proc/self/task").list()!!.toSet()

    /** New threads that are neither the JVM's nor the coroutines' own, once those that end have ended. */
    private fun threadsLeft(before: Set<String>): List<String> {
        val deadline = System.nanoTime() + THREADS_GONE_NS
        while (true) {
            val left =
                (threads() - before).map {
                    File("/proc/self/task/$it/comm").runCatching { readText().trim() }.getOrDefault("")
                }
            val ours = left.filter { name -> name.isNotEmpty() && POOLS.none(name::startsWith) }
            if (ours.isEmpty() || System.nanoTime() > deadline) return ours
            Thread.sleep(SETTLE_MS)
        }
    }

    private const val BYTES_PER_KIB = 1024
    private const val WARM_PART = 10
    private const val WARM_MIN = 50
    private const val SETTLE_MS = 200L
    private const val LEAK_BYTES = 1 shl 19
    private const val THREADS_GONE_NS = 10_000_000_000
    private val POOLS =
        listOf(
            "DefaultDispatch",
            "C1 Compiler",
            "C2 Compiler",
            "kotlinx.corouti",
            "JNA Cleaner",
            "Cleaner-",
            "process reaper",
            "VM ",
            "GC ",
            "Reference",
            "Sweeper",
            "Common-Cleaner",
            "Notification",
            "Attach",
            "Signal",
            "Finalizer",
            "Service",
            "Monitor",
        )
}
