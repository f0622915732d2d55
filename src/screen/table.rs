//! The one table: which screen an outcome, a prompt or an error leads to, how it is meant and what it offers.
//!
//! Drawing and stepping both read it, so what a button says is what it does. The page `docs/screens.md` is printed
//! from it. Lights are the reader's four: one when it is ready to read, four when the card was read (EMV
//! Contactless Book A, 9, status indicators (?)).
//!
//! It never looks at an amount or at a person's place. Evidence: `tests/screens.rs`.

use crate::error::{Category, CodeRow, ErrorCode, Money, Retry};
use crate::payment::Reason;
use crate::payment::state::State;
use crate::ports::Prompt;
use crate::screen::shown::Role::{Danger, Primary, Secondary};
use crate::screen::shown::{FieldName, Role, ScreenKind, Tone};

/// One thing that a screen offers. Several may mean the same intent in different words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Choice {
    /// Charges what was typed.
    Charge,
    /// Ends the sale.
    Cancel,
    /// An empty keypad.
    NewSale,
    /// An empty keypad, while an earlier payment is not known yet.
    NextCustomer,
    /// The same once more.
    TryAgain,
    /// The same amount once more, with another card.
    TryAnotherCard,
    /// Opens the till anew and looks how things stand.
    OpenAgain,
    /// Back to the keypad, with what was typed.
    ChangeAmount,
    /// Understood: to the screen before.
    Done,
    /// To the screen before.
    Back,
    /// The slip.
    Receipt,
    /// The slip for the other party.
    OtherCopy,
    /// Asks the bank now.
    Resolve,
    /// Gives the till its provisioning.
    Provision,
    /// Past payments.
    History,
    /// What the till is.
    Settings,
    /// Older payments.
    Older,
    /// Newer payments.
    Newer,
    /// Checks the whole record.
    Verify,
    /// The other language.
    OtherLanguage,
    /// Becomes the first supervisor.
    Claim,
    /// Signs in.
    SignIn,
    /// Goes on after a lock.
    Unlock,
    /// Locks the till.
    Lock,
    /// Signs out.
    SignOut,
    /// Somebody else signs in.
    SwitchOperator,
    /// To where the own password is changed.
    ToChangePassword,
    /// Changes it.
    ChangePassword,
    /// To where the recovery code is typed.
    ToRecover,
    /// Uses it.
    Recover,
    /// The recovery code is on paper.
    Written,
    /// Who works at this till.
    Operators,
    /// To where one is added.
    ToAddOperator,
    /// Adds a cashier.
    AddCashier,
    /// Adds a supervisor.
    AddSupervisor,
    /// Adds one of the integrator's people.
    AddService,
    /// To where one gets a temporary password.
    ToResetOperator,
    /// Gives it.
    ResetOperator,
    /// Takes one away.
    RemoveOperator,
    /// Signs in by finger or face.
    SignInByBiometric,
    /// Goes on after a lock by finger or face.
    UnlockByBiometric,
    /// To where a finger or face is enrolled.
    ToEnrolBiometric,
    /// Enrols it.
    EnrolBiometric,
    /// Forgets it.
    ForgetBiometric,
    /// To where another recovery code is made.
    ToNewRecoveryCode,
    /// Makes it.
    NewRecoveryCode,
    /// Takes one away and changes the till's keys.
    RemoveAndRotate,
    /// Lets a till sell again whose records were put back.
    AcceptRollBack,
    /// To where the till is frozen.
    ToFreeze,
    /// Freezes it.
    Freeze,
    /// To where a frozen till is let go.
    ToRelease,
    /// Lets it go.
    Release,
    /// What is left to do before leaving.
    ToLeave,
    /// Leaves.
    Leave,
}

impl Choice {
    /// Every choice.
    pub const ALL: [Self; 54] = [
        Self::Charge,
        Self::Cancel,
        Self::NewSale,
        Self::NextCustomer,
        Self::TryAgain,
        Self::TryAnotherCard,
        Self::OpenAgain,
        Self::ChangeAmount,
        Self::Done,
        Self::Back,
        Self::Receipt,
        Self::OtherCopy,
        Self::Resolve,
        Self::Provision,
        Self::History,
        Self::Settings,
        Self::Older,
        Self::Newer,
        Self::Verify,
        Self::OtherLanguage,
        Self::Claim,
        Self::SignIn,
        Self::Unlock,
        Self::Lock,
        Self::SignOut,
        Self::SwitchOperator,
        Self::ToChangePassword,
        Self::ChangePassword,
        Self::ToRecover,
        Self::Recover,
        Self::Written,
        Self::Operators,
        Self::ToAddOperator,
        Self::AddCashier,
        Self::AddSupervisor,
        Self::AddService,
        Self::ToResetOperator,
        Self::ResetOperator,
        Self::RemoveOperator,
        Self::SignInByBiometric,
        Self::UnlockByBiometric,
        Self::ToEnrolBiometric,
        Self::EnrolBiometric,
        Self::ForgetBiometric,
        Self::ToNewRecoveryCode,
        Self::NewRecoveryCode,
        Self::RemoveAndRotate,
        Self::AcceptRollBack,
        Self::ToFreeze,
        Self::Freeze,
        Self::ToRelease,
        Self::Release,
        Self::ToLeave,
        Self::Leave,
    ];

