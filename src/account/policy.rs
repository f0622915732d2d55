//! The shop's rules: passwords, how long a session lasts, how often may be guessed, how often a checkpoint is signed,
//! when the batch is settled.
//!
//! A till begins with the profile `pci`. A change is journalled whole (`policy.changed`) and holds at once; with the
//! profile `pci` the parts cannot be weaker than PCI DSS 4.0 allows (8.2.8: idle 15 minutes; 8.3.4: ten tries,
//! thirty minutes).
//!
//! It never holds a secret. Evidence: `mod tests` (one row a refusal).

use serde::{Deserialize, Serialize};

use crate::account::password::PasswordProfile;
use crate::account::refund_rules::RefundPolicy;
use crate::error::{Error, ErrorCode};
use crate::session::SessionLength;

/// The shop's rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShopPolicy {
    /// What a password must be.
    pub password: PasswordProfile,
    /// After how long without a touch the till locks, in milliseconds, 1 000 to 3 600 000.
    pub idle_ms: u64,
    /// How long a session lasts in all, in milliseconds, from the idle time to 86 400 000.
    pub session_max_ms: u64,
    /// How many wrong passwords lead to waiting, 1 to 20.
    pub tries: u8,
    /// How long one waits then, in milliseconds, 1 000 to 86 400 000.
    pub lockout_ms: u64,
    /// After how many events a checkpoint is signed, 1 to 1 000 000.
    pub checkpoint_every: u32,
    /// For how many days after a password the device's own unlocking may open the till, 0 for never, to 90.
    pub biometric_days: u16,
    /// Words that the commonest passwords here would have, at most 32 of 1 to 64 characters.
    pub shop_words: Vec<String>,
    /// Who may give money back, when and how.
    #[serde(default)]
    pub refunds: RefundPolicy,
    /// At which minute of the day the batch is settled by itself, 0 to 1 439 at the host's place; never where there is
    /// none.
    #[serde(default)]
    pub settle_at_minute: Option<u16>,
    /// Whether a second person must agree before the till is deregistered and erased.
    #[serde(default = "yes")]
    pub two_people_to_deregister: bool,
    /// Whether somebody who freezes the till while it is locked must give a password; otherwise anybody may.
    #[serde(default)]
    pub freeze_needs_password_at_lock_screen: bool,
}

fn yes() -> bool {
    true
}

impl ShopPolicy {
    /// The policy that goes with a profile of passwords, by its word: `pci` or `nist`.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "pci" => Some(Self::default()),
            "nist" => Some(Self { password: PasswordProfile::Nist, ..Self::default() }),
            _ => None,
        }
    }

    /// Whether every part is within its range.
    ///
    /// # Errors
    /// `policy_invalid`, with the first part that is not, and its rule.
    pub fn check(&self) -> Result<(), Error> {
        let invalid = |(part, rule)| Err(Error::from(ErrorCode::PolicyInvalid).word("part", part).word("rule", rule));
        if let Err(broken) = self.password.profile().check() {
            return invalid(broken);
        }
        let rules = self.ranges().into_iter().chain(self.refunds.ranges()).chain(self.pci_rules());
        rules.into_iter().find(|(_, holds, _)| !holds).map_or(Ok(()), |(part, _, rule)| invalid((part, rule)))
    }

    /// How long a session lasts.
    #[must_use]
    pub fn session_length(&self) -> SessionLength {
        SessionLength { idle_ms: self.idle_ms, full_ms: self.session_max_ms }
    }

    fn ranges(&self) -> [Rule; 8] {
        [
            ("idle_ms", (1_000..=3_600_000).contains(&self.idle_ms), "1000 to 3600000"),
            (
                "session_max_ms",
                (self.idle_ms..=MS_A_DAY).contains(&self.session_max_ms),
                "from the idle time to 86400000",
            ),
            ("tries", (1..=20).contains(&self.tries), "1 to 20"),
            ("lockout_ms", (1_000..=MS_A_DAY).contains(&self.lockout_ms), "1000 to 86400000"),
            ("checkpoint_every", (1..=1_000_000).contains(&self.checkpoint_every), "1 to 1000000"),
            ("biometric_days", self.biometric_days <= 90, "0 to 90"),
            (
                "shop_words",
                self.shop_words.len() <= 32 && self.shop_words.iter().all(|word| is_word(word)),
                "at most 32 of 1 to 64 characters",
            ),
            ("settle_at_minute", self.settle_at_minute.is_none_or(|minute| minute < MINUTES_A_DAY), "0 to 1439"),
        ]
    }

    fn pci_rules(&self) -> [Rule; 3] {
        let is_free = self.password != PasswordProfile::Pci;
        [
            ("idle_ms", is_free || self.idle_ms <= PCI_IDLE_MS_MAX, "at most 900000 with the profile pci"),
            ("tries", is_free || self.tries <= PCI_TRIES_MAX, "at most 10 with the profile pci"),
            ("lockout_ms", is_free || self.lockout_ms >= PCI_LOCKOUT_MS_MIN, "at least 1800000 with the profile pci"),
        ]
    }
}

impl Default for ShopPolicy {
    fn default() -> Self {
        Self {
            password: PasswordProfile::Pci,
            idle_ms: PCI_IDLE_MS_MAX,
            session_max_ms: 12 * 3_600_000,
            tries: PCI_TRIES_MAX,
            lockout_ms: PCI_LOCKOUT_MS_MIN,
            checkpoint_every: 1_000,
            biometric_days: 7,
            shop_words: Vec::new(),
            refunds: RefundPolicy::default(),
            settle_at_minute: None,
            two_people_to_deregister: true,
            freeze_needs_password_at_lock_screen: false,
        }
    }
}

