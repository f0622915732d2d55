package org.taptill

import java.io.File
import java.util.concurrent.TimeUnit
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue

/** A JVM of its own for a program of the tests: what is measured there is nobody else's. */
internal object Child {
    private const val MINUTES_MAX = 60L

    /** Runs the `main` of [program] and answers with the lines that it prints. */
    fun run(program: String, arguments: List<String>, options: List<String> = emptyList()): List<String> {
        val java = File(System.getProperty("java.home"), "bin/java").path
        val library = System.getProperty("taptill.library")
        val always =
            listOf(
                "-Djna.library.path=$library",
                "-Dtaptill.library=$library",
                "-cp",
                System.getProperty("java.class.path"),
            )
        val process =
            ProcessBuilder(listOf(java) + options + always + program + arguments).redirectErrorStream(true).start()
        val said = process.inputReader().readLines()
        assertTrue(process.waitFor(MINUTES_MAX, TimeUnit.MINUTES))
        assertEquals(0, process.exitValue(), said.joinToString("\n"))
        return said
    }
}
