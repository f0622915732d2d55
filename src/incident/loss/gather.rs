//! Gathering a report from the journal, newest event first.
//!
//! The walk ends where a whole step of events is older than the window by more than a day: a clock that was moved by less
//! hides nothing. Each attempt and refund counts where it was opened, as it stands now.
//!
//! It never takes an event's word for how an attempt ended; the ledger says so. Evidence: `tests/incident_loss.rs`.

use crate::account::Configuration;
use crate::clock::{Now, WallMs};
use crate::hex::encode_lower;
use crate::ids::RefundId;
use crate::incident::freeze::standing;
use crate::incident::loss::{LINES_MAX, LossLine, LossOf, LossReport, LossSums, NotMine, NotMineWhy, Sum, Window};
use crate::journal::{Event, Journal, JournalError};
use crate::payment::books::{self, RefundBy};
use crate::payment::refund::state::RefundState;
use crate::payment::state::State;
use crate::payment::{ApprovedBy, AttemptView, Decision, Kind, RefundDecision, RefundView, Tie};
use crate::settlement::statement::is_outside;

/// Makes the report of a window.
///
/// # Errors
/// Those of the journal.
pub fn gather(
    journal: &Journal,
    configuration: &Configuration,
    window: Window,
    made_by: String,
    now: Now,
) -> Result<LossReport, JournalError> {
    let head = journal.head();
    let mut report = LossReport {
        v: 1,
        number: None,
        shop: configuration.merchant.name.clone(),
        terminal: configuration.terminal_id.clone(),
        merchant: configuration.merchant_id.clone(),
        time_zone: configuration.time_zone.clone(),
        from_ms: window.from,
        to_ms: window.to,
        made_ms: now.wall,
        made_by,
        frozen: standing(journal)?.map(|kept| kept.view),
        currency: configuration.currency,
        sums: LossSums::default(),
        operators: Vec::new(),
        readers: Vec::new(),
        lines: Vec::new(),
        is_cut: false,
        not_mine: Vec::new(),
        journal_size: head.size,
        journal_root: encode_lower(&head.root),
    };
    each_newest_first(journal, window, &mut |event| report.take(journal, event))?;
    report.operators.sort_by(|one, other| one.name.cmp(&other.name));
    report.readers.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(report)
}

/// Shows every event of the window, newest first.
pub(in crate::incident) fn each_newest_first(
    journal: &Journal,
    window: Window,
    each: &mut dyn FnMut(&Event) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    let mut end = journal.head().size;
    while end > 0 {
        let begin = end.saturating_sub(EVENTS_A_STEP);
        let count = usize::try_from(end - begin).unwrap_or(usize::MAX);
        let events = journal.events_after(begin, count)?;
        let is_long_before = |event: &Event| event.now.wall.0.saturating_add(DAY_MS) < window.from.0;
        if !events.is_empty() && events.iter().all(is_long_before) {
            return Ok(());
        }
        for event in events.iter().rev().filter(|event| window.holds(event.now.wall)) {
            each(event)?;
        }
        end = begin;
    }
    Ok(())
}

impl Window {
    fn holds(self, at: WallMs) -> bool {
        (self.from..self.to).contains(&at)
    }
}

impl LossReport {
    fn take(&mut self, journal: &Journal, event: &Event) -> Result<(), JournalError> {
        match (event.kind.as_str(), &event.attempt) {
            ("journal.rolled_back", _) => {
                self.note(NotMineWhy::RolledBack, event, None, None);
                Ok(())
            }
            ("refund.requested", Some(attempt)) => {
                let name = event.body.get("refund").and_then(serde_json::Value::as_str);
                let page = books::refunds(journal, RefundBy::Attempt(attempt), REFUNDS_OF_ONE_MAX, None)?;
                let asked = page.refunds.into_iter().find(|booked| Some(booked.view.refund.as_str()) == name);
                asked.map_or(Ok(()), |booked| self.take_refund(journal, event, &booked.view))
            }
            (kind, Some(attempt)) if kind.starts_with("attempt.") => {
                let Some(booked) = books::attempt(journal, attempt)? else { return Ok(()) };
                if booked.opened_at != event.sequence {
                    return Ok(());
                }
                books::whole(journal, attempt)?.map_or(Ok(()), |view| self.take_attempt(journal, event, &view))
            }
            _ => Ok(()),
        }
    }

