//! The real binary is killed, by itself at a known point or by SIGKILL at any instant: its list of payments and
//! the host's book agree afterwards, no payment is lost or doubled, and the next one works.
//!
//! `tests/payment_kills.rs` does the same to the engine in virtual time, over far more schedules; here processes
//! really end, files are really left behind and the host is really there. The control puts the journal back as it
//! was before the doubt was recorded, and the comparison must see the lost payment.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "till_support/books.rs"]
mod books;
mod till_support;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use books::Books;
use serde_json::{Value, json};
use till_support::{Ran, Shop, run};

const DIALECTS: [&str; 3] = ["unionpay", "iso87", "encrypted"];

/// Every point that a first sale passes, in order; `tests/payment_kills.rs` holds the engine to it.
fn points_of_a_sale() -> Vec<String> {
    let mut visits = BTreeMap::new();
    let numbered = |point: &'static str| {
        let told_before = if point.ends_with(" tell") { TOLD_BEFORE_A_SALE } else { 0 };
        let visit: &mut u32 = visits.entry(point).or_insert(told_before);
        *visit += 1;
        format!("{point} {visit}")
    };
    include_str!("../../tests/vectors/points_of_a_sale.txt").lines().map(numbered).collect()
}

/// The operator's sign-in is told, the till's currency, and that the network was looked at.
const TOLD_BEFORE_A_SALE: u32 = 3;

/// One till, one host, one payment of 12.30, one kill.
struct Case {
    dialect: &'static str,
    /// What the host does with the payment.
    trouble: &'static str,
    /// The command that dies, and where.
    dies: (Command, String),
    /// The payment's state once everything is resolved; `attempt_unknown` where nothing had begun.
    verdict: &'static str,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Command {
    Sale,
    Resolve,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, host {}, {:?} killed {}", self.dialect, self.trouble, self.dies.0, self.dies.1)
    }
}

#[test]
fn no_kill_of_a_sale_loses_or_doubles_a_payment() {
    let points = points_of_a_sale();
    let place = |point: &str| points.iter().position(|known| known == point).unwrap();
    let (begun, in_doubt, approved) =
        (place("after attempt.prepared 1"), place("after attempt.in_doubt 1"), place("after attempt.approved 1"));
    let verdict = |place: usize| match place {
        _ if place < begun => "attempt_unknown",
        _ if place < in_doubt => "not_sent",
        _ if place < approved => "reversed",
        _ => "approved",
    };
    let case = |dialect, (place, point): (usize, &String)| Case {
        dialect,
        trouble: "normal",
        dies: (Command::Sale, point.clone()),
        verdict: verdict(place),
    };
    survive_all(DIALECTS.iter().flat_map(|dialect| points.iter().enumerate().map(|point| case(dialect, point))));
}

#[test]
fn no_kill_of_a_sale_in_trouble_loses_or_doubles_a_payment() {
    let rows: [(&str, &[&str]); 4] = [
        ("no-answer", &["after send 2", "before attempt.reversal_due", "after attempt.reversal_due", "before tell 4"]),
        ("late-answer", &["after send 2", "before attempt.reversal_due", "after attempt.reversal_due"]),
        ("forget", &["after send 2", "before attempt.reversal_due", "after attempt.reversal_due"]),
        ("bad-mac", &["before receive 2", "before attempt.reversal_due", "after attempt.reversal_due", "after tell 4"]),
    ];
    survive_all(crossed(&rows, Command::Sale));
}

#[test]
fn no_kill_of_a_reversal_loses_or_doubles_a_payment() {
    let points = [
        "before send",
        "after send",
        "before attempt.reversal_sent",
        "after attempt.reversal_sent",
        "before send 2",
        "after send 2",
        "before attempt.reversed",
        "after attempt.reversed",
    ];
    survive_all(crossed(&[("reset", &points), ("half-frame", &points[3..])], Command::Resolve));
}

/// Every row's points, the dialects in turn. Each of these payments ends reversed.
fn crossed(rows: &[(&'static str, &[&str])], command: Command) -> Vec<Case> {
    let pairs = rows.iter().flat_map(|(trouble, points)| points.iter().map(move |point| (*trouble, *point)));
    let case = |(number, (trouble, point)): (usize, (&'static str, &str))| Case {
        dialect: DIALECTS[number % DIALECTS.len()],
        trouble,
        dies: (command, point.to_owned()),
        verdict: "reversed",
    };
    pairs.enumerate().map(case).collect()
}

/// Each case in a shop of its own. Most of a payment's time is waiting, so several go on at once.
fn survive_all(cases: impl IntoIterator<Item = Case>) {
    let cases = Mutex::new(cases.into_iter().collect::<Vec<_>>().into_iter());
    let next = || cases.lock().unwrap().next();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(case) = next() {
                    survive(&case);
                }
            });
        }
    });
}

