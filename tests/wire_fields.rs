//! Each way of writing a field: what it looks like on the wire, and what is refused.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use taptill::iso8583::{CodecFault, Dialect, FieldSet};

/// A dialect with field 48 as given, and one message that it needs to be a dialect.
fn dialect_with(field_48: &str) -> Dialect {
    let text = format!(
        r#"
name = "rows"
mti = "bcd"
bitmap = "raw"
frame = {{ length = "binary2" }}
field = [
    {{ no = 11, name = "stan", class = "n", length = "fixed", data_enc = "bcd_left", max = 6 }},
    {{ no = 39, name = "response_code", class = "an", length = "fixed", data_enc = "ascii", max = 2 }},
    {{ no = 48, name = "field", {field_48} }},
]
[[message]]
op = "echo"
timeout_ms = 1
mac_request = "never"
mac_response = "never"
match_key = [11]
approve_rc = ["00"]
request = {{ mti = "0800", mandatory = {{ 11 = "{{stan}}" }} }}
answer = {{ mti = "0810", mandatory = {{ 11 = "{{stan}}", 39 = "{{response_code}}" }} }}
"#
    );
    Dialect::from_toml(&text).unwrap_or_else(|error| panic!("{field_48}: {error}"))
}

/// The packed message with field 48 alone: two bytes of type, eight of bitmap, then the field.
fn message(field_48: &[u8]) -> Vec<u8> {
    [&[0x08, 0x00, 0, 0, 0, 0, 0, 0x01, 0, 0][..], field_48].concat()
}

const DIGITS: &str = r#"class = "n", len_enc = "bcd", len_unit = "digit", length = "LL", min = 1, max = 19"#;
const BYTES: &str = r#"class = "n", len_unit = "byte", length = "LL", min = 1, max = 19, pad = "F""#;
const TRACK: &str = r#"class = "z", length = "LL", min = 1, max = 37"#;

