//! What the payment room writes into the journal: one type for each kind and version of event.
//!
//! | kind | what it says |
//! |---|---|
//! | `attempt.*` | one step of the table in `state`, with what that step makes known |
//! | `receipt.printed` | a receipt went out; it changes no state |
//! | `host.signed_on` | a sign-on is complete; the key set is a side row |
//! | `host.batch_refused` | the host's other batch was not taken |
//! | `host.parameters` | the host's rules for this till |
//! | `host.unmatched_answer` | the host said something that nobody had asked |
//! | `journal.rolled_back`, `journal.roll_back_accepted` | the host knows another past; a supervisor knows that |
//!
//! A body never changes its form: a change is a new version with a type of its own. It never holds card data
//! beyond the masked number. Evidence: `mod tests` below fixes the JSON of each body.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::account::WrittenReason;
use crate::card::MaskedPan;
use crate::ids::{AttemptId, AuthCode, BatchNo, HostCode, OrderNo, Rrn, Stan};
use crate::iso8583::Op;
use crate::journal::{Draft, Event, FoldError};
use crate::money::Amount;
use crate::payment::reason::{Reason, ReversalReason};
use crate::payment::state::{State, Step};
use crate::payment::view::{Decision, ReceiptCopy};

/// One kind and version of event.
pub(super) trait Body: Serialize + DeserializeOwned {
    const KIND: &'static str;
    const V: u32;
    /// Whether it may use the last room on the disk: debts, and what closes them.
    const MAY_USE_BALLAST: bool;

    fn draft(&self, attempt: Option<&AttemptId>, operator: Option<String>) -> Draft {
        Draft {
            kind: Self::KIND,
            v: Self::V,
            attempt: attempt.cloned(),
            operator,
            body: serde_json::to_value(self).expect("an event body has text keys"),
            may_use_ballast: Self::MAY_USE_BALLAST,
        }
    }

    /// Reads the body of an event of this kind.
    fn of(event: &Event) -> Result<Self, FoldError> {
        if event.v != Self::V {
            return Err(FoldError::Newer);
        }
        Self::deserialize(&event.body).map_err(|_| FoldError::Refused("event_body_malformed"))
    }
}

