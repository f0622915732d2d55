//! Reading a message in place: every field is checked, none is copied, nothing is allocated.
//!
//! The result borrows the message and holds where each value begins; its length is read again when it is asked for.
//! A message is accepted whole or refused with the first fault, its field and its offset. Whether a value holds is
//! judged in words; what is wrong with it is looked for only then. Evidence: `tests/wire_vector.rs` (a message packed elsewhere),
//! `tests/wire_fields.rs` (each refusal), `tests/wire_rubbish.rs` (any bytes at all).

use std::fmt;

use zeroize::Zeroizing;

use super::chars;
use super::codec::{
    BitmapEncoding, Codec, CodecError, CodecFault, FIELD_MAX, FieldBits, MtiEncoding, SECONDARY_BITMAP, TrailingBytes,
};
use super::field::{Count, DataEncoding, FieldClass, FieldRule, PadNibble, Prefix, Sensitivity, Shape};
use super::{tlv, words};

/// A message that has been read, borrowed from its bytes. Its `Debug` shows each field as its sensitivity allows.
pub struct Parsed<'a> {
    codec: &'a Codec,
    message: &'a [u8],
    mti: [u8; 4],
    fields: FieldBits,
    starts: [u16; FIELD_MAX as usize + 1],
}

/// Where a value stands: its first byte, and its length in digits, characters or bytes.
#[derive(Clone, Copy)]
struct Span {
    start: usize,
    units: usize,
}

impl<'a> Parsed<'a> {
    /// The message type in ASCII digits, as `*b"0210"`.
    #[must_use]
    pub fn mti(&self) -> [u8; 4] {
        self.mti
    }

    /// The numbers of the fields that are there, ascending, without the bitmaps.
    pub fn fields(&self) -> impl Iterator<Item = u8> {
        self.fields.iter()
    }

    /// Whether a field is there.
    #[must_use]
    pub fn has(&self, field: u8) -> bool {
        self.fields.has(field)
    }

    /// The field's bytes as they stand in the message, without its length.
    #[must_use]
    pub fn raw(&self, field: u8) -> Option<&'a [u8]> {
        let (rule, span) = self.entry(field)?;
        self.message.get(span.start..span.start + rule.wire_bytes(span.units))
    }

    /// The field in the form of its class: ASCII digits and text, `D` in track data, bytes.
    #[must_use]
    pub fn value(&self, field: u8) -> Option<Zeroizing<Vec<u8>>> {
        let (_, span) = self.entry(field)?;
        let mut value = Zeroizing::new(Vec::with_capacity(span.units));
        self.append_value(field, &mut value);
        Some(value)
    }

    /// The offset of the field's first byte after its length.
    #[must_use]
    pub fn offset(&self, field: u8) -> Option<usize> {
        self.entry(field).map(|(_, span)| span.start)
    }

    /// Appends the value of [`Self::value`]; a field that is not there appends nothing.
    pub fn append_value(&self, field: u8, out: &mut Vec<u8>) {
        let (Some((rule, span)), Some(wire)) = (self.entry(field), self.raw(field)) else { return };
        let units = span.units;
        match rule.data {
            DataEncoding::BcdLeft => out.extend((0..units).map(|index| digit_of(wire, index))),
            DataEncoding::BcdRight => out.extend((0..units).map(|index| digit_of(wire, index + units % 2))),
            DataEncoding::Ascii if rule.class == FieldClass::Z => {
                out.extend(wire.iter().map(|byte| if *byte == b'=' { b'D' } else { *byte }));
            }
            DataEncoding::Ascii | DataEncoding::Raw => out.extend_from_slice(wire),
            DataEncoding::Ebcdic if rule.class == FieldClass::Z => {
                out.extend(wire.iter().map(|byte| chars::ascii_of(*byte)).map(|c| if c == b'=' { b'D' } else { c }));
            }
            DataEncoding::Ebcdic => out.extend(wire.iter().map(|byte| chars::ascii_of(*byte))),
            DataEncoding::Hex => out.extend(
                wire.as_chunks().0.iter().map(|[high, low]| chars::hex_value(*high) << 4 | chars::hex_value(*low)),
            ),
        }
    }

    fn entry(&self, field: u8) -> Option<(&'a FieldRule, Span)> {
        if !self.has(field) {
            return None;
        }
        let rule = self.codec.rule(field)?;
        let start = usize::from(*self.starts.get(usize::from(field))?);
        let units = match rule.prefix {
            Prefix::None => usize::from(rule.max),
            prefix => {
                let count = read_count(prefix, self.message, start - prefix.bytes()).ok()?;
                counted_units(rule, self.message, start, count).ok()?.0
            }
        };
        Some((rule, Span { start, units }))
    }
}

