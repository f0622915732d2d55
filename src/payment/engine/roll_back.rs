//! The journal's head on its way to the host and back.
//!
//! Each financial request carries the head that the journal has, where the dialect has a place for it. At a sign-on,
//! which comes before the first payment of every run, the host gives back the last one that it saw. If this journal
//! does not continue it, older files were put back: that is recorded, the sale that waited is not sent, and no
//! other begins until a supervisor accepts it. Reversals go on, because they are owed whatever was put back.
//!
//! It never trusts a host that says nothing. Evidence: `tests/payment_roll_back.rs`.

use crate::acquirer::Request;
use crate::clock::Now;
use crate::error::Error;
use crate::hex::encode_lower;
use crate::iso8583::ValueName;
use crate::journal::{Head, SideWork};
use crate::payment::engine::record::Refused;
use crate::payment::engine::{Engine, Halt};
use crate::payment::events::{Body, RollBackAccepted, RolledBack};
use crate::payment::exchange::{Reply, Ticket};
use crate::payment::reason::Reason;
use crate::payment::roll_back::{self, RollBack};
use crate::session::Permit;
use crate::session::actions::AcceptRollBack;

impl Engine {
    /// The roll-back that nobody has accepted yet.
    ///
    /// # Errors
    /// Those of the journal.
    pub fn rolled_back(&self) -> Result<Option<RollBack>, Error> {
        self.unaccepted().map_err(|Halt(error)| error)
    }

    /// Puts the journal's head where the dialect looks for it.
    pub(super) fn carry_head(&self, request: &mut Request) {
        request.values.set(ValueName::JournalHead, self.journal.head().to_bytes());
    }

    /// Holds the head that the host saw last against the journal, and records it if that is no beginning of ours.
    pub(super) fn hear_head(&mut self, seen: Option<Head>, now: Now) -> Result<(), Refused> {
        let Some(seen) = seen else { return Ok(()) };
        let ours = self.journal.head();
        if seen.size <= ours.size && (seen.size == 0 || self.root_at(seen.size)? == seen.root) {
            return Ok(());
        }
        let seen_root = encode_lower(&seen.root);
        let last = roll_back::last(&self.journal).map_err(Halt::from)?;
        if last.is_some_and(|last| (last.seen_size, last.seen_root.as_str()) == (seen.size, &seen_root)) {
            return Ok(()); // It is recorded, and accepted or not.
        }
        self.append(None, &RolledBack { size: ours.size, seen_size: seen.size, seen_root }, SideWork::None, now)
    }

    fn root_at(&self, size: u64) -> Result<[u8; 32], Halt> {
        Ok(self.journal.root_at(size)?)
    }

    pub(super) fn unaccepted(&self) -> Result<Option<RollBack>, Halt> {
        Ok(roll_back::last(&self.journal)?.filter(|last| !last.is_accepted))
    }

    /// Ends what waited for the sign-on at which the roll-back was found. Says whether anything did.
    pub(super) fn stop_for_roll_back(&mut self, now: Now) -> Result<bool, Halt> {
        let Some(found) = self.unaccepted()?.filter(|_| !self.debts.is_on_the_line()) else { return Ok(false) };
        self.withdraw(now)?;
        self.end_job(Err(found.error()));
        self.end_unsent(Reason::JournalRolledBack, "none", now)?;
        Ok(true)
    }

    /// A supervisor knows of it: the till sells again.
    pub(super) fn accept_roll_back(
        &mut self,
        ticket: Ticket,
        permit: Permit<AcceptRollBack>,
        now: Now,
    ) -> Result<(), Halt> {
        let Some(RollBack { seen_size, seen_root, .. }) = self.unaccepted()? else {
            self.tell(ticket, Ok(Reply::RollBackAccepted));
            return Ok(());
        };
        let draft = RollBackAccepted { seen_size, seen_root }.draft(None, Some(permit.spend()));
        let result = match self.journal.append(draft, SideWork::None, now) {
            Ok(_) => Ok(Reply::RollBackAccepted),
            Err(error) => match Refused::from(error) {
                Refused::NotWritten(code) => Err(code.into()),
                Refused::Over(halt) => return Err(halt),
            },
        };
        self.tell(ticket, result);
        Ok(())
    }
}
