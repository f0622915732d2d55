//! Accepting a provisioning, and opening the till with it.
//!
//! The order is: check, wrapping key, then one journal event with the configuration and, in the same
//! transaction, the wrapped secrets. A crash before the event leaves a key that wraps nothing and is used the
//! next time.
//!
//! It never stores a secret that the device has not wrapped. Evidence: `tests/payment_flows.rs`,
//! `account/accept/tests.rs`.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::account::configuration::Configuration;
use crate::account::password::Day;
use crate::account::pins::NewPins;
use crate::account::policy::ShopPolicy;
use crate::account::provisioning::{Checked, Provisioning, Secrets, compile};
use crate::account::renewal::Renewal;
use crate::clock::Now;
use crate::emv::CaKeys;
use crate::error::{Error, ErrorCode};
use crate::iso8583::Dialect;
use crate::journal::{Draft, Event, Fold, FoldError, Journal, Rows, SideWork};
use crate::ports::{DeviceKeys, DeviceKeysFault, KeyKind};
use crate::secret::SecretBytes;

/// A provisioned till, with its secrets unwrapped.
pub struct Account {
    /// What the till knows about itself.
    pub configuration: Configuration,
    /// How it speaks with its host.
    pub dialect: Arc<Dialect>,
    /// The schemes' keys.
    pub ca_keys: Arc<CaKeys>,
    /// Its secrets; drop them as soon as they are handed on.
    pub secrets: Secrets,
}

/// Makes a new till this acquirer's.
///
/// # Errors
/// What [`Provisioning::check`] refuses; `already_provisioned`, with whether the contents are the same; the
/// errors of the device's keys and of the journal.
pub fn accept(
    journal: &mut Journal,
    provisioning: &Provisioning,
    device_keys: &dyn DeviceKeys,
    now: Now,
) -> Result<(), Error> {
    provisioning.check()?;
    if let Some(present) = configuration_of(journal)? {
        let contents = if present == provisioning.configuration { "the_same" } else { "different" };
        return Err(Error::from(ErrorCode::AlreadyProvisioned).word("contents", contents));
    }
    let wrapped = wrap(&provisioning.secrets, &provisioning.configuration, &alias(0), device_keys)?;
    let draft = Draft {
        kind: PROVISIONED,
        v: 1,
        attempt: None,
        operator: None,
        body: serde_json::to_value(&provisioning.configuration).expect("a configuration has text keys"),
        may_use_ballast: false,
    };
    journal.append(draft, SideWork::Keep { name: SECRETS_ROW.to_owned(), payload: wrapped }, now)?;
    Ok(())
}

/// Whether this journal belongs to a provisioned till.
///
/// # Errors
/// Those of the journal.
pub fn is_provisioned(journal: &Journal) -> Result<bool, Error> {
    Ok(journal.row(FOLD, CONFIGURATION_ROW)?.is_some())
}

/// What the till was provisioned with.
///
/// # Errors
/// `not_provisioned`, and those of the journal.
pub fn configuration(journal: &Journal) -> Result<Configuration, Error> {
    configuration_of(journal)?.ok_or_else(|| ErrorCode::NotProvisioned.into())
}

/// Reads the configuration and unwraps the secrets.
///
/// # Errors
/// `not_provisioned`; `device_key_missing` and its like; `journal_damaged` where the secrets' row is gone.
pub fn open(journal: &Journal, device_keys: &dyn DeviceKeys) -> Result<Account, Error> {
    let configuration = configuration(journal)?;
    let Checked { dialect, ca_keys } = compile(&configuration)?;
    let secrets = secrets(journal, &configuration, device_keys)?;
    Ok(Account { configuration, dialect, ca_keys, secrets })
}

/// What takes a renewed certificate and its key into use, to be appended in one step.
pub struct Renewed {
    /// The event.
    pub draft: Draft,
    /// The secrets, wrapped by a device key of their own.
    pub side: SideWork,
}

