//! Leaving: refused with everything that is in the way, or done to the end.
//!
//! One event says that somebody has left, with the checklist as it stood; it is also the sign-out. Before it nothing has
//! changed; after it the connection, the keys and the session go, as they do with the process, and a checkpoint that the
//! process's end kept from being signed is signed by the next sign-in.
//!
//! It never leaves a payment that is under way, whoever says so. Evidence: `tests/leaving.rs`, `tests/leaving_kills.rs`.

use serde_json::{Value, json};

use crate::account::WrittenReason;
use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::session::Permit;
use crate::session::actions::{Exit, ForceExit};
use crate::till::Till;
use crate::till::exchange::Reply;
use crate::till::gate::Answer;
use crate::till::leave::Leave;
use crate::till::leaving::{ExitStep, ExitView, StepState};
use crate::till::record::Trouble;

impl Till {
    pub(in crate::till) fn exit_checklist(&mut self, permit: Permit<Exit>, now: Now) -> Result<Answer, Trouble> {
        let _looking = permit.spend();
        Ok(Answer::Now(Reply::Exit(Box::new(self.checklist(now)?))))
    }

    /// Leaves, also where something is in the way if a supervisor says why.
    pub(in crate::till) fn exit(
        &mut self,
        permit: Permit<Exit>,
        force: Option<(WrittenReason, Permit<ForceExit>)>,
        now: Now,
    ) -> Result<Answer, Trouble> {
        let _who = permit.spend();
        self.not_deriving()?;
        let mut view = self.checklist(now)?;
        let blockers = view.blockers();
        if !blockers.is_empty() {
            let Some((reason, permit)) = force.filter(|_| !is_under_way(&view)) else {
                return Err(Error::from(ErrorCode::ExitBlocked).blocked_by(blockers).into());
            };
            waive(&mut view, &permit.spend(), &reason);
        }
        let checkpoint = self.leave(Leave::Exit(record(&view)), now)?;
        Ok(Answer::Now(Reply::Exit(Box::new(view.left(checkpoint)))))
    }
}

/// Whether a payment is under way, from which nobody walks away.
fn is_under_way(view: &ExitView) -> bool {
    let transactions = view.items.iter().filter(|item| item.step == ExitStep::Transactions);
    transactions.flat_map(|item| &item.blockers).any(|blocker| blocker.remedy == Some("wait"))
}

fn waive(view: &mut ExitView, by: &str, reason: &WrittenReason) {
    for item in view.items.iter_mut().filter(|item| item.state == StepState::Blocked) {
        item.state = StepState::Waived { by: by.to_owned(), reason: reason.to_string() };
    }
}

/// What the journal keeps of the checklist: every step that is a person's.
fn record(view: &ExitView) -> Value {
    let persons = view.items.iter().filter(|item| !item.step.is_the_tills());
    json!(persons.collect::<Vec<_>>())
}
