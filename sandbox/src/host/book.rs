//! The host's book: one entry for each sale, void and refund that it saw, in SQLite.
//!
//! Everything that one request changes is one transaction, committed before the answer may leave. An entry is
//! never deleted and never changed but by what takes it back; its key is terminal, batch and trace number, so the
//! same message cannot be booked twice. Batches and misbehaviour have files of their own.
//!
//! It never holds a card number that is not masked, and no track data. It does hold the terminals' simulated
//! keys in clear: a real host keeps them in a hardware module. Evidence: `sandbox/tests/host_acquirer.rs`.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use serde::Serialize;
use taptill::card::MaskedPan;
use taptill::clock::WallMs;
use taptill::ids::{AuthCode, BatchNo, HostCode, MerchantId, Rrn, Stan, TerminalId};
use taptill::money::Currency;
use taptill::secret::SecretBytes;

use super::error::HostError;
use super::terminals::{GIVEN, Held, TOLD};

/// What became of an attempt, as the host sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryState {
    /// The customer is charged.
    Booked,
    /// The customer was charged and got everything back.
    Reversed,
    /// The customer was charged, and a void that stands gave everything back.
    Voided,
    /// The customer was never charged.
    Declined,
    /// A reversal came whose original was never seen; if that comes late, it is refused.
    ReversalWithoutOriginal,
}

impl EntryState {
    const ALL: [Self; 5] = [Self::Booked, Self::Reversed, Self::Voided, Self::Declined, Self::ReversalWithoutOriginal];

    /// The stable word, as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Reversed => "reversed",
            Self::Voided => "voided",
            Self::Declined => "declined",
            Self::ReversalWithoutOriginal => "reversal_without_original",
        }
    }
}

/// What an entry is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// A sale.
    Sale,
    /// A void of a sale.
    Void,
    /// Money of a sale given back.
    Refund,
}

impl EntryKind {
    const ALL: [Self; 3] = [Self::Sale, Self::Void, Self::Refund];

    /// The stable word, as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sale => "sale",
            Self::Void => "void",
            Self::Refund => "refund",
        }
    }
}

/// The key of an entry within a terminal's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct EntryKey {
    /// The batch that it is booked in.
    pub batch: BatchNo,
    /// Its trace number.
    pub stan: Stan,
}

/// One sale, void or refund in the host's book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BookEntry {
    /// Which terminal sent it.
    pub terminal: TerminalId,
    /// What it is.
    pub kind: EntryKind,
    /// The batch that it is booked in.
    pub batch: BatchNo,
    /// The terminal's trace number, unique within terminal and batch.
    pub stan: Stan,
    /// The sale that a void or a refund is of.
    pub of: Option<EntryKey>,
    /// The host's own reference.
    pub rrn: Rrn,
    /// Given with an approval.
    pub auth_code: Option<AuthCode>,
    /// How the attempt was answered, or would have been.
    pub response_code: HostCode,
    /// What was asked for, in minor units.
    pub amount_minor: u64,
    /// What the customer is charged now by this sale, in minor units: its amount less what was given back. Of voids
    /// and refunds 0: what they gave back is gone from their sales.
    pub net_minor: u64,
    /// The terminal's currency.
    pub currency: Currency,
    /// What became of it.
    pub state: EntryState,
    /// First six and last four digits, where the message had a card number.
    pub card_masked: Option<MaskedPan>,
    /// Reversals of this entry that were answered, with whatever code.
    pub reversals: u32,
    /// When it was booked, in milliseconds since 1970 UTC.
    pub booked_ms: WallMs,
}

/// A registered terminal with its simulated keys.
pub(super) struct TerminalRow {
    pub terminal: TerminalId,
    pub merchant: MerchantId,
    pub dialect_toml: String,
    pub certificate_sha256: Vec<u8>,
    pub currency: Currency,
    pub amount_limit_minor: u64,
    pub batch: BatchNo,
    pub tmk: SecretBytes,
    pub mak: Option<SecretBytes>,
    /// The head of the till's journal in the last request whose MAC was right.
    pub journal_head: Option<Vec<u8>>,
    /// What a download of parameters brings, where the owner gave something.
    pub parameters: Option<String>,
    /// Who holds it frozen.
    pub held: Option<Held>,
    /// Whether it has been deregistered.
    pub has_left: bool,
}

