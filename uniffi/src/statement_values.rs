//! What the statement check takes and gives: files and days in, lines and differences out.
//!
//! Each record is a copy of what the core says. Causes and remedies are stable words with a text in each language.
//!
//! It never carries a card number that is not masked. Evidence: `uniffi/tests/settlement.rs`, `tests/contract`.

use taptill::error::{Error, ErrorCode};
use taptill::ids::{BatchNo, Stan};
use taptill::settlement::statement as core;
use taptill::terminal;
use taptill::text::Catalogue;

use crate::errors::{TillError, same_words};
use crate::values::Language;

/// What a statement's file is.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum StatementFile {
    /// Comma-separated values.
    Csv {
        /// Which column is what, as TOML (`docs/statement.md`); the columns' own names without it.
        columns: Option<String>,
    },
    /// ISO 20022 camt.053 or camt.054.
    Camt,
}

/// Where lines come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum StatementSource {
    /// The acquirer's host.
    Host,
    /// A file of comma-separated values.
    Csv,
    /// An ISO 20022 file.
    Camt,
}

/// What a line says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum LineKind {
    /// A customer paid.
    Sale,
    /// A customer got money back.
    Refund,
    /// A payment was taken back whole: a void or a reversal.
    Void,
    /// The acquirer's own charge.
    Fee,
    /// The acquirer paid the merchant out, or the other way.
    Payout,
    /// What a bank booked beyond the payments that it lists, and gives no name.
    Rest,
}

/// What a difference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum DifferenceKind {
    /// Ours, and not in the statement.
    Missing,
    /// In the statement, where ours should have no money.
    Unexpected,
    /// Another amount or currency.
    Amount,
    /// A second time.
    Duplicate,
    /// Another day.
    WrongDay,
    /// The other direction.
    WrongSign,
    /// Not a payment that this till took for somebody who was signed in.
    NotMine,
    /// The acquirer's own charge.
    Fee,
}

/// One line of a statement.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct StatementLine {
    /// Its place in the file, from 1; from the host its number in the answer.
    pub number: u64,
    /// The day that it names, as `2026-11-22`.
    pub date: String,
    /// Whether that is the day on which it was booked, which may be later than the payment's.
    pub is_booking_date: bool,
    /// Minor units; positive is the merchant's gain.
    pub amount_minor: i64,
    /// Of those units, ISO 4217.
    pub currency: String,
    /// What it says that it is.
    pub kind: Option<LineKind>,
    /// What was kept back of the amount, in minor units.
    pub fee_minor: Option<i64>,
    /// The host's reference number.
    pub rrn: Option<String>,
    /// The till's trace number.
    pub stan: Option<u32>,
    /// The batch.
    pub batch: Option<u32>,
    /// The authorisation code.
    pub auth_code: Option<String>,
    /// The shop's order number.
    pub order: Option<String>,
    /// The card, masked.
    pub card_masked: Option<String>,
    /// The terminal, as the file names it.
    pub terminal: Option<String>,
    /// Any other reference, shortened and without card numbers.
    pub reference: Option<String>,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Difference {
    /// What it is.
    pub kind: DifferenceKind,
    /// Why, where the kind does not say it all, as a stable word; an open list.
    pub why: Option<String>,
    /// What to do about it, as a stable word; an open list.
    pub remedy: String,
    /// The statement's line; absent for what is missing there.
    pub line: Option<StatementLine>,
    /// The attempt that it is about.
    pub attempt: Option<String>,
    /// The refund that it is about.
    pub refund: Option<String>,
    /// The event in which it stands as it does: `Proofs.prove_event` proves it.
    pub sequence: Option<u64>,
    /// What ours is, in minor units, as the merchant's gain.
    pub ours_minor: Option<i64>,
    /// Our day.
    pub our_date: Option<String>,
}

/// Differences, in the order in which they were found.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct DifferencePage {
    /// This page's.
    pub differences: Vec<Difference>,
    /// Whether there may be more; without, the check has ended well.
    pub more: bool,
}

/// What is on record of a check.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct StatementSummary {
    /// Where the lines came from.
    pub source: StatementSource,
    /// The first day for which ours was expected.
    pub from: Option<String>,
    /// The last.
    pub to: Option<String>,
    /// How many lines there were.
    pub lines: u64,
    /// How many of them were another terminal's, or payouts.
    pub passed_over: u64,
    /// How many differences of each kind.
    pub differences: DifferenceCounts,
    /// How many of them somebody must look at: all but the acquirer's own charges.
    pub to_look_at: u64,
    /// SHA-256 of the file, or of the host's lines, as hex digits.
    pub sha256: String,
    /// The event that says so.
    pub sequence: u64,
    /// When, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// Who checked.
    pub operator: Option<String>,
}

/// How many differences of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct DifferenceCounts {
    /// Of `Missing`.
    pub missing: u64,
    /// Of `Unexpected`.
    pub unexpected: u64,
    /// Of `Amount`.
    pub amount: u64,
    /// Of `Duplicate`.
    pub duplicate: u64,
    /// Of `WrongDay`.
    pub wrong_day: u64,
    /// Of `WrongSign`.
    pub wrong_sign: u64,
    /// Of `NotMine`.
    pub not_mine: u64,
    /// Of `Fee`.
    pub fee: u64,
}

