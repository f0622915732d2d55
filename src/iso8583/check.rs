//! From a dialect file to a compiled dialect: every rule is checked before anything is built.
//!
//! The order is that of the file: frame, fields, MAC, messages. The codec and the templates rely on what is
//! checked here and do not ask again. Evidence: `check/tests.rs` breaks each rule once, in a shipped dialect.

mod file;

use std::collections::BTreeSet;

use file::{
    AlgorithmWord, CountUnit, DialectFile, FieldFile, FrameFile, LengthEncoding, LengthForm, MacFile, MacOnRequest,
    MessageFile, SideFile,
};

use super::chars;
use super::codec::{Codec, FIELD_MAX, FieldBits};
use super::dialect::{CardDataForm, Dialect, MacRule};
use super::field::{Count, DataEncoding, FieldClass, FieldRule, PadNibble, Prefix, Sensitivity, Shape};
use super::frame::{Frame, TPDU_BYTES};
use super::message::{FieldTemplate, MacOnAnswer, MessageRow, MessageSide, Op, ResponseCodes, Side};
use super::rules::{DialectError, Place, Rule};
use super::table;
use super::template::{Part, Template, TemplateFault};
use super::value::{ValueKind, ValueName};
use crate::hex;
use crate::paycrypto::{MacAlgorithm, Padding, TAG_BYTES_MIN};

/// Reads, checks and compiles; `hash` is that of the text.
pub(super) fn compile(text: &str, hash: [u8; 32]) -> Result<Dialect, DialectError> {
    let file = table::read(text, DialectFile::of, &DialectFile::KEYS).map_err(|fault| {
        let line = text[..fault.at].matches('\n').count() + 1;
        DialectError { place: Place::File, rule: Rule::Syntax { line, reason: fault.reason } }
    })?;
    let name_allows = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    require(is_name(&file.name, 32, name_allows), Place::File, Rule::NameMalformed)?;
    let frame = frame(&file.frame).map_err(|rule| DialectError { place: Place::Frame, rule })?;
    let codec = codec(&file)?;
    let mac = file.mac.as_ref().map(|row| mac(row, &codec)).transpose();
    let mac = mac.map_err(|rule| DialectError { place: Place::Mac, rule })?;
    let rows = messages(&file.message, &codec, mac)?;
    card_data_travel(&rows, file.card_data)?;
    Ok(Dialect { name: file.name, card_data: file.card_data, hash, codec, frame, mac, rows })
}

fn require(holds: bool, place: Place, rule: Rule) -> Result<(), DialectError> {
    if holds { Ok(()) } else { Err(DialectError { place, rule }) }
}

fn is_name(text: &str, length_max: usize, allows: impl Fn(u8) -> bool) -> bool {
    (1..=length_max).contains(&text.len()) && text.bytes().all(allows)
}

fn frame(row: &FrameFile) -> Result<Frame, Rule> {
    let tpdu = match &row.tpdu {
        None => None,
        Some(text) => {
            let bytes = hex::decode(text).and_then(|bytes| <[u8; TPDU_BYTES]>::try_from(bytes).ok());
            Some(bytes.ok_or(Rule::TpduMalformed)?)
        }
    };
    let header = |text: &str| hex::decode(text).filter(|bytes| bytes.len() <= 64).ok_or(Rule::HeaderMalformed);
    let (header_request, header_answer) = (header(&row.header_request)?, header(&row.header_answer)?);
    if header_request.len() != header_answer.len() {
        return Err(Rule::HeadersDiffer);
    }
    let bytes_max = row.bytes_max.unwrap_or(FRAME_BYTES_DEFAULT);
    if !(FRAME_BYTES_MIN..=row.length.size_max()).contains(&bytes_max) {
        return Err(Rule::FrameSizeOutOfRange);
    }
    Ok(Frame { prefix: row.length, tpdu, header_request, header_answer, bytes_max })
}

fn codec(file: &DialectFile) -> Result<Codec, DialectError> {
    let mut known = FieldBits::default();
    let mut rules = Box::new([FieldRule::UNUSED; FIELD_MAX as usize + 1]);
    for row in &file.field {
        let place = Place::Field(row.no);
        let reserved = !(2..=FIELD_MAX).contains(&row.no) || row.no == TERTIARY_BITMAP;
        require(!reserved, place, Rule::FieldNumberReserved)?;
        require(!known.has(row.no), place, Rule::FieldTwice)?;
        known.insert(row.no);
        rules[usize::from(row.no)] = field(row).map_err(|rule| DialectError { place, rule })?;
    }
    Ok(Codec { mti: file.mti, bitmap: file.bitmap, trailing: file.trailing_bytes, known, rules })
}

