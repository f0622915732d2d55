//! Where a person is, what is under way, what can happen and what is to be done about it.
//!
//! A [`Place`] owns what belongs to it: a sale under way exists only while its screen does. Below the place lie
//! those that `Back` returns to. What was typed, news that nobody has seen and payments that are not finished
//! belong to the till and outlive every place.
//!
//! It never decides anything: `step` does. Evidence: `tests/screens.rs`, `screen/step/tests.rs`.

use std::collections::VecDeque;

use crate::account::Configuration;
use crate::error::{Error, ErrorCode};
use crate::ids::{AttemptId, MerchantId, TerminalId};
use crate::money::{Amount, Currency};
use crate::payment::{AttemptView, Page, Resolved};
use crate::ports::{Notice, Prompt};
use crate::receipt::Copy;
use crate::screen::keypad::Keypad;
use crate::screen::shown::Intent;
use crate::text::Language;

/// Everything that a screen is drawn from.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    pub(super) language: Language,
    /// The open till; none before provisioning and while it cannot be opened.
    pub(super) till: Option<Till>,
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
            till: None,
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
    Receipt { attempt: AttemptId, copy: Copy, slip: String },
    Settings(Option<Said>),
    Trouble(Box<Trouble>),
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
    /// The till is open.
    Opened {
        /// What it is.
        till: Till,
        /// Its newest attempts, newest first.
        recent: Vec<AttemptView>,
    },
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
}
