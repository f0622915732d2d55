// Leaving the till: for today by its checklist, one step a line, each with what is in the way and the word of its remedy;
// and for good, with the records handed out before everything is erased.
//
// Cancelling a task stops no leaving. Evidence: AfterSaleTests, and the contract.

import TaptillCore

extension Till {
    /// What is left to do before leaving, all of it at once.
    public func exitChecklist() async throws -> ExitView {
        try await calls.ask("exitChecklist") { [leaving] in try leaving.checklist() }
    }

    /// Leaves: signs the journal's head, closes the connection, wipes keys and session. With `force`, a supervisor's
    /// reason, it leaves what is in the way; otherwise that is in the error's facts, as `blockers`.
    public func exit(force: String? = nil) async throws -> ExitView {
        defer { bell.ring() }
        return try await calls.wait("exit") { [leaving] in try await leaving.exit(force: force) }
    }

    /// Takes the till off the acquirer's list, hands its records out to `export` and erases it for good, in the name of
    /// whoever is signed in alone. There is no till after it: close it, and the phone can be set up as new. What is in
    /// the way is in the error's facts, as `blockers`; nothing is erased then.
    public func deregister(export: (any ExportSink)? = nil) async throws -> Erased {
        defer { bell.ring() }
        return try await calls.wait("deregister") { [leaving] in try await leaving.deregister(export: export) }
    }

    /// The same in the names of whoever is signed in and of a second person.
    public func deregister(
        with second: String, password: Secret, export: (any ExportSink)? = nil
    ) async throws -> Erased {
        defer { bell.ring() }
        let done = try await derived("deregisterWith", [password]) { [leaving] _, bytes in
            try leaving.deregisterWith(second: second, password: bytes[0], export: export)
        }
        return try done.erased.orPanicked()
    }

    /// The certificates of every till that was erased in the folder `home`, in the order in which they were; also of an
    /// erasure that was cut off and went on when the till was opened.
    public static func certificates(
        home: String, skew: any VersionSkewHandler = ThrowingVersionSkewHandler()
    ) async throws -> [String] {
        try skew.checkMatch()
        return try await Calls("org.taptill.certificates", skew: skew).ask("certificates") {
            try erasureCertificates(home: home)
        }
    }
}
