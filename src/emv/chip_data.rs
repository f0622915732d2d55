//! The chip data of a host message: field 55 of a request and of a reversal.
//!
//! Source: ISO 8583:1987 field 55 as Chinese acquirers and Visa list it (?); values as EMV Book 3, Annex A. A
//! value is the card's own where the card has one, else the terminal's; one that neither has is left out.
//! The card number and track 2 have fields of their own.
//!
//! It never holds 57 or 5A. Evidence: `mod tests` below.

use super::outcome::{CryptogramKind, Cvm};
use super::store::TagStore;
use super::tags::*;
use super::tlv;

/// What chip data is made of.
pub(crate) struct Pieces<'a> {
    pub name: &'a [u8],
    pub card: &'a TagStore,
    pub terminal: &'a TagStore,
    pub cryptogram_kind: CryptogramKind,
    pub cvm: Cvm,
}

const REQUEST: [Tag; 25] = [
    TAG_9F26_CRYPTOGRAM,
    TAG_9F27_CRYPTOGRAM_INFORMATION,
    TAG_9F10_ISSUER_APPLICATION_DATA,
    TAG_9F37_UNPREDICTABLE_NUMBER,
    TAG_9F36_ATC,
    TAG_95_TVR,
    TAG_9A_TRANSACTION_DATE,
    TAG_9C_TRANSACTION_TYPE,
    TAG_9F02_AMOUNT_AUTHORISED,
    TAG_5F2A_TRANSACTION_CURRENCY_CODE,
    TAG_82_AIP,
    TAG_9F1A_TERMINAL_COUNTRY_CODE,
    TAG_9F03_AMOUNT_OTHER,
    TAG_9F33_TERMINAL_CAPABILITIES,
    TAG_9F34_CVM_RESULTS,
    TAG_9F35_TERMINAL_TYPE,
    TAG_9F1E_DEVICE_SERIAL,
    TAG_84_DF_NAME,
    TAG_9F09_TERMINAL_VERSION,
    TAG_9F41_SEQUENCE_COUNTER,
    TAG_5F34_PAN_SEQUENCE_NUMBER,
    TAG_9F66_TTQ,
    TAG_9F6C_CTQ,
    TAG_9F6E_FORM_FACTOR,
    TAG_9F7C_CUSTOMER_EXCLUSIVE_DATA,
];

const REVERSAL: [Tag; 4] = [TAG_95_TVR, TAG_9F1E_DEVICE_SERIAL, TAG_9F10_ISSUER_APPLICATION_DATA, TAG_9F36_ATC];

/// What the card says of itself; all else is the terminal's to say.
const FROM_CARD: [Tag; 9] = [
    TAG_9F26_CRYPTOGRAM,
    TAG_9F10_ISSUER_APPLICATION_DATA,
    TAG_9F36_ATC,
    TAG_82_AIP,
    TAG_5F34_PAN_SEQUENCE_NUMBER,
    TAG_9F6C_CTQ,
    TAG_9F6E_FORM_FACTOR,
    TAG_9F7C_CUSTOMER_EXCLUSIVE_DATA,
    TAG_9F5D_AVAILABLE_OFFLINE_AMOUNT,
];

impl Pieces<'_> {
    /// Field 55 of a request.
    pub fn request(&self) -> Vec<u8> {
        self.compose(&REQUEST)
    }

    /// Field 55 of a reversal.
    pub fn reversal(&self) -> Vec<u8> {
        self.compose(&REVERSAL)
    }

    fn compose(&self, tags: &[Tag]) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        for tag in tags {
            match *tag {
                TAG_84_DF_NAME => tlv::write(&mut out, *tag, self.name),
                TAG_9F27_CRYPTOGRAM_INFORMATION => tlv::write(&mut out, *tag, &[self.cryptogram_information()]),
                TAG_9F34_CVM_RESULTS => tlv::write(&mut out, *tag, &cvm_results(self.cvm)),
                TAG_9F6E_FORM_FACTOR => self.form_factor(&mut out),
                tag if FROM_CARD.contains(&tag) => copy(self.card, tag, &mut out),
                tag => copy(self.terminal, tag, &mut out),
            }
        }
        out
    }

    /// 9F27 as the card sent it, or what its CVR says in that form.
    fn cryptogram_information(&self) -> u8 {
        let from_results = match self.cryptogram_kind {
            CryptogramKind::Aac => 0x00,
            CryptogramKind::Tc => 0x40,
            CryptogramKind::Arqc => 0x80,
        };
        self.card.exactly(TAG_9F27_CRYPTOGRAM_INFORMATION).map_or(from_results, |[information]| information)
    }

    /// 9F6E with the interface's half byte, which the reader fills: 0 is ISO/IEC 14443 (C-3, 4.1.1.1 (?)).
    fn form_factor(&self, out: &mut Vec<u8>) {
        if let Some([first, second, third, fourth]) = self.card.exactly(TAG_9F6E_FORM_FACTOR) {
            tlv::write(out, TAG_9F6E_FORM_FACTOR, &[first, second, third, fourth & 0xF0]);
        }
    }
}