fn survive(case: &Case) {
    let mut shop = Shop::empty();
    shop.start_host();
    assert_eq!(shop.init_speaking(case.dialect).code, Some(0), "{case}");
    if case.trouble != "normal" {
        assert_eq!(shop.host(&["next", case.trouble]).code, Some(0), "{case}");
    }
    let sale = ["sale", "12.30", "--attempt", "killed"];
    let (command, point) = &case.dies;
    let told = match command {
        Command::Sale => dying(&shop, &sale, point, case),
        Command::Resolve => {
            // Or the debt might be closed before the command is back.
            let told = dying(&shop, &sale, "after attempt.reversal_due", case);
            dying(&shop, &["resolve"], point, case);
            told
        }
    };

    // Forgets what the host was to do wrong, if the payment never came that far.
    shop.restart_host();
    // One process and one sign-in for all that is asked now.
    let book = format!("host --home '{}' book\n", shop.path("host").display());
    let look = format!("list --limit 99999\n{book}verify\n");
    let lines = format!("verify\nresolve\nstatus killed\n{look}sale 5 --attempt next\n{look}");
    let (code, said) = shop.shell(&lines);
    assert_eq!((code, said.len()), (Some(0), 10), "{case}: {said:?}");
    let [as_left, resolved, known] = [&said[0], &said[1], &said[2]];
    assert_eq!(as_left["ok"], true, "{case}: the journal as the kill left it: {as_left}");
    assert_eq!(resolved["left"], json!([]), "{case}");
    let state = known["state"].as_str().or(known["error"]["code"].as_str());
    assert_eq!(state, Some(case.verdict), "{case}: {known}");
    if told.stdout.contains("\"state\":\"approved\"") {
        assert_eq!(case.verdict, "approved", "{case}: it was told as approved");
    }
    assert_eq!(said[6]["state"], "approved", "{case} poisons the till: {}", said[6]);
    for look in [&said[3..6], &said[7..10]] {
        let rows = |told: &Value| told.as_array().cloned().unwrap_or_else(|| panic!("{case}: no rows: {told}"));
        let books = Books { till: rows(&look[0]), host: rows(&look[1]) };
        assert_eq!(books.disagreements(), [""; 0], "{case}\n{books}");
        assert_eq!(look[2]["ok"], true, "{case}\n{books}");
    }
}

/// Runs a command that does not come back.
fn dying(shop: &Shop, words: &[&str], point: &str, case: &dyn fmt::Display) -> Ran {
    let ran = run(shop.command().args(words).args(["--die-at", point]));
    assert_eq!(ran.code, None, "{case}: never came to {point}: {}", ran.stdout);
    ran
}

/// The books agree, and the journal is what was written.
fn agree(shop: &Shop, case: &dyn fmt::Display) {
    let books = Books::of(shop);
    assert_eq!(books.disagreements(), [""; 0], "{case}\n{books}");
    assert_eq!(shop.till(&["verify"]).json()["ok"], true, "{case}\n{books}");
}

/// A till that sends before its doubt is synced would find this after a power cut: the payment at the host, and a
/// journal that ends before `attempt.in_doubt`. Both runs begin with the same files, so both reserve the same STAN.
#[test]
fn the_comparison_sees_a_doubt_that_was_not_synced() {
    for dialect in DIALECTS {
        let mut shop = Shop::empty();
        shop.start_host();
        assert_eq!(shop.init_speaking(dialect).code, Some(0));
        assert_eq!(shop.till(&["sale", "1", "--attempt", "first"]).json()["state"], "approved");
        let home = shop.path("till");
        let sale = ["sale", "12.30", "--attempt", "killed"];
        let at_rest = files(&home);
        dying(&shop, &sale, "before attempt.in_doubt", &dialect);
        let before_doubt = files(&home);
        put_back(&home, &at_rest);
        dying(&shop, &sale, "before attempt.approved", &dialect);
        put_back(&home, &before_doubt);

        assert_eq!(shop.till(&["resolve"]).json()["left"], json!([]), "the till sees nothing wrong");
        let books = Books::of(&shop);
        let lost = "\"killed\" is 0 here and 1230 at the host";
        assert_eq!(books.disagreements(), [lost], "the comparison is blind\n{books}");
    }
}

