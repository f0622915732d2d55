//! The statement check as a shell asks for it: a file is opened and read here, on the caller's thread.
//!
//! Lines go to the till's thread a few hundred at a time, differences come back and are handed to the caller at once.
//! A check that ends early, for whatever reason, has changed nothing and leaves nothing.
//!
//! It never holds more than those lines. Evidence: `tests/statement_check.rs`, `tests/statement_bad_input.rs`.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use crate::acquirer::StatementLine;
use crate::error::{Error, ErrorCode};
use crate::payment::Reply as Paid;
use crate::settlement::statement::{
    CamtLines, Check, ColumnMap, CsvLines, Day, Difference, HostLines, Line, Refused, Source, StatementSummary,
    WhyRefused,
};
use crate::terminal::Terminal;
use crate::till::{Ask, Reply, StatementReply, StatementStep};

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatementFile {
    /// Comma-separated values, by this map of columns.
    Csv(Box<ColumnMap>),
    /// ISO 20022 camt.053 or camt.054.
    Camt,
}

/// What is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementRequest {
    /// What the file is.
    pub file: StatementFile,
    /// The first day for which ours is expected; the first that a line names, unless it is given.
    pub from: Option<Day>,
    /// The last.
    pub to: Option<Day>,
}

impl Terminal {
    /// Holds a statement's file against the journal. Each difference goes to `each` as soon as it is found, those of
    /// the statement's lines first; the summary is on record when this returns.
    ///
    /// # Errors
    /// `file_unusable`; `statement_columns_wrong`, `statement_encoding_broken`, `statement_line_too_long`,
    /// `statement_xml_refused`, `statement_unreadable`, `statement_value_malformed`, each with the line;
    /// `statement_period_invalid`, `till_locked`, `not_permitted`, and the errors of the storage. Nothing has changed
    /// then, and what `each` was told is void.
    pub fn check_statement_file(
        &self,
        path: &Path,
        request: &StatementRequest,
        each: &mut dyn FnMut(Difference),
    ) -> Result<StatementSummary, Error> {
        self.may_wait_here()?;
        let file = File::open(path).map_err(|_| Error::from(ErrorCode::FileUnusable))?;
        self.check_statement(BufReader::with_capacity(READ_BYTES, file), request, each)
    }

    /// The same with whatever can be read.
    ///
    /// # Errors
    /// Those of [`Terminal::check_statement_file`].
    pub fn check_statement(
        &self,
        reader: impl BufRead,
        request: &StatementRequest,
        each: &mut dyn FnMut(Difference),
    ) -> Result<StatementSummary, Error> {
        match &request.file {
            StatementFile::Csv(map) => {
                let mut lines = CsvLines::new(reader, (**map).clone());
                let check = self.lines_against_journal(Source::Csv, request, &mut lines, each)?;
                self.left_and_end(check, lines.digest(), each)
            }
            StatementFile::Camt => {
                let mut lines = CamtLines::new(reader);
                let check = self.lines_against_journal(Source::Camt, request, &mut lines, each)?;
                self.left_and_end(check, lines.digest(), each)
            }
        }
    }

    /// The same with the acquirer's own statement of these days, fetched from its host page by page. Payments come
    /// between two pages, never during one.
    ///
    /// # Errors
    /// `statement_period_invalid` unless the days are one to 366 in order, `operation_not_in_dialect`, `till_busy` while
    /// something else is done with the host, `host_unreachable`, `host_silent`, `host_refused`, `host_answer_invalid`,
    /// `statement_value_malformed`, `till_locked`, `not_permitted`, and the errors of the storage. Nothing has changed
    /// then.
    pub fn check_statement_of_host(
        &self,
        from: Day,
        to: Day,
        each: &mut dyn FnMut(Difference),
    ) -> Result<StatementSummary, Error> {
        if from > to || from.distance(to) >= HOST_DAYS_MAX {
            return Err(ErrorCode::StatementPeriodInvalid.into());
        }
        let begin = StatementStep::Begin { source: Source::Host, from: Some(from), to: Some(to) };
        let mut check = self.go_on(begin, each)?;
        let mut lines = HostLines::default();
        for day in (0..=from.distance(to)).map(|days| from.plus(days)) {
            let mut page = 1;
            loop {
                let (pages, some) = self.page_of_host(day, page)?;
                check = self.go_on(StatementStep::Lines(check, lines.page(&some)?), each)?;
                if u32::from(page) >= pages || page == u16::MAX {
                    break;
                }
                page += 1;
            }
        }
        self.left_and_end(check, lines.digest(), each)
    }

