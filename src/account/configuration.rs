//! What a till knows about itself: everything of a provisioning that is no secret.
//!
//! It is journalled whole when the provisioning is accepted, dialect included, so that a reversal after a
//! restart speaks the language in which the sale was sent.
//!
//! It never holds a key or a password. Evidence: `provisioning/tests.rs`.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::account::network::NetworkPolicy;
use crate::emv::TerminalData;
use crate::error::{Error, ErrorCode};
use crate::ids::{MerchantId, TerminalId};
use crate::merkle::VerifierKey;
use crate::money::{AMOUNT_MINOR_MAX, Amount, Currency};
use crate::receipt::Zone;

/// What a till knows about itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// Terminal id (TID).
    pub terminal_id: TerminalId,
    /// Merchant id (MID).
    pub merchant_id: MerchantId,
    /// The shop, as receipts show it.
    pub merchant: Merchant,
    /// IANA name of the shop's time zone, for receipts.
    pub time_zone: String,
    /// The host's day: minutes east of UTC, -720 to 840. Messages carry the time of this place.
    pub host_utc_offset_minutes: i16,
    /// The only currency that this till sells in.
    pub currency: Currency,
    /// How much may be sold.
    pub limits: Limits,
    /// Where the host is and how it is recognised.
    pub host: HostAddress,
    /// What the acquirer's words are checked with, as a vkey (C2SP signed-note); a till without one believes none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acquirer_key: Option<String>,
    /// The till's own certificate chain, PEM.
    pub client_certificate_pem: String,
    /// The dialect, as TOML text.
    pub dialect: String,
    /// The card kernels' terminal data.
    pub terminal_data: TerminalData,
    /// The schemes' public keys, in the JSON form of the card room.
    pub ca_keys: serde_json::Value,
    /// What the till does about debts.
    pub policy: Policy,
    /// Which networks it may use, and for what.
    #[serde(default, skip_serializing_if = "NetworkPolicy::is_usual")]
    pub network: NetworkPolicy,
    /// How costly its people's passwords are to try.
    #[serde(default, skip_serializing_if = "PasswordWork::is_calibrated")]
    pub password_work: PasswordWork,
}

/// How costly passwords are to try.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PasswordWork {
    /// As costly as this device can make it in a quarter to half a second; measured when the till is claimed.
    #[default]
    Calibrated,
    /// The least that is used anywhere: for tills of a sandbox.
    Floor,
}

impl PasswordWork {
    /// What is not said otherwise.
    fn is_calibrated(&self) -> bool {
        *self == Self::Calibrated
    }
}

/// The shop, as receipts show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Merchant {
    /// Its name, 1 to 64 characters.
    pub name: String,
    /// Its address, one line an entry, at most 4 lines of 64 characters.
    pub address: Vec<String>,
}

/// How much may be sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// The largest sale in minor units of the till's currency, 1 to [`AMOUNT_MINOR_MAX`].
    pub sale_max_minor: u64,
}

/// Where the host is and how it is recognised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostAddress {
    /// `name:port` or `address:port`.
    pub address: String,
    /// The name in the host's certificate.
    pub server_name: String,
    /// The authorities that may have signed it, PEM.
    pub ca_pem: String,
    /// SHA-256 of the host's SubjectPublicKeyInfo, 64 hex digits.
    pub spki_sha256: String,
    /// The same of the key that may replace it.
    pub spki_sha256_backup: Option<String>,
}

/// What the till does about debts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Wait before the second send of a reversal, in milliseconds, 1 to 3 600 000; doubled after each.
    pub reversal_wait_first_ms: u64,
    /// The longest wait between two sends, in milliseconds, from the first wait to 3 600 000.
    pub reversal_wait_max_ms: u64,
    /// After how many final refusals by the host a reversal counts as stuck, 1 to 100.
    pub reversal_refusals_max: u32,
    /// Whether a stuck reversal keeps the till from selling.
    pub stuck_blocks_sales: bool,
    /// Whether the next attempt waits until every debt is closed or stuck; otherwise for one round of them.
    #[serde(default = "yes")]
    pub block_next: bool,
    /// How old an open debt may be before nothing is sold, in milliseconds, from 60 000 to 30 days.
    #[serde(default = "a_day_ms")]
    pub debt_age_max_ms: u64,
}

fn yes() -> bool {
    true
}

fn a_day_ms() -> u64 {
    86_400_000
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            reversal_wait_first_ms: 1_000,
            reversal_wait_max_ms: 60_000,
            reversal_refusals_max: 3,
            stuck_blocks_sales: false,
            block_next: yes(),
            debt_age_max_ms: a_day_ms(),
        }
    }
}

/// Which part of a configuration breaks a rule, and which rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfigurationError {
    /// The part, by its name in the file.
    pub part: &'static str,
    /// The rule, in words.
    pub rule: &'static str,
}

impl fmt::Display for ConfigurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} must be {}", self.part, self.rule)
    }
}

impl std::error::Error for ConfigurationError {}

