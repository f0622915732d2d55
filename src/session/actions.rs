//! The one table of who may do what: role by action.
//!
//! An action is a type without values; its row says its word, what it is in plain words and which roles may do it.
//! What is not in the table nobody may do. Claiming, recovering, signing in, locking and signing out need no
//! permit: they are how one comes by a session and leaves it. Nor does freezing: whoever is at the till may.
//!
//! It never depends on anything but the role. Evidence: `tests/permissions.rs`, `docs/permissions.md`.

use crate::ids::Role;

/// Something that a person may be allowed to do.
pub trait Action {
    /// What the table says of it.
    const ROW: ActionRow;
}

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActionRow {
    /// The stable word, as errors and the page name it.
    pub word: &'static str,
    /// What it is.
    pub what: &'static str,
    /// Whether it shows anything of a payment.
    pub reads_payments: bool,
    /// Who may.
    pub roles: &'static [Role],
}

impl ActionRow {
    /// Whether this role may.
    #[must_use]
    pub fn allows(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}

macro_rules! actions {
    ($($name:ident = $word:literal, $reads:literal, [$($role:ident)+], $what:literal;)+) => {
        $(
            #[doc = $what]
            #[derive(Debug)]
            pub enum $name {}

            impl Action for $name {
                const ROW: ActionRow =
                    ActionRow { word: $word, what: $what, reads_payments: $reads, roles: &[$(Role::$role),+] };
            }
        )+

        /// The table.
        pub const TABLE: &[ActionRow] = &[$($name::ROW,)+];
    };
}

actions! {
    Sell = "sell", true, [Cashier Supervisor], "Take a payment, and cancel it while that is possible.";
    ResolveDebts = "resolve_debts", true, [Cashier Supervisor], "Drive the reversals that are owed, now.";
    Settle = "settle", true, [Cashier Supervisor], "Settle the batch with the acquirer.";
    ViewPayments = "view_payments", true, [Cashier Supervisor], "Look at payments and how they stand.";
    PrintReceipt = "print_receipt", true, [Cashier Supervisor], "Print a receipt, and print it again.";
    FollowEvents = "follow_events", true, [Cashier Supervisor], "Read the feed of events and confirm it.";
    ProveRecord = "prove_record", true, [Supervisor], "Hand out one record with the proof that it is in the journal.";
    DiscloseEvidence = "disclose_evidence", true, [Supervisor], "Hand out records of a payment, a period or an incident as evidence.";
    ExportRecords = "export_records", true, [Supervisor], "Take the shop's own records out as files.";
    ProveConsistency = "prove_consistency", false, [Supervisor Service], "Prove that the journal only grew.";
    MakeCheckpoint = "make_checkpoint", false, [Supervisor Service], "Sign how long the journal is and its root.";
    VerifyJournal = "verify_journal", false, [Cashier Supervisor Service], "Check that the whole journal is as it was written.";
    ReadPublicKey = "read_public_key", false, [Cashier Supervisor Service], "Show the key that checkpoints are checked with.";
    ChangeOwnPassword = "change_own_password", false, [Cashier Supervisor Service], "Change one's own password.";
    EnrolBiometric = "enrol_biometric", false, [Cashier Supervisor Service], "Let one's own finger or face open the till, and no longer.";
    ListOperators = "list_operators", false, [Supervisor Service], "See who works at this till.";
    ManageOperators = "manage_operators", false, [Supervisor], "Add and remove operators, and reset their passwords.";
    ViewPolicy = "view_policy", false, [Cashier Supervisor Service], "See the shop's rules.";
    SetPolicy = "set_policy", false, [Supervisor Service], "Change the shop's rules.";
    AcceptRollBack = "accept_roll_back", false, [Supervisor], "Let a till sell again whose records were put back.";
    VoidSale = "void_sale", true, [Supervisor], "Take back a whole payment of the open batch.";
    DecideStuck = "decide_stuck", true, [Supervisor], "Say how a payment ended of which the host says nothing more.";
    ViewDebts = "view_debts", true, [Cashier Supervisor], "See what waits to be finished with the host.";
    TestHost = "test_host", false, [Cashier Supervisor Service], "Ask the host whether it is there.";
    DownloadParameters = "download_parameters", false, [Supervisor Service], "Fetch the host's rules for this till.";
    RequestRefund = "request_refund", true, [Cashier Supervisor], "Ask for money to be given back.";
    ApproveRefund = "approve_refund", true, [Supervisor], "Approve or reject a refund that somebody else has asked for.";
    CheckStatement = "check_statement", true, [Supervisor], "Hold a statement of the acquirer or the bank against the record.";
    RenewPasswords = "renew_passwords", false, [Supervisor], "Have every operator set another password, with another master key and certificate.";
    ReportLoss = "report_loss", true, [Supervisor], "Make the report of a loss and send it to the acquirer.";
    ReleaseFreeze = "release_freeze", true, [Supervisor], "Release a frozen till, together with a second person.";
    ConfirmRelease = "confirm_release", true, [Cashier Supervisor], "Be the second person who releases a frozen till.";
    Exit = "exit", true, [Cashier Supervisor], "See what is left to do before leaving, and leave by the checklist.";
    ForceExit = "force_exit", true, [Supervisor], "Leave although something is left to do, with a reason.";
    ViewNetwork = "view_network", false, [Cashier Supervisor Service], "See how the network is judged, and by what the host is known.";
    TakePins = "take_pins", false, [Supervisor], "Let the host be known by another key, by the acquirer's signed word.";
    ReadMessage = "read_message", false, [Cashier Supervisor Service], "Find out whether a message is the acquirer's or a stranger's.";
    RenewCertificate = "renew_certificate", false, [Supervisor Service], "Fetch another certificate for this till from the acquirer.";
    Deregister = "deregister", true, [Supervisor], "Take the till off the acquirer's list and erase it for good.";
    RotateKeys = "rotate_keys", false, [Supervisor Service], "Replace the master key and seal the journal anew.";
}
