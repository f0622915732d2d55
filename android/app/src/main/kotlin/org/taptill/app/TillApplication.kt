package org.taptill.app

import android.app.Activity
import android.app.Application
import android.content.pm.PackageManager
import android.os.Build
import android.os.Handler
import android.os.Looper
import java.io.File
import java.lang.ref.WeakReference
import java.util.concurrent.Executors
import org.taptill.TillPorts
import org.taptill.android.AndroidClock
import org.taptill.android.AndroidNetwork
import org.taptill.android.BiometricKeys
import org.taptill.android.KeyMaker
import org.taptill.android.KeystoreKeys
import org.taptill.android.SystemPrompt
import org.taptill.core.Desk
import org.taptill.core.Language
import org.taptill.core.Notice
import org.taptill.core.Observer

/** Lends the core this phone, and keeps its till while the process lives. */
class TillApplication : Application() {
    private var opened: Shop? = null

    /** The till of this process. */
    val shop: Shop
        get() = opened ?: openShop().also { opened = it }

    private fun openShop(): Shop {
        val worker = Executors.newSingleThreadExecutor { Thread(it, "taptill-app").apply { isDaemon = true } }
        val language = language()
        val unopened = { why: Throwable -> Unopened.page(why, language) }
        return Shop(Handler(Looper.getMainLooper()), worker, phone, unopened) {
            Desk.open(home.path, phone.guarded(Deaf), language, phone.guarded(it))
        }
    }

    /** What a new process begins with: no till. */
    internal fun forget() {
        opened = null
    }

    /** The till's folder: never in a backup, never on shared storage. */
    val home: File
        get() = File(noBackupFilesDir, "till")

    /** The activity over which Android asks for a finger or a face; it is not kept by this. */
    @Volatile internal var front: WeakReference<Activity> = WeakReference(null)

    /** Before Android 9 there is no dialog of the system's for it. */
    private fun hasSensor(): Boolean =
        Build.VERSION.SDK_INT >= Build.VERSION_CODES.P && SENSORS.any { packageManager.hasSystemFeature(it) }

    private val phone by lazy {
        TillPorts(
            deviceKeys = KeystoreKeys(KeyMaker(packageManager)),
            network = AndroidNetwork(this),
            clock = AndroidClock(contentResolver),
            biometric = BiometricKeys(SystemPrompt { front.get() }).takeIf { hasSensor() },
        )
    }

    private fun language(): Language =
        when (resources.configuration.locales[0].language) {
            "zh" -> Language.ZH_CN
            else -> Language.EN
        }

    private companion object {
        val SENSORS = listOf(PackageManager.FEATURE_FINGERPRINT, PackageManager.FEATURE_FACE)
    }

    /** The screens say everything. */
    private object Deaf : Observer {
        override fun hear(notice: Notice): Unit = Unit
    }
}
