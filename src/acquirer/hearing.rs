//! Whose a message is and what it says: the MAC first, then the match key, then the echo, then the meaning.
//!
//! A message that fails one step is not looked at by the next. It never decides what becomes of a payment; the
//! conversation does. Evidence: `conversation/tests.rs`.

use crate::acquirer::delivery::{
    Answer, Balance, Brought, Delivery, DoubtCause, HostMark, HostTotals, LateAnswer, ToldPart, Unmatched,
    UnmatchedCause,
};
use crate::acquirer::envelope::{self, EnvelopeError, MacVerdict};
use crate::acquirer::state::{Exchange, Line};
use crate::ids::{AuthCode, BatchNo, HostCode, IdError, Rrn, Stan};
use crate::iso8583::{Dialect, Op, Side, ValueName, Values};
use crate::paycrypto::MacKey;

/// What a message turned out to be.
pub(super) enum Verdict {
    /// The answer to the awaited exchange, as far as the match key says.
    Mine(Heard),
    /// A valid answer to something else.
    Aside(Heard),
    /// A message that hosts do not send.
    NotAnAnswer,
    /// No valid message, or its MAC is not what it must be.
    Refused(EnvelopeError),
}

/// A valid answer: only [`judge`] makes one, after the MAC's verdict.
pub(super) struct Heard {
    pub op: Op,
    pub values: Values,
    /// Whether it carried a MAC, and so knows the working keys.
    pub authentic: bool,
}

/// Opens a message and finds out whether it answers the awaited exchange.
pub(super) fn judge(dialect: &Dialect, message: &[u8], awaited: Option<&Exchange>, key: Option<&MacKey>) -> Verdict {
    let opened = match envelope::open(dialect, message, awaited.map(|exchange| exchange.op), key) {
        Ok(opened) => opened,
        Err(fault) => return Verdict::Refused(fault),
    };
    if opened.side != Side::Answer {
        return Verdict::NotAnAnswer;
    }
    let authentic = opened.mac == MacVerdict::Verified;
    let heard = Heard { op: opened.op, values: opened.values, authentic };
    if awaited.is_some_and(|exchange| belongs(dialect, exchange, &heard)) {
        Verdict::Mine(heard)
    } else {
        Verdict::Aside(heard)
    }
}

fn belongs(dialect: &Dialect, exchange: &Exchange, heard: &Heard) -> bool {
    let same_row = exchange.op == heard.op;
    planted!(AnswerOfAnother, return same_row);
    same_row && dialect.row(exchange.op).is_some_and(|row| row.matches(&exchange.values, &heard.values))
}

/// The response code of an echo's or sign-on's answer.
///
/// # Errors
/// The doubt that a payment would be in.
pub(super) fn control_answer(dialect: &Dialect, control: &Exchange, heard: &Heard) -> Result<HostCode, DoubtCause> {
    echo_is_equal(dialect, control, heard)?;
    host_code(&heard.values).ok_or(DoubtCause::AnswerInvalid)
}

/// The answer to a request.
///
/// # Errors
/// [`DoubtCause::EchoDiffers`], [`DoubtCause::AnswerInvalid`] where a value is missing or breaks its rule.
pub(super) fn request_answer(dialect: &Dialect, flight: &Exchange, heard: &Heard) -> Result<Answer, DoubtCause> {
    echo_is_equal(dialect, flight, heard)?;
    let values = &heard.values;
    let host_code = host_code(values).ok_or(DoubtCause::AnswerInvalid)?;
    let row = dialect.row(flight.op).ok_or(DoubtCause::AnswerInvalid)?;
    Ok(Answer {
        op: flight.op,
        stan: flight.stan,
        approved: row.approves(host_code.as_str().as_bytes()),
        host_code,
        auth_code: checked::<AuthCode>(values, ValueName::AuthCode)?,
        rrn: checked::<Rrn>(values, ValueName::Rrn)?,
        host_date: values.get(ValueName::LocalDate).and_then(|date| date.try_into().ok()),
        host_time: values.get(ValueName::LocalTime).and_then(|time| time.try_into().ok()),
        batch: batch(values),
        chip_data: values.get(ValueName::ChipData).map(<[u8]>::to_vec),
        brought: Box::new(brought(values)),
    })
}

