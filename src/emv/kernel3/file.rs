//! What a card's answers hold: its file control information, which records to read, and whose card it is.
//!
//! Source: EMV Book 1, 11.3.4 (FCI), Book 3, 10.2 (AFL) and Annex A (57, 5A, 5F24, 5F34), Book 4, 11.3 (label).
//!
//! It never keeps card numbers outside of types that are wiped. Evidence: `mod tests` below.

use zeroize::Zeroizing;

use crate::card::{Expiry, Pan};
use crate::emv::oda::nibbles;
use crate::emv::outcome::{CardError, ExchangeStep};
use crate::emv::store::TagStore;
use crate::emv::tags::*;
use crate::emv::tlv;
use crate::secret::SecretBytes;

/// What kernel 3 takes from the answer to SELECT.
#[derive(Default)]
pub(super) struct FileControlInformation<'a> {
    pub name: Option<&'a [u8]>,
    pub pdol: &'a [u8],
    plain_label: &'a [u8],
    preferred_label: Option<&'a [u8]>,
    code_table: Option<&'a [u8]>,
}

impl<'a> FileControlInformation<'a> {
    /// `selected` is the name that the directory gave.
    pub fn read(fci: &'a [u8], selected: &[u8]) -> Result<Self, CardError> {
        const STEP: ExchangeStep = ExchangeStep::SelectApplication;
        let wrong = |error| CardError::Tlv { step: STEP, error };
        let template = tlv::find(fci, TAG_6F_FCI_TEMPLATE).map_err(wrong)?.ok_or(CardError::WrongTemplate(STEP))?;
        let mut own = Self::default();
        // Book 1, table 45: the name in 6F, all else in A5 in it.
        if let Some(name) = template.child(TAG_84_DF_NAME).map_err(wrong)? {
            // NOTE: the books do not compare names; but a card's CA keys are found by it, so that an application
            // must not take another's.
            if !(5..=16).contains(&name.value.len()) || !are_of_one_application(name.value, selected) {
                return Err(CardError::Malformed(TAG_84_DF_NAME));
            }
            own.name = Some(name.value);
        }
        let proprietary = template.child(TAG_A5_FCI_PROPRIETARY).map_err(wrong)?;
        for element in proprietary.iter().flat_map(tlv::Tlv::children) {
            let element = element.map_err(wrong)?;
            match element.tag {
                TAG_9F38_PDOL => own.pdol = element.value,
                TAG_50_APPLICATION_LABEL => own.plain_label = element.value,
                TAG_9F12_PREFERRED_NAME => own.preferred_label = Some(element.value),
                TAG_9F11_ISSUER_CODE_TABLE => own.code_table = Some(element.value),
                _ => {}
            }
        }
        Ok(own)
    }

    /// The preferred name where its code table is Latin-1 and it is plain ASCII, else the label (Book 4,
    /// 11.3), without what a receipt cannot print.
    pub fn label(&self) -> String {
        let is_plain = |text: &&[u8]| !text.is_empty() && text.iter().all(|byte| (0x20..0x7F).contains(byte));
        let preferred = self.preferred_label.filter(|_| self.code_table == Some(&[0x01])).filter(is_plain);
        let text = preferred.unwrap_or(self.plain_label).iter().take(16).copied();
        let printable: String = text.filter(|byte| (0x20..0x7F).contains(byte)).map(char::from).collect();
        printable.trim().to_owned()
    }
}

/// Whether one name is the other, or its beginning (Book 1, 12.3.1).
fn are_of_one_application(name: &[u8], selected: &[u8]) -> bool {
    name.starts_with(selected) || selected.starts_with(name)
}

/// The records that an AFL lists, and which is next.
pub(crate) struct Records {
    entries: Vec<[u8; 4]>,
    at: usize,
    record: u8,
}

/// A record that was just read.
pub(crate) struct RecordRead {
    pub file: u8,
    pub is_authenticated: bool,
}

/// Cards have some ten records; a locator that lists more than this is not honest.
const RECORDS_MAX: usize = 64;

