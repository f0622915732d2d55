package org.taptill.app

import android.app.Activity
import android.content.Intent as Errand
import android.os.Bundle
import android.view.WindowManager
import java.lang.ref.WeakReference
import org.taptill.android.CardReader
import org.taptill.android.FolderPlace
import org.taptill.android.PrivateScreen
import org.taptill.android.ReaderState
import org.taptill.app.draw.ScreenView
import org.taptill.core.Intent
import org.taptill.core.Screen

/**
 * The tap terminal: draws the core's screens, sends back what is touched, and lends the reader. It remembers nothing:
 * turned, sent away or restarted, it asks the core again.
 *
 * Evidence: `TapTest`, `PeopleTest`.
 */
class TillActivity : Activity() {
    private val shop
        get() = (application as TillApplication).shop

    private val drawing: (Screen) -> Unit = ::draw

    private lateinit var page: ScreenView
    private lateinit var reader: CardReader

    override fun onCreate(savedInstanceState: Bundle?) {
        Look.apply(this)
        super.onCreate(savedInstanceState)
        page = ScreenView(this, { field, typed -> shop.enter(field, typed) }, { shop.recoveryCode() }, ::want)
        reader = CardReader(this, { shop.present(it) }, { shop.collision() }, ::tell)
        setContentView(page)
        Look.bars(this)
        // Until the core says otherwise, nothing here is to be photographed.
        PrivateScreen.shield(this, isPrivate = true)
    }

    override fun onStart() {
        super.onStart()
        shop.watch(drawing)
        shop.send(Intent.Foreground)
    }

    override fun onResume() {
        super.onResume()
        (application as TillApplication).front = WeakReference(this)
        reader.resume()
    }

    override fun onPause() {
        reader.pause()
        super.onPause()
    }

    override fun onStop() {
        // A turned phone is still in the hand.
        if (!isChangingConfigurations) shop.send(Intent.Background)
        shop.leave(drawing)
        super.onStop()
    }

    override fun onDestroy() {
        page.forget()
        super.onDestroy()
    }

    @Deprecated("the replacement needs Android 13")
    override fun onBackPressed() {
        shop.send(Intent.Back)
    }

    @Deprecated("the replacement needs a library")
    override fun onActivityResult(requestCode: Int, resultCode: Int, data: Errand?) {
        val picked = data?.data ?: return
        when (requestCode) {
            SETUP_FILE -> shop.provision { SetupFile.read(contentResolver, picked) }
            PLACE -> shop.exportTo(FolderPlace(contentResolver, picked))
        }
    }

    private fun draw(screen: Screen) {
        page.show(screen)
        reader.isWanted = screen.fieldOn
        PrivateScreen.shield(this, screen.`private`)
        keepAwake(screen.fieldOn)
    }

    private fun tell(reader: ReaderState) =
        when (reader) {
            ReaderState.Ready -> shop.send(Intent.ReaderReady)
            ReaderState.Off,
            ReaderState.Absent -> shop.send(Intent.ReaderOff)
        }

    private fun want(intent: Intent) {
        when (intent) {
            // Only the shell can let a person pick a file or a folder.
            Intent.Provision -> startActivityForResult(SetupFile.errand(), SETUP_FILE)
            Intent.ChoosePlace -> startActivityForResult(FolderPlace.errand(), PLACE)
            else -> shop.send(intent)
        }
    }

    private fun keepAwake(isWaiting: Boolean) {
        val awake = WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON
        window.setFlags(if (isWaiting) awake else 0, awake)
    }

    private companion object {
        const val SETUP_FILE = 1
        const val PLACE = 2
    }
}
