//! Who works at the till, with which password and under which rules.
//!
//! A password that is set needs a derivation; what is checked before it is checked again after it, because a lock or
//! another change may have come between. Row of the vault, event and memory of the password are one transaction.
//!
//! It never changes a password without the old one or a supervisor. Evidence: `tests/people_states.rs`,
//! `tests/people_kills.rs`.

use crate::account;
use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::ids::{OperatorName, Role};
use crate::journal::SideWork;
use crate::payment::Ticket;
use crate::secret::{Secret, SecretBytes};
use crate::session::Permit;
use crate::session::actions::{ChangeOwnPassword, ListOperators, ManageOperators, SetPolicy, ViewPolicy};
use crate::till::events;
use crate::till::exchange::Reply;
use crate::till::flow::{Led, Stage, copy};
use crate::till::gate::Answer;
use crate::till::passwords::{House, forgotten, given, rules};
use crate::till::record::Trouble;
use crate::till::schedule::Schedule;
use crate::till::view::{NewOperator, OperatorView};
use crate::till::{At, Open, Till};
use crate::vault::{Attempt, Derivation, Opened, SlotKind, Terms, Who};

/// A password that a supervisor gives somebody.
pub(super) struct Setting {
    name: OperatorName,
    password: SecretBytes,
    is_temporary: bool,
    /// What a new operator becomes; nothing for one who is there.
    role: Option<Role>,
}

impl Till {
    pub(super) fn change_password(
        &mut self,
        ticket: Ticket,
        permit: Permit<ChangeOwnPassword>,
        password: &SecretBytes,
        new_password: SecretBytes,
        now: Now,
    ) -> Result<Answer, Trouble> {
        self.not_deriving()?;
        let _own = permit.spend();
        let Some(name) = self.operator() else { return Err(self.shut(now).into()) };
        self.check_password(&name, &new_password, now)?;
        let attempt = self.guess(Who::Operator(&name), now)?;
        let derivation = attempt.derivation().clone();
        self.derive(ticket, copy(password), &derivation, Stage::Changing { new_password, attempt });
        Ok(Answer::Later)
    }

    /// The old password is right, or not. The guesses are made anew at once, because the session knows who it is; the
    /// failures are journalled.
    pub(super) fn may_change(
        &mut self,
        ticket: Ticket,
        new_password: SecretBytes,
        attempt: Attempt,
        key: Secret<32>,
        now: Now,
    ) -> Result<Led, Trouble> {
        let opened = self.proved_own(attempt, key, now)?;
        let derivation = self.with_rows(|vault| vault.new_derivation())?;
        let password = copy(&new_password);
        let stage = Stage::ChangingAnew { new_password, opened, derivation: derivation.clone() };
        self.derive(ticket, password, &derivation, stage);
        Ok(Led::On)
    }

    /// Whoever is signed in knows the own password, or not.
    pub(super) fn proved_own(&mut self, attempt: Attempt, key: Secret<32>, now: Now) -> Result<Opened, Trouble> {
        let opened = self.try_guess(attempt, key, now)?;
        let mut open = self.take_open(now)?;
        let name = open.session.operator().clone();
        let settled = self.settle_failures(open.engine.journal_mut(), &name, &opened, now);
        self.at = At::Open(open);
        settled.map(|()| opened)
    }

    pub(super) fn finish_change(
        &mut self,
        new_password: &SecretBytes,
        opened: &Opened,
        derivation: Derivation,
        key: Secret<32>,
        now: Now,
    ) -> Result<Reply, Trouble> {
        self.with_open(now, |till, open| {
            let name = open.session.operator().clone();
            let journal = open.engine.journal_mut();
            let house = House::of(journal, now)?;
            let rules = rules(&house.policy, &open.configuration, &name);
            let side = till.judge(journal, rules, &name, new_password)?;
            let password = given(derivation, key, false, house.today);
            let change = till.vault(journal).set_password(opened, &name, &password)?;
            till.record(journal, events::password_changed(&name), side, change, now)?;
            Ok(Reply::Done)
        })
    }

