//! Voids, their reversals and refunds at frame level: what is answered, what the book shows, and that nothing is
//! taken back twice.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod host_support;

use host_support::{DAY_MS, DIALECTS, Desk, NOON};
use taptill::clock::WallMs;
use taptill::iso8583::{Dialect, Op, ValueName, Values};
use taptill_sandbox::host::{EntryKind, EntryState, Kind, Options};

const SALE: u64 = 10;
const OTHER_SALE: u64 = 11;
const STAN: u64 = 20;
const AMOUNT: u64 = 10_000;

/// A desk with a sale that is booked.
fn sold(dialect: &str) -> Desk {
    let mut desk = Desk::open(dialect);
    let sale = desk.sale(SALE, AMOUNT);
    assert_eq!(desk.code(Op::Sale, &sale), "00");
    desk
}

fn state_of(desk: &Desk, stan: u64) -> (EntryState, u64) {
    let entries = desk.acquirer.entries().unwrap();
    let entry = entries.iter().find(|entry| u64::from(entry.stan.number()) == stan).unwrap();
    (entry.state, entry.net_minor)
}

fn code_of(answer: &Values) -> &str {
    answer.text(ValueName::ResponseCode).unwrap()
}

#[test]
fn a_void_takes_its_whole_sale_back_once() {
    for dialect in DIALECTS {
        let mut desk = sold(dialect);
        let void = desk.void(STAN, SALE, AMOUNT);
        let answer = desk.ask(Op::Void, &void).values;
        assert_eq!(code_of(&answer), "00", "{dialect}");
        assert!(answer.get(ValueName::Rrn).is_some() && answer.get(ValueName::AuthCode).is_some());
        assert_eq!(state_of(&desk, SALE), (EntryState::Voided, 0));
        assert_eq!(state_of(&desk, STAN), (EntryState::Booked, 0));
        let entry = desk.acquirer.entries().unwrap().remove(1);
        assert_eq!((entry.kind, entry.of.map(|of| of.stan.number())), (EntryKind::Void, Some(SALE as u32)));
        assert_eq!(entry.card_masked, None, "a void carries no card");
        // The same number again, and another void of the same sale.
        assert_eq!(desk.code(Op::Void, &void), "94", "{dialect}");
        let second = desk.void(STAN + 1, SALE, AMOUNT);
        assert_eq!(desk.code(Op::Void, &second), "12", "{dialect}");
        assert_eq!(desk.net_minor(), 0);
    }
}

#[test]
fn a_void_that_does_not_name_its_sale_moves_nothing() {
    type Change = fn(&mut Values) -> &mut Values;
    let table: &[(&str, Change, &str)] = &[
        ("an unknown trace number", |void| void.set_number(ValueName::OriginalStan, 999), "25"),
        ("another reference", |void| void.set(ValueName::OriginalRrn, "000000000000"), "25"),
        ("another authorisation code", |void| void.set(ValueName::OriginalAuthCode, "ZZZZZZ"), "25"),
        ("part of the amount", |void| void.set_number(ValueName::AmountMinor, AMOUNT - 1), "64"),
        ("itself", |void| void.set_number(ValueName::OriginalStan, STAN), "25"),
    ];
    for dialect in DIALECTS {
        for (what, change, code) in table {
            let mut desk = sold(dialect);
            let mut void = desk.void(STAN, SALE, AMOUNT);
            change(&mut void);
            assert_eq!(desk.code(Op::Void, &void), *code, "{dialect}: {what}");
            assert_eq!(state_of(&desk, SALE), (EntryState::Booked, AMOUNT), "{dialect}: {what}");
            assert_eq!(state_of(&desk, STAN), (EntryState::Declined, 0), "{dialect}: {what}");
        }
    }
}

