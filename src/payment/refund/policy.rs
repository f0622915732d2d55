//! What the shop's rules say of one refund: which set applies, whether it is too late, who lets it go out.
//!
//! It never looks at a clock; the time comes in. Evidence: `mod tests`, `tests/refund_rules.rs`.

use crate::account::{Approval, RefundPolicy, RefundRules};
use crate::clock::WallMs;
use crate::error::{Error, ErrorCode};
use crate::money::Amount;
use crate::payment::view::AttemptView;

/// The rules for how this sale was paid: by a card that our own kernel read, or by a finished read.
pub(in crate::payment) fn rules_for(policy: &RefundPolicy, sale: &AttemptView) -> RefundRules {
    if sale.kernel.is_some() { policy.contactless_card } else { policy.encrypted_read }
}

/// Whether a refund of this sale may still be asked for. A clock that has gone back closes no window.
pub(in crate::payment) fn check_window(rules: &RefundRules, sale: &AttemptView, now: WallMs) -> Result<(), Error> {
    let age_ms = now.0.saturating_sub(sale.created_ms.0);
    let window_ms = i64::from(rules.window_days) * MS_A_DAY;
    if age_ms < window_ms {
        return Ok(());
    }
    Err(Error::from(ErrorCode::RefundWindowOver).number("days", rules.window_days.into()))
}

/// Whether the host's own answer is all the approval that this amount needs.
pub(in crate::payment) fn is_left_to_the_host(rules: &RefundRules, amount: Amount) -> bool {
    match rules.approval {
        Approval::SecondPerson => false,
        Approval::Host => true,
        Approval::NoneBelow(limit) => amount.minor() < limit,
    }
}

/// When a request of now expires.
pub(in crate::payment) fn expires_at(rules: &RefundRules, now: WallMs) -> WallMs {
    WallMs(now.0.saturating_add(i64::try_from(rules.request_lifetime_ms).unwrap_or(i64::MAX)))
}

const MS_A_DAY: i64 = 86_400_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::AttemptId;
    use crate::money::Currency;

    fn sale(created: i64) -> AttemptView {
        let amount = Amount::from_minor(1_000, Currency::CNY).unwrap();
        AttemptView::opened(&AttemptId::new("A-1").unwrap(), None, amount, WallMs(created))
    }

    #[test]
    fn a_window_is_open_for_its_days_and_no_millisecond_longer() {
        let rules = RefundRules { window_days: 2, ..RefundRules::default() };
        for (created, now, open) in [
            (0, 0, true),
            (0, 2 * MS_A_DAY - 1, true),
            (0, 2 * MS_A_DAY, false),
            (0, i64::MAX, false),
            (5 * MS_A_DAY, 0, true),
            (i64::MIN, 0, false),
        ] {
            assert_eq!(check_window(&rules, &sale(created), WallMs(now)).is_ok(), open, "{created} {now}");
        }
    }

    #[test]
    fn who_lets_a_refund_go_is_the_rules_to_say() {
        let amount = |minor| Amount::from_minor(minor, Currency::CNY).unwrap();
        for (approval, minor, host) in [
            (Approval::SecondPerson, 1, false),
            (Approval::Host, 1_000, true),
            (Approval::NoneBelow(500), 499, true),
            (Approval::NoneBelow(500), 500, false),
        ] {
            let rules = RefundRules { approval, ..RefundRules::default() };
            assert_eq!(is_left_to_the_host(&rules, amount(minor)), host, "{approval:?} {minor}");
        }
    }

    #[test]
    fn each_way_of_paying_has_its_own_rules() {
        let policy = RefundPolicy {
            contactless_card: RefundRules { window_days: 7, ..RefundRules::default() },
            encrypted_read: RefundRules { window_days: 9, ..RefundRules::default() },
        };
        let card = AttemptView { kernel: Some(3), ..sale(0) };
        assert_eq!(rules_for(&policy, &card).window_days, 7);
        assert_eq!(rules_for(&policy, &sale(0)).window_days, 9);
    }
}
