//! The words of people: who works, passwords, operators, fingers. Never a password itself: only where it is read from.
//! Evidence: `sandbox/tests/till_usage.rs`.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use taptill::ids::Role;

use crate::desktop::Sensor;

/// Who works, and where passwords come from: a terminal, a file or a pipe, and nowhere else. What stands in an
/// argument or in the environment is read by everybody on the machine.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Who works")]
pub(in crate::till) struct Person {
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

#[derive(Args)]
pub(in crate::till) struct RecoverArguments {
    /// Who is supervisor from now on
    pub name: String,
    /// Read the recovery code from a file instead of asking
    #[arg(long, value_name = "FILE")]
    pub code_file: Option<PathBuf>,
    /// Read the recovery code from an open file descriptor
    #[arg(long, value_name = "N", conflicts_with = "code_file")]
    pub code_fd: Option<u16>,
}

#[derive(Subcommand)]
pub(in crate::till) enum OperatorAction {
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
pub(in crate::till) enum PasswordAction {
    /// Set a new password in place of the old one
    Change,
    /// Have everybody set another password at the next sign-in, with another master key and certificate
    Renew,
}

#[derive(Subcommand)]
pub(in crate::till) enum BiometricAction {
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

/// A second person, beside whoever is signed in.
#[derive(Args)]
pub(in crate::till) struct SecondArguments {
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

fn role() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::ALL.map(Role::word)).try_map(|word| Role::from_word(&word).ok_or("not a role"))
}

fn sensors() -> PossibleValuesParser {
    PossibleValuesParser::new(Sensor::ALL.map(Sensor::word))
}
