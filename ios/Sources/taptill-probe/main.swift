// Asks the core for its version through the kit's check, and prints how that went: a test starts it with a core of
// another version in front of the real one.

import Taptill

do {
    try ThrowingVersionSkewHandler().checkMatch()
    print("same \(try coreVersion().version)")
} catch let error as VersionSkewError {
    print("skew \(error.skew)")
}
