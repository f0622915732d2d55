//! A bad day at the real binary: the till is frozen with one command, and two people let it go.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod till_support;

use serde_json::json;
use till_support::{BOB, Shop, run};

fn refused(code: &str) -> (Option<i32>, String) {
    (Some(1), code.to_owned())
}

#[test]
fn one_command_freezes_and_two_people_release() {
    let shop = Shop::open();
    shop.hire_bob();
    let bob = shop.password_file("bob", BOB.password);
    assert_eq!(shop.till(&["sale", "1", "--attempt", "a-1"]).json()["state"], "approved");
    // Nobody is signed in, and nobody need be.
    let ran = run(shop.nobody().args(["freeze", "the", "phone", "is", "gone"]));
    assert_eq!((ran.code, &ran.json()["frozen"]["from"]), (Some(0), &json!("lock_screen")));
    assert_eq!(ran.json()["frozen"]["reason"], "the phone is gone");
    assert_eq!(run(shop.nobody().arg("who")).json()["frozen"]["from"], "lock_screen");
    for words in [&["sale", "1"][..], &["refund", "request", "a-1", "0.50"], &["void", "a-1"]] {
        assert_eq!(shop.till(words).refusal(), refused("till_frozen"), "{words:?}");
    }
    assert_eq!(shop.till(&["resolve"]).code, Some(0));
    assert_eq!(shop.till(&["release"]).code, Some(2), "a second person is wanted");
    let release =
        |second: &str, file: &str| shop.till(&["release", "--second", second, "--second-password-file", file]);
    assert_eq!(
        release("alice", &shop.password_file("alice", till_support::ALICE.password)).refusal(),
        refused("release_needs_another")
    );
    assert_eq!(release("bob", &shop.password_file("wrong", "not it at all 1")).refusal(), refused("sign_in_refused"));
    assert_eq!(release("bob", &bob).json()["frozen"], json!(null));
    assert_eq!(shop.till(&["sale", "1"]).json()["state"], "approved");
    // Signed in, it is recorded at once and in somebody's name.
    assert_eq!(shop.till_as("bob", &["freeze"]).json()["frozen"]["by"], "bob");
    assert_eq!(shop.till(&["settle"]).code, Some(0), "what was sold is settled");
    assert_eq!(shop.till(&["verify"]).code, Some(0));
}

#[test]
fn the_acquirer_hears_of_a_freeze_and_freezes_a_till_itself() {
    let shop = Shop::open();
    shop.hire_bob();
    let bob = shop.password_file("bob", BOB.password);
    let host = |words: &[&str]| {
        let mut command = shop.nobody();
        run(command.arg("host").args(words).arg("--home").arg(shop.path("host"))).json()
    };
    assert_eq!(shop.till(&["freeze", "stolen"]).code, Some(0));
    let tells = |op: &str| host(&["told"]).as_array().unwrap().iter().any(|entry| entry["op"] == op);
    assert!(tells("freeze"), "{:?}", host(&["told"]));
    let release = || shop.till(&["release", "--second", "bob", "--second-password-file", &bob]);
    assert_eq!(release().code, Some(0));
    assert!(tells("release"));
    let terminal = shop.till(&["report", "loss"]).json()["terminal"].as_str().unwrap().to_owned();
    assert_eq!(host(&["freeze", &terminal])["held"], "by_host");
    assert_eq!(shop.till(&["sale", "1"]).refusal(), refused("till_frozen"), "heard before the sale left");
    assert_eq!(release().refusal(), refused("frozen_by_host"));
    assert_eq!(run(shop.nobody().arg("who")).json()["frozen"]["from"], "host");
    assert_eq!(host(&["release", &terminal])["held"], "released");
    // It hears so in the first answer, and may be telling that it knows when the command asks again.
    let _heard = shop.till(&["host-test"]);
    assert_eq!(run(shop.nobody().arg("who")).json()["frozen"], json!(null));
    assert_eq!(shop.till(&["sale", "1"]).json()["state"], "approved");
}

#[test]
fn a_loss_is_reported_passwords_are_renewed_and_approvals_listed() {
    let shop = Shop::open();
    shop.hire_bob();
    assert_eq!(shop.till(&["sale", "12.30", "--attempt", "a-1"]).json()["state"], "approved");
    let report = shop.till(&["report", "loss", "--send"]).json();
    assert_eq!((&report["sums"]["gross"]["minor"], report["number"].is_u64()), (&json!(1_230), true), "{report}");
    assert_eq!(shop.till(&["report", "loss", "--from", "2026-02-30"]).code, Some(2));
    assert_eq!(shop.till(&["passwords", "renew"]).code, Some(0));
    assert_eq!(shop.till(&["list"]).refusal(), refused("password_must_change"));
}
