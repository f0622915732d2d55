//! What a check finds: the kind, the cause, and what to do about it.
//!
//! | kind | what it means |
//! |---|---|
//! | `missing` | ours, and not in the statement |
//! | `unexpected` | in the statement, and ours should have no money there |
//! | `amount` | another amount or currency than ours, or than the payments that the bank lists |
//! | `duplicate` | the same payment a second time |
//! | `wrong_day` | another day than ours |
//! | `wrong_sign` | a gain where ours is a loss, or the other way |
//! | `not_mine` | no payment of this till, or one of an operator who was not signed in |
//! | `fee` | the acquirer's own charge, apart or kept back |
//!
//! A line has at most one difference, the first that applies of: `not_mine` without an attempt, `duplicate`,
//! `unexpected`, `wrong_sign`, `fee`, `amount`, `not_mine` by the operator, `wrong_day`. Evidence: `mod tests` below,
//! `tests/statement_check.rs`.

use serde::{Deserialize, Serialize};

use crate::ids::{AttemptId, RefundId};
use crate::settlement::statement::{Day, Line};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable word, as in JSON.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    };
}

words! {
    /// The eight kinds.
    DifferenceKind {
        /// Ours, and not in the statement.
        Missing = "missing",
        /// In the statement, where ours should have no money.
        Unexpected = "unexpected",
        /// Another amount or currency.
        Amount = "amount",
        /// A second time.
        Duplicate = "duplicate",
        /// Another day.
        WrongDay = "wrong_day",
        /// The other direction.
        WrongSign = "wrong_sign",
        /// Not a payment that this till took for somebody who was signed in.
        NotMine = "not_mine",
        /// The acquirer's own charge.
        Fee = "fee",
    }
}

words! {
    /// Why it is a difference, where the kind does not say it all.
    Why {
        /// Ours was approved.
        Approved = "approved",
        /// Ours was declined.
        Declined = "declined",
        /// Ours was never sent.
        NotSent = "not_sent",
        /// Ours is not known yet, or its reversal is under way.
        NotKnownYet = "not_known_yet",
        /// Ours was reversed.
        Reversed = "reversed",
        /// Ours was voided.
        Voided = "voided",
        /// Ours was refunded.
        Refunded = "refunded",
        /// What became of our refund is not known: the statement says what the host did.
        RefundStuck = "refund_stuck",
        /// The reversal of ours is stuck: the statement says what the host did.
        ReversalStuck = "reversal_stuck",
        /// Ours was not taken back.
        NotTakenBack = "not_taken_back",
        /// There is no such attempt.
        NoAttempt = "no_attempt",
        /// The operator of ours was not signed in.
        OperatorNotSignedIn = "operator_not_signed_in",
        /// A line of its own.
        FeeLine = "fee_line",
        /// Kept back of a payment.
        KeptBack = "kept_back",
        /// Booked beyond the payments that the bank lists, without a name.
        NotItemised = "not_itemised",
    }
}

