//! Locking and signing out: what there was only while somebody was signed in goes.
//!
//! First the event, then the connection and what it was made of, then the engine with the account's secrets, then the
//! journal's keys; only then is anybody told. A till locks also when the event cannot be written: it is owed, and the
//! next sign-in writes it first. An idle session locks; one that has had its full length is signed out.
//!
//! It never ends a sale. Evidence: `tests/people_states.rs`, `tests/people_kills.rs`.

use serde_json::Value;

use crate::clock::{MonoMs, Now};
use crate::error::{Error, ErrorCode};
use crate::journal::{CheckpointReason, Journal, SideWork};
use crate::payment::Ticket;
use crate::ports::Notice;
use crate::session;
use crate::till::events::{self, Why};
use crate::till::exchange::{NetworkCommand, Output, Reply};
use crate::till::gate::Answer;
use crate::till::record::Trouble;
use crate::till::view::Standing;
use crate::till::{At, Left, Open, Till};

/// How somebody leaves.
pub(super) enum Leave {
    Lock(Why),
    SignOut(Why),
    /// By the checklist, whose steps stood so.
    Exit(Value),
}

impl Till {
    pub(super) fn lock(&mut self, ticket: Ticket, now: Now) -> Result<Answer, Trouble> {
        match &self.at {
            At::Open(_) if self.is_busy() => {
                self.lock_wishes.push(ticket);
                Ok(Answer::Later)
            }
            At::Open(_) => {
                self.leave(Leave::Lock(Why::Asked), now)?;
                Ok(Answer::Now(Reply::Done))
            }
            _ if self.state(now).standing == Standing::Locked => Ok(Answer::Now(Reply::Done)),
            _ => Err(self.shut(now).into()),
        }
    }

    pub(super) fn sign_out(&mut self, now: Now) -> Result<Answer, Trouble> {
        match &self.at {
            At::Unclaimed { .. } => return Err(self.shut(now).into()),
            At::Open(_) => {
                self.not_busy()?;
                self.leave(Leave::SignOut(Why::Asked), now)?;
            }
            At::Closed { .. } => {
                self.not_busy()?;
                self.forget_who_locked(Why::Asked, now);
                self.announce(Standing::SignedOut);
            }
            At::Gone => {}
        }
        Ok(Answer::Now(Reply::Done))
    }

    /// Ends whatever session there is, so that another may begin.
    pub(super) fn make_room(&mut self, now: Now) -> Result<(), Trouble> {
        match &self.at {
            At::Open(_) => self.leave(Leave::SignOut(Why::Switch), now).map(drop),
            At::Unclaimed { .. } | At::Closed { .. } | At::Gone => Ok(()),
        }
    }

    /// The journal cannot be told now that a locked session has ended; it is told first at the next sign-in.
    fn forget_who_locked(&mut self, why: Why, now: Now) {
        let is_over = self.state(now).standing == Standing::SignedOut;
        if let At::Closed { left, .. } = &mut self.at
            && let Left::Locked(session) = std::mem::replace(left, Left::SignedOut)
        {
            let why = if is_over { Why::FullLength } else { why };
            self.owed.push(events::signed_out(session.operator(), why));
        }
    }

    pub(super) fn not_busy(&self) -> Result<(), Trouble> {
        if self.is_busy() { Err(ErrorCode::TillBusy.into()) } else { Ok(()) }
    }

