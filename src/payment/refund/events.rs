//! What is journalled of refunds: one type for each kind and version of event.
//!
//! Every event names the refund in its body and the sale as its attempt; the operator of the event is the person who
//! did it. A body never changes its form: a change is a new version with a type of its own. It never holds card data
//! beyond the masked number.
//!
//! Evidence: `mod tests` fixes the JSON of each body.

use serde::{Deserialize, Serialize};

use crate::account::{Verification, WrittenReason};
use crate::clock::WallMs;
use crate::ids::{BatchNo, HostCode, RefundId, Stan};
use crate::journal::{Event, FoldError};
use crate::money::Amount;
use crate::payment::events::{Body, HostAnswer, bodies};
use crate::payment::refund::reason::{RefundReason, RejectionReason};
use crate::payment::refund::state::RefundStep;
use crate::payment::refund::view::{ApprovedBy, RefundDecision, RefundVerified};
use crate::payment::view::ReceiptCopy;

bodies! {
    /// Somebody asks for a refund.
    Requested = "refund.requested" v 1 ballast false {
        refund: RefundId,
        amount: Amount,
        /// What the sale captured: the fold refuses more than that in all.
        captured: Amount,
        verification: Verification,
        verified: RefundVerified,
        expires_ms: WallMs,
    }
    /// It may go out.
    Approved = "refund.approved" v 1 ballast false {
        refund: RefundId,
        by: ApprovedBy,
    }
    /// It may not.
    Rejected = "refund.rejected" v 1 ballast false {
        refund: RefundId,
        reason: RejectionReason,
    }
    /// Nobody decided in time.
    Expired = "refund.expired" v 1 ballast false {
        refund: RefundId,
    }
    /// STAN and batch are reserved.
    Prepared = "refund.prepared" v 1 ballast true {
        refund: RefundId,
        stan: Stan,
        batch: BatchNo,
        /// `MMDD` and `HHMMSS` at the host's place.
        local_date: String,
        local_time: String,
        /// UTC, `MMDDHHMMSS`.
        transmission_date_time: String,
        /// SHA-256 of the dialect file, hex.
        dialect: String,
    }
    /// It leaves next.
    Sent = "refund.sent" v 1 ballast true {
        refund: RefundId,
        /// 1 for the first; from 2 on it is a repeat.
        number: u32,
        /// The host's day on which it is sent, as `2026-11-22`.
        host_day: String,
    }
    /// The host answered, and neither took nor refused it.
    Answered = "refund.answered" v 1 ballast true {
        refund: RefundId,
        host_code: HostCode,
        meaning: NotTaken,
    }
    /// The host has it.
    Acknowledged = "refund.acknowledged" v 1 ballast true {
        refund: RefundId,
        answer: HostAnswer,
        /// Whether the host said that it had it already.
        had_it: bool,
    }
    /// The host said no.
    Declined = "refund.declined" v 1 ballast true {
        refund: RefundId,
        answer: HostAnswer,
    }
    /// It cannot be put to the host, and none of its sends can have worked.
    Withdrawn = "refund.withdrawn" v 1 ballast true {
        refund: RefundId,
        cause: RefundReason,
    }
    /// What became of it cannot be learnt.
    Stuck = "refund.stuck" v 1 ballast true {
        refund: RefundId,
        cause: RefundReason,
        host_code: Option<HostCode>,
    }
    /// A supervisor, who is the event's operator, says how a stuck one has ended.
    Decided = "refund.decided" v 1 ballast true {
        refund: RefundId,
        decision: RefundDecision,
        /// Why, in that person's words, where they were asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<WrittenReason>,
    }
    /// A voucher is printed next.
    Printed = "refund.printed" v 1 ballast false {
        refund: RefundId,
        copy: ReceiptCopy,
    }
}

