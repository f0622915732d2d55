//! A till's side of the conversation against a scripted link, in virtual time and in both shipped dialects.
//!
//! What the conversation says is written as words, so that a row reads: what happened, then the verdict.

mod operation_tests;

use proptest::prelude::*;

use super::*;
use crate::acquirer::delivery::SyncReason;
use crate::acquirer::envelope::{Opened, open, seal};
use crate::clock::{BootCount, MonoMs, WallMs};
use crate::iso8583::{Deframer, ValueName};
use crate::paycrypto::{ClearKeys, MacKey, make_key_block};

const MASTER: [u8; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15, 16, 17, 18];
const DIALECTS: [&str; 2] = ["unionpay", "iso87"];
/// The shipped dialects' time-out.
const TIMEOUT_MS: u64 = 2_000;

fn dialect(name: &str) -> Arc<Dialect> {
    Arc::new(Dialect::from_toml(Dialect::shipped(name).unwrap()).unwrap())
}

/// The other side: opens what the till sends and seals what it should hear.
struct Host {
    dialect: Arc<Dialect>,
    deframer: Deframer,
    mac_key: Vec<u8>,
    batch: u64,
}

impl Host {
    fn new(dialect: Arc<Dialect>) -> Self {
        let deframer = dialect.frame().deframer(Side::Request);
        let mac_key = vec![0x29; dialect.mac().unwrap().algorithm.key_bytes_usual()];
        Self { dialect, deframer, mac_key, batch: 7 }
    }

    fn key(&self) -> MacKey {
        MacKey::new(&self.mac_key).unwrap()
    }

    fn hears(&mut self, frame: &[u8]) -> Opened {
        self.deframer.push(frame);
        let message = self.deframer.next_frame().unwrap().expect("a step sends one whole frame");
        match open(&self.dialect, &message, None, Some(&self.key())) {
            Ok(opened) => opened,
            Err(fault) => panic!("the host cannot read the till: {fault:?}"),
        }
    }

    /// The answer to a request, approved unless `change` says otherwise.
    fn answers(&self, request: &Opened, change: impl FnOnce(&mut Values)) -> Vec<u8> {
        self.answers_as(request.op, Side::Answer, request, change)
    }

    fn answers_as(&self, op: Op, side: Side, request: &Opened, change: impl FnOnce(&mut Values)) -> Vec<u8> {
        let mut values = request.values.clone();
        values.set(ValueName::ResponseCode, "00");
        values.remove(ValueName::ChipData);
        if request.op == Op::SignOn {
            let clear = ClearKeys { pik: &[0x11; 16], mak: &self.mac_key, tdk: None };
            let block = make_key_block(&MasterKey::new(&MASTER).unwrap(), &clear).unwrap();
            values.set(ValueName::KeyBlock, block).set_number(ValueName::Batch, self.batch);
        }
        if op == Op::Sale && side == Side::Answer {
            values.set(ValueName::AuthCode, "A1B2C3").set(ValueName::Rrn, "123456789012");
        }
        change(&mut values);
        seal(&self.dialect, op, side, &values, Some(&self.key())).unwrap()
    }
}

/// A conversation, its host, and the time.
struct World {
    till: Conversation,
    host: Host,
    now: Now,
    /// What the till sent last.
    sent: Option<Opened>,
    kept: Option<SecretBytes>,
}

fn world(name: &str) -> World {
    world_with(name, None)
}

fn world_with(name: &str, kept_keys: Option<SecretBytes>) -> World {
    let dialect = dialect(name);
    let setup = Setup {
        dialect: Arc::clone(&dialect),
        terminal: TerminalId::new("TERM0001").unwrap(),
        merchant: MerchantId::new("MERCHANT0000001").unwrap(),
        master_key: SecretBytes::new(MASTER.to_vec()),
        kept_keys,
        batch: BatchNo::new(7).unwrap(),
        pace: Pace { connect_ms: 10_000, idle_ms: 20_000 },
    };
    let now = Now { wall: WallMs(1_795_348_800_000), mono: MonoMs(5_000), boot: BootCount(1) };
    World { till: Conversation::new(setup).unwrap(), host: Host::new(dialect), now, sent: None, kept: None }
}

