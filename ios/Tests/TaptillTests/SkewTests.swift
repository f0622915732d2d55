// A core of another version, and values that these bindings do not know: named errors, and the process lives on.

import Foundation
import Taptill
import TaptillCore
import XCTest

final class SkewTests: XCTestCase {
    /// Every enumeration that crosses the border.
    private static let converters: [(String, @Sendable (inout (data: Data, offset: Data.Index)) throws -> Any)] = [
        ("Actor", { try FfiConverterTypeActor.read(from: &$0) }),
        ("AttemptKind", { try FfiConverterTypeAttemptKind.read(from: &$0) }),
        ("AttemptState", { try FfiConverterTypeAttemptState.read(from: &$0) }),
        ("BatchDecision", { try FfiConverterTypeBatchDecision.read(from: &$0) }),
        ("BatchState", { try FfiConverterTypeBatchState.read(from: &$0) }),
        ("CardFault", { try FfiConverterTypeCardFault.read(from: &$0) }),
        ("Decision", { try FfiConverterTypeDecision.read(from: &$0) }),
        ("DeviceSays", { try FfiConverterTypeDeviceSays.read(from: &$0) }),
        ("DifferenceKind", { try FfiConverterTypeDifferenceKind.read(from: &$0) }),
        ("EvidenceScope", { try FfiConverterTypeEvidenceScope.read(from: &$0) }),
        ("ExitState", { try FfiConverterTypeExitState.read(from: &$0) }),
        ("ExitStep", { try FfiConverterTypeExitStep.read(from: &$0) }),
        ("ExportFault", { try FfiConverterTypeExportFault.read(from: &$0) }),
        ("FrozenFrom", { try FfiConverterTypeFrozenFrom.read(from: &$0) }),
        ("Intent", { try FfiConverterTypeIntent.read(from: &$0) }),
        ("KeyFault", { try FfiConverterTypeKeyFault.read(from: &$0) }),
        ("KeyKind", { try FfiConverterTypeKeyKind.read(from: &$0) }),
        ("Language", { try FfiConverterTypeLanguage.read(from: &$0) }),
        ("LineKind", { try FfiConverterTypeLineKind.read(from: &$0) }),
        ("Money", { try FfiConverterTypeMoney.read(from: &$0) }),
        ("NetworkVerdict", { try FfiConverterTypeNetworkVerdict.read(from: &$0) }),
        ("Notice", { try FfiConverterTypeNotice.read(from: &$0) }),
        ("PortFault", { try FfiConverterTypePortFault.read(from: &$0) }),
        ("Posture", { try FfiConverterTypePosture.read(from: &$0) }),
        ("Prompt", { try FfiConverterTypePrompt.read(from: &$0) }),
        ("ReadCvm", { try FfiConverterTypeReadCvm.read(from: &$0) }),
        ("ReaderFault", { try FfiConverterTypeReaderFault.read(from: &$0) }),
        ("ReceiptCopy", { try FfiConverterTypeReceiptCopy.read(from: &$0) }),
        ("ReceiptWidth", { try FfiConverterTypeReceiptWidth.read(from: &$0) }),
        ("RefundApproval", { try FfiConverterTypeRefundApproval.read(from: &$0) }),
        ("RefundDecision", { try FfiConverterTypeRefundDecision.read(from: &$0) }),
        ("RefundOf", { try FfiConverterTypeRefundOf.read(from: &$0) }),
        ("RefundState", { try FfiConverterTypeRefundState.read(from: &$0) }),
        ("RefundVerification", { try FfiConverterTypeRefundVerification.read(from: &$0) }),
        ("Retry", { try FfiConverterTypeRetry.read(from: &$0) }),
        ("Reversal", { try FfiConverterTypeReversal.read(from: &$0) }),
        ("Role", { try FfiConverterTypeRole.read(from: &$0) }),
        ("FieldName", { try FfiConverterTypeFieldName.read(from: &$0) }),
        ("OperatorRole", { try FfiConverterTypeOperatorRole.read(from: &$0) }),
        ("PasswordProfile", { try FfiConverterTypePasswordProfile.read(from: &$0) }),
        ("BiometricFault", { try FfiConverterTypeBiometricFault.read(from: &$0) }),
        ("BiometricStanding", { try FfiConverterTypeBiometricStanding.read(from: &$0) }),
        ("Standing", { try FfiConverterTypeStanding.read(from: &$0) }),
        ("StatementFile", { try FfiConverterTypeStatementFile.read(from: &$0) }),
        ("StatementSource", { try FfiConverterTypeStatementSource.read(from: &$0) }),
        ("ScreenKind", { try FfiConverterTypeScreenKind.read(from: &$0) }),
        ("TillError", { try FfiConverterTypeTillError.read(from: &$0) }),
        ("Tone", { try FfiConverterTypeTone.read(from: &$0) }),
    ]

