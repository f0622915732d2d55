//! What the till prints for strangers: raw texts of public formats, the same in JSON, and nothing of other payments.
//! That they can be checked without us is shown in the demonstration and by `docs/verify-it-yourself.md`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod till_support;

use taptill_sandbox::card;
use taptill_sandbox::scan::Needles;
use till_support::{Shop, run};

#[test]
fn each_text_is_raw_for_a_file_and_named_for_a_program() {
    let shop = Shop::open();
    shop.till(&["sale", "1", "--attempt", "a-1"]);
    let rows: &[(&[&str], &str, &str)] = &[
        (&["public-key"], "public_key", ""),
        (&["checkpoint"], "checkpoint", ""),
        (&["prove", "a-1"], "proof", "c2sp.org/tlog-proof@v1\nextra "),
        (&["prove", "2"], "proof", "c2sp.org/tlog-proof@v1\nextra "),
        (&["consistency", "2"], "proof", "old 2\n"),
    ];
    let key = run(shop.aloud().arg("public-key")).stdout;
    let name = key.split('+').next().unwrap();
    let signature = format!("\n\n\u{2014} {name} ");
    for (words, field, start) in rows {
        let raw = run(shop.aloud().args(*words));
        assert_eq!((raw.code, raw.stderr.as_str()), (Some(0), ""), "{words:?}");
        assert!(raw.stdout.starts_with(start) && raw.stdout.ends_with('\n'), "{}", raw.stdout);
        assert_eq!(raw.stdout.contains(&signature), words[0] != "public-key", "{}", raw.stdout);
        let named = shop.till(words).json();
        assert!(named[field].as_str().unwrap().starts_with(start), "{named}");
    }
    let checkpoint = run(shop.aloud().arg("checkpoint")).stdout;
    let lines: Vec<&str> = checkpoint.lines().collect();
    assert_eq!(lines[0], name, "the origin is the key's name");
    assert!(lines[1].parse::<u64>().unwrap() > 5 && lines[2].len() == 44, "{checkpoint}");
}

#[test]
fn a_number_is_an_entry_unless_it_is_said_to_be_an_attempt() {
    let shop = Shop::open();
    shop.till(&["sale", "1", "--attempt", "2"]);
    let [entry, attempt] = [&["prove", "2"][..], &["prove", "2", "--attempt"]].map(|words| shop.till(words).json());
    let index = |proof: &serde_json::Value| proof["proof"].as_str().unwrap().lines().nth(2).unwrap().to_owned();
    assert_eq!(index(&entry), "index 1");
    assert_ne!(index(&attempt), "index 1");
    let rows: &[(&[&str], &str)] = &[
        (&["prove", "0"], "record_unknown"),
        (&["prove", "999999"], "record_unknown"),
        (&["prove", "nobody"], "attempt_unknown"),
        (&["prove", "999999", "--attempt"], "attempt_unknown"),
        (&["consistency", "999999"], "record_unknown"),
    ];
    for (words, code) in rows {
        assert_eq!(shop.till(words).refusal(), (Some(1), (*code).to_owned()), "{words:?}");
    }
}

#[test]
fn a_proof_of_one_sale_shows_no_other_and_no_card_number() {
    let shop = Shop::open();
    let names = ["the-tea-at-ten", "a-cake-at-noon", "one-soup-at-six"];
    for name in names {
        shop.till(&["sale", "12.34", "--attempt", name]);
    }
    let proof = run(shop.aloud().args(["prove", names[1]])).stdout;
    let numbers = card::numbers();
    let needles = numbers.iter().fold(Needles::new(), |needles, pan| needles.card_number("a card number", pan));
    assert_eq!(needles.find_in(proof.as_bytes()), []);
    for name in names {
        // The second is the control: the same search finds the payment that the proof is about, base 64 and all.
        let is_shown = !Needles::new().bytes("a payment", name.as_bytes()).find_in(proof.as_bytes()).is_empty();
        assert_eq!(is_shown, name == names[1], "{name}");
    }
}

/// The lines of `docs/verify-it-yourself.md`, and no line of ours, on what the till prints.
#[test]
fn a_stranger_checks_what_the_till_prints_with_the_lines_of_the_page() {
    let shop = Shop::open();
    shop.till(&["sale", "1", "--attempt", "a-1"]);
    let write = |name: &str, content: &str| {
        std::fs::write(shop.path(name), content).unwrap();
        shop.path(name)
    };
    let page = include_str!("../../docs/verify-it-yourself.md");
    let blocks: Vec<&str> = page.split("```python\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    // The third is the program for bundles.
    let program = write("verify.py", &blocks[..2].concat());
    let key = write("till.key", &run(shop.aloud().arg("public-key")).stdout);
    let verdict = |file: &std::path::Path| {
        let mut python = std::process::Command::new("python3");
        run(python.arg(&program).arg(&key).arg(file))
    };
    for (words, shows) in [(&["checkpoint"][..], " events"), (&["prove", "a-1"], "\"attempt\":\"a-1\"")] {
        let text = run(shop.aloud().args(words)).stdout;
        let checked = verdict(&write("text", &text));
        assert_eq!(checked.code, Some(0), "{words:?}: {}{}", checked.stdout, checked.stderr);
        assert!(checked.stdout.contains(shows), "{}", checked.stdout);
        // The control: the size is signed, and so is everything else.
        let size = text.lines().rev().nth(text.lines().rev().position(|line| line.len() == 44).unwrap() + 1).unwrap();
        let altered = text.replace(&format!("\n{size}\n"), &format!("\n{size}0\n"));
        assert_ne!(altered, text);
        assert_ne!(verdict(&write("text", &altered)).code, Some(0), "{words:?}");
    }
}
