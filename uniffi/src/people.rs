//! Who may use a till: operators, their passwords, and the session of the one who is signed in.
//!
//! Passwords and codes come in as borrowed bytes, are copied into memory that is wiped, and are worked on away from the
//! caller's thread: whatever derives a key gives a [`PasswordWork`] at once.
//!
//! It decides nothing. Evidence: `tests/contract`, `uniffi/tests/people.rs`.

use std::sync::Arc;

use taptill::error::Error;
use taptill::secret::SecretBytes;
use taptill::terminal::Terminal;
use taptill::{session, till};

use crate::aside::aside;
use crate::biometric::BiometricStanding;
use crate::errors::{TillError, same_words};
use crate::incident::FreezeFacts;
use crate::network::NetworkJudgement;
use crate::password_work::{PasswordDone, PasswordWork};
use crate::payments::Open;
use crate::policy::ShopPolicy;
use crate::values::operator_name;

/// Operators, passwords and the session. May be used from any thread, and from several at once.
#[derive(uniffi::Object)]
pub struct People {
    pub(crate) till: Arc<Open>,
}

#[uniffi::export]
impl People {
    /// Makes a till that is nobody's this supervisor's, who is signed in then. What is done has the recovery code:
    /// show it once.
    ///
    /// # Errors
    /// Here `identifier_malformed` and `called_from_port`; from the work `already_claimed`, `not_provisioned`,
    /// `password_refused` with the rule, and the errors of keys and storage.
    pub fn claim(&self, name: &str, password: &[u8]) -> Result<Arc<PasswordWork>, TillError> {
        let (name, password) = (operator_name(name)?, secret(password));
        self.work(move |till| till.claim(&name, password).map(PasswordDone::with_code))
    }

    /// Makes `name` a supervisor with a new password by the recovery code, which is void then; what is done has the
    /// next one. For a shop whose only supervisor forgot the password.
    ///
    /// # Errors
    /// Here as `claim`; from the work `recovery_refused`, `operator_locked_out` after too many, `password_refused`,
    /// `till_unclaimed`.
    pub fn recover(&self, code: &[u8], name: &str, password: &[u8]) -> Result<Arc<PasswordWork>, TillError> {
        let (code, name, password) = (secret(code), operator_name(name)?, secret(password));
        self.work(move |till| till.recover(code, &name, password).map(PasswordDone::with_code))
    }

    /// Signs an operator in. Somebody else who is signed in is signed out first.
    ///
    /// # Errors
    /// Here as `claim`; from the work `sign_in_refused` for a wrong password and for a name that there is not alike,
    /// `operator_locked_out`, `password_must_change` (use `sign_in_with_new`), `already_signed_in` for whoever is,
    /// `till_unclaimed`, `till_busy` during a sale, and the errors of the vault.
    pub fn sign_in(&self, name: &str, password: &[u8]) -> Result<Arc<PasswordWork>, TillError> {
        self.enter(name, password, None)
    }

    /// Signs an operator in and gives a new password at once, as a temporary or an expired one asks for.
    ///
    /// # Errors
    /// As `sign_in`, and `password_refused` for the new one: then nobody is signed in.
    pub fn sign_in_with_new(
        &self,
        name: &str,
        password: &[u8],
        new_password: &[u8],
    ) -> Result<Arc<PasswordWork>, TillError> {
        self.enter(name, password, Some(secret(new_password)))
    }

    /// Opens a locked till again for whoever locked it.
    ///
    /// # Errors
    /// Here `called_from_port`; from the work `sign_in_refused`, `operator_locked_out`, `till_locked` for a till whose
    /// operator has signed out, and the errors of the vault.
    pub fn unlock(&self, password: &[u8]) -> Result<Arc<PasswordWork>, TillError> {
        let password = secret(password);
        self.work(move |till| till.unlock(password).map(PasswordDone::with_session))
    }

