//! Templates: what a field of a message holds, as `22{batch}00060`.
//!
//! Text stands for itself, a value's name in braces for the value, and `{sales_count:3}` for its last three digits,
//! where the others are zeros. A template is filled to compose a field and
//! read backwards to extract the values; both need every length to be known but one, which the dialect's check
//! sees to. Evidence: `mod tests` below, `tests/wire_dialects.rs`.

use zeroize::Zeroizing;

use super::chars;
use super::codec::CodecFault;
use super::value::{ValueKind, ValueName, Values};

/// A template that has been read.
#[derive(Clone, Debug)]
pub(super) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Literal(Vec<u8>),
    Value(ValueName),
    /// The last digits of a number, as many as are said; the others must be zeros.
    Last(ValueName, usize),
}

impl Part {
    fn length_range(&self) -> (usize, usize) {
        match self {
            Self::Literal(text) => (text.len(), text.len()),
            Self::Value(name) => name.length_range(),
            Self::Last(_, digits) => (*digits, *digits),
        }
    }

    /// Reads what stands between braces.
    fn read(inside: &str) -> Result<Self, TemplateFault> {
        let (word, digits) = inside.split_once(':').map_or((inside, None), |(word, digits)| (word, Some(digits)));
        let name = ValueName::from_word(word).ok_or(TemplateFault::UnknownValue)?;
        let Some(digits) = digits else { return Ok(Self::Value(name)) };
        let digits: usize = digits.parse().map_err(|_| TemplateFault::Digits)?;
        let is_part = name.kind() == ValueKind::Digits && has_fixed_length(name);
        if is_part && (1..name.length_range().0).contains(&digits) {
            Ok(Self::Last(name, digits))
        } else {
            Err(TemplateFault::Digits)
        }
    }
}

/// Why a text is no template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TemplateFault {
    Empty,
    Braces,
    UnknownValue,
    Digits,
    TwoVariableLengths,
}

impl Template {
    pub(super) fn read(text: &str) -> Result<Self, TemplateFault> {
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let literal_end = rest.find(['{', '}']).unwrap_or(rest.len());
            let (literal, tail) = rest.split_at(literal_end);
            if !literal.is_empty() {
                parts.push(Part::Literal(literal.as_bytes().to_vec()));
            }
            rest = tail;
            if let Some(inside) = tail.strip_prefix('{') {
                let (inside, tail) = inside.split_once('}').ok_or(TemplateFault::Braces)?;
                parts.push(Part::read(inside)?);
                rest = tail;
            } else if tail.starts_with('}') {
                return Err(TemplateFault::Braces);
            }
        }
        let template = Self(parts);
        match template.names().filter(|name| !has_fixed_length(*name)).count() {
            _ if template.0.is_empty() => Err(TemplateFault::Empty),
            0 | 1 => Ok(template),
            _ => Err(TemplateFault::TwoVariableLengths),
        }
    }

    pub(super) fn parts(&self) -> &[Part] {
        &self.0
    }

    /// The values that it names, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = ValueName> {
        self.0.iter().filter_map(|part| match part {
            Part::Value(name) | Part::Last(name, _) => Some(*name),
            Part::Literal(_) => None,
        })
    }

    /// The shortest and the longest that it can become.
    pub(super) fn length_range(&self) -> (usize, usize) {
        self.0.iter().fold((0, 0), |(min, max), part| {
            let (part_min, part_max) = part.length_range();
            (min + part_min, max + part_max)
        })
    }

    /// Its characters where they are known beforehand; `None` where its length is not.
    pub(super) fn known_characters(&self) -> Option<Vec<Option<u8>>> {
        let mut known = Vec::new();
        for part in &self.0 {
            match part {
                Part::Literal(text) => known.extend(text.iter().copied().map(Some)),
                Part::Value(name) if !has_fixed_length(*name) => return None,
                Part::Value(_) | Part::Last(..) => known.resize(known.len() + part.length_range().0, None),
            }
        }
        Some(known)
    }

    /// Whether a value can be what the template becomes, by the characters known beforehand.
    pub(super) fn may_be(&self, value: &[u8]) -> bool {
        self.known_characters().is_none_or(|known| {
            known.len() == value.len()
                && known.iter().zip(value).all(|(known, found)| known.is_none_or(|known| known == *found))
        })
    }

    /// Appends the template with its values in place.
    pub(super) fn fill(&self, values: &Values, out: &mut Vec<u8>) -> Result<(), CodecFault> {
        for part in &self.0 {
            match part {
                Part::Literal(text) => out.extend_from_slice(text),
                Part::Value(name) => out.extend_from_slice(value_of(*name, values)?),
                Part::Last(name, digits) => {
                    let value = value_of(*name, values)?;
                    let (zeros, last) = value.split_at(value.len() - digits);
                    if zeros.iter().any(|digit| *digit != b'0') {
                        return Err(CodecFault::ValueMalformed(*name));
                    }
                    out.extend_from_slice(last);
                }
            }
        }
        Ok(())
    }

    /// Reads the values back. What another field has already given must be the same here.
    pub(super) fn read_into(&self, field: &[u8], values: &mut Values) -> Result<(), CodecFault> {
        let (min, _) = self.length_range();
        let mut spare = field.len().checked_sub(min).ok_or(CodecFault::TemplateMismatch)?;
        let mut rest = field;
        for part in &self.0 {
            let length = match part {
                Part::Value(name) if !has_fixed_length(*name) => part.length_range().0 + std::mem::take(&mut spare),
                _ => part.length_range().0,
            };
            let (found, tail) = rest.split_at_checked(length).ok_or(CodecFault::TemplateMismatch)?;
            rest = tail;
            match part {
                Part::Literal(text) if text != found => return Err(CodecFault::TemplateMismatch),
                Part::Literal(_) => {}
                Part::Value(name) => keep(*name, found, values)?,
                Part::Last(name, _) => keep(*name, &with_zeros(*name, found), values)?,
            }
        }
        if rest.is_empty() { Ok(()) } else { Err(CodecFault::TemplateMismatch) }
    }
}

