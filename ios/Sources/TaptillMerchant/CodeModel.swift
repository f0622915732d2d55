// The recovery code on the glass: asked for character by character, so that nowhere in the app is a text of it.
//
// Each character is drawn by a view of its own, and said aloud by its own. Evidence: DeskModelTests.

import Taptill

@MainActor
public final class CodeModel {
    private let paper: RecoveryCode

    /// How many characters it has, with the hyphens between its groups; 0 once it is wiped.
    public var count: Int {
        Int((try? paper.length()) ?? 0)
    }

    init(_ paper: RecoveryCode) {
        self.paper = paper
    }

    /// The character at this place; nothing for a place that it does not have, or has no more.
    public func character(_ place: Int) -> Character? {
        guard let place = UInt32(exactly: place), let byte = try? paper.character(place: place) else { return nil }
        return Character(UnicodeScalar(byte))
    }

    /// The places of each group, without the hyphens: a line or a block each.
    public var groups: [Range<Int>] {
        var (groups, start) = ([Range<Int>](), 0)
        for place in 0...count where place == count || character(place) == "-" {
            if start < place { groups.append(start..<place) }
            start = place + 1
        }
        return groups
    }

    func wipe() {
        try? paper.wipe()
    }
}
