//! The till behind the screens: what a shell holds that only draws.
//!
//! A [`Desk`] owns the terminal, or waits to be provisioned, and is where a person is. A shell sends
//! [`Intent`]s and is given every new [`Screen`] in order; it may ask for the present one at any time, so a
//! rotated or restarted app draws where it was. Dropping it in the middle of a sale loses nothing: the journal
//! has what happened, and the next desk begins with what nobody has seen.
//!
//! What a person types on a keyboard is handed over field by field ([`Desk::enter`]) before the intent that uses it; the
//! recovery code is asked for while its screen is there ([`Desk::recovery_code`]). Neither is part of a screen.
//!
//! All of it happens on one thread of its own, what takes time on others; [`Desk::send`], [`Desk::present`] and
//! [`Desk::collision`] never wait. It decides nothing: `screen` does. Evidence: `tests/desk_sale.rs`,
//! `tests/desk_life.rs`, `tests/desk_people.rs`.

mod goodbyes;
mod people;
mod run;
mod stuck;
mod work;

use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::account::Provisioning;
use crate::desk::run::{Message, Run};
use crate::error::{Error, ErrorCode};
use crate::ports::{CardChannel, ExportSink, Ports};
use crate::screen::{FieldName, Intent, Screen};
use crate::secret::SecretBytes;
use crate::text::Language;
use crate::till::RecoveryCode;

/// Where screens go.
pub trait Display: Send + Sync {
    /// A new screen, in order. Called from the desk's own thread with no lock held: return at once.
    fn show(&self, screen: &Screen);
}

/// A till with a person in front of it.
pub struct Desk {
    messages: Sender<Message>,
    shown: Shown,
    code: Code,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// The screen that was shown last.
type Shown = Arc<Mutex<Screen>>;

/// The recovery code, while its screen is there.
type Code = Arc<Mutex<Option<Arc<RecoveryCode>>>>;

impl Desk {
    /// Opens the till at `home`, as far as it can be opened, and shows its first screen. Waits for the journal.
    ///
    /// # Errors
    /// `storage_failed` where the system gives no thread. Whatever keeps the till from opening is a screen.
    pub fn open(home: &Path, ports: Ports, language: Language, display: Arc<dyn Display>) -> Result<Self, Error> {
        let (messages, inbox) = channel();
        let run = Run::new(home, ports, language, display, messages.clone());
        let (shown, code) = (run.shown(), run.code());
        let (opened, first) = channel();
        let thread = std::thread::Builder::new()
            .name("taptill-desk".to_owned())
            .spawn(move || run.serve(&inbox, &opened))
            .map_err(|_| Error::from(ErrorCode::StorageFailed).word("resource", "thread"))?;
        // A thread that ended before its first screen says so with the next call.
        let _ended = first.recv();
        Ok(Self { messages, shown, code, thread: Mutex::new(Some(thread)) })
    }

    /// A person wants something. What the present screen does not offer is ignored. Does not wait.
    ///
    /// # Errors
    /// `terminal_closed` for a desk that has ended.
    pub fn send(&self, intent: Intent) -> Result<(), Error> {
        self.tell(Message::Intent(intent))
    }

    /// The screen as it is now.
    #[must_use]
    pub fn screen(&self) -> Screen {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Gives the till its provisioning: the file's bytes, which are secret. What it is refused for is a screen.
    ///
    /// # Errors
    /// `terminal_closed` for a desk that has ended.
    pub fn provision(&self, provisioning: &[u8]) -> Result<(), Error> {
        let read = Provisioning::from_json(provisioning).map_err(Error::from);
        self.tell(Message::Provision(Box::new(read)))
    }

    /// What was typed into a field of the present screen, to be used by the next intent that needs it; a name is read
    /// without the spaces around it and in lower case. What the screen has no field for is wiped, as is what was typed
    /// on a screen that is gone. Does not wait.
    ///
    /// # Errors
    /// `terminal_closed` for a desk that has ended.
    pub fn enter(&self, field: FieldName, value: SecretBytes) -> Result<(), Error> {
        self.tell(Message::Enter(field, value))
    }

    /// Where records are to be handed out to, for the screen that asks for it; a place that nobody wants is let go. Does
    /// not wait.
    ///
    /// # Errors
    /// `terminal_closed` for a desk that has ended.
    pub fn export_to(&self, place: Box<dyn ExportSink>) -> Result<(), Error> {
        self.tell(Message::Place(place))
    }

    /// The recovery code, while its screen is there and nobody has written it down.
    #[must_use]
    pub fn recovery_code(&self) -> Option<Arc<RecoveryCode>> {
        self.code.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A card is in the field. One that nobody waits for is let go. Does not wait.
    ///
    /// # Errors
    /// `terminal_closed` for a desk that has ended.
    pub fn present(&self, channel: Arc<dyn CardChannel>) -> Result<(), Error> {
        self.tell(Message::Present(channel))
    }

    /// More than one card is in the field. Does not wait.
    ///
    /// # Errors
    /// `terminal_closed` for a desk that has ended.
    pub fn collision(&self) -> Result<(), Error> {
        self.tell(Message::Collision)
    }

    /// Closes the till and ends every thread. A sale under way goes on in the journal. Closing twice is no error.
    pub fn close(&self) {
        let _ended_already = self.messages.send(Message::Close);
        // Closed inside `show` or a port's call, on a thread of the core's that closing waits for: it ends by itself.
        if std::thread::current().name().is_some_and(|name| name.starts_with("taptill-")) {
            return;
        }
        // Held while joining, so that a second closer returns no sooner than the first.
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _panicked = thread.join();
        }
    }

    fn tell(&self, message: Message) -> Result<(), Error> {
        self.messages.send(message).map_err(|_| ErrorCode::TerminalClosed.into())
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.close();
    }
}

/// A shell may share a desk between its threads.
const _: fn() = || {
    fn may_be_shared<T: Send + Sync>() {}
    may_be_shared::<Desk>();
};
