//! Who can open a till, and with what: claim, sign-in, change, reset, removal, recovery.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod vault_support;

use taptill::error::Error;
use taptill::ids::Role;
use taptill::ports::{DeviceKeys, DeviceKeysFault, KeyKind};
use taptill::vault::{Failures, RowFault, SlotKind, Terms, VaultError};
use vault_support::*;

#[test]
fn a_till_is_nobodys_until_it_is_claimed_and_then_its_first_key_is_gone() {
    let mut world = World::empty(9);
    assert_eq!(
        world.vault().is_claimed(),
        Err(VaultError::Row { row: "vault/unclaimed".to_owned(), why: RowFault::Truncated })
    );
    let first = world.vault().found(&TERMS).unwrap();
    assert_eq!(generations(&first), [1]);
    assert_eq!(generations(&world.vault().found(&TERMS).unwrap()), [1], "founded twice is founded once");
    assert_eq!(world.vault().is_claimed(), Ok(false));
    assert_eq!(world.begin(ALICE).err(), Some(VaultError::Unclaimed));

    let unclaimed = world.rows.table.clone();
    let (opened, _) = world.claim(ALICE, ALICES).unwrap();
    assert_eq!(generations(opened.masters()), [2, 1]);
    assert_eq!(world.vault().is_claimed(), Ok(true));
    assert_eq!(world.vault().found(&TERMS).err(), Some(VaultError::AlreadyClaimed));
    assert_eq!(world.vault().open_unclaimed().err(), Some(VaultError::AlreadyClaimed));
    assert_eq!(world.claim(BOB, BOBS).err(), Some(VaultError::AlreadyClaimed));
    assert_eq!(world.device.aliases().len(), world.expected_keys(2));

    world.rows.table = unclaimed;
    let put_back = VaultError::Row { row: "vault/unclaimed".to_owned(), why: RowFault::RolledBack };
    assert_eq!(world.vault().open_unclaimed().err(), Some(put_back), "the unclaimed till was put back");
}

#[test]
fn each_opens_with_what_is_theirs_and_nothing_else() {
    let (base, code) = World::claimed();
    let refused = Some(VaultError::Refused { tries_left: u32::from(TRIES) - 1 });
    for (case, who, password, verdict) in [
        ("alice", ALICE, ALICES, None),
        ("bob", BOB, BOBS, None),
        ("alice with bob's", ALICE, BOBS, refused.clone()),
        ("alice, wrong", ALICE, WRONG, refused.clone()),
        ("alice, none", ALICE, b"", refused.clone()),
        ("nobody", "carol", ALICES, refused.clone()),
        ("the code's own row", "recovery", code.expose(), refused.clone()),
    ] {
        let mut world = base.copy();
        let opened = world.sign_in(who, password);
        if let Ok(opened) = &opened {
            assert_eq!(generations(opened.masters()), [2, 1], "{case}");
            assert_eq!(opened.facts().name, Some(name(who)), "{case}");
        }
        assert_eq!(opened.err(), verdict, "{case}");
    }
    let opened = base.copy().open_by_code(&code).unwrap();
    assert_eq!((opened.facts().kind, opened.facts().role), (SlotKind::Recovery, None));
    let other = taptill::vault::RecoveryCode::new(&Seeded::new(99)).unwrap();
    assert_eq!(base.copy().open_by_code(&other).err(), refused);
}

#[test]
fn an_unknown_name_takes_the_same_path_as_a_wrong_password() {
    let (base, _) = World::claimed();
    let mut world = base.copy();
    let mut asked = Vec::new();
    for who in [BOB, "carol"] {
        let mut answers = Vec::new();
        for _ in 0..TRIES {
            let attempt = world.begin(who).unwrap();
            assert_eq!(attempt.derivation().params(), TERMS.params);
            answers.push(world.finish(attempt, WRONG).err());
        }
        answers.push(world.begin(who).err());
        answers.push(world.begin(who).err());
        asked.push((answers, world.device.kinds_asked()));
    }
    assert_eq!(asked[0].0, asked[1].0, "the same answers");
    assert_eq!(asked[0].1, asked[1].1, "the same device operations in the same order");
    assert_eq!(asked[0].0[0], Some(VaultError::Refused { tries_left: 4 }));
    assert_eq!(asked[0].0[5], Some(VaultError::LockedOut { retry_after_ms: LOCKOUT_MS }));
}

