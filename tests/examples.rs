//! The example of the README does what it says.

#[path = "../examples/sale.rs"]
mod sale;

#[test]
fn a_sale_a_decline_and_a_lost_answer_end_as_the_example_says() {
    sale::main().unwrap();
}