#[test]
fn the_right_reference_and_code_are_no_hindrance() {
    for (dialect, op) in DIALECTS.into_iter().flat_map(|dialect| [(dialect, Op::Void), (dialect, Op::Refund)]) {
        let mut desk = sold(dialect);
        let entry = desk.only_entry();
        let mut request = desk.void(STAN, SALE, AMOUNT);
        request.set(ValueName::OriginalRrn, entry.rrn.as_str());
        request.set(ValueName::OriginalAuthCode, entry.auth_code.unwrap().as_str());
        assert_eq!(desk.code(op, &request), "00", "{dialect} {op}");
    }
}

#[test]
fn sales_that_do_not_stand_are_neither_voided_nor_refunded() {
    type Prepare = fn(&mut Desk);
    let table: &[(&str, Prepare, &str)] = &[
        (
            "reversed",
            |desk| {
                let reversal = desk.reversal(SALE, AMOUNT);
                assert_eq!(desk.code(Op::Reversal, &reversal), "00");
            },
            "12",
        ),
        (
            "voided",
            |desk| {
                let void = desk.void(STAN + 5, SALE, AMOUNT);
                assert_eq!(desk.code(Op::Void, &void), "00");
            },
            "12",
        ),
        (
            "of another terminal",
            |desk| {
                let toml = Dialect::shipped(desk.dialect.name()).unwrap();
                let other = desk.acquirer.enrol(toml, &Options::default()).unwrap();
                (desk.terminal, desk.merchant, desk.master_key) = (other.terminal, other.merchant, other.master_key);
                desk.sign_on();
            },
            "25",
        ),
    ];
    for (dialect, op) in DIALECTS.into_iter().flat_map(|dialect| [(dialect, Op::Void), (dialect, Op::Refund)]) {
        for (what, prepare, code) in table {
            let mut desk = sold(dialect);
            prepare(&mut desk);
            let net = desk.net_minor();
            let request = desk.void(STAN, SALE, AMOUNT);
            assert_eq!(desk.code(op, &request), *code, "{dialect} {op}: {what}");
            assert_eq!(desk.net_minor(), net, "{dialect} {op}: {what}");
        }
    }
}

#[test]
fn the_reversal_of_a_void_charges_the_sale_again_once() {
    for dialect in DIALECTS {
        let mut desk = sold(dialect);
        let (void, reversal) = (desk.void(STAN, SALE, AMOUNT), desk.void_reversal(STAN, AMOUNT));
        assert_eq!(desk.code(Op::Void, &void), "00");
        for code in ["00", "25", "25"] {
            assert_eq!(desk.code(Op::VoidReversal, &reversal), code, "{dialect}");
            assert_eq!(state_of(&desk, SALE), (EntryState::Booked, AMOUNT));
            assert_eq!(state_of(&desk, STAN), (EntryState::Reversed, 0));
        }
        // A void of its own number stays refused, and another one works.
        assert_eq!(desk.code(Op::Void, &void), "94");
        let second = desk.void(STAN + 1, SALE, AMOUNT);
        assert_eq!(desk.code(Op::Void, &second), "00", "{dialect}");
        assert_eq!(state_of(&desk, SALE), (EntryState::Voided, 0));
    }
}

#[test]
fn a_void_that_comes_after_its_reversal_is_refused() {
    for dialect in DIALECTS {
        let mut desk = sold(dialect);
        let (void, reversal) = (desk.void(STAN, SALE, AMOUNT), desk.void_reversal(STAN, AMOUNT));
        assert_eq!(desk.code(Op::VoidReversal, &reversal), "00", "{dialect}");
        assert_eq!(desk.code(Op::Void, &void), "94");
        assert_eq!(state_of(&desk, SALE), (EntryState::Booked, AMOUNT));
        assert_eq!(state_of(&desk, STAN).0, EntryState::ReversalWithoutOriginal);
    }
}

