//! What goes into a till and what comes out of it.
//!
//! The driver hands in one [`Input`] and carries out the [`Output`]s in their order, as for the payment engine, whose
//! outputs pass through. Two things are the till's own: a password's derivation is done on a thread of its own
//! ([`Output::Derive`], [`Input::Derived`]), and the way to the host exists only while somebody is signed in
//! ([`Output::Network`]). Passwords come in as bytes that are wiped; no type here shows one.
//!
//! Nothing here waits. Evidence: `terminal/driver/tests.rs`.

use std::fmt;
use std::sync::Arc;

use crate::account::{Configuration, SecretText, ShopPolicy, WrittenReason};
use crate::acquirer::LinkEvent;
use crate::clock::{MonoMs, WallMs};
use crate::emv::CardEvent;
use crate::error::Error;
use crate::ids::{AttemptId, BatchNo, OperatorName, RefundId};
use crate::incident::approvals::Approval;
use crate::incident::freeze::FreezeReason;
use crate::incident::loss::LossReport;
use crate::incident::records::{OwnRecords, RecordsPage};
use crate::journal::Cursor;
use crate::payment::{
    self, BatchDecision, CardCommand, Decision, LinkCommand, ListQuery, ReceiptCopy, RefundDecision, RefundQuery,
    RefundRequest, RejectionReason, SaleOrder, Ticket, VoidOrder,
};
use crate::ports::{EncryptedRead, ExportSink, Notice, Posture, ReaderFault};
use crate::secret::{Secret, SecretBytes};
use crate::till::evidence::{EvidenceReply, EvidenceStep};
use crate::till::leaving::{Erased, ExitView};
use crate::till::network::NetworkView;
use crate::till::statement::{StatementReply, StatementStep};
use crate::till::view::{NewOperator, OperatorView, RecoveryCode, SessionView, TillState};
use crate::till::words::MessageView;
use crate::till::work::{Recognised, Recognition, Work};

/// Of what a proof is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProofOf {
    /// The event in which this attempt stands as it does now.
    Attempt(AttemptId),
    /// The event of this sequence, from 1.
    Sequence(u64),
}