    /// Locks or signs out where the session's time is up or somebody wished for it, unless something is under way.
    pub(super) fn mind_the_session(&mut self, now: Now) -> Result<(), Trouble> {
        let At::Open(open) = &self.at else { return Ok(()) };
        let standing = open.session.standing(now);
        let (ends, left_ms) = (open.session.ends_at(), open.session.left_ms(now));
        let is_soon = standing == session::Standing::Live && announcement_before(ends, now) <= now.mono;
        if is_soon && !self.ending_announced {
            self.ending_announced = true;
            self.outputs.push(Output::Notice(Notice::SessionEnding { left_ms }));
        }
        if self.is_busy() || self.stopped.is_some() {
            return Ok(());
        }
        let how = match standing {
            session::Standing::Over => Leave::SignOut(Why::FullLength),
            session::Standing::Idle => Leave::Lock(Why::Idle),
            session::Standing::Live if self.lock_wishes.is_empty() => return Ok(()),
            session::Standing::Live => Leave::Lock(Why::Asked),
        };
        self.leave(how, now)?;
        for ticket in std::mem::take(&mut self.lock_wishes) {
            self.tell(ticket, Ok(Reply::Done));
        }
        Ok(())
    }

    /// Takes everything down that there is only while somebody is signed in. Gives the checkpoint with which somebody
    /// signs out, where one could be signed.
    pub(super) fn leave(&mut self, how: Leave, now: Now) -> Result<Option<String>, Trouble> {
        self.let_the_platform_go();
        let At::Open(open) = std::mem::replace(&mut self.at, At::Gone) else { return Ok(None) };
        let Open { engine, session, opened, configuration, .. } = *open;
        let operator = session.operator().clone();
        let reason = match &how {
            Leave::Lock(_) => None,
            Leave::SignOut(_) => Some(CheckpointReason::SignOut),
            Leave::Exit(_) => Some(CheckpointReason::Exit),
        };
        let (draft, left, standing) = match how {
            Leave::Lock(why) => (events::locked(&operator, why), Left::Locked(session), Standing::Locked),
            Leave::SignOut(why) => (events::signed_out(&operator, why), Left::SignedOut, Standing::SignedOut),
            Leave::Exit(steps) => (events::exited(&operator, steps), Left::SignedOut, Standing::SignedOut),
        };
        let locked = Error::from(ErrorCode::TillLocked).word("state", standing.word());
        let (outputs, mut journal) = engine.leave(&locked);
        drop((opened, configuration));
        self.put_off_own_telling();
        self.pass_on(outputs);
        match journal.append(draft.clone(), SideWork::None, now).map_err(Trouble::from) {
            Ok(_) => {}
            Err(Trouble::Refused(_)) => self.owed.push(draft),
            Err(over) => return Err(over),
        }
        let checkpoint = match reason {
            Some(reason) => self.sign_the_head(&mut journal, reason, &operator, now)?,
            None => None,
        };
        self.outputs.push(Output::Network(NetworkCommand::Disarm));
        self.shut_down(journal, left)?;
        self.ending_announced = false;
        self.announce(standing);
        Ok(checkpoint)
    }

    /// Everything that there is only while somebody is signed in goes, without an event: the last one was written.
    pub(super) fn take_down(&mut self) -> Result<(), Trouble> {
        self.let_the_platform_go();
        let At::Open(open) = std::mem::replace(&mut self.at, At::Gone) else { return Ok(()) };
        let Open { engine, opened, configuration, .. } = *open;
        let (outputs, journal) = engine.leave(&ErrorCode::TillLocked.into());
        drop((opened, configuration));
        self.pass_on(outputs);
        self.outputs.push(Output::Network(NetworkCommand::Disarm));
        self.shut_down(journal, Left::SignedOut)
    }

    /// The journal's keys go; its lock file stays.
    pub(super) fn shut_down(&mut self, journal: Journal, left: Left) -> Result<(), Trouble> {
        let journal = journal.lock()?;
        self.at = At::Closed { journal, left };
        Ok(())
    }
}

/// When to say that a session ends soon; a session that is short altogether says so at its end only.
pub(super) fn announcement_before(ends: MonoMs, _now: Now) -> MonoMs {
    MonoMs(ends.0.saturating_sub(ENDING_MS))
}

/// How long before its end a session says so, in milliseconds.
const ENDING_MS: u64 = 60_000;
