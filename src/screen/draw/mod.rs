//! From a state to the screen that shows it: words from the catalogue, amounts and times as people read them.
//!
//! One function a place. Which layout and which buttons is the table's business; here the words are chosen and
//! what cannot be done now is switched off.
//!
//! It never changes anything. Evidence: `tests/screens.rs`.

mod deregister;
mod goodbyes;
mod incident;
mod loss;
mod network;
mod outcome;
mod past;
mod people;
mod sale;
mod stuck;
mod till;
mod trouble;

use crate::clock::WallMs;
use crate::ids::{self, AttemptId, OperatorName, RefundId};
use crate::incident::freeze::FrozenFrom;
use crate::payment::AttemptView;
use crate::receipt::Zone;
use crate::screen::effect::Effect;
use crate::screen::intent::Intent;
use crate::screen::shown::{Action, Role, Row, Screen, Tone};
use crate::screen::state::{Place, State};
use crate::screen::table::{Choice, Look};
use crate::session::actions::{
    AcceptRollBack, Action as _, CheckStatement, DecideStuck, Deregister, DiscloseEvidence, Exit, ForceExit,
    ListOperators, ManageOperators, PrintReceipt, ReadMessage, ReleaseFreeze, RenewPasswords, ReportLoss, ResolveDebts,
    Sell, Settle, VerifyJournal, ViewNetwork, ViewPayments,
};
use crate::text::{Arg, Catalogue, Language};
use crate::till::Biometric;

/// The screen of this state.
#[must_use]
pub fn draw(state: &State) -> Screen {
    let pen = Pen { state, texts: Catalogue::of(state.language) };
    let mut screen = match &state.place {
        Place::FirstStart => till::first_start(&pen),
        Place::Pad => match state.frozen() {
            Some(freeze) => incident::frozen(&pen, freeze),
            None => till::pad(&pen),
        },
        Place::Sale(sale) => sale::draw(&pen, sale),
        Place::Outcome(view) => outcome::draw(&pen, view),
        Place::History(history) => past::history(&pen, history),
        Place::Transaction(view) => past::transaction(&pen, view),
        Place::Receipt { attempt, copy, slip } => past::receipt(&pen, attempt, *copy, slip),
        Place::Settings(said) => till::settings(&pen, said.as_ref()),
        Place::Trouble(trouble) => trouble::draw(&pen, trouble),
        Place::Freeze => incident::freeze(&pen),
        Place::Leaving(leaving) => goodbyes::draw(&pen, leaving),
        Place::Goodbye(goodbye) => deregister::draw(&pen, goodbye),
        Place::Loss { report, is_shared } => loss::report(&pen, report, *is_shared),
        Place::Renew(is_done) => loss::renew(&pen, *is_done),
        Place::Evidence(showing) => loss::evidence(&pen, showing),
        Place::Network(view) => network::network(&pen, view),
        Place::Message(letter) => network::message(&pen, letter),
        Place::Deciding(deciding) => stuck::draw(&pen, deciding),
        of_people => people::draw(&pen, of_people),
    };
    if state.ends_soon && state.role().is_some() && screen.advice.is_none() {
        screen.advice = Some(pen.say("screen.say.ends_soon"));
    }
    screen
}

