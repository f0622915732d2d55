//! The statement check: a journal of attempts in every standing, statements with one strange line each, and the verdict
//! in the row. The journal is written event by event, so that no host and no card is needed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod journal_support;

use journal_support::{Till as Files, keyring};
use serde_json::{Value, json};
use taptill::clock::{BootCount, MonoMs, Now, WallMs};
use taptill::ids::{AttemptId, BatchNo, OrderNo, Rrn, Stan};
use taptill::journal::{Draft, Journal, LockedJournal, SideWork};
use taptill::money::Currency;
use taptill::settlement::statement::{Check, Day, Difference, Line, LineKind, Source, Terms, last};

/// A journal in which alice is signed in.
struct Shop {
    _files: Files,
    journal: Journal,
}

/// What an attempt is of.
struct Sold<'a> {
    operator: Option<&'a str>,
    /// Its trace number.
    number: u32,
    day: u32,
    minor: i64,
    order: String,
    rrn: String,
}

impl Sold<'_> {
    /// 10.00 more than the number before, of order O-number.
    fn of(number: u32, day: u32) -> Self {
        let order = format!("O-{number}");
        Self { operator: Some("alice"), number, day, minor: amount(number), order, rrn: rrn(number) }
    }
}

/// How an attempt goes on after its request has left.
const APPROVED: &[&str] = &["attempt.approved"];
const DECLINED: &[&str] = &["attempt.declined"];
const REVERSED: &[&str] = &["attempt.reversal_due", "attempt.reversal_sent", "attempt.reversed"];
const STUCK: &[&str] = &["attempt.reversal_due", "attempt.reversal_sent", "attempt.reversal_stuck"];

impl Shop {
    fn new() -> Self {
        let files = Files::new();
        let locked = LockedJournal::create(&files.path(), files.ports()).unwrap();
        let journal = locked.unlock(keyring(), taptill::till::folds()).map_err(|(_, error)| error).unwrap();
        let mut shop = Self { _files: files, journal };
        shop.append("operator.signed_in", None, Some("alice"), json!({"role": "supervisor"}));
        shop
    }

    fn append(&mut self, kind: &'static str, attempt: Option<&str>, operator: Option<&str>, body: Value) -> u64 {
        self.append_version(1, kind, attempt, operator, body)
    }

    fn append_version(
        &mut self,
        v: u32,
        kind: &'static str,
        attempt: Option<&str>,
        operator: Option<&str>,
        body: Value,
    ) -> u64 {
        let draft = Draft {
            kind,
            v,
            attempt: attempt.map(|name| AttemptId::new(name).unwrap()),
            operator: operator.map(str::to_owned),
            body,
            may_use_ballast: false,
        };
        let now = Now { wall: WallMs(1_795_338_000_000), mono: MonoMs(1), boot: BootCount(1) };
        self.journal.append(draft, SideWork::None, now).unwrap().sequence
    }

