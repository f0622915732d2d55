//! A statement check at this till: who may, and the four steps of it.
//!
//! The lines are read on the caller's thread and come here a handful at a time, so that neither a slow file nor a long
//! one holds up a payment. What was seen so far travels with the lines: a caller who goes away leaves nothing behind.
//!
//! It never changes a payment. Evidence: `tests/statement_check.rs`.

use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::journal::SideWork;
use crate::payment::{self, Ticket};
use crate::session::Permit;
use crate::session::actions::CheckStatement;
use crate::settlement::statement::{Check, Day, Difference, Line, Source, StatementSummary, Terms, last};
use crate::till::exchange::Reply;
use crate::till::gate::Answer;
use crate::till::record::Trouble;
use crate::till::{At, Till};

/// What is wanted of a check.
pub enum StatementStep {
    /// To begin one.
    Begin {
        /// Where the lines come from.
        source: Source,
        /// The first day for which ours is expected.
        from: Option<Day>,
        /// The last.
        to: Option<Day>,
    },
    /// To go on with these lines.
    Lines(Box<Check>, Vec<Line>),
    /// All lines were given: to say what is missing, page by page.
    Left(Box<Check>),
    /// All was said: to record it, with SHA-256 of what was read.
    End(Box<Check>, [u8; 32]),
    /// A page of the host's own lines of a day, to go on with.
    FromHost {
        /// The day.
        day: Day,
        /// From 1.
        page: u16,
    },
    /// What the last check found.
    Last,
}

/// What comes of it.
pub enum StatementReply {
    /// The check goes on.
    Going(Box<Check>, Vec<Difference>),
    /// Nothing is left to say but its end.
    Through(Box<Check>),
    /// What was recorded; nothing before the first check.
    Recorded(Option<Box<StatementSummary>>),
}

impl Till {
    pub(super) fn statement(
        &mut self,
        ticket: Ticket,
        permit: Permit<CheckStatement>,
        step: StatementStep,
        now: Now,
    ) -> Result<Answer, Trouble> {
        let step = match step {
            StatementStep::FromHost { day, page } => {
                self.nobody_locks()?;
                let day = day.digits();
                self.pay(payment::Input::StatementPage { ticket, day, page, permit }, now)?;
                return Ok(Answer::Later);
            }
            step => step,
        };
        let by = permit.spend();
        let At::Open(open) = &mut self.at else { return Err(self.shut(now).into()) };
        let journal = open.engine.journal_mut();
        let reply = match step {
            StatementStep::Begin { from: Some(from), to: Some(to), .. } if from > to => {
                return Err(Error::from(ErrorCode::StatementPeriodInvalid).into());
            }
            StatementStep::Begin { source, from, to } => {
                let terminal = open.configuration.terminal_id.to_string();
                let check = Check::begin(journal, Terms { source, terminal, from, to });
                StatementReply::Going(Box::new(check), Vec::new())
            }
            StatementStep::Lines(mut check, lines) => {
                let found = check.take(journal, lines)?;
                StatementReply::Going(check, found)
            }
            StatementStep::Left(mut check) => match check.left(journal)? {
                Some(found) => StatementReply::Going(check, found),
                None => StatementReply::Through(check),
            },
            StatementStep::End(check, digest) => {
                journal.append(check.end(&digest, by), SideWork::None, now)?;
                StatementReply::Recorded(last(journal)?.map(Box::new))
            }
            StatementStep::FromHost { .. } => unreachable!("the engine answers it"),
            StatementStep::Last => StatementReply::Recorded(last(journal)?.map(Box::new)),
        };
        Ok(Answer::Now(Reply::Statement(reply)))
    }
}