    /// The word under which its label stands, `screen.action.…`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::Cancel => "cancel",
            Self::NewSale => "new_sale",
            Self::NextCustomer => "next_customer",
            Self::TryAgain => "try_again",
            Self::TryAnotherCard => "try_another_card",
            Self::OpenAgain => "open_again",
            Self::ChangeAmount => "change_amount",
            Self::Done => "done",
            Self::Back => "back",
            Self::Receipt => "receipt",
            Self::OtherCopy => "other_copy",
            Self::Resolve => "resolve",
            Self::Provision => "provision",
            Self::History => "history",
            Self::Settings => "settings",
            Self::Older => "older",
            Self::Newer => "newer",
            Self::Verify => "verify",
            Self::OtherLanguage => "other_language",
            Self::Claim => "claim",
            Self::SignIn => "sign_in",
            Self::Unlock => "unlock",
            Self::Lock => "lock",
            Self::SignOut => "sign_out",
            Self::SwitchOperator => "switch_operator",
            Self::ToChangePassword => "to_change_password",
            Self::ChangePassword => "change_password",
            Self::ToRecover => "to_recover",
            Self::Recover => "recover",
            Self::Written => "written",
            Self::Operators => "operators",
            Self::ToAddOperator => "to_add_operator",
            Self::AddCashier => "add_cashier",
            Self::AddSupervisor => "add_supervisor",
            Self::AddService => "add_service",
            Self::ToResetOperator => "to_reset_operator",
            Self::ResetOperator => "reset_operator",
            Self::RemoveOperator => "remove_operator",
            Self::SignInByBiometric => "sign_in_by_biometric",
            Self::UnlockByBiometric => "unlock_by_biometric",
            Self::ToEnrolBiometric => "to_enrol_biometric",
            Self::EnrolBiometric => "enrol_biometric",
            Self::ForgetBiometric => "forget_biometric",
            Self::ToNewRecoveryCode => "to_new_recovery_code",
            Self::NewRecoveryCode => "new_recovery_code",
            Self::RemoveAndRotate => "remove_and_rotate",
            Self::AcceptRollBack => "accept_roll_back",
            Self::ToFreeze => "to_freeze",
            Self::Freeze => "freeze",
            Self::ToRelease => "to_release",
            Self::Release => "release",
            Self::ToLeave => "to_leave",
            Self::Leave => "leave",
        }
    }
}

/// What a row of the table says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Which layout.
    pub kind: ScreenKind,
    /// How it is meant.
    pub tone: Tone,
    /// How many of the reader's four lights are lit.
    pub lights: u8,
    /// What it offers, in order.
    pub choices: &'static [(Choice, Role)],
}

const fn look(kind: ScreenKind, tone: Tone, choices: &'static [(Choice, Role)]) -> Look {
    Look { kind, tone, lights: 0, choices }
}

const fn lit(kind: ScreenKind, tone: Tone, lights: u8) -> Look {
    Look { kind, tone, lights, choices: WHILE_SELLING }
}

/// The screen of a payment that stands there, for this reason.
#[must_use]
pub fn of_outcome(state: State, reason: Option<Reason>) -> Look {
    match state {
        State::Approved => {
            look(ScreenKind::Approved, Tone::Good, &[(Choice::NewSale, Primary), (Choice::Receipt, Secondary)])
        }
        State::Declined => look(ScreenKind::Declined, Tone::Bad, REFUSED),
        State::Reversed | State::Voided => look(ScreenKind::Declined, Tone::Attention, TAKEN_BACK),
        State::ReversalStuck => look(ScreenKind::NotKnownYet, Tone::Attention, STUCK),
        State::InDoubt | State::ReversalDue | State::ReversalSent => {
            look(ScreenKind::NotKnownYet, Tone::Waiting, UNKNOWN)
        }
        // Nobody is shown these as an outcome; if ever, nothing is promised.
        State::Unknown | State::Prepared => look(ScreenKind::NotKnownYet, Tone::Waiting, UNKNOWN),
        State::NotSent => of_not_sent(reason),
    }
}

