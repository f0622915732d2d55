//! The simulated host at frame level: what it answers, what it books, how it misbehaves.
//!
//! Every table runs over both shipped dialects. A row names what is changed in an otherwise good request, the
//! response code, and what the book shows afterwards.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod host_support;

use host_support::{CountingEntropy, DAY_MS, DIALECTS, Desk, NOON, PAN, chip_data, chip_data_with};
use std::sync::Arc;
use taptill::acquirer::envelope::{self, EnvelopeError};
use taptill::clock::WallMs;
use taptill::iso8583::{Dialect, FieldSet, Op, Side, ValueName, Values};
use taptill::paycrypto::MacKey;
use taptill_sandbox::host::{Acquirer, Action, EntryState, HostError, Kind, LATE_BY_MS, Options, Script};

const STAN: u64 = 123;
const AMOUNT: u64 = 10_000;

#[test]
fn a_good_sale_is_booked_and_answered_with_reference_code_and_cryptogram() {
    for dialect in DIALECTS {
        let mut desk = Desk::open(dialect);
        let request = desk.sale(STAN, AMOUNT);
        let answer = desk.ask(Op::Sale, &request).values;
        let entry = desk.only_entry();
        assert_eq!(answer.text(ValueName::ResponseCode), Some("00"), "{dialect}");
        assert_eq!(answer.text(ValueName::Rrn), Some(entry.rrn.as_str()));
        assert_eq!(answer.text(ValueName::AuthCode), entry.auth_code.as_ref().map(|code| code.as_str()));
        assert!(answer.get(ValueName::ChipData).is_some_and(|data| data.starts_with(&[0x91, 0x0A])));
        assert_eq!((entry.state, entry.amount_minor, entry.net_minor), (EntryState::Booked, AMOUNT, AMOUNT));
        assert_eq!(entry.card_masked.unwrap().as_str(), "476173******0119");
    }
}

#[test]
fn sales_are_refused_for_what_is_wrong_with_them() {
    type Change = fn(&mut Values) -> &mut Values;
    let table: &[(&str, Change, &str)] = &[
        ("amount zero", |sale| sale.set_number(ValueName::AmountMinor, 0), "13"),
        ("amount over the limit", |sale| sale.set_number(ValueName::AmountMinor, 5_000_001), "61"),
        ("amount other than the card's", |sale| sale.set_number(ValueName::AmountMinor, AMOUNT + 1), "13"),
        ("another currency", |sale| sale.set(ValueName::CurrencyNumber, "840"), "12"),
        (
            "a wrong check digit",
            |sale| sale.set(ValueName::Pan, "4761739001010118").set(ValueName::Track2, "4761739001010118D49122011"),
            "14",
        ),
        (
            "another card on the track",
            |sale| sale.set(ValueName::Track2, "4111111111111111D49122011234512345678"),
            "30",
        ),
        (
            "another expiry on the track",
            |sale| sale.set(ValueName::Track2, format!("{PAN}D49112011234512345678")),
            "30",
        ),
        (
            "an expired card",
            |sale| sale.set(ValueName::Expiry, "2610").set(ValueName::Track2, format!("{PAN}D26102011234512345678")),
            "54",
        ),
        (
            "a cryptogram that is off by a bit",
            |sale| {
                let mut data = chip_data(AMOUNT);
                data[3] ^= 1;
                sale.set(ValueName::ChipData, data)
            },
            "05",
        ),
        ("the cryptogram of another sequence number", |sale| sale.set(ValueName::PanSequence, "002"), "05"),
        ("a card that declined", |sale| sale.set(ValueName::ChipData, chip_data_with(AMOUNT, 0x80)), "05"),
        ("a card that approved by itself", |sale| sale.set(ValueName::ChipData, chip_data_with(AMOUNT, 0x90)), "05"),
        ("chip data without a cryptogram", |sale| sale.set(ValueName::ChipData, &chip_data(AMOUNT)[11..]), "30"),
    ];
    for dialect in DIALECTS {
        for (what, change, code) in table {
            let mut desk = Desk::open(dialect);
            let mut request = desk.sale(STAN, AMOUNT);
            change(&mut request);
            assert_eq!(desk.code(Op::Sale, &request), *code, "{dialect}: {what}");
            let entry = desk.only_entry();
            assert_eq!((entry.state, entry.net_minor), (EntryState::Declined, 0), "{dialect}: {what}");
            assert_eq!(entry.response_code.as_str(), *code);
        }
    }
}

