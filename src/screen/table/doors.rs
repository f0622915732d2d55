//! The screens on which people come, go and are looked after: when each is there, what is typed, what it offers.
//! It never says what a touch does.
//!
//! Evidence: `tests/screens.rs`, which prints them into `docs/screens.md`.

use crate::screen::shown::Role::{Danger, Primary, Secondary};
use crate::screen::shown::{FieldName, Role, ScreenKind, Tone};
use crate::screen::table::{Choice, Look, look};

/// A screen on which people come, go and are looked after: what it offers, and what is typed there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Door {
    /// Which layout.
    pub kind: ScreenKind,
    /// When it is there.
    pub when: &'static str,
    /// What is typed, in order.
    pub fields: &'static [FieldName],
    /// What it offers, in order.
    pub choices: &'static [(Choice, Role)],
}

impl Door {
    /// Its look, as long as nothing was refused.
    #[must_use]
    pub const fn look(&self) -> Look {
        look(self.kind, Tone::Neutral, self.choices)
    }
}

/// Every one of them.
pub const DOORS: &[Door] = &[
    CLAIM,
    SIGN_IN,
    SWITCH,
    LOCKED,
    MUST_CHANGE,
    CHANGE,
    RECOVER,
    RECOVERY_CODE,
    OPERATORS,
    OPERATOR,
    ADD_OPERATOR,
    RESET_OPERATOR,
    ENROL_BIOMETRIC,
    NEW_RECOVERY_CODE,
    FREEZE,
    FREEZE_BY_NAME,
    FROZEN,
    RELEASE,
    LEAVE,
    FORCE_LEAVE,
    LEFT,
    STATEMENT,
    DEREGISTER,
    DEREGISTER_BLOCKED,
    ERASING,
    ERASED,
    LOSS,
    RENEW,
    EVIDENCE,
    DISCLOSED,
    NETWORK,
    MESSAGE,
    DECIDE,
    DECIDE_REFUND,
];

/// A till that is set up and nobody's yet.
pub const CLAIM: Door = Door {
    kind: ScreenKind::Claim,
    when: "the till is set up and has no supervisor",
    fields: &[FieldName::Operator, FieldName::NewPassword, FieldName::NewPasswordAgain],
    choices: &[(Choice::Claim, Primary), (Choice::OtherLanguage, Secondary)],
};
/// Nobody is signed in.
pub const SIGN_IN: Door = Door {
    kind: ScreenKind::SignIn,
    when: "nobody is signed in",
    fields: &[FieldName::Operator, FieldName::Password],
    choices: &[
        (Choice::SignIn, Primary),
        (Choice::SignInByBiometric, Secondary),
        (Choice::ToRecover, Secondary),
        (Choice::OtherLanguage, Secondary),
        (Choice::ToFreeze, Danger),
    ],
};
/// The same on a till that somebody has locked.
pub const SWITCH: Door = Door {
    when: "somebody else wants to sign in",
    choices: &[(Choice::SignIn, Primary), (Choice::Back, Secondary), (Choice::ToRecover, Secondary)],
    ..SIGN_IN
};
/// Somebody is signed in and the till is locked.
pub const LOCKED: Door = Door {
    kind: ScreenKind::Locked,
    when: "the till is locked",
    fields: &[FieldName::Password],
    choices: &[
        (Choice::Unlock, Primary),
        (Choice::UnlockByBiometric, Secondary),
        (Choice::SwitchOperator, Secondary),
        (Choice::SignOut, Danger),
        (Choice::ToFreeze, Danger),
    ],
};
/// The password was right and opens nothing but its own change.
pub const MUST_CHANGE: Door = Door {
    kind: ScreenKind::ChangePassword,
    when: "a password is temporary or expired at sign-in",
    fields: &[FieldName::Password, FieldName::NewPassword, FieldName::NewPasswordAgain],
    choices: &[(Choice::ChangePassword, Primary), (Choice::Back, Secondary)],
};
/// The own password is changed.
pub const CHANGE: Door = Door { when: "somebody changes the own password", ..MUST_CHANGE };
/// The recovery code is used.
pub const RECOVER: Door = Door {
    kind: ScreenKind::Recover,
    when: "the recovery code is used",
    fields: &[FieldName::RecoveryCode, FieldName::Operator, FieldName::NewPassword, FieldName::NewPasswordAgain],
    choices: &[(Choice::Recover, Primary), (Choice::Back, Secondary)],
};
/// The recovery code is shown.
pub const RECOVERY_CODE: Door = Door {
    kind: ScreenKind::RecoveryCode,
    when: "after the claim and after a recovery, once",
    fields: &[],
    choices: &[(Choice::Written, Primary)],
};
/// Who works at this till.
pub const OPERATORS: Door = Door {
    kind: ScreenKind::Operators,
    when: "a supervisor looks after people",
    fields: &[],
    choices: &[(Choice::ToAddOperator, Primary), (Choice::ToNewRecoveryCode, Secondary), (Choice::Back, Secondary)],
};
/// One of them.
pub const OPERATOR: Door = Door {
    kind: ScreenKind::Operator,
    when: "one of them is touched",
    fields: &[],
    choices: &[
        (Choice::ToResetOperator, Primary),
        (Choice::Back, Secondary),
        (Choice::RemoveOperator, Danger),
        (Choice::RemoveAndRotate, Danger),
    ],
};
/// One more.
pub const ADD_OPERATOR: Door = Door {
    kind: ScreenKind::AddOperator,
    when: "an operator is added",
    fields: &[FieldName::Operator, FieldName::NewPassword, FieldName::NewPasswordAgain],
    choices: &[
        (Choice::AddCashier, Primary),
        (Choice::AddSupervisor, Secondary),
        (Choice::AddService, Secondary),
        (Choice::Back, Secondary),
    ],
};
/// A temporary password.
pub const RESET_OPERATOR: Door = Door {
    kind: ScreenKind::ResetOperator,
    when: "an operator gets a temporary password",
    fields: &[FieldName::NewPassword, FieldName::NewPasswordAgain],
    choices: &[(Choice::ResetOperator, Primary), (Choice::Back, Secondary)],
};

