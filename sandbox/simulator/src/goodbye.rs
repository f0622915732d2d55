//! The end of a till: two people ask for it with somewhere to put the records, and what is left of it is looked at.
//!
//! What the merchant sees is read just before, because nobody can read it afterwards; and a copy of the till's folder is
//! kept, to be tried with every password once the device's keys are gone, and then with those that it had: who got in
//! before is the control of who gets in now.
//!
//! It never decides what may be left. Evidence: `sandbox/simulator/tests/seeds.rs`, `sandbox/simulator/tests/planted.rs`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use taptill::ports::{ExportFault, ExportSink};
use taptill::till::{Ask, Till};
use taptill_crashfs::Files;

use crate::audit;
use crate::book::Gone;
use crate::day::Day;
use crate::keys::KeyRing;
use crate::schedule::Who;
use crate::stage;

/// A folder of the merchant's. What was put there stays when the till's process ends.
#[derive(Clone, Default)]
pub(crate) struct Folder(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    files: BTreeMap<String, String>,
    /// How many pieces it still takes; any number where nothing is said.
    room: Option<u32>,
}

impl Folder {
    fn with_room(room: Option<u32>) -> Self {
        Self(Arc::new(Mutex::new(Held { room, ..Held::default() })))
    }

    pub fn files(&self) -> BTreeMap<String, String> {
        self.held().files.clone()
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ExportSink for Folder {
    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), ExportFault> {
        let mut held = self.held();
        if let Some(room) = &mut held.room {
            *room = room.checked_sub(1).ok_or(ExportFault::Full)?;
        }
        held.files.entry(name.to_owned()).or_default().push_str(&String::from_utf8_lossy(bytes));
        Ok(())
    }

    fn finish(&mut self) -> Result<(), ExportFault> {
        Ok(())
    }
}

impl Day<'_> {
    /// Before anything goes wrong: this person is there, and what the merchant sees is noted.
    pub(crate) fn look_back(&mut self, by: Who) {
        self.be(by);
        self.read_everything();
        self.before = Some((self.shop.place.disk.files(), self.shop.keys.ring()));
    }

    /// Two people who may, on a day on which all is well: the till is gone, or says what is in the way.
    pub(crate) fn farewell(&mut self) {
        self.everybody_is_known();
        self.look_back(Who::Alice);
        let mut told = None;
        for _ in 0..3 {
            told = self.deregister(Who::Carol, None);
            if told.as_ref().is_none_or(|told| audit::is_farewell(told)) {
                return;
            }
            // The first contact after the host has lost its keys is for new ones.
            self.shop.wait(5_000);
            self.be(Who::Alice);
        }
        self.shop.seen.troubles.push(format!("a farewell on a good evening ends with {told:?}"));
    }

    pub(crate) fn deregister(&mut self, second: Who, room: Option<u32>) -> Option<String> {
        self.folder = Folder::with_room(room);
        let export: Box<dyn ExportSink> = Box::new(self.folder.clone());
        let second = Some((second.name(), self.people.password(second)));
        self.call("deregister", None, Ask::Deregister { second, export: Some(export) })
    }

    /// What is left of a till that is gone.
    pub(crate) fn what_is_left(&mut self) -> Gone {
        let (certificates, files) = self.shop.place.leftovers();
        let (device_keys, now) = (self.shop.keys.names(), self.shop.keys.ring());
        let (mut ways_in, mut ways_in_before) = (Vec::new(), Vec::new());
        if let Some((folder, then)) = self.before.take() {
            ways_in = self.who_gets_in(&folder, now);
            ways_in_before = self.who_gets_in(&folder, then);
        }
        Gone { exported: self.folder.files(), certificates, files, device_keys, ways_in, ways_in_before }
    }

    /// Who gets in with this folder, the passwords, and a device with these keys.
    fn who_gets_in(&self, folder: &Files, keys: KeyRing) -> Vec<String> {
        let shop = &self.shop;
        shop.place.disk.lay(folder);
        shop.keys.lay(keys);
        let mut inside = Vec::new();
        for (who, password) in self.people.all() {
            let Ok(mut till) = Till::open(&shop.place.journal(), &shop.ports) else { break };
            let sign_in = Ask::SignIn { name: who.name(), password, new_password: None };
            if stage::ask(&mut till, sign_in, shop.now).is_ok() {
                inside.push(who.name().to_string());
            }
        }
        inside
    }
}
