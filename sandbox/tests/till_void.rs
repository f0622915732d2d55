//! Voids, debts and decisions as a shop has them, against a running host.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "till_support/books.rs"]
mod books;
mod till_support;

use books::Books;
use serde_json::{Value, json};
use till_support::{BOB, Shop, run};

#[test]
fn a_void_takes_a_payment_back_and_the_host_agrees() {
    for dialect in ["unionpay", "iso87", "encrypted"] {
        let mut shop = Shop::empty();
        shop.start_host();
        assert_eq!(shop.init_speaking(dialect).code, Some(0));
        let sale = shop.till(&["sale", "12.30", "--attempt", "s-1", "--order", "A-17"]).json();
        let ran = shop.till(&["void", "s-1", "--as", "v-1"]);
        let void = ran.json();
        assert_eq!(
            (ran.code, &void["kind"], &void["state"]),
            (Some(0), &json!("void"), &json!("approved")),
            "{dialect}"
        );
        assert_eq!((&void["of"], &void["amount"], &void["order"]), (&json!("s-1"), &sale["amount"], &json!("A-17")));
        let status = shop.till(&["status", "s-1"]).json();
        assert_eq!((&status["state"], &status["void"]["attempt"]), (&json!("voided"), &json!("v-1")), "{dialect}");
        let book = shop.host(&["book"]).json();
        let rows: Vec<_> =
            book.as_array().unwrap().iter().map(|row| (row["kind"].clone(), row["net_minor"].clone())).collect();
        assert_eq!(rows, [(json!("sale"), json!(0)), (json!("void"), json!(0))], "{dialect}");
        let books = Books::of(&shop);
        assert_eq!(books.disagreements(), [""; 0], "{dialect}\n{books}");
        let again = shop.till(&["void", "s-1", "--as", "v-1"]).json();
        assert_eq!(again["rrn"], void["rrn"], "{dialect}: the same void again");
        assert_eq!(shop.till(&["sale", "5"]).json()["state"], "approved", "{dialect}");
    }
}

#[test]
fn a_void_has_a_slip_and_a_reprint_and_words_of_its_own() {
    let shop = Shop::open();
    shop.till(&["sale", "12.30", "--attempt", "s-1"]);
    shop.till(&["void", "s-1", "--as", "v-1"]);
    let slip = |words: &[&str]| run(shop.aloud().args(words)).stdout;
    let first = slip(&["receipt", "v-1"]);
    for words in ["VOID", "APPROVED", "Voids                        s-1", "The payment was cancelled."] {
        assert!(first.contains(words), "{words} in\n{first}");
    }
    assert!(!first.contains("REPRINT") && slip(&["receipt", "v-1"]).contains("REPRINT"));
    assert!(slip(&["receipt", "s-1"]).contains("VOIDED"), "the sale's slip says so from now on");
    let told = slip(&["status", "v-1"]);
    assert!(told.contains("Voided: CNY 12.30") && told.contains("The customer has the money back."), "{told}");
    let told = slip(&["list"]);
    assert!(told.contains("void of s-1"), "{told}");
}

#[test]
fn what_cannot_be_voided_is_typed_and_says_what_to_do_instead() {
    let shop = Shop::open();
    shop.till(&["sale", "1", "--attempt", "s-1"]);
    shop.till(&["sale", "1000.51", "--attempt", "declined"]);
    shop.till(&["void", "s-1", "--as", "v-1"]);
    shop.till(&["sale", "2", "--attempt", "s-2"]);
    let rows: &[(&[&str], &str)] = &[
        (&["void", "nobody"], "attempt_unknown"),
        (&["void", "declined"], "attempt_not_approved"),
        (&["void", "v-1"], "attempt_not_approved"),
        (&["void", "s-1"], "already_voided"),
        (&["void", "s-2", "--as", "v-1"], "attempt_conflict"),
        (&["void", "s-2", "--as", "s-1"], "attempt_conflict"),
        (&["void", "s 2"], "identifier_malformed"),
        (&["decide", "s-2", "--charged"], "not_stuck"),
        (&["decide", "nobody", "--charged"], "attempt_unknown"),
    ];
    for (words, code) in rows {
        assert_eq!(shop.till(words).refusal(), (Some(1), (*code).to_owned()), "{words:?}");
    }
    for words in [&["decide", "s-2"][..], &["decide", "s-2", "--charged", "--not-charged"], &["void"]] {
        assert_eq!(shop.till(words).code, Some(2), "{words:?}");
    }
    assert_eq!(shop.till(&["status", "s-2"]).json()["state"], "approved", "nothing changed");
}

