//! `refund request | list | approve | reject | decide | voucher`: money that goes back, with two people.
//!
//! Outside a shell each command signs its operator in. A second person approves while the first is signed in, and says
//! who it is by `--second`. Evidence: `sandbox/tests/till_refund.rs`.

use serde_json::json;
use taptill::clock::WallMs;
use taptill::error::ErrorCode;
use taptill::ids::{AttemptId, BatchNo, OperatorName, OrderNo, RefundId, Rrn, Stan};
use taptill::money::{Amount, Currency};
use taptill::payment::refund::state::RefundState;
use taptill::payment::{ApprovedBy, RefundOf, RefundQuery, RefundRequest, RefundView, RejectionReason, Tie};
use taptill::receipt::{Copy, Zone};
use taptill::terminal::{ReceiptRequest, Terminal};

use crate::card::SimulatedCard;

use super::args::{RefundAction, RefundListArguments, RefundRequestArguments, SecondArguments, VoucherArguments};
use super::context::Till;
use super::failure::Failure;
use super::output::{Line, Reply, Tone, pair};
use super::password::{self, Source, Wanted};
use super::sale::card_from_pocket;
use super::screen::Screen;

pub(super) fn run(till: &mut Till, action: RefundAction) -> Result<Reply, Failure> {
    match action {
        RefundAction::Request(request) => ask(till, &request),
        RefundAction::Approve { refund, second } => approve(till, &RefundId::new(refund)?, &second),
        RefundAction::Reject { refund, reason } => {
            let (refund, reason) = (RefundId::new(refund)?, RejectionReason::new(&reason)?);
            told(&till.terminal()?.reject_refund(&refund, reason)?)
        }
        RefundAction::Decide { refund, decision } => {
            let refund = RefundId::new(refund)?;
            told(&till.terminal()?.decide_refund(&refund, decision)?)
        }
        RefundAction::List(list) => listed(till, &list),
        RefundAction::Voucher(voucher) => print(till, voucher),
    }
}

fn ask(till: &mut Till, arguments: &RefundRequestArguments) -> Result<Reply, Failure> {
    let (of, amount) = named(arguments)?;
    let currency = arguments.currency.as_deref().map(Currency::from_code).transpose()?;
    // What no till would give back is refused without opening one.
    Amount::parse_charge(amount, currency.unwrap_or(Currency::CNY))?;
    let card = card_from_pocket(&arguments.card, &till.cards()?)?;
    let (screen, reader) = (till.screen(), till.reader());
    let terminal = till.terminal()?;
    let currency = currency.map_or_else(|| terminal.configuration().map(|till| till.currency), Ok)?;
    let refund = arguments.name.as_deref().map(RefundId::new).transpose()?;
    let request = RefundRequest { refund, of, amount: Amount::parse_charge(amount, currency)? };
    reader.present(card.clone());
    let view = screen.while_waiting(|| with_card(terminal, &screen, &request, &card));
    reader.take_away();
    told(&view?)
}

/// Asks, and holds the card to the reader where the shop's rules want it again: once.
fn with_card(
    terminal: &Terminal,
    screen: &Screen,
    request: &RefundRequest,
    card: &SimulatedCard,
) -> Result<RefundView, Failure> {
    let field = screen.watch_field();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while field.recv().is_ok() {
                // Whatever it is answered, the request itself tells how it ended.
                let _answered = terminal.present(card.tap());
            }
        });
        let told = terminal.request_refund(request);
        screen.stop_watching();
        Ok(told?)
    })
}

/// Which sale is meant, and the amount's text.
fn named(arguments: &RefundRequestArguments) -> Result<(RefundOf, &str), Failure> {
    let RefundRequestArguments { first, second, order, rrn, receipt, .. } = arguments;
    let of = match (order, rrn, receipt) {
        (Some(order), ..) => RefundOf::Order(OrderNo::new(order)?),
        (_, Some(rrn), _) => RefundOf::Rrn(Rrn::new(rrn)?),
        (.., Some(receipt)) => on_receipt(receipt)?,
        (None, None, None) => {
            let Some(amount) = second else {
                let wanted =
                    "say which payment: refund request ATTEMPT AMOUNT, or AMOUNT with --order, --rrn or --receipt";
                return Err(Failure::Usage(wanted.to_owned()));
            };
            return Ok((RefundOf::Attempt(AttemptId::new(first)?), amount));
        }
    };
    match second {
        None => Ok((of, first)),
        Some(_) => Err(Failure::Usage("name the payment once: by its attempt, or by an option".to_owned())),
    }
}

/// `STAN`, or `BATCH/STAN` as both stand on the receipt.
fn on_receipt(text: &str) -> Result<RefundOf, Failure> {
    let number = |digits: &str| digits.parse::<u32>().map_err(|_| ErrorCode::IdentifierMalformed);
    let (batch, stan) = match text.split_once('/') {
        Some((batch, stan)) => (Some(BatchNo::new(number(batch)?)?), stan),
        None => (None, text),
    };
    Ok(RefundOf::Receipt { stan: Stan::new(number(stan)?)?, batch })
}

