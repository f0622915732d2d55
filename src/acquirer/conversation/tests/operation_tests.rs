//! Every operation beside sale and reversal: there and back, what can go wrong with each, and several in a row.

use super::*;
use crate::acquirer::{Balance, HostTotals, LineKind, StatementLine, UploadLine};

/// What is sent on demand beside sales and reversals.
const OPERATIONS: [Op; 14] = [
    Op::Void,
    Op::VoidReversal,
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
    Op::Echo,
];

/// A request of any operation, with everything that any dialect's row names and no card.
fn request_of(op: Op, stan: u32, is_repeat: bool) -> Request {
    let mut values = request(Op::Reversal, stan).values.clone();
    for name in [ValueName::Pan, ValueName::Expiry, ValueName::Track2, ValueName::ChipData] {
        values.remove(name);
    }
    let mut line = Vec::new();
    let kind = LineKind::Sale;
    let upload = UploadLine {
        kind,
        amount_minor: 1_000,
        stan: Stan::new(1).unwrap(),
        date: *b"1122",
        rrn: None,
        auth_code: None,
    };
    upload.write(&mut line);
    values
        .set(ValueName::OriginalRrn, "123456789012")
        .set(ValueName::OriginalAuthCode, "A1B2C3")
        .set_number(ValueName::SalesCount, 3)
        .set_number(ValueName::SalesMinor, 3_000)
        .set_number(ValueName::VoidsCount, 1)
        .set_number(ValueName::VoidsMinor, 1_000)
        .set_number(ValueName::RefundsCount, 1)
        .set_number(ValueName::RefundsMinor, 500)
        .set_number(ValueName::GivenBackCount, 2)
        .set_number(ValueName::GivenBackMinor, 1_500)
        .set(ValueName::NetAmount, "D0000000000001500")
        .set_number(ValueName::UploadIndex, 0)
        .set_number(ValueName::UploadCount, 1)
        .set(ValueName::UploadLines, line)
        .set(ValueName::StatementDay, "20261122")
        .set_number(ValueName::StatementPage, 1)
        .set_number(ValueName::ToldPart, 1)
        .set_number(ValueName::ToldParts, 1)
        .set(ValueName::ToldText, "a text");
    Request { op, stan: Stan::new(stan).unwrap(), values, is_repeat }
}

impl World {
    /// Sends one more message on a connection that is ready.
    fn sends_one(&mut self, request: Request) {
        let (op, stan) = (request.op, request.stan);
        self.till.request(request).unwrap();
        assert_eq!(self.says(), [format!("sync {op:?} {stan}").to_lowercase()]);
        self.till.synced(self.now).unwrap();
        assert_eq!(self.says(), [format!("send {op:?}").to_lowercase()]);
        assert_eq!(self.sent.as_ref().unwrap().op, op);
    }

    fn is_answered(&mut self) {
        let answer = self.answer(|_| ());
        assert_eq!(self.hears(&answer), ["answered 00 approved"]);
    }

    fn go_waiting_for(&mut self, op: Op) {
        self.go_ready();
        self.sends_one(request_of(op, 2, false));
    }
}

#[test]
fn every_operation_is_synced_sent_and_answered() {
    for (name, op) in DIALECTS.into_iter().flat_map(|name| OPERATIONS.map(|op| (name, op))) {
        let mut world = world(name);
        world.go_waiting_for(op);
        world.is_answered();
        assert!(!world.till.is_busy(), "{name} {op}");
    }
}

#[test]
fn every_operation_may_be_the_first_of_a_run_and_signs_on_before() {
    for (name, op) in DIALECTS.into_iter().flat_map(|name| OPERATIONS.map(|op| (name, op))) {
        let mut world = world(name);
        world.till.request(request_of(op, 1, false)).unwrap();
        assert_eq!(world.says(), ["connect"]);
        world.till.link(LinkEvent::Connected, world.now).unwrap();
        assert_eq!(world.says(), ["send signon"], "{name} {op}");
        let keys = world.answer(|_| ());
        assert_eq!(world.hears(&keys), ["signed on 7"]);
        world.till.synced(world.now).unwrap();
        assert_eq!(world.says(), [format!("sync {op:?} 000001").to_lowercase()], "{name}");
    }
}

