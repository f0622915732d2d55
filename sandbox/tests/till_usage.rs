//! How the till is called: exit codes, JSON for every refusal, amounts. No host, no till.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod till_support;

use till_support::{Shop, binary, run};

#[test]
fn a_call_that_is_no_call_ends_with_2_and_says_why_in_json_too() {
    let shop = Shop::empty();
    let rows: &[&[&str]] = &[
        &["bogus"],
        &["sale"],
        &["sale", "1", "2"],
        &["sale", "1", "--bogus"],
        &["sale", "1", "--card", "no-such-card"],
        &["status"],
        &["list", "--limit", "0"],
        &["list", "--limit", "x"],
        &["list", "--from", "22.11.2026"],
        &["list", "--to", "2026-02-30"],
        &["receipt", "a", "--columns", "40"],
        &["receipt", "a", "--language", "de"],
        &["receipt", "a", "--copy", "bank"],
        &["init"],
        &["init", "--host-home", "x", "--host", "nowhere"],
        &["init", "--host-home", "x", "--host", "127.0.0.1:1", "--dialect", "latin"],
        &["host", "next", "no-such-kind"],
        &["host", "next", "reset", "--count", "0"],
        &["claim"],
        &["claim", "alice", "and-more"],
        &["recover"],
        &["recover", "alice", "--code-file", "a", "--code-fd", "3"],
        &["operator"],
        &["operator", "add", "bob"],
        &["operator", "add", "bob", "--role", "boss"],
        &["operator", "remove"],
        &["sign-in"],
        &["password"],
        &["policy", "set"],
        &["policy", "set", "--profile", "lax"],
        &["policy", "set", "--profile", "pci", "--file", "a"],
        &["prove"],
        &["consistency"],
        &["consistency", "-1"],
        &["list", "--password-file", "a", "--password-fd", "3"],
        &["list", "--password-fd", "-1"],
        &["list", "--password", "a password does not belong here"],
    ];
    for words in rows {
        let ran = shop.till(words);
        assert_eq!(ran.refusal(), (Some(2), "usage".to_owned()), "{words:?}");
        let plain = run(binary().args(*words));
        assert_eq!((plain.code, plain.stdout.as_str()), (Some(2), ""), "{words:?}");
        assert!(plain.stderr.contains("error:"), "{words:?}: {}", plain.stderr);
    }
}

#[test]
fn an_amount_that_is_none_is_refused_with_its_reason() {
    let shop = Shop::empty();
    let rows = [
        ("", "amount_empty"),
        ("12.345", "amount_too_many_decimals"),
        ("0", "amount_zero"),
        ("0.00", "amount_zero"),
        ("-1", "amount_negative"),
        ("-1.50", "amount_negative"),
        ("--", "usage"),
        ("1e3", "amount_not_plain_digits"),
        ("1,5", "amount_not_plain_digits"),
        ("٣", "amount_not_plain_digits"),
        ("１２", "amount_not_plain_digits"),
        (" 1", "amount_not_plain_digits"),
        ("NaN", "amount_not_plain_digits"),
        ("99999999999999999999", "amount_too_large"),
    ];
    for (amount, code) in rows {
        let ran = shop.till(&["sale", amount]);
        let exit = if code == "usage" { 2 } else { 1 };
        assert_eq!(ran.refusal(), (Some(exit), code.to_owned()), "{amount:?}");
        assert!(!shop.path("till").exists(), "a refused amount leaves no trace");
    }
}

