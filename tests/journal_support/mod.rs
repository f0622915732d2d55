//! A journal in a folder of its own, with a fold and a fault plan that tests can read.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use taptill::clock::{BootCount, MonoMs, Now, WallMs};
use taptill::ids::AttemptId;
use taptill::journal::{
    Draft, Event, Fold, FoldError, Journal, JournalError, JournalPorts, Keyring, LockedJournal, Recorded, Rows,
    SideWork, VerifyReport,
};
use taptill::ports::{Fate, FaultPlan, KillPoint};
use taptill::secret::{Secret, SecretBytes};
use taptill_sandbox::desktop::{FolderDeviceKeys, RingEntropy};

/// A till's folder with its device keys.
pub struct Till {
    pub folder: taptill_sandbox::scratch::Scratch,
    pub plan: Arc<Plan>,
}

impl Till {
    pub fn new() -> Self {
        Self { folder: taptill_sandbox::scratch::folder("journal"), plan: Arc::new(Plan::default()) }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("journal.db")
    }

    pub fn device(&self) -> PathBuf {
        self.folder.path().join("device")
    }

    pub fn ports(&self) -> JournalPorts {
        JournalPorts {
            device_keys: Arc::new(FolderDeviceKeys::open(&self.device()).unwrap()),
            entropy: Arc::new(RingEntropy::default()),
            faults: self.plan.clone(),
        }
    }

    pub fn try_create(&self) -> Result<Journal, JournalError> {
        unlocked(LockedJournal::create(&self.path(), self.ports())?, keyring(), folds())
    }

    pub fn create(&self) -> Journal {
        self.try_create().unwrap()
    }

    pub fn try_open_with(&self, keyring: Keyring, folds: Vec<Box<dyn Fold>>) -> Result<Journal, JournalError> {
        unlocked(LockedJournal::open(&self.path(), self.ports())?, keyring, folds)
    }

    pub fn try_open(&self) -> Result<Journal, JournalError> {
        self.try_open_with(keyring(), folds())
    }

    pub fn open(&self) -> Journal {
        self.try_open().unwrap()
    }

    pub fn inspect_with(&self, keyring: Keyring) -> Result<VerifyReport, JournalError> {
        LockedJournal::open(&self.path(), self.ports())?.inspect(keyring, folds())
    }

    pub fn inspect(&self) -> Result<VerifyReport, JournalError> {
        self.inspect_with(keyring())
    }

    /// The database, as anybody with the file can open it.
    pub fn raw(&self) -> Connection {
        let raw = Connection::open(self.path()).unwrap();
        raw.pragma_update(None, "synchronous", "OFF").unwrap();
        raw
    }
}

pub fn unlocked(locked: LockedJournal, keyring: Keyring, folds: Vec<Box<dyn Fold>>) -> Result<Journal, JournalError> {
    locked.unlock(keyring, folds).map_err(|(_, error)| error)
}

/// The first generation's key, which is the same in every test.
pub fn keyring() -> Keyring {
    Keyring::new(1, master(1))
}

/// The key of a generation.
pub fn master(generation: u8) -> Secret<32> {
    Secret::from_fn(|key| key.fill(generation))
}

pub fn folds() -> Vec<Box<dyn Fold>> {
    vec![Box::new(Attempts { schema: 1 })]
}

/// The state of each attempt is the last event's kind.
pub struct Attempts {
    pub schema: u32,
}

impl Fold for Attempts {
    fn name(&self) -> &'static str {
        "attempts"
    }

    fn schema(&self) -> u32 {
        self.schema
    }

    fn apply(&self, rows: &mut dyn Rows, event: &Event) -> Result<(), FoldError> {
        let Some(attempt) = &event.attempt else { return Ok(()) };
        match event.kind.as_str() {
            "attempt.refused_by_fold" => return Err(FoldError::Refused("not_wanted")),
            "attempt.of_the_future" => return Err(FoldError::Newer),
            "attempt.forgotten" => return Ok(rows.delete(attempt.as_str())?),
            _ => {}
        }
        let mut history = rows.get(attempt.as_str())?.unwrap_or_default();
        history.extend_from_slice(format!("{}/{} ", self.schema, event.kind).as_bytes());
        let day = (event.now.wall.0 / 86_400_000).to_string();
        rows.put(attempt.as_str(), &history, &[("state", &event.kind), ("day", &day)])?;
        Ok(())
    }

    fn waiting(&self) -> Vec<(&'static str, &'static str)> {
        vec![("state", "attempt.in_doubt"), ("state", "attempt.reversal_due"), ("state", "attempt.reversal_sent")]
    }
}

/// One fate at one point, and the points that were passed.
#[derive(Default)]
pub struct Plan {
    pub at: Mutex<Option<(&'static str, Fate)>>,
    /// Die at the visit of this number, from 0.
    pub die_at: Mutex<Option<usize>>,
    pub passed: Mutex<Vec<String>>,
}

impl Plan {
    pub fn set(&self, at: Option<(&'static str, Fate)>) {
        *self.at.lock().unwrap() = at;
    }

    /// Forgets what was passed, and dies at the visit of this number.
    pub fn die_at(&self, visit: Option<usize>) {
        self.passed.lock().unwrap().clear();
        *self.die_at.lock().unwrap() = visit;
    }
}

impl FaultPlan for Plan {
    fn reach(&self, point: KillPoint) -> Fate {
        let point = point.to_string();
        let mut passed = self.passed.lock().unwrap();
        let fate = match *self.at.lock().unwrap() {
            _ if *self.die_at.lock().unwrap() == Some(passed.len()) => Fate::Die,
            Some((at, fate)) if at == point => fate,
            _ => Fate::GoOn,
        };
        passed.push(point);
        fate
    }
}

pub fn at(ms: i64) -> Now {
    Now { wall: WallMs(ms), mono: MonoMs(ms as u64), boot: BootCount(3) }
}

pub fn draft(kind: &'static str, attempt: &str) -> Draft {
    Draft {
        kind,
        v: 1,
        attempt: Some(AttemptId::new(attempt).unwrap()),
        operator: Some("alice".into()),
        body: serde_json::json!({ "amount": { "minor": 1250, "currency": "EUR" } }),
        may_use_ballast: false,
    }
}

pub fn append(journal: &mut Journal, kind: &'static str, attempt: &str) -> Recorded {
    journal.append(draft(kind, attempt), SideWork::None, at(1_000)).unwrap()
}

pub fn store(name: &str, payload: &[u8]) -> SideWork {
    SideWork::Store { name: name.into(), payload: SecretBytes::new(payload.to_vec()) }
}

pub fn keep(name: &str, payload: &[u8]) -> SideWork {
    SideWork::Keep { name: name.into(), payload: SecretBytes::new(payload.to_vec()) }
}

pub fn destroy(name: &str) -> SideWork {
    SideWork::Destroy { name: name.into() }
}

/// Pseudo-random numbers that are the same on each run (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}
