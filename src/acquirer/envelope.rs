//! The envelope of a conversation: values in, a framed message with its MAC out; and back.
//!
//! The MAC is made over exactly the bytes that are sent and verified over exactly the bytes that came, in constant
//! time, before any value is handed out. What its row asks for decides: an answer without a MAC, where one is
//! asked for, is as wrong as one with a bad MAC. Both ends use it, the terminal and a host.
//!
//! It never decides what a wrong message means for the money. Evidence: `tests/wire_envelope.rs`.

use std::fmt;

use zeroize::Zeroizing;

use crate::iso8583::{
    CodecError, Dialect, FieldSet, FrameError, MacOnAnswer, MacRule, MessageRow, Op, Parsed, Side, ValueName, Values,
};
use crate::paycrypto::{KeyError, MacKey, mac};

/// The response code of an answer.
const DE39_RESPONSE_CODE: u8 = 39;

/// A message whose MAC, where one is asked for, has been verified.
pub struct Opened {
    /// What the message is for.
    pub op: Op,
    /// Whether it asks or answers. A terminal refuses a request, a host an answer.
    pub side: Side,
    /// What it says.
    pub values: Values,
    /// Whether its MAC was asked for.
    pub mac: MacVerdict,
    /// Whether a request says that it was sent before.
    pub is_repeat: bool,
}

/// What is known of a message's MAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MacVerdict {
    /// It is there and right.
    Verified,
    /// Its row asks for none.
    NotAsked,
    /// Nobody looked: the values are hearsay. Only [`open_unverified`] says so.
    NotLookedAt,
}

/// Why a message was not sealed or not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnvelopeError {
    /// It is no valid message, or values are missing to make one.
    Codec(CodecError),
    /// It cannot be framed.
    Frame(FrameError),
    /// It is none of the dialect's messages, or it cannot be told which.
    Unidentified,
    /// The dialect has no message for this.
    NoSuchMessage(Op),
    /// Its row asks for a MAC and it has none.
    MacMissing,
    /// Its MAC is wrong.
    MacWrong,
    /// Its row asks for a MAC and there is no key.
    NoMacKey,
    /// The key does not fit the dialect's algorithm.
    Key(KeyError),
}

