package androidx.test.runner.intent

import android.app.Instrumentation
import android.content.Intent

/** Hears intents. Robolectric only registers it. */
interface IntentMonitor

/** Takes the monitor of intents; nobody asks for it. */
object IntentMonitorRegistry {
    @JvmStatic fun registerInstance(@Suppress("UNUSED_PARAMETER") monitor: IntentMonitor?) = Unit
}

/** Answers an intent in place of an activity. */
fun interface IntentStubber {
    fun getActivityResultForIntent(intent: Intent): Instrumentation.ActivityResult
}

/** No intent is ever stubbed here. */
object IntentStubberRegistry {
    @JvmStatic fun isLoaded(): Boolean = false

    @JvmStatic fun getInstance(): IntentStubber = error("no intent is stubbed")
}
