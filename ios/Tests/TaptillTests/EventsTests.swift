// Events: each at least once, acknowledged when its consumer comes back, told again after a restart until then.

import Taptill
import TaptillSandbox
import XCTest

final class EventsTests: SandboxTestCase {
    func testEventsComeInOrderAndEndWithTheTill() async throws {
        let shop = try await Shop(stand)
        let till = shop.till
        let heard = Task {
            var kinds: [String] = []
            var last: UInt64 = 0
            for try await event in till.events() {
                XCTAssertGreaterThan(event.cursor, last)
                last = event.cursor
                kinds.append(event.kind)
            }
            return kinds
        }
        _ = try await shop.sell(100, card: try stand.card("visa"), attempt: "A-1")
        _ = try await shop.till.receipt("A-1", ReceiptRequest(width: .c48, language: .en, copy: .merchant))
        let found = try await first(of: shop.till) { $0.kind == "attempt.approved" }
        XCTAssertEqual(found?.attempt, "A-1")
        XCTAssertEqual(found?.state, .approved)
        try await shop.till.close()
        let kinds = try await heard.value
        XCTAssertEqual(kinds.first, "till.provisioned")
        XCTAssertTrue(kinds.contains("attempt.prepared"), "\(kinds)")
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
        _ = try await waiting.value
        let found = try await first(of: till) { $0.kind == "attempt.approved" || $0.kind == "attempt.delivered" }
        XCTAssertNotNil(found)
        try await till.close()
    }

    func testTheCoreRefusesCursorsThatAreNone() async throws {
        let shop = try await Shop(stand)
        try await shop.till.close()
        let terminal = try Terminal.open(home: shop.place.home, ports: shop.ports.lent(to: SilentObserver()))
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

    private func first(of till: Till, where holds: (TillEvent) -> Bool) async throws -> TillEvent? {
        for try await event in till.events() where holds(event) { return event }
        return nil
    }
}