impl Records {
    /// Book 3, 10.2: four bytes an entry, file, first, last, and how many are authenticated.
    pub fn from_locator(locator: &[u8]) -> Result<Self, CardError> {
        let (entries, rest) = locator.as_chunks::<4>();
        let is_sound = |[file, first, last, authenticated]: &[u8; 4]| {
            file & 0x07 == 0
                && (1..=30).contains(&(file >> 3))
                && *first != 0
                && last >= first
                && usize::from(*authenticated) <= usize::from(last - first) + 1
        };
        let count: usize = entries.iter().map(|[_, first, last, _]| usize::from(last.saturating_sub(*first)) + 1).sum();
        if !rest.is_empty() || !entries.iter().all(is_sound) || count > RECORDS_MAX {
            return Err(CardError::FileLocator);
        }
        let record = entries.first().map_or(0, |entry| entry[1]);
        Ok(Self { entries: entries.to_vec(), at: 0, record })
    }

    /// The file and record to read now.
    pub fn current(&self) -> Option<(u8, u8)> {
        self.entries.get(self.at).map(|[file, ..]| (file >> 3, self.record))
    }

    /// Takes note that the current one was read.
    pub fn advance(&mut self) -> RecordRead {
        let [file, first, last, authenticated] = self.entries[self.at];
        let read = RecordRead { file: file >> 3, is_authenticated: self.record - first < authenticated };
        if self.record < last {
            self.record += 1;
        } else {
            self.at += 1;
            self.record = self.entries.get(self.at).map_or(0, |entry| entry[1]);
        }
        read
    }
}

/// Whose card it is.
pub(super) struct Holder {
    pub pan: Pan,
    pub sequence: Option<u8>,
    pub expiry: Expiry,
    /// 5F24, if it is there.
    pub expiration_yymmdd: Option<[u8; 3]>,
    pub track2: SecretBytes,
}

impl Holder {
    /// Reads 57, checks 5A against it, and adds 5F24 and 5F34.
    pub fn read(card: &TagStore) -> Result<Self, CardError> {
        const TRACK2: Tag = TAG_57_TRACK2_EQUIVALENT_DATA;
        let track2 = track2_text(card.value(TRACK2).ok_or(CardError::Missing(TRACK2))?)?;
        let separator = track2.iter().position(|sign| *sign == b'D').ok_or(CardError::Malformed(TRACK2))?;
        let pan = Pan::from_ascii(&track2[..separator]).map_err(|_| CardError::Malformed(TRACK2))?;
        let yymm = track2.get(separator + 1..separator + 5).ok_or(CardError::Malformed(TRACK2))?;
        let track2_expiry = Expiry::from_yymm(yymm).map_err(|_| CardError::Malformed(TRACK2))?;
        if card.value(TAG_5A_PAN).is_some_and(|own| !is_same_number(own, &pan)) {
            return Err(CardError::PanMismatch);
        }
        let expiration_yymmdd = match card.value(TAG_5F24_EXPIRATION_DATE) {
            None => None,
            Some(value) => Some(date(value).ok_or(CardError::Malformed(TAG_5F24_EXPIRATION_DATE))?),
        };
        let sequence = match card.value(TAG_5F34_PAN_SEQUENCE_NUMBER) {
            None => None,
            Some([value]) if *value >> 4 < 10 && value & 0x0F < 10 => Some((value >> 4) * 10 + (value & 0x0F)),
            Some(_) => return Err(CardError::Malformed(TAG_5F34_PAN_SEQUENCE_NUMBER)),
        };
        let expiry = expiration_yymmdd.map_or(track2_expiry, month_of);
        Ok(Self { pan, sequence, expiry, expiration_yymmdd, track2: SecretBytes::new(track2.to_vec()) })
    }
}

