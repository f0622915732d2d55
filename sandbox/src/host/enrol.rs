//! Enrolling a terminal: the host learns of it, its till gets everything to begin with.
//!
//! Terminal and merchant id, master key and client certificate are new for each terminal; the dialect is stored
//! with it, so that two tills of one host may speak differently. The master key exists in two places only: the
//! host's book and the provisioning, which the till wraps and forgets.
//!
//! It never enrols by itself: only the owner of the home folder can. Evidence: `sandbox/tests/host_tls.rs`.

use std::path::Path;

use ring::rand::SystemRandom;
use taptill::account::{
    Configuration, HostAddress, Limits, Merchant, NetworkPolicy, PROVISIONING_VERSION, PasswordWork, Policy,
    Provisioning, SecretText, Secrets,
};
use taptill::emv::TerminalData;
use taptill::hex;
use taptill::ids::{BatchNo, MerchantId, TerminalId};
use taptill::iso8583::{Dialect, Op};
use taptill::money::Currency;
use taptill::ports::Entropy;
use taptill::secret::SecretBytes;

use super::acquirer::{Acquirer, SystemEntropy};
use super::book::{Book, TerminalRow};
use super::certificates::{Certificates, ClientIdentity, SERVER_NAME, TrustAnchor, sha256};
use super::day::{TIME_ZONE, UTC_OFFSET_MINUTES};
use super::error::HostError;
use super::home::Home;
use crate::card::ca_keys_json;

const MASTER_KEY_BYTES: usize = 16;

/// What may be chosen for a terminal.
#[derive(Clone, Debug)]
pub struct Options {
    /// The terminal's only currency.
    pub currency: Currency,
    /// The largest sale, in minor units, 1 to 999 999 999 999. The host holds the terminal to it too.
    pub sale_max_minor: u64,
    /// The shop's name, as receipts show it.
    pub merchant_name: String,
    /// The shop's address, at most four lines.
    pub merchant_address: Vec<String>,
    /// IANA name of the shop's time zone.
    pub time_zone: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            currency: Currency::CNY,
            sale_max_minor: 5_000_000,
            merchant_name: "Sandbox shop 沙盒商店".into(),
            merchant_address: vec!["1 Test Road, Shanghai".into(), "上海市测试路1号".into()],
            time_zone: TIME_ZONE.into(),
        }
    }
}

/// A terminal as the host has registered it.
pub struct Enrolled {
    /// Terminal id (TID).
    pub terminal: TerminalId,
    /// Merchant id (MID).
    pub merchant: MerchantId,
    /// Terminal master key, two DES keys.
    pub master_key: SecretBytes,
    /// The dialect, as TOML text.
    pub dialect_toml: String,
    /// What the acquirer's words are checked with, as a vkey.
    pub acquirer_key: String,
}

/// Enrols a new terminal at the host of this home, which may be running, and gives what its till needs.
/// `dialect` is the name of a shipped dialect, `address` where the host listens, as `127.0.0.1:9583`.
///
/// # Errors
/// `DialectUnknown`, `OptionsUnusable`, `HomeUnusable`, `CertificatesUnusable`, `BookUnusable`, `EntropyFailed`.
pub fn provision(home: &Path, dialect: &str, address: &str, options: &Options) -> Result<Provisioning, HostError> {
    provision_in(home, Dialect::shipped(dialect).ok_or(HostError::DialectUnknown)?, address, options)
}

/// The same for a dialect of the caller's own, given as TOML text.
///
/// # Errors
/// `DialectUnusable` in place of `DialectUnknown`.
pub fn provision_in(
    home: &Path,
    dialect_toml: &str,
    address: &str,
    options: &Options,
) -> Result<Provisioning, HostError> {
    let (mut book, certificates) = open_home(home)?;
    let entropy = SystemEntropy(SystemRandom::new());
    let certify = |terminal: &TerminalId| {
        let client = certificates.issue_client(terminal.as_str())?;
        Ok((client.certificate_sha256.clone(), client))
    };
    let (enrolled, client) = register(&mut book, &entropy, dialect_toml, options, certify)?;
    provisioning_of(enrolled, certificates.trust_anchor()?, client, address, options)
}

impl Acquirer {
    /// Registers a terminal without certificates, for connections whose identity the caller vouches for. The
    /// dialect is a TOML text.
    ///
    /// # Errors
    /// `DialectUnusable`, `EntropyFailed`, `BookUnusable`.
    pub fn enrol(&mut self, dialect_toml: &str, options: &Options) -> Result<Enrolled, HostError> {
        let entropy = self.entropy();
        let without_certificate = |terminal: &TerminalId| Ok((sha256(terminal.as_str().as_bytes()), ()));
        Ok(register(self.book_mut(), &*entropy, dialect_toml, options, without_certificate)?.0)
    }
}

