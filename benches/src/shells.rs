//! What the shells measured of themselves: all calls across the foreign interface that one sale makes, against a tap
//! of 500 ms, which is as long as a card may stay in the field.
//!
//! The measuring programs are Kotlin and Swift; `cargo xtask ratios` runs them and names the file with their lines in
//! `TAPTILL_SHELL_COSTS`. A line that cannot be read ends the run. Evidence: `mod tests`.

use std::time::Duration;

use serde::Deserialize;

use crate::measure::Row;

/// How long a tap may take.
const TAP: Duration = Duration::from_millis(500);

/// The share of a tap that the interface may take.
const BAR: f64 = 0.01;

#[derive(Deserialize)]
struct Cost {
    language: String,
    sales: u64,
    ffi_ms_per_sale: f64,
    ffi_calls_per_sale: f64,
    callbacks_per_sale: f64,
}

/// One row a language, from the file that the environment names; none without it.
pub fn rows() -> Vec<Row> {
    let Some(path) = std::env::var_os("TAPTILL_SHELL_COSTS") else { return Vec::new() };
    let text = std::fs::read_to_string(&path).expect("the file that TAPTILL_SHELL_COSTS names can be read");
    text.lines().map(|line| row(line).unwrap_or_else(|why| panic!("{line}: {why}"))).collect()
}

fn row(line: &str) -> Result<Row, String> {
    let cost: Cost = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let name = match cost.language.as_str() {
        "kotlin" => "Kotlin: calls of one sale across the face",
        "swift" => "Swift: calls of one sale across the face",
        other => return Err(format!("`{other}` is no shell")),
    };
    let measured = cost.ffi_ms_per_sale.is_finite() && cost.ffi_ms_per_sale > 0.0;
    if !measured || cost.sales == 0 || cost.ffi_calls_per_sale < 1.0 || cost.callbacks_per_sale < 1.0 {
        return Err("nothing was measured".to_owned());
    }
    let ours = Duration::from_secs_f64(cost.ffi_ms_per_sale / 1e3);
    let ratio = ours.as_secs_f64() / TAP.as_secs_f64();
    Ok(Row {
        name,
        peer: "a tap of 500 ms",
        ours,
        theirs: TAP,
        ratio,
        spread: (ratio, ratio),
        bar: Some(BAR),
        allocations: None,
        bytes: None,
    })
}

#[cfg(test)]
mod tests {
    use super::row;

    fn line(language: &str, sales: u64, ms: f64, calls: f64) -> String {
        format!(
            r#"{{"language":"{language}","sales":{sales},"ffi_ms_per_sale":{ms},"ffi_calls_per_sale":{calls},"callbacks_per_sale":60}}"#
        )
    }

    #[test]
    fn a_hundredth_of_a_tap_is_the_bar() {
        let rows = [(1.0, true), (5.0, true), (5.1, false), (50.0, false)];
        for (ms, holds) in rows {
            assert_eq!(row(&line("kotlin", 100, ms, 9.0)).map(|row| row.holds()), Ok(holds), "{ms}");
        }
    }

    #[test]
    fn what_measured_nothing_is_refused() {
        let rows = [
            line("cobol", 100, 1.0, 9.0),
            line("swift", 0, 1.0, 9.0),
            line("swift", 100, 0.0, 9.0),
            line("swift", 100, -1.0, 9.0),
            line("swift", 100, 1.0, 0.0),
            "{}".to_owned(),
            String::new(),
        ];
        for line in rows {
            assert!(row(&line).is_err(), "{line}");
        }
    }
}
