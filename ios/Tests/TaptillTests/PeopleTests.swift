// People at a till, by the kit: claim, sign in, lock, unlock, operators, passwords; and that the kit wipes what it took.

import Foundation
import Taptill
import TaptillSandbox
import XCTest

final class PeopleTests: SandboxTestCase {
    func testFromTheClaimToTheSignOut() async throws {
        let (till, _, _) = try await unclaimed()
        let before = try await till.state()
        XCTAssertEqual(before.standing, .unclaimed)
        await assertFails("till_unclaimed") { try await till.list() }

        let password = Shop.password()
        let code = try await till.claim("alice", password: password)
        XCTAssertNil(password.lend { $0.count }, "the kit wipes what it took")
        XCTAssertGreaterThan(try code.length(), 0)
        try code.wipe()
        XCTAssertEqual(try code.length(), 0)
        let claimed = try await till.state()
        XCTAssertEqual(claimed.standing, .signedIn)
        XCTAssertEqual(claimed.operator, "alice")
        XCTAssertEqual(claimed.role, .supervisor)

        try await till.lock()
        await assertFails("till_locked") { try await till.list() }
        await assertFails("till_locked") { try await till.info() }
        let wrong = Secret(text: "not the password 1")
        await assertFails("sign_in_refused") { try await till.unlock(password: wrong) }
        XCTAssertNil(wrong.lend { $0.count }, "also when it was refused")
        let again = try await till.unlock(password: Shop.password())
        XCTAssertEqual(again.operator, "alice")
        let info = try await till.info()
        XCTAssertEqual(info.currency, "CNY")

        try await till.signOut()
        let after = try await till.state()
        XCTAssertEqual(after.standing, .signedOut)
        XCTAssertNil(after.operator)
        await assertFails("till_locked") { try await till.verify() }
        await assertFails("already_claimed") { try await till.claim("eve", password: Shop.password()) }
        try await till.close()
    }

    func testASupervisorAddsACashierWhoMayNotAddAnother() async throws {
        let shop = try await Shop(stand)
        let till = shop.till
        try await till.addOperator("bob", role: .cashier, password: Self.bobs(), temporary: true)
        let operators = try await till.operators()
        XCTAssertEqual(operators.map(\.name), ["alice", "bob"])
        XCTAssertEqual(operators.map(\.isTemporary), [false, true])
        try await till.signOut()

        await assertFails("password_must_change") { try await till.signIn("bob", password: Self.bobs()) }
        let new = Secret(text: "nine ships sail at 8 bells")
        let session = try await till.signIn("bob", password: Self.bobs(), new: new)
        XCTAssertEqual(session.role, .cashier)
        XCTAssertNil(new.lend { $0.count })
        await assertFails("not_permitted") {
            try await till.addOperator("carol", role: .cashier, password: Self.bobs(), temporary: false)
        }
        await assertFails("not_permitted") { try await till.rotateKeys() }
        let sold = try await shop.sell(100, card: stand.card("visa"))
        XCTAssertEqual(sold.state, .approved)
        try await till.signOut()
        try await till.close()
    }

    func testASecretThatWasWipedIsRefusedAndNothingIsGuessed() async throws {
        let (till, _, _) = try await unclaimed()
        let wiped = Shop.password()
        wiped.wipe()
        await assertFails("password_refused") { try await till.claim("alice", password: wiped) }
        let state = try await till.state()
        XCTAssertEqual(state.standing, .unclaimed)
        await assertFails("identifier_malformed") { try await till.claim("Not A Name", password: Shop.password()) }
        try await till.close()
    }

    func testEventsWaitWhileNobodyIsSignedIn() async throws {
        let shop = try await Shop(stand)
        let till = shop.till
        try await till.signOut()
        let waiting = Task { () -> String? in
            for try await event in till.events() where event.kind == "operator.unlocked" { return event.kind }
            return nil
        }
        try await till.signIn("alice", password: Shop.password())
        try await till.lock()
        try await till.unlock(password: Shop.password())
        let seen = try await waiting.value
        XCTAssertEqual(seen, "operator.unlocked")
        try await till.close()
    }

    func testProofsAreTextForAnybody() async throws {
        let shop = try await Shop(stand)
        let sold = try await shop.sell(100, card: stand.card("visa"))
        let (note, keys) = (try await shop.till.checkpoint(), try await shop.till.publicKey())
        XCTAssertTrue(note.contains("\n\n— "), "a signed note")
        XCTAssertFalse(keys.isEmpty)
        let (ofAttempt, ofEvent) = (
            try await shop.till.prove(attempt: sold.attempt), try await shop.till.prove(event: 1)
        )
        XCTAssertTrue([ofAttempt, ofEvent].allSatisfy { $0.hasPrefix("c2sp.org/tlog-proof@v1\n") })
        let consistency = try await shop.till.consistency(with: 1)
        XCTAssertFalse(consistency.isEmpty)
        try await shop.till.close()
    }

    private func unclaimed() async throws -> (Till, StandTill, TillPorts) {
        let place = try stand.till()
        let ports = TillPorts(deviceKeys: DevelopmentKeys(), network: StatedPosture(.trusted))
        try await Till.provision(home: place.home, provisioning: Shop.file(place.provisioning), ports: ports)
        return (try await Till.open(home: place.home, ports: ports), place, ports)
    }

    private static func bobs() -> Secret {
        Secret(text: "tall ships sail at 7 bells")
    }
}
