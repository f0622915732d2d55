//! Coming in: signing in and unlocking. Each waits for one derivation after another.
//!
//! A guess is spent before a derivation begins. When the slot opens, the journal is unlocked, and before anything else
//! it is told what it could not be told while it was locked: passwords that were wrong, events that are owed, a session
//! that was cut. The guesses are made anew once the wrong ones are told. A password that is temporary or too old opens
//! nothing but its own change: the guess is forgiven, and the journal is locked again.
//!
//! It never compares a password. Evidence: `tests/people_states.rs`, `tests/people_kills.rs`.

use std::sync::Arc;

use crate::account::{self, Configuration, SecretText};
use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::ids::{OperatorName, Role};
use crate::incident::freeze::record;
use crate::journal::{CheckpointReason, Journal, Keyring, PlainChange, PlainRows, SideWork};
use crate::payment::{Engine, Ticket};
use crate::secret::{Secret, SecretBytes};
use crate::session::{self, Session};
use crate::till::certificate::CertificateCare;
use crate::till::events::{self, Why, folds};
use crate::till::exchange::{NetworkCommand, Output, Reply};
use crate::till::flow::{Led, Stage, copy};
use crate::till::freeze_told::FreezeCare;
use crate::till::gate::Answer;
use crate::till::leaving::is_exit_unsigned;
use crate::till::passwords::{House, given, rules};
use crate::till::record::{Trouble, settled};
use crate::till::schedule::Schedule;
use crate::till::view::{SessionView, Standing};
use crate::till::{At, Left, Open, Till};
use crate::vault::{Attempt, BiometricAttempt, Change, Derivation, Opened, SlotKind, Vault, VaultError, Who};

/// Somebody who says to be an operator.
pub(super) struct Entry {
    pub(super) name: OperatorName,
    /// Whether a locked session goes on.
    pub(super) unlocks: bool,
    pub(super) new_password: Option<SecretBytes>,
    pub(super) by: By,
}

/// What somebody comes with.
pub(super) enum By {
    Password,
    Biometric(Box<BiometricAttempt>),
}

/// What a till was before its journal was unlocked, to be put back.
pub(super) enum Before {
    Unclaimed(Arc<Configuration>),
    Closed(Left),
}

impl Till {
    pub(super) fn sign_in(
        &mut self,
        ticket: Ticket,
        name: OperatorName,
        password: &SecretBytes,
        new_password: Option<SecretBytes>,
        now: Now,
    ) -> Result<Answer, Trouble> {
        self.may_sign_in(&name, now)?;
        self.make_room(now)?;
        self.enter(ticket, Entry { name, unlocks: false, new_password, by: By::Password }, password, now)
    }

    /// Whether somebody of this name may try to sign in here and now.
    pub(super) fn may_sign_in(&self, name: &OperatorName, now: Now) -> Result<(), Trouble> {
        match &self.at {
            At::Unclaimed { .. } | At::Gone => return Err(self.shut(now).into()),
            At::Open(open) if open.session.operator() == name => return Err(ErrorCode::AlreadySignedIn.into()),
            At::Open(_) | At::Closed { .. } => {}
        }
        self.not_busy()
    }

    pub(super) fn unlock(&mut self, ticket: Ticket, password: &SecretBytes, now: Now) -> Result<Answer, Trouble> {
        let name = self.who_locked(now)?;
        self.not_deriving()?;
        self.enter(ticket, Entry { name, unlocks: true, new_password: None, by: By::Password }, password, now)
    }

    /// Whose session an unlocking would go on with.
    pub(super) fn who_locked(&self, now: Now) -> Result<OperatorName, Trouble> {
        match &self.at {
            At::Open(_) => Err(ErrorCode::AlreadySignedIn.into()),
            At::Closed { left: Left::Locked(session), .. } => {
                if session.standing(now) == session::Standing::Over {
                    return Err(Error::from(ErrorCode::SessionOver).word("why", "full_length").into());
                }
                Ok(session.operator().clone())
            }
            _ => Err(self.shut(now).into()),
        }
    }

    fn enter(&mut self, ticket: Ticket, entry: Entry, password: &SecretBytes, now: Now) -> Result<Answer, Trouble> {
        let attempt = self.guess(Who::Operator(&entry.name), now)?;
        let derivation = attempt.derivation().clone();
        self.derive(ticket, copy(password), &derivation, Stage::Entering { entry, attempt });
        Ok(Answer::Later)
    }

