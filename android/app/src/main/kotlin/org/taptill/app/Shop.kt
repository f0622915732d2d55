package org.taptill.app

import android.os.Handler
import java.nio.ByteBuffer
import java.util.concurrent.Executor
import org.taptill.TillPorts
import org.taptill.core.CardChannel
import org.taptill.core.DeskInterface
import org.taptill.core.Display
import org.taptill.core.Intent
import org.taptill.core.Screen

/**
 * The till of this process, and whoever looks at it. It outlives every activity; what it knows is in the core.
 *
 * [open] is called once, on [worker], because it reads the whole journal. What is sent before it is done waits there.
 *
 * Evidence: `TapTest`.
 */
class Shop(
    private val main: Handler,
    private val worker: Executor,
    private val phone: TillPorts,
    open: (Display) -> DeskInterface,
) : Display {
    @Volatile private var desk: DeskInterface? = null
    private var viewer: ((Screen) -> Unit)? = null

    init {
        worker.execute {
            val opened = open(this)
            desk = opened
            show(opened.screen())
        }
    }

    /** The core has a new screen: drawn in order, on the main thread. */
    override fun show(screen: Screen) {
        main.post { viewer?.invoke(screen) }
    }

    /** Shows each screen to [viewer] from now on, beginning with the present one. Main thread. */
    fun watch(viewer: (Screen) -> Unit) {
        this.viewer = viewer
        desk?.let { viewer(it.screen()) }
    }

    /** Nobody looks any more. Main thread. */
    fun leave() {
        viewer = null
    }

    /** A person wants something. */
    fun send(intent: Intent): Unit = ask { it.send(intent) }

    /** A card is in the field. */
    fun present(channel: CardChannel): Unit = ask { it.present(phone.guarded(channel)) }

    /** More than one card is in the field. */
    fun collision(): Unit = ask { it.collision() }

    /** Hands over a provisioning, a direct buffer, and wipes it. */
    fun provision(file: ByteBuffer): Unit = ask { desk ->
        try {
            desk.provision(file.duplicate())
        } finally {
            file.clear()
            while (file.hasRemaining()) file.put(0)
        }
    }

    /** Ends the till in this process; the journal has what was under way. */
    fun close(): Unit = ask { it.shut() }

    private fun ask(question: (DeskInterface) -> Unit) {
        val now = desk
        if (now == null) worker.execute { desk?.let(question) } else question(now)
    }
}
