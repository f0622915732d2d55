// What kept an intent from reaching the core, in words.
//
// The core words its own errors. What it cannot word stands here, in both languages: that the app and the core do not
// match, and that the phone gave the app no folder or no key. Evidence: TroubleModelTests.

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
        (what, todo) = error is VersionSkewError ? Self.skew(language) : Self.phone(language)
        money = ""
    }

    private static func skew(_ language: Language) -> (String, String) {
        switch language {
        case .en:
            (
                "This app and its payment core do not match.",
                "Update the app. Payments that were under way are kept and are finished afterwards."
            )
        case .zhCn: ("本应用与其支付核心版本不一致。", "请更新应用。进行中的付款不会丢失，更新后会继续处理。")
        }
    }

    private static func phone(_ language: Language) -> (String, String) {
        switch language {
        case .en:
            (
                "The phone did not give the app what it needs.",
                "Unlock the phone, make sure that it has free storage, and open the app again."
            )
        case .zhCn: ("手机未能提供本应用所需的资源。", "请解锁手机，确认存储空间充足，然后重新打开本应用。")
        }
    }
}
