//! `exit` and `deregister` on the real binary: the list, one step a line with its command, the refusal with everything that is in the
//! way, the reason of somebody who leaves all the same, and a till that is left.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod till_support;

use serde_json::json;
use till_support::{Ran, Shop, run};

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

/// In a shell the same word means the same checklist; with nobody signed in there is nothing to leave but the shell.
#[test]
fn in_a_shell_exit_leaves_the_till_and_then_the_shell() {
    let shop = Shop::open();
    let (code, told) = shop.shell("exit --list\nsale 1\nexit\nexit --force 'it is late'\nwho\nexit\nwho\n");
    let told: Vec<&serde_json::Value> = told.iter().collect();
    let [list, sale, refused, left, who] = told[..] else { panic!("{told:?}") };
    assert_eq!((code, &list["is_left"], &sale["state"]), (Some(0), &json!(false), &json!("approved")));
    assert_eq!((&refused["error"]["code"], &left["is_left"]), (&json!("exit_blocked"), &json!(true)));
    assert_eq!(who["state"], "signed_out");
}

/// A second supervisor with the file of her password.
fn hire_carol(shop: &Shop) -> String {
    let file = shop.password_file("carol", "slow trains arrive 8 late");
    let added =
        run(shop.command().args(["operator", "add", "carol", "--role", "supervisor", "--new-password-file", &file]));
    assert_eq!(added.code, Some(0), "{}", added.stderr);
    file
}

#[test]
fn a_till_is_deregistered_and_set_up_as_new() {
    let shop = Shop::open();
    let carol = hire_carol(&shop);
    let two = ["--second", "carol", "--second-password-file", carol.as_str()];
    assert_eq!(shop.till(&["sale", "12.30", "--attempt", "a-1"]).code, Some(0));
    let refused = run(shop.command().arg("deregister").args(two));
    assert_eq!(refused.refusal(), (Some(1), "deregistration_blocked".to_owned()));
    assert_eq!(refused.json()["error"]["blockers"][0]["remedy"], "settle");
    assert_eq!(shop.till(&["settle"]).code, Some(0));
    let alone = run(shop.aloud().arg("deregister"));
    assert!(alone.stderr.contains("--second NAME"), "{}", alone.stderr);

    let records = shop.path("records");
    let gone = run(shop.command().arg("deregister").args(two).arg("--export").arg(&records));
    assert_eq!((gone.code, &gone.json()["acknowledged"]), (Some(0), &json!(true)), "{}", gone.stdout);
    let certificate = gone.json()["certificate"].as_str().unwrap().to_owned();
    assert!(certificate.starts_with("taptill certificate of erasure 1\nterminal "), "{certificate}");
    assert_eq!(std::fs::read_to_string(records.join("certificate.txt")).unwrap(), certificate);
    let sums = std::fs::read_to_string(records.join("sha256sums.txt")).unwrap();
    let read = |name: &str| std::fs::read_to_string(records.join(name)).unwrap();
    assert!(read("payments.csv").contains("12.30") && read("batches.csv").contains("12.30"));
    assert!(read("receipts.en.txt").contains("12.30") && read("receipts.zh-cn.txt").contains("12.30"));
    for name in ["events.jsonl", "checkpoint.txt", "public-key.txt", "deregistration.txt"] {
        assert!(sums.contains(&format!("  {name}\n")), "{name} is not in {sums}");
    }
    assert_eq!(shop.till(&["status", "a-1"]).refusal(), (Some(1), "not_provisioned".to_owned()));
    assert_eq!(run(shop.command().arg("deregister").args(two)).refusal().1, "not_provisioned", "twice");

    // The same folders are a till again, and nothing of the one before is in it.
    assert_eq!(shop.init().code, Some(0));
    assert_eq!(shop.till(&["list"]).json(), json!([]));
    assert_eq!(shop.till(&["sale", "1"]).json()["state"], "approved");
}

