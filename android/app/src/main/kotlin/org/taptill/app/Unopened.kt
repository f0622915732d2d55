package org.taptill.app

import org.taptill.core.Language
import org.taptill.core.Screen
import org.taptill.core.ScreenKind
import org.taptill.core.TillException
import org.taptill.core.Tone
import org.taptill.words

/**
 * The page of a till that could not be opened at all. Where the core can speak, the words are its own; a library that
 * is not the one this app was built for cannot, and those are the only words that the app has itself.
 */
object Unopened {
    /** What to show for [why]. */
    fun page(why: Throwable, language: Language): Screen =
        when (why) {
            is TillException -> why.words(language).let { page(language, it.what, it.money, it.todo) }
            else -> page(language, "Taptill", OTHER_LIBRARY.getValue(language), null)
        }

    private fun page(language: Language, title: String, message: String, advice: String?) =
        Screen(
            kind = ScreenKind.TROUBLE,
            tone = Tone.BAD,
            title = title,
            headline = null,
            message = message,
            advice = advice,
            lights = 0u,
            fieldOn = false,
            rows = emptyList(),
            fields = emptyList(),
            slip = null,
            keypad = false,
            backspaceLabel = "",
            actions = emptyList(),
            `private` = false,
            language = language,
        )

    private val OTHER_LIBRARY =
        mapOf(
            Language.EN to "The parts of this app do not fit together. Update it or install it again.",
            Language.ZH_CN to "本应用的各部分版本不一致。请更新或重新安装。",
        )
}
