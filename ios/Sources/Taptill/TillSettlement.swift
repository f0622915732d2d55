// After the sale: voids, debts, decisions, settlement.
//
// A settlement that is not finished goes on by itself while somebody is signed in. Evidence: AfterSaleTests, and the
// contract.

import TaptillCore

extension Till {
    /// Begins to take a whole sale of the open batch back. The same void again gives its stored outcome.
    public func begin(_ order: VoidOrder) async throws -> Sale {
        try await calls.ask("beginVoid") { [payments, calls, bell] in
            try Sale(payments.startVoid(order: order), calls, bell)
        }
    }

    /// Takes a whole sale of the open batch back, and answers with the void as it ended, or as it stands in doubt.
    /// Cancelling the task asks the core to cancel the void, and waits on, as `sell`.
    public func void(_ order: VoidOrder) async throws -> Attempt {
        try Task.checkCancellation()
        return try await begin(order).outcomeOrCancel()
    }

    /// Everything that waits to be finished with the host, and every stuck reversal, decided or not.
    public func debts() async throws -> [Attempt] {
        try await calls.ask("debts") { [payments] in try payments.debts() }
    }

    /// Says how an attempt has ended whose reversal is stuck.
    public func decide(_ attempt: String, _ decision: Decision) async throws -> Attempt {
        defer { bell.ring() }
        return try await calls.ask("decide") { [payments] in
            try payments.decide(attempt: attempt, decision: decision)
        }
    }

    /// Settles the open batch, or goes on with a settlement that is not finished, and gives the batch as far as it came.
    /// What is in the way is in the error's facts, as `blockers`.
    public func settle() async throws -> Batch {
        defer { bell.ring() }
        return try await calls.wait("settle") { [settlement] in try await settlement.settle() }
    }

    /// How a batch stands: the open one, or the one of this number.
    public func batch(_ number: UInt32? = nil) async throws -> Batch {
        try await calls.ask("batch") { [settlement] in try settlement.batch(number: number) }
    }

    /// Says whether the acquirer has closed a batch that its host refuses to settle.
    public func decide(batch: UInt32, _ decision: BatchDecision) async throws -> Batch {
        defer { bell.ring() }
        return try await calls.ask("decideBatch") { [settlement] in
            try settlement.decide(batch: batch, decision: decision)
        }
    }

    /// The report of a batch, as text. One that is not closed says so.
    public func batchReport(
        _ number: UInt32? = nil, width: ReceiptWidth, language: Language
    ) async throws -> String {
        try await calls.ask("batchReport") { [settlement] in
            try settlement.report(number: number, width: width, language: language)
        }
    }
}
