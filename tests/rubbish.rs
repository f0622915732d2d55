//! Rubbish wherever bytes come in from outside: a typed error that says what to do, or an outcome; never a panic,
//! never a hang, and with the right bytes back in place the till sells.
//!
//! The rubbish is drawn from a fixed seed, so that a failure can be seen again. The parsers have properties of
//! their own (`tests/wire_rubbish.rs`, `tests/emv_rubbish.rs`); here it comes through the whole terminal.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod shop;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;

use shop::relay::{Relay, Rubbish};
use shop::{Till, card, impatient_shop, order, shop};
use taptill::account::Provisioning;
use taptill::error::{Error, ErrorCode};
use taptill::iso8583::Dialect;
use taptill::payment::state::State;
use taptill::payment::{AttemptView, Reason};
use taptill::ports::{CardChannel, CardFault};
use taptill::terminal::Terminal;
use taptill::text::{Catalogue, Language};
use taptill_sandbox::card::PresentedCard;

/// Pseudo-random numbers that are the same on each run (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.below(256) as u8).collect()
    }

    /// The same bytes with something wrong: a byte changed, a stretch gone, doubled or overwritten.
    fn spoil(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut spoilt = bytes.to_vec();
        let place = self.below(spoilt.len());
        let end = (place + 1 + self.below(40)).min(spoilt.len());
        match self.below(5) {
            0 => spoilt[place] ^= 1 << self.below(8),
            1 => drop(spoilt.drain(place..end)),
            2 => spoilt.truncate(place),
            3 => {
                let again = spoilt[place..end].to_vec();
                spoilt.splice(end..end, again);
            }
            _ => {
                let rubbish = self.bytes(end - place);
                spoilt[place..end].copy_from_slice(&rubbish);
            }
        }
        spoilt
    }
}

/// The error says what happened and what to do, in both languages, and nothing from outside.
fn is_told(error: &Error) {
    for language in [Language::En, Language::ZhCn] {
        let texts = Catalogue::of(language);
        assert!(!texts.error_what(error.code()).is_empty() && !texts.error_todo(error.code()).is_empty(), "{error}");
    }
}

#[test]
fn a_database_file_of_rubbish_keeps_the_till_shut_and_says_so() {
    let shop = shop("rubbish-database");
    let till = shop.till();
    for _ in 0..3 {
        sells(&till, "before");
    }
    till.terminal.close().unwrap();
    let good = fs::read(shop.journal()).unwrap();
    let mut dice = Dice(1);
    let header = &good[..100];
    let mut files: Vec<Vec<u8>> = vec![b"rubbish".to_vec(), vec![0; 8_192], dice.bytes(70_000)];
    files.push([header, &dice.bytes(40_000)].concat());
    files.extend((0..120).map(|_| dice.spoil(&good)));
    let mut codes = BTreeSet::new();
    for (number, file) in files.iter().enumerate() {
        fs::write(shop.journal(), file).unwrap();
        let told = shop.open_with(|_| ()).and_then(|till| till.terminal.verify().map(drop));
        match told {
            Err(error) => {
                is_told(&error);
                codes.insert(error.code().code());
            }
            // What was changed is not in use: every record, row and key is what was written.
            Ok(()) => assert!(number >= 4, "rubbish number {number} passes for a journal"),
        }
        for beside in ["journal.db-wal", "journal.db-shm"] {
            let _not_there = fs::remove_file(shop.home().join(beside));
        }
    }
    let known = ["device_key_rejected", "journal_damaged", "journal_newer", "storage_failed"];
    assert!(codes.iter().all(|code| known.contains(code)), "{codes:?}");
    assert!(codes.contains("journal_damaged"));
    fs::write(shop.journal(), &good).unwrap();
    sells(&shop.till(), "after");
    assert_eq!(shop.net_minor(), 400);
}

