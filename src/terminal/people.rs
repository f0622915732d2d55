//! The terminal's people: claiming, signing in and out, operators, rules, keys.
//!
//! Each method is one question to the till's thread. Whatever takes a password takes as long as its derivation does,
//! a good part of a second; [`Terminal::lock`] waits for a sale in progress. Passwords are wiped when they were used.
//!
//! It decides nothing. Evidence: `tests/terminal_sale.rs`.

use std::sync::Arc;

use crate::account::{Configuration, ShopPolicy};
use crate::error::Error;
use crate::ids::OperatorName;
use crate::payment;
use crate::secret::SecretBytes;
use crate::terminal::Terminal;
use crate::terminal::driver::Message;
use crate::till::{Ask, NewOperator, OperatorView, ProofOf, RecoveryCode, Reply, SessionView, TillState};

impl Terminal {
    /// Who is at the till, and what a lock screen may show. Answered in every state.
    ///
    /// # Errors
    /// Why the terminal has ended.
    pub fn till_state(&self) -> Result<TillState, Error> {
        match self.answer(Ask::State)? {
            Reply::State(state) => Ok(state),
            _ => unreachable!("the till answers what its state is with its state"),
        }
    }

    /// What the till knows about itself, while somebody is signed in.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked`.
    pub fn configuration(&self) -> Result<Arc<Configuration>, Error> {
        match self.answer(Ask::Configuration)? {
            Reply::Configuration(configuration) => Ok(configuration),
            _ => unreachable!("the till answers what it knows about itself with that"),
        }
    }

    /// Makes this operator the till's first supervisor, who is signed in afterwards. The recovery code is told once.
    ///
    /// # Errors
    /// `already_claimed`, `password_refused`, `till_busy` while another password is looked at, and the errors of keys
    /// and storage.
    pub fn claim(&self, name: &OperatorName, password: SecretBytes) -> Result<RecoveryCode, Error> {
        self.recovery(Ask::Claim { name: name.clone(), password })
    }

    /// Makes this operator a supervisor by the recovery code, whether or not the name is known, and signs in. The code
    /// is void afterwards; the next one is told once.
    ///
    /// # Errors
    /// `till_unclaimed`, `recovery_refused`, `operator_locked_out`, `password_refused`, `till_busy`, and the errors of
    /// keys and storage.
    pub fn recover(
        &self,
        code: SecretBytes,
        name: &OperatorName,
        password: SecretBytes,
    ) -> Result<RecoveryCode, Error> {
        self.recovery(Ask::Recover { code, name: name.clone(), password })
    }

    /// Signs an operator in, and whoever was signed in before out. With a new password the password is changed first,
    /// which one that is temporary or too old needs.
    ///
    /// # Errors
    /// `till_unclaimed`, `already_signed_in`, `sign_in_refused`, `operator_locked_out`, `password_must_change`,
    /// `password_refused` for the new one, `till_busy` during a sale, and the errors of keys and storage.
    pub fn sign_in(
        &self,
        name: &OperatorName,
        password: SecretBytes,
        new_password: Option<SecretBytes>,
    ) -> Result<SessionView, Error> {
        self.session(Ask::SignIn { name: name.clone(), password, new_password })
    }

    /// Locks the till, when a sale in progress has ended. A till that is locked already stays so.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked` when nobody is signed in, and the errors of the storage.
    pub fn lock(&self) -> Result<(), Error> {
        self.done(Ask::Lock)
    }

    /// Goes on where the till was locked.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked` when nobody has locked it, `already_signed_in`, `session_over` when its full
    /// length has gone by, otherwise as [`Terminal::sign_in`].
    pub fn unlock(&self, password: SecretBytes) -> Result<SessionView, Error> {
        self.session(Ask::Unlock { password })
    }

    /// Signs out. A till at which nobody is signed in stays so.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_busy` during a sale, and the errors of the storage.
    pub fn sign_out(&self) -> Result<(), Error> {
        self.done(Ask::SignOut)
    }

    /// Another password for whoever is signed in.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked`, `sign_in_refused`, `operator_locked_out`, `password_refused`, `till_busy`, and
    /// the errors of keys and storage.
    pub fn change_password(&self, password: SecretBytes, new_password: SecretBytes) -> Result<(), Error> {
        self.done(Ask::ChangePassword { password, new_password })
    }

    /// Another recovery code in place of the one before, which opens nothing any more. For whoever manages operators,
    /// with the own password once more.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked`, `not_permitted`, `sign_in_refused`, `operator_locked_out`, `till_busy`, and the
    /// errors of keys and storage.
    pub fn new_recovery_code(&self, password: SecretBytes) -> Result<RecoveryCode, Error> {
        self.recovery(Ask::NewRecoveryCode { password })
    }

    /// Signs in by the operator's finger or face. Waits for the person.
    ///
    /// # Errors
    /// `biometric_refused` with the reason, `password_must_change`, otherwise as [`Terminal::sign_in`].
    pub fn sign_in_by_biometric(&self, name: &OperatorName) -> Result<SessionView, Error> {
        self.session(Ask::SignInByBiometric { name: name.clone() })
    }

    /// Goes on where the till was locked, by the finger or face of whoever locked it. Waits for the person.
    ///
    /// # Errors
    /// `biometric_refused` with the reason, otherwise as [`Terminal::unlock`].
    pub fn unlock_by_biometric(&self) -> Result<SessionView, Error> {
        self.session(Ask::UnlockByBiometric)
    }

    /// Lets the own finger or face open the till, for as many days after a password as the shop's rules say. Another
    /// password ends it. May wait for the person.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked`, `sign_in_refused`, `operator_locked_out`, `biometric_refused`, `till_busy`, and
    /// the errors of keys and storage.
    pub fn enrol_biometric(&self, password: SecretBytes) -> Result<(), Error> {
        self.done(Ask::EnrolBiometric { password })
    }

