// What is typed into a field, as bytes that go once.

import Foundation
import Taptill
import TaptillMerchant
import Testing

@MainActor
struct TypedFieldTests {
    @Test func itTakesCharactersAndGivesThemOnce() {
        let field = TypedField(Field(name: .password, label: "Password", isSecret: true, isLong: false))
        for text in ["p", "ä", "ß", "中", "👩‍👩‍👧", "9"] { field.append(text) }
        #expect(field.count == 6)
        #expect(field.dots == "••••••")
        field.backspace()
        field.backspace()
        #expect(field.count == 4)
        #expect(field.taken().lend { $0 == Data("päß中".utf8) } == true)
        #expect(field.isEmpty)
        #expect(field.taken().lend { $0.count } == 0)
    }

    @Test func itNeverTakesMoreThanItHasRoomForAndBackspaceStopsAtNothing() {
        let field = TypedField(Field(name: .operator, label: "Name", isSecret: false, isLong: false))
        field.backspace()
        #expect(field.isEmpty)
        #expect(!field.append(String(repeating: "x", count: field.bytesMax + 1)))
        #expect(field.append(String(repeating: "x", count: field.bytesMax)))
        #expect(!field.append("x"))
        #expect(field.count == field.bytesMax)
        #expect(field.taken().lend { $0.count } == field.bytesMax)
        #expect(!field.isEmpty, "what may be seen stays")
        field.wipe()
        #expect(field.taken().lend { $0.count } == 0)
    }

    @Test func aLongFieldHasLinesAndMoreRoom() {
        let field = TypedField(Field(name: .message, label: "Message", isSecret: false, isLong: true))
        #expect(field.append("first\nsecond\n"))
        #expect(field.append(String(repeating: "x", count: 2_000)), "a note with signatures")
        #expect(!field.append(String(repeating: "x", count: field.bytesMax)))
        #expect(field.taken().lend { $0.starts(with: Data("first\nsecond\nx".utf8)) } == true)
    }

    @Test func whatHasNoRoomReplacesNothing() {
        let field = TypedField(Field(name: .operator, label: "Name", isSecret: false, isLong: false))
        field.append("alice")
        #expect(!field.replace(last: 2, with: String(repeating: "x", count: field.bytesMax - 2)))
        #expect(field.count == 5)
        #expect(field.replace(last: 2, with: "x"))
        #expect(field.replace(last: 9, with: "bob"))
        #expect(field.taken().lend { $0 == Data("bob".utf8) } == true)
    }
}
