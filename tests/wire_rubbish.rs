//! Whatever comes, nothing panics, and what was written is what is read.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::sync::OnceLock;

use proptest::collection::vec;
use proptest::prelude::*;
use taptill::acquirer::{StatementLine, UploadLine};
use taptill::iso8583::{Dialect, FieldClass, FieldSet, Side};

const SHIPPED: [&str; 3] = ["unionpay", "iso87", "encrypted"];

fn shipped(name: &str) -> &'static Dialect {
    static LOADED: OnceLock<[Dialect; 3]> = OnceLock::new();
    let load = |name| Dialect::from_toml(Dialect::shipped(name).unwrap()).unwrap();
    let loaded = LOADED.get_or_init(|| SHIPPED.map(load));
    loaded.iter().find(|dialect| dialect.name() == name).unwrap()
}

/// A value of the field's class: each seed byte chooses a character.
fn value_of(class: FieldClass, (min, max): (usize, usize), seed: &[u8]) -> Vec<u8> {
    let length = min + seed.first().map_or(0, |byte| usize::from(*byte)) % (max - min + 1);
    let byte_at = |index: usize| seed[index % seed.len()].wrapping_add(index as u8);
    let pick = |set: &[u8], index: usize| set[usize::from(byte_at(index)) % set.len()];
    match class {
        FieldClass::N => (0..length).map(|index| pick(b"0123456789", index)).collect(),
        FieldClass::Z => (0..length).map(|index| pick(b"0123456789D", index)).collect(),
        FieldClass::An => (0..length).map(|index| pick(b"AZaz09 ", index)).collect(),
        FieldClass::Ans => (0..length).map(|index| pick(b"AZaz09 -{}~", index)).collect(),
        FieldClass::B => (0..length).map(byte_at).collect(),
        FieldClass::Tlv => [&[0xDF, 0x01, 0x03][..], &[byte_at(0), byte_at(1), byte_at(2)]].concat(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_packed_parses_to_the_same_values(
        name in prop::sample::select(&SHIPPED[..]),
        mti in "[0-9]{4}",
        chosen in vec(any::<(u8, [u8; 8])>(), 0..40),
    ) {
        let dialect = shipped(name);
        let known: Vec<u8> = (2..=128).filter(|field| dialect.field(*field).is_some()).collect();
        let mut set = FieldSet::new(mti.as_bytes().try_into().unwrap());
        for (index, seed) in &chosen {
            let field = known[usize::from(*index) % known.len()];
            let rule = dialect.field(field).unwrap();
            set.set(field, &value_of(rule.class(), rule.length_range(), seed)).unwrap();
        }
        let mut message = Vec::new();
        dialect.pack(&set, &mut message).unwrap();
        let parsed = dialect.parse(&message).unwrap();
        prop_assert_eq!(parsed.mti(), set.mti());
        prop_assert_eq!(parsed.fields().collect::<Vec<_>>(), set.fields().collect::<Vec<_>>());
        for field in set.fields() {
            let value = parsed.value(field).unwrap();
            prop_assert_eq!(Some(value.as_slice()), set.get(field), "field {}", field);
        }
    }

    #[test]
    fn no_bytes_make_the_parser_panic(
        name in prop::sample::select(&SHIPPED[..]),
        bytes in vec(any::<u8>(), 0..300),
    ) {
        let dialect = shipped(name);
        if let Ok(parsed) = dialect.parse(&bytes) {
            let _ = format!("{parsed:?}");
        }
    }

    /// Mostly valid messages reach further than noise: a good sale with a few bytes changed, cut or repeated.
    #[test]
    fn no_damage_to_a_message_makes_the_parser_panic(
        changes in vec((0_usize..275, any::<u8>()), 1..6),
        cut in 0_usize..275,
    ) {
        let dialect = shipped("unionpay");
        let mut bytes = sale();
        for (at, byte) in &changes {
            bytes[*at] = *byte;
        }
        for part in [&bytes[..], &bytes[..cut], &bytes[cut..]] {
            if let Ok(parsed) = dialect.parse(part) {
                // What is accepted can be packed again to the same bytes.
                let mut set = FieldSet::new(parsed.mti());
                for field in parsed.fields() {
                    set.set(field, &parsed.value(field).unwrap()).unwrap();
                }
                let mut again = Vec::new();
                dialect.pack(&set, &mut again).unwrap();
                prop_assert_eq!(&again[..], part);
            }
        }
    }

    #[test]
    fn a_stream_gives_the_same_frames_however_it_is_split(
        name in prop::sample::select(&SHIPPED[..]),
        messages in vec(vec(any::<u8>(), 1..60), 1..5),
        splits in vec(1_usize..20, 1..40),
    ) {
        let dialect = shipped(name);
        let mut stream = Vec::new();
        for message in &messages {
            dialect.frame().wrap(Side::Answer, message, &mut stream).unwrap();
        }
        let mut deframer = dialect.frame().deframer(Side::Answer);
        let (mut found, mut rest, mut splits) = (Vec::new(), stream.as_slice(), splits.iter().cycle());
        while !rest.is_empty() {
            let (part, tail) = rest.split_at((*splits.next().unwrap()).min(rest.len()));
            rest = tail;
            deframer.push(part);
            while let Some(message) = deframer.next_frame().unwrap() {
                found.push(message);
            }
        }
        prop_assert_eq!(found, messages);
        prop_assert!(deframer.is_empty());
    }

    #[test]
    fn no_bytes_make_the_deframer_panic_or_hold_more_than_they_are(bytes in vec(any::<u8>(), 0..200)) {
        for name in SHIPPED {
            let mut deframer = shipped(name).frame().deframer(Side::Request);
            deframer.push(&bytes);
            while let Ok(Some(message)) = deframer.next_frame() {
                prop_assert!(message.len() < bytes.len());
            }
        }
    }

    /// What is read as lines is written back to the same bytes; what is not is refused within what came.
    #[test]
    fn no_bytes_make_the_readers_of_lines_panic_or_guess(
        good in vec(prop::sample::select(&LINES[..]), 0..4),
        changes in vec((any::<prop::sample::Index>(), prop::sample::select(&b"SVRFCD 09A\xFF\0"[..])), 0..3),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = good.concat().into_bytes();
        if !bytes.is_empty() {
            changes.iter().for_each(|(at, byte)| { let at = at.index(bytes.len()); bytes[at] = *byte; });
        }
        for part in [&bytes[..], &bytes[..cut.index(bytes.len() + 1)]] {
            match UploadLine::read_all(part) {
                Ok(lines) => {
                    let mut again = Vec::new();
                    lines.iter().for_each(|line| line.write(&mut again));
                    prop_assert_eq!(&again[..], part);
                }
                Err(refused) => prop_assert!(refused.line * UploadLine::BYTES < part.len()),
            }
            match StatementLine::read_all(part) {
                Ok(lines) => {
                    let mut again = Vec::new();
                    lines.iter().for_each(|line| line.write(&mut again));
                    prop_assert_eq!(&again[..], part);
                }
                Err(refused) => prop_assert!(refused.line * StatementLine::BYTES < part.len()),
            }
        }
    }

    /// Lines of a good dialect left out, doubled or cut: it compiles or is refused, and what compiles still parses.
    #[test]
    fn no_damage_to_a_dialect_makes_its_reader_panic(
        name in prop::sample::select(&SHIPPED[..]),
        changes in vec((any::<prop::sample::Index>(), 0_u8..4, any::<prop::sample::Index>()), 1..4),
    ) {
        let mut lines: Vec<String> = Dialect::shipped(name).unwrap().lines().map(str::to_owned).collect();
        for (line, change, place) in &changes {
            let at = line.index(lines.len());
            match change {
                0 => { lines.remove(at); }
                1 => { let again = lines[at].clone(); lines.insert(at, again); }
                2 => { let cut = place.index(lines[at].len() + 1); lines[at].truncate(cut); }
                _ => { let swapped = lines[place.index(lines.len())].clone(); lines[at] = swapped; }
            }
        }
        if let Ok(dialect) = Dialect::from_toml(&lines.join("\n")) {
            let _ = dialect.parse(&sale()).map(|parsed| dialect.identify(&parsed));
        }
    }
}

/// An upload's, and a statement's.
const LINES: [&str; 3] = [
    "S0000000100000000071122632612000001A1B2C3",
    "SC00000001000015620261122000007000042632612000001",
    "FD00000000010015620261122                        ",
];

fn sale() -> Vec<u8> {
    let json: serde_json::Value = serde_json::from_str(include_str!("vectors/iso8583-0200-unionpay.json")).unwrap();
    let text = json["packed"].as_str().unwrap();
    taptill::hex::decode(text).unwrap()
}
