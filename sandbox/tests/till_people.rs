//! The people at the till: who may come in, what each may do, and what happens to those who guess.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod till_support;

use serde_json::{Value, json};
use till_support::{ALICE, BOB, Shop, run};

/// The codes of answers, `-` where there is none.
fn codes(told: &[Value]) -> Vec<&str> {
    told.iter().map(|value| value["error"]["code"].as_str().unwrap_or("-")).collect()
}

fn refused(code: &str) -> (Option<i32>, String) {
    (Some(1), code.to_owned())
}

#[test]
fn a_till_that_is_nobodys_does_nothing_until_it_is_claimed() {
    let mut shop = Shop::empty();
    shop.start_host();
    assert_eq!(run(&mut shop.set_up("unionpay")).code, Some(0));
    for words in [&["sale", "1"][..], &["list"], &["status", "a"], &["resolve"], &["operator", "list"], &["checkpoint"]]
    {
        assert_eq!(run(shop.nobody().args(words)).refusal(), refused("till_unclaimed"), "{words:?}");
    }
    assert_eq!(run(shop.nobody().arg("who")).json()["state"], "unclaimed");
    let code = shop.claim();
    assert!(code.len() >= 26 && code.is_ascii(), "128 bits on paper");
    let again =
        run(shop.nobody().args(["claim", "mallory", "--password-file", &shop.password_file("m", "my own till now 1")]));
    assert_eq!(again.refusal(), refused("already_claimed"));
    for words in [&["sale", "1"][..], &["list"], &["status", "a"], &["resolve"], &["operator", "list"], &["checkpoint"]]
    {
        let ran = run(shop.nobody().args(words));
        assert_eq!(
            (ran.refusal(), &ran.json()["error"]["state"]),
            (refused("till_locked"), &json!("signed_out")),
            "{words:?}"
        );
    }
    assert_eq!(run(shop.nobody().arg("who")).json()["state"], "signed_out");
    assert_eq!(shop.till(&["sale", "1"]).json()["state"], "approved");
}

#[test]
fn each_command_asks_for_the_right_role() {
    let shop = Shop::open();
    shop.hire_bob();
    let carol = shop.password_file("carol", "the integrator comes on day 3");
    let words = ["operator", "add", "carol", "--role", "service", "--new-password-file", &carol];
    assert_eq!(shop.till(&words).code, Some(0));
    shop.till(&["sale", "1", "--attempt", "a-1"]);
    // What is not refused for the role is done, or refused for another reason.
    let rows: &[(&[&str], bool, bool, bool)] = &[
        (&["sale", "1"], true, true, false),
        (&["status", "a-1"], true, true, false),
        (&["list"], true, true, false),
        (&["receipt", "a-1"], true, true, false),
        (&["resolve"], true, true, false),
        (&["verify"], true, true, true),
        (&["prove", "a-1"], true, false, false),
        (&["consistency", "1"], true, false, true),
        (&["checkpoint"], true, false, true),
        (&["public-key"], true, true, true),
        (&["operator", "list"], true, false, true),
        (&["operator", "add", "dave", "--role", "cashier", "--new-password-file", &carol], true, false, false),
        (&["operator", "reset", "dave", "--new-password-file", &carol], true, false, false),
        (&["operator", "remove", "dave"], true, false, false),
        (&["policy"], true, true, true),
        (&["policy", "set", "--profile", "pci"], true, false, true),
        (&["rotate-keys"], true, false, true),
    ];
    for (words, alice, bob, carol) in rows {
        for (name, may) in [("bob", bob), ("carol", carol), ("alice", alice)] {
            let ran = shop.till_as(name, words);
            let is_refused = ran.stdout.contains("\"not_permitted\"");
            assert_eq!(!is_refused, *may, "{name} {words:?}: {}", ran.stdout);
        }
    }
}

#[test]
fn a_wrong_password_and_a_name_that_nobody_has_are_told_alike() {
    let shop = Shop::open();
    let wrong = shop.password_file("wrong", "not the password of 1");
    let told = ["alice", "nobody"].map(|name| {
        let ran = run(shop.nobody().args(["list", "--operator", name, "--password-file", &wrong]));
        assert_eq!(ran.refusal(), refused("sign_in_refused"));
        ran.stdout
    });
    assert_eq!(told[0], told[1]);
}

