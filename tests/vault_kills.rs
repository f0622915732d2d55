//! Killed between any two changes of device keys or rows, either the old or the new opens, never neither; and what was left over
//! is swept.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod vault_support;

use taptill::ids::Role;
use taptill::journal::PlainRows;
use taptill::vault::{Opened, RecoveryCode, Terms, VaultError};
use vault_support::*;

const NEW: &[u8] = b"quiet rivers run 12 miles";

/// Who must open afterwards, one way or the other.
struct Way {
    who: &'static str,
    old: Option<&'static [u8]>,
    new: Option<&'static [u8]>,
}

/// Nothing happens to these.
const ALICE_STAYS: Way = Way { who: ALICE, old: Some(ALICES), new: Some(ALICES) };
const BOB_STAYS: Way = Way { who: BOB, old: Some(BOBS), new: Some(BOBS) };

type Step = fn(&mut World, &Opened) -> Result<(), VaultError>;

/// Every change that somebody who is signed in can make.
fn changes() -> Vec<(&'static str, Step, Vec<Way>)> {
    vec![
        (
            "own password",
            |world, opened| world.set_password(opened, ALICE, NEW),
            vec![Way { who: ALICE, old: Some(ALICES), new: Some(NEW) }, BOB_STAYS],
        ),
        (
            "reset",
            |world, opened| world.set_password(opened, BOB, NEW),
            vec![ALICE_STAYS, Way { who: BOB, old: Some(BOBS), new: Some(NEW) }],
        ),
        ("add", add_carol, vec![ALICE_STAYS, BOB_STAYS, Way { who: "carol", old: None, new: Some(NEW) }]),
        (
            "remove",
            |world, opened| {
                let change = world.vault().remove_operator(opened, &name(BOB))?;
                world.write(change)
            },
            vec![ALICE_STAYS, Way { who: BOB, old: Some(BOBS), new: None }],
        ),
        (
            "rotate",
            |world, opened| {
                let (change, _) = world.vault().rotate(opened, None)?;
                world.write(change)
            },
            vec![ALICE_STAYS, BOB_STAYS],
        ),
        (
            "rotate without bob",
            |world, opened| {
                let (change, _) = world.vault().rotate(opened, Some(&name(BOB)))?;
                world.write(change)
            },
            vec![ALICE_STAYS, Way { who: BOB, old: Some(BOBS), new: None }],
        ),
        (
            "forget older",
            |world, opened| {
                let (change, _) = world.vault().forget_older(opened)?;
                world.write(change)
            },
            vec![ALICE_STAYS, BOB_STAYS],
        ),
        ("fewer tries", |world, _| set_tries(world, 3), vec![ALICE_STAYS, BOB_STAYS]),
        ("more tries", |world, _| set_tries(world, 8), vec![ALICE_STAYS, BOB_STAYS]),
    ]
}

fn add_carol(world: &mut World, opened: &Opened) -> Result<(), VaultError> {
    let password = world.try_new_password(NEW, true)?;
    let change = world.vault().add_operator(opened, &name("carol"), Role::Cashier, &password)?;
    world.write(change)
}

fn set_tries(world: &mut World, tries: u8) -> Result<(), VaultError> {
    let change = world.vault().set_terms(&Terms { tries, ..TERMS })?;
    world.write(change)
}

/// The process starts again after a kill; says whether the new way opens, and that everything opens one way.
fn starts_again(case: &str, world: &mut World, code: &RecoveryCode, ways: &[Way]) -> bool {
    world.vault().sweep().unwrap_or_else(|error| panic!("{case}: sweep: {error:?}"));
    let mut verdicts = Vec::new();
    for Way { who, old, new } in ways {
        let mut opens = |password: &Option<&[u8]>| match password {
            Some(password) => world.sign_in(who, password).is_ok(),
            None => !operators(world).iter().any(|known| known == who),
        };
        let (opens_old, opens_new) = (opens(old), opens(new));
        if old == new {
            assert!(opens_old, "{case}: {who} opens no more");
        } else {
            assert!(opens_old != opens_new, "{case}: {who} opens the old way {opens_old}, the new way {opens_new}");
            verdicts.push(opens_new);
        }
        // A wrong guess was among them, which the right one makes good.
        if let Some(password) = if opens_old { old } else { new } {
            world.sign_in(who, password).unwrap();
        }
    }
    assert!(verdicts.iter().all(|verdict| *verdict == verdicts[0]), "{case}: half of it was done: {verdicts:?}");
    let by_code = world.open_by_code(code).unwrap();
    world.vault().forgive(&by_code).unwrap();
    assert!(!world.rows.table.keys().any(|row| row.starts_with("vault/sweep/")), "{case}: it is not swept");
    verdicts.first().copied().unwrap_or(true)
}

