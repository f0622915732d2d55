//! The one object that a shell holds.
//!
//! A [`Terminal`] has one thread for the engine, one for cards and one for the network; its methods may be
//! called from any thread and each is one question to the engine's. Only [`Operation::wait`] and
//! [`Terminal::resolve`] take as long as a customer or a host does. A terminal that has ended, for whatever
//! reason, answers every call with that reason.
//!
//! It decides nothing. A port must not ask it anything: the engine's thread would wait for itself, so it is refused
//! as `called_from_port`; `present` and `collision` do not wait. Evidence: `terminal/driver/tests.rs`, `tests/terminal_sale.rs`.

mod batch;
mod calls;
mod debts;
mod derive;
mod driver;
mod events;
mod evidence;
mod export;
mod incident;
mod leaving;
mod net;
mod network;
mod open;
mod people;
mod reader;
mod reads;
mod refunds;
mod route;
mod statement;
mod tls;

use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, ThreadId};

pub use crate::payment::slip::ReceiptRequest;
pub use export::FolderSink;
pub use statement::{StatementFile, StatementRequest};

use crate::account::Provisioning;
use crate::error::{Error, ErrorCode};
use crate::ids::AttemptId;
use crate::journal::VerifyReport;
use crate::payment::{AttemptView, ListQuery, Page, Reply as Paid, Resolved, SaleOrder, slip};
use crate::ports::{CardChannel, Ports};
use crate::terminal::calls::{Ending, Said, Wait};
use crate::terminal::driver::Message;
use crate::till::{Ask, Reply};

/// An open till.
pub struct Terminal {
    messages: Sender<Message>,
    ending: Ending,
    engine: Mutex<Option<JoinHandle<()>>>,
    engine_thread: ThreadId,
}

/// A sale or a void that has begun.
pub struct Operation {
    attempt: AttemptId,
    result: Waiting,
    messages: Sender<Message>,
}

/// The result of an operation, there or on its way.
enum Waiting {
    Here(Box<Result<AttemptView, Error>>),
    OnItsWay(Wait),
}

impl Operation {
    /// The attempt's name, given or minted.
    #[must_use]
    pub fn attempt(&self) -> &AttemptId {
        &self.attempt
    }

    /// Waits for the attempt's end, or for the moment at which it goes in doubt and resolves by itself.
    ///
    /// # Errors
    /// What kept the attempt from ending; `status` tells later how it stands.
    pub fn wait(self) -> Result<AttemptView, Error> {
        let (pending, delivery) = self.split();
        let result = pending.wait();
        if result.is_ok() {
            delivery.taken();
        }
        result
    }

    /// The waiting apart from the taking, for a caller whose result goes through other hands before a person has it.
    #[must_use]
    pub fn split(self) -> (Pending, Delivery) {
        let delivery = Delivery { attempt: self.attempt.clone(), messages: self.messages };
        (Pending { attempt: self.attempt, result: self.result }, delivery)
    }
}

/// The result of an operation, for one thread to wait for.
pub struct Pending {
    attempt: AttemptId,
    result: Waiting,
}

impl Pending {
    /// Waits as [`Operation::wait`] does, and leaves the attempt undelivered.
    ///
    /// # Errors
    /// Those of [`Operation::wait`].
    pub fn wait(self) -> Result<AttemptView, Error> {
        match self.result {
            Waiting::Here(result) => *result,
            Waiting::OnItsWay(wait) => calls::about(&self.attempt, wait.result()).map(calls::attempt),
        }
    }
}

/// Says that a caller has an operation's result.
pub struct Delivery {
    attempt: AttemptId,
    messages: Sender<Message>,
}

impl Delivery {
    /// The result has been taken. Saying so twice changes nothing.
    pub fn taken(&self) {
        // A terminal that has ended meanwhile leaves the attempt undelivered; `status` shows it again.
        let _ended = self.messages.send(Message::Taken(self.attempt.clone()));
    }
}

