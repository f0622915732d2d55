import Foundation
import Taptill
import XCTest

@testable import TaptillSandbox

final class DevelopmentKeysTests: XCTestCase {
    func testTheHashIsThatOfThePublishedVectors() {
        // FIPS 180-4 examples, RFC 4231 test cases 1, 2 and 6.
        XCTAssertEqual(
            hex(Sha256.digest(Data("abc".utf8))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        XCTAssertEqual(
            hex(Sha256.digest(Data())), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        XCTAssertEqual(
            hex(Sha256.hmac(Data(repeating: 0x0b, count: 20), Data("Hi There".utf8))),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
        XCTAssertEqual(
            hex(Sha256.hmac(Data("Jefe".utf8), Data("what do ya want for nothing?".utf8))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        XCTAssertEqual(
            hex(
                Sha256.hmac(
                    Data(repeating: 0xaa, count: 131),
                    Data("Test Using Larger Than Block-Size Key - Hash Key First".utf8))),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
    }

    func testTheStoreRefusesAsAPhoneDoes() throws {
        let keys = DevelopmentKeys()
        let context = Data("context".utf8)
        // Made anew each time: a store wipes what it was given.
        var secret: Data { Data("a secret longer than one block of thirty-two".utf8) }
        XCTAssertFalse(try keys.exists(alias: "w"))
        try keys.create(alias: "w", kind: .wrap)
        try keys.create(alias: "m", kind: .mac)
        let wrapped = try keys.wrap(alias: "w", secret: secret, context: context)
        XCTAssertNil(wrapped.range(of: secret))
        let sink = RecordingSink(noHandle: .init())
        XCTAssertNoThrow(try keys.unwrap(alias: "w", wrapped: wrapped, context: context, into: sink))
        XCTAssertEqual(sink.taken, [secret])

        var bent = wrapped
        bent[20] ^= 1
        let refusals: [(KeyFault, () throws -> Void)] = [
            (.AlreadyExists, { try keys.create(alias: "w", kind: .wrap) }),
            (.NotFound, { _ = try keys.wrap(alias: "x", secret: secret, context: context) }),
            (.WrongKind, { _ = try keys.wrap(alias: "m", secret: secret, context: context) }),
            (.WrongKind, { try keys.mac(alias: "w", data: secret, into: sink) }),
            (.Rejected, { try keys.unwrap(alias: "w", wrapped: bent, context: context, into: sink) }),
            (.Rejected, { try keys.unwrap(alias: "w", wrapped: wrapped, context: Data(), into: sink) }),
            (.Rejected, { try keys.unwrap(alias: "w", wrapped: Data(), context: context, into: sink) }),
            (.Unsupported, { _ = try keys.attest(alias: "w", challenge: Data()) }),
        ]
        for (fault, call) in refusals {
            XCTAssertThrowsError(try call()) { XCTAssertEqual($0 as? KeyFault, fault) }
        }
        keys.fail(with: KeyFault.Unavailable)
        XCTAssertThrowsError(try keys.exists(alias: "w")) { XCTAssertEqual($0 as? KeyFault, .Unavailable) }
        keys.fail(with: nil)
        keys.forget()
        XCTAssertFalse(try keys.exists(alias: "w"))
    }

    private func hex(_ data: Data) -> String {
        data.map { String(format: "%02x", $0) }.joined()
    }
}

/// A sink that is no core's: notes what is put into it.
private final class RecordingSink: SecretSink, @unchecked Sendable {
    // Used from the test's own thread alone, which is why `@unchecked Sendable` holds.
    var taken: [Data] = []

    override func put(secret: Data) throws {
        taken.append(secret)
    }
}
