// What an app lends the core. The kit is the core's observer, and gives `notices()` and `events()`; an app may hear the
// notices by an observer of its own as well.

@_exported import TaptillCore

/// Everything that a till borrows from its phone.
public struct TillPorts: Sendable {
    /// Keys that the device holds and never gives out.
    public let deviceKeys: any DeviceKeys
    /// What network the device is on.
    public let network: any NetworkPosture
    /// Wall time, time since boot, and which boot.
    public let clock: any TaptillCore.Clock
    /// A certified reader that hands over finished, encrypted card reads; `nil` where there is none.
    public let encryptedReader: (any EncryptedReader)?
    /// Hears the core's notices on the core's own thread: return at once.
    public let observer: (any Observer)?

    public init(
        deviceKeys: any DeviceKeys,
        network: any NetworkPosture,
        clock: any TaptillCore.Clock = SystemClock(),
        encryptedReader: (any EncryptedReader)? = nil,
        observer: (any Observer)? = nil
    ) {
        self.deviceKeys = deviceKeys
        self.network = network
        self.clock = clock
        self.encryptedReader = encryptedReader
        self.observer = observer
    }

    /// The record that the core takes.
    public func lent(to observer: any Observer) -> Ports {
        Ports(
            deviceKeys: deviceKeys, clock: clock, network: network, observer: observer,
            encryptedReader: encryptedReader)
    }
}