impl From<ConfigurationError> for Error {
    fn from(error: ConfigurationError) -> Self {
        Self::from(ErrorCode::ConfigurationInvalid).word("part", error.part).word("rule", error.rule)
    }
}

impl Configuration {
    /// Checks everything that can be judged without the neighbours' formats.
    ///
    /// # Errors
    /// The first [`ConfigurationError`], in the order of the file.
    pub fn check(&self) -> Result<(), ConfigurationError> {
        let policy = self.policy;
        let waits = policy.reversal_wait_first_ms..=WAIT_MS_MAX;
        let rules: [(&'static str, bool, &'static str); 16] = [
            ("merchant.name", is_line(&self.merchant.name), LINE_RULE),
            ("merchant.address", is_address(&self.merchant.address), "at most 4 lines of 1 to 64 characters"),
            ("time_zone", is_zone_name(&self.time_zone), "an IANA time zone name"),
            ("host_utc_offset_minutes", (-720..=840).contains(&self.host_utc_offset_minutes), "-720 to 840"),
            ("limits.sale_max_minor", is_limit(self.limits.sale_max_minor), "1 to 999999999999"),
            ("host.address", is_address_with_port(&self.host.address), "a name or address, a colon and a port"),
            ("host.server_name", is_host_name(&self.host.server_name), "a host name or address"),
            ("host.ca_pem", is_pem(&self.host.ca_pem, "CERTIFICATE"), "certificates in PEM"),
            ("host.spki_sha256", is_digest(&self.host.spki_sha256), DIGEST_RULE),
            ("host.spki_sha256_backup", self.host.spki_sha256_backup.iter().all(|pin| is_digest(pin)), DIGEST_RULE),
            ("acquirer_key", self.acquirer_key.iter().all(|key| VerifierKey::parse(key).is_ok()), "a vkey"),
            ("client_certificate_pem", is_pem(&self.client_certificate_pem, "CERTIFICATE"), "certificates in PEM"),
            (
                "policy.reversal_wait_first_ms",
                (1..=WAIT_MS_MAX).contains(&policy.reversal_wait_first_ms),
                "1 to 3600000",
            ),
            ("policy.reversal_wait_max_ms", waits.contains(&policy.reversal_wait_max_ms), "the first wait to 3600000"),
            ("policy.reversal_refusals_max", (1..=100).contains(&policy.reversal_refusals_max), "1 to 100"),
            ("policy.debt_age_max_ms", (60_000..=AGE_MS_MAX).contains(&policy.debt_age_max_ms), "60000 to 2592000000"),
        ];
        match rules.into_iter().find(|(_, holds, _)| !holds) {
            Some((part, _, rule)) => Err(ConfigurationError { part, rule }),
            None => Ok(()),
        }
    }

    /// Whether this amount may be sold here.
    ///
    /// # Errors
    /// `amount_zero`, `currency_not_accepted`, `amount_over_limit`, in this order.
    pub fn admits(&self, amount: Amount) -> Result<(), Error> {
        if amount.minor() == 0 {
            return Err(ErrorCode::AmountZero.into());
        }
        if amount.currency() != self.currency {
            return Err(ErrorCode::CurrencyNotAccepted.into());
        }
        if amount.minor() > self.limits.sale_max_minor {
            return Err(Error::from(ErrorCode::AmountOverLimit).number("limit_minor", self.limits.sale_max_minor));
        }
        Ok(())
    }
}

fn is_line(text: &str) -> bool {
    (1..=64).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

fn is_address(lines: &[String]) -> bool {
    lines.len() <= 4 && lines.iter().all(|line| is_line(line))
}

/// A zone that receipts can be dated in, by a name that is short and plain.
fn is_zone_name(name: &str) -> bool {
    let is_plain = (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte));
    is_plain && Zone::named(name).is_ok()
}

fn is_limit(minor: u64) -> bool {
    (1..=AMOUNT_MINOR_MAX).contains(&minor)
}

fn is_address_with_port(address: &str) -> bool {
    address.rsplit_once(':').is_some_and(|(name, port)| {
        let port = port.parse::<u16>().is_ok_and(|port| port > 0);
        port && is_host_name(name.trim_start_matches('[').trim_end_matches(']'))
    })
}

fn is_host_name(name: &str) -> bool {
    (1..=253).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:".contains(&byte))
}

pub(super) fn is_digest(digest: &str) -> bool {
    digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether there is at least one armoured block of this kind; the TLS adapter reads the contents.
pub(super) fn is_pem(text: &str, kind: &str) -> bool {
    let begin = text.find(&format!("-----BEGIN {kind}-----"));
    let end = text.rfind(&format!("-----END {kind}-----"));
    matches!((begin, end), (Some(begin), Some(end)) if begin < end)
}

const LINE_RULE: &str = "1 to 64 characters in one line";
const DIGEST_RULE: &str = "64 hex digits";
const WAIT_MS_MAX: u64 = 3_600_000;
const AGE_MS_MAX: u64 = 2_592_000_000;
