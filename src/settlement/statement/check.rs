//! The check itself: lines in, differences out, and at the end whatever of ours no line has named.
//!
//! 1. [`Check::begin`] notes how long the journal is: what happens meanwhile is not expected.
//! 2. [`Check::take`] for lines, as many at a time as one likes.
//! 3. [`Check::left`] until it gives nothing: the attempts of the period, a page at a time.
//! 4. [`Check::end`] makes the event.
//!
//! An attempt is named by the host's reference number; otherwise by trace number with batch or day; otherwise by the
//! order. What was taken back counts whole: both lines or none. Two bits an attempt remember what was seen.
//!
//! It never writes. Evidence: `tests/statement_check.rs`.

mod find;
mod ours;
mod standing;

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::AttemptId;
use crate::journal::{Cursor, Draft, Journal, JournalError};
use crate::payment::Kind as AttemptKind;
use crate::payment::books::{self, Booked, BookedRefund, By, RefundBy};
use crate::settlement::statement::bits::Bits;
use crate::settlement::statement::events::{StatementChecked, hex};
use crate::settlement::statement::{
    Counts, Day, Difference, DifferenceKind as Kind, Line, LineKind, Remedy, Source, Why,
};
use find::{Named, gives_back};
use ours::{Ours, Verdict, of_nothing};
use standing::{Standing, given_back};

/// What is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Where the lines come from.
    pub source: Source,
    /// This till's terminal id, as the acquirer names it: lines that name another are passed over.
    pub terminal: String,
    /// The first day for which ours is expected; the first that a line names, unless it is given.
    pub from: Option<Day>,
    /// The last.
    pub to: Option<Day>,
}

/// A check under way. It holds no line but a few that wait for their partner.
pub struct Check {
    terms: Terms,
    /// How many events there were when it began.
    size: u64,
    /// Attempts whose payment was seen, and those that were seen to be taken back.
    charged: Bits,
    taken_back: Bits,
    /// Payments of attempts that were taken back, until the line that takes them back comes.
    waiting: BTreeMap<u64, Line>,
    /// Losses without a word where a payment is expected: their sign is wrong, unless the payment comes as well.
    turned: BTreeMap<u64, Line>,
    days: BTreeSet<Day>,
    span: Option<(Day, Day)>,
    lines: u64,
    passed_over: u64,
    counts: Counts,
    walk: Option<Walk>,
}

/// Where the walk over our own attempts is.
struct Walk {
    /// The days that are left; the last one is the present one.
    days: Vec<Day>,
    /// Whether its attempts were all looked at, and its refunds are next.
    is_at_refunds: bool,
    after: Option<Cursor>,
}

impl Walk {
    /// The next page of this day: attempts first, then refunds.
    fn step(&mut self, journal: &Journal, day: Day) -> Result<(Vec<Booked>, Vec<BookedRefund>), JournalError> {
        let day = day.to_string();
        if self.is_at_refunds {
            let page = books::refunds(journal, RefundBy::HostDay(&day), PAGE_ROWS, self.after)?;
            self.after = page.next;
            if page.next.is_none() {
                self.is_at_refunds = false;
                self.days.pop();
            }
            return Ok((Vec::new(), page.refunds));
        }
        let page = books::page(journal, By::HostDay(&day), PAGE_ROWS, self.after)?;
        self.after = page.next;
        self.is_at_refunds = page.next.is_none();
        Ok((page.attempts, Vec::new()))
    }
}

impl Check {
    /// Begins a check of the journal as it is.
    #[must_use]
    pub fn begin(journal: &Journal, terms: Terms) -> Self {
        Self {
            terms,
            size: journal.head().size,
            charged: Bits::default(),
            taken_back: Bits::default(),
            waiting: BTreeMap::new(),
            turned: BTreeMap::new(),
            days: BTreeSet::new(),
            span: None,
            lines: 0,
            passed_over: 0,
            counts: Counts::default(),
            walk: None,
        }
    }

    /// Takes lines and says what differs.
    ///
    /// # Errors
    /// Those of the journal.
    pub fn take(&mut self, journal: &Journal, lines: Vec<Line>) -> Result<Vec<Difference>, JournalError> {
        let mut found = Vec::new();
        for line in lines {
            self.lines += 1;
            self.judge(journal, line, &mut found)?;
        }
        Ok(self.counted(found))
    }

