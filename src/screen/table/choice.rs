//! The buttons that there are, each with the word of its label.
//!
//! It says nothing of what a button means: `draw` does. Evidence: `tests/screens.rs`.

/// One thing that a screen offers. Several may mean the same intent in different words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Choice {
    /// Charges what was typed.
    Charge,
    /// Ends the sale.
    Cancel,
    /// An empty keypad.
    NewSale,
    /// An empty keypad, while an earlier payment is not known yet.
    NextCustomer,
    /// The same once more.
    TryAgain,
    /// The same amount once more, with another card.
    TryAnotherCard,
    /// Opens the till anew and looks how things stand.
    OpenAgain,
    /// Back to the keypad, with what was typed.
    ChangeAmount,
    /// Understood: to the screen before.
    Done,
    /// To the screen before.
    Back,
    /// The slip.
    Receipt,
    /// The slip for the other party.
    OtherCopy,
    /// Asks the bank now.
    Resolve,
    /// Gives the till its provisioning.
    Provision,
    /// Past payments.
    History,
    /// What the till is.
    Settings,
    /// Older payments.
    Older,
    /// Newer payments.
    Newer,
    /// Checks the whole record.
    Verify,
    /// The other language.
    OtherLanguage,
    /// Becomes the first supervisor.
    Claim,
    /// Signs in.
    SignIn,
    /// Goes on after a lock.
    Unlock,
    /// Locks the till.
    Lock,
    /// Signs out.
    SignOut,
    /// Somebody else signs in.
    SwitchOperator,
    /// To where the own password is changed.
    ToChangePassword,
    /// Changes it.
    ChangePassword,
    /// To where the recovery code is typed.
    ToRecover,
    /// Uses it.
    Recover,
    /// The recovery code is on paper.
    Written,
    /// Who works at this till.
    Operators,
    /// To where one is added.
    ToAddOperator,
    /// Adds a cashier.
    AddCashier,
    /// Adds a supervisor.
    AddSupervisor,
    /// Adds one of the integrator's people.
    AddService,
    /// To where one gets a temporary password.
    ToResetOperator,
    /// Gives it.
    ResetOperator,
    /// Takes one away.
    RemoveOperator,
    /// Signs in by finger or face.
    SignInByBiometric,
    /// Goes on after a lock by finger or face.
    UnlockByBiometric,
    /// To where a finger or face is enrolled.
    ToEnrolBiometric,
    /// Enrols it.
    EnrolBiometric,
    /// Forgets it.
    ForgetBiometric,
    /// To where another recovery code is made.
    ToNewRecoveryCode,
    /// Makes it.
    NewRecoveryCode,
    /// Takes one away and changes the till's keys.
    RemoveAndRotate,
    /// Lets a till sell again whose records were put back.
    AcceptRollBack,
    /// Held, freezes the till; touched, to where a touch does.
    ToFreeze,
    /// Freezes it.
    Freeze,
    /// To where a frozen till is let go.
    ToRelease,
    /// Lets it go.
    Release,
    /// What is left to do before leaving.
    ToLeave,
    /// Leaves.
    Leave,
    /// To where one leaves although something is in the way.
    ToForceLeave,
    /// Leaves all the same.
    ForceLeave,
    /// Settles the batch.
    Settle,
    /// What the last statement was found to say.
    ToStatement,
    /// Holds the acquirer's statement against the record.
    CheckStatement,
    /// To where the till is taken off the acquirer's list.
    ToDeregister,
    /// Takes it off and erases it.
    Deregister,
    /// Chooses where the records go.
    ChoosePlace,
    /// Sets an erased till up as new.
    SetUpAsNew,
    /// The report of a loss.
    ToLoss,
    /// The same of a week.
    LossOfWeek,
    /// The same of a month.
    LossOfMonth,
    /// Sends it to the acquirer.
    SendLoss,
    /// Hands out what is shown.
    Share,
    /// To where every password is anew.
    ToRenewPasswords,
    /// Has everybody set another one.
    RenewPasswords,
    /// What evidence would disclose.
    ToEvidence,
    /// Agrees, and hands it out.
    Disclose,
    /// How the network is judged.
    ToNetwork,
    /// To where a message is looked at.
    ToMessage,
    /// Finds out whose it is.
    ReadMessage,
    /// To where a supervisor says how a stuck payment has ended.
    ToDecide,
    /// The same of a stuck refund.
    ToDecideRefund,
    /// The customer is charged.
    DecideCharged,
    /// The customer is not charged.
    DecideNotCharged,
    /// The customer has the money.
    DecidePaid,
    /// The customer does not have it.
    DecideNotPaid,
}