/// The ASCII digit, or `D`, of the nibble with this index.
#[inline]
fn digit_of(bcd: &[u8], index: usize) -> u8 {
    let byte = bcd[index / 2];
    chars::hex_digit(if index.is_multiple_of(2) { byte >> 4 } else { byte })
}

impl fmt::Debug for Parsed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.mti))?;
        for (field, (rule, span)) in self.fields().filter_map(|field| Some((field, self.entry(field)?))) {
            write!(f, " {field}=")?;
            let value = self.value(field).unwrap_or_default();
            match (rule.sensitivity, rule.class) {
                (Sensitivity::Secret, _) => write!(f, "({})", span.units)?,
                (_, FieldClass::B | FieldClass::Tlv) => value.iter().try_for_each(|byte| write!(f, "{byte:02X}"))?,
                (Sensitivity::Open, _) => f.write_str(&String::from_utf8_lossy(&value))?,
                (Sensitivity::Mask, _) => {
                    let shown = |index| value.len() > 10 && (index < 6 || index + 4 >= value.len());
                    let masked = value.iter().enumerate().map(|(at, c)| if shown(at) { char::from(*c) } else { '*' });
                    f.write_str(&masked.collect::<String>())?;
                }
            }
        }
        Ok(())
    }
}

impl Codec {
    /// Reads a message of at most 65 535 bytes.
    #[inline]
    pub(super) fn parse<'a>(&'a self, message: &'a [u8]) -> Result<Parsed<'a>, CodecError> {
        if message.len() > usize::from(u16::MAX) {
            return Err(CodecError::new(0, usize::from(u16::MAX), CodecFault::TrailingBytes));
        }
        let (mti, at) = self.read_mti(message)?;
        let (fields, mut at) = self.read_bitmap(message, at)?;
        let starts = [0; FIELD_MAX as usize + 1];
        let mut parsed = Parsed { codec: self, message, mti, fields, starts };
        for field in fields.iter() {
            let rule = &self.rules[usize::from(field)];
            match read_field(rule, message, at) {
                Ok((start, end)) => {
                    parsed.starts[usize::from(field)] = start as u16;
                    at = end;
                }
                Err((offset, fault)) => return Err(CodecError::new(field, offset, fault)),
            }
        }
        if at != message.len() && self.trailing == TrailingBytes::Refuse {
            return Err(CodecError::new(0, at, CodecFault::TrailingBytes));
        }
        Ok(parsed)
    }

    #[inline]
    fn read_mti(&self, message: &[u8]) -> Result<([u8; 4], usize), CodecError> {
        let truncated = CodecError::new(0, message.len(), CodecFault::Truncated);
        let (mti, at) = match self.mti {
            MtiEncoding::Bcd => {
                let [class, origin] = *message.first_chunk().ok_or(truncated)?;
                ([class >> 4, class, origin >> 4, origin].map(chars::hex_digit), 2)
            }
            MtiEncoding::Ascii => (*message.first_chunk::<4>().ok_or(truncated)?, 4),
        };
        if !chars::all_in(chars::DIGIT, &mti) {
            return Err(CodecError::new(0, 0, CodecFault::MtiNotDigits));
        }
        Ok((mti, at))
    }

    #[inline]
    fn read_bitmap(&self, message: &[u8], at: usize) -> Result<(FieldBits, usize), CodecError> {
        let (primary, mut at) = self.read_bitmap_word(message, at)?;
        let mut secondary = 0;
        if primary >> 63 == 1 {
            (secondary, at) = self.read_bitmap_word(message, at)?;
        }
        let fields = FieldBits::from_wire(primary, secondary).without(SECONDARY_BITMAP);
        match fields.without(self.known).iter().next() {
            Some(unknown) => Err(CodecError::new(unknown, at, CodecFault::UnknownField)),
            None => Ok((fields, at)),
        }
    }

    #[inline]
    fn read_bitmap_word(&self, message: &[u8], at: usize) -> Result<(u64, usize), CodecError> {
        let rest = message.get(at..).unwrap_or_default();
        let truncated = CodecError::new(1, message.len(), CodecFault::Truncated);
        match self.bitmap {
            BitmapEncoding::Raw => {
                let word = rest.first_chunk::<8>().ok_or(truncated)?;
                Ok((u64::from_be_bytes(*word), at + 8))
            }
            BitmapEncoding::Hex => {
                let word = rest.first_chunk::<16>().ok_or(truncated)?;
                if let Some(index) = chars::first_outside(chars::HEX, word) {
                    return Err(CodecError::new(1, at + index, CodecFault::BitmapNotHex));
                }
                let value = word.iter().fold(0, |value, digit| value << 4 | u64::from(chars::hex_value(*digit)));
                Ok((value, at + 16))
            }
        }
    }
}

