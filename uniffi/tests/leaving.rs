//! The end of a till across the border: its records reach the caller's sink whole and in few pieces, and a sink that
//! fails or throws erases nothing.

#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

mod support;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use ring::digest::{SHA256, digest};
use support::{Shop, Till, code, wait};
use taptill_ffi::{Erased, ExportFault, ExportSink, ShopPolicy, TillError, erasure_certificates, shipped_policy};

/// What a caller lends: keeps files and counts pieces, or fails in one way.
#[derive(Default)]
struct Drawer {
    files: Mutex<BTreeMap<String, Vec<u8>>>,
    pieces: Mutex<Vec<usize>>,
    fault: Option<ExportFault>,
}

impl ExportSink for Drawer {
    fn put(&self, name: String, bytes: Vec<u8>) -> Result<(), ExportFault> {
        self.fault.map_or(Ok(()), Err)?;
        self.pieces.lock().unwrap().push(bytes.len());
        self.files.lock().unwrap().entry(name).or_default().extend(bytes);
        Ok(())
    }

    fn finish(&self) -> Result<(), ExportFault> {
        self.fault.map_or(Ok(()), Err)
    }
}

/// A till that one person may deregister.
fn till(shop: &Shop) -> Till {
    let till = shop.till();
    let policy = ShopPolicy { two_people_to_deregister: false, ..shipped_policy("pci").unwrap() };
    wait(till.terminal.people().unwrap().set_policy(policy)).unwrap();
    till
}

fn deregister(till: &Till, sink: Arc<Drawer>) -> Result<Erased, TillError> {
    wait(till.terminal.leaving().unwrap().deregister(Some(sink)))
}

#[test]
fn every_file_arrives_as_it_was_said_and_in_few_pieces() {
    let shop = Shop::new();
    let till = till(&shop);
    till.sell("S-1", 100).unwrap();
    for _ in 0..150 {
        till.terminal.proofs().unwrap().checkpoint().unwrap();
    }
    wait(till.terminal.settlement().unwrap().settle()).unwrap();
    let drawer = Arc::new(Drawer::default());
    let erased = deregister(&till, Arc::clone(&drawer)).unwrap();
    let files = drawer.files.lock().unwrap();
    let hash = |bytes: &[u8]| taptill::hex::encode_lower(digest(&SHA256, bytes).as_ref());
    let sums = String::from_utf8(files["sha256sums.txt"].clone()).unwrap();
    for line in sums.lines() {
        let (sum, name) = line.split_once("  ").unwrap();
        assert_eq!(sum, hash(&files[name]), "{name}");
    }
    assert_eq!(erased.exported_sha256, Some(hash(sums.as_bytes())));
    let events = files["events.jsonl"].len();
    assert!(events > 64 * 1024, "{events} bytes are less than a piece");
    let pieces = drawer.pieces.lock().unwrap();
    let lines = String::from_utf8_lossy(&files["events.jsonl"]).lines().count();
    let most = files.len() + events / (64 * 1024) + 1;
    assert!(pieces.len() <= most && lines > pieces.len(), "{} pieces of {lines} lines", pieces.len());
    assert_eq!(erasure_certificates(&shop.home()).unwrap(), erased.certificate.into_iter().collect::<Vec<_>>());
    till.terminal.close().unwrap();
}

#[test]
fn a_sink_that_fails_erases_nothing() {
    let shop = Shop::new();
    let till = till(&shop);
    use ExportFault::{Failed, Full, NotEmpty, ReadOnly, Undeclared};
    for (fault, why) in
        [(Full, "full"), (ReadOnly, "read_only"), (NotEmpty, "not_empty"), (Failed, "failed"), (Undeclared, "failed")]
    {
        let refused = deregister(&till, Arc::new(Drawer { fault: Some(fault), ..Drawer::default() })).unwrap_err();
        assert_eq!(refused.to_string(), format!("export_failed why={why}"));
    }
    assert!(erasure_certificates(&shop.home()).unwrap().is_empty());
    till.sell("S-1", 100).unwrap();
    assert_eq!(code(deregister(&till, Arc::default())), "deregistration_blocked");
}