    fn page_of_host(&self, day: Day, page: u16) -> Result<(u32, Vec<StatementLine>), Error> {
        match self.answer(Ask::Statement(StatementStep::FromHost { day, page }))? {
            Reply::Payment(Paid::StatementPage { pages, lines }) => Ok((pages, lines)),
            _ => unreachable!("the engine answers a page of a statement with it"),
        }
    }

    /// What the last check found; nothing before the first.
    ///
    /// # Errors
    /// `till_locked`, `not_permitted`, and the errors of the storage.
    pub fn last_statement_check(&self) -> Result<Option<StatementSummary>, Error> {
        match self.statement_step(StatementStep::Last)? {
            StatementReply::Recorded(summary) => Ok(summary.map(|summary| *summary)),
            _ => unreachable!("the till answers what the last check found with that"),
        }
    }

    fn lines_against_journal(
        &self,
        source: Source,
        request: &StatementRequest,
        lines: &mut dyn Iterator<Item = Result<Line, Refused>>,
        each: &mut dyn FnMut(Difference),
    ) -> Result<Box<Check>, Error> {
        let begin = StatementStep::Begin { source, from: request.from, to: request.to };
        let mut check = self.go_on(begin, each)?;
        let mut count = 0;
        loop {
            let some = lines.take(LINES_AT_ONCE).collect::<Result<Vec<Line>, Refused>>()?;
            let Some(last) = some.last() else { return Ok(check) };
            count += some.len() as u64;
            if count > LINES_MAX {
                return Err(Refused { line: last.number, why: WhyRefused::Unreadable("too_many_lines") }.into());
            }
            check = self.go_on(StatementStep::Lines(check, some), each)?;
        }
    }

    fn left_and_end(
        &self,
        mut check: Box<Check>,
        digest: [u8; 32],
        each: &mut dyn FnMut(Difference),
    ) -> Result<StatementSummary, Error> {
        loop {
            match self.statement_step(StatementStep::Left(check))? {
                StatementReply::Going(going, found) => {
                    found.into_iter().for_each(&mut *each);
                    check = going;
                }
                StatementReply::Through(through) => {
                    check = through;
                    break;
                }
                StatementReply::Recorded(_) => unreachable!("only an end is recorded"),
            }
        }
        match self.statement_step(StatementStep::End(check, digest))? {
            StatementReply::Recorded(Some(summary)) => Ok(*summary),
            _ => unreachable!("the till answers an end with what it recorded"),
        }
    }

    fn go_on(&self, step: StatementStep, each: &mut dyn FnMut(Difference)) -> Result<Box<Check>, Error> {
        match self.statement_step(step)? {
            StatementReply::Going(check, found) => {
                found.into_iter().for_each(each);
                Ok(check)
            }
            _ => unreachable!("the till answers lines with a check that goes on"),
        }
    }

    fn statement_step(&self, step: StatementStep) -> Result<StatementReply, Error> {
        match self.answer(Ask::Statement(step))? {
            Reply::Statement(reply) => Ok(reply),
            _ => unreachable!("the till answers a step of a check with one"),
        }
    }
}

/// The longest period for which a host is asked.
const HOST_DAYS_MAX: u32 = 366;
/// How much of a file is read at once.
const READ_BYTES: usize = 64 << 10;
/// How many lines go to the till at once: a few milliseconds of its time.
const LINES_AT_ONCE: usize = 256;
/// More lines than a shop has payments in a lifetime: a file without an end has an end here.
const LINES_MAX: u64 = 100_000_000;
