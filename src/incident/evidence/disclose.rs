//! The disclosure: somebody agrees to a preview, which is journalled; then the bundle's files, a few at a time.
//!
//! The order is: the event of the agreement, which says which records and to whom; a signed checkpoint over it; the
//! files, each proof leading to that checkpoint; last the manifest with its signatures. A bundle without its manifest
//! is none, so one that was cut off proves nothing to anybody. The records are those of the preview, whatever has
//! happened since; but the keys that sign must be on record among them, so a preview ends when every key is renewed.
//!
//! It never discloses before the agreement is durable. Evidence: `tests/evidence.rs`, `incident/evidence/verify/tests.rs`.

use serde_json::to_value;

use crate::account::Configuration;
use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::hex::encode_lower;
use crate::incident::evidence::gather::{Preview, ShownRecord};
use crate::incident::evidence::manifest::{
    CHECKPOINT_NOTE, Consent, EVIDENCE_VERSION, FORMAT, HeadFacts, KEYS, ListedFile, ListedSlip, MANIFEST,
    MANIFEST_ED25519, MANIFEST_ES256, Manifest, READ_ME, TillFacts, digest_of, event_file, slip_files,
};
use crate::incident::evidence::scope::Recipient;
use crate::journal::{CheckpointReason, Draft, Head, Journal, JournalError, SideWork};
use crate::merkle::{ConsistencyText, InclusionText, Note};
use crate::payment::{books, slip};
use crate::receipt::{Columns, Copy};
use crate::text::{Catalogue, Language};

/// A file of a bundle, to be put where the bundle is collected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleFile {
    /// Its name, with `/` between folders.
    pub name: String,
    /// Its bytes.
    pub contents: Vec<u8>,
}

/// A disclosure that was agreed to.
#[derive(Clone, Debug)]
pub struct Disclosure {
    preview: Preview,
    language: Language,
    /// The signed head, which every proof leads to.
    note: Note,
    head: Head,
    consent: u64,
    /// How many records and receipts are out.
    records_out: usize,
    slips_out: usize,
    slips: Vec<ListedSlip>,
    files: Vec<ListedFile>,
}

impl Disclosure {
    /// Journals that `by` agrees to disclose what the preview lists, and signs the journal's head over it.
    ///
    /// # Errors
    /// [`JournalError::CheckpointKeyReplaced`] where other keys sign than when the preview was made, and those of the
    /// journal and of the device's keys; nothing is disclosed then.
    pub fn begin(
        journal: &mut Journal,
        preview: Preview,
        to: Option<Recipient>,
        language: Language,
        by: String,
        now: Now,
    ) -> Result<Self, JournalError> {
        preview.is_signed_for(journal)?;
        let sequences = preview.records.iter().map(|record| record.sequence);
        let records = preview.records.len() as u64;
        let consent = Consent { scope: preview.scope.clone(), to, records, digest: digest_of(sequences) };
        let body = to_value(&consent).expect("a consent has text keys");
        let draft =
            Draft { kind: DISCLOSED, v: 1, attempt: None, operator: Some(by.clone()), body, may_use_ballast: false };
        let consent = journal.append(draft, SideWork::None, now)?.sequence;
        let note = journal.checkpoint(CheckpointReason::Evidence, Some(by), now)?;
        let head = journal.head();
        let (slips, files) = (Vec::new(), Vec::new());
        Ok(Self { preview, language, note, head, consent, records_out: 0, slips_out: 0, slips, files })
    }

    /// The next files; none when the manifest is all that is left.
    ///
    /// # Errors
    /// `evidence_preview_outdated` where other keys sign by now, and those of the journal.
    pub fn more(&mut self, journal: &Journal, configuration: &Configuration) -> Result<Vec<BundleFile>, Error> {
        self.preview.is_signed_for(journal)?;
        let mut files = Vec::new();
        if self.files.is_empty() {
            files.push(text_file(KEYS, journal.public_key()?));
            files.push(text_file(CHECKPOINT_NOTE, self.note.to_string()));
            files.push(text_file(READ_ME, read_me(Catalogue::of(self.language))));
        }
        for _ in 0..RECORDS_AT_ONCE {
            match self.next_record() {
                Some(sequence) => files.push(self.record(journal, sequence)?),
                None => files.extend(self.next_slip(journal, configuration)?),
            }
        }
        self.files.extend(files.iter().map(|file| ListedFile::of(file.name.clone(), &file.contents)));
        Ok(files)
    }

