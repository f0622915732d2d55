//! The core's conversation against the simulated host, in virtual time and without sockets: what a till learns
//! from each kind of misbehaviour, and that one reversal puts the host's book right afterwards.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod host_support;

use std::sync::Arc;

use host_support::{CountingEntropy, DIALECTS, NOON};
use taptill::acquirer::{Conversation, Delivery, LinkEvent, LinkFault, Pace, Request, Setup, Step};
use taptill::clock::{BootCount, MonoMs, Now};
use taptill::ids::{BatchNo, Stan};
use taptill::iso8583::{Dialect, Op, Values};
use taptill_sandbox::host::{Acquirer, Action, Kind, Line, Options};

const AMOUNT: u64 = 10_000;

#[test]
fn a_till_learns_what_can_be_known_and_a_reversal_settles_the_rest() {
    let table: &[(Kind, &str, u64)] = &[
        (Kind::Normal, "00", AMOUNT),
        (Kind::NoAnswer, "no_answer", AMOUNT),
        (Kind::Forget, "no_answer", 0),
        (Kind::LateAnswer, "no_answer", AMOUNT),
        (Kind::AnswerTwice, "00", AMOUNT),
        (Kind::BadMac, "bad_mac", AMOUNT),
        (Kind::WrongEcho, "echo_differs", AMOUNT),
        (Kind::HalfFrame, "connection_lost", AMOUNT),
        (Kind::Reset, "connection_lost", AMOUNT),
    ];
    for dialect in DIALECTS {
        for (kind, learnt, net) in table {
            let mut till = Till::open(dialect);
            till.desk.acquirer.set_next(*kind, 1).unwrap();
            let (sale, reversal) = (till.desk.sale(7, AMOUNT), till.desk.reversal(7, AMOUNT));
            assert_eq!(till.ends(Op::Sale, sale), *learnt, "{dialect} {kind}");
            assert_eq!(till.desk.net_minor(), *net, "{dialect} {kind}");
            assert_eq!(till.ends(Op::Reversal, reversal), "00", "{dialect} {kind}");
            assert_eq!(till.desk.net_minor(), 0, "{dialect} {kind}");
        }
    }
}

#[test]
fn a_till_whose_keys_were_replaced_gets_its_reversal_through() {
    for dialect in DIALECTS {
        let mut till = Till::open(dialect);
        let (first, second) = (till.desk.sale(7, AMOUNT), till.desk.sale(8, AMOUNT));
        assert_eq!(till.ends(Op::Sale, first), "00");
        till.desk.sign_on();
        assert_eq!(till.ends(Op::Sale, second), "bad_mac", "{dialect}");
        let reversal = till.desk.reversal(8, AMOUNT);
        assert_eq!(till.ends(Op::Reversal, reversal), "00", "{dialect}");
        assert_eq!(till.desk.net_minor(), AMOUNT);
    }
}

#[test]
fn a_declined_sale_and_a_refused_reversal_are_answers() {
    for dialect in DIALECTS {
        let mut till = Till::open(dialect);
        till.desk.acquirer.set_next(Kind::RefuseReversal, 1).unwrap();
        let (sale, reversal) = (till.desk.sale(7, 100_051), till.desk.reversal(7, 100_051));
        assert_eq!(till.ends(Op::Sale, sale), "51", "{dialect}");
        for code in ["12", "00", "25"] {
            assert_eq!(till.ends(Op::Reversal, reversal.clone()), code, "{dialect}");
        }
    }
}

/// A conversation with its host, and the driver between them.
struct Till {
    desk: host_support::Desk,
    conversation: Conversation,
    line: Option<Line>,
    mono: MonoMs,
    later: Vec<(MonoMs, Vec<u8>)>,
    ended: Vec<String>,
}