/// A finger or face is enrolled.
pub const ENROL_BIOMETRIC: Door = Door {
    kind: ScreenKind::EnrolBiometric,
    when: "somebody enrols the own finger or face",
    fields: &[FieldName::Password],
    choices: &[(Choice::EnrolBiometric, Primary), (Choice::Back, Secondary)],
};
/// Another recovery code.
pub const NEW_RECOVERY_CODE: Door = Door {
    kind: ScreenKind::NewRecoveryCode,
    when: "a supervisor makes another recovery code",
    fields: &[FieldName::Password],
    choices: &[(Choice::NewRecoveryCode, Primary), (Choice::Back, Secondary)],
};

/// The till is about to be frozen by a touch more, so that nobody does it by brushing the glass.
pub const FREEZE: Door = Door {
    kind: ScreenKind::Freeze,
    when: "somebody touches the button to hold, signed in or not",
    fields: &[],
    choices: &[(Choice::Freeze, Danger), (Choice::Back, Primary)],
};
/// The shop's rules ask at the lock screen who freezes.
pub const FREEZE_BY_NAME: Door = Door {
    kind: ScreenKind::FreezeByName,
    when: "the shop's rules ask for a password before a freeze at the lock screen",
    fields: &[FieldName::Operator, FieldName::Password],
    choices: &[(Choice::Freeze, Primary), (Choice::Back, Secondary)],
};
/// A frozen till, in place of the keypad.
pub const FROZEN: Door = Door {
    kind: ScreenKind::Frozen,
    when: "somebody is signed in at a frozen till",
    fields: &[],
    choices: &[
        (Choice::ToLoss, Primary),
        (Choice::History, Secondary),
        (Choice::ToLeave, Secondary),
        (Choice::Settings, Secondary),
        (Choice::ToRelease, Danger),
    ],
};
/// A frozen till is let go.
pub const RELEASE: Door = Door {
    kind: ScreenKind::Release,
    when: "a supervisor lets a frozen till go, together with a second person",
    fields: &[FieldName::Operator, FieldName::Password],
    choices: &[(Choice::Release, Primary), (Choice::Back, Secondary)],
};
/// What is left to do before leaving.
pub const LEAVE: Door = Door {
    kind: ScreenKind::Leave,
    when: "somebody wants to leave the till",
    fields: &[],
    choices: &[(Choice::Leave, Primary), (Choice::Back, Secondary), (Choice::ToForceLeave, Danger)],
};
/// Leaving all the same.
pub const FORCE_LEAVE: Door = Door {
    kind: ScreenKind::ForceLeave,
    when: "a supervisor leaves although something is in the way",
    fields: &[FieldName::Reason],
    choices: &[(Choice::ForceLeave, Primary), (Choice::Back, Secondary)],
};
/// The end of the day.
pub const LEFT: Door =
    Door { kind: ScreenKind::Left, when: "the till was left", fields: &[], choices: &[(Choice::Done, Primary)] };
