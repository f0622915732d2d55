//! Rubbish from a shell: each is refused by a code, nothing is written, and the till goes on selling.

#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

mod support;

use std::path::Path;

use support::{Shop, Till, code, order};
use taptill_ffi::{
    Amount, AttemptState, Language, ListQuery, ReceiptCopy, ReceiptRequest, ReceiptWidth, SaleOrder, Terminal,
    inspect_till, provision_till,
};

/// What no name may be. A lone surrogate cannot be written in Rust; the shells' own tests have it.
fn rubbish() -> Vec<String> {
    let mut rubbish: Vec<String> = [
        "",
        " ",
        "\0",
        "A\0B",
        "A-1\0",
        "A 1",
        "../../etc/passwd",
        "A/1",
        "订单",
        "é",
        "A\u{202e}1",
        "\u{feff}A",
        "'; --",
        "\n",
        "A\r\n1",
        "\u{1f4b3}",
        "\u{fffd}",
    ]
    .map(str::to_owned)
    .into();
    rubbish.extend(["A".repeat(65), "A".repeat(1 << 20), "\0".repeat(1 << 20), "付".repeat(1 << 20)]);
    rubbish
}

fn shown(text: &str) -> String {
    format!("{:?}… of {} bytes", text.chars().take(20).collect::<String>(), text.len())
}

fn still_sells(till: &Till, shop: &Shop) {
    let before = shop.net_minor();
    assert_eq!(till.sell("", 500).unwrap().state, AttemptState::Approved);
    assert_eq!(shop.net_minor(), before + 500);
}

#[test]
fn names_that_are_none_are_refused_wherever_they_are_given() {
    let shop = Shop::new();
    let till = shop.till();
    let payments = till.terminal.payments().unwrap();
    let slip = ReceiptRequest { width: ReceiptWidth::C48, language: Language::ZhCn, copy: ReceiptCopy::Merchant };
    for name in rubbish() {
        let shown = shown(&name);
        let sale = SaleOrder { attempt: Some(name.clone()), ..order("", 500) };
        assert_eq!(code(payments.start_sale(sale)), "identifier_malformed", "start_sale {shown}");
        assert_eq!(code(payments.cancel(&name)), "identifier_malformed", "cancel {shown}");
        assert_eq!(code(payments.status(&name)), "identifier_malformed", "status {shown}");
        assert_eq!(code(payments.receipt(&name, slip)), "identifier_malformed", "receipt {shown}");
        let query = |cursor, order| ListQuery { limit: 20, from_ms: None, to_ms: None, order, cursor };
        assert_eq!(code(payments.list(query(Some(name.clone()), None))), "identifier_malformed", "cursor {shown}");
    }
    // An order's number may be what an attempt's may not.
    for name in rubbish().into_iter().filter(|name| !["../../etc/passwd", "A/1"].contains(&name.as_str())) {
        let shown = shown(&name);
        let sale = SaleOrder { order: Some(name.clone()), ..order("", 500) };
        assert_eq!(code(payments.start_sale(sale)), "identifier_malformed", "order {shown}");
        let query = ListQuery { limit: 20, from_ms: None, to_ms: None, order: Some(name), cursor: None };
        assert_eq!(code(payments.list(query)), "identifier_malformed", "list {shown}");
    }
    still_sells(&till, &shop);
}

#[test]
fn amounts_that_cannot_be_charged_are_refused_by_name() {
    let shop = Shop::new();
    let till = shop.till();
    let payments = till.terminal.payments().unwrap();
    let long = "CNY".repeat(1 << 18);
    for (minor, currency, expected) in [
        (-1, "CNY", "amount_negative"),
        (i64::MIN, "CNY", "amount_negative"),
        (0, "CNY", "amount_zero"),
        (5_000_001, "CNY", "amount_over_limit"),
        (999_999_999_999, "CNY", "amount_over_limit"),
        (1_000_000_000_000, "CNY", "amount_too_large"),
        (i64::MAX, "CNY", "amount_too_large"),
        (500, "EUR", "currency_not_accepted"),
        (500, "", "currency_unknown"),
        (500, "cny", "currency_unknown"),
        (500, "CNY ", "currency_unknown"),
        (500, "C\0Y", "currency_unknown"),
        (500, "ZZZ", "currency_unknown"),
        (500, "人民币", "currency_unknown"),
        (500, &long, "currency_unknown"),
        (-1, "ZZZ", "amount_negative"),
    ] {
        let amount = Amount { minor, currency: currency.to_owned() };
        let refused = payments.start_sale(SaleOrder { attempt: None, amount, order: None });
        assert_eq!(code(refused), expected, "{minor} {}", shown(currency));
    }
    still_sells(&till, &shop);
}

