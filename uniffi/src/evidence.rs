//! Evidence: what would be disclosed, the bundle of it, and what such a bundle proves.
//!
//! A preview comes first; to write its bundle is the operator's agreement, which the till journals before a byte is
//! handed out. A bundle here is one archive (ZIP). Checking one opens no till, no network and no key.
//!
//! It decides nothing. Evidence: `tests/contract`.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use taptill::clock::WallMs;
use taptill::error::{Error, ErrorCode};
use taptill::ids::AttemptId;
use taptill::incident::evidence as core;
use taptill::merkle::VerifierKey;
use taptill::terminal::Terminal;

use crate::aside::aside;
use crate::errors::TillError;
use crate::payments::Open;
use crate::values::Language;

/// Evidence of this till's record. May be used from any thread, and from several at once.
#[derive(uniffi::Object)]
pub struct Evidence {
    pub(crate) till: Arc<Open>,
}

#[uniffi::export]
impl Evidence {
    /// What a bundle of this would disclose. Nothing is recorded. Suspends for as long as it takes to look.
    ///
    /// # Errors
    /// `attempt_unknown`, `evidence_period_invalid`, `evidence_empty`, `evidence_too_large`, `not_permitted`,
    /// `identifier_malformed`.
    pub async fn preview(&self, scope: EvidenceScope) -> Result<Arc<EvidencePreview>, TillError> {
        let scope = scope.try_into()?;
        let preview = aside(&self.till, "taptill-evidence", move |till| till.preview_evidence(&scope)).await?;
        Ok(Arc::new(EvidencePreview { preview, till: Arc::clone(&self.till) }))
    }
}

/// What a bundle would disclose, for a person to say yes to.
#[derive(uniffi::Object)]
pub struct EvidencePreview {
    preview: core::Preview,
    till: Arc<Open>,
}

#[uniffi::export]
impl EvidencePreview {
    /// What it is.
    ///
    /// # Errors
    /// None today; every exported function may refuse.
    pub fn facts(&self) -> Result<PreviewFacts, TillError> {
        Ok((&self.preview).into())
    }

    /// Agrees, in the name of whoever is signed in, to disclose just this, and writes the bundle as one archive to the
    /// file `out`, which is not there yet. `to` says to whom, in 1 to 80 characters. Gives how many files are in it.
    ///
    /// # Errors
    /// `file_unusable`, `disk_full`, `evidence_preview_outdated`, `device_keys_unavailable`, `not_permitted`,
    /// `identifier_malformed`. A bundle that was not finished is none; the agreement stands in the journal all the same.
    pub async fn disclose(&self, to: Option<String>, language: Language, out: String) -> Result<u64, TillError> {
        let to = to.as_deref().map(core::Recipient::new).transpose().map_err(Error::from)?;
        let preview = self.preview.clone();
        let disclosing = move |till: &Terminal| {
            // Nothing is agreed to that has nowhere to go.
            let mut file = created(&out)?;
            let mut bundle = core::Bundle::default();
            let mut each = |file: core::BundleFile| Ok(bundle.add(&file.name, file.contents)?);
            let disclosed = till.disclose_evidence(preview, to, language.into(), &mut each);
            let written = disclosed.and_then(|files| {
                file.write_all(&bundle.to_archive()?).and_then(|()| file.sync_all()).map_err(failed)?;
                Ok(files)
            });
            if written.is_err() {
                // What was not finished is no bundle, and is not to be in the way of the next.
                let _stays = std::fs::remove_file(&out);
            }
            written
        };
        aside(&self.till, "taptill-evidence", disclosing).await
    }
}

/// What evidence is wanted of.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum EvidenceScope {
    /// One transaction: a sale with its voids, its reversal and its refunds.
    Attempt {
        /// The sale, or one of its voids.
        attempt: String,
    },
    /// Everything between two instants, in milliseconds since 1970-01-01 UTC by the till's own clock.
    Period {
        /// The first instant.
        from_ms: i64,
        /// The first instant after it.
        to_ms: i64,
    },
    /// Everything around the last time that the till was frozen, between two instants likewise.
    Incident {
        /// The first instant.
        from_ms: i64,
        /// The first instant after it.
        to_ms: i64,
    },
}

/// What would be disclosed.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct PreviewFacts {
    /// How many records.
    pub records: u64,
    /// The first of them.
    pub first: Option<u64>,
    /// The last of them.
    pub last: Option<u64>,
    /// Whether it is a stretch without a gap.
    pub is_run: bool,
    /// The kinds of event among them, each once.
    pub kinds: Vec<String>,
    /// The payments of which a receipt is disclosed too.
    pub slips: Vec<String>,
    /// The people whose names stand in it.
    pub operators: Vec<String>,
    /// How many records the journal has, which everybody learns.
    pub size: u64,
}

