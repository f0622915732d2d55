// Many sales, many tasks: memory stays flat, objects go, no thread is left.
//
// 500 sales; 10,000 with TAPTILL_LONG=1. The control is the same run with every card kept, which must not pass.

import Foundation
import Taptill
import TaptillSandbox
import XCTest

final class SoakTests: SandboxTestCase {
    private static let long = ProcessInfo.processInfo.environment["TAPTILL_LONG"] == "1"
    private static let sales = long ? 10_000 : 500

    override var secondsMax: Int { Self.long ? 3_000 : 240 }

    /// More than this for each sale is a leak; what a card channel holds is several times as much.
    private static let bytesASaleMax = 2_048

    /// By how many threads the pools may be larger than after the first till.
    private static let breath = 4

    func testMemoryStaysFlatAndNoThreadIsLeft() async throws {
        // The first till brings up what stays for good: the pools of Swift and Dispatch.
        _ = try await run(1, warm: 8, ballast: 0)
        let threads = try Self.threads().count
        let flat = try await run(Self.sales, warm: 400, ballast: 0)
        XCTAssertLessThan(flat.bytesASale, Self.bytesASaleMax, "\(flat)")
        XCTAssertEqual(flat.alive, 0, "cards and tills that are still there")
        let control = try await run(100, warm: 400, ballast: 8 * 1_024)
        XCTAssertGreaterThan(control.bytesASale, Self.bytesASaleMax, "the control leaks and must be seen: \(control)")
        XCTAssertGreaterThan(control.alive, 0, "the control keeps a card")
        // The core's own threads are gone; the pools of Swift and Dispatch may breathe, and do not grow with sales.
        try await eventually(within: 60) {
            let left = try Self.threads()
            return left.count <= threads + Self.breath && !left.contains { $0.hasPrefix("taptill") }
        }
        print("soak: \(Self.sales) sales, \(flat.bytesASale) bytes a sale; control \(control.bytesASale)")
    }

    func testSixtyFourTasksAtOnceChargeNothingTwice() async throws {
        let shop = try await Shop(stand)
        let customer = Customer(shop.till, card: try stand.card("visa"))
        let approved = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<64 {
                group.addTask {
                    do {
                        let ended = try await shop.till.sell(Shop.order(100, attempt: "A-\(number)"))
                        return ended.state == .approved
                    } catch TillError.Busy {
                        return false
                    }
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        customer.leave()
        XCTAssertGreaterThan(approved, 0)
        XCTAssertEqual(try stand.book(of: shop.place).count, approved)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<64 {
                group.addTask {
                    switch number % 4 {
                    case 0: _ = try await shop.till.verify()
                    case 1: _ = try await shop.till.list()
                    case 2: _ = try await shop.till.eventsAfter(nil, limit: 100)
                    default: _ = try await shop.till.resolve()
                    }
                }
            }
            try await group.waitForAll()
        }
        try await shop.till.close()
    }

    private struct Found: Sendable {
        let bytesASale: Int
        let alive: Int
    }

    /// Sells again and again in one till, and measures after `warm` sales, when caches are as large as they get. With
    /// `ballast`, that many bytes a sale are kept, and the last card.
    private func run(_ sales: Int, warm: Int, ballast: Int) async throws -> Found {
        let cards = Shared<[Weak]>([])
        let (kept, last) = (Shared<[Data]>([]), Shared<SocketCard?>(nil))
        weak var dropped: Till?
        var grown = 0
        do {
            let shop = try await Shop(stand)
            dropped = shop.till
            let customer = Customer(shop.till, card: try stand.card("visa")) { _ in
            } holding: { card in
                cards.use { $0.append(Weak(card)) }
                if ballast > 0 {
                    kept.use { $0.append(Data(repeating: 1, count: ballast)) }
                    last.use { $0 = card }
                }
            }
            for number in 0..<(warm + sales) {
                if number == warm { grown = -(try Self.heap()) }
                let ended = try await shop.till.sell(Shop.order(100))
                XCTAssertEqual(ended.state, .approved)
            }
            grown += try Self.heap()
            grown /= sales
            customer.leave()
            XCTAssertTrue(try Self.threads().contains { $0.hasPrefix("taptill") }, "the control: an open till has some")
            try await shop.till.close()
        }
        let alive = { cards.use { $0.filter { $0.card != nil }.count } + (dropped == nil ? 0 : 1) }
        if ballast == 0 { await eventually { alive() == 0 } }
        return withExtendedLifetime((kept, last)) { Found(bytesASale: grown, alive: alive()) }
    }

    /// Bytes on this process's heap that are in use, as its allocator counts them. In what is resident a leak might not be
    /// seen: deriving a key leaves much that is free again.
    private static func heap() throws -> Int {
        typealias Report = @convention(c) (Int32, UnsafeMutablePointer<FILE>) -> Int32
        let report = unsafeBitCast(try XCTUnwrap(dlsym(nil, "malloc_info")), to: Report.self)
        let file = try XCTUnwrap(tmpfile())
        defer { fclose(file) }
        XCTAssertEqual(report(0, file), 0)
        var bytes = [UInt8](repeating: 0, count: ftell(file))
        rewind(file)
        XCTAssertEqual(fread(&bytes, 1, bytes.count, file), bytes.count)
        // The sums over all arenas come after the last of them.
        let sums = try XCTUnwrap(String(decoding: bytes, as: UTF8.self).components(separatedBy: "</heap>").last)
        let size = { (type: String) throws -> Int in
            let line = sums.split(separator: "\n").first { $0.contains("type=\"\(type)\"") }
            let words = try XCTUnwrap(line, type).components(separatedBy: "size=\"")
            return try XCTUnwrap(words.last?.split(separator: "\"").first.flatMap { Int($0) }, type)
        }
        return try size("current") + size("mmap") - size("fast") - size("rest")
    }

    /// The names of this process's threads.
    private static func threads() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").compactMap {
            // One that ends just now has no name any more.
            try? String(contentsOfFile: "/proc/self/task/\($0)/comm", encoding: .utf8)
        }
    }
}

private final class Weak: Sendable {
    nonisolated(unsafe) weak var card: SocketCard?

    init(_ card: SocketCard) {
        self.card = card
    }
}
