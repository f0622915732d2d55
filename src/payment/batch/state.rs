//! The life of a batch: its states, what can happen to it, and the one table of what is legal.
//!
//! | rule | where it shows |
//! |---|---|
//! | totals are frozen before anything leaves | no way from `open` to `sent` but through `closing` |
//! | a lost answer is not an answer | `sent` and `end_sent` lead to themselves until the host's verified word |
//! | a host that is out of balance gets every record | `unbalanced` leads to `end_sent` through `uploading` only |
//! | a batch closes once | nothing leads away from `closed`; the next batch is another one |
//! | a host that only refuses has not the last word | from wherever it refuses, a supervisor's leads to `closed` or `open` |
//!
//! It never looks at a clock or a host. Evidence: `mod tests` tries every state with every step;
//! `tests/states.rs` compares the table with `docs/states.md`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a batch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchState {
    /// Payments go into it.
    Open,
    /// Its totals are frozen; nothing was sent.
    Closing,
    /// The totals were sent, and their answer is not known.
    Sent,
    /// The host has the same totals, and has closed it.
    Balanced,
    /// The host has other totals, and wants every record.
    Unbalanced,
    /// The host has some of the records.
    Uploading,
    /// The host has all records; that there are no more was sent, and the answer is not known.
    EndSent,
    /// The host has closed it, or a supervisor has said so. Final.
    Closed,
}

impl BatchState {
    /// Every state, in the order of the table.
    pub const ALL: [Self; 8] = [
        Self::Open,
        Self::Closing,
        Self::Sent,
        Self::Balanced,
        Self::Unbalanced,
        Self::Uploading,
        Self::EndSent,
        Self::Closed,
    ];

    /// The word in JSON, on screen and in the index.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closing => "closing",
            Self::Sent => "sent",
            Self::Balanced => "balanced",
            Self::Unbalanced => "unbalanced",
            Self::Uploading => "uploading",
            Self::EndSent => "end_sent",
            Self::Closed => "closed",
        }
    }

    /// Whether a settlement has begun and has not ended: nothing is sold meanwhile.
    #[must_use]
    pub fn is_unfinished(self) -> bool {
        !matches!(self, Self::Open | Self::Closed)
    }

    /// Where `step` leads from here.
    ///
    /// # Errors
    /// [`IllegalBatchStep`] for every pair that is not in the table.
    pub fn after(self, step: BatchStep) -> Result<Self, IllegalBatchStep> {
        BATCH_TRANSITIONS
            .iter()
            .find(|row| row.from == self && row.step == step)
            .map(|row| row.to)
            .ok_or(IllegalBatchStep { from: self, step })
    }
}

impl fmt::Display for BatchState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What can happen to a batch. Each is one journalled event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BatchStep {
    /// Its totals are frozen.
    Freeze,
    /// The totals are about to leave.
    Send,
    /// The host answered, and neither settled nor refused for good.
    Hear,
    /// It is certain that the host has not settled it: payments go into it again.
    Reopen,
    /// The host has the same totals.
    Balance,
    /// The host has other totals.
    Unbalance,
    /// The host has more of its records.
    Upload,
    /// That there are no more records is about to leave.
    SendEnd,
    /// The host has closed it.
    Close,
    /// A supervisor says that the host has closed it.
    DecideClosed,
    /// A supervisor says that the host has not closed it: payments go into it again.
    DecideOpen,
}

impl BatchStep {
    /// Every step, in the order of the table.
    pub const ALL: [Self; 11] = [
        Self::Freeze,
        Self::Send,
        Self::Hear,
        Self::Reopen,
        Self::Balance,
        Self::Unbalance,
        Self::Upload,
        Self::SendEnd,
        Self::Close,
        Self::DecideClosed,
        Self::DecideOpen,
    ];

