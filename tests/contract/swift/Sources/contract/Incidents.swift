// The calls about bad days: the freeze, its release, renewed passwords, losses, and evidence.

import Taptill

extension Bench {
    /// A call about a bad day; nothing for any other.
    func ofIncident(_ name: String, _ with: inout Args) throws -> Json? {
        switch name {
        case "freeze":
            let reason = try with.optionalText("reason")
            try with.finish()
            let incident = try opened().incident()
            try wait { try await incident.freeze(reason: reason) }
            return .null
        case "freeze_as":
            let (who, password) = try person(&with, .alice)
            let reason = try with.optionalText("reason")
            try with.finish()
            let incident = try opened().incident()
            let work = try lending(password) { try incident.freezeAs(operator: who, password: $0, reason: reason) }
            _ = try wait { try await work.awaitDone() }
            return .null
        case "release":
            let (second, password) = try person(&with, .bob)
            try with.finish()
            let incident = try opened().incident()
            let work = try lending(password) { try incident.release(second: second, password: $0) }
            _ = try wait { try await work.awaitDone() }
            return .null
        case "preview_evidence":
            let scope = try scope(&with)
            try with.finish()
            let evidence = try opened().evidence()
            let looked = try wait { try await evidence.preview(scope: scope) }
            preview = looked
            return json(try looked.facts())
        case "disclose_evidence":
            let (to, language) = (try with.optionalText("to"), try language(&with))
            let out = bundle(try with.text("name"))
            try with.finish()
            let preview = try preview.orUnknown("nothing was previewed")
            return .from(try wait { try await preview.disclose(to: to, language: language, out: out) })
        case "verify_evidence":
            let (keys, language) = (try with.optionalText("keys"), try language(&with))
            let path = try with.optionalText("file") ?? bundle(with.text("name"))
            try with.finish()
            return json(try verifyEvidence(path: path, keys: keys, language: language))
        default: return try ofLoss(name, &with)
        }
    }

    private func ofLoss(_ name: String, _ with: inout Args) throws -> Json? {
        switch name {
        case "renew_passwords":
            try with.finish()
            let incident = try opened().incident()
            try wait { try await incident.renewPasswords() }
            return .null
        case "approvals":
            let who = try with.text("name", or: Person.bob.name)
            let days = try with.optionalWhole("days", as: UInt16.self) ?? 30
            try with.finish()
            let incident = try opened().incident()
            return .list(try wait { try await incident.approvals(operator: who, days: days) }.map { json($0) })
        case "report_loss":
            let from = try with.optionalWhole("from_ms", as: Int64.self)
            let to = try with.optionalWhole("to_ms", as: Int64.self)
            let sends = try with.flag("sends")
            try with.finish()
            let incident = try opened().incident()
            let report = try wait { try await incident.reportLoss(fromMs: from, toMs: to, sends: sends) }
            loss = report
            return json(try report.facts())
        case "loss_text", "loss_html", "loss_json":
            let language = try language(&with)
            try with.finish()
            let report = try loss.orUnknown("no loss was reported")
            switch name {
            case "loss_text": return .text(try report.text(language: language))
            case "loss_html": return .text(try report.html(language: language))
            default: return .text(try report.json())
            }
        default: return nil
        }
    }

    /// Where a case's bundle of this name lies: beside the till's folder.
    private func bundle(_ name: String) -> String {
        "\(till.home)-\(name)"
    }

    private func scope(_ with: inout Args) throws -> EvidenceScope {
        let attempt = try with.optionalText("attempt")
        let from = try with.optionalWhole("from_ms", as: Int64.self)
        let to = try with.optionalWhole("to_ms", as: Int64.self)
        let isIncident = try with.flag("incident")
        switch (attempt, from, to) {
        case (.some(let attempt), nil, nil): return .attempt(attempt: attempt)
        case (nil, .some(let from), .some(let to)):
            return isIncident ? .incident(fromMs: from, toMs: to) : .period(fromMs: from, toMs: to)
        default: throw Failure(.unknown, "evidence is of an attempt, a period or an incident")
        }
    }
}

private func json(_ facts: PreviewFacts) -> Json {
    [
        "records": .from(facts.records), "first": .from(facts.first), "last": .from(facts.last),
        "is_run": .flag(facts.isRun), "kinds": .list(facts.kinds.map(Json.text)),
        "slips": .list(facts.slips.map(Json.text)), "operators": .list(facts.operators.map(Json.text)),
        "size": .from(facts.size),
    ]
}

private func json(_ verdict: EvidenceVerdict) -> Json {
    let texts = { (texts: [String]) in Json.list(texts.map(Json.text)) }
    return [
        "holds": .flag(verdict.holds), "findings": texts(verdict.findings), "wrong": texts(verdict.wrong),
        "proved": texts(verdict.proved), "not_proved": texts(verdict.notProved), "records": .from(verdict.records),
        "size": .from(verdict.size), "origin": .text(verdict.origin),
    ]
}

private func json(_ approval: Approval) -> Json {
    [
        "what": .text(approval.what), "sequence": .from(approval.sequence), "attempt": .from(approval.attempt),
        "refund": .from(approval.refund), "operator": .from(approval.operator),
    ]
}

private func json(_ facts: LossFacts) -> Json {
    let of = { (of: LossOf) in ["name": .from(of.name), "sums": json(of.sums)] as Json }
    let notMine = facts.notMine.map { one in
        [
            "why": .text(one.why), "sequence": .from(one.sequence), "attempt": .from(one.attempt),
            "refund": .from(one.refund), "minor": .from(one.minor),
        ] as Json
    }
    return [
        "number": .from(facts.number), "from_ms": .from(facts.fromMs), "to_ms": .from(facts.toMs),
        "made_by": .text(facts.madeBy), "frozen": facts.frozen.map { json($0) } ?? .null,
        "currency": .text(facts.currency), "sums": json(facts.sums), "operators": .list(facts.operators.map(of)),
        "readers": .list(facts.readers.map(of)), "lines": .from(facts.lines), "is_cut": .flag(facts.isCut),
        "not_mine": .list(notMine),
    ]
}

private func json(_ sums: LossSums) -> Json {
    let sum = { (sum: LossSum) in ["count": .from(sum.count), "minor": .from(sum.minor)] as Json }
    return [
        "gross": sum(sums.gross), "voided": sum(sums.voided), "refunded": sum(sums.refunded),
        "at_risk": sum(sums.atRisk), "unknown": sum(sums.unknown),
    ]
}
