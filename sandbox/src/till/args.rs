//! The words that the till is called with. Everything that can be judged without a till is judged here, so
//! that a usage error has no effect. Evidence: `sandbox/tests/till_usage.rs`.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use taptill::ids::Role;
use taptill::iso8583::Op;
use taptill::payment::RefundDecision;
use taptill::payment::refund::state::RefundState;
use taptill::ports::Posture;
use taptill::receipt::{Columns, Copy, Zone};
use taptill::text::Language;

use crate::card;
use crate::desktop::Sensor;
use crate::host::{Kind, operation};

/// A payment terminal on a desktop, with simulated cards and a simulated acquirer.
#[derive(Parser)]
#[command(name = "taptill", version)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// What may stand before or after the command.
#[derive(Args, Clone)]
pub(super) struct Global {
    /// The till's folder (for `host`: the host's); by default in the platform's data folder
    #[arg(long, global = true, value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// The folder that stands for the device's key store, outside the till's [default: <home>-device]
    #[arg(long, global = true, value_name = "DIR")]
    pub device: Option<PathBuf>,
    /// Print exactly one JSON object or array (in `shell`: one a line)
    #[arg(long, global = true)]
    pub json: bool,
    #[command(flatten)]
    pub person: Person,
    /// End this process, as kill -9 would, at a point such as 'after attempt.in_doubt'
    #[arg(long, global = true, value_name = "POINT", hide = true)]
    pub die_at: Option<String>,
}