#[test]
fn a_list_takes_any_times_and_refuses_pages_of_an_impossible_length() {
    let shop = Shop::new();
    let till = shop.till();
    still_sells(&till, &shop);
    let query = |limit, from_ms, to_ms| ListQuery { limit, from_ms, to_ms, order: None, cursor: None };
    let payments = till.terminal.payments().unwrap();
    for limit in [0, 101, u32::MAX] {
        assert_eq!(code(payments.list(query(limit, None, None))), "page_size_out_of_range", "{limit}");
    }
    for limit in [1, 100] {
        for (from_ms, to_ms, expected) in [
            (None, None, 1),
            (Some(i64::MIN), Some(i64::MAX), 1),
            (Some(i64::MAX), Some(i64::MIN), 0),
            (Some(i64::MAX), None, 0),
            (None, Some(i64::MIN), 0),
        ] {
            let page = payments.list(query(limit, from_ms, to_ms)).unwrap();
            assert_eq!((page.attempts.len(), page.next), (expected, None), "{limit} {from_ms:?} {to_ms:?}");
        }
    }
}

#[test]
fn folders_that_are_none_are_refused() {
    let shop = Shop::unprovisioned();
    let file = format!("{}.file", shop.home());
    std::fs::write(&file, b"a file").unwrap();
    let long = "a".repeat(1 << 20);
    for (home, opened, set_up) in [
        ("", "not_provisioned", "file_unusable"),
        ("\0", "not_provisioned", "file_unusable"),
        ("/proc/nowhere", "not_provisioned", "file_unusable"),
        (long.as_str(), "not_provisioned", "file_unusable"),
        (file.as_str(), "not_provisioned", "file_unusable"),
        (shop.home().as_str(), "not_provisioned", "ok"),
    ] {
        let shown = shown(home);
        assert_eq!(code(Terminal::open(home, shop.phone().ports())), opened, "{shown}");
        assert_eq!(code(inspect_till(home, shop.phone().ports())), opened, "{shown}");
        assert_eq!(code(provision_till(home, shop.provisioning(), shop.phone().ports())), set_up, "{shown}");
    }
    still_sells(&shop.till(), &shop);
}

#[test]
fn a_provisioning_that_is_none_is_refused_before_anything_is_written() {
    let shop = Shop::unprovisioned();
    let good = shop.provisioning().to_vec();
    let text = String::from_utf8(good.clone()).unwrap();
    let mut bad: Vec<(String, Vec<u8>)> = vec![
        ("nothing".into(), Vec::new()),
        ("zeros".into(), vec![0; 1 << 20]),
        ("not UTF-8".into(), [good.as_slice(), &[0xFF]].concat()),
        ("an array without end".into(), vec![b'['; 1 << 20]),
        ("objects without end".into(), b"{\"a\":".repeat(1 << 17)),
        ("another version".into(), text.replace("\"version\": 1", "\"version\": 2").into()),
        ("a member more".into(), text.replacen('{', "{\"more\": 1,", 1).into()),
        ("null".into(), b"null".to_vec()),
        ("a key of one digit".into(), replaced_digits(&text, "0").into()),
        ("a key that is no hex".into(), replaced_digits(&text, "z").into()),
        ("a key with a NUL".into(), replaced_digits(&text, "\\u0000").into()),
        ("a key that is too long".into(), text.replace("\"master_key_hex\": \"", "\"master_key_hex\": \"00").into()),
        ("no private key".into(), text.replace("PRIVATE KEY", "PUBLIC KEY").into()),
        ("all of it twice".into(), [good.as_slice(), &good].concat()),
    ];
    bad.extend((0..good.len() - 1).step_by(97).map(|cut| (format!("cut at {cut}"), good[..cut].to_vec())));
    for (what, bytes) in &bad {
        assert_ne!(*bytes, good, "{what} is not the right one");
        let refused = provision_till(&shop.home(), bytes, shop.phone().ports());
        let error = refused.expect_err(what);
        assert!(["configuration_invalid", "dialect_invalid"].contains(&error.facts().code.as_str()), "{what}: {error}");
        // Details are words of ours and numbers, never the file's.
        assert!(error.to_string().len() < 200 && !error.to_string().contains("BEGIN"), "{what}: {error}");
        assert!(!Path::new(&shop.home()).exists(), "{what}");
    }
    assert!(bad.len() > 100);
    provision_till(&shop.home(), &good, shop.phone().ports()).unwrap();
    still_sells(&shop.till(), &shop);
}

/// The master key's digits, each replaced.
fn replaced_digits(text: &str, by: &str) -> String {
    let member = "\"master_key_hex\": \"";
    let (before, rest) = text.split_once(member).unwrap();
    let (digits, after) = rest.split_once('"').unwrap();
    format!("{before}{member}{}\"{after}", by.repeat(digits.len()))
}
