//! The messages of a settlement: what goes out next, and what the host's answers mean.
//!
//! | the host's verified answer | to the totals | to records | to the end |
//! |---|---|---|---|
//! | approved | balanced, or not | it has them | closed |
//! | to sign on first, or a wrong MAC | sent again at once, once a run; then as below | the same | the same |
//! | to try again | sent again later | the same | the same |
//! | any other | open again, if it can have done nothing; else sent again later | sent again later | the same |
//!
//! It can have done nothing where no send before can have worked and it has not gone on to another batch. What is sent
//! again later is counted: from a few refusals on a supervisor may decide (`decide.rs`).
//!
//! It never takes an approved answer that does not say balanced for one that does. Evidence: `tests/settle_kills.rs`.

use crate::acquirer::{Answer, Balance, DoubtCause, LineKind, NotSentCause, Request, UploadLine};
use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::ids::{BatchNo, HostCode, Stan};
use crate::iso8583::{Op, ValueName, Values};
use crate::payment::batch::events::{
    BatchAnswered, BatchBalanced, BatchClosed, BatchEndSent, BatchReopened, BatchSent, BatchUnbalanced, BatchUploaded,
};
use crate::payment::batch::ledger::{self as batches, Settlement};
use crate::payment::batch::records::{Record, Records};
use crate::payment::batch::state::BatchState;
use crate::payment::batch::totals::{KindSums, RecordKind};
use crate::payment::civil::Civil;
use crate::payment::engine::job::{Job, Task};
use crate::payment::engine::record::Refused;
use crate::payment::engine::settle::{SettlementWait, Upload};
use crate::payment::engine::{Engine, Halt};
use crate::payment::events::NotConfirmed;
use crate::payment::exchange::Reply;
use crate::payment::ledger;
use crate::payment::reason::Reason;

impl Engine {
    /// Sends what comes next, or ends the run.
    pub(super) fn next_of_settlement(&mut self, now: Now) -> Result<(), Halt> {
        let Some(settlement) = batches::unfinished(&self.journal)? else { return self.finish_settlement(now) };
        match settlement.view.state {
            BatchState::Closing | BatchState::Sent => self.send_totals(&settlement, now),
            BatchState::Balanced => self.close_batch(&settlement, now),
            BatchState::Unbalanced | BatchState::Uploading if settlement.view.uploaded < settlement.view.records => {
                self.send_records(&settlement, now)
            }
            BatchState::Unbalanced | BatchState::Uploading | BatchState::EndSent => self.send_end(&settlement, now),
            BatchState::Open | BatchState::Closed => Ok(()),
        }
    }

    fn send_totals(&mut self, settlement: &Settlement, now: Now) -> Result<(), Halt> {
        let Some((stan, mut values)) = self.numbered(settlement, settlement.stan)? else { return Ok(()) };
        put_totals(settlement.view.totals.of(self.configuration.currency), &mut values);
        self.send(Request { op: Op::Settle, stan, values, is_repeat: settlement.view.sends > 0 }, now)
    }

    fn send_end(&mut self, settlement: &Settlement, now: Now) -> Result<(), Halt> {
        let Some((stan, mut values)) = self.numbered(settlement, settlement.end_stan)? else { return Ok(()) };
        put_totals(settlement.view.totals.of(self.configuration.currency), &mut values);
        values.set_number(ValueName::UploadCount, settlement.view.records);
        self.send(Request { op: Op::SettleEnd, stan, values, is_repeat: settlement.end_sends > 0 }, now)
    }

    /// The next records, as many as a message holds.
    fn send_records(&mut self, settlement: &Settlement, now: Now) -> Result<(), Halt> {
        let is_repeat = match self.read_records(settlement)? {
            Some(is_repeat) => is_repeat,
            None => return self.settlement_waits(Reason::StorageFailed, now),
        };
        let stan = self.run().and_then(|run| run.stan.filter(|_| is_repeat));
        let Some((stan, mut values)) = self.numbered(settlement, stan)? else { return Ok(()) };
        let mut lines = Vec::new();
        if let Some(upload) = self.run().and_then(|run| run.upload.as_ref()) {
            upload.page.iter().for_each(|record| line_of(record).write(&mut lines));
        }
        values
            .set_number(ValueName::UploadIndex, settlement.view.uploaded + 1)
            .set_number(ValueName::UploadCount, settlement.view.records)
            .set(ValueName::UploadLines, &lines);
        self.send(Request { op: Op::BatchUpload, stan, values, is_repeat }, now)
    }

