//! The proof that a refund may go out.
//!
//! There are two ways to it and no third: a permit to approve, which only a session gives, and the shop's rules where they
//! leave the decision to the host. The engine sends no refund without having used one up. That a session is begun only
//! for a person whose password has opened the vault is the till's to see to (`till/enter.rs`): the type is open to
//! whoever links this library, as its tests do.
//!
//! It never journals and never sends. Evidence: `tests/refund_rules.rs`, and the compiler:
//!
//! ```compile_fail,E0451
//! use taptill::ids::RefundId;
//! use taptill::payment::{ApprovedBy, RefundApproved};
//! let refund = RefundId::new("rf-0123456789abcdef").unwrap();
//! let _ = RefundApproved { refund, by: ApprovedBy::Host };
//! ```

use crate::account::RefundRules;
use crate::error::{Error, ErrorCode};
use crate::ids::{OperatorName, RefundId};
use crate::payment::refund::appointed::Appointed;
use crate::payment::refund::events;
use crate::payment::refund::policy::is_left_to_the_host;
use crate::payment::refund::view::{ApprovedBy, RefundView, Tie};
use crate::session::Permit;
use crate::session::actions::ApproveRefund;

/// Somebody who may has approved this refund. It is used up when that is journalled.
#[must_use = "an approval that is not journalled approves nothing"]
pub struct RefundApproved {
    refund: RefundId,
    by: ApprovedBy,
}

impl RefundApproved {
    /// By a person, who is not the requester and owes the requester nothing, unless the rules allow it.
    ///
    /// # Errors
    /// `approver_is_requester`, `approver_appointed_by_requester` with how.
    pub(in crate::payment) fn by_person(
        request: &RefundView,
        permit: Permit<ApproveRefund>,
        appointed: impl FnOnce(&OperatorName) -> Result<Appointed, Error>,
        rules: &RefundRules,
    ) -> Result<Self, Error> {
        let name = OperatorName::new(permit.spend())?;
        let tie = appointed(&name)?.tie(&name, request.requested_by.as_ref());
        planted!(
            RefundSelfApproved,
            return Ok(Self { refund: request.refund.clone(), by: ApprovedBy::Operator { name, tie } })
        );
        let refused = match tie {
            _ if rules.self_approval_allowed => None,
            Tie::None => None,
            Tie::Same => Some(Error::from(ErrorCode::ApproverIsRequester)),
            Tie::AppointedByRequester => {
                Some(Error::from(ErrorCode::ApproverAppointedByRequester).word("how", "appointed"))
            }
            Tie::ResetByRequester => Some(Error::from(ErrorCode::ApproverAppointedByRequester).word("how", "reset")),
        };
        match refused {
            Some(error) => Err(error.of_attempt(&request.attempt)),
            None => Ok(Self { refund: request.refund.clone(), by: ApprovedBy::Operator { name, tie } }),
        }
    }

    /// By the host, where the rules leave this amount to it: nothing is paid out without its answer.
    pub(in crate::payment) fn by_host(request: &RefundView, rules: &RefundRules) -> Option<Self> {
        is_left_to_the_host(rules, request.amount)
            .then(|| Self { refund: request.refund.clone(), by: ApprovedBy::Host })
    }

    /// Uses the proof up: the event that says so, and in whose name.
    pub(in crate::payment) fn spend(self) -> (events::Approved, Option<String>) {
        let operator = match &self.by {
            ApprovedBy::Operator { name, .. } => Some(name.to_string()),
            ApprovedBy::Host => None,
        };
        (events::Approved { refund: self.refund, by: self.by }, operator)
    }
}
