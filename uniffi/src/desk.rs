//! The till behind the screens: what an app holds that only draws.
//!
//! The records are the core's, word for word. A shell lays out a [`Screen`] by its kind, sends the [`Intent`]
//! of whatever was touched, and decides nothing: an intent that the present screen does not offer is ignored.
//!
//! Evidence: `uniffi/tests/desk.rs`; for the screens `tests/screens.rs`.

use std::path::Path;
use std::sync::Arc;

use taptill::desk;
use taptill::screen as core;

use crate::errors::{TillError, same_words};
use crate::ports::{CardChannel, PortFault, Ports, card_channel, core_ports};
use crate::values::{Language, attempt_id};

/// A till with a person in front of it.
#[derive(uniffi::Object)]
pub struct Desk {
    desk: desk::Desk,
}

/// Where screens go.
#[uniffi::export(with_foreign)]
pub trait Display: Send + Sync {
    /// A new screen, in order. Called from the core's own thread: hand it to the main thread and return at once.
    ///
    /// # Errors
    /// Whatever goes wrong is the shell's own: the core goes on, and `screen` has the screen still.
    fn show(&self, screen: Screen) -> Result<(), PortFault>;
}

#[uniffi::export]
impl Desk {
    /// Opens the till in the folder `home`, as far as it can be opened, and shows its first screen. Reads the whole
    /// journal: call it off the main thread.
    ///
    /// # Errors
    /// `storage_failed` where the system gives no thread. Whatever keeps the till from opening is a screen.
    #[uniffi::constructor]
    pub fn open(
        home: &str,
        ports: Ports,
        language: Language,
        display: Arc<dyn Display>,
    ) -> Result<Arc<Self>, TillError> {
        let display = Arc::new(ForeignDisplay(display));
        let desk = desk::Desk::open(Path::new(home), core_ports(ports), language.into(), display)?;
        Ok(Arc::new(Self { desk }))
    }

    /// A person wants something. Does not wait.
    ///
    /// # Errors
    /// `terminal_closed` for a desk that was closed, `identifier_malformed` for an attempt that is no name.
    pub fn send(&self, intent: Intent) -> Result<(), TillError> {
        Ok(self.desk.send(intent.try_into()?)?)
    }

    /// The screen as it is now, for an app that has just come, turned or been restarted.
    ///
    /// # Errors
    /// None today; every exported function may refuse.
    pub fn screen(&self) -> Result<Screen, TillError> {
        Ok(self.desk.screen().into())
    }

    /// Gives the till its provisioning: the file's bytes, all of them secret. Kotlin passes a direct `ByteBuffer`,
    /// Swift `Data`; the caller wipes its own copy. What it is refused for is a screen.
    ///
    /// # Errors
    /// `terminal_closed` for a desk that was closed.
    pub fn provision(&self, provisioning: &[u8]) -> Result<(), TillError> {
        Ok(self.desk.provision(provisioning)?)
    }

    /// A card is in the field. One that nobody waits for is let go. Does not wait.
    ///
    /// # Errors
    /// `terminal_closed` for a desk that was closed.
    pub fn present(&self, channel: Arc<dyn CardChannel>) -> Result<(), TillError> {
        Ok(self.desk.present(card_channel(channel))?)
    }

    /// More than one card is in the field. Does not wait.
    ///
    /// # Errors
    /// `terminal_closed` for a desk that was closed.
    pub fn collision(&self) -> Result<(), TillError> {
        Ok(self.desk.collision()?)
    }

    /// Closes the till and ends the core's threads. The journal has what was under way. Blocks for up to a second; from
    /// inside a port or the display it returns at once, and the threads end a moment later. Closing twice is no error.
    ///
    /// # Errors
    /// None today; every exported function may refuse.
    pub fn close(&self) -> Result<(), TillError> {
        self.desk.close();
        Ok(())
    }
}

/// Every screen that there is, once, in real words, for pictures and for checks of a shell. No payment stands behind
/// them. A library that ships is built without the feature `gallery` and gives none.
///
/// # Errors
/// None today; every exported function may refuse.
#[uniffi::export]
pub fn screen_gallery(language: Language) -> Result<Vec<ScreenSample>, TillError> {
    let sample = |(name, screen): (&str, core::Screen)| ScreenSample { name: name.to_owned(), screen: screen.into() };
    let pictures = if cfg!(feature = "gallery") { core::gallery(language.into()) } else { Vec::new() };
    Ok(pictures.into_iter().map(sample).collect())
}

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

/// What a person wants.
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

/// One button.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Action {
    /// What touching it means.
    pub intent: Intent,
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
    TryAnotherWay History Transaction Receipt Settings Trouble);
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
                    Intent::Open { attempt } => Self::Open { attempt: attempt_id(&attempt)? },
                    Intent::Receipt { attempt } => Self::Receipt { attempt: attempt_id(&attempt)? },
                    Intent::UseLanguage { language } => Self::UseLanguage { language: language.into() },
                })
            }
        }

        impl From<core::Intent> for Intent {
            fn from(intent: core::Intent) -> Self {
                match intent {
                    $(core::Intent::$word => Self::$word,)+
                    core::Intent::Digit { digit } => Self::Digit { digit },
                    core::Intent::Open { attempt } => Self::Open { attempt: attempt.to_string() },
                    core::Intent::Receipt { attempt } => Self::Receipt { attempt: attempt.to_string() },
                    core::Intent::UseLanguage { language } => Self::UseLanguage { language: language.into() },
                }
            }
        }
    };
}

intents!(DoubleZero Backspace Charge Cancel NewSale TryAgain History OlderPage NewerPage Settings Resolve Verify Back
    Provision Foreground Background ReaderOff ReaderReady);

impl From<core::Row> for Row {
    fn from(row: core::Row) -> Self {
        Self { label: row.label, value: row.value, tone: row.tone.into(), intent: row.intent.map(Intent::from) }
    }
}

impl From<core::Action> for Action {
    fn from(action: core::Action) -> Self {
        let core::Action { intent, label, role, enabled } = action;
        Self { intent: intent.into(), label, role: role.into(), enabled }
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
            slip: screen.slip,
            keypad: screen.keypad,
            backspace_label: screen.backspace_label,
            actions: screen.actions.into_iter().map(Action::from).collect(),
            private: screen.private,
            language: screen.language.into(),
        }
    }
}

/// The shell's display, as the core calls it.
struct ForeignDisplay(Arc<dyn Display>);

impl desk::Display for ForeignDisplay {
    fn show(&self, screen: &core::Screen) {
        // A display that fails has the screen still to ask for.
        let _the_shells_own = self.0.show(screen.clone().into());
    }
}
