//! A row that is not what was written is refused by name, before anybody asks for a derivation and before a guess is spent.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod vault_support;

use taptill::ids::Role;
use taptill::vault::{Params, RowFault, VaultError};
use vault_support::*;

const TRIALS: u64 = 1_000;

/// What a try at bob's slot came to: the refusal, and whether it cost a derivation or a guess.
#[derive(Debug, PartialEq, Eq)]
struct Tried {
    refused: Option<RowFault>,
    derivations: usize,
    guesses_spent: usize,
}

fn refused(why: RowFault) -> Tried {
    Tried { refused: Some(why), derivations: 0, guesses_spent: 0 }
}

fn try_bob(world: &mut World) -> Tried {
    let guesses = |world: &World| world.device.aliases().iter().filter(|alias| alias.starts_with("guess.")).count();
    let (derived, before) = (world.derivations, guesses(world));
    let opened = world.open(BOB, BOBS);
    let refused = match opened.err() {
        Some(VaultError::Row { row, why }) => {
            assert_eq!(row, row_name(BOB));
            Some(why)
        }
        None | Some(VaultError::Refused { .. }) => None,
        Some(other) => panic!("refused in another way: {other:?}"),
    };
    Tried { refused, derivations: world.derivations - derived, guesses_spent: before - guesses(world) }
}

#[test]
fn an_untouched_row_is_worked_on() {
    let tried = try_bob(&mut World::claimed().0);
    assert_eq!(tried, Tried { refused: None, derivations: 1, guesses_spent: 1 });
}

/// A life of some changes; then a row of bob's from before the last of them is put back.
#[test]
fn an_old_row_put_back_is_refused_before_any_derivation() {
    for trial in 0..TRIALS {
        let (mut world, _) = World::quick(trial);
        let random = Seeded::new(trial ^ 0xA1);
        let mut before = vec![world.row(BOB)];
        let mut alice = world.sign_in(ALICE, ALICES).unwrap();
        for step in 0..1 + random.below(4) {
            match random.below(3) {
                0 => world.set_password(&alice, BOB, format!("bob's number {step}").as_bytes()).unwrap(),
                1 => {
                    let (change, masters) = world.vault().rotate(&alice, None).unwrap();
                    world.write(change).unwrap();
                    alice.adopt(masters);
                }
                _ => {
                    let change = world.vault().remove_operator(&alice, &name(BOB)).unwrap();
                    world.write(change).unwrap();
                    let password = world.new_password(BOBS, false);
                    let change = world.vault().add_operator(&alice, &name(BOB), Role::Cashier, &password).unwrap();
                    world.write(change).unwrap();
                }
            }
            before.push(world.row(BOB));
        }
        let put_back = before[random.below(before.len() - 1)].clone();
        world.put_row(BOB, put_back);
        assert_eq!(try_bob(&mut world), refused(RowFault::RolledBack), "trial {trial}");
    }
}

#[test]
fn a_row_of_another_till_is_refused_before_any_derivation() {
    for trial in 0..TRIALS {
        let (mut here, _) = World::quick(2 * trial + 1);
        let (there, _) = World::quick(2 * trial + 2);
        here.put_row(BOB, there.row(BOB));
        assert_eq!(try_bob(&mut here), refused(RowFault::Foreign), "trial {trial}");
    }
}

/// Where Argon2's memory, passes and lanes lie in bob's row: after format, length, mark, id; kind, id, name, role.
const PARAMS_AT: usize = (1 + 4 + 16 + 8) + (1 + 8 + 1 + BOB.len() + 1);

fn with_params(row: &[u8], params: Params) -> Vec<u8> {
    let mut row = row.to_vec();
    for (at, number) in [params.memory_kib, params.passes, params.lanes].into_iter().enumerate() {
        row[PARAMS_AT + 4 * at..][..4].copy_from_slice(&number.to_be_bytes());
    }
    row
}

#[test]
fn weakened_parameters_are_refused_before_any_derivation() {
    let (mut world, _) = World::quick(3);
    let strong = Params { memory_kib: 64 * 1024, passes: 6, lanes: 1 };
    let change = world.vault().set_terms(&taptill::vault::Terms { params: strong, ..TERMS }).unwrap();
    world.write(change).unwrap();
    let alice = world.sign_in(ALICE, ALICES).unwrap();
    world.set_password(&alice, BOB, BOBS).unwrap();
    assert_eq!(with_params(&world.row(BOB), strong), world.row(BOB), "this is where they lie");
    let random = Seeded::new(4);
    let mut below_the_floor = 0;
    for trial in 0..TRIALS {
        let mut world = world.copy();
        let weakened = Params {
            memory_kib: strong.memory_kib - random.below(64 * 1024) as u32,
            passes: random.below(6) as u32,
            lanes: random.below(2) as u32,
        };
        let row = with_params(&world.row(BOB), weakened);
        world.put_row(BOB, row);
        let why = weakened.fault().map_or(RowFault::Edited, |parameter| RowFault::TooWeak { parameter });
        below_the_floor += usize::from(why != RowFault::Edited);
        assert_eq!(try_bob(&mut world), refused(why), "trial {trial}: {weakened:?}");
    }
    assert!((100..900).contains(&below_the_floor), "both kinds of weakness were tried: {below_the_floor}");
}

