//! Fingers and faces: enrolled with the password, asked for at the door, forgotten.
//!
//! The platform asks the person, on a thread of its own that nothing waits for: a lock, a sign-out or another wish at
//! the door lets it go, and what it says later is dropped by its number. What it releases opens the slot only while the
//! vault's rules hold, before the person is asked and once more by the journal's rules; a key that a new
//! enrolment made void is destroyed with its slot.
//!
//! It never takes the place of a password that is due, or that somebody is asked for again.
//! Evidence: `tests/people_biometric.rs`.

use std::sync::Arc;

use crate::account;
use crate::clock::Now;
use crate::error::Error;
use crate::ids::OperatorName;
use crate::journal::{Journal, SideWork};
use crate::payment::Ticket;
use crate::ports::{BiometricFault, BiometricKey};
use crate::secret::{Secret, SecretBytes};
use crate::session::Permit;
use crate::session::actions::EnrolBiometric;
use crate::till::enter::{By, Entry};
use crate::till::events;
use crate::till::exchange::{Output, Reply};
use crate::till::flow::{Flow, Led, Stage, copy};
use crate::till::gate::Answer;
use crate::till::record::{Trouble, settled};
use crate::till::view::Biometric;
use crate::till::work::{Recognised, Recognition, Said};
use crate::till::{At, Left, Till};
use crate::vault::{Attempt, BiometricRefusal, Opened, SealedEnrolment, VaultError, Who};

impl Till {
    pub(super) fn enrol_biometric(
        &mut self,
        ticket: Ticket,
        permit: Permit<EnrolBiometric>,
        password: &SecretBytes,
        now: Now,
    ) -> Result<Answer, Trouble> {
        self.not_deriving()?;
        let _own = permit.spend();
        let Some(name) = self.operator() else { return Err(self.shut(now).into()) };
        self.sensor()?;
        if self.biometric_days()? == 0 {
            return Err(refused(BiometricRefusal::NotAllowed));
        }
        let attempt = self.guess(Who::Operator(&name), now)?;
        let derivation = attempt.derivation().clone();
        self.derive(ticket, copy(password), &derivation, Stage::Enrolling { attempt });
        Ok(Answer::Later)
    }

    /// The password is right, or not; then the platform makes its key, and may ask the person.
    pub(super) fn seal_enrolment(
        &mut self,
        ticket: Ticket,
        attempt: Attempt,
        key: Secret<32>,
        now: Now,
    ) -> Result<Led, Trouble> {
        let opened = self.proved_own(attempt, key, now)?;
        let sensor = self.sensor()?;
        let enrolment = self.with_rows(|vault| vault.begin_enrolment(&opened))?;
        let work = move || enrolment.seal(&*sensor).map(Said::Sealed);
        self.at_the_platform(ticket, Stage::Sealing { opened }, work);
        Ok(Led::On)
    }

    fn finish_enrolment(&mut self, opened: &Opened, sealed: SealedEnrolment, now: Now) -> Result<Reply, Trouble> {
        self.with_open(now, |till, open| {
            let name = open.session.operator().clone();
            let journal = open.engine.journal_mut();
            let days = account::shop_policy(journal)?.biometric_days.into();
            let change = till.vault(journal).finish_enrolment(opened, sealed, days, now)?;
            till.record(journal, events::biometric_enrolled(&name), SideWork::None, change, now)?;
            Ok(Reply::Done)
        })
    }

    pub(super) fn forget_biometric(&mut self, permit: Permit<EnrolBiometric>, now: Now) -> Result<Answer, Trouble> {
        self.not_deriving()?;
        let _own = permit.spend();
        let reply = self.with_open(now, |till, open| {
            let name = open.session.operator().clone();
            let journal = open.engine.journal_mut();
            let change = till.vault(journal).forget_biometric(&name)?;
            till.record(journal, events::biometric_forgotten(&name, "asked"), SideWork::None, change, now)?;
            Ok(Reply::Done)
        })?;
        Ok(Answer::Now(reply))
    }

    pub(super) fn sign_in_by_biometric(
        &mut self,
        ticket: Ticket,
        name: OperatorName,
        now: Now,
    ) -> Result<Answer, Trouble> {
        self.may_sign_in(&name, now)?;
        self.recognise(ticket, name, false, now)
    }

    pub(super) fn unlock_by_biometric(&mut self, ticket: Ticket, now: Now) -> Result<Answer, Trouble> {
        let name = self.who_locked(now)?;
        self.not_deriving()?;
        self.recognise(ticket, name, true, now)
    }

    /// What keeps the slot shut is said before the person is asked, and before anybody is signed out.
    fn recognise(&mut self, ticket: Ticket, name: OperatorName, unlocks: bool, now: Now) -> Result<Answer, Trouble> {
        let sensor = self.sensor()?;
        let attempt = self.with_rows(|vault| vault.begin_biometric(&name, now))?;
        self.make_room(now)?;
        let asked = attempt.clone();
        let work = move || asked.release(&*sensor).map(Said::Released);
        let entry = Entry { name, unlocks, new_password: None, by: By::Biometric(Box::new(attempt)) };
        self.at_the_platform(ticket, Stage::Recognising { entry }, work);
        Ok(Answer::Later)
    }

    fn at_the_platform(
        &mut self,
        ticket: Ticket,
        stage: Stage,
        work: impl FnOnce() -> Result<Said, BiometricFault> + Send + 'static,
    ) {
        self.recognitions += 1;
        self.flow = Some(Flow::new(ticket, stage));
        self.outputs.push(Output::Recognise(Recognition::new(self.recognitions, work)));
    }