fn request(op: Op, stan: u32) -> Request {
    let mut values = Values::new();
    values
        .set(ValueName::Pan, "4761739001010119")
        .set(ValueName::Expiry, "2812")
        .set(ValueName::Track2, "4761739001010119D28122011143804400000")
        .set(ValueName::ChipData, [0x9F, 0x36, 2, 0, 1])
        .set_number(ValueName::AmountMinor, 1_000)
        .set_number(ValueName::CurrencyNumber, 156)
        .set_number(ValueName::Stan, stan.into())
        .set_number(ValueName::Batch, 7)
        .set(ValueName::LocalTime, "120000")
        .set(ValueName::LocalDate, "1122")
        .set(ValueName::TransmissionDateTime, format!("11221200{:02}", stan % 60));
    if op == Op::Reversal {
        values
            .set(ValueName::ReversalReason, "98")
            .set(ValueName::OriginalMti, "0200")
            .set_number(ValueName::OriginalStan, 1)
            .set_number(ValueName::OriginalBatch, 7)
            .set(ValueName::OriginalDate, "1122")
            .set(ValueName::OriginalDateTime, "1122120001");
    }
    Request { op, stan: Stan::new(stan).unwrap(), values, is_repeat: false }
}

impl World {
    /// Everything that the till says until it sleeps.
    fn says(&mut self) -> Vec<String> {
        let mut words = Vec::new();
        loop {
            match self.till.poll(self.now) {
                Step::Sleep { .. } => return words,
                step => words.push(self.word(step)),
            }
            assert!(words.len() < 20, "a conversation does not talk to itself: {words:?}");
        }
    }

    fn word(&mut self, step: Step) -> String {
        match step {
            Step::Connect => "connect".to_owned(),
            Step::Disconnect => "disconnect".to_owned(),
            Step::Send(frame) => {
                let opened = self.host.hears(&frame);
                let word = format!("send {:?}", opened.op).to_lowercase();
                self.sent = Some(opened);
                word
            }
            Step::Sync(SyncReason::BeforeSend { op, stan }) => format!("sync {op:?} {stan}").to_lowercase(),
            Step::Deliver(delivery) => self.delivered(delivery),
            Step::Sleep { .. } => unreachable!("sleep ends the talk"),
        }
    }

    fn delivered(&mut self, delivery: Delivery) -> String {
        match delivery {
            Delivery::SignedOn(signed_on) => {
                self.kept = Some(signed_on.keys);
                format!("signed on {}", signed_on.batch.map_or(0, BatchNo::number))
            }
            Delivery::Answered(answer) => {
                format!("answered {} {}", answer.host_code, if answer.approved { "approved" } else { "declined" })
            }
            Delivery::NotSent(cause) => format!("not sent {}", cause.word()),
            Delivery::InDoubt(cause) => format!("in doubt {} {}", cause.word(), cause.reversal_reason()),
            Delivery::Late(late) => format!("late {} {}", late.stan, late.host_code),
            Delivery::Marked(mark) => format!("marked {}", mark.word()),
            Delivery::Unmatched(unmatched) => format!("unmatched {}", unmatched.cause.word()),
        }
    }

    fn passes(&mut self, ms: u64) {
        self.now.mono = self.now.mono.after_ms(ms);
    }

    fn hears(&mut self, frame: &[u8]) -> Vec<String> {
        self.till.link(LinkEvent::Received(frame), self.now).unwrap();
        self.says()
    }

    fn breaks(&mut self) -> Vec<String> {
        self.till.link(LinkEvent::Broken(LinkFault::Closed), self.now).unwrap();
        self.says()
    }

    fn answer(&self, change: impl FnOnce(&mut Values)) -> Vec<u8> {
        self.host.answers(self.sent.as_ref().expect("the till has sent something"), change)
    }

    fn go_connecting(&mut self) {
        self.till.request(request(Op::Sale, 1)).unwrap();
        assert_eq!(self.says(), ["connect"]);
    }

    fn go_proving(&mut self) {
        self.go_connecting();
        self.till.link(LinkEvent::Connected, self.now).unwrap();
        assert_eq!(self.says(), ["send signon"]);
    }

    fn go_keys_unsynced(&mut self) {
        self.go_proving();
        let answer = self.answer(|_| ());
        assert_eq!(self.hears(&answer), ["signed on 7"]);
    }

    fn go_unsynced(&mut self) {
        self.go_keys_unsynced();
        self.till.synced(self.now).unwrap();
        assert_eq!(self.says(), ["sync sale 000001"]);
    }

    fn go_unsent(&mut self) {
        self.go_unsynced();
        self.till.synced(self.now).unwrap();
    }

    fn go_waiting(&mut self) {
        self.go_unsent();
        assert_eq!(self.says(), ["send sale"]);
    }

    fn go_ready(&mut self) {
        self.go_waiting();
        let answer = self.answer(|_| ());
        assert_eq!(self.hears(&answer), ["answered 00 approved"]);
    }