/// Who works, and where passwords come from: a terminal, a file or a pipe, and nowhere else. What stands in an
/// argument or in the environment is read by everybody on the machine.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Who works")]
pub(super) struct Person {
    /// Sign in for this command (or this `shell`), and out after it
    #[arg(long, global = true, value_name = "NAME")]
    pub operator: Option<String>,
    /// Read the password from a file instead of asking; a newline at its end is not part of it
    #[arg(long, global = true, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Read the password from an open file descriptor, up to the end of a line
    #[arg(long, global = true, value_name = "N", conflicts_with = "password_file")]
    pub password_fd: Option<u16>,
    /// Read the new password from a file
    #[arg(long, global = true, value_name = "FILE")]
    pub new_password_file: Option<PathBuf>,
    /// Read the new password from an open file descriptor
    #[arg(long, global = true, value_name = "N", conflicts_with = "new_password_file")]
    pub new_password_fd: Option<u16>,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Show the whole story in a temporary folder: people, sales, reversals, kills, a refund, a settlement, proofs
    Demo,
    /// Run the simulated acquirer until Ctrl-C, read its book, or make it misbehave
    Host(HostArguments),
    /// Set a till up with a sandbox host
    Init(InitArguments),
    /// Make yourself the first supervisor of a new till; prints its recovery code, once
    Claim {
        /// Your name at the till
        name: String,
    },
    /// Become a supervisor again by the recovery code; prints the next code, once
    Recover(RecoverArguments),
    /// Add, list and remove the people who work at this till
    #[command(arg_required_else_help = false)]
    Operator {
        #[command(subcommand)]
        action: OperatorAction,
    },
    /// Sign in (in a `shell`; elsewhere only to try a password, or to change one that must change)
    SignIn {
        /// The operator's name
        name: String,
        /// By the simulated finger instead of the password
        #[arg(long)]
        biometric: bool,
    },
    /// Lock the till until its operator is back (in a `shell`)
    Lock,
    /// Go on after a lock (in a `shell`)
    Unlock {
        /// By the simulated finger instead of the password
        #[arg(long)]
        biometric: bool,
    },
    /// Sign out (in a `shell`)
    SignOut,
    /// Freeze the till now: it sells nothing and gives nothing back; what is owed is still finished
    Freeze {
        /// Why, in a few words
        #[arg(value_name = "REASON")]
        reason: Vec<String>,
    },
    /// Let a frozen till go, together with a second person
    Release(SecondArguments),
    /// Make a report for others
    #[command(arg_required_else_help = false)]
    Report {
        #[command(subcommand)]
        action: ReportAction,
    },
    /// Leave by the checklist: everything finished, settled and looked at, then keys and session wiped
    Exit(ExitArguments),
    /// Take the till off the acquirer's list, hand out its records, and erase it for good
    Deregister(DeregisterArguments),
    /// Say who is signed in, and how many payments wait
    Who,
    /// Change your own password, or have everybody change theirs
    #[command(arg_required_else_help = false, alias = "passwords")]
    Password {
        #[command(subcommand)]
        action: PasswordAction,
    },
    /// Let your simulated finger open the till beside your password
    #[command(arg_required_else_help = false)]
    Biometric {
        #[command(subcommand)]
        action: BiometricAction,
    },
    /// Make another recovery code; the one before opens nothing any more
    RecoveryCode,
    /// Show the shop's rules for passwords and sessions, or set them
    Policy {
        #[command(subcommand)]
        action: Option<PolicyAction>,
    },
    /// Replace the till's master key and seal its record anew
    RotateKeys,
    /// Take one payment
    Sale(SaleArguments),
    /// Give money back: one person asks, another approves
    #[command(arg_required_else_help = false)]
    Refund {
        #[command(subcommand)]
        action: RefundAction,
    },
    /// Take a whole payment of the open batch back
    Void(VoidArguments),
    /// List what waits to be finished with the acquirer
    Debts,
    /// Say how a payment or a settlement ended of which the acquirer says nothing more
    Decide(DecideArguments),
    /// Ask the acquirer's host whether it is there
    HostTest,
    /// Fetch the acquirer's rules for this till
    Parameters,
    /// Show how the network is judged, or change how the till and its host know each other
    #[command(arg_required_else_help = false)]
    Network {
        #[command(subcommand)]
        action: Option<NetworkAction>,
    },
    /// Tell what is known of one payment
    Status {
        /// The payment's attempt id
        attempt: String,
    },
    /// List payments, newest first
    List(ListArguments),
    /// Print a receipt
    Receipt(ReceiptArguments),
    /// Settle the open batch with the acquirer, or go on with a settlement that is not finished
    Settle,
    /// Show what the open batch adds up to, or how an earlier one was settled
    Batch(BatchArguments),
    /// Drive every payment whose outcome is open to its end
    Resolve,
    /// Hold a statement of the acquirer or the bank against the record
    #[command(arg_required_else_help = false)]
    Statement {
        #[command(subcommand)]
        action: StatementAction,
    },
    /// Recompute the whole journal and say whether it is what was written; or check a bundle of evidence, without a till
    Verify(VerifyArguments),
    /// Show which records of a payment, a period or an incident would be handed out; with --out, hand them out
    Evidence(EvidenceArguments),
    /// Let a till sell again whose record was found to be older than what the acquirer has seen
    AcceptRollBack,
    /// Bring an error about, to see what becomes of it; without a code, list all of them
    Provoke {
        /// The error's code
        code: Option<String>,
        /// Bring every error about, one after the other
        #[arg(long, conflicts_with = "code")]
        all: bool,
    },
    /// Sign how long the record is, and its root, as a note that anybody can check
    Checkpoint,
    /// Prove that one payment, or one entry, is in the record, without showing any other
    Prove(ProveArguments),
    /// Prove that the record has only grown since it had so many entries
    Consistency {
        /// How many entries it had
        old_size: u64,
    },
    /// Print the key that checkpoints and proofs are checked with
    PublicKey,
    /// List the simulated cards
    Cards,
    /// Serve a simulated card over a socket, in the framing of vsmartcard's vpcd
    Card(CardArguments),
    /// Serve tills, hosts and cards to a test in any language, until standard input closes
    Stand,
    /// Run card transcripts through the card kernels
    Replay(ReplayArguments),
    /// Read commands line by line from standard input
    Shell,
}