/// All files of a folder, with their contents.
type Files = Vec<(PathBuf, Vec<u8>)>;

fn files(folder: &Path) -> Files {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.map(|path| (path.clone(), fs::read(&path).unwrap())).collect()
}

fn put_back(folder: &Path, before: &Files) {
    for (path, _) in files(folder) {
        fs::remove_file(path).unwrap();
    }
    for (path, bytes) in before {
        fs::write(path, bytes).unwrap();
    }
}

const KILLS: usize = 25;

/// Another set of delays on demand: `TAPTILL_SEED=5 cargo test -p taptill-sandbox --test till_kills`.
fn seed() -> u64 {
    std::env::var("TAPTILL_SEED").map_or(20, |seed| seed.parse().expect("TAPTILL_SEED is a number"))
}

/// A shell sells one payment after another and is killed at an instant that nobody chose; the next one goes on.
#[test]
fn a_shell_that_is_killed_at_any_instant_resumes_with_equal_books() {
    let mut shop = Shop::open();
    let seed = seed();
    let draw = &mut Seeded(seed);
    let begin = Instant::now();
    assert_eq!(shop.shell("sale 1 --attempt measured-1\nsale 1 --attempt measured-2\n").0, Some(0));
    // Two openings and four payments, so that a kill falls anywhere, whatever the payment before had to clear up.
    let span = 2 * begin.elapsed();
    let mut approved = vec!["measured-1".to_owned(), "measured-2".to_owned()];
    for round in 0..KILLS {
        let trouble = draw.of(&["normal", "normal", "normal", "reset", "bad-mac", "half-frame"]);
        if trouble != "normal" {
            shop.host(&["next", trouble]);
        }
        let delay = draw.part(span);
        let told = killed_shell(&shop, round, delay);
        let states = told.iter().filter(|view| view["state"] == "approved");
        approved.extend(states.map(|view| view["attempt"].as_str().unwrap().to_owned()));
        if round % 6 == 5 {
            shop.restart_host();
        }
        if round % 8 == 7 {
            assert_eq!(shop.till(&["verify"]).code, Some(0), "round {round}, killed after {delay:?}, seed {seed}");
        }
    }
    shop.restart_host();
    assert_eq!(shop.till(&["resolve"]).json()["left"], json!([]));
    agree(&shop, &format!("{KILLS} kills, seed {seed}"));
    let books = Books::of(&shop);
    for attempt in approved {
        let stands = books.till.iter().any(|view| view["attempt"] == attempt && view["state"] == "approved");
        assert!(stands, "{attempt} was told as approved, seed {seed}\n{books}");
    }
    let sold = books.till.len();
    assert!(sold > KILLS / 4, "the kills come too early to mean anything: {sold} payments\n{books}");
}

/// What a selling shell had told when it was killed after `delay`.
fn killed_shell(shop: &Shop, round: usize, delay: Duration) -> Vec<Value> {
    let begin = Instant::now();
    let mut shell = spawn(shop.command().arg("shell"));
    let lines: String = (0..9).map(|sale| format!("sale {}.50 --attempt r{round}-{sale}\n", sale + 1)).collect();
    shell.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    std::thread::sleep(delay.saturating_sub(begin.elapsed()));
    let told = kill(&mut shell);
    // The last line may be cut.
    told.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn spawn(command: &mut std::process::Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// SIGKILL. Gives what the process had written.
fn kill(child: &mut Child) -> String {
    child.kill().unwrap();
    child.wait().unwrap();
    let mut told = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut told).unwrap();
    String::from_utf8_lossy(&told).into_owned()
}

/// SplitMix64: the same kills on each run, as far as instants can be the same.
struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.next() as usize % choices.len()]
    }

    /// This many thousandths of a span.
    fn part(&mut self, span: Duration) -> Duration {
        span * (self.next() % 1_000) as u32 / 1_000
    }
}

/// A till that is set up, or one that can be: never one that can be neither.
#[test]
fn a_setting_up_that_is_cut_anywhere_can_be_done_again() {
    let mut shop = Shop::empty();
    shop.start_host();
    for point in ["before till.provisioned", "after till.provisioned"] {
        let ran = run(init(&shop).args(["--die-at", point]));
        assert_eq!(ran.code, None, "never came to {point}: {}", ran.stdout);
        sells_after_setting_up(&shop, point);
    }
    let begin = Instant::now();
    assert_eq!(run(&mut init(&shop)).code, Some(0));
    let span = begin.elapsed();
    clear(&shop);
    for kill_number in 0..INIT_KILLS {
        let delay = span * kill_number / INIT_KILLS;
        let mut child = spawn(&mut init(&shop));
        std::thread::sleep(delay);
        kill(&mut child);
        sells_after_setting_up(&shop, &format!("SIGKILL after {delay:?}"));
    }
}

