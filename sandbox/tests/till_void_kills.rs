//! The real binary is killed in a void: its list and the host's book agree afterwards, the payment is voided exactly
//! where the void is approved, and the next one works.
//!
//! `tests/void_kills.rs` does the same to the engine in virtual time, over every trouble and with the control; here
//! processes really end and files are really left behind.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "till_support/books.rs"]
mod books;
mod till_support;

use std::collections::BTreeMap;
use std::sync::Mutex;

use books::Books;
use serde_json::{Value, json};
use till_support::{Shop, run};

/// Every point that a void passes in a process of its own, in order; `tests/void_kills.rs` holds the engine to it.
fn points_of_a_void() -> Vec<String> {
    let mut visits = BTreeMap::new();
    let numbered = |point: &'static str| {
        let told_before = 2 * u32::from(point.ends_with(" tell")); // The operator's sign-in, and the network.
        let visit: &mut u32 = visits.entry(point).or_insert(told_before);
        *visit += 1;
        format!("{point} {visit}")
    };
    include_str!("../../tests/vectors/points_of_a_sale.txt").lines().map(numbered).collect()
}

/// One till, one host, one payment of 12.30, one kill of its void.
struct Case {
    dialect: &'static str,
    /// What the host does with the void.
    trouble: &'static str,
    point: String,
    /// The void's state once everything is resolved, and its payment's.
    verdict: (&'static str, &'static str),
}

#[test]
fn no_kill_of_a_void_puts_the_books_at_odds() {
    let points = points_of_a_void();
    let place = |point: &str| points.iter().position(|known| known == point).unwrap();
    let (begun, in_doubt, approved) =
        (place("after attempt.prepared 1"), place("after attempt.in_doubt 1"), place("after attempt.approved 1"));
    let verdict = |place: usize| match place {
        _ if place < begun => ("attempt_unknown", "approved"),
        _ if place < in_doubt => ("not_sent", "approved"),
        _ if place < approved => ("reversed", "approved"),
        _ => ("approved", "voided"),
    };
    survive_all(points.iter().enumerate().map(|(place, point)| Case {
        dialect: ["unionpay", "iso87"][place % 2],
        trouble: "normal",
        point: point.clone(),
        verdict: verdict(place),
    }));
}

#[test]
fn no_kill_of_a_void_in_trouble_puts_the_books_at_odds() {
    let rows = [
        ("no-answer", "before attempt.reversal_due"),
        ("no-answer", "after attempt.reversal_due"),
        ("no-answer", "before tell 3"),
        ("late-answer", "after attempt.reversal_due"),
        ("forget", "before attempt.reversal_due"),
        ("bad-mac", "before receive 2"),
        ("reset", "after attempt.reversal_due"),
    ];
    survive_all(rows.into_iter().enumerate().map(|(number, (trouble, point))| Case {
        dialect: ["iso87", "unionpay", "encrypted"][number % 3],
        trouble,
        point: point.to_owned(),
        verdict: ("reversed", "approved"),
    }));
}

/// Each case in a shop of its own. Most of a void's time is waiting, so several go on at once.
fn survive_all(cases: impl IntoIterator<Item = Case>) {
    let cases = Mutex::new(cases.into_iter().collect::<Vec<_>>().into_iter());
    let next = || cases.lock().unwrap().next();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(case) = next() {
                    survive(&case);
                }
            });
        }
    });
}

fn survive(case: &Case) {
    let what = format!("{}, host {}, killed {}", case.dialect, case.trouble, case.point);
    let mut shop = Shop::empty();
    shop.start_host();
    assert_eq!(shop.init_speaking(case.dialect).code, Some(0), "{what}");
    assert_eq!(shop.till(&["sale", "12.30", "--attempt", "sold"]).json()["state"], "approved", "{what}");
    if case.trouble != "normal" {
        assert_eq!(shop.host(&["next", case.trouble, "--of", "void"]).code, Some(0), "{what}");
    }
    let told = run(shop.command().args(["void", "sold", "--as", "killed", "--die-at", &case.point]));
    assert_eq!(told.code, None, "{what}: never came there: {}", told.stdout);

    // Forgets what the host was to do wrong, if the void never came that far.
    shop.restart_host();
    let book = format!("host --home '{}' book\n", shop.path("host").display());
    let lines = format!(
        "verify\nresolve\nstatus killed\nstatus sold\nlist --limit 99999\n{book}verify\nsale 5 --attempt next\n"
    );
    let (code, said) = shop.shell(&lines);
    assert_eq!((code, said.len()), (Some(0), 8), "{what}: {said:?}");
    assert_eq!((&said[0]["ok"], &said[1]["left"]), (&json!(true), &json!([])), "{what}");
    let state = |told: &Value| told["state"].as_str().or(told["error"]["code"].as_str()).map(str::to_owned);
    let found = (state(&said[2]).unwrap(), state(&said[3]).unwrap());
    assert_eq!((found.0.as_str(), found.1.as_str()), case.verdict, "{what}");
    if told.stdout.contains("\"state\":\"approved\"") {
        assert_eq!(case.verdict, ("approved", "voided"), "{what}: it was told as approved");
    }
    let rows = |told: &Value| told.as_array().cloned().unwrap_or_else(|| panic!("{what}: no rows: {told}"));
    let books = Books { till: rows(&said[4]), host: rows(&said[5]) };
    assert_eq!(books.disagreements(), [""; 0], "{what}\n{books}");
    assert_eq!((&said[6]["ok"], &said[7]["state"]), (&json!(true), &json!("approved")), "{what}");
}
