//! A vault's world: strict device keys, rows, randomness and clocks, all in memory, all copied with one call.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::{digest, hmac};
use taptill::clock::{BootCount, MonoMs, Now, WallMs};
use taptill::ids::{OperatorName, Role};
use taptill::journal::{JournalError, PlainChange, PlainRows};
use taptill::ports::{DeviceKeys, DeviceKeysFault, Entropy, EntropyFault, KeyKind};
use taptill::secret::{Secret, SecretBytes};
use taptill::vault::{
    Attempt, Change, Derivation, MasterKeys, NewPassword, Opened, Params, RecoveryCode, Terms, Vault, VaultError, Who,
};

pub const ALICE: &str = "alice";
pub const BOB: &str = "bob";
pub const ALICES: &[u8] = b"correct horse battery 9";
pub const BOBS: &[u8] = b"tall ships sail at 7 bells";
pub const WRONG: &[u8] = b"not the password";
pub const TRIES: u8 = 5;
pub const LOCKOUT_MS: u64 = 60_000;
pub const TODAY: u32 = 20_779;

pub const TERMS: Terms =
    Terms { tries: TRIES, lockout_ms: LOCKOUT_MS, params: Params::FLOOR, freeze_needs_password: false };

/// Ends the process, or fails one operation, at an operation of this number.
#[derive(Default)]
pub struct Power {
    /// Operations that change something.
    writes: usize,
    /// All operations.
    calls: usize,
    die_before_write: Option<usize>,
    fail_call: Option<usize>,
    dead: bool,
}

impl Power {
    fn passes(&mut self, is_write: bool) -> bool {
        let (write, call) = (self.writes, self.calls);
        self.calls += 1;
        self.writes += usize::from(is_write);
        self.dead |= is_write && self.die_before_write == Some(write);
        !self.dead && self.fail_call != Some(call)
    }
}

/// How device keys may be worse than they should be, for controls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flaw {
    None,
    /// Every MAC of a row is the same.
    EveryMacIsRight,
    /// Guesses that were destroyed are back after a kill.
    GuessesOutliveAKill,
}

/// Device keys: fresh random keys, one purpose each, every operation in a log.
pub struct Device {
    keys: Mutex<BTreeMap<String, (KeyKind, [u8; 32])>>,
    pub log: Mutex<Vec<String>>,
    made: Mutex<u64>,
    pub flaw: Mutex<Flaw>,
    power: Arc<Mutex<Power>>,
}

impl Device {
    fn pass(&self, operation: &str, alias: &str) -> Result<(), DeviceKeysFault> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.' || byte == b'-';
        assert!((1..=64).contains(&alias.len()) && alias.bytes().all(plain), "no device takes the alias {alias}");
        let is_write = ["create", "destroy"].contains(&operation);
        if !self.power.lock().unwrap().passes(is_write) {
            return Err(DeviceKeysFault::Unavailable);
        }
        self.log.lock().unwrap().push(format!("{operation} {alias}"));
        Ok(())
    }

    fn key(&self, alias: &str, kind: KeyKind) -> Result<[u8; 32], DeviceKeysFault> {
        match self.keys.lock().unwrap().get(alias) {
            None => Err(DeviceKeysFault::NotFound),
            Some((found, _)) if *found != kind => Err(DeviceKeysFault::WrongKind),
            Some((_, key)) => Ok(*key),
        }
    }

    pub fn aliases(&self) -> Vec<String> {
        self.keys.lock().unwrap().keys().cloned().collect()
    }

    /// What was asked of it since the last call of this, without the numbers.
    pub fn kinds_asked(&self) -> Vec<String> {
        let log = std::mem::take(&mut *self.log.lock().unwrap());
        log.iter().map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
    }

    /// How often a guess got as far as the device's own part of the key.
    pub fn guesses_tried(&self) -> usize {
        self.log.lock().unwrap().iter().filter(|line| line.starts_with("mac vault.kek.")).count()
    }
}

impl DeviceKeys for Device {
    fn create(&self, alias: &str, kind: KeyKind) -> Result<(), DeviceKeysFault> {
        self.pass("create", alias)?;
        let mut keys = self.keys.lock().unwrap();
        if keys.contains_key(alias) {
            return Err(DeviceKeysFault::AlreadyExists);
        }
        let mut made = self.made.lock().unwrap();
        *made += 1;
        let fresh = digest::digest(&digest::SHA256, format!("device key {made}").as_bytes());
        keys.insert(alias.to_owned(), (kind, fresh.as_ref().try_into().unwrap()));
        Ok(())
    }

