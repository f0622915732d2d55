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

    func testAFirstFileThatFailedMidwayIsReplacedByTheNextTryAtTheSamePlace() throws {
        let place = FolderPlace(folder)
        let readme = folder.appendingPathComponent("readme.txt")
        try withFiles(ofBytes: 3) {
            XCTAssertThrowsError(try place.put(name: "readme.txt", bytes: Data("readme".utf8)))
        }
        XCTAssertEqual(try String(contentsOf: readme, encoding: .utf8), "rea", "half of it lies there")
        XCTAssertThrowsError(try FolderPlace(folder).put(name: "readme.txt", bytes: Data("readme".utf8))) { error in
            XCTAssertEqual(error as? ExportFault, .NotEmpty, "not at another place")
        }
        try place.put(name: "readme.txt", bytes: Data("readme".utf8))
        try place.finish()
        XCTAssertEqual(try String(contentsOf: readme, encoding: .utf8), "readme")
        try place.put(name: "payments.csv", bytes: Data("one,".utf8))
        try withFiles(ofBytes: 6) {
            XCTAssertThrowsError(try place.put(name: "payments.csv", bytes: Data("two".utf8)))
        }
        XCTAssertThrowsError(try place.put(name: "readme.txt", bytes: Data("readme".utf8))) { error in
            XCTAssertEqual(error as? ExportFault, .NotEmpty, "nothing is added to what is half there")
        }
        XCTAssertEqual(try String(contentsOf: readme, encoding: .utf8), "readme")
    }

    func testWhatWasLentWithAFolderIsGivenBackOnceAlsoAfterAFault() throws {
        for bytes in [nil, Data("mine".utf8)] {
            let given = Count()
            var place: FolderPlace? = FolderPlace(folder) { given.add() }
            if let bytes { try bytes.write(to: folder.appendingPathComponent("mine.txt")) }
            let put = Result { try place?.put(name: "readme.txt", bytes: Data("a".utf8)) }
            XCTAssertEqual((try? put.get()) == nil, bytes != nil)
            XCTAssertEqual(given.value, 0, "the core may use it again")
            place = nil
            XCTAssertEqual(given.value, 1)
        }
    }

    /// A disk on which no file grows beyond so many bytes.
    private func withFiles(ofBytes most: UInt, _ write: () throws -> Void) throws {
        signal(SIGXFSZ, SIG_IGN)
        var before = rlimit()
        XCTAssertEqual(getrlimit(fileSize, &before), 0)
        var small = rlimit(rlim_cur: rlim_t(most), rlim_max: before.rlim_max)
        XCTAssertEqual(setrlimit(fileSize, &small), 0)
        defer { setrlimit(fileSize, &before) }
        try write()
    }

    func testAPlaceThatIsNoFolderIsAFault() throws {
        try Data().write(to: folder)
        XCTAssertThrowsError(try FolderPlace(folder).put(name: "readme.txt", bytes: Data("a".utf8))) { error in
            XCTAssertTrue(error is ExportFault, "\(error)")
        }
    }
}

/// Counts from any thread.
private final class Count: @unchecked Sendable {
    // The number is used under the lock alone, which is why `@unchecked Sendable` holds.
    private let lock = NSLock()
    private var number = 0

    var value: Int { lock.withLock { number } }

    func add() { lock.withLock { number += 1 } }
}

#if canImport(Glibc)
    private let fileSize = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
#else
    private let fileSize = RLIMIT_FSIZE
#endif
