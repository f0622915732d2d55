//! Refunds with the real binary: one person asks, another approves, and the bank's book says what went back.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod till_support;

use serde_json::{Value, json};
use till_support::{ALICE, Ran, Shop, run};

/// A till with bob at it, which has sold A-1 for 12.30 under order O-1.
fn sold() -> Shop {
    let shop = Shop::open();
    shop.hire_bob();
    let sale = shop.till(&["sale", "12.30", "--attempt", "A-1", "--order", "O-1"]);
    assert_eq!(sale.json()["state"], "approved", "{}", sale.stdout);
    shop
}

/// Bob asks for this much of A-1; gives the refund's id.
fn asked(shop: &Shop, amount: &str) -> String {
    let ran = shop.till_as("bob", &["refund", "request", "A-1", amount]);
    assert_eq!((ran.code, ran.json()["state"].as_str()), (Some(0), Some("waiting")), "{}", ran.stdout);
    ran.json()["refund"].as_str().unwrap().to_owned()
}

fn refused(code: &str) -> (Option<i32>, String) {
    (Some(1), code.to_owned())
}

/// What the customer was charged in all, by the bank's book.
fn net_minor(shop: &Shop) -> u64 {
    shop.host(&["book"]).json().as_array().unwrap().iter().filter_map(|entry| entry["net_minor"].as_u64()).sum()
}

fn refunds(shop: &Shop, words: &[&str]) -> Vec<Value> {
    shop.till(&[&["refund", "list"], words].concat()).json().as_array().unwrap().clone()
}

#[test]
fn bob_asks_alice_approves_and_the_bank_gives_it_back() {
    let shop = sold();
    let refund = asked(&shop, "5.00");
    assert_eq!(net_minor(&shop), 1_230, "nothing goes back before somebody approves");
    assert_eq!(shop.till_as("bob", &["refund", "approve", &refund]).refusal(), refused("not_permitted"));
    let done = shop.till(&["refund", "approve", &refund]);
    let told = done.json();
    assert_eq!((done.code, told["state"].as_str()), (Some(0), Some("acknowledged")), "{}", done.stdout);
    assert_eq!((&told["requested_by"], &told["approved_by"]["operator"]["name"]), (&json!("bob"), &json!("alice")));
    assert_eq!(net_minor(&shop), 730);
    let sale = shop.till(&["status", "A-1"]).json();
    assert_eq!((&sale["refunded_minor"], &sale["refunds"]), (&json!(500), &json!([refund])));
    assert_eq!(shop.till(&["refund", "approve", &refund]).refusal(), refused("refund_not_waiting"));
    assert_eq!(shop.till(&["verify"]).code, Some(0));
}

#[test]
fn a_second_person_approves_while_bob_is_signed_in() {
    let shop = sold();
    let refund = asked(&shop, "5.00");
    let second = |name: &str, file: &str| {
        let words = ["refund", "approve", &refund, "--second", name, "--second-password-file", file];
        shop.till_as("bob", &words)
    };
    let wrong = shop.password_file("wrong", "correct horse battery 8");
    assert_eq!(second(ALICE.name, &wrong).refusal(), refused("sign_in_refused"));
    let bobs = shop.path("people").join("bob").to_str().unwrap().to_owned();
    assert_eq!(second("bob", &bobs).refusal(), refused("not_permitted"));
    let alices = shop.path("people").join(ALICE.name).to_str().unwrap().to_owned();
    let done = second(ALICE.name, &alices).json();
    assert_eq!((&done["state"], &done["approved_by"]["operator"]["tie"]), (&json!("acknowledged"), &json!("none")));
    assert_eq!(net_minor(&shop), 730);
}

#[test]
fn nobody_approves_what_she_has_asked_for() {
    let shop = sold();
    let asked = shop.till(&["refund", "request", "A-1", "1"]).json();
    let refund = asked["refund"].as_str().unwrap();
    assert_eq!(shop.till(&["refund", "approve", refund]).refusal(), refused("approver_is_requester"));
    assert_eq!(net_minor(&shop), 1_230);
}

#[test]
fn a_refund_that_is_asked_for_again_by_its_name_is_the_same_one() {
    let shop = sold();
    let named = |amount| shop.till(&["refund", "request", "A-1", amount, "--name", "return-7"]);
    assert_eq!(named("1").json()["refund"], "return-7");
    assert_eq!(named("1").json()["refund"], "return-7", "asked for again, it is the same one");
    assert_eq!(named("2").refusal(), refused("refund_conflict"));
    assert_eq!(refunds(&shop, &[]).len(), 1);
}

