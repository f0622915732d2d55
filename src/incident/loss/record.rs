//! What the journal keeps of a report that was sent: its window, its number, and the hash of what was told.
//!
//! It never keeps the report itself: the journal has all of which it was made. Evidence: `tests/incident_loss.rs`.

use serde_json::json;

use crate::incident::loss::LossReport;
use crate::journal::Draft;

/// The event of a report that the acquirer has taken.
#[must_use]
pub fn reported(report: &LossReport, sha256: &str, by: &str) -> Draft {
    let body = json!({
        "number": report.number, "from_ms": report.from_ms, "to_ms": report.to_ms, "sha256": sha256,
        "gross_minor": report.sums.gross.minor, "at_risk_minor": report.sums.at_risk.minor,
    });
    let operator = Some(by.to_owned());
    Draft { kind: REPORTED, v: 1, attempt: None, operator, body, may_use_ballast: false }
}

/// Its kind.
pub const REPORTED: &str = "loss.reported";
