// How the kit's async functions ask the core: on a queue of the till's own, never on a thread of Swift's pool.
//
// The core answers one question after the other, so one serial queue is enough and 64 tasks at once cost one thread.
// What a call throws is translated once, here: version skew and a stopped call get their named errors.

import Dispatch
import TaptillCore

public final class Calls: Sendable {
    let skew: any VersionSkewHandler
    private let queue: DispatchQueue

    public init(_ name: String, skew: any VersionSkewHandler) {
        self.skew = skew
        queue = DispatchQueue(label: name)
    }

    /// One short call.
    public func ask<Answer: Sendable>(
        _ name: String, _ call: @escaping @Sendable () throws -> Answer
    ) async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            queue.async {
                continuation.resume(with: Result { try self.now(name, call) })
            }
        }
    }

    /// One long call, which waits without a thread.
    public func wait<Answer: Sendable>(
        _ name: String, _ call: @Sendable () async throws -> Answer
    ) async throws -> Answer {
        do {
            return try await call()
        } catch {
            throw skew.translated(error, call: name)
        }
    }

    /// One call whose answer nobody needs.
    public func post(_ call: @escaping @Sendable () -> Void) {
        queue.async(execute: call)
    }

    /// One call on the caller's own thread.
    public func now<Answer>(_ name: String, _ call: () throws -> Answer) throws -> Answer {
        do {
            return try call()
        } catch {
            throw skew.translated(error, call: name)
        }
    }
}
