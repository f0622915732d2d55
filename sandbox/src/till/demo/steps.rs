//! The steps of the demonstration, in order. Each acts, then compares what the till says with what the host
//! has in its book. Evidence: `sandbox/tests/till_demo.rs`.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::host::{BookEntry, EntryState, Kind};

use super::stage::Stage;
use super::{Broken, Shown};

/// One step: its name for programs, its title for people.
pub(super) struct Step {
    pub name: &'static str,
    pub title: &'static str,
    pub act: fn(&mut Stage) -> Shown,
}

pub(super) const STEPS: &[Step] = &[
    Step { name: "set_up", title: "The shop's till is set up with its acquirer.", act: set_up },
    Step { name: "approved", title: "A customer pays 12.30: approved.", act: approved },
    Step { name: "declined", title: "A customer pays 1000.51: the bank declines.", act: declined },
    Step {
        name: "no_answer_reversed",
        title: "The bank books 8.80, but its answer never arrives: the till takes the payment back.",
        act: no_answer_reversed,
    },
    Step {
        name: "killed_reversed",
        title: "The till is killed (kill -9) while 15.00 is on its way: the record knows, the till takes it back.",
        act: killed_reversed,
    },
    Step { name: "receipt", title: "The receipt of the first sale.", act: receipt },
    Step { name: "verify", title: "The whole record is recomputed: complete and unchanged.", act: verify },
    Step { name: "tampered", title: "In a copy of the record one single bit is changed: found.", act: tampered },
];

const PAID: &str = "demo-paid";
const UNANSWERED: &str = "demo-unanswered";
const KILLED: &str = "demo-killed";

fn set_up(stage: &mut Stage) -> Shown {
    let address = stage.start_host()?;
    let host_home = stage.host_home();
    let host_home = host_home.to_str().ok_or_else(|| Broken("the temporary folder's name is not text".to_owned()))?;
    let till = stage.till(&["init", "--host-home", host_home, "--host", &address])?;
    let line = format!(
        "Terminal {} talks to the simulated host at {} over mutual TLS.",
        text(&till["terminal_id"]),
        stage.host_address()
    );
    Ok(vec![line])
}

fn approved(stage: &mut Stage) -> Shown {
    let sale = stage.till(&["sale", "12.30", "--attempt", PAID, "--order", "A-17"])?;
    expect(&sale, "approved")?;
    let entry = stage.last_booked()?;
    agree("the reference number", text(&sale["rrn"]), entry.rrn.as_str())?;
    charged(&entry, 1_230, EntryState::Booked)?;
    Ok(vec![format!(
        "Card {}, authorisation code {}. The host charged CNY 12.30 once.",
        text(&sale["card_masked"]),
        text(&sale["auth_code"])
    )])
}

fn declined(stage: &mut Stage) -> Shown {
    let sale = stage.till(&["sale", "1000.51"])?;
    expect(&sale, "declined")?;
    agree("the response code", text(&sale["host_code"]), "51")?;
    charged(&stage.last_booked()?, 0, EntryState::Declined)?;
    Ok(vec!["Response code 51, not sufficient funds. The host charged nothing.".to_owned()])
}

fn no_answer_reversed(stage: &mut Stage) -> Shown {
    stage.host_next(Kind::NoAnswer)?;
    let sale = stage.till(&["sale", "8.80", "--attempt", UNANSWERED])?;
    expect_open(&sale)?;
    was_booked(&stage.last_booked()?)?;
    stage.till(&["resolve"])?;
    expect(&stage.till(&["status", UNANSWERED])?, "reversed")?;
    charged(&stage.last_booked()?, 0, EntryState::Reversed)?;
    Ok(vec![
        "The till said: not known yet, and never: declined. The host had charged CNY 8.80.".to_owned(),
        "Then the till reversed it, and the host confirmed: CNY 0.00 charged.".to_owned(),
    ])
}