    /// Lets the own finger or face open nothing any more; the device's key is destroyed.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked`, `biometric_refused` where nothing is enrolled, and the errors of keys and storage.
    pub fn forget_biometric(&self) -> Result<(), Error> {
        self.done(Ask::ForgetBiometric)
    }

    /// Another operator.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked`, `not_permitted`, `operator_exists`, `password_refused`, `till_busy`, and the
    /// errors of keys and storage.
    pub fn add_operator(&self, operator: NewOperator) -> Result<(), Error> {
        self.done(Ask::AddOperator(operator))
    }

    /// All operators, by name.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked`, `not_permitted`, and the errors of keys and storage.
    pub fn operators(&self) -> Result<Vec<OperatorView>, Error> {
        match self.answer(Ask::Operators)? {
            Reply::Operators(operators) => Ok(operators),
            _ => unreachable!("the till answers who its operators are with a list"),
        }
    }

    /// An operator less. With `rotate` the master key changes as well, because the operator may have kept it.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked`, `not_permitted` (also for oneself), `operator_unknown`, `last_supervisor`,
    /// `key_rotation_unfinished`, and the errors of keys and storage.
    pub fn remove_operator(&self, name: &OperatorName, rotate: bool) -> Result<(), Error> {
        self.done(Ask::RemoveOperator { name: name.clone(), rotate })
    }

    /// A temporary password for an operator who has forgotten the own one.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked`, `not_permitted`, `operator_unknown`, `password_refused`, `till_busy`, and the
    /// errors of keys and storage.
    pub fn reset_operator(&self, name: &OperatorName, password: SecretBytes) -> Result<(), Error> {
        self.done(Ask::ResetOperator { name: name.clone(), password })
    }

    /// The shop's rules for people.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked`, `not_permitted`, and the errors of the storage.
    pub fn policy(&self) -> Result<ShopPolicy, Error> {
        match self.answer(Ask::Policy)? {
            Reply::Policy(policy) => Ok(*policy),
            _ => unreachable!("the till answers what its rules are with them"),
        }
    }

    /// Other rules for people, which hold at once: for new passwords, for guesses, and for this session.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked`, `not_permitted`, `policy_invalid`, `till_busy`, and the errors of keys and
    /// storage.
    pub fn set_policy(&self, policy: &ShopPolicy) -> Result<(), Error> {
        self.done(Ask::SetPolicy(Box::new(policy.clone())))
    }

    /// A person has done something that is no call of its own, as pressing a key: the till is not idle. Does not wait.
    pub fn touch(&self) {
        // A terminal that has ended has no session to keep.
        let _ended = self.send(Message::Touch);
    }

    /// Another master key. What is stored is sealed anew by and by, while somebody is signed in.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked`, `not_permitted`, `key_rotation_unfinished`, and the errors of keys and storage.
    pub fn rotate_keys(&self) -> Result<(), Error> {
        self.done(Ask::RotateKeys)
    }

    /// Lets a till sell again that refuses it with `journal_rolled_back`: its files were put back, and a supervisor knows
    /// why. What the acquirer had seen beyond stays lost. With nothing to accept nothing happens.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked`, `not_permitted`, and the errors of the storage.
    pub fn accept_roll_back(&self) -> Result<(), Error> {
        match self.answer(Ask::AcceptRollBack)? {
            Reply::Payment(payment::Reply::RollBackAccepted) => Ok(()),
            _ => unreachable!("the till answers an acceptance with that"),
        }
    }

    /// A signed statement of how long the journal is and of its root: a C2SP tlog-checkpoint.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked`, `not_permitted`, and the errors of keys and storage.
    pub fn checkpoint(&self) -> Result<String, Error> {
        self.text(Ask::Checkpoint)
    }

    /// A proof that one event is in the journal: a C2SP tlog-proof with the event's bytes.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked`, `not_permitted`, `attempt_unknown`, `record_unknown`, and the errors of keys
    /// and storage.
    pub fn prove(&self, of: &ProofOf) -> Result<String, Error> {
        self.text(Ask::Prove(of.clone()))
    }

    /// A proof that the journal has only grown since it was this long.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked`, `not_permitted`, `record_unknown`, and the errors of keys and storage.
    pub fn consistency(&self, old_size: u64) -> Result<String, Error> {
        self.text(Ask::Consistency { old_size })
    }

    /// The keys under which checkpoints are signed, each a line; the first is a C2SP vkey.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked`, `not_permitted`, and the errors of keys and storage.
    pub fn public_key(&self) -> Result<String, Error> {
        self.text(Ask::PublicKey)
    }

    fn session(&self, ask: Ask) -> Result<SessionView, Error> {
        match self.answer(ask)? {
            Reply::Session(view) => Ok(view),
            _ => unreachable!("the till answers signing in with the session"),
        }
    }

    fn recovery(&self, ask: Ask) -> Result<RecoveryCode, Error> {
        match self.answer(ask)? {
            Reply::Recovery(code) => Ok(code),
            _ => unreachable!("the till answers claiming and recovering with a recovery code"),
        }
    }

    fn text(&self, ask: Ask) -> Result<String, Error> {
        match self.answer(ask)? {
            Reply::Text(text) => Ok(text),
            _ => unreachable!("the till answers a wish for a text with a text"),
        }
    }

    pub(super) fn done(&self, ask: Ask) -> Result<(), Error> {
        match self.answer(ask)? {
            Reply::Done => Ok(()),
            _ => unreachable!("the till answers something to be done with its being done"),
        }
    }
}
