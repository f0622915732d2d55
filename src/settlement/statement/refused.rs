//! Why a statement cannot be read, with the line: nothing was changed then.
//!
//! It never repeats what stands in the file. Evidence: `tests/statement_bad_input.rs`.

use crate::error::{Error, ErrorCode};
use crate::settlement::statement::LINE_BYTES_MAX;

/// A file that is not read any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The line of the file, from 1.
    pub line: u64,
    /// Why.
    pub why: WhyRefused,
}

/// The reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyRefused {
    /// A column that is needed is not there, or a line has more or fewer columns than the first; the word says which.
    Columns(&'static str),
    /// A byte is not UTF-8.
    Encoding,
    /// A line or an element is longer than [`LINE_BYTES_MAX`].
    TooLong,
    /// The XML is not what it may be; the word says how.
    Xml(&'static str),
    /// The file cannot be read to its end, or is no statement; the word says how.
    Unreadable(&'static str),
    /// A value is not what its column says; the word names the column.
    Value(&'static str),
}

impl WhyRefused {
    /// The same at a line.
    pub(super) fn at(self, line: u64) -> Refused {
        Refused { line, why: self }
    }
}

impl From<Refused> for Error {
    fn from(Refused { line, why }: Refused) -> Self {
        use WhyRefused as W;
        let error = match why {
            W::Columns(what) => Self::from(ErrorCode::StatementColumnsWrong).word("column", what),
            W::Encoding => ErrorCode::StatementEncodingBroken.into(),
            W::TooLong => Self::from(ErrorCode::StatementLineTooLong).number("bytes_max", LINE_BYTES_MAX as u64),
            W::Xml(how) => Self::from(ErrorCode::StatementXmlRefused).word("why", how),
            W::Unreadable(how) => Self::from(ErrorCode::StatementUnreadable).word("why", how),
            W::Value(what) => Self::from(ErrorCode::StatementValueMalformed).word("column", what),
        };
        error.number("line", line)
    }
}
