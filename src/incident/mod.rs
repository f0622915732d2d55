//! Bad days: a card or a phone is in the wrong hands, somebody has gone, somebody asks what happened.
//!
//! What is kept here is for the hour when nobody trusts anybody: what stops the till at once and what starts it again,
//! what may be lost, and what can be shown to others: [`evidence`] is what others can check without
//! us, [`records`] are the merchant's own books as files.
//!
//! It never moves money and never loses a debt. Evidence: `mod tests` of each file.

pub mod evidence;
pub mod records;
