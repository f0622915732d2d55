//! `host-test` and `parameters`: what is asked of the acquirer's host and moves no money.
//! Evidence: `sandbox/tests/till_void.rs`.

use taptill::money::Amount;
use taptill::text::{Arg, Catalogue, Language};

use super::context::Till;
use super::failure::Failure;
use super::output::{Line, Reply, Tone};

pub(super) fn test_host(till: &mut Till) -> Result<Reply, Failure> {
    let screen = till.screen();
    let terminal = till.terminal()?;
    let tested = screen.while_waiting(|| terminal.test_host())?;
    let said = Catalogue::of(Language::En).say("till.host_answers", &[("ms", Arg::Number(tested.took_ms))]);
    Reply::of(&tested, vec![Line::Head(Tone::Good, said)])
}

pub(super) fn parameters(till: &mut Till) -> Result<Reply, Failure> {
    let screen = till.screen();
    let terminal = till.terminal()?;
    let currency = terminal.configuration()?.currency;
    let parameters = screen.while_waiting(|| terminal.download_parameters())?;
    let texts = Catalogue::of(Language::En);
    let said = match parameters.sale_max_minor.and_then(|limit| Amount::from_minor(limit, currency).ok()) {
        Some(limit) => texts.say("till.host_limit", &[("amount", Arg::Amount(limit))]),
        None => texts.say("till.no_host_limit", &[]),
    };
    Reply::of(&parameters, vec![Line::Head(Tone::Good, said)])
}