#[test]
fn what_cannot_be_refunded_is_refused_by_its_code_and_changes_nothing() {
    let shop = sold();
    assert_eq!(shop.host(&["next", "refuse"]).code, Some(0));
    shop.till(&["sale", "7", "--attempt", "A-2"]);
    let rows: &[(&[&str], &str)] = &[
        (&["A-9", "1"], "attempt_unknown"),
        (&["A-2", "1"], "attempt_not_approved"),
        (&["A-1", "0"], "amount_zero"),
        (&["A-1", "-1"], "amount_negative"),
        (&["A-1", "12.31"], "refund_exceeds_captured_amount"),
        (&["A-1", "1", "--currency", "JPY"], "refund_currency_differs"),
        (&["1", "--order", "O-9"], "attempt_unknown"),
        (&["1", "--rrn", "999999999999"], "attempt_unknown"),
        (&["1", "--receipt", "000777"], "attempt_unknown"),
        (&["1", "--receipt", "7/x"], "identifier_malformed"),
    ];
    for (words, code) in rows {
        let ran = shop.till(&[&["refund", "request"], *words].concat());
        assert_eq!(ran.refusal(), refused(code), "{words:?}: {}", ran.stdout);
    }
    assert_eq!(shop.till(&["refund", "request", "A-1"]).code, Some(2), "which payment?");
    assert_eq!(shop.till(&["refund", "request", "A-1", "1", "--order", "O-1"]).code, Some(2), "named twice");
    let nobodys = "rf-0000000000000000";
    assert_eq!(shop.till(&["refund", "approve", nobodys]).refusal(), refused("refund_unknown"));
    assert_eq!(shop.till(&["refund", "approve", "A 1"]).refusal(), refused("identifier_malformed"));
    assert_eq!(refunds(&shop, &[]), Vec::<Value>::new());
    assert_eq!(net_minor(&shop), 1_230);
}

#[test]
fn a_payment_is_named_by_order_reference_number_or_receipt() {
    let shop = sold();
    let sale = shop.till(&["status", "A-1"]).json();
    let (stan, batch) = (sale["stan"].as_u64().unwrap(), sale["batch"].as_u64().unwrap());
    let receipt = format!("{batch:06}/{stan:06}");
    for named in [["--order", "O-1"], ["--rrn", sale["rrn"].as_str().unwrap()], ["--receipt", &receipt]] {
        let ran = shop.till_as("bob", &["refund", "request", "1", named[0], named[1]]);
        assert_eq!(ran.json()["attempt"], "A-1", "{named:?}: {}", ran.stdout);
    }
    let other = shop.till(&["sale", "1", "--order", "O-1"]).json();
    let words = ["refund", "request", "1", "--order", "O-1"];
    let ran = shop.till_as("bob", &words);
    assert_eq!(ran.refusal(), refused("refund_ambiguous"));
    let listed = |sale: &Value| {
        let parts =
            ["attempt", "created_ms", "amount", "card_masked"].map(|part| (part.to_owned(), sale[part].clone()));
        Value::Object(parts.into_iter().collect())
    };
    assert_eq!(ran.json()["error"]["candidates"], json!([listed(&other), listed(&sale)]));
    let said = run(shop.aloud().args(words)).stderr;
    for sale in [&other, &sale] {
        let line = said.lines().find(|line| line.contains(sale["attempt"].as_str().unwrap())).unwrap_or(&said);
        assert!(line.contains(" UTC+00:00  ") && line.ends_with("476173******0119"), "{said}");
    }
}

