//! The card's side: one long-lived thread that speaks to whatever card is in the field, or waits for a reader of
//! somebody else's.
//!
//! A platform's `transceive` may take seconds; it happens here and nowhere else, so that `cancel` and `status`
//! never wait for a card. Each presented card has a number, and so has each response: what an earlier card
//! still says is dropped by its number.
//!
//! It never keeps a card command or a response. Evidence: `terminal/driver/tests.rs`, `mod tests` below.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::ports::{CardChannel, CardFault, EncryptedRead, EncryptedReader, ReadRequest, ReaderFault};
use crate::secret::on_a_wiped_stack;

/// What a card answered.
pub(crate) struct CardSaid {
    /// Which card: the number given to `take` or `read`.
    pub card: u64,
    pub word: CardWord,
}

/// What came from the card's side.
pub(crate) enum CardWord {
    /// The response APDU, which may hold card data and is wiped, or how the tap ended.
    Response(Result<Zeroizing<Vec<u8>>, CardFault>),
    /// A finished read, or why there is none.
    Read(Result<EncryptedRead, ReaderFault>),
}

enum Command {
    Take { card: u64, channel: Arc<dyn CardChannel> },
    Transmit(Vec<u8>),
    Read { card: u64, reader: Option<Arc<dyn EncryptedReader>>, request: ReadRequest },
    Release,
}

/// How long closing waits for a card command that is under way.
const FAREWELL_MS_MAX: u64 = 500;
const HURRY_MS: u64 = 10;

/// The thread that speaks to cards. Dropping it waits for the command that is under way, but not for ever: a
/// platform that hangs keeps its thread, which ends by itself with the command.
pub(crate) struct Reader {
    commands: Option<Sender<Command>>,
    /// Nothing is sent on it; it ends with the thread.
    ended: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Reader {
    /// Starts the thread. `hear` is called on it and must not wait.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(crate) fn start(hear: impl Fn(CardSaid) + Send + 'static) -> io::Result<Self> {
        let (commands, inbox) = channel();
        let (running, ended) = channel::<()>();
        let thread = std::thread::Builder::new().name("taptill-card".to_owned()).spawn(move || {
            serve(&inbox, &hear);
            drop(running);
        })?;
        Ok(Self { commands: Some(commands), ended, thread: Some(thread) })
    }

    /// Speaks to this card from now on.
    pub(crate) fn take(&self, card: u64, channel: Arc<dyn CardChannel>) {
        self.say(Command::Take { card, channel });
    }

    /// Sends a command APDU to it.
    pub(crate) fn transmit(&self, command: Vec<u8>) {
        self.say(Command::Transmit(command));
    }

    /// Has this reader make a finished read.
    pub(crate) fn read(&self, card: u64, reader: Option<Arc<dyn EncryptedReader>>, request: ReadRequest) {
        self.say(Command::Read { card, reader, request });
    }

    /// Lets it go.
    pub(crate) fn release(&self) {
        self.say(Command::Release);
    }

    fn say(&self, command: Command) {
        if let Some(commands) = &self.commands {
            // A thread that is gone says nothing more; the tap then ends by its own deadline or by `cancel`.
            let _gone = commands.send(command);
        }
    }
}

impl Reader {
    /// Ends the thread, and waits for the command that is under way, but not for ever. What can hurry it is said at
    /// once and again while it is waited for.
    pub(crate) fn end(&mut self, hurry: impl Fn()) {
        self.commands = None;
        let Some(thread) = self.thread.take() else { return };
        for _ in 0..FAREWELL_MS_MAX / HURRY_MS {
            hurry();
            if self.ended.recv_timeout(Duration::from_millis(HURRY_MS)) != Err(RecvTimeoutError::Timeout) {
                let _panicked = thread.join();
                return;
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.end(|| ());
    }
}

fn serve(inbox: &Receiver<Command>, hear: &impl Fn(CardSaid)) {
    let mut present: Option<(u64, Arc<dyn CardChannel>)> = None;
    for command in inbox {
        match command {
            Command::Take { card, channel } => present = Some((card, channel)),
            Command::Release => present = None,
            Command::Transmit(apdu) => {
                let Some((card, channel)) = &present else { continue };
                let response = on_a_wiped_stack(|| transceive(&**channel, &apdu).map(Zeroizing::new));
                hear(CardSaid { card: *card, word: CardWord::Response(response) });
            }
            Command::Read { card, reader, request } => {
                hear(CardSaid { card, word: CardWord::Read(read(reader.as_deref(), &request)) });
            }
        }
    }
}

/// A channel that panics is a reader that failed: this thread has the next card to speak to.
fn transceive(channel: &dyn CardChannel, apdu: &[u8]) -> Result<Vec<u8>, CardFault> {
    catch_unwind(AssertUnwindSafe(|| channel.transceive(apdu))).unwrap_or(Err(CardFault::ReaderFailed))
}

/// A reader that panics has failed, and one that is not there is not ready.
fn read(reader: Option<&dyn EncryptedReader>, request: &ReadRequest) -> Result<EncryptedRead, ReaderFault> {
    let Some(reader) = reader else { return Err(ReaderFault::NotReady) };
    catch_unwind(AssertUnwindSafe(|| reader.read(request))).unwrap_or(Err(ReaderFault::Failed))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Hangs until the test lets go.
    struct Hanging(Mutex<Receiver<()>>);

    impl CardChannel for Hanging {
        fn transceive(&self, _: &[u8]) -> Result<Vec<u8>, CardFault> {
            let _let_go = self.0.lock().unwrap().recv();
            Err(CardFault::Lost)
        }
    }

    #[test]
    fn a_platform_that_hangs_does_not_keep_the_terminal_from_closing() {
        let (said, heard) = channel();
        let reader = Reader::start(move |card: CardSaid| said.send(card.card).unwrap()).unwrap();
        let (let_go, held) = channel();
        reader.take(4, Arc::new(Hanging(Mutex::new(held))));
        reader.transmit(vec![0]);
        drop(reader);
        let_go.send(()).unwrap();
        assert_eq!(heard.into_iter().collect::<Vec<_>>(), [4], "the thread ends by itself");
    }

    #[test]
    fn a_card_that_was_let_go_gets_no_command() {
        struct Untouchable;
        impl CardChannel for Untouchable {
            fn transceive(&self, _: &[u8]) -> Result<Vec<u8>, CardFault> {
                panic!("a card that was let go is not spoken to")
            }
        }
        let (said, heard) = channel();
        let reader = Reader::start(move |card: CardSaid| said.send(card.card).unwrap()).unwrap();
        reader.transmit(vec![1]);
        reader.take(1, Arc::new(Untouchable));
        reader.release();
        reader.transmit(vec![2]);
        drop(reader);
        assert_eq!(heard.into_iter().count(), 0);
    }
}
