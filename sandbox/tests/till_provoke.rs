//! Every error of the core can be brought about by its code, through the binary that people use.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::collections::BTreeSet;
use std::process::{Command, Output};

use serde_json::Value;
use taptill::error::ErrorCode;
use taptill::text::{Catalogue, Language};

fn till(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_taptill")).args(words).output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_code_is_brought_about_by_the_core_itself() {
    let ran = till(&["--json", "provoke", "--all"]);
    let rows = json(&ran);
    let broken: Vec<String> = rows
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["provoked"] != true || row["error"]["code"] != row["code"])
        .map(|row| format!("{}: {}", row["code"], row["why"]))
        .collect();
    assert!(broken.is_empty(), "{broken:#?}");
    assert_eq!(ran.status.code(), Some(0));
    let played: BTreeSet<&str> = rows.as_array().unwrap().iter().map(|row| row["code"].as_str().unwrap()).collect();
    let codes: BTreeSet<&str> = ErrorCode::ALL.iter().map(|code| code.code()).collect();
    assert_eq!(played, codes);
}

#[test]
fn what_is_shown_is_the_error_with_its_words_and_how_it_came_about() {
    let ran = till(&["--json", "provoke", "attempt_conflict"]);
    let shown = json(&ran);
    assert_eq!(ran.status.code(), Some(0), "the command did what it was asked for");
    assert_eq!(shown["error"]["code"], "attempt_conflict");
    assert_eq!(shown["error"]["attempt"], "one");
    assert_eq!(shown["error"]["message"], Catalogue::of(Language::En).error_what(ErrorCode::AttemptConflict));
    assert!(shown["provoked_by"].as_str().unwrap().contains("two amounts"));
    let words = String::from_utf8(till(&["provoke", "amount_zero"]).stdout).unwrap();
    assert!(words.contains("The amount is zero.") && words.contains("0.00 is typed"), "{words}");
}

#[test]
fn a_code_that_nobody_knows_is_a_usage_error_and_the_list_has_every_code_once() {
    assert_eq!(till(&["provoke", "no_such_code"]).status.code(), Some(2));
    assert_eq!(till(&["provoke", "amount_zero", "--all"]).status.code(), Some(2));
    let listed = json(&till(&["--json", "provoke"]));
    let ways: BTreeSet<&str> =
        listed.as_array().unwrap().iter().map(|row| row["provoked_by"].as_str().unwrap()).collect();
    assert_eq!((listed.as_array().unwrap().len(), ways.len()), (ErrorCode::ALL.len(), ErrorCode::ALL.len()));
}
