//! The engine's thread against a scripted engine: who hears what, and that nobody waits for ever.

use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::thread::JoinHandle;

use super::*;
use crate::clock::{BootCount, MonoMs, Now, WallMs};
use crate::payment::{Page, Reply as Paid, SaleOrder};
use crate::ports::{
    Clock, Deaf, DeviceKeys, DeviceKeysFault, Entropy, EntropyFault, FaultPlan, KeyKind, NetworkPosture, NoFaults,
    Notice, Observer,
};
use crate::secret::SecretBytes;
use crate::terminal::calls::Wait;
use crate::till::{Reply, Work};

/// What a scripted engine does with each input, by the input's word.
type Script = fn(&str, Option<Ticket>) -> Vec<Output>;

struct ScriptedEngine {
    script: Script,
    heard: Sender<String>,
}

impl Machine for ScriptedEngine {
    fn handle(&mut self, input: Input<'_>, _: Now) -> Vec<Output> {
        // Said before each sale; what becomes of it is the till's, in `tests/network.rs`.
        if matches!(input, Input::Network { .. }) {
            return Vec::new();
        }
        let (word, ticket) = word_of(&input);
        self.heard.send(word.clone()).unwrap();
        (self.script)(&word, ticket)
    }

    fn farewell(&mut self) -> Vec<Output> {
        Vec::new()
    }

    fn close(self, _: Now) -> Result<(), Error> {
        self.heard.send("close".to_owned()).unwrap();
        Ok(())
    }
}

fn word_of(input: &Input<'_>) -> (String, Option<Ticket>) {
    let (word, ticket) = match input {
        Input::Ask { ticket, ask: Ask::Sale(_) } => ("sale", Some(*ticket)),
        Input::Ask { ticket, ask: Ask::Status(_) } => ("status", Some(*ticket)),
        Input::Ask { ticket, ask: Ask::State } => ("state", Some(*ticket)),
        Input::Derived { key, .. } if key.is_some() => ("derived", None),
        Input::Derived { .. } => ("not derived", None),
        Input::Card(CardEvent::Found) => ("found", None),
        Input::Card(CardEvent::Response(bytes)) => return (format!("response {bytes:02x?}"), None),
        Input::Card(CardEvent::Lost) => ("lost", None),
        Input::Card(CardEvent::TimedOut) => ("timed_out", None),
        Input::Card(CardEvent::Collision) => ("collision", None),
        Input::Link(event) => return (word_of_link(event), None),
        Input::Tick => ("tick", None),
        Input::Taken { .. } => ("taken", None),
        _ => ("other", None),
    };
    (word.to_owned(), ticket)
}

fn word_of_link(event: &LinkEvent<'_>) -> String {
    match event {
        LinkEvent::Connected => "Connected".to_owned(),
        LinkEvent::NotConnected(fault) => format!("NotConnected({fault:?})"),
        LinkEvent::Received(bytes) => format!("Received({bytes:?})"),
        LinkEvent::Broken(fault) => format!("Broken({fault:?})"),
    }
}

struct ScriptedWire(Sender<String>);

impl Wire for ScriptedWire {
    fn arm(&mut self, command: NetworkCommand) -> Result<(), Error> {
        let word = if let NetworkCommand::Disarm = command { "disarm" } else { "arm" };
        self.0.send(word.to_owned()).unwrap();
        Ok(())
    }

    fn open(&self, line: u64) {
        self.0.send(format!("open {line}")).unwrap();
    }

    fn send(&self, bytes: Zeroizing<Vec<u8>>) {
        self.0.send(format!("write {:02x?}", bytes.as_slice())).unwrap();
    }

    fn close(&self) {
        self.0.send("hang up".to_owned()).unwrap();
    }
}

/// Ports that allow a clock, a posture and a fault plan, and refuse everything else.
struct Desk {
    posture: Posture,
}

