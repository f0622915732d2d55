//! The report of a loss: what may be lost in a window of time, and what was not this shop's doing.
//!
//! | figure | what it adds up |
//! |---|---|
//! | gross | sales that the host approved, voided ones among them |
//! | voided, refunded | what went back of any sale, by the day on which it was asked for |
//! | at risk | approved sales that are not settled yet, less what was given back of them: the acquirer can still stop these |
//! | unknown | sales, voids and refunds of which nobody knows yet how they end |
//!
//! Whose they are, through which reader, each attempt by name, and what is *not mine*: attempts outside every session,
//! refunds without a second person, files that were put back. As text, as HTML ([`html`]) and as JSON.
//!
//! It never shows a card number, masked or not. Evidence: `tests/incident_loss.rs`.

mod gather;
mod html;
mod print;
pub mod record;

use serde::Serialize;

pub(in crate::incident) use gather::each_newest_first;
pub use gather::gather;
pub use html::html;
pub use print::print;

use crate::clock::WallMs;
use crate::ids::{AttemptId, MerchantId, RefundId, TerminalId};
use crate::incident::freeze::FreezeView;
use crate::money::Currency;

/// The window of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first moment of it.
    pub from: WallMs,
    /// The first moment after it.
    pub to: WallMs,
}

/// How many and how much, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sum {
    /// How many.
    pub count: u64,
    /// How much.
    pub minor: u64,
}

impl Sum {
    fn add(&mut self, minor: u64) {
        self.count += 1;
        self.minor = self.minor.saturating_add(minor);
    }
}

/// The figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LossSums {
    /// What was taken.
    pub gross: Sum,
    /// What was taken back by voids.
    pub voided: Sum,
    /// What was given back by refunds.
    pub refunded: Sum,
    /// What the acquirer can still stop.
    pub at_risk: Sum,
    /// Of what nobody knows yet how it ends.
    pub unknown: Sum,
}

/// The figures of one operator or one reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LossOf {
    /// The operator's name, or `own_reader`, `encrypted_reader`; nothing for what is nobody's.
    pub name: Option<String>,
    /// The figures.
    pub sums: LossSums,
}

/// One attempt or refund of the window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LossLine {
    /// The event that opened it.
    pub sequence: u64,
    /// When, by the device's clock.
    pub at_ms: WallMs,
    /// `sale`, `void` or `refund`.
    pub kind: &'static str,
    /// The attempt; of a refund the sale.
    pub attempt: AttemptId,
    /// The refund.
    pub refund: Option<RefundId>,
    /// Where it stands.
    pub state: &'static str,
    /// How much, in minor units.
    pub minor: u64,
    /// Whether its batch is closed.
    pub settled: bool,
    /// Who was signed in.
    pub operator: Option<String>,
}

/// Why something is not this shop's own doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NotMineWhy {
    /// It was opened for somebody who was not signed in.
    OutsideSession,
    /// Nobody but the requester let the refund go.
    NoSecondPerson,
    /// Older files were put back.
    RolledBack,
}

impl NotMineWhy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::OutsideSession, Self::NoSecondPerson, Self::RolledBack];

    /// The stable word, as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::OutsideSession => "outside_session",
            Self::NoSecondPerson => "no_second_person",
            Self::RolledBack => "rolled_back",
        }
    }
}

/// Something that is not this shop's own doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotMine {
    /// Why not.
    pub why: NotMineWhy,
    /// The event that shows it.
    pub sequence: u64,
    /// When, by the device's clock.
    pub at_ms: WallMs,
    /// Which attempt.
    pub attempt: Option<AttemptId>,
    /// Which refund.
    pub refund: Option<RefundId>,
    /// How much, in minor units.
    pub minor: Option<u64>,
}

/// The report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LossReport {
    /// Version of this form.
    pub v: u32,
    /// The acquirer's number of it, once it was sent.
    pub number: Option<u64>,
    /// The shop, as receipts show it.
    pub shop: String,
    /// The terminal id.
    pub terminal: TerminalId,
    /// The merchant id.
    pub merchant: MerchantId,
    /// IANA name of the shop's time zone.
    pub time_zone: String,
    /// The window's first moment.
    pub from_ms: WallMs,
    /// The first moment after it.
    pub to_ms: WallMs,
    /// When the report was made.
    pub made_ms: WallMs,
    /// By whom.
    pub made_by: String,
    /// The freeze, where the till is frozen.
    pub frozen: Option<FreezeView>,
    /// The currency of every amount.
    pub currency: Currency,
    /// The figures in all.
    pub sums: LossSums,
    /// The figures by operator.
    pub operators: Vec<LossOf>,
    /// The figures by reader.
    pub readers: Vec<LossOf>,
    /// Every attempt and refund of the window, newest first.
    pub lines: Vec<LossLine>,
    /// Whether there are more of them than stand here.
    pub is_cut: bool,
    /// What is not this shop's own doing.
    pub not_mine: Vec<NotMine>,
    /// How many events the journal had.
    pub journal_size: u64,
    /// Its root, in hex.
    pub journal_root: String,
}

impl LossReport {
    /// As it is sent: JSON of at most so many bytes. Where it would be longer, the lines go, oldest first, and it says so.
    #[must_use]
    pub fn json_within(&self, bytes_max: usize) -> String {
        let mut report = self.clone();
        loop {
            let json = serde_json::to_string(&report).expect("a report has text keys");
            if json.len() <= bytes_max || (report.lines.is_empty() && report.not_mine.is_empty()) {
                return json;
            }
            report.is_cut = true;
            if report.lines.is_empty() {
                report.not_mine.truncate(report.not_mine.len() / 2);
            }
            report.lines.truncate(report.lines.len() / 2);
        }
    }
}

/// What to do on such a day, in the order that helps; each is a text `loss.step.*`.
pub const STEPS: [&str; 6] = ["freeze", "bank", "police", "passwords", "people", "release"];

/// How many attempts and refunds one report shows at most.
pub const LINES_MAX: usize = 1_000;
