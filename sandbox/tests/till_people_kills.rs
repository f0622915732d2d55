//! The real binary is killed while somebody claims, signs in, changes a password, guesses: what is left opens for who
//! may come in, for nobody else, and no guess is gained.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod till_support;

use std::process::Command;

use till_support::{ALICE, BOB, Shop, run};

/// Runs a command that does not come back.
fn dies(command: &mut Command, point: &str) {
    let ran = run(command.args(["--die-at", point]));
    assert_eq!(ran.code, None, "never came to {point}: {}{}", ran.stdout, ran.stderr);
}

/// The moments before and after each of these steps.
fn points(steps: &[&str]) -> Vec<String> {
    steps.iter().flat_map(|step| [format!("before {step}"), format!("after {step}")]).collect()
}

#[test]
fn a_claim_that_is_cut_anywhere_is_done_or_can_be_done_again() {
    for point in points(&["operator.claimed", "tell"]) {
        let mut shop = Shop::empty();
        shop.start_host();
        assert_eq!(run(&mut shop.set_up("unionpay")).code, Some(0));
        let file = shop.password_file(ALICE.name, ALICE.password);
        dies(shop.nobody().args(["claim", ALICE.name, "--password-file", &file]), &point);
        let again = run(shop.nobody().args(["claim", ALICE.name, "--password-file", &file]));
        let is_claimed = again.code != Some(0);
        assert!(!is_claimed || again.refusal().1 == "already_claimed", "{point}: {}", again.stdout);
        assert_eq!(is_claimed, point != "before operator.claimed", "{point}");
        assert_eq!(shop.till(&["sale", "1"]).json()["state"], "approved", "{point}");
        assert_eq!(shop.till(&["verify"]).json()["ok"], true, "{point}");
    }
}

#[test]
fn a_sign_in_and_a_sign_out_that_are_cut_anywhere_leave_a_till_that_opens() {
    let shop = Shop::open();
    for point in points(&["operator.signed_in", "tell", "operator.signed_out"]) {
        dies(shop.command().arg("list"), &point);
        assert_eq!(run(shop.nobody().arg("who")).json()["state"], "signed_out", "{point}");
        assert_eq!(shop.till(&["list"]).code, Some(0), "{point}");
    }
    assert_eq!(shop.till(&["verify"]).json()["ok"], true);
}

/// Exactly one of the two passwords opens, wherever it was cut.
#[test]
fn a_change_of_password_that_is_cut_anywhere_leaves_the_old_one_or_the_new_one() {
    let shop = Shop::open();
    shop.hire_bob();
    let (mut old, mut other) = (BOB.password, "small boats row at 8 bells");
    for point in points(&["operator.password_changed"]) {
        let [from, to] = [("bob", old), ("other", other)].map(|(name, password)| shop.password_file(name, password));
        let mut change = shop.nobody();
        change.args(["password", "change", "--operator", "bob", "--password-file", &from, "--new-password-file", &to]);
        dies(&mut change, &point);
        let opens = |file: &str| {
            let ran = run(shop.nobody().args(["list", "--operator", "bob", "--password-file", file]));
            ran.code == Some(0)
        };
        let is_changed = point.starts_with("after");
        assert_eq!((opens(&from), opens(&to)), (!is_changed, is_changed), "{point}");
        if is_changed {
            std::mem::swap(&mut old, &mut other);
        }
    }
    assert_eq!(shop.till(&["verify"]).json()["ok"], true);
}

/// A guess is gone before its password is worked on, whatever happens then.
#[test]
fn a_kill_gives_no_guess_back() {
    let shop = Shop::open();
    shop.hire_bob();
    let wrong = shop.password_file("wrong", "not the password of 1");
    for _ in 0..10 {
        dies(shop.nobody().args(["sign-in", "bob", "--password-file", &wrong]), "before tell");
    }
    assert_eq!(shop.till_as("bob", &["list"]).refusal(), (Some(1), "operator_locked_out".to_owned()));
    let operators = shop.till(&["operator", "list"]).json();
    assert_eq!(operators[1]["locked_out"], true, "{operators}");
}

/// The till's folder is put back; the device's keys are not.
#[test]
fn an_old_copy_of_the_folder_gives_no_guess_back_and_opens_for_no_old_password() {
    let shop = Shop::open();
    shop.hire_bob();
    let home = shop.path("till");
    let at_first = files(&home);
    let wrong = shop.password_file("wrong", "not the password of 1");
    let refused = |codes: &mut Vec<String>| {
        codes.push(run(shop.nobody().args(["sign-in", "bob", "--password-file", &wrong])).refusal().1);
    };
    let mut codes = Vec::new();
    for _ in 0..11 {
        refused(&mut codes);
        put_back(&home, &at_first);
    }
    assert_eq!(codes[10], "operator_locked_out", "{codes:?}");

    let new = shop.password_file("new", "a quiet harbour at 6");
    assert_eq!(shop.till(&["password", "change", "--new-password-file", &new]).code, Some(0));
    put_back(&home, &at_first);
    let old = shop.till(&["list"]);
    assert_eq!((old.code, old.json()["error"]["code"].is_string()), (Some(1), true), "{}", old.stdout);
}

/// Files and device keys together: only the acquirer can tell.
#[test]
fn an_old_copy_of_everything_is_found_at_the_next_sale_and_a_supervisor_decides() {
    let shop = Shop::open();
    shop.hire_bob();
    assert_eq!(shop.till(&["sale", "1", "--attempt", "before"]).json()["state"], "approved");
    let folders = [shop.path("till"), shop.path("till-device")];
    let at_first = folders.each_ref().map(|folder| files(folder));
    assert_eq!(shop.till(&["sale", "2", "--attempt", "forgotten"]).json()["state"], "approved");
    for (folder, before) in folders.iter().zip(&at_first) {
        put_back(folder, before);
    }
    assert_eq!(shop.till(&["verify"]).json()["ok"], true, "by itself it is sound");
    let sale = shop.till(&["sale", "3"]);
    assert_eq!(sale.refusal(), (Some(1), "journal_rolled_back".to_owned()), "{}", sale.stdout);
    assert!(sale.json()["error"]["seen"].is_number(), "{}", sale.stdout);
    assert_eq!(shop.till(&["sale", "3"]).refusal().1, "journal_rolled_back", "it is not forgotten");
    assert_eq!(shop.till_as("bob", &["accept-roll-back"]).refusal().1, "not_permitted");
    assert_eq!(shop.till(&["accept-roll-back"]).code, Some(0));
    assert_eq!(shop.till(&["sale", "3"]).json()["state"], "approved");
}

type Files = Vec<(std::path::PathBuf, Vec<u8>)>;

/// Every file in the folder and in those within it.
fn files(folder: &std::path::Path) -> Files {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let of = |path: std::path::PathBuf| {
        if path.is_dir() { files(&path) } else { vec![(path.clone(), std::fs::read(&path).unwrap())] }
    };
    paths.flat_map(of).collect()
}

fn put_back(folder: &std::path::Path, before: &Files) {
    for (path, _) in files(folder) {
        std::fs::remove_file(path).unwrap();
    }
    for (path, bytes) in before {
        std::fs::write(path, bytes).unwrap();
        private(path);
    }
}

/// As it was: a key that others may read is not used.
#[cfg(unix)]
fn private(path: &std::path::Path) {
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

#[cfg(not(unix))]
fn private(_: &std::path::Path) {}
