// Who may use the till: the kit's calls about operators, passwords and the session.
//
// A password or a code comes as a `Secret`. The kit lends its bytes to the core and wipes them, whatever becomes of the
// call; the core's own copy is wiped by the core. Deriving a key takes a quarter of a second or more: the core does it on
// a thread of its own, and the task waits without one. Evidence: PeopleTests.

import Foundation
import TaptillCore

extension Till {
    /// Makes a till that is nobody's this supervisor's, who is signed in then. Show the code once, character by
    /// character, and wipe it.
    public func claim(_ name: String, password: Secret) async throws -> RecoveryCode {
        let done = try await derived("claim", [password]) { people, bytes in
            try people.claim(name: name, password: bytes[0])
        }
        return try done.recovery.orPanicked()
    }

    /// Makes somebody who has the recovery code a supervisor with this password, who is signed in then. The code is used
    /// up: the new one is the answer.
    public func recover(code: Secret, name: String, password: Secret) async throws -> RecoveryCode {
        let done = try await derived("recover", [code, password]) { people, bytes in
            try people.recover(code: bytes[0], name: name, password: bytes[1])
        }
        return try done.recovery.orPanicked()
    }

    /// Signs an operator in. With `new` the password is changed on the way, which is what `password_must_change` asks.
    @discardableResult
    public func signIn(_ name: String, password: Secret, new: Secret? = nil) async throws -> SessionFacts {
        let done = try await derived("signIn", [password] + [new].compactMap { $0 }) { people, bytes in
            guard new != nil else { return try people.signIn(name: name, password: bytes[0]) }
            return try people.signInWithNew(name: name, password: bytes[0], newPassword: bytes[1])
        }
        return try done.session.orPanicked()
    }

    /// Goes on with the session that was locked.
    @discardableResult
    public func unlock(password: Secret) async throws -> SessionFacts {
        let done = try await derived("unlock", [password]) { people, bytes in
            try people.unlock(password: bytes[0])
        }
        return try done.session.orPanicked()
    }

    /// Another recovery code in place of the one before, for whoever manages operators. Show it once and wipe it.
    public func newRecoveryCode(password: Secret) async throws -> RecoveryCode {
        let done = try await derived("newRecoveryCode", [password]) { people, bytes in
            try people.newRecoveryCode(password: bytes[0])
        }
        return try done.recovery.orPanicked()
    }

    /// Signs an operator in by finger or face, for whom the phone asks.
    @discardableResult
    public func signInByBiometric(_ name: String) async throws -> SessionFacts {
        let done = try await derived("signInByBiometric", []) { people, _ in
            try people.signInByBiometric(name: name)
        }
        return try done.session.orPanicked()
    }

    /// Goes on with the session that was locked, by the finger or face of whoever locked it.
    @discardableResult
    public func unlockByBiometric() async throws -> SessionFacts {
        let done = try await derived("unlockByBiometric", []) { people, _ in try people.unlockByBiometric() }
        return try done.session.orPanicked()
    }

    /// Lets the own finger or face open the till, for as many days after a password as the rules say.
    public func enrolBiometric(password: Secret) async throws {
        _ = try await derived("enrolBiometric", [password]) { people, bytes in
            try people.enrolBiometric(password: bytes[0])
        }
    }

    /// Lets the own finger or face open nothing any more: the phone's key is destroyed.
    public func forgetBiometric() async throws {
        try await calls.wait("forgetBiometric") { [people] in try await people.forgetBiometric() }
    }

    /// Locks the till. A sale in progress ends first.
    public func lock() async throws {
        try await calls.wait("lock") { [people] in try await people.lock() }
    }

    /// Ends the session, also a locked one. During a sale it is refused with `till_busy`: end it first.
    public func signOut() async throws {
        try await calls.wait("signOut") { [people] in try await people.signOut() }
    }

    /// Gives the operator who is signed in another password.
    public func changePassword(_ password: Secret, to new: Secret) async throws {
        _ = try await derived("changePassword", [password, new]) { people, bytes in
            try people.changePassword(password: bytes[0], newPassword: bytes[1])
        }
    }

    /// Adds an operator. A temporary password must be changed at the first sign-in.
    public func addOperator(
        _ name: String, role: OperatorRole, password: Secret, temporary: Bool
    ) async throws {
        _ = try await derived("addOperator", [password]) { people, bytes in
            try people.addOperator(name: name, role: role, password: bytes[0], temporary: temporary)
        }
    }

