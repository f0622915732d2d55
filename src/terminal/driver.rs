//! The till's thread: feeds the machine what happens and carries out what it says.
//!
//! Everything arrives through one queue: callers' questions, card responses, connection events. The thread
//! waits for nothing else, so a question is answered while a card is slow or a host is silent. News of an
//! earlier card or connection is known by its number and dropped.
//!
//! A test's fault plan may end the thread before or after `send`, `receive` and `tell`; it then does nothing
//! more, as if the process had ended there. It decides nothing about money. Evidence: `driver/tests.rs`.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use zeroize::Zeroizing;

use crate::acquirer::{LinkEvent, LinkFault};
use crate::clock::{MonoMs, Now};
use crate::emv::CardEvent;
use crate::error::{Error, ErrorCode};
use crate::ids::AttemptId;
use crate::payment::{CardCommand, LinkCommand, Ticket};
use crate::ports::{CardChannel, CardFault, Fate, KillPoint, Moment, Ports, Posture};
use crate::secret::{Secret, wipe_stack};
use crate::terminal::calls::{Ending, Said, say};
use crate::terminal::derive::{Deriver, Recogniser};
use crate::terminal::net::{NetEvent, NetHappening};
use crate::terminal::reader::{CardSaid, CardWord, Reader};
use crate::terminal::reads::{CANCEL_AGAIN_MS, Reads};
use crate::till::{Ask, Input, NetworkCommand, Output, Recognised, Till};

/// What this thread drives: the till, or a scripted one in a test.
pub(crate) trait Machine: Send {
    /// Takes one input and says what to do.
    fn handle(&mut self, input: Input<'_>, now: Now) -> Vec<Output>;
    /// What to say to whoever waits, before it is closed.
    fn farewell(&mut self) -> Vec<Output>;
    /// Writes what is left to write.
    fn close(self, now: Now) -> Result<(), Error>;
}

impl Machine for Till {
    fn handle(&mut self, input: Input<'_>, now: Now) -> Vec<Output> {
        Till::handle(self, input, now)
    }

    fn farewell(&mut self) -> Vec<Output> {
        Till::farewell(self)
    }

    fn close(self, now: Now) -> Result<(), Error> {
        Till::close(self, now)
    }
}

/// The way to the host, real or scripted.
pub(crate) trait Wire: Send {
    /// It may be used from now on.
    ///
    /// # Errors
    /// What keeps it from ever being used.
    fn arm(&mut self, command: NetworkCommand) -> Result<(), Error>;
    /// Opens a connection under this number, after closing any other.
    fn open(&self, line: u64);
    /// Writes bytes, all at once.
    fn send(&self, bytes: Zeroizing<Vec<u8>>);
    /// Closes the connection; nothing more is heard of it.
    fn close(&self);
}

/// Everything that can reach the thread.
pub(crate) enum Message {
    /// A caller asks and waits.
    Ask(Ask, Sender<Said>),
    /// A caller has taken an attempt's result.
    Taken(AttemptId),
    /// A person has done something.
    Touch,
    /// A card is in the field.
    Present(Arc<dyn CardChannel>),
    /// More than one card is in the field.
    Collision,
    /// A card answered.
    Card(CardSaid),
    /// The connection did something.
    Net(NetEvent),
    /// A derivation is done; nothing where there was no room for it.
    Derived(Option<Secret<32>>),
    /// The device has recognised somebody, or not.
    Recognised(Recognised),
    /// End.
    Close,
}

/// Whether a card is wanted, and which one is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Off,
    Awaiting,
    Card(u64),
    /// Somebody else's reader waits for one and reads it.
    Read(u64),
}

/// What this thread has to tell the machine by itself.
enum OwnNews {
    /// There is no connection.
    Fault(LinkFault),
    /// The network that the device is on.
    Posture(Posture),
}

/// Why the loop ends.
enum End {
    /// Somebody closed the terminal.
    Closed,
    /// The engine or a fault plan can do no more.
    Stopped(Error),
}

/// Notes, where a panic ends the thread, that money may have moved: what was under way is not known here.
struct PanicNote(Ending);

