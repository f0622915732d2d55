//! Settlements at frame level: totals are compared, lines kept, and a batch is closed and paid out once.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod host_support;

use host_support::{DIALECTS, Desk, TO_VERSION_3};
use taptill::acquirer::{LineKind, UploadLine};
use taptill::ids::{BatchNo, Stan};
use taptill::iso8583::{Dialect, Op, ValueName, Values};
use taptill_sandbox::host::{Acquirer, EntryKind, EntryState, Kind, Options};

const AMOUNT: u64 = 10_000;

/// Three sales, one voided, one refunded in part, one that was reversed, one that was declined.
fn day(dialect: &str) -> Desk {
    let mut desk = Desk::open(dialect);
    for (stan, amount, code) in
        [(1, AMOUNT, "00"), (2, AMOUNT, "00"), (3, AMOUNT, "00"), (4, 700, "00"), (5, 100_051, "51")]
    {
        let sale = desk.sale(stan, amount);
        assert_eq!(desk.code(Op::Sale, &sale), code);
    }
    let (void, refund, reversal) = (desk.void(6, 1, AMOUNT), desk.void(7, 2, 2_500), desk.reversal(4, 700));
    assert_eq!(desk.code(Op::Void, &void), "00");
    assert_eq!(desk.code(Op::Refund, &refund), "00");
    assert_eq!(desk.code(Op::Reversal, &reversal), "00");
    desk
}

/// What the till should have of that day.
const TOTALS: [(u64, u64); 3] = [(3, 3 * AMOUNT), (1, AMOUNT), (1, 2_500)];
const PAID: i64 = 3 * AMOUNT as i64 - AMOUNT as i64 - 2_500;

fn settled(desk: &mut Desk, totals: [(u64, u64); 3]) -> (String, Option<String>) {
    let request = desk.settlement(900, totals);
    let answer = desk.ask(Op::Settle, &request).values;
    let text = |name| answer.text(name).map(str::to_owned);
    (text(ValueName::ResponseCode).unwrap(), text(ValueName::SettlementCode))
}

fn ended(desk: &mut Desk, batch: u64, lines: u64) -> String {
    let mut request = desk.settlement(901, TOTALS);
    request.set_number(ValueName::Batch, batch).set_number(ValueName::UploadCount, lines);
    desk.code(Op::SettleEnd, &request)
}

fn uploaded(desk: &mut Desk, place: u64, stans: &[u32]) -> String {
    let mut bytes = Vec::new();
    for stan in stans {
        let stan = Stan::new(*stan).unwrap();
        let line =
            UploadLine { kind: LineKind::Sale, amount_minor: AMOUNT, stan, date: *b"1122", rrn: None, auth_code: None };
        line.write(&mut bytes);
    }
    let mut request = desk.plain_values(902);
    request
        .set_number(ValueName::UploadIndex, place)
        .set_number(ValueName::UploadCount, 3)
        .set(ValueName::UploadLines, bytes);
    desk.code(Op::BatchUpload, &request)
}

#[test]
fn totals_in_balance_close_the_batch_and_are_paid_out() {
    for dialect in DIALECTS {
        let mut desk = day(dialect);
        assert_eq!(settled(&mut desk, TOTALS), ("00".into(), Some("1".into())), "{dialect}");
        let batch = desk.acquirer.batches().unwrap().remove(0);
        assert_eq!((batch.paid_minor, batch.closed_ms), (Some(PAID), Some(desk.now)), "{dialect}");
        assert_eq!(
            (batch.totals.sales_minor, batch.totals.voids_minor, batch.totals.refunds_minor),
            (30_000, 10_000, 2_500)
        );
        assert_eq!(desk.net_minor(), PAID as u64, "{dialect}: what customers were charged is what the shop gets");
    }
}

#[test]
fn any_total_that_differs_is_out_of_balance() {
    for dialect in DIALECTS {
        for place in 0..3 {
            for change in [(1, 0), (0, 1)] {
                let mut totals = TOTALS;
                totals[place] = (totals[place].0 + change.0, totals[place].1 + change.1);
                let mut desk = day(dialect);
                assert_eq!(settled(&mut desk, totals), ("00".into(), Some("2".into())), "{dialect} {totals:?}");
            }
        }
    }
}

#[test]
fn the_answer_brings_the_hosts_own_totals() {
    for dialect in DIALECTS {
        let mut desk = day(dialect);
        let request = desk.settlement(900, [(0, 0); 3]);
        let answer = desk.ask(Op::Settle, &request).values;
        let number = |name| answer.text(name).and_then(|text| text.parse::<u64>().ok());
        assert_eq!(
            (number(ValueName::SalesCount), number(ValueName::SalesMinor)),
            (Some(3), Some(30_000)),
            "{dialect}"
        );
        let given_back = match number(ValueName::GivenBackMinor) {
            Some(both) => both,
            None => number(ValueName::VoidsMinor).unwrap() + number(ValueName::RefundsMinor).unwrap(),
        };
        assert_eq!(given_back, 12_500, "{dialect}");
    }
}

