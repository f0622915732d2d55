//! What the engine does beside attempts and debts, and whose message is on the line.
//!
//! An attempt (a sale or a void) and a job exclude each other: whoever comes second is told `till_busy`. Debts go
//! first: an attempt, and a job that moves money, waits for one round of them. Nothing shares the line.
//!
//! | on the line | its messages | its file |
//! |---|---|---|
//! | a debt | reversals, refunds | `debts.rs`, `reversal.rs`, `forward.rs` |
//! | a job | what its [`Task`] says | `errand.rs`, `tell.rs`, `settle.rs` |
//! | the attempt | the sale, the void | `host.rs` |
//!
//! It never lets a job end without an answer to whoever waits. Evidence: `tests/payment_errands.rs`.

use crate::acquirer::{Answer, DoubtCause, NotSentCause};
use crate::clock::{MonoMs, Now};
use crate::error::{Error, ErrorCode};
use crate::iso8583::Op;
use crate::payment::engine::sale::Phase;
use crate::payment::engine::settle::SettleRun;
use crate::payment::engine::tell::TellRun;
use crate::payment::engine::{Engine, Halt};
use crate::payment::exchange::{Reply, Ticket};

/// Something that is done with the host and is no attempt.
pub(super) struct Job {
    /// Who waits for its end; nobody where the till does it by itself.
    pub ticket: Option<Ticket>,
    /// In whose name.
    pub operator: Option<String>,
    pub stage: Stage,
    pub task: Task,
}

/// How far a job has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It waits for the line, and for earlier debts where it moves money.
    Clearing,
    /// The line is its own until it ends.
    Working,
}

/// What a job is for.
pub(super) enum Task {
    /// The host is asked whether it is there.
    HostTest {
        /// When.
        asked_at: MonoMs,
    },
    /// The host's rules for this till are fetched.
    Parameters,
    /// A page of the host's own statement of a day is fetched.
    Statement {
        /// `YYYYMMDD`.
        day: String,
        /// From 1.
        page: u16,
    },
    /// The host is told something that is no payment.
    Tell(Box<TellRun>),
    /// A batch is settled, as far as this run comes.
    Settle(Box<SettleRun>),
}

impl Task {
    /// Whether earlier debts are driven first.
    fn clears_debts(&self) -> bool {
        match self {
            Self::HostTest { .. } | Self::Parameters | Self::Statement { .. } | Self::Tell(_) => false,
            Self::Settle(_) => true,
        }
    }

    /// Whether its answer is one that the till will be known by.
    pub(super) fn brings_keys(&self) -> bool {
        matches!(self, Self::Tell(run) if run.is_certificate())
    }
}

/// Whose message is on the line, or on its way there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnTheLine {
    Debt,
    Job,
    Attempt,
    Nobody,
}

impl Engine {
    /// Whether an attempt or a job is in progress, or a refund waits for its card, so that no other may begin.
    #[must_use]
    pub fn is_occupied(&self) -> bool {
        self.sale.is_some() || self.job.is_some() || self.refund_tap.is_some()
    }

    /// Whether nothing but debts may go out: what is in progress only waits for them.
    pub(super) fn waits_for_debts(&self) -> bool {
        let sale = self.sale.as_ref().is_none_or(|sale| matches!(sale.phase, Phase::Clearing));
        sale && self.job.as_ref().is_none_or(|job| job.stage == Stage::Clearing)
    }

    pub(super) fn on_the_line(&self) -> OnTheLine {
        let attempt = self.sale.as_ref().is_some_and(|sale| sale.is_with_the_host());
        if self.debts.is_on_the_line() {
            OnTheLine::Debt
        } else if self.job.as_ref().is_some_and(|job| job.stage == Stage::Working) {
            OnTheLine::Job
        } else if attempt {
            OnTheLine::Attempt
        } else {
            OnTheLine::Nobody
        }
    }

