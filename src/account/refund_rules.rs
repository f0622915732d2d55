//! The shop's rules about refunds, one set for each way of paying.
//!
//! They are a part of the shop's policy and journalled with it. A journal from before there were refunds has none, and
//! reads as the rules that a till begins with: 30 days, no verification, a second person, never oneself.
//!
//! It never decides about one refund; the payment room does. Evidence: `mod tests` (one row a refusal).

use serde::{Deserialize, Serialize};

/// The rules, by the way in which the sale was paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefundPolicy {
    /// For a card that the till's own kernel read.
    pub contactless_card: RefundRules,
    /// For a card that somebody else's reader read and encrypted.
    pub encrypted_read: RefundRules,
}

/// The rules for one way of paying.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefundRules {
    /// For how many days after its sale a refund may be asked for, 1 to 3 650.
    pub window_days: u16,
    /// How the cardholder is verified.
    pub verification: Verification,
    /// Who lets it go out.
    pub approval: Approval,
    /// Whether the approver may be the requester, or somebody whom the requester appointed or whose password the
    /// requester set. The journal says of each approval whether this rule was used.
    pub self_approval_allowed: bool,
    /// How long a request waits for its approval, in milliseconds, 1 000 to 2 592 000 000 (30 days).
    pub request_lifetime_ms: u64,
}

/// How the cardholder is verified before money goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verification {
    /// Not at all: the money goes to the card that paid.
    None,
    /// The cardholder signs the voucher.
    Signature,
    /// The same card is held to the reader again.
    CardAgain,
    /// The cardholder enters a PIN. No till can take one yet, so such a refund is refused.
    Pin,
}

impl Verification {
    /// The stable word, as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Signature => "signature",
            Self::CardAgain => "card_again",
            Self::Pin => "pin",
        }
    }
}

/// Who lets a refund go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// Another person of this till who may approve refunds.
    SecondPerson,
    /// The acquirer's host, by its answer.
    Host,
    /// The host below this amount in minor units of the sale's currency, a second person from it on.
    NoneBelow(u64),
}

impl RefundPolicy {
    /// The parts with their rules, and whether they hold.
    pub(super) fn ranges(&self) -> [(&'static str, bool, &'static str); 6] {
        let of = |rules: &RefundRules| {
            [
                (1..=WINDOW_DAYS_MAX).contains(&rules.window_days),
                (1_000..=LIFETIME_MS_MAX).contains(&rules.request_lifetime_ms),
                !matches!(rules.approval, Approval::NoneBelow(0)),
            ]
        };
        let ([card_window, card_lifetime, card_below], [read_window, read_lifetime, read_below]) =
            (of(&self.contactless_card), of(&self.encrypted_read));
        [
            ("refunds.contactless_card.window_days", card_window, WINDOW_RULE),
            ("refunds.contactless_card.request_lifetime_ms", card_lifetime, LIFETIME_RULE),
            ("refunds.contactless_card.approval", card_below, BELOW_RULE),
            ("refunds.encrypted_read.window_days", read_window, WINDOW_RULE),
            ("refunds.encrypted_read.request_lifetime_ms", read_lifetime, LIFETIME_RULE),
            ("refunds.encrypted_read.approval", read_below, BELOW_RULE),
        ]
    }
}

impl Default for RefundRules {
    fn default() -> Self {
        Self {
            window_days: 30,
            verification: Verification::None,
            approval: Approval::SecondPerson,
            self_approval_allowed: false,
            request_lifetime_ms: 86_400_000,
        }
    }
}

const WINDOW_DAYS_MAX: u16 = 3_650;
const LIFETIME_MS_MAX: u64 = 2_592_000_000;
const WINDOW_RULE: &str = "1 to 3650";
const LIFETIME_RULE: &str = "1000 to 2592000000";
const BELOW_RULE: &str = "second_person, host, or none_below an amount above 0";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_out_of_its_range_is_found_by_its_name() {
        let changed = |change: fn(&mut RefundRules)| {
            let mut rules = RefundRules::default();
            change(&mut rules);
            rules
        };
        for (rules, part) in [
            (changed(|rules| rules.window_days = 0), "window_days"),
            (changed(|rules| rules.window_days = 3_651), "window_days"),
            (changed(|rules| rules.request_lifetime_ms = 999), "request_lifetime_ms"),
            (changed(|rules| rules.request_lifetime_ms = 2_592_000_001), "request_lifetime_ms"),
            (changed(|rules| rules.approval = Approval::NoneBelow(0)), "approval"),
        ] {
            let broken = |policy: RefundPolicy| {
                policy.ranges().into_iter().filter(|(_, holds, _)| !holds).map(|(part, ..)| part).collect::<Vec<_>>()
            };
            let (contactless_card, encrypted_read) = (rules, rules);
            let card = RefundPolicy { contactless_card, ..RefundPolicy::default() };
            assert_eq!(broken(card), [format!("refunds.contactless_card.{part}")]);
            let read = RefundPolicy { encrypted_read, ..RefundPolicy::default() };
            assert_eq!(broken(read), [format!("refunds.encrypted_read.{part}")]);
        }
        assert!(RefundPolicy::default().ranges().iter().all(|(_, holds, _)| *holds));
    }

    #[test]
    fn the_rules_have_a_form_that_stays() {
        let json = serde_json::json!({"window_days": 30, "verification": "none", "approval": "second_person",
            "self_approval_allowed": false, "request_lifetime_ms": 86_400_000});
        assert_eq!(serde_json::to_value(RefundRules::default()).unwrap(), json);
        let below: Approval = serde_json::from_value(serde_json::json!({ "none_below": 5_000 })).unwrap();
        assert_eq!(below, Approval::NoneBelow(5_000));
        assert!(serde_json::from_value::<Approval>(serde_json::json!("nobody")).is_err());
    }
}
