//! The life of a refund: its states, what can happen to it, and the one table of what is legal.
//!
//! | rule | where it shows |
//! |---|---|
//! | nothing goes out without an approval | `approved` is reached from `waiting` alone |
//! | a refund is not reversed | from `sent` it is sent again until the host has said what became of it |
//! | a refusal that may hide a success frees nothing | it leads to `stuck`, not to `declined` |
//!
//! It never looks at a clock or a host. Evidence: `mod tests` tries every state with every step and compares
//! the table with `docs/states.md`.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Money, Reversal};

/// Where a refund stands. In JSON it is the word that callers see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RefundState {
    /// Nothing about it is in the journal.
    Unknown,
    /// It was asked for and waits for its approval. Its amount is kept for it.
    Waiting,
    /// Somebody who may approve has said no. Final.
    Rejected,
    /// Nobody approved it in time. Final.
    Expired,
    /// It is approved and owed. Callers see `forwarding`.
    Approved,
    /// Its numbers are reserved. Callers see `forwarding`.
    Prepared,
    /// It was sent at least once. Callers see `forwarding`.
    Sent,
    /// The host has it. Final.
    Acknowledged,
    /// The host said no, or it could not be put to the host, and no send can have worked. Final; its amount is free
    /// again.
    Declined,
    /// What became of it the host will not say: people must look. Shown everywhere, never deleted.
    Stuck,
}

impl RefundState {
    /// Every state, in the order of the table.
    pub const ALL: [Self; 10] = [
        Self::Unknown,
        Self::Waiting,
        Self::Rejected,
        Self::Expired,
        Self::Approved,
        Self::Prepared,
        Self::Sent,
        Self::Acknowledged,
        Self::Declined,
        Self::Stuck,
    ];

    /// The word in JSON, on screen and in the index.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Approved | Self::Prepared | Self::Sent => "forwarding",
            state => state.table_word(),
        }
    }

    /// The word in the table and in the journal's rows.
    #[must_use]
    pub fn table_word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Waiting => "waiting",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Approved => "approved",
            Self::Prepared => "prepared",
            Self::Sent => "sent",
            Self::Acknowledged => "acknowledged",
            Self::Declined => "declined",
            Self::Stuck => "stuck",
        }
    }

    /// Whether the till still owes the host something that it can do by itself.
    #[must_use]
    pub fn is_debt(self) -> bool {
        matches!(self, Self::Approved | Self::Prepared | Self::Sent)
    }

    /// Whether nothing of the till's own doing will change it any more.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Rejected | Self::Expired | Self::Acknowledged | Self::Declined | Self::Stuck)
    }

    /// Whether its amount cannot be given back a second time.
    #[must_use]
    pub fn holds_its_amount(self) -> bool {
        !matches!(self, Self::Unknown | Self::Rejected | Self::Expired | Self::Declined)
    }

    /// Whether money moved, for errors about such a refund. A refund is never reversed.
    #[must_use]
    pub fn standing(self) -> (Money, Reversal) {
        let money = match self {
            Self::Sent | Self::Stuck => Money::MayHaveMoved,
            Self::Acknowledged => Money::Moved,
            _ => Money::NotMoved,
        };
        (money, Reversal::NotNeeded)
    }

    /// Where `step` leads from here.
    ///
    /// # Errors
    /// [`IllegalRefundStep`] for every pair that is not in the table.
    pub fn after(self, step: RefundStep) -> Result<Self, IllegalRefundStep> {
        REFUND_TRANSITIONS
            .iter()
            .find(|row| row.from == self && row.step == step)
            .map(|row| row.to)
            .ok_or(IllegalRefundStep { from: self, step })
    }
}

impl Serialize for RefundState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// One that is being forwarded is read as one that was sent: nobody else can tell them apart.
impl<'de> Deserialize<'de> for RefundState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        let state = Self::ALL.into_iter().rev().find(|state| state.word() == word);
        state.filter(|state| *state != Self::Unknown).ok_or_else(|| D::Error::custom("no state of a refund"))
    }
}

impl fmt::Display for RefundState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What can happen to a refund. Each is one journalled event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefundStep {
    /// Somebody asks for it.
    Request,
    /// Somebody else, or the host, lets it go out.
    Approve,
    /// Somebody who may approve says no.
    Reject,
    /// Its time to wait is over.
    Expire,
    /// A STAN is reserved.
    Prepare,
    /// It is about to leave.
    Send,
    /// The host answered and neither took nor refused it.
    Hear,
    /// The host has something else under this STAN, and this refund not.
    LoseStan,
    /// The host has it.
    Acknowledge,
    /// The host says no.
    Decline,
    /// It cannot be put to the host, and no send can have worked.
    Withdraw,
    /// What became of it cannot be learnt.
    Stick,
    /// A supervisor says how a stuck one has ended.
    Decide,
    /// A voucher is printed.
    Print,
}

