// What a device's key signs over an encrypted card read, so that the host can tie it to one request of one till.
//
// A fixed heading, the amount in minor units (eight bytes, most significant first), the currency's three letters, the
// nonce, and the payload. Evidence: EncryptedReaderTests.

import Foundation

public enum ReadBinding {
    /// The bytes to sign.
    public static func bytes(payload: Data, request: ReadRequest) -> Data {
        var bytes = Data("taptill read 1".utf8)
        withUnsafeBytes(of: request.amount.minor.bigEndian) { bytes.append(contentsOf: $0) }
        return bytes + Data(request.amount.currency.utf8) + request.nonce + payload
    }
}
