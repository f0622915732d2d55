//! Errands: what is asked of the host and moves no money. An echo test, the host's rules for this till, and pages of
//! its own statement.
//!
//! Parameters come as one line of ASCII text, `name=value` with `;` between; a name that is not known here is
//! passed over. They are recorded before they count; a `word` in them is handed on as it is. A limit of the host holds beside the shop's own: the lower one.
//!
//! It never changes the till's own configuration. Evidence: `tests/payment_errands.rs`, `mod tests`.

use crate::acquirer::{Answer, Request, StatementLine};
use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::ids::Stan;
use crate::iso8583::{Op, ValueName, Values};
use crate::journal::SideWork;
use crate::merkle::base64;
use crate::money::{AMOUNT_MINOR_MAX, Amount};
use crate::payment::engine::job::{Job, Task};
use crate::payment::engine::record::Refused;
use crate::payment::engine::{Engine, Halt};
use crate::payment::events::{Body, HostParameters};
use crate::payment::exchange::{Output, Reply, Ticket};
use crate::payment::ledger;
use crate::payment::view::{HostTested, ParametersView};
use crate::session::Permit;
use crate::session::actions::{CheckStatement, DownloadParameters, TestHost};

impl Engine {
    pub(super) fn test_host(&mut self, ticket: Ticket, permit: Permit<TestHost>, now: Now) {
        self.start_job(Some(ticket), Some(permit.spend()), Task::HostTest { asked_at: now.mono }, now);
    }

    pub(super) fn download_parameters(&mut self, ticket: Ticket, permit: Permit<DownloadParameters>, now: Now) {
        self.start_job(Some(ticket), Some(permit.spend()), Task::Parameters, now);
    }

    pub(super) fn statement_page(
        &mut self,
        ticket: Ticket,
        permit: Permit<CheckStatement>,
        (day, page): (String, u16),
        now: Now,
    ) {
        self.start_job(Some(ticket), Some(permit.spend()), Task::Statement { day, page }, now);
    }

    /// Errands take their STAN from above the payments' numbers: they are in no batch.
    pub(super) fn begin_errand(&mut self, now: Now) -> Result<(), Halt> {
        let (op, asked) = match self.job.as_ref().map(|job| &job.task) {
            Some(Task::HostTest { .. }) => (Op::Echo, None),
            Some(Task::Parameters) => (Op::Parameters, None),
            Some(Task::Statement { day, page }) => (Op::Statement, Some((day.clone(), *page))),
            Some(Task::Settle(_) | Task::Tell(_)) | None => return Ok(()),
        };
        if self.dialect.row(op).is_none() {
            self.end_job(Err(Error::from(ErrorCode::OperationNotInDialect).word("operation", op.word())));
            return Ok(());
        }
        // The pages of a day have numbers of their own, which come again on another day: the answer says what it is of.
        let number =
            asked.as_ref().map_or(ERRAND_STAN, |(_, page)| STATEMENT_STAN + u32::from(*page) % STATEMENT_STANS);
        let stan = Stan::new(number).expect("the constants are within 1 to 999999");
        let here = self.civil(now.wall);
        let taken = ledger::taken(&self.journal)?;
        if op == Op::Echo && taken.refused.is_some() {
            self.conversation.demand_sign_on(); // Only a sign-on says at which batch the host is now.
        }
        let mut values = Values::new();
        values
            .set_number(ValueName::Stan, stan.number().into())
            .set_number(ValueName::Batch, taken.batch.number().into())
            .set(ValueName::LocalDate, here.mmdd())
            .set(ValueName::LocalTime, here.hhmmss());
        if let Some((day, page)) = asked {
            values.set(ValueName::StatementDay, day).set_number(ValueName::StatementPage, page.into());
        }
        if !self.hand_over(Request { op, stan, values, is_repeat: false }) {
            self.end_job(Err(ErrorCode::TillBusy.into()));
        }
        Ok(())
    }

    pub(super) fn errand_answered(&mut self, answer: &Answer, now: Now) -> Result<(), Halt> {
        if !answer.approved {
            self.end_job(Err(Error::from(ErrorCode::HostRefused).with_host_code(&answer.host_code)));
            return Ok(());
        }
        match &self.job {
            Some(Job { task: Task::HostTest { asked_at }, .. }) => {
                let took_ms = now.mono.0.saturating_sub(asked_at.0);
                self.end_job(Ok(Reply::HostTested(HostTested { took_ms })));
                Ok(())
            }
            Some(Job { task: Task::Parameters, .. }) => self.take_parameters(answer, now),
            Some(Job { task: Task::Statement { day, page }, .. }) => {
                let read = page_in(answer, day, *page);
                self.end_job(read);
                Ok(())
            }
            Some(Job { task: Task::Settle(_) | Task::Tell(_), .. }) | None => Ok(()),
        }
    }

