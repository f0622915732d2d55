//! `status ATTEMPT`: what is known of one payment. Evidence: `sandbox/tests/till_sales.rs`.

use taptill::ids::AttemptId;

use super::context::Till;
use super::failure::Failure;
use super::output::Reply;
use super::view;

pub(super) fn run(till: &mut Till, attempt: String) -> Result<Reply, Failure> {
    let attempt = AttemptId::new(attempt)?;
    let view = till.terminal()?.status(&attempt)?;
    Reply::of(&view, view::lines(&view))
}
