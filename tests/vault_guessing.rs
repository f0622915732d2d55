//! No way of killing, restarting, changing clocks or copying folders gains a guess.
//!
//! What counts is what the device saw: its part of a slot's key, asked for once for each guess that is tried. What is
//! allowed is counted without the vault: the tries, and once more for each whole lockout that fits into a boot.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod vault_support;

use std::collections::BTreeMap;

use taptill::ports::{BiometricFault, BiometricKey};
use taptill::secret::SecretBytes;
use taptill::vault::{Failures, Terms, VaultError};
use vault_support::*;

/// How many guesses anybody can have had, from how long each boot lasted.
struct Allowance {
    boots: Vec<u64>,
}

impl Allowance {
    fn guesses(&self) -> usize {
        let lockouts: u64 = self.boots.iter().map(|lasted_ms| lasted_ms / LOCKOUT_MS).sum();
        usize::from(TRIES) * (1 + lockouts as usize)
    }
}

/// Somebody who has the till for an evening and wants in.
struct Intruder {
    world: World,
    random: Seeded,
    allowance: Allowance,
    folder: BTreeMap<String, Vec<u8>>,
    /// A control: guesses lie in the folder and are copied with it.
    device_is_in_the_folder: Option<World>,
}

impl Intruder {
    fn new(seed: u64, flaw: Flaw) -> Self {
        let (world, _) = World::claimed();
        *world.device.flaw.lock().unwrap() = flaw;
        let folder = world.rows.table.clone();
        Self {
            world,
            random: Seeded::new(seed),
            allowance: Allowance { boots: vec![0] },
            folder,
            device_is_in_the_folder: None,
        }
    }

    fn act(&mut self) {
        match self.random.below(12) {
            0..=4 => self.guess(),
            5 | 6 => {
                self.world.die_before_write(self.random.below(10));
                self.guess();
                self.world.start_again();
                self.world.vault().sweep().unwrap();
            }
            7 => {
                self.world.restart_device();
                self.allowance.boots.push(0);
            }
            8 => self.world.now.wall.0 += self.random.below(4_000_000_000) as i64 - 2_000_000_000,
            9 => self.wait(),
            10 => self.copy_away(),
            _ => self.copy_back(),
        }
    }

    fn guess(&mut self) {
        for _ in 0..=self.random.below(3) {
            assert!(self.world.open(BOB, WRONG).is_err());
        }
    }

    fn wait(&mut self) {
        let milliseconds = self.random.below(LOCKOUT_MS as usize * 2 / 3) as u64;
        self.world.wait(milliseconds);
        *self.allowance.boots.last_mut().unwrap() += milliseconds;
    }

    fn copy_away(&mut self) {
        self.folder = self.world.rows.table.clone();
    }

    fn copy_back(&mut self) {
        if let Some(saved) = &self.device_is_in_the_folder {
            let log = self.world.device.log.lock().unwrap().clone();
            let now = self.world.now;
            self.world = saved.copy();
            *self.world.device.log.lock().unwrap() = log;
            self.world.now = now;
        }
        self.world.rows.table = self.folder.clone();
    }

    /// Guesses tried beyond what is allowed.
    fn gained(&self) -> usize {
        self.world.device.guesses_tried().saturating_sub(self.allowance.guesses())
    }
}

#[test]
fn an_evening_of_kills_restarts_clocks_and_copies_gains_no_guess() {
    let mut tried = 0;
    for seed in 0..100 {
        let mut intruder = Intruder::new(seed, Flaw::None);
        for step in 0..150 {
            intruder.act();
            assert_eq!(intruder.gained(), 0, "seed {seed}, step {step}");
        }
        tried += intruder.world.device.guesses_tried();
    }
    assert!(tried > 100 * usize::from(TRIES), "they did guess: {tried}");
}

/// The control: where a guess that was destroyed is back after a kill, kills gain guesses.
#[test]
fn guesses_that_outlive_a_kill_are_gained() {
    let gained = (0..20).filter(|seed| {
        let mut intruder = Intruder::new(*seed, Flaw::GuessesOutliveAKill);
        (0..150).for_each(|_| intruder.act());
        intruder.gained() > 0
    });
    assert!(gained.count() > 10);
}

/// The control: where guesses lie in the folder, copying it back gains guesses.
#[test]
fn guesses_in_the_folder_are_gained() {
    let gained = (0..20).filter(|seed| {
        let mut intruder = Intruder::new(*seed, Flaw::None);
        intruder.device_is_in_the_folder = Some(intruder.world.copy());
        (0..150).for_each(|_| intruder.act());
        intruder.gained() > 0
    });
    assert!(gained.count() > 10);
}

