//! The desk across the border: screens come out in order, intents go in, and a shell's own faults hold nothing up.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod support;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use support::{Card, Shop, alice_at, code, until};
use taptill_ffi::{Desk, Display, FieldName, Intent, Language, PortFault, Screen, ScreenKind, screen_gallery};

/// Keeps what it is shown, and says that it failed if it is told to.
#[derive(Default)]
struct Glass {
    screens: Mutex<Vec<Screen>>,
    fails: bool,
}

impl Display for Glass {
    fn show(&self, screen: Screen) -> Result<(), PortFault> {
        self.screens.lock().unwrap().push(screen);
        if self.fails { Err(PortFault::Undeclared) } else { Ok(()) }
    }
}

impl Glass {
    fn until(&self, kind: ScreenKind) -> Screen {
        let last = || self.screens.lock().unwrap().last().cloned();
        until(&format!("{kind:?}"), || last().is_some_and(|screen| screen.kind == kind));
        last().unwrap()
    }
}

fn desk(shop: &Shop, glass: &Arc<Glass>) -> Arc<Desk> {
    let display = Arc::clone(glass) as Arc<dyn Display>;
    Desk::open(&shop.home(), shop.phone().ports(), Language::En, display).unwrap()
}

fn sell(desk: &Desk, glass: &Glass, card: &str) {
    for digit in [1, 2, 3, 0] {
        desk.send(Intent::Digit { digit }).unwrap();
    }
    desk.send(Intent::Charge).unwrap();
    until("the field is on", || glass.screens.lock().unwrap().last().is_some_and(|screen| screen.field_on));
    desk.present(Arc::new(Card::of(card))).unwrap();
}

#[test]
fn a_till_is_provisioned_sells_and_is_found_again_by_the_next_app() {
    let shop = Shop::unprovisioned();
    let glass = Arc::new(Glass::default());
    let first = desk(&shop, &glass);
    assert_eq!(first.screen().unwrap().kind, ScreenKind::FirstStart);
    first.provision(shop.provisioning()).unwrap();
    alice_at(&first);
    glass.until(ScreenKind::AmountPad);
    sell(&first, &glass, "visa");
    let approved = glass.until(ScreenKind::Approved);
    assert_eq!(approved.headline.as_deref(), Some("CNY 12.30"));
    assert_eq!(first.screen().unwrap(), approved);
    first.close().unwrap();
    let glass = Arc::new(Glass::default());
    let next = desk(&shop, &glass);
    alice_at(&next);
    glass.until(ScreenKind::Approved);
    next.send(Intent::NewSale).unwrap();
    glass.until(ScreenKind::AmountPad);
    assert_eq!(shop.net_minor(), 1_230);
    next.close().unwrap();
}

#[test]
fn a_display_that_fails_holds_nothing_up() {
    let shop = Shop::new();
    let glass = Arc::new(Glass { fails: true, ..Glass::default() });
    let desk = desk(&shop, &glass);
    alice_at(&desk);
    sell(&desk, &glass, "visa");
    glass.until(ScreenKind::Approved);
}

#[test]
fn what_is_no_intent_is_refused_and_changes_nothing() {
    let shop = Shop::new();
    let glass = Arc::new(Glass::default());
    let desk = desk(&shop, &glass);
    alice_at(&desk);
    glass.until(ScreenKind::AmountPad);
    let before = glass.screens.lock().unwrap().len();
    let long = "a".repeat(1 << 20);
    for name in ["", "a b", "a\0b", "\u{202e}", long.as_str()] {
        assert_eq!(code(desk.send(Intent::Operator { name: name.to_owned() })), "identifier_malformed");
        assert_eq!(code(desk.send(Intent::RemoveOperator { name: name.to_owned() })), "identifier_malformed");
        assert_eq!(code(desk.send(Intent::Open { attempt: name.to_owned() })), "identifier_malformed");
        assert_eq!(code(desk.send(Intent::Receipt { attempt: name.to_owned() })), "identifier_malformed");
    }
    // What is well formed and not offered is ignored.
    for intent in [Intent::Digit { digit: 255 }, Intent::Charge, Intent::Cancel, Intent::TryAgain, Intent::OlderPage] {
        assert_eq!(code(desk.send(intent)), "ok");
    }
    desk.send(Intent::Digit { digit: 7 }).unwrap();
    until("the seven", || desk.screen().unwrap().headline.as_deref() == Some("CNY 0.07"));
    assert_eq!(glass.screens.lock().unwrap().len(), before + 1, "one screen more: the seven");
}

#[test]
fn a_closed_desk_says_so_to_every_call() {
    let shop = Shop::new();
    let desk = desk(&shop, &Arc::new(Glass::default()));
    desk.close().unwrap();
    desk.close().unwrap();
    assert_eq!(code(desk.send(Intent::Settings)), "terminal_closed");
    assert_eq!(code(desk.provision(b"{}")), "terminal_closed");
    assert_eq!(code(desk.collision()), "terminal_closed");
    assert_eq!(code(desk.present(Arc::new(Card::of("visa")))), "terminal_closed");
    assert_eq!(code(desk.enter(FieldName::Password, b"x")), "terminal_closed");
    assert!(desk.recovery_code().unwrap().is_none());
    assert_eq!(desk.screen().unwrap().kind, ScreenKind::SignIn, "the last screen is there to be drawn");
}

#[test]
fn the_gallery_has_every_screen_under_a_name_of_its_own() {
    for language in [Language::En, Language::ZhCn] {
        let samples = screen_gallery(language).unwrap();
        let names: BTreeSet<&str> = samples.iter().map(|sample| sample.name.as_str()).collect();
        assert_eq!(names.len(), samples.len());
        for sample in &samples {
            assert!(sample.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", sample.name);
            assert_eq!(sample.screen.language, language);
        }
        assert!(samples.len() >= 40, "{}", samples.len());
    }
}