impl Till {
    fn open(dialect: &str) -> Self {
        let mut acquirer = Acquirer::in_memory(Arc::new(CountingEntropy::default())).unwrap();
        let enrolled = acquirer.enrol(Dialect::shipped(dialect).unwrap(), &Options::default()).unwrap();
        let conversation = Conversation::new(Setup {
            dialect: Arc::new(Dialect::from_toml(&enrolled.dialect_toml).unwrap()),
            terminal: enrolled.terminal.clone(),
            merchant: enrolled.merchant.clone(),
            master_key: taptill::secret::SecretBytes::new(enrolled.master_key.expose().to_vec()),
            kept_keys: None,
            batch: BatchNo::new(1).unwrap(),
            pace: Pace::default(),
        });
        let desk = host_support::Desk::at(acquirer, enrolled);
        let (line, later, ended) = (None, Vec::new(), Vec::new());
        Self { desk, conversation: conversation.unwrap(), line, mono: MonoMs(0), later, ended }
    }

    /// Sends one request and lives on until nothing is due; how the request ended, in one word.
    fn ends(&mut self, op: Op, values: Values) -> String {
        let stan = Stan::new(values.text(taptill::iso8583::ValueName::Stan).unwrap().parse().unwrap()).unwrap();
        self.conversation.request(Request { op, stan, values, is_repeat: false }).unwrap();
        while self.step() {}
        assert_eq!(self.ended.len(), 1, "{:?}", self.ended);
        self.ended.remove(0)
    }

    fn now(&self) -> Now {
        Now { wall: NOON, mono: self.mono, boot: BootCount(1) }
    }

    /// Does one step; false when there is nothing left to wait for.
    fn step(&mut self) -> bool {
        match self.conversation.poll(self.now()) {
            Step::Connect => {
                self.line = Some(self.desk.acquirer.line_of(&self.desk.terminal).unwrap());
                self.tell(LinkEvent::Connected);
            }
            Step::Disconnect => self.hang_up(),
            Step::Send(bytes) => {
                let line = self.line.as_mut().expect("a conversation sends on a connection");
                let actions = self.desk.acquirer.receive(line, &bytes, NOON);
                actions.into_iter().for_each(|action| self.carry_out(action));
            }
            Step::Sync(_) => self.conversation.synced(self.now()).unwrap(),
            Step::Deliver(delivery) => self.note(&delivery),
            Step::Sleep { until } => return self.sleep(until),
        }
        true
    }

    fn carry_out(&mut self, action: Action) {
        match action {
            Action::Reply(bytes) => self.tell(LinkEvent::Received(&bytes)),
            Action::Later { after_ms, bytes } => self.later.push((self.mono.after_ms(after_ms), bytes)),
            Action::Close | Action::Reset => {
                self.hang_up();
                self.tell(LinkEvent::Broken(LinkFault::Closed));
            }
        }
    }

    fn note(&mut self, delivery: &Delivery) {
        match delivery {
            Delivery::Answered(answer) => self.ended.push(answer.host_code.to_string()),
            Delivery::InDoubt(cause) => self.ended.push(cause.word().to_owned()),
            Delivery::NotSent(cause) => self.ended.push(cause.word().to_owned()),
            Delivery::SignedOn(_) => self.conversation.synced(self.now()).unwrap(),
            Delivery::Late(_) | Delivery::Unmatched(_) => {}
        }
    }

    /// Goes on to what happens next: an answer that is due, or the conversation's own deadline.
    fn sleep(&mut self, until: Option<MonoMs>) -> bool {
        let due = self.later.first().map(|(at, _)| *at);
        if let Some(at) = due.filter(|at| until.is_none_or(|until| *at <= until)) {
            self.mono = at;
            let (_, bytes) = self.later.remove(0);
            self.tell(LinkEvent::Received(&bytes));
            return true;
        }
        let goes_on = until.filter(|_| self.conversation.is_busy() || due.is_some());
        self.mono = goes_on.unwrap_or(self.mono);
        goes_on.is_some()
    }

    fn hang_up(&mut self) {
        self.line = None;
        self.later.clear();
    }

    /// A driver's event may come too late; the conversation then ignores it.
    fn tell(&mut self, event: LinkEvent<'_>) {
        let _ = self.conversation.link(event, self.now());
    }
}
