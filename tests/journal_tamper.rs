//! Tampering: each class of damage, a thousand times over, is caught at the first sequence that is wrong.
//!
//! One journal is made, and each trial damages a copy (on a disk in memory) as anybody with the file and SQLite can,
//! then inspects it.
//! The control is a copy that nobody touched. What no journal can see by itself, a whole state put back, is
//! shown as such.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod journal_support;

use journal_support::*;
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};
use taptill::journal::{Damage, Damaged, JournalError, Keyring, Resealed};
use taptill_crashfs::{Disk, Files};

const EVENTS: u64 = 12;
/// Trials of a class.
const TRIALS: usize = 1_000;

type Expected = (Option<u64>, Damage);

/// A finished journal of twelve events in two sessions, and what it was after each of them.
struct Original {
    till: Till,
    disk: Disk,
    bytes: Vec<u8>,
    /// Head and rows of the projection as they were after each event, from the first.
    past: Vec<Past>,
    /// What opens it.
    ring: fn() -> Keyring,
}

struct Past {
    head: Vec<Value>,
    fold_row: Vec<Value>,
    side_row: Vec<Value>,
    side_key: Vec<Value>,
    file: Vec<u8>,
}

fn original() -> Original {
    let till = Till::new();
    let mut journal = till.create();
    let mut past = Vec::new();
    for sequence in 1..=EVENTS {
        // A-1 lives through all events and keeps its keys fresh; each event also belongs to its own attempt.
        let side = keep("keys", format!("keys {sequence}").as_bytes());
        journal.append(draft("attempt.prepared", "A-1"), side, at(sequence as i64)).unwrap();
        journal.tidy();
        let raw = till.raw();
        past.push(Past {
            head: row(&raw, "SELECT * FROM head"),
            fold_row: row(&raw, "SELECT * FROM fold_row"),
            side_row: row(&raw, "SELECT * FROM side_row"),
            side_key: row(&raw, "SELECT * FROM side_key"),
            file: std::fs::read(till.path()).unwrap(),
        });
        if sequence == EVENTS / 2 {
            journal.close().unwrap();
            journal = till.open();
        }
    }
    journal.verify().unwrap();
    journal.close().unwrap();
    let bytes = std::fs::read(till.path()).unwrap();
    Original { disk: Disk::at(till.folder.path()), bytes, till, past, ring: keyring }
}

fn row(raw: &Connection, query: &str) -> Vec<Value> {
    raw.query_row(query, [], |row| (0..row.as_ref().column_count()).map(|column| row.get(column)).collect()).unwrap()
}

fn put(raw: &Connection, table: &str, row: &[Value]) {
    let places = vec!["?"; row.len()].join(", ");
    raw.execute(&format!("REPLACE INTO {table} VALUES ({places})"), params_from_iter(row)).unwrap();
}

impl Original {
    /// Puts the untouched journal back, lets somebody at it, and inspects.
    fn damaged(&self, damage: impl FnOnce(&Connection)) -> Option<Expected> {
        self.restore(&self.bytes);
        let raw = self.till.raw();
        damage(&raw);
        raw.close().unwrap();
        match self.till.inspect_with((self.ring)()) {
            Ok(_) => None,
            Err(JournalError::Damaged(Damaged { sequence, damage })) => Some((sequence, damage)),
            Err(other) => panic!("not damage: {other:?}"),
        }
    }

    fn restore(&self, bytes: &[u8]) {
        self.disk.lay(&Files::from([("journal.db".to_owned(), bytes.to_vec())]));
    }

    /// Runs a class of damage; `damage` gives what must be found.
    fn class(&self, name: &str, mut damage: impl FnMut(&Connection, &mut Dice) -> Expected) {
        let mut dice = Dice(name.bytes().map(u64::from).sum());
        for trial in 0..TRIALS {
            let mut expected = None;
            let found = self.damaged(|raw| expected = Some(damage(raw, &mut dice)));
            assert_eq!(found, expected, "{name}, trial {trial}");
        }
        assert_eq!(self.damaged(|_| {}), None, "the control: an untouched copy verifies");
    }
}

