// Money that is given back: asked for by one, approved by another, and forwarded by the till until the host has it.
//
// Cancelling a task stops no refund: `list` tells what became of it. Evidence: AfterSaleTests, and the contract.

import Foundation
import TaptillCore

/// Refunds and what became of them. May be used from any thread and any number of tasks.
public struct TillRefunds: Sendable {
    let till: Till

    /// Asks for money to be given back. The answer waits for a second person, or says what the host did where the shop's
    /// rules leave it to the host. The same name, payment and amount again is the same refund, and `refund_conflict`
    /// with others; without a name, asking again is another one. Of `refund_ambiguous` the error's facts have the
    /// `candidates`.
    public func request(_ of: RefundOf, _ amount: Amount, name: String? = nil) async throws -> Refund {
        try await waiting("requestRefund") { try await $0.request(of: of, amount: amount, name: name) }
    }

    /// Approves in the name of whoever is signed in.
    public func approve(_ refund: String) async throws -> Refund {
        try await waiting("approveRefund") { try await $0.approve(refund: refund) }
    }

    /// The same in the name of a second person, while the first stays signed in. The password is wiped.
    public func approve(_ refund: String, as approver: String, password: Secret) async throws -> Refund {
        let done = try await till.derived("approveRefundAs", [password]) { [refunds = till.refunding] _, bytes in
            try refunds.approveAs(refund: refund, approver: approver, password: bytes[0])
        }
        return try done.refund.orPanicked()
    }

    /// Says no to a refund that waits, in 1 to 120 characters.
    public func reject(_ refund: String, because reason: String) async throws -> Refund {
        try await waiting("rejectRefund") { try await $0.reject(refund: refund, reason: reason) }
    }

    /// Says how a stuck refund has ended.
    public func decide(_ refund: String, _ decision: RefundDecision) async throws -> Refund {
        try await till.calls.ask("decideRefund") { [refunds = till.refunding] in
            try refunds.decide(refund: refund, decision: decision)
        }
    }

    /// Refunds, newest first, a page at a time.
    public func list(_ query: RefundQuery = RefundQuery()) async throws -> RefundPage {
        try await till.calls.ask("listRefunds") { [refunds = till.refunding] in try refunds.list(query: query) }
    }

    /// The voucher of a refund, as text. That it was printed is recorded.
    public func voucher(_ refund: String, _ request: ReceiptRequest) async throws -> String {
        defer { till.bell.ring() }
        return try await till.calls.ask("voucher") { [refunds = till.refunding] in
            try refunds.voucher(refund: refund, request: request)
        }
    }

    private func waiting(
        _ name: String, _ call: @Sendable (Refunds) async throws -> Refund
    ) async throws -> Refund {
        defer { till.bell.ring() }
        return try await till.calls.wait(name) { try await call(till.refunding) }
    }
}

extension Till {
    /// Money that is given back.
    public var refunds: TillRefunds {
        TillRefunds(till: self)
    }
}
