//! Evidence at the desktop till: a preview discloses nothing, a bundle is checked in a folder of its own with no till
//! anywhere near, and what is not one is refused by name.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod till_support;

use std::fs;
use std::path::{Path, PathBuf};

use taptill_sandbox::card;
use taptill_sandbox::scan::Needles;
use till_support::{Ran, Shop, binary, run};

/// A shop that has sold A-1 and A-2.
fn busy() -> Shop {
    let shop = Shop::open();
    for attempt in ["A-1", "A-2"] {
        shop.till(&["sale", "12.30", "--attempt", attempt]);
    }
    shop
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// Checks as a stranger does: no till's folder, no device, no operator.
fn verify(words: &[&str]) -> Ran {
    run(binary().env_clear().current_dir(std::env::temp_dir()).arg("verify").args(words).arg("--json"))
}

#[test]
fn a_preview_lists_what_would_be_disclosed_and_discloses_nothing() {
    let shop = busy();
    let size = || shop.till(&["verify"]).json()["size"].as_u64().unwrap();
    let before = size();
    let preview = shop.till(&["evidence", "A-1"]).json();
    let records = preview["records"].as_array().unwrap();
    let kinds: Vec<&str> = records.iter().map(|record| record["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"attempt.approved") && kinds.contains(&"journal.checkpoint_key"), "{kinds:?}");
    assert!(records.iter().all(|record| record["attempt"] != "A-2"));
    assert_eq!(
        (&preview["slips"], &preview["operators"]),
        (&serde_json::json!(["A-1"]), &serde_json::json!(["alice"]))
    );
    // Each command signs its operator in and out, with a checkpoint at the end; a disclosure would be one record more.
    let (between, after) = (size(), size());
    assert_eq!(between - before, 2 * (after - between), "looking is as silent as verifying");
}

#[test]
fn a_folder_and_an_archive_are_checked_without_a_till_and_any_change_is_named() {
    let shop = busy();
    let key = shop.path("till.key");
    fs::write(&key, run(shop.aloud().arg("public-key")).stdout).unwrap();
    let (folder, archive) = (shop.path("bundle"), shop.path("day.zip"));
    let made = shop.till(&["evidence", "A-1", "--out", &text(&folder), "--for", "police station 12"]).json();
    assert_eq!(made["verdict"]["findings"], serde_json::json!([]), "{made}");
    shop.till(&["evidence", "--incident", "--out", &text(&archive)]).refusal();
    shop.till(&["evidence", "--from", "2020-01-01", "--out", &text(&archive)]);
    for bundle in [&folder, &archive] {
        let said = verify(&[&text(bundle), "--key", &text(&key)]);
        assert_eq!((said.code, &said.json()["ok"]), (Some(0), &true.into()), "{}", said.stdout);
    }
    let facts = &verify(&[&text(&folder)]).json()["facts"];
    assert_eq!((&facts["disclosed_to"], &facts["device_signed"]), (&"police station 12".into(), &true.into()));
    assert!(facts["key_known"] == false, "without a key nobody knows whose it is");

    let numbers = card::numbers();
    let needles = numbers.iter().fold(Needles::new(), |needles, pan| needles.card_number("a card number", pan));
    assert_eq!(needles.bytes("the other payment", b"\"A-2\"").find_in_dir(&folder).unwrap(), []);

    let proof = first_of(&folder.join("events"));
    let good = fs::read_to_string(&proof).unwrap();
    let checkpoint = fs::read(folder.join("checkpoint.note")).unwrap();
    let rows: &[(&str, &dyn Fn(), &str)] = &[
        ("a record changed", &|| fs::write(&proof, good.replace("extra ", "extra A")).unwrap(), "file_changed"),
        ("a record taken away", &|| fs::remove_file(&proof).unwrap(), "file_missing"),
        ("a file added", &|| fs::write(folder.join("events/more"), "more").unwrap(), "file_added"),
        ("a signature taken away", &|| fs::remove_file(folder.join("manifest.es256.cose")).unwrap(), "device_unsigned"),
        ("a head cut", &|| fs::write(folder.join("checkpoint.note"), &checkpoint[1..]).unwrap(), "checkpoint_"),
    ];
    for (case, change, finding) in rows {
        change();
        let said = verify(&[&text(&folder)]);
        let findings = said.json()["findings"].to_string();
        assert!(said.code == Some(1) && findings.contains(finding), "{case}: {findings}");
    }
}

fn first_of(folder: &Path) -> PathBuf {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).min().unwrap()
}

#[test]
fn what_is_no_bundle_or_cannot_be_made_is_refused_by_name() {
    let shop = busy();
    let other = busy();
    let bundle = shop.path("bundle");
    shop.till(&["evidence", "A-1", "--out", &text(&bundle)]);
    let key = shop.path("other.key");
    fs::write(&key, run(other.aloud().arg("public-key")).stdout).unwrap();
    let newer = shop.path("newer");
    fs::create_dir(&newer).unwrap();
    fs::write(newer.join("manifest.json"), r#"{"format":"taptill-evidence","version":2}"#).unwrap();
    let (empty, file) = (shop.path("empty"), shop.path("file"));
    fs::create_dir(&empty).unwrap();
    fs::write(&file, "a photograph").unwrap();
    let checked: &[(&str, &[&str], &str)] = &[
        ("nothing is there", &[&text(&shop.path("nowhere"))], "file_unusable"),
        ("an empty folder", &[&text(&empty)], "evidence_not_a_bundle"),
        ("a photograph", &[&text(&file)], "evidence_not_a_bundle"),
        ("a newer bundle", &[&text(&newer)], "evidence_newer"),
        ("another till's", &[&text(&bundle), "--key", &text(&key)], "evidence_of_another_till"),
        ("a key that is none", &[&text(&bundle), "--key", &text(&file)], "file_unusable"),
    ];
    for (case, words, code) in checked {
        assert_eq!(verify(words).refusal(), (Some(1), (*code).to_owned()), "{case}");
    }
    let out = text(&shop.path("out"));
    let made: &[(&str, &[&str], &str)] = &[
        ("an unknown attempt", &["evidence", "A-9", "--out", &out], "attempt_unknown"),
        ("a folder with something in it", &["evidence", "A-1", "--out", &text(&bundle)], "file_unusable"),
        ("a file that is there", &["evidence", "A-1", "--out", &text(&file)], "file_unusable"),
        (
            "to whom, with a card's number",
            &["evidence", "A-1", "--out", &out, "--for", "4761739001010119"],
            "identifier_malformed",
        ),
        ("a period without a record", &["evidence", "--from", "1999-01-01", "--to", "1999-01-02"], "evidence_empty"),
        (
            "a period that ends first",
            &["evidence", "--from", "2030-01-02", "--to", "2030-01-01"],
            "evidence_period_invalid",
        ),
        ("an incident without a freeze", &["evidence", "--incident"], "evidence_empty"),
    ];
    for (case, words, code) in made {
        assert_eq!(shop.till(words).refusal(), (Some(1), (*code).to_owned()), "{case}");
    }
    assert!(!shop.path("out").exists(), "nothing was disclosed");
    shop.hire_bob();
    assert_eq!(shop.till_as("bob", &["evidence", "A-1"]).refusal(), (Some(1), "not_permitted".to_owned()));
    for words in [&["evidence"][..], &["evidence", "A-1", "--from", "2026-01-01"], &["verify", "--key", "k"]] {
        assert_eq!(shop.till(words).code, Some(2), "{words:?}");
    }
}

/// Linux lets nobody write there, whoever it is.
#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_put_anywhere_is_not_agreed_to() {
    let shop = busy();
    let disclosures = || {
        let preview = shop.till(&["evidence", "--from", "2020-01-01"]).json();
        let records = preview["records"].as_array().unwrap();
        records.iter().filter(|record| record["kind"] == "evidence.disclosed").count()
    };
    for place in ["/proc/taptill-evidence", "/proc/taptill-evidence.zip"] {
        assert_eq!(shop.till(&["evidence", "A-1", "--out", place]).refusal(), (Some(1), "file_unusable".to_owned()));
        assert_eq!(disclosures(), 0, "{place}");
    }
    // The control: where it can be put, it is agreed to.
    shop.till(&["evidence", "A-1", "--out", &text(&shop.path("bundle.zip"))]);
    assert_eq!(disclosures(), 1);
}
