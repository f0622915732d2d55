//! A host's book as a statement on paper, and what a test changes on it.
//! Evidence: `mod tests`.

use super::request::Refusal;
use crate::host::{BookEntry, day_of, statement_camt, statement_csv};

/// The book as this kind of file.
pub(super) fn written(format: &str, entries: &[BookEntry]) -> Result<String, Refusal> {
    match format {
        "csv" => Ok(statement_csv(entries)),
        "camt" => Ok(statement_camt(entries)),
        _ => Err(Refusal::StatementRequest),
    }
}

/// The file with something else in the first place of something, and with a line more.
pub(super) fn changed(text: String, swap: Option<&(String, String)>, add: Option<&str>) -> Result<String, Refusal> {
    let text = match swap {
        Some((old, _)) if !text.contains(old.as_str()) => return Err(Refusal::StatementRequest),
        Some((old, new)) => text.replacen(old.as_str(), new, 1),
        None => text,
    };
    Ok(add.map_or(text.clone(), |line| format!("{text}{line}\r\n")))
}

/// The first and the last day on which something was booked.
pub(super) fn days(entries: &[BookEntry]) -> (Option<String>, Option<String>) {
    let days = || entries.iter().map(day_of);
    (days().min(), days().max())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_changed_in_one_place_and_has_a_line_more() {
        let swap = |old: &str, new: &str| Some((old.to_owned(), new.to_owned()));
        let changed = |swap: Option<(String, String)>, add| changed("a,a\r\n".to_owned(), swap.as_ref(), add);
        for (swap, add, verdict) in [
            (None, None, Ok("a,a\r\n")),
            (swap("a", "b"), None, Ok("b,a\r\n")),
            (None, Some("c"), Ok("a,a\r\nc\r\n")),
            (swap("x", "b"), Some("c"), Err(Refusal::StatementRequest)),
        ] {
            assert_eq!(changed(swap, add), verdict.map(str::to_owned), "{add:?}");
        }
        assert_eq!(written("pdf", &[]), Err(Refusal::StatementRequest));
        assert_eq!(days(&[]), (None, None));
    }
}
