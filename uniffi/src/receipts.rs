//! How a shell wants a receipt, a voucher or a report: its width, its language, and for whom it is.
//!
//! It never prints. Evidence: `tests/contract`.

use taptill::receipt::{Columns, Copy};
use taptill::terminal;

use crate::errors::same_words;
use crate::values::Language;

/// How wide the paper is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum ReceiptWidth {
    /// 32 columns: 58 mm paper, and a phone's screen.
    C32,
    /// 48 columns: 80 mm paper.
    C48,
}

/// For whom a receipt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum ReceiptCopy {
    /// The shop's copy.
    Merchant,
    /// The customer's copy.
    Customer,
}

/// How a receipt is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ReceiptRequest {
    /// How wide the paper is.
    pub width: ReceiptWidth,
    /// The language of the labels.
    pub language: Language,
    /// For whom.
    pub copy: ReceiptCopy,
}

same_words!(Columns, ReceiptWidth: C32 C48);
same_words!(Copy, ReceiptCopy: Merchant Customer);

impl From<ReceiptRequest> for terminal::ReceiptRequest {
    fn from(request: ReceiptRequest) -> Self {
        Self { columns: request.width.into(), language: request.language.into(), copy: request.copy.into() }
    }
}
