//! The pictures of what a supervisor decides. Never a real payment: all of it is made up.
//!
//! Evidence: `tests/screens.rs`.

use crate::account::Verification;
use crate::clock::WallMs;
use crate::error::ErrorCode;
use crate::ids::{BatchNo, HostCode, OperatorName, RefundId, Stan};
use crate::payment::refund::state::RefundState;
use crate::payment::state::State as Paid;
use crate::payment::{JournalPlace, Reason, ReceiptCounts, RefundReason, RefundVerified, RefundView};
use crate::screen::effect::Effect;
use crate::screen::gallery::{Pictures, ROOT, RULE, amount, at, attempt, view};
use crate::screen::state::{Deciding, Form, Place, State, Stuck};

pub(super) fn pictures() -> Pictures {
    let deciding = |of, form| at(Place::Deciding(Box::new(Deciding { form, of })));
    let stuck = || Stuck::Payment(view(Paid::ReversalStuck, Some(Reason::ReversalRefused)));
    let refused = Form { refused: Some(ErrorCode::ReasonMissing.into()) };
    let wanted = Some(Effect::FetchStuckPayment { attempt: attempt() });
    vec![
        ("decide", deciding(stuck(), Form::default())),
        ("decide-refused", deciding(stuck(), refused)),
        ("decide-at-work", State { wanted, ..deciding(stuck(), Form::default()) }),
        ("decide-refund", deciding(Stuck::Refund(refund()), Form::default())),
    ]
}

/// A refund that the bank said no to after an earlier send may have worked.
pub(in crate::screen) fn refund() -> RefundView {
    RefundView {
        refund: RefundId::new("rf-8a7b6c5d4e3f2a1b").expect(RULE),
        attempt: attempt(),
        order: None,
        state: RefundState::Stuck,
        reason: Some(RefundReason::RefusedInDoubt),
        amount: amount(),
        requested_by: OperatorName::new("bob").ok(),
        requested_ms: WallMs(1_795_357_800_000),
        expires_ms: WallMs(1_795_444_200_000),
        verification: Verification::None,
        verified: RefundVerified::Nothing,
        approved_by: None,
        approved_ms: None,
        rejected: None,
        decision: None,
        card_masked: view(Paid::Approved, None).card_masked,
        stan: Stan::new(57).ok(),
        batch: BatchNo::new(7).ok(),
        sends: 3,
        host_code: HostCode::new("05").ok(),
        auth_code: None,
        rrn: None,
        host_time: None,
        vouchers: ReceiptCounts::default(),
        journal: JournalPlace { sequence: 131, root: ROOT.to_owned() },
    }
}
