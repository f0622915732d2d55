//! What goes into a till and what comes out of it.
//!
//! The driver hands in one [`Input`] and carries out the [`Output`]s in their order, as for the payment engine, whose
//! outputs pass through. Two things are the till's own: a password's derivation is done on a thread of its own
//! ([`Output::Derive`], [`Input::Derived`]), and the way to the host exists only while somebody is signed in
//! ([`Output::Network`]). Passwords come in as bytes that are wiped; no type here shows one.
//!
//! Nothing here waits. Evidence: `terminal/driver/tests.rs`.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::account::{Configuration, Judgement, SecretText, ShopPolicy, WrittenReason};
use crate::acquirer::LinkEvent;
use crate::clock::{MonoMs, WallMs};
use crate::emv::CardEvent;
use crate::error::Error;
use crate::ids::{AttemptId, BatchNo, OperatorName, RefundId};
use crate::incident::approvals::Approval;
use crate::incident::freeze::{FreezeReason, FreezeView};
use crate::incident::loss::LossReport;
use crate::incident::records::{OwnRecords, RecordsPage};
use crate::journal::Cursor;
use crate::payment::{
    self, BatchDecision, CardCommand, Decision, LinkCommand, ListQuery, ReceiptCopy, RefundDecision, RefundQuery,
    RefundRequest, RejectionReason, SaleOrder, Ticket, VoidOrder,
};
use crate::ports::{BiometricFault, EncryptedRead, ExportSink, Notice, Posture, ReaderFault};
use crate::secret::{Secret, SecretBytes};
use crate::session::Role;
use crate::till::evidence::{EvidenceReply, EvidenceStep};
use crate::till::leaving::{Erased, ExitView};
use crate::till::network::NetworkView;
use crate::till::statement::{StatementReply, StatementStep};
use crate::till::words::MessageView;
use crate::vault::{self, Derivation, SealedEnrolment};

/// Who is at the till.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has claimed it yet.
    Unclaimed,
    /// Somebody is signed in.
    SignedIn,
    /// Somebody is signed in and has locked it, or was idle.
    Locked,
    /// Nobody is signed in.
    SignedOut,
}

impl Standing {
    /// The stable word, as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unclaimed => "unclaimed",
            Self::SignedIn => "signed_in",
            Self::Locked => "locked",
            Self::SignedOut => "signed_out",
        }
    }
}

/// What a till says of itself in every state: what a lock screen may show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TillState {
    /// Who is at the till.
    pub standing: Standing,
    /// Who is signed in, or has locked it.
    pub operator: Option<OperatorName>,
    /// As what.
    pub role: Option<Role>,
    /// How many payments wait to be finished; `None` where the lock note cannot be read.
    pub waiting: Option<u64>,
    /// Signed in: how long until the till locks by itself, in milliseconds.
    pub locks_in_ms: Option<u64>,
    /// Signed in: the time of day at which the batch was to be settled by the shop's rule and was not.
    pub settlement_missed: Option<WallMs>,
    /// What fingers or a face are good for here and now.
    pub biometric: Biometric,
    /// Signed in: the till's files were put back, and it does not sell until a supervisor accepts it.
    pub is_rolled_back: bool,
    /// The freeze, while the till is frozen.
    pub frozen: Option<FreezeView>,
    /// Signed in: how the network was judged last; nothing before it was first looked at.
    pub network: Option<Judgement>,
}

/// What fingers or a face are good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Biometric {
    /// Nothing: the device lends no such keys, or the shop's rules do not allow it.
    Absent,
    /// Nothing yet: signed in, whoever is here may enrol; otherwise a password is needed first.
    Possible,
    /// Signed in, the own are enrolled; locked, they may unlock; signed out, somebody's may sign in.
    Ready,
}

impl Biometric {
    /// The stable word, as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Possible => "possible",
            Self::Ready => "ready",
        }
    }
}

/// A session that has just begun, or goes on after a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// Whose it is.
    pub operator: OperatorName,
    /// As what.
    pub role: Role,
    /// In the warning window: after how many days the password must be changed.
    pub password_days_left: Option<u32>,
    /// Wrong passwords since the last sign-in.
    pub failed_before: u32,
    /// Whether the session before this one ended without a sign-out.
    pub cut_before: bool,
    /// How many payments wait to be finished.
    pub waiting: u64,
}

/// An operator, as the list shows one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorView {
    /// The name.
    pub name: OperatorName,
    /// What this operator may do follows from it; cashier where the row is damaged, which says nothing.
    pub role: Role,
    /// Whether the password must be changed at the next sign-in.
    pub is_temporary: bool,
    /// Whether wrong passwords have used up the tries.
    pub is_locked_out: bool,
    /// Whether the row is not what this till wrote: nobody comes in by it, and it may be removed.
    pub is_damaged: bool,
}

/// An operator to be added.
pub struct NewOperator {
    /// The name.
    pub name: OperatorName,
    /// What this operator may do follows from it.
    pub role: Role,
    /// The first password.
    pub password: SecretBytes,
    /// Whether it must be changed at the first sign-in.
    pub is_temporary: bool,
}

/// What opens a till whose supervisors have forgotten their passwords. Shown once, kept on paper.
pub struct RecoveryCode(SecretBytes);

impl RecoveryCode {
    pub(crate) fn new(text: SecretBytes) -> Self {
        Self(text)
    }

    /// The code as a person writes it down, in ASCII.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }
}

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

/// A derivation, to be run on a thread of its own.
pub struct Work(Box<WorkOnce>);

type WorkOnce = dyn FnOnce(&mut Derive<'_>) -> Option<Secret<32>> + Send;

/// How a key is derived: [`vault::derive`], or what a test remembers of it.
pub type Derive<'a> = dyn FnMut(&[u8], &Derivation) -> Secret<32> + 'a;

impl Work {
    pub(crate) fn new(work: impl FnOnce(&mut Derive<'_>) -> Option<Secret<32>> + Send + 'static) -> Self {
        Self(Box::new(work))
    }

    /// Does it; nothing where the device has no room for it.
    #[must_use]
    pub fn run(self) -> Option<Secret<32>> {
        self.run_with(&mut vault::derive)
    }

    /// The same with another way to derive.
    #[must_use]
    pub fn run_with(self, derive: &mut Derive<'_>) -> Option<Secret<32>> {
        (self.0)(derive)
    }
}

/// Something that waits for a person whom the device recognises, to be run on a thread of its own.
pub struct Recognition {
    number: u64,
    work: Box<RecognitionOnce>,
}

type RecognitionOnce = dyn FnOnce() -> Result<Said, BiometricFault> + Send;

/// What came of a [`Recognition`].
pub struct Recognised {
    pub(super) number: u64,
    pub(super) result: Result<Said, BiometricFault>,
}

/// What the device gave for a recognised person.
pub(super) enum Said {
    Released(SecretBytes),
    Sealed(SealedEnrolment),
}

impl Recognition {
    pub(super) fn new(number: u64, work: impl FnOnce() -> Result<Said, BiometricFault> + Send + 'static) -> Self {
        Self { number, work: Box::new(work) }
    }

    /// What is to be heard where there is no thread for it.
    #[must_use]
    pub fn refused(&self) -> Recognised {
        Recognised { number: self.number, result: Err(BiometricFault::Unavailable) }
    }

    /// Asks the device, which asks the person. A port that panics does not serve.
    #[must_use]
    pub fn run(self) -> Recognised {
        let result = catch_unwind(AssertUnwindSafe(self.work)).unwrap_or(Err(BiometricFault::Unavailable));
        Recognised { number: self.number, result }
    }
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