/// Flips one bit of a column, whatever its type, and gives its place.
fn flip(raw: &Connection, table: &str, column: &str, condition: &str, dice: &mut Dice) -> u64 {
    let select = format!("SELECT {column} FROM {table} WHERE {condition}");
    let (bit, flipped) = match raw.query_row(&select, [], |row| row.get(0)).unwrap() {
        Value::Integer(number) => {
            let bit = dice.below(40);
            (bit, Value::Integer(number ^ 1 << bit))
        }
        Value::Blob(mut bytes) => {
            let bit = dice.below(bytes.len() as u64 * 8);
            bytes[bit as usize / 8] ^= 1 << (bit % 8);
            (bit, Value::Blob(bytes))
        }
        other => panic!("no bits in {other:?}"),
    };
    let changed = raw.execute(&format!("UPDATE {table} SET {column} = ?1 WHERE {condition}"), [flipped]).unwrap();
    assert_eq!(changed, 1);
    bit
}

fn any_event(dice: &mut Dice) -> u64 {
    1 + dice.below(EVENTS)
}

#[test]
fn a_flipped_bit_in_an_event() {
    original().class("bit flip", |raw, dice| {
        let sequence = any_event(dice);
        let column = ["sealed", "nodes"][dice.below(2) as usize];
        let bit = flip(raw, "event", column, &format!("seq = {sequence}"), dice);
        // The seal holds the leaf's hash, which is the first of the nodes.
        let damage = if column == "sealed" || bit < 256 { Damage::Seal } else { Damage::TreeNode };
        (Some(sequence), damage)
    });
}

#[test]
fn a_deleted_event() {
    original().class("delete", |raw, dice| {
        let sequence = any_event(dice);
        raw.execute("DELETE FROM event WHERE seq = ?1", [sequence as i64]).unwrap();
        (Some(sequence), if sequence == EVENTS { Damage::TailMissing } else { Damage::Missing })
    });
}

#[test]
fn two_events_swapped() {
    original().class("swap", |raw, dice| {
        let first = 1 + dice.below(EVENTS - 1);
        let second = first + 1 + dice.below(EVENTS - first);
        for (from, to) in [(first, 1_000_000), (second, first), (1_000_000, second)] {
            raw.execute("UPDATE event SET seq = ?2 WHERE seq = ?1", params![from as i64, to as i64]).unwrap();
        }
        (Some(first), Damage::Seal)
    });
}

#[test]
fn an_event_renumbered() {
    original().class("renumber", |raw, dice| {
        let sequence = any_event(dice);
        let elsewhere = [EVENTS as i64 + 1 + dice.below(1 << 40) as i64, -(dice.below(1 << 40) as i64)];
        let new = elsewhere[dice.below(2) as usize];
        raw.execute("UPDATE event SET seq = ?2 WHERE seq = ?1", [sequence as i64, new]).unwrap();
        let is_last = sequence == EVENTS && new < 1;
        (Some(sequence), if is_last { Damage::TailMissing } else { Damage::Missing })
    });
}

#[test]
fn the_tail_cut_off() {
    let original = original();
    original.class("truncate", |raw, dice| {
        let kept = dice.below(EVENTS);
        raw.execute("DELETE FROM event WHERE seq > ?1", [kept as i64]).unwrap();
        (Some(kept + 1), Damage::TailMissing)
    });
    original.restore(&original.bytes);
    original.till.raw().execute("DELETE FROM event WHERE seq > 5", []).unwrap();
    let refused = JournalError::Damaged(Damaged { sequence: Some(6), damage: Damage::TailMissing });
    assert_eq!(original.till.try_open().err(), Some(refused), "opening sees it too");
}

#[test]
fn an_older_head_put_back() {
    let original = original();
    original.class("old head", |raw, dice| {
        let size = 1 + dice.below(EVENTS - 1);
        put(raw, "head", &original.past[size as usize - 1].head);
        (Some(size + 1), Damage::BeyondHead)
    });
    original.restore(&original.bytes);
    put(&original.till.raw(), "head", &original.past[6].head);
    let refused = JournalError::Damaged(Damaged { sequence: Some(8), damage: Damage::BeyondHead });
    assert_eq!(original.till.try_open().err(), Some(refused), "opening sees it too");
}