    fn take_attempt(&mut self, journal: &Journal, event: &Event, view: &AttemptView) -> Result<(), JournalError> {
        let minor = view.amount.minor();
        let is_sale = view.kind == Kind::Sale;
        let is_taken = is_sale && was_taken(view);
        let is_stoppable = is_taken && view.state != State::Voided && !view.settled;
        let left = minor.saturating_sub(view.refunded_minor);
        let reader = if view.kernel.is_some() { "own_reader" } else { "encrypted_reader" };
        self.each(event.operator.as_deref(), is_sale.then_some(reader), |sums| {
            count(&mut sums.gross, is_taken, minor);
            count(&mut sums.at_risk, is_stoppable && left > 0, left);
            count(&mut sums.voided, !is_sale && view.state == State::Approved, minor);
            count(&mut sums.unknown, is_unknown(view), minor);
        });
        if is_outside(journal, view.attempt.as_str())? {
            self.note(NotMineWhy::OutsideSession, event, None, Some(minor));
        }
        let (kind, state, settled) = (view.kind.word(), view.state.word(), view.settled);
        self.show(LossLine { kind, state, settled, ..line(event, view.attempt.clone(), minor) });
        Ok(())
    }

    fn take_refund(&mut self, journal: &Journal, event: &Event, view: &RefundView) -> Result<(), JournalError> {
        let minor = view.amount.minor();
        let is_back = view.state == RefundState::Acknowledged || view.decision == Some(RefundDecision::Paid);
        let is_open = view.state.is_debt() && view.decision.is_none();
        self.each(event.operator.as_deref(), None, |sums| {
            count(&mut sums.refunded, is_back, minor);
            count(&mut sums.unknown, is_open, minor);
        });
        let refund = Some(view.refund.clone());
        if is_outside(journal, view.refund.as_str())? {
            self.note(NotMineWhy::OutsideSession, event, refund.clone(), Some(minor));
        }
        let is_by_another = |by: &ApprovedBy| matches!(by, ApprovedBy::Operator { tie: Tie::None, .. });
        if view.approved_by.as_ref().is_some_and(|by| !is_by_another(by)) {
            self.note(NotMineWhy::NoSecondPerson, event, refund.clone(), Some(minor));
        }
        self.show(LossLine {
            kind: "refund",
            refund,
            state: view.state.word(),
            ..line(event, view.attempt.clone(), minor)
        });
        Ok(())
    }

    /// Counts in all, for the operator and, where there is one, for the reader.
    fn each(&mut self, operator: Option<&str>, reader: Option<&str>, add: impl Fn(&mut LossSums)) {
        add(&mut self.sums);
        add(of(&mut self.operators, operator));
        if let Some(reader) = reader {
            add(of(&mut self.readers, Some(reader)));
        }
    }

    fn show(&mut self, line: LossLine) {
        if self.lines.len() < LINES_MAX { self.lines.push(line) } else { self.is_cut = true }
    }

    fn note(&mut self, why: NotMineWhy, event: &Event, refund: Option<RefundId>, minor: Option<u64>) {
        let (sequence, at_ms, attempt) = (event.sequence, event.now.wall, event.attempt.clone());
        self.not_mine.push(NotMine { why, sequence, at_ms, attempt, refund, minor });
    }
}

fn line(event: &Event, attempt: crate::ids::AttemptId, minor: u64) -> LossLine {
    LossLine {
        sequence: event.sequence,
        at_ms: event.now.wall,
        kind: "sale",
        attempt,
        refund: None,
        state: "",
        minor,
        settled: false,
        operator: event.operator.clone(),
    }
}

fn count(sum: &mut Sum, counts: bool, minor: u64) {
    if counts {
        sum.add(minor);
    }
}

fn of<'a>(all: &'a mut Vec<LossOf>, name: Option<&str>) -> &'a mut LossSums {
    let at = all.iter().position(|one| one.name.as_deref() == name).unwrap_or_else(|| {
        all.push(LossOf { name: name.map(str::to_owned), sums: LossSums::default() });
        all.len() - 1
    });
    &mut all[at].sums
}

fn was_taken(view: &AttemptView) -> bool {
    matches!(view.state, State::Approved | State::Voided) || view.decision == Some(Decision::Charged)
}

fn is_unknown(view: &AttemptView) -> bool {
    view.state == State::Prepared || (view.state.is_debt() && view.decision.is_none())
}

const EVENTS_A_STEP: u64 = 256;
const DAY_MS: i64 = 86_400_000;
/// More than one sale can have had in its window.
const REFUNDS_OF_ONE_MAX: usize = 1_000;
