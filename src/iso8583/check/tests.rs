//! Breaks each rule of a dialect file once, in a shipped dialect.

use super::*;

/// What a shipped dialect is refused with once `from` is replaced by `to`.
fn refused(name: &str, from: &str, to: &str) -> DialectError {
    let text = Dialect::shipped(name).unwrap();
    assert!(text.contains(from), "{name} has no {from}");
    match Dialect::from_toml(&text.replacen(from, to, 1)) {
        Err(error) => error,
        Ok(_) => panic!("{name} with {to} was accepted"),
    }
}

fn check(rows: &[(&str, &str, &str, Place, Rule)]) {
    for (name, from, to, place, rule) in rows {
        let expected = DialectError { place: *place, rule: rule.clone() };
        assert_eq!(refused(name, from, to), expected, "{from} -> {to}");
    }
}

#[test]
fn what_is_no_dialect_file_is_refused_with_its_line() {
    for (from, to, line_of) in [
        ("mti = \"bcd\"", "mti = \"packed\"", "mti = "),
        ("mti = \"bcd\"", "mti = bcd", "mti = "),
        ("bitmap = \"raw\"", "bitmap = \"raw\"\nbitmaps = 2", "bitmap = "),
        ("class = \"z\"", "class = \"x\"", "class = \"z\""),
        ("max = 37", "max = -1", "class = \"z\""),
        ("max = 37", "max = 70000", "class = \"z\""),
        ("no = 2,", "no = 256,", "no = 2,"),
        ("op = \"echo\"", "op = \"inquiry\"", "op = \"echo\""),
        ("timeout_ms = 2000", "timeout_ms = 2.5", "timeout_ms"),
    ] {
        let text = Dialect::shipped("unionpay").unwrap();
        let line = text.lines().position(|line| line.contains(line_of)).unwrap() + 1;
        let error = refused("unionpay", from, to);
        let Rule::Syntax { line: found, .. } = error.rule else { panic!("{to}: {error}") };
        // An unknown key is reported on its own line or at the head of its table.
        assert!(error.place == Place::File && found.abs_diff(line) <= 1, "{to}: {error}, expected line {line}");
    }
    assert!(Dialect::from_toml("").is_err());
}

#[test]
fn frames_that_cannot_work_are_refused() {
    let frame = Place::Frame;
    check(&[
        ("unionpay", "name = \"unionpay\"", "name = \"Union Pay\"", Place::File, Rule::NameMalformed),
        ("unionpay", "name = \"unionpay\"", "name = \"\"", Place::File, Rule::NameMalformed),
        ("unionpay", "\"6000030000\"", "\"60000300\"", frame, Rule::TpduMalformed),
        ("unionpay", "\"6000030000\"", "\"600003000G\"", frame, Rule::TpduMalformed),
        ("unionpay", "\"602200000000\"", "\"60220000000\"", frame, Rule::HeaderMalformed),
        ("unionpay", "\"602200000000\"", "\"6022\"", frame, Rule::HeadersDiffer),
        ("unionpay", "bytes_max = 4096", "bytes_max = 63", frame, Rule::FrameSizeOutOfRange),
        ("unionpay", "bytes_max = 4096", "bytes_max = 65536", frame, Rule::FrameSizeOutOfRange),
        ("iso87", "bytes_max = 4096", "bytes_max = 10000", frame, Rule::FrameSizeOutOfRange),
    ]);
}

