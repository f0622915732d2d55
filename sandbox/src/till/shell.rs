//! `shell`: the same commands, line by line, in one process with one open till.
//!
//! A person gets a prompt and a history that ends with the process. A program writes a command a line and,
//! with `--json`, reads one object or array a line. A line that cannot be run is answered with its error, and
//! the shell goes on; `quit` or the end of the input ends it, and so does `exit` where nobody is signed in. Where somebody
//! is, `exit` leaves the till by its checklist, as it does outside. Evidence: `sandbox/tests/till_usage.rs`,
//! `sandbox/tests/till_leaving.rs`.

use std::io::{self, BufRead, IsTerminal};

use clap::Parser;
use clap::error::ErrorKind;
use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;
use serde_json::json;
use taptill::till::Standing;

use super::args::{Arguments, Command};
use super::context::Till;
use super::failure::Failure;
use super::output::{Line, Output, Reply};
use super::words;

pub(super) fn run(till: &mut Till, output: Output) -> Result<Reply, Failure> {
    if io::stdin().is_terminal() && !output.is_json() { converse(till, output) } else { obey(till, output) }
}

/// Reads lines from a program or a file.
fn obey(till: &mut Till, output: Output) -> Result<Reply, Failure> {
    let mut stdin = io::stdin().lock();
    loop {
        let mut line = Vec::new();
        let read = stdin.read_until(b'\n', &mut line).map_err(|_| Failure::output())?;
        if read == 0 {
            return Ok(Reply::nothing());
        }
        let goes_on = match String::from_utf8(line) {
            Ok(line) => one_line(till, &line, output)?,
            Err(_) => {
                let failure = Failure::Usage("the line is not UTF-8".to_owned());
                output.failure(&failure).map_err(|_| Failure::output())?;
                true
            }
        };
        if !goes_on {
            return Ok(Reply::nothing());
        }
    }
}

/// Reads lines from a person.
fn converse(till: &mut Till, output: Output) -> Result<Reply, Failure> {
    let mut editor = DefaultEditor::new().map_err(|_| Failure::output())?;
    loop {
        match editor.readline(&prompt(till)) {
            Ok(line) => {
                // A history that cannot take the line is no reason not to run it.
                let _ = editor.add_history_entry(&line);
                if !one_line(till, &line, output)? {
                    return Ok(Reply::nothing());
                }
            }
            Err(ReadlineError::Interrupted) => {}
            Err(_) => return Ok(Reply::nothing()),
        }
    }
}

/// Who works here, as far as a shell can see without opening a till.
fn prompt(till: &Till) -> String {
    let state = till.open_terminal().and_then(|terminal| terminal.till_state().ok());
    let name = state.as_ref().and_then(|state| state.operator.as_ref());
    match (state.as_ref().map(|state| state.standing), name) {
        (Some(Standing::SignedIn), Some(name)) => format!("taptill {name}> "),
        (Some(Standing::Locked), Some(name)) => format!("taptill {name} (locked)> "),
        _ => "taptill> ".to_owned(),
    }
}

/// Runs a line and prints its result. `false` when the line ends the shell.
fn one_line(till: &mut Till, line: &str, output: Output) -> Result<bool, Failure> {
    let words = match words::split(line) {
        Ok(words) if words.is_empty() => return Ok(true),
        Ok(words) if ends_it(till, &words) => return Ok(false),
        Ok(words) => words,
        Err(error) => {
            let failure = Failure::Usage(error.words().to_owned());
            return output.failure(&failure).map(|()| true).map_err(|_| Failure::output());
        }
    };
    let printed = match command(till, words, output) {
        Ok(reply) => output.reply(&reply),
        Err(failure) => output.failure(&failure),
    };
    printed.map(|()| true).map_err(|_| Failure::output())
}

/// Whether a line ends the shell: nobody is taken out of it past the checklist by a word that means the checklist.
fn ends_it(till: &Till, words: &[String]) -> bool {
    match words {
        [word] if word == "quit" => true,
        [word] if word == "exit" => {
            let state = till.open_terminal().and_then(|terminal| terminal.till_state().ok());
            state.is_none_or(|state| state.standing != Standing::SignedIn) && !till.awaits_worker()
        }
        _ => false,
    }
}

fn command(till: &mut Till, words: Vec<String>, output: Output) -> Result<Reply, Failure> {
    let program = std::iter::once("taptill".to_owned());
    let arguments = match Arguments::try_parse_from(program.chain(words)) {
        Ok(arguments) => arguments,
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            let text = error.render().to_string();
            return Ok(Reply { json: json!({ "help": text }), lines: vec![Line::Plain(text)], ok: true });
        }
        Err(error) => return Err(Failure::Usage(error.render().to_string())),
    };
    if matches!(arguments.command, Command::Host(_)) {
        let person = &arguments.global.person;
        return super::execute(&mut till.elsewhere(&arguments.global), arguments.command, person, output);
    }
    if arguments.global.person.operator.is_some() {
        return Err(Failure::Usage("in a shell, somebody signs in and stays: sign-in NAME".to_owned()));
    }
    if !till.is_at(&arguments.global) {
        return Err(Failure::Usage("the shell works on the till that it was started with".to_owned()));
    }
    super::execute(till, arguments.command, &arguments.global.person, output)
}
