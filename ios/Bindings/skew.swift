// What follows is appended to the generated file by `cargo xtask bindings` (source: ios/Bindings/skew.swift). It stands
// in the same file because it reads two things that are private there, and it changes neither: without it a core that
// is newer than these bindings would end the process.

/// Whether these bindings were made from the core that is loaded.
public enum TaptillMatch: Sendable {
    case same
    case otherContract
    case otherSurface
}

/// Compares once; asks the core nothing else.
public func taptillMatch() -> TaptillMatch {
    switch initializationResult {
    case .ok: .same
    case .contractVersionMismatch: .otherContract
    case .apiChecksumMismatch: .otherSurface
    }
}

/// What went wrong below the level of the core's own errors.
public enum TaptillCallFault: Sendable {
    /// A value that these bindings do not know.
    case unknownValue
    /// The core stopped this call. What it said is dropped: it is for no screen and no log.
    case corePanicked
}

/// `nil` when the error is not from below the core's own errors.
public func taptillCallFault(_ error: any Error) -> TaptillCallFault? {
    switch error as? UniffiInternalError {
    case nil: nil
    case .rustPanic: .corePanicked
    default: .unknownValue
    }
}
