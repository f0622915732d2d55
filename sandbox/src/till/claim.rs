//! `claim`, `recover` and `recovery-code`: how a till gets its first supervisor, and another one when every password is
//! lost.
//!
//! All print a recovery code. It is shown this once and is nowhere else afterwards: what opens with it is sealed.
//! Evidence: `sandbox/tests/till_people.rs`.

use serde_json::json;
use taptill::error::ErrorCode;
use taptill::ids::OperatorName;
use taptill::till::RecoveryCode;

use super::args::{Person, RecoverArguments};
use super::context::Till;
use super::failure::Failure;
use super::output::{Line, Reply, Tone};
use super::password::{self, Source, Wanted};

pub(super) fn claim(till: &mut Till, name: String, person: &Person) -> Result<Reply, Failure> {
    let name = OperatorName::new(name)?;
    let terminal = till.terminal_of_nobody()?;
    let password = password::get(person.only_password(), Wanted::NewOf(name.as_str()))?;
    let code = terminal.claim(&name, password)?;
    Ok(shown_once(&name, &code, "This till is yours"))
}

pub(super) fn recover(till: &mut Till, arguments: RecoverArguments, person: &Person) -> Result<Reply, Failure> {
    let RecoverArguments { name, code_file, code_fd } = arguments;
    let name = OperatorName::new(name)?;
    let terminal = till.terminal_of_nobody()?;
    let code = password::get(Source::of(code_file.as_ref(), code_fd), Wanted::Code)?;
    let password = password::get(person.only_password(), Wanted::NewOf(name.as_str()))?;
    let next = terminal.recover(code, &name, password)?;
    Ok(shown_once(&name, &next, "You are a supervisor of this till again"))
}

/// Another code for whoever has lost sight of the one before.
pub(super) fn recovery_code(till: &mut Till, person: &Person) -> Result<Reply, Failure> {
    let terminal = till.terminal_at_work()?;
    let name = terminal.till_state()?.operator.ok_or(ErrorCode::TillLocked)?;
    let password = password::get(person.password(), Wanted::Of(name.as_str()))?;
    let code = terminal.new_recovery_code(password)?;
    Ok(shown_once(&name, &code, "The recovery code from before opens nothing any more"))
}

fn shown_once(name: &OperatorName, code: &RecoveryCode, done: &str) -> Reply {
    // A printed page is where this secret is to be.
    let code = String::from_utf8_lossy(code.expose());
    let lines = vec![
        Line::Head(Tone::Good, format!("{done}: {name}, supervisor.")),
        Line::Plain(
            "Write the recovery code down and lock it away. It is shown this once, and it is the only way".into(),
        ),
        Line::Plain("back into the till when every supervisor has forgotten the password:".into()),
        Line::Plain(String::new()),
        Line::Plain(format!("    {code}")),
        Line::Plain(String::new()),
    ];
    let json = json!({ "ok": true, "operator": name, "role": "supervisor", "recovery_code": code });
    Reply { json, lines, ok: true }
}