/// Makes ready that the till uses this key and its certificate from now on. The secrets get another device key; the one
/// before is destroyed by [`settle_certificate`] once this is durable.
///
/// # Errors
/// Those of the journal and of the device's keys.
pub fn renewed(
    journal: &Journal,
    renewal: Renewal,
    chain_pem: String,
    operator: Option<String>,
    device_keys: &dyn DeviceKeys,
) -> Result<Renewed, Error> {
    let configuration = configuration(journal)?;
    let master_key_hex = secrets(journal, &configuration, device_keys)?.master_key_hex;
    let generation = generation(journal)? + 1;
    let secrets = Secrets { master_key_hex, client_key_pem: renewal.client_key_pem };
    let payload = wrap(&secrets, &configuration, &alias(generation), device_keys)?;
    let body = serde_json::json!({ "client_certificate_pem": chain_pem, "generation": generation });
    let (kind, v, attempt, may_use_ballast) = (CERTIFICATE_RENEWED, 1, None, false);
    let draft = Draft { kind, v, attempt, operator, body, may_use_ballast };
    Ok(Renewed { draft, side: SideWork::Keep { name: SECRETS_ROW.to_owned(), payload } })
}

/// Destroys every device key that the secrets were under before the last renewal: the device may have kept any of them
/// when it was asked first. Done again, it changes nothing.
///
/// # Errors
/// Those of the journal and of the device's keys.
pub fn settle_certificate(journal: &Journal, device_keys: &dyn DeviceKeys) -> Result<(), Error> {
    planted!(OldKeyKept, return Ok(()));
    let each = (0..generation(journal)?).map(|before| device_keys.destroy(&alias(before)));
    // What one of them keeps from being destroyed, the others are not kept from.
    Ok(each.fold(Ok(()), Result::and)?)
}

/// The device keys that the till's secrets are, may have been, or may become wrapped under.
///
/// # Errors
/// Those of the journal.
pub fn device_aliases(journal: &Journal) -> Result<Vec<String>, Error> {
    let now = generation(journal)?;
    Ok((0..=now + 1).map(alias).collect())
}

/// The number of the acquirer's word that the pins came in last; 0 for those of the provisioning.
///
/// # Errors
/// Those of the journal.
pub fn pins_number(journal: &Journal) -> Result<u64, Error> {
    number_in(journal.row(FOLD, PINS_ROW)?)
}

/// Whether another certificate is owed since an event of the kinds [`CERTIFICATE_DUE`] and [`PASSWORDS_RENEWED`].
///
/// # Errors
/// Those of the journal.
pub fn is_certificate_due(journal: &Journal) -> Result<bool, Error> {
    Ok(journal.row(FOLD, CERTIFICATE_DUE_ROW)?.is_some())
}

/// The shop's rules about people: those that were journalled last, at first those of the profile `pci`.
///
/// # Errors
/// Those of the journal; `journal_newer` for rules of a version that this one does not know.
pub fn shop_policy(journal: &Journal) -> Result<ShopPolicy, Error> {
    let Some(row) = journal.row(FOLD, POLICY_ROW)? else { return Ok(ShopPolicy::default()) };
    serde_json::from_slice(&row).map_err(|_| ErrorCode::JournalNewer.into())
}

/// The latest day that this till has seen, today counted: a clock that is set back gains no day.
///
/// # Errors
/// Those of the journal.
pub fn latest_day(journal: &Journal, now: Now) -> Result<Day, Error> {
    let seen = match journal.row(FOLD, DAY_ROW)? {
        Some(row) => day_in(&row).ok_or(ErrorCode::JournalNewer)?,
        None => Day::default(),
    };
    Ok(seen.max(Day::of(now.wall)))
}

fn configuration_of(journal: &Journal) -> Result<Option<Configuration>, Error> {
    let Some(row) = journal.row(FOLD, CONFIGURATION_ROW)? else { return Ok(None) };
    serde_json::from_slice(&row).map(Some).map_err(|_| ErrorCode::JournalNewer.into())
}

