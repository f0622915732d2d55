//! The words that move money: sale, void, refund, decision, batch. Never what a command does. Evidence:
//! `sandbox/tests/till_usage.rs`.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use taptill::payment::RefundDecision;
use taptill::payment::refund::state::RefundState;
use taptill::receipt::Columns;
use taptill::text::Language;

use super::people::SecondArguments;
use super::record::VoucherArguments;
use super::values::{card_names, columns, language};

#[derive(Args)]
pub(in crate::till) struct SaleArguments {
    /// The amount in plain digits, as 12.30
    #[arg(allow_hyphen_values = true)]
    pub amount: String,
    /// The currency's three letters [default: the till's own]
    #[arg(long)]
    pub currency: Option<String>,
    /// Which simulated card is tapped (command `cards` lists them)
    #[arg(long, value_name = "NAME", default_value = "visa", hide_possible_values = true, value_parser = card_names())]
    pub card: String,
    /// The caller's id for this payment; the same id twice is the same payment
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub attempt: Option<String>,
    /// The shop's order number
    #[arg(long, value_name = "NO", allow_hyphen_values = true)]
    pub order: Option<String>,
}

#[derive(Args)]
pub(in crate::till) struct VoidArguments {
    /// The payment's attempt id
    pub attempt: String,
    /// The caller's id for the void; the same id twice is the same void
    #[arg(long = "as", value_name = "ID", allow_hyphen_values = true)]
    pub void: Option<String>,
}

#[derive(Args)]
#[command(group = clap::ArgGroup::new("decision").required(true))]
pub(in crate::till) struct DecideArguments {
    /// The payment's attempt id
    #[arg(required_unless_present = "batch")]
    pub attempt: Option<String>,
    /// The batch that the acquirer refuses to settle, in place of a payment
    #[arg(long, value_name = "N", conflicts_with = "attempt")]
    pub batch: Option<u32>,
    /// The customer is charged
    #[arg(long, group = "decision", conflicts_with = "batch")]
    pub charged: bool,
    /// The customer is not charged
    #[arg(long, group = "decision", conflicts_with = "batch")]
    pub not_charged: bool,
    /// The acquirer has closed the batch
    #[arg(long, group = "decision", requires = "batch")]
    pub closed: bool,
    /// The acquirer has not closed the batch
    #[arg(long, group = "decision", requires = "batch")]
    pub not_closed: bool,
}

#[derive(Subcommand)]
pub(in crate::till) enum RefundAction {
    /// Ask for money to be given back; prints the refund's id
    Request(RefundRequestArguments),
    /// Approve a refund that somebody else has asked for
    Approve {
        /// The refund's id
        refund: String,
        #[command(flatten)]
        second: SecondArguments,
    },
    /// Reject a refund that waits
    Reject {
        /// The refund's id
        refund: String,
        /// Why, in a few words
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        reason: String,
    },
    /// Say how a refund has ended of which the bank says nothing more
    Decide {
        /// The refund's id
        refund: String,
        /// Whether the customer has the money
        #[arg(value_parser = refund_decision())]
        decision: RefundDecision,
    },
    /// List refunds, newest first
    List(RefundListArguments),
    /// Print a refund's voucher
    Voucher(VoucherArguments),
}

#[derive(Args)]
pub(in crate::till) struct RefundRequestArguments {
    /// The payment's attempt id; left out where an option names the payment
    #[arg(value_name = "ATTEMPT|AMOUNT", allow_hyphen_values = true)]
    pub first: String,
    /// The amount in plain digits, as 12.30
    #[arg(value_name = "AMOUNT", allow_hyphen_values = true)]
    pub second: Option<String>,
    /// The payment of this order
    #[arg(long, value_name = "NO", allow_hyphen_values = true, group = "of")]
    pub order: Option<String>,
    /// The payment to which the bank gave this reference number
    #[arg(long, value_name = "RRN", group = "of")]
    pub rrn: Option<String>,
    /// The payment with this STAN on its receipt, or batch and STAN
    #[arg(long, value_name = "[BATCH/]STAN", group = "of")]
    pub receipt: Option<String>,
    /// The caller's id for the refund; the same id, payment and amount again is the same refund
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub name: Option<String>,
    /// The currency's three letters [default: the till's own]
    #[arg(long)]
    pub currency: Option<String>,
    /// Which simulated card is held to the reader, where the shop's rules want it again
    #[arg(long, value_name = "NAME", default_value = "visa", hide_possible_values = true, value_parser = card_names())]
    pub card: String,
}

#[derive(Args)]
pub(in crate::till) struct RefundListArguments {
    /// How many at most
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// Only refunds of this payment
    #[arg(long, value_name = "ATTEMPT")]
    pub attempt: Option<String>,
    /// Only refunds that stand so
    #[arg(long, value_name = "STATE", value_parser = refund_state())]
    pub state: Option<RefundState>,
}

#[derive(Args)]
pub(in crate::till) struct BatchArguments {
    /// The batch's number [default: the open one]
    pub number: Option<u32>,
    /// Print the report for the shop
    #[arg(long)]
    pub report: bool,
    /// The paper's width
    #[arg(long, default_value = "32", value_parser = columns())]
    pub columns: Columns,
    /// The language of the labels
    #[arg(long, default_value = "en", value_parser = language())]
    pub language: Language,
}

fn refund_state() -> impl TypedValueParser<Value = RefundState> {
    let states = RefundState::ALL.into_iter().filter(|state| *state != RefundState::Unknown);
    let mut words: Vec<&str> = states.map(RefundState::word).collect();
    words.dedup();
    PossibleValuesParser::new(words)
        .try_map(|word| RefundState::ALL.into_iter().find(|state| state.word() == word).ok_or("not a state"))
}

fn refund_decision() -> impl TypedValueParser<Value = RefundDecision> {
    PossibleValuesParser::new(["paid", "not-paid"]).map(|word| match word.as_str() {
        "paid" => RefundDecision::Paid,
        _ => RefundDecision::NotPaid,
    })
}
