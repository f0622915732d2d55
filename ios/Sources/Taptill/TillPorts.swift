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
    /// Keys that the phone gives out for a recognised finger or face alone; `nil` where it has no such sensor.
    public let biometric: (any BiometricKey)?
    /// Hears the core's notices on the core's own thread: return at once.
    public let observer: (any Observer)?

    public init(
        deviceKeys: any DeviceKeys,
        network: any NetworkPosture,
        clock: any TaptillCore.Clock = SystemClock(),
        encryptedReader: (any EncryptedReader)? = nil,
        biometric: (any BiometricKey)? = nil,
        observer: (any Observer)? = nil
    ) {
        self.deviceKeys = deviceKeys
        self.network = network
        self.clock = clock
        self.encryptedReader = encryptedReader
        self.biometric = biometric
        self.observer = observer
    }

    /// The record that the core takes.
    public func lent(to observer: any Observer) -> Ports {
        Ports(
            deviceKeys: deviceKeys, clock: clock, network: network, observer: observer,
            encryptedReader: encryptedReader, biometric: biometric)
    }
}
