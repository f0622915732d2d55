// The ports of a case: they do what they should until a step tells them to fail.

import Foundation
import Taptill
import TaptillSandbox

/// What no port declares.
struct Surprise: Error {
    let text = "not for any screen"
}

/// What the ports of a case share with its steps.
struct DeviceState {
    /// By port, or by port and method: the word of the fault.
    var faults: [String: String] = [:]
    var posture = Posture.trusted
    /// How far each of the three clocks is from the system's.
    var shifts = Shifts()
    /// What the sensor holds, by alias: the secret and what it is bound to.
    var fingers: [String: (secret: Data, context: Data)] = [:]
    var notices: [String] = []
    /// How many notices `heard` has taken.
    var heard = 0
    var fieldsUsed = 0
    var screens: [Screen] = []
    /// How many screens there were when a tap used the field of the last one.
    var screensUsed = 0
    var paused = false
    var released = false
    /// The certified reader, where the case has one, and what its next reads come to.
    var reader: CaseReader?
    var reads: [NextRead] = []
    var isReading = false
    var isCancelled = false
    /// What was handed out, by file.
    var exported: [String: Data] = [:]
}

/// How far a case's clocks are from the system's.
struct Shifts {
    var wallMs: Int64 = 0
    var monoMs: Int64 = 0
    var boots: Int64 = 0
}

final class Device: @unchecked Sendable {
    // The state is used under the condition's lock alone, which is why `@unchecked Sendable` holds.
    private let changed = NSCondition()
    private var state = DeviceState()
    private let store = DevelopmentKeys()
    private let clock = SystemClock()

    func tell(_ change: (inout DeviceState) -> Void) {
        changed.withLock { change(&state) }
        changed.broadcast()
    }

    func look() -> DeviceState {
        changed.withLock { state }
    }

    /// Waits until `ready` gives something.
    func wait<Value>(_ patience: TimeInterval, _ ready: (inout DeviceState) throws -> Value?) rethrows -> Value? {
        let deadline = Date(timeIntervalSinceNow: patience)
        changed.lock()
        defer { changed.unlock() }
        while true {
            if let value = try ready(&state) { return value }
            guard changed.wait(until: deadline) else { return nil }
        }
    }

    func loseKeys() {
        store.forget()
    }

    /// What the face borrows.
    func ports() -> Ports {
        TillPorts(
            deviceKeys: self, network: self, clock: self, encryptedReader: look().reader, biometric: CaseSensor(self)
        ).lent(to: self)
    }

    /// Throws what this port is to fail with. `nothing` is for the two methods that give by a sink.
    fileprivate func served(_ port: String, _ method: String = "") throws {
        let faults = look().faults
        guard let fault = faults[port] ?? faults["\(port).\(method)"], fault != "nothing" else { return }
        throw Self.error(of: port, fault) ?? Surprise()
    }

    /// The declared error of a port that this word names.
    static func error(of port: String, _ fault: String) -> (any Error)? {
        switch port {
        case "card": cardFaults.first { word($0) == fault }
        case "device_keys": keyFaults.first { word($0) == fault }
        case "biometric": biometricFaults.first { word($0) == fault }
        case "reader": readerFaults.first { word($0) == fault }
        case "export": exportFaults.first { word($0) == fault }
        case "clock", "network", "observer": fault == "failed" ? PortFault.Failed : nil
        default: nil
        }
    }

    /// Whether a port knows this fault.
    static func check(_ port: String, _ fault: String) throws {
        let ports = ["card", "reader", "device_keys", "biometric", "export", "clock", "network", "observer"]
        if ports.contains(port), error(of: port, fault) != nil || fault == "undeclared" { return }
        if ["device_keys", "biometric"].contains(port), fault == "nothing" { return }
        throw Failure(.unknown, "\(port) has no fault \(fault)")
    }

    private static let cardFaults: [CardFault] = [.Lost, .TimedOut, .ReaderFailed]
    private static let biometricFaults: [BiometricFault] = [
        .Void, .NotFound, .NotRecognised, .Cancelled, .Unavailable,
    ]
    private static let exportFaults: [ExportFault] = [.Full, .ReadOnly, .NotEmpty, .Failed]
    private static let readerFaults: [ReaderFault] = [
        .Cancelled, .TimedOut, .CardNotRead, .TryAnotherCard, .CardDeclined, .PinRequired, .NotReady, .Failed,
    ]
    private static let keyFaults: [KeyFault] = [
        .NotFound, .AlreadyExists, .WrongKind, .Unavailable, .Rejected, .Damaged, .Unsupported,
    ]
}

extension Device: DeviceKeys {
    func create(alias: String, kind: KeyKind) throws {
        try served("device_keys", "create")
        try store.create(alias: alias, kind: kind)
    }

    func exists(alias: String) throws -> Bool {
        try served("device_keys", "exists")
        return try store.exists(alias: alias)
    }

