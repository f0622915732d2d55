//! What may befall a till's folder: put away and put back, emptied, or spoilt in one named way.
//!
//! The till must be closed meanwhile. A slot is spoilt in the database itself, so that a test in any language needs
//! neither a database nor the format of a slot. Evidence: `mod tests`.

use std::fs;
use std::io;
use std::path::Path;

use rusqlite::{Connection, params};

use crate::folders::copy_folder;

use super::request::Refusal;

/// One thing that befalls a folder.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Mishap {
    /// Its contents are kept under this name.
    Save(String),
    /// Its contents are what they were when this name was saved, and nothing else.
    PutBack(String),
    /// The operators' slots, and no more, are what they were when this name was saved.
    PutBackSlots(String),
    /// Nothing is in it.
    Clear,
    /// It is spoilt.
    Spoil(Spoiling),
}

/// In which way a folder is spoilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoiling {
    /// One bit in the middle of each slot is another.
    SlotBit,
    /// Half of each slot is gone.
    SlotCut,
    /// Each slot says that it is of the next format.
    SlotNewer,
    /// The second half of the database is gone.
    Cut,
    /// The database is empty.
    Empty,
}

impl Spoiling {
    /// The one of this word.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "slot_bit" => Self::SlotBit,
            "slot_cut" => Self::SlotCut,
            "slot_newer" => Self::SlotNewer,
            "cut" => Self::Cut,
            "empty" => Self::Empty,
            _ => return None,
        })
    }
}

/// The database of a till's folder.
const DATABASE: &str = "journal.db";

/// What the names of the operators' slots begin with.
const SLOTS: &str = "vault/slot/";

/// Lets it befall `home`; what is kept goes beside it, into `kept`.
pub(super) fn befall(home: &Path, kept: &Path, mishap: &Mishap) -> Result<(), Refusal> {
    let unusable = |_: io::Error| Refusal::Folder;
    match mishap {
        Mishap::Save(name) => {
            let place = kept.join(plain(name)?);
            empty(&place).and_then(|()| copy_folder(home, &place)).map_err(unusable)
        }
        Mishap::PutBack(name) => {
            let place = saved(kept, name)?;
            empty(home).and_then(|()| copy_folder(&place, home)).map_err(unusable)
        }
        Mishap::PutBackSlots(name) => {
            let old = slots(&open(&saved(kept, name)?)?)?;
            change_slots(home, |_| None).and_then(|()| put_slots(home, &old))
        }
        Mishap::Clear => empty(home).map_err(unusable),
        Mishap::Spoil(Spoiling::Cut) => cut(home, 2).map_err(unusable),
        Mishap::Spoil(Spoiling::Empty) => cut(home, u64::MAX).map_err(unusable),
        Mishap::Spoil(Spoiling::SlotBit) => change_slots(home, |slot| {
            let middle = slot.len() / 2;
            slot.get_mut(middle).map(|byte| *byte ^= 1)
        }),
        Mishap::Spoil(Spoiling::SlotCut) => change_slots(home, |slot| {
            slot.truncate(slot.len() / 2);
            Some(())
        }),
        Mishap::Spoil(Spoiling::SlotNewer) => change_slots(home, |slot| slot.first_mut().map(|format| *format += 1)),
    }
}

type Slots = Vec<(String, Vec<u8>)>;

/// Changes each slot; one that becomes nothing is taken away.
fn change_slots(home: &Path, change: impl Fn(&mut Vec<u8>) -> Option<()>) -> Result<(), Refusal> {
    let found = slots(&open(home)?)?;
    if found.is_empty() {
        return Err(Refusal::NoSlots);
    }
    let mut changed = Slots::new();
    for (name, mut slot) in found {
        if change(&mut slot).is_some() {
            changed.push((name, slot));
        }
    }
    open(home)?.execute("DELETE FROM plain WHERE name GLOB ?1", [format!("{SLOTS}*")]).map_err(|_| Refusal::Folder)?;
    put_slots(home, &changed)
}

fn put_slots(home: &Path, slots: &Slots) -> Result<(), Refusal> {
    let database = open(home)?;
    for (name, slot) in slots {
        let put = database.execute("REPLACE INTO plain (name, value) VALUES (?1, ?2)", params![name, slot]);
        put.map_err(|_| Refusal::Folder)?;
    }
    Ok(())
}

