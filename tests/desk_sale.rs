//! Whole sales as a person sees them, through a real terminal, with the sandbox's host and cards.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod glass;
mod shop;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use glass::{Person, row};
use shop::{Shop, impatient_shop, shop};
use taptill::payment::ListQuery;
use taptill::ports::{CardChannel, CardFault};
use taptill::screen::{Intent, Screen, ScreenKind, Tone};
use taptill_sandbox::host::Kind;
use taptill_sandbox::people;

fn person(shop: &Shop) -> Person {
    shop.provision_with(|_| ()).unwrap();
    Person::at(&shop.home(), shop.ports().0)
}

/// How many attempts the journal knows, once the desk is closed.
fn attempts(shop: &Shop, person: Person) -> usize {
    drop(person);
    let terminal = people::open(&shop.home(), shop.ports().0).unwrap();
    terminal.list(&ListQuery { limit: 100, ..ListQuery::default() }).unwrap().attempts.len()
}

#[test]
fn a_sale_goes_from_the_keypad_to_approved_and_its_slip() {
    let shop = shop("desk");
    let person = person(&shop);
    person.glass.until_kind(ScreenKind::AmountPad);
    person.charges(1_230);
    let waiting = person.glass.until("present card", |screen| screen.field_on);
    assert_eq!((waiting.kind, waiting.lights), (ScreenKind::PresentCard, 1));
    assert_eq!(waiting.headline.as_deref(), Some("CNY 12.30"));
    person.taps("visa");
    let approved = person.glass.until_kind(ScreenKind::Approved);
    assert_eq!((approved.tone, approved.field_on), (Tone::Good, false));
    assert!(approved.message.as_ref().unwrap().contains("money has moved"));
    let lights: Vec<u8> = person.glass.screens().iter().map(|screen| screen.lights).collect();
    assert!(lights.contains(&4), "the card was read: {lights:?}");
    assert_eq!(
        person.glass.kinds(),
        [ScreenKind::AmountPad, ScreenKind::PresentCard, ScreenKind::Reading, ScreenKind::Approved]
    );
    let attempt = person.attempt();
    person.touch(Intent::Receipt { attempt: attempt.clone() });
    let slip = person.glass.until_kind(ScreenKind::Receipt);
    assert!(slip.private && slip.slip.unwrap().contains("12.30"));
    person.touch(Intent::Receipt { attempt: attempt.clone() });
    let other = person.glass.until("the other copy", |s| s.slip.as_ref().is_some_and(|t| t.contains("MERCHANT COPY")));
    assert_eq!(other.kind, ScreenKind::Receipt);
    person.touch(Intent::Back);
    person.glass.until_kind(ScreenKind::Approved);
    person.touch(Intent::NewSale);
    person.glass.until_kind(ScreenKind::AmountPad);
    // It is past now: a row of the history, with all its facts behind it.
    person.touch(Intent::History);
    let past = person.glass.until_kind(ScreenKind::History);
    assert_eq!(past.rows[0].intent, Some(Intent::Open { attempt: attempt.clone() }));
    person.touch(Intent::Open { attempt: attempt.clone() });
    let facts = person.glass.until_kind(ScreenKind::Transaction);
    assert_eq!(row(&facts, "Attempt"), Some(attempt.as_str()));
    assert!(row(&facts, "Authorisation code").is_some() && row(&facts, "Proof").is_some());
    assert_eq!(row(&facts, "Seen by somebody"), Some("Yes"));
    assert_eq!(shop.net_minor(), 1_230);
}

#[test]
fn a_refused_card_is_told_so_and_another_one_pays() {
    let shop = shop("desk");
    let person = person(&shop);
    person.charges(100_051);
    person.taps("visa");
    let declined = person.glass.until_kind(ScreenKind::Declined);
    assert_eq!(declined.message.as_deref(), Some("Nothing was charged."));
    assert_eq!(row(&declined, "Bank's answer"), Some("51: not sufficient funds"));
    // The same amount with another card is another attempt: the host refuses this amount every time.
    person.touch(Intent::TryAgain);
    person.taps("visa-phone");
    person.glass.until("declined again", |s| s.kind == ScreenKind::Declined);
    person.touch(Intent::NewSale);
    person.glass.until_kind(ScreenKind::AmountPad);
    person.charges(500);
    person.taps("visa-declines");
    let by_card = person.glass.until_kind(ScreenKind::Declined);
    assert!(by_card.advice.unwrap().contains("card refused"));
    assert_eq!(shop.net_minor(), 0);
    assert_eq!(attempts(&shop, person), 3);
}