#[test]
fn a_void_reversal_reverses_voids_of_its_amount_and_day_alone() {
    for dialect in DIALECTS {
        let mut desk = sold(dialect);
        let void = desk.void(STAN, SALE, AMOUNT);
        assert_eq!(desk.code(Op::Void, &void), "00");
        let (of_less, of_sale) = (desk.void_reversal(STAN, 1), desk.void_reversal(SALE, AMOUNT));
        let (whole, sale) = (desk.void_reversal(STAN, AMOUNT), desk.reversal(SALE, AMOUNT));
        assert_eq!(desk.code(Op::VoidReversal, &of_less), "64", "{dialect}");
        assert_eq!(desk.code(Op::VoidReversal, &of_sale), "25", "{dialect}: a sale is no void");
        assert_eq!(desk.code(Op::Reversal, &sale), "25", "{dialect}: a voided sale is not reversed");
        let of_void = desk.reversal(STAN, AMOUNT);
        assert_eq!(desk.code(Op::Reversal, &of_void), "25", "{dialect}: a void is no sale");
        desk.now = WallMs(NOON.0 + DAY_MS);
        assert_eq!(desk.code(Op::VoidReversal, &whole), "25", "{dialect}: of yesterday");
        assert_eq!(state_of(&desk, SALE), (EntryState::Voided, 0));
    }
}

#[test]
fn refunds_never_give_more_back_than_was_taken() {
    for dialect in DIALECTS {
        let mut desk = sold(dialect);
        for (place, (amount, code, left)) in
            [(4_000, "00", 6_000), (6_001, "61", 6_000), (0, "13", 6_000), (6_000, "00", 0), (1, "61", 0)]
                .into_iter()
                .enumerate()
        {
            let refund = desk.void(STAN + place as u64, SALE, amount);
            let answer = desk.ask(Op::Refund, &refund).values;
            assert_eq!(code_of(&answer), code, "{dialect} {amount}");
            assert!(answer.get(ValueName::Rrn).is_some(), "{dialect} {amount}");
            assert_eq!(state_of(&desk, SALE), (EntryState::Booked, left), "{dialect} {amount}");
        }
        // What was refunded in part cannot be voided as a whole, nor reversed.
        let void = desk.void(STAN + 9, SALE, AMOUNT);
        assert_eq!(desk.code(Op::Void, &void), "12", "{dialect}");
    }
}

#[test]
fn a_refund_sent_again_is_acknowledged_and_booked_once() {
    for dialect in DIALECTS {
        for lost in [Kind::NoAnswer, Kind::Reset, Kind::HalfFrame, Kind::BadMac] {
            let mut desk = sold(dialect);
            desk.acquirer.set_next_of(lost, 1, Op::Refund).unwrap();
            let refund = desk.void(STAN, SALE, 3_000);
            desk.send(Op::Refund, &refund);
            for _ in 0..2 {
                let answer = desk.ask_again(Op::Refund, &refund);
                assert_eq!(code_of(&answer), "94", "{dialect} {lost}");
                assert!(desk.dialect.row(Op::Refund).unwrap().is_duplicate(b"94"));
                assert_eq!(state_of(&desk, SALE), (EntryState::Booked, 7_000), "{dialect} {lost}");
            }
        }
        // One that never arrived is booked by its repeat.
        let mut desk = sold(dialect);
        desk.acquirer.set_next_of(Kind::Forget, 1, Op::Refund).unwrap();
        let refund = desk.void(STAN, SALE, 3_000);
        assert!(desk.send(Op::Refund, &refund).is_empty());
        assert_eq!(code_of(&desk.ask_again(Op::Refund, &refund)), "00", "{dialect}");
        assert_eq!(state_of(&desk, SALE), (EntryState::Booked, 7_000));
    }
}

#[test]
fn a_refused_refund_is_never_acknowledged_by_a_repeat() {
    for dialect in DIALECTS {
        let mut desk = sold(dialect);
        let refund = desk.void(STAN, SALE, AMOUNT + 1);
        assert_eq!(desk.code(Op::Refund, &refund), "61", "{dialect}");
        assert_eq!(code_of(&desk.ask_again(Op::Refund, &refund)), "61", "{dialect}");
        assert_eq!(state_of(&desk, SALE), (EntryState::Booked, AMOUNT));
    }
}

