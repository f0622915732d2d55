//! What a settlement writes into the journal: one type for each kind and version of event.
//!
//! Each is one step of the table in `state`, with what that step makes known. Each names its batch, so that a record
//! shown to a stranger says by itself what it is about.
//!
//! It never holds anything of a card. Evidence: `mod tests` fixes the JSON of each body.

use serde::{Deserialize, Serialize};

use crate::ids::{BatchNo, HostCode, Stan};
use crate::journal::{Event, FoldError};
use crate::payment::batch::state::BatchStep;
use crate::payment::batch::totals::Totals;
use crate::payment::batch::view::BatchDecision;
use crate::payment::events::{Body, NotConfirmed, bodies};

bodies! {
    /// The totals are frozen.
    BatchClosing = "batch.closing" v 1 ballast false {
        batch: BatchNo,
        totals: Totals,
        /// How many records they are of.
        records: u64,
        cause: SettleCause,
    }
    /// The totals leave next.
    BatchSent = "batch.sent" v 1 ballast false {
        batch: BatchNo,
        /// 1 for the first; from 2 on it is a repeat.
        number: u32,
        stan: Stan,
    }
    /// The host answered, and neither settled nor refused for good.
    BatchAnswered = "batch.answered" v 1 ballast false {
        batch: BatchNo,
        host_code: HostCode,
        meaning: NotConfirmed,
    }
    /// It is certain that the host has not settled it.
    BatchReopened = "batch.reopened" v 1 ballast true {
        batch: BatchNo,
        /// `None` where nothing left.
        host_code: Option<HostCode>,
    }
    /// The host has the same totals.
    BatchBalanced = "batch.balanced" v 1 ballast true {
        batch: BatchNo,
        host_code: HostCode,
    }
    /// The host has other totals.
    BatchUnbalanced = "batch.unbalanced" v 1 ballast true {
        batch: BatchNo,
        host_code: HostCode,
    }
    /// The host has so many records.
    BatchUploaded = "batch.uploaded" v 1 ballast false {
        batch: BatchNo,
        /// How many it has in all, in the order in which records are uploaded.
        lines: u64,
        stan: Stan,
    }
    /// That there are no more records leaves next.
    BatchEndSent = "batch.end_sent" v 1 ballast false {
        batch: BatchNo,
        /// 1 for the first; from 2 on it is a repeat.
        number: u32,
        stan: Stan,
    }
    /// The host has closed it.
    BatchClosed = "batch.closed" v 1 ballast true {
        batch: BatchNo,
        /// The batch that is open from now on.
        next: BatchNo,
    }
    /// A supervisor, who is the event's operator, says whether the host has closed it.
    BatchDecided = "batch.decided" v 1 ballast true {
        batch: BatchNo,
        decision: BatchDecision,
        /// The batch that is open from now on, where it is another.
        next: Option<BatchNo>,
    }
}

/// Who wanted a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettleCause {
    /// A person asked for it.
    Asked,
    /// The shop's rule names this time of day.
    Schedule,
}

/// Any event of a batch, read.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::payment) enum BatchEvent {
    Closing(BatchClosing),
    Sent(BatchSent),
    Answered(BatchAnswered),
    Reopened(BatchReopened),
    Balanced(BatchBalanced),
    Unbalanced(BatchUnbalanced),
    Uploaded(BatchUploaded),
    EndSent(BatchEndSent),
    Closed(BatchClosed),
    Decided(BatchDecided),
}

impl BatchEvent {
    /// Reads an event; `None` where it is not about a batch.
    ///
    /// # Errors
    /// [`FoldError::Newer`] for a kind `batch.*` that is not known here; a malformed body.
    pub fn of(event: &Event) -> Result<Option<Self>, FoldError> {
        Ok(Some(match event.kind.as_str() {
            BatchClosing::KIND => Self::Closing(Body::of(event)?),
            BatchSent::KIND => Self::Sent(Body::of(event)?),
            BatchAnswered::KIND => Self::Answered(Body::of(event)?),
            BatchReopened::KIND => Self::Reopened(Body::of(event)?),
            BatchBalanced::KIND => Self::Balanced(Body::of(event)?),
            BatchUnbalanced::KIND => Self::Unbalanced(Body::of(event)?),
            BatchUploaded::KIND => Self::Uploaded(Body::of(event)?),
            BatchEndSent::KIND => Self::EndSent(Body::of(event)?),
            BatchClosed::KIND => Self::Closed(Body::of(event)?),
            BatchDecided::KIND => Self::Decided(Body::of(event)?),
            kind if kind.starts_with("batch.") => return Err(FoldError::Newer),
            _ => return Ok(None),
        }))
    }

