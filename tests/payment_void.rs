//! What a caller of the payment room can rely on when a sale is voided.
//!
//! A void is an attempt of its own; its sale stays approved until the host has approved the void, whatever happens on
//! the way. Whatever cannot be voided says why, and what to do instead.

#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

mod support;

use support::days::judge;
use support::host::Trouble;
use support::world::{World, order};
use taptill::error::{Error, Fact, Money, Reversal};
use taptill::ids::AttemptId;
use taptill::iso8583::{Dialect, Op};
use taptill::payment::state::State;
use taptill::payment::{AttemptView, Decision, Kind, Reason, ReceiptCopy, Reply};
use taptill::ports::Notice;

const DIALECTS: [&str; 3] = ["iso87", "unionpay", "encrypted"];

/// A till that has sold once.
fn sold(dialect: &'static str) -> World {
    let mut world = World::speaking(dialect, 1);
    assert_eq!(world.sell("A-1", 1_230).unwrap().unwrap().state, State::Approved, "{dialect}");
    world
}

fn code(result: Option<Result<AttemptView, Error>>) -> &'static str {
    result.unwrap().expect_err("an error").code().code()
}

/// How the sale stands, and how its void.
fn standing(world: &mut World) -> (State, Option<State>) {
    let view = world.status("A-1").unwrap();
    (view.state, view.void.map(|void| void.state))
}

#[test]
fn a_void_takes_its_sale_back_whole_and_both_say_so() {
    for dialect in DIALECTS {
        let mut world = sold(dialect);
        let void = world.void("V-1", "A-1").unwrap().unwrap();
        let sale = world.status("A-1").unwrap();
        assert_eq!((void.kind, void.state, void.amount), (Kind::Void, State::Approved, sale.amount), "{dialect}");
        assert_eq!((void.of.as_ref(), void.stan.unwrap().number()), (Some(&sale.attempt), 2));
        assert_eq!((void.card_masked, void.label), (sale.card_masked.clone(), sale.label.clone()), "the sale's card");
        assert_eq!((sale.kind, sale.state), (Kind::Sale, State::Voided));
        let shown = sale.void.unwrap();
        assert_eq!((shown.attempt, shown.state, shown.decision), (void.attempt, State::Approved, None));
        assert_eq!((sale.journal.sequence, sale.journal.root), (void.journal.sequence, void.journal.root), "one event");
        assert_eq!(judge(&mut world), [], "{dialect}");
        let kinds = ["prepared", "in_doubt", "approved", "delivered"].map(|kind| format!("attempt.{kind}"));
        assert_eq!(world.kinds(), [kinds.clone(), kinds].concat(), "no event of the sale's own");
        assert_eq!(world.status("A-1").unwrap().state, State::Voided, "also after a restart");
    }
}

#[test]
fn the_observer_hears_of_the_void_and_of_its_sale() {
    let mut world = sold("iso87");
    world.notices.clear();
    world.void("V-1", "A-1").unwrap().unwrap();
    let heard: Vec<String> = world
        .notices
        .iter()
        .filter_map(|notice| match notice {
            Notice::Attempt { attempt, state } => Some(format!("{attempt} {state}")),
            _ => None,
        })
        .collect();
    assert_eq!(heard, ["V-1 prepared", "V-1 in_doubt", "V-1 approved", "A-1 voided"]);
}

