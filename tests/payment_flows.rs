//! What a caller of the payment room can rely on, from outside.

#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

mod support;

use std::sync::atomic::Ordering;

use support::host::Trouble;
use support::world::{Caller, World, order, order_no, provisioning, yuan};
use taptill::emv::TerminalData;
use taptill::error::Error;
use taptill::ids::AttemptId;
use taptill::payment::state::State;
use taptill::payment::{AttemptView, ListQuery, Reason, ReceiptCopy, Reply, SaleOrder};
use taptill::ports::{Fate, Notice, Prompt, ReaderFault};
use taptill_sandbox::card::{self, Misbehaviour};

fn code(result: Result<AttemptView, Error>) -> &'static str {
    result.expect_err("an error").code().code()
}

fn told(world: &mut World, ticket: taptill::payment::Ticket) -> Result<AttemptView, Error> {
    match world.await_caller(ticket) {
        Caller::Told(Ok(Reply::Attempt(view))) => Ok(*view),
        Caller::Told(Err(error)) => Err(error),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_sale_is_approved_booked_once_and_shown_as_it_is() {
    for dialect in ["iso87", "unionpay"] {
        let mut world = World::with(1, dialect, |_| {});
        let view = world.sell("A-1", 1_230).unwrap().unwrap();
        assert_eq!(view.state, State::Approved, "{dialect} {view:?}");
        assert_eq!(view.card_masked.as_ref().unwrap().as_str(), "476173******0119");
        assert_eq!((view.auth_code.unwrap().as_str(), view.rrn.unwrap().as_str()), ("A1B2C3", "260101000001"));
        assert_eq!((view.host_code.unwrap().as_str(), view.stan.unwrap().number()), ("00", 1));
        assert_eq!(view.host_time.as_deref(), Some("0101120000"));
        assert_eq!(world.host.book.len(), 1);
        assert!(world.status("A-1").unwrap().delivered);
        let kinds = ["prepared", "in_doubt", "approved", "delivered"].map(|kind| format!("attempt.{kind}"));
        assert_eq!(world.kinds(), kinds);
    }
}

#[test]
fn the_observer_hears_each_state_once_in_order() {
    let mut world = World::new(1);
    world.host.troubles.push_back(Trouble::NoAnswer);
    world.sell("A-1", 1_230).unwrap().unwrap();
    world.settle_down();
    let states: Vec<&str> = world
        .notices
        .iter()
        .filter_map(|notice| match notice {
            Notice::Attempt { state, .. } => Some(*state),
            _ => None,
        })
        .collect();
    assert_eq!(states, ["prepared", "in_doubt", "reversal_due", "reversed"]);
    assert!(world.notices.contains(&Notice::Show(Prompt::PresentCard)));
}

#[test]
fn the_guards_refuse_in_their_documented_order() {
    let mut world = World::new(1);
    world.sell("A-1", 1_230).unwrap().unwrap();
    let refused = |world: &mut World, attempt: &str, minor: u64| code(world.sell(attempt, minor).unwrap());
    assert_eq!(refused(&mut world, "A-1", 0), "amount_zero");
    assert_eq!(refused(&mut world, "A-1", 5_000_001), "amount_over_limit");
    assert_eq!(refused(&mut world, "A-1", 1_231), "attempt_conflict");
    let yen = taptill::money::Currency::from_code("JPY").unwrap();
    let amount = taptill::money::Amount::from_minor(100, yen).unwrap();
    let ticket = world.start(SaleOrder { amount, ..order("A-2", 1) });
    assert_eq!(code(told(&mut world, ticket)), "currency_not_accepted");
    world.card_is_there = false;
    let first = world.start_and_wait("A-3", 500, 100);
    assert_eq!(refused(&mut world, "A-4", 500), "till_busy");
    assert_eq!(refused(&mut world, "A-3", 501), "attempt_conflict", "known comes before busy");
    assert_eq!(world.cancel("A-3").unwrap().state, State::NotSent);
    assert_eq!(told(&mut world, first).unwrap().state, State::NotSent);
}

#[test]
fn the_same_attempt_again_is_the_same_sale() {
    let mut world = World::new(1);
    let first = world.sell("A-1", 1_230).unwrap().unwrap();
    let again = world.sell("A-1", 1_230).unwrap().unwrap();
    assert_eq!((again.state, again.stan), (first.state, first.stan));
    world.restart();
    assert_eq!(world.sell("A-1", 1_230).unwrap().unwrap().stan, first.stan);
    assert_eq!(world.host.heard.len(), 1);
    let ordered = SaleOrder { order: Some(order_no("O-1")), ..order("A-1", 1_230) };
    let ticket = world.start(ordered);
    assert_eq!(code(told(&mut world, ticket)), "attempt_conflict", "another order is another sale");
}

#[test]
fn the_same_attempt_while_it_runs_joins_it() {
    let mut world = World::new(1);
    let first = world.start(order("A-1", 1_230));
    let second = world.start(order("A-1", 1_230));
    assert_eq!(told(&mut world, first).unwrap().state, State::Approved);
    assert_eq!(told(&mut world, second).unwrap().state, State::Approved);
    assert_eq!(world.host.heard.len(), 1);
}

#[test]
fn an_attempt_without_a_name_gets_one() {
    let mut world = World::new(1);
    let tickets = [(); 2].map(|()| {
        let ticket = world.start(SaleOrder { attempt: None, amount: yuan(100), order: None });
        told(&mut world, ticket).unwrap().attempt
    });
    assert_ne!(tickets[0], tickets[1]);
    assert_eq!(world.begun, tickets);
}

#[test]
fn cancel_always_ends() {
    let mut world = World::new(1);
    assert_eq!(code(world.cancel("A-1")), "attempt_unknown");
    world.card_is_there = false;
    let ticket = world.start_and_wait("A-1", 500, 100);
    let view = world.cancel("A-1").unwrap();
    assert_eq!((view.state, view.reason, view.stan), (State::NotSent, Some(Reason::Cancelled), None));
    assert_eq!(told(&mut world, ticket).unwrap().state, State::NotSent);
    assert_eq!(code(world.cancel("A-1")), "attempt_already_finished");
    world.card_is_there = true;
    // The line is being made: nothing has left.
    let ticket = world.start(order("A-2", 500));
    while world.status("A-2").unwrap().stan.is_none() {
        world.wait(1);
    }
    let view = world.cancel("A-2").unwrap();
    assert_eq!((view.state, view.reason), (State::NotSent, Some(Reason::Cancelled)));
    assert!(view.stan.is_some(), "its STAN is burnt");
    assert!(told(&mut world, ticket).is_ok());
    // The request has left.
    world.host.troubles.push_back(Trouble::NoAnswer);
    let ticket = world.start(order("A-3", 500));
    while world.status("A-3").unwrap().state != State::InDoubt {
        world.wait(1);
    }
    assert_eq!(code(world.cancel("A-3")), "too_late_to_cancel");
    assert_eq!(told(&mut world, ticket).unwrap().state, State::ReversalDue);
    world.settle_down();
    assert_eq!(code(world.cancel("A-3")), "attempt_already_finished");
    assert_eq!(world.sell("A-4", 500).unwrap().unwrap().state, State::Approved);
    let stans: Vec<u32> = world.attempts().iter().filter_map(|view| Some(view.stan?.number())).collect();
    assert_eq!(stans, [1, 2, 3]);
}

#[test]
fn a_refused_sign_on_is_told_with_its_code() {
    let mut world = World::new(1);
    world.host.sign_on_refusal = Some("03");
    for _again in 0..2 {
        let error = world.sell("A-1", 500).unwrap().unwrap_err();
        assert_eq!((error.code().code(), error.host_code().unwrap().as_str()), ("sign_on_refused", "03"));
    }
    world.host.sign_on_refusal = None;
    assert_eq!(world.sell("A-2", 500).unwrap().unwrap().state, State::Approved);
}

/// What an error says of the money is true of the attempt that it names.
#[test]
fn an_error_about_an_attempt_says_how_its_money_stands() {
    use taptill::error::{Money, Reversal};
    for (trouble, state, money, reversal) in [
        (Trouble::None, "approved", Money::Moved, Reversal::NotNeeded),
        (Trouble::Decline, "declined", Money::NotMoved, Reversal::NotNeeded),
        (Trouble::NoAnswer, "reversed", Money::Reversed, Reversal::Done),
        (Trouble::RefuseReversal, "reversal_stuck", Money::MayHaveMoved, Reversal::Required),
    ] {
        let mut world = World::new(1);
        world.host.troubles.push_back(trouble);
        world.sell("A-1", 1_230).unwrap().unwrap();
        if trouble != Trouble::None {
            let error = world.cancel("A-1").unwrap_err();
            let owed = trouble != Trouble::Decline;
            assert_eq!(error.money(), if owed { Money::MayHaveMoved } else { Money::NotMoved }, "{state}");
            world.settle_down();
        }
        let error = world.cancel("A-1").unwrap_err();
        assert_eq!(
            (error.code().code(), error.money(), error.reversal()),
            ("attempt_already_finished", money, reversal)
        );
        let json = serde_json::to_value(&error).unwrap();
        assert_eq!((json["state"].as_str(), json["money"].as_str()), (Some(state), Some(money.word())));
        world.entropy.fails.store(true, Ordering::Relaxed);
        let error = world.print("A-1", ReceiptCopy::Customer).unwrap_err();
        assert_eq!((error.code().code(), error.money(), error.reversal()), ("entropy_failed", money, reversal));
        world.entropy.fails.store(false, Ordering::Relaxed);
    }
}

#[test]
fn every_end_of_a_tap_is_an_end_of_the_attempt() {
    for (name, minor, state, reason) in [
        ("visa-declines", 1_230, State::Declined, Some(Reason::Card)),
        ("visa-pin", 100_000, State::NotSent, Some(Reason::OnlinePinRequired)),
        ("other-scheme", 1_230, State::NotSent, Some(Reason::EndApplication)),
        ("visa-phone", 1_230, State::Approved, None),
    ] {
        let mut world = World::new(1);
        world.card = card::named(name).unwrap();
        let view = world.sell("A-1", minor).unwrap().unwrap();
        assert_eq!((view.state, view.reason), (state, reason), "{name}");
        assert_eq!(world.host.book.len(), usize::from(state == State::Approved), "{name}");
        world.card = card::named("visa").unwrap();
        assert_eq!(world.sell("A-2", 500).unwrap().unwrap().state, State::Approved, "after {name}");
    }
}

#[test]
fn an_offline_approval_is_not_sold_on() {
    let mut world = World::with(1, "iso87", |configuration| {
        let json = serde_json::to_string(&configuration.terminal_data).unwrap();
        let offline = json.replace("\"contactless_floor_limit\":0", "\"contactless_floor_limit\":5000");
        assert_ne!(offline, json);
        configuration.terminal_data = TerminalData::from_json(&offline).unwrap();
    });
    world.card = card::named("visa-offline").unwrap();
    let view = world.sell("A-1", 100).unwrap().unwrap();
    assert_eq!((view.state, view.reason), (State::NotSent, Some(Reason::OfflineApprovalNotSupported)));
}

#[test]
fn a_card_that_misbehaves_ends_the_attempt_and_not_the_till() {
    for (misbehaviour, state, reason) in [
        (Misbehaviour::LeavesAfter(2), State::NotSent, Some(Reason::CardLost)),
        (Misbehaviour::SilentAfter(2), State::NotSent, Some(Reason::CardLost)),
        (Misbehaviour::GarbageAfter(2), State::NotSent, Some(Reason::EndApplication)),
        (Misbehaviour::SeePhone, State::Approved, None),
    ] {
        let mut world = World::new(1);
        world.card = card::named("visa").unwrap().misbehaving(misbehaviour);
        let view = world.sell("A-1", 1_230).unwrap().unwrap();
        assert_eq!((view.state, view.reason), (state, reason), "{misbehaviour:?}");
        world.card = card::named("visa").unwrap();
        assert_eq!(world.sell("A-2", 500).unwrap().unwrap().state, State::Approved, "after {misbehaviour:?}");
    }
}

#[test]
fn a_host_decline_is_an_outcome_with_its_code() {
    let mut world = World::new(1);
    world.host.troubles.push_back(Trouble::Decline);
    let view = world.sell("A-1", 1_230).unwrap().unwrap();
    assert_eq!((view.state, view.host_code.unwrap().as_str()), (State::Declined, "51"));
    assert!(world.resolve().unwrap().left.is_empty());
}

#[test]
fn without_a_host_it_is_an_error_and_the_attempt_is_not_sent_with_its_stan_burnt() {
    let mut world = World::new(1);
    world.host.up = false;
    let error = world.sell("A-1", 1_230).unwrap().unwrap_err();
    assert_eq!((error.code().code(), error.attempt().unwrap().as_str()), ("host_unreachable", "A-1"));
    let view = world.status("A-1").unwrap();
    assert_eq!((view.state, view.reason), (State::NotSent, Some(Reason::Unreachable)));
    world.host.up = true;
    assert_eq!(code(world.sell("A-1", 1_230).unwrap()), "host_unreachable", "the same attempt has had its end");
    let next = world.sell("A-2", 1_230).unwrap().unwrap();
    assert_eq!((next.state, next.stan.unwrap().number()), (State::Approved, 2));
}

/// A finished read serves until its sale is over: another batch, or a line that breaks before anything left, asks for no
/// second one, and a sale that is over leaves nothing of it.
#[test]
fn a_finished_read_serves_its_sale_alone_and_once() {
    let mut world = World::speaking("encrypted", 1);
    world.host.batch = 7;
    let view = world.sell("A-1", 1_230).unwrap().unwrap();
    assert_eq!((view.state, view.batch.unwrap().number()), (State::Approved, 7), "prepared anew");
    assert_eq!(world.asked_reads.len(), 1);
    world.host.troubles.push_back(Trouble::NoAnswer);
    let rows = world.side_rows();
    world.sell("A-2", 500).unwrap().unwrap();
    assert_eq!(world.side_rows(), rows + 1, "for the reversal");
    world.settle_down();
    assert_eq!((world.status("A-2").unwrap().state, world.side_rows()), (State::Reversed, rows));
    assert_eq!(world.asked_reads.len(), 2);
    assert_ne!(world.asked_reads[0].nonce, world.asked_reads[1].nonce);
    assert_eq!(world.asked_reads[1].attempt.as_str(), "A-2");
    let nonce = taptill::hex::encode(&world.asked_reads[0].nonce).to_lowercase();
    for (kind, body) in world.journal() {
        let said = body.to_string().to_lowercase();
        assert!(!said.contains("scripted-1") && !said.contains(&nonce), "{kind} holds the read");
    }
}

#[test]
fn a_read_that_comes_when_its_sale_is_over_is_nobodys() {
    let mut world = World::speaking("encrypted", 1);
    world.card_is_there = false;
    let ticket = world.start_and_wait("A-1", 500, 700);
    assert!(!world.is_told(ticket));
    assert_eq!(world.status("A-1").unwrap().state, State::Prepared, "it waits for a card");
    let cancelled = world.cancel("A-1").unwrap();
    assert_eq!((cancelled.state, cancelled.reason), (State::NotSent, Some(Reason::Cancelled)));
    world.give_read(Err(ReaderFault::Failed));
    world.card_is_there = true;
    assert_eq!(world.sell("A-2", 300).unwrap().unwrap().state, State::Approved);
    world.give_read(Err(ReaderFault::Cancelled));
    assert_eq!(world.host.book.len(), 1);
}

#[test]
fn without_randomness_no_read_is_asked_for() {
    let mut world = World::speaking("encrypted", 1);
    world.entropy.fails.store(true, Ordering::Relaxed);
    assert_eq!(code(world.sell("A-1", 500).unwrap()), "entropy_failed");
    world.entropy.fails.store(false, Ordering::Relaxed);
    assert_eq!(world.asked_reads.len(), 0);
    assert_eq!(world.sell("A-1", 500).unwrap().unwrap().state, State::Approved, "nothing of it had happened");
}

#[test]
fn a_sign_on_that_opens_another_batch_prepares_the_sale_anew() {
    let mut world = World::new(1);
    world.host.batch = 7;
    let view = world.sell("A-1", 1_230).unwrap().unwrap();
    assert_eq!((view.state, view.batch.unwrap().number()), (State::Approved, 7));
    assert!(world.host.book.contains_key(&("000007".into(), "000002".into())), "{:?}", world.host.book);
    world.restart();
    let view = world.sell("A-2", 1_230).unwrap().unwrap();
    assert_eq!((view.batch.unwrap().number(), view.stan.unwrap().number()), (7, 3), "remembered");
}

#[test]
fn stans_go_on_after_a_restart() {
    let mut world = World::new(1);
    let mut stans = Vec::new();
    for sale in 0..4 {
        stans.push(world.sell(&format!("A-{sale}"), 100).unwrap().unwrap().stan.unwrap().number());
        world.restart();
    }
    assert_eq!(stans, [1, 2, 3, 4]);
}

#[test]
fn lists_are_newest_first_and_a_cursor_is_stable_under_new_sales() {
    let mut world = World::new(1);
    for sale in 0..5 {
        let number = order_no(if sale % 2 == 0 { "even" } else { "odd" });
        let ticket = world.start(SaleOrder { order: Some(number), ..order(&format!("A-{sale}"), 100) });
        told(&mut world, ticket).unwrap();
    }
    let names = |views: &[AttemptView]| views.iter().map(|view| view.attempt.to_string()).collect::<Vec<_>>();
    let page = world.list(ListQuery { limit: 2, ..ListQuery::default() }).unwrap();
    assert_eq!(names(&page.attempts), ["A-4", "A-3"]);
    world.sell("A-9", 100).unwrap().unwrap();
    let page = world.list(ListQuery { limit: 2, cursor: page.next, ..ListQuery::default() }).unwrap();
    assert_eq!(names(&page.attempts), ["A-2", "A-1"]);
    let page = world.list(ListQuery { order: Some(order_no("odd")), ..ListQuery::default() }).unwrap();
    assert_eq!((names(&page.attempts), page.next), (vec!["A-3".to_owned(), "A-1".to_owned()], None));
    let from = world.status("A-4").unwrap().created_ms;
    let page = world.list(ListQuery { from: Some(from), ..ListQuery::default() }).unwrap();
    assert_eq!(names(&page.attempts), ["A-9", "A-4"]);
    let refused = world.list(ListQuery { cursor: Some("x".into()), ..ListQuery::default() }).unwrap_err();
    assert_eq!(refused.code().code(), "identifier_malformed");
}

#[test]
fn receipts_are_counted_by_copy_and_refused_where_there_is_none() {
    let mut world = World::new(1);
    world.sell("A-1", 1_230).unwrap().unwrap();
    assert_eq!(world.print("A-1", ReceiptCopy::Customer).unwrap(), 0);
    assert_eq!(world.print("A-1", ReceiptCopy::Customer).unwrap(), 1);
    assert_eq!(world.print("A-1", ReceiptCopy::Merchant).unwrap(), 0);
    assert_eq!(world.print("A-2", ReceiptCopy::Merchant).unwrap_err().code().code(), "attempt_unknown");
    world.host.up = false;
    world.wait(60_000);
    world.sell("A-2", 1_230).unwrap().unwrap_err();
    assert_eq!(world.print("A-2", ReceiptCopy::Merchant).unwrap_err().code().code(), "receipt_not_available");
}

#[test]
fn resolve_ends_with_a_report_even_without_a_host() {
    let mut world = World::new(1);
    world.host.troubles.push_back(Trouble::NoAnswer);
    world.host.goes_down_after_sale = true;
    world.sell("A-1", 1_230).unwrap().unwrap();
    world.wait(30_000);
    let resolved = world.resolve().unwrap();
    assert_eq!((resolved.closed.len(), resolved.left.len()), (0, 1));
    world.host.up = true;
    let resolved = world.resolve().unwrap();
    assert_eq!((resolved.closed.len(), resolved.left.len()), (1, 0), "now, whatever the wait");
    assert_eq!(resolved.closed[0].attempt, AttemptId::new("A-1").unwrap());
}

#[test]
fn a_stuck_reversal_blocks_the_next_sale_only_where_policy_says_so() {
    for blocks in [false, true] {
        let mut world = World::with(1, "iso87", |configuration| configuration.policy.stuck_blocks_sales = blocks);
        world.host.troubles.push_back(Trouble::RefuseReversal);
        world.sell("A-1", 1_230).unwrap().unwrap();
        world.settle_down();
        assert_eq!(world.status("A-1").unwrap().state, State::ReversalStuck);
        match world.sell("A-2", 500).unwrap() {
            Ok(view) => assert_eq!((blocks, view.state), (false, State::Approved)),
            Err(error) => assert_eq!((blocks, error.code().code()), (true, "reversal_pending")),
        }
    }
}

/// A disk that is full, or fails a sync, at each record of a sale: what the caller is told, what the host got, and
/// what it is in the end.
#[test]
fn a_failing_disk_never_sends_unrecorded_and_never_approves_unrecorded() {
    let full = Fate::DiskFull;
    let unsynced = Fate::SyncFailed;
    for (point, fate, told, heard, end) in [
        ("before attempt.prepared", full, Err("disk_full"), 0, Err("attempt_unknown")),
        // What a debt needs, and what closes one, has the room that was kept for it.
        ("before host.signed_on", full, Ok(State::Approved), 1, Ok(State::Approved)),
        ("before attempt.in_doubt", full, Err("disk_full"), 0, Ok(State::NotSent)),
        ("before attempt.approved", full, Ok(State::Approved), 1, Ok(State::Approved)),
        ("before attempt.delivered", full, Ok(State::Approved), 1, Ok(State::Approved)),
        ("before attempt.prepared", unsynced, Err("sync_failed"), 0, Err("attempt_unknown")),
        ("before attempt.in_doubt", unsynced, Err("sync_failed"), 0, Ok(State::NotSent)),
        ("after attempt.in_doubt", unsynced, Err("sync_failed"), 0, Ok(State::Reversed)),
        ("before attempt.approved", unsynced, Ok(State::InDoubt), 1, Ok(State::Reversed)),
        ("after attempt.approved", unsynced, Ok(State::InDoubt), 1, Ok(State::Approved)),
    ] {
        let mut world = World::new(1);
        world.plan.fail_at(point, fate, 1);
        let result = world.sell("A-1", 1_230).unwrap();
        let said = result.map(|view| view.state).map_err(|error| error.code().code());
        assert_eq!(said, told, "{point} {fate:?}");
        assert_eq!(world.host.heard.len(), heard, "{point} {fate:?}");
        assert_eq!(world.is_open(), fate == full, "{point} {fate:?}: an unsure journal stops the till");
        world.settle_down();
        let state = world.status("A-1").map(|view| view.state).map_err(|error| error.code().code());
        assert_eq!(state, end, "{point} {fate:?}");
        let next = world.sell("A-2", 500).unwrap().unwrap();
        assert_eq!(next.state, State::Approved, "after {point} {fate:?}");
    }
}

/// A journal that can write nothing from this point on, and later can again.
fn dumb_from(world: &mut World, point: &'static str) {
    let entropy = world.entropy.clone();
    world.plan.set_hook(Some(Box::new(move |reached| {
        if reached == point {
            entropy.fails.store(true, Ordering::Relaxed);
        }
    })));
}

fn speaks_again(world: &mut World) {
    world.plan.set_hook(None);
    world.entropy.fails.store(false, Ordering::Relaxed);
}

#[test]
fn an_approval_that_cannot_be_recorded_is_reversed_and_stops_the_selling() {
    let mut world = World::new(1);
    dumb_from(&mut world, "before attempt.approved");
    let view = world.sell("A-1", 1_230).unwrap().unwrap();
    assert_eq!(view.state, State::InDoubt);
    world.wait(30_000);
    assert_eq!(code(world.sell("A-2", 500).unwrap()), "entropy_failed");
    assert_eq!(world.status("A-1").unwrap().state, State::InDoubt, "status always answers");
    speaks_again(&mut world);
    world.wait(5_000);
    let view = world.status("A-1").unwrap();
    assert_eq!((view.state, view.reason), (State::Reversed, Some(Reason::AnswerNotRecorded)));
    assert_eq!(world.host.reversal_reasons, ["96"]);
    assert_eq!(world.sell("A-2", 500).unwrap().unwrap().state, State::Approved);
}

#[test]
fn what_cannot_be_recorded_before_the_doubt_is_not_sent() {
    for (point, told) in [
        ("before attempt.prepared", Err("entropy_failed")),
        ("before host.signed_on", Err("entropy_failed")),
        ("before attempt.in_doubt", Err("entropy_failed")),
    ] {
        let mut world = World::new(1);
        dumb_from(&mut world, point);
        let result = world.sell("A-1", 1_230).unwrap();
        assert_eq!(result.map(|view| view.state).map_err(|error| error.code().code()), told, "{point}");
        assert!(world.host.heard.is_empty(), "{point}");
        speaks_again(&mut world);
        world.wait(5_000);
        assert_eq!(world.sell("A-2", 500).unwrap().unwrap().state, State::Approved, "after {point}");
        assert!(world.attempts().iter().all(|view| view.state.is_final()));
    }
}

#[test]
fn the_card_data_go_when_the_debt_is_closed_and_never_enter_an_event() {
    for trouble in [Trouble::None, Trouble::Decline, Trouble::NoAnswer] {
        let mut world = World::new(1);
        world.host.troubles.push_back(trouble);
        world.sell("A-1", 1_230).unwrap().unwrap();
        world.settle_down();
        assert_eq!(world.side_rows(), ["account/secrets", "working-keys"].len() as u64, "{trouble:?}");
        for (kind, body) in world.journal() {
            let text = body.to_string();
            assert!(!text.contains("4761739001010119"), "{kind} holds a card number");
            assert!(!text.contains(support::host::MASTER_KEY_HEX), "{kind} holds a key");
        }
    }
}

#[test]
fn a_late_answer_is_in_the_journal_as_evidence() {
    let mut world = World::new(1);
    world.host.troubles.push_back(Trouble::LateAnswer);
    world.sell("A-1", 1_230).unwrap().unwrap();
    world.settle_down();
    let events = world.journal();
    let late = events.iter().find(|(kind, _)| kind == "attempt.late_answer").unwrap();
    assert_eq!(late.1["host_code"], "00");
    assert_eq!(world.status("A-1").unwrap().state, State::Reversed);
}

#[test]
fn a_till_is_provisioned_once_and_not_opened_without() {
    let world = World::new(1);
    let path = world.folder().join("other.db");
    let mut journal = world.create_journal(&path);
    let refused = taptill::account::open(&journal, &*world.keys).err().unwrap();
    assert_eq!(refused.code().code(), "not_provisioned");
    let toml = taptill::iso8583::Dialect::shipped("iso87").unwrap();
    let mut given = provisioning(toml);
    taptill::account::accept(&mut journal, &given, &*world.keys, world.now).unwrap();
    for contents in ["the_same", "different"] {
        let refused = taptill::account::accept(&mut journal, &given, &*world.keys, world.now).unwrap_err();
        assert_eq!(refused.to_string(), format!("already_provisioned contents={contents}"));
        given.configuration.merchant.name = "Another shop".into();
    }
    let account = taptill::account::open(&journal, &*world.keys).unwrap();
    assert_eq!(account.secrets.master_key_hex.expose(), support::host::MASTER_KEY_HEX);
    let other_device = support::device::MemoryKeys::default();
    let refused = taptill::account::open(&journal, &other_device).err().unwrap();
    assert_eq!(refused.code().code(), "device_key_missing");
}
