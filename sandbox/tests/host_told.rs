//! What terminals tell the host besides payments: it holds them, numbers, countersigns, lets go and certifies.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod host_support;

use host_support::{DIALECTS, Desk, TO_VERSION_3};
use taptill::account::Renewal;
use taptill::acquirer::{TOLD_PART_BYTES, Word};
use taptill::ids::TerminalId;
use taptill::iso8583::{Dialect, Op, ValueName, Values};
use taptill::merkle::{Note, VerifierKey};
use taptill::secret::Secret;
use taptill_sandbox::host::{Acquirer, Held, HostError, Options, countersign, hold, provision, told};
use tempfile::TempDir;

const AMOUNT: u64 = 10_000;

fn part(desk: &Desk, stan: u64, part: u64, parts: u64, text: &[u8]) -> Values {
    let mut request = desk.plain_values(stan);
    request.set_number(ValueName::ToldPart, part).set_number(ValueName::ToldParts, parts);
    if !text.is_empty() {
        request.set(ValueName::ToldText, text);
    }
    request
}

/// Tells a whole text; the code and the whole answer.
fn tell(desk: &mut Desk, op: Op, text: &[u8]) -> (String, Vec<u8>) {
    let parts: Vec<&[u8]> = text.chunks(TOLD_PART_BYTES).collect();
    let mut answer = Values::new();
    for (place, chunk) in parts.iter().enumerate() {
        let request = part(desk, 900 + place as u64, place as u64 + 1, parts.len() as u64, chunk);
        answer = desk.ask(op, &request).values;
    }
    let code = answer.text(ValueName::ResponseCode).unwrap().to_owned();
    let mut whole = answer.get(ValueName::ToldText).map(<[u8]>::to_vec).unwrap_or_default();
    let count = answer.text(ValueName::ToldParts).map_or(0, |parts| parts.parse::<u64>().unwrap());
    for number in 2..=count {
        let request = part(desk, 950 + number, number, 0, b"");
        whole.extend_from_slice(desk.ask(op, &request).values.get(ValueName::ToldText).unwrap());
    }
    (code, whole)
}

fn sale_code(desk: &mut Desk, stan: u64) -> String {
    let sale = desk.sale(stan, AMOUNT);
    desk.code(Op::Sale, &sale)
}

fn mark(desk: &mut Desk) -> Option<String> {
    let request = desk.plain_values(980);
    desk.ask(Op::Echo, &request).values.text(ValueName::HostMark).map(str::to_owned)
}

/// Who does what, and then: what every answer says, and what a sale is answered.
#[test]
fn a_terminal_is_held_from_either_side_until_it_is_let_go() {
    for dialect in DIALECTS {
        let mut desk = Desk::open(dialect);
        let terminal = desk.terminal.clone();
        type Act = fn(&mut Desk, &TerminalId);
        let till = |op: Op| -> Act {
            match op {
                Op::Freeze => |desk, _| assert_eq!(tell(desk, Op::Freeze, b"reason suspected").0, "00"),
                _ => |desk, _| drop(tell(desk, Op::Release, b"by two people")),
            }
        };
        let host_holds: Act = |desk, terminal| {
            desk.acquirer.hold(terminal, true).unwrap();
        };
        let host_lets_go: Act = |desk, terminal| {
            desk.acquirer.hold(terminal, false).unwrap();
        };
        let rows: [(&str, Act, Option<&str>, &str); 11] = [
            ("the host lets go what nobody holds", host_lets_go, None, "00"),
            ("the till is frozen", till(Op::Freeze), None, "58"),
            ("the till is released", till(Op::Release), None, "00"),
            ("the host holds it", host_holds, Some("freeze"), "58"),
            ("the till says that it is frozen", till(Op::Freeze), Some("freeze"), "58"),
            ("the till would be released", till(Op::Release), Some("freeze"), "58"),
            ("the host lets go", host_lets_go, Some("release"), "00"),
            ("the till has heard it", till(Op::Release), None, "00"),
            ("the till is frozen again", till(Op::Freeze), None, "58"),
            ("the host lets go what the till holds", host_lets_go, Some("release"), "00"),
            ("the till is frozen once more", till(Op::Freeze), None, "58"),
        ];
        for (stan, (what, act, says, code)) in (100..).zip(rows) {
            act(&mut desk, &terminal);
            assert_eq!(mark(&mut desk).as_deref(), says, "{dialect}: {what}");
            assert_eq!(sale_code(&mut desk, stan), code, "{dialect}: {what}");
        }
        assert_eq!(desk.acquirer.hold(&TerminalId::new("SBX99999").unwrap(), true), Err(HostError::TerminalUnknown));
    }
}