impl DeviceKeys for Desk {
    fn create(&self, _: &str, _: KeyKind) -> Result<(), DeviceKeysFault> {
        Err(DeviceKeysFault::Unsupported)
    }
    fn exists(&self, _: &str) -> Result<bool, DeviceKeysFault> {
        Err(DeviceKeysFault::Unsupported)
    }
    fn destroy(&self, _: &str) -> Result<(), DeviceKeysFault> {
        Err(DeviceKeysFault::Unsupported)
    }
    fn public_key(&self, _: &str) -> Result<Vec<u8>, DeviceKeysFault> {
        Err(DeviceKeysFault::Unsupported)
    }
    fn attest(&self, _: &str, _: &[u8]) -> Result<Vec<Vec<u8>>, DeviceKeysFault> {
        Err(DeviceKeysFault::Unsupported)
    }
    fn wrap(&self, _: &str, _: &[u8], _: &[u8]) -> Result<Vec<u8>, DeviceKeysFault> {
        Err(DeviceKeysFault::Unsupported)
    }
    fn unwrap(&self, _: &str, _: &[u8], _: &[u8]) -> Result<SecretBytes, DeviceKeysFault> {
        Err(DeviceKeysFault::Unsupported)
    }
    fn mac(&self, _: &str, _: &[u8]) -> Result<SecretBytes, DeviceKeysFault> {
        Err(DeviceKeysFault::Unsupported)
    }
    fn sign(&self, _: &str, _: &[u8]) -> Result<Vec<u8>, DeviceKeysFault> {
        Err(DeviceKeysFault::Unsupported)
    }
}

impl Entropy for Desk {
    fn fill(&self, _: &mut [u8]) -> Result<(), EntropyFault> {
        Err(EntropyFault)
    }
}

impl NetworkPosture for Desk {
    fn posture(&self) -> Posture {
        self.posture
    }
}

/// A clock that stands still: a deadline that is already there is due at once.
impl Clock for Desk {
    fn now(&self) -> Now {
        Now { wall: WallMs(0), mono: MonoMs(1_000), boot: BootCount(1) }
    }
}

