// What an app lends the core. The observer is missing on purpose: the kit is the observer, and gives `notices()` and
// `events()` instead.

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

    public init(
        deviceKeys: any DeviceKeys,
        network: any NetworkPosture,
        clock: any TaptillCore.Clock = SystemClock(),
        encryptedReader: (any EncryptedReader)? = nil
    ) {
        self.deviceKeys = deviceKeys
        self.network = network
        self.clock = clock
        self.encryptedReader = encryptedReader
    }

    /// The record that the core takes.
    public func lent(to observer: any Observer) -> Ports {
        Ports(
            deviceKeys: deviceKeys, clock: clock, network: network, observer: observer,
            encryptedReader: encryptedReader)
    }
}
