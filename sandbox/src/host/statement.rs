//! The host's statement of a day: a line for each sale, void and refund that stands, in pages.
//!
//! A sale that was reversed, and the reversal, are not on it. Strange lines are made on demand, all in the order of
//! the book: the first kind lined up changes the first lines, the next kind those after them.
//! Evidence: `sandbox/tests/host_statement.rs`.

use taptill::acquirer::{LineKind, StatementLine};
use taptill::ids::{BatchNo, Rrn, Stan};
use taptill::iso8583::{ValueName, Values};

use super::book::{BookEntry, EntryKind, EntryState};
use super::day::HostTime;
use super::error::HostError;
use super::ruling::{Case, Ruling, code};
use super::script::Kind;

/// What a strange line's amount is larger by, and what a line that nobody knows is over: minor units.
const STRANGE_MINOR: u64 = 1;
const UNKNOWN_MINOR: u64 = 777;
/// A fee is this part of its sale, and at least one minor unit.
const FEE_PART: u64 = 100;

impl Case<'_> {
    /// A page of the statement of the day that is asked for.
    pub(super) fn statement(&self) -> Result<Ruling, HostError> {
        let day = self.request.text(ValueName::StatementDay).unwrap_or_default();
        let (Some((from, until)), Some(page)) = (HostTime::span_of(day), self.number(ValueName::StatementPage)) else {
            return Ok(Ruling::plain(code::FORMAT_ERROR));
        };
        let terminal = &self.terminal.terminal;
        if page <= 1 {
            self.page.begin_statement(terminal)?;
        }
        let entries = self.page.entries_between(terminal, from, until)?;
        let mut lines: Vec<_> = entries.iter().filter_map(line).collect();
        let mut at = 0;
        for (kind, count) in self.page.statement_changes(terminal)? {
            for _ in 0..count {
                at = change(&mut lines, at, kind, day);
            }
        }
        Ok(Ruling::bringing(paged(&lines, page as usize)))
    }
}

fn paged(lines: &[StatementLine], page: usize) -> Values {
    let mut brought = Values::new();
    brought.set_number(ValueName::StatementPages, lines.len().div_ceil(StatementLine::PAGE_MAX) as u64);
    let mut bytes = Vec::new();
    let skipped = page.saturating_sub(1).saturating_mul(StatementLine::PAGE_MAX);
    lines.iter().skip(skipped).take(StatementLine::PAGE_MAX).for_each(|line| line.write(&mut bytes));
    if !bytes.is_empty() {
        brought.set(ValueName::StatementLines, bytes);
    }
    brought
}

fn line(entry: &BookEntry) -> Option<StatementLine> {
    let kind = match (entry.kind, entry.state) {
        (EntryKind::Sale, EntryState::Booked | EntryState::Voided) => LineKind::Sale,
        (EntryKind::Void, EntryState::Booked) => LineKind::Void,
        (EntryKind::Refund, EntryState::Booked) => LineKind::Refund,
        _ => return None,
    };
    Some(StatementLine {
        kind,
        is_debit: kind != LineKind::Sale,
        amount_minor: entry.amount_minor,
        currency: entry.currency.number(),
        day: HostTime::at(entry.booked_ms).year_month_day().into_bytes().try_into().ok()?,
        batch: Some(entry.batch),
        stan: Some(entry.stan),
        rrn: Some(entry.rrn.clone()),
    })
}

/// Makes one line strange, and says where the next one is that nobody has changed yet.
fn change(lines: &mut Vec<StatementLine>, at: usize, kind: Kind, day: &str) -> usize {
    if kind == Kind::StatementExtra {
        lines.insert(at.min(lines.len()), of_nobody(day, lines.first()));
        return at + 1;
    }
    let Some(line) = lines.get_mut(at) else { return at };
    match kind {
        Kind::StatementMissing => {
            lines.remove(at);
            return at;
        }
        Kind::StatementAmount => line.amount_minor += STRANGE_MINOR,
        Kind::StatementSign => line.is_debit = !line.is_debit,
        Kind::StatementDay => line.day = day_before(line.day),
        Kind::StatementDuplicate => {
            let again = line.clone();
            lines.insert(at, again);
            return at + 2;
        }
        Kind::StatementFee => {
            let amount_minor = (line.amount_minor / FEE_PART).max(1);
            let fee = StatementLine { kind: LineKind::Fee, is_debit: true, amount_minor, ..line.clone() };
            lines.insert(at + 1, fee);
            return at + 2;
        }
        _ => {}
    }
    at + 1
}

fn of_nobody(day: &str, like: Option<&StatementLine>) -> StatementLine {
    StatementLine {
        kind: LineKind::Sale,
        is_debit: false,
        amount_minor: UNKNOWN_MINOR,
        currency: like.map_or(156, |line| line.currency),
        day: day.as_bytes().try_into().unwrap_or(*b"19700101"),
        batch: BatchNo::new(1).ok(),
        stan: Stan::new(989_999).ok(),
        rrn: Rrn::new("999999999999").ok(),
    }
}

fn day_before(day: [u8; 8]) -> [u8; 8] {
    let text = std::str::from_utf8(&day).unwrap_or_default();
    let before = HostTime::span_of(text).map(|(start, _)| taptill::clock::WallMs(start.0 - 1));
    let before = before.map(|before| HostTime::at(before).year_month_day().into_bytes());
    before.and_then(|before| before.try_into().ok()).unwrap_or(day)
}
