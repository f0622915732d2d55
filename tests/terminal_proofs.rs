//! A whole till and a stranger: what the terminal signs and proves after a sale over TLS, read by a program that is not
//! ours; and the till's whole folder copied back, which the host gives away.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod shop;

use std::fs;
use std::path::Path;

use shop::{Till, named, shop};
use signed_note::{Note, StandardVerifier, VerifierList};
use taptill::card::Pan;
use taptill::error::ErrorCode;
use taptill::ids::AttemptId;
use taptill::merkle::{ConsistencyText, InclusionText, VerifierKey};
use taptill::payment::state::State;
use taptill::till::ProofOf;
use taptill_sandbox::people::{ALICE, BOB};
use taptill_sandbox::scan::Needles;
use tlog_tiles::checkpoint::Checkpoint;
use tlog_tiles::tlog::{self, Hash};

fn sells(till: &Till, attempt: &str) {
    let view = till.sell_as(named(attempt, 1_000), "visa").unwrap();
    assert_eq!(view.state, State::Approved, "{attempt}");
}

/// What the peer makes of a signed note: size and root, where it believes the note.
fn head(vkey: &str, note: &str) -> Option<Checkpoint> {
    let known = VerifierList::new(vec![Box::new(StandardVerifier::new(vkey).ok()?)]);
    let note = Note::from_bytes(note.as_bytes()).ok()?;
    note.verify(&known).ok()?;
    Checkpoint::from_bytes(note.text()).ok()
}

#[test]
fn the_proof_of_one_sale_convinces_a_stranger_and_shows_no_other() {
    let shop = shop("terminal-proofs");
    let till = shop.till();
    sells(&till, "A-1");
    sells(&till, "A-2");
    let keys = till.terminal.public_key().unwrap();
    let vkey = keys.lines().next().unwrap();
    let old = head(vkey, &till.terminal.checkpoint().unwrap()).expect("a checkpoint");

    let attempt = AttemptId::new("A-1").unwrap();
    let text = till.terminal.prove(&ProofOf::Attempt(attempt)).unwrap();
    let proof = InclusionText::parse(text.as_bytes()).unwrap();
    let checkpoint = head(vkey, &proof.checkpoint.to_string()).expect("a checkpoint in the proof");
    let hashes: Vec<Hash> = proof.proof.iter().map(|hash| Hash(*hash)).collect();
    let leaf = tlog::record_hash(&proof.extra);
    let verdict = tlog::check_record(&hashes, checkpoint.size(), *checkpoint.hash(), proof.index, leaf);
    assert!(verdict.is_ok(), "the peer: {verdict:?}");

    let event: serde_json::Value = serde_json::from_slice(&proof.extra).unwrap();
    assert_eq!((&event["attempt"], &event["operator"]), (&"A-1".into(), &"alice".into()));
    let others = Needles::new()
        .card_number("card", &Pan::from_ascii(b"4761739001010119").unwrap())
        .bytes("another attempt", br#""A-2""#)
        .bytes("the key's own event", b"journal.checkpoint_key");
    for haystack in [text.as_bytes(), &proof.extra] {
        assert_eq!(others.find_in(haystack), []);
    }
    // The control: the other sale's own proof would be found to be that.
    let other = till.terminal.prove(&ProofOf::Attempt(AttemptId::new("A-2").unwrap())).unwrap();
    let other = InclusionText::parse(other.as_bytes()).unwrap();
    assert_ne!(others.find_in(&other.extra), []);

    let text = till.terminal.consistency(old.size()).unwrap();
    let proof = ConsistencyText::parse(text.as_bytes()).unwrap();
    assert!(proof.verify(&VerifierKey::parse(vkey).unwrap(), &old.hash().0).is_ok());
}

#[test]
fn what_is_not_in_the_journal_is_proven_to_nobody() {
    let shop = shop("terminal-proofs-unknown");
    let till = shop.till();
    let code = |of| till.terminal.prove(&of).unwrap_err().code();
    assert_eq!(code(ProofOf::Sequence(0)), ErrorCode::RecordUnknown);
    assert_eq!(code(ProofOf::Sequence(9_999)), ErrorCode::RecordUnknown);
    assert_eq!(code(ProofOf::Attempt(AttemptId::new("A-9").unwrap())), ErrorCode::AttemptUnknown);
    assert_eq!(till.terminal.consistency(9_999).unwrap_err().code(), ErrorCode::RecordUnknown);
    till.terminal.lock().unwrap();
    assert_eq!(code(ProofOf::Sequence(1)), ErrorCode::TillLocked);
}

#[test]
fn the_whole_folder_copied_back_is_given_away_by_the_host() {
    let shop = shop("terminal-roll-back");
    let till = shop.till();
    till.terminal.add_operator(BOB.as_new()).unwrap();
    sells(&till, "A-1");
    till.terminal.close().unwrap();
    copied(&shop.home(), &shop.path("away"));

    let till = shop.till();
    sells(&till, "A-2");
    sells(&till, "A-3");
    let net = shop.net_minor();
    till.terminal.close().unwrap();
    fs::remove_dir_all(shop.home()).unwrap();
    copied(&shop.path("away"), &shop.home());

    let till = shop.till();
    till.terminal.verify().unwrap(); // By itself the journal is whole.
    let error = till.sell_as(named("B-1", 1_000), "visa").unwrap_err();
    assert_eq!(error.code(), ErrorCode::JournalRolledBack, "{error}");
    assert_eq!(shop.net_minor(), net, "nothing was sent");
    till.terminal.sign_in(&BOB.name(), BOB.password(), None).unwrap();
    assert_eq!(till.sell_as(named("B-2", 1_000), "visa").unwrap_err().code(), ErrorCode::JournalRolledBack);
    assert_eq!(till.terminal.accept_roll_back().unwrap_err().code(), ErrorCode::NotPermitted);
    till.terminal.sign_in(&ALICE.name(), ALICE.password(), None).unwrap();
    till.terminal.accept_roll_back().unwrap();
    sells(&till, "B-3");
    till.terminal.close().unwrap();
    let till = shop.till();
    sells(&till, "B-4");
    assert_eq!(shop.net_minor(), net + 2_000);
}

fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