type Fault = (usize, CodecFault);

/// Reads one field that begins at `at`; returns where its value begins and ends.
#[inline]
fn read_field(rule: &FieldRule, message: &[u8], at: usize) -> Result<(usize, usize), Fault> {
    // Most fields are a few digits: one word holds them, and what follows them is shifted out.
    let bytes = usize::from(rule.short_digits);
    if bytes != 0
        && let Some(word) = message.get(at..).and_then(|rest| rest.first_chunk())
        && words::not_digits(u64::from_le_bytes(*word)) << (64 - 8 * bytes) == 0
    {
        return Ok((at, at + bytes));
    }
    read_other_field(rule, message, at)
}

/// Reads a field of any kind; one that is too short for its message, or that does not hold, ends here.
#[inline]
fn read_other_field(rule: &FieldRule, message: &[u8], at: usize) -> Result<(usize, usize), Fault> {
    let (start, units, end) = if rule.prefix == Prefix::None {
        let units = usize::from(rule.max);
        (at, units, at + rule.wire_bytes(units))
    } else {
        let count = read_count(rule.prefix, message, at)?;
        let start = at + rule.prefix.bytes();
        let (units, end) = counted_units(rule, message, start, count).map_err(|fault| (at, fault))?;
        (start, units, end)
    };
    if end > message.len() {
        return Err((message.len(), CodecFault::Truncated));
    }
    if holds(rule, message, start, end, units) {
        Ok((start, end))
    } else {
        Err(find_fault(rule, message, start, units))
    }
}

/// The units of a value after its count, and where it ends, which may be beyond the message.
#[inline]
fn counted_units(rule: &FieldRule, message: &[u8], start: usize, count: usize) -> Result<(usize, usize), CodecFault> {
    let mut units = units_of_count(rule, count).ok_or(CodecFault::LengthOutOfRange)?;
    let end = start + rule.wire_bytes(units);
    // A count of bytes may still lose a digit to its pad nibble.
    if rule.count == Count::BcdBytes {
        let wire = message.get(start..end).unwrap_or_default();
        units = units.saturating_sub(usize::from(has_pad_f(rule.data, wire)));
    }
    let in_range = units >= usize::from(rule.min) && units <= usize::from(rule.max);
    if in_range { Ok((units, end)) } else { Err(CodecFault::LengthOutOfRange) }
}

#[inline]
fn read_count(prefix: Prefix, message: &[u8], at: usize) -> Result<usize, Fault> {
    let truncated = (message.len(), CodecFault::Truncated);
    let rest = message.get(at..).ok_or(truncated)?;
    let bcd = |byte: u8| usize::from(byte >> 4) * 10 + usize::from(byte & 0xF);
    let (digits, count) = match prefix {
        Prefix::None => (true, 0),
        Prefix::Bcd1 => {
            let [byte] = *rest.first_chunk().ok_or(truncated)?;
            (words::not_digits(u64::from(byte)) == 0, bcd(byte))
        }
        Prefix::Bcd2 => {
            let [high, low] = *rest.first_chunk().ok_or(truncated)?;
            // A nibble in front of three digits makes the count too large for any field.
            (words::not_digits(u64::from(high) << 8 | u64::from(low)) == 0, bcd(high) * 100 + bcd(low))
        }
        Prefix::Bin1 => (true, usize::from(rest.first_chunk::<1>().ok_or(truncated)?[0])),
        Prefix::Bin2 => (true, usize::from(u16::from_be_bytes(*rest.first_chunk().ok_or(truncated)?))),
        Prefix::Ascii2 | Prefix::Ascii3 => {
            let digits = rest.get(..prefix.bytes()).ok_or(truncated)?;
            let count = digits.iter().fold(0, |sum, digit| sum * 10 + usize::from(digit & 0xF));
            (chars::all_in(chars::DIGIT, digits), count)
        }
    };
    if digits { Ok(count) } else { Err((at, CodecFault::LengthNotDigits)) }
}

/// The units of the value that a count announces; an odd number of hex digits announces none.
#[inline]
fn units_of_count(rule: &FieldRule, count: usize) -> Option<usize> {
    match rule.count {
        Count::Units => Some(count),
        Count::BcdBytes => Some(count * 2),
        Count::HexDigits => count.is_multiple_of(2).then_some(count / 2),
    }
}

