// What no shell should send: typed errors, and the process lives on.
//
// A Swift `String` cannot hold a lone surrogate, so that row of the other shell has no twin here: the test shows what
// Swift makes of one.

import Foundation
import Taptill
import TaptillSandbox
import XCTest

final class BadInputTests: SandboxTestCase {
    private static let names = [
        "", "\u{0}", "A-1\u{0}", "A 1", "中文", "\u{202e}A-1", "../A-1", "A-1\n", String(repeating: "A", count: 65),
        String(repeating: "A", count: 1_000_000), String(repeating: "\u{0}", count: 1_000_000),
    ]

    func testNamesThatAreNone() async throws {
        let shop = try await Shop(stand)
        let till = shop.till
        for name in Self.names {
            await assertFails("identifier_malformed") { try await till.sell(Shop.order(1, attempt: name)) }
            await assertFails("identifier_malformed") { try await till.status(name) }
            await assertFails("identifier_malformed") { try await till.cancel(name) }
            await assertFails("identifier_malformed") { try await till.list(ListQuery(cursor: name + "!")) }
            await assertFails("identifier_malformed") {
                try await till.receipt(name, ReceiptRequest(width: .c32, language: .en, copy: .merchant))
            }
        }
        for currency in ["", "\u{0}", "cny", "CNYX", String(repeating: "C", count: 1_000_000)] {
            await assertFails("currency_unknown") {
                try await till.sell(SaleOrder(attempt: nil, amount: Amount(minor: 1, currency: currency), order: nil))
            }
        }
        let page = try await till.list()
        XCTAssertEqual(page.attempts, [])
        try await till.close()
    }

    func testFoldersThatAreNone() async throws {
        let ports = TillPorts(deviceKeys: DevelopmentKeys(), network: StatedPosture(.trusted))
        let place = try stand.till()
        for home in ["\u{0}", "/dev/null/till", place.home + "\u{0}", String(repeating: "x", count: 1_000_000)] {
            for call in [
                { _ = try await Till.open(home: home, ports: ports) },
                { _ = try await Till.inspect(home: home, ports: ports) },
                {
                    try await Till.provision(
                        home: home, provisioning: Shop.file(place.provisioning), ports: ports)
                },
            ] as [() async throws -> Void] {
                do {
                    try await call()
                    XCTFail("took \(home.prefix(40))")
                } catch let error as TillError {
                    XCTAssertEqual(error.facts.money, .notMoved)
                }
            }
        }
    }

    func testALoneSurrogateCannotBeWrittenInSwift() {
        let lone = String(decoding: [0xd800] as [UInt16], as: UTF16.self)
        XCTAssertEqual(lone, "\u{fffd}", "Swift replaces it before the core sees it")
        XCTAssertNil(String(validating: [0xed, 0xa0, 0x80] as [UInt8], as: UTF8.self))
    }
}
