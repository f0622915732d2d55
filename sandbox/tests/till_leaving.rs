//! `exit` on the real binary: the list, one step a line with its command, the refusal with everything that is in the
//! way, the reason of somebody who leaves all the same, and a till that is left.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod till_support;

use serde_json::json;
use till_support::{Shop, run};

#[test]
fn a_merchant_is_walked_through_the_list() {
    let shop = Shop::open();
    assert_eq!(shop.till(&["sale", "12.30", "--attempt", "a-1"]).code, Some(0));
    let refused = shop.till(&["exit"]);
    assert_eq!(refused.refusal(), (Some(1), "exit_blocked".to_owned()));
    let blockers = &refused.json()["error"]["blockers"];
    assert_eq!(blockers, &json!([{"code": "batch_not_settled", "remedy": "settle", "name": "000001"}]));
    let said = run(shop.aloud().args(["exit"])).stderr;
    assert!(said.contains("The batch is not settled. (000001) -> taptill settle"), "{said}");

    assert_eq!(shop.till(&["settle"]).code, Some(0));
    let list = run(shop.aloud().args(["exit", "--list"])).stdout;
    for part in
        ["[x] The batch is settled", "[!] The statement was looked at", "-> taptill statement check", "[ ] Keys and"]
    {
        assert!(list.contains(part), "{part:?} is not in {list}");
    }
    assert_eq!(shop.till(&["statement", "check"]).code, Some(0));
    let left = shop.till(&["exit"]);
    assert_eq!((left.code, &left.json()["is_left"]), (Some(0), &json!(true)));
    assert_eq!(left.json()["items"][6], json!({"step": "wiped", "state": "done"}));
    assert_eq!(shop.till(&["verify"]).json()["ok"], true);
}

#[test]
fn whoever_leaves_all_the_same_says_why() {
    let shop = Shop::open();
    shop.hire_bob();
    assert_eq!(shop.till(&["sale", "5", "--attempt", "a-1"]).code, Some(0));
    for (reason, code) in [(" ", "reason_missing"), ("4761739001010119", "identifier_malformed")] {
        assert_eq!(shop.till(&["exit", "--force", reason]).refusal(), (Some(1), code.to_owned()), "{reason:?}");
    }
    let cashier = shop.till_as("bob", &["exit", "--force", "I am tired"]);
    assert_eq!(cashier.refusal(), (Some(1), "not_permitted".to_owned()));
    let left = shop.till(&["exit", "--force", "the network is down"]).json();
    let settled = &left["items"][1];
    assert_eq!((&settled["state"], &settled["by"]), (&json!("waived"), &json!("alice")), "{left}");
    assert_eq!(settled["reason"], "the network is down");
}
