//! `verify`: recomputes the whole journal and says whether it is what was written; with a bundle, checks that instead.
//! Evidence: `sandbox/tests/till_sales.rs`.

use serde_json::json;
use taptill::hex;
use taptill::terminal::Terminal;
use taptill::text::{Arg, Catalogue, Language};

use super::args::VerifyArguments;
use super::context::Till;
use super::evidence;
use super::failure::Failure;
use super::output::{Line, Reply, Tone};

pub(super) fn run(till: &mut Till, arguments: &VerifyArguments) -> Result<Reply, Failure> {
    if let Some(bundle) = &arguments.bundle {
        return evidence::check(bundle, arguments);
    }
    let screen = till.screen();
    if till.awaits_worker() {
        till.terminal()?;
    }
    let report = match till.open_terminal() {
        Some(terminal) => screen.while_waiting(|| terminal.verify())?,
        // A till that does not open can be verified all the same.
        None => {
            let (home, ports) = (till.home_of_a_till()?, till.ports()?);
            screen.while_waiting(|| Terminal::inspect(&home, &ports))?
        }
    };
    let root = hex::encode_lower(&report.root);
    let args = [("count", Arg::Number(report.size)), ("root", Arg::Word(&root))];
    let sound = Catalogue::of(Language::En).say("till.journal_sound", &args);
    let json = json!({
        "ok": true, "size": report.size, "root": root, "side_rows": report.side_rows, "fold_rows": report.fold_rows,
    });
    Ok(Reply { json, lines: vec![Line::Head(Tone::Good, sound)], ok: true })
}