macro_rules! bodies {
    ($($(#[$doc:meta])* $name:ident = $kind:literal v $v:literal ballast $ballast:literal { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
            #[serde(deny_unknown_fields)]
            pub(in crate::payment) struct $name { $($(#[$field_doc])* pub $field: $type,)* }

            impl Body for $name {
                const KIND: &'static str = $kind;
                const V: u32 = $v;
                const MAY_USE_BALLAST: bool = $ballast;
            }
        )+
    };
}

pub(in crate::payment) use bodies;

bodies! {
    /// STAN and batch are reserved; the reversal's template is complete with the side row.
    Prepared = "attempt.prepared" v 1 ballast false {
        opening: Opening,
        stan: Stan,
        batch: BatchNo,
        /// `MMDD` and `HHMMSS` at the host's place.
        local_date: String,
        local_time: String,
        /// UTC, `MMDDHHMMSS`.
        transmission_date_time: String,
        /// SHA-256 of the dialect file, hex.
        dialect: String,
        card: CardFacts,
    }
    /// The same, where somebody else's reader made a finished read of the card.
    PreparedFromRead = "attempt.prepared" v 2 ballast false {
        opening: Opening,
        stan: Stan,
        batch: BatchNo,
        /// `MMDD` and `HHMMSS` at the host's place.
        local_date: String,
        local_time: String,
        /// UTC, `MMDDHHMMSS`.
        transmission_date_time: String,
        /// SHA-256 of the dialect file, hex.
        dialect: String,
        read: ReadFacts,
    }
    /// The same of a void, which repeats nothing of a card: it names the sale by the host's own numbers.
    PreparedVoid = "attempt.prepared" v 3 ballast false {
        opening: Opening,
        stan: Stan,
        batch: BatchNo,
        /// `MMDD` and `HHMMSS` at the host's place.
        local_date: String,
        local_time: String,
        /// UTC, `MMDDHHMMSS`.
        transmission_date_time: String,
        /// SHA-256 of the dialect file, hex.
        dialect: String,
        /// The sale.
        of: AttemptId,
    }
    /// The request leaves next.
    InDoubt = "attempt.in_doubt" v 1 ballast false {
        stan: Stan,
        batch: BatchNo,
    }
    /// The host said yes.
    Approved = "attempt.approved" v 1 ballast true {
        answer: HostAnswer,
    }
    /// No byte left.
    NotSent = "attempt.not_sent" v 1 ballast true {
        was: Unsent,
        reason: Reason,
        /// How the tap ended, in the card room's own word; `none` where that is not the reason.
        tap: String,
        /// The code with which the host refused the sign-on before it.
        host_code: Option<HostCode>,
    }
    /// A void of which the journal knew nothing came to nothing.
    VoidNotSent = "attempt.not_sent" v 2 ballast true {
        opening: Opening,
        /// The sale.
        of: AttemptId,
        reason: Reason,
        /// The code with which the host refused the sign-on before it.
        host_code: Option<HostCode>,
    }
    /// The card or the host said no.
    Declined = "attempt.declined" v 1 ballast true {
        by: DeclinedBy,
    }
    /// A reversal is owed.
    ReversalDue = "attempt.reversal_due" v 1 ballast true {
        /// As the host is told.
        reason: ReversalReason,
        /// As people are told.
        cause: Reason,
    }
    /// A reversal leaves next.
    ReversalSent = "attempt.reversal_sent" v 1 ballast true {
        /// 1 for the first; from 2 on it is a repeat.
        number: u32,
        /// The host's day on which it is sent, as `2026-11-22`.
        host_day: String,
    }
    /// The host answered the last reversal and did not confirm it.
    ReversalAnswered = "attempt.reversal_answered" v 1 ballast true {
        host_code: HostCode,
        meaning: NotConfirmed,
    }
    /// The host confirmed the reversal.
    Reversed = "attempt.reversed" v 1 ballast true {
        host_code: HostCode,
    }
    /// The reversal cannot be confirmed.
    ReversalStuck = "attempt.reversal_stuck" v 1 ballast true {
        cause: Reason,
        host_code: Option<HostCode>,
    }
    /// A supervisor, who is the event's operator, says how a stuck reversal has ended.
    Decided = "attempt.decided" v 1 ballast true {
        decision: Decision,
        /// Why, in that person's words, where they were asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<WrittenReason>,
    }
    /// An answer came after the end.
    LateAnswer = "attempt.late_answer" v 1 ballast false {
        op: Op,
        stan: Stan,
        host_code: HostCode,
    }
    /// A caller took the result.
    Delivered = "attempt.delivered" v 1 ballast false {
        state: State,
    }
    /// A receipt is printed next.
    ReceiptPrinted = "receipt.printed" v 1 ballast false {
        copy: ReceiptCopy,
    }
    /// The host signed this till on.
    SignedOn = "host.signed_on" v 1 ballast true {
        /// The batch that the host named, if it named one.
        batch: Option<BatchNo>,
    }
    /// The host named another batch while the open one holds what it may have booked.
    BatchRefused = "host.batch_refused" v 1 ballast true {
        named: BatchNo,
        open: BatchNo,
    }
    /// The host's rules for this till, in the name of whoever fetched them.
    HostParameters = "host.parameters" v 1 ballast false {
        /// The largest sale in minor units of the till's currency.
        sale_max_minor: Option<u64>,
    }
    /// The host has seen a journal of which ours is not the continuation.
    RolledBack = "journal.rolled_back" v 1 ballast false {
        /// How many events ours had.
        size: u64,
        /// How many the host's had, and its root in hex.
        seen_size: u64,
        seen_root: String,
    }
    /// A supervisor knows of it, and lets the till sell again.
    RollBackAccepted = "journal.roll_back_accepted" v 1 ballast false {
        seen_size: u64,
        seen_root: String,
    }
    /// The host said something that nobody had asked.
    UnmatchedAnswer = "host.unmatched_answer" v 1 ballast false {
        cause: String,
        stan: Option<Stan>,
        host_code: Option<HostCode>,
    }
}

/// What the first event of an attempt says of the sale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Opening {
    pub amount: Amount,
    pub order: Option<OrderNo>,
    /// The host's day, as `2026-11-22`.
    pub host_day: String,
}

/// What the first event of a request says of its message, whatever was read.
pub(super) struct PreparedMessage {
    pub opening: Opening,
    pub stan: Stan,
    pub batch: BatchNo,
    pub local_date: String,
    pub local_time: String,
    pub transmission_date_time: String,
    pub dialect: String,
}

macro_rules! prepared {
    ($kind:ident from $message:ident with $what:ident) => {
        $kind {
            opening: $message.opening,
            stan: $message.stan,
            batch: $message.batch,
            local_date: $message.local_date,
            local_time: $message.local_time,
            transmission_date_time: $message.transmission_date_time,
            dialect: $message.dialect,
            $what,
        }
    };
}

impl PreparedMessage {
    /// The event of a card that our own kernel read.
    pub fn with_card(self, card: CardFacts) -> Prepared {
        prepared!(Prepared from self with card)
    }

    /// The event of a finished read.
    pub fn with_read(self, read: ReadFacts) -> PreparedFromRead {
        prepared!(PreparedFromRead from self with read)
    }

    /// The event of a void.
    pub fn of_void(self, of: AttemptId) -> PreparedVoid {
        prepared!(PreparedVoid from self with of)
    }
}

/// What may be known of the card.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CardFacts {
    pub masked: MaskedPan,
    pub aid: String,
    pub label: String,
    pub kernel: u8,
    pub atc: u16,
    pub tvr: String,
    pub cryptogram: String,
    pub cryptogram_kind: String,
    pub oda: String,
    /// How the cardholder is verified.
    pub cvm: String,
}

/// What may be known of a finished read, as its reader says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadFacts {
    pub masked: Option<MaskedPan>,
    pub scheme: Option<String>,
    /// How the cardholder was verified.
    pub cvm: String,
}

/// Where an attempt stood that ends unsent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Unsent {
    /// The journal knew nothing of it.
    Unknown(Opening),
    /// It was prepared; the STAN is burnt.
    Prepared,
}

