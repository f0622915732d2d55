//! A whole till for the rows that run one: with the host of the sandbox, and with a card at hand whose own time is
//! counted apart.
//!
//! It counts what the till journals and sends, so that a peer can be given the same number of each.

use std::path::Path;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use taptill::account::Provisioning;
use taptill::ids::AttemptId;
use taptill::money::{Amount, Currency};
use taptill::payment::SaleOrder;
use taptill::payment::state::State;
use taptill::ports::{CardChannel, CardFault, Fate, FaultPlan, KillPoint, Moment, Notice, Observer};
use taptill::terminal::Terminal;
use taptill_sandbox::card::{self, SimulatedCard};
use taptill_sandbox::desktop::desktop_ports;
use taptill_sandbox::people;

/// What every sale of a row is of.
pub const AMOUNT_MINOR: u64 = 1_230;

/// A whole till with a card at hand.
pub struct Till {
    /// It, with a supervisor signed in.
    pub terminal: Terminal,
    field_is_on: Receiver<()>,
    events: Arc<Events>,
    card: SimulatedCard,
    card_ns: Arc<AtomicU64>,
}

/// How long a sale took, without the card, and how many events it journalled, until two moments.
pub struct Sold {
    /// Which it was.
    pub attempt: AttemptId,
    /// Until its caller was told.
    pub told: Duration,
    /// Until the till was at rest.
    pub rest: Duration,
    /// Events until its caller was told.
    pub events_told: u32,
    /// Events until the till was at rest.
    pub events_rest: u32,
}

/// How much a till had journalled and sent.
#[derive(Clone, Copy)]
pub struct Done {
    /// Events.
    pub events: u32,
    /// Messages to the host.
    pub messages: u32,
}

impl Till {
    /// A new one, with its supervisor at it.
    pub fn open(folder: &Path, provisioning: &Provisioning) -> Self {
        let (sender, field_is_on) = channel();
        let events = Arc::new(Events::default());
        let observer = Arc::new(Field(Mutex::new(sender)));
        let ports = desktop_ports(&folder.join("device"), observer, events.clone()).expect("the folder takes keys");
        let home = folder.join("till");
        Terminal::provision(&home, provisioning, &ports).expect("the host's own provisioning is good");
        Self {
            terminal: people::open(&home, ports).expect("it was just provisioned"),
            field_is_on,
            events,
            card: default_card(),
            card_ns: Arc::default(),
        }
    }

    /// Takes one payment, which is approved.
    pub fn sell(&self) -> Sold {
        let amount = Amount::from_minor(AMOUNT_MINOR, Currency::CNY).expect("an amount");
        let before = self.events.all.load(Ordering::SeqCst);
        self.card_ns.store(0, Ordering::SeqCst);
        let began = Instant::now();
        let order = SaleOrder { attempt: None, amount, order: None };
        let operation = self.terminal.start_sale(order).expect("the till is free");
        self.field_is_on.recv().expect("the terminal is open");
        let card = Timed { card: self.card.tap(), spent_ns: self.card_ns.clone() };
        self.terminal.present(Arc::new(card)).expect("the terminal is open");
        let view = operation.wait().expect("the host is there");
        let told = began.elapsed();
        // Asked after the result was taken, so it is answered when that is recorded and all is quiet.
        self.terminal.status(&view.attempt).expect("it is known");
        let rest = began.elapsed();
        assert_eq!(view.state, State::Approved);
        let card = Duration::from_nanos(self.card_ns.load(Ordering::SeqCst));
        Sold {
            attempt: view.attempt,
            told: told - card,
            rest: rest - card,
            events_told: self.events.when_told.load(Ordering::SeqCst) - before,
            events_rest: self.events.all.load(Ordering::SeqCst) - before,
        }
    }

    /// How much it has done since it was opened.
    pub fn done(&self) -> Done {
        let read = |count: &AtomicU32| count.load(Ordering::SeqCst);
        Done { events: read(&self.events.all), messages: read(&self.events.messages) }
    }
}

/// Counts the events that are durable, in all and when a caller was last told of a sale.
#[derive(Default)]
struct Events {
    messages: AtomicU32,
    all: AtomicU32,
    when_told: AtomicU32,
}

impl FaultPlan for Events {
    fn reach(&self, point: KillPoint) -> Fate {
        match (point.moment, point.step) {
            // The last event before a caller hears of the sale.
            (Moment::After, "attempt.approved") => {
                let all = self.all.fetch_add(1, Ordering::SeqCst) + 1;
                self.when_told.store(all, Ordering::SeqCst);
            }
            (Moment::Before, "send") => drop(self.messages.fetch_add(1, Ordering::SeqCst)),
            (_, "send" | "receive" | "tell") | (Moment::Before, _) => {}
            (Moment::After, _) => drop(self.all.fetch_add(1, Ordering::SeqCst)),
        }
        Fate::GoOn
    }
}

/// Says when the field goes on.
struct Field(Mutex<Sender<()>>);

impl Observer for Field {
    fn hear(&self, notice: &Notice) {
        if *notice == Notice::FieldOn {
            self.0.lock().expect("nobody panics while holding it").send(()).expect("the bench listens");
        }
    }
}

/// A card whose own time is counted.
struct Timed {
    card: Arc<dyn CardChannel>,
    spent_ns: Arc<AtomicU64>,
}

impl CardChannel for Timed {
    fn transceive(&self, command: &[u8]) -> Result<Vec<u8>, CardFault> {
        let began = Instant::now();
        let response = self.card.transceive(command);
        self.spent_ns.fetch_add(u64::try_from(began.elapsed().as_nanos()).expect("short"), Ordering::SeqCst);
        response
    }
}

/// The card that every sale is paid with.
pub fn default_card() -> SimulatedCard {
    card::named("visa").expect("it is the default card")
}
