//! A void: a whole sale of the open batch is taken back by an attempt of its own.
//!
//! Guards stand in this order: a void that is known, a till that is frozen or busy, a journal that could not take
//! everything, one of which the host knows a later state, a batch that the host would change, then the sale: it is there, it is a sale,
//! approved, not voided, no void of it in doubt, not settled, nothing refunded, of the open batch. They stand again when
//! the void's turn has come. From then on it lives as a sale does (`host.rs`); its reversal is the dialect's own (`reversal.rs`).
//!
//! It never asks for the card and sends nothing of it. Evidence: `tests/payment_void.rs`, `tests/void_kills.rs`.

use crate::acquirer::Request;
use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::ids::{AttemptId, BatchNo};
use crate::iso8583::{Op, Side, ValueName, Values};
use crate::journal::SideWork;
use crate::payment::engine::host::message_values;
use crate::payment::engine::record::Refused;
use crate::payment::engine::sale::{Admission, Phase, Wanted};
use crate::payment::engine::{Engine, Halt};
use crate::payment::exchange::Ticket;
use crate::payment::ledger::{self, Entry};
use crate::payment::state::State;
use crate::payment::view::{AttemptView, Decision, Kind, VoidOrder};
use crate::ports::{Notice, Prompt};
use crate::session::Permit;
use crate::session::actions::VoidSale;

impl Engine {
    pub(super) fn start_void(
        &mut self,
        ticket: Ticket,
        order: VoidOrder,
        permit: Permit<VoidSale>,
        now: Now,
    ) -> Result<(), Halt> {
        let admission = self.admit_void(order)?;
        self.enter(ticket, admission, || permit.spend(), now);
        Ok(())
    }

    /// The guards, in their documented order.
    fn admit_void(&self, order: VoidOrder) -> Result<Admission, Halt> {
        if let Some(known) = self.admit_known_void(&order)? {
            return Ok(known);
        }
        if let Some(error) = self.nothing_may_begin()? {
            return Ok(Admission::Refused(error));
        }
        let sale = match self.voidable(&order.of)? {
            Ok(sale) => sale,
            Err(error) => return Ok(Admission::Refused(error)),
        };
        if self.dialect.row(Op::Void).is_none() {
            let error = Error::from(ErrorCode::OperationNotInDialect).word("operation", Op::Void.word());
            return Ok(Admission::Refused(error));
        }
        let (amount, order_no) = (sale.view.amount, sale.view.order);
        Ok(match order.attempt.map_or_else(|| self.mint(), Ok) {
            Ok(attempt) => Admission::New(Wanted { attempt, of: Some(order.of), amount, order: order_no }),
            Err(error) => Admission::Refused(error),
        })
    }

    /// A void that is in the journal or under way: the same name for the same sale is the same void.
    fn admit_known_void(&self, order: &VoidOrder) -> Result<Option<Admission>, Halt> {
        let Some(attempt) = &order.attempt else { return Ok(None) };
        let conflict = || Some(Admission::Refused(Error::from(ErrorCode::AttemptConflict).of_attempt(attempt)));
        if let Some(under_way) = self.sale.as_ref().filter(|sale| sale.attempt == *attempt) {
            let is_same = under_way.of.as_ref() == Some(&order.of);
            return Ok(if is_same { Some(Admission::Joins) } else { conflict() });
        }
        let Some(entry) = ledger::entry(&self.journal, attempt)? else { return Ok(None) };
        if entry.view.of.as_ref() != Some(&order.of) {
            return Ok(conflict());
        }
        Ok(Some(Admission::Known(Box::new(ledger::shown(&self.journal, entry)?))))
    }

    /// The sale, if it can be voided now.
    fn voidable(&self, of: &AttemptId) -> Result<Result<Entry, Error>, Halt> {
        let Some(entry) = ledger::entry(&self.journal, of)? else {
            return Ok(Err(Error::from(ErrorCode::AttemptUnknown).of_attempt(of)));
        };
        let open = ledger::taken(&self.journal)?.batch;
        let view = ledger::shown(&self.journal, entry.clone())?;
        Ok(match refusal(&view, open, self.held_of(of)?) {
            None => Ok(entry),
            Some(ErrorCode::AttemptNotApproved) => {
                let error = Error::from(ErrorCode::AttemptNotApproved).of_attempt(of).with_standing(entry.standing());
                Err(error.word("kind", view.kind.word()).word("state", view.state.word()))
            }
            Some(code) => {
                let error = Error::from(code).of_attempt(of);
                Err(if can_be_refunded(code) { error.word("instead", "refund") } else { error })
            }
        })
    }

    /// The void's turn has come: it is prepared and handed over.
    pub(super) fn begin_void(&mut self, of: &AttemptId, now: Now) -> Result<(), Halt> {
        let sale = match self.voidable(of)? {
            Ok(sale) => sale,
            Err(error) => {
                self.refuse_sale(error);
                return Ok(());
            }
        };
        let Some(void) = &self.sale else { return Ok(()) };
        let attempt = void.attempt.clone();
        let taken = ledger::taken(&self.journal)?;
        let Some(stan) = self.free_stan(taken)? else {
            self.refuse_sale(Error::from(ErrorCode::StorageFailed).word("why", "batch_has_no_free_stan"));
            return Ok(());
        };
        let prepared = self.prepared(void, (stan, taken.batch), now);
        let mut values = message_values(&prepared);
        self.name_original(&sale, &mut values);
        match self.record(&attempt, &prepared.of_void(of.clone()), SideWork::None, now) {
            Ok(()) => {}
            Err(Refused::NotWritten(code)) => {
                self.refuse_sale(code.into());
                return Ok(());
            }
            Err(Refused::Over(halt)) => return Err(halt),
        }
        self.conversation.set_batch(taken.batch);
        if let Some(void) = &mut self.sale {
            void.phase = Phase::Prepared { presented: None };
        }
        self.notice(Notice::Show(Prompt::Authorising));
        self.hand_over_or_end(Request { op: Op::Void, stan, values, is_repeat: false }, now)
    }

