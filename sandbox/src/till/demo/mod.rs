//! `demo`: the whole story on one page, each step checked against the host's own book.
//!
//! Host and till are processes of this same program in a fresh temporary folder, so that what is shown is what
//! a shop would run: the till is really killed, and really finds its way by what is on the disk. A step that
//! does not hold says why, ends the story, and makes the exit code 1. Evidence: `sandbox/tests/till_demo.rs`.

mod goodbye;
mod money;
mod stage;
mod steps;
mod stranger;

use serde_json::{Value, json};

use super::failure::Failure;
use super::output::{Line, Output, Reply, Tone};

use stage::Stage;
use steps::{STEPS, Step};

/// What a step has to show, line by line, or why it does not hold.
type Shown = Result<Vec<String>, Broken>;

/// Why a step does not hold.
struct Broken(String);

pub(super) fn run(output: Output) -> Result<Reply, Failure> {
    let mut teller = Teller { output, steps: Vec::new(), holds: true };
    teller.say(OPENING.lines().map(|line| Line::Plain(line.to_owned())).collect())?;
    match Stage::set() {
        Ok(mut stage) => {
            for (number, step) in STEPS.iter().enumerate() {
                teller.tell(number + 1, step, &mut stage)?;
            }
        }
        Err(Broken(why)) => teller.break_off("stage", &why)?,
    }
    let ending = if teller.holds {
        Line::Head(Tone::Good, "Every step held, by the till's record and by the host's own book.".to_owned())
    } else {
        Line::Head(Tone::Bad, "A step did not hold: this program is not fit to be used.".to_owned())
    };
    Ok(Reply { json: json!({ "ok": teller.holds, "steps": teller.steps }), lines: vec![ending], ok: teller.holds })
}

/// Tells the story while it happens; for a program, keeps it for the end.
struct Teller {
    output: Output,
    steps: Vec<Value>,
    holds: bool,
}

impl Teller {
    fn tell(&mut self, number: usize, step: &Step, stage: &mut Stage) -> Result<(), Failure> {
        if !self.holds {
            self.steps.push(json!({ "step": step.name, "ok": false, "why": "not reached" }));
            return Ok(());
        }
        match (step.act)(stage) {
            Ok(shown) => {
                self.steps.push(json!({ "step": step.name, "ok": true, "shows": step.title }));
                let head = Line::Head(Tone::Good, format!("{number}. {}", step.title));
                self.say(std::iter::once(head).chain(shown.into_iter().map(indented)).collect())
            }
            Err(Broken(why)) => self.break_off(step.name, &why),
        }
    }

    fn break_off(&mut self, name: &str, why: &str) -> Result<(), Failure> {
        self.holds = false;
        self.steps.push(json!({ "step": name, "ok": false, "why": why }));
        self.say(vec![Line::Head(Tone::Bad, format!("{name}: {why}"))])
    }

    fn say(&self, lines: Vec<Line>) -> Result<(), Failure> {
        if self.output.is_json() {
            return Ok(());
        }
        let said = Reply { json: Value::Null, lines, ok: true };
        self.output.reply(&said).map_err(|_| Failure::output())
    }
}

fn indented(line: String) -> Line {
    Line::Plain(format!("   {line}").trim_end().to_owned())
}

const OPENING: &str = "\
Taptill, from tap to proof. The card and the acquirer's host are simulated; they run on this computer and
no real money is involved. The cryptography, the connection, the record on disk and the kill are real.
";
