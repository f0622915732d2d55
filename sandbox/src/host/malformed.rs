//! Answers to messages that the dialect's rows do not describe, as far as one can be given.
//!
//! A known message with a bad field is answered 30, an unknown one 12, both without a MAC: what was not
//! understood cannot be vouched for. A message that cannot even be parsed has no answer.
//!
//! Evidence: `sandbox/tests/host_acquirer.rs`.

use taptill::acquirer::envelope::EnvelopeError;
use taptill::iso8583::{Dialect, FieldSet, Op, Parsed, Side, Values};

use super::ruling::code;

/// Fields that an answer repeats, where the request has them: processing code, amount, trace number, terminal,
/// merchant, currency.
const REPEATED: [u8; 6] = [3, 4, 11, 41, 42, 49];
const FIELD_39_RESPONSE_CODE: u8 = 39;

/// A framed answer, or nothing.
pub(super) fn answer(dialect: &Dialect, message: &[u8], error: &EnvelopeError) -> Option<Vec<u8>> {
    let parsed = dialect.parse(message).ok()?;
    let mut fields = FieldSet::new(answer_mti(&parsed)?);
    for field in REPEATED {
        if let Some(value) = parsed.value(field) {
            fields.set(field, &value).ok()?;
        }
    }
    let code = match error {
        EnvelopeError::Unidentified | EnvelopeError::NoSuchMessage(_) => code::INVALID_TRANSACTION,
        _ => code::FORMAT_ERROR,
    };
    fields.set(FIELD_39_RESPONSE_CODE, code.as_bytes()).ok()?;
    framed(dialect, &fields)
}

/// An answer of the dialect that carries no MAC, because the terminal has no key yet.
pub(super) fn without_mac(dialect: &Dialect, op: Op, values: &Values) -> Option<Vec<u8>> {
    framed(dialect, &dialect.compose(op, Side::Answer, values).ok()?)
}

fn framed(dialect: &Dialect, fields: &FieldSet) -> Option<Vec<u8>> {
    let (mut message, mut frame) = (Vec::new(), Vec::new());
    dialect.pack(fields, &mut message).ok()?;
    dialect.frame().wrap(Side::Answer, &message, &mut frame).ok()?;
    Some(frame)
}

/// The third digit tells a request (even) from its answer (odd); what is no request has no answer.
fn answer_mti(parsed: &Parsed<'_>) -> Option<[u8; 4]> {
    let mut mti = parsed.mti();
    match mti[2] {
        b'0' | b'2' | b'4' => mti[2] += 1,
        _ => return None,
    }
    Some(mti)
}
