//! A frozen till: nothing new begins, what has not left is ended, and what may have left goes on to its end.
//!
//! The till's room says that it is frozen and from where; the host's own word is heard here first, so that a sale that
//! waits behind a sign-on does not leave. A refund that was approved is owed and goes on as any debt does.
//!
//! It never stops a reversal. Evidence: `tests/incident_freeze.rs`.

use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::payment::engine::{Engine, Halt};
use crate::payment::exchange::{CardCommand, Output};
use crate::payment::reason::Reason;
use crate::ports::{Notice, Prompt};

impl Engine {
    /// The same till, frozen from here (`till`, `lock_screen`, `host`, `found`) when it opens, or not.
    #[must_use]
    pub fn frozen_from(mut self, from: Option<&'static str>) -> Self {
        planted!(FreezeLostByRestart, return self);
        self.frozen = from;
        self
    }

    /// From now on nothing begins, and what has not left does not leave.
    pub(super) fn freeze(&mut self, from: &'static str, now: Now) -> Result<(), Halt> {
        self.frozen = Some(from);
        self.stop_for_freeze(now)
    }

    /// Why nothing may begin, whatever it is for.
    pub(super) fn frozen_refusal(&self) -> Option<Error> {
        self.frozen.map(|from| Error::from(ErrorCode::TillFrozen).word("from", from))
    }

    /// Ends what is provably unsent, and lets the card go.
    pub(super) fn stop_for_freeze(&mut self, now: Now) -> Result<(), Halt> {
        let Some(error) = self.frozen_refusal() else { return Ok(()) };
        if let Some(tap) = self.refund_tap.take() {
            self.outputs.push(Output::Card(CardCommand::Release));
            self.notice(Notice::FieldOff { hold_ms: 0 });
            self.notice(Notice::Show(Prompt::Clear));
            self.tell(tap.ticket, Err(error));
        }
        if !self.may_still_be_cancelled(now) {
            return Ok(());
        }
        self.let_the_card_go();
        self.end_unsent(Reason::TillFrozen, "none", now)
    }
}
