//! Settling at a time of day: a till that is signed in settles by itself, one that was off says what it missed, and one
//! that has nothing to settle, or may not, does nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod shop;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use shop::{PATIENCE, Shop, Till};
use taptill::account::ShopPolicy;
use taptill::clock::Now;
use taptill::payment::batch::state::BatchState;
use taptill::payment::state::State;
use taptill::ports::{Clock, Ports};

const MINUTE_MS: i64 = 60_000;

/// The device's clock, moved forward on demand.
struct Moved {
    own: Arc<dyn Clock>,
    by_ms: Arc<AtomicI64>,
}

impl Clock for Moved {
    fn now(&self) -> Now {
        let mut now = self.own.now();
        now.wall.0 += self.by_ms.load(Ordering::Relaxed);
        now
    }
}

/// A shop whose till settles two minutes from now.
struct Evening {
    shop: Shop,
    moved: Arc<AtomicI64>,
}

impl Evening {
    fn new(name: &str) -> Self {
        Self { shop: shop::shop(name), moved: Arc::default() }
    }

    fn till(&self) -> Till {
        let moved = Arc::clone(&self.moved);
        self.shop
            .till_with(|ports: &mut Ports| {
                ports.clock = Arc::new(Moved { own: Arc::clone(&ports.clock), by_ms: moved })
            })
            .unwrap()
    }

    /// The minute of the host's day that comes after the next.
    fn settles_in_two_minutes(&self, till: &Till) {
        let (ports, _field) = self.shop.ports();
        let offset = i64::from(self.shop.provisioning.configuration.host_utc_offset_minutes);
        let minute = (ports.clock.now().wall.0 / MINUTE_MS + offset + 2).rem_euclid(1_440);
        let settle_at_minute = Some(u16::try_from(minute).unwrap());
        till.terminal.set_policy(&ShopPolicy { settle_at_minute, ..ShopPolicy::default() }).unwrap();
    }

    fn the_time_comes(&self) {
        self.moved.fetch_add(3 * MINUTE_MS, Ordering::Relaxed);
    }
}

/// Waits until this batch stands so; a till that is looked at notices what time it is.
fn until(till: &Till, number: u32, state: BatchState) {
    let begun = Instant::now();
    let batch = taptill::ids::BatchNo::new(number).unwrap();
    while till.terminal.batch(Some(batch)).map(|view| view.state) != Ok(state) {
        assert!(begun.elapsed() < PATIENCE, "{:?}", till.terminal.batch(Some(batch)));
        std::thread::yield_now();
    }
}

#[test]
fn a_till_that_is_signed_in_settles_at_its_time_by_itself() {
    let evening = Evening::new("settles");
    let till = evening.till();
    evening.settles_in_two_minutes(&till);
    assert_eq!(till.sell("visa", 1_230).unwrap().state, State::Approved);
    let state = till.terminal.till_state().unwrap();
    assert_eq!((till.terminal.batch(None).unwrap().state, state.settlement_missed), (BatchState::Open, None));
    evening.the_time_comes();
    until(&till, 1, BatchState::Closed);
    assert_eq!(till.terminal.batch(None).unwrap().batch.number(), 2);
    let events = till.terminal.events(Some(0), 100).unwrap().events;
    let closed = events.iter().position(|event| event.kind == "batch.closed").unwrap();
    assert_eq!(events[closed + 1].kind, "journal.checkpoint", "the head is signed when a batch is closed");
    assert_eq!(till.terminal.till_state().unwrap().settlement_missed, None);
    till.terminal.close().unwrap();
}

#[test]
fn a_till_that_was_off_says_what_it_missed_and_settles_when_it_is_told() {
    let evening = Evening::new("missed");
    let till = evening.till();
    evening.settles_in_two_minutes(&till);
    assert_eq!(till.sell("visa", 1_230).unwrap().state, State::Approved);
    till.terminal.close().unwrap();
    drop(till);
    evening.the_time_comes();
    let till = evening.till();
    let missed = till.terminal.till_state().unwrap().settlement_missed;
    let view = till.terminal.batch(None).unwrap();
    assert!(missed.is_some() && view.missed_ms == missed, "{view:?}");
    assert_eq!(view.state, BatchState::Open);
    assert_eq!(till.terminal.settle().unwrap().state, BatchState::Closed);
    assert_eq!(till.terminal.till_state().unwrap().settlement_missed, None);
    till.terminal.close().unwrap();
}

#[test]
fn a_till_with_nothing_to_settle_does_nothing_at_its_time() {
    let evening = Evening::new("nothing");
    let till = evening.till();
    evening.settles_in_two_minutes(&till);
    evening.the_time_comes();
    for _ in 0..3 {
        assert_eq!(till.terminal.till_state().unwrap().settlement_missed, None);
    }
    let view = till.terminal.batch(None).unwrap();
    assert_eq!((view.batch.number(), view.state, view.missed_ms), (1, BatchState::Open, None));
    till.terminal.close().unwrap();
}
