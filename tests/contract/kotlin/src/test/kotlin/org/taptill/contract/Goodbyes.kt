package org.taptill.contract

import java.io.File
import org.taptill.Secret
import org.taptill.Till
import org.taptill.core.DeviceSays
import org.taptill.core.NetworkFacts
import org.taptill.core.postureOf

/** The calls about the end of a till and about the way to the host. */
class Goodbyes(private val face: Face, private val home: File, private val ports: FaultyPorts) {
    /** What a call gives, once every argument has been asked for. */
    suspend fun answer(name: String, with: Keys): Any? =
        when (name) {
            "deregister" -> deregister(with)
            "deregister_with" -> deregisterWith(with)
            "erasure_certificates" -> with.done().let { Till.certificates(home) }
            "network_view" -> with.done().let { network().view() }
            "take_pins" -> text(with).let { face.limited { network().takePins(it) } }
            "read_message" -> text(with).let { face.limited { network().readMessage(it) } }
            "renew_certificate" -> with.done().let { face.limited { network().renewCertificate() } }
            "posture_of" -> facts(with).let { with.done().let { _ -> postureOf(it) } }
            else -> People.answer(name, with, face::till)
        }

    private fun network() = face.till().network

    private suspend fun deregister(with: Keys): Any {
        val sink = sink(with)
        with.done()
        return face.limited { face.till().leaving.deregister(sink) }
    }

    private suspend fun deregisterWith(with: Keys): Any {
        val second = with.text("name") ?: People.BOB
        val password = with.text("password") ?: People.BOBS_PASSWORD
        val sink = sink(with)
        with.done()
        return Secret.of(password.toByteArray()).use {
            face.limited { face.till().leaving.deregisterWith(second, it, sink) }
        }
    }

    private fun sink(with: Keys) = ports.drawer().takeIf { with.value("export")?.toString() == "true" }

    private fun text(with: Keys): ByteArray = with.wanted("text").also { with.done() }.toByteArray()

    private fun facts(with: Keys): NetworkFacts {
        fun says(key: String) = Face.word(with.text(key) ?: "no", DeviceSays.entries)
        return NetworkFacts(
            reachable = says("reachable"),
            captivePortal = says("captive_portal"),
            proxied = says("proxied"),
            userAuthority = says("user_authority"),
            vpn = says("vpn"),
            openWifi = says("open_wifi"),
            clockByHand = says("clock_by_hand"),
        )
    }
}
