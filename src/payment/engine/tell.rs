//! What the till tells the host and is told back, as texts: frozen, released, a loss, a departure, another
//! certificate.
//!
//! A job like an errand: it takes the line between two attempts, moves no money and waits for no debt. Each part is a
//! message with a trace number of its own, so that the answer to an earlier one is not taken for it. Nothing is recorded
//! here: whoever tells records why, and what was answered. A refusal by the host is an answer; a lost answer is an error,
//! and telling it again is safe. Evidence: `tests/payment_errands.rs`.

use crate::acquirer::{Answer, Gathered, Gathering, Request, Telling, Told, ToldText, Withdrawal};
use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::ids::Stan;
use crate::iso8583::{Op, ValueName, Values};
use crate::payment::engine::job::{Job, Stage, Task};
use crate::payment::engine::{Engine, Halt};
use crate::payment::exchange::{Reply, Ticket};
use crate::payment::ledger;

/// A text on its way to the host, and the answer on its way back.
pub(super) struct TellRun {
    op: Op,
    text: ToldText,
    /// How many parts the host has.
    sent: usize,
    gathered: Gathered,
    /// The part of the answer that is asked for; 0 while the text is being told.
    wanted: u32,
}

impl TellRun {
    pub(super) fn is_certificate(&self) -> bool {
        self.op == Op::RenewCertificate
    }
}

impl Engine {
    pub(super) fn tell_host(&mut self, ticket: Ticket, telling: Telling, now: Now) {
        let Telling { op, text, operator } = telling;
        let run = TellRun { op, text, sent: 0, gathered: Gathered::default(), wanted: 0 };
        self.start_job(Some(ticket), operator, Task::Tell(Box::new(run)), now);
    }

    /// Whether the till tells something, and nothing else is under way: an attempt may begin, and waits for its end.
    #[must_use]
    pub fn is_only_telling(&self) -> bool {
        let is_told = self.job.as_ref().is_some_and(|job| matches!(job.task, Task::Tell(_)));
        is_told && self.sale.is_none() && self.refund_tap.is_none()
    }

    /// A certificate gives way to what a person wants, as long as no byte of its request has left; it is asked for later.
    /// What a freeze owes goes first: a host that holds a till refuses it everything.
    pub(super) fn put_off_telling(&mut self, now: Now) {
        let Some(job) = self.job.as_ref().filter(|job| job.task.brings_keys()) else { return };
        if job.stage == Stage::Clearing || self.conversation.withdraw(now) == Withdrawal::Withdrawn {
            self.end_job(Err(ErrorCode::TillBusy.into()));
        }
    }

    /// The next message of the text, or of the question for the next part of the answer.
    pub(super) fn tell_on(&mut self, now: Now) -> Result<(), Halt> {
        let Some(Job { task: Task::Tell(run), .. }) = &self.job else { return Ok(()) };
        let op = run.op;
        if !op.is_told() || self.dialect.row(op).is_none() {
            self.end_job(Err(Error::from(ErrorCode::OperationNotInDialect).word("operation", op.word())));
            return Ok(());
        }
        let mut values = Values::new();
        if run.wanted > 0 {
            values.set_number(ValueName::ToldPart, run.wanted.into()).set_number(ValueName::ToldParts, 0);
        } else {
            let part = run.sent + 1;
            values
                .set_number(ValueName::ToldPart, part as u64)
                .set_number(ValueName::ToldParts, run.text.parts() as u64)
                .set(ValueName::ToldText, run.text.part(part).unwrap_or_default());
        }
        let here = self.civil(now.wall);
        self.told_messages = self.told_messages.wrapping_add(1);
        let stan = Stan::new(TOLD_STAN + self.told_messages % TOLD_STANS).expect("the range is within 1 to 999999");
        values
            .set_number(ValueName::Stan, stan.number().into())
            .set_number(ValueName::Batch, ledger::taken(&self.journal)?.batch.number().into())
            .set(ValueName::LocalDate, here.mmdd())
            .set(ValueName::LocalTime, here.hhmmss());
        if !self.hand_over(Request { op, stan, values, is_repeat: false }) {
            self.end_job(Err(ErrorCode::TillBusy.into()));
        }
        Ok(())
    }

    /// The host's verified word on one of the messages.
    pub(super) fn tell_answered(&mut self, answer: &Answer, now: Now) -> Result<(), Halt> {
        let Some(Job { task: Task::Tell(run), .. }) = &mut self.job else { return Ok(()) };
        let told = answer.brought.told.as_ref();
        let end = |text: Vec<u8>| {
            Ok(Reply::Told(Told { approved: answer.approved, host_code: answer.host_code.clone(), text }))
        };
        if !answer.approved {
            let text = told.map(|told| told.text.clone()).unwrap_or_default();
            self.end_job(end(text));
            return Ok(());
        }
        if run.wanted == 0 {
            run.sent += 1;
        }
        if run.sent < run.text.parts() {
            return self.tell_on(now);
        }
        let gathering = match told {
            Some(part) => run.gathered.take(part),
            None if run.wanted == 0 => Gathering::Whole(Vec::new()),
            None => Gathering::Broken,
        };
        match gathering {
            Gathering::Whole(text) => self.end_job(end(text)),
            Gathering::Next(part) => {
                run.wanted = part;
                return self.tell_on(now);
            }
            Gathering::Broken => self.end_job(Err(Error::from(ErrorCode::HostAnswerInvalid).word("part", "told_text"))),
        }
        Ok(())
    }
}

/// Below those of statements, and above the payments'.
const TOLD_STAN: u32 = 991_000;
const TOLD_STANS: u32 = 4_000;
