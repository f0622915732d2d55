//! `void ATTEMPT`: takes a whole payment of the open batch back.
//!
//! The command returns as soon as the outcome is told, as `sale` does; a void whose outcome is not known is reversed by
//! itself, and its payment stands meanwhile. Evidence: `sandbox/tests/till_void.rs`.

use taptill::ids::AttemptId;
use taptill::payment::VoidOrder;

use super::args::VoidArguments;
use super::context::Till;
use super::failure::Failure;
use super::output::Reply;
use super::view;

pub(super) fn run(till: &mut Till, arguments: VoidArguments) -> Result<Reply, Failure> {
    let of = AttemptId::new(arguments.attempt)?;
    let attempt = arguments.void.map(AttemptId::new).transpose()?;
    let screen = till.screen();
    let terminal = till.terminal()?;
    let void = screen.while_waiting(|| terminal.start_void(VoidOrder { attempt, of }).and_then(|void| void.wait()))?;
    Reply::of(&void, view::lines(&void))
}
