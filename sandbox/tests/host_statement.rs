//! Statements, parameters and echoes at frame level: every line that stands, in pages, and strange ones on demand.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod host_support;

use host_support::{DAY_MS, DIALECTS, Desk, NOON};
use taptill::acquirer::{LineKind, StatementLine};
use taptill::clock::WallMs;
use taptill::iso8583::{Op, ValueName};
use taptill_sandbox::host::Kind;

const TODAY: &str = "20261122";

/// All pages of a day, and how many there were.
fn statement(desk: &mut Desk, day: &str) -> (Vec<StatementLine>, usize) {
    let (mut lines, mut pages) = (Vec::new(), 1);
    let mut page = 1;
    while page <= pages {
        let mut request = desk.plain_values(800 + page as u64);
        request.set(ValueName::StatementDay, day).set_number(ValueName::StatementPage, page as u64);
        let answer = desk.ask(Op::Statement, &request).values;
        assert_eq!(answer.text(ValueName::ResponseCode), Some("00"));
        pages = answer.text(ValueName::StatementPages).unwrap().parse().unwrap();
        lines.extend(StatementLine::read_all(answer.get(ValueName::StatementLines).unwrap_or_default()).unwrap());
        page += 1;
    }
    (lines, pages)
}

fn sell(desk: &mut Desk, count: u64) {
    for stan in 1..=count {
        let sale = desk.sale(stan, 1_000 + stan);
        assert_eq!(desk.code(Op::Sale, &sale), "00");
    }
}

#[test]
fn a_statement_has_a_line_for_everything_that_stands() {
    for dialect in DIALECTS {
        let mut desk = Desk::open(dialect);
        sell(&mut desk, 4);
        let (void, refund, reversal) = (desk.void(5, 1, 1_001), desk.void(6, 2, 500), desk.reversal(3, 1_003));
        for (op, request) in [(Op::Void, &void), (Op::Refund, &refund), (Op::Reversal, &reversal)] {
            assert_eq!(desk.code(op, request), "00");
        }
        let (lines, pages) = statement(&mut desk, TODAY);
        let told: Vec<_> = lines
            .iter()
            .map(|line| (line.kind, line.is_debit, line.amount_minor, line.stan.unwrap().number()))
            .collect();
        let verdict = [
            (LineKind::Sale, false, 1_001, 1),
            (LineKind::Sale, false, 1_002, 2),
            (LineKind::Sale, false, 1_004, 4),
            (LineKind::Void, true, 1_001, 5),
            (LineKind::Refund, true, 500, 6),
        ];
        assert_eq!((told.as_slice(), pages), (&verdict[..], 1), "{dialect}");
        let entries = desk.acquirer.entries().unwrap();
        assert_eq!(lines[0].rrn.as_ref(), Some(&entries[0].rrn));
        assert!(lines.iter().all(|line| line.currency == 156 && &line.day == b"20261122"));
    }
}

#[test]
fn a_statement_is_of_its_day_and_its_terminal() {
    for dialect in DIALECTS {
        let mut desk = Desk::open(dialect);
        sell(&mut desk, 1);
        desk.now = WallMs(NOON.0 + DAY_MS);
        let tomorrow = desk.sale(2, 2_000);
        assert_eq!(desk.code(Op::Sale, &tomorrow), "00");
        for (day, stans) in [("20261121", &[][..]), (TODAY, &[1]), ("20261123", &[2]), ("20261124", &[])] {
            let (lines, _) = statement(&mut desk, day);
            let found: Vec<_> = lines.iter().map(|line| line.stan.unwrap().number()).collect();
            assert_eq!(found, stans, "{dialect} {day}");
        }
        for day in ["20261322", "20261100", "20260230", "00000000"] {
            let mut request = desk.plain_values(9);
            request.set(ValueName::StatementDay, day).set_number(ValueName::StatementPage, 1);
            assert_eq!(desk.code(Op::Statement, &request), "30", "{dialect} {day}");
        }
    }
}

