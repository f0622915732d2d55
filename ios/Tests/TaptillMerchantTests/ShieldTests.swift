import TaptillMerchant
import XCTest

final class ShieldTests: XCTestCase {
    func testTheAppIsCoveredInTheSwitcherAndPrivateScreensWhileRecorded() {
        let rows: [(isActive: Bool, isCaptured: Bool, isPrivate: Bool, covered: Bool)] = [
            (true, false, false, false), (true, false, true, false), (true, true, false, false),
            (true, true, true, true), (false, false, false, true), (false, false, true, true),
            (false, true, false, true), (false, true, true, true),
        ]
        for row in rows {
            let glass = Glass(isActive: row.isActive, isCaptured: row.isCaptured)
            XCTAssertEqual(glass.covers(privateScreen: row.isPrivate), row.covered, "\(row)")
        }
    }
}
