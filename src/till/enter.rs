//! Coming in: claiming, signing in, unlocking, recovering. Each waits for one derivation after another.
//!
//! A guess is spent before a derivation begins. When the slot opens, the journal is unlocked, and before anything else
//! it is told what it could not be told while it was locked: passwords that were wrong, events that are owed, a session
//! that was cut. The guesses are made anew once the wrong ones are told. A password that is temporary or too old opens
//! nothing but its own change: the guess is forgiven, and the journal is locked again.
//!
//! It never compares a password. Evidence: `tests/people_states.rs`, `tests/people_kills.rs`.

use std::sync::Arc;

use crate::account::password::Day;
use crate::account::{self, Configuration, PasswordWork, SecretText, ShopPolicy};
use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::ids::{OperatorName, Role};
use crate::journal::{Journal, Keyring, PlainRows, SideWork};
use crate::payment::{Engine, Ticket};
use crate::secret::{Secret, SecretBytes, wipe_stack};
use crate::session::{self, Session};
use crate::till::events::{self, Why, folds};
use crate::till::exchange::{NetworkCommand, Output, RecoveryCode, Reply, SessionView, Standing, Work};
use crate::till::gate::Answer;
use crate::till::operators::Setting;
use crate::till::passwords::{House, given, rules};
use crate::till::record::Trouble;
use crate::till::{At, Left, Open, Till};
use crate::vault::{
    self, Attempt, Calibration, Derivation, Measured, NewPassword, Opened, Params, Terms, Vault, VaultError, Who,
    calibrate,
};

/// Something that waits for a derivation.
pub(super) struct Flow {
    ticket: Ticket,
    stage: Stage,
}

impl Flow {
    pub fn ticket(self) -> Ticket {
        self.ticket
    }
}

/// What the derivation that is under way is for.
pub(super) enum Stage {
    /// How costly the passwords of this device shall be.
    Measuring { newcomer: Newcomer, measured: Vec<Measured>, params: Params },
    /// The first supervisor's password.
    Claiming { newcomer: Newcomer, derivation: Derivation },
    /// The first recovery code.
    ClaimingCode { newcomer: Newcomer, password: NewPassword, code: vault::RecoveryCode, derivation: Derivation },
    /// Whether the password is right.
    Entering { entry: Entry, attempt: Attempt },
    /// The password from now on, beside the one that was right.
    EnteringAnew { entry: Entry, new_password: SecretBytes, opened: Opened, derivation: Derivation },
    /// Whether the recovery code is right.
    Recovering { newcomer: Newcomer, attempt: Attempt },
    /// The new supervisor's password.
    RecoveringPassword { newcomer: Newcomer, opened: Opened, derivation: Derivation },
    /// The next recovery code.
    RecoveringCode {
        newcomer: Newcomer,
        opened: Opened,
        password: NewPassword,
        code: vault::RecoveryCode,
        derivation: Derivation,
    },
    /// Whether whoever is signed in knows the password.
    Changing { new_password: SecretBytes, attempt: Attempt },
    /// The password from now on.
    ChangingAnew { new_password: SecretBytes, opened: Opened, derivation: Derivation },
    /// A password that somebody else is given.
    Setting { setting: Setting, derivation: Derivation },
}

/// A supervisor to be.
pub(super) struct Newcomer {
    name: OperatorName,
    password: SecretBytes,
}

/// Somebody who says to be an operator.
pub(super) struct Entry {
    name: OperatorName,
    /// Whether a locked session goes on.
    unlocks: bool,
    new_password: Option<SecretBytes>,
}

/// What a till was before its journal was unlocked, to be put back.
enum Before {
    Unclaimed(Arc<Configuration>),
    Closed(Left),
}

impl Till {
    pub(super) fn claim(
        &mut self,
        ticket: Ticket,
        name: OperatorName,
        password: SecretBytes,
    ) -> Result<Answer, Trouble> {
        let At::Unclaimed { configuration, .. } = &self.at else { return Err(ErrorCode::AlreadyClaimed.into()) };
        let work = configuration.password_work;
        self.not_deriving()?;
        rules(&ShopPolicy::default(), configuration, &name).check(password.expose()).map_err(Error::from)?;
        let newcomer = Newcomer { name, password };
        match work {
            PasswordWork::Floor => self.claim_at(ticket, newcomer, Params::FLOOR)?,
            PasswordWork::Calibrated => self.measure(ticket, newcomer, Vec::new())?,
        }
        Ok(Answer::Later)
    }

