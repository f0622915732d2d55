//! A dialect: one acquirer's way of speaking, read from a TOML file and checked whole.
//!
//! The file's hash names the dialect in the journal, so that a reversal after a restart is written by the same
//! table as its original. Three files come with the core, `unionpay`, `iso87` and `encrypted`; a real acquirer's is
//! given when the till is provisioned. A dialect does not change once it is loaded, and is shared freely.
//! Evidence: `tests/wire_dialects.rs` (the shipped ones), `check` (a row a rule).

use serde::Deserialize;

use super::check;
use super::codec::{Codec, CodecError};
use super::field::FieldRule;
use super::frame::Frame;
use super::message::MessageRow;
use super::pack::FieldSet;
use super::parse::Parsed;
use super::rules::DialectError;
use crate::paycrypto::MacAlgorithm;

/// A compiled dialect.
pub struct Dialect {
    pub(super) name: String,
    pub(super) card_data: CardDataForm,
    pub(super) hash: [u8; 32],
    pub(super) codec: Codec,
    pub(super) frame: Frame,
    pub(super) mac: Option<MacRule>,
    pub(super) rows: Vec<MessageRow>,
}

/// How a dialect's messages carry what was read of a card. It decides which reader a sale uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardDataForm {
    /// As the till's own kernel read it: card number, track 2 equivalent data, chip data.
    #[default]
    Clear,
    /// As somebody else's certified reader encrypted it; the till cannot open it.
    EncryptedRead,
}

/// How a dialect's messages are authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MacRule {
    /// The field that carries the code: the last of the dialect. The code covers every byte before it.
    pub field: u8,
    /// How the code is made.
    pub algorithm: MacAlgorithm,
    /// How many bytes of the code the field carries, 4 to 32.
    pub bytes: usize,
}

impl Dialect {
    /// Reads, checks and compiles a dialect file.
    ///
    /// # Errors
    /// [`DialectError`] with the first rule that the file breaks, and the row that breaks it.
    ///
    /// ```
    /// use taptill::iso8583::{Dialect, Op, Side};
    /// let toml = Dialect::shipped("unionpay").expect("it comes with the core");
    /// let dialect = Dialect::from_toml(toml).expect("it keeps every rule");
    /// assert_eq!(dialect.row(Op::Sale).map(|row| row.mti(Side::Answer)), Some(*b"0210"));
    /// let refused = Dialect::from_toml(&toml.replace("no = 4,", "no = 3,")).err().expect("two fields 3");
    /// assert_eq!(refused.to_string(), "field 3: the field has a row already");
    /// ```
    pub fn from_toml(text: &str) -> Result<Self, DialectError> {
        let mut hash = [0; 32];
        hash.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()).as_ref());
        check::compile(text, hash)
    }

    /// The text of a dialect that comes with the core: `unionpay`, `iso87`, or `encrypted` for card reads of
    /// somebody else's reader.
    #[must_use]
    pub fn shipped(name: &str) -> Option<&'static str> {
        match name {
            "unionpay" => Some(include_str!("../../dialects/unionpay.toml")),
            "iso87" => Some(include_str!("../../dialects/iso87.toml")),
            "encrypted" => Some(include_str!("../../dialects/encrypted.toml")),
            _ => None,
        }
    }

    /// The name that the file gives itself.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How card data travel (`card_data`); in clear where the file does not say.
    #[must_use]
    pub fn card_data(&self) -> CardDataForm {
        self.card_data
    }

    /// SHA-256 of the file's bytes.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// How messages are framed.
    #[must_use]
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// How messages are authenticated, where they are.
    #[must_use]
    pub fn mac(&self) -> Option<MacRule> {
        self.mac
    }

    /// The rule of a field that the dialect has.
    #[must_use]
    pub fn field(&self, field: u8) -> Option<&FieldRule> {
        self.codec.rule(field)
    }

    /// Reads an unframed message in place, without allocating.
    ///
    /// # Errors
    /// [`CodecError`] with the first field that breaks its rule.
    pub fn parse<'a>(&'a self, message: &'a [u8]) -> Result<Parsed<'a>, CodecError> {
        self.codec.parse(message)
    }

    /// Replaces what `out` holds by the packed message, unframed. With an error `out` is empty.
    ///
    /// # Errors
    /// [`CodecError`] with the first field that breaks its rule.
    pub fn pack(&self, fields: &FieldSet, out: &mut Vec<u8>) -> Result<(), CodecError> {
        self.codec.pack(fields, out)
    }
}
