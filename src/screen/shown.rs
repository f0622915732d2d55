//! A screen as a shell draws it: kinds, tones, rows, actions, and what a person may want.
//!
//! Everything in it is ready to be shown: amounts and times are text in the till's language. A shell chooses
//! nothing from an amount, a state or a code; it lays out what is here and sends an [`Intent`] back.
//!
//! What a person types on a keyboard goes the other way, past the screens: a [`Field`] only says that there is one, what
//! it is called and whether it is secret; the shell hands the bytes to the desk and forgets them.
//!
//! It never holds a card number, a key or a password. Evidence: `mod tests`, `tests/screens.rs`.

use crate::screen::intent::Intent;
use crate::text::Language;

macro_rules! kinds {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable word, as in `docs/screens.md`.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    };
}

kinds! {
    /// Which layout a screen has.
    ScreenKind {
        /// The till is nobody's yet.
        FirstStart = "first_start",
        /// The amount is being typed.
        AmountPad = "amount_pad",
        /// A card is awaited.
        PresentCard = "present_card",
        /// A card is being read, or the bank is being asked.
        Reading = "reading",
        /// The money has moved.
        Approved = "approved",
        /// Nothing was charged: refused, or taken back.
        Declined = "declined",
        /// Whether money moved is not known yet.
        NotKnownYet = "not_known_yet",
        /// The customer's phone has something to say.
        SeePhone = "see_phone",
        /// This card cannot be tapped for this payment.
        TryAnotherWay = "try_another_way",
        /// Past payments.
        History = "history",
        /// One payment with all that is known of it.
        Transaction = "transaction",
        /// A slip.
        Receipt = "receipt",
        /// What the till is, and what can be done to it.
        Settings = "settings",
        /// Something is wrong: what happened, whether money moved, what to do.
        Trouble = "trouble",
        /// The till has no supervisor yet.
        Claim = "claim",
        /// Nobody is signed in, or somebody else wants to be.
        SignIn = "sign_in",
        /// Somebody is signed in and the till is locked.
        Locked = "locked",
        /// A password is changed by whoever has it.
        ChangePassword = "change_password",
        /// The recovery code is given back.
        Recover = "recover",
        /// The recovery code, once: the desk has it, the screen has not.
        RecoveryCode = "recovery_code",
        /// Who works at this till.
        Operators = "operators",
        /// One of them.
        Operator = "operator",
        /// Another one is added.
        AddOperator = "add_operator",
        /// One gets a temporary password.
        ResetOperator = "reset_operator",
        /// A finger or face is enrolled by whoever has it.
        EnrolBiometric = "enrol_biometric",
        /// Another recovery code is made.
        NewRecoveryCode = "new_recovery_code",
        /// The till is about to be frozen, by somebody who cannot hold a button.
        Freeze = "freeze",
        /// The till is about to be frozen by somebody who says who it is.
        FreezeByName = "freeze_by_name",
        /// The till is frozen: what still works, and what to do now, in the order that helps.
        Frozen = "frozen",
        /// A frozen till is let go by two people.
        Release = "release",
        /// What is left to do before anybody leaves, one thing a line.
        Leave = "leave",
        /// The till was left for today.
        Left = "left",
        /// Somebody leaves although something is in the way.
        ForceLeave = "force_leave",
        /// What the last statement was found to say.
        Statement = "statement",
        /// The till is about to be taken off the acquirer's list.
        Deregister = "deregister",
        /// What keeps it from that, one thing a line.
        DeregisterBlocked = "deregister_blocked",
        /// How far that has come.
        Erasing = "erasing",
        /// There is no till any more: the certificate of erasure.
        Erased = "erased",
        /// The report of a loss.
        Loss = "loss",
        /// Everybody is to set another password.
        RenewPasswords = "renew_passwords",
        /// What evidence would disclose.
        Evidence = "evidence",
        /// Evidence was handed out.
        Disclosed = "disclosed",
        /// How the network is judged.
        Network = "network",
        /// Whose a message is that comes in the acquirer's name.
        Message = "message",
        /// A supervisor says how something ended of which the bank says nothing more.
        Decide = "decide",
    }
}