    /// Begins a job, or tells who wants it why not.
    pub(super) fn start_job(&mut self, ticket: Option<Ticket>, operator: Option<String>, task: Task, now: Now) {
        let refusal = if self.is_occupied() { Some(ErrorCode::TillBusy) } else { self.leftovers.refusal() };
        // What the till does by itself is held up by the connection that it does not get, before which the network is
        // looked at: what was judged for an earlier wish is not in its way.
        let is_somebodys = ticket.is_some_and(|ticket| ticket != Ticket::OWN || operator.is_some());
        let is_about_keys = task.brings_keys() || self.conversation.needs_keys();
        let over_the_network = if is_somebodys { self.network_refusal_of(is_about_keys) } else { None };
        if let Some(error) = refusal.map(Error::from).or(over_the_network) {
            if let Some(ticket) = ticket {
                self.tell(ticket, Err(error));
            }
            return;
        }
        if task.clears_debts() {
            self.debts.begin_round(None, now);
        }
        self.job = Some(Job { ticket, operator, stage: Stage::Clearing, task });
    }

    /// Lets a job that waits begin its work when its turn has come. Says whether anything moved.
    pub(super) fn go_on_with_job(&mut self, now: Now) -> Result<bool, Halt> {
        let Some(Job { stage: Stage::Clearing, task, .. }) = &self.job else { return Ok(false) };
        let is_kept = task.clears_debts() && self.debts.round_is_open();
        if is_kept || self.debts.is_on_the_line() || self.conversation.is_busy() {
            return Ok(false);
        }
        if let Some(job) = &mut self.job {
            job.stage = Stage::Working;
        }
        self.begin_job(now)?;
        Ok(true)
    }

    fn begin_job(&mut self, now: Now) -> Result<(), Halt> {
        match self.job.as_ref().map(|job| &job.task) {
            Some(Task::HostTest { .. } | Task::Parameters | Task::Statement { .. }) => self.begin_errand(now),
            Some(Task::Tell(_)) => self.tell_on(now),
            Some(Task::Settle(_)) => self.begin_settlement(now),
            None => Ok(()),
        }
    }

    /// The job's request is packed: what must be durable before it leaves is recorded now.
    pub(super) fn job_leaves(&mut self, op: Op, now: Now) -> Result<(), Halt> {
        match self.job.as_ref().map(|job| &job.task) {
            Some(Task::HostTest { .. } | Task::Parameters | Task::Statement { .. } | Task::Tell(_)) => {
                self.synced(now);
                Ok(())
            }
            Some(Task::Settle(_)) => self.settlement_leaves(op, now),
            None => self.withdraw(now),
        }
    }

    /// The host's verified word on the job's request.
    pub(super) fn job_answered(&mut self, answer: &Answer, now: Now) -> Result<(), Halt> {
        match self.job.as_ref().map(|job| &job.task) {
            Some(Task::HostTest { .. } | Task::Parameters | Task::Statement { .. }) => {
                self.errand_answered(answer, now)
            }
            Some(Task::Tell(_)) => self.tell_answered(answer, now),
            Some(Task::Settle(_)) => self.settlement_answered(answer, now),
            None => Ok(()),
        }
    }

    /// The job's request was provably not sent.
    pub(super) fn job_not_sent(&mut self, cause: &NotSentCause, now: Now) -> Result<(), Halt> {
        match self.job.as_ref().map(|job| &job.task) {
            Some(Task::HostTest { .. } | Task::Parameters | Task::Statement { .. } | Task::Tell(_)) => {
                self.end_job(Err(error_of(cause)));
                Ok(())
            }
            Some(Task::Settle(_)) => self.settlement_not_sent(cause, now),
            None => Ok(()),
        }
    }

    /// There is no verified answer to the job's request.
    pub(super) fn job_in_doubt(&mut self, cause: DoubtCause, now: Now) -> Result<(), Halt> {
        match self.job.as_ref().map(|job| &job.task) {
            Some(Task::HostTest { .. } | Task::Parameters | Task::Statement { .. } | Task::Tell(_)) => {
                self.end_job(Err(Error::from(ErrorCode::HostSilent).word("why", cause.word())));
                Ok(())
            }
            Some(Task::Settle(_)) => self.settlement_in_doubt(cause, now),
            None => Ok(()),
        }
    }

    /// Ends the job, whatever it was about to do; what it owes is in the journal.
    pub(super) fn end_job(&mut self, result: Result<Reply, Error>) {
        if let Some(Job { ticket: Some(ticket), .. }) = self.job.take() {
            self.tell(ticket, result);
        }
    }
}

/// The error of a request that was not sent.
pub(super) fn error_of(cause: &NotSentCause) -> Error {
    match cause {
        NotSentCause::SignOnRefused(host_code) => Error::from(cause.code()).with_host_code(host_code),
        _ => cause.code().into(),
    }
}