/// The book, open.
pub(super) struct Book {
    pub(super) connection: Connection,
}

const SCHEMA_VERSION: i64 = 6;
const SCHEMA: &str = "
    CREATE TABLE terminals (
        tid TEXT PRIMARY KEY, mid TEXT NOT NULL, dialect TEXT NOT NULL, certificate BLOB NOT NULL UNIQUE,
        currency TEXT NOT NULL, limit_minor INTEGER NOT NULL, batch INTEGER NOT NULL, tmk BLOB NOT NULL, mak BLOB,
        journal_head BLOB, parameters TEXT
    ) STRICT;
    CREATE TABLE entries (
        id INTEGER PRIMARY KEY, tid TEXT NOT NULL, batch INTEGER NOT NULL, stan INTEGER NOT NULL, rrn TEXT NOT NULL,
        auth_code TEXT, response_code TEXT NOT NULL, amount_minor INTEGER NOT NULL, net_minor INTEGER NOT NULL,
        currency TEXT NOT NULL, state TEXT NOT NULL, card_masked TEXT, reversals INTEGER NOT NULL,
        booked_ms INTEGER NOT NULL, kind TEXT NOT NULL DEFAULT 'sale', of_batch INTEGER, of_stan INTEGER,
        UNIQUE (tid, batch, stan)
    ) STRICT;
    CREATE TABLE next (
        place INTEGER PRIMARY KEY, kind TEXT NOT NULL, remaining INTEGER NOT NULL, op TEXT NOT NULL DEFAULT 'sale'
    ) STRICT;
    CREATE TABLE reads (
        nonce BLOB PRIMARY KEY, tid TEXT NOT NULL, batch INTEGER NOT NULL, stan INTEGER NOT NULL
    ) STRICT;";
/// What a book of version 1 lacks.
const SINCE_VERSION_1: &str = "
    CREATE TABLE reads (
        nonce BLOB PRIMARY KEY, tid TEXT NOT NULL, batch INTEGER NOT NULL, stan INTEGER NOT NULL
    ) STRICT;";
/// What a book of version 2 lacks as well.
const SINCE_VERSION_2: &str = "
    ALTER TABLE terminals ADD COLUMN journal_head BLOB;";
/// What a book of version 3 lacks as well.
const SINCE_VERSION_3: &str = "
    ALTER TABLE terminals ADD COLUMN parameters TEXT;
    ALTER TABLE entries ADD COLUMN kind TEXT NOT NULL DEFAULT 'sale';
    ALTER TABLE entries ADD COLUMN of_batch INTEGER;
    ALTER TABLE entries ADD COLUMN of_stan INTEGER;
    ALTER TABLE next ADD COLUMN op TEXT NOT NULL DEFAULT 'sale';
    UPDATE next SET op = 'reversal' WHERE kind = 'refuse-reversal';";
/// What every book has since version 4: batches, and an index to find a day by.
const SETTLEMENTS: &str = "
    CREATE INDEX entries_by_day ON entries (tid, booked_ms);
    CREATE TABLE batches (
        id INTEGER PRIMARY KEY, tid TEXT NOT NULL, batch INTEGER NOT NULL, balanced INTEGER NOT NULL,
        paid_minor INTEGER, closed_ms INTEGER, UNIQUE (tid, batch)
    ) STRICT;
    CREATE TABLE uploads (
        tid TEXT NOT NULL, batch INTEGER NOT NULL, place INTEGER NOT NULL, line BLOB NOT NULL,
        PRIMARY KEY (tid, batch, place)
    ) STRICT;
    CREATE TABLE statement_changes (
        place INTEGER PRIMARY KEY, tid TEXT NOT NULL, kind TEXT NOT NULL, lines INTEGER NOT NULL
    ) STRICT;
    PRAGMA user_version = 4;";