    /// The attempt of this number: 10.00 more than the one before, of order O-number, on a day of November.
    fn attempt(&mut self, number: u32, day: u32, steps: &[&'static str]) -> u64 {
        self.attempt_of(Some("alice"), number, day, steps)
    }

    fn attempt_of(&mut self, operator: Option<&str>, number: u32, day: u32, steps: &[&'static str]) -> u64 {
        self.attempt_as(&Sold { operator, ..Sold::of(number, day) }, steps)
    }

    fn attempt_as(&mut self, sold: &Sold<'_>, steps: &[&'static str]) -> u64 {
        let Sold { operator, number, day, minor, order, rrn } = sold;
        let (operator, name) = (*operator, format!("A-{number}"));
        let name = Some(name.as_str());
        let answer = json!({"host_code": "00", "auth_code": "A1B2C3", "rrn": rrn, "host_time": "1122170000"});
        let prepared = json!({
            "opening": {"amount": {"minor": minor, "currency": "CNY"}, "order": order,
                "host_day": format!("2026-11-{day:02}")},
            "stan": number, "batch": 3, "local_date": "1122", "local_time": "170000",
            "transmission_date_time": "1122090000", "dialect": "00",
            "card": {"masked": "476173******0119", "aid": "A0000000031010", "label": "VISA", "kernel": 3, "atc": 1,
                "tvr": "0000000000", "cryptogram": "0102030405060708", "cryptogram_kind": "ARQC", "oda": "ok",
                "cvm": "none"},
        });
        let mut sequence = self.append("attempt.prepared", name, operator, prepared);
        if !steps.is_empty() {
            sequence = self.append("attempt.in_doubt", name, operator, json!({"stan": number, "batch": 3}));
        }
        for step in steps {
            let body = match *step {
                "attempt.approved" => json!({"answer": answer}),
                "attempt.declined" => json!({"by": {"host": answer}}),
                "attempt.reversal_due" => json!({"reason": "98", "cause": "no_answer"}),
                "attempt.reversal_sent" => json!({"number": 1, "host_day": "2026-11-22"}),
                "attempt.reversed" => json!({"host_code": "00"}),
                "attempt.reversal_stuck" => json!({"cause": "reversal_refused", "host_code": "12"}),
                _ => unreachable!("the tests use no other step"),
            };
            sequence = self.append(step, name, operator, body);
        }
        sequence
    }

    /// The host's answer to an attempt that was sent.
    fn approve(&mut self, number: u32) {
        let answer = json!({"host_code": "00", "auth_code": "A1B2C3", "rrn": rrn(number), "host_time": "1122170000"});
        self.append("attempt.approved", Some(&format!("A-{number}")), Some("alice"), json!({"answer": answer}));
    }

    /// The host's answer to a refund that was sent.
    fn acknowledge_refund(&mut self, number: u32) {
        let answer = json!({"host_code": "00", "auth_code": null, "rrn": rrn(number + 200), "host_time": null});
        let body = json!({"refund": format!("rf-{number:016x}"), "answer": answer, "had_it": false});
        self.append("refund.acknowledged", Some(&format!("A-{number}")), Some("alice"), body);
    }

    /// A void of the attempt of this number, under the number a hundred higher.
    fn void(&mut self, number: u32, day: u32, steps: &[&'static str]) {
        self.void_of("alice", &Sold::of(number, day), steps);
    }

    fn void_of(&mut self, operator: &str, sold: &Sold<'_>, steps: &[&'static str]) {
        let Sold { number, day, minor, order, .. } = sold;
        let name = format!("V-{number}");
        let (name, own) = (Some(name.as_str()), number + 100);
        let answer = json!({"host_code": "00", "auth_code": null, "rrn": rrn(own), "host_time": null});
        let prepared = json!({
            "opening": {"amount": {"minor": minor, "currency": "CNY"}, "order": order,
                "host_day": format!("2026-11-{day:02}")},
            "stan": own, "batch": 3, "local_date": "1122", "local_time": "170000",
            "transmission_date_time": "1122090000", "dialect": "00", "of": format!("A-{number}"),
        });
        self.append_version(3, "attempt.prepared", name, Some(operator), prepared);
        self.append("attempt.in_doubt", name, Some(operator), json!({"stan": own, "batch": 3}));
        for step in steps {
            let body = match *step {
                "attempt.approved" => json!({"answer": answer}),
                "attempt.declined" => json!({"by": {"host": answer}}),
                "attempt.reversal_due" => json!({"reason": "98", "cause": "no_answer"}),
                "attempt.reversal_sent" => json!({"number": 1, "host_day": "2026-11-22"}),
                "attempt.reversal_stuck" => json!({"cause": "reversal_refused", "host_code": "12"}),
                _ => json!({"decision": step}),
            };
            let kind = if step.starts_with("attempt.") { step } else { "attempt.decided" };
            self.append(kind, name, Some(operator), body);
        }
    }

    /// A refund of a part of the attempt of this number, under the number two hundred higher.
    fn refund(&mut self, number: u32, minor: i64, day: u32, steps: &[&'static str]) {
        let attempt = format!("A-{number}");
        let (attempt, own) = (Some(attempt.as_str()), number + 200);
        let refund = format!("rf-{number:016x}");
        let money = |minor: i64| json!({"minor": minor, "currency": "CNY"});
        let answer = json!({"host_code": "00", "auth_code": null, "rrn": rrn(own), "host_time": null});
        let requested = json!({"refund": refund, "amount": money(minor), "captured": money(amount(number)),
            "verification": "none", "verified": "nothing", "expires_ms": 5});
        self.append("refund.requested", attempt, Some("alice"), requested);
        for step in steps {
            let mut body = match *step {
                "refund.approved" => json!({"by": "host"}),
                "refund.prepared" => json!({"stan": own, "batch": 3, "local_date": "1122", "local_time": "170000",
                    "transmission_date_time": "1122090000", "dialect": "00"}),
                "refund.sent" => json!({"number": 1, "host_day": format!("2026-11-{day:02}")}),
                "refund.acknowledged" => json!({"answer": answer, "had_it": false}),
                "refund.declined" => json!({"answer": answer}),
                "refund.stuck" => json!({"cause": "refused_in_doubt", "host_code": "12"}),
                _ => json!({"decision": step}),
            };
            body["refund"] = json!(refund);
            let kind = if step.starts_with("refund.") { step } else { "refund.decided" };
            self.append(kind, attempt, Some("alice"), body);
        }
    }

    /// The whole check, as a terminal makes it.
    fn check(&mut self, lines: Vec<Line>, period: Option<(u32, u32)>) -> Vec<Difference> {
        let terms = Terms {
            source: Source::Csv,
            terminal: "TERM0001".to_owned(),
            from: period.map(|(from, _)| day(from)),
            to: period.map(|(_, to)| day(to)),
        };
        let mut check = Check::begin(&self.journal, terms);
        let mut found = Vec::new();
        for line in lines {
            found.extend(check.take(&self.journal, vec![line]).unwrap());
        }
        while let Some(more) = check.left(&self.journal).unwrap() {
            found.extend(more);
        }
        let draft = check.end(&[7; 32], "alice".to_owned());
        self.journal
            .append(draft, SideWork::None, Now { wall: WallMs(9), mono: MonoMs(9), boot: BootCount(1) })
            .unwrap();
        let summary = last(&self.journal).unwrap().unwrap();
        let counted: u64 =
            taptill::settlement::statement::DifferenceKind::ALL.iter().map(|kind| summary.differences.of(*kind)).sum();
        assert_eq!(counted, found.len() as u64);
        found
    }
}

fn amount(number: u32) -> i64 {
    i64::from(number) * 1_000
}

fn rrn(number: u32) -> String {
    format!("4326{number:08}")
}

fn day(day: u32) -> Day {
    Day::new(2026, 11, day).unwrap()
}

/// The line of the attempt of this number, as it should be.
fn line(number: u32, on: u32) -> Line {
    let mut line = Line::new(u64::from(number), day(on), amount(number), Currency::CNY);
    line.rrn = Some(Rrn::new(rrn(number)).unwrap());
    line
}

fn with(mut line: Line, change: impl FnOnce(&mut Line)) -> Line {
    change(&mut line);
    line
}

fn gives_back(number: u32, on: u32, kind: Option<LineKind>) -> Line {
    with(line(number, on), |line| {
        line.amount_minor = -line.amount_minor;
        line.kind = kind;
    })
}

/// Kind, cause and remedy of each difference, in one text.
fn verdict(found: &[Difference]) -> String {
    let words = found.iter().map(|difference| {
        let why = difference.why.map_or("-", |why| why.word());
        format!("{} {why} {}", difference.kind.word(), difference.remedy.word())
    });
    words.collect::<Vec<_>>().join("; ")
}

/// Attempts 1 to 9, a line for each that should have one, and one after another a change of the lines.
#[test]
fn each_strange_line_is_explained() {
    let mut shop = Shop::new();
    for number in [1, 2, 3] {
        shop.attempt(number, 22, APPROVED);
    }
    shop.attempt(4, 22, DECLINED);
    shop.attempt(5, 22, REVERSED);
    shop.attempt(6, 22, STUCK);
    shop.attempt(7, 22, &["attempt.reversal_due"]);
    shop.attempt(8, 23, APPROVED);
    shop.attempt_of(Some("bob"), 9, 23, APPROVED);
    let honest = || [1, 2, 3].map(|number| line(number, 22)).into_iter().chain([line(8, 23), line(9, 23)]);
    type Change = fn(&mut Vec<Line>);
    let by_bob = "not_mine operator_not_signed_in look_at_the_operators";
    let stuck = "missing reversal_stuck decide_not_charged";
    #[rustfmt::skip]
    let table: &[(&str, Change, &str)] = &[
        ("nothing", |_| {}, ""),
        ("a line is gone", |lines| drop(lines.remove(1)), "missing approved ask_to_book"),
        ("a line twice", |lines| lines.push(line(1, 22)), "duplicate - ask_to_give_back"),
        ("another amount", |lines| lines[0].amount_minor += 1, "amount - compare_the_receipt"),
        ("another currency", |lines| lines[0].currency = Currency::from_code("HKD").unwrap(), "amount - compare_the_receipt"),
        ("another day", |lines| lines[0].date = day(23), "wrong_day - ask_why_that_day"),
        ("booked two days late", |lines| { lines[0].date = day(24); lines[0].is_booking_date = true; }, ""),
        ("booked two weeks late", |lines| { lines[0].date = day(22).plus(14); lines[0].is_booking_date = true; }, "wrong_day - ask_why_that_day"),
        ("booked before it was paid", |lines| { lines[0].date = day(21); lines[0].is_booking_date = true; }, "wrong_day - ask_why_that_day"),
        ("the other sign", |lines| lines[0].amount_minor *= -1, "wrong_sign - ask_to_correct_the_sign"),
        ("the other sign and a word", |lines| { lines[0].amount_minor *= -1; lines[0].kind = Some(LineKind::Sale); }, "wrong_sign - ask_to_correct_the_sign"),
        ("a fee kept back", |lines| { lines[0].amount_minor -= 6; lines[0].fee_minor = Some(6); }, "fee kept_back compare_the_contract"),
        ("less than the fee explains", |lines| { lines[0].amount_minor -= 7; lines[0].fee_minor = Some(6); }, "amount - compare_the_receipt"),
        ("all of it kept back", |lines| { lines[0].amount_minor = 0; lines[0].fee_minor = Some(1_000); }, "amount - compare_the_receipt"),
        ("more kept back than was paid", |lines| { lines[0].amount_minor = -5; lines[0].fee_minor = Some(1_005); lines[0].kind = Some(LineKind::Sale); }, "amount - compare_the_receipt"),
        ("a fee of its own", |lines| lines.push(with(Line::new(9, day(22), -5, Currency::CNY), |line| line.kind = Some(LineKind::Fee))), "fee fee_line compare_the_contract"),
        ("a rest that no payment explains", |lines| lines.push(with(Line::new(9, day(25), -5, Currency::CNY), |line| line.kind = Some(LineKind::Rest))), "amount not_itemised compare_the_contract"),
        ("a payout", |lines| lines.push(with(Line::new(9, day(22), -5, Currency::CNY), |line| line.kind = Some(LineKind::Payout))), ""),
        ("another till's", |lines| lines.push(with(line(77, 22), |line| line.terminal = Some("TERM0002".into()))), ""),
        ("nobody's", |lines| lines.push(line(77, 22)), "not_mine no_attempt look_at_other_tills"),
        ("nothing to know it by", |lines| lines.push(Line::new(9, day(22), 5, Currency::CNY)), "not_mine no_attempt look_at_other_tills"),
        ("a declined one", |lines| lines.push(line(4, 22)), "unexpected declined ask_to_give_back"),
        ("one not known yet", |lines| lines.push(with(line(7, 22), by_trace)), "unexpected not_known_yet resolve_and_check_again"),
        ("a reversed one", |lines| lines.push(with(line(5, 22), by_trace)), "unexpected reversed ask_to_give_back"),
        ("a reversed one and its reversal", |lines| {
            lines.push(with(line(5, 22), by_trace));
            lines.push(with(gives_back(5, 22, None), by_trace));
        }, ""),
        ("the reversal before it, on another day", |lines| {
            lines.push(with(gives_back(5, 23, Some(LineKind::Void)), by_trace));
            lines.push(with(line(5, 22), by_trace));
        }, ""),
        ("a reversal alone", |lines| lines.push(with(gives_back(5, 22, Some(LineKind::Void)), by_trace)), "unexpected reversed ask_to_charge_again"),
        ("a reversal twice", |lines| {
            lines.push(with(line(5, 22), by_trace));
            lines.push(with(gives_back(5, 22, Some(LineKind::Void)), by_trace));
            lines.push(with(gives_back(5, 22, Some(LineKind::Void)), by_trace));
        }, "duplicate - ask_to_charge_again"),
        ("a void of what stands", |lines| lines.push(gives_back(1, 22, Some(LineKind::Void))), "unexpected not_taken_back ask_to_charge_again"),
        ("a give-back without a word", |lines| lines.push(gives_back(1, 22, None)), "unexpected not_taken_back ask_to_charge_again"),
        ("the same, newest first", |lines| lines.insert(0, gives_back(1, 22, None)), "unexpected not_taken_back ask_to_charge_again"),
        ("two of them, newest first", |lines| { lines.insert(0, gives_back(1, 22, None)); lines.insert(0, gives_back(1, 22, None)); }, "unexpected not_taken_back ask_to_charge_again; unexpected not_taken_back ask_to_charge_again"),
        ("two of them and no payment", |lines| { lines[0] = gives_back(1, 22, None); lines.push(gives_back(1, 22, None)); }, "unexpected not_taken_back ask_to_charge_again; wrong_sign - ask_to_correct_the_sign"),
    ];
    for (case, change, expected) in table {
        let mut lines: Vec<Line> = honest().collect();
        change(&mut lines);
        let found = shop.check(lines, Some((22, 23)));
        // Bob's sale, and the stuck reversal that the statement does not have, are found each time.
        let (ever, strange): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|difference| [by_bob, stuck].contains(&verdict(std::slice::from_ref(difference)).as_str()));
        assert_eq!(ever.len(), 2, "{case}");
        assert_eq!(verdict(&strange), *expected, "{case}");
    }
    let mut lines: Vec<Line> = honest().collect();
    lines.push(with(line(6, 22), by_trace));
    assert!(verdict(&shop.check(lines, Some((22, 23)))).contains("unexpected reversal_stuck decide_charged"));
}

/// What never had an answer is known to the acquirer by its trace number alone.
fn by_trace(line: &mut Line) {
    line.stan = Some(Stan::new(u32::try_from(line.number).unwrap()).unwrap());
    line.batch = Some(BatchNo::new(3).unwrap());
    line.rrn = None;
}

/// A line of the void of the attempt of this number, under the void's own number.
fn void_line(number: u32, on: u32) -> Line {
    with(gives_back(number, on, None), |line| line.rrn = Some(Rrn::new(rrn(number + 100)).unwrap()))
}

#[test]
fn a_void_takes_back_what_its_sale_was() {
    let decided = |decision| [STUCK, &[decision]].concat();
    let same_number = |number| with(gives_back(number, 22, Some(LineKind::Void)), |line| line.number += 1);
    #[rustfmt::skip]
    let table: Vec<(&str, Vec<&'static str>, Vec<Line>, &str)> = vec![
        ("neither line", APPROVED.to_vec(), vec![], ""),
        ("both", APPROVED.to_vec(), vec![line(1, 22), void_line(1, 22)], ""),
        ("both under one number", APPROVED.to_vec(), vec![line(1, 22), same_number(1)], ""),
        ("the sale alone", APPROVED.to_vec(), vec![line(1, 22)], "unexpected voided ask_to_give_back"),
        ("the void alone", APPROVED.to_vec(), vec![void_line(1, 22)], "unexpected voided ask_to_charge_again"),
        ("the void with another amount", APPROVED.to_vec(), vec![line(1, 22), with(void_line(1, 22), |line| line.amount_minor += 1)], "amount - compare_the_receipt"),
        ("the void the wrong way round", APPROVED.to_vec(), vec![line(1, 22), with(void_line(1, 22), |line| line.amount_minor *= -1)], "wrong_sign - ask_to_correct_the_sign"),
        ("declined", DECLINED.to_vec(), vec![line(1, 22)], ""),
        ("declined and yet there", DECLINED.to_vec(), vec![line(1, 22), void_line(1, 22)], "unexpected not_taken_back ask_to_charge_again"),
        ("not known yet", vec!["attempt.reversal_due"], vec![line(1, 22)], ""),
        ("not known yet and there", vec!["attempt.reversal_due"], vec![line(1, 22), same_number(1)], "unexpected not_known_yet resolve_and_check_again"),
        ("stuck and there", STUCK.to_vec(), vec![line(1, 22), same_number(1)], "unexpected reversal_stuck decide_not_charged"),
        ("decided: charged", decided("charged"), vec![line(1, 22)], ""),
        ("decided: not charged", decided("not_charged"), vec![line(1, 22), same_number(1)], ""),
        ("decided: not charged, and yet charged", decided("not_charged"), vec![line(1, 22)], "unexpected voided ask_to_give_back"),
    ];
    for (case, steps, lines, expected) in table {
        let mut shop = Shop::new();
        shop.attempt(1, 22, APPROVED);
        shop.void(1, 22, &steps);
        assert_eq!(verdict(&shop.check(lines, Some((22, 22)))), expected, "{case}");
    }
}

#[test]
fn a_payment_that_was_taken_back_is_looked_at_as_any_other() {
    const NOT_SIGNED_IN: &str = "not_mine operator_not_signed_in look_at_the_operators";
    const OTHER_DAY: &str = "wrong_day - ask_why_that_day";
    /// The case, who sold and who voided, the days of the two lines, and the verdict.
    type Row = (&'static str, (&'static str, &'static str), (u32, u32), &'static str);
    #[rustfmt::skip]
    let table: [Row; 8] = [
        ("as it should be", ("alice", "alice"), (22, 22), ""),
        ("given back on another day", ("alice", "alice"), (22, 23), ""),
        ("sold on another day", ("alice", "alice"), (23, 23), OTHER_DAY),
        ("sold by nobody who was signed in", ("bob", "alice"), (22, 22), NOT_SIGNED_IN),
        ("voided by nobody who was signed in", ("alice", "bob"), (22, 22), NOT_SIGNED_IN),
        ("voided by nobody who was signed in, and sold on another day", ("alice", "bob"), (23, 23), "both"),
        ("both by nobody who was signed in", ("bob", "bob"), (22, 22), "twice"),
        ("sold on another day by nobody who was signed in", ("bob", "alice"), (23, 23), NOT_SIGNED_IN),
    ];
    for (case, (seller, voider), (sold_on, back_on), expected) in table {
        let mut shop = Shop::new();
        shop.attempt_of(Some(seller), 1, 22, APPROVED);
        shop.void_of(voider, &Sold::of(1, 22), APPROVED);
        let lines = [line(1, sold_on), void_line(1, back_on)];
        for (order, lines) in
            [("oldest first", lines.to_vec()), ("newest first", lines.iter().rev().cloned().collect())]
        {
            let found = shop.check(lines, Some((22, 22)));
            let mut words: Vec<String> = found.iter().map(|one| verdict(std::slice::from_ref(one))).collect();
            words.sort();
            let expected = match expected {
                "both" => vec![NOT_SIGNED_IN, OTHER_DAY],
                "twice" => vec![NOT_SIGNED_IN, NOT_SIGNED_IN],
                "" => vec![],
                one => vec![one],
            };
            assert_eq!(words, expected, "{case}, {order}");
        }
    }
    // A reversal is nobody's own doing; of the reversed payment the line is judged.
    let mut shop = Shop::new();
    shop.attempt(1, 22, REVERSED);
    let lines = vec![with(line(1, 23), by_trace), with(gives_back(1, 24, None), by_trace)];
    assert_eq!(verdict(&shop.check(lines, None)), OTHER_DAY);
}

/// A line of the refund of the attempt of this number, under the refund's own number.
fn refund_line(number: u32, minor: i64, on: u32) -> Line {
    with(line(number, on), |line| {
        line.amount_minor = -minor;
        line.kind = Some(LineKind::Refund);
        line.rrn = Some(Rrn::new(rrn(number + 200)).unwrap());
    })
}

#[test]
fn a_refund_has_a_line_of_its_own() {
    const SENT: [&str; 3] = ["refund.approved", "refund.prepared", "refund.sent"];
    let after = |steps: &[&'static str]| [&SENT[..], steps].concat();
    let acknowledged = || after(&["refund.acknowledged"]);
    let of_the_sale = || with(refund_line(1, 400, 24), |line| line.rrn = Some(Rrn::new(rrn(1)).unwrap()));
    let unsigned = || with(refund_line(1, 400, 24), |line| line.kind = None);
    #[rustfmt::skip]
    let table: Vec<(&str, Vec<&'static str>, Vec<Line>, &str)> = vec![
        ("as it should be", acknowledged(), vec![refund_line(1, 400, 24)], ""),
        ("by its sign alone", acknowledged(), vec![unsigned()], ""),
        ("under the sale's number", acknowledged(), vec![of_the_sale()], ""),
        ("by its trace number", acknowledged(), vec![with(refund_line(1, 400, 24), |line| { line.rrn = None; line.stan = Some(Stan::new(201).unwrap()); line.batch = Some(BatchNo::new(3).unwrap()); })], ""),
        ("by its trace number under another reference number", acknowledged(), vec![with(refund_line(1, 400, 24), |line| { line.rrn = Some(Rrn::new("999999999999").unwrap()); line.stan = Some(Stan::new(201).unwrap()); })], "not_mine no_attempt look_at_other_tills; missing refunded ask_to_book_the_refund"),
        ("not there", acknowledged(), vec![], "missing refunded ask_to_book_the_refund"),
        ("twice", acknowledged(), vec![refund_line(1, 400, 24), refund_line(1, 400, 24)], "duplicate - ask_to_charge_again"),
        ("another amount", acknowledged(), vec![refund_line(1, 401, 24)], "amount - compare_the_receipt"),
        ("another day", acknowledged(), vec![refund_line(1, 400, 23)], "wrong_day - ask_why_that_day"),
        ("the wrong way round", acknowledged(), vec![refund_line(1, -400, 24)], "wrong_sign - ask_to_correct_the_sign"),
        ("a second one of the sale", acknowledged(), vec![of_the_sale(), of_the_sale()], "unexpected not_taken_back ask_to_charge_again"),
        ("asked for and there", vec![], vec![refund_line(1, 400, 24)], "not_mine no_attempt look_at_other_tills"),
        ("on its way", after(&[]), vec![], ""),
        ("declined", after(&["refund.declined"]), vec![], ""),
        ("declined and there", after(&["refund.declined"]), vec![refund_line(1, 400, 24)], "unexpected not_taken_back ask_to_charge_again"),
        ("stuck and there", after(&["refund.stuck"]), vec![of_the_sale()], "unexpected refund_stuck decide_paid"),
        ("stuck and not there", after(&["refund.stuck"]), vec![], "missing refund_stuck decide_not_paid"),
        ("decided: paid", after(&["refund.stuck", "paid"]), vec![of_the_sale()], ""),
        ("decided: not paid", after(&["refund.stuck", "not_paid"]), vec![], ""),
    ];
    for (case, steps, lines, expected) in table {
        let mut shop = Shop::new();
        shop.attempt(1, 22, APPROVED);
        shop.refund(1, 400, 24, &steps);
        let lines = [vec![line(1, 22)], lines].concat();
        let found = shop.check(lines, Some((22, 24)));
        assert_eq!(verdict(&found), expected, "{case}");
        let names_it = |difference: &Difference| difference.refund.is_some() == (difference.ours_minor != Some(1_000));
        assert!(found.iter().all(|difference| difference.attempt.is_none() || names_it(difference)), "{case}");
    }
}

#[test]
fn an_attempt_is_known_by_the_best_of_what_a_line_has() {
    let mut shop = Shop::new();
    shop.attempt(1, 22, APPROVED);
    let bare = || Line::new(1, day(22), amount(1), Currency::CNY);
    let stan = |number| Some(Stan::new(number).unwrap());
    let batch = |number| Some(BatchNo::new(number).unwrap());
    let other_rrn = || Some(Rrn::new("999999999999").unwrap());
    #[rustfmt::skip]
    let table = [
        ("its reference number", with(bare(), |line| line.rrn = Some(Rrn::new(rrn(1)).unwrap())), true),
        ("trace number and batch", with(bare(), |line| { line.stan = stan(1); line.batch = batch(3); }), true),
        ("trace number and day", with(bare(), |line| line.stan = stan(1)), true),
        ("another reference number, and the trace number", with(bare(), |line| { line.rrn = other_rrn(); line.stan = stan(1); }), false),
        ("a reference number of the bank's own, trace number and batch", with(bare(), |line| { line.rrn = other_rrn(); line.stan = stan(1); line.batch = batch(3); }), true),
        ("a reference number of the bank's own, trace number and terminal", with(bare(), |line| { line.rrn = other_rrn(); line.stan = stan(1); line.terminal = Some("TERM0001".into()); }), true),
        ("its order", with(bare(), |line| line.order = Some(OrderNo::new("O-1").unwrap().into())), true),
        ("trace number of another batch", with(bare(), |line| { line.stan = stan(1); line.batch = batch(4); }), false),
        ("trace number weeks later", with(bare(), |line| { line.stan = stan(1); line.date = day(30); }), false),
        ("another trace number", with(bare(), |line| { line.stan = stan(2); line.batch = batch(3); }), false),
        ("another order", with(bare(), |line| line.order = Some(OrderNo::new("O-2").unwrap().into())), false),
        ("the amount alone", bare(), false),
    ];
    for (case, line, is_found) in table {
        let expected =
            if is_found { "" } else { "not_mine no_attempt look_at_other_tills; missing approved ask_to_book" };
        assert_eq!(verdict(&shop.check(vec![line], Some((22, 22)))), expected, "{case}");
    }
}

/// A line that names its payment by the order alone.
fn by_order(order: &str, amount_minor: i64, on: u32) -> Line {
    with(Line::new(1, day(on), amount_minor, Currency::CNY), |line| {
        line.order = Some(OrderNo::new(order).unwrap().into())
    })
}

#[test]
fn of_two_attempts_of_one_order_a_line_means_the_one_that_it_fits() {
    const VOIDED: &[&str] = &["voided"];
    let line = |minor| by_order("O-7", minor, 22);
    let unknown = "unexpected not_known_yet resolve_and_check_again";
    /// The case, how the two attempts went, the lines, and the verdict.
    type Row = (&'static str, [&'static [&'static str]; 2], Vec<Line>, &'static str);
    #[rustfmt::skip]
    let table: Vec<Row> = vec![
        ("declined, then approved", [DECLINED, APPROVED], vec![line(500)], ""),
        ("approved, then declined", [APPROVED, DECLINED], vec![line(500)], ""),
        ("approved, then declined, and both booked", [APPROVED, DECLINED], vec![line(500), line(500)], "unexpected declined ask_to_give_back"),
        ("approved, then not known yet", [APPROVED, &["attempt.reversal_due"]], vec![line(500)], ""),
        ("approved, then not known yet, and both booked", [APPROVED, &["attempt.reversal_due"]], vec![line(500), line(500)], unknown),
        ("approved, then reversed", [APPROVED, REVERSED], vec![line(500)], ""),
        ("approved, then voided", [APPROVED, VOIDED], vec![line(500)], ""),
        ("voided, then approved", [VOIDED, APPROVED], vec![line(500)], ""),
        ("voided, then approved, with all three lines", [VOIDED, APPROVED], vec![line(500), line(-500), line(500)], ""),
        ("approved, then voided, with all three lines", [APPROVED, VOIDED], vec![line(500), line(500), line(-500)], ""),
        ("the same, newest first", [APPROVED, VOIDED], vec![line(-500), line(500), line(500)], ""),
        ("both approved", [APPROVED, APPROVED], vec![line(500), line(500)], ""),
        ("both approved, one line", [APPROVED, APPROVED], vec![line(500)], "missing approved ask_to_book"),
        ("both approved, three lines", [APPROVED, APPROVED], vec![line(500), line(500), line(500)], "duplicate - ask_to_give_back"),
        ("neither approved", [DECLINED, DECLINED], vec![line(500)], "unexpected declined ask_to_give_back"),
    ];
    for (case, attempts, lines, expected) in table {
        let mut shop = Shop::new();
        for (number, steps) in (1..).zip(attempts) {
            let sold = Sold { minor: 500, order: "O-7".to_owned(), ..Sold::of(number, 22) };
            let is_voided = steps == VOIDED;
            shop.attempt_as(&sold, if is_voided { APPROVED } else { steps });
            if is_voided {
                shop.void_of("alice", &sold, APPROVED);
            }
        }
        assert_eq!(verdict(&shop.check(lines, Some((22, 22)))), expected, "{case}");
    }
}

#[test]
fn a_number_that_is_used_every_day_means_the_payment_of_that_day() {
    let mut shop = Shop::new();
    for number in 1..=120 {
        let sold = Sold { minor: 500, order: "TABLE-7".to_owned(), ..Sold::of(number, 1 + (number - 1) / 5) };
        shop.attempt_as(&Sold { rrn: rrn(7), ..sold }, APPROVED);
    }
    for on in [1, 12, 24] {
        let by_rrn = with(Line::new(1, day(on), 500, Currency::CNY), |line| line.rrn = Some(Rrn::new(rrn(7)).unwrap()));
        for line in [by_order("TABLE-7", 500, on), by_rrn] {
            assert_eq!(verdict(&shop.check(vec![line], Some((30, 30)))), "", "of day {on}");
        }
    }
    let all = (1..=120).map(|number| by_order("TABLE-7", 500, 1 + (number - 1) / 5));
    assert_eq!(verdict(&shop.check(all.collect(), None)), "");
    let one_less = (1..=119).map(|number| by_order("TABLE-7", 500, 1 + (number - 1) / 5));
    assert_eq!(verdict(&shop.check(one_less.collect(), None)), "missing approved ask_to_book");
}

#[test]
fn what_is_missing_is_missing_within_the_period() {
    let mut shop = Shop::new();
    for (number, day) in [(1, 20), (2, 21), (3, 22), (4, 23)] {
        shop.attempt(number, day, APPROVED);
    }
    let missing = |shop: &mut Shop, lines: &[Line], period| {
        let found = shop.check(lines.to_vec(), period);
        assert!(found.iter().all(|difference| difference.kind.word() == "missing"));
        let mut days: Vec<String> = found.iter().map(|difference| difference.our_date.unwrap().to_string()).collect();
        days.sort();
        days.iter().map(|day| day[8..].to_owned()).collect::<Vec<_>>()
    };
    let booked = |number, on| with(line(number, on), |line| line.is_booking_date = true);
    assert_eq!(missing(&mut shop, &[], None), [""; 0]);
    assert_eq!(missing(&mut shop, &[], Some((20, 30))), ["20", "21", "22", "23"]);
    assert_eq!(missing(&mut shop, &[line(1, 20)], Some((20, 21))), ["21"]);
    assert_eq!(missing(&mut shop, &[line(1, 20), line(3, 22)], None), ["21"]);
    assert_eq!(missing(&mut shop, &[booked(1, 22), booked(3, 24)], None), ["21"]);
    assert_eq!(missing(&mut shop, &[line(1, 20)], None), [""; 0]);
}

#[test]
fn a_difference_names_the_record_that_proves_it() {
    let mut shop = Shop::new();
    let sequence = shop.attempt(1, 22, APPROVED);
    let found = shop.check(vec![with(line(1, 22), |line| line.amount_minor = 5)], None);
    let difference = serde_json::to_value(&found[0]).unwrap();
    assert_eq!(difference["difference"], "amount");
    assert_eq!((&difference["attempt"], &difference["sequence"]), (&json!("A-1"), &json!(sequence)));
    assert_eq!((&difference["ours_minor"], &difference["our_date"]), (&json!(1_000), &json!("2026-11-22")));
    assert_eq!((&difference["line"]["number"], &difference["line"]["amount_minor"]), (&json!(1), &json!(5)));
    let event = shop.journal.event(sequence).unwrap().unwrap();
    assert_eq!((event.kind.as_str(), event.attempt.unwrap().as_str()), ("attempt.approved", "A-1"));
}

#[test]
fn a_check_is_one_event_and_changes_nothing_else() {
    let mut shop = Shop::new();
    shop.attempt(1, 22, APPROVED);
    let before = shop.journal.head().size;
    assert_eq!(last(&shop.journal).unwrap(), None);
    let terms = Terms { source: Source::Camt, terminal: "TERM0001".to_owned(), from: None, to: None };
    let mut check = Check::begin(&shop.journal, terms);
    check.take(&shop.journal, vec![line(1, 22), line(2, 22)]).unwrap();
    // Given up: nothing was written, and the next check knows nothing of it.
    drop(check);
    assert_eq!(shop.journal.head().size, before);

    shop.check(vec![line(1, 22), line(2, 22)], None);
    let event = shop.journal.event(before + 1).unwrap().unwrap();
    assert_eq!(shop.journal.head().size, before + 1);
    assert_eq!(event.kind, "statement.checked");
    assert_eq!(
        event.body,
        json!({
            "source": "csv", "from": "2026-11-22", "to": "2026-11-22", "lines": 2, "passed_over": 0,
            "differences": {"missing": 0, "unexpected": 0, "amount": 0, "duplicate": 0, "wrong_day": 0,
                "wrong_sign": 0, "not_mine": 1, "fee": 0},
            "sha256": "07".repeat(32),
        })
    );
    let summary = last(&shop.journal).unwrap().unwrap();
    assert_eq!((summary.sequence, summary.operator.as_deref()), (before + 1, Some("alice")));
    shop.journal.verify().unwrap();
}

#[test]
fn what_happens_during_a_check_is_not_expected() {
    type Later = fn(&mut Shop);
    let table: [(&str, Later); 4] = [
        ("sold", |shop| _ = shop.attempt(2, 22, APPROVED)),
        ("sent before, and approved", |shop| shop.approve(3)),
        ("sold before, and voided", |shop| shop.void(1, 22, APPROVED)),
        ("asked for before, and refunded", |shop| shop.acknowledge_refund(4)),
    ];
    for (case, later) in table {
        let mut shop = Shop::new();
        shop.attempt(1, 22, APPROVED);
        shop.attempt(3, 22, &[]);
        shop.append("attempt.in_doubt", Some("A-3"), Some("alice"), json!({"stan": 3, "batch": 3}));
        shop.attempt(4, 22, APPROVED);
        shop.refund(4, 400, 22, &["refund.approved", "refund.prepared", "refund.sent"]);
        let terms = Terms { source: Source::Csv, terminal: String::new(), from: Some(day(22)), to: Some(day(22)) };
        let mut check = Check::begin(&shop.journal, terms);
        check.take(&shop.journal, vec![line(1, 22), line(4, 22)]).unwrap();
        later(&mut shop);
        while let Some(found) = check.left(&shop.journal).unwrap() {
            assert_eq!(verdict(&found), "", "{case}");
        }
    }
}

#[test]
fn a_long_day_is_walked_page_by_page() {
    let mut shop = Shop::new();
    for number in 1..=450 {
        shop.attempt(number, 22, APPROVED);
    }
    let found = shop.check(vec![line(450, 22)], None);
    assert_eq!((found.len(), found.iter().all(|difference| difference.kind.word() == "missing")), (449, true));
}

#[test]
fn the_page_for_merchants_names_every_word_and_its_map_is_one() {
    use taptill::settlement::statement::{ColumnMap, DifferenceKind, Remedy, Why};
    let page = include_str!("../docs/statement.md");
    let words = DifferenceKind::ALL.iter().map(|kind| kind.word()).chain(Why::ALL.iter().map(|why| why.word()));
    for word in words.chain(Remedy::ALL.iter().map(|remedy| remedy.word())) {
        assert!(page.contains(&format!("`{word}`")), "{word}");
    }
    let map = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert!(ColumnMap::from_toml(map).is_ok());
}