/// Whoever may not, cannot be reached, or names a place that takes nothing: each is told why, and the till goes on.
#[test]
fn goodbyes_that_cannot_be_are_refused_by_name_and_lose_nothing() {
    let mut shop = Shop::open();
    shop.hire_bob();
    let carol = hire_carol(&shop);
    let wrong = shop.password_file("wrong", "not it at all 1");
    let full = shop.path("full");
    std::fs::create_dir(&full).unwrap();
    std::fs::write(full.join("mine.txt"), "mine").unwrap();
    let [full, a_file] = [full.clone(), full.join("mine.txt")].map(|path| path.display().to_string());
    let carols = ["--second", "carol", "--second-password-file", carol.as_str()];
    let refused = |code: &str, why: Option<&str>| (Some(1), code.to_owned(), why.map(str::to_owned));
    let told = |ran: &Ran| {
        let (code, error) = ran.refusal();
        (code, error, ran.json()["error"]["why"].as_str().map(str::to_owned))
    };
    #[rustfmt::skip]
    let rows: [(&str, &str, Vec<&str>, _); 8] = [
        ("a cashier", "bob", carols.to_vec(), refused("not_permitted", None)),
        ("one person alone", "alice", vec![], refused("second_person_needed", Some("missing"))),
        ("one person twice", "alice", vec!["--second", "alice", "--second-password-file", &carol],
            refused("second_person_needed", Some("the_same_person"))),
        ("a second one who is not", "alice", vec!["--second", "carol", "--second-password-file", &wrong],
            refused("sign_in_refused", None)),
        ("a cashier as the second", "alice", vec!["--second", "bob", "--second-password-file", "BOB"],
            refused("not_permitted", None)),
        ("a folder with something in it", "alice", [&carols[..], &["--export", &full]].concat(),
            refused("export_failed", Some("not_empty"))),
        ("a file as the folder", "alice", [&carols[..], &["--export", &a_file]].concat(),
            refused("export_failed", Some("not_empty"))),
        ("a folder that may not be written to", "alice", [&carols[..], &["--export", "/sys/taptill-records"]].concat(),
            refused("export_failed", Some("read_only"))),
    ];
    let bob = shop.path(till_support::PEOPLE).join("bob").display().to_string();
    for (what, who, words, verdict) in rows {
        let words: Vec<&str> = words.into_iter().map(|word| if word == "BOB" { bob.as_str() } else { word }).collect();
        let ran = shop.till_as(who, &[&["deregister"][..], &words].concat());
        assert_eq!(told(&ran), verdict, "{what}");
    }
    assert!(shop.host(&["told"]).json().as_array().unwrap().is_empty(), "the acquirer was told of none of it");
    shop.stop_host();
    let offline = shop.till(&[&["deregister"][..], &carols].concat());
    assert_eq!(offline.json()["error"]["category"], "network", "offline: {}", offline.stdout);
    shop.restart_host();
    assert_eq!(shop.till(&["sale", "1"]).json()["state"], "approved", "it is a till as before");
    assert_eq!(shop.till(&["settle"]).code, Some(0));
    assert_eq!(shop.till(&["verify"]).code, Some(0));
    assert_eq!(shop.till(&[&["deregister"][..], &carols].concat()).code, Some(0), "the control: and then it goes");
}

/// The process ends at each point at which till and acquirer could think differently; the next try ends it.
#[test]
fn a_deregistration_that_is_killed_is_ended_by_the_next_try_or_start() {
    // Every other point is tried in `tests/leaving_kills.rs`, without processes.
    for point in ["after send", "after till.deregistered", "after erase.key", "after erase.certificate"] {
        let shop = Shop::open();
        let carol = hire_carol(&shop);
        let two = ["--second", "carol", "--second-password-file", carol.as_str()];
        let killed = run(shop.command().arg("deregister").args(two).args(["--die-at", point]));
        assert_eq!(killed.code, None, "{point}: {}", killed.stdout);
        let next = run(shop.command().arg("deregister").args(two));
        if next.code != Some(0) {
            assert_eq!(next.refusal().1, "not_provisioned", "{point}");
        }
        let files = std::fs::read_dir(shop.path("till")).unwrap().map(|file| file.unwrap().file_name());
        let files: Vec<String> = files.map(|name| name.into_string().unwrap()).collect();
        assert!(files.len() == 1 && files[0].contains(".erased-"), "{point}: {files:?}");
    }
}
