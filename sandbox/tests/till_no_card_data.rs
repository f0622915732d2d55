//! The real binary, a shift long: nothing that it prints or leaves holds a card number or a key.
//!
//! Standard output and standard error of every run, also of a run that is killed in the middle, are searched with
//! the folders. What the core says and keeps has its own test (`tests/no_card_data.rs` of the core).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod till_support;

use std::fs;

use taptill_sandbox::card;
use taptill_sandbox::scan::{Needles, report};
use till_support::{Ran, Shop, run};

fn card_needles() -> Needles {
    card::numbers().iter().fold(Needles::new(), |needles, pan| needles.card_number("a card number", pan))
}

#[test]
fn nothing_that_the_binary_prints_or_leaves_holds_a_card_number_or_a_key() {
    let shop = Shop::open();
    let mut printed = String::new();
    let mut keep = |ran: Ran| {
        printed += &ran.stdout;
        printed += &ran.stderr;
    };
    let commands: &[&[&str]] = &[
        &["sale", "12.30", "--attempt", "a-1"],
        &["sale", "1000.51", "--attempt", "a-2"],
        &["sale", "5", "--card", "visa-leaves"],
        &["sale", "5", "--card", "visa-wrong-arqc"],
        &["sale", "5", "--card", "nobody"],
        &["sale", "5", "--attempt", "a-1"],
        &["sale", "rubbish"],
        &["receipt", "a-1"],
        &["receipt", "a-2"],
        &["status", "a-1"],
        &["list"],
        &["resolve"],
        &["verify"],
        &["cards"],
        &["nonsense"],
    ];
    for words in commands {
        // As a program asks, and as a person does, with everything said that can be said.
        keep(shop.till(words));
        let mut aloud = shop.aloud();
        aloud.args(*words);
        keep(run(aloud.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full")));
    }
    for kind in ["no-answer", "bad-mac", "half-frame"] {
        keep(shop.host(&["next", kind]));
        keep(shop.till(&["sale", "7", "--attempt", kind]));
        keep(shop.till(&["resolve"]));
    }
    for point in ["after attempt.in_doubt", "before attempt.approved"] {
        keep(run(shop.command().args(["sale", "3"]).env("TAPTILL_DIE_AT", point).env("RUST_BACKTRACE", "full")));
        let left = report(shop.folder.path()).unwrap();
        assert_eq!(left.hits, [], "killed {point}: the write-ahead log is searched as it was left");
        keep(shop.till(&["resolve"]));
    }
    keep(shop.host(&["book"]));
    assert_eq!(card_needles().find_in(printed.as_bytes()), []);
    assert!(printed.contains("476173******0119"), "the masked number may be seen");
    fs::write(shop.path("printed"), &printed).unwrap();
    let left = report(shop.folder.path()).unwrap();
    assert_eq!(left.hits, [], "what was left, and what was printed");
    assert!(left.secrets > 3, "{left:?}");
    fs::remove_file(shop.path("printed")).unwrap();

    // The control: the same search finds what is planted in a copy of what was printed.
    let planted = format!("{printed}{}", String::from_utf8(card::numbers()[1].expose().to_vec()).unwrap());
    assert_eq!(card_needles().find_in(planted.as_bytes()).len(), 1);
}

#[test]
fn a_till_of_encrypted_reads_prints_and_leaves_no_card_number_and_shows_four_digits() {
    let mut shop = Shop::empty();
    shop.start_host();
    assert_eq!(shop.init_speaking("encrypted").code, Some(0));
    let mut printed = String::new();
    for (card, code) in [("visa", 0), ("visa-phone", 0), ("visa-declines", 0), ("visa-pin", 0), ("visa-silent", 0)] {
        let ran = shop.till(&["sale", "7", "--card", card, "--attempt", card]);
        assert_eq!(ran.code, Some(code), "{card}: {}", ran.stdout);
        let shown = shop.till(&["receipt", card]);
        printed += &[ran.stdout, ran.stderr, shown.stdout, shown.stderr].concat();
    }
    let dies = run(shop.command().args(["sale", "3", "--attempt", "dies", "--die-at", "after attempt.in_doubt"]));
    printed += &(dies.stdout + &dies.stderr);
    assert_eq!(report(shop.folder.path()).unwrap().hits, [], "as the kill left it");
    printed += &shop.till(&["resolve"]).stdout;
    assert_eq!(shop.till(&["status", "dies"]).json()["state"], "reversed");
    assert_eq!(card_needles().find_in(printed.as_bytes()), []);
    assert!(printed.contains("************0119") && !printed.contains("476173"), "four digits may be seen");
    assert_eq!(report(shop.folder.path()).unwrap().hits, []);
}