/// What is done to the till, what is then voided, and the refusal: code, money, reversal, what to do instead.
type Row = (fn(&mut World), &'static str, &'static str, Money, Reversal, Option<&'static str>);

#[test]
fn what_cannot_be_voided_says_why_and_what_to_do_instead() {
    let rows: &[Row] = &[
        (|_| (), "A-9", "attempt_unknown", Money::NotMoved, Reversal::NotNeeded, None),
        (after(Trouble::Decline), "A-2", "attempt_not_approved", Money::NotMoved, Reversal::NotNeeded, None),
        (after(Trouble::NoAnswer), "A-2", "attempt_not_approved", Money::Reversed, Reversal::Done, None),
        (after(Trouble::RefuseReversal), "A-2", "attempt_not_approved", Money::MayHaveMoved, Reversal::Required, None),
        (voided, "A-1", "already_voided", Money::Reversed, Reversal::NotNeeded, None),
        (voided, "V-1", "attempt_not_approved", Money::Reversed, Reversal::NotNeeded, None),
        (void_in_doubt, "A-1", "void_in_doubt", Money::MayHaveMoved, Reversal::Pending, None),
        (void_stuck, "A-1", "void_in_doubt", Money::MayHaveMoved, Reversal::Pending, None),
        (void_decided_not_charged, "A-1", "already_voided", Money::Reversed, Reversal::NotNeeded, None),
        (settled, "A-1", "already_settled", Money::Moved, Reversal::NotNeeded, Some("refund")),
    ];
    for (number, (change, of, code, money, reversal, instead)) in rows.iter().enumerate() {
        let mut world = sold("iso87");
        change(&mut world);
        let before = world.attempts();
        let error = world.void("V-9", of).unwrap().unwrap_err();
        assert_eq!(error.code().code(), *code, "{number}");
        assert_eq!((error.money(), error.reversal()), (*money, *reversal), "{number} {code}");
        assert_eq!(error.attempt(), Some(&AttemptId::new(*of).unwrap()), "{number} {code}");
        assert_eq!(word(&error, "instead"), *instead, "{number} {code}");
        assert_eq!(world.attempts(), before, "nothing changed, {number} {code}");
    }
}

fn word(error: &Error, name: &str) -> Option<&'static str> {
    error.facts().iter().find_map(|(fact, value)| match value {
        Fact::Word(word) if *fact == name => Some(*word),
        _ => None,
    })
}

fn after(trouble: Trouble) -> fn(&mut World) {
    match trouble {
        Trouble::Decline => |world| sell_with(world, Trouble::Decline),
        Trouble::NoAnswer => |world| sell_with(world, Trouble::NoAnswer),
        Trouble::RefuseReversal => |world| sell_with(world, Trouble::RefuseReversal),
        _ => unreachable!("no row asks for it"),
    }
}

fn sell_with(world: &mut World, trouble: Trouble) {
    world.host.troubles.push_back(trouble);
    world.sell("A-2", 500).unwrap().unwrap();
    world.settle_down();
}

fn settled(world: &mut World) {
    world.settle().unwrap().unwrap();
}

fn voided(world: &mut World) {
    world.void("V-1", "A-1").unwrap().unwrap();
}

fn void_in_doubt(world: &mut World) {
    world.host.troubles.push_back(Trouble::NoAnswer);
    world.host.reversal_codes = std::iter::repeat_n("96", 2).collect();
    world.void("V-1", "A-1").unwrap().unwrap();
}

fn void_stuck(world: &mut World) {
    world.host.troubles.push_back(Trouble::RefuseReversal);
    world.void("V-1", "A-1").unwrap().unwrap();
    world.settle_down();
}

fn void_decided_not_charged(world: &mut World) {
    void_stuck(world);
    world.decide("V-1", Decision::NotCharged).unwrap();
}

#[test]
fn a_void_that_people_decided_to_be_without_effect_may_be_followed_by_another() {
    let mut world = sold("iso87");
    void_stuck(&mut world);
    let void = world.decide("V-1", Decision::Charged).unwrap();
    assert_eq!((void.state, void.decision), (State::ReversalStuck, Some(Decision::Charged)));
    assert_eq!(world.status("A-1").unwrap().void.unwrap().decision, Some(Decision::Charged), "the sale shows it");
    // The acquirer took its void back by hand.
    let key = world.host.voids.keys().next().unwrap().clone();
    world.host.voids.get_mut(&key).unwrap().reversed = true;
    world.host.book.values_mut().for_each(|sale| sale.voided = false);
    assert_eq!(world.void("V-2", "A-1").unwrap().unwrap().state, State::Approved);
    assert_eq!(standing(&mut world), (State::Voided, Some(State::Approved)));
}

#[test]
fn the_same_void_again_is_the_same_void() {
    let mut world = sold("iso87");
    world.sell("A-2", 500).unwrap().unwrap();
    let first = world.void("V-1", "A-1").unwrap().unwrap();
    let again = world.void("V-1", "A-1").unwrap().unwrap();
    assert_eq!((again.stan, again.rrn, again.journal), (first.stan, first.rrn, first.journal));
    assert_eq!(world.host.voids.len(), 1);
    for (attempt, of) in [("V-1", "A-2"), ("A-2", "A-1"), ("A-1", "A-1")] {
        assert_eq!(code(world.void(attempt, of)), "attempt_conflict", "{attempt} for {of}");
    }
    assert_eq!(code(world.sell("V-1", 1_230)), "attempt_conflict", "a void's name is no sale's");
    assert_eq!(world.status("A-2").unwrap().state, State::Approved);
}

