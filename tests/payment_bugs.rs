//! Mistakes that payment terminals are known to have made, one test each: none of them here.

#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

mod support;

use support::audit::audit;
use support::host::{Host, Trouble};
use support::world::World;
use taptill::payment::state::State;
use taptill::payment::{Reason, ReversalReason};

const DAY_MS: u64 = 86_400_000;

/// A till whose sale `A-1` got no answer, with the reversal on its way.
fn in_debt(trouble: Trouble) -> World {
    in_debt_with(trouble, |_| {})
}

fn in_debt_with(trouble: Trouble, change: impl FnOnce(&mut Host)) -> World {
    let mut world = World::new(7);
    world.host.troubles.push_back(trouble);
    change(&mut world.host);
    let view = world.sell("A-1", 1_230).unwrap().unwrap();
    assert_eq!(view.state, State::ReversalDue);
    assert_eq!(view.reversal.unwrap().reason, ReversalReason::NoAnswer);
    world
}

fn state(world: &mut World) -> State {
    world.status("A-1").unwrap().state
}

fn nothing_found(world: &mut World) {
    let attempts = world.attempts();
    assert_eq!(audit(&attempts, &world.host, &world.told_approved), []);
}

/// Visits of a point in one clean sale, to die there.
fn die_at(world: &mut World, point: &str, nth: usize) {
    let mut trial = World::new(7);
    trial.plan.die_at(None);
    trial.sell("A-1", 1_230);
    let visits = trial.plan.visited();
    let visit = visits.iter().enumerate().filter(|(_, name)| *name == point).nth(nth).unwrap().0;
    world.plan.die_at(Some(visit));
}

#[test]
fn the_reversal_outlives_a_sale_that_was_not_recorded() {
    let mut world = World::new(7);
    die_at(&mut world, "before attempt.approved", 0);
    let stopped = world.sell("A-1", 1_230).unwrap().unwrap_err();
    assert_eq!(stopped.code().code(), "stopped_by_fault_plan");
    world.restart();
    assert_eq!(state(&mut world), State::ReversalDue);
    world.settle_down();
    assert_eq!(state(&mut world), State::Reversed);
    nothing_found(&mut world);
}

#[test]
fn the_debt_is_recorded_before_the_first_byte() {
    let mut world = World::new(7);
    die_at(&mut world, "before send", 1);
    assert!(world.sell("A-1", 1_230).is_none());
    assert!(world.host.heard.is_empty(), "nothing was sent");
    world.restart();
    assert_eq!(state(&mut world), State::ReversalDue);
    world.settle_down();
    assert_eq!(state(&mut world), State::Reversed);
}

#[test]
fn a_reversal_is_not_dropped_after_any_number_of_tries() {
    let mut world = in_debt_with(Trouble::NoAnswer, |host| host.lose_reversal_answers = 300);
    world.wait(4 * 3_600_000);
    let view = world.status("A-1").unwrap();
    assert_eq!(view.state, State::ReversalDue);
    assert!(view.reversal.unwrap().sends > 200);
    world.host.lose_reversal_answers = 0;
    world.wait(120_000);
    assert_eq!(state(&mut world), State::Reversed);
    nothing_found(&mut world);
}

#[test]
fn a_reversal_is_not_dropped_at_midnight() {
    let mut world = in_debt_with(Trouble::NoAnswer, |host| host.goes_down_after_sale = true);
    world.wait(2 * DAY_MS);
    world.restart();
    assert_eq!(state(&mut world), State::ReversalDue);
    world.host.up = true;
    world.settle_down();
    assert_eq!(state(&mut world), State::Reversed);
    nothing_found(&mut world);
}

#[test]
fn a_reply_that_confirms_nothing_closes_no_debt() {
    for (code, tries, verdict, reason) in [
        ("96", 1, State::ReversalDue, Reason::NoAnswer),
        ("91", 9, State::ReversalDue, Reason::NoAnswer),
        ("A0", 2, State::ReversalDue, Reason::NoAnswer),
        ("12", 2, State::ReversalDue, Reason::NoAnswer),
        ("12", 3, State::ReversalStuck, Reason::ReversalRefused),
        ("40", 3, State::ReversalStuck, Reason::ReversalRefused),
        ("25", 1, State::ReversalStuck, Reason::ReversalNotFound),
    ] {
        let mut world = in_debt_with(Trouble::NoAnswer, |host| {
            host.reversal_codes = std::iter::repeat_n(code, tries).collect();
            host.goes_down_after_codes = true;
        });
        while world.host.up {
            world.wait(50);
        }
        world.wait(50);
        let view = world.status("A-1").unwrap();
        assert_eq!((view.state, view.reason), (verdict, Some(reason)), "{code} {tries} times");
        let left = world.resolve().unwrap().left;
        assert_eq!((left.len(), left[0].state), (1, verdict), "every debt is shown, {code}");
    }
}