impl Book {
    /// Opens the book, or begins one.
    pub(super) fn open(file: &Path) -> Result<Self, HostError> {
        let connection = Connection::open(file)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        Self::prepared(connection)
    }

    /// A book that lives as long as this value.
    pub(super) fn in_memory() -> Result<Self, HostError> {
        Self::prepared(Connection::open_in_memory()?)
    }

    fn prepared(connection: Connection) -> Result<Self, HostError> {
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.pragma_update(None, "synchronous", "full")?;
        let mut book = Self { connection };
        book.change(|page| {
            let steps = match page.schema_version()? {
                0 => &[SCHEMA, SETTLEMENTS, TOLD, GIVEN][..],
                1 => &[SINCE_VERSION_1, SINCE_VERSION_2, SINCE_VERSION_3, SETTLEMENTS, TOLD, GIVEN],
                2 => &[SINCE_VERSION_2, SINCE_VERSION_3, SETTLEMENTS, TOLD, GIVEN],
                3 => &[SINCE_VERSION_3, SETTLEMENTS, TOLD, GIVEN],
                4 => &[TOLD, GIVEN],
                5 => &[GIVEN],
                SCHEMA_VERSION => &[],
                _ => return Err(HostError::BookUnusable),
            };
            Ok(page.transaction.execute_batch(&steps.concat())?)
        })?;
        Ok(book)
    }

    /// Runs `work` in one transaction; it is durable on return, or nothing happened.
    pub(super) fn change<T>(&mut self, work: impl FnOnce(&Page<'_>) -> Result<T, HostError>) -> Result<T, HostError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let page = Page { transaction };
        let result = work(&page)?;
        page.transaction.commit()?;
        Ok(result)
    }

    /// All entries, oldest first.
    pub(super) fn entries(&self) -> Result<Vec<BookEntry>, HostError> {
        let mut statement = self.connection.prepare(&format!("SELECT {ENTRY_COLUMNS} FROM entries ORDER BY id"))?;
        let rows = statement.query_map([], |row| Ok(entry_of(row)))?;
        rows.map(|row| row?).collect()
    }
}

/// The book within one transaction.
pub(super) struct Page<'a> {
    pub(super) transaction: Transaction<'a>,
}

