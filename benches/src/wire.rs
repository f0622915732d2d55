//! Rows of the wire: reading and writing the 275-byte BCD sale against `iso_8583_rs` on the same fields in ASCII.
//!
//! The peer has no BCD, no field 55 and no pad nibbles to check, so each side does its own full validation of
//! the same twenty fields. Both reuse their buffers; allocations of ours are counted.

use std::collections::HashMap;

use iso_8583_rs::specfile::{FieldDescription, Spec};
use iso_8583_rs::{Builder, CompiledSpec, Message};
use taptill::iso8583::{Dialect, FieldSet};

use crate::hex::from_hex;
use crate::measure::{Effort, Plan, Row, against, allocations_of};

const VECTOR: &str = include_str!("../../tests/vectors/iso8583-0200-unionpay.json");
const PARSE: Plan = Plan {
    name: "ISO 8583 parse, 275-byte BCD 0200",
    peer: "iso_8583_rs, ASCII",
    bar: Some(1.0),
    rounds: 51,
    calls: 20_000,
};
const PACK: Plan = Plan {
    name: "ISO 8583 pack, 275-byte BCD 0200",
    peer: "iso_8583_rs, ASCII",
    bar: Some(1.0),
    rounds: 51,
    calls: 20_000,
};

/// Parse and pack.
pub fn rows(effort: Effort) -> Vec<Row> {
    let fields = fields();
    let dialect = Dialect::from_toml(Dialect::shipped("unionpay").expect("it is shipped")).expect("it is valid");
    let mut set = FieldSet::new(*b"0200");
    for (field, value) in &fields {
        set.set(*field, value).expect("the vector fits the dialect");
    }
    let mut packed = Vec::with_capacity(512);
    dialect.pack(&set, &mut packed).expect("the vector fits the dialect");
    assert_eq!(packed.len(), 275);

    let spec = peer_spec(&fields);
    let values = peer_values(&fields);
    let peer_packed = peer_message(&spec, &values);

    let parse_ours = || dialect.parse(&packed).expect("it was just packed").mti();
    let parse_theirs = || Message::parse(&spec, &peer_packed).expect("it was just packed").mti;
    let mut parse = against(effort, PARSE, parse_ours, parse_theirs);
    parse.allocations = Some(allocations_of(parse_ours));

    let mut out = Vec::with_capacity(512);
    let mut pack_ours = || {
        // Setting each field is part of packing, as it is for the peer.
        set.restart(*b"0200");
        for (field, value) in &fields {
            set.set(*field, value).expect("the vector fits the dialect");
        }
        dialect.pack(&set, &mut out).expect("the vector fits the dialect");
        out.len()
    };
    let mut peer_out = Vec::with_capacity(1_024);
    let pack_theirs = || {
        peer_out.clear();
        peer_builder(&spec, &values).pack_into(&mut peer_out);
        peer_out.len()
    };
    let mut pack = against(effort, PACK, &mut pack_ours, pack_theirs);
    pack.allocations = Some(allocations_of(pack_ours));
    vec![parse, pack]
}

/// The vector's fields; 52, 55 and 64 are bytes.
fn fields() -> Vec<(u8, Vec<u8>)> {
    let json: serde_json::Value = serde_json::from_str(VECTOR).expect("the vector is JSON");
    let fields = json["fields"].as_object().expect("the vector has fields");
    let mut fields: Vec<(u8, Vec<u8>)> = fields
        .iter()
        .map(|(number, text)| {
            let text = text.as_str().expect("a field is text");
            let bytes = if matches!(number.as_str(), "52" | "55" | "64") { from_hex(text) } else { text.into() };
            (number.parse().expect("a field has a number"), bytes)
        })
        .collect();
    fields.sort();
    fields
}

/// The same fields as the peer knows them: bytes as hex text, all lengths in ASCII.
fn peer_values(fields: &[(u8, Vec<u8>)]) -> Vec<(usize, Vec<u8>)> {
    let as_text = |(field, value): &(u8, Vec<u8>)| {
        let is_bytes = matches!(field, 52 | 55 | 64);
        let text = if is_bytes {
            value.iter().map(|byte| format!("{byte:02X}")).collect::<String>().into_bytes()
        } else {
            value.clone()
        };
        (usize::from(*field), text)
    };
    fields.iter().map(as_text).collect()
}

fn peer_spec(fields: &[(u8, Vec<u8>)]) -> CompiledSpec {
    let describe = |(field, value): &(usize, Vec<u8>)| {
        let (content_type, len_type, max_len) = match field {
            2 => ("n", "llvar", 19),
            35 => ("z", "llvar", 37),
            55 => ("ans", "lllvar", 510),
            60 => ("n", "lllvar", 17),
            3 | 4 | 11 | 12 | 13 | 14 | 22 | 23 | 25 | 26 | 49 => ("n", "fixed", value.len()),
            _ => ("ans", "fixed", value.len()),
        };
        let row = FieldDescription {
            content_type: content_type.into(),
            len_type: len_type.into(),
            max_len,
            min_len: 0,
            label: String::new(),
        };
        (i64::try_from(*field).expect("a field number is small"), row)
    };
    let described: HashMap<_, _> = peer_values(fields).iter().map(describe).collect();
    CompiledSpec::compile(&Spec { fields: described }).expect("the peer takes the spec")
}

fn peer_builder<'a>(spec: &'a CompiledSpec, values: &'a [(usize, Vec<u8>)]) -> Builder<'a> {
    let mut builder = Builder::new(spec, b"0200").expect("the peer takes the type");
    for (field, value) in values {
        builder.set(*field, value).expect("the peer takes the field");
    }
    builder
}

fn peer_message(spec: &CompiledSpec, values: &[(usize, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    peer_builder(spec, values).pack_into(&mut out);
    out
}