#[test]
fn a_void_without_a_name_gets_one() {
    let mut world = sold("iso87");
    let void = world.void("", "A-1").unwrap().unwrap();
    assert!(void.attempt.as_str().starts_with("tt-"), "{}", void.attempt);
    assert_eq!(world.begun.last(), Some(&void.attempt));
}

#[test]
fn the_same_void_while_it_runs_joins_it_and_nothing_else_begins() {
    let mut world = sold("iso87");
    let first = world.start_void("V-1", "A-1");
    let joined = world.start_void("V-1", "A-1");
    for (busy, what) in [
        (world.start_void("V-2", "A-1"), "a void"),
        (world.start(order("A-2", 500)), "a sale"),
        (world.test_host(), "a job"),
    ] {
        let error = world.told(busy).unwrap_err();
        assert_eq!(error.code().code(), "till_busy", "{what}");
    }
    let conflict = world.start(order("V-1", 1_230));
    assert_eq!(world.told(conflict).unwrap_err().code().code(), "attempt_conflict");
    for ticket in [first, joined] {
        assert_eq!(world.await_attempt(ticket).unwrap().unwrap().state, State::Approved);
    }
    assert_eq!(world.host.voids.len(), 1);
}

#[test]
fn a_void_that_the_host_declines_leaves_its_sale_as_it_is() {
    let mut world = sold("iso87");
    world.host.troubles.push_back(Trouble::Decline);
    let void = world.void("V-1", "A-1").unwrap().unwrap();
    assert_eq!((void.state, void.reason), (State::Declined, Some(Reason::Host)));
    assert_eq!(standing(&mut world), (State::Approved, Some(State::Declined)));
    assert_eq!(judge(&mut world), []);
    assert_eq!(world.void("V-2", "A-1").unwrap().unwrap().state, State::Approved, "it may be tried again");
    assert_eq!(standing(&mut world), (State::Voided, Some(State::Approved)));
}

#[test]
fn a_void_whose_answer_is_lost_is_reversed_and_meanwhile_its_sale_is_approved() {
    for dialect in DIALECTS {
        let mut world = sold(dialect);
        world.host.troubles.push_back(Trouble::NoAnswer);
        world.host.reversal_codes = ["96", "96"].into();
        let void = world.void("V-1", "A-1").unwrap().unwrap();
        assert_eq!((void.state, void.reason), (State::ReversalDue, Some(Reason::NoAnswer)), "{dialect}");
        assert_eq!(standing(&mut world), (State::Approved, Some(State::ReversalDue)), "{dialect}");
        world.restart();
        assert_eq!(standing(&mut world), (State::Approved, Some(State::ReversalDue)), "also after a restart");
        world.settle_down();
        let void = world.status("V-1").unwrap();
        assert_eq!((void.state, void.reversal.unwrap().sends), (State::Reversed, 3), "{dialect}");
        assert_eq!(standing(&mut world), (State::Approved, Some(State::Reversed)), "{dialect}");
        let marks: Vec<bool> = world
            .host
            .arrived
            .iter()
            .filter(|(op, ..)| *op == Op::VoidReversal)
            .map(|(_, _, is_repeat)| *is_repeat)
            .collect();
        let has_mark = world.host.dialect.row(Op::VoidReversal).unwrap().repeat_mti().is_some();
        assert_eq!(marks, [false, has_mark, has_mark], "{dialect}");
        assert_eq!(judge(&mut world), [], "{dialect}");
        assert_eq!(world.void("V-2", "A-1").unwrap().unwrap().state, State::Approved, "{dialect}");
    }
}

#[test]
fn a_late_approval_of_a_void_is_evidence_and_no_void() {
    let mut world = sold("iso87");
    world.host.troubles.push_back(Trouble::LateAnswer);
    world.void("V-1", "A-1").unwrap().unwrap();
    world.wait(3_000);
    world.settle_down();
    assert_eq!(standing(&mut world), (State::Approved, Some(State::Reversed)));
    assert_eq!(judge(&mut world), []);
    assert_eq!(world.kinds().iter().filter(|kind| *kind == "attempt.late_answer").count(), 1);
}

