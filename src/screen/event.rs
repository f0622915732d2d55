//! What can happen to a screen: a person wants something, the terminal says something, an effect has its result.
//! It never says what follows from it.
//!
//! Evidence: `screen/step/tests.rs` has every screen take every one.

use crate::error::Error;
use crate::ids::{AttemptId, OperatorName};
use crate::incident::evidence::Preview;
use crate::incident::loss::LossReport;
use crate::payment::{AttemptView, Page, Resolved};
use crate::ports::Notice;
use crate::receipt::Copy;
use crate::screen::effect::Effect;
use crate::screen::intent::Intent;
use crate::screen::state::{Stuck, Till};
use crate::settlement::statement::StatementSummary;
use crate::till::{Erased, ExitView, MessageView, NetworkView, OperatorView, TillState};

/// What can happen.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A person wants something.
    Intent(Intent),
    /// The terminal says something.
    Notice(Notice),
    /// A card is in the field.
    Presented,
    /// A provisioning was handed over, and can be read.
    ProvisioningGiven,
    /// The till is this acquirer's now.
    Provisioned,
    /// The till is open; nobody is signed in yet.
    Opened {
        /// Who is at it.
        who: TillState,
    },
    /// Somebody is signed in.
    SignedIn {
        /// Who.
        who: TillState,
        /// What the till is.
        till: Box<Till>,
        /// Its newest attempts, newest first.
        recent: Vec<AttemptView>,
        /// The password must be changed in so many days.
        days_left: Option<u32>,
        /// So many wrong passwords since the last time.
        failed_before: u32,
        /// Whether there is a recovery code to be written down.
        has_code: bool,
    },
    /// The password was right and must be changed.
    MustChange {
        /// Whose.
        operator: OperatorName,
        /// `temporary` or `expired`.
        why: &'static str,
    },
    /// Who is at the till.
    Who {
        /// Of which visit it was asked.
        visit: u64,
        /// Who.
        who: TillState,
    },
    /// The own password is another one.
    PasswordChanged,
    /// The own finger or face opens the till from now on, or nothing any more.
    Biometric {
        /// Whether it does.
        enrolled: bool,
        /// Who is at the till.
        who: TillState,
    },
    /// There is a recovery code to be written down.
    NewCode {
        /// Who is at the till, where it has changed: a claim whose session did not begin.
        who: Option<TillState>,
    },
    /// The till sells again.
    RollBackAccepted {
        /// Who is at it.
        who: TillState,
    },
    /// The till is frozen, or is not any more.
    Frozen {
        /// Who is at it.
        who: TillState,
    },
    /// What is left to do before leaving.
    Checklist(Box<ExitView>),
    /// The batch was settled as far as it could be.
    Settled,
    /// What the last statement was found to say; nothing before the first.
    Statement(Option<Box<StatementSummary>>),
    /// The till was left.
    Left {
        /// Who is at it.
        who: TillState,
        /// The checklist, with the signed head.
        view: Box<ExitView>,
    },
    /// There is a place for records.
    PlaceGiven,
    /// A file is being handed out.
    HandingOut {
        /// Which.
        file: String,
    },
    /// Everything was handed out that a deregistration hands out.
    AllHandedOut,
    /// The till is erased: there is none any more.
    Erased(Box<Erased>),
    /// The same, at a start that went on with an erasure: its certificate, where there is one.
    FoundErased(Option<String>),
    /// The report of a loss.
    Loss(Box<LossReport>),
    /// What was to be handed out was.
    HandedOut,
    /// Everybody sets another password.
    Renewed {
        /// Who is at the till.
        who: TillState,
    },
    /// What evidence would disclose.
    Evidence(Box<Preview>),
    /// Evidence was handed out.
    Disclosed {
        /// How many files.
        files: u64,
    },
    /// How the network is judged.
    Network(Box<NetworkView>),
    /// Whose a message is.
    Message(Box<MessageView>),
    /// Something that a supervisor is to decide.
    Stuck(Box<Stuck>),
    /// A supervisor has said how it ended.
    Decided(Box<Stuck>),
    /// Who works at this till.
    Operators(Vec<OperatorView>),
    /// A name for the sale.
    Minted(AttemptId),
    /// The till has accepted the sale.
    Begun(AttemptId),
    /// The sale has ended, or goes on without the caller.
    Ended(Box<AttemptView>),
    /// How an attempt stands.
    Attempt(Box<AttemptView>),
    /// A page of past payments.
    Page {
        /// What was asked for.
        cursor: Option<String>,
        /// What is there.
        page: Page,
    },
    /// A slip.
    Slip {
        /// Of which attempt.
        attempt: AttemptId,
        /// For whom.
        copy: Copy,
        /// Its text.
        slip: String,
    },
    /// The bank was asked about everything that is open.
    Resolved(Resolved),
    /// The record is sound.
    Verified {
        /// How many entries.
        size: u64,
        /// The tree's root, in hex digits.
        root: String,
    },
    /// An effect came to nothing.
    Failed {
        /// Which.
        effect: Effect,
        /// Why.
        error: Error,
    },
}
