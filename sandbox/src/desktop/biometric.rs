//! A finger for development: keys in a folder that says so, and a word in a file for what the sensor makes of it.
//!
//! A key is bound to the enrolment it was made under, as a platform's is: another finger makes it void. It recognises
//! whoever runs the till, unless it was told otherwise.
//!
//! It never is a lock: whoever copies the folder has the finger. Evidence: `mod tests` below.

use std::fs;
use std::path::{Path, PathBuf};

use ring::rand::{SecureRandom, SystemRandom};
use taptill::ports::{BiometricFault, BiometricKey, DeviceKeys, DeviceKeysFault, KeyKind};
use taptill::secret::SecretBytes;

use super::FolderDeviceKeys;

type Fault = BiometricFault;

const ENROLMENT: &str = "enrolment";
const SENSOR: &str = "sensor";

/// What the simulated sensor makes of whoever touches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sensor {
    /// It is the enrolled person.
    Recognises,
    /// It is somebody else.
    Stranger,
    /// The person turns away.
    Cancelled,
    /// It does not serve.
    Off,
}

impl Sensor {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Recognises, Self::Stranger, Self::Cancelled, Self::Off];

    /// The stable word, as on the command line and in the folder.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Recognises => "recognises",
            Self::Stranger => "stranger",
            Self::Cancelled => "cancelled",
            Self::Off => "off",
        }
    }

    /// The one of this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sensor| sensor.word() == word)
    }
}

/// Biometric keys in a folder.
#[derive(Clone, Debug)]
pub struct FolderBiometricKeys {
    keys: FolderDeviceKeys,
    folder: PathBuf,
}

impl FolderBiometricKeys {
    /// Opens the folder, and makes it if it is not there.
    ///
    /// # Errors
    /// Those of [`FolderDeviceKeys::open`].
    pub fn open(folder: &Path) -> Result<Self, DeviceKeysFault> {
        Ok(Self { keys: FolderDeviceKeys::open(folder)?, folder: folder.to_path_buf() })
    }

    /// Tells the sensor what to make of whoever touches it.
    ///
    /// # Errors
    /// [`DeviceKeysFault::Unavailable`].
    pub fn tell(&self, sensor: Sensor) -> Result<(), DeviceKeysFault> {
        fs::write(self.folder.join(SENSOR), sensor.word()).map_err(|_| DeviceKeysFault::Unavailable)
    }

    /// Another finger is enrolled: every key is void.
    ///
    /// # Errors
    /// [`DeviceKeysFault::Unavailable`].
    pub fn enrol_another(&self) -> Result<(), DeviceKeysFault> {
        let mut enrolment = [0; 16];
        SystemRandom::new().fill(&mut enrolment).map_err(|_| DeviceKeysFault::Unavailable)?;
        fs::write(self.folder.join(ENROLMENT), enrolment).map_err(|_| DeviceKeysFault::Unavailable)
    }

    fn look(&self) -> Result<(), Fault> {
        let told = fs::read_to_string(self.folder.join(SENSOR)).unwrap_or_default();
        match Sensor::from_word(told.trim()) {
            None | Some(Sensor::Recognises) => Ok(()),
            Some(Sensor::Stranger) => Err(Fault::NotRecognised),
            Some(Sensor::Cancelled) => Err(Fault::Cancelled),
            Some(Sensor::Off) => Err(Fault::Unavailable),
        }
    }

    /// What a key is bound to: the caller's context, and who is enrolled.
    fn bound(&self, context: &[u8]) -> Vec<u8> {
        let enrolment = fs::read(self.folder.join(ENROLMENT)).unwrap_or_default();
        [enrolment.as_slice(), b"|", context].concat()
    }
}

impl BiometricKey for FolderBiometricKeys {
    fn create(&self, alias: &str, secret: &SecretBytes, context: &[u8]) -> Result<Vec<u8>, Fault> {
        self.look()?;
        self.keys.create(alias, KeyKind::Wrap).map_err(unavailable)?;
        self.keys.wrap(alias, secret.expose(), &self.bound(context)).map_err(unavailable)
    }

    fn release(&self, alias: &str, wrapped: &[u8], context: &[u8]) -> Result<SecretBytes, Fault> {
        self.look()?;
        self.keys.unwrap(alias, wrapped, &self.bound(context)).map_err(|fault| match fault {
            DeviceKeysFault::NotFound => Fault::NotFound,
            DeviceKeysFault::Rejected => Fault::Void,
            _ => Fault::Unavailable,
        })
    }

    fn destroy(&self, alias: &str) -> Result<(), Fault> {
        self.keys.destroy(alias).map_err(unavailable)
    }
}

fn unavailable(_: DeviceKeysFault) -> Fault {
    Fault::Unavailable
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALIAS: &str = "vault.biometric.00";

    #[test]
    fn a_key_is_released_to_the_enrolled_person_alone() {
        let folder = tempfile::tempdir().unwrap();
        let keys = FolderBiometricKeys::open(&folder.path().join("fingers")).unwrap();
        let secret = SecretBytes::new(b"32 bytes that nobody else may see".to_vec());
        let wrapped = keys.create(ALIAS, &secret, b"slot").unwrap();
        let release = |context: &[u8]| keys.release(ALIAS, &wrapped, context).map(|found| found.expose().to_vec());
        assert_eq!(release(b"slot"), Ok(secret.expose().to_vec()));
        assert_eq!(release(b"another slot"), Err(Fault::Void));
        assert_eq!(keys.create(ALIAS, &secret, b"slot"), Err(Fault::Unavailable), "one alias wraps once");
        let told = [
            (Sensor::Stranger, Err(Fault::NotRecognised)),
            (Sensor::Cancelled, Err(Fault::Cancelled)),
            (Sensor::Off, Err(Fault::Unavailable)),
            (Sensor::Recognises, Ok(())),
        ];
        for (sensor, verdict) in told {
            keys.tell(sensor).unwrap();
            assert_eq!(release(b"slot").map(|_| ()), verdict, "{sensor:?}");
            assert_eq!(Sensor::from_word(sensor.word()), Some(sensor));
        }
        keys.enrol_another().unwrap();
        assert_eq!(release(b"slot"), Err(Fault::Void));
        keys.destroy(ALIAS).unwrap();
        keys.destroy(ALIAS).unwrap();
        assert_eq!(release(b"slot"), Err(Fault::NotFound));
    }
}
