//! Cancel at any instant: each wish to cancel is answered at once, each attempt has exactly one end, the two agree, and
//! the next payment works.
//!
//! Ten thousand instants in virtual time, in sales and in voids, over lines that stand and lines that do not, with every
//! trouble of a host now and then; and the instants of a refund that waits for its card. That nobody is told twice and nobody waits for ever, the world itself asserts.

#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

mod support;

use std::collections::BTreeMap;

use support::days::judge;
use support::device::Seeded;
use support::host::Trouble;
use support::seeds;
use support::world::refunds::of;
use support::world::{World, order, yuan};
use taptill::account::{RefundRules, Verification};
use taptill::error::Error;
use taptill::payment::state::State;
use taptill::payment::{AttemptView, Kind, Reason, RefundRequest};

const SHOPS: u64 = 200;
const INSTANTS_A_SHOP: usize = 50;

/// What to type for one shop, with `TAPTILL_SEEDS` before it.
const AGAIN: &str = "cargo test -p taptill --test cancel_instants";

/// How the cancellation was answered, and what the attempt was.
type Ends = BTreeMap<(&'static str, &'static str), usize>;

#[test]
fn a_cancel_at_any_instant_leaves_one_end_and_a_till_that_works() {
    let asked = seeds::asked();
    let shops = seeds::each(AGAIN, asked.clone().unwrap_or(0..SHOPS), a_shop);
    let mut all = Ends::new();
    for (end, count) in shops.into_iter().flatten() {
        *all.entry(end).or_default() += count;
    }
    if asked.is_none() {
        assert_eq!(all.values().sum::<usize>(), SHOPS as usize * INSTANTS_A_SHOP);
        for kind in ["sale", "void"] {
            for end in ["cancelled", "too_late_to_cancel", "attempt_already_finished"] {
                let count = all.get(&(kind, end)).copied().unwrap_or_default();
                assert!(count > 200, "the instants reach every end: {all:?}");
            }
        }
    }
}

fn a_shop(seed: u64) -> Ends {
    let mut world = World::speaking(["iso87", "unionpay", "encrypted"][seed as usize % 3], seed);
    let draw = Seeded::new(seed ^ 0xCA9C);
    let mut ends = Ends::new();
    let mut sold: Option<String> = None;
    for number in 0..INSTANTS_A_SHOP {
        if draw.below(4) == 0 {
            world.wait(60_000); // The line is closed by now.
        }
        let trouble = if draw.below(5) == 0 { Trouble::ALL[draw.below(Trouble::ALL.len())] } else { Trouble::None };
        world.host.troubles = [trouble].into();
        let (kind, name) = match sold.take() {
            Some(of) => (Kind::Void, cancelled_void(&mut world, number, &of, &draw)),
            None => (Kind::Sale, cancelled_sale(&mut world, number, &draw)),
        };
        *ends.entry((kind.word(), name)).or_default() += 1;
        world.host.troubles.clear();
        world.host.drop_lines = 0;
        world.wait(1_000); // The card that was let go has left the field.
        if !world.debts().is_empty() {
            world.settle_down();
        }
        let next = format!("N-{number}");
        let view = world.sell(&next, 500).unwrap().unwrap();
        assert_eq!(view.state, State::Approved, "after {kind:?} {number} with {trouble:?}, {name}");
        if draw.below(2) == 0 {
            sold = Some(next);
        }
    }
    assert_eq!(judge(&mut world), [], "the books differ");
    ends
}

