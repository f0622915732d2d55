import Foundation
import Taptill
import TaptillSandbox
import XCTest

final class SecretTests: XCTestCase {
    func testTheBytesAreLentWithoutACopyAndGoneAfterWiping() {
        var given = Data("4761739001010119".utf8)
        let secret = Secret(taking: &given)
        XCTAssertTrue(given.isEmpty, "the caller's data is wiped")
        var first: UnsafeRawPointer?
        var second: UnsafeRawPointer?
        _ = secret.lend { bytes in
            XCTAssertEqual(bytes, Data("4761739001010119".utf8))
            bytes.withUnsafeBytes { first = $0.baseAddress }
        }
        _ = secret.lend { bytes in bytes.withUnsafeBytes { second = $0.baseAddress } }
        XCTAssertEqual(first, second)
        secret.wipe()
        XCTAssertNil(secret.lend { $0.count })
        secret.wipe()
    }

    func testWipingOverwritesTheMemoryItself() throws {
        var given = Data(repeating: 0x41, count: 64)
        let secret = Secret(taking: &given)
        var start: UnsafeRawPointer?
        _ = secret.lend { bytes in bytes.withUnsafeBytes { start = $0.baseAddress } }
        let memory = try XCTUnwrap(start)
        XCTAssertEqual(memory.load(as: UInt8.self), 0x41, "the control: the bytes are there before")
        secret.wipe()
        XCTAssertEqual((0..<64).map { memory.load(fromByteOffset: $0, as: UInt8.self) }, Array(repeating: 0, count: 64))
    }

    func testDataIsWipedInPlaceWhenNobodyElseHasIt() {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 128, alignment: 1)
        defer { memory.deallocate() }
        memory.initializeMemory(as: UInt8.self, repeating: 0x42, count: 128)
        var data = Data(bytesNoCopy: memory, count: 128, deallocator: .none)
        XCTAssertEqual(memory.load(as: UInt8.self), 0x42, "the control: the bytes are there before")
        data.wipe()
        XCTAssertTrue(data.isEmpty)
        XCTAssertEqual((0..<128).filter { memory.load(fromByteOffset: $0, as: UInt8.self) != 0 }, [])
    }

    func testAPortsBytesAreWipedForEverybody() throws {
        let keys = DevelopmentKeys()
        try keys.create(alias: "w", kind: .wrap)
        let secret = Data(repeating: 0x43, count: 32)
        let kept = secret
        _ = try keys.wrap(alias: "w", secret: secret, context: Data())
        XCTAssertEqual(kept, Data(count: 32), "what the bindings hand to a port is gone when it returns")
    }

    func testASecretSaysNothingOfItself() {
        var given = Data("password".utf8)
        let secret = Secret(taking: &given)
        XCTAssertFalse((secret as Any) is any CustomStringConvertible)
        XCTAssertFalse((secret as Any) is any CustomDebugStringConvertible)
        XCTAssertFalse((secret as Any) is any Encodable)
        XCTAssertFalse("\(secret)".contains("password"))
        var dumped = ""
        dump(secret, to: &dumped)
        // Bytes are dumped one a line; an address may have the digits of one by chance.
        XCTAssertFalse(dumped.contains("password") || dumped.contains("- 112\n"), dumped)
    }

    func testAnEmptySecretIsLentAsNoBytes() {
        var given = Data()
        XCTAssertEqual(Secret(taking: &given).lend { $0.count }, 0)
    }
}
