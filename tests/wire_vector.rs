//! A UnionPay sale that was packed and authenticated by other programs is read and written byte for byte.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use taptill::iso8583::{CodecFault, Dialect, FieldSet, TlvWalk};

fn unhex(text: &str) -> Vec<u8> {
    taptill::hex::decode(text).unwrap()
}

struct Vector {
    fields: Vec<(u8, Vec<u8>)>,
    packed: Vec<u8>,
}

/// Fields 52, 55 and 64 are bytes, given in hex; all others are text.
fn vector() -> Vector {
    let json: serde_json::Value = serde_json::from_str(include_str!("vectors/iso8583-0200-unionpay.json")).unwrap();
    let value = |number: &str, text: &str| match number {
        "52" | "55" | "64" => unhex(text),
        _ => text.as_bytes().to_vec(),
    };
    let fields = json["fields"].as_object().unwrap().iter();
    let fields = fields.map(|(number, text)| (number.parse().unwrap(), value(number, text.as_str().unwrap())));
    Vector { fields: fields.collect(), packed: unhex(json["packed"].as_str().unwrap()) }
}

fn unionpay() -> Dialect {
    Dialect::from_toml(Dialect::shipped("unionpay").unwrap()).unwrap()
}

#[test]
fn the_sale_is_packed_to_the_bytes_made_elsewhere() {
    let Vector { fields, packed } = vector();
    let mut set = FieldSet::new(*b"0200");
    for (field, value) in &fields {
        set.set(*field, value).unwrap();
    }
    let mut out = Vec::new();
    unionpay().pack(&set, &mut out).unwrap();
    assert_eq!(out, packed);
    assert_eq!(out.len(), 275);
}

#[test]
fn the_sale_is_parsed_to_the_fields_it_was_made_of() {
    let Vector { fields, packed } = vector();
    let dialect = unionpay();
    let parsed = dialect.parse(&packed).unwrap();
    assert_eq!(parsed.mti(), *b"0200");
    assert_eq!(parsed.fields().count(), fields.len());
    for (field, value) in &fields {
        assert_eq!(parsed.value(*field).unwrap().as_slice(), value.as_slice(), "field {field}");
    }
    assert_eq!(parsed.offset(64), Some(267), "the MAC covers 267 bytes");
    let first = TlvWalk::new(parsed.raw(55).unwrap()).next().unwrap().unwrap();
    assert_eq!((first.tag, first.value.len()), (&[0x9F, 0x26][..], 8));
}

#[test]
fn what_a_diagnosis_shows_of_it_holds_no_card_data() {
    let dialect = unionpay();
    let packed = vector().packed;
    let shown = format!("{:?}", dialect.parse(&packed).unwrap());
    assert!(shown.starts_with("0200 2=476173******0119 3=000000 4=000000010000"), "{shown}");
    for hidden in ["4761739001010119", "2812", "1122334455667788", "9F26", "D2"] {
        assert!(!shown.contains(hidden), "{hidden} in {shown}");
    }
}

#[test]
fn every_shortened_sale_is_refused_as_truncated_and_every_lengthened_one_for_its_tail() {
    let dialect = unionpay();
    let packed = vector().packed;
    for length in 0..packed.len() {
        let refused = dialect.parse(&packed[..length]).err().unwrap();
        assert_eq!(refused.fault, CodecFault::Truncated, "{length} bytes: {refused}");
    }
    let longer = [packed.as_slice(), &[0]].concat();
    let refused = dialect.parse(&longer).err().unwrap();
    assert_eq!((refused.fault, refused.offset), (CodecFault::TrailingBytes, 275));
}

#[test]
fn one_wrong_byte_is_refused_with_its_field_and_offset() {
    let dialect = unionpay();
    let good = vector().packed;
    for (offset, byte, field, fault) in [
        (0, 0xA2, 0, CodecFault::MtiNotDigits),
        (1, 0x0F, 0, CodecFault::MtiNotDigits),
        (10, 0x1A, 2, CodecFault::LengthNotDigits),
        (10, 0x20, 2, CodecFault::LengthOutOfRange),
        (10, 0x11, 2, CodecFault::LengthOutOfRange),
        (11, 0x4A, 2, CodecFault::CharacterNotAllowed),
        (18, 0xF9, 2, CodecFault::CharacterNotAllowed),
        (39, 0x11, 22, CodecFault::PadNibbleWrong),
        (40, 0x10, 23, CodecFault::PadNibbleWrong),
        (54, 0xA9, 35, CodecFault::CharacterNotAllowed),
    ] {
        let mut bad = good.clone();
        bad[offset] = byte;
        let refused = dialect.parse(&bad).err();
        let found = refused.map(|refused| (refused.field, refused.fault));
        assert_eq!(found, Some((field, fault)), "byte {offset}: {refused:?}");
        let at = refused.unwrap().offset;
        assert!(at == offset || field == 0, "{at} is not {offset}");
    }
    let mut bad = good;
    bad[2] |= 0x01; // field 8
    assert_eq!(dialect.parse(&bad).err().map(|refused| refused.field), Some(8));
}
