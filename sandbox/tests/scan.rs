//! The scanner finds each needle in each coat, and nothing where there is nothing.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::fs;

use taptill::card::Pan;
use taptill_sandbox::scan::{Encoding, Hit, Needles};

const NUMBER: &[u8] = b"4761739001010119";
const TRACK: &[u8] = b"4761739001010119D49122010000012300000";
const KEY: [u8; 16] = [0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10];

fn number() -> Needles {
    Needles::new().card_number("number", &Pan::from_ascii(NUMBER).unwrap())
}

fn key() -> Needles {
    Needles::new().bytes("key", &KEY)
}

/// The planted bytes between others that could join them.
fn buried(planted: &[u8]) -> Vec<u8> {
    [&b"\x00\xFFlog: "[..], planted, b"\xFF\x00 end"].concat()
}

fn wide(text: &[u8]) -> Vec<u8> {
    text.iter().flat_map(|byte| [*byte, 0]).collect()
}

fn wide_big(text: &[u8]) -> Vec<u8> {
    text.iter().flat_map(|byte| [0, *byte]).collect()
}

/// The planted bytes are written out by hand or made by other software (`base64`, `xxd`), not by the scanner.
#[test]
fn each_needle_is_found_in_each_coat() {
    use Encoding::{
        Base64, DecimalList, HexLower, HexUpper, HexUtf16Little, Packed, PackedBase64, PackedShifted, Text, Unpacked,
        Utf16Big, Utf16Little,
    };
    let rows: &[(Needles, Vec<u8>, Encoding)] = &[
        (number(), NUMBER.to_vec(), Text),
        (number(), vec![0x47, 0x61, 0x73, 0x90, 0x01, 0x01, 0x01, 0x19, 0xD4], Packed),
        (number(), vec![0x04, 0x76, 0x17, 0x39, 0x00, 0x10, 0x10, 0x11, 0x9D], PackedShifted),
        (number(), vec![4, 7, 6, 1, 7, 3, 9, 0, 0, 1, 0, 1, 0, 1, 1, 9], Unpacked),
        (number(), b"34373631373339303031303130313139".to_vec(), HexUpper),
        (number(), wide(NUMBER), Utf16Little),
        (number(), wide_big(NUMBER), Utf16Big),
        (number(), b"[71,97,115,144,1,1,1,25]".to_vec(), DecimalList),
        (number(), b"[52,55,54,49,55,51,57,48,48,49,48,49,48,49,49,57]".to_vec(), DecimalList),
        (number(), b"NDc2MTczOTAwMTAxMDExOQ==".to_vec(), Base64),
        (number(), b"IDQ3NjE3MzkwMDEwMTAxMTkg".to_vec(), Base64),
        (number(), b"PSA0NzYxNzM5MDAxMDEwMTE5Ow==".to_vec(), Base64),
        (number(), b"R2FzkAEBARk=".to_vec(), PackedBase64),
        (number(), b"WghHYXOQAQEBGQ==".to_vec(), PackedBase64),
        (key(), KEY.to_vec(), Text),
        (key(), b"0123456789ABCDEFFEDCBA9876543210".to_vec(), HexUpper),
        (key(), b"0123456789abcdeffedcba9876543210".to_vec(), HexLower),
        (key(), wide(b"0123456789ABCDEFFEDCBA9876543210"), HexUtf16Little),
        (key(), wide(b"0123456789abcdeffedcba9876543210"), HexUtf16Little),
        (key(), b"ASNFZ4mrze/+3LqYdlQyEA==".to_vec(), Base64),
        (key(), b"ASNFZ4mrze_-3LqYdlQyEA".to_vec(), Base64),
        (key(), b"1,35,69,103,137,171,205,239,254,220,186,152,118,84,50,16".to_vec(), DecimalList),
    ];
    for (needles, planted, encoding) in rows {
        let hits = needles.find_in(&buried(planted));
        assert!(hits.iter().any(|hit| hit.encoding == *encoding), "{encoding:?}: {hits:?}");
    }
}

#[test]
fn a_track_is_found_with_either_separator() {
    let needles = Needles::new().track_2("track", TRACK);
    let packed = [
        0x47, 0x61, 0x73, 0x90, 0x01, 0x01, 0x01, 0x19, 0xD4, 0x91, 0x22, 0x01, 0x00, 0x00, 0x01, 0x23, 0x00, 0x00,
        0x0F,
    ];
    for planted in [TRACK, b"4761739001010119=49122010000012300000", &packed] {
        assert!(!needles.find_in(&buried(planted)).is_empty());
    }
    assert!(needles.find_in(&buried(&TRACK[..30])).is_empty());
}

#[test]
fn what_may_be_shown_is_not_found() {
    for innocent in [&b"476173******0119"[..], b"0123456789ABCDEF", b"4761739001010118", b"", b"4"] {
        assert_eq!(number().bytes("key", &KEY).find_in(innocent), []);
    }
}

#[test]
fn a_likely_card_number_ends_in_its_check_digit_and_stands_alone() {
    for (text, verdict) in [
        (&b"pan 4111111111111111."[..], 1),
        (b"5413330089601034 and 4761739001010010", 2),
        (b"4111111111111112", 0),
        (b"14111111111111111", 0),
        (b"2411111111111111111111", 0),
        (b"411111111111", 0),
        (b"7992739871300000", 0),
    ] {
        let hits = Needles::new().any_card_number().find_in(text);
        assert_eq!(hits.len(), verdict, "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn every_file_below_a_folder_is_searched() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("a/b");
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("leak"), buried(NUMBER)).unwrap();
    fs::write(folder.path().join("clean"), b"476173******0119").unwrap();
    let hits = number().find_in_dir(folder.path()).unwrap();
    let leak = Hit { file: Some(deep.join("leak")), offset: 7, needle: "number", encoding: Encoding::Text };
    assert_eq!(hits, [leak]);
    assert!(number().find_in_dir(&folder.path().join("missing")).is_err());
}

#[test]
fn a_hit_does_not_repeat_the_needle() {
    let shown = format!("{:?}", number().find_in(NUMBER));
    assert!(!shown.contains("4761739001010119"), "{shown}");
}

#[test]
#[should_panic(expected = "too short to prove anything")]
fn a_needle_that_would_be_found_everywhere_is_refused() {
    let _ = Needles::new().bytes("short", b"abc");
}