/// What somebody wants.
pub enum Ask {
    /// A sale. Answered by [`Output::Begun`] and, at the end, [`Output::Tell`]; or by a refusal.
    Sale(SaleOrder),
    /// A sale to be voided. Answered as a sale is.
    Void(VoidOrder),
    /// Everything that waits to be finished with the host.
    Debts,
    /// How an attempt ended whose reversal is stuck.
    Decide {
        /// Which attempt.
        attempt: AttemptId,
        /// How it ended.
        decision: Decision,
        /// Why, where a person was asked.
        reason: Option<WrittenReason>,
    },
    /// Whether the host is there.
    TestHost,
    /// The host's rules for this till.
    DownloadParameters,
    /// To end an attempt.
    Cancel(AttemptId),
    /// How an attempt stands.
    Status(AttemptId),
    /// A page of attempts.
    List(ListQuery),
    /// The open debts driven now.
    Resolve,
    /// The open batch settled, or a settlement that is not finished to go on.
    Settle,
    /// How a batch stands: the open one, or the one of this number.
    Batch(Option<BatchNo>),
    /// Whether the acquirer has closed a batch that the host only refuses to settle, as a supervisor knows it.
    DecideBatch {
        /// Which one.
        batch: BatchNo,
        /// Whether it is closed.
        decision: BatchDecision,
    },
    /// To print a receipt.
    PrintReceipt(AttemptId, ReceiptCopy),
    /// Money to be given back.
    RequestRefund(RefundRequest),
    /// A refund approved, by whoever is signed in.
    ApproveRefund(RefundId),
    /// A refund approved by a second person, while the first stays signed in.
    ApproveRefundAs {
        /// Which one.
        refund: RefundId,
        /// The second person.
        approver: OperatorName,
        /// That person's password.
        password: SecretBytes,
    },
    /// A refund rejected.
    RejectRefund {
        /// Which one.
        refund: RefundId,
        /// Why.
        reason: RejectionReason,
    },
    /// A stuck refund's end, as a supervisor knows it.
    DecideRefund {
        /// Which one.
        refund: RefundId,
        /// How it ended.
        decision: RefundDecision,
        /// Why, where a person was asked.
        reason: Option<WrittenReason>,
    },
    /// A page of refunds.
    Refunds(RefundQuery),
    /// To print a refund's voucher.
    PrintVoucher(RefundId, ReceiptCopy),
    /// A page of events.
    Events {
        /// After which cursor; `None` for the one that was acknowledged last.
        after: Option<u64>,
        /// How many at most.
        limit: u32,
    },
    /// To be done with all events up to a cursor.
    Acknowledge {
        /// The cursor.
        cursor: u64,
    },
    /// The whole journal verified.
    Verify,
    /// To sell again on a till whose files were put back.
    AcceptRollBack,
    /// What the till was provisioned with.
    Configuration,
    /// Who is at the till.
    State,
    /// To be the till's first supervisor.
    Claim {
        /// Who.
        name: OperatorName,
        /// The password from now on.
        password: SecretBytes,
    },
    /// To be a supervisor by the recovery code.
    Recover {
        /// The code, as it was written down.
        code: SecretBytes,
        /// Who.
        name: OperatorName,
        /// The password from now on.
        password: SecretBytes,
    },
    /// To sign in.
    SignIn {
        /// Who.
        name: OperatorName,
        /// The password.
        password: SecretBytes,
        /// The password from now on, where it must or should change.
        new_password: Option<SecretBytes>,
    },
    /// To lock. Answered when a sale in progress has ended.
    Lock,
    /// To go on after a lock.
    Unlock {
        /// The password of whoever locked it.
        password: SecretBytes,
    },
    /// To sign in by the own finger or face.
    SignInByBiometric {
        /// Who.
        name: OperatorName,
    },
    /// To go on after a lock by the finger or face of whoever locked it.
    UnlockByBiometric,
    /// To let the own finger or face open the till from now on.
    EnrolBiometric {
        /// The own password, once more.
        password: SecretBytes,
    },
    /// To let the own finger or face open nothing any more.
    ForgetBiometric,
    /// Another recovery code in place of the one before.
    NewRecoveryCode {
        /// The own password, once more.
        password: SecretBytes,
    },
    /// To sign out.
    SignOut,
    /// To freeze the till, now and in whatever state it is.
    Freeze {
        /// Why, where somebody says so.
        reason: Option<FreezeReason>,
        /// At a locked till: who, with the password, where the shop's rules want it or somebody gives it.
        by: Option<(OperatorName, SecretBytes)>,
    },
    /// That every operator sets another password at the next sign-in, with another master key and another certificate.
    RenewPasswords,
    /// What an operator approved or decided in the last so many days.
    Approvals {
        /// Who.
        name: OperatorName,
        /// How many days back.
        days: u16,
    },
    /// The report of a loss.
    ReportLoss {
        /// The first moment; by default a day before the freeze, or before now.
        from: Option<WallMs>,
        /// The first moment after it; by default now.
        to: Option<WallMs>,
        /// Whether it is sent to the acquirer, whose number of it is kept.
        sends: bool,
    },
    /// To let a frozen till go, together with a second person.
    Release {
        /// The second person.
        second: OperatorName,
        /// That person's password.
        password: SecretBytes,
    },
    /// Another password for whoever is signed in.
    ChangePassword {
        /// The password until now.
        password: SecretBytes,
        /// The password from now on.
        new_password: SecretBytes,
    },
    /// Another operator.
    AddOperator(NewOperator),
    /// All operators.
    Operators,
    /// An operator less.
    RemoveOperator {
        /// Who.
        name: OperatorName,
        /// Whether the master key changes, because the operator may have kept it.
        rotate: bool,
    },
    /// A temporary password for an operator who has forgotten the own one.
    ResetOperator {
        /// Who.
        name: OperatorName,
        /// The temporary password.
        password: SecretBytes,
    },
    /// The shop's rules for people.
    Policy,
    /// Other rules for people.
    SetPolicy(Box<ShopPolicy>),
    /// Another master key.
    RotateKeys,
    /// Another certificate for the till, from the host.
    RenewCertificate,
    /// How the network is judged.
    Network,
    /// Other pins for the host, in the acquirer's signed word.
    TakePins {
        /// The word.
        text: Vec<u8>,
    },
    /// Whose a text is that comes in the acquirer's name.
    ReadMessage {
        /// The text.
        text: Vec<u8>,
    },
    /// A signed statement of the journal's size and root.
    Checkpoint,
    /// A proof that one event is in the journal.
    Prove(ProofOf),
    /// A proof that the journal was this long before and has only grown since.
    Consistency {
        /// How long it was.
        old_size: u64,
    },
    /// The keys under which checkpoints are signed.
    PublicKey,
    /// A step of holding a statement against the journal.
    Statement(StatementStep),
    /// What is left to do before leaving.
    ExitChecklist,
    /// To leave by the checklist.
    Exit {
        /// Why all the same, where something is in the way.
        force: Option<WrittenReason>,
    },
    /// To be taken off the acquirer's list and erased. There is no till after it.
    Deregister {
        /// A second person with that person's password.
        second: Option<(OperatorName, SecretBytes)>,
        /// Where everything that a merchant keeps is handed out first.
        export: Option<Box<dyn ExportSink>>,
    },
    /// A step of handing out evidence.
    Evidence(EvidenceStep),
    /// A page of the shop's own records.
    OwnRecords {
        /// Of which file.
        of: OwnRecords,
        /// Where the page begins.
        after: Option<Cursor>,
    },
}