#[test]
fn a_stuck_reversal_is_still_shown_after_a_restart() {
    let mut world = in_debt(Trouble::RefuseReversal);
    world.settle_down();
    world.restart();
    world.wait(DAY_MS);
    let resolved = world.resolve().unwrap();
    assert_eq!(resolved.left.len(), 1);
    assert_eq!(resolved.left[0].state, State::ReversalStuck);
    assert_eq!(resolved.left[0].reversal.as_ref().unwrap().sends, 3);
}

/// A shell that opens the till for one command at a time: each run hears one refusal and ends.
#[test]
fn refusals_are_counted_across_runs() {
    let mut world = in_debt_with(Trouble::RefuseReversal, |host| host.goes_down_after_sale = true);
    world.host.up = true;
    for run in 1..=3 {
        world.restart();
        world.wait(200);
        let reversal = world.status("A-1").unwrap().reversal.unwrap();
        // The first send was lost with the host.
        assert_eq!((reversal.sends, reversal.host_code.unwrap().as_str()), (1 + run, "12"), "each answer is shown");
    }
    assert_eq!(state(&mut world), State::ReversalStuck);
    assert_eq!(world.sell("A-2", 500).unwrap().unwrap().state, State::Approved, "the till is not blocked for ever");
}

#[test]
fn one_round_tries_a_refused_reversal_as_often_as_policy_allows() {
    for (refusals, end) in [(1, State::Reversed), (2, State::Reversed), (3, State::ReversalStuck)] {
        let mut world = in_debt_with(Trouble::NoAnswer, |host| host.goes_down_after_sale = true);
        world.wait(5_000);
        world.host.up = true;
        world.host.reversal_codes = std::iter::repeat_n("12", refusals).collect();
        let resolved = world.resolve().unwrap();
        let all: Vec<_> = resolved.closed.iter().chain(&resolved.left).map(|view| view.state).collect();
        assert_eq!(all, [end], "{refusals} refusals");
    }
}

#[test]
fn a_host_that_only_ever_puts_off_ends_the_round_all_the_same() {
    let mut world = in_debt_with(Trouble::NoAnswer, |host| host.goes_down_after_sale = true);
    world.wait(5_000);
    world.host.up = true;
    world.host.reversal_codes = std::iter::repeat_n("96", 100).collect();
    let began = world.now.mono.0;
    assert_eq!(world.resolve().unwrap().left.len(), 1);
    assert!(world.now.mono.0 - began < 10_000, "nobody waits for ever");
    assert_eq!(world.sell("A-2", 500).unwrap().unwrap_err().code().code(), "reversal_pending");
}

/// 25 proves something only where an earlier send may have been carried out.
#[test]
fn a_repeat_whose_earlier_sends_were_all_refused_does_not_take_25_for_done() {
    for (codes, verdict) in
        [(["12", "25"], State::ReversalStuck), (["A0", "25"], State::ReversalStuck), (["96", "25"], State::Reversed)]
    {
        let mut world = in_debt_with(Trouble::NoAnswer, |host| host.reversal_codes = codes.into());
        world.settle_down();
        assert_eq!(state(&mut world), verdict, "{codes:?}");
    }
}

/// The till's clock was set back over midnight: only the host knows that another day has begun.
#[test]
fn a_clock_that_went_back_does_not_make_25_mean_done() {
    let mut world = in_debt(Trouble::LoseReversalAnswer);
    world.host.local_date = "1123".into();
    world.settle_down();
    assert_eq!(state(&mut world), State::ReversalStuck);
}

#[test]
fn a_clock_beyond_the_calendar_is_no_reason_to_give_a_reversal_up() {
    for wall in [i64::MAX, i64::MIN] {
        let mut world = in_debt_with(Trouble::NoAnswer, |host| host.goes_down_after_sale = true);
        world.kill();
        world.host.up = true;
        world.now.wall.0 = wall - wall.signum() * DAY_MS as i64;
        world.restart();
        world.settle_down();
        assert_eq!(state(&mut world), State::Reversed, "{wall}");
    }
}

/// The host took new keys into use and the run ended before they were kept: the next sale is not the one to find out.
#[test]
fn a_run_that_ended_in_a_sign_on_costs_no_sale() {
    let mut world = World::new(7);
    world.sell("A-1", 1_230).unwrap().unwrap();
    world.host.lose_keys();
    world.restart();
    assert_eq!(world.sell("A-2", 500).unwrap().unwrap().state, State::Approved);
    assert!(world.host.reversals.is_empty());
}

