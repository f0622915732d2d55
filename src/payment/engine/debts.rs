//! What is owed to the host: when each debt goes out, and whose turn it is.
//!
//! A debt is a reversal (`reversal.rs`) or an approved refund (`forward.rs`). The list is only the waits, made from the
//! journal when the till opens; each send is recorded first. A round drives every debt until it is closed or stuck,
//! no answer comes, or [`ROUND_SENDS_MAX`] sends were answered. What an answer means is each kind's own table.
//!
//! It never drops a debt. Evidence: `tests/payment_bugs.rs`, `mod tests`.

use std::collections::BTreeMap;

use crate::acquirer::{Answer, NotSentCause, Request};
use crate::clock::{MonoMs, Now};
use crate::ids::{AttemptId, RefundId};
use crate::payment::engine::{Engine, Halt};
use crate::payment::exchange::Ticket;

/// One thing that is owed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owed {
    /// Taking back what may have been booked.
    Reversal(AttemptId),
    /// Giving back what somebody may give.
    Refund(RefundId),
}

impl Owed {
    /// The attempt that is to be reversed.
    pub fn reversal(&self) -> Option<&AttemptId> {
        match self {
            Self::Reversal(attempt) => Some(attempt),
            Self::Refund(_) => None,
        }
    }

    /// The refund that is to be forwarded.
    pub fn refund(&self) -> Option<&RefundId> {
        match self {
            Self::Reversal(_) => None,
            Self::Refund(refund) => Some(refund),
        }
    }
}

/// The waits of the open debts, oldest debt first.
#[derive(Default)]
pub(super) struct Debts {
    open: Vec<Debt>,
    on_the_line: Option<Owed>,
    round: Option<Round>,
}

struct Debt {
    owed: Owed,
    due: MonoMs,
    /// The wait after the next send.
    wait_ms: u64,
    /// Whether it has had the second send that follows a sign-on at once.
    signed_on_for: bool,
}

/// One turn for every debt.
#[derive(Default)]
struct Round {
    /// Whose turn is not over, and how many more answers of the host it may take.
    left: BTreeMap<Owed, u32>,
    /// All of it.
    all: Vec<Owed>,
    /// Who waits for its end.
    tickets: Vec<Ticket>,
}

impl Debts {
    /// A debt that is due at once.
    pub fn add(&mut self, owed: Owed, now: MonoMs) {
        self.open.push(Debt { owed, due: now, wait_ms: 0, signed_on_for: false });
    }

    pub fn count(&self) -> usize {
        self.open.len()
    }

    /// The attempts that are to be reversed, oldest first.
    pub fn reversals(&self) -> impl Iterator<Item = &AttemptId> {
        self.open.iter().filter_map(|debt| debt.owed.reversal())
    }

    /// The refunds that are to be forwarded, oldest first.
    pub fn refunds(&self) -> impl Iterator<Item = &RefundId> {
        self.open.iter().filter_map(|debt| debt.owed.refund())
    }

    pub fn is_on_the_line(&self) -> bool {
        self.on_the_line.is_some()
    }

    /// The line is free; the debt is what it was.
    pub fn leave_the_line(&mut self) {
        self.on_the_line = None;
    }

    pub fn next_due(&self) -> Option<MonoMs> {
        self.open.iter().map(|debt| debt.due).min()
    }

    /// Makes every debt due with short waits, in a round of its own or in the one that is on.
    pub fn begin_round(&mut self, ticket: Option<Ticket>, now: Now) {
        for debt in &mut self.open {
            debt.due = debt.due.min(now.mono);
            debt.wait_ms = 0;
        }
        let round = self.round.get_or_insert_default();
        for debt in &self.open {
            if !round.all.contains(&debt.owed) {
                round.all.push(debt.owed.clone());
                round.left.insert(debt.owed.clone(), ROUND_SENDS_MAX);
            }
        }
        round.tickets.extend(ticket);
    }

    pub fn round_is_open(&self) -> bool {
        self.round.as_ref().is_some_and(|round| !round.left.is_empty())
    }

    /// The round, when the turn of each of its debts is over: all of it, and who waits.
    pub fn end_of_round(&mut self) -> Option<(Vec<Owed>, Vec<Ticket>)> {
        if self.round_is_open() { None } else { self.round.take().map(|round| (round.all, round.tickets)) }
    }

    /// Ends the round wherever it is; says who waited.
    pub fn abandon_round(&mut self) -> Vec<Ticket> {
        self.round.take().map(|round| round.tickets).unwrap_or_default()
    }