kinds! {
    /// How a screen, or a row of it, is meant.
    Tone {
        /// Nothing in particular.
        Neutral = "neutral",
        /// As wished.
        Good = "good",
        /// Not as wished, and over.
        Bad = "bad",
        /// Not over: somebody else is at work.
        Waiting = "waiting",
        /// Somebody here must do something.
        Attention = "attention",
    }
}

kinds! {
    /// How an action stands among the others of its screen.
    Role {
        /// The one that most people want. At most one a screen.
        Primary = "primary",
        /// Another one.
        Secondary = "secondary",
        /// One that ends something.
        Danger = "danger",
    }
}

kinds! {
    /// What is typed into a field.
    FieldName {
        /// An operator's name.
        Operator = "operator",
        /// The password that holds now.
        Password = "password",
        /// The password from now on.
        NewPassword = "new_password",
        /// The same once more.
        NewPasswordAgain = "new_password_again",
        /// The code that was written down at the claim.
        RecoveryCode = "recovery_code",
        /// Why somebody does what the till advises against.
        Reason = "reason",
        /// To whom evidence is handed out.
        Recipient = "recipient",
        /// A message that comes in the acquirer's name.
        Message = "message",
    }
}

impl FieldName {
    /// Whether nobody may see what is typed.
    #[must_use]
    pub fn is_secret(self) -> bool {
        !matches!(self, Self::Operator | Self::Reason | Self::Recipient | Self::Message)
    }
}

/// One line of a screen.
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
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

impl Action {
    /// Whether touching or holding it means this.
    fn means(&self, intent: &Intent) -> bool {
        self.intent == *intent || self.held.as_ref() == Some(intent)
    }
}

/// Everything that a shell draws.
#[derive(Clone, Debug, PartialEq, Eq)]
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

impl Screen {
    /// Whether this can be wanted here: the screen offers it. The app's and the reader's coming and going is always
    /// heard.
    #[must_use]
    pub fn allows(&self, intent: &Intent) -> bool {
        match intent {
            _ if !intent.is_a_touch() => true,
            Intent::Digit { digit } => self.keypad && *digit <= 9,
            Intent::DoubleZero | Intent::Backspace => self.keypad,
            _ => {
                self.actions.iter().any(|action| action.enabled && action.means(intent))
                    || self.rows.iter().any(|row| row.intent.as_ref() == Some(intent))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(keypad: bool, actions: Vec<Action>) -> Screen {
        Screen {
            kind: ScreenKind::AmountPad,
            tone: Tone::Neutral,
            title: String::new(),
            headline: None,
            message: None,
            advice: None,
            lights: 0,
            field_on: false,
            rows: Vec::new(),
            fields: Vec::new(),
            slip: None,
            keypad,
            backspace_label: String::new(),
            actions,
            private: false,
            language: Language::En,
        }
    }

    #[test]
    fn only_what_a_screen_offers_is_allowed() {
        let charge = |enabled| Action {
            intent: Intent::Charge,
            held: Some(Intent::Freeze),
            label: String::new(),
            role: Role::Primary,
            enabled,
        };
        let table = [
            (screen(true, vec![charge(true)]), Intent::Charge, true),
            (screen(true, vec![charge(false)]), Intent::Charge, false),
            (screen(true, vec![charge(true)]), Intent::Freeze, true),
            (screen(true, vec![charge(false)]), Intent::Freeze, false),
            (screen(true, vec![charge(true)]), Intent::Release, false),
            (screen(true, vec![]), Intent::Charge, false),
            (screen(true, vec![]), Intent::Digit { digit: 9 }, true),
            (screen(true, vec![]), Intent::Digit { digit: 10 }, false),
            (screen(false, vec![]), Intent::Digit { digit: 1 }, false),
            (screen(false, vec![]), Intent::DoubleZero, false),
            (screen(false, vec![]), Intent::Backspace, false),
            (screen(false, vec![]), Intent::Background, true),
            (screen(false, vec![]), Intent::ReaderOff, true),
        ];
        for (screen, intent, verdict) in table {
            assert_eq!(screen.allows(&intent), verdict, "{intent:?}");
        }
    }
}