    /// Spends a guess, which is gone before anything is derived.
    pub(super) fn guess(&mut self, who: Who<'_>, now: Now) -> Result<Attempt, Trouble> {
        self.pass(crate::ports::Moment::Before, GUESSED)?;
        let attempt = self.with_rows(|vault| vault.begin(who, now))?;
        self.pass(crate::ports::Moment::After, GUESSED)?;
        Ok(attempt)
    }

    /// The rows of the vault, wherever they are now.
    pub(super) fn rows_mut(&mut self) -> Result<&mut dyn PlainRows, Trouble> {
        match &mut self.at {
            At::Unclaimed { journal, .. } | At::Closed { journal, .. } => Ok(journal),
            At::Open(open) => Ok(open.engine.journal_mut()),
            At::Gone => Err(ErrorCode::TillFailed.into()),
        }
    }

    /// The vault over them, for one step.
    pub(super) fn with_rows<T>(
        &mut self,
        step: impl FnOnce(&mut Vault<'_>) -> Result<T, VaultError>,
    ) -> Result<T, Trouble> {
        let (keys, entropy) = (Arc::clone(&self.device_keys), Arc::clone(&self.entropy));
        let sensor = self.sensor.clone();
        Ok(step(&mut Vault::new(self.rows_mut()?, &*keys, &*entropy).with_biometric(sensor.as_deref()))?)
    }

    /// Makes a change of the vault that no event goes with, wherever its rows are.
    pub(super) fn change_rows(&mut self, change: Change) -> Result<(), Trouble> {
        self.rows_mut()?.change_plain(&change.rows)?;
        settled(self.with_rows(|vault| vault.settle(change.afterwards)))
    }

    /// Tries a guess. One that fails has cost what it cost.
    pub(super) fn try_guess(&mut self, attempt: Attempt, key: Secret<32>, now: Now) -> Result<Opened, Trouble> {
        self.with_rows(|vault| vault.finish(attempt, key, now))
    }

    pub(super) fn entered(
        &mut self,
        ticket: Ticket,
        mut entry: Entry,
        attempt: Attempt,
        key: Secret<32>,
        now: Now,
    ) -> Result<Led, Trouble> {
        let opened = self.try_guess(attempt, key, now)?;
        let Some(new_password) = entry.new_password.take() else {
            return self.come_in(&entry, opened, None, now).map(|view| Led::To(Reply::Session(view)));
        };
        let derivation = self.with_rows(|vault| vault.new_derivation())?;
        let password = copy(&new_password);
        let stage = Stage::EnteringAnew { entry, new_password, opened, derivation: derivation.clone() };
        self.derive(ticket, password, &derivation, stage);
        Ok(Led::On)
    }

    /// An operator whose slot is open: what is due first, then the session.
    pub(super) fn come_in(
        &mut self,
        entry: &Entry,
        opened: Opened,
        new: Option<(SecretBytes, Derivation, Secret<32>)>,
        now: Now,
    ) -> Result<SessionView, Trouble> {
        let (mut journal, mut before) = self.unlock_journal(opened.masters().keyring())?;
        if !entry.unlocks {
            before = self.end_the_locked_session(before, now);
        }
        let (failures, is_changed) = (opened.failures(), new.is_some());
        let admitted = self.admit(&mut journal, entry, &opened, new, now);
        let (role, cut_before, password_days_left) = match admitted {
            Ok(admitted) => admitted,
            Err(trouble) => return Err(self.put_back(journal, before, trouble)),
        };
        let left = match before {
            Before::Closed(left) if entry.unlocks => left,
            _ => Left::SignedOut,
        };
        self.begin_session(journal, opened, &entry.name, role, left, now).map_err(|trouble| match trouble {
            // The old password opens nothing any more, though no session began.
            Trouble::Refused(error) if is_changed => Trouble::Refused(error.word("password", "changed")),
            trouble => trouble,
        })?;
        Ok(SessionView {
            operator: entry.name.clone(),
            role,
            password_days_left,
            failed_before: failures.own,
            cut_before,
            waiting: self.waiting().unwrap_or(0),
        })
    }

    /// Tells the journal what it could not be told before, and changes a password that must or shall be changed.
    fn admit(
        &mut self,
        journal: &mut Journal,
        entry: &Entry,
        opened: &Opened,
        new: Option<(SecretBytes, Derivation, Secret<32>)>,
        now: Now,
    ) -> Result<(Role, bool, Option<u32>), Trouble> {
        let name = &entry.name;
        let role = opened.facts().role.ok_or(ErrorCode::SignInRefused)?;
        if let By::Biometric(_) = &entry.by {
            self.hold_to_the_days(journal, entry, opened, now)?;
        }
        let cut = self.settle_the_past(journal, name, opened, entry.unlocks, now)?;
        let house = House::of(journal, now)?;
        let Some((new_password, derivation, key)) = new else {
            let days_left = match house.age(opened.facts()) {
                Ok(days_left) => days_left,
                // The password that is due was given. A finger never takes its place.
                Err(_) if entry.unlocks && matches!(entry.by, By::Password) => None,
                Err(why) => {
                    journal.append(events::password_due(name, why), SideWork::None, now)?;
                    return Err(Error::from(ErrorCode::PasswordMustChange).word("why", why).into());
                }
            };
            if let By::Password = &entry.by {
                self.hold_to_the_days(journal, entry, opened, now)?;
            }
            return Ok((role, cut, days_left));
        };
        let rules = rules(&house.policy, &account::configuration(journal)?, name);
        let side = self.judge(journal, rules, name, &new_password)?;
        let password = given(derivation, key, false, house.today);
        let change = self.vault(journal).set_password(opened, name, &password)?;
        self.record(journal, events::password_changed(name), side, change, now)?;
        Ok((role, cut, None))
    }

    /// A session that somebody locked ends where another begins. The journal is told first of all.
    pub(super) fn end_the_locked_session(&mut self, before: Before, now: Now) -> Before {
        let Before::Closed(Left::Locked(session)) = before else { return before };
        let is_over = session.standing(now) == session::Standing::Over;
        let why = if is_over { Why::FullLength } else { Why::Switch };
        self.owed.push(events::signed_out(session.operator(), why));
        Before::Closed(Left::SignedOut)
    }

    /// Passwords that were wrong, events that are owed, a session that was cut. Says whether one was cut; a session
    /// that is only unlocked goes on.
    pub(super) fn settle_the_past(
        &mut self,
        journal: &mut Journal,
        name: &OperatorName,
        opened: &Opened,
        unlocks: bool,
        now: Now,
    ) -> Result<bool, Trouble> {
        tidied(self.vault(journal).sweep())?;
        tidied(self.drop_strays(journal, name, now))?;
        self.settle_failures(journal, name, opened, now)?;
        while let Some(owed) = self.owed.first().cloned() {
            journal.append(owed, SideWork::None, now)?;
            self.owed.remove(0);
        }
        self.settle_the_freeze(journal, now)?;
        if is_exit_unsigned(journal)? {
            self.sign_the_head(journal, CheckpointReason::Exit, name, now)?;
        }
        let cut = if unlocks { None } else { events::open_session(journal)? };
        if let Some(cut) = &cut {
            journal.append(events::session_cut(name, cut), SideWork::None, now)?;
        }
        Ok(cut.is_some())
    }

    /// Rows that somebody put among those of the operators are told to the journal and go.
    fn drop_strays(&self, journal: &mut Journal, name: &OperatorName, now: Now) -> Result<(), VaultError> {
        let strays = self.vault(journal).strays()?;
        if strays.is_empty() {
            return Ok(());
        }
        let draft = events::strays_dropped(name, &strays);
        let rows = strays.into_iter().map(|name| PlainChange { name, value: None }).collect();
        journal.append_with(draft, SideWork::None, rows, now)?;
        Ok(())
    }

    /// Wrong passwords are journalled, and then the guesses are made anew. Fingers and faces forgive nothing.
    pub(super) fn settle_failures(
        &self,
        journal: &mut Journal,
        name: &OperatorName,
        opened: &Opened,
        now: Now,
    ) -> Result<(), Trouble> {
        if opened.facts().kind == SlotKind::Biometric {
            return Ok(());
        }
        let failures = opened.failures();
        if failures.own + failures.unknown > 0 {
            let draft = events::sign_in_failed(name, failures.own, failures.unknown);
            journal.append(draft, SideWork::None, now)?;
        }
        // The guesses are made before the row of a lockout goes, which is worth nothing without its key.
        tidied(self.vault(journal).forgive(opened))
    }

    /// Unlocks the journal; what the till was before goes with it.
    pub(super) fn unlock_journal(&mut self, keyring: Keyring) -> Result<(Journal, Before), Trouble> {
        let (locked, before) = match std::mem::replace(&mut self.at, At::Gone) {
            At::Unclaimed { journal, configuration } => (journal, Before::Unclaimed(configuration)),
            At::Closed { journal, left } => (journal, Before::Closed(left)),
            at @ (At::Open(_) | At::Gone) => {
                self.at = at;
                return Err(ErrorCode::TillBusy.into());
            }
        };
        match locked.unlock(keyring, folds()) {
            Ok(journal) => Ok((journal, before)),
            Err((locked, error)) => {
                self.at = before.with(*locked);
                // A journal that cannot be unlocked is still a journal that is locked.
                Err(Trouble::Refused(error.into()))
            }
        }
    }

    /// Locks the journal again after a refusal; the till is what it was.
    pub(super) fn put_back(&mut self, journal: Journal, before: Before, trouble: Trouble) -> Trouble {
        match (trouble, journal.lock()) {
            (Trouble::Refused(error), Ok(locked)) => {
                self.at = before.with(locked);
                Trouble::Refused(error)
            }
            (Trouble::Refused(_), Err(error)) => Trouble::Over(error.into()),
            (over, _) => over,
        }
    }

    /// Opens the payments and begins the session, or goes on with the one that was locked.
    pub(super) fn begin_session(
        &mut self,
        mut journal: Journal,
        opened: Opened,
        name: &OperatorName,
        role: Role,
        left: Left,
        now: Now,
    ) -> Result<(), Trouble> {
        let policy = account::shop_policy(&journal).map_err(Trouble::Over)?;
        let length = policy.session_length();
        let (draft, session) = match left {
            Left::Locked(mut session) => {
                session.set_length(length);
                session.unlock(now);
                (events::unlocked(name, opened.facts().kind), session)
            }
            Left::SignedOut => {
                let draft = events::signed_in(name, role, opened.facts().kind);
                (draft, Session::begin(name.clone(), role, length, now))
            }
        };
        if let Err(trouble) = journal.append(draft, SideWork::None, now).map_err(Trouble::from) {
            return Err(self.put_back(journal, Before::Closed(Left::SignedOut), trouble));
        }
        let mut account = match account::open(&journal, &*self.device_keys) {
            Ok(account) => account,
            Err(error) => return Err(self.put_back(journal, Before::Closed(Left::SignedOut), error.into())),
        };
        let none = SecretText::new(String::new());
        let client_key_pem = std::mem::replace(&mut account.secrets.client_key_pem, none);
        let configuration = Arc::new(account.configuration.clone());
        // Without room or a device key for it there are no checkpoints, and sales go on.
        match journal
            .make_checkpoint_key(&configuration.terminal_id, Some(name.to_string()), now)
            .map_err(Trouble::from)
        {
            Ok(()) | Err(Trouble::Refused(_)) => {}
            Err(over) => return Err(over),
        }
        let frozen = record::standing(&journal).map_err(|error| Trouble::Over(error.into()))?;
        let frozen = frozen.map(|kept| kept.view.from.word());
        let looked_at = journal.head().size;
        let freeze_care = FreezeCare::of(&journal, now).map_err(|error| Trouble::Over(error.into()))?;
        let certificate = CertificateCare::taken_up(&journal, &*self.device_keys, now).map_err(Trouble::Over)?;
        let engine = Engine::open(journal, account, Arc::clone(&self.entropy), now).map_err(Trouble::Over)?;
        let engine = engine.with_encrypted_reader(self.has_encrypted_reader).frozen_from(frozen);
        self.outputs
            .push(Output::Network(NetworkCommand::Arm { configuration: Arc::clone(&configuration), client_key_pem }));
        let checkpoint_every = policy.checkpoint_every.into();
        let schedule = Schedule::from_now_on(policy.settle_at_minute, now);
        self.at = At::Open(Box::new(Open {
            engine,
            session,
            opened,
            configuration,
            checkpoint_every,
            looked_at,
            schedule,
            certificate,
            freeze_care,
            host_mark: None,
            judged: None,
        }));
        self.announce(Standing::SignedIn);
        // What an earlier session left is taken up at once.
        self.pay(crate::payment::Input::Tick, now)
    }
}

impl Before {
    fn with(self, journal: crate::journal::LockedJournal) -> At {
        match self {
            Self::Unclaimed(configuration) => At::Unclaimed { journal, configuration },
            Self::Closed(left) => At::Closed { journal, left },
        }
    }
}

/// What is only tidied up needs no room on the disk: a later sweep does the rest.
fn tidied(done: Result<(), VaultError>) -> Result<(), Trouble> {
    let Err(VaultError::Journal(error)) = done else { return Ok(done?) };
    match error.into() {
        Trouble::Refused(_) => Ok(()),
        over @ Trouble::Over(_) => Err(over),
    }
}

/// The fault points around the spending of a guess.
const GUESSED: &str = "vault.guessed";
