//! The shipped dialects: every message there and back, and what does not belong is refused.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use taptill::iso8583::{
    CardDataForm, CodecFault, Dialect, FieldSet, MacOnAnswer, Op, Side, ValueKind, ValueName, Values,
};

const SHIPPED: [&str; 3] = ["unionpay", "iso87", "encrypted"];

fn dialect(name: &str) -> Dialect {
    Dialect::from_toml(Dialect::shipped(name).unwrap()).unwrap()
}

/// Every value there is, in its form.
fn all_values() -> Values {
    let mut values = Values::new();
    for (name, value) in [
        (ValueName::Pan, &b"4761739001010119"[..]),
        (ValueName::AmountMinor, b"000000010000"),
        (ValueName::Stan, b"000123"),
        (ValueName::LocalTime, b"064450"),
        (ValueName::LocalDate, b"1122"),
        (ValueName::TransmissionDateTime, b"1121224450"),
        (ValueName::SettlementDate, b"1123"),
        (ValueName::Expiry, b"2812"),
        (ValueName::PanSequence, b"001"),
        (ValueName::Track2, b"4761739001010119D28122011234512345678"),
        (ValueName::TerminalId, b"TERM0001"),
        (ValueName::MerchantId, b"123456789012345"),
        (ValueName::CurrencyNumber, b"156"),
        (ValueName::ChipData, b"\x9F\x36\x02\x00\x42\x95\x05\0\0\0\0\0\xDF\x7F\x01\xFF"),
        (ValueName::Batch, b"000001"),
        (ValueName::OriginalStan, b"000123"),
        (ValueName::OriginalBatch, b"000001"),
        (ValueName::OriginalDate, b"1122"),
        (ValueName::OriginalDateTime, b"1121224450"),
        (ValueName::OriginalMti, b"0200"),
        (ValueName::ReversalReason, b"98"),
        (ValueName::AuthCode, b"12345 "),
        (ValueName::Rrn, b"000000000042"),
        (ValueName::ResponseCode, b"00"),
        (ValueName::KeyBlock, &[0xA5; 40]),
        (ValueName::EncryptedRead, &[0xC3; 999]),
        (ValueName::ReadSignature, &[0x3C; 512]),
        (ValueName::ReadFormat, b"sandbox-1"),
        (ValueName::ReadKey, b"host.2026"),
        (ValueName::ReadNonce, &[0x96; 16]),
        (ValueName::JournalHead, &[0x5A; 40]),
        (ValueName::OriginalRrn, b"000000000041"),
        (ValueName::OriginalAuthCode, b"A1B2C3"),
        (ValueName::SettlementCode, b"2"),
        (ValueName::SalesCount, b"0000000012"),
        (ValueName::SalesMinor, b"0000000000120000"),
        (ValueName::VoidsCount, b"0000000002"),
        (ValueName::VoidsMinor, b"0000000000020000"),
        (ValueName::RefundsCount, b"0000000001"),
        (ValueName::RefundsMinor, b"0000000000000500"),
        (ValueName::GivenBackCount, b"0000000003"),
        (ValueName::GivenBackMinor, b"0000000000020500"),
        (ValueName::NetAmount, b"D0000000000099500"),
        (ValueName::UploadIndex, b"000008"),
        (ValueName::UploadCount, b"000012"),
        (ValueName::UploadLines, &[b'4'; 420]),
        (ValueName::StatementDay, b"20261122"),
        (ValueName::StatementPage, b"0002"),
        (ValueName::StatementPages, b"0003"),
        (ValueName::StatementLines, &[b'5'; 480]),
        (ValueName::ParameterText, "sale_max_minor=500000;名=值".as_bytes()),
        (ValueName::ToldPart, b"001"),
        (ValueName::ToldParts, b"002"),
        (ValueName::ToldText, &[b'6'; 480]),
        (ValueName::HostMark, b"freeze"),
    ] {
        values.set(name, value);
    }
    assert_eq!(values.iter().count(), ValueName::ALL.len(), "a value is not tested");
    values
}

fn packed(dialect: &Dialect, op: Op, side: Side, values: &Values) -> Vec<u8> {
    let mut out = Vec::new();
    dialect.pack(&dialect.compose(op, side, values).unwrap(), &mut out).unwrap();
    out
}

#[test]
fn every_message_of_each_dialect_comes_back_as_it_went() {
    for name in SHIPPED {
        let dialect = dialect(name);
        assert_eq!(dialect.name(), name);
        for (op, side) in Op::ALL.into_iter().flat_map(|op| [(op, Side::Request), (op, Side::Answer)]) {
            let values = all_values();
            let message = packed(&dialect, op, side, &values);
            let parsed = dialect.parse(&message).unwrap();
            assert_eq!(dialect.identify(&parsed), Some((op, side)), "{name} {op} {side}");
            let read = dialect.extract(op, side, &parsed).unwrap();
            for (value_name, value) in read.iter() {
                assert_eq!(Some(value), values.get(value_name), "{name} {op} {side} {}", value_name.word());
            }
            for needed in dialect.values_needed(op, side) {
                assert!(read.get(needed).is_some(), "{name} {op} {side} {}", needed.word());
            }
        }
    }
}

