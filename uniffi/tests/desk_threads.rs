//! A closed desk leaves no thread behind: opened, sold at, closed, twenty times over, also in the middle of a sale.
//! The only test of its binary: another one's threads would be seen.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use support::{Card, Shop, alice_at, library_threads, until};
use taptill_ffi::{Desk, Display, Intent, Language, PortFault, Screen, ScreenKind};

/// Notes whether the field is on.
#[derive(Default)]
struct Glass(AtomicBool);

impl Display for Glass {
    fn show(&self, screen: Screen) -> Result<(), PortFault> {
        self.0.store(screen.field_on, Ordering::Relaxed);
        Ok(())
    }
}

#[test]
fn no_thread_is_left_by_any_desk() {
    let shop = Shop::new();
    // The sandbox's host.
    let others = library_threads();
    for round in 0..20 {
        let glass = Arc::new(Glass::default());
        let display = Arc::clone(&glass) as Arc<dyn Display>;
        let desk = Desk::open(&shop.home(), shop.phone().ports(), Language::En, display).unwrap();
        assert!(library_threads().len() > others.len(), "the control: an open desk has threads");
        alice_at(&desk);
        // What the round before left on the glass is left first.
        desk.send(Intent::NewSale).unwrap();
        desk.send(Intent::Digit { digit: 5 }).unwrap();
        desk.send(Intent::Charge).unwrap();
        until("the field is on", || glass.0.load(Ordering::Relaxed));
        if round % 2 == 0 {
            desk.present(Arc::new(Card::of("visa"))).unwrap();
            until("approved", || desk.screen().unwrap().kind == ScreenKind::Approved);
        }
        if round % 3 == 0 {
            drop(desk);
        } else {
            desk.close().unwrap();
        }
        assert_eq!(library_threads(), others, "round {round}");
    }
    assert_eq!(shop.net_minor(), 50);
}
