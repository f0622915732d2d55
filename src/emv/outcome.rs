//! How a tap ends: the outcome, why, and what was read from the card.
//!
//! Source: EMV Contactless Book A, 6.2 (outcomes and their parameters) and 9.2 (message identifiers). A
//! declined card is an outcome and not an error; bytes that break the rules are an outcome with a
//! [`CardError`] that says where. None of the reasons holds card data.
//!
//! It never decides: `tap` and the kernels do. Evidence: `tests/emv_outcomes.rs` (a row for each reason).

use std::fmt;

use crate::card::{Expiry, Pan};
use crate::ports::Prompt;
use crate::secret::SecretBytes;

use super::oda::OdaError;
use super::tags::Tag;
use super::tlv::TlvError;

/// The end of a tap.
#[derive(Debug)]
pub struct Outcome {
    /// What is to become of the payment.
    pub kind: OutcomeKind,
    /// What to show.
    pub ui: UiRequest,
    /// How the cardholder is, or is to be, verified.
    pub cvm: Cvm,
    /// Why it ended so.
    pub reason: EndReason,
    /// How long the field must stay off, in milliseconds; 0 where there is no such wish.
    pub field_off_hold_ms: u64,
    /// What was read, if the card was read completely.
    pub card: Option<CardRead>,
}

/// The five final outcomes (Book A, 6.2). Select Next and Try Again are dealt with inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutcomeKind {
    /// The card approved offline.
    Approved,
    /// The card or the reader declined.
    Declined,
    /// The issuer is to decide.
    OnlineRequest,
    /// The contactless interface cannot serve this payment.
    TryAnotherInterface,
    /// The tap is over without a result.
    EndApplication,
}

impl OutcomeKind {
    /// The stable word, as in a transcript.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::OnlineRequest => "online_request",
            Self::TryAnotherInterface => "try_another_interface",
            Self::EndApplication => "end_application",
        }
    }
}

/// What the people in front of the reader are to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UiRequest {
    /// The message.
    pub prompt: Prompt,
    /// How long it must stay, in milliseconds, before anything else is shown or the field is on again.
    pub hold_ms: u64,
}

impl UiRequest {
    /// A message that may be replaced at once.
    #[must_use]
    pub const fn now(prompt: Prompt) -> Self {
        Self { prompt, hold_ms: 0 }
    }
}

/// Cardholder verification (Book A, 6.2, outcome parameter CVM).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cvm {
    /// None is needed.
    None,
    /// A PIN is to be entered and sent to the issuer.
    OnlinePin,
    /// The cardholder is to sign.
    Signature,
    /// The cardholder's own device has done it.
    OnDevice,
}

/// What the card's cryptogram says (EMV Book 3, 6.5.5.4, cryptogram information data).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CryptogramKind {
    /// Application authentication cryptogram: declined.
    Aac,
    /// Transaction certificate: approved offline.
    Tc,
    /// Authorisation request cryptogram: ask the issuer.
    Arqc,
}

impl CryptogramKind {
    /// The stable word, as in a transcript.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Aac => "AAC",
            Self::Tc => "TC",
            Self::Arqc => "ARQC",
        }
    }
}

/// What offline data authentication found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OdaResult {
    /// It was not called for.
    NotDone,
    /// The card is the one that the issuer made.
    Ok,
    /// It failed, and where.
    Failed(OdaError),
}

impl OdaResult {
    /// The stable word, as in a transcript.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NotDone => "not_done",
            Self::Ok => "ok",
            Self::Failed(_) => "failed",
        }
    }
}

/// What a tap read from the card. It holds secrets: `Debug` shows the masked number and public values.
pub struct CardRead {
    /// The card number.
    pub pan: Pan,
    /// Which card of that number (5F34), 0 to 99.
    pub pan_sequence: Option<u8>,
    /// Until when it is valid.
    pub expiry: Expiry,
    /// Track 2 equivalent data in ASCII, separator `D`, without the padding.
    pub track2: SecretBytes,
    /// The kernel that read it.
    pub kernel: u8,
    /// The application's name on the card (84), 5 to 16 bytes.
    pub aid: Vec<u8>,
    /// The application's label for people: printable ASCII, at most 16 characters, may be empty.
    pub label: String,
    /// 9F26.
    pub cryptogram: [u8; 8],
    /// What it says.
    pub cryptogram_kind: CryptogramKind,
    /// The card's transaction counter (9F36).
    pub atc: u16,
    /// 95. Kernel 3 keeps none: it is what the card was told, zero (Book C-3, Annex A (?)).
    pub tvr: [u8; 5],
    /// Offline data authentication.
    pub oda: OdaResult,
    /// ISO 8583 field 55 of a request: TLVs without 57 and 5A.
    pub chip_data: Vec<u8>,
    /// ISO 8583 field 55 of a reversal: 95, 9F1E, 9F10, 9F36.
    pub reversal_chip_data: Vec<u8>,
}

