//! Goodbyes and bad days at a desk: leaving by the checklist and all the same, taking the till off the list, the report of a
//! loss, every password anew, evidence and a stranger's message, all of it through the screens of a real till.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod glass;
mod shop;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use glass::{Person, row};
use shop::{Shop, shop};
use taptill::account::ShopPolicy;
use taptill::ids::Role;
use taptill::incident::evidence::{Bundle, DISCLOSED, verify};
use taptill::merkle::Note;
use taptill::ports::{Fate, FaultPlan, KillPoint, Ports};
use taptill::screen::{FieldName, Intent, Screen, ScreenKind};
use taptill::terminal::FolderSink;
use taptill_sandbox::people::{self, ALICE, BOB};

use FieldName::{NewPassword, NewPasswordAgain, Operator, Password, Reason, Recipient};

const OTHER: &str = "seven grey dogs walk by 4";

/// Alice, who has charged this much.
fn after_a_sale(shop: &Shop) -> Person {
    shop.provision_with(|_| ()).unwrap();
    let person = Person::at(&shop.home(), shop.ports().0);
    person.charges(500);
    person.taps("visa");
    person.glass.until_kind(ScreenKind::Approved);
    person.touch(Intent::NewSale);
    person.glass.until_kind(ScreenKind::AmountPad);
    person
}

fn to_settings(person: &Person) -> Screen {
    person.touch(Intent::Settings);
    person.glass.until_kind(ScreenKind::Settings)
}

/// Touches it and waits for the screen of this kind, with nothing under way.
fn goes(person: &Person, intent: Intent, kind: ScreenKind) -> Screen {
    let seen = person.glass.screens().len();
    person.touch(intent);
    let is_there = |screen: &Screen| screen.kind == kind && screen.actions.iter().any(|action| action.enabled);
    person.glass.until_after(seen, kind.word(), is_there)
}