#[derive(Args)]
pub(super) struct HostArguments {
    /// Where to listen, on this machine only
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Play a list of misbehaviour from its start
    #[arg(long, value_name = "FILE")]
    pub script: Option<PathBuf>,
    #[command(subcommand)]
    pub action: Option<HostAction>,
}

#[derive(Subcommand)]
pub(super) enum HostAction {
    /// Print the host's book: one entry for each sale, void and refund
    Book,
    /// Print the batches that tills have asked to settle
    Batches,
    /// Write what an acquirer would send: the book as a statement's file
    #[command(group = clap::ArgGroup::new("form").required(true))]
    Statement {
        /// As comma-separated values
        #[arg(long, group = "form", value_name = "FILE")]
        csv: Option<PathBuf>,
        /// As ISO 20022 camt.053
        #[arg(long, group = "form", value_name = "FILE")]
        camt: Option<PathBuf>,
    },
    /// Hold a till frozen: it hears so in the host's next answer
    Freeze {
        /// Its terminal id
        #[arg(value_name = "TID")]
        terminal: String,
    },
    /// Let a till go that is held frozen
    Release {
        /// Its terminal id
        #[arg(value_name = "TID")]
        terminal: String,
    },
    /// Print what tills told the host besides payments
    Told,
    /// Countersign a text, as the certificate of a till that is erased and can no longer tell it
    Countersign {
        /// Its terminal id
        #[arg(value_name = "TID")]
        terminal: String,
        /// The text
        file: PathBuf,
    },
    /// Put the host's next key in the place of its present one; a host that runs goes on with the old one until it is started anew
    RotateKey,
    /// Print the host's signed word by which a till knows its keys
    Pins {
        /// Its terminal id
        #[arg(value_name = "TID")]
        terminal: String,
        /// Send it with the till's next download of parameters as well
        #[arg(long)]
        send: bool,
    },
    /// Print a message under the host's signature
    Message {
        /// The terminal id that it is for
        #[arg(value_name = "TID")]
        terminal: String,
        /// One line
        text: String,
    },
    /// Make the running host treat its next requests so
    Next {
        /// What to do
        #[arg(value_parser = kinds())]
        kind: Kind,
        /// How many times
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(crate::host::COUNT_MAX)))]
        count: u32,
        /// With which requests; of sales unless the kind is of others alone
        #[arg(long, value_name = "OPERATION", value_parser = operations())]
        of: Option<Op>,
    },
}

#[derive(Args)]
pub(super) struct CardArguments {
    /// Which simulated card (command `cards` lists them)
    #[arg(long, value_name = "NAME", default_value = "visa", hide_possible_values = true, value_parser = card_names())]
    pub card: String,
    /// Where to listen, on this machine only
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Go to a reader that listens instead, on this machine only
    #[arg(long, value_name = "ADDR", conflicts_with = "listen")]
    pub connect: Option<SocketAddr>,
}

#[derive(Args)]
pub(super) struct InitArguments {
    /// The host's folder
    #[arg(long, value_name = "DIR")]
    pub host_home: PathBuf,
    /// The host's address, as it prints it
    #[arg(long, value_name = "ADDR")]
    pub host: SocketAddr,
    /// The language of the host's messages
    ///
    /// With `encrypted` the till never sees a card: a scripted certified reader reads the card that `sale --card` names
    /// and encrypts it for the host, as Tap to Pay on iPhone or a payment provider's kit would.
    #[arg(long, default_value = "unionpay", value_parser = ["unionpay", "iso87", "encrypted"])]
    pub dialect: String,
}

#[derive(Args)]
pub(super) struct RecoverArguments {
    /// Who is supervisor from now on
    pub name: String,
    /// Read the recovery code from a file instead of asking
    #[arg(long, value_name = "FILE")]
    pub code_file: Option<PathBuf>,
    /// Read the recovery code from an open file descriptor
    #[arg(long, value_name = "N", conflicts_with = "code_file")]
    pub code_fd: Option<u16>,
}

