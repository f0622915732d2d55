package org.taptill

import org.taptill.core.ErrorFacts
import org.taptill.core.ErrorWords
import org.taptill.core.Language
import org.taptill.core.TillException
import org.taptill.core.describeError

/** What the error says besides its category: the code, whether money moved, whether to try again, whose turn it is. */
public val TillException.facts: ErrorFacts
    get() =
        when (this) {
            is TillException.Integration -> facts
            is TillException.Busy -> facts
            is TillException.User -> facts
            is TillException.Tap -> facts
            is TillException.Device -> facts
            is TillException.Integrity -> facts
            is TillException.Auth -> facts
            is TillException.Network -> facts
            is TillException.Outcome -> facts
            is TillException.Refund -> facts
            is TillException.Lifecycle -> facts
            is TillException.Storage -> facts
        }

/** The error in a person's words, from the core's catalogue. */
public fun TillException.words(language: Language): ErrorWords = describeError(facts, language)
