// Runs the contract's cases against the face, in Swift. `tests/contract/README.md` is the language.

import Foundation
import TaptillSandbox

let words = CommandLine.arguments.dropFirst()
let contract = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../..").standardizedFileURL
let stand = try Stand()

/// Every case in order, and whether it is a control.
func cases() throws -> [(isControl: Bool, case: Json)] {
    try [("cases", false), ("controls", true)].flatMap { folder, isControl in
        let folder = contract.appendingPathComponent(folder)
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "json" }.sorted { $0.lastPathComponent < $1.lastPathComponent }
        guard !files.isEmpty else { throw Failure(.unknown, "there are no files in \(folder.path)") }
        return try files.flatMap { file in
            let manifest = try JSONDecoder().decode(Json.self, from: Data(contentsOf: file))
            guard let keys = manifest.object, keys.count == 1, let list = keys["cases"]?.list else {
                throw Failure(.unknown, "\(file.path) has cases and nothing else")
            }
            return list.map { (isControl, $0) }
        }
    }
}

/// Runs one case from its beginning to its end.
func run(_ given: Json) throws {
    var keys = try Args(raw: given)
    _ = (try keys.text("name"), keys.optional("breaks"))
    let (begin, dialect) = (try keys.text("begin", or: "open"), try keys.optionalText("dialect"))
    let hasReader = try keys.flag("reader")
    let patience = try keys.optionalWhole("patience_ms", as: Int.self) ?? 20_000
    let steps = keys.optional("steps")?.list
    try keys.finish()
    let bench = try Bench(stand, dialect: dialect, patience: Double(patience) / 1_000)
    defer { bench.end() }
    if hasReader { bench.lendReader() }
    try bench.begin(begin)
    for (index, step) in try steps.orUnknown("a case has steps").enumerated() {
        do {
            try bench.step(step)
        } catch var failure as Failure {
            failure.step = failure.step ?? index + 1
            throw failure
        }
    }
}

/// Why the case fails, or nothing. A control passes when it fails as its `breaks` says.
func judged(_ given: Json, isControl: Bool) -> String? {
    let breaks = given.object?["breaks"].map { $0.text.flatMap(Kind.init(rawValue:)) }
    guard isControl == (breaks != nil), breaks != .some(nil) else {
        return "only a control has `breaks`, and always one of mismatch, timeout, unknown"
    }
    do {
        try run(given)
        return isControl ? "a control that does not fail" : nil
    } catch let failure as Failure {
        guard isControl else { return failure.description }
        return failure.kind == breaks ?? nil ? nil : "a control that fails in another way: \(failure)"
    } catch {
        return "\(error)"
    }
}

var (passed, failed) = (0, 0)
var names: Set<String> = []
for (isControl, given) in try cases() {
    let name = given["name"].text ?? "a case without a name"
    guard words.allSatisfy({ name.contains($0) }) else { continue }
    let isNew = names.insert(name).inserted
    if let why = isNew ? judged(given, isControl: isControl) : "its name is taken" {
        failed += 1
        print("FAILED: \(name): \(why)")
    } else {
        passed += 1
    }
}
print("swift: \(passed) passed, \(failed) failed")
exit(failed > 0 ? 1 : 0)