/// A difference in a person's words.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct DifferenceWords {
    /// What it is.
    pub what: String,
    /// Why, where there is more to say.
    pub why: Option<String>,
    /// What to do about it.
    pub todo: String,
}

/// The difference in a person's words, from the core's catalogue. Answers at once.
///
/// # Errors
/// `identifier_malformed` for a word that this core does not have.
#[uniffi::export]
pub fn describe_difference(difference: &Difference, language: Language) -> Result<DifferenceWords, TillError> {
    let texts = Catalogue::of(language.into());
    let say = |part: &str, word: &str| texts.say(&format!("statement.{part}.{word}"), &[]);
    let kind = core::DifferenceKind::from(difference.kind).word();
    let why =
        difference.why.as_deref().map(|why| known(core::Why::ALL.iter().map(|why| why.word()), why)).transpose()?;
    let remedy = known(core::Remedy::ALL.iter().map(|remedy| remedy.word()), &difference.remedy)?;
    Ok(DifferenceWords {
        what: say("difference", kind),
        why: why.map(|why| say("why", why)),
        todo: say("remedy", remedy),
    })
}

/// The core's own word that this is.
fn known(mut words: impl Iterator<Item = &'static str>, said: &str) -> Result<&'static str, Error> {
    let refused = || Error::from(ErrorCode::IdentifierMalformed).word("what", "word of a difference");
    words.find(|word| *word == said).ok_or_else(|| refused().word("rule", "one that this core has"))
}

same_words!(core::Source, StatementSource: Host Csv Camt);
same_words!(core::LineKind, LineKind: Sale Refund Void Fee Payout Rest);
same_words!(core::DifferenceKind, DifferenceKind: Missing Unexpected Amount Duplicate WrongDay WrongSign NotMine Fee);

/// A day as a shell writes it.
pub(crate) fn day(text: Option<String>) -> Result<Option<core::Day>, TillError> {
    let refused = || Error::from(ErrorCode::IdentifierMalformed).word("what", "day").word("rule", "as 2026-11-22");
    let read = |text: String| core::Day::from_iso(&text).ok_or_else(refused);
    Ok(text.map(read).transpose()?)
}

impl TryFrom<StatementFile> for terminal::StatementFile {
    type Error = TillError;

    fn try_from(file: StatementFile) -> Result<Self, TillError> {
        Ok(match file {
            StatementFile::Camt => Self::Camt,
            StatementFile::Csv { columns: None } => Self::Csv(Box::default()),
            StatementFile::Csv { columns: Some(map) } => {
                Self::Csv(Box::new(core::ColumnMap::from_toml(&map).map_err(Error::from)?))
            }
        })
    }
}

impl From<core::Line> for StatementLine {
    fn from(line: core::Line) -> Self {
        Self {
            number: line.number,
            date: line.date.to_string(),
            is_booking_date: line.is_booking_date,
            amount_minor: line.amount_minor,
            currency: line.currency.code().to_owned(),
            kind: line.kind.map(LineKind::from),
            fee_minor: line.fee_minor,
            rrn: line.rrn.map(String::from),
            stan: line.stan.map(Stan::number),
            batch: line.batch.map(BatchNo::number),
            auth_code: line.auth_code.map(String::from),
            order: line.order.map(|order| order.to_string()),
            card_masked: line.card_masked.map(|card| card.as_str().to_owned()),
            terminal: line.terminal,
            reference: line.reference,
        }
    }
}

impl From<core::Difference> for Difference {
    fn from(difference: core::Difference) -> Self {
        Self {
            kind: difference.kind.into(),
            why: difference.why.map(|why| why.word().to_owned()),
            remedy: difference.remedy.word().to_owned(),
            line: difference.line.map(StatementLine::from),
            attempt: difference.attempt.map(String::from),
            refund: difference.refund.map(String::from),
            sequence: difference.sequence,
            ours_minor: difference.ours_minor,
            our_date: difference.our_date.map(|day| day.to_string()),
        }
    }
}

impl From<core::StatementSummary> for StatementSummary {
    fn from(summary: core::StatementSummary) -> Self {
        let day = |day: Option<core::Day>| day.map(|day| day.to_string());
        Self {
            source: summary.source.into(),
            from: day(summary.from),
            to: day(summary.to),
            lines: summary.lines,
            passed_over: summary.passed_over,
            differences: summary.differences.into(),
            to_look_at: summary.differences.to_look_at(),
            sha256: summary.sha256,
            sequence: summary.sequence,
            at_ms: summary.at_ms.0,
            operator: summary.operator,
        }
    }
}

impl From<core::Counts> for DifferenceCounts {
    fn from(counts: core::Counts) -> Self {
        let core::Counts { missing, unexpected, amount, duplicate, wrong_day, wrong_sign, not_mine, fee } = counts;
        Self { missing, unexpected, amount, duplicate, wrong_day, wrong_sign, not_mine, fee }
    }
}
