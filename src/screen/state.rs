//! Where a person is, what is under way, what can happen and what is to be done about it.
//!
//! A [`Place`] owns what belongs to it: a sale under way exists only while its screen does. Below the place lie
//! those that `Back` returns to. News that nobody has seen and payments that are not finished outlive every place, but not
//! the session; an amount that was typed waits for the same person.
//!
//! It never decides anything: `step` does. It never holds a password: the desk keeps what is typed. Evidence: `tests/screens.rs`, `screen/step/tests.rs`.

use std::collections::VecDeque;

use crate::account::Configuration;
use crate::error::{Error, ErrorCode};
use crate::ids::{AttemptId, MerchantId, OperatorName, Role, TerminalId};
use crate::money::{Amount, Currency};
use crate::payment::{AttemptView, Page, Resolved};
use crate::ports::{Notice, Prompt};
use crate::receipt::Copy;
use crate::screen::keypad::Keypad;
use crate::screen::shown::Intent;
use crate::text::Language;
use crate::till::{ExitView, OperatorView, Standing, TillState};

/// Everything that a screen is drawn from.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    pub(super) language: Language,
    /// Who is at the till; none before provisioning and while it cannot be opened.
    pub(super) who: Option<TillState>,
    /// How often somebody has come or gone: tells an answer from before from one of now.
    pub(super) visit: u64,
    /// Whose the amount is that was typed: who was signed in last.
    pub(super) typed_by: Option<OperatorName>,
    /// What the till is; none while nobody is signed in.
    pub(super) till: Option<Till>,
    /// The till locks by itself in a moment.
    pub(super) ends_soon: bool,
    pub(super) place: Place,
    /// The places that `Back` returns to, the last first.
    pub(super) below: Vec<Place>,
    pub(super) typed: Keypad,
    /// What the keypad's screen has to say about the last key or the last sale.
    pub(super) hint: Option<Hint>,
    /// Outcomes that nobody has seen yet, the first to be shown first.
    pub(super) news: VecDeque<AttemptView>,
    /// Payments that are not finished with the bank.
    pub(super) debts: Vec<AttemptView>,
    /// The effect whose result the person waits for.
    pub(super) wanted: Option<Effect>,
    pub(super) field_on: bool,
    /// The app is not on the glass.
    pub(super) is_away: bool,
    /// The phone's contactless reader is switched off or not there.
    pub(super) is_reader_off: bool,
}

impl State {
    /// A till of which nothing is known yet. The first effect is to open it.
    #[must_use]
    pub fn new(language: Language) -> Self {
        Self {
            language,
            who: None,
            visit: 0,
            typed_by: None,
            till: None,
            ends_soon: false,
            place: Place::FirstStart,
            below: Vec::new(),
            typed: Keypad::default(),
            hint: None,
            news: VecDeque::new(),
            debts: Vec::new(),
            wanted: Some(Effect::Open),
            field_on: false,
            is_away: false,
            is_reader_off: false,
        }
    }

    /// Who is at the till.
    pub(super) fn standing(&self) -> Option<Standing> {
        self.who.as_ref().map(|who| who.standing)
    }

    /// What whoever is signed in may do follows from it.
    pub(super) fn role(&self) -> Option<Role> {
        self.who.as_ref().filter(|who| who.standing == Standing::SignedIn).and_then(|who| who.role)
    }

    /// Whether the till does not sell because its records were put back.
    pub(super) fn is_rolled_back(&self) -> bool {
        self.who.as_ref().is_some_and(|who| who.is_rolled_back)
    }

    /// Whether the till is frozen.
    pub(super) fn is_frozen(&self) -> bool {
        self.who.as_ref().is_some_and(|who| who.frozen.is_some())
    }

    /// The screen to which every way back leads at last.
    pub(super) fn home(&self) -> Place {
        match self.standing() {
            None => Place::FirstStart,
            Some(Standing::Unclaimed) => Place::Claim(Form::default()),
            Some(Standing::SignedOut) => Place::SignIn(Form::default()),
            Some(Standing::Locked) => Place::Locked(Form::default()),
            // They take no payments.
            Some(Standing::SignedIn) if self.role() == Some(Role::Service) => Place::Settings(None),
            Some(Standing::SignedIn) => Place::Pad,
        }
    }

