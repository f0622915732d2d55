//! How passwords reach the till, and that they go nowhere else: a terminal that does not echo, a file, a pipe; never an
//! argument, never the environment, and nothing that is printed or left.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod till_support;

use std::fs;
use std::process::Stdio;

use taptill_sandbox::scan::Needles;
use till_support::{ALICE, BOB, PEOPLE, Ran, Shop, binary, run};

/// A till that is set up and nobody's.
fn unclaimed() -> Shop {
    let mut shop = Shop::empty();
    shop.start_host();
    assert_eq!(run(&mut shop.set_up("unionpay")).code, Some(0));
    shop
}

fn plain(text: &str) -> Needles {
    Needles::new().bytes("a password", text.as_bytes())
}

#[test]
fn without_a_terminal_nothing_is_asked_and_nothing_waits() {
    let shop = unclaimed();
    let rows: &[(&[&str], &str)] = &[
        (&["claim", "alice"], "--new-password-file"),
        (&["sign-in", "alice"], "--password-file"),
        (&["list", "--operator", "alice"], "--password-file"),
        (&["recover", "alice"], "--code-file"),
    ];
    for (words, option) in rows {
        let ran = run(shop.nobody().args(*words));
        assert_eq!(ran.refusal(), (Some(2), "usage".to_owned()), "{words:?}");
        assert!(ran.json()["error"]["message"].as_str().unwrap().contains(option), "{words:?}: {}", ran.stdout);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_refused_and_one_that_others_may_read_is_warned_of() {
    let shop = Shop::open();
    let missing = shop.path("missing").to_str().unwrap().to_owned();
    let long = shop.password_file("long", &"a".repeat(5_000));
    for file in [&missing, &long] {
        let ran = run(shop.nobody().args(["list", "--operator", "alice", "--password-file", file]));
        assert_eq!(ran.refusal(), (Some(1), "file_unusable".to_owned()), "{file}");
    }
    let file = shop.path(PEOPLE).join(ALICE.name);
    assert_eq!(shop.till(&["list"]).stderr, "");
    open_to_others(&file);
    let ran = shop.till(&["list"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "[]\n"));
    assert!(cfg!(not(unix)) || ran.stderr.starts_with("Warning: others may read "), "{}", ran.stderr);
}

#[cfg(unix)]
fn open_to_others(file: &std::path::Path) {
    fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
}

#[cfg(not(unix))]
fn open_to_others(_: &std::path::Path) {}

/// Two lines of one pipe are the old password and the new one.
#[cfg(unix)]
#[test]
fn a_pipe_gives_a_password_a_line() {
    let shop = Shop::open();
    let (reader, mut writer) = std::io::pipe().unwrap();
    std::io::Write::write_all(&mut writer, format!("{}\na quiet harbour at 6 \n", ALICE.password).as_bytes()).unwrap();
    // It stays open: a line ends a password, not the end of the pipe.
    let mut change = shop.nobody();
    change.args(["--operator", "alice", "--password-fd", "0", "password", "change", "--new-password-fd", "0"]);
    let ran = change.stdin(Stdio::from(reader)).output().unwrap();
    drop(writer);
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stdout));
    assert_eq!(shop.till(&["list"]).refusal(), (Some(1), "sign_in_refused".to_owned()));
    shop.password_file(ALICE.name, "a quiet harbour at 6 ");
    assert_eq!(shop.till(&["list"]).code, Some(0), "a blank at the end is part of it");
}

#[test]
fn the_environment_gives_no_password() {
    let shop = Shop::open();
    let mut command = shop.nobody();
    for name in ["PASSWORD", "TAPTILL_PASSWORD", "TAPTILL_OPERATOR", "TAPTILL_PASSWORD_FILE", "SSH_ASKPASS"] {
        command.env(name, ALICE.password);
    }
    assert_eq!(run(command.args(["list", "--operator", "alice"])).refusal(), (Some(2), "usage".to_owned()));
}