    /// Measures once more, or settles on what was measured.
    fn measure(&mut self, ticket: Ticket, newcomer: Newcomer, measured: Vec<Measured>) -> Result<(), Trouble> {
        match calibrate(&measured) {
            Calibration::Settled(params) => self.claim_at(ticket, newcomer, params),
            Calibration::Measure(params) => {
                let derivation = self.costing(params)?;
                let password = copy(&newcomer.password);
                self.derive(ticket, password, &derivation, Stage::Measuring { newcomer, measured, params });
                Ok(())
            }
        }
    }

    fn claim_at(&mut self, ticket: Ticket, newcomer: Newcomer, params: Params) -> Result<(), Trouble> {
        let derivation = self.costing(params)?;
        let password = copy(&newcomer.password);
        self.derive(ticket, password, &derivation.clone(), Stage::Claiming { newcomer, derivation });
        Ok(())
    }

    /// A derivation of this cost, which is that of every password from now on.
    fn costing(&mut self, params: Params) -> Result<Derivation, Trouble> {
        let terms = self.with_rows(|vault| vault.terms())?;
        if terms.params != params {
            let change = self.with_rows(|vault| vault.set_terms(&Terms { params, ..terms }))?;
            let (keys, entropy) = (Arc::clone(&self.device_keys), Arc::clone(&self.entropy));
            let rows = self.rows_mut()?;
            rows.change_plain(&change.rows)?;
            Vault::new(rows, &*keys, &*entropy).settle(change.afterwards)?;
        }
        self.with_rows(|vault| vault.new_derivation())
    }

    pub(super) fn sign_in(
        &mut self,
        ticket: Ticket,
        name: OperatorName,
        password: &SecretBytes,
        new_password: Option<SecretBytes>,
        now: Now,
    ) -> Result<Answer, Trouble> {
        match &self.at {
            At::Unclaimed { .. } | At::Gone => return Err(self.shut(now).into()),
            At::Open(open) if *open.session.operator() == name => return Err(ErrorCode::AlreadySignedIn.into()),
            At::Open(_) | At::Closed { .. } => {}
        }
        self.not_busy()?;
        if let At::Open(_) = &self.at {
            self.make_room(now)?;
        }
        self.enter(ticket, Entry { name, unlocks: false, new_password }, password, now)
    }

