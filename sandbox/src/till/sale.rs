//! `sale AMOUNT`: one payment with a simulated card.
//!
//! The command returns as soon as the outcome is told. A sale whose outcome is not known yet is told as such;
//! its debt is in the journal, and `resolve`, the next sale or an open `shell` drives it to its end.
//! Evidence: `sandbox/tests/till_sales.rs`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use taptill::error::ErrorCode;
use taptill::ids::{AttemptId, OrderNo};
use taptill::money::{Amount, Currency};
use taptill::payment::{AttemptView, SaleOrder};
use taptill::terminal::Terminal;

use crate::card::{self, SimulatedCard};

use super::args::SaleArguments;
use super::context::Till;
use super::failure::Failure;
use super::output::Reply;
use super::screen::Screen;
use super::view;

/// How often the customer taps before the cashier gives up.
const TAPS_MAX: u32 = 3;

pub(super) fn run(till: &mut Till, arguments: &SaleArguments) -> Result<Reply, Failure> {
    let currency = arguments.currency.as_deref().map(Currency::from_code).transpose()?;
    let attempt = arguments.attempt.as_deref().map(AttemptId::new).transpose()?;
    let order = arguments.order.as_deref().map(OrderNo::new).transpose()?;
    // What no till would take is refused without opening one.
    Amount::parse_charge(&arguments.amount, currency.unwrap_or(Currency::CNY))?;
    let card = card_from_pocket(&arguments.card, &till.cards()?)?;
    let (screen, reader) = (till.screen(), till.reader());
    let terminal = till.terminal()?;
    let currency = currency.map_or_else(|| terminal.configuration().map(|till| till.currency), Ok)?;
    let amount = Amount::parse_charge(&arguments.amount, currency)?;
    let order = SaleOrder { attempt, amount, order };
    // The customer has one card and holds it to whichever reader asks for it.
    reader.present(card.clone());
    let view = screen.while_waiting(|| sell(terminal, &screen, order, &card));
    reader.take_away();
    let view = view?;
    Reply::of(&view, view::lines(&view))
}

/// Starts the sale and taps the card whenever the field is turned on.
fn sell(terminal: &Terminal, screen: &Screen, order: SaleOrder, card: &SimulatedCard) -> Result<AttemptView, Failure> {
    let field = screen.watch_field();
    let operation = terminal.start_sale(order)?;
    let attempt = operation.attempt().clone();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut taps = 0;
            while field.recv().is_ok() {
                taps += 1;
                // Whatever either is answered, the sale itself tells how it ended.
                let _ =
                    if taps <= TAPS_MAX { terminal.present(card.tap()) } else { terminal.cancel(&attempt).map(|_| ()) };
            }
        });
        let told = operation.wait();
        screen.stop_watching();
        Ok(told?)
    })
}

/// The card of this name. It counts its transactions in a file beside the till, as long as it lives.
pub(super) fn card_from_pocket(name: &str, cards: &Path) -> Result<SimulatedCard, Failure> {
    let card = card::named(name).ok_or_else(|| Failure::Usage(format!("there is no simulated card {name}")))?;
    std::fs::create_dir_all(cards).map_err(|_| ErrorCode::FileUnusable)?;
    let takes_its_time = Arc::new(|ms| std::thread::sleep(Duration::from_millis(ms)));
    Ok(card.counting_in(cards.join(format!("{name}.atc"))).delayed_by(takes_its_time))
}
