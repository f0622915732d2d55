//! What the bank says nothing more of, at a desk: a supervisor says how it ended, with a reason, from wherever it is in the
//! way; a cashier is led nowhere.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod glass;
mod shop;

use glass::{Person, row};
use shop::{Shop, impatient_shop, named};
use taptill::account::{Approval, RefundRules, ShopPolicy};
use taptill::error::ErrorCode;
use taptill::ids::{AttemptId, RefundId};
use taptill::iso8583::Op;
use taptill::money::{Amount, Currency};
use taptill::payment::refund::state::RefundState;
use taptill::payment::state::State;
use taptill::payment::{Decision, ListQuery, RefundDecision, RefundOf, RefundQuery, RefundRequest};
use taptill::screen::{FieldName, Intent, Screen, ScreenKind};
use taptill_sandbox::host::{Kind, set_next_of};
use taptill_sandbox::people::{self, BOB};

const WHY: &str = "Ms Li at the acquirer, ticket 4711";

fn the_sale() -> AttemptId {
    AttemptId::new("A-1").unwrap()
}

/// A till on which the reversal of A-1 is stuck, with bob at it, and alice at the screens.
fn stuck() -> (Shop, Person) {
    let mut shop = impatient_shop("desk");
    let policy = &mut shop.provisioning.configuration.policy;
    (policy.reversal_refusals_max, policy.reversal_wait_first_ms) = (1, 20);
    let till = shop.till();
    till.terminal.add_operator(BOB.as_new()).unwrap();
    shop.host_does(Kind::NoAnswer);
    shop.host_does(Kind::RefuseReversal);
    till.sell_as(named("A-1", 500), "visa").unwrap();
    till.terminal.resolve().unwrap();
    assert_eq!(till.terminal.status(&the_sale()).unwrap().state, State::ReversalStuck);
    till.terminal.close().unwrap();
    drop(till);
    let person = Person::at(&shop.home(), shop.ports().0);
    (shop, person)
}

/// Touches it and waits for the screen of this kind, with nothing under way.
fn goes(person: &Person, intent: Intent, kind: ScreenKind) -> Screen {
    let seen = person.glass.screens().len();
    person.touch(intent);
    let is_there = |screen: &Screen| screen.kind == kind && screen.actions.iter().any(|action| action.enabled);
    person.glass.until_after(seen, kind.word(), is_there)
}

/// The way to a decision that a screen offers, on a line or as a button.
fn way(screen: &Screen) -> Option<Intent> {
    let lines = screen.rows.iter().filter_map(|row| row.intent.clone());
    let buttons = screen.actions.iter().map(|action| action.intent.clone());
    lines.chain(buttons).find(|intent| matches!(intent, Intent::ToDecide { .. } | Intent::ToDecideRefund { .. }))
}

fn leaves_the_outcome(person: &Person) {
    person.glass.until_kind(ScreenKind::NotKnownYet);
    goes(person, Intent::NewSale, ScreenKind::AmountPad);
}

/// What the journal says was decided, once the desk is closed.
fn decision(shop: &Shop, person: Person) -> Option<Decision> {
    drop(person);
    let terminal = people::open(&shop.home(), shop.ports().0).unwrap();
    let evidence = terminal.list(&ListQuery::default()).unwrap().attempts;
    evidence.into_iter().find(|view| view.attempt == the_sale()).unwrap().decision
}

#[test]
fn a_stuck_payment_is_decided_from_the_checklist_with_a_reason() {
    let (shop, person) = stuck();
    leaves_the_outcome(&person);
    goes(&person, Intent::Settings, ScreenKind::Settings);
    let list = goes(&person, Intent::ToLeave, ScreenKind::Leave);
    let form = goes(&person, way(&list).unwrap(), ScreenKind::Decide);
    assert_eq!((form.headline.as_deref(), row(&form, "Terminal ID").is_some()), (Some("CNY 5.00"), true));
    let refused = goes(&person, Intent::DecideNotCharged, ScreenKind::Decide);
    assert_eq!(refused.message.as_deref(), Some("Nothing was said why."));
    person.enters(FieldName::Reason, WHY);
    let list = goes(&person, Intent::DecideNotCharged, ScreenKind::Leave);
    assert_eq!(way(&list), None, "it is in nobody's way any more");
    assert!(list.allows(&Intent::Leave), "{list:?}");
    let settings = goes(&person, Intent::Back, ScreenKind::Settings);
    assert_eq!(row(&settings, "Not finished"), None);
    assert_eq!(decision(&shop, person), Some(Decision::NotCharged));
}

#[test]
fn a_stuck_payment_is_decided_where_it_stands_and_nobody_decides_otherwise() {
    let (shop, person) = stuck();
    let outcome = person.glass.until_kind(ScreenKind::NotKnownYet);
    goes(&person, way(&outcome).unwrap(), ScreenKind::Decide);
    person.enters(FieldName::Reason, WHY);
    let outcome = goes(&person, Intent::DecideCharged, ScreenKind::NotKnownYet);
    assert_eq!(row(&outcome, "Decided"), Some("A supervisor decided: the customer is charged."));
    assert_eq!(way(&outcome), None, "it stands");
    goes(&person, Intent::NewSale, ScreenKind::AmountPad);
    let past = goes(&person, Intent::History, ScreenKind::History);
    let payment = goes(&person, past.rows[0].intent.clone().unwrap(), ScreenKind::Transaction);
    assert!(row(&payment, "Decided").is_some() && way(&payment).is_none(), "{payment:?}");
    assert_eq!(decision(&shop, person), Some(Decision::Charged));
}

