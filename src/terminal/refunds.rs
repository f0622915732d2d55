//! The terminal's refunds: asked for, listed, approved, rejected, decided, printed.
//!
//! Each method is one question to the till's thread. A request that the rules leave to the host, and an approval, take as
//! long as the host does; a second person's approval takes as long as a password's derivation on top.
//!
//! It decides nothing. Evidence: `tests/refund_terminal.rs`.

use crate::account::WrittenReason;
use crate::error::Error;
use crate::ids::{OperatorName, RefundId};
use crate::payment::{
    RefundDecision, RefundPage, RefundQuery, RefundRequest, RefundView, RejectionReason, Reply as Paid, slip,
};
use crate::secret::SecretBytes;
use crate::terminal::{ReceiptRequest, Terminal};
use crate::till::{Ask, Reply};

impl Terminal {
    /// Asks for money to be given back. The answer waits for its approval, or, where the shop's rules leave it to the
    /// host, says what the host did: a refund that is `forwarding` goes on by itself. The same name and payload again
    /// gives the same refund as it stands.
    ///
    /// # Errors
    /// `refund_conflict` for a name with another payload. The sale's: `attempt_unknown`, `refund_ambiguous`, `attempt_not_approved`, `already_voided`, `void_in_doubt`. The
    /// rules': `refund_window_over`, `verification_not_available`, `refund_card_differs`, `refund_card_not_read`. The
    /// amount's: `amount_zero`, `refund_currency_differs`, `refund_exceeds_captured_amount`. Also
    /// `refund_needs_connection`, `operation_not_in_dialect`, `journal_rolled_back`, `till_busy`, `not_permitted`,
    /// `till_locked`, and the errors of storage.
    pub fn request_refund(&self, request: &RefundRequest) -> Result<RefundView, Error> {
        self.refund(Ask::RequestRefund(request.clone()))
    }

    /// Approves a refund in the name of whoever is signed in, and waits for the host's turn.
    ///
    /// # Errors
    /// `refund_unknown`, `refund_not_waiting`, `refund_expired`, `approver_is_requester`,
    /// `approver_appointed_by_requester`, `refund_needs_connection`, `refund_stan_taken`, `till_busy`, `not_permitted`,
    /// `till_locked`, and the errors of storage.
    pub fn approve_refund(&self, refund: &RefundId) -> Result<RefundView, Error> {
        self.refund(Ask::ApproveRefund(refund.clone()))
    }

    /// The same in the name of a second person, while the first stays signed in.
    ///
    /// # Errors
    /// As [`Terminal::approve_refund`]; for the second person `sign_in_refused`, `operator_locked_out`,
    /// `password_must_change` and `not_permitted`.
    pub fn approve_refund_as(
        &self,
        refund: &RefundId,
        approver: &OperatorName,
        password: SecretBytes,
    ) -> Result<RefundView, Error> {
        self.refund(Ask::ApproveRefundAs { refund: refund.clone(), approver: approver.clone(), password })
    }

    /// Rejects a refund that waits, with a reason.
    ///
    /// # Errors
    /// `refund_unknown`, `refund_not_waiting`, `refund_expired`, `not_permitted`, `till_locked`, and the errors of
    /// storage.
    pub fn reject_refund(&self, refund: &RefundId, reason: RejectionReason) -> Result<RefundView, Error> {
        self.refund(Ask::RejectRefund { refund: refund.clone(), reason })
    }

    /// Says how a stuck refund has ended: whether the customer has the money. Saying it twice changes nothing.
    ///
    /// # Errors
    /// `refund_unknown`, `not_stuck`, `already_decided`, `not_permitted`, `till_locked`, and the errors of storage.
    pub fn decide_refund(&self, refund: &RefundId, decision: RefundDecision) -> Result<RefundView, Error> {
        self.refund(Ask::DecideRefund { refund: refund.clone(), decision, reason: None })
    }

    /// The same, with why: it stands in the record beside the decision.
    ///
    /// # Errors
    /// As [`Terminal::decide_refund`].
    pub fn decide_refund_because(
        &self,
        refund: &RefundId,
        decision: RefundDecision,
        reason: WrittenReason,
    ) -> Result<RefundView, Error> {
        self.refund(Ask::DecideRefund { refund: refund.clone(), decision, reason: Some(reason) })
    }

    /// Refunds, newest first.
    ///
    /// # Errors
    /// `page_size_out_of_range` unless the limit is 1 to 100, `identifier_malformed` for a cursor that is none.
    pub fn refunds(&self, query: &RefundQuery) -> Result<RefundPage, Error> {
        match self.answer(Ask::Refunds(query.clone()))? {
            Reply::Payment(Paid::Refunds(page)) => Ok(page),
            _ => unreachable!("the engine answers a list of refunds with a page"),
        }
    }

    /// The voucher of a refund, as text. Each line ends with a line feed. That it was printed is journalled, so the same
    /// copy again says that it is a reprint.
    ///
    /// # Errors
    /// `refund_unknown`, `receipt_not_available` for a refund that was never approved.
    pub fn voucher(&self, refund: &RefundId, request: ReceiptRequest) -> Result<String, Error> {
        match self.answer(Ask::PrintVoucher(refund.clone(), request.counted_as()))? {
            Reply::Voucher { refund, sale, printed_before, configuration } => {
                slip::print_voucher(&configuration, &refund, &sale, printed_before, request)
            }
            _ => unreachable!("the engine answers a wish for a voucher with what stands on it"),
        }
    }

    fn refund(&self, ask: Ask) -> Result<RefundView, Error> {
        match self.answer(ask)? {
            Reply::Payment(Paid::Refund(view)) => Ok(*view),
            _ => unreachable!("the engine answers about a refund with the refund"),
        }
    }
}
