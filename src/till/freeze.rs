//! Freezing this till and releasing it, whoever is at it and in whatever state it is.
//!
//! Signed in, a freeze is an event at once, and the payments stop in the same step. Locked or signed out it is a mark
//! under the device's key, and the next sign-in records it before anything else. What the record and the mark say is
//! held together there: a freeze that was cut short, or whose files were put back, is found. A disk that takes nothing
//! keeps no freeze from holding: it is recorded as soon as there is room.
//!
//! It never waits for a sale, a host or a clock. Evidence: `tests/incident_freeze.rs`.

use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::ids::OperatorName;
use crate::incident::freeze::mark::{self, Mark, MarkFault};
use crate::incident::freeze::{FreezeReason, FreezeView, FrozenFrom, Kept, Released, record};
use crate::journal::{CheckpointReason, Journal, JournalError, PlainRows, SideWork};
use crate::payment::{self, Ticket};
use crate::secret::{Secret, SecretBytes};
use crate::session::Standing;
use crate::session::actions::{ConfirmRelease, ReleaseFreeze};
use crate::session::{Permit, Session};
use crate::till::exchange::Reply;
use crate::till::flow::{Led, Stage, copy};
use crate::till::gate::Answer;
use crate::till::record::Trouble;
use crate::till::{At, Till};
use crate::vault::{Attempt, Who};

/// Somebody who freezes a locked till and says who it is.
pub(super) struct Freezer {
    pub name: OperatorName,
    pub reason: Option<FreezeReason>,
}

impl Till {
    /// Freezes the till now. One that is frozen stays as it is.
    pub(super) fn freeze(
        &mut self,
        ticket: Ticket,
        reason: Option<FreezeReason>,
        by: Option<(OperatorName, SecretBytes)>,
        now: Now,
    ) -> Result<Answer, Trouble> {
        match (&self.at, by) {
            (At::Unclaimed { .. } | At::Gone, _) => Err(self.shut(now).into()),
            (At::Open(open), _) => {
                let view = by_whoever_is_here(&open.session, reason, now);
                self.touch(now);
                self.freeze_now(view, now)?;
                Ok(Answer::Now(Reply::Done))
            }
            (At::Closed { .. }, Some((name, password))) => {
                self.freeze_by_password(ticket, name, &password, reason, now)
            }
            (At::Closed { .. }, None) => {
                if self.with_rows(|vault| vault.terms())?.freeze_needs_password {
                    return Err(ErrorCode::FreezeNeedsPassword.into());
                }
                self.freeze_locked(None, reason, now)
            }
        }
    }

    fn freeze_by_password(
        &mut self,
        ticket: Ticket,
        name: OperatorName,
        password: &SecretBytes,
        reason: Option<FreezeReason>,
        now: Now,
    ) -> Result<Answer, Trouble> {
        self.not_deriving()?;
        let attempt = self.guess(Who::Operator(&name), now)?;
        let derivation = attempt.derivation().clone();
        self.derive(
            ticket,
            copy(password),
            &derivation,
            Stage::Freezing { freezer: Freezer { name, reason }, attempt },
        );
        Ok(Answer::Later)
    }

    /// The password of whoever freezes a locked till is right, or not. The failures stay to be told at a sign-in.
    pub(super) fn frozen_by_password(
        &mut self,
        Freezer { name, reason }: Freezer,
        attempt: Attempt,
        key: Secret<32>,
        now: Now,
    ) -> Result<Led, Trouble> {
        let _known = self.try_guess(attempt, key, now)?;
        match self.freeze_locked(Some(name), reason, now)? {
            Answer::Now(reply) => Ok(Led::To(reply)),
            Answer::Later => Ok(Led::On),
            Answer::TheLast(reply, over) => Ok(Led::ToTheEnd(reply, over)),
        }
    }