fn copy(store: &TagStore, tag: Tag, out: &mut Vec<u8>) {
    if let Some(value) = store.value(tag) {
        tlv::write(out, tag, value);
    }
}

/// 9F34 (Book 4, Annex A4): method, condition, result. What the issuer verifies has result 00, unknown.
fn cvm_results(cvm: Cvm) -> [u8; 3] {
    match cvm {
        Cvm::None => [0x1F, 0x00, 0x02],
        Cvm::OnlinePin => [0x02, 0x00, 0x00],
        Cvm::Signature => [0x1E, 0x00, 0x00],
        Cvm::OnDevice => [0x01, 0x00, 0x02],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emv::hex;

    fn stores() -> (TagStore, TagStore) {
        let (mut card, mut terminal) = (TagStore::default(), TagStore::default());
        for (tag, value) in [
            (TAG_57_TRACK2_EQUIVALENT_DATA, "4761739001010010D1912201"),
            (TAG_5A_PAN, "4761739001010010"),
            (TAG_9F26_CRYPTOGRAM, "0102030405060708"),
            (TAG_9F10_ISSUER_APPLICATION_DATA, "06010A03A00000"),
            (TAG_9F36_ATC, "0077"),
            (TAG_9F6E_FORM_FACTOR, "2070003F"),
            // A card must not speak for the terminal.
            (TAG_9F02_AMOUNT_AUTHORISED, "000000000001"),
        ] {
            card.put(tag, &hex::decode(value).unwrap()).unwrap();
        }
        terminal.put(TAG_9F02_AMOUNT_AUTHORISED, &hex::decode("000000100051").unwrap()).unwrap();
        terminal.put(TAG_95_TVR, &[0; 5]).unwrap();
        terminal.put(TAG_9F1E_DEVICE_SERIAL, b"TAPTILL1").unwrap();
        (card, terminal)
    }

    #[test]
    fn chip_data_is_what_the_host_needs_and_no_card_number() {
        let (card, terminal) = stores();
        let name = [0xA0, 0, 0, 0, 3];
        let arqc = CryptogramKind::Arqc;
        let pieces = Pieces { name: &name, card: &card, terminal: &terminal, cryptogram_kind: arqc, cvm: Cvm::None };
        let request = concat!(
            "9F26080102030405060708",
            "9F270180",
            "9F100706010A03A00000",
            "9F36020077",
            "95050000000000",
            "9F0206000000100051",
            "9F34031F0002",
            "9F1E0854415054494C4C31",
            "8405A000000003",
            "9F6E0420700030",
        );
        assert_eq!(hex::encode(&pieces.request()), request);
        let reversal = "950500000000009F1E0854415054494C4C319F100706010A03A000009F36020077";
        assert_eq!(hex::encode(&pieces.reversal()), reversal);
    }

    #[test]
    fn cvm_results_name_the_method() {
        for (cvm, verdict) in [
            (Cvm::None, [0x1F, 0x00, 0x02]),
            (Cvm::OnlinePin, [0x02, 0x00, 0x00]),
            (Cvm::Signature, [0x1E, 0x00, 0x00]),
            (Cvm::OnDevice, [0x01, 0x00, 0x02]),
        ] {
            assert_eq!(cvm_results(cvm), verdict);
        }
    }
}
