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
    /// One value that these bindings do not know, in the answer of the call that `what` names. The call was carried out;
    /// other calls go on working.
    case unknownValue(what: String)
}

/// The core speaks of something that these bindings do not know. Ship the two together.
public struct VersionSkewError: Error, Sendable, Equatable {
    public let skew: VersionSkew

    public init(_ skew: VersionSkew) {
        self.skew = skew
    }
}

/// Hears of a skew before the call that met it throws `VersionSkewError`, on the thread of that call: to log it, or to
/// ask for an update of the app. Whatever it does, the caller gets `VersionSkewError`: a value that nobody knows is never
/// passed on and never guessed.
public protocol VersionSkewHandler: Sendable {
    func onSkew(_ skew: VersionSkew) throws
}

/// The default: the error says it all.
public struct ThrowingVersionSkewHandler: VersionSkewHandler {
    public init() {}

    public func onSkew(_ skew: VersionSkew) throws {
        throw VersionSkewError(skew)
    }
}

extension VersionSkewHandler {
    /// Compares the core with the bindings before anything is called. The kit does it at every way in; an app that calls
    /// the bindings without the kit does it first.
    public func checkMatch() throws {
        switch taptillMatch() {
        case .same: return
        case .otherContract: throw reported(.otherContract)
        case .otherSurface: throw reported(.otherSurface)
        }
    }

    /// The error that a caller gets for what a core call threw. A call that the core stopped because of a fault of its
    /// own is `till_failed`: ask `status` how the attempt stands.
    public func translated(_ error: any Error, call: String) -> any Error {
        switch taptillCallFault(error) {
        case nil: error
        case .unknownValue: reported(.unknownValue(what: call))
        case .corePanicked: (try? factsOf(code: "till_failed")).map { TillError.Lifecycle(facts: $0) } ?? error
        }
    }

    private func reported(_ skew: VersionSkew) -> VersionSkewError {
        try? onSkew(skew)
        return VersionSkewError(skew)
    }
}