#[test]
fn a_batch_out_of_balance_closes_when_all_its_lines_are_there() {
    for dialect in DIALECTS {
        let mut desk = day(dialect);
        assert_eq!(ended(&mut desk, 1, 0), "12", "{dialect}: nobody asked to settle");
        assert_eq!(settled(&mut desk, [(0, 0); 3]).1, Some("2".into()));
        assert_eq!(ended(&mut desk, 1, 3), "12", "{dialect}: no line is there");
        assert_eq!(uploaded(&mut desk, 0, &[1, 2]), "00", "{dialect}");
        assert_eq!(ended(&mut desk, 1, 3), "12", "{dialect}: one line is missing");
        assert_eq!(uploaded(&mut desk, 2, &[3]), "00");
        assert_eq!(uploaded(&mut desk, 0, &[1, 2]), "00", "{dialect}: lines may come again");
        assert_eq!(ended(&mut desk, 1, 4), "12", "{dialect}: a line that never was");
        assert_eq!(ended(&mut desk, 1, 3), "00", "{dialect}");
        let batch = desk.acquirer.batches().unwrap().remove(0);
        assert_eq!((batch.uploaded, batch.paid_minor), (3, Some(PAID)));
    }
}

#[test]
fn lines_that_are_none_are_refused() {
    for dialect in DIALECTS {
        let mut desk = day(dialect);
        let mut request = desk.plain_values(902);
        request.set_number(ValueName::UploadIndex, 0).set_number(ValueName::UploadCount, 1);
        request.set(ValueName::UploadLines, "not a line");
        assert_eq!(desk.code(Op::BatchUpload, &request), "30", "{dialect}");
    }
}

#[test]
fn a_closed_batch_is_answered_as_before_and_closes_once() {
    for dialect in DIALECTS {
        let mut desk = day(dialect);
        desk.acquirer.set_next_of(Kind::NoAnswer, 1, Op::Settle).unwrap();
        let settle = desk.settlement(900, TOTALS);
        assert!(desk.send(Op::Settle, &settle).is_empty());
        let closed = desk.acquirer.batches().unwrap();
        for _ in 0..2 {
            assert_eq!(ended(&mut desk, 1, 0), "00", "{dialect}");
            assert_eq!(settled(&mut desk, TOTALS), ("00".into(), Some("1".into())), "{dialect}");
            assert_eq!(uploaded(&mut desk, 0, &[9]), "00", "{dialect}: it is not kept any more");
            assert_eq!(desk.acquirer.batches().unwrap(), closed, "{dialect}");
        }
        assert_eq!(settled(&mut desk, [(0, 0); 3]).1, Some("2".into()), "{dialect}: other totals are still others");
        assert_eq!(desk.acquirer.batches().unwrap(), closed, "{dialect}");
    }
}

#[test]
fn after_the_close_the_next_batch_is_open() {
    for dialect in DIALECTS {
        let mut desk = day(dialect);
        settled(&mut desk, TOTALS);
        assert_eq!(ended(&mut desk, 1, 0), "00");
        let in_batch = |mut values: Values, batch: u64| {
            values.set_number(ValueName::Batch, batch);
            values
        };
        let (late, next) = (desk.sale(30, AMOUNT), in_batch(desk.sale(1, AMOUNT), 2));
        let code = desk.code(Op::Sale, &late);
        assert!(desk.dialect.row(Op::Sale).unwrap().asks_sign_on(code.as_bytes()), "{dialect}: {code}");
        assert_eq!(desk.code(Op::Sale, &next), "00", "{dialect}: a trace number of an old batch is free again");
        // Of the closed batch nothing is voided or reversed any more; it is refunded.
        let void = in_batch(desk.void(31, 3, AMOUNT), 2);
        let code = desk.code(Op::Void, &void);
        assert_eq!(code, if dialect == "unionpay" { "12" } else { "25" }, "{dialect}");
        let reversal = desk.reversal(3, AMOUNT);
        assert_eq!(desk.code(Op::Reversal, &reversal), "25", "{dialect}");
        let refund = in_batch(desk.void(32, 3, AMOUNT), 2);
        assert_eq!(desk.code(Op::Refund, &refund), "00", "{dialect}");
        let request = in_batch(desk.settlement(900, [(1, AMOUNT), (0, 0), (1, AMOUNT)]), 2);
        assert_eq!(desk.ask(Op::Settle, &request).values.text(ValueName::SettlementCode), Some("1"), "{dialect}");
        let end = in_batch(desk.settlement(901, TOTALS), 2);
        assert_eq!(desk.code(Op::SettleEnd, &end), "00");
        assert_eq!(desk.acquirer.batches().unwrap()[1].paid_minor, Some(0), "{dialect}");
    }
}

