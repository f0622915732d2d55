//! Evidence as a shell asks for it, and the shop's own records: page by page, so that payments go on meanwhile.
//!
//! A preview comes first and says what would be disclosed. What the caller does with the files is the caller's: each is
//! handed over once, in order, the manifest last.
//!
//! It decides nothing. Evidence: `tests/evidence.rs`.

use crate::error::Error;
use crate::incident::evidence::{BundleFile, Preview, Recipient, Scope};
use crate::incident::records::OwnRecords;
use crate::terminal::Terminal;
use crate::text::Language;
use crate::till::{Ask, EvidenceReply, EvidenceStep, Reply};

impl Terminal {
    /// What a bundle of this would disclose. Nothing is recorded.
    ///
    /// # Errors
    /// `attempt_unknown`, `evidence_period_invalid`, `evidence_empty`, `evidence_too_large`, `not_permitted`,
    /// `till_locked`, and the errors of storage.
    pub fn preview_evidence(&self, scope: &Scope) -> Result<Preview, Error> {
        let mut reply = self.evidence_step(EvidenceStep::Begin(scope.clone()))?;
        loop {
            match reply {
                EvidenceReply::Looking(gathering) => reply = self.evidence_step(EvidenceStep::Look(gathering))?,
                EvidenceReply::Found(preview) => return Ok(*preview),
                _ => unreachable!("the till answers looking with looking, and at last with what it found"),
            }
        }
    }

    /// Journals that whoever is signed in agrees to disclose what this preview lists, and hands the bundle's files to
    /// `each`, the manifest last. Gives how many they are.
    ///
    /// # Errors
    /// `evidence_preview_outdated` where every key was renewed since the preview, `device_keys_unavailable`,
    /// `not_permitted`, `till_locked`, the errors of storage, and the first of `each`. A bundle without its manifest is
    /// none; the agreement stands in the journal all the same.
    pub fn disclose_evidence(
        &self,
        preview: Preview,
        to: Option<Recipient>,
        language: Language,
        each: &mut dyn FnMut(BundleFile) -> Result<(), Error>,
    ) -> Result<u64, Error> {
        let (mut count, mut step) = (0, EvidenceStep::Disclose { preview: Box::new(preview), to, language });
        loop {
            let (files, next) = match self.evidence_step(step)? {
                EvidenceReply::Files(files, disclosure) => (files, Some(disclosure)),
                EvidenceReply::Sealed(files) => (files, None),
                _ => unreachable!("the till answers disclosing with files"),
            };
            count += files.len() as u64;
            files.into_iter().try_for_each(&mut *each)?;
            match next {
                Some(disclosure) => step = EvidenceStep::More(disclosure),
                None => return Ok(count),
            }
        }
    }

    /// One of the files of the shop's own records, a page at a time to `each`; gives how many records it has.
    ///
    /// # Errors
    /// `not_permitted`, `till_locked`, the errors of storage, and the first of `each`.
    pub fn own_records(&self, of: OwnRecords, each: &mut dyn FnMut(&str) -> Result<(), Error>) -> Result<u64, Error> {
        let (mut records, mut after) = (0, None);
        loop {
            let page = match self.answer(Ask::OwnRecords { of, after })? {
                Reply::OwnRecords(page) => page,
                _ => unreachable!("the till answers a wish for records with them"),
            };
            each(&page.text)?;
            records += page.records;
            after = page.next;
            if after.is_none() {
                return Ok(records);
            }
        }
    }

    fn evidence_step(&self, step: EvidenceStep) -> Result<EvidenceReply, Error> {
        match self.answer(Ask::Evidence(step))? {
            Reply::Evidence(reply) => Ok(reply),
            _ => unreachable!("the till answers a step of evidence with one"),
        }
    }
}