    /// The step of the table that it records.
    pub fn step(&self) -> BatchStep {
        match self {
            Self::Closing(_) => BatchStep::Freeze,
            Self::Sent(_) => BatchStep::Send,
            Self::Answered(_) => BatchStep::Hear,
            Self::Reopened(_) => BatchStep::Reopen,
            Self::Balanced(_) => BatchStep::Balance,
            Self::Unbalanced(_) => BatchStep::Unbalance,
            Self::Uploaded(_) => BatchStep::Upload,
            Self::EndSent(_) => BatchStep::SendEnd,
            Self::Closed(_) => BatchStep::Close,
            Self::Decided(BatchDecided { decision: BatchDecision::Closed, .. }) => BatchStep::DecideClosed,
            Self::Decided(BatchDecided { decision: BatchDecision::NotClosed, .. }) => BatchStep::DecideOpen,
        }
    }

    /// The batch that it is about.
    pub fn batch(&self) -> BatchNo {
        match self {
            Self::Closing(body) => body.batch,
            Self::Sent(body) => body.batch,
            Self::Answered(body) => body.batch,
            Self::Reopened(body) => body.batch,
            Self::Balanced(body) => body.batch,
            Self::Unbalanced(body) => body.batch,
            Self::Uploaded(body) => body.batch,
            Self::EndSent(body) => body.batch,
            Self::Closed(body) => body.batch,
            Self::Decided(body) => body.batch,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::clock::{BootCount, MonoMs, Now, WallMs};
    use crate::money::{Amount, Currency};
    use crate::payment::batch::totals::{Brand, RecordKind};

    fn batch() -> BatchNo {
        BatchNo::new(7).unwrap()
    }

    fn event<B: Body>(body: &B) -> Event {
        let draft = body.draft(None, None);
        let now = Now { wall: WallMs(0), mono: MonoMs(0), boot: BootCount(1) };
        Event {
            sequence: 1,
            kind: draft.kind.to_owned(),
            v: draft.v,
            now,
            operator: None,
            attempt: None,
            side: None,
            body: draft.body,
        }
    }

    fn stays<B: Body>(body: &B, json: &Value, step: BatchStep) {
        let event = event(body);
        assert_eq!(event.body, *json);
        let read = BatchEvent::of(&event).unwrap().unwrap();
        assert_eq!((read.step(), read.batch()), (step, batch()));
        assert_eq!(step.event(), event.kind);
    }

    #[test]
    fn bodies_have_a_form_that_stays() {
        let (batch, stan) = (batch(), Stan::new(12).unwrap());
        let host_code = HostCode::new("00").unwrap();
        let mut totals = Totals::default();
        totals.add(RecordKind::Sale, Amount::from_minor(5, Currency::CNY).unwrap(), Brand::Visa).unwrap();
        let frozen = serde_json::to_value(&totals).unwrap();
        let closing = BatchClosing { batch, totals, records: 1, cause: SettleCause::Schedule };
        let json = json!({"batch": 7, "totals": frozen, "records": 1, "cause": "schedule"});
        stays(&closing, &json, BatchStep::Freeze);
        stays(&BatchSent { batch, number: 1, stan }, &json!({"batch": 7, "number": 1, "stan": 12}), BatchStep::Send);
        let coded = json!({"batch": 7, "host_code": "00"});
        let answered = BatchAnswered { batch, host_code: host_code.clone(), meaning: NotConfirmed::TryAgain };
        let heard = json!({"batch": 7, "host_code": "00", "meaning": "try_again"});
        stays(&answered, &heard, BatchStep::Hear);
        stays(&BatchBalanced { batch, host_code: host_code.clone() }, &coded, BatchStep::Balance);
        stays(&BatchUnbalanced { batch, host_code: host_code.clone() }, &coded, BatchStep::Unbalance);
        stays(&BatchReopened { batch, host_code: Some(host_code) }, &coded, BatchStep::Reopen);
        let uploaded = BatchUploaded { batch, lines: 3, stan };
        stays(&uploaded, &json!({"batch": 7, "lines": 3, "stan": 12}), BatchStep::Upload);
        let ended = BatchEndSent { batch, number: 2, stan };
        stays(&ended, &json!({"batch": 7, "number": 2, "stan": 12}), BatchStep::SendEnd);
        let closed = BatchClosed { batch, next: BatchNo::new(8).unwrap() };
        stays(&closed, &json!({"batch": 7, "next": 8}), BatchStep::Close);
        let decided = BatchDecided { batch, decision: BatchDecision::Closed, next: BatchNo::new(8).ok() };
        stays(&decided, &json!({"batch": 7, "decision": "closed", "next": 8}), BatchStep::DecideClosed);
        let decided = BatchDecided { batch, decision: BatchDecision::NotClosed, next: None };
        stays(&decided, &json!({"batch": 7, "decision": "not_closed", "next": null}), BatchStep::DecideOpen);
    }

    #[test]
    fn an_event_of_a_batch_that_is_not_known_is_newer() {
        let mut unknown = event(&BatchClosed { batch: batch(), next: batch() });
        unknown.kind = "batch.melted".into();
        assert_eq!(BatchEvent::of(&unknown), Err(FoldError::Newer));
        unknown.kind = "attempt.approved".into();
        assert_eq!(BatchEvent::of(&unknown), Ok(None));
    }
}
