//! A good day has no findings, and each thing that is wrong in a day is said. It never plays one; `sandbox/simulator/tests/seeds.rs`
//! does.

mod gone;

use super::*;
use crate::book::{Arrival, Call, Closing, Line};

/// A day on which one sale was approved.
fn good_day() -> (Book, Seen) {
    let events = [
        r#"{"seq":1,"kind":"attempt.prepared","attempt":"A-1","body":{"stan":7,"batch":1}}"#,
        r#"{"seq":2,"kind":"attempt.in_doubt","attempt":"A-1","body":{}}"#,
        r#"{"seq":3,"kind":"attempt.approved","attempt":"A-1","body":{}}"#,
    ];
    let (journal, root) = written(&events);
    let view = format!(
        r#"{{"attempt":"A-1","state":"approved","stan":7,"batch":1,"amount":{{"minor":100}},"rrn":"260000000001","journal":{{"sequence":3,"root":"{root}"}}}}"#
    );
    let call = Call {
        what: "sale",
        attempt: Some("A-1".into()),
        amount_minor: Some(100),
        results: vec![format!(r#"{{"attempt":{view}}}"#)],
        is_orphaned: false,
    };
    let book = Book {
        lines: vec![line("sale", None, 7, 100)],
        arrivals: vec![arrival("sale", 7)],
        marks_repeats: true,
        ..Book::default()
    };
    let seen = Seen {
        calls: vec![call],
        attempts: vec![view],
        refunds: Vec::new(),
        head: Some((3, root)),
        journal,
        ..Seen::default()
    };
    (book, seen)
}

/// A day with a sale of which a part was given back, a sale that was voided, and a batch that was closed with all of it
/// record by record.
fn full_day() -> (Book, Seen) {
    let (journal, root) = written(&[
        r#"{"seq":1,"kind":"attempt.prepared","attempt":"A-1","body":{"stan":7,"batch":1}}"#,
        r#"{"seq":2,"kind":"attempt.approved","attempt":"A-1","body":{}}"#,
        r#"{"seq":3,"kind":"attempt.prepared","attempt":"A-2","body":{"stan":8,"batch":1}}"#,
        r#"{"seq":4,"kind":"attempt.approved","attempt":"A-2","body":{}}"#,
        r#"{"seq":5,"kind":"attempt.prepared","attempt":"V-1","body":{"stan":9,"batch":1,"of":"A-2"}}"#,
        r#"{"seq":6,"kind":"attempt.approved","attempt":"V-1","body":{}}"#,
        r#"{"seq":7,"kind":"refund.prepared","attempt":null,"body":{"refund":"rf-1","stan":10,"batch":1}}"#,
        r#"{"seq":8,"kind":"batch.sent","attempt":null,"body":{"batch":1,"stan":11}}"#,
        r#"{"seq":9,"kind":"batch.closed","attempt":null,"body":{"batch":1}}"#,
    ]);
    let view = |name: &str, state: &str, stan: u32, rrn: u32, more: &str| {
        format!(
            r#"{{"attempt":"{name}","state":"{state}","stan":{stan},"batch":1,"settled":true,"amount":{{"minor":100}},"rrn":"26000000000{rrn}"{more}}}"#
        )
    };
    let sums = [(2, 200), (1, 100), (1, 40)];
    let book = Book {
        lines: vec![
            line("sale", None, 7, 100),
            Line { rrn: "260000000002".into(), ..line("sale", None, 8, 100) },
            Line { rrn: "260000000003".into(), ..line("void", Some((1, 8)), 9, 100) },
            line("refund", Some((1, 7)), 10, 40),
        ],
        arrivals: vec![
            arrival("sale", 7),
            arrival("sale", 8),
            arrival("void", 9),
            arrival("refund", 10),
            arrival("settle", 11),
        ],
        closings: vec![Closing { batch: 1, host: sums, till: sums, uploaded: 4, records: sums, times: 1 }],
        marks_repeats: true,
        ..Book::default()
    };
    let refund = r#"{"refund":"rf-1","attempt":"A-1","state":"acknowledged","stan":10,"batch":1,"amount":{"minor":40},"requested_by":"bob","approved_by":{"name":"alice"}}"#;
    let seen = Seen {
        attempts: vec![
            view("A-1", "approved", 7, 1, r#","refunded_minor":40"#),
            view("A-2", "voided", 8, 2, ""),
            view("V-1", "approved", 9, 3, ""),
        ],
        refunds: vec![refund.to_owned()],
        head: Some((9, root)),
        journal,
        ..Seen::default()
    };
    (book, seen)
}

/// Events as bytes, and the root over them.
fn written(events: &[&str]) -> (Vec<Vec<u8>>, String) {
    let journal: Vec<Vec<u8>> = events.iter().map(|event| event.as_bytes().to_vec()).collect();
    let mut tree = tree::Tree::default();
    journal.iter().for_each(|event| tree.add(event));
    (journal, crate::trace::hex(&tree.root()))
}

/// Writes the journal anew with something else in it.
fn rewrite(seen: &mut Seen, from: &str, to: &str) {
    let events: Vec<String> =
        seen.journal.iter().map(|event| String::from_utf8_lossy(event).replace(from, to)).collect();
    let (journal, root) = written(&events.iter().map(String::as_str).collect::<Vec<_>>());
    seen.head = Some((journal.len() as u64, root));
    seen.journal = journal;
}

fn line(kind: &'static str, of: Option<(u32, u32)>, stan: u32, amount_minor: u64) -> Line {
    Line { kind, of, batch: 1, stan, amount_minor, is_reversed: false, rrn: "260000000001".into() }
}

fn arrival(op: &str, stan: u32) -> Arrival {
    let fingerprint = [stan as u8; 32];
    Arrival { op: op.into(), batch: 1, stan, of: None, fingerprint, is_repeat: false, code: "00".into() }
}

#[test]
fn a_good_day_has_no_findings() {
    let (book, seen) = good_day();
    assert_eq!(audit(&book, &seen), [""; 0]);
    let (book, seen) = full_day();
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
    each_is_said(good_day, &rows);
}

fn each_is_said(day: fn() -> (Book, Seen), rows: &[Row]) {
    for (expected, spoil) in rows {
        let (mut book, mut seen) = day();
        spoil(&mut book, &mut seen);
        let findings = audit(&book, &seen);
        assert!(findings.iter().any(|finding| finding.contains(expected)), "{expected}: {findings:?}");
    }
}

#[test]
fn each_thing_that_is_wrong_with_what_comes_after_a_sale_is_said() {
    let rows: [Row; 17] = [
        ("100 of A-2 are voided here and 0 at the host", |book, _| book.lines[2].is_reversed = true),
        ("0 of A-1 are voided here and 100 at the host", |book, _| book.lines[2].of = Some((1, 7))),
        ("40 were paid back of A-2, which holds 0", |book, _| book.lines[3].of = Some((1, 8))),
        ("101 were paid back of A-1, which holds 100", |book, _| book.lines[3].amount_minor = 101),
        ("40 of A-1 are refunded here and 0 at the host", |book, _| drop(book.lines.pop())),
        ("rf-1 was paid 2 times", |book, _| book.lines.push(book.lines[3].clone())),
        ("rf-1 was approved by \"bob\", who had asked for it", |_, seen| {
            seen.refunds[0] = seen.refunds[0].replace("alice", "bob");
        }),
        ("rf-1 is still forwarding in the evening", |_, seen| {
            seen.refunds[0] = seen.refunds[0].replace("acknowledged", "forwarding");
        }),
        ("rf-1 is stuck, and the host never said", |_, seen| {
            seen.refunds[0] = seen.refunds[0].replace("acknowledged", "stuck");
        }),
        ("A-1 is stuck, and the host never said", |_, seen| {
            seen.attempts[0] = seen.attempts[0].replace("approved", "reversal_stuck");
        }),
        ("batch 1 was closed 1 times here and 2 times at the host", |book, _| book.closings[0].times = 2),
        ("settle of batch 1 was agreed to under 2 numbers", |book, _| book.arrivals.push(arrival("settle", 12))),
        ("batch 1: the host counts", |book, _| book.closings[0].host[1].1 = 99),
        ("batch 1: the till counts", |book, _| book.closings[0].till[2].0 = 2),
        ("batch 1: the upload counts", |book, _| book.closings[0].records[0].1 = 1),
        ("STAN 8 of batch 1 belongs to A-2 and to V-1", |_, seen| rewrite(seen, "\"stan\":9", "\"stan\":8")),
        ("A-1 is shown as approved and was left declined", |_, seen| {
            rewrite(seen, "\"seq\":2,\"kind\":\"attempt.approved\"", "\"seq\":2,\"kind\":\"attempt.declined\"");
        }),
    ];
    each_is_said(full_day, &rows);
}

/// A day on which the till was frozen and two people let it go, and somebody left by the checklist.
fn frozen_day() -> (Book, Seen) {
    let (journal, root) = written(&[
        r#"{"seq":1,"kind":"till.frozen","operator":"bob","body":{"from":"till"}}"#,
        r#"{"seq":2,"kind":"till.released","operator":"alice","body":{"by":{"two_people":{"second":"carol"}}}}"#,
        r#"{"seq":3,"kind":"refund.approved","body":{"refund":"rf-1"}}"#,
        r#"{"seq":4,"kind":"refund.acknowledged","body":{"refund":"rf-1"}}"#,
        r#"{"seq":5,"kind":"operator.signed_out","operator":"alice","body":{"why":"exit","steps":[{"step":"settled","state":"done"}]}}"#,
    ]);
    let book =
        Book { arrivals: vec![arrival("freeze", 1), arrival("release", 2)], marks_repeats: true, ..Book::default() };
    (book, Seen { head: Some((5, root)), journal, ..Seen::default() })
}

#[test]
fn each_thing_that_is_wrong_with_a_freeze_or_a_farewell_is_said() {
    let (book, seen) = frozen_day();
    assert_eq!(audit(&book, &seen), [""; 0]);
    let rows: [Row; 8] = [
        ("released by \"alice\" and \"alice\"", |_, seen| rewrite(seen, "carol", "alice")),
        ("alice released what the host had frozen", |_, seen| {
            rewrite(seen, "\"from\":\"till\"", "\"from\":\"host\"");
        }),
        ("released by the host, which never froze it", |_, seen| {
            rewrite(seen, "{\"two_people\":{\"second\":\"carol\"}}", "\"host\"");
        }),
        ("a till that was not frozen is released", |_, seen| rewrite(seen, "till.frozen", "till.thawed")),
        ("the till was released, and the host was never told", |book, _| drop(book.arrivals.pop())),
        ("the till is frozen, and the host was never told", |book, seen| {
            book.arrivals.clear();
            rewrite(seen, "till.released", "till.thawed");
        }),
        ("refund.approved of null while the till was frozen", |_, seen| rewrite(seen, "till.released", "till.thawed")),
        ("somebody left by the checklist, and {\"rf-1\"} was open", |_, seen| {
            rewrite(seen, "refund.acknowledged", "refund.sent");
        }),
    ];
    each_is_said(frozen_day, &rows);
}

#[test]
fn an_acquirer_that_has_let_the_till_go_need_not_hear_of_a_release() {
    let (mut book, seen) = frozen_day();
    book.arrivals.pop();
    assert_eq!(audit(&book, &seen), ["the till was released, and the host was never told"]);
    book.let_go.push("its statement".to_owned());
    assert_eq!(audit(&book, &seen), [""; 0]);
}

#[test]
fn what_is_sold_after_somebody_was_told_of_a_freeze_is_said() {
    let (book, mut seen) = good_day();
    let freeze = Call {
        what: "freeze",
        attempt: None,
        amount_minor: None,
        results: vec![r#"{"done":true}"#.into()],
        is_orphaned: false,
    };
    seen.calls.insert(0, freeze.clone());
    assert!(audit(&book, &seen).iter().any(|finding| finding.contains("on a till that somebody had frozen")));
    seen.calls.insert(1, Call { what: "release", ..freeze });
    assert_eq!(audit(&book, &seen), [""; 0]);
}

/// The auditor is code of its own.
#[test]
fn nothing_of_the_cores_is_used_here() {
    let files = [
        include_str!("mod.rs"),
        include_str!("calls.rs"),
        include_str!("erased.rs"),
        include_str!("journal.rs"),
        include_str!("leaving.rs"),
        include_str!("money.rs"),
        include_str!("network.rs"),
        include_str!("notes.rs"),
        include_str!("people.rs"),
        include_str!("refunds.rs"),
        include_str!("batches.rs"),
        include_str!("tree.rs"),
        include_str!("../book.rs"),
    ];
    for text in files {
        assert!(!text.contains("use taptill") && !text.contains("taptill::"), "an import of the core's");
    }
}
