//! A report as one HTML page without anything from elsewhere: for a bank's or a police's desk.
//!
//! The same sections as the text, as tables. Every text is escaped; the page runs nothing and loads nothing, and says so
//! itself by its policy.
//!
//! It never says more than the text does. Evidence: `tests/incident_loss.rs`.

use std::fmt::Write as _;

use crate::incident::loss::LossReport;
use crate::incident::loss::print::sections;
use crate::text::Language;

/// Sets the page.
#[must_use]
pub fn html(report: &LossReport, language: Language) -> String {
    let sections = sections(report, language);
    let title = sections.first().map(|(head, _)| escaped(head)).unwrap_or_default();
    let mut page = format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
        language.tag()
    );
    for (index, (head, lines)) in sections.iter().enumerate() {
        let level = if index == 0 { "h1" } else { "h2" };
        write!(page, "<{level}>{}</{level}>\n<table>\n", escaped(head)).expect("a text takes all");
        for cells in lines {
            let cells: String = cells.iter().map(|cell| format!("<td>{}</td>", escaped(cell))).collect();
            writeln!(page, "<tr>{cells}</tr>").expect("a text takes all");
        }
        page.push_str("</table>\n");
    }
    page.push_str("</body>\n</html>\n");
    page
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

const STYLE: &str = "body{font:15px/1.4 sans-serif;margin:2em}table{border-collapse:collapse}\
                     td{padding:.2em .8em;border-bottom:1px solid #ccc;vertical-align:top}";
