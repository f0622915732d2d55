//! People at a desk: who claims, comes, goes, is refused, changes a password and looks after the others, all of it
//! through the screens of a real till; and that nothing that was typed is in a screen.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod glass;
mod shop;

use glass::{Person, row};
use shop::{Shop, impatient_shop, shop};
use taptill::account::ShopPolicy;
use taptill::ids::{OperatorName, Role};
use taptill::screen::{FieldName, Intent, Screen, ScreenKind};
use taptill_sandbox::host::Kind;
use taptill_sandbox::people::{self, ALICE, BOB};

use FieldName::{NewPassword, NewPasswordAgain, Operator, Password, RecoveryCode};

const OTHER: &str = "seven grey dogs walk by 4";

fn before(shop: &Shop) -> Person {
    shop.provision_with(|_| ()).unwrap();
    Person::before(&shop.home(), shop.ports().0)
}

fn inside(shop: &Shop) -> Person {
    let person = before(shop);
    person.comes_in();
    person
}

fn types(person: &Person, typed: &[(FieldName, &str)]) {
    typed.iter().for_each(|(field, text)| person.enters(*field, text));
}

/// Sends a form and waits for the screen of this kind that says this.
fn is_told(person: &Person, intent: Intent, kind: ScreenKind, said: &str) -> Screen {
    let seen = person.glass.screens().len();
    person.touch(intent);
    let says = |screen: &Screen| {
        let texts = [&screen.message, &screen.advice];
        screen.kind == kind && texts.into_iter().flatten().any(|text| text.contains(said))
    };
    person.glass.until_after(seen, said, says)
}

fn name(of: &str) -> OperatorName {
    OperatorName::new(of).unwrap()
}

#[test]
fn a_till_is_claimed_and_its_code_is_shown_once() {
    let shop = shop("desk");
    let person = before(&shop);
    let claim = person.glass.until_kind(ScreenKind::Claim);
    assert!(claim.private && !claim.allows(&Intent::Charge) && !claim.allows(&Intent::Settings));
    for (operator, new, again, said) in [
        ("", ALICE.password, ALICE.password, "breaks its rule"),
        ("al ice", ALICE.password, ALICE.password, "breaks its rule"),
        ("alice", ALICE.password, "another one", "The two are not the same"),
        ("alice", "short 1", "short 1", "at least 12 characters"),
        ("alice", "no digit in here", "no digit in here", "needs a digit"),
        ("alice", "password1234", "password1234", "tried first"),
    ] {
        types(&person, &[(Operator, operator), (NewPassword, new), (NewPasswordAgain, again)]);
        is_told(&person, Intent::Claim, ScreenKind::Claim, said);
    }
    assert!(person.desk.recovery_code().is_none());
    // A phone's keyboard writes names its own way.
    types(&person, &[(Operator, " Alice "), (NewPassword, ALICE.password), (NewPasswordAgain, ALICE.password)]);
    person.touch(Intent::Claim);
    let shown = person.glass.until_kind(ScreenKind::RecoveryCode);
    let code = person.desk.recovery_code().unwrap();
    let text = String::from_utf8(code.expose().to_vec()).unwrap();
    assert!(shown.private && text.len() > 20);
    person.touch(Intent::Written);
    person.glass.until_kind(ScreenKind::AmountPad);
    assert!(person.desk.recovery_code().is_none(), "it is shown once");
    let seen = format!("{:?}", person.glass.screens());
    for secret in [ALICE.password, "no digit in here", "another one", text.as_str()] {
        assert!(!seen.contains(secret), "a screen holds what was typed or is secret");
    }
}

