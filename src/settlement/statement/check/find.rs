//! Which sale, void or refund a line means.
//!
//! Numbers come round again: a reference number after years, a trace number with each batch, an order with each try. Of
//! several attempts the one is meant that the line fits best, then the one nearest in days. Evidence:
//! `tests/statement_check.rs`.

use crate::ids::{BatchNo, Rrn};
use crate::journal::{Journal, JournalError};
use crate::payment::Kind;
use crate::payment::books::{self, Booked, BookedRefund, By, RefundBy};
use crate::settlement::statement::bits::Bits;
use crate::settlement::statement::check::ours::{BOOKED_LATE_DAYS_MAX, our_day};
use crate::settlement::statement::check::standing::Standing;
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

/// What the line means. `charged` are the sales, `given_back` the refunds and what was taken back, that an earlier line
/// has named.
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
    let Some(found) = by_the_best(journal, line, charged, given_back)? else {
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

/// Whether a line goes the customer's way, by its word or else by its sign.
pub(super) fn gives_back(line: &Line) -> bool {
    match line.kind {
        Some(kind) => matches!(kind, LineKind::Refund | LineKind::Void),
        None => line.amount_minor < 0,
    }
}

/// The refund by its own number.
fn refund_by_number(journal: &Journal, line: &Line) -> Result<Option<BookedRefund>, JournalError> {
    if let Some(rrn) = &line.rrn
        && let Some(found) = nearest_refund(refunds(journal, RefundBy::Rrn(rrn))?, line)
    {
        return Ok(Some(found));
    }
    let Some(stan) = line.stan else { return Ok(None) };
    let mut found = refunds(journal, RefundBy::Stan(stan))?;
    found.retain(|refund| is_traced(line, refund.view.rrn.as_ref(), refund.view.batch, last_day(refund)));
    Ok(nearest_refund(found, line))
}

/// A refund of this sale of the line's amount that no line has named yet.
fn refund_of(
    journal: &Journal,
    sale: &Booked,
    line: &Line,
    given_back: &Bits,
) -> Result<Option<BookedRefund>, JournalError> {
    let mut found = refunds(journal, RefundBy::Attempt(&sale.view.attempt))?;
    found.retain(|refund| {
        let same = refund.view.amount.minor() == line.amount_minor.unsigned_abs();
        same && refund.view.sends > 0 && !given_back.contains(refund.opened_at)
    });
    Ok(nearest_refund(found, line))
}

/// All refunds that have this in common: they are few.
fn refunds(journal: &Journal, by: RefundBy<'_>) -> Result<Vec<BookedRefund>, JournalError> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = books::refunds(journal, by, PAGE_ROWS, after)?;
        found.extend(page.refunds);
        after = page.next;
        if after.is_none() {
            return Ok(found);
        }
    }
}

fn nearest_refund(candidates: Vec<BookedRefund>, line: &Line) -> Option<BookedRefund> {
    candidates.into_iter().min_by_key(|refund| last_day(refund).map_or(u32::MAX, |day| day.distance(line.date)))
}

fn last_day(refund: &BookedRefund) -> Option<Day> {
    refund.sent_on.as_ref().and_then(|(_, last)| Day::from_iso(last))
}

/// The attempt, by the best of what the line has.
fn by_the_best(
    journal: &Journal,
    line: &Line,
    charged: &Bits,
    given_back: &Bits,
) -> Result<Option<Booked>, JournalError> {
    let gives_back = gives_back(line);
    // A void may carry its sale's numbers: of the two, the one that goes the line's way.
    let goes_the_other_way = |booked: &Booked| (booked.view.kind == Kind::Void) != gives_back;
    if let Some(rrn) = &line.rrn
        && let Some(found) = likeliest(journal, By::Rrn(rrn), line, |booked| Some(goes_the_other_way(booked)))?
    {
        return Ok(Some(found));
    }
    let traced = |booked: &Booked| is_traced(line, booked.view.rrn.as_ref(), booked.view.batch, our_day(booked));
    let unlikely = |booked: &Booked| traced(booked).then(|| goes_the_other_way(booked));
    if let Some(stan) = line.stan
        && let Some(found) = likeliest(journal, By::Stan(stan), line, unlikely)?
    {
        return Ok(Some(found));
    }
    let Some(order) = &line.order else { return Ok(None) };
    let seen = if gives_back { given_back } else { charged };
    let takes_back = gives_back && line.kind != Some(LineKind::Refund);
    // One order may have several attempts: those come first that no line has named yet, then those of the same amount,
    // then those that should have such a line.
    let unlikely = |booked: &Booked| {
        let another_amount = booked.view.amount.minor() != line.amount_minor.unsigned_abs();
        let misfit = Standing::of(&booked.view).misfit(takes_back);
        (booked.view.kind == Kind::Sale).then(|| (seen.contains(booked.opened_at), another_amount, misfit))
    };
    likeliest(journal, By::Order(order.to_look_up()), line, unlikely)
}

/// Of all attempts that have this in common the least unlikely one, then the one nearest in days. `unlikely` gives nothing
/// for one that is not meant, and the default for one that is as it should be.
fn likeliest<K: Ord + Default>(
    journal: &Journal,
    by: By<'_>,
    line: &Line,
    unlikely: impl Fn(&Booked) -> Option<K>,
) -> Result<Option<Booked>, JournalError> {
    let mut best: Option<((K, u32), Booked)> = None;
    let mut after = None;
    loop {
        let page = books::page(journal, by, PAGE_ROWS, after)?;
        // Newest first: further pages are only further away.
        let is_past = page.attempts.iter().rev().find_map(our_day).is_some_and(|day| day <= line.date);
        for booked in page.attempts {
            let Some(unlikely) = unlikely(&booked) else { continue };
            let key = (unlikely, our_day(&booked).map_or(u32::MAX, |day| day.distance(line.date)));
            if best.as_ref().is_none_or(|(least, _)| key < *least) {
                best = Some((key, booked));
            }
        }
        after = page.next;
        let is_sure = is_past && best.as_ref().is_some_and(|((unlikely, _), _)| *unlikely == K::default());
        if after.is_none() || is_sure {
            return Ok(best.map(|(_, booked)| booked));
        }
    }
}

/// Whether ours has what the line's trace number stands beside: its batch, or else its day. Another till may have had the
/// same trace number on that day: where the two reference numbers differ, the line must name the batch or this terminal.
fn is_traced(line: &Line, rrn: Option<&Rrn>, batch: Option<BatchNo>, day: Option<Day>) -> bool {
    let is_another = matches!((&line.rrn, rrn), (Some(stated), Some(ours)) if stated != ours);
    match line.batch {
        Some(stated) => batch == Some(stated),
        None if is_another && line.terminal.is_none() => false,
        None => day.is_some_and(|day| is_near(day, line)),
    }
}

fn is_near(day: Day, line: &Line) -> bool {
    if line.is_booking_date {
        (day..=day.plus(BOOKED_LATE_DAYS_MAX)).contains(&line.date)
    } else {
        day.distance(line.date) <= 1
    }
}

/// What one number or order has on most tills fits into one page.
const PAGE_ROWS: usize = 50;