#[test]
fn an_error_while_sending_is_not_taken_for_unsent() {
    let mut world = World::new(7);
    world.host.troubles.push_back(Trouble::Reset);
    let view = world.sell("A-1", 1_230).unwrap().unwrap();
    assert_eq!((view.state, view.reason), (State::ReversalDue, Some(Reason::ConnectionLost)));
    world.settle_down();
    assert_eq!(state(&mut world), State::Reversed);
    nothing_found(&mut world);
}

#[test]
fn a_repeat_is_counted_as_a_repeat_and_25_then_means_done() {
    let mut world = in_debt(Trouble::LoseReversalAnswer);
    world.settle_down();
    let view = world.status("A-1").unwrap();
    let reversal = view.reversal.unwrap();
    assert_eq!((view.state, reversal.sends), (State::Reversed, 2));
    assert_eq!(reversal.host_code.unwrap().as_str(), "25");
    nothing_found(&mut world);
}

#[test]
fn a_repeat_after_midnight_does_not_take_25_for_done() {
    let mut world = in_debt_with(Trouble::NoAnswer, |host| host.lose_reversal_answers = 100_000);
    world.wait(8 * 3_600_000); // The host's day ends at 24:00; the sale was at 17:00.
    world.host.lose_reversal_answers = 0;
    world.wait(120_000);
    let view = world.status("A-1").unwrap();
    assert_eq!((view.state, view.reason), (State::ReversalStuck, Some(Reason::ReversalNotFound)));
}

#[test]
fn a_late_original_is_not_booked_after_its_reversal() {
    let mut world = in_debt(Trouble::Overtaken);
    world.settle_down();
    world.wait(60_000);
    assert_eq!(state(&mut world), State::Reversed);
    assert!(world.host.book.is_empty());
    assert_eq!(world.host.heard.len(), 1, "it did come");
}

#[test]
fn a_late_approval_is_evidence_and_the_reversal_goes_on() {
    let mut world = in_debt(Trouble::LateAnswer);
    world.settle_down();
    assert_eq!(state(&mut world), State::Reversed);
    nothing_found(&mut world);
}

#[test]
fn response_codes_are_compared_whole() {
    for code in ["0A", "A0", "10", "01", "90", "05"] {
        let mut world = World::new(7);
        world.host.sale_codes.push_back(code);
        let view = world.sell("A-1", 1_230).unwrap().unwrap();
        assert_eq!((view.state, view.host_code.unwrap().as_str()), (State::Declined, code));
    }
}

#[test]
fn a_bad_mac_is_never_a_decline() {
    let mut world = World::new(7);
    world.host.troubles.push_back(Trouble::BadMac);
    let view = world.sell("A-1", 1_230).unwrap().unwrap();
    assert_eq!((view.state, view.reason), (State::ReversalDue, Some(Reason::BadMac)));
    assert_eq!(view.reversal.unwrap().reason, ReversalReason::BadMac);
    world.settle_down();
    assert_eq!(world.host.reversal_reasons, ["A0"]);
    nothing_found(&mut world);
}

#[test]
fn no_sale_goes_out_before_the_debt_is_closed() {
    let mut world = in_debt_with(Trouble::NoAnswer, |host| host.goes_down_after_sale = true);
    world.wait(5_000);
    let refused = world.sell("A-2", 500).unwrap().unwrap_err();
    assert_eq!(refused.code().code(), "reversal_pending");
    assert_eq!(world.status("A-2").unwrap_err().code().code(), "attempt_unknown");
    world.host.up = true;
    let view = world.sell("A-2", 500).unwrap().unwrap();
    assert_eq!(view.state, State::Approved);
    assert_eq!(state(&mut world), State::Reversed, "the debt went first");
    nothing_found(&mut world);
}

#[test]
fn the_original_date_comes_from_the_record_and_not_from_the_clock() {
    let mut world = in_debt_with(Trouble::NoAnswer, |host| host.goes_down_after_sale = true);
    world.kill();
    world.now.wall.0 -= 400 * DAY_MS as i64;
    world.host.up = true;
    world.restart();
    world.settle_down();
    assert_eq!(state(&mut world), State::Reversed);
    nothing_found(&mut world);
}

#[test]
fn keys_that_differ_are_made_equal_within_one_round() {
    let mut world = in_debt_with(Trouble::NoAnswer, |host| host.goes_down_after_sale = true);
    world.kill();
    world.host.up = true;
    world.host.lose_keys();
    world.restart();
    world.host.lose_keys();
    let resolved = world.resolve().unwrap();
    assert_eq!((resolved.closed.len(), resolved.left.len()), (1, 0), "{:?}", resolved.left);
    nothing_found(&mut world);
}