/// Digits and one `D`, as on the stripe; an F at the end is padding.
fn track2_text(value: &[u8]) -> Result<Zeroizing<Vec<u8>>, CardError> {
    let malformed = CardError::Malformed(TAG_57_TRACK2_EQUIVALENT_DATA);
    if value.len() > 19 {
        return Err(malformed);
    }
    let mut text = Zeroizing::new(Vec::with_capacity(2 * value.len()));
    for (index, nibble) in nibbles(value).enumerate() {
        match nibble {
            0..=9 => text.push(b'0' + nibble),
            0xD => text.push(b'D'),
            0xF if index + 1 == 2 * value.len() => {}
            _ => return Err(malformed),
        }
    }
    if text.iter().filter(|sign| **sign == b'D').count() != 1 {
        return Err(malformed);
    }
    Ok(text)
}

fn is_same_number(own: &[u8], pan: &Pan) -> bool {
    let digits = pan.expose();
    let padded = digits.iter().map(|digit| digit - b'0').chain(std::iter::repeat(0xF));
    2 * own.len() >= digits.len() && nibbles(own).zip(padded).all(|(left, right)| left == right)
}

fn date(value: &[u8]) -> Option<[u8; 3]> {
    let date: [u8; 3] = value.try_into().ok()?;
    let is_decimal = date.iter().all(|byte| byte >> 4 < 10 && byte & 0x0F < 10);
    (is_decimal && (0x01..=0x12).contains(&date[1]) && (0x01..=0x31).contains(&date[2])).then_some(date)
}

