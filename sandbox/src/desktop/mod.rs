//! The desktop's side of the ports: what a phone lends the core, lent by an ordinary computer.
//!
//! Keys are files in a folder, marked as for development; time and randomness are the system's. The folder
//! must be outside the till's own, so that a copy of the till is worthless without it, as on a phone.
//!
//! It never pretends to be hardware: it attests to nothing. Evidence: `mod tests` of each file.

mod biometric;
mod clock;
mod keys;

pub use biometric::{FolderBiometricKeys, Sensor};
pub use clock::SystemClock;
pub use keys::FolderDeviceKeys;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ring::rand::{SecureRandom, SystemRandom};
use taptill::ports::{DeviceKeysFault, Entropy, EntropyFault, FaultPlan, NetworkPosture, Observer, Ports, Posture};

/// Where the simulated finger's keys lie in the folder that stands for a device.
#[must_use]
pub fn fingers(device_dir: &Path) -> PathBuf {
    device_dir.join("fingers")
}

/// All ports of a desktop till whose device keys live in `device_dir`.
///
/// # Errors
/// Those of [`FolderDeviceKeys::open`].
pub fn desktop_ports(
    device_dir: &Path,
    observer: Arc<dyn Observer>,
    faults: Arc<dyn FaultPlan>,
) -> Result<Ports, DeviceKeysFault> {
    // Before what lies in it, which would make the folder without its note.
    let device_keys = Arc::new(FolderDeviceKeys::open(device_dir)?);
    Ok(Ports {
        device_keys,
        clock: Arc::new(SystemClock::new()),
        entropy: Arc::new(RingEntropy::default()),
        network_posture: Arc::new(FiledPosture(posture_file(device_dir))),
        encrypted_reader: None,
        biometric: Some(Arc::new(FolderBiometricKeys::open(&fingers(device_dir))?)),
        observer,
        faults,
    })
}

/// The operating system's random bytes, through `ring`.
#[derive(Clone, Debug)]
pub struct RingEntropy(SystemRandom);

impl Default for RingEntropy {
    fn default() -> Self {
        Self(SystemRandom::new())
    }
}

impl Entropy for RingEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyFault> {
        self.0.fill(buffer).map_err(|_| EntropyFault)
    }
}

/// A network that is what somebody said it is: a desktop has no better knowledge.
#[derive(Clone, Copy, Debug)]
pub struct StatedPosture(pub Posture);

impl NetworkPosture for StatedPosture {
    fn posture(&self) -> Posture {
        self.0
    }
}

/// A network that is what a file in the device's folder says: its word. Without one it is trusted; a word that is not known
/// is no network.
#[derive(Clone, Debug)]
pub struct FiledPosture(pub PathBuf);

impl NetworkPosture for FiledPosture {
    fn posture(&self) -> Posture {
        let Ok(word) = fs::read_to_string(&self.0) else { return Posture::Trusted };
        posture_of(word.trim()).unwrap_or(Posture::Absent)
    }
}

/// The posture of this word.
#[must_use]
pub fn posture_of(word: &str) -> Option<Posture> {
    Posture::ALL.into_iter().find(|posture| posture.word() == word)
}

/// Where the simulated network of this device stands.
#[must_use]
pub fn posture_file(device: &Path) -> PathBuf {
    device.join("network")
}

#[cfg(test)]
mod tests {
    use super::*;
    use taptill::ports::{Deaf, NoFaults};

    #[test]
    fn desktop_ports_lend_working_keys_time_and_randomness() {
        let folder = tempfile::tempdir().unwrap();
        let ports = desktop_ports(&folder.path().join("device"), Arc::new(Deaf), Arc::new(NoFaults)).unwrap();
        let (mut one, mut two) = ([0; 32], [0; 32]);
        ports.entropy.fill(&mut one).unwrap();
        ports.entropy.fill(&mut two).unwrap();
        assert_ne!(one, two);
        let (first, second) = (ports.clock.now(), ports.clock.now());
        assert!(first.mono <= second.mono && first.boot == second.boot);
        assert_eq!(ports.device_keys.exists("journal.waiting"), Ok(false));
        assert_eq!(ports.network_posture.posture(), Posture::Trusted);
    }
}