    fn take_parameters(&mut self, answer: &Answer, now: Now) -> Result<(), Halt> {
        let Some((read, word)) = answer.brought.parameters.as_deref().and_then(parameters_in) else {
            self.end_job(Err(Error::from(ErrorCode::HostAnswerInvalid).word("part", "parameters")));
            return Ok(());
        };
        let operator = self.job.as_ref().and_then(|job| job.operator.clone());
        let body = HostParameters { sale_max_minor: read.sale_max_minor };
        match self.journal.append(body.draft(None, operator), SideWork::None, now).map_err(Refused::from) {
            Ok(_) => {
                self.end_job(Ok(Reply::Parameters(read)));
                self.outputs.extend(word.map(Output::Word));
            }
            Err(Refused::NotWritten(code)) => self.end_job(Err(code.into())),
            Err(Refused::Over(halt)) => return Err(halt),
        }
        Ok(())
    }

    /// Whether the host's own limit lets this amount be sold.
    pub(super) fn host_admits(&self, amount: Amount) -> Result<Result<(), Error>, Halt> {
        let limit = ledger::parameters(&self.journal)?.and_then(|parameters| parameters.sale_max_minor);
        Ok(match limit.filter(|limit| amount.minor() > *limit) {
            Some(limit) => {
                Err(Error::from(ErrorCode::AmountOverLimit).number("limit_minor", limit).word("whose", "acquirer"))
            }
            None => Ok(()),
        })
    }
}

/// What the text says, and the acquirer's word in it, in base 64; nothing where it is not in the agreed form.
fn parameters_in(text: &[u8]) -> Option<(ParametersView, Option<Vec<u8>>)> {
    let text = std::str::from_utf8(text).ok()?.trim_end();
    let (mut read, mut word) = (ParametersView { sale_max_minor: None }, None);
    for pair in text.split(';').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=')?;
        if name == "word" {
            word = Some(base64::decode(value)?);
        }
        if name == "sale_max_minor" {
            let limit = Some(value).filter(|value| value.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()?;
            read.sale_max_minor = (1..=AMOUNT_MINOR_MAX).contains(&limit).then_some(Some(limit))?;
        }
    }
    Some((read, word))
}

/// What this page of the statement of this day says, read whole or not at all.
fn page_in(answer: &Answer, day: &str, page: u16) -> Result<Reply, Error> {
    let invalid = || Error::from(ErrorCode::HostAnswerInvalid).word("part", "statement");
    let brought = &answer.brought;
    if brought.statement_day.as_deref() != Some(day) || brought.statement_page != Some(u32::from(page)) {
        return Err(invalid());
    }
    let pages = brought.statement_pages.ok_or_else(invalid)?;
    let lines = brought.statement_lines.as_deref().unwrap_or_default();
    let lines = StatementLine::read_all(lines).map_err(|_| invalid())?;
    Ok(Reply::StatementPage { pages, lines })
}

const ERRAND_STAN: u32 = 989_999 + 10_000;
const STATEMENT_STAN: u32 = ERRAND_STAN - STATEMENT_STANS;
const STATEMENT_STANS: u32 = 4_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_whole_or_not_at_all() {
        for (text, limit) in [
            ("sale_max_minor=500000", Some(Some(500_000))),
            ("sale_max_minor=1;window=90", Some(Some(1))),
            ("window=90;sale_max_minor=999999999999  ", Some(Some(999_999_999_999))),
            ("", Some(None)),
            ("window=90", Some(None)),
            ("sale_max_minor=0", None),
            ("sale_max_minor=1000000000000", None),
            ("sale_max_minor=+5", None),
            ("sale_max_minor=", None),
            ("sale_max_minor", None),
            ("sale_max_minor=5;window", None),
            ("sale_max_minor=5;word=AAE=", Some(Some(5))),
            ("sale_max_minor=5;word=AAE", None),
        ] {
            assert_eq!(parameters_in(text.as_bytes()).map(|(read, _)| read.sale_max_minor), limit, "{text}");
        }
        assert!(parameters_in(&[0xFF]).is_none());
        assert_eq!(parameters_in(b"word=AAE=").and_then(|(_, word)| word), Some(vec![0, 1]));
    }
}
