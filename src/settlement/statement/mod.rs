//! The statement check: an acquirer's or a bank's lines against the journal.
//!
//! | part | what it does |
//! |---|---|
//! | [`CsvLines`], [`CamtLines`] | read lines from any `BufRead`, one at a time, within fixed limits |
//! | [`Check`] | finds the attempt that a line means and says what differs; at the end, what is missing |
//! | [`Difference`] | one finding: kind, cause, line, attempt, journal sequence, remedy |
//!
//! Memory does not grow with the number of lines: what was seen is two bits an attempt. A check that fails has changed
//! nothing; one that ends is the event `statement.checked`.
//!
//! It never keeps or shows a card number, and expands no entity. Evidence: `mod tests` of each file, `tests/statement_check.rs`.

mod amount;
mod bits;
mod bounded;
mod camt;
mod check;
mod columns;
mod csv;
mod day;
mod difference;
mod events;
mod host;
mod line;
mod quotes;
mod refused;
mod sessions;

use crate::journal::Fold;

pub use camt::CamtLines;
pub use check::{Check, Terms};
pub use columns::{ColumnMap, MapRefused};
pub use csv::CsvLines;
pub use day::Day;
pub use difference::{Counts, Difference, DifferenceKind, Remedy, Why};
pub use events::{StatementSummary, last};
pub use host::HostLines;
pub use line::{Line, LineKind, Source, StatedOrder};
pub use refused::{Refused, WhyRefused};
pub use sessions::is_outside;

/// The longest line of a file, and the longest element of an XML file, in bytes.
pub const LINE_BYTES_MAX: usize = 64 << 10;

/// The folds of this part.
pub(super) fn folds() -> Vec<Box<dyn Fold>> {
    vec![Box::new(events::Statements), Box::new(sessions::Sessions)]
}
