//! What an acquirer gives a till so that it may sell: read whole, checked whole, kept with its secrets wrapped.
//!
//! [`Provisioning`] is the file as the acquirer hands it over. Accepting it journals a [`Configuration`], which
//! holds no secret, and keeps the secrets (terminal master key, client key) wrapped by the device beside it.
//! A till is provisioned once. Beside it stand the shop's rules about people ([`ShopPolicy`], [`password`]).
//!
//! It never prints a secret and never connects anywhere. Evidence: `provisioning/tests.rs` (one row a refusal),
//! `tests/payment_flows.rs`.

mod accept;
mod configuration;
mod network;
pub mod password;
mod pins;
mod policy;
mod provisioning;
mod reason;
mod refund_rules;
mod renewal;
mod secret_text;

pub(crate) use accept::PROVISIONED;
pub use accept::{
    Account, AccountFold, CERTIFICATE_DUE, PASSWORDS_RENEWED, PINS_CHANGED, POLICY_CHANGED, Renewed, accept,
    configuration, device_aliases, is_certificate_due, is_provisioned, latest_day, open, pins_number, renewed,
    settle_certificate, shop_policy,
};
pub use configuration::{Configuration, ConfigurationError, HostAddress, Limits, Merchant, PasswordWork, Policy};
pub use network::{Judgement, NetworkPolicy, Purpose, Verdict};
pub use pins::{KIND as PINS, NewPins, acquirers_word};
pub use policy::ShopPolicy;
pub use provisioning::{PROVISIONING_VERSION, Provisioning, ProvisioningError, Secrets};
pub use reason::WrittenReason;
pub use refund_rules::{Approval, RefundPolicy, RefundRules, Verification};
pub use renewal::Renewal;
pub use secret_text::SecretText;
