//! The till as a shop uses it, against a running host, each process a new one unless the test says otherwise.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod till_support;

use serde_json::Value;
use till_support::{Shop, binary, run};

#[test]
fn a_sale_tells_everything_that_a_caller_may_know_and_the_host_agrees() {
    let shop = Shop::open();
    let ran = shop.till(&["sale", "12.30", "--attempt", "a-1", "--order", "A-17"]);
    let sale = ran.json();
    assert_eq!((ran.code, sale["state"].as_str()), (Some(0), Some("approved")), "{}", ran.stdout);
    assert_eq!(sale["attempt"], "a-1");
    assert_eq!(sale["order"], "A-17");
    assert_eq!(sale["amount"], serde_json::json!({ "minor": 1_230, "currency": "CNY" }));
    assert_eq!(sale["card_masked"], "476173******0119");
    assert_eq!(sale["host_code"], "00");
    assert_eq!(sale["kernel"], 3);
    for field in ["auth_code", "rrn"] {
        assert!(sale[field].is_string(), "{field}");
    }
    for field in ["stan", "batch"] {
        assert!(sale[field].is_number() || sale[field].is_string(), "{field}");
    }
    assert!(sale["journal"]["sequence"].is_number() && sale["journal"]["root"].as_str().unwrap().len() == 64);

    let book = shop.host(&["book"]).json();
    let entry = &book.as_array().unwrap()[0];
    assert_eq!((&entry["rrn"], &entry["stan"]), (&sale["rrn"], &sale["stan"]));
    assert_eq!((entry["amount_minor"].as_u64(), entry["net_minor"].as_u64()), (Some(1_230), Some(1_230)));
    assert_eq!(entry["state"], "booked");

    let status = shop.till(&["status", "a-1"]).json();
    let list = shop.till(&["list", "--order", "A-17"]).json();
    for (place, view) in [("status", &status), ("list", &list[0])] {
        for field in ["attempt", "state", "amount", "rrn", "stan", "auth_code"] {
            assert_eq!(view[field], sale[field], "{field} in {place}");
        }
    }
}

#[test]
fn each_dialect_sells_declines_and_takes_back() {
    for dialect in ["unionpay", "iso87", "encrypted"] {
        let mut shop = Shop::empty();
        shop.start_host();
        assert_eq!(shop.init_speaking(dialect).json()["dialect"], dialect);
        assert_eq!(shop.till(&["sale", "1"]).json()["state"], "approved", "{dialect}");
        assert_eq!(shop.till(&["sale", "1000.51"]).json()["host_code"], "51", "{dialect}");
        assert_eq!(shop.host(&["next", "reset"]).code, Some(0));
        let state = shop.till(&["sale", "2", "--attempt", "lost"]).json()["state"].as_str().unwrap().to_owned();
        assert!(["in_doubt", "reversal_due"].contains(&state.as_str()), "{dialect}: {state}");
        shop.till(&["resolve"]);
        assert_eq!(shop.till(&["status", "lost"]).json()["state"], "reversed", "{dialect}");
        let book = shop.host(&["book"]).json();
        let nets: Vec<_> = book.as_array().unwrap().iter().map(|entry| entry["net_minor"].as_u64()).collect();
        assert_eq!(nets, [Some(100), Some(0), Some(0)], "{dialect}");
    }
}

#[test]
fn what_the_host_refuses_is_typed_too() {
    let mut shop = Shop::empty();
    std::fs::write(shop.path("script"), "no-answer\nno-such-kind 2\n").unwrap();
    let script = shop.path("script").to_str().unwrap().to_owned();
    assert_eq!(shop.host(&["book"]).refusal(), (Some(1), "host_home_unknown".to_owned()));
    shop.start_host();
    let rows: &[(&[&str], &str)] = &[
        (&[], "host_home_in_use"),
        (&["--listen", "192.0.2.1:1"], "host_address_not_loopback"),
        (&["--script", &script], "host_script_kind_unknown"),
        (&["--script", "/no/such/script"], "host_script_unreadable"),
    ];
    for (words, code) in rows {
        assert_eq!(shop.host(words).refusal(), (Some(1), (*code).to_owned()), "{words:?}");
    }
    shop.stop_host();
    assert_eq!(shop.host(&["next", "reset"]).refusal(), (Some(1), "host_not_running".to_owned()));
}

