//! Why an attempt stands where it stands: closed lists of words, stable in the journal and in JSON.
//!
//! A reason is never free text and never the host's code (that stands beside it). The reversal's reason is the
//! two characters that go to the host in field 39 of a reversal (UnionPay wording, a secondary source (?)).
//!
//! It never decides anything. Evidence: `mod tests` below: every fault of the rooms below has its word here.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::acquirer::{DoubtCause, NotSentCause};
use crate::error::ErrorCode;

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $word:literal $(=> $code:ident)?,)+) => {
        /// Why an attempt stands where it stands.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Reason {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)+
        }

        impl Reason {
            /// Every reason, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable word, as in JSON.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The error of a sale that was not sent for this reason: what the network, the host or the device
            /// kept it from. `None` where a card or a person ended it, or where it is no reason for that.
            #[must_use]
            pub fn error_code(self) -> Option<ErrorCode> {
                match self { $(Self::$variant => reasons!(@code $($code)?),)+ }
            }
        }
    };
    (@code) => { None };
    (@code $code:ident) => { Some(ErrorCode::$code) };
}

reasons! {
    /// The cashier or the caller ended it before anything was sent.
    Cancelled = "cancelled",
    /// The card left the field, or stopped answering, too often.
    CardLost = "card_lost",
    /// The card or the kernel asks for chip or stripe.
    TryAnotherInterface = "try_another_interface",
    /// The kernel ended the tap without a decision.
    EndApplication = "end_application",
    /// The card approved offline, which this till does not sell on.
    OfflineApprovalNotSupported = "offline_approval_not_supported",
    /// The card wants a PIN sent to its issuer, which this till cannot take.
    OnlinePinRequired = "online_pin_required",
    /// The card itself declined.
    Card = "card",
    /// The host declined; its code stands beside this.
    Host = "host",
    /// The till stopped between preparing and sending.
    Interrupted = "interrupted",
    /// The journal could not record that the request was about to leave, so it did not leave.
    StorageFailed = "storage_failed" => StorageFailed,
    /// No card came in the reader's time.
    NoCard = "no_card",
    /// The reader itself failed.
    ReaderFailed = "reader_failed" => ReaderFailed,
    /// The reader must be set up, signed in or updated first.
    ReaderNotReady = "reader_not_ready" => ReaderNotReady,
    /// What the reader gave is no encrypted read.
    ReadInvalid = "read_invalid" => EncryptedReadInvalid,
    /// The device has no network.
    NetworkAbsent = "network_absent" => NetworkAbsent,
    /// The acquirer's rules refuse what kind of network the device is on.
    NetworkRefused = "network_refused" => NetworkRefused,
    /// They refuse it for keys, and keys were needed.
    NetworkRefusedForKeys = "network_refused_for_keys" => NetworkRefusedForKeys,
    /// The host's name has no address.
    NameNotFound = "name_not_found" => HostUnreachable,
    /// Nobody listens at the host's address.
    Unreachable = "unreachable" => HostUnreachable,
    /// The connection was not made in time.
    ConnectTimedOut = "connect_timed_out" => HostUnreachable,
    /// The host's certificate is not from the given authority.
    CertificateUntrusted = "certificate_untrusted" => HostCertificateUntrusted,
    /// The host's certificate has ended.
    CertificateExpired = "certificate_expired" => HostCertificateExpired,
    /// The host's certificate has not begun: the phone's clock is slow.
    CertificateNotYetValid = "certificate_not_yet_valid" => DeviceClockWrong,
    /// The host's key is neither of the pinned ones.
    PinMismatch = "pin_mismatch" => HostPinMismatch,
    /// The host did not accept this till's certificate.
    ClientCertificateRefused = "client_certificate_refused" => ClientCertificateRefused,
    /// TLS failed in another way.
    HandshakeFailed = "handshake_failed" => HostHandshakeFailed,
    /// The connection closed before the request was handed over.
    Closed = "closed" => HostUnreachable,
    /// The host did not answer the echo or the sign-on.
    HostSilent = "host_silent" => HostSilent,
    /// The host's answer to the echo or the sign-on was not valid.
    HostAnswerInvalid = "host_answer_invalid" => HostAnswerInvalid,
    /// The host refused the echo or the sign-on.
    SignOnRefused = "sign_on_refused" => SignOnRefused,
    /// The sign-on brought keys without their check values.
    KeysInvalid = "keys_invalid" => KeyCheckValueMismatch,
    /// The host has seen a later journal than this one: an older copy was put back.
    JournalRolledBack = "journal_rolled_back" => JournalRolledBack,
    /// The host is at another batch, while this till's holds payments.
    BatchChangeRefused = "batch_change_refused" => BatchChangeRefused,
    /// The dialect has no message for it.
    OperationNotInDialect = "operation_not_in_dialect" => OperationNotInDialect,
    /// The request does not fit the dialect.
    Unpackable = "unpackable" => DialectInvalid,
    /// The host did not answer in the dialect's time.
    NoAnswer = "no_answer",
    /// The connection ended after the request was handed over.
    ConnectionLost = "connection_lost",
    /// The answer's MAC is wrong.
    BadMac = "bad_mac",
    /// The answer has no MAC.
    MacMissing = "mac_missing",
    /// The answer does not repeat the request's fields.
    EchoDiffers = "echo_differs",
    /// What came is no answer of the dialect.
    AnswerInvalid = "answer_invalid",
    /// The host answered and the journal could not record it.
    AnswerNotRecorded = "answer_not_recorded",
    /// The host refused the reversal as often as the policy allows.
    ReversalRefused = "reversal_refused",
    /// The host says that it has no such payment, and that does not prove that it was reversed.
    ReversalNotFound = "reversal_not_found",
    /// The card data that the reversal needs are not there.
    CardDataGone = "card_data_gone",
    /// The dialect that the sale was sent in is not there.
    DialectChanged = "dialect_changed",
    /// The reversal does not fit the dialect.
    ReversalUnpackable = "reversal_unpackable",
    /// The till was frozen before anything was sent.
    TillFrozen = "till_frozen" => TillFrozen,
}

