//! The keys of a till: another master key, and what is signed and proved with the journal's own.
//!
//! A rotation puts the new master key into every slot's box and is journalled in the same transaction; from then on
//! what is new is sealed under it. What is old is sealed anew in steps, between other work; a run that ends meanwhile
//! goes on with it at the next sign-in, because the journal itself says what is left. Then the old key is forgotten.
//!
//! It never shows a key. Evidence: `tests/people_kills.rs`.

use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::ids::OperatorName;
use crate::journal::{CheckpointReason, Journal, SideWork};
use crate::session::Permit;
use crate::session::actions::{MakeCheckpoint, ProveConsistency, ProveRecord, ReadPublicKey, RotateKeys};
use crate::till::events;
use crate::till::exchange::{ProofOf, Reply};
use crate::till::gate::Answer;
use crate::till::record::Trouble;
use crate::till::{At, Open, Till};
use crate::vault::MasterKeys;

impl Till {
    pub(super) fn rotate_keys(&mut self, permit: Permit<RotateKeys>, now: Now) -> Result<Answer, Trouble> {
        let _by = permit.spend();
        self.not_deriving()?;
        self.check_no_rotation()?;
        let reply = self.with_open(now, |till, open| {
            let by = open.session.operator().clone();
            let journal = open.engine.journal_mut();
            let (change, masters) = till.vault(journal).rotate(&open.opened, None)?;
            let draft = events::key_rotated(&by, masters.generation());
            till.record(journal, draft, SideWork::None, change, now)?;
            open.go_over_to(masters)?;
            Ok(Reply::Done)
        })?;
        Ok(Answer::Now(reply))
    }

    /// One rotation at a time.
    pub(super) fn check_no_rotation(&self) -> Result<(), Trouble> {
        match &self.at {
            At::Open(open) if open.opened.masters().older().next().is_some() => {
                Err(ErrorCode::KeyRotationUnfinished.into())
            }
            _ => Ok(()),
        }
    }

    /// Seals a few more rows under the present key, and forgets the older ones when none is left.
    pub(super) fn seal_anew(&mut self, now: Now) -> Result<(), Trouble> {
        let is_due = match &self.at {
            // What waits for the platform has a copy of the keys as they were.
            At::Open(open) => open.opened.masters().older().next().is_some() && !self.is_busy() && self.flow.is_none(),
            _ => false,
        };
        let rests = self.sealing_rests.is_some_and(|until| until > now.mono);
        if !is_due || rests || self.stopped.is_some() {
            return Ok(());
        }
        self.sealing_rests = None;
        let done = self.with_open(now, |till, open| {
            let journal = open.engine.journal_mut();
            if journal.is_resealing() {
                journal.reseal_step(RESEALED_ROWS)?;
            }
            // The boxes lose an older key only once nothing of the journal is sealed under it.
            let is_over = journal.generation() == open.opened.masters().generation();
            if !is_over {
                journal.rotate(open.opened.masters().keyring())?;
            } else if !journal.is_resealing() {
                let (change, masters) = till.vault(journal).forget_older(&open.opened)?;
                till.change(journal, change)?;
                open.opened.adopt(masters);
            }
            Ok(())
        });
        match done {
            // A disk that is full, say: it is tried again, and not at once.
            Err(Trouble::Refused(_)) => {
                self.sealing_rests = Some(now.mono.after_ms(REST_MS));
                Ok(())
            }
            done => done,
        }
    }

    /// Verifies a few more events while nothing else is to be done, until all of them were, once after each unlocking.
    pub(super) fn verify_on(&mut self, now: Now) -> Result<(), Trouble> {
        if self.stopped.is_some() || self.is_busy() || !self.is_verifying() {
            return Ok(());
        }
        self.with_open(now, |_, open| match open.engine.journal_mut().verify_step(VERIFIED_EVENTS) {
            Ok(_) => Ok(()),
            // What is not as it was written is no journal to go on with.
            Err(error) => Err(Trouble::Over(error.into())),
        })
    }

    pub(super) fn is_verifying(&self) -> bool {
        matches!(&self.at, At::Open(open) if open.engine.journal().verified().is_none())
    }

