//! A card in the field: the channel that a reader holds for one tap.
//!
//! The card outlives its taps: it keeps its counter, and whether its holder has looked at the phone. A tap
//! is strict: what was selected is forgotten by a failed selection, options are given once a selection, and
//! after the card has left or gone silent the channel is dead ([`CardFault::ReaderFailed`]).
//! It never sleeps: a slow card says how long it takes to a hook. Evidence: `tests/card_channel.rs`.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ring::digest;
use taptill::ports::{CardChannel, CardFault};

use super::apdu::{
    Command, SW_CONDITIONS_NOT_SATISFIED, SW_FILE_NOT_FOUND, SW_OK, SW_RECORD_NOT_FOUND, SW_SEE_PHONE, SW_WRONG_LENGTH,
    StatusWord,
};
use super::application::{DIRECTORY_NAME, Personalised};
use super::counter::Counter;
use super::personality::{Application, CardInfo, Misbehaviour, Personality};
use super::transaction::{Options, Request};

/// Told how many milliseconds a slow card takes before each answer; a shell may sleep, a test may count.
pub type DelayHook = Arc<dyn Fn(u64) + Send + Sync>;

/// A card in somebody's pocket. [`tap`](Self::tap) brings it into the field.
#[derive(Clone)]
pub struct SimulatedCard {
    personality: &'static Personality,
    card: Arc<Personalised>,
    memory: Arc<Mutex<Memory>>,
    delay: DelayHook,
}

/// What a card remembers from tap to tap.
struct Memory {
    counter: Counter,
    /// Whether the holder has looked at the phone since the last payment.
    unlocked: bool,
}

/// A card in the field, for one tap.
pub struct PresentedCard {
    card: Arc<Personalised>,
    memory: Arc<Mutex<Memory>>,
    delay: DelayHook,
    tap: Mutex<Tap>,
}

struct Tap {
    commands: u32,
    /// None once the card has left or gone silent.
    stage: Option<Stage>,
}

/// What the card has been asked so far, and what it therefore holds.
enum Stage {
    /// No application is selected.
    Idle,
    /// An application is selected; `name` is what selected it.
    Selected { application: &'static Application, name: Vec<u8>, index: usize },
    /// Options were given; records can be read.
    Started { options: Box<Options> },
}

impl SimulatedCard {
    pub(super) fn new(personality: &'static Personality) -> Self {
        Self::made(personality, personality.misbehaviour)
    }

    fn made(personality: &'static Personality, misbehaviour: Misbehaviour) -> Self {
        Self {
            personality,
            card: Arc::new(Personalised::new(personality, misbehaviour)),
            memory: Arc::new(Mutex::new(Memory { counter: Counter::Memory(0), unlocked: false })),
            delay: Arc::new(|_| ()),
        }
    }

    /// Another card like this one, with this misbehaviour instead of its own and its counter at zero.
    #[must_use]
    pub fn misbehaving(self, misbehaviour: Misbehaviour) -> Self {
        Self { delay: self.delay, ..Self::made(self.personality, misbehaviour) }
    }

    /// This card, keeping its transaction counter in a file, so that it outlives the process.
    #[must_use]
    pub fn counting_in(self, file: PathBuf) -> Self {
        lock(&self.memory).counter = Counter::File(file);
        self
    }

    /// This card, with its transaction counter at `last`: the next transaction is one more.
    #[must_use]
    pub fn counted_to(self, last: u16) -> Self {
        lock(&self.memory).counter = Counter::Memory(last);
        self
    }

    /// This card, telling `hook` how long it takes.
    #[must_use]
    pub fn delayed_by(self, hook: DelayHook) -> Self {
        Self { delay: hook, ..self }
    }

    /// What the card is.
    #[must_use]
    pub fn info(&self) -> CardInfo {
        self.personality.info()
    }

    /// Brings the card into the field. Each tap has a channel of its own; the counter is the card's.
    #[must_use]
    pub fn tap(&self) -> Arc<PresentedCard> {
        Arc::new(PresentedCard {
            card: Arc::clone(&self.card),
            memory: Arc::clone(&self.memory),
            delay: Arc::clone(&self.delay),
            tap: Mutex::new(Tap { commands: 0, stage: Some(Stage::Idle) }),
        })
    }
}

impl PresentedCard {
    /// How many commands have reached the card, the ones after its leaving included.
    #[must_use]
    pub fn commands(&self) -> u32 {
        lock(&self.tap).commands
    }

