import Foundation
import XCTest

@testable import Taptill

final class SystemClockTests: XCTestCase {
    func testTimeSinceBootNeverGoesBackAndTheBootStays() throws {
        let (one, other) = (SystemClock(), SystemClock())
        let (first, second) = (try one.now(), try other.now())
        XCTAssertLessThanOrEqual(first.monoMs, second.monoMs)
        XCTAssertEqual(first.bootCount, second.bootCount, "two runs within one boot compare")
        XCTAssertLessThan(abs(Double(first.wallMs) / 1_000 - Date().timeIntervalSince1970), 5)
    }

    func testABootIsTwelveDigitsOfItsName() {
        XCTAssertEqual(SystemClock.bits(of: "0123abcd-4567-89ef-0000-000000000000\n"), 0x0123_abcd_4567)
        XCTAssertEqual(SystemClock.bits(of: "FFFFFFFF-FFFF-0000"), 0xffff_ffff_ffff)
        for name in ["", "123", "no such name", "0123abcd-456"] { XCTAssertNil(SystemClock.bits(of: name), name) }
    }
}