#[test]
fn what_is_not_known_yet_becomes_taken_back_by_itself() {
    let shop = impatient_shop("desk");
    let person = person(&shop);
    shop.host_does(Kind::NoAnswer);
    person.charges(700);
    person.taps("visa");
    let end = person.glass.until("taken back", |screen| screen.title == "Reversed");
    assert_eq!((end.kind, end.tone), (ScreenKind::Declined, Tone::Attention));
    assert!(end.message.as_ref().unwrap().contains("Nothing was charged"));
    let unknown = person.glass.screens().into_iter().find(|screen| screen.kind == ScreenKind::NotKnownYet);
    let unknown = unknown.expect("it was not known in between");
    assert!(unknown.message.as_ref().unwrap().contains("Nobody should pay again yet"));
    assert!(unknown.actions.iter().all(|action| action.intent != Intent::TryAgain));
    assert_eq!(shop.net_minor(), 0);
}

#[test]
fn the_next_customer_is_served_while_the_end_of_the_last_is_news() {
    let mut shop = impatient_shop("desk");
    let person = person(&shop);
    shop.host_does(Kind::NoAnswer);
    person.charges(700);
    person.taps("visa");
    // From the moment at which it cannot be cancelled any more it is in doubt; without a host it stays so.
    person.glass.until("on its way", |screen| screen.lights == 4 && !screen.allows(&Intent::Cancel));
    shop.stop_host();
    person.glass.until_kind(ScreenKind::NotKnownYet);
    person.touch(Intent::NewSale);
    let pad = person.glass.until("an unfinished payment", |s| s.kind == ScreenKind::AmountPad && !s.rows.is_empty());
    assert!(matches!(pad.rows[0].intent, Some(Intent::Open { .. })));
    person.types(500);
    shop.start_host("host");
    // Nobody who types is interrupted; the row says that the payment was taken back.
    let pad = person.glass.until("the news", |s| s.rows.first().is_some_and(|row| row.label == "Reversed"));
    assert_eq!((pad.kind, pad.headline.as_deref()), (ScreenKind::AmountPad, Some("CNY 5.00")));
    person.touch(pad.rows[0].intent.clone().unwrap());
    let told = person.glass.until("taken back", |screen| screen.title == "Reversed");
    assert_eq!(told.headline.as_deref(), Some("CNY 7.00"));
    person.touch(Intent::NewSale);
    let pad = person.glass.until_kind(ScreenKind::AmountPad);
    assert_eq!((pad.headline.as_deref(), pad.rows.len()), (Some("CNY 5.00"), 0));
    assert_eq!(shop.net_minor(), 0);
}

/// A card that leaves the field when it is asked for the first time.
struct Leaves;

impl CardChannel for Leaves {
    fn transceive(&self, _: &[u8]) -> Result<Vec<u8>, CardFault> {
        Err(CardFault::Lost)
    }
}

#[test]
fn a_card_that_is_taken_away_is_asked_for_again_and_nothing_was_charged() {
    let shop = shop("desk");
    let person = person(&shop);
    person.charges(500);
    person.presents(Arc::new(Leaves));
    let lost = person.glass.until_kind(ScreenKind::TryAnotherWay);
    assert_eq!(lost.message.as_deref(), Some("Nothing was charged."));
    assert_eq!(lost.title, "Please present card again");
    person.touch(Intent::TryAgain);
    person.taps("visa");
    person.glass.until_kind(ScreenKind::Approved);
    assert_eq!(shop.net_minor(), 500);
    assert_eq!(attempts(&shop, person), 2);
}

#[test]
fn a_card_that_this_till_cannot_serve_is_shown_another_way() {
    let shop = shop("desk");
    let person = person(&shop);
    for name in ["visa-pin", "other-scheme"] {
        person.charges(500);
        person.taps(name);
        let other = person.glass.until_kind(ScreenKind::TryAnotherWay);
        assert_eq!(other.message.as_deref(), Some("Nothing was charged."), "{name}");
        person.touch(Intent::NewSale);
        person.glass.until_kind(ScreenKind::AmountPad);
    }
    assert_eq!(shop.net_minor(), 0);
}

#[test]
fn a_phone_that_asks_its_owner_is_waited_for() {
    let shop = shop("desk");
    let person = person(&shop);
    person.charges(500);
    person.taps("visa-see-phone");
    let see = person.glass.until_kind(ScreenKind::SeePhone);
    assert_eq!((see.tone, see.lights), (Tone::Attention, 1));
    person.touch(Intent::Cancel);
    person.glass.until_kind(ScreenKind::AmountPad);
    assert_eq!(shop.net_minor(), 0);
}

#[test]
fn two_cards_at_once_are_one_too_many() {
    let shop = shop("desk");
    let person = person(&shop);
    person.charges(500);
    person.glass.until("the field is on", |screen| screen.field_on);
    person.desk.collision().unwrap();
    person.glass.until("one card only", |screen| screen.title == "Please present one card only");
    person.taps("visa");
    person.glass.until_kind(ScreenKind::Approved);
}

