//! Encrypted card reads at the host: what is bound to the sale is opened and booked, everything else is refused.
//!
//! The reader is the scripted one, the message is sealed by the core's own envelope under the terminal's MAC key: what is
//! tried here is a till, or somebody inside one, that sends another read than the one made for this sale.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod host_support;

use host_support::Desk;
use taptill::ids::AttemptId;
use taptill::iso8583::{Op, ValueName, Values};
use taptill::money::{Amount, Currency};
use taptill::ports::{EncryptedRead, ReadRequest};
use taptill_sandbox::card;
use taptill_sandbox::host::EntryState;
use taptill_sandbox::reader::read_card;

const NONCE: [u8; 16] = *b"0123456789abcdef";

fn read_of(card: &str, minor: u64, nonce: [u8; 16]) -> EncryptedRead {
    let amount = Amount::from_minor(minor, Currency::CNY).unwrap();
    let request = ReadRequest { amount, attempt: AttemptId::new("A-1").unwrap(), nonce };
    read_card(&card::named(card).unwrap(), &request).unwrap()
}

/// A sale that carries this read.
fn sale_with(desk: &Desk, stan: u64, minor: u64, (read, nonce): (&EncryptedRead, [u8; 16])) -> Values {
    let mut values = desk.plain_values(stan);
    values
        .set_number(ValueName::AmountMinor, minor)
        .set(ValueName::ReadFormat, &read.format)
        .set(ValueName::ReadKey, &read.key)
        .set(ValueName::ReadNonce, nonce)
        .set(ValueName::ReadSignature, &read.signature)
        .set(ValueName::EncryptedRead, &read.payload);
    values
}

fn reversal_with(desk: &Desk, stan: u64, minor: u64, nonce: [u8; 16]) -> Values {
    let mut values = desk.plain_values(stan);
    values
        .set_number(ValueName::AmountMinor, minor)
        .set(ValueName::ReadNonce, nonce)
        .set_number(ValueName::OriginalStan, stan)
        .set_number(ValueName::OriginalBatch, 1)
        .set(ValueName::OriginalDateTime, "1122040000")
        .set(ValueName::OriginalMti, "0200")
        .set(ValueName::ReversalReason, "98");
    values
}

#[test]
fn a_read_made_for_the_sale_is_opened_and_booked() {
    let mut desk = Desk::open("encrypted");
    let read = read_of("visa", 500, NONCE);
    let sale = sale_with(&desk, 1, 500, (&read, NONCE));
    let answer = desk.ask(Op::Sale, &sale);
    assert_eq!(answer.values.text(ValueName::ResponseCode), Some("00"));
    for (name, _) in answer.values.iter() {
        assert!(!name.is_card_data() && !name.is_of_a_read(), "the answer holds {}", name.word());
    }
    let entry = desk.only_entry();
    assert_eq!((entry.state, entry.net_minor), (EntryState::Booked, 500));
    assert_eq!(entry.card_masked.unwrap().as_str(), "476173******0119", "the host has the card");
}

#[test]
fn the_card_is_ruled_on_as_any_other() {
    for (card, minor, code) in [
        ("visa", 500, "00"),
        ("visa-cvn10", 500, "00"),
        ("visa-unsigned", 500, "00"),
        ("visa-wrong-arqc", 500, "05"),
        ("visa-expired", 500, "54"),
        ("visa", 100_051, "51"),
        ("visa", 5_000_001, "61"),
    ] {
        let mut desk = Desk::open("encrypted");
        let read = read_of(card, minor, NONCE);
        let sale = sale_with(&desk, 1, minor, (&read, NONCE));
        assert_eq!(desk.code(Op::Sale, &sale), code, "{card} {minor}");
        assert_eq!(desk.net_minor(), if code == "00" { minor } else { 0 }, "{card} {minor}");
    }
}

type Spoil = fn(&mut EncryptedRead);

