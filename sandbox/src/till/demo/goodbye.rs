//! The last steps: a freeze and its release, a bundle of evidence, and a till that leaves for good. Whatever is said of the
//! erasure is tried out: with every password, on the till and on copies of its folder from before. Never anybody's own till:
//! all of it lies in the demo's folder. Evidence: `sandbox/tests/till_demo.rs`.

use std::fs;
use std::path::Path;

use serde_json::Value;
use taptill::text::{Catalogue, Language};

use crate::card;
use crate::scan::Needles;

use super::stage::Stage;
use super::steps::{CASHIER, KILLED, OWNER, PAID, UNANSWERED, agree, changed, expect, text};
use super::{Broken, Shown, stranger};

/// A second supervisor, whom the owner brings in to close the shop.
const PARTNER: &str = "carol";

/// What is kept of the till's folder before it is erased: with the device's keys, and without.
const COPY_WITH_KEYS: &str = "kept-with-keys";
const COPY: &str = "kept";

pub(super) fn frozen(stage: &mut Stage) -> Shown {
    let frozen = stage.till(&["freeze", "a", "phone", "is", "missed"])?;
    agree("who froze it", text(&frozen["frozen"]["from"]), "lock_screen")?;
    let refusal = stage.refusal_of(CASHIER, &["sale", "4.20"])?;
    agree("a sale on a frozen till", text(&refusal["code"]), "till_frozen")?;
    agree("freezes that the host was told", &stage.times_told("freeze")?.to_string(), "1")?;
    let alone = released_by(stage, OWNER)?;
    agree("a release by one person", text(&alone["error"]["code"]), "release_needs_another")?;
    let released = released_by(stage, CASHIER)?;
    agree("the till after its release", &released["frozen"].to_string(), "null")?;
    agree("releases that the host was told", &stage.times_told("release")?.to_string(), "1")?;
    Ok(vec![
        "Nobody need be signed in for it. A sale is refused by name, and the bank knows.".to_owned(),
        format!("{OWNER} alone may not release it; {OWNER} and {CASHIER} do, each with a password. The bank knows."),
    ])
}

/// What the till says to the owner who releases it with this second person.
fn released_by(stage: &Stage, second: &str) -> Result<Value, Broken> {
    let file = stage.password_file(second);
    let words = ["release", "--second", second, "--second-password-file", &file];
    Ok(stage.till_at_of(&stage.till_home(), OWNER, &words)?.1)
}

pub(super) fn evidence(stage: &mut Stage) -> Shown {
    let bundle = stage.path("bundle");
    let place = bundle.to_string_lossy().into_owned();
    let made = stage.till_of(OWNER, &["evidence", PAID, "--out", &place, "--for", "the police"])?;
    let records = made["records"].as_array().map_or(0, Vec::len);
    let strangers = card::numbers().iter().fold(Needles::new(), |all, number| all.card_number("a card number", number));
    let strangers =
        [UNANSWERED, KILLED].iter().fold(strangers, |all, other| all.bytes("another payment", other.as_bytes()));
    match strangers.find_in_dir(&bundle) {
        Ok(hits) if hits.is_empty() => {}
        Ok(hits) => return Err(Broken(format!("the bundle shows {}", hits[0].needle))),
        Err(_) => return Err(Broken("the bundle cannot be read".to_owned())),
    }
    let (code, told) = stage.anybody(&["verify", &place])?;
    if code != Some(0) || told["ok"] != true {
        return Err(Broken(format!("the bundle does not hold: {}", told["findings"])));
    }
    change_a_record(&bundle)?;
    let (code, told) = stage.anybody(&["verify", &place])?;
    if code != Some(1) || !told["findings"].to_string().contains("file_changed") {
        return Err(Broken(format!("what was changed in the bundle is not found: {}", told["findings"])));
    }
    Ok(vec![
        format!("{records} entries of the record, signed; no other payment and no card number is in it."),
        "verify BUNDLE needs no till, no network and no key. With one character changed it does not hold.".to_owned(),
    ])
}

pub(super) fn not_let_go(stage: &mut Stage) -> Shown {
    expect(&stage.till_of(CASHIER, &["sale", "4.20"])?, "approved")?;
    expect(&stage.till_of(CASHIER, &["refund", "request", PAID, "1.00", "--name", LAST_REFUND])?, "waiting")?;
    let refusal = stage.refusal_of(OWNER, &["deregister"])?;
    agree("a till of which money is open", text(&refusal["code"]), "deregistration_blocked")?;
    let blockers = refusal["blockers"].as_array().cloned().unwrap_or_default();
    let codes: Vec<&str> = blockers.iter().map(|blocker| text(&blocker["code"])).collect();
    agree("what is in the way", &codes.join(" "), "refund_waiting batch_not_settled statement_differences")?;
    let texts = Catalogue::of(Language::En);
    let said = |code: &&str| format!("- {}", texts.say(&format!("leaving.blocker.{code}"), &[]));
    Ok(codes.iter().map(said).chain(["Nobody was told, and nothing is gone.".to_owned()]).collect())
}

