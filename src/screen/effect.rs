//! What is to be done after a step, each with the event that answers it. Nothing here does it.
//!
//! Evidence: `screen/step/tests.rs`, `tests/desk_people.rs`.

use crate::clock::WallMs;
use crate::ids::{AttemptId, OperatorName, RefundId, Role};
use crate::incident::evidence::Preview;
use crate::incident::loss::LossReport;
use crate::money::Amount;
use crate::payment::{Decision, RefundDecision};
use crate::receipt::Copy;
use crate::text::Language;

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Open the till, after closing it if it is open: `Opened`.
    Open,
    /// Give the till the provisioning that was handed over: `Provisioned`.
    Provision,
    /// Make a name for a sale: `Minted`.
    Mint,
    /// Begin this sale: `Begun`, and at its end `Ended`.
    StartSale {
        /// Its name.
        attempt: AttemptId,
        /// What to charge.
        amount: Amount,
    },
    /// End this sale. Its end is told by `Ended`.
    Cancel {
        /// Which.
        attempt: AttemptId,
    },
    /// A person has seen how this attempt ended.
    Taken {
        /// Which.
        attempt: AttemptId,
    },
    /// Ask how an attempt stands: `Attempt`.
    FetchAttempt {
        /// Which.
        attempt: AttemptId,
    },
    /// Fetch a page of past payments: `Page`.
    FetchPage {
        /// Where the page before it ended; none for the newest.
        cursor: Option<String>,
    },
    /// Print a slip: `Slip`.
    FetchReceipt {
        /// Of which attempt.
        attempt: AttemptId,
        /// For whom.
        copy: Copy,
        /// In which language.
        language: Language,
    },
    /// Ask the bank about everything that is open: `Resolved`.
    Resolve,
    /// Check the whole record: `Verified`.
    Verify,
    /// Make whoever was typed the first supervisor: `SignedIn`.
    Claim,
    /// Make whoever was typed a supervisor by the recovery code: `SignedIn`.
    Recover,
    /// Sign in whoever was typed: `SignedIn` or `MustChange`.
    SignIn,
    /// Sign in with the passwords that were typed, of which the new one holds from now on: `SignedIn`.
    SignInAnew {
        /// Who.
        operator: OperatorName,
    },
    /// Go on with the password that was typed: `SignedIn`.
    Unlock,
    /// Look what the till is, for somebody who is signed in: `SignedIn`.
    Enter,
    /// Lock the till: `Who`.
    Lock {
        /// The visit that ends.
        visit: u64,
    },
    /// Sign out: `Who`.
    SignOut {
        /// The visit that ends.
        visit: u64,
    },
    /// Ask who is at the till: `Who`.
    AskWho {
        /// Of which visit.
        visit: u64,
    },
    /// Change the own password to what was typed: `PasswordChanged`.
    ChangePassword,
    /// Ask who works at this till: `Operators`.
    FetchOperators,
    /// Add whoever was typed: `Operators`.
    AddOperator {
        /// As what.
        role: Role,
    },
    /// Give a temporary password: `Operators`.
    ResetOperator {
        /// Whose.
        name: OperatorName,
    },
    /// Take an operator away: `Operators`.
    RemoveOperator {
        /// Who.
        name: OperatorName,
        /// Whether the till's keys change as well.
        rotate: bool,
    },
    /// Sign in whoever was typed, by finger or face: `SignedIn` or `MustChange`.
    SignInByBiometric,
    /// Go on by finger or face: `SignedIn`.
    UnlockByBiometric,
    /// Enrol the own finger or face with the password that was typed: `Biometric`.
    EnrolBiometric,
    /// Forget it: `Biometric`.
    ForgetBiometric,
    /// Make another recovery code with the password that was typed: `NewCode`.
    NewRecoveryCode,
    /// Let a till sell again whose records were put back: `RollBackAccepted`.
    AcceptRollBack,
    /// Freeze the till: `Frozen`.
    Freeze,
    /// Freeze it in the name of whoever was typed: `Frozen`.
    FreezeByName,
    /// Let it go with the second person who was typed: `Frozen`.
    Release,
    /// Ask what is left to do before leaving: `Checklist`.
    FetchChecklist,
    /// Leave by the checklist: `Left`.
    Leave,
    /// Leave although something is in the way, with the reason that was typed: `Left`.
    ForceLeave,
    /// Settle the batch: `Settled`.
    Settle,
    /// Ask what the last statement was found to say: `Statement`.
    FetchStatement,
    /// Hold the acquirer's own statement against the record: `Statement`.
    CheckStatement,
    /// Take the till off the acquirer's list and erase it, with the second person who was typed, if any: `HandingOut` for
    /// each file, and at the end `Erased`.
    Deregister,
    /// Make the report of a loss: `Loss`.
    FetchLoss {
        /// How many days back; by default from the day before the freeze.
        days: Option<u16>,
    },
    /// Send the report of this window to the acquirer: `Loss`.
    SendLoss {
        /// The first moment.
        from: WallMs,
        /// The first moment after it.
        to: WallMs,
    },
    /// Hand the report out at the place that was chosen: `HandedOut`.
    HandOutLoss {
        /// The report.
        report: Box<LossReport>,
        /// In which language.
        language: Language,
    },
    /// Have everybody set another password: `Renewed`.
    RenewPasswords,
    /// Look what evidence would disclose: `Evidence`.
    PreviewEvidence {
        /// Of which payment; of the incident where none is named.
        of: Option<AttemptId>,
    },
    /// Agree to disclose it to whoever was typed, and hand it out at the place that was chosen: `Disclosed`.
    Disclose {
        /// What.
        preview: Box<Preview>,
        /// In which language the receipts are.
        language: Language,
    },
    /// Look at a payment that is stuck: `Stuck`.
    FetchStuckPayment {
        /// Which.
        attempt: AttemptId,
    },
    /// Look at a refund that is stuck: `Stuck`.
    FetchStuckRefund {
        /// Which.
        refund: RefundId,
    },
    /// Say how a stuck payment has ended, with the reason that was typed: `Decided`.
    Decide {
        /// Which.
        attempt: AttemptId,
        /// How.
        decision: Decision,
    },
    /// Say how a stuck refund has ended, with the reason that was typed: `Decided`.
    DecideRefund {
        /// Which.
        refund: RefundId,
        /// How.
        decision: RefundDecision,
    },
    /// Ask how the network is judged: `Network`.
    FetchNetwork,
    /// Find out whose the message is that was typed: `Message`.
    ReadMessage,
    /// The recovery code is on paper: wipe it.
    WipeCode,
}