/// What the last statement was found to say.
pub const STATEMENT: Door = Door {
    kind: ScreenKind::Statement,
    when: "a supervisor looks at the statement",
    fields: &[],
    choices: &[(Choice::CheckStatement, Primary), (Choice::Back, Secondary)],
};
/// Taking the till off the acquirer's list.
pub const DEREGISTER: Door = Door {
    kind: ScreenKind::Deregister,
    when: "a supervisor, with a second one where the rules want two, takes the till off the list",
    fields: &[FieldName::Operator, FieldName::Password],
    choices: &[(Choice::Deregister, Primary), (Choice::ChoosePlace, Secondary), (Choice::Back, Secondary)],
};
/// What keeps it from that.
pub const DEREGISTER_BLOCKED: Door = Door {
    kind: ScreenKind::DeregisterBlocked,
    when: "something keeps the till from being taken off the list",
    fields: &[],
    choices: &[(Choice::Back, Primary)],
};
/// While it is done: there is nothing to touch, and no way back.
pub const ERASING: Door =
    Door { kind: ScreenKind::Erasing, when: "the till is taken off the list, and erased", fields: &[], choices: &[] };
/// After it.
pub const ERASED: Door = Door {
    kind: ScreenKind::Erased,
    when: "the till is erased",
    fields: &[],
    choices: &[(Choice::SetUpAsNew, Primary)],
};
/// The report of a loss.
pub const LOSS: Door = Door {
    kind: ScreenKind::Loss,
    when: "a supervisor reports a loss",
    fields: &[],
    choices: &[
        (Choice::SendLoss, Primary),
        (Choice::Share, Secondary),
        (Choice::LossOfWeek, Secondary),
        (Choice::LossOfMonth, Secondary),
        (Choice::Back, Secondary),
    ],
};
/// Every password anew.
pub const RENEW: Door = Door {
    kind: ScreenKind::RenewPasswords,
    when: "a supervisor has everybody set another password",
    fields: &[],
    choices: &[(Choice::RenewPasswords, Danger), (Choice::Back, Primary)],
};
/// What evidence would disclose.
pub const EVIDENCE: Door = Door {
    kind: ScreenKind::Evidence,
    when: "a supervisor looks what evidence would disclose",
    fields: &[FieldName::Recipient],
    choices: &[(Choice::Disclose, Primary), (Choice::Back, Secondary)],
};
/// Evidence was handed out.
pub const DISCLOSED: Door = Door {
    kind: ScreenKind::Disclosed,
    when: "evidence was handed out",
    fields: &[],
    choices: &[(Choice::Done, Primary)],
};
/// How the network is judged.
pub const NETWORK: Door = Door {
    kind: ScreenKind::Network,
    when: "somebody looks how the network is judged",
    fields: &[],
    choices: &[(Choice::Back, Primary), (Choice::ToMessage, Secondary)],
};
/// Whose a message is.
pub const MESSAGE: Door = Door {
    kind: ScreenKind::Message,
    when: "a message comes in the acquirer's name",
    fields: &[FieldName::Message],
    choices: &[(Choice::ReadMessage, Primary), (Choice::Back, Secondary)],
};
/// How a stuck payment has ended.
pub const DECIDE: Door = Door {
    kind: ScreenKind::Decide,
    when: "a supervisor says how a payment ended of which the bank says nothing more",
    fields: &[FieldName::Reason],
    choices: &[(Choice::DecideCharged, Danger), (Choice::DecideNotCharged, Danger), (Choice::Back, Primary)],
};
/// How a stuck refund has ended.
pub const DECIDE_REFUND: Door = Door {
    when: "a supervisor says how a refund ended of which the bank says nothing more",
    choices: &[(Choice::DecidePaid, Danger), (Choice::DecideNotPaid, Danger), (Choice::Back, Primary)],
    ..DECIDE
};
