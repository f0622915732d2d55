// A core that is newer, or older, than the bindings that this app was built with.
//
// It happens when the library and the Swift code are shipped apart. A value that these bindings do not know becomes
// `VersionSkewError`, never the end of the process. Evidence: SkewTests.

import TaptillCore

/// How the core and the bindings differ.
public enum VersionSkew: Sendable, Equatable {
    /// Another way of calling altogether: nothing can be called.
    case otherContract
    /// The same way of calling, other names or types: nothing can be called.
    case otherSurface
    /// One value that these bindings do not know, met by this call. Other calls go on working.
    case unknownValue(call: String)
}

/// The core speaks of something that these bindings do not know. Ship the two together.
public struct VersionSkewError: Error, Sendable, Equatable {
    public let skew: VersionSkew

    public init(_ skew: VersionSkew) {
        self.skew = skew
    }
}

/// Hears of a skew before the call fails, from whichever thread made the call.
///
/// It may throw an error of its own, which the caller then gets. When it returns, the caller gets `VersionSkewError`:
/// a value that nobody knows is never passed on and never guessed.
public protocol VersionSkewHandler: Sendable {
    func onSkew(_ skew: VersionSkew) throws
}

/// The default: the caller gets `VersionSkewError`, and nobody else hears.
public struct ThrowingVersionSkewHandler: VersionSkewHandler {
    public init() {}

    public func onSkew(_ skew: VersionSkew) throws {
        throw VersionSkewError(skew)
    }
}

/// The core stopped one call because of a fault of its own. Nothing is known about what the call was to do: ask
/// `status` how the attempt stands.
public struct CorePanicked: Error, Sendable, Equatable {
    public init() {}

    /// The core's own words for a fault of its own.
    public func words(_ language: Language) throws -> ErrorWords {
        try describeError(facts: factsOf(code: "till_failed"), language: language)
    }
}

extension VersionSkewHandler {
    /// Compares the core with the bindings before anything is called. The kit does it at every way in; an app that calls
    /// the bindings without the kit does it first.
    public func checkMatch() throws {
        switch taptillMatch() {
        case .same: return
        case .otherContract: throw told(.otherContract)
        case .otherSurface: throw told(.otherSurface)
        }
    }

    /// The error that a caller gets for what a core call threw.
    public func translated(_ error: any Error, call: String) -> any Error {
        switch taptillCallFault(error) {
        case nil: error
        case .unknownValue: told(.unknownValue(call: call))
        case .corePanicked: CorePanicked()
        }
    }

    private func told(_ skew: VersionSkew) -> any Error {
        do {
            try onSkew(skew)
            return VersionSkewError(skew)
        } catch {
            return error
        }
    }
}