fn secrets(journal: &Journal, configuration: &Configuration, keys: &dyn DeviceKeys) -> Result<Secrets, Error> {
    let wrapped = journal.side_row(SECRETS_ROW)?.ok_or_else(damaged)?;
    let json = keys.unwrap(&alias(generation(journal)?), wrapped.expose(), &context(configuration))?;
    serde_json::from_slice(json.expose()).map_err(|_| damaged())
}

/// How often the certificate has been renewed.
fn generation(journal: &Journal) -> Result<u64, Error> {
    number_in(journal.row(FOLD, CERTIFICATE_ROW)?)
}

fn number_in(row: Option<Vec<u8>>) -> Result<u64, Error> {
    let Some(row) = row else { return Ok(0) };
    std::str::from_utf8(&row).ok().and_then(|row| row.parse().ok()).ok_or_else(|| ErrorCode::JournalNewer.into())
}

/// The device key of a generation of secrets. What a crash left of one that wraps nothing is used the next time.
fn alias(generation: u64) -> String {
    if generation == 0 { WRAP_ALIAS.to_owned() } else { format!("{WRAP_ALIAS}.{generation}") }
}

fn wrap(
    secrets: &Secrets,
    configuration: &Configuration,
    alias: &str,
    keys: &dyn DeviceKeys,
) -> Result<SecretBytes, Error> {
    match keys.create(alias, KeyKind::Wrap) {
        Ok(()) | Err(DeviceKeysFault::AlreadyExists) => {}
        Err(fault) => return Err(fault.into()),
    }
    let mut json = Zeroizing::new(Vec::with_capacity(SECRETS_BYTES_EXPECTED));
    serde_json::to_writer(&mut *json, secrets).expect("secrets have text keys and write to memory");
    Ok(SecretBytes::new(keys.wrap(alias, &json, &context(configuration))?))
}

/// Binds the wrapped secrets to this till, so that another till's row does not open in its place.
fn context(configuration: &Configuration) -> Vec<u8> {
    format!("taptill account secrets 1 {} {}", configuration.terminal_id, configuration.merchant_id).into_bytes()
}

fn damaged() -> Error {
    Error::from(ErrorCode::JournalDamaged).word("damage", "side_row")
}

/// The fold that keeps the accepted configuration at hand, the shop's rules and the latest day seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct AccountFold;

impl Fold for AccountFold {
    fn name(&self) -> &'static str {
        FOLD
    }

    fn schema(&self) -> u32 {
        2
    }

    fn apply(&self, rows: &mut dyn Rows, event: &Event) -> Result<(), FoldError> {
        match (event.kind.as_str(), event.v) {
            (PROVISIONED, 1) => {
                if rows.get(CONFIGURATION_ROW)?.is_some() {
                    return Err(FoldError::Refused("provisioned_twice"));
                }
                let body = serde_json::to_vec(&event.body).map_err(|_| FoldError::Refused("body_unwritable"))?;
                Ok(rows.put(CONFIGURATION_ROW, &body, &[])?)
            }
            (POLICY_CHANGED, 1) => {
                // Read before it is kept, so that what cannot be read is never recorded.
                let policy: ShopPolicy = serde_json::from_value(event.body.clone()).map_err(|_| FoldError::Newer)?;
                let body = serde_json::to_vec(&policy).map_err(|_| FoldError::Refused("body_unwritable"))?;
                Ok(rows.put(POLICY_ROW, &body, &[])?)
            }
            (CERTIFICATE_RENEWED, 1) => renew(rows, event),
            (PINS_CHANGED, 1) => repin(rows, event),
            (CERTIFICATE_DUE | PASSWORDS_RENEWED, 1) => Ok(rows.put(CERTIFICATE_DUE_ROW, b"due", &[])?),
            (PROVISIONED | POLICY_CHANGED | CERTIFICATE_RENEWED | CERTIFICATE_DUE | PINS_CHANGED, _) => {
                Err(FoldError::Newer)
            }
            (kind, _) if kind.starts_with(PEOPLE) => note_day(rows, event),
            _ => Ok(()),
        }
    }
}

