// The colours of tones, as numbers, so that their contrast is tested where no phone is.
//
// Text on its background has a contrast of at least 4.5 : 1 (WCAG 2.1, 1.4.3), light and dark. Evidence: PaletteTests.

import Taptill

/// A colour in sRGB, each part 0 to 255.
public struct Tint: Sendable, Equatable {
    public let red: UInt8
    public let green: UInt8
    public let blue: UInt8

    init(_ hex: UInt32) {
        red = UInt8(hex >> 16 & 0xff)
        green = UInt8(hex >> 8 & 0xff)
        blue = UInt8(hex & 0xff)
    }
}

/// Text and what it stands on.
public struct Swatch: Sendable, Equatable {
    public let text: Tint
    public let ground: Tint
}

public enum Palette {
    /// The page: text on the screen's own ground.
    public static func page(dark: Bool) -> Swatch {
        dark
            ? Swatch(text: Tint(0xf2f2f2), ground: Tint(0x121212))
            : Swatch(text: Tint(0x1a1a1a), ground: Tint(0xffffff))
    }

    /// A tone on the page.
    public static func tone(_ tone: Tone, dark: Bool) -> Swatch {
        let ground = page(dark: dark).ground
        switch tone {
        case .neutral: return Swatch(text: page(dark: dark).text, ground: ground)
        case .good: return Swatch(text: dark ? Tint(0x6fd08c) : Tint(0x13692f), ground: ground)
        case .bad: return Swatch(text: dark ? Tint(0xff8a80) : Tint(0xb3261e), ground: ground)
        case .waiting: return Swatch(text: dark ? Tint(0x8ab4f8) : Tint(0x1a56b0), ground: ground)
        case .attention: return Swatch(text: dark ? Tint(0xfbc65f) : Tint(0x8a4b00), ground: ground)
        }
    }

    /// A button by its role.
    public static func button(_ role: Role, dark: Bool) -> Swatch {
        switch role {
        case .primary: Swatch(text: Tint(0xffffff), ground: Tint(0x13692f))
        case .secondary:
            dark
                ? Swatch(text: Tint(0xf2f2f2), ground: Tint(0x303030))
                : Swatch(text: Tint(0x1a1a1a), ground: Tint(0xe8e8e8))
        case .danger: Swatch(text: Tint(0xffffff), ground: Tint(0xb3261e))
        }
    }
}