#[derive(Args)]
pub(super) struct DeregisterArguments {
    /// Where the records, receipts and proofs are written first; a folder that is not there yet, or is empty
    #[arg(long, value_name = "DIR")]
    pub export: Option<PathBuf>,
    #[command(flatten)]
    pub second: SecondArguments,
}

#[derive(Args)]
pub(super) struct ExitArguments {
    /// Leave although something is left to do; for a supervisor
    #[arg(long, value_name = "REASON", conflicts_with = "list")]
    pub force: Option<String>,
    /// Only show what is left to do
    #[arg(long)]
    pub list: bool,
}

#[derive(Subcommand)]
pub(super) enum OperatorAction {
    /// Let somebody work at this till
    Add {
        /// The new operator's name
        name: String,
        /// What the new operator may do
        #[arg(long, value_parser = role())]
        role: Role,
        /// The password must be changed at the first sign-in
        #[arg(long)]
        temporary: bool,
    },
    /// List everybody who may sign in
    List,
    /// Let somebody work here no longer
    Remove {
        /// The operator's name
        name: String,
        /// Replace the master key too: the operator may have kept it
        #[arg(long)]
        rotate: bool,
        /// List what the operator approved in the last so many days
        #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(0..=3650))]
        days: u16,
    },
    /// Give somebody a temporary password, to be changed at the next sign-in
    Reset {
        /// The operator's name
        name: String,
    },
}

#[derive(Subcommand)]
pub(super) enum PasswordAction {
    /// Set a new password in place of the old one
    Change,
    /// Have everybody set another password at the next sign-in, with another master key and certificate
    Renew,
}

#[derive(Subcommand)]
pub(super) enum BiometricAction {
    /// Let your finger open the till; asks for your password
    Enrol,
    /// Let it open nothing any more
    Forget,
    /// Make the simulated sensor behave so, or enrol another finger on the device
    Sensor {
        /// What it makes of whoever touches it; nothing for another finger, which makes every key void
        #[arg(value_parser = sensors())]
        told: Option<String>,
    },
}