pub(super) fn deregistered(stage: &mut Stage) -> Shown {
    stage.till_of(OWNER, &["refund", "reject", LAST_REFUND, "--reason", "the shop closes"])?;
    agree("the batch", text(&stage.till_of(OWNER, &["settle"])?["state"]), "closed")?;
    stage.till_of(OWNER, &["statement", "check"])?;
    let alone = stage.refusal_of(OWNER, &["deregister"])?;
    agree("one person alone", text(&alone["code"]), "second_person_needed")?;
    let password = stage.note_password(PARTNER, "slow trains arrive 8 late")?;
    stage.till_of(OWNER, &["operator", "add", PARTNER, "--role", "supervisor", "--new-password-file", &password])?;
    let acquirers_key = text(&stage.till_of(OWNER, &["network"])?["acquirer_key"]).to_owned();
    stage.copy_of_till(COPY, false)?;
    stage.copy_of_till(COPY_WITH_KEYS, true)?;

    let records = stage.path("records");
    let export = records.to_string_lossy().into_owned();
    let words = ["deregister", "--export", &export, "--second", PARTNER, "--second-password-file", &password];
    let gone = stage.till_of(OWNER, &words)?;
    agree("the bank's word", &gone["acknowledged"].to_string(), "true")?;
    let certificate = text(&gone["certificate"]);
    let said = stranger::erasure(certificate, &acquirers_key)
        .map_err(|why| Broken(format!("the certificate is refused: {why}")))?;
    if stranger::erasure(&certificate.replace("destroyed: ", "destroyed: 1"), &acquirers_key).is_ok() {
        return Err(Broken("a changed certificate was accepted".to_owned()));
    }
    let destroyed = said.lines().find_map(|line| line.strip_prefix("destroyed: ")).unwrap_or_default();
    let handed_out = fs::read_dir(&records).map_or(0, Iterator::count);
    Ok(vec![
        format!(
            "{handed_out} files were handed out first: payments, receipts, the whole record, the bank's signature."
        ),
        format!("The certificate of erasure checks by the bank's public key alone: {destroyed}."),
    ])
}

pub(super) fn nothing_opens(stage: &mut Stage) -> Shown {
    let keys = fs::read_dir(stage.device()).into_iter().flatten().flatten();
    let left = keys.filter(|file| file.path().extension().is_some_and(|ending| ending == "key")).count();
    agree("keys that the device still has", &left.to_string(), "0")?;
    let refusal = stage.refusal_of(OWNER, &["status", PAID])?;
    agree("the till", text(&refusal["code"]), "not_provisioned")?;
    stage.copy_of_device(COPY)?;
    for operator in [OWNER, CASHIER, PARTNER] {
        let (code, _) = stage.till_at_of(&stage.path(COPY), operator, &["list"])?;
        if code == Some(0) {
            return Err(Broken(format!("a copy of the till's folder opens with {operator}'s password")));
        }
    }
    let (code, _) = stage.till_at_of(&stage.path(COPY_WITH_KEYS), OWNER, &["list"])?;
    if code != Some(0) {
        return Err(Broken("a copy does not even open with the device's keys, so that it shows nothing".to_owned()));
    }
    Ok(vec![
        "The copy has every byte that the till had, on the same device, whose keys are what was destroyed.".to_owned(),
        "That it is the keys is shown by another copy, which had them too: it opens.".to_owned(),
    ])
}

/// Changes one character of one record of a bundle.
fn change_a_record(bundle: &Path) -> Result<(), Broken> {
    let unreadable = |_| Broken("the bundle's records cannot be read".to_owned());
    let files = fs::read_dir(bundle.join("events")).map_err(unreadable)?;
    let first = files.filter_map(Result::ok).map(|file| file.path()).min();
    let first = first.ok_or_else(|| Broken("the bundle has no records".to_owned()))?;
    let proof = fs::read_to_string(&first).map_err(unreadable)?;
    fs::write(&first, changed(&proof)).map_err(unreadable)
}

const LAST_REFUND: &str = "demo-last-refund";
