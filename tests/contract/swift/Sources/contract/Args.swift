// The keys of a case, a step or its `with`: each is asked for once, and none may be left over.

/// How a case fails.
enum Kind: String, Sendable {
    case mismatch
    case timeout
    case unknown
}

/// Why a case failed.
struct Failure: Error, CustomStringConvertible {
    let kind: Kind
    let why: String
    var step: Int?

    init(_ kind: Kind, _ why: String) {
        self.kind = kind
        self.why = why
    }

    var description: String {
        (step.map { "step \($0): " } ?? "") + "\(kind.rawValue): \(why)"
    }
}

/// What is left of an object whose keys are asked for one by one.
struct Args {
    private var keys: [String: Json]

    /// The keys of this object as they stand.
    init(raw object: Json = [:]) throws {
        guard case .object(let keys) = object else { throw Failure(.unknown, "not an object: \(object)") }
        self.keys = keys
    }

    mutating func optional(_ key: String) -> Json? {
        keys.removeValue(forKey: key)
    }

    mutating func optionalText(_ key: String) throws -> String? {
        switch optional(key) {
        case nil, .null: return nil
        case .text(let text): return text
        case .some(let other): throw Failure(.unknown, "\(key) is a text, not \(other)")
        }
    }

    mutating func text(_ key: String) throws -> String {
        guard let text = try optionalText(key) else { throw Failure(.unknown, "\(key) is missing") }
        return text
    }

    mutating func text(_ key: String, or usual: String) throws -> String {
        try optionalText(key) ?? usual
    }

    mutating func optionalWhole<Number: BinaryInteger>(_ key: String, as: Number.Type) throws -> Number? {
        guard let value = optional(key) else { return nil }
        guard let number = value.number.flatMap(Number.init(exactly:)) else {
            throw Failure(.unknown, "\(key) is a number that fits, not \(value)")
        }
        return number
    }

    mutating func whole<Number: BinaryInteger>(_ key: String, as: Number.Type) throws -> Number {
        guard let number = try optionalWhole(key, as: Number.self) else { throw Failure(.unknown, "\(key) is missing") }
        return number
    }

    mutating func flag(_ key: String, or usual: Bool = false) throws -> Bool {
        switch optional(key) {
        case nil: return usual
        case .flag(let flag): return flag
        case .some(let other): throw Failure(.unknown, "\(key) is true or false, not \(other)")
        }
    }

    mutating func texts(_ key: String) throws -> [String] {
        guard let list = optional(key)?.list, list.allSatisfy({ $0.text != nil }) else {
            throw Failure(.unknown, "\(key) is a list of texts")
        }
        return list.compactMap(\.text)
    }

    mutating func optionalTexts(_ key: String) throws -> [String]? {
        keys[key] == nil ? nil : try texts(key)
    }

    /// Everything that is left, for what takes any key.
    func rest() -> [String: Json] {
        keys
    }

    func finish() throws {
        if let key = keys.keys.min() { throw Failure(.unknown, "there is no key \(key) here") }
    }
}

extension Json {
    /// The value with its variables and its long texts put in.
    func filled(_ variables: [String: Json]) throws -> Json {
        switch self {
        case .text(let text):
            guard text.hasPrefix("$") else { return self }
            guard let value = variables[String(text.dropFirst())] else {
                throw Failure(.unknown, "there is no variable \(text)")
            }
            return value
        case .list(let list):
            return .list(try list.map { try $0.filled(variables) })
        case .object(let keys):
            if keys.count == 2, let text = keys["repeat"]?.text, let count = keys["count"] {
                return .text(String(repeating: text, count: Int(count.number ?? 0)))
            }
            return .object(try keys.mapValues { try $0.filled(variables) })
        default:
            return self
        }
    }
}
