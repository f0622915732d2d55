//! Power cuts: at each write and each sync of a shift, whatever a drive may then hold is a journal that opens,
//! verifies, and has all that was acknowledged and at most one event more.
//!
//! The journal is opened as in a shop; the disk under it is one in memory that remembers (`taptill_crashfs`). 2,000
//! states in the ordinary run, 20,000 with `TAPTILL_LONG=1`; `tests/people_power_cuts.rs` has more, with people. The
//! control syncs less and loses records.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod journal_support;

use std::cell::RefCell;

use journal_support::*;
use taptill::journal::{Journal, JournalError, SideWork, VerifyReport};
use taptill_crashfs::{Dice, Disk, Files, Log, Loss, Replay};

/// How many states are looked at.
fn states() -> usize {
    if std::env::var_os("TAPTILL_LONG").is_some() { 20_000 } else { 2_000 }
}

/// A till on a disk that remembers.
struct Shift {
    till: Till,
    disk: Disk,
    /// What was acknowledged from each mark on.
    known: RefCell<Vec<Known>>,
}

/// What the caller of the journal knows.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// The steps of the log after which it does.
    from: usize,
    size: u64,
    root: [u8; 32],
    side_rows: u64,
    acknowledged: u64,
}

impl Shift {
    fn begin() -> Self {
        let till = Till::new();
        let disk = Disk::at(till.folder.path());
        Self { till, disk, known: RefCell::default() }
    }

    /// Notes what is durable as far as the caller knows.
    fn note(&self, journal: &Journal, side_rows: u64) {
        let (head, acknowledged) = (journal.head(), journal.acknowledged().unwrap());
        let from = self.disk.mark() + 1;
        self.known.borrow_mut().push(Known { from, size: head.size, root: head.root, side_rows, acknowledged });
    }

    /// Sales with card data beside them, some reversed, a reader that acknowledges, the till closed and opened.
    fn work(&self, sync_less: bool) -> Log {
        self.disk.record();
        let mut journal = self.till.create();
        if sync_less {
            self.disk.sync_less();
        }
        self.note(&journal, 0);
        for sale in 0..5 {
            let (attempt, card) = (format!("A-{sale}"), format!("card/A-{sale}"));
            let kept = |round: usize| keep("keys", format!("working keys {round}").as_bytes());
            let events = [
                ("attempt.prepared", store(&card, &[7; 300])),
                ("attempt.in_doubt", SideWork::None),
                ("keys.changed", kept(sale)),
                ("attempt.reversed", destroy(&card)),
            ];
            for (index, (kind, side)) in events.into_iter().enumerate() {
                journal.append(draft(kind, &attempt), side, at(1_000)).unwrap();
                let of_sale = u64::from(index < 3);
                let of_keys = u64::from(sale > 0 || index >= 2);
                self.note(&journal, of_sale + of_keys);
                if index == 2 {
                    journal.tidy();
                }
            }
            journal.acknowledge(journal.head().size - 1).unwrap();
            self.note(&journal, 1);
            if sale == 2 {
                journal.close().unwrap();
                journal = self.till.open();
                if sync_less {
                    self.disk.sync_less();
                }
            }
        }
        drop(journal);
        self.disk.take_log()
    }

    /// Lays a state on the disk, and says what is wrong with it.
    fn judge(&self, files: &Files, done: usize, goes_on: bool) -> Result<(), String> {
        self.disk.lay(files);
        let known = self.known.borrow();
        let next = known.partition_point(|known| known.from <= done);
        let candidates = &known[next.saturating_sub(1)..known.len().min(next + 1)];
        if next == 0 {
            // Nobody was told that there is a journal. It is made again.
            return match self.till.try_open().err() {
                None => Ok(()),
                Some(JournalError::NotThere | JournalError::StorageFailed) => {
                    self.till.create().verify().map(drop).map_err(|error| format!("made again: {error:?}"))
                }
                Some(error) => Err(format!("half made: {error:?}")),
            };
        }
        let mut journal = self.till.try_open().map_err(|error| format!("not opened: {error:?}"))?;
        let report = journal.verify().map_err(|error| format!("not verified: {error:?}"))?;
        let acknowledged = journal.acknowledged().map_err(|error| format!("no acknowledgement: {error:?}"))?;
        let is = |known: &Known| {
            let VerifyReport { size, root, side_rows, .. } = report;
            (size, root, side_rows, acknowledged) == (known.size, known.root, known.side_rows, known.acknowledged)
        };
        if !candidates.iter().any(is) {
            return Err(format!("{} events, {acknowledged} acknowledged, known {:?}", report.size, candidates));
        }
        drop(journal);
        if goes_on { self.goes_on(files, report.size) } else { Ok(()) }
    }

    /// Lays the state once more, goes on from it, and cuts the power of that too, anywhere.
    fn goes_on(&self, files: &Files, size: u64) -> Result<(), String> {
        self.disk.lay(files);
        self.disk.record();
        let mut journal = self.till.open();
        journal.append(draft("attempt.prepared", "B-1"), store("card/B-1", b"card"), at(2_000)).unwrap();
        let appended = self.disk.mark() + 1;
        drop(journal);
        let log = self.disk.take_log();
        let mut dice = Dice(size);
        let (mut replay, end) = (Replay::new(&log), dice.below(log.steps.len() + 1));
        while replay.done() < end && replay.advance() {}
        self.disk.lay(&replay.cut(Loss::ALL[dice.below(Loss::ALL.len())], &mut dice));
        let report = self.till.inspect().map_err(|error| format!("cut again at {end}: {error:?}"))?;
        let least = size + u64::from(end >= appended);
        let is_right = (least..=size + 1).contains(&report.size);
        if is_right { Ok(()) } else { Err(format!("cut again at {end}: {} events after {size}", report.size)) }
    }

    /// Looks at so many states, spread over all steps of the log, and gives what was wrong with how many.
    fn survey(&self, log: &Log, states: usize) -> Vec<String> {
        let mut replay = Replay::new(log);
        let (mut dice, mut bad, mut seen) = (Dice(1), Vec::new(), 0);
        let steps = log.steps.len();
        while replay.advance() {
            while seen * steps < states * replay.done() {
                let loss = Loss::ALL[seen % Loss::ALL.len()];
                let files = replay.cut(loss, &mut dice);
                if let Err(why) = self.judge(&files, replay.done(), seen % 16 == 0) {
                    bad.push(format!("{loss:?} after {} of {steps} steps: {why}", replay.done()));
                }
                seen += 1;
            }
        }
        assert_eq!(seen, states);
        bad
    }
}

#[test]
fn no_power_cut_takes_a_record_that_was_acknowledged_or_leaves_half_of_one() {
    let shift = Shift::begin();
    let log = shift.work(false);
    let began = std::time::Instant::now();
    let bad = shift.survey(&log, states());
    println!("{} steps, {} states in {:?}, {} bad", log.steps.len(), states(), began.elapsed(), bad.len());
    assert_eq!(bad, [""; 0]);
}

#[test]
fn the_control_that_syncs_less_loses_records() {
    let shift = Shift::begin();
    let log = shift.work(true);
    let bad = shift.survey(&log, 500);
    println!("{} of 500 states bad", bad.len());
    assert!(bad.len() > 100, "only {} of 500 states lost something", bad.len());
}
