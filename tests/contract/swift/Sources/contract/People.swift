// The calls about people and proofs.

import Foundation
import Taptill

/// A name and a password that a case need not write out.
struct Person {
    let name: String
    let password: String

    /// The supervisor who claims a case's till.
    static let alice = Person(name: "alice", password: "correct horse battery 9")
    /// The operator whom a case adds.
    static let bob = Person(name: "bob", password: "tall ships sail at 7 bells")
}

extension Bench {
    /// A call about people; nothing for any other.
    func ofPeople(_ name: String, _ with: inout Args) throws -> Json? {
        switch name {
        case "claim":
            let (name, password) = try person(&with, .alice)
            return try done(&with) { people in
                try lending(password) { try people.claim(name: name, password: $0) }
            }
        case "recover":
            let (code, (name, password)) = (try with.text("code"), try person(&with, .alice))
            return try done(&with) { people in
                try lending(code) { code in
                    try lending(password) { try people.recover(code: code, name: name, password: $0) }
                }
            }
        case "sign_in": return try signIn(&with)
        case "unlock":
            let password = try with.text("password", or: Person.alice.password)
            return try done(&with) { people in try lending(password) { try people.unlock(password: $0) } }
        case "enrol_biometric", "new_recovery_code":
            let password = try with.text("password", or: Person.alice.password)
            return try done(&with) { people in
                try lending(password) {
                    try name == "enrol_biometric"
                        ? people.enrolBiometric(password: $0) : people.newRecoveryCode(password: $0)
                }
            }
        case "sign_in_by_biometric":
            let who = try with.text("name", or: Person.alice.name)
            return try done(&with) { people in try people.signInByBiometric(name: who) }
        case "unlock_by_biometric": return try done(&with) { people in try people.unlockByBiometric() }
        case "change_password":
            let password = try with.text("password", or: Person.alice.password)
            let new = try with.text("new_password")
            return try done(&with) { people in
                try lending(password) { password in
                    try lending(new) { try people.changePassword(password: password, newPassword: $0) }
                }
            }
        case "add_operator":
            let ((name, password), role) = (try person(&with, .bob), try role(&with))
            let temporary = try with.flag("temporary")
            return try done(&with) { people in
                try lending(password) {
                    try people.addOperator(name: name, role: role, password: $0, temporary: temporary)
                }
            }
        case "reset_operator":
            let (name, password) = try person(&with, .bob)
            return try done(&with) { people in
                try lending(password) { try people.resetOperator(name: name, password: $0) }
            }
        default: return try withoutPassword(name, &with)
        }
    }

    private func signIn(_ with: inout Args) throws -> Json {
        let ((name, password), new) = (try person(&with, .alice), try with.optionalText("new_password"))
        return try done(&with) { people in
            try lending(password) { password in
                guard let new else { return try people.signIn(name: name, password: password) }
                return try lending(new) {
                    try people.signInWithNew(name: name, password: password, newPassword: $0)
                }
            }
        }
    }

    /// What takes no password.
    private func withoutPassword(_ name: String, _ with: inout Args) throws -> Json? {
        switch name {
        case "lock", "sign_out", "rotate_keys", "forget_biometric":
            try with.finish()
            let people = try opened().people()
            try wait {
                switch name {
                case "lock": try await people.lock()
                case "sign_out": try await people.signOut()
                case "forget_biometric": try await people.forgetBiometric()
                default: try await people.rotateKeys()
                }
            }
            return .null
        case "operators":
            try with.finish()
            return json(try opened().people().operators())
        case "remove_operator":
            let (name, rotate) = (try with.text("name", or: Person.bob.name), try with.flag("rotate"))
            try with.finish()
            let people = try opened().people()
            try wait { try await people.removeOperator(name: name, rotate: rotate) }
            return .null
        case "policy":
            try with.finish()
            return json(try opened().people().policy())
        case "set_policy":
            let policy = try policy(&with)
            try with.finish()
            let people = try opened().people()
            try wait { try await people.setPolicy(policy: policy) }
            return .null
        default: return nil
        }
    }

    /// A call about proofs; nothing for any other.
    func ofProofs(_ name: String, _ with: inout Args) throws -> Json? {
        switch name {
        case "checkpoint", "public_key":
            try with.finish()
            let proofs = try opened().proofs()
            return .text(name == "checkpoint" ? try proofs.checkpoint() : try proofs.publicKey())
        case "accept_roll_back":
            try with.finish()
            let proofs = try opened().proofs()
            try wait { try await proofs.acceptRollBack() }
            return .null
        case "prove_attempt":
            let attempt = try with.text("attempt")
            try with.finish()
            return .text(try opened().proofs().proveAttempt(attempt: attempt))
        case "prove_event":
            let sequence = try with.whole("sequence", as: UInt64.self)
            try with.finish()
            return .text(try opened().proofs().proveEvent(sequence: sequence))
        case "consistency":
            let oldSize = try with.whole("old_size", as: UInt64.self)
            try with.finish()
            return .text(try opened().proofs().consistency(oldSize: oldSize))
        default: return nil
        }
    }

