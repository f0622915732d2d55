//! What the customer's card came to, whichever reader read it: the payment goes the same way from here on.
//!
//! A card that our own kernel read is known by its number, its track and its chip data; a read of somebody else's
//! reader is opaque. Which of them there is follows from the dialect (`iso8583::CardDataForm`), so that a sale's values
//! always fit its message.
//!
//! It has no `Debug` and never enters an event. Evidence: `tests/payment_flows.rs`, `tests/encrypted_reader.rs`.

use crate::emv::{CardRead, Cvm};
use crate::iso8583::{Dialect, ValueName, Values};
use crate::payment::bound_read::BoundRead;
use crate::payment::card_data::CardData;
use crate::secret::SecretBytes;

/// What was read, for as long as the request may have to be built again.
pub(super) enum Presented {
    /// A card that our own kernel read.
    Card {
        card: Box<CardRead>,
        /// How the cardholder is verified.
        cvm: Cvm,
    },
    /// What somebody else's reader made of one.
    Read(Box<BoundRead>),
}

impl Presented {
    /// What a sale says of it.
    pub fn put(&self, values: &mut Values) {
        match self {
            Self::Card { card, .. } => put_card(card, values),
            Self::Read(read) => read.put(values),
        }
    }

    /// The side row with all that this dialect's reversal needs of it, and no more.
    pub fn side_row(&self, dialect: &Dialect) -> SecretBytes {
        match self {
            Self::Card { card, .. } => CardData::pack(card),
            Self::Read(read) => CardData::pack_read(read, dialect),
        }
    }
}

fn put_card(card: &CardRead, values: &mut Values) {
    values
        .set(ValueName::Pan, card.pan.expose())
        .set(ValueName::Expiry, card.expiry.yymm())
        .set(ValueName::Track2, card.track2.expose())
        .set(ValueName::ChipData, &card.chip_data);
    if let Some(sequence) = card.pan_sequence {
        values.set_number(ValueName::PanSequence, sequence.into());
    }
}