impl Page<'_> {
    fn schema_version(&self) -> Result<i64, HostError> {
        Ok(self.transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?)
    }

    /// How many terminals are registered.
    pub(super) fn terminal_count(&self) -> Result<u32, HostError> {
        Ok(self.transaction.query_row("SELECT count(*) FROM terminals", [], |row| row.get(0))?)
    }

    /// Registers a terminal.
    pub(super) fn add_terminal(&self, row: &TerminalRow) -> Result<(), HostError> {
        self.transaction.execute(
            "INSERT INTO terminals (tid, mid, dialect, certificate, currency, limit_minor, batch, tmk)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                row.terminal.as_str(),
                row.merchant.as_str(),
                row.dialect_toml,
                row.certificate_sha256,
                row.currency.code(),
                stored(row.amount_limit_minor)?,
                row.batch.number(),
                row.tmk.expose(),
            ],
        )?;
        Ok(())
    }

    /// A registered terminal.
    pub(super) fn terminal(&self, terminal: &TerminalId) -> Result<Option<TerminalRow>, HostError> {
        let query = "SELECT tid, mid, dialect, certificate, currency, limit_minor, batch, tmk, mak, journal_head,
                            parameters, held, left_ms IS NOT NULL
                     FROM terminals WHERE tid = ?1";
        let mut statement = self.transaction.prepare_cached(query)?;
        statement.query_row([terminal.as_str()], |row| Ok(terminal_of(row))).optional()?.transpose()
    }

    /// Replaces the terminal's MAC key; the one before is gone.
    pub(super) fn set_mac_key(&self, terminal: &TerminalId, mak: &SecretBytes) -> Result<(), HostError> {
        let query = "UPDATE terminals SET mak = ?2 WHERE tid = ?1";
        self.transaction.execute(query, params![terminal.as_str(), mak.expose()])?;
        Ok(())
    }

    /// Remembers the head of the terminal's journal; the one before is gone.
    pub(super) fn set_journal_head(&self, terminal: &TerminalId, head: &[u8]) -> Result<(), HostError> {
        let query = "UPDATE terminals SET journal_head = ?2 WHERE tid = ?1";
        self.transaction.execute(query, params![terminal.as_str(), head])?;
        Ok(())
    }

    /// What downloads of parameters bring to this terminal from now on.
    pub(super) fn set_parameters(&self, terminal: &TerminalId, text: &str) -> Result<(), HostError> {
        let query = "UPDATE terminals SET parameters = ?2 WHERE tid = ?1";
        self.transaction.execute(query, params![terminal.as_str(), text])?;
        Ok(())
    }

    /// The entry of this key.
    pub(super) fn entry(
        &self,
        terminal: &TerminalId,
        batch: BatchNo,
        stan: Stan,
    ) -> Result<Option<BookEntry>, HostError> {
        let query = format!("SELECT {ENTRY_COLUMNS} FROM entries WHERE tid = ?1 AND batch = ?2 AND stan = ?3");
        let mut statement = self.transaction.prepare_cached(&query)?;
        let key = params![terminal.as_str(), batch.number(), stan.number()];
        statement.query_row(key, |row| Ok(entry_of(row))).optional()?.transpose()
    }

    /// The number of the next entry, 1 for the first.
    pub(super) fn next_number(&self) -> Result<u64, HostError> {
        let query = "SELECT coalesce(max(id), 0) + 1 FROM entries";
        counted(self.transaction.query_row(query, [], |row| row.get(0))?)
    }

    /// Adds an entry.
    pub(super) fn add(&self, number: u64, entry: &BookEntry) -> Result<(), HostError> {
        let mut statement = self.transaction.prepare_cached(
            "INSERT INTO entries (id, tid, batch, stan, rrn, auth_code, response_code, amount_minor, net_minor,
                                  currency, state, card_masked, reversals, booked_ms, kind, of_batch, of_stan)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        )?;
        statement.execute(params![
            stored(number)?,
            entry.terminal.as_str(),
            entry.batch.number(),
            entry.stan.number(),
            entry.rrn.as_str(),
            entry.auth_code.as_ref().map(AuthCode::as_str),
            entry.response_code.as_str(),
            stored(entry.amount_minor)?,
            stored(entry.net_minor)?,
            entry.currency.code(),
            entry.state.word(),
            entry.card_masked.as_ref().map(MaskedPan::as_str),
            entry.reversals,
            entry.booked_ms.0,
            entry.kind.word(),
            entry.of.map(|of| of.batch.number()),
            entry.of.map(|of| of.stan.number()),
        ])?;
        Ok(())
    }

    /// Stores what a reversal, a void or a refund changed: state, net amount and count.
    pub(super) fn update(&self, entry: &BookEntry) -> Result<(), HostError> {
        let mut statement = self.transaction.prepare_cached(
            "UPDATE entries SET state = ?4, net_minor = ?5, reversals = ?6 WHERE tid = ?1 AND batch = ?2 AND stan = ?3",
        )?;
        statement.execute(params![
            entry.terminal.as_str(),
            entry.batch.number(),
            entry.stan.number(),
            entry.state.word(),
            stored(entry.net_minor)?,
            entry.reversals,
        ])?;
        Ok(())
    }

    /// Uses up an encrypted read by its nonce; whether nobody had before.
    pub(super) fn use_nonce(
        &self,
        nonce: &[u8],
        terminal: &TerminalId,
        batch: BatchNo,
        stan: Stan,
    ) -> Result<bool, HostError> {
        let query = "INSERT OR IGNORE INTO reads (nonce, tid, batch, stan) VALUES (?1, ?2, ?3, ?4)";
        let used = params![nonce, terminal.as_str(), batch.number(), stan.number()];
        Ok(self.transaction.execute(query, used)? == 1)
    }

    /// The nonce of the read that this attempt used up.
    pub(super) fn nonce_of(
        &self,
        terminal: &TerminalId,
        batch: BatchNo,
        stan: Stan,
    ) -> Result<Option<Vec<u8>>, HostError> {
        let query = "SELECT nonce FROM reads WHERE tid = ?1 AND batch = ?2 AND stan = ?3";
        let key = params![terminal.as_str(), batch.number(), stan.number()];
        Ok(self.transaction.query_row(query, key, |row| row.get(0)).optional()?)
    }
}

