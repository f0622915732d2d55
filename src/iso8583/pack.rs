//! Writing a message: values in the form of their class are checked and encoded into the caller's buffer.
//!
//! What is packed is exactly what `parse` would accept, or it is refused. A buffer that has grown once is not
//! grown again, and a [`FieldSet`] keeps its room when it is cleared. Evidence: `tests/wire_vector.rs`,
//! `tests/wire_rubbish.rs` (what was packed parses to the same values).

use zeroize::Zeroize;

use super::chars;
use super::codec::{
    BitmapEncoding, Codec, CodecError, CodecFault, FIELD_MAX, FieldBits, MtiEncoding, SECONDARY_BITMAP,
};
use super::field::{DataEncoding, FieldClass, FieldRule, Prefix, Shape};
use super::{tlv, words};

/// The fields of a message before it is packed, in the form of their classes: ASCII digits and text, `D` in
/// track data, bytes. Wiped on drop; it has no `Debug`.
pub struct FieldSet {
    mti: [u8; 4],
    fields: FieldBits,
    places: [(u16, u16); FIELD_MAX as usize + 1],
    /// Room for values, of which `used` bytes hold some.
    room: Vec<u8>,
    used: usize,
}

impl FieldSet {
    /// An empty message of this type in ASCII digits, as `*b"0200"`.
    #[must_use]
    pub fn new(mti: [u8; 4]) -> Self {
        let places = [(0, 0); FIELD_MAX as usize + 1];
        Self { mti, fields: FieldBits::default(), places, room: vec![0; ROOM_BYTES], used: 0 }
    }

    /// Wipes all fields, keeps the room, and starts a message of another type.
    pub fn restart(&mut self, mti: [u8; 4]) {
        self.room[..self.used].zeroize();
        self.used = 0;
        self.fields = FieldBits::default();
        self.mti = mti;
    }

    /// The message type.
    #[must_use]
    pub fn mti(&self) -> [u8; 4] {
        self.mti
    }

    /// Changes the message type and nothing else.
    pub(super) fn retype(&mut self, mti: [u8; 4]) {
        self.mti = mti;
    }

    /// Sets a field, or replaces it. Whether the value fits its rule is checked when the message is packed.
    ///
    /// # Errors
    /// [`CodecFault::UnknownField`] outside 2 to 128, [`CodecFault::LengthOutOfRange`] when all values together
    /// would be longer than 65 535 bytes.
    #[inline]
    pub fn set(&mut self, field: u8, value: &[u8]) -> Result<&mut Self, CodecError> {
        if !(2..=FIELD_MAX).contains(&field) {
            return Err(CodecError::new(field, 0, CodecFault::UnknownField));
        }
        let end = self.used + value.len();
        if end > self.room.len() {
            self.grow(end).ok_or(CodecError::new(field, 0, CodecFault::LengthOutOfRange))?;
        }
        words::copy_short(&mut self.room[self.used..end], value);
        self.places[usize::from(field)] = (self.used as u16, value.len() as u16);
        self.used = end;
        self.fields.insert(field);
        Ok(self)
    }

    /// The field's value, when it is set.
    #[must_use]
    pub fn get(&self, field: u8) -> Option<&[u8]> {
        if self.fields.has(field) { Some(self.value(field)) } else { None }
    }

    /// The numbers of the fields that are set, ascending.
    pub fn fields(&self) -> impl Iterator<Item = u8> {
        self.fields.iter()
    }

    #[inline]
    fn value(&self, field: u8) -> &[u8] {
        let (start, length) = self.places[usize::from(field)];
        &self.room[usize::from(start)..usize::from(start) + usize::from(length)]
    }

    /// Moves to a larger room and wipes the old one. No message needs more than 65 535 bytes.
    #[cold]
    fn grow(&mut self, bytes: usize) -> Option<()> {
        if bytes > usize::from(u16::MAX) {
            return None;
        }
        let mut larger = vec![0; usize::from(u16::MAX)];
        larger[..self.used].copy_from_slice(&self.room[..self.used]);
        std::mem::replace(&mut self.room, larger).zeroize();
        Some(())
    }
}

/// Room for any ordinary message.
const ROOM_BYTES: usize = 4096;

