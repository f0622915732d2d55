// SHA-256 (FIPS 180-4) and HMAC (RFC 2104), so that the sandbox needs no other package. For tests only: it is neither
// fast nor constant in time.

import Foundation

enum Sha256 {
    /// The first 32 bits of the fractions of the cube roots of the first 64 primes (FIPS 180-4, 4.2.2).
    private static let rounds: [UInt32] = primes(64).map { fraction(of: cbrt(Double($0))) }
    /// Those of the square roots of the first eight (5.3.3).
    private static let start: [UInt32] = primes(8).map { fraction(of: Double($0).squareRoot()) }

    static func digest(_ data: Data) -> Data {
        var message = [UInt8](data)
        let bits = UInt64(message.count) * 8
        message.append(0x80)
        while message.count % 64 != 56 { message.append(0) }
        message += withUnsafeBytes(of: bits.bigEndian, Array.init)
        var state = start
        for block in stride(from: 0, to: message.count, by: 64) { compress(&state, message[block..<block + 64]) }
        return Data(state.flatMap { withUnsafeBytes(of: $0.bigEndian, Array.init) })
    }

    static func hmac(_ key: Data, _ data: Data) -> Data {
        let short = key.count > 64 ? digest(key) : key
        let padded = short + Data(repeating: 0, count: 64 - short.count)
        return digest(Data(padded.map { $0 ^ 0x5c }) + digest(Data(padded.map { $0 ^ 0x36 }) + data))
    }

    private static func compress(_ state: inout [UInt32], _ block: ArraySlice<UInt8>) {
        var words = stride(from: block.startIndex, to: block.endIndex, by: 4).map { at in
            block[at..<at + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        }
        for at in 16..<64 {
            let (far, near) = (words[at - 15], words[at - 2])
            let small0 = turned(far, 7) ^ turned(far, 18) ^ far >> 3
            let small1 = turned(near, 17) ^ turned(near, 19) ^ near >> 10
            words.append(words[at - 16] &+ small0 &+ words[at - 7] &+ small1)
        }
        var round = state
        for at in 0..<64 {
            let (a, e) = (round[0], round[4])
            let choice = e & round[5] ^ ~e & round[6]
            let majority = a & round[1] ^ a & round[2] ^ round[1] & round[2]
            let first = round[7] &+ (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) &+ choice &+ rounds[at] &+ words[at]
            let second = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) &+ majority
            round = [first &+ second, a, round[1], round[2], round[3] &+ first, e, round[5], round[6]]
        }
        for at in 0..<8 { state[at] = state[at] &+ round[at] }
    }

    private static func turned(_ word: UInt32, _ by: UInt32) -> UInt32 {
        word >> by | word << (32 - by)
    }

    private static func fraction(of root: Double) -> UInt32 {
        UInt32((root - root.rounded(.down)) * 4_294_967_296)
    }

    private static func primes(_ count: Int) -> [Int] {
        var found: [Int] = []
        var next = 2
        while found.count < count {
            if found.allSatisfy({ next % $0 != 0 }) { found.append(next) }
            next += 1
        }
        return found
    }
}
