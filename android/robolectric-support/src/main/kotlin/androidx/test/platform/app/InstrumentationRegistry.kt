package androidx.test.platform.app

import android.app.Instrumentation
import android.os.Bundle

/** Holds the one instrumentation that Robolectric makes for a test. */
object InstrumentationRegistry {
    @Volatile private var current: Instrumentation? = null

    @JvmStatic
    fun registerInstance(instance: Instrumentation?, @Suppress("UNUSED_PARAMETER") arguments: Bundle?) {
        current = instance
    }

    @JvmStatic
    fun getInstrumentation(): Instrumentation = checkNotNull(current) { "no instrumentation: not under Robolectric" }
}
