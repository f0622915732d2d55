package org.taptill

import java.nio.ByteBuffer
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.taptill.core.NoHandle
import org.taptill.core.SecretSink
import org.taptill.core.TillException

class SecretTest {
    @Test
    fun bytes_are_taken_and_their_array_is_wiped() {
        val bytes = byteArrayOf(1, 2, 3)
        Secret.of(bytes).use { secret ->
            assertArrayEquals(byteArrayOf(0, 0, 0), bytes)
            assertArrayEquals(byteArrayOf(1, 2, 3), secret.lend(::read))
        }
    }

    @Test
    fun characters_are_taken_as_utf_8_and_their_array_is_wiped() {
        for (text in listOf("", "1234", "päß", "密码", "\uD83D\uDD11")) {
            val characters = text.toCharArray()
            Secret.of(characters).use { assertArrayEquals(text.toByteArray(), it.lend(::read), text) }
            assertTrue(characters.all { it == '\u0000' }, text)
        }
    }

    @Test
    fun text_that_is_not_unicode_is_refused_and_wiped() {
        for (text in listOf("\uD800", "12\uDC00", "ab\uD83D")) {
            val characters = text.toCharArray()
            val refused = assertThrows(TillException.Integration::class.java) { Secret.of(characters) }
            assertEquals("identifier_malformed", refused.facts.code)
            assertTrue(characters.all { it == '\u0000' })
        }
    }

    @Test
    fun it_is_lent_direct_and_from_its_beginning_each_time() {
        Secret.of(byteArrayOf(7)).use { secret ->
            repeat(2) {
                secret.lend { lent ->
                    assertTrue(lent.isDirect)
                    assertEquals(0, lent.position())
                    lent.get()
                }
            }
        }
    }

    @Test
    fun closed_it_is_wiped_and_empty() {
        val secret = Secret.of(byteArrayOf(7, 8))
        val kept = secret.lend { it }
        secret.close()
        secret.close()
        assertEquals(0, secret.size)
        assertArrayEquals(byteArrayOf(0, 0), read(kept))
    }

    @Test
    fun it_prints_nothing_of_itself() {
        assertEquals("Secret", Secret.of("hidden".toCharArray()).use { "$it" })
    }

    @Test
    fun a_sink_that_fails_does_not_keep_the_array_from_being_wiped() {
        val bytes = byteArrayOf(1)
        assertThrows(Exception::class.java) { SecretSink(NoHandle).putAndWipe(bytes) }
        assertArrayEquals(byteArrayOf(0), bytes)
    }

    private fun read(buffer: ByteBuffer): ByteArray = ByteArray(buffer.remaining()).also { buffer.duplicate().get(it) }
}