impl Ask {
    /// Whether it is somebody at the door: whoever the device was looking at is looked at no more.
    pub(crate) fn is_at_the_door(&self) -> bool {
        matches!(
            self,
            Self::SignIn { .. }
                | Self::Unlock { .. }
                | Self::Recover { .. }
                | Self::SignInByBiometric { .. }
                | Self::UnlockByBiometric
                | Self::SignOut
                | Self::Freeze { .. }
        )
    }
}

impl Ask {
    /// Whether it is refused while something else is done with the host.
    pub(crate) fn takes_the_line(&self) -> bool {
        matches!(
            self,
            Self::Settle
                | Self::Resolve
                | Self::TestHost
                | Self::DownloadParameters
                | Self::RequestRefund(_)
                | Self::ApproveRefund(_)
                | Self::ApproveRefundAs { .. }
                | Self::Statement(StatementStep::FromHost { .. })
        )
    }

    /// Whether the network is looked at before it: it goes to the host at once, or shows how the network is judged.
    #[must_use]
    pub fn needs_network(&self) -> bool {
        matches!(
            self,
            Self::Sale(_)
                | Self::Void(_)
                | Self::Settle
                | Self::TestHost
                | Self::DownloadParameters
                | Self::RequestRefund(_)
                | Self::ApproveRefund(_)
                | Self::ApproveRefundAs { .. }
                | Self::RenewCertificate
                | Self::ReportLoss { sends: true, .. }
                | Self::Deregister { .. }
                | Self::Network
                | Self::Statement(StatementStep::FromHost { .. })
        )
    }
}