    pub(super) fn unlock(&mut self, ticket: Ticket, password: &SecretBytes, now: Now) -> Result<Answer, Trouble> {
        let name = match &self.at {
            At::Open(_) => return Err(ErrorCode::AlreadySignedIn.into()),
            At::Closed { left: Left::Locked(session), .. } => {
                if session.standing(now) == session::Standing::Over {
                    return Err(Error::from(ErrorCode::SessionOver).word("why", "full_length").into());
                }
                session.operator().clone()
            }
            _ => return Err(self.shut(now).into()),
        };
        self.not_deriving()?;
        self.enter(ticket, Entry { name, unlocks: true, new_password: None }, password, now)
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

    pub(super) fn recover(
        &mut self,
        ticket: Ticket,
        code: &SecretBytes,
        name: OperatorName,
        password: SecretBytes,
        now: Now,
    ) -> Result<Answer, Trouble> {
        match &self.at {
            At::Unclaimed { .. } | At::Gone => return Err(self.shut(now).into()),
            At::Open(_) => return Err(ErrorCode::AlreadySignedIn.into()),
            At::Closed { .. } => {}
        }
        self.not_deriving()?;
        let code = vault::RecoveryCode::read(code.expose())?;
        let attempt = self.guess(Who::Recovery, now)?;
        let derivation = attempt.derivation().clone();
        let secret = SecretBytes::new(code.expose().to_vec());
        let newcomer = Newcomer { name, password };
        self.derive(ticket, secret, &derivation, Stage::Recovering { newcomer, attempt });
        Ok(Answer::Later)
    }

    /// Has this derived on a thread of its own, whose stack is wiped.
    pub(super) fn derive(&mut self, ticket: Ticket, password: SecretBytes, derivation: &Derivation, stage: Stage) {
        let derivation = derivation.clone();
        let work = Work::new(move |derive| {
            let derived = derive(password.expose(), &derivation);
            drop(password);
            wipe_stack();
            Some(derived)
        });
        self.flow = Some(Flow { ticket, stage });
        self.outputs.push(Output::Derive(work));
    }

    pub(super) fn not_deriving(&self) -> Result<(), Trouble> {
        if self.flow.is_some() { Err(ErrorCode::TillBusy.into()) } else { Ok(()) }
    }

    /// A derivation is done: the next stage, or the end.
    pub(super) fn derived(&mut self, key: Option<Secret<32>>, took_ms: u64, now: Now) -> Result<(), Trouble> {
        let Some(Flow { ticket, stage }) = self.flow.take() else { return Ok(()) };
        let Some(key) = key else {
            let error = Error::from(ErrorCode::StorageFailed).word("resource", "memory");
            self.tell(ticket, Err(error));
            return Ok(());
        };
        match self.next_stage(ticket, stage, key, took_ms, now) {
            Ok(None) => Ok(()),
            Ok(Some(reply)) => {
                self.tell(ticket, Ok(reply));
                Ok(())
            }
            Err(Trouble::Refused(error)) => {
                self.tell(ticket, Err(error));
                Ok(())
            }
            Err(Trouble::Over(error)) => {
                self.tell(ticket, Err(error.clone()));
                Err(Trouble::Over(error))
            }
        }
    }

    fn next_stage(
        &mut self,
        ticket: Ticket,
        stage: Stage,
        key: Secret<32>,
        took_ms: u64,
        now: Now,
    ) -> Result<Option<Reply>, Trouble> {
        match stage {
            Stage::Measuring { newcomer, mut measured, params } => {
                measured.push(Measured { params, took_ms });
                self.measure(ticket, newcomer, measured)?;
                Ok(None)
            }
            Stage::Claiming { newcomer, derivation } => {
                let password = given(derivation, key, false, Day::of(now.wall));
                self.code_for(ticket, |code, derivation| Stage::ClaimingCode { newcomer, password, code, derivation })
            }
            Stage::ClaimingCode { newcomer, password, code, derivation } => {
                let recovery = given(derivation, key, false, Day::of(now.wall));
                self.finish_claim(&newcomer, &password, &recovery, now)?;
                Ok(Some(Reply::Recovery(RecoveryCode::new(code.text()))))
            }
            Stage::Entering { entry, attempt } => self.entered(ticket, entry, attempt, key, now),
            Stage::EnteringAnew { entry, new_password, opened, derivation } => {
                let new = (new_password, derivation, key);
                self.come_in(&entry, opened, Some(new), now).map(|view| Some(Reply::Session(view)))
            }
            Stage::Recovering { newcomer, attempt } => {
                let opened = self.try_guess(attempt, key, now).map_err(as_recovery)?;
                let derivation = self.with_rows(|vault| vault.new_derivation())?;
                let password = copy(&newcomer.password);
                let stage = Stage::RecoveringPassword { newcomer, opened, derivation: derivation.clone() };
                self.derive(ticket, password, &derivation, stage);
                Ok(None)
            }
            Stage::RecoveringPassword { newcomer, opened, derivation } => {
                let password = given(derivation, key, false, Day::of(now.wall));
                self.code_for(ticket, |code, derivation| Stage::RecoveringCode {
                    newcomer,
                    opened,
                    password,
                    code,
                    derivation,
                })
            }
            Stage::RecoveringCode { newcomer, opened, password, code, derivation } => {
                let recovery = given(derivation, key, false, Day::of(now.wall));
                self.finish_recovery(&newcomer, opened, password, &recovery, now)?;
                Ok(Some(Reply::Recovery(RecoveryCode::new(code.text()))))
            }
            Stage::Changing { new_password, attempt } => self.may_change(ticket, new_password, attempt, key, now),
            Stage::ChangingAnew { new_password, opened, derivation } => {
                self.finish_change(&new_password, &opened, derivation, key, now).map(Some)
            }
            Stage::Setting { setting, derivation } => self.finish_setting(setting, derivation, key, now).map(Some),
        }
    }

    /// A fresh recovery code, whose derivation is under way.
    fn code_for(
        &mut self,
        ticket: Ticket,
        stage: impl FnOnce(vault::RecoveryCode, Derivation) -> Stage,
    ) -> Result<Option<Reply>, Trouble> {
        let code = vault::RecoveryCode::new(&*self.entropy).map_err(Trouble::from)?;
        let derivation = self.with_rows(|vault| vault.new_derivation())?;
        let secret = SecretBytes::new(code.expose().to_vec());
        self.derive(ticket, secret, &derivation.clone(), stage(code, derivation));
        Ok(None)
    }

    /// The rows of the vault, wherever they are now.
    fn rows_mut(&mut self) -> Result<&mut dyn PlainRows, Trouble> {
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
        Ok(step(&mut Vault::new(self.rows_mut()?, &*keys, &*entropy))?)
    }

    /// Tries a guess. One that fails has cost what it cost.
    pub(super) fn try_guess(&mut self, attempt: Attempt, key: Secret<32>, now: Now) -> Result<Opened, Trouble> {
        self.with_rows(|vault| vault.finish(attempt, key, now))
    }

    fn entered(
        &mut self,
        ticket: Ticket,
        mut entry: Entry,
        attempt: Attempt,
        key: Secret<32>,
        now: Now,
    ) -> Result<Option<Reply>, Trouble> {
        let opened = self.try_guess(attempt, key, now)?;
        let Some(new_password) = entry.new_password.take() else {
            return self.come_in(&entry, opened, None, now).map(|view| Some(Reply::Session(view)));
        };
        let derivation = self.with_rows(|vault| vault.new_derivation())?;
        let password = copy(&new_password);
        let stage = Stage::EnteringAnew { entry, new_password, opened, derivation: derivation.clone() };
        self.derive(ticket, password, &derivation, stage);
        Ok(None)
    }

    /// The first supervisor: the slots, the event, a new master key, and a session.
    fn finish_claim(
        &mut self,
        newcomer: &Newcomer,
        password: &NewPassword,
        recovery: &NewPassword,
        now: Now,
    ) -> Result<(), Trouble> {
        let masters = self.with_rows(|vault| vault.open_unclaimed())?;
        let (mut journal, before) = self.unlock_journal(masters.keyring())?;
        let claimed = self.write_claim(&mut journal, newcomer, password, recovery, now);
        let opened = match claimed {
            Ok(opened) => opened,
            Err(trouble) => return Err(self.put_back(journal, before, trouble)),
        };
        journal.rotate(opened.masters().keyring()).map_err(|error| Trouble::Over(error.into()))?;
        self.begin_session(journal, opened, &newcomer.name, Role::Supervisor, Left::SignedOut, now)
    }

    fn write_claim(
        &self,
        journal: &mut Journal,
        newcomer: &Newcomer,
        password: &NewPassword,
        recovery: &NewPassword,
        now: Now,
    ) -> Result<Opened, Trouble> {
        let masters = self.vault(journal).open_unclaimed()?;
        let policy = ShopPolicy::default();
        let rules = rules(&policy, &account::configuration(journal)?, &newcomer.name);
        let side = self.judge(journal, rules, &newcomer.name, &newcomer.password)?;
        let (change, opened) = self.vault(journal).claim(&masters, &newcomer.name, password, recovery)?;
        self.record(journal, events::claimed(&newcomer.name), side, change, now)?;
        Ok(opened)
    }

    /// A supervisor by the recovery code: the slot, the event, and a session.
    fn finish_recovery(
        &mut self,
        newcomer: &Newcomer,
        by_code: Opened,
        password: NewPassword,
        recovery: &NewPassword,
        now: Now,
    ) -> Result<(), Trouble> {
        let (mut journal, before) = self.unlock_journal(by_code.masters().keyring())?;
        let before = self.end_the_locked_session(before, now);
        match self.write_recovery(&mut journal, newcomer, &by_code, password, recovery, now) {
            Ok(opened) => {
                let name = newcomer.name.clone();
                self.begin_session(journal, opened, &name, Role::Supervisor, Left::SignedOut, now)
            }
            Err(trouble) => Err(self.put_back(journal, before, trouble)),
        }
    }

    fn write_recovery(
        &mut self,
        journal: &mut Journal,
        newcomer: &Newcomer,
        by_code: &Opened,
        mut password: NewPassword,
        recovery: &NewPassword,
        now: Now,
    ) -> Result<Opened, Trouble> {
        self.settle_the_past(journal, &newcomer.name, by_code, false, now)?;
        let house = House::of(journal, now)?;
        let rules = rules(&house.policy, &account::configuration(journal)?, &newcomer.name);
        let side = self.judge(journal, rules, &newcomer.name, &newcomer.password)?;
        password.changed_day = house.today.0;
        let (change, opened) = self.vault(journal).recover(by_code, &newcomer.name, &password, recovery)?;
        self.record(journal, events::recovered(&newcomer.name), side, change, now)?;
        Ok(opened)
    }

    /// An operator whose slot is open: what is due first, then the session.
    fn come_in(
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
        let failures = opened.failures();
        let admitted = self.admit(&mut journal, entry, &opened, new, now);
        let (role, cut_before, password_days_left) = match admitted {
            Ok(admitted) => admitted,
            Err(trouble) => return Err(self.put_back(journal, before, trouble)),
        };
        let left = match before {
            Before::Closed(left) if entry.unlocks => left,
            _ => Left::SignedOut,
        };
        self.begin_session(journal, opened, &entry.name, role, left, now)?;
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
        let cut = self.settle_the_past(journal, name, opened, entry.unlocks, now)?;
        let house = House::of(journal, now)?;
        let Some((new_password, derivation, key)) = new else {
            let days_left = match house.age(opened.facts()) {
                Ok(days_left) => days_left,
                Err(_) if entry.unlocks => None,
                Err(why) => {
                    journal.append(events::password_due(name, why), SideWork::None, now)?;
                    return Err(Error::from(ErrorCode::PasswordMustChange).word("why", why).into());
                }
            };
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
    fn end_the_locked_session(&mut self, before: Before, now: Now) -> Before {
        let Before::Closed(Left::Locked(session)) = before else { return before };
        let is_over = session.standing(now) == session::Standing::Over;
        let why = if is_over { Why::FullLength } else { Why::Switch };
        self.owed.push(events::signed_out(session.operator(), why));
        Before::Closed(Left::SignedOut)
    }

    /// Passwords that were wrong, events that are owed, a session that was cut. Says whether one was cut; a session
    /// that is only unlocked goes on.
    fn settle_the_past(
        &mut self,
        journal: &mut Journal,
        name: &OperatorName,
        opened: &Opened,
        unlocks: bool,
        now: Now,
    ) -> Result<bool, Trouble> {
        tidied(self.vault(journal).sweep())?;
        self.settle_failures(journal, name, opened, now)?;
        while let Some(owed) = self.owed.first().cloned() {
            journal.append(owed, SideWork::None, now)?;
            self.owed.remove(0);
        }
        let cut = if unlocks { None } else { events::open_session(journal)? };
        if let Some(cut) = &cut {
            journal.append(events::session_cut(name, cut), SideWork::None, now)?;
        }
        Ok(cut.is_some())
    }

    /// Wrong passwords are journalled, and then the guesses are made anew.
    pub(super) fn settle_failures(
        &self,
        journal: &mut Journal,
        name: &OperatorName,
        opened: &Opened,
        now: Now,
    ) -> Result<(), Trouble> {
        let failures = opened.failures();
        if failures.own + failures.unknown > 0 {
            let draft = events::sign_in_failed(name, failures.own, failures.unknown);
            journal.append(draft, SideWork::None, now)?;
        }
        // The guesses are made before the row of a lockout goes, which is worth nothing without its key.
        tidied(self.vault(journal).forgive(opened))
    }

    /// Unlocks the journal; what the till was before goes with it.
    fn unlock_journal(&mut self, keyring: Keyring) -> Result<(Journal, Before), Trouble> {
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
    fn put_back(&mut self, journal: Journal, before: Before, trouble: Trouble) -> Trouble {
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
    fn begin_session(
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
                (events::unlocked(name), session)
            }
            Left::SignedOut => (events::signed_in(name, role), Session::begin(name.clone(), role, length, now)),
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
        let looked_at = journal.head().size;
        let engine = Engine::open(journal, account, Arc::clone(&self.entropy), now).map_err(Trouble::Over)?;
        let engine = engine.with_encrypted_reader(self.has_encrypted_reader);
        self.outputs
            .push(Output::Network(NetworkCommand::Arm { configuration: Arc::clone(&configuration), client_key_pem }));
        let checkpoint_every = policy.checkpoint_every.into();
        self.at = At::Open(Box::new(Open { engine, session, opened, configuration, checkpoint_every, looked_at }));
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

/// A second copy, for the derivation's own thread.
pub(super) fn copy(secret: &SecretBytes) -> SecretBytes {
    SecretBytes::new(secret.expose().to_vec())
}

/// What is only tidied up needs no room on the disk: a later sweep does the rest.
fn tidied(done: Result<(), VaultError>) -> Result<(), Trouble> {
    let Err(VaultError::Journal(error)) = done else { return Ok(done?) };
    match error.into() {
        Trouble::Refused(_) => Ok(()),
        over @ Trouble::Over(_) => Err(over),
    }
}

/// A wrong code is no wrong password.
fn as_recovery(trouble: Trouble) -> Trouble {
    match trouble {
        Trouble::Refused(error) if error.code() == ErrorCode::SignInRefused => ErrorCode::RecoveryRefused.into(),
        trouble => trouble,
    }
}

/// The fault points around the spending of a guess.
const GUESSED: &str = "vault.guessed";
