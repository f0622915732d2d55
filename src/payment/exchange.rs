//! What goes into the engine and what comes out of it.
//!
//! The driver hands in one [`Input`] and carries out the [`Output`]s in their order. It sends link bytes and
//! card commands, passes results to whoever holds the ticket, and comes back with [`Input::Tick`] at the time
//! that [`Output::WakeAt`] names. Nothing here waits.
//!
//! It never names a socket, a thread or a clock. Evidence: `tests/support` is one driver, `terminal` the other.

use zeroize::Zeroizing;

use crate::account::WrittenReason;
use crate::acquirer::{HostMark, LinkEvent, StatementLine, Telling, Told};
use crate::clock::MonoMs;
use crate::emv::CardEvent;
use crate::error::Error;
use crate::ids::{AttemptId, BatchNo, RefundId};
use crate::journal::VerifyReport;
use crate::payment::batch::events::SettleCause;
use crate::payment::batch::view::{BatchDecision, BatchView};
use crate::payment::feed::EventPage;
use crate::payment::refund::{RefundDecision, RefundPage, RefundQuery, RefundRequest, RefundView, RejectionReason};
use crate::payment::view::{
    AttemptView, Decision, HostTested, ListQuery, Page, ParametersView, ReceiptCopy, Resolved, SaleOrder, VoidOrder,
};
use crate::ports::{EncryptedRead, Notice, ReadRequest, ReaderFault};
use crate::session::actions::{
    AcceptRollBack, ApproveRefund, CheckStatement, DecideStuck, DownloadParameters, PrintReceipt, RequestRefund,
    Settle, TestHost, VoidSale,
};
use crate::session::{Permit, ResolveDebts, Sell};

/// The driver's number for one waiting caller. The engine gives it back with the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

impl Ticket {
    /// What the till does by itself, and gives up for anybody who wants something. No caller has this number: drivers
    /// count from 1.
    pub const OWN: Self = Self(u64::MAX);
}