#[test]
fn field_rows_that_cannot_work_are_refused() {
    use Place::Field;
    check(&[
        ("unionpay", "no = 2,", "no = 1,", Field(1), Rule::FieldNumberReserved),
        ("unionpay", "no = 2,", "no = 0,", Field(0), Rule::FieldNumberReserved),
        ("unionpay", "no = 2,", "no = 65,", Field(65), Rule::FieldNumberReserved),
        ("unionpay", "no = 2,", "no = 129,", Field(129), Rule::FieldNumberReserved),
        ("unionpay", "no = 4,", "no = 3,", Field(3), Rule::FieldTwice),
        ("unionpay", "name = \"pan\"", "name = \"card number\"", Field(2), Rule::NameMalformed),
        ("unionpay", "class = \"z\"", "class = \"ans\"", Field(35), Rule::EncodingDoesNotFitClass),
        ("unionpay", "class = \"tlv\"", "class = \"n\"", Field(55), Rule::EncodingDoesNotFitClass),
        ("iso87", "data_enc = \"hex\"", "data_enc = \"ascii\"", Field(52), Rule::EncodingDoesNotFitClass),
        ("iso87", "\"tlv\"", "\"ans\"", Field(55), Rule::EncodingDoesNotFitClass),
        ("unionpay", "max = 6 }", "max = 6, len_enc = \"bcd\" }", Field(3), Rule::FixedFieldHasNoLength),
        ("unionpay", "max = 6 }", "max = 6, len_unit = \"digit\" }", Field(3), Rule::FixedFieldHasNoLength),
        ("unionpay", "max = 6 }", "max = 6, min = 5 }", Field(3), Rule::FixedFieldHasOneLength),
        ("unionpay", "\"LL\", len_enc = \"bcd\",", "\"LL\",", Field(2), Rule::LengthEncodingMissing),
        ("unionpay", "min = 12,", "", Field(2), Rule::LengthEncodingMissing),
        ("unionpay", "min = 12,", "min = 20,", Field(2), Rule::LengthsDisordered),
        ("unionpay", "max = 6 }", "max = 0 }", Field(3), Rule::LengthsDisordered),
        ("unionpay", "max = 19,", "max = 100,", Field(2), Rule::LengthBeyondPrefix),
        ("unionpay", "max = 512,", "max = 1000,", Field(62), Rule::LengthBeyondPrefix),
        ("iso87", "min = 24, max = 60", "min = 24, max = 500", Field(62), Rule::LengthBeyondPrefix),
        ("iso87", "len_unit = \"byte\"", "len_unit = \"digit\"", Field(2), Rule::DigitCountNeedsBcdOrHex),
        ("unionpay", "pad = \"0\", ", "", Field(2), Rule::PadMissing),
        ("unionpay", "pad = \"0\", max = 3", "max = 3", Field(22), Rule::PadMissing),
        ("iso87", "max = 6 }", "max = 6, pad = \"0\" }", Field(3), Rule::PadNotAllowed),
        ("unionpay", "len_unit = \"digit\"", "len_unit = \"byte\"", Field(2), Rule::ByteCountNeedsPadF),
        ("unionpay", "sens = \"mask\"", "sens = \"open\"", Field(2), Rule::CardDataIsOpen),
        ("unionpay", ", sens = \"secret\"", "", Field(14), Rule::CardDataIsOpen),
        ("iso87", "max = 37, sens = \"secret\"", "max = 37", Field(35), Rule::CardDataIsOpen),
        ("iso87", "max = 8, sens = \"secret\"", "max = 8", Field(52), Rule::CardDataIsOpen),
    ]);
}

#[test]
fn mac_rows_that_cannot_work_are_refused() {
    let mac = Place::Mac;
    let unionpay_mac = "mac = { field = 64, algorithm = \"unionpay_ecb\" }";
    let iso_field = "class = \"b\", length = \"fixed\", data_enc = \"hex\", max = 8 },\n]";
    check(&[
        ("unionpay", "mac = { field = 64", "mac = { field = 100", mac, Rule::MacFieldMissing),
        ("unionpay", "mac = { field = 64", "mac = { field = 42", mac, Rule::MacFieldNotFixedBytes),
        ("unionpay", "mac = { field = 64", "mac = { field = 62", mac, Rule::MacFieldNotFixedBytes),
        ("unionpay", "mac = { field = 64", "mac = { field = 52", mac, Rule::MacFieldNotLast),
        ("iso87", iso_field, &iso_field.replace("max = 8", "max = 3"), mac, Rule::MacLengthOutOfRange),
        ("iso87", iso_field, &iso_field.replace("max = 8", "max = 9"), mac, Rule::MacLengthOutOfRange),
        ("iso87", ", padding = 1", "", mac, Rule::MacPaddingMissing),
        ("iso87", "padding = 1", "padding = 3", mac, Rule::MacPaddingMissing),
        ("iso87", "\"x9_19\"", "\"aes_cmac\"", mac, Rule::MacPaddingNotAllowed),
        ("unionpay", "\"unionpay_ecb\"", "\"unionpay_ecb\", padding = 1", mac, Rule::MacPaddingNotAllowed),
        ("unionpay", unionpay_mac, "", Place::Message(Op::Sale), Rule::MacNotDefined),
    ]);
}

