// What kept an intent from reaching the core, in words.
//
// The core words its own errors. One kind cannot be worded by it: that the app and the core do not match. Its words
// stand here, in both languages. Evidence: TroubleModelTests.

import Taptill

public struct TroubleModel: Equatable, Sendable {
    /// What happened.
    public let what: String
    /// What to do now.
    public let todo: String
    /// Whether money moved; empty where nothing was under way.
    public let money: String

    /// What to do and whether money moved, a line each.
    public var advice: [String] {
        [todo, money].filter { !$0.isEmpty }
    }

    public init(_ error: any Error, _ language: Language) {
        if let error = error as? TillError, let words = try? error.words(language) {
            (what, todo, money) = (words.what, words.todo, words.money)
            return
        }
        switch language {
        case .en:
            what = "This app and its payment core do not match."
            todo = "Update the app. Payments that were under way are kept and are finished afterwards."
        case .zhCn:
            what = "本应用与其支付核心版本不一致。"
            todo = "请更新应用。进行中的付款不会丢失，更新后会继续处理。"
        }
        money = ""
    }
}
