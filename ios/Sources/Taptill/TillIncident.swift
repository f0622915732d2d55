// A bad day: the till frozen and let go again, every password anew, what somebody approved who is gone, the report of a
// loss, and evidence that others can check.
//
// Passwords are wiped as at a sign-in. Evidence: the contract, AfterSaleTests.

import TaptillCore

extension Till {
    /// Freezes the till, whoever is signed in, also while it is locked: nothing is sold, given back or voided from now on.
    public func freeze(_ reason: String? = nil) async throws {
        defer { bell.ring() }
        try await calls.wait("freeze") { [incident] in try await incident.freeze(reason: reason) }
    }

    /// The same at a locked till, by somebody who proves who it is.
    public func freeze(as who: String, password: Secret, _ reason: String? = nil) async throws {
        _ = try await derived("freezeAs", [password]) { [incident] _, bytes in
            try incident.freezeAs(operator: who, password: bytes[0], reason: reason)
        }
    }

    /// Lets a frozen till go, in the names of whoever is signed in and of a second person.
    public func release(with second: String, password: Secret) async throws {
        _ = try await derived("release", [password]) { [incident] _, bytes in
            try incident.release(second: second, password: bytes[0])
        }
    }

    /// Has everybody set another password at the next sign-in, changes the till's keys and fetches another certificate as
    /// soon as the acquirer answers. Whoever is signed in stays so.
    public func renewPasswords() async throws {
        defer { bell.ring() }
        try await calls.wait("renewPasswords") { [incident] in try await incident.renewPasswords() }
    }

    /// What an operator, who need not be there any more, approved or decided in the last so many days, newest first.
    public func approvals(of who: String, days: UInt16) async throws -> [Approval] {
        try await calls.wait("approvals") { [incident] in try await incident.approvals(operator: who, days: days) }
    }

    /// The report of a loss between two instants, from the day before the freeze (or before now) up to now unless they
    /// are named. With `sends` the acquirer is told it first, and gives it a number.
    public func reportLoss(from: Int64? = nil, to: Int64? = nil, sends: Bool = false) async throws -> TillLoss {
        defer { bell.ring() }
        let report = try await calls.wait("reportLoss") { [incident] in
            try await incident.reportLoss(fromMs: from, toMs: to, sends: sends)
        }
        return try TillLoss(report, calls)
    }

    /// What a bundle of evidence of this would disclose. Nothing is recorded.
    public func previewEvidence(_ scope: EvidenceScope) async throws -> TillEvidence {
        let preview = try await calls.wait("previewEvidence") { [evidence] in
            try await evidence.preview(scope: scope)
        }
        return try TillEvidence(preview, calls)
    }
}

/// What a bundle would disclose, for a person to say yes to.
public final class TillEvidence: Sendable {
    /// What it is.
    public let facts: PreviewFacts

    private let preview: EvidencePreview
    private let calls: Calls

    init(_ preview: EvidencePreview, _ calls: Calls) throws {
        self.preview = preview
        self.calls = calls
        facts = try preview.facts()
    }

    /// Agrees to disclose just this, and writes the bundle as one archive to the file `out`, which is not there yet. The
    /// agreement is recorded first. Gives how many files are in it.
    @discardableResult
    public func disclose(to recipient: String?, language: Language, out: String) async throws -> UInt64 {
        try await calls.wait("disclose") { [preview] in
            try await preview.disclose(to: recipient, language: language, out: out)
        }
    }
}

/// What may be lost, and what was not this shop's doing. No card number is in it.
public final class TillLoss: Sendable {
    /// Its figures.
    public let facts: LossFacts

    private let report: LossReport
    private let calls: Calls

    init(_ report: LossReport, _ calls: Calls) throws {
        self.report = report
        self.calls = calls
        facts = try report.facts()
    }

    /// As plain text, the steps for the merchant first.
    public func text(_ language: Language) async throws -> String {
        try await calls.ask("lossText") { [report] in try report.text(language: language) }
    }

    /// As one HTML page that loads and runs nothing.
    public func html(_ language: Language) async throws -> String {
        try await calls.ask("lossHtml") { [report] in try report.html(language: language) }
    }

    /// As JSON, whole.
    public func json() async throws -> String {
        try await calls.ask("lossJson") { [report] in try report.json() }
    }
}
