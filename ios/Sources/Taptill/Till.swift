// The till as an app holds it: the core's `Terminal` in Swift's own words.
//
// Each function is one question to the core. Nothing here looks at an amount, a state or a code; what a call throws is
// the core's `TillError`, or a named error of this kit (`VersionSkewError`, `CorePanicked`). Evidence: TillTests,
// CancellationTests, SoakTests.

import Foundation

/// An open till. May be used from any thread and any number of tasks.
public final class Till: Sendable {
    let terminal: Terminal
    let payments: Payments
    let people: People
    let proofs: Proofs
    let refunding: Refunds
    let settlement: Settlement
    let statements: Statements
    let leaving: Leaving
    let network: NetworkSafety
    let incident: Incident
    let evidence: Evidence
    let log: TaptillCore.Events
    let bell: Bell
    let calls: Calls

    private init(terminal: Terminal, bell: Bell, calls: Calls) throws {
        self.terminal = terminal
        self.bell = bell
        self.calls = calls
        payments = try terminal.payments()
        people = try terminal.people()
        proofs = try terminal.proofs()
        refunding = try terminal.refunds()
        settlement = try terminal.settlement()
        statements = try terminal.statements()
        leaving = try terminal.leaving()
        network = try terminal.network()
        incident = try terminal.incident()
        evidence = try terminal.evidence()
        log = try terminal.events()
    }

    deinit {
        bell.silence()
    }

    /// Opens the till in the folder `home`. It is nobody's, or nobody is signed in: `claim` or `signIn` comes next, and
    /// what an earlier run left unfinished is taken up then.
    public static func open(
        home: String, ports: TillPorts, skew: any VersionSkewHandler = ThrowingVersionSkewHandler()
    ) async throws -> Till {
        try skew.checkMatch()
        let bell = Bell(passingOnTo: ports.observer)
        let calls = Calls("org.taptill.calls", skew: skew)
        return try await calls.ask("open") {
            try Till(terminal: Terminal.open(home: home, ports: ports.lent(to: bell)), bell: bell, calls: calls)
        }
    }

    /// Makes the till in the folder `home` this acquirer's. Wipe `provisioning` afterwards: it is all secret.
    public static func provision(
        home: String, provisioning: Secret, ports: TillPorts,
        skew: any VersionSkewHandler = ThrowingVersionSkewHandler()
    ) async throws {
        try skew.checkMatch()
        try await Calls("org.taptill.provision", skew: skew).ask("provision") {
            // A secret that is wiped already is no provisioning file: the core refuses the empty one.
            let given: Void? = try provisioning.lend {
                try provisionTill(home: home, provisioning: $0, ports: ports.lent(to: SilentObserver()))
            }
            if given == nil {
                try provisionTill(home: home, provisioning: Data(), ports: ports.lent(to: SilentObserver()))
            }
        }
    }

    /// Verifies the journal of a till that is nobody's and is not open, also of one that does not open. That of a till
    /// that is somebody's is closed to everybody until somebody signs in: `verify` reads it then.
    public static func inspect(
        home: String, ports: TillPorts, skew: any VersionSkewHandler = ThrowingVersionSkewHandler()
    ) async throws -> Verified {
        try skew.checkMatch()
        return try await Calls("org.taptill.inspect", skew: skew).ask("inspect") {
            try inspectTill(home: home, ports: ports.lent(to: SilentObserver()))
        }
    }

    /// How the till stands between nobody and somebody, and what a lock screen shows. Answers in every state.
    public func state() async throws -> TillState {
        try await calls.ask("state") { [terminal] in try terminal.state() }
    }

    /// What the till knows about itself, once somebody is signed in.
    public func info() async throws -> TillInfo {
        try await calls.ask("info") { [terminal] in try terminal.info() }
    }

    /// How an attempt stands.
    public func status(_ attempt: String) async throws -> Attempt {
        try await calls.ask("status") { [payments] in try payments.status(attempt: attempt) }
    }

    /// Ends an attempt that has not gone to the host yet.
    public func cancel(_ attempt: String) async throws -> Attempt {
        try await calls.ask("cancel") { [payments] in try payments.cancel(attempt: attempt) }
    }

    /// Attempts, newest first, a page at a time.
    public func list(_ query: ListQuery = ListQuery()) async throws -> Page {
        try await calls.ask("list") { [payments] in try payments.list(query: query) }
    }

    /// Drives every debt now, as far as the host answers. Cancelling the task stops nothing.
    public func resolve() async throws -> Resolved {
        defer { bell.ring() }
        return try await calls.wait("resolve") { [payments] in try await payments.resolve() }
    }

    /// The slip of an attempt, as text.
    public func receipt(_ attempt: String, _ request: ReceiptRequest) async throws -> String {
        defer { bell.ring() }
        return try await calls.ask("receipt") { [payments] in try payments.receipt(attempt: attempt, request: request) }
    }

    /// Verifies the whole journal.
    public func verify() async throws -> Verified {
        try await calls.ask("verify") { [terminal] in try terminal.verify() }
    }

    /// A card is in the field. Does not wait, so it may be called from a port.
    public func present(_ channel: any CardChannel) throws {
        try calls.now("present") { try terminal.present(channel: channel) }
    }

    /// More than one card is in the field. Does not wait.
    public func collision() throws {
        try calls.now("collision") { try terminal.collision() }
    }

    /// What the reader and the payments say from now on, in order, for lights and sounds. A notice that comes while
    /// nobody listens is gone; what must not be lost is in `events()`.
    public func notices() -> AsyncStream<Notice> {
        bell.notices()
    }

    /// Ends the core's threads and closes the journal. A sale that waits hears `terminal_closed`, or that the payment
    /// is in doubt; `events()` and `notices()` end. Closing twice is no error.
    public func close() async throws {
        bell.silence()
        try await calls.ask("close") { [terminal] in try terminal.close() }
    }
}
