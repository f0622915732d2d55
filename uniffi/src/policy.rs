//! The shop's rules, as a shell reads and changes them.
//!
//! The records are the core's, word for word; the core checks them. A change holds at once.
//!
//! It never holds a secret. Evidence: `tests/contract`.

use taptill::account;
use taptill::account::password::{self as core, Profile};
use taptill::account::{Approval, Verification};
use taptill::error::{Error, ErrorCode};

use crate::errors::TillError;

/// The shop's rules. The core refuses a part that is out of its range, by its name.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
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
    /// When and how money is given back.
    pub refunds: RefundPolicy,
    /// At which minute of the day the batch is settled by itself, 0 to 1 439 at the host's place; absent for never.
    #[uniffi(default = None)]
    pub settle_at_minute: Option<u16>,
    /// Whether a second person must agree before the till is deregistered and erased.
    #[uniffi(default = true)]
    pub two_people_to_deregister: bool,
    /// Whether somebody who freezes the till while it is locked must give a password; otherwise anybody may.
    #[uniffi(default = false)]
    pub freeze_needs_password_at_lock_screen: bool,
}

/// The rules about refunds, by the way in which the sale was paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct RefundPolicy {
    /// For a card that the till's own kernel read.
    pub contactless_card: RefundRules,
    /// For a card that somebody else's reader read and encrypted.
    pub encrypted_read: RefundRules,
}

/// The rules about refunds for one way of paying.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct RefundRules {
    /// For how many days after its sale a refund may be asked for, 1 to 3 650.
    pub window_days: u16,
    /// How the cardholder is verified.
    pub verification: RefundVerification,
    /// Who lets it go out.
    pub approval: RefundApproval,
    /// Whether the approver may be the requester, or somebody whom the requester appointed.
    pub self_approval_allowed: bool,
    /// How long a request waits for its approval, in milliseconds, 1 000 to 2 592 000 000.
    pub request_lifetime_ms: u64,
}

/// How the cardholder is verified before money goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum RefundVerification {
    /// Not at all: the money goes to the card that paid.
    None,
    /// The cardholder signs the voucher.
    Signature,
    /// The same card is held to the reader again.
    CardAgain,
    /// The cardholder enters a PIN; no till can take one yet.
    Pin,
}

/// Who lets a refund go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum RefundApproval {
    /// Another person of this till who may approve refunds.
    SecondPerson,
    /// The acquirer's host, by its answer.
    Host,
    /// The host below this amount in minor units, a second person from it on.
    NoneBelow {
        /// The amount.
        minor: u64,
    },
}

/// What a shop asks of passwords.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum PasswordProfile {
    /// As card schemes want it.
    Pci,
    /// Long, and never changed without a reason.
    Nist,
    /// The integrator's own.
    Own {
        /// Its rules.
        rules: PasswordRules,
    },
}

/// The rules of a profile of one's own.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct PasswordRules {
    /// The fewest characters, 8 to 64.
    pub min_length: u8,
    /// Whether it must have a letter and a digit.
    pub letters_and_digits: bool,
    /// Whether the commonest passwords and the shop's own words are refused.
    pub common_refused: bool,
    /// How many of the last passwords are refused, the present one counted, 0 to 24.
    pub history: u8,
    /// After how many days it must be changed, 1 to 3650; absent for never.
    pub max_age_days: Option<u16>,
}

/// The policy that goes with a shipped profile of passwords: `pci`, with which a till begins, or `nist`.
///
/// # Errors
/// `identifier_malformed` for a word that is none.
#[uniffi::export]
pub fn shipped_policy(profile: &str) -> Result<ShopPolicy, TillError> {
    let refused = Error::from(ErrorCode::IdentifierMalformed).word("what", "profile").word("rule", "pci or nist");
    Ok(account::ShopPolicy::of(profile).map(ShopPolicy::from).ok_or(refused)?)
}

