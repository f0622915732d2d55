// One of the core's screens, arranged for drawing: which layout, which buttons where, what is said aloud.
//
// The mapping is one `switch` over the kind. All words are the core's. Evidence: ScreenModelTests, one case a kind.

import Taptill

/// How a screen is laid out.
public enum Layout: Sendable, Equatable {
    /// The amount from afar and a keypad.
    case keypad
    /// The amount, and the reader's four lights.
    case reader
    /// One thing that a person should take in, with a mark for its tone.
    case outcome
    /// Lines, some of which open another screen.
    case list
    /// A slip in fixed width.
    case slip
    /// Fields to type into.
    case form
    /// A code, character by character.
    case paper
}

public struct ScreenModel: Sendable, Equatable {
    public let screen: Screen

    public init(_ screen: Screen) {
        self.screen = screen
    }

    public var layout: Layout {
        switch screen.kind {
        case .amountPad: .keypad
        case .presentCard, .reading: .reader
        case .firstStart, .approved, .declined, .notKnownYet, .seePhone, .tryAnotherWay, .trouble, .freeze, .left,
            .erasing,
            .renewPasswords, .disclosed:
            .outcome
        case .history, .transaction, .settings, .operators, .operator, .leave, .frozen, .statement,
            .deregisterBlocked, .loss, .network:
            .list
        case .receipt, .erased: .slip
        case .claim, .signIn, .locked, .changePassword, .recover, .addOperator, .resetOperator, .enrolBiometric,
            .newRecoveryCode, .release, .freezeByName, .forceLeave, .deregister, .evidence, .message, .decide:
            .form
        case .recoveryCode: .paper
        }
    }

    /// The reader's four lights, left to right.
    public var lights: [Bool] {
        (0..<4).map { $0 < screen.lights }
    }

    /// The button that most people want.
    public var primary: Action? {
        screen.actions.first { $0.role == .primary }
    }

    /// The others, in the core's order.
    public var others: [Action] {
        screen.actions.filter { $0.role != .primary }
    }

    /// The keys, row by row; none where the core wants no keypad.
    public var keys: [[Key]] {
        screen.keypad ? Key.rows(backspace: screen.backspaceLabel) : []
    }

    /// What VoiceOver says when the screen appears.
    public var announcement: String {
        [screen.title, screen.headline, screen.message, screen.advice].compactMap { $0 }.joined(separator: ". ")
    }

    /// The lines of the slip, without the one that the last line feed would add.
    public var slipLines: [String] {
        guard let slip = screen.slip else { return [] }
        return slip.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    /// Whether it must not be photographed or recorded.
    public var isPrivate: Bool {
        screen.private
    }
}

/// A key of the keypad.
public struct Key: Sendable, Equatable, Identifiable {
    /// What stands on it, in digits or as a symbol, which needs no translation.
    public let face: String
    /// What VoiceOver says of it.
    public let spoken: String
    public let intent: Intent

    public var id: String { face }

    static func rows(backspace: String) -> [[Key]] {
        [
            [digit(1), digit(2), digit(3)],
            [digit(4), digit(5), digit(6)],
            [digit(7), digit(8), digit(9)],
            [
                Key(face: "00", spoken: "00", intent: .doubleZero), digit(0),
                Key(face: "⌫", spoken: backspace, intent: .backspace),
            ],
        ]
    }

    private static func digit(_ digit: UInt8) -> Key {
        Key(face: "\(digit)", spoken: "\(digit)", intent: .digit(digit: digit))
    }
}
