//! The first supervisor and the next one: claiming a till, and coming back by the recovery code.
//!
//! A claim first measures how costly a password of this device shall be. Both end with a recovery code told once,
//! an event, and a session; what the vault is told and what the journal is told are one transaction.
//!
//! It never lets anybody in whose code is wrong: that has cost a guess. Evidence: `tests/people_states.rs`,
//! `tests/people_kills.rs`.

use crate::account::{self, PasswordWork, ShopPolicy};
use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::ids::{OperatorName, Role};
use crate::journal::{Journal, SideWork};
use crate::payment::Ticket;
use crate::secret::SecretBytes;
use crate::session::Permit;
use crate::session::actions::ManageOperators;
use crate::till::events;
use crate::till::flow::{Led, Stage, copy};
use crate::till::gate::Answer;
use crate::till::passwords::{House, rules};
use crate::till::record::Trouble;
use crate::till::{At, Left, Till};
use crate::vault::{self, Calibration, Derivation, Measured, NewPassword, Opened, Params, Terms, Who, calibrate};

/// A supervisor to be.
pub(super) struct Newcomer {
    name: OperatorName,
    pub(super) password: SecretBytes,
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
    pub(super) fn measure(
        &mut self,
        ticket: Ticket,
        newcomer: Newcomer,
        measured: Vec<Measured>,
    ) -> Result<(), Trouble> {
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
            self.change_rows(change)?;
        }
        self.with_rows(|vault| vault.new_derivation())
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

    /// A fresh recovery code, whose derivation is under way.
    pub(super) fn code_for(
        &mut self,
        ticket: Ticket,
        stage: impl FnOnce(vault::RecoveryCode, Derivation) -> Stage,
    ) -> Result<Led, Trouble> {
        let code = vault::RecoveryCode::new(&*self.entropy).map_err(Trouble::from)?;
        let derivation = self.with_rows(|vault| vault.new_derivation())?;
        let secret = SecretBytes::new(code.expose().to_vec());
        self.derive(ticket, secret, &derivation.clone(), stage(code, derivation));
        Ok(Led::On)
    }

    /// The first supervisor: the slots, the event, a new master key, and a session. What keeps the session from
    /// beginning is told apart from what kept the claim from being written.
    pub(super) fn finish_claim(
        &mut self,
        newcomer: &Newcomer,
        password: &NewPassword,
        recovery: &NewPassword,
        now: Now,
    ) -> Result<Result<(), Trouble>, Trouble> {
        let masters = self.with_rows(|vault| vault.open_unclaimed())?;
        let (mut journal, before) = self.unlock_journal(masters.keyring())?;
        let claimed = self.write_claim(&mut journal, newcomer, password, recovery, now);
        let opened = match claimed {
            Ok(opened) => opened,
            Err(trouble) => return Err(self.put_back(journal, before, trouble)),
        };
        if let Err(error) = journal.rotate(opened.masters().keyring()) {
            return Ok(Err(Trouble::Over(error.into())));
        }
        Ok(self.begin_session(journal, opened, &newcomer.name, Role::Supervisor, Left::SignedOut, now))
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

    /// A supervisor by the recovery code: the slot, the event, and a session, told apart as for a claim.
    pub(super) fn finish_recovery(
        &mut self,
        newcomer: &Newcomer,
        by_code: Opened,
        password: NewPassword,
        recovery: &NewPassword,
        now: Now,
    ) -> Result<Result<(), Trouble>, Trouble> {
        let (mut journal, before) = self.unlock_journal(by_code.masters().keyring())?;
        let before = self.end_the_locked_session(before, now);
        match self.write_recovery(&mut journal, newcomer, &by_code, password, recovery, now) {
            Ok(opened) => {
                let name = newcomer.name.clone();
                Ok(self.begin_session(journal, opened, &name, Role::Supervisor, Left::SignedOut, now))
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

    /// Another recovery code, for whoever has lost sight of the one before: the own password is asked for again.
    pub(super) fn new_recovery_code(
        &mut self,
        ticket: Ticket,
        permit: Permit<ManageOperators>,
        password: &SecretBytes,
        now: Now,
    ) -> Result<Answer, Trouble> {
        self.not_deriving()?;
        let _by = permit.spend();
        let Some(name) = self.operator() else { return Err(self.shut(now).into()) };
        let attempt = self.guess(Who::Operator(&name), now)?;
        let derivation = attempt.derivation().clone();
        self.derive(ticket, copy(password), &derivation, Stage::Renewing { attempt });
        Ok(Answer::Later)
    }

    /// The one before opens nothing from this event on.
    pub(super) fn finish_renewal(&mut self, opened: &Opened, code: &NewPassword, now: Now) -> Result<(), Trouble> {
        self.with_open(now, |till, open| {
            let by = open.session.operator().clone();
            let journal = open.engine.journal_mut();
            let change = till.vault(journal).new_recovery(opened, code)?;
            till.record(journal, events::recovery_renewed(&by), SideWork::None, change, now)
        })
    }
}

/// A wrong code is no wrong password.
pub(super) fn as_recovery(trouble: Trouble) -> Trouble {
    match trouble {
        Trouble::Refused(error) if error.code() == ErrorCode::SignInRefused => ErrorCode::RecoveryRefused.into(),
        trouble => trouble,
    }
}
