// From the core's waiting `read` to a reader kit's `async` one.
//
// The core asks on its own card thread and waits; a kit answers in a task. This joins the two and says what a cancel
// means, so that an adapter only maps words. Evidence: EncryptedReaderTests.

import Dispatch
import Foundation

/// A reader kit, as an adapter shows it. Reads are asked for one after the other.
public protocol AsyncCardReader: Sendable {
    /// Waits for a card and reads it. A cancelled task is to end the read.
    ///
    /// - Throws: `ReaderFault`. Anything else counts as `ReaderFault.Failed`.
    func read(_ request: ReadRequest) async throws -> EncryptedRead
}

/// Lends a reader kit to the core.
public final class BlockingReader: EncryptedReader, @unchecked Sendable {
    // The task under way is used under the lock alone, which is why `@unchecked Sendable` holds.
    private let lock = NSLock()
    private let kit: any AsyncCardReader
    private var under: Task<Void, Never>?

    public init(_ kit: any AsyncCardReader) {
        self.kit = kit
    }

    public func read(request: ReadRequest) throws -> EncryptedRead {
        let ended = DispatchSemaphore(value: 0)
        let answer = Answer()
        let task = Task.detached { [kit] in
            do {
                answer.put(.success(try await kit.read(request)))
            } catch let fault as ReaderFault {
                answer.put(.failure(fault))
            } catch is CancellationError {
                answer.put(.failure(.Cancelled))
            } catch {
                answer.put(.failure(.Failed))
            }
            ended.signal()
        }
        lock.withLock { under = task }
        ended.wait()
        lock.withLock { under = nil }
        return try answer.take().get()
    }

    /// Concerns the read that is under way, and none that is asked for later.
    public func cancel() throws {
        lock.withLock { under }?.cancel()
    }

    /// Where the task leaves what the core's thread takes.
    private final class Answer: @unchecked Sendable {
        // Written before the semaphore is signalled and read after, so never by two threads at once.
        private var result: Result<EncryptedRead, ReaderFault> = .failure(.Failed)

        func put(_ result: Result<EncryptedRead, ReaderFault>) {
            self.result = result
        }

        func take() -> Result<EncryptedRead, ReaderFault> {
            result
        }
    }
}
