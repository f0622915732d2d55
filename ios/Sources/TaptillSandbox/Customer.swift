// Somebody who holds a card against the reader whenever it is ready.

import Foundation
import Taptill

public final class Customer: Sendable {
    private let waiting: Task<Void, Never>

    /// Presents the card at `address` each time that the field goes on, until `leave()`. `before` is called before each
    /// command, as in `SocketCard`; `holding` is told of each card that is presented.
    public init(
        _ till: Till, card address: String, before: @escaping @Sendable (Int) throws -> Void = { _ in },
        holding: @escaping @Sendable (SocketCard) -> Void = { _ in }
    ) {
        let notices = till.notices()
        waiting = Task {
            for await notice in notices where notice == .fieldOn {
                // A card that cannot be reached, or a till that has ended: the sale says so.
                guard let card = try? SocketCard(address: address, before: before) else { continue }
                holding(card)
                try? till.present(card)
            }
        }
    }

    public func leave() {
        waiting.cancel()
    }
}
