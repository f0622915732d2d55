//! Money that is not given back, each for its own reason. Evidence: `sandbox/tests/till_provoke.rs`.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use taptill::account::{RefundRules, ShopPolicy, Verification};
use taptill::ids::{AttemptId, OperatorName, OrderNo, RefundId, Role};
use taptill::money::{Amount, Currency};
use taptill::payment::{RefundOf, RefundRequest, RefundView, RejectionReason, SaleOrder};
use taptill::ports::Posture;
use taptill::secret::SecretBytes;
use taptill::till::NewOperator;

use crate::card;
use crate::desktop::StatedPosture;
use crate::faults::SetClock;
use crate::people;

use super::stage::{Ended, Played, Stage, Till, broken, named, order};

const SALE_MINOR: u64 = 1_000;

pub(super) fn refund_exceeds_captured_amount() -> Played {
    let (_stage, till, sale) = sold()?;
    request(&till, &sale, SALE_MINOR + 1).map(drop)
}

pub(super) fn refund_currency_differs() -> Played {
    let (_stage, till, sale) = sold()?;
    let yen = Amount::from_minor(100, Currency::from_code("JPY")?)?;
    Ok(till
        .terminal
        .request_refund(&RefundRequest { refund: None, of: RefundOf::Attempt(sale), amount: yen })
        .map(drop)?)
}

pub(super) fn refund_unknown() -> Played {
    Ok(Stage::set()?.till()?.terminal.approve_refund(&RefundId::new("rf-0000000000000000")?).map(drop)?)
}

pub(super) fn refund_conflict() -> Played {
    let (_stage, till, sale) = sold()?;
    let refund = Some(RefundId::new("return-7")?);
    for minor in [100, 200] {
        till.terminal.request_refund(&RefundRequest { refund: refund.clone(), ..of(&sale, minor)? })?;
    }
    Ok(())
}

pub(super) fn refund_ambiguous() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    let same = OrderNo::new("table-7")?;
    for _ in 0..2 {
        till.sell(SaleOrder { order: Some(same.clone()), ..order(SALE_MINOR)? })?;
    }
    let amount = Amount::from_minor(100, Currency::CNY)?;
    Ok(till.terminal.request_refund(&RefundRequest { refund: None, of: RefundOf::Order(same), amount }).map(drop)?)
}

pub(super) fn approver_is_requester() -> Played {
    let (_stage, till, sale) = sold()?;
    let refund = request(&till, &sale, 100)?;
    Ok(till.terminal.approve_refund(&refund.refund).map(drop)?)
}

pub(super) fn approver_appointed_by_requester() -> Played {
    let (_stage, till, sale) = sold()?;
    let (carol, password) = (OperatorName::new("carol")?, || SecretBytes::new(b"nine cups of tea 4".to_vec()));
    let is_temporary = false;
    till.terminal.add_operator(NewOperator {
        name: carol.clone(),
        role: Role::Supervisor,
        password: password(),
        is_temporary,
    })?;
    let refund = request(&till, &sale, 100)?;
    Ok(till.terminal.approve_refund_as(&refund.refund, &carol, password()).map(drop)?)
}

pub(super) fn refund_not_waiting() -> Played {
    let (_stage, till, sale) = sold()?;
    let refund = request(&till, &sale, 100)?;
    till.terminal.reject_refund(&refund.refund, RejectionReason::new("it was a mistake")?)?;
    Ok(till.terminal.reject_refund(&refund.refund, RejectionReason::new("once more")?).map(drop)?)
}

pub(super) fn refund_rejected_reason_missing() -> Played {
    let (_stage, till, sale) = sold()?;
    let refund = request(&till, &sale, 100)?;
    Ok(till.terminal.reject_refund(&refund.refund, RejectionReason::new("  ")?).map(drop)?)
}

pub(super) fn refund_expired() -> Played {
    let (stage, clock) = (Stage::set()?, SetClock::ahead_by_ms(0));
    let lent = clock.clone();
    let till = stage.till_with(|ports| ports.clock = lent)?;
    rule(&till, |rules| rules.request_lifetime_ms = 1_000)?;
    let sale = sell(&till)?;
    let refund = request(&till, &sale, 100)?;
    clock.passes_ms(2_000);
    Ok(till.terminal.reject_refund(&refund.refund, RejectionReason::new("too late")?).map(drop)?)
}

