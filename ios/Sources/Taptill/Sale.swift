// A sale that has begun, and a sale as one task: cancelling the task cancels the sale, as far as that is still possible.
//
// The core carries a sale to its end whatever becomes of the task or of the object. Evidence: CancellationTests cancels
// at each stage.

import TaptillCore

/// A sale or a void that has begun. To let go of it loses no money: `Till.status` and `Till.events` tell how it ended.
public final class Sale: Sendable {
    /// The attempt's name.
    public let attempt: String

    private let operation: TaptillCore.Operation
    private let calls: Calls
    private let bell: Bell

    init(_ operation: TaptillCore.Operation, _ calls: Calls, _ bell: Bell) throws {
        self.operation = operation
        self.calls = calls
        self.bell = bell
        attempt = try operation.attempt()
    }

    /// Waits for the attempt's end, or for the moment at which it is not known and resolves by itself. May be awaited
    /// again, and by several. Cancelling the task changes nothing: see `outcomeOrCancel`.
    public func outcome() async throws -> Attempt {
        defer { bell.ring() }
        return try await calls.wait("outcome") { [operation] in try await operation.awaitOutcome() }
    }

    /// As `outcome`, but cancelling the task ends the attempt, if it still can be ended. Either way it waits on, and the
    /// caller is told how the attempt ended: cancelled, or as the host decided when it was too late.
    public func outcomeOrCancel() async throws -> Attempt {
        try await withTaskCancellationHandler {
            try await outcome()
        } onCancel: {
            // A refusal says that it is too late, or over already: the outcome, which is waited for, says which.
            calls.post { [operation] in _ = try? operation.cancel() }
        }
    }

    /// Ends the attempt unless it has gone to the host already.
    public func cancel() async throws -> Attempt {
        try await calls.ask("cancel") { [operation] in try operation.cancel() }
    }
}

extension Till {
    /// Begins a sale. The same attempt again gives its stored outcome and charges nothing.
    public func begin(_ order: SaleOrder) async throws -> Sale {
        try await calls.ask("begin") { [payments, calls, bell] in
            try Sale(payments.startSale(order: order), calls, bell)
        }
    }

    /// Sells, and answers with the attempt as it ended, or as it stands in doubt. A decline is an answer, not an error.
    ///
    /// Cancelling the task asks the core to cancel the attempt, and waits on, as `Sale.outcomeOrCancel`. A task that was
    /// cancelled before begins nothing and throws `CancellationError`.
    ///
    /// - Throws: `TillError` for what was refused before anything began, and for what kept the attempt from ending.
    public func sell(_ order: SaleOrder) async throws -> Attempt {
        try Task.checkCancellation()
        return try await begin(order).outcomeOrCancel()
    }
}
