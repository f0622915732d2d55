//! Screens as they cross the border: what to draw, what may be touched, what is to be typed.
//!
//! The records are the core's, word for word. What a person types is never in one: a [`Field`] says that there is one,
//! and the bytes go to the desk by `enter`.
//!
//! It decides nothing. Evidence: `uniffi/tests/desk.rs`; for the screens `tests/screens.rs`.

use taptill::screen as core;

use crate::errors::{TillError, same_words};
use crate::people::OperatorRole;
use crate::refunds::refund_id;
use crate::values::{Language, attempt_id, operator_name};

/// A screen with a name for its picture.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ScreenSample {
    /// Lower-case letters and hyphens, as `not-known-yet`.
    pub name: String,
    /// The screen.
    pub screen: Screen,
}

/// Which layout a screen has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum ScreenKind {
    /// The till is nobody's yet.
    FirstStart,
    /// The amount is being typed.
    AmountPad,
    /// A card is awaited.
    PresentCard,
    /// A card is being read, or the bank is being asked.
    Reading,
    /// The money has moved.
    Approved,
    /// Nothing was charged: refused, or taken back.
    Declined,
    /// Whether money moved is not known yet.
    NotKnownYet,
    /// The customer's phone has something to say.
    SeePhone,
    /// This card cannot be tapped for this payment.
    TryAnotherWay,
    /// Past payments.
    History,
    /// One payment with all that is known of it.
    Transaction,
    /// A slip.
    Receipt,
    /// What the till is, and what can be done to it.
    Settings,
    /// Something is wrong: what happened, whether money moved, what to do.
    Trouble,
    /// The till has no supervisor yet.
    Claim,
    /// Nobody is signed in, or somebody else wants to be.
    SignIn,
    /// Somebody is signed in and the till is locked.
    Locked,
    /// A password is changed by whoever has it.
    ChangePassword,
    /// The recovery code is given back.
    Recover,
    /// The recovery code, once: `Desk.recovery_code` has it, the screen has not.
    RecoveryCode,
    /// Who works at this till.
    Operators,
    /// One of them.
    Operator,
    /// Another one is added.
    AddOperator,
    /// One gets a temporary password.
    ResetOperator,
    /// A finger or face is enrolled by whoever has it.
    EnrolBiometric,
    /// Another recovery code is made.
    NewRecoveryCode,
    /// The till is about to be frozen, by somebody who cannot hold a button.
    Freeze,
    /// The till is about to be frozen by somebody who says who it is.
    FreezeByName,
    /// The till is frozen: what still works, and what to do now, in the order that helps.
    Frozen,
    /// A frozen till is let go by two people.
    Release,
    /// What is left to do before anybody leaves, one thing a line.
    Leave,
    /// The till was left for today.
    Left,
    /// Somebody leaves although something is in the way.
    ForceLeave,
    /// What the last statement was found to say.
    Statement,
    /// The till is about to be taken off the acquirer's list.
    Deregister,
    /// What keeps it from that, one thing a line.
    DeregisterBlocked,
    /// How far that has come.
    Erasing,
    /// There is no till any more: the certificate of erasure.
    Erased,
    /// The report of a loss.
    Loss,
    /// Everybody is to set another password.
    RenewPasswords,
    /// What evidence would disclose.
    Evidence,
    /// Evidence was handed out.
    Disclosed,
    /// How the network is judged.
    Network,
    /// Whose a message is that comes in the acquirer's name.
    Message,
    /// A supervisor says how something ended of which the bank says nothing more.
    Decide,
}

/// How a screen, or a row of it, is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Tone {
    /// Nothing in particular.
    Neutral,
    /// As wished.
    Good,
    /// Not as wished, and over.
    Bad,
    /// Not over: somebody else is at work.
    Waiting,
    /// Somebody here must do something.
    Attention,
}

/// How an action stands among the others of its screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Role {
    /// The one that most people want. At most one a screen.
    Primary,
    /// Another one.
    Secondary,
    /// One that ends something.
    Danger,
}

/// What is typed into a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum FieldName {
    /// An operator's name.
    Operator,
    /// The password that holds now.
    Password,
    /// The password from now on.
    NewPassword,
    /// The same once more.
    NewPasswordAgain,
    /// The code that was written down at the claim.
    RecoveryCode,
    /// Why somebody does what the till advises against.
    Reason,
    /// To whom evidence is handed out.
    Recipient,
    /// A message that comes in the acquirer's name.
    Message,
}