    /// Locks the till: keys and secrets are wiped, nothing is sent. During a sale it locks once that has ended, and
    /// suspends until then. Locking what is locked changes nothing.
    ///
    /// # Errors
    /// `till_locked` when nobody is signed in, `till_unclaimed`, and the errors of storage.
    pub async fn lock(&self) -> Result<(), TillError> {
        self.later(Terminal::lock).await
    }

    /// Ends the session, also a locked one. Suspends for as long as the storage takes.
    ///
    /// # Errors
    /// `till_busy` during a sale, `till_unclaimed`. Where nobody is signed in it changes nothing.
    pub async fn sign_out(&self) -> Result<(), TillError> {
        self.later(Terminal::sign_out).await
    }

    /// Gives the operator who is signed in another password.
    ///
    /// # Errors
    /// Here `called_from_port`; from the work `sign_in_refused` for a wrong old one, `password_refused` with the rule,
    /// `till_locked`, `till_unclaimed`.
    pub fn change_password(&self, password: &[u8], new_password: &[u8]) -> Result<Arc<PasswordWork>, TillError> {
        let (password, new_password) = (secret(password), secret(new_password));
        self.work(move |till| till.change_password(password, new_password).map(PasswordDone::plain))
    }

    /// Another recovery code in place of the one before, for whoever manages operators: what is done has it.
    ///
    /// # Errors
    /// Here `called_from_port`; from the work `not_permitted`, `sign_in_refused` for a wrong password, `till_locked`.
    pub fn new_recovery_code(&self, password: &[u8]) -> Result<Arc<PasswordWork>, TillError> {
        let password = secret(password);
        self.work(move |till| till.new_recovery_code(password).map(PasswordDone::with_code))
    }

    /// Signs an operator in by finger or face, for whom the device asks.
    ///
    /// # Errors
    /// Here as `claim`; from the work `biometric_refused` with the reason, `password_must_change`, otherwise as `sign_in`.
    pub fn sign_in_by_biometric(&self, name: &str) -> Result<Arc<PasswordWork>, TillError> {
        let name = operator_name(name)?;
        self.work(move |till| till.sign_in_by_biometric(&name).map(PasswordDone::with_session))
    }

    /// Opens a locked till again by the finger or face of whoever locked it.
    ///
    /// # Errors
    /// Here `called_from_port`; from the work `biometric_refused` with the reason, otherwise as `unlock`.
    pub fn unlock_by_biometric(&self) -> Result<Arc<PasswordWork>, TillError> {
        self.work(|till| till.unlock_by_biometric().map(PasswordDone::with_session))
    }

    /// Lets the own finger or face open the till, for as many days after a password as the rules say; another password
    /// ends it. The device may ask for the person.
    ///
    /// # Errors
    /// Here `called_from_port`; from the work `sign_in_refused` for a wrong password, `biometric_refused` with the reason,
    /// `till_locked`, `till_busy`.
    pub fn enrol_biometric(&self, password: &[u8]) -> Result<Arc<PasswordWork>, TillError> {
        let password = secret(password);
        self.work(move |till| till.enrol_biometric(password).map(PasswordDone::plain))
    }

    /// Lets the own finger or face open nothing any more: the device's key is destroyed.
    ///
    /// # Errors
    /// `biometric_refused` where nothing is enrolled, `till_locked`, `till_unclaimed`.
    pub async fn forget_biometric(&self) -> Result<(), TillError> {
        self.later(Terminal::forget_biometric).await
    }

    /// Adds an operator. A temporary password must be changed at the first sign-in.
    ///
    /// # Errors
    /// Here as `claim`; from the work `not_permitted`, `operator_exists`, `password_refused`, `till_locked`.
    pub fn add_operator(
        &self,
        name: &str,
        role: OperatorRole,
        password: &[u8],
        temporary: bool,
    ) -> Result<Arc<PasswordWork>, TillError> {
        let (name, password) = (operator_name(name)?, secret(password));
        let new = till::NewOperator { name, role: role.into(), password, is_temporary: temporary };
        self.work(move |till| till.add_operator(new).map(PasswordDone::plain))
    }

