// The observer that the kit gives to the core: it passes notices on and wakes whoever waits for events.
//
// The core calls it from a thread of its own and must not wait: nothing here does more than append to a buffer.

import Foundation
import TaptillCore

final class Bell: Observer, @unchecked Sendable {
    // All uses of the two tables are under the lock, which is why `@unchecked Sendable` holds.
    private let lock = NSLock()
    private var listeners: [UUID: AsyncStream<Notice>.Continuation] = [:]
    private var sleepers: [UUID: AsyncStream<Void>.Continuation] = [:]
    private var silenced = false
    private let app: (any Observer)?

    /// The app's own observer hears every notice too, where it has one.
    init(passingOnTo app: (any Observer)?) {
        self.app = app
    }

    func hear(notice: Notice) throws {
        let (listening, sleeping) = lock.withLock { (Array(listeners.values), Array(sleepers.values)) }
        for listener in listening { listener.yield(notice) }
        for sleeper in sleeping { sleeper.yield() }
        try app?.hear(notice: notice)
    }

    /// Wakes who waits for events: the core gives no notice of a receipt, or of a result that was taken.
    func ring() {
        for sleeper in lock.withLock({ Array(sleepers.values) }) { sleeper.yield() }
    }

    /// Ends all streams: nothing more comes.
    func silence() {
        let (listening, sleeping) = lock.withLock {
            silenced = true
            defer { (listeners, sleepers) = ([:], [:]) }
            return (Array(listeners.values), Array(sleepers.values))
        }
        for listener in listening { listener.finish() }
        for sleeper in sleeping { sleeper.finish() }
    }

    /// Whether the till was closed.
    var isSilent: Bool {
        lock.withLock { silenced }
    }

    /// Every notice from now on, in order.
    func notices() -> AsyncStream<Notice> {
        stream(in: \.listeners, .unbounded)
    }

    /// One ring for any number of notices since the last one was taken.
    func rings() -> AsyncStream<Void> {
        stream(in: \.sleepers, .bufferingNewest(1))
    }

    private func stream<Element: Sendable>(
        in table: ReferenceWritableKeyPath<Bell, [UUID: AsyncStream<Element>.Continuation]> & Sendable,
        _ policy: AsyncStream<Element>.Continuation.BufferingPolicy
    ) -> AsyncStream<Element> {
        let (stream, continuation) = AsyncStream<Element>.makeStream(bufferingPolicy: policy)
        let name = UUID()
        continuation.onTermination = { [weak self] _ in
            guard let self else { return }
            self.lock.withLock { self[keyPath: table][name] = nil }
        }
        let late = lock.withLock {
            if !silenced { self[keyPath: table][name] = continuation }
            return silenced
        }
        if late { continuation.finish() }
        return stream
    }
}

/// An observer for whom nothing matters: for the desk, whose screens say everything.
public final class SilentObserver: Observer, Sendable {
    public init() {}

    public func hear(notice: Notice) throws {}
}
