//! `statement check` on the real binary: what the host's own book says is clean, one strange line of each kind is found
//! with the entry that proves it, and files that cannot be used change nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod till_support;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde_json::Value;
use till_support::{Ran, Shop};

/// A shop with four payments: two approved, one that was reversed, one declined; and the host's statement of them.
struct Checked {
    shop: Shop,
    lines: Vec<String>,
}

impl Checked {
    fn new() -> Self {
        let shop = Shop::open();
        shop.till(&["sale", "12.30", "--attempt", "a-1"]);
        shop.till(&["sale", "5.00", "--attempt", "a-2", "--card", "mastercard"]);
        shop.till(&["sale", "1000.51", "--attempt", "a-3"]);
        assert_eq!(shop.host(&["next", "no-answer"]).code, Some(0));
        shop.till(&["sale", "7.00", "--attempt", "a-4"]);
        shop.till(&["resolve"]);
        assert_eq!(shop.till(&["status", "a-4"]).json()["state"], "reversed");
        let file = shop.path("statement.csv");
        assert_eq!(shop.host(&["statement", "--csv", file.to_str().unwrap()]).code, Some(0));
        let lines = fs::read_to_string(&file).unwrap().lines().map(str::to_owned).collect();
        Self { shop, lines }
    }

    fn write(&self, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.shop.path("changed.csv");
        fs::write(&path, text).unwrap();
        path
    }

    fn check(&self, path: &Path, words: &[&str]) -> Ran {
        let file = path.to_str().unwrap();
        self.shop.till(&[&["statement", "check", "--file", file], words].concat())
    }

    /// Kind, cause and remedy of each difference of a file of these lines.
    fn verdict(&self, lines: &[String]) -> String {
        let ran = self.check(&self.write(lines.join("\n")), &[]);
        let json = ran.json();
        let differences = json["differences"].as_array().unwrap_or_else(|| panic!("{json}")).clone();
        let is_clean = differences.iter().all(|difference| difference["difference"] == "fee");
        assert_eq!(ran.code, Some(if is_clean { 0 } else { 1 }), "{json}");
        let word = |difference: &Value, name: &str| difference[name].as_str().unwrap_or("-").to_owned();
        let words = differences
            .iter()
            .map(|difference| ["difference", "why", "remedy"].map(|name| word(difference, name)).join(" "));
        words.collect::<Vec<_>>().join("; ")
    }
}

#[test]
fn a_statement_is_clean_or_its_strange_line_is_explained() {
    let checked = Checked::new();
    let good = &checked.lines;
    // Two payments, and both lines of the reversed one unless the host never booked it.
    assert!(good.len() >= 3, "{good:?}");
    assert_eq!(checked.verdict(good), "");
    let with = |at: usize, from: &str, to: &str| {
        let mut lines = good.clone();
        assert!(lines[at].contains(from), "{}", lines[at]);
        lines[at] = lines[at].replace(from, to);
        lines
    };
    let without = [&good[..1], &good[2..]].concat();
    let twice = [&good[..], &good[1..2]].concat();
    let more = |line: &str| [&good[..], &[line.to_owned()]].concat();
    let day = &good[1][..10];
    let declined = |shop: &Shop| shop.till(&["status", "a-3"]).json()["rrn"].clone();
    let declined = format!("{day},1000.51,CNY,sale,{},,,,,", declined(&checked.shop).as_str().unwrap());
    #[rustfmt::skip]
    let table: Vec<(&str, Vec<String>, &str)> = vec![
        ("a line is gone", without, "missing approved ask_to_book"),
        ("a line twice", twice, "duplicate - ask_to_give_back"),
        ("another amount", with(1, ",12.30,", ",12.31,"), "amount - compare_the_receipt"),
        ("the other sign", with(1, ",12.30,", ",-12.30,"), "wrong_sign - ask_to_correct_the_sign"),
        ("another day", with(1, day, "2026-01-01"), "wrong_day - ask_why_that_day"),
        ("a payment that was declined", more(&declined), "unexpected declined ask_to_give_back"),
        ("a payment of nobody", more(&format!("{day},9.99,CNY,sale,999999999999,,,,,")), "not_mine no_attempt look_at_other_tills"),
        ("a fee", more(&format!("{day},-0.10,CNY,fee,,,,,,")), "fee fee_line compare_the_contract"),
        ("another terminal's", more(&format!("{day},9.99,CNY,sale,999999999999,,,,,TERM9999")), ""),
    ];
    for (case, lines, expected) in table {
        assert_eq!(checked.verdict(&lines), expected, "{case}");
    }

    // The record that proves it, for a stranger; and what the last check found.
    let found = checked.check(&checked.write(with(1, ",12.30,", ",12.31,").join("\n")), &[]).json();
    let difference = &found["differences"][0];
    assert_eq!((&difference["attempt"], &difference["ours_minor"]), (&"a-1".into(), &1_230.into()));
    assert_eq!(difference["line"]["card_masked"], "476173******0119");
    let sequence = difference["sequence"].to_string();
    let proof = checked.shop.till(&["prove", &sequence]).json();
    assert!(proof["proof"].as_str().unwrap().starts_with("c2sp.org/tlog-proof@v1\nextra "));
    let last = checked.shop.till(&["statement", "last"]).json();
    assert_eq!((&last["differences"]["amount"], &last["operator"]), (&1.into(), &"alice".into()));
    assert_eq!(last, found["summary"]);

    // As camt.053 it is the same statement.
    let camt = checked.shop.path("statement.xml");
    assert_eq!(checked.shop.host(&["statement", "--camt", camt.to_str().unwrap()]).code, Some(0));
    let ran = checked.check(&camt, &[]);
    let said = ran.json();
    assert_eq!((ran.code, &said["differences"]), (Some(0), &Value::Array(vec![])));
    assert_eq!(said["summary"]["source"], "camt");
}