/// What is in the book already is answered as before, and what takes money back is not held up.
#[test]
fn a_held_terminal_can_still_end_what_it_began() {
    for dialect in DIALECTS {
        let mut desk = Desk::open(dialect);
        assert_eq!(sale_code(&mut desk, 1), "00");
        assert_eq!(tell(&mut desk, Op::Freeze, b"now").0, "00");
        let (reversal, void) = (desk.reversal(1, AMOUNT), desk.void(2, 1, AMOUNT));
        assert_eq!(desk.code(Op::Void, &void), "58", "{dialect}: a new void");
        assert_eq!(sale_code(&mut desk, 1), "94", "{dialect}: the same sale again");
        assert_eq!(desk.code(Op::Reversal, &reversal), "00", "{dialect}");
        let settlement = desk.settlement(3, [(0, 0), (0, 0), (0, 0)]);
        assert_eq!(desk.code(Op::Settle, &settlement), "00", "{dialect}");
    }
}

#[test]
fn what_it_takes_it_signs_and_the_same_text_again_has_the_same_answer() {
    for dialect in DIALECTS {
        let mut acquirer = Acquirer::in_memory(std::sync::Arc::new(host_support::CountingEntropy::default())).unwrap();
        let enrolled = acquirer.enrol(Dialect::shipped(dialect).unwrap(), &Options::default()).unwrap();
        let key = VerifierKey::parse(&enrolled.acquirer_key).unwrap();
        let mut desk = Desk::at(acquirer, enrolled);
        desk.sign_on();
        let terminal = desk.terminal.clone();
        let report = vec![b'7'; 1_500];
        let (code, first) = tell(&mut desk, Op::LossReport, &report);
        let word = Word::read(&first, &key).unwrap();
        assert!(code == "00" && word.acknowledges("loss_report", &terminal, &report), "{dialect}");
        assert_eq!(tell(&mut desk, Op::LossReport, &report).1, first, "{dialect}: the same number again");
        let (_, other) = tell(&mut desk, Op::LossReport, b"another");
        assert_eq!(Word::read(&other, &key).unwrap().number, word.number + 1, "{dialect}");
        let (code, line) = tell(&mut desk, Op::Deregister, b"a statement\nof two lines\n");
        let note = format!("a statement\nof two lines\n\n{}", String::from_utf8(line).unwrap());
        assert_eq!(code, "00", "{dialect}");
        assert_eq!(Note::parse(note.as_bytes()).unwrap().verify(&[&key]), Ok(()), "{dialect}");
        let changed = note.replace("two", "three");
        assert!(Note::parse(changed.as_bytes()).unwrap().verify(&[&key]).is_err(), "{dialect}");
        assert_eq!(tell(&mut desk, Op::Deregister, b"no line's end").0, "12", "{dialect}");
        let numbers: Vec<_> = desk.acquirer.told().unwrap().iter().map(|entry| (entry.number, entry.op)).collect();
        let ops = [Op::LossReport, Op::LossReport, Op::Deregister];
        assert_eq!(numbers, (1..).zip(ops).collect::<Vec<_>>(), "{dialect}");
    }
}

#[test]
fn nobody_leaves_with_a_balance_and_whoever_has_left_sells_no_more() {
    for dialect in DIALECTS {
        let mut desk = Desk::open(dialect);
        let leave = |desk: &mut Desk| tell(desk, Op::Deregister, b"the terminal leaves\n");
        assert_eq!(sale_code(&mut desk, 1), "00");
        assert_eq!(leave(&mut desk), ("12".into(), b"balance CNY 10000\n".to_vec()), "{dialect}");
        assert_eq!(sale_code(&mut desk, 2), "00", "{dialect}: it has not left");
        let settlement = desk.settlement(3, [(2, 2 * AMOUNT), (0, 0), (0, 0)]);
        assert_eq!(desk.code(Op::Settle, &settlement), "00", "{dialect}");
        let mut refund = desk.void(4, 1, 2_500);
        refund.set_number(ValueName::Batch, 2);
        assert_eq!(desk.code(Op::Refund, &refund), "00", "{dialect}");
        assert_eq!(leave(&mut desk), ("12".into(), b"balance CNY -2500\n".to_vec()), "{dialect}");
        let mut settlement = desk.settlement(5, [(0, 0), (0, 0), (1, 2_500)]);
        settlement.set_number(ValueName::Batch, 2);
        assert_eq!(desk.code(Op::Settle, &settlement), "00", "{dialect}");
        for time in ["first", "again"] {
            assert_eq!(leave(&mut desk).0, "00", "{dialect} {time}");
        }
        let mut sale = desk.sale(6, AMOUNT);
        sale.set_number(ValueName::Batch, 3);
        assert_eq!(desk.code(Op::Sale, &sale), "58", "{dialect}");
    }
}