    /// Whether its last send came at once after a sign-on that was made for it.
    pub fn was_signed_on_for(&self, owed: &Owed) -> bool {
        self.open.iter().any(|debt| debt.owed == *owed && debt.signed_on_for)
    }

    fn find(&mut self, owed: &Owed) -> Option<&mut Debt> {
        self.open.iter_mut().find(|debt| debt.owed == *owed)
    }

    fn first_due(&self, now: MonoMs) -> Option<Owed> {
        self.open.iter().find(|debt| debt.due <= now).map(|debt| debt.owed.clone())
    }

    fn turn_is_over(&mut self, owed: &Owed) {
        if let Some(round) = &mut self.round {
            round.left.remove(owed);
        }
    }

    /// The host answered a send of this debt. Its turn goes on, but not for ever.
    pub fn answered(&mut self, owed: &Owed) {
        if let Some(answers) = self.round.as_mut().and_then(|round| round.left.get_mut(owed)) {
            *answers -= 1;
            if *answers == 0 {
                self.turn_is_over(owed);
            }
        }
    }

    /// It is owed no more, or not by the till alone.
    pub fn close(&mut self, owed: &Owed) {
        self.turn_is_over(owed);
        self.open.retain(|debt| debt.owed != *owed);
    }

    /// Waits before the next send: the first wait, then twice the last, up to the longest.
    fn put_off(&mut self, owed: &Owed, first_ms: u64, max_ms: u64, now: MonoMs) {
        if let Some(debt) = self.find(owed) {
            debt.wait_ms = if debt.wait_ms == 0 { first_ms } else { debt.wait_ms.saturating_mul(2) }.min(max_ms);
            debt.due = now.after_ms(debt.wait_ms);
            debt.signed_on_for = false;
        }
    }
}

impl Engine {
    /// Whether the line is free for debts: what is in progress, if anything, only waits for them.
    pub(super) fn may_pay_debts(&self) -> bool {
        self.waits_for_debts() && !self.debts.is_on_the_line() && !self.conversation.is_busy()
    }

    /// Sends the next debt that is due, or reports the end of a round. Says whether anything moved.
    pub(super) fn send_next_debt(&mut self, now: Now) -> Result<bool, Halt> {
        if let Some((all, tickets)) = self.debts.end_of_round() {
            self.report_round(&all, tickets)?;
            return Ok(true);
        }
        if !self.may_pay_debts() {
            return Ok(false);
        }
        let Some(owed) = self.debts.first_due(now.mono) else { return Ok(false) };
        let request = match &owed {
            Owed::Reversal(attempt) => self.reversal_request(attempt, now)?,
            Owed::Refund(refund) => self.refund_request(refund, now)?,
        };
        match request {
            ToSend::Request(request) => {
                self.debts.on_the_line = Some(owed);
                if !self.hand_over(request) {
                    self.debt_unanswered(now)?;
                }
                Ok(true)
            }
            ToSend::Stuck | ToSend::NotNow => Ok(true),
            ToSend::Unknown => Ok(false),
        }
    }

    /// The request is packed: the send is recorded before it happens.
    pub(super) fn debt_leaves(&mut self, now: Now) -> Result<(), Halt> {
        match self.debts.on_the_line.clone() {
            Some(Owed::Reversal(attempt)) => self.reversal_leaves(&attempt, now),
            Some(Owed::Refund(refund)) => self.refund_leaves(&refund, now),
            None => self.withdraw(now),
        }
    }

    /// The host's verified word on what is on the line.
    pub(super) fn take_debt_answer(&mut self, answer: &Answer, now: Now) -> Result<(), Halt> {
        match self.debts.on_the_line.clone() {
            Some(Owed::Reversal(attempt)) => self.take_reversal_answer(&attempt, answer, now),
            Some(Owed::Refund(refund)) => self.take_refund_answer(&refund, answer, now),
            None => Ok(()),
        }
    }

    /// The host answered, and the debt stays: it waits for its next send.
    pub(super) fn debt_answered(&mut self, owed: &Owed, now: Now) {
        self.debts.on_the_line = None;
        self.put_off(owed, now);
        self.debts.answered(owed);
    }

