//! The steps of the demonstration, in order. Each acts, then compares what the till says with what the host
//! has in its book. Evidence: `sandbox/tests/till_demo.rs`.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::host::{BookEntry, EntryState, Kind};
use crate::people::{ALICE, BOB};

use super::stage::Stage;
use super::{Broken, Shown, goodbye, money, stranger};

/// One step: its name for programs, its title for people.
pub(super) struct Step {
    pub name: &'static str,
    pub title: &'static str,
    pub act: fn(&mut Stage) -> Shown,
}

pub(super) const STEPS: &[Step] = &[
    Step { name: "set_up", title: "The shop's till is set up with its acquirer.", act: set_up },
    Step { name: "claimed", title: "Its owner claims the till: from now on it knows who works at it.", act: claimed },
    Step {
        name: "hired",
        title: "The owner hires a cashier, who replaces the temporary password at the first sign-in.",
        act: hired,
    },
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
    Step {
        name: "locked",
        title: "The cashier locks the till and comes back: nothing is sold in between.",
        act: locked,
    },
    Step {
        name: "locked_out",
        title: "Somebody guesses at the cashier's password: the tries run out, and a restart brings none back.",
        act: locked_out,
    },
    Step { name: "receipt", title: "The receipt of the first sale.", act: receipt },
    Step { name: "voided", title: "A sale of 6.00 was a mistake: the whole of it is voided.", act: money::voided },
    Step {
        name: "refunded",
        title: "The first customer brings something back: 2.30 is refunded, and a second person approves it.",
        act: money::refunded,
    },
    Step {
        name: "settled",
        title: "The day is settled with the bank; the till is killed in the middle of it.",
        act: money::settled,
    },
    Step {
        name: "statement",
        title: "The bank's statement is checked, and has one strange line.",
        act: money::statement,
    },
    Step {
        name: "proved",
        title: "A stranger checks the first sale by the till's public key alone, and sees no other.",
        act: proved,
    },
    Step { name: "verify", title: "The whole record is recomputed: complete and unchanged.", act: verify },
    Step { name: "tampered", title: "In a copy of the record one single bit is changed: found.", act: tampered },
    Step {
        name: "frozen",
        title: "A phone is missed: one word freezes the till, and two people let it go again.",
        act: goodbye::frozen,
    },
    Step {
        name: "evidence",
        title: "The police ask about the first sale: they get a bundle, and check it alone.",
        act: goodbye::evidence,
    },
    Step {
        name: "not_let_go",
        title: "The shop is to close for good, and the till says what is in the way, all of it at once.",
        act: goodbye::not_let_go,
    },
    Step {
        name: "deregistered",
        title: "All of it is done; two people take the till off the bank's list, and it is erased.",
        act: goodbye::deregistered,
    },
    Step {
        name: "nothing_opens",
        title: "Nothing opens any more, with every password: neither the till nor a copy of its folder.",
        act: goodbye::nothing_opens,
    },
];

/// The shop's owner, a supervisor, and her cashier.
pub(super) const OWNER: &str = ALICE.name;
pub(super) const CASHIER: &str = BOB.name;

pub(super) const PAID: &str = "demo-paid";
pub(super) const UNANSWERED: &str = "demo-unanswered";
pub(super) const KILLED: &str = "demo-killed";

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

fn claimed(stage: &mut Stage) -> Shown {
    stage.note_password(OWNER, ALICE.password)?;
    agree("the till", text(&stage.till(&["who"])?["state"]), "unclaimed")?;
    let claim = stage.till(&["claim", OWNER, "--password-file", &stage.password_file(OWNER)])?;
    let again = stage.refusal_of(CASHIER, &["claim", CASHIER, "--new-password-file", &stage.password_file(OWNER)])?;
    agree("a second claim", text(&again["code"]), "already_claimed")?;
    agree("the till", text(&stage.till(&["who"])?["state"]), "signed_out")?;
    let length = text(&claim["recovery_code"]).len();
    if length < 26 {
        return Err(Broken(format!("a recovery code of {length} characters is too short")));
    }
    Ok(vec![
        format!("{OWNER} is its supervisor. The recovery code was printed once, for paper, and is nowhere else."),
        "Whoever comes second is refused. Nobody is signed in now, and nothing can be read or sold.".to_owned(),
    ])
}

