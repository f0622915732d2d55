import Taptill
import XCTest

final class PostureTests: XCTestCase {
    /// What an iPhone tells, and what follows: where it is silent about the rest, nothing is called trusted.
    func testWhatIsSoIsToldAndSilenceIsNoNo() throws {
        let rows: [(facts: PostureFacts, verdict: Posture)] = [
            (PostureFacts(reachable: true, proxied: false, tunnelled: false, openWifi: false), .unknown),
            (PostureFacts(reachable: true, proxied: nil, tunnelled: nil, openWifi: nil), .unknown),
            (PostureFacts(reachable: true, proxied: false, tunnelled: false, openWifi: true), .openWifi),
            (PostureFacts(reachable: true, proxied: false, tunnelled: true, openWifi: true), .vpn),
            (PostureFacts(reachable: true, proxied: true, tunnelled: true, openWifi: true), .proxied),
            (PostureFacts(reachable: false, proxied: true, tunnelled: true, openWifi: true), .absent),
        ]
        for row in rows {
            XCTAssertEqual(try postureOf(facts: row.facts.told), row.verdict, "\(row.facts)")
        }
        let all = NetworkFacts(
            reachable: .yes, captivePortal: .no, proxied: .no, userAuthority: .no, vpn: .no, openWifi: .no,
            clockByHand: .no)
        XCTAssertEqual(try postureOf(facts: all), .trusted, "the control: a platform that tells everything")
        XCTAssertEqual(try StatedPosture(.openWifi).posture(), .openWifi)
    }
}