#[test]
fn a_read_that_was_changed_or_never_sealed_is_refused_and_nothing_is_booked() {
    let table: [(&str, Spoil, &str); 12] = [
        ("the first bit of the wrapped key", |read| read.payload[0] ^= 0x80, "63"),
        ("the last bit of the seal", |read| *read.payload.last_mut().unwrap() ^= 1, "63"),
        ("a byte in the middle", |read| read.payload[300] ^= 0x20, "63"),
        ("a byte more", |read| read.payload.push(0), "63"),
        ("a byte less", |read| read.payload.truncate(read.payload.len() - 1), "63"),
        ("a payload of one byte", |read| read.payload.truncate(1), "63"),
        ("a bit of the signature", |read| read.signature[5] ^= 1, "63"),
        ("a signature cut off", |read| read.signature.truncate(63), "63"),
        ("another's signature", |read| read.signature = read_of("visa", 501, NONCE).signature, "63"),
        ("another's payload", |read| read.payload = read_of("visa", 501, NONCE).payload, "63"),
        ("another format", |read| read.format = "sandbox-2".into(), "30"),
        ("another key", |read| read.key = "sandbox-host-2".into(), "30"),
    ];
    for (what, spoil, code) in table {
        let mut desk = Desk::open("encrypted");
        let mut read = read_of("visa", 500, NONCE);
        spoil(&mut read);
        let sale = sale_with(&desk, 1, 500, (&read, NONCE));
        assert_eq!(desk.code(Op::Sale, &sale), code, "{what}");
        let entry = desk.only_entry();
        assert_eq!((entry.state, entry.net_minor, entry.card_masked), (EntryState::Declined, 0, None), "{what}");
        // Whoever spoilt that one has not spoilt the till: the customer taps again.
        let good = read_of("visa", 500, [9; 16]);
        let next = sale_with(&desk, 2, 500, (&good, [9; 16]));
        assert_eq!(desk.code(Op::Sale, &next), "00", "after {what}");
    }
}

#[test]
fn a_read_is_good_for_its_own_amount_currency_and_nonce_alone() {
    let read = read_of("visa", 500, NONCE);
    for (what, minor, nonce) in [("another amount", 50_000, NONCE), ("another nonce", 500, [1; 16])] {
        let mut desk = Desk::open("encrypted");
        let sale = sale_with(&desk, 1, minor, (&read, nonce));
        assert_eq!(desk.code(Op::Sale, &sale), "63", "{what}");
        assert_eq!(desk.net_minor(), 0, "{what}");
    }
    // Another currency is refused before its read is looked at: this terminal has one.
    let mut desk = Desk::open("encrypted");
    let mut sale = sale_with(&desk, 1, 500, (&read, NONCE));
    sale.set(ValueName::CurrencyNumber, "840");
    assert_eq!(desk.code(Op::Sale, &sale), "12");
}

#[test]
fn a_read_that_is_sent_again_is_refused_at_every_terminal() {
    let mut desk = Desk::open("encrypted");
    let read = read_of("visa", 500, NONCE);
    let first = sale_with(&desk, 1, 500, (&read, NONCE));
    assert_eq!(desk.code(Op::Sale, &first), "00");
    let again = sale_with(&desk, 2, 500, (&read, NONCE));
    assert_eq!(desk.code(Op::Sale, &again), "63", "the same read under another trace number");
    assert_eq!(desk.code(Op::Sale, &first), "94", "the same message");
    assert_eq!(desk.net_minor(), 500);
    // What was reversed stays used up.
    let reversal = reversal_with(&desk, 1, 500, NONCE);
    assert_eq!(desk.code(Op::Reversal, &reversal), "00");
    let third = sale_with(&desk, 3, 500, (&read, NONCE));
    assert_eq!(desk.code(Op::Sale, &third), "63");
    assert_eq!(desk.net_minor(), 0);
}

#[test]
fn a_reversal_names_the_read_of_its_sale() {
    let mut desk = Desk::open("encrypted");
    let read = read_of("visa", 500, NONCE);
    let sale = sale_with(&desk, 1, 500, (&read, NONCE));
    assert_eq!(desk.code(Op::Sale, &sale), "00");
    let foreign = reversal_with(&desk, 1, 500, [1; 16]);
    assert_eq!(desk.code(Op::Reversal, &foreign), "63", "of another read");
    assert_eq!(desk.net_minor(), 500);
    let own = reversal_with(&desk, 1, 500, NONCE);
    assert_eq!((desk.code(Op::Reversal, &own), desk.code(Op::Reversal, &own)), ("00".into(), "25".into()));
    assert_eq!(desk.net_minor(), 0);
}

#[test]
fn a_reversal_that_overtakes_its_sale_keeps_it_out() {
    let mut desk = Desk::open("encrypted");
    let read = read_of("visa", 500, NONCE);
    let (sale, reversal) = (sale_with(&desk, 1, 500, (&read, NONCE)), reversal_with(&desk, 1, 500, NONCE));
    assert_eq!(desk.code(Op::Reversal, &reversal), "00");
    assert_eq!(desk.code(Op::Sale, &sale), "94");
    assert_eq!(desk.net_minor(), 0);
}
