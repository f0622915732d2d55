//! Reports promise what receipts promise: those in `tests/receipts/` come out to the byte, no line is wider than the
//! paper, and a batch that the host has not closed is not called closed. `TAPTILL_WRITE=1 cargo test --test reports`
//! writes them anew; read the difference before it is kept.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::path::Path;

use proptest::prelude::*;
use taptill::clock::WallMs;
use taptill::ids::{BatchNo, MerchantId, TerminalId};
use taptill::money::Currency;
use taptill::receipt::{Columns, JournalMark, Merchant, ReportCurrency, ReportData, ReportSums, Zone, print_report};
use taptill::text::Language;
use unicode_width::UnicodeWidthStr;

/// File name, layout, and what is changed of the data.
type Row = (&'static str, Columns, Language, fn(&mut ReportData));

#[test]
fn the_reports_come_out_to_the_byte() {
    use Columns::{C32, C48};
    use Language::{En, ZhCn};
    let as_it_is: fn(&mut ReportData) = |_| ();
    let rows: [Row; 8] = [
        ("report.en.32", C32, En, as_it_is),
        ("report.zh-CN.32", C32, ZhCn, as_it_is),
        ("report.en.48.uploaded", C48, En, |data| data.was_uploaded = true),
        ("report.en.32.not-closed", C32, En, not_closed),
        ("report.zh-CN.48.not-closed", C48, ZhCn, not_closed),
        ("report.en.32.owes", C32, En, owes),
        ("report.en.32.decided", C32, En, |data| data.by_decision = true),
        ("report.zh-CN.48.decided", C48, ZhCn, |data| (data.by_decision, data.was_uploaded) = (true, true)),
    ];
    for (name, columns, language, change) in rows {
        let mut data = report();
        change(&mut data);
        let text = print_report(&data, columns, language);
        assert_eq!(wider_than(columns, &text), None, "{name}");
        compare_with_file(name, &text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_line_is_wider_than_the_paper_whatever_the_sums(
        name in "\\PC{0,120}|[\u{4e00}-\u{4fff}a-z， é]{0,120}",
        sums in any::<[u64; 6]>(),
        at in any::<Option<i64>>(),
        is_closed in any::<bool>(),
    ) {
        let mut data = report();
        data.merchant.name = name;
        (data.at, data.is_closed) = (at.map(WallMs), is_closed);
        let [a, b, c, d, e, f] = sums;
        data.currencies[0].sums = ReportSums { sales: (a, b), voids: (c, d), refunds: (e, f) };
        for columns in [Columns::C32, Columns::C48] {
            for language in Language::ALL {
                let text = print_report(&data, columns, language);
                prop_assert_eq!(wider_than(columns, &text), None);
            }
        }
    }
}

#[test]
fn what_is_not_closed_is_not_called_closed() {
    let mut data = report();
    not_closed(&mut data);
    for (language, not_yet, same) in
        [(Language::En, "NOT CLOSED YET", "has the same"), (Language::ZhCn, "尚未结算", "对账相符")]
    {
        let text = print_report(&data, Columns::C48, language);
        assert!(text.contains(not_yet) && !text.contains(same), "{text}");
    }
}

fn report() -> ReportData {
    let sums = |sales, voids, refunds| ReportSums { sales, voids, refunds };
    ReportData {
        merchant: Merchant {
            name: "Noodle House 面馆".into(),
            address: vec!["12 Old Quarter Lane".into()],
            merchant_id: MerchantId::new("SANDBOX00000001").unwrap(),
            terminal_id: TerminalId::new("TILL0001").unwrap(),
            zone: Zone::named("Asia/Shanghai").unwrap(),
        },
        batch: BatchNo::new(17).unwrap(),
        is_closed: true,
        by_decision: false,
        at: Some(WallMs(1_795_338_000_000)),
        was_uploaded: false,
        currencies: vec![ReportCurrency {
            currency: Currency::CNY,
            sums: sums((3, 4_230), (1, 500), (1, 1_000)),
            brands: vec![
                ("UnionPay", sums((1, 2_000), (0, 0), (1, 1_000))),
                ("Visa", sums((2, 2_230), (1, 500), (0, 0))),
            ],
        }],
        journal: Some(JournalMark { sequence: 42, root: [0xA5; 32] }),
    }
}

fn not_closed(data: &mut ReportData) {
    (data.is_closed, data.at, data.journal) = (false, None, None);
}

/// More was given back than sold.
fn owes(data: &mut ReportData) {
    data.currencies[0].sums.refunds.1 = 1_000_000_000_000_000;
}

fn wider_than(columns: Columns, text: &str) -> Option<&str> {
    text.lines().find(|line| line.width() > columns.count())
}

fn compare_with_file(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/receipts").join(format!("{name}.txt"));
    if std::env::var_os("TAPTILL_WRITE").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "{name} came out as:\n{text}");
}