    func destroy(alias: String) throws {
        try served("device_keys", "destroy")
        try store.destroy(alias: alias)
    }

    func publicKey(alias: String) throws -> Data {
        try served("device_keys", "public_key")
        return try store.publicKey(alias: alias)
    }

    func attest(alias: String, challenge: Data) throws -> [Data] {
        try served("device_keys", "attest")
        return try store.attest(alias: alias, challenge: challenge)
    }

    func wrap(alias: String, secret: Data, context: Data) throws -> Data {
        try served("device_keys", "wrap")
        return try store.wrap(alias: alias, secret: secret, context: context)
    }

    func unwrap(alias: String, wrapped: Data, context: Data, into: SecretSink) throws {
        try served("device_keys", "unwrap")
        if gives("unwrap") { try store.unwrap(alias: alias, wrapped: wrapped, context: context, into: into) }
    }

    func mac(alias: String, data: Data, into: SecretSink) throws {
        try served("device_keys", "mac")
        if gives("mac") { try store.mac(alias: alias, data: data, into: into) }
    }

    func sign(alias: String, data: Data) throws -> Data {
        try served("device_keys", "sign")
        return try store.sign(alias: alias, data: data)
    }

    private func gives(_ method: String) -> Bool {
        gives("device_keys", method)
    }

    fileprivate func gives(_ port: String, _ method: String) -> Bool {
        let faults = look().faults
        return (faults[port] ?? faults["\(port).\(method)"]) != "nothing"
    }
}

/// A sensor with one person in front of it. Its methods are called as those of the device's keys, which is why it is apart.
final class CaseSensor: BiometricKey, Sendable {
    private let device: Device

    init(_ device: Device) {
        self.device = device
    }

    func create(alias: String, secret: Data, context: Data) throws -> Data {
        try device.served("biometric", "create")
        let held = (secret: Data(secret), context: Data(context))
        device.tell { $0.fingers[alias] = held }
        return Data(alias.utf8)
    }

    func release(alias: String, wrapped: Data, context: Data, into: SecretSink) throws {
        try device.served("biometric", "release")
        guard let held = device.look().fingers[alias] else { throw BiometricFault.NotFound }
        guard wrapped == Data(alias.utf8), context == held.context else { throw BiometricFault.Void }
        if device.gives("biometric", "release") { try into.put(secret: held.secret) }
    }

    func destroy(alias: String) throws {
        try device.served("biometric", "destroy")
        device.tell { $0.fingers[alias] = nil }
    }
}

extension Device: TaptillCore.Clock, NetworkPosture, Observer, Display {
    func now() throws -> ClockReading {
        try served("clock")
        let (now, shifts) = (try clock.now(), look().shifts)
        return ClockReading(
            wallMs: now.wallMs.addingReportingOverflow(shifts.wallMs).partialValue,
            monoMs: shifted(now.monoMs, shifts.monoMs), bootCount: shifted(now.bootCount, shifts.boots))
    }

    /// A count never wraps: it stays at its end.
    private func shifted(_ count: UInt64, _ shift: Int64) -> UInt64 {
        let (sum, wrapped) = count.addingReportingOverflow(UInt64(bitPattern: shift))
        return wrapped == (shift < 0) ? sum : shift < 0 ? 0 : .max
    }

    func posture() throws -> Posture {
        try served("network")
        return look().posture
    }

    func hear(notice: Notice) throws {
        tell { $0.notices.append(text(notice)) }
        try served("observer")
    }

    func show(screen: Screen) throws {
        tell { $0.screens.append(screen) }
    }
}

extension Device: ExportSink {
    func put(name: String, bytes: Data) throws {
        try served("export", "put")
        tell { $0.exported[name, default: Data()].append(bytes) }
    }

    func finish() throws {
        try served("export", "finish")
    }
}

/// A card of the stand, in the field for one tap.
final class Tap: CardChannel, @unchecked Sendable {
    // The core asks one command after the other, which is why `@unchecked Sendable` holds.
    private let device: Device
    private let address: String
    private let patience: TimeInterval
    private let pauseAt: Int?
    private let fault: (at: Int, word: String)?
    private var commands = 0
    private var card: SocketCard?

    init(_ device: Device, _ address: String, _ patience: TimeInterval, pauseAt: Int?, fault: (at: Int, word: String)?)
    {
        (self.device, self.address, self.patience) = (device, address, patience)
        (self.pauseAt, self.fault) = (pauseAt, fault)
    }

    func transceive(command: Data) throws -> Data {
        commands += 1
        if pauseAt == commands {
            device.tell { $0.paused = true }
            _ = device.wait(patience) { $0.released ? true : nil }
        }
        if let fault, fault.at == commands { throw Device.error(of: "card", fault.word) ?? Surprise() }
        guard let there = try? card ?? SocketCard(address: address, seconds: 1) else { throw CardFault.Lost }
        card = there
        return try there.transceive(command: command)
    }
}