#[test]
fn a_batch_that_never_was_asks_for_a_sign_on() {
    for (dialect, op) in DIALECTS.into_iter().flat_map(|dialect| [(dialect, Op::Settle), (dialect, Op::SettleEnd)]) {
        let mut desk = day(dialect);
        let mut request = desk.settlement(900, TOTALS);
        request.set_number(ValueName::Batch, 7);
        let code = desk.code(op, &request);
        assert!(desk.dialect.row(op).unwrap().asks_sign_on(code.as_bytes()), "{dialect} {op}: {code}");
        assert_eq!(desk.acquirer.batches().unwrap(), []);
    }
}

#[test]
fn an_end_that_is_refused_or_whose_answer_is_lost_closes_at_most_once() {
    for dialect in DIALECTS {
        let mut desk = day(dialect);
        settled(&mut desk, [(0, 0); 3]);
        assert_eq!(uploaded(&mut desk, 0, &[1, 2, 3]), "00");
        desk.acquirer.set_next_of(Kind::Refuse, 1, Op::SettleEnd).unwrap();
        assert_eq!(ended(&mut desk, 1, 3), "12", "{dialect}");
        assert_eq!(desk.acquirer.batches().unwrap()[0].closed_ms, None);
        desk.acquirer.set_next_of(Kind::NoAnswer, 1, Op::SettleEnd).unwrap();
        let mut end = desk.settlement(901, TOTALS);
        end.set_number(ValueName::UploadCount, 3);
        assert!(desk.send(Op::SettleEnd, &end).is_empty());
        let closed = desk.acquirer.batches().unwrap();
        assert_eq!(closed[0].closed_ms, Some(desk.now), "{dialect}");
        assert_eq!(ended(&mut desk, 1, 3), "00", "{dialect}");
        assert_eq!(settled(&mut desk, [(0, 0); 3]), ("00".into(), Some("2".into())), "{dialect}: as before");
        assert_eq!(desk.acquirer.batches().unwrap(), closed, "{dialect}");
    }
}

#[test]
fn the_last_batch_number_is_followed_by_the_first() {
    for dialect in DIALECTS {
        let mut desk = Desk::open(dialect);
        let terminal = desk.terminal.clone();
        desk.acquirer.open_batch(&terminal, BatchNo::new(999_999).unwrap()).unwrap();
        let mut request = desk.settlement(900, [(0, 0); 3]);
        request.set_number(ValueName::Batch, 999_999);
        assert_eq!(desk.code(Op::Settle, &request), "00");
        assert_eq!(ended(&mut desk, 999_999, 0), "00");
        let sale = desk.sale(1, AMOUNT);
        assert_eq!(desk.code(Op::Sale, &sale), "00", "{dialect}: batch 1 is open");
        assert_eq!(desk.only_entry().state, EntryState::Booked);
    }
}

#[test]
fn a_book_from_before_settlements_is_taken_over_with_its_sales() {
    for dialect in DIALECTS {
        let home = taptill_sandbox::scratch::folder("host-settlement");
        let mut acquirer = Acquirer::open(home.path()).unwrap();
        let enrolled = acquirer.enrol(Dialect::shipped(dialect).unwrap(), &Options::default()).unwrap();
        let mut desk = Desk::at(acquirer, enrolled);
        desk.sign_on();
        let sale = desk.sale(1, AMOUNT);
        assert_eq!(desk.code(Op::Sale, &sale), "00");
        let Desk { acquirer, terminal, merchant, master_key, mak, now, dialect: spoken } = desk;
        drop(acquirer);
        let book = rusqlite::Connection::open(home.path().join("book.sqlite3")).unwrap();
        book.execute_batch(TO_VERSION_3).unwrap();
        drop(book);
        let acquirer = Acquirer::open(home.path()).unwrap();
        let mut desk = Desk { acquirer, terminal, merchant, master_key, mak, now, dialect: spoken };
        let entry = desk.only_entry();
        assert_eq!((entry.kind, entry.of, entry.state), (EntryKind::Sale, None, EntryState::Booked));
        let refund = desk.void(2, 1, 400);
        assert_eq!(desk.code(Op::Refund, &refund), "00", "{dialect}");
        let settled = settled(&mut desk, [(1, AMOUNT), (0, 0), (1, 400)]);
        assert_eq!(settled, ("00".into(), Some("1".into())), "{dialect}");
    }
}
