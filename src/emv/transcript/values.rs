//! What a transcript says for the terminal: the answers in its commands, its `terminal` member, its date.
//!
//! A PDOL answer in a command is taken apart by the PDOL in the response before it. Where a tag repeats, the
//! longest answer counts; a value that its list has cut or padded is brought back to its own length, or is the
//! one that `terminal` gives, if that one would be cut so. It never invents: a limit that is not given is absent.
//! Evidence: `mod tests` below, `tests/emv_transcripts.rs`.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::emv::capk::Environment;
use crate::emv::dol::DolEntry;
use crate::emv::hex::{self, HexArray, HexBytes};
use crate::emv::kernel3::{self, qualifiers::Ttq};
use crate::emv::store::TagStore;
use crate::emv::tags::*;
use crate::emv::terminal_data::{Combination, TerminalData, TransactionType};
use crate::emv::{apdu, dol, tlv};

use super::Transcript;

/// Values by tag.
pub(super) type Values = BTreeMap<Tag, Vec<u8>>;

impl Transcript {
    /// The values of `terminal` whose names are tags.
    pub(super) fn terminal_values(&self) -> Values {
        self.terminal.iter().filter_map(|(name, value)| tagged_value(name, value)).collect()
    }

    /// The answers that the command at `index` gives to the PDOL in the response before it.
    pub(super) fn options_answers(&self, index: usize) -> Values {
        let (Some((_, fci)), Some((command, _))) = (self.apdus.get(index.wrapping_sub(1)), self.apdus.get(index))
        else {
            return Values::new();
        };
        let Some(mut answer) = options_data(&command.0) else { return Values::new() };
        let mut parts = Vec::new();
        for entry in dol::read(value_within(&fci.0, TAG_9F38_PDOL).unwrap_or_default()).map_while(Result::ok) {
            let Some((value, rest)) = answer.split_at_checked(entry.length) else { break };
            answer = rest;
            parts.push((entry, value));
        }
        parts.sort_by_key(|(entry, _)| entry.length);
        let given = self.terminal_values();
        let whole = |(entry, part): (DolEntry, &[u8])| {
            let known = given.get(&entry.tag).filter(|value| dol::fitted(value, entry) == part);
            (entry.tag, known.cloned().unwrap_or_else(|| in_own_length(entry.tag, part)))
        };
        parts.into_iter().map(whole).collect()
    }

    /// The answers of the first GET PROCESSING OPTIONS, over the values of `terminal`.
    pub(super) fn first_values(&self) -> Values {
        let mut values = self.terminal_values();
        let first = self.apdus.iter().position(|(command, _)| options_data(&command.0).is_some());
        values.extend(first.map(|index| self.options_answers(index)).unwrap_or_default());
        values
    }

    /// A value in the answer to the last SELECT of this name.
    pub(super) fn selected_value(&self, name: &[u8], tag: Tag) -> Option<&[u8]> {
        let is_selected = |command: &[u8]| selected_name(command).is_some_and(|own| own.starts_with(name));
        let (_, fci) = self.apdus.iter().rfind(|(command, _)| is_selected(&command.0))?;
        value_within(&fci.0, tag)
    }

    /// The applications of the terminal: all of the kernel's own brand, so that the card's priorities decide,
    /// and any others that the commands select. And whether one was selected with its extension.
    fn applications(&self) -> (Vec<&[u8]>, bool) {
        let directory = self.apdus.first().map_or(&[][..], |(_, fci)| &fci.0);
        let adf_names: Vec<&[u8]> = values_within(directory, TAG_4F_ADF_NAME).collect();
        let mut names = vec![OWN_BRAND];
        let mut is_extended = false;
        for name in self.apdus.iter().filter_map(|(command, _)| selected_name(&command.0)) {
            let adf_name = adf_names.iter().filter(|adf| name.starts_with(adf)).max_by_key(|adf| adf.len());
            is_extended |= adf_name.is_some_and(|adf| adf.len() < name.len());
            let name = adf_name.copied().filter(|adf| adf.len() >= OWN_BRAND.len()).unwrap_or(name);
            if !names.iter().any(|known| name.starts_with(known)) {
                names.push(name);
            }
        }
        (names, is_extended)
    }