/// What a bundle proves and what it does not, in plain words.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct EvidenceVerdict {
    /// Whether nothing is wrong.
    pub holds: bool,
    /// What is wrong, as stable words; an open list.
    pub findings: Vec<String>,
    /// The same in sentences.
    pub wrong: Vec<String>,
    /// What is proved; empty where anything is wrong.
    pub proved: Vec<String>,
    /// What is not.
    pub not_proved: Vec<String>,
    /// How many records are disclosed.
    pub records: u64,
    /// How many records the journal had.
    pub size: u64,
    /// The journal's name.
    pub origin: String,
}

/// Checks the bundle in the file at `path` and opens no till for it. With `keys`, the lines of a till's public key that
/// somebody trusts, the bundle must be that till's. Takes time in proportion to it: call it off the main thread.
///
/// # Errors
/// `file_unusable`, `evidence_not_a_bundle`, `evidence_newer`, `evidence_too_large`, `evidence_of_another_till`. What is
/// wrong with a bundle that is one is no error but in the verdict.
#[uniffi::export]
pub fn verify_evidence(path: &str, keys: Option<String>, language: Language) -> Result<EvidenceVerdict, TillError> {
    let known = keys.map_or(Ok(Vec::new()), |keys| keys.lines().map(VerifierKey::parse).collect());
    let known: Vec<VerifierKey> = known.map_err(|_| Error::from(ErrorCode::FileUnusable))?;
    let verdict = core::verify(&core::Bundle::of_archive(&contents(path)?).map_err(Error::from)?, &known)?;
    let said = verdict.sentences(language.into());
    Ok(EvidenceVerdict {
        holds: verdict.holds(),
        findings: verdict.findings.iter().map(|finding| finding.what.word().to_owned()).collect(),
        wrong: said.wrong,
        proved: said.proved,
        not_proved: said.not_proved,
        records: verdict.facts.records,
        size: verdict.facts.size,
        origin: verdict.facts.origin,
    })
}

/// The bytes of a file that is not larger than a bundle may be.
fn contents(path: &str) -> Result<Vec<u8>, Error> {
    let unusable = |_| Error::from(ErrorCode::FileUnusable);
    let mut bytes = Vec::new();
    let file = File::open(Path::new(path)).map_err(unusable)?;
    file.take(core::Bundle::BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unusable)?;
    if bytes.len() as u64 > core::Bundle::BYTES_MAX {
        return Err(core::NotABundle::TooLarge.into());
    }
    Ok(bytes)
}

/// A file that was not there.
fn created(path: &str) -> Result<File, Error> {
    OpenOptions::new().write(true).create_new(true).open(Path::new(path)).map_err(failed)
}

fn failed(error: std::io::Error) -> Error {
    use std::io::ErrorKind::{QuotaExceeded, StorageFull};
    let is_full = matches!(error.kind(), StorageFull | QuotaExceeded);
    if is_full { ErrorCode::DiskFull.into() } else { ErrorCode::FileUnusable.into() }
}

impl TryFrom<EvidenceScope> for core::Scope {
    type Error = TillError;

    fn try_from(scope: EvidenceScope) -> Result<Self, TillError> {
        Ok(match scope {
            EvidenceScope::Attempt { attempt } => {
                Self::Attempt { attempt: AttemptId::new(attempt).map_err(Error::from)? }
            }
            EvidenceScope::Period { from_ms, to_ms } => Self::Period { from_ms: WallMs(from_ms), to_ms: WallMs(to_ms) },
            EvidenceScope::Incident { from_ms, to_ms } => {
                Self::Incident { from_ms: WallMs(from_ms), to_ms: WallMs(to_ms) }
            }
        })
    }
}

impl From<&core::Preview> for PreviewFacts {
    fn from(preview: &core::Preview) -> Self {
        let mut kinds: Vec<String> = preview.records.iter().map(|record| record.kind.to_string()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        Self {
            records: preview.records.len() as u64,
            first: preview.records.first().map(|record| record.sequence),
            last: preview.records.last().map(|record| record.sequence),
            is_run: preview.run.is_some(),
            kinds,
            slips: preview.slips.iter().map(ToString::to_string).collect(),
            operators: preview.operators.clone(),
            size: preview.size,
        }
    }
}