fn of_not_sent(reason: Option<Reason>) -> Look {
    match reason {
        Some(Reason::Cancelled) => look(ScreenKind::AmountPad, Tone::Neutral, PAD),
        Some(Reason::CardLost | Reason::NoCard) => look(ScreenKind::TryAnotherWay, Tone::Attention, ONCE_MORE),
        Some(
            Reason::TryAnotherInterface
            | Reason::EndApplication
            | Reason::OfflineApprovalNotSupported
            | Reason::OnlinePinRequired,
        ) => look(ScreenKind::TryAnotherWay, Tone::Attention, ANOTHER_CARD),
        // Trying again ends the same way until a supervisor has accepted it.
        Some(Reason::JournalRolledBack) => look(ScreenKind::Trouble, Tone::Bad, UNDERSTOOD),
        _ => look(ScreenKind::Trouble, Tone::Attention, ONCE_MORE),
    }
}

/// The screen while a sale is under way and the reader says this.
#[must_use]
pub fn of_prompt(prompt: Prompt) -> Look {
    match prompt {
        Prompt::PresentCard => lit(ScreenKind::PresentCard, Tone::Neutral, 1),
        Prompt::PresentOneCardOnly | Prompt::PresentCardAgain => lit(ScreenKind::PresentCard, Tone::Attention, 1),
        Prompt::SeePhone => lit(ScreenKind::SeePhone, Tone::Attention, 1),
        Prompt::Processing => lit(ScreenKind::Reading, Tone::Waiting, 1),
        Prompt::CardReadOk => lit(ScreenKind::Reading, Tone::Good, 4),
        // The reader's word is not the till's: an outcome shows when the journal has it.
        Prompt::Authorising | Prompt::Approved | Prompt::ApprovedSign | Prompt::NotAuthorised | Prompt::Clear => {
            lit(ScreenKind::Reading, Tone::Waiting, 4)
        }
        // The tap is over: what became of the payment follows at once, with what can be done about it.
        Prompt::EnterPin | Prompt::TryAnotherCard | Prompt::InsertOrSwipe | Prompt::InsertSwipeOrTryAnotherCard => {
            lit(ScreenKind::Reading, Tone::Waiting, 0)
        }
    }
}

/// The screen of a sale that the till has accepted, before a card is awaited.
pub const STARTING: Look = lit(ScreenKind::PresentCard, Tone::Waiting, 0);

/// The screen while a card is in the field.
pub const READING: Look = lit(ScreenKind::Reading, Tone::Waiting, 1);

/// What "once more" means after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// The same attempt: its stored outcome, or its end.
    SameAttempt,
    /// An attempt of its own: nothing of this one moved money.
    NewAttempt,
    /// The till is opened anew; the journal says how things stand.
    OpenTill,
    /// There is nothing to repeat.
    Nothing,
}

impl Again {
    /// The stable word, as in `docs/screens.md`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::SameAttempt => "same_attempt",
            Self::NewAttempt => "new_attempt",
            Self::OpenTill => "open_till",
            Self::Nothing => "nothing",
        }
    }
}

/// What to repeat after this error, when its money stands so.
#[must_use]
pub fn again(code: ErrorCode, money: Money) -> Again {
    let row = code.row();
    match row.retry {
        _ if ends_the_run(row) => Again::OpenTill,
        // What may have moved money is never charged under another name.
        _ if money != Money::NotMoved => Again::SameAttempt,
        Retry::Never => Again::Nothing,
        Retry::SameAttempt => Again::SameAttempt,
        Retry::NewAttempt | Retry::AfterUserAction | Retry::AfterDelay => Again::NewAttempt,
    }
}

/// Whether the till must be opened anew before anything else can be done with it. A till whose files were put back works
/// on, and only does not sell.
fn ends_the_run(row: CodeRow) -> bool {
    let is_unsure =
        matches!(row.category, Category::Storage | Category::Integrity) && row.code != "journal_rolled_back";
    is_unsure || matches!(row.code, "terminal_closed" | "till_failed" | "stopped_by_fault_plan")
}