impl Drop for PanicNote {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.note(ErrorCode::TillFailed.into());
        }
    }
}

/// The thread's whole state.
pub(crate) struct Driver<M, W> {
    /// First, so that the reason stands before those who wait are let go.
    _panic_note: PanicNote,
    machine: M,
    ports: Ports,
    wire: W,
    /// Before the thread, so that a read is cancelled before its end is waited for.
    reads: Reads,
    reader: Reader,
    deriver: Deriver,
    recogniser: Recogniser,
    inbox: Receiver<Message>,
    ending: Ending,
    waiting: BTreeMap<Ticket, Sender<Said>>,
    tickets: u64,
    cards: u64,
    field: Field,
    /// The number of the last connection, and whether it is still meant.
    line: u64,
    line_is_meant: bool,
    /// What this thread tells the engine by itself, after the outputs at hand.
    own_news: VecDeque<OwnNews>,
    wake_at: Option<MonoMs>,
    /// Whether the machine has no way to the host: it is locked, signed out or nobody's.
    is_shut: bool,
}

impl<M: Machine, W: Wire> Driver<M, W> {
    pub(crate) fn new(
        machine: M,
        ports: Ports,
        wire: W,
        reader: Reader,
        (deriver, recogniser): (Deriver, Recogniser),
        inbox: Receiver<Message>,
        ending: Ending,
    ) -> Self {
        Self {
            _panic_note: PanicNote(ending.clone()),
            reads: Reads::new(ports.encrypted_reader.clone()),
            machine,
            ports,
            wire,
            reader,
            deriver,
            recogniser,
            inbox,
            ending,
            waiting: BTreeMap::new(),
            tickets: 0,
            cards: 0,
            field: Field::Off,
            line: 0,
            line_is_meant: false,
            own_news: VecDeque::new(),
            wake_at: None,
            is_shut: true,
        }
    }

    /// Works until somebody closes the terminal or the engine can do no more. The first tick lets the engine take
    /// up what an earlier run left.
    pub(crate) fn run(mut self) {
        let end = match self.feed(Input::Tick) {
            Ok(()) => self.serve(),
            Err(end) => end,
        };
        let end = if let End::Closed = end { self.say_farewell() } else { end };
        if let End::Stopped(error) = &end {
            self.ending.note(error.clone());
        }
        self.wire.close();
        self.reads.release();
        self.reader.release();
        // Whoever still waits hears why; whoever asks from now on finds the queue gone.
        for caller in std::mem::take(&mut self.waiting).into_values() {
            say(&caller, Said::Done(Err(self.ending.error())));
        }
        if let End::Closed = end
            && let Err(error) = self.machine.close(self.ports.clock.now())
        {
            self.ending.note(error);
        }
        self.reader.end(|| self.reads.cancel_again());
    }

    /// Whoever waits for a payment that may have left hears that it is in doubt, and not merely that the till closed.
    fn say_farewell(&mut self) -> End {
        let outputs = self.machine.farewell();
        match self.carry_out_all(outputs) {
            Err(End::Stopped(error)) if error.code() != ErrorCode::TerminalClosed => End::Stopped(error),
            _ => End::Closed,
        }
    }

    fn serve(&mut self) -> End {
        loop {
            let worked = match self.next_message() {
                Some(message) => self.take(message),
                None => {
                    self.reads.cancel_again();
                    self.feed(Input::Tick)
                }
            };
            if let Err(end) = worked {
                return end;
            }
        }
    }

