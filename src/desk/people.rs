//! What people ask of the till, with what they typed.
//!
//! Typed bytes are moved into the question and wiped with it. A name is read without the spaces around it and in lower
//! case, as a phone's keyboard would have it otherwise.
//!
//! It never keeps or prints what was typed. Evidence: `tests/desk_people.rs`.

use std::collections::BTreeMap;

use crate::account::password::BrokenRule;
use crate::desk::run::Message;
use crate::error::{Error, ErrorCode, Fact};
use crate::ids::{OperatorName, Role};
use crate::payment::{AttemptView, ListQuery};
use crate::screen::{Effect, Event, FieldName, Till};
use crate::secret::{SecretBytes, same_bytes};
use crate::session::actions::{Action, ViewPayments};
use crate::terminal::Terminal;
use crate::till::{NewOperator, RecoveryCode, SessionView};

/// What was typed, by field. Dropping it wipes it.
#[derive(Default)]
pub(super) struct Typed(BTreeMap<FieldName, SecretBytes>);

impl Typed {
    pub fn insert(&mut self, field: FieldName, value: SecretBytes) {
        self.0.insert(field, value);
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub fn take(&mut self, field: FieldName) -> SecretBytes {
        self.0.remove(&field).unwrap_or_else(|| SecretBytes::new(Vec::new()))
    }

    /// What is no secret, as it was typed; it stays.
    pub fn text(&self, field: FieldName) -> String {
        self.0.get(&field).map(|typed| String::from_utf8_lossy(typed.expose()).into_owned()).unwrap_or_default()
    }

    pub fn operator(&mut self) -> Result<OperatorName, Error> {
        let typed = self.take(FieldName::Operator);
        let name = std::str::from_utf8(typed.expose()).unwrap_or_default();
        Ok(OperatorName::new(name.trim().to_ascii_lowercase())?)
    }

    /// The new password, if it was typed twice alike.
    fn new_password(&mut self) -> Result<SecretBytes, Error> {
        let (new, again) = (self.take(FieldName::NewPassword), self.take(FieldName::NewPasswordAgain));
        if same_bytes(new.expose(), again.expose()) { Ok(new) } else { Err(BrokenRule::NotRepeated.into()) }
    }
}

/// Somebody who has come.
pub(super) struct Arrived {
    pub event: Event,
    pub code: Option<RecoveryCode>,
}

/// Whether this is asked of the till's people, not of its payments.
pub(super) fn is_theirs(effect: &Effect) -> bool {
    effect.takes_typed()
        || matches!(
            effect,
            Effect::Enter
                | Effect::Lock { .. }
                | Effect::SignOut { .. }
                | Effect::AskWho { .. }
                | Effect::FetchOperators
                | Effect::RemoveOperator { .. }
                | Effect::UnlockByBiometric
                | Effect::ForgetBiometric
                | Effect::AcceptRollBack
                | Effect::Freeze
        )
}

/// One question and its answer.
pub(super) fn answer(terminal: &Terminal, effect: &Effect, mut typed: Typed) -> Result<Message, Error> {
    match effect {
        Effect::Claim => {
            let (name, password) = (typed.operator()?, typed.new_password()?);
            let code = terminal.claim(&name, password)?;
            Ok(arrived_with_code(terminal, code))
        }
        Effect::Recover => {
            let (code, name) = (typed.take(FieldName::RecoveryCode), typed.operator()?);
            let code = terminal.recover(code, &name, typed.new_password()?)?;
            Ok(arrived_with_code(terminal, code))
        }
        Effect::SignIn => sign_in(terminal, &mut typed),
        Effect::SignInAnew { operator } => {
            let (old, new) = (typed.take(FieldName::Password), typed.new_password()?);
            arrived(terminal, Some(terminal.sign_in(operator, old, Some(new))?))
        }
        Effect::Unlock => arrived(terminal, Some(terminal.unlock(typed.take(FieldName::Password))?)),
        Effect::Enter => arrived(terminal, None),
        Effect::Lock { visit } => terminal.lock().and_then(|()| who(terminal, *visit)),
        Effect::SignOut { visit } => terminal.sign_out().and_then(|()| who(terminal, *visit)),
        Effect::AskWho { visit } => who(terminal, *visit),
        Effect::ChangePassword => {
            let (old, new) = (typed.take(FieldName::Password), typed.new_password()?);
            terminal.change_password(old, new)?;
            Ok(Message::Event(Event::PasswordChanged))
        }
        Effect::AddOperator { role } => {
            let (name, password) = (typed.operator()?, typed.new_password()?);
            terminal.add_operator(NewOperator { name, role: *role, password, is_temporary: true })?;
            operators(terminal)
        }
        Effect::ResetOperator { name } => {
            terminal.reset_operator(name, typed.new_password()?)?;
            operators(terminal)
        }
        Effect::RemoveOperator { name, rotate } => {
            // The device's keys of the slot are destroyed in any case: what was copied of it opens nothing.
            terminal.remove_operator(name, *rotate)?;
            operators(terminal)
        }
        Effect::SignInByBiometric => {
            let name = typed.operator()?;
            came_in(terminal, terminal.sign_in_by_biometric(&name), name)
        }
        Effect::UnlockByBiometric => arrived(terminal, Some(terminal.unlock_by_biometric()?)),
        Effect::EnrolBiometric => {
            terminal.enrol_biometric(typed.take(FieldName::Password))?;
            Ok(Message::Event(Event::Biometric { enrolled: true, who: terminal.till_state()? }))
        }
        Effect::ForgetBiometric => {
            terminal.forget_biometric()?;
            Ok(Message::Event(Event::Biometric { enrolled: false, who: terminal.till_state()? }))
        }
        Effect::NewRecoveryCode => {
            let code = Some(terminal.new_recovery_code(typed.take(FieldName::Password))?);
            Ok(Message::Arrived(Box::new(Arrived { event: Event::NewCode { who: None }, code })))
        }
        Effect::AcceptRollBack => {
            terminal.accept_roll_back()?;
            Ok(Message::Event(Event::RollBackAccepted { who: terminal.till_state()? }))
        }
        Effect::Freeze => {
            terminal.freeze(None, None)?;
            Ok(Message::Event(Event::Frozen { who: terminal.till_state()? }))
        }
        Effect::FreezeByName => {
            let by = (typed.operator()?, typed.take(FieldName::Password));
            terminal.freeze(None, Some(by))?;
            Ok(Message::Event(Event::Frozen { who: terminal.till_state()? }))
        }
        Effect::Release => {
            let second = typed.operator()?;
            terminal.release(&second, typed.take(FieldName::Password))?;
            Ok(Message::Event(Event::Frozen { who: terminal.till_state()? }))
        }
        Effect::FetchOperators => operators(terminal),
        _ => unreachable!("asked elsewhere: nothing of the till's people"),
    }
}

fn sign_in(terminal: &Terminal, typed: &mut Typed) -> Result<Message, Error> {
    let name = typed.operator()?;
    let session = terminal.sign_in(&name, typed.take(FieldName::Password), None);
    came_in(terminal, session, name)
}

fn came_in(terminal: &Terminal, session: Result<SessionView, Error>, name: OperatorName) -> Result<Message, Error> {
    match session {
        Ok(session) => arrived(terminal, Some(session)),
        Err(error) if error.code() == ErrorCode::PasswordMustChange => {
            Ok(Message::Event(Event::MustChange { operator: name, why: reason(&error) }))
        }
        Err(error) => Err(error),
    }
}

fn reason(error: &Error) -> &'static str {
    let is_expired = error.facts().contains(&("why", Fact::Word("expired")));
    if is_expired { "expired" } else { "temporary" }
}

