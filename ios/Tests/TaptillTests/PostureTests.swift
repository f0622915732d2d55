import Taptill
import XCTest

final class PostureTests: XCTestCase {
    func testTheWorstThatIsTrueIsTold() throws {
        let rows: [(reachable: Bool, proxied: Bool, openWifi: Bool, verdict: Posture)] = [
            (true, false, false, .trusted), (true, false, true, .openWifi), (true, true, false, .proxied),
            (true, true, true, .proxied), (false, false, false, .absent), (false, true, true, .absent),
        ]
        for row in rows {
            let facts = PostureFacts(reachable: row.reachable, proxied: row.proxied, openWifi: row.openWifi)
            XCTAssertEqual(facts.posture, row.verdict, "\(facts)")
        }
        XCTAssertEqual(try StatedPosture(.openWifi).posture(), .openWifi)
    }
}
