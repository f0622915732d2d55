//! What a conversation asks for and what it reports.
//!
//! A request ends in exactly one of three: [`Delivery::NotSent`] (proven: no byte was handed to the link),
//! [`Delivery::InDoubt`], [`Delivery::Answered`]. Everything else that a host may say is evidence.
//!
//! It never holds card data; an answer's chip data are the issuer's. Evidence: `conversation/tests.rs`.

use zeroize::Zeroizing;

use crate::acquirer::link::LinkFault;
use crate::clock::MonoMs;
use crate::error::ErrorCode;
use crate::ids::{AuthCode, BatchNo, HostCode, Rrn, Stan};
use crate::iso8583::Op;
use crate::journal::Head;
use crate::secret::SecretBytes;

/// What to do next. Each step but `Sleep` is said once.
pub enum Step {
    /// Open a connection; answer with `Connected` or `NotConnected`.
    Connect,
    /// Close the connection, or give up opening it. No answer is expected, and none is harmful.
    Disconnect,
    /// Hand these bytes to the connection in one write. They may hold card data.
    Send(Zeroizing<Vec<u8>>),
    /// Make the fact durable, then call `synced`. Nothing is sent before.
    Sync(SyncReason),
    /// Something ended or was heard.
    Deliver(Delivery),
    /// Nothing to do before something happens, or before `until`: poll again then.
    Sleep {
        /// When to poll again at the latest.
        until: Option<MonoMs>,
    },
}

/// What must be durable before the conversation goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncReason {
    /// The request is packed and will leave next: from here on money may move.
    BeforeSend {
        /// What it is for.
        op: Op,
        /// Its STAN (field 11).
        stan: Stan,
    },
}

/// What a conversation reports.
pub enum Delivery {
    /// The host gave new working keys. They are used once `synced` is called; until then the old set stands.
    SignedOn(SignedOn),
    /// The host answered the request, and everything about the answer was verified.
    Answered(Answer),
    /// The request was not sent, provably.
    NotSent(NotSentCause),
    /// The request may have been carried out.
    InDoubt(DoubtCause),
    /// A valid answer to a request that had already ended in doubt: evidence, never an approval.
    Late(LateAnswer),
    /// Something that answers nothing we asked: evidence.
    Unmatched(Unmatched),
    /// An answer says so beside what it answers; delivered before it.
    Marked(HostMark),
}

/// What the host says of the terminal in any answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostMark {
    /// It holds the terminal frozen.
    Freeze,
    /// It has let the terminal go, and has not been told yet that the terminal knows.
    Release,
}

impl HostMark {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Freeze, Self::Release];

    /// The stable word, as on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Freeze => "freeze",
            Self::Release => "release",
        }
    }
}

/// A completed sign-on.
pub struct SignedOn {
    /// The batch number that the host wants, where it names one.
    pub batch: Option<BatchNo>,
    /// The key set to keep: the host's own key block, still encrypted under the terminal master key.
    pub keys: SecretBytes,
    /// The head of the till's journal that the host saw last, where the dialect carries it.
    pub head: Option<Head>,
}

/// A verified answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What it is for.
    pub op: Op,
    /// The request's STAN.
    pub stan: Stan,
    /// Response code (field 39).
    pub host_code: HostCode,
    /// Whether the dialect counts that code as approval.
    pub approved: bool,
    /// Authorisation code (field 38).
    pub auth_code: Option<AuthCode>,
    /// Retrieval reference number (field 37).
    pub rrn: Option<Rrn>,
    /// The host's local date, `MMDD` (field 13).
    pub host_date: Option<[u8; 4]>,
    /// The host's local time, `HHMMSS` (field 12).
    pub host_time: Option<[u8; 6]>,
    /// The batch that the host booked it in.
    pub batch: Option<BatchNo>,
    /// The issuer's data for the card (field 55), as received.
    pub chip_data: Option<Vec<u8>>,
    /// What answers to settlements, statements and parameter downloads bring besides.
    pub brought: Box<Brought>,
}

/// What an answer brings besides its outcome; each part where its dialect row carries it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    /// How a settlement came out.
    pub settlement: Option<Balance>,
    /// The host's own totals of the batch.
    pub totals: Option<HostTotals>,
    /// The day that the statement is of, `YYYYMMDD`.
    pub statement_day: Option<String>,
    /// Which of its pages this is, from 1.
    pub statement_page: Option<u32>,
    /// How many pages the statement has.
    pub statement_pages: Option<u32>,
    /// The lines of the page: `acquirer::StatementLine` reads them. A page without lines brings none.
    pub statement_lines: Option<Vec<u8>>,
    /// What the host wants the till to know. Nobody has looked whether it is text.
    pub parameters: Option<Vec<u8>>,
    /// A part of what it says to what it was told.
    pub told: Option<ToldPart>,
}

/// A part of a text that the host tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToldPart {
    /// Which one, from 1.
    pub part: u32,
    /// How many there are.
    pub parts: u32,
    /// The part itself. Nobody has looked whether it is text.
    pub text: Vec<u8>,
}