/// The value, in its form.
fn value_of(name: ValueName, values: &Values) -> Result<&[u8], CodecFault> {
    let value = values.get(name).ok_or(CodecFault::ValueMissing(name))?;
    if has_its_form(name, value) { Ok(value) } else { Err(CodecFault::ValueMalformed(name)) }
}

fn with_zeros(name: ValueName, last: &[u8]) -> Vec<u8> {
    let mut whole = vec![b'0'; name.length_range().0 - last.len()];
    whole.extend_from_slice(last);
    whole
}

fn keep(name: ValueName, found: &[u8], values: &mut Values) -> Result<(), CodecFault> {
    if !has_its_form(name, found) {
        return Err(CodecFault::ValueMalformed(name));
    }
    match values.get(name) {
        Some(known) if known != found => Err(CodecFault::Contradiction(name)),
        Some(_) => Ok(()),
        None => {
            values.set(name, Zeroizing::new(found.to_vec()).as_slice());
            Ok(())
        }
    }
}

fn has_fixed_length(name: ValueName) -> bool {
    let (min, max) = name.length_range();
    min == max
}

/// Whether a value has the length and the characters that its name asks for.
pub(super) fn has_its_form(name: ValueName, value: &[u8]) -> bool {
    let (min, max) = name.length_range();
    let characters = match name.kind() {
        ValueKind::Digits => chars::all_in(chars::DIGIT, value),
        ValueKind::Text => chars::all_in(chars::PRINTABLE, value),
        ValueKind::Track => {
            chars::all_in(chars::TRACK, value)
                && !value.contains(&b'=')
                && value.iter().filter(|character| **character == b'D').count() == 1
        }
        ValueKind::Bytes => true,
    };
    (min..=max).contains(&value.len()) && characters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_template_is_refused() {
        for (text, verdict) in [
            ("", TemplateFault::Empty),
            ("{", TemplateFault::Braces),
            ("}", TemplateFault::Braces),
            ("22{batch", TemplateFault::Braces),
            ("22batch}", TemplateFault::Braces),
            ("{}", TemplateFault::UnknownValue),
            ("{{batch}}", TemplateFault::UnknownValue),
            ("{Batch}", TemplateFault::UnknownValue),
            ("{cvv}", TemplateFault::UnknownValue),
            ("{pan}{track2}", TemplateFault::TwoVariableLengths),
            ("{sales_count:}", TemplateFault::Digits),
            ("{sales_count:0}", TemplateFault::Digits),
            ("{sales_count:10}", TemplateFault::Digits),
            ("{sales_count:x}", TemplateFault::Digits),
            ("{pan:12}", TemplateFault::Digits),
            ("{rrn:4}", TemplateFault::Digits),
            ("{cvv:3}", TemplateFault::UnknownValue),
        ] {
            assert_eq!(Template::read(text).unwrap_err(), verdict, "{text:?}");
        }
    }

    #[test]
    fn a_template_reads_back_what_it_wrote() {
        for (text, pan, verdict) in [
            ("22{batch}00060", "4761739001010119", "2200000100060"),
            ("{batch}{stan}1122", "4761739001010119", "0000010000421122"),
            ("{batch}={pan}!", "4761739001010119", "000001=4761739001010119!"),
            ("{batch}={pan}!", "476173900101", "000001=476173900101!"),
            ("{batch:1}{stan:2}={pan}", "476173900101", "142=476173900101"),
        ] {
            let mut values = Values::new();
            values.set(ValueName::Batch, "000001").set(ValueName::Stan, "000042").set(ValueName::Pan, pan);
            let template = Template::read(text).unwrap();
            let mut field = Vec::new();
            template.fill(&values, &mut field).unwrap();
            assert_eq!(field, verdict.as_bytes());
            let mut read = Values::new();
            template.read_into(&field, &mut read).unwrap();
            for name in template.names() {
                assert_eq!(read.get(name), values.get(name));
            }
        }
    }

    #[test]
    fn a_field_that_does_not_read_as_its_template_is_refused() {
        let mut known = Values::new();
        known.set(ValueName::Stan, "000042");
        for (text, field, verdict) in [
            ("22{batch}000", "21000001000", CodecFault::TemplateMismatch),
            ("22{batch}000", "22000001001", CodecFault::TemplateMismatch),
            ("22{batch}000", "2200000100", CodecFault::TemplateMismatch),
            ("22{batch}000", "220000010000", CodecFault::TemplateMismatch),
            ("22{batch}000", "22A00001000", CodecFault::ValueMalformed(ValueName::Batch)),
            ("{pan}", "47617390010", CodecFault::TemplateMismatch),
            ("{pan}", "47617390010101190000", CodecFault::ValueMalformed(ValueName::Pan)),
            ("{track2}", "4761739001010119=2812", CodecFault::ValueMalformed(ValueName::Track2)),
            ("{track2}", "4761739001010119D28D12", CodecFault::ValueMalformed(ValueName::Track2)),
            ("{stan}", "000043", CodecFault::Contradiction(ValueName::Stan)),
            ("{stan:2}", "43", CodecFault::Contradiction(ValueName::Stan)),
            ("{stan:2}", "4A", CodecFault::ValueMalformed(ValueName::Stan)),
            ("{stan:2}", "422", CodecFault::TemplateMismatch),
        ] {
            let refused = Template::read(text).unwrap().read_into(field.as_bytes(), &mut known.clone());
            assert_eq!(refused, Err(verdict), "{text} {field}");
        }
    }

    #[test]
    fn values_that_are_missing_or_malformed_are_named() {
        let mut values = Values::new();
        values
            .set(ValueName::Stan, "42")
            .set(ValueName::TerminalId, "TERM\n001")
            .set(ValueName::OriginalStan, "001234");
        for (text, verdict) in [
            ("{original_stan:3}", CodecFault::ValueMalformed(ValueName::OriginalStan)),
            ("{batch:3}", CodecFault::ValueMissing(ValueName::Batch)),
            ("{batch}", CodecFault::ValueMissing(ValueName::Batch)),
            ("{stan}", CodecFault::ValueMalformed(ValueName::Stan)),
            ("{terminal_id}", CodecFault::ValueMalformed(ValueName::TerminalId)),
        ] {
            assert_eq!(Template::read(text).unwrap().fill(&values, &mut Vec::new()), Err(verdict));
        }
    }
}
