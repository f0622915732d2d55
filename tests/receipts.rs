//! Receipts promise two things: the slips in `tests/receipts/` come out to the byte, and no line is ever
//! wider than the paper, whatever stands in the texts. `TAPTILL_WRITE=1 cargo test --test receipts` writes
//! the slips anew; read the difference before it is kept.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::path::Path;

use proptest::prelude::*;
use taptill::card::Pan;
use taptill::clock::WallMs;
use taptill::ids::{AttemptId, AuthCode, BatchNo, HostCode, MerchantId, OrderNo, Rrn, Stan, TerminalId};
use taptill::money::{Amount, Currency};
use taptill::receipt::{
    Columns, Copy, CryptogramKind, JournalMark, Layout, Merchant, Payment, ReceiptData, Standing, Zone, print,
};
use taptill::text::Language;
use unicode_width::UnicodeWidthStr;

/// File name, standing, layout, and what is changed of the data.
type Row = (&'static str, Standing, Layout, fn(&mut ReceiptData));

#[test]
fn the_slips_come_out_to_the_byte() {
    use Columns::{C32, C48};
    use Copy::{Customer, Merchant as Shop};
    use Language::{En, ZhCn};
    let as_it_is: fn(&mut ReceiptData) = |_| ();
    let rows: &[Row] = &[
        ("approved.en.32.merchant", Standing::Approved, set(C32, En, Shop, false), as_it_is),
        ("approved.en.48.customer", Standing::Approved, set(C48, En, Customer, false), as_it_is),
        ("approved.zh-CN.32.merchant", Standing::Approved, set(C32, ZhCn, Shop, false), in_chinese),
        ("approved.zh-CN.48.customer.reprint", Standing::Approved, set(C48, ZhCn, Customer, true), in_chinese),
        ("approved.en.32.merchant.signature", Standing::Approved, set(C32, En, Shop, false), signed),
        ("approved.en.32.customer.signature", Standing::Approved, set(C32, En, Customer, false), signed),
        ("approved.en.32.merchant.long", Standing::Approved, set(C32, En, Shop, true), long),
        ("declined.en.32.customer", Standing::Declined, set(C32, En, Customer, false), declined_51),
        ("declined.zh-CN.32.customer", Standing::Declined, set(C32, ZhCn, Customer, false), declined_51),
        ("declined.en.48.merchant.by-card", Standing::Declined, set(C48, En, Shop, false), declined_by_card),
        ("reversed.en.48.merchant", Standing::Reversed, set(C48, En, Shop, false), unanswered),
        ("reversed.zh-CN.32.customer", Standing::Reversed, set(C32, ZhCn, Customer, false), unanswered),
        ("not-known-yet.en.32.customer", Standing::NotKnownYet, set(C32, En, Customer, false), unanswered),
        ("not-known-yet.zh-CN.48.merchant", Standing::NotKnownYet, set(C48, ZhCn, Shop, false), unanswered),
        ("voided.en.32.customer", Standing::Voided, set(C32, En, Customer, true), as_it_is),
        ("void.en.32.customer", Standing::Approved, set(C32, En, Customer, false), of_a_void),
        ("void.zh-CN.48.merchant.reprint", Standing::Approved, set(C48, ZhCn, Shop, true), of_a_void),
        ("void.declined.en.48.merchant", Standing::Declined, set(C48, En, Shop, false), of_a_void),
        ("void.not-known-yet.en.32.customer", Standing::NotKnownYet, set(C32, En, Customer, false), of_a_void),
        ("void.reversed.zh-CN.32.customer", Standing::Reversed, set(C32, ZhCn, Customer, false), of_a_void),
        ("void.stuck.en.32.merchant", Standing::ReversalStuck, set(C32, En, Shop, false), of_a_void),
        ("reversal-stuck.en.32.merchant", Standing::ReversalStuck, set(C32, En, Shop, false), unanswered),
    ];
    for (name, standing, layout, change) in rows {
        let mut data = noodle_house(*standing);
        change(&mut data);
        let slip = print(&data, *layout);
        assert_eq!(wider_than(layout.columns, &slip), None, "{name}");
        compare_with_file(name, &slip);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_line_is_wider_than_the_paper_whatever_the_text(
        name in "\\PC{0,120}|.{0,120}|[\u{4e00}-\u{4fff}a-z， é]{0,120}",
        address in proptest::collection::vec(".{0,80}", 0..3),
        label in ".{0,40}",
        order in "[!-~]{1,64}",
        sequence in any::<u64>(),
        at in any::<i64>(),
        standing in prop::sample::select(STANDINGS.to_vec()),
        signature in any::<bool>(),
        is_void in any::<bool>(),
    ) {
        let mut data = noodle_house(standing);
        data.void_of = is_void.then(|| AttemptId::new("s".repeat(64)).unwrap());
        data.merchant.name = name;
        data.merchant.address = address;
        data.payment.card_label = Some(label);
        data.payment.order = Some(OrderNo::new(order).unwrap());
        data.payment.attempt = AttemptId::new("m".repeat(64)).unwrap();
        data.payment.aid = Some(vec![0xA0; 16]);
        data.payment.at = WallMs(at);
        data.payment.signature = signature;
        data.journal.sequence = sequence;
        for layout in all_layouts() {
            let slip = print(&data, layout);
            prop_assert_eq!(wider_than(layout.columns, &slip), None);
            let controls = slip.chars().filter(|c| c.is_control() && *c != '\n').count();
            prop_assert_eq!(controls, 0, "a printer would obey a control character");
        }
    }
}

#[test]
fn a_payment_that_is_not_known_is_never_called_a_receipt() {
    for standing in [Standing::NotKnownYet, Standing::ReversalStuck] {
        for layout in all_layouts() {
            let slip = print(&noodle_house(standing), layout);
            let (warning, approved) = match layout.language {
                Language::En => ("THIS IS NOT A RECEIPT", "APPROVED"),
                Language::ZhCn => ("本单不作收款凭证", "交易成功"),
            };
            assert!(slip.contains(warning) && !slip.contains(approved), "{slip}");
        }
    }
}

#[test]
fn a_signature_is_asked_for_on_the_merchants_copy_of_a_paid_sale_only() {
    for standing in STANDINGS {
        for layout in all_layouts() {
            let mut data = noodle_house(standing);
            data.payment.signature = true;
            let asked = print(&data, layout).contains("____");
            assert_eq!(asked, standing == Standing::Approved && layout.copy == Copy::Merchant);
        }
    }
}

const STANDINGS: [Standing; 6] = [
    Standing::Approved,
    Standing::Declined,
    Standing::Reversed,
    Standing::Voided,
    Standing::NotKnownYet,
    Standing::ReversalStuck,
];

fn set(columns: Columns, language: Language, copy: Copy, reprint: bool) -> Layout {
    Layout { columns, language, copy, reprint }
}

fn all_layouts() -> Vec<Layout> {
    let mut layouts = Vec::new();
    for columns in [Columns::C32, Columns::C48] {
        for language in Language::ALL {
            for copy in [Copy::Merchant, Copy::Customer] {
                layouts.push(set(columns, language, copy, false));
            }
        }
    }
    layouts
}

fn noodle_house(standing: Standing) -> ReceiptData {
    ReceiptData {
        merchant: Merchant {
            name: "Sunrise Noodle House".into(),
            address: vec!["12 Long Street".into(), "Shanghai".into()],
            merchant_id: MerchantId::new("123456789012345").unwrap(),
            terminal_id: TerminalId::new("TILL0001").unwrap(),
            zone: Zone::named("Asia/Shanghai").unwrap(),
        },
        payment: Payment {
            attempt: AttemptId::new("a-0001").unwrap(),
            order: Some(OrderNo::new("A-17").unwrap()),
            amount: Amount::from_minor(1_230, Currency::CNY).unwrap(),
            at: WallMs(1_795_352_733_000),
            card_masked: Some(Pan::from_ascii(b"4761739001010119").unwrap().masked()),
            card_label: Some("VISA CREDIT".into()),
            aid: Some(vec![0xA0, 0, 0, 0, 3, 0x10, 0x10]),
            tvr: Some([0; 5]),
            cryptogram: Some((CryptogramKind::Arqc, [0x12, 0x34, 0x56, 0x78, 0x9A, 0xBC, 0xDE, 0xF0])),
            auth_code: Some(AuthCode::new("654321").unwrap()),
            rrn: Some(Rrn::new("632613000017").unwrap()),
            stan: Some(Stan::new(17).unwrap()),
            batch: Some(BatchNo::new(1).unwrap()),
            host_code: Some(HostCode::new("00").unwrap()),
            signature: false,
        },
        void_of: None,
        standing,
        journal: JournalMark { sequence: 12, root: [0xAB; 32] },
    }
}

fn in_chinese(data: &mut ReceiptData) {
    data.merchant.name = "旭日面馆（南京东路步行街旗舰店）".into();
    data.merchant.address = vec!["上海市黄浦区南京东路128号".into()];
}

fn signed(data: &mut ReceiptData) {
    data.payment.signature = true;
}

fn long(data: &mut ReceiptData) {
    data.merchant.name = "The Very Long-Established Sunrise Noodle and Dumpling House of Shanghai".into();
    data.payment.attempt = AttemptId::new("7d1f2c34-0f7e-4a51-9c1e-2f64f1f2a9d0").unwrap();
    data.payment.amount = Amount::from_minor(999_999_999_999, Currency::CNY).unwrap();
    data.payment.aid = Some(vec![0xA0; 16]);
}

fn declined_51(data: &mut ReceiptData) {
    data.payment.host_code = Some(HostCode::new("51").unwrap());
    data.payment.auth_code = None;
}

fn declined_by_card(data: &mut ReceiptData) {
    data.payment.cryptogram = Some((CryptogramKind::Aac, [0x55; 8]));
    data.payment.host_code = None;
    data.payment.auth_code = None;
    data.payment.rrn = None;
    data.payment.stan = None;
    data.payment.batch = None;
}

/// A void shows the card of its sale, and has no cryptogram of its own.
fn of_a_void(data: &mut ReceiptData) {
    data.void_of = Some(AttemptId::new("a-0001").unwrap());
    data.payment.attempt = AttemptId::new("v-0001").unwrap();
    (data.payment.cryptogram, data.payment.tvr) = (None, None);
    data.payment.stan = Some(Stan::new(18).unwrap());
    data.journal.sequence = 15;
    match data.standing {
        Standing::Declined => declined_51(data),
        Standing::NotKnownYet | Standing::Reversed | Standing::ReversalStuck => unanswered(data),
        Standing::Approved | Standing::Voided => {}
    }
}

fn unanswered(data: &mut ReceiptData) {
    data.payment.host_code = None;
    data.payment.auth_code = None;
    data.payment.rrn = None;
}

fn wider_than(columns: Columns, slip: &str) -> Option<&str> {
    let too_wide = |line: &&str| {
        let apart: usize = line.chars().filter_map(unicode_width::UnicodeWidthChar::width).sum();
        line.width().max(apart) > columns.count()
    };
    slip.lines().find(too_wide)
}

fn compare_with_file(name: &str, slip: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/receipts").join(format!("{name}.txt"));
    if std::env::var_os("TAPTILL_WRITE").is_some() {
        std::fs::write(&path, slip).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == slip, "{name} came out as:\n{slip}");
}