#[test]
fn the_same_attempt_is_the_same_payment_and_never_another() {
    let shop = Shop::open();
    let first = shop.till(&["sale", "5", "--attempt", "twice"]).json();
    let again = shop.till(&["sale", "5.00", "--attempt", "twice"]).json();
    assert_eq!(first["rrn"], again["rrn"]);
    let other = shop.till(&["sale", "6", "--attempt", "twice"]);
    assert_eq!(other.refusal(), (Some(1), "attempt_conflict".to_owned()));
    assert_eq!(shop.host(&["book"]).json().as_array().unwrap().len(), 1);
}

#[test]
fn what_the_till_refuses_is_typed_and_sends_nothing() {
    let shop = Shop::open();
    let rows: &[(&[&str], &str)] = &[
        (&["sale", "9999999999.99"], "amount_over_limit"),
        (&["sale", "1", "--currency", "USD"], "currency_not_accepted"),
        (&["status", "nobody"], "attempt_unknown"),
        (&["receipt", "nobody"], "attempt_unknown"),
    ];
    for (words, code) in rows {
        assert_eq!(shop.till(words).refusal(), (Some(1), (*code).to_owned()), "{words:?}");
    }
    assert_eq!(shop.init().refusal(), (Some(1), "already_provisioned".to_owned()));
    assert_eq!(shop.host(&["book"]).json(), serde_json::json!([]));
}

#[test]
fn each_outcome_is_work_done_and_the_list_is_newest_first() {
    let shop = Shop::open();
    let rows: &[(&str, &[&str], &str)] = &[
        ("approved", &["sale", "1"], "approved"),
        ("host-declines", &["sale", "1000.51"], "declined"),
        ("card-declines", &["sale", "1", "--card", "visa-declines"], "declined"),
        ("wants-pin", &["sale", "1", "--card", "visa-pin"], "not_sent"),
        ("see-phone", &["sale", "1", "--card", "visa-see-phone"], "approved"),
        ("contact", &["sale", "1", "--card", "visa-contact-only"], "not_sent"),
        ("gone", &["sale", "1", "--card", "visa-leaves-early"], "not_sent"),
    ];
    for (attempt, words, state) in rows {
        let ran = shop.till(&[*words, &["--attempt", attempt]].concat());
        assert_eq!((ran.code, ran.json()["state"].as_str()), (Some(0), Some(*state)), "{attempt}: {}", ran.stdout);
    }
    let listed = |words: &[&str]| -> Vec<String> {
        let list = shop.till(words).json();
        let name = |view: &Value| view["attempt"].as_str().unwrap().to_owned();
        list.as_array().unwrap().iter().map(name).collect()
    };
    let newest_first: Vec<_> = rows.iter().rev().map(|row| row.0).collect();
    assert_eq!(listed(&["list"]), newest_first);
    assert_eq!(listed(&["list", "--limit", "2"]), newest_first[..2]);
    assert_eq!(listed(&["list", "--from", "2001-01-01", "--to", "2001-12-31"]), [""; 0]);
    assert_eq!(listed(&["list", "--from", "2001-01-01"]), newest_first);
    assert_eq!(listed(&["list", "--order", "nothing"]), [""; 0]);
}

#[test]
fn a_sale_without_a_host_is_not_sent_and_the_till_works_afterwards() {
    let mut shop = Shop::open();
    shop.stop_host();
    let ran = shop.till(&["sale", "1", "--attempt", "down"]);
    assert_eq!((ran.code, ran.json()["error"]["code"].as_str()), (Some(1), Some("host_unreachable")), "{}", ran.stdout);
    assert_eq!(ran.json()["error"]["attempt"], "down");
    let known = shop.till(&["status", "down"]).json();
    assert_eq!((known["state"].as_str(), known["reason"].as_str()), (Some("not_sent"), Some("unreachable")));
    assert_eq!(shop.till(&["verify"]).json()["ok"], true);
    assert_eq!(shop.till(&["resolve"]).json()["left"], serde_json::json!([]));
}