    fn exists(&self, alias: &str) -> Result<bool, DeviceKeysFault> {
        self.pass("exists", alias)?;
        Ok(self.keys.lock().unwrap().contains_key(alias))
    }

    fn destroy(&self, alias: &str) -> Result<(), DeviceKeysFault> {
        self.pass("destroy", alias)?;
        self.keys.lock().unwrap().remove(alias);
        Ok(())
    }

    fn public_key(&self, _: &str) -> Result<Vec<u8>, DeviceKeysFault> {
        panic!("the vault signs nothing")
    }

    fn attest(&self, _: &str, _: &[u8]) -> Result<Vec<Vec<u8>>, DeviceKeysFault> {
        panic!("the vault attests nothing")
    }

    fn wrap(&self, alias: &str, secret: &[u8], context: &[u8]) -> Result<Vec<u8>, DeviceKeysFault> {
        self.pass("wrap", alias)?;
        let mut sealed = secret.to_vec();
        let key = cipher(self.key(alias, KeyKind::Wrap)?);
        let nonce = Nonce::assume_unique_for_key([0; 12]); // One key wraps one secret here.
        key.seal_in_place_append_tag(nonce, Aad::from(context), &mut sealed).unwrap();
        Ok(sealed)
    }

    fn unwrap(&self, alias: &str, wrapped: &[u8], context: &[u8]) -> Result<SecretBytes, DeviceKeysFault> {
        self.pass("unwrap", alias)?;
        let mut opened = wrapped.to_vec();
        let nonce = Nonce::assume_unique_for_key([0; 12]);
        let secret = cipher(self.key(alias, KeyKind::Wrap)?).open_in_place(nonce, Aad::from(context), &mut opened);
        Ok(SecretBytes::new(secret.map_err(|_| DeviceKeysFault::Rejected)?.to_vec()))
    }

    fn mac(&self, alias: &str, data: &[u8]) -> Result<SecretBytes, DeviceKeysFault> {
        self.pass("mac", alias)?;
        let key = self.key(alias, KeyKind::Mac)?;
        if *self.flaw.lock().unwrap() == Flaw::EveryMacIsRight && alias.starts_with("vault.row.") {
            return Ok(SecretBytes::new(vec![0xEE; 32]));
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        Ok(SecretBytes::new(hmac::sign(&key, data).as_ref().to_vec()))
    }

    fn sign(&self, _: &str, _: &[u8]) -> Result<Vec<u8>, DeviceKeysFault> {
        panic!("the vault signs nothing")
    }
}

fn cipher(key: [u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &key).unwrap())
}

/// Rows, as a journal keeps them: what was changed is durable, or the process ended before it.
pub struct Rows {
    pub table: BTreeMap<String, Vec<u8>>,
    /// How many changes were made durable.
    pub written: usize,
    power: Arc<Mutex<Power>>,
}

impl Rows {
    fn pass(&self, is_write: bool) -> Result<(), JournalError> {
        if self.power.lock().unwrap().passes(is_write) { Ok(()) } else { Err(JournalError::Stopped) }
    }
}

impl PlainRows for Rows {
    fn plain(&self, name: &str) -> Result<Option<Vec<u8>>, JournalError> {
        self.pass(false)?;
        Ok(self.table.get(name).cloned())
    }