fn field(row: &FieldFile) -> Result<FieldRule, Rule> {
    use DataEncoding as Data;
    let name_allows = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let encoding_fits = match row.class {
        FieldClass::N | FieldClass::Z => !matches!(row.data_enc, Data::Raw | Data::Hex),
        FieldClass::An | FieldClass::Ans => matches!(row.data_enc, Data::Ascii | Data::Ebcdic),
        FieldClass::B => matches!(row.data_enc, Data::Raw | Data::Hex),
        FieldClass::Tlv => row.data_enc == Data::Raw,
    };
    let bcd = matches!(row.data_enc, Data::BcdLeft | Data::BcdRight);
    let fixed = row.length == LengthForm::Fixed;
    let (prefix, min) = length(row)?;
    let can_be_odd = !fixed || row.max % 2 == 1;
    let unit = row.len_unit.unwrap_or(if bcd { CountUnit::Digit } else { CountUnit::Byte });
    let hex = row.data_enc == Data::Hex;
    let count = match unit {
        CountUnit::Byte if bcd => Count::BcdBytes,
        CountUnit::Digit if hex => Count::HexDigits,
        _ => Count::Units,
    };
    let rule = FieldRule {
        shape: Shape::of(row.class, row.data_enc),
        short_digits: short_digits(row),
        class: row.class,
        data: row.data_enc,
        prefix,
        count,
        pad: row.pad.unwrap_or(PadNibble::Zero),
        sensitivity: row.sens,
        min,
        max: row.max,
    };
    for (holds, broken) in [
        (is_name(&row.name, 40, name_allows), Rule::NameMalformed),
        (encoding_fits, Rule::EncodingDoesNotFitClass),
        (row.max > 0 && min <= row.max, Rule::LengthsDisordered),
        (unit == CountUnit::Byte || bcd || hex, Rule::DigitCountNeedsBcdOrHex),
        (rule.count_of(usize::from(row.max)) <= prefix.count_max(), Rule::LengthBeyondPrefix),
        (!bcd || !can_be_odd || row.pad.is_some(), Rule::PadMissing),
        (bcd || row.pad.is_none(), Rule::PadNotAllowed),
        (fixed || !bcd || unit == CountUnit::Digit || row.pad == Some(PadNibble::F), Rule::ByteCountNeedsPadF),
        (row.sens != Sensitivity::Open || !CARD_DATA.contains(&row.no), Rule::CardDataIsOpen),
    ] {
        if !holds {
            return Err(broken);
        }
    }
    Ok(rule)
}

fn short_digits(row: &FieldFile) -> u8 {
    let digits = Shape::of(row.class, row.data_enc) == Shape::Digits && row.length == LengthForm::Fixed;
    match row.max {
        2..=16 if digits && row.max.is_multiple_of(2) => (row.max / 2) as u8,
        _ => 0,
    }
}

fn length(row: &FieldFile) -> Result<(Prefix, u16), Rule> {
    if row.length == LengthForm::Fixed {
        return match (row.len_enc, row.len_unit, row.min) {
            (None, None, None) => Ok((Prefix::None, row.max)),
            (None, None, Some(min)) if min == row.max => Ok((Prefix::None, row.max)),
            (None, None, Some(_)) => Err(Rule::FixedFieldHasOneLength),
            _ => Err(Rule::FixedFieldHasNoLength),
        };
    }
    let (Some(encoding), Some(min)) = (row.len_enc, row.min) else { return Err(Rule::LengthEncodingMissing) };
    let two_digits = row.length == LengthForm::TwoDigits;
    let prefix = match encoding {
        LengthEncoding::Bcd if two_digits => Prefix::Bcd1,
        LengthEncoding::Bcd => Prefix::Bcd2,
        LengthEncoding::Ascii if two_digits => Prefix::Ascii2,
        LengthEncoding::Ascii => Prefix::Ascii3,
        LengthEncoding::Bin if two_digits => Prefix::Bin1,
        LengthEncoding::Bin => Prefix::Bin2,
    };
    Ok((prefix, min))
}