#[test]
fn without_a_host_nothing_is_charged_and_the_till_says_what_to_do() {
    let mut shop = shop("desk");
    let person = person(&shop);
    shop.stop_host();
    person.charges(500);
    person.taps("visa");
    let trouble = person.glass.until_kind(ScreenKind::Trouble);
    assert!(trouble.message.as_ref().unwrap().contains("Nothing was charged"));
    assert_eq!(row(&trouble, "Code"), Some("host_unreachable"));
    shop.start_host("host");
    person.touch(Intent::TryAgain);
    person.taps("visa");
    person.glass.until_kind(ScreenKind::Approved);
    assert_eq!(shop.net_minor(), 500);
}

#[test]
fn whoever_cancels_is_back_at_the_keypad_with_what_was_typed() {
    let shop = shop("desk");
    let person = person(&shop);
    person.charges(500);
    person.glass.until("the field is on", |screen| screen.field_on);
    person.touch(Intent::Cancel);
    let pad = person.glass.until("cancelled", |s| s.message.as_deref() == Some("Cancelled. Nothing was charged."));
    assert_eq!((pad.kind, pad.field_on), (ScreenKind::AmountPad, false));
    assert_eq!(pad.headline.as_deref(), Some("CNY 5.00"));
    person.touch(Intent::Charge);
    person.taps("visa");
    person.glass.until_kind(ScreenKind::Approved);
    assert_eq!(shop.net_minor(), 500);
}

#[test]
fn a_finger_that_slips_twice_on_charge_makes_one_sale() {
    let shop = shop("desk");
    let person = person(&shop);
    person.types(500);
    for _ in 0..20 {
        person.desk.send(Intent::Charge).unwrap();
    }
    person.taps("visa");
    person.glass.until_kind(ScreenKind::Approved);
    assert_eq!(shop.net_minor(), 500);
    assert_eq!(attempts(&shop, person), 1);
}

#[test]
fn intents_from_many_fingers_at_once_make_at_most_one_sale_at_a_time() {
    let shop = shop("desk");
    let person = person(&shop);
    person.types(500);
    let sent = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for intent in [Intent::Charge, Intent::History, Intent::Settings, Intent::Back, Intent::Charge] {
                    person.desk.send(intent).unwrap();
                    sent.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(sent.load(Ordering::Relaxed), 40);
    // Wherever it ended, the way to the sale is open.
    let end = person.glass.until("a sale or a way back", |screen| {
        screen.field_on || screen.allows(&Intent::Back) || screen.allows(&Intent::Charge)
    });
    if !end.field_on {
        let known = attempts(&shop, person);
        assert!(known <= 1, "{known}");
        return;
    }
    person.taps("visa");
    person.glass.until_kind(ScreenKind::Approved);
    assert_eq!(shop.net_minor(), 500);
    assert_eq!(attempts(&shop, person), 1);
}

/// Holds the button to hold of the sale that is on the glass.
fn holds(person: &Person) {
    let screen = person.desk.screen();
    assert!(screen.actions.iter().any(|action| action.held == Some(Intent::Freeze)), "{screen:?}");
    person.touch(Intent::Freeze);
}

#[test]
fn a_freeze_while_a_card_is_awaited_ends_the_sale_uncharged_and_the_frozen_till_follows() {
    let shop = shop("desk");
    let person = person(&shop);
    person.charges(500);
    person.glass.until("the field is on", |screen| screen.field_on);
    holds(&person);
    let is_over = |screen: &Screen| screen.kind == ScreenKind::Trouble && row(screen, "Frozen").is_some();
    let end = person.glass.until("ended", is_over);
    assert!(end.message.as_ref().unwrap().contains("Nothing was charged"), "{end:?}");
    assert!(!end.field_on && !end.allows(&Intent::TryAgain), "{end:?}");
    person.touch(Intent::Back);
    person.glass.until_kind(ScreenKind::Frozen);
    assert_eq!(shop.net_minor(), 0);
    assert_eq!(attempts(&shop, person), 1, "it ended once");
}

#[test]
fn a_freeze_while_the_bank_is_asked_waits_for_what_the_bank_says() {
    for (trouble, net_minor, kind) in
        [(None, 500, ScreenKind::Approved), (Some(Kind::NoAnswer), 0, ScreenKind::Declined)]
    {
        let shop = impatient_shop("desk");
        let person = person(&shop);
        trouble.into_iter().for_each(|kind| shop.host_does(kind));
        person.charges(500);
        person.taps("visa");
        // By now the request may have left, or the bank have answered: both are this row's.
        person.glass.until("on its way", |s| (s.lights == 4 && !s.allows(&Intent::Cancel)) || s.kind == kind);
        holds(&person);
        let is_over = |screen: &Screen| screen.kind == kind && row(screen, "Frozen").is_some();
        person.glass.until("its end, on a frozen till", is_over);
        person.touch(Intent::NewSale);
        person.glass.until_kind(ScreenKind::Frozen);
        assert_eq!(shop.net_minor(), net_minor);
        assert_eq!(attempts(&shop, person), 1, "it ended once");
    }
}