/// Ends the run at one point, and writes down every point that is passed.
struct DieAt(&'static str, Mutex<Vec<String>>);

impl FaultPlan for DieAt {
    fn reach(&self, point: KillPoint) -> Fate {
        self.1.lock().unwrap().push(point.to_string());
        if point.to_string() == self.0 { Fate::Die } else { Fate::GoOn }
    }
}

struct Bench {
    messages: Sender<Message>,
    ending: Ending,
    heard: Receiver<String>,
    thread: JoinHandle<()>,
}

/// Whoever waits for a finger or a face here waits for ever.
fn nobody() -> Recogniser {
    Recogniser::new(|_| ())
}

fn bench(script: Script) -> Bench {
    bench_with(script, Posture::Trusted, Arc::new(NoFaults))
}

fn bench_with(script: Script, posture: Posture, faults: Arc<dyn FaultPlan>) -> Bench {
    let desk = Arc::new(Desk { posture });
    let ports = Ports {
        device_keys: desk.clone(),
        clock: desk.clone(),
        entropy: desk.clone(),
        network_posture: desk,
        encrypted_reader: None,
        biometric: None,
        observer: Arc::new(Deaf),
        faults,
    };
    let (messages, inbox) = channel();
    let (sender, heard) = channel();
    let of_reader = messages.clone();
    let reader = Reader::start(move |said| drop(of_reader.send(Message::Card(said)))).unwrap();
    let of_deriver = messages.clone();
    let deriver = Deriver::new(move |key| drop(of_deriver.send(Message::Derived(key))));
    let (ending, wire) = (Ending::default(), ScriptedWire(sender.clone()));
    let machine = ScriptedEngine { script, heard: sender };
    let driver = Driver::new(machine, ports, wire, reader, (deriver, nobody()), inbox, ending.clone());
    let thread = std::thread::spawn(move || driver.run());
    let bench = Bench { messages, ending, heard, thread };
    assert_eq!(bench.next(), "tick", "an opened engine takes up what is left over");
    bench
}

impl Bench {
    fn send(&self, message: Message) {
        self.messages.send(message).unwrap();
    }

    fn ask(&self, ask: Ask) -> Result<Wait, Error> {
        let (caller, said) = channel();
        let wait = Wait::new(said, self.ending.clone());
        self.messages.send(Message::Ask(ask, caller)).map_err(|_| self.ending.error())?;
        Ok(wait)
    }

    fn status(&self) -> Result<Wait, Error> {
        self.ask(Ask::Status(attempt()))
    }

    fn next(&self) -> String {
        self.heard.recv_timeout(Duration::from_secs(10)).expect("the thread goes on")
    }

    /// Ends the thread and gives back whatever else it said or did.
    fn end(self) -> Vec<String> {
        let _ended_already = self.messages.send(Message::Close);
        let _panicked = self.thread.join();
        self.heard.into_iter().collect()
    }
}

fn attempt() -> AttemptId {
    AttemptId::new("a1").unwrap()
}

fn page(ticket: Option<Ticket>) -> Output {
    Output::Tell {
        ticket: ticket.unwrap(),
        result: Ok(Reply::Payment(Paid::Page(Page { attempts: Vec::new(), next: None }))),
    }
}

fn received(line: u64, bytes: &[u8]) -> Message {
    Message::Net(NetEvent { line, what: NetHappening::Received(bytes.to_vec()) })
}

struct Echoing;

impl CardChannel for Echoing {
    fn transceive(&self, command: &[u8]) -> Result<Vec<u8>, CardFault> {
        match command {
            [] => Err(CardFault::ReaderFailed),
            [0xFF] => Err(CardFault::TimedOut),
            command => Ok(command.to_vec()),
        }
    }
}

/// Holds its command until the test lets go.
struct Slow(Mutex<Receiver<()>>);

impl CardChannel for Slow {
    fn transceive(&self, command: &[u8]) -> Result<Vec<u8>, CardFault> {
        let _let_go = self.0.lock().unwrap().recv();
        Ok(command.to_vec())
    }
}

#[test]
fn a_question_is_answered_while_a_card_is_slow() {
    let bench = bench(|word, ticket| match word {
        "sale" => vec![Output::Card(CardCommand::Await)],
        "found" => vec![Output::Card(CardCommand::Transmit(vec![1]))],
        "status" => vec![page(ticket)],
        _ => Vec::new(),
    });
    let sale = bench.ask(Ask::Sale(order())).unwrap();
    let (let_go, held) = channel();
    bench.send(Message::Present(Arc::new(Slow(Mutex::new(held)))));
    assert!(bench.status().unwrap().result().is_ok());
    let_go.send(()).unwrap();
    assert_eq!([bench.next(), bench.next(), bench.next()], ["sale", "found", "status"]);
    assert_eq!(bench.next(), "response [01]");
    let ending = bench.ending.clone();
    bench.end();
    assert_eq!(sale.result().unwrap_err().code(), ErrorCode::TerminalClosed);
    assert_eq!(ending.error().code(), ErrorCode::TerminalClosed);
}

fn order() -> SaleOrder {
    let amount = crate::money::Amount::from_minor(100, crate::money::Currency::CNY).unwrap();
    SaleOrder { attempt: None, amount, order: None }
}

#[test]
fn a_card_is_taken_only_while_one_is_awaited() {
    let bench = bench(|word, ticket| match word {
        "sale" => vec![Output::Card(CardCommand::Await)],
        "found" => vec![Output::Card(CardCommand::Release)],
        "status" => vec![page(ticket)],
        _ => Vec::new(),
    });
    bench.send(Message::Present(Arc::new(Echoing)));
    bench.send(Message::Collision);
    let sale = bench.ask(Ask::Sale(order())).unwrap();
    bench.send(Message::Present(Arc::new(Echoing)));
    bench.send(Message::Present(Arc::new(Echoing)));
    bench.status().unwrap().result().unwrap();
    drop(sale);
    assert_eq!(bench.end(), ["sale", "found", "status", "hang up", "close"]);
}

#[test]
fn what_an_earlier_card_still_says_is_dropped() {
    let bench = bench(|word, _| match word {
        "sale" => vec![Output::Card(CardCommand::Await)],
        "found" => vec![Output::Card(CardCommand::Transmit(vec![7])), Output::Card(CardCommand::Await)],
        _ => Vec::new(),
    });
    let _sale = bench.ask(Ask::Sale(order())).unwrap();
    let (let_go, held) = channel();
    bench.send(Message::Present(Arc::new(Slow(Mutex::new(held)))));
    assert_eq!([bench.next(), bench.next()], ["sale", "found"]);
    let_go.send(()).unwrap();
    assert_eq!(bench.end(), ["hang up", "close"]);
}

#[test]
fn each_way_a_tap_can_end_has_its_word() {
    for (apdu, verdict) in [(vec![0x90, 0x00], "response [90, 00]"), (vec![], "lost"), (vec![0xFF], "timed_out")] {
        let script: Script = match apdu.as_slice() {
            [] => |word, _| send_apdu(word, &[]),
            [0xFF] => |word, _| send_apdu(word, &[0xFF]),
            _ => |word, _| send_apdu(word, &[0x90, 0x00]),
        };
        let bench = bench(script);
        let _sale = bench.ask(Ask::Sale(order())).unwrap();
        bench.send(Message::Present(Arc::new(Echoing)));
        assert_eq!([bench.next(), bench.next(), bench.next()], ["sale", "found", verdict]);
        bench.end();
    }
}

fn send_apdu(word: &str, apdu: &[u8]) -> Vec<Output> {
    match word {
        "sale" => vec![Output::Card(CardCommand::Await)],
        "found" => vec![Output::Card(CardCommand::Transmit(apdu.to_vec()))],
        _ => Vec::new(),
    }
}

fn connecting(word: &str, ticket: Option<Ticket>) -> Vec<Output> {
    match word {
        "sale" => vec![Output::Link(LinkCommand::Connect)],
        "status" => vec![Output::Link(LinkCommand::Disconnect), page(ticket)],
        "Connected" => vec![Output::Link(LinkCommand::Send(vec![1, 2].into()))],
        _ => Vec::new(),
    }
}

#[test]
fn news_of_an_earlier_connection_is_dropped() {
    let bench = bench(connecting);
    let _sale = bench.ask(Ask::Sale(order())).unwrap();
    bench.status().unwrap().result().unwrap();
    bench.send(received(1, &[9])); // Closed by us already.
    let _sale = bench.ask(Ask::Sale(order())).unwrap();
    bench.send(received(1, &[9])); // The second connection is meant now.
    bench.send(Message::Net(NetEvent { line: 2, what: NetHappening::Connected }));
    bench.send(Message::Net(NetEvent { line: 2, what: NetHappening::Broken(LinkFault::Closed) }));
    bench.send(received(2, &[9])); // Nothing comes out of a broken connection.
    assert_eq!(
        bench.end(),
        [
            "sale",
            "open 1",
            "status",
            "hang up",
            "sale",
            "open 2",
            "Connected",
            "write [01, 02]",
            "Broken(Closed)",
            "hang up",
            "close"
        ]
    );
}

#[test]
fn without_a_network_nothing_is_dialled() {
    let bench = bench_with(connecting, Posture::Absent, Arc::new(NoFaults));
    let _sale = bench.ask(Ask::Sale(order())).unwrap();
    assert_eq!(bench.end(), ["sale", "NotConnected(NetworkAbsent)", "hang up", "close"]);
}

#[test]
fn a_deadline_brings_a_tick() {
    let bench = bench(|word, _| match word {
        "sale" => vec![Output::WakeAt(MonoMs(1_001))],
        _ => Vec::new(),
    });
    let _sale = bench.ask(Ask::Sale(order())).unwrap();
    assert_eq!([bench.next(), bench.next()], ["sale", "tick"]);
    assert_eq!(bench.end(), ["hang up", "close"]);
}

#[test]
fn a_fault_plan_ends_the_thread_and_every_caller_hears_it() {
    // The last column is what was still done.
    let table: [(&str, &[&str]); 6] = [
        ("before send", &["sale", "open 1", "Connected", "hang up"]),
        ("after send", &["sale", "open 1", "Connected", "write [01, 02]", "hang up"]),
        ("before receive", &["sale", "open 1", "Connected", "write [01, 02]", "hang up"]),
        ("after receive", &["sale", "open 1", "Connected", "write [01, 02]", "Received([3])", "hang up"]),
        (
            "before tell",
            &["sale", "open 1", "Connected", "write [01, 02]", "Received([3])", "status", "hang up", "hang up"],
        ),
        (
            "after tell",
            &["sale", "open 1", "Connected", "write [01, 02]", "Received([3])", "status", "hang up", "hang up"],
        ),
    ];
    for (point, verdict) in table {
        let bench = bench_with(connecting, Posture::Trusted, Arc::new(DieAt(point, Mutex::default())));
        let sale = bench.ask(Ask::Sale(order())).unwrap();
        bench.send(Message::Net(NetEvent { line: 1, what: NetHappening::Connected }));
        let _may_have_ended = bench.messages.send(received(1, &[3]));
        let status = bench.status().and_then(|wait| wait.result());
        assert_eq!(status.is_ok(), point == "after tell", "{point}");
        assert_eq!(sale.result().unwrap_err().code(), ErrorCode::StoppedByFaultPlan, "{point}");
        let ending = bench.ending.clone();
        assert_eq!(bench.end(), verdict, "{point}");
        assert_eq!(ending.error().code(), ErrorCode::StoppedByFaultPlan);
    }
}

#[test]
fn the_points_that_are_passed_are_these() {
    let plan = Arc::new(DieAt("never", Mutex::default()));
    let bench = bench_with(connecting, Posture::Trusted, plan.clone());
    let _sale = bench.ask(Ask::Sale(order())).unwrap();
    bench.send(Message::Net(NetEvent { line: 1, what: NetHappening::Connected }));
    bench.send(received(1, &[3]));
    bench.status().unwrap().result().unwrap();
    bench.end();
    let verdict = ["before send", "after send", "before receive", "after receive", "before tell", "after tell"];
    assert_eq!(*plan.1.lock().unwrap(), verdict);
}

#[test]
fn an_engine_that_stops_says_why_to_everyone() {
    let bench = bench(|word, _| match word {
        "status" => vec![Output::Stopped(ErrorCode::SyncFailed.into())],
        _ => Vec::new(),
    });
    let sale = bench.ask(Ask::Sale(order())).unwrap();
    let status = bench.status().unwrap();
    assert_eq!(status.result().unwrap_err().code(), ErrorCode::SyncFailed);
    assert_eq!(sale.result().unwrap_err().code(), ErrorCode::SyncFailed);
    // A stopped engine writes nothing more.
    let (messages, ending) = (bench.messages.clone(), bench.ending.clone());
    assert_eq!(bench.end(), ["sale", "status", "hang up"]);
    assert!(messages.send(Message::Collision).is_err());
    assert_eq!(ending.error().code(), ErrorCode::SyncFailed);
}

#[test]
fn an_engine_that_panics_keeps_nobody_waiting() {
    let bench = bench(|word, _| match word {
        "status" => panic!("bad math in a test"),
        _ => Vec::new(),
    });
    let sale = bench.ask(Ask::Sale(order())).unwrap();
    let status = bench.status().unwrap();
    for waiting in [sale, status] {
        assert_eq!(waiting.result().unwrap_err().code(), ErrorCode::TillFailed);
    }
    bench.end();
}

fn notices_at_first(word: &str, _: Option<Ticket>) -> Vec<Output> {
    assert_eq!(word, "tick");
    vec![Output::Notice(Notice::FieldOn), Output::Notice(Notice::FieldOff { hold_ms: 3 })]
}

#[test]
fn an_observer_hears_in_order() {
    struct Listening(Mutex<Sender<Notice>>);
    impl Observer for Listening {
        fn hear(&self, notice: &Notice) {
            self.0.lock().unwrap().send(notice.clone()).unwrap();
        }
    }
    let desk = Arc::new(Desk { posture: Posture::Trusted });
    let (sender, notices) = channel();
    let ports = Ports {
        device_keys: desk.clone(),
        clock: desk.clone(),
        entropy: desk.clone(),
        network_posture: desk,
        encrypted_reader: None,
        biometric: None,
        observer: Arc::new(Listening(Mutex::new(sender))),
        faults: Arc::new(NoFaults),
    };
    let (messages, inbox) = channel();
    let (heard, _kept) = channel();
    let engine = ScriptedEngine { script: notices_at_first, heard: heard.clone() };
    let reader = Reader::start(|_| ()).unwrap();
    let (wire, deriver) = (ScriptedWire(heard), Deriver::new(|_| ()));
    let driver = Driver::new(engine, ports, wire, reader, (deriver, nobody()), inbox, Ending::default());
    messages.send(Message::Close).unwrap();
    driver.run();
    assert_eq!(notices.into_iter().collect::<Vec<_>>(), [Notice::FieldOn, Notice::FieldOff { hold_ms: 3 }]);
}

#[test]
fn a_derivation_has_a_thread_of_its_own_and_always_an_answer() {
    let table: [(Script, &str); 3] = [
        (|word, _| begin_if_asked(word, || Some(Secret::from_fn(|_| ()))), "derived"),
        (|word, _| begin_if_asked(word, || None), "not derived"),
        (|word, _| begin_if_asked(word, || panic!("a derivation that fails")), "not derived"),
    ];
    for (script, verdict) in table {
        let bench = bench(script);
        let _asked = bench.ask(Ask::State).unwrap();
        assert_eq!([bench.next(), bench.next()], ["state", verdict]);
        bench.end();
    }
}

fn begin_if_asked(word: &str, work: fn() -> Option<Secret<32>>) -> Vec<Output> {
    match word {
        "state" => vec![Output::Derive(Work::new(move |_| work()))],
        _ => Vec::new(),
    }
}

#[test]
fn nothing_is_heard_of_a_connection_whose_way_is_gone() {
    let bench = bench(|word, _| match word {
        "sale" => vec![Output::Link(LinkCommand::Connect)],
        "state" => vec![Output::Network(NetworkCommand::Disarm)],
        _ => Vec::new(),
    });
    let _sale = bench.ask(Ask::Sale(order())).unwrap();
    let _locked = bench.ask(Ask::State).unwrap();
    bench.send(received(1, &[9]));
    assert_eq!(bench.end(), ["sale", "open 1", "state", "disarm", "hang up", "close"]);
}
