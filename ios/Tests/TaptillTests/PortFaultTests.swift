// Ports that fail: each declared fault, and what nobody declared.

import Foundation
import Taptill
import TaptillSandbox
import XCTest

/// What no port declares.
private struct Undeclared: Error {
    let text = "a secret that must not travel: 4761739001010119"
}

final class PortFaultTests: SandboxTestCase {
    func testACardThatFailsIsAnOutcomeWithoutMoney() async throws {
        let faults: [any Error] = [
            CardFault.Lost, CardFault.TimedOut, CardFault.ReaderFailed, CardFault.Undeclared, Undeclared(),
        ]
        for fault in faults {
            let shop = try await Shop(stand)
            let customer = Customer(shop.till, card: try stand.card("visa")) { number in
                if number == 1 { throw fault }
            }
            let ended = try await shop.till.sell(Shop.order(100))
            XCTAssertEqual(ended.reason, "card_lost", "\(fault)")
            XCTAssertEqual(ended.state, .notSent, "\(fault)")
            XCTAssertEqual(ended.money, .notMoved, "\(fault)")
            customer.leave()
            XCTAssertEqual(try stand.book(of: shop.place).count, 0)
            try await shop.till.close()
        }
    }

    func testAKeyStoreThatRefusesOrIsGone() async throws {
        let shop = try await Shop(stand)
        try await shop.till.close()
        let rows: [(any Error, String)] = [
            (KeyFault.Unavailable, "device_keys_unavailable"), (KeyFault.Undeclared, "device_keys_unavailable"),
            (KeyFault.NotFound, "device_key_missing"), (KeyFault.Rejected, "device_key_rejected"),
            (KeyFault.Damaged, "device_key_rejected"), (Undeclared(), "device_keys_unavailable"),
        ]
        for (fault, code) in rows {
            shop.keys.fail(with: fault)
            await assertFails(code) { try await shop.reopened() }
        }
        shop.keys.fail(with: nil)
        let till = try await shop.reopened()
        try await till.close()
        shop.keys.forget()
        await assertFails("device_key_missing") { try await shop.reopened() }
    }

    func testAClockThatFailsEndsTheTillWithACode() async throws {
        let clock = FaultyClock()
        let shop = try await Shop(stand, clock: clock)
        clock.fails.use { $0 = true }
        do {
            _ = try await shop.till.sell(Shop.order(100))
            XCTFail("nothing can be dated")
        } catch let error as TillError {
            XCTAssertEqual(error.facts.code, "till_failed")
        }
        clock.fails.use { $0 = false }
        try? await shop.till.close()
        let till = try await shop.reopened()
        try await till.close()
    }

    func testANetworkThatCannotTellCountsAsNone() async throws {
        let shop = try await Shop(stand, network: FaultyPosture())
        do {
            let ended = try await shop.sell(100, card: try stand.card("visa"))
            XCTAssertEqual(ended.state, .notSent)
            XCTAssertEqual(ended.reason, "network_absent")
        } catch let error as TillError {
            XCTAssertEqual(error.facts.code, "network_absent")
            XCTAssertEqual(error.facts.money, .notMoved)
        }
        try await shop.till.close()
    }
}

private final class FaultyClock: TaptillCore.Clock, Sendable {
    let fails = Shared(false)
    private let clock = SystemClock()

    func now() throws -> ClockReading {
        if fails.use({ $0 }) { throw PortFault.Failed }
        return try clock.now()
    }
}

private final class FaultyPosture: NetworkPosture, Sendable {
    func posture() throws -> Posture {
        throw Undeclared()
    }
}