#[test]
fn the_recovery_code_makes_a_new_supervisor_and_is_replaced() {
    let shop = shop("desk");
    let person = before(&shop);
    types(&person, &[(Operator, ALICE.name), (NewPassword, ALICE.password), (NewPasswordAgain, ALICE.password)]);
    person.touch(Intent::Claim);
    person.glass.until_kind(ScreenKind::RecoveryCode);
    let code = String::from_utf8(person.desk.recovery_code().unwrap().expose().to_vec()).unwrap();
    person.touch(Intent::Written);
    leaves(&person);
    person.touch(Intent::ToRecover);
    person.glass.until_kind(ScreenKind::Recover);
    let typed = |code: &str| {
        types(&person, &[(RecoveryCode, code), (Operator, "dora"), (NewPassword, OTHER), (NewPasswordAgain, OTHER)]);
    };
    typed("0000-0000-0000-0000-0000-0000-000");
    is_told(&person, Intent::Recover, ScreenKind::Recover, "not the recovery code");
    typed(&code);
    person.touch(Intent::Recover);
    person.glass.until_kind(ScreenKind::RecoveryCode);
    let next = String::from_utf8(person.desk.recovery_code().unwrap().expose().to_vec()).unwrap();
    assert_ne!(next, code);
    person.touch(Intent::Written);
    person.glass.until_kind(ScreenKind::AmountPad);
    person.touch(Intent::Settings);
    let settings = person.glass.until_kind(ScreenKind::Settings);
    assert_eq!((row(&settings, "Signed in"), row(&settings, "Role")), (Some("dora"), Some("Supervisor")));
}

/// Signs out from the keypad.
fn leaves(person: &Person) {
    person.glass.until_kind(ScreenKind::AmountPad);
    person.touch(Intent::Settings);
    person.glass.until_kind(ScreenKind::Settings);
    person.touch(Intent::SignOut);
    person.glass.until_kind(ScreenKind::SignIn);
}

#[test]
fn a_wrong_name_and_a_wrong_password_are_told_alike() {
    let shop = shop("desk");
    let person = inside(&shop);
    leaves(&person);
    types(&person, &[(Operator, ALICE.name), (Password, OTHER)]);
    let wrong = is_told(&person, Intent::SignIn, ScreenKind::SignIn, "name or the password is wrong");
    types(&person, &[(Operator, "nobody"), (Password, OTHER)]);
    let unknown = is_told(&person, Intent::SignIn, ScreenKind::SignIn, "name or the password is wrong");
    assert_eq!((wrong.rows, wrong.advice), (unknown.rows, unknown.advice));
    // What was typed was used up: nothing of it signs anybody in.
    is_told(&person, Intent::SignIn, ScreenKind::SignIn, "breaks its rule");
    person.comes_in();
    person
        .glass
        .until("the failures", |s| s.message.as_ref().is_some_and(|m| m.contains("since your last sign-in: 1")));
}

#[test]
fn a_locked_till_shows_who_and_how_many_and_nothing_else() {
    let mut shop = impatient_shop("desk");
    let person = inside(&shop);
    shop.host_does(Kind::NoAnswer);
    person.charges(700);
    person.taps("visa");
    person.glass.until("on its way", |screen| screen.lights == 4 && !screen.allows(&Intent::Cancel));
    shop.stop_host();
    person.glass.until_kind(ScreenKind::NotKnownYet);
    person.touch(Intent::NewSale);
    person.glass.until_kind(ScreenKind::AmountPad);
    person.touch(Intent::Settings);
    person.glass.until_kind(ScreenKind::Settings);
    person.touch(Intent::Lock);
    let locked = person.glass.until_kind(ScreenKind::Locked);
    assert_eq!(locked.headline.as_deref(), Some(ALICE.name));
    assert_eq!(locked.rows.len(), 1);
    assert_eq!(row(&locked, "Payments that wait"), Some("1"));
    for intent in [Intent::History, Intent::Resolve, Intent::Charge, Intent::Settings, Intent::Back] {
        assert!(!locked.allows(&intent), "{intent:?}");
    }
    person.enters(Password, OTHER);
    let refused = is_told(&person, Intent::Unlock, ScreenKind::Locked, "password is wrong");
    assert!(row(&refused, "Tries left").is_some());
    person.enters(Password, ALICE.password);
    person.touch(Intent::Unlock);
    let back = person.glass.until("inside", |screen| screen.kind == ScreenKind::NotKnownYet);
    assert_eq!(back.headline.as_deref(), Some("CNY 7.00"));
    shop.start_host("host");
}

