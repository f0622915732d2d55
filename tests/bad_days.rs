//! Everything that can be wrong around a till, each with its own name for it, and the till usable afterwards.
//!
//! A bad day is either refused with a typed error or ends the sale unsent, with a reason that has its error code.
//! No two conditions of a table have the same verdict. Each row ends with a good sale, once the day is good again.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod shop;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, PublicKeyData,
    SanType,
};
use shop::faults::{FailingEntropy, Plan, SetClock};
use shop::{Shop, Till, named, shop};
use taptill::acquirer::LinkFault;
use taptill::error::{Error, ErrorCode, Money};
use taptill::payment::Reason;
use taptill::payment::state::State;
use taptill::ports::{Fate, Posture};
use taptill::terminal::Terminal;
use taptill_sandbox::desktop::{FolderDeviceKeys, StatedPosture};
use taptill_sandbox::folders::copy_folder;
use taptill_sandbox::host::{Options, provision};

const DAY_MS: i64 = 86_400_000;

/// What is wrong, how it is made so, and the code that it has.
type NetworkRow = (&'static str, fn(&mut Shop), ErrorCode);

#[test]
fn each_bad_day_of_the_network_has_its_own_error_and_the_next_sale_works() {
    use ErrorCode as E;
    let table: &[NetworkRow] = &[
        ("nobody listens at the host's address", |_| (), E::HostUnreachable),
        ("a host of another authority answers", other_authority, E::HostCertificateUntrusted),
        ("a host of the same authority with another key answers", other_key, E::HostPinMismatch),
        ("the host's certificate has expired", expired, E::HostCertificateExpired),
        ("the host's certificate begins tomorrow", not_yet_valid, E::DeviceClockWrong),
        (
            "the host does not know who signed the till's certificate",
            other_client_authority,
            E::ClientCertificateRefused,
        ),
    ];
    let mut shop = shop("bad-network");
    let till = shop.till();
    assert_eq!(till.sell("visa", 100).unwrap().state, State::Approved);
    let mut codes = BTreeSet::new();
    for (number, (day, make, code)) in table.iter().enumerate() {
        shop.stop_host();
        make(&mut shop);
        assert_is_not_sent(&till, day, *code);
        assert!(codes.insert(code.code()), "{day}: each condition has a code of its own");
        shop.stop_host();
        shop.start_host("host");
        assert_eq!(till.sell("visa", 100).unwrap().state, State::Approved, "after: {day}");
        assert_eq!(shop.net_minor(), 100 * (number as u64 + 2), "{day}");
    }
}

#[test]
fn each_bad_day_of_the_device_has_its_own_error_and_the_next_sale_works() {
    let shop = shop("bad-device");
    let table = [
        ("there is no network", Posture::Absent, 0, ErrorCode::NetworkAbsent),
        ("the clock is two days slow", Posture::Trusted, -2 * DAY_MS, ErrorCode::DeviceClockWrong),
        // From here it looks like an expired certificate, and the error's text asks for the date first.
        ("the clock is eleven years fast", Posture::Trusted, 4_018 * DAY_MS, ErrorCode::HostCertificateExpired),
    ];
    drop(shop.till());
    for (day, posture, ahead_ms, code) in table {
        let clock = SetClock::ahead_by_ms(0);
        let till = shop.open_with(|ports| {
            ports.network_posture = Arc::new(StatedPosture(posture));
            ports.clock = clock.clone();
        });
        // Set after somebody has signed in: eleven years later the password would have to be changed first.
        clock.set_ahead_by_ms(ahead_ms);
        assert_is_not_sent(till.as_ref().unwrap(), day, code);
        // Set right before the till is closed: a day that was seen once counts for passwords.
        clock.set_ahead_by_ms(0);
        drop(till);
        assert_eq!(shop.till().sell("visa", 100).unwrap().state, State::Approved, "after: {day}");
    }
    // The same till hears of a clock that is set right while it is open.
    let clock = SetClock::ahead_by_ms(-2 * DAY_MS);
    let till = shop.open_with(|ports| ports.clock = clock.clone()).unwrap();
    assert_is_not_sent(&till, "the clock is slow", ErrorCode::DeviceClockWrong);
    clock.set_ahead_by_ms(0);
    assert_eq!(till.sell("visa", 100).unwrap().state, State::Approved);
}

/// What is wrong, how it is made so, and with what the till does not open.
type OpenRow = (&'static str, fn(&Shop), &'static str);

#[test]
fn each_bad_day_of_the_disk_keeps_the_till_shut_with_its_own_error_until_it_is_put_right() {
    let table: &[OpenRow] = &[
        ("the till's folder is empty", |shop| fs::remove_file(shop.journal()).unwrap(), "not_provisioned"),
        ("the device key is gone", |shop| fs::remove_file(key_file(shop)).unwrap(), "device_key_missing"),
        ("the device key's file is damaged", damage_key, "device_key_rejected fault=damaged"),
        ("it is another device", other_device, "vault_foreign"),
        ("a newer version wrote the journal", newer, "journal_newer"),
        ("the journal is another program's database", not_ours, "journal_damaged damage=database"),
        ("the journal's end is cut off", cut_off, "journal_damaged damage=database"),
        ("the journal's head is of another day", old_head, "journal_damaged damage=beyond_head"),
    ];
    let shop = shop("bad-disk");
    let till = shop.till();
    till.sell("visa", 100).unwrap();
    till.terminal.close().unwrap();
    let (home, device) = (shop.path("till.good"), shop.path("device.good"));
    copy_folder(&shop.home(), &home).unwrap();
    copy_folder(&shop.device(), &device).unwrap();
    let whole = shop.till().terminal.verify().unwrap();
    put_back(&home, &shop.home());
    put_back(&device, &shop.device());
    for (day, make, verdict) in table {
        make(&shop);
        for _ in 0..2 {
            // The second try says the same: looking at it changed nothing.
            let error = shop.open_with(|_| ()).err().unwrap_or_else(|| panic!("{day}: the till opens"));
            assert_eq!(error.to_string(), *verdict, "{day}");
            assert_eq!(error.code().row().money, Money::NotMoved, "{day}");
        }
        put_back(&home, &shop.home());
        put_back(&device, &shop.device());
        let till = shop.open_with(|_| ()).unwrap();
        let found = till.terminal.verify().unwrap();
        assert_eq!((found.size, found.side_rows), (whole.size, whole.side_rows), "{day}");
        drop(till);
    }
    // The control: with nothing broken the till opens and sells.
    assert_eq!(shop.till().sell("visa", 100).unwrap().state, State::Approved);
}

#[test]
fn what_somebody_else_holds_is_said_and_free_again_afterwards() {
    let shop = shop("held");
    let till = shop.till();
    // Two tills on one folder: the second is refused, the first goes on.
    assert_eq!(refusal(shop.open_with(|_| ())), "till_open_elsewhere");
    assert_eq!(till.sell("visa", 100).unwrap().state, State::Approved);
    // Another program takes the database while the till is open: the sale is refused and sent to nobody.
    let other = rusqlite::Connection::open(shop.journal()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(till.sell("visa", 100).unwrap_err().code(), ErrorCode::DatabaseLocked);
    assert_eq!(shop.net_minor(), 100);
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(till.sell("visa", 100).unwrap().state, State::Approved);
    // The same before it is opened.
    till.terminal.close().unwrap();
    other.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").unwrap();
    assert_eq!(refusal(shop.open_with(|_| ())), "database_locked");
    drop(other);
    assert_eq!(shop.till().sell("visa", 100).unwrap().state, State::Approved);
    assert_eq!(shop.net_minor(), 300);
}

/// Where, what, what the caller hears, whether the till has to be opened again, and how the attempt ends.
type StorageRow = (&'static str, Fate, Option<ErrorCode>, bool, State);

#[test]
fn a_disk_that_fails_in_the_middle_of_a_sale_loses_nothing() {
    use ErrorCode::{DiskFull, SyncFailed};
    let table: &[StorageRow] = &[
        ("before attempt.prepared", Fate::DiskFull, Some(DiskFull), false, State::Unknown),
        ("before attempt.in_doubt", Fate::DiskFull, Some(DiskFull), false, State::NotSent),
        ("before attempt.prepared", Fate::SyncFailed, Some(SyncFailed), true, State::Unknown),
        ("after attempt.prepared", Fate::SyncFailed, Some(SyncFailed), true, State::NotSent),
        ("before attempt.in_doubt", Fate::SyncFailed, Some(SyncFailed), true, State::NotSent),
        // From here on the money may have moved: the caller hears that it is not known yet, and it is reversed.
        ("after attempt.in_doubt", Fate::SyncFailed, Some(SyncFailed), true, State::Reversed),
        ("before attempt.approved", Fate::SyncFailed, None, true, State::Reversed),
        ("after attempt.approved", Fate::SyncFailed, None, true, State::Approved),
    ];
    for (point, fate, told, must_reopen, end) in table {
        let shop = shop("bad-storage");
        drop(shop.till());
        let plan = Plan::at(point, *fate);
        let mut till = shop.open_with(|ports| ports.faults = plan.clone()).unwrap();
        let sale = named("bad-day", 500);
        match (till.sell_as(sale.clone(), "visa"), told) {
            (Err(error), Some(code)) => assert_eq!(error.code(), *code, "{point} {fate:?}"),
            (Ok(view), None) => assert_eq!(view.state, State::InDoubt, "{point} {fate:?}"),
            (told, _) => panic!("{point} {fate:?}: {told:?}"),
        }
        plan.lift();
        if *must_reopen {
            // A failed sync is never tried again in place: everything is refused with the same reason.
            assert_eq!(till.sell("visa", 1).unwrap_err().code(), SyncFailed, "{point} {fate:?}");
            assert_eq!(till.terminal.close().unwrap_err().code(), SyncFailed, "{point} {fate:?}");
            till = shop.till();
        }
        assert_eq!(till.sell("visa", 100).unwrap().state, State::Approved, "{point} {fate:?}: the next sale");
        let attempt = sale.attempt.unwrap();
        let held = match end {
            State::Unknown => {
                assert_eq!(till.terminal.status(&attempt).unwrap_err().code(), ErrorCode::AttemptUnknown, "{point}");
                0
            }
            state => {
                till.until(&attempt, *state);
                if *state == State::Approved { 500 } else { 0 }
            }
        };
        assert_eq!(shop.net_minor(), 100 + held, "{point} {fate:?}");
    }
}

/// What is wrong, how it is made so, and how the error begins.
type SetUpRow = (&'static str, fn(&mut Shop), &'static str);

#[test]
fn a_set_up_that_cannot_be_right_is_refused_and_the_right_one_is_taken_afterwards() {
    let broken: &[SetUpRow] = &[
        ("an unknown version", |shop| shop.provisioning.version = 9, "configuration_invalid part=version"),
        (
            "no name",
            |shop| shop.provisioning.configuration.merchant.name.clear(),
            "configuration_invalid part=merchant.name",
        ),
        (
            "no port",
            |shop| shop.provisioning.configuration.host.address = "localhost".into(),
            "configuration_invalid part=host.address",
        ),
        (
            "a short pin",
            |shop| shop.provisioning.configuration.host.spki_sha256 = "00".into(),
            "configuration_invalid part=host.spki_sha256",
        ),
        ("a dialect of rubbish", |shop| shop.provisioning.configuration.dialect = "rubbish".into(), "dialect_invalid"),
        (
            "a dialect that cannot sell",
            |shop| shop.provisioning.configuration.dialect = without_sale(),
            "dialect_invalid",
        ),
        ("CA keys of rubbish", |shop| shop.provisioning.configuration.ca_keys = 7.into(), "ca_key_invalid"),
        (
            "the certificate of another till",
            other_tills_certificate,
            "configuration_invalid part=client_certificate_pem",
        ),
    ];
    for (what, make, verdict) in broken {
        let mut shop = shop("bad-set-up");
        let good = shop.provisioning.to_json();
        make(&mut shop);
        let error = shop.provision_with(|_| ()).unwrap_err();
        assert!(error.to_string().starts_with(verdict), "{what}: {error}");
        assert!(!shop.home().exists(), "{what}: nothing was written");
        assert_eq!(refusal(shop.open_with(|_| ())), "not_provisioned", "{what}");
        shop.provisioning = taptill::account::Provisioning::from_json(good.expose()).unwrap();
        assert_eq!(shop.till().sell("visa", 100).unwrap().state, State::Approved, "{what}");
    }
}

#[test]
fn a_till_is_set_up_once() {
    let shop = shop("set-up-twice");
    assert_eq!(refusal(shop.open_with(|_| ())), "not_provisioned");
    let (ports, _field) = shop.ports();
    let again = |provisioning| Terminal::provision(&shop.home(), provisioning, &ports).unwrap_err().to_string();
    shop.provision_with(|_| ()).unwrap();
    assert_eq!(again(&shop.provisioning), "already_provisioned contents=the_same");
    let other = provision(&shop.host_home(), "iso87", "127.0.0.1:1", &Options::default()).unwrap();
    assert_eq!(again(&other), "already_provisioned contents=different");
    let till = shop.till();
    assert_eq!(again(&shop.provisioning), "till_open_elsewhere");
    till.terminal.close().unwrap();
    // Whose it is now, only those who work there can tell.
    assert_eq!(again(&shop.provisioning), "already_provisioned contents=sealed");
    assert_eq!(shop.till().sell("visa", 100).unwrap().state, State::Approved);
}

#[test]
fn a_set_up_that_was_cut_short_is_done_again() {
    // Wherever the randomness or the keys gave out, the second try finds what the first one left.
    for calls in 0..8 {
        let shop = shop("cut-short");
        let entropy = FailingEntropy::after(calls);
        match shop.provision_with(|ports| ports.entropy = entropy) {
            Err(error) => assert_eq!(error.code(), ErrorCode::EntropyFailed, "after {calls} calls"),
            Ok(()) => assert!(calls > 2, "{calls} calls are not enough for a journal"),
        }
        let (ports, _field) = shop.ports();
        if let Err(error) = Terminal::provision(&shop.home(), &shop.provisioning, &ports) {
            assert_eq!(error.code(), ErrorCode::AlreadyProvisioned, "after {calls} calls");
        }
        assert_eq!(shop.till().sell("visa", 100).unwrap().state, State::Approved, "after {calls} calls");
    }
}

#[test]
fn no_two_reasons_for_not_sending_share_a_word_and_each_network_reason_has_an_error_code() {
    let words: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.word()).collect();
    assert_eq!(words.len(), Reason::ALL.len());
    for fault in LinkFault::ALL {
        assert!(words.contains(fault.word()), "{}", fault.word());
        assert_eq!(fault.code().row().money, Money::NotMoved, "{}", fault.word());
        assert_eq!(Reason::from_word(fault.word()).unwrap().error_code(), Some(fault.code()), "{}", fault.word());
    }
}

/// The sale ends unsent with this code, and nothing stays owed.
fn assert_is_not_sent(till: &Till, day: &str, code: ErrorCode) {
    let (error, _) = till.sell_in_vain(day);
    assert_eq!(error.code(), code, "{day}");
    assert!(till.terminal.resolve().unwrap().left.is_empty(), "{day}");
}

fn refusal(opened: Result<Till, Error>) -> String {
    opened.err().expect("the till does not open").to_string()
}

fn without_sale() -> String {
    shop::dialect().replace("op = \"sale\"", "op = \"echo\"")
}

fn other_tills_certificate(shop: &mut Shop) {
    let other = provision(&shop.host_home(), "unionpay", "127.0.0.1:1", &Options::default()).unwrap();
    shop.provisioning.configuration.client_certificate_pem = other.configuration.client_certificate_pem;
}

// Hosts that are not the agreed one. Each listens at the address that the till knows.

fn other_authority(shop: &mut Shop) {
    shop.start_host("host.other");
}

fn other_key(shop: &mut Shop) {
    host_with(shop, "host.other-key", &KeyPair::generate().unwrap(), |_| ());
}

fn expired(shop: &mut Shop) {
    let key = server_key(shop);
    host_with(shop, "host.expired", &key, |params| {
        (params.not_before, params.not_after) = (rcgen::date_time_ymd(2020, 1, 1), rcgen::date_time_ymd(2025, 1, 1));
    });
}

fn not_yet_valid(shop: &mut Shop) {
    let key = server_key(shop);
    host_with(shop, "host.of-tomorrow", &key, |params| params.not_before = rcgen::date_time_ymd(4000, 1, 1));
}

fn other_client_authority(shop: &mut Shop) {
    let other = shop.path("host.for-others");
    copy_folder(&shop.host_home(), &other).unwrap();
    fs::copy(shop.path("host.other/certificates/ca.crt.pem"), other.join("certificates/ca.crt.pem")).unwrap();
    shop.start_host("host.for-others");
}

fn server_key(shop: &Shop) -> KeyPair {
    KeyPair::from_pem(&fs::read_to_string(shop.path("host/certificates/server.key.pem")).unwrap()).unwrap()
}

/// The agreed host, with another certificate that its own authority signed.
fn host_with(shop: &mut Shop, home: &str, key: &KeyPair, change: fn(&mut CertificateParams)) {
    copy_folder(&shop.host_home(), &shop.path(home)).unwrap();
    let folder = shop.path(home).join("certificates");
    let ca_key = KeyPair::from_pem(&fs::read_to_string(folder.join("ca.key.pem")).unwrap()).unwrap();
    let digest = ring::digest::digest(&ring::digest::SHA256, &ca_key.subject_public_key_info());
    let short: String = digest.as_ref()[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    ca.distinguished_name = DistinguishedName::new();
    ca.distinguished_name.push(DnType::CommonName, format!("Taptill sandbox CA {short}"));
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::DnsName("localhost".try_into().unwrap())];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    change(&mut params);
    let certificate = params.signed_by(key, &Issuer::from_params(&ca, &ca_key)).unwrap();
    fs::write(folder.join("server.crt.pem"), certificate.pem()).unwrap();
    fs::write(folder.join("server.key.pem"), key.serialize_pem()).unwrap();
    shop.start_host(home);
}

// Disks and devices that are not what they were.

fn key_file(shop: &Shop) -> std::path::PathBuf {
    shop.device().join("account-secrets.key")
}

fn damage_key(shop: &Shop) {
    let mut bytes = fs::read(key_file(shop)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(key_file(shop), bytes).unwrap();
}

/// The files of the till on a device that has a till's keys of its own.
fn other_device(shop: &Shop) {
    use taptill::ports::{DeviceKeys, KeyKind};
    fs::remove_dir_all(shop.device()).unwrap();
    let keys = FolderDeviceKeys::open(&shop.device()).unwrap();
    keys.create("vault.till", KeyKind::Mac).unwrap();
}

fn newer(shop: &Shop) {
    change_journal(shop, "PRAGMA user_version = 2");
}

fn old_head(shop: &Shop) {
    change_journal(shop, "UPDATE head SET size = 4");
}

fn change_journal(shop: &Shop, sql: &str) {
    let journal = rusqlite::Connection::open(shop.journal()).unwrap();
    journal.execute_batch(sql).unwrap();
}

fn not_ours(shop: &Shop) {
    fs::remove_file(shop.journal()).unwrap();
    change_journal(shop, "CREATE TABLE sales (amount)");
}

fn cut_off(shop: &Shop) {
    let bytes = fs::read(shop.journal()).unwrap();
    fs::write(shop.journal(), &bytes[..bytes.len() / 2]).unwrap();
}

fn put_back(good: &Path, place: &Path) {
    fs::remove_dir_all(place).unwrap();
    copy_folder(good, place).unwrap();
}