    /// Gives an operator a temporary password, also one who is locked out.
    ///
    /// # Errors
    /// Here as `claim`; from the work `not_permitted`, `operator_unknown`, `password_refused`, `till_locked`.
    pub fn reset_operator(&self, name: &str, password: &[u8]) -> Result<Arc<PasswordWork>, TillError> {
        let (name, password) = (operator_name(name)?, secret(password));
        self.work(move |till| till.reset_operator(&name, password).map(PasswordDone::plain))
    }

    /// Removes an operator. With `rotate` the till's keys change as well, for one who may have kept them.
    ///
    /// # Errors
    /// `not_permitted`, `operator_unknown`, `last_supervisor`, `identifier_malformed`, `till_locked`.
    pub async fn remove_operator(&self, name: String, rotate: bool) -> Result<(), TillError> {
        let name = operator_name(&name)?;
        self.later(move |till| till.remove_operator(&name, rotate)).await
    }

    /// All operators, by name.
    ///
    /// # Errors
    /// `not_permitted`, `till_locked`, `till_unclaimed`.
    pub fn operators(&self) -> Result<Vec<OperatorFacts>, TillError> {
        Ok(self.till.terminal.operators()?.into_iter().map(OperatorFacts::from).collect())
    }

    /// The shop's rules.
    ///
    /// # Errors
    /// `not_permitted`, `till_locked`, `till_unclaimed`.
    pub fn policy(&self) -> Result<ShopPolicy, TillError> {
        Ok(self.till.terminal.policy()?.into())
    }

    /// Changes the shop's rules, which hold at once. `shipped_policy` has those to begin with.
    ///
    /// # Errors
    /// `policy_invalid` with the part and its rule, `not_permitted`, `till_locked`, `till_unclaimed`.
    pub async fn set_policy(&self, policy: ShopPolicy) -> Result<(), TillError> {
        self.later(move |till| till.set_policy(&policy.into())).await
    }

    /// Changes the till's keys. What is stored is sealed anew while the till has nothing else to do, also after a restart.
    ///
    /// # Errors
    /// `not_permitted`, `key_rotation_unfinished` while an earlier one goes on, `till_locked`.
    pub async fn rotate_keys(&self) -> Result<(), TillError> {
        self.later(Terminal::rotate_keys).await
    }
}

impl People {
    fn enter(&self, name: &str, password: &[u8], new: Option<SecretBytes>) -> Result<Arc<PasswordWork>, TillError> {
        let (name, password) = (operator_name(name)?, secret(password));
        self.work(move |till| till.sign_in(&name, password, new).map(PasswordDone::with_session))
    }

    fn work(
        &self,
        work: impl FnOnce(&Terminal) -> Result<PasswordDone, Error> + Send + 'static,
    ) -> Result<Arc<PasswordWork>, TillError> {
        PasswordWork::start(Arc::clone(&self.till), work)
    }

    async fn later<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Terminal) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, TillError> {
        aside(&self.till, "taptill-people", work).await
    }
}

/// What an operator may do. `docs/permissions.md` has the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum OperatorRole {
    /// Sells.
    Cashier,
    /// Answers for the shop: sells, and manages operators, passwords and keys.
    Supervisor,
    /// The integrator's own: sets the till up and reads no payment.
    Service,
}

/// One operator.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct OperatorFacts {
    /// The name: 1 to 32 of `[a-z0-9._-]`, first a letter.
    pub name: String,
    /// What the operator may do.
    pub role: OperatorRole,
    /// Whether the password must be changed at the next sign-in.
    pub is_temporary: bool,
    /// Whether too many wrong passwords were given; after a while, or by a reset, that ends.
    pub is_locked_out: bool,
    /// Whether the row is not what this till wrote: nobody comes in by it, and it may be removed. Its role says nothing.
    pub is_damaged: bool,
}

