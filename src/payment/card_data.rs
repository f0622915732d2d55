//! The card data that a reversal needs, as one side row.
//!
//! Of a card that our own kernel read it holds the number, the expiry, the card's sequence number and the reduced
//! field 55; never track 2. Of a finished read of somebody else's reader it holds what the dialect's reversal
//! carries of it. The row lives from the moment the sale is prepared until its debt is closed, under a key of its
//! own that is destroyed with it. The form is a version byte, then length and bytes of each part.
//!
//! It never enters an event and has no `Debug`. Evidence: `mod tests` below, `tests/payment_flows.rs`.

use crate::card::{Expiry, Pan};
use crate::emv::CardRead;
use crate::iso8583::{Dialect, Op, Side, ValueName, Values};
use crate::payment::bound_read::BoundRead;
use crate::secret::SecretBytes;

/// What a reversal says of the card.
pub(super) enum CardData {
    /// Of a card that our own kernel read.
    Card(OwnCard),
    /// Of a finished read: the parts by their names; an empty one was not kept.
    Read(Vec<(ValueName, SecretBytes)>),
}

/// What a reversal says of a card that our own kernel read.
pub(super) struct OwnCard {
    pub pan: Pan,
    pub expiry: Expiry,
    pub pan_sequence: Option<u8>,
    pub chip_data: SecretBytes,
}

impl CardData {
    /// The side row of what a tap read.
    pub fn pack(card: &CardRead) -> SecretBytes {
        let sequence = card.pan_sequence.as_slice();
        row(OF_A_CARD, &[card.pan.expose(), &card.expiry.yymm(), sequence, &card.reversal_chip_data])
    }

    /// The side row of a finished read: what this dialect's reversal does not carry is left empty.
    pub fn pack_read(read: &BoundRead, dialect: &Dialect) -> SecretBytes {
        let kept = |(name, part)| if dialect.carries(Op::Reversal, Side::Request, name) { part } else { &[][..] };
        row(OF_A_READ, &read.parts().map(kept))
    }

    /// Reads a side row; `None` when it is not one.
    pub fn unpack(row: &SecretBytes) -> Option<Self> {
        let (&version, rest) = row.expose().split_first()?;
        match version {
            OF_A_CARD => OwnCard::unpack(rest).map(Self::Card),
            OF_A_READ => read_parts(rest).map(Self::Read),
            _ => None,
        }
    }

    /// Gives a reversal what it carries; never the track.
    pub fn put(&self, values: &mut Values) {
        match self {
            Self::Card(card) => card.put(values),
            Self::Read(parts) => parts.iter().filter(|(_, part)| !part.expose().is_empty()).for_each(|(name, part)| {
                values.set(*name, part.expose());
            }),
        }
    }
}

impl OwnCard {
    fn unpack(mut rest: &[u8]) -> Option<Self> {
        let pan = Pan::from_ascii(part(&mut rest)?).ok()?;
        let expiry = Expiry::from_yymm(part(&mut rest)?).ok()?;
        let pan_sequence = match part(&mut rest)? {
            [] => None,
            [sequence] => Some(*sequence),
            _ => return None,
        };
        let chip_data = SecretBytes::new(part(&mut rest)?.to_vec());
        rest.is_empty().then_some(Self { pan, expiry, pan_sequence, chip_data })
    }

    fn put(&self, values: &mut Values) {
        values
            .set(ValueName::Pan, self.pan.expose())
            .set(ValueName::Expiry, self.expiry.yymm())
            .set(ValueName::ChipData, self.chip_data.expose());
        if let Some(sequence) = self.pan_sequence {
            values.set_number(ValueName::PanSequence, sequence.into());
        }
    }
}

fn read_parts(mut rest: &[u8]) -> Option<Vec<(ValueName, SecretBytes)>> {
    let mut parts = Vec::new();
    for name in READ_PARTS {
        parts.push((name, SecretBytes::new(part(&mut rest)?.to_vec())));
    }
    rest.is_empty().then_some(parts)
}

fn row(version: u8, parts: &[&[u8]]) -> SecretBytes {
    let mut bytes = Vec::with_capacity(1 + parts.iter().map(|part| part.len() + 2).sum::<usize>());
    bytes.push(version);
    for part in parts {
        let length = u16::try_from(part.len()).expect("card data are shorter than 64 KiB");
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(part);
    }
    SecretBytes::new(bytes)
}

