//! `settle` and `batch`: what the shop and the acquirer settle together. Evidence: `sandbox/tests/till_settle.rs`.

use serde_json::json;
use taptill::error::ErrorCode;
use taptill::ids::BatchNo;
use taptill::payment::BatchView;
use taptill::payment::batch::state::BatchState;
use taptill::payment::batch::totals::{CurrencyTotals, KindSums, Sum};
use taptill::receipt::Zone;
use taptill::terminal::Terminal;
use taptill::text::{Arg, Catalogue, Language};

use super::args::BatchArguments;
use super::context::Till;
use super::failure::Failure;
use super::output::{Line, Reply, Tone, pair};

/// Settles; what is not closed yet goes on by itself, and is no success.
pub(super) fn run(till: &mut Till) -> Result<Reply, Failure> {
    let screen = till.screen();
    let terminal = till.terminal()?;
    let zone = zone_of(terminal)?;
    let view = screen.while_waiting(|| terminal.settle())?;
    let reply = Reply::of(&view, lines(&view, &zone))?;
    Ok(Reply { ok: view.state == BatchState::Closed, ..reply })
}

pub(super) fn batch(till: &mut Till, arguments: &BatchArguments) -> Result<Reply, Failure> {
    let number = arguments.number.map(BatchNo::new).transpose()?;
    let terminal = till.terminal()?;
    if arguments.report {
        let text = terminal.batch_report(number, arguments.columns, arguments.language)?;
        let (columns, language) = (arguments.columns.count(), arguments.language.tag());
        let json = json!({ "columns": columns, "language": language, "text": text });
        return Ok(Reply { json, lines: vec![Line::Plain(text)], ok: true });
    }
    let zone = zone_of(terminal)?;
    let view = terminal.batch(number)?;
    Reply::of(&view, lines(&view, &zone))
}

pub(super) fn zone_of(terminal: &Terminal) -> Result<Zone, Failure> {
    let name = &terminal.configuration()?.time_zone;
    Ok(Zone::named(name).map_err(|_| ErrorCode::ConfigurationInvalid)?)
}

/// How a batch stands and what it adds up to.
pub(super) fn lines(view: &BatchView, zone: &Zone) -> Vec<Line> {
    let mut lines = vec![head(view)];
    for totals in &view.totals.0 {
        lines.extend(currency(totals));
    }
    if view.uploaded > 0 {
        lines.push(pair("Uploaded", &format!("{} of {} records", view.uploaded, view.records)));
    }
    let times = [("Began", view.closing_ms), ("Closed", view.closed_ms), ("Missed", view.missed_ms)];
    for (label, at) in times {
        lines.extend(at.map(|at| pair(label, &format!("{} {}", zone.date(at), zone.time(at)))));
    }
    lines.extend(view.host_code.as_ref().map(|code| pair("Host code", code.as_str())));
    lines.extend(view.reason.map(|reason| pair("Waits for", reason.word())));
    lines.extend(view.next.map(|next| pair("Next batch", &next.to_string())));
    let texts = Catalogue::of(Language::En);
    lines.extend(view.decision.map(|_| texts.say("till.decided_batch_closed", &[]).into()));
    if view.may_be_decided() {
        let batch = Arg::Number(view.batch.number().into());
        lines.push(texts.say("till.batch_to_decide", &[("batch", batch)]).into());
    }
    lines
}

fn head(view: &BatchView) -> Line {
    let batch = view.batch;
    match view.state {
        BatchState::Closed => Line::Head(Tone::Good, format!("Batch {batch} is settled.")),
        BatchState::Open if view.missed_ms.is_some() => {
            Line::Head(Tone::Open, format!("Batch {batch} is open, and was to be settled by now: use settle."))
        }
        BatchState::Open => Line::Head(Tone::Good, format!("Batch {batch} is open.")),
        state => Line::Head(
            Tone::Open,
            format!(
                "Batch {batch} is not settled yet ({state}). The till goes on by itself while somebody is signed in."
            ),
        ),
    }
}

fn currency(totals: &CurrencyTotals) -> Vec<Line> {
    let of = totals.currency;
    let brands = totals.brands.iter().map(|brand| pair(brand.brand.name(), &sums(of, brand.sums)));
    let net = totals.sums.net_minor();
    let sign = if net < 0 { "-" } else { "" };
    let all = [
        pair("Total", &sums(of, totals.sums)),
        pair("Net", &format!("{of} {sign}{}", of.digits_of(net.unsigned_abs()))),
    ];
    brands.chain(all).collect()
}

/// Sales always, the others where there are any.
fn sums(of: taptill::money::Currency, sums: KindSums) -> String {
    let part = |word: &str, sum: Sum| format!("{} {word} {}", sum.count, of.digits_of(sum.minor.into()));
    let mut text = part("sold", sums.sale);
    for (word, sum) in [("voided", sums.void), ("refunded", sums.refund)] {
        if sum.count > 0 {
            text.push_str(&format!(", {}", part(word, sum)));
        }
    }
    text
}
