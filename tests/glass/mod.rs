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
use taptill::screen::{Intent, Screen, ScreenKind};
use taptill::text::Language;

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
    /// Every kind of screen that was shown, the same one after itself once.
    pub fn kinds(&self) -> Vec<ScreenKind> {
        let mut kinds: Vec<ScreenKind> = self.screens.lock().unwrap().iter().map(|screen| screen.kind).collect();
        kinds.dedup();
        kinds
    }

    pub fn screens(&self) -> Vec<Screen> {
        self.screens.lock().unwrap().clone()
    }

    /// Waits until the last screen is as it should be.
    pub fn until(&self, told: &str, holds: impl Fn(&Screen) -> bool) -> Screen {
        let begun = Instant::now();
        let mut screens = self.screens.lock().unwrap();
        loop {
            if let Some(screen) = screens.last().filter(|screen| holds(screen)) {
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
    pub fn at(home: &Path, ports: Ports) -> Self {
        let glass = Arc::new(Glass::default());
        let desk = Desk::open(home, ports, Language::En, Arc::clone(&glass) as Arc<dyn Display>).unwrap();
        Self { desk, glass }
    }

    /// Touches what must be there.
    pub fn touch(&self, intent: Intent) {
        let screen = self.desk.screen();
        assert!(screen.allows(&intent), "{intent:?} is not offered by {screen:#?}");
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

/// What stands beside this label.
pub fn row<'a>(screen: &'a Screen, label: &str) -> Option<&'a str> {
    screen.rows.iter().find(|row| row.label == label).map(|row| row.value.as_str())
}