    /// The sale under way.
    pub(super) fn sale(&self) -> Option<&Sale> {
        match &self.place {
            Place::Sale(sale) => Some(sale),
            _ => None,
        }
    }
}

/// What the screens say of an open till.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Till {
    /// The shop's name.
    pub merchant: String,
    /// Terminal id (TID).
    pub terminal_id: TerminalId,
    /// Merchant id (MID).
    pub merchant_id: MerchantId,
    /// Where the acquirer's host is, `name:port`.
    pub host: String,
    /// The only currency.
    pub currency: Currency,
    /// The largest sale, in minor units.
    pub sale_max_minor: u64,
    /// IANA name of the shop's time zone.
    pub time_zone: String,
}

impl Till {
    /// What a configuration says of it.
    #[must_use]
    pub fn of(configuration: &Configuration) -> Self {
        Self {
            merchant: configuration.merchant.name.clone(),
            terminal_id: configuration.terminal_id.clone(),
            merchant_id: configuration.merchant_id.clone(),
            host: configuration.host.address.clone(),
            currency: configuration.currency,
            sale_max_minor: configuration.limits.sale_max_minor,
            time_zone: configuration.time_zone.clone(),
        }
    }
}

/// Where a person is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Place {
    FirstStart,
    Pad,
    Sale(Sale),
    Outcome(Box<AttemptView>),
    History(History),
    Transaction(Box<AttemptView>),
    Receipt {
        attempt: AttemptId,
        copy: Copy,
        slip: String,
    },
    Settings(Option<Said>),
    Trouble(Box<Trouble>),
    Claim(Form),
    SignIn(Form),
    Locked(Form),
    /// The password was right, and must be changed for this reason.
    MustChange {
        operator: OperatorName,
        why: &'static str,
        form: Form,
    },
    ChangePassword(Form),
    Recover(Form),
    RecoveryCode,
    Operators(Vec<OperatorView>),
    Operator(OperatorView),
    AddOperator(Form),
    ResetOperator {
        name: OperatorName,
        form: Form,
    },
    EnrolBiometric(Form),
    NewRecoveryCode(Form),
    Freeze,
    Release(Form),
    Leave(Box<ExitView>),
}

impl Place {
    /// What is typed here, if anything.
    pub fn form(&mut self) -> Option<&mut Form> {
        match self {
            Self::Claim(form)
            | Self::SignIn(form)
            | Self::Locked(form)
            | Self::MustChange { form, .. }
            | Self::ChangePassword(form)
            | Self::Recover(form)
            | Self::AddOperator(form)
            | Self::EnrolBiometric(form)
            | Self::NewRecoveryCode(form)
            | Self::Release(form)
            | Self::ResetOperator { form, .. } => Some(form),
            _ => None,
        }
    }
}

/// What became of what was typed last: nothing of it is kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Form {
    /// Why it was refused.
    pub refused: Option<Error>,
}

/// A sale under way.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sale {
    /// Its name, once it has one. Known before the till is asked, so that asking twice is one sale.
    pub attempt: Option<AttemptId>,
    pub amount: Amount,
    pub stage: Stage,
    /// Whether the till has accepted it: only then can it be cancelled.
    pub has_begun: bool,
    pub cancel: Cancel,
}

/// How far the card has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Not asked for yet: the till finishes what is open first.
    Starting,
    /// The reader says this.
    Prompt(Prompt),
    /// A card is in the field.
    Reading,
}

/// Whether somebody wants the sale to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cancel {
    No,
    /// Asked for; the till has not answered yet.
    Asked,
    /// The request is on its way to the bank.
    TooLate,
    /// The same, and somebody asked.
    Refused,
}

/// Past payments, a page of them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct History {
    pub page: Page,
    /// The cursors of the pages up to this one; the newest page has none.
    pub trail: Vec<Option<String>>,
}

