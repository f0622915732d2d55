//! From an attempt as the engine shows it to a slip.
//!
//! It adds nothing that the journal does not say. Evidence: `mod tests` below, `tests/terminal_sale.rs`; for the
//! slips `tests/receipts.rs`.

use crate::account::{Configuration, Verification};
use crate::error::{Error, ErrorCode};
use crate::hex;
use crate::payment::refund::state::RefundState;
use crate::payment::refund::{ApprovedBy, RefundView};
use crate::payment::state::State;
use crate::payment::view::{AttemptView, ReceiptCopy};
use crate::receipt::{
    Columns, Copy, CryptogramKind, JournalMark, Layout, Merchant, Numbers, Payment, ReceiptData, Standing, VoucherData,
    VoucherStanding, Zone, print as set, print_voucher as set_voucher,
};
use crate::text::Language;

/// How a slip is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptRequest {
    /// How wide the paper is.
    pub columns: Columns,
    /// The language of the labels.
    pub language: Language,
    /// For whom. The journal knows whether this copy was printed before.
    pub copy: Copy,
}

impl ReceiptRequest {
    /// The copy, as the payment room counts it.
    pub(crate) fn counted_as(self) -> ReceiptCopy {
        match self.copy {
            Copy::Merchant => ReceiptCopy::Merchant,
            Copy::Customer => ReceiptCopy::Customer,
        }
    }
}

/// The slip of this attempt, of which this copy was printed that often before.
///
/// # Errors
/// `receipt_not_available` for an attempt of which there is nothing to hand out; `configuration_invalid` for a
/// time zone that this build does not know.
pub(crate) fn print(
    configuration: &Configuration,
    view: &AttemptView,
    printed_before: u32,
    request: ReceiptRequest,
) -> Result<String, Error> {
    let none = || Error::from(ErrorCode::ReceiptNotAvailable).of_attempt(&view.attempt);
    let standing = standing(view.state).ok_or_else(none)?;
    let data = ReceiptData {
        merchant: merchant(configuration)?,
        payment: payment(view),
        void_of: view.of.clone(),
        standing,
        journal: mark(view),
    };
    let ReceiptRequest { columns, language, copy } = request;
    Ok(set(&data, Layout { columns, language, copy, reprint: printed_before > 0 }))
}

/// The voucher of this refund, of which this copy was printed that often before.
///
/// # Errors
/// `receipt_not_available` for a refund of which there is nothing to hand out; `configuration_invalid` for a time zone
/// that this build does not know.
pub(crate) fn print_voucher(
    configuration: &Configuration,
    refund: &RefundView,
    sale: &AttemptView,
    printed_before: u32,
    request: ReceiptRequest,
) -> Result<String, Error> {
    let none = || Error::from(ErrorCode::ReceiptNotAvailable).of_attempt(&refund.attempt);
    let data = VoucherData {
        merchant: merchant(configuration)?,
        refund: refund.refund.clone(),
        amount: refund.amount,
        at: refund.requested_ms,
        standing: voucher_standing(refund).ok_or_else(none)?,
        numbers: Numbers {
            auth_code: refund.auth_code.clone(),
            rrn: refund.rrn.clone(),
            stan: refund.stan,
            batch: refund.batch,
        },
        host_code: refund.host_code.clone(),
        attempt: refund.attempt.clone(),
        order: sale.order.clone(),
        sale: Numbers { auth_code: sale.auth_code.clone(), rrn: sale.rrn.clone(), stan: sale.stan, batch: sale.batch },
        card_masked: sale.card_masked.clone(),
        requested_by: refund.requested_by.clone(),
        approved_by: match &refund.approved_by {
            Some(ApprovedBy::Operator { name, .. }) => Some(name.clone()),
            Some(ApprovedBy::Host) | None => None,
        },
        signature: refund.verification == Verification::Signature,
        journal: JournalMark {
            sequence: refund.journal.sequence,
            root: array(&refund.journal.root).unwrap_or_default(),
        },
    };
    let ReceiptRequest { columns, language, copy } = request;
    Ok(set_voucher(&data, Layout { columns, language, copy, reprint: printed_before > 0 }))
}

