//! From a state to the screen that shows it: words from the catalogue, amounts and times as people read them.
//!
//! One function a place. Which layout and which buttons is the table's business; here the words are chosen and
//! what cannot be done now is switched off.
//!
//! It never changes anything. Evidence: `tests/screens.rs`.

mod outcome;
mod past;
mod sale;
mod till;
mod trouble;

use crate::clock::WallMs;
use crate::ids::AttemptId;
use crate::payment::AttemptView;
use crate::receipt::Zone;
use crate::screen::shown::{Action, Intent, Role, Row, Screen, Tone};
use crate::screen::state::{Effect, Place, State};
use crate::screen::table::{Choice, Look};
use crate::text::{Arg, Catalogue, Language};

/// The screen of this state.
#[must_use]
pub fn draw(state: &State) -> Screen {
    let pen = Pen { state, texts: Catalogue::of(state.language) };
    match &state.place {
        Place::FirstStart => till::first_start(&pen),
        Place::Pad => till::pad(&pen),
        Place::Sale(sale) => sale::draw(&pen, sale),
        Place::Outcome(view) => outcome::draw(&pen, view),
        Place::History(history) => past::history(&pen, history),
        Place::Transaction(view) => past::transaction(&pen, view),
        Place::Receipt { attempt, copy, slip } => past::receipt(&pen, attempt, *copy, slip),
        Place::Settings(said) => till::settings(&pen, said.as_ref()),
        Place::Trouble(trouble) => trouble::draw(&pen, trouble),
    }
}

/// What every drawing needs: the state and its words.
struct Pen<'a> {
    state: &'a State,
    texts: &'static Catalogue,
}

impl Pen<'_> {
    fn say(&self, key: &str) -> String {
        self.texts.say(key, &[])
    }

    fn say_with(&self, key: &str, args: &[(&str, Arg<'_>)]) -> String {
        self.texts.say(key, args)
    }

    /// Two sentences, one after the other, as the language sets them.
    fn both(&self, first: &str, second: &str) -> String {
        self.say_with("screen.say.both", &[("first", Arg::Word(first)), ("second", Arg::Word(second))])
    }

    /// A screen of this look with nothing on it but its heading and its buttons.
    fn blank(&self, look: Look, title: String, attempt: Option<&AttemptId>) -> Screen {
        Screen {
            kind: look.kind,
            tone: look.tone,
            title,
            headline: None,
            message: None,
            advice: None,
            lights: look.lights,
            field_on: self.state.field_on && !self.state.is_away,
            rows: Vec::new(),
            slip: None,
            keypad: false,
            backspace_label: String::new(),
            actions: look.choices.iter().filter_map(|choice| self.action(*choice, attempt)).collect(),
            private: false,
            language: self.state.language,
        }
    }

    /// The button of a choice; none where it needs an attempt and there is none.
    fn action(&self, (choice, role): (Choice, Role), attempt: Option<&AttemptId>) -> Option<Action> {
        let intent = intent(choice, attempt, self.state.language)?;
        let label = self.say(&format!("screen.action.{}", choice.word()));
        Some(Action { intent, label, role, enabled: !self.is_at_work_on(choice) })
    }

    /// Whether what this choice asks for is being done already.
    fn is_at_work_on(&self, choice: Choice) -> bool {
        match self.state.wanted {
            Some(Effect::Open | Effect::Provision) => !matches!(choice, Choice::OtherLanguage),
            Some(Effect::Resolve) => choice == Choice::Resolve,
            Some(Effect::Verify) => choice == Choice::Verify,
            _ => false,
        }
    }

    /// Whether something that takes its time is being done.
    fn is_at_work(&self) -> bool {
        matches!(self.state.wanted, Some(Effect::Open | Effect::Provision | Effect::Resolve | Effect::Verify))
    }

    fn row(&self, key: &str, value: impl Into<String>) -> Row {
        Row { label: self.say(&format!("screen.fact.{key}")), value: value.into(), tone: Tone::Neutral, intent: None }
    }

    /// The local date and time of the shop, as `2026-11-22 21:05`.
    fn when(&self, at: WallMs) -> String {
        let name = self.state.till.as_ref().map_or("UTC", |till| &till.time_zone);
        let Ok(zone) = Zone::named(name).or_else(|_| Zone::named("UTC")) else { return String::new() };
        let time = zone.time(at);
        format!("{} {}", zone.date(at), time.get(..5).unwrap_or(&time))
    }

    /// The host's code with its meaning.
    fn host_code(&self, code: &crate::ids::HostCode) -> String {
        let meaning = self.texts.host_code(code);
        self.say_with("screen.say.host_code", &[("code", Arg::Word(code.as_str())), ("meaning", Arg::Word(&meaning))])
    }

    /// The card as far as it may be shown.
    fn card(&self, view: &AttemptView) -> Option<Row> {
        let masked = view.card_masked.as_ref()?;
        let label = view.label.as_deref().unwrap_or_default();
        Some(self.row("card", format!("{label} {masked}").trim()))
    }
}

/// What a choice means, about this attempt.
fn intent(choice: Choice, attempt: Option<&AttemptId>, language: Language) -> Option<Intent> {
    Some(match choice {
        Choice::Charge => Intent::Charge,
        Choice::Cancel => Intent::Cancel,
        Choice::NewSale | Choice::NextCustomer => Intent::NewSale,
        Choice::TryAgain | Choice::TryAnotherCard | Choice::OpenAgain => Intent::TryAgain,
        Choice::ChangeAmount | Choice::Done | Choice::Back => Intent::Back,
        Choice::Receipt | Choice::OtherCopy => Intent::Receipt { attempt: attempt?.clone() },
        Choice::Resolve => Intent::Resolve,
        Choice::Provision => Intent::Provision,
        Choice::History => Intent::History,
        Choice::Settings => Intent::Settings,
        Choice::Older => Intent::OlderPage,
        Choice::Newer => Intent::NewerPage,
        Choice::Verify => Intent::Verify,
        Choice::OtherLanguage => Intent::UseLanguage { language: other(language) },
    })
}

/// The language that the button for another one offers.
fn other(language: Language) -> Language {
    let at = Language::ALL.iter().position(|one| *one == language).unwrap_or(0);
    Language::ALL[(at + 1) % Language::ALL.len()]
}
