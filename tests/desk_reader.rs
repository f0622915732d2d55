//! The same screens where somebody else's certified reader reads the card: the desk of a phone that cannot.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod glass;
mod shop;

use std::sync::Arc;

use glass::{Person, row};
use shop::{Shop, card, encrypted_shop};
use taptill::screen::{Intent, ScreenKind};
use taptill_sandbox::reader::ScriptedReader;

fn person(shop: &Shop, reader: Option<&Arc<ScriptedReader>>) -> Person {
    shop.provision_with(|_| ()).unwrap();
    let (mut ports, _field) = shop.ports();
    ports.encrypted_reader = reader.cloned().map(|reader| reader as _);
    Person::at(&shop.home(), ports)
}

#[test]
fn a_read_goes_from_the_keypad_to_approved_without_a_field() {
    let shop = encrypted_shop("desk-reader");
    let reader = Arc::new(ScriptedReader::default());
    let person = person(&shop, Some(&reader));
    reader.present(card("visa-phone"));
    person.charges(1_230);
    let approved = person.glass.until_kind(ScreenKind::Approved);
    assert_eq!(row(&approved, "Card"), Some("Visa ************0119"));
    assert!(person.glass.screens().iter().all(|screen| !screen.field_on), "the phone's own field stays off");
    assert!(person.glass.kinds().contains(&ScreenKind::PresentCard));
    assert_eq!(shop.net_minor(), 1_230);
}

#[test]
fn what_the_reader_ends_with_is_a_screen_that_says_that_nothing_was_charged() {
    let table = [
        ("visa-declines", ScreenKind::Declined),
        ("visa-pin", ScreenKind::TryAnotherWay),
        ("other-scheme", ScreenKind::TryAnotherWay),
    ];
    let shop = encrypted_shop("desk-reader");
    let reader = Arc::new(ScriptedReader::default());
    let person = person(&shop, Some(&reader));
    for (name, kind) in table {
        reader.present(card(name));
        person.charges(500);
        let end = person.glass.until(name, |screen| screen.kind == kind);
        assert_eq!(end.message.as_deref(), Some("Nothing was charged."), "{name}");
        person.touch(Intent::NewSale);
    }
    assert_eq!(shop.net_minor(), 0);
}

#[test]
fn a_read_that_nobody_comes_for_is_cancelled_from_the_screen() {
    let shop = encrypted_shop("desk-reader");
    let reader = Arc::new(ScriptedReader::default());
    let person = person(&shop, Some(&reader));
    person.charges(500);
    person.glass.until("present card", |screen| screen.title == "Present card");
    person.touch(Intent::Cancel);
    person.glass.until("cancelled", |s| s.message.as_deref() == Some("Cancelled. Nothing was charged."));
    reader.present(card("visa"));
    person.touch(Intent::Charge);
    person.glass.until_kind(ScreenKind::Approved);
    assert_eq!(shop.net_minor(), 500);
}

#[test]
fn a_phone_without_the_reader_that_its_acquirer_wants_says_who_must_act() {
    let shop = encrypted_shop("desk-reader");
    let person = person(&shop, None);
    person.charges(500);
    let trouble = person.glass.until_kind(ScreenKind::Trouble);
    assert_eq!(row(&trouble, "Code"), Some("encrypted_reader_missing"));
    assert_eq!(row(&trouble, "Whose turn"), Some("The makers of this app"));
    person.touch(Intent::Back);
    assert_eq!(person.glass.until_kind(ScreenKind::AmountPad).headline.as_deref(), Some("CNY 5.00"));
}
