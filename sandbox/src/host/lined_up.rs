//! The misbehaviour that is lined up, as the book keeps it, so that it reaches a host that runs.
//!
//! Each operation has a queue of its own. What is lined up for a statement's lines is taken when its first page is
//! asked for and holds for its other pages, so that all pages are of one statement.
//! Evidence: `sandbox/tests/host_acquirer.rs`, `sandbox/tests/host_statement.rs`.

use rusqlite::{OptionalExtension, params};
use taptill::ids::TerminalId;
use taptill::iso8583::Op;

use super::book::Page;
use super::error::HostError;
use super::script::{Kind, Step};

impl Page<'_> {
    /// Lines up misbehaviour behind what is lined up already.
    pub(super) fn line_up(&self, step: Step) -> Result<(), HostError> {
        let query = "INSERT INTO next (kind, remaining, op) VALUES (?1, ?2, ?3)";
        self.transaction.execute(query, params![step.kind.word(), step.count, step.of.word()])?;
        Ok(())
    }

    /// Forgets all misbehaviour that was lined up.
    pub(super) fn clear_lined_up(&self) -> Result<(), HostError> {
        self.transaction.execute_batch("DELETE FROM next; DELETE FROM statement_changes;")?;
        Ok(())
    }

    /// Uses up one step of the operation's queue. Changes of a statement's lines are not steps of messages.
    pub(super) fn take_next(&self, op: Op) -> Result<Kind, HostError> {
        let query = "SELECT place, kind FROM next WHERE op = ?1 AND kind NOT LIKE 'statement-%' ORDER BY place LIMIT 1";
        let mut statement = self.transaction.prepare_cached(query)?;
        let found: Option<(i64, String)> =
            statement.query_row([op.word()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let Some((place, word)) = found else { return Ok(Kind::Normal) };
        self.transaction.execute("UPDATE next SET remaining = remaining - 1 WHERE place = ?1", [place])?;
        self.transaction.execute("DELETE FROM next WHERE remaining < 1", [])?;
        word.parse().map_err(|_| HostError::BookUnusable)
    }

    /// Takes what is lined up for lines of statements into the statement that this terminal begins to read.
    pub(super) fn begin_statement(&self, terminal: &TerminalId) -> Result<(), HostError> {
        self.transaction.execute("DELETE FROM statement_changes WHERE tid = ?1", [terminal.as_str()])?;
        let query = "INSERT INTO statement_changes (tid, kind, lines)
                     SELECT ?1, kind, remaining FROM next WHERE kind LIKE 'statement-%' ORDER BY place";
        self.transaction.execute(query, [terminal.as_str()])?;
        self.transaction.execute("DELETE FROM next WHERE kind LIKE 'statement-%'", [])?;
        Ok(())
    }

    /// What is strange about the statement that this terminal reads: what, and of how many lines.
    pub(super) fn statement_changes(&self, terminal: &TerminalId) -> Result<Vec<(Kind, usize)>, HostError> {
        let query = "SELECT kind, lines FROM statement_changes WHERE tid = ?1 ORDER BY place";
        let mut statement = self.transaction.prepare_cached(query)?;
        let rows =
            statement.query_map([terminal.as_str()], |row| Ok((row.get::<_, String>(0)?, row.get::<_, u32>(1)?)))?;
        rows.map(|row| {
            let (word, lines) = row?;
            Ok((word.parse().map_err(|_| HostError::BookUnusable)?, lines as usize))
        })
        .collect()
    }
}