    /// The mark alone: nothing of the record can be written now.
    fn freeze_locked(
        &mut self,
        by: Option<OperatorName>,
        reason: Option<FreezeReason>,
        now: Now,
    ) -> Result<Answer, Trouble> {
        let keys = std::sync::Arc::clone(&self.device_keys);
        let view = FreezeView { since_ms: Some(now.wall), by, reason, from: FrozenFrom::LockScreen };
        let rows = self.rows_mut()?;
        if matches!(mark::read(rows, &*keys)?, Mark::Absent | Mark::Lifted) {
            mark::begin(&*keys).map_err(MarkFault::from)?;
            let row = mark::frozen(&*keys, &view, false).map_err(MarkFault::from)?;
            // Without room for the row the key alone says that the till is frozen.
            match rows.change_plain(&[row]).map_err(Trouble::from) {
                Ok(()) => {}
                Err(Trouble::Refused(_)) => self.unrecorded = Some(view),
                Err(over) => return Err(over),
            }
            self.shut_biometrics()?;
        }
        self.announce_anew(now);
        Ok(Answer::Now(Reply::Done))
    }

    /// Records the freeze, and stops what may be stopped.
    pub(super) fn freeze_now(&mut self, view: FreezeView, now: Now) -> Result<(), Trouble> {
        let At::Open(open) = &mut self.at else { return Ok(()) };
        let before = record::standing(open.engine.journal())?;
        let is_more =
            before.as_ref().is_none_or(|before| view.from == FrozenFrom::Host && before.view.from != FrozenFrom::Host);
        if !is_more {
            return Ok(());
        }
        let from = view.from.word();
        self.unrecorded = Some(view);
        self.record_the_freeze(now)?;
        self.shut_biometrics()?;
        self.pay(payment::Input::Freeze { from }, now)?;
        self.announce_anew(now);
        Ok(())
    }

    /// Writes a freeze down that holds already. A disk without room is asked again with the next input.
    pub(super) fn record_the_freeze(&mut self, now: Now) -> Result<(), Trouble> {
        if self.unrecorded.is_none() || self.stopped.is_some() {
            return Ok(());
        }
        let Some(view) = self.unrecorded.clone() else { return Ok(()) };
        let keys = std::sync::Arc::clone(&self.device_keys);
        let At::Open(open) = &mut self.at else { return Ok(()) };
        let operator = open.session.operator().clone();
        let journal = open.engine.journal_mut();
        // A key of an earlier freeze is nobody's any more; one of this freeze was made the time before.
        let is_new = record::standing(journal)?.is_none() && !matches!(mark::read(journal, &*keys), Ok(Mark::Broken));
        let made = if is_new { mark::begin(&*keys) } else { mark::keep(&*keys) };
        match write(journal, &*keys, made.is_ok(), &view, now) {
            Ok(()) => self.unrecorded = None,
            Err(Trouble::Refused(_)) => return Ok(()),
            Err(over) => return Err(over),
        }
        self.look_at_what_is_owed(now)?;
        self.with_open(now, |till, open| {
            till.sign_the_head(open.engine.journal_mut(), CheckpointReason::Freeze, &operator, now).map(drop)
        })
    }

    /// At a sign-in: what the mark says of a freeze and what the record says are brought together.
    pub(super) fn settle_the_freeze(&mut self, journal: &mut Journal, now: Now) -> Result<(), Trouble> {
        planted!(LockScreenFreezeForgotten, return Ok(()));
        let keys = std::sync::Arc::clone(&self.device_keys);
        let mark = mark::read(journal, &*keys)?;
        let found = match (record::standing(journal)?, mark) {
            (None, Mark::Absent) => return Ok(()),
            (None, Mark::Lifted) => return tidied(mark::clear(journal, &*keys)),
            (None, Mark::Frozen { view, .. }) => view,
            (None, Mark::Broken) => self.unrecorded.clone().unwrap_or_else(FreezeView::found),
            (Some(kept), Mark::Frozen { view, is_recorded: true }) if view == kept.view => return Ok(()),
            (Some(Kept { view, .. }), _) => {
                let row = mark::keep(&*keys).and_then(|()| mark::frozen(&*keys, &view, true));
                let Ok(row) = row else { return Ok(()) };
                return tidied(journal.change_plain(&[row]).map_err(MarkFault::from));
            }
        };
        let view = FreezeView { since_ms: found.since_ms.or(Some(now.wall)), ..found };
        write(journal, &*keys, true, &view, now)?;
        self.unrecorded = None;
        Ok(())
    }

