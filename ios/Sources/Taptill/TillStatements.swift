// The acquirer's or the bank's lines against the till's journal.
//
// A check waits until its differences are pulled, so that a million of them take no more memory than a hundred.
// Evidence: AfterSaleTests, and the contract.

import TaptillCore

/// A statement check under way. One that is let go of goes on to its end, and its summary is on record.
public final class TillStatementCheck: Sendable {
    private let check: StatementCheck
    private let calls: Calls

    init(_ check: StatementCheck, _ calls: Calls) {
        self.check = check
        self.calls = calls
    }

    /// The next differences, at most 1 to 100; fewer only at the end. An error says that nothing has changed, and that
    /// what was found is void.
    public func next(limit: UInt32 = 100) async throws -> DifferencePage {
        try await calls.wait("differences") { [check] in try await check.next(limit: limit) }
    }

    /// Waits for the check's end. Differences that nobody has pulled by then are in its counts alone.
    public func summary() async throws -> StatementSummary {
        try await calls.wait("statementSummary") { [check] in try await check.awaitSummary() }
    }
}

extension Till {
    /// Begins to check a file. Days are written as `2026-11-22`; without them, ours are expected from the first to the
    /// last day that a line names.
    public func checkStatement(
        file path: String, _ file: StatementFile, from: String? = nil, to: String? = nil
    ) async throws -> TillStatementCheck {
        try await calls.ask("checkStatement") { [statements, calls] in
            try TillStatementCheck(statements.checkFile(path: path, file: file, from: from, to: to), calls)
        }
    }

    /// Begins to check the acquirer's own statement of these days, fetched from its host.
    public func checkStatement(from: String, to: String) async throws -> TillStatementCheck {
        try await calls.ask("checkStatement") { [statements, calls] in
            try TillStatementCheck(statements.checkHost(from: from, to: to), calls)
        }
    }

    /// What the last check found; `nil` before the first.
    public func lastStatementCheck() async throws -> StatementSummary? {
        try await calls.ask("lastStatementCheck") { [statements] in try statements.last() }
    }
}
