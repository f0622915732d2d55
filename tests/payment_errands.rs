//! What is asked of the host and told it and moves no money: whether it is there, its rules for this till, and texts.

#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

mod support;

use support::host::Trouble;
use support::host::told::{acquirer_key, signature_over};
use support::world::{World, order};
use taptill::acquirer::{HostMark, TOLD_PART_BYTES, TOLD_PARTS_MAX, Telling, Told, ToldText, Word};
use taptill::error::{Error, ErrorCode};
use taptill::ids::TerminalId;
use taptill::iso8583::Op;
use taptill::payment::Reply;
use taptill::payment::state::State;

const DIALECTS: [&str; 3] = ["iso87", "unionpay", "encrypted"];

#[test]
fn the_host_is_tested_over_a_new_line_and_over_one_that_stands() {
    for dialect in DIALECTS {
        let mut world = World::speaking(dialect, 1);
        for (line, least) in [("a new line", 20), ("the same line", 5)] {
            let ticket = world.test_host();
            match world.told(ticket) {
                Ok(Reply::HostTested(tested)) => assert!(tested.took_ms >= least, "{dialect} {line} {tested:?}"),
                other => panic!("{dialect} {line}: {other:?}"),
            }
        }
        assert!(world.attempts().is_empty(), "it is no attempt");
        assert_eq!(world.sell("A-1", 500).unwrap().unwrap().state, State::Approved, "{dialect}");
    }
}

/// What the host does, and the error.
#[test]
fn a_host_that_does_not_answer_as_agreed_is_an_error_with_its_code() {
    type Change = fn(&mut World);
    let rows: [(Change, ErrorCode); 5] = [
        (|world| world.host.up = false, ErrorCode::HostUnreachable),
        (|world| world.host.drop_lines = 1, ErrorCode::HostUnreachable),
        (|world| world.host.sign_on_refusal = Some("03"), ErrorCode::SignOnRefused),
        (|world| with(world, Trouble::Forget), ErrorCode::HostSilent),
        (|world| with(world, Trouble::Decline), ErrorCode::HostRefused),
    ];
    for (change, code) in rows {
        let mut world = World::new(1);
        change(&mut world);
        let ticket = world.parameters();
        let error = world.told(ticket).unwrap_err();
        assert_eq!(error.code(), code);
        let host_code = error.host_code().map(|code| code.as_str().to_owned());
        assert_eq!(host_code.is_some(), matches!(code, ErrorCode::SignOnRefused | ErrorCode::HostRefused), "{code:?}");
        world.host.up = true;
        world.host.sign_on_refusal = None;
        assert_eq!(world.sell("A-1", 500).unwrap().unwrap().state, State::Approved, "after {code:?}");
    }
}

fn with(world: &mut World, trouble: Trouble) {
    world.host.troubles_of.insert(Op::Parameters, [trouble].into());
}

#[test]
fn the_hosts_limit_holds_at_once_and_after_a_restart_beside_the_shops_own() {
    for dialect in DIALECTS {
        let mut world = World::speaking(dialect, 1);
        world.host.parameters = "sale_max_minor=1000;of_the_future=7".into();
        let ticket = world.parameters();
        match world.told(ticket) {
            Ok(Reply::Parameters(read)) => assert_eq!(read.sale_max_minor, Some(1_000), "{dialect}"),
            other => panic!("{dialect} {other:?}"),
        }
        for time in ["at once", "after a restart"] {
            let error = world.sell("A-1", 1_001).unwrap().unwrap_err();
            assert_eq!(error.to_string(), "amount_over_limit limit_minor=1000 whose=acquirer", "{time}");
            world.restart();
        }
        assert_eq!(world.sell("A-2", 1_000).unwrap().unwrap().state, State::Approved);
        let recorded = world.journal().into_iter().filter(|(kind, _)| kind == "host.parameters").collect::<Vec<_>>();
        assert_eq!(recorded.len(), 1);
        assert_eq!(recorded[0].1, serde_json::json!({ "sale_max_minor": 1_000 }));
        world.host.parameters = "of_the_future=7".into();
        let ticket = world.parameters();
        world.told(ticket).unwrap();
        assert_eq!(world.sell("A-3", 1_001).unwrap().unwrap().state, State::Approved, "a limit that was lifted");
        assert_eq!(world.sell("A-4", 5_000_001).unwrap().unwrap_err().code(), ErrorCode::AmountOverLimit);
    }
}

#[test]
fn parameters_that_are_none_change_nothing() {
    for text in ["sale_max_minor=0", "sale_max_minor", "sale_max_minor=1000000000000", "sale_max_minor=-1"] {
        let mut world = World::new(1);
        world.host.parameters = text.into();
        let ticket = world.parameters();
        assert_eq!(world.told(ticket).unwrap_err().code(), ErrorCode::HostAnswerInvalid, "{text}");
        assert_eq!(world.sell("A-1", 5_000_000).unwrap().unwrap().state, State::Approved, "{text}");
    }
}

