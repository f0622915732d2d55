//! A glass that keeps every screen, and a person who looks at it and touches what it offers.
//!
//! The person is strict: what the screen does not offer is not touched, and whoever waits for a screen gives up
//! after the shop's patience.

#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use taptill::desk::{Desk, Display};
use taptill::ids::AttemptId;
use taptill::ports::{CardChannel, Ports};
use taptill::screen::{FieldName, Intent, Screen, ScreenKind};
use taptill::secret::SecretBytes;
use taptill::text::Language;
use taptill_sandbox::people::ALICE;

use crate::shop::{PATIENCE, card};

/// Keeps every screen that it is shown.
#[derive(Default)]
pub struct Glass {
    screens: Mutex<Vec<Screen>>,
    changed: Condvar,
}

impl Display for Glass {
    fn show(&self, screen: &Screen) {
        self.screens.lock().unwrap().push(screen.clone());
        self.changed.notify_all();
    }
}

impl Glass {
    /// Every kind of screen that was shown, the same one after itself once, but for those on the way in.
    pub fn kinds(&self) -> Vec<ScreenKind> {
        let screens = self.screens.lock().unwrap();
        let mut kinds: Vec<ScreenKind> =
            screens.iter().map(|screen| screen.kind).filter(|kind| !is_way_in(*kind)).collect();
        kinds.dedup();
        kinds
    }

    pub fn screens(&self) -> Vec<Screen> {
        self.screens.lock().unwrap().clone()
    }

    /// Waits until the last screen is as it should be.
    pub fn until(&self, told: &str, holds: impl Fn(&Screen) -> bool) -> Screen {
        self.until_after(0, told, holds)
    }

    /// The same, of the screens after so many.
    pub fn until_after(&self, seen: usize, told: &str, holds: impl Fn(&Screen) -> bool) -> Screen {
        let begun = Instant::now();
        let mut screens = self.screens.lock().unwrap();
        loop {
            if let Some(screen) = screens.get(seen..).and_then(<[Screen]>::last).filter(|screen| holds(screen)) {
                return screen.clone();
            }
            let left = PATIENCE.checked_sub(begun.elapsed());
            let left = left.unwrap_or_else(|| panic!("{told}: the last screen is {:#?}", screens.last()));
            screens = self.changed.wait_timeout(screens, left).unwrap().0;
        }
    }

    pub fn until_kind(&self, kind: ScreenKind) -> Screen {
        self.until(kind.word(), |screen| screen.kind == kind)
    }
}

/// Somebody in front of a till.
pub struct Person {
    pub desk: Desk,
    pub glass: Arc<Glass>,
}

impl Person {
    /// Alice, as far in as the till lets her.
    pub fn at(home: &Path, ports: Ports) -> Self {
        let person = Self::before(home, ports);
        person.comes_in();
        person
    }

    /// Somebody who has not come in yet.
    pub fn before(home: &Path, ports: Ports) -> Self {
        let glass = Arc::new(Glass::default());
        let desk = Desk::open(home, ports, Language::En, Arc::clone(&glass) as Arc<dyn Display>).unwrap();
        Self { desk, glass }
    }

    /// Claims, signs in or unlocks as alice, if the screen asks for it.
    pub fn comes_in(&self) {
        use FieldName::{NewPassword, NewPasswordAgain, Operator, Password};
        match self.desk.screen().kind {
            ScreenKind::Claim => {
                for (field, typed) in
                    [(Operator, ALICE.name), (NewPassword, ALICE.password), (NewPasswordAgain, ALICE.password)]
                {
                    self.enters(field, typed);
                }
                self.touch(Intent::Claim);
                self.glass.until_kind(ScreenKind::RecoveryCode);
                self.touch(Intent::Written);
            }
            ScreenKind::SignIn => {
                self.enters(Operator, ALICE.name);
                self.enters(Password, ALICE.password);
                self.touch(Intent::SignIn);
            }
            ScreenKind::Locked => {
                self.enters(Password, ALICE.password);
                self.touch(Intent::Unlock);
            }
            _ => return,
        }
        self.glass.until("inside", |screen| !is_way_in(screen.kind));
    }

    /// Waits for the sign-in and goes through it.
    pub fn comes_back(&self) {
        self.glass.until_kind(ScreenKind::SignIn);
        self.comes_in();
    }

    /// Types into a field that must be there.
    pub fn enters(&self, field: FieldName, typed: &str) {
        let screen = self.desk.screen();
        assert!(screen.fields.iter().any(|asked| asked.name == field), "{field:?} is not asked for by {screen:#?}");
        self.desk.enter(field, SecretBytes::new(typed.as_bytes().to_vec())).unwrap();
    }

    /// Touches what must be there, once the till is not at work on something else: until then nothing is enabled.
    pub fn touch(&self, intent: Intent) {
        self.glass.until(&format!("{intent:?} is not offered"), |screen| screen.allows(&intent));
        self.desk.send(intent).unwrap();
    }

    /// Types an amount in minor units.
    pub fn types(&self, minor: u64) {
        self.glass.until_kind(ScreenKind::AmountPad);
        for digit in minor.to_string().bytes() {
            self.touch(Intent::Digit { digit: digit - b'0' });
        }
        let charge = |screen: &Screen| screen.actions.iter().any(|a| a.intent == Intent::Charge && a.enabled);
        self.glass.until("charge", charge);
    }

    pub fn charges(&self, minor: u64) {
        self.types(minor);
        self.touch(Intent::Charge);
    }

    /// Waits for the field and holds this card into it.
    pub fn taps(&self, name: &str) {
        self.presents(card(name).tap());
    }

    pub fn presents(&self, channel: Arc<dyn CardChannel>) {
        self.glass.until("the field is on", |screen| screen.field_on);
        self.desk.present(channel).unwrap();
    }

    /// The attempt that the screen has an action about.
    pub fn attempt(&self) -> AttemptId {
        let screen = self.desk.screen();
        let of = |intent: &Intent| match intent {
            Intent::Receipt { attempt } | Intent::Open { attempt } => Some(attempt.clone()),
            _ => None,
        };
        let found = screen.actions.iter().find_map(|action| of(&action.intent));
        found.unwrap_or_else(|| panic!("no action names an attempt: {screen:#?}"))
    }
}

fn is_way_in(kind: ScreenKind) -> bool {
    matches!(kind, ScreenKind::Claim | ScreenKind::SignIn | ScreenKind::Locked | ScreenKind::RecoveryCode)
}

/// What stands beside this label.
pub fn row<'a>(screen: &'a Screen, label: &str) -> Option<&'a str> {
    screen.rows.iter().find(|row| row.label == label).map(|row| row.value.as_str())
}