impl Choice {
    /// Every choice.
    pub const ALL: [Self; 81] = [
        Self::Charge,
        Self::Cancel,
        Self::NewSale,
        Self::NextCustomer,
        Self::TryAgain,
        Self::TryAnotherCard,
        Self::OpenAgain,
        Self::ChangeAmount,
        Self::Done,
        Self::Back,
        Self::Receipt,
        Self::OtherCopy,
        Self::Resolve,
        Self::Provision,
        Self::History,
        Self::Settings,
        Self::Older,
        Self::Newer,
        Self::Verify,
        Self::OtherLanguage,
        Self::Claim,
        Self::SignIn,
        Self::Unlock,
        Self::Lock,
        Self::SignOut,
        Self::SwitchOperator,
        Self::ToChangePassword,
        Self::ChangePassword,
        Self::ToRecover,
        Self::Recover,
        Self::Written,
        Self::Operators,
        Self::ToAddOperator,
        Self::AddCashier,
        Self::AddSupervisor,
        Self::AddService,
        Self::ToResetOperator,
        Self::ResetOperator,
        Self::RemoveOperator,
        Self::SignInByBiometric,
        Self::UnlockByBiometric,
        Self::ToEnrolBiometric,
        Self::EnrolBiometric,
        Self::ForgetBiometric,
        Self::ToNewRecoveryCode,
        Self::NewRecoveryCode,
        Self::RemoveAndRotate,
        Self::AcceptRollBack,
        Self::ToFreeze,
        Self::Freeze,
        Self::ToRelease,
        Self::Release,
        Self::ToLeave,
        Self::Leave,
        Self::ToForceLeave,
        Self::ForceLeave,
        Self::Settle,
        Self::ToStatement,
        Self::CheckStatement,
        Self::ToDeregister,
        Self::Deregister,
        Self::ChoosePlace,
        Self::SetUpAsNew,
        Self::ToLoss,
        Self::LossOfWeek,
        Self::LossOfMonth,
        Self::SendLoss,
        Self::Share,
        Self::ToRenewPasswords,
        Self::RenewPasswords,
        Self::ToEvidence,
        Self::Disclose,
        Self::ToNetwork,
        Self::ToMessage,
        Self::ReadMessage,
        Self::ToDecide,
        Self::ToDecideRefund,
        Self::DecideCharged,
        Self::DecideNotCharged,
        Self::DecidePaid,
        Self::DecideNotPaid,
    ];

    /// The word under which its label stands, `screen.action.…`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::Cancel => "cancel",
            Self::NewSale => "new_sale",
            Self::NextCustomer => "next_customer",
            Self::TryAgain => "try_again",
            Self::TryAnotherCard => "try_another_card",
            Self::OpenAgain => "open_again",
            Self::ChangeAmount => "change_amount",
            Self::Done => "done",
            Self::Back => "back",
            Self::Receipt => "receipt",
            Self::OtherCopy => "other_copy",
            Self::Resolve => "resolve",
            Self::Provision => "provision",
            Self::History => "history",
            Self::Settings => "settings",
            Self::Older => "older",
            Self::Newer => "newer",
            Self::Verify => "verify",
            Self::OtherLanguage => "other_language",
            Self::Claim => "claim",
            Self::SignIn => "sign_in",
            Self::Unlock => "unlock",
            Self::Lock => "lock",
            Self::SignOut => "sign_out",
            Self::SwitchOperator => "switch_operator",
            Self::ToChangePassword => "to_change_password",
            Self::ChangePassword => "change_password",
            Self::ToRecover => "to_recover",
            Self::Recover => "recover",
            Self::Written => "written",
            Self::Operators => "operators",
            Self::ToAddOperator => "to_add_operator",
            Self::AddCashier => "add_cashier",
            Self::AddSupervisor => "add_supervisor",
            Self::AddService => "add_service",
            Self::ToResetOperator => "to_reset_operator",
            Self::ResetOperator => "reset_operator",
            Self::RemoveOperator => "remove_operator",
            Self::SignInByBiometric => "sign_in_by_biometric",
            Self::UnlockByBiometric => "unlock_by_biometric",
            Self::ToEnrolBiometric => "to_enrol_biometric",
            Self::EnrolBiometric => "enrol_biometric",
            Self::ForgetBiometric => "forget_biometric",
            Self::ToNewRecoveryCode => "to_new_recovery_code",
            Self::NewRecoveryCode => "new_recovery_code",
            Self::RemoveAndRotate => "remove_and_rotate",
            Self::AcceptRollBack => "accept_roll_back",
            Self::ToFreeze => "to_freeze",
            Self::Freeze => "freeze",
            Self::ToRelease => "to_release",
            Self::Release => "release",
            Self::ToLeave => "to_leave",
            Self::Leave => "leave",
            Self::ToForceLeave => "to_force_leave",
            Self::ForceLeave => "force_leave",
            Self::Settle => "settle",
            Self::ToStatement => "to_statement",
            Self::CheckStatement => "check_statement",
            Self::ToDeregister => "to_deregister",
            Self::Deregister => "deregister",
            Self::ChoosePlace => "choose_place",
            Self::SetUpAsNew => "set_up_as_new",
            Self::ToLoss => "to_loss",
            Self::LossOfWeek => "loss_of_week",
            Self::LossOfMonth => "loss_of_month",
            Self::SendLoss => "send_loss",
            Self::Share => "share",
            Self::ToRenewPasswords => "to_renew_passwords",
            Self::RenewPasswords => "renew_passwords",
            Self::ToEvidence => "to_evidence",
            Self::Disclose => "disclose",
            Self::ToNetwork => "to_network",
            Self::ToMessage => "to_message",
            Self::ReadMessage => "read_message",
            Self::ToDecide => "to_decide",
            Self::ToDecideRefund => "to_decide_refund",
            Self::DecideCharged => "decide_charged",
            Self::DecideNotCharged => "decide_not_charged",
            Self::DecidePaid => "decide_paid",
            Self::DecideNotPaid => "decide_not_paid",
        }
    }
}
