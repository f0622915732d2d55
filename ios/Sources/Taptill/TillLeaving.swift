// Leaving the till by its checklist: one step a line, each with what is in the way and the word of its remedy.
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
}
