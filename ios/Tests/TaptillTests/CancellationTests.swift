// Cancelling the task of a sale, at each stage of it: the caller is always told how the attempt ended.

import Foundation
import Taptill
import TaptillSandbox
import XCTest

final class CancellationTests: SandboxTestCase {
    func testATaskCancelledBeforeItBeginsLeavesNothing() async throws {
        let shop = try await Shop(stand)
        let sale = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await shop.till.sell(Shop.order(100))
        }
        do {
            _ = try await sale.value
            XCTFail("it began")
        } catch is CancellationError {}
        let page = try await shop.till.list()
        XCTAssertEqual(page.attempts, [])
        try await shop.till.close()
    }

    func testCancelledWhileNoCardHasCome() async throws {
        let shop = try await Shop(stand)
        let notices = shop.till.notices()
        let sale = Task { try await shop.till.sell(Shop.order(100)) }
        for await notice in notices where notice == .fieldOn { break }
        sale.cancel()
        let ended = try await sale.value
        try await assertCancelled(ended, shop)
    }

    /// The card's first command selects, the last one asks for the cryptogram: cancelled before each.
    func testCancelledWhileTheCardIsRead() async throws {
        for command in 0..<3 {
            let shop = try await Shop(stand)
            let running = Shared<Task<Attempt, any Error>?>(nil)
            let customer = Customer(shop.till, card: try stand.card("visa")) { number in
                if number == command { running.use { $0?.cancel() } }
            }
            let sale = running.use { running in
                let sale = Task { try await shop.till.sell(Shop.order(100)) }
                running = sale
                return sale
            }
            let ended = try await sale.value
            customer.leave()
            try await assertCancelled(ended, shop)
        }
    }

    func testCancelledTooLateWaitsForTheOutcome() async throws {
        let shop = try await Shop(stand)
        let notices = shop.till.notices()
        let customer = Customer(shop.till, card: try stand.card("visa"))
        let sale = Task { try await shop.till.sell(Shop.order(100, attempt: "A-1")) }
        for await notice in notices where notice == .attempt(attempt: "A-1", state: .inDoubt) { break }
        sale.cancel()
        let ended = try await sale.value
        customer.leave()
        XCTAssertEqual(ended.state, .approved, "the message had left")
        XCTAssertEqual(try stand.book(of: shop.place).count, 1)
        try await shop.till.close()
    }

    func testCancelledAfterTheEndIsRefused() async throws {
        let shop = try await Shop(stand)
        let sold = try await shop.sell(100, card: try stand.card("visa"))
        await assertFails("attempt_already_finished") { try await shop.till.cancel(sold.attempt) }
        try await shop.till.close()
    }

    /// A task that waits in vain: the one that gives up is told, the till goes on.
    func testTheNextSaleGoesOnAfterACancelledOne() async throws {
        let shop = try await Shop(stand)
        let notices = shop.till.notices()
        let sale = Task { try await shop.till.sell(Shop.order(100)) }
        for await notice in notices where notice == .fieldOn { break }
        sale.cancel()
        _ = try await sale.value
        let next = try await shop.sell(200, card: try stand.card("visa"))
        XCTAssertEqual(next.state, .approved)
        try await shop.till.close()
    }

    /// Letting go of a sale, or of the task that waits for it, cancels nothing.
    func testASaleThatIsLetGoGoesOn() async throws {
        let shop = try await Shop(stand)
        let customer = Customer(shop.till, card: try stand.card("visa"))
        let attempt = try await shop.till.begin(Shop.order(100)).attempt
        let waiting = Task { try await shop.till.begin(Shop.order(100, attempt: attempt)).outcome() }
        waiting.cancel()
        let ended = try await waiting.value
        customer.leave()
        XCTAssertEqual(ended.state, .approved)
        await assertFails("attempt_already_finished") {
            try await shop.till.begin(Shop.order(100, attempt: attempt)).cancel()
        }
        XCTAssertEqual(try stand.book(of: shop.place).count, 1)
        try await shop.till.close()
    }

    private func assertCancelled(_ ended: Attempt, _ shop: Shop) async throws {
        XCTAssertEqual(ended.state, .notSent)
        XCTAssertEqual(ended.reason, "cancelled")
        XCTAssertEqual(ended.money, .notMoved)
        XCTAssertEqual(try stand.book(of: shop.place).count, 0)
        try await shop.till.close()
    }
}