/// A decision of a supervisor's is no word of the host's: the slip stays without a confirmation.
fn voucher_standing(refund: &RefundView) -> Option<VoucherStanding> {
    match refund.state {
        RefundState::Acknowledged => Some(VoucherStanding::Refunded),
        RefundState::Declined => Some(VoucherStanding::Declined),
        RefundState::Stuck => Some(VoucherStanding::Stuck),
        RefundState::Approved | RefundState::Prepared | RefundState::Sent => Some(VoucherStanding::NotKnownYet),
        RefundState::Unknown | RefundState::Waiting | RefundState::Rejected | RefundState::Expired => None,
    }
}

/// Whether there is a slip of a payment that stands so.
pub(crate) fn has_slip(state: State) -> bool {
    standing(state).is_some()
}

fn standing(state: State) -> Option<Standing> {
    match state {
        State::Approved => Some(Standing::Approved),
        State::Declined => Some(Standing::Declined),
        State::Reversed => Some(Standing::Reversed),
        State::InDoubt | State::ReversalDue | State::ReversalSent => Some(Standing::NotKnownYet),
        State::ReversalStuck => Some(Standing::ReversalStuck),
        State::Voided => Some(Standing::Voided),
        State::Unknown | State::Prepared | State::NotSent => None,
    }
}

pub(crate) fn merchant(configuration: &Configuration) -> Result<Merchant, Error> {
    let zone = Zone::named(&configuration.time_zone)
        .map_err(|_| Error::from(ErrorCode::ConfigurationInvalid).word("part", "time_zone"))?;
    Ok(Merchant {
        name: configuration.merchant.name.clone(),
        address: configuration.merchant.address.clone(),
        merchant_id: configuration.merchant_id.clone(),
        terminal_id: configuration.terminal_id.clone(),
        zone,
    })
}

fn payment(view: &AttemptView) -> Payment {
    Payment {
        attempt: view.attempt.clone(),
        order: view.order.clone(),
        amount: view.amount,
        at: view.created_ms,
        card_masked: view.card_masked.clone(),
        card_label: view.label.clone(),
        aid: view.aid.as_deref().and_then(hex::decode),
        tvr: view.tvr.as_deref().and_then(array),
        cryptogram: cryptogram(view),
        auth_code: view.auth_code.clone(),
        rrn: view.rrn.clone(),
        stan: view.stan,
        batch: view.batch,
        host_code: view.host_code.clone(),
        signature: view.cvm.as_deref() == Some("signature"),
    }
}

fn cryptogram(view: &AttemptView) -> Option<(CryptogramKind, [u8; 8])> {
    let kind = match view.cryptogram_kind.as_deref()? {
        "ARQC" => CryptogramKind::Arqc,
        "TC" => CryptogramKind::Tc,
        "AAC" => CryptogramKind::Aac,
        _ => return None,
    };
    Some((kind, array(view.cryptogram.as_deref()?)?))
}

fn mark(view: &AttemptView) -> JournalMark {
    JournalMark { sequence: view.journal.sequence, root: array(&view.journal.root).unwrap_or_default() }
}

pub(crate) fn array<const N: usize>(digits: &str) -> Option<[u8; N]> {
    hex::decode(digits)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_went_to_somebody_has_a_slip() {
        let without: Vec<State> = State::ALL.into_iter().filter(|state| standing(*state).is_none()).collect();
        assert_eq!(without, [State::Unknown, State::Prepared, State::NotSent]);
        // A debt is never called anything but not known yet.
        for state in [State::InDoubt, State::ReversalDue, State::ReversalSent] {
            assert_eq!(standing(state), Some(Standing::NotKnownYet));
        }
    }

    #[test]
    fn hex_that_is_none_is_left_out() {
        assert_eq!(array::<2>("A0fF"), Some([0xA0, 0xFF]));
        for refused in ["A0", "A0f", "A0G0", "A0fF ", "é0"] {
            assert_eq!(array::<2>(refused), None, "{refused}");
        }
    }
}
