//! The report of a loss over a real till and a real host: its figures are those of the shop's day, it says what was not
//! the shop's doing, and the acquirer gives it a number that is kept.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod shop;

use shop::{Till, named, shop};
use taptill::account::{RefundRules, ShopPolicy};
use taptill::clock::WallMs;
use taptill::error::ErrorCode;
use taptill::ids::AttemptId;
use taptill::incident::freeze::FreezeReason;
use taptill::incident::loss::{LossReport, NotMineWhy, STEPS, Sum, html, print};
use taptill::iso8583::Op;
use taptill::money::{Amount, Currency};
use taptill::payment::{RefundOf, RefundRequest, VoidOrder};
use taptill::text::Language;
use taptill_sandbox::host::told;
use taptill_sandbox::people::{ALICE, BOB, Person};

fn sum(count: u64, minor: u64) -> Sum {
    Sum { count, minor }
}

fn refund_of(attempt: &str, minor: u64) -> RefundRequest {
    let amount = Amount::from_minor(minor, Currency::CNY).unwrap();
    RefundRequest { refund: None, of: RefundOf::Attempt(AttemptId::new(attempt).unwrap()), amount }
}

/// A day: alice sells 10.00 and 20.00, voids the second; bob sells 30.00 and asks for 5.00, which alice lets go; alice
/// lets her own refund of 1.00 go, which the shop's rules allow; one sale is declined; one batch was settled before.
fn a_day(till: &Till) {
    let terminal = &till.terminal;
    terminal.add_operator(BOB.as_new()).unwrap();
    let lax = RefundRules { self_approval_allowed: true, ..RefundRules::default() };
    let mut policy = ShopPolicy::default();
    (policy.refunds.contactless_card, policy.refunds.encrypted_read) = (lax, lax);
    terminal.set_policy(&policy).unwrap();
    till.sell_as(named("A-0", 7_000), "visa").unwrap();
    terminal.settle().unwrap();
    till.sell_as(named("A-1", 1_000), "visa").unwrap();
    till.sell_as(named("A-2", 2_000), "visa").unwrap();
    let of = AttemptId::new("A-2").unwrap();
    terminal.start_void(VoidOrder { attempt: None, of }).unwrap().wait().unwrap();
    let own = terminal.request_refund(&refund_of("A-1", 100)).unwrap().refund;
    terminal.approve_refund(&own).unwrap();
    terminal.sign_in(&BOB.name(), BOB.password(), None).unwrap();
    till.sell_as(named("B-1", 3_000), "visa").unwrap();
    let asked = terminal.request_refund(&refund_of("B-1", 500)).unwrap().refund;
    terminal.approve_refund_as(&asked, &ALICE.name(), ALICE.password()).unwrap();
    terminal.sign_in(&ALICE.name(), ALICE.password(), None).unwrap();
    terminal.freeze(FreezeReason::of("<the phone> & all"), None).unwrap();
}

fn of<'a>(report: &'a LossReport, name: &str) -> &'a taptill::incident::loss::LossSums {
    &report.operators.iter().find(|one| one.name.as_deref() == Some(name)).unwrap().sums
}

#[test]
fn the_figures_are_those_of_the_day() {
    let shop = shop("loss-figures");
    let till = shop.till();
    a_day(&till);
    let report = till.terminal.report_loss(None, None, false).unwrap();
    let sums = report.sums;
    assert_eq!(sums.gross, sum(4, 13_000));
    assert_eq!((sums.voided, sums.refunded), (sum(1, 2_000), sum(2, 600)));
    // What is settled is the bank's already; what was voided or given back is at no risk.
    assert_eq!((sums.at_risk, sums.unknown), (sum(2, 900 + 2_500), Sum::default()));
    assert_eq!((of(&report, "bob").gross, of(&report, "alice").gross), (sum(1, 3_000), sum(3, 10_000)));
    assert_eq!(report.readers.len(), 1, "one reader took all of it");
    assert_eq!(report.readers[0].sums.gross, sums.gross);
    assert_eq!(report.lines.len(), 7, "four sales, a void, two refunds");
    let found: Vec<(NotMineWhy, Option<u64>)> = report.not_mine.iter().map(|one| (one.why, one.minor)).collect();
    assert_eq!(found, [(NotMineWhy::NoSecondPerson, Some(100))]);
    assert_eq!(report.frozen.as_ref().unwrap().by, Some(ALICE.name()));
    // A window without anything has nothing, and one that is none is refused.
    let empty = till.terminal.report_loss(Some(WallMs(0)), Some(WallMs(1_000)), false).unwrap();
    assert_eq!((empty.sums.gross, empty.lines.len()), (Sum::default(), 0));
    let none = till.terminal.report_loss(Some(WallMs(2)), Some(WallMs(2)), false).unwrap_err();
    assert_eq!(none.code(), ErrorCode::StatementPeriodInvalid);
}