    /// A person wants to let the till go again, with a second one beside.
    pub(super) fn release(
        &mut self,
        ticket: Ticket,
        permit: Permit<ReleaseFreeze>,
        second: OperatorName,
        password: &SecretBytes,
        now: Now,
    ) -> Result<Answer, Trouble> {
        let first = OperatorName::new(permit.spend()).map_err(Error::from)?;
        self.not_deriving()?;
        self.record_the_freeze(now)?;
        let Some(freeze) = self.standing_freeze()? else {
            return match &self.unrecorded {
                // What is not in the record yet cannot be taken back in it.
                Some(_) => Err(ErrorCode::DiskFull.into()),
                None => Ok(Answer::Now(Reply::Done)),
            };
        };
        may_be_released(&freeze)?;
        if is_released_by_one(&first, &second) {
            return Err(another("same"));
        }
        let attempt = self.guess(Who::Operator(&second), now)?;
        let derivation = attempt.derivation().clone();
        self.derive(ticket, copy(password), &derivation, Stage::Releasing { second, attempt });
        Ok(Answer::Later)
    }

    /// The second person's password is right, or not.
    pub(super) fn released_by_two(
        &mut self,
        second: OperatorName,
        attempt: Attempt,
        key: Secret<32>,
        now: Now,
    ) -> Result<Led, Trouble> {
        let opened = self.try_guess(attempt, key, now)?;
        let permit: Permit<ConfirmRelease> = self.permit_of(&second, &opened, now)?;
        drop(opened);
        let _confirmed = permit.spend();
        // The acquirer may have said something meanwhile.
        if let (Some(freeze), Some(first)) = (self.standing_freeze()?, self.operator()) {
            may_be_released(&freeze)?;
            let At::Open(open) = &self.at else { return Err(self.shut(now).into()) };
            if let Some(how) = tie_since(open.engine.journal(), freeze.sequence, &first, &second)? {
                return Err(another(how));
            }
            self.release_now(&Released::TwoPeople { second }, now)?;
        }
        Ok(Led::To(Reply::Done))
    }

    /// Records the release, with the word beside the record that the key may go, and then destroys the key.
    pub(super) fn release_now(&mut self, by: &Released, now: Now) -> Result<(), Trouble> {
        let keys = std::sync::Arc::clone(&self.device_keys);
        self.with_open(now, |_, open| {
            let operator = open.session.operator().clone();
            let journal = open.engine.journal_mut();
            if record::standing(journal)?.is_none() {
                return Ok(());
            }
            mark::keep(&*keys).map_err(MarkFault::from)?;
            let row = mark::lifted(&*keys).map_err(MarkFault::from)?;
            let first = matches!(by, Released::TwoPeople { .. }).then_some(&operator);
            journal.append_with(record::released(first, by), SideWork::None, vec![row], now)?;
            tidied(mark::clear(journal, &*keys))
        })?;
        self.look_at_what_is_owed(now)?;
        self.pay(payment::Input::Release, now)?;
        self.announce_anew(now);
        Ok(())
    }

    /// What a screen may show of it, in every state.
    pub(super) fn frozen(&self) -> Option<FreezeView> {
        match &self.at {
            At::Unclaimed { .. } | At::Gone => None,
            At::Open(open) => {
                let standing = record::standing(open.engine.journal()).ok().flatten();
                standing.map(|kept| kept.view).or_else(|| self.unrecorded.clone())
            }
            At::Closed { journal, .. } => match mark::read(journal, &*self.device_keys) {
                Ok(Mark::Frozen { view, .. }) => Some(view),
                Ok(Mark::Broken) => Some(self.unrecorded.clone().unwrap_or_else(FreezeView::found)),
                Ok(Mark::Absent | Mark::Lifted) | Err(_) => None,
            },
        }
    }

