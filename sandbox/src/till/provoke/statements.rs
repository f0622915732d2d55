//! Statements that cannot be checked. Each changes nothing. Evidence: `sandbox/tests/till_provoke.rs`.

use std::io::{self, BufReader, Cursor, Read};

use taptill::settlement::statement::Day;
use taptill::terminal::{StatementFile, StatementRequest};

use super::stage::{Played, Stage};

pub(super) fn statement_columns_wrong() -> Played {
    csv("When,What\n2026-11-22,12.30\n")
}

pub(super) fn statement_encoding_broken() -> Played {
    check(csv_file(), b"date,amount,currency\n2026-11-22,12.30,\xFF\xFE\n")
}

pub(super) fn statement_line_too_long() -> Played {
    csv(&format!("date,amount,currency\n2026-11-22,12.30,{}\n", "x".repeat(10_000_000)))
}

pub(super) fn statement_xml_refused() -> Played {
    let bomb = "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b \"bbbbbbbb\">]><Document><a>&b;</a></Document>";
    check(StatementFile::Camt, bomb.as_bytes())
}

pub(super) fn statement_unreadable() -> Played {
    let request = StatementRequest { file: csv_file(), from: None, to: None };
    let (stage, lines) = (Stage::set()?, BufReader::new(Fails));
    Ok(stage.till()?.terminal.check_statement(lines, &request, &mut |_| ()).map(drop)?)
}

pub(super) fn statement_value_malformed() -> Played {
    csv("date,amount,currency\n2026-11-22,twelve,CNY\n")
}

pub(super) fn statement_period_invalid() -> Played {
    let request = StatementRequest { file: csv_file(), from: Day::new(2026, 11, 23), to: Day::new(2026, 11, 22) };
    run(&request, b"date,amount,currency\n2026-11-22,12.30,CNY\n")
}

fn csv(text: &str) -> Played {
    check(csv_file(), text.as_bytes())
}

fn csv_file() -> StatementFile {
    StatementFile::Csv(Box::default())
}

fn check(file: StatementFile, bytes: &[u8]) -> Played {
    run(&StatementRequest { file, from: None, to: None }, bytes)
}

fn run(request: &StatementRequest, bytes: &[u8]) -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    Ok(till.terminal.check_statement(Cursor::new(bytes), request, &mut |_| ()).map(drop)?)
}

/// A file on a disk that fails.
struct Fails;

impl Read for Fails {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk fails, on purpose"))
    }
}
