//! The life of an attempt: its states, what can happen to it, and the one table of what is legal.
//!
//! | rule | where it shows |
//! |---|---|
//! | a reversal is owed from the moment before the first byte leaves | `in_doubt` leads to nothing but an answer or a debt |
//! | a time-out is never a decline | no way from `in_doubt` to `declined` but the host's verified answer |
//! | a late answer is evidence | `late_answer` changes no state |
//! | a debt is never dropped | `reversal_due` ends in `reversed` or `reversal_stuck` only |
//! | a void is an attempt of its own | its original leaves `approved` in the event that approves the void |
//!
//! It never looks at a clock or a host. Evidence: `mod tests` tries every state with every step and compares
//! the table with `docs/states.md`.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Money, Reversal};

/// Where an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum State {
    /// Nothing about it is in the journal.
    #[serde(skip)]
    Unknown,
    /// STAN and batch are reserved and the templates stored; nothing was sent.
    #[serde(rename = "prepared")]
    Prepared,
    /// From before the first byte until the end is known.
    #[serde(rename = "in_doubt")]
    InDoubt,
    /// The host said yes. Final, unless somebody has it voided.
    #[serde(rename = "approved")]
    Approved,
    /// The host or the card said no. Final.
    #[serde(rename = "declined")]
    Declined,
    /// No byte left, provably. Final.
    #[serde(rename = "not_sent")]
    NotSent,
    /// A reversal is owed and none was sent.
    #[serde(rename = "reversal_due")]
    ReversalDue,
    /// A reversal is owed and was sent at least once. Callers see `reversal_due`.
    #[serde(skip_deserializing, rename = "reversal_due")]
    ReversalSent,
    /// The host confirmed the reversal. Final.
    #[serde(rename = "reversed")]
    Reversed,
    /// The host will not confirm the reversal: people must look. Shown everywhere, never deleted.
    #[serde(rename = "reversal_stuck")]
    ReversalStuck,
    /// It was approved, and the host has approved its void. Final.
    #[serde(rename = "voided")]
    Voided,
}

impl State {
    /// Every state, in the order of the table.
    pub const ALL: [Self; 11] = [
        Self::Unknown,
        Self::Prepared,
        Self::InDoubt,
        Self::Approved,
        Self::Declined,
        Self::NotSent,
        Self::ReversalDue,
        Self::ReversalSent,
        Self::Reversed,
        Self::ReversalStuck,
        Self::Voided,
    ];