/// Trace numbers come again from day to day, so the page says itself what it is of.
#[test]
fn a_page_of_another_statement_is_not_taken_for_the_one_that_was_asked_for() {
    for dialect in DIALECTS {
        for (case, says, is_taken) in [
            ("what was asked for", Some(("20261122", 2)), true),
            ("another day's", Some(("20261121", 2)), false),
            ("another page", Some(("20261122", 1)), false),
        ] {
            let mut world = World::speaking(dialect, 1);
            world.host.statement_of = says;
            let ticket = world.statement("20261122", 2);
            let told = world.told(ticket).map_err(|error| error.to_string());
            let refusal = Err("host_answer_invalid part=statement".to_owned());
            assert_eq!(
                told.map(|reply| matches!(reply, Reply::StatementPage { .. })),
                if is_taken { Ok(true) } else { refusal },
                "{dialect}: {case}"
            );
        }
    }
}

#[test]
fn a_job_and_an_attempt_exclude_each_other_and_debts_wait_for_neither_to_begin() {
    let mut world = World::new(1);
    let job = world.test_host();
    let (second, sale) = (world.parameters(), world.start(order("A-1", 500)));
    for ticket in [second, sale] {
        assert_eq!(world.told(ticket).unwrap_err().code(), ErrorCode::TillBusy);
    }
    assert!(world.told(job).is_ok());
    let sale = world.start(order("A-1", 500));
    let job = world.parameters();
    assert_eq!(world.told(job).unwrap_err().code(), ErrorCode::TillBusy);
    assert_eq!(world.await_attempt(sale).unwrap().unwrap().state, State::Approved);
}

#[test]
fn a_debt_on_the_line_goes_first_and_an_errand_needs_no_round() {
    let mut world = World::new(1);
    world.host.troubles.push_back(Trouble::NoAnswer);
    world.host.reversal_codes = std::iter::repeat_n("96", 40).collect();
    world.sell("A-1", 1_230).unwrap().unwrap();
    let ticket = world.test_host();
    assert!(world.told(ticket).is_ok(), "a debt that stays open stops no errand");
    assert_eq!(world.status("A-1").unwrap().state, State::ReversalDue);
    world.host.reversal_codes.clear();
    world.settle_down();
    assert_eq!(world.status("A-1").unwrap().state, State::Reversed);
}

/// Wherever the process ends, an errand leaves nothing half done.
#[test]
fn no_kill_of_an_errand_leaves_anything() {
    let visits = {
        let mut world = World::new(1);
        world.plan.die_at(None);
        let ticket = world.parameters();
        world.told(ticket).unwrap();
        world.plan.visited().len()
    };
    for visit in 0..visits {
        let mut world = World::new(1);
        world.plan.die_at(Some(visit));
        let ticket = world.parameters();
        let _told_or_orphaned = world.await_caller(ticket);
        if !world.is_open() {
            world.restart();
        }
        assert_eq!(world.sell("A-1", 500_000).unwrap().unwrap().state, State::Approved, "killed at {visit}");
        assert_eq!(world.debts(), [], "killed at {visit}");
    }
}

/// Everything that is told.
const TOLD: [Op; 5] = [Op::Freeze, Op::Release, Op::LossReport, Op::Deregister, Op::RenewCertificate];

fn tell(world: &mut World, op: Op, text: &[u8]) -> Result<Told, Error> {
    let text = ToldText::new(text).unwrap();
    let ticket = world.tell_host(Telling { op, text, operator: None });
    world.told(ticket).map(|reply| match reply {
        Reply::Told(told) => told,
        other => panic!("{other:?}"),
    })
}

#[test]
fn what_is_told_arrives_whole_and_its_answer_comes_back_whole() {
    for dialect in DIALECTS {
        let mut world = World::speaking(dialect, 1);
        for op in TOLD {
            for (length, answer) in [(1, 1), (TOLD_PART_BYTES, TOLD_PART_BYTES + 1), (2_000, 3_000)] {
                let text: Vec<u8> = (0..length).map(|place: usize| b'a' + (place % 26) as u8).collect();
                let answer: Vec<u8> = (0..answer).map(|place: usize| b'A' + (place % 26) as u8).collect();
                world.host.told_answers.insert(op, answer.clone());
                let told = tell(&mut world, op, &text).unwrap();
                assert_eq!((told.approved, told.text == answer), (true, true), "{dialect} {op} {length}");
                assert_eq!(world.host.told.last(), Some(&(op, text)), "{dialect} {op} {length}");
            }
        }
        let most = vec![b'x'; TOLD_PART_BYTES * TOLD_PARTS_MAX];
        assert!(tell(&mut world, Op::LossReport, &most).unwrap().approved, "{dialect}");
        assert!(world.attempts().is_empty(), "it is no attempt");
        assert_eq!(world.sell("A-1", 500).unwrap().unwrap().state, State::Approved, "{dialect}");
    }
}

