//! The port of a certified reader that gives the core a finished card read, encrypted for its host.
//!
//! On an iPhone (ProximityReader) or with a payment provider's kit an app never speaks to a card. What comes out
//! of such a reader is opaque here: it is carried to the host as it came, and no key that opens it is in the core.
//!
//! It never holds a card number. Evidence: `tests/encrypted_reader.rs` (each fault, and each read that is refused).

use std::fmt;

use crate::ids::AttemptId;
use crate::money::Amount;

/// Somebody else's certified reader. One read is under way at a time.
pub trait EncryptedReader: Send + Sync {
    /// Waits for a card, reads it, and gives what the host is to be given. Called on the core's card thread; it
    /// may take as long as a customer does. What it gives must be bound to the request (see [`ReadRequest`]).
    ///
    /// # Errors
    /// [`ReaderFault`]; the read is over with any of them.
    fn read(&self, request: &ReadRequest) -> Result<EncryptedRead, ReaderFault>;

    /// Ends the read that is under way: `read` then returns, with [`ReaderFault::Cancelled`] or with whatever it
    /// has. Called from another of the core's threads, perhaps more than once, perhaps just before `read` begins
    /// or after it has returned; it concerns no read that is asked for later. Must return at once.
    fn cancel(&self);
}

/// What a read must be bound to: the host refuses it with any other amount, currency or nonce.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadRequest {
    /// What is charged; a reader may show it.
    pub amount: Amount,
    /// The attempt's name, for a reader that wants a reference of the caller's.
    pub attempt: AttemptId,
    /// Random, of this read alone. It goes to the host beside the read.
    pub nonce: [u8; READ_NONCE_BYTES],
}

/// How long the nonce of a read is.
pub const READ_NONCE_BYTES: usize = 16;
/// The longest payload that a message can carry, in bytes (three digits of length, ISO 8583-1:1987).
pub const READ_PAYLOAD_BYTES_MAX: usize = 999;
/// The longest signature, in bytes: RSA of 4096 bits.
pub const READ_SIGNATURE_BYTES_MAX: usize = 512;
/// The longest name of a format or a key.
pub const READ_NAME_BYTES_MAX: usize = 32;
/// The longest label of a scheme, in characters (EMV tag 50 has 16).
pub const READ_SCHEME_CHARS_MAX: usize = 16;

/// A finished card read, encrypted for the host. The core checks its form and refuses what breaks it.
#[derive(Clone, PartialEq, Eq)]
pub struct EncryptedRead {
    /// How the payload is to be read: 1 to 32 of `[A-Za-z0-9._-]`.
    pub format: String,
    /// Which of the host's keys opens it, or which of the reader's signed it: 1 to 32 of `[A-Za-z0-9._-]`.
    pub key: String,
    /// The encrypted card data, 1 to 999 bytes.
    pub payload: Vec<u8>,
    /// The reader's signature, 1 to 512 bytes.
    pub signature: Vec<u8>,
    /// The scheme's name as it may be shown, 1 to 16 printable characters and hardly a digit; `None` where the reader
    /// does not say.
    pub scheme: Option<String>,
    /// The card number as it may be shown, masked by the reader: `************0119`, at most the first six and
    /// the last four digits. `None` where the reader does not say.
    pub masked: Option<String>,
    /// How the cardholder was verified, as far as the reader knows.
    pub cvm: ReadCvm,
}

/// Prints the lengths and nothing else.
impl fmt::Debug for EncryptedRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncryptedRead({} bytes, signature of {})", self.payload.len(), self.signature.len())
    }
}

/// How the cardholder was verified at the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

impl ReadCvm {
    /// Every word, in the order of the table.
    pub const ALL: [Self; 4] = [Self::None, Self::OnDevice, Self::Signature, Self::OnlinePin];

    /// The stable word, as in an attempt's view.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::OnDevice => "on_device",
            Self::Signature => "signature",
            Self::OnlinePin => "online_pin",
        }
    }
}

/// Why a reader gave no read.
///
/// What a card or a person did is how a sale may end: an outcome. What the reader or the device prevented is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReaderFault {
    /// A person ended it at the reader, or `cancel` did. Outcome `cancelled`.
    Cancelled,
    /// No card came in the reader's time. Outcome `no_card`.
    TimedOut,
    /// A card came and could not be read, or left too soon. Outcome `card_lost`.
    CardNotRead,
    /// The reader does not take this card; another one may work. Outcome `try_another_interface`.
    TryAnotherCard,
    /// The card, or the reader's own checks, declined. Outcome `declined`, by the card.
    CardDeclined,
    /// The card wants a PIN and the reader cannot take one. Outcome `online_pin_required`.
    PinRequired,
    /// The reader must be set up, signed in or updated first. Error `reader_not_ready`.
    NotReady,
    /// The reader failed in another way. Error `reader_failed`.
    Failed,
}

impl ReaderFault {
    /// Every fault, in the order of the table.
    pub const ALL: [Self; 8] = [
        Self::Cancelled,
        Self::TimedOut,
        Self::CardNotRead,
        Self::TryAnotherCard,
        Self::CardDeclined,
        Self::PinRequired,
        Self::NotReady,
        Self::Failed,
    ];

    /// The stable word, as in the journal.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Cancelled => "reader_cancelled",
            Self::TimedOut => "reader_timed_out",
            Self::CardNotRead => "reader_card_not_read",
            Self::TryAnotherCard => "reader_try_another_card",
            Self::CardDeclined => "reader_card_declined",
            Self::PinRequired => "reader_pin_required",
            Self::NotReady => "reader_not_ready",
            Self::Failed => "reader_failed",
        }
    }
}