    fn answer(&self, stage: &mut Stage, command: &[u8]) -> Result<Vec<u8>, CardFault> {
        let answered = match Command::parse(command) {
            Err(refusal) => Ok(Err(refusal)),
            Ok(Command::Select { name, next }) => Ok(self.select(stage, name, next)),
            Ok(Command::GetProcessingOptions { values }) => self.options(stage, values),
            Ok(Command::ReadRecord { file, record }) => Ok(read_record(stage, file, record)),
        };
        let (mut response, status) = match answered? {
            Ok(response) => (response, SW_OK),
            Err(refusal) => (Vec::new(), refusal),
        };
        response.extend(status.to_be_bytes());
        Ok(response)
    }

    fn select(&self, stage: &mut Stage, name: &[u8], next: bool) -> Result<Vec<u8>, StatusWord> {
        let index = match stage {
            Stage::Selected { name: earlier, index, .. } if next && earlier == name => *index + 1,
            _ if next => return Err(SW_FILE_NOT_FOUND),
            _ => 0,
        };
        *stage = Stage::Idle;
        if name == DIRECTORY_NAME && !next {
            return Ok(self.card.directory());
        }
        let application = *self.card.applications_named(name).get(index).ok_or(SW_FILE_NOT_FOUND)?;
        *stage = Stage::Selected { application, name: name.to_vec(), index };
        Ok(self.card.control_information(application))
    }

    /// The outer result is the channel's, the inner one the card's.
    fn options(&self, stage: &mut Stage, values: &[u8]) -> Result<Result<Vec<u8>, StatusWord>, CardFault> {
        let Stage::Selected { application, .. } = stage else { return Ok(Err(SW_CONDITIONS_NOT_SATISFIED)) };
        let pays = application.pays;
        *stage = Stage::Idle;
        let request = match self.judge(pays, values) {
            Ok(request) => request,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let counted = lock(&self.memory).counter.next();
        let Some(atc) = counted.map_err(|_| CardFault::ReaderFailed)? else {
            return Ok(Err(SW_CONDITIONS_NOT_SATISFIED));
        };
        let options = Box::new(self.card.transact(&request, atc));
        let response = options.response.clone();
        *stage = Stage::Started { options };
        Ok(Ok(response))
    }

    /// Whether this card gives options at all, by its misbehaviour and by what the reader is.
    fn judge(&self, pays: bool, values: &[u8]) -> Result<Request, StatusWord> {
        match self.card.misbehaviour {
            Misbehaviour::RefusesOptions(status) => return Err(status),
            Misbehaviour::AsksNoQualifiers => return Err(SW_CONDITIONS_NOT_SATISFIED),
            Misbehaviour::SeePhone => {
                let mut memory = lock(&self.memory);
                memory.unlocked = !memory.unlocked;
                if memory.unlocked {
                    return Err(SW_SEE_PHONE);
                }
            }
            _ => {}
        }
        let request = Request::read(values).ok_or(SW_WRONG_LENGTH)?;
        if pays && request.reader_speaks_emv() { Ok(request) } else { Err(SW_CONDITIONS_NOT_SATISFIED) }
    }
}

impl CardChannel for PresentedCard {
    fn transceive(&self, command: &[u8]) -> Result<Vec<u8>, CardFault> {
        let mut tap = lock(&self.tap);
        let answered = tap.commands;
        tap.commands += 1;
        let Some(stage) = tap.stage.as_mut() else { return Err(CardFault::ReaderFailed) };
        let outcome = match self.card.misbehaviour {
            Misbehaviour::LeavesAfter(count) if answered >= count => Err(CardFault::Lost),
            Misbehaviour::SilentAfter(count) if answered >= count => Err(CardFault::TimedOut),
            Misbehaviour::GarbageAfter(count) if answered >= count => Ok(garbage(command)),
            Misbehaviour::Slow(delay_ms) => {
                (self.delay)(delay_ms);
                self.answer(stage, command)
            }
            _ => self.answer(stage, command),
        };
        if outcome.is_err() {
            tap.stage = None;
        }
        outcome
    }
}

fn read_record(stage: &Stage, file: u8, record: u8) -> Result<Vec<u8>, StatusWord> {
    let Stage::Started { options } = stage else { return Err(SW_CONDITIONS_NOT_SATISFIED) };
    options.record(file, record).map(<[u8]>::to_vec).ok_or(SW_RECORD_NOT_FOUND)
}

/// Bytes that look like nothing, the same for the same command, behind a status that says all is well.
fn garbage(command: &[u8]) -> Vec<u8> {
    let drawn = digest::digest(&digest::SHA256, command);
    let length = usize::from(drawn.as_ref()[0] % 32);
    [&drawn.as_ref()[..length], &SW_OK.to_be_bytes()].concat()
}

/// A panic elsewhere must not turn a card into a second panic: its state is always whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
