//! Every simulated card through the real kernel: what it says it does is what the till sees.
//!
//! The reader is the sandbox's, which goes online with everything, or the same with a floor limit, under
//! which a card may approve by itself. Each cryptogram that asks the issuer is verified by the issuer.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::collections::BTreeSet;
use std::sync::Arc;

use taptill::emv::{CaKeys, CardEvent, Cvm, Outcome, Tap, TapRequest, TapStep, TerminalData, TransactionType};
use taptill::money::{Amount, Currency};
use taptill::ports::{CardChannel, CardFault};
use taptill_sandbox::card::{self, Misbehaviour, SimulatedCard};
use taptill_sandbox::issuer::{ArqcError, IssuerMasterKey, RequestedKind, verify_arqc};

/// The sandbox's reader.
const ONLINE: u64 = 0;
/// A reader that lets cards approve below 500.00.
const FLOOR: u64 = 50_000;

struct Row {
    card: &'static str,
    floor_minor: u64,
    /// Outcome, authentication, cryptogram, reason, verification.
    verdict: [&'static str; 5],
}

const fn row(card: &'static str, floor_minor: u64, verdict: [&'static str; 5]) -> Row {
    Row { card, floor_minor, verdict }
}

const ASKS: [&str; 5] = ["online_request", "ok", "ARQC", "card_asks_issuer", "none"];
const ENDS_WITHOUT_APPLICATION: [&str; 5] = ["end_application", "-", "-", "no_common_application", "none"];
const ENDS_BY_CARD_ERROR: [&str; 5] = ["end_application", "-", "-", "card_error", "none"];
const DECLINES_UNAUTHENTIC: [&str; 5] = ["declined", "failed", "TC", "authentication_failed", "none"];

const ROWS: &[Row] = &[
    row("visa", ONLINE, ASKS),
    row("visa", FLOOR, ASKS),
    row("visa-cvn10", ONLINE, ASKS),
    row("visa-unsigned", ONLINE, ["online_request", "not_done", "ARQC", "card_asks_issuer", "none"]),
    row("visa-phone", ONLINE, ["online_request", "ok", "ARQC", "card_asks_issuer", "on_device"]),
    row("visa-signature", ONLINE, ASKS),
    row("visa-unqualified", ONLINE, ASKS),
    row("visa-two", ONLINE, ASKS),
    row("visa-and-other", ONLINE, ASKS),
    row("visa-see-phone", ONLINE, ["online_request", "ok", "ARQC", "card_asks_issuer", "on_device"]),
    row("visa-slow", ONLINE, ASKS),
    row("visa-pin", ONLINE, ["online_request", "ok", "ARQC", "card_asks_issuer", "online_pin"]),
    row("visa-declines", ONLINE, ["declined", "not_done", "AAC", "card_declined", "none"]),
    row("visa-offline", ONLINE, ASKS),
    row("visa-offline", FLOOR, ["approved", "ok", "TC", "approved_offline", "none"]),
    row("visa-expired", ONLINE, ASKS),
    row("visa-expired-offline", ONLINE, ASKS),
    row("visa-expired-offline", FLOOR, ["declined", "not_done", "TC", "application_expired", "none"]),
    row("visa-wrong-arqc", ONLINE, ASKS),
    row("other-scheme", ONLINE, ENDS_WITHOUT_APPLICATION),
    row("visa-contact-only", ONLINE, ["try_another_interface", "-", "-", "card_wants_other_interface", "none"]),
    row("visa-refuses", ONLINE, ["end_application", "-", "-", "conditions_not_satisfied", "none"]),
    row("visa-blocked", ONLINE, ENDS_BY_CARD_ERROR),
    row("visa-leaves", ONLINE, ["end_application", "-", "-", "card_lost", "none"]),
    row("visa-leaves-early", ONLINE, ["end_application", "-", "-", "card_lost", "none"]),
    row("visa-silent", ONLINE, ["end_application", "-", "-", "card_silent", "none"]),
    row("visa-bad-signature", ONLINE, ["declined", "failed", "ARQC", "authentication_failed", "none"]),
    row("visa-bad-signature", FLOOR, ["declined", "failed", "ARQC", "authentication_failed", "none"]),
    row("visa-bad-signature-offline", FLOOR, DECLINES_UNAUTHENTIC),
    row("visa-bad-signature-online", FLOOR, ["online_request", "failed", "TC", "reader_asks_issuer", "none"]),
    row(
        "visa-bad-signature-contact",
        FLOOR,
        ["try_another_interface", "failed", "TC", "card_wants_other_interface", "none"],
    ),
    row("visa-bad-issuer", FLOOR, DECLINES_UNAUTHENTIC),
    row("visa-bad-certificate", FLOOR, DECLINES_UNAUTHENTIC),
    row("visa-old-certificate", FLOOR, DECLINES_UNAUTHENTIC),
    row("visa-unknown-ca", FLOOR, DECLINES_UNAUTHENTIC),
    row("visa-two-minds", FLOOR, ["declined", "ok", "TC", "device_verification_not_authentic", "none"]),
    row("visa-tag-twice", ONLINE, ENDS_BY_CARD_ERROR),
    row("visa-two-numbers", ONLINE, ENDS_BY_CARD_ERROR),
    row("visa-no-cryptogram", ONLINE, ENDS_BY_CARD_ERROR),
    row("visa-no-ttq", ONLINE, ENDS_BY_CARD_ERROR),
    row("garbage", ONLINE, ENDS_BY_CARD_ERROR),
    row("visa-garbage", ONLINE, ENDS_BY_CARD_ERROR),
];