/// What a verified answer means that neither takes a refund nor refuses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::payment) enum NotTaken {
    /// To try again: what the send did is not known.
    TryAgain,
    /// To sign on first: the send did nothing.
    SignOnFirst,
    /// The host has something else under this STAN: the send did nothing.
    StanTaken,
}

/// Any event of a refund, read.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::payment) enum RefundEvent {
    Requested(Requested),
    Approved(Approved),
    Rejected(Rejected),
    Expired(Expired),
    Prepared(Prepared),
    Sent(Sent),
    Answered(Answered),
    Acknowledged(Acknowledged),
    Declined(Declined),
    Withdrawn(Withdrawn),
    Stuck(Stuck),
    Decided(Decided),
    Printed(Printed),
}

impl RefundEvent {
    /// Reads an event; `None` where it is not about a refund.
    ///
    /// # Errors
    /// [`FoldError::Newer`] for a kind `refund.*` that is not known here; a malformed body.
    pub fn of(event: &Event) -> Result<Option<Self>, FoldError> {
        Ok(Some(match event.kind.as_str() {
            Requested::KIND => Self::Requested(Body::of(event)?),
            Approved::KIND => Self::Approved(Body::of(event)?),
            Rejected::KIND => Self::Rejected(Body::of(event)?),
            Expired::KIND => Self::Expired(Body::of(event)?),
            Prepared::KIND => Self::Prepared(Body::of(event)?),
            Sent::KIND => Self::Sent(Body::of(event)?),
            Answered::KIND => Self::Answered(Body::of(event)?),
            Acknowledged::KIND => Self::Acknowledged(Body::of(event)?),
            Declined::KIND => Self::Declined(Body::of(event)?),
            Withdrawn::KIND => Self::Withdrawn(Body::of(event)?),
            Stuck::KIND => Self::Stuck(Body::of(event)?),
            Decided::KIND => Self::Decided(Body::of(event)?),
            Printed::KIND => Self::Printed(Body::of(event)?),
            kind if kind.starts_with("refund.") => return Err(FoldError::Newer),
            _ => return Ok(None),
        }))
    }

    /// Which refund it is about.
    pub fn refund(&self) -> &RefundId {
        match self {
            Self::Requested(body) => &body.refund,
            Self::Approved(body) => &body.refund,
            Self::Rejected(body) => &body.refund,
            Self::Expired(body) => &body.refund,
            Self::Prepared(body) => &body.refund,
            Self::Sent(body) => &body.refund,
            Self::Answered(body) => &body.refund,
            Self::Acknowledged(body) => &body.refund,
            Self::Declined(body) => &body.refund,
            Self::Withdrawn(body) => &body.refund,
            Self::Stuck(body) => &body.refund,
            Self::Decided(body) => &body.refund,
            Self::Printed(body) => &body.refund,
        }
    }

