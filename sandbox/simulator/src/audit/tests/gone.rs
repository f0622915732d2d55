//! A good goodbye has no findings, and each thing that is wrong with one is said; so with passwords and networks.
//! It never plays a day. Evidence: `sandbox/simulator/tests/seeds.rs` plays them.

use std::collections::BTreeMap;

use ring::digest::{SHA256, digest};

use super::notes::signers::{encoded, note, public_key};
use super::*;
use crate::book::{Gone, Sent};
use crate::trace::hex;

const EVENTS: [&str; 5] = [
    r#"{"seq":1,"kind":"attempt.approved","attempt":"A-1","body":{}}"#,
    r#"{"seq":2,"kind":"batch.closed","body":{"batch":1}}"#,
    r#"{"seq":3,"kind":"till.deregistration_asked","operator":"alice","body":{"second":"carol"}}"#,
    r#"{"seq":4,"kind":"till.deregistered","operator":"alice","body":{"second":"carol"}}"#,
    r#"{"seq":5,"kind":"till.erasing","operator":"alice","body":{}}"#,
];

/// A till that two people had erased in the evening.
fn good_goodbye() -> (Book, Seen) {
    let (journal, root) = written(&EVENTS);
    let statement = format!("gone\nerasure key {}\n", public_key("till/erasure", 2));
    let mut tree = tree::Tree::default();
    journal.iter().for_each(|event| tree.add(event));
    let said = format!("certificate\nsize 5\nroot {}\n", encoded(&tree.root()));
    let certificate =
        note(&format!("{said}\n{}", note(&statement, &[("till", 1), ("acquirer", 3)])), &[("till/erasure", 2)]);
    let exported = BTreeMap::from(
        [
            ("events.jsonl", EVENTS.map(|event| format!("{event}\n")).concat()),
            ("payments.csv", "attempt,state,amount\r\nA-1,approved,1.00\r\n".to_owned()),
            ("refunds.csv", "refund,state,amount\r\n".to_owned()),
            ("batches.csv", "batch\r\n1\r\n".to_owned()),
            ("checkpoint.txt", "a head\n".to_owned()),
            ("deregistration.txt", "a statement\n".to_owned()),
        ]
        .map(|(name, text)| (name.to_owned(), text)),
    );
    let ways_in_before = vec!["alice".to_owned()];
    let mut gone = Gone { exported, certificates: vec![certificate], ways_in_before, ..Gone::default() };
    list(&mut gone);
    let attempt = r#"{"attempt":"A-1","state":"approved","stan":7,"batch":1,"amount":{"minor":100}}"#;
    let call = Call {
        what: "deregister",
        attempt: None,
        amount_minor: None,
        results: vec![r#"{"erased":{}}"#.to_owned()],
        is_orphaned: false,
    };
    let book = Book { acquirer_key: public_key("acquirer", 3), let_go: vec![statement], ..Book::default() };
    let (attempts, head) = (vec![attempt.to_owned()], Some((5, root)));
    (book, Seen { calls: vec![call], attempts, head, journal, gone: Some(gone), ..Seen::default() })
}

/// Writes the list of what was handed out.
fn list(gone: &mut Gone) {
    let line =
        |(name, text): (&String, &String)| format!("{}  {name}\n", hex(digest(&SHA256, text.as_bytes()).as_ref()));
    let sums = gone.exported.iter().filter(|(name, _)| *name != "sha256sums.txt").map(line).collect();
    gone.exported.insert("sha256sums.txt".to_owned(), sums);
}

/// What the auditor says of a till that is gone, and nothing of its money.
fn said(book: &Book, seen: &Seen) -> Vec<String> {
    let mut findings = Findings::default();
    let attempts = calls::attempts(seen, &mut Findings::default());
    erased::nobody_is_let_go_with_money_open(seen, &mut findings);
    erased::a_till_that_is_gone_left_nothing(book, seen, &attempts, &mut findings);
    people::everybody_sets_another_password(seen, &mut findings);
    people::old_keys_are_destroyed(seen, &mut findings);
    network::what_is_refused_sends_nothing(seen, &mut findings);
    network::decisions_are_recorded(seen, &mut findings);
    network::pins_are_the_acquirers(book, seen, &mut findings);
    findings.0
}

fn gone(seen: &mut Seen) -> &mut Gone {
    seen.gone.as_mut().expect("the till is gone")
}

#[test]
fn each_thing_that_is_wrong_with_a_goodbye_is_said() {
    let (book, seen) = good_goodbye();
    assert_eq!(said(&book, &seen), [""; 0]);
    let rows: [Row; 19] = [
        ("nobody wished for that", |_, seen| seen.calls.clear()),
        ("deregistered by \"alice\" and \"alice\"", |_, seen| rewrite(seen, "carol", "alice")),
        ("till.deregistered while it must not be: open {}, not settled {\"A-1\"}", |_, seen| {
            rewrite(seen, "batch.closed", "batch.sent");
        }),
        ("open {\"A-1\"}", |_, seen| rewrite(seen, "attempt.approved", "attempt.reversal_due")),
        ("frozen true", |_, seen| rewrite(seen, "till.deregistration_asked", "till.frozen")),
        ("has no list", |_, seen| drop(gone(seen).exported.remove("sha256sums.txt"))),
        ("refunds.csv was never handed out", |_, seen| drop(gone(seen).exported.remove("refunds.csv"))),
        ("checkpoint.txt was handed out, and is not what the list says", |_, seen| {
            gone(seen).exported.insert("checkpoint.txt".into(), "another\n".into());
        }),
        ("payments.csv has 0 rows, and 1 were shown", |_, seen| {
            gone(seen).exported.insert("payments.csv".into(), "attempt,state,amount\r\n".into());
            list(gone(seen));
        }),
        ("payments.csv says approved of A-1 with 1.01", |_, seen| {
            gone(seen).exported.insert("payments.csv".into(), "attempt,state,amount\r\nA-1,approved,1.01\r\n".into());
            list(gone(seen));
        }),
        ("0 certificates lie", |_, seen| gone(seen).certificates.clear()),
        ("of another root", |_, seen| {
            gone(seen).exported.insert("events.jsonl".into(), EVENTS.map(|_| "{}\n").concat());
            list(gone(seen));
        }),
        ("the key of its statement has not signed it", |_, seen| {
            gone(seen).certificates[0] = gone(seen).certificates[0].replace("size 5", "size 6");
        }),
        ("the acquirer has not signed its statement", |book, _| book.acquirer_key = public_key("acquirer", 4)),
        ("the acquirer never heard its statement", |book, _| book.let_go.clear()),
        ("of its files there are [\"journal.db\"]", |_, seen| gone(seen).files.push("journal.db".into())),
        ("of its device keys there are [\"vault.till\"]", |_, seen| gone(seen).device_keys.push("vault.till".into())),
        ("of its ways in there are [\"alice\"]", |_, seen| gone(seen).ways_in.push("alice".into())),
        ("nobody got in before either", |_, seen| gone(seen).ways_in_before.clear()),
    ];
    for (expected, spoil) in rows {
        let (mut book, mut seen) = good_goodbye();
        spoil(&mut book, &mut seen);
        let findings = said(&book, &seen);
        assert!(findings.iter().any(|finding| finding.contains(expected)), "{expected}: {findings:?}");
    }
}

/// A day on which all passwords were renewed, and the till was on more than one network.
fn good_day_out() -> (Book, Seen) {
    let (journal, _) = written(&[
        r#"{"seq":1,"kind":"passwords.renewed","operator":"alice","body":{}}"#,
        r#"{"seq":2,"kind":"operator.password_changed","operator":"bob","body":{}}"#,
        r#"{"seq":3,"kind":"operator.signed_in","operator":"bob","body":{}}"#,
        r#"{"seq":4,"kind":"certificate.renewed","operator":"alice","body":{}}"#,
        r#"{"seq":5,"kind":"network.judged","body":{"posture":"proxied","because_of":"proxied"}}"#,
        r#"{"seq":6,"kind":"network.pins_changed","body":{"number":2,"current":"22"}}"#,
    ]);
    let book = Book { pins: vec!["11".into(), "22".into()], ..Book::default() };
    let seen = Seen {
        journal,
        sent: vec![Sent { op: "sale".into(), network: "proxied" }],
        connected: ["proxied"].into(),
        looked_at: ["proxied"].into(),
        device_keys: vec!["account-secrets.1".into()],
        ..Seen::default()
    };
    (book, seen)
}

#[test]
fn each_thing_that_is_wrong_with_a_renewal_or_a_network_is_said() {
    let (book, seen) = good_day_out();
    assert_eq!(said(&book, &seen), [""; 0]);
    let rows: [Row; 9] = [
        ("bob was known by a password from before", |_, seen| rewrite(seen, "password_changed", "password_due")),
        ("the device still has [\"account-secrets\"]", |_, seen| seen.device_keys.push("account-secrets".into())),
        ("connects over a network that is captive_portal", |_, seen| {
            seen.connected.insert("captive_portal");
        }),
        ("connects over a network that is absent", |_, seen| {
            seen.connected.insert("absent");
        }),
        ("sale is sent over a network that is captive_portal", |_, seen| seen.sent[0].network = "captive_portal"),
        ("sign_on is sent over a network that is proxied", |_, seen| seen.sent[0].op = "sign_on".into()),
        ("a network that is vpn was judged", |_, seen| {
            seen.looked_at.insert("vpn");
        }),
        ("known by 33, which was never its own", |_, seen| rewrite(seen, "22", "33")),
        ("pins of the word 0 after those of the word 0", |_, seen| rewrite(seen, "\"number\":2", "\"number\":0")),
    ];
    for (expected, spoil) in rows {
        let (mut book, mut seen) = good_day_out();
        spoil(&mut book, &mut seen);
        let findings = said(&book, &seen);
        assert!(findings.iter().any(|finding| finding.contains(expected)), "{expected}: {findings:?}");
    }
}