impl Drop for FieldSet {
    fn drop(&mut self) {
        self.room.zeroize();
    }
}

impl Codec {
    /// Replaces what `out` holds by the packed message; with an error `out` is wiped.
    pub(super) fn pack(&self, set: &FieldSet, out: &mut Vec<u8>) -> Result<(), CodecError> {
        // What the message can need at most: no encoding writes more than two bytes a character.
        out.resize(HEAD_BYTES_MAX + PREFIX_BYTES_MAX * usize::from(FIELD_MAX) + 2 * set.used, 0);
        let mut writer = Writer { out, at: 0 };
        let written = self.write(set, &mut writer);
        let length = writer.at;
        match written {
            Ok(()) => out.truncate(length),
            Err(_) => out.zeroize(),
        }
        written
    }

    fn write(&self, set: &FieldSet, out: &mut Writer<'_>) -> Result<(), CodecError> {
        if !chars::all_in(chars::DIGIT, &set.mti) {
            return Err(CodecError::new(0, 0, CodecFault::MtiNotDigits));
        }
        if let Some(unknown) = set.fields.without(self.known).iter().next() {
            return Err(CodecError::new(unknown, 0, CodecFault::UnknownField));
        }
        match (self.mti, set.mti.map(|digit| digit & 0xF)) {
            (MtiEncoding::Ascii, _) => out.put(&set.mti),
            (MtiEncoding::Bcd, [first, second, third, fourth]) => out.put(&[first << 4 | second, third << 4 | fourth]),
        }
        self.write_bitmap(set.fields, out);
        for field in set.fields.iter() {
            let rule = &self.rules[usize::from(field)];
            if let Err(fault) = write_field(rule, set.value(field), out) {
                return Err(CodecError::new(field, out.at, fault));
            }
        }
        Ok(())
    }

    fn write_bitmap(&self, fields: FieldBits, out: &mut Writer<'_>) {
        let (mut primary, secondary) = fields.to_wire();
        if secondary != 0 {
            primary |= SECONDARY_BITMAP.to_wire().0;
        }
        let words = [primary, secondary];
        for word in &words[..if secondary == 0 { 1 } else { 2 }] {
            match self.bitmap {
                BitmapEncoding::Raw => out.put(&word.to_be_bytes()),
                BitmapEncoding::Hex => write_hex(&word.to_be_bytes(), out),
            }
        }
    }
}

/// Four characters of type and two bitmaps in hex.
const HEAD_BYTES_MAX: usize = 4 + 2 * 16;
const PREFIX_BYTES_MAX: usize = 3;

/// A buffer that is long enough, and how far it is written.
struct Writer<'a> {
    out: &'a mut [u8],
    at: usize,
}

impl Writer<'_> {
    /// The next bytes, to be written to.
    #[inline]
    fn take(&mut self, bytes: usize) -> &mut [u8] {
        let start = self.at;
        self.at += bytes;
        &mut self.out[start..start + bytes]
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        words::copy_short(self.take(bytes.len()), bytes);
    }

    /// Writes a byte for each character.
    #[inline]
    fn put_each(&mut self, characters: &[u8], byte_of: impl Fn(u8) -> u8) {
        let target = self.take(characters.len());
        target.iter_mut().zip(characters).for_each(|(byte, character)| *byte = byte_of(*character));
    }
}

#[inline]
fn write_field(rule: &FieldRule, value: &[u8], out: &mut Writer<'_>) -> Result<(), CodecFault> {
    let units = value.len();
    if units < usize::from(rule.min) || units > usize::from(rule.max) {
        return Err(CodecFault::LengthOutOfRange);
    }
    if rule.prefix != Prefix::None {
        write_count(rule.prefix, rule.count_of(units), out);
    }
    write_value(rule, value, out)
}

#[inline]
fn write_count(prefix: Prefix, count: usize, out: &mut Writer<'_>) {
    let bcd = |number: usize| (number / 10 % 10 * 16 + number % 10) as u8;
    let digit = |number: usize| b'0' + (number % 10) as u8;
    match prefix {
        Prefix::None => {}
        Prefix::Bcd1 => out.put(&[bcd(count)]),
        Prefix::Bcd2 => out.put(&[bcd(count / 100), bcd(count)]),
        Prefix::Ascii2 => out.put(&[digit(count / 10), digit(count)]),
        Prefix::Ascii3 => out.put(&[digit(count / 100), digit(count / 10), digit(count)]),
        Prefix::Bin1 => out.put(&[count as u8]),
        Prefix::Bin2 => out.put(&(count as u16).to_be_bytes()),
    }
}

