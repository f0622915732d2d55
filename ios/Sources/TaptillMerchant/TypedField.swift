// What a person types into one field, kept as bytes that are wiped: no text of it is ever made.
//
// A view hands over each change as it comes, a character or two, and draws a dot for each character of a secret field.
// Evidence: TypedFieldTests.

import Foundation
import Observation
import Taptill

@MainActor @Observable
public final class TypedField: Identifiable {
    /// The field of the core's screen.
    public let field: Field
    /// How many characters there are.
    public private(set) var count = 0

    /// What goes beyond is not taken.
    public let bytesMax: Int

    /// As much as the longest password or code takes, and more.
    private static let shortMax = 1_024
    /// As much as a message of the acquirer's with many signatures, and more.
    private static let longMax = 16_384

    @ObservationIgnored private let bytes: TypedBytes
    /// How many bytes each character has, so that the last one can be taken back.
    @ObservationIgnored private var lengths: [Int] = []

    public init(_ field: Field) {
        self.field = field
        bytesMax = field.isLong ? Self.longMax : Self.shortMax
        bytes = TypedBytes(capacity: bytesMax)
    }

    public nonisolated var id: FieldName { field.name }

    public var isEmpty: Bool { count == 0 }

    /// What is drawn of a secret field.
    public var dots: String { String(repeating: "•", count: count) }

    /// Adds what was typed. Says whether it had room.
    @discardableResult
    public func append(_ text: String) -> Bool {
        replace(last: 0, with: text)
    }

    /// Puts this in the place of so many characters at the end. Says whether it had room; without, nothing changes.
    @discardableResult
    public func replace(last characters: Int, with text: String) -> Bool {
        let freed = lengths.suffix(characters).reduce(0, +)
        guard bytes.count - freed + text.utf8.count <= bytesMax else { return false }
        for _ in 0..<min(characters, lengths.count) { backspace() }
        for character in text {
            bytes.append(character.utf8)
            lengths.append(character.utf8.count)
        }
        count = lengths.count
        return true
    }

    /// Takes the last character back.
    public func backspace() {
        guard let last = lengths.popLast() else { return }
        bytes.removeLast(last)
        count = lengths.count
    }

    /// Everything that was typed, for the core. Of a secret nothing is left here then; what may be seen stays to be seen.
    public func taken() -> Secret {
        defer { forget() }
        return bytes.taken()
    }

    /// Wipes what is secret, and leaves what may be seen.
    public func forget() {
        if field.isSecret { wipe() }
    }

    public func wipe() {
        bytes.wipe()
        lengths = []
        count = 0
    }
}

/// Bytes at one place that never moves, so that no copy of them is left behind; wiped when they go.
private final class TypedBytes {
    private let buffer: UnsafeMutableRawPointer
    private let capacity: Int
    private(set) var count = 0

    init(capacity: Int) {
        buffer = .allocate(byteCount: capacity, alignment: 1)
        self.capacity = capacity
        wipe()
    }

    deinit {
        wipe()
        buffer.deallocate()
    }

    func append(_ bytes: String.UTF8View) {
        for byte in bytes {
            buffer.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
            count += 1
        }
    }

    func removeLast(_ bytes: Int) {
        for _ in 0..<bytes {
            count -= 1
            buffer.storeBytes(of: 0, toByteOffset: count, as: UInt8.self)
        }
    }

    func taken() -> Secret {
        var data = Data(bytes: buffer, count: count)
        return Secret(taking: &data)
    }

    func wipe() {
        Data(bytesNoCopy: buffer, count: capacity, deallocator: .none).wipeShared()
        count = 0
    }
}
