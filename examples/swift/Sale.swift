// A sale, a decline, and a payment whose answer is lost, seen to its end: `swift run` in this folder.

import Foundation
import Taptill
import TaptillSandbox

@main
struct Sale {
    static func main() async throws {
        let stand = try Stand()
        let place = try stand.till()
        let card = try stand.card("visa")

        // On a phone: SecureEnclaveKeys and PathMonitorPosture.
        let ports = TillPorts(deviceKeys: DevelopmentKeys(), network: StatedPosture(.trusted))
        var file = try Data(contentsOf: URL(fileURLWithPath: place.provisioning))
        try await Till.provision(home: place.home, provisioning: Secret(taking: &file), ports: ports)
        let till = try await Till.open(home: place.home, ports: ports)

        // Whoever claims the till is its first supervisor, and is shown the recovery code once.
        let code = try await till.claim("alice", password: Secret(text: "correct horse battery 9"))
        try code.wipe()

        // A card comes each time that the reader's field goes on.
        let notices = till.notices()
        let cards = Task {
            for await notice in notices where notice == .fieldOn { try till.present(SocketCard(address: card)) }
        }
        func sell(_ minor: Int64) async throws -> Attempt {
            let amount = Amount(minor: minor, currency: "CNY")
            return try await till.sell(SaleOrder(attempt: nil, amount: amount, order: nil))
        }

        let approved = try await sell(12_30)
        try expect(approved.state == .approved)
        let declined = try await sell(1000_51)
        try expect(declined.state == .declined)

        // The host books this one and says nothing: no answer is not a decline.
        try stand.next("no-answer", of: place)
        let lost = try await sell(8_80)
        try expect(lost.state == .inDoubt || lost.state == .reversalDue)
        _ = try await till.resolve()
        let reversed = try await till.status(lost.attempt)
        try expect(reversed.state == .reversed)

        cards.cancel()
        try await till.signOut()
        try await till.close()
        print("12.30 approved, 1000.51 declined, 8.80 not known and then reversed")
    }

    struct NotAsItShouldBe: Error {}

    static func expect(_ holds: Bool) throws {
        if !holds { throw NotAsItShouldBe() }
    }
}
