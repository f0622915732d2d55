//! What a message says, apart from how a dialect writes it.
//!
//! Each [`ValueName`] has one form everywhere: digits and text in ASCII, chip data and key blocks as bytes.
//! A [`Values`] is an ordered set of them; it is wiped on drop and cannot be printed, because a sale's set
//! holds a card number. Names in templates and in journalled rows are the words of the table below.
//!
//! It never knows a field number. Evidence: `mod tests` below, `tests/wire_dialects.rs`.

use std::collections::BTreeMap;

use zeroize::Zeroize;

/// The form of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// ASCII digits.
    Digits,
    /// Printable ASCII.
    Text,
    /// Track 2: ASCII digits with one `D` between card number and expiry.
    Track,
    /// Any bytes.
    Bytes,
}

macro_rules! value_names {
    ($($(#[$doc:meta])* $variant:ident = $word:literal: $kind:ident $min:literal..=$max:literal,)+) => {
        /// The name of a value. Lengths are in characters of the form given here, or in bytes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ValueName {
            $($(#[$doc])* $variant,)+
        }

        impl ValueName {
            /// All names, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word in templates, as `amount_minor`.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The form of the value.
            #[must_use]
            pub fn kind(self) -> ValueKind {
                match self { $(Self::$variant => ValueKind::$kind,)+ }
            }

            /// The shortest and the longest that the value can be.
            #[must_use]
            pub fn length_range(self) -> (usize, usize) {
                match self { $(Self::$variant => ($min, $max),)+ }
            }
        }
    };
}

value_names! {
    /// Card number, 12 to 19 digits.
    Pan = "pan": Digits 12..=19,
    /// Amount in minor units, 12 digits with leading zeros.
    AmountMinor = "amount_minor": Digits 12..=12,
    /// Trace number of this message. A reversal in the UnionPay manner repeats the original's.
    Stan = "stan": Digits 6..=6,
    /// Local time, `hhmmss`.
    LocalTime = "local_time": Digits 6..=6,
    /// Local date, `MMDD`.
    LocalDate = "local_date": Digits 4..=4,
    /// Date and time of transmission in UTC, `MMDDhhmmss`.
    TransmissionDateTime = "transmission_date_time": Digits 10..=10,
    /// Settlement date, `MMDD`.
    SettlementDate = "settlement_date": Digits 4..=4,
    /// Expiry of the card, `YYMM`.
    Expiry = "expiry": Digits 4..=4,
    /// Sequence number of the card, three digits with leading zeros.
    PanSequence = "pan_sequence": Digits 3..=3,
    /// Track 2 equivalent data, separator `D`, no padding.
    Track2 = "track2": Track 18..=37,
    /// Terminal id, 8 characters.
    TerminalId = "terminal_id": Text 8..=8,
    /// Merchant id, 15 characters.
    MerchantId = "merchant_id": Text 15..=15,
    /// ISO 4217 number of the currency, three digits.
    CurrencyNumber = "currency_number": Digits 3..=3,
    /// Chip data: BER-TLV elements of field 55.
    ChipData = "chip_data": Bytes 1..=999,
    /// Number of the open batch, six digits.
    Batch = "batch": Digits 6..=6,
    /// Trace number of the message to be reversed.
    OriginalStan = "original_stan": Digits 6..=6,
    /// Batch of the message to be reversed.
    OriginalBatch = "original_batch": Digits 6..=6,
    /// Local date of the message to be reversed, `MMDD`.
    OriginalDate = "original_date": Digits 4..=4,
    /// Date and time of transmission of the message to be reversed, `MMDDhhmmss`.
    OriginalDateTime = "original_date_time": Digits 10..=10,
    /// Message type of the message to be reversed, as `0200`.
    OriginalMti = "original_mti": Digits 4..=4,
    /// Why a reversal is sent: `98` no answer, `A0` bad MAC, `96` could not finish, `06` other.
    ReversalReason = "reversal_reason": Text 2..=2,
    /// Authorisation code, 6 characters.
    AuthCode = "auth_code": Text 6..=6,
    /// Retrieval reference number, 12 characters.
    Rrn = "rrn": Text 12..=12,
    /// Response code, 2 characters. It is text.
    ResponseCode = "response_code": Text 2..=2,
    /// Working keys under the terminal's master key, as `paycrypto::open_key_block` reads them.
    KeyBlock = "key_block": Bytes 24..=60,
    /// A card read that somebody else's reader encrypted for the host.
    EncryptedRead = "encrypted_read": Bytes 1..=999,
    /// The reader's signature over it.
    ReadSignature = "read_signature": Bytes 1..=512,
    /// How it is to be read.
    ReadFormat = "read_format": Text 1..=32,
    /// Which key opens it, or signed it.
    ReadKey = "read_key": Text 1..=32,
    /// What the till gave the reader to bind it to.
    ReadNonce = "read_nonce": Bytes 16..=16,
    /// The head of the till's journal: its size, 8 bytes, high byte first, and its root, 32.
    JournalHead = "journal_head": Bytes 40..=40,
    /// Retrieval reference number of the message that is voided or given back.
    OriginalRrn = "original_rrn": Text 12..=12,
    /// Authorisation code of the message that is voided or given back.
    OriginalAuthCode = "original_auth_code": Text 6..=6,
    /// How a settlement came out: `1` in balance, `2` out of balance (ISO 8583-1:1987, field 66).
    SettlementCode = "settlement_code": Digits 1..=1,
    /// How many sales a batch holds, voided ones among them.
    SalesCount = "sales_count": Digits 10..=10,
    /// Their sum in minor units.
    SalesMinor = "sales_minor": Digits 16..=16,
    /// How many voids a batch holds.
    VoidsCount = "voids_count": Digits 10..=10,
    /// Their sum in minor units.
    VoidsMinor = "voids_minor": Digits 16..=16,
    /// How many refunds a batch holds.
    RefundsCount = "refunds_count": Digits 10..=10,
    /// Their sum in minor units.
    RefundsMinor = "refunds_minor": Digits 16..=16,
    /// Voids and refunds together, for dialects that do not tell them apart.
    GivenBackCount = "given_back_count": Digits 10..=10,
    /// Their sum in minor units.
    GivenBackMinor = "given_back_minor": Digits 16..=16,
    /// Sales less what was given back: `D` and 16 digits, or `C` where more was given back (field 97).
    NetAmount = "net_amount": Text 17..=17,
    /// Place of the first line of an upload among the batch's lines, from 0.
    UploadIndex = "upload_index": Digits 6..=6,
    /// How many lines the whole upload has.
    UploadCount = "upload_count": Digits 6..=6,
    /// Lines of a batch, as `acquirer::UploadLine` writes them.
    UploadLines = "upload_lines": Bytes 1..=999,
    /// The day that a statement is asked for, `YYYYMMDD`.
    StatementDay = "statement_day": Digits 8..=8,
    /// The page that is asked for, from 1.
    StatementPage = "statement_page": Digits 4..=4,
    /// How many pages there are.
    StatementPages = "statement_pages": Digits 4..=4,
    /// Lines of a statement, as `acquirer::StatementLine` writes them.
    StatementLines = "statement_lines": Bytes 1..=999,
    /// What the host wants the till to know: text in UTF-8.
    ParameterText = "parameter_text": Bytes 1..=999,
    /// Which part of a text this is, from 1; in a request without a text, which part of the answer is asked for.
    ToldPart = "told_part": Digits 3..=3,
    /// How many parts the text has; 0 where a part of the answer is asked for.
    ToldParts = "told_parts": Digits 3..=3,
    /// A part of a text that terminal and host tell each other.
    ToldText = "told_text": Bytes 1..=999,
    /// Whether the host holds the terminal frozen: `freeze`, or `release` until the terminal says that it has heard.
    HostMark = "host_mark": Text 1..=16,
}

impl ValueName {
    /// Finds a name by its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|name| name.word() == word)
    }

    /// Whether the value may never be written where card data may not be: in events, logs and receipts.
    #[must_use]
    pub fn is_card_data(self) -> bool {
        self.is_clear_card_data() || self == Self::EncryptedRead
    }

    /// Whether the value is of a card that the till itself has read.
    #[must_use]
    pub fn is_clear_card_data(self) -> bool {
        matches!(self, Self::Pan | Self::Expiry | Self::PanSequence | Self::Track2 | Self::ChipData)
    }

    /// Whether the value is of a finished read of somebody else's reader.
    #[must_use]
    pub fn is_of_a_read(self) -> bool {
        matches!(self, Self::EncryptedRead | Self::ReadSignature | Self::ReadFormat | Self::ReadKey | Self::ReadNonce)
    }
}

/// An ordered set of values, wiped on drop. It has no `Debug`.
#[derive(Clone, Default)]
pub struct Values(BTreeMap<ValueName, Vec<u8>>);

impl Values {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a value, in the form that its name asks for. Whether it has that form is checked where a message
    /// is composed.
    pub fn set(&mut self, name: ValueName, value: impl AsRef<[u8]>) -> &mut Self {
        if let Some(mut replaced) = self.0.insert(name, value.as_ref().to_vec()) {
            replaced.zeroize();
        }
        self
    }

    /// Sets a value of fixed length from a number, with leading zeros. A number that is too long is set as
    /// it is, and refused where a message is composed.
    pub fn set_number(&mut self, name: ValueName, number: u64) -> &mut Self {
        let (width, _) = name.length_range();
        self.set(name, format!("{number:0width$}"))
    }

    /// The value, when it is there.
    #[must_use]
    pub fn get(&self, name: ValueName) -> Option<&[u8]> {
        self.0.get(&name).map(Vec::as_slice)
    }

    /// The value as text, when it is there and is ASCII.
    #[must_use]
    pub fn text(&self, name: ValueName) -> Option<&str> {
        self.get(name).filter(|value| value.is_ascii()).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// Takes a value out and wipes it.
    pub fn remove(&mut self, name: ValueName) {
        if let Some(mut removed) = self.0.remove(&name) {
            removed.zeroize();
        }
    }

    /// All values, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (ValueName, &[u8])> {
        self.0.iter().map(|(name, value)| (*name, value.as_slice()))
    }
}

impl Drop for Values {
    fn drop(&mut self) {
        self.0.values_mut().for_each(Zeroize::zeroize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_its_own_word() {
        for name in ValueName::ALL {
            assert_eq!(ValueName::from_word(name.word()), Some(*name));
            let (min, max) = name.length_range();
            assert!(min <= max);
        }
        assert_eq!(ValueName::from_word("cvv"), None);
    }

    #[test]
    fn numbers_get_their_leading_zeros() {
        let mut values = Values::new();
        values.set_number(ValueName::AmountMinor, 10_000).set_number(ValueName::Stan, 7);
        assert_eq!(values.text(ValueName::AmountMinor), Some("000000010000"));
        assert_eq!(values.text(ValueName::Stan), Some("000007"));
        values.remove(ValueName::Stan);
        assert_eq!(values.get(ValueName::Stan), None);
    }
}
