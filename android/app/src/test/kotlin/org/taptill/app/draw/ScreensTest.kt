package org.taptill.app.draw

import android.content.Context
import android.content.res.Configuration
import android.graphics.Bitmap
import android.graphics.Color
import android.util.DisplayMetrics
import android.view.View.MeasureSpec
import android.view.ViewGroup.LayoutParams
import android.widget.FrameLayout
import android.widget.TextView
import java.io.File
import java.util.Locale
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.taptill.core.Language
import org.taptill.core.Screen
import org.taptill.core.ScreenKind
import org.taptill.core.screenGallery
import org.taptill.support.pictureOf
import org.taptill.support.writePng

/**
 * Every screen that the core can show, on every phone that counts: drawn, audited and kept as a picture.
 *
 * `taptill.screens.out` says where the pictures go; without it they are only looked at.
 */
@RunWith(RobolectricTestRunner::class)
class ScreensTest {
    /** A phone as its owner set it. */
    private data class Phone(
        val language: Language,
        val isDark: Boolean,
        val widthDp: Int,
        val heightDp: Int,
        val fontScale: Float,
    ) {
        val name: String
            get() =
                "${if (language == Language.EN) "en" else "zh-CN"}.${if (isDark) "dark" else "light"}.$widthDp.$fontScale"

        fun context(): Context {
            val configuration = Configuration(RuntimeEnvironment.getApplication().resources.configuration)
            configuration.setLocale(if (language == Language.EN) Locale.ENGLISH else Locale.SIMPLIFIED_CHINESE)
            configuration.fontScale = fontScale
            configuration.densityDpi = DisplayMetrics.DENSITY_HIGH
            configuration.screenWidthDp = widthDp
            configuration.screenHeightDp = heightDp
            val night = if (isDark) Configuration.UI_MODE_NIGHT_YES else Configuration.UI_MODE_NIGHT_NO
            configuration.uiMode = Configuration.UI_MODE_TYPE_NORMAL or night
            return RuntimeEnvironment.getApplication().createConfigurationContext(configuration)
        }
    }

    private val out = System.getProperty("taptill.screens.out").orEmpty().takeIf { it.isNotEmpty() }?.let(::File)

    @Test
    fun everyScreenIsReadableAndTouchableOnEveryPhone() {
        val findings = mutableListOf<String>()
        var drawn = 0
        val kinds = mutableSetOf<ScreenKind>()
        for (phone in phones()) {
            val context = phone.context()
            for (sample in screenGallery(phone.language)) {
                val picture =
                    draw(context, phone, sample.screen) { audit ->
                        findings += audit.findings().map { "${sample.name}.${phone.name}: $it" }
                    }
                out?.let { writePng(picture, File(it, "${phone.name}/${sample.name}.png")) }
                picture.recycle()
                kinds += sample.screen.kind
                drawn += 1
            }
        }
        println("screens: $drawn drawn")
        findings.forEach(::println)
        assertEquals("every kind of screen has a picture", ScreenKind.entries.toSet(), kinds)
        assertEquals("findings, first of them ${findings.firstOrNull()}", 0, findings.size)
    }

    @Test
    fun cutOffWordsSmallTargetsAndPaleWordsAreFound() {
        val phone = phones().first()
        val table =
            listOf<Pair<String, (TextView) -> LayoutParams>>(
                "high in" to { LayoutParams(400, 12) },
                "breaks inside the word approved" to
                    {
                        it.textSize = 60f
                        LayoutParams(130, 900)
                    },
                "cut off by what holds it" to { LayoutParams(4_000, 100) },
                "breaks inside the word 1234567.89" to
                    {
                        it.text = "1234567.89"
                        it.textSize = 60f
                        LayoutParams(300, 900)
                    },
                "contrast:" to
                    {
                        it.setTextColor(Color.LTGRAY)
                        LayoutParams(400, 100)
                    },
                "target:" to
                    {
                        it.setOnClickListener {}
                        LayoutParams(400, 60)
                    },
            )
        for ((finding, fault) in table) {
            val words =
                TextView(phone.context()).apply {
                    text = "Not approved"
                    setTextColor(Color.BLACK)
                }
            val page = FrameLayout(phone.context()).apply { setBackgroundColor(Color.WHITE) }
            val place = fault(words)
            page.addView(words, FrameLayout.LayoutParams(place.width, place.height))
            page.measure(
                MeasureSpec.makeMeasureSpec(640, MeasureSpec.EXACTLY),
                MeasureSpec.makeMeasureSpec(1_000, MeasureSpec.EXACTLY),
            )
            page.layout(0, 0, 640, 1_000)
            val found = Audit(page, pictureOf(page), 1.5f).findings()
            assertTrue("$finding is not among $found", found.any { finding in it })
        }
        assertEquals(21.0, Audit.contrast(Color.BLACK, Color.WHITE), 0.01)
    }

    private fun draw(context: Context, phone: Phone, screen: Screen, audited: (Audit) -> Unit): Bitmap {
        val density = context.resources.displayMetrics.density
        val page = ScreenView(context) {}
        page.show(screen)
        val width = MeasureSpec.makeMeasureSpec((phone.widthDp * density).toInt(), MeasureSpec.EXACTLY)
        val least = (phone.heightDp * density).toInt()
        page.measure(width, MeasureSpec.makeMeasureSpec(least, MeasureSpec.EXACTLY))
        val height = maxOf(least, page.getChildAt(0).measuredHeight)
        page.measure(width, MeasureSpec.makeMeasureSpec(height, MeasureSpec.EXACTLY))
        page.layout(0, 0, page.measuredWidth, page.measuredHeight)
        val picture = pictureOf(page)
        audited(Audit(page, picture, density))
        return picture
    }

    private fun phones(): List<Phone> =
        Language.entries.flatMap { language ->
            listOf(false, true).flatMap { isDark ->
                listOf(320 to 640, 411 to 840).flatMap { (width, height) ->
                    listOf(1f, 2f).map { Phone(language, isDark, width, height, it) }
                }
            }
        }
}
