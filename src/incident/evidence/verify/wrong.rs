//! What can be wrong with a bundle: a closed list, each with a stable word and a sentence in every language.
//!
//! It never says who did it. Evidence: `incident/evidence/verify/tests.rs`.

use serde::Serialize;

macro_rules! wrongs {
    ($($(#[$doc:meta])* $variant:ident = $word:literal,)+) => {
        /// What is wrong with a bundle.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum Wrong {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)+
        }

        impl Wrong {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable word, as in JSON.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    };
}

wrongs! {
    /// The archive has bytes that belong to none of its files.
    ArchivePadded = "archive_padded",
    /// The archive has two files of one name.
    FileTwice = "file_twice",
    /// A file's name leads out of the bundle, or is listed twice.
    FileName = "file_name",
    /// A file that is listed is not there.
    FileMissing = "file_missing",
    /// A file is there that is not listed.
    FileAdded = "file_added",
    /// A file is not the one that was listed.
    FileChanged = "file_changed",
    /// The keys cannot be read.
    KeysUnreadable = "keys_unreadable",
    /// The journal's own record of its keys is not among the records.
    KeysUnrecorded = "keys_unrecorded",
    /// The keys are not those that the journal recorded.
    KeysChanged = "keys_changed",
    /// The list has no signature of the journal's own key.
    ManifestUnsigned = "manifest_unsigned",
    /// The list has a signature that is not the journal's over it.
    ManifestSignature = "manifest_signature",
    /// The journal has a key of the device, and the device did not sign the list.
    DeviceUnsigned = "device_unsigned",
    /// The list has a signature that is not the device's over it.
    DeviceSignature = "device_signature",
    /// The checkpoint is none.
    CheckpointUnreadable = "checkpoint_unreadable",
    /// The checkpoint is not signed by the journal's own key.
    CheckpointSignature = "checkpoint_signature",
    /// The journal has a key of the device, and the device did not sign the checkpoint.
    CheckpointDevice = "checkpoint_device",
    /// The checkpoint is of another journal.
    CheckpointOrigin = "checkpoint_origin",
    /// The checkpoint is not the one that the list names.
    CheckpointOther = "checkpoint_other",
    /// A record cannot be read.
    EventUnreadable = "event_unreadable",
    /// A record is not, word for word, where it says to be in the journal.
    EventNotInJournal = "event_not_in_journal",
    /// A record's number is not its place.
    EventMisnumbered = "event_misnumbered",
    /// A record comes with another checkpoint than the bundle's.
    EventOtherCheckpoint = "event_other_checkpoint",
    /// A record is listed and not disclosed, or disclosed and not listed.
    EventUnlisted = "event_unlisted",
    /// The records are not listed in order, each once.
    EventsOutOfOrder = "events_out_of_order",
    /// A record of the stretch that is said to be whole is missing.
    EventMissing = "event_missing",
    /// A record has nothing to do with what the bundle is about.
    EventBeyondScope = "event_beyond_scope",
    /// A bundle of an incident has no record of a freeze.
    FreezeMissing = "freeze_missing",
    /// The record of the agreement to the disclosure is missing.
    ConsentMissing = "consent_missing",
    /// What was agreed to is not what is disclosed.
    ConsentOther = "consent_other",
    /// A receipt is of a payment, or of a record, that is not disclosed.
    SlipBeyondScope = "slip_beyond_scope",
    /// The journal was at a receipt's record not what the receipt says.
    SlipNotInJournal = "slip_not_in_journal",
    /// A receipt does not print the record that it is listed with.
    SlipOther = "slip_other",
    /// Something looks like a whole card number.
    CardNumber = "card_number",
}

/// Something that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub what: Wrong,
    /// In which file, where it is one.
    pub file: Option<String>,
    /// Which record, where it is one.
    pub sequence: Option<u64>,
}
