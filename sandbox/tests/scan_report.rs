//! Searching what a test run left: secrets are found wherever they may not be, and left alone where they may.
//!
//! What is planted here never lies in a folder that is kept, or the search of the whole run would find it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::fs;
use std::path::Path;

use taptill::ports::{DeviceKeys, KeyKind};
use taptill_sandbox::card;
use taptill_sandbox::desktop::FolderDeviceKeys;
use taptill_sandbox::host::{Options, provision};
use taptill_sandbox::scan::report;

/// A host's home with one terminal, and a device with a key of each kind.
fn a_run(folder: &Path) -> (String, String) {
    let provisioning = provision(&folder.join("host"), "unionpay", "127.0.0.1:1", &Options::default()).unwrap();
    let keys = FolderDeviceKeys::open(&folder.join("device")).unwrap();
    for (alias, kind) in [("wraps", KeyKind::Wrap), ("macs", KeyKind::Mac), ("signs", KeyKind::Sign)] {
        keys.create(alias, kind).unwrap();
    }
    let secrets = provisioning.secrets;
    (secrets.master_key_hex.expose().to_owned(), secrets.client_key_pem.expose().to_owned())
}

#[test]
fn the_places_that_exist_to_hold_keys_may_hold_them() {
    let folder = tempfile::tempdir().unwrap();
    let (_, client_key) = a_run(folder.path());
    fs::write(folder.path().join("provisioning.json"), client_key).unwrap();
    let report = report(folder.path()).unwrap();
    assert_eq!(report.hits, []);
    assert_eq!(report.secrets, 4, "a master key and three device keys");
    assert!(report.files > 8);
}

#[test]
fn each_secret_is_found_where_it_may_not_be_and_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let (master_key, client_key) = a_run(folder.path());
    let device_key = fs::read(folder.path().join("device/wraps.key")).unwrap();
    let device_key = &device_key[device_key.len() - 64..device_key.len() - 32];
    let number = String::from_utf8(card::numbers()[0].expose().to_vec()).unwrap();
    let key_body: String = client_key.lines().filter(|line| !line.starts_with("---")).collect();
    let rows: &[(&str, &str, Vec<u8>)] = &[
        ("till/journal.db", "a terminal master key", master_key.to_lowercase().into_bytes()),
        ("till/journal.db-wal", "a device key", device_key.to_vec()),
        ("log", "a private key", client_key.clone().into_bytes()),
        ("till/provisioning.json", "a private key", client_key.clone().into_bytes()),
        ("error.json", "a private key", key_body.into_bytes()),
        ("receipt", "a card number", number.clone().into_bytes()),
        // A card number may be nowhere, the host's book and the device's folder included.
        ("host/certificates/stray.key.pem", "a card number", number.clone().into_bytes()),
        ("device/README", "a card number", number.clone().into_bytes()),
        ("device/other.key", "a card number", number.clone().into_bytes()),
    ];
    for (file, needle, planted) in rows {
        let file = folder.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let before = fs::read(&file).unwrap_or_default();
        fs::write(&file, [b"before ", &planted[..], b" after"].concat()).unwrap();
        let found = report(folder.path()).unwrap();
        assert!(found.hits.iter().any(|hit| hit.needle == *needle), "{needle} in {}", file.display());
        assert!(found.hits.iter().all(|hit| hit.file.as_ref() == Some(&file)), "{needle}");
        let shown = format!("{found:?}");
        assert!(!shown.contains(&number) && !shown.contains(&master_key), "a hit does not repeat the needle");
        if before.is_empty() { fs::remove_file(&file).unwrap() } else { fs::write(&file, before).unwrap() }
    }
    assert_eq!(report(folder.path()).unwrap().hits, [], "what was planted is gone again");
    assert!(report(&folder.path().join("missing")).is_err());
}

#[test]
fn a_scratch_folder_is_fresh_and_gone_with_its_test() {
    let (one, two) = (taptill_sandbox::scratch::folder("fresh"), taptill_sandbox::scratch::folder("fresh"));
    assert_ne!(one.path(), two.path());
    assert_eq!(fs::read_dir(one.path()).unwrap().count(), 0);
    let path = one.path().to_owned();
    drop(one);
    let kept = std::env::var_os(taptill_sandbox::scratch::KEEP_VARIABLE).is_some();
    assert_eq!(path.exists(), kept);
}
