//! The words that the till is called with. Everything that can be judged without a till is judged here, so
//! that a usage error has no effect; never what a command does. Evidence: `sandbox/tests/till_usage.rs`.

mod host;
mod money;
mod people;
mod record;
mod till;
mod values;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(super) use host::{CardArguments, HostAction, HostArguments};
pub(super) use money::{
    BatchArguments, DecideArguments, RefundAction, RefundListArguments, RefundRequestArguments, SaleArguments,
    VoidArguments,
};
pub(super) use people::{BiometricAction, OperatorAction, PasswordAction, Person, RecoverArguments, SecondArguments};
pub(super) use record::{
    EvidenceArguments, ListArguments, LossArguments, ProveArguments, ReceiptArguments, ReplayArguments, ReportAction,
    StatementAction, StatementCheck, VerifyArguments, VoucherArguments,
};
pub(super) use till::{DeregisterArguments, ExitArguments, InitArguments, NetworkAction, PolicyAction};

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

/// Whether JSON is asked for, found without understanding the rest: a usage error must be JSON too.
pub(super) fn asks_for_json(words: &[OsString]) -> bool {
    words.iter().take_while(|word| *word != "--").any(|word| word == "--json")
}
