//! What the book keeps of a terminal besides its payments: who holds it frozen, what it told, its next certificates.
//!
//! `told` has one row for each whole text with the answer that it got; `parts` what came of a text that is not whole
//! yet; `keys` the seed that the host signs its words with, made when it is first needed; `given` the certificates that
//! no terminal has used yet.
//! Evidence: `sandbox/tests/host_told.rs`.

use rusqlite::{OptionalExtension, params};
use serde::Serialize;
use taptill::acquirer::{ToldPart, Word};
use taptill::clock::WallMs;
use taptill::ids::TerminalId;
use taptill::iso8583::Op;
use taptill::merkle::{KeyName, Note, VerifierKey};
use taptill::ports::Entropy;
use taptill::secret::Secret;

use super::book::{Book, Page, checked, counted};
use super::error::HostError;

/// Who holds a terminal frozen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// The till said so.
    ByTill,
    /// The host: every answer says so.
    ByHost,
    /// The host has let it go; every answer says so until the till has told that it knows.
    Released,
}

impl Held {
    const ALL: [Self; 3] = [Self::ByTill, Self::ByHost, Self::Released];

    /// The stable word, as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::ByTill => "by_till",
            Self::ByHost => "by_host",
            Self::Released => "released",
        }
    }

    pub(super) fn of_word(word: &str) -> Result<Self, HostError> {
        Self::ALL.into_iter().find(|held| held.word() == word).ok_or(HostError::BookUnusable)
    }
}

/// A whole text that a terminal told, oldest first in [`super::told`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ToldEntry {
    /// Its number.
    pub number: u64,
    /// Which terminal told it.
    pub terminal: TerminalId,
    /// What about.
    pub op: Op,
    /// The text, as far as it is text.
    pub text: String,
    /// When it came, in milliseconds since 1970 UTC.
    pub told_ms: WallMs,
}

/// The last text of an operation, and what was said to it.
pub(super) struct LastTold {
    pub text: Vec<u8>,
    pub answer: Vec<u8>,
}

