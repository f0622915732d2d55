// The calls about bad days: the freeze, its release, and evidence.

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