fn has_pad_f(data: DataEncoding, wire: &[u8]) -> bool {
    match data {
        DataEncoding::BcdLeft => wire.last().is_some_and(|byte| byte & 0xF == 0xF),
        _ => wire.first().is_some_and(|byte| byte >> 4 == 0xF),
    }
}

/// Whether a value within the message is what its rule allows.
#[inline]
fn holds(rule: &FieldRule, message: &[u8], start: usize, end: usize, units: usize) -> bool {
    match rule.shape {
        Shape::Digits => bcd_holds(rule, message, start, end, units, words::not_digits),
        Shape::Track => bcd_holds(rule, message, start, end, units, words::not_track),
        Shape::Printable => words::all_hold(message, start, end, words::not_printable),
        Shape::Bytes => true,
        Shape::Text => chars::all_in(rule.value_set(), &message[start..end]),
        Shape::Elements => tlv::first_fault(&message[start..end]).is_none(),
        Shape::Converted => converted_holds(rule, &message[start..end]),
    }
}

#[inline]
fn bcd_holds(
    rule: &FieldRule,
    message: &[u8],
    start: usize,
    end: usize,
    units: usize,
    judge: impl Fn(u64) -> u64,
) -> bool {
    let right = rule.data == DataEncoding::BcdRight;
    let pad_holds =
        units.is_multiple_of(2) || rule.pad.value() == if right { message[start] >> 4 } else { message[end - 1] & 0xF };
    if rule.pad == PadNibble::F && !units.is_multiple_of(2) {
        return pad_holds && odd_digits_hold(message, start, end, right, judge);
    }
    // A zero that pads is judged as a digit among the others.
    pad_holds && words::all_hold(message, start, end, judge)
}

/// The digits of a value but for its pad nibble.
fn odd_digits_hold(message: &[u8], start: usize, end: usize, right: bool, judge: impl Fn(u64) -> u64) -> bool {
    let (odd, start, end) =
        if right { (message[start] & 0x0F, start + 1, end) } else { (message[end - 1] & 0xF0, start, end - 1) };
    judge(u64::from(odd)) == 0 && words::all_hold(message, start, end, judge)
}

fn converted_holds(rule: &FieldRule, wire: &[u8]) -> bool {
    match rule.data {
        DataEncoding::Hex => chars::all_in(chars::HEX, wire),
        DataEncoding::Ebcdic => wire.iter().all(|byte| chars::all_in(rule.value_set(), &[chars::ascii_of(*byte)])),
        _ => chars::all_in(rule.value_set(), wire),
    }
}

/// What is wrong with a value that does not hold, and where.
#[cold]
fn find_fault(rule: &FieldRule, message: &[u8], start: usize, units: usize) -> Fault {
    let wire = &message[start..start + rule.wire_bytes(units)];
    let outside = |set| chars::first_outside(set, wire);
    let (index, fault) = match rule.shape {
        Shape::Digits | Shape::Track => find_bcd_fault(rule, wire, units),
        Shape::Elements => (tlv::first_fault(wire), CodecFault::TlvBroken),
        Shape::Converted if rule.data == DataEncoding::Hex => (outside(chars::HEX), CodecFault::CharacterNotAllowed),
        Shape::Converted if rule.data == DataEncoding::Ebcdic => {
            let index = wire.iter().position(|byte| !converted_holds(rule, &[*byte]));
            (index, CodecFault::CharacterNotAllowed)
        }
        _ => (outside(rule.value_set()), CodecFault::CharacterNotAllowed),
    };
    (start + index.unwrap_or_default(), fault)
}

/// A digit that is none is found before a pad nibble that is wrong.
fn find_bcd_fault(rule: &FieldRule, wire: &[u8], units: usize) -> (Option<usize>, CodecFault) {
    let set = if rule.shape == Shape::Track { chars::BCD_TRACK } else { chars::BCD_DIGITS };
    let odd = units % 2 == 1;
    let pad_at = if rule.data == DataEncoding::BcdRight { 0 } else { wire.len() - 1 };
    let digits_of = |(index, byte): (usize, &u8)| match (odd && index == pad_at, rule.data) {
        (false, _) => *byte,
        (true, DataEncoding::BcdRight) => byte & 0x0F,
        (true, _) => byte & 0xF0,
    };
    let wrong_digit = wire.iter().enumerate().map(digits_of).position(|byte| !chars::all_in(set, &[byte]));
    match wrong_digit {
        Some(index) => (Some(index), CodecFault::CharacterNotAllowed),
        None => (Some(pad_at), CodecFault::PadNibbleWrong),
    }
}
