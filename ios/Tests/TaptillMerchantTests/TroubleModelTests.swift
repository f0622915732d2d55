import Taptill
import TaptillMerchant
import XCTest

final class TroubleModelTests: XCTestCase {
    func testTheCoresErrorsHaveTheCoresWords() throws {
        let error = TillError.Lifecycle(facts: try factsOf(code: "terminal_closed"))
        for language in [Language.en, .zhCn] {
            let words = try error.words(language)
            let model = TroubleModel(error, language)
            XCTAssertEqual([model.what] + model.advice, [words.what, words.todo, words.money])
        }
    }

    func testWhatTheCoreCannotWordHasWordsInBothLanguages() {
        XCTAssertNotEqual(TroubleModel(VersionSkewError(.otherContract), .en), TroubleModel(KeyFault.Unavailable, .en))
        let errors: [any Error] = [
            VersionSkewError(.otherSurface), VersionSkewError(.unknownValue(what: "x")), KeyFault.Unavailable,
        ]
        for error in errors {
            let (english, chinese) = (TroubleModel(error, .en), TroubleModel(error, .zhCn))
            for model in [english, chinese] { XCTAssertFalse(model.what.isEmpty || model.todo.isEmpty) }
            XCTAssertNotEqual(english, chinese)
        }
    }
}