    /// Sends one more message on a connection that is ready.
    fn sends(&mut self, op: Op, stan: u32) {
        self.till.request(request(op, stan)).unwrap();
        assert_eq!(self.says(), [format!("sync {op:?} {stan:06}").to_lowercase()]);
        self.till.synced(self.now).unwrap();
        assert_eq!(self.says(), [format!("send {op:?}").to_lowercase()]);
    }
}

#[test]
fn a_sale_is_signed_on_synced_sent_and_answered() {
    for name in DIALECTS {
        let mut world = world(name);
        world.go_waiting();
        let answer = world.answer(|_| ());
        // Cut anywhere, it is one answer.
        for byte in &answer[..answer.len() - 1] {
            assert_eq!(world.hears(std::slice::from_ref(byte)), Vec::<String>::new());
        }
        world.till.link(LinkEvent::Received(&answer[answer.len() - 1..]), world.now).unwrap();
        let Step::Deliver(Delivery::Answered(answer)) = world.till.poll(world.now) else { panic!("an answer") };
        assert_eq!((answer.op, answer.stan.number(), answer.approved), (Op::Sale, 1, true));
        assert_eq!(answer.auth_code.unwrap().as_str(), "A1B2C3");
        assert_eq!(answer.rrn.unwrap().as_str(), "123456789012");
        assert_eq!((answer.host_date, answer.host_time), (Some(*b"1122"), Some(*b"120000")));
        assert!(!world.till.is_busy());
    }
}

#[test]
fn a_new_connection_starts_with_an_echo_when_the_keys_are_known_to_be_the_hosts() {
    for name in DIALECTS {
        let mut world = world(name);
        world.go_ready();
        world.now.mono = world.now.mono.after_ms(20_000);
        assert_eq!(world.says(), ["disconnect"]);
        world.till.request(request(Op::Sale, 1)).unwrap();
        assert_eq!(world.says(), ["connect"]);
        world.till.link(LinkEvent::Connected, world.now).unwrap();
        assert_eq!(world.says(), ["send echo"]);
        let echo = world.answer(|_| ());
        assert_eq!(world.hears(&echo), ["sync sale 000001"]);
    }
}

