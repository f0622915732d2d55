//! The screens of the report of a loss, of the passwords anew and of evidence: what would leave the shop, before it does.
//!
//! Every figure and word is the report's own, never counted here. What is disclosed is said before somebody agrees to it.
//!
//! Evidence: `tests/screens.rs`.

use crate::incident::evidence::Preview;
use crate::incident::loss::{LossReport, Sum};
use crate::money::Amount;
use crate::screen::draw::{About, Pen, people};
use crate::screen::shown::{Row, Screen, Tone};
use crate::screen::state::{Form, Showing};
use crate::screen::table::{DISCLOSED, EVIDENCE, LOSS, RENEW};
use crate::text::Arg;

pub(super) fn report(pen: &Pen<'_>, report: &LossReport, is_shared: bool) -> Screen {
    let mut screen = pen.blank(LOSS.look(), pen.say("loss.title"), About::Nobody);
    let say = |key: &str| pen.say(&format!("loss.{key}"));
    let fact = |key: &str, value: String| Row { label: say(key), value, tone: Tone::Neutral, intent: None };
    let number = report.number.map_or_else(|| say("not_sent"), |number| number.to_string());
    let sums = &report.sums;
    screen.private = true;
    screen.headline = report.number.map(|number| number.to_string());
    screen.rows = vec![
        fact("number", number),
        fact("from", pen.when(report.from_ms)),
        fact("to", pen.when(report.to_ms)),
        fact("gross", money(pen, report, sums.gross)),
        fact("voided", money(pen, report, sums.voided)),
        fact("refunded", money(pen, report, sums.refunded)),
        Row { tone: alarm(sums.at_risk), ..fact("at_risk", money(pen, report, sums.at_risk)) },
        Row { tone: alarm(sums.unknown), ..fact("unknown", money(pen, report, sums.unknown)) },
    ];
    screen.rows.extend(report.operators.iter().map(|one| Row {
        label: one.name.clone().unwrap_or_else(|| say("nobody")),
        ..fact("gross", money(pen, report, one.sums.gross))
    }));
    screen.rows.extend(not_mine(pen, report));
    (screen.message, screen.tone) = match (report.number, is_shared) {
        _ if pen.is_at_work() => (Some(pen.say("screen.say.one_moment")), Tone::Waiting),
        (_, true) => (Some(pen.say("screen.say.handed_out")), Tone::Good),
        (Some(_), _) => (Some(pen.say("screen.say.loss_sent")), Tone::Good),
        (None, _) => (Some(pen.say("screen.say.loss_preview")), Tone::Attention),
    };
    screen
}

fn alarm(sum: Sum) -> Tone {
    if sum.count > 0 { Tone::Attention } else { Tone::Neutral }
}

fn money(pen: &Pen<'_>, report: &LossReport, sum: Sum) -> String {
    let amount = Amount::from_minor(sum.minor, report.currency).map(|amount| amount.to_string()).unwrap_or_default();
    pen.say_with("screen.say.sum", &[("amount", Arg::Word(&amount)), ("count", Arg::Number(sum.count))])
}

/// What is not this shop's own doing, each reason with how often.
fn not_mine(pen: &Pen<'_>, report: &LossReport) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for why in crate::incident::loss::NotMineWhy::ALL {
        let count = report.not_mine.iter().filter(|one| one.why == why).count();
        if count > 0 {
            let label = pen.say(&format!("loss.why.{}", why.word()));
            rows.push(Row { label, value: count.to_string(), tone: Tone::Bad, intent: None });
        }
    }
    if rows.is_empty() {
        rows.push(Row { label: pen.say("loss.not_mine"), value: pen.say("loss.none"), tone: Tone::Good, intent: None });
    }
    rows
}

pub(super) fn renew(pen: &Pen<'_>, is_done: bool) -> Screen {
    let mut screen = pen.blank(RENEW.look(), pen.say("screen.title.renew_passwords"), About::Nobody);
    let (message, tone) = match is_done {
        _ if pen.is_at_work() => ("screen.say.one_moment", Tone::Waiting),
        true => ("screen.say.passwords_renewed", Tone::Good),
        false => ("screen.say.renew_passwords", Tone::Attention),
    };
    (screen.message, screen.tone) = (Some(pen.say(message)), tone);
    screen.advice = Some(pen.say("screen.say.renew_recovery_code"));
    if is_done {
        screen.actions.retain(|action| action.intent != crate::screen::Intent::RenewPasswords);
    }
    screen
}

pub(super) fn evidence(pen: &Pen<'_>, showing: &Showing) -> Screen {
    match showing.files {
        Some(files) => disclosed(pen, &showing.preview, files),
        None => preview(pen, &showing.preview, &showing.form),
    }
}

/// What would be disclosed, and the button that agrees to it.
fn preview(pen: &Pen<'_>, preview: &Preview, form: &Form) -> Screen {
    let mut screen = people::fill(pen, EVIDENCE, "evidence", form);
    let count = |key: &str, count: u64| pen.say_with(&format!("evidence.say.{key}"), &[("count", Arg::Number(count))]);
    let found = [("records", Arg::Number(preview.records.len() as u64))];
    let mut said = vec![pen.say_with("evidence.say.found", &found)];
    if !preview.operators.is_empty() {
        said.push(pen.say_with("evidence.say.people", &[("names", Arg::Word(&preview.operators.join(", ")))]));
    }
    said.push(count("slips", preview.slips.len() as u64));
    said.push(pen.say_with("evidence.say.shop", &[("size", Arg::Number(preview.size))]));
    said.push(pen.say("evidence.say.nothing_more"));
    screen.rows.extend(said.into_iter().map(|value| Row { value, ..pen.row("disclosed", "") }));
    screen
}

fn disclosed(pen: &Pen<'_>, preview: &Preview, files: u64) -> Screen {
    let mut screen = pen.blank(DISCLOSED.look(), pen.say("screen.title.disclosed"), About::Nobody);
    screen.tone = Tone::Good;
    screen.message = Some(pen.say("screen.say.handed_out"));
    screen.advice = Some(pen.say("screen.say.disclosed"));
    screen.rows = vec![pen.row("records", preview.records.len().to_string()), pen.row("files", files.to_string())];
    screen
}
