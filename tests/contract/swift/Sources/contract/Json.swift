// JSON as a value that can be compared and taken apart.

import Foundation

enum Json: Equatable, Sendable {
    case null
    case flag(Bool)
    case number(Int64)
    /// Over the largest signed number.
    case unsigned(UInt64)
    case text(String)
    case list([Json])
    case object([String: Json])

    var text: String? {
        if case .text(let text) = self { text } else { nil }
    }

    var number: Int64? {
        if case .number(let number) = self { number } else { nil }
    }

    var list: [Json]? {
        if case .list(let list) = self { list } else { nil }
    }

    var object: [String: Json]? {
        if case .object(let object) = self { object } else { nil }
    }

    /// A key of an object; nothing where there is none.
    subscript(key: String) -> Json {
        object?[key] ?? .null
    }

    static func from(_ text: String?) -> Json {
        text.map(Json.text) ?? .null
    }

    static func from<Number: BinaryInteger>(_ number: Number?) -> Json {
        guard let number else { return .null }
        return Int64(exactly: number).map(Json.number) ?? .unsigned(UInt64(clamping: number))
    }
}

extension Json: Codable {
    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let flag = try? value.decode(Bool.self) {
            self = .flag(flag)
        } else if let number = try? value.decode(Int64.self) {
            self = .number(number)
        } else if let number = try? value.decode(UInt64.self) {
            self = .unsigned(number)
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let list = try? value.decode([Json].self) {
            self = .list(list)
        } else {
            self = .object(try value.decode([String: Json].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .null: try value.encodeNil()
        case .flag(let flag): try value.encode(flag)
        case .number(let number): try value.encode(number)
        case .unsigned(let number): try value.encode(number)
        case .text(let text): try value.encode(text)
        case .list(let list): try value.encode(list)
        case .object(let object): try value.encode(object)
        }
    }
}

extension Json: CustomStringConvertible {
    var description: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "?"
    }
}

extension Json: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByDictionaryLiteral
{
    init(stringLiteral text: String) { self = .text(text) }
    init(integerLiteral number: Int64) { self = .number(number) }
    init(booleanLiteral flag: Bool) { self = .flag(flag) }
    init(dictionaryLiteral entries: (String, Json)...) { self = .object(Dictionary(uniqueKeysWithValues: entries)) }
}