/// Who said no.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum DeclinedBy {
    /// The card or the reader's own checks; `tap` is the card room's word.
    Card { opening: Opening, card: Option<CardFacts>, tap: String },
    /// The host.
    Host(HostAnswer),
}

/// A verified answer to the sale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HostAnswer {
    pub host_code: HostCode,
    pub auth_code: Option<AuthCode>,
    pub rrn: Option<Rrn>,
    /// `MMDDHHMMSS`.
    pub host_time: Option<String>,
}

/// What a verified answer to a reversal means that does not confirm it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum NotConfirmed {
    /// A final refusal: the send did nothing. It counts.
    Refused,
    /// To try again: what the send did is not known.
    TryAgain,
    /// To sign on first: the send did nothing.
    SignOnFirst,
}

/// Any event of an attempt, read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum AttemptEvent {
    Prepared(Prepared),
    PreparedFromRead(PreparedFromRead),
    PreparedVoid(PreparedVoid),
    InDoubt(InDoubt),
    Approved(Approved),
    Declined(Declined),
    NotSent(NotSent),
    VoidNotSent(VoidNotSent),
    ReversalDue(ReversalDue),
    ReversalSent(ReversalSent),
    ReversalAnswered(ReversalAnswered),
    Reversed(Reversed),
    ReversalStuck(ReversalStuck),
    Decided(Decided),
    LateAnswer(LateAnswer),
    Delivered(Delivered),
}

impl AttemptEvent {
    /// Reads an event; `None` where it is not about an attempt's life.
    ///
    /// # Errors
    /// [`FoldError::Newer`] for a kind `attempt.*` that is not known here; a malformed body.
    pub fn of(event: &Event) -> Result<Option<Self>, FoldError> {
        Ok(Some(match event.kind.as_str() {
            Prepared::KIND if event.v == PreparedFromRead::V => Self::PreparedFromRead(Body::of(event)?),
            Prepared::KIND if event.v == PreparedVoid::V => Self::PreparedVoid(Body::of(event)?),
            Prepared::KIND => Self::Prepared(Body::of(event)?),
            InDoubt::KIND => Self::InDoubt(Body::of(event)?),
            Approved::KIND => Self::Approved(Body::of(event)?),
            Declined::KIND => Self::Declined(Body::of(event)?),
            NotSent::KIND if event.v == VoidNotSent::V => Self::VoidNotSent(Body::of(event)?),
            NotSent::KIND => Self::NotSent(Body::of(event)?),
            ReversalDue::KIND => Self::ReversalDue(Body::of(event)?),
            ReversalSent::KIND => Self::ReversalSent(Body::of(event)?),
            ReversalAnswered::KIND => Self::ReversalAnswered(Body::of(event)?),
            Reversed::KIND => Self::Reversed(Body::of(event)?),
            ReversalStuck::KIND => Self::ReversalStuck(Body::of(event)?),
            Decided::KIND => Self::Decided(Body::of(event)?),
            LateAnswer::KIND => Self::LateAnswer(Body::of(event)?),
            Delivered::KIND => Self::Delivered(Body::of(event)?),
            kind if kind.starts_with("attempt.") => return Err(FoldError::Newer),
            _ => return Ok(None),
        }))
    }

    /// The step of the table that it records.
    pub fn step(&self) -> Step {
        match self {
            Self::Prepared(_) | Self::PreparedFromRead(_) | Self::PreparedVoid(_) => Step::Prepare,
            Self::InDoubt(_) => Step::Doubt,
            Self::Approved(_) => Step::Approve,
            Self::Declined(Declined { by: DeclinedBy::Card { .. } }) => Step::CardDeclines,
            Self::Declined(Declined { by: DeclinedBy::Host(_) }) => Step::HostDeclines,
            Self::NotSent(_) | Self::VoidNotSent(_) => Step::EndUnsent,
            Self::ReversalDue(_) => Step::Owe,
            Self::ReversalSent(_) => Step::SendReversal,
            Self::ReversalAnswered(_) => Step::HearReversal,
            Self::Reversed(_) => Step::Reverse,
            Self::ReversalStuck(_) => Step::Stick,
            Self::Decided(_) => Step::Decide,
            Self::LateAnswer(_) => Step::LateAnswer,
            Self::Delivered(_) => Step::Deliver,
        }
    }
}

#[cfg(test)]
mod tests;
