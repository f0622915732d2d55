//! What is asked of the host and moves no money: whether it is there, and its rules for this till.

#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

mod support;

use support::host::Trouble;
use support::world::{World, order};
use taptill::error::ErrorCode;
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
