//! Application cryptograms (card to issuer) and their answers (issuer to card).
//!
//! Sources: EMV Book 2, section 8.1 and 8.2; what Visa's versions 10 and 18 put under the MAC is taken from
//! open peers (?) and agrees with the vectors of `sandbox/fixtures/paycrypto.json`.
//! Evidence: `sandbox/tests/issuer_vectors.rs`.

use super::keys::{IccMasterKey, SessionKey};
use super::tdes::{Padding, encipher, mac};

/// An application cryptogram: tag 9F26.
pub type Cryptogram = [u8; 8];

/// Which recipe makes the cryptogram: the second byte of Visa's issuer application data after its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CryptogramVersion {
    /// CVN 10 (hex 0A): the card's own key, zero padding, of tag 9F10 only the verification results.
    Visa10,
    /// CVN 18 (hex 12): the EMV common session key, 80 padding, the whole of tag 9F10.
    Visa18,
}

impl CryptogramVersion {
    /// Finds the version by the number in tag 9F10.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        match number {
            0x0A => Some(Self::Visa10),
            0x12 => Some(Self::Visa18),
            _ => None,
        }
    }

    /// The number in tag 9F10.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Visa10 => 0x0A,
            Self::Visa18 => 0x12,
        }
    }
}

/// What card and issuer both know of the transaction, in the lengths of the data dictionary (EMV Book 3, annex A).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CryptogramInput {
    /// 9F02, six BCD bytes of minor units.
    pub amount: [u8; 6],
    /// 9F03, six BCD bytes of minor units.
    pub amount_other: [u8; 6],
    /// 9F1A, numeric country.
    pub country: [u8; 2],
    /// 95, terminal verification results.
    pub tvr: [u8; 5],
    /// 5F2A, numeric currency.
    pub currency: [u8; 2],
    /// 9A, YYMMDD.
    pub date: [u8; 3],
    /// 9C, transaction type.
    pub transaction_type: u8,
    /// 9F37, unpredictable number.
    pub unpredictable_number: [u8; 4],
    /// 82, application interchange profile.
    pub aip: [u8; 2],
    /// 9F36, application transaction counter.
    pub atc: u16,
    /// 9F10, issuer application data: length 06, key index, version, then four bytes of card verification results.
    pub issuer_application_data: [u8; 7],
}

impl CryptogramInput {
    /// The cryptogram of this transaction by `version` under the card's key.
    #[must_use]
    pub fn cryptogram(&self, version: CryptogramVersion, key: &IccMasterKey) -> Cryptogram {
        let mut message = self.terminal_and_card_data();
        match version {
            CryptogramVersion::Visa10 => {
                message.extend(&self.issuer_application_data[3..]);
                mac(&key.0, &message, Padding::Zeros)
            }
            CryptogramVersion::Visa18 => {
                message.extend(&self.issuer_application_data);
                mac(&key.common_session_key(self.atc).0, &message, Padding::OneThenZeros)
            }
        }
    }

    fn terminal_and_card_data(&self) -> Vec<u8> {
        let mut message = Vec::with_capacity(40);
        message.extend(self.amount);
        message.extend(self.amount_other);
        message.extend(self.country);
        message.extend(self.tvr);
        message.extend(self.currency);
        message.extend(self.date);
        message.push(self.transaction_type);
        message.extend(self.unpredictable_number);
        message.extend(self.aip);
        message.extend(self.atc.to_be_bytes());
        message
    }
}

/// The issuer's answer by method 1 (EMV Book 2, 8.2.1): eight bytes over the cryptogram and the two
/// characters of the response code. Visa's version 10 makes it under the card's own key.
#[must_use]
pub fn arpc_method_1(key: &IccMasterKey, cryptogram: Cryptogram, response_code: [u8; 2]) -> [u8; 8] {
    let mut block = cryptogram;
    block[0] ^= response_code[0];
    block[1] ^= response_code[1];
    encipher(&key.0, block)
}

/// The issuer's answer by method 2 (EMV Book 2, 8.2.2): four bytes over the cryptogram and the card status
/// update, under the session key, without proprietary data.
#[must_use]
pub fn arpc_method_2(key: &SessionKey, cryptogram: Cryptogram, card_status_update: [u8; 4]) -> [u8; 4] {
    let message = [&cryptogram[..], &card_status_update].concat();
    let [a, b, c, d, ..] = mac(&key.0, &message, Padding::OneThenZeros);
    [a, b, c, d]
}