#[test]
fn each_value_that_a_message_needs_is_missed_by_name() {
    for name in SHIPPED {
        let dialect = dialect(name);
        for (op, side) in Op::ALL.into_iter().flat_map(|op| [(op, Side::Request), (op, Side::Answer)]) {
            for needed in dialect.values_needed(op, side) {
                let mut values = all_values();
                values.remove(needed);
                let refused = dialect.compose(op, side, &values).err().unwrap();
                assert_eq!(refused.fault, CodecFault::ValueMissing(needed), "{name} {op} {side}");
                // One question mark is a name for whoever wants any text, and a payload for whoever wants any bytes.
                let any = needed.is_of_a_read() || (needed.kind(), needed.length_range().0) == (ValueKind::Bytes, 1);
                values.set(needed, if any { "" } else { "?" });
                let refused = dialect.compose(op, side, &values).err().unwrap();
                assert_eq!(refused.fault, CodecFault::ValueMalformed(needed), "{name} {op} {side}");
            }
        }
    }
}

#[test]
fn an_optional_field_is_left_out_with_its_value() {
    let dialect = dialect("unionpay");
    let mut values = all_values();
    values.remove(ValueName::Track2);
    values.remove(ValueName::PanSequence);
    let set = dialect.compose(Op::Sale, Side::Request, &values).unwrap();
    assert_eq!(set.get(35), None);
    assert_eq!(set.get(23), None);
    assert_eq!(set.get(14), Some(&b"2812"[..]));
}

#[test]
fn no_reversal_carries_a_track() {
    for name in SHIPPED {
        let set = dialect(name).compose(Op::Reversal, Side::Request, &all_values()).unwrap();
        assert!(set.get(35).is_none() && set.get(52).is_none(), "{name}");
    }
}

#[test]
fn a_dialect_of_encrypted_reads_has_no_field_for_a_card_in_clear() {
    let dialect = dialect("encrypted");
    assert_eq!(dialect.card_data(), CardDataForm::EncryptedRead);
    for field in [2, 14, 23, 34, 35, 36, 45, 52, 55] {
        assert!(dialect.field(field).is_none(), "field {field}");
    }
    for op in Op::ALL {
        for side in [Side::Request, Side::Answer] {
            let set = dialect.compose(op, side, &all_values()).unwrap();
            let mut message = Vec::new();
            dialect.pack(&set, &mut message).unwrap();
            for clear in [&b"4761739001010119"[..], b"2812", b"\x9F\x36\x02\x00\x42"] {
                let found = message.windows(clear.len()).any(|window| window == clear);
                assert!(!found, "{op} {side} holds {clear:?}");
            }
        }
    }
    // A reversal carries what the read was bound to, and nothing else of it.
    let reversal = dialect.compose(Op::Reversal, Side::Request, &all_values()).unwrap();
    let of_the_read: Vec<u8> = reversal.fields().filter(|field| [120, 121, 122, 123, 127].contains(field)).collect();
    assert_eq!(of_the_read, [122]);
    // The control: the other dialects are of a card in clear, and show it.
    for name in ["unionpay", "iso87"] {
        assert_eq!(self::dialect(name).card_data(), CardDataForm::Clear);
        assert!(self::dialect(name).compose(Op::Sale, Side::Request, &all_values()).unwrap().get(35).is_some());
    }
}

/// The till keeps no card number, so that nothing that comes after a sale can carry one.
#[test]
fn what_comes_after_a_sale_names_it_and_carries_no_card() {
    let after = [Op::Void, Op::VoidReversal, Op::Refund, Op::Settle, Op::BatchUpload, Op::SettleEnd, Op::Statement];
    for (name, op) in SHIPPED.into_iter().flat_map(|name| after.map(|op| (name, op))) {
        let dialect = dialect(name);
        let set = dialect.compose(op, Side::Request, &all_values()).unwrap();
        for field in [2, 14, 23, 35, 45, 52, 55, 120, 121, 122, 123, 127] {
            assert!(set.get(field).is_none(), "{name} {op} field {field}");
        }
        let card = ValueName::ALL.iter().filter(|value| value.is_card_data() || value.is_of_a_read());
        for value in card {
            let carried = [Side::Request, Side::Answer].iter().any(|side| dialect.carries(op, *side, *value));
            assert!(!carried, "{name} {op} carries {}", value.word());
        }
        if matches!(op, Op::Void | Op::VoidReversal | Op::Refund) {
            assert_eq!(set.get(37), Some(&b"000000000041"[..]), "{name} {op}");
            assert_eq!(set.get(38), Some(&b"A1B2C3"[..]), "{name} {op}");
            let original = if name == "unionpay" {
                &b"0000010001231122"[..]
            } else {
                b"020000012311212244500000000000000000000000"
            };
            assert_eq!(set.get(if name == "unionpay" { 61 } else { 90 }), Some(original), "{name} {op}");
        }
    }
    // The control: a sale carries one.
    assert!(dialect("unionpay").compose(Op::Sale, Side::Request, &all_values()).unwrap().get(2).is_some());
}