#[test]
fn a_database_file_that_lost_everything_is_not_taken_for_a_new_till() {
    let shop = shop("rubbish-empty");
    sells(&shop.till(), "before");
    fs::write(shop.journal(), b"").unwrap();
    let error = shop.open_with(|_| ()).err().unwrap();
    assert!(matches!(error.code(), ErrorCode::JournalDamaged | ErrorCode::NotProvisioned), "{error}");
    is_told(&error);
}

#[test]
fn a_device_key_of_rubbish_keeps_the_till_shut_and_says_so() {
    let shop = shop("rubbish-key");
    sells(&shop.till(), "before");
    let mut dice = Dice(2);
    let key = "account-secrets.key";
    let file = shop.device().join(key);
    let good = fs::read(&file).unwrap();
    let mut rubbish = vec![Vec::new(), b"rubbish".to_vec(), dice.bytes(91), dice.bytes(100_000)];
    rubbish.extend((0..good.len()).step_by(7).map(|length| good[..length].to_vec()));
    rubbish.extend((0..40).map(|_| dice.spoil(&good)));
    for bytes in rubbish {
        fs::write(&file, &bytes).unwrap();
        let error = shop.open_with(|_| ()).err().unwrap();
        assert_eq!(error.code(), ErrorCode::DeviceKeyRejected, "{key}");
        is_told(&error);
    }
    fs::write(&file, &good).unwrap();
    sells(&shop.till(), key);
    assert_eq!(shop.net_minor(), 200);
}

#[test]
fn a_provisioning_of_rubbish_is_refused_and_writes_nothing() {
    let shop = shop("rubbish-provisioning");
    let good = shop.provisioning.to_json();
    let mut dice = Dice(3);
    let mut files = vec![Vec::new(), b"null".to_vec(), b"[1,2".to_vec(), b"{}".to_vec(), dice.bytes(2_000)];
    files.push([b"[".repeat(200_000), b"]".repeat(200_000)].concat());
    files.extend((0..250).map(|_| dice.spoil(good.expose())));
    let (ports, _field) = shop.ports();
    let mut codes = BTreeSet::new();
    for (number, file) in files.iter().enumerate() {
        let read = Provisioning::from_json(file).map_err(Error::from);
        let home = shop.path(&format!("till.{number}"));
        match read.and_then(|provisioning| Terminal::provision(&home, &provisioning, &ports)) {
            Err(error) => {
                is_told(&error);
                codes.insert(error.code().code());
                assert!(!home.exists(), "{error}");
            }
            // A changed name or address is as good as another.
            Ok(()) => assert!(number > 5, "rubbish number {number} passes for a provisioning"),
        }
    }
    assert!(codes.contains("configuration_invalid"));
    assert!(codes.iter().all(|code| ["configuration_invalid", "dialect_invalid", "ca_key_invalid"].contains(code)));
    sells(&shop.till(), "after");
}

#[test]
fn a_dialect_of_rubbish_is_refused_or_is_a_dialect() {
    let mut dice = Dice(4);
    for name in ["unionpay", "iso87", "encrypted"] {
        let good = Dialect::shipped(name).unwrap().as_bytes();
        let mut refused = 0;
        for _ in 0..250 {
            let Ok(text) = String::from_utf8(dice.spoil(good)) else { continue };
            refused += u32::from(Dialect::from_toml(&text).is_err());
        }
        assert!(refused > 50, "{name}: {refused}");
    }
    for rubbish in ["", "rubbish", "name = 1", "[[message]]", "field = [[[[", "name = \"x\"\nfield = []"] {
        assert!(Dialect::from_toml(rubbish).is_err(), "{rubbish}");
    }
}

/// A card whose answers are spoilt from some command on.
struct SpoiltCard {
    card: Arc<PresentedCard>,
    dice: std::sync::Mutex<(Dice, usize)>,
}

impl CardChannel for SpoiltCard {
    fn transceive(&self, command: &[u8]) -> Result<Vec<u8>, CardFault> {
        let response = self.card.transceive(command)?;
        let (dice, good_left) = &mut *self.dice.lock().unwrap();
        if *good_left > 0 {
            *good_left -= 1;
            return Ok(response);
        }
        Ok(if dice.below(4) == 0 { dice.bytes(300)[..dice.below(300)].to_vec() } else { dice.spoil(&response) })
    }
}