    /// Terminal data as far as the transcript gives it.
    pub(super) fn terminal_data(&self, values: &Values) -> Option<TerminalData> {
        let (names, is_extended) = self.applications();
        let limit = |is_named: fn(&str) -> bool| {
            self.terminal.iter().find(|(name, _)| is_named(name)).and_then(|(_, value)| number(value))
        };
        let flag = |name: &str| self.terminal.get(name).and_then(Value::as_bool);
        let combination = |aid: &&[u8]| Combination {
            aid: HexBytes(aid.to_vec()),
            kernel: kernel3::KERNEL,
            types: vec![transaction_type(values)],
            status_check: flag("status_check").unwrap_or(false),
            zero_amount: flag("zero_amount").unwrap_or(true),
            contactless_transaction_limit: limit(|name| name.ends_with("transaction_limit")),
            contactless_floor_limit: limit(|name| name.ends_with("floor_limit") && !name.starts_with("terminal")),
            cvm_required_limit: limit(|name| name.contains("cvm") && name.ends_with("limit")),
            terminal_floor_limit: limit(|name| name == "terminal_floor_limit")
                .and_then(|limit| u32::try_from(limit).ok()),
            ttq: qualifiers(values),
            application_version: HexArray([0x00, 0x96]),
            extended_selection: flag("extended_selection").unwrap_or(is_extended),
        };
        let common = TerminalData::sandbox().common().clone();
        TerminalData::new(Environment::Test, common, names.iter().map(combination).collect()).ok()
    }
}

/// The brand that kernel 3 serves.
const OWN_BRAND: &[u8] = &[0xA0, 0x00, 0x00, 0x00, 0x03];

/// 9C.
pub(super) fn transaction_type(values: &Values) -> TransactionType {
    match values.get(&TAG_9C_TRANSACTION_TYPE).map(Vec::as_slice) {
        Some([0x01]) => TransactionType::Cash,
        Some([0x09]) => TransactionType::PurchaseWithCashback,
        Some([0x20]) => TransactionType::Refund,
        _ => TransactionType::Purchase,
    }
}

