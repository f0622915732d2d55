// A folder that a person picked, as the place where the core hands records out.
//
// It must be empty, so that nothing is mixed with what was there. Each piece is on the disk when `put` returns.
// Evidence: FolderPlaceTests.

import Foundation

public final class FolderPlace: ExportSink, @unchecked Sendable {
    // The core calls one after the other and from one thread, which is why `@unchecked Sendable` holds.
    private let folder: URL
    private var begun: Set<String> = []

    public init(_ folder: URL) {
        self.folder = folder
    }

    public func put(name: String, bytes: Data) throws {
        let file = folder.appendingPathComponent(name)
        do {
            if begun.isEmpty { try beEmpty() }
            if begun.insert(name).inserted { try Data().write(to: file, options: .withoutOverwriting) }
            let handle = try FileHandle(forWritingTo: file)
            defer { try? handle.close() }
            try handle.seekToEnd()
            try handle.write(contentsOf: bytes)
            try handle.synchronize()
        } catch {
            throw Self.fault(error)
        }
    }

    public func finish() throws {}

    private func beEmpty() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        if try !FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty { throw ExportFault.NotEmpty }
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