/// How a settlement came out (ISO 8583-1:1987, field 66).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Balance {
    /// `1`: host and till have the same totals.
    Balanced,
    /// `2`: they have not.
    Unbalanced,
    /// Another digit: the host could not tell.
    Unknown,
}

/// A batch's totals as the host has them, amounts in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostTotals {
    /// How many sales, voided ones among them.
    pub sales_count: u64,
    /// Their sum.
    pub sales_minor: u64,
    /// How many voids and refunds.
    pub given_back_count: u64,
    /// Their sum.
    pub given_back_minor: u64,
}

/// Why a request was provably not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotSentCause {
    /// There was no connection, or it ended before the request was handed over.
    Link(LinkFault),
    /// The host did not answer the echo or the sign-on.
    HostSilent,
    /// The host's answer to the echo or the sign-on was not valid.
    HostAnswerInvalid,
    /// The host refused the echo or the sign-on.
    SignOnRefused(HostCode),
    /// The sign-on brought keys that do not have their check values.
    KeysInvalid,
    /// The request does not fit the dialect.
    Unpackable,
    /// The dialect has no message for the operation.
    OperationNotInDialect,
}

impl NotSentCause {
    /// The error that a caller sees.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Link(fault) => fault.code(),
            Self::HostSilent => ErrorCode::HostSilent,
            Self::HostAnswerInvalid => ErrorCode::HostAnswerInvalid,
            Self::SignOnRefused(_) => ErrorCode::SignOnRefused,
            Self::KeysInvalid => ErrorCode::KeyCheckValueMismatch,
            Self::Unpackable => ErrorCode::DialectInvalid,
            Self::OperationNotInDialect => ErrorCode::OperationNotInDialect,
        }
    }

    /// The stable word for the journal.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Link(fault) => fault.word(),
            Self::HostSilent => "host_silent",
            Self::HostAnswerInvalid => "host_answer_invalid",
            Self::SignOnRefused(_) => "sign_on_refused",
            Self::KeysInvalid => "keys_invalid",
            Self::Unpackable => "unpackable",
            Self::OperationNotInDialect => "operation_not_in_dialect",
        }
    }
}

/// Why it is not known whether a request was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoubtCause {
    /// No answer within the dialect's time.
    NoAnswer,
    /// The connection ended after the first byte was handed over, also in the middle of an answer.
    ConnectionLost(LinkFault),
    /// An answer's MAC is wrong.
    BadMac,
    /// An answer has no MAC where the dialect asks for one.
    MacMissing,
    /// The answer does not repeat this field of the request as it was.
    EchoDiffers {
        /// The field's number.
        field: u8,
    },
    /// What came is no message of the dialect, or lacks what an answer must have.
    AnswerInvalid,
}

impl DoubtCause {
    /// The reversal's reason (field 39 of a UnionPay reversal): 98 no answer, A0 bad MAC, 06 other.
    #[must_use]
    pub fn reversal_reason(self) -> &'static str {
        match self {
            Self::NoAnswer | Self::ConnectionLost(_) => "98",
            Self::BadMac | Self::MacMissing => "A0",
            Self::EchoDiffers { .. } | Self::AnswerInvalid => "06",
        }
    }

    /// The stable word for the journal.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NoAnswer => "no_answer",
            Self::ConnectionLost(_) => "connection_lost",
            Self::BadMac => "bad_mac",
            Self::MacMissing => "mac_missing",
            Self::EchoDiffers { .. } => "echo_differs",
            Self::AnswerInvalid => "answer_invalid",
        }
    }
}

/// A valid answer that came after its request had ended in doubt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateAnswer {
    /// What it is for.
    pub op: Op,
    /// The request's STAN.
    pub stan: Stan,
    /// Response code (field 39).
    pub host_code: HostCode,
}

/// A message that answers nothing that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmatched {
    /// What was wrong with it.
    pub cause: UnmatchedCause,
    /// Its STAN, where its MAC allows that to be believed.
    pub stan: Option<Stan>,
    /// Its response code, on the same condition.
    pub host_code: Option<HostCode>,
}

/// Why a message answers nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnmatchedCause {
    /// No open request has this match key.
    NoSuchRequest,
    /// It repeats an answer that was delivered already.
    Duplicate,
    /// It is a request: hosts do not ask here.
    NotAnAnswer,
    /// Nothing was open and its MAC is wrong or missing.
    BadMac,
    /// Nothing was open and it is no message of the dialect.
    Invalid,
}

impl UnmatchedCause {
    /// The stable word for the journal.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NoSuchRequest => "no_such_request",
            Self::Duplicate => "duplicate",
            Self::NotAnAnswer => "not_an_answer",
            Self::BadMac => "bad_mac",
            Self::Invalid => "invalid",
        }
    }
}

/// What became of a request that its owner no longer wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withdrawal {
    /// It is gone; no byte of it was handed over and nothing more will be said of it.
    Withdrawn,
    /// Its bytes may have left: its end will be delivered.
    TooLate,
    /// There is no request.
    NothingThere,
}

/// An input that is not legal in the conversation's present state: the driver's mistake, and ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfTurn {
    /// The state, as a word.
    pub state: &'static str,
    /// The input, as a word.
    pub input: &'static str,
}
