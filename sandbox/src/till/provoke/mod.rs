//! `provoke [CODE]`: brings an error about, so that whoever handles it can see it.
//!
//! Each code of the core has one script in [`table`], which plays on a stage of its own: a temporary till, a host, a
//! card, a clock, a disk. The error that is shown is the one that the core gave, never one made up here; a script that
//! comes to another end is reported as broken. Without a code all are listed.
//! Evidence: `sandbox/tests/till_provoke.rs` plays them all.

mod device;
mod evidence;
mod goodbyes;
mod impostor;
mod incidents;
mod life;
mod network;
mod payments;
mod people;
mod records;
mod refunds;
mod settlements;
mod stage;
mod statements;
mod storage;
mod table;
mod typed;
mod voids;

use serde_json::{Value, json};
use taptill::error::{Error, ErrorCode};

use super::failure::Failure;
use super::output::{Line, Reply, Tone};

use stage::Ended;
use table::Script;

pub(super) fn run(code: Option<&str>, all: bool) -> Result<Reply, Failure> {
    match code {
        Some(word) => show(find(word)?),
        None if all => Ok(play_all()),
        None => Ok(list()),
    }
}

fn find(word: &str) -> Result<ErrorCode, Failure> {
    let found = ErrorCode::ALL.iter().copied().find(|code| code.code() == word);
    found.ok_or_else(|| Failure::Usage(format!("no error has the code {word}; `provoke` alone lists them all")))
}

/// Plays one script. The error is what the command was asked for, so it is a reply.
fn show(code: ErrorCode) -> Result<Reply, Failure> {
    let script = table::script(code);
    let error = match play(code, script) {
        Ok(error) => error,
        Err(why) => return Ok(not_provoked(code, &why)),
    };
    let failure = Failure::Core(error);
    let mut json = failure.json();
    json["provoked_by"] = script.how.into();
    let mut lines = vec![Line::Plain(format!("Provoked by this: {}.", script.how))];
    lines.extend(failure.words().into_iter().map(Line::Plain));
    Ok(Reply { lines, json, ok: true })
}

/// A script that came to another end.
fn not_provoked(code: ErrorCode, why: &str) -> Reply {
    let lines = vec![Line::Head(Tone::Bad, format!("{} was not provoked: {why}", code.code()))];
    Reply { lines, json: json!({ "code": code.code(), "provoked": false, "why": why }), ok: false }
}

/// Plays the script and gives the error, if it has this code.
fn play(code: ErrorCode, script: Script) -> Result<Error, String> {
    match (script.play)() {
        Err(Ended::Refused(error)) if error.code() == code => Ok(*error),
        Err(Ended::Refused(error)) => Err(format!("the core said {error}")),
        Err(Ended::Broken(why)) => Err(why),
        Ok(()) => Err("nothing was refused".to_owned()),
    }
}

/// Every code and how it is brought about.
fn list() -> Reply {
    let rows: Vec<(&str, &str)> = ErrorCode::ALL.iter().map(|code| (code.code(), table::script(*code).how)).collect();
    let json = rows.iter().map(|(code, how)| json!({ "code": code, "provoked_by": how })).collect();
    let lines = rows.iter().map(|(code, how)| Line::Plain(format!("{code:<36}{how}"))).collect();
    Reply { lines, json, ok: true }
}

/// Plays every script; the exit code is 1 when one does not come to its error.
fn play_all() -> Reply {
    let (mut lines, mut rows, mut ok) = (Vec::new(), Vec::new(), true);
    for code in ErrorCode::ALL {
        let told = play(*code, table::script(*code));
        ok &= told.is_ok();
        let row = match &told {
            Ok(error) => json!({ "code": code.code(), "provoked": true, "error": error }),
            Err(why) => json!({ "code": code.code(), "provoked": false, "why": why }),
        };
        lines.push(match &told {
            Ok(_) => Line::Head(Tone::Good, code.code().to_owned()),
            Err(why) => Line::Head(Tone::Bad, format!("{}: {why}", code.code())),
        });
        rows.push(row);
    }
    Reply { lines, json: Value::Array(rows), ok }
}