#[test]
fn an_older_head_put_back_and_the_tail_cut_off() {
    let original = original();
    original.class("old head and tail", |raw, dice| {
        let size = 1 + dice.below(EVENTS - 1);
        put(raw, "head", &original.past[size as usize - 1].head);
        raw.execute("DELETE FROM event WHERE seq > ?1", [size as i64]).unwrap();
        // The side row is younger than the events that are left.
        (Some(EVENTS), Damage::SideRow)
    });
}

#[test]
fn a_head_that_was_edited() {
    original().class("head", |raw, dice| {
        let columns =
            ["root", "frontier", "subkey_salt", "mac", "key_generation", "oldest_generation", "fold_sums", "size"];
        let column = columns[dice.below(8) as usize];
        flip(raw, "head", column, "one = 1", dice);
        if column != "size" {
            return (None, Damage::Head);
        }
        let stated: i64 = raw.query_row("SELECT size FROM head", [], |row| row.get(0)).unwrap();
        let stated = stated as u64;
        if stated > EVENTS { (Some(EVENTS + 1), Damage::TailMissing) } else { (Some(stated + 1), Damage::BeyondHead) }
    });
}

#[test]
fn an_event_added() {
    original().class("add", |raw, dice| {
        let copied = any_event(dice);
        let mut event = row(raw, &format!("SELECT * FROM event WHERE seq = {copied}"));
        event[0] = Value::Integer(EVENTS as i64 + 1);
        put(raw, "event", &event);
        (Some(EVENTS + 1), Damage::Seal)
    });
}

#[test]
fn a_projection_edited_or_put_back() {
    let original = original();
    original.class("projection", |raw, dice| match dice.below(4) {
        0 => {
            let past = dice.below(EVENTS - 1) as usize;
            put(raw, "fold_row", &original.past[past].fold_row);
            (Some(EVENTS), Damage::Projection)
        }
        1 => {
            let columns = ["key", "tags", "subkey_salt", "nonce", "sealed"];
            flip(raw, "fold_row", columns[dice.below(5) as usize], "true", dice);
            (Some(EVENTS), Damage::Projection)
        }
        2 => {
            raw.execute("DELETE FROM fold_row", []).unwrap();
            (Some(EVENTS), Damage::Projection)
        }
        _ => {
            let one = format!("tag IN (SELECT tag FROM fold_index LIMIT 1 OFFSET {})", dice.below(2));
            raw.execute(&format!("DELETE FROM fold_index WHERE {one}"), []).unwrap();
            (Some(EVENTS), Damage::Projection)
        }
    });
}

#[test]
fn a_side_row_edited_removed_or_put_back() {
    let original = original();
    original.class("side row", |raw, dice| {
        let past = dice.below(EVENTS - 1);
        let older = &original.past[past as usize];
        match dice.below(5) {
            0 => {
                put(raw, "side_row", &older.side_row);
                put(raw, "side_key", &older.side_key);
                return (Some(past + 1), Damage::SideRow);
            }
            1 => put(raw, "side_key", &older.side_key),
            2 => drop(raw.execute("DELETE FROM side_row", []).unwrap()),
            3 => drop(raw.execute("DELETE FROM side_key", []).unwrap()),
            _ => {
                let columns =
                    [("side_row", "nonce"), ("side_row", "sealed"), ("side_row", "name_hash"), ("side_key", "sealed")];
                let (table, column) = columns[dice.below(4) as usize];
                flip(raw, table, column, "true", dice);
            }
        }
        (Some(EVENTS), Damage::SideRow)
    });
}

