//! The words that read the record: lists, receipts, statements, proofs, evidence. Never what a command does. Evidence:
//! `sandbox/tests/till_usage.rs`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use taptill::receipt::{Columns, Copy};
use taptill::text::Language;

use super::values::{columns, copy, day, language};

#[derive(Subcommand)]
pub(in crate::till) enum StatementAction {
    /// Read a statement's file and say what differs, with the entry that proves it and what to do
    Check(StatementCheck),
    /// Show what the last check found
    Last,
}

#[derive(Args)]
pub(in crate::till) struct StatementCheck {
    /// CSV, or ISO 20022 camt.053 or camt.054 [default: the host's own lines, asked for now]
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Which column of a CSV file is what, as TOML [default: columns named date, amount, currency, rrn and so on]
    #[arg(long, value_name = "FILE", requires = "file")]
    pub columns: Option<PathBuf>,
    /// The first day on which this till's payments are expected [default: the first in the file; of the host's lines today]
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub from: Option<String>,
    /// The last such day [default: the last in the file]
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub to: Option<String>,
    /// How many differences to show at most; all are counted
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub limit: u32,
}

#[derive(Args)]
pub(in crate::till) struct ProveArguments {
    /// A payment's attempt id, or the number of an entry
    #[arg(value_name = "ATTEMPT|SEQUENCE")]
    pub of: String,
    /// Take it for an attempt id even if it is a number
    #[arg(long)]
    pub attempt: bool,
}

#[derive(Args)]
pub(in crate::till) struct VerifyArguments {
    /// A bundle of evidence: its folder, or its one file [default: this till's own journal]
    pub bundle: Option<PathBuf>,
    /// The key of the till that it should be of, as `public-key` printed it there
    #[arg(long, value_name = "FILE", requires = "bundle")]
    pub key: Option<PathBuf>,
    /// The language of the verdict
    #[arg(long, default_value = "en", value_parser = language(), requires = "bundle")]
    pub language: Language,
}

#[derive(Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
pub(in crate::till) struct EvidenceArguments {
    /// A payment's attempt id
    #[arg(group = "what", conflicts_with_all = ["from", "to", "incident"])]
    pub attempt: Option<String>,
    /// From the start of this day in the shop's time zone, as 2026-11-22
    #[arg(long, value_name = "DATE", value_parser = day, group = "what")]
    pub from: Option<String>,
    /// To the end of this day [default: today]
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub to: Option<String>,
    /// Of the time around a freeze [default: yesterday and today]
    #[arg(long, group = "what")]
    pub incident: bool,
    /// Agree to it and write the bundle: to a folder that is empty or not there, or to one file whose name ends in .zip
    #[arg(long, value_name = "DIR|FILE.zip")]
    pub out: Option<PathBuf>,
    /// To whom it is handed, in a few words; this is recorded
    #[arg(long = "for", value_name = "WHOM", requires = "out")]
    pub recipient: Option<String>,
    /// The language of the receipts in it
    #[arg(long, default_value = "en", value_parser = language())]
    pub language: Language,
}

#[derive(Args)]
pub(in crate::till) struct ListArguments {
    /// How many at most
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// From the start of this day in the shop's time zone, as 2026-11-22
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub from: Option<String>,
    /// To the end of this day
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub to: Option<String>,
    /// Only payments of this order
    #[arg(long, value_name = "NO", allow_hyphen_values = true)]
    pub order: Option<String>,
}

#[derive(Args)]
pub(in crate::till) struct ReceiptArguments {
    /// The payment's attempt id
    pub attempt: String,
    /// The paper's width
    #[arg(long, default_value = "32", value_parser = columns())]
    pub columns: Columns,
    /// The language of the labels
    #[arg(long, default_value = "en", value_parser = language())]
    pub language: Language,
    /// For whom
    #[arg(long, default_value = "customer", value_parser = copy())]
    pub copy: Copy,
}

#[derive(Subcommand)]
pub(in crate::till) enum ReportAction {
    /// What may be lost, by operator and payment, and what was not this shop's doing
    Loss(LossArguments),
}

#[derive(Args)]
pub(in crate::till) struct LossArguments {
    /// From the start of this day in the shop's time zone, as 2026-11-22 [default: a day before the freeze, or before now]
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub from: Option<String>,
    /// To the end of this day [default: now]
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub to: Option<String>,
    /// Tell the acquirer, and keep its number
    #[arg(long)]
    pub send: bool,
    /// Print it as an HTML page
    #[arg(long)]
    pub html: bool,
    /// The language of the report
    #[arg(long, default_value = "en", value_parser = language())]
    pub language: Language,
}

#[derive(Args)]
pub(in crate::till) struct VoucherArguments {
    /// The refund's id
    pub refund: String,
    /// The paper's width
    #[arg(long, default_value = "32", value_parser = columns())]
    pub columns: Columns,
    /// The language of the labels
    #[arg(long, default_value = "en", value_parser = language())]
    pub language: Language,
    /// For whom
    #[arg(long, default_value = "customer", value_parser = copy())]
    pub copy: Copy,
}

#[derive(Args)]
pub(in crate::till) struct ReplayArguments {
    /// A transcript, or a folder of them (*.json)
    pub path: PathBuf,
    /// More CA keys, besides the transcript's own
    #[arg(long, value_name = "FILE")]
    pub capks: Option<PathBuf>,
}
