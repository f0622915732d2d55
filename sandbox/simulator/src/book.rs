//! What the auditor is given: the host's book and what the merchant saw, as plain data.
//!
//! The host writes the one, the shop the other; nothing here knows what it means. It never holds a type of the core's.
//! Evidence: `sandbox/simulator/src/audit/tests.rs`.

use std::collections::{BTreeMap, BTreeSet};

/// One line of the host's book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// `sale`, `void` or `refund`.
    pub kind: &'static str,
    /// What is taken or given back: batch and STAN of the sale.
    pub of: Option<(u32, u32)>,
    pub batch: u32,
    pub stan: u32,
    pub amount_minor: u64,
    pub is_reversed: bool,
    /// The host's own number of it.
    pub rrn: String,
}

/// One message of the till's that arrived, with what it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub op: String,
    pub batch: u32,
    pub stan: u32,
    /// What a reversal is about: batch and STAN.
    pub of: Option<(u32, u32)>,
    /// Names one request: the same bytes again are the same message again.
    pub fingerprint: [u8; 32],
    pub is_repeat: bool,
    pub code: String,
}

/// Count and minor units of sales, voids and refunds.
pub(crate) type Sums = [(u64, u64); 3];

/// A batch that somebody settled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Closing {
    pub batch: u32,
    /// What the host had when it closed it.
    pub host: Sums,
    /// What the till had said.
    pub till: Sums,
    /// How many records came one by one; none where both had the same.
    pub uploaded: u64,
    /// What those add up to.
    pub records: Sums,
    /// How often it was closed.
    pub times: u32,
}

/// The host's book.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    pub lines: Vec<Line>,
    pub arrivals: Vec<Arrival>,
    pub closings: Vec<Closing>,
    /// What the till should never have sent, in words.
    pub complaints: Vec<String>,
    /// How often the host itself froze the till.
    pub holds: u64,
    /// Whether a message can say that it is sent again.
    pub marks_repeats: bool,
    /// The public key of the acquirer behind the host, as `name+id+key`.
    pub acquirer_key: String,
    /// Every key of the host's own, as it is pinned.
    pub pins: Vec<String>,
    /// What was stated of a till that the acquirer has let go.
    pub let_go: Vec<String>,
    /// How often it did not let one go because of money.
    pub balances_found: u64,
}

/// One call at the till and what became of it.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// What was asked, in one word.
    pub what: &'static str,
    /// The attempt that it named, or that the till minted for it.
    pub attempt: Option<String>,
    pub amount_minor: Option<u64>,
    /// Every final result, as JSON: one, unless something is wrong or the process ended.
    pub results: Vec<String>,
    /// Whether the process ended while it waited.
    pub is_orphaned: bool,
}

/// Everything that the merchant saw.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub calls: Vec<Call>,
    /// How every attempt stands at the end of the day, as JSON.
    pub attempts: Vec<String>,
    /// How every refund stands at the end of the day, as JSON.
    pub refunds: Vec<String>,
    /// What the till says of its journal at the end: size and root in hex.
    pub head: Option<(u64, String)>,
    /// The journal's events as they were written.
    pub journal: Vec<Vec<u8>>,
    /// What the shop itself noticed, in words: a till that does not open, a message from a locked till.
    pub troubles: Vec<String>,
    /// Every message that left, with the network that the till was told of last.
    pub sent: Vec<Sent>,
    /// Over which networks the till has connected.
    pub connected: BTreeSet<&'static str>,
    /// Of which networks it was told while it could write that down.
    pub looked_at: BTreeSet<&'static str>,
    /// The device's keys in the evening, by name.
    pub device_keys: Vec<String>,
    /// What is left of a till that is gone.
    pub gone: Option<Gone>,
}

/// A message that left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub op: String,
    pub network: &'static str,
}

/// What is left of a till.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gone {
    /// What was handed out, by name.
    pub exported: BTreeMap<String, String>,
    /// What lies where the till was and says that it was erased.
    pub certificates: Vec<String>,
    /// What else lies there.
    pub files: Vec<String>,
    /// The keys that the device still has.
    pub device_keys: Vec<String>,
    /// Who gets in with a copy of the folder from before.
    pub ways_in: Vec<String>,
    /// The control: who got in with the same copy while the device had its keys.
    pub ways_in_before: Vec<String>,
}