    /// Gives an operator a temporary password, also one who is locked out.
    public func resetOperator(_ name: String, password: Secret) async throws {
        _ = try await derived("resetOperator", [password]) { people, bytes in
            try people.resetOperator(name: name, password: bytes[0])
        }
    }

    /// Removes an operator. With `rotate` the till's keys change as well, for one who may have kept them.
    public func removeOperator(_ name: String, rotate: Bool) async throws {
        try await calls.wait("removeOperator") { [people] in
            try await people.removeOperator(name: name, rotate: rotate)
        }
    }

    /// All operators, by name.
    public func operators() async throws -> [OperatorFacts] {
        try await calls.ask("operators") { [people] in try people.operators() }
    }

    /// The shop's rules.
    public func policy() async throws -> ShopPolicy {
        try await calls.ask("policy") { [people] in try people.policy() }
    }

    /// Changes the shop's rules, which hold at once.
    public func setPolicy(_ policy: ShopPolicy) async throws {
        try await calls.wait("setPolicy") { [people] in try await people.setPolicy(policy: policy) }
    }

    /// Changes the till's keys. What is stored is sealed anew while the till has nothing else to do.
    public func rotateKeys() async throws {
        try await calls.wait("rotateKeys") { [people] in try await people.rotateKeys() }
    }

    /// Starts work on secrets, wipes them, and waits for the work's end.
    func derived(
        _ name: String, _ secrets: [Secret],
        _ start: @escaping @Sendable (People, [Data]) throws -> PasswordWork
    ) async throws -> PasswordDone {
        defer { for secret in secrets { secret.wipe() } }
        let work = try await calls.ask(name) { [people] in
            try Self.lending(secrets[...]) { try start(people, $0) }
        }
        for secret in secrets { secret.wipe() }
        return try await calls.wait(name) { try await work.awaitDone() }
    }

    /// Lends the bytes of all of these at once. One that was wiped already lends none, and the core refuses that.
    private static func lending<Answer>(
        _ secrets: ArraySlice<Secret>, _ lent: [Data] = [], _ body: ([Data]) throws -> Answer
    ) throws -> Answer {
        guard let first = secrets.first else { return try body(lent) }
        let answer = try first.lend { try lending(secrets.dropFirst(), lent + [$0], body) }
        return try answer ?? lending(secrets.dropFirst(), lent + [Data()], body)
    }
}

extension Till {
    /// Signs the journal as it is now: a signed note, with its size and its root.
    public func checkpoint() async throws -> String {
        try await calls.ask("checkpoint") { [proofs] in try proofs.checkpoint() }
    }

    /// Proves that an attempt's last event is in the journal.
    public func prove(attempt: String) async throws -> String {
        try await calls.ask("prove") { [proofs] in try proofs.proveAttempt(attempt: attempt) }
    }

    /// Proves that the event at this place, from 1, is in the journal.
    public func prove(event sequence: UInt64) async throws -> String {
        try await calls.ask("prove") { [proofs] in try proofs.proveEvent(sequence: sequence) }
    }

    /// Proves that the journal as it is now continues the one that had this many events.
    public func consistency(with oldSize: UInt64) async throws -> String {
        try await calls.ask("consistency") { [proofs] in try proofs.consistency(oldSize: oldSize) }
    }

    /// The keys that checkpoints are signed with: a verifier key a line, the first one Ed25519.
    public func publicKey() async throws -> String {
        try await calls.ask("publicKey") { [proofs] in try proofs.publicKey() }
    }

    /// Says that people know of a journal that the acquirer knew longer: the till sells again.
    public func acceptRollBack() async throws {
        try await calls.wait("acceptRollBack") { [proofs] in try await proofs.acceptRollBack() }
    }
}

extension Secret {
    /// A text's bytes, for tests and tools: the text itself cannot be wiped.
    public convenience init(text: String) {
        var bytes = Data(text.utf8)
        self.init(taking: &bytes)
    }
}

extension Optional {
    /// What work that has succeeded always brings; a core that brings nothing has failed in itself.
    func orPanicked() throws -> Wrapped {
        guard let self else { throw TillError.Lifecycle(facts: try factsOf(code: "till_failed")) }
        return self
    }
}