#[test]
fn voids_and_decisions_are_a_supervisors() {
    let shop = Shop::open();
    shop.hire_bob();
    shop.till(&["sale", "1", "--attempt", "s-1"]);
    for (words, action) in [
        (&["void", "s-1"][..], "void_sale"),
        (&["decide", "s-1", "--charged"], "decide_stuck"),
        (&["parameters"], "download_parameters"),
    ] {
        let ran = shop.till_as(BOB.name, words);
        assert_eq!(ran.refusal(), (Some(1), "not_permitted".to_owned()), "{words:?}");
        assert_eq!(ran.json()["error"]["action"], action, "{words:?}");
    }
    assert_eq!(shop.till_as(BOB.name, &["debts"]).json(), json!([]));
    assert!(shop.till_as(BOB.name, &["host-test"]).json()["took_ms"].is_number());
    assert_eq!(shop.till(&["status", "s-1"]).json()["state"], "approved");
}

#[test]
fn a_void_whose_answer_is_lost_is_reversed_and_its_payment_stands() {
    let shop = Shop::open();
    shop.till(&["sale", "12.30", "--attempt", "s-1"]);
    assert_eq!(shop.host(&["next", "no-answer", "--of", "void"]).code, Some(0));
    let void = shop.till(&["void", "s-1", "--as", "v-1"]).json();
    assert!(["in_doubt", "reversal_due"].contains(&void["state"].as_str().unwrap()), "{void}");
    let sale = shop.till(&["status", "s-1"]).json();
    // Whoever looks has signed in, and the till goes on with its debts then.
    let meanwhile = sale["void"]["state"].as_str().unwrap();
    assert_eq!(sale["state"], "approved");
    assert!(["reversal_due", "reversed"].contains(&meanwhile), "{sale}");
    shop.till(&["resolve"]);
    assert_eq!(shop.till(&["status", "v-1"]).json()["state"], "reversed");
    assert_eq!(shop.till(&["status", "s-1"]).json()["state"], "approved");
    let books = Books::of(&shop);
    assert_eq!(books.disagreements(), [""; 0], "{books}");
    assert_eq!(shop.till(&["void", "s-1", "--as", "v-2"]).json()["state"], "approved", "and it may be tried again");
    let books = Books::of(&shop);
    assert_eq!(books.disagreements(), [""; 0], "{books}");
}

/// The host refuses the reversal for ever: people ask the acquirer, and a supervisor says what it said.
#[test]
fn what_is_stuck_is_listed_until_it_is_decided_and_after() {
    let shop = Shop::open();
    shop.till(&["sale", "1", "--attempt", "s-1"]);
    shop.host(&["next", "no-answer", "--of", "void"]);
    shop.host(&["next", "refuse", "--of", "void_reversal", "--count", "20"]); // A process that ends hears one less.
    shop.till(&["void", "s-1", "--as", "v-1"]);
    let debts = until_stuck(&shop);
    assert_eq!((&debts[0]["attempt"], &debts[0]["decision"]), (&json!("v-1"), &Value::Null));
    assert_eq!(shop.till(&["void", "s-1"]).refusal(), (Some(1), "void_in_doubt".to_owned()));
    let decided = shop.till(&["decide", "v-1", "--not-charged"]).json();
    assert_eq!((&decided["state"], &decided["decision"]), (&json!("reversal_stuck"), &json!("not_charged")));
    assert_eq!(shop.till(&["decide", "v-1", "--charged"]).refusal(), (Some(1), "already_decided".to_owned()));
    assert_eq!(shop.till(&["debts"]).json()[0]["decision"], "not_charged", "it stays in every report");
    assert_eq!(shop.till(&["void", "s-1"]).refusal(), (Some(1), "already_voided".to_owned()));
    let told = run(shop.aloud().args(["status", "v-1"])).stdout;
    assert!(told.contains("A supervisor decided: the customer is not charged."), "{told}");
}

fn until_stuck(shop: &Shop) -> Value {
    for _ in 0..10 {
        shop.till(&["resolve"]);
        let debts = shop.till(&["debts"]).json();
        if debts[0]["state"] == "reversal_stuck" {
            return debts;
        }
    }
    panic!("it never sticks: {}", shop.till(&["debts"]).stdout);
}

#[test]
fn the_host_is_tested_and_its_parameters_hold_at_once() {
    let mut shop = Shop::open();
    assert!(shop.till(&["host-test"]).json()["took_ms"].is_number());
    assert_eq!(shop.till(&["parameters"]).json(), json!({ "sale_max_minor": 5_000_000 }));
    let told = run(shop.aloud().args(["parameters"])).stdout;
    assert!(told.contains("CNY 50,000.00") || told.contains("CNY 50000.00"), "{told}");
    assert_eq!(shop.host(&["book"]).json(), json!([]), "no money moved");
    shop.stop_host();
    for words in [["host-test"], ["parameters"]] {
        assert_eq!(shop.till(&words).refusal(), (Some(1), "host_unreachable".to_owned()), "{words:?}");
    }
}
