// A bad day: the till frozen and let go again, and evidence that others can check.
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
