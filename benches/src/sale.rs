//! Rows of the whole sale: from the order to the told outcome, on a warm connection over loopback mTLS.
//!
//! The card is simulated, and the time inside its answers is taken out. The peer is what no till could do without, in
//! the same order: a plain durable SQLite insert for each event that the sale had journalled when its caller was told
//! (counted, not assumed), and before the last of them one round trip of a bare TLS client, whose sealed sales the
//! same host books as durably. Card data must leave the log after each sale, so our log is short and grows with each
//! event; the peer's is emptied before it is timed. Both are measured in turn within a round.
//!
//! What the till does after the caller was told (the result is taken, the log is emptied) is not on the customer's
//! time: the second row has it in, against one insert more, and has no bar. The quicker a disk syncs, the more of
//! both rows is threads that wake each other: twenty times in a sale (twelve for six card commands), twice in the peer.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use taptill::account::Provisioning;
use taptill::acquirer::envelope::{self, Opened};
use taptill::emv::{CardEvent, CardRead, Tap, TapRequest, TapStep, TransactionType};
use taptill::iso8583::{Dialect, Op, Side, ValueName, Values};
use taptill::money::{Amount, Currency};
use taptill::paycrypto::{MacKey, MasterKey, open_key_block};
use taptill::payment::SaleOrder;
use taptill::payment::state::State;
use taptill::ports::{CardChannel, CardFault, Fate, FaultPlan, KillPoint, Moment, Notice, Observer};
use taptill::terminal::Terminal;
use taptill_sandbox::card::{self, SimulatedCard};
use taptill_sandbox::desktop::desktop_ports;
use taptill_sandbox::host::{Host, Options, Script, provision};
use taptill_sandbox::people;

use crate::journal::{Plain, on_disk};
use crate::measure::{Effort, Plan, Row, row};

const SALE: Plan = Plan {
    name: "whole sale over mTLS, warm, without the card",
    peer: "its syncs as plain inserts, the host's booking",
    bar: Some(1.3),
    rounds: 31,
    calls: 10,
};
const SALE_AND_AFTER: Plan = Plan { name: "the same until the till is at rest", bar: None, ..SALE };
const AMOUNT_MINOR: u64 = 1_230;
/// Bytes of an event of a sale, about the middle of the three.
const EVENT: [u8; 400] = [0x5a; 400];

/// The sale, until the caller is told and until the till is at rest.
pub fn rows(effort: Effort) -> Vec<Row> {
    let folder = on_disk();
    let home = folder.path().join("host");
    let host = Host::start(&home, Host::any_port(), &Script::honest()).expect("the folder takes a host");
    let address = host.address().to_string();
    let enrol = || provision(&home, "unionpay", &address, &Options::default()).expect("the host is there");
    let mut bare = BareClient::connect(&enrol());
    let mut plain = Plain::in_folder(folder.path(), "plain");
    let till = Till::open(folder.path(), &enrol());

    let (rounds, calls) = if effort == Effort::Full { (SALE.rounds, SALE.calls) } else { (1, 1) };
    let mut once = || Sample::take(&till, &mut bare, &mut plain);
    once(); // Connects, signs on, and fills what is empty.
    let samples: Vec<Sample> =
        (0..rounds).map(|_| (0..calls).map(|_| once()).reduce(Sample::plus).expect("some")).collect();
    let told: Vec<_> = samples.iter().map(|sample| (sample.told, sample.bare_told)).collect();
    let rest: Vec<_> = samples.iter().map(|sample| (sample.rest, sample.bare_rest)).collect();
    vec![row(SALE, calls, &told), row(SALE_AND_AFTER, calls, &rest)]
}

/// Sales of ours with as many of the peer's, until the caller is told and until the till is at rest.
#[derive(Clone, Copy)]
struct Sample {
    told: Duration,
    rest: Duration,
    bare_told: Duration,
    bare_rest: Duration,
}

impl Sample {
    fn take(till: &Till, bare: &mut BareClient, plain: &mut Plain) -> Self {
        let Sold { told, rest, events_told, events_rest } = till.sell();
        plain.empty_log();
        plain.insert(&EVENT); // Ours has had the last sale's result taken since it was emptied.
        let sealed = bare.sealed(Op::Sale);
        let mut insert = |count: u32| (0..count).for_each(|_| plain.insert(&EVENT));
        let began = Instant::now();
        insert(events_told - 1);
        let answer = bare.ask(&sealed);
        insert(1);
        let bare_told = began.elapsed();
        insert(events_rest - events_told);
        let bare_rest = began.elapsed();
        bare.check_booked(&answer);
        Self { told, rest, bare_told, bare_rest }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            told: self.told + other.told,
            rest: self.rest + other.rest,
            bare_told: self.bare_told + other.bare_told,
            bare_rest: self.bare_rest + other.bare_rest,
        }
    }
}

/// A whole till with a card at hand.
struct Till {
    terminal: Terminal,
    field_is_on: Receiver<()>,
    events: Arc<Events>,
    card: SimulatedCard,
    card_ns: Arc<AtomicU64>,
}

/// How long a sale took, without the card, and how many events it journalled, until two moments.
struct Sold {
    told: Duration,
    rest: Duration,
    events_told: u32,
    events_rest: u32,
}

impl Till {
    fn open(folder: &Path, provisioning: &Provisioning) -> Self {
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

    fn sell(&self) -> Sold {
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
            told: told - card,
            rest: rest - card,
            events_told: self.events.when_told.load(Ordering::SeqCst) - before,
            events_rest: self.events.all.load(Ordering::SeqCst) - before,
        }
    }
}