/// What happened, or what somebody wants.
pub enum Input<'a> {
    /// A caller wants something and waits.
    Ask {
        /// Who waits.
        ticket: Ticket,
        /// What for.
        ask: Ask,
    },
    /// A caller has taken the result of this attempt.
    Taken {
        /// Which attempt.
        attempt: AttemptId,
    },
    /// The derivation that was asked for last is done; nothing where the device had no room for it.
    Derived {
        /// The key.
        key: Option<Secret<32>>,
        /// How long it took.
        took_ms: u64,
    },
    /// The device has recognised somebody, or not.
    Recognised(Recognised),
    /// What network the device is on: said before each wish that [`needs_network`](Ask::needs_network), and when
    /// [`Output::LookAtNetwork`] asks for it.
    Network {
        /// The network.
        posture: Posture,
    },
    /// The card or the reader did something.
    Card(CardEvent<'a>),
    /// Somebody else's reader made a finished read, or why it did not.
    Read(Result<EncryptedRead, ReaderFault>),
    /// The connection did something.
    Link(LinkEvent<'a>),
    /// A person has done something that is no wish: the till is not idle.
    Touch,
    /// Time went by.
    Tick,
}

/// What to do.
pub enum Output {
    /// To the reader.
    Card(CardCommand),
    /// To the connection.
    Link(LinkCommand),
    /// To whoever holds the way to the host.
    Network(NetworkCommand),
    /// Ask the device what network it is on and answer with [`Input::Network`].
    LookAtNetwork,
    /// Derive this key, answer with [`Input::Derived`], and wipe. One at a time.
    Derive(Work),
    /// Have the device recognise somebody and answer with [`Input::Recognised`], on a thread that may wait for ever.
    Recognise(Recognition),
    /// To the observer.
    Notice(Notice),
    /// A sale was accepted under this name; its result follows with the same ticket.
    Begun {
        /// Who waits.
        ticket: Ticket,
        /// The attempt's name, given or minted.
        attempt: AttemptId,
    },
    /// The result for a waiting caller. Nothing more comes for this ticket.
    Tell {
        /// Who waits.
        ticket: Ticket,
        /// The result.
        result: Result<Reply, Error>,
    },
    /// Come back with [`Input::Tick`] then, if nothing happens before. At most one, always the last.
    WakeAt(MonoMs),
    /// The till can do no more in this run: drop it and open it again.
    Stopped(Error),
}

/// What becomes of the way to the host.
pub enum NetworkCommand {
    /// It may be used from now on.
    Arm {
        /// Where it leads.
        configuration: Arc<Configuration>,
        /// The private key of the till's certificate, PEM.
        client_key_pem: SecretText,
    },
    /// The connection is closed and all that it was made of forgotten.
    Disarm,
}

/// A result.
pub enum Reply {
    /// Of the payment engine.
    Payment(payment::Reply),
    /// Of asking for a receipt.
    Receipt {
        /// The attempt.
        view: Box<payment::AttemptView>,
        /// 0 for the first print; any other makes it a reprint.
        printed_before: u32,
        /// Who sells.
        configuration: Arc<Configuration>,
    },
    /// Of asking for a voucher.
    Voucher {
        /// The refund.
        refund: Box<payment::RefundView>,
        /// The sale.
        sale: Box<payment::AttemptView>,
        /// 0 for the first print; any other makes it a reprint.
        printed_before: u32,
        /// Who gives the money back.
        configuration: Arc<Configuration>,
    },
    /// Of asking for the configuration.
    Configuration(Arc<Configuration>),
    /// Of asking for the state.
    State(TillState),
    /// Of claiming and recovering.
    Recovery(RecoveryCode),
    /// Of signing in and unlocking.
    Session(SessionView),
    /// Of asking for the operators.
    Operators(Vec<OperatorView>),
    /// Of asking for the rules.
    Policy(Box<ShopPolicy>),
    /// Of asking what somebody approved.
    Approvals(Vec<Approval>),
    /// Of a report of a loss.
    Loss(Box<LossReport>),
    /// Of a step of a statement check.
    Statement(StatementReply),
    /// Of the checklist, and of leaving by it.
    Exit(Box<ExitView>),
    /// Of deregistering: what is left of the till.
    Erased(Box<Erased>),
    /// Of a step of handing out evidence.
    Evidence(EvidenceReply),
    /// Of asking for the shop's own records.
    OwnRecords(RecordsPage),
    /// Of asking how the network is judged.
    Network(Box<NetworkView>),
    /// Of asking whose a text is.
    Message(Box<MessageView>),
    /// Of everything that is a text: checkpoint, proofs, keys.
    Text(String),
    /// Of everything else.
    Done,
}

/// The kind alone: a reply may hold a recovery code.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Payment(reply) => write!(f, "Payment({reply:?})"),
            Self::Receipt { view, printed_before, .. } => write!(f, "Receipt({view:?}, {printed_before})"),
            Self::Voucher { refund, printed_before, .. } => write!(f, "Voucher({refund:?}, {printed_before})"),
            Self::Configuration(_) => f.write_str("Configuration"),
            Self::State(state) => write!(f, "{state:?}"),
            Self::Recovery(_) => f.write_str("Recovery"),
            Self::Session(view) => write!(f, "{view:?}"),
            Self::Operators(operators) => write!(f, "{operators:?}"),
            Self::Policy(policy) => write!(f, "{policy:?}"),
            Self::Approvals(approvals) => write!(f, "Approvals({})", approvals.len()),
            Self::Loss(report) => write!(f, "Loss({:?})", report.number),
            Self::Statement(_) => f.write_str("Statement"),
            Self::Exit(view) => write!(f, "{view:?}"),
            Self::Erased(erased) => write!(f, "{erased:?}"),
            Self::Evidence(_) => f.write_str("Evidence"),
            Self::OwnRecords(page) => write!(f, "OwnRecords({} records)", page.records),
            Self::Network(view) => write!(f, "{view:?}"),
            Self::Message(view) => write!(f, "{view:?}"),
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Done => f.write_str("Done"),
        }
    }
}