#[test]
fn message_rows_that_cannot_work_are_refused() {
    let (echo, sign_on) = (Place::Message(Op::Echo), Place::Message(Op::SignOn));
    let (sale, reversal) = (Place::Message(Op::Sale), Place::Message(Op::Reversal));
    let (void, refund) = (Place::Message(Op::Void), Place::Message(Op::Refund));
    let response_code = "39 = \"{response_code}\"\n";
    check(&[
        ("unionpay", "op = \"echo\"", "op = \"sale\"", sale, Rule::MessageTwice),
        ("unionpay", "mti = \"0820\"", "mti = \"082\"", echo, Rule::MtiMalformed),
        ("unionpay", "mti = \"0820\"", "mti = \"08Z0\"", echo, Rule::MtiMalformed),
        ("unionpay", "mti = \"0830\"", "mti = \"0810\"", echo, Rule::AnswerTypeMismatch),
        ("unionpay", "mti = \"0820\"", "mti = \"0830\"", echo, Rule::AnswerTypeMismatch),
        ("unionpay", "timeout_ms = 2000", "timeout_ms = 0", echo, Rule::TimeoutOutOfRange),
        ("unionpay", "timeout_ms = 2000", "timeout_ms = 180001", echo, Rule::TimeoutOutOfRange),
        ("unionpay", "[\"00\"]", "[\"0\"]", echo, Rule::ResponseCodeMalformed),
        ("unionpay", "[\"00\"]", "[\"000\"]", echo, Rule::ResponseCodeMalformed),
        ("unionpay", "[\"25\"]", "[\"2*\"]", reversal, Rule::ResponseCodeMalformed),
        ("unionpay", "[\"25\"]", "[\"00\"]", reversal, Rule::ResponseCodeTwice),
        ("unionpay", "[\"91\",", "[\"00\",", reversal, Rule::ResponseCodeTwice),
        ("unionpay", "[\"77\",", "[\"00\",", sale, Rule::ResponseCodeTwice),
        ("unionpay", "[\"94\"]", "[\"00\"]", refund, Rule::ResponseCodeTwice),
        ("iso87", "\"0221\"", "\"0222\"", refund, Rule::RepeatTypeMismatch),
        ("iso87", "\"0221\"", "\"0231\"", refund, Rule::RepeatTypeMismatch),
        ("iso87", "\"0221\"", "\"221\"", refund, Rule::MtiMalformed),
        ("iso87", "op = \"sale\"", "op = \"sale\"\nrepeat_mti = \"0201\"", sale, Rule::RepeatNotExpected),
        ("iso87", "op = \"void\"", "op = \"void\"\nrepeat_mti = \"0201\"", void, Rule::RepeatNotExpected),
        ("iso87", "op = \"echo\"", "op = \"echo\"\nrepeat_mti = \"0801\"", echo, Rule::RepeatNotExpected),
        ("unionpay", "60 = \"23{batch}00000\"\n61", "61", void, Rule::EchoNotCarried),
        ("unionpay", "[\"00\"]", "[]", echo, Rule::NothingApproves),
        ("unionpay", response_code, "", echo, Rule::ResponseCodeNotCarried),
        ("unionpay", response_code, "39 = \"00\"\n", echo, Rule::ResponseCodeNotCarried),
        ("unionpay", "match_key = [11, 41, 42]", "match_key = []", echo, Rule::MatchKeyEmpty),
        ("unionpay", "match_key = [11, 41, 42]", "match_key = [11, 12]", echo, Rule::EchoNotCarried),
        ("unionpay", "echo = [3, 4]", "echo = [3, 4, 49]", sale, Rule::EchoNotCarried),
        ("unionpay", "echo = [3, 4]", "echo = [3, 4, 2]", sale, Rule::EchoNotCarried),
        ("unionpay", "match_key = [11, 41, 42, 60]", "match_key = [3]", sale, Rule::MatchKeyWithoutValue),
        ("unionpay", "op = \"reversal\"", "op = \"reversal\"\nreversal = true", reversal, Rule::ReversalNotOwed),
        ("unionpay", "op = \"echo\"", "op = \"echo\"\nreversal = true", echo, Rule::ReversalNotOwed),
        ("unionpay", "\nreversal = true", "", sale, Rule::ReversalOwed),
        ("unionpay", "\nreversal = true", "\nreversal = false", sale, Rule::ReversalOwed),
        ("iso87", "70 = \"001\"", "70 = \"301\"", sign_on, Rule::NotDistinguishable),
    ]);
    let without = |reversal: &str| {
        let whole = Dialect::shipped("iso87").unwrap();
        let (before, rest) = whole.split_once(reversal).unwrap();
        let (_, after) = rest.split_once("\n\n# ").unwrap();
        Dialect::from_toml(&format!("{before}# {after}")).err()
    };
    let verdict = |place| Some(DialectError { place, rule: Rule::ReversalMissing });
    assert_eq!(without("# Reversal of a sale"), verdict(sale));
    assert_eq!(without("# Reversal of a void"), verdict(Place::Message(Op::Void)));
}