impl Terminal {
    /// Makes the till at `home` this acquirer's. It is not open afterwards.
    ///
    /// # Errors
    /// What the provisioning is refused for, `already_provisioned`, and the errors of keys and storage.
    pub fn provision(home: &Path, provisioning: &Provisioning, ports: &Ports) -> Result<(), Error> {
        open::provision(home, provisioning, ports)
    }

    /// Opens the till at `home`. What an earlier run left unfinished is taken up at once.
    ///
    /// # Errors
    /// `not_provisioned`, `till_open_elsewhere`, `journal_damaged` and the other errors of keys and storage.
    pub fn open(home: &Path, ports: Ports) -> Result<Self, Error> {
        open::open(home, ports)
    }

    /// Verifies the journal of a till that is not open, also of one that does not open.
    ///
    /// # Errors
    /// `journal_damaged` with the place, and the errors of keys and storage.
    pub fn inspect(home: &Path, ports: &Ports) -> Result<VerifyReport, Error> {
        open::inspect(home, ports)
    }

    /// Begins a sale. The same attempt again gives its stored outcome.
    ///
    /// # Errors
    /// A refusal before anything has begun: of the amount, `attempt_conflict`, `till_busy`, `reversal_pending`.
    pub fn start_sale(&self, order: SaleOrder) -> Result<Operation, Error> {
        self.begin(Ask::Sale(order))
    }

    /// Begins an attempt, or finds that it has ended.
    fn begin(&self, ask: Ask) -> Result<Operation, Error> {
        let wait = self.ask(ask)?;
        let (attempt, result) = match wait.next()? {
            Said::Begun(attempt) => (attempt, Waiting::OnItsWay(wait)),
            Said::Done(result) => {
                let view = calls::attempt(result?);
                (view.attempt.clone(), Waiting::Here(Box::new(Ok(view))))
            }
        };
        Ok(Operation { attempt, result, messages: self.messages.clone() })
    }

    /// A card is in the field. One that nobody waits for is let go. Does not wait.
    ///
    /// # Errors
    /// Why the terminal has ended.
    pub fn present(&self, channel: Arc<dyn CardChannel>) -> Result<(), Error> {
        self.send(Message::Present(channel))
    }

    /// More than one card is in the field. Does not wait.
    ///
    /// # Errors
    /// Why the terminal has ended.
    pub fn collision(&self) -> Result<(), Error> {
        self.send(Message::Collision)
    }

    /// Ends an attempt that has not gone to the host yet.
    ///
    /// # Errors
    /// `attempt_unknown`, `attempt_already_finished`, `too_late_to_cancel`.
    pub fn cancel(&self, attempt: &AttemptId) -> Result<AttemptView, Error> {
        self.ask_about(attempt, Ask::Cancel(attempt.clone())).map(calls::attempt)
    }

    /// How an attempt stands.
    ///
    /// # Errors
    /// `attempt_unknown`.
    pub fn status(&self, attempt: &AttemptId) -> Result<AttemptView, Error> {
        self.ask_about(attempt, Ask::Status(attempt.clone())).map(calls::attempt)
    }

    /// Somebody has seen how this attempt ended, as by [`Delivery::taken`]; for one of an earlier run. Does not wait.
    pub fn taken(&self, attempt: &AttemptId) {
        // A terminal that has ended meanwhile leaves the attempt undelivered; `status` shows it again.
        let _ended = self.messages.send(Message::Taken(attempt.clone()));
    }

    /// Attempts, newest first.
    ///
    /// # Errors
    /// `page_size_out_of_range` unless the limit is 1 to 100, `identifier_malformed` for a cursor that is none.
    pub fn list(&self, query: &ListQuery) -> Result<Page, Error> {
        match self.answer(Ask::List(query.clone()))? {
            Reply::Payment(Paid::Page(page)) => Ok(page),
            _ => unreachable!("the engine answers a list with a page"),
        }
    }

