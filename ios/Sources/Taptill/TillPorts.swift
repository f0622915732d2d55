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

    public init(
        deviceKeys: any DeviceKeys,
        network: any NetworkPosture,
        clock: any TaptillCore.Clock = SystemClock()
    ) {
        self.deviceKeys = deviceKeys
        self.network = network
        self.clock = clock
    }

    /// The record that the core takes.
    public func lent(to observer: any Observer) -> Ports {
        Ports(
            deviceKeys: deviceKeys, clock: clock, network: network, observer: observer)
    }
}