/// Makes sure that a host of ours can serve the dialect.
fn check_dialect(toml: &str) -> Result<(), HostError> {
    let dialect = Dialect::from_toml(toml).map_err(|_| HostError::DialectUnusable)?;
    let has_all = [Op::Echo, Op::SignOn, Op::Sale, Op::Reversal].iter().all(|op| dialect.row(*op).is_some());
    let approves = dialect.row(Op::Sale).is_some_and(|row| row.approves(b"00"));
    if has_all && approves { Ok(()) } else { Err(HostError::DialectUnusable) }
}

/// Registers a terminal under the next free ids; `certify` gives the SHA-256 of its certificate.
fn register<T>(
    book: &mut Book,
    entropy: &dyn Entropy,
    dialect_toml: &str,
    options: &Options,
    certify: impl FnOnce(&TerminalId) -> Result<(Vec<u8>, T), HostError>,
) -> Result<(Enrolled, T), HostError> {
    check_dialect(dialect_toml)?;
    let master_key = random_des_key(entropy, MASTER_KEY_BYTES)?;
    book.change(|page| {
        let number = page.terminal_count()? + 1;
        let id = |text: String| TerminalId::new(text).map_err(|_| HostError::BookUnusable);
        let (terminal, merchant) = (id(format!("SBX{number:05}"))?, merchant_id()?);
        let (certificate_sha256, certified) = certify(&terminal)?;
        let row = TerminalRow {
            terminal,
            merchant,
            dialect_toml: dialect_toml.to_owned(),
            certificate_sha256,
            currency: options.currency,
            amount_limit_minor: options.sale_max_minor,
            batch: BatchNo::new(1).map_err(|_| HostError::BookUnusable)?,
            tmk: master_key,
            mak: None,
            journal_head: None,
            parameters: None,
            held: None,
            has_left: false,
        };
        page.add_terminal(&row)?;
        let acquirer_key = page.public_key(entropy)?;
        let TerminalRow { terminal, merchant, tmk: master_key, dialect_toml, .. } = row;
        Ok((Enrolled { terminal, merchant, master_key, dialect_toml, acquirer_key }, certified))
    })
}

fn merchant_id() -> Result<MerchantId, HostError> {
    MerchantId::new("SANDBOX00000001").map_err(|_| HostError::BookUnusable)
}

/// Random DES key bytes with odd parity.
pub(super) fn random_des_key(entropy: &dyn Entropy, length: usize) -> Result<SecretBytes, HostError> {
    let mut key = vec![0; length];
    entropy.fill(&mut key).map_err(|_| HostError::EntropyFailed)?;
    for byte in &mut key {
        *byte ^= u8::from(byte.count_ones() % 2 == 0);
    }
    Ok(SecretBytes::new(key))
}

fn provisioning_of(
    enrolled: Enrolled,
    trust: TrustAnchor,
    client: ClientIdentity,
    address: &str,
    options: &Options,
) -> Result<Provisioning, HostError> {
    let [spki_sha256, spki_sha256_backup] = trust.pins;
    let configuration = Configuration {
        terminal_id: enrolled.terminal,
        merchant_id: enrolled.merchant,
        merchant: Merchant { name: options.merchant_name.clone(), address: options.merchant_address.clone() },
        time_zone: options.time_zone.clone(),
        host_utc_offset_minutes: UTC_OFFSET_MINUTES,
        currency: options.currency,
        limits: Limits { sale_max_minor: options.sale_max_minor },
        host: HostAddress {
            address: address.to_owned(),
            server_name: SERVER_NAME.to_owned(),
            ca_pem: trust.ca_pem,
            spki_sha256,
            spki_sha256_backup: Some(spki_sha256_backup),
        },
        acquirer_key: Some(enrolled.acquirer_key),
        client_certificate_pem: client.certificate_pem,
        dialect: enrolled.dialect_toml,
        terminal_data: TerminalData::sandbox(),
        ca_keys: serde_json::from_str(ca_keys_json()).map_err(|_| HostError::OptionsUnusable)?,
        policy: Policy::default(),
        network: NetworkPolicy::default(),
        password_work: PasswordWork::Floor,
    };
    let master_key_hex = hex::encode(enrolled.master_key.expose());
    let secrets = Secrets { master_key_hex: SecretText::new(master_key_hex), client_key_pem: client.key_pem };
    let provisioning = Provisioning { version: PROVISIONING_VERSION, configuration, secrets };
    provisioning.check().map_err(|_| HostError::OptionsUnusable)?;
    Ok(provisioning)
}

/// The certificate authority of a home that may be made by this call.
fn open_home(folder: &Path) -> Result<(Book, Certificates), HostError> {
    let home = Home::prepare(folder)?;
    Ok((home.open_book()?, home.certificates()?))
}