#[test]
fn whoever_guesses_is_locked_out_in_every_process_and_others_are_not() {
    let shop = Shop::open();
    shop.hire_bob();
    let wrong = shop.password_file("wrong", "not the password of 1");
    let guess = format!("sign-in bob --password-file '{wrong}'\n");
    let (_, told) = shop.shell_of_nobody(&guess.repeat(11));
    let told = codes(&told);
    assert_eq!(told[..9], ["sign_in_refused"; 9]);
    assert_eq!(told[10], "operator_locked_out");
    let locked_out = shop.till_as("bob", &["list"]);
    assert_eq!(locked_out.refusal(), refused("operator_locked_out"), "the right password too, in another process");
    assert!(locked_out.json()["error"]["retry_after_ms"].as_u64().unwrap() <= 30 * 60 * 1_000);
    let operators = shop.till(&["operator", "list"]).json();
    let bob = operators.as_array().unwrap().iter().find(|operator| operator["name"] == "bob").unwrap().clone();
    assert_eq!(bob["locked_out"], true);
    // The supervisor can let him in again.
    let file = shop.password_file("bob", "given again for 1 day");
    assert_eq!(shop.till(&["operator", "reset", "bob", "--new-password-file", &file]).code, Some(0));
    assert_eq!(shop.till_as("bob", &["list"]).refusal(), refused("password_must_change"));
    let new = shop.password_file("new", "once bitten twice shy 2");
    assert_eq!(shop.till_as("bob", &["password", "change", "--new-password-file", &new]).code, Some(0));
    shop.password_file("bob", "once bitten twice shy 2");
    assert_eq!(shop.till_as("bob", &["list"]).code, Some(0));
}

#[test]
fn a_changed_password_opens_and_the_old_one_does_not() {
    let shop = Shop::open();
    let new = shop.password_file("new", "a quiet harbour at 6");
    let changed = shop.till(&["password", "change", "--new-password-file", &new]);
    assert_eq!((changed.code, &changed.json()["operator"]), (Some(0), &json!("alice")), "{}", changed.stdout);
    assert_eq!(shop.till(&["list"]).refusal(), refused("sign_in_refused"));
    shop.password_file(ALICE.name, "a quiet harbour at 6");
    assert_eq!(shop.till(&["list"]).code, Some(0));
    let rows = [("short 1", "too_short"), (ALICE.password, "used_before"), ("no digit in this one", "needs_digit")];
    for (password, rule) in rows {
        let file = shop.password_file("refused", password);
        let ran = shop.till(&["password", "change", "--new-password-file", &file]);
        assert_eq!((ran.refusal(), &ran.json()["error"]["rule"]), (refused("password_refused"), &json!(rule)));
    }
}

#[test]
fn the_recovery_code_makes_a_supervisor_once() {
    let mut shop = Shop::empty();
    shop.start_host();
    run(&mut shop.set_up("unionpay"));
    let code = shop.claim();
    shop.till(&["sale", "1", "--attempt", "before"]);
    let new = shop.password_file("olga", "found the paper in box 7");
    let file = shop.password_file("code", &code);
    let recover = || run(shop.nobody().args(["recover", "olga", "--code-file", &file, "--new-password-file", &new]));
    let recovered = recover();
    assert_eq!(recovered.code, Some(0), "{}", recovered.stdout);
    let next = recovered.json()["recovery_code"].as_str().unwrap().to_owned();
    assert_ne!(next, code);
    assert_eq!(shop.till_as("olga", &["status", "before"]).json()["state"], "approved");
    assert_eq!(recover().refusal(), refused("recovery_refused"));
    shop.password_file("code", &next);
    shop.password_file("olga", "hid the paper in box 8");
    let again = recover();
    assert_eq!(again.code, Some(0), "{}", again.stdout);
}

#[test]
fn an_operator_who_is_removed_opens_nothing_and_the_record_stays_whole() {
    let shop = Shop::open();
    shop.hire_bob();
    shop.till_as("bob", &["sale", "1", "--attempt", "a-1"]);
    let removed = shop.till(&["operator", "remove", "bob", "--rotate"]);
    assert_eq!((removed.code, &removed.json()["rotated"]), (Some(0), &json!(true)), "{}", removed.stdout);
    assert_eq!(shop.till_as("bob", &["list"]).refusal(), refused("sign_in_refused"));
    assert_eq!(shop.till(&["status", "a-1"]).json()["state"], "approved");
    assert_eq!(shop.till(&["verify"]).json()["ok"], true);
    let names: Vec<_> =
        shop.till(&["operator", "list"]).json().as_array().unwrap().iter().map(|o| o["name"].clone()).collect();
    assert_eq!(names, ["alice"]);
    for (words, code) in [
        (&["operator", "remove", "bob"][..], "operator_unknown"),
        (
            &["operator", "reset", "bob", "--new-password-file", &shop.password_file("x", "some other words 1")],
            "operator_unknown",
        ),
        (
            &[
                "operator",
                "add",
                "alice",
                "--role",
                "cashier",
                "--new-password-file",
                &shop.password_file("x", "some other words 1"),
            ],
            "operator_exists",
        ),
    ] {
        assert_eq!(shop.till(words).refusal(), refused(code), "{words:?}");
    }
    let oneself = shop.till(&["operator", "remove", "alice"]).refusal().1;
    assert!(["not_permitted", "last_supervisor"].contains(&oneself.as_str()), "{oneself}");
}