#[test]
fn a_file_that_cannot_be_used_changes_nothing() {
    let shop = Shop::open();
    shop.till(&["sale", "12.30", "--attempt", "a-1"]);
    let checked = Checked { shop, lines: vec![] };
    let head = "date,amount,currency\n";
    let laughs = "<!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol1 \"&lol;&lol;\">]>\n<lolz>&lol1;</lolz>\n";
    // Two gigabytes that take no room on the disk: no line feed among them.
    let huge = checked.shop.path("huge.csv");
    fs::write(&huge, head).unwrap();
    File::options().write(true).open(&huge).unwrap().set_len(2 << 30).unwrap();
    let map = checked.shop.path("columns.toml");
    fs::write(&map, "currency = 'CNY'\n[columns]\ndate = 'Tag'\namount = 'Betrag'\n").unwrap();
    let map = map.to_str().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = checked.shop.path(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    #[rustfmt::skip]
    let table: Vec<(&str, PathBuf, Vec<&str>, &str)> = vec![
        ("no file", checked.shop.path("absent"), vec![], "file_unusable"),
        ("a folder", checked.shop.path("."), vec![], "file_unusable"),
        ("wrong columns", file("columns.csv", b"day,sum\n2026-11-22,1\n"), vec![], "statement_columns_wrong"),
        ("columns of another bank", file("other.csv", head.as_bytes()), vec!["--columns", map], "statement_columns_wrong"),
        ("a map that is none", file("good.csv", head.as_bytes()), vec!["--columns", huge.to_str().unwrap()], "file_unusable"),
        ("broken encoding", file("gbk.csv", &[head.as_bytes(), b"2026-11-22,1,CNY\n\xcf\xfb,1,CNY\n"].concat()), vec![], "statement_encoding_broken"),
        ("a billion laughs", file("laughs.xml", laughs.as_bytes()), vec![], "statement_xml_refused"),
        ("a line of two gigabytes", huge.clone(), vec![], "statement_line_too_long"),
        ("cut off", file("cut.csv", &[head.as_bytes(), b"2026-11-2"].concat()), vec![], "statement_columns_wrong"),
        ("cut off in XML", file("cut.xml", b"<Document><BkToCstmrStmt><Stmt><Ntry>"), vec![], "statement_xml_refused"),
        ("no statement", file("page.html", b"<html></html>"), vec![], "statement_unreadable"),
        ("an amount that is none", file("words.csv", &[head.as_bytes(), b"2026-11-22,ten,CNY\n"].concat()), vec![], "statement_value_malformed"),
        ("the days the wrong way round", file("days.csv", head.as_bytes()), vec!["--from", "2026-11-23", "--to", "2026-11-22"], "statement_period_invalid"),
    ];
    for (case, path, words, code) in table {
        let ran = checked.check(&path, &words);
        assert_eq!(ran.refusal(), (Some(1), code.to_owned()), "{case}: {}", ran.stdout);
        assert_eq!(ran.json()["error"]["money"], "not_moved", "{case}");
    }
    assert_eq!(checked.shop.till(&["statement", "last"]).json(), Value::Null);
    let usage = checked.check(&huge, &["--from", "yesterday"]);
    assert_eq!(usage.code, Some(2));
}

#[test]
fn only_a_supervisor_checks_a_statement() {
    let shop = Shop::open();
    shop.hire_bob();
    let path = shop.path("statement.csv");
    fs::write(&path, "date,amount,currency\n").unwrap();
    let ran = shop.till_as("bob", &["statement", "check", "--file", path.to_str().unwrap()]);
    assert_eq!(ran.refusal(), (Some(1), "not_permitted".to_owned()));
    assert_eq!(shop.till(&["statement", "check", "--file", path.to_str().unwrap()]).code, Some(0));
}

#[test]
fn the_hosts_own_lines_are_checked_without_a_file() {
    let shop = Shop::open();
    for (attempt, amount) in [("a-1", "12.30"), ("a-2", "5.00"), ("a-3", "7.00")] {
        shop.till(&["sale", amount, "--attempt", attempt]);
    }
    shop.till(&["void", "a-3"]);
    let verdict = |shop: &Shop| {
        let ran = shop.till(&["statement", "check"]);
        let json = ran.json();
        let differences = json["differences"].as_array().unwrap_or_else(|| panic!("{json}")).clone();
        assert_eq!(json["summary"]["source"], "host");
        let word = |difference: &Value| difference["difference"].as_str().unwrap().to_owned();
        differences.iter().map(word).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(verdict(&shop), "");
    for (kind, expected) in [
        ("statement-missing", "missing"),
        ("statement-extra", "not_mine"),
        ("statement-amount", "amount"),
        ("statement-duplicate", "duplicate"),
        ("statement-day", "wrong_day"),
        ("statement-sign", "wrong_sign"),
        ("statement-fee", "fee"),
    ] {
        assert_eq!(shop.host(&["next", kind]).code, Some(0), "{kind}");
        assert_eq!(verdict(&shop), expected, "{kind}");
    }
    assert_eq!(verdict(&shop), "");
    let backwards = shop.till(&["statement", "check", "--from", "2026-11-23", "--to", "2026-11-22"]);
    assert_eq!(backwards.refusal(), (Some(1), "statement_period_invalid".to_owned()));
}
