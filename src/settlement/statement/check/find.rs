//! Which sale, void or refund a line means.
//!
//! Numbers come round again: a reference number after years, a trace number with each batch. Of several attempts the
//! one nearest in days is meant. Evidence: `tests/statement_check.rs`.

use crate::journal::{Journal, JournalError};
use crate::payment::Kind;
use crate::payment::books::{self, Booked, BookedRefund, By, RefundBy};
use crate::settlement::statement::bits::Bits;
use crate::settlement::statement::check::ours::{BOOKED_LATE_DAYS_MAX, our_day};
use crate::settlement::statement::{Day, Line, LineKind};

/// What a line means.
pub(super) enum Named {
    /// A sale.
    Sale(Box<Booked>),
    /// The void of this sale.
    Void(Box<Booked>),
    /// A refund.
    Refund(Box<BookedRefund>),
}

/// What the line means. `charged` are the sales and `given_back` the refunds that an earlier line has named.
pub(super) fn named(
    journal: &Journal,
    line: &Line,
    charged: &Bits,
    given_back: &Bits,
) -> Result<Option<Named>, JournalError> {
    let may_be_refund = gives_back(line) && line.kind != Some(LineKind::Void);
    if may_be_refund && let Some(refund) = refund_by_number(journal, line)? {
        return Ok(Some(Named::Refund(Box::new(refund))));
    }
    let Some(found) = by_the_best(journal, line, charged)? else {
        // One whose sign is wrong.
        return Ok(refund_by_number(journal, line)?.map(|refund| Named::Refund(Box::new(refund))));
    };
    if let Some(sale) = &found.view.of {
        return Ok(books::attempt(journal, sale)?.map(|booked| Named::Void(Box::new(booked))));
    }
    if may_be_refund && let Some(refund) = refund_of(journal, &found, line, given_back)? {
        return Ok(Some(Named::Refund(Box::new(refund))));
    }
    Ok(Some(Named::Sale(Box::new(found))))
}

/// Whether a line goes the customer's way.
fn gives_back(line: &Line) -> bool {
    match line.kind {
        Some(kind) => matches!(kind, LineKind::Refund | LineKind::Void),
        None => line.amount_minor < 0,
    }
}

/// The refund by its own number.
fn refund_by_number(journal: &Journal, line: &Line) -> Result<Option<BookedRefund>, JournalError> {
    if let Some(rrn) = &line.rrn {
        let found = books::refunds(journal, RefundBy::Rrn(rrn), PAGE_ROWS, None)?.refunds;
        if let Some(found) = nearest_refund(found, line) {
            return Ok(Some(found));
        }
    }
    let Some(stan) = line.stan else { return Ok(None) };
    let mut found = books::refunds(journal, RefundBy::Stan(stan), PAGE_ROWS, None)?.refunds;
    found.retain(|refund| match line.batch {
        Some(batch) => refund.view.batch == Some(batch),
        None => last_day(refund).is_some_and(|day| is_near(day, line)),
    });
    Ok(nearest_refund(found, line))
}

/// A refund of this sale of the line's amount that no line has named yet.
fn refund_of(
    journal: &Journal,
    sale: &Booked,
    line: &Line,
    given_back: &Bits,
) -> Result<Option<BookedRefund>, JournalError> {
    let mut found = books::refunds(journal, RefundBy::Attempt(&sale.view.attempt), PAGE_ROWS, None)?.refunds;
    found.retain(|refund| {
        let same = refund.view.amount.minor() == line.amount_minor.unsigned_abs();
        same && refund.view.sends > 0 && !given_back.contains(refund.opened_at)
    });
    Ok(nearest_refund(found, line))
}

fn nearest_refund(candidates: Vec<BookedRefund>, line: &Line) -> Option<BookedRefund> {
    candidates.into_iter().min_by_key(|refund| last_day(refund).map_or(u32::MAX, |day| day.distance(line.date)))
}

fn last_day(refund: &BookedRefund) -> Option<Day> {
    refund.sent_on.as_ref().and_then(|(_, last)| Day::from_iso(last))
}

/// The attempt, by the best of what the line has.
fn by_the_best(journal: &Journal, line: &Line, seen: &Bits) -> Result<Option<Booked>, JournalError> {
    if let Some(rrn) = &line.rrn
        && let Some(found) = nearest(first(journal, By::Rrn(rrn))?, line)
    {
        return Ok(Some(found));
    }
    if let Some(found) = by_trace(journal, line)? {
        return Ok(Some(found));
    }
    let Some(order) = &line.order else { return Ok(None) };
    let mut candidates = first(journal, By::Order(order.to_look_up()))?;
    candidates.retain(|booked| booked.view.kind == Kind::Sale);
    // One order may have several attempts: those that nobody has named yet, and of the same amount, come first.
    let amount = line.amount_minor.unsigned_abs();
    let is_unlikely = |booked: &Booked| (seen.contains(booked.opened_at), booked.view.amount.minor() != amount);
    let least = candidates.iter().map(is_unlikely).min();
    candidates.retain(|booked| Some(is_unlikely(booked)) == least);
    Ok(nearest(candidates, line))
}

/// By trace number, with the batch or else with the day.
fn by_trace(journal: &Journal, line: &Line) -> Result<Option<Booked>, JournalError> {
    let Some(stan) = line.stan else { return Ok(None) };
    let fits = |booked: &Booked| match line.batch {
        Some(batch) => booked.view.batch == Some(batch),
        None => our_day(booked).is_some_and(|day| is_near(day, line)),
    };
    let mut after = None;
    let mut candidates = Vec::new();
    loop {
        let page = books::page(journal, By::Stan(stan), PAGE_ROWS, after)?;
        candidates.extend(page.attempts.into_iter().filter(fits));
        after = page.next;
        if after.is_none() || !candidates.is_empty() {
            return Ok(nearest(candidates, line));
        }
    }
}

fn is_near(day: Day, line: &Line) -> bool {
    if line.is_booking_date {
        (day..=day.plus(BOOKED_LATE_DAYS_MAX)).contains(&line.date)
    } else {
        day.distance(line.date) <= 1
    }
}

fn first(journal: &Journal, by: By<'_>) -> Result<Vec<Booked>, JournalError> {
    Ok(books::page(journal, by, PAGE_ROWS, None)?.attempts)
}

/// A void may carry its sale's numbers: of the two, the one that goes the line's way.
fn nearest(candidates: Vec<Booked>, line: &Line) -> Option<Booked> {
    let gives_back = gives_back(line);
    candidates.into_iter().min_by_key(|booked| {
        let goes_the_other_way = (booked.view.kind == Kind::Void) != gives_back;
        (goes_the_other_way, our_day(booked).map_or(u32::MAX, |day| day.distance(line.date)))
    })
}

/// More attempts than one number or order has on most tills.
const PAGE_ROWS: usize = 50;
