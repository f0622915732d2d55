//! Devices that do not lend what they should. Evidence: `sandbox/tests/till_provoke.rs`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use taptill::error::Error;
use taptill::ports::{DeviceKeysFault, Entropy, EntropyFault, Notice, Observer};
use taptill::terminal::Terminal;

use crate::desktop::{FolderDeviceKeys, RingEntropy};
use crate::faults::{FailingEntropy, FailingKeys, KeyCall};

use super::stage::{Played, Stage, broken, order};

pub(super) fn device_key_missing() -> Played {
    key_store_fails(DeviceKeysFault::NotFound)
}

pub(super) fn device_keys_unavailable() -> Played {
    key_store_fails(DeviceKeysFault::Unavailable)
}

pub(super) fn device_key_rejected() -> Played {
    key_store_fails(DeviceKeysFault::Damaged)
}

pub(super) fn entropy_failed() -> Played {
    let stage = Stage::set()?;
    stage.provision()?;
    stage.open_with(|ports| ports.entropy = FailingEntropy::after(0)).map(drop)
}

pub(super) fn till_failed() -> Played {
    let stage = Stage::set()?;
    let entropy = Arc::new(Panics(AtomicBool::new(false)));
    let lent = Arc::clone(&entropy);
    let till = stage.till_with(|ports| ports.entropy = lent)?;
    entropy.0.store(true, Ordering::Relaxed);
    till.sell(order(100)?).map(drop)
}

pub(super) fn called_from_port() -> Played {
    let stage = Stage::set()?;
    let (told, answer) = channel();
    let asks = Arc::new(Asks { till: OnceLock::new(), told: Mutex::new(told) });
    let lent = Arc::clone(&asks);
    stage.provision()?;
    let till = stage.open_for_nobody(|ports| ports.observer = lent)?;
    let _set_once = asks.till.set(Arc::downgrade(&till.terminal));
    crate::people::let_in(&till.terminal)?;
    let answer = answer.recv_timeout(Duration::from_secs(30)).map_err(broken)?;
    Ok(answer?)
}

/// A key store that fails when the till is opened.
fn key_store_fails(fault: DeviceKeysFault) -> Played {
    let stage = Stage::set()?;
    stage.till()?.terminal.close()?;
    let keys = FailingKeys::of(FolderDeviceKeys::open(&stage.device())?, KeyCall::Any, fault);
    stage.open_with(|ports| ports.device_keys = keys).map(drop)
}

/// A bug of the app's, once it is switched on.
struct Panics(AtomicBool);

impl Entropy for Panics {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyFault> {
        assert!(!self.0.load(Ordering::Relaxed), "this source of randomness has a bug, on purpose");
        RingEntropy::default().fill(buffer)
    }
}

/// An observer that asks the till in the middle of the till's own word.
struct Asks {
    till: OnceLock<Weak<Terminal>>,
    told: Mutex<Sender<Result<(), Error>>>,
}

impl Observer for Asks {
    fn hear(&self, _: &Notice) {
        if let Some(till) = self.till.get().and_then(Weak::upgrade) {
            let answer = till.till_state().map(drop);
            // Only the first answer is waited for.
            let _ = self.told.lock().unwrap_or_else(PoisonError::into_inner).send(answer);
        }
    }
}
