// The core's own gallery of screens, one of every kind and more, in both languages, arranged for drawing.

import Taptill
import XCTest

@testable import TaptillMerchant

final class ScreenModelTests: XCTestCase {
    private static let layouts: [ScreenKind: Layout] = [
        .firstStart: .outcome, .amountPad: .keypad, .presentCard: .reader, .reading: .reader, .approved: .outcome,
        .declined: .outcome, .notKnownYet: .outcome, .seePhone: .outcome, .tryAnotherWay: .outcome, .history: .list,
        .transaction: .list, .receipt: .slip, .settings: .list, .trouble: .outcome,
        .claim: .form, .signIn: .form, .locked: .form, .changePassword: .form, .recover: .form, .addOperator: .form,
        .resetOperator: .form, .recoveryCode: .paper, .operators: .list, .operator: .list,
        .enrolBiometric: .form, .newRecoveryCode: .form, .freeze: .outcome, .release: .form, .leave: .list,
        .freezeByName: .form, .frozen: .list, .left: .outcome, .forceLeave: .form, .statement: .list,
        .deregister: .form, .deregisterBlocked: .list, .erasing: .outcome, .erased: .slip, .loss: .list,
        .renewPasswords: .outcome, .evidence: .form, .disclosed: .outcome, .network: .list, .message: .form,
        .decide: .form,
    ]

    func testEveryKindHasItsLayoutAndWords() throws {
        for language in [Language.en, .zhCn] {
            let samples = try screenGallery(language: language)
            XCTAssertEqual(Set(samples.map(\.screen.kind)), Set(Self.layouts.keys), "the gallery shows every kind")
            for sample in samples {
                let model = ScreenModel(sample.screen)
                XCTAssertEqual(model.layout, Self.layouts[sample.screen.kind], sample.name)
                XCTAssertEqual(sample.screen.language, language, sample.name)
                XCTAssertTrue(model.announcement.hasPrefix(sample.screen.title), sample.name)
                XCTAssertFalse(sample.screen.title.isEmpty, sample.name)
                XCTAssertEqual(model.layout == .keypad, !model.keys.isEmpty, sample.name)
                XCTAssertEqual(model.layout == .slip, !model.slipLines.isEmpty, sample.name)
                XCTAssertEqual(model.layout == .form, !sample.screen.fields.isEmpty, sample.name)
            }
        }
    }

    func testEveryActionOfTheCoreIsDrawnOnce() throws {
        for sample in try screenGallery(language: .en) {
            let model = ScreenModel(sample.screen)
            let drawn = model.others + [model.primary].compactMap { $0 }
            XCTAssertEqual(drawn.count, sample.screen.actions.count, "\(sample.name): at most one is primary")
            XCTAssertEqual(Set(drawn), Set(sample.screen.actions), sample.name)
            XCTAssertEqual(Set(drawn.map(\.label)).count, drawn.count, "\(sample.name): labels tell them apart")
        }
    }

    func testAFreezeIsHeldAndNeverTouchedByAccident() throws {
        let samples = try screenGallery(language: .en)
        for action in samples.flatMap(\.screen.actions) where action.held != nil {
            XCTAssertEqual(action.held, .freeze)
            XCTAssertEqual(action.intent, .toFreeze, "those who cannot hold are led to a screen")
        }
        for kind in [ScreenKind.signIn, .locked, .amountPad, .settings, .presentCard, .reading, .approved, .declined] {
            let held = samples.filter { $0.screen.kind == kind }.contains {
                $0.screen.actions.contains { $0.held != nil }
            }
            XCTAssertTrue(held, "\(kind)")
        }
    }

    func testWhatMustNotBePhotographedIsPrivate() throws {
        let models = try screenGallery(language: .en).map { ScreenModel($0.screen) }
        for model in models where [.form, .paper].contains(model.layout) {
            XCTAssertTrue(model.isPrivate, "\(model.screen.kind)")
        }
    }

    func testTheLightsAreTheCores() throws {
        for sample in try screenGallery(language: .en) {
            let lit = ScreenModel(sample.screen).lights
            XCTAssertEqual(lit.count, 4)
            XCTAssertEqual(lit.filter { $0 }.count, Int(sample.screen.lights), sample.name)
            XCTAssertEqual(lit, lit.sorted { $0 && !$1 }, "\(sample.name): from the left")
        }
    }

    func testTheKeypadHasEveryDigitOnceAndSpeaks() throws {
        let pad = try XCTUnwrap(try screenGallery(language: .zhCn).first { $0.screen.keypad })
        let keys = ScreenModel(pad.screen).keys.joined()
        let digits = keys.compactMap { key -> UInt8? in
            guard case .digit(let digit) = key.intent else { return nil }
            return digit
        }
        XCTAssertEqual(digits.sorted(), Array(0...9))
        XCTAssertEqual(keys.filter { $0.intent == .doubleZero || $0.intent == .backspace }.count, 2)
        XCTAssertEqual(Set(keys.map(\.id)).count, 12)
        XCTAssertTrue(keys.allSatisfy { !$0.spoken.isEmpty })
        XCTAssertEqual(keys.first { $0.intent == .backspace }?.spoken, pad.screen.backspaceLabel)
    }

    func testASlipKeepsItsEmptyLinesAndNoneIsAdded() throws {
        let receipt = try XCTUnwrap(try screenGallery(language: .en).first { $0.screen.kind == .receipt })
        let slip = try XCTUnwrap(receipt.screen.slip)
        XCTAssertEqual(ScreenModel(receipt.screen).slipLines.map { $0 + "\n" }.joined(), slip)
    }
}
