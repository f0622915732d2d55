//! No secret outlives its session: the real binary works a shift, and after it none of its till's secrets is in its
//! memory, in any coat, whole or as what a cipher made of it.
//!
//! The binary waits in its shell while its parent reads all that it can write. The controls must fail: while somebody
//! is signed in the secrets are there, and in a binary that does not wipe what it frees they are there after it. The
//! binary is the unoptimised one; where `TAPTILL_WIPED_BIN` names another, as a long run does with the one that is
//! optimised as it ships, that too.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod memory_support;
mod till_support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use memory_support::{Secrets, Shell, summary};
use taptill_sandbox::scan::{Hit, MemoryHit};
use till_support::{ALICE, BOB, Shop};

/// What Alice's password is after the shift.
const CHANGED: &str = "seven green bottles 41 hang";
/// A second supervisor's.
const CAROLS: &str = "slow trains arrive 8 late";

/// What must be known of a till before its absence says anything.
const KINDS: [&str; 23] = [
    "a password",
    "an Argon2 output",
    "a device's answer to a password",
    "a till's answer to a password",
    "a slot's key",
    "a slot's private key",
    "a box's shared secret",
    "a box's key",
    "a master key",
    "what keys are derived from",
    "a sealing key",
    "a head key",
    "the look-up key",
    "a waiting key",
    "a side row's key",
    "the terminal master key",
    "a working key",
    "the TLS client key",
    "the TLS client key (limbs)",
    "the TLS client key's PEM",
    "the checkpoints' seed",
    "the checkpoints' scalar",
    "device key journal.waiting",
];

/// What there is besides, once the certificate was renewed and the till is to be erased.
const KINDS_OF_FAREWELL: [&str; 6] = [
    "the renewed TLS client key's seed",
    "the renewed TLS client key's scalar",
    "the renewed TLS client key's prefix",
    "the erasure's seed",
    "the erasure's scalar",
    "the erasure's prefix",
];

/// A shift at a till, and what was learnt of its secrets on the way.
struct Shift {
    shop: Shop,
    shell: Shell,
    secrets: Secrets,
}

impl Shift {
    /// A claimed till with two people, and a shell at which nobody is signed in yet.
    fn begin(program: &Path, die_at: Option<&str>) -> Self {
        let shop = Shop::open();
        shop.hire_bob();
        let mut secrets = Secrets::of(&[ALICE.password, BOB.password, CHANGED, CAROLS]);
        secrets.look(&shop);
        let mut command = Command::new(program);
        command.arg("--json").arg("--home").arg(shop.path("till")).env_remove("TAPTILL_DIE_AT");
        if let Some(point) = die_at {
            command.args(["--die-at", point]);
        }
        Self { shell: Shell::start(command), shop, secrets }
    }

    fn does(&mut self, line: &str) {
        self.shell.must(line);
        self.secrets.look(&self.shop);
    }

    /// Alice signs in, sells, prints, changes her password; Bob takes over and sells: both are in the memory's past.
    fn works(&mut self) {
        let [alice, bob, changed] = self.password_files();
        self.does(&format!("sign-in alice --password-file {alice}"));
        self.does("sale 12.30 --attempt A-1");
        self.does("receipt A-1");
        self.does(&format!("password change --password-file {alice} --new-password-file {changed}"));
        self.does("checkpoint");
        self.does(&format!("sign-in bob --password-file {bob}"));
        self.does("sale 4.50 --card visa-two --attempt A-2");
    }

    /// Alice comes back, brings Carol in, has the certificate renewed, sells with it, and leaves by the checklist.
    fn exits(&mut self) {
        let (changed, carol) = self.supervisors();
        self.does(&format!("sign-in alice --password-file {changed}"));
        self.does(&format!("operator add carol --role supervisor --new-password-file {carol}"));
        self.does("network renew-certificate");
        self.does("sale 2.00 --attempt A-4");
        let live = self.hits();
        for needle in ["a master key", "a sealing key", "a working key", "the renewed TLS client key's scalar"] {
            assert!(live.iter().any(|hit| hit.needle == needle), "the control: {needle} is there while Alice is");
        }
        self.does("exit --force 'the shop closes'");
    }

    /// Alice takes the till off the acquirer's list. It is not reached at first, so that what the erasure has of keys is
    /// known before they are gone.
    fn deregisters(&mut self) {
        let (changed, carol) = self.supervisors();
        let line = format!(
            "deregister --export {} --second carol --second-password-file {carol}",
            self.shop.path("records").display()
        );
        self.does(&format!("sign-in alice --password-file {changed}"));
        self.does("settle");
        self.shop.stop_host();
        assert_eq!(self.shell.ask(&line)["error"]["category"], "network");
        self.secrets.look(&self.shop);
        self.shop.restart_host();
        assert!(!self.hits().is_empty(), "the control: while Alice is signed in, secrets are there");
        assert!(!self.on_disk("till-device").is_empty(), "the control: the device's keys are found where they are");
        self.shell.must(&line);
    }

