// When the app's content must be covered: in the app switcher always, while the screen is recorded if it is private.
//
// Evidence: ShieldTests, a table of all combinations.

/// What the system says about the app's place on the glass.
public struct Glass: Sendable, Equatable {
    /// Whether the app is in front and takes touches; `false` in the app switcher and behind a call.
    public var isActive: Bool
    /// Whether the screen is recorded, mirrored or sent elsewhere.
    public var isCaptured: Bool

    public init(isActive: Bool, isCaptured: Bool) {
        self.isActive = isActive
        self.isCaptured = isCaptured
    }

    /// Whether to draw the cover instead of the content.
    public func covers(privateScreen: Bool) -> Bool {
        !isActive || (isCaptured && privateScreen)
    }
}