fn killed_reversed(stage: &mut Stage) -> Shown {
    stage.host_next(Kind::NoAnswer)?;
    let till = stage.start_till(&["sale", "15.00", "--attempt", KILLED])?;
    let entry = stage.wait_until_booked(1_500)?;
    till.kill()?;
    charged(&entry, 1_500, EntryState::Booked)?;
    stage.till(&["resolve"])?;
    expect(&stage.till(&["status", KILLED])?, "reversed")?;
    charged(&stage.last_booked()?, 0, EntryState::Reversed)?;
    Ok(vec![
        "The host had charged CNY 15.00; nobody at the till had been told anything.".to_owned(),
        "Started again, the till knew of the payment and reversed it: CNY 0.00 charged.".to_owned(),
    ])
}

fn receipt(stage: &mut Stage) -> Shown {
    let receipt = stage.till(&["receipt", PAID])?;
    let slip = text(&receipt["text"]);
    for needle in ["APPROVED", "CNY 12.30", "******"] {
        if !slip.contains(needle) {
            return Err(Broken(format!("the receipt does not say {needle}")));
        }
    }
    Ok(slip.lines().map(|line| format!("  {line}")).collect())
}

fn verify(stage: &mut Stage) -> Shown {
    let report = stage.till(&["verify"])?;
    let root = text(&report["root"]).get(..16).unwrap_or_default();
    Ok(vec![format!("{} entries, each sealed and chained; root {root}…", report["size"])])
}

fn tampered(stage: &mut Stage) -> Shown {
    let copy = stage.copy_of_till()?;
    change_one_bit(&copy)?;
    let (code, told) = stage.till_at(&copy, &["verify"])?;
    agree("the verdict", text(&told["error"]["code"]), "journal_damaged")?;
    if code != Some(1) {
        return Err(Broken("a damaged record did not end in exit code 1".to_owned()));
    }
    stage.till(&["verify"])?;
    Ok(vec![format!(
        "The till refuses the copy and names record {}. The original still verifies.",
        told["error"]["sequence"]
    )])
}

fn expect(view: &Value, state: &str) -> Result<(), Broken> {
    agree("the till's state", text(&view["state"]), state)
}

fn expect_open(view: &Value) -> Result<(), Broken> {
    match text(&view["state"]) {
        "in_doubt" | "reversal_due" => Ok(()),
        other => Err(Broken(format!("the till's state is {other}, not open"))),
    }
}

/// Whether the host charged the customer at first. The till may have reversed it by the time one looks.
fn was_booked(entry: &BookEntry) -> Result<(), Broken> {
    match entry.state {
        EntryState::Booked | EntryState::Reversed => Ok(()),
        other => Err(Broken(format!("the host's state is {}, never booked", other.word()))),
    }
}

fn charged(entry: &BookEntry, net_minor: u64, state: EntryState) -> Result<(), Broken> {
    agree("the host's state", entry.state.word(), state.word())?;
    agree("the host's net amount", &entry.net_minor.to_string(), &net_minor.to_string())
}

fn agree(what: &str, found: &str, expected: &str) -> Result<(), Broken> {
    if found == expected { Ok(()) } else { Err(Broken(format!("{what} is {found:?}, expected {expected:?}"))) }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Flips the lowest bit of one byte of a sealed record, in the file itself.
fn change_one_bit(home: &Path) -> Result<(), Broken> {
    let file = home.join("journal.db");
    let sealed = one_sealed_record(&file).map_err(|_| Broken("the copied record cannot be read".to_owned()))?;
    let mut bytes = fs::read(&file).map_err(|_| Broken("the copied file cannot be read".to_owned()))?;
    let found = bytes.windows(sealed.len()).position(|window| window == sealed.as_slice());
    let place = found.ok_or_else(|| Broken("the sealed record is not in the file in one piece".to_owned()))?;
    bytes[place] ^= 1;
    fs::write(&file, bytes).map_err(|_| Broken("the copied file cannot be written".to_owned()))
}

/// The sealed bytes of the shortest record: short enough to lie in one piece.
fn one_sealed_record(file: &Path) -> rusqlite::Result<Vec<u8>> {
    let journal = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    journal.query_row("SELECT sealed FROM event ORDER BY length(sealed), seq LIMIT 1", [], |row| row.get(0))
}
