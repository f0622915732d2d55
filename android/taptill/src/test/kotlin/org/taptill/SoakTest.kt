package org.taptill

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/**
 * Many sales in one process: 500, or 10,000 with `-Dtaptill.long=true`. Memory is flat after the warm-up, handles are
 * given back, no thread stays. The control keeps what each sale gave it, and is found by the same bounds.
 */
class SoakTest {
    private val long = System.getProperty("taptill.long").toBoolean()

    @Test
    fun memory_is_flat_handles_go_back_and_no_thread_stays() {
        val soaked = soak(sales = if (long) 10_000 else 500, leak = false)
        println("soak: $soaked")
        assertEquals(emptyList<String>(), soaked.faults())
    }

    @Test
    fun a_shell_that_keeps_what_it_got_is_found_by_the_same_bounds() {
        val soaked = soak(sales = 120, leak = true)
        val faults = soaked.faults()
        assertTrue(faults.any { "handles" in it } && faults.any { "memory" in it }, "$soaked: $faults")
    }

    private class Soaked(val sales: Int, private val values: Map<String, Long>) {
        fun faults(): List<String> {
            val grown = values.getValue("end_kib") - values.getValue("warm_kib")
            return listOfNotNull(
                "memory grew by $grown KiB".takeIf { grown > GROWTH_KIB_MAX },
                "heap grew by ${values["heap_grown_kib"]} KiB"
                    .takeIf { values.getValue("heap_grown_kib") > HEAP_KIB_MAX },
                "handles left: ${values["handles"]}".takeIf { values.getValue("handles") > 0 },
                "threads left: ${values["threads"]}".takeIf { values.getValue("threads") > 0 },
                "approved only ${values["approved"]}".takeIf { values.getValue("approved") != sales.toLong() },
            )
        }

        override fun toString(): String = "$sales sales, $values"
    }

    private fun soak(sales: Int, leak: Boolean): Soaked {
        // A heap of fixed size, or its growth would hide what is looked for; every arena of malloc counts.
        val options =
            listOf("-Xms96m", "-Xmx96m", "-XX:+AlwaysPreTouch", "-XX:+UseSerialGC", "-XX:ReservedCodeCacheSize=48m")
        val said = Child.run("org.taptill.SoakProgram", listOf("$sales", "$leak"), options)
        val values =
            Regex("""(\w+)=(-?\d+)""").findAll(said.last()).associate {
                it.groupValues[1] to it.groupValues[2].toLong()
            }
        return Soaked(sales, values)
    }

    private companion object {
        /**
         * What 10,000 sales may cost the process between their first tenth and their end: compiled code, and the
         * journal's pages.
         */
        const val GROWTH_KIB_MAX = 16 * 1024L

        /** And the heap of the JVM, once its garbage is gone. */
        const val HEAP_KIB_MAX = 4 * 1024L
    }
}
