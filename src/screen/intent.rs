//! What a person may want of a till: every button, key and line that can be touched, as a value.
//!
//! What an intent needs that was typed is never part of it: the desk has been given that before.
//!
//! Evidence: `screen/step/tests.rs` tries every one on every screen.

use crate::ids::{self, AttemptId, OperatorName, RefundId};
use crate::text::Language;

/// What a person wants. What it needs that was typed, the desk has been given before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    /// A key of the keypad.
    Digit {
        /// 0 to 9.
        digit: u8,
    },
    /// The key with two zeros.
    DoubleZero,
    /// Takes the last digit back.
    Backspace,
    /// Charges what was typed.
    Charge,
    /// Ends the sale, if it is not too late.
    Cancel,
    /// Leaves an outcome for an empty keypad.
    NewSale,
    /// The same once more.
    TryAgain,
    /// Past payments.
    History,
    /// The page of older ones.
    OlderPage,
    /// The page of newer ones.
    NewerPage,
    /// One payment with all that is known of it.
    Open {
        /// Which.
        attempt: AttemptId,
    },
    /// A slip.
    Receipt {
        /// Of which payment.
        attempt: AttemptId,
    },
    /// What the till is.
    Settings,
    /// Speaks this language from now on.
    UseLanguage {
        /// Which.
        language: Language,
    },
    /// Asks the bank now about what is not known yet.
    Resolve,
    /// Checks the whole record.
    Verify,
    /// To the screen before.
    Back,
    /// Gives the till its provisioning: the shell lets the person pick a file and hands over its bytes.
    Provision,
    /// To be the till's first supervisor: operator, new password twice.
    Claim,
    /// To sign in: operator, password.
    SignIn,
    /// To go on after a lock: password.
    Unlock,
    /// Locks the till.
    Lock,
    /// Signs out.
    SignOut,
    /// Somebody else wants to sign in.
    SwitchOperator,
    /// To where the own password is changed.
    ToChangePassword,
    /// Another password: password, new password twice.
    ChangePassword,
    /// To where the recovery code is typed.
    ToRecover,
    /// To be a supervisor by the recovery code: the code, operator, new password twice.
    Recover,
    /// The recovery code is written down.
    Written,
    /// Who works at this till.
    Operators,
    /// One of them.
    Operator {
        /// Who.
        name: OperatorName,
    },
    /// To where an operator is added.
    ToAddOperator,
    /// Another operator, with a password that holds once: operator, new password twice.
    AddOperator {
        /// As what.
        role: ids::Role,
    },
    /// To where an operator gets a temporary password.
    ToResetOperator {
        /// Who.
        name: OperatorName,
    },
    /// A temporary password: new password twice.
    ResetOperator {
        /// Whose.
        name: OperatorName,
    },
    /// An operator less.
    RemoveOperator {
        /// Who.
        name: OperatorName,
    },
    /// The same, and other keys for the till: the operator may have kept the present ones.
    RemoveAndRotate {
        /// Who.
        name: OperatorName,
    },
    /// To sign in by the finger or face of: operator.
    SignInByBiometric,
    /// To go on after a lock by finger or face.
    UnlockByBiometric,
    /// To where the own finger or face is enrolled.
    ToEnrolBiometric,
    /// To let the own finger or face open the till: password.
    EnrolBiometric,
    /// To let it open nothing any more.
    ForgetBiometric,
    /// To where another recovery code is made.
    ToNewRecoveryCode,
    /// Another recovery code: password.
    NewRecoveryCode,
    /// Lets a till sell again whose records were put back.
    AcceptRollBack,
    /// To where the till is frozen by a touch, for whoever cannot hold a button.
    ToFreeze,
    /// Freezes the till: nothing is sold, given back or voided from now on. Where the shop's rules ask for a name first:
    /// operator, password.
    Freeze,
    /// To where a frozen till is let go.
    ToRelease,
    /// Lets a frozen till go, together with a second person: operator, password.
    Release,
    /// What is left to do before leaving.
    ToLeave,
    /// Leaves by the checklist.
    Leave,
    /// Settles the batch with the bank.
    Settle,
    /// To where one leaves although something is in the way.
    ToForceLeave,
    /// Leaves although something is in the way: reason.
    ForceLeave,
    /// What the last statement was found to say.
    ToStatement,
    /// Holds the acquirer's own statement against the record.
    CheckStatement,
    /// To where the till is taken off the acquirer's list.
    ToDeregister,
    /// Takes the till off the acquirer's list and erases it: of the second person operator and password.
    Deregister,
    /// Chooses where records are handed out to: the shell lets the person pick and hands over the place.
    ChoosePlace,
    /// A till that was erased is set up as new.
    SetUpAsNew,
    /// The report of a loss.
    ToLoss,
    /// The same of so many days.
    LossOf {
        /// How many days back.
        days: u16,
    },
    /// Sends the report to the acquirer.
    SendLoss,
    /// To where every password is anew.
    ToRenewPasswords,
    /// Has everybody set another password.
    RenewPasswords,
    /// What evidence of the incident would disclose.
    ToEvidence,
    /// What evidence of one payment would disclose.
    EvidenceOf {
        /// Which.
        attempt: AttemptId,
    },
    /// To where a supervisor says how a stuck payment has ended.
    ToDecide {
        /// Which.
        attempt: AttemptId,
    },
    /// To where a supervisor says how a stuck refund has ended.
    ToDecideRefund {
        /// Which.
        refund: RefundId,
    },
    /// The customer of a stuck payment is charged: reason.
    DecideCharged,
    /// The customer of a stuck payment is not charged: reason.
    DecideNotCharged,
    /// The customer has the money of a stuck refund: reason.
    DecidePaid,
    /// The customer does not have it: reason.
    DecideNotPaid,
    /// How the network is judged.
    ToNetwork,
    /// To where a message is looked at.
    ToMessage,
    /// Finds out whose a message is: message.
    ReadMessage,
    /// The app is on the glass again. Allowed on every screen.
    Foreground,
    /// The app has left the glass. Allowed on every screen.
    Background,
    /// The phone's contactless reader is switched off or not there. Allowed on every screen.
    ReaderOff,
    /// The phone's contactless reader can be used. Allowed on every screen.
    ReaderReady,
}

impl Intent {
    /// Whether a person did it, not the system.
    #[must_use]
    pub fn is_a_touch(&self) -> bool {
        !matches!(self, Self::Foreground | Self::Background | Self::ReaderOff | Self::ReaderReady)
    }
}