fn hired(stage: &mut Stage) -> Shown {
    let temporary = stage.note_password(CASHIER, "given by alice for day 1")?;
    let words = ["operator", "add", CASHIER, "--role", "cashier", "--temporary", "--new-password-file", &temporary];
    stage.till_of(OWNER, &words)?;
    let refusal = stage.refusal_of(CASHIER, &["list"])?;
    agree("the first sign-in", text(&refusal["code"]), "password_must_change")?;
    let own = stage.note_password("own", BOB.password)?;
    stage.till_of(CASHIER, &["password", "change", "--new-password-file", &own])?;
    let old = stage.refusal_of(CASHIER, &["list"])?;
    agree("the old password", text(&old["code"]), "sign_in_refused")?;
    stage.note_password(CASHIER, BOB.password)?;
    let refusal = stage.refusal_of(CASHIER, &["operator", "list"])?;
    agree("the cashier's wish to see who works here", text(&refusal["code"]), "not_permitted")?;
    Ok(vec![
        format!("{CASHIER} chose a password of his own; the one he was given opens nothing any more."),
        "A cashier sells. Who works here is the supervisor's to see and to say.".to_owned(),
    ])
}

fn approved(stage: &mut Stage) -> Shown {
    let sale = stage.till_of(CASHIER, &["sale", "12.30", "--attempt", PAID, "--order", "A-17"])?;
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
    let sale = stage.till_of(CASHIER, &["sale", "1000.51"])?;
    expect(&sale, "declined")?;
    agree("the response code", text(&sale["host_code"]), "51")?;
    charged(&stage.last_booked()?, 0, EntryState::Declined)?;
    Ok(vec!["Response code 51, not sufficient funds. The host charged nothing.".to_owned()])
}

fn no_answer_reversed(stage: &mut Stage) -> Shown {
    stage.host_next(Kind::NoAnswer)?;
    let sale = stage.till_of(CASHIER, &["sale", "8.80", "--attempt", UNANSWERED])?;
    expect_open(&sale)?;
    was_booked(&stage.last_booked()?)?;
    stage.till_of(CASHIER, &["resolve"])?;
    expect(&stage.till_of(CASHIER, &["status", UNANSWERED])?, "reversed")?;
    charged(&stage.last_booked()?, 0, EntryState::Reversed)?;
    Ok(vec![
        "The till said: not known yet, and never: declined. The host had charged CNY 8.80.".to_owned(),
        "Then the till reversed it, and the host confirmed: CNY 0.00 charged.".to_owned(),
    ])
}

fn killed_reversed(stage: &mut Stage) -> Shown {
    stage.host_next(Kind::NoAnswer)?;
    let till = stage.start_till_of(CASHIER, &["sale", "15.00", "--attempt", KILLED])?;
    let entry = stage.wait_until_booked(1_500)?;
    till.kill()?;
    charged(&entry, 1_500, EntryState::Booked)?;
    stage.till_of(CASHIER, &["resolve"])?;
    expect(&stage.till_of(CASHIER, &["status", KILLED])?, "reversed")?;
    charged(&stage.last_booked()?, 0, EntryState::Reversed)?;
    Ok(vec![
        "The host had charged CNY 15.00; nobody at the till had been told anything.".to_owned(),
        "Started again, the till knew of the payment and reversed it: CNY 0.00 charged.".to_owned(),
    ])
}

fn locked(stage: &mut Stage) -> Shown {
    let file = stage.password_file(CASHIER);
    let told = stage.shell(&[
        format!("sign-in {CASHIER} --password-file '{file}'"),
        "lock".to_owned(),
        "sale 3.00".to_owned(),
        format!("unlock --password-file '{file}'"),
        "sale 3.00".to_owned(),
        "sign-out".to_owned(),
    ])?;
    agree("the till", text(&told[1]["state"]), "locked")?;
    agree("a sale on a locked till", text(&told[2]["error"]["code"]), "till_locked")?;
    expect(&told[4], "approved")?;
    agree("the till", text(&told[5]["state"]), "signed_out")?;
    charged(&stage.last_booked()?, 300, EntryState::Booked)?;
    Ok(vec![
        "Locked, the till held no key: it could neither sell nor show. Unlocked, it sold; then he signed out."
            .to_owned(),
    ])
}

