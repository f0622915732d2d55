//! The one table: which screen an outcome, a prompt or an error leads to, how it is meant and what it offers.
//!
//! Drawing and stepping both read it, so what a button says is what it does. The page `docs/screens.md` is printed
//! from it. Lights are the reader's four: one when it is ready to read, four when the card was read (EMV
//! Contactless Book A, 9, status indicators (?)).
//!
//! It never looks at an amount or at a person's place. Evidence: `tests/screens.rs`.

mod choice;
mod doors;

use crate::error::{Category, CodeRow, ErrorCode, Money, Retry};
use crate::payment::Reason;
use crate::payment::state::State;
use crate::ports::Prompt;
use crate::screen::shown::Role::{Danger, Primary, Secondary};
use crate::screen::shown::{Role, ScreenKind, Tone};

pub use choice::Choice;
pub use doors::*;

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
        State::Approved => look(ScreenKind::Approved, Tone::Good, TAKEN),
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
/// on, and only does not sell; one whose records have no place yet has lost nothing.
fn ends_the_run(row: CodeRow) -> bool {
    let works_on = matches!(row.code, "journal_rolled_back" | "export_failed");
    let is_unsure = matches!(row.category, Category::Storage | Category::Integrity) && !works_on;
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
        Again::NewAttempt if code == ErrorCode::DeregistrationUnfinished => FINISH,
        Again::NewAttempt if matches!(code, ErrorCode::NetworkRefused | ErrorCode::NetworkRefusedForKeys) => NETWORKS,
        Again::NewAttempt => AFTERWARDS,
    };
    look(ScreenKind::Trouble, tone, choices)
}

/// Whether the amount itself is refused: another one is typed, the same is not tried again.
fn is_amount(row: CodeRow) -> bool {
    row.category == Category::User && row.retry == Retry::NewAttempt
}

/// What the keypad's screen offers.
pub const PAD: &[(Choice, Role)] = &[
    (Choice::Charge, Primary),
    (Choice::History, Secondary),
    (Choice::Settings, Secondary),
    (Choice::ToFreeze, Danger),
];
/// What the first screen of a till offers.
pub const FIRST: &[(Choice, Role)] = &[(Choice::Provision, Primary), (Choice::OtherLanguage, Secondary)];
/// What an error offers when a provisioning was refused.
pub const OTHER_FILE: &[(Choice, Role)] = &[(Choice::Provision, Primary), (Choice::Back, Secondary)];
/// What past payments offer.
pub const PAST: &[(Choice, Role)] = &[(Choice::Older, Secondary), (Choice::Newer, Secondary), (Choice::Back, Primary)];
/// What one past payment offers.
pub const ONE: &[(Choice, Role)] = &[
    (Choice::Receipt, Primary),
    (Choice::Resolve, Secondary),
    (Choice::ToDecide, Secondary),
    (Choice::ToEvidence, Secondary),
    (Choice::Back, Secondary),
];
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
    (Choice::ToNetwork, Secondary),
    (Choice::ToLoss, Secondary),
    (Choice::ToRenewPasswords, Secondary),
    (Choice::ToRelease, Danger),
    (Choice::ToFreeze, Danger),
    (Choice::ToDeregister, Danger),
    (Choice::SignOut, Danger),
];

/// Held while a sale is under way or its end is on the glass: robbers wait for no keypad.
const FREEZE_HELD: (Choice, Role) = (Choice::ToFreeze, Danger);
const WHILE_SELLING: &[(Choice, Role)] = &[(Choice::Cancel, Danger), FREEZE_HELD];
const TAKEN: &[(Choice, Role)] = &[(Choice::NewSale, Primary), (Choice::Receipt, Secondary), FREEZE_HELD];
const REFUSED: &[(Choice, Role)] =
    &[(Choice::TryAnotherCard, Primary), (Choice::NewSale, Secondary), (Choice::Receipt, Secondary), FREEZE_HELD];
const TAKEN_BACK: &[(Choice, Role)] =
    &[(Choice::NewSale, Primary), (Choice::TryAgain, Secondary), (Choice::Receipt, Secondary), FREEZE_HELD];
const UNKNOWN: &[(Choice, Role)] =
    &[(Choice::Resolve, Primary), (Choice::NextCustomer, Secondary), (Choice::Receipt, Secondary), FREEZE_HELD];
const STUCK: &[(Choice, Role)] =
    &[(Choice::NextCustomer, Primary), (Choice::ToDecide, Secondary), (Choice::Receipt, Secondary), FREEZE_HELD];
const ONCE_MORE: &[(Choice, Role)] = &[(Choice::TryAgain, Primary), (Choice::NewSale, Secondary), FREEZE_HELD];
const ANOTHER_CARD: &[(Choice, Role)] = &[(Choice::TryAnotherCard, Primary), (Choice::NewSale, Secondary), FREEZE_HELD];
const AFTERWARDS: &[(Choice, Role)] = &[(Choice::TryAgain, Primary), (Choice::Back, Secondary), FREEZE_HELD];
/// The acquirer has let the till go: there is nothing left but to erase it.
const FINISH: &[(Choice, Role)] = &[(Choice::ToDeregister, Primary), (Choice::Back, Secondary), FREEZE_HELD];
const NETWORKS: &[(Choice, Role)] =
    &[(Choice::TryAgain, Primary), (Choice::ToNetwork, Secondary), (Choice::Back, Secondary), FREEZE_HELD];
const LOOK_AGAIN: &[(Choice, Role)] = &[(Choice::TryAgain, Primary), FREEZE_HELD];
/// What an error offers when the till must be opened anew.
pub const OPEN_AGAIN: &[(Choice, Role)] = &[(Choice::OpenAgain, Primary)];
const OTHER_AMOUNT: &[(Choice, Role)] = &[(Choice::ChangeAmount, Primary), FREEZE_HELD];
const UNDERSTOOD: &[(Choice, Role)] = &[(Choice::Done, Primary), FREEZE_HELD];