    /// The files of Alice's password after the shift, and of Carol's.
    fn supervisors(&self) -> (String, String) {
        let [_, _, changed] = self.password_files();
        (changed, self.shop.password_file("carol", CAROLS))
    }

    /// Everything of the till's secrets in the files of one of the shop's folders.
    fn on_disk(&self, folder: &str) -> Vec<Hit> {
        self.secrets.needles().find_in_dir(&self.shop.path(folder)).unwrap()
    }

    /// Alice's, Bob's, and Alice's next.
    fn password_files(&self) -> [String; 3] {
        let files = [(ALICE.name, ALICE.password), (BOB.name, BOB.password), ("next", CHANGED)];
        files.map(|(name, password)| self.shop.password_file(name, password))
    }

    fn hits(&self) -> Vec<MemoryHit> {
        self.shell.memory().find(&self.secrets.needles())
    }

    fn has_nothing(&self, when: &str) {
        let hits = self.hits();
        assert!(hits.is_empty(), "{when}:\n{}", summary(&hits));
    }
}

/// The desktop till, and the optimised one where there is one.
fn programs() -> Vec<PathBuf> {
    let optimised = std::env::var_os("TAPTILL_WIPED_BIN").map(PathBuf::from);
    std::iter::once(PathBuf::from(env!("CARGO_BIN_EXE_taptill"))).chain(optimised).collect()
}

#[test]
fn nothing_is_left_after_a_lock_and_after_a_sign_out() {
    for program in programs() {
        let mut shift = Shift::begin(&program, None);
        shift.works();
        let kinds = shift.secrets.kinds();
        assert!(KINDS.iter().all(|kind| kinds.contains_key(kind)), "not all is known: {kinds:?}");
        let live = shift.hits();
        for needle in ["a master key", "a sealing key", "a working key"] {
            assert!(
                live.iter().any(|hit| hit.needle == needle),
                "the control: {needle} is there while Bob is signed in"
            );
        }
        shift.does("lock");
        shift.has_nothing("after the lock");
        let [_, bob, _] = shift.password_files();
        shift.shell.ask("unlock --password-file /nowhere");
        shift.does(&format!("unlock --password-file {bob}"));
        shift.does("sale 1.00 --attempt A-3");
        shift.does("sign-out");
        shift.has_nothing("after the sign-out");
    }
}

#[test]
fn nothing_is_left_after_an_exit_and_nothing_of_a_till_that_was_erased() {
    for program in programs() {
        let mut shift = Shift::begin(&program, None);
        shift.works();
        shift.exits();
        shift.has_nothing("after the exit");
        assert_eq!(shift.on_disk("till"), [], "the till's files after the exit");
        shift.deregisters();
        let kinds = shift.secrets.kinds();
        let all = KINDS.iter().chain(&KINDS_OF_FAREWELL);
        assert!(all.clone().all(|kind| kinds.contains_key(kind)), "not all is known: {kinds:?}");
        shift.has_nothing("after the deregistration");
        for folder in ["till", "till-device", "records"] {
            assert_eq!(shift.on_disk(folder), [], "{folder} after the deregistration");
        }
    }
}

#[test]
fn nothing_is_left_after_a_panic() {
    for program in programs() {
        let mut shift = Shift::begin(&program, Some("panic after attempt.prepared 2"));
        let [alice, ..] = shift.password_files();
        shift.does(&format!("sign-in alice --password-file {alice}"));
        shift.does("sale 12.30 --attempt A-1");
        assert!(!shift.hits().is_empty(), "the control: while Alice is signed in, secrets are there");
        assert_eq!(shift.shell.ask("sale 4.50 --attempt A-2")["error"]["code"], "till_failed");
        shift.secrets.look(&shift.shop);
        shift.has_nothing("after the panic");
    }
}

#[test]
fn the_control_that_does_not_wipe_what_it_frees_leaves_secrets() {
    let mut shift = Shift::begin(Path::new(env!("CARGO_BIN_EXE_taptill-unwiped")), None);
    shift.works();
    // What is freed may be overwritten by chance before one look; so there are several, after each way out.
    let [_, bob, changed] = shift.password_files();
    let mut left = Vec::new();
    for lines in [
        vec!["lock".to_owned()],
        vec![format!("unlock --password-file {bob}"), "sign-out".to_owned()],
        vec![format!("sign-in alice --password-file {changed}"), "lock".to_owned()],
        vec![format!("unlock --password-file {changed}"), "checkpoint".to_owned(), "sign-out".to_owned()],
    ] {
        lines.iter().for_each(|line| shift.does(line));
        left.extend(shift.hits());
    }
    println!("{}", summary(&left));
    let kinds: BTreeSet<&str> = left.iter().map(|hit| hit.needle).collect();
    assert!(kinds.len() > 1, "a heap that is not wiped keeps nothing, so its wiping shows nothing");
    shift.exits();
    assert!(!shift.hits().is_empty(), "nor after an exit");
    shift.deregisters();
    assert!(!shift.hits().is_empty(), "nor of a till that was erased");
}
