// A folder that a person picked, as the place where the core hands records out.
//
// It must be empty, so that nothing is mixed with what was there; but the one file with which an earlier try began, as
// it would be written now, is none of anybody else's. Each piece is on the disk when `put` returns.
// Evidence: FolderPlaceTests.

import Foundation

public final class FolderPlace: ExportSink, @unchecked Sendable {
    // The core calls one after the other and from one thread, which is why `@unchecked Sendable` holds.
    private let folder: URL
    private var begun: [String] = []
    private var isTried = false

    public init(_ folder: URL) {
        self.folder = folder
    }

    public func put(name: String, bytes: Data) throws {
        let file = folder.appendingPathComponent(name)
        do {
            // Nothing is added to the first file once all was on the disk: this is another try.
            if isTried && name == begun.first { begun = [] }
            if !begun.contains(name) {
                let isWritten = try begun.isEmpty ? begins(file, with: bytes) : false
                if !isWritten { try Data().write(to: file, options: .withoutOverwriting) }
                begun.append(name)
                if isWritten { return }
            }
            let handle = try FileHandle(forWritingTo: file)
            defer { try? handle.close() }
            try handle.seekToEnd()
            try handle.write(contentsOf: bytes)
            try handle.synchronize()
        } catch {
            throw Self.fault(error)
        }
    }

    public func finish() throws {
        isTried = true
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