/// Whom or what the buttons of a screen are about.
#[derive(Clone, Copy)]
enum About<'a> {
    Nobody,
    Attempt(&'a AttemptId),
    Operator(&'a OperatorName),
    Refund(&'a RefundId),
}

impl<'a> From<Option<&'a AttemptId>> for About<'a> {
    fn from(attempt: Option<&'a AttemptId>) -> Self {
        attempt.map_or(Self::Nobody, Self::Attempt)
    }
}

impl<'a> From<&'a OperatorName> for About<'a> {
    fn from(name: &'a OperatorName) -> Self {
        Self::Operator(name)
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
    fn blank<'b>(&self, look: Look, title: String, about: impl Into<About<'b>>) -> Screen {
        let about = about.into();
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
            fields: Vec::new(),
            slip: None,
            keypad: false,
            backspace_label: String::new(),
            actions: look.choices.iter().filter_map(|choice| self.action(*choice, about)).collect(),
            private: false,
            language: self.state.language,
        }
    }

    /// The button of a choice; none where it needs somebody or something that is not there, or may not be done.
    fn action(&self, (choice, role): (Choice, Role), about: About<'_>) -> Option<Action> {
        if !self.may(choice) {
            return None;
        }
        if !self.is_there(choice) {
            return None;
        }
        let intent = intent(choice, about, self.state.language)?;
        // A finger that brushes the glass freezes nothing.
        let held = (choice == Choice::ToFreeze).then_some(Intent::Freeze);
        let label = self.say(&format!("screen.action.{}", choice.word()));
        Some(Action { intent, held, label, role, enabled: !self.is_at_work_on(choice) })
    }

    /// What a line means that leads where this choice does; nothing for those who may not, or while the till is at work.
    fn way_to(&self, choice: Choice) -> Option<Intent> {
        self.way_about(choice, About::Nobody)
    }

    /// The same, to where something is done about this.
    fn way_about(&self, choice: Choice, about: About<'_>) -> Option<Intent> {
        let action = self.action((choice, Role::Secondary), about)?;
        action.enabled.then_some(action.intent)
    }

    /// Whether whoever is signed in may do what this choice asks for; while nobody is, the till itself will say.
    fn may(&self, choice: Choice) -> bool {
        let Some(role) = self.state.role() else { return true };
        match choice {
            Choice::Charge | Choice::TryAgain | Choice::TryAnotherCard => Sell::ROW.allows(role),
            Choice::Resolve => ResolveDebts::ROW.allows(role),
            Choice::Receipt | Choice::OtherCopy => PrintReceipt::ROW.allows(role),
            Choice::History => ViewPayments::ROW.allows(role),
            Choice::Verify => VerifyJournal::ROW.allows(role),
            Choice::Operators => ListOperators::ROW.allows(role),
            Choice::ToAddOperator
            | Choice::ToResetOperator
            | Choice::RemoveOperator
            | Choice::RemoveAndRotate
            | Choice::ToNewRecoveryCode => ManageOperators::ROW.allows(role),
            Choice::AcceptRollBack => AcceptRollBack::ROW.allows(role),
            Choice::ToRelease | Choice::Release => ReleaseFreeze::ROW.allows(role),
            Choice::ToLeave | Choice::Leave => Exit::ROW.allows(role),
            Choice::ToForceLeave | Choice::ForceLeave => ForceExit::ROW.allows(role),
            Choice::Settle => Settle::ROW.allows(role),
            Choice::ToStatement | Choice::CheckStatement => CheckStatement::ROW.allows(role),
            Choice::ToDeregister | Choice::Deregister => Deregister::ROW.allows(role),
            Choice::ToLoss | Choice::SendLoss => ReportLoss::ROW.allows(role),
            Choice::ToRenewPasswords | Choice::RenewPasswords => RenewPasswords::ROW.allows(role),
            Choice::ToEvidence | Choice::Disclose => DiscloseEvidence::ROW.allows(role),
            Choice::ToDecide
            | Choice::ToDecideRefund
            | Choice::DecideCharged
            | Choice::DecideNotCharged
            | Choice::DecidePaid
            | Choice::DecideNotPaid => DecideStuck::ROW.allows(role),
            Choice::ToNetwork => ViewNetwork::ROW.allows(role),
            Choice::ToMessage | Choice::ReadMessage => ReadMessage::ROW.allows(role),
            _ => true,
        }
    }

    /// Whether there is what this choice is about: a finger or face that counts, records that were put back.
    fn is_there(&self, choice: Choice) -> bool {
        let who = self.state.who.as_ref();
        let biometric = who.map_or(Biometric::Absent, |who| who.biometric);
        match choice {
            Choice::SignInByBiometric | Choice::UnlockByBiometric | Choice::ForgetBiometric => {
                biometric == Biometric::Ready
            }
            Choice::ToEnrolBiometric => biometric == Biometric::Possible,
            Choice::AcceptRollBack => who.is_some_and(|who| who.is_rolled_back),
            Choice::ToFreeze => who.is_some_and(|who| who.frozen.is_none()),
            // What the acquirer has frozen it alone releases.
            Choice::ToRelease => self.state.frozen().is_some_and(|freeze| freeze.from != FrozenFrom::Host),
            _ => true,
        }
    }

    /// Whether what this choice asks for is being done already.
    fn is_at_work_on(&self, choice: Choice) -> bool {
        match &self.state.wanted {
            Some(effect) if is_waited_for(effect) => !matches!(choice, Choice::OtherLanguage),
            Some(Effect::Resolve) => choice == Choice::Resolve,
            Some(Effect::Verify) => choice == Choice::Verify,
            _ => false,
        }
    }

    /// Whether something that takes its time is being done.
    fn is_at_work(&self) -> bool {
        self.state
            .wanted
            .as_ref()
            .is_some_and(|effect| is_waited_for(effect) || matches!(effect, Effect::Resolve | Effect::Verify))
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

/// Whether nothing else can be done until it is done.
fn is_waited_for(effect: &Effect) -> bool {
    (effect.takes_typed() && !effect.looks_for_somebody())
        || matches!(
            effect,
            Effect::Open
                | Effect::Provision
                | Effect::Enter
                | Effect::Lock { .. }
                | Effect::SignOut { .. }
                | Effect::RemoveOperator { .. }
                | Effect::ForgetBiometric
                | Effect::AcceptRollBack
                | Effect::Freeze
                | Effect::FetchChecklist
                | Effect::Leave
                | Effect::Settle
                | Effect::FetchStatement
                | Effect::CheckStatement
                | Effect::FetchLoss { .. }
                | Effect::SendLoss { .. }
                | Effect::HandOutLoss { .. }
                | Effect::RenewPasswords
                | Effect::PreviewEvidence { .. }
                | Effect::FetchNetwork
                | Effect::FetchStuckPayment { .. }
                | Effect::FetchStuckRefund { .. }
        )
}

/// What a choice means, about this attempt or person.
fn intent(choice: Choice, about: About<'_>, language: Language) -> Option<Intent> {
    let attempt = || if let About::Attempt(attempt) = about { Some(attempt.clone()) } else { None };
    let refund = || if let About::Refund(refund) = about { Some(refund.clone()) } else { None };
    let name = || if let About::Operator(name) = about { Some(name.clone()) } else { None };
    Some(match choice {
        Choice::Charge => Intent::Charge,
        Choice::Cancel => Intent::Cancel,
        Choice::NewSale | Choice::NextCustomer => Intent::NewSale,
        Choice::TryAgain | Choice::TryAnotherCard | Choice::OpenAgain => Intent::TryAgain,
        Choice::ChangeAmount | Choice::Done | Choice::Back => Intent::Back,
        Choice::Receipt | Choice::OtherCopy => Intent::Receipt { attempt: attempt()? },
        Choice::Resolve => Intent::Resolve,
        Choice::Provision => Intent::Provision,
        Choice::History => Intent::History,
        Choice::Settings => Intent::Settings,
        Choice::Older => Intent::OlderPage,
        Choice::Newer => Intent::NewerPage,
        Choice::Verify => Intent::Verify,
        Choice::OtherLanguage => Intent::UseLanguage { language: other(language) },
        Choice::Claim => Intent::Claim,
        Choice::SignIn => Intent::SignIn,
        Choice::Unlock => Intent::Unlock,
        Choice::Lock => Intent::Lock,
        Choice::SignOut => Intent::SignOut,
        Choice::SwitchOperator => Intent::SwitchOperator,
        Choice::ToChangePassword => Intent::ToChangePassword,
        Choice::ChangePassword => Intent::ChangePassword,
        Choice::ToRecover => Intent::ToRecover,
        Choice::Recover => Intent::Recover,
        Choice::Written => Intent::Written,
        Choice::Operators => Intent::Operators,
        Choice::ToAddOperator => Intent::ToAddOperator,
        Choice::AddCashier => Intent::AddOperator { role: ids::Role::Cashier },
        Choice::AddSupervisor => Intent::AddOperator { role: ids::Role::Supervisor },
        Choice::AddService => Intent::AddOperator { role: ids::Role::Service },
        Choice::ToResetOperator => Intent::ToResetOperator { name: name()? },
        Choice::ResetOperator => Intent::ResetOperator { name: name()? },
        Choice::RemoveOperator => Intent::RemoveOperator { name: name()? },
        Choice::RemoveAndRotate => Intent::RemoveAndRotate { name: name()? },
        Choice::SignInByBiometric => Intent::SignInByBiometric,
        Choice::UnlockByBiometric => Intent::UnlockByBiometric,
        Choice::ToEnrolBiometric => Intent::ToEnrolBiometric,
        Choice::EnrolBiometric => Intent::EnrolBiometric,
        Choice::ForgetBiometric => Intent::ForgetBiometric,
        Choice::ToNewRecoveryCode => Intent::ToNewRecoveryCode,
        Choice::NewRecoveryCode => Intent::NewRecoveryCode,
        Choice::AcceptRollBack => Intent::AcceptRollBack,
        Choice::ToFreeze => Intent::ToFreeze,
        Choice::Freeze => Intent::Freeze,
        Choice::ToRelease => Intent::ToRelease,
        Choice::Release => Intent::Release,
        Choice::ToLeave => Intent::ToLeave,
        Choice::Leave => Intent::Leave,
        Choice::ToForceLeave => Intent::ToForceLeave,
        Choice::ForceLeave => Intent::ForceLeave,
        Choice::Settle => Intent::Settle,
        Choice::ToStatement => Intent::ToStatement,
        Choice::CheckStatement => Intent::CheckStatement,
        Choice::ToDeregister => Intent::ToDeregister,
        Choice::Deregister => Intent::Deregister,
        Choice::ChoosePlace | Choice::Share | Choice::Disclose => Intent::ChoosePlace,
        Choice::SetUpAsNew => Intent::SetUpAsNew,
        Choice::ToLoss => Intent::ToLoss,
        Choice::LossOfWeek => Intent::LossOf { days: 7 },
        Choice::LossOfMonth => Intent::LossOf { days: 30 },
        Choice::SendLoss => Intent::SendLoss,
        Choice::ToRenewPasswords => Intent::ToRenewPasswords,
        Choice::RenewPasswords => Intent::RenewPasswords,
        // Of the payment that is shown, or of the incident.
        Choice::ToEvidence => attempt().map_or(Intent::ToEvidence, |attempt| Intent::EvidenceOf { attempt }),
        Choice::ToNetwork => Intent::ToNetwork,
        Choice::ToMessage => Intent::ToMessage,
        Choice::ReadMessage => Intent::ReadMessage,
        Choice::ToDecide => Intent::ToDecide { attempt: attempt()? },
        Choice::ToDecideRefund => Intent::ToDecideRefund { refund: refund()? },
        Choice::DecideCharged => Intent::DecideCharged,
        Choice::DecideNotCharged => Intent::DecideNotCharged,
        Choice::DecidePaid => Intent::DecidePaid,
        Choice::DecideNotPaid => Intent::DecideNotPaid,
    })
}

/// The language that the button for another one offers.
fn other(language: Language) -> Language {
    let at = Language::ALL.iter().position(|one| *one == language).unwrap_or(0);
    Language::ALL[(at + 1) % Language::ALL.len()]
}
