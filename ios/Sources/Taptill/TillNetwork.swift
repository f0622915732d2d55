// The way to the host: how the network is judged by the acquirer's table, by what the host is known, another certificate,
// and whose a message is that comes in the acquirer's name.
//
// Evidence: the contract.

import Foundation
import TaptillCore

extension Till {
    /// How the network is judged now, with the word of what to do about it, and by what the host is known.
    public func networkView() async throws -> NetworkView {
        try await calls.ask("networkView") { [network] in try network.view() }
    }

    /// Lets the host be known by other pins, by a word that the acquirer has signed: the rescue of a till whose pins are
    /// dead. A supervisor's.
    public func takePins(_ word: Data) async throws {
        defer { bell.ring() }
        try await calls.wait("takePins") { [network] in try await network.takePins(word: word) }
    }

    /// Whose a text is that comes in the acquirer's name. What it has not signed is a stranger's, whatever it says.
    public func readMessage(_ text: Data) async throws -> AcquirerMessage {
        try await calls.wait("readMessage") { [network] in try await network.readMessage(text: text) }
    }

    /// Fetches another certificate from the host; the old one opens nothing once the new one has been used.
    public func renewCertificate() async throws {
        defer { bell.ring() }
        try await calls.wait("renewCertificate") { [network] in try await network.renewCertificate() }
    }
}