impl RefundStep {
    /// Every step, in the order of the table.
    pub const ALL: [Self; 14] = [
        Self::Request,
        Self::Approve,
        Self::Reject,
        Self::Expire,
        Self::Prepare,
        Self::Send,
        Self::Hear,
        Self::LoseStan,
        Self::Acknowledge,
        Self::Decline,
        Self::Withdraw,
        Self::Stick,
        Self::Decide,
        Self::Print,
    ];

    /// The journal event that records it.
    #[must_use]
    pub fn event(self) -> &'static str {
        match self {
            Self::Request => "refund.requested",
            Self::Approve => "refund.approved",
            Self::Reject => "refund.rejected",
            Self::Expire => "refund.expired",
            Self::Prepare => "refund.prepared",
            Self::Send => "refund.sent",
            Self::Hear | Self::LoseStan => "refund.answered",
            Self::Acknowledge => "refund.acknowledged",
            Self::Decline => "refund.declined",
            Self::Withdraw => "refund.withdrawn",
            Self::Stick => "refund.stuck",
            Self::Decide => "refund.decided",
            Self::Print => "refund.printed",
        }
    }
}

/// A step that the table does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IllegalRefundStep {
    /// Where the refund stands.
    pub from: RefundState,
    /// What cannot happen there.
    pub step: RefundStep,
}

impl fmt::Display for IllegalRefundStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot follow {}", self.step.event(), self.from.table_word())
    }
}

impl std::error::Error for IllegalRefundStep {}

/// One legal transition, with the reason in words.
#[derive(Clone, Copy, Debug)]
pub struct RefundTransition {
    /// Where the refund stands.
    pub from: RefundState,
    /// What happens.
    pub step: RefundStep,
    /// Where it stands then.
    pub to: RefundState,
    /// When and why.
    pub when: &'static str,
}

const fn row(from: RefundState, step: RefundStep, to: RefundState, when: &'static str) -> RefundTransition {
    RefundTransition { from, step, to, when }
}

