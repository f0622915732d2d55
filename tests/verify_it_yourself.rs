//! The lines of `docs/verify-it-yourself.md`, as they stand there, run by Python on a real checkpoint and a real
//! proof; and on altered ones, which they must refuse. It needs `python3` and nothing else.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod journal_support;

use std::fs;
use std::path::Path;
use std::process::Command;

use journal_support::{Till, append, at};
use taptill::ids::TerminalId;
use taptill::journal::{CheckpointReason, Journal};
use taptill::merkle::{InclusionText, base64};

/// The page's code, block after block.
fn lines_of_the_page() -> String {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/verify-it-yourself.md")).unwrap();
    let blocks: Vec<&str> = page.split("```python\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(blocks.len(), 2, "the check and the signature");
    let counted = blocks[0].lines().filter(|line| !line.trim().is_empty()).count();
    assert!(counted <= 36, "the thirty lines have become {counted}");
    blocks.concat()
}

/// A till's texts, and Python to judge them.
struct Stranger {
    till: Till,
    journal: Journal,
}

impl Stranger {
    fn new() -> Self {
        let till = Till::new();
        let mut journal = till.create();
        journal.make_checkpoint_key(&TerminalId::new("TERM0001").unwrap(), None, at(1)).unwrap();
        for attempt in ["A-1", "A-2", "A-3", "A-4", "A-5"] {
            append(&mut journal, "attempt.approved", attempt);
        }
        fs::write(till.folder.path().join("verify.py"), lines_of_the_page()).unwrap();
        Self { till, journal }
    }

    /// What the page's lines print; `None` when they refuse.
    fn judges(&self, key: &str, text: &str) -> Option<String> {
        let file = |name: &str| self.till.folder.path().join(name);
        fs::write(file("till.key"), key).unwrap();
        fs::write(file("text"), text).unwrap();
        let output = Command::new("python3")
            .args([file("verify.py"), file("till.key"), file("text")])
            .output()
            .expect("python3 is on PATH: on Debian or Ubuntu, `apt-get install python3`");
        let said = String::from_utf8(output.stdout).unwrap();
        output.status.success().then_some(said)
    }
}

#[test]
fn a_checkpoint_and_every_proof_are_accepted() {
    let mut stranger = Stranger::new();
    let note = stranger.journal.checkpoint(CheckpointReason::SignOut, None, at(9)).unwrap();
    let key = stranger.journal.public_key().unwrap();
    let head = note.text().lines().next().unwrap();
    let size = stranger.journal.head().size;
    let said = stranger.judges(&key, &note.to_string()).expect("a checkpoint");
    assert_eq!(said, format!("the journal {head} had {size} events\n"));
    for sequence in 1..=size {
        let proof = stranger.journal.prove(sequence).unwrap();
        let said = stranger.judges(&key, &proof.to_string()).unwrap_or_else(|| panic!("event {sequence}"));
        let event = String::from_utf8(proof.extra).unwrap();
        assert!(said.ends_with(&format!("event {sequence}: {event}\n")), "{said}");
    }
}

#[test]
fn an_altered_checkpoint_is_refused() {
    let mut stranger = Stranger::new();
    let note = stranger.journal.checkpoint(CheckpointReason::SignOut, None, at(9)).unwrap().to_string();
    let key = stranger.journal.public_key().unwrap();
    let [origin, size, root] = note.lines().take(3).collect::<Vec<_>>()[..] else { panic!("{note}") };
    let (text, signatures) = note.split_once("\n\n").unwrap();
    let own = signatures.lines().next().unwrap();
    let stolen = Stranger::new().journal.prove(1).unwrap().checkpoint.to_string();
    for (case, altered) in [
        ("another size", note.replacen(size, "8", 1)),
        ("another root", note.replacen(root, &base64::encode(&[7; 32]), 1)),
        ("another origin", note.replacen(origin, "taptill/TERM0002/00000000", 1)),
        ("a line more", format!("{text}\nmore\n\n{signatures}")),
        ("a changed signature", note.replacen(own, &changed_signature(own), 1)),
        ("no signature of this key", note.replacen(&format!("{own}\n"), "", 1)),
        ("no signature at all", format!("{text}\n\n")),
        ("cut", note[..note.len() - 1].to_owned()),
        ("another till's", stolen),
        ("nothing", String::new()),
    ] {
        assert_ne!(altered, note, "{case}");
        assert_eq!(stranger.judges(&key, &altered), None, "{case}:\n{altered}");
    }
    let other_key = Stranger::new().journal.public_key().unwrap();
    let renamed = key.replacen("TERM0001", "TERM0002", 1);
    for (case, key) in [("another till's key", other_key.as_str()), ("a renamed key", &renamed), ("no key", "")] {
        assert_eq!(stranger.judges(key, &note), None, "{case}");
    }
}

fn changed_signature(line: &str) -> String {
    let (start, signature) = line.rsplit_once(' ').unwrap();
    let mut bytes = base64::decode(signature).unwrap();
    bytes[40] ^= 1;
    format!("{start} {}", base64::encode(&bytes))
}

#[test]
fn an_altered_proof_is_refused() {
    let stranger = Stranger::new();
    let key = stranger.journal.public_key().unwrap();
    let good = stranger.journal.prove(3).unwrap();
    assert!(stranger.judges(&key, &good.to_string()).is_some());
    type Change = fn(&mut InclusionText);
    let changes: [(&str, Change); 7] = [
        ("another event", |proof| proof.extra = proof.extra.iter().map(|byte| byte ^ (byte & 1)).collect()),
        ("another place", |proof| proof.index = 3),
        ("beyond the journal", |proof| proof.index = 99),
        ("a hash changed", |proof| proof.proof[1][31] ^= 1),
        ("a hash less", |proof| proof.proof.truncate(1)),
        ("a hash more", |proof| proof.proof.push([0; 32])),
        ("hashes swapped", |proof| proof.proof.swap(0, 1)),
    ];
    for (case, change) in changes {
        let mut proof = good.clone();
        change(&mut proof);
        assert_eq!(stranger.judges(&key, &proof.to_string()), None, "{case}");
    }
    let text = good.to_string();
    for (case, altered) in [
        ("another format", text.replacen("@v1", "@v2", 1)),
        ("no index", text.replacen("index 2\n", "", 1)),
        ("an index written otherwise", text.replacen("index 2\n", "index 02\n", 1)),
        ("no event", text.lines().filter(|line| !line.starts_with("extra")).collect::<Vec<_>>().join("\n")),
        ("a checkpoint of another till", text.split("\n\n").next().unwrap().to_owned() + "\n\n" + &other_checkpoint()),
    ] {
        assert_ne!(altered, text, "{case}");
        assert_eq!(stranger.judges(&key, &altered), None, "{case}");
    }
}

fn other_checkpoint() -> String {
    Stranger::new().journal.prove(3).unwrap().checkpoint.to_string()
}
