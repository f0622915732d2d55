//! Batches in the host's book: their totals, their uploads, and their one closing.
//!
//! Totals are of what the book holds at that moment: sales that were not reversed (voided ones among them), voids
//! and refunds that stand. A batch that is closed is paid out and never opened again; the terminal's open batch is
//! then the next, and 1 after 999999. Evidence: `sandbox/tests/host_settlement.rs`.

use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;
use taptill::clock::WallMs;
use taptill::ids::{BatchNo, TerminalId};

use super::book::{Book, BookEntry, ENTRY_COLUMNS, Page, checked, counted, entry_of, stored};
use super::error::HostError;

/// Count and sum of each kind of entry in a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Sales that were not reversed, voided ones among them.
    pub sales_count: u64,
    /// Their sum in minor units.
    pub sales_minor: u64,
    /// Voids that stand.
    pub voids_count: u64,
    /// Their sum in minor units.
    pub voids_minor: u64,
    /// Refunds.
    pub refunds_count: u64,
    /// Their sum in minor units.
    pub refunds_minor: u64,
}

/// A batch that was asked to be settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BatchEntry {
    /// Whose it is.
    pub terminal: TerminalId,
    /// Its number.
    pub batch: BatchNo,
    /// What the book holds of it.
    pub totals: Totals,
    /// Whether the terminal had the same totals when it last asked.
    pub balanced: bool,
    /// How many lines were uploaded.
    pub uploaded: u64,
    /// What the shop was paid when the batch closed, in minor units; below 0 where it owes.
    pub paid_minor: Option<i64>,
    /// When it closed, in milliseconds since 1970 UTC.
    pub closed_ms: Option<WallMs>,
}

impl Book {
    /// All batches that were asked to be settled, oldest first.
    pub(super) fn batches(&mut self) -> Result<Vec<BatchEntry>, HostError> {
        self.change(|page| {
            let query = "SELECT tid, batch, balanced, paid_minor, closed_ms FROM batches ORDER BY id";
            let mut statement = page.transaction.prepare(query)?;
            let rows = statement.query_map([], |row| Ok(batch_of(row)))?;
            let mut batches: Vec<BatchEntry> = rows.map(|row| row?).collect::<Result<_, HostError>>()?;
            for entry in &mut batches {
                entry.totals = page.totals(&entry.terminal, entry.batch)?;
                entry.uploaded = page.uploaded(&entry.terminal, entry.batch)?;
            }
            Ok(batches)
        })
    }
}

