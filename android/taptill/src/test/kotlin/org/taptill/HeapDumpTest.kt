package org.taptill

import java.io.File
import java.nio.file.Path
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/**
 * After secrets have passed the face, the whole heap of the JVM, garbage included, holds no copy of them in any form it
 * would have.
 */
class HeapDumpTest {
    @TempDir lateinit var folder: Path

    @Test
    fun the_heap_holds_no_copy_of_a_secret_that_passed() {
        assertEquals(emptyMap<String, List<String>>(), found("wipe"))
    }

    @Test
    fun copies_that_are_kept_are_found() {
        val found = found("keep")
        assertTrue("utf-8" in found.getValue("passphrase"), "$found")
        assertTrue(found.any { (secret, forms) -> secret.startsWith("wrapped-") && "utf-8" in forms }, "$found")
    }

    /** The secrets that are in the dump, each with the forms in which it is. */
    private fun found(mode: String): Map<String, List<String>> {
        Child.run("org.taptill.HeapDumpProgram", listOf("$folder", mode), listOf("-Xmx64m"))
        val dump = folder.resolve("heap.hprof").toFile().readBytes()
        assertTrue(indexOf(dump, "HeapDumpProgram".toByteArray()), "the dump has no names of classes: it is none")
        val secrets = folder.toFile().listFiles { file: File -> file.extension == "secret" }!!
        assertTrue(secrets.size >= 2, "${secrets.toList()}")
        return secrets
            .associate { secret ->
                secret.nameWithoutExtension to
                    forms(secret.readBytes()).filter { indexOf(dump, it.value) }.keys.toList()
            }
            .filterValues { it.isNotEmpty() }
    }

    /**
     * How a JVM would hold these bytes, or a text of them. A long secret is searched by its beginning, whose copy is no
     * accident.
     */
    private fun forms(secret: ByteArray): Map<String, ByteArray> {
        val begin = secret.copyOf(minOf(secret.size, SEARCHED_BYTES))
        val text = begin.toString(Charsets.ISO_8859_1)
        val hex = begin.joinToString("") { "%02x".format(it) }
        return mapOf(
            "utf-8" to begin,
            "utf-16" to text.toByteArray(Charsets.UTF_16LE),
            "utf-16, swapped" to text.toByteArray(Charsets.UTF_16BE),
            "hex" to hex.toByteArray(),
            "capital hex" to hex.uppercase().toByteArray(),
            "hex, utf-16" to hex.toByteArray(Charsets.UTF_16LE),
        )
    }

    private fun indexOf(bytes: ByteArray, wanted: ByteArray): Boolean {
        val first = wanted[0]
        return (0..bytes.size - wanted.size).any { at ->
            bytes[at] == first && wanted.indices.all { bytes[at + it] == wanted[it] }
        }
    }

    private companion object {
        const val SEARCHED_BYTES = 32
    }
}
