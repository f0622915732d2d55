//! Vouchers promise what receipts promise: the slips in `tests/receipts/` come out to the byte, no line is wider than
//! the paper, and what the host has not acknowledged is called no voucher. `TAPTILL_WRITE=1 cargo test --test vouchers`
//! writes the slips anew; read the difference before it is kept.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::path::Path;

use proptest::prelude::*;
use taptill::card::Pan;
use taptill::clock::WallMs;
use taptill::ids::{
    AttemptId, AuthCode, BatchNo, HostCode, MerchantId, OperatorName, OrderNo, RefundId, Rrn, Stan, TerminalId,
};
use taptill::money::{Amount, Currency};
use taptill::receipt::{
    Columns, Copy, JournalMark, Layout, Merchant, Numbers, VoucherData, VoucherStanding, Zone, print_voucher,
};
use taptill::text::Language;
use unicode_width::UnicodeWidthStr;

const STANDINGS: [VoucherStanding; 4] =
    [VoucherStanding::Refunded, VoucherStanding::Declined, VoucherStanding::NotKnownYet, VoucherStanding::Stuck];

#[test]
fn the_vouchers_come_out_to_the_byte() {
    use Columns::{C32, C48};
    use Copy::{Customer, Merchant as Shop};
    use Language::{En, ZhCn};
    let set = |columns, language, copy, reprint| Layout { columns, language, copy, reprint };
    for (name, standing, layout) in [
        ("refunded.en.32.customer", VoucherStanding::Refunded, set(C32, En, Customer, false)),
        ("refunded.en.48.merchant.reprint", VoucherStanding::Refunded, set(C48, En, Shop, true)),
        ("refunded.zh-CN.32.merchant", VoucherStanding::Refunded, set(C32, ZhCn, Shop, false)),
        ("refund-declined.en.32.customer", VoucherStanding::Declined, set(C32, En, Customer, false)),
        ("refund-not-known-yet.zh-CN.48.customer", VoucherStanding::NotKnownYet, set(C48, ZhCn, Customer, false)),
        ("refund-stuck.en.32.merchant", VoucherStanding::Stuck, set(C32, En, Shop, false)),
    ] {
        let slip = print_voucher(&voucher(standing), layout);
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
        order in "[!-~]{1,64}",
        sequence in any::<u64>(),
        at in any::<i64>(),
        standing in prop::sample::select(STANDINGS.to_vec()),
        signature in any::<bool>(),
    ) {
        let mut data = voucher(standing);
        data.merchant.name = name;
        data.merchant.address = address;
        data.order = Some(OrderNo::new(order).unwrap());
        data.attempt = AttemptId::new("m".repeat(64)).unwrap();
        data.requested_by = Some(OperatorName::new("m".repeat(32)).unwrap());
        data.at = WallMs(at);
        data.signature = signature;
        data.journal.sequence = sequence;
        for layout in all_layouts() {
            let slip = print_voucher(&data, layout);
            prop_assert_eq!(wider_than(layout.columns, &slip), None);
            let controls = slip.chars().filter(|c| c.is_control() && *c != '\n').count();
            prop_assert_eq!(controls, 0, "a printer would obey a control character");
        }
    }
}

#[test]
fn only_what_the_host_acknowledged_is_called_refunded() {
    for standing in STANDINGS {
        for layout in all_layouts() {
            let slip = print_voucher(&voucher(standing), layout);
            let (refunded, warning) = match layout.language {
                Language::En => ("REFUNDED", "THIS IS NOT A VOUCHER"),
                Language::ZhCn => ("已退款", "本单不是退款凭证"),
            };
            let is_open = matches!(standing, VoucherStanding::NotKnownYet | VoucherStanding::Stuck);
            assert_eq!(slip.contains(refunded), standing == VoucherStanding::Refunded, "{slip}");
            assert_eq!(slip.contains(warning), is_open, "{slip}");
        }
    }
}

#[test]
fn the_shops_copy_alone_says_who_asked_and_approved_and_is_signed() {
    for standing in STANDINGS {
        for layout in all_layouts() {
            let slip = print_voucher(&voucher(standing), layout);
            let is_shops = layout.copy == Copy::Merchant;
            assert_eq!((slip.contains("carol"), slip.contains("alice")), (is_shops, is_shops), "{slip}");
            assert_eq!(slip.contains("____"), is_shops && standing != VoucherStanding::Declined, "{slip}");
        }
    }
}

fn voucher(standing: VoucherStanding) -> VoucherData {
    let code = match standing {
        VoucherStanding::Refunded => Some("00"),
        VoucherStanding::Declined | VoucherStanding::Stuck => Some("51"),
        VoucherStanding::NotKnownYet => None,
    };
    VoucherData {
        merchant: Merchant {
            name: "三味面馆 Noodle House".into(),
            address: vec!["南京东路 100 号".into(), "Shanghai".into()],
            merchant_id: MerchantId::new("SANDBOX00000001").unwrap(),
            terminal_id: TerminalId::new("TILL0001").unwrap(),
            zone: Zone::named("Asia/Shanghai").unwrap(),
        },
        refund: RefundId::new("rf-0123456789abcdef").unwrap(),
        amount: Amount::from_minor(500, Currency::CNY).unwrap(),
        at: WallMs(1_795_338_000_000),
        standing,
        numbers: Numbers {
            auth_code: None,
            rrn: Some(Rrn::new("260101000002").unwrap()).filter(|_| standing == VoucherStanding::Refunded),
            stan: Some(Stan::new(8).unwrap()),
            batch: Some(BatchNo::new(1).unwrap()),
        },
        host_code: code.map(|code| HostCode::new(code).unwrap()),
        attempt: AttemptId::new("tt-0011223344556677").unwrap(),
        order: Some(OrderNo::new("A-17").unwrap()),
        sale: Numbers {
            auth_code: Some(AuthCode::new("A1B2C3").unwrap()),
            rrn: Some(Rrn::new("260101000001").unwrap()),
            stan: Some(Stan::new(7).unwrap()),
            batch: Some(BatchNo::new(1).unwrap()),
        },
        card_masked: Some(Pan::from_ascii(b"4761739001010119").unwrap().masked()),
        requested_by: Some(OperatorName::new("carol").unwrap()),
        approved_by: Some(OperatorName::new("alice").unwrap()),
        signature: true,
        journal: JournalMark { sequence: 42, root: [0xA5; 32] },
    }
}

fn all_layouts() -> Vec<Layout> {
    let mut all = Vec::new();
    for columns in [Columns::C32, Columns::C48] {
        for language in Language::ALL {
            for copy in [Copy::Merchant, Copy::Customer] {
                all.extend([false, true].map(|reprint| Layout { columns, language, copy, reprint }));
            }
        }
    }
    all
}

/// The first line that is wider than the paper, as a printer counts.
fn wider_than(columns: Columns, slip: &str) -> Option<&str> {
    let too_wide = |line: &&str| {
        let apart: usize = line.chars().filter_map(unicode_width::UnicodeWidthChar::width).sum();
        line.width().max(apart) > columns.count()
    };
    slip.lines().find(too_wide)
}

fn compare_with_file(name: &str, slip: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/receipts/{name}.txt"));
    if std::env::var_os("TAPTILL_WRITE").is_some() {
        std::fs::write(&path, slip).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, slip, "tests/receipts/{name}.txt");
}