/// What happened, or what somebody wants.
pub enum Input<'a> {
    /// A caller wants a sale. Answered by [`Output::Begun`] and, at the end, [`Output::Tell`]; or by a refusal.
    StartSale {
        /// Who waits.
        ticket: Ticket,
        /// What is to be sold.
        order: SaleOrder,
        /// Leave to do so.
        permit: Permit<Sell>,
    },
    /// A caller wants a sale voided. Answered as a sale is.
    StartVoid {
        /// Who waits.
        ticket: Ticket,
        /// What is to be voided.
        order: VoidOrder,
        /// Leave to do so.
        permit: Permit<VoidSale>,
    },
    /// A caller wants to see everything that waits to be finished with the host. Answered at once.
    Debts {
        /// Who waits.
        ticket: Ticket,
    },
    /// A supervisor says how an attempt ended whose reversal is stuck. Answered at once, when that is recorded.
    Decide {
        /// Who waits.
        ticket: Ticket,
        /// Which attempt.
        attempt: AttemptId,
        /// How it ended.
        decision: Decision,
        /// Why, where a person was asked.
        reason: Option<WrittenReason>,
        /// Leave to do so.
        permit: Permit<DecideStuck>,
    },
    /// A caller wants to know whether the host is there. Answered when it has said so, or has not.
    TestHost {
        /// Who waits.
        ticket: Ticket,
        /// Leave to do so.
        permit: Permit<TestHost>,
    },
    /// A caller wants the host's rules for this till. Answered when they are recorded.
    DownloadParameters {
        /// Who waits.
        ticket: Ticket,
        /// Leave to do so.
        permit: Permit<DownloadParameters>,
    },
    /// A caller wants a page of the host's own statement of a day. Answered when it has come.
    StatementPage {
        /// Who waits.
        ticket: Ticket,
        /// `YYYYMMDD`.
        day: String,
        /// From 1.
        page: u16,
        /// Leave to do so.
        permit: Permit<CheckStatement>,
    },
    /// The host is to be told something that is no payment. Answered when it has answered.
    Tell {
        /// Who waits.
        ticket: Ticket,
        /// What.
        telling: Telling,
    },
    /// A caller wants to end an attempt. Answered at once.
    Cancel {
        /// Who waits.
        ticket: Ticket,
        /// Which attempt.
        attempt: AttemptId,
    },
    /// A caller asks how an attempt stands. Answered at once.
    Status {
        /// Who waits.
        ticket: Ticket,
        /// Which attempt.
        attempt: AttemptId,
    },
    /// A caller wants the open batch settled, or a settlement that is not finished to go on now. Answered when it is
    /// closed, or waits.
    Settle {
        /// Who waits; nobody where the till does it by itself.
        ticket: Option<Ticket>,
        /// Why.
        cause: SettleCause,
        /// Leave to do so.
        permit: Permit<Settle>,
    },
    /// A caller asks how a batch stands. Answered at once.
    Batch {
        /// Who waits.
        ticket: Ticket,
        /// Its number; `None` for the open one.
        batch: Option<BatchNo>,
    },
    /// A caller says whether the acquirer has closed a batch that the host only refuses to settle. Answered when nothing
    /// is in progress.
    DecideBatch {
        /// Who waits.
        ticket: Ticket,
        /// Its number.
        batch: BatchNo,
        /// Whether it is closed.
        decision: BatchDecision,
        /// Leave to do so.
        permit: Permit<DecideStuck>,
    },
    /// A caller wants a page of attempts. Answered at once.
    List {
        /// Who waits.
        ticket: Ticket,
        /// Which page.
        query: ListQuery,
    },
    /// A caller wants the open debts driven now. Answered when each had its turn.
    Resolve {
        /// Who waits.
        ticket: Ticket,
        /// Leave to do so.
        permit: Permit<ResolveDebts>,
    },
    /// A caller wants the whole journal verified. Answered at once.
    Verify {
        /// Who waits.
        ticket: Ticket,
    },
    /// A caller is about to print a receipt. Answered at once, when the printing is recorded.
    PrintReceipt {
        /// Who waits.
        ticket: Ticket,
        /// Of which attempt.
        attempt: AttemptId,
        /// Whose copy.
        copy: ReceiptCopy,
        /// Leave to do so.
        permit: Permit<PrintReceipt>,
    },
    /// A caller wants a page of events. Answered at once.
    Events {
        /// Who waits.
        ticket: Ticket,
        /// After which cursor; `None` for the one that was acknowledged last.
        after: Option<u64>,
        /// How many at most.
        limit: u32,
    },
    /// A caller is done with all events up to a cursor. Answered at once, when that is recorded.
    Acknowledge {
        /// Who waits.
        ticket: Ticket,
        /// The cursor.
        cursor: u64,
    },
    /// A supervisor knows that older files were put back, and lets the till sell again. Answered at once, when that is
    /// recorded; where there is nothing to accept, nothing is.
    AcceptRollBack {
        /// Who waits.
        ticket: Ticket,
        /// Leave to do so.
        permit: Permit<AcceptRollBack>,
    },
    /// A caller wants money to be given back. Answered when the request is recorded; where the rules leave it to the
    /// host, when the host has had its turn.
    RequestRefund {
        /// Who waits.
        ticket: Ticket,
        /// What for.
        request: RefundRequest,
        /// Leave to do so.
        permit: Permit<RequestRefund>,
        /// Whether the device has a network.
        has_network: bool,
    },
    /// A caller approves a refund. Answered when the host has had its turn.
    ApproveRefund {
        /// Who waits.
        ticket: Ticket,
        /// Which one.
        refund: RefundId,
        /// Leave to do so, of the person who approves.
        permit: Permit<ApproveRefund>,
        /// Whether the device has a network.
        has_network: bool,
    },
    /// A caller rejects a refund. Answered at once.
    RejectRefund {
        /// Who waits.
        ticket: Ticket,
        /// Which one.
        refund: RefundId,
        /// Why.
        reason: RejectionReason,
        /// Leave to do so.
        permit: Permit<ApproveRefund>,
    },
    /// A caller says how a stuck refund has ended. Answered at once.
    DecideRefund {
        /// Who waits.
        ticket: Ticket,
        /// Which one.
        refund: RefundId,
        /// How.
        decision: RefundDecision,
        /// Why, where a person was asked.
        reason: Option<WrittenReason>,
        /// Leave to do so.
        permit: Permit<DecideStuck>,
    },
    /// A caller wants a page of refunds. Answered at once.
    Refunds {
        /// Who waits.
        ticket: Ticket,
        /// Which page.
        query: RefundQuery,
    },
    /// A caller is about to print a refund's voucher. Answered at once, when the printing is recorded.
    PrintVoucher {
        /// Who waits.
        ticket: Ticket,
        /// Of which refund.
        refund: RefundId,
        /// Whose copy.
        copy: ReceiptCopy,
        /// Leave to do so.
        permit: Permit<PrintReceipt>,
    },
    /// The till is frozen from now on: nothing begins, what has not left does not leave, what is owed goes on.
    Freeze {
        /// From where, as errors name it.
        from: &'static str,
    },
    /// The till is free again.
    Release,
    /// A caller has taken the result of this attempt.
    Taken {
        /// Which attempt.
        attempt: AttemptId,
    },
    /// The card or the reader did something.
    Card(CardEvent<'a>),
    /// Somebody else's reader made a finished read, or why it did not.
    Read(Result<EncryptedRead, ReaderFault>),
    /// The connection did something.
    Link(LinkEvent<'a>),
    /// Time went by.
    Tick,
}

/// What to do.
pub enum Output {
    /// To the reader.
    Card(CardCommand),
    /// To the connection.
    Link(LinkCommand),
    /// To the observer.
    Notice(Notice),
    /// A sale or a void was accepted under this name; its result follows with the same ticket.
    Begun {
        /// Who waits.
        ticket: Ticket,
        /// The attempt's name, given or minted.
        attempt: AttemptId,
    },
    /// What the host said of this till beside an answer.
    Marked(HostMark),
    /// What may be the acquirer's signed word; nobody has looked.
    Word(Vec<u8>),
    /// The result for a waiting caller. Nothing more comes for this ticket.
    Tell {
        /// Who waits.
        ticket: Ticket,
        /// The result.
        result: Result<Reply, Error>,
    },
    /// Come back with [`Input::Tick`] then, if nothing happens before. At most one, always the last.
    WakeAt(MonoMs),
    /// The engine can do no more (the journal is unsure, or a test ended it): drop it and open the till again.
    Stopped(Error),
}

/// What the reader is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CardCommand {
    /// Wait for a card; answer with `Found`. A channel from before is not to be used any more.
    Await,
    /// Send this command APDU; answer with `Response`, `Lost` or `TimedOut`.
    Transmit(Vec<u8>),
    /// Have the encrypted reader make a finished read; answer with [`Input::Read`].
    Read(ReadRequest),
    /// Let the card go: the tap is over. A read that is under way is cancelled, and not heard of any more.
    Release,
}