impl From<account::ShopPolicy> for ShopPolicy {
    fn from(policy: account::ShopPolicy) -> Self {
        Self {
            password: policy.password.into(),
            idle_ms: policy.idle_ms,
            session_max_ms: policy.session_max_ms,
            tries: policy.tries,
            lockout_ms: policy.lockout_ms,
            checkpoint_every: policy.checkpoint_every,
            biometric_days: policy.biometric_days,
            shop_words: policy.shop_words,
            refunds: policy.refunds.into(),
            settle_at_minute: policy.settle_at_minute,
            two_people_to_deregister: policy.two_people_to_deregister,
            freeze_needs_password_at_lock_screen: policy.freeze_needs_password_at_lock_screen,
        }
    }
}

impl From<ShopPolicy> for account::ShopPolicy {
    fn from(policy: ShopPolicy) -> Self {
        Self {
            password: policy.password.into(),
            idle_ms: policy.idle_ms,
            session_max_ms: policy.session_max_ms,
            tries: policy.tries,
            lockout_ms: policy.lockout_ms,
            checkpoint_every: policy.checkpoint_every,
            biometric_days: policy.biometric_days,
            shop_words: policy.shop_words,
            refunds: policy.refunds.into(),
            settle_at_minute: policy.settle_at_minute,
            two_people_to_deregister: policy.two_people_to_deregister,
            freeze_needs_password_at_lock_screen: policy.freeze_needs_password_at_lock_screen,
        }
    }
}

impl From<account::RefundPolicy> for RefundPolicy {
    fn from(policy: account::RefundPolicy) -> Self {
        Self { contactless_card: policy.contactless_card.into(), encrypted_read: policy.encrypted_read.into() }
    }
}

impl From<RefundPolicy> for account::RefundPolicy {
    fn from(policy: RefundPolicy) -> Self {
        Self { contactless_card: policy.contactless_card.into(), encrypted_read: policy.encrypted_read.into() }
    }
}

impl From<account::RefundRules> for RefundRules {
    fn from(rules: account::RefundRules) -> Self {
        let verification = match rules.verification {
            Verification::None => RefundVerification::None,
            Verification::Signature => RefundVerification::Signature,
            Verification::CardAgain => RefundVerification::CardAgain,
            Verification::Pin => RefundVerification::Pin,
        };
        let approval = match rules.approval {
            Approval::SecondPerson => RefundApproval::SecondPerson,
            Approval::Host => RefundApproval::Host,
            Approval::NoneBelow(minor) => RefundApproval::NoneBelow { minor },
        };
        let account::RefundRules { window_days, self_approval_allowed, request_lifetime_ms, .. } = rules;
        Self { window_days, verification, approval, self_approval_allowed, request_lifetime_ms }
    }
}

impl From<RefundRules> for account::RefundRules {
    fn from(rules: RefundRules) -> Self {
        let verification = match rules.verification {
            RefundVerification::None => Verification::None,
            RefundVerification::Signature => Verification::Signature,
            RefundVerification::CardAgain => Verification::CardAgain,
            RefundVerification::Pin => Verification::Pin,
        };
        let approval = match rules.approval {
            RefundApproval::SecondPerson => Approval::SecondPerson,
            RefundApproval::Host => Approval::Host,
            RefundApproval::NoneBelow { minor } => Approval::NoneBelow(minor),
        };
        let RefundRules { window_days, self_approval_allowed, request_lifetime_ms, .. } = rules;
        Self { window_days, verification, approval, self_approval_allowed, request_lifetime_ms }
    }
}

impl From<core::PasswordProfile> for PasswordProfile {
    fn from(profile: core::PasswordProfile) -> Self {
        match profile {
            core::PasswordProfile::Pci => Self::Pci,
            core::PasswordProfile::Nist => Self::Nist,
            core::PasswordProfile::Own(rules) => {
                let Profile { min_length, letters_and_digits, common_refused, history, max_age_days } = rules;
                let rules = PasswordRules { min_length, letters_and_digits, common_refused, history, max_age_days };
                Self::Own { rules }
            }
        }
    }
}

impl From<PasswordProfile> for core::PasswordProfile {
    fn from(profile: PasswordProfile) -> Self {
        match profile {
            PasswordProfile::Pci => Self::Pci,
            PasswordProfile::Nist => Self::Nist,
            PasswordProfile::Own { rules } => {
                let PasswordRules { min_length, letters_and_digits, common_refused, history, max_age_days } = rules;
                Self::Own(Profile { min_length, letters_and_digits, common_refused, history, max_age_days })
            }
        }
    }
}