impl fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Codec(error) => error.fmt(f),
            Self::Frame(error) => error.fmt(f),
            Self::Unidentified => f.write_str("the message is none of the dialect's"),
            Self::NoSuchMessage(op) => write!(f, "the dialect has no message for {op}"),
            Self::MacMissing => f.write_str("the message has no MAC"),
            Self::MacWrong => f.write_str("the MAC is wrong"),
            Self::NoMacKey => f.write_str("there is no key for the MAC"),
            Self::Key(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for EnvelopeError {}

impl From<CodecError> for EnvelopeError {
    fn from(error: CodecError) -> Self {
        Self::Codec(error)
    }
}

/// Composes and packs a message, adds the MAC that its row asks for, and frames it. The bytes hold card data.
///
/// # Errors
/// [`EnvelopeError`]; nothing has left then.
pub fn seal(
    dialect: &Dialect,
    op: Op,
    side: Side,
    values: &Values,
    key: Option<&MacKey>,
) -> Result<Vec<u8>, EnvelopeError> {
    let row = dialect.row(op).ok_or(EnvelopeError::NoSuchMessage(op))?;
    let fields = dialect.compose(op, side, values)?;
    seal_fields(dialect, (row, side), fields, values, key)
}

/// As [`seal`] for a request that has been sent before: it carries the dialect's mark of a repeat where it has one.
///
/// # Errors
/// [`EnvelopeError`]; nothing has left then.
pub fn seal_repeat(dialect: &Dialect, op: Op, values: &Values, key: Option<&MacKey>) -> Result<Vec<u8>, EnvelopeError> {
    let row = dialect.row(op).ok_or(EnvelopeError::NoSuchMessage(op))?;
    let fields = dialect.compose_repeat(op, values)?;
    seal_fields(dialect, (row, Side::Request), fields, values, key)
}

fn seal_fields(
    dialect: &Dialect,
    (row, side): (&MessageRow, Side),
    mut fields: FieldSet,
    values: &Values,
    key: Option<&MacKey>,
) -> Result<Vec<u8>, EnvelopeError> {
    if let Some(rule) = dialect.mac()
        && demand(row, side, values.get(ValueName::ResponseCode)) == MacDemand::Required
    {
        set_mac(dialect, rule, &mut fields, key.ok_or(EnvelopeError::NoMacKey)?)?;
    }
    let mut message = Zeroizing::new(Vec::with_capacity(dialect.frame().bytes_max()));
    dialect.pack(&fields, &mut message)?;
    let mut framed = Vec::new();
    dialect.frame().wrap(side, &message, &mut framed).map_err(EnvelopeError::Frame)?;
    Ok(framed)
}

/// Packs with an empty code first, because the code covers the bitmap, and the bitmap has the code's bit.
fn set_mac(dialect: &Dialect, rule: MacRule, fields: &mut FieldSet, key: &MacKey) -> Result<(), EnvelopeError> {
    let mut message = Zeroizing::new(Vec::with_capacity(dialect.frame().bytes_max()));
    fields.set(rule.field, &EMPTY_CODE[..rule.bytes])?;
    dialect.pack(fields, &mut message)?;
    let range = range(&rule, &dialect.parse(&message)?, &message).ok_or(EnvelopeError::MacMissing)?;
    let tag = mac(rule.algorithm, key, range).map_err(EnvelopeError::Key)?;
    fields.set(rule.field, &tag.bytes()[..rule.bytes])?;
    Ok(())
}

/// Reads an unframed message: parses it, finds its row, verifies its MAC, and only then extracts its values.
/// Rows that share a message type are told apart by what they carry; where that does not tell, by `expected`.
///
/// # Errors
/// [`EnvelopeError`]. With [`EnvelopeError::MacMissing`], [`EnvelopeError::MacWrong`] and [`EnvelopeError::NoMacKey`] no
/// field of the message may be believed.
pub fn open(
    dialect: &Dialect,
    message: &[u8],
    expected: Option<Op>,
    key: Option<&MacKey>,
) -> Result<Opened, EnvelopeError> {
    let parsed = dialect.parse(message)?;
    let (row, side) = find_row(dialect, &parsed, expected)?;
    let response_code = parsed.value(DE39_RESPONSE_CODE);
    let demand = demand(row, side, response_code.as_ref().map(|code| code.as_slice()));
    let mac = verify(dialect.mac(), demand, &parsed, message, key)?;
    let values = dialect.extract(row.op(), side, &parsed)?;
    let is_repeat = side == Side::Request && row.repeat_mti() == Some(parsed.mti());
    Ok(Opened { op: row.op(), side, values, mac, is_repeat })
}

/// Reads an unframed message without looking at its MAC. For a host alone: to find out whose key to verify with,
/// and whom to tell that a MAC was wrong.
///
/// # Errors
/// [`EnvelopeError::Codec`], [`EnvelopeError::Unidentified`].
pub fn open_unverified(dialect: &Dialect, message: &[u8]) -> Result<Opened, EnvelopeError> {
    let parsed = dialect.parse(message)?;
    let (row, side) = find_row(dialect, &parsed, None)?;
    let values = dialect.extract(row.op(), side, &parsed)?;
    let is_repeat = side == Side::Request && row.repeat_mti() == Some(parsed.mti());
    Ok(Opened { op: row.op(), side, values, mac: MacVerdict::NotLookedAt, is_repeat })
}

fn find_row<'a>(
    dialect: &'a Dialect,
    parsed: &Parsed<'_>,
    expected: Option<Op>,
) -> Result<(&'a MessageRow, Side), EnvelopeError> {
    if let Some((op, side)) = dialect.identify(parsed) {
        return Ok((dialect.row(op).ok_or(EnvelopeError::NoSuchMessage(op))?, side));
    }
    let has_its_type = |row: &MessageRow, side: &Side| row.has_type(*side, parsed.mti());
    let row = expected.and_then(|op| dialect.row(op)).ok_or(EnvelopeError::Unidentified)?;
    let side = [Side::Request, Side::Answer].into_iter().find(|side| has_its_type(row, side));
    Ok((row, side.ok_or(EnvelopeError::Unidentified)?))
}

/// What a row wants of a MAC.
#[derive(Clone, Copy, PartialEq, Eq)]
enum MacDemand {
    Required,
    IfThere,
    Ignored,
}

fn demand(row: &MessageRow, side: Side, response_code: Option<&[u8]>) -> MacDemand {
    match (side, row.mac_on_answer()) {
        (Side::Request, _) if row.mac_on_request() => MacDemand::Required,
        (Side::Request, _) | (Side::Answer, MacOnAnswer::Never) => MacDemand::Ignored,
        (Side::Answer, MacOnAnswer::Always) => MacDemand::Required,
        // Without a response code nothing says that the answer does not approve.
        (Side::Answer, MacOnAnswer::ApprovedOnly) => match response_code {
            Some(code) if !row.approves(code) => MacDemand::IfThere,
            _ => MacDemand::Required,
        },
    }
}

fn verify(
    rule: Option<MacRule>,
    demand: MacDemand,
    parsed: &Parsed<'_>,
    message: &[u8],
    key: Option<&MacKey>,
) -> Result<MacVerdict, EnvelopeError> {
    let found = rule.and_then(|rule| Some((rule, parsed.value(rule.field)?, range(&rule, parsed, message)?)));
    match (demand, found) {
        (MacDemand::Ignored, _) | (MacDemand::IfThere, None) => Ok(MacVerdict::NotAsked),
        (MacDemand::Required, None) => Err(EnvelopeError::MacMissing),
        (_, Some((rule, received, range))) => {
            let key = key.ok_or(EnvelopeError::NoMacKey)?;
            let tag = mac(rule.algorithm, key, range).map_err(EnvelopeError::Key)?;
            planted!(MacNotMinded, return Ok(MacVerdict::Verified));
            if tag.matches(&received) { Ok(MacVerdict::Verified) } else { Err(EnvelopeError::MacWrong) }
        }
    }
}

/// The bytes that the code covers: all before its field.
fn range<'m>(rule: &MacRule, parsed: &Parsed<'_>, message: &'m [u8]) -> Option<&'m [u8]> {
    message.get(..parsed.offset(rule.field)?)
}

const EMPTY_CODE: [u8; 32] = [0; 32];
