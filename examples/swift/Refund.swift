// Money given back: asked for by one, approved by another, who proves who it is: `swift run refund` in this folder.

import Foundation
import Taptill
import TaptillSandbox

@main
struct GivenBack {
    static func main() async throws {
        let stand = try Stand()
        let place = try stand.till()
        let card = try stand.card("visa")

        // On a phone: SecureEnclaveKeys and PathMonitorPosture.
        let ports = TillPorts(deviceKeys: DevelopmentKeys(), network: StatedPosture(.trusted))
        var file = try Data(contentsOf: URL(fileURLWithPath: place.provisioning))
        try await Till.provision(home: place.home, provisioning: Secret(taking: &file), ports: ports)
        let till = try await Till.open(home: place.home, ports: ports)

        // Alice answers for the shop; bob sells, and may ask for money to be given back. The kit wipes each secret.
        let alices = { Secret(text: "correct horse battery 9") }
        let bobs = { Secret(text: "tall ships sail at 7 bells") }
        try await till.claim("alice", password: alices()).wipe()
        try await till.addOperator("bob", role: .cashier, password: bobs(), temporary: false)
        try await till.signIn("bob", password: bobs())

        // A card comes when the reader's field goes on.
        let notices = till.notices()
        let cards = Task {
            for await notice in notices where notice == .fieldOn { try till.present(SocketCard(address: card)) }
        }
        let amount = { Amount(minor: $0, currency: "CNY") }
        let sale = try await till.sell(SaleOrder(attempt: nil, amount: amount(12_30), order: nil)).attempt
        cards.cancel()

        let asked = try await till.refunds.request(.attempt(attempt: sale), amount(2_30))
        do {
            _ = try await till.refunds.approve(asked.refund)
            throw NotAsItShouldBe()
        } catch let refused as TillError where refused.facts.code == "not_permitted" {}
        let done = try await till.refunds.approve(asked.refund, as: "alice", password: alices())
        let refunded = try await till.status(sale).refundedMinor
        if done.state != .acknowledged || refunded != 2_30 { throw NotAsItShouldBe() }

        try await till.close()
        print("12.30 sold, 2.30 asked back by bob and given back by alice's word")
    }

    struct NotAsItShouldBe: Error {}
}
