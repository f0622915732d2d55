// The sandbox as a child process: fresh tills with hosts of their own, and cards behind sockets.
//
// `taptill stand` says its address on its first line and ends when its standard input closes, so it never outlives the
// tests. Requests and answers are one JSON object a line.

import Foundation
import Taptill

/// A till's folder, its provisioning file and its host.
public struct StandTill: Sendable {
    public let home: String
    public let provisioning: String
    public let host: String
}

public final class Stand: @unchecked Sendable {
    // The socket is used under the lock alone, which is why `@unchecked Sendable` holds.
    private let lock = NSLock()
    private let process = Process()
    private let input = Pipe()
    private let socket: Socket

    /// Starts the desktop till that TAPTILL_BIN names, else the one in Cargo's folder above this package.
    public init() throws {
        let output = Pipe()
        process.executableURL = Self.binary
        process.arguments = ["stand"]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var line = Data()
        while line.last != 0x0a {
            let next = output.fileHandleForReading.readData(ofLength: 1)
            guard !next.isEmpty else { throw SandboxError.closed }
            line.append(next)
        }
        guard let address = try Self.object(line)["address"] as? String else {
            throw SandboxError.notUnderstood("the stand's first line")
        }
        socket = try Socket(address: address, seconds: 60)
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// A fresh till folder with a host of its own, running. `dialect` is another shipped one than the usual.
    public func till(dialect: String? = nil) throws -> StandTill {
        let answer = try ask(dialect.map { ["do": "till", "dialect": $0] } ?? ["do": "till"])
        guard let home = answer["home"] as? String, let file = answer["provisioning"] as? String,
            let host = answer["host"] as? String
        else { throw SandboxError.notUnderstood("till") }
        return StandTill(home: home, provisioning: file, host: host)
    }

    /// The address of a card server for one card.
    public func card(_ name: String) throws -> String {
        guard let address = try ask(["do": "card", "name": name])["address"] as? String else {
            throw SandboxError.notUnderstood("card")
        }
        return address
    }

    /// The host's next misbehaviours, as `taptill host next` names them.
    public func next(_ kind: String, of till: StandTill, count: Int = 1) throws {
        _ = try ask(["do": "host", "home": till.home, "next": kind, "count": count])
    }

    public func stopHost(of till: StandTill) throws {
        _ = try ask(["do": "host", "home": till.home, "stop": true])
    }

    public func startHost(of till: StandTill) throws {
        _ = try ask(["do": "host", "home": till.home, "start": true])
    }

    /// What the host has booked.
    public func book(of till: StandTill) throws -> [[String: Any]] {
        guard let entries = try ask(["do": "book", "home": till.home])["entries"] as? [[String: Any]] else {
            throw SandboxError.notUnderstood("book")
        }
        return entries
    }

    /// One request as it stands in the stand's own list.
    public func ask(_ request: [String: Any]) throws -> [String: Any] {
        try Self.object(try ask(line: JSONSerialization.data(withJSONObject: request)))
    }

    /// One request as a line of JSON, and the answer's line.
    public func ask(line request: Data) throws -> Data {
        try lock.withLock {
            try socket.write(request + [0x0a])
            let line = try socket.readLine()
            if let why = try Self.object(line)["error"] { throw SandboxError.refused("\(why)") }
            return line
        }
    }

    private static var binary: URL {
        if let named = ProcessInfo.processInfo.environment["TAPTILL_BIN"] { return URL(fileURLWithPath: named) }
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../..")
        return root.appendingPathComponent("target/debug/taptill").standardizedFileURL
    }

    private static func object(_ line: Data) throws -> [String: Any] {
        guard let object = try JSONSerialization.jsonObject(with: line) as? [String: Any] else {
            throw SandboxError.notUnderstood(String(decoding: line, as: UTF8.self))
        }
        return object
    }
}
