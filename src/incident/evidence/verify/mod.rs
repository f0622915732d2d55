//! What a bundle proves: a pure question to its files. No till, no network, no key is opened for it.
//!
//! Every check looks at the bundle as somebody may have changed it who could sign the rest of it anew, so that each
//! stands by itself: the tests tamper once for each of them, and ask once more a verifier that lacks it, which then
//! finds nothing. Everything that is wrong is named, not only the first.
//!
//! It never says more than the signatures, the hashes and the journal's own clock can carry. Evidence:
//! `incident/evidence/verify/tests.rs`.

mod checks;
mod verdict;
mod wrong;

use std::collections::BTreeMap;

use crate::error::{Error, ErrorCode};
use crate::incident::evidence::bundle::Bundle;
use crate::incident::evidence::manifest::{KEYS, Manifest};
use crate::journal::Event;
use crate::merkle::{Checkpoint, VerifierKey};

pub use verdict::{Facts, Sentences, Verdict};
pub use wrong::{Finding, Wrong};

/// Checks a bundle. With `known`, the keys of a till that somebody trusts (`taptill public-key`), its own must be those.
///
/// # Errors
/// `evidence_not_a_bundle`, `evidence_newer`, `evidence_of_another_till`. What is wrong with a bundle that is one is no
/// error but in the verdict.
pub fn verify(bundle: &Bundle, known: &[VerifierKey]) -> Result<Verdict, Error> {
    verify_without(bundle, known, None)
}

/// The same by a verifier that lacks a check, as the tests want one to fail.
fn verify_without(bundle: &Bundle, known: &[VerifierKey], lacks: Option<Wrong>) -> Result<Verdict, Error> {
    let manifest = Manifest::read(bundle.manifest()?)?;
    let mut look = Look::new(bundle, &manifest, lacks);
    look.at_files();
    look.at_keys();
    if !known.is_empty() && !known.iter().any(|known| look.keys.contains(known)) {
        return Err(ErrorCode::EvidenceOfAnotherTill.into());
    }
    look.at_manifest_signatures();
    look.at_checkpoint();
    look.at_events();
    look.at_scope();
    look.at_consent();
    look.at_slips();
    look.at_card_numbers();
    Ok(Verdict { facts: Facts::of(&look, !known.is_empty()), findings: look.findings })
}

/// One bundle being looked at.
struct Look<'a> {
    bundle: &'a Bundle,
    manifest: &'a Manifest,
    lacks: Option<Wrong>,
    /// The keys that the bundle brings.
    keys: Vec<VerifierKey>,
    /// The head that they signed, if they did.
    head: Option<Checkpoint>,
    /// The records that were read, proven or not; what is not is a finding.
    events: BTreeMap<u64, Event>,
    findings: Vec<Finding>,
}

impl<'a> Look<'a> {
    fn new(bundle: &'a Bundle, manifest: &'a Manifest, lacks: Option<Wrong>) -> Self {
        let (keys, head, events, findings) = (Vec::new(), None, BTreeMap::new(), Vec::new());
        Self { bundle, manifest, lacks, keys, head, events, findings }
    }

    /// The one door through which a finding goes.
    fn find(&mut self, what: Wrong, file: Option<&str>, sequence: Option<u64>) {
        if self.lacks != Some(what) {
            self.findings.push(Finding { what, file: file.map(str::to_owned), sequence });
        }
    }

    /// The lines of the bundle's keys; nothing for what is not a list of them.
    fn keys_of_bundle(&self) -> Option<Vec<VerifierKey>> {
        let text = str::from_utf8(self.bundle.file(KEYS)?).ok()?;
        let keys: Vec<VerifierKey> = text.lines().map(VerifierKey::parse).collect::<Result<_, _>>().ok()?;
        let in_order = matches!(keys.as_slice(), [own] if !own.is_p256())
            || matches!(keys.as_slice(), [own, device] if !own.is_p256() && device.is_p256());
        let is_of_one = keys.iter().all(|key| key.name() == keys[0].name());
        (in_order && is_of_one).then_some(keys)
    }

    fn own_key(&self) -> Option<VerifierKey> {
        self.keys.iter().find(|key| !key.is_p256()).cloned()
    }

    fn device_key(&self) -> Option<VerifierKey> {
        self.keys.iter().find(|key| key.is_p256()).cloned()
    }
}

#[cfg(test)]
mod tests;