/// All that is legal. Whatever is not here is refused.
#[rustfmt::skip]
pub const REFUND_TRANSITIONS: &[RefundTransition] = {
    use RefundState::{Acknowledged, Approved, Declined, Expired, Prepared, Rejected, Sent, Stuck, Unknown, Waiting};
    use RefundStep::{Acknowledge, Approve, Decide, Decline, Expire, Hear, LoseStan, Prepare, Print, Reject, Request, Send, Stick, Withdraw};
    &[
        row(Unknown, Request, Waiting, "the sale has so much left, and the shop's rules allow it"),
        row(Waiting, Approve, Approved, "a verified second person, or the host where the rules leave it to the host"),
        row(Waiting, Reject, Rejected, "somebody who may approve, with a reason"),
        row(Waiting, Expire, Expired, "the request's lifetime is over"),
        row(Approved, Prepare, Prepared, "its turn on the line: STAN and batch are reserved"),
        row(Prepared, Prepare, Prepared, "before the first send another batch was opened, or the agreed dialect changed"),
        row(Prepared, Send, Sent, "synced before the first byte leaves"),
        row(Sent, Prepare, Prepared, "no send can have worked, and the batch or the dialect is another: a new STAN"),
        row(Sent, Send, Sent, "not acknowledged yet: sent again, same STAN and fields, as a repeat"),
        row(Sent, Hear, Sent, "verified answer: not yet, or to sign on first"),
        row(Sent, LoseStan, Approved, "94 to the first send under a STAN, which something else has: a new one"),
        row(Sent, Acknowledge, Acknowledged, "verified answer: approved, or 94 to a repeat, with its reference"),
        row(Sent, Decline, Declined, "verified answer: refused, and no earlier send may have worked"),
        row(Prepared, Withdraw, Declined, "it does not fit the agreed dialect"),
        row(Sent, Withdraw, Declined, "it does not fit the agreed dialect, and no send can have worked"),
        row(Sent, Stick, Stuck, "refused although an earlier send may have worked, no STAN is free at the host, or the agreed dialect has changed"),
        row(Stuck, Decide, Stuck, "a supervisor says whether the customer has the money"),
        row(Approved, Print, Approved, "a voucher that says: not known yet"),
        row(Prepared, Print, Prepared, "a voucher that says: not known yet"),
        row(Sent, Print, Sent, "a voucher that says: not known yet"),
        row(Acknowledged, Print, Acknowledged, "the voucher"),
        row(Declined, Print, Declined, "a voucher that says: declined"),
        row(Stuck, Print, Stuck, "a voucher that says: not known yet"),
    ]
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// For each state, the steps that are legal there. Written by hand, not derived from the table under test.
    #[rustfmt::skip]
    const LEGAL: [(RefundState, &[RefundStep]); 10] = {
        use RefundStep::*;
        [
            (RefundState::Unknown, &[Request]),
            (RefundState::Waiting, &[Approve, Reject, Expire]),
            (RefundState::Rejected, &[]),
            (RefundState::Expired, &[]),
            (RefundState::Approved, &[Prepare, Print]),
            (RefundState::Prepared, &[Prepare, Send, Withdraw, Print]),
            (RefundState::Sent, &[Prepare, Send, Hear, LoseStan, Acknowledge, Decline, Withdraw, Stick, Print]),
            (RefundState::Acknowledged, &[Print]),
            (RefundState::Declined, &[Print]),
            (RefundState::Stuck, &[Decide, Print]),
        ]
    };

    #[test]
    fn every_state_takes_its_legal_steps_and_names_the_illegal_ones() {
        let mut refused = 0;
        for (state, legal) in LEGAL {
            for step in RefundStep::ALL {
                match state.after(step) {
                    Ok(_) => assert!(legal.contains(&step), "{state:?} must refuse {step:?}"),
                    Err(error) => {
                        assert!(!legal.contains(&step), "{state:?} must take {step:?}");
                        let sentence = format!("{} cannot follow {}", step.event(), state.table_word());
                        assert_eq!(error.to_string(), sentence);
                        refused += 1;
                    }
                }
            }
        }
        assert_eq!(refused + REFUND_TRANSITIONS.len(), RefundState::ALL.len() * RefundStep::ALL.len());
    }

    #[test]
    fn callers_are_not_told_how_far_a_refund_has_been_forwarded() {
        for (state, word, read) in [
            (RefundState::Approved, "forwarding", RefundState::Sent),
            (RefundState::Prepared, "forwarding", RefundState::Sent),
            (RefundState::Sent, "forwarding", RefundState::Sent),
            (RefundState::Waiting, "waiting", RefundState::Waiting),
            (RefundState::Stuck, "stuck", RefundState::Stuck),
        ] {
            let json = serde_json::to_value(state).unwrap();
            assert_eq!((json.as_str(), serde_json::from_value(json.clone()).unwrap()), (Some(word), read));
        }
        for word in ["unknown", "approved", "sent", ""] {
            assert!(serde_json::from_value::<RefundState>(word.into()).is_err(), "{word}");
        }
    }

    #[test]
    fn a_pair_has_one_row() {
        let pair = |row: &RefundTransition| (row.from.table_word(), format!("{:?}", row.step));
        let pairs: BTreeSet<_> = REFUND_TRANSITIONS.iter().map(pair).collect();
        assert_eq!(pairs.len(), REFUND_TRANSITIONS.len());
    }

    #[test]
    fn no_way_leads_to_the_host_but_through_an_approval() {
        for row in REFUND_TRANSITIONS.iter().filter(|row| row.to.is_debt() && !row.from.is_debt()) {
            assert_eq!((row.from, row.step), (RefundState::Waiting, RefundStep::Approve), "{row:?}");
        }
    }

    #[test]
    fn what_is_final_stays_as_it_is_and_is_no_debt() {
        for row in REFUND_TRANSITIONS.iter().filter(|row| row.from.is_final()) {
            assert_eq!(row.to, row.from, "{row:?}");
        }
        assert!(RefundState::ALL.iter().all(|state| !(state.is_final() && state.is_debt())));
    }

    #[test]
    fn an_amount_is_free_again_only_where_no_send_can_have_worked() {
        for row in REFUND_TRANSITIONS.iter().filter(|row| !row.to.holds_its_amount()) {
            let never_held = !row.from.holds_its_amount();
            let never_sent = row.from == RefundState::Waiting;
            let is_ended = matches!(row.step, RefundStep::Decline | RefundStep::Withdraw);
            assert!(never_held || never_sent || is_ended, "{row:?}");
        }
    }

    #[test]
    fn people_are_asked_only_about_what_was_sent() {
        for row in REFUND_TRANSITIONS.iter().filter(|row| row.to == RefundState::Stuck && row.from != row.to) {
            assert_eq!(row.from, RefundState::Sent, "{row:?}");
        }
    }
}
