//! What comes after a sale, across the border: voids, debts and decisions, settlement, and the statement check, whose
//! differences wait for whoever pulls them.

#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

mod support;

use std::fmt::Write as _;
use std::sync::Arc;

use support::{Shop, Till, code, until, wait};
use taptill_ffi::{
    AttemptKind, AttemptState, BatchState, Decision, DifferenceKind, Language, ReceiptWidth, StatementCheck,
    StatementFile, VoidOrder, describe_difference,
};

fn void(till: &Till, of: &str) -> Result<taptill_ffi::Attempt, taptill_ffi::TillError> {
    let order = VoidOrder { of: of.into(), attempt: None };
    wait(till.terminal.payments()?.start_void(order)?.await_outcome())
}

#[test]
fn a_void_is_an_attempt_of_its_own() {
    let shop = Shop::new();
    let till = shop.till();
    till.sell("SOLD", 500).unwrap();
    let voided = void(&till, "SOLD").unwrap();
    assert_eq!((voided.kind, voided.of.as_deref()), (AttemptKind::Void, Some("SOLD")));
    let sale = till.status("SOLD").unwrap();
    assert_eq!((sale.state, sale.void.unwrap().attempt), (AttemptState::Voided, voided.attempt));
    assert_eq!(shop.net_minor(), 0);
    for (of, verdict) in [("SOLD", "already_voided"), ("NONE", "attempt_unknown"), ("no name", "identifier_malformed")]
    {
        assert_eq!(code(void(&till, of)), verdict, "{of}");
    }
}

#[test]
fn a_batch_is_settled_once_and_its_report_is_text() {
    let shop = Shop::new();
    let till = shop.till();
    let settlement = till.terminal.settlement().unwrap();
    assert_eq!(code(wait(settlement.settle())), "batch_empty");
    till.sell("SOLD", 1_230).unwrap();
    let settled = wait(settlement.settle()).unwrap();
    assert_eq!((settled.state, settled.next, settled.totals[0].sums.net_minor), (BatchState::Closed, Some(2), 1_230));
    assert_eq!(settlement.batch(Some(1)).unwrap(), settled);
    let report = settlement.report(Some(1), ReceiptWidth::C32, Language::En).unwrap();
    assert!(report.contains("12.30"), "{report}");
    for (number, verdict) in [(9, "record_unknown"), (0, "identifier_malformed")] {
        assert_eq!(code(settlement.batch(Some(number))), verdict, "{number}");
    }
    let payments = till.terminal.payments().unwrap();
    assert_eq!(payments.debts().unwrap(), []);
    assert_eq!(code(payments.decide("SOLD", Decision::Charged)), "not_stuck");
}

/// A check of so many lines of which nobody knows.
fn strange(till: &Till, lines: u64) -> Arc<StatementCheck> {
    let mut text = "date,amount,currency,kind,rrn\n".to_owned();
    for line in 0..lines {
        writeln!(text, "2026-11-22,9.99,CNY,sale,{line:012}").unwrap();
    }
    let path = std::path::Path::new(&till.home).with_extension("csv");
    std::fs::write(&path, text).unwrap();
    let file = StatementFile::Csv { columns: None };
    till.terminal.statements().unwrap().check_file(path.to_str().unwrap(), file, None, None).unwrap()
}

#[test]
fn differences_wait_until_they_are_pulled_and_come_in_pages() {
    const LINES: u64 = 1_050;
    let shop = Shop::new();
    let till = shop.till();
    let check = strange(&till, LINES);
    let last = || till.terminal.statements().unwrap().last().unwrap();
    let (mut pages, mut found) = (0, Vec::new());
    loop {
        let page = wait(check.next(100)).unwrap();
        found.extend(page.differences.iter().map(|difference| difference.line.as_ref().unwrap().number));
        pages += 1;
        if found.len() as u64 + 300 < LINES {
            assert_eq!(last(), None, "it does not end while {} were pulled", found.len());
        }
        if !page.more {
            break;
        }
        let words = describe_difference(&page.differences[0], Language::En).unwrap();
        assert!(words.why.is_some() && !words.todo.is_empty());
        assert_eq!(page.differences[0].kind, DifferenceKind::NotMine);
    }
    assert_eq!(pages, LINES.div_ceil(100));
    assert_eq!(found, (2..LINES + 2).collect::<Vec<_>>(), "each once, in order");
    let summary = wait(check.await_summary()).unwrap();
    assert_eq!((summary.lines, summary.differences.not_mine), (LINES, LINES));
    assert_eq!(last(), Some(summary));
    for limit in [0, 101] {
        assert_eq!(code(wait(check.next(limit))), "page_size_out_of_range", "{limit}");
    }
}

#[test]
fn differences_that_nobody_pulls_are_counted_all_the_same() {
    let shop = Shop::new();
    let till = shop.till();
    let check = strange(&till, 500);
    wait(check.next(1)).unwrap();
    assert_eq!(wait(check.await_summary()).unwrap().differences.not_mine, 500);
    let record = till.terminal.statements().unwrap().last().unwrap().unwrap().sequence;
    drop(strange(&till, 700));
    let last = || till.terminal.statements().unwrap().last().unwrap().unwrap();
    until("the check that was let go of is on record", || last().sequence > record);
    assert_eq!(last().differences.not_mine, 700);
}

/// A task that stops waiting for a page leaves what it had for the next.
#[test]
fn a_page_that_nobody_waited_for_is_not_lost() {
    let shop = Shop::new();
    let till = shop.till();
    let check = strange(&till, 30);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut left = Box::pin(check.next(100));
        // Polled once, and dropped in the middle of its page or before it.
        let polled = std::future::poll_fn(|context| std::task::Poll::Ready(left.as_mut().poll(context))).await;
        if let std::task::Poll::Ready(page) = polled {
            assert_eq!(page.unwrap().differences.len(), 30, "it was quicker than the test");
            return;
        }
        drop(left);
        assert_eq!(check.next(100).await.unwrap().differences.len(), 30);
    });
}