/// 9F02 in minor units; 0 where it is not given.
pub(super) fn amount_minor(values: &Values) -> u64 {
    let digits = values.get(&TAG_9F02_AMOUNT_AUTHORISED).map(|value| hex::encode(value));
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// Puts values into the form that a tap takes; what is too much is left out and shows as a difference.
pub(super) fn store(values: &Values) -> TagStore {
    let mut store = TagStore::default();
    for (tag, value) in values {
        if store.set(*tag, value).is_err() {
            break;
        }
    }
    store
}

/// 9F66 before pre-processing: the demands follow from the limits, or come with the commands.
fn qualifiers(values: &Values) -> Ttq {
    let given = values.get(&TAG_9F66_TTQ).and_then(|value| value.as_slice().try_into().ok());
    let mut bytes: [u8; 4] = given.unwrap_or([0x20, 0x00, 0x00, 0x00]);
    bytes[0] |= 0x20;
    Ttq(bytes).demanding(false, false)
}

/// The answer in a GET PROCESSING OPTIONS command.
fn options_data(command: &[u8]) -> Option<&[u8]> {
    let [0x80, 0xA8, 0x00, 0x00, length, rest @ ..] = command else { return None };
    let data = rest.get(..usize::from(*length))?;
    tlv::find(data, TAG_83_COMMAND_TEMPLATE).ok().flatten().map(|template| template.value)
}

/// The name in a SELECT of an application.
fn selected_name(command: &[u8]) -> Option<&[u8]> {
    let [0x00, 0xA4, 0x04, 0x00, length, rest @ ..] = command else { return None };
    let name = rest.get(..usize::from(*length))?;
    ((5..=16).contains(&name.len()) && name != apdu::DIRECTORY_NAME).then_some(name)
}

/// The values of a tag in a response, at any depth.
fn values_within(response: &[u8], tag: Tag) -> impl Iterator<Item = &[u8]> {
    let data = &response[..response.len().saturating_sub(2)];
    tlv::walk(data).map_while(Result::ok).filter(move |(_, tlv)| tlv.tag == tag).map(|(_, tlv)| tlv.value)
}

fn value_within(response: &[u8], tag: Tag) -> Option<&[u8]> {
    values_within(response, tag).next()
}

/// The answer to a list in the length that the tag has by itself, where that is known.
fn in_own_length(tag: Tag, part: &[u8]) -> Vec<u8> {
    let length = match tag {
        TAG_9F66_TTQ | TAG_9F37_UNPREDICTABLE_NUMBER => 4,
        TAG_5F2A_TRANSACTION_CURRENCY_CODE | TAG_9F1A_TERMINAL_COUNTRY_CODE => 2,
        TAG_9F02_AMOUNT_AUTHORISED
        | TAG_9F03_AMOUNT_OTHER
        | TAG_9A_TRANSACTION_DATE
        | TAG_9F21_TRANSACTION_TIME
        | TAG_9C_TRANSACTION_TYPE => numeric_bytes(tag),
        _ => return part.to_vec(),
    };
    dol::fitted(part, DolEntry { tag, length })
}

/// A tag's value as hexadecimal text, or a number where the tag is numeric.
fn tagged_value(name: &str, value: &Value) -> Option<(Tag, Vec<u8>)> {
    let tag = match name {
        "ttq" => TAG_9F66_TTQ,
        "amount" | "amount_minor" => TAG_9F02_AMOUNT_AUTHORISED,
        _ => Tag::from_hex(name)?,
    };
    let bytes = match value {
        Value::String(text) if name.starts_with("amount") => decimal(text.parse().ok()?, 6)?,
        Value::String(text) => hex::decode_spaced(text)?,
        Value::Number(number) if format(tag) == Format::Numeric => decimal(number.as_u64()?, numeric_bytes(tag))?,
        _ => return None,
    };
    Some((tag, bytes))
}

fn numeric_bytes(tag: Tag) -> usize {
    match tag {
        TAG_9F02_AMOUNT_AUTHORISED | TAG_9F03_AMOUNT_OTHER | TAG_9F01_ACQUIRER_IDENTIFIER => 6,
        TAG_9A_TRANSACTION_DATE | TAG_9F21_TRANSACTION_TIME => 3,
        TAG_9C_TRANSACTION_TYPE | TAG_9F35_TERMINAL_TYPE | TAG_5F36_CURRENCY_EXPONENT | TAG_9F39_ENTRY_MODE => 1,
        TAG_9F41_SEQUENCE_COUNTER => 4,
        _ => 2,
    }
}

fn decimal(number: u64, bytes: usize) -> Option<Vec<u8>> {
    hex::decode(&format!("{number:0width$}", width = 2 * bytes)).filter(|value| value.len() == bytes)
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_values_have_several_forms() {
        let text = r#"{"name": "a", "apdus": [], "terminal": {"9F66": "24804000", "9F02": 1234, "5F2A": 156,
            "9F1E": 7, "amount": "x", "contactless_floor_limit": "5", "cvm_required_limit": 9, "zz": 1}}"#;
        let transcript = Transcript::from_json(text).unwrap();
        let values = transcript.terminal_values();
        let shown: Vec<String> = values.iter().map(|(tag, value)| format!("{tag}={}", hex::encode(value))).collect();
        assert_eq!(shown, ["5F2A=0156", "9F02=000000001234", "9F66=24804000"]);
        let data = transcript.terminal_data(&values).unwrap();
        let combination = &data.combinations()[0];
        assert_eq!(combination.contactless_floor_limit, Some(5));
        assert_eq!(combination.cvm_required_limit, Some(9));
        assert_eq!(combination.contactless_transaction_limit, None);
        assert_eq!(combination.ttq, Ttq([0x24, 0x00, 0x40, 0x00]));
    }

    #[test]
    fn answers_are_taken_apart_by_the_list_before() {
        let text = r#"{"name": "a", "apdus": [
            ["00A4040007A000000003101000", "6F0E8407A0000000031010A5039F38009000"],
            ["00A4040007A000000003101000", "6F1A8407A0000000031010A50F9F380C9F66049F02069F37049F37029000"],
            ["80A80000128310", "9000"],
            ["80A8000012831024004000000000002000ABABABABCDCD00", "9000"]]}"#;
        let transcript = Transcript::from_json(text).unwrap();
        assert!(transcript.options_answers(0).is_empty());
        assert!(transcript.options_answers(2).is_empty());
        let mut apdus = transcript.apdus.clone();
        apdus.remove(2);
        let values = Transcript { apdus, ..transcript }.first_values();
        let shown: Vec<String> = values.iter().map(|(tag, value)| format!("{tag}={}", hex::encode(value))).collect();
        assert_eq!(shown, ["9F02=000000002000", "9F37=ABABABAB", "9F66=24004000"]);
        assert_eq!(amount_minor(&values), 2_000);
    }
}