#[test]
fn many_lines_come_in_pages_and_none_twice() {
    for dialect in DIALECTS {
        let mut desk = Desk::open(dialect);
        sell(&mut desk, 23);
        let (lines, pages) = statement(&mut desk, TODAY);
        let stans: Vec<_> = lines.iter().map(|line| line.stan.unwrap().number()).collect();
        assert_eq!((stans, pages), ((1..=23).collect(), 3), "{dialect}");
        let mut beyond = desk.plain_values(9);
        beyond.set(ValueName::StatementDay, TODAY).set_number(ValueName::StatementPage, 4);
        assert_eq!(desk.ask(Op::Statement, &beyond).values.get(ValueName::StatementLines), None);
    }
}

/// Amount and trace number of each line; a fee has an `F`, a debit a minus.
fn told(lines: &[StatementLine]) -> Vec<String> {
    let sign = |line: &StatementLine| if line.is_debit { "-" } else { "" };
    let fee = |line: &StatementLine| if line.kind == LineKind::Fee { "F" } else { "" };
    let day = |line: &StatementLine| if &line.day == b"20261122" { "" } else { " yesterday" };
    let word = |line: &StatementLine| {
        format!("{}{}{} {}{}", fee(line), sign(line), line.amount_minor, line.stan.unwrap().number(), day(line))
    };
    lines.iter().map(word).collect()
}

#[test]
fn strange_lines_are_what_they_say_and_hold_for_one_statement() {
    let honest = ["1001 1", "1002 2", "1003 3"];
    let table: &[(Kind, u32, &[&str])] = &[
        (Kind::StatementMissing, 1, &["1002 2", "1003 3"]),
        (Kind::StatementMissing, 2, &["1003 3"]),
        (Kind::StatementMissing, 9, &[]),
        (Kind::StatementExtra, 1, &["777 989999", "1001 1", "1002 2", "1003 3"]),
        (Kind::StatementAmount, 2, &["1002 1", "1003 2", "1003 3"]),
        (Kind::StatementDuplicate, 1, &["1001 1", "1001 1", "1002 2", "1003 3"]),
        (Kind::StatementDay, 1, &["1001 1 yesterday", "1002 2", "1003 3"]),
        (Kind::StatementSign, 1, &["-1001 1", "1002 2", "1003 3"]),
        (Kind::StatementFee, 1, &["1001 1", "F-10 1", "1002 2", "1003 3"]),
    ];
    for dialect in DIALECTS {
        for (kind, count, verdict) in table {
            let mut desk = Desk::open(dialect);
            sell(&mut desk, 3);
            desk.acquirer.set_next(*kind, *count).unwrap();
            assert_eq!(told(&statement(&mut desk, TODAY).0), *verdict, "{dialect} {kind} {count}");
            assert_eq!(told(&statement(&mut desk, TODAY).0), honest, "{dialect} {kind} went on too long");
        }
        let mut desk = Desk::open(dialect);
        sell(&mut desk, 3);
        desk.acquirer.set_next(Kind::StatementMissing, 1).unwrap();
        desk.acquirer.set_next(Kind::StatementAmount, 1).unwrap();
        desk.acquirer.set_next(Kind::StatementDuplicate, 1).unwrap();
        assert_eq!(
            told(&statement(&mut desk, TODAY).0),
            ["1003 2", "1003 3", "1003 3"],
            "{dialect}: one after another"
        );
    }
}

#[test]
fn a_strange_statement_is_the_same_on_all_its_pages() {
    for dialect in DIALECTS {
        let mut desk = Desk::open(dialect);
        sell(&mut desk, 21);
        desk.acquirer.set_next(Kind::StatementMissing, 1).unwrap();
        let (lines, pages) = statement(&mut desk, TODAY);
        let stans: Vec<_> = lines.iter().map(|line| line.stan.unwrap().number()).collect();
        assert_eq!((stans, pages), ((2..=21).collect(), 2), "{dialect}");
    }
}

#[test]
fn parameters_are_the_owners_text_or_the_hosts() {
    for dialect in DIALECTS {
        let mut desk = Desk::open(dialect);
        let request = desk.plain_values(9);
        let text =
            |desk: &mut Desk| desk.ask(Op::Parameters, &request).values.get(ValueName::ParameterText).unwrap().to_vec();
        assert_eq!(text(&mut desk), b"sale_max_minor=5000000", "{dialect}");
        let terminal = desk.terminal.clone();
        desk.acquirer.set_parameters(&terminal, "sale_max_minor=700;name=茶").unwrap();
        assert_eq!(text(&mut desk), "sale_max_minor=700;name=茶".as_bytes(), "{dialect}");
    }
}
