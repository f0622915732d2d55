//! What the journal refuses, and what can be wrong with one.
//!
//! An error says what the owner can do: wait, make room, open again, ask for help. Damage is never repaired
//! here and never passed over: it has a class, and the first sequence at which it shows.
//!
//! It never carries a path, SQL or text from SQLite. Evidence: `tests/journal_tamper.rs` (each class of damage).

use std::fmt;

use crate::error::{Error, ErrorCode};
use crate::ports::{DeviceKeysFault, EntropyFault};

/// Why the journal did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalError {
    /// There is no journal at this path, or its creation was never finished.
    NotThere,
    /// There is one already.
    AlreadyThere,
    /// Another process, or another part of this one, has the till open.
    OpenElsewhere,
    /// Another program holds the database.
    Locked,
    /// The disk is full. Nothing was recorded; debts may still be, from the ballast.
    DiskFull,
    /// A sync failed, now or earlier: the journal refuses everything until it is opened again.
    SyncFailed,
    /// The storage failed in another way: the journal refuses everything until it is opened again.
    StorageFailed,
    /// The fault plan ended the process here; the journal does nothing more.
    Stopped,
    /// The journal is not what was written.
    Damaged(Damaged),
    /// The journal, or an event in it, was written by a newer version.
    Newer,
    /// The device's key store would not open the journal's key.
    DeviceKeys(DeviceKeysFault),
    /// There are no random bytes.
    Entropy,
    /// A fold could not take an event, and the event was not recorded.
    FoldFailed {
        /// The fold.
        fold: &'static str,
        /// What it missed, in its own fixed words.
        why: &'static str,
    },
    /// No fold of this name was registered.
    FoldUnknown,
    /// A side row of this name is there already.
    SideRowExists,
    /// The event is longer than [`super::EVENT_BYTES_MAX`].
    EventTooLong,
    /// There is no event, or no older tree, of this number.
    RecordUnknown {
        /// What was asked for.
        asked: u64,
        /// The last that there is.
        last: u64,
    },
    /// There is no key that signs checkpoints: the till is nobody's yet.
    CheckpointKeyMissing,
    /// The keys that sign checkpoints are not those that were shown.
    CheckpointKeyReplaced,
    /// The cursor was not made by this journal.
    CursorMalformed,
    /// The cursor is a sequence that the journal has not reached.
    CursorBeyondHead {
        /// The last sequence.
        last: u64,
    },
    /// The cursor is before what was acknowledged already.
    CursorAcknowledgedAlready {
        /// What was acknowledged last.
        acknowledged: u64,
    },
}

/// What is damaged, and where it shows first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// The first sequence that cannot be trusted; `None` where the damage is not at an event.
    pub sequence: Option<u64>,
    /// What is wrong there.
    pub damage: Damage,
}

/// Classes of damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Damage {
    /// The event is not there, and later ones are.
    Missing,
    /// The events from here on are not there, and the head says that they were.
    TailMissing,
    /// The event is there, and the head does not know it: an older head was put back, or the event was added.
    BeyondHead,
    /// The event's seal does not open: its bytes, its place or its past were changed.
    Seal,
    /// The event's leaf hash is not that of its bytes.
    LeafHash,
    /// A stored node of the tree is not the hash of what is below it.
    TreeNode,
    /// The event opens, and is not an event of this sequence.
    Envelope,
    /// The head's root, frontier or MAC is wrong.
    Head,
    /// These are not the journal's keys: one is missing or another's, or what is stored under them was changed.
    Keys,
    /// A side row is missing, changed, or should have been destroyed.
    SideRow,
    /// A projection is not what the events say.
    Projection,
    /// What a reader has acknowledged is not what it said.
    Acknowledgement,
    /// The database file itself is malformed.
    Database,
}

impl Damage {
    /// The stable word, as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::TailMissing => "tail_missing",
            Self::BeyondHead => "beyond_head",
            Self::Seal => "seal",
            Self::LeafHash => "leaf_hash",
            Self::TreeNode => "tree_node",
            Self::Envelope => "envelope",
            Self::Head => "head",
            Self::Keys => "keys",
            Self::SideRow => "side_row",
            Self::Projection => "projection",
            Self::Acknowledgement => "acknowledgement",
            Self::Database => "database",
        }
    }

    /// The same damage, showing first at `sequence`.
    pub(super) fn at(self, sequence: u64) -> JournalError {
        JournalError::Damaged(Damaged { sequence: Some(sequence), damage: self })
    }

    /// The same damage, at no event in particular.
    pub(super) fn anywhere(self) -> JournalError {
        JournalError::Damaged(Damaged { sequence: None, damage: self })
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Error::from(self.clone()), f)
    }
}

impl std::error::Error for JournalError {}

impl From<DeviceKeysFault> for JournalError {
    fn from(fault: DeviceKeysFault) -> Self {
        Self::DeviceKeys(fault)
    }
}

impl From<EntropyFault> for JournalError {
    fn from(_: EntropyFault) -> Self {
        Self::Entropy
    }
}

impl From<JournalError> for Error {
    fn from(error: JournalError) -> Self {
        use JournalError as E;
        match error {
            E::NotThere => ErrorCode::NotProvisioned.into(),
            E::AlreadyThere => ErrorCode::AlreadyProvisioned.into(),
            E::OpenElsewhere => ErrorCode::TillOpenElsewhere.into(),
            E::Locked => ErrorCode::DatabaseLocked.into(),
            E::DiskFull => ErrorCode::DiskFull.into(),
            E::SyncFailed => ErrorCode::SyncFailed.into(),
            E::StorageFailed => ErrorCode::StorageFailed.into(),
            E::Stopped => ErrorCode::StoppedByFaultPlan.into(),
            E::Damaged(Damaged { sequence, damage }) => {
                let error = Self::from(ErrorCode::JournalDamaged).word("damage", damage.word());
                match sequence {
                    Some(sequence) => error.at_sequence(sequence),
                    None => error,
                }
            }
            E::Newer => ErrorCode::JournalNewer.into(),
            E::DeviceKeys(fault) => fault.into(),
            E::Entropy => ErrorCode::EntropyFailed.into(),
            E::FoldFailed { fold, why } => Self::from(ErrorCode::StorageFailed).word("fold", fold).word("why", why),
            E::FoldUnknown => Self::from(ErrorCode::StorageFailed).word("why", "fold_unknown"),
            E::SideRowExists => Self::from(ErrorCode::StorageFailed).word("why", "side_row_exists"),
            E::EventTooLong => Self::from(ErrorCode::StorageFailed).word("why", "event_too_long"),
            E::RecordUnknown { asked, last } => {
                Self::from(ErrorCode::RecordUnknown).number("asked", asked).number("last", last)
            }
            E::CheckpointKeyMissing => ErrorCode::TillUnclaimed.into(),
            E::CheckpointKeyReplaced => ErrorCode::EvidencePreviewOutdated.into(),
            E::CursorMalformed => Self::from(ErrorCode::IdentifierMalformed)
                .word("what", "cursor")
                .word("rule", "one that this till gave"),
            E::CursorBeyondHead { last } => Self::from(ErrorCode::CursorBeyondHead).number("last", last),
            E::CursorAcknowledgedAlready { acknowledged } => {
                Self::from(ErrorCode::CursorAcknowledgedAlready).number("acknowledged", acknowledged)
            }
        }
    }
}
