//! Prints the rows, for people or as JSON, with the machine that they were measured on.

use std::time::Duration;

use serde_json::json;

use crate::measure::Row;

/// A table with one row a measurement.
pub fn print(rows: &[Row]) {
    println!("{}", machine());
    println!(
        "{:<42} {:>11} {:>11} {:>7} {:>15} {:>6} {:>7}  verdict",
        "ours ÷ peer", "ours", "peer", "ratio", "spread", "bar", "allocs"
    );
    for row in rows {
        let spread = format!("{:.2}–{:.2}", row.spread.0, row.spread.1);
        let bar = row.bar.map_or_else(|| "–".to_owned(), |bar| bar.to_string());
        let allocations = row.allocations.map_or_else(|| "–".to_owned(), |count| count.to_string());
        let verdict = match row.holds() {
            _ if cfg!(debug_assertions) => "not judged",
            true if row.bar.is_none() => "–",
            true => "holds",
            false => "MISSED",
        };
        let (ours, theirs) = match row.bytes {
            Some((ours, theirs)) => (kilobytes(ours), kilobytes(theirs)),
            None => (short(row.ours), short(row.theirs)),
        };
        println!(
            "{:<42} {ours:>11} {theirs:>11} {:>7.3} {spread:>15} {bar:>6} {allocations:>7}  {verdict}",
            row.name, row.ratio
        );
        println!("  ÷ {}", row.peer);
    }
    println!("A wide spread says that the machine was busy; the median of the rounds is what counts.");
}

/// The same as one JSON object.
pub fn print_json(rows: &[Row]) {
    let rows: Vec<_> = rows.iter().map(as_json).collect();
    println!("{}", json!({ "machine": machine(), "rows": rows }));
}

fn as_json(row: &Row) -> serde_json::Value {
    json!({
        "name": row.name,
        "peer": row.peer,
        "ours_ns": row.ours.as_nanos(),
        "peer_ns": row.theirs.as_nanos(),
        "ratio": row.ratio,
        "ratio_min": row.spread.0,
        "ratio_max": row.spread.1,
        "bar": row.bar,
        "allocations": row.allocations,
        "ours_bytes": row.bytes.map(|(ours, _)| ours),
        "peer_bytes": row.bytes.map(|(_, theirs)| theirs),
        "holds": row.holds(),
    })
}

fn machine() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(" : unknown processor");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let build = if cfg!(debug_assertions) { "a debug build: times mean nothing" } else { "a release build" };
    format!("{} cores of{}, {build}", cores, model.split_once(':').map_or(model, |(_, name)| name))
}

fn kilobytes(bytes: u64) -> String {
    format!("{} KB", bytes / 1_000)
}

fn short(time: Duration) -> String {
    match time.as_nanos() {
        ns @ 0..=9_999 => format!("{ns} ns"),
        ns @ 10_000..=9_999_999 => format!("{:.1} µs", ns as f64 / 1e3),
        ns => format!("{:.1} ms", ns as f64 / 1e6),
    }
}