#[test]
fn what_the_host_takes_it_signs() {
    let (key, terminal) = (acquirer_key(), TerminalId::new("TILL0001").unwrap());
    let mut world = World::new(1);
    for op in [Op::Freeze, Op::Release, Op::LossReport] {
        let told = tell(&mut world, op, b"the till says so").unwrap();
        let word = Word::read(&told.text, &key).unwrap();
        assert!(word.acknowledges(op.word(), &terminal, b"the till says so"), "{op}");
        assert!(!word.acknowledges(op.word(), &terminal, b"the till says something else"), "{op}");
    }
    let told = tell(&mut world, Op::Deregister, b"a note\n").unwrap();
    assert_eq!(told.text, signature_over(b"a note\n").into_bytes());
}

#[test]
fn a_refusal_is_an_answer_and_a_lost_answer_is_none() {
    for (dialect, op) in DIALECTS.into_iter().flat_map(|dialect| TOLD.map(|op| (dialect, op))) {
        for (trouble, verdict) in [
            (Trouble::Decline, Ok(false)),
            (Trouble::NoAnswer, Err(ErrorCode::HostSilent)),
            (Trouble::Forget, Err(ErrorCode::HostSilent)),
            (Trouble::LateAnswer, Err(ErrorCode::HostSilent)),
            (Trouble::BadMac, Err(ErrorCode::HostSilent)),
            (Trouble::WrongEcho, Err(ErrorCode::HostSilent)),
            (Trouble::HalfFrame, Err(ErrorCode::HostSilent)),
            (Trouble::Reset, Err(ErrorCode::HostSilent)),
            (Trouble::AnswerTwice, Ok(true)),
        ] {
            let mut world = World::speaking(dialect, 1);
            world.host.troubles_of.insert(op, [trouble].into());
            let first = tell(&mut world, op, b"a text\n");
            let said = first.map(|told| told.approved).map_err(|error| error.code());
            assert_eq!(said, verdict, "{dialect} {op} {trouble:?}");
            // Told again, it is answered; and nothing that came late is taken for the answer.
            let again = tell(&mut world, op, b"another text\n").unwrap();
            assert!(again.approved && world.host.told.last().unwrap().1 == b"another text\n", "{dialect} {op}");
        }
    }
}

#[test]
fn an_answer_that_is_not_whole_is_none() {
    type Change = fn(&mut World);
    let rows: [(&str, Change); 2] = [
        ("longer than any text", |world| {
            world.host.told_answers.insert(Op::Freeze, vec![b'x'; TOLD_PART_BYTES * (TOLD_PARTS_MAX + 1)]);
        }),
        ("the second part is refused as unknown", |world| {
            world.host.told_answers.insert(Op::Freeze, vec![b'x'; TOLD_PART_BYTES + 1]);
            world.host.loses_answer_parts = true;
        }),
    ];
    for (what, change) in rows {
        let mut world = World::new(1);
        change(&mut world);
        assert_eq!(tell(&mut world, Op::Freeze, b"a text").unwrap_err().code(), ErrorCode::HostAnswerInvalid, "{what}");
        assert_eq!(world.sell("A-1", 500).unwrap().unwrap().state, State::Approved, "{what}");
    }
}

#[test]
fn a_dialect_without_the_operation_says_so() {
    let text = taptill::iso8583::Dialect::shipped("iso87").unwrap();
    let rows: Vec<&str> = text.split("[[message]]").filter(|row| !row.contains("op = \"freeze\"")).collect();
    let mut world = World::with_dialect(1, &rows.join("[[message]]"), |_| {});
    let refused = tell(&mut world, Op::Freeze, b"a text").unwrap_err();
    assert_eq!(refused.to_string(), "operation_not_in_dialect operation=freeze");
    assert!(tell(&mut world, Op::Release, b"a text").unwrap().approved, "the control: what it has is told");
    let not_told = tell(&mut world, Op::Sale, b"a text").unwrap_err();
    assert_eq!(not_told.code(), ErrorCode::OperationNotInDialect, "a sale is not told");
}

/// The host says beside any answer that it holds the till frozen: from the first message of a line on.
#[test]
fn what_the_host_says_beside_its_answers_is_heard() {
    for dialect in DIALECTS {
        for (word, mark) in
            [("freeze", Some(HostMark::Freeze)), ("release", Some(HostMark::Release)), ("of_the_future", None)]
        {
            let mut world = World::speaking(dialect, 1);
            world.host.mark = Some(word);
            let tests_the_host = |world: &mut World| {
                let ticket = world.test_host();
                assert!(world.told(ticket).is_ok(), "{dialect} {word}: an errand is no payment");
            };
            tests_the_host(&mut world);
            assert_eq!(world.marks.first().copied(), mark, "{dialect} {word}");
            assert_eq!(world.marks.len(), if mark.is_some() { 2 } else { 0 }, "{dialect} {word}: sign-on and echo");
            world.marks.clear();
            world.host.mark = None;
            tests_the_host(&mut world);
            assert_eq!(world.marks, [], "{dialect}: the control");
        }
    }
}