#[test]
fn a_receipt_is_text_in_both_languages_and_widths_and_never_shows_the_number() {
    let shop = Shop::open();
    shop.till(&["sale", "12.30", "--attempt", "paid"]);
    for (language, needle) in [("en", "APPROVED"), ("zh-CN", "交易成功")] {
        for columns in ["32", "48"] {
            let words = ["receipt", "paid", "--columns", columns, "--language", language, "--copy", "merchant"];
            let slip = shop.till(&words).json()["text"].as_str().unwrap().to_owned();
            assert!(slip.contains(needle) && slip.contains("476173******0119"), "{slip}");
            assert!(!slip.contains("4761739001010119"));
        }
    }
    let plain = run(shop.aloud().args(["receipt", "paid"]));
    assert!(plain.stdout.contains("AMOUNT                 CNY 12.30"), "{}", plain.stdout);
}

#[test]
fn a_second_print_of_the_same_copy_is_marked() {
    let shop = Shop::open();
    shop.till(&["sale", "1", "--attempt", "paid"]);
    for (copy, marked) in [("merchant", false), ("customer", false), ("customer", true), ("merchant", true)] {
        let slip = shop.till(&["receipt", "paid", "--copy", copy]).json()["text"].as_str().unwrap().to_owned();
        assert_eq!(slip.contains("REPRINT"), marked, "{slip}");
    }
}

#[test]
fn a_slip_is_printed_for_what_has_an_outcome_or_will_have_one() {
    let shop = Shop::open();
    shop.till(&["sale", "1000.05", "--attempt", "declined"]);
    shop.till(&["sale", "1", "--attempt", "not-sent", "--card", "visa-pin"]);
    shop.till(&["sale", "1000000000", "--attempt", "over"]);
    let declined = shop.till(&["receipt", "declined"]).json()["text"].as_str().unwrap().to_owned();
    assert!(declined.contains("DECLINED") && declined.contains("not honoured"), "{declined}");
    for (attempt, code) in [("not-sent", "receipt_not_available"), ("over", "attempt_unknown")] {
        assert_eq!(shop.till(&["receipt", attempt]).refusal(), (Some(1), code.to_owned()), "{attempt}");
    }
}

#[test]
fn two_tills_on_one_folder_are_told_apart() {
    let shop = Shop::open();
    let mut first = shop
        .command()
        .arg("shell")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = std::io::BufReader::new(first.stdout.take().unwrap());
    std::io::Write::write_all(first.stdin.as_mut().unwrap(), b"list\n").unwrap();
    std::io::BufRead::read_line(&mut told, &mut String::new()).unwrap();
    for words in [&["sale", "1"][..], &["list"], &["verify"]] {
        assert_eq!(shop.till(words).refusal(), (Some(1), "till_open_elsewhere".to_owned()), "{words:?}");
    }
    drop(first.stdin.take());
    assert!(first.wait().unwrap().success());
    assert_eq!(shop.till(&["list"]).code, Some(0));
}

#[test]
fn a_killed_till_finds_its_payment_and_takes_it_back() {
    let shop = Shop::open();
    for (point, resolved) in [
        ("before attempt.in_doubt", "not_sent"),
        ("after attempt.in_doubt", "reversed"),
        ("before attempt.approved", "reversed"),
        ("after attempt.approved", "approved"),
    ] {
        let attempt = point.replace(' ', "-");
        let ran = run(shop.command().args(["sale", "3", "--attempt", &attempt, "--die-at", point]));
        assert_eq!((ran.code, ran.stdout.as_str()), (None, ""), "{point}: the process dies without a word");
        assert_eq!(shop.till(&["resolve"]).code, Some(0));
        assert_eq!(shop.till(&["status", &attempt]).json()["state"], resolved, "{point}");
    }
    let book = shop.host(&["book"]).json();
    let nets: Vec<_> = book.as_array().unwrap().iter().map(|entry| entry["net_minor"].as_u64().unwrap()).collect();
    assert_eq!(nets.iter().filter(|net| **net == 300).count(), 1, "{book}");
    assert_eq!(nets.iter().sum::<u64>(), 300, "{book}");
}

