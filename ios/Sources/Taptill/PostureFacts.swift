// What a phone can say about its network, and the one word that the core wants for it.
//
// The rule is here, in plain Swift, so that it is tested; the path monitor only fills in the facts.

/// Facts about the network, as the platform tells them.
public struct PostureFacts: Sendable, Equatable {
    /// Whether there is a way out at all.
    public var reachable: Bool
    /// Whether the system sends traffic through a proxy.
    public var proxied: Bool
    /// Whether it is Wi-Fi without a password.
    public var openWifi: Bool

    public init(reachable: Bool, proxied: Bool, openWifi: Bool) {
        self.reachable = reachable
        self.proxied = proxied
        self.openWifi = openWifi
    }

    /// The worst that is true.
    public var posture: Posture {
        guard reachable else { return .absent }
        if proxied { return .proxied }
        return openWifi ? .openWifi : .trusted
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
