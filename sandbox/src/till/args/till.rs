//! The words of the till itself: set up, rules, network, leaving. Never what a command does. Evidence:
//! `sandbox/tests/till_usage.rs`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use taptill::ports::Posture;

use super::people::SecondArguments;

#[derive(Args)]
pub(in crate::till) struct InitArguments {
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
pub(in crate::till) struct DeregisterArguments {
    /// Where the records, receipts and proofs are written first; a folder that is not there yet, or is empty
    #[arg(long, value_name = "DIR")]
    pub export: Option<PathBuf>,
    #[command(flatten)]
    pub second: SecondArguments,
}

#[derive(Args)]
pub(in crate::till) struct ExitArguments {
    /// Leave although something is left to do; for a supervisor
    #[arg(long, value_name = "REASON", conflicts_with = "list")]
    pub force: Option<String>,
    /// Only show what is left to do
    #[arg(long)]
    pub list: bool,
}

#[derive(Subcommand)]
pub(in crate::till) enum PolicyAction {
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
pub(in crate::till) enum NetworkAction {
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

fn postures() -> PossibleValuesParser {
    PossibleValuesParser::new(Posture::ALL.map(Posture::word))
}

fn profile() -> PossibleValuesParser {
    PossibleValuesParser::new(["pci", "nist"])
}