/// The lines that can be touched, each as what it says and what it means.
fn buttons(screen: &Screen) -> Vec<(&str, Intent)> {
    screen.rows.iter().filter_map(|row| Some((row.value.as_str(), row.intent.clone()?))).collect()
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn the_checklist_walks_a_person_through_each_with_its_button_to_the_end_screen() {
    let shop = shop("desk");
    let person = after_a_sale(&shop);
    to_settings(&person);
    let list = goes(&person, Intent::ToLeave, ScreenKind::Leave);
    assert_eq!(list.rows.len(), 7, "one thing a line");
    assert_eq!(buttons(&list), [("The batch is not settled.", Intent::Settle)]);
    assert!(!list.allows(&Intent::Leave), "something is in the way");
    let list = goes(&person, Intent::Settle, ScreenKind::Leave);
    assert_eq!(buttons(&list), [("No statement was looked at since the last settlement.", Intent::ToStatement)]);
    let none = goes(&person, Intent::ToStatement, ScreenKind::Statement);
    assert!(none.message.unwrap().contains("No statement"));
    let agrees = goes(&person, Intent::CheckStatement, ScreenKind::Statement);
    assert_eq!(agrees.message.as_deref(), Some("The statement agrees with the record."));
    let list = goes(&person, Intent::Back, ScreenKind::Leave);
    assert!(buttons(&list).is_empty() && list.allows(&Intent::Leave) && !list.allows(&Intent::ToForceLeave));
    let left = goes(&person, Intent::Leave, ScreenKind::Left);
    assert!(left.message.unwrap().contains("Good-bye"));
    assert!(left.rows.iter().any(|row| row.label == "Signed record" && row.value.ends_with("entries")));
    goes(&person, Intent::Back, ScreenKind::SignIn);
}

#[test]
fn a_supervisor_leaves_all_the_same_and_says_why() {
    let shop = shop("desk");
    let person = after_a_sale(&shop);
    to_settings(&person);
    goes(&person, Intent::ToLeave, ScreenKind::Leave);
    goes(&person, Intent::ToForceLeave, ScreenKind::ForceLeave);
    let refused = goes(&person, Intent::ForceLeave, ScreenKind::ForceLeave);
    assert_eq!(refused.message.as_deref(), Some("Nothing was said why."));
    person.enters(Reason, "the network is down since six");
    let left = goes(&person, Intent::ForceLeave, ScreenKind::Left);
    let all_the_same = "Left all the same: the network is down since six";
    assert!(left.rows.iter().any(|row| row.value.contains(all_the_same)), "{left:?}");
}

/// Adds another supervisor, who has the own password.
fn with_bob(person: &Person) {
    to_settings(person);
    goes(person, Intent::Operators, ScreenKind::Operators);
    goes(person, Intent::ToAddOperator, ScreenKind::AddOperator);
    let types = |typed: &[(FieldName, &str)]| typed.iter().for_each(|(field, text)| person.enters(*field, text));
    types(&[(Operator, BOB.name), (NewPassword, OTHER), (NewPasswordAgain, OTHER)]);
    goes(person, Intent::AddOperator { role: Role::Supervisor }, ScreenKind::Operators);
    goes(person, Intent::Back, ScreenKind::Settings);
    goes(person, Intent::SignOut, ScreenKind::SignIn);
    types(&[(Operator, BOB.name), (Password, OTHER)]);
    goes(person, Intent::SignIn, ScreenKind::ChangePassword);
    types(&[(Password, OTHER), (NewPassword, BOB.password), (NewPasswordAgain, BOB.password)]);
    goes(person, Intent::ChangePassword, ScreenKind::AmountPad);
    to_settings(person);
    goes(person, Intent::SignOut, ScreenKind::SignIn);
    person.comes_in();
}

/// Whoever chose a place erases nothing without one.
fn chooses_again(refused: &Screen) {
    assert!(!refused.allows(&Intent::Deregister), "the next touch would erase without the records: {refused:?}");
    assert!(refused.advice.as_ref().unwrap().contains("without a place nothing is handed out"), "{refused:?}");
}

#[test]
fn a_till_goes_for_good_with_two_people_and_what_is_in_the_way_is_seen_to_first() {
    let shop = shop("desk");
    let person = after_a_sale(&shop);
    with_bob(&person);
    to_settings(&person);
    let agrees = || {
        person.enters(Operator, BOB.name);
        person.enters(Password, BOB.password);
    };
    goes(&person, Intent::ToDeregister, ScreenKind::Deregister);
    let blocked = goes(&person, Intent::Deregister, ScreenKind::DeregisterBlocked);
    assert_eq!(buttons(&blocked), [("The batch is not settled.", Intent::Settle)]);
    let alone = goes(&person, Intent::Settle, ScreenKind::Deregister);
    assert_eq!(row(&alone, "Records go"), Some("nowhere"));
    let alone = goes(&person, Intent::Deregister, ScreenKind::Deregister);
    assert!(alone.message.unwrap().contains("two people"));

    let full = shop.path("full");
    std::fs::create_dir_all(full.join("something")).unwrap();
    person.desk.export_to(Box::new(FolderSink::new(&full))).unwrap();
    person.glass.until("chosen", |screen| row(screen, "Records go") == Some("to the place that you chose"));
    agrees();
    let refused = goes(&person, Intent::Deregister, ScreenKind::Deregister);
    assert_eq!(row(&refused, "Records go"), Some("nowhere"), "another place has to be chosen");
    chooses_again(&refused);

    let unused = shop.path("unused");
    person.desk.export_to(Box::new(FolderSink::new(&unused))).unwrap();
    person.glass.until("chosen", |screen| row(screen, "Records go") == Some("to the place that you chose"));
    person.enters(Operator, BOB.name);
    person.enters(Password, OTHER);
    let refused = goes(&person, Intent::Deregister, ScreenKind::Deregister);
    chooses_again(&refused);

    let records = shop.path("records");
    person.desk.export_to(Box::new(FolderSink::new(&records))).unwrap();
    person.glass.until("chosen", |screen| row(screen, "Records go") == Some("to the place that you chose"));
    agrees();
    let seen = person.glass.screens().len();
    let erased = goes(&person, Intent::Deregister, ScreenKind::Erased);
    let on_the_way = person.glass.screens().split_off(seen);
    let handing = |screen: &Screen| row(screen, "Records are handed out") == Some("payments.csv");
    assert!(on_the_way.iter().any(handing), "how far it has come is shown");
    assert!(on_the_way.iter().all(|screen| !screen.allows(&Intent::Back)), "there is no way back in the middle");
    let certificate = erased.slip.clone().unwrap();
    assert!(Note::parse(certificate.as_bytes()).is_ok());
    assert_eq!(read(&records, "certificate.txt"), certificate);
    assert_eq!(row(&erased, "Records handed out"), Some("Yes"));

    goes(&person, Intent::SetUpAsNew, ScreenKind::FirstStart);
}

/// Dies once, at the first key that an erasure destroys.
#[derive(Default)]
struct DiesInTheErasure(AtomicBool);

impl FaultPlan for DiesInTheErasure {
    fn reach(&self, point: KillPoint) -> Fate {
        let dies = point.step == "erase.key" && !self.0.swap(true, Ordering::SeqCst);
        if dies { Fate::Die } else { Fate::GoOn }
    }
}

#[test]
fn a_till_that_is_cut_off_in_its_erasure_goes_on_with_the_next_start_and_shows_the_certificate() {
    let shop = shop("desk");
    shop.provision_with(|_| ()).unwrap();
    let terminal = people::open(&shop.home(), shop.ports().0).unwrap();
    let alone = ShopPolicy { two_people_to_deregister: false, ..ShopPolicy::default() };
    terminal.set_policy(&alone).unwrap();
    terminal.close().unwrap();
    let ports = Ports { faults: Arc::new(DiesInTheErasure::default()), ..shop.ports().0 };
    let person = Person::at(&shop.home(), ports);
    person.glass.until_kind(ScreenKind::AmountPad);
    to_settings(&person);
    goes(&person, Intent::ToDeregister, ScreenKind::Deregister);
    goes(&person, Intent::Deregister, ScreenKind::Trouble);
    let erased = goes(&person, Intent::TryAgain, ScreenKind::Erased);
    assert!(Note::parse(erased.slip.unwrap().as_bytes()).is_ok());
    goes(&person, Intent::SetUpAsNew, ScreenKind::FirstStart);
}

#[test]
fn a_loss_is_seen_before_it_is_sent_and_its_number_is_kept() {
    let shop = shop("desk");
    let person = after_a_sale(&shop);
    to_settings(&person);
    let preview = goes(&person, Intent::ToLoss, ScreenKind::Loss);
    assert_eq!(row(&preview, "Taken"), Some("CNY 5.00 (1)"));
    assert_eq!(row(&preview, "Number at the acquirer"), Some("not sent yet"));
    goes(&person, Intent::LossOf { days: 7 }, ScreenKind::Loss);
    let sent = goes(&person, Intent::SendLoss, ScreenKind::Loss);
    let number = sent.headline.unwrap();
    let folder = shop.path("loss");
    person.desk.export_to(Box::new(FolderSink::new(&folder))).unwrap();
    person.glass.until("handed out", |s| s.message.as_deref() == Some("It lies where you wanted it."));
    for file in ["loss-report.txt", "loss-report.html", "loss-report.json"] {
        assert!(read(&folder, file).contains(&number), "{file}");
    }
}

#[test]
fn every_password_is_changed_from_the_frozen_tills_list() {
    let shop = shop("desk");
    let person = after_a_sale(&shop);
    let frozen = goes(&person, Intent::Freeze, ScreenKind::Frozen);
    let ways: Vec<Intent> = buttons(&frozen).into_iter().map(|(_, intent)| intent).collect();
    let order = [Intent::ToLoss, Intent::ToEvidence, Intent::ToRenewPasswords, Intent::Operators, Intent::ToRelease];
    assert_eq!(ways, order, "in the order that helps");
    goes(&person, Intent::ToRenewPasswords, ScreenKind::RenewPasswords);
    let done = goes(&person, Intent::RenewPasswords, ScreenKind::RenewPasswords);
    assert_eq!(done.message.as_deref(), Some("Everybody sets another password at the next sign-in."));
    goes(&person, Intent::Back, ScreenKind::Frozen);
    to_settings(&person);
    goes(&person, Intent::SignOut, ScreenKind::SignIn);
    person.enters(Operator, ALICE.name);
    person.enters(Password, ALICE.password);
    goes(&person, Intent::SignIn, ScreenKind::ChangePassword);
}

#[test]
fn evidence_of_a_payment_is_previewed_agreed_to_and_checked_by_others() {
    let shop = shop("desk");
    let person = after_a_sale(&shop);
    let past = goes(&person, Intent::History, ScreenKind::History);
    let (_, open) = buttons(&past).remove(0);
    let payment = goes(&person, open, ScreenKind::Transaction);
    let of = payment.actions.into_iter().map(|action| action.intent);
    let evidence = of.into_iter().find(|intent| matches!(intent, Intent::EvidenceOf { .. })).unwrap();
    let preview = goes(&person, evidence, ScreenKind::Evidence);
    assert!(preview.rows.iter().any(|row| row.value.contains("No other record and no whole card number")));
    person.enters(Recipient, "the police");
    let folder = shop.path("evidence");
    person.desk.export_to(Box::new(FolderSink::new(&folder))).unwrap();
    person.glass.until_kind(ScreenKind::Disclosed);
    let bundle = Bundle::of_archive(&std::fs::read(folder.join("evidence.zip")).unwrap()).unwrap();
    assert_eq!(verify(&bundle, &[]).unwrap().findings, []);
    goes(&person, Intent::Back, ScreenKind::Transaction);
}

/// A place that takes nothing is found before anybody has agreed to anything.
#[test]
fn evidence_for_which_there_is_no_place_is_not_agreed_to() {
    let shop = shop("desk");
    let person = after_a_sale(&shop);
    let full = shop.path("full");
    std::fs::create_dir(&full).unwrap();
    std::fs::write(full.join("mine.txt"), "a shopping list").unwrap();
    let past = goes(&person, Intent::History, ScreenKind::History);
    let (_, open) = buttons(&past).remove(0);
    let payment = goes(&person, open, ScreenKind::Transaction);
    let of = payment.actions.into_iter().map(|action| action.intent);
    let evidence = of.into_iter().find(|intent| matches!(intent, Intent::EvidenceOf { .. })).unwrap();
    goes(&person, evidence, ScreenKind::Evidence);
    let seen = person.glass.screens().len();
    person.desk.export_to(Box::new(FolderSink::new(&full))).unwrap();
    let says = |screen: &Screen| screen.message.as_deref().is_some_and(|said| said.contains("could not be written"));
    person.glass.until_after(seen, "the refusal", says);
    let disclosures = || {
        let till = shop.till();
        let page = till.terminal.events(Some(0), 100).unwrap();
        page.events.iter().filter(|event| event.kind == DISCLOSED).count()
    };
    drop(person);
    assert_eq!(disclosures(), 0);
    assert_eq!(std::fs::read_dir(&full).unwrap().count(), 1, "and nothing lies there that was not there");
}

#[test]
fn what_the_acquirer_has_not_signed_is_a_strangers() {
    let shop = shop("desk");
    let person = after_a_sale(&shop);
    to_settings(&person);
    let network = goes(&person, Intent::ToNetwork, ScreenKind::Network);
    assert!(network.advice.is_none(), "the network is in order: {network:?}");
    let form = goes(&person, Intent::ToMessage, ScreenKind::Message);
    assert!(form.fields[0].is_long && !form.fields[0].is_secret);
    person.enters(FieldName::Message, "Your terminal is suspended.\nCall +00 000 000 at once.\n");
    let whose = goes(&person, Intent::ReadMessage, ScreenKind::Message);
    assert_eq!(whose.message.as_deref(), Some("This is a stranger's: the acquirer has not signed it."));
    assert!(whose.advice.unwrap().contains("Call the acquirer by the number in your contract"));
}

#[test]
fn a_place_that_nobody_asked_for_is_let_go() {
    let shop = shop("desk");
    let person = after_a_sale(&shop);
    let folder = shop.path("nothing");
    person.desk.export_to(Box::new(FolderSink::new(&folder))).unwrap();
    to_settings(&person);
    let loss = goes(&person, Intent::ToLoss, ScreenKind::Loss);
    assert!(loss.message.unwrap().contains("would be sent"), "nothing was handed out");
    assert!(!folder.exists());
}