/// How far the conversation has come when the network is refused for all, and what it says then.
type Row = (&'static str, fn(&mut World), &'static [&'static str]);

#[test]
fn a_network_that_is_refused_is_left_unless_an_answer_is_awaited() {
    let rows: [Row; 5] = [
        ("down", |_| (), &[]),
        ("connecting", World::go_connecting, &["disconnect", "not sent network_refused"]),
        ("proving", World::go_proving, &["disconnect", "not sent network_refused"]),
        ("ready", World::go_ready, &["disconnect"]),
        ("waiting", World::go_waiting, &[]),
    ];
    for ((state, go, said), name) in rows.into_iter().flat_map(|row| DIALECTS.map(|name| (row, name))) {
        let mut world = world(name);
        go(&mut world);
        world.till.admit_requests(false);
        assert_eq!(world.says(), said, "{state}");
        if state == "waiting" {
            let answer = world.answer(|_| ());
            assert_eq!(world.hears(&answer), ["answered 00 approved"], "the control");
            world.till.request(request(Op::Sale, 2)).unwrap();
            assert_eq!(world.says(), ["disconnect", "not sent network_refused"], "and nothing more leaves");
        }
    }
}

/// Also with keys of this run, over a connection that stands.
#[test]
fn a_certificate_is_not_asked_for_where_keys_are_not_admitted() {
    for name in DIALECTS {
        let mut world = world(name);
        world.go_ready();
        for (are_admitted, said) in
            [(false, "not sent network_refused_for_keys"), (true, "sync renewcertificate 000002")]
        {
            world.till.admit_keys(are_admitted);
            world.till.request(certificate(2)).unwrap();
            assert_eq!(world.says(), [said], "{are_admitted}");
        }
        // Anything else goes.
        let mut world = self::world(name);
        world.go_ready();
        world.till.admit_keys(false);
        world.sends(Op::Sale, 2);
    }
}

fn certificate(stan: u32) -> Request {
    let mut request = request(Op::RenewCertificate, stan);
    for name in [ValueName::Pan, ValueName::Expiry, ValueName::Track2, ValueName::ChipData, ValueName::AmountMinor] {
        request.values.remove(name);
    }
    request.values.remove(ValueName::CurrencyNumber);
    request.values.set_number(ValueName::ToldPart, 1).set_number(ValueName::ToldParts, 1);
    request.values.set(ValueName::ToldText, "a request");
    request
}

#[test]
fn keys_of_an_earlier_run_are_not_trusted() {
    for (name, op) in DIALECTS.into_iter().flat_map(|name| [(name, Op::Sale), (name, Op::Reversal)]) {
        let mut first = world(name);
        first.go_ready();
        let mut world = world_with(name, first.kept.take());
        world.host.mac_key = vec![0x45; world.host.mac_key.len()]; // A sign-on that the till did not keep.
        world.till.request(request(op, 1)).unwrap();
        assert_eq!(world.says(), ["connect"]);
        world.till.link(LinkEvent::Connected, world.now).unwrap();
        assert_eq!(world.says(), ["send signon"]);
        let keys = world.answer(|_| ());
        assert_eq!(world.hears(&keys), ["signed on 7"]);
        world.till.synced(world.now).unwrap();
        assert_eq!(world.says(), [format!("sync {op} 000001")]);
        world.till.synced(world.now).unwrap();
        assert_eq!(world.says(), [format!("send {op}")]);
        let answer = world.answer(|_| ());
        assert_eq!(world.hears(&answer), ["answered 00 approved"]);
        // Now they are known, and the next request goes at once.
        world.sends(op, 2);
    }
}

#[test]
fn kept_keys_that_do_not_open_are_as_good_as_none() {
    let mut world = world_with("unionpay", Some(SecretBytes::new(vec![1, 2, 3])));
    world.go_proving();
}

#[test]
fn a_demanded_sign_on_comes_before_the_next_request_on_the_same_connection() {
    for name in DIALECTS {
        let mut world = world(name);
        world.go_ready();
        world.till.demand_sign_on();
        world.till.request(request(Op::Sale, 2)).unwrap();
        assert_eq!(world.says(), ["send signon"]);
        world.host.batch = 8;
        let answer = world.answer(|_| ());
        assert_eq!(world.hears(&answer), ["signed on 8"]);
        world.till.synced(world.now).unwrap();
        assert_eq!(world.says(), ["sync sale 000002"]);
    }
}

#[test]
fn a_code_that_asks_for_a_sign_on_is_still_an_answer() {
    for name in DIALECTS {
        let mut world = world(name);
        world.go_waiting();
        let refused = world.answer(|values| {
            values.set(ValueName::ResponseCode, "A0");
        });
        assert_eq!(world.hears(&refused), ["answered A0 declined"]);
        world.till.request(request(Op::Sale, 2)).unwrap();
        assert_eq!(world.says(), ["send signon"]);
    }
}

#[test]
fn new_keys_are_not_used_before_they_are_durable() {
    let mut world = world("unionpay");
    world.go_ready();
    world.till.demand_sign_on();
    world.till.request(request(Op::Sale, 2)).unwrap();
    assert_eq!(world.says(), ["send signon"]);
    world.host.mac_key = vec![0x45; world.host.mac_key.len()];
    let answer = world.answer(|_| ());
    assert_eq!(world.hears(&answer), ["signed on 7"]);
    assert_eq!(world.says(), Vec::<String>::new(), "nothing goes on before the keys are durable");
    // The connection ends first: the request was not sent, and the next connection asks for keys again.
    assert_eq!(world.breaks(), ["not sent closed"]);
    assert!(world.till.synced(world.now).is_err());
    world.go_proving();
}

/// Brings a world into the state that a row starts from.
type Prepare = fn(&mut World);

/// What happens to the till, from a state that the row names; the last column is everything it says then.
type Happening = fn(&mut World) -> Vec<String>;

#[test]
fn a_failure_before_the_first_byte_is_proven_not_sent() {
    let table: [(&str, Prepare, Happening, &[&str]); 17] = [
        ("no network", World::go_connecting, |w| fails(w, LinkFault::NetworkAbsent), &["not sent network_absent"]),
        ("wrong pin", World::go_connecting, |w| fails(w, LinkFault::PinMismatch), &["not sent pin_mismatch"]),
        (
            "connecting takes too long",
            World::go_connecting,
            |w| late_by(w, 10_000),
            &["disconnect", "not sent connect_timed_out"],
        ),
        ("sign-on unanswered", World::go_proving, |w| late_by(w, TIMEOUT_MS), &["disconnect", "not sent host_silent"]),
        ("lost while signing on", World::go_proving, World::breaks, &["not sent closed"]),
        (
            "our certificate is refused at the first read",
            World::go_proving,
            |w| {
                w.till.link(LinkEvent::Broken(LinkFault::ClientCertificateRefused), w.now).unwrap();
                w.says()
            },
            &["not sent client_certificate_refused"],
        ),
        (
            "sign-on refused",
            World::go_proving,
            |w| {
                w.hears(&w.answer(|values| {
                    values.set(ValueName::ResponseCode, "03");
                }))
            },
            &["disconnect", "not sent sign_on_refused"],
        ),
        (
            "sign-on without keys",
            World::go_proving,
            |w| w.hears(&w.answer(|values| values.remove(ValueName::KeyBlock))),
            &["disconnect", "not sent host_answer_invalid"],
        ),
        (
            "a key without its check value",
            World::go_proving,
            |w| w.hears(&w.answer(|values| spoil(values, ValueName::KeyBlock))),
            &["disconnect", "not sent keys_invalid"],
        ),
        (
            "sign-on answered with rubbish",
            World::go_proving,
            |w| w.hears(&rubbish(w)),
            &["disconnect", "not sent host_answer_invalid"],
        ),
        (
            "sign-on answered with an endless frame",
            World::go_proving,
            |w| w.hears(b"\xFF\xFF9999"),
            &["disconnect", "not sent host_answer_invalid"],
        ),
        ("lost before the keys are durable", World::go_keys_unsynced, World::breaks, &["not sent closed"]),
        ("lost before the journal has it", World::go_unsynced, World::breaks, &["not sent closed"]),
        ("lost before it is handed over", World::go_unsent, World::breaks, &["not sent closed"]),
        (
            "the stream is lost before the journal has it",
            World::go_unsynced,
            |w| w.hears(b"\xFF\xFF9999"),
            &["disconnect", "not sent host_answer_invalid"],
        ),
        (
            "a value is missing",
            World::go_ready,
            |w| {
                let mut request = request(Op::Sale, 2);
                request.values.remove(ValueName::AmountMinor);
                w.till.request(request).unwrap();
                w.says()
            },
            &["not sent unpackable"],
        ),
        (
            "a value has the wrong form",
            World::go_ready,
            |w| {
                let mut request = request(Op::Sale, 2);
                request.values.set(ValueName::AmountMinor, "ten");
                w.till.request(request).unwrap();
                w.says()
            },
            &["not sent unpackable"],
        ),
    ];
    for name in DIALECTS {
        for (row, prepare, happening, verdict) in &table {
            let mut world = world(name);
            prepare(&mut world);
            assert_eq!(happening(&mut world), *verdict, "{name}: {row}");
            assert!(!world.till.is_busy(), "{name}: {row}");
        }
    }
}

fn fails(world: &mut World, fault: LinkFault) -> Vec<String> {
    world.till.link(LinkEvent::NotConnected(fault), world.now).unwrap();
    world.says()
}

fn late_by(world: &mut World, ms: u64) -> Vec<String> {
    world.passes(ms - 1);
    assert_eq!(world.says(), Vec::<String>::new(), "a millisecond earlier nothing happens");
    world.passes(1);
    world.says()
}

/// Changes one bit in the middle of a value.
fn spoil(values: &mut Values, name: ValueName) {
    let mut bytes = values.get(name).unwrap().to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    values.set(name, bytes);
}

/// A whole frame that holds no message.
fn rubbish(world: &World) -> Vec<u8> {
    let mut frame = Vec::new();
    world.host.dialect.frame().wrap(Side::Answer, &[0xEE; 12], &mut frame).unwrap();
    frame
}

#[test]
fn a_failure_after_the_first_byte_is_in_doubt() {
    let table: [(&str, Happening, &[&str]); 13] = [
        ("no answer", |w| late_by(w, TIMEOUT_MS), &["in doubt no_answer 98"]),
        ("lost", World::breaks, &["in doubt connection_lost 98"]),
        ("half an answer, then the end", half_an_answer_then_the_end, &["in doubt connection_lost 98"]),
        (
            "half an answer, then nothing",
            |w| {
                let answer = w.answer(|_| ());
                assert!(w.hears(&answer[..answer.len() / 2]).is_empty());
                late_by(w, TIMEOUT_MS)
            },
            &["in doubt no_answer 98"],
        ),
        ("wrong MAC", |w| w.hears(&spoilt_mac(w, "00")), &["disconnect", "in doubt bad_mac A0"]),
        ("wrong MAC on a decline", |w| w.hears(&spoilt_mac(w, "51")), &["disconnect", "in doubt bad_mac A0"]),
        (
            "wrong MAC on somebody else's answer",
            |w| {
                let mut answer = w.answer(|values| {
                    values.set(ValueName::Stan, "000077");
                });
                *answer.last_mut().unwrap() ^= 1;
                w.hears(&answer)
            },
            &["disconnect", "in doubt bad_mac A0"],
        ),
        ("no MAC", |w| w.hears(&without_mac(w, "00")), &["disconnect", "in doubt mac_missing A0"]),
        ("no MAC on a decline", |w| w.hears(&without_mac(w, "51")), &["disconnect", "in doubt mac_missing A0"]),
        (
            "another amount",
            |w| {
                w.hears(&w.answer(|values| {
                    values.set_number(ValueName::AmountMinor, 1_001);
                }))
            },
            &["in doubt echo_differs 06"],
        ),
        (
            "the amount in another currency",
            |w| {
                w.hears(&w.answer(|values| {
                    values.set(ValueName::CurrencyNumber, "392");
                }))
            },
            &["in doubt echo_differs 06"],
        ),
        ("rubbish", |w| w.hears(&rubbish(w)), &["disconnect", "in doubt answer_invalid 06"]),
        ("an endless frame", |w| w.hears(b"\xFF\xFF9999"), &["disconnect", "in doubt answer_invalid 06"]),
    ];
    for name in DIALECTS {
        for (row, happening, verdict) in &table {
            let mut world = world(name);
            world.go_waiting();
            assert_eq!(happening(&mut world), *verdict, "{name}: {row}");
            assert!(!world.till.is_busy(), "{name}: {row}");
        }
    }
}

fn half_an_answer_then_the_end(world: &mut World) -> Vec<String> {
    let answer = world.answer(|_| ());
    assert!(world.hears(&answer[..answer.len() / 2]).is_empty());
    world.breaks()
}

fn spoilt_mac(world: &World, code: &str) -> Vec<u8> {
    let mut answer = world.answer(|values| {
        values.set(ValueName::ResponseCode, code);
    });
    *answer.last_mut().unwrap() ^= 1;
    answer
}

/// An answer by a host that has never heard of MACs.
fn without_mac(world: &World, code: &str) -> Vec<u8> {
    let text = Dialect::shipped(world.host.dialect.name()).unwrap();
    let careless = Dialect::from_toml(&text.replace("mac_response = \"always\"", "mac_response = \"never\"")).unwrap();
    let sent = world.sent.as_ref().unwrap();
    let mut values = sent.values.clone();
    values.set(ValueName::ResponseCode, code);
    values.remove(ValueName::ChipData);
    seal(&careless, sent.op, Side::Answer, &values, None).unwrap()
}

#[test]
fn what_answers_nothing_is_evidence_and_the_wait_goes_on() {
    let table: [(&str, Happening, &str); 3] = [
        (
            "another trace number",
            |w| {
                w.hears(&w.answer(|values| {
                    values.set(ValueName::Stan, "000077");
                }))
            },
            "unmatched no_such_request",
        ),
        (
            "another terminal",
            |w| {
                w.hears(&w.answer(|values| {
                    values.set(ValueName::TerminalId, "TERM0002");
                }))
            },
            "unmatched no_such_request",
        ),
        (
            "our own request",
            |w| {
                let request = request(Op::Sale, 1).values;
                let mirrored = w.host.answers_as(Op::Sale, Side::Request, w.sent.as_ref().unwrap(), |values| {
                    values.set(ValueName::Track2, request.get(ValueName::Track2).unwrap());
                });
                let mirrored = addressed_to_the_till(w, &mirrored);
                w.hears(&mirrored)
            },
            "unmatched not_an_answer",
        ),
    ];
    for name in DIALECTS {
        for (row, happening, verdict) in &table {
            let mut world = world(name);
            world.go_waiting();
            assert_eq!(happening(&mut world), [*verdict], "{name}: {row}");
            let answer = world.answer(|_| ());
            assert_eq!(world.hears(&answer), ["answered 00 approved"], "{name}: {row}");
        }
    }
}

/// The same message in the frame that a host would put it in.
fn addressed_to_the_till(world: &World, frame: &[u8]) -> Vec<u8> {
    let mut deframer = world.host.dialect.frame().deframer(Side::Request);
    deframer.push(frame);
    let message = deframer.next_frame().unwrap().unwrap();
    let mut addressed = Vec::new();
    world.host.dialect.frame().wrap(Side::Answer, &message, &mut addressed).unwrap();
    addressed
}

#[test]
fn a_late_answer_is_evidence_once_and_never_an_approval() {
    for name in DIALECTS {
        let mut world = world(name);
        world.go_waiting();
        let late = world.answer(|_| ());
        assert_eq!(late_by(&mut world, TIMEOUT_MS), ["in doubt no_answer 98"]);
        world.sends(Op::Reversal, 2);
        assert_eq!(world.hears(&late), ["late 000001 00"]);
        assert_eq!(world.hears(&late), ["unmatched duplicate"]);
        let reversed = world.answer(|_| ());
        assert_eq!(world.hears(&reversed), ["answered 00 approved"]);
    }
}

#[test]
fn an_answer_that_arrives_with_its_deadline_is_late() {
    let mut world = world("unionpay");
    world.go_waiting();
    let answer = world.answer(|_| ());
    world.passes(TIMEOUT_MS);
    assert_eq!(world.hears(&answer), ["in doubt no_answer 98", "late 000001 00"]);
}

#[test]
fn a_repeated_answer_is_a_duplicate() {
    for name in DIALECTS {
        let mut world = world(name);
        world.go_waiting();
        let answer = world.answer(|_| ());
        let twice = [answer.clone(), answer.clone()].concat();
        assert_eq!(world.hears(&twice), ["answered 00 approved", "unmatched duplicate"]);
        world.sends(Op::Sale, 2);
        assert_eq!(world.hears(&answer), ["unmatched duplicate"]);
    }
}

#[test]
fn two_silences_in_a_row_end_the_connection() {
    let mut world = world("unionpay");
    world.go_waiting();
    assert_eq!(late_by(&mut world, TIMEOUT_MS), ["in doubt no_answer 98"]);
    world.sends(Op::Reversal, 1);
    assert_eq!(late_by(&mut world, TIMEOUT_MS), ["in doubt no_answer 98", "disconnect"]);
    world.till.request(request(Op::Reversal, 1)).unwrap();
    assert_eq!(world.says(), ["connect"]);
}

#[test]
fn an_idle_connection_is_closed_and_opened_again_when_needed() {
    let mut world = world("unionpay");
    world.go_ready();
    assert_eq!(late_by(&mut world, 20_000), ["disconnect"]);
    world.till.request(request(Op::Sale, 2)).unwrap();
    assert_eq!(world.says(), ["connect"]);
}

#[test]
fn a_request_that_meets_a_dead_connection_gets_a_new_one() {
    let mut world = world("unionpay");
    world.go_ready();
    world.till.request(request(Op::Sale, 2)).unwrap();
    assert_eq!(world.breaks(), ["connect"]);
}

#[test]
fn a_wrong_mac_makes_the_next_connection_sign_on() {
    let mut world = world("unionpay");
    world.go_waiting();
    let answer = spoilt_mac(&world, "00");
    assert_eq!(world.hears(&answer), ["disconnect", "in doubt bad_mac A0"]);
    world.go_proving();
}

#[test]
fn a_request_is_taken_back_only_while_its_bytes_are_here() {
    let table: [(&str, Prepare, Withdrawal, &[&str]); 8] = [
        ("down", |_| (), Withdrawal::NothingThere, &[]),
        ("connecting", World::go_connecting, Withdrawal::Withdrawn, &["disconnect"]),
        ("proving", World::go_proving, Withdrawal::Withdrawn, &[]),
        ("keys unsynced", World::go_keys_unsynced, Withdrawal::Withdrawn, &[]),
        ("ready", World::go_ready, Withdrawal::NothingThere, &[]),
        ("unsynced", World::go_unsynced, Withdrawal::Withdrawn, &[]),
        ("unsent", World::go_unsent, Withdrawal::Withdrawn, &[]),
        ("waiting", World::go_waiting, Withdrawal::TooLate, &[]),
    ];
    for (row, prepare, verdict, said) in table {
        let mut world = world("unionpay");
        prepare(&mut world);
        assert_eq!(world.till.withdraw(world.now), verdict, "{row}");
        assert_eq!(world.says(), said, "{row}");
        assert_eq!(world.till.is_busy(), verdict == Withdrawal::TooLate, "{row}");
    }
}

#[test]
fn an_input_out_of_turn_is_refused_and_changes_nothing() {
    // Which of: Connected, NotConnected, Received, Broken, synced, request; a dot is a refusal.
    let table: [(&str, Prepare, &str); 8] = [
        ("down", |_| (), ".....q"),
        ("connecting", World::go_connecting, "cn...."),
        ("proving", World::go_proving, "..rb.."),
        ("keys_unsynced", World::go_keys_unsynced, "..rbs."),
        ("ready", World::go_ready, "..rb.q"),
        ("unsynced", World::go_unsynced, "..rbs."),
        ("unsent", World::go_unsent, "..rb.."),
        ("waiting", World::go_waiting, "..rb.."),
    ];
    for (state, prepare, legal) in table {
        for (index, input) in "cnrbsq".chars().enumerate() {
            let mut world = world("unionpay");
            prepare(&mut world);
            let busy = world.till.is_busy();
            let refused = give(&mut world, input).err();
            if legal.as_bytes()[index] == b'.' {
                let refused = refused.unwrap_or_else(|| panic!("{state} takes {input}"));
                assert_eq!(refused.state, state);
                assert_eq!(world.till.is_busy(), busy, "{state}, {input}");
            } else {
                assert_eq!(refused, None, "{state}, {input}");
            }
        }
    }
}

fn give(world: &mut World, input: char) -> Result<(), OutOfTurn> {
    let now = world.now;
    match input {
        'c' => world.till.link(LinkEvent::Connected, now),
        'n' => world.till.link(LinkEvent::NotConnected(LinkFault::Unreachable), now),
        'r' => world.till.link(LinkEvent::Received(&[]), now),
        'b' => world.till.link(LinkEvent::Broken(LinkFault::Closed), now),
        's' => world.till.synced(now),
        _ => world.till.request(request(Op::Sale, 9)),
    }
}

#[test]
fn a_sign_on_is_never_asked_for_by_request() {
    let refused = world("unionpay").till.request(request(Op::SignOn, 1)).unwrap_err();
    assert_eq!(refused, OutOfTurn { state: "down", input: "request" });
}

#[test]
fn what_the_dialect_does_not_have_is_refused_before_anything_leaves() {
    for (name, op) in DIALECTS.into_iter().flat_map(|name| Op::ALL.map(|op| (name, op))) {
        if matches!(op, Op::SignOn | Op::Sale | Op::Reversal | Op::VoidReversal) {
            continue; // Nothing works without the first three, and a void must be reversible.
        }
        let text = Dialect::shipped(name).unwrap();
        let of = |row: &str| row.starts_with(&format!("\nop = \"{op}\"\n"));
        let rows: Vec<&str> = text.split("[[message]]").filter(|row| !of(row)).collect();
        let dialect = Arc::new(Dialect::from_toml(&rows.join("[[message]]")).unwrap());
        let mut world = world(name);
        world.till.dialect = Arc::clone(&dialect);
        world.till.request(request(op, 1)).unwrap();
        assert_eq!(world.says(), ["not sent operation_not_in_dialect"], "{name} {op}");
        assert!(!world.till.is_busy());
        // The control: what it has is on its way.
        world.till.request(request(Op::Sale, 1)).unwrap();
        assert_eq!(world.says(), ["connect"], "{name} {op}");
    }
}

#[test]
fn a_master_key_of_the_wrong_length_is_refused() {
    let setup = Setup {
        dialect: dialect("unionpay"),
        terminal: TerminalId::new("TERM0001").unwrap(),
        merchant: MerchantId::new("MERCHANT0000001").unwrap(),
        master_key: SecretBytes::new(vec![1; 15]),
        kept_keys: None,
        batch: BatchNo::new(1).unwrap(),
        pace: Pace::default(),
    };
    assert!(Conversation::new(setup).is_err());
}

#[test]
fn control_numbers_stay_out_of_the_payments_way() {
    let mut world = world("unionpay");
    for _ in 0..3 {
        world.go_proving();
        let stan = world.sent.as_ref().unwrap().values.text(ValueName::Stan).unwrap().to_owned();
        assert!(stan.as_str() >= "990000", "{stan}");
        world.breaks();
    }
    world.till.control_stan = Stan::new(999_999).unwrap();
    world.go_proving();
    world.breaks();
    assert_eq!(world.till.control_stan.number(), CONTROL_STAN_FIRST);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    /// Whatever the host says, nothing panics, and nothing is approved but by the very message that the host sealed.
    #[test]
    fn rubbish_never_approves(
        iso87: bool,
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0..4_usize, any::<u8>()), 1..4),
        noise in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let mut world = world(DIALECTS[usize::from(iso87)]);
        world.go_waiting();
        let sealed = world.answer(|_| ());
        let mut stream = sealed.clone();
        for (at, what, byte) in cuts {
            let at = at.index(stream.len().max(1)).min(stream.len());
            match what {
                0 if at < stream.len() => stream[at] ^= byte,
                1 if at < stream.len() => drop(stream.remove(at)),
                2 => stream.insert(at, byte),
                _ => stream.truncate(at),
            }
        }
        stream.extend(noise);
        let words = world.hears(&stream);
        if words.iter().any(|word| word.contains("approved")) {
            // The frame's length and addresses are outside the MAC; the whole message is inside.
            let mut deframer = world.host.dialect.frame().deframer(Side::Answer);
            deframer.push(&sealed);
            let message = deframer.next_frame().unwrap().unwrap();
            prop_assert!(stream.windows(message.len()).any(|window| window == message));
        }
    }

    /// Noise from the first byte on.
    #[test]
    fn noise_never_approves(noise in prop::collection::vec(any::<u8>(), 0..512)) {
        for prepare in [World::go_proving, World::go_waiting] {
            let mut world = world("iso87");
            prepare(&mut world);
            let words = world.hears(&noise);
            prop_assert!(!words.iter().any(|word| word.contains("approved")), "{words:?}");
        }
    }
}