#[test]
fn a_card_that_answers_rubbish_ends_its_own_sale_only() {
    let shop = shop("rubbish-card");
    let till = shop.till();
    let visa = card("visa");
    let mut approved = 0;
    for round in 0..60 {
        let sale = till.sell_to(order(100), || {
            let dice = std::sync::Mutex::new((Dice(round), (round % 5) as usize));
            Arc::new(SpoiltCard { card: visa.tap(), dice }) as Arc<dyn CardChannel>
        });
        match sale {
            Ok(view) => approved += u64::from(view.state == State::Approved),
            Err(error) => is_told(&error),
        }
    }
    sells(&till, "after");
    assert_eq!(shop.net_minor(), 100 * (approved + 1));
    assert!(till.terminal.verify().is_ok());
}

#[test]
fn keys_that_arrive_damaged_are_not_taken() {
    let mut shop = shop("rubbish-keys");
    let relay = Relay::in_front_of(&mut shop);
    let till = shop.till();
    // A till without keys greets with a sign-on; the last byte of its answer belongs to a key's check value.
    relay.spoils_after(0, Rubbish::Changed(usize::MAX));
    let (error, reason) = till.sell_in_vain("a damaged key");
    assert_eq!((error.code(), reason), (ErrorCode::KeyCheckValueMismatch, Reason::KeysInvalid));
    sells(&till, "after a damaged key");
    assert_eq!(shop.net_minor(), 100);
}

/// Rubbish in place of the answer to the sign-on that each run begins with: no payment was sent, and none is owed.
#[test]
fn a_host_that_greets_with_rubbish_hears_no_payment() {
    let mut dice = Dice(5);
    let table: Vec<(Rubbish, &[Reason])> = vec![
        (Rubbish::Bytes(dice.bytes(40)), &[Reason::HostAnswerInvalid, Reason::HostSilent]),
        (Rubbish::Bytes(vec![0, 8, 1, 2, 3, 4, 5, 6, 7, 8]), &[Reason::HostAnswerInvalid]),
        (Rubbish::Bytes(vec![0xFF; 20]), &[Reason::HostAnswerInvalid]),
        (Rubbish::Bytes(vec![0, 0]), &[Reason::HostAnswerInvalid]),
        (Rubbish::Bytes(vec![0, 200, 0x60]), &[Reason::HostSilent]),
        (Rubbish::Bytes(Vec::new()), &[Reason::HostSilent]),
        (Rubbish::BytesAndEnd(Vec::new()), &[Reason::Closed]),
        (Rubbish::BytesAndEnd(vec![0, 200, 0x60]), &[Reason::Closed]),
        (Rubbish::Endless(dice.bytes(4_000)), &[Reason::HostAnswerInvalid, Reason::HostSilent]),
        (Rubbish::Short(1), &[Reason::HostSilent]),
        (Rubbish::Changed(usize::MAX), &[Reason::KeysInvalid]),
    ];
    let mut shop = impatient_shop("rubbish-greeting");
    let relay = Relay::in_front_of(&mut shop);
    for (number, (rubbish, reasons)) in table.into_iter().enumerate() {
        let till = shop.till();
        relay.spoils_after(0, rubbish.clone());
        let told = format!("{:.60}", format!("{rubbish:?}"));
        let (error, reason) = till.sell_in_vain(&told);
        is_told(&error);
        assert!(reasons.contains(&reason), "{told}: {reason}");
        assert_eq!(relay.spoilt(), number as u32 + 1, "{told}: the rubbish was heard");
        sells(&till, &told);
        assert_eq!(shop.net_minor(), 100 * (number as u64 + 1), "{told}");
    }
}

