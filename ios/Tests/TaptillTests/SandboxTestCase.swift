// What every test with a till begins with: one stand for the whole run, and a limit for each test.

import Foundation
import Taptill
import TaptillSandbox
import XCTest

class SandboxTestCase: XCTestCase {
    /// One process for all tests; every test asks it for a till of its own.
    static let stand = Result { try Stand() }

    /// How long one test may take before the whole run ends with a word: nothing here waits for ever.
    var secondsMax: Int { 120 }

    private var watchdog: (any DispatchSourceTimer)?

    override func setUp() {
        let (name, seconds) = (self.name, secondsMax)
        let timer = DispatchSource.makeTimerSource(queue: .global())
        timer.schedule(deadline: .now() + .seconds(seconds))
        timer.setEventHandler {
            FileHandle.standardError.write(Data("\(name) took longer than \(seconds) s\n".utf8))
            exit(99)
        }
        timer.resume()
        watchdog = timer
    }

    override func tearDown() {
        watchdog?.cancel()
    }

    var stand: Stand {
        get throws { try Self.stand.get() }
    }

    func assertFails<Value: Sendable>(
        _ code: String, file: StaticString = #filePath, line: UInt = #line, _ call: () async throws -> Value
    ) async {
        do {
            let value = try await call()
            XCTFail("\(value) instead of \(code)", file: file, line: line)
        } catch let error as TillError {
            XCTAssertEqual(error.facts.code, code, file: file, line: line)
        } catch {
            XCTFail("\(error) instead of \(code)", file: file, line: line)
        }
    }

    /// Asks again until it holds; for what another process or thread does.
    func eventually(
        within seconds: Double = 20, file: StaticString = #filePath, line: UInt = #line, _ holds: () throws -> Bool
    ) async rethrows {
        let end = Date(timeIntervalSinceNow: seconds)
        while try !holds() {
            guard Date() < end else { return XCTFail("not within \(seconds) s", file: file, line: line) }
            try? await Task.sleep(for: .milliseconds(20))
        }
    }
}

/// A value that threads share.
final class Shared<Value: Sendable>: @unchecked Sendable {
    // The value is used under the lock alone, which is why `@unchecked Sendable` holds.
    private let lock = NSLock()
    private var value: Value

    init(_ value: Value) {
        self.value = value
    }

    func use<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        try lock.withLock { try body(&value) }
    }
}
