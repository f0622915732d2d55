//! Message rows: which fields a request and its answer carry, and how the two belong together.
//!
//! Composing fills a row's templates from values; extracting reads them backwards. A field that no template
//! names may be there and is not looked at: its own rule has been checked when the message was parsed. Response
//! codes are compared whole, never by a part of them.
//! Evidence: `tests/wire_dialects.rs` (each message there and back, and what is refused).

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::codec::{CodecError, CodecFault};
use super::dialect::Dialect;
use super::pack::FieldSet;
use super::parse::Parsed;
use super::template::Template;
use super::value::{ValueName, Values};

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Is the host there?
    Echo,
    /// Working keys and the open batch.
    SignOn,
    /// A sale.
    Sale,
    /// Takes a sale back whose outcome is not known.
    Reversal,
    /// Takes an approved sale of the open batch back.
    Void,
    /// Takes a void back whose outcome is not known.
    VoidReversal,
    /// Gives money of an approved sale back.
    Refund,
    /// Compares the totals of a batch.
    Settle,
    /// Some of the lines of a batch whose totals differ.
    BatchUpload,
    /// Closes a batch.
    SettleEnd,
    /// What the host wants the till to know.
    Parameters,
    /// A page of the host's statement of a day.
    Statement,
    /// The terminal is frozen.
    Freeze,
    /// The terminal is frozen no longer.
    Release,
    /// What somebody may have lost by this terminal.
    LossReport,
    /// The terminal leaves.
    Deregister,
    /// Another certificate for the terminal.
    RenewCertificate,
}

impl Op {
    /// All operations.
    pub const ALL: [Self; 17] = [
        Self::Echo,
        Self::SignOn,
        Self::Sale,
        Self::Reversal,
        Self::Void,
        Self::VoidReversal,
        Self::Refund,
        Self::Settle,
        Self::BatchUpload,
        Self::SettleEnd,
        Self::Parameters,
        Self::Statement,
        Self::Freeze,
        Self::Release,
        Self::LossReport,
        Self::Deregister,
        Self::RenewCertificate,
    ];

    /// The word in dialects, in the journal and in texts.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::SignOn => "sign_on",
            Self::Sale => "sale",
            Self::Reversal => "reversal",
            Self::Void => "void",
            Self::VoidReversal => "void_reversal",
            Self::Refund => "refund",
            Self::Settle => "settle",
            Self::BatchUpload => "batch_upload",
            Self::SettleEnd => "settle_end",
            Self::Parameters => "parameters",
            Self::Statement => "statement",
            Self::Freeze => "freeze",
            Self::Release => "release",
            Self::LossReport => "loss_report",
            Self::Deregister => "deregister",
            Self::RenewCertificate => "renew_certificate",
        }
    }

    /// Whether it is a text that terminal and host tell each other, in parts ([`ValueName::ToldText`]).
    #[must_use]
    pub fn is_told(self) -> bool {
        matches!(self, Self::Freeze | Self::Release | Self::LossReport | Self::Deregister | Self::RenewCertificate)
    }

    /// What takes this back when its outcome is not known; `None` for what owes no reversal.
    #[must_use]
    pub fn reversed_by(self) -> Option<Self> {
        match self {
            Self::Sale => Some(Self::Reversal),
            Self::Void => Some(Self::VoidReversal),
            _ => None,
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// From the terminal to the host.
    Request,
    /// From the host to the terminal.
    Answer,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request => "request",
            Self::Answer => "answer",
        })
    }
}

/// When an answer must carry a MAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MacOnAnswer {
    /// Always.
    Always,
    /// When its response code approves. A MAC on another answer is still verified where there is one.
    ApprovedOnly,
    /// Never. A MAC that is there is not looked at.
    Never,
}

/// One message of a dialect, request and answer together.
pub struct MessageRow {
    pub(super) op: Op,
    pub(super) repeat_mti: Option<[u8; 4]>,
    pub(super) request: MessageSide,
    pub(super) answer: MessageSide,
    pub(super) timeout_ms: u64,
    pub(super) mac_on_request: bool,
    pub(super) mac_on_answer: MacOnAnswer,
    pub(super) echo: Vec<u8>,
    pub(super) match_key: Vec<u8>,
    pub(super) codes: ResponseCodes,
}

/// The fields of one side, in ascending order.
pub(super) struct MessageSide {
    pub(super) mti: [u8; 4],
    pub(super) fields: Vec<FieldTemplate>,
}

pub(super) struct FieldTemplate {
    pub(super) field: u8,
    pub(super) mandatory: bool,
    pub(super) template: Template,
}

