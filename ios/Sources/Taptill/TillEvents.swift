// What happened to the payments, from the journal: nothing is lost, also over a restart.
//
// The sequence pulls by cursor, sleeps until the observer's bell rings, and acknowledges an event when its consumer
// comes back for the next one: an event whose handling was cut short comes again. Evidence: EventsTests.

/// Every event since the last acknowledged one, then each as it happens; ends when the till is closed. While nobody is
/// signed in nothing of the journal can be read: the sequence waits, and goes on after the next sign-in.
///
/// One consumer at a time: two acknowledge over each other's heads.
public struct TillEvents: AsyncSequence, Sendable {
    public typealias Element = TillEvent

    let till: Till

    public func makeAsyncIterator() -> Iterator {
        Iterator(till: till, rings: till.bell.rings().makeAsyncIterator())
    }

    public struct Iterator: AsyncIteratorProtocol {
        /// How many events one call brings.
        private static let page: UInt32 = 64

        private let till: Till
        private var rings: AsyncStream<Void>.Iterator
        private var waiting: ArraySlice<Element> = []
        private var handled: UInt64?
        private var read: UInt64?

        init(till: Till, rings: AsyncStream<Void>.Iterator) {
            self.till = till
            self.rings = rings
        }

        public mutating func next() async throws -> Element? {
            while true {
                do {
                    try await acknowledge()
                    if waiting.isEmpty { try await pull() }
                    if !waiting.isEmpty { break }
                } catch  where till.bell.isSilent {
                    return nil
                } catch let error as TillError where error.isForNobody {
                    // Whoever signs in next rings the bell.
                }
                if await rings.next() == nil { return nil }
            }
            let event = waiting.removeFirst()
            handled = event.cursor
            return event
        }

        private mutating func acknowledge() async throws {
            guard let cursor = handled else { return }
            try await till.acknowledge(cursor)
            handled = nil
        }

        private mutating func pull() async throws {
            let page = try await till.eventsAfter(read, limit: Self.page)
            waiting = page.events[...]
            read = page.events.last?.cursor ?? read
        }
    }
}

extension TillError {
    /// Whether the till is nobody's, or nobody is signed in.
    fileprivate var isForNobody: Bool {
        ["till_locked", "till_unclaimed"].contains(facts.code)
    }
}

extension Till {
    /// The events that were not acknowledged yet, then each as it happens.
    public func events() -> TillEvents {
        TillEvents(till: self)
    }

    /// One page of events, for an app that keeps cursors of its own; without a cursor, after the last acknowledged.
    public func eventsAfter(_ cursor: UInt64?, limit: UInt32) async throws -> EventPage {
        try await calls.ask("events") { [log] in try log.after(cursor: cursor, limit: limit) }
    }

    /// Says that all events up to and with this cursor are handled. Durable when it returns.
    public func acknowledge(_ cursor: UInt64) async throws {
        try await calls.ask("acknowledge") { [log] in try log.acknowledge(cursor: cursor) }
    }
}