impl Effect {
    /// Whether it needs what was typed.
    #[must_use]
    pub fn takes_typed(&self) -> bool {
        matches!(
            self,
            Self::Claim
                | Self::Recover
                | Self::SignIn
                | Self::SignInAnew { .. }
                | Self::Unlock
                | Self::ChangePassword
                | Self::AddOperator { .. }
                | Self::ResetOperator { .. }
                | Self::SignInByBiometric
                | Self::EnrolBiometric
                | Self::NewRecoveryCode
                | Self::FreezeByName
                | Self::Release
                | Self::ForceLeave
                | Self::Deregister
                | Self::Disclose { .. }
                | Self::ReadMessage
                | Self::Decide { .. }
                | Self::DecideRefund { .. }
        )
    }

    /// Whether it hands something out at the place that was chosen.
    #[must_use]
    pub fn takes_place(&self) -> bool {
        matches!(self, Self::Deregister | Self::HandOutLoss { .. } | Self::Disclose { .. })
    }

    /// Whether it freezes the till.
    #[must_use]
    pub fn freezes(&self) -> bool {
        matches!(self, Self::Freeze | Self::FreezeByName)
    }

    /// Whether it waits for a finger or a face at the door, where a password may be typed instead.
    #[must_use]
    pub fn looks_for_somebody(&self) -> bool {
        matches!(self, Self::SignInByBiometric | Self::UnlockByBiometric)
    }
}
