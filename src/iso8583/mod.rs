//! ISO 8583 messages as an acquirer's host speaks them, with everything that differs between acquirers as data.
//!
//! A [`Dialect`] is a TOML file: how a message is framed, how each field is written, which fields each
//! message carries. It is checked whole when it is loaded and compiled to a table of 129 entries. The codec
//! parses in place and packs into a caller's buffer; what is not valid is an error with field and offset.
//!
//! Source: ISO 8583-1:1987 (message, bitmap, field numbers). It never holds a key, never opens a socket and
//! never returns a value that breaks its field's rule. Evidence: `tests/wire_vector.rs`, `tests/wire_rubbish.rs`.

mod chars;
mod check;
mod codec;
mod dialect;
mod field;
mod frame;
mod message;
mod pack;
mod parse;
mod rules;
mod table;
mod template;
mod tlv;
mod value;
mod words;

pub use codec::{CodecError, CodecFault};
pub use dialect::{CardDataForm, Dialect, MacRule};
pub use field::{DataEncoding, FieldClass, FieldRule, Sensitivity};
pub use frame::{Deframer, Frame, FrameError, LengthPrefix};
pub use message::{MacOnAnswer, MessageRow, Op, Side};
pub use pack::FieldSet;
pub use parse::Parsed;
pub use rules::{DialectError, Place, Rule};
pub use tlv::{TlvElement, TlvWalk};
pub use value::{ValueKind, ValueName, Values};