#[test]
fn names_and_currencies_that_are_none_are_typed_errors() {
    let shop = Shop::empty();
    let rows: &[(&[&str], &str)] = &[
        (&["sale", "1", "--currency", "cny"], "currency_unknown"),
        (&["sale", "1", "--currency", "XXX"], "currency_unknown"),
        (&["sale", "1", "--attempt", "a b"], "identifier_malformed"),
        (&["sale", "1", "--attempt", ""], "identifier_malformed"),
        (&["sale", "1", "--order", "a b"], "identifier_malformed"),
        (&["status", "a/b"], "identifier_malformed"),
        (&["receipt", ""], "identifier_malformed"),
        (&["list", "--order", ""], "identifier_malformed"),
        (&["claim", "Alice"], "identifier_malformed"),
        (&["claim", ""], "identifier_malformed"),
        (&["recover", "a b"], "identifier_malformed"),
        (&["operator", "add", "9lives", "--role", "cashier"], "identifier_malformed"),
        (&["operator", "reset", "bob/"], "identifier_malformed"),
        (&["sign-in", "bob\n"], "identifier_malformed"),
        (&["prove", "a b"], "identifier_malformed"),
    ];
    for (words, code) in rows {
        let ran = shop.till(words);
        assert_eq!(ran.refusal(), (Some(1), (*code).to_owned()), "{words:?}");
    }
}

#[test]
fn a_till_that_was_never_set_up_says_so_and_leaves_no_folder() {
    let shop = Shop::empty();
    let rows: &[&[&str]] = &[
        &["sale", "1"],
        &["status", "a"],
        &["list"],
        &["receipt", "a"],
        &["resolve"],
        &["verify"],
        &["claim", "alice"],
        &["recover", "alice"],
        &["sign-in", "alice"],
        &["who"],
        &["operator", "add", "bob", "--role", "cashier"],
        &["operator", "list"],
        &["operator", "remove", "bob"],
        &["operator", "reset", "bob"],
        &["password", "change"],
        &["policy"],
        &["policy", "set", "--profile", "pci"],
        &["rotate-keys"],
        &["checkpoint"],
        &["prove", "1"],
        &["consistency", "1"],
        &["public-key"],
        &["accept-roll-back"],
        &["list", "--operator", "alice", "--password-file", "/no/such/file"],
    ];
    for words in rows {
        assert_eq!(shop.till(words).refusal(), (Some(1), "not_provisioned".to_owned()), "{words:?}");
    }
    assert!(!shop.path("till").exists() && !shop.path("till-device").exists());
}

#[test]
fn every_error_in_json_has_the_same_fields() {
    let shop = Shop::empty();
    for words in [&["sale", "x"][..], &["bogus"], &["host", "--home", "/no/such/folder", "book"]] {
        let error = &shop.till(words).json()["error"];
        for field in ["code", "category", "money", "retry", "reversal", "actor", "message", "todo"] {
            assert!(error[field].is_string(), "{words:?} lacks {field}");
        }
    }
}

#[test]
fn an_error_tells_a_person_what_happened_whether_money_moved_and_what_to_do() {
    let ran = run(binary().args(["sale", "1,5"]));
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert!(lines[0].starts_with("Error: The amount may hold only the digits"), "{lines:?}");
    assert_eq!(lines[1], "No money has moved.");
    assert!(lines[2].starts_with("Type it like 12.30"));
}

#[test]
fn what_only_a_shell_can_do_is_refused_outside_with_the_way_to_go() {
    let shop = Shop::empty();
    for command in ["lock", "unlock", "sign-out"] {
        let ran = shop.till(&[command]);
        assert_eq!(ran.refusal(), (Some(2), "usage".to_owned()), "{command}");
        let message = ran.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with(command) && message.contains("--operator NAME"), "{message}");
    }
    let (_, told) = shop.shell("list --operator bob\nlock\n");
    let codes: Vec<_> = told.iter().map(|value| value["error"]["code"].as_str().unwrap_or("-")).collect();
    assert_eq!(codes, ["usage", "not_provisioned"]);
    assert!(!shop.path("till").exists());
}

#[test]
fn help_and_version_are_no_errors() {
    for words in [&["--help"][..], &["--version"], &["sale", "--help"], &["help", "receipt"]] {
        let ran = run(binary().args(words));
        assert_eq!((ran.code, ran.stdout.is_empty(), ran.stderr.as_str()), (Some(0), false, ""), "{words:?}");
    }
}

#[test]
fn global_options_stand_before_or_after_the_command() {
    for words in [&["--json", "cards"][..], &["cards", "--json"]] {
        let ran = run(binary().args(words));
        let cards = ran.json();
        assert!(cards.as_array().unwrap().iter().any(|card| card["name"] == "visa"), "{words:?}");
    }
}