#[test]
fn a_report_is_read_by_people_and_shows_no_card() {
    let shop = shop("loss-print");
    let till = shop.till();
    a_day(&till);
    let report = till.terminal.report_loss(None, None, false).unwrap();
    for language in Language::ALL {
        let (text, page) = (print(&report, language), html(&report, language));
        let json = serde_json::to_string(&report).unwrap();
        for shown in [&text, &page, &json] {
            assert!(shown.contains("A-1") && shown.contains("bob"), "{shown}");
            assert!(!shown.contains("476173") && !shown.contains("****"), "no card, masked or not");
        }
        assert!(text.contains("CNY 130.00") && page.contains("CNY 130.00"), "{text}");
        assert!(text.contains("<the phone> & all") && page.contains("&lt;the phone&gt; &amp; all"), "{page}");
        assert!(!page.contains("<script") && page.contains("default-src 'none'"));
        let texts = taptill::text::Catalogue::of(language);
        let places: Vec<usize> =
            STEPS.iter().map(|step| text.find(&texts.say(&format!("loss.step.{step}"), &[])).unwrap()).collect();
        assert!(places.is_sorted(), "the steps stand in the order that helps");
    }
}

#[test]
fn the_acquirer_gives_it_a_number_that_is_kept() {
    let mut shop = shop("loss-sent");
    let till = shop.till();
    a_day(&till);
    let report = till.terminal.report_loss(None, None, true).unwrap();
    let number = report.number.unwrap();
    assert!(print(&report, Language::En).contains(&number.to_string()));
    let at_host = told(&shop.host_home()).unwrap();
    let entry = at_host.iter().find(|entry| entry.op == Op::LossReport).unwrap();
    assert_eq!(entry.number, number);
    let told: serde_json::Value = serde_json::from_str(&entry.text).unwrap();
    assert_eq!(told["sums"]["gross"]["minor"], 13_000);
    assert!(at_host.iter().any(|entry| entry.op == Op::Freeze), "and it knows of the freeze");
    // Without a host there is no number, and the report is there all the same.
    shop.stop_host();
    let error = till.terminal.report_loss(None, None, true).unwrap_err();
    assert_eq!(error.code().row().category.word(), "network", "{error}");
    assert_eq!(till.terminal.report_loss(None, None, false).unwrap().sums, report.sums);
    till.terminal.verify().unwrap();
}

#[test]
fn what_somebody_approved_is_listed_when_that_person_is_gone() {
    let shop = shop("loss-approvals");
    let till = shop.till();
    a_day(&till);
    let whats = |person: Person| {
        let found = till.terminal.approvals(&person.name(), 30).unwrap();
        found.iter().map(|one| one.what).collect::<Vec<_>>()
    };
    assert_eq!(whats(ALICE), ["refund_approved", "refund_approved", "sale_voided", "rules_changed", "operator_added"]);
    assert_eq!(whats(BOB), [""; 0], "bob sells and asks");
    till.terminal.release(&BOB.name(), BOB.password()).unwrap();
    assert_eq!(whats(BOB), ["till_released"], "as the second person");
    till.terminal.remove_operator(&BOB.name(), true).unwrap();
    assert_eq!(whats(BOB), ["till_released"], "also when he is gone");
    assert_eq!(till.terminal.approvals(&ALICE.name(), 0).unwrap(), []);
}

#[test]
fn a_report_that_is_too_long_says_that_it_is_cut() {
    let shop = shop("loss-long");
    let till = shop.till();
    a_day(&till);
    let report = till.terminal.report_loss(None, None, false).unwrap();
    let whole = report.json_within(usize::MAX);
    for most in [whole.len(), whole.len() - 1, 2_500, 10] {
        let json = report.json_within(most);
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(read["is_cut"], most < whole.len(), "{most}");
        assert_eq!(read["sums"]["gross"]["minor"], 13_000, "the figures stay whole");
        assert!(json.len() <= most || read["lines"].as_array().unwrap().is_empty(), "{most}");
    }
}