#[test]
fn a_sale_of_which_reference_and_code_are_unknown_can_still_be_named() {
    for (name, op) in SHIPPED.into_iter().flat_map(|name| [Op::Void, Op::VoidReversal, Op::Refund].map(|op| (name, op)))
    {
        let mut values = all_values();
        values.remove(ValueName::OriginalRrn);
        values.remove(ValueName::OriginalAuthCode);
        let set = dialect(name).compose(op, Side::Request, &values).unwrap();
        assert_eq!((set.get(37), set.get(38)), (None, None), "{name} {op}");
    }
}

#[test]
fn a_settlement_says_what_it_is_over_in_the_dialects_own_fields() {
    let settlement = |name: &str| dialect(name).compose(Op::Settle, Side::Request, &all_values()).unwrap();
    let unionpay = settlement("unionpay");
    assert_eq!(unionpay.get(48), Some(&b"0000001200000000120000000205000000030"[..]));
    assert_eq!(unionpay.get(60), Some(&b"00000001201"[..]));
    for name in ["iso87", "encrypted"] {
        let set = settlement(name);
        for (field, verdict) in [
            (74, &b"0000000001"[..]),
            (76, b"0000000012"),
            (77, b"0000000002"),
            (86, b"0000000000000500"),
            (88, b"0000000000120000"),
            (89, b"0000000000020000"),
            (97, b"D0000000000099500"),
        ] {
            assert_eq!(set.get(field), Some(verdict), "{name} field {field}");
        }
    }
    // More than the field can say is refused, never cut.
    let mut values = all_values();
    values.set(ValueName::SalesMinor, "0001000000000000");
    let refused = dialect("unionpay").compose(Op::Settle, Side::Request, &values).err().unwrap();
    assert_eq!((refused.field, refused.fault), (48, CodecFault::ValueMalformed(ValueName::SalesMinor)));
}

#[test]
fn a_unionpay_reversal_keeps_the_trace_number_and_names_the_original() {
    let set = dialect("unionpay").compose(Op::Reversal, Side::Request, &all_values()).unwrap();
    for (field, verdict) in [(11, &b"000123"[..]), (39, b"98"), (60, b"2200000100060"), (61, b"0000010001231122")] {
        assert_eq!(set.get(field), Some(verdict), "field {field}");
    }
}

#[test]
fn an_iso87_reversal_names_the_original_in_field_90() {
    let set = dialect("iso87").compose(Op::Reversal, Side::Request, &all_values()).unwrap();
    assert_eq!(set.get(90), Some(&b"020000012311212244500000000000000000000000"[..]));
}

/// A sale's answer with one field changed, read as a sale's answer.
fn extract_with(name: &str, field: u8, value: &[u8]) -> Option<(u8, CodecFault)> {
    let dialect = dialect(name);
    let whole = dialect.compose(Op::Sale, Side::Answer, &all_values()).unwrap();
    let mut set = FieldSet::new(whole.mti());
    for other in whole.fields().filter(|other| *other != field) {
        set.set(other, whole.get(other).unwrap()).unwrap();
    }
    if !value.is_empty() {
        set.set(field, value).unwrap();
    }
    let mut message = Vec::new();
    dialect.pack(&set, &mut message).unwrap();
    let refused = dialect.extract(Op::Sale, Side::Answer, &dialect.parse(&message).unwrap()).err()?;
    Some((refused.field, refused.fault))
}

#[test]
fn an_answer_that_does_not_read_as_its_row_says_is_refused() {
    use CodecFault::{FieldMissing, TemplateMismatch};
    for (name, field, value, verdict) in [
        ("unionpay", 39, &b""[..], Some(FieldMissing)),
        ("unionpay", 11, b"", Some(FieldMissing)),
        ("unionpay", 4, b"", Some(FieldMissing)),
        ("unionpay", 3, b"200000", Some(TemplateMismatch)),
        ("unionpay", 60, b"2300000100060", Some(TemplateMismatch)),
        ("unionpay", 60, b"22000001000", Some(TemplateMismatch)),
        ("unionpay", 60, b"", Some(FieldMissing)),
        ("iso87", 7, b"", Some(FieldMissing)),
        ("iso87", 3, b"000001", Some(TemplateMismatch)),
        ("unionpay", 38, b"", None),
        ("unionpay", 44, b"an unlisted field", None),
        ("unionpay", 63, b"\xC8\xCB", None),
    ] {
        let refused = extract_with(name, field, value);
        assert_eq!(refused, verdict.map(|fault| (field, fault)), "{name} field {field}");
    }
}