#[test]
fn the_cards_are_listed_for_people_a_card_a_line() {
    let (people, program) = (run(binary().arg("cards")), run(binary().args(["cards", "--json"])));
    assert_eq!(people.stdout.lines().count(), program.json().as_array().unwrap().len());
    assert!(!people.stdout.contains('\u{1b}'), "colour is for terminals");
}

#[test]
fn the_shell_answers_each_line_with_one_value_and_goes_on() {
    let shop = Shop::empty();
    let lines = "# a comment\n\nsale -1\nsale '12\nbogus\nshell\nhost\nverify --home /elsewhere\n\
                 list --help\ncards\nquit\ncards\n";
    let (code, told) = shop.shell(lines);
    let codes: Vec<_> = told.iter().map(|value| value["error"]["code"].as_str().unwrap_or("-")).collect();
    assert_eq!(codes, ["amount_negative", "usage", "usage", "usage", "usage", "usage", "-", "-"]);
    assert!(told[6]["help"].is_string() && told[7].is_array());
    assert_eq!(code, Some(0));
}

/// Two exchanges of a card that has no payment system: enough to be replayed, whatever the keys.
const NO_PAYMENT_SYSTEM: &str = r#"{"name": "none", "date": "260101", "terminal": {"9F02": "000000000100"},
    "apdus": [["00A404000E325041592E5359532E444446303100", "6A82"]] EXPECT}"#;

#[test]
fn a_folder_of_transcripts_is_judged_file_by_file() {
    let shop = Shop::empty();
    let folder = shop.path("transcripts");
    std::fs::create_dir(&folder).unwrap();
    let write = |name: &str, expect: &str| {
        std::fs::write(folder.join(name), NO_PAYMENT_SYSTEM.replace("EXPECT", expect)).unwrap();
    };
    write("1-as-expected.json", r#", "expect": {"outcome": "end_application"}"#);
    write("2-unjudged.json", "");
    let path = folder.to_str().unwrap().to_owned();
    let oks = |ran: &till_support::Ran| -> Vec<serde_json::Value> {
        ran.json().as_array().unwrap().iter().map(|verdict| verdict["ok"].clone()).collect()
    };
    let ran = shop.till(&["replay", &path]);
    assert_eq!((ran.code, oks(&ran)), (Some(0), vec![true.into(), serde_json::Value::Null]), "{}", ran.stdout);

    write("3-other-end.json", r#", "expect": {"outcome": "approved"}"#);
    std::fs::write(folder.join("4-rubbish.json"), "[1, 2").unwrap();
    std::fs::write(folder.join("notes.txt"), "no transcript").unwrap();
    let ran = shop.till(&["replay", &path]);
    let verdicts = vec![true.into(), serde_json::Value::Null, false.into(), false.into()];
    assert_eq!((ran.code, oks(&ran)), (Some(1), verdicts), "{}", ran.stdout);
    assert_eq!(ran.json()[3]["error"]["code"], "transcript_invalid");

    let one = folder.join("1-as-expected.json");
    assert_eq!(shop.till(&["replay", one.to_str().unwrap()]).json()["ok"], true);
}

#[test]
fn what_cannot_be_replayed_at_all_is_a_typed_error() {
    let shop = Shop::empty();
    let file = |name: &str, text: &str| {
        std::fs::write(shop.path(name), text).unwrap();
        shop.path(name).to_str().unwrap().to_owned()
    };
    let (rubbish, keys) = (file("rubbish.json", "{"), file("keys.json", "{}"));
    let transcript = file("transcript.json", &NO_PAYMENT_SYSTEM.replace("EXPECT", ""));
    let rows: &[(&[&str], &str)] = &[
        (&["replay", "/no/such/file"], "file_unusable"),
        (&["replay", &rubbish], "transcript_invalid"),
        (&["replay", &transcript, "--capks", &keys], "ca_key_invalid"),
        (&["replay", &transcript, "--capks", "/no/such/file"], "file_unusable"),
    ];
    for (words, code) in rows {
        assert_eq!(shop.till(words).refusal(), (Some(1), (*code).to_owned()), "{words:?}");
    }
}
