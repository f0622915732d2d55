//! The certificate of erasure: what was destroyed, when, and what cannot be promised.
//!
//! A C2SP signed note. Its last signature but the acquirer's is by a key that was made for it, named in the statement with
//! which the till was deregistered (which stands below, with the till's own and the acquirer's signatures), and destroyed
//! with this note. So whoever knows the till's or the acquirer's public key can check it, and nobody can sign another.
//!
//! It never says that something is gone which is not. Evidence: `tests/leaving.rs`.

use std::fmt::Write as _;
use std::path::Path;

use crate::clock::WallMs;
use crate::error::Error;
use crate::journal;
use crate::merkle::{KeyName, Note, VerifierKey};
use crate::payment::utc_text;
use crate::secret::Secret;
use crate::till::leaving::intent::Intent;

/// What is said of a till when it is deregistered, before anything is erased.
pub(super) struct Statement<'a> {
    pub terminal: &'a str,
    pub merchant: &'a str,
    pub journal: &'a str,
    pub size: u64,
    pub root: String,
    /// The one-time key that will sign the certificate.
    pub signer: &'a VerifierKey,
    pub by: &'a str,
    pub second: Option<&'a str>,
    pub at: WallMs,
}

impl Statement<'_> {
    /// The lines that the till signs, and the acquirer after it.
    pub fn text(&self) -> String {
        let Self { terminal, merchant, journal, size, root, signer, by, second, at } = self;
        let second = second.map(|name| format!("second person {name}\n")).unwrap_or_default();
        format!(
            "{STATEMENT}\nterminal {terminal}\nmerchant {merchant}\njournal {journal}\nsize {size}\nroot {root}\n\
             erasure key {}\nby {by}\n{second}at {}\n",
            signer.vkey(),
            utc_text(*at),
        )
    }
}

/// The certificate, signed.
pub(super) fn sign(intent: &Intent, seed: &Secret<32>, done: WallMs) -> Option<Note> {
    let mut text = format!("{CERTIFICATE}\n{}", intent.of);
    let Intent { held, ways_in, exported, begun_ms, statement, .. } = intent;
    let (begun, done) = (utc_text(WallMs(*begun_ms)), utc_text(done));
    let written = write!(
        text,
        "begun {begun}\ndone {done}\n{exported}\n\
         destroyed: {held} keys of the device, which nothing can make again\n\
         destroyed: {ways_in} ways into the till\n\
         destroyed: the files of its records, which were sealed under those keys\n\
         not promised: that nobody copied the files before; a copy cannot be opened without those keys\n\
         not promised: that a disk forgets what was deleted, or that a key store that lies destroys a key\n\
         not promised: anything of what was printed, sent or exported before\n\n{statement}"
    );
    written.ok()?;
    let mut note = Note::new(&text).ok()?;
    note.sign(&KeyName::new(&intent.signer)?, seed);
    Some(note)
}

/// The certificates of every till that was erased where the journal of this path is or was, in the order in which they
/// were.
///
/// # Errors
/// Those of the storage.
pub fn all(path: &Path) -> Result<Vec<String>, Error> {
    let mut all = journal::certificates(path)?;
    // The time is written so that the earlier text is the earlier moment.
    all.sort_by_key(|text| text.lines().find_map(|line| line.strip_prefix("done ").map(str::to_owned)));
    Ok(all)
}

const STATEMENT: &str = "taptill deregistration 1";
const CERTIFICATE: &str = "taptill certificate of erasure 1";