    /// The journal event that records it.
    #[must_use]
    pub fn event(self) -> &'static str {
        match self {
            Self::Freeze => "batch.closing",
            Self::Send => "batch.sent",
            Self::Hear => "batch.answered",
            Self::Reopen => "batch.reopened",
            Self::Balance => "batch.balanced",
            Self::Unbalance => "batch.unbalanced",
            Self::Upload => "batch.uploaded",
            Self::SendEnd => "batch.end_sent",
            Self::Close => "batch.closed",
            Self::DecideClosed | Self::DecideOpen => "batch.decided",
        }
    }
}

/// A step that the table does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IllegalBatchStep {
    /// Where the batch stands.
    pub from: BatchState,
    /// What cannot happen there.
    pub step: BatchStep,
}

impl fmt::Display for IllegalBatchStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot follow {}", self.step.event(), self.from.word())
    }
}

impl std::error::Error for IllegalBatchStep {}

/// One legal transition, with the reason in words.
#[derive(Clone, Copy, Debug)]
pub struct BatchTransition {
    /// Where the batch stands.
    pub from: BatchState,
    /// What happens.
    pub step: BatchStep,
    /// Where it stands then.
    pub to: BatchState,
    /// When and why.
    pub when: &'static str,
}

const fn row(from: BatchState, step: BatchStep, to: BatchState, when: &'static str) -> BatchTransition {
    BatchTransition { from, step, to, when }
}

const DECIDED: &str = "the host has refused several times: a supervisor says, with the acquirer, whether it is closed";

/// All that is legal. Whatever is not here is refused.
#[rustfmt::skip]
pub const BATCH_TRANSITIONS: &[BatchTransition] = {
    use BatchState::{Balanced, Closed, Closing, EndSent, Open, Sent, Unbalanced, Uploading};
    use BatchStep::{Balance, Close, DecideClosed, DecideOpen, Freeze, Hear, Reopen, Send, SendEnd, Unbalance, Upload};
    &[
        row(Open, Freeze, Closing, "nothing is owed, in doubt or under way: totals and number of records are frozen"),
        row(Closing, Send, Sent, "synced before the first byte leaves"),
        row(Closing, Reopen, Open, "the totals do not fit the dialect: nothing left"),
        row(Sent, Send, Sent, "not known yet: sent again as a repeat"),
        row(Sent, Hear, Sent, "verified answer: not yet, or to sign on first; or refused, and it may be settled all the same"),
        row(Sent, Reopen, Open, "verified answer: refused, no earlier send can have worked, and the host is at no other batch"),
        row(Sent, Balance, Balanced, "verified answer: the host's totals are the same"),
        row(Sent, Unbalance, Unbalanced, "verified answer: the host's totals are others"),
        row(Balanced, Close, Closed, "the host has closed it with that answer"),
        row(Unbalanced, Upload, Uploading, "verified answer: the host has the first records"),
        row(Unbalanced, Hear, Unbalanced, "verified answer: not yet"),
        row(Uploading, Upload, Uploading, "verified answer: the host has the next records"),
        row(Uploading, Hear, Uploading, "verified answer: not yet"),
        row(Uploading, SendEnd, EndSent, "every record is there; synced before the first byte leaves"),
        row(EndSent, SendEnd, EndSent, "not known yet: sent again as a repeat"),
        row(EndSent, Hear, EndSent, "verified answer: not yet"),
        row(EndSent, Close, Closed, "verified answer: the host has closed it"),
        row(Sent, DecideClosed, Closed, DECIDED),
        row(Sent, DecideOpen, Open, DECIDED),
        row(Unbalanced, DecideClosed, Closed, DECIDED),
        row(Unbalanced, DecideOpen, Open, DECIDED),
        row(Uploading, DecideClosed, Closed, DECIDED),
        row(Uploading, DecideOpen, Open, DECIDED),
        row(EndSent, DecideClosed, Closed, DECIDED),
        row(EndSent, DecideOpen, Open, DECIDED),
    ]
};

#[cfg(test)]
mod tests;