/// The configuration has another certificate, and nothing is owed any more.
fn renew(rows: &mut dyn Rows, event: &Event) -> Result<(), FoldError> {
    const UNREADABLE: FoldError = FoldError::Refused("certificate_unreadable");
    let chain = event.body.get("client_certificate_pem").filter(|chain| chain.is_string()).ok_or(UNREADABLE)?;
    let generation = event.body.get("generation").and_then(serde_json::Value::as_u64).ok_or(UNREADABLE)?;
    reconfigure(rows, |configuration| configuration["client_certificate_pem"] = chain.clone())?;
    rows.put(CERTIFICATE_ROW, generation.to_string().as_bytes(), &[])?;
    Ok(rows.delete(CERTIFICATE_DUE_ROW)?)
}

/// The host is known by other pins.
fn repin(rows: &mut dyn Rows, event: &Event) -> Result<(), FoldError> {
    let pins: NewPins = serde_json::from_value(event.body.clone()).map_err(|_| FoldError::Newer)?;
    reconfigure(rows, |configuration| {
        configuration["host"]["spki_sha256"] = pins.current.into();
        configuration["host"]["spki_sha256_backup"] = pins.backup.into();
    })?;
    Ok(rows.put(PINS_ROW, pins.number.to_string().as_bytes(), &[])?)
}

fn reconfigure(rows: &mut dyn Rows, change: impl FnOnce(&mut serde_json::Value)) -> Result<(), FoldError> {
    let row = rows.get(CONFIGURATION_ROW)?.ok_or(FoldError::Refused("not_provisioned"))?;
    let mut configuration = serde_json::from_slice(&row).map_err(|_| FoldError::Newer)?;
    change(&mut configuration);
    let row = serde_json::to_vec(&configuration).map_err(|_| FoldError::Refused("body_unwritable"))?;
    Ok(rows.put(CONFIGURATION_ROW, &row, &[])?)
}

/// Days are seen when people come and go; a sale lies between two of these.
fn note_day(rows: &mut dyn Rows, event: &Event) -> Result<(), FoldError> {
    let today = Day::of(event.now.wall);
    let seen = rows.get(DAY_ROW)?.map(|row| day_in(&row).ok_or(FoldError::Refused("day_unreadable"))).transpose()?;
    if seen.is_none_or(|seen| seen < today) {
        rows.put(DAY_ROW, today.0.to_string().as_bytes(), &[])?;
    }
    Ok(())
}

fn day_in(row: &[u8]) -> Option<Day> {
    std::str::from_utf8(row).ok()?.parse().ok().map(Day)
}

/// The kind of the event that makes a till an acquirer's.
pub(crate) const PROVISIONED: &str = "till.provisioned";
/// The kind of the event that changes the shop's rules; its body is a [`ShopPolicy`], version 1.
pub const POLICY_CHANGED: &str = "policy.changed";
/// The kind of the event by which the till has another certificate.
pub(crate) const CERTIFICATE_RENEWED: &str = "certificate.renewed";
/// The kind of the event from which on another certificate is owed: the till asks the host for one until it has it.
pub const CERTIFICATE_DUE: &str = "certificate.due";
/// The kind of the event by which every password is due, and another certificate with them.
pub const PASSWORDS_RENEWED: &str = "passwords.renewed";
/// The kind of the event by which the host is known by other pins; its body is [`NewPins`].
pub const PINS_CHANGED: &str = "network.pins_changed";
/// How the kinds of all events about people begin.
const PEOPLE: &str = "operator.";
const FOLD: &str = "account";
const CONFIGURATION_ROW: &str = "configuration";
const POLICY_ROW: &str = "policy";
const DAY_ROW: &str = "latest_day";
const PINS_ROW: &str = "pins";
const CERTIFICATE_ROW: &str = "certificate";
const CERTIFICATE_DUE_ROW: &str = "certificate_due";
const SECRETS_ROW: &str = "account/secrets";
const WRAP_ALIAS: &str = "account-secrets";
const SECRETS_BYTES_EXPECTED: usize = 16 * 1024;

#[cfg(test)]
mod tests;