/// What a person wants. What it needs that was typed, the desk has been given before by `enter`.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Intent {
    /// A key of the keypad.
    Digit {
        /// 0 to 9.
        digit: u8,
    },
    /// The key with two zeros.
    DoubleZero,
    /// Takes the last digit back.
    Backspace,
    /// Charges what was typed.
    Charge,
    /// Ends the sale, if it is not too late.
    Cancel,
    /// Leaves an outcome for an empty keypad.
    NewSale,
    /// The same once more.
    TryAgain,
    /// Past payments.
    History,
    /// The page of older ones.
    OlderPage,
    /// The page of newer ones.
    NewerPage,
    /// One payment with all that is known of it.
    Open {
        /// Which.
        attempt: String,
    },
    /// A slip.
    Receipt {
        /// Of which payment.
        attempt: String,
    },
    /// What the till is.
    Settings,
    /// Speaks this language from now on.
    UseLanguage {
        /// Which.
        language: Language,
    },
    /// Asks the bank now about what is not known yet.
    Resolve,
    /// Checks the whole record.
    Verify,
    /// To the screen before.
    Back,
    /// Gives the till its provisioning: the shell lets the person pick a file and calls `provision`.
    Provision,
    /// To be the till's first supervisor: operator, new password twice.
    Claim,
    /// To sign in: operator, password.
    SignIn,
    /// To go on after a lock: password.
    Unlock,
    /// Locks the till.
    Lock,
    /// Signs out.
    SignOut,
    /// Somebody else wants to sign in.
    SwitchOperator,
    /// To where the own password is changed.
    ToChangePassword,
    /// Another password: password, new password twice.
    ChangePassword,
    /// To where the recovery code is typed.
    ToRecover,
    /// To be a supervisor by the recovery code: the code, operator, new password twice.
    Recover,
    /// The recovery code is written down.
    Written,
    /// Who works at this till.
    Operators,
    /// One of them.
    Operator {
        /// Who.
        name: String,
    },
    /// To where an operator is added.
    ToAddOperator,
    /// Another operator, with a password that holds once: operator, new password twice.
    AddOperator {
        /// As what.
        role: OperatorRole,
    },
    /// To where an operator gets a temporary password.
    ToResetOperator {
        /// Who.
        name: String,
    },
    /// A temporary password: new password twice.
    ResetOperator {
        /// Whose.
        name: String,
    },
    /// An operator less.
    RemoveOperator {
        /// Who.
        name: String,
    },
    /// The same, and other keys for the till: the operator may have kept the present ones.
    RemoveAndRotate {
        /// Who.
        name: String,
    },
    /// To sign in by the finger or face of: operator.
    SignInByBiometric,
    /// To go on after a lock by finger or face.
    UnlockByBiometric,
    /// To where the own finger or face is enrolled.
    ToEnrolBiometric,
    /// To let the own finger or face open the till: password.
    EnrolBiometric,
    /// To let it open nothing any more.
    ForgetBiometric,
    /// To where another recovery code is made.
    ToNewRecoveryCode,
    /// Another recovery code: password.
    NewRecoveryCode,
    /// Lets a till sell again whose records were put back.
    AcceptRollBack,
    /// To where the till is frozen by a touch, for whoever cannot hold a button.
    ToFreeze,
    /// Freezes the till: nothing is sold, given back or voided from now on. Where the shop's rules ask for a name first:
    /// operator, password.
    Freeze,
    /// To where a frozen till is let go.
    ToRelease,
    /// Lets a frozen till go, together with a second person: operator, password.
    Release,
    /// What is left to do before leaving.
    ToLeave,
    /// Leaves by the checklist.
    Leave,
    /// Settles the batch with the bank.
    Settle,
    /// To where one leaves although something is in the way.
    ToForceLeave,
    /// Leaves although something is in the way: reason.
    ForceLeave,
    /// What the last statement was found to say.
    ToStatement,
    /// Holds the acquirer's own statement against the record.
    CheckStatement,
    /// To where the till is taken off the acquirer's list.
    ToDeregister,
    /// Takes the till off the acquirer's list and erases it: of the second person operator and password.
    Deregister,
    /// Chooses where records are handed out to: the shell lets the person pick and hands over the place.
    ChoosePlace,
    /// A till that was erased is set up as new.
    SetUpAsNew,
    /// The report of a loss.
    ToLoss,
    /// The same of so many days.
    LossOf {
        /// How many days back.
        days: u16,
    },
    /// Sends the report to the acquirer.
    SendLoss,
    /// To where every password is anew.
    ToRenewPasswords,
    /// Has everybody set another password.
    RenewPasswords,
    /// What evidence of the incident would disclose.
    ToEvidence,
    /// What evidence of one payment would disclose.
    EvidenceOf {
        /// Which.
        attempt: String,
    },
    /// To where a supervisor says how a stuck payment has ended.
    ToDecide {
        /// Which.
        attempt: String,
    },
    /// To where a supervisor says how a stuck refund has ended.
    ToDecideRefund {
        /// Which.
        refund: String,
    },
    /// The customer of a stuck payment is charged: reason.
    DecideCharged,
    /// The customer of a stuck payment is not charged: reason.
    DecideNotCharged,
    /// The customer has the money of a stuck refund: reason.
    DecidePaid,
    /// The customer does not have it: reason.
    DecideNotPaid,
    /// How the network is judged.
    ToNetwork,
    /// To where a message is looked at.
    ToMessage,
    /// Finds out whose a message is: message.
    ReadMessage,
    /// The app is on the glass again. Allowed on every screen.
    Foreground,
    /// The app has left the glass. Allowed on every screen.
    Background,
    /// The phone's contactless reader is switched off or not there. Allowed on every screen.
    ReaderOff,
    /// The phone's contactless reader can be used. Allowed on every screen.
    ReaderReady,
}

