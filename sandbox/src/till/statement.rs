//! `statement check`: a statement of the acquirer or the bank against this till's record, difference by difference.
//!
//! A file is CSV where a map of columns is given, camt where it begins as XML does, and otherwise CSV with the columns'
//! own names. The exit code is 1 when somebody must look at something. Evidence: `sandbox/tests/till_statement.rs`.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde_json::json;
use taptill::error::{Error, ErrorCode};
use taptill::money::Amount;
use taptill::ports::Clock;
use taptill::receipt::Zone;
use taptill::settlement::statement::{ColumnMap, Day, Difference, StatementSummary};
use taptill::terminal::{StatementFile, StatementRequest};
use taptill::text::{Catalogue, Language};

use crate::desktop::SystemClock;

use super::args::{StatementAction, StatementCheck};
use super::context::Till;
use super::failure::Failure;
use super::output::{Line, Reply, Tone, pair};

/// More than any map of columns needs.
const MAP_BYTES_MAX: u64 = 64 << 10;

pub(super) fn run(till: &mut Till, action: &StatementAction) -> Result<Reply, Failure> {
    match action {
        StatementAction::Check(check) => self::check(till, check),
        StatementAction::Last => {
            let last = till.terminal()?.last_statement_check()?;
            let lines = match &last {
                Some(summary) => summary_lines(summary),
                None => vec![Line::Plain(Catalogue::of(Language::En).say("till.no_statement_check", &[]))],
            };
            Reply::of(&last, lines)
        }
    }
}

fn check(till: &mut Till, arguments: &StatementCheck) -> Result<Reply, Failure> {
    let mut shown = Shown { limit: arguments.limit as usize, differences: Vec::new(), left_out: 0 };
    let summary = match &arguments.file {
        Some(path) => check_file(till, arguments, path, &mut shown)?,
        None => check_host(till, arguments, &mut shown)?,
    };
    let Shown { differences, left_out, .. } = shown;
    let json = json!({ "summary": summary, "differences": differences, "left_out": left_out });
    let mut lines = summary_lines(&summary);
    lines.extend(differences.iter().flat_map(difference_lines));
    if left_out > 0 {
        lines.push(Line::Plain(format!("{left_out} more are left out; --limit shows them.")));
    }
    Ok(Reply { json, lines, ok: summary.differences.to_look_at() == 0 })
}

/// What is shown of what was found.
struct Shown {
    limit: usize,
    differences: Vec<Difference>,
    left_out: u64,
}

impl Shown {
    fn take(&mut self, difference: Difference) {
        if self.differences.len() < self.limit { self.differences.push(difference) } else { self.left_out += 1 }
    }
}

fn check_file(
    till: &mut Till,
    arguments: &StatementCheck,
    path: &Path,
    shown: &mut Shown,
) -> Result<StatementSummary, Failure> {
    let map = arguments.columns.as_deref().map(column_map).transpose()?;
    let mut reader = open(path)?;
    let file = match map {
        Some(map) => StatementFile::Csv(Box::new(map)),
        None if begins_as_xml(&mut reader)? => StatementFile::Camt,
        None => StatementFile::Csv(Box::default()),
    };
    let request = StatementRequest { file, from: day(&arguments.from), to: day(&arguments.to) };
    Ok(till.terminal()?.check_statement(reader, &request, &mut |difference| shown.take(difference))?)
}

/// The host's own lines, of today in the shop's zone unless a day is given.
fn check_host(till: &mut Till, arguments: &StatementCheck, shown: &mut Shown) -> Result<StatementSummary, Failure> {
    let terminal = till.terminal()?;
    let zone = Zone::named(&terminal.configuration()?.time_zone).map_err(|_| ErrorCode::ConfigurationInvalid)?;
    let today = Day::from_iso(&zone.date(SystemClock::default().now().wall)).ok_or(ErrorCode::DeviceClockWrong)?;
    let from = day(&arguments.from).unwrap_or(today);
    let to = day(&arguments.to).unwrap_or(from.max(today));
    Ok(terminal.check_statement_of_host(from, to, &mut |difference| shown.take(difference))?)
}

fn day(text: &Option<String>) -> Option<Day> {
    text.as_deref().and_then(Day::from_iso)
}

fn column_map(path: &Path) -> Result<ColumnMap, Failure> {
    let unusable = || Error::from(ErrorCode::FileUnusable);
    let mut text = String::new();
    let limited = File::open(path).map_err(|_| unusable())?.take(MAP_BYTES_MAX + 1);
    BufReader::new(limited).read_to_string(&mut text).map_err(|_| unusable())?;
    if text.len() as u64 > MAP_BYTES_MAX {
        return Err(unusable().into());
    }
    Ok(ColumnMap::from_toml(&text)?)
}

fn open(path: &Path) -> Result<BufReader<File>, Failure> {
    let file = File::open(path).map_err(|_| Error::from(ErrorCode::FileUnusable))?;
    Ok(BufReader::with_capacity(64 << 10, file))
}

/// Whether the first character is that of a tag; a byte order mark and blanks may stand before it.
fn begins_as_xml(reader: &mut impl BufRead) -> Result<bool, Failure> {
    let begin = reader.fill_buf().map_err(|_| Error::from(ErrorCode::FileUnusable))?;
    let text = begin.strip_prefix(b"\xef\xbb\xbf").unwrap_or(begin);
    Ok(text.trim_ascii_start().first() == Some(&b'<'))
}

fn summary_lines(summary: &StatementSummary) -> Vec<Line> {
    let count = summary.differences.to_look_at();
    let head = if count == 0 {
        Line::Head(Tone::Good, format!("{} lines, and all is as it should be.", summary.lines))
    } else {
        Line::Head(Tone::Open, format!("{} lines, {count} to look at.", summary.lines))
    };
    let day = |day: Option<Day>| day.map_or("-".to_owned(), |day| day.to_string());
    vec![
        head,
        pair("period", &format!("{} to {}", day(summary.from), day(summary.to))),
        pair("fees", &summary.differences.fee.to_string()),
        pair("passed over", &summary.passed_over.to_string()),
        pair("record", &summary.sequence.to_string()),
    ]
}

fn difference_lines(difference: &Difference) -> Vec<Line> {
    let texts = Catalogue::of(Language::En);
    let kind = texts.say(&format!("statement.difference.{}", difference.kind.word()), &[]);
    let subject = difference.attempt.as_ref().map(|attempt| format!(" {attempt}")).unwrap_or_default();
    let mut lines = vec![Line::Head(Tone::Open, format!("{kind}{subject}"))];
    if let Some(why) = difference.why {
        lines.push(pair("why", &texts.say(&format!("statement.why.{}", why.word()), &[])));
    }
    if let Some(line) = &difference.line {
        let amount = Amount::from_minor(line.amount_minor.unsigned_abs(), line.currency);
        let amount = amount.map_or_else(|_| line.amount_minor.to_string(), |amount| amount.to_string());
        let sign = if line.amount_minor < 0 { "-" } else { "" };
        lines.push(pair("line", &format!("{}: {} {sign}{amount}", line.number, line.date)));
    }
    if let Some(sequence) = difference.sequence {
        lines.push(pair("proof", &format!("taptill prove {sequence}")));
    }
    lines.push(pair("what to do", &texts.say(&format!("statement.remedy.{}", difference.remedy.word()), &[])));
    lines
}