#[test]
fn a_request_is_listed_and_rejected_with_a_reason() {
    let shop = sold();
    let (first, second) = (asked(&shop, "12"), asked(&shop, "0.30"));
    let names = |words: &[&str]| -> Vec<String> {
        refunds(&shop, words).iter().map(|refund| refund["refund"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&[]), [second.clone(), first.clone()]);
    assert_eq!(names(&["--limit", "1"]), std::slice::from_ref(&second));
    assert_eq!(shop.till(&["refund", "reject", &first]).refusal(), refused("refund_rejected_reason_missing"));
    let rejected = shop.till(&["refund", "reject", &first, "--reason", "the goods stay"]).json();
    assert_eq!((&rejected["state"], &rejected["rejected"]["reason"]), (&json!("rejected"), &json!("the goods stay")));
    assert_eq!(names(&["--state", "waiting"]), [second]);
    assert_eq!(shop.till(&["refund", "approve", &first]).refusal(), refused("refund_not_waiting"));
}

#[test]
fn a_refund_whose_answer_is_lost_is_sent_again_until_the_bank_has_it() {
    let mut shop = sold();
    let refund = asked(&shop, "5.00");
    assert_eq!(shop.host(&["next", "no-answer", "--of", "refund", "--count", "9"]).code, Some(0));
    let told = shop.till(&["refund", "approve", &refund]).json();
    assert_eq!(told["state"], "forwarding", "{told}");
    assert_eq!(shop.till(&["debts"]).json()[0]["refund"], json!(refund));
    shop.restart_host();
    // A till that opens sends what it owes by itself: whether `resolve` still finds it open is a matter of who is first.
    let resolved = shop.till(&["resolve"]).json();
    assert_eq!((&resolved["refunds_left"], shop.till(&["debts"]).json()), (&json!([]), json!([])), "{resolved}");
    let view = &refunds(&shop, &[])[0];
    assert!(view["sends"].as_u64().unwrap() > 1 && view["state"] == "acknowledged", "{view}");
    assert_eq!(net_minor(&shop), 730, "once");
}

#[test]
fn a_till_killed_anywhere_in_an_approval_gives_the_money_back_once() {
    let steps = ["refund.approved", "refund.prepared", "refund.sent", "send", "receive", "refund.acknowledged"];
    let shop = sold();
    let points = steps.iter().flat_map(|step| [format!("before {step}"), format!("after {step}")]);
    for (point, back) in points.zip((1..).map(|times| 100 * times)) {
        let refund = asked(&shop, "1");
        let killed = shop.till(&["refund", "approve", &refund, "--die-at", &point]);
        assert_ne!(killed.code, Some(0), "{point}");
        shop.till(&["resolve"]);
        if refunds(&shop, &["--state", "waiting"]).len() == 1 {
            shop.till(&["refund", "approve", &refund]);
        }
        let view = &refunds(&shop, &[])[0];
        assert_eq!((view["state"].as_str(), net_minor(&shop)), (Some("acknowledged"), 1_230 - back), "{point}: {view}");
    }
}

#[test]
fn the_rules_ask_for_the_card_again_and_leave_the_approval_to_the_bank() {
    let shop = sold();
    let mut policy = shop.till(&["policy"]).json();
    policy["refunds"]["contactless_card"]["verification"] = "card_again".into();
    policy["refunds"]["contactless_card"]["approval"] = "host".into();
    let file = shop.path("policy.json");
    std::fs::write(&file, policy.to_string()).unwrap();
    let set = shop.till(&["policy", "set", "--file", file.to_str().unwrap()]);
    assert_eq!(set.code, Some(0), "{}", set.stdout);
    let other = shop.till_as("bob", &["refund", "request", "A-1", "1", "--card", "visa-cvn10"]);
    assert_eq!(other.refusal(), refused("refund_card_differs"));
    let same = shop.till_as("bob", &["refund", "request", "A-1", "1"]).json();
    assert_eq!((&same["state"], &same["approved_by"]), (&json!("acknowledged"), &json!("host")), "{same}");
    assert_eq!((&same["verified"], net_minor(&shop)), (&json!("card_again"), 1_130));
}

#[test]
fn the_voucher_is_printed_and_printed_again() {
    let shop = sold();
    let refund = asked(&shop, "5.00");
    let voucher = |words: &[&str]| shop.till(&[&["refund", "voucher", &refund], words].concat());
    assert_eq!(voucher(&[]).refusal(), refused("receipt_not_available"));
    shop.till(&["refund", "approve", &refund]);
    let text = |ran: Ran| ran.json()["text"].as_str().unwrap().to_owned();
    let first = text(voucher(&[]));
    assert!(first.contains("REFUNDED") && first.contains("CNY 5.00") && !first.contains("REPRINT"), "{first}");
    assert!(text(voucher(&[])).contains("REPRINT"));
    let shops = text(voucher(&["--copy", "merchant", "--language", "zh-CN"]));
    assert!(shops.contains("退款") && shops.contains("alice") && shops.contains("bob"), "{shops}");
}

#[test]
fn a_person_reads_what_became_of_it() {
    let shop = sold();
    let refund = asked(&shop, "5.00");
    let waiting = run(shop.aloud().args(["refund", "list"]));
    assert!(waiting.stdout.contains("waiting") && waiting.stdout.contains(&refund), "{}", waiting.stdout);
    let done = run(shop.aloud().args(["refund", "approve", &refund]));
    assert!(done.stdout.contains("Refunded: CNY 5.00") && done.stdout.contains("bob"), "{}", done.stdout);
}