impl Page<'_> {
    /// A batch that was asked to be settled; without totals and uploads.
    pub(super) fn batch(&self, terminal: &TerminalId, batch: BatchNo) -> Result<Option<BatchEntry>, HostError> {
        let query = "SELECT tid, batch, balanced, paid_minor, closed_ms FROM batches WHERE tid = ?1 AND batch = ?2";
        let mut statement = self.transaction.prepare_cached(query)?;
        let key = params![terminal.as_str(), batch.number()];
        statement.query_row(key, |row| Ok(batch_of(row))).optional()?.transpose()
    }

    /// What the book holds of a batch.
    pub(super) fn totals(&self, terminal: &TerminalId, batch: BatchNo) -> Result<Totals, HostError> {
        let sum = |kind: &str, states: &str| -> Result<(u64, u64), HostError> {
            let query = format!(
                "SELECT count(*), coalesce(sum(amount_minor), 0) FROM entries
                 WHERE tid = ?1 AND batch = ?2 AND kind = ?3 AND state IN ({states})"
            );
            let key = params![terminal.as_str(), batch.number(), kind];
            let (count, sum): (i64, i64) =
                self.transaction.query_row(&query, key, |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok((counted(count)?, counted(sum)?))
        };
        let (sales_count, sales_minor) = sum("sale", "'booked', 'voided'")?;
        let (voids_count, voids_minor) = sum("void", "'booked'")?;
        let (refunds_count, refunds_minor) = sum("refund", "'booked'")?;
        Ok(Totals { sales_count, sales_minor, voids_count, voids_minor, refunds_count, refunds_minor })
    }

    /// Remembers how the comparison of an open batch came out.
    pub(super) fn compared(&self, terminal: &TerminalId, batch: BatchNo, balanced: bool) -> Result<(), HostError> {
        let query = "INSERT INTO batches (tid, batch, balanced) VALUES (?1, ?2, ?3)
                     ON CONFLICT (tid, batch) DO UPDATE SET balanced = ?3";
        self.transaction.execute(query, params![terminal.as_str(), batch.number(), balanced])?;
        Ok(())
    }

    /// Keeps an uploaded line at its place.
    pub(super) fn upload(
        &self,
        terminal: &TerminalId,
        batch: BatchNo,
        place: u32,
        line: &[u8],
    ) -> Result<(), HostError> {
        let query = "INSERT OR REPLACE INTO uploads (tid, batch, place, line) VALUES (?1, ?2, ?3, ?4)";
        self.transaction.execute(query, params![terminal.as_str(), batch.number(), place, line])?;
        Ok(())
    }

    /// How many lines of a batch were uploaded.
    pub(super) fn uploaded(&self, terminal: &TerminalId, batch: BatchNo) -> Result<u64, HostError> {
        let query = "SELECT count(*) FROM uploads WHERE tid = ?1 AND batch = ?2";
        counted(self.transaction.query_row(query, params![terminal.as_str(), batch.number()], |row| row.get(0))?)
    }

    /// Closes a batch, pays it out and opens the next.
    pub(super) fn close(&self, terminal: &TerminalId, batch: BatchNo, now: WallMs) -> Result<(), HostError> {
        let totals = self.totals(terminal, batch)?;
        let given_back = stored(totals.voids_minor)? + stored(totals.refunds_minor)?;
        let query = "UPDATE batches SET paid_minor = ?3, closed_ms = ?4 WHERE tid = ?1 AND batch = ?2";
        let paid = stored(totals.sales_minor)? - given_back;
        self.transaction.execute(query, params![terminal.as_str(), batch.number(), paid, now.0])?;
        self.open_batch(terminal, next_batch(batch)?)
    }

    /// Opens a batch of this number.
    pub(super) fn open_batch(&self, terminal: &TerminalId, batch: BatchNo) -> Result<(), HostError> {
        let query = "UPDATE terminals SET batch = ?2 WHERE tid = ?1";
        self.transaction.execute(query, params![terminal.as_str(), batch.number()])?;
        Ok(())
    }

    /// A terminal's entries of a span of time, oldest first.
    pub(super) fn entries_between(
        &self,
        terminal: &TerminalId,
        from: WallMs,
        until: WallMs,
    ) -> Result<Vec<BookEntry>, HostError> {
        let query = format!(
            "SELECT {ENTRY_COLUMNS} FROM entries WHERE tid = ?1 AND booked_ms >= ?2 AND booked_ms < ?3 ORDER BY id"
        );
        let mut statement = self.transaction.prepare_cached(&query)?;
        let rows = statement.query_map(params![terminal.as_str(), from.0, until.0], |row| Ok(entry_of(row)))?;
        rows.map(|row| row?).collect()
    }
}

const BATCH_MAX: u32 = 999_999;

fn next_batch(batch: BatchNo) -> Result<BatchNo, HostError> {
    checked(BatchNo::new(if batch.number() == BATCH_MAX { 1 } else { batch.number() + 1 }))
}

fn batch_of(row: &Row<'_>) -> Result<BatchEntry, HostError> {
    Ok(BatchEntry {
        terminal: checked(TerminalId::new(row.get::<_, String>(0)?))?,
        batch: checked(BatchNo::new(row.get(1)?))?,
        totals: Totals::default(),
        balanced: row.get(2)?,
        uploaded: 0,
        paid_minor: row.get(3)?,
        closed_ms: row.get::<_, Option<i64>>(4)?.map(WallMs),
    })
}
