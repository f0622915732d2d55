//! The seven steps of leaving, in their order, and what keeps each from being done.
//!
//! The first four are a person's to do, the last three the till's. What blocks a step is named with the word of its
//! remedy, which is a button on a screen and a command at the desktop till.
//!
//! It changes nothing. Evidence: `tests/leaving.rs`.

use serde::Serialize;

use crate::clock::Now;
use crate::error::Blocker;
use crate::payment::Matters;
use crate::settlement::statement;
use crate::till::passwords::House;
use crate::till::record::Trouble;
use crate::till::{At, Open, Till};
use crate::vault::{SlotFacts, SlotKind};

/// One step of leaving.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitStep {
    /// Every payment and refund has ended.
    Transactions,
    /// The batch is settled.
    Settled,
    /// A statement was held against what was settled last.
    Statement,
    /// The own password is not due.
    Passwords,
    /// Nothing is shown or awaited any more.
    Page,
    /// The connection is closed, and what it was made of forgotten.
    Disconnected,
    /// Keys and session are wiped.
    Wiped,
}

impl ExitStep {
    /// All of them, in their order.
    pub const ALL: [Self; 7] = [
        Self::Transactions,
        Self::Settled,
        Self::Statement,
        Self::Passwords,
        Self::Page,
        Self::Disconnected,
        Self::Wiped,
    ];

    /// The stable word, as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Transactions => "transactions",
            Self::Settled => "settled",
            Self::Statement => "statement",
            Self::Passwords => "passwords",
            Self::Page => "page",
            Self::Disconnected => "disconnected",
            Self::Wiped => "wiped",
        }
    }

    /// Whether the till does it by itself, at the end.
    #[must_use]
    pub fn is_the_tills(self) -> bool {
        matches!(self, Self::Page | Self::Disconnected | Self::Wiped)
    }
}

/// How a step stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum StepState {
    /// It is done, or there is nothing to do.
    Done,
    /// The till does it when everything before is done.
    Ahead,
    /// Something is in the way.
    Blocked,
    /// Somebody leaves all the same.
    Waived {
        /// Who.
        by: String,
        /// Why, in that person's words.
        reason: String,
    },
}

/// What somebody should know who leaves, and what is no reason to stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// What.
    pub code: &'static str,
    /// What is done about it.
    pub remedy: &'static str,
    /// Within how many days.
    pub days_left: u32,
}

/// A step and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExitItem {
    /// Which step.
    pub step: ExitStep,
    /// How it stands.
    #[serde(flatten)]
    pub state: StepState,
    /// What is in the way, or was when it was waived.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blockers: Vec<Blocker>,
    /// What is no reason to stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<Advice>,
}

/// The checklist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExitView {
    /// The steps in their order.
    pub items: Vec<ExitItem>,
    /// Whether the till was left.
    pub is_left: bool,
    /// The signed head with which it was left; nothing where it could not be signed now.
    pub checkpoint: Option<String>,
}

impl ExitView {
    /// Everything that is in the way.
    #[must_use]
    pub fn blockers(&self) -> Vec<Blocker> {
        let blocked = self.items.iter().filter(|item| item.state == StepState::Blocked);
        blocked.flat_map(|item| item.blockers.clone()).collect()
    }

    /// The same list once the till is left.
    pub(super) fn left(mut self, checkpoint: Option<String>) -> Self {
        for item in self.items.iter_mut().filter(|item| item.state == StepState::Ahead) {
            item.state = StepState::Done;
        }
        Self { is_left: true, checkpoint, ..self }
    }
}

impl Till {
    /// The checklist as it stands now.
    pub(super) fn checklist(&mut self, now: Now) -> Result<ExitView, Trouble> {
        let slots = self.with_rows(|vault| vault.slots())?;
        let At::Open(open) = &self.at else { return Err(self.shut(now).into()) };
        let matters = self.matters(&open.engine)?;
        let (advice, password) = own_password(open, slots, now)?;
        let items = ExitStep::ALL.into_iter().map(|step| {
            let blockers = match step {
                ExitStep::Transactions => [matters.under_way.clone(), matters.open.clone()].concat(),
                ExitStep::Settled => matters.unsettled.clone(),
                ExitStep::Statement => unseen_statement(open, &matters)?,
                ExitStep::Passwords => password.clone(),
                ExitStep::Page | ExitStep::Disconnected | ExitStep::Wiped => Vec::new(),
            };
            let state = match blockers.is_empty() {
                true if step.is_the_tills() => StepState::Ahead,
                true => StepState::Done,
                false => StepState::Blocked,
            };
            let advice = advice.filter(|_| step == ExitStep::Passwords);
            Ok(ExitItem { step, state, blockers, advice })
        });
        let items = items.collect::<Result<_, Trouble>>()?;
        Ok(ExitView { items, is_left: false, checkpoint: None })
    }
}

/// What was settled and held against no statement yet.
fn unseen_statement(open: &Open, matters: &Matters) -> Result<Vec<Blocker>, Trouble> {
    let looked_at = statement::last(open.engine.journal())?.map_or(0, |last| last.sequence);
    if matters.last_closed <= looked_at {
        return Ok(Vec::new());
    }
    Ok(vec![Blocker::new("statement_not_looked_at", "").remedied_by("check_statement")])
}

/// Whether the own password is due, or will be soon.
fn own_password(open: &Open, slots: Vec<SlotFacts>, now: Now) -> Result<(Option<Advice>, Vec<Blocker>), Trouble> {
    let house = House::of(open.engine.journal(), now)?;
    let is_own =
        |slot: &SlotFacts| slot.kind == SlotKind::Operator && slot.name.as_ref() == Some(open.session.operator());
    let Some(own) = slots.into_iter().find(is_own) else { return Ok((None, Vec::new())) };
    Ok(match house.age(&own) {
        Ok(days) => {
            (days.map(|days_left| Advice { code: PASSWORD_DUE, remedy: CHANGE_PASSWORD, days_left }), Vec::new())
        }
        Err(_) => (None, vec![Blocker::new(PASSWORD_DUE, "").remedied_by(CHANGE_PASSWORD)]),
    })
}

const PASSWORD_DUE: &str = "password_due";
const CHANGE_PASSWORD: &str = "change_password";