#[inline]
fn write_value(rule: &FieldRule, value: &[u8], out: &mut Writer<'_>) -> Result<(), CodecFault> {
    let allowed = match rule.shape {
        Shape::Digits | Shape::Track => return write_bcd(rule, value, out),
        Shape::Elements if tlv::first_fault(value).is_some() => return Err(CodecFault::TlvBroken),
        Shape::Bytes | Shape::Elements => true,
        Shape::Printable => words::all_hold(value, 0, value.len(), words::not_printable),
        Shape::Text | Shape::Converted => chars::all_in(rule.value_set(), value),
    };
    if !allowed {
        return Err(CodecFault::CharacterNotAllowed);
    }
    match (rule.shape, rule.data, rule.class) {
        (Shape::Converted, DataEncoding::Hex, _) => write_hex(value, out),
        (Shape::Converted, DataEncoding::Ebcdic, FieldClass::Z) => {
            out.put_each(value, |character| chars::ebcdic_of(separator_as_text(character)));
        }
        (Shape::Converted, DataEncoding::Ebcdic, _) => out.put_each(value, chars::ebcdic_of),
        (Shape::Converted, ..) => out.put_each(value, separator_as_text),
        _ => out.put(value),
    }
    Ok(())
}

#[inline]
fn write_bcd(rule: &FieldRule, value: &[u8], out: &mut Writer<'_>) -> Result<(), CodecFault> {
    let target = out.take(value.len().div_ceil(2));
    let pad = rule.pad.value();
    let whole = match (value.len() % 2, rule.data, value, target) {
        (0, _, value, target) => write_pairs(rule.shape, value, target),
        (_, DataEncoding::BcdRight, [odd, value @ ..], [byte, target @ ..]) => {
            *byte = pad << 4 | chars::nibble_of(rule.shape == Shape::Track, *odd) & 0xF;
            is_digit(rule.shape, *odd) && write_pairs(rule.shape, value, target)
        }
        (_, _, [value @ .., odd], [target @ .., byte]) => {
            *byte = chars::nibble_of(rule.shape == Shape::Track, *odd) << 4 | pad;
            is_digit(rule.shape, *odd) && write_pairs(rule.shape, value, target)
        }
        _ => false,
    };
    if whole { Ok(()) } else { Err(CodecFault::CharacterNotAllowed) }
}

#[inline]
fn is_digit(shape: Shape, character: u8) -> bool {
    chars::nibble_of(shape == Shape::Track, character) != chars::NO_NIBBLE
}

/// Writes an even number of digits, eight at a time where they are all digits; says whether all had a nibble.
#[inline]
fn write_pairs(shape: Shape, mut value: &[u8], mut target: &mut [u8]) -> bool {
    while let (Some((eight, value_rest)), true) = (value.split_first_chunk(), target.len() >= 4) {
        let Some(bcd) = words::bcd_of_eight(*eight) else { break };
        let (four, target_rest) = target.split_at_mut(4);
        four.copy_from_slice(&bcd);
        (value, target) = (value_rest, target_rest);
    }
    let track = shape == Shape::Track;
    let mut seen = 0;
    for ([high, low], byte) in value.as_chunks().0.iter().zip(target) {
        let (high, low) = (chars::nibble_of(track, *high), chars::nibble_of(track, *low));
        seen |= high | low;
        *byte = high << 4 | low & 0xF;
    }
    seen & chars::NO_NIBBLE == 0
}

fn separator_as_text(character: u8) -> u8 {
    if character == b'D' { b'=' } else { character }
}

fn write_hex(bytes: &[u8], out: &mut Writer<'_>) {
    let target = out.take(bytes.len() * 2);
    for ([high, low], byte) in target.as_chunks_mut().0.iter_mut().zip(bytes) {
        (*high, *low) = (chars::hex_digit(byte >> 4), chars::hex_digit(*byte));
    }
}