    /// The next page of what no line has named, or has named by halves; nothing when all was looked at.
    ///
    /// # Errors
    /// Those of the journal.
    pub fn left(&mut self, journal: &Journal) -> Result<Option<Vec<Difference>>, JournalError> {
        let period = self.period();
        let all_days = || {
            let expected =
                period.into_iter().flat_map(|(from, to)| (0..=from.distance(to)).map(move |day| from.plus(day)));
            self.days.iter().copied().chain(expected).collect::<BTreeSet<_>>().into_iter().collect()
        };
        let walk = self.walk.get_or_insert_with(|| Walk { days: all_days(), is_at_refunds: false, after: None });
        let Some(day) = walk.days.last().copied() else { return Ok(None) };
        let (attempts, refunds) = walk.step(journal, day)?;
        let is_expected = period.is_some_and(|(from, to)| (from..=to).contains(&day));
        // What came to stand as it does since the check began: the statement may be older than that.
        let size = self.size;
        let attempts = attempts.into_iter().filter(|booked| booked.view.journal.sequence <= size);
        let mut found: Vec<_> = attempts.filter_map(|booked| self.unnamed(booked, is_expected)).collect();
        let refunds = refunds.into_iter().filter(|refund| refund.view.journal.sequence <= size);
        found.extend(refunds.filter_map(|refund| self.unnamed_refund(refund, is_expected)));
        Ok(Some(self.counted(found)))
    }

    /// The event that says what was found. `digest` is of everything that was read.
    #[must_use]
    pub fn end(self, digest: &[u8; 32], operator: String) -> Draft {
        let period = self.period();
        let checked = StatementChecked {
            source: self.terms.source,
            from: period.map(|(from, _)| from),
            to: period.map(|(_, to)| to),
            lines: self.lines,
            passed_over: self.passed_over,
            differences: self.counts,
            sha256: hex(digest),
        };
        checked.draft(operator)
    }

    fn counted(&mut self, found: Vec<Difference>) -> Vec<Difference> {
        found.iter().for_each(|difference| self.counts.add(difference.kind));
        found
    }

    /// The days for which ours is expected.
    fn period(&self) -> Option<(Day, Day)> {
        let from = self.terms.from.or(self.span.map(|(first, _)| first))?;
        let to = self.terms.to.or(self.span.map(|(_, last)| last))?;
        (from <= to).then_some((from, to))
    }

    /// What a line says of itself, and of a payment that waited for it.
    fn judge(&mut self, journal: &Journal, line: Line, found: &mut Vec<Difference>) -> Result<(), JournalError> {
        let is_elsewhere = line.terminal.as_ref().is_some_and(|name| !name.eq_ignore_ascii_case(&self.terms.terminal));
        if is_elsewhere || line.kind == Some(LineKind::Payout) {
            self.passed_over += 1;
            return Ok(());
        }
        if line.kind == Some(LineKind::Fee) {
            found.push(of_nothing(Kind::Fee, Why::FeeLine, Remedy::CompareTheContract).on(line));
            return Ok(());
        }
        if line.kind == Some(LineKind::Rest) {
            found.push(of_nothing(Kind::Amount, Why::NotItemised, Remedy::CompareTheContract).on(line));
            return Ok(());
        }
        if !line.is_booking_date {
            self.span_over(line.date);
        }
        let Some(named) = find::named(journal, &line, &self.charged, &self.taken_back)? else {
            found.push(of_nothing(Kind::NotMine, Why::NoAttempt, Remedy::LookAtOtherTills).on(line));
            return Ok(());
        };
        let ours = Ours::of(&named);
        if let Some((first, last)) = ours.days {
            self.days.insert(last);
            if line.is_booking_date {
                self.span_over(first);
            }
        }
        let verdict = match &named {
            Named::Refund(refund) => self.refunded(line, refund, &ours),
            Named::Void(booked) => self.taken_back(line, booked, &ours),
            Named::Sale(booked) if self.may_be_turned(&line, booked) => {
                self.turned.insert(booked.opened_at, line);
                Verdict::Waits
            }
            Named::Sale(booked) if gives_back(&line) => self.taken_back(line, booked, &ours),
            Named::Sale(booked) => self.paid(line, booked, &ours),
        };
        match verdict {
            Verdict::Differs(difference) => found.push(*difference),
            Verdict::Waits => {}
            Verdict::TakesBack(line) => {
                found.extend(ours.by_whom(journal, ours.void.as_ref().map(AttemptId::as_str), line)?.err())
            }
            Verdict::Fits(line) => found.extend(ours.in_time(journal, line)?),
        }
        if self.taken_back.contains(ours.opened_at)
            && let Some(paid) = self.waiting.remove(&ours.opened_at)
        {
            found.extend(ours.in_time(journal, paid)?);
        }
        Ok(())
    }

    fn span_over(&mut self, day: Day) {
        let (first, last) = self.span.unwrap_or((day, day));
        self.span = Some((first.min(day), last.max(day)));
    }

    /// Whether a line may be the payment itself, the wrong way round: it gives back without a word what stands, and no line
    /// has paid it yet.
    fn may_be_turned(&self, line: &Line, booked: &Booked) -> bool {
        let same = line.amount_minor.unsigned_abs() == booked.view.amount.minor();
        let is_first = !self.charged.contains(booked.opened_at) && !self.turned.contains_key(&booked.opened_at);
        let stands = Standing::of(&booked.view) == Standing::Charged;
        line.kind.is_none() && gives_back(line) && same && stands && is_first && self.turned.len() < WAITING_MAX
    }