    /// A real core behind one that answers as a newer one would, in a process of its own.
    func testACoreOfAnotherVersionIsANamedErrorAndNoCrash() throws {
        let rows: [(newer: String?, says: String)] = [
            (nil, "same \(try coreVersion().version)"),
            ("contract", "skew otherContract"),
            ("surface", "skew otherSurface"),
            ("nothing", "same \(try coreVersion().version)"),
        ]
        for row in rows {
            let (said, status) = try probe(newer: row.newer)
            XCTAssertEqual(said, row.says)
            XCTAssertEqual(status, 0)
        }
    }

    func testAnUnknownValueIsAnErrorInEveryConverter() {
        let unknown = Data([0, 0, 0x7f, 0xff])
        let converters = Self.converters
        for (name, read) in converters {
            for bytes in [unknown, Data([0, 0, 0, 0]), Data([0xff, 0xff, 0xff, 0xff]), Data([0])] {
                var buffer = (data: bytes, offset: bytes.startIndex)
                XCTAssertThrowsError(try read(&buffer), name) {
                    XCTAssertEqual(taptillCallFault($0), .unknownValue, name)
                }
            }
            var known = (data: Data([0, 0, 0, 1]), offset: 0)
            // The first value of these carries something, which is not there.
            if !["EvidenceScope", "Intent", "RefundOf", "StatementFile", "TillError"].contains(name) {
                XCTAssertNoThrow(try read(&known), "the control: \(name) has a first value")
            }
        }
    }

    func testNoEnumerationIsForgotten() throws {
        let bindings = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Sources/TaptillCore/taptill.swift")
        let text = try String(contentsOf: bindings, encoding: .utf8)
        let known = Set(Self.converters.map(\.0))
        // Only an enumeration is read by its number.
        var name = ""
        var found: Set<String> = []
        for line in text.split(separator: "\n") {
            if let type = line.wholeMatch(of: /public struct FfiConverterType(\w+): FfiConverterRustBuffer \{/) {
                name = String(type.1)
            }
            if line.contains("let variant: Int32 = try readInt(&buf)") { found.insert(name) }
        }
        XCTAssertEqual(found, known)
    }

    func testTheHandlerHearsOnceAndTheCallerGetsANamedError() {
        var buffer = (data: Data([0, 0, 0x7f, 0xff]), offset: 0)
        XCTAssertThrowsError(try FfiConverterTypeMoney.read(from: &buffer)) { error in
            let quiet = Hearing()
            let skew = VersionSkew.unknownValue(what: "status")
            XCTAssertEqual(quiet.translated(error, call: "status") as? VersionSkewError, VersionSkewError(skew))
            XCTAssertEqual(quiet.heard, [skew])
            XCTAssertEqual(Throwing().translated(error, call: "status") as? VersionSkewError, VersionSkewError(skew))
            let plain = ThrowingVersionSkewHandler()
            XCTAssertEqual(plain.translated(error, call: "status") as? VersionSkewError, VersionSkewError(skew))
        }
        let other = KeyFault.Rejected
        XCTAssertEqual(ThrowingVersionSkewHandler().translated(other, call: "x") as? KeyFault, other)
    }

    private func probe(newer: String?) throws -> (said: String, status: Int32) {
        let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        let process = Process()
        let output = Pipe()
        process.executableURL = folder.appendingPathComponent("taptill-probe")
        process.standardOutput = output
        if let newer {
            process.environment = [
                "TAPTILL_NEWER": newer, "LD_PRELOAD": folder.appendingPathComponent("libNewerCore.so").path,
            ]
        }
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let text = String(decoding: said, as: UTF8.self).trimmingCharacters(in: .newlines)
        return (text, process.terminationReason == .exit ? process.terminationStatus : -1)
    }
}

/// Notes what it hears and returns.
private final class Hearing: VersionSkewHandler, @unchecked Sendable {
    // Used from the test's own thread alone, which is why `@unchecked Sendable` holds.
    var heard: [VersionSkew] = []

    func onSkew(_ skew: VersionSkew) throws {
        heard.append(skew)
    }
}

/// Throws an error of the app's own, which changes nothing for the caller.
private struct Throwing: VersionSkewHandler {
    struct Mine: Error {}

    func onSkew(_ skew: VersionSkew) throws {
        throw Mine()
    }
}
