// What an iPhone tells of its network, as the core wants it: fact by fact, and silence where it does not tell.
//
// Whether a page of the network's own is in the way, whether a person has added an authority, and whether the clock is set
// by hand, no app is told. What follows is the core's to say. Evidence: PostureTests.

/// Facts about the network, as the platform tells them; `nil` where it does not.
public struct PostureFacts: Sendable, Equatable {
    /// Whether there is a way out.
    public var reachable: Bool
    /// Whether the system sends traffic through a proxy.
    public var proxied: Bool?
    /// Whether traffic goes through a tunnel.
    public var tunnelled: Bool?
    /// Whether it is Wi-Fi without a password.
    public var openWifi: Bool?

    public init(reachable: Bool, proxied: Bool?, tunnelled: Bool?, openWifi: Bool?) {
        self.reachable = reachable
        self.proxied = proxied
        self.tunnelled = tunnelled
        self.openWifi = openWifi
    }

    /// The same in the core's words.
    public var told: NetworkFacts {
        NetworkFacts(
            reachable: Self.says(reachable), captivePortal: .nothing, proxied: Self.says(proxied),
            userAuthority: .nothing, vpn: Self.says(tunnelled), openWifi: Self.says(openWifi), clockByHand: .nothing)
    }

    private static func says(_ told: Bool?) -> DeviceSays {
        told.map { $0 ? .yes : .no } ?? .nothing
    }
}

/// A network that is what somebody said it is: for tests, and where the platform tells nothing.
public final class StatedPosture: NetworkPosture, Sendable {
    private let stated: Posture

    public init(_ stated: Posture) {
        self.stated = stated
    }

    public func posture() throws -> Posture {
        stated
    }
}