/// The control: without the MAC, weakened parameters above the floor are worked on. The floor holds by itself.
#[test]
fn without_the_mac_weakened_parameters_would_be_worked_on() {
    let (world, _) = World::quick(3);
    *world.device.flaw.lock().unwrap() = Flaw::EveryMacIsRight;
    for (params, worked_on) in [
        (Params { passes: 3, ..Params::FLOOR }, true),
        (Params { memory_kib: 20 * 1024, ..Params::FLOOR }, true),
        (Params { passes: 1, ..Params::FLOOR }, false),
        (Params { memory_kib: 8, passes: 1, lanes: 1 }, false),
    ] {
        let mut world = world.copy();
        let mut row = with_params(&world.row(BOB), params);
        let mac_at = row.len() - 32;
        row[mac_at..].fill(0xEE);
        world.put_row(BOB, row);
        let mut terms = world.rows.table["vault/terms"].clone();
        let mac_at = terms.len() - 32;
        terms[mac_at..].fill(0xEE);
        world.rows.table.insert("vault/terms".to_owned(), terms);
        let tried = try_bob(&mut world);
        assert_eq!((tried.derivations, tried.refused.is_none()), (usize::from(worked_on), worked_on), "{params:?}");
    }
}

#[test]
fn a_flipped_bit_anywhere_is_refused_before_any_derivation() {
    let (world, _) = World::quick(5);
    let row = world.row(BOB);
    let mut refusals = [0; 4];
    for bit in 0..8 * row.len() {
        let mut world = world.copy();
        let mut flipped = row.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        world.put_row(BOB, flipped);
        let tried = try_bob(&mut world);
        assert_eq!((tried.derivations, tried.guesses_spent), (0, 0), "bit {bit}");
        // What the bit is part of decides what it looks like: version, length, mark and id of the device key, the rest.
        let (class, fits) = match (bit / 8, tried.refused) {
            (0, Some(RowFault::Newer { .. } | RowFault::Edited)) => (0, true),
            (1..5, Some(RowFault::Truncated)) => (1, true),
            (21..29, Some(RowFault::RolledBack)) => (2, true),
            (_, Some(RowFault::Edited | RowFault::TooWeak { .. })) => (3, true),
            (_, _) => (3, false),
        };
        assert!(fits, "bit {bit}: {:?}", tried.refused);
        refusals[class] += 1;
    }
    assert!(refusals.iter().all(|count| *count > 0), "{refusals:?}");
}

#[test]
fn a_row_cut_or_lengthened_anywhere_is_refused_before_any_derivation() {
    let (world, _) = World::quick(6);
    let row = world.row(BOB);
    let longer = [&row[..], &[0]].concat();
    for cut in (0..row.len()).map(|length| row[..length].to_vec()).chain([longer]) {
        let mut world = world.copy();
        world.put_row(BOB, cut);
        assert_eq!(try_bob(&mut world), refused(RowFault::Truncated));
    }
}

#[test]
fn rows_that_change_places_are_refused() {
    let (world, code) = World::claimed();
    let mut swapped = world.copy();
    swapped.put_row(BOB, world.row(ALICE));
    swapped.put_row(ALICE, world.row(BOB));
    assert_eq!(try_bob(&mut swapped), refused(RowFault::Edited));
    let mut promoted = world.copy();
    promoted.put_row(BOB, world.row("+recovery"));
    assert_eq!(try_bob(&mut promoted), refused(RowFault::Edited));
    let mut planted = world.copy();
    planted.put_row("+recovery", world.row(BOB));
    let why = VaultError::Row { row: row_name("+recovery"), why: RowFault::Edited };
    assert_eq!(planted.open_by_code(&code).err(), Some(why));
}

#[test]
fn a_newer_format_and_a_missing_device_have_names_of_their_own() {
    let (world, _) = World::claimed();
    for format in [2, 9, 255] {
        let mut world = world.copy();
        let mut row = world.row(BOB);
        row[0] = format;
        world.put_row(BOB, row);
        assert_eq!(try_bob(&mut world), refused(RowFault::Newer { format }));
    }
    // The folder restored on a device that has none of the keys: the terms are met first.
    let mut elsewhere = World::empty(77);
    elsewhere.rows.table = world.rows.table.clone();
    let missing = |row: &str| Some(VaultError::Row { row: row.to_owned(), why: RowFault::DeviceKeyMissing });
    assert_eq!(elsewhere.begin(BOB).err(), missing("vault/terms"));
    // The slot's own key is gone, and its row's is not.
    let mut world = world.copy();
    let keks: Vec<String> =
        world.device.aliases().into_iter().filter(|alias| alias.starts_with("vault.kek.")).collect();
    for alias in keks {
        taptill::ports::DeviceKeys::destroy(&world.device, &alias).unwrap();
    }
    assert_eq!(world.open(BOB, BOBS).err(), missing(&row_name(BOB)));
}

#[test]
fn terms_that_are_not_what_was_written_are_refused() {
    let (world, _) = World::claimed();
    let (other, _) = World::quick(8);
    let terms = "vault/terms".to_owned();
    let row = world.rows.table[&terms].clone();
    for bit in 0..8 * row.len() {
        let mut world = world.copy();
        let mut flipped = row.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        world.rows.table.insert(terms.clone(), flipped);
        assert!(matches!(world.begin(BOB), Err(VaultError::Row { .. })), "bit {bit}");
        assert_eq!(world.derivations, 0);
    }
    let mut foreign = world.copy();
    foreign.rows.table.insert(terms.clone(), other.rows.table[&terms].clone());
    assert_eq!(foreign.begin(BOB).err(), Some(VaultError::Row { row: terms, why: RowFault::Foreign }));
}