/// A text that does not come in order is none, and a part of an answer that nobody gave is not made up.
#[test]
fn what_does_not_come_whole_is_refused() {
    for dialect in DIALECTS {
        type Part<'a> = (u64, u64, &'a [u8]);
        let rows: [(&str, &[Part<'_>]); 6] = [
            ("the second part first", &[(2, 2, b"b")]),
            ("a part twice", &[(1, 2, b"a"), (1, 2, b"a"), (3, 2, b"c")]),
            ("a part beyond the last", &[(1, 1, b"a"), (2, 1, b"b")]),
            ("part 0", &[(0, 1, b"a")]),
            ("more parts than a text has", &[(1, 100, b"a")]),
            ("a question before anything was told", &[(2, 0, b"")]),
        ];
        for (what, parts) in rows {
            let mut desk = Desk::open(dialect);
            let mut last = String::new();
            for (stan, (number, count, text)) in (10..).zip(parts) {
                let request = part(&desk, stan, *number, *count, text);
                last = desk.code(Op::Freeze, &request);
            }
            assert_eq!(last, "30", "{dialect} {what}");
            let held_after_one = what == "a part beyond the last";
            assert_eq!(sale_code(&mut desk, 1), if held_after_one { "58" } else { "00" }, "{dialect} {what}");
            assert_eq!(tell(&mut desk, Op::Freeze, b"whole").0, "00", "{dialect} {what}: it begins anew");
        }
    }
}

#[test]
fn a_host_without_an_authority_certifies_nobody() {
    let mut desk = Desk::open("iso87");
    let renewal = Renewal::of_seed(&Secret::from_fn(|seed| seed.fill(9)), &desk.terminal);
    assert_eq!(tell(&mut desk, Op::RenewCertificate, renewal.request_pem.as_bytes()).0, "12");
}

#[test]
fn a_terminal_is_certified_for_its_own_name_and_its_next_certificate_ends_the_one_before() {
    let home = TempDir::new().unwrap();
    let provisioning = provision(home.path(), "iso87", "127.0.0.1:9583", &Options::default()).unwrap();
    let mut acquirer = Acquirer::open(home.path()).unwrap();
    let old = certificate_sha256(&provisioning.configuration.client_certificate_pem);
    assert!(acquirer.line(&old).is_ok());
    let mut desk = Desk::of_provisioning(&provisioning);
    desk.acquirer = acquirer;
    desk.sign_on();
    let request = |name: &str| {
        Renewal::of_seed(&Secret::from_fn(|seed| seed.fill(9)), &TerminalId::new(name).unwrap()).request_pem
    };
    let own = request("SBX00001");
    for (what, text) in [
        ("another's name", request("SBX00002")),
        ("no request", "certify me\n".to_owned()),
        ("a request that was changed", own.replacen("MIGS", "MIGT", 1)),
    ] {
        assert_eq!(tell(&mut desk, Op::RenewCertificate, text.as_bytes()).0, "12", "{what}");
    }
    let (code, chain) = tell(&mut desk, Op::RenewCertificate, own.as_bytes());
    let chain = String::from_utf8(chain).unwrap();
    assert_eq!(code, "00");
    assert!(desk.acquirer.line(&old).is_ok(), "the new one has not been used yet");
    let new = certificate_sha256(&chain);
    assert!(desk.acquirer.line(&new).is_ok());
    assert_eq!(desk.acquirer.line(&old).err(), Some(HostError::TerminalUnknown));
    assert!(desk.acquirer.line(&new).is_ok());
}

/// A desk at a host with an authority, and the certificate that it begins with.
fn desk_with_certificate(home: &TempDir) -> (Desk, Vec<u8>) {
    let provisioning = provision(home.path(), "iso87", "127.0.0.1:9583", &Options::default()).unwrap();
    let mut desk = Desk::of_provisioning(&provisioning);
    desk.acquirer = Acquirer::open(home.path()).unwrap();
    desk.sign_on();
    (desk, certificate_sha256(&provisioning.configuration.client_certificate_pem))
}

/// A terminal asks again where an answer was lost: whichever certificate it has, the host lets it in.
#[test]
fn each_certificate_that_was_given_is_good_until_it_or_a_later_one_is_used() {
    let row = |comes: &[usize]| {
        let home = TempDir::new().unwrap();
        let (mut desk, old) = desk_with_certificate(&home);
        let mut known = vec![old];
        for seed in 1..=3 {
            let renewal = Renewal::of_seed(&Secret::from_fn(|bytes| bytes.fill(seed)), &desk.terminal);
            let (code, chain) = tell(&mut desk, Op::RenewCertificate, renewal.request_pem.as_bytes());
            assert_eq!(code, "00");
            known.push(certificate_sha256(&String::from_utf8(chain).unwrap()));
        }
        comes.iter().map(|with| desk.acquirer.line(&known[*with]).is_ok()).collect::<Vec<_>>()
    };
    #[rustfmt::skip]
    let rows: [(&str, &[usize], &[bool]); 5] = [
        ("every answer was lost", &[0, 0], &[true, true]),
        ("the first was not, and then the last", &[1, 0, 3, 1, 2, 3], &[true, false, true, false, false, true]),
        ("the second was not", &[2, 0, 1, 2, 3], &[true, false, false, true, true]),
        ("the last was not", &[3, 0, 1, 2, 3], &[true, false, false, false, true]),
        ("one after another", &[0, 1, 2, 3, 3], &[true; 5]),
    ];
    for (what, comes, verdict) in rows {
        assert_eq!(row(comes), verdict, "{what}");
    }
}

#[test]
fn the_owner_holds_and_countersigns_from_outside() {
    let home = TempDir::new().unwrap();
    let terminal = TerminalId::new("SBX00001").unwrap();
    assert_eq!(hold(home.path(), &terminal, true), Err(HostError::HomeUnknown));
    let provisioning = provision(home.path(), "iso87", "127.0.0.1:9583", &Options::default()).unwrap();
    assert_eq!(hold(home.path(), &terminal, false), Ok(None));
    assert_eq!(hold(home.path(), &terminal, true), Ok(Some(Held::ByHost)));
    assert_eq!(hold(home.path(), &terminal, false), Ok(Some(Held::Released)));
    let line = countersign(home.path(), &terminal, b"erased\n").unwrap();
    let key = VerifierKey::parse(&provisioning.configuration.acquirer_key.unwrap()).unwrap();
    assert_eq!(Note::parse(format!("erased\n\n{line}").as_bytes()).unwrap().verify(&[&key]), Ok(()));
    assert_eq!(countersign(home.path(), &terminal, b"erased"), Err(HostError::TextUnusable));
    let other = TerminalId::new("SBX00002").unwrap();
    assert_eq!(countersign(home.path(), &other, b"erased\n"), Err(HostError::TerminalUnknown));
    assert_eq!(told(home.path()).unwrap(), []);
}

#[test]
fn a_book_of_an_earlier_version_is_taken_over() {
    let home = TempDir::new().unwrap();
    provision(home.path(), "iso87", "127.0.0.1:9583", &Options::default()).unwrap();
    let book = rusqlite::Connection::open(home.path().join("book.sqlite3")).unwrap();
    book.execute_batch(TO_VERSION_3).unwrap();
    drop(book);
    assert_eq!(hold(home.path(), &TerminalId::new("SBX00001").unwrap(), true), Ok(Some(Held::ByHost)));

    // A certificate that was under way when the book was of version 5.
    let book = rusqlite::Connection::open(home.path().join("book.sqlite3")).unwrap();
    let under_way = "DROP TABLE given; ALTER TABLE terminals ADD COLUMN certificate_next BLOB;
                     UPDATE terminals SET certificate_next = x'07'; PRAGMA user_version = 5;";
    book.execute_batch(under_way).unwrap();
    drop(book);
    let mut acquirer = Acquirer::open(home.path()).unwrap();
    assert!(acquirer.line(&[7]).is_ok() && acquirer.line(&[8]).is_err());
}

fn certificate_sha256(pem: &str) -> Vec<u8> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    ring::digest::digest(&ring::digest::SHA256, &der).as_ref().to_vec()
}
