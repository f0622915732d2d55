//! `sign-in`, `lock`, `unlock`, `sign-out`, `who` and `password change`: one person's time at the till.
//!
//! A session is as long as its process: in a `shell` it lasts until somebody ends it, and everywhere else each command
//! signs in and out by itself (`--operator`), so that locking means nothing there and is refused with the way to go.
//! Evidence: `sandbox/tests/till_people.rs`, `mod tests` below.

use serde_json::{Value, json};
use taptill::error::ErrorCode;
use taptill::ids::OperatorName;
use taptill::secret::SecretBytes;
use taptill::terminal::Terminal;
use taptill::till::{SessionView, Standing, TillState};

use super::args::Person;
use super::context::Till;
use super::failure::Failure;
use super::incident;
use super::output::{Line, Reply, Tone};
use super::password::{self, Wanted};

pub(super) fn sign_in(till: &mut Till, name: String, person: &Person) -> Result<Reply, Failure> {
    let name = OperatorName::new(name)?;
    let stays = till.is_shell();
    let terminal = till.terminal_of_nobody()?;
    let password = password::get(person.password(), Wanted::Of(name.as_str()))?;
    let session = match person.new_password() {
        Some(source) => {
            let new_password = password::get(Some(source), Wanted::NewOf(name.as_str()))?;
            terminal.sign_in(&name, password, Some(new_password))?
        }
        None => sign_in_and_change_if_must(terminal, &name, password)?,
    };
    Ok(begun_and_over(&session, stays))
}

/// A simulated finger in place of the password.
pub(super) fn sign_in_by_finger(till: &mut Till, name: String) -> Result<Reply, Failure> {
    let name = OperatorName::new(name)?;
    let stays = till.is_shell();
    let session = till.terminal_of_nobody()?.sign_in_by_biometric(&name)?;
    Ok(begun_and_over(&session, stays))
}

fn begun_and_over(session: &SessionView, stays: bool) -> Reply {
    let mut reply = begun(session);
    if !stays {
        reply.lines.push("Signed out again with this command; `shell` keeps somebody signed in.".to_owned().into());
    }
    reply
}

/// Signs in; where the password must change first, asks for a new one if there is somebody to ask.
pub(super) fn sign_in_and_change_if_must(
    terminal: &Terminal,
    name: &OperatorName,
    password: SecretBytes,
) -> Result<SessionView, Failure> {
    let again = password::copy(&password);
    match terminal.sign_in(name, password, None) {
        Err(error) if error.code() == ErrorCode::PasswordMustChange && password::can_ask() => {
            eprintln!("This password must be changed before work begins.");
            let new_password = password::get(None, Wanted::NewOf(name.as_str()))?;
            Ok(terminal.sign_in(name, again, Some(new_password))?)
        }
        told => Ok(told?),
    }
}

pub(super) fn lock(till: &mut Till) -> Result<Reply, Failure> {
    let terminal = till.terminal_of_a_shell("lock")?;
    terminal.lock()?;
    Ok(shown(&terminal.till_state()?))
}

pub(super) fn unlock(till: &mut Till, person: &Person) -> Result<Reply, Failure> {
    let terminal = till.terminal_of_a_shell("unlock")?;
    let who = terminal.till_state()?.operator;
    let password =
        password::get(person.password(), Wanted::Of(who.as_ref().map_or("whoever locked it", |n| n.as_str())))?;
    Ok(begun(&terminal.unlock(password)?))
}

pub(super) fn unlock_by_finger(till: &mut Till) -> Result<Reply, Failure> {
    Ok(begun(&till.terminal_of_a_shell("unlock")?.unlock_by_biometric()?))
}

pub(super) fn sign_out(till: &mut Till) -> Result<Reply, Failure> {
    let terminal = till.terminal_of_a_shell("sign-out")?;
    terminal.sign_out()?;
    Ok(shown(&terminal.till_state()?))
}

pub(super) fn who(till: &mut Till) -> Result<Reply, Failure> {
    Ok(shown(&till.terminal()?.till_state()?))
}

pub(super) fn change_password(till: &mut Till, person: &Person) -> Result<Reply, Failure> {
    let name = match till.take_worker()? {
        // At once with the sign-in, so that a password that must change can.
        Some((name, _)) => {
            let terminal = till.terminal_of_nobody()?;
            let (password, new_password) = both_passwords(person, &name)?;
            terminal.sign_in(&name, password, Some(new_password))?;
            name
        }
        None => {
            let terminal = till.terminal_at_work()?;
            let name = terminal.till_state()?.operator.ok_or(ErrorCode::TillLocked)?;
            let (password, new_password) = both_passwords(person, &name)?;
            terminal.change_password(password, new_password)?;
            name
        }
    };
    let line =
        Line::Head(Tone::Good, format!("The password of {name} is changed. The old one opens nothing any more."));
    Ok(Reply { json: json!({ "ok": true, "operator": name }), lines: vec![line], ok: true })
}