/// The same words as they were sealed before the key was changed: nobody has that key any more.
#[test]
fn a_row_of_an_older_key_put_back() {
    let mut original = original();
    original.restore(&original.bytes);
    let raw = original.till.raw();
    let events: Vec<_> =
        (1..=EVENTS).map(|sequence| row(&raw, &format!("SELECT * FROM event WHERE seq = {sequence}"))).collect();
    let [fold_row, side_key, head] =
        ["fold_row", "side_key", "head"].map(|table| row(&raw, &format!("SELECT * FROM {table}")));
    let look_up = row(&raw, "SELECT * FROM meta WHERE name = 'look_up'");
    raw.close().unwrap();

    let both = Keyring::new(2, master(2)).with_older(1, master(1));
    let mut journal = original.till.try_open_with(both, folds()).unwrap();
    while journal.reseal_step(5).unwrap() == Resealed::More {}
    journal.close().unwrap();
    original.bytes = original.disk.files()["journal.db"].clone();
    original.ring = || Keyring::new(2, master(2));

    original.class("older key", |raw, dice| match dice.below(5) {
        0 => {
            let sequence = any_event(dice);
            put(raw, "event", &events[sequence as usize - 1]);
            (Some(sequence), Damage::Seal)
        }
        1 => {
            put(raw, "fold_row", &fold_row);
            (Some(EVENTS), Damage::Projection)
        }
        2 => {
            put(raw, "side_key", &side_key);
            (Some(EVENTS), Damage::SideRow)
        }
        3 => {
            put(raw, "head", &head);
            (None, Damage::Head)
        }
        _ => {
            put(raw, "meta", &look_up);
            (None, Damage::Keys)
        }
    });
}

/// What is stored of the look-up key: without it nothing is found, and another one is none of this journal's.
#[test]
fn a_look_up_key_that_was_edited_or_removed() {
    original().class("look-up key", |raw, dice| {
        if dice.below(4) == 0 {
            raw.execute("DELETE FROM meta WHERE name = 'look_up'", []).unwrap();
        } else {
            flip(raw, "meta", "value", "name = 'look_up'", dice);
        }
        (None, Damage::Keys)
    });
}

/// A bit of the file itself may be one that means nothing; then the journal must be the same.
#[test]
fn a_flipped_bit_anywhere_in_the_file_is_caught_or_means_nothing() {
    let original = original();
    original.restore(&original.bytes);
    let untouched = original.till.inspect().unwrap();
    let mut dice = Dice(42);
    let mut caught = 0;
    for _ in 0..TRIALS {
        let mut bytes = original.bytes.clone();
        let bit = dice.below(bytes.len() as u64 * 8) as usize;
        bytes[bit / 8] ^= 1 << (bit % 8);
        original.restore(&bytes);
        match original.till.inspect() {
            Ok(report) => assert_eq!(report, untouched, "bit {bit}"),
            Err(_) => caught += 1,
        }
    }
    assert!(caught > TRIALS / 20, "caught {caught}");
}

/// Each byte before the sealed ones matters: format, salt, nonce.
#[test]
fn a_flipped_bit_in_what_stands_before_the_sealed_bytes() {
    original().class("seal header", |raw, dice| {
        let sequence = any_event(dice);
        let select = format!("SELECT sealed FROM event WHERE seq = {sequence}");
        let mut sealed: Vec<u8> = raw.query_row(&select, [], |row| row.get(0)).unwrap();
        let bit = dice.below(29 * 8) as usize;
        sealed[bit / 8] ^= 1 << (bit % 8);
        raw.execute("UPDATE event SET sealed = ?1 WHERE seq = ?2", params![sealed, sequence as i64]).unwrap();
        (Some(sequence), Damage::Seal)
    });
}

/// A record shorter than what stands before it.
#[test]
fn a_record_cut_short() {
    original().class("cut short", |raw, dice| {
        let sequence = any_event(dice);
        let cut = "UPDATE event SET sealed = substr(sealed, 1, ?1) WHERE seq = ?2";
        raw.execute(cut, params![dice.below(64) as i64, sequence as i64]).unwrap();
        (Some(sequence), Damage::Seal)
    });
}

#[test]
fn a_whole_state_put_back_verifies_and_only_a_remembered_root_shows_it() {
    let original = original();
    original.restore(&original.bytes);
    let remembered = original.till.inspect().unwrap();
    assert_eq!(remembered.size, EVENTS);
    let mut dice = Dice(9);
    for trial in 0..TRIALS {
        let size = 1 + dice.below(EVENTS - 1);
        original.restore(&original.past[size as usize - 1].file);
        let put_back = original.till.inspect().unwrap();
        assert_eq!(put_back.size, size, "trial {trial}");
        assert_ne!(put_back.root, remembered.root, "trial {trial}");
    }
}
