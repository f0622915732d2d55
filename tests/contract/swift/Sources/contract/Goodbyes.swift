// The calls about the end of a till and about the way to the host.

import Foundation
import Taptill

extension Bench {
    /// A call about the end of a till; nothing for any other.
    func ofGoodbye(_ name: String, _ with: inout Args) throws -> Json? {
        switch name {
        case "deregister":
            let sink = try sink(&with)
            try with.finish()
            let leaving = try opened().leaving()
            return json(try wait { try await leaving.deregister(export: sink) })
        case "deregister_with":
            let ((second, password), sink) = (try person(&with, .bob), try sink(&with))
            try with.finish()
            let leaving = try opened().leaving()
            let work = try lending(password) {
                try leaving.deregisterWith(second: second, password: $0, export: sink)
            }
            return try wait { try await work.awaitDone() }.erased.map { json($0) } ?? .null
        case "erasure_certificates":
            try with.finish()
            return .list(try erasureCertificates(home: till.home).map(Json.text))
        default: return try ofNetwork(name, &with)
        }
    }

    private func ofNetwork(_ name: String, _ with: inout Args) throws -> Json? {
        switch name {
        case "network_view":
            try with.finish()
            return json(try opened().network().view())
        case "take_pins":
            let word = Data(try with.text("text").utf8)
            try with.finish()
            let network = try opened().network()
            try wait { try await network.takePins(word: word) }
            return .null
        case "read_message":
            let text = Data(try with.text("text").utf8)
            try with.finish()
            let network = try opened().network()
            return json(try wait { try await network.readMessage(text: text) })
        case "renew_certificate":
            try with.finish()
            let network = try opened().network()
            try wait { try await network.renewCertificate() }
            return .null
        case "posture_of":
            let facts = try facts(&with)
            try with.finish()
            return .text(word(try postureOf(facts: facts)))
        default: return nil
        }
    }

    private func sink(_ with: inout Args) throws -> (any ExportSink)? {
        try with.flag("export") ? device : nil
    }

    private func facts(_ with: inout Args) throws -> NetworkFacts {
        func says(_ key: String) throws -> DeviceSays {
            try oneOf(with.text(key, or: "no"), [DeviceSays.yes, .no, .nothing])
        }
        return NetworkFacts(
            reachable: try says("reachable"), captivePortal: try says("captive_portal"),
            proxied: try says("proxied"), userAuthority: try says("user_authority"), vpn: try says("vpn"),
            openWifi: try says("open_wifi"), clockByHand: try says("clock_by_hand"))
    }
}

private func json(_ erased: Erased) -> Json {
    [
        "certificate": .from(erased.certificate), "exported_sha256": .from(erased.exportedSha256),
        "is_acknowledged": .flag(erased.isAcknowledged),
    ]
}

private func json(_ view: NetworkView) -> Json {
    [
        "posture": .text(word(view.posture)), "clock_is_wrong": .flag(view.clockIsWrong),
        "judgement": json(view.judgement), "table": .list(view.table.map { json($0) }), "pin": .text(view.pin),
        "pin_backup": .from(view.pinBackup), "acquirer_key": .from(view.acquirerKey),
    ]
}

func json(_ judgement: NetworkJudgement) -> Json {
    [
        "because_of": .text(word(judgement.becauseOf)), "verdict": .text(word(judgement.verdict)),
        "remedy": .from(judgement.remedy),
    ]
}

private func json(_ message: AcquirerMessage) -> Json {
    let facts = message.facts.map { ["name": .text($0.name), "value": .text($0.value)] as Json }
    return [
        "is_the_acquirers": .flag(message.isTheAcquirers), "why": .from(message.why), "kind": .from(message.kind),
        "number": .from(message.number), "at_ms": .from(message.atMs),
        "is_for_this_till": .flag(message.isForThisTill), "facts": .list(facts),
    ]
}
