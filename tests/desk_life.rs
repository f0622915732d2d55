//! A desk's own life: provisioned from nothing, restarted in the middle, opened on a broken till, dropped.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod glass;
mod shop;

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use glass::{Glass, Person, row};
use shop::faults::{FailingEntropy, Plan};
use shop::{Shop, impatient_shop, shop};
use taptill::desk::{Desk, Display};
use taptill::payment::ListQuery;
use taptill::payment::state::State;
use taptill::ports::{Fate, Notice, Observer, Ports};
use taptill::screen::{FieldName, Intent, Screen, ScreenKind, Tone};
use taptill::secret::SecretBytes;
use taptill::terminal::Terminal;
use taptill::text::Language;
use taptill_sandbox::host::Kind;
use taptill_sandbox::people::ALICE;

fn person(shop: &Shop) -> Person {
    person_with(shop, |_| ())
}

fn person_with(shop: &Shop, change: impl FnOnce(&mut Ports)) -> Person {
    shop.provision_with(|_| ()).unwrap();
    let (mut ports, _field) = shop.ports();
    change(&mut ports);
    Person::at(&shop.home(), ports)
}

#[test]
fn a_new_till_is_provisioned_and_sells() {
    let shop = shop("desk");
    let person = Person::before(&shop.home(), shop.ports().0);
    let first = person.glass.until_kind(ScreenKind::FirstStart);
    assert!(first.allows(&Intent::Provision) && !first.allows(&Intent::Charge));
    person.touch(Intent::UseLanguage { language: Language::ZhCn });
    person.glass.until("in Chinese", |screen| screen.language == Language::ZhCn);
    person.touch(Intent::UseLanguage { language: Language::En });
    for refused in [&b""[..], b"{}", b"\xff\xfe", b"{\"version\":1}"] {
        person.desk.provision(refused).unwrap();
        let trouble = person.glass.until_kind(ScreenKind::Trouble);
        assert_eq!(row(&trouble, "Code"), Some("configuration_invalid"));
        assert!(trouble.allows(&Intent::Provision));
        person.touch(Intent::Back);
        person.glass.until_kind(ScreenKind::FirstStart);
    }
    person.desk.provision(shop.provisioning.to_json().expose()).unwrap();
    person.glass.until_kind(ScreenKind::Claim);
    person.comes_in();
    person.glass.until_kind(ScreenKind::AmountPad);
    person.charges(500);
    person.taps("visa");
    person.glass.until_kind(ScreenKind::Approved);
    // It is somebody's now: another provisioning changes nothing, and says so.
    person.desk.provision(shop.provisioning.to_json().expose()).unwrap();
    let trouble = person.glass.until_kind(ScreenKind::Trouble);
    assert_eq!(row(&trouble, "Code"), Some("already_provisioned"));
    person.touch(Intent::Back);
    person.glass.until_kind(ScreenKind::Approved);
    assert_eq!(shop.net_minor(), 500);
}

#[test]
fn an_outcome_is_shown_until_a_person_has_left_it_also_after_a_restart() {
    let shop = shop("desk");
    let person_before = person(&shop);
    person_before.charges(500);
    person_before.taps("visa");
    person_before.glass.until_kind(ScreenKind::Approved);
    drop(person_before);
    // The app is gone before anybody looked: the next one begins with it.
    let again = person(&shop);
    let first = again.glass.until_kind(ScreenKind::Approved);
    assert_eq!(again.glass.kinds(), [ScreenKind::Approved], "the first screen is the outcome");
    assert_eq!(first.headline.as_deref(), Some("CNY 5.00"));
    again.touch(Intent::NewSale);
    again.glass.until_kind(ScreenKind::AmountPad);
    drop(again);
    let third = person(&shop);
    assert_eq!(third.glass.kinds(), [ScreenKind::AmountPad], "somebody has seen it");
}