/// What the settings have to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    PasswordChanged,
    BiometricEnrolled,
    BiometricForgotten,
    RollBackAccepted,
    Resolved { closed: u64, left: u64 },
    Verified { size: u64, root: String },
}

/// What the keypad's screen has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// A key was refused.
    Refused(ErrorCode),
    /// A sale was cancelled: nothing was charged.
    Cancelled,
    /// Somebody has signed in, and should know this.
    Greeting {
        /// The password must be changed in so many days.
        days_left: Option<u32>,
        /// So many wrong passwords since the last time.
        failed_before: u32,
    },
}

/// An error and what was to be done.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Trouble {
    pub error: Error,
    pub failed: Effect,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A person wants something.
    Intent(Intent),
    /// The terminal says something.
    Notice(Notice),
    /// A card is in the field.
    Presented,
    /// A provisioning was handed over, and can be read.
    ProvisioningGiven,
    /// The till is this acquirer's now.
    Provisioned,
    /// The till is open; nobody is signed in yet.
    Opened {
        /// Who is at it.
        who: TillState,
    },
    /// Somebody is signed in.
    SignedIn {
        /// Who.
        who: TillState,
        /// What the till is.
        till: Box<Till>,
        /// Its newest attempts, newest first.
        recent: Vec<AttemptView>,
        /// The password must be changed in so many days.
        days_left: Option<u32>,
        /// So many wrong passwords since the last time.
        failed_before: u32,
        /// Whether there is a recovery code to be written down.
        has_code: bool,
    },
    /// The password was right and must be changed.
    MustChange {
        /// Whose.
        operator: OperatorName,
        /// `temporary` or `expired`.
        why: &'static str,
    },
    /// Who is at the till.
    Who {
        /// Of which visit it was asked.
        visit: u64,
        /// Who.
        who: TillState,
    },
    /// The own password is another one.
    PasswordChanged,
    /// The own finger or face opens the till from now on, or nothing any more.
    Biometric {
        /// Whether it does.
        enrolled: bool,
        /// Who is at the till.
        who: TillState,
    },
    /// There is a recovery code to be written down.
    NewCode {
        /// Who is at the till, where it has changed: a claim whose session did not begin.
        who: Option<TillState>,
    },
    /// The till sells again.
    RollBackAccepted {
        /// Who is at it.
        who: TillState,
    },
    /// The till is frozen, or is not any more.
    Frozen {
        /// Who is at it.
        who: TillState,
    },
    /// What is left to do before leaving.
    Checklist(Box<ExitView>),
    /// The batch was settled as far as it could be.
    Settled,
    /// Who works at this till.
    Operators(Vec<OperatorView>),
    /// A name for the sale.
    Minted(AttemptId),
    /// The till has accepted the sale.
    Begun(AttemptId),
    /// The sale has ended, or goes on without the caller.
    Ended(Box<AttemptView>),
    /// How an attempt stands.
    Attempt(Box<AttemptView>),
    /// A page of past payments.
    Page {
        /// What was asked for.
        cursor: Option<String>,
        /// What is there.
        page: Page,
    },
    /// A slip.
    Slip {
        /// Of which attempt.
        attempt: AttemptId,
        /// For whom.
        copy: Copy,
        /// Its text.
        slip: String,
    },
    /// The bank was asked about everything that is open.
    Resolved(Resolved),
    /// The record is sound.
    Verified {
        /// How many entries.
        size: u64,
        /// The tree's root, in hex digits.
        root: String,
    },
    /// An effect came to nothing.
    Failed {
        /// Which.
        effect: Effect,
        /// Why.
        error: Error,
    },
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Open the till, after closing it if it is open: `Opened`.
    Open,
    /// Give the till the provisioning that was handed over: `Provisioned`.
    Provision,
    /// Make a name for a sale: `Minted`.
    Mint,
    /// Begin this sale: `Begun`, and at its end `Ended`.
    StartSale {
        /// Its name.
        attempt: AttemptId,
        /// What to charge.
        amount: Amount,
    },
    /// End this sale. Its end is told by `Ended`.
    Cancel {
        /// Which.
        attempt: AttemptId,
    },
    /// A person has seen how this attempt ended.
    Taken {
        /// Which.
        attempt: AttemptId,
    },
    /// Ask how an attempt stands: `Attempt`.
    FetchAttempt {
        /// Which.
        attempt: AttemptId,
    },
    /// Fetch a page of past payments: `Page`.
    FetchPage {
        /// Where the page before it ended; none for the newest.
        cursor: Option<String>,
    },
    /// Print a slip: `Slip`.
    FetchReceipt {
        /// Of which attempt.
        attempt: AttemptId,
        /// For whom.
        copy: Copy,
        /// In which language.
        language: Language,
    },
    /// Ask the bank about everything that is open: `Resolved`.
    Resolve,
    /// Check the whole record: `Verified`.
    Verify,
    /// Make whoever was typed the first supervisor: `SignedIn`.
    Claim,
    /// Make whoever was typed a supervisor by the recovery code: `SignedIn`.
    Recover,
    /// Sign in whoever was typed: `SignedIn` or `MustChange`.
    SignIn,
    /// Sign in with the passwords that were typed, of which the new one holds from now on: `SignedIn`.
    SignInAnew {
        /// Who.
        operator: OperatorName,
    },
    /// Go on with the password that was typed: `SignedIn`.
    Unlock,
    /// Look what the till is, for somebody who is signed in: `SignedIn`.
    Enter,
    /// Lock the till: `Who`.
    Lock {
        /// The visit that ends.
        visit: u64,
    },
    /// Sign out: `Who`.
    SignOut {
        /// The visit that ends.
        visit: u64,
    },
    /// Ask who is at the till: `Who`.
    AskWho {
        /// Of which visit.
        visit: u64,
    },
    /// Change the own password to what was typed: `PasswordChanged`.
    ChangePassword,
    /// Ask who works at this till: `Operators`.
    FetchOperators,
    /// Add whoever was typed: `Operators`.
    AddOperator {
        /// As what.
        role: Role,
    },
    /// Give a temporary password: `Operators`.
    ResetOperator {
        /// Whose.
        name: OperatorName,
    },
    /// Take an operator away: `Operators`.
    RemoveOperator {
        /// Who.
        name: OperatorName,
        /// Whether the till's keys change as well.
        rotate: bool,
    },
    /// Sign in whoever was typed, by finger or face: `SignedIn` or `MustChange`.
    SignInByBiometric,
    /// Go on by finger or face: `SignedIn`.
    UnlockByBiometric,
    /// Enrol the own finger or face with the password that was typed: `Biometric`.
    EnrolBiometric,
    /// Forget it: `Biometric`.
    ForgetBiometric,
    /// Make another recovery code with the password that was typed: `NewCode`.
    NewRecoveryCode,
    /// Let a till sell again whose records were put back: `RollBackAccepted`.
    AcceptRollBack,
    /// Freeze the till: `Frozen`.
    Freeze,
    /// Let it go with the second person who was typed: `Frozen`.
    Release,
    /// Ask what is left to do before leaving: `Checklist`.
    FetchChecklist,
    /// Leave by the checklist: `Who`.
    Leave {
        /// The visit that ends.
        visit: u64,
    },
    /// Settle the batch: `Settled`.
    Settle,
    /// The recovery code is on paper: wipe it.
    WipeCode,
}

impl Effect {
    /// Whether it needs what was typed.
    #[must_use]
    pub fn takes_typed(&self) -> bool {
        matches!(
            self,
            Self::Claim
                | Self::Recover
                | Self::SignIn
                | Self::SignInAnew { .. }
                | Self::Unlock
                | Self::ChangePassword
                | Self::AddOperator { .. }
                | Self::ResetOperator { .. }
                | Self::SignInByBiometric
                | Self::EnrolBiometric
                | Self::NewRecoveryCode
                | Self::Release
        )
    }

    /// Whether it waits for a finger or a face at the door, where a password may be typed instead.
    #[must_use]
    pub fn looks_for_somebody(&self) -> bool {
        matches!(self, Self::SignInByBiometric | Self::UnlockByBiometric)
    }
}
