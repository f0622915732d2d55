//! The Rust examples do what they say, and those of Kotlin and Swift say the same.
//!
//! Each is run by its own language's tests; `tests/readme.rs` shows them to the reader and counts their lines.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "../examples/refund.rs"]
mod refund;
#[path = "../examples/sale.rs"]
mod sale;

use std::path::Path;

/// What each example prints at its end, when every step was as it should be.
const STORIES: [(&str, [&str; 3]); 2] = [
    (
        "12.30 approved, 1000.51 declined, 8.80 not known and then reversed",
        ["examples/sale.rs", "examples/kotlin/Sale.kt", "examples/swift/Sale.swift"],
    ),
    (
        "12.30 sold, 2.30 asked back by bob and given back by alice's word",
        ["examples/refund.rs", "examples/kotlin/Refund.kt", "examples/swift/Refund.swift"],
    ),
];

#[test]
fn a_sale_a_decline_and_a_lost_answer_end_as_the_example_says() {
    sale::main().unwrap();
}

#[test]
fn a_refund_is_given_back_by_another_than_who_asked() {
    refund::main().unwrap();
}

#[test]
fn the_three_examples_tell_one_story() {
    for (story, example) in STORIES.iter().flat_map(|(story, examples)| examples.map(|example| (story, example))) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(example);
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{example}: {error}"));
        assert_eq!(text.matches(story).count(), 1, "{example} ends with another story");
    }
}
