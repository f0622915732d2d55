// Contrast by WCAG 2.1, 1.4.3, from the numbers alone.

import Foundation
import Taptill
import XCTest

@testable import TaptillMerchant

final class PaletteTests: XCTestCase {
    func testTextCanBeReadInEveryToneAndOnEveryButton() {
        for dark in [false, true] {
            var swatches = [Palette.page(dark: dark)]
            swatches += [Tone.neutral, .good, .bad, .waiting, .attention].map { Palette.tone($0, dark: dark) }
            swatches += [Role.primary, .secondary, .danger].map { Palette.button($0, dark: dark) }
            for swatch in swatches {
                XCTAssertGreaterThanOrEqual(contrast(swatch), 4.5, "\(swatch), dark: \(dark)")
            }
        }
        let grey = Swatch(text: Tint(0x999999), ground: Tint(0xffffff))
        XCTAssertLessThan(contrast(grey), 4.5, "the control")
        XCTAssertEqual(contrast(Swatch(text: Tint(0x000000), ground: Tint(0xffffff))), 21, accuracy: 0.01)
    }

    private func contrast(_ swatch: Swatch) -> Double {
        let (one, other) = (luminance(swatch.text), luminance(swatch.ground))
        return (max(one, other) + 0.05) / (min(one, other) + 0.05)
    }

    private func luminance(_ tint: Tint) -> Double {
        let parts = [tint.red, tint.green, tint.blue].map { part -> Double in
            let value = Double(part) / 255
            return value <= 0.03928 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    }
}
