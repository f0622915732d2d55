// What comes after a sale, by the kit: voids, refunds, debts, settlement, the statement check.

import Foundation
import Taptill
import TaptillSandbox
import XCTest

final class AfterSaleTests: SandboxTestCase {
    func testASaleIsVoidedAndTheBatchIsSettled() async throws {
        let shop = try await Shop(stand)
        let till = shop.till
        let sold = try await shop.sell(500, card: stand.card("visa")).attempt
        let void = try await till.void(VoidOrder(of: sold))
        XCTAssertEqual(void.state, .approved)
        let sale = try await till.status(sold)
        XCTAssertEqual(sale.state, .voided)
        await assertFails("already_voided") { try await till.void(VoidOrder(of: sold)) }
        await assertFails("not_stuck") { try await till.decide(sold, .charged) }
        let debts = try await till.debts()
        XCTAssertEqual(debts, [])
        let settled = try await till.settle()
        XCTAssertEqual(settled.state, .closed)
        XCTAssertEqual(settled.totals.map(\.sums.netMinor), [0])
        let again = try await till.batch(1)
        XCTAssertEqual(again, settled)
        let report = try await till.batchReport(1, width: .c32, language: .en)
        XCTAssertTrue(report.contains("5.00"))
        await assertFails("batch_empty") { try await till.settle() }
        try await till.close()
    }

    func testARefundGoesOutByASecondPersonsWord() async throws {
        let shop = try await Shop(stand)
        let till = shop.till
        let bobs = { Secret(text: "tall ships sail at 7 bells") }
        try await till.addOperator("bob", role: .cashier, password: bobs(), temporary: false)
        try await till.signIn("bob", password: bobs())
        let sold = try await shop.sell(1000, card: stand.card("visa")).attempt
        let amount = { Amount(minor: $0, currency: "CNY") }
        let asked = try await till.refunds.request(.attempt(attempt: sold), amount(300))
        await assertFails("not_permitted") { try await till.refunds.approve(asked.refund) }
        let password = Shop.password()
        let done = try await till.refunds.approve(asked.refund, as: "alice", password: password)
        XCTAssertEqual(done.state, .acknowledged)
        XCTAssertEqual(done.approvedBy, "alice")
        XCTAssertNil(password.lend { $0.count }, "the kit wipes what it took")
        let listed = try await till.refunds.list()
        XCTAssertEqual(listed.refunds, [done])
        await assertFails("not_permitted") { try await till.refunds.reject(asked.refund, because: "too late") }
        await assertFails("refund_exceeds_captured_amount") {
            try await till.refunds.request(.attempt(attempt: sold), amount(701))
        }
        try await till.close()
    }

    func testAStatementsDifferencesComeInPages() async throws {
        let shop = try await Shop(stand)
        let till = shop.till
        let lines = (0..<250).map { "2026-11-22,9.99,CNY,sale,\(String(1_000_000_000_000 + $0).dropFirst())\n" }
        let file = shop.place.home + ".csv"
        try ("date,amount,currency,kind,rrn\n" + lines.joined()).write(toFile: file, atomically: true, encoding: .utf8)
        let check = try await till.checkStatement(file: file, .csv(columns: nil))
        var found: [Difference] = []
        var page: DifferencePage
        repeat {
            page = try await check.next()
            found += page.differences
        } while page.more
        XCTAssertEqual(found.map(\.kind), Array(repeating: .notMine, count: 250))
        let summary = try await check.summary()
        XCTAssertEqual(summary.differences.notMine, 250)
        let last = try await till.lastStatementCheck()
        XCTAssertEqual(last, summary)
        let absent = try await till.checkStatement(file: "/nowhere.csv", .camt)
        await assertFails("file_unusable") { try await absent.next() }
        try await till.close()
    }
}
