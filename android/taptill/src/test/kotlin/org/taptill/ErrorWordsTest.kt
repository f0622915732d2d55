package org.taptill

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.taptill.core.Language
import org.taptill.core.TillException
import org.taptill.core.errorCodes
import org.taptill.core.factsOf

class ErrorWordsTest {
    @Test
    fun every_code_has_words_in_every_language() {
        val codes = errorCodes()
        assertTrue(codes.size >= 50, "only ${codes.size} codes")
        for (code in codes) {
            for (language in Language.entries) {
                val words = TillException.Integration(factsOf(code)).words(language)
                for (text in listOf(words.what, words.todo, words.money)) assertTrue(
                    text.isNotBlank(),
                    "$code $language",
                )
            }
        }
    }

    @Test
    fun a_code_that_the_core_does_not_have_is_refused() {
        val refused = assertThrows(TillException.Integration::class.java) { factsOf("no_such_code") }
        assertEquals("identifier_malformed", refused.facts.code)
        val unknown = TillException.Integration(factsOf("till_busy").copy(code = "from_a_newer_core"))
        assertThrows(TillException.Integration::class.java) { unknown.words(Language.EN) }
    }
}
