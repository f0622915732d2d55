//! The simulated card as a reader meets it: status words, order of commands, misbehaviour, memory.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use taptill::card::Pan;
use taptill::ports::{CardChannel, CardFault};
use taptill_sandbox::card::{self, Misbehaviour, PresentedCard, SimulatedCard};
use taptill_sandbox::issuer::{ArqcError, IssuerMasterKey, RequestedKind, VerifiedRequest, verify_arqc};

const SELECT_DIRECTORY: &str = "00A404000E325041592E5359532E444446303100";
const SELECT_VISA: &str = "00A4040007A000000003101000";
const SELECT_VISA_NEXT: &str = "00A4040207A000000003101000";
const READ_FIRST: &str = "00B2011400";
/// Qualifiers 27 80 40 00 (EMV, PIN, signature, authentication; online required), 12.30 CNY.
const OPTIONS: &str = "80A80000238321278040000000000012300000000000000156000000000001562611220012345678 00";

fn visa() -> SimulatedCard {
    card::named("visa").unwrap()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}

/// The status word alone.
fn status(card: &PresentedCard, command: &str) -> u16 {
    let response = card.transceive(&bytes(command)).unwrap();
    u16::from_be_bytes(*response.last_chunk().unwrap())
}

/// The options' data objects, without their template and the status word.
fn options(card: &PresentedCard, command: &str) -> Vec<u8> {
    assert_eq!(status(card, SELECT_VISA), 0x9000);
    let response = card.transceive(&bytes(command)).unwrap();
    assert!(response.ends_with(&[0x90, 0x00]), "{response:02X?}");
    let header = if response[1] == 0x81 { 3 } else { 2 };
    response[header..response.len() - 2].to_vec()
}

fn value(objects: &[u8], tag: &[u8]) -> Vec<u8> {
    let mut rest = objects;
    while !rest.is_empty() {
        let tag_length = if rest[0] & 0x1F == 0x1F { 2 } else { 1 };
        let (start, length) = match rest[tag_length] {
            0x81 => (tag_length + 2, usize::from(rest[tag_length + 1])),
            short => (tag_length + 1, usize::from(short)),
        };
        if rest[..tag_length] == *tag {
            return rest[start..start + length].to_vec();
        }
        rest = &rest[start + length..];
    }
    panic!("the card gave no {tag:02X?}")
}

#[test]
fn each_command_in_each_place_has_its_status_word() {
    let rows: &[(&[&str], u16)] = &[
        (&[SELECT_DIRECTORY], 0x9000),
        (&[SELECT_VISA], 0x9000),
        (&["00A4040005A000000003"], 0x9000),
        (&["00A4040007A000000004101000"], 0x6A82),
        (&["00A404000E315041592E5359532E444446303100"], 0x6A82),
        (&[OPTIONS], 0x6985),
        (&[SELECT_DIRECTORY, OPTIONS], 0x6985),
        (&[SELECT_VISA, OPTIONS], 0x9000),
        (&[SELECT_VISA, OPTIONS, OPTIONS], 0x6985),
        (&[SELECT_VISA, "80A8000002830000"], 0x6700),
        (&[SELECT_VISA, "80A8000002830100"], 0x6A80),
        (&[SELECT_VISA, "00A4040007A000000004101000", OPTIONS], 0x6985),
        (&[READ_FIRST], 0x6985),
        (&[SELECT_VISA, READ_FIRST], 0x6985),
        (&[SELECT_VISA, OPTIONS, READ_FIRST], 0x9000),
        (&[SELECT_VISA, OPTIONS, "00B2031400"], 0x9000),
        (&[SELECT_VISA, OPTIONS, "00B2041400"], 0x6A83),
        (&[SELECT_VISA, OPTIONS, "00B2010C00"], 0x6A83),
        (&[SELECT_VISA, OPTIONS, SELECT_VISA, READ_FIRST], 0x6985),
        (&[SELECT_VISA, SELECT_VISA_NEXT], 0x6A82),
        (&[SELECT_VISA_NEXT], 0x6A82),
        (&[SELECT_VISA, OPTIONS, "80AE8000 00"], 0x6D00),
        (&[SELECT_VISA, "80CA9F3600"], 0x6A88),
        (&["84A404000E325041592E5359532E444446303100"], 0x6E00),
    ];
    for (commands, verdict) in rows {
        let tap = visa().tap();
        let last = commands.iter().fold(0, |_, command| status(&tap, command));
        assert_eq!(last, *verdict, "{commands:?}");
    }
}