#[test]
fn a_till_that_dies_between_the_hosts_new_keys_and_its_own_record_is_not_stranded() {
    let shop = Shop::open();
    shop.host(&["next", "bad-mac"]);
    shop.till(&["sale", "2", "--attempt", "doubt", "--die-at", "after attempt.reversal_due"]);
    for _ in 0..2 {
        let ran = shop.till(&["resolve", "--die-at", "before host.signed_on"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (None, ""), "the reversal begins with a sign-on");
    }
    shop.till(&["resolve"]);
    assert_eq!(shop.till(&["status", "doubt"]).json()["state"], "reversed");
    assert_eq!(shop.till(&["sale", "3"]).json()["state"], "approved");
    assert_eq!(shop.host(&["book"]).json()[0]["net_minor"], 0);
}

#[test]
fn a_shell_keeps_one_till_open_and_answers_line_by_line() {
    let shop = Shop::open();
    let host_home = shop.path("host");
    let lines = format!(
        "sale 2 --attempt s-1 --order 'A-1'\nhost --home '{}' book\nstatus s-1\nlist\nverify\nreceipt s-1\nresolve\n",
        host_home.display()
    );
    let (code, told) = shop.shell(&lines);
    assert_eq!(code, Some(0));
    assert_eq!(told.len(), 7, "{told:?}");
    assert_eq!(told[0]["state"], "approved");
    assert_eq!(told[1][0]["net_minor"], 200);
    assert_eq!(told[2]["rrn"], told[0]["rrn"]);
    assert_eq!(told[3].as_array().unwrap().len(), 1);
    assert_eq!(told[4]["ok"], true);
    assert!(told[5]["text"].is_string());
    assert_eq!(told[6]["left"], serde_json::json!([]));
}

#[test]
fn each_fault_of_the_folders_is_its_own_error_and_the_till_works_afterwards() {
    let shop = Shop::open();
    let path = |name: &str| shop.path(name).to_str().unwrap().to_owned();
    std::fs::write(path("a-file"), "not a folder").unwrap();
    std::fs::create_dir(path("rubbish")).unwrap();
    std::fs::write(path("rubbish/journal.db"), [0x5A; 9_000]).unwrap();
    let (a_file, rubbish, other_device) = (path("a-file"), path("rubbish"), path("other-device"));
    let rows: &[(&[&str], &str)] = &[
        (&["list", "--home", &a_file], "not_provisioned"),
        (&["list", "--home", &rubbish], "journal_damaged"),
        (&["verify", "--home", &rubbish], "journal_damaged"),
        (&["sale", "1", "--device", &other_device], "device_key_missing"),
    ];
    for (words, code) in rows {
        let home_first = [&["--json"][..], words].concat();
        let mut command = if words.contains(&"--home") { binary() } else { shop.command() };
        let ran = run(command.args(if words.contains(&"--home") { &home_first } else { *words }));
        assert_eq!(ran.refusal(), (Some(1), (*code).to_owned()), "{words:?}");
    }
    let holder = rusqlite::Connection::open(shop.path("till").join("journal.db")).unwrap();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert_eq!(shop.till(&["sale", "1"]).refusal(), (Some(1), "database_locked".to_owned()));
    drop(holder);
    assert_eq!(shop.till(&["sale", "1"]).json()["state"], "approved");
}

#[test]
fn another_host_at_the_same_address_is_not_the_acquirer() {
    let mut shop = Shop::open();
    shop.stop_host();
    shop.start_another_host_there();
    assert_eq!(shop.till(&["sale", "1"]).refusal(), (Some(1), "host_certificate_untrusted".to_owned()));
}