fn locked_out(stage: &mut Stage) -> Shown {
    let wrong = stage.note_password("wrong", "surely it is this one 1")?;
    let guess = format!("sign-in {CASHIER} --password-file '{wrong}'");
    let told = stage.shell(&vec![guess; 1 + TRIES])?;
    let refused = |answer: &Value, code: &str| text(&answer["error"]["code"]) == code;
    if !told[..TRIES - 1].iter().all(|answer| refused(answer, "sign_in_refused")) {
        return Err(Broken("a wrong password was not refused".to_owned()));
    }
    let last = stage.refusal_of(CASHIER, &["list"])?;
    agree("the right password after that", text(&last["code"]), "operator_locked_out")?;
    let again = stage.note_password(CASHIER, "given by alice for day 2")?;
    stage.till_of(OWNER, &["operator", "reset", CASHIER, "--new-password-file", &again])?;
    let own = stage.note_password("own", "small boats row at 8 bells")?;
    stage.till_of(CASHIER, &["password", "change", "--new-password-file", &own])?;
    stage.note_password(CASHIER, "small boats row at 8 bells")?;
    let minutes = last["retry_after_ms"].as_u64().unwrap_or_default().div_ceil(60_000);
    Ok(vec![
        format!("After {TRIES} tries not even the right password opens, in any process, for {minutes} minutes."),
        format!("{OWNER} could work all the time, and gave {CASHIER} a new temporary password."),
    ])
}

/// How many guesses the usual policy gives.
const TRIES: usize = 10;

fn proved(stage: &mut Stage) -> Shown {
    let proof = stage.till_of(OWNER, &["prove", PAID])?;
    let keys = stage.till_of(OWNER, &["public-key"])?;
    let key = text(&keys["public_key"]).lines().next().unwrap_or_default().to_owned();
    let proof = text(&proof["proof"]);
    let shown = stranger::check(proof, &key).map_err(|why| Broken(format!("the proof is refused: {why}")))?;
    let event: Value = serde_json::from_slice(&shown.event).map_err(|_| Broken("the event is not JSON".to_owned()))?;
    agree("the proved payment", text(&event["attempt"]), PAID)?;
    for other in [UNANSWERED, KILLED] {
        if proof.contains(other) || String::from_utf8_lossy(&shown.event).contains(other) {
            return Err(Broken("the proof shows another payment".to_owned()));
        }
    }
    let forged = changed(proof);
    if stranger::check(&forged, &key).is_ok() {
        return Err(Broken("a changed proof was accepted".to_owned()));
    }
    Ok(vec![
        format!("One of {} entries, its hashes and a signed checkpoint: it fits.", shown.size),
        "With one character changed it does not. No card number is in it: none is in any entry.".to_owned(),
    ])
}

/// The same proof of another event: one character of it is changed.
pub(super) fn changed(proof: &str) -> String {
    let place = proof.find("extra ").map_or(0, |start| start + "extra ".len() + 8);
    let other = if proof.as_bytes().get(place) == Some(&b'A') { "B" } else { "A" };
    let mut changed = proof.to_owned();
    changed.replace_range(place..=place, other);
    changed
}

fn receipt(stage: &mut Stage) -> Shown {
    let receipt = stage.till_of(CASHIER, &["receipt", PAID])?;
    let slip = text(&receipt["text"]);
    for needle in ["APPROVED", "CNY 12.30", "******"] {
        if !slip.contains(needle) {
            return Err(Broken(format!("the receipt does not say {needle}")));
        }
    }
    Ok(slip.lines().map(|line| format!("  {line}")).collect())
}

fn verify(stage: &mut Stage) -> Shown {
    let report = stage.till_of(OWNER, &["verify"])?;
    let root = text(&report["root"]).get(..16).unwrap_or_default();
    Ok(vec![format!("{} entries, each sealed and chained; root {root}…", report["size"])])
}

fn tampered(stage: &mut Stage) -> Shown {
    let copy = stage.copy_of_till("copy", true)?;
    change_one_bit(&copy)?;
    let (code, told) = stage.till_at_of(&copy, OWNER, &["verify"])?;
    agree("the verdict", text(&told["error"]["code"]), "journal_damaged")?;
    if code != Some(1) {
        return Err(Broken("a damaged record did not end in exit code 1".to_owned()));
    }
    stage.till_of(OWNER, &["verify"])?;
    Ok(vec![format!(
        "The till refuses the copy and names record {}. The original still verifies.",
        told["error"]["sequence"]
    )])
}

pub(super) fn expect(view: &Value, state: &str) -> Result<(), Broken> {
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

pub(super) fn charged(entry: &BookEntry, net_minor: u64, state: EntryState) -> Result<(), Broken> {
    agree("the host's state", entry.state.word(), state.word())?;
    agree("the host's net amount", &entry.net_minor.to_string(), &net_minor.to_string())
}

pub(super) fn agree(what: &str, found: &str, expected: &str) -> Result<(), Broken> {
    if found == expected { Ok(()) } else { Err(Broken(format!("{what} is {found:?}, expected {expected:?}"))) }
}

pub(super) fn text(value: &Value) -> &str {
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
