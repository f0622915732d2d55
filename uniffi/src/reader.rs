//! The port of a certified reader that gives a finished, encrypted card read: ProximityReader, or a provider's kit.
//!
//! An app lends it where an app may not speak to a card. Whether a sale uses it is the acquirer's dialect to say. What
//! comes out of it is carried to the host as it came; the core refuses one that shows more of a card than its last digits.
//!
//! It decides nothing and opens nothing. Evidence: `uniffi/tests/reader.rs`.

use std::sync::Arc;

use taptill::ports as core;

use crate::errors::same_words;
use crate::ports::PortFault;
use crate::values::Amount;

/// Somebody else's certified reader. One read is under way at a time.
#[uniffi::export(with_foreign)]
pub trait EncryptedReader: Send + Sync {
    /// Waits for a card, reads it, and gives what the host is to be given, bound to the request. Called on the core's
    /// card thread; it may take as long as a customer does. Must not call back into the core.
    ///
    /// # Errors
    /// `ReaderFault`; the read is over with any of them.
    fn read(&self, request: ReadRequest) -> Result<EncryptedRead, ReaderFault>;

    /// Ends the read that is under way: `read` then returns. Called from another thread, perhaps more than once, perhaps
    /// just before `read` begins or after it has returned; it concerns no read that is asked for later. Return at once.
    ///
    /// # Errors
    /// Any: they change nothing, and the cancel is said again until the read has returned.
    fn cancel(&self) -> Result<(), PortFault>;
}

/// What a read must be bound to: the host refuses it with any other amount, currency or nonce.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ReadRequest {
    /// What is charged; a reader may show it.
    pub amount: Amount,
    /// The attempt's name, for a reader that wants a reference of the caller's.
    pub attempt: String,
    /// 16 random bytes, of this read alone. They go to the host beside the read.
    pub nonce: Vec<u8>,
}

/// A finished card read, encrypted for the host. It is no secret of the till's: the till cannot open it.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct EncryptedRead {
    /// How the payload is to be read: 1 to 32 of `[A-Za-z0-9._-]`.
    pub format: String,
    /// Which key opens it, or signed it: 1 to 32 of `[A-Za-z0-9._-]`.
    pub key: String,
    /// The encrypted card data, 1 to 999 bytes.
    pub payload: Vec<u8>,
    /// The reader's signature, 1 to 512 bytes.
    pub signature: Vec<u8>,
    /// The scheme's name as it may be shown, 1 to 16 characters.
    pub scheme: Option<String>,
    /// The card number as it may be shown: `************0119`, at most the first six and the last four digits.
    pub masked: Option<String>,
    /// How the cardholder was verified, as far as the reader knows.
    pub cvm: ReadCvm,
}

/// How the cardholder was verified at the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum ReadCvm {
    /// Not at all.
    None,
    /// On the customer's own device.
    OnDevice,
    /// A signature is wanted on the receipt.
    Signature,
    /// The reader took a PIN; it is in the payload, for the issuer.
    OnlinePin,
}

/// Why a reader gave no read. What a card or a person did is how a sale may end; what the reader prevented is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum ReaderFault {
    /// A person ended it at the reader, or `cancel` did.
    #[error("the read was cancelled")]
    Cancelled,
    /// No card came in the reader's time.
    #[error("no card came in time")]
    TimedOut,
    /// A card came and could not be read, or left too soon.
    #[error("the card could not be read")]
    CardNotRead,
    /// The reader does not take this card; another one may work.
    #[error("the reader does not take this card")]
    TryAnotherCard,
    /// The card, or the reader's own checks, declined.
    #[error("the card declined")]
    CardDeclined,
    /// The card wants a PIN and the reader cannot take one.
    #[error("the card wants a PIN")]
    PinRequired,
    /// The reader must be set up, signed in or updated first.
    #[error("the reader is not ready")]
    NotReady,
    /// The reader failed in another way.
    #[error("the reader failed")]
    Failed,
    /// The shell threw something else.
    #[error("the reader threw something undeclared")]
    Undeclared,
}

same_words!(core::ReadCvm, ReadCvm: None OnDevice Signature OnlinePin);

/// The shell's reader as the core knows it.
pub(crate) fn encrypted_reader(reader: Arc<dyn EncryptedReader>) -> Arc<dyn core::EncryptedReader> {
    Arc::new(ForeignReader(reader))
}

struct ForeignReader(Arc<dyn EncryptedReader>);

impl core::EncryptedReader for ForeignReader {
    fn read(&self, request: &core::ReadRequest) -> Result<core::EncryptedRead, core::ReaderFault> {
        let request = ReadRequest {
            amount: request.amount.into(),
            attempt: request.attempt.to_string(),
            nonce: request.nonce.to_vec(),
        };
        let EncryptedRead { format, key, payload, signature, scheme, masked, cvm } = self.0.read(request)?;
        Ok(core::EncryptedRead { format, key, payload, signature, scheme, masked, cvm: cvm.into() })
    }

    fn cancel(&self) {
        let _it_is_said_again = self.0.cancel();
    }
}

impl From<ReaderFault> for core::ReaderFault {
    fn from(fault: ReaderFault) -> Self {
        match fault {
            ReaderFault::Cancelled => Self::Cancelled,
            ReaderFault::TimedOut => Self::TimedOut,
            ReaderFault::CardNotRead => Self::CardNotRead,
            ReaderFault::TryAnotherCard => Self::TryAnotherCard,
            ReaderFault::CardDeclined => Self::CardDeclined,
            ReaderFault::PinRequired => Self::PinRequired,
            ReaderFault::NotReady => Self::NotReady,
            ReaderFault::Failed | ReaderFault::Undeclared => Self::Failed,
        }
    }
}