    /// The step of the table that it records.
    pub fn step(&self) -> RefundStep {
        match self {
            Self::Requested(_) => RefundStep::Request,
            Self::Approved(_) => RefundStep::Approve,
            Self::Rejected(_) => RefundStep::Reject,
            Self::Expired(_) => RefundStep::Expire,
            Self::Prepared(_) => RefundStep::Prepare,
            Self::Sent(_) => RefundStep::Send,
            Self::Answered(Answered { meaning: NotTaken::StanTaken, .. }) => RefundStep::LoseStan,
            Self::Answered(_) => RefundStep::Hear,
            Self::Acknowledged(_) => RefundStep::Acknowledge,
            Self::Declined(_) => RefundStep::Decline,
            Self::Withdrawn(_) => RefundStep::Withdraw,
            Self::Stuck(_) => RefundStep::Stick,
            Self::Decided(_) => RefundStep::Decide,
            Self::Printed(_) => RefundStep::Print,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::{BootCount, MonoMs, Now};
    use crate::ids::AttemptId;

    fn event(kind: &str, v: u32, body: serde_json::Value) -> Event {
        Event {
            v,
            kind: kind.to_owned(),
            sequence: 7,
            now: Now { wall: WallMs(1), mono: MonoMs(2), boot: BootCount(3) },
            operator: Some("alice".to_owned()),
            attempt: Some(AttemptId::new("A-1").unwrap()),
            side: None,
            body,
        }
    }

    #[test]
    fn each_body_has_a_form_that_stays() {
        let refund = "rf-0123456789abcdef";
        let yuan = |minor: u64| json!({ "minor": minor, "currency": "CNY" });
        let answer = json!({ "host_code": "00", "auth_code": "A1B2C3", "rrn": "260101000001", "host_time": null });
        for (kind, body, step) in [
            (
                "refund.requested",
                json!({ "refund": refund, "amount": yuan(500), "captured": yuan(1_230), "verification": "none",
                    "verified": "nothing", "expires_ms": 5 }),
                RefundStep::Request,
            ),
            (
                "refund.approved",
                json!({ "refund": refund, "by": { "operator": { "name": "bob", "tie": "none" } } }),
                RefundStep::Approve,
            ),
            ("refund.approved", json!({ "refund": refund, "by": "host" }), RefundStep::Approve),
            ("refund.rejected", json!({ "refund": refund, "reason": "not ours" }), RefundStep::Reject),
            ("refund.expired", json!({ "refund": refund }), RefundStep::Expire),
            (
                "refund.prepared",
                json!({ "refund": refund, "stan": 7, "batch": 1, "local_date": "1122", "local_time": "170000",
                    "transmission_date_time": "1122090000", "dialect": "00" }),
                RefundStep::Prepare,
            ),
            ("refund.sent", json!({ "refund": refund, "number": 1, "host_day": "2026-11-22" }), RefundStep::Send),
            (
                "refund.answered",
                json!({ "refund": refund, "host_code": "91", "meaning": "try_again" }),
                RefundStep::Hear,
            ),
            (
                "refund.answered",
                json!({ "refund": refund, "host_code": "94", "meaning": "stan_taken" }),
                RefundStep::LoseStan,
            ),
            (
                "refund.acknowledged",
                json!({ "refund": refund, "answer": answer, "had_it": false }),
                RefundStep::Acknowledge,
            ),
            ("refund.declined", json!({ "refund": refund, "answer": answer }), RefundStep::Decline),
            ("refund.withdrawn", json!({ "refund": refund, "cause": "unpackable" }), RefundStep::Withdraw),
            ("refund.stuck", json!({ "refund": refund, "cause": "stan_taken", "host_code": "94" }), RefundStep::Stick),
            ("refund.decided", json!({ "refund": refund, "decision": "not_paid" }), RefundStep::Decide),
            ("refund.decided", json!({ "refund": refund, "decision": "paid", "reason": "x" }), RefundStep::Decide),
            ("refund.printed", json!({ "refund": refund, "copy": "customer" }), RefundStep::Print),
        ] {
            let read = RefundEvent::of(&event(kind, 1, body.clone())).unwrap().expect(kind);
            assert_eq!((read.refund().as_str(), read.step(), read.step().event()), (refund, step, kind));
            let mut more = body.clone();
            more["more"] = 1.into();
            let refused = RefundEvent::of(&event(kind, 1, more)).unwrap_err();
            assert_eq!(refused, FoldError::Refused("event_body_malformed"), "{kind}");
            assert_eq!(RefundEvent::of(&event(kind, 2, body)).unwrap_err(), FoldError::Newer, "{kind}");
        }
    }

    #[test]
    fn what_is_not_about_a_refund_is_passed_over_and_what_is_newer_refused() {
        assert_eq!(RefundEvent::of(&event("attempt.approved", 1, json!({}))), Ok(None));
        assert_eq!(RefundEvent::of(&event("refund.of_the_future", 1, json!({}))), Err(FoldError::Newer));
    }
}