fn part<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk::<2>()?;
    let (part, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    *rest = after;
    Some(part)
}

const OF_A_CARD: u8 = 1;
const OF_A_READ: u8 = 2;
/// The order of the parts of a read, in a row for ever.
const READ_PARTS: [ValueName; 5] = [
    ValueName::ReadNonce,
    ValueName::ReadFormat,
    ValueName::ReadKey,
    ValueName::EncryptedRead,
    ValueName::ReadSignature,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emv::{CryptogramKind, OdaResult};
    use crate::ports::{EncryptedRead, ReadCvm};

    fn card(pan_sequence: Option<u8>) -> CardRead {
        CardRead {
            pan: Pan::from_ascii(b"4761739001010119").unwrap(),
            pan_sequence,
            expiry: Expiry { year: 28, month: 12 },
            track2: SecretBytes::new(b"4761739001010119D28122010000000000".to_vec()),
            kernel: 3,
            aid: vec![0xA0, 0, 0, 0, 3, 0x10, 0x10],
            label: "VISA".into(),
            cryptogram: [1; 8],
            cryptogram_kind: CryptogramKind::Arqc,
            atc: 1,
            tvr: [0; 5],
            oda: OdaResult::NotDone,
            chip_data: vec![],
            reversal_chip_data: vec![0x95, 1, 0],
        }
    }

    #[test]
    fn what_is_stored_comes_back_and_the_track_does_not() {
        for sequence in [None, Some(0), Some(7)] {
            let row = CardData::pack(&card(sequence));
            let Some(CardData::Card(read)) = CardData::unpack(&row) else { panic!("the row of a card") };
            assert_eq!(read.pan.expose(), b"4761739001010119");
            assert_eq!((read.expiry.yymm(), read.pan_sequence), (*b"2812", sequence));
            assert_eq!(read.chip_data.expose(), [0x95, 1, 0]);
            assert!(!row.expose().windows(4).any(|four| four == b"D281"));
        }
    }

    fn bound_read() -> BoundRead {
        let read = EncryptedRead {
            format: "sandbox-1".into(),
            key: "host".into(),
            payload: vec![0xA5; 300],
            signature: vec![0x5A; 70],
            scheme: None,
            masked: None,
            cvm: ReadCvm::None,
        };
        BoundRead::check(read, [9; 16]).ok().unwrap()
    }

    fn dialect(change: impl FnOnce(String) -> String) -> Dialect {
        Dialect::from_toml(&change(Dialect::shipped("encrypted").unwrap().to_owned())).unwrap()
    }

    #[test]
    fn of_a_read_only_what_the_reversal_carries_is_kept() {
        let reversal = "90 = \"{original_mti}{original_stan}{original_date_time}0000000000000000000000\"";
        let all = format!("{reversal}\n123 = \"{{read_signature}}\"\n127 = \"{{encrypted_read}}\"");
        for (dialect, payload, row_bytes) in [
            (dialect(|toml| toml), None, 1 + 5 * 2 + 16),
            (dialect(|toml| toml.replace(reversal, &all)), Some(&[0xA5; 300][..]), 1 + 5 * 2 + 16 + 300 + 70),
        ] {
            let row = CardData::pack_read(&bound_read(), &dialect);
            assert_eq!(row.expose().len(), row_bytes);
            let mut values = Values::new();
            CardData::unpack(&row).unwrap().put(&mut values);
            assert_eq!(values.get(ValueName::ReadNonce), Some(&[9; 16][..]));
            assert_eq!(values.get(ValueName::EncryptedRead), payload);
            assert_eq!(values.get(ValueName::ReadFormat), None);
        }
    }

    #[test]
    fn what_is_cut_or_lengthened_is_not_read() {
        for row in [CardData::pack(&card(Some(1))), CardData::pack_read(&bound_read(), &dialect(|toml| toml))] {
            for end in 0..row.expose().len() {
                assert!(CardData::unpack(&SecretBytes::new(row.expose()[..end].to_vec())).is_none(), "cut at {end}");
            }
            let mut longer = row.expose().to_vec();
            longer.push(0);
            assert!(CardData::unpack(&SecretBytes::new(longer)).is_none());
            let mut other = row.expose().to_vec();
            other[0] = 3;
            assert!(CardData::unpack(&SecretBytes::new(other)).is_none());
        }
    }
}
