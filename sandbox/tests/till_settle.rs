//! `settle` and `batch` on the real binary: totals by brand, the report, a settlement that is killed at each point that it
//! passes, with a host in balance and with one that has lost a booking, and the next batch.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod till_support;

use serde_json::{Value, json};
use taptill_sandbox::folders::copy_folder;
use till_support::{Ran, Shop, run};

/// A shop that has sold 12.30 and 5.00, and has voided the second.
fn sold(dialect: &str) -> Shop {
    let mut shop = Shop::empty();
    shop.start_host();
    assert_eq!(shop.init_speaking(dialect).code, Some(0));
    let lines = "sale 12.30 --attempt a-1\nsale 5 --attempt a-2\nvoid a-2\n";
    let (code, said) = shop.shell(lines);
    assert_eq!(code, Some(0), "{said:?}");
    assert_eq!(said[2]["state"], "approved", "{said:?}");
    shop
}

fn host_batches(shop: &Shop) -> Value {
    shop.host(&["batches"]).json()
}

/// How often the host has closed batch 1.
fn closings(shop: &Shop) -> usize {
    let batches = host_batches(shop);
    let closed = |batch: &&Value| batch["batch"] == 1 && !batch["closed_ms"].is_null();
    batches.as_array().unwrap_or_else(|| panic!("{batches}")).iter().filter(closed).count()
}

#[test]
fn a_day_is_settled_and_the_next_batch_is_open() {
    for dialect in ["unionpay", "iso87", "encrypted"] {
        let shop = sold(dialect);
        let open = shop.till(&["batch"]).json();
        assert_eq!((&open["state"], &open["batch"], &open["records"]), (&json!("open"), &json!(1), &json!(3)));
        let sums = &open["totals"][0]["sums"];
        assert_eq!(sums["sale"], json!({"count": 2, "minor": 1_730}), "{dialect}");
        assert_eq!(sums["void"], json!({"count": 1, "minor": 500}), "{dialect}");
        assert_eq!(open["totals"][0]["brands"][0]["brand"], "visa");

        let ran = shop.till(&["settle"]);
        let settled = ran.json();
        assert_eq!(
            (ran.code, &settled["state"], &settled["next"]),
            (Some(0), &json!("closed"), &json!(2)),
            "{settled}"
        );
        assert_eq!((&settled["totals"], &settled["uploaded"]), (&open["totals"], &json!(0)), "{dialect}");
        assert_eq!(closings(&shop), 1, "{dialect}");
        assert_eq!(shop.till(&["status", "a-1"]).json()["settled"], true);
        assert_eq!(shop.till(&["settle"]).refusal(), (Some(1), "batch_empty".to_owned()));
        assert_eq!(shop.till(&["sale", "1"]).json()["batch"], 2);
        assert_eq!(shop.till(&["batch", "1"]).json()["state"], "closed");
        assert_eq!(shop.till(&["batch", "7"]).refusal(), (Some(1), "record_unknown".to_owned()));
        assert_eq!(shop.till(&["verify"]).json()["ok"], true);
    }
}

#[test]
fn a_merchant_reads_totals_by_brand_and_prints_them() {
    let shop = sold("iso87");
    let said = run(shop.aloud().arg("settle")).stdout;
    for part in ["Batch 000001 is settled.", "Visa", "2 sold 17.30, 1 voided 5.00", "CNY 12.30", "Next batch"] {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
    let report = shop.till(&["batch", "1", "--report"]).json();
    let text = report["text"].as_str().unwrap();
    for part in ["SETTLEMENT", "CLOSED", "Sales 2", "Voids 1", "NET", "12.30 CNY", "The acquirer has the same"] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 32), "{text}");
    let chinese = shop.till(&["batch", "1", "--report", "--language", "zh-CN"]).json();
    assert!(chinese["text"].as_str().unwrap().contains("批结算单"), "{chinese}");
}

#[test]
fn what_is_in_the_way_is_named() {
    let mut shop = sold("unionpay");
    assert_eq!(shop.host(&["next", "no-answer"]).code, Some(0));
    let sale = ["sale", "7", "--attempt", "a-3", "--die-at", "after attempt.reversal_due"];
    assert_eq!(run(shop.command().args(sale)).code, None);
    shop.stop_host();
    let refused = shop.till(&["settle"]).json();
    assert_eq!(refused["error"]["code"], "settlement_blocked");
    assert_eq!(refused["error"]["blockers"], json!([{"why": "reversal_due", "name": "a-3"}]));
    shop.restart_host();
    assert_eq!(shop.till(&["settle"]).json()["state"], "closed", "the debt is driven first");
}

#[test]
fn a_lost_answer_is_sent_again_until_it_is_known() {
    let shop = sold("unionpay");
    assert_eq!(shop.host(&["next", "no-answer", "--of", "settle"]).code, Some(0));
    let ran = shop.till(&["settle"]);
    assert_eq!((ran.code, &ran.json()["state"]), (Some(1), &json!("sent")), "{}", ran.stdout);
    assert_eq!(closings(&shop), 1, "the host has closed it");
    let ran = shop.till(&["settle"]);
    assert_eq!((ran.code, &ran.json()["state"], &ran.json()["sends"]), (Some(0), &json!("closed"), &json!(2)));
    assert_eq!(closings(&shop), 1);
}