/// What the host's response codes mean.
#[derive(Default)]
pub(super) struct ResponseCodes {
    pub(super) approve: Vec<[u8; 2]>,
    pub(super) retry: Vec<[u8; 2]>,
    pub(super) resign_on: Vec<[u8; 2]>,
    pub(super) close: Vec<[u8; 2]>,
    pub(super) duplicate: Vec<[u8; 2]>,
}

impl MessageRow {
    /// What the message is for.
    #[must_use]
    pub fn op(&self) -> Op {
        self.op
    }

    /// The message type in ASCII digits, as `*b"0200"`.
    #[must_use]
    pub fn mti(&self, side: Side) -> [u8; 4] {
        self.side(side).mti
    }

    /// The message type of a request that is sent once more (`repeat_mti`), where the dialect marks it.
    #[must_use]
    pub fn repeat_mti(&self) -> Option<[u8; 4]> {
        self.repeat_mti
    }

    /// Whether a message of this type is this side of the row: a repeat is a request.
    #[must_use]
    pub fn has_type(&self, side: Side, mti: [u8; 4]) -> bool {
        self.side(side).mti == mti || (side == Side::Request && self.repeat_mti == Some(mti))
    }

    /// How long to wait for the answer after the last byte is sent, 1 to 180 000 ms.
    #[must_use]
    pub fn timeout_ms(&self) -> u64 {
        self.timeout_ms
    }

    /// Whether the request carries a MAC.
    #[must_use]
    pub fn mac_on_request(&self) -> bool {
        self.mac_on_request
    }

    /// When the answer must carry a MAC.
    #[must_use]
    pub fn mac_on_answer(&self) -> MacOnAnswer {
        self.mac_on_answer
    }

    /// The fields by which an answer belongs to its request.
    #[must_use]
    pub fn match_key(&self) -> &[u8] {
        &self.match_key
    }

    /// Whether the host approves with this code (`approve_rc`).
    #[must_use]
    pub fn approves(&self, response_code: &[u8]) -> bool {
        planted!(CodesBySubstring, return response_code.contains(&b'0'));
        is_in(&self.codes.approve, response_code)
    }

    /// Whether the same request is to be sent again later (`retry_rc`).
    #[must_use]
    pub fn asks_retry(&self, response_code: &[u8]) -> bool {
        is_in(&self.codes.retry, response_code)
    }

    /// Whether the terminal must sign on before it sends again (`resign_on_rc`).
    #[must_use]
    pub fn asks_sign_on(&self, response_code: &[u8]) -> bool {
        is_in(&self.codes.resign_on, response_code)
    }

    /// Whether the host does not find the original of a reversal, or not any longer (`close_rc`). What that means
    /// for the money is not the dialect's to say.
    #[must_use]
    pub fn not_found(&self, response_code: &[u8]) -> bool {
        is_in(&self.codes.close, response_code)
    }

    /// Whether the host has a message of this trace number already (`duplicate_rc`): it acknowledges a repeat.
    #[must_use]
    pub fn is_duplicate(&self, response_code: &[u8]) -> bool {
        is_in(&self.codes.duplicate, response_code)
    }

    /// Whether the host can say this value in its answer.
    #[must_use]
    pub fn may_be_answered_with(&self, name: ValueName) -> bool {
        self.answer.fields.iter().any(|entry| entry.template.names().into_iter().any(|said| said == name))
    }

    /// Whether an answer belongs to a request: every value in the match key's fields is there and equal.
    #[must_use]
    pub fn matches(&self, request: &Values, answer: &Values) -> bool {
        self.match_key.iter().all(|field| self.agrees(*field, request, answer))
    }

    /// The first echoed field whose values differ from the request's.
    #[must_use]
    pub fn echo_fault(&self, request: &Values, answer: &Values) -> Option<u8> {
        self.echo.iter().copied().find(|field| !self.agrees(*field, request, answer))
    }

    fn agrees(&self, field: u8, request: &Values, answer: &Values) -> bool {
        let names =
            self.answer.fields.iter().filter(|entry| entry.field == field).flat_map(|entry| entry.template.names());
        names.into_iter().all(|name| request.get(name).is_some() && request.get(name) == answer.get(name))
    }

    pub(super) fn side(&self, side: Side) -> &MessageSide {
        match side {
            Side::Request => &self.request,
            Side::Answer => &self.answer,
        }
    }
}

fn is_in(codes: &[[u8; 2]], response_code: &[u8]) -> bool {
    codes.iter().any(|code| code.as_slice() == response_code)
}

impl MessageSide {
    /// The values that must be given to compose it.
    pub(super) fn needs(&self) -> impl Iterator<Item = ValueName> {
        self.fields.iter().filter(|entry| entry.mandatory).flat_map(|entry| entry.template.names())
    }