#[test]
fn a_supervisor_looks_after_people_and_a_cashier_does_not() {
    let shop = shop("desk");
    let person = inside(&shop);
    person.touch(Intent::Settings);
    person.glass.until_kind(ScreenKind::Settings);
    person.touch(Intent::Operators);
    person.glass.until_kind(ScreenKind::Operators);
    person.touch(Intent::ToAddOperator);
    person.glass.until_kind(ScreenKind::AddOperator);
    types(&person, &[(Operator, ALICE.name), (NewPassword, OTHER), (NewPasswordAgain, OTHER)]);
    is_told(&person, Intent::AddOperator { role: Role::Cashier }, ScreenKind::AddOperator, "has this name already");
    types(&person, &[(Operator, BOB.name), (NewPassword, OTHER), (NewPasswordAgain, OTHER)]);
    person.touch(Intent::AddOperator { role: Role::Cashier });
    let list = person.glass.until_kind(ScreenKind::Operators);
    assert_eq!((row(&list, "alice"), row(&list, "bob")), (Some("Supervisor"), Some("Cashier")));
    person.touch(Intent::Back);
    person.glass.until_kind(ScreenKind::Settings);
    person.touch(Intent::SignOut);
    person.glass.until_kind(ScreenKind::SignIn);

    // The password that alice gave him opens nothing but its own change.
    types(&person, &[(Operator, BOB.name), (Password, OTHER)]);
    person.touch(Intent::SignIn);
    let must = person.glass.until_kind(ScreenKind::ChangePassword);
    assert_eq!(must.headline.as_deref(), Some(BOB.name));
    types(&person, &[(Password, OTHER), (NewPassword, OTHER), (NewPasswordAgain, OTHER)]);
    is_told(&person, Intent::ChangePassword, ScreenKind::ChangePassword, "one of the last 4");
    types(&person, &[(Password, OTHER), (NewPassword, BOB.password), (NewPasswordAgain, BOB.password)]);
    person.touch(Intent::ChangePassword);
    person.glass.until_kind(ScreenKind::AmountPad);
    person.touch(Intent::Settings);
    let settings = person.glass.until_kind(ScreenKind::Settings);
    assert_eq!(row(&settings, "Role"), Some("Cashier"));
    assert!(!settings.allows(&Intent::Operators));

    // Alice takes his place, resets him and lets him go.
    person.touch(Intent::Lock);
    person.glass.until_kind(ScreenKind::Locked);
    person.touch(Intent::SwitchOperator);
    person.comes_back();
    person.touch(Intent::Settings);
    person.glass.until_kind(ScreenKind::Settings);
    person.touch(Intent::Operators);
    person.glass.until_kind(ScreenKind::Operators);
    person.touch(Intent::Operator { name: name(BOB.name) });
    person.glass.until_kind(ScreenKind::Operator);
    person.touch(Intent::ToResetOperator { name: name(BOB.name) });
    person.glass.until_kind(ScreenKind::ResetOperator);
    types(&person, &[(NewPassword, OTHER), (NewPasswordAgain, OTHER)]);
    is_told(&person, Intent::ResetOperator { name: name(BOB.name) }, ScreenKind::ResetOperator, "one of the last 4");
    let third = "a kite over 12 hills";
    types(&person, &[(NewPassword, third), (NewPasswordAgain, third)]);
    person.touch(Intent::ResetOperator { name: name(BOB.name) });
    person.glass.until_kind(ScreenKind::Operators);
    person.touch(Intent::Operator { name: name(BOB.name) });
    let one = person.glass.until_kind(ScreenKind::Operator);
    assert_eq!(row(&one, "Temporary password"), Some("Yes"));
    person.touch(Intent::RemoveOperator { name: name(BOB.name) });
    let list = person.glass.until_kind(ScreenKind::Operators);
    assert_eq!(row(&list, "bob"), None);
    person.touch(Intent::Operator { name: name(ALICE.name) });
    person.glass.until_kind(ScreenKind::Operator);
    person.touch(Intent::RemoveOperator { name: name(ALICE.name) });
    let trouble = person.glass.until_kind(ScreenKind::Trouble);
    assert_eq!(row(&trouble, "Code"), Some("last_supervisor"));
}