fn mac(row: &MacFile, codec: &Codec) -> Result<MacRule, Rule> {
    let rule = codec.rule(row.field).ok_or(Rule::MacFieldMissing)?;
    if rule.class != FieldClass::B || rule.prefix != Prefix::None {
        return Err(Rule::MacFieldNotFixedBytes);
    }
    if codec.known.iter().last() != Some(row.field) {
        return Err(Rule::MacFieldNotLast);
    }
    let algorithm = algorithm(row)?;
    let bytes = usize::from(rule.max);
    if !(TAG_BYTES_MIN..=algorithm.tag_bytes()).contains(&bytes) {
        return Err(Rule::MacLengthOutOfRange);
    }
    Ok(MacRule { field: row.field, algorithm, bytes })
}

fn algorithm(row: &MacFile) -> Result<MacAlgorithm, Rule> {
    let padded = |algorithm: fn(Padding) -> MacAlgorithm| match row.padding {
        Some(1) => Ok(algorithm(Padding::Zeros)),
        Some(2) => Ok(algorithm(Padding::BitThenZeros)),
        _ => Err(Rule::MacPaddingMissing),
    };
    let plain = |algorithm| if row.padding.is_none() { Ok(algorithm) } else { Err(Rule::MacPaddingNotAllowed) };
    match row.algorithm {
        AlgorithmWord::UnionpayEcb => plain(MacAlgorithm::UnionPayEcb),
        AlgorithmWord::X99 => padded(MacAlgorithm::X9_9),
        AlgorithmWord::X919 => padded(MacAlgorithm::X9_19),
        AlgorithmWord::CbcTdes => padded(MacAlgorithm::CbcTdes),
        AlgorithmWord::AesCmac => plain(MacAlgorithm::AesCmac),
        AlgorithmWord::HmacSha256 => plain(MacAlgorithm::HmacSha256),
    }
}

fn messages(files: &[MessageFile], codec: &Codec, mac: Option<MacRule>) -> Result<Vec<MessageRow>, DialectError> {
    let mut rows: Vec<MessageRow> = Vec::with_capacity(files.len());
    for file in files {
        let place = Place::Message(file.op);
        require(rows.iter().all(|row| row.op != file.op), place, Rule::MessageTwice)?;
        let row = message(file, codec, mac)?;
        // A request's type is never an answer's, so that the sides need no comparing.
        let told_apart = |other: &MessageRow| {
            let repeats = row.repeat_mti != Some(other.request.mti) && other.repeat_mti != Some(row.request.mti);
            repeats && distinguishable(&row.request, &other.request) && distinguishable(&row.answer, &other.answer)
        };
        require(rows.iter().all(told_apart), place, Rule::NotDistinguishable)?;
        rows.push(row);
    }
    for file in files {
        let place = Place::Message(file.op);
        let reversed_by = file.op.reversed_by();
        let is_there = |reversal| rows.iter().any(|row| row.op == reversal);
        require(reversed_by.is_some() || !file.reversal, place, Rule::ReversalNotOwed)?;
        require(reversed_by.is_none() || file.reversal, place, Rule::ReversalOwed)?;
        require(reversed_by.is_none_or(is_there), place, Rule::ReversalMissing)?;
    }
    Ok(rows)
}

/// Card data travel in one form through the whole dialect.
fn card_data_travel(rows: &[MessageRow], form: CardDataForm) -> Result<(), DialectError> {
    for (row, side) in rows.iter().flat_map(|row| [(row, Side::Request), (row, Side::Answer)]) {
        for entry in &row.side(side).fields {
            let place = Place::Template(row.op, side, entry.field);
            let names = |is: fn(ValueName) -> bool| entry.template.names().any(is);
            let (clear, read) = (names(ValueName::is_clear_card_data), names(ValueName::is_of_a_read));
            require(form == CardDataForm::Clear || !clear, place, Rule::CardDataInClear)?;
            require(form == CardDataForm::EncryptedRead || !read, place, Rule::ReadNotExpected)?;
        }
    }
    let sale = rows.iter().filter(|row| row.op == Op::Sale && form == CardDataForm::EncryptedRead);
    for row in sale {
        let carries = |name| row.request.needs().any(|needed| needed == name);
        let carried = carries(ValueName::EncryptedRead) && carries(ValueName::ReadNonce);
        require(carried, Place::Message(Op::Sale), Rule::ReadNotCarried)?;
    }
    Ok(())
}

