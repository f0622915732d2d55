// A folder that a person picked, as the place where the core hands records out.
//
// It must be empty, so that nothing is mixed with what was there; but the one file with which an earlier try began, as
// it would be written now, is none of anybody else's. Of a first file that could not be written whole nothing stays.
// Each piece is on the disk when `put` returns. When the core and the app have let it go, `done` is called, once.
// Evidence: FolderPlaceTests.

import Foundation

public final class FolderPlace: ExportSink, @unchecked Sendable {
    // The core calls one after the other and from one thread, which is why `@unchecked Sendable` holds.
    private let folder: URL
    private let done: @Sendable () -> Void
    private var begun: [String] = []
    private var isTried = false
    /// False from the beginning of a write until it has succeeded.
    private var isWhole = true

    /// `done` gives back what was lent with the folder, as the system's leave to use it.
    public init(_ folder: URL, done: @escaping @Sendable () -> Void = {}) {
        self.folder = folder
        self.done = done
    }

    deinit {
        done()
    }

    public func put(name: String, bytes: Data) throws {
        let file = folder.appendingPathComponent(name)
        do {
            // Nothing is added to the first file once all was on the disk, or a write has failed: this is another try.
            let isAnother = (isTried || !isWhole) && name == begun.first
            if isAnother && !isWhole && begun.count == 1 {
                try Data().write(to: file)
                isTried = false
            } else {
                if isAnother { begun = [] }
                if try hasBegun(file, with: bytes) { return }
            }
            isWhole = false
            try add(bytes, to: file)
            isWhole = true
        } catch {
            throw Self.fault(error)
        }
    }

    public func finish() throws {
        isTried = true
    }

    /// Begins the file of this name, where it is not begun. Whether an earlier try has written it so.
    private func hasBegun(_ file: URL, with bytes: Data) throws -> Bool {
        let name = file.lastPathComponent
        if begun.contains(name) { return false }
        let isWritten = try begun.isEmpty ? begins(file, with: bytes) : false
        if !isWritten { try Data().write(to: file, options: .withoutOverwriting) }
        begun.append(name)
        if isWritten { isWhole = true }
        return isWritten
    }

    private func add(_ bytes: Data, to file: URL) throws {
        let handle = try FileHandle(forWritingTo: file)
        defer { try? handle.close() }
        try handle.seekToEnd()
        try handle.write(contentsOf: bytes)
        try handle.synchronize()
    }

    /// Whether an earlier try began with this file and these bytes, and left nothing else.
    private func begins(_ file: URL, with bytes: Data) throws -> Bool {
        isTried = false
        let files = FileManager.default
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        let names = try files.contentsOfDirectory(atPath: folder.path)
        if names.isEmpty { return false }
        let kind = try? files.attributesOfItem(atPath: file.path)[.type] as? FileAttributeType
        guard names == [file.lastPathComponent], kind == .typeRegular, try Data(contentsOf: file) == bytes else {
            throw ExportFault.NotEmpty
        }
        return true
    }

    private static func fault(_ error: any Error) -> ExportFault {
        if let fault = error as? ExportFault { return fault }
        switch (error as? CocoaError)?.code {
        case .fileWriteOutOfSpace: return .Full
        case .fileWriteNoPermission, .fileWriteVolumeReadOnly: return .ReadOnly
        case .fileWriteFileExists: return .NotEmpty
        default: return .Failed
        }
    }
}