/// One line of a screen.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Row {
    /// What it is about.
    pub label: String,
    /// What it says.
    pub value: String,
    /// How it is meant.
    pub tone: Tone,
    /// What touching it means, if anything.
    pub intent: Option<Intent>,
}

/// Something to be typed. What was typed is never part of a screen.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Field {
    /// What it is.
    pub name: FieldName,
    /// What it is called.
    pub label: String,
    /// Whether what is typed is not to be seen, kept, corrected or suggested.
    pub is_secret: bool,
    /// Whether it may have several lines.
    pub is_long: bool,
}

/// One button.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Action {
    /// What touching it means.
    pub intent: Intent,
    /// What holding it for half a second means, where that is more; touching it stays for those who cannot hold.
    pub held: Option<Intent>,
    /// What stands on it.
    pub label: String,
    /// How it stands among the others.
    pub role: Role,
    /// Whether it can be touched now.
    pub enabled: bool,
}

/// Everything that a shell draws.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Screen {
    /// Which layout.
    pub kind: ScreenKind,
    /// How it is meant.
    pub tone: Tone,
    /// The heading.
    pub title: String,
    /// The amount, or another word that is to be seen from afar.
    pub headline: Option<String>,
    /// What happened, and whether money moved.
    pub message: Option<String>,
    /// What to do next.
    pub advice: Option<String>,
    /// How many of the reader's four lights are lit.
    pub lights: u8,
    /// Whether the contactless field is to be on.
    pub field_on: bool,
    /// The lines, in order.
    pub rows: Vec<Row>,
    /// What is to be typed, in order.
    pub fields: Vec<Field>,
    /// A slip in a fixed-width type, each line ended by a line feed.
    pub slip: Option<String>,
    /// Whether the keypad is there.
    pub keypad: bool,
    /// What the keypad's key for the last digit is called, for those who hear the screen; empty without a keypad.
    pub backspace_label: String,
    /// The buttons, in order.
    pub actions: Vec<Action>,
    /// Whether it must not be photographed or shown among recent apps.
    pub private: bool,
    /// The language of its words.
    pub language: Language,
}

same_words!(core::ScreenKind, ScreenKind: FirstStart AmountPad PresentCard Reading Approved Declined NotKnownYet SeePhone
    TryAnotherWay History Transaction Receipt Settings Trouble Claim SignIn Locked ChangePassword Recover RecoveryCode
    Operators Operator AddOperator ResetOperator EnrolBiometric NewRecoveryCode Freeze FreezeByName
    Frozen Release Leave Left ForceLeave Statement Deregister DeregisterBlocked Erasing Erased Loss RenewPasswords Evidence Disclosed Network Message
    Decide);
same_words!(core::FieldName, FieldName: Operator Password NewPassword NewPasswordAgain RecoveryCode Reason Recipient
    Message);
same_words!(core::Tone, Tone: Neutral Good Bad Waiting Attention);
same_words!(core::Role, Role: Primary Secondary Danger);

