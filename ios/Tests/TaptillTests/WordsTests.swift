// Every code that the core can report has words, in both languages, through the kit.

import Taptill
import XCTest

final class WordsTests: XCTestCase {
    func testEveryCodeHasWordsInBothLanguages() throws {
        let codes = try errorCodes()
        XCTAssertGreaterThan(codes.count, 40)
        for code in codes {
            let facts = try factsOf(code: code)
            XCTAssertEqual(facts.code, code)
            let english = try describeError(facts: facts, language: .en)
            let chinese = try describeError(facts: facts, language: .zhCn)
            for words in [english, chinese] {
                XCTAssertFalse(words.what.isEmpty || words.todo.isEmpty || words.money.isEmpty, code)
            }
            XCTAssertNotEqual(english.what, chinese.what, code)
            XCTAssertNotEqual(english.todo, chinese.todo, code)
        }
    }

    func testACodeThatTheCoreDoesNotHaveIsRefused() {
        for code in ["", "no_such_code", "amount_zero\u{0}", String(repeating: "x", count: 1_000_000)] {
            XCTAssertThrowsError(try factsOf(code: code)) {
                XCTAssertEqual(($0 as? TillError)?.facts.code, "identifier_malformed")
            }
        }
    }

    func testEveryVariantTellsItsFacts() throws {
        let facts = try factsOf(code: "amount_zero")
        let all: [TillError] = [
            .Integration(facts: facts), .Busy(facts: facts), .User(facts: facts), .Tap(facts: facts),
            .Device(facts: facts), .Integrity(facts: facts), .Auth(facts: facts), .Network(facts: facts),
            .Outcome(facts: facts), .Refund(facts: facts), .Lifecycle(facts: facts), .Storage(facts: facts),
        ]
        for error in all {
            XCTAssertEqual(error.facts, facts)
            XCTAssertEqual(try error.words(.en), try describeError(facts: facts, language: .en))
        }
    }
}
