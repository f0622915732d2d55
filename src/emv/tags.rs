//! The data objects that this till knows, by number and name.
//!
//! Source: EMV Book 3, Annex A; Book 1, Annex B; EMV Contactless Book B, Annex A; for 9F69, 9F6C, 9F6E and
//! 9F5D Book C-3, Annex A (?). Each constant gives where the object lives and its format. The format decides
//! how a value is padded or cut in a DOL answer (Book 3, 5.4).
//!
//! It never holds values. Evidence: `mod tests` below.

use std::fmt;

/// The tag of a data object, its one to three bytes as one number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub u32);

impl Tag {
    /// Whether the value holds data objects (bit 6 of the first byte).
    #[must_use]
    #[inline]
    pub const fn is_constructed(self) -> bool {
        let first = match self.0 {
            0..=0xFF => self.0,
            0x100..=0xFFFF => self.0 >> 8,
            _ => self.0 >> 16,
        };
        first & 0x20 != 0
    }

    /// Reads the tag's bytes in hexadecimal, as `9F02`.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let bytes = super::hex::decode(text)?;
        if bytes.is_empty() || bytes.len() > 3 {
            return None;
        }
        Some(Self(bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte))))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = if self.0 > 0xFFFF { 6 } else { 4 };
        let width = if self.0 > 0xFF { width } else { 2 };
        write!(f, "{:0width$X}", self.0)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How a value is written (EMV Book 3, 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `n`: decimal digits, right-justified, zeros in front.
    Numeric,
    /// `cn`: decimal digits, left-justified, F behind.
    CompressedNumeric,
    /// Text, or bits.
    Other,
}