fn approve(till: &mut Till, refund: &RefundId, second: &SecondArguments) -> Result<Reply, Failure> {
    let screen = till.screen();
    let Some(name) = &second.second else {
        let terminal = till.terminal()?;
        return told(&screen.while_waiting(|| terminal.approve_refund(refund))?);
    };
    let name = OperatorName::new(name)?;
    let source = Source::of(second.second_password_file.as_ref(), second.second_password_fd);
    let terminal = till.terminal_at_work()?;
    let password = password::get(source, Wanted::Of(name.as_str()))?;
    told(&screen.while_waiting(|| terminal.approve_refund_as(refund, &name, password))?)
}

fn listed(till: &mut Till, arguments: &RefundListArguments) -> Result<Reply, Failure> {
    let attempt = arguments.attempt.as_deref().map(AttemptId::new).transpose()?;
    let terminal = till.terminal()?;
    let zone = Zone::named(&terminal.configuration()?.time_zone).map_err(|_| ErrorCode::ConfigurationInvalid)?;
    let mut query = RefundQuery { limit: 0, attempt, state: arguments.state, cursor: None };
    let mut refunds: Vec<RefundView> = Vec::new();
    loop {
        query.limit = (arguments.limit - refunds.len() as u32).min(PAGE_MAX);
        let page = terminal.refunds(&query)?;
        refunds.extend(page.refunds);
        query.cursor = page.next;
        if query.cursor.is_none() || refunds.len() as u32 >= arguments.limit {
            break;
        }
    }
    let lines = match refunds.is_empty() {
        true => vec!["No refunds yet.".to_owned().into()],
        false => refunds.iter().map(|view| row(view, &zone)).collect(),
    };
    Reply::of(&refunds, lines)
}

fn print(till: &mut Till, arguments: VoucherArguments) -> Result<Reply, Failure> {
    let VoucherArguments { refund, columns, language, copy } = arguments;
    let refund = RefundId::new(refund)?;
    let slip = till.terminal()?.voucher(&refund, ReceiptRequest { columns, language, copy })?;
    let json = json!({
        "refund": refund,
        "columns": columns.count(),
        "language": language.tag(),
        "copy": match copy { Copy::Merchant => "merchant", Copy::Customer => "customer" },
        "text": slip,
    });
    Ok(Reply { json, lines: vec![Line::Plain(slip)], ok: true })
}

fn told(view: &RefundView) -> Result<Reply, Failure> {
    Reply::of(view, lines(view))
}

/// What became of the refund, and the numbers that it goes by.
pub(super) fn lines(view: &RefundView) -> Vec<Line> {
    let (tone, word) = headline(view.state);
    let mut lines = vec![Line::Head(tone, format!("{word}: {}", view.amount))];
    if view.state == RefundState::Waiting {
        lines.push(format!("Another person approves it: refund approve {}", view.refund).into());
    }
    if view.state.is_debt() {
        lines.push("The till sends it until the bank has it. Please do not refund again.".to_owned().into());
    }
    let approved = view.approved_by.as_ref().map(|by| match by {
        ApprovedBy::Operator { name, tie: Tie::None } => name.to_string(),
        ApprovedBy::Operator { name, .. } => {
            format!("{name}, whom the shop's rules allow it although tied to the requester")
        }
        ApprovedBy::Host => "the bank, as the shop's rules say".to_owned(),
    });
    let numbers = view.stan.zip(view.batch).map(|(stan, batch)| format!("{stan}, batch {batch}"));
    let rows = [
        ("Refund", Some(view.refund.to_string())),
        ("Payment", Some(view.attempt.to_string())),
        ("Asked by", view.requested_by.as_ref().map(ToString::to_string)),
        ("Approved by", approved),
        ("Rejected", view.rejected.as_ref().map(|rejected| rejected.reason.to_string())),
        ("STAN", numbers),
        ("RRN", view.rrn.as_ref().map(ToString::to_string)),
        ("Record", Some(view.journal.sequence.to_string())),
    ];
    lines.extend(rows.into_iter().filter_map(|(label, value)| Some(pair(label, &value?))));
    lines
}

fn row(view: &RefundView, zone: &Zone) -> Line {
    let at: WallMs = view.requested_ms;
    let (date, time, amount) = (zone.date(at), zone.time(at), view.amount.to_string());
    let time = time.split(' ').next().unwrap_or_default();
    Line::Plain(format!("{date} {time}  {:<13}{amount:>16}  {}  of {}", view.state.word(), view.refund, view.attempt))
}

fn headline(state: RefundState) -> (Tone, &'static str) {
    match state {
        RefundState::Unknown | RefundState::Waiting => (Tone::Open, "Waits for an approval"),
        RefundState::Approved | RefundState::Prepared | RefundState::Sent => (Tone::Open, "Not confirmed yet"),
        RefundState::Acknowledged => (Tone::Good, "Refunded"),
        RefundState::Rejected => (Tone::Bad, "Rejected"),
        RefundState::Expired => (Tone::Bad, "Expired"),
        RefundState::Declined => (Tone::Bad, "Declined"),
        RefundState::Stuck => (Tone::Bad, "Needs help"),
    }
}

const PAGE_MAX: u32 = 100;