#[test]
fn the_own_password_is_changed_in_the_settings() {
    let shop = shop("desk");
    let person = inside(&shop);
    person.touch(Intent::Settings);
    person.glass.until_kind(ScreenKind::Settings);
    person.touch(Intent::ToChangePassword);
    person.glass.until_kind(ScreenKind::ChangePassword);
    types(&person, &[(Password, OTHER), (NewPassword, OTHER), (NewPasswordAgain, OTHER)]);
    is_told(&person, Intent::ChangePassword, ScreenKind::ChangePassword, "password is wrong");
    types(&person, &[(Password, ALICE.password), (NewPassword, OTHER), (NewPasswordAgain, OTHER)]);
    is_told(&person, Intent::ChangePassword, ScreenKind::Settings, "has been changed");
    person.touch(Intent::SignOut);
    person.glass.until_kind(ScreenKind::SignIn);
    types(&person, &[(Operator, ALICE.name), (Password, ALICE.password)]);
    is_told(&person, Intent::SignIn, ScreenKind::SignIn, "password is wrong");
    types(&person, &[(Operator, ALICE.name), (Password, OTHER)]);
    person.touch(Intent::SignIn);
    person.glass.until_kind(ScreenKind::AmountPad);
}

#[test]
fn a_till_that_nobody_touches_warns_and_locks_by_itself() {
    let shop = shop("desk");
    shop.provision_with(|_| ()).unwrap();
    let terminal = people::open(&shop.home(), shop.ports().0).unwrap();
    terminal.set_policy(&ShopPolicy { idle_ms: 1_500, ..ShopPolicy::default() }).unwrap();
    terminal.close().unwrap();
    let person = inside(&shop);
    person.types(500);
    let locked = person.glass.until_kind(ScreenKind::Locked);
    assert_eq!(locked.headline.as_deref(), Some(ALICE.name));
    let warned = |screen: &Screen| screen.advice.as_ref().is_some_and(|advice| advice.contains("locks by itself"));
    assert!(person.glass.screens().iter().any(warned), "nobody was warned");
    // The same person finds the amount that was being typed.
    person.enters(Password, ALICE.password);
    person.touch(Intent::Unlock);
    let pad = person.glass.until_kind(ScreenKind::AmountPad);
    assert_eq!(pad.headline.as_deref(), Some("CNY 5.00"));
}

#[test]
fn a_sale_that_outlasts_the_idle_time_is_seen_to_its_end_before_the_till_locks() {
    let shop = shop("desk");
    shop.provision_with(|_| ()).unwrap();
    let terminal = people::open(&shop.home(), shop.ports().0).unwrap();
    terminal.set_policy(&ShopPolicy { idle_ms: 1_500, ..ShopPolicy::default() }).unwrap();
    terminal.close().unwrap();
    let person = inside(&shop);
    person.charges(500);
    person.glass.until("the field is on", |screen| screen.field_on);
    std::thread::sleep(std::time::Duration::from_millis(1_800));
    assert_eq!(person.desk.screen().kind, ScreenKind::PresentCard, "the sale goes on");
    person.taps("visa");
    let approved = person.glass.until_kind(ScreenKind::Approved);
    assert_eq!(approved.headline.as_deref(), Some("CNY 5.00"));
    person.touch(Intent::NewSale);
    person.glass.until_kind(ScreenKind::Locked);
    assert_eq!(shop.net_minor(), 500);
}

/// Holds the button that is to be held.
fn holds(person: &Person, screen: &Screen) {
    let button = screen.actions.iter().find(|action| action.held == Some(Intent::Freeze)).unwrap();
    assert_eq!(button.intent, Intent::ToFreeze, "a touch alone freezes nothing");
    person.touch(Intent::Freeze);
}