    /// Has the records in hand that follow those that the host has. Says whether they were sent before; nothing where
    /// the journal has fewer than were frozen.
    fn read_records(&mut self, settlement: &Settlement) -> Result<Option<bool>, Halt> {
        let journal = &self.journal;
        let Some(Job { task: Task::Settle(run), .. }) = &mut self.job else { return Ok(None) };
        if run.upload.is_none() {
            let mut records = Records::of(settlement.view.batch, settlement.begins_after);
            for _ in 0..settlement.view.uploaded {
                if records.next(journal)?.is_none() {
                    return Ok(None);
                }
            }
            // What the run before has sent last is not known.
            run.upload = Some(Upload { records, page: Vec::new(), is_repeat: true });
        }
        let Some(upload) = &mut run.upload else { return Ok(None) };
        let is_repeat = upload.is_repeat;
        upload.is_repeat = true;
        while upload.page.len() < UploadLine::MESSAGE_MAX {
            match upload.records.next(journal)? {
                Some(record) => upload.page.push(record),
                None => break,
            }
        }
        Ok((!upload.page.is_empty()).then_some(is_repeat))
    }

    /// What every message of a settlement carries: its date and time are those at which the totals were frozen, so that
    /// a message that is sent again is the same. Nothing where the batch has no free number: the job is ended.
    fn numbered(&mut self, settlement: &Settlement, stan: Option<Stan>) -> Result<Option<(Stan, Values)>, Halt> {
        let stan = match stan {
            Some(stan) => Some(stan),
            None => self.free_stan(ledger::taken(&self.journal)?)?,
        };
        let Some(stan) = stan else {
            self.end_job(Err(Error::from(ErrorCode::StorageFailed).word("why", "batch_has_no_free_stan")));
            return Ok(None);
        };
        let (here, utc) = (self.civil(settlement.frozen_ms()), Civil::at(settlement.frozen_ms(), 0));
        let mut values = Values::new();
        values
            .set_number(ValueName::Stan, stan.number().into())
            .set_number(ValueName::Batch, settlement.view.batch.number().into())
            .set_number(ValueName::CurrencyNumber, self.configuration.currency.number().into())
            .set(ValueName::LocalDate, here.mmdd())
            .set(ValueName::LocalTime, here.hhmmss())
            .set(ValueName::TransmissionDateTime, format!("{}{}", utc.mmdd(), utc.hhmmss()));
        Ok(Some((stan, values)))
    }

    fn send(&mut self, request: Request, now: Now) -> Result<(), Halt> {
        if let Some(run) = self.run_mut() {
            run.stan = Some(request.stan);
        }
        if self.hand_over(request) { Ok(()) } else { self.settlement_waits(Reason::Closed, now) }
    }

    /// The request is packed: what will leave is recorded first. An upload is recorded when the host has it.
    pub(in crate::payment::engine) fn settlement_leaves(&mut self, op: Op, now: Now) -> Result<(), Halt> {
        let settlement = batches::unfinished(&self.journal)?;
        let (Some(settlement), Some(stan)) = (settlement, self.run().and_then(|run| run.stan)) else {
            return self.withdraw(now);
        };
        let batch = settlement.view.batch;
        let recorded = match op {
            Op::Settle => self.append_of_job(&BatchSent { batch, number: settlement.view.sends + 1, stan }, now),
            Op::SettleEnd => self.append_of_job(&BatchEndSent { batch, number: settlement.end_sends + 1, stan }, now),
            _ => Ok(()),
        };
        match recorded {
            Ok(()) => {
                self.synced(now);
                Ok(())
            }
            Err(Refused::NotWritten(_)) => {
                self.withdraw(now)?;
                self.settlement_waits(Reason::StorageFailed, now)
            }
            Err(Refused::Over(halt)) => Err(halt),
        }
    }