/// The card that paid is asked for again, and the wait for it is given up, at instants from its beginning to after its end.
#[test]
fn a_refund_whose_card_is_given_up_at_any_instant_is_recorded_once_or_never() {
    let mut all: BTreeMap<&'static str, usize> = BTreeMap::new();
    for dialect in ["iso87", "encrypted"] {
        let mut world = World::speaking(dialect, 1);
        let card_again = RefundRules { verification: Verification::CardAgain, ..RefundRules::default() };
        world.refund_rules(card_again);
        for instant in (0..=LAST_INSTANT_MS).step_by(4) {
            let attempt = format!("A-{instant}");
            assert_eq!(world.sell(&attempt, 500).unwrap().unwrap().state, State::Approved, "{dialect} {instant}");
            let request = RefundRequest { refund: None, of: of(&attempt), amount: yuan(500) };
            let ticket = world.start_request(request, true);
            world.wait(instant);
            let was_told = world.is_told(ticket);
            let answer = world.cancel(&attempt);
            let end = match (was_told, world.refund_told(ticket).unwrap()) {
                (true, Ok(view)) => {
                    assert_eq!(answer.unwrap_err().code().code(), "attempt_already_finished", "{dialect} {instant}");
                    view.state.word()
                }
                (false, Err(error)) => {
                    assert_eq!(error.to_string(), "refund_card_not_read why=cancelled", "{dialect} {instant}");
                    assert_eq!(answer.unwrap().state, State::Approved, "{dialect} {instant}: the payment stands");
                    "cancelled"
                }
                other => panic!("{dialect} {instant}: {other:?}"),
            };
            *all.entry(end).or_default() += 1;
            let recorded = world.status(&attempt).unwrap().refunds.len();
            assert_eq!(recorded, usize::from(end == "waiting"), "{dialect} {instant}");
            world.wait(1_000); // The card that was let go has left the field.
        }
        assert_eq!(world.judge_refunds(), []);
    }
    assert!(all["cancelled"] > 10 && all["waiting"] > 10, "the instants reach both ends: {all:?}");
}

const LAST_INSTANT_MS: u64 = 240;

fn cancelled_sale(world: &mut World, number: usize, draw: &Seeded) -> &'static str {
    let attempt = format!("A-{number}");
    let ticket = world.start(order(&attempt, 1_230));
    world.wait(instant(draw, 400));
    let answer = world.cancel(&attempt);
    let told = world.await_attempt(ticket).unwrap();
    agree(world, &attempt, answer, told)
}

fn cancelled_void(world: &mut World, number: usize, of: &str, draw: &Seeded) -> &'static str {
    let attempt = format!("V-{number}");
    let ticket = world.start_void(&attempt, of);
    world.wait(instant(draw, 60));
    let answer = world.cancel(&attempt);
    let told = world.await_attempt(ticket).unwrap();
    let end = agree(world, &attempt, answer, told);
    let (sale, void) = (world.status(of).unwrap(), world.status(&attempt).unwrap());
    let is_voided = (sale.state == State::Voided, void.state == State::Approved);
    assert!(matches!(is_voided, (true, true) | (false, false)), "{attempt}: {} and {}", sale.state, void.state);
    end
}

/// Mostly within the attempt, sometimes long after it.
fn instant(draw: &Seeded, span_ms: usize) -> u64 {
    let span = if draw.below(8) == 0 { 4_000 } else { span_ms };
    draw.below(span) as u64
}

/// What whoever cancels is told, what whoever waits is told, and what the till says afterwards are one thing.
fn agree(
    world: &mut World,
    attempt: &str,
    answer: Result<AttemptView, Error>,
    told: Result<AttemptView, Error>,
) -> &'static str {
    let after = world.status(attempt).unwrap();
    match answer {
        Ok(cancelled) => {
            assert_eq!((cancelled.state, cancelled.reason), (State::NotSent, Some(Reason::Cancelled)), "{attempt}");
            let told = told.unwrap();
            assert_eq!((told.state, told.journal), (State::NotSent, cancelled.journal), "{attempt}: one end");
            assert_eq!(after.state, State::NotSent, "{attempt}");
            "cancelled"
        }
        Err(error) => {
            let code = error.code().code();
            assert!(matches!(code, "too_late_to_cancel" | "attempt_already_finished"), "{attempt}: {code}");
            let is_sent = told.is_ok_and(|told| told.state != State::NotSent);
            assert!(is_sent || after.state == State::NotSent, "{attempt}: {}", after.state);
            code
        }
    }
}