#[test]
fn a_locked_till_is_frozen_by_holding_one_button_and_not_let_go_by_one_person() {
    let shop = shop("desk");
    let person = inside(&shop);
    person.touch(Intent::Settings);
    person.glass.until_kind(ScreenKind::Settings);
    person.touch(Intent::Lock);
    let locked = person.glass.until_kind(ScreenKind::Locked);
    assert_eq!(row(&locked, "Frozen"), None);

    let seen = person.glass.screens().len();
    holds(&person, &locked);
    let is_frozen = |s: &Screen| row(s, "Frozen").is_some() && s.allows(&Intent::Unlock);
    let locked = person.glass.until("frozen", is_frozen);
    assert!(person.glass.screens()[seen..].iter().all(|screen| screen.kind == ScreenKind::Locked), "one press");
    assert!(locked.actions.iter().all(|action| action.held.is_none()));

    types(&person, &[(Password, ALICE.password)]);
    person.touch(Intent::Unlock);
    let frozen = person.glass.until_kind(ScreenKind::Frozen);
    assert!(!frozen.keypad && !frozen.allows(&Intent::Charge), "nothing is sold");
    assert_eq!(row(&frozen, "From where"), Some("The lock screen"));
    assert_eq!(frozen.rows.iter().filter(|row| row.label.starts_with("Step")).count(), 6, "what to do now");
    for way in [Intent::History, Intent::Settings, Intent::ToLeave, Intent::Operators] {
        assert!(frozen.allows(&way), "{way:?}");
    }
    person.touch(Intent::ToRelease);
    person.glass.until_kind(ScreenKind::Release);
    types(&person, &[(Operator, ALICE.name), (Password, ALICE.password)]);
    is_told(&person, Intent::Release, ScreenKind::Release, "released by two people");
}

#[test]
fn whoever_cannot_hold_a_button_freezes_by_two_touches_and_two_people_release() {
    let shop = shop("desk");
    let person = inside(&shop);
    add(&person, BOB.name, BOB.password);
    let pad = person.glass.until_kind(ScreenKind::AmountPad);
    assert!(pad.allows(&Intent::Freeze), "the keypad has the button to hold");
    person.touch(Intent::ToFreeze);
    let freeze = person.glass.until_kind(ScreenKind::Freeze);
    assert!(freeze.allows(&Intent::Back));
    person.touch(Intent::Freeze);
    let frozen = person.glass.until_kind(ScreenKind::Frozen);
    assert_eq!((row(&frozen, "By"), row(&frozen, "From where")), (Some("alice"), Some("This till")));
    person.touch(Intent::ToRelease);
    person.glass.until_kind(ScreenKind::Release);
    types(&person, &[(Operator, BOB.name), (Password, BOB.password)]);
    person.touch(Intent::Release);
    person.glass.until_kind(ScreenKind::AmountPad);
}

#[test]
fn where_the_rules_say_so_the_lock_screen_asks_who_freezes() {
    let shop = shop("desk");
    shop.provision_with(|_| ()).unwrap();
    let terminal = people::open(&shop.home(), shop.ports().0).unwrap();
    let policy = ShopPolicy { freeze_needs_password_at_lock_screen: true, ..ShopPolicy::default() };
    terminal.set_policy(&policy).unwrap();
    terminal.close().unwrap();
    let person = before(&shop);
    let door = person.glass.until_kind(ScreenKind::SignIn);
    holds(&person, &door);
    person.glass.until_kind(ScreenKind::FreezeByName);
    types(&person, &[(Operator, ALICE.name), (Password, OTHER)]);
    is_told(&person, Intent::Freeze, ScreenKind::FreezeByName, "name or the password is wrong");
    types(&person, &[(Operator, ALICE.name), (Password, ALICE.password)]);
    person.touch(Intent::Freeze);
    person.glass.until("frozen", |s| s.kind == ScreenKind::SignIn && row(s, "Frozen").is_some());
}

/// Adds a cashier whose password is the own one.
fn add(person: &Person, operator: &str, password: &str) {
    person.touch(Intent::Settings);
    person.glass.until_kind(ScreenKind::Settings);
    person.touch(Intent::Operators);
    person.glass.until_kind(ScreenKind::Operators);
    person.touch(Intent::ToAddOperator);
    person.glass.until_kind(ScreenKind::AddOperator);
    types(person, &[(Operator, operator), (NewPassword, OTHER), (NewPasswordAgain, OTHER)]);
    person.touch(Intent::AddOperator { role: Role::Cashier });
    person.glass.until_kind(ScreenKind::Operators);
    person.touch(Intent::Back);
    person.glass.until_kind(ScreenKind::Settings);
    person.touch(Intent::SignOut);
    person.glass.until_kind(ScreenKind::SignIn);
    types(person, &[(Operator, operator), (Password, OTHER)]);
    person.touch(Intent::SignIn);
    person.glass.until_kind(ScreenKind::ChangePassword);
    types(person, &[(Password, OTHER), (NewPassword, password), (NewPasswordAgain, password)]);
    person.touch(Intent::ChangePassword);
    leaves(person);
    person.comes_in();
}