impl Reason {
    /// The reason of this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.word() == word)
    }

    /// Why a request was provably not sent.
    #[must_use]
    pub fn of_not_sent(cause: &NotSentCause) -> Self {
        Self::from_word(cause.word()).unwrap_or(Self::HandshakeFailed)
    }

    /// Why a request is in doubt.
    #[must_use]
    pub fn of_doubt(cause: DoubtCause) -> Self {
        Self::from_word(cause.word()).unwrap_or(Self::AnswerInvalid)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Why a reversal is owed, as the host is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ReversalReason {
    /// No answer.
    #[serde(rename = "98")]
    NoAnswer,
    /// A wrong MAC, or none.
    #[serde(rename = "A0")]
    BadMac,
    /// Approved, but the till could not finish.
    #[serde(rename = "96")]
    CouldNotFinish,
    /// Anything else.
    #[serde(rename = "06")]
    Other,
}

impl ReversalReason {
    /// The two characters.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NoAnswer => "98",
            Self::BadMac => "A0",
            Self::CouldNotFinish => "96",
            Self::Other => "06",
        }
    }

    /// What a doubt means to the host.
    #[must_use]
    pub fn of_doubt(cause: DoubtCause) -> Self {
        match cause.reversal_reason() {
            "98" => Self::NoAnswer,
            "A0" => Self::BadMac,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acquirer::LinkFault;
    use crate::ids::HostCode;

    #[test]
    fn every_fault_below_has_its_own_word_here() {
        let others = [
            NotSentCause::HostSilent,
            NotSentCause::HostAnswerInvalid,
            NotSentCause::SignOnRefused(HostCode::new("03").unwrap()),
            NotSentCause::KeysInvalid,
            NotSentCause::Unpackable,
            NotSentCause::OperationNotInDialect,
        ];
        let links = LinkFault::ALL.iter().map(|fault| NotSentCause::Link(*fault));
        for cause in others.into_iter().chain(links) {
            assert_eq!(Reason::of_not_sent(&cause).word(), cause.word());
            assert_eq!(Reason::of_not_sent(&cause).error_code(), Some(cause.code()), "{}", cause.word());
        }
        let doubts = [
            (DoubtCause::NoAnswer, "98"),
            (DoubtCause::ConnectionLost(LinkFault::Closed), "98"),
            (DoubtCause::BadMac, "A0"),
            (DoubtCause::MacMissing, "A0"),
            (DoubtCause::EchoDiffers { field: 4 }, "06"),
            (DoubtCause::AnswerInvalid, "06"),
        ];
        for (cause, code) in doubts {
            assert_eq!(Reason::of_doubt(cause).word(), cause.word());
            assert_eq!(ReversalReason::of_doubt(cause).code(), code);
        }
    }

    #[test]
    fn what_a_card_or_a_person_ends_is_no_error() {
        for reason in [
            Reason::Cancelled,
            Reason::CardLost,
            Reason::NoCard,
            Reason::TryAnotherInterface,
            Reason::EndApplication,
            Reason::OfflineApprovalNotSupported,
            Reason::OnlinePinRequired,
            Reason::Card,
            Reason::Host,
            Reason::Interrupted,
            Reason::NoAnswer,
        ] {
            assert_eq!(reason.error_code(), None, "{reason}");
        }
    }

    #[test]
    fn words_are_unique_and_survive_json() {
        for (place, reason) in Reason::ALL.iter().enumerate() {
            assert_eq!(Reason::ALL.iter().position(|other| other.word() == reason.word()), Some(place));
            let json = serde_json::to_string(reason).unwrap();
            assert_eq!(json, format!("\"{reason}\""));
            assert_eq!(serde_json::from_str::<Reason>(&json).unwrap(), *reason);
        }
    }
}