fn message(file: &MessageFile, codec: &Codec, mac: Option<MacRule>) -> Result<MessageRow, DialectError> {
    let place = Place::Message(file.op);
    let request = side(file.op, Side::Request, &file.request, codec, mac)?;
    let answer = side(file.op, Side::Answer, &file.answer, codec, mac)?;
    let codes = response_codes(file).map_err(|rule| DialectError { place, rule })?;
    let repeat_mti = repeat_mti(file, request.mti).map_err(|rule| DialectError { place, rule })?;
    let needs_mac = file.mac_request == MacOnRequest::Always || file.mac_response != MacOnAnswer::Never;
    let carried = |field: &u8| is_mandatory(&request, *field) && is_mandatory(&answer, *field);
    let holds_value =
        |field: &u8| answer.fields.iter().any(|entry| entry.field == *field && entry.template.names().next().is_some());
    let carries_code = answer.fields.iter().any(|entry| {
        entry.field == DE39_RESPONSE_CODE
            && entry.mandatory
            && entry.template.parts() == [Part::Value(ValueName::ResponseCode)]
    });
    for (holds, rule) in [
        (answers(request.mti, answer.mti), Rule::AnswerTypeMismatch),
        ((1..=TIMEOUT_MS_MAX).contains(&file.timeout_ms), Rule::TimeoutOutOfRange),
        (carries_code, Rule::ResponseCodeNotCarried),
        (!file.match_key.is_empty(), Rule::MatchKeyEmpty),
        (file.echo.iter().chain(&file.match_key).all(carried), Rule::EchoNotCarried),
        (file.match_key.iter().all(holds_value), Rule::MatchKeyWithoutValue),
        (mac.is_some() || !needs_mac, Rule::MacNotDefined),
    ] {
        require(holds, place, rule)?;
    }
    Ok(MessageRow {
        op: file.op,
        repeat_mti,
        request,
        answer,
        timeout_ms: file.timeout_ms,
        mac_on_request: file.mac_request == MacOnRequest::Always,
        mac_on_answer: file.mac_response,
        echo: file.echo.clone(),
        match_key: file.match_key.clone(),
        codes,
    })
}

fn is_mandatory(side: &MessageSide, field: u8) -> bool {
    side.fields.iter().any(|entry| entry.field == field && entry.mandatory)
}

/// The third digit of a message type is its function: an even one asks, the next odd one answers.
fn answers(request: [u8; 4], answer: [u8; 4]) -> bool {
    let [version, class, function, origin] = request;
    function % 2 == 0 && answer == [version, class, function + 1, origin]
}

/// The fourth digit of a message type is its origin: an even one sends, the next odd one sends again.
fn repeat_mti(file: &MessageFile, request: [u8; 4]) -> Result<Option<[u8; 4]>, Rule> {
    let Some(text) = &file.repeat_mti else { return Ok(None) };
    let mti = mti_of(text).ok_or(Rule::MtiMalformed)?;
    let [version, class, function, origin] = request;
    if origin % 2 == 1 || mti != [version, class, function, origin + 1] {
        return Err(Rule::RepeatTypeMismatch);
    }
    match file.op {
        Op::Reversal | Op::VoidReversal | Op::Refund | Op::Settle | Op::BatchUpload | Op::SettleEnd => Ok(Some(mti)),
        Op::Echo | Op::SignOn | Op::Sale | Op::Void | Op::Parameters | Op::Statement => Err(Rule::RepeatNotExpected),
        // What is told again is told from its first part.
        Op::Freeze | Op::Release | Op::LossReport | Op::Deregister | Op::RenewCertificate => {
            Err(Rule::RepeatNotExpected)
        }
    }
}

fn mti_of(text: &str) -> Option<[u8; 4]> {
    <[u8; 4]>::try_from(text.as_bytes()).ok().filter(|mti| mti.iter().all(u8::is_ascii_digit))
}

fn response_codes(file: &MessageFile) -> Result<ResponseCodes, Rule> {
    let read = |texts: &[String]| {
        let code = |text: &String| {
            let code = <[u8; 2]>::try_from(text.as_bytes()).ok()?;
            code.iter().all(u8::is_ascii_alphanumeric).then_some(code)
        };
        texts.iter().map(code).collect::<Option<Vec<_>>>().ok_or(Rule::ResponseCodeMalformed)
    };
    let codes = ResponseCodes {
        approve: read(&file.approve_rc)?,
        retry: read(&file.retry_rc)?,
        resign_on: read(&file.resign_on_rc)?,
        close: read(&file.close_rc)?,
        duplicate: read(&file.duplicate_rc)?,
    };
    if codes.approve.is_empty() {
        return Err(Rule::NothingApproves);
    }
    let mut others = codes.retry.iter().chain(&codes.resign_on).chain(&codes.close).chain(&codes.duplicate);
    if others.any(|code| codes.approve.contains(code)) {
        return Err(Rule::ResponseCodeTwice);
    }
    Ok(codes)
}

