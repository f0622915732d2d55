//! Which attempt a line means.
//!
//! Numbers come round again: a reference number after years, a trace number with each batch. Of several attempts the
//! one nearest in days is meant. Evidence: `tests/statement_check.rs`.

use crate::journal::{Journal, JournalError};
use crate::payment::Kind;
use crate::payment::books::{self, Booked, By};
use crate::settlement::statement::bits::Bits;
use crate::settlement::statement::check::{BOOKED_LATE_DAYS_MAX, our_day};
use crate::settlement::statement::{Day, Line, LineKind};

/// The sale that the line means, and whether it names the sale's void.
pub(super) fn attempt(journal: &Journal, line: &Line, seen: &Bits) -> Result<Option<(Booked, bool)>, JournalError> {
    let Some(found) = by_the_best(journal, line, seen)? else { return Ok(None) };
    match &found.view.of {
        Some(sale) if found.view.kind == Kind::Void => Ok(books::attempt(journal, sale)?.map(|booked| (booked, true))),
        _ => Ok(Some((found, false))),
    }
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
    let mut candidates = first(journal, By::Order(order))?;
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
    let gives_back = match line.kind {
        Some(kind) => matches!(kind, LineKind::Refund | LineKind::Void),
        None => line.amount_minor < 0,
    };
    candidates.into_iter().min_by_key(|booked| {
        let goes_the_other_way = (booked.view.kind == Kind::Void) != gives_back;
        (goes_the_other_way, our_day(booked).map_or(u32::MAX, |day| day.distance(line.date)))
    })
}

/// More attempts than one number or order has on most tills.
const PAGE_ROWS: usize = 50;