    /// The freeze of the record.
    pub(super) fn standing_freeze(&self) -> Result<Option<Kept>, Trouble> {
        let At::Open(open) = &self.at else { return Ok(None) };
        Ok(record::standing(open.engine.journal())?)
    }

    /// Fingers and faces open nothing after a freeze, before the next password.
    pub(super) fn shut_biometrics(&mut self) -> Result<(), Trouble> {
        match self.with_rows(|vault| vault.freeze()) {
            // The till is frozen all the same.
            Ok(()) | Err(Trouble::Refused(_)) => Ok(()),
            Err(over) => Err(over),
        }
    }

    /// Whoever shows the till looks at it again.
    fn announce_anew(&mut self, now: Now) {
        let standing = self.state(now).standing;
        self.announce(standing);
    }
}

/// A session that has ended meanwhile is nobody's name.
fn by_whoever_is_here(session: &Session, reason: Option<FreezeReason>, now: Now) -> FreezeView {
    let is_live = session.standing(now) == Standing::Live;
    let by = is_live.then(|| session.operator().clone());
    let from = if is_live { FrozenFrom::Till } else { FrozenFrom::LockScreen };
    FreezeView { since_ms: Some(now.wall), by, reason, from }
}

/// The event and the mark, in one transaction; without a device key the event alone.
fn write(
    journal: &mut Journal,
    keys: &dyn crate::ports::DeviceKeys,
    has_key: bool,
    view: &FreezeView,
    now: Now,
) -> Result<(), Trouble> {
    let row = if has_key { mark::frozen(keys, view, true).ok() } else { None };
    journal.append_with(record::frozen(view), SideWork::None, row.into_iter().collect(), now)?;
    Ok(())
}

fn may_be_released(freeze: &Kept) -> Result<(), Trouble> {
    match freeze.view.from {
        FrozenFrom::Host => Err(ErrorCode::FrozenByHost.into()),
        FrozenFrom::Till | FrozenFrom::LockScreen | FrozenFrom::Found => Ok(()),
    }
}

fn is_released_by_one(first: &OperatorName, second: &OperatorName) -> bool {
    planted!(ReleasedByOne, return false);
    first == second
}

fn another(why: &'static str) -> Trouble {
    Error::from(ErrorCode::ReleaseNeedsAnother).word("why", why).into()
}

/// How one of the two gave the other the way in since the freeze, if so: that is one person with two names.
fn tie_since(
    journal: &Journal,
    sequence: u64,
    first: &OperatorName,
    second: &OperatorName,
) -> Result<Option<&'static str>, JournalError> {
    let mut after = sequence;
    loop {
        let events = journal.events_after(after, EVENTS_A_STEP)?;
        let Some(last) = events.last() else { return Ok(None) };
        after = last.sequence;
        for event in &events {
            let how = match event.kind.as_str() {
                "operator.added" => "appointed",
                "operator.reset" => "reset",
                _ => continue,
            };
            let of = event.body.get("operator").and_then(serde_json::Value::as_str);
            let is_tie = |by: &OperatorName, whom: &OperatorName| {
                event.operator.as_deref() == Some(by.as_str()) && of == Some(whom.as_str())
            };
            if is_tie(first, second) || is_tie(second, first) {
                return Ok(Some(how));
            }
        }
    }
}

/// What is only tidied up is done at the next sign-in where it cannot be done now.
fn tidied(done: Result<(), MarkFault>) -> Result<(), Trouble> {
    match done.map_err(Trouble::from) {
        Ok(()) | Err(Trouble::Refused(_)) => Ok(()),
        over => over,
    }
}

const EVENTS_A_STEP: usize = 256;
