// Events: each at least once, acknowledged when its consumer comes back, told again after a restart until then.

import Taptill
import TaptillSandbox
import XCTest

final class EventsTests: SandboxTestCase {
    func testEventsComeInOrderAndEndWithTheTill() async throws {
        let shop = try await Shop(stand)
        let till = shop.till
        let heard = Shared<[TillEvent]>([])
        let listening = Task {
            for try await event in till.events() { heard.use { $0.append(event) } }
        }
        _ = try await shop.sell(100, card: try stand.card("visa"), attempt: "A-1")
        // The listener has everything and sleeps: the core gives no notice of a receipt, and yet it must hear of it.
        let head = try await self.head(of: till)
        await eventually { heard.use { $0.last?.cursor } == head }
        _ = try await till.receipt("A-1", ReceiptRequest(width: .c48, language: .en, copy: .merchant))
        await eventually { heard.use { $0.contains { $0.kind == "receipt.printed" } } }
        try await till.close()
        try await listening.value
        let events = heard.use { $0 }
        XCTAssertEqual(events.map(\.cursor), Set(events.map(\.cursor)).sorted(), "each once, rising")
        XCTAssertEqual(events.first?.kind, "till.provisioned")
        let approved = try XCTUnwrap(events.first { $0.kind == "attempt.approved" })
        XCTAssertEqual(approved.attempt, "A-1")
        XCTAssertEqual(approved.state, .approved)
    }

    func testWhatWasNotAcknowledgedIsToldAgainAfterARestart() async throws {
        let shop = try await Shop(stand)
        _ = try await shop.sell(100, card: try stand.card("visa"))
        var handled: [UInt64] = []
        for try await event in shop.till.events() {
            handled.append(event.cursor)
            if handled.count == 2 { break }
        }
        try await shop.till.close()
        let reopened = try await shop.reopened()
        var again: [UInt64] = []
        for try await event in reopened.events() {
            again.append(event.cursor)
            if event.kind == "attempt.approved" { break }
        }
        XCTAssertEqual(again.first, handled.last, "the second was handled and never acknowledged")
        XCTAssertFalse(again.contains(handled[0]), "the first was acknowledged")
        XCTAssertEqual(again, again.sorted())
        try await reopened.close()
    }

    func testAConsumerThatIsCancelledStopsAndLosesNothing() async throws {
        let shop = try await Shop(stand)
        let till = shop.till
        let waiting = Task {
            var count = 0
            for try await _ in till.events() { count += 1 }
            return count
        }
        _ = try await shop.sell(100, card: try stand.card("visa"))
        waiting.cancel()
        let count = try await waiting.value
        XCTAssertGreaterThan(count, 0)
        _ = try await shop.sell(100, card: try stand.card("visa"), attempt: "A-2")
        let found = try await first(of: till) { $0.kind == "attempt.approved" && $0.attempt == "A-2" }
        XCTAssertNotNil(found)
        try await till.close()
    }

    func testTheCoreRefusesCursorsThatAreNone() async throws {
        let shop = try await Shop(stand)
        try await shop.till.close()
        let terminal = try Terminal.open(home: shop.place.home, ports: shop.ports.lent(to: SilentObserver()))
        let work = try Shop.password().lend { try terminal.people().signIn(name: "alice", password: $0) }
        _ = try await work?.awaitDone()
        let events = try terminal.events()
        let head = try XCTUnwrap(try events.after(cursor: nil, limit: 100).events.last).cursor
        try events.acknowledge(cursor: head)
        try events.acknowledge(cursor: head)
        await assertFails("cursor_beyond_head") { try events.acknowledge(cursor: .max) }
        await assertFails("cursor_beyond_head") { try events.after(cursor: .max, limit: 1) }
        await assertFails("cursor_acknowledged_already") { try events.acknowledge(cursor: 0) }
        for limit in [0, 101, UInt32.max] {
            await assertFails("page_size_out_of_range") { try events.after(cursor: nil, limit: limit) }
        }
        XCTAssertEqual(try events.after(cursor: nil, limit: 100).events, [])
        try terminal.close()
    }

    /// The last cursor, once asking again brings nothing new.
    private func head(of till: Till) async throws -> UInt64? {
        var head: UInt64?
        while true {
            let page = try await till.eventsAfter(head ?? 0, limit: 100)
            guard let last = page.events.last else { return head }
            head = last.cursor
        }
    }

    private func first(of till: Till, where holds: (TillEvent) -> Bool) async throws -> TillEvent? {
        for try await event in till.events() where holds(event) { return event }
        return nil
    }
}