#[test]
fn an_answer_brings_what_its_row_carries() {
    let totals = HostTotals { sales_count: 3, sales_minor: 3_000, given_back_count: 2, given_back_minor: 1_500 };
    let mut line = Vec::new();
    let statement = StatementLine {
        kind: LineKind::Sale,
        is_debit: false,
        amount_minor: 1_000,
        currency: 156,
        day: *b"20261122",
        batch: None,
        stan: None,
        rrn: None,
    };
    statement.write(&mut line);
    for name in DIALECTS {
        for (code, verdict) in [
            (Some(1), Some(Balance::Balanced)),
            (Some(2), Some(Balance::Unbalanced)),
            (Some(0), Some(Balance::Unknown)),
        ] {
            let brought = brought_by(name, Op::Settle, |values| {
                code.map(|code| values.set_number(ValueName::SettlementCode, code));
            });
            assert_eq!((brought.settlement, brought.totals), (verdict, Some(totals)), "{name}");
        }
        let brought = brought_by(name, Op::Settle, |_| ());
        assert_eq!(brought.settlement, None, "{name}: nobody says how they compare");
        let brought = brought_by(name, Op::Statement, |values| {
            values.set_number(ValueName::StatementPages, 4).set(ValueName::StatementLines, &line);
        });
        assert_eq!(brought.statement_pages, Some(4), "{name}");
        assert_eq!(StatementLine::read_all(&brought.statement_lines.unwrap()), Ok(vec![statement.clone()]));
        let brought = brought_by(name, Op::Statement, |values| {
            values.set_number(ValueName::StatementPages, 0);
        });
        assert_eq!((brought.statement_pages, brought.statement_lines), (Some(0), None), "{name}");
        let brought = brought_by(name, Op::Parameters, |values| {
            values.set(ValueName::ParameterText, "a=1");
        });
        assert_eq!(brought.parameters.as_deref(), Some(&b"a=1"[..]), "{name}");
        let brought = brought_by(name, Op::Refund, |_| ());
        assert_eq!(*brought, crate::acquirer::Brought::default(), "{name}");
    }
}

fn brought_by(name: &str, op: Op, change: impl FnOnce(&mut Values)) -> Box<crate::acquirer::Brought> {
    let mut world = world(name);
    world.go_waiting_for(op);
    let answer = world.answer(change);
    world.till.link(LinkEvent::Received(&answer), world.now).unwrap();
    let Step::Deliver(Delivery::Answered(answer)) = world.till.poll(world.now) else { panic!("an answer") };
    assert_eq!((answer.op, answer.stan.number(), answer.approved), (op, 2, true));
    answer.brought
}

#[test]
fn a_decline_of_any_operation_is_an_answer() {
    for (name, op) in DIALECTS.into_iter().flat_map(|name| OPERATIONS.map(|op| (name, op))) {
        let mut world = world(name);
        world.go_waiting_for(op);
        let declined = world.answer(|values| {
            values.set(ValueName::ResponseCode, "12");
        });
        assert_eq!(world.hears(&declined), ["answered 12 declined"], "{name} {op}");
    }
}

#[test]
fn whatever_goes_wrong_after_the_first_byte_leaves_any_operation_in_doubt() {
    let table: [(&str, Happening, &[&str]); 6] = [
        ("no answer", |w| late_by(w, TIMEOUT_MS), &["in doubt no_answer 98"]),
        ("lost", World::breaks, &["in doubt connection_lost 98"]),
        ("half an answer, then the end", half_an_answer_then_the_end, &["in doubt connection_lost 98"]),
        ("rubbish", |w| w.hears(&rubbish(w)), &["disconnect", "in doubt answer_invalid 06"]),
        ("wrong MAC", |w| w.hears(&spoilt_mac(w, "00")), &["disconnect", "in doubt bad_mac A0"]),
        ("no MAC", |w| w.hears(&without_mac(w, "00")), &["disconnect", "in doubt mac_missing A0"]),
    ];
    for (name, op) in DIALECTS.into_iter().flat_map(|name| OPERATIONS.map(|op| (name, op))) {
        for (row, happening, verdict) in &table {
            if op == Op::Echo && row.contains("MAC") {
                continue; // An echo has none.
            }
            let mut world = world(name);
            world.go_waiting_for(op);
            assert_eq!(happening(&mut world), *verdict, "{name} {op}: {row}");
            assert!(!world.till.is_busy(), "{name} {op}: {row}");
        }
    }
}

#[test]
fn an_amount_that_is_not_echoed_leaves_money_in_doubt() {
    for (name, op) in
        DIALECTS.into_iter().flat_map(|name| [Op::Void, Op::VoidReversal, Op::Refund].map(|op| (name, op)))
    {
        let mut world = world(name);
        world.go_waiting_for(op);
        let another = world.answer(|values| {
            values.set_number(ValueName::AmountMinor, 1_001);
        });
        assert_eq!(world.hears(&another), ["in doubt echo_differs 06"], "{name} {op}");
    }
}

