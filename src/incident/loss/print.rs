//! A report as plain text, for a screen, a printer or a letter to the bank.
//!
//! Lines are as long as they are; amounts stand with their currency, times in the shop's zone. The steps for the merchant
//! come first, because they are in a hurry.
//!
//! It never rounds. Evidence: `tests/incident_loss.rs`.

use std::fmt::Write as _;

use crate::clock::WallMs;
use crate::incident::loss::{LossOf, LossReport, LossSums, STEPS, Sum};
use crate::receipt::Zone;
use crate::text::{Arg, Catalogue, Language};

/// Sets the report. Each line ends with a line feed.
#[must_use]
pub fn print(report: &LossReport, language: Language) -> String {
    let mut text = String::new();
    for (head, lines) in sections(report, language) {
        if !text.is_empty() {
            text.push('\n');
        }
        writeln!(text, "{head}").expect("a text takes all");
        for cells in lines {
            writeln!(text, "  {}", cells.join("  ")).expect("a text takes all");
        }
    }
    text
}

/// A section: its head and its lines, each of cells.
pub(super) type Section = (String, Vec<Vec<String>>);

/// What stands in a report, in its order, for whoever sets it.
pub(super) fn sections(report: &LossReport, language: Language) -> Vec<Section> {
    let words = Words { texts: Catalogue::of(language), zone: Zone::named(&report.time_zone).ok(), report };
    let mut sections = vec![(words.say("title"), words.facts()), (words.say("steps"), words.steps())];
    sections.push((words.say("figures"), words.sums(&report.sums)));
    sections.push((words.say("not_mine"), words.not_mine()));
    sections.push((words.say("by_operator"), words.by(&report.operators)));
    sections.push((words.say("by_reader"), words.by(&report.readers)));
    sections.push((words.say("lines"), words.lines()));
    sections
}

struct Words<'a> {
    texts: &'static Catalogue,
    zone: Option<Zone>,
    report: &'a LossReport,
}

impl Words<'_> {
    fn say(&self, key: &str) -> String {
        self.texts.say(&format!("loss.{key}"), &[])
    }

    fn pair(&self, key: &str, value: String) -> Vec<String> {
        vec![self.say(key), value]
    }

    fn at(&self, at: WallMs) -> String {
        match &self.zone {
            Some(zone) => format!("{} {}", zone.date(at), zone.time(at)),
            None => at.0.to_string(),
        }
    }

    fn money(&self, minor: u64) -> String {
        format!("{} {}", self.report.currency, self.report.currency.digits_of(minor.into()))
    }

    fn facts(&self) -> Vec<Vec<String>> {
        let report = self.report;
        let number = report.number.map_or_else(|| self.say("not_sent"), |number| number.to_string());
        let mut facts = vec![
            self.pair("number", number),
            self.pair("shop", report.shop.clone()),
            self.pair("terminal", report.terminal.to_string()),
            self.pair("merchant", report.merchant.to_string()),
            self.pair("from", self.at(report.from_ms)),
            self.pair("to", self.at(report.to_ms)),
            self.pair("made", format!("{} {}", self.at(report.made_ms), report.made_by)),
        ];
        let frozen = match &report.frozen {
            None => self.say("not_frozen"),
            Some(view) => {
                let since = view.since_ms.map(|at| self.at(at));
                let by = view.by.as_ref().map(ToString::to_string);
                let reason = view.reason.as_ref().map(ToString::to_string);
                let parts = [since, by, reason].into_iter().flatten().collect::<Vec<_>>();
                parts.join(" · ")
            }
        };
        facts.push(self.pair("frozen", frozen));
        facts.push(self.pair("journal", format!("{} {}", report.journal_size, report.journal_root)));
        facts
    }

    fn steps(&self) -> Vec<Vec<String>> {
        let step = |(index, step): (usize, &&str)| vec![format!("{}.", index + 1), self.say(&format!("step.{step}"))];
        STEPS.iter().enumerate().map(step).collect()
    }

    fn sums(&self, sums: &LossSums) -> Vec<Vec<String>> {
        let rows = [
            ("gross", sums.gross),
            ("voided", sums.voided),
            ("refunded", sums.refunded),
            ("at_risk", sums.at_risk),
            ("unknown", sums.unknown),
        ];
        let row = |(key, Sum { count, minor }): (&str, Sum)| vec![self.say(key), count.to_string(), self.money(minor)];
        rows.into_iter().map(row).collect()
    }

    fn by(&self, of: &[LossOf]) -> Vec<Vec<String>> {
        let name = |one: &LossOf| match one.name.as_deref() {
            None => self.say("nobody"),
            Some(reader @ ("own_reader" | "encrypted_reader")) => self.say(reader),
            Some(name) => name.to_owned(),
        };
        let row = |one: &LossOf| {
            let LossSums { gross, refunded, at_risk, unknown, .. } = &one.sums;
            let mut row = vec![name(one)];
            for (key, sum) in [("gross", gross), ("refunded", refunded), ("at_risk", at_risk), ("unknown", unknown)] {
                if sum.count > 0 {
                    row.push(format!("{} {} ({})", self.say(key), self.money(sum.minor), sum.count));
                }
            }
            row
        };
        or_none(of.iter().map(row).collect(), || self.say("none"))
    }

    fn not_mine(&self) -> Vec<Vec<String>> {
        let row = |one: &crate::incident::loss::NotMine| {
            let what = one.refund.as_ref().map(ToString::to_string);
            let what = what.or_else(|| one.attempt.as_ref().map(ToString::to_string)).unwrap_or_default();
            let money = one.minor.map(|minor| self.money(minor)).unwrap_or_default();
            let why = self.say(&format!("why.{}", one.why.word()));
            let record = self.texts.say("loss.record", &[("sequence", Arg::Number(one.sequence))]);
            vec![why, self.at(one.at_ms), what, money, record]
        };
        or_none(self.report.not_mine.iter().map(row).collect(), || self.say("none"))
    }

    fn lines(&self) -> Vec<Vec<String>> {
        let row = |line: &crate::incident::loss::LossLine| {
            let name = line.refund.as_ref().map_or_else(|| line.attempt.to_string(), ToString::to_string);
            let of = if line.refund.is_some() { "loss.refund_state" } else { "state" };
            let state = self.texts.say(&format!("{of}.{}", line.state), &[]);
            let kind = self.say(&format!("kind.{}", line.kind));
            let by = line.operator.clone().unwrap_or_else(|| self.say("nobody"));
            vec![self.at(line.at_ms), kind, state, self.money(line.minor), by, name]
        };
        let mut rows: Vec<Vec<String>> = self.report.lines.iter().map(row).collect();
        if self.report.is_cut {
            rows.push(vec![self.say("cut")]);
        }
        or_none(rows, || self.say("none"))
    }
}

fn or_none(rows: Vec<Vec<String>>, none: impl Fn() -> String) -> Vec<Vec<String>> {
    if rows.is_empty() { vec![vec![none()]] } else { rows }
}