words! {
    /// What to do about it. The texts are `statement.remedy.*`.
    Remedy {
        /// The acquirer owes the money.
        AskToBook = "ask_to_book",
        /// The acquirer charged what it should not have.
        AskToGiveBack = "ask_to_give_back",
        /// The acquirer gave back what it should not have.
        AskToChargeAgain = "ask_to_charge_again",
        /// The till may still settle it by itself.
        ResolveAndCheckAgain = "resolve_and_check_again",
        /// The host charged the customer: a supervisor decides the stuck reversal so.
        DecideCharged = "decide_charged",
        /// The host did not charge the customer: a supervisor decides the stuck reversal so.
        DecideNotCharged = "decide_not_charged",
        /// The acquirer owes the customer the money.
        AskToBookTheRefund = "ask_to_book_the_refund",
        /// The host has paid the customer: a supervisor decides the stuck refund so.
        DecidePaid = "decide_paid",
        /// The host has not paid the customer: a supervisor decides the stuck refund so.
        DecideNotPaid = "decide_not_paid",
        /// Receipt and record say what was agreed.
        CompareTheReceipt = "compare_the_receipt",
        /// The acquirer booked it late or early.
        AskWhyThatDay = "ask_why_that_day",
        /// The acquirer booked it the wrong way round.
        AskToCorrectTheSign = "ask_to_correct_the_sign",
        /// Another till, or nobody's.
        LookAtOtherTills = "look_at_other_tills",
        /// Somebody used the till outside a session.
        LookAtTheOperators = "look_at_the_operators",
        /// The contract says what may be kept.
        CompareTheContract = "compare_the_contract",
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What it is.
    #[serde(rename = "difference")]
    pub kind: DifferenceKind,
    /// Why, where the kind does not say it all.
    pub why: Option<Why>,
    /// The statement's line; nothing for what is missing there.
    pub line: Option<Line>,
    /// The attempt that it is about.
    pub attempt: Option<AttemptId>,
    /// The refund that it is about.
    pub refund: Option<RefundId>,
    /// The event in which it stands as it does; `prove` gives the proof of it.
    pub sequence: Option<u64>,
    /// What ours is, in minor units, as the merchant's gain.
    pub ours_minor: Option<i64>,
    /// Our day.
    pub our_date: Option<Day>,
    /// What to do.
    pub remedy: Remedy,
}

/// How many differences of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Of [`DifferenceKind::Missing`].
    pub missing: u64,
    /// Of [`DifferenceKind::Unexpected`].
    pub unexpected: u64,
    /// Of [`DifferenceKind::Amount`].
    pub amount: u64,
    /// Of [`DifferenceKind::Duplicate`].
    pub duplicate: u64,
    /// Of [`DifferenceKind::WrongDay`].
    pub wrong_day: u64,
    /// Of [`DifferenceKind::WrongSign`].
    pub wrong_sign: u64,
    /// Of [`DifferenceKind::NotMine`].
    pub not_mine: u64,
    /// Of [`DifferenceKind::Fee`].
    pub fee: u64,
}

impl Counts {
    /// How many of this kind.
    #[must_use]
    pub fn of(mut self, kind: DifferenceKind) -> u64 {
        *self.place(kind)
    }

    /// How many that somebody must look at: all but the acquirer's own charges.
    #[must_use]
    pub fn to_look_at(self) -> u64 {
        DifferenceKind::ALL.iter().filter(|kind| **kind != DifferenceKind::Fee).map(|kind| self.of(*kind)).sum()
    }

    pub(super) fn add(&mut self, kind: DifferenceKind) {
        *self.place(kind) += 1;
    }

    fn place(&mut self, kind: DifferenceKind) -> &mut u64 {
        match kind {
            DifferenceKind::Missing => &mut self.missing,
            DifferenceKind::Unexpected => &mut self.unexpected,
            DifferenceKind::Amount => &mut self.amount,
            DifferenceKind::Duplicate => &mut self.duplicate,
            DifferenceKind::WrongDay => &mut self.wrong_day,
            DifferenceKind::WrongSign => &mut self.wrong_sign,
            DifferenceKind::NotMine => &mut self.not_mine,
            DifferenceKind::Fee => &mut self.fee,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Catalogue, Language};

    #[test]
    fn each_word_has_its_text_in_each_language() {
        let kinds = DifferenceKind::ALL.iter().map(|kind| format!("statement.difference.{}", kind.word()));
        let causes = Why::ALL.iter().map(|why| format!("statement.why.{}", why.word()));
        let remedies = Remedy::ALL.iter().map(|remedy| format!("statement.remedy.{}", remedy.word()));
        for key in kinds.chain(causes).chain(remedies) {
            for language in Language::ALL {
                assert!(!Catalogue::of(language).say(&key, &[]).is_empty(), "{key}");
            }
        }
    }

    #[test]
    fn counts_are_kept_by_kind() {
        let mut counts = Counts::default();
        for (times, kind) in DifferenceKind::ALL.iter().enumerate() {
            (0..=times).for_each(|_| counts.add(*kind));
        }
        let all: Vec<u64> = DifferenceKind::ALL.iter().map(|kind| counts.of(*kind)).collect();
        assert_eq!((all, counts.to_look_at()), ((1..=8).collect(), 28));
    }
}
