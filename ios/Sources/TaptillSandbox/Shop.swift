// A till in the sandbox, provisioned, open and alice's, who is signed in: what most tests begin with.

import Foundation
import Taptill

public final class Shop: Sendable {
    public let stand: Stand
    public let place: StandTill
    public let keys: DevelopmentKeys
    public let ports: TillPorts
    public let till: Till

    /// A fresh till with a host of its own. `reader` is lent where a test has one.
    public init(
        _ stand: Stand, dialect: String? = nil, network: any NetworkPosture = StatedPosture(.trusted),
        clock: any TaptillCore.Clock = SystemClock(),
        reader: (StandTill) -> (any EncryptedReader)? = { _ in nil }
    ) async throws {
        self.stand = stand
        place = try stand.till(dialect: dialect)
        keys = DevelopmentKeys()
        ports = TillPorts(deviceKeys: keys, network: network, clock: clock, encryptedReader: reader(place))
        try await Till.provision(home: place.home, provisioning: Self.file(place.provisioning), ports: ports)
        till = try await Till.open(home: place.home, ports: ports)
        try await till.claim("alice", password: Self.password()).wipe()
    }

    /// The same folder and keys again, as after a restart of the app, with alice signed in. Close the till before.
    public func reopened() async throws -> Till {
        let till = try await Till.open(home: place.home, ports: ports)
        do {
            try await till.signIn("alice", password: Self.password())
            return till
        } catch {
            // A till that nobody holds would go on holding its folder until it is collected.
            try? await till.close()
            throw error
        }
    }

    /// Alice's.
    public static func password() -> Secret {
        Secret(text: "correct horse battery 9")
    }

    /// One sale, with a card that is there when the reader is.
    public func sell(
        _ minor: Int64, card: String, attempt: String? = nil, order: String? = nil
    ) async throws -> Attempt {
        let customer = Customer(till, card: card)
        defer { customer.leave() }
        return try await till.sell(Self.order(minor, attempt: attempt, order: order))
    }

    public static func order(_ minor: Int64, attempt: String? = nil, order: String? = nil) -> SaleOrder {
        SaleOrder(attempt: attempt, amount: Amount(minor: minor, currency: "CNY"), order: order)
    }

    /// The bytes of a provisioning file, as a secret.
    public static func file(_ path: String) throws -> Secret {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        return Secret(taking: &bytes)
    }
}