    /// Drives every debt now, as far as the host answers, and says which are closed and which are left.
    ///
    /// # Errors
    /// `till_busy` while a sale is under way, and the errors of storage. A debt that stays is no error.
    pub fn resolve(&self) -> Result<Resolved, Error> {
        match self.answer(Ask::Resolve)? {
            Reply::Payment(Paid::Resolved(resolved)) => Ok(resolved),
            _ => unreachable!("the engine answers resolving with what it resolved"),
        }
    }

    /// The slip of an attempt, as text. Each line ends with a line feed. That it was printed is journalled, so
    /// the same copy again says that it is a reprint.
    ///
    /// # Errors
    /// `attempt_unknown`, `receipt_not_available` for an attempt that never went to the host.
    pub fn receipt(&self, attempt: &AttemptId, request: ReceiptRequest) -> Result<String, Error> {
        match self.ask_about(attempt, Ask::PrintReceipt(attempt.clone(), request.counted_as()))? {
            Reply::Receipt { view, printed_before, configuration } => {
                slip::print(&configuration, &view, printed_before, request)
            }
            _ => unreachable!("the engine answers a wish for a receipt with what stands on it"),
        }
    }

    /// Verifies the whole journal.
    ///
    /// # Errors
    /// `journal_damaged`, with the place.
    pub fn verify(&self) -> Result<VerifyReport, Error> {
        match self.answer(Ask::Verify)? {
            Reply::Payment(Paid::Verified(report)) => Ok(report),
            _ => unreachable!("the engine answers verifying with a report"),
        }
    }

    /// Ends the threads, network and card first, and closes the journal. Whoever waits hears `terminal_closed`, or
    /// that the payment is in doubt; whoever asks from now on hears `terminal_closed`. Closing twice is no error, nor is
    /// closing a till that was erased.
    ///
    /// # Errors
    /// What the terminal had ended with before, or what closing the journal reported.
    pub fn close(&self) -> Result<(), Error> {
        self.end();
        match self.ending.error() {
            error if error.code() == ErrorCode::TerminalClosed => Ok(()),
            error if error.code() == ErrorCode::NotProvisioned && error.has_word("why", "erased") => Ok(()),
            error => Err(error),
        }
    }

    /// Whether the calling thread may wait for the till: not the one that calls ports and answers.
    ///
    /// # Errors
    /// `called_from_port`.
    pub fn may_wait_here(&self) -> Result<(), Error> {
        let is_engine = std::thread::current().id() == self.engine_thread;
        if is_engine { Err(ErrorCode::CalledFromPort.into()) } else { Ok(()) }
    }

    /// A port that asks would have the engine's thread wait for itself, for ever: it is refused.
    fn ask(&self, ask: Ask) -> Result<Wait, Error> {
        self.may_wait_here()?;
        let (caller, said) = channel();
        self.send(Message::Ask(ask, caller))?;
        Ok(Wait::new(said, self.ending.clone()))
    }

    fn ask_about(&self, attempt: &AttemptId, ask: Ask) -> Result<Reply, Error> {
        calls::about(attempt, self.answer(ask))
    }

    fn answer(&self, ask: Ask) -> Result<Reply, Error> {
        self.ask(ask)?.result()
    }

    fn send(&self, message: Message) -> Result<(), Error> {
        self.messages.send(message).map_err(|_| self.ending.error())
    }

    fn end(&self) {
        let _ended_already = self.messages.send(Message::Close);
        // Closed or dropped inside a port's call, on a thread that the engine waits for: it ends by itself.
        if calls::is_in_a_port() {
            return;
        }
        // Held while joining, so that a second closer returns no sooner than the first.
        if let Some(engine) = self.engine.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _panicked = engine.join();
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.end();
    }
}

/// A shell may share a terminal between its threads and hand an operation to another.
const _: fn() = || {
    fn may_be_shared<T: Send + Sync>() {}
    fn may_be_handed_on<T: Send>() {}
    may_be_shared::<Terminal>();
    may_be_handed_on::<Operation>();
    may_be_handed_on::<Pending>();
    may_be_shared::<Delivery>();
};
