//! The Rust example does what it says, and those of Kotlin and Swift say the same.
//!
//! Each is run by its own language's tests; `tests/readme.rs` shows them to the reader and counts their lines.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "../examples/sale.rs"]
mod sale;

use std::path::Path;

/// What each example prints at its end, when every step was as it should be.
const STORY: &str = "12.30 approved, 1000.51 declined, 8.80 not known and then reversed";

#[test]
fn a_sale_a_decline_and_a_lost_answer_end_as_the_example_says() {
    sale::main().unwrap();
}

#[test]
fn the_three_examples_tell_one_story() {
    for example in ["examples/sale.rs", "examples/kotlin/Sale.kt", "examples/swift/Sale.swift"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(example);
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{example}: {error}"));
        assert_eq!(text.matches(STORY).count(), 1, "{example} ends with another story");
    }
}
