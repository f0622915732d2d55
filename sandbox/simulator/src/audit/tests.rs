//! A good day has no findings, and each thing that is wrong in a day is said. It never plays one; `sandbox/simulator/tests/seeds.rs`
//! does.

use super::*;
use crate::book::{Arrival, Call, Line};

/// A day on which one sale was approved.
fn good_day() -> (Book, Seen) {
    let events = [
        r#"{"seq":1,"kind":"attempt.prepared","attempt":"A-1","body":{"stan":7,"batch":1}}"#,
        r#"{"seq":2,"kind":"attempt.in_doubt","attempt":"A-1","body":{}}"#,
        r#"{"seq":3,"kind":"attempt.approved","attempt":"A-1","body":{}}"#,
    ];
    let journal: Vec<Vec<u8>> = events.iter().map(|event| event.as_bytes().to_vec()).collect();
    let mut tree = tree::Tree::default();
    journal.iter().for_each(|event| tree.add(event));
    let root = crate::trace::hex(&tree.root());
    let view = format!(
        r#"{{"attempt":"A-1","state":"approved","amount":{{"minor":100}},"rrn":"260000000001","journal":{{"sequence":3,"root":"{root}"}}}}"#
    );
    let call = Call {
        what: "sale",
        attempt: Some("A-1".into()),
        amount_minor: Some(100),
        results: vec![format!(r#"{{"attempt":{view}}}"#)],
        is_orphaned: false,
    };
    let line = Line {
        kind: "sale",
        of: None,
        batch: 1,
        stan: 7,
        amount_minor: 100,
        is_reversed: false,
        rrn: "260000000001".into(),
    };
    let arrival = Arrival {
        op: "sale".into(),
        batch: 1,
        stan: 7,
        amount_minor: 100,
        fingerprint: [1; 32],
        is_repeat: false,
        code: "00".into(),
        at_ms: 1,
    };
    let book = Book { lines: vec![line], arrivals: vec![arrival], marks_repeats: true, ..Book::default() };
    let seen = Seen {
        calls: vec![call],
        attempts: vec![view],
        refunds: Vec::new(),
        head: Some((3, root)),
        journal,
        troubles: Vec::new(),
    };
    (book, seen)
}

#[test]
fn a_good_day_has_no_findings() {
    let (book, seen) = good_day();
    assert_eq!(audit(&book, &seen), [""; 0]);
}

/// What is changed in a good day, and what must be said of it.
type Row = (&'static str, fn(&mut Book, &mut Seen));

#[test]
fn each_thing_that_is_wrong_is_said() {
    let rows: [Row; 13] = [
        ("is approved with 100 here and 0 at the host", |book, _| book.lines[0].is_reversed = true),
        ("is approved, and the host holds nothing", |book, _| book.lines.clear()),
        ("unknown to the till", |book, _| book.lines[0].stan = 8),
        ("is approved with 100 here and 101 at the host", |book, _| book.lines[0].amount_minor = 101),
        ("has 2 debts at the host", |book, _| book.lines.push(book.lines[0].clone())),
        ("which the host never said of it", |book, _| book.lines[0].rrn = "260000000002".into()),
        ("came with 2 requests", |book, _| {
            let again = Arrival { fingerprint: [2; 32], ..book.arrivals[0].clone() };
            book.arrivals.push(again);
        }),
        ("came 2 times as a new one", |book, _| {
            let first = Arrival { op: "reversal".into(), ..book.arrivals[0].clone() };
            book.arrivals.push(Arrival { fingerprint: [3; 32], ..first.clone() });
            book.arrivals.push(first);
        }),
        ("was answered 2 times", |_, seen| {
            let again = seen.calls[0].results[0].clone();
            seen.calls[0].results.push(again);
        }),
        ("was never answered", |_, seen| seen.calls[0].results.clear()),
        ("and the bytes have another", |_, seen| seen.journal[1][0] = b' '),
        ("is still in_doubt in the evening", |_, seen| {
            seen.attempts[0] = seen.attempts[0].replace("\"approved\"", "\"in_doubt\"");
        }),
        ("was told that A-1 is declined, and the host holds 100", |_, seen| {
            seen.calls[0].results[0] = seen.calls[0].results[0].replace("\"approved\"", "\"declined\"");
        }),
    ];
    for (expected, spoil) in rows {
        let (mut book, mut seen) = good_day();
        spoil(&mut book, &mut seen);
        let findings = audit(&book, &seen);
        assert!(findings.iter().any(|finding| finding.contains(expected)), "{expected}: {findings:?}");
    }
}

/// The auditor is code of its own.
#[test]
fn nothing_of_the_cores_is_used_here() {
    let files = [
        include_str!("mod.rs"),
        include_str!("calls.rs"),
        include_str!("journal.rs"),
        include_str!("money.rs"),
        include_str!("refunds.rs"),
        include_str!("batches.rs"),
        include_str!("tree.rs"),
        include_str!("../book.rs"),
    ];
    for text in files {
        assert!(!text.contains("use taptill") && !text.contains("taptill::"), "an import of the core's");
    }
}
