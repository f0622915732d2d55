//! Leaving the till: by the checklist, in its order, with everything that is in the way said at once.
//!
//! Bad days in the table: during a tap, by a cashier, with a debt, with the host gone. The kills are in
//! `tests/leaving_kills.rs`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod people_support;
mod shop;
mod support;

use people_support::House;
use taptill::account::WrittenReason;
use taptill::error::{Error, ErrorCode};
use taptill::iso8583::Op;
use taptill::payment::ListQuery;
use taptill::payment::state::State;
use taptill::receipt::Zone;
use taptill::settlement::statement::{Day, Difference};
use taptill::terminal::Terminal;
use taptill::till::{Ask, ExitStep, ExitView, Reply, Standing, StepState};
use taptill_sandbox::host::{Kind, set_next_of};
use taptill_sandbox::people::{ALICE, BOB};

fn late() -> WrittenReason {
    WrittenReason::new("the shop closes now").unwrap()
}

/// What is in the way, each as `code remedy`.
fn blockers(error: &Error) -> Vec<String> {
    let said = |blocker: &taptill::error::Blocker| format!("{} {}", blocker.why, blocker.remedy.unwrap_or("-"));
    error.blockers().iter().map(said).collect()
}

/// The steps as `word state`.
fn steps(view: &ExitView) -> Vec<String> {
    let word = |state: &StepState| match state {
        StepState::Done => "done",
        StepState::Ahead => "ahead",
        StepState::Blocked => "blocked",
        StepState::Waived { .. } => "waived",
    };
    view.items.iter().map(|item| format!("{} {}", item.step.word(), word(&item.state))).collect()
}

fn check_the_hosts_statement(terminal: &Terminal) -> Vec<Difference> {
    let mut found = Vec::new();
    let zone = Zone::named(&terminal.configuration().unwrap().time_zone).unwrap();
    let newest = terminal.list(&ListQuery { limit: 1, ..ListQuery::default() }).unwrap();
    let today = Day::from_iso(&zone.date(newest.attempts[0].created_ms)).unwrap();
    terminal.check_statement_of_host(today, today, &mut |difference| found.push(difference)).unwrap();
    found
}

#[test]
fn a_till_is_left_when_everything_is_done_and_not_before() {
    let shop = shop::shop("taptill-leaving-done-");
    let till = shop.till();
    till.sell("visa", 500).unwrap();

    let refused = till.terminal.exit(None).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::ExitBlocked);
    assert_eq!(blockers(&refused), ["batch_not_settled settle"]);
    assert_eq!(till.terminal.till_state().unwrap().standing, Standing::SignedIn, "nothing has changed");

    till.terminal.settle().unwrap();
    assert_eq!(blockers(&till.terminal.exit(None).unwrap_err()), ["statement_not_looked_at check_statement"]);
    check_the_hosts_statement(&till.terminal);

    let before = till.terminal.exit_checklist().unwrap();
    let expected = ["transactions done", "settled done", "statement done", "passwords done"];
    assert_eq!(steps(&before)[..4], expected);
    assert_eq!(steps(&before)[4..], ["page ahead", "disconnected ahead", "wiped ahead"]);
    assert!(!before.is_left && before.checkpoint.is_none());

    let left = till.terminal.exit(None).unwrap();
    assert!(left.is_left && left.items.iter().all(|item| item.state == StepState::Done), "{left:?}");
    assert!(left.checkpoint.unwrap().starts_with("taptill/"), "a signed head");
    assert_eq!(till.terminal.till_state().unwrap().standing, Standing::SignedOut);
    assert_eq!(till.terminal.exit(None).unwrap_err().code(), ErrorCode::TillLocked);
}

#[test]
fn everything_that_is_in_the_way_is_said_at_once() {
    let shop = shop::impatient_shop("taptill-leaving-blocked-");
    let till = shop.till();
    till.sell("visa", 500).unwrap();
    shop.host_does(Kind::NoAnswer);
    set_next_of(&shop.host_home(), Kind::NoAnswer, 3, Some(Op::Reversal)).unwrap();
    let doubtful = till.sell("visa", 700).unwrap();
    assert_eq!(doubtful.state, State::ReversalDue);

    let refused = till.terminal.exit(None).unwrap_err();
    assert_eq!(blockers(&refused), ["reversal_due resolve", "batch_not_settled settle"]);
    let json = serde_json::to_value(&refused).unwrap();
    assert_eq!(json["blockers"][0]["code"], "reversal_due");
    assert_eq!(json["blockers"][0]["name"], doubtful.attempt.as_str());

    // A supervisor leaves all the same, which loses nothing: the debt is there for the next sign-in.
    let left = till.terminal.exit(Some(late())).unwrap();
    assert_eq!(steps(&left)[..2], ["transactions waived", "settled waived"]);
    let waived = StepState::Waived { by: "alice".into(), reason: "the shop closes now".into() };
    assert_eq!(left.items[0].state, waived);
    assert_eq!(till.terminal.till_state().unwrap().waiting, Some(1));
    till.terminal.sign_in(&ALICE.name(), ALICE.password(), None).unwrap();
    till.until(&doubtful.attempt, State::Reversed);
}

#[test]
fn nobody_walks_away_from_a_tap() {
    let mut house = House::claimed(1);
    let sale = house.sell("A-1");
    for force in [None, Some(late())] {
        let refused = house.ask(Ask::Exit { force }).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::ExitBlocked);
        assert_eq!(blockers(&refused), ["payment_in_progress wait"]);
    }
    assert!(house.awaits_card, "the sale goes on");
    house.cancel("A-1").unwrap();
    house.told(sale).unwrap().unwrap();
    house.ask(Ask::Exit { force: None }).unwrap();
    assert!(!house.is_armed && house.standing() == "signed_out");
}

#[test]
fn a_cashier_leaves_by_the_list_and_not_by_force() {
    let shop = shop::shop("taptill-leaving-cashier-");
    let till = shop.till();
    till.terminal.add_operator(BOB.as_new()).unwrap();
    till.sell("visa", 500).unwrap();
    till.terminal.sign_in(&BOB.name(), BOB.password(), None).unwrap();
    let refused = till.terminal.exit(Some(late())).unwrap_err();
    assert_eq!(refused.to_string(), "not_permitted action=force_exit role=cashier");
    assert_eq!(till.terminal.exit(None).unwrap_err().code(), ErrorCode::ExitBlocked);
    assert_eq!(till.terminal.till_state().unwrap().standing, Standing::SignedIn);
}

#[test]
fn the_steps_stand_in_their_order() {
    let words: Vec<&str> = ExitStep::ALL.into_iter().map(ExitStep::word).collect();
    let order = ["transactions", "settled", "statement", "passwords", "page", "disconnected", "wiped"];
    assert_eq!(words, order);
    let mut house = House::claimed(2);
    match house.ask(Ask::ExitChecklist).unwrap() {
        Reply::Exit(view) => assert_eq!(view.items.iter().map(|item| item.step.word()).collect::<Vec<_>>(), order),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_password_that_is_due_soon_is_said_and_keeps_nobody() {
    let mut house = House::claimed(3);
    house.ask(Ask::SignOut).unwrap();
    house.now.wall.0 += 80 * 86_400_000;
    house.sign_in(ALICE).unwrap();
    let Ok(Reply::Exit(view)) = house.ask(Ask::ExitChecklist) else { panic!("a checklist") };
    let advice = view.items.iter().find_map(|item| item.advice).unwrap();
    assert_eq!((advice.code, advice.remedy, advice.days_left), ("password_due", "change_password", 10));
    house.ask(Ask::Exit { force: None }).unwrap();
}
