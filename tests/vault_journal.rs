//! The vault over a real journal and a real folder of device keys: a rotation is killed at every point of both, and the till
//! opens with the same password, with every event, and finishes the rotation.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod journal_support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use journal_support::{at, draft, folds};
use taptill::ids::OperatorName;
use taptill::journal::{Journal, JournalError, JournalPorts, LockedJournal, PlainRows, Resealed, SideWork};
use taptill::ports::{DeviceKeys, DeviceKeysFault, Entropy, Fate, FaultPlan, KeyKind, KillPoint};
use taptill::secret::{Secret, SecretBytes};
use taptill::vault::{Derivation, NewPassword, Opened, RecoveryCode, Terms, Vault, VaultError, Who, derive};
use taptill_sandbox::desktop::{FolderDeviceKeys, RingEntropy};

const PASSWORD: &[u8] = b"correct horse battery 9";
const EVENTS: u64 = 3;

/// Burns through after so many points of the journal and changes of device keys; then nothing works any more.
#[derive(Default)]
struct Fuse(Mutex<(usize, Option<usize>)>);

impl Fuse {
    fn burns(&self) -> bool {
        let mut fuse = self.0.lock().unwrap();
        let visit = fuse.0;
        fuse.0 += 1;
        fuse.1.is_some_and(|end| visit >= end)
    }

    fn is_burnt(&self) -> bool {
        let fuse = self.0.lock().unwrap();
        fuse.1.is_some_and(|end| fuse.0 > end)
    }
}

impl FaultPlan for Fuse {
    fn reach(&self, _: KillPoint) -> Fate {
        if self.burns() { Fate::Die } else { Fate::GoOn }
    }
}

/// Device keys on the fuse.
struct FusedKeys(FolderDeviceKeys, Arc<Fuse>);

impl FusedKeys {
    fn pass(&self) -> Result<(), DeviceKeysFault> {
        if self.1.burns() { Err(DeviceKeysFault::Unavailable) } else { Ok(()) }
    }
}

impl DeviceKeys for FusedKeys {
    fn create(&self, alias: &str, kind: KeyKind) -> Result<(), DeviceKeysFault> {
        self.pass()?;
        self.0.create(alias, kind)
    }

    fn exists(&self, alias: &str) -> Result<bool, DeviceKeysFault> {
        self.0.exists(alias)
    }

    fn destroy(&self, alias: &str) -> Result<(), DeviceKeysFault> {
        self.pass()?;
        self.0.destroy(alias)
    }

    fn public_key(&self, alias: &str) -> Result<Vec<u8>, DeviceKeysFault> {
        self.0.public_key(alias)
    }

    fn attest(&self, alias: &str, challenge: &[u8]) -> Result<Vec<Vec<u8>>, DeviceKeysFault> {
        self.0.attest(alias, challenge)
    }

    fn wrap(&self, alias: &str, secret: &[u8], context: &[u8]) -> Result<Vec<u8>, DeviceKeysFault> {
        self.0.wrap(alias, secret, context)
    }

    fn unwrap(&self, alias: &str, wrapped: &[u8], context: &[u8]) -> Result<SecretBytes, DeviceKeysFault> {
        self.0.unwrap(alias, wrapped, context)
    }

    fn mac(&self, alias: &str, data: &[u8]) -> Result<SecretBytes, DeviceKeysFault> {
        self.0.mac(alias, data)
    }

    fn sign(&self, alias: &str, data: &[u8]) -> Result<Vec<u8>, DeviceKeysFault> {
        self.0.sign(alias, data)
    }
}

/// A till's folder and its device's, opened once.
struct Till {
    folder: PathBuf,
    keys: Arc<FusedKeys>,
    fuse: Arc<Fuse>,
    entropy: Arc<RingEntropy>,
}

impl Till {
    fn at(folder: &Path, burns_after: Option<usize>) -> Self {
        let fuse = Arc::new(Fuse(Mutex::new((0, burns_after))));
        let keys = FolderDeviceKeys::open(&folder.join("device")).unwrap();
        let keys = Arc::new(FusedKeys(keys, fuse.clone()));
        Self { folder: folder.to_path_buf(), keys, fuse, entropy: Arc::new(RingEntropy::default()) }
    }

    fn ports(&self) -> JournalPorts {
        JournalPorts { device_keys: self.keys.clone(), entropy: self.entropy.clone(), faults: self.fuse.clone() }
    }

    fn vault<'a>(&'a self, rows: &'a mut dyn PlainRows) -> Vault<'a> {
        Vault::new(rows, &*self.keys, &*self.entropy)
    }

    fn path(&self) -> PathBuf {
        self.folder.join("journal.db")
    }

    /// What a till does at its start, and one sign-in.
    fn sign_in(&self, password: &[u8]) -> Result<(Journal, Opened), VaultError> {
        let mut locked = LockedJournal::open(&self.path(), self.ports())?;
        let mut vault = self.vault(&mut locked);
        vault.sweep()?;
        let attempt = vault.begin(Who::Operator(&alice()), at(1))?;
        let derived = memoised(password, attempt.derivation());
        let opened = vault.finish(attempt, derived, at(1))?;
        vault.forgive(&opened)?;
        let journal = locked.unlock(opened.masters().keyring(), folds()).map_err(|(_, error)| error)?;
        Ok((journal, opened))
    }

    fn rotate(&self, journal: &mut Journal, opened: &mut Opened) -> Result<(), VaultError> {
        let (change, masters) = self.vault(journal).rotate(opened, None)?;
        journal.append_with(draft("key.rotated", "A-9"), SideWork::None, change.rows, at(2_000))?;
        self.vault(journal).settle(change.afterwards)?;
        opened.adopt(masters);
        Ok(journal.rotate(opened.masters().keyring())?)
    }