/// The screen of an error, when the money of its attempt stands so.
#[must_use]
pub fn of_error(code: ErrorCode, money: Money) -> Look {
    let row = code.row();
    let tone = match (money, row.retry) {
        (Money::MayHaveMoved, _) => Tone::Waiting,
        (_, Retry::Never) => Tone::Bad,
        _ => Tone::Attention,
    };
    let choices = match again(code, money) {
        Again::OpenTill => OPEN_AGAIN,
        Again::Nothing => UNDERSTOOD,
        Again::SameAttempt => LOOK_AGAIN,
        Again::NewAttempt if is_amount(row) => OTHER_AMOUNT,
        Again::NewAttempt => AFTERWARDS,
    };
    look(ScreenKind::Trouble, tone, choices)
}

/// Whether the amount itself is refused: another one is typed, the same is not tried again.
fn is_amount(row: CodeRow) -> bool {
    row.category == Category::User && row.retry == Retry::NewAttempt
}

/// What the keypad's screen offers.
pub const PAD: &[(Choice, Role)] =
    &[(Choice::Charge, Primary), (Choice::History, Secondary), (Choice::Settings, Secondary)];
/// What the first screen of a till offers.
pub const FIRST: &[(Choice, Role)] = &[(Choice::Provision, Primary), (Choice::OtherLanguage, Secondary)];
/// What an error offers when a provisioning was refused.
pub const OTHER_FILE: &[(Choice, Role)] = &[(Choice::Provision, Primary), (Choice::Back, Secondary)];
/// What past payments offer.
pub const PAST: &[(Choice, Role)] = &[(Choice::Older, Secondary), (Choice::Newer, Secondary), (Choice::Back, Primary)];
/// What one past payment offers.
pub const ONE: &[(Choice, Role)] =
    &[(Choice::Receipt, Primary), (Choice::Resolve, Secondary), (Choice::Back, Secondary)];
/// What a slip offers.
pub const SLIP: &[(Choice, Role)] = &[(Choice::Back, Primary), (Choice::OtherCopy, Secondary)];
/// What the settings offer.
pub const SETUP: &[(Choice, Role)] = &[
    (Choice::Back, Primary),
    (Choice::Verify, Secondary),
    (Choice::Resolve, Secondary),
    (Choice::AcceptRollBack, Danger),
    (Choice::ToChangePassword, Secondary),
    (Choice::ToEnrolBiometric, Secondary),
    (Choice::ForgetBiometric, Secondary),
    (Choice::Operators, Secondary),
    (Choice::OtherLanguage, Secondary),
    (Choice::Lock, Secondary),
    (Choice::ToLeave, Secondary),
    (Choice::ToRelease, Danger),
    (Choice::ToFreeze, Danger),
    (Choice::SignOut, Danger),
];

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
    RELEASE,
    LEAVE,
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

/// The till is about to be frozen: a touch more, so that nobody does it by brushing the glass.
pub const FREEZE: Door = Door {
    kind: ScreenKind::Freeze,
    when: "somebody is about to freeze the till, signed in or not",
    fields: &[],
    choices: &[(Choice::Freeze, Danger), (Choice::Back, Primary)],
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
    choices: &[(Choice::Leave, Primary), (Choice::Back, Secondary)],
};

const WHILE_SELLING: &[(Choice, Role)] = &[(Choice::Cancel, Danger)];
const REFUSED: &[(Choice, Role)] =
    &[(Choice::TryAnotherCard, Primary), (Choice::NewSale, Secondary), (Choice::Receipt, Secondary)];
const TAKEN_BACK: &[(Choice, Role)] =
    &[(Choice::NewSale, Primary), (Choice::TryAgain, Secondary), (Choice::Receipt, Secondary)];
const UNKNOWN: &[(Choice, Role)] =
    &[(Choice::Resolve, Primary), (Choice::NextCustomer, Secondary), (Choice::Receipt, Secondary)];
const STUCK: &[(Choice, Role)] = &[(Choice::NextCustomer, Primary), (Choice::Receipt, Secondary)];
const ONCE_MORE: &[(Choice, Role)] = &[(Choice::TryAgain, Primary), (Choice::NewSale, Secondary)];
const ANOTHER_CARD: &[(Choice, Role)] = &[(Choice::TryAnotherCard, Primary), (Choice::NewSale, Secondary)];
const AFTERWARDS: &[(Choice, Role)] = &[(Choice::TryAgain, Primary), (Choice::Back, Secondary)];
const LOOK_AGAIN: &[(Choice, Role)] = &[(Choice::TryAgain, Primary)];
/// What an error offers when the till must be opened anew.
pub const OPEN_AGAIN: &[(Choice, Role)] = &[(Choice::OpenAgain, Primary)];
const OTHER_AMOUNT: &[(Choice, Role)] = &[(Choice::ChangeAmount, Primary)];
const UNDERSTOOD: &[(Choice, Role)] = &[(Choice::Done, Primary)];
