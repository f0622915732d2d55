//! Which records belong to what is wanted: looked for page by page, so that payments go on meanwhile.
//!
//! A transaction is what its events name: the sale, and every void that says to be of it. A period is a stretch of the
//! journal without a gap, from the first record whose time is in it to the last, by the till's own clock; so nothing of
//! it can be left out unseen. To either come the record of the journal's keys and the sign-on under which a payment was sent.
//!
//! It never shows what a record says. Evidence: `tests/evidence.rs`.

use crate::clock::WallMs;
use crate::error::{Error, ErrorCode};
use crate::ids::AttemptId;
use crate::incident::evidence::manifest::Run;
use crate::incident::evidence::scope::Scope;
use crate::journal::{Event, Journal, JournalError, KEY_MADE};
use crate::payment::{Kind, books, slip};

/// Looks for the records of one bundle.
#[derive(Clone, Debug)]
pub struct Gathering {
    scope: Scope,
    /// The attempts of the transaction; of a period all that are met.
    attempts: Vec<AttemptId>,
    /// Up to where the journal was looked at.
    at: u64,
    /// How long it was when the looking began.
    end: u64,
    records: Vec<ShownRecord>,
    /// Records of a period that count only if a later one is in it too.
    meanwhile: Vec<ShownRecord>,
    keys: Option<ShownRecord>,
    sign_on: Option<ShownRecord>,
}

/// A record that would be disclosed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownRecord {
    /// Its place in the journal, from 1.
    pub sequence: u64,
    /// What happened, as `attempt.approved`.
    pub kind: String,
    /// When, by the till's clock.
    pub at_ms: WallMs,
    /// Who was signed in.
    pub operator: Option<String>,
    /// The attempt that it is about.
    pub attempt: Option<AttemptId>,
}

/// What would be disclosed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// Of what.
    pub scope: Scope,
    /// Every record, in order.
    pub records: Vec<ShownRecord>,
    /// Where it is a stretch without a gap: from where to where.
    pub run: Option<Run>,
    /// The payments in it of which there is a receipt, which is disclosed too.
    pub slips: Vec<AttemptId>,
    /// The people whose names stand in it.
    pub operators: Vec<String>,
    /// How many records the journal has, which everybody learns.
    pub size: u64,
}

impl Gathering {
    /// Begins to look.
    ///
    /// # Errors
    /// `attempt_unknown`, `evidence_period_invalid`, and those of the journal.
    pub fn begin(journal: &Journal, scope: Scope) -> Result<Self, Error> {
        let mut gathering = Self {
            attempts: Vec::new(),
            at: 0,
            end: journal.head().size,
            records: Vec::new(),
            meanwhile: Vec::new(),
            keys: keys_of(journal)?,
            sign_on: None,
            scope,
        };
        match gathering.scope.clone() {
            Scope::Attempt { attempt } => gathering.begin_attempt(journal, &attempt)?,
            scope => match scope.instants() {
                Some((from, to)) if from < to => {}
                _ => return Err(ErrorCode::EvidencePeriodInvalid.into()),
            },
        }
        Ok(gathering)
    }