fn side(op: Op, side: Side, file: &SideFile, codec: &Codec, mac: Option<MacRule>) -> Result<MessageSide, DialectError> {
    let mti = mti_of(&file.mti).ok_or(DialectError { place: Place::Message(op), rule: Rule::MtiMalformed })?;
    let mut seen = BTreeSet::new();
    let mut fields = Vec::new();
    for (mandatory, texts) in [(true, &file.mandatory), (false, &file.optional)] {
        for (number, text) in texts {
            let field: u8 = number.parse().unwrap_or_default();
            let place = Place::Template(op, side, field);
            require(seen.insert(field), place, Rule::MandatoryAndOptional)?;
            require(mac.is_none_or(|mac| mac.field != field), place, Rule::MacInTemplate)?;
            let rule = codec.rule(field).ok_or(DialectError { place, rule: Rule::FieldMissing })?;
            let template = template(text, rule, mandatory).map_err(|rule| DialectError { place, rule })?;
            fields.push(FieldTemplate { field, mandatory, template });
        }
    }
    fields.sort_by_key(|entry| entry.field);
    Ok(MessageSide { mti, fields })
}

fn template(text: &str, rule: &FieldRule, mandatory: bool) -> Result<Template, Rule> {
    let template = Template::read(text).map_err(|fault| match fault {
        TemplateFault::Empty => Rule::TemplateEmpty,
        TemplateFault::Braces => Rule::TemplateBraces,
        TemplateFault::UnknownValue => Rule::TemplateUnknownValue,
        TemplateFault::Digits => Rule::TemplateDigits,
        TemplateFault::TwoVariableLengths => Rule::TemplateTwoVariableLengths,
    })?;
    let (min, max) = template.length_range();
    let (field_min, field_max) = rule.length_range();
    let part_fits = |part: &Part| match part {
        Part::Literal(literal) => chars::all_in(rule.value_set(), literal) && !literal.contains(&b'='),
        Part::Value(name) | Part::Last(name, _) => kind_fits(name.kind(), rule.class),
    };
    if !template.parts().iter().all(part_fits) {
        return Err(Rule::TemplateClassMismatch);
    }
    // A value of fixed length must fit; of a variable one, some length must.
    if max < field_min || min > field_max {
        return Err(Rule::TemplateLengthMismatch);
    }
    if !mandatory && template.names().next().is_none() {
        return Err(Rule::OptionalWithoutValue);
    }
    Ok(template)
}

fn kind_fits(kind: ValueKind, class: FieldClass) -> bool {
    match kind {
        ValueKind::Digits => !matches!(class, FieldClass::B | FieldClass::Tlv),
        ValueKind::Text => matches!(class, FieldClass::An | FieldClass::Ans),
        ValueKind::Track => class == FieldClass::Z,
        ValueKind::Bytes => matches!(class, FieldClass::B | FieldClass::Tlv),
    }
}

/// Whether a message can be told from another of the same type by a field that is mandatory in both.
fn distinguishable(left: &MessageSide, right: &MessageSide) -> bool {
    let differ = |left: &FieldTemplate, right: &FieldTemplate| {
        let (Some(left), Some(right)) = (left.template.known_characters(), right.template.known_characters()) else {
            return false;
        };
        let clash = |(left, right): (&Option<u8>, &Option<u8>)| left.is_some() && right.is_some() && left != right;
        left.len() != right.len() || left.iter().zip(&right).any(clash)
    };
    let differs_from_right = |own: &FieldTemplate| {
        right.fields.iter().any(|other| other.mandatory && other.field == own.field && differ(own, other))
    };
    left.mti != right.mti || left.fields.iter().any(|own| own.mandatory && differs_from_right(own))
}

const FRAME_BYTES_DEFAULT: usize = 4096;
const FRAME_BYTES_MIN: usize = 64;
const TIMEOUT_MS_MAX: u64 = 180_000;
const TERTIARY_BITMAP: u8 = 65;
const DE39_RESPONSE_CODE: u8 = 39;

/// Card number, expiry, tracks and PIN block (ISO 8583-1:1987 field numbers).
const CARD_DATA: [u8; 7] = [2, 14, 34, 35, 36, 45, 52];

#[cfg(test)]
mod tests;
