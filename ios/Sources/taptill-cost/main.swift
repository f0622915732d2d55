// What crossing the border costs in one sale: all calls into the core and all callbacks into Swift, without what they
// wait for (the card, the host, the disk).
//
// It counts the crossings of real sales, and measures what one crossing of each kind costs with next to nothing behind
// it: a call with records both ways (`describeError`), and a callback (a card that nobody waits for is let go, which
// calls back into Swift) with the conversion of its bytes. Both are upper bounds. Prints one line of JSON.

import Foundation
import Taptill
import TaptillSandbox

let sales = 50
let crossings = 20_000

/// Counts, from any thread.
final class Counter: @unchecked Sendable {
    // The count is used under the lock alone, which is why `@unchecked Sendable` holds.
    private let lock = NSLock()
    private var value = 0

    var count: Int { lock.withLock { value } }

    func add() {
        lock.withLock { value += 1 }
    }
}

/// Ports that count what the core asks of them.
final class Counted: TaptillCore.Clock, NetworkPosture, Observer, Sendable {
    let callbacks = Counter()
    private let clock = SystemClock()
    private let bell: @Sendable () -> Void

    init(_ bell: @escaping @Sendable () -> Void) {
        self.bell = bell
    }

    func now() throws -> ClockReading {
        callbacks.add()
        return try clock.now()
    }

    func posture() throws -> Posture {
        callbacks.add()
        return .trusted
    }

    func hear(notice: Notice) throws {
        callbacks.add()
        if notice == .fieldOn { bell() }
    }
}

/// A card that is let go at once, and tells when.
final class Passing: CardChannel, Sendable {
    private let gone: Counter

    init(_ gone: Counter) {
        self.gone = gone
    }

    deinit {
        gone.add()
    }

    func transceive(command: Data) throws -> Data {
        throw CardFault.Lost
    }
}

func microseconds(_ count: Int, _ work: () throws -> Void) rethrows -> Double {
    let begin = DispatchTime.now().uptimeNanoseconds
    try work()
    return Double(DispatchTime.now().uptimeNanoseconds - begin) / 1_000 / Double(count)
}

let stand = try Stand()
let place = try stand.till()
let address = try stand.card("visa")
let field = DispatchSemaphore(value: 0)
let counted = Counted { field.signal() }
let keys = DevelopmentKeys()
let ports = Ports(deviceKeys: keys, clock: counted, network: counted, observer: counted)
try provisionTill(
    home: place.home, provisioning: Data(contentsOf: URL(fileURLWithPath: place.provisioning)), ports: ports)
let terminal = try Terminal.open(home: place.home, ports: ports)
let claimed = try Shop.password().lend { try terminal.people().claim(name: "alice", password: $0) }
_ = try await claimed?.awaitDone()
let payments = try terminal.payments()

// A sale of the kit: `startSale`; `awaitOutcome`, which is made, polled twice, completed and freed; `present`; the
// operation freed.
let callsASale = 8
let before = counted.callbacks.count
for _ in 0..<sales {
    let order = SaleOrder(attempt: nil, amount: Amount(minor: 100, currency: "CNY"), order: nil)
    let operation = try payments.startSale(order: order)
    field.wait()
    try terminal.present(channel: SocketCard(address: address) { _ in counted.callbacks.add() })
    guard try await operation.awaitOutcome().state == .approved else { exit(1) }
}
// One more for each card that is let go.
let callbacksASale = Double(counted.callbacks.count - before) / Double(sales) + 1

let facts = try factsOf(code: "amount_zero")
let callCost = try microseconds(crossings) {
    for _ in 0..<crossings { _ = try describeError(facts: facts, language: .en) }
}
let gone = Counter()
let passingCost = try microseconds(crossings) {
    for _ in 0..<crossings { try terminal.present(channel: Passing(gone)) }
    while gone.count < crossings { usleep(50) }
}
let bytes = Data(repeating: 7, count: 256)
let read = EncryptedRead(
    format: "", key: "", payload: bytes, signature: bytes, scheme: nil, masked: nil, cvm: .none)
let conversionCost = try microseconds(crossings) {
    for _ in 0..<crossings { _ = try FfiConverterTypeEncryptedRead_lift(FfiConverterTypeEncryptedRead_lower(read)) }
}
let milliseconds = (Double(callsASale) * callCost + callbacksASale * (passingCost + conversionCost)) / 1_000
let row = [
    "\"language\":\"swift\"", "\"sales\":\(sales)", "\"ffi_ms_per_sale\":\(String(format: "%.4f", milliseconds))",
    "\"ffi_calls_per_sale\":\(callsASale)", "\"callbacks_per_sale\":\(String(format: "%.1f", callbacksASale))",
]
FileHandle.standardError.write(
    Data(String(format: "call %.2f us, callback %.2f us + bytes %.2f us\n", callCost, passingCost, conversionCost).utf8)
)
print("{\(row.joined(separator: ","))}")
try terminal.close()