    pub(super) fn add_operator(
        &mut self,
        ticket: Ticket,
        permit: Permit<ManageOperators>,
        operator: NewOperator,
        now: Now,
    ) -> Result<Answer, Trouble> {
        let _by = permit.spend();
        let NewOperator { name, role, password, is_temporary } = operator;
        if self.role_of(&name)?.is_some() {
            return Err(ErrorCode::OperatorExists.into());
        }
        self.set(ticket, Setting { name, password, is_temporary, role: Some(role) }, now)
    }

    pub(super) fn reset_operator(
        &mut self,
        ticket: Ticket,
        permit: Permit<ManageOperators>,
        name: OperatorName,
        password: SecretBytes,
        now: Now,
    ) -> Result<Answer, Trouble> {
        let _by = permit.spend();
        if self.role_of(&name)?.is_none() {
            return Err(ErrorCode::OperatorUnknown.into());
        }
        self.set(ticket, Setting { name, password, is_temporary: true, role: None }, now)
    }

    fn set(&mut self, ticket: Ticket, setting: Setting, now: Now) -> Result<Answer, Trouble> {
        self.not_deriving()?;
        self.check_password(&setting.name, &setting.password, now)?;
        let derivation = self.with_rows(|vault| vault.new_derivation())?;
        let password = copy(&setting.password);
        self.derive(ticket, password, &derivation.clone(), Stage::Setting { setting, derivation });
        Ok(Answer::Later)
    }

    pub(super) fn finish_setting(
        &mut self,
        setting: Setting,
        derivation: Derivation,
        key: Secret<32>,
        now: Now,
    ) -> Result<Reply, Trouble> {
        let Setting { name, password, is_temporary, role } = setting;
        self.with_open(now, |till, open| {
            let by = open.session.operator().clone();
            let journal = open.engine.journal_mut();
            let house = House::of(journal, now)?;
            let rules = rules(&house.policy, &open.configuration, &name);
            let side = till.judge(journal, rules, &name, &password)?;
            let new = given(derivation, key, is_temporary, house.today);
            let (draft, change) = match role {
                Some(role) => (
                    events::added(&by, &name, role, is_temporary),
                    till.vault(journal).add_operator(&open.opened, &name, role, &new)?,
                ),
                None => (events::reset(&by, &name), till.vault(journal).set_password(&open.opened, &name, &new)?),
            };
            till.record(journal, draft, side, change, now)?;
            Ok(Reply::Done)
        })
    }

    /// The rules that need no derivation, before one is begun.
    fn check_password(&self, name: &OperatorName, password: &SecretBytes, now: Now) -> Result<(), Trouble> {
        let At::Open(open) = &self.at else { return Err(self.shut(now).into()) };
        let house = House::of(open.engine.journal(), now)?;
        let rules = rules(&house.policy, &open.configuration, name);
        // The memory of earlier ones is looked at as well; what it gives back is for the event that is not yet.
        self.judge(open.engine.journal(), rules, name, password).map(drop)
    }

    pub(super) fn operators(&mut self, permit: Permit<ListOperators>) -> Result<Answer, Trouble> {
        let _by = permit.spend();
        let slots = self.with_rows(|vault| vault.slots())?;
        let operators = slots.into_iter().filter(|slot| slot.kind == SlotKind::Operator).filter_map(|slot| {
            let (name, role) = (slot.name?, slot.role?);
            let (is_temporary, is_locked_out) = (slot.is_temporary, slot.is_locked_out);
            Some(OperatorView { name, role, is_temporary, is_locked_out, is_damaged: false })
        });
        let damaged = self.with_rows(|vault| vault.damaged_operators())?.into_iter().map(|name| OperatorView {
            name,
            role: Role::Cashier,
            is_temporary: false,
            is_locked_out: false,
            is_damaged: true,
        });
        let mut operators: Vec<OperatorView> = operators.chain(damaged).collect();
        operators.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(Answer::Now(Reply::Operators(operators)))
    }