/// One kill, at each change that guessing makes: the guess is spent, or it was never tried.
#[test]
fn a_kill_at_each_point_of_a_guess_gains_none() {
    let (base, _) = World::claimed();
    let mut locked_out = base.copy();
    while !matches!(locked_out.open(BOB, WRONG), Err(VaultError::LockedOut { .. })) {}
    locked_out.wait(LOCKOUT_MS);
    let mut one_left = base.copy();
    for _ in 1..TRIES {
        assert!(one_left.open(BOB, WRONG).is_err());
    }
    let mut served = Vec::new();
    for (case, start, allowed) in [("all left", base, 5), ("one left", one_left, 1), ("lockout over", locked_out, 5)] {
        let mut kills = 0;
        loop {
            let mut world = start.copy();
            world.device.log.lock().unwrap().clear();
            world.die_before_write(kills);
            assert!(world.open(BOB, WRONG).is_err());
            if !world.start_again() {
                break;
            }
            world.vault().sweep().unwrap();
            // No time passes: whatever is left is used up.
            while !matches!(world.open(BOB, WRONG), Err(VaultError::LockedOut { .. })) {}
            let tried = world.device.guesses_tried();
            assert!(tried <= allowed, "{case}, killed before change {kills}: {tried} guesses");
            kills += 1;
        }
        served.push((case, kills));
    }
    // A guess, then a lockout of key and row, and the key of a finger; or a served lockout, its mark, five guesses, the
    // row, and a guess. Each with the row of what was tried at this name.
    assert_eq!(served, [("all left", 2), ("one left", 7), ("lockout over", 10)]);
}

#[test]
fn a_lockout_is_sat_out_on_one_boot_alone() {
    let (mut world, _) = World::claimed();
    while !matches!(world.open(BOB, WRONG), Err(VaultError::LockedOut { .. })) {}
    let left = |world: &mut World| match world.begin(BOB).err() {
        Some(VaultError::LockedOut { retry_after_ms }) => retry_after_ms,
        None => 0,
        Some(other) => panic!("{other:?}"),
    };
    world.wait(20_000);
    assert_eq!(left(&mut world), 40_000);
    let old_rows = world.rows.table.clone();
    for wall_ms in [i64::MIN / 2, 0, i64::MAX / 2] {
        world.now.wall.0 = wall_ms;
        assert_eq!(left(&mut world), 40_000, "the wall clock counts for nothing");
    }
    world.now.wall.0 = 0;
    world.restart_device();
    assert_eq!(left(&mut world), LOCKOUT_MS, "a restart begins it again");
    world.wait(59_999);
    assert_eq!(left(&mut world), 1);
    let mut without_row = world.copy();
    without_row.rows.table.retain(|name, _| !name.starts_with("vault/lockout/"));
    assert_eq!(left(&mut without_row), LOCKOUT_MS, "its row deleted begins it again");
    let mut old_row = world.copy();
    old_row.rows.table = old_rows;
    old_row.now.boot.0 -= 1;
    old_row.now.mono.0 += LOCKOUT_MS;
    assert_eq!(left(&mut old_row), LOCKOUT_MS, "the row of the lockout before is no row of this one");
    world.wait(1);
    assert!(world.sign_in(BOB, BOBS).is_ok());
}

/// Copied at the end of a served lockout, and put back into the next.
#[test]
fn the_row_of_a_served_lockout_ends_no_later_one() {
    let (mut world, _) = World::claimed();
    while !matches!(world.open(BOB, WRONG), Err(VaultError::LockedOut { .. })) {}
    world.wait(LOCKOUT_MS);
    let folder = world.rows.table.clone();
    while !matches!(world.open(BOB, WRONG), Err(VaultError::LockedOut { .. })) {}
    assert_eq!(world.device.guesses_tried(), 2 * usize::from(TRIES));
    world.rows.table = folder;
    let again = world.open(BOB, BOBS).err();
    assert_eq!(again, Some(VaultError::LockedOut { retry_after_ms: LOCKOUT_MS }));
}

/// Tries that are added end a lockout. What it left over ends no later one, whether the last guess was finished or cut.
#[test]
fn more_tries_in_a_lockout_do_not_end_the_next_one() {
    for (case, is_cut) in [("the last guess is refused", false), ("the process ends in the last guess", true)] {
        let (mut world, _) = World::claimed();
        let alice = world.sign_in(ALICE, ALICES).unwrap();
        while !matches!(world.open(BOB, WRONG), Err(VaultError::LockedOut { .. })) {}
        let change = world.vault().set_terms(&Terms { tries: TRIES + 3, ..TERMS }).unwrap();
        world.write(change).unwrap();
        world.vault().forgive(&alice).unwrap();
        world.wait(LOCKOUT_MS);
        for left in (0..3).rev() {
            if is_cut && left == 0 {
                drop(world.begin(BOB).unwrap());
                break;
            }
            assert_eq!(world.open(BOB, WRONG).err(), Some(VaultError::Refused { tries_left: left }), "{case}");
        }
        let again = world.open(BOB, BOBS).err();
        assert_eq!(again, Some(VaultError::LockedOut { retry_after_ms: LOCKOUT_MS }), "{case}");
    }
}