/// Counts the events that are durable, in all and when a caller was last told of a sale.
#[derive(Default)]
struct Events {
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

fn default_card() -> SimulatedCard {
    card::named("visa").expect("it is the default card")
}

/// A terminal of the same host that is a socket and nothing more: its requests are sealed beforehand.
struct BareClient {
    tls: StreamOwned<ClientConnection, TcpStream>,
    dialect: Dialect,
    values: Values,
    stan: u64,
    mac_key: Option<MacKey>,
}

impl BareClient {
    /// Connects and signs on.
    fn connect(provisioning: &Provisioning) -> Self {
        let configuration = &provisioning.configuration;
        let socket = TcpStream::connect(&configuration.host.address).expect("the host listens");
        socket.set_nodelay(true).expect("it is a setting");
        let name = ServerName::try_from(configuration.host.server_name.clone()).expect("the host named itself");
        let client = ClientConnection::new(Arc::new(client_config(provisioning)), name).expect("the keys are good");
        let mut this = Self {
            tls: StreamOwned::new(client, socket),
            dialect: Dialect::from_toml(&configuration.dialect).expect("it is shipped"),
            values: values(provisioning, &read_card(provisioning)),
            stan: 0,
            mac_key: None,
        };
        let request = this.sealed(Op::SignOn);
        let answer = this.ask(&request);
        let opened = this.opened(&answer, Op::SignOn);
        let master = provisioning.secrets.master_key().expect("the host made it");
        let master = MasterKey::new(master.expose()).expect("the host made it");
        let block = opened.values.get(ValueName::KeyBlock).expect("a sign-on is answered with keys");
        this.mac_key = Some(open_key_block(&master, block).expect("the host knows the master key").mak);
        this
    }

    fn check_booked(&self, answer: &[u8]) {
        assert_eq!(self.opened(answer, Op::Sale).values.text(ValueName::ResponseCode), Some("00"));
    }

    fn sealed(&mut self, op: Op) -> Vec<u8> {
        self.stan += 1;
        self.values.set_number(ValueName::Stan, self.stan);
        envelope::seal(&self.dialect, op, Side::Request, &self.values, self.mac_key.as_ref()).expect("it fits")
    }

    /// Writes a frame and reads one, which is given without its framing.
    fn ask(&mut self, frame: &[u8]) -> Vec<u8> {
        self.tls.write_all(frame).and_then(|()| self.tls.flush()).expect("the host reads");
        let mut deframer = self.dialect.frame().deframer(Side::Answer);
        let mut buffer = [0; 4_096];
        loop {
            let count = self.tls.read(&mut buffer).expect("the host answers");
            deframer.push(&buffer[..count]);
            if let Some(message) = deframer.next_frame().expect("the host frames well") {
                return message;
            }
        }
    }

    fn opened(&self, message: &[u8], op: Op) -> Opened {
        envelope::open(&self.dialect, message, Some(op), self.mac_key.as_ref()).expect("the host seals well")
    }
}

fn client_config(provisioning: &Provisioning) -> ClientConfig {
    let configuration = &provisioning.configuration;
    let certificates = |pem: &str| -> Vec<_> {
        CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().expect("the host wrote it")
    };
    let mut roots = RootCertStore::empty();
    let authorities = certificates(&configuration.host.ca_pem);
    authorities.into_iter().for_each(|authority| roots.add(authority).expect("the host wrote it"));
    let key = PrivateKeyDer::from_pem_slice(provisioning.secrets.client_key_pem.expose().as_bytes());
    let key = key.expect("the host wrote it");
    ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_root_certificates(roots)
        .with_client_auth_cert(certificates(&configuration.client_certificate_pem), key)
        .expect("key and certificate belong together")
}

/// What the default card says to a sale of the usual amount.
fn read_card(provisioning: &Provisioning) -> CardRead {
    let configuration = &provisioning.configuration;
    let ca_keys = taptill::emv::CaKeys::from_json(card::ca_keys_json()).expect("the fixtures are valid");
    let request = TapRequest {
        amount: Amount::from_minor(AMOUNT_MINOR, Currency::CNY).expect("an amount"),
        transaction_type: TransactionType::Purchase,
        date_yymmdd: [0x26, 0x11, 0x22],
        time_hhmmss: [0x12, 0, 0],
        unpredictable_number: [1, 2, 3, 4],
        sequence_counter: 1,
    };
    let channel = default_card().tap();
    let (mut tap, mut step) = Tap::start(Arc::new(configuration.terminal_data.clone()), Arc::new(ca_keys), request);
    loop {
        step = match step {
            TapStep::AwaitCard(_) => tap.handle(CardEvent::Found),
            TapStep::Transmit(command) => {
                let response = channel.transceive(&command).expect("the card stays");
                tap.handle(CardEvent::Response(&response))
            }
            TapStep::Done(outcome) => return outcome.card.expect("the card was read"),
        };
    }
}

/// A sale of that card, but for its number.
fn values(provisioning: &Provisioning, card: &CardRead) -> Values {
    let configuration = &provisioning.configuration;
    let mut values = Values::new();
    values
        .set(ValueName::TerminalId, configuration.terminal_id.as_str())
        .set(ValueName::MerchantId, configuration.merchant_id.as_str())
        .set_number(ValueName::Batch, 1)
        .set(ValueName::LocalTime, "120000")
        .set(ValueName::LocalDate, "1122")
        .set(ValueName::TransmissionDateTime, "1122040000")
        .set(ValueName::CurrencyNumber, "156")
        .set_number(ValueName::AmountMinor, AMOUNT_MINOR)
        .set(ValueName::Pan, card.pan.expose())
        .set(ValueName::Expiry, card.expiry.yymm())
        .set(ValueName::Track2, card.track2.expose())
        .set(ValueName::ChipData, &card.chip_data);
    if let Some(sequence) = card.pan_sequence {
        values.set_number(ValueName::PanSequence, sequence.into());
    }
    values
}