#[test]
fn an_answer_to_another_number_or_operation_is_evidence_and_the_wait_goes_on() {
    for (name, op) in DIALECTS.into_iter().flat_map(|name| OPERATIONS.map(|op| (name, op))) {
        let mut world = world(name);
        world.go_waiting_for(op);
        let another = world.answer(|values| {
            values.set(ValueName::Stan, "000077");
        });
        assert_eq!(world.hears(&another), ["unmatched no_such_request"], "{name} {op}");
        for other in OPERATIONS.into_iter().filter(|other| *other != op) {
            let sent = world.sent.as_ref().unwrap();
            let mut values = request_of(other, 2, false).values.clone();
            sent.values.iter().for_each(|(name, value)| {
                values.set(name, value);
            });
            values.set(ValueName::ResponseCode, "00");
            let key = world.host.key();
            let frame = seal(&world.host.dialect, other, Side::Answer, &values, Some(&key)).unwrap();
            assert_eq!(world.hears(&frame), ["unmatched no_such_request"], "{name} {op}: answered as {other}");
        }
        world.is_answered();
    }
}

#[test]
fn a_late_answer_does_not_disturb_the_next_operation() {
    for (name, late_op) in DIALECTS.into_iter().flat_map(|name| OPERATIONS.map(|op| (name, op))) {
        for next in [Op::Sale, Op::Void, Op::Settle, Op::Reversal] {
            let mut world = world(name);
            world.go_waiting_for(late_op);
            let late = world.answer(|_| ());
            assert_eq!(late_by(&mut world, TIMEOUT_MS), ["in doubt no_answer 98"]);
            let with_card = matches!(next, Op::Sale | Op::Reversal);
            world.sends_one(if with_card { request(next, 3) } else { request_of(next, 3, false) });
            assert_eq!(world.hears(&late), ["late 000002 00"], "{name}: {late_op} during {next}");
            world.is_answered();
        }
    }
}

/// A refund is sent again with its own number. Whichever of the two answers comes first is the answer to both.
#[test]
fn the_answer_to_the_first_send_answers_the_repeat() {
    for (name, op) in DIALECTS.into_iter().flat_map(|name| [Op::Refund, Op::Settle, Op::SettleEnd].map(|op| (name, op)))
    {
        let mut world = world(name);
        world.go_waiting_for(op);
        let first = world.answer(|_| ());
        assert_eq!(late_by(&mut world, TIMEOUT_MS), ["in doubt no_answer 98"]);
        world.sends_one(request_of(op, 2, true));
        assert_eq!(world.hears(&first), ["answered 00 approved"], "{name} {op}");
        let second = world.answer(|values| {
            values.set(ValueName::ResponseCode, "94");
        });
        assert_eq!(world.hears(&second), ["unmatched duplicate"], "{name} {op}");
    }
}

#[test]
fn the_host_sees_the_mark_of_a_repeat_where_the_dialect_has_one() {
    for (name, op) in DIALECTS.into_iter().flat_map(|name| OPERATIONS.map(|op| (name, op))) {
        let has_mark = dialect(name).row(op).unwrap().repeat_mti().is_some();
        let mut world = world(name);
        world.go_ready();
        for is_repeat in [false, true, true] {
            world.sends_one(request_of(op, 2, is_repeat));
            assert_eq!(world.sent.as_ref().unwrap().is_repeat, is_repeat && has_mark, "{name} {op}");
            assert_eq!(late_by(&mut world, TIMEOUT_MS)[0], "in doubt no_answer 98");
            if !is_repeat || has_mark {
                world.sends_one(request_of(Op::Echo, 3, false)); // Two silences would end the connection.
                world.is_answered();
            } else {
                break;
            }
        }
    }
}

#[test]
fn a_shops_day_goes_over_one_connection() {
    for name in DIALECTS {
        let mut world = world(name);
        world.go_ready();
        let day =
            [Op::Void, Op::Refund, Op::Parameters, Op::Echo, Op::Settle, Op::BatchUpload, Op::SettleEnd, Op::Statement];
        for (op, stan) in day.into_iter().zip(2..) {
            world.sends_one(request_of(op, stan, false));
            world.is_answered();
            if op == Op::SettleEnd {
                // The host has closed the batch: new keys and the next batch come over the same connection.
                world.till.demand_sign_on();
                world.host.batch = 8;
                world.till.request(request_of(Op::Echo, 50, false)).unwrap();
                assert_eq!(world.says(), ["send signon"], "{name}");
                world.host.mac_key = vec![0x45; world.host.mac_key.len()];
                let keys = world.answer(|_| ());
                assert_eq!(world.hears(&keys), ["signed on 8"], "{name}");
                world.till.synced(world.now).unwrap();
                assert_eq!(world.says(), ["sync echo 000050"], "{name}");
                world.till.synced(world.now).unwrap();
                assert_eq!(world.says(), ["send echo"], "{name}");
                world.is_answered();
            }
        }
    }
}