    fn plains(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, JournalError> {
        self.pass(false)?;
        let found = self.table.iter().filter(|(name, _)| name.starts_with(prefix));
        Ok(found.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    fn change_plain(&mut self, changes: &[PlainChange]) -> Result<(), JournalError> {
        self.pass(true)?;
        self.written += 1;
        for change in changes {
            match &change.value {
                Some(value) => self.table.insert(change.name.clone(), value.clone()),
                None => self.table.remove(&change.name),
            };
        }
        Ok(())
    }
}

/// SplitMix64: the same seed gives the same bytes.
pub struct Seeded(Mutex<u64>);

impl Seeded {
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }

    pub fn next(&self) -> u64 {
        let mut state = self.0.lock().unwrap();
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

impl Entropy for Seeded {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyFault> {
        for chunk in buffer.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// Everything that a vault borrows.
pub struct World {
    pub device: Device,
    pub rows: Rows,
    pub entropy: Seeded,
    pub now: Now,
    /// How often a derivation was asked for.
    pub derivations: usize,
    /// Whether derivations are a plain hash: for what tries thousands of passwords of its own.
    pub is_quick: bool,
    power: Arc<Mutex<Power>>,
}

impl World {
    /// A device and a folder with nothing in them.
    pub fn empty(seed: u64) -> Self {
        let power = Arc::new(Mutex::new(Power::default()));
        let device = Device {
            keys: Mutex::default(),
            log: Mutex::default(),
            made: Mutex::new(seed << 32),
            flaw: Mutex::new(Flaw::None),
            power: power.clone(),
        };
        Self {
            device,
            rows: Rows { table: BTreeMap::new(), written: 0, power: power.clone() },
            entropy: Seeded::new(seed),
            now: Now { wall: WallMs(1_795_000_000_000), mono: MonoMs(5_000), boot: BootCount(7) },
            derivations: 0,
            is_quick: false,
            power,
        }
    }

    /// Claimed by alice, with bob as a cashier; nobody is signed in. The recovery code comes with it.
    pub fn claimed() -> (Self, RecoveryCode) {
        static BASE: OnceLock<(Mutex<World>, Vec<u8>)> = OnceLock::new();
        let (world, code) = BASE.get_or_init(|| {
            let (world, code) = Self::claim_new(1, false);
            (Mutex::new(world), code.text().expose().to_vec())
        });
        (world.lock().unwrap().copy(), RecoveryCode::read(code).unwrap())
    }

    /// The same, of a seed of its own and with quick derivations.
    pub fn quick(seed: u64) -> (Self, RecoveryCode) {
        Self::claim_new(seed, true)
    }

    fn claim_new(seed: u64, is_quick: bool) -> (Self, RecoveryCode) {
        let mut world = Self::empty(seed);
        world.is_quick = is_quick;
        world.vault().found(&TERMS).unwrap();
        let (opened, code) = world.claim(ALICE, ALICES).unwrap();
        let bobs = world.new_password(BOBS, false);
        let change = world.vault().add_operator(&opened, &name(BOB), Role::Cashier, &bobs).unwrap();
        world.write(change).unwrap();
        world.device.log.lock().unwrap().clear();
        (world, code)
    }

    /// The same device, folder and clocks, once more.
    pub fn copy(&self) -> Self {
        let copy = Self::empty(0);
        *copy.device.keys.lock().unwrap() = self.device.keys.lock().unwrap().clone();
        *copy.device.log.lock().unwrap() = self.device.log.lock().unwrap().clone();
        *copy.device.made.lock().unwrap() = *self.device.made.lock().unwrap();
        *copy.device.flaw.lock().unwrap() = *self.device.flaw.lock().unwrap();
        *copy.entropy.0.lock().unwrap() = *self.entropy.0.lock().unwrap();
        let rows = Rows { table: self.rows.table.clone(), written: 0, power: copy.power.clone() };
        Self { rows, now: self.now, derivations: self.derivations, is_quick: self.is_quick, ..copy }
    }

    pub fn vault(&mut self) -> Vault<'_> {
        Vault::new(&mut self.rows, &self.device, &self.entropy)
    }

    /// The process ends before its change of this number, counted from now.
    pub fn die_before_write(&self, number: usize) {
        *self.power.lock().unwrap() = Power { die_before_write: Some(number), ..Power::default() };
    }

    /// The operation of this number fails, counted from now, and the process lives on.
    pub fn fail_call(&self, number: usize) {
        *self.power.lock().unwrap() = Power { fail_call: Some(number), ..Power::default() };
    }

    /// The process starts again, if it had ended. Says whether it had, or whether an operation had failed.
    pub fn start_again(&mut self) -> bool {
        let power = std::mem::take(&mut *self.power.lock().unwrap());
        let was_cut = power.dead || power.fail_call.is_some_and(|failed| failed < power.calls);
        if power.dead && *self.device.flaw.lock().unwrap() == Flaw::GuessesOutliveAKill {
            let log = self.device.log.lock().unwrap().clone();
            for alias in log.iter().filter_map(|line| line.strip_prefix("destroy guess.")) {
                let alias = format!("guess.{alias}");
                if !self.device.exists(&alias).unwrap() {
                    self.device.create(&alias, KeyKind::Mac).unwrap();
                }
            }
        }
        was_cut
    }

    pub fn restart_device(&mut self) {
        self.now.boot.0 += 1;
        self.now.mono.0 = 1_000;
    }

    pub fn wait(&mut self, milliseconds: u64) {
        self.now.mono.0 += milliseconds;
        self.now.wall.0 += i64::try_from(milliseconds).unwrap();
    }

    pub fn derive(&mut self, password: &[u8], derivation: &Derivation) -> Secret<32> {
        self.derivations += 1;
        if self.is_quick {
            return quick(password, derivation);
        }
        memoised(password, derivation)
    }

    pub fn new_password(&mut self, password: &[u8], is_temporary: bool) -> NewPassword {
        self.try_new_password(password, is_temporary).unwrap()
    }

    pub fn try_new_password(&mut self, password: &[u8], is_temporary: bool) -> Result<NewPassword, VaultError> {
        let derivation = self.vault().new_derivation()?;
        let derived = if self.is_quick { quick(password, &derivation) } else { memoised(password, &derivation) };
        Ok(NewPassword { derivation, derived, is_temporary, changed_day: TODAY })
    }

    /// Claims with a fresh recovery code.
    pub fn claim(&mut self, who: &str, password: &[u8]) -> Result<(Opened, RecoveryCode), VaultError> {
        let masters = self.vault().open_unclaimed()?;
        let code = RecoveryCode::new(&self.entropy).unwrap();
        let recovery = self.try_new_password(code.expose(), false)?;
        let password = self.try_new_password(password, false)?;
        let (change, opened) = self.vault().claim(&masters, &name(who), &password, &recovery)?;
        self.write(change)?;
        Ok((opened, code))
    }

    /// Makes a change durable and settles it.
    pub fn write(&mut self, change: Change) -> Result<(), VaultError> {
        self.rows.change_plain(&change.rows)?;
        self.vault().settle(change.afterwards)
    }

    pub fn begin(&mut self, who: &str) -> Result<Attempt, VaultError> {
        let now = self.now;
        self.vault().begin(Who::Operator(&name(who)), now)
    }

    /// A sign-in without the forgiving.
    pub fn open(&mut self, who: &str, password: &[u8]) -> Result<Opened, VaultError> {
        let attempt = self.begin(who)?;
        self.finish(attempt, password)
    }

    pub fn finish(&mut self, attempt: Attempt, password: &[u8]) -> Result<Opened, VaultError> {
        let derived = self.derive(password, &attempt.derivation().clone());
        let now = self.now;
        self.vault().finish(attempt, derived, now)
    }

    /// A sign-in.
    pub fn sign_in(&mut self, who: &str, password: &[u8]) -> Result<Opened, VaultError> {
        let opened = self.open(who, password)?;
        self.vault().forgive(&opened)?;
        Ok(opened)
    }

    pub fn open_by_code(&mut self, code: &RecoveryCode) -> Result<Opened, VaultError> {
        let now = self.now;
        let attempt = self.vault().begin(Who::Recovery, now)?;
        self.finish(attempt, code.expose())
    }

    pub fn set_password(&mut self, opened: &Opened, who: &str, password: &[u8]) -> Result<(), VaultError> {
        let password = self.try_new_password(password, false)?;
        let change = self.vault().set_password(opened, &name(who), &password)?;
        self.write(change)
    }

    pub fn row(&self, who: &str) -> Vec<u8> {
        self.rows.table[&row_name(who)].clone()
    }

    pub fn put_row(&mut self, who: &str, bytes: Vec<u8>) {
        self.rows.table.insert(row_name(who), bytes);
    }

    /// The device keys that there should be: the till's, the terms', and of each slot its own two and its guesses.
    pub fn expected_keys(&self, slots: usize) -> usize {
        2 + slots * (2 + usize::from(TRIES)) + usize::from(TRIES)
    }
}

pub fn name(text: &str) -> OperatorName {
    OperatorName::new(text).unwrap()
}

pub fn row_name(who: &str) -> String {
    format!("vault/slot/{who}")
}

/// Whether the same keys would open the same journal.
pub fn generations(masters: &MasterKeys) -> Vec<u32> {
    std::iter::once(masters.generation()).chain(masters.older()).collect()
}

/// Argon2id, once for each password, salt and cost.
fn memoised(password: &[u8], derivation: &Derivation) -> Secret<32> {
    type Known = BTreeMap<(Vec<u8>, [u8; 16], u64), [u8; 32]>;
    static KNOWN: Mutex<Known> = Mutex::new(BTreeMap::new());
    let params = derivation.params();
    let cost = u64::from(params.memory_kib) << 32 | u64::from(params.passes) << 8 | u64::from(params.lanes);
    let mut known = KNOWN.lock().unwrap();
    let derived = known
        .entry((password.to_vec(), *derivation.salt(), cost))
        .or_insert_with(|| *taptill::vault::derive(password, derivation).expose());
    Secret::from_slice(derived).unwrap()
}

fn quick(password: &[u8], derivation: &Derivation) -> Secret<32> {
    let hash = digest::digest(&digest::SHA256, &[derivation.salt(), password].concat());
    Secret::from_slice(hash.as_ref()).unwrap()
}
