package org.taptill.app

import android.os.Handler
import java.nio.ByteBuffer
import java.util.concurrent.ExecutorService
import org.taptill.Secret
import org.taptill.TillPorts
import org.taptill.core.CardChannel
import org.taptill.core.DeskInterface
import org.taptill.core.Display
import org.taptill.core.ExportSink
import org.taptill.core.FieldName
import org.taptill.core.Intent
import org.taptill.core.RecoveryCodeInterface
import org.taptill.core.Screen
import org.taptill.core.TillException

/**
 * The till of this process, and whoever looks at it. It outlives every activity; what it knows is in the core.
 *
 * [open] is called once, on [worker], because it reads the whole journal. All that is asked of the till goes through
 * the same worker, so that it arrives in the order in which it was asked. What keeps the till from opening is a page of
 * [Unopened].
 *
 * Evidence: `ShopTest`, `TapTest`, `PeopleTest`.
 */
class Shop(
    private val main: Handler,
    private val worker: ExecutorService,
    private val phone: TillPorts,
    private val unopened: (Throwable) -> Screen,
    open: (Display) -> DeskInterface,
) : Display {
    @Volatile private var desk: DeskInterface? = null
    private var failed: Screen? = null
    private var viewer: ((Screen) -> Unit)? = null

    init {
        worker.execute {
            try {
                desk = open(this)
            } catch (refusal: Exception) {
                fail(refusal)
            } catch (otherLibrary: LinkageError) {
                fail(otherLibrary)
            }
            main.post(::redraw)
        }
    }

    /** The core has a new screen: drawn in order, on the main thread. */
    override fun show(screen: Screen) {
        main.post { viewer?.invoke(screen) }
    }

    /** Shows each screen to [viewer] from now on, beginning with the present one. Main thread. */
    fun watch(viewer: (Screen) -> Unit) {
        this.viewer = viewer
        redraw()
    }

    /** [viewer] looks no more; one that came after it stays. Main thread. */
    fun leave(viewer: (Screen) -> Unit) {
        if (this.viewer == viewer) this.viewer = null
    }

    /** A person wants something. */
    fun send(intent: Intent): Unit = ask { it.send(intent) }

    /** What a person typed into a field; it is wiped here, whatever becomes of it. */
    fun enter(field: FieldName, typed: Secret): Unit =
        worker.execute { typed.use { secret -> hand { desk -> secret.lend { desk.enter(field, it) } } } }

    /** The recovery code, while the screen that speaks of it is there; whoever takes it wipes it. */
    fun recoveryCode(): RecoveryCodeInterface? = desk?.recoveryCode()

    /** A card is in the field. */
    fun present(channel: CardChannel): Unit = ask { it.present(phone.guarded(channel)) }

    /** More than one card is in the field. */
    fun collision(): Unit = ask { it.collision() }

    /** Hands over what [read] reads, a direct buffer, and wipes it. */
    fun provision(read: () -> ByteBuffer): Unit = ask { desk ->
        val file = read()
        try {
            desk.provision(file.duplicate())
        } finally {
            file.clear()
            while (file.hasRemaining()) file.put(0)
        }
    }

    /** Ends the till in this process, and waits until it has; the journal has what was under way. */
    fun close() {
        worker.submit { desk?.shut() }.get()
        worker.shutdown()
    }

    /** Lends [place] to the screen that hands records out. */
    fun exportTo(place: ExportSink): Unit = ask { it.exportTo(phone.guarded(place)) }

    private fun redraw() {
        val now = desk?.screen() ?: failed ?: return
        viewer?.invoke(now)
    }

    private fun fail(why: Throwable) {
        val page = unopened(why)
        main.post { failed = page }
    }

    private fun ask(question: (DeskInterface) -> Unit) = worker.execute { hand(question) }

    private fun hand(question: (DeskInterface) -> Unit) {
        try {
            desk?.let(question)
        } catch (_: TillException) {
            // A till that was closed meanwhile has nothing more to hear; whatever else it refuses is a screen.
        }
    }
}
