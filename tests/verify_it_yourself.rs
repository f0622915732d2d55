//! The lines of `docs/verify-it-yourself.md`, as they stand there, run by Python on a real checkpoint and a real
//! proof; and on altered ones, which they must refuse. It needs `python3` and nothing else.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod journal_support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

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

    /// What the page's lines print; `None` when they refuse. They are run as the page says.
    fn judges(&self, key: &str, text: &str) -> Option<String> {
        let said = self.python(&["verify.py", &self.written("key", key), &self.written("text", text)]);
        said.status.success().then(|| String::from_utf8(said.stdout).unwrap())
    }

    /// The same for many texts, one after another in one Python, which takes long to start.
    fn judges_all(&self, cases: &[(&str, &str)]) -> Vec<Option<String>> {
        let files = cases.iter().enumerate().flat_map(|(number, (key, text))| {
            [self.written(&format!("{number}.key"), key), self.written(&format!("{number}.text"), text)]
        });
        let files: Vec<String> = files.collect();
        let words: Vec<&str> = ["-c", ONE_AFTER_ANOTHER].into_iter().chain(files.iter().map(String::as_str)).collect();
        let said = self.python(&words);
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        serde_json::from_slice(&said.stdout).unwrap()
    }

    /// The name of a file with this in it.
    fn written(&self, name: &str, what: &str) -> String {
        fs::write(self.till.folder.path().join(name), what).unwrap();
        name.to_owned()
    }

    fn python(&self, words: &[&str]) -> Output {
        let python = Command::new("python3").args(words).current_dir(self.till.folder.path()).output();
        python.expect("python3 is on PATH: on Debian or Ubuntu, `apt-get install python3`")
    }
}

/// Runs the page's lines for each pair of files, and says what they print, or null where they end otherwise.
const ONE_AFTER_ANOTHER: &str = "
import contextlib, io, json, runpy, sys
files, said = sys.argv[1:], []
for pair in zip(files[::2], files[1::2]):
    sys.argv, printed = ['verify.py', *pair], io.StringIO()
    try:
        with contextlib.redirect_stdout(printed): runpy.run_path('verify.py')
        said.append(printed.getvalue())
    except BaseException: said.append(None)
print(json.dumps(said))
";

#[test]
fn a_checkpoint_and_every_proof_are_accepted() {
    let mut stranger = Stranger::new();
    let note = stranger.journal.checkpoint(CheckpointReason::SignOut, None, at(9)).unwrap();
    let key = stranger.journal.public_key().unwrap();
    let head = note.text().lines().next().unwrap();
    let size = stranger.journal.head().size;
    let said = stranger.judges(&key, &note.to_string()).expect("a checkpoint");
    assert_eq!(said, format!("the journal {head} had {size} events\n"));
    let proofs: Vec<InclusionText> = (1..=size).map(|sequence| stranger.journal.prove(sequence).unwrap()).collect();
    let texts: Vec<String> = proofs.iter().map(ToString::to_string).collect();
    let said = stranger.judges_all(&texts.iter().map(|text| (key.as_str(), text.as_str())).collect::<Vec<_>>());
    for (proof, said) in proofs.iter().zip(said) {
        let event = str::from_utf8(&proof.extra).unwrap();
        let line = format!("event {}: {event}\n", proof.index + 1);
        assert!(said.is_some_and(|said| said.ends_with(&line)), "{line}");
    }
    assert_eq!(stranger.judges(&key, &texts[0]).as_deref().map(|said| said.lines().count()), Some(2));
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
    let altered = [
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
    ];
    are_refused(&stranger, &key, &note, &altered);
    assert_eq!(stranger.judges(&key, &altered[0].1), None, "as the page says, one is refused by its status");
    let other_key = Stranger::new().journal.public_key().unwrap();
    let renamed = key.replacen("TERM0001", "TERM0002", 1);
    let keys = [other_key.as_str(), &renamed, "", &key];
    let said = stranger.judges_all(&keys.map(|key| (key, note.as_str())));
    assert_eq!(said.iter().map(Option::is_some).collect::<Vec<_>>(), [false, false, false, true], "{keys:?}");
}

/// Each altered text is refused, and the good one, beside them, is not.
fn are_refused(stranger: &Stranger, key: &str, good: &str, altered: &[(&str, String)]) {
    let texts = altered.iter().map(|(_, text)| text.as_str()).chain([good]);
    let mut said = stranger.judges_all(&texts.map(|text| (key, text)).collect::<Vec<_>>());
    assert!(said.pop().unwrap().is_some(), "the good one");
    for ((case, text), said) in altered.iter().zip(said) {
        assert_ne!(text, good, "{case}");
        assert_eq!(said, None, "{case}:\n{text}");
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
    let changed = changes.map(|(case, change)| {
        let mut proof = good.clone();
        change(&mut proof);
        (case, proof.to_string())
    });
    let text = good.to_string();
    let altered = [
        ("another format", text.replacen("@v1", "@v2", 1)),
        ("no index", text.replacen("index 2\n", "", 1)),
        ("an index written otherwise", text.replacen("index 2\n", "index 02\n", 1)),
        ("no event", text.lines().filter(|line| !line.starts_with("extra")).collect::<Vec<_>>().join("\n")),
        ("a checkpoint of another till", text.split("\n\n").next().unwrap().to_owned() + "\n\n" + &other_checkpoint()),
    ];
    are_refused(&stranger, &key, &text, &[changed.as_slice(), &altered].concat());
}

fn other_checkpoint() -> String {
    Stranger::new().journal.prove(3).unwrap().checkpoint.to_string()
}
