//! The desk's thread: takes what happens in order, shows what follows and has it done.
//!
//! Everything arrives through one queue: intents, what the terminal says, cards, results. The thread waits for
//! nothing else; what takes time is done on a thread of its own and comes back through the queue. The only lock
//! is around the screen that was shown last, and it is never held while calling out.
//!
//! It never decides what a person sees. What was typed is wiped when it is replaced or used, or its screen is gone.
//! Evidence: `tests/desk_sale.rs`, `tests/desk_life.rs`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::account::Provisioning;
use crate::desk::goodbyes::Place;
use crate::desk::people::{Arrived, Typed};
use crate::desk::work::{Job, Opened};
use crate::desk::{Code, Display, Shown};
use crate::error::{Error, ErrorCode};
use crate::ports::{CardChannel, Notice, Observer, Ports};
use crate::screen::{Effect, Event, FieldName, Intent, ScreenKind, State, draw, step};
use crate::secret::SecretBytes;
use crate::terminal::Terminal;
use crate::text::Language;
use crate::till::RecoveryCode;

/// Everything that can reach the thread.
pub(super) enum Message {
    /// A person wants something.
    Intent(Intent),
    /// The terminal says something, or an effect has its result.
    Event(Event),
    /// The till is open.
    Opened(Box<Opened>),
    /// Somebody has come, perhaps with a recovery code to be shown.
    Arrived(Box<Arrived>),
    /// Something was typed.
    Enter(FieldName, SecretBytes),
    /// A provisioning, or why it cannot be read.
    Provision(Box<Result<Provisioning, Error>>),
    /// There is a place for records.
    Place(Place),
    /// A card is in the field.
    Present(Arc<dyn CardChannel>),
    /// More than one card is in the field.
    Collision,
    /// End.
    Close,
}

/// The thread's whole state.
pub(super) struct Run {
    home: PathBuf,
    ports: Ports,
    display: Arc<dyn Display>,
    messages: Sender<Message>,
    shown: Shown,
    /// The first screen is shown whatever it is.
    has_shown: bool,
    state: State,
    terminal: Option<Arc<Terminal>>,
    /// Handed over and not used yet.
    provisioning: Option<Provisioning>,
    /// What was typed on the present screen and not used yet.
    typed: Typed,
    code: Code,
    /// Lent for records and not used yet.
    place: Option<Place>,
    jobs: Vec<JoinHandle<()>>,
}

impl Run {
    pub(super) fn new(
        home: &Path,
        ports: Ports,
        language: Language,
        display: Arc<dyn Display>,
        messages: Sender<Message>,
    ) -> Self {
        let state = State::new(language);
        let ear = Ear { messages: messages.clone(), inner: Arc::clone(&ports.observer) };
        Self {
            home: home.to_owned(),
            ports: Ports { observer: Arc::new(ear), ..ports },
            display,
            messages,
            shown: Arc::new(Mutex::new(draw(&state))),
            has_shown: false,
            state,
            terminal: None,
            provisioning: None,
            typed: Typed::default(),
            code: Code::default(),
            place: None,
            jobs: Vec::new(),
        }
    }

    pub(super) fn shown(&self) -> Shown {
        Arc::clone(&self.shown)
    }

    pub(super) fn code(&self) -> Code {
        Arc::clone(&self.code)
    }

    /// Opens the till, says so when the first screen is there, and works until it is closed.
    pub(super) fn serve(mut self, inbox: &Receiver<Message>, opened: &Sender<()>) {
        let first = self.job().open(None);
        self.take(first);
        let _nobody_waits = opened.send(());
        loop {
            match inbox.recv() {
                Ok(Message::Close) | Err(_) => break,
                Ok(message) => self.take(message),
            }
        }
        self.end(inbox);
    }