    /// Seals what is left anew, and takes the older keys out of the boxes.
    fn finish_rotation(&self, journal: &mut Journal, opened: &mut Opened) -> Result<(), VaultError> {
        while journal.reseal_step(2)? == Resealed::More {}
        let (change, masters) = self.vault(journal).forget_older(opened)?;
        journal.change_plain(&change.rows)?;
        self.vault(journal).settle(change.afterwards)?;
        opened.adopt(masters);
        Ok(())
    }
}

/// A claimed till with some events, closed.
fn build(folder: &Path) {
    let till = Till::at(folder, None);
    let mut locked = LockedJournal::create(&till.path(), till.ports()).unwrap();
    let mut vault = till.vault(&mut locked);
    let masters = vault.found(&Terms { tries: 2, ..Terms::FIRST }).unwrap();
    let mut journal = locked.unlock(masters.keyring(), folds()).map_err(|(_, error)| error).unwrap();
    let mut vault = till.vault(&mut journal);
    let code = RecoveryCode::new(&*till.entropy).unwrap();
    let new_password = |secret: &[u8]| {
        let derivation = vault.new_derivation().unwrap();
        NewPassword { derived: memoised(secret, &derivation), derivation, is_temporary: false, changed_day: 1 }
    };
    let (password, recovery) = (new_password(PASSWORD), new_password(code.expose()));
    let (change, opened) = vault.claim(&masters, &alice(), &password, &recovery).unwrap();
    journal.append_with(draft("operator.claimed", "A-0"), SideWork::None, change.rows, at(1_000)).unwrap();
    till.vault(&mut journal).settle(change.afterwards).unwrap();
    journal.rotate(opened.masters().keyring()).unwrap();
    for number in 1..EVENTS {
        journal.append(draft("attempt.prepared", &format!("A-{number}")), SideWork::None, at(1_000)).unwrap();
    }
    journal.close().unwrap();
}

#[test]
fn a_rotation_killed_at_any_point_of_vault_or_journal_is_finished_after_the_next_sign_in() {
    let base = taptill_sandbox::scratch::folder("vault-journal");
    build(base.path());
    let mut generations = BTreeMap::new();
    for kills in 0.. {
        let scratch = taptill_sandbox::scratch::folder("vault-journal-kill");
        copy(base.path(), scratch.path());
        let till = Till::at(scratch.path(), Some(kills));
        let done = (|| {
            let (mut journal, mut opened) = till.sign_in(PASSWORD)?;
            till.rotate(&mut journal, &mut opened)?;
            till.finish_rotation(&mut journal, &mut opened)?;
            journal.close()?;
            Ok::<_, VaultError>(())
        })();
        let was_killed = till.fuse.is_burnt();
        assert!(done.is_ok() || was_killed, "kill {kills}: {done:?}");
        drop(till);

        let till = Till::at(scratch.path(), None);
        let (mut journal, mut opened) =
            till.sign_in(PASSWORD).unwrap_or_else(|error| panic!("kill {kills}: {error:?}"));
        let generation = opened.masters().generation();
        *generations.entry((generation, opened.masters().older().count())).or_insert(0) += 1;
        till.finish_rotation(&mut journal, &mut opened).unwrap();
        let size = journal.verify().unwrap().size;
        let rotated = u64::from(generation == 3);
        assert_eq!(size, EVENTS + rotated, "kill {kills}: the event and the rows are there together");
        journal.close().unwrap();
        let (mut journal, opened) = till.sign_in(PASSWORD).unwrap();
        assert_eq!(opened.masters().older().count(), 0);
        assert_eq!(journal.verify().unwrap().size, size);
        journal.close().unwrap();
        if !was_killed {
            break;
        }
    }
    let seen: Vec<_> = generations.keys().copied().collect();
    assert_eq!(seen, [(2, 1), (3, 0), (3, 2)], "before, finished, and in between: {generations:?}");
}

/// A wrong password opens neither vault nor journal, and the claim's first key is of no use.
#[test]
fn a_locked_journal_stays_shut_without_the_password() {
    let folder = taptill_sandbox::scratch::folder("vault-journal");
    build(folder.path());
    let till = Till::at(folder.path(), None);
    let wrong = till.sign_in(b"not the password").err();
    assert_eq!(wrong, Some(VaultError::Refused { tries_left: 1 }));
    let mut locked = LockedJournal::open(&till.path(), till.ports()).unwrap();
    assert_eq!(till.vault(&mut locked).open_unclaimed().err(), Some(VaultError::AlreadyClaimed));
    assert_eq!(till.keys.exists("vault.unclaimed"), Ok(false));
    let ring = taptill::journal::Keyring::new(2, random_key(&till));
    let refused = locked.unlock(ring, folds()).map_err(|(_, error)| error).err();
    assert!(matches!(refused, Some(JournalError::Damaged(_))), "{refused:?}");
}

fn random_key(till: &Till) -> Secret<32> {
    Secret::from_fn(|key| till.entropy.fill(key).unwrap())
}

fn alice() -> OperatorName {
    OperatorName::new("alice").unwrap()
}

fn memoised(password: &[u8], derivation: &Derivation) -> Secret<32> {
    type Known = BTreeMap<(Vec<u8>, [u8; 16]), [u8; 32]>;
    static KNOWN: Mutex<Known> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap();
    let derived =
        known.entry((password.to_vec(), *derivation.salt())).or_insert_with(|| *derive(password, derivation).expose());
    Secret::from_slice(derived).unwrap()
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let goal = to.join(path.file_name().unwrap());
        if path.is_dir() {
            drop(FolderDeviceKeys::open(&goal).unwrap());
            copy(&path, &goal);
        } else {
            fs::copy(&path, &goal).unwrap();
        }
    }
}
