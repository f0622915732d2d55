//! `list`: payments, newest first, page by page up to the limit. Evidence: `sandbox/tests/till_sales.rs`.

use taptill::clock::WallMs;
use taptill::error::{Error, ErrorCode};
use taptill::ids::OrderNo;
use taptill::payment::{AttemptView, ListQuery};
use taptill::receipt::Zone;
use taptill::terminal::Terminal;
use taptill::text::{Catalogue, Language};

use super::args::ListArguments;
use super::context::Till;
use super::failure::Failure;
use super::output::{Line, Reply};
use super::view;

const PAGE_MAX: u32 = 100;

pub(super) fn run(till: &mut Till, arguments: &ListArguments) -> Result<Reply, Failure> {
    let order = arguments.order.as_deref().map(OrderNo::new).transpose()?;
    let terminal = till.terminal()?;
    let zone = Zone::named(&terminal.configuration()?.time_zone).map_err(|_| ErrorCode::ConfigurationInvalid)?;
    let from = arguments.from.as_deref().map(|day| day_of(&zone, day)).transpose()?;
    let to = arguments.to.as_deref().map(|day| day_of(&zone, day)).transpose()?;
    let query = ListQuery { limit: 0, from: from.map(|day| day.0), to: to.map(|day| day.1), order, cursor: None };
    let views = collect(terminal, query, arguments.limit)?;
    Reply::of(&views, lines(&views, &zone))
}

fn collect(terminal: &Terminal, mut query: ListQuery, limit: u32) -> Result<Vec<AttemptView>, Failure> {
    let mut views = Vec::new();
    let mut left = limit;
    while left > 0 {
        query.limit = left.min(PAGE_MAX);
        let page = terminal.list(&query)?;
        left = left.saturating_sub(u32::try_from(page.attempts.len()).unwrap_or(left));
        views.extend(page.attempts);
        match page.next {
            Some(cursor) => query.cursor = Some(cursor),
            None => break,
        }
    }
    Ok(views)
}

pub(super) fn day_of(zone: &Zone, day: &str) -> Result<(WallMs, WallMs), Error> {
    zone.day(day).map_err(|_| Error::from(ErrorCode::IdentifierMalformed).word("what", "date"))
}

fn lines(views: &[AttemptView], zone: &Zone) -> Vec<Line> {
    if views.is_empty() {
        return vec![Catalogue::of(Language::En).say("till.no_attempts", &[]).into()];
    }
    views.iter().map(|view| view::row(view, &zone.date(view.created_ms), &zone.time(view.created_ms))).collect()
}