#[test]
fn in_a_shell_somebody_signs_in_locks_unlocks_and_signs_out() {
    let shop = Shop::open();
    shop.hire_bob();
    let [alice, bob] = [ALICE, BOB].map(|person| shop.password_file(person.name, person.password));
    let lines = format!(
        "who\nlist\nsign-in bob --password-file '{bob}'\nwho\nsale 1 --attempt a-1\nlock\nwho\nsale 2\nlist\n\
         unlock --password-file '{alice}'\nunlock --password-file '{bob}'\nstatus a-1\noperator list\nsign-out\nwho\n\
         status a-1\nunlock --password-file '{bob}'\nsign-in alice --password-file '{alice}'\noperator list\n"
    );
    let (code, told) = shop.shell_of_nobody(&lines);
    assert_eq!(code, Some(0));
    let verdicts = [
        "-",
        "till_locked",
        "-",
        "-",
        "-",
        "-",
        "-",
        "till_locked",
        "till_locked",
        "sign_in_refused",
        "-",
        "-",
        "not_permitted",
        "-",
        "-",
        "till_locked",
        "till_locked",
        "-",
        "-",
    ];
    assert_eq!(codes(&told), verdicts, "{told:#?}");
    let states: Vec<_> = [0, 3, 6, 14].map(|line: usize| told[line]["state"].as_str().unwrap()).to_vec();
    assert_eq!(states, ["signed_out", "signed_in", "locked", "signed_out"]);
    assert_eq!((&told[3]["operator"], &told[3]["role"]), (&json!("bob"), &json!("cashier")));
    assert_eq!((&told[6]["operator"], &told[6]["waiting"]), (&json!("bob"), &json!(0)));
    assert_eq!(told[10]["failed_before"], 1, "the wrong password of the lock is told at the next sign-in");
    assert_eq!(told[11]["state"], "approved");
}

#[test]
fn a_shell_that_ends_signs_out_and_one_that_is_killed_is_told_of() {
    let shop = Shop::open();
    shop.hire_bob();
    let [alice, _] = [ALICE, BOB].map(|person| shop.password_file(person.name, person.password));
    let sign_in = format!("sign-in alice --password-file '{alice}'\n");
    shop.shell("list\n");
    assert_eq!(shop.shell_of_nobody(&sign_in).1[0]["cut_before"], false);
    let killed = shop.till(&["sale", "1", "--die-at", "after attempt.prepared"]);
    assert_eq!(killed.code, None);
    assert_eq!(run(shop.nobody().arg("who")).json()["state"], "signed_out", "a killed till lets nobody in");
    assert_eq!(shop.shell_of_nobody(&sign_in).1[0]["cut_before"], true);
}

#[test]
fn the_lock_screen_says_how_many_payments_wait() {
    let mut shop = Shop::open();
    shop.host(&["next", "no-answer"]);
    assert_eq!(shop.till(&["sale", "1", "--die-at", "after attempt.in_doubt"]).code, None);
    shop.stop_host();
    assert_eq!(run(shop.nobody().arg("who")).json()["waiting"], 1);
    let said = run(till_support::binary().args(["who", "--home"]).arg(shop.path("till")));
    assert_eq!(said.stdout, "Nobody is signed in.\n1 payment waits to be finished with the bank.\n");
    shop.restart_host();
    assert_eq!(shop.till(&["resolve"]).json()["left"], json!([]));
    assert_eq!(run(shop.nobody().arg("who")).json()["waiting"], 0);
}

#[test]
fn the_shops_rules_are_shown_and_set_by_profile_and_by_file() {
    let shop = Shop::open();
    assert_eq!(shop.till(&["policy"]).json()["password"], "pci");
    let mut policy = shop.till(&["policy", "set", "--profile", "nist"]).json();
    assert_eq!(policy["password"], "nist");
    policy["idle_ms"] = json!(60_000);
    let file = shop.path("policy.json").to_str().unwrap().to_owned();
    std::fs::write(&file, policy.to_string()).unwrap();
    let set = shop.till(&["policy", "set", "--file", &file]);
    assert_eq!((set.code, set.json()), (Some(0), policy.clone()));
    for content in ["", "{}", "[1]", &policy.to_string().replace("60000", "1")] {
        std::fs::write(&file, content).unwrap();
        assert_eq!(shop.till(&["policy", "set", "--file", &file]).refusal(), refused("policy_invalid"), "{content}");
    }
    assert_eq!(shop.till(&["policy", "set", "--file", "/no/such/file"]).refusal(), refused("file_unusable"));
    assert_eq!(shop.till(&["policy", "show"]).json(), policy);
    let said = run(shop.aloud().arg("policy")).stdout;
    assert!(said.contains("Idle lock   after 1 minute\n"), "{said}");
}