#[test]
fn a_number_that_something_else_has_acknowledges_no_refund() {
    for dialect in DIALECTS {
        let mut desk = sold(dialect);
        let other = desk.sale(OTHER_SALE, AMOUNT);
        assert_eq!(desk.code(Op::Sale, &other), "00");
        let first = desk.void(STAN, SALE, 3_000);
        assert_eq!(desk.code(Op::Refund, &first), "00");
        let marked = desk.dialect.row(Op::Refund).unwrap().repeat_mti().is_some();
        for (what, taken) in [
            ("a sale's number", desk.void(SALE, SALE, 3_000)),
            ("another amount", desk.void(STAN, SALE, 3_001)),
            ("another sale", desk.void(STAN, OTHER_SALE, 3_000)),
        ] {
            let answer = desk.ask(Op::Refund, &taken).values;
            assert_eq!((code_of(&answer), answer.get(ValueName::Rrn)), ("94", None), "{dialect}: {what}");
            let again = desk.ask_again(Op::Refund, &taken);
            assert_eq!(code_of(&again), if marked { "12" } else { "94" }, "{dialect}: {what}");
        }
        assert_eq!(desk.net_minor(), 2 * AMOUNT - 3_000, "{dialect}");
    }
}

/// Any misbehaviour may be lined up for any of them, and is used up by it alone.
#[test]
fn each_operation_misbehaves_when_it_is_told_to_and_not_before() {
    let table: &[(Kind, &str)] = &[
        (Kind::NoAnswer, "silence"),
        (Kind::Forget, "silence"),
        (Kind::LateAnswer, "later"),
        (Kind::AnswerTwice, "reply reply"),
        (Kind::HalfFrame, "reply close"),
        (Kind::Reset, "reset"),
        (Kind::Refuse, "reply"),
        (Kind::BadMac, "reply"),
        (Kind::WrongEcho, "reply"),
    ];
    let operations = [
        Op::Void,
        Op::Refund,
        Op::Settle,
        Op::BatchUpload,
        Op::SettleEnd,
        Op::Parameters,
        Op::Statement,
        Op::Freeze,
        Op::Release,
        Op::LossReport,
        Op::Deregister,
        Op::RenewCertificate,
    ];
    for (dialect, op) in DIALECTS.into_iter().flat_map(|dialect| operations.map(|op| (dialect, op))) {
        for (kind, manner) in table {
            let mut desk = sold(dialect);
            desk.acquirer.set_next_of(*kind, 1, op).unwrap();
            let other = desk.sale(OTHER_SALE, AMOUNT);
            assert_eq!(desk.code(Op::Sale, &other), "00", "{dialect} {op} {kind}: not a sale's");
            let mut request = desk.settlement(STAN, [(2, 2 * AMOUNT), (0, 0), (0, 0)]);
            desk.void(STAN, SALE, AMOUNT).iter().for_each(|(name, value)| {
                request.set(name, value);
            });
            request
                .set_number(ValueName::UploadIndex, 0)
                .set(ValueName::UploadLines, "S000000010000000010112263261200000100001A")
                .set(ValueName::StatementDay, "20261122")
                .set_number(ValueName::StatementPage, 1)
                .set_number(ValueName::ToldPart, 1)
                .set_number(ValueName::ToldParts, 1)
                .set(ValueName::ToldText, "a text\n");
            let actions = desk.send(op, &request);
            let words: Vec<&str> = actions.iter().map(word).collect();
            assert_eq!(
                if words.is_empty() { "silence".to_owned() } else { words.join(" ") },
                *manner,
                "{dialect} {op} {kind}"
            );
            let moved = [Op::Void, Op::Refund].contains(&op) && !matches!(kind, Kind::Forget | Kind::Refuse);
            let net = if moved { AMOUNT } else { 2 * AMOUNT };
            assert_eq!(desk.net_minor(), net, "{dialect} {op} {kind}");
        }
    }
}

fn word(action: &taptill_sandbox::host::Action) -> &'static str {
    use taptill_sandbox::host::Action;
    match action {
        Action::Reply(_) => "reply",
        Action::Later { .. } => "later",
        Action::Close => "close",
        Action::Reset => "reset",
    }
}