#[test]
fn a_restart_in_the_middle_finds_the_payment_and_its_end() {
    // The last column is what the host holds in the end.
    let table = [
        ("after attempt.prepared", ScreenKind::Trouble, "Not sent", 0),
        ("after attempt.in_doubt", ScreenKind::Declined, "Reversed", 0),
        ("before attempt.approved", ScreenKind::Declined, "Reversed", 0),
        ("after attempt.approved", ScreenKind::Approved, "Approved", 500),
    ];
    for (point, kind, title, net_minor) in table {
        let shop = shop("desk");
        let dying = person_with(&shop, |ports| ports.faults = Plan::at(point, Fate::Die));
        dying.charges(500);
        dying.taps("visa");
        let stopped = dying.glass.until_kind(ScreenKind::Trouble);
        assert!(!stopped.message.clone().unwrap().contains("Nothing was charged"), "{point}: {stopped:?}");
        drop(dying);
        let next = person(&shop);
        let end = next.glass.until(point, |screen| screen.title == title);
        assert_eq!((end.kind, end.headline.as_deref()), (kind, Some("CNY 5.00")), "{point}");
        assert_ne!(next.glass.kinds()[0], ScreenKind::AmountPad, "{point}: the first screen is about the payment");
        assert_eq!(shop.net_minor(), net_minor, "{point}");
    }
}

#[test]
fn a_till_that_failed_is_opened_again_from_its_screen() {
    let shop = shop("desk");
    let plan = Plan::at("after attempt.in_doubt", Fate::Die);
    let faults = Arc::clone(&plan);
    let person = person_with(&shop, move |ports| ports.faults = faults);
    person.charges(500);
    person.taps("visa");
    let stopped = person.glass.until_kind(ScreenKind::Trouble);
    assert_eq!(stopped.tone, Tone::Waiting);
    assert!(!stopped.allows(&Intent::NewSale), "nobody pays again before the till knows");
    plan.lift();
    person.touch(Intent::TryAgain);
    person.comes_back();
    person.glass.until("taken back", |screen| screen.title == "Reversed");
    person.touch(Intent::NewSale);
    person.charges(300);
    person.taps("visa");
    person.glass.until_kind(ScreenKind::Approved);
    assert_eq!(shop.net_minor(), 300);
}

#[test]
fn a_disk_that_fails_in_doubt_does_not_say_that_nothing_was_charged() {
    let shop = shop("desk");
    let plan = Plan::at("before attempt.approved", Fate::SyncFailed);
    let faults = Arc::clone(&plan);
    let person = person_with(&shop, move |ports| ports.faults = faults);
    person.charges(500);
    person.taps("visa");
    let unknown = person.glass.until_kind(ScreenKind::NotKnownYet);
    assert!(unknown.message.as_ref().unwrap().contains("Nobody should pay again yet"));
    // Asking the bank needs the till, which has stopped: its screen opens it again.
    person.touch(Intent::Resolve);
    let stopped = person.glass.until_kind(ScreenKind::Trouble);
    assert_eq!(row(&stopped, "Code"), Some("sync_failed"));
    plan.lift();
    person.touch(Intent::TryAgain);
    person.comes_back();
    person.glass.until("taken back", |screen| screen.title == "Reversed");
    assert_eq!(shop.net_minor(), 0);
}

#[test]
fn a_full_disk_sends_nothing_and_the_amount_is_still_there() {
    let shop = shop("desk");
    let plan = Plan::at("before attempt.prepared", Fate::DiskFull);
    let faults = Arc::clone(&plan);
    let person = person_with(&shop, move |ports| ports.faults = faults);
    person.charges(500);
    person.taps("visa");
    let trouble = person.glass.until_kind(ScreenKind::Trouble);
    assert_eq!(row(&trouble, "Code"), Some("disk_full"));
    assert!(trouble.message.as_ref().unwrap().contains("Nothing was charged"));
    plan.lift();
    person.touch(Intent::TryAgain);
    person.comes_back();
    let pad = person.glass.until("the keypad", |s| s.kind == ScreenKind::AmountPad && s.allows(&Intent::Charge));
    assert_eq!(pad.headline.as_deref(), Some("CNY 5.00"));
    assert_eq!(shop.net_minor(), 0);
}