#[test]
fn the_reader_gets_no_options_without_its_qualifiers() {
    for (name, verdict) in [
        ("visa", 0x6985),
        ("visa-no-ttq", 0x6985),
        ("visa-contact-only", 0x6984),
        ("visa-refuses", 0x6985),
        ("visa-blocked", 0x6A81),
        ("other-scheme", 0x6A82),
    ] {
        let tap = card::named(name).unwrap().tap();
        let not_emv = OPTIONS.replacen("27804000", "80000000", 1);
        let last = match status(&tap, SELECT_VISA) {
            0x9000 => status(&tap, &not_emv),
            refused => refused,
        };
        assert_eq!(last, verdict, "{name}");
    }
}

#[test]
fn two_applications_come_in_the_directorys_order() {
    let tap = card::named("visa-two").unwrap().tap();
    let directory = tap.transceive(&bytes(SELECT_DIRECTORY)).unwrap();
    let places = [1, 2].map(|priority| directory.windows(3).position(|window| window == [0x87, 1, priority]).unwrap());
    assert!(places[1] < places[0], "the card lists its second choice first");
    assert_eq!(status(&tap, SELECT_VISA), 0x9000);
    assert_eq!(status(&tap, SELECT_VISA_NEXT), 0x9000);
    assert_eq!(status(&tap, OPTIONS), 0x6985);
    assert_eq!(status(&tap, "00A4040008A00000000310100200"), 0x9000);
    assert_eq!(status(&tap, OPTIONS), 0x9000);
}

#[test]
fn a_card_that_left_answers_nothing_more() {
    for (misbehaviour, fault) in
        [(Misbehaviour::LeavesAfter(1), CardFault::Lost), (Misbehaviour::SilentAfter(1), CardFault::TimedOut)]
    {
        let card = visa().misbehaving(misbehaviour);
        let tap = card.tap();
        assert_eq!(status(&tap, SELECT_DIRECTORY), 0x9000);
        assert_eq!(tap.transceive(&bytes(SELECT_VISA)), Err(fault));
        assert_eq!(tap.transceive(&bytes(SELECT_VISA)), Err(CardFault::ReaderFailed), "a dead channel was used");
        assert_eq!(tap.commands(), 3);
        assert_eq!(status(&card.tap(), SELECT_DIRECTORY), 0x9000, "the next tap is another channel");
    }
}

#[test]
fn the_counter_belongs_to_the_card_and_not_to_the_tap() {
    let card = visa();
    for expected in 1..=3 {
        assert_eq!(value(&options(&card.tap(), OPTIONS), &[0x9F, 0x36]), [0, expected]);
    }
    let worn_out = visa().counted_to(0xFFFE);
    assert_eq!(value(&options(&worn_out.tap(), OPTIONS), &[0x9F, 0x36]), [0xFF, 0xFF]);
    let tap = worn_out.tap();
    assert_eq!([status(&tap, SELECT_VISA), status(&tap, OPTIONS)], [0x9000, 0x6985]);
}

#[test]
fn a_counter_in_a_file_is_shared_and_never_guessed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("visa.atc");
    for expected in 1..=2 {
        let card = visa().counting_in(file.clone());
        assert_eq!(value(&options(&card.tap(), OPTIONS), &[0x9F, 0x36]), [0, expected]);
    }
    std::fs::write(&file, "seven").unwrap();
    let tap = visa().counting_in(file).tap();
    assert_eq!(status(&tap, SELECT_VISA), 0x9000);
    assert_eq!(tap.transceive(&bytes(OPTIONS)), Err(CardFault::ReaderFailed));
}

#[test]
fn a_phone_works_at_the_second_tap_and_wants_a_look_before_each_payment() {
    let card = card::named("visa-see-phone").unwrap();
    for verdict in [0x6986, 0x9000, 0x6986, 0x9000] {
        let tap = card.tap();
        assert_eq!([status(&tap, SELECT_VISA), status(&tap, OPTIONS)], [0x9000, verdict]);
    }
}

#[test]
fn a_slow_card_says_so_and_does_not_sleep() {
    let waited = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&waited);
    let hook = Arc::new(move |delay_ms| {
        counted.fetch_add(delay_ms, Ordering::Relaxed);
    });
    let tap = card::named("visa-slow").unwrap().delayed_by(hook).tap();
    assert_eq!([status(&tap, SELECT_VISA), status(&tap, OPTIONS)], [0x9000, 0x9000]);
    assert_eq!(waited.load(Ordering::Relaxed), 600);
}

#[test]
fn garbage_is_the_same_for_the_same_command() {
    let said = || card::named("garbage").unwrap().tap().transceive(&bytes(SELECT_DIRECTORY)).unwrap();
    assert_eq!(said(), said());
    assert!(said().ends_with(&[0x90, 0x00]));
    assert_ne!(said(), visa().tap().transceive(&bytes(SELECT_DIRECTORY)).unwrap());
}