#[test]
fn earlier_debts_go_first_and_a_void_waits_for_them() {
    let mut world = sold("iso87");
    world.host.troubles.push_back(Trouble::NoAnswer);
    world.host.goes_down_after_sale = true;
    world.sell("A-2", 500).unwrap().unwrap();
    let error = world.void("V-1", "A-1").unwrap().unwrap_err();
    assert_eq!(error.code().code(), "reversal_pending");
    assert_eq!(world.status("V-1").unwrap_err().code().code(), "attempt_unknown", "nothing of it happened");
    world.host.up = true;
    assert_eq!(world.void("V-1", "A-1").unwrap().unwrap().state, State::Approved);
    assert_eq!(world.status("A-2").unwrap().state, State::Reversed, "it went first");
}

#[test]
fn a_void_can_be_cancelled_until_it_is_on_its_way() {
    let mut world = sold("iso87");
    world.wait(60_000); // The line is closed by now.
    let ticket = world.start_void("V-1", "A-1");
    world.wait(5); // Prepared, and connecting.
    let cancelled = world.cancel("V-1").unwrap();
    assert_eq!(
        (cancelled.kind, cancelled.state, cancelled.reason),
        (Kind::Void, State::NotSent, Some(Reason::Cancelled))
    );
    assert_eq!(world.await_attempt(ticket).unwrap().unwrap().state, State::NotSent);
    assert_eq!(standing(&mut world), (State::Approved, Some(State::NotSent)));
    let ticket = world.start_void("V-2", "A-1");
    world.wait(27); // Sent.
    assert_eq!(world.cancel("V-2").unwrap_err().code().code(), "too_late_to_cancel");
    assert_eq!(world.await_attempt(ticket).unwrap().unwrap().state, State::Approved);
    assert_eq!(world.cancel("V-2").unwrap_err().code().code(), "attempt_already_finished");
    assert_eq!(judge(&mut world), []);
}

#[test]
fn a_dialect_without_voids_refuses_them() {
    let toml = Dialect::shipped("iso87").unwrap();
    let (begin, end) = (toml.find("op = \"void\"\n").unwrap(), toml.find("# Reversal of a void").unwrap());
    let begin = toml[..begin].rfind("[[message]]").unwrap();
    let toml = format!("{}{}", &toml[..begin], &toml[end..]);
    let mut world = World::with_dialect(1, &toml, |_| {});
    world.sell("A-1", 1_230).unwrap().unwrap();
    let error = world.void("V-1", "A-1").unwrap().unwrap_err();
    assert_eq!((error.code().code(), word(&error, "operation")), ("operation_not_in_dialect", Some("void")));
    assert_eq!(world.status("A-1").unwrap().void, None);
}

#[test]
fn a_void_keeps_nothing_of_a_card_and_has_receipts_of_its_own() {
    let mut world = sold("iso87");
    let rows = world.side_rows();
    world.host.troubles.push_back(Trouble::NoAnswer);
    world.host.goes_down_after_sale = true;
    world.void("V-1", "A-1").unwrap().unwrap();
    assert_eq!(world.side_rows(), rows, "its reversal needs none");
    assert_eq!(world.print("V-1", ReceiptCopy::Customer).unwrap(), 0);
    assert_eq!(world.print("V-1", ReceiptCopy::Customer).unwrap(), 1, "a reprint");
    assert_eq!(world.print("A-1", ReceiptCopy::Customer).unwrap(), 0, "the sale's own are counted apart");
    world.host.up = true;
    world.settle_down();
}

#[test]
fn debts_are_listed_with_the_voids_among_them() {
    let mut world = sold("iso87");
    assert_eq!(world.debts(), []);
    void_stuck(&mut world);
    let debts = world.debts();
    assert_eq!(debts.len(), 1);
    assert_eq!((debts[0].kind, debts[0].state), (Kind::Void, State::ReversalStuck));
    let ticket = world.test_host();
    assert!(matches!(world.told(ticket), Ok(Reply::HostTested(_))), "a stuck void stops nothing");
}
