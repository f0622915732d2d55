// A sale whose card read comes encrypted from a certified reader: the core passes it on, the host opens and books it.

import Foundation
import Taptill
import TaptillSandbox
import XCTest

final class EncryptedReaderTests: SandboxTestCase {
    private func shop(_ reader: any EncryptedReader) async throws -> Shop {
        try await Shop(stand, dialect: "encrypted", reader: { _ in reader })
    }

    func testASaleIsApprovedAndBookedAndNeverSeesACardNumber() async throws {
        let reader = ScriptedReader(try stand, card: "visa")
        let shop = try await shop(reader)
        let sold = try await shop.till.sell(Shop.order(1230, attempt: "E-1"))
        XCTAssertEqual(sold.state, .approved)
        XCTAssertEqual(try stand.book(of: shop.place).count, 1)
        let request = try XCTUnwrap(reader.requests.first)
        XCTAssertEqual(request.amount, Amount(minor: 1230, currency: "CNY"))
        XCTAssertEqual(request.attempt, "E-1")
        XCTAssertEqual(request.nonce.count, 16)
        let masked = try XCTUnwrap(sold.cardMasked)
        XCTAssertTrue(masked.hasSuffix("0119") && masked.contains("*"), masked)
        let slip = try await shop.till.receipt("E-1", ReceiptRequest(width: .c32, language: .en, copy: .merchant))
        XCTAssertFalse(slip.contains("4761739001010119"))
        _ = try await shop.till.sell(Shop.order(100))
        XCTAssertEqual(Set(reader.requests.map(\.nonce)).count, 2, "each read has a nonce of its own")
        try await shop.till.close()
    }

    func testALostAnswerIsReversed() async throws {
        let shop = try await shop(ScriptedReader(try stand, card: "visa"))
        try stand.next("no-answer", of: shop.place)
        let lost = try await shop.till.sell(Shop.order(880))
        XCTAssertEqual(lost.money, .mayHaveMoved)
        _ = try await shop.till.resolve()
        let reversed = try await shop.till.status(lost.attempt)
        XCTAssertEqual(reversed.state, .reversed)
        try await shop.till.close()
    }

    func testAReadThatWasSpoiledOnItsWayChargesNothing() async throws {
        let spoils: [@Sendable (EncryptedRead) -> EncryptedRead] = [
            { $0.with(payload: Data($0.payload.reversed())) }, { $0.with(signature: Data(repeating: 7, count: 64)) },
            { $0.with(payload: Data()) }, { $0.with(payload: Data(repeating: 1, count: 1_000)) },
            { $0.with(signature: Data()) }, { $0.with(masked: "4761739001010119") },
        ]
        for (index, spoil) in spoils.enumerated() {
            let shop = try await shop(ScriptedReader(try stand, card: "visa", change: spoil))
            do {
                let ended = try await shop.till.sell(Shop.order(100))
                XCTAssertNotEqual(ended.state, .approved, "\(index)")
                XCTAssertEqual(ended.money, .notMoved, "\(index)")
            } catch let error as TillError {
                XCTAssertEqual(error.facts.code, "encrypted_read_invalid", "\(index)")
                XCTAssertEqual(error.facts.money, .notMoved, "\(index)")
            }
            let charged = try stand.book(of: shop.place).compactMap { $0["net_minor"] as? Int }
            XCTAssertEqual(charged.filter { $0 != 0 }, [], "\(index)")
            try await shop.till.close()
        }
    }

    func testEveryFaultOfAReaderIsAnOutcomeOrItsError() async throws {
        let rows: [(fault: any Error, ends: String)] = [
            (ReaderFault.Cancelled, "cancelled"), (ReaderFault.TimedOut, "no_card"),
            (ReaderFault.CardNotRead, "card_lost"), (ReaderFault.TryAnotherCard, "try_another_interface"),
            (ReaderFault.CardDeclined, "card"), (ReaderFault.PinRequired, "online_pin_required"),
            (ReaderFault.NotReady, "reader_not_ready"), (ReaderFault.Failed, "reader_failed"),
            (ReaderFault.Undeclared, "reader_failed"), (CancellationError(), "cancelled"),
            (URLError(.unknown), "reader_failed"),
        ]
        for row in rows {
            let shop = try await shop(BlockingReader(Failing(row.fault)))
            do {
                let ended = try await shop.till.sell(Shop.order(100))
                XCTAssertEqual(ended.reason, row.ends, "\(row.fault)")
                XCTAssertEqual(ended.money, .notMoved, "\(row.fault)")
            } catch let error as TillError {
                XCTAssertEqual(error.facts.code, row.ends, "\(row.fault)")
                XCTAssertEqual(error.facts.money, .notMoved, "\(row.fault)")
            }
            XCTAssertEqual(try stand.book(of: shop.place).count, 0)
            try await shop.till.close()
        }
    }

    func testATillWithoutAReaderSaysSo() async throws {
        let shop = try await Shop(stand, dialect: "encrypted")
        await assertFails("encrypted_reader_missing") { try await shop.till.sell(Shop.order(100)) }
        try await shop.till.close()
    }

    /// A reader that waits for a card for ever: cancelling the sale's task ends the kit's own task.
    func testCancellingTheSaleEndsTheRead() async throws {
        let patient = Patient()
        let shop = try await shop(BlockingReader(patient))
        let sale = Task { try await shop.till.sell(Shop.order(100)) }
        for await _ in patient.begun { break }
        sale.cancel()
        let ended = try await sale.value
        XCTAssertEqual(ended.reason, "cancelled")
        XCTAssertEqual(ended.state, .notSent)
        try await shop.till.close()
    }

    func testWhatIsSignedIsTheRequestAndTheRead() {
        let request = ReadRequest(
            amount: Amount(minor: 1230, currency: "CNY"), attempt: "A-1", nonce: Data(repeating: 9, count: 16))
        let bytes = ReadBinding.bytes(payload: Data([1, 2, 3]), request: request)
        let expected =
            Data("taptill read 1".utf8) + [0, 0, 0, 0, 0, 0, 4, 0xce] + Data("CNY".utf8) + request.nonce + [1, 2, 3]
        XCTAssertEqual(bytes, expected)
    }
}

extension EncryptedRead {
    fileprivate func with(payload: Data? = nil, signature: Data? = nil, masked: String? = nil) -> EncryptedRead {
        EncryptedRead(
            format: format, key: key, payload: payload ?? self.payload, signature: signature ?? self.signature,
            scheme: scheme, masked: masked ?? self.masked, cvm: cvm)
    }
}

/// A kit that fails at once.
private struct Failing: AsyncCardReader {
    let fault: any Error

    init(_ fault: any Error) {
        self.fault = fault
    }

    func read(_ request: ReadRequest) async throws -> EncryptedRead {
        throw fault
    }
}

/// A kit to which no card comes.
private struct Patient: AsyncCardReader {
    let begun: AsyncStream<Void>
    private let begin: AsyncStream<Void>.Continuation

    init() {
        (begun, begin) = AsyncStream.makeStream()
    }

    func read(_ request: ReadRequest) async throws -> EncryptedRead {
        begin.yield()
        try await Task.sleep(for: .seconds(3_600))
        throw ReaderFault.TimedOut
    }
}