    /// The host's verified word.
    pub(in crate::payment::engine) fn settlement_answered(&mut self, answer: &Answer, now: Now) -> Result<(), Halt> {
        let Some(settlement) = batches::unfinished(&self.journal)? else { return self.finish_settlement(now) };
        if !answer.approved {
            return self.settlement_not_approved(&settlement, answer, now);
        }
        let batch = settlement.view.batch;
        let host_code = answer.host_code.clone();
        planted!(
            UnbalancedClosed,
            if answer.op == Op::Settle {
                return self.take_settlement_for_balanced(now);
            }
        );
        let recorded = match answer.op {
            // A host that does not say that the totals are the same gets every record.
            Op::Settle if answer.brought.settlement == Some(Balance::Balanced) => {
                self.append_of_job(&BatchBalanced { batch, host_code }, now)
            }
            Op::Settle => self.append_of_job(&BatchUnbalanced { batch, host_code }, now),
            Op::BatchUpload => self.record_uploaded(&settlement, now),
            Op::SettleEnd => return self.close_batch(&settlement, now),
            _ => Ok(()),
        };
        match recorded {
            Ok(()) => {
                if let Some(run) = self.run_mut() {
                    run.signed_on_for = false;
                }
                self.next_of_settlement(now)
            }
            // Asked again, the host will say the same.
            Err(Refused::NotWritten(_)) => self.settlement_waits(Reason::StorageFailed, now),
            Err(Refused::Over(halt)) => Err(halt),
        }
    }

    fn record_uploaded(&mut self, settlement: &Settlement, now: Now) -> Result<(), Refused> {
        let sent = self.run().and_then(|run| Some((run.stan?, run.upload.as_ref()?.page.len() as u64)));
        let Some((stan, lines)) = sent else { return Ok(()) };
        let lines = settlement.view.uploaded + lines;
        self.append_of_job(&BatchUploaded { batch: settlement.view.batch, lines, stan }, now)?;
        if let Some(run) = self.run_mut() {
            run.stan = None;
            if let Some(upload) = &mut run.upload {
                upload.page.clear();
                upload.is_repeat = false;
            }
        }
        Ok(())
    }

    /// The host answered, and not with yes.
    fn settlement_not_approved(&mut self, settlement: &Settlement, answer: &Answer, now: Now) -> Result<(), Halt> {
        let text = answer.host_code.as_str().as_bytes();
        let row = self.dialect.row(answer.op);
        let meaning = match row {
            Some(row) if row.asks_sign_on(text) => NotConfirmed::SignOnFirst,
            Some(row) if row.asks_retry(text) => NotConfirmed::TryAgain,
            _ => NotConfirmed::Refused,
        };
        let batch = settlement.view.batch;
        let is_refused = match meaning {
            NotConfirmed::Refused => true,
            // It has just signed the till on: another sign-on will not help.
            NotConfirmed::SignOnFirst => self.run().is_some_and(|run| run.signed_on_for),
            NotConfirmed::TryAgain => false,
        };
        if is_refused && answer.op == Op::Settle && self.host_did_nothing(settlement)? {
            return self.reopen_batch(batch, Some(answer.host_code.clone()), now);
        }
        // Not written, it is only not counted.
        self.note_of_job(&BatchAnswered { batch, host_code: answer.host_code.clone(), meaning }, now)?;
        if meaning == NotConfirmed::SignOnFirst {
            return self.settlement_needs_sign_on(now);
        }
        self.settlement_waits(Reason::Host, now)
    }

    /// Whether a host that refuses the totals has not settled them before. One that has gone on to another batch may
    /// have closed this one in its own way, and takes no payments into it.
    fn host_did_nothing(&self, settlement: &Settlement) -> Result<bool, Halt> {
        let is_elsewhere = ledger::taken(&self.journal)?.refused.is_some();
        Ok(!settlement.earlier_send_may_have_worked && !is_elsewhere)
    }

    /// It is certain that the host has not settled it: payments go into it again.
    fn reopen_batch(&mut self, batch: BatchNo, host_code: Option<HostCode>, now: Now) -> Result<(), Halt> {
        let error = match &host_code {
            Some(host_code) => Error::from(ErrorCode::SettlementRefused).with_host_code(host_code),
            None => ErrorCode::DialectInvalid.into(),
        };
        match self.append_of_job(&BatchReopened { batch, host_code }, now) {
            Ok(()) => {
                self.settlement = SettlementWait::default();
                self.end_job(Err(error));
                Ok(())
            }
            Err(Refused::NotWritten(_)) => self.settlement_waits(Reason::StorageFailed, now),
            Err(Refused::Over(halt)) => Err(halt),
        }
    }