/// Rubbish in place of the answer to the sale: the money may have moved, so it is reversed, whatever came.
#[test]
fn an_answer_of_rubbish_is_never_an_approval_and_the_sale_is_reversed() {
    let mut dice = Dice(6);
    let mut table = vec![
        Rubbish::Bytes(dice.bytes(60)),
        Rubbish::Bytes(vec![0, 8, 1, 2, 3, 4, 5, 6, 7, 8]),
        Rubbish::Bytes(vec![0xFF; 20]),
        Rubbish::BytesAndEnd(dice.bytes(10)),
        Rubbish::Endless(dice.bytes(4_000)),
        Rubbish::Short(3),
    ];
    // Length and TPDU are the frame's, the header says nothing; from there on the MAC covers every byte.
    table.extend((0..24).map(|_| Rubbish::Changed(ENVELOPE_BYTES + dice.below(100))));
    let mut shop = impatient_shop("rubbish-answer");
    let relay = Relay::in_front_of(&mut shop);
    let till = shop.till();
    sells(&till, "before");
    for rubbish in table {
        let (held, spoilt) = (shop.net_minor(), relay.spoilt());
        let told = format!("{:.60}", format!("{rubbish:?}"));
        // After a connection that broke, a sign-on or an echo comes before the sale.
        let is_connected = till.sell("visa", 100).unwrap().state == State::Approved;
        assert!(is_connected, "{told}");
        relay.spoils_after(0, rubbish);
        let sale = till.sell("visa", 500).unwrap();
        assert_eq!(relay.spoilt(), spoilt + 1, "{told}");
        assert_ne!(sale.state, State::Approved, "{told}: an answer that was tampered with is no approval");
        assert_ne!(sale.state, State::Declined, "{told}: nor a decline");
        let end = closed(&till, sale, &told);
        assert!(matches!(end.state, State::Reversed | State::NotSent), "{told}: {end:?}");
        assert_eq!(shop.net_minor(), held + 100, "{told}");
    }
    assert!(till.terminal.verify().is_ok());
}

#[test]
fn whoever_answers_without_tls_is_no_host() {
    let mut shop = shop("rubbish-tls");
    let till = shop.till();
    sells(&till, "before");
    for greeting in [&b"HTTP/1.0 400 Bad Request\r\n\r\n"[..], &[0x16, 3, 3, 0xFF, 0xFF, 1, 2], &[0; 600], b""] {
        shop.stop_host();
        // The connection to the old host ends with it; the till notices before it sends anything.
        let listener = bind(shop.address);
        let stranger = std::thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let _gone = socket.write_all(greeting);
        });
        let (error, _) = till.sell_in_vain("a stranger");
        assert_eq!(error.code(), ErrorCode::HostHandshakeFailed, "{greeting:?}");
        stranger.join().unwrap();
        shop.start_host("host");
        sells(&till, "after a stranger");
    }
    assert_eq!(shop.net_minor(), 500);
}

/// Length, TPDU and header of the dialect in use.
const ENVELOPE_BYTES: usize = 2 + 5 + 6;

fn bind(address: std::net::SocketAddr) -> TcpListener {
    for _ in 0..200 {
        match TcpListener::bind(address) {
            Ok(listener) => return listener,
            Err(_) => std::thread::sleep(std::time::Duration::from_millis(10)),
        }
    }
    panic!("the host's address does not become free");
}

/// Drives the debt until it is closed.
fn closed(till: &Till, sale: AttemptView, told: &str) -> AttemptView {
    for _ in 0..50 {
        let view = till.terminal.status(&sale.attempt).unwrap();
        if matches!(view.state, State::Reversed | State::NotSent | State::ReversalStuck) {
            return view;
        }
        till.terminal.resolve().unwrap();
    }
    panic!("{told}: the debt does not close: {:?}", till.terminal.status(&sale.attempt).unwrap());
}

fn sells(till: &Till, after: &str) {
    let sale = till.sell("visa", 100).unwrap_or_else(|error| panic!("{after}: {error}"));
    assert_eq!(sale.state, State::Approved, "{after}: {:?}", sale.reason);
}
