package org.taptill

import java.io.File
import java.nio.ByteBuffer
import java.nio.file.Path
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import org.taptill.core.FfiConverter

/** A core that is not the one this code was built for: in place of the library, or in one value. */
class VersionSkewTest {
    @TempDir lateinit var folder: Path

    private val heard = mutableListOf<VersionSkew>()
    private val border = Border { heard += it }

    @Test
    fun an_unknown_value_of_every_generated_type_with_cases_is_named() {
        val converters = convertersWithCases()
        assertTrue(converters.size >= 15, "only ${converters.map { it.simpleName }}")
        for (type in converters) {
            val converter = type.getField("INSTANCE").get(null) as FfiConverter<*, *>
            for (ordinal in listOf(0, 99, -1, Int.MIN_VALUE)) {
                val bytes = ByteBuffer.allocate(64).putInt(0, ordinal)
                val thrown =
                    assertThrows(VersionSkewException::class.java, { border.cross { converter.read(bytes) } }, "$type")
                assertTrue(thrown.skew is VersionSkew.UnknownValue, "$type ${thrown.skew}")
                assertEquals(thrown.skew, heard.removeLast())
            }
        }
        assertEquals(emptyList<VersionSkew>(), heard)
    }

    @Test
    fun a_value_that_is_cut_short_is_named() {
        for (type in convertersWithCases()) {
            val converter = type.getField("INSTANCE").get(null) as FfiConverter<*, *>
            val thrown =
                assertThrows(VersionSkewException::class.java) {
                    border.cross { converter.read(ByteBuffer.allocate(3)) }
                }
            assertTrue(thrown.skew is VersionSkew.UnknownValue, "$type")
        }
    }

    @Test
    fun what_has_nothing_to_do_with_versions_passes_as_it_is() {
        for (thrown in
            listOf(
                RuntimeException("enum"),
                ArithmeticException(),
                OutOfMemoryError(),
                NoClassDefFoundError("org/else"),
            )) {
            assertEquals(thrown, assertThrows(Throwable::class.java) { border.cross { throw thrown } })
        }
        assertEquals(emptyList<VersionSkew>(), heard)
    }

    @Test
    fun the_default_handler_throws_and_a_handler_that_returns_changes_nothing() {
        val unknown = RuntimeException("invalid enum value, something is very wrong!!")
        for (handler in listOf(VersionSkewHandler.Throwing, VersionSkewHandler {})) {
            val thrown = assertThrows(VersionSkewException::class.java) { Border(handler).cross { throw unknown } }
            assertEquals(unknown, thrown.cause)
        }
    }

    @Test
    fun a_library_of_another_version_is_refused_by_name_at_the_first_call_and_at_each_later_one() {
        val contract = "ffi_taptill_ffi_uniffi_contract_version"
        val ours = Regex("""val bindings_contract_version = (\d+)""").find(generated)!!.groupValues[1].toInt()
        val rows =
            listOf(
                stub("newer contract", functions.associateWith { 0 } + (contract to ours + 1)) to "OtherContract",
                stub("other checksums", functions.associateWith { 0 } + (contract to ours)) to "OtherSurface",
                stub("missing function", mapOf(contract to ours)) to "OtherSurface",
            )
        for ((library, verdict) in rows) {
            val line = "heard $verdict, thrown $verdict"
            assertEquals(listOf(line, line), probe("-Duniffi.component.taptill.libraryOverride=$library"), library.name)
        }
    }

    @Test
    fun the_library_of_this_version_is_no_skew() {
        assertEquals(
            listOf("not_provisioned", "not_provisioned"),
            probe("-Djna.library.path=${System.getProperty("taptill.library")}"),
        )
    }

    @Test
    fun a_library_that_is_not_there_at_all_is_no_skew_either() {
        val said = probe("-Duniffi.component.taptill.libraryOverride=$folder/none.so")
        assertEquals(listOf("java.lang.UnsatisfiedLinkError", "java.lang.NoClassDefFoundError"), said)
    }

    /** The generated converters that begin with the number of a case. */
    private fun convertersWithCases(): List<Class<*>> =
        Regex("""object (FfiConverterType\w+) ?: FfiConverterRustBuffer<(\w+)> ?\{""")
            .findAll(generated)
            .filter { Regex("""(enum class|sealed class) ${it.groupValues[2]}\b""").containsMatchIn(generated) }
            .map { Class.forName("org.taptill.core.${it.groupValues[1]}") }
            .toList()

    private val generated = File(System.getProperty("taptill.bindings"), "org/taptill/core/taptill.kt").readText()

    private val functions = Regex("""external fun (\w+)\(""").findAll(generated).map { it.groupValues[1] }.toSet()

    /** A library that answers each of its functions with a number. */
    private fun stub(name: String, answers: Map<String, Int>): File {
        val source = folder.resolve("${name.replace(' ', '_')}.c").toFile()
        source.writeText(
            answers.entries.joinToString("\n") { (function, answer) -> "int $function(void) { return $answer; }" }
        )
        val library = File(source.path.removeSuffix(".c") + ".so")
        val compiler = ProcessBuilder("cc", "-shared", "-fPIC", "-o", library.path, source.path).inheritIO().start()
        assertEquals(0, compiler.waitFor())
        return library
    }

    /** What [SkewProbe] prints in a JVM of its own. */
    private fun probe(option: String): List<String> {
        val java = File(System.getProperty("java.home"), "bin/java").path
        val command =
            listOf(java, option, "-cp", System.getProperty("java.class.path"), "org.taptill.SkewProbe", "$folder/none")
        val process = ProcessBuilder(command).redirectErrorStream(true).start()
        val said = process.inputReader().readLines()
        assertEquals(0, process.waitFor(), said.joinToString("\n"))
        return said
    }
}