fn operators(world: &mut World) -> Vec<String> {
    let slots = world.vault().slots().unwrap();
    slots.into_iter().filter_map(|slot| slot.name).map(|name| name.to_string()).collect()
}

/// The device keys that rows speak of, and no others: what a fresh till with as many slots and tries would have.
fn assert_no_litter(case: &str, world: &mut World) {
    let slots = world.vault().slots().unwrap();
    let tries = usize::from(world.vault().terms().unwrap().tries);
    let expected = 2 + slots.len() * (2 + tries) + tries;
    let aliases = world.device.aliases();
    assert_eq!(aliases.len(), expected, "{case}: {aliases:#?}");
}

#[test]
fn a_kill_at_any_change_leaves_the_old_or_the_new_and_never_neither() {
    let (base, code) = World::claimed();
    for (change, step, ways) in changes() {
        let (mut kills, mut new_after) = (0, Vec::new());
        loop {
            let case = format!("{change}, killed before change {kills}");
            let mut world = base.copy();
            let alice = world.sign_in(ALICE, ALICES).unwrap();
            world.die_before_write(kills);
            let done = step(&mut world, &alice);
            let was_killed = world.start_again();
            assert_eq!(done.is_err(), was_killed, "{case}");
            new_after.push(starts_again(&case, &mut world, &code, &ways));
            assert_no_litter(&case, &mut world);
            if !was_killed {
                break;
            }
            kills += 1;
        }
        assert!(kills >= 4, "{change}: {kills} kills");
        assert!(new_after.is_sorted(), "{change}: from some kill on it is done: {new_after:?}");
        assert!(new_after.last() == Some(&true), "{change}: {new_after:?}");
    }
}

/// The control: were the old keys destroyed before the new row is durable, a kill would leave neither.
#[test]
fn keys_destroyed_too_early_leave_neither() {
    let (base, _) = World::claimed();
    let mut neither = 0;
    for kills in 0.. {
        let mut world = base.copy();
        let alice = world.sign_in(ALICE, ALICES).unwrap();
        let password = world.new_password(NEW, false);
        let change = world.vault().set_password(&alice, &name(BOB), &password).unwrap();
        world.die_before_write(kills);
        let settled = world.vault().settle(change.afterwards);
        let written = settled.and_then(|()| Ok(world.rows.change_plain(&change.rows)?));
        let was_killed = world.start_again();
        assert_eq!(written.is_err(), was_killed);
        neither += usize::from(world.open(BOB, BOBS).is_err() && world.open(BOB, NEW).is_err());
        if !was_killed {
            break;
        }
    }
    assert!(neither > 1, "{neither}");
}

/// Any operation fails once, reading or writing, and the process lives on and opens the till anew.
#[test]
fn an_operation_that_fails_leaves_the_old_or_the_new_and_never_neither() {
    let (base, code) = World::claimed();
    for (change, step, ways) in changes() {
        let mut calls = 0;
        loop {
            let case = format!("{change}, call {calls} failed");
            let mut world = base.copy();
            let alice = world.sign_in(ALICE, ALICES).unwrap();
            world.fail_call(calls);
            let done = step(&mut world, &alice);
            let had_failed = world.start_again();
            assert_eq!(done.is_err(), had_failed, "{case}");
            starts_again(&case, &mut world, &code, &ways);
            assert_no_litter(&case, &mut world);
            if !had_failed {
                break;
            }
            calls += 1;
        }
        assert!(calls > 10, "{change}: {calls} calls");
    }
}

#[test]
fn a_kill_at_any_change_of_a_claim_leaves_a_till_that_can_be_claimed_or_is() {
    let mut base = World::empty(4);
    let mut kills = 0;
    loop {
        let mut world = base.copy();
        world.die_before_write(kills);
        let founded = world.vault().found(&TERMS).map(|_| ());
        let was_killed = world.start_again();
        assert_eq!(founded.is_err(), was_killed);
        // What a shell does after a kill: the same again.
        let masters = world.vault().found(&TERMS).unwrap();
        world.vault().sweep().unwrap();
        assert_eq!(generations(&masters), [1]);
        assert_eq!(world.device.aliases().len(), 3, "the till's, the terms', the unclaimed one: kill {kills}");
        if !was_killed {
            base = world;
            break;
        }
        kills += 1;
    }
    let first = base.vault().open_unclaimed().unwrap().keyring();
    assert_eq!(first.generation(), 1);
    for kills in 0.. {
        let case = format!("killed before change {kills}");
        let mut world = base.copy();
        world.die_before_write(kills);
        let claimed = world.claim(ALICE, ALICES);
        let was_killed = world.start_again();
        assert_eq!(claimed.is_err(), was_killed, "{case}");
        world.vault().sweep().unwrap();
        if world.vault().is_claimed().unwrap() {
            assert_eq!(world.vault().open_unclaimed().err(), Some(VaultError::AlreadyClaimed));
            assert!(!world.device.aliases().contains(&"vault.unclaimed".to_owned()), "{case}");
        } else {
            assert_eq!(generations(&world.vault().open_unclaimed().unwrap()), [1], "{case}");
            world.claim(ALICE, ALICES).unwrap();
        }
        world.sign_in(ALICE, ALICES).unwrap();
        assert_no_litter(&case, &mut world);
        if !was_killed {
            assert!(kills > 20, "{kills} kills");
            break;
        }
    }
}

