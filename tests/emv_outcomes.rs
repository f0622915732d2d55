//! How a tap ends: a row for each reason, mostly refusals.
//!
//! The card is a strict script: each command must be the one that the script awaits, and nothing of it may be
//! left over at the end. The terminal is the sandbox's.

#![allow(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

use std::collections::VecDeque;
use std::sync::Arc;

use taptill::emv::hex;
use taptill::emv::terminal_data::Combination;
use taptill::emv::{CaKeys, CardEvent, Outcome, Tap, TapRequest, TapStep, TerminalData, TransactionType};
use taptill::money::{Amount, Currency};
use taptill::ports::Prompt;

const DIRECTORY: &str =
    "6F2D840E325041592E5359532E4444463031A51BBF0C1861164F07A0000000031010500B56495341204352454449549000";
const FCI: &str =
    "6F338407A0000000031010A528500B56495341204352454449549F38189F66049F02069F03069F1A0295055F2A029A039C019F37049000";
const OPTIONS: &str = "7757820220005F34010157114761739001010010D221220111438444895F201656495341204352454449542F43415244484F4C4445529F100706010A03A000009F260848325309BE82CBA29F2701809F360200779F6C0200009000";
const RECORD: &str = "70145A0847617390010100105F24032212315F3001019000";

/// One thing that happens to the reader.
#[derive(Clone)]
enum Event {
    Found,
    Lost,
    Silent,
    Collision,
    /// The beginning of the command that is awaited, and the response.
    Answer(&'static str, String),
}

fn answer(command: &'static str, response: &str) -> Event {
    Event::Answer(command, response.to_owned())
}

fn select_directory(response: &str) -> Event {
    answer("00A404000E325041592E5359532E444446303100", response)
}

fn select(response: &str) -> Event {
    answer("00A4040007A000000003101000", response)
}

fn options(response: &str) -> Event {
    answer("80A8000023832125804000", response)
}

fn record(response: &str) -> Event {
    answer("00B2011C00", response)
}

fn up_to_options(rest: &[Event]) -> Vec<Event> {
    [&[Event::Found, select_directory(DIRECTORY), select(FCI)], rest].concat()
}

fn request(minor: u64) -> TapRequest {
    TapRequest {
        amount: Amount::from_minor(minor, Currency::CNY).unwrap(),
        transaction_type: TransactionType::Purchase,
        date_yymmdd: [0x20, 0x03, 0x16],
        time_hhmmss: [0x12, 0x00, 0x00],
        unpredictable_number: [0xAB; 4],
        sequence_counter: 7,
    }
}

/// Runs a script to its end; gives the outcome and the messages that were shown on the way.
fn run(data: TerminalData, minor: u64, script: Vec<Event>) -> (Box<Outcome>, Vec<Prompt>) {
    let mut script = VecDeque::from(script);
    let (mut tap, mut step) = Tap::start(Arc::new(data), Arc::new(CaKeys::default()), request(minor));
    let mut shown = Vec::new();
    loop {
        let command = match step {
            TapStep::Done(outcome) => {
                assert!(script.is_empty(), "{} events are left over", script.len());
                return (outcome, shown);
            }
            TapStep::AwaitCard(ui) => {
                shown.push(ui.prompt);
                None
            }
            TapStep::Transmit(command) => Some(hex::encode(&command)),
        };
        step = match script.pop_front().expect("the tap wants more than the script has") {
            Event::Found => tap.handle(CardEvent::Found),
            Event::Lost => tap.handle(CardEvent::Lost),
            Event::Silent => tap.handle(CardEvent::TimedOut),
            Event::Collision => tap.handle(CardEvent::Collision),
            Event::Answer(awaited, response) => {
                let command = command.expect("the script answers where no command was sent");
                assert!(command.starts_with(awaited), "{command} instead of {awaited}");
                tap.handle(CardEvent::Response(&hex::decode(&response).unwrap()))
            }
        };
    }
}

fn word(outcome: &Outcome) -> String {
    format!("{} {} {:?}", outcome.kind.word(), outcome.reason.word(), outcome.ui.prompt)
}

#[test]
fn each_refusal_of_the_card_has_its_end() {
    let with_directory = |response: &str| vec![Event::Found, select_directory(response)];
    let with_options = |response: String| up_to_options(&[options(&response)]);
    let changed = |from: &str, to: &str| {
        assert!(OPTIONS.contains(from), "{from}");
        with_options(OPTIONS.replace(from, to))
    };
    const END: &str = "InsertSwipeOrTryAnotherCard";
    let rows: Vec<(&str, Vec<Event>, String)> = vec![
        ("no directory", with_directory("6A82"), format!("end_application card_error {END}")),
        ("no status", with_directory("90"), format!("end_application card_error {END}")),
        ("empty directory", with_directory("9000"), format!("end_application card_error {END}")),
        ("no entries", with_directory("6F02A5009000"), format!("end_application no_common_application {END}")),
        (
            "kernel 2 only",
            with_directory("6F13A511BF0C0E610C4F07A00000000410108701019000"),
            format!("end_application kernel_not_available {END}"),
        ),
        (
            "application blocked",
            vec![Event::Found, select_directory(DIRECTORY), select("6283")],
            format!("end_application card_error {END}"),
        ),
        (
            "FCI is rubbish",
            vec![Event::Found, select_directory(DIRECTORY), select("6FFF9000")],
            format!("end_application card_error {END}"),
        ),
        (
            "PDOL without 9F66",
            vec![Event::Found, select_directory(DIRECTORY), select(&FCI.replace("9F6604", "9F6704"))],
            format!("end_application card_error {END}"),
        ),
        ("6984", with_options("6984".into()), "try_another_interface card_wants_other_interface InsertOrSwipe".into()),
        ("6985", with_options("6985".into()), format!("end_application conditions_not_satisfied {END}")),
        ("6A81", with_options("6A81".into()), format!("end_application card_error {END}")),
        ("wrong template", changed("7757", "7057"), format!("end_application card_error {END}")),
        ("cut", with_options("775782029000".into()), format!("end_application card_error {END}")),
        ("no 9F26", changed("9F2608", "9F2508"), format!("end_application card_error {END}")),
        ("no 9F36", changed("9F3602", "9F3502"), format!("end_application card_error {END}")),
        ("no 82", changed("82022000", "DF022000"), format!("end_application card_error {END}")),
        ("no 9F10", changed("9F1007", "9F0F07"), format!("end_application card_error {END}")),
        ("no 57", changed("57114761", "58114761"), format!("end_application card_error {END}")),
        ("9F6C twice", changed("9F36020077", "9F6C020077"), format!("end_application card_error {END}")),
        ("cryptogram of no kind", changed("9F270180", "9F2701C0"), format!("end_application card_error {END}")),
        ("AAC", changed("9F270180", "9F270100"), "declined card_declined NotAuthorised".into()),
        (
            "AAC in the CVR",
            changed("9F270180", "9F2E0180").into_iter().map(aac_in_results).collect(),
            "declined card_declined NotAuthorised".into(),
        ),
        ("ARQC in the CVR", changed("9F270180", "9F2E0180"), "online_request card_asks_issuer Authorising".into()),
        ("ARQC", with_options(OPTIONS.into()), "online_request card_asks_issuer Authorising".into()),
    ];
    for (name, script, verdict) in rows {
        let (outcome, _) = run(TerminalData::sandbox(), 9_000, script);
        assert_eq!(word(&outcome), verdict, "{name}");
        let is_read = matches!(outcome.kind.word(), "declined" | "online_request");
        assert_eq!(outcome.card.is_some(), is_read, "{name}");
    }
}

fn aac_in_results(event: Event) -> Event {
    match event {
        Event::Answer(command, response) => {
            Event::Answer(command, response.replace("06010A03A00000", "06010A03800000"))
        }
        other => other,
    }
}

#[test]
fn each_refusal_of_a_record_has_its_end() {
    let located = OPTIONS.replace("7757", "775D").replace("82022000", "82022000940418010100");
    let with_record = |response: &str| up_to_options(&[options(&located), record(response)]);
    let with_locator = |template: &str, locator: &str| {
        let answer = OPTIONS.replace("7757", template).replace("82022000", &format!("82022000{locator}"));
        up_to_options(&[options(&answer)])
    };
    const ENDED: &str = "end_application card_error InsertSwipeOrTryAnotherCard";
    for (name, script, verdict) in [
        ("a record", with_record(RECORD), "online_request card_asks_issuer Authorising"),
        (
            "padded",
            with_record(&format!("00{}00009000", &RECORD[..RECORD.len() - 4])),
            "online_request card_asks_issuer Authorising",
        ),
        ("no such record", with_record("6A83"), ENDED),
        ("not in template 70", with_record(&RECORD.replace("7014", "7114")), ENDED),
        ("cut", with_record("70145A089000"), ENDED),
        ("two templates", with_record("700070009000"), ENDED),
        ("another card number", with_record(&RECORD.replace("0100105F24", "0100115F24")), ENDED),
        ("57 again", with_record("7004570247619000"), ENDED),
        ("malformed date", with_record(&RECORD.replace("221231", "221331")), ENDED),
        ("locator of three bytes", with_locator("775C", "9403180101"), ENDED),
        ("file 0", with_locator("775D", "940400010100"), ENDED),
        ("record 0", with_locator("775D", "940418000100"), ENDED),
        ("too many records", with_locator("775D", "94041801FF00"), ENDED),
        ("more authenticated than read", with_locator("775D", "940418010102"), ENDED),
    ] {
        let (outcome, _) = run(TerminalData::sandbox(), 9_000, script);
        assert_eq!(word(&outcome), verdict, "{name}");
    }
}

#[test]
fn what_happens_in_the_field_has_its_end() {
    use Prompt::{PresentCard, PresentOneCardOnly, SeePhone};
    let online = || up_to_options(&[options(OPTIONS)]);
    let then_online = |first: Vec<Event>| [first, online()].concat();
    const ONLINE: &str = "online_request card_asks_issuer Authorising";
    const LOST: &str = "end_application card_lost PresentCardAgain";
    let rows: Vec<(&str, Vec<Event>, &str, Vec<Prompt>)> = vec![
        ("nobody comes", vec![Event::Silent], "end_application no_card_presented Clear", vec![PresentCard]),
        ("lost before activation", then_online(vec![Event::Lost]), ONLINE, vec![PresentCard; 2]),
        ("lost at the directory", vec![Event::Found, Event::Lost], LOST, vec![PresentCard]),
        ("lost at the options", up_to_options(&[Event::Lost]), LOST, vec![PresentCard]),
        ("another card mid-tap", vec![Event::Found, Event::Found], LOST, vec![PresentCard]),
        ("silent", up_to_options(&[Event::Silent]), "end_application card_silent PresentCardAgain", vec![PresentCard]),
        ("two cards", then_online(vec![Event::Collision]), ONLINE, vec![PresentCard, PresentOneCardOnly]),
        (
            "two cards mid-tap",
            then_online(vec![Event::Found, Event::Collision]),
            ONLINE,
            vec![PresentCard, PresentOneCardOnly],
        ),
        ("see phone", then_online(up_to_options(&[options("6986")])), ONLINE, vec![PresentCard, SeePhone]),
        (
            "two cards for ever",
            vec![Event::Collision; 9],
            "end_application too_many_restarts InsertSwipeOrTryAnotherCard",
            [vec![PresentCard], vec![PresentOneCardOnly; 8]].concat(),
        ),
    ];
    for (name, script, verdict, prompts) in rows {
        let (outcome, shown) = run(TerminalData::sandbox(), 9_000, script);
        assert_eq!((word(&outcome).as_str(), shown), (verdict, prompts), "{name}");
    }
}

#[test]
fn see_phone_holds_the_field_off() {
    let (mut tap, _) = start(9_000);
    let _ = tap.handle(CardEvent::Found);
    for response in [DIRECTORY, FCI] {
        let _ = tap.handle(CardEvent::Response(&hex::decode(response).unwrap()));
    }
    let TapStep::AwaitCard(ui) = tap.handle(CardEvent::Response(&[0x69, 0x86])) else { panic!("not a restart") };
    assert_eq!((ui.prompt, ui.hold_ms), (Prompt::SeePhone, 1_300));
}

fn start(minor: u64) -> (Tap, TapStep) {
    Tap::start(Arc::new(TerminalData::sandbox()), Arc::new(CaKeys::default()), request(minor))
}

#[test]
fn an_amount_that_nothing_allows_never_powers_the_field() {
    for minor in [0, 100_000_000] {
        let (mut tap, step) = start(minor);
        let TapStep::Done(outcome) = step else { panic!("{minor}: the field was powered") };
        assert_eq!(word(&outcome), "try_another_interface no_combination_allowed InsertOrSwipe");
        let TapStep::Done(outcome) = tap.handle(CardEvent::Found) else { panic!("a tap that is over goes on") };
        assert_eq!(word(&outcome), "end_application already_over InsertSwipeOrTryAnotherCard");
    }
}

#[test]
fn the_next_application_is_tried_when_one_cannot_serve() {
    const TWO: &str = "6F21A51FBF0C1C61094F07A0000000031010610F4F07A00000000310108701025001419000";
    for first in [vec![select("6A82")], vec![select("6F009000")], vec![select(FCI), options("6985")]] {
        let script = [vec![Event::Found, select_directory(TWO)], first, vec![select(FCI), options(OPTIONS)]].concat();
        let (outcome, shown) = run(TerminalData::sandbox(), 9_000, script);
        assert_eq!(word(&outcome), "online_request card_asks_issuer Authorising");
        assert_eq!(shown, [Prompt::PresentCard]);
    }
}

#[test]
fn what_was_read_is_given_whole() {
    let (outcome, _) = run(TerminalData::sandbox(), 9_000, up_to_options(&[options(OPTIONS)]));
    let card = outcome.card.unwrap();
    assert_eq!(card.pan.expose(), b"4761739001010010");
    assert_eq!(card.expiry.yymm(), *b"2212");
    assert_eq!(card.pan_sequence, Some(1));
    assert_eq!(card.track2.expose(), b"4761739001010010D22122011143844489");
    assert_eq!((card.kernel, card.atc, card.tvr), (3, 0x77, [0; 5]));
    assert_eq!(hex::encode(&card.aid), "A0000000031010");
    assert_eq!(card.label, "VISA CREDIT");
    assert_eq!(hex::encode(&card.cryptogram), "48325309BE82CBA2");
    let chip_data = hex::encode(&card.chip_data);
    for object in ["9F260848325309BE82CBA2", "9F3704ABABABAB", "9F0206000000009000", "9F410400000007", "5F340101"] {
        assert!(chip_data.contains(object), "{object}");
    }
    assert!(!chip_data.contains("47617390"));
    assert!(!format!("{:?}", card).contains("4761739001010010"));
}

#[test]
fn verification_is_asked_for_from_its_limit_on() {
    type Change = fn(&mut Combination);
    let rows: [(u64, Change, &str, &str); 5] = [
        (49_999, |_| {}, "0000", "online_request None"),
        (50_000, |_| {}, "0000", "declined None"),
        (50_000, |_| {}, "8000", "online_request OnlinePin"),
        (50_000, |_| {}, "0080", "online_request OnDevice"),
        (50_000, |it| it.ttq.0[0] |= 0x02, "4000", "online_request Signature"),
    ];
    for (minor, change, ctq, verdict) in rows {
        let sandbox = TerminalData::sandbox();
        let mut combination = sandbox.combinations()[0].clone();
        combination.cvm_required_limit = Some(50_000);
        change(&mut combination);
        let data = TerminalData::new(sandbox.environment(), sandbox.common().clone(), vec![combination]).unwrap();
        let response = OPTIONS.replace("9F6C020000", &format!("9F6C02{ctq}"));
        let script = up_to_options(&[answer("80A80000238321", &response)]);
        let (outcome, _) = run(data, minor, script);
        assert_eq!(format!("{} {:?}", outcome.kind.word(), outcome.cvm), verdict, "{minor} {ctq}");
    }
}

#[test]
fn a_response_never_shows_its_bytes() {
    assert_eq!(format!("{:?}", CardEvent::Response(&[0x47, 0x61])), "Response(2 bytes)");
}