/// What a book has since version 5.
pub(super) const TOLD: &str = "
    ALTER TABLE terminals ADD COLUMN held TEXT;
    ALTER TABLE terminals ADD COLUMN certificate_next BLOB;
    ALTER TABLE terminals ADD COLUMN left_ms INTEGER;
    CREATE TABLE told (
        number INTEGER PRIMARY KEY, tid TEXT NOT NULL, op TEXT NOT NULL, text BLOB NOT NULL, answer BLOB NOT NULL,
        told_ms INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE parts (
        tid TEXT NOT NULL, op TEXT NOT NULL, part INTEGER NOT NULL, parts INTEGER NOT NULL, text BLOB NOT NULL,
        PRIMARY KEY (tid, op, part)
    ) STRICT;
    CREATE TABLE keys (name TEXT PRIMARY KEY, seed BLOB NOT NULL) STRICT;
    PRAGMA user_version = 5;";

/// What a book has since version 6: every certificate that was given and not used yet, the newest last.
pub(super) const GIVEN: &str = "
    CREATE TABLE given (number INTEGER PRIMARY KEY, tid TEXT NOT NULL, certificate BLOB NOT NULL UNIQUE) STRICT;
    INSERT INTO given (tid, certificate)
        SELECT tid, certificate_next FROM terminals WHERE certificate_next IS NOT NULL;
    ALTER TABLE terminals DROP COLUMN certificate_next;
    PRAGMA user_version = 6;";

/// The name under which the host signs.
const KEY_NAME: &str = "acquirer.sandbox";

impl Book {
    /// Every whole text that terminals told, oldest first.
    pub(super) fn told(&self) -> Result<Vec<ToldEntry>, HostError> {
        let mut statement =
            self.connection.prepare("SELECT number, tid, op, text, told_ms FROM told ORDER BY number")?;
        let rows = statement.query_map([], |row| {
            Ok((
                row.get(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, String>(2)?,
                row.get::<_, Vec<u8>>(3)?,
                row.get(4)?,
            ))
        })?;
        rows.map(|row| {
            let (number, terminal, op, text, told_ms) = row?;
            Ok(ToldEntry {
                number: counted(number)?,
                terminal: checked(TerminalId::new(terminal))?,
                op: Op::ALL.into_iter().find(|known| known.word() == op).ok_or(HostError::BookUnusable)?,
                text: String::from_utf8_lossy(&text).into_owned(),
                told_ms: WallMs(told_ms),
            })
        })
        .collect()
    }
}

impl Page<'_> {
    /// Who holds the terminal from now on.
    pub(super) fn hold(&self, terminal: &TerminalId, held: Option<Held>) -> Result<(), HostError> {
        let query = "UPDATE terminals SET held = ?2 WHERE tid = ?1";
        self.transaction.execute(query, params![terminal.as_str(), held.map(Held::word)])?;
        Ok(())
    }

    /// Who holds the terminal.
    pub(super) fn held(&self, terminal: &TerminalId) -> Result<Option<Held>, HostError> {
        let query = "SELECT held FROM terminals WHERE tid = ?1";
        let mut statement = self.transaction.prepare_cached(query)?;
        let found: Option<Option<String>> = statement.query_row([terminal.as_str()], |row| row.get(0)).optional()?;
        found.ok_or(HostError::TerminalUnknown)?.map(|word| Held::of_word(&word)).transpose()
    }

    /// The host's owner holds a terminal, or lets it go: one that nobody holds stays so.
    pub(super) fn hold_from_outside(&self, terminal: &TerminalId, is_held: bool) -> Result<Option<Held>, HostError> {
        let held = match self.held(terminal)? {
            _ if is_held => Some(Held::ByHost),
            Some(_) => Some(Held::Released),
            None => None,
        };
        self.hold(terminal, held)?;
        Ok(held)
    }

    /// The terminal has left.
    pub(super) fn note_left(&self, terminal: &TerminalId, now: WallMs) -> Result<(), HostError> {
        let query = "UPDATE terminals SET left_ms = coalesce(left_ms, ?2) WHERE tid = ?1";
        self.transaction.execute(query, params![terminal.as_str(), now.0])?;
        Ok(())
    }

    /// A certificate that the terminal may come with: where the answer was lost, it asks for another.
    pub(super) fn give_certificate(&self, terminal: &TerminalId, sha256: &[u8]) -> Result<(), HostError> {
        let query = "INSERT INTO given (tid, certificate) VALUES (?1, ?2)";
        self.transaction.execute(query, params![terminal.as_str(), sha256])?;
        Ok(())
    }

    /// The terminal whose certificate has this SHA-256. One that comes with a certificate that was given has none from
    /// before it; those that were given since stay good.
    pub(super) fn terminal_by_certificate(&self, sha256: &[u8]) -> Result<Option<TerminalId>, HostError> {
        let query = "UPDATE terminals SET certificate = ?1 WHERE tid = (SELECT tid FROM given WHERE certificate = ?1)";
        self.transaction.execute(query, [sha256])?;
        let query = "DELETE FROM given WHERE (SELECT used.tid = given.tid AND used.number >= given.number
                     FROM given AS used WHERE used.certificate = ?1)";
        self.transaction.execute(query, [sha256])?;
        let query = "SELECT tid FROM terminals WHERE certificate = ?1";
        let tid: Option<String> = self.transaction.query_row(query, [sha256], |row| row.get(0)).optional()?;
        tid.map(|tid| checked(TerminalId::new(tid))).transpose()
    }

    /// Forgets what came of a text.
    pub(super) fn forget_parts(&self, terminal: &TerminalId, op: Op) -> Result<(), HostError> {
        let query = "DELETE FROM parts WHERE tid = ?1 AND op = ?2";
        self.transaction.execute(query, params![terminal.as_str(), op.word()])?;
        Ok(())
    }

    /// Keeps a part of a text.
    pub(super) fn keep_part(&self, terminal: &TerminalId, op: Op, part: &ToldPart) -> Result<(), HostError> {
        let query = "INSERT OR REPLACE INTO parts (tid, op, part, parts, text) VALUES (?1, ?2, ?3, ?4, ?5)";
        let row = params![terminal.as_str(), op.word(), part.part, part.parts, part.text];
        self.transaction.execute(query, row)?;
        Ok(())
    }

    /// The parts of a text, in order.
    pub(super) fn parts(&self, terminal: &TerminalId, op: Op) -> Result<Vec<ToldPart>, HostError> {
        let query = "SELECT part, parts, text FROM parts WHERE tid = ?1 AND op = ?2 ORDER BY part";
        let mut statement = self.transaction.prepare_cached(query)?;
        let rows = statement.query_map(params![terminal.as_str(), op.word()], |row| {
            Ok(ToldPart { part: row.get(0)?, parts: row.get(1)?, text: row.get(2)? })
        })?;
        rows.map(|row| Ok(row?)).collect()
    }

    /// The last text that the terminal told about this.
    pub(super) fn last_told(&self, terminal: &TerminalId, op: Op) -> Result<Option<LastTold>, HostError> {
        let query = "SELECT text, answer FROM told WHERE tid = ?1 AND op = ?2 ORDER BY number DESC LIMIT 1";
        let mut statement = self.transaction.prepare_cached(query)?;
        let found = statement.query_row(params![terminal.as_str(), op.word()], |row| {
            Ok(LastTold { text: row.get(0)?, answer: row.get(1)? })
        });
        Ok(found.optional()?)
    }

    /// The number of the next word or text.
    pub(super) fn next_told(&self) -> Result<u64, HostError> {
        let query = "SELECT coalesce(max(number), 0) + 1 FROM told";
        counted(self.transaction.query_row(query, [], |row| row.get(0))?)
    }

    /// Keeps a text with its answer.
    pub(super) fn keep_told(
        &self,
        terminal: &TerminalId,
        op: Op,
        text: &[u8],
        answer: &[u8],
        now: WallMs,
    ) -> Result<(), HostError> {
        let query = "INSERT INTO told (tid, op, text, answer, told_ms) VALUES (?1, ?2, ?3, ?4, ?5)";
        self.transaction.execute(query, params![terminal.as_str(), op.word(), text, answer, now.0])?;
        Ok(())
    }

    /// The word under the host's signature.
    pub(super) fn sign(&self, word: &Word, entropy: &dyn Entropy) -> Result<String, HostError> {
        let (name, seed) = self.signing_key(entropy)?;
        word.signed(&name, &seed).ok_or(HostError::TextUnusable)
    }

    /// The line of the host's signature over a text (C2SP signed-note); `None` for what is no note's text.
    pub(super) fn signature_over(&self, text: &[u8], entropy: &dyn Entropy) -> Result<Option<String>, HostError> {
        let (name, seed) = self.signing_key(entropy)?;
        let Some(mut note) = std::str::from_utf8(text).ok().and_then(|text| Note::new(text).ok()) else {
            return Ok(None);
        };
        note.sign(&name, &seed);
        let signed = note.to_string();
        Ok(signed.rsplit_once("\n\n").map(|(_, lines)| lines.to_owned()))
    }

    /// The public half of the key that the host signs with.
    pub(super) fn public_key(&self, entropy: &dyn Entropy) -> Result<String, HostError> {
        let (name, seed) = self.signing_key(entropy)?;
        Ok(VerifierKey::of_seed(name, &seed).vkey())
    }

    fn signing_key(&self, entropy: &dyn Entropy) -> Result<(KeyName, Secret<32>), HostError> {
        let name = KeyName::new(KEY_NAME).ok_or(HostError::BookUnusable)?;
        let query = "SELECT seed FROM keys WHERE name = ?1";
        let kept: Option<Vec<u8>> = self.transaction.query_row(query, [KEY_NAME], |row| row.get(0)).optional()?;
        if let Some(kept) = kept {
            let seed: [u8; 32] = checked(kept.try_into())?;
            return Ok((name, Secret::from_fn(|own| own.copy_from_slice(&seed))));
        }
        let mut fresh = [0; 32];
        entropy.fill(&mut fresh).map_err(|_| HostError::EntropyFailed)?;
        self.transaction.execute("INSERT INTO keys (name, seed) VALUES (?1, ?2)", params![KEY_NAME, fresh])?;
        Ok((name, Secret::from_fn(|own| own.copy_from_slice(&fresh))))
    }
}
