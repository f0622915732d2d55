//! Terminal and card transaction qualifiers as kernel 3 means them.
//!
//! Source: EMV Contactless Book A, Annex C.6 (9F66), Book C-3, Annex A (9F6C) (?). Other kernels give the same
//! tags other bits, so these types are kernel 3's own. Each method is one bit and reads as its meaning.
//!
//! It never changes a qualifier but for the two demands that the amount decides. Evidence: `mod tests` below.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::emv::hex::HexArray;

/// 9F66, what the reader can do and demands, as kernel 3 and the card understand it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ttq(pub [u8; 4]);

impl Ttq {
    /// Byte 1 bit 6: qVSDC is supported.
    #[must_use]
    pub fn offers_qvsdc(self) -> bool {
        self.0[0] & 0x20 != 0
    }

    /// Byte 1 bit 4: the reader is never online.
    #[must_use]
    pub fn is_offline_only(self) -> bool {
        self.0[0] & 0x08 != 0
    }

    /// Byte 1 bit 3: a PIN can be sent to the issuer.
    #[must_use]
    pub fn offers_online_pin(self) -> bool {
        self.0[0] & 0x04 != 0
    }

    /// Byte 1 bit 2: the cardholder can sign.
    #[must_use]
    pub fn offers_signature(self) -> bool {
        self.0[0] & 0x02 != 0
    }

    /// Byte 1 bit 1: the card is authenticated offline for online payments too.
    #[must_use]
    pub fn authenticates_online_payments(self) -> bool {
        self.0[0] & 0x01 != 0
    }

    /// Byte 2 bit 8: the card must not approve offline.
    #[must_use]
    pub fn asks_online_cryptogram(self) -> bool {
        self.0[1] & 0x80 != 0
    }

    /// Byte 2 bit 7: the cardholder must be verified.
    #[must_use]
    pub fn asks_verification(self) -> bool {
        self.0[1] & 0x40 != 0
    }

    /// The same qualifiers with the two demands of this transaction (Book B, 3.1.1.12).
    #[must_use]
    pub fn demanding(self, online_cryptogram: bool, verification: bool) -> Self {
        let mut bytes = self.0;
        bytes[1] &= 0x3F;
        bytes[1] |= u8::from(online_cryptogram) << 7 | u8::from(verification) << 6;
        Self(bytes)
    }
}

impl Serialize for Ttq {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        HexArray(self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Ttq {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        HexArray::deserialize(deserializer).map(|bytes| Self(bytes.0))
    }
}

/// 9F6C, what the card demands and reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ctq(pub [u8; 2]);

impl Ctq {
    /// Byte 1 bit 8: a PIN must be sent to the issuer.
    #[must_use]
    pub fn demands_online_pin(self) -> bool {
        self.0[0] & 0x80 != 0
    }

    /// Byte 1 bit 7: the cardholder must sign.
    #[must_use]
    pub fn demands_signature(self) -> bool {
        self.0[0] & 0x40 != 0
    }

    /// Byte 1 bit 6: if authentication fails and the reader can, go online.
    #[must_use]
    pub fn goes_online_if_authentication_fails(self) -> bool {
        self.0[0] & 0x20 != 0
    }

    /// Byte 1 bit 5: if authentication fails and the reader has one, use another interface.
    #[must_use]
    pub fn switches_interface_if_authentication_fails(self) -> bool {
        self.0[0] & 0x10 != 0
    }

    /// Byte 1 bit 4: if the application has expired, go online.
    #[must_use]
    pub fn goes_online_if_expired(self) -> bool {
        self.0[0] & 0x08 != 0
    }

    /// Byte 1 bit 3: use another interface for cash.
    #[must_use]
    pub fn switches_interface_for_cash(self) -> bool {
        self.0[0] & 0x04 != 0
    }

    /// Byte 1 bit 2: use another interface for cashback.
    #[must_use]
    pub fn switches_interface_for_cashback(self) -> bool {
        self.0[0] & 0x02 != 0
    }

    /// Byte 2 bit 8: the cardholder was verified on the device.
    #[must_use]
    pub fn claims_device_verification(self) -> bool {
        self.0[1] & 0x80 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn demands_follow_the_transaction_alone() {
        for (preset, online, verification, verdict) in [
            ([0x24, 0x00, 0x40, 0x00], false, false, [0x24, 0x00, 0x40, 0x00]),
            ([0x24, 0xC0, 0x40, 0x00], false, false, [0x24, 0x00, 0x40, 0x00]),
            ([0x24, 0x00, 0x40, 0x00], true, false, [0x24, 0x80, 0x40, 0x00]),
            ([0x24, 0x20, 0x40, 0x00], false, true, [0x24, 0x60, 0x40, 0x00]),
        ] {
            assert_eq!(Ttq(preset).demanding(online, verification), Ttq(verdict));
        }
    }
}