#[test]
fn every_card_does_what_it_says() {
    let mut differing = Vec::new();
    for row in ROWS {
        let outcome = tap(&card::named(row.card).unwrap(), row.floor_minor, 1_230);
        let seen = verdict(&outcome);
        if seen != row.verdict {
            differing.push(format!("{} {}: {seen:?}, not {:?}", row.card, row.floor_minor, row.verdict));
        }
        let asks = outcome.card.as_ref().filter(|card| card.cryptogram_kind.word() == "ARQC");
        if let Some(card) = asks {
            let judged = verify_arqc(&IssuerMasterKey::sandbox(), &card.pan, card.pan_sequence, &card.chip_data);
            let wrong = row.card == "visa-wrong-arqc";
            match judged {
                Ok(request) => assert!(!wrong && request.kind() == RequestedKind::Authorisation, "{}", row.card),
                Err(refused) => assert!(wrong && refused == ArqcError::Wrong, "{}: {refused}", row.card),
            }
        }
    }
    assert!(differing.is_empty(), "{differing:#?}");
}

#[test]
fn the_table_has_every_card() {
    let rows: BTreeSet<&str> = ROWS.iter().map(|row| row.card).collect();
    assert_eq!(rows, card::names().into_iter().collect());
}

#[test]
fn a_card_that_leaves_at_any_moment_ends_the_tap() {
    for answers in 0..6 {
        let leaving = card::named("visa").unwrap().misbehaving(Misbehaviour::LeavesAfter(answers));
        let outcome = tap(&leaving, ONLINE, 1_230);
        assert_eq!(outcome.reason.word(), "card_lost", "after {answers} answers");
        assert!(outcome.card.is_none(), "a card that left after {answers} answers was read");
    }
    // Directory, application, options and three records: a card that leaves now has said everything.
    let leaving = card::named("visa").unwrap().misbehaving(Misbehaviour::LeavesAfter(6));
    assert_eq!(verdict(&tap(&leaving, ONLINE, 1_230)), ASKS);
}

#[test]
fn garbage_at_any_moment_ends_the_tap() {
    for answers in 0..6 {
        let card = card::named("visa").unwrap().misbehaving(Misbehaviour::GarbageAfter(answers));
        let outcome = tap(&card, ONLINE, 1_230);
        assert_eq!(outcome.kind.word(), "end_application", "after {answers} answers: {:?}", outcome.reason);
        assert!(outcome.card.is_none());
    }
}

#[test]
fn above_the_limit_the_holder_is_verified() {
    for (name, verdict) in [("visa", "online_pin"), ("visa-phone", "on_device"), ("visa-pin", "online_pin")] {
        let outcome = tap(&card::named(name).unwrap(), ONLINE, 10_000_000);
        assert_eq!(self::verdict(&outcome)[4], verdict, "{name}");
    }
}

#[test]
fn only_a_sandbox_terminal_knows_the_sandbox_authority() {
    let card = card::named("visa").unwrap();
    let test_terminal = edited(|json| json["environment"] = "test".into());
    let outcome = tap_with(&card, test_terminal, 1_230);
    assert_eq!(verdict(&outcome)[1], "failed");
}

fn verdict(outcome: &Outcome) -> [&'static str; 5] {
    let card = outcome.card.as_ref();
    let verified = match outcome.cvm {
        Cvm::None => "none",
        Cvm::OnlinePin => "online_pin",
        Cvm::Signature => "signature",
        Cvm::OnDevice => "on_device",
    };
    let authenticated = card.map_or("-", |card| card.oda.word());
    let cryptogram = card.map_or("-", |card| card.cryptogram_kind.word());
    [outcome.kind.word(), authenticated, cryptogram, outcome.reason.word(), verified]
}

fn tap(card: &SimulatedCard, floor_minor: u64, amount_minor: u64) -> Outcome {
    let limited = edited(|json| json["combinations"][0]["contactless_floor_limit"] = floor_minor.into());
    tap_with(card, limited, amount_minor)
}

/// The sandbox's terminal data with one thing changed.
fn edited(change: impl FnOnce(&mut serde_json::Value)) -> TerminalData {
    let mut json = serde_json::to_value(TerminalData::sandbox()).unwrap();
    change(&mut json);
    TerminalData::from_json(&json.to_string()).unwrap()
}

/// Runs one tap to its end; a card that is to be shown again comes on a new channel.
fn tap_with(card: &SimulatedCard, data: TerminalData, amount_minor: u64) -> Outcome {
    let ca_keys = CaKeys::from_json(card::ca_keys_json()).unwrap();
    let request = TapRequest {
        amount: Amount::from_minor(amount_minor, Currency::CNY).unwrap(),
        transaction_type: TransactionType::Purchase,
        date_yymmdd: [0x26, 0x11, 0x22],
        time_hhmmss: [0x13, 0x45, 0x00],
        unpredictable_number: [0xAB, 0xCD, 0x12, 0x34],
        sequence_counter: 1,
    };
    let (mut tap, mut step) = Tap::start(Arc::new(data), Arc::new(ca_keys), request);
    let mut channel = card.tap();
    for _ in 0..64 {
        step = match step {
            TapStep::Done(outcome) => return *outcome,
            TapStep::AwaitCard(_) => {
                channel = card.tap();
                tap.handle(CardEvent::Found)
            }
            TapStep::Transmit(command) => match channel.transceive(&command) {
                Ok(response) => tap.handle(CardEvent::Response(&response)),
                Err(CardFault::Lost) => tap.handle(CardEvent::Lost),
                Err(CardFault::TimedOut) => tap.handle(CardEvent::TimedOut),
                Err(CardFault::ReaderFailed) => panic!("the kernel used a channel that was dead"),
            },
        };
    }
    panic!("the tap does not end");
}
