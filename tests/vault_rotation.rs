//! The master key is changed without anybody's password, and a kill anywhere leaves a till that everybody opens.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod vault_support;

use taptill::vault::{MasterKeys, Opened, RowFault, VaultError};
use vault_support::*;

fn rotate(world: &mut World, opened: &mut Opened) {
    let (change, masters) = world.vault().rotate(opened, None).unwrap();
    world.write(change).unwrap();
    opened.adopt(masters);
}

#[test]
fn every_slot_opens_to_the_new_key_and_to_the_older_ones_until_they_are_forgotten() {
    let (mut world, code) = World::claimed();
    let mut alice = world.sign_in(ALICE, ALICES).unwrap();
    let expect = |world: &mut World, expected: &[u32]| {
        assert_eq!(generations(world.sign_in(ALICE, ALICES).unwrap().masters()), expected);
        assert_eq!(generations(world.sign_in(BOB, BOBS).unwrap().masters()), expected);
        let by_code = world.open_by_code(&code).unwrap();
        world.vault().forgive(&by_code).unwrap();
        assert_eq!(generations(by_code.masters()), expected);
        assert_eq!(world.device.aliases().len(), world.expected_keys(3));
    };
    expect(&mut world, &[2, 1]);
    rotate(&mut world, &mut alice);
    expect(&mut world, &[3, 2, 1]);
    rotate(&mut world, &mut alice);
    expect(&mut world, &[4, 3, 2, 1]);
    let (change, masters) = world.vault().forget_older(&alice).unwrap();
    world.write(change).unwrap();
    alice.adopt(masters);
    expect(&mut world, &[4]);
    rotate(&mut world, &mut alice);
    expect(&mut world, &[5, 4]);
}

#[test]
fn too_many_generations_at_once_are_refused() {
    let (mut world, _) = World::claimed();
    let mut alice = world.sign_in(ALICE, ALICES).unwrap();
    for _ in 3..=8 {
        rotate(&mut world, &mut alice);
    }
    assert_eq!(world.vault().rotate(&alice, None).map(|_| ()), Err(VaultError::TooManyGenerations));
    assert_eq!(world.sign_in(BOB, BOBS).unwrap().masters().older().count(), 7);
}

#[test]
fn who_was_removed_has_no_box_of_the_new_key() {
    let (mut world, _) = World::claimed();
    let mut alice = world.sign_in(ALICE, ALICES).unwrap();
    let before = world.row(BOB);
    let (change, masters) = world.vault().rotate(&alice, Some(&name(BOB))).unwrap();
    world.write(change).unwrap();
    alice.adopt(masters);
    assert_eq!(generations(alice.masters()), [3, 2, 1]);
    assert!(matches!(world.open(BOB, BOBS), Err(VaultError::Refused { .. })));
    world.put_row(BOB, before);
    let put_back = VaultError::Row { row: row_name(BOB), why: RowFault::RolledBack };
    assert_eq!(world.open(BOB, BOBS).err(), Some(put_back));
}

/// A row that is not what was written is passed over, and its owner with it; but not whoever asks, who shall come in again.
#[test]
fn a_rotation_passes_over_a_row_that_is_not_what_was_written() {
    let (base, code) = World::claimed();
    let edit = |world: &mut World, who: &str| {
        let mut row = world.row(who);
        let last = row.len() - 40;
        row[last] ^= 1;
        world.put_row(who, row);
        VaultError::Row { row: row_name(who), why: RowFault::Edited }
    };
    let mut world = base.copy();
    let mut alice = world.sign_in(ALICE, ALICES).unwrap();
    let edited = edit(&mut world, BOB);
    world.put_row("zed", b"planted".to_vec());
    world.put_row("!x", b"planted".to_vec());
    rotate(&mut world, &mut alice);
    let (change, _) = world.vault().forget_older(&alice).unwrap();
    world.write(change).unwrap();
    assert_eq!(generations(world.sign_in(ALICE, ALICES).unwrap().masters()), [3]);
    assert_eq!(generations(world.open_by_code(&code).unwrap().masters()), [3]);
    assert_eq!(world.sign_in(BOB, BOBS).err(), Some(edited));

    let mut world = base.copy();
    let alice = world.sign_in(ALICE, ALICES).unwrap();
    let edited = edit(&mut world, ALICE);
    assert_eq!(world.vault().rotate(&alice, None).map(|_| ()), Err(edited));
}

/// Killed at each change of a rotation, with the journal as it would be: some rows under the older key.
#[test]
fn a_kill_at_any_change_of_a_rotation_loses_no_key() {
    let (base, code) = World::claimed();
    let mut seen = [0; 2];
    for kills in 0.. {
        let mut world = base.copy();
        let alice = world.sign_in(ALICE, ALICES).unwrap();
        world.die_before_write(kills);
        let rotated = world.vault().rotate(&alice, None);
        let written = rotated.and_then(|(change, masters)| world.write(change).map(|()| masters));
        let was_killed = world.start_again();
        assert_eq!(written.is_err(), was_killed);
        world.vault().sweep().unwrap();
        let masters = |opened: Result<Opened, VaultError>| generations(opened.unwrap().masters());
        let alices = masters(world.sign_in(ALICE, ALICES));
        assert_eq!(masters(world.sign_in(BOB, BOBS)), alices, "kill {kills}");
        assert_eq!(masters(world.open_by_code(&code)), alices, "kill {kills}");
        assert!([&[2, 1][..], &[3, 2, 1]].contains(&&alices[..]), "kill {kills}: {alices:?}");
        seen[usize::from(alices[0] == 3)] += 1;
        // And the rotation can be made again, and finished.
        let mut alice = world.sign_in(ALICE, ALICES).unwrap();
        rotate(&mut world, &mut alice);
        let (change, masters) = world.vault().forget_older(&alice).unwrap();
        world.write(change).unwrap();
        assert_eq!(generations(&masters), [alices[0] + 1]);
        world.sign_in(BOB, BOBS).unwrap();
        if !was_killed {
            break;
        }
    }
    assert!(seen[0] >= 5 && seen[1] >= 4, "kills before and after the new rows: {seen:?}");
}

#[test]
fn the_keyring_holds_what_the_box_held() {
    let (mut world, _) = World::claimed();
    let alice = world.sign_in(ALICE, ALICES).unwrap();
    let masters: MasterKeys = alice.masters().copy();
    assert_eq!(masters.keyring().generation(), 2);
    assert_eq!(generations(&masters), [2, 1]);
}