    pub(super) fn checkpoint(&mut self, permit: Permit<MakeCheckpoint>, now: Now) -> Result<Answer, Trouble> {
        let by = Some(permit.spend());
        let note = self.with_open(now, |_, open| {
            Ok(open.engine.journal_mut().checkpoint(CheckpointReason::Asked, by, now)?.to_string())
        })?;
        Ok(Answer::Now(Reply::Text(note)))
    }

    pub(super) fn prove(&mut self, permit: Permit<ProveRecord>, of: &ProofOf, now: Now) -> Result<Answer, Trouble> {
        let _by = permit.spend();
        let At::Open(open) = &self.at else { return Err(self.shut(now).into()) };
        let sequence = match of {
            ProofOf::Sequence(sequence) => *sequence,
            ProofOf::Attempt(attempt) => {
                let found = open.engine.sequence_of(attempt)?;
                found.ok_or_else(|| Error::from(ErrorCode::AttemptUnknown).of_attempt(attempt))?
            }
        };
        Ok(Answer::Now(Reply::Text(open.engine.journal().prove(sequence)?.to_string())))
    }

    pub(super) fn consistency(
        &mut self,
        permit: Permit<ProveConsistency>,
        old_size: u64,
        now: Now,
    ) -> Result<Answer, Trouble> {
        let _by = permit.spend();
        let At::Open(open) = &self.at else { return Err(self.shut(now).into()) };
        Ok(Answer::Now(Reply::Text(open.engine.journal().prove_consistency(old_size)?.to_string())))
    }

    pub(super) fn public_key(&mut self, permit: Permit<ReadPublicKey>) -> Result<Answer, Trouble> {
        let _by = permit.spend();
        let At::Open(open) = &self.at else { return Err(ErrorCode::TillLocked.into()) };
        Ok(Answer::Now(Reply::Text(open.engine.journal().every_public_key()?)))
    }

    /// The checkpoint that a sign-out or a number of events asks for. Without room or a device key it is not made.
    pub(super) fn sign_the_head(
        &self,
        journal: &mut Journal,
        reason: CheckpointReason,
        operator: &OperatorName,
        now: Now,
    ) -> Result<Option<String>, Trouble> {
        match journal.checkpoint(reason, Some(operator.to_string()), now).map_err(Trouble::from) {
            Ok(note) => Ok(Some(note.to_string())),
            Err(Trouble::Refused(_)) => Ok(None),
            Err(over) => Err(over),
        }
    }

    /// A checkpoint when a batch is closed, and each time that so many events have come, once nobody waits for anything.
    pub(super) fn sign_now_and_then(&mut self, now: Now) -> Result<(), Trouble> {
        if self.stopped.is_some() || self.is_busy() || !matches!(self.at, At::Open(_)) {
            return Ok(());
        }
        self.with_open(now, |till, open| {
            let operator = open.session.operator().clone();
            let has_closed = open.engine.has_closed_a_batch();
            let journal = open.engine.journal_mut();
            if has_closed {
                till.sign_the_head(journal, CheckpointReason::BatchClose, &operator, now)?;
            }
            let size = journal.head().size;
            let is_due = CheckpointReason::is_routine_due(open.looked_at, size, open.checkpoint_every);
            if is_due {
                till.sign_the_head(journal, CheckpointReason::Routine, &operator, now)?;
            }
            open.looked_at = journal.head().size;
            Ok(())
        })
    }
}

impl Open {
    /// The journal follows the boxes, which have another master key already. Where it cannot, the run is over: the
    /// next unlocking, which has both keys, ends what was begun.
    pub(super) fn go_over_to(&mut self, masters: MasterKeys) -> Result<(), Trouble> {
        self.opened.adopt(masters);
        let keyring = self.opened.masters().keyring();
        self.engine.journal_mut().rotate(keyring).map_err(|error| Trouble::Over(error.into()))
    }
}

/// How many events one step verifies: a few milliseconds.
const VERIFIED_EVENTS: usize = 64;
/// How long a disk without room is left alone, in milliseconds.
const REST_MS: u64 = 1_000;
/// How many rows one step seals anew: a few milliseconds.
const RESEALED_ROWS: usize = 200;
