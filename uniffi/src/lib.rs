//! The face of the core for Kotlin and Swift.
//!
//! Every exported name is a thin word for something in the core: a method is one line into it, a record a copy
//! of what it says. Whatever can fail fails with a [`TillError`]; secrets come in as borrowed bytes, and but for a recovery code none goes out.
//! Words that people read come from the core's catalogue, in the language that the caller names.
//!
//! It decides nothing, keeps no state of its own but handles, and prints nothing. Calls block as long as the
//! core does unless they are `async`; calls into ports come from the core's own threads, with no lock held.
//! Evidence: `uniffi/surface/` (the names, reviewed), `tests/contract` (the same cases in three languages).

#![deny(unsafe_op_in_unsafe_fn)]

mod allocator;
mod aside;
mod biometric;
mod corrections;
mod deregistration;
mod desk;
mod errors;
mod events;
mod evidence;
mod incident;
mod leaving;
mod loss;
mod network;
mod operation;
mod password_work;
mod payments;
mod people;
mod policy;
mod ports;
mod posture;
mod proofs;
mod reader;
mod receipts;
mod refunds;
mod screen;
mod settlement;
mod statement_values;
mod statements;
mod terminal;
mod values;

pub use crate::{
    biometric::*, corrections::*, deregistration::*, desk::*, errors::*, events::*, evidence::*, incident::*,
    leaving::*, loss::*, network::*, operation::*, password_work::*, payments::*, people::*, policy::*, ports::*,
    posture::*, proofs::*, reader::*, receipts::*, refunds::*, screen::*, settlement::*, statement_values::*,
    statements::*, terminal::*, values::*,
};

uniffi::setup_scaffolding!("taptill");
