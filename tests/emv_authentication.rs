//! Offline data authentication refuses a card whose bytes are not exactly those that were signed.
//!
//! The control is a real chain of a published test card; each row changes one thing in it. A byte that can be
//! changed without being noticed would be a forged card that is approved.

#![allow(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

use taptill::emv::CaKeys;
use taptill::emv::transcript::{Transcript, replay};

const TRANSCRIPT: &str = include_str!("vectors/cards/mock-visa-offline.json");
const KEYS: &str = include_str!("vectors/capks.json");

type Json = serde_json::Value;

fn original() -> Json {
    serde_json::from_str(TRANSCRIPT).unwrap()
}

fn keys() -> CaKeys {
    let mut list: Vec<Json> = serde_json::from_str(KEYS).unwrap();
    list.retain(|key| key["rid"] == "A000000003");
    CaKeys::from_json(&serde_json::to_string(&list).unwrap()).unwrap()
}

/// `oda outcome detail` of a changed transcript.
fn verdict_of(json: &Json, keys: &CaKeys) -> String {
    let verdict = replay(&Transcript::from_json(&json.to_string()).unwrap(), keys);
    let part = |text: Option<&str>| text.unwrap_or("-").to_owned();
    format!("{} {} {}", part(verdict.oda), part(verdict.outcome), part(verdict.detail.as_deref()))
}

fn set_response(json: &mut Json, index: usize, change: impl FnOnce(&str) -> String) {
    let text = json["apdus"][index][1].as_str().unwrap().to_owned();
    json["apdus"][index][1] = change(&text).into();
}

fn flipped(text: &str, byte: usize, bits: u8) -> String {
    let value = u8::from_str_radix(&text[2 * byte..2 * byte + 2], 16).unwrap() ^ bits;
    format!("{}{value:02X}{}", &text[..2 * byte], &text[2 * byte + 2..])
}

#[test]
fn the_control_is_authentic() {
    assert_eq!(verdict_of(&original(), &keys()), "ok approved -");
}

#[test]
fn no_byte_of_a_signed_record_can_be_changed() {
    let keys = keys();
    for index in 3..=5 {
        let bytes = original()["apdus"][index][1].as_str().unwrap().len() / 2;
        for byte in 0..bytes {
            let mut json = original();
            set_response(&mut json, index, |text| flipped(text, byte, 0x01));
            let verdict = verdict_of(&json, &keys);
            assert!(!verdict.starts_with("ok") && !verdict.contains("approved"), "{index} {byte}: {verdict}");
        }
    }
}

#[test]
fn no_byte_of_the_dynamic_signature_can_be_changed() {
    let keys = keys();
    let text = original()["apdus"][2][1].as_str().unwrap().to_owned();
    let start = text.find("9F4B70").unwrap() / 2 + 3;
    for byte in start..start + 112 {
        let mut json = original();
        set_response(&mut json, 2, |text| flipped(text, byte, 0x80));
        let verdict = verdict_of(&json, &keys);
        assert!(verdict.starts_with("failed declined "), "{byte}: {verdict}");
    }
}

#[test]
fn each_way_to_fail_is_named() {
    type Change = fn(&mut Json);
    let rows: [(Change, &str); 14] = [
        (|it| replace(it, 4, "8F0192", "8F0193"), "CaKeyUnknown"),
        (|it| replace(it, 4, "8F0192", "8F0194"), "IssuerCertificateLength"),
        (|it| replace(it, 4, "9F320103", "9F320101"), "Hash(Issuer)"),
        (|it| replace(it, 4, "92044B76E0F7", "92044B76E0F8"), "Hash(Issuer)"),
        (|it| replace(it, 5, "9F470103", "9F470102"), "Hash(Icc)"),
        (|it| replace(it, 5, "9F69050169", "9F69050269"), "AuthenticationDataVersion"),
        (|it| replace(it, 5, "9F69050169C16C99", "9F69050169C16C98"), "Hash(Dynamic)"),
        (|it| replace(it, 5, "9F6905", "9F6805"), "Missing(9F69)"),
        (|it| replace(it, 5, "9F4701", "9F4401"), "Missing(9F47)"),
        (|it| replace(it, 2, "82022000", "82020000"), "NotSupportedByCard"),
        (|it| replace(it, 2, "9F4B70", "9F4D70"), "Missing(9F4B)"),
        (|it| replace(it, 3, "5F340101", "5F340102"), "Hash(Icc)"),
        (|it| replace(it, 2, "94", "94"), "-"),
        (|it| replace(it, 2, "1801010110010100", "1801010010010100"), "Hash(Icc)"),
    ];
    for (index, (change, detail)) in rows.into_iter().enumerate() {
        let mut json = original();
        change(&mut json);
        let expected = match detail {
            "-" => "ok approved -".to_owned(),
            _ => format!("failed declined {detail}"),
        };
        assert_eq!(verdict_of(&json, &keys()), expected, "row {index}");
    }
}

fn replace(json: &mut Json, index: usize, from: &str, to: &str) {
    set_response(json, index, |text| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    });
}

#[test]
fn dates_end_a_chain() {
    // The card's own date is checked before; it is left where it is and the keys are made to expire.
    for (expiry, verdict) in [
        ("181231", "failed declined CaKeyExpired"),
        ("190101", "ok approved -"),
        ("500101", "failed declined CaKeyExpired"),
    ] {
        let mut list: Vec<Json> = serde_json::from_str(KEYS).unwrap();
        list.retain(|key| key["rid"] == "A000000003" && key["index"] == "92");
        list[0]["expiry"] = expiry.into();
        let keys = CaKeys::from_json(&serde_json::to_string(&list).unwrap()).unwrap();
        assert_eq!(verdict_of(&original(), &keys), verdict, "{expiry}");
    }
}

#[test]
fn a_card_number_that_was_not_certified_is_refused() {
    // 57 is outside of what is hashed; the certificates name the number all the same.
    let mut json = original();
    replace(&mut json, 2, "4761739001010010D1912", "4761749001010010D1912");
    assert_eq!(verdict_of(&json, &keys()), "not_done end_application PanMismatch");
    replace(&mut json, 3, "5A084761739001010010", "5A084761749001010010");
    assert_eq!(verdict_of(&json, &keys()), "failed declined CardNumber(Issuer)");
    let mut json = original();
    replace(&mut json, 2, "4761739001010010D1912", "4761739001010011D1912");
    replace(&mut json, 3, "5A084761739001010010", "5B084761739001010010");
    assert_eq!(verdict_of(&json, &keys()), "failed declined Hash(Icc)");
}