    /// The next message, or `None` when it is time to tick.
    fn next_message(&self) -> Option<Message> {
        let until_tick = self.wake_at.map(|at| at.0.saturating_sub(self.ports.clock.now().mono.0).max(1));
        let until_cancel = self.reads.is_being_cancelled().then_some(CANCEL_AGAIN_MS);
        let wait_ms = until_tick.into_iter().chain(until_cancel).min();
        let Some(wait_ms) = wait_ms else { return Some(self.inbox.recv().unwrap_or(Message::Close)) };
        match self.inbox.recv_timeout(Duration::from_millis(wait_ms)) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Message::Close),
        }
    }

    fn take(&mut self, message: Message) -> Result<(), End> {
        match message {
            Message::Ask(ask, caller) => self.ask(ask, caller),
            Message::Taken(attempt) => self.feed(Input::Taken { attempt }),
            Message::Touch => self.feed(Input::Touch),
            Message::Present(channel) => self.present(channel),
            Message::Collision if matches!(self.field, Field::Off | Field::Read(_)) => Ok(()),
            Message::Collision => self.feed(Input::Card(CardEvent::Collision)),
            Message::Card(said) => self.card_said(said),
            Message::Net(event) => self.net_event(event),
            Message::Derived(key) => {
                let took_ms = self.deriver.done(self.ports.clock.now());
                self.feed(Input::Derived { key, took_ms })
            }
            Message::Recognised(said) => self.feed(Input::Recognised(said)),
            Message::Close => Err(End::Closed),
        }
    }

    fn ask(&mut self, ask: Ask, caller: Sender<Said>) -> Result<(), End> {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.waiting.insert(ticket, caller);
        if ask.needs_network() {
            let posture = self.ports.network_posture.posture();
            self.feed(Input::Network { posture })?;
        }
        self.feed(Input::Ask { ticket, ask })
    }

    /// A card that nobody waits for is let go at once.
    fn present(&mut self, channel: Arc<dyn CardChannel>) -> Result<(), End> {
        if self.field != Field::Awaiting {
            return Ok(());
        }
        self.cards += 1;
        self.field = Field::Card(self.cards);
        self.reader.take(self.cards, channel);
        self.feed(Input::Card(CardEvent::Found))
    }

    fn card_said(&mut self, said: CardSaid) -> Result<(), End> {
        match said.word {
            CardWord::Response(response) if self.field == Field::Card(said.card) => {
                self.feed(Input::Card(match &response {
                    Ok(response) => CardEvent::Response(response),
                    Err(CardFault::TimedOut) => CardEvent::TimedOut,
                    // A reader that failed has no card any more, whatever lies on it.
                    Err(CardFault::Lost | CardFault::ReaderFailed) => CardEvent::Lost,
                }))
            }
            CardWord::Response(_) => Ok(()),
            CardWord::Read(read) => {
                let is_wanted = self.field == Field::Read(said.card);
                self.reads.returned(said.card, &self.reader);
                if !is_wanted {
                    return Ok(());
                }
                self.field = Field::Off;
                self.feed(Input::Read(read))
            }
        }
    }

    fn net_event(&mut self, event: NetEvent) -> Result<(), End> {
        if event.line != self.line || !self.line_is_meant {
            return Ok(());
        }
        match event.what {
            NetHappening::Connected => self.feed(Input::Link(LinkEvent::Connected)),
            NetHappening::Received(bytes) => {
                self.pass(Moment::Before, "receive")?;
                self.feed(Input::Link(LinkEvent::Received(&bytes)))?;
                self.pass(Moment::After, "receive")
            }
            NetHappening::NotConnected(fault) => {
                self.line_is_meant = false;
                self.feed(Input::Link(LinkEvent::NotConnected(fault)))
            }
            NetHappening::Broken(fault) => {
                self.line_is_meant = false;
                self.feed(Input::Link(LinkEvent::Broken(fault)))
            }
        }
    }

    /// Gives the engine one input, carries out what it says, and goes on with what that led to.
    fn feed(&mut self, input: Input<'_>) -> Result<(), End> {
        let outputs = self.work(input);
        self.carry_out_all(outputs)?;
        while let Some(news) = self.own_news.pop_front() {
            let outputs = match news {
                OwnNews::Fault(fault) => self.work(Input::Link(LinkEvent::NotConnected(fault))),
                OwnNews::Posture(posture) => self.work(Input::Network { posture }),
            };
            self.carry_out_all(outputs)?;
        }
        Ok(())
    }

    /// Lets the machine handle an input. Once it is shut, and as long as it is, nothing that it worked with stays on
    /// the stack, and nobody is told anything before.
    #[inline(never)]
    fn work(&mut self, input: Input<'_>) -> Vec<Output> {
        let outputs = handle(&mut self.machine, input, self.ports.clock.now());
        for output in &outputs {
            if let Output::Network(command) = output {
                self.is_shut = matches!(command, NetworkCommand::Disarm);
            }
        }
        if self.is_shut {
            wipe_stack();
        }
        outputs
    }

    fn carry_out_all(&mut self, outputs: Vec<Output>) -> Result<(), End> {
        self.wake_at = None;
        outputs.into_iter().try_for_each(|output| self.carry_out(output))
    }

    fn carry_out(&mut self, output: Output) -> Result<(), End> {
        match output {
            Output::Card(command) => self.command_card(command),
            Output::Link(command) => return self.command_link(command),
            Output::Network(command) => return self.command_network(command),
            Output::LookAtNetwork => {
                let posture = self.ports.network_posture.posture();
                self.own_news.push_back(OwnNews::Posture(posture));
            }
            Output::Derive(work) => self.deriver.begin(work, self.ports.clock.now()),
            Output::Recognise(work) => self.recogniser.begin(work),
            Output::Notice(notice) => {
                // It is asked nothing and holds nothing up, not even by a panic.
                let _panicked = catch_unwind(AssertUnwindSafe(|| self.ports.observer.hear(&notice)));
            }
            Output::Begun { ticket, attempt } => {
                if let Some(caller) = self.waiting.get(&ticket) {
                    say(caller, Said::Begun(attempt));
                }
            }
            Output::Tell { ticket, result } => {
                self.pass(Moment::Before, "tell")?;
                if let Some(caller) = self.waiting.remove(&ticket) {
                    say(&caller, Said::Done(result));
                }
                return self.pass(Moment::After, "tell");
            }
            Output::WakeAt(at) => self.wake_at = Some(at),
            Output::Stopped(error) => return Err(End::Stopped(error)),
        }
        Ok(())
    }

    fn command_card(&mut self, command: CardCommand) {
        match command {
            CardCommand::Await => self.let_go(Field::Awaiting),
            CardCommand::Transmit(apdu) => self.reader.transmit(apdu),
            CardCommand::Read(request) => {
                self.cards += 1;
                self.let_go(Field::Read(self.cards));
                self.reads.begin(self.cards, request, &self.reader);
            }
            CardCommand::Release => self.let_go(Field::Off),
        }
    }

    fn let_go(&mut self, field: Field) {
        self.reads.release();
        self.reader.release();
        self.field = field;
    }

    fn command_link(&mut self, command: LinkCommand) -> Result<(), End> {
        match command {
            LinkCommand::Connect if self.ports.network_posture.posture() == Posture::Absent => {
                self.line_is_meant = false;
                self.own_news.push_back(OwnNews::Fault(LinkFault::NetworkAbsent));
            }
            LinkCommand::Connect => {
                self.line += 1;
                self.line_is_meant = true;
                self.wire.open(self.line);
            }
            LinkCommand::Send(bytes) => {
                self.pass(Moment::Before, "send")?;
                self.wire.send(bytes);
                return self.pass(Moment::After, "send");
            }
            LinkCommand::Disconnect => {
                self.line_is_meant = false;
                self.wire.close();
            }
        }
        Ok(())
    }

    fn command_network(&mut self, command: NetworkCommand) -> Result<(), End> {
        if let NetworkCommand::Disarm = command {
            self.line_is_meant = false;
        }
        self.wire.arm(command).map_err(End::Stopped)
    }

    /// A point at which a test may end this thread. The disk's faults are the journal's to suffer.
    fn pass(&self, moment: Moment, step: &'static str) -> Result<(), End> {
        match self.ports.faults.reach(KillPoint { moment, step }) {
            Fate::Die => Err(End::Stopped(ErrorCode::StoppedByFaultPlan.into())),
            Fate::GoOn | Fate::DiskFull | Fate::SyncFailed | Fate::Locked => Ok(()),
        }
    }
}

/// A frame of its own for all that the machine does.
#[inline(never)]
fn handle<M: Machine>(machine: &mut M, input: Input<'_>, now: Now) -> Vec<Output> {
    machine.handle(input, now)
}

#[cfg(test)]
mod tests;