    pub(super) fn remove_operator(
        &mut self,
        permit: Permit<ManageOperators>,
        name: &OperatorName,
        rotate: bool,
        now: Now,
    ) -> Result<Answer, Trouble> {
        let _by = permit.spend();
        self.not_deriving()?;
        if self.operator().as_ref() == Some(name) {
            return Err(self.why_not_oneself(name)?.into());
        }
        // Whoever changed a row may have kept it as it was: what it opens is to be of no more use.
        let rotate = rotate || self.with_rows(|vault| vault.damaged_operators())?.contains(name);
        if rotate {
            self.check_no_rotation()?;
        }
        let reply = self.with_open(now, |till, open| {
            let by = open.session.operator().clone();
            let journal = open.engine.journal_mut();
            let draft = events::removed(&by, name, rotate);
            if !rotate {
                let change = till.vault(journal).remove_operator(&open.opened, name)?;
                till.record(journal, draft, forgotten(name), change, now)?;
                return Ok(Reply::Done);
            }
            let (change, masters) = till.vault(journal).rotate(&open.opened, Some(name))?;
            till.record(journal, draft, forgotten(name), change, now)?;
            open.go_over_to(masters)?;
            Ok(Reply::Done)
        })?;
        Ok(Answer::Now(reply))
    }

    /// Nobody removes oneself; who is the only supervisor is told that another is needed first.
    fn why_not_oneself(&mut self, name: &OperatorName) -> Result<Error, Trouble> {
        let slots = self.with_rows(|vault| vault.slots())?;
        let is_another = |of: Option<&OperatorName>| of.is_some_and(|of| of != name);
        let is_only = !slots.iter().any(|slot| slot.role == Some(Role::Supervisor) && is_another(slot.name.as_ref()));
        if is_only {
            return Ok(ErrorCode::LastSupervisor.into());
        }
        let role = self.role_of(name)?.map_or("supervisor", Role::word);
        let error = Error::from(ErrorCode::NotPermitted).word("action", "manage_operators").word("role", role);
        Ok(error.word("why", "yourself"))
    }

    fn role_of(&mut self, name: &OperatorName) -> Result<Option<Role>, Trouble> {
        let slots = self.with_rows(|vault| vault.slots())?;
        let is_named = |kind, of: Option<&OperatorName>| kind == SlotKind::Operator && of == Some(name);
        Ok(slots.into_iter().find(|slot| is_named(slot.kind, slot.name.as_ref())).and_then(|slot| slot.role))
    }

    pub(super) fn policy(&self, permit: Permit<ViewPolicy>) -> Result<Answer, Trouble> {
        let _by = permit.spend();
        let At::Open(open) = &self.at else { return Err(ErrorCode::TillLocked.into()) };
        Ok(Answer::Now(Reply::Policy(Box::new(account::shop_policy(open.engine.journal())?))))
    }

    /// Other rules, which hold at once: for passwords from the next one on, for sessions also for this one.
    pub(super) fn set_policy(
        &mut self,
        permit: Permit<SetPolicy>,
        policy: &account::ShopPolicy,
        now: Now,
    ) -> Result<Answer, Trouble> {
        let _by = permit.spend();
        self.not_deriving()?;
        policy.check()?;
        let reply = self.with_open(now, |till, open| {
            let by = open.session.operator().clone();
            let journal = open.engine.journal_mut();
            let params = till.vault(journal).terms()?.params;
            let terms = Terms {
                tries: policy.tries,
                lockout_ms: policy.lockout_ms,
                params,
                freeze_needs_password: policy.freeze_needs_password_at_lock_screen,
            };
            let mut change = till.vault(journal).set_terms(&terms)?;
            change.rows.extend(till.vault(journal).limit_biometrics(policy.biometric_days.into())?);
            let body = serde_json::to_value(policy).expect("a policy has text keys");
            till.record(journal, events::policy_changed(&by, body), SideWork::None, change, now)?;
            open.session.set_length(policy.session_length());
            open.checkpoint_every = policy.checkpoint_every.into();
            open.schedule = Schedule::from_now_on(policy.settle_at_minute, now);
            Ok(Reply::Done)
        })?;
        Ok(Answer::Now(reply))
    }

    /// Does something with what there is while somebody is signed in. A trouble that ends the run ends it here too.
    pub(super) fn with_open<T>(
        &mut self,
        now: Now,
        work: impl FnOnce(&Self, &mut Open) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let mut open = self.take_open(now)?;
        let done = work(self, &mut open);
        self.at = At::Open(open);
        done
    }

    fn take_open(&mut self, now: Now) -> Result<Box<Open>, Trouble> {
        match std::mem::replace(&mut self.at, At::Gone) {
            At::Open(open) => Ok(open),
            at => {
                self.at = at;
                Err(self.shut(now).into())
            }
        }
    }
}
