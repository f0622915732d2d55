//! Stuck debts and old ones: who decides what, and what the till does meanwhile.

#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

mod support;

use support::host::Trouble;
use support::world::World;
use taptill::account::WrittenReason;
use taptill::error::{Money, Reversal};
use taptill::payment::Decision;
use taptill::payment::state::State;

/// A till with one attempt whose reversal is stuck.
fn stuck(blocks: bool) -> World {
    let mut world = World::with(1, "iso87", |configuration| configuration.policy.stuck_blocks_sales = blocks);
    world.host.troubles.push_back(Trouble::RefuseReversal);
    world.sell("A-1", 1_230).unwrap().unwrap();
    world.settle_down();
    assert_eq!(world.status("A-1").unwrap().state, State::ReversalStuck);
    world
}

#[test]
fn a_decision_stands_beside_the_state_with_its_name_for_ever() {
    for (decision, word) in [(Decision::Charged, "charged"), (Decision::NotCharged, "not_charged")] {
        let mut world = stuck(false);
        let decided = world.decide("A-1", decision).unwrap();
        assert_eq!((decided.state, decided.decision), (State::ReversalStuck, Some(decision)));
        assert_eq!(world.decide("A-1", decision).unwrap().journal, decided.journal, "again, it is the same");
        let events = world.journal();
        let (_, body) = events.iter().find(|(kind, _)| kind == "attempt.decided").unwrap();
        assert_eq!(body, &serde_json::json!({ "decision": word }));
        assert_eq!(events.iter().filter(|(kind, _)| kind == "attempt.decided").count(), 1);
        assert_eq!(world.status("A-1").unwrap().decision, Some(decision), "also after a restart");
        assert_eq!(world.debts().len(), 1, "it stays in every report");
    }
}

#[test]
fn why_it_was_decided_so_stands_in_the_record_where_somebody_was_asked() {
    let mut world = stuck(false);
    let why = WrittenReason::new(" Ms Li at the acquirer, ticket 4711 ").unwrap();
    world.decide_for("A-1", Decision::NotCharged, Some(why)).unwrap();
    let again = WrittenReason::new("another reason").ok();
    world.decide_for("A-1", Decision::NotCharged, again).unwrap();
    let events = world.journal();
    let told: Vec<_> = events.iter().filter(|(kind, _)| kind == "attempt.decided").map(|(_, body)| body).collect();
    let body = serde_json::json!({ "decision": "not_charged", "reason": "Ms Li at the acquirer, ticket 4711" });
    assert_eq!(told, [&body], "the first reason stands, as the first decision does");
    assert_eq!(world.status("A-1").unwrap().decision, Some(Decision::NotCharged), "and it is read again");
}

#[test]
fn what_is_not_stuck_is_not_decided_and_nothing_is_decided_twice() {
    let mut world = stuck(false);
    world.sell("A-2", 500).unwrap().unwrap();
    world.host.troubles.push_back(Trouble::NoAnswer);
    world.host.goes_down_after_sale = true;
    world.sell("A-3", 500).unwrap().unwrap();
    world.decide("A-1", Decision::Charged).unwrap();
    for (attempt, code, money, reversal) in [
        ("A-9", "attempt_unknown", Money::NotMoved, Reversal::NotNeeded),
        ("A-2", "not_stuck", Money::Moved, Reversal::NotNeeded),
        ("A-3", "not_stuck", Money::MayHaveMoved, Reversal::Pending),
        ("A-1", "already_decided", Money::MayHaveMoved, Reversal::Required),
    ] {
        let before = world.attempts();
        let error = world.decide(attempt, Decision::NotCharged).unwrap_err();
        assert_eq!(error.code().code(), code, "{attempt}");
        assert_eq!((error.money(), error.reversal()), (money, reversal), "{attempt}");
        assert_eq!(world.attempts(), before, "{attempt}");
    }
}

#[test]
fn what_is_decided_no_longer_blocks_where_policy_lets_the_stuck_block() {
    let mut world = stuck(true);
    assert_eq!(world.sell("A-2", 500).unwrap().unwrap_err().code().code(), "reversal_pending");
    world.decide("A-1", Decision::Charged).unwrap();
    assert_eq!(world.sell("A-2", 500).unwrap().unwrap().state, State::Approved);
}

/// The card's data were kept for a reversal that nobody will send any more.
#[test]
fn with_the_decision_the_card_data_are_destroyed() {
    let mut world = stuck(false);
    let before = world.side_rows();
    world.decide("A-1", Decision::NotCharged).unwrap();
    assert_eq!(world.side_rows(), before - 1);
}

#[test]
fn a_late_answer_after_the_decision_is_evidence_alone() {
    let mut world = stuck(false);
    world.decide("A-1", Decision::NotCharged).unwrap();
    world.wait(60_000);
    let resolved = world.resolve().unwrap();
    assert_eq!((resolved.closed.len(), resolved.left.len()), (0, 1));
    assert_eq!(world.status("A-1").unwrap().decision, Some(Decision::NotCharged));
}

/// Whether the next sale waits for every debt is the policy's; how old a debt may be, too.
#[test]
fn debts_keep_the_till_from_selling_as_the_policy_says() {
    const HOUR_MS: u64 = 3_600_000;
    for (block_next, age_ms, verdict) in [
        (true, HOUR_MS, "reversal_pending"),
        (true, 25 * HOUR_MS, "debts_too_old"),
        (false, HOUR_MS, "host_unreachable"),
        (false, 25 * HOUR_MS, "debts_too_old"),
    ] {
        let mut world = World::with(1, "iso87", |configuration| {
            configuration.policy.block_next = block_next;
            configuration.policy.debt_age_max_ms = 24 * HOUR_MS;
        });
        world.host.troubles.push_back(Trouble::NoAnswer);
        world.host.goes_down_after_sale = true;
        world.sell("A-1", 1_230).unwrap().unwrap();
        world.wait(age_ms);
        let error = world.sell("A-2", 500).unwrap().unwrap_err();
        assert_eq!(error.code().code(), verdict, "{block_next} {age_ms}");
        world.host.up = true;
        assert_eq!(world.sell("A-3", 500).unwrap().unwrap().state, State::Approved, "the round closes the debt first");
        assert_eq!(world.status("A-1").unwrap().state, State::Reversed);
    }
}

/// A host that is there but confirms nothing: with `block_next` off, the sale goes out after one round.
#[test]
fn without_block_next_a_sale_goes_out_beside_a_debt_and_the_debt_goes_on() {
    let mut world = World::with(1, "iso87", |configuration| configuration.policy.block_next = false);
    world.host.troubles.push_back(Trouble::NoAnswer);
    world.host.reversal_codes = std::iter::repeat_n("96", 8).collect();
    world.sell("A-1", 1_230).unwrap().unwrap();
    assert_eq!(world.sell("A-2", 500).unwrap().unwrap().state, State::Approved);
    assert_eq!(world.status("A-1").unwrap().state, State::ReversalDue);
    world.settle_down();
    assert_eq!(world.status("A-1").unwrap().state, State::Reversed);
}