#[test]
fn strangers_are_refused_and_leave_no_entry() {
    type Change = fn(&mut Values) -> &mut Values;
    let table: &[(&str, Change, &str)] = &[
        ("another terminal", |sale| sale.set(ValueName::TerminalId, "SBX00002"), "97"),
        ("another merchant", |sale| sale.set(ValueName::MerchantId, "SANDBOX00000002"), "03"),
    ];
    for dialect in DIALECTS {
        for (what, change, code) in table {
            let mut desk = Desk::open(dialect);
            let mut request = desk.sale(STAN, AMOUNT);
            change(&mut request);
            let actions = desk.send(Op::Sale, &request);
            let [Action::Reply(frame)] = actions.as_slice() else { panic!("{dialect}: {what}: {actions:?}") };
            let answer = desk.unsealed(frame, Op::Sale, desk.mak.as_ref()).unwrap().values;
            assert_eq!(answer.text(ValueName::ResponseCode), Some(*code), "{dialect}: {what}");
            assert_eq!(desk.acquirer.entries().unwrap(), []);
        }
    }
}

#[test]
fn a_sale_for_another_batch_asks_for_a_sign_on() {
    for dialect in DIALECTS {
        let mut desk = Desk::open(dialect);
        let mut sale = desk.sale(STAN, AMOUNT);
        sale.set_number(ValueName::Batch, 2);
        let code = desk.code(Op::Sale, &sale);
        assert!(desk.dialect.row(Op::Sale).unwrap().asks_sign_on(code.as_bytes()), "{dialect}: {code}");
        assert_eq!(desk.acquirer.entries().unwrap(), []);
    }
}

#[test]
fn a_message_without_a_field_is_malformed_or_unknown() {
    // In iso87 echo and sign-on share a message type, so that the fields decide which one it is.
    for (dialect, code) in [("unionpay", "30"), ("iso87", "12")] {
        let mut desk = Desk::open(dialect);
        let request = desk.plain_values(9);
        let whole = desk.dialect.compose(Op::Echo, Side::Request, &request).unwrap();
        let mut fields = FieldSet::new(desk.dialect.row(Op::Echo).unwrap().mti(Side::Request));
        for field in (2..=128).filter(|field| *field != 42) {
            if let Some(value) = whole.get(field) {
                fields.set(field, value).unwrap();
            }
        }
        let mut message = Vec::new();
        desk.dialect.pack(&fields, &mut message).unwrap();
        let actions = desk.acquirer.handle(&desk.terminal.clone(), &message, NOON);
        let [Action::Reply(frame)] = actions.as_slice() else { panic!("{dialect}: {actions:?}") };
        let answer = desk.unframed(frame);
        assert_eq!(desk.dialect.parse(&answer).unwrap().value(39).unwrap().as_slice(), code.as_bytes(), "{dialect}");
    }
}

#[test]
fn amounts_ask_for_their_response_code() {
    for dialect in DIALECTS {
        for (minor, code, net) in
            [(100_000, "00", 100_000), (100_051, "51", 0), (100_005, "05", 0), (100_100, "00", 100_100)]
        {
            let mut desk = Desk::open(dialect);
            let request = desk.sale(STAN, minor);
            assert_eq!(desk.code(Op::Sale, &request), code, "{dialect} {minor}");
            assert_eq!(desk.net_minor(), net);
        }
    }
}

