//! The file by which an acquirer makes a till its own.
//!
//! Versioned JSON in two halves: `configuration`, which is journalled as it is, and `secrets`, which are wiped
//! on drop and only ever stored wrapped. The whole file is checked before any of it is used, neighbours'
//! formats included: the dialect compiles, the card keys have their digests, the master key is a key.
//!
//! It has no `Debug`. Evidence: `provisioning/tests.rs`, one row a refusal.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::account::configuration::{Configuration, ConfigurationError, is_pem};
use crate::account::secret_text::SecretText;
use crate::emv::CaKeys;
use crate::error::{Error, ErrorCode};
use crate::hex;
use crate::iso8583::{Dialect, Op};
use crate::secret::SecretBytes;

/// The only version of the file that there is.
pub const PROVISIONING_VERSION: u32 = 1;

/// What an acquirer gives a till.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provisioning {
    /// [`PROVISIONING_VERSION`].
    pub version: u32,
    /// What may be known.
    pub configuration: Configuration,
    /// What may not.
    pub secrets: Secrets,
}

/// The secrets of a provisioning. They have no `Debug` and are wiped on drop.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// Terminal master key: 32 hex digits (two DES keys).
    pub master_key_hex: SecretText,
    /// The private key of the till's certificate, PEM.
    pub client_key_pem: SecretText,
}

/// What a checked provisioning means.
pub(super) struct Checked {
    pub dialect: Arc<Dialect>,
    pub ca_keys: Arc<CaKeys>,
}

/// Why a provisioning is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProvisioningError {
    /// The file is not JSON of the agreed shape.
    NotReadable {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// The file is of a version that this till does not know.
    VersionUnknown(u32),
    /// A part of the configuration breaks a rule.
    Configuration(ConfigurationError),
    /// The dialect does not compile.
    Dialect(crate::iso8583::DialectError),
    /// The dialect lacks a message without which a till cannot sell.
    DialectLacks(Op),
    /// A card key is not what its digest says, or the list is not in the agreed form.
    CaKeys,
    /// A secret breaks a rule.
    Secret(ConfigurationError),
}

impl Provisioning {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`ProvisioningError`]; the file's contents are not repeated in it.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ProvisioningError> {
        let read: Self = serde_json::from_slice(bytes)
            .map_err(|error| ProvisioningError::NotReadable { line: error.line(), column: error.column() })?;
        read.check()?;
        Ok(read)
    }

    /// The file. All of it is secret.
    #[must_use]
    pub fn to_json(&self) -> SecretBytes {
        let mut room = Zeroizing::new(Vec::with_capacity(JSON_BYTES_EXPECTED));
        serde_json::to_writer_pretty(&mut *room, self).expect("a provisioning has text keys and writes to memory");
        SecretBytes::new(room.to_vec())
    }

    /// Checks everything that can be known without the host.
    ///
    /// # Errors
    /// The first [`ProvisioningError`].
    pub fn check(&self) -> Result<(), ProvisioningError> {
        if self.version != PROVISIONING_VERSION {
            return Err(ProvisioningError::VersionUnknown(self.version));
        }
        self.configuration.check().map_err(ProvisioningError::Configuration)?;
        compile(&self.configuration)?;
        self.secrets.check().map_err(ProvisioningError::Secret)
    }
}

impl Secrets {
    /// The master key's bytes.
    ///
    /// # Errors
    /// [`ConfigurationError`] when it is not 32 hex digits.
    pub fn master_key(&self) -> Result<SecretBytes, ConfigurationError> {
        let refused = ConfigurationError { part: "secrets.master_key_hex", rule: "32 hex digits, not all the same" };
        let digits = self.master_key_hex.expose();
        if digits.len() != 32 || digits.bytes().all(|digit| digit == digits.as_bytes()[0]) {
            return Err(refused);
        }
        hex::decode(digits).map(SecretBytes::new).ok_or(refused)
    }

    fn check(&self) -> Result<(), ConfigurationError> {
        self.master_key()?;
        let key = self.client_key_pem.expose();
        if ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"].iter().any(|kind| is_pem(key, kind)) {
            Ok(())
        } else {
            Err(ConfigurationError { part: "secrets.client_key_pem", rule: "a private key in PEM" })
        }
    }
}

/// Builds what the texts of a configuration mean.
pub(super) fn compile(configuration: &Configuration) -> Result<Checked, ProvisioningError> {
    let dialect = Dialect::from_toml(&configuration.dialect).map_err(ProvisioningError::Dialect)?;
    if let Some(lacking) = [Op::SignOn, Op::Sale, Op::Reversal].into_iter().find(|op| dialect.row(*op).is_none()) {
        return Err(ProvisioningError::DialectLacks(lacking));
    }
    let ca_keys = CaKeys::from_json(&configuration.ca_keys.to_string()).map_err(|_| ProvisioningError::CaKeys)?;
    Ok(Checked { dialect: Arc::new(dialect), ca_keys: Arc::new(ca_keys) })
}

impl fmt::Display for ProvisioningError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotReadable { line, column } => {
                write!(f, "the provisioning is not readable at line {line}, column {column}")
            }
            Self::VersionUnknown(version) => write!(f, "the provisioning's version {version} is not known"),
            Self::Configuration(error) | Self::Secret(error) => error.fmt(f),
            Self::Dialect(_) => f.write_str("the dialect breaks a rule"),
            Self::DialectLacks(op) => write!(f, "the dialect has no {} message", op.word()),
            Self::CaKeys => f.write_str("a CA key is not what its digest says"),
        }
    }
}

impl std::error::Error for ProvisioningError {}

impl From<ProvisioningError> for Error {
    fn from(error: ProvisioningError) -> Self {
        match error {
            ProvisioningError::NotReadable { line, column } => Self::from(ErrorCode::ConfigurationInvalid)
                .word("rule", "JSON of the agreed shape")
                .number("line", line as u64)
                .number("column", column as u64),
            ProvisioningError::VersionUnknown(version) => Self::from(ErrorCode::ConfigurationInvalid)
                .word("part", "version")
                .word("rule", "one that this till knows")
                .number("version", u64::from(version)),
            ProvisioningError::Configuration(error) | ProvisioningError::Secret(error) => error.into(),
            ProvisioningError::Dialect(_) => ErrorCode::DialectInvalid.into(),
            ProvisioningError::DialectLacks(op) => {
                Self::from(ErrorCode::DialectInvalid).word("message_missing", op.word())
            }
            ProvisioningError::CaKeys => ErrorCode::CaKeyInvalid.into(),
        }
    }
}

/// Enough for one dialect and thirty card keys, so that the buffer does not grow and leave copies behind.
const JSON_BYTES_EXPECTED: usize = 256 * 1024;

#[cfg(test)]
mod tests;