pub(super) fn refund_window_over() -> Played {
    let (stage, clock) = (Stage::set()?, SetClock::ahead_by_ms(0));
    let lent = clock.clone();
    let till = stage.till_with(|ports| ports.clock = lent)?;
    rule(&till, |rules| rules.window_days = 1)?;
    let sale = sell(&till)?;
    clock.passes_ms(3 * 86_400_000);
    people::let_in(&till.terminal)?;
    request(&till, &sale, 100).map(drop)
}

pub(super) fn refund_needs_connection() -> Played {
    let (stage, till, sale) = sold()?;
    till.terminal.close()?;
    drop(till);
    let till = stage.open_with(|ports| ports.network_posture = Arc::new(StatedPosture(Posture::Absent)))?;
    request(&till, &sale, 100).map(drop)
}

pub(super) fn verification_not_available() -> Played {
    let (_stage, till, sale) = sold()?;
    rule(&till, |rules| rules.verification = Verification::Pin)?;
    request(&till, &sale, 100).map(drop)
}

pub(super) fn refund_card_differs() -> Played {
    let (_stage, till, sale) = sold()?;
    rule(&till, |rules| rules.verification = Verification::CardAgain)?;
    request_with(&till, &sale, |till| {
        let other = card::named("visa-cvn10").ok_or_else(|| broken("there is no such card"))?;
        Ok(till.terminal.present(other.tap())?)
    })
}

pub(super) fn refund_card_not_read() -> Played {
    let (_stage, till, sale) = sold()?;
    rule(&till, |rules| rules.verification = Verification::CardAgain)?;
    request_with(&till, &sale, |till| {
        let card = card::named("garbage").ok_or_else(|| broken("there is no such card"))?;
        Ok(till.terminal.present(card.tap())?)
    })
}

/// The host has other bookings under all numbers that the till could take next.
pub(super) fn refund_stan_taken() -> Played {
    let (stage, till, sale) = sold()?;
    let book = rusqlite::Connection::open(stage.host_home().join("book.sqlite3")).map_err(broken)?;
    book.execute_batch("CREATE TEMP TABLE copy AS SELECT * FROM entries LIMIT 1").map_err(broken)?;
    for stan in 2..=TAKEN_STANS {
        book.execute("UPDATE copy SET id = ?1 + 1000, stan = ?1", [stan]).map_err(broken)?;
        book.execute_batch("INSERT OR IGNORE INTO entries SELECT * FROM copy").map_err(broken)?;
    }
    drop(book);
    rule(&till, |rules| rules.self_approval_allowed = true)?;
    let refund = request(&till, &sale, 100)?;
    Ok(till.terminal.approve_refund(&refund.refund).map(drop)?)
}

/// A till with an approved sale, and alice at it.
pub(super) fn sold() -> Played<(Stage, Till, AttemptId)> {
    let stage = Stage::set()?;
    let till = stage.till()?;
    let sale = sell(&till)?;
    Ok((stage, till, sale))
}

fn sell(till: &Till) -> Played<AttemptId> {
    Ok(till.sell(named("sold", SALE_MINOR)?)?.attempt)
}

pub(super) fn request(till: &Till, sale: &AttemptId, minor: u64) -> Played<RefundView> {
    Ok(till.terminal.request_refund(&of(sale, minor)?)?)
}

fn of(sale: &AttemptId, minor: u64) -> Played<RefundRequest> {
    let amount = Amount::from_minor(minor, Currency::CNY)?;
    Ok(RefundRequest { refund: None, of: RefundOf::Attempt(sale.clone()), amount })
}

/// A request that waits for a card in the field; this is what happens there.
fn request_with(till: &Till, sale: &AttemptId, field: impl FnOnce(&Till) -> Played) -> Played {
    while till.field.try_recv().is_ok() {}
    let (terminal, wanted) = (Arc::clone(&till.terminal), of(sale, 100)?);
    let (told, result) = channel();
    std::thread::spawn(move || {
        // Nobody waits any more once the stage has lost its patience.
        let _ = told.send(terminal.request_refund(&wanted));
    });
    till.field.recv_timeout(PATIENCE).map_err(broken)?;
    field(till)?;
    Ok(result.recv_timeout(PATIENCE).map_err(broken)?.map(drop)?)
}

/// Changes the rules about refunds of cards.
fn rule(till: &Till, change: impl FnOnce(&mut RefundRules)) -> Result<(), Ended> {
    let mut policy: ShopPolicy = till.terminal.policy()?;
    change(&mut policy.refunds.contactless_card);
    Ok(till.terminal.set_policy(&policy)?)
}

/// More than a till tries.
const TAKEN_STANS: i64 = 60;
const PATIENCE: Duration = Duration::from_secs(30);