fn both_passwords(person: &Person, name: &OperatorName) -> Result<(SecretBytes, SecretBytes), Failure> {
    let password = password::get(person.password(), Wanted::Of(name.as_str()))?;
    Ok((password, password::get(person.new_password(), Wanted::NewOf(name.as_str()))?))
}

/// What a session that has begun has to tell.
fn begun(session: &SessionView) -> Reply {
    let SessionView { operator, role, password_days_left, failed_before, cut_before, waiting } = session;
    let json = json!({
        "ok": true, "state": Standing::SignedIn.word(), "operator": operator, "role": role,
        "password_days_left": password_days_left, "failed_before": failed_before, "cut_before": cut_before,
        "waiting": waiting,
    });
    let mut lines = vec![Line::Head(Tone::Good, format!("Signed in: {operator}, {role}."))];
    lines.extend(news(session).into_iter().map(Line::Plain));
    Reply { json, lines, ok: true }
}

/// What somebody who has just signed in should know.
pub(super) fn news(session: &SessionView) -> Vec<String> {
    let days = session
        .password_days_left
        .map(|days| format!("The password must be changed within {}.", counted(days.into(), "day")));
    let failed = (session.failed_before > 0).then(|| {
        format!(
            "There were {} since the last sign-in. If that was not you, tell the supervisor.",
            counted(session.failed_before.into(), "wrong password")
        )
    });
    let cut = session.cut_before.then(|| "The session before this one was cut off: nobody signed out.".to_owned());
    let waiting = (session.waiting > 0).then(|| waits(session.waiting));
    [days, failed, cut, waiting].into_iter().flatten().collect()
}

fn shown(state: &TillState) -> Reply {
    let name = state.operator.as_ref().map_or("nobody", OperatorName::as_str);
    let (tone, head) = match (state.standing, state.role) {
        (Standing::SignedIn, Some(role)) => (Tone::Good, format!("Signed in: {name}, {role}.")),
        (Standing::SignedIn, None) => (Tone::Good, format!("Signed in: {name}.")),
        (Standing::Locked, _) => (Tone::Open, format!("Locked by {name}.")),
        (Standing::SignedOut, _) => (Tone::Open, "Nobody is signed in.".to_owned()),
        (Standing::Unclaimed, _) => (Tone::Open, "Nobody has claimed this till yet: taptill claim NAME".to_owned()),
    };
    let mut lines = vec![Line::Head(tone, head)];
    lines.extend(state.waiting.filter(|waiting| *waiting > 0).map(|waiting| Line::Plain(waits(waiting))));
    lines.extend(state.frozen.as_ref().map(|view| Line::Plain(incident::told(view))));
    if state.is_rolled_back {
        lines.push(
            "Its record was put back to an older state: it does not sell before `accept-roll-back`.".to_owned().into(),
        );
    }
    if state.settlement_missed.is_some() {
        lines.push("The batch was to be settled by now, and the till was not there: use `settle`.".to_owned().into());
    }
    Reply { json: object(state), lines, ok: true }
}

fn object(state: &TillState) -> Value {
    json!({
        "ok": true, "state": state.standing.word(), "operator": state.operator, "role": state.role,
        "waiting": state.waiting, "locks_in_ms": state.locks_in_ms, "biometric": state.biometric.word(),
        "rolled_back": state.is_rolled_back, "settlement_missed_ms": state.settlement_missed,
        "frozen": state.frozen,
    })
}

fn waits(count: u64) -> String {
    let verb = if count == 1 { "waits" } else { "wait" };
    format!("{} {verb} to be finished with the bank.", counted(count, "payment"))
}

/// `1 day`, `2 days`, `5 entries`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    match (count, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) if !noun.ends_with("ay") => format!("{count} {stem}ies"),
        _ => format!("{count} {noun}s"),
    }
}

/// A time in the units that people say; what is left of a second counts as one.
pub(super) fn span(ms: u64) -> String {
    let seconds = ms.div_ceil(1_000);
    let parts = [(seconds / 3_600, "hour"), (seconds / 60 % 60, "minute"), (seconds % 60, "second")];
    let said: Vec<String> =
        parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, noun)| counted(count, noun)).collect();
    if said.is_empty() { "no time".to_owned() } else { said.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_said_as_people_say_them() {
        for (count, noun, verdict) in [(0, "day", "0 days"), (1, "day", "1 day"), (5, "entry", "5 entries")] {
            assert_eq!(counted(count, noun), verdict);
        }
        let rows = [
            (0, "no time"),
            (1, "1 second"),
            (900_000, "15 minutes"),
            (1_799_001, "30 minutes"),
            (61_000, "1 minute 1 second"),
            (43_200_000, "12 hours"),
            (3_660_000, "1 hour 1 minute"),
        ];
        for (ms, verdict) in rows {
            assert_eq!(span(ms), verdict);
        }
    }
}