/// Everything that a shift prints, on both streams, with everything said that can be said.
#[test]
fn no_password_and_no_recovery_code_is_printed_or_left() {
    const NEW: &str = "nine lanterns over water 4";
    const WRONG: &str = "a mistaken password of mine 1";
    let shop = unclaimed();
    let mut printed = String::new();
    let code = shop.claim();
    shop.hire_bob();
    let file = |name: &str, password: &str| shop.password_file(name, password);
    let (new, wrong, bob) = (file("new", NEW), file("wrong", WRONG), file("bob", BOB.password));
    let code_file = file("code", &code);
    let rows: &[&[&str]] = &[
        &["sign-in", "bob", "--password-file", &bob],
        &["sign-in", "bob", "--password-file", &wrong],
        &["sign-in", "nobody", "--password-file", &wrong],
        &["sale", "12.30", "--operator", "bob", "--password-file", &bob],
        &["operator", "list", "--operator", "bob", "--password-file", &bob],
        &["operator", "add", "carol", "--role", "cashier", "--new-password-file", &wrong],
        &["password", "change", "--operator", "bob", "--password-file", &bob, "--new-password-file", &bob],
        &["password", "change", "--operator", "bob", "--password-file", &bob, "--new-password-file", &new],
        &["checkpoint", "--operator", "alice", "--password-file", &shop.password_file(ALICE.name, ALICE.password)],
        &["recover", "dave", "--code-file", &wrong, "--new-password-file", &new],
        &["claim", "eve", "--password-file", &wrong],
        &["recover", "dave", "--code-file", &code_file, "--new-password-file", &wrong],
    ];
    for words in rows {
        let mut keep = |ran: Ran| printed += &(ran.stdout + &ran.stderr);
        let mut aloud = binary();
        aloud.arg("--home").arg(shop.path("till")).env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
        keep(run(aloud.args(*words)));
        keep(run(shop.nobody().args(*words)));
    }
    let secrets = [ALICE.password, BOB.password, NEW, WRONG, &code];
    fs::remove_dir_all(shop.path(PEOPLE)).unwrap();
    for secret in secrets {
        assert_eq!(plain(secret).find_in(printed.as_bytes()), []);
        assert_eq!(plain(secret).find_in_dir(shop.folder.path()).unwrap(), []);
    }
    // The control: the same search finds one that is planted.
    let planted = format!("{printed}{NEW}");
    assert_eq!(plain(NEW).find_in(planted.as_bytes()).len(), 1);
}

/// Whoever looks over the process's shoulder sees names of files and no password, also while it asks.
#[cfg(target_os = "linux")]
#[test]
fn no_password_stands_in_the_arguments_or_the_environment() {
    let shop = Shop::open();
    let mut shell = shop.command();
    let mut shell = shell.arg("shell").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let stdin = shell.stdin.as_mut().unwrap();
    std::io::Write::write_all(stdin, b"who\n").unwrap();
    let mut told = std::io::BufReader::new(shell.stdout.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut told, &mut line).unwrap();
    assert!(line.contains("\"signed_in\""), "{line}");
    for of_process in ["cmdline", "environ"] {
        let seen = fs::read(format!("/proc/{}/{of_process}", shell.id())).unwrap();
        assert!(!seen.is_empty() && plain(ALICE.password).find_in(&seen).is_empty(), "{of_process}");
    }
    drop(shell.stdin.take());
    assert!(shell.wait().unwrap().success());
}

/// A person at a terminal.
#[cfg(unix)]
mod at_a_terminal {
    use std::io::{Read, Write};
    use std::sync::mpsc::{Receiver, channel};
    use std::time::{Duration, Instant};

    use ptyprocess::PtyProcess;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    struct Terminal {
        process: PtyProcess,
        keys: Box<dyn Write>,
        screen: Receiver<Vec<u8>>,
        seen: String,
        looked_at: usize,
    }

    impl Terminal {
        fn of(shop: &Shop, words: &[&str]) -> Self {
            let mut command = binary();
            command.arg("--home").arg(shop.path("till")).args(words).env("TERM", "dumb");
            let process = PtyProcess::spawn(command).unwrap();
            let mut output = process.get_pty_stream().unwrap();
            let (sender, screen) = channel();
            std::thread::spawn(move || {
                let mut bytes = [0; 1_024];
                // A terminal whose process is gone gives an error.
                while let Ok(count @ 1..) = output.read(&mut bytes) {
                    if sender.send(bytes[..count].to_vec()).is_err() {
                        break;
                    }
                }
            });
            let keys = Box::new(process.get_pty_stream().unwrap());
            Self { process, keys, screen, seen: String::new(), looked_at: 0 }
        }