#[test]
fn templates_that_cannot_work_are_refused() {
    let echo = |field| Place::Template(Op::Echo, Side::Request, field);
    let sale = |field| Place::Template(Op::Sale, Side::Request, field);
    let stan = "11 = \"{stan}\"\n";
    let track = "35 = \"{track2}\"";
    check(&[
        ("unionpay", stan, "10 = \"{stan}\"\n", echo(10), Rule::FieldMissing),
        ("unionpay", stan, "eleven = \"{stan}\"\n", echo(0), Rule::FieldMissing),
        ("unionpay", stan, "11 = \"{stan}\"\n64 = \"12345678\"\n", echo(64), Rule::MacInTemplate),
        ("unionpay", track, "49 = \"{currency_number}\"", sale(49), Rule::MandatoryAndOptional),
        ("unionpay", stan, "11 = \"\"\n", echo(11), Rule::TemplateEmpty),
        ("unionpay", stan, "11 = \"{stan\"\n", echo(11), Rule::TemplateBraces),
        ("unionpay", stan, "11 = \"{trace}\"\n", echo(11), Rule::TemplateUnknownValue),
        ("unionpay", stan, "11 = \"{stan:6}\"\n", echo(11), Rule::TemplateDigits),
        ("unionpay", stan, "11 = \"{sales_count:5}\"\n", echo(11), Rule::TemplateLengthMismatch),
        ("unionpay", track, "35 = \"{track2}{pan}\"", sale(35), Rule::TemplateTwoVariableLengths),
        ("unionpay", stan, "11 = \"1{stan}\"\n", echo(11), Rule::TemplateLengthMismatch),
        ("unionpay", stan, "11 = \"{local_date}\"\n", echo(11), Rule::TemplateLengthMismatch),
        ("unionpay", "22 = \"072\"", "22 = \"07X\"", sale(22), Rule::TemplateClassMismatch),
        ("unionpay", "22 = \"072\"", "22 = \"07=\"", sale(22), Rule::TemplateClassMismatch),
        ("unionpay", stan, "11 = \"{auth_code}\"\n", echo(11), Rule::TemplateClassMismatch),
        ("unionpay", track, "35 = \"{pan}={expiry}\"", sale(35), Rule::TemplateClassMismatch),
        ("unionpay", "55 = \"{chip_data}\"", "55 = \"{pan}\"", sale(55), Rule::TemplateClassMismatch),
        ("unionpay", "23 = \"{pan_sequence}\"", "23 = \"001\"", sale(23), Rule::OptionalWithoutValue),
    ]);
}

#[test]
fn card_data_in_another_form_than_the_dialects_are_refused() {
    let template = |op, field| Place::Template(op, Side::Request, field);
    let (nonce, read) = ("122 = \"{read_nonce}\"\n", "127 = \"{encrypted_read}\"\n");
    check(&[
        (
            "iso87",
            "name = \"iso87\"",
            "name = \"iso87\"\ncard_data = \"encrypted_read\"",
            { template(Op::Sale, 2) },
            Rule::CardDataInClear,
        ),
        (
            "encrypted",
            "card_data = \"encrypted_read\"",
            "card_data = \"clear\"",
            template(Op::Sale, 120),
            Rule::ReadNotExpected,
        ),
        ("encrypted", "card_data = \"encrypted_read\"", "", template(Op::Sale, 120), Rule::ReadNotExpected),
        ("encrypted", "25 = \"00\"", "25 = \"00\"\n63 = \"{pan}\"", template(Op::Sale, 63), Rule::CardDataInClear),
        ("encrypted", nonce, "", Place::Message(Op::Sale), Rule::ReadNotCarried),
        ("encrypted", read, "", Place::Message(Op::Sale), Rule::ReadNotCarried),
    ]);
}

#[test]
fn a_refusal_names_its_row() {
    for (from, to, verdict) in [
        ("no = 4,", "no = 3,", "field 3: the field has a row already"),
        ("\"6000030000\"", "\"\"", "frame: the TPDU is not five bytes in hex"),
        ("22 = \"072\"", "22 = \"\"", "message sale, request, field 22: the template is empty"),
        ("[\"25\"]", "[\"\"]", "message reversal: a response code is not two letters or digits"),
    ] {
        assert_eq!(refused("unionpay", from, to).to_string(), verdict);
    }
}
