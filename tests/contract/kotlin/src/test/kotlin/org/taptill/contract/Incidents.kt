package org.taptill.contract

import java.io.File
import org.taptill.Evidence
import org.taptill.EvidencePreview
import org.taptill.LossReport
import org.taptill.Secret
import org.taptill.core.EvidenceScope

/** The calls about bad days: the freeze, its release, renewed passwords, losses, and evidence. */
class Incidents(private val face: Face, private val goodbyes: Goodbyes, private val home: File) : AutoCloseable {
    private var preview: EvidencePreview? = null
    private var loss: LossReport? = null

    /** What a call gives, once every argument has been asked for. */
    suspend fun answer(name: String, with: Keys): Any? =
        when (name) {
            "freeze" -> with.text("reason").let { with.done().let { _ -> face.limited { incident().freeze(it) } } }
            "freeze_as" -> freezeAs(with)
            "release" -> release(with)
            "renew_passwords" -> with.done().let { face.limited { incident().renewPasswords() } }
            "approvals" -> approvals(with)
            "report_loss" -> report(with)
            "loss_text" -> Face.language(with).let { with.done().let { _ -> loss().text(it) } }
            "loss_html" -> Face.language(with).let { with.done().let { _ -> loss().html(it) } }
            "loss_json" -> with.done().let { loss().json() }
            "preview_evidence" -> preview(with)
            "disclose_evidence" -> disclose(with)
            "verify_evidence" -> verify(with)
            else -> goodbyes.answer(name, with)
        }

    override fun close() {
        preview?.close()
        loss?.close()
    }

    private fun incident() = face.till().incident

    private suspend fun freezeAs(with: Keys) {
        val who = with.text("name") ?: People.ALICE
        val password = with.text("password") ?: People.ALICES_PASSWORD
        val reason = with.text("reason")
        with.done()
        Secret.of(password.toByteArray()).use { face.limited { incident().freezeAs(who, it, reason) } }
    }

    private suspend fun release(with: Keys) {
        val second = with.text("name") ?: People.BOB
        val password = with.text("password") ?: People.BOBS_PASSWORD
        with.done()
        Secret.of(password.toByteArray()).use { face.limited { incident().release(second, it) } }
    }

    private suspend fun approvals(with: Keys): Any {
        val name = with.text("name") ?: People.BOB
        val days = with.number("days") ?: DAYS
        with.done()
        return face.limited { incident().approvals(name, days) }
    }

    private suspend fun report(with: Keys): Any {
        val from = with.long("from_ms")
        val to = with.long("to_ms")
        val sends = with.value("sends")?.toString() == "true"
        with.done()
        val report = face.limited { incident().reportLoss(from, to, sends) }
        loss?.close()
        loss = report
        return report.facts
    }

    private fun loss(): LossReport = loss ?: unknown("a loss that was never reported")

    private suspend fun preview(with: Keys): Any {
        val scope = scope(with)
        with.done()
        val looked = face.limited { face.till().evidence.preview(scope) }
        preview?.close()
        preview = looked
        return looked.facts
    }

    private suspend fun disclose(with: Keys): Any {
        val to = with.text("to")
        val language = Face.language(with)
        val out = bundle(with.wanted("name"))
        with.done()
        val preview = preview ?: unknown("a bundle that was never previewed")
        return face.limited { preview.disclose(to, language, out) }
    }

    private suspend fun verify(with: Keys): Any {
        val keys = with.text("keys")
        val language = Face.language(with)
        val bundle = with.text("file")?.let(::File) ?: bundle(with.wanted("name"))
        with.done()
        return Evidence.verify(bundle, keys, language)
    }

    /** Where a case's bundle of this name lies: beside the till's folder. */
    private fun bundle(name: String) = File("${home.path}-$name")

    private companion object {
        const val DAYS = 30

        fun scope(with: Keys): EvidenceScope {
            val attempt = with.text("attempt")
            val from = with.long("from_ms")
            val to = with.long("to_ms")
            val isIncident = with.value("incident")?.toString() == "true"
            return when {
                attempt != null && from == null && to == null -> EvidenceScope.Attempt(attempt)
                from == null || to == null -> unknown("evidence of nothing")
                isIncident -> EvidenceScope.Incident(from, to)
                else -> EvidenceScope.Period(from, to)
            }
        }
    }
}
