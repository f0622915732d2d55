//! A day of a till: sales with random troubles, kills and failures at random points, restarts, waits, moved clocks.
//!
//! A seed decides all of it. The day ends when everything is well again and every debt has had its time; then the
//! auditor compares the till's journal with the host's book.

use taptill::error::Error;
use taptill::payment::AttemptView;
use taptill::payment::state::State;
use taptill::ports::Fate;

use super::audit::{Finding, audit};
use super::device::Seeded;
use super::host::Trouble;
use super::world::World;

/// Every point that a clean sale passes, in order. A new one must be thought about, and then listed. The real
/// binary is killed at each of them too (`sandbox/tests/till_kills.rs`).
pub const POINTS_OF_A_SALE: &str = include_str!("../vectors/points_of_a_sale.txt");

/// How a day ended.
pub struct Day {
    pub findings: Vec<Finding>,
    pub states: Vec<State>,
    pub trace: String,
}

/// Compares what the till says with what the host booked.
pub fn judge(world: &mut World) -> Vec<Finding> {
    let attempts = world.attempts();
    world.verify();
    audit(&attempts, &world.host, &world.told_approved)
}

/// A day: sales with random troubles, kills and failures at random points, restarts, waits, moved clocks.
pub fn random_day(seed: u64, aloud: bool) -> Day {
    let mut world = World::speaking(["iso87", "unionpay", "encrypted"][seed as usize % 3], seed);
    world.trace.aloud = aloud;
    let draw = Seeded::new(seed ^ 0x5EED);
    world.plan.die_at(None);
    for sale in 0..1 + draw.below(4) {
        let attempt = format!("A-{sale}");
        let minor = 100 + draw.below(5_000) as u64;
        misfortune(&mut world, &draw);
        let told = if draw.below(10) == 0 {
            walks_away(&mut world, &attempt, minor);
            None
        } else {
            world.sell(&attempt, minor)
        };
        world.wait(draw.below(20_000) as u64);
        recover(&mut world);
        if draw.below(3) == 0 {
            sells_the_same(&mut world, &attempt, minor, told);
        }
    }
    world.host.drop_lines = 0;
    world.plan.die_at(None);
    recover(&mut world);
    world.settle_down();
    let findings = judge(&mut world);
    let states = world.attempts().into_iter().map(|view| view.state).collect();
    Day { findings, states, trace: world.trace.hex() }
}

/// What is going to be wrong around the next sale.
fn misfortune(world: &mut World, draw: &Seeded) {
    world.host.troubles = [Trouble::ALL[draw.below(Trouble::ALL.len())]].into();
    if draw.below(3) == 0 {
        world.plan.die_at(Some(draw.below(40)));
    }
    if draw.below(8) == 0 {
        world.host.batch += 1;
    }
    world.host.up = draw.below(10) != 0;
    match draw.below(12) {
        0 => world.host.lose_keys(),
        1 => world.host.goes_down_after_sale = true,
        2 => world.host.lose_reversal_answers = draw.below(4),
        3 => world.callers_take = false,
        4 => world.now.wall.0 += DAY_MS * (draw.below(5) as i64 - 2),
        5 | 6 => {
            let points: Vec<&str> = POINTS_OF_A_SALE.lines().chain(POINTS_OF_A_REVERSAL).collect();
            let fate = [Fate::SyncFailed, Fate::DiskFull][draw.below(2)];
            world.plan.fail_at(points[draw.below(points.len())], fate, 1 + draw.below(3));
        }
        _ => {}
    }
}

/// No card comes, and the cashier gives up.
fn walks_away(world: &mut World, attempt: &str, minor: u64) {
    world.card_is_there = false;
    let ticket = world.start_and_wait(attempt, minor, 700);
    if world.is_open() && !world.is_told(ticket) {
        let cancelled = world.cancel(attempt);
        assert!(!world.is_open() || cancelled.is_ok_and(|view| view.state == State::NotSent), "{attempt}");
    }
    world.card_is_there = true;
}

const DAY_MS: i64 = 86_400_000;

const POINTS_OF_A_REVERSAL: [&str; 6] = [
    "before attempt.reversal_due",
    "after attempt.reversal_due",
    "before attempt.reversal_sent",
    "after attempt.reversal_sent",
    "before attempt.reversed",
    "after attempt.reversed",
];

/// Everything is well again.
fn recover(world: &mut World) {
    world.plan.heal();
    if !world.is_open() {
        world.restart();
    }
    world.host.up = true;
    world.host.goes_down_after_sale = false;
    world.callers_take = true;
}

/// The same attempt again: what its caller was told stands, and nobody pays twice.
fn sells_the_same(world: &mut World, attempt: &str, minor: u64, told: Option<Result<AttemptView, Error>>) {
    let again = world.sell(attempt, minor);
    if !world.is_open() {
        world.restart();
    }
    if let (Some(Ok(told)), Some(Ok(again))) = (told, again)
        && told.state.is_final()
    {
        assert_eq!((again.state, again.stan, again.rrn), (told.state, told.stan, told.rrn), "{attempt}");
    }
}