/// What there is to say to somebody who has just signed in.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct SessionFacts {
    /// Who.
    pub operator: String,
    /// As what.
    pub role: OperatorRole,
    /// In how many days the password must be changed; absent until it is time to say so.
    pub password_days_left: Option<u32>,
    /// How many wrong passwords were given since the last sign-in.
    pub failed_before: u32,
    /// Whether the session before ended without a sign-out: a crash, or an empty battery.
    pub cut_before: bool,
    /// How many payments wait for the bank.
    pub waiting: u64,
}

/// How a till stands between nobody and somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Standing {
    /// It is nobody's: `claim` it.
    Unclaimed,
    /// Somebody is signed in.
    SignedIn,
    /// Somebody's session is locked: `unlock`, or another signs in.
    Locked,
    /// Nobody is signed in.
    SignedOut,
}

/// What a till says of itself in every state; all that a lock screen shows.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct TillState {
    /// How it stands.
    pub standing: Standing,
    /// Whose session it is; absent where there is none.
    pub operator: Option<String>,
    /// As what.
    pub role: Option<OperatorRole>,
    /// How many payments wait for the bank; absent where the note of it is gone or was changed.
    pub waiting: Option<u64>,
    /// Signed in: in how many milliseconds it locks by itself unless it is used.
    pub locks_in_ms: Option<u64>,
    /// What fingers or a face are good for.
    pub biometric: BiometricStanding,
    /// Signed in: when the batch was to be settled by the shop's rule and was not, in milliseconds since 1970-01-01 UTC.
    pub settlement_missed_ms: Option<i64>,
    /// Signed in: its records were put back, and it does not sell until a supervisor accepts it.
    pub is_rolled_back: bool,
    /// The freeze, while the till is frozen.
    pub frozen: Option<FreezeFacts>,
    /// Signed in: how the network was judged last; absent before it was first looked at.
    pub network: Option<NetworkJudgement>,
}

same_words!(session::Role, OperatorRole: Cashier Supervisor Service);
same_words!(till::Standing, Standing: Unclaimed SignedIn Locked SignedOut);

impl Standing {
    /// The one of this word; a till of which nothing more is known lets nobody do anything.
    pub(crate) fn from_word(word: &str) -> Self {
        let all = [till::Standing::Unclaimed, till::Standing::SignedIn, till::Standing::Locked];
        all.into_iter().find(|standing| standing.word() == word).map_or(Self::SignedOut, Self::from)
    }
}

impl From<till::OperatorView> for OperatorFacts {
    fn from(view: till::OperatorView) -> Self {
        let till::OperatorView { name, role, is_temporary, is_locked_out, is_damaged } = view;
        Self { name: name.to_string(), role: role.into(), is_temporary, is_locked_out, is_damaged }
    }
}

impl From<till::SessionView> for SessionFacts {
    fn from(view: till::SessionView) -> Self {
        let till::SessionView { operator, role, password_days_left, failed_before, cut_before, waiting } = view;
        Self {
            operator: operator.to_string(),
            role: role.into(),
            password_days_left,
            failed_before,
            cut_before,
            waiting,
        }
    }
}

impl From<till::TillState> for TillState {
    fn from(state: till::TillState) -> Self {
        let till::TillState { standing, operator, role, waiting, locks_in_ms, settlement_missed, .. } = state;
        Self {
            standing: standing.into(),
            operator: operator.map(|operator| operator.to_string()),
            role: role.map(OperatorRole::from),
            waiting,
            locks_in_ms,
            biometric: state.biometric.into(),
            settlement_missed_ms: settlement_missed.map(|at| at.0),
            is_rolled_back: state.is_rolled_back,
            frozen: state.frozen.map(FreezeFacts::from),
            network: state.network.map(NetworkJudgement::from),
        }
    }
}

/// The core's own copy, wiped when it is let go of; the caller wipes its own.
pub(crate) fn secret(bytes: &[u8]) -> SecretBytes {
    SecretBytes::new(bytes.to_vec())
}