fn slots(database: &Connection) -> Result<Slots, Refusal> {
    let read = || -> rusqlite::Result<Slots> {
        let mut query = database.prepare("SELECT name, value FROM plain WHERE name GLOB ?1")?;
        let rows = query.query_map([format!("{SLOTS}*")], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect()
    };
    read().map_err(|_| Refusal::Folder)
}

fn open(home: &Path) -> Result<Connection, Refusal> {
    let database = home.join(DATABASE);
    if !database.exists() {
        return Err(Refusal::NoSlots);
    }
    Connection::open(database).map_err(|_| Refusal::Folder)
}

/// Leaves one part of so many of the database.
fn cut(home: &Path, parts: u64) -> io::Result<()> {
    let database = fs::OpenOptions::new().write(true).open(home.join(DATABASE))?;
    database.set_len(database.metadata()?.len() / parts)
}

fn saved(kept: &Path, name: &str) -> Result<std::path::PathBuf, Refusal> {
    let place = kept.join(plain(name)?);
    if place.is_dir() { Ok(place) } else { Err(Refusal::NotSaved) }
}

/// A name that is one plain part of a path.
fn plain(name: &str) -> Result<&str, Refusal> {
    let is_plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_plain { Ok(name) } else { Err(Refusal::NotSaved) }
}

fn empty(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            } else {
                fs::remove_file(entry.path())?;
            }
        }
    }
    fs::create_dir_all(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::{self, Scratch};

    fn till() -> (Scratch, std::path::PathBuf, std::path::PathBuf) {
        let folder = scratch::folder("stand-files");
        let (home, kept) = (folder.path().join("till"), folder.path().join("kept"));
        fs::create_dir_all(home.join("deep")).unwrap();
        fs::write(home.join("deep/file"), "as it was").unwrap();
        let database = Connection::open(home.join(DATABASE)).unwrap();
        database.execute_batch("CREATE TABLE plain (name TEXT PRIMARY KEY, value BLOB NOT NULL)").unwrap();
        drop(database);
        put_slots(&home, &vec![(format!("{SLOTS}a"), vec![1; 10]), ("policy".to_owned(), vec![1; 10])]).unwrap();
        (folder, home, kept)
    }

    fn slot(home: &Path) -> Vec<u8> {
        slots(&open(home).unwrap()).unwrap().remove(0).1
    }

    #[test]
    fn a_folder_is_put_away_and_put_back() {
        let (_folder, home, kept) = till();
        befall(&home, &kept, &Mishap::Save("before".to_owned())).unwrap();
        fs::write(home.join("deep/file"), "as it is").unwrap();
        fs::write(home.join("new"), "").unwrap();
        befall(&home, &kept, &Mishap::PutBack("before".to_owned())).unwrap();
        assert_eq!(fs::read(home.join("deep/file")).unwrap(), b"as it was");
        assert!(!home.join("new").exists());
        befall(&home, &kept, &Mishap::Clear).unwrap();
        assert_eq!(fs::read_dir(&home).unwrap().count(), 0);
        for name in ["never", "", "..", "a/b"] {
            assert_eq!(befall(&home, &kept, &Mishap::PutBack(name.to_owned())), Err(Refusal::NotSaved), "{name}");
        }
    }

    #[test]
    fn a_slot_is_spoilt_in_each_way_and_the_rest_stays() {
        for (spoiling, spoilt) in [
            (Spoiling::SlotBit, vec![1, 1, 1, 1, 1, 0, 1, 1, 1, 1]),
            (Spoiling::SlotCut, vec![1; 5]),
            (Spoiling::SlotNewer, vec![2, 1, 1, 1, 1, 1, 1, 1, 1, 1]),
        ] {
            let (_folder, home, kept) = till();
            befall(&home, &kept, &Mishap::Save("before".to_owned())).unwrap();
            befall(&home, &kept, &Mishap::Spoil(spoiling)).unwrap();
            assert_eq!(slot(&home), spoilt);
            let policy: Vec<u8> = open(&home)
                .unwrap()
                .query_row("SELECT value FROM plain WHERE name = 'policy'", [], |row| row.get(0))
                .unwrap();
            assert_eq!(policy, [1; 10]);
            befall(&home, &kept, &Mishap::PutBackSlots("before".to_owned())).unwrap();
            assert_eq!(slot(&home), [1; 10]);
        }
    }

    #[test]
    fn a_database_is_cut_or_emptied() {
        for (spoiling, parts) in [(Spoiling::Cut, 2), (Spoiling::Empty, u64::MAX)] {
            let (_folder, home, kept) = till();
            let length = fs::metadata(home.join(DATABASE)).unwrap().len();
            befall(&home, &kept, &Mishap::Spoil(spoiling)).unwrap();
            assert_eq!(fs::metadata(home.join(DATABASE)).unwrap().len(), length / parts);
        }
    }

    #[test]
    fn a_till_without_slots_has_none_to_spoil() {
        let (_folder, home, kept) = till();
        befall(&home, &kept, &Mishap::Clear).unwrap();
        assert_eq!(befall(&home, &kept, &Mishap::Spoil(Spoiling::SlotBit)), Err(Refusal::NoSlots));
    }
}