#[test]
fn messages_of_one_type_are_told_apart_by_what_they_carry() {
    let dialect = dialect("iso87");
    for (network_code, verdict) in
        [(&b"001"[..], Some((Op::SignOn, Side::Request))), (b"301", Some((Op::Echo, Side::Request))), (b"002", None)]
    {
        let mut set = dialect.compose(Op::SignOn, Side::Request, &all_values()).unwrap();
        set.set(70, network_code).unwrap();
        let mut message = Vec::new();
        dialect.pack(&set, &mut message).unwrap();
        assert_eq!(dialect.identify(&dialect.parse(&message).unwrap()), verdict);
    }
    let mut message = Vec::new();
    dialect.pack(&FieldSet::new(*b"0420"), &mut message).unwrap();
    assert_eq!(dialect.identify(&dialect.parse(&message).unwrap()), None);
}

#[test]
fn an_answer_belongs_to_its_request_by_every_part_of_the_key() {
    for (name, value, belongs) in [
        ("unionpay", ValueName::Stan, false),
        ("unionpay", ValueName::TerminalId, false),
        ("unionpay", ValueName::MerchantId, false),
        ("unionpay", ValueName::Batch, false),
        ("iso87", ValueName::TransmissionDateTime, false),
        ("iso87", ValueName::Batch, true),
        ("unionpay", ValueName::LocalTime, true),
        ("unionpay", ValueName::AmountMinor, true),
    ] {
        let dialect = dialect(name);
        let row = dialect.row(Op::Sale).unwrap();
        let (request, mut answer) = (all_values(), all_values());
        assert!(row.matches(&request, &answer));
        let other: Vec<u8> =
            answer.get(value).unwrap().iter().rev().map(|byte| if *byte == b'9' { b'8' } else { b'9' }).collect();
        answer.set(value, other);
        assert_eq!(row.matches(&request, &answer), belongs, "{name} {}", value.word());
        answer.remove(value);
        assert_eq!(row.matches(&request, &answer), belongs, "{name} without {}", value.word());
    }
}

#[test]
fn an_amount_that_is_not_echoed_is_found_by_its_field() {
    for name in SHIPPED {
        let dialect = dialect(name);
        let row = dialect.row(Op::Sale).unwrap();
        let (request, mut answer) = (all_values(), all_values());
        assert_eq!(row.echo_fault(&request, &answer), None);
        answer.set(ValueName::AmountMinor, "000000010001");
        assert_eq!(row.echo_fault(&request, &answer), Some(4), "{name}");
    }
}

#[test]
fn response_codes_match_whole_or_not_at_all() {
    for name in SHIPPED {
        let dialect = dialect(name);
        let (sale, reversal) = (dialect.row(Op::Sale).unwrap(), dialect.row(Op::Reversal).unwrap());
        assert!(sale.approves(b"00") && reversal.not_found(b"25") && reversal.asks_retry(b"96"));
        assert!(sale.asks_sign_on(b"A0"));
        for code in [&b""[..], b"0", b"000", b"0 ", b"O0", b"10", b"\0\0"] {
            assert!(!sale.approves(code), "{code:?} approves");
        }
        for code in [&b"2"[..], b"5", b"52", b"225", b"a0"] {
            assert!(!reversal.not_found(code) && !reversal.asks_sign_on(code));
        }
    }
}

#[test]
fn everything_but_echo_and_sign_on_is_authenticated_both_ways() {
    for name in SHIPPED {
        let dialect = dialect(name);
        for op in Op::ALL.into_iter().filter(|op| !matches!(op, Op::Echo | Op::SignOn)) {
            let row = dialect.row(op).unwrap();
            assert!(row.mac_on_request() && row.mac_on_answer() == MacOnAnswer::Always);
            assert_eq!(row.timeout_ms(), 2000);
        }
    }
}

#[test]
fn the_hash_is_that_of_the_files_bytes() {
    let text = Dialect::shipped("iso87").unwrap();
    let hash = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    assert_eq!(dialect("iso87").hash(), hash.as_ref());
    assert_ne!(Dialect::from_toml(&format!("{text}\n")).unwrap().hash(), dialect("iso87").hash());
    assert!(Dialect::shipped("other").is_none());
}