    /// Closes the till first, so that whoever waits for it hears so, and then waits for them.
    fn end(mut self, inbox: &Receiver<Message>) {
        if let Some(terminal) = self.terminal.take() {
            let _what_it_had_ended_with = terminal.close();
        }
        for job in self.jobs.drain(..) {
            let _panicked = job.join();
        }
        // A till that was opened meanwhile is closed with what is left in the queue.
        inbox.try_iter().for_each(drop);
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Intent(intent) => {
                if let (true, Some(terminal)) = (intent.is_a_touch(), &self.terminal) {
                    terminal.touch();
                }
                self.step(Event::Intent(intent));
            }
            Message::Event(event) => self.step(event),
            Message::Opened(opened) => {
                self.terminal = Some(opened.terminal);
                self.step(Event::Opened { who: opened.who });
            }
            Message::Arrived(arrived) => {
                self.keep_code(arrived.code.map(Arc::new));
                self.step(arrived.event);
            }
            Message::Enter(field, value) => {
                if draw(&self.state).fields.iter().any(|asked| asked.name == field) {
                    self.typed.insert(field, value);
                }
            }
            Message::Provision(read) => self.provision(*read),
            Message::Place(place) => {
                self.place = Some(place);
                self.step(Event::PlaceGiven);
            }
            Message::Present(channel) => {
                self.step(Event::Presented);
                if let Some(terminal) = &self.terminal {
                    // A terminal that has ended says why with the sale.
                    let _ended = terminal.present(channel);
                }
            }
            Message::Collision => {
                if let Some(terminal) = &self.terminal {
                    let _ended = terminal.collision();
                }
            }
            Message::Close => {}
        }
    }

    /// What nobody asked for, or the till cannot use, is wiped at once.
    fn provision(&mut self, read: Result<Provisioning, Error>) {
        match read {
            Ok(provisioning) => {
                self.provisioning = Some(provisioning);
                self.step(Event::ProvisioningGiven);
                self.provisioning = None;
            }
            Err(error) => {
                self.step(Event::ProvisioningGiven);
                self.step(Event::Failed { effect: Effect::Provision, error });
            }
        }
    }

    fn step(&mut self, event: Event) {
        let kind = draw(&self.state).kind;
        let (next, effects) = step(self.state.clone(), event);
        self.state = next;
        self.show();
        for effect in effects {
            self.perform(effect);
        }
        self.let_go(kind);
    }

    /// What was typed for a screen that is gone, and a place that nobody wants any more.
    fn let_go(&mut self, kind: ScreenKind) {
        if draw(&self.state).kind != kind {
            self.typed.clear();
        }
        if !self.state.wants_a_place() {
            self.place = None;
        }
    }

    fn show(&mut self) {
        let screen = draw(&self.state);
        {
            let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
            if self.has_shown && *shown == screen {
                return;
            }
            shown.clone_from(&screen);
        }
        if screen.kind != ScreenKind::RecoveryCode {
            self.keep_code(None);
        }
        self.has_shown = true;
        self.call(&screen);
    }

    /// A display is asked nothing and holds nothing up, not even by a panic.
    fn call(&self, screen: &crate::screen::Screen) {
        let _panicked = catch_unwind(AssertUnwindSafe(|| self.display.show(screen)));
    }

    fn perform(&mut self, effect: Effect) {
        self.jobs.retain(|job| !job.is_finished());
        match effect {
            Effect::Taken { attempt } => {
                if let Some(terminal) = &self.terminal {
                    terminal.taken(&attempt);
                }
            }
            Effect::Open => {
                let old = self.terminal.take();
                let job = self.job();
                self.spawn(Effect::Open, move || job.say(job.open(old)));
            }
            Effect::Provision => {
                let Some(provisioning) = self.provisioning.take() else { return };
                let job = self.job();
                self.spawn(Effect::Provision, move || job.say(job.provision(&provisioning)));
            }
            Effect::Mint => self.job().mint(),
            Effect::WipeCode => self.keep_code(None),
            effect => self.ask(effect),
        }
    }

    /// What was there before is wiped with the last that holds it.
    fn keep_code(&self, code: Option<Arc<RecoveryCode>>) {
        *self.code.lock().unwrap_or_else(PoisonError::into_inner) = code;
    }

    /// Has the terminal asked; without one, the answer is that it is closed.
    fn ask(&mut self, effect: Effect) {
        let job = self.job();
        match self.terminal.clone() {
            Some(terminal) => {
                let asked = effect.clone();
                let typed = if effect.takes_typed() { std::mem::take(&mut self.typed) } else { Typed::default() };
                let place = if effect.takes_place() { self.place.take() } else { None };
                self.spawn(effect, move || job.ask(terminal, asked, typed, place));
            }
            None => job.fail(effect, ErrorCode::TerminalClosed.into()),
        }
    }

    fn spawn(&mut self, effect: Effect, work: impl FnOnce() + Send + 'static) {
        let thread = std::thread::Builder::new().name("taptill-desk-job".to_owned()).spawn(work);
        match thread {
            Ok(thread) => self.jobs.push(thread),
            Err(_) => self.job().fail(effect, Error::from(ErrorCode::StorageFailed).word("resource", "thread")),
        }
    }

    fn job(&self) -> Job {
        Job { home: self.home.clone(), ports: self.ports.clone(), messages: self.messages.clone() }
    }
}

/// Hears for the desk what the terminal says, and passes it on.
struct Ear {
    messages: Sender<Message>,
    inner: Arc<dyn Observer>,
}

impl Observer for Ear {
    fn hear(&self, notice: &Notice) {
        // A desk that has ended shows nothing more.
        let _ended = self.messages.send(Message::Event(Event::Notice(notice.clone())));
        self.inner.hear(notice);
    }
}