/// A part, whether its rule holds, and the rule.
type Rule = (&'static str, bool, &'static str);

fn is_word(word: &str) -> bool {
    (1..=64).contains(&word.chars().count()) && !word.chars().any(char::is_control)
}

const MS_A_DAY: u64 = 86_400_000;
const MINUTES_A_DAY: u16 = 1_440;
const PCI_IDLE_MS_MAX: u64 = 900_000;
const PCI_TRIES_MAX: u8 = 10;
const PCI_LOCKOUT_MS_MIN: u64 = 1_800_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::RefundRules;
    use crate::account::password::Profile;

    fn changed(change: impl FnOnce(&mut ShopPolicy)) -> ShopPolicy {
        let mut policy = ShopPolicy::of("nist").unwrap();
        change(&mut policy);
        policy
    }

    #[test]
    fn a_part_out_of_its_range_is_refused_by_its_name() {
        let short = Profile { min_length: 7, ..PasswordProfile::Nist.profile() };
        let rows = [
            (changed(|p| p.password = PasswordProfile::Own(short)), "password.min_length", "8 to 64"),
            (changed(|p| p.idle_ms = 999), "idle_ms", "1000 to 3600000"),
            (changed(|p| p.idle_ms = 3_600_001), "idle_ms", "1000 to 3600000"),
            (changed(|p| p.session_max_ms = p.idle_ms - 1), "session_max_ms", "from the idle time to 86400000"),
            (changed(|p| p.session_max_ms = 86_400_001), "session_max_ms", "from the idle time to 86400000"),
            (changed(|p| p.tries = 0), "tries", "1 to 20"),
            (changed(|p| p.tries = 21), "tries", "1 to 20"),
            (changed(|p| p.lockout_ms = 0), "lockout_ms", "1000 to 86400000"),
            (changed(|p| p.lockout_ms = 86_400_001), "lockout_ms", "1000 to 86400000"),
            (changed(|p| p.checkpoint_every = 0), "checkpoint_every", "1 to 1000000"),
            (changed(|p| p.checkpoint_every = 1_000_001), "checkpoint_every", "1 to 1000000"),
            (changed(|p| p.biometric_days = 91), "biometric_days", "0 to 90"),
            (changed(|p| p.shop_words = vec![String::new()]), "shop_words", "at most 32 of 1 to 64 characters"),
            (changed(|p| p.shop_words = vec!["x".repeat(65)]), "shop_words", "at most 32 of 1 to 64 characters"),
            (changed(|p| p.shop_words = vec!["a\n".into()]), "shop_words", "at most 32 of 1 to 64 characters"),
            (changed(|p| p.shop_words = vec!["word".into(); 33]), "shop_words", "at most 32 of 1 to 64 characters"),
            (changed(|p| p.settle_at_minute = Some(1_440)), "settle_at_minute", "0 to 1439"),
            (
                ShopPolicy { idle_ms: 900_001, ..ShopPolicy::default() },
                "idle_ms",
                "at most 900000 with the profile pci",
            ),
            (ShopPolicy { tries: 11, ..ShopPolicy::default() }, "tries", "at most 10 with the profile pci"),
            (
                ShopPolicy { lockout_ms: 1_799_999, ..ShopPolicy::default() },
                "lockout_ms",
                "at least 1800000 with the profile pci",
            ),
        ];
        for (policy, part, rule) in rows {
            let error = policy.check().unwrap_err();
            assert_eq!(error.to_string(), format!("policy_invalid part={part} rule={rule}"));
        }
    }

    #[test]
    fn the_policies_that_we_ship_keep_their_own_rules() {
        for word in ["pci", "nist"] {
            let policy = ShopPolicy::of(word).unwrap();
            assert_eq!((policy.check(), policy.password.word()), (Ok(()), word));
        }
        assert_eq!(ShopPolicy::of("own"), None);
        assert!(changed(|p| (p.idle_ms, p.tries, p.lockout_ms) = (3_600_000, 20, 1_000)).check().is_ok());
    }

    #[test]
    fn a_policy_has_a_form_that_stays() {
        let json = serde_json::json!({"password": "pci", "idle_ms": 900_000, "session_max_ms": 43_200_000, "tries": 10,
            "lockout_ms": 1_800_000, "checkpoint_every": 1_000, "biometric_days": 7, "shop_words": [],
            "refunds": {"contactless_card": RefundRules::default(), "encrypted_read": RefundRules::default()},
            "settle_at_minute": null, "two_people_to_deregister": true, "freeze_needs_password_at_lock_screen": false});
        assert_eq!(serde_json::to_value(ShopPolicy::default()).unwrap(), json);
        let mut older = json.clone();
        older.as_object_mut().unwrap().remove("settle_at_minute");
        older.as_object_mut().unwrap().remove("freeze_needs_password_at_lock_screen");
        older.as_object_mut().unwrap().remove("two_people_to_deregister");
        assert_eq!(serde_json::from_value::<ShopPolicy>(older).unwrap(), ShopPolicy::default(), "written before it");
        assert_eq!(serde_json::from_value::<ShopPolicy>(json.clone()).unwrap(), ShopPolicy::default());
        let mut before_refunds = json.clone();
        before_refunds.as_object_mut().unwrap().remove("refunds");
        assert_eq!(serde_json::from_value::<ShopPolicy>(before_refunds).unwrap(), ShopPolicy::default());
        let mut more = json;
        more["more"] = 1.into();
        assert!(serde_json::from_value::<ShopPolicy>(more).is_err());
    }
}
