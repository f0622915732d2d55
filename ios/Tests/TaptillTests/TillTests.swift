// The kit against the real library and the sandbox: a sale's whole life, and what is refused.

import Foundation
import Taptill
import TaptillSandbox
import XCTest

final class TillTests: SandboxTestCase {
    func testASaleIsApprovedBookedPrintedAndFoundAgain() async throws {
        let shop = try await Shop(stand)
        let sold = try await shop.sell(1230, card: stand.card("visa"), attempt: "A-1", order: "O-1")
        XCTAssertEqual(sold.state, .approved)
        XCTAssertEqual(sold.money, .moved)
        XCTAssertEqual(sold.amount, Amount(minor: 1230, currency: "CNY"))
        XCTAssertEqual(sold.attempt, "A-1")
        XCTAssertEqual(try stand.book(of: shop.place).count, 1)

        let stored = try await shop.till.status("A-1")
        XCTAssertEqual(stored.state, .approved)
        let page = try await shop.till.list(ListQuery(order: "O-1"))
        XCTAssertEqual(page.attempts.map(\.attempt), ["A-1"])
        let request = ReceiptRequest(width: .c32, language: .zhCn, copy: .customer)
        let slip = try await shop.till.receipt("A-1", request)
        XCTAssertTrue(slip.contains("12.30"), slip)

        let again = try await shop.till.sell(Shop.order(1230, attempt: "A-1", order: "O-1"))
        XCTAssertEqual(again.state, .approved, "the same attempt again charges nothing")
        XCTAssertEqual(try stand.book(of: shop.place).count, 1)

        let before = try await shop.till.verify()
        try await shop.till.close()
        let (home, ports) = (shop.place.home, shop.ports)
        await assertFails("till_locked") { try await Till.inspect(home: home, ports: ports) }
        let reopened = try await shop.reopened()
        let after = try await reopened.verify()
        XCTAssertGreaterThan(after.events, before.events)
        try await reopened.close()
    }

    func testADeclineIsAnOutcomeAndALostAnswerIsReversed() async throws {
        let shop = try await Shop(stand)
        let card = try stand.card("visa")
        let declined = try await shop.sell(100_051, card: card)
        XCTAssertEqual(declined.state, .declined)
        XCTAssertEqual(declined.hostCode, "51")
        try stand.next("no-answer", of: shop.place)
        let lost = try await shop.sell(880, card: card)
        XCTAssertTrue([.inDoubt, .reversalDue].contains(lost.state), "\(lost.state)")
        XCTAssertEqual(lost.money, .mayHaveMoved)
        let resolved = try await shop.till.resolve()
        XCTAssertEqual(resolved.left.map(\.attempt), [])
        let reversed = try await shop.till.status(lost.attempt)
        XCTAssertEqual(reversed.state, .reversed)
        try await shop.till.close()
    }

    func testEveryRefusalHasItsCode() async throws {
        let shop = try await Shop(stand)
        let till = shop.till
        let (home, ports) = (shop.place.home, shop.ports)
        await assertFails("amount_zero") { try await till.sell(Shop.order(0)) }
        await assertFails("amount_negative") { try await till.sell(Shop.order(-1)) }
        await assertFails("amount_negative") { try await till.sell(Shop.order(.min)) }
        await assertFails("amount_too_large") { try await till.sell(Shop.order(.max)) }
        await assertFails("currency_unknown") {
            try await till.sell(SaleOrder(attempt: nil, amount: Amount(minor: 1, currency: "XXX"), order: nil))
        }
        await assertFails("attempt_unknown") { try await till.status("A-404") }
        await assertFails("attempt_unknown") { try await till.cancel("A-404") }
        await assertFails("till_open_elsewhere") { try await Till.open(home: home, ports: ports) }
        await assertFails("already_provisioned") {
            try await till.close()
            try await Till.provision(home: home, provisioning: Shop.file(shop.place.provisioning), ports: ports)
        }
        await assertFails("terminal_closed") { try await till.status("A-1") }
        await assertFails("terminal_closed") { try await till.sell(Shop.order(1)) }
        await assertFails("terminal_closed") { try till.present(Absent()) }
        await assertFails("not_provisioned") {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
            return try await Till.open(home: folder.path, ports: ports)
        }
        try await till.close()
    }

    func testAProvisioningFileThatWasWipedOrIsNoneIsRefused() async throws {
        let place = try stand.till()
        let ports = TillPorts(deviceKeys: DevelopmentKeys(), network: StatedPosture(.trusted))
        let wiped = try Shop.file(place.provisioning)
        wiped.wipe()
        var rubbish = Data("{\"no\": \"till\"}".utf8)
        for file in [wiped, Secret(taking: &rubbish)] {
            do {
                try await Till.provision(home: place.home, provisioning: file, ports: ports)
                XCTFail("was taken")
            } catch let error as TillError {
                XCTAssertEqual(error.facts.money, .notMoved)
            }
        }
    }

    func testClosingWhileACardIsAwaitedLeavesNothing() async throws {
        let shop = try await Shop(stand)
        let till = shop.till
        let notices = till.notices()
        let sale = Task { try await till.sell(Shop.order(500, attempt: "A-1")) }
        for await notice in notices where notice == .fieldOn { break }
        try await till.close()
        await assertFails("terminal_closed") { try await sale.value }
        let reopened = try await shop.reopened()
        await assertFails("attempt_unknown") { try await reopened.status("A-1") }
        XCTAssertEqual(try stand.book(of: shop.place).count, 0)
        try await reopened.close()
    }

    func testClosingWhileTheHostIsAskedLosesNothing() async throws {
        let shop = try await Shop(stand)
        let till = shop.till
        try stand.next("no-answer", of: shop.place)
        let notices = till.notices()
        let customer = Customer(till, card: try stand.card("visa"))
        let sale = Task { try await till.sell(Shop.order(500, attempt: "A-1")) }
        for await notice in notices where notice == .attempt(attempt: "A-1", state: .inDoubt) { break }
        try await till.close()
        customer.leave()
        do {
            let ended = try await sale.value
            XCTAssertEqual(ended.money, .mayHaveMoved)
        } catch let error as TillError {
            XCTAssertEqual(error.facts.money, .mayHaveMoved)
            XCTAssertEqual(error.facts.attempt, "A-1")
        }
        let reopened = try await shop.reopened()
        _ = try await reopened.resolve()
        let found = try await reopened.status("A-1")
        XCTAssertEqual(found.state, .reversed)
        let charged = try stand.book(of: shop.place).compactMap { $0["net_minor"] as? Int }
        XCTAssertEqual(charged.filter { $0 != 0 }, [])
        try await reopened.close()
    }

    func testATillThatIsDroppedWithoutClosingCanBeOpenedAgain() async throws {
        let place = try stand.till()
        let ports = TillPorts(deviceKeys: DevelopmentKeys(), network: StatedPosture(.trusted))
        try await Till.provision(home: place.home, provisioning: Shop.file(place.provisioning), ports: ports)
        weak var dropped: Till?
        do {
            let till = try await Till.open(home: place.home, ports: ports)
            dropped = till
            _ = try await till.state()
        }
        await eventually { dropped == nil }
        // The core's threads end with the last handle, which another thread may be letting go just now.
        try await eventually {
            guard let terminal = try? Terminal.open(home: place.home, ports: ports.lent(to: SilentObserver())) else {
                return false
            }
            try terminal.close()
            return true
        }
    }
}

/// A card that is not there.
final class Absent: CardChannel, Sendable {
    func transceive(command: Data) throws -> Data {
        throw CardFault.Lost
    }
}