#[test]
fn a_value_is_written_as_its_row_says_and_read_back() {
    let rows: &[(&str, &str, &[u8])] = &[
        (r#"DIGITS, data_enc = "bcd_left", pad = "0""#, "1234", b"\x04\x12\x34"),
        (r#"DIGITS, data_enc = "bcd_left", pad = "0""#, "123", b"\x03\x12\x30"),
        (r#"DIGITS, data_enc = "bcd_left", pad = "F""#, "123", b"\x03\x12\x3F"),
        (r#"DIGITS, data_enc = "bcd_right", pad = "0""#, "123", b"\x03\x01\x23"),
        (r#"DIGITS, data_enc = "bcd_right", pad = "F""#, "123", b"\x03\xF1\x23"),
        (r#"BYTES, len_enc = "bcd", data_enc = "bcd_left""#, "123", b"\x02\x12\x3F"),
        (r#"BYTES, len_enc = "bcd", data_enc = "bcd_left""#, "1234", b"\x02\x12\x34"),
        (r#"BYTES, len_enc = "bin", data_enc = "bcd_right""#, "12345", b"\x03\xF1\x23\x45"),
        (r#"BYTES, len_enc = "ascii", data_enc = "bcd_left""#, "1", b"01\x1F"),
        (r#"class = "n", length = "fixed", data_enc = "bcd_left", pad = "0", max = 3"#, "071", b"\x07\x10"),
        (r#"class = "n", length = "fixed", data_enc = "bcd_right", pad = "0", max = 3"#, "001", b"\x00\x01"),
        (r#"class = "n", length = "fixed", data_enc = "ascii", max = 3"#, "071", b"071"),
        (r#"class = "n", length = "fixed", data_enc = "ebcdic", max = 3"#, "071", b"\xF0\xF7\xF1"),
        (r#"class = "an", length = "fixed", data_enc = "ascii", max = 4"#, "aZ 9", b"aZ 9"),
        (r#"class = "an", length = "fixed", data_enc = "ebcdic", max = 4"#, "aZ 9", b"\x81\xE9\x40\xF9"),
        (r#"class = "ans", length = "LL", len_enc = "ascii", min = 1, max = 9, data_enc = "ascii""#, "a-b~", b"04a-b~"),
        (r#"class = "ans", length = "LLL", len_enc = "ascii", min = 1, max = 9, data_enc = "ascii""#, "ab", b"002ab"),
        (r#"class = "ans", length = "LLL", len_enc = "bcd", min = 1, max = 9, data_enc = "ascii""#, "ab", b"\0\x02ab"),
        (r#"class = "ans", length = "LL", len_enc = "bin", min = 1, max = 9, data_enc = "ascii""#, "ab", b"\x02ab"),
        (r#"class = "ans", length = "LLL", len_enc = "bin", min = 1, max = 9, data_enc = "ascii""#, "ab", b"\0\x02ab"),
        (
            r#"TRACK, len_enc = "bcd", len_unit = "digit", data_enc = "bcd_left", pad = "0""#,
            "12D34",
            b"\x05\x12\xD3\x40",
        ),
        (
            r#"TRACK, len_enc = "bcd", len_unit = "byte", data_enc = "bcd_left", pad = "F""#,
            "12D34",
            b"\x03\x12\xD3\x4F",
        ),
        (r#"TRACK, len_enc = "ascii", data_enc = "ascii""#, "12D34", b"0512=34"),
        (r#"TRACK, len_enc = "ascii", data_enc = "ebcdic""#, "12D34", b"05\xF1\xF2\x7E\xF3\xF4"),
        (r#"class = "b", length = "fixed", data_enc = "raw", max = 2"#, "\0\x7F", b"\0\x7F"),
        (r#"class = "b", length = "fixed", data_enc = "hex", max = 2"#, "\x0A\x7F", b"0A7F"),
        (
            r#"class = "b", length = "LL", len_enc = "ascii", len_unit = "byte", min = 1, max = 9, data_enc = "hex""#,
            "JK",
            b"024A4B",
        ),
        (
            r#"class = "b", length = "LL", len_enc = "ascii", len_unit = "digit", min = 1, max = 9, data_enc = "hex""#,
            "JK",
            b"044A4B",
        ),
        (
            r#"class = "tlv", length = "LLL", len_enc = "bcd", min = 1, max = 255, data_enc = "raw""#,
            "\x50\x01A",
            b"\0\x03\x50\x01A",
        ),
    ];
    for (row, value, wire) in rows {
        let dialect = dialect_with(&spelt_out(row));
        let mut set = FieldSet::new(*b"0800");
        set.set(48, value.as_bytes()).unwrap();
        let mut out = Vec::new();
        dialect.pack(&set, &mut out).unwrap_or_else(|error| panic!("{row}: {error}"));
        assert_eq!(out, message(wire), "{row}");
        assert_eq!(dialect.parse(&out).unwrap().value(48).unwrap().as_slice(), value.as_bytes(), "{row}");
    }
}

fn spelt_out(row: &str) -> String {
    row.replace("DIGITS", DIGITS).replace("BYTES", BYTES).replace("TRACK", TRACK)
}

#[test]
fn what_a_row_does_not_allow_is_refused_on_the_wire() {
    use CodecFault::{CharacterNotAllowed, LengthNotDigits, LengthOutOfRange, PadNibbleWrong, TlvBroken, Truncated};
    let rows: &[(&str, &[u8], usize, CodecFault)] = &[
        (r#"DIGITS, data_enc = "bcd_left", pad = "0""#, b"", 0, Truncated),
        (r#"DIGITS, data_enc = "bcd_left", pad = "0""#, b"\x04\x12", 2, Truncated),
        (r#"DIGITS, data_enc = "bcd_left", pad = "0""#, b"\x00", 0, LengthOutOfRange),
        (r#"DIGITS, data_enc = "bcd_left", pad = "0""#, b"\x20", 0, LengthOutOfRange),
        (r#"DIGITS, data_enc = "bcd_left", pad = "0""#, b"\x0A\0\0\0\0\0", 0, LengthNotDigits),
        (r#"DIGITS, data_enc = "bcd_left", pad = "0""#, b"\x04\x1A\x34", 1, CharacterNotAllowed),
        (r#"DIGITS, data_enc = "bcd_left", pad = "0""#, b"\x04\x12\x3D", 2, CharacterNotAllowed),
        (r#"DIGITS, data_enc = "bcd_left", pad = "0""#, b"\x03\x12\xA0", 2, CharacterNotAllowed),
        (r#"DIGITS, data_enc = "bcd_left", pad = "0""#, b"\x03\x12\x3F", 2, PadNibbleWrong),
        (r#"DIGITS, data_enc = "bcd_left", pad = "F""#, b"\x03\x12\x30", 2, PadNibbleWrong),
        (r#"DIGITS, data_enc = "bcd_right", pad = "0""#, b"\x03\x11\x23", 1, PadNibbleWrong),
        (r#"DIGITS, data_enc = "bcd_right", pad = "0""#, b"\x03\x0A\x23", 1, CharacterNotAllowed),
        (r#"DIGITS, data_enc = "bcd_right", pad = "0""#, b"\x03\x01\x2A", 2, CharacterNotAllowed),
        (r#"BYTES, len_enc = "bcd", data_enc = "bcd_left""#, b"\x02\xF2\x34", 1, CharacterNotAllowed),
        (r#"BYTES, len_enc = "bcd", data_enc = "bcd_left""#, b"\x02\x12\xFF", 2, CharacterNotAllowed),
        (r#"BYTES, len_enc = "bcd", data_enc = "bcd_left""#, b"\x00", 0, LengthOutOfRange),
        (r#"BYTES, len_enc = "bcd", data_enc = "bcd_left""#, b"\x11\0\0\0\0\0\0\0\0\0\0\0", 0, LengthOutOfRange),
        (r#"BYTES, len_enc = "bcd", data_enc = "bcd_left""#, b"\x10\0\0\0\0\0\0\0\0\0\0", 0, LengthOutOfRange),
        (r#"BYTES, len_enc = "ascii", data_enc = "bcd_left""#, b"1 \x1F", 0, LengthNotDigits),
        (r#"BYTES, len_enc = "ascii", data_enc = "bcd_left""#, b"+1\x1F", 0, LengthNotDigits),
        (r#"class = "n", length = "fixed", data_enc = "ascii", max = 3"#, b"07D", 2, CharacterNotAllowed),
        (r#"class = "n", length = "fixed", data_enc = "ascii", max = 3"#, b" 71", 0, CharacterNotAllowed),
        (r#"class = "n", length = "fixed", data_enc = "ebcdic", max = 3"#, b"\xF0\xC1\xF1", 1, CharacterNotAllowed),
        (r#"class = "n", length = "fixed", data_enc = "ebcdic", max = 3"#, b"\xF0\x00\xF1", 1, CharacterNotAllowed),
        (r#"class = "an", length = "fixed", data_enc = "ascii", max = 2"#, b"A-", 1, CharacterNotAllowed),
        (r#"class = "an", length = "fixed", data_enc = "ascii", max = 2"#, b"A\0", 1, CharacterNotAllowed),
        (r#"class = "ans", length = "fixed", data_enc = "ascii", max = 2"#, b"A\n", 1, CharacterNotAllowed),
        (r#"class = "ans", length = "fixed", data_enc = "ascii", max = 2"#, b"A\xE4", 1, CharacterNotAllowed),
        (
            r#"class = "ans", length = "LLL", len_enc = "bcd", min = 1, max = 9, data_enc = "ascii""#,
            b"\x10\x02ab",
            0,
            LengthOutOfRange,
        ),
        (
            r#"class = "ans", length = "LLL", len_enc = "bcd", min = 1, max = 9, data_enc = "ascii""#,
            b"\x00",
            1,
            Truncated,
        ),
        (
            r#"class = "ans", length = "LLL", len_enc = "bin", min = 1, max = 9, data_enc = "ascii""#,
            b"\xFF\xFFab",
            0,
            LengthOutOfRange,
        ),
        (
            r#"TRACK, len_enc = "bcd", len_unit = "digit", data_enc = "bcd_left", pad = "0""#,
            b"\x04\x12\xE3",
            2,
            CharacterNotAllowed,
        ),
        (r#"TRACK, len_enc = "ascii", data_enc = "ascii""#, b"0512d34", 4, CharacterNotAllowed),
        (r#"TRACK, len_enc = "ascii", data_enc = "ascii""#, b"05;2=34", 2, CharacterNotAllowed),
        (r#"class = "b", length = "fixed", data_enc = "hex", max = 2"#, b"0A7G", 3, CharacterNotAllowed),
        (
            r#"class = "b", length = "LL", len_enc = "ascii", len_unit = "digit", min = 1, max = 9, data_enc = "hex""#,
            b"034A4",
            0,
            LengthOutOfRange,
        ),
        (
            r#"class = "tlv", length = "LLL", len_enc = "bcd", min = 1, max = 255, data_enc = "raw""#,
            b"\0\x03\x50\x02A",
            2,
            TlvBroken,
        ),
        (
            r#"class = "tlv", length = "LLL", len_enc = "bcd", min = 1, max = 255, data_enc = "raw""#,
            b"\0\x04\x50\x01A\0",
            5,
            TlvBroken,
        ),
    ];
    for (row, wire, offset, fault) in rows {
        let dialect = dialect_with(&spelt_out(row));
        let refused = dialect.parse(&message(wire)).err().unwrap_or_else(|| panic!("{row}: {wire:02X?} was read"));
        assert_eq!((refused.field, refused.offset, refused.fault), (48, 10 + offset, *fault), "{row} {wire:02X?}");
    }
}

#[test]
fn what_a_row_does_not_allow_is_not_packed() {
    use CodecFault::{CharacterNotAllowed, LengthOutOfRange, TlvBroken};
    for (row, value, fault) in [
        (r#"DIGITS, data_enc = "bcd_left", pad = "0""#, &b""[..], LengthOutOfRange),
        (r#"DIGITS, data_enc = "bcd_left", pad = "0""#, b"12345678901234567890", LengthOutOfRange),
        (r#"DIGITS, data_enc = "bcd_left", pad = "0""#, b"12D4", CharacterNotAllowed),
        (r#"DIGITS, data_enc = "bcd_left", pad = "0""#, b"12 4", CharacterNotAllowed),
        (r#"class = "n", length = "fixed", data_enc = "ascii", max = 3"#, b"71", LengthOutOfRange),
        (r#"class = "an", length = "fixed", data_enc = "ascii", max = 2"#, b"A\xC4", CharacterNotAllowed),
        (r#"class = "ans", length = "fixed", data_enc = "ebcdic", max = 2"#, b"A\n", CharacterNotAllowed),
        (r#"TRACK, len_enc = "ascii", data_enc = "ascii""#, b"12d34", CharacterNotAllowed),
        (r#"class = "b", length = "fixed", data_enc = "raw", max = 2"#, b"abc", LengthOutOfRange),
        (
            r#"class = "tlv", length = "LLL", len_enc = "bcd", min = 1, max = 255, data_enc = "raw""#,
            b"\x50\x02A",
            TlvBroken,
        ),
    ] {
        let mut set = FieldSet::new(*b"0800");
        set.set(48, value).unwrap();
        let mut out = vec![1, 2, 3];
        let refused = dialect_with(&spelt_out(row)).pack(&set, &mut out).unwrap_err();
        assert_eq!((refused.field, refused.fault), (48, fault), "{row} {value:02X?}");
        assert!(out.is_empty(), "nothing half-packed is left");
    }
}

#[test]
fn fields_that_do_not_exist_are_refused() {
    let dialect = dialect_with(r#"class = "b", length = "fixed", data_enc = "raw", max = 2"#);
    for field in [0, 1, 129, 255] {
        assert_eq!(FieldSet::new(*b"0800").set(field, b"x").err().unwrap().fault, CodecFault::UnknownField);
    }
    let mut set = FieldSet::new(*b"0800");
    set.set(47, b"x").unwrap();
    assert_eq!(dialect.pack(&set, &mut Vec::new()).unwrap_err().fault, CodecFault::UnknownField);
    let odd_type = FieldSet::new(*b"08A0");
    assert_eq!(dialect.pack(&odd_type, &mut Vec::new()).unwrap_err().fault, CodecFault::MtiNotDigits);
    assert!(FieldSet::new(*b"0800").set(48, &vec![0; 70_000]).is_err(), "longer than any message");
}

#[test]
fn bitmaps_of_either_form_are_read_and_refused() {
    let iso87 = Dialect::from_toml(Dialect::shipped("iso87").unwrap()).unwrap();
    let both = b"080080200000000000000400000000000000000042301";
    let parsed = iso87.parse(both).unwrap();
    assert_eq!(parsed.fields().collect::<Vec<_>>(), [11, 70]);
    for (message, field, offset, fault) in [
        (&b"08008020"[..], 1, 8, CodecFault::Truncated),
        (b"0800802000000000000004000000", 1, 28, CodecFault::Truncated),
        (b"080G", 0, 0, CodecFault::MtiNotDigits),
        (b"080", 0, 3, CodecFault::Truncated),
        (b"0800802000000000000G", 1, 19, CodecFault::BitmapNotHex),
        (b"08008020000000000000800000000000000000004", 65, 36, CodecFault::UnknownField),
    ] {
        let refused = iso87.parse(message).err().unwrap();
        assert_eq!((refused.field, refused.offset, refused.fault), (field, offset, fault));
    }
}

#[test]
fn a_tail_is_read_over_only_where_the_dialect_says_so() {
    let text = Dialect::shipped("iso87").unwrap();
    let message = b"08000020000000000000000042tail";
    let strict = Dialect::from_toml(text).unwrap();
    let refused = strict.parse(message).err().unwrap();
    assert_eq!((refused.field, refused.offset, refused.fault), (0, 26, CodecFault::TrailingBytes));
    let lenient = text.replace("trailing_bytes = \"refuse\"", "trailing_bytes = \"allow\"");
    let lenient = Dialect::from_toml(&lenient).unwrap();
    assert_eq!(lenient.parse(message).unwrap().value(11).unwrap().as_slice(), b"000042");
}