        /// Waits until this stands on the screen, after what was waited for before.
        fn sees(mut self, text: &str) -> Self {
            let deadline = Instant::now() + PATIENCE;
            loop {
                if let Some(place) = self.seen[self.looked_at..].find(text) {
                    self.looked_at += place + text.len();
                    return self;
                }
                let left = deadline.saturating_duration_since(Instant::now());
                let bytes = self.screen.recv_timeout(left);
                let bytes = bytes.unwrap_or_else(|_| panic!("never saw {text:?}, only {:?}", self.seen));
                self.seen += &String::from_utf8_lossy(&bytes);
            }
        }

        /// Types a line that may be seen.
        fn enters(mut self, line: &str) -> Self {
            self.keys.write_all(format!("{line}\r").as_bytes()).unwrap();
            self
        }

        /// Types a password once the terminal has stopped to echo.
        fn types(mut self, password: &str) -> Self {
            let deadline = Instant::now() + PATIENCE;
            while self.process.get_echo().unwrap() {
                assert!(Instant::now() < deadline, "it still echoes: {:?}", self.seen);
                std::thread::sleep(Duration::from_millis(1));
            }
            self.keys.write_all(format!("{password}\r").as_bytes()).unwrap();
            self
        }

        /// Everything that was on the screen until the process ended.
        fn ends(mut self) -> String {
            while let Ok(bytes) = self.screen.recv_timeout(PATIENCE) {
                self.seen += &String::from_utf8_lossy(&bytes);
            }
            self.process.wait().unwrap();
            self.seen
        }
    }

    #[test]
    fn a_password_is_asked_for_without_echo_and_a_new_one_twice() {
        let shop = unclaimed();
        let (name, password) = (ALICE.name, ALICE.password);
        let claim = Terminal::of(&shop, &["claim", name]);
        let claim = claim.sees("New password of alice: ").types(password).sees("The same once more: ").types(password);
        let screen = claim.sees("recovery code").ends();
        assert!(screen.contains("This till is yours: alice, supervisor."), "{screen}");
        assert!(!screen.contains(password), "{screen}");

        let list = Terminal::of(&shop, &["operator", "list", "--operator", name]);
        let screen = list.sees("Password of alice: ").types(password).sees("supervisor").ends();
        assert!(!screen.contains(password), "{screen}");
    }

    #[test]
    fn two_passwords_that_differ_are_none() {
        let shop = unclaimed();
        let claim = Terminal::of(&shop, &["claim", "alice"]);
        let claim = claim.sees("New password of alice: ").types("a first thought of 1").sees("once more: ");
        let screen = claim.types("a second thought of 2").sees("(password_refused").ends();
        assert!(!screen.contains("thought"), "{screen}");
        assert_eq!(run(shop.nobody().arg("list")).refusal().1, "till_unclaimed");
    }

    /// The tour of the README: the prompt says who works here, and asks in between.
    #[test]
    fn a_shell_says_who_works_in_it_and_asks_without_echo_too() {
        let shop = Shop::open();
        let (name, password) = (ALICE.name, ALICE.password);
        let shell = Terminal::of(&shop, &["shell"]).sees("taptill> ").enters("sign-in alice");
        let shell = shell.sees("Password of alice: ").types(password).sees("Signed in: alice, supervisor.");
        let shell = shell.sees("taptill alice> ").enters("lock").sees("taptill alice (locked)> ").enters("unlock");
        let shell = shell.sees("Password of alice: ").types(password).sees("taptill alice> ").enters("sign-out");
        let screen = shell.sees("Nobody is signed in.").sees("taptill> ").enters("quit").ends();
        assert!(!screen.contains(password) && screen.contains(name), "{screen}");
    }

    #[test]
    fn a_temporary_password_is_changed_where_it_is_first_used() {
        let shop = Shop::open();
        let temporary = shop.password_file("temporary", "given by alice for 1 day");
        let words = ["operator", "add", "bob", "--role", "cashier", "--temporary", "--new-password-file", &temporary];
        assert_eq!(shop.till(&words).code, Some(0));
        let sale = Terminal::of(&shop, &["sale", "12.30", "--operator", "bob"]);
        let sale = sale.sees("Password of bob: ").types("given by alice for 1 day");
        let sale = sale.sees("New password of bob: ").types(BOB.password).sees("once more: ").types(BOB.password);
        let screen = sale.sees("Approved: CNY 12.30").ends();
        assert!(!screen.contains(BOB.password) && !screen.contains("given by alice"), "{screen}");
        shop.password_file("bob", BOB.password);
        assert_eq!(shop.till_as("bob", &["list"]).code, Some(0));
    }
}