#[test]
fn a_trace_number_is_taken_once_for_each_terminal() {
    for dialect in DIALECTS {
        let mut desk = Desk::open(dialect);
        let (first, second) = (desk.sale(STAN, AMOUNT), desk.sale(STAN, 7_700));
        assert_eq!(desk.code(Op::Sale, &first), "00");
        assert_eq!(desk.code(Op::Sale, &first), "94");
        assert_eq!(desk.code(Op::Sale, &second), "94");
        assert_eq!(desk.net_minor(), AMOUNT);

        let other = desk.acquirer.enrol(Dialect::shipped(dialect).unwrap(), &Options::default()).unwrap();
        let mut other = Desk::at(desk.acquirer, other);
        other.sign_on();
        let request = other.sale(STAN, AMOUNT);
        assert_eq!(other.code(Op::Sale, &request), "00");
        assert_eq!(other.net_minor(), 2 * AMOUNT);
    }
}

#[test]
fn a_wrong_mac_is_answered_a0_and_books_nothing() {
    for dialect in DIALECTS {
        let mut desk = Desk::open(dialect);
        let sale = desk.sale(STAN, AMOUNT);
        let stranger = MacKey::new(&[0x31; 16]).unwrap();
        let frame = envelope::seal(&desk.dialect, Op::Sale, Side::Request, &sale, Some(&stranger)).unwrap();
        let actions = desk.hand_over(&frame);
        assert_eq!(code_unverified(&desk, &actions), "A0", "{dialect}");
        assert_eq!(desk.acquirer.entries().unwrap(), []);
    }
}

#[test]
fn the_key_of_the_last_sign_on_is_the_only_one() {
    for dialect in DIALECTS {
        let mut desk = Desk::open(dialect);
        let old = desk.mak.take();
        desk.sign_on();
        let (new, sale) = (std::mem::replace(&mut desk.mak, old), desk.sale(STAN, AMOUNT));
        let actions = desk.send(Op::Sale, &sale);
        assert_eq!(code_unverified(&desk, &actions), "A0", "{dialect}");
        desk.mak = new;
        assert_eq!(desk.code(Op::Sale, &sale), "00");
    }
}

#[test]
fn a_terminal_without_keys_is_told_to_sign_on() {
    for dialect in DIALECTS {
        let mut desk = Desk::unsigned(dialect);
        desk.mak = Some(MacKey::new(&[0x31; 16]).unwrap());
        let sale = desk.sale(STAN, AMOUNT);
        let actions = desk.send(Op::Sale, &sale);
        let code = code_unverified(&desk, &actions);
        assert!(desk.dialect.row(Op::Sale).unwrap().asks_sign_on(code.as_bytes()), "{dialect}: {code}");
        assert_eq!(desk.acquirer.entries().unwrap(), []);
    }
}

#[test]
fn echoes_are_answered_at_any_time() {
    for dialect in DIALECTS {
        for mut desk in [Desk::unsigned(dialect), Desk::open(dialect)] {
            let request = desk.plain_values(9);
            assert_eq!(desk.code(Op::Echo, &request), "00", "{dialect}");
        }
    }
}

#[test]
fn a_debit_is_taken_back_once() {
    for dialect in DIALECTS {
        let mut desk = Desk::open(dialect);
        let (sale, reversal) = (desk.sale(STAN, AMOUNT), desk.reversal(STAN, AMOUNT));
        assert_eq!(desk.code(Op::Sale, &sale), "00");
        for code in ["00", "25", "25"] {
            assert_eq!(desk.code(Op::Reversal, &reversal), code, "{dialect}");
            let entry = desk.only_entry();
            assert_eq!((entry.state, entry.net_minor), (EntryState::Reversed, 0));
        }
        assert_eq!(desk.code(Op::Sale, &sale), "94");
        assert_eq!(desk.net_minor(), 0);
    }
}

#[test]
fn a_late_original_finds_its_reversal_before_it() {
    for dialect in DIALECTS {
        let mut desk = Desk::open(dialect);
        let (sale, reversal) = (desk.sale(STAN, AMOUNT), desk.reversal(STAN, AMOUNT));
        assert_eq!(desk.code(Op::Reversal, &reversal), "00", "{dialect}");
        assert_eq!(desk.code(Op::Sale, &sale), "94");
        assert_eq!(desk.code(Op::Reversal, &reversal), "25");
        let entry = desk.only_entry();
        assert_eq!((entry.state, entry.net_minor), (EntryState::ReversalWithoutOriginal, 0));
    }
}

