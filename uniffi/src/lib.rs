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
mod desk;
mod errors;
mod events;
mod evidence;
mod incident;
mod leaving;
mod operation;
mod password_work;
mod payments;
mod people;
mod policy;
mod ports;
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

pub use biometric::{BiometricFault, BiometricKey, BiometricStanding};
pub use corrections::*;
pub use desk::{Desk, Display, screen_gallery};
pub use errors::{
    Actor, Blocker, CoreVersion, Detail, ErrorFacts, ErrorWords, Money, Retry, Reversal, TillError, core_version,
    describe_error, error_codes, facts_of,
};
pub use events::{EventPage, Events, TillEvent};
pub use evidence::*;
pub use incident::*;
pub use leaving::*;
pub use operation::Operation;
pub use password_work::{PasswordDone, PasswordWork, RecoveryCode};
pub use payments::Payments;
pub use people::{OperatorFacts, OperatorRole, People, SessionFacts, Standing, TillState};
pub use policy::*;
pub use ports::{
    CardChannel, CardFault, Clock, ClockReading, DeviceKeys, KeyFault, KeyKind, NetworkPosture, Notice, Observer,
    PortFault, Ports, Posture, Prompt, SecretSink,
};
pub use proofs::Proofs;
pub use reader::{EncryptedRead, EncryptedReader, ReadCvm, ReadRequest, ReaderFault};
pub use receipts::*;
pub use refunds::{Refund, RefundOf, RefundPage, RefundQuery, RefundState, Refunds};
pub use screen::{Action, Field, FieldName, Intent, Role, Row, Screen, ScreenKind, ScreenSample, Tone};
pub use settlement::*;
pub use statement_values::*;
pub use statements::{StatementCheck, Statements};
pub use terminal::{Terminal, inspect_till, provision_till};
pub use values::{
    Amount, Attempt, AttemptState, Language, ListQuery, Page, Resolved, ReversalView, SaleOrder, TillInfo, Verified,
};

uniffi::setup_scaffolding!("taptill");
