//! Where a person is and what is under way: everything that a screen is drawn from.
//!
//! A [`Place`] owns what belongs to it: a sale under way exists only while its screen does, at most the one for a freeze
//! above it. Below the place lie
//! those that `Back` returns to. News that nobody has seen and payments that are not finished outlive every place, but not
//! the session; an amount that was typed waits for the same person.
//!
//! It never decides anything: `step` does. It never holds a password: the desk keeps what is typed. Evidence: `tests/screens.rs`, `screen/step/tests.rs`.

use std::collections::VecDeque;

use crate::account::{Configuration, Judgement};
use crate::error::{Blocker, Error, ErrorCode};
use crate::ids::{AttemptId, MerchantId, OperatorName, Role, TerminalId};
use crate::incident::evidence::Preview;
use crate::incident::freeze::FreezeView;
use crate::incident::loss::LossReport;
use crate::money::{Amount, Currency};
use crate::payment::{AttemptView, Page, RefundView};
use crate::ports::Prompt;
use crate::receipt::Copy;
use crate::screen::effect::Effect;
use crate::screen::keypad::Keypad;
use crate::settlement::statement::StatementSummary;
use crate::text::Language;
use crate::till::{Erased, ExitView, MessageView, NetworkView, OperatorView, Standing, TillState};

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
    pub(super) fn frozen(&self) -> Option<&FreezeView> {
        self.who.as_ref()?.frozen.as_ref()
    }

    /// How the network was judged last.
    pub(super) fn network(&self) -> Option<Judgement> {
        self.who.as_ref()?.network
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

    /// Whether a place for records is wanted here, or held until it is used.
    pub(crate) fn wants_a_place(&self) -> bool {
        match &self.place {
            Place::Goodbye(goodbye) => matches!(**goodbye, Goodbye::Asking(_)),
            Place::Loss { .. } => true,
            Place::Evidence(showing) => showing.files.is_none(),
            _ => false,
        }
    }

    /// The sale under way: on the glass, or below where somebody is about to freeze the till.
    pub(super) fn sale(&self) -> Option<&Sale> {
        self.below.iter().chain([&self.place]).find_map(|place| match place {
            Place::Sale(sale) => Some(sale),
            _ => None,
        })
    }

    /// The same, to go on with.
    pub(super) fn sale_mut(&mut self) -> Option<&mut Sale> {
        self.below.iter_mut().chain([&mut self.place]).find_map(|place| match place {
            Place::Sale(sale) => Some(sale),
            _ => None,
        })
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
    FreezeByName(Form),
    Release(Form),
    Leaving(Leaving),
    ForceLeave(Form),
    Goodbye(Box<Goodbye>),
    Loss {
        report: Box<LossReport>,
        is_shared: bool,
    },
    /// Whether the passwords are anew already.
    Renew(bool),
    Evidence(Box<Showing>),
    Network(Box<NetworkView>),
    Message(Box<Letter>),
    Deciding(Box<Deciding>),
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
            | Self::FreezeByName(form)
            | Self::Release(form)
            | Self::ForceLeave(form)
            | Self::ResetOperator { form, .. } => Some(form),
            Self::Goodbye(goodbye) => match &mut **goodbye {
                Goodbye::Asking(going) => Some(&mut going.form),
                Goodbye::Blocked(_) | Goodbye::Erased(_) | Goodbye::Found(_) => None,
            },
            Self::Evidence(showing) => Some(&mut showing.form),
            Self::Message(letter) => Some(&mut letter.form),
            Self::Deciding(deciding) => Some(&mut deciding.form),
            _ => None,
        }
    }
}

/// What the bank says nothing more of.
#[derive(Clone, Debug, PartialEq)]
pub enum Stuck {
    /// A payment or a void whose reversal is stuck.
    Payment(AttemptView),
    /// A refund.
    Refund(RefundView),
}

/// Something stuck that a supervisor decides, with a reason.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Deciding {
    pub form: Form,
    pub of: Stuck,
}

/// Leaving for today.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Leaving {
    /// What is left to do.
    List(Box<ExitView>),
    /// What the last statement was found to say; nothing before the first.
    Statement(Option<Box<StatementSummary>>),
    /// Nobody is signed in any more.
    Left(Box<ExitView>),
}

/// Leaving for good.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Goodbye {
    /// Who agrees, and where the records go; while it is done, how far it has come.
    Asking(Going),
    /// What is in the way.
    Blocked(Vec<Blocker>),
    /// There is no till here any more.
    Erased(Box<Erased>),
    /// The same, found at a start that went on with an erasure: the certificate, where there is one.
    Found(Option<String>),
}

/// A deregistration that somebody asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Going {
    pub form: Form,
    /// Whether there is a place for the records.
    pub has_place: bool,
    /// A place was chosen and went with a try that was refused: nothing is erased before there is another.
    pub lost_place: bool,
    /// How far it has come.
    pub at: Gone,
    /// The file that is being handed out.
    pub file: Option<String>,
}

/// How far a deregistration has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gone {
    /// The acquirer is being told.
    #[default]
    Told,
    /// The records are being handed out.
    HandedOut,
    /// Keys and files are being destroyed.
    Erased,
}

impl Gone {
    /// All of them, in their order.
    pub const ALL: [Self; 3] = [Self::Told, Self::HandedOut, Self::Erased];

    /// The stable word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Told => "told",
            Self::HandedOut => "handed_out",
            Self::Erased => "erased",
        }
    }
}

/// Evidence that somebody may agree to disclose.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Showing {
    pub form: Form,
    pub preview: Preview,
    /// How many files were handed out, once they were.
    pub files: Option<u64>,
}

/// A message that comes in the acquirer's name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Letter {
    pub form: Form,
    /// Whose it is, once it was looked at.
    pub view: Option<MessageView>,
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
