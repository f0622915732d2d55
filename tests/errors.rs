//! The table of error codes and what readers see of it: `docs/errors.md` is written from the table and the
//! English texts, and this test compares the two. `TAPTILL_WRITE=1 cargo test --test errors` writes it anew.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use taptill::error::ErrorCode;
use taptill::text::{Catalogue, Language};

const HEAD: &str = "\
# Errors

Written from the table in `src/error.rs` and `texts/en.toml` by `tests/errors.rs`; do not edit by hand.

A declined payment, or one whose outcome is not known yet, is an outcome and not an error. Each error has a stable
`code`, its `category`, whether `money` moved, whether to `retry`, what becomes of a `reversal`, and the `actor` whose
turn it is. Where they apply it also names the attempt, the journal's sequence, the host's response code and a few
numbers or fixed words. It never holds card data, paths or text from outside.

`money` and `reversal` are those of the row, unless the error names an attempt that is known to stand otherwise: to
cancel an approved payment is `attempt_already_finished` with `money` `moved`.

| code | category | money | retry | reversal | actor | what happened | what to do next |
|---|---|---|---|---|---|---|---|
";

#[test]
fn the_page_of_errors_is_what_the_table_says() {
    let texts = Catalogue::of(Language::En);
    let mut page = HEAD.to_owned();
    for code in ErrorCode::ALL {
        let row = code.row();
        let words = [row.category.word(), row.money.word(), row.retry.word(), row.reversal.word(), row.actor.word()];
        let (what, todo) = (texts.error_what(*code), texts.error_todo(*code));
        writeln!(page, "| `{}` | {} | {what} | {todo} |", row.code, words.join(" | ")).unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors.md");
    if std::env::var_os("TAPTILL_WRITE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/errors.md is out of date: TAPTILL_WRITE=1 cargo test --test errors");
}

#[test]
fn codes_are_stable_words_and_none_is_there_twice() {
    let mut seen = BTreeSet::new();
    for code in ErrorCode::ALL {
        let word = code.code();
        assert!(word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{word}");
        assert!(seen.insert(word), "{word} is in the table twice");
    }
}

#[test]
fn no_text_is_left_over_from_a_code_that_went_away() {
    let codes: BTreeSet<&str> = ErrorCode::ALL.iter().map(|code| code.code()).collect();
    for key in Catalogue::of(Language::En).keys() {
        if let Some(rest) = key.strip_prefix("error.") {
            let code = rest.trim_end_matches(".what").trim_end_matches(".todo");
            assert!(codes.contains(code), "{key}");
        }
    }
}
