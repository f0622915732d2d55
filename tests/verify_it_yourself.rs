//! The lines of `docs/verify-it-yourself.md`, as they stand there, run by Python on a real checkpoint, a real proof and a
//! real bundle of evidence; and on altered ones, which they must refuse. It needs `python3`, and `openssl` for a bundle.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod journal_support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use journal_support::{Till, append, at};
use taptill::account::Configuration;
use taptill::clock::WallMs;
use taptill::ids::TerminalId;
use taptill::incident::evidence::{BundleFile, Disclosure, Gathering, Scope};
use taptill::journal::{CheckpointReason, Draft, Journal, SideWork};
use taptill::merkle::{InclusionText, base64};
use taptill::text::Language;
use taptill_sandbox::host::{Options, provision};

/// The page's blocks of code in this language.
fn blocks(language: &str) -> Vec<String> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/verify-it-yourself.md")).unwrap();
    let fence = format!("```{language}\n");
    let rests = page.split(&fence).skip(1);
    rests.map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// The check and the signature, block after block.
fn lines_of_the_page() -> String {
    let blocks = blocks("python");
    assert_eq!(blocks.len(), 3, "the check, the signature and the bundle");
    let counted = blocks[0].lines().filter(|line| !line.trim().is_empty()).count();
    assert!(counted <= 36, "the thirty lines have become {counted}");
    blocks[..2].concat()
}

/// A till's texts, and Python to judge them.
struct Stranger {
    till: Till,
    journal: Journal,
}

impl Stranger {
    fn new() -> Self {
        Self::with(&["A-1", "A-2", "A-3", "A-4", "A-5"])
    }

    fn with(attempts: &[&str]) -> Self {
        let till = Till::new();
        let mut journal = till.create();
        journal.make_checkpoint_key(&TerminalId::new("TERM0001").unwrap(), None, at(1)).unwrap();
        for attempt in attempts {
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

/// A bundle of evidence, made by a till that has signed on five times.
struct Bundle {
    stranger: Stranger,
    files: Vec<BundleFile>,
}

impl Bundle {
    fn new() -> Self {
        let mut stranger = Stranger::with(&[]);
        let journal = &mut stranger.journal;
        for _ in 0..5 {
            let body = serde_json::json!({ "batch": 1 });
            let operator = Some("alice".to_owned());
            let draft = Draft { kind: "host.signed_on", v: 1, attempt: None, operator, body, may_use_ballast: false };
            journal.append(draft, SideWork::None, at(2)).unwrap();
        }
        // The device's key is not the first one.
        journal.renew_checkpoint_key(Some("alice".to_owned()), at(3)).unwrap();
        let scope = Scope::Period { from_ms: WallMs(0), to_ms: WallMs(i64::MAX) };
        let mut gathering = Gathering::begin(journal, scope).unwrap();
        while !gathering.look(journal).unwrap() {}
        let preview = gathering.preview(journal).unwrap();
        let by = "alice".to_owned();
        let mut disclosure = Disclosure::begin(journal, preview, None, Language::En, by, at(9)).unwrap();
        let configuration = configuration();
        let mut files = Vec::new();
        loop {
            let more = disclosure.more(journal, &configuration).unwrap();
            if more.is_empty() {
                break;
            }
            files.extend(more);
        }
        files.extend(disclosure.seal(journal, &configuration).unwrap());
        Self { stranger, files }
    }

    /// Whether the page's lines and OpenSSL take these files for a bundle of this till.
    fn holds(&self, files: &[BundleFile]) -> bool {
        let folder = self.stranger.till.folder.path();
        let _not_there = fs::remove_dir_all(folder.join("bundle"));
        for file in files {
            let path = folder.join("bundle").join(&file.name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, &file.contents).unwrap();
        }
        self.stranger.written("till.key", &self.stranger.journal.every_public_key().unwrap());
        self.stranger.written("bundle.py", &blocks("python")[2]);
        let [commands] = <[String; 1]>::try_from(blocks("sh")).unwrap();
        // One Python for all records in place of one each, which takes long to start.
        let (openssl, each) = commands.split_once("for record in").unwrap();
        assert!(each.contains("python3 verify.py till.key"), "{each}");
        let shell = |words: &str| {
            let shell = Command::new("sh").args(["-c", words]).current_dir(folder).output().unwrap();
            shell.status.success()
        };
        assert!(shell("openssl version"), "openssl is on PATH: on Debian or Ubuntu, `apt-get install openssl`");
        let is_listed = self.stranger.python(&["bundle.py", "bundle", "till.key"]).status.success();
        is_listed && shell(openssl.trim().trim_end_matches("&&")) && self.every_record_holds(files)
    }

    fn every_record_holds(&self, files: &[BundleFile]) -> bool {
        let key = self.stranger.journal.public_key().unwrap();
        let records = files.iter().filter(|file| file.name.starts_with("events/"));
        let texts: Vec<&str> = records.map(|file| str::from_utf8(&file.contents).unwrap()).collect();
        let said = self.stranger.judges_all(&texts.iter().map(|text| (key.as_str(), *text)).collect::<Vec<_>>());
        !said.is_empty() && said.iter().all(Option::is_some)
    }
}

/// What the till was set up with, of which a bundle names the shop.
fn configuration() -> Configuration {
    let folder = taptill_sandbox::scratch::folder("verify-bundle");
    let provisioning = provision(folder.path(), "unionpay", "127.0.0.1:1", &Options::default()).unwrap();
    provisioning.configuration
}

#[test]
fn a_bundle_is_checked_by_openssl_and_python_and_any_change_of_it_is_refused() {
    let mut bundle = Bundle::new();
    assert!(bundle.holds(&bundle.files), "the untouched bundle");
    bundle.stranger.journal.renew_checkpoint_key(None, at(20)).unwrap();
    assert!(bundle.holds(&bundle.files), "after its device's key was replaced, by the till's keys of then");
    let place = |name: &str| bundle.files.iter().position(|file| file.name.starts_with(name)).unwrap();
    type Change = fn(&mut Vec<u8>);
    let flip: Change = |contents| *contents.last_mut().unwrap() ^= 1;
    let rows: [(&str, &str, Change); 6] = [
        ("a record's words", "events/", flip),
        ("the head", "checkpoint.note", flip),
        ("the read-me", "read-me.txt", flip),
        ("the device's signature", "manifest.es256.cose", flip),
        ("the journal's signature", "manifest.ed25519.cose", flip),
        ("the list", "manifest.json", |list| {
            let text = String::from_utf8(list.clone()).unwrap();
            *list = text.replace("\"to_ms\": 9223372036854775807", "\"to_ms\": 9223372036854775806").into_bytes();
        }),
    ];
    for (case, name, change) in rows {
        let mut files = bundle.files.clone();
        change(&mut files[place(name)].contents);
        assert_ne!(files, bundle.files, "{case}");
        assert!(!bundle.holds(&files), "{case} changed");
    }
    let more = BundleFile { name: "events/99999999.tlog-proof".to_owned(), contents: Vec::new() };
    assert!(!bundle.holds(&[bundle.files.as_slice(), &[more]].concat()), "a file added");
    assert!(!bundle.holds(&bundle.files[1..]), "a file taken away");
    let foreign = Bundle::new();
    assert!(!bundle.holds(&foreign.files), "another till's");
}
