//! `policy` and `rotate-keys`: the shop's rules for passwords and sessions, and its keys.
//! Evidence: `sandbox/tests/till_people.rs`.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use taptill::account::ShopPolicy;
use taptill::error::{Error, ErrorCode};

use super::args::PolicyAction;
use super::context::Till;
use super::failure::Failure;
use super::output::{Line, Reply, Tone, pair};
use super::session::{counted, span};

/// More than any policy has.
const FILE_BYTES_MAX: u64 = 65_536;

pub(super) fn run(till: &mut Till, action: Option<PolicyAction>) -> Result<Reply, Failure> {
    match action {
        None | Some(PolicyAction::Show) => {
            let policy = till.terminal()?.policy()?;
            Reply::of(&policy, lines(&policy))
        }
        Some(PolicyAction::Set { profile: Some(profile), .. }) => {
            let policy = ShopPolicy::of(&profile).ok_or_else(|| Failure::Usage(format!("no profile is {profile}")))?;
            set(till, &policy)
        }
        Some(PolicyAction::Set { file, .. }) => set(till, &of_file(&file.unwrap_or_default())?),
    }
}

pub(super) fn rotate_keys(till: &mut Till) -> Result<Reply, Failure> {
    till.terminal()?.rotate_keys()?;
    let line = "The master key is a new one; the record is being sealed anew.".to_owned();
    Ok(Reply { json: json!({ "ok": true }), lines: vec![Line::Head(Tone::Good, line)], ok: true })
}

/// Gives what holds from now on.
fn set(till: &mut Till, policy: &ShopPolicy) -> Result<Reply, Failure> {
    let terminal = till.terminal()?;
    terminal.set_policy(policy)?;
    let policy = terminal.policy()?;
    let mut lines = lines(&policy);
    lines.insert(0, Line::Head(Tone::Good, "From now on these rules hold.".to_owned()));
    Reply::of(&policy, lines)
}

fn of_file(file: &Path) -> Result<ShopPolicy, Failure> {
    let length = fs::metadata(file).map_err(|_| ErrorCode::FileUnusable)?.len();
    if length > FILE_BYTES_MAX {
        return Err(Error::from(ErrorCode::FileUnusable).number("bytes_max", FILE_BYTES_MAX).into());
    }
    let text = fs::read(file).map_err(|_| ErrorCode::FileUnusable)?;
    let policy: ShopPolicy = serde_json::from_slice(&text).map_err(|error| {
        let (line, column) = (error.line() as u64, error.column() as u64);
        Error::from(ErrorCode::PolicyInvalid).word("part", "file").number("line", line).number("column", column)
    })?;
    policy.check()?;
    Ok(policy)
}

fn lines(policy: &ShopPolicy) -> Vec<Line> {
    let password = serde_json::to_value(policy.password).unwrap_or_default();
    let words = if policy.shop_words.is_empty() { "none".to_owned() } else { policy.shop_words.join(", ") };
    vec![
        pair("Passwords", &profile(&password)),
        pair("Shop words", &words),
        pair("Idle lock", &format!("after {}", span(policy.idle_ms))),
        pair("Session", &format!("at most {}", span(policy.session_max_ms))),
        pair("Guessing", &format!("{}, then a wait of {}", tries(policy.tries), span(policy.lockout_ms))),
        pair("Fingers", &fingers(policy.biometric_days)),
        pair("Checkpoint", &format!("every {}", counted(policy.checkpoint_every.into(), "entry"))),
        pair("Settlement", &settles(policy.settle_at_minute)),
        pair(
            "Goodbye",
            if policy.two_people_to_deregister { "two people deregister" } else { "one person deregisters" },
        ),
        pair("Freezing", freezes(policy.freeze_needs_password_at_lock_screen)),
    ]
}

fn settles(at_minute: Option<u16>) -> String {
    let at = |minute: u16| format!("by itself at {:02}:{:02}", minute / 60, minute % 60);
    at_minute.map_or_else(|| "when somebody asks".to_owned(), at)
}

fn freezes(needs_password: bool) -> &'static str {
    if needs_password {
        "by anybody at the till; while it is locked with a password"
    } else {
        "by anybody, also while it is locked"
    }
}

fn fingers(days: u16) -> String {
    match days {
        0 => "never".to_owned(),
        days => format!("for {} after a password", counted(days.into(), "day")),
    }
}

fn tries(count: u8) -> String {
    if count == 1 { "1 try".to_owned() } else { format!("{count} tries") }
}

/// A profile's name, or the parts of the shop's own.
fn profile(password: &Value) -> String {
    password.as_str().map_or_else(|| format!("the shop's own: {}", password["own"]), str::to_owned)
}
