// Records are added piece by piece to an empty folder, and to no other.

import Foundation
import Taptill
import XCTest

final class FolderPlaceTests: XCTestCase {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("place-\(UUID().uuidString)")

    override func tearDown() {
        try? FileManager.default.removeItem(at: folder)
    }

    func testPiecesAreAddedInOrderAndFilesStandApart() throws {
        let place = FolderPlace(folder)
        try place.put(name: "readme.txt", bytes: Data("a".utf8))
        try place.put(name: "payments.csv", bytes: Data("one,".utf8))
        try place.put(name: "payments.csv", bytes: Data("two".utf8))
        try place.finish()
        try place.put(name: "certificate.txt", bytes: Data())
        let text = { (name: String) in try String(contentsOf: self.folder.appendingPathComponent(name), encoding: .utf8)
        }
        XCTAssertEqual(try text("readme.txt"), "a")
        XCTAssertEqual(try text("payments.csv"), "one,two")
        XCTAssertEqual(try text("certificate.txt"), "")
    }

    func testAFolderThatHoldsSomethingIsRefusedAndLeftAsItWas() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data("mine".utf8).write(to: folder.appendingPathComponent("mine.txt"))
        XCTAssertThrowsError(try FolderPlace(folder).put(name: "readme.txt", bytes: Data("a".utf8))) { error in
            XCTAssertEqual(error as? ExportFault, .NotEmpty)
        }
        XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: folder.path), ["mine.txt"])
    }

    func testAFolderOfAnEarlierTryThatHadOnlyBegunIsTakenAndNoOther() throws {
        let first = FolderPlace(folder)
        try first.put(name: "readme.txt", bytes: Data("a".utf8))
        try first.finish()
        XCTAssertThrowsError(try FolderPlace(folder).put(name: "readme.txt", bytes: Data("b".utf8))) { error in
            XCTAssertEqual(error as? ExportFault, .NotEmpty)
        }
        for again in [first, FolderPlace(folder)] {
            try again.put(name: "readme.txt", bytes: Data("a".utf8))
            try again.finish()
            let readme = try String(contentsOf: folder.appendingPathComponent("readme.txt"), encoding: .utf8)
            XCTAssertEqual(readme, "a", "not a second time")
        }
        try first.put(name: "payments.csv", bytes: Data("one".utf8))
        for late in [first, FolderPlace(folder)] {
            XCTAssertThrowsError(try late.put(name: "readme.txt", bytes: Data("a".utf8))) { error in
                XCTAssertEqual(error as? ExportFault, .NotEmpty)
            }
        }
    }

    func testAPlaceThatIsNoFolderIsAFault() throws {
        try Data().write(to: folder)
        XCTAssertThrowsError(try FolderPlace(folder).put(name: "readme.txt", bytes: Data("a".utf8))) { error in
            XCTAssertTrue(error is ExportFault, "\(error)")
        }
    }
}
