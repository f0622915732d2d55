//! The words of the simulated acquirer and of the simulated cards. Never what a command does. Evidence:
//! `sandbox/tests/till_usage.rs`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use taptill::iso8583::Op;

use super::values::card_names;
use crate::host::{Kind, operation};

#[derive(Args)]
pub(in crate::till) struct HostArguments {
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
pub(in crate::till) enum HostAction {
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
pub(in crate::till) struct CardArguments {
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

fn operations() -> impl TypedValueParser<Value = Op> {
    let words = Op::ALL.into_iter().filter(|op| Kind::Normal.is_for(*op)).map(Op::word);
    PossibleValuesParser::new(words).try_map(|word| operation(&word))
}

fn kinds() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(Kind::ALL.iter().map(|kind| kind.word())).try_map(|word| word.parse::<Kind>())
}