    /// Starts the work on a password and waits for its end.
    private func done(_ with: inout Args, _ start: (People) throws -> PasswordWork) throws -> Json {
        try with.finish()
        let work = try start(opened().people())
        return try json(try wait { try await work.awaitDone() })
    }

    func person(_ with: inout Args, _ usual: Person) throws -> (String, String) {
        (try with.text("name", or: usual.name), try with.text("password", or: usual.password))
    }

    func role(_ with: inout Args) throws -> OperatorRole {
        try oneOf(with.text("role", or: "cashier"), [.cashier, .supervisor, .service])
    }

    /// The shipped policy with what a case puts in its place.
    private func policy(_ with: inout Args) throws -> ShopPolicy {
        let usual = try shippedPolicy(profile: "pci")
        let password: PasswordProfile =
            switch try with.text("password", or: "pci") {
            case "pci": .pci
            case "nist": .nist
            case "own": .own(rules: try rules(with.optional("rules") ?? .null))
            case let other: throw Failure(.unknown, "there is no profile \(other)")
            }
        return ShopPolicy(
            password: password,
            idleMs: try with.optionalWhole("idle_ms", as: UInt64.self) ?? usual.idleMs,
            sessionMaxMs: try with.optionalWhole("session_max_ms", as: UInt64.self) ?? usual.sessionMaxMs,
            tries: try with.optionalWhole("tries", as: UInt8.self) ?? usual.tries,
            lockoutMs: try with.optionalWhole("lockout_ms", as: UInt64.self) ?? usual.lockoutMs,
            checkpointEvery: try with.optionalWhole("checkpoint_every", as: UInt32.self) ?? usual.checkpointEvery,
            biometricDays: try with.optionalWhole("biometric_days", as: UInt16.self) ?? usual.biometricDays,
            shopWords: try with.optionalTexts("shop_words") ?? usual.shopWords,
            refunds: RefundPolicy(
                contactlessCard: try refundRules(with.optional("contactless_card"), usual.refunds.contactlessCard),
                encryptedRead: try refundRules(with.optional("encrypted_read"), usual.refunds.encryptedRead)),
            settleAtMinute: try with.optionalWhole("settle_at_minute", as: UInt16.self),
            twoPeopleToDeregister: try with.flag("two_people_to_deregister", or: usual.twoPeopleToDeregister),
            freezeNeedsPasswordAtLockScreen: try with.flag("freeze_needs_password_at_lock_screen"))
    }

    private func refundRules(_ object: Json?, _ usual: RefundRules) throws -> RefundRules {
        guard let object else { return usual }
        var rules = try Args(raw: object)
        let approval: RefundApproval =
            switch try rules.text("approval", or: "second_person") {
            case "second_person": .secondPerson
            case "host": .host
            case "none_below": .noneBelow(minor: try rules.whole("below_minor", as: UInt64.self))
            case let other: throw Failure(.unknown, "nobody approves by \(other)")
            }
        let read = RefundRules(
            windowDays: try rules.optionalWhole("window_days", as: UInt16.self) ?? usual.windowDays,
            verification: try oneOf(
                rules.text("verification", or: "none"), [RefundVerification.none, .signature, .cardAgain, .pin]),
            approval: approval, selfApprovalAllowed: try rules.flag("self_approval_allowed"),
            requestLifetimeMs: try rules.optionalWhole("request_lifetime_ms", as: UInt64.self)
                ?? usual.requestLifetimeMs)
        try rules.finish()
        return read
    }

    private func rules(_ object: Json) throws -> PasswordRules {
        var rules = try Args(raw: object)
        let read = PasswordRules(
            minLength: try rules.whole("min_length", as: UInt8.self),
            lettersAndDigits: try rules.flag("letters_and_digits"),
            commonRefused: try rules.flag("common_refused"), history: try rules.whole("history", as: UInt8.self),
            maxAgeDays: try rules.optionalWhole("max_age_days", as: UInt16.self))
        try rules.finish()
        return read
    }
}

/// Lends a text as bytes that are wiped afterwards.
func lending<Result>(_ text: String, _ body: (Data) throws -> Result) rethrows -> Result {
    var bytes = Data(text.utf8)
    defer { bytes.wipe() }
    return try body(bytes)
}