/// What somebody at the screen can do, at a name whose owner they do not know and around it.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Wrong,
    /// A wrong password for somebody else: another name of nobody, or one that is somebody's.
    WrongFor(&'static str),
    Wait(u64),
    Restart,
    /// Somebody signs in who may.
    SignIn,
    /// A supervisor allows so many tries from now on.
    Tries(u8),
}

/// Each is done twice: at a name that somebody has, and at one that nobody has. Every answer, every operation of the
/// device and every row written must be the same.
#[rustfmt::skip]
const SCRIPTS: &[(&str, &[Deed])] = {
    use Deed::{Restart, SignIn, Tries, Wait, Wrong, WrongFor};
    &[
        ("every try and a lockout", &[Wrong, Wrong, Wrong, Wrong, Wrong, Wrong, Wrong]),
        ("other names of nobody before", &[WrongFor("dave"), WrongFor("eve"), WrongFor("dave"), Wrong, Wrong]),
        ("a lockout of another name", &[WrongFor("dave"), WrongFor("dave"), WrongFor("dave"), WrongFor("dave"), WrongFor("dave"),
            WrongFor("dave"), Wrong, WrongFor("dave"), Wrong, Wrong, Wrong, Wrong, WrongFor("eve"), Wrong, WrongFor("dave")]),
        ("somebody else's name between", &[Wrong, WrongFor(ALICE), Wrong, WrongFor(ALICE), WrongFor("dave"), Wrong, Wrong, Wrong, Wrong]),
        ("a lockout is sat out", &[Wrong, Wrong, Wrong, Wrong, Wrong, Wait(20_000), Wrong, Wait(40_000), Wrong, Wrong]),
        ("two lockouts are sat out", &[Wrong, Wrong, Wrong, Wrong, Wrong, Wait(60_000), Wrong, Wrong, Wrong, Wrong, Wrong,
            Wrong, Wait(59_999), Wrong, Wait(1), Wrong]),
        ("a lockout begins again after a restart", &[Wrong, Wrong, Wrong, Wrong, Wrong, Wait(50_000), Restart, Wrong, Wait(50_000), Wrong, Wait(10_000), Wrong]),
        ("a restart between tries", &[Wrong, Wrong, Restart, Wrong, Wrong, Wrong, Wrong]),
        ("a sign-in of somebody else between tries", &[Wrong, Wrong, SignIn, Wrong, SignIn, Wrong, Wrong, Wrong, SignIn, Wrong,
            Wait(60_000), SignIn, Wrong]),
        ("more tries", &[Wrong, Wrong, Tries(8), Wrong, Wrong]),
        ("fewer tries", &[Wrong, Wrong, Tries(3), Wrong, Wrong, Wrong, Wrong]),
        ("fewer tries and then more", &[Wrong, Tries(2), Wrong, Tries(6), Wrong, Wrong]),
        ("more tries in a lockout", &[Wrong, Wrong, Wrong, Wrong, Wrong, Wrong, Tries(7), Wait(60_000), Wrong, Wrong, Wrong]),
        ("fewer tries end in a lockout", &[Wrong, Wrong, Wrong, Wrong, Tries(1), Wrong, Wrong]),
    ]
};

#[test]
fn a_name_of_nobody_is_answered_like_one_of_somebody() {
    for (case, script) in SCRIPTS {
        let [known, unknown] = [BOB, "carol"].map(|who| answers(script, who, false));
        let with_a_finger = answers(script, BOB, true);
        for (step, (known, unknown)) in known.iter().zip(&unknown).enumerate() {
            assert_eq!(known, unknown, "{case}, step {step}: {:?}", script[step]);
            // A till that opens has one row more to look through, whoever comes.
            let is_at_the_screen = !matches!(script[step], Deed::Restart);
            let is_same = !is_at_the_screen || &with_a_finger[step] == unknown;
            assert!(is_same, "{case}, step {step}, who has enrolled: {:?}", script[step]);
        }
    }
}

/// A platform that wraps whatever it is given.
struct Finger;

impl BiometricKey for Finger {
    fn create(&self, _: &str, _: &SecretBytes, _: &[u8]) -> Result<Vec<u8>, BiometricFault> {
        Ok(vec![1; 40])
    }

    fn release(&self, _: &str, _: &[u8], _: &[u8]) -> Result<SecretBytes, BiometricFault> {
        Err(BiometricFault::NotRecognised)
    }

    fn destroy(&self, _: &str) -> Result<(), BiometricFault> {
        Ok(())
    }
}