#[test]
fn reversals_of_other_amounts_and_other_days_change_nothing() {
    for dialect in DIALECTS {
        let mut desk = Desk::open(dialect);
        let (sale, of_less, whole) = (desk.sale(STAN, AMOUNT), desk.reversal(STAN, 1), desk.reversal(STAN, AMOUNT));
        assert_eq!(desk.code(Op::Sale, &sale), "00");
        assert_eq!(desk.code(Op::Reversal, &of_less), "64", "{dialect}");
        desk.now = WallMs(NOON.0 + DAY_MS / 2);
        assert_eq!(desk.code(Op::Reversal, &whole), "25", "{dialect}");
        assert_eq!(desk.net_minor(), AMOUNT);
        desk.now = WallMs(NOON.0 + DAY_MS / 2 - 1);
        assert_eq!(desk.code(Op::Reversal, &whole), "00", "{dialect}");
        assert_eq!(desk.net_minor(), 0);
    }
}

#[test]
fn a_declined_original_is_reversed_without_moving_money() {
    for dialect in DIALECTS {
        let mut desk = Desk::open(dialect);
        let (sale, reversal) = (desk.sale(STAN, 100_051), desk.reversal(STAN, 100_051));
        assert_eq!(desk.code(Op::Sale, &sale), "51");
        assert_eq!(desk.code(Op::Reversal, &reversal), "00", "{dialect}");
        let entry = desk.only_entry();
        assert_eq!((entry.state, entry.net_minor, entry.reversals), (EntryState::Declined, 0, 1));
    }
}

#[test]
fn each_kind_of_misbehaviour_is_what_it_says() {
    for dialect in DIALECTS {
        for kind in Kind::ALL.iter().copied().filter(|kind| kind.usual_op() == Op::Sale) {
            let mut desk = Desk::open(dialect);
            desk.acquirer.set_next(kind, 1).unwrap();
            let sale = desk.sale(STAN, AMOUNT);
            let actions = desk.send(Op::Sale, &sale);
            check_manner(&desk, &sale, kind, &actions);
            let booked = if matches!(kind, Kind::Forget | Kind::Refuse) { 0 } else { AMOUNT };
            assert_eq!(desk.net_minor(), booked, "{dialect} {kind}");
            let next = desk.sale(STAN + 1, AMOUNT);
            assert_eq!(desk.code(Op::Sale, &next), "00", "{dialect}: {kind} went on too long");
        }
    }
}

fn check_manner(desk: &Desk, sale: &Values, kind: Kind, actions: &[Action]) {
    let open = |frame: &[u8]| desk.unsealed(frame, Op::Sale, desk.mak.as_ref());
    let echo_fault = |frame: &[u8]| {
        let answer = open(frame).unwrap().values;
        assert_eq!(answer.text(ValueName::ResponseCode), Some("00"));
        desk.dialect.row(Op::Sale).unwrap().echo_fault(sale, &answer)
    };
    match (kind, actions) {
        (Kind::Normal, [Action::Reply(frame)]) => assert_eq!(echo_fault(frame), None),
        (Kind::Refuse, [Action::Reply(frame)]) => {
            assert_eq!(open(frame).unwrap().values.text(ValueName::ResponseCode), Some("12"));
        }
        (Kind::NoAnswer | Kind::Forget, []) | (Kind::Reset, [Action::Reset]) => {}
        (Kind::LateAnswer, [Action::Later { after_ms, bytes }]) => {
            assert_eq!(*after_ms, desk.dialect.row(Op::Sale).unwrap().timeout_ms() + LATE_BY_MS);
            assert_eq!(echo_fault(bytes), None);
        }
        (Kind::AnswerTwice, [Action::Reply(first), Action::Reply(second)]) => {
            assert_eq!((echo_fault(first), first), (None, second));
        }
        (Kind::BadMac, [Action::Reply(frame)]) => {
            assert_eq!(open(frame).err(), Some(EnvelopeError::MacWrong));
        }
        (Kind::WrongEcho, [Action::Reply(frame)]) => assert_eq!(echo_fault(frame), Some(4)),
        (Kind::HalfFrame, [Action::Reply(half), Action::Close]) => {
            let mut deframer = desk.dialect.frame().deframer(Side::Answer);
            deframer.push(half);
            assert_eq!(deframer.next_frame(), Ok(None));
        }
        _ => panic!("{kind}: {actions:?}"),
    }
}

