//! `operator add | list | remove | reset`: who works at this till. Evidence: `sandbox/tests/till_people.rs`.

use serde_json::{Value, json};
use taptill::ids::{OperatorName, Role};
use taptill::till::{NewOperator, OperatorView};

use super::args::{OperatorAction, Person};
use super::context::Till;
use super::failure::Failure;
use super::incident;
use super::output::{Line, Reply, Tone};
use super::password::{self, Wanted};
use super::session::counted;

pub(super) fn run(till: &mut Till, action: OperatorAction, person: &Person) -> Result<Reply, Failure> {
    match action {
        OperatorAction::Add { name, role, temporary } => add(till, OperatorName::new(name)?, role, temporary, person),
        OperatorAction::List => list(till),
        OperatorAction::Remove { name, rotate, days } => remove(till, &OperatorName::new(name)?, rotate, days),
        OperatorAction::Reset { name } => reset(till, &OperatorName::new(name)?, person),
    }
}

fn add(till: &mut Till, name: OperatorName, role: Role, is_temporary: bool, person: &Person) -> Result<Reply, Failure> {
    let source = person.password_for_another();
    let terminal = till.terminal_at_work()?;
    let password = password::get(source, Wanted::NewOf(name.as_str()))?;
    terminal.add_operator(NewOperator { name: name.clone(), role, password, is_temporary })?;
    let json = json!({ "ok": true, "operator": name, "role": role, "temporary": is_temporary });
    let mut lines = vec![Line::Head(Tone::Good, format!("{name} may work at this till as {role}."))];
    if is_temporary {
        lines.push(must_change(&name));
    }
    Ok(Reply { json, lines, ok: true })
}

fn list(till: &mut Till) -> Result<Reply, Failure> {
    let operators = till.terminal()?.operators()?;
    let json = operators.iter().map(object).collect();
    Ok(Reply { json, lines: operators.iter().map(row).collect(), ok: true })
}

fn remove(till: &mut Till, name: &OperatorName, rotate: bool, days: u16) -> Result<Reply, Failure> {
    let terminal = till.terminal()?;
    terminal.remove_operator(name, rotate)?;
    let approved = terminal.approvals(name, days)?;
    let mut lines = vec![Line::Head(Tone::Good, format!("{name} can sign in no longer."))];
    if rotate {
        lines.push("The master key is a new one; the record is being sealed anew.".to_owned().into());
    }
    lines.push(format!("Approved or decided in the last {}: {}", counted(days.into(), "day"), approved.len()).into());
    lines.extend(approved.iter().map(incident::approval));
    let json = json!({ "ok": true, "operator": name, "rotated": rotate, "approved": approved });
    Ok(Reply { json, lines, ok: true })
}

fn reset(till: &mut Till, name: &OperatorName, person: &Person) -> Result<Reply, Failure> {
    let source = person.password_for_another();
    let terminal = till.terminal_at_work()?;
    let password = password::get(source, Wanted::NewOf(name.as_str()))?;
    terminal.reset_operator(name, password)?;
    let head = Line::Head(Tone::Good, format!("{name} has a temporary password."));
    Ok(Reply { json: json!({ "ok": true, "operator": name }), lines: vec![head, must_change(name)], ok: true })
}

fn must_change(name: &OperatorName) -> Line {
    format!("It is temporary: {name} changes it at the first sign-in.").into()
}

fn object(operator: &OperatorView) -> Value {
    json!({
        "name": operator.name, "role": operator.role, "temporary": operator.is_temporary,
        "locked_out": operator.is_locked_out, "damaged": operator.is_damaged,
    })
}

fn row(operator: &OperatorView) -> Line {
    let notes = [
        (operator.is_temporary, "temporary password"),
        (operator.is_locked_out, "locked out"),
        (operator.is_damaged, "row damaged: remove it"),
    ];
    let notes: Vec<&str> = notes.into_iter().filter(|(holds, _)| *holds).map(|(_, note)| note).collect();
    let role = if operator.is_damaged { "-" } else { operator.role.word() };
    let line = format!("{:<34}{:<12}{}", operator.name.as_str(), role, notes.join(", "));
    Line::Plain(line.trim_end().to_owned())
}
