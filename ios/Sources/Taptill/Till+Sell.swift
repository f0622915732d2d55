// A sale as a task: cancelling the task cancels the sale, as far as that is still possible.
//
// Evidence: CancellationTests cancels at each stage.

extension Till {
    /// Charges, and waits for the attempt's end or for the moment at which it is not known and resolves by itself.
    ///
    /// Cancelling the task asks the core to cancel the attempt, and waits on: whoever calls this is always told how the
    /// attempt ended. A sale that was cancelled in time comes back as such; one whose message had left already comes
    /// back as the host decided. A task that was cancelled before begins nothing and throws `CancellationError`.
    ///
    /// - Throws: `TillError` for what was refused before anything began, and for what kept the attempt from ending.
    public func sell(_ order: SaleOrder) async throws -> Attempt {
        try Task.checkCancellation()
        let operation = try await calls.ask("sell") { [payments] in try payments.startSale(order: order) }
        return try await ending(of: operation)
    }

    private func ending(of operation: TaptillCore.Operation) async throws -> Attempt {
        try await withTaskCancellationHandler {
            try await calls.wait("sell") { try await operation.awaitOutcome() }
        } onCancel: { [calls] in
            // A refusal says that it is too late, or over already: the outcome, which is waited for, says which.
            calls.post { _ = try? operation.cancel() }
        }
    }
}