    /// The word in JSON, on screen and in the index.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Prepared => "prepared",
            Self::InDoubt => "in_doubt",
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::NotSent => "not_sent",
            Self::ReversalDue | Self::ReversalSent => "reversal_due",
            Self::Reversed => "reversed",
            Self::ReversalStuck => "reversal_stuck",
            Self::Voided => "voided",
        }
    }

    /// The word in the table, where sent and unsent reversals are told apart.
    #[must_use]
    pub fn table_word(self) -> &'static str {
        if self == Self::ReversalSent { "reversal_sent" } else { self.word() }
    }

    /// Whether the till still owes the host something that it can do by itself.
    #[must_use]
    pub fn is_debt(self) -> bool {
        matches!(self, Self::InDoubt | Self::ReversalDue | Self::ReversalSent)
    }

    /// Whether nothing of the till's own doing will change it any more.
    #[must_use]
    pub fn is_final(self) -> bool {
        use State::{Approved, Declined, NotSent, ReversalStuck, Reversed, Voided};
        matches!(self, Approved | Declined | NotSent | Reversed | ReversalStuck | Voided)
    }

    /// Whether the customer's money moved, and what becomes of a reversal, for errors about such a sale.
    #[must_use]
    pub fn standing(self) -> (Money, Reversal) {
        match self {
            Self::Unknown | Self::Prepared | Self::Declined | Self::NotSent => (Money::NotMoved, Reversal::NotNeeded),
            Self::InDoubt | Self::ReversalStuck => (Money::MayHaveMoved, Reversal::Required),
            Self::ReversalDue | Self::ReversalSent => (Money::MayHaveMoved, Reversal::Pending),
            Self::Approved => (Money::Moved, Reversal::NotNeeded),
            Self::Reversed => (Money::Reversed, Reversal::Done),
            Self::Voided => (Money::Reversed, Reversal::NotNeeded),
        }
    }

    /// The state as callers see it, who are not told whether a reversal was sent yet.
    #[must_use]
    pub fn as_callers_see_it(self) -> Self {
        if self == Self::ReversalSent { Self::ReversalDue } else { self }
    }

    /// Where `step` leads from here.
    ///
    /// # Errors
    /// [`IllegalStep`] for every pair that is not in the table.
    pub fn after(self, step: Step) -> Result<Self, IllegalStep> {
        planted!(
            LateAnswerApproves,
            if step == Step::Approve && matches!(self, Self::ReversalDue | Self::ReversalSent | Self::Reversed) {
                return Ok(Self::Approved);
            }
        );
        TRANSITIONS
            .iter()
            .find(|row| row.from == self && row.step == step)
            .map(|row| row.to)
            .ok_or(IllegalStep { from: self, step })
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What can happen to an attempt. Each is one journalled event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// A STAN is reserved and the templates are stored.
    Prepare,
    /// The card declined.
    CardDeclines,
    /// It ends, and no byte left.
    EndUnsent,
    /// The request is about to leave.
    Doubt,
    /// The host's verified answer is yes.
    Approve,
    /// The host's verified answer is no.
    HostDeclines,
    /// There is no verified answer, or it came to nothing: a reversal is owed.
    Owe,
    /// A reversal is about to leave.
    SendReversal,
    /// The host answered a reversal and did not confirm it.
    HearReversal,
    /// The host confirms the reversal.
    Reverse,
    /// The reversal cannot be confirmed.
    Stick,
    /// An answer came after the end.
    LateAnswer,
    /// A caller took the result.
    Deliver,
    /// The host's verified answer to its void is yes.
    Void,
    /// A supervisor says how a stuck reversal has ended.
    Decide,
}

impl Step {
    /// Every step, in the order of the table.
    pub const ALL: [Self; 15] = [
        Self::Prepare,
        Self::CardDeclines,
        Self::EndUnsent,
        Self::Doubt,
        Self::Approve,
        Self::HostDeclines,
        Self::Owe,
        Self::SendReversal,
        Self::HearReversal,
        Self::Reverse,
        Self::Stick,
        Self::LateAnswer,
        Self::Deliver,
        Self::Void,
        Self::Decide,
    ];

    /// Where it leads from wherever it is legal; `None` where that depends on where it began, as of what changes nothing.
    #[must_use]
    pub fn leads_to(self) -> Option<State> {
        let mut ends = TRANSITIONS.iter().filter(|row| row.step == self).map(|row| row.to);
        let end = ends.next()?;
        ends.all(|other| other == end).then_some(end)
    }

    /// The journal event that records it. A void and its original take their steps in one event, which is the void's.
    #[must_use]
    pub fn event(self) -> &'static str {
        match self {
            Self::Prepare => "attempt.prepared",
            Self::CardDeclines | Self::HostDeclines => "attempt.declined",
            Self::EndUnsent => "attempt.not_sent",
            Self::Doubt => "attempt.in_doubt",
            Self::Approve | Self::Void => "attempt.approved",
            Self::Owe => "attempt.reversal_due",
            Self::SendReversal => "attempt.reversal_sent",
            Self::HearReversal => "attempt.reversal_answered",
            Self::Reverse => "attempt.reversed",
            Self::Stick => "attempt.reversal_stuck",
            Self::LateAnswer => "attempt.late_answer",
            Self::Deliver => "attempt.delivered",
            Self::Decide => "attempt.decided",
        }
    }
}

/// A step that the table does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IllegalStep {
    /// Where the attempt stands.
    pub from: State,
    /// What cannot happen there.
    pub step: Step,
}

impl fmt::Display for IllegalStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot follow {}", self.step.event(), self.from.table_word())
    }
}

impl std::error::Error for IllegalStep {}