fn terminal_of(row: &Row<'_>) -> Result<TerminalRow, HostError> {
    Ok(TerminalRow {
        terminal: checked(TerminalId::new(row.get::<_, String>(0)?))?,
        merchant: checked(MerchantId::new(row.get::<_, String>(1)?))?,
        dialect_toml: row.get(2)?,
        certificate_sha256: row.get(3)?,
        currency: checked(Currency::from_code(&row.get::<_, String>(4)?))?,
        amount_limit_minor: counted(row.get(5)?)?,
        batch: checked(BatchNo::new(row.get(6)?))?,
        tmk: SecretBytes::new(row.get(7)?),
        mak: row.get::<_, Option<Vec<u8>>>(8)?.map(SecretBytes::new),
        journal_head: row.get(9)?,
        parameters: row.get(10)?,
        held: row.get::<_, Option<String>>(11)?.map(|word| Held::of_word(&word)).transpose()?,
        has_left: row.get(12)?,
    })
}

pub(super) const ENTRY_COLUMNS: &str = "tid, batch, stan, rrn, auth_code, response_code, amount_minor, net_minor, currency, \
                             state, card_masked, reversals, booked_ms, kind, of_batch, of_stan";

pub(super) fn entry_of(row: &Row<'_>) -> Result<BookEntry, HostError> {
    let (state, kind): (String, String) = (row.get(9)?, row.get(13)?);
    let of = row.get::<_, Option<u32>>(14)?.zip(row.get::<_, Option<u32>>(15)?);
    let key = |(batch, stan)| -> Result<_, HostError> {
        Ok(EntryKey { batch: checked(BatchNo::new(batch))?, stan: checked(Stan::new(stan))? })
    };
    Ok(BookEntry {
        terminal: checked(TerminalId::new(row.get::<_, String>(0)?))?,
        kind: EntryKind::ALL.into_iter().find(|known| known.word() == kind).ok_or(HostError::BookUnusable)?,
        batch: checked(BatchNo::new(row.get(1)?))?,
        stan: checked(Stan::new(row.get(2)?))?,
        of: of.map(key).transpose()?,
        rrn: checked(Rrn::new(row.get::<_, String>(3)?))?,
        auth_code: row
            .get::<_, Option<String>>(4)?
            .map(AuthCode::new)
            .transpose()
            .map_err(|_| HostError::BookUnusable)?,
        response_code: checked(HostCode::new(row.get::<_, String>(5)?))?,
        amount_minor: counted(row.get(6)?)?,
        net_minor: counted(row.get(7)?)?,
        currency: checked(Currency::from_code(&row.get::<_, String>(8)?))?,
        state: EntryState::ALL.into_iter().find(|known| known.word() == state).ok_or(HostError::BookUnusable)?,
        card_masked: row
            .get::<_, Option<String>>(10)?
            .map(MaskedPan::try_from)
            .transpose()
            .map_err(|_| HostError::BookUnusable)?,
        reversals: row.get(11)?,
        booked_ms: WallMs(row.get(12)?),
    })
}

/// SQLite's integers are signed; amounts and counts fit them.
pub(super) fn stored(number: u64) -> Result<i64, HostError> {
    checked(i64::try_from(number))
}

pub(super) fn counted(number: i64) -> Result<u64, HostError> {
    checked(u64::try_from(number))
}

pub(super) fn checked<T, E>(value: Result<T, E>) -> Result<T, HostError> {
    value.map_err(|_| HostError::BookUnusable)
}