fn enrol(world: &mut World) {
    let (bob, now) = (world.sign_in(BOB, BOBS).unwrap(), world.now);
    let sealed = world.vault().begin_enrolment(&bob).unwrap().seal(&Finger).unwrap();
    let change = world.vault().finish_enrolment(&bob, sealed, 3, now).unwrap();
    world.write(change).unwrap();
}

/// The verdict, the device's operations and the rows written of each step; none of those that need a password.
fn answers(script: &[Deed], who: &str, is_enrolled: bool) -> Vec<(Option<VaultError>, Vec<String>, usize)> {
    let (mut world, _) = World::claimed();
    if is_enrolled {
        enrol(&mut world);
    }
    let mut terms = TERMS;
    let mut answers = Vec::new();
    for deed in script {
        world.device.log.lock().unwrap().clear();
        let before = world.rows.written;
        let verdict = match *deed {
            Deed::Wrong => world.open(who, WRONG).err(),
            Deed::WrongFor(other) => world.open(other, WRONG).err(),
            Deed::Wait(milliseconds) => {
                world.wait(milliseconds);
                None
            }
            Deed::Restart => {
                world.restart_device();
                world.vault().sweep().unwrap();
                None
            }
            Deed::SignIn => {
                world.sign_in(ALICE, ALICES).unwrap();
                answers.push((None, Vec::new(), 0));
                continue;
            }
            Deed::Tries(tries) => {
                terms.tries = tries;
                let change = world.vault().set_terms(&terms).unwrap();
                world.write(change).unwrap();
                answers.push((None, Vec::new(), 0));
                continue;
            }
        };
        answers.push((verdict, world.device.kinds_asked(), world.rows.written - before));
    }
    answers
}

#[test]
fn guesses_at_names_of_nobody_are_limited_and_told_once() {
    let (mut world, _) = World::claimed();
    for who in ["carol", "dave", "carol", "eve", "x", "carol", "carol", "carol"] {
        assert!(matches!(world.open(who, WRONG), Err(VaultError::Refused { .. })));
    }
    assert!(matches!(world.open("carol", WRONG), Err(VaultError::LockedOut { .. })));
    let opened = world.sign_in(BOB, BOBS).unwrap();
    assert_eq!(opened.failures(), Failures { own: 0, unknown: 8 });
    assert_eq!(world.sign_in(BOB, BOBS).unwrap().failures(), Failures::default(), "it was told");
    let locked_out = Some(VaultError::LockedOut { retry_after_ms: LOCKOUT_MS });
    assert_eq!(world.open("carol", WRONG).err(), locked_out, "nobody's sign-in forgives another's tries");
    world.wait(LOCKOUT_MS);
    assert_eq!(world.open("carol", WRONG).err(), Some(VaultError::Refused { tries_left: 4 }));
}

/// A name that was tried long ago is forgotten; how often is not.
#[test]
fn names_that_were_tried_take_little_room_and_every_failure_is_counted() {
    let (mut world, _) = World::quick(3);
    for number in 0..300 {
        assert_eq!(world.open(&format!("n{number}"), WRONG).err(), Some(VaultError::Refused { tries_left: 4 }));
    }
    let tried = world.rows.table.keys().filter(|name| name.starts_with("vault/tried/")).count();
    assert_eq!(tried, 256);
    assert_eq!(world.open("n0", WRONG).err(), Some(VaultError::Refused { tries_left: 4 }), "it was forgotten");
    assert_eq!(world.open("n299", WRONG).err(), Some(VaultError::Refused { tries_left: 3 }));
    let opened = world.sign_in(BOB, BOBS).unwrap();
    assert_eq!(opened.failures(), Failures { own: 0, unknown: 302 });
    assert_eq!(world.sign_in(BOB, BOBS).unwrap().failures(), Failures::default());
}

/// Rows that somebody wrote there gain no guess at a slot and stop nothing.
#[test]
fn rows_of_what_was_tried_count_for_nobodys_name_alone() {
    let (base, _) = World::claimed();
    let mut tried = base.copy();
    while !matches!(tried.open(BOB, WRONG), Err(VaultError::LockedOut { .. })) {}
    let row = tried.rows.table.keys().find(|name| name.starts_with("vault/tried/")).unwrap().clone();
    for planted in [vec![], vec![0xFF; 19], vec![1; 19], vec![1; 500]] {
        let mut world = tried.copy();
        world.rows.table.insert(row.clone(), planted.clone());
        world.rows.table.insert("vault/tried/!x".to_owned(), planted);
        assert!(matches!(world.open(BOB, BOBS), Err(VaultError::LockedOut { .. })));
        assert!(world.sign_in(ALICE, ALICES).is_ok());
        world.wait(LOCKOUT_MS);
        assert!(world.sign_in(BOB, BOBS).is_ok());
    }
}