    /// The manifest and its signatures: the last files.
    ///
    /// # Errors
    /// `evidence_preview_outdated` where other keys sign by now, and those of the journal and of the device's keys.
    pub fn seal(mut self, journal: &Journal, configuration: &Configuration) -> Result<Vec<BundleFile>, Error> {
        self.preview.is_signed_for(journal)?;
        let mut events: Vec<u64> = self.preview.records.iter().map(|record| record.sequence).collect();
        events.push(self.consent);
        self.files.sort_by(|left, right| left.name.cmp(&right.name));
        let manifest = Manifest {
            format: FORMAT.to_owned(),
            version: EVIDENCE_VERSION,
            scope: self.preview.scope,
            till: TillFacts {
                origin: origin(&self.note),
                terminal_id: configuration.terminal_id.clone(),
                merchant_id: configuration.merchant_id.clone(),
                merchant: configuration.merchant.name.clone(),
                time_zone: configuration.time_zone.clone(),
            },
            checkpoint: HeadFacts { size: self.head.size, root: encode_lower(&self.head.root) },
            run: self.preview.run,
            consent: self.consent,
            events,
            slips: self.slips,
            files: self.files,
        };
        let list = manifest.to_bytes();
        let signatures = journal.sign_evidence(&list)?;
        let file = |name: &str, contents| BundleFile { name: name.to_owned(), contents };
        let mut files = vec![file(MANIFEST_ED25519, signatures.ed25519)];
        files.extend(signatures.es256.map(|signature| file(MANIFEST_ES256, signature)));
        files.push(file(MANIFEST, list));
        Ok(files)
    }

    fn next_record(&mut self) -> Option<u64> {
        let record = self.preview.records.get(self.records_out).map(|record: &ShownRecord| record.sequence);
        // The agreement itself comes after all that it is about.
        let next = record.or((self.records_out == self.preview.records.len()).then_some(self.consent));
        self.records_out += usize::from(next.is_some());
        next
    }

    fn record(&self, journal: &Journal, sequence: u64) -> Result<BundleFile, Error> {
        let unknown = JournalError::RecordUnknown { asked: sequence, last: self.head.size };
        let record = journal.record_at(sequence, self.head.size)?.ok_or(unknown)?;
        let checkpoint = self.note.clone();
        let text = InclusionText { extra: record.bytes, index: sequence - 1, proof: record.proof, checkpoint };
        Ok(text_file(&event_file(sequence), text.to_string()))
    }

    /// The next receipt, with the proof that the journal was at its record what it says.
    fn next_slip(&mut self, journal: &Journal, configuration: &Configuration) -> Result<Vec<BundleFile>, Error> {
        let Some(attempt) = self.preview.slips.get(self.slips_out).cloned() else { return Ok(Vec::new()) };
        self.slips_out += 1;
        let unknown = || Error::from(ErrorCode::AttemptUnknown).of_attempt(&attempt);
        let view = books::shown(journal, &attempt)?.ok_or_else(unknown)?;
        let sequence = view.journal.sequence;
        // A receipt of what is not disclosed, or came of the payment since, was not agreed to.
        if self.preview.records.binary_search_by_key(&sequence, |record| record.sequence).is_err() {
            return Ok(Vec::new());
        }
        let (columns, copy) = (Columns::C48, Copy::Merchant);
        let request = slip::ReceiptRequest { columns, language: self.language, copy };
        let text = slip::print(configuration, &view, u32::MAX, request)?;
        let proof = journal.consistency(sequence, self.head.size)?;
        let proof = ConsistencyText { old_size: sequence, proof, checkpoint: self.note.clone() };
        self.slips.push(ListedSlip { attempt, sequence, root: view.journal.root });
        let [slip, consistency] = slip_files(self.slips.len());
        Ok(vec![text_file(&slip, text), text_file(&consistency, proof.to_string())])
    }
}

/// What somebody reads who was given the folder and nothing else: paragraphs, with the command on a line of its own.
fn read_me(words: &Catalogue) -> String {
    let [what, files, change, command, how] =
        ["what", "files", "change", "command", "how"].map(|part| words.say(&format!("evidence.read_me_{part}"), &[]));
    format!("{what}\n\n{files}\n\n{change}\n\n    {command}\n\n{how}\n")
}

fn text_file(name: &str, text: String) -> BundleFile {
    BundleFile { name: name.to_owned(), contents: text.into_bytes() }
}

/// The journal's name, as the checkpoint says it.
fn origin(note: &Note) -> String {
    note.text().lines().next().unwrap_or_default().to_owned()
}

/// The event with which somebody agrees to a disclosure.
pub const DISCLOSED: &str = "evidence.disclosed";
/// How many records or receipts are given out at once: a few milliseconds of the till's time.
const RECORDS_AT_ONCE: usize = 32;