/// The decision by the reader's qualifiers and the amount: (card, TTQ, amount, 9F27).
#[test]
fn each_decision_follows_from_card_and_reader() {
    let rows = [
        ("visa", "27804000", "000000001230", 0x80),
        ("visa", "27004000", "000000001230", 0x80),
        ("visa", "2F004000", "000000001230", 0x00),
        ("visa-declines", "27804000", "000000001230", 0x00),
        ("visa-offline", "27004000", "000000001230", 0x40),
        ("visa-offline", "27004000", "000000010000", 0x40),
        ("visa-offline", "27004000", "000000010001", 0x80),
        ("visa-offline", "27004000", "00000000123A", 0x80),
        ("visa-offline", "27804000", "000000001230", 0x80),
        ("visa-offline", "2F004000", "000000010001", 0x00),
    ];
    for (name, qualifiers, amount, verdict) in rows {
        let command = OPTIONS.replacen("27804000", qualifiers, 1).replacen("000000001230", amount, 1);
        let given = options(&card::named(name).unwrap().tap(), &command);
        assert_eq!(value(&given, &[0x9F, 0x27]), [verdict], "{name} {qualifiers} {amount}");
        assert_eq!(value(&given, &[0x9F, 0x10])[4], 0x80 | verdict >> 2, "{name}");
    }
}

/// The card transaction qualifiers: (card, TTQ, 9F6C).
#[test]
fn each_card_wants_its_holder_verified_its_own_way() {
    let rows = [
        ("visa", "27800000", [0x00, 0x00]),
        ("visa", "27C00000", [0x40, 0x00]),
        ("visa", "25C00000", [0x80, 0x00]),
        ("visa", "21C00000", [0x00, 0x00]),
        ("visa-pin", "27800000", [0x80, 0x00]),
        ("visa-signature", "21800000", [0x40, 0x00]),
        ("visa-phone", "27C00000", [0x00, 0x80]),
        ("visa-bad-signature-online", "27800000", [0x20, 0x00]),
        ("visa-bad-signature-contact", "27800000", [0x10, 0x00]),
    ];
    for (name, qualifiers, verdict) in rows {
        let command = OPTIONS.replacen("27804000", qualifiers, 1);
        let given = options(&card::named(name).unwrap().tap(), &command);
        assert_eq!(value(&given, &[0x9F, 0x6C]), verdict, "{name} {qualifiers}");
    }
}

/// What a till would send of a tap: the options' own objects and the terminal's.
fn verified(name: &str) -> Result<VerifiedRequest, ArqcError> {
    let card = card::named(name).unwrap();
    let given = options(&card.tap(), OPTIONS);
    let mut chip_data = bytes(
        "9F0206000000001230 9F0306000000000000 9F1A020156 95050000000000 5F2A020156 9A03261122 9C0100 9F370412345678",
    );
    for tag in [&[0x82][..], &[0x9F, 0x36], &[0x9F, 0x10], &[0x9F, 0x26]] {
        let value = value(&given, tag);
        chip_data.extend(tag);
        chip_data.push(u8::try_from(value.len()).unwrap());
        chip_data.extend(value);
    }
    let [sequence] = value(&given, &[0x5F, 0x34])[..] else { panic!("one byte") };
    let number = if name == "visa-cvn10" { b"4761739001010010" } else { b"4761739001010119" };
    verify_arqc(
        &IssuerMasterKey::sandbox(),
        &Pan::from_ascii(number).unwrap(),
        Some((sequence >> 4) * 10 + (sequence & 0x0F)),
        &chip_data,
    )
}

#[test]
fn the_issuer_recognises_its_cards() {
    for (name, kind) in [
        ("visa", RequestedKind::Authorisation),
        ("visa-cvn10", RequestedKind::Authorisation),
        ("visa-unsigned", RequestedKind::Authorisation),
        ("visa-declines", RequestedKind::Declined),
    ] {
        let verified = verified(name).unwrap();
        assert_eq!((verified.kind(), verified.atc()), (kind, 1), "{name}");
    }
    assert_eq!(verified("visa-wrong-arqc").err(), Some(ArqcError::Wrong));
}

#[test]
fn the_list_names_every_card_and_shows_no_number() {
    let list = card::list();
    assert_eq!(list.iter().map(|card| card.name).collect::<Vec<_>>(), card::names());
    for info in &list {
        assert_eq!(card::named(info.name).unwrap().info(), *info);
        assert!(info.masked.contains("******"), "{}", info.name);
    }
    assert!(card::named("no-such-card").is_none());
}
