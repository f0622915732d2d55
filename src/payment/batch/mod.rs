//! The batch: what the till and the host settle together, and how far they have come.
//!
//! A batch is what the journal says of it: its records are the attempts and refunds that carry its number, its totals
//! are their sums, frozen when a settlement begins. What is legal is one table ([`state::BATCH_TRANSITIONS`], printed
//! in `docs/states.md`); a batch is closed by the host's word alone, once, and nothing of it is ever deleted.
//!
//! It never counts what is in doubt. Evidence: `tests/settle_kills.rs` (every crash point with every misbehaviour of a
//! host), `tests/settle_rules.rs` (totals told another way; what blocks a settlement).

pub(in crate::payment) mod events;
pub(in crate::payment) mod ledger;
pub(in crate::payment) mod records;
pub mod state;
pub mod totals;
pub mod view;