#[test]
fn a_till_that_cannot_be_opened_says_why_and_tries_again() {
    let shop = shop("desk");
    shop.provision_with(|_| ()).unwrap();
    let elsewhere = Terminal::open(&shop.home(), shop.ports().0).unwrap();
    let person = person(&shop);
    let trouble = person.glass.until_kind(ScreenKind::Trouble);
    assert_eq!(row(&trouble, "Code"), Some("till_open_elsewhere"));
    assert!(trouble.message.as_ref().unwrap().contains("No payment was touched"));
    elsewhere.close().unwrap();
    person.touch(Intent::TryAgain);
    person.glass.until_kind(ScreenKind::Claim);
    person.comes_in();
    person.glass.until_kind(ScreenKind::AmountPad);
}

#[test]
fn a_device_without_random_bytes_charges_nothing() {
    let shop = shop("desk");
    let entropy = FailingEntropy::after(-1);
    let given = Arc::clone(&entropy);
    let person = person_with(&shop, move |ports| ports.entropy = given);
    person.types(500);
    entropy.fails_after(0);
    person.touch(Intent::Charge);
    let trouble = person.glass.until_kind(ScreenKind::Trouble);
    assert_eq!(row(&trouble, "Code"), Some("entropy_failed"));
    entropy.works();
    person.touch(Intent::TryAgain);
    person.taps("visa");
    person.glass.until_kind(ScreenKind::Approved);
    assert_eq!(shop.net_minor(), 500);
}

#[test]
fn settings_check_the_record_and_ask_the_bank() {
    let shop = shop("desk");
    let person = person(&shop);
    person.touch(Intent::Settings);
    let settings = person.glass.until_kind(ScreenKind::Settings);
    assert_eq!(row(&settings, "Terminal ID"), Some(shop.provisioning.configuration.terminal_id.as_str()));
    assert_eq!(row(&settings, "Version"), Some(env!("CARGO_PKG_VERSION")));
    person.touch(Intent::Verify);
    let sound =
        person.glass.until("verified", |screen| screen.message.as_ref().is_some_and(|m| m.contains("complete")));
    assert_eq!(row(&sound, "Proof").map(str::len), Some(64));
    person.touch(Intent::Resolve);
    person.glass.until("nothing open", |screen| screen.message.as_ref().is_some_and(|m| m.contains("nothing to do")));
    person.touch(Intent::UseLanguage { language: Language::ZhCn });
    let chinese = person.glass.until("in Chinese", |screen| screen.title == "设置");
    assert_eq!(chinese.language, Language::ZhCn);
    person.touch(Intent::Back);
    person.glass.until_kind(ScreenKind::AmountPad);
}

#[test]
fn pages_of_the_past_are_turned_both_ways() {
    let shop = shop("desk");
    shop.provision_with(|_| ()).unwrap();
    let till = shop.till();
    for minor in 1..=23 {
        till.sell("visa", minor).unwrap();
    }
    till.terminal.close().unwrap();
    let person = person(&shop);
    person.touch(Intent::History);
    let amounts = |screen: &Screen| screen.rows.iter().map(|row| row.value.clone()).collect::<Vec<_>>();
    let newest = person.glass.until_kind(ScreenKind::History);
    assert_eq!((newest.rows.len(), newest.rows[0].value.as_str()), (10, "CNY 0.23"));
    assert!(newest.private && !newest.allows(&Intent::NewerPage));
    person.touch(Intent::OlderPage);
    let second = person.glass.until("the second page", |screen| screen.rows[0].value == "CNY 0.13");
    person.touch(Intent::OlderPage);
    let last = person.glass.until("the last page", |screen| screen.rows[0].value == "CNY 0.03");
    assert_eq!(amounts(&last), ["CNY 0.03", "CNY 0.02", "CNY 0.01"]);
    assert!(!last.allows(&Intent::OlderPage));
    person.touch(Intent::NewerPage);
    person.glass.until("back on the second page", |screen| amounts(screen) == amounts(&second));
    person.touch(Intent::NewerPage);
    person.glass.until("back on the newest page", |screen| amounts(screen) == amounts(&newest));
    person.touch(Intent::Back);
    person.glass.until_kind(ScreenKind::AmountPad);
}