/// The month of a date that was checked.
fn month_of([year, month, _]: [u8; 3]) -> Expiry {
    let binary = |bcd: u8| (bcd >> 4) * 10 + (bcd & 0x0F);
    Expiry { year: binary(year), month: binary(month) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emv::hex;

    #[test]
    fn a_locator_lists_records_or_is_refused() {
        for (locator, verdict) in [
            ("", Ok(vec![])),
            ("18010101", Ok(vec![(3, 1, true)])),
            ("1801020110030300", Ok(vec![(3, 1, true), (3, 2, false), (2, 3, false)])),
            ("F0FEFF00", Ok(vec![(30, 254, false), (30, 255, false)])),
            ("180101", Err(CardError::FileLocator)),
            ("1801010118", Err(CardError::FileLocator)),
            ("00010100", Err(CardError::FileLocator)),
            ("F8010100", Err(CardError::FileLocator)),
            ("19010100", Err(CardError::FileLocator)),
            ("18000100", Err(CardError::FileLocator)),
            ("18020100", Err(CardError::FileLocator)),
            ("18020200FF", Err(CardError::FileLocator)),
            ("18010102", Err(CardError::FileLocator)),
            ("1801FF00", Err(CardError::FileLocator)),
        ] {
            let read = Records::from_locator(&hex::decode(locator).unwrap()).map(|mut records| {
                let mut all = Vec::new();
                while let Some((file, record)) = records.current() {
                    all.push((file, record, records.advance().is_authenticated));
                }
                all
            });
            assert_eq!(read, verdict, "{locator}");
        }
    }

    fn holder(objects: &[(Tag, &str)]) -> Result<String, CardError> {
        let mut card = TagStore::default();
        for (tag, value) in objects {
            card.put(*tag, &hex::decode(value).unwrap()).unwrap();
        }
        Holder::read(&card).map(|holder| {
            let yymm = holder.expiry.yymm();
            let track2 = String::from_utf8(holder.track2.expose().to_vec()).unwrap();
            format!("{} {} {:?}", track2, String::from_utf8_lossy(&yymm), holder.sequence)
        })
    }

    #[test]
    fn a_holder_is_read_from_track_2() {
        const TRACK2: Tag = TAG_57_TRACK2_EQUIVALENT_DATA;
        const GOOD: &str = "4761739001010010D191220111438825820F";
        let bad = |tag| Err(CardError::Malformed(tag));
        let good = |text: &str| Ok(text.to_owned());
        type Row<'a> = (&'a [(Tag, &'a str)], Result<String, CardError>);
        let rows: [Row<'_>; 17] = [
            (&[(TRACK2, GOOD)], good("4761739001010010D191220111438825820 1912 None")),
            (&[(TRACK2, "4761739001010010D191220F")], good("4761739001010010D191220 1912 None")),
            (
                &[(TRACK2, GOOD), (TAG_5A_PAN, "4761739001010010"), (TAG_5F24_EXPIRATION_DATE, "200131")],
                good("4761739001010010D191220111438825820 2001 None"),
            ),
            (&[(TRACK2, GOOD), (TAG_5A_PAN, "4761739001010010FFFF")], holder(&[(TRACK2, GOOD)])),
            (
                &[(TRACK2, GOOD), (TAG_5F34_PAN_SEQUENCE_NUMBER, "12")],
                good("4761739001010010D191220111438825820 1912 Some(12)"),
            ),
            (&[], Err(CardError::Missing(TRACK2))),
            (&[(TRACK2, "")], bad(TRACK2)),
            (&[(TRACK2, "4761739001010010")], bad(TRACK2)),
            (&[(TRACK2, "4761739001010010D1913201")], bad(TRACK2)),
            (&[(TRACK2, "4761739001010010D191")], bad(TRACK2)),
            (&[(TRACK2, "4761739001010010D1912D01")], bad(TRACK2)),
            (&[(TRACK2, "47617390D19122011143")], bad(TRACK2)),
            (&[(TRACK2, "476173900101001FD1912201")], bad(TRACK2)),
            (&[(TRACK2, GOOD), (TAG_5A_PAN, "4761739001010011")], Err(CardError::PanMismatch)),
            (&[(TRACK2, GOOD), (TAG_5A_PAN, "47617390010100")], Err(CardError::PanMismatch)),
            (&[(TRACK2, GOOD), (TAG_5F24_EXPIRATION_DATE, "191331")], bad(TAG_5F24_EXPIRATION_DATE)),
            (&[(TRACK2, GOOD), (TAG_5F34_PAN_SEQUENCE_NUMBER, "0A")], bad(TAG_5F34_PAN_SEQUENCE_NUMBER)),
        ];
        for (objects, verdict) in rows {
            assert_eq!(holder(objects), verdict, "{objects:?}");
        }
    }

    #[test]
    fn a_name_is_the_one_that_was_selected() {
        const VISA: &str = "A0000000031010";
        for (fci, selected, verdict) in [
            ("6F0B8407A0000000031010A500", VISA, true),
            ("6F0C8408A000000003101001A500", VISA, true),
            ("6F0B8407A0000000031010A500", "A000000003101001", true),
            ("6F0B8407A0000000031011A500", VISA, false),
            ("6F0B8407A0000000041010A500", VISA, false),
            ("6F088404A0000000A500", VISA, false),
            ("6F158411A000000003101000000000000000000000A500", VISA, false),
        ] {
            let bytes = hex::decode(fci).unwrap();
            let selected = hex::decode(selected).unwrap();
            assert_eq!(FileControlInformation::read(&bytes, &selected).is_ok(), verdict, "{fci}");
        }
        let elsewhere = hex::decode("6F0BA5098407A0000000031010").unwrap();
        assert!(FileControlInformation::read(&elsewhere, &[]).unwrap().name.is_none());
    }

    #[test]
    fn a_label_is_printable() {
        for (fci, verdict) in [
            ("6F0C A50A 5008 5649534120202020", "VISA"),
            ("6F0C A50A 5004 56495341 9F1200 ", "VISA"),
            ("6F12 A510 5004 56495341 9F1101 01 9F1202 4142", "AB"),
            ("6F12 A510 5004 56495341 9F1101 02 9F1202 4142", "VISA"),
            ("6F12 A510 5004 56495341 9F1101 01 9F1202 41E9", "VISA"),
            ("6F08 A506 5004 561B0A41", "VA"),
            ("6F02 A500", ""),
        ] {
            let fci = fci.replace(' ', "");
            let mut bytes = hex::decode(&fci).unwrap();
            // The table writes lengths loosely: the outer ones are what is there.
            bytes[1] = u8::try_from(bytes.len() - 2).unwrap();
            bytes[3] = u8::try_from(bytes.len() - 4).unwrap();
            assert_eq!(FileControlInformation::read(&bytes, &[]).unwrap().label(), verdict, "{fci}");
        }
    }
}