    /// The platform has answered. One that was let go says nothing any more.
    pub(super) fn recognised(&mut self, said: Recognised, now: Now) -> Result<(), Trouble> {
        if said.number != self.recognitions || !self.flow.as_ref().is_some_and(Flow::is_at_the_platform) {
            return self.forget_what_it_made(said.result);
        }
        let Some((ticket, stage)) = self.flow.take().map(Flow::into_parts) else { return Ok(()) };
        let done = match (stage, said.result) {
            (Stage::Sealing { opened }, Ok(Said::Sealed(sealed))) => self.finish_enrolment(&opened, sealed, now),
            (Stage::Recognising { entry }, Ok(Said::Released(secret))) => self.open_released(&entry, &secret, now),
            (Stage::Recognising { entry }, Err(fault)) => Err(self.not_released(&entry.name, fault)),
            (_, Err(fault)) => Err(VaultError::from(fault).into()),
            // An answer of another kind than was asked for.
            (_, Ok(_)) => Err(refused(BiometricRefusal::Unavailable)),
        };
        self.conclude(ticket, done)
    }

    /// A key that the platform made for nobody any more is destroyed at once. One that it does not destroy goes with the
    /// next sweep.
    fn forget_what_it_made(&mut self, said: Result<Said, BiometricFault>) -> Result<(), Trouble> {
        let Ok(Said::Sealed(sealed)) = said else { return Ok(()) };
        settled(self.with_rows(|vault| vault.abandon_enrolment(sealed)))
    }

    fn open_released(&mut self, entry: &Entry, secret: &SecretBytes, now: Now) -> Result<Reply, Trouble> {
        let By::Biometric(attempt) = &entry.by else { return Err(refused(BiometricRefusal::Unavailable)) };
        let opened = self.with_rows(|vault| vault.finish_biometric(attempt, secret))?;
        self.come_in(entry, opened, None, now).map(Reply::Session)
    }

    /// A key that is void for good goes with its slot; the journal hears of it at the next sign-in.
    fn not_released(&mut self, name: &OperatorName, fault: BiometricFault) -> Trouble {
        if matches!(fault, BiometricFault::Void | BiometricFault::NotFound) {
            let forgotten = self.with_rows(|vault| vault.forget_biometric(name));
            match forgotten.and_then(|change| self.change_rows(change)) {
                Ok(()) => self.owed.push(events::biometric_forgotten(name, "enrolment_changed")),
                // It stays as void as it is.
                Err(Trouble::Refused(_)) => {}
                Err(over) => return over,
            }
        }
        VaultError::from(fault).into()
    }

    /// Lets the platform go, if it is being waited for: whoever waits hears that nobody was recognised.
    pub(super) fn let_the_platform_go(&mut self) {
        if let Some(flow) = self.flow.take_if(|flow| flow.is_at_the_platform()) {
            self.tell(flow.ticket(), Err(VaultError::Biometric(BiometricRefusal::NotRecognised).into()));
        }
    }

    /// What the journal allows, whatever the slot was armed with; and a password arms it again.
    pub(super) fn hold_to_the_days(
        &self,
        journal: &mut Journal,
        entry: &Entry,
        opened: &Opened,
        now: Now,
    ) -> Result<(), Trouble> {
        let days = account::shop_policy(journal)?.biometric_days.into();
        match &entry.by {
            By::Biometric(attempt) => Ok(attempt.check(days, now)?),
            By::Password => match self.vault(journal).arm_biometric(opened, days, now).map_err(Trouble::from) {
                // It stays shut.
                Err(Trouble::Refused(_)) => Ok(()),
                armed => armed,
            },
        }
    }

    /// What may be said of it in every state.
    pub(super) fn biometric(&mut self, now: Now) -> Result<Biometric, Trouble> {
        if self.sensor.is_none() {
            return Ok(Biometric::Absent);
        }
        let (is_ready, is_possible) = match &self.at {
            At::Unclaimed { .. } | At::Gone => (false, false),
            At::Open(open) => {
                let name = open.session.operator().clone();
                let days = self.biometric_days()?;
                (days > 0 && self.with_rows(|vault| vault.has_biometric(&name))?, days > 0)
            }
            At::Closed { left: Left::Locked(session), .. } => {
                let name = session.operator().clone();
                (self.with_rows(|vault| vault.begin_biometric(&name, now)).is_ok(), true)
            }
            At::Closed { left: Left::SignedOut, .. } => {
                (self.with_rows(|vault| vault.is_any_biometric_ready(now)).unwrap_or(false), true)
            }
        };
        Ok(match (is_ready, is_possible) {
            (true, _) => Biometric::Ready,
            (false, true) => Biometric::Possible,
            (false, false) => Biometric::Absent,
        })
    }

    fn biometric_days(&self) -> Result<u16, Error> {
        match &self.at {
            At::Open(open) => Ok(account::shop_policy(open.engine.journal())?.biometric_days),
            _ => Ok(0),
        }
    }

    fn sensor(&self) -> Result<Arc<dyn BiometricKey>, Trouble> {
        self.sensor.clone().ok_or_else(|| refused(BiometricRefusal::Unavailable))
    }
}

fn refused(why: BiometricRefusal) -> Trouble {
    VaultError::Biometric(why).into()
}
