//! A dialect file as it stands: each table and key by its name, nothing judged yet but the words.
//! Never a rule: those are `check`'s. Evidence: `iso8583/check/tests.rs`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::iso8583::codec::{BitmapEncoding, MtiEncoding, TrailingBytes};
use crate::iso8583::dialect::CardDataForm;
use crate::iso8583::field::{DataEncoding, FieldClass, PadNibble, Sensitivity};
use crate::iso8583::frame::LengthPrefix;
use crate::iso8583::message::{MacOnAnswer, Op};
use crate::iso8583::table::{Fault, Placed, Read, Row, word};

pub(super) struct DialectFile {
    pub name: String,
    pub card_data: CardDataForm,
    pub mti: MtiEncoding,
    pub bitmap: BitmapEncoding,
    pub trailing_bytes: TrailingBytes,
    pub frame: FrameFile,
    pub mac: Option<MacFile>,
    pub field: Vec<FieldFile>,
    pub message: Vec<MessageFile>,
}

impl DialectFile {
    pub const KEYS: [&str; 9] =
        ["name", "card_data", "mti", "bitmap", "trailing_bytes", "frame", "mac", "field", "message"];

    pub fn of(row: Row<'_, '_>) -> Result<Self, Fault> {
        Ok(Self {
            name: row.need("name")?,
            card_data: row.or_default("card_data")?,
            mti: row.need("mti")?,
            bitmap: row.need("bitmap")?,
            trailing_bytes: row.or_default("trailing_bytes")?,
            frame: row.need("frame")?,
            mac: row.may("mac")?,
            field: row.need("field")?,
            message: row.need("message")?,
        })
    }
}

pub(super) struct FrameFile {
    pub length: LengthPrefix,
    pub tpdu: Option<String>,
    pub header_request: String,
    pub header_answer: String,
    pub bytes_max: Option<usize>,
}

impl Read for FrameFile {
    fn read(value: &Placed<'_>) -> Result<Self, Fault> {
        let row = Row::of(value, &["length", "tpdu", "header_request", "header_answer", "bytes_max"])?;
        Ok(Self {
            length: row.need("length")?,
            tpdu: row.may("tpdu")?,
            header_request: row.or_default("header_request")?,
            header_answer: row.or_default("header_answer")?,
            bytes_max: row.may("bytes_max")?,
        })
    }
}

pub(super) struct MacFile {
    pub field: u8,
    pub algorithm: AlgorithmWord,
    pub padding: Option<u8>,
}

impl Read for MacFile {
    fn read(value: &Placed<'_>) -> Result<Self, Fault> {
        let row = Row::of(value, &["field", "algorithm", "padding"])?;
        Ok(Self { field: row.need("field")?, algorithm: row.need("algorithm")?, padding: row.may("padding")? })
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum AlgorithmWord {
    UnionpayEcb,
    #[serde(rename = "x9_9")]
    X99,
    #[serde(rename = "x9_19")]
    X919,
    CbcTdes,
    AesCmac,
    HmacSha256,
}

pub(super) struct FieldFile {
    pub no: u8,
    pub name: String,
    pub class: FieldClass,
    pub length: LengthForm,
    pub len_enc: Option<LengthEncoding>,
    pub len_unit: Option<CountUnit>,
    pub data_enc: DataEncoding,
    pub pad: Option<PadNibble>,
    pub min: Option<u16>,
    pub max: u16,
    pub sens: Sensitivity,
}

impl Read for FieldFile {
    fn read(value: &Placed<'_>) -> Result<Self, Fault> {
        let row = Row::of(
            value,
            &["no", "name", "class", "length", "len_enc", "len_unit", "data_enc", "pad", "min", "max", "sens"],
        )?;
        Ok(Self {
            no: row.need("no")?,
            name: row.need("name")?,
            class: row.need("class")?,
            length: row.need("length")?,
            len_enc: row.may("len_enc")?,
            len_unit: row.may("len_unit")?,
            data_enc: row.need("data_enc")?,
            pad: row.may("pad")?,
            min: row.may("min")?,
            max: row.need("max")?,
            sens: row.or_default("sens")?,
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum LengthForm {
    #[serde(rename = "fixed")]
    Fixed,
    #[serde(rename = "LL")]
    TwoDigits,
    #[serde(rename = "LLL")]
    ThreeDigits,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum LengthEncoding {
    Bcd,
    Ascii,
    Bin,
}

/// What a length counts: digits on the wire, of BCD or hex; or bytes, on the wire or of a value in hex.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CountUnit {
    Digit,
    Byte,
}

pub(super) struct MessageFile {
    pub op: Op,
    pub repeat_mti: Option<String>,
    pub timeout_ms: u64,
    pub mac_request: MacOnRequest,
    pub mac_response: MacOnAnswer,
    pub reversal: bool,
    pub echo: Vec<u8>,
    pub match_key: Vec<u8>,
    pub approve_rc: Vec<String>,
    pub retry_rc: Vec<String>,
    pub resign_on_rc: Vec<String>,
    pub close_rc: Vec<String>,
    pub duplicate_rc: Vec<String>,
    pub request: SideFile,
    pub answer: SideFile,
}

impl Read for MessageFile {
    fn read(value: &Placed<'_>) -> Result<Self, Fault> {
        let row = Row::of(
            value,
            &[
                "op",
                "repeat_mti",
                "timeout_ms",
                "mac_request",
                "mac_response",
                "reversal",
                "echo",
                "match_key",
                "approve_rc",
                "retry_rc",
                "resign_on_rc",
                "close_rc",
                "duplicate_rc",
                "request",
                "answer",
            ],
        )?;
        Ok(Self {
            op: row.need("op")?,
            repeat_mti: row.may("repeat_mti")?,
            timeout_ms: row.need("timeout_ms")?,
            mac_request: row.need("mac_request")?,
            mac_response: row.need("mac_response")?,
            reversal: row.or_default("reversal")?,
            echo: row.or_default("echo")?,
            match_key: row.need("match_key")?,
            approve_rc: row.need("approve_rc")?,
            retry_rc: row.or_default("retry_rc")?,
            resign_on_rc: row.or_default("resign_on_rc")?,
            close_rc: row.or_default("close_rc")?,
            duplicate_rc: row.or_default("duplicate_rc")?,
            request: row.need("request")?,
            answer: row.need("answer")?,
        })
    }
}

#[derive(PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum MacOnRequest {
    Always,
    Never,
}

pub(super) struct SideFile {
    pub mti: String,
    pub mandatory: BTreeMap<String, String>,
    pub optional: BTreeMap<String, String>,
}

impl Read for SideFile {
    fn read(value: &Placed<'_>) -> Result<Self, Fault> {
        let row = Row::of(value, &["mti", "mandatory", "optional"])?;
        Ok(Self { mti: row.need("mti")?, mandatory: row.need("mandatory")?, optional: row.or_default("optional")? })
    }
}

macro_rules! words {
    ($($word:ty),+ $(,)?) => {
        $(impl Read for $word {
            fn read(value: &Placed<'_>) -> Result<Self, Fault> {
                word(value)
            }
        })+
    };
}
words!(
    AlgorithmWord,
    BitmapEncoding,
    CardDataForm,
    CountUnit,
    DataEncoding,
    FieldClass,
    LengthEncoding,
    LengthForm,
    LengthPrefix,
    MacOnAnswer,
    MacOnRequest,
    MtiEncoding,
    Op,
    PadNibble,
    Sensitivity,
    TrailingBytes,
);