    /// A line of a payment.
    fn paid(&mut self, line: Line, booked: &Booked, ours: &Ours) -> Verdict {
        if !self.charged.insert(booked.opened_at) {
            return ours.differs(Kind::Duplicate, None, Remedy::AskToGiveBack, line);
        }
        match Standing::of(&booked.view) {
            Standing::Charged => ours.same_amount(line, ours.gain()),
            Standing::TakenBack(_) => match ours.same_amount(line, ours.gain()) {
                Verdict::Fits(line) if !self.taken_back.contains(booked.opened_at) => {
                    if self.waiting.len() < WAITING_MAX {
                        self.waiting.insert(booked.opened_at, line);
                    }
                    Verdict::Waits
                }
                other => other,
            },
            Standing::Open(why, remedy) => ours.differs(Kind::Unexpected, Some(why), remedy, line),
        }
    }

    /// A line that takes a whole payment back.
    fn taken_back(&mut self, line: Line, booked: &Booked, ours: &Ours) -> Verdict {
        match Standing::of(&booked.view) {
            Standing::TakenBack(_) => {
                if !self.taken_back.insert(booked.opened_at) {
                    return ours.differs(Kind::Duplicate, None, Remedy::AskToChargeAgain, line);
                }
                // On whichever day it was taken back, it fits.
                match ours.same_amount(line, -ours.gain()) {
                    Verdict::Fits(line) => Verdict::TakesBack(line),
                    other => other,
                }
            }
            Standing::Charged => {
                let (why, remedy) = given_back(&booked.view);
                ours.differs(Kind::Unexpected, Some(why), remedy, line)
            }
            Standing::Open(why, _) => ours.differs(Kind::Unexpected, Some(why), Remedy::ResolveAndCheckAgain, line),
        }
    }

    /// A line of a refund.
    fn refunded(&mut self, line: Line, refund: &BookedRefund, ours: &Ours) -> Verdict {
        if !self.taken_back.insert(refund.opened_at) {
            return ours.differs(Kind::Duplicate, None, Remedy::AskToChargeAgain, line);
        }
        match standing::of_refund(&refund.view) {
            Ok(()) => ours.same_amount(line, -ours.gain()),
            Err((why, remedy)) => ours.differs(Kind::Unexpected, Some(why), remedy, line),
        }
    }

    /// What is to be said of an attempt when all lines are known.
    fn unnamed(&mut self, booked: Booked, is_expected: bool) -> Option<Difference> {
        let is_charged = self.charged.contains(booked.opened_at);
        let is_taken_back = self.taken_back.contains(booked.opened_at);
        if booked.view.kind == AttemptKind::Void {
            return None;
        }
        let standing = Standing::of(&booked.view);
        let given_back = given_back(&booked.view);
        let ours = Ours::of(&Named::Sale(Box::new(booked)));
        if let Some(line) = self.turned.remove(&ours.opened_at) {
            return Some(ours.turned(line, is_charged.then_some(given_back)));
        }
        match standing {
            Standing::Charged if !is_charged && is_expected => Some(ours.missing(Why::Approved, Remedy::AskToBook)),
            Standing::Open(Why::ReversalStuck, _) if !is_charged && is_expected => {
                Some(ours.missing(Why::ReversalStuck, Remedy::DecideNotCharged))
            }
            Standing::TakenBack(why) if is_charged != is_taken_back => {
                let remedy = if is_charged { Remedy::AskToGiveBack } else { Remedy::AskToChargeAgain };
                let line = self.waiting.remove(&ours.opened_at);
                Some(Difference { line, ..ours.finding(Kind::Unexpected, Some(why), remedy) })
            }
            _ => None,
        }
    }

    /// The same of a refund.
    fn unnamed_refund(&self, refund: BookedRefund, is_expected: bool) -> Option<Difference> {
        if !is_expected || self.taken_back.contains(refund.opened_at) {
            return None;
        }
        let standing = standing::of_refund(&refund.view);
        let ours = Ours::of(&Named::Refund(Box::new(refund)));
        match standing {
            Ok(()) => Some(ours.missing(Why::Refunded, Remedy::AskToBookTheRefund)),
            Err((Why::RefundStuck, _)) => Some(ours.missing(Why::RefundStuck, Remedy::DecideNotPaid)),
            Err(_) => None,
        }
    }
}

/// How many attempts one page looks at: a few milliseconds.
const PAGE_ROWS: usize = 200;
/// How many lines of each sort may wait for another one. Beyond it the attempt is reported without its line, or a line is
/// judged by those before it.
const WAITING_MAX: usize = 10_000;
