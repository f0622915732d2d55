//! The statement check: the acquirer's or the bank's lines held against the journal.
//!
//! A check runs on a thread of its own and waits with what it has found until somebody pulls it, a page at a time, so
//! that a million differences take no more memory than a hundred. Whoever stops pulling loses no count: the summary
//! has them all.
//!
//! It decides nothing. Evidence: `uniffi/tests/settlement.rs`, `tests/contract`.

use std::path::Path;
use std::sync::Arc;

use taptill::error::{Error, ErrorCode};
use taptill::settlement::statement as core;
use taptill::terminal::{StatementRequest, Terminal};
use tokio::sync::{Mutex, mpsc, watch};

use crate::aside::thread;
use crate::errors::TillError;
use crate::payments::Open;
use crate::statement_values::{Difference, DifferencePage, StatementFile, StatementSummary, day};

type Outcome = Result<StatementSummary, TillError>;

/// The statement check. May be used from any thread, and from several at once.
#[derive(uniffi::Object)]
pub struct Statements {
    pub(crate) till: Arc<Open>,
}

#[uniffi::export]
impl Statements {
    /// Begins to hold the statement's file at `path` against the journal. Days are written as `2026-11-22`; without them
    /// ours are expected from the first to the last day that a line names.
    ///
    /// # Errors
    /// Here `statement_columns_wrong` for a map that cannot be used, `identifier_malformed` for a day that is none; from
    /// the check those of the core's `check_statement_file`: `file_unusable`, and `statement_…` with the line.
    pub fn check_file(
        &self,
        path: &str,
        file: StatementFile,
        from: Option<String>,
        to: Option<String>,
    ) -> Result<Arc<StatementCheck>, TillError> {
        let (path, file) = (Path::new(path).to_owned(), file.try_into()?);
        let request = StatementRequest { file, from: day(from)?, to: day(to)? };
        StatementCheck::start(&self.till, move |till, each| till.check_statement_file(&path, &request, each))
    }

    /// Begins to hold the acquirer's own statement of these days against the journal, fetched from its host.
    ///
    /// # Errors
    /// Here `identifier_malformed` for a day that is none; from the check `statement_period_invalid` unless the days are
    /// one to 366 in order, `operation_not_in_dialect`, `till_busy`, and the errors of the way to the host.
    pub fn check_host(&self, from: String, to: String) -> Result<Arc<StatementCheck>, TillError> {
        let missing = || Error::from(ErrorCode::StatementPeriodInvalid);
        let (from, to) = (day(Some(from))?.ok_or_else(missing)?, day(Some(to))?.ok_or_else(missing)?);
        StatementCheck::start(&self.till, move |till, each| till.check_statement_of_host(from, to, each))
    }

    /// What the last check found; absent before the first.
    ///
    /// # Errors
    /// `not_permitted`, `till_locked`, and the errors of storage.
    pub fn last(&self) -> Result<Option<StatementSummary>, TillError> {
        Ok(self.till.terminal.last_statement_check()?.map(StatementSummary::from))
    }
}

/// A statement check under way. It waits until its differences are pulled; one whose handle is let go of goes on to its
/// end, and its summary is on record.
#[derive(uniffi::Object)]
pub struct StatementCheck {
    found: Mutex<Found>,
    outcome: watch::Receiver<Option<Outcome>>,
    till: Arc<Open>,
}

/// What was found and not pulled yet.
struct Found {
    coming: mpsc::Receiver<core::Difference>,
    /// The page that is being filled: a task that stops waiting leaves it for the next.
    page: Vec<Difference>,
}

impl StatementCheck {
    fn start(
        till: &Arc<Open>,
        check: impl FnOnce(&Terminal, &mut dyn FnMut(core::Difference)) -> Result<core::StatementSummary, Error>
        + Send
        + 'static,
    ) -> Result<Arc<Self>, TillError> {
        till.terminal.may_wait_here()?;
        let (find, coming) = mpsc::channel(PAGE_MAX);
        let (ended, outcome) = watch::channel(None);
        let worked_on = Arc::clone(till);
        thread("taptill-statement", move || {
            // Where nobody pulls any more, a difference is counted all the same.
            let result = check(&worked_on.terminal, &mut |difference| drop(find.blocking_send(difference)));
            drop(find);
            drop(ended.send(Some(result.map(StatementSummary::from).map_err(TillError::from))));
        })?;
        let found = Mutex::new(Found { coming, page: Vec::new() });
        Ok(Arc::new(Self { found, outcome, till: Arc::clone(till) }))
    }

    async fn ended(&self) -> Outcome {
        let mut outcome = self.outcome.clone();
        if outcome.borrow().is_none() {
            self.till.terminal.may_wait_here()?;
        }
        let ended = outcome.wait_for(Option::is_some).await.map(|outcome| (*outcome).clone());
        ended.ok().flatten().unwrap_or_else(|| Err(ErrorCode::TillFailed.into()))
    }
}

#[uniffi::export]
impl StatementCheck {
    /// The next differences, at most so many, 1 to 100, in the order in which they were found; fewer only at the end.
    /// Suspends until they are there.
    ///
    /// # Errors
    /// `page_size_out_of_range`; what the check failed with: then nothing has changed, and what it found is void.
    pub async fn next(&self, limit: u32) -> Result<DifferencePage, TillError> {
        let limit = page_size(limit)?;
        let mut found = self.found.lock().await;
        if self.outcome.borrow().is_none() {
            self.till.terminal.may_wait_here()?;
        }
        while found.page.len() < limit {
            match found.coming.recv().await {
                Some(difference) => found.page.push(difference.into()),
                None => {
                    self.ended().await?;
                    return Ok(DifferencePage { differences: std::mem::take(&mut found.page), more: false });
                }
            }
        }
        let rest = found.page.split_off(limit);
        Ok(DifferencePage { differences: std::mem::replace(&mut found.page, rest), more: true })
    }

    /// Suspends until the check has ended, and gives what is on record of it. Differences that nobody has pulled by then
    /// are let go of: they are in its counts.
    ///
    /// # Errors
    /// What the check failed with: then nothing has changed.
    pub async fn await_summary(&self) -> Result<StatementSummary, TillError> {
        self.found.lock().await.coming.close();
        self.ended().await
    }
}

fn page_size(limit: u32) -> Result<usize, TillError> {
    let refused = || Error::from(ErrorCode::PageSizeOutOfRange).number("most", PAGE_MAX as u64);
    let size = usize::try_from(limit).ok().filter(|size| (1..=PAGE_MAX).contains(size));
    Ok(size.ok_or_else(refused)?)
}

/// The largest page, and how many differences wait for whoever pulls them.
const PAGE_MAX: usize = 100;
