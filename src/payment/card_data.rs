//! The card data that a reversal needs, as one side row.
//!
//! It holds the card number, the expiry, the card's sequence number and the reduced field 55; never track 2.
//! The row lives from the moment the sale is prepared until its debt is closed, under a key of its own that is
//! destroyed with it. The form is a version byte, then length and bytes of each part.
//!
//! It never enters an event and has no `Debug`. Evidence: `mod tests` below, `tests/payment_flows.rs`.

use crate::card::{Expiry, Pan};
use crate::emv::CardRead;
use crate::secret::SecretBytes;

/// What a reversal says of the card.
pub(super) struct CardData {
    pub pan: Pan,
    pub expiry: Expiry,
    pub pan_sequence: Option<u8>,
    pub chip_data: SecretBytes,
}

impl CardData {
    /// The side row of what a tap read.
    pub fn pack(card: &CardRead) -> SecretBytes {
        let sequence = card.pan_sequence.as_slice();
        let parts = [card.pan.expose(), &card.expiry.yymm(), sequence, &card.reversal_chip_data];
        let mut bytes = Vec::with_capacity(1 + parts.iter().map(|part| part.len() + 2).sum::<usize>());
        bytes.push(VERSION);
        for part in parts {
            let length = u16::try_from(part.len()).expect("card data are shorter than 64 KiB");
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(part);
        }
        SecretBytes::new(bytes)
    }

    /// Reads a side row; `None` when it is not one.
    pub fn unpack(row: &SecretBytes) -> Option<Self> {
        let (&VERSION, mut rest) = row.expose().split_first()? else { return None };
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
}

fn part<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk::<2>()?;
    let (part, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    *rest = after;
    Some(part)
}

const VERSION: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emv::{CryptogramKind, OdaResult};

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
            let read = CardData::unpack(&row).unwrap();
            assert_eq!(read.pan.expose(), b"4761739001010119");
            assert_eq!((read.expiry.yymm(), read.pan_sequence), (*b"2812", sequence));
            assert_eq!(read.chip_data.expose(), [0x95, 1, 0]);
            assert!(!row.expose().windows(4).any(|four| four == b"D281"));
        }
    }

    #[test]
    fn what_is_cut_or_lengthened_is_not_read() {
        let row = CardData::pack(&card(Some(1)));
        for end in 0..row.expose().len() {
            assert!(CardData::unpack(&SecretBytes::new(row.expose()[..end].to_vec())).is_none(), "cut at {end}");
        }
        let mut longer = row.expose().to_vec();
        longer.push(0);
        assert!(CardData::unpack(&SecretBytes::new(longer)).is_none());
    }
}