#[test]
fn a_kill_at_any_change_of_a_recovery_leaves_the_code_or_the_next() {
    let (base, code) = World::claimed();
    let next = RecoveryCode::new(&Seeded::new(17)).unwrap();
    for kills in 0.. {
        let case = format!("killed before change {kills}");
        let mut world = base.copy();
        let opened = world.open_by_code(&code).unwrap();
        world.vault().forgive(&opened).unwrap();
        let (password, paper) = (world.new_password(NEW, false), world.new_password(next.expose(), false));
        world.die_before_write(kills);
        let recovered = world.vault().recover(&opened, &name(ALICE), &password, &paper);
        let done = recovered.and_then(|(change, _)| world.write(change));
        let was_killed = world.start_again();
        assert_eq!(done.is_err(), was_killed, "{case}");
        world.vault().sweep().unwrap();
        let opens = [
            world.open_by_code(&code).is_ok(),
            world.sign_in(ALICE, ALICES).is_ok(),
            world.open_by_code(&next).is_ok(),
            world.sign_in(ALICE, NEW).is_ok(),
        ];
        assert!([[true, true, false, false], [false, false, true, true]].contains(&opens), "{case}: {opens:?}");
        if !was_killed {
            assert!(kills > 20, "{kills} kills");
            break;
        }
    }
}

#[test]
fn a_kill_while_failures_are_forgiven_leaves_fewer_guesses_and_never_none() {
    let (base, _) = World::claimed();
    for kills in 0.. {
        let mut world = base.copy();
        for _ in 0..3 {
            assert!(world.open(BOB, WRONG).is_err());
        }
        let opened = world.open(BOB, BOBS).unwrap();
        world.die_before_write(kills);
        let forgiven = world.vault().forgive(&opened);
        let was_killed = world.start_again();
        assert_eq!(forgiven.is_err(), was_killed);
        let opened = world.sign_in(BOB, BOBS).unwrap();
        let expected = if was_killed { 4 - u32::try_from(kills).unwrap().saturating_sub(2).min(4) } else { 0 };
        assert_eq!(opened.failures().own, expected, "told again after kill {kills}, and never forgotten");
        assert_no_litter("forgiven", &mut world);
        if !was_killed {
            break;
        }
    }
}

/// A change that could not be written is dropped; the next one and the sweep do not mind.
#[test]
fn a_change_that_is_dropped_changes_nothing() {
    let (mut world, code) = World::claimed();
    let alice = world.sign_in(ALICE, ALICES).unwrap();
    for _ in 0..3 {
        let password = world.new_password(NEW, false);
        drop(world.vault().set_password(&alice, &name(BOB), &password).unwrap());
        drop(world.vault().rotate(&alice, Some(&name(BOB))).map(|_| ()));
    }
    world.set_password(&alice, ALICE, NEW).unwrap();
    let ways = [Way { who: ALICE, old: None, new: Some(NEW) }, BOB_STAYS];
    assert!(world.sign_in(ALICE, NEW).is_ok());
    starts_again("dropped", &mut world, &code, &ways[1..]);
    assert_no_litter("dropped", &mut world);
}

/// The folder of before a change is put back for a while: nothing is swept that the right folder needs.
#[test]
fn nothing_is_swept_while_a_row_is_not_what_was_written() {
    let (mut world, _) = World::claimed();
    let alice = world.sign_in(ALICE, ALICES).unwrap();
    let password = world.new_password(NEW, false);
    let change = world.vault().set_password(&alice, &name(BOB), &password).unwrap();
    let in_between = world.rows.table.clone();
    world.write(change).unwrap();
    let right = std::mem::replace(&mut world.rows.table, in_between);
    let keys = world.device.aliases();
    world.vault().sweep().unwrap();
    assert_eq!(world.device.aliases(), keys);
    world.rows.table = right;
    world.sign_in(BOB, NEW).unwrap();
}

/// A list of leftovers that this till did not write destroys nothing.
#[test]
fn a_planted_list_of_leftovers_destroys_nothing() {
    let (mut world, _) = World::claimed();
    let keys = world.device.aliases();
    let planted = [keys.join("\n").into_bytes(), vec![0; 32]].concat();
    world.rows.table.insert("vault/sweep/0000000000000000".to_owned(), planted);
    world.vault().sweep().unwrap();
    assert_eq!(world.device.aliases(), keys);
    assert!(!world.rows.table.contains_key("vault/sweep/0000000000000000"));
}
