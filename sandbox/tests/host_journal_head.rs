//! The host remembers the head of a till's journal, as the last request with a right MAC said it, and gives it back at
//! the sign-on: over its own restart, for each terminal by itself, and in no other answer.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod host_support;

use host_support::{CountingEntropy, DIALECTS, Desk, TO_VERSION_3};
use std::sync::Arc;
use taptill::iso8583::{Dialect, Op, ValueName, Values};
use taptill::paycrypto::MacKey;
use taptill_sandbox::host::{Acquirer, Kind, Options};

fn carrying(mut request: Values, head: u8) -> Values {
    request.set(ValueName::JournalHead, [head; 40]);
    request
}

#[test]
fn the_last_head_that_was_said_comes_back_at_the_sign_on_and_nowhere_else() {
    for dialect in DIALECTS {
        let mut desk = Desk::unsigned(dialect);
        assert_eq!(desk.sign_on(), None, "{dialect}: a new till has said nothing");
        for (stan, head) in [(1, 7), (2, 8)] {
            let answer = desk.ask(Op::Sale, &carrying(desk.sale(stan, 1_000), head)).values;
            assert_eq!(answer.get(ValueName::JournalHead), None, "{dialect}");
        }
        assert_eq!(desk.sign_on(), Some(vec![8; 40]), "{dialect}");
        desk.ask(Op::Reversal, &carrying(desk.reversal(2, 1_000), 9));
        desk.ask(Op::Sale, &desk.sale(3, 1_000));
        assert_eq!(desk.sign_on(), Some(vec![9; 40]), "{dialect}: a request without one changes nothing");
    }
}

#[test]
fn what_the_host_did_not_hear_or_cannot_believe_is_not_remembered() {
    for dialect in DIALECTS {
        let mut desk = Desk::open(dialect);
        desk.ask(Op::Sale, &carrying(desk.sale(1, 1_000), 7));
        let right = desk.mak.take();
        desk.mak = Some(MacKey::new(&[0x13; 16]).unwrap());
        let wrong = carrying(desk.sale(2, 1_000), 8);
        desk.send(Op::Sale, &wrong);
        desk.mak = right;
        desk.acquirer.set_next(Kind::Forget, 1).unwrap();
        let unheard = carrying(desk.sale(3, 1_000), 9);
        assert_eq!(desk.send(Op::Sale, &unheard), []);
        assert_eq!(desk.sign_on(), Some(vec![7; 40]), "{dialect}");
    }
}

#[test]
fn each_terminal_has_its_own_and_a_host_that_restarts_still_knows_it() {
    let home = taptill_sandbox::scratch::folder("host-head");
    let elsewhere = || Acquirer::in_memory(Arc::new(CountingEntropy::default())).unwrap();
    let mut acquirer = Acquirer::open(home.path()).unwrap();
    let toml = Dialect::shipped("iso87").unwrap();
    let first = acquirer.enrol(toml, &Options::default()).unwrap();
    let second = acquirer.enrol(toml, &Options::default()).unwrap();
    let mut first = Desk::at(acquirer, first);
    first.sign_on();
    first.ask(Op::Sale, &carrying(first.sale(1, 1_000), 7));
    first.acquirer = elsewhere();
    let mut second = Desk::at(Acquirer::open(home.path()).unwrap(), second);
    assert_eq!(second.sign_on(), None);
    second.acquirer = elsewhere();
    first.acquirer = Acquirer::open(home.path()).unwrap();
    assert_eq!(first.sign_on(), Some(vec![7; 40]));
}

#[test]
fn a_book_from_before_heads_is_taken_over() {
    let home = taptill_sandbox::scratch::folder("host-head");
    let mut acquirer = Acquirer::open(home.path()).unwrap();
    let enrolled = acquirer.enrol(Dialect::shipped("iso87").unwrap(), &Options::default()).unwrap();
    drop(acquirer);
    let older = [TO_VERSION_3, "ALTER TABLE terminals DROP COLUMN journal_head; PRAGMA user_version = 2;"].concat();
    rusqlite::Connection::open(home.path().join("book.sqlite3")).unwrap().execute_batch(&older).unwrap();
    let mut desk = Desk::at(Acquirer::open(home.path()).unwrap(), enrolled);
    assert_eq!(desk.sign_on(), None);
    desk.ask(Op::Sale, &carrying(desk.sale(1, 1_000), 7));
    assert_eq!(desk.sign_on(), Some(vec![7; 40]));
}