#[test]
fn a_script_is_played_in_order_and_only_by_what_it_is_for() {
    for dialect in DIALECTS {
        let mut desk = Desk::open(dialect);
        desk.acquirer.play(&Script::parse("forget 2\nrefuse-reversal 2\nnormal\nno-answer").unwrap()).unwrap();
        let request = desk.plain_values(9);
        assert_eq!(desk.code(Op::Echo, &request), "00");
        desk.sign_on();
        let reversal = desk.reversal(900, AMOUNT);
        for code in ["12", "12", "00"] {
            assert_eq!(desk.code(Op::Reversal, &reversal), code, "{dialect}");
        }
        let silent = |desk: &mut Desk, stan| {
            let sale = desk.sale(stan, AMOUNT);
            desk.send(Op::Sale, &sale).is_empty()
        };
        assert_eq!([1, 2, 3, 4, 5].map(|stan| silent(&mut desk, stan)), [true, true, false, true, false], "{dialect}");
        assert_eq!(desk.net_minor(), 3 * AMOUNT);
    }
}

#[test]
fn a_refused_reversal_leaves_the_debit() {
    for dialect in DIALECTS {
        let mut desk = Desk::open(dialect);
        desk.acquirer.set_next(Kind::RefuseReversal, 1).unwrap();
        let (sale, reversal) = (desk.sale(STAN, AMOUNT), desk.reversal(STAN, AMOUNT));
        assert_eq!(desk.code(Op::Sale, &sale), "00");
        assert_eq!(desk.code(Op::Reversal, &reversal), "12", "{dialect}");
        assert_eq!(desk.net_minor(), AMOUNT);
        assert_eq!(desk.code(Op::Reversal, &reversal), "00");
        assert_eq!(desk.net_minor(), 0);
    }
}

#[test]
fn counts_out_of_range_are_refused() {
    let mut desk = Desk::unsigned("unionpay");
    for count in [0, 10_000, u32::MAX] {
        assert_eq!(desk.acquirer.set_next(Kind::Reset, count), Err(HostError::CountOutOfRange));
    }
}

#[test]
fn requests_may_arrive_in_any_portions() {
    for dialect in DIALECTS {
        let mut desk = Desk::open(dialect);
        let sales = [desk.sale(STAN, AMOUNT), desk.sale(STAN + 1, AMOUNT)];
        let seal = |sale| envelope::seal(&desk.dialect, Op::Sale, Side::Request, sale, desk.mak.as_ref()).unwrap();
        let bytes: Vec<u8> = sales.iter().flat_map(seal).collect();
        let mut line = desk.acquirer.line_of(&desk.terminal).unwrap();
        let replies: usize = bytes.iter().map(|byte| desk.acquirer.receive(&mut line, &[*byte], NOON).len()).sum();
        assert_eq!((replies, line.is_between_frames()), (2, true), "{dialect}");
        assert_eq!(desk.net_minor(), 2 * AMOUNT);
    }
}