#[test]
fn a_changed_password_opens_at_once_and_the_old_one_never_again() {
    let (mut world, _) = World::claimed();
    let opened = world.sign_in(BOB, BOBS).unwrap();
    let (keys, old_row) = (world.device.aliases(), world.row(BOB));
    world.set_password(&opened, BOB, b"quiet rivers run 12 miles").unwrap();
    assert_eq!(world.device.aliases().len(), world.expected_keys(3));
    let kept = world.device.aliases().iter().filter(|alias| keys.contains(alias)).count();
    assert_eq!(kept, world.expected_keys(2), "bob's keys are all new");

    assert!(matches!(world.open(BOB, BOBS), Err(VaultError::Refused { .. })));
    let opened = world.sign_in(BOB, b"quiet rivers run 12 miles").unwrap();
    assert_eq!(opened.facts().generation, 2);
    world.put_row(BOB, old_row);
    let put_back = VaultError::Row { row: row_name(BOB), why: RowFault::RolledBack };
    assert_eq!(world.open(BOB, BOBS).err(), Some(put_back));
}

#[test]
fn a_reset_sets_a_temporary_password_and_ends_a_lockout() {
    let (mut world, _) = World::claimed();
    for _ in 0..TRIES {
        assert!(world.open(BOB, WRONG).is_err());
    }
    assert!(matches!(world.open(BOB, BOBS), Err(VaultError::LockedOut { .. })));
    let locked_out = |world: &mut World| {
        let slots = world.vault().slots().unwrap();
        slots.iter().filter(|slot| slot.is_locked_out).map(|slot| slot.name.clone().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(locked_out(&mut world), [name(BOB)]);

    let alice = world.sign_in(ALICE, ALICES).unwrap();
    let temporary = world.new_password(b"until you change it 1", true);
    let change = world.vault().set_password(&alice, &name(BOB), &temporary).unwrap();
    world.write(change).unwrap();
    assert_eq!(locked_out(&mut world), []);
    let bob = world.sign_in(BOB, b"until you change it 1").unwrap();
    assert!(bob.facts().is_temporary);
    assert_eq!(bob.facts().changed_day, TODAY);
    assert_eq!(world.device.aliases().len(), world.expected_keys(3));
    assert!(
        !world.rows.table.keys().any(|name| name.starts_with("vault/lockout/") || name.starts_with("vault/sweep/"))
    );
}

#[test]
fn failures_are_counted_until_they_are_forgiven() {
    let (mut world, _) = World::claimed();
    for _ in 0..3 {
        assert!(world.open(BOB, WRONG).is_err());
    }
    assert!(world.open("carol", WRONG).is_err());
    for round in 0..2 {
        // The second time: the process ended after the journal was told and before the forgiving.
        let opened = world.open(BOB, BOBS).unwrap();
        assert_eq!(opened.failures(), Failures { own: 3 + round, unknown: 1 });
        if round == 1 {
            world.vault().forgive(&opened).unwrap();
        }
    }
    assert!(world.open("carol", WRONG).is_err());
    let opened = world.sign_in(ALICE, ALICES).unwrap();
    assert_eq!(opened.failures(), Failures { own: 0, unknown: 1 });
    while !matches!(world.open(BOB, WRONG), Err(VaultError::LockedOut { .. })) {}
    world.wait(LOCKOUT_MS);
    let opened = world.sign_in(BOB, BOBS).unwrap();
    assert_eq!(opened.failures().own, u32::from(TRIES), "those before a lockout are not forgotten");
    assert_eq!(world.sign_in(BOB, BOBS).unwrap().failures(), Failures::default());
    assert_eq!(world.device.aliases().len(), world.expected_keys(3));
}

#[test]
fn operators_come_and_go_but_a_supervisor_stays() {
    let (mut world, _) = World::claimed();
    let alice = world.sign_in(ALICE, ALICES).unwrap();
    let password = world.new_password(BOBS, false);
    let again = world.vault().add_operator(&alice, &name(BOB), Role::Cashier, &password).err();
    assert_eq!(again, Some(VaultError::OperatorExists));
    assert_eq!(world.vault().remove_operator(&alice, &name(ALICE)).err(), Some(VaultError::LastSupervisor));
    assert_eq!(world.vault().rotate(&alice, Some(&name(ALICE))).err(), Some(VaultError::LastSupervisor));
    assert_eq!(world.vault().remove_operator(&alice, &name("carol")).err(), Some(VaultError::OperatorUnknown));
    assert_eq!(world.set_password(&alice, "carol", BOBS).err(), Some(VaultError::OperatorUnknown));

    let bobs_row = world.row(BOB);
    let change = world.vault().remove_operator(&alice, &name(BOB)).unwrap();
    world.write(change).unwrap();
    assert_eq!(world.device.aliases().len(), world.expected_keys(2));
    assert!(matches!(world.open(BOB, BOBS), Err(VaultError::Refused { .. })), "as any unknown name");
    world.put_row(BOB, bobs_row);
    let put_back = VaultError::Row { row: row_name(BOB), why: RowFault::RolledBack };
    assert_eq!(world.open(BOB, BOBS).err(), Some(put_back));
}

#[test]
fn the_recovery_code_sets_a_supervisor_once_and_does_nothing_else() {
    let (base, code) = World::claimed();
    for who in ["dora", ALICE, BOB] {
        let mut world = base.copy();
        let opened = world.open_by_code(&code).unwrap();
        let (password, next) = (world.new_password(b"a new beginning 2026", false), world.new_password(WRONG, false));
        let refused = Some(VaultError::NotByRecovery);
        assert_eq!(world.vault().add_operator(&opened, &name("eve"), Role::Cashier, &password).err(), refused);
        assert_eq!(world.vault().set_password(&opened, &name(BOB), &password).err(), refused);
        assert_eq!(world.vault().remove_operator(&opened, &name(BOB)).err(), refused);
        assert_eq!(world.vault().rotate(&opened, None).err(), refused);
        let alice = world.sign_in(ALICE, ALICES).unwrap();
        assert_eq!(world.vault().recover(&alice, &name(who), &password, &next).err(), refused);

        let (change, supervisor) = world.vault().recover(&opened, &name(who), &password, &next).unwrap();
        assert_eq!(supervisor.facts().role, Some(Role::Supervisor));
        world.write(change).unwrap();
        world.vault().forgive(&supervisor).unwrap();
        let opened = world.sign_in(who, b"a new beginning 2026").unwrap();
        assert_eq!(opened.facts().role, Some(Role::Supervisor), "{who}");
        assert_eq!(generations(opened.masters()), [2, 1]);
        assert!(matches!(world.open_by_code(&code), Err(VaultError::Refused { .. })), "the code is used up");
        let slots = if who == "dora" { 4 } else { 3 };
        let guesses_missing = 1; // The used code, tried once more.
        assert_eq!(world.device.aliases().len(), world.expected_keys(slots) - guesses_missing);
    }
}

/// One row is spoiled: its owner is told, everybody else works on, and a supervisor or the code puts it right.
#[test]
fn a_spoiled_row_is_its_owners_trouble_alone() {
    let (mut world, code) = World::claimed();
    let spoil = |world: &mut World, who: &str| {
        let mut row = world.row(who);
        row[60] ^= 1;
        world.put_row(who, row);
        VaultError::Row { row: row_name(who), why: RowFault::Edited }
    };
    let edited = spoil(&mut world, BOB);
    assert_eq!(world.sign_in(BOB, BOBS).err(), Some(edited.clone()));
    let alice = world.sign_in(ALICE, ALICES).unwrap();
    assert_eq!(world.vault().slots().unwrap().len(), 2, "the others are there");
    assert_eq!(world.vault().damaged_operators().unwrap(), [name(BOB)]);
    assert_eq!(world.set_password(&alice, BOB, WRONG).err(), Some(edited));
    world.vault().freeze().unwrap();
    let change = world.vault().remove_operator(&alice, &name(BOB)).unwrap();
    world.write(change).unwrap();
    assert_eq!(world.vault().slots().unwrap().len(), 2);
    assert_eq!(world.vault().damaged_operators().unwrap(), []);

    let edited = spoil(&mut world, ALICE);
    assert_eq!(world.sign_in(ALICE, ALICES).err(), Some(edited));
    let opened = world.open_by_code(&code).unwrap();
    let (password, next) = (world.new_password(b"a new beginning 2026", false), world.new_password(WRONG, false));
    let (change, _) = world.vault().recover(&opened, &name(ALICE), &password, &next).unwrap();
    world.write(change).unwrap();
    world.sign_in(ALICE, b"a new beginning 2026").unwrap();
}

/// Of a row that is not what was written the device keys go that it names, and never those of anybody else.
#[test]
fn a_spoiled_row_leaves_no_keys_behind_and_takes_nobody_elses() {
    type Spoil = fn(&World) -> Vec<u8>;
    let of_bob: Spoil = |world| {
        let mut row = world.row(BOB);
        row[60] ^= 1;
        row
    };
    // It names every key of alice's: whoever wrote it wants her out.
    let of_alice: Spoil = |world| world.row(ALICE);
    let remove = |world: &mut World, alice: &taptill::vault::Opened| {
        let change = world.vault().remove_operator(alice, &name(BOB)).unwrap();
        world.write(change).unwrap();
        2
    };
    let recover = |world: &mut World, code: &taptill::vault::RecoveryCode| {
        let opened = world.open_by_code(code).unwrap();
        let (password, next) = (world.new_password(b"a new beginning 2026", false), world.new_password(WRONG, false));
        let (change, _) = world.vault().recover(&opened, &name(BOB), &password, &next).unwrap();
        world.write(change).unwrap();
        3
    };
    for (what, spoil, are_bobs_known) in [("bob's own", of_bob, true), ("alice's under his name", of_alice, false)] {
        for by_code in [false, true] {
            let (mut world, code) = World::claimed();
            let alice = world.sign_in(ALICE, ALICES).unwrap();
            let row = spoil(&world);
            world.put_row(BOB, row);
            let slots = if by_code { recover(&mut world, &code) } else { remove(&mut world, &alice) };
            world.sign_in(ALICE, ALICES).unwrap_or_else(|error| panic!("{what}: alice is out: {error:?}"));
            let left = world.device.aliases().len();
            let expected = world.expected_keys(slots);
            assert_eq!(left == expected, are_bobs_known, "{what}, by code {by_code}: {left} keys, {expected} expected");
        }
    }
}

/// What somebody else put among the rows decides nothing: neither whether the till is claimed, nor what is swept.
#[test]
fn planted_rows_stop_nothing() {
    let planted: [(&str, Vec<u8>); 5] = [
        ("!x", b"planted".to_vec()),
        ("", vec![]),
        ("+recovery+biometric", vec![1; 200]),
        ("zed", b"planted".to_vec()),
        ("yan", World::quick(9).0.row(ALICE)),
    ];
    for (row, bytes) in planted {
        let mut world = World::empty(5);
        world.is_quick = true;
        world.vault().found(&TERMS).unwrap();
        world.put_row(row, bytes.clone());
        assert_eq!(world.vault().is_claimed(), Ok(false), "{row}");
        assert!(world.vault().found(&TERMS).is_ok() && world.vault().open_unclaimed().is_ok(), "{row}");
        let (alice, _) = world.claim(ALICE, ALICES).unwrap_or_else(|error| panic!("{row}: {error}"));
        assert_eq!(world.vault().is_claimed(), Ok(true));
        assert_eq!(world.vault().slots().unwrap().len(), 2, "{row}");

        // A leftover is swept where the row's name is no slot's; beside one that may be somebody's it waits.
        let is_stray = world.vault().strays().unwrap().contains(&row_name(row));
        let password = world.new_password(BOBS, false);
        let keys = world.device.aliases().len();
        let dropped = world.vault().add_operator(&alice, &name(BOB), Role::Cashier, &password).unwrap();
        drop(dropped);
        world.vault().sweep().unwrap();
        assert_eq!(world.device.aliases().len() == keys, is_stray, "{row}");
        if !is_stray {
            assert_eq!(world.vault().damaged_operators().unwrap(), [name(row)]);
            let change = world.vault().remove_operator(&alice, &name(row)).unwrap();
            world.write(change).unwrap();
            world.vault().sweep().unwrap();
            assert_eq!(world.device.aliases().len(), keys, "{row}");
        }
    }
}

#[test]
fn new_terms_count_at_once_and_old_ones_put_back_are_refused() {
    let (mut world, _) = World::claimed();
    let kinder = world.rows.table["vault/terms"].clone();
    for (tries, expected) in [(2, 2), (9, 9), (3, 3)] {
        let change = world.vault().set_terms(&Terms { tries, ..TERMS }).unwrap();
        world.write(change).unwrap();
        let left = |error| match error {
            Err(VaultError::Refused { tries_left }) => tries_left + 1,
            _ => 0,
        };
        let mut trial = world.copy();
        assert_eq!(left(trial.open(BOB, WRONG).map(|_| ())), expected);
        let slots_and_unknown = 4;
        assert_eq!(world.device.aliases().len(), 2 + 3 * 2 + slots_and_unknown * usize::from(tries));
    }
    assert_eq!(
        world.vault().set_terms(&Terms { tries: 0, ..TERMS }).err(),
        Some(VaultError::TermsInvalid { part: "tries" })
    );
    world.rows.table.insert("vault/terms".to_owned(), kinder);
    let put_back = VaultError::Row { row: "vault/terms".to_owned(), why: RowFault::RolledBack };
    assert_eq!(world.begin(BOB).err(), Some(put_back));
}

#[test]
fn every_refusal_has_a_code_of_its_own() {
    let row = |why| VaultError::Row { row: row_name(BOB), why };
    for (error, code) in [
        (VaultError::AlreadyClaimed, "already_claimed"),
        (VaultError::Unclaimed, "till_unclaimed"),
        (VaultError::Refused { tries_left: 1 }, "sign_in_refused"),
        (VaultError::LockedOut { retry_after_ms: 1 }, "operator_locked_out"),
        (VaultError::OperatorExists, "operator_exists"),
        (VaultError::OperatorUnknown, "operator_unknown"),
        (VaultError::LastSupervisor, "last_supervisor"),
        (VaultError::CodeMistyped, "recovery_refused"),
        (row(RowFault::Truncated), "vault_damaged"),
        (row(RowFault::Edited), "vault_damaged"),
        (row(RowFault::RolledBack), "vault_rolled_back"),
        (row(RowFault::Foreign), "vault_foreign"),
        (row(RowFault::Newer { format: 2 }), "vault_newer"),
        (row(RowFault::TooWeak { parameter: "memory" }), "parameters_too_weak"),
        (row(RowFault::DeviceKeyMissing), "device_key_missing"),
    ] {
        assert_eq!(Error::from(error).code().code(), code);
    }
}

/// Whoever hides a row from an erasure keeps the slot's own keys on the device; the till's key goes all the same.
#[test]
fn a_slot_that_has_kept_its_own_keys_opens_nothing_without_the_tills() {
    let (base, code) = World::claimed();
    let without = |destroyed: bool, another: bool| {
        let mut world = base.copy();
        if destroyed {
            world.device.destroy("vault.till").unwrap();
        }
        if another {
            world.device.create("vault.till", KeyKind::Mac).unwrap();
        }
        let inside = [world.sign_in(ALICE, ALICES), world.sign_in(BOB, BOBS), world.open_by_code(&code)];
        inside.map(|opened| opened.map(drop))
    };
    assert_eq!(without(false, false), [Ok(()), Ok(()), Ok(())], "the control");
    let gone = || Err(DeviceKeysFault::NotFound.into());
    assert_eq!(without(true, false), [gone(), gone(), gone()], "it was destroyed");
    let refused = || Err(VaultError::Refused { tries_left: u32::from(TRIES) - 1 });
    assert_eq!(without(true, true), [refused(), refused(), refused()], "another was made in its place");
}