fn brought(values: &Values) -> Brought {
    let bytes = |name| values.get(name).map(<[u8]>::to_vec);
    Brought {
        settlement: values.text(ValueName::SettlementCode).map(|code| match code {
            "1" => Balance::Balanced,
            "2" => Balance::Unbalanced,
            _ => Balance::Unknown,
        }),
        totals: totals(values),
        statement_day: values.text(ValueName::StatementDay).map(str::to_owned),
        statement_page: number(values, ValueName::StatementPage),
        statement_pages: number(values, ValueName::StatementPages),
        statement_lines: bytes(ValueName::StatementLines),
        parameters: bytes(ValueName::ParameterText),
        told: bytes(ValueName::ToldText).map(|text| ToldPart {
            part: number(values, ValueName::ToldPart).unwrap_or_default(),
            parts: number(values, ValueName::ToldParts).unwrap_or_default(),
            text,
        }),
    }
}

/// What a valid answer says of the terminal beside; a word that is not known says nothing.
pub(super) fn mark(heard: &Heard) -> Option<HostMark> {
    let word = heard.values.text(ValueName::HostMark)?;
    HostMark::ALL.into_iter().find(|mark| mark.word() == word)
}

/// Voids and refunds come together, or each for itself.
fn totals(values: &Values) -> Option<HostTotals> {
    let given_back = |together, voids, refunds| match total(values, together) {
        Some(both) => Some(both),
        None => total(values, voids)?.checked_add(total(values, refunds)?),
    };
    Some(HostTotals {
        sales_count: total(values, ValueName::SalesCount)?,
        sales_minor: total(values, ValueName::SalesMinor)?,
        given_back_count: given_back(ValueName::GivenBackCount, ValueName::VoidsCount, ValueName::RefundsCount)?,
        given_back_minor: given_back(ValueName::GivenBackMinor, ValueName::VoidsMinor, ValueName::RefundsMinor)?,
    })
}

fn total(values: &Values, name: ValueName) -> Option<u64> {
    values.text(name).and_then(|text| text.parse().ok())
}

/// A valid answer to nothing that is awaited: late, repeated, or nobody's.
pub(super) fn aside(dialect: &Dialect, line: &mut Line, heard: &Heard) -> Delivery {
    let host_code = host_code(&heard.values);
    let cause = match line.past(|exchange| belongs(dialect, exchange, heard)) {
        Some(past) if past.answered => UnmatchedCause::Duplicate,
        Some(past) => match &host_code {
            Some(code) => {
                past.answered = true;
                let (op, stan) = (past.exchange.op, past.exchange.stan);
                return Delivery::Late(LateAnswer { op, stan, host_code: code.clone() });
            }
            None => UnmatchedCause::Invalid,
        },
        None => UnmatchedCause::NoSuchRequest,
    };
    Delivery::Unmatched(Unmatched { cause, stan: stan(&heard.values), host_code })
}

/// The batch that a message names.
pub(super) fn batch(values: &Values) -> Option<BatchNo> {
    number(values, ValueName::Batch).and_then(|number| BatchNo::new(number).ok())
}

fn echo_is_equal(dialect: &Dialect, exchange: &Exchange, heard: &Heard) -> Result<(), DoubtCause> {
    let row = dialect.row(exchange.op).ok_or(DoubtCause::AnswerInvalid)?;
    if let Some(field) = row.echo_fault(&exchange.values, &heard.values) {
        return Err(DoubtCause::EchoDiffers { field });
    }
    // An amount is none without its currency: a dialect need not ask for it, but it must not be another.
    match (exchange.values.get(ValueName::CurrencyNumber), heard.values.get(ValueName::CurrencyNumber)) {
        (Some(asked), Some(answered)) if asked != answered => Err(DoubtCause::EchoDiffers { field: DE49_CURRENCY }),
        _ => Ok(()),
    }
}

/// `None` when it is not there; a value that breaks its rule makes the answer invalid.
fn checked<T>(values: &Values, name: ValueName) -> Result<Option<T>, DoubtCause>
where
    T: TryFrom<String, Error = IdError>,
{
    let Some(value) = values.get(name) else { return Ok(None) };
    let text = String::from_utf8(value.to_vec()).map_err(|_| DoubtCause::AnswerInvalid)?;
    T::try_from(text).map(Some).map_err(|_| DoubtCause::AnswerInvalid)
}

fn host_code(values: &Values) -> Option<HostCode> {
    values.text(ValueName::ResponseCode).and_then(|code| HostCode::new(code).ok())
}

fn stan(values: &Values) -> Option<Stan> {
    number(values, ValueName::Stan).and_then(|number| Stan::new(number).ok())
}

fn number(values: &Values, name: ValueName) -> Option<u32> {
    values.text(name).and_then(|text| text.parse().ok())
}

/// Currency code, transaction.
const DE49_CURRENCY: u8 = 49;