/// The intents that say no more than their word, and those that carry something, in both directions.
macro_rules! intents {
    ($($word:ident)+) => {
        impl TryFrom<Intent> for core::Intent {
            type Error = TillError;

            fn try_from(intent: Intent) -> Result<Self, TillError> {
                Ok(match intent {
                    $(Intent::$word => Self::$word,)+
                    Intent::Digit { digit } => Self::Digit { digit },
                    Intent::LossOf { days } => Self::LossOf { days },
                    Intent::EvidenceOf { attempt } => Self::EvidenceOf { attempt: attempt_id(&attempt)? },
                    Intent::ToDecide { attempt } => Self::ToDecide { attempt: attempt_id(&attempt)? },
                    Intent::ToDecideRefund { refund } => Self::ToDecideRefund { refund: refund_id(refund)? },
                    Intent::Open { attempt } => Self::Open { attempt: attempt_id(&attempt)? },
                    Intent::Receipt { attempt } => Self::Receipt { attempt: attempt_id(&attempt)? },
                    Intent::UseLanguage { language } => Self::UseLanguage { language: language.into() },
                    Intent::Operator { name } => Self::Operator { name: operator_name(&name)? },
                    Intent::AddOperator { role } => Self::AddOperator { role: role.into() },
                    Intent::ToResetOperator { name } => Self::ToResetOperator { name: operator_name(&name)? },
                    Intent::ResetOperator { name } => Self::ResetOperator { name: operator_name(&name)? },
                    Intent::RemoveOperator { name } => Self::RemoveOperator { name: operator_name(&name)? },
                    Intent::RemoveAndRotate { name } => Self::RemoveAndRotate { name: operator_name(&name)? },
                })
            }
        }

        impl From<core::Intent> for Intent {
            fn from(intent: core::Intent) -> Self {
                match intent {
                    $(core::Intent::$word => Self::$word,)+
                    core::Intent::Digit { digit } => Self::Digit { digit },
                    core::Intent::LossOf { days } => Self::LossOf { days },
                    core::Intent::EvidenceOf { attempt } => Self::EvidenceOf { attempt: attempt.to_string() },
                    core::Intent::ToDecide { attempt } => Self::ToDecide { attempt: attempt.to_string() },
                    core::Intent::ToDecideRefund { refund } => Self::ToDecideRefund { refund: refund.to_string() },
                    core::Intent::Open { attempt } => Self::Open { attempt: attempt.to_string() },
                    core::Intent::Receipt { attempt } => Self::Receipt { attempt: attempt.to_string() },
                    core::Intent::UseLanguage { language } => Self::UseLanguage { language: language.into() },
                    core::Intent::Operator { name } => Self::Operator { name: name.to_string() },
                    core::Intent::AddOperator { role } => Self::AddOperator { role: role.into() },
                    core::Intent::ToResetOperator { name } => Self::ToResetOperator { name: name.to_string() },
                    core::Intent::ResetOperator { name } => Self::ResetOperator { name: name.to_string() },
                    core::Intent::RemoveOperator { name } => Self::RemoveOperator { name: name.to_string() },
                    core::Intent::RemoveAndRotate { name } => Self::RemoveAndRotate { name: name.to_string() },
                }
            }
        }
    };
}

intents!(DoubleZero Backspace Charge Cancel NewSale TryAgain History OlderPage NewerPage Settings Resolve Verify Back
    Provision Claim SignIn Unlock Lock SignOut SwitchOperator ToChangePassword ChangePassword ToRecover Recover Written
    Operators ToAddOperator SignInByBiometric UnlockByBiometric ToEnrolBiometric EnrolBiometric ForgetBiometric
    ToNewRecoveryCode NewRecoveryCode AcceptRollBack ToFreeze Freeze ToRelease Release ToLeave Leave Settle ToForceLeave ForceLeave ToStatement CheckStatement ToDeregister Deregister ChoosePlace SetUpAsNew ToLoss SendLoss ToRenewPasswords RenewPasswords ToEvidence ToNetwork ToMessage ReadMessage DecideCharged
    DecideNotCharged DecidePaid DecideNotPaid Foreground Background ReaderOff ReaderReady);

impl From<core::Row> for Row {
    fn from(row: core::Row) -> Self {
        Self { label: row.label, value: row.value, tone: row.tone.into(), intent: row.intent.map(Intent::from) }
    }
}

impl From<core::Field> for Field {
    fn from(field: core::Field) -> Self {
        Self { name: field.name.into(), label: field.label, is_secret: field.is_secret, is_long: field.is_long }
    }
}

impl From<core::Action> for Action {
    fn from(action: core::Action) -> Self {
        let core::Action { intent, held, label, role, enabled } = action;
        Self { intent: intent.into(), held: held.map(Intent::from), label, role: role.into(), enabled }
    }
}

impl From<core::Screen> for Screen {
    fn from(screen: core::Screen) -> Self {
        Self {
            kind: screen.kind.into(),
            tone: screen.tone.into(),
            title: screen.title,
            headline: screen.headline,
            message: screen.message,
            advice: screen.advice,
            lights: screen.lights,
            field_on: screen.field_on,
            rows: screen.rows.into_iter().map(Row::from).collect(),
            fields: screen.fields.into_iter().map(Field::from).collect(),
            slip: screen.slip,
            keypad: screen.keypad,
            backspace_label: screen.backspace_label,
            actions: screen.actions.into_iter().map(Action::from).collect(),
            private: screen.private,
            language: screen.language.into(),
        }
    }
}
