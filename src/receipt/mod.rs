//! Receipts as text: 32 or 48 columns, for a slip printer, a screen or a message.
//!
//! A receipt is a pure function of what the journal knows of an attempt, of the merchant's own data and of a
//! [`Layout`]. The same input gives the same bytes. Columns are counted as a Chinese or a Western printer
//! counts them (UAX #11), and no line is ever longer than the paper is wide, whatever the text.
//!
//! It shows a card number only as masked, prints a signature line only when the card asked for a signature,
//! and never calls a payment whose outcome is not known a receipt.
//! Evidence: `tests/receipts.rs` (golden slips and the property over any text).

mod columns;
mod report;
mod slip;
mod voucher;
mod zone;

pub use columns::Columns;
pub use report::{ReportCurrency, ReportData, ReportSums, print_report};
pub use slip::{Copy, CryptogramKind, JournalMark, Layout, Merchant, Payment, ReceiptData, Standing, print};
pub use voucher::{Numbers, VoucherData, VoucherStanding, print_voucher};
pub use zone::{DayError, UnknownZone, Zone};
