// Tap to Pay on iPhone as an `AsyncCardReader`. Never compiled on Linux; lend it to the core by `BlockingReader`.
//
// Apple's reader encrypts the card read for the payment provider and binds the amount. It does not know the core's
// nonce: a key of this device signs read and request together, and the host checks that. The provider's token comes
// from the provider, through the app. How the cardholder was verified is not told to the app: `cvm` is `none`, which
// means no more than that the receipt asks for no signature; the provider knows.

#if canImport(ProximityReader) && os(iOS)
    import Foundation
    import ProximityReader

    @available(iOS 17.0, *)
    public final class ProximityCardReader: AsyncCardReader, Sendable {
        /// The provider's token for this merchant, fetched anew when the session wants one.
        public typealias Token = @Sendable () async throws -> String
        /// Signs with a key of this device, as `DeviceKeys.sign`.
        public typealias Sign = @Sendable (Data) throws -> Data
        /// How many decimals a currency has: Apple's reader wants a decimal number.
        public typealias Decimals = @Sendable (_ currency: String) -> Int

        private let token: Token
        private let sign: Sign
        private let format: String
        private let key: String
        private let decimals: Decimals
        private let reader = PaymentCardReader()

        /// `format` and `key` are the names that the host knows the provider's data and the device's key by.
        public init(
            format: String, key: String, decimals: @escaping Decimals, token: @escaping Token, sign: @escaping Sign
        ) {
            self.format = format
            self.key = key
            self.decimals = decimals
            self.token = token
            self.sign = sign
        }

        public func read(_ request: ReadRequest) async throws -> EncryptedRead {
            guard PaymentCardReader.isSupported else { throw ReaderFault.NotReady }
            do {
                let session = try await reader.prepare(using: PaymentCardReader.Token(rawValue: token()))
                let result = try await withTaskCancellationHandler {
                    try await session.readPaymentCard(wanted(request))
                } onCancel: {
                    Task { try await session.cancelRead() }
                }
                return try finished(result, request)
            } catch let error as PaymentCardReaderSession.ReadError {
                throw Self.fault(error)
            } catch is PaymentCardReaderError {
                throw ReaderFault.NotReady
            }
        }

        private func wanted(_ request: ReadRequest) -> PaymentCardTransactionRequest {
            let places = decimals(request.amount.currency)
            let amount = Decimal(sign: .plus, exponent: -places, significand: Decimal(request.amount.minor))
            return PaymentCardTransactionRequest(
                amount: amount, currencyCode: request.amount.currency, for: .purchase)
        }

        private func finished(_ result: PaymentCardReadResult, _ request: ReadRequest) throws -> EncryptedRead {
            guard let text = result.paymentCardData, let payload = Data(base64Encoded: text) else {
                throw ReaderFault.CardNotRead
            }
            return EncryptedRead(
                format: format, key: key, payload: payload,
                signature: try sign(ReadBinding.bytes(payload: payload, request: request)),
                scheme: nil, masked: nil, cvm: .none)
        }

        private static func fault(_ error: PaymentCardReaderSession.ReadError) -> ReaderFault {
            switch error {
            case .readCancelled, .pinCancelled: .Cancelled
            case .cardReadFailed, .paymentReadFailed, .pinEntryFailed: .CardNotRead
            case .pinEntryTimeout: .TimedOut
            case .cardNotSupported: .TryAnotherCard
            case .paymentCardDeclined: .CardDeclined
            case .pinNotAllowed: .PinRequired
            case .nfcDisabled, .passcodeDisabled, .noReaderSession, .readerSessionExpired, .readerTokenExpired,
                .readNotAllowed:
                .NotReady
            default: .Failed
            }
        }
    }
#endif