    /// The keys of till and host are not the same: the conversation signs on before the next send, which need
    /// not wait. Once only, for a host whose MACs are never right.
    pub(super) fn debt_needs_sign_on(&mut self, now: Now) -> Result<(), Halt> {
        let first = self.debts.on_the_line.clone().and_then(|owed| {
            self.debts.find(&owed).map(|debt| {
                debt.due = now.mono;
                !std::mem::replace(&mut debt.signed_on_for, true)
            })
        });
        if first == Some(true) {
            self.debts.on_the_line = None;
            return Ok(());
        }
        self.debt_unanswered(now)
    }

    /// Nothing that closes the debt was heard: it waits for its next send.
    pub(super) fn debt_unanswered(&mut self, now: Now) -> Result<(), Halt> {
        let Some(owed) = self.debts.on_the_line.take() else { return Ok(()) };
        planted!(RefundAssumed, self.take_refund_for_paid(&owed, now)?);
        planted!(ReversalDroppedAfterTries, self.drop_after_tries(&owed, now)?);
        self.turn_lost(&owed, now);
        Ok(())
    }

    /// It waits for its next send, and its turn is over.
    pub(super) fn turn_lost(&mut self, owed: &Owed, now: Now) {
        self.put_off(owed, now);
        self.debts.turn_is_over(owed);
    }

    fn put_off(&mut self, owed: &Owed, now: Now) {
        let policy = self.configuration.policy;
        self.debts.put_off(owed, policy.reversal_wait_first_ms, policy.reversal_wait_max_ms, now.mono);
    }

    /// There are no words for it, or there is no way to the host: then no debt can be tried now.
    pub(super) fn debt_not_sent(&mut self, cause: &NotSentCause, now: Now) -> Result<(), Halt> {
        if matches!(cause, NotSentCause::Unpackable | NotSentCause::OperationNotInDialect)
            && let Some(owed) = self.debts.on_the_line.take()
        {
            return match &owed {
                Owed::Reversal(attempt) => self.reversal_unpackable(attempt, now),
                Owed::Refund(refund) => self.refund_unpackable(refund, now),
            };
        }
        self.debt_unanswered(now)?;
        let left = self.debts.round.as_mut().map(|round| std::mem::take(&mut round.left));
        for owed in left.into_iter().flat_map(BTreeMap::into_keys) {
            self.put_off(&owed, now);
        }
        Ok(())
    }
}

/// What becomes of a debt that is due.
pub(super) enum ToSend {
    /// It goes out.
    Request(Request),
    /// It cannot: that is recorded, or will be.
    Stuck,
    /// It waits, and its turn is over.
    NotNow,
    /// The journal does not know it.
    Unknown,
}

/// A host that answers, but never with an end, keeps a round no longer than the waits between so many sends.
const ROUND_SENDS_MAX: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{BootCount, WallMs};

    fn debt(name: &str) -> Owed {
        Owed::Reversal(AttemptId::new(name).unwrap())
    }

    fn at(mono: u64) -> Now {
        Now { wall: WallMs(0), mono: MonoMs(mono), boot: BootCount(1) }
    }

    #[test]
    fn the_wait_doubles_up_to_the_policys_longest() {
        let mut debts = Debts::default();
        debts.add(debt("A"), MonoMs(0));
        let mut waits = Vec::new();
        for _ in 0..8 {
            debts.put_off(&debt("A"), 1_000, 60_000, MonoMs(500));
            waits.push(debts.next_due().unwrap().0 - 500);
        }
        assert_eq!(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    }

    #[test]
    fn a_round_is_over_when_each_of_its_debts_had_its_turn() {
        let mut debts = Debts::default();
        debts.add(debt("A"), MonoMs(90_000));
        debts.add(debt("B"), MonoMs(90_000));
        debts.begin_round(Some(Ticket(1)), at(10));
        assert_eq!(debts.first_due(MonoMs(10)), Some(debt("A")), "a round knows no waits");
        debts.begin_round(Some(Ticket(2)), at(11));
        for _ in 0..ROUND_SENDS_MAX {
            debts.put_off(&debt("A"), 1_000, 60_000, MonoMs(12));
            assert!(debts.round_is_open());
            debts.answered(&debt("A"));
        }
        assert!(debts.round_is_open() && debts.end_of_round().is_none());
        debts.close(&debt("B"));
        let (all, tickets) = debts.end_of_round().unwrap();
        assert_eq!((all, tickets), (vec![debt("A"), debt("B")], vec![Ticket(1), Ticket(2)]));
        assert_eq!(debts.count(), 1, "what was put off is still owed");
    }
}