    /// The host has closed the batch: the next one is open.
    fn close_batch(&mut self, settlement: &Settlement, now: Now) -> Result<(), Halt> {
        let batch = settlement.view.batch;
        let next = self.batch_after(batch)?;
        match self.append_of_job(&BatchClosed { batch, next }, now) {
            Ok(()) => {
                self.conversation.set_batch(next);
                self.settlement = SettlementWait { has_closed: true, ..SettlementWait::default() };
                let view = batches::newest_of(&self.journal, batch)?;
                let reply = view.map(|settlement| self.settlement_shown(settlement)).transpose()?;
                if let Some(view) = reply {
                    self.end_job(Ok(Reply::Batch(Box::new(view))));
                }
                Ok(())
            }
            Err(Refused::NotWritten(_)) => self.settlement_waits(Reason::StorageFailed, now),
            Err(Refused::Over(halt)) => Err(halt),
        }
    }

    /// Whatever the host has, the totals are equal.
    #[cfg(feature = "planted-bugs")]
    fn take_settlement_for_balanced(&mut self, now: Now) -> Result<(), Halt> {
        let Some(settlement) = batches::unfinished(&self.journal)? else { return self.finish_settlement(now) };
        let host_code = HostCode::new("00").expect("two digits");
        match self.append_of_job(&BatchBalanced { batch: settlement.view.batch, host_code }, now) {
            Ok(()) => self.next_of_settlement(now),
            Err(Refused::NotWritten(_)) => self.settlement_waits(Reason::StorageFailed, now),
            Err(Refused::Over(halt)) => Err(halt),
        }
    }

    /// The keys of till and host are not the same: the conversation signs on before the next send. Once a run only.
    fn settlement_needs_sign_on(&mut self, now: Now) -> Result<(), Halt> {
        let first = self.run_mut().is_some_and(|run| !std::mem::replace(&mut run.signed_on_for, true));
        if first { self.next_of_settlement(now) } else { self.settlement_waits(Reason::BadMac, now) }
    }

    pub(in crate::payment::engine) fn settlement_in_doubt(&mut self, cause: DoubtCause, now: Now) -> Result<(), Halt> {
        planted!(SettlementAssumed, return self.take_settlement_for_balanced(now));
        match cause {
            DoubtCause::BadMac | DoubtCause::MacMissing => self.settlement_needs_sign_on(now),
            cause => self.settlement_waits(Reason::of_doubt(cause), now),
        }
    }

    pub(in crate::payment::engine) fn settlement_not_sent(
        &mut self,
        cause: &NotSentCause,
        now: Now,
    ) -> Result<(), Halt> {
        let settlement = batches::unfinished(&self.journal)?;
        match settlement.filter(|settlement| settlement.view.state == BatchState::Closing) {
            Some(settlement) if *cause == NotSentCause::Unpackable => {
                self.reopen_batch(settlement.view.batch, None, now)
            }
            _ => self.settlement_waits(Reason::of_not_sent(cause), now),
        }
    }
}

/// The totals as the dialects may name them; what is given back both ways.
fn put_totals(sums: KindSums, values: &mut Values) {
    let KindSums { sale, void, refund } = sums;
    let net = sums.net_minor();
    let side = if net < 0 { 'C' } else { 'D' };
    values
        .set_number(ValueName::SalesCount, sale.count)
        .set_number(ValueName::SalesMinor, sale.minor)
        .set_number(ValueName::VoidsCount, void.count)
        .set_number(ValueName::VoidsMinor, void.minor)
        .set_number(ValueName::RefundsCount, refund.count)
        .set_number(ValueName::RefundsMinor, refund.minor)
        .set_number(ValueName::GivenBackCount, void.count.saturating_add(refund.count))
        .set_number(ValueName::GivenBackMinor, void.minor.saturating_add(refund.minor))
        .set(ValueName::NetAmount, format!("{side}{:016}", net.unsigned_abs()));
}

fn line_of(record: &Record) -> UploadLine {
    UploadLine {
        kind: match record.kind {
            RecordKind::Sale => LineKind::Sale,
            RecordKind::Void => LineKind::Void,
            RecordKind::Refund => LineKind::Refund,
        },
        amount_minor: record.amount.minor(),
        stan: record.stan,
        date: record.local_date.as_bytes().try_into().unwrap_or(*b"0000"),
        rrn: record.rrn.clone(),
        auth_code: record.auth_code.clone(),
    }
}