#[test]
fn a_desk_that_is_dropped_in_the_middle_of_a_sale_loses_nothing() {
    let shop = impatient_shop("desk");
    let person = person(&shop);
    shop.host_does(Kind::NoAnswer);
    person.charges(500);
    person.taps("visa");
    person.glass.until("on its way", |screen| screen.kind == ScreenKind::Reading && screen.lights == 4);
    drop(person);
    let till = shop.till();
    let known = till.terminal.list(&ListQuery::default()).unwrap().attempts;
    assert_eq!(known.len(), 1);
    let end = till.until_final(&known[0].attempt);
    assert!(matches!(end.state, State::Reversed | State::NotSent), "{:?}", end.state);
    assert_eq!(shop.net_minor(), 0);
}

#[test]
fn a_closed_desk_shows_nothing_more_and_says_that_it_is_closed() {
    let shop = shop("desk");
    let person = person(&shop);
    person.charges(500);
    person.glass.until("the field is on", |screen| screen.field_on);
    person.desk.close();
    person.desk.close();
    let shown = person.glass.screens().len();
    assert!(person.desk.send(Intent::Cancel).is_err());
    assert!(person.desk.provision(b"").is_err());
    assert!(person.desk.collision().is_err());
    assert_eq!(person.glass.screens().len(), shown);
    // The till is free: its lock, its threads and its field.
    shop.till().terminal.close().unwrap();
}

/// A display that panics and calls back is the shell's own fault, and holds nothing up.
#[test]
fn a_display_that_panics_or_calls_back_holds_nothing_up() {
    struct Rude(Glass, Mutex<Option<std::sync::Weak<Desk>>>);
    impl Display for Rude {
        fn show(&self, screen: &Screen) {
            self.0.show(screen);
            if let Some(desk) = self.1.lock().unwrap().as_ref().and_then(std::sync::Weak::upgrade) {
                desk.send(Intent::Foreground).unwrap();
                assert_eq!(desk.screen(), *screen, "the screen is there before it is shown");
            }
            panic!("the display fails");
        }
    }
    let shop = shop("desk");
    shop.provision_with(|_| ()).unwrap();
    let rude = Arc::new(Rude(Glass::default(), Mutex::new(None)));
    let desk = Desk::open(&shop.home(), shop.ports().0, Language::En, Arc::clone(&rude) as Arc<dyn Display>).unwrap();
    let desk = Arc::new(desk);
    for field in [FieldName::Operator, FieldName::NewPassword, FieldName::NewPasswordAgain] {
        let typed = if field == FieldName::Operator { ALICE.name } else { ALICE.password };
        desk.enter(field, SecretBytes::new(typed.as_bytes().to_vec())).unwrap();
    }
    desk.send(Intent::Claim).unwrap();
    rude.0.until_kind(ScreenKind::RecoveryCode);
    desk.send(Intent::Written).unwrap();
    *rude.1.lock().unwrap() = Some(Arc::downgrade(&desk));
    desk.send(Intent::Digit { digit: 5 }).unwrap();
    rude.0.until("typed", |screen| screen.headline.as_deref() == Some("CNY 0.05"));
    desk.send(Intent::Charge).unwrap();
    rude.0.until("the field is on", |screen| screen.field_on);
    desk.close();
}

#[test]
fn the_callers_own_observer_hears_everything_too() {
    struct Tell(Mutex<std::sync::mpsc::Sender<Notice>>);
    impl Observer for Tell {
        fn hear(&self, notice: &Notice) {
            let _nobody_waits = self.0.lock().unwrap().send(notice.clone());
        }
    }
    let (told, heard) = channel();
    let shop = shop("desk");
    let person = person_with(&shop, move |ports| ports.observer = Arc::new(Tell(Mutex::new(told))));
    person.charges(500);
    person.taps("visa");
    person.glass.until_kind(ScreenKind::Approved);
    drop(person);
    let heard: Vec<Notice> = heard.into_iter().collect();
    assert!(heard.contains(&Notice::FieldOn));
    assert!(heard.iter().any(|notice| matches!(notice, Notice::Attempt { state: "approved", .. })));
}