/// What the connection is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkCommand {
    /// Connect; answer with `Connected` or `NotConnected`.
    Connect,
    /// Write these bytes at once.
    Send(Zeroizing<Vec<u8>>),
    /// Close, or give up connecting.
    Disconnect,
}

/// A result.
#[derive(Debug)]
pub enum Reply {
    /// Of a sale, a void, a cancellation, a decision or a question about one attempt.
    Attempt(Box<AttemptView>),
    /// Of a list.
    Page(Page),
    /// Of resolving.
    Resolved(Resolved),
    /// Of asking for debts: the open ones and the stuck ones, decided or not.
    Debts(Vec<AttemptView>),
    /// Of settling, and of asking for a batch.
    Batch(Box<BatchView>),
    /// Of an echo test.
    HostTested(HostTested),
    /// Of asking for the host's rules.
    Parameters(ParametersView),
    /// Of asking for a page of the host's statement.
    StatementPage {
        /// How many pages there are.
        pages: u32,
        /// This page's lines.
        lines: Vec<StatementLine>,
    },
    /// Of telling the host something: what it said to it.
    Told(Told),
    /// Of asking for a receipt: the attempt, and how often this copy was printed before.
    Receipt {
        /// The attempt.
        view: Box<AttemptView>,
        /// 0 for the first print; any other makes it a reprint.
        printed_before: u32,
    },
    /// Of anything about one refund.
    Refund(Box<RefundView>),
    /// Of asking for refunds.
    Refunds(RefundPage),
    /// Of asking for a voucher: the refund, its sale, and how often this copy was printed before.
    Voucher {
        /// The refund.
        refund: Box<RefundView>,
        /// The sale.
        sale: Box<AttemptView>,
        /// 0 for the first print; any other makes it a reprint.
        printed_before: u32,
    },
    /// Of asking for events.
    Events(EventPage),
    /// Of acknowledging events.
    Acknowledged,
    /// Of accepting a roll-back.
    RollBackAccepted,
    /// Of verifying.
    Verified(VerifyReport),
}
