// Whether a result is what was expected, and if not, where.

/// Compares a result with what was expected of it.
func compare(_ expected: Json, _ found: Json) throws {
    if let difference = try difference(expected, found, "") { throw Failure(.mismatch, difference) }
}

/// Where they differ. An expectation that is none is `unknown`.
private func difference(_ expected: Json, _ found: Json, _ place: String) throws -> String? {
    let differs = "at \(place): expected \(expected), found \(found)"
    if let relation = expected.object?["?"] {
        return try holds(relation, expected, found) ? nil : differs
    }
    switch (expected, found) {
    case (.object(let expected), .object(let found)):
        for key in expected.keys.sorted() {
            let there = found[key] ?? .null
            if let difference = try difference(expected[key] ?? .null, there, "\(place).\(key)") { return difference }
        }
        return nil
    case (.list(let expected), .list(let found)) where expected.count == found.count:
        for (index, pair) in zip(expected, found).enumerated() {
            if let difference = try difference(pair.0, pair.1, "\(place).\(index)") { return difference }
        }
        return nil
    default:
        return expected == found ? nil : differs
    }
}

private func holds(_ relation: Json, _ expected: Json, _ found: Json) throws -> Bool {
    func value() throws -> Json {
        guard let value = expected.object?["value"] else { throw Failure(.unknown, "a comparison needs a value") }
        return value
    }
    switch relation.text {
    case "some": return found != .null
    case "not": return try difference(value(), found, "") != nil
    case "contains":
        guard let part = try value().text, let text = found.text else { return false }
        return text.contains(part)
    case "length": return try found.list.map { Json.from($0.count) } == value()
    case "least":
        guard let least = try value().number, let number = found.number else { return false }
        return number >= least
    default: throw Failure(.unknown, "there is no comparison \(relation)")
    }
}
