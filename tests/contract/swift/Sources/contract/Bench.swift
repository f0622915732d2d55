// A case under way: what it has, and its steps one by one.

import Dispatch
import Foundation
import Taptill
import TaptillSandbox

final class Bench {
    let stand: Stand
    let till: StandTill
    let file: Data
    let device = Device()
    let patience: TimeInterval
    var terminal: Terminal?
    var operation: TaptillCore.Operation?
    var check: StatementCheck?
    var preview: EvidencePreview?
    var loss: LossReport?
    var desk: Desk?
    /// Where the card of the last tap is.
    var card: String?
    private var variables: [String: Json] = [:]

    init(_ stand: Stand, dialect: String?, patience: TimeInterval) throws {
        self.stand = stand
        self.patience = patience
        till = try stand.till(dialect: dialect)
        file = try Data(contentsOf: URL(fileURLWithPath: till.provisioning))
    }

    func lendReader() {
        let reader = CaseReader(device, stand, patience)
        device.tell { $0.reader = reader }
    }

    func begin(_ begin: String) throws {
        let calls: [String: [String]] = [
            "open": ["provision", "open", "claim"], "signed_out": ["provision", "open", "claim", "sign_out"],
            "claimed": ["provision", "open", "claim", "close"], "unclaimed": ["provision", "open"],
            "provisioned": ["provision"], "fresh": [],
        ]
        guard let calls = calls[begin] else { throw Failure(.unknown, "nothing begins \(begin)") }
        for call in calls {
            let gave = try succeeded(call, Args())
            if call == "claim" { variables["recovery"] = gave["recovery"] }
        }
    }

    /// A call inside a step must not fail.
    func succeeded(_ call: String, _ with: Args) throws -> Json {
        switch try self.call(call, with) {
        case .success(let result): return result
        case .failure(let error): throw Failure(.mismatch, "\(call) failed with \(json(error))")
        }
    }

    func step(_ step: Json) throws {
        var keys = try Args(raw: step.filled(variables))
        let (call, around) = (try keys.optionalText("call"), try keys.optionalText("do"))
        let with = try Args(raw: keys.optional("with") ?? [:])
        let (gives, fails, keep) = (keys.optional("gives"), keys.optional("fails"), keys.optional("keep"))
        try keys.finish()
        let result: Json
        switch (call, around) {
        case (.some(let call), nil):
            switch (try self.call(call, with), fails) {
            case (.success(let found), nil): result = found
            case (.failure(let error), .some(let expected)): return try compare(expected, json(error))
            case (.success(let found), .some(let expected)):
                throw Failure(.mismatch, "expected the error \(expected), found \(found)")
            case (.failure(let error), nil): throw Failure(.mismatch, "it failed with \(json(error))")
            }
        case (nil, .some(let around)) where fails == nil: result = try act(around, with)
        default: throw Failure(.unknown, "a step has either call or do, and only a call fails")
        }
        if let gives { try compare(gives, result) }
        try self.keep(keep, of: result)
    }

    private func keep(_ keep: Json?, of result: Json) throws {
        guard let keep else { return }
        guard let keep = keep.object else { throw Failure(.unknown, "keep names variables") }
        for (name, path) in keep {
            guard let path = path.text else { throw Failure(.unknown, "a path is a text") }
            var part = result
            for key in path.split(separator: ".") {
                let next = part.object?[String(key)] ?? Int(key).flatMap { Self.place($0, in: part.list) }
                guard let next else { throw Failure(.mismatch, "there is no \(path)") }
                part = next
            }
            variables[name] = part
        }
    }

    private static func place(_ index: Int, in list: [Json]?) -> Json? {
        guard let list, list.indices.contains(index) else { return nil }
        return list[index]
    }

    /// Waits for what the face does in its own time.
    func wait<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) throws -> Value {
        let ended = DispatchSemaphore(value: 0)
        let box = Box<Value>()
        Task.detached {
            do { box.result = .success(try await work()) } catch { box.result = .failure(error) }
            ended.signal()
        }
        guard ended.wait(timeout: .now() + patience) == .success, let result = box.result else {
            throw Failure(.timeout, "it did not end")
        }
        return try result.get()
    }

    /// Written before the semaphore is signalled and read after, so never by two threads at once.
    private final class Box<Value: Sendable>: @unchecked Sendable {
        var result: Result<Value, any Error>?
    }

    /// The case is over, whatever became of it.
    func end() {
        device.tell { ($0.released, $0.isCancelled) = (true, true) }
        try? desk?.close()
        try? terminal?.close()
    }
}
