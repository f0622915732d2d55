// The merchant app's model on the core's own desk, with the sandbox behind it: from the first start to the slip.

import Foundation
import Taptill
import TaptillMerchant
import TaptillSandbox
import Testing

@MainActor @Suite(.serialized)
struct DeskModelTests {
    @Test func fromTheFirstStartToASaleItsSlipAndTheHistory() async throws {
        let stand = try Stand()
        let place = try stand.till()
        let ports = TillPorts(deviceKeys: DevelopmentKeys(), network: StatedPosture(.trusted))
        let desk = try await CoreDesk.open(home: place.home, ports: ports, language: .en)
        let model = DeskModel(desk: desk, language: .en)
        try await shows(.firstStart, model)

        model.send(.provision)
        #expect(model.picking, "the shell fetches the file, the core does the rest")
        let file = try Shop.file(place.provisioning)
        await model.picked(file)
        #expect(file.lend { $0.count } == nil, "the bytes are wiped")
        try await shows(.amountPad, model)

        for digit: UInt8 in [1, 2, 3] { model.send(.digit(digit: digit)) }
        model.send(.backspace)
        model.send(.doubleZero)
        try await settled(model) { $0.screen.headline?.contains("12.00") == true }
        model.send(.charge)
        try await settled(model) { $0.screen.fieldOn }
        try desk.present(SocketCard(address: stand.card("visa")))
        try await shows(.approved, model)
        #expect(try stand.book(of: place).count == 1)

        model.send(.foreground)
        let receipt = try #require(intent(model) { if case .receipt = $0 { true } else { false } })
        model.send(receipt)
        try await shows(.receipt, model)
        #expect(model.screen?.slipLines.contains { $0.contains("12.00") } == true)
        model.send(.back)
        model.send(.newSale)
        try await shows(.amountPad, model)
        model.send(.history)
        try await shows(.history, model)
        let open = try #require(intent(model) { if case .open = $0 { true } else { false } })
        model.send(open)
        try await shows(.transaction, model)
        model.send(.back)
        model.send(.back)
        model.send(.settings)
        try await shows(.settings, model)
        model.send(.useLanguage(language: .zhCn))
        try await settled(model) { $0.screen.language == .zhCn }

        try await desk.close()
        model.send(.back)
        #expect(model.trouble != nil, "a desk that was closed says so")
    }

    @Test func aDeclineAndALostAnswerHaveTheirScreens() async throws {
        let (stand, place, desk, model) = try await opened()
        try await charge([1, 0, 0, 0, 5, 1], desk, model, stand)
        try await shows(.declined, model)
        model.send(.newSale)
        try await shows(.amountPad, model)
        try stand.next("no-answer", of: place)
        try await charge([8, 8, 0], desk, model, stand)
        // The till takes the money back by itself: the person may see the doubt for a moment only.
        try await settled(model) { [.notKnownYet, .declined].contains($0.screen.kind) }
        model.send(.resolve)
        try await shows(.declined, model)
        let charged = try stand.book(of: place).compactMap { $0["net_minor"] as? Int }
        #expect(charged.filter { $0 != 0 }.isEmpty)
        try await desk.close()
    }

    @Test func leavingAndComingBackKeepsTheScreen() async throws {
        let (_, place, desk, model) = try await opened()
        model.send(.digit(digit: 7))
        model.scene(isActive: false, isHidden: true)
        model.scene(isActive: true, isHidden: false)
        #expect(model.trouble == nil)
        try await shows(.amountPad, model)
        try await desk.close()
        #expect(!place.home.isEmpty)
    }

    @Test func quickTouchesKeepTheirOrder() {
        let desk = Noting()
        let model = DeskModel(desk: desk, language: .en)
        let touched = (0..<200).map { Intent.digit(digit: UInt8($0 % 10)) }
        for intent in touched { model.send(intent) }
        #expect(desk.noted.use { $0 } == touched)
    }

    @Test func theModelGoesWithItsOwner() async throws {
        let (_, _, desk, _) = try await opened()
        weak var gone: DeskModel?
        do {
            let model = DeskModel(desk: Noting(), language: .en)
            gone = model
        }
        #expect(gone == nil)
        try await desk.close()
    }

    private func opened() async throws -> (Stand, StandTill, CoreDesk, DeskModel) {
        let stand = try Stand()
        let place = try stand.till()
        let ports = TillPorts(deviceKeys: DevelopmentKeys(), network: StatedPosture(.trusted))
        try await Till.provision(home: place.home, provisioning: Shop.file(place.provisioning), ports: ports)
        let desk = try await CoreDesk.open(home: place.home, ports: ports, language: .en)
        let model = DeskModel(desk: desk, language: .en)
        try await shows(.amountPad, model)
        return (stand, place, desk, model)
    }

    private func charge(_ digits: [UInt8], _ desk: CoreDesk, _ model: DeskModel, _ stand: Stand) async throws {
        for digit in digits { model.send(.digit(digit: digit)) }
        model.send(.charge)
        try await settled(model) { $0.screen.fieldOn }
        try desk.present(SocketCard(address: stand.card("visa")))
    }

    /// What the screen offers, by a button or a line.
    private func intent(_ model: DeskModel, where holds: (Intent) -> Bool) -> Intent? {
        let screen = model.screen?.screen
        let offered = (screen?.actions.map(\.intent) ?? []) + (screen?.rows.compactMap(\.intent) ?? [])
        return offered.first(where: holds)
    }

    private func shows(_ kind: ScreenKind, _ model: DeskModel) async throws {
        try await settled(model) { $0.screen.kind == kind }
    }

    private func settled(_ model: DeskModel, _ holds: (ScreenModel) -> Bool) async throws {
        let end = Date(timeIntervalSinceNow: 30)
        while model.screen.map(holds) != true {
            if Date() > end {
                Issue.record("still at \(String(describing: model.screen?.screen))")
                throw SandboxError.timedOut
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}

/// A desk that never shows anything, and notes what it is told.
private struct Noting: TillDesk {
    let noted = Noted()

    func screens() -> AsyncStream<Screen> { AsyncStream { _ in } }
    func send(_ intent: Intent) throws { noted.use { $0.append(intent) } }
    func provision(_ file: Secret) async throws {}
    func close() async throws {}
}

/// What a desk was told, from any thread.
private final class Noted: @unchecked Sendable {
    // The list is used under the lock alone, which is why `@unchecked Sendable` holds.
    private let lock = NSLock()
    private var intents: [Intent] = []

    func use<Result>(_ body: (inout [Intent]) -> Result) -> Result {
        lock.withLock { body(&intents) }
    }
}
