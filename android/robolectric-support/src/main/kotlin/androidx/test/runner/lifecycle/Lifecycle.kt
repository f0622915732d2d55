package androidx.test.runner.lifecycle

import android.app.Activity

/** Where an activity is in its life. */
enum class Stage {
    PRE_ON_CREATE,
    CREATED,
    STARTED,
    RESUMED,
    PAUSED,
    STOPPED,
    RESTARTED,
    DESTROYED,
}

/** Where an application is in its life. */
enum class ApplicationStage {
    PRE_ON_CREATE,
    CREATED,
}

/** Hears an activity change its stage. */
fun interface ActivityLifecycleCallback {
    fun onActivityLifecycleChanged(activity: Activity, stage: Stage)
}

/** Knows the stage of every activity. */
interface ActivityLifecycleMonitor {
    fun addLifecycleCallback(callback: ActivityLifecycleCallback)

    fun removeLifecycleCallback(callback: ActivityLifecycleCallback)

    fun getLifecycleStageOf(activity: Activity): Stage

    fun getActivitiesInStage(stage: Stage): Collection<Activity>
}

/** Holds the monitor of the running test. */
object ActivityLifecycleMonitorRegistry {
    @Volatile private var current: ActivityLifecycleMonitor? = null

    @JvmStatic
    fun registerInstance(monitor: ActivityLifecycleMonitor?) {
        current = monitor
    }

    @JvmStatic
    fun getInstance(): ActivityLifecycleMonitor = checkNotNull(current) { "no monitor: not under Robolectric" }
}

/** Knows the stage of the application. Robolectric only registers it. */
interface ApplicationLifecycleMonitor

/** Takes the application's monitor; nobody asks for it. */
object ApplicationLifecycleMonitorRegistry {
    @JvmStatic fun registerInstance(@Suppress("UNUSED_PARAMETER") monitor: ApplicationLifecycleMonitor?) = Unit
}