/// One legal transition, with the reason in words.
#[derive(Clone, Copy, Debug)]
pub struct Transition {
    /// Where the attempt stands.
    pub from: State,
    /// What happens.
    pub step: Step,
    /// Where it stands then.
    pub to: State,
    /// When and why.
    pub when: &'static str,
}

const fn row(from: State, step: Step, to: State, when: &'static str) -> Transition {
    Transition { from, step, to, when }
}

/// All that is legal. Whatever is not here is refused.
#[rustfmt::skip]
pub const TRANSITIONS: &[Transition] = {
    use State::{Approved, Declined, InDoubt, NotSent, Prepared, Reversed, ReversalDue, ReversalSent, ReversalStuck, Unknown, Voided};
    use Step::{Approve, CardDeclines, Decide, Deliver, Doubt, EndUnsent, HearReversal, HostDeclines, LateAnswer, Owe, Prepare, Reverse, SendReversal, Stick, Void};
    &[
        row(Unknown, Prepare, Prepared, "the card was read and wants to go online; of a void, its turn has come"),
        row(Unknown, CardDeclines, Declined, "the card declined"),
        row(Unknown, EndUnsent, NotSent, "cancelled, or the tap ended without a request"),
        row(Prepared, Prepare, Prepared, "the sign-on opened another batch: a new STAN in the new batch"),
        row(Prepared, EndUnsent, NotSent, "no connection, cancelled, or found so after a restart"),
        row(Prepared, Doubt, InDoubt, "synced before the first byte leaves"),
        row(InDoubt, Approve, Approved, "verified answer; synced before the caller is told"),
        row(InDoubt, HostDeclines, Declined, "verified answer"),
        row(InDoubt, Owe, ReversalDue, "no valid answer (98, A0, 06), not recordable (96), or found so after a restart (98)"),
        row(ReversalDue, SendReversal, ReversalSent, "synced before the first byte leaves"),
        row(ReversalDue, Stick, ReversalStuck, "what the reversal needs is not there"),
        row(ReversalSent, SendReversal, ReversalSent, "not confirmed yet: sent again as a repeat"),
        row(ReversalSent, HearReversal, ReversalSent, "verified answer: refused, not yet, or to sign on first; counted, and sent again"),
        row(ReversalSent, Reverse, Reversed, "verified answer: approved, or 25 to a repeat of the same host day of which an earlier send may have worked"),
        row(ReversalSent, Stick, ReversalStuck, "verified answer: finally refused, or 25 that proves nothing"),
        row(Approved, Void, Voided, "the host approved its void: one event of the void brings both where they stand"),
        row(InDoubt, LateAnswer, InDoubt, "evidence"),
        row(Approved, LateAnswer, Approved, "evidence: the host answered twice"),
        row(Declined, LateAnswer, Declined, "evidence: the host answered twice"),
        row(ReversalDue, LateAnswer, ReversalDue, "evidence; the reversal goes on"),
        row(ReversalSent, LateAnswer, ReversalSent, "evidence; the reversal goes on"),
        row(Reversed, LateAnswer, Reversed, "evidence"),
        row(ReversalStuck, LateAnswer, ReversalStuck, "evidence"),
        row(Voided, LateAnswer, Voided, "evidence: the host answered twice"),
        row(Approved, Deliver, Approved, "the caller has it"),
        row(Declined, Deliver, Declined, "the caller has it"),
        row(NotSent, Deliver, NotSent, "the caller has it"),
        row(InDoubt, Deliver, InDoubt, "the caller knows that it is not known yet"),
        row(ReversalDue, Deliver, ReversalDue, "the caller knows that a reversal is owed"),
        row(ReversalSent, Deliver, ReversalSent, "the caller knows that a reversal is owed"),
        row(Reversed, Deliver, Reversed, "the caller has it"),
        row(ReversalStuck, Deliver, ReversalStuck, "the caller has it"),
        row(Voided, Deliver, Voided, "the caller has it"),
        row(ReversalStuck, Decide, ReversalStuck, "a supervisor says how it ended; it counts as decided when the batch is closed"),
    ]
};

#[cfg(test)]
mod tests;