#[test]
fn messages_outside_the_dialect_are_refused_or_hung_up_on() {
    for dialect in DIALECTS {
        let mut desk = Desk::open(dialect);
        let sale = desk.sale(STAN, AMOUNT);
        let own_answer = {
            let mut values = desk.sale(STAN, AMOUNT);
            values
                .set(ValueName::ResponseCode, "00")
                .set(ValueName::Rrn, "600100000001")
                .set(ValueName::AuthCode, "000001");
            values.set(ValueName::ChipData, [0x91, 0x01, 0x00]);
            envelope::seal(&desk.dialect, Op::Sale, Side::Answer, &values, desk.mak.as_ref()).unwrap()
        };
        let mut deframer = desk.dialect.frame().deframer(Side::Answer);
        deframer.push(&own_answer);
        let own_answer = deframer.next_frame().unwrap().unwrap();
        let mut unknown = Vec::new();
        let mut fields = FieldSet::new(*b"0620");
        for (field, value) in
            [(3, "990000"), (11, "000001"), (41, desk.terminal.as_str()), (42, desk.merchant.as_str())]
        {
            fields.set(field, value.as_bytes()).unwrap();
        }
        desk.dialect.pack(&fields, &mut unknown).unwrap();
        let sealed = envelope::seal(&desk.dialect, Op::Sale, Side::Request, &sale, desk.mak.as_ref()).unwrap();
        let terminal = desk.terminal.clone();

        let answered = desk.acquirer.handle(&terminal, &unknown, NOON);
        let [Action::Reply(frame)] = answered.as_slice() else { panic!("{dialect}: {answered:?}") };
        let message = desk.unframed(frame);
        let parsed = desk.dialect.parse(&message).unwrap();
        assert_eq!(parsed.mti(), *b"0630", "{dialect}");
        assert_eq!(parsed.value(39).unwrap().as_slice(), b"12", "{dialect}");

        for rubbish in [&[][..], &[0; 3], &[0xFF; 200], &own_answer, &sealed[..sealed.len() - 1]] {
            assert_eq!(desk.acquirer.handle(&terminal, rubbish, NOON), [Action::Close], "{dialect}: {rubbish:02X?}");
        }
        assert_eq!(desk.acquirer.entries().unwrap(), []);
    }
}

#[test]
fn frames_that_are_too_large_end_the_connection() {
    for dialect in DIALECTS {
        let mut desk = Desk::open(dialect);
        for announced in [&[0xFF, 0xFF, 0xFF, 0xFF][..], b"9999", &[0x99, 0x99]] {
            let actions = desk.hand_over(announced);
            assert!(actions.is_empty() || actions == [Action::Close], "{dialect}: {actions:?}");
        }
        assert_eq!(desk.hand_over(&vec![0xFF; 70_000]), [Action::Close], "{dialect}");
    }
}

#[test]
fn changed_requests_never_panic_and_never_book() {
    for dialect in DIALECTS {
        let mut desk = Desk::open(dialect);
        let sale = desk.sale(STAN, AMOUNT);
        let frame = envelope::seal(&desk.dialect, Op::Sale, Side::Request, &sale, desk.mak.as_ref()).unwrap();
        let mut deframer = desk.dialect.frame().deframer(Side::Request);
        deframer.push(&frame);
        let message = deframer.next_frame().unwrap().unwrap();
        let terminal = desk.terminal.clone();
        for place in 0..message.len() {
            for flip in [0x01, 0x10, 0x80, 0xFF] {
                let mut changed = message.clone();
                changed[place] ^= flip;
                desk.acquirer.handle(&terminal, &changed, NOON);
            }
            desk.acquirer.handle(&terminal, &message[..place], NOON);
        }
        assert_eq!(desk.acquirer.entries().unwrap(), [], "{dialect}");
    }
}

#[test]
fn terminals_that_are_not_registered_have_no_line() {
    let mut acquirer = Acquirer::in_memory(Arc::new(CountingEntropy::default())).unwrap();
    assert_eq!(acquirer.line(&[0; 32]).err(), Some(HostError::TerminalUnknown));
    assert_eq!(acquirer.enrol("not a dialect", &Options::default()).err(), Some(HostError::DialectUnusable));
}

/// The response code of the one answer, whatever its MAC.
fn code_unverified(desk: &Desk, actions: &[Action]) -> String {
    let [Action::Reply(frame)] = actions else { panic!("{actions:?}") };
    let opened = envelope::open_unverified(&desk.dialect, &desk.unframed(frame)).unwrap();
    opened.values.text(ValueName::ResponseCode).unwrap().to_owned()
}