#[test]
fn what_keeps_a_till_from_being_taken_off_the_list_is_decided_there() {
    let (_shop, person) = stuck();
    leaves_the_outcome(&person);
    goes(&person, Intent::Settings, ScreenKind::Settings);
    goes(&person, Intent::ToDeregister, ScreenKind::Deregister);
    let blocked = goes(&person, Intent::Deregister, ScreenKind::DeregisterBlocked);
    goes(&person, way(&blocked).unwrap(), ScreenKind::Decide);
    person.enters(FieldName::Reason, WHY);
    goes(&person, Intent::DecideNotCharged, ScreenKind::Deregister);
}

#[test]
fn a_cashier_is_told_whose_turn_it_is_and_led_nowhere() {
    let (shop, person) = stuck();
    leaves_the_outcome(&person);
    goes(&person, Intent::Settings, ScreenKind::Settings);
    goes(&person, Intent::SignOut, ScreenKind::SignIn);
    person.enters(FieldName::Operator, BOB.name);
    person.enters(FieldName::Password, BOB.password);
    let outcome = goes(&person, Intent::SignIn, ScreenKind::NotKnownYet);
    assert_eq!(way(&outcome), None);
    goes(&person, Intent::NewSale, ScreenKind::AmountPad);
    let past = goes(&person, Intent::History, ScreenKind::History);
    let payment = goes(&person, past.rows[0].intent.clone().unwrap(), ScreenKind::Transaction);
    assert_eq!(way(&payment), None);
    goes(&person, Intent::Back, ScreenKind::History);
    goes(&person, Intent::Back, ScreenKind::AmountPad);
    goes(&person, Intent::Settings, ScreenKind::Settings);
    let list = goes(&person, Intent::ToLeave, ScreenKind::Leave);
    assert_eq!(way(&list), None);
    assert!(list.rows.iter().any(|row| row.value.contains("A supervisor says how it ended.")), "{list:?}");
    // Control: it is the till that refuses, and not only the screen.
    drop(person);
    let terminal = people::open(&shop.home(), shop.ports().0).unwrap();
    terminal.sign_out().unwrap();
    terminal.sign_in(&BOB.name(), BOB.password(), None).unwrap();
    let error = terminal.decide(&the_sale(), Decision::Charged).unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotPermitted);
}

/// A till on which a refund of A-1 is stuck: the host took it, did not answer, and says no when it is asked again.
fn with_a_stuck_refund() -> (Shop, RefundId) {
    let shop = impatient_shop("desk");
    let till = shop.till();
    let mut policy = ShopPolicy::default();
    policy.refunds.contactless_card = RefundRules { approval: Approval::Host, ..RefundRules::default() };
    till.terminal.set_policy(&policy).unwrap();
    till.sell_as(named("A-1", 500), "visa").unwrap();
    set_next_of(&shop.host_home(), Kind::NoAnswer, 1, Some(Op::Refund)).unwrap();
    set_next_of(&shop.host_home(), Kind::Refuse, 1, Some(Op::Refund)).unwrap();
    let amount = Amount::from_minor(200, Currency::CNY).unwrap();
    let request = RefundRequest { refund: None, of: RefundOf::Attempt(the_sale()), amount };
    let refund = till.terminal.request_refund(&request).unwrap().refund;
    let _closed_and_left = till.terminal.resolve();
    let of = |refund: &RefundId| {
        let page = till.terminal.refunds(&RefundQuery::default()).unwrap();
        page.refunds.into_iter().find(|view| view.refund == *refund).unwrap().state
    };
    assert_eq!(of(&refund), RefundState::Stuck);
    till.terminal.close().unwrap();
    (shop, refund)
}

#[test]
fn a_stuck_refund_is_decided_from_the_checklist() {
    let (shop, refund) = with_a_stuck_refund();
    let person = Person::at(&shop.home(), shop.ports().0);
    if person.desk.screen().kind == ScreenKind::Approved {
        goes(&person, Intent::NewSale, ScreenKind::AmountPad);
    }
    goes(&person, Intent::Settings, ScreenKind::Settings);
    let list = goes(&person, Intent::ToLeave, ScreenKind::Leave);
    let form = goes(&person, way(&list).unwrap(), ScreenKind::Decide);
    assert_eq!(row(&form, "Refund"), Some(refund.as_str()));
    assert!(!form.allows(&Intent::DecideCharged), "a refund charges nobody");
    person.enters(FieldName::Reason, WHY);
    let list = goes(&person, Intent::DecideNotPaid, ScreenKind::Leave);
    assert_eq!(way(&list), None);
    drop(person);
    let terminal = people::open(&shop.home(), shop.ports().0).unwrap();
    let page = terminal.refunds(&RefundQuery::default()).unwrap();
    assert_eq!(page.refunds[0].decision, Some(RefundDecision::NotPaid));
}