/// The code is told this once: nothing may keep it from being shown, not a session that did not begin either.
fn arrived_with_code(terminal: &Terminal, code: RecoveryCode) -> Message {
    match arrival(terminal, None, true) {
        Ok(event) => Message::Arrived(Box::new(Arrived { event, code: Some(code) })),
        Err(_) => {
            let event = Event::NewCode { who: terminal.till_state().ok() };
            Message::Arrived(Box::new(Arrived { event, code: Some(code) }))
        }
    }
}

fn arrived(terminal: &Terminal, session: Option<SessionView>) -> Result<Message, Error> {
    let event = arrival(terminal, session, false)?;
    Ok(Message::Arrived(Box::new(Arrived { event, code: None })))
}

/// What the screens need to know for whoever has come.
fn arrival(terminal: &Terminal, session: Option<SessionView>, has_code: bool) -> Result<Event, Error> {
    let who = terminal.till_state()?;
    Ok(Event::SignedIn {
        till: Box::new(Till::of(&*terminal.configuration()?)),
        recent: match recent(terminal, who.role) {
            Err(_) if has_code => Vec::new(),
            recent => recent?,
        },
        days_left: session.as_ref().and_then(|session| session.password_days_left),
        failed_before: session.map_or(0, |session| session.failed_before),
        has_code,
        who,
    })
}

/// The newest payments, for those who may see them.
fn recent(terminal: &Terminal, role: Option<Role>) -> Result<Vec<AttemptView>, Error> {
    match role {
        Some(role) if ViewPayments::ROW.allows(role) => {
            Ok(terminal.list(&ListQuery { limit: RECENT, ..ListQuery::default() })?.attempts)
        }
        _ => Ok(Vec::new()),
    }
}

fn who(terminal: &Terminal, visit: u64) -> Result<Message, Error> {
    Ok(Message::Event(Event::Who { visit, who: terminal.till_state()? }))
}

fn operators(terminal: &Terminal) -> Result<Message, Error> {
    Ok(Message::Event(Event::Operators(terminal.operators()?)))
}

/// How many of the newest attempts the first screen is chosen from.
const RECENT: u32 = 20;