    /// Whether a message of this type can be this one, by its mandatory fields.
    fn may_be(&self, parsed: &Parsed<'_>) -> bool {
        self.fields
            .iter()
            .filter(|entry| entry.mandatory)
            .all(|entry| parsed.value(entry.field).is_some_and(|value| entry.template.may_be(&value)))
    }
}

impl Dialect {
    /// The row of an operation.
    #[must_use]
    pub fn row(&self, op: Op) -> Option<&MessageRow> {
        self.rows.iter().find(|row| row.op == op)
    }

    /// The values that must be given to compose a message; empty where the dialect has none.
    pub fn values_needed(&self, op: Op, side: Side) -> impl Iterator<Item = ValueName> {
        self.row(op).into_iter().flat_map(move |row| row.side(side).needs())
    }

    /// Whether a message carries this value, always or where it is given.
    #[must_use]
    pub fn carries(&self, op: Op, side: Side, value: ValueName) -> bool {
        let fields = self.row(op).into_iter().flat_map(|row| &row.side(side).fields);
        fields.into_iter().any(|entry| entry.template.names().any(|name| name == value))
    }

    /// Fills the templates of a message. An optional field is left out when one of its values is not given;
    /// values that no template names are not looked at. The MAC's field is not set.
    ///
    /// # Errors
    /// [`CodecFault::NoSuchMessage`], [`CodecFault::ValueMissing`] and [`CodecFault::ValueMalformed`] with the field.
    pub fn compose(&self, op: Op, side: Side, values: &Values) -> Result<FieldSet, CodecError> {
        let row = self.row(op).ok_or(CodecError::new(0, 0, CodecFault::NoSuchMessage))?.side(side);
        let mut set = FieldSet::new(row.mti);
        let mut scratch = Zeroizing::new(Vec::with_capacity(1024));
        for entry in &row.fields {
            let given = |name| values.get(name).is_some();
            if !entry.mandatory && !entry.template.names().all(given) {
                continue;
            }
            scratch.clear();
            entry.template.fill(values, &mut scratch).map_err(|fault| CodecError::new(entry.field, 0, fault))?;
            set.set(entry.field, &scratch)?;
        }
        Ok(set)
    }

    /// As [`compose`](Self::compose) for a request that has been sent before, with the dialect's mark of a repeat where
    /// it has one.
    ///
    /// # Errors
    /// As [`compose`](Self::compose).
    pub fn compose_repeat(&self, op: Op, values: &Values) -> Result<FieldSet, CodecError> {
        let mut set = self.compose(op, Side::Request, values)?;
        if let Some(mti) = self.row(op).and_then(MessageRow::repeat_mti) {
            set.retype(mti);
        }
        Ok(set)
    }

    /// Reads the templates of a message backwards. Optional fields that are not there give no values.
    ///
    /// # Errors
    /// [`CodecFault::NoSuchMessage`], [`CodecFault::FieldMissing`], [`CodecFault::TemplateMismatch`],
    /// [`CodecFault::ValueMalformed`], [`CodecFault::Contradiction`], each with field and offset.
    pub fn extract(&self, op: Op, side: Side, parsed: &Parsed<'_>) -> Result<Values, CodecError> {
        let row = self.row(op).ok_or(CodecError::new(0, 0, CodecFault::NoSuchMessage))?.side(side);
        let mut values = Values::new();
        for entry in &row.fields {
            let at = parsed.offset(entry.field).unwrap_or_default();
            match parsed.value(entry.field) {
                Some(field) => entry.template.read_into(&field, &mut values),
                None if entry.mandatory => Err(CodecFault::FieldMissing),
                None => Ok(()),
            }
            .map_err(|fault| CodecError::new(entry.field, at, fault))?;
        }
        Ok(values)
    }

    /// Which message this is: by its type, and where several have that type, by the literal parts of their
    /// mandatory fields. `None` when it is none of the dialect's, or cannot be told.
    #[must_use]
    pub fn identify(&self, parsed: &Parsed<'_>) -> Option<(Op, Side)> {
        let both = self.rows.iter().flat_map(|row| [(row, Side::Request), (row, Side::Answer)]);
        let of_type: Vec<_> = both.filter(|(row, side)| row.has_type(*side, parsed.mti())).collect();
        let only = |rows: &[(&MessageRow, Side)]| match rows {
            [(row, side)] => Some((row.op, *side)),
            _ => None,
        };
        only(&of_type).or_else(|| {
            let fitting: Vec<_> = of_type.into_iter().filter(|(row, side)| row.side(*side).may_be(parsed)).collect();
            only(&fitting)
        })
    }
}