#[derive(Subcommand)]
pub(super) enum PolicyAction {
    /// Show the rules
    Show,
    /// Set the rules
    #[command(group = clap::ArgGroup::new("rules").required(true))]
    Set {
        /// Those of a profile
        #[arg(long, group = "rules", value_parser = profile())]
        profile: Option<String>,
        /// Those in a file, as `policy --json` prints them
        #[arg(long, group = "rules", value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

#[derive(Subcommand)]
pub(super) enum NetworkAction {
    /// Tell the simulated device what network it is on
    Simulate {
        /// Which one
        #[arg(value_parser = postures())]
        posture: String,
    },
    /// Fetch another certificate for this till; the old one opens nothing once it has been used
    RenewCertificate,
    /// Let the acquirer's host be known by another key, by its signed word
    Pins {
        /// The word
        file: PathBuf,
    },
    /// Say whether a message comes from the acquirer or from a stranger
    Message {
        /// The message
        file: PathBuf,
    },
}

#[derive(Subcommand)]
pub(super) enum StatementAction {
    /// Read a statement's file and say what differs, with the entry that proves it and what to do
    Check(StatementCheck),
    /// Show what the last check found
    Last,
}

#[derive(Args)]
pub(super) struct StatementCheck {
    /// CSV, or ISO 20022 camt.053 or camt.054 [default: the host's own lines, asked for now]
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Which column of a CSV file is what, as TOML [default: columns named date, amount, currency, rrn and so on]
    #[arg(long, value_name = "FILE", requires = "file")]
    pub columns: Option<PathBuf>,
    /// The first day on which this till's payments are expected [default: the first in the file; of the host's lines today]
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub from: Option<String>,
    /// The last such day [default: the last in the file]
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub to: Option<String>,
    /// How many differences to show at most; all are counted
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub limit: u32,
}

#[derive(Args)]
pub(super) struct ProveArguments {
    /// A payment's attempt id, or the number of an entry
    #[arg(value_name = "ATTEMPT|SEQUENCE")]
    pub of: String,
    /// Take it for an attempt id even if it is a number
    #[arg(long)]
    pub attempt: bool,
}

#[derive(Args)]
pub(super) struct VerifyArguments {
    /// A bundle of evidence: its folder, or its one file [default: this till's own journal]
    pub bundle: Option<PathBuf>,
    /// The key of the till that it should be of, as `public-key` printed it there
    #[arg(long, value_name = "FILE", requires = "bundle")]
    pub key: Option<PathBuf>,
    /// The language of the verdict
    #[arg(long, default_value = "en", value_parser = language(), requires = "bundle")]
    pub language: Language,
}

#[derive(Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
pub(super) struct EvidenceArguments {
    /// A payment's attempt id
    #[arg(group = "what", conflicts_with_all = ["from", "to", "incident"])]
    pub attempt: Option<String>,
    /// From the start of this day in the shop's time zone, as 2026-11-22
    #[arg(long, value_name = "DATE", value_parser = day, group = "what")]
    pub from: Option<String>,
    /// To the end of this day [default: today]
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub to: Option<String>,
    /// Of the time around a freeze [default: yesterday and today]
    #[arg(long, group = "what")]
    pub incident: bool,
    /// Agree to it and write the bundle: to a folder that is empty or not there, or to one file whose name ends in .zip
    #[arg(long, value_name = "DIR|FILE.zip")]
    pub out: Option<PathBuf>,
    /// To whom it is handed, in a few words; this is recorded
    #[arg(long = "for", value_name = "WHOM", requires = "out")]
    pub recipient: Option<String>,
    /// The language of the receipts in it
    #[arg(long, default_value = "en", value_parser = language())]
    pub language: Language,
}

#[derive(Args)]
pub(super) struct SaleArguments {
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
pub(super) struct VoidArguments {
    /// The payment's attempt id
    pub attempt: String,
    /// The caller's id for the void; the same id twice is the same void
    #[arg(long = "as", value_name = "ID", allow_hyphen_values = true)]
    pub void: Option<String>,
}

#[derive(Args)]
#[command(group = clap::ArgGroup::new("decision").required(true))]
pub(super) struct DecideArguments {
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

#[derive(Args)]
pub(super) struct ListArguments {
    /// How many at most
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// From the start of this day in the shop's time zone, as 2026-11-22
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub from: Option<String>,
    /// To the end of this day
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub to: Option<String>,
    /// Only payments of this order
    #[arg(long, value_name = "NO", allow_hyphen_values = true)]
    pub order: Option<String>,
}

#[derive(Args)]
pub(super) struct ReceiptArguments {
    /// The payment's attempt id
    pub attempt: String,
    /// The paper's width
    #[arg(long, default_value = "32", value_parser = columns())]
    pub columns: Columns,
    /// The language of the labels
    #[arg(long, default_value = "en", value_parser = language())]
    pub language: Language,
    /// For whom
    #[arg(long, default_value = "customer", value_parser = copy())]
    pub copy: Copy,
}

#[derive(Subcommand)]
pub(super) enum RefundAction {
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
pub(super) struct RefundRequestArguments {
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

#[derive(Subcommand)]
pub(super) enum ReportAction {
    /// What may be lost, by operator and payment, and what was not this shop's doing
    Loss(LossArguments),
}

#[derive(Args)]
pub(super) struct LossArguments {
    /// From the start of this day in the shop's time zone, as 2026-11-22 [default: a day before the freeze, or before now]
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub from: Option<String>,
    /// To the end of this day [default: now]
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub to: Option<String>,
    /// Tell the acquirer, and keep its number
    #[arg(long)]
    pub send: bool,
    /// Print it as an HTML page
    #[arg(long)]
    pub html: bool,
    /// The language of the report
    #[arg(long, default_value = "en", value_parser = language())]
    pub language: Language,
}

/// A second person, beside whoever is signed in.
#[derive(Args)]
pub(super) struct SecondArguments {
    /// Who approves, while whoever is signed in stays so
    #[arg(long, value_name = "NAME")]
    pub second: Option<String>,
    /// Read that person's password from a file instead of asking
    #[arg(long, value_name = "FILE", requires = "second")]
    pub second_password_file: Option<PathBuf>,
    /// Read it from an open file descriptor, up to the end of a line
    #[arg(long, value_name = "N", requires = "second", conflicts_with = "second_password_file")]
    pub second_password_fd: Option<u16>,
}

#[derive(Args)]
pub(super) struct RefundListArguments {
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
pub(super) struct VoucherArguments {
    /// The refund's id
    pub refund: String,
    /// The paper's width
    #[arg(long, default_value = "32", value_parser = columns())]
    pub columns: Columns,
    /// The language of the labels
    #[arg(long, default_value = "en", value_parser = language())]
    pub language: Language,
    /// For whom
    #[arg(long, default_value = "customer", value_parser = copy())]
    pub copy: Copy,
}

#[derive(Args)]
pub(super) struct BatchArguments {
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

#[derive(Args)]
pub(super) struct ReplayArguments {
    /// A transcript, or a folder of them (*.json)
    pub path: PathBuf,
    /// More CA keys, besides the transcript's own
    #[arg(long, value_name = "FILE")]
    pub capks: Option<PathBuf>,
}

/// Whether JSON is asked for, found without understanding the rest: a usage error must be JSON too.
pub(super) fn asks_for_json(words: &[OsString]) -> bool {
    words.iter().take_while(|word| *word != "--").any(|word| word == "--json")
}

fn operations() -> impl TypedValueParser<Value = Op> {
    let words = Op::ALL.into_iter().filter(|op| Kind::Normal.is_for(*op)).map(Op::word);
    PossibleValuesParser::new(words).try_map(|word| operation(&word))
}

fn kinds() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(Kind::ALL.iter().map(|kind| kind.word())).try_map(|word| word.parse::<Kind>())
}

fn card_names() -> PossibleValuesParser {
    PossibleValuesParser::new(card::names())
}

fn role() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::ALL.map(Role::word)).try_map(|word| Role::from_word(&word).ok_or("not a role"))
}

fn postures() -> PossibleValuesParser {
    PossibleValuesParser::new(Posture::ALL.map(Posture::word))
}

fn sensors() -> PossibleValuesParser {
    PossibleValuesParser::new(Sensor::ALL.map(Sensor::word))
}

fn profile() -> PossibleValuesParser {
    PossibleValuesParser::new(["pci", "nist"])
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

fn columns() -> impl TypedValueParser<Value = Columns> {
    let known = |word: String| word.parse().ok().and_then(Columns::from_count).ok_or("not a width");
    PossibleValuesParser::new(["32", "48"]).try_map(known)
}

fn language() -> impl TypedValueParser<Value = Language> {
    let tags = Language::ALL.map(Language::tag);
    PossibleValuesParser::new(tags).try_map(|tag| Language::from_tag(&tag).ok_or("not a language"))
}

fn copy() -> impl TypedValueParser<Value = Copy> {
    PossibleValuesParser::new(["merchant", "customer"]).map(|word| match word.as_str() {
        "merchant" => Copy::Merchant,
        _ => Copy::Customer,
    })
}

/// A day that exists; which instants it covers is known once the shop's zone is.
fn day(text: &str) -> Result<String, String> {
    let zone = Zone::named("UTC").map_err(|error| error.to_string())?;
    zone.day(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}