    /// Looks at a page more. Says whether there is nothing more to be looked at.
    ///
    /// # Errors
    /// `evidence_too_large`, and those of the journal.
    pub fn look(&mut self, journal: &Journal) -> Result<bool, Error> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        for event in journal.events_after(self.at, left.min(PAGE_EVENTS))? {
            self.at = event.sequence;
            self.look_at(&event);
        }
        if self.records.len() > RECORDS_MAX {
            return Err(Error::from(ErrorCode::EvidenceTooLarge).number("records_max", RECORDS_MAX as u64));
        }
        Ok(self.at == self.end)
    }

    /// What was found.
    ///
    /// # Errors
    /// `evidence_empty` where nothing was, and those of the journal.
    pub fn preview(self, journal: &Journal) -> Result<Preview, Error> {
        let mut records = self.records;
        let (Some(first), Some(last)) = (records.first(), records.last()) else {
            return Err(ErrorCode::EvidenceEmpty.into());
        };
        let stretch = Run { first: first.sequence, last: last.sequence };
        let run = self.scope.instants().map(|_| stretch);
        if matches!(self.scope, Scope::Incident { .. }) && !records.iter().any(|record| record.kind == FROZEN) {
            return Err(Error::from(ErrorCode::EvidenceEmpty).word("lacks", "freeze"));
        }
        for beside in [self.keys, self.sign_on].into_iter().flatten() {
            if let Err(at) = records.binary_search_by_key(&beside.sequence, |record| record.sequence) {
                records.insert(at, beside);
            }
        }
        let mut operators: Vec<String> = records.iter().filter_map(|record| record.operator.clone()).collect();
        operators.sort();
        operators.dedup();
        let mut slips = Vec::new();
        for attempt in self.attempts {
            if books::shown(journal, &attempt)?.is_some_and(|view| slip::has_slip(view.state)) {
                slips.push(attempt);
            }
        }
        Ok(Preview { scope: self.scope, run, slips, operators, size: journal.head().size, records })
    }

    /// A void and its sale are one transaction, by whichever of the two it is named.
    fn begin_attempt(&mut self, journal: &Journal, attempt: &AttemptId) -> Result<(), Error> {
        let unknown = || Error::from(ErrorCode::AttemptUnknown).of_attempt(attempt);
        let named = books::attempt(journal, attempt)?.ok_or_else(unknown)?;
        let sale = match (&named.view.kind, &named.view.of) {
            (Kind::Void, Some(of)) => books::attempt(journal, of)?.ok_or_else(unknown)?,
            _ => named,
        };
        // A sign-on comes shortly before the first payment of a run.
        self.at = sale.opened_at.saturating_sub(SIGN_ON_BEFORE);
        self.attempts.push(sale.view.attempt);
        Ok(())
    }

    fn look_at(&mut self, event: &Event) {
        match self.scope.instants() {
            None => self.look_at_transaction(event),
            Some((from, to)) => self.look_at_period(event, from, to),
        }
    }

    fn look_at_transaction(&mut self, event: &Event) {
        let Some(attempt) = &event.attempt else {
            // The one under which the payment was sent: a later one says nothing of it.
            if event.kind == SIGNED_ON && self.records.len() <= 1 {
                self.sign_on = Some(ShownRecord::of(event));
            }
            return;
        };
        let is_of = |known: &[AttemptId]| void_of(event).is_some_and(|of| known.first() == Some(&of));
        if !self.attempts.contains(attempt) && is_of(&self.attempts) {
            self.attempts.push(attempt.clone());
        }
        if self.attempts.contains(attempt) {
            self.records.push(ShownRecord::of(event));
        }
    }

    fn look_at_period(&mut self, event: &Event, from: WallMs, to: WallMs) {
        let is_in = (from..to).contains(&event.now.wall);
        if is_in {
            self.records.append(&mut self.meanwhile);
            self.records.push(ShownRecord::of(event));
        } else if !self.records.is_empty() && self.meanwhile.len() <= RECORDS_MAX {
            // A clock that was set back and forth may come back into the period: then these are too many.
            self.meanwhile.push(ShownRecord::of(event));
        }
        if is_in
            && let Some(attempt) = &event.attempt
            && !self.attempts.contains(attempt)
        {
            self.attempts.push(attempt.clone());
        }
    }
}

impl Preview {
    /// Whether what signs now is on record among what was shown: by other keys its bundle would not hold.
    pub(super) fn is_signed_for(&self, journal: &Journal) -> Result<(), JournalError> {
        let shown = self.records.iter().rfind(|record| record.kind == KEY_MADE).map(|record| record.sequence);
        let now = journal.checkpoint_key_event()?;
        if shown == Some(now) { Ok(()) } else { Err(JournalError::CheckpointKeyReplaced) }
    }
}

impl ShownRecord {
    fn of(event: &Event) -> Self {
        Self {
            sequence: event.sequence,
            kind: event.kind.clone(),
            at_ms: event.now.wall,
            operator: event.operator.clone(),
            attempt: event.attempt.clone(),
        }
    }
}

/// The record of the keys with which is signed now; nothing where there are none, which the disclosure will say.
fn keys_of(journal: &Journal) -> Result<Option<ShownRecord>, Error> {
    let sequence = match journal.checkpoint_key_event() {
        Ok(sequence) => sequence,
        Err(JournalError::CheckpointKeyMissing) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    Ok(journal.event(sequence)?.as_ref().map(ShownRecord::of))
}

/// The sale that an event says its attempt to be a void of.
pub(super) fn void_of(event: &Event) -> Option<AttemptId> {
    let of = event.body.get("of").filter(|_| event.kind.starts_with("attempt."))?;
    AttemptId::new(of.as_str()?).ok()
}

/// The most records of one bundle.
const RECORDS_MAX: usize = 20_000;
/// How many records before a payment a sign-on is looked for.
const SIGN_ON_BEFORE: u64 = 64;
/// How many events are looked at at once: a few milliseconds of the till's time.
const PAGE_EVENTS: usize = 256;
/// The till signed on at its host.
pub(super) const SIGNED_ON: &str = "host.signed_on";
/// The till was frozen.
pub(super) const FROZEN: &str = "till.frozen";