const INIT_KILLS: u32 = 20;

/// What a setting up leaves that is cut between two of its writes, where SIGKILL seldom falls.
#[test]
fn what_a_setting_up_leaves_half_made_is_no_hindrance() {
    let mut shop = Shop::empty();
    shop.start_host();
    let left: [(&str, &[&str], &[&str]); 6] = [
        ("an empty home", &["till"], &[]),
        ("a lock", &["till"], &["till/journal.db.lock"]),
        ("a database without a byte", &["till"], &["till/journal.db.lock", "till/journal.db"]),
        ("a log without a database", &["till"], &["till/journal.db", "till/journal.db-wal", "till/journal.db-shm"]),
        ("a key half written", &["till-device"], &["till-device/vault.unclaimed.key.new"]),
        ("a device folder without a word", &["till-device"], &[]),
    ];
    for (what, folders, names) in left {
        folders.iter().for_each(|folder| private_folder(&shop.path(folder)));
        names.iter().for_each(|name| private_file(&shop.path(name)));
        sells_after_setting_up(&shop, what);
    }
}

fn init(shop: &Shop) -> std::process::Command {
    shop.set_up("unionpay")
}

/// Sets the till up unless it is, claims it, sells, and clears the place for the next.
fn sells_after_setting_up(shop: &Shop, cut: &str) {
    let (before, again) = (shop.till(&["list"]), run(&mut init(shop)));
    let word = |ran: &Ran| match ran.code {
        Some(0) => "done".to_owned(),
        _ => ran.refusal().1,
    };
    let (before, again) = (word(&before), word(&again));
    assert!(
        [("till_unclaimed", "already_provisioned"), ("not_provisioned", "done")].contains(&(&before, &again)),
        "{cut}: the till says {before}, and setting it up {again}"
    );
    shop.claim();
    let sold = shop.till(&["sale", "1"]);
    assert_eq!(sold.json()["state"], "approved", "{cut}: {}", sold.stdout);
    assert_eq!(shop.till(&["verify"]).json()["ok"], true, "{cut}");
    clear(shop);
}

fn clear(shop: &Shop) {
    ["till", "till-device", till_support::PEOPLE]
        .iter()
        .for_each(|folder| fs::remove_dir_all(shop.path(folder)).unwrap_or_default());
}

fn private_folder(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    allow(folder, 0o700);
}

fn private_file(path: &Path) {
    fs::write(path, "").unwrap();
    allow(path, 0o600);
}

#[cfg(unix)]
fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn allow(_: &Path, _: u32) {}

/// The host is gone between its booking and its answer, and stays away while the till is killed and resolves.
#[test]
fn a_host_that_loses_its_power_in_the_middle_of_a_sale_books_it_once_at_most() {
    for (dialect, till_dies) in DIALECTS.into_iter().flat_map(|dialect| [(dialect, false), (dialect, true)]) {
        let case = format!("{dialect}, the till dies too: {till_dies}");
        let mut shop = Shop::empty();
        shop.start_host();
        assert_eq!(shop.init_speaking(dialect).code, Some(0), "{case}");
        assert_eq!(shop.host(&["next", "no-answer"]).code, Some(0), "{case}");
        let mut sale = spawn(shop.command().args(["sale", "12.30", "--attempt", "cut"]));
        let begin = Instant::now();
        while shop.host(&["book"]).json() == json!([]) {
            assert!(begin.elapsed() < Duration::from_secs(20), "{case}: the sale never comes");
        }
        shop.stop_host();
        if till_dies {
            kill(&mut sale);
        }
        sale.wait().unwrap();
        let left = shop.till(&["resolve"]).json()["left"].clone();
        assert_eq!((left.as_array().map(Vec::len), &left[0]["attempt"]), (Some(1), &json!("cut")), "{case}");
        let refused = shop.till(&["sale", "5", "--attempt", "refused"]);
        assert_eq!(refused.refusal().1, "reversal_pending", "{case}");
        shop.restart_host();
        let next = shop.till(&["sale", "5", "--attempt", "next"]);
        assert_eq!(next.json()["state"], "approved", "{case}: {}", next.stdout);
        assert_eq!(shop.till(&["status", "cut"]).json()["state"], "reversed", "{case}");
        agree(&shop, &case);
    }
}