    /// The host's own numbers of the sale, which take the place of the card's.
    fn name_original(&self, sale: &Entry, values: &mut Values) {
        if let Some(mti) = self.dialect.row(Op::Sale).map(|row| row.mti(Side::Request)) {
            values.set(ValueName::OriginalMti, mti);
        }
        if let Some(prepared) = &sale.prepared {
            prepared.put_as_original(values);
        }
        put_references(&sale.view, values);
    }
}

/// Why this cannot be voided.
fn refusal(sale: &AttemptView, open: BatchNo, held_minor: u64) -> Option<ErrorCode> {
    if let Some(code) = not_standing(sale) {
        return Some(code);
    }
    if sale.settled {
        return Some(ErrorCode::AlreadySettled);
    }
    if held_minor > 0 {
        return Some(ErrorCode::AttemptHasRefunds);
    }
    // Whatever is approved in another batch than the open one was closed with it.
    (sale.batch != Some(open)).then_some(ErrorCode::AlreadySettled)
}

/// Why the sale does not stand, so that nothing of it can be given back.
pub(super) fn not_standing(sale: &AttemptView) -> Option<ErrorCode> {
    if sale.kind != Kind::Sale || !matches!(sale.state, State::Approved | State::Voided) {
        return Some(ErrorCode::AttemptNotApproved);
    }
    if sale.state == State::Voided {
        planted!(RefundOfVoided, return None);
        return Some(ErrorCode::AlreadyVoided);
    }
    if let Some(void) = &sale.void {
        match (void.state, void.decision) {
            (State::ReversalStuck, Some(Decision::NotCharged)) => return Some(ErrorCode::AlreadyVoided),
            (State::ReversalStuck, Some(Decision::Charged)) => {}
            (state, _) if state.is_final() && state != State::ReversalStuck => {}
            _ => return Some(ErrorCode::VoidInDoubt),
        }
    }
    None
}

fn can_be_refunded(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::AlreadySettled | ErrorCode::AttemptHasRefunds)
}

/// What the host called the sale.
pub(super) fn put_references(sale: &AttemptView, values: &mut Values) {
    if let Some(rrn) = &sale.rrn {
        values.set(ValueName::OriginalRrn, rrn.as_str());
    }
    if let Some(auth_code) = &sale.auth_code {
        values.set(ValueName::OriginalAuthCode, auth_code.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::WallMs;
    use crate::money::{Amount, Currency};
    use crate::payment::view::VoidView;

    fn sale(change: impl FnOnce(&mut AttemptView)) -> AttemptView {
        let amount = Amount::from_minor(1_230, Currency::CNY).unwrap();
        let mut view = AttemptView::opened(&AttemptId::new("A-1").unwrap(), None, amount, WallMs(0));
        (view.state, view.batch) = (State::Approved, BatchNo::new(7).ok());
        change(&mut view);
        view
    }

    fn with_void(state: State, decision: Option<Decision>) -> AttemptView {
        let attempt = AttemptId::new("V-1").unwrap();
        sale(|view| view.void = Some(VoidView { attempt, state, decision }))
    }

    #[test]
    fn what_is_approved_in_the_open_batch_and_whole_is_voided_and_nothing_else() {
        use ErrorCode as E;
        let in_state = |state| sale(|view| view.state = state);
        let (charged, not_charged) = (Some(Decision::Charged), Some(Decision::NotCharged));
        let rows = [
            (sale(|_| ()), 0, None),
            (sale(|view| view.kind = Kind::Void), 0, Some(E::AttemptNotApproved)),
            (in_state(State::Prepared), 0, Some(E::AttemptNotApproved)),
            (in_state(State::InDoubt), 0, Some(E::AttemptNotApproved)),
            (in_state(State::Declined), 0, Some(E::AttemptNotApproved)),
            (in_state(State::NotSent), 0, Some(E::AttemptNotApproved)),
            (in_state(State::ReversalDue), 0, Some(E::AttemptNotApproved)),
            (in_state(State::Reversed), 0, Some(E::AttemptNotApproved)),
            (in_state(State::ReversalStuck), 0, Some(E::AttemptNotApproved)),
            (in_state(State::Voided), 0, Some(E::AlreadyVoided)),
            (with_void(State::Prepared, None), 0, Some(E::VoidInDoubt)),
            (with_void(State::InDoubt, None), 0, Some(E::VoidInDoubt)),
            (with_void(State::ReversalDue, None), 0, Some(E::VoidInDoubt)),
            (with_void(State::ReversalStuck, None), 0, Some(E::VoidInDoubt)),
            (with_void(State::ReversalStuck, not_charged), 0, Some(E::AlreadyVoided)),
            (with_void(State::ReversalStuck, charged), 0, None),
            (with_void(State::Declined, None), 0, None),
            (with_void(State::NotSent, None), 0, None),
            (with_void(State::Reversed, None), 0, None),
            (sale(|view| view.settled = true), 0, Some(E::AlreadySettled)),
            (sale(|view| view.batch = BatchNo::new(6).ok()), 0, Some(E::AlreadySettled)),
            (sale(|_| ()), 1, Some(E::AttemptHasRefunds)),
        ];
        let open = BatchNo::new(7).unwrap();
        for (number, (view, held_minor, refused)) in rows.into_iter().enumerate() {
            assert_eq!(refusal(&view, open, held_minor), refused, "row {number}");
        }
    }
}
