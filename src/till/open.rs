//! A till's files: made when it is provisioned, opened without a key.
//!
//! A till that nobody has claimed has its master key under a device key alone, so that it can be provisioned and
//! looked at; a claimed one gives nothing away until somebody signs in.
//!
//! It never makes a file where one is that it does not know. Evidence: `tests/people_states.rs`, `tests/terminal_sale.rs`.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use crate::account::{self, Provisioning, ShopPolicy};
use crate::error::{Error, ErrorCode};
use crate::journal::{Journal, JournalError, JournalPorts, LockedJournal, VerifyReport};
use crate::ports::{Ports, Posture};
use crate::till::events::{self, folds};
use crate::till::leaving::{self, Resumed};
use crate::till::tell::Tellings;
use crate::till::{At, Left, Till};
use crate::vault::{MasterKeys, Params, Terms, Vault, VaultError};

/// Makes the till whose journal is at `path` this acquirer's.
///
/// # Errors
/// What the provisioning is refused for, `already_provisioned`, and the errors of keys and storage.
pub fn provision(path: &Path, provisioning: &Provisioning, ports: &Ports) -> Result<(), Error> {
    leaving::resume(path, ports)?;
    let mut locked = match LockedJournal::open(path, JournalPorts::from(ports)) {
        // There is none, or one whose creation was cut short.
        Err(JournalError::NotThere) => LockedJournal::create(path, JournalPorts::from(ports))?,
        opened => opened?,
    };
    let masters = match vault(&mut locked, ports).found(&terms(&ShopPolicy::default(), Params::FLOOR)) {
        Err(VaultError::AlreadyClaimed) => {
            return Err(Error::from(ErrorCode::AlreadyProvisioned).word("contents", "sealed"));
        }
        founded => founded?,
    };
    let mut journal = unlock(locked, &masters)?;
    account::accept(&mut journal, provisioning, &*ports.device_keys, ports.clock.now())?;
    Ok(journal.close()?)
}

/// Verifies the journal of a till that is not open, also of one that does not open. Of a till whose keys only its
/// operators have, it checks what can be checked without them (the events' numbers, the tree over their leaf hashes,
/// the head) and says `till_locked` when that is in order: no seal was opened.
///
/// # Errors
/// `journal_damaged` with the place, `till_locked` as above, and the errors of keys and storage.
pub fn inspect(path: &Path, ports: &Ports) -> Result<VerifyReport, Error> {
    leaving::resume(path, ports)?;
    let mut locked = LockedJournal::open(path, JournalPorts::from(ports))?;
    match vault(&mut locked, ports).open_unclaimed() {
        Ok(masters) => Ok(locked.inspect(masters.keyring(), folds())?),
        Err(VaultError::AlreadyClaimed) => {
            locked.check()?;
            Err(Error::from(ErrorCode::TillLocked).word("state", "signed_out"))
        }
        Err(_) if locked.is_blank()? => Err(ErrorCode::NotProvisioned.into()),
        Err(error) => Err(error.into()),
    }
}

impl Till {
    /// Opens the till whose journal is at `path`, without its keys.
    ///
    /// # Errors
    /// `not_provisioned`, `till_open_elsewhere`, `journal_damaged` and the other errors of keys and storage.
    pub fn open(path: &Path, ports: &Ports) -> Result<Self, Error> {
        let owed = match leaving::resume(path, ports)? {
            Resumed::Nothing => Vec::new(),
            Resumed::Planted => vec![events::erasure_planted()],
            Resumed::Finished => return Err(Error::from(ErrorCode::NotProvisioned).word("why", "erased")),
        };
        let mut locked = match LockedJournal::open(path, JournalPorts::from(ports)) {
            Err(JournalError::NotThere) => return Err(ErrorCode::NotProvisioned.into()),
            opened => opened?,
        };
        let at = match vault(&mut locked, ports).open_unclaimed() {
            Ok(masters) => unclaimed(locked, &masters)?,
            Err(VaultError::AlreadyClaimed) => At::Closed { journal: locked, left: Left::SignedOut },
            // Its setting up was cut before anything was recorded, and can be done again.
            Err(_) if locked.is_blank()? => return Err(ErrorCode::NotProvisioned.into()),
            Err(error) => return Err(error.into()),
        };
        Ok(Self {
            at,
            device_keys: Arc::clone(&ports.device_keys),
            entropy: Arc::clone(&ports.entropy),
            faults: Arc::clone(&ports.faults),
            sensor: ports.biometric.clone(),
            recognitions: 0,
            posture: Posture::Trusted,
            connection_waits: false,
            has_encrypted_reader: ports.encrypted_reader.is_some(),
            flow: None,
            lock_wishes: Vec::new(),
            owed,
            unrecorded: None,
            ending_announced: false,
            tellings: Tellings::default(),
            put_off: VecDeque::new(),
            engine_alarm: None,
            sealing_rests: None,
            stopped: None,
            outputs: Vec::new(),
        })
    }
}

/// A till of nobody's: what the rules for its first password need is read once.
fn unclaimed(locked: LockedJournal, masters: &MasterKeys) -> Result<At, Error> {
    let journal = unlock(locked, masters)?;
    let configuration = account::configuration(&journal)?;
    Ok(At::Unclaimed { journal: journal.lock()?, configuration: Arc::new(configuration) })
}

fn unlock(locked: LockedJournal, masters: &MasterKeys) -> Result<Journal, JournalError> {
    locked.unlock(masters.keyring(), folds()).map_err(|(_, error)| error)
}

fn vault<'a>(locked: &'a mut LockedJournal, ports: &'a Ports) -> Vault<'a> {
    Vault::new(locked, &*ports.device_keys, &*ports.entropy)
}

/// What of the shop's rules must be known while nobody is signed in.
fn terms(policy: &ShopPolicy, params: Params) -> Terms {
    Terms {
        tries: policy.tries,
        lockout_ms: policy.lockout_ms,
        params,
        freeze_needs_password: policy.freeze_needs_password_at_lock_screen,
    }
}
