//! What takes time, done for the desk on a thread of its own: opening, selling, asking.
//!
//! Each job says its result through the desk's queue, once. A port or a terminal that panics is a till that
//! failed, and is said so.
//!
//! It never touches the desk's state. Evidence: `tests/desk_sale.rs`, `tests/desk_life.rs`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use crate::account::Provisioning;
use crate::desk::goodbyes::{self, Place};
use crate::desk::people::{self, Typed};
use crate::desk::run::Message;
use crate::desk::stuck;
use crate::error::{Error, ErrorCode, Fact};
use crate::hex;
use crate::ids::AttemptId;
use crate::money::Amount;
use crate::payment::{ListQuery, SaleOrder};
use crate::ports::Ports;
use crate::receipt::Columns;
use crate::screen::{Effect, Event};
use crate::terminal::{ReceiptRequest, Terminal};
use crate::till::TillState;

/// A till that was opened, and what its first screen follows from.
pub(super) struct Opened {
    pub terminal: Arc<Terminal>,
    pub who: TillState,
}

/// What every job needs.
pub(super) struct Job {
    pub home: PathBuf,
    pub ports: Ports,
    pub messages: Sender<Message>,
}

impl Job {
    /// Opens the till, after closing the one from before.
    pub fn open(&self, old: Option<Arc<Terminal>>) -> Message {
        let opened = guarded(|| {
            if let Some(old) = &old {
                let _what_it_had_ended_with = old.close();
            }
            let terminal = Terminal::open(&self.home, self.ports.clone())?;
            Ok(Opened { who: terminal.till_state()?, terminal: Arc::new(terminal) })
        });
        match opened {
            Ok(opened) => Message::Opened(Box::new(opened)),
            // The erasure that was cut off went on with this start, and is over.
            Err(error) if error.facts().contains(&("why", Fact::Word("erased"))) => {
                let certificates = guarded(|| Terminal::erasure_certificates(&self.home)).unwrap_or_default();
                Message::Event(Event::FoundErased(certificates.into_iter().last()))
            }
            Err(error) => failed(Effect::Open, error),
        }
    }

    pub fn provision(&self, provisioning: &Provisioning) -> Message {
        match guarded(|| Terminal::provision(&self.home, provisioning, &self.ports)) {
            Ok(()) => Message::Event(Event::Provisioned),
            Err(error) => failed(Effect::Provision, error),
        }
    }

    /// A name of our own: 64 random bits, so that two tills do not meet.
    pub fn mint(&self) {
        let minted = guarded(|| {
            let mut bytes = [0; 8];
            self.ports.entropy.fill(&mut bytes)?;
            Ok(AttemptId::new(format!("tt-{}", hex::encode_lower(&bytes)))?)
        });
        self.say(match minted {
            Ok(attempt) => Message::Event(Event::Minted(attempt)),
            Err(error) => failed(Effect::Mint, error),
        });
    }

    /// Asks the terminal and says what it answered.
    pub fn ask(&self, terminal: Arc<Terminal>, effect: Effect, typed: Typed, place: Option<Place>) {
        let answered = guarded(|| match &effect {
            Effect::StartSale { attempt, amount } => {
                self.sell(terminal, attempt, *amount).map(|event| Some(Message::Event(event)))
            }
            effect if goodbyes::is_theirs(effect) => {
                let messages = self.messages.clone();
                let tell = Box::new(move |event| drop(messages.send(Message::Event(event))));
                let clock = &*self.ports.clock;
                goodbyes::Question { terminal: &terminal, clock, typed, place, tell }.answer(effect).map(Some)
            }
            effect if stuck::is_theirs(effect) => {
                stuck::answer(&terminal, effect, &typed).map(|event| Some(Message::Event(event)))
            }
            effect if people::is_theirs(effect) => people::answer(&terminal, effect, typed).map(Some),
            effect => Ok(answer(&terminal, effect)?.map(Message::Event)),
        });
        match answered {
            Ok(message) => message.into_iter().for_each(|message| self.say(message)),
            Err(error) => self.fail(effect, error),
        }
    }

    /// Says that the sale has begun, and waits for its end without holding the terminal.
    fn sell(&self, terminal: Arc<Terminal>, attempt: &AttemptId, amount: Amount) -> Result<Event, Error> {
        let order = SaleOrder { attempt: Some(attempt.clone()), amount, order: None };
        let operation = terminal.start_sale(order)?;
        drop(terminal);
        self.say(Message::Event(Event::Begun(attempt.clone())));
        // A person takes the result, not this thread.
        let (pending, _delivery) = operation.split();
        Ok(Event::Ended(Box::new(pending.wait()?)))
    }

    pub fn fail(&self, effect: Effect, error: Error) {
        self.say(failed(effect, error));
    }

    pub fn say(&self, message: Message) {
        // A desk that has ended shows nothing more.
        let _ended = self.messages.send(message);
    }
}

/// One question and its answer; none where the answer comes another way.
fn answer(terminal: &Terminal, effect: &Effect) -> Result<Option<Event>, Error> {
    Ok(Some(match effect {
        // The sale's own end tells the rest.
        Effect::Cancel { attempt } => return terminal.cancel(attempt).map(|_| None),
        Effect::FetchAttempt { attempt } => Event::Attempt(Box::new(terminal.status(attempt)?)),
        Effect::FetchPage { cursor } => {
            let query = ListQuery { limit: PAGE_ROWS, cursor: cursor.clone(), ..ListQuery::default() };
            Event::Page { cursor: cursor.clone(), page: terminal.list(&query)? }
        }
        Effect::FetchReceipt { attempt, copy, language } => {
            let request = ReceiptRequest { columns: Columns::C32, language: *language, copy: *copy };
            Event::Slip { attempt: attempt.clone(), copy: *copy, slip: terminal.receipt(attempt, request)? }
        }
        Effect::Resolve => Event::Resolved(terminal.resolve()?),
        Effect::Verify => {
            let report = terminal.verify()?;
            Event::Verified { size: report.size, root: hex::encode_lower(&report.root) }
        }
        _ => unreachable!("done elsewhere: no question of this kind to an open terminal"),
    }))
}

fn failed(effect: Effect, error: Error) -> Message {
    Message::Event(Event::Failed { effect, error })
}

/// What panics below is a till that failed.
fn guarded<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(ErrorCode::TillFailed.into()))
}

/// How many payments a page of the history has.
const PAGE_ROWS: u32 = 10;
