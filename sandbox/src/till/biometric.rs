//! `biometric enrol | forget | sensor`: a simulated finger that opens the till beside the password.
//!
//! Enrolling asks for the own password once more. `sensor` is no command of a till's: it tells the simulated sensor in
//! the device's folder what to make of whoever touches it. Evidence: `sandbox/tests/till_biometric.rs`.

use serde_json::json;
use taptill::error::ErrorCode;

use crate::desktop::{FolderBiometricKeys, Sensor};

use super::args::{BiometricAction, Person};
use super::context::Till;
use super::failure::Failure;
use super::output::{Line, Reply, Tone};
use super::password::{self, Wanted};

pub(super) fn run(till: &mut Till, action: BiometricAction, person: &Person) -> Result<Reply, Failure> {
    match action {
        BiometricAction::Enrol => enrol(till, person),
        BiometricAction::Forget => {
            till.terminal()?.forget_biometric()?;
            Ok(said("Your finger opens nothing any more, and its key is destroyed."))
        }
        BiometricAction::Sensor { told } => sensor(till, told.as_deref()),
    }
}

fn enrol(till: &mut Till, person: &Person) -> Result<Reply, Failure> {
    let terminal = till.terminal_at_work()?;
    let name = terminal.till_state()?.operator.ok_or(ErrorCode::TillLocked)?;
    let password = password::get(person.password(), Wanted::Of(name.as_str()))?;
    terminal.enrol_biometric(password)?;
    Ok(said("Your finger opens this till from now on, until the password changes or is asked for again."))
}

/// Nothing told is another finger.
fn sensor(till: &Till, told: Option<&str>) -> Result<Reply, Failure> {
    let keys = FolderBiometricKeys::open(&till.fingers()?)?;
    match told.and_then(Sensor::from_word) {
        Some(sensor) => keys.tell(sensor)?,
        None => keys.enrol_another()?,
    }
    Ok(said("The simulated sensor does so from now on."))
}

fn said(line: &str) -> Reply {
    Reply { json: json!({ "ok": true }), lines: vec![Line::Head(Tone::Good, line.to_owned())], ok: true }
}