impl fmt::Debug for CardRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CardRead")
            .field("pan", &self.pan)
            .field("kernel", &self.kernel)
            .field("label", &self.label)
            .field("cryptogram_kind", &self.cryptogram_kind)
            .field("oda", &self.oda)
            .finish_non_exhaustive()
    }
}

/// Why a tap ended as it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// The card approved offline, and the reader agrees.
    ApprovedOffline,
    /// The card asked for its issuer (ARQC).
    CardAsksIssuer,
    /// The card approved, but the reader wants the issuer to decide.
    ReaderAsksIssuer,
    /// The card declined (AAC).
    CardDeclined,
    /// Offline data authentication failed.
    AuthenticationFailed(OdaError),
    /// The card approved offline and has expired.
    ApplicationExpired,
    /// The card's usage control forbids this kind of payment.
    UsageNotAllowed,
    /// Verification is required and no method is common to card and reader.
    VerificationNotPossible,
    /// The card claims verification on the device, and the authenticated copy of the claim differs.
    DeviceVerificationNotAuthentic,
    /// The issuer is to decide, and this reader is never online.
    ReaderIsOfflineOnly,
    /// The amount or type is not allowed for any application: the field was never powered.
    NoCombinationAllowed,
    /// Card and till have no application in common.
    NoCommonApplication,
    /// The card's only applications want kernels that this till does not have.
    KernelNotAvailable,
    /// The card said that its conditions are not met (6985).
    ConditionsNotSatisfied,
    /// The card wants another interface (6984, or its CTQ after a failed authentication).
    CardWantsOtherInterface,
    /// The card broke a rule.
    CardError(CardError),
    /// The card left the field.
    CardLost,
    /// The card stayed in the field and fell silent.
    CardSilent,
    /// No card came.
    NoCardPresented,
    /// The tap began anew too often.
    TooManyRestarts,
    /// An event came after the end.
    AlreadyOver,
}

impl EndReason {
    /// The stable word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::ApprovedOffline => "approved_offline",
            Self::CardAsksIssuer => "card_asks_issuer",
            Self::ReaderAsksIssuer => "reader_asks_issuer",
            Self::CardDeclined => "card_declined",
            Self::AuthenticationFailed(_) => "authentication_failed",
            Self::ApplicationExpired => "application_expired",
            Self::UsageNotAllowed => "usage_not_allowed",
            Self::VerificationNotPossible => "verification_not_possible",
            Self::DeviceVerificationNotAuthentic => "device_verification_not_authentic",
            Self::ReaderIsOfflineOnly => "reader_is_offline_only",
            Self::NoCombinationAllowed => "no_combination_allowed",
            Self::NoCommonApplication => "no_common_application",
            Self::KernelNotAvailable => "kernel_not_available",
            Self::ConditionsNotSatisfied => "conditions_not_satisfied",
            Self::CardWantsOtherInterface => "card_wants_other_interface",
            Self::CardError(_) => "card_error",
            Self::CardLost => "card_lost",
            Self::CardSilent => "card_silent",
            Self::NoCardPresented => "no_card_presented",
            Self::TooManyRestarts => "too_many_restarts",
            Self::AlreadyOver => "already_over",
        }
    }
}

/// Where in the exchange something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExchangeStep {
    /// SELECT of the directory, `2PAY.SYS.DDF01`.
    SelectDirectory,
    /// SELECT of an application.
    SelectApplication,
    /// GET PROCESSING OPTIONS.
    ProcessingOptions,
    /// READ RECORD.
    ReadRecord,
}

/// How a card broke a rule. The coordinates are tags, offsets and status words, never values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardError {
    /// A response without a status word.
    ResponseTooShort(ExchangeStep),
    /// A status word that ends the exchange.
    Status {
        /// Which command it answered.
        step: ExchangeStep,
        /// SW1 SW2.
        status: u16,
    },
    /// Bytes that are no BER-TLV.
    Tlv {
        /// Which command they answered.
        step: ExchangeStep,
        /// What is wrong, and at which offset of the response.
        error: TlvError,
    },
    /// A response whose template is not the one that belongs there.
    WrongTemplate(ExchangeStep),
    /// A data object that must be there is not.
    Missing(Tag),
    /// A data object came twice (Book C-3, 5.4.2.2 (?)).
    Duplicate(Tag),
    /// A data object has a length that its format does not allow, or content that it cannot have.
    Malformed(Tag),
    /// The card number in 5A is not the one in 57 (Book C-3, A.2 (?)).
    PanMismatch,
    /// The application file locator breaks Book 3, 10.2.
    FileLocator,
    /// The card's PDOL cannot be answered.
    Pdol,
    /// More data than a card of this kind can hold.
    TooMuchData,
}