#[test]
fn a_supervisor_decides_what_the_acquirer_only_refuses() {
    let shop = sold("iso87");
    assert_eq!(shop.till(&["decide", "--batch", "1", "--closed"]).refusal(), (Some(1), "not_stuck".to_owned()));
    for words in [&["decide", "--batch", "1"][..], &["decide", "--closed"], &["decide", "--batch", "1", "--charged"]] {
        assert_eq!(shop.till(words).code, Some(2), "{words:?}");
    }
    shop.host(&["next", "no-answer", "--of", "settle"]);
    shop.till(&["settle"]);
    shop.host(&["next", "refuse", "--of", "settle", "--count", "40"]);
    let waits = (0..40).find_map(|_| {
        shop.till(&["settle"]);
        let debts = shop.till(&["debts"]).json();
        (debts[0]["refusals"].as_u64() >= Some(3)).then_some(debts)
    });
    let waits = waits.expect("it is refused");
    assert_eq!((&waits[0]["batch"], &waits[0]["state"]), (&json!(1), &json!("sent")), "{waits}");
    assert!(run(shop.aloud().arg("debts")).stdout.contains("decide --batch 1 --closed"));
    let decided = shop.till(&["decide", "--batch", "1", "--closed"]).json();
    let told = [&decided["state"], &decided["decision"], &decided["next"]];
    assert_eq!(told, [&json!("closed"), &json!("closed"), &json!(2)], "{decided}");
    let report = shop.till(&["batch", "1", "--report"]).json();
    assert!(report["text"].as_str().unwrap().contains("A supervisor decided"), "{report}");
    assert_eq!(shop.till(&["sale", "1"]).json()["batch"], 2);
    assert_eq!(shop.till(&["debts"]).json(), json!([]));
}

/// Runs a settlement that does not come back.
fn dying(shop: &Shop, point: &str) -> Ran {
    let ran = run(shop.command().args(["settle", "--die-at", point]));
    assert_eq!(ran.code, None, "never came to {point}: {}", ran.stdout);
    ran
}

const POINTS: [&str; 13] = [
    "before batch.closing",
    "after batch.closing",
    "before batch.sent",
    "after batch.sent",
    "before send 2",
    "after send 2",
    "before receive 2",
    "before batch.balanced",
    "after batch.balanced",
    "before batch.closed",
    "after batch.closed",
    "before tell 2",
    "after tell 2",
];

const POINTS_OF_AN_UPLOAD: [&str; 9] = [
    "before batch.unbalanced",
    "after batch.unbalanced",
    "before send 3",
    "after send 3",
    "before batch.uploaded",
    "after batch.uploaded",
    "before batch.end_sent",
    "after send 4",
    "before batch.closed",
];

#[test]
fn no_kill_of_a_settlement_closes_twice_or_never() {
    for (number, point) in POINTS.into_iter().enumerate() {
        let shop = sold(["unionpay", "iso87", "encrypted"][number % 3]);
        dying(&shop, point);
        comes_to_its_end(&shop, point, 0);
    }
}

#[test]
fn no_kill_of_an_upload_closes_twice_or_never() {
    for (number, point) in POINTS_OF_AN_UPLOAD.into_iter().enumerate() {
        let shop = sold(["unionpay", "iso87", "encrypted"][number % 3]);
        // The host books a payment of which the till knows nothing: its totals are others.
        unbalance(&shop);
        dying(&shop, point);
        comes_to_its_end(&shop, point, 3);
    }
}

/// The till's files are put back as they were before a payment that the host has booked, and a supervisor accepts that:
/// found at the sign-on, it is refused first.
fn unbalance(shop: &Shop) {
    let (home, aside) = (shop.path("till"), shop.path("aside"));
    copy_folder(&home, &aside).unwrap();
    assert_eq!(shop.till(&["sale", "3", "--attempt", "lost"]).json()["state"], "approved");
    std::fs::remove_dir_all(&home).unwrap();
    copy_folder(&aside, &home).unwrap();
    assert_eq!(shop.till(&["settle"]).refusal(), (Some(1), "journal_rolled_back".to_owned()));
    assert_eq!(shop.till(&["settle"]).refusal(), (Some(1), "journal_rolled_back".to_owned()));
    assert_eq!(closings(shop), 0, "nothing was sent");
    assert_eq!(shop.till(&["accept-roll-back"]).code, Some(0));
}

fn comes_to_its_end(shop: &Shop, point: &str, uploaded: u64) {
    // A till that finds it unfinished goes on by itself, perhaps before it is asked.
    let said = shop.till(&["settle"]).json();
    assert!(said["state"] == "closed" || said["error"]["code"] == "batch_empty", "{point}: {said}");
    let view = shop.till(&["batch", "1"]).json();
    assert_eq!((&view["state"], &view["uploaded"]), (&json!("closed"), &json!(uploaded)), "{point}: {view}");
    assert_eq!(closings(shop), 1, "{point}: {}", host_batches(shop));
    let next = shop.till(&["sale", "1", "--attempt", "next"]).json();
    assert_eq!((&next["state"], &next["batch"]), (&json!("approved"), &json!(2)), "{point}: {next}");
    assert_eq!(shop.till(&["verify"]).json()["ok"], true, "{point}");
}