macro_rules! tags {
    ($($name:ident = $number:literal, $format:ident, $length:literal, $doc:literal;)+) => {
        $(#[doc = concat!($doc, " Length: ", $length, ".")] pub const $name: Tag = Tag($number);)+

        /// The format of a tag's value; of a tag that is not in the table, [`Format::Other`].
        #[must_use]
        pub fn format(tag: Tag) -> Format {
            match tag { $($name => Format::$format,)+ _ => Format::Other }
        }

        #[cfg(test)]
        const ALL: &[(&str, Tag)] = &[$((stringify!($name), $name),)+];
    };
}

tags! {
    TAG_42_ISSUER_IDENTIFICATION = 0x42, Numeric, "3", "Issuer identification number. Template BF0C.";
    TAG_4F_ADF_NAME = 0x4F, Other, "5-16", "Application identifier on the card. Template 61. Binary.";
    TAG_50_APPLICATION_LABEL = 0x50, Other, "1-16", "Application label. Templates 61, A5. Text.";
    TAG_57_TRACK2_EQUIVALENT_DATA = 0x57, Other, "up to 19", "Track 2 equivalent data. Templates 70, 77. Binary.";
    TAG_5A_PAN = 0x5A, CompressedNumeric, "up to 10", "Application primary account number. Templates 70, 77.";
    TAG_5F20_CARDHOLDER_NAME = 0x5F20, Other, "2-26", "Cardholder name. Templates 70, 77. Text.";
    TAG_5F24_EXPIRATION_DATE = 0x5F24, Numeric, "3", "Application expiration date, YYMMDD. Templates 70, 77.";
    TAG_5F25_EFFECTIVE_DATE = 0x5F25, Numeric, "3", "Application effective date, YYMMDD. Templates 70, 77.";
    TAG_5F28_ISSUER_COUNTRY_CODE = 0x5F28, Numeric, "2", "Issuer country code. Templates 70, 77.";
    TAG_5F2A_TRANSACTION_CURRENCY_CODE = 0x5F2A, Numeric, "2", "Transaction currency code. Terminal.";
    TAG_5F2D_LANGUAGE_PREFERENCE = 0x5F2D, Other, "2-8", "Language preference. Template A5. Text.";
    TAG_5F34_PAN_SEQUENCE_NUMBER = 0x5F34, Numeric, "1", "PAN sequence number. Templates 70, 77.";
    TAG_5F36_CURRENCY_EXPONENT = 0x5F36, Numeric, "1", "Transaction currency exponent. Terminal.";
    TAG_61_APPLICATION_TEMPLATE = 0x61, Other, "up to 252", "Directory entry. Template BF0C.";
    TAG_6F_FCI_TEMPLATE = 0x6F, Other, "up to 252", "File control information. Answer to SELECT.";
    TAG_70_RECORD_TEMPLATE = 0x70, Other, "up to 252", "Record. Answer to READ RECORD.";
    TAG_77_RESPONSE_FORMAT_2 = 0x77, Other, "variable", "Response with data objects. Answer to GET PROCESSING OPTIONS.";
    TAG_80_RESPONSE_FORMAT_1 = 0x80, Other, "variable", "Response without tags. Answer to GET PROCESSING OPTIONS.";
    TAG_82_AIP = 0x82, Other, "2", "Application interchange profile. Template 77. Binary.";
    TAG_83_COMMAND_TEMPLATE = 0x83, Other, "variable", "Command template. GET PROCESSING OPTIONS.";
    TAG_84_DF_NAME = 0x84, Other, "5-16", "Dedicated file name. Template 6F. Binary.";
    TAG_87_PRIORITY = 0x87, Other, "1", "Application priority indicator. Templates 61, A5. Binary.";
    TAG_8C_CDOL1 = 0x8C, Other, "up to 252", "Card risk management data object list 1. Templates 70, 77.";
    TAG_8F_CA_KEY_INDEX = 0x8F, Other, "1", "Certification authority public key index. Templates 70, 77.";
    TAG_90_ISSUER_CERTIFICATE = 0x90, Other, "CA modulus", "Issuer public key certificate. Templates 70, 77.";
    TAG_92_ISSUER_KEY_REMAINDER = 0x92, Other, "variable", "Issuer public key remainder. Templates 70, 77.";
    TAG_94_AFL = 0x94, Other, "up to 252", "Application file locator. Template 77.";
    TAG_95_TVR = 0x95, Other, "5", "Terminal verification results. Terminal. Binary.";
    TAG_9A_TRANSACTION_DATE = 0x9A, Numeric, "3", "Transaction date, YYMMDD. Terminal.";
    TAG_9B_TSI = 0x9B, Other, "2", "Transaction status information. Terminal. Binary.";
    TAG_9C_TRANSACTION_TYPE = 0x9C, Numeric, "1", "Transaction type. Terminal.";
    TAG_A5_FCI_PROPRIETARY = 0xA5, Other, "variable", "FCI proprietary template. Template 6F.";
    TAG_BF0C_FCI_ISSUER_DISCRETIONARY = 0xBF0C, Other, "up to 222", "FCI issuer discretionary data. Template A5.";
    TAG_9F01_ACQUIRER_IDENTIFIER = 0x9F01, Numeric, "6", "Acquirer identifier. Terminal.";
    TAG_9F02_AMOUNT_AUTHORISED = 0x9F02, Numeric, "6", "Amount, authorised, in minor units. Terminal.";
    TAG_9F03_AMOUNT_OTHER = 0x9F03, Numeric, "6", "Amount, other (cashback), in minor units. Terminal.";
    TAG_9F06_TERMINAL_AID = 0x9F06, Other, "5-16", "Application identifier of the terminal. Terminal. Binary.";
    TAG_9F07_USAGE_CONTROL = 0x9F07, Other, "2", "Application usage control. Templates 70, 77. Binary.";
    TAG_9F09_TERMINAL_VERSION = 0x9F09, Other, "2", "Application version number of the terminal. Terminal.";
    TAG_9F10_ISSUER_APPLICATION_DATA = 0x9F10, Other, "up to 32", "Issuer application data. Template 77. Binary.";
    TAG_9F11_ISSUER_CODE_TABLE = 0x9F11, Numeric, "1", "Issuer code table index. Template A5.";
    TAG_9F12_PREFERRED_NAME = 0x9F12, Other, "1-16", "Application preferred name. Templates 61, A5. Text.";
    TAG_9F15_MERCHANT_CATEGORY = 0x9F15, Numeric, "2", "Merchant category code. Terminal.";
    TAG_9F16_MERCHANT_IDENTIFIER = 0x9F16, Other, "15", "Merchant identifier. Terminal. Text.";
    TAG_9F1A_TERMINAL_COUNTRY_CODE = 0x9F1A, Numeric, "2", "Terminal country code. Terminal.";
    TAG_9F1B_TERMINAL_FLOOR_LIMIT = 0x9F1B, Other, "4", "Terminal floor limit, in minor units. Terminal. Binary.";
    TAG_9F1C_TERMINAL_IDENTIFICATION = 0x9F1C, Other, "8", "Terminal identification. Terminal. Text.";
    TAG_9F1E_DEVICE_SERIAL = 0x9F1E, Other, "8", "Interface device serial number. Terminal. Text.";
    TAG_9F21_TRANSACTION_TIME = 0x9F21, Numeric, "3", "Transaction time, HHMMSS. Terminal.";
    TAG_9F26_CRYPTOGRAM = 0x9F26, Other, "8", "Application cryptogram. Template 77. Binary.";
    TAG_9F27_CRYPTOGRAM_INFORMATION = 0x9F27, Other, "1", "Cryptogram information data. Template 77. Binary.";
    TAG_9F29_EXTENDED_SELECTION = 0x9F29, Other, "variable", "Extended selection. Template 61. Binary.";
    TAG_9F2A_KERNEL_IDENTIFIER = 0x9F2A, Other, "1-8", "Kernel identifier. Template 61. Binary.";
    TAG_9F32_ISSUER_KEY_EXPONENT = 0x9F32, Other, "1 or 3", "Issuer public key exponent. Templates 70, 77.";
    TAG_9F33_TERMINAL_CAPABILITIES = 0x9F33, Other, "3", "Terminal capabilities. Terminal. Binary.";
    TAG_9F34_CVM_RESULTS = 0x9F34, Other, "3", "Cardholder verification method results. Terminal. Binary.";
    TAG_9F35_TERMINAL_TYPE = 0x9F35, Numeric, "1", "Terminal type. Terminal.";
    TAG_9F36_ATC = 0x9F36, Other, "2", "Application transaction counter. Template 77. Binary.";
    TAG_9F37_UNPREDICTABLE_NUMBER = 0x9F37, Other, "4", "Unpredictable number. Terminal. Binary.";
    TAG_9F38_PDOL = 0x9F38, Other, "variable", "Processing options data object list. Template A5.";
    TAG_9F39_ENTRY_MODE = 0x9F39, Numeric, "1", "Point-of-service entry mode. Terminal.";
    TAG_9F40_ADDITIONAL_CAPABILITIES = 0x9F40, Other, "5", "Additional terminal capabilities. Terminal. Binary.";
    TAG_9F41_SEQUENCE_COUNTER = 0x9F41, Numeric, "2-4", "Transaction sequence counter. Terminal.";
    TAG_9F46_ICC_CERTIFICATE = 0x9F46, Other, "issuer modulus", "ICC public key certificate. Templates 70, 77.";
    TAG_9F47_ICC_KEY_EXPONENT = 0x9F47, Other, "1 or 3", "ICC public key exponent. Templates 70, 77.";
    TAG_9F48_ICC_KEY_REMAINDER = 0x9F48, Other, "variable", "ICC public key remainder. Templates 70, 77.";
    TAG_9F4A_STATIC_DATA_TAG_LIST = 0x9F4A, Other, "variable", "Static data authentication tag list. Templates 70, 77.";
    TAG_9F4B_SIGNED_DYNAMIC_DATA = 0x9F4B, Other, "ICC modulus", "Signed dynamic application data. Templates 70, 77.";
    TAG_9F4C_ICC_DYNAMIC_NUMBER = 0x9F4C, Other, "2-8", "ICC dynamic number, recovered from 9F4B. Binary.";
    TAG_9F4E_MERCHANT_NAME = 0x9F4E, Other, "variable", "Merchant name and location. Terminal. Text.";
    TAG_9F5D_AVAILABLE_OFFLINE_AMOUNT = 0x9F5D, Numeric, "6", "Available offline spending amount. Templates 70, 77.";
    TAG_9F66_TTQ = 0x9F66, Other, "4", "Terminal transaction qualifiers. Terminal. Binary.";
    TAG_9F69_CARD_AUTHENTICATION_DATA = 0x9F69, Other, "5-16", "Card authentication related data. Templates 70, 77.";
    TAG_9F6C_CTQ = 0x9F6C, Other, "2", "Card transaction qualifiers. Templates 70, 77. Binary.";
    TAG_9F6E_FORM_FACTOR = 0x9F6E, Other, "4", "Form factor indicator. Templates 70, 77. Binary.";
    TAG_9F7C_CUSTOMER_EXCLUSIVE_DATA = 0x9F7C, Other, "up to 32", "Customer exclusive data. Templates 70, 77.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_begins_with_its_number_and_stands_once() {
        for (index, (name, tag)) in ALL.iter().enumerate() {
            assert!(name.starts_with(&format!("TAG_{tag}_")), "{name}");
            assert!(ALL[..index].iter().all(|(_, other)| other != tag), "{name}");
            assert_eq!(Tag::from_hex(&tag.to_string()), Some(*tag), "{name}");
        }
    }

    #[test]
    fn templates_are_constructed() {
        for (tag, verdict) in [(0x6F, true), (0xBF0C, true), (0x5A, false), (0x9F02, false), (0xDF8117, false)] {
            assert_eq!(Tag(tag).is_constructed(), verdict, "{tag:X}");
        }
    }
}