#[test]
fn a_lost_connection_between_two_operations_is_made_again_with_an_echo() {
    for (name, op) in DIALECTS.into_iter().flat_map(|name| OPERATIONS.map(|op| (name, op))) {
        let mut world = world(name);
        world.go_ready();
        assert_eq!(world.breaks(), Vec::<String>::new());
        world.till.request(request_of(op, 2, false)).unwrap();
        assert_eq!(world.says(), ["connect"]);
        world.till.link(LinkEvent::Connected, world.now).unwrap();
        assert_eq!(world.says(), ["send echo"], "{name} {op}");
        let echo = world.answer(|_| ());
        assert_eq!(world.hears(&echo), [format!("sync {op:?} 000002").to_lowercase()], "{name} {op}");
        world.till.synced(world.now).unwrap();
        assert_eq!(world.says(), [format!("send {op:?}").to_lowercase()]);
        world.is_answered();
    }
}

#[test]
fn a_code_that_asks_for_a_sign_on_is_obeyed_before_the_repeat() {
    for (name, op) in
        DIALECTS.into_iter().flat_map(|name| [Op::Refund, Op::Settle, Op::VoidReversal].map(|op| (name, op)))
    {
        let mut world = world(name);
        world.go_waiting_for(op);
        let refused = world.answer(|values| {
            values.set(ValueName::ResponseCode, "A0");
        });
        assert_eq!(world.hears(&refused), ["answered A0 declined"], "{name} {op}");
        world.till.request(request_of(op, 2, true)).unwrap();
        assert_eq!(world.says(), ["send signon"], "{name} {op}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever happens to a row of requests, each ends exactly once, and no byte leaves before its sync.
    #[test]
    fn each_request_ends_exactly_once(
        steps in proptest::collection::vec((0..OPERATIONS.len(), 0..7_u8, any::<bool>()), 1..12),
        iso in any::<bool>(),
    ) {
        let mut world = world(DIALECTS[usize::from(iso)]);
        world.go_ready();
        for (number, (place, fate, is_repeat)) in steps.into_iter().enumerate() {
            let op = OPERATIONS[place];
            world.till.request(request_of(op, 2 + number as u32, is_repeat)).unwrap();
            let mut said = world.says();
            for _ in 0..6 {
                match said.last().map(String::as_str) {
                    Some("connect") => {
                        world.till.link(LinkEvent::Connected, world.now).unwrap();
                        said.extend(world.says());
                    }
                    Some("send signon" | "send echo") if !said.iter().any(|word| word.starts_with("sync ")) => {
                        let answer = world.answer(|_| ());
                        said.extend(world.hears(&answer));
                    }
                    Some(word) if word.starts_with("signed on") || word.starts_with("sync ") => {
                        world.till.synced(world.now).unwrap();
                        said.extend(world.says());
                    }
                    _ => break,
                }
            }
            let sync = said.iter().position(|word| word.starts_with("sync "));
            let send = said.iter().rposition(|word| *word == format!("send {op:?}").to_lowercase());
            prop_assert!(sync < send, "{said:?}");
            let end = match fate {
                0 => late_by(&mut world, TIMEOUT_MS),
                1 => world.breaks(),
                2 if op != Op::Echo => { let answer = spoilt_mac(&world, "00"); world.hears(&answer) }
                3 => { let frame = rubbish(&world); world.hears(&frame) }
                4 => { let answer = world.answer(|values| { values.set(ValueName::ResponseCode, "A0"); }); world.hears(&answer) }
                5 => { let answer = world.answer(|_| ()); world.hears(&[answer.clone(), answer].concat()) }
                _ => { let answer = world.answer(|_| ()); world.hears(&answer) }
            };
            let ends = |word: &&String| ["answered", "in doubt", "not sent"].iter().any(|end| word.starts_with(end));
            prop_assert_eq!(end.iter().filter(ends).count(), 1, "{:?}", end);
            prop_assert!(!world.till.is_busy());
        }
    }
}
