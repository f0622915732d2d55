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
        #expect(!field.append(String(repeating: "x", count: TypedField.bytesMax + 1)))
        #expect(field.append(String(repeating: "x", count: TypedField.bytesMax)))
        #expect(!field.append("x"))
        #expect(field.count == TypedField.bytesMax)
        #expect(field.taken().lend { $0.count } == TypedField.bytesMax)
        #expect(!field.isEmpty, "what may be seen stays")
        field.wipe()
        #expect(field.taken().lend { $0.count } == 0)
    }
}
