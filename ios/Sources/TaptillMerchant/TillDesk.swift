// The core's `Desk` as the model wants it: with a stream of screens. Tests put a scripted one in its place.

import Foundation
import Taptill

/// The till behind the screens.
public protocol TillDesk: Sendable {
    /// The screen as it is now, then every new one, in order. For one listener.
    func screens() -> AsyncStream<Screen>
    /// Passes on what a person wants, in the order of the calls. Does not wait.
    func send(_ intent: Intent) throws
    /// What was typed into a field of the present screen; goes before the intent that needs it. Does not wait.
    func enter(_ field: FieldName, _ typed: Secret) throws
    /// The recovery code, while the screen that speaks of it is there.
    func recoveryCode() throws -> RecoveryCode?
    func provision(_ file: Secret) async throws
    /// Lends a place for records to the screen that asks for one. Does not wait.
    func exportTo(_ place: any ExportSink) throws
    func close() async throws
}

/// The core's desk.
public final class CoreDesk: TillDesk, Sendable {
    private let desk: Desk
    private let relay: ScreenRelay
    private let calls: Calls

    private init(desk: Desk, relay: ScreenRelay, calls: Calls) {
        self.desk = desk
        self.relay = relay
        self.calls = calls
    }

    /// Opens the till in the folder `home`, provisioned or not, and shows its first screen.
    public static func open(
        home: String, ports: TillPorts, language: Language,
        skew: any VersionSkewHandler = ThrowingVersionSkewHandler()
    ) async throws -> CoreDesk {
        try skew.checkMatch()
        let calls = Calls("org.taptill.desk", skew: skew)
        let relay = ScreenRelay()
        return try await calls.ask("desk") {
            let lent = ports.lent(to: SilentObserver())
            let desk = try Desk.open(home: home, ports: lent, language: language, display: relay)
            relay.first(try desk.screen())
            return CoreDesk(desk: desk, relay: relay, calls: calls)
        }
    }

    public func screens() -> AsyncStream<Screen> {
        relay.stream
    }

    public func send(_ intent: Intent) throws {
        try calls.now("intent") { try desk.send(intent: intent) }
    }

    public func enter(_ field: FieldName, _ typed: Secret) throws {
        try calls.now("enter") { _ = try typed.lend { try desk.enter(field: field, typed: $0) } }
    }

    public func recoveryCode() throws -> RecoveryCode? {
        try calls.now("recoveryCode") { try desk.recoveryCode() }
    }

    public func provision(_ file: Secret) async throws {
        try await calls.ask("provision") { [desk] in
            try file.lend { try desk.provision(provisioning: $0) }
        }
    }

    public func exportTo(_ place: any ExportSink) throws {
        try calls.now("exportTo") { try desk.exportTo(place: place) }
    }

    /// A card is in the field: for a till whose cards come by a channel of this phone.
    public func present(_ channel: any CardChannel) throws {
        try calls.now("present") { try desk.present(channel: channel) }
    }

    public func close() async throws {
        defer { relay.end() }
        try await calls.ask("close") { [desk] in try desk.close() }
    }
}

/// Takes the core's screens on its thread and hands them to whoever draws. Never waits.
final class ScreenRelay: Display, @unchecked Sendable {
    // The flag is used under the lock alone, which is why `@unchecked Sendable` holds.
    let stream: AsyncStream<Screen>
    private let continuation: AsyncStream<Screen>.Continuation
    private let lock = NSLock()
    private var begun = false

    init() {
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
    }

    func show(screen: Screen) throws {
        lock.withLock {
            begun = true
            continuation.yield(screen)
        }
    }

    /// The screen that was there before anybody was told of one.
    func first(_ screen: Screen) {
        lock.withLock {
            if !begun { continuation.yield(screen) }
        }
    }

    func end() {
        continuation.finish()
    }
}
