//! The core's conversation against the simulated host, in virtual time and without sockets: what a till learns
//! from each kind of misbehaviour, and that one reversal, or one repeat, puts the host's book right afterwards.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod host_support;

use std::sync::Arc;

use host_support::{CountingEntropy, DIALECTS, NOON};
use taptill::acquirer::{Balance, Conversation, Delivery, LinkEvent, LinkFault, Pace, Request, Setup, Step};
use taptill::clock::{BootCount, MonoMs, Now};
use taptill::ids::{BatchNo, Stan};
use taptill::iso8583::{Dialect, Op, ValueName, Values};
use taptill_sandbox::host::{Acquirer, Action, Kind, Line, Options};

const AMOUNT: u64 = 10_000;

/// What the till learns of a message whose amount the answer must repeat, and whether the host carried it out.
const MISHAPS: [(Kind, &str, bool); 10] = [
    (Kind::Normal, "00", true),
    (Kind::NoAnswer, "no_answer", true),
    (Kind::Forget, "no_answer", false),
    (Kind::LateAnswer, "no_answer", true),
    (Kind::AnswerTwice, "00", true),
    (Kind::BadMac, "bad_mac", true),
    (Kind::WrongEcho, "echo_differs", true),
    (Kind::HalfFrame, "connection_lost", true),
    (Kind::Reset, "connection_lost", true),
    (Kind::Refuse, "12", false),
];

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

#[test]
fn a_void_is_taken_back_by_one_reversal_whatever_befell_it() {
    for (dialect, (kind, learnt, done)) in DIALECTS.into_iter().flat_map(|dialect| MISHAPS.map(|row| (dialect, row))) {
        let mut till = Till::open(dialect);
        let (sale, void, reversal) =
            (till.desk.sale(7, AMOUNT), till.desk.void(8, 7, AMOUNT), till.desk.void_reversal(8, AMOUNT));
        assert_eq!(till.ends(Op::Sale, sale), "00");
        till.desk.acquirer.set_next_of(kind, 1, Op::Void).unwrap();
        assert_eq!(till.ends(Op::Void, void), learnt, "{dialect} {kind}");
        assert_eq!(till.desk.net_minor(), if done { 0 } else { AMOUNT }, "{dialect} {kind}");
        assert_eq!(till.ends(Op::VoidReversal, reversal), "00", "{dialect} {kind}");
        assert_eq!(till.desk.net_minor(), AMOUNT, "{dialect} {kind}");
    }
}

#[test]
fn the_reversal_of_a_void_is_repeated_until_it_is_confirmed() {
    for (dialect, (kind, learnt, done)) in DIALECTS.into_iter().flat_map(|dialect| MISHAPS.map(|row| (dialect, row))) {
        let mut till = Till::open(dialect);
        let (sale, void, reversal) =
            (till.desk.sale(7, AMOUNT), till.desk.void(8, 7, AMOUNT), till.desk.void_reversal(8, AMOUNT));
        assert_eq!((till.ends(Op::Sale, sale), till.ends(Op::Void, void)), ("00".into(), "00".into()));
        till.desk.acquirer.set_next_of(kind, 1, Op::VoidReversal).unwrap();
        assert_eq!(till.ends(Op::VoidReversal, reversal.clone()), learnt, "{dialect} {kind}");
        // 25 says that it is reversed already; it is believed for a repeat of the same day alone.
        assert_eq!(till.ends_again(Op::VoidReversal, reversal), if done { "25" } else { "00" }, "{dialect} {kind}");
        assert_eq!(till.desk.net_minor(), AMOUNT, "{dialect} {kind}");
    }
}

#[test]
fn a_refund_is_repeated_until_it_is_acknowledged_and_given_back_once() {
    for (dialect, (kind, learnt, done)) in DIALECTS.into_iter().flat_map(|dialect| MISHAPS.map(|row| (dialect, row))) {
        let mut till = Till::open(dialect);
        let (sale, refund) = (till.desk.sale(7, AMOUNT), till.desk.void(8, 7, 3_000));
        assert_eq!(till.ends(Op::Sale, sale), "00");
        till.desk.acquirer.set_next_of(kind, 1, Op::Refund).unwrap();
        assert_eq!(till.ends(Op::Refund, refund.clone()), learnt, "{dialect} {kind}");
        assert_eq!(till.desk.net_minor(), if done { AMOUNT - 3_000 } else { AMOUNT }, "{dialect} {kind}");
        assert_eq!(till.ends_again(Op::Refund, refund), if done { "94" } else { "00" }, "{dialect} {kind}");
        assert_eq!(till.desk.net_minor(), AMOUNT - 3_000, "{dialect} {kind}");
    }
}

#[test]
fn a_settlement_is_repeated_until_it_is_answered_and_closes_its_batch_once() {
    for (dialect, (kind, learnt, done)) in DIALECTS.into_iter().flat_map(|dialect| MISHAPS.map(|row| (dialect, row))) {
        // Nothing of a settlement is echoed but its number.
        let learnt = if kind == Kind::WrongEcho { "no_answer" } else { learnt };
        let mut till = Till::open(dialect);
        let (sale, settle) = (till.desk.sale(7, AMOUNT), till.desk.settlement(8, [(1, AMOUNT), (0, 0), (0, 0)]));
        assert_eq!(till.ends(Op::Sale, sale), "00");
        till.desk.acquirer.set_next_of(kind, 1, Op::Settle).unwrap();
        assert_eq!(till.ends(Op::Settle, settle.clone()), learnt, "{dialect} {kind}");
        let closed = till.desk.acquirer.batches().unwrap();
        assert_eq!(closed.len(), usize::from(done), "{dialect} {kind}");
        assert_eq!(till.ends_again(Op::Settle, settle), "00", "{dialect} {kind}");
        assert_eq!(till.balance, Some(Balance::Balanced), "{dialect} {kind}");
        let batches = till.desk.acquirer.batches().unwrap();
        assert_eq!((batches.len(), batches[0].paid_minor), (1, Some(AMOUNT as i64)), "{dialect} {kind}");
        assert!(!done || batches == closed, "{dialect} {kind}: it closed twice");
        // The next sign-on names the next batch.
        till.conversation.demand_sign_on();
        let echo = till.desk.plain_values(9);
        assert_eq!((till.ends(Op::Echo, echo), till.batch), ("00".into(), BatchNo::new(2).ok()), "{dialect} {kind}");
    }
}

#[test]
fn an_upload_that_is_broken_off_goes_on_and_its_batch_closes_once() {
    for (dialect, (kind, learnt, _)) in DIALECTS.into_iter().flat_map(|dialect| MISHAPS.map(|row| (dialect, row))) {
        for broken_off in [Op::BatchUpload, Op::SettleEnd] {
            let learnt = if kind == Kind::WrongEcho { "no_answer" } else { learnt };
            let mut till = Till::open(dialect);
            let sale = till.desk.sale(7, AMOUNT);
            assert_eq!(till.ends(Op::Sale, sale), "00");
            let mut settle = till.desk.settlement(8, [(0, 0); 3]);
            let line = "S000000010000000007112263261200000100001A";
            settle.set_number(ValueName::UploadIndex, 1).set_number(ValueName::UploadCount, 1);
            settle.set(ValueName::UploadLines, line);
            assert_eq!(till.ends(Op::Settle, settle.clone()), "00");
            assert_eq!(till.balance, Some(Balance::Unbalanced), "{dialect}");
            till.desk.acquirer.set_next_of(kind, 1, broken_off).unwrap();
            for op in [Op::BatchUpload, Op::SettleEnd] {
                let first = till.ends(op, settle.clone());
                assert_eq!(first, if op == broken_off { learnt } else { "00" }, "{dialect} {kind} {op}");
                assert_eq!(till.ends_again(op, settle.clone()), "00", "{dialect} {kind} {op}");
            }
            let batch = till.desk.acquirer.batches().unwrap().remove(0);
            assert_eq!((batch.uploaded, batch.paid_minor), (1, Some(AMOUNT as i64)), "{dialect} {kind}");
        }
    }
}

#[test]
fn what_a_host_does_not_offer_never_reaches_it() {
    for name in DIALECTS {
        let text = Dialect::shipped(name).unwrap();
        let rows: Vec<&str> = text.split("[[message]]").filter(|row| !row.starts_with("\nop = \"refund\"")).collect();
        let mut till = Till::speaking(&rows.join("[[message]]"));
        let refund = till.desk.void(8, 7, 3_000);
        assert_eq!(till.ends(Op::Refund, refund), "operation_not_in_dialect", "{name}");
        assert!(till.line.is_none(), "{name}: a connection was made");
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
    /// How the last settlement came out.
    balance: Option<Balance>,
    /// The batch that the last sign-on named.
    batch: Option<BatchNo>,
}

impl Till {
    fn open(dialect: &str) -> Self {
        Self::speaking(Dialect::shipped(dialect).unwrap())
    }

    fn speaking(dialect_toml: &str) -> Self {
        let mut acquirer = Acquirer::in_memory(Arc::new(CountingEntropy::default())).unwrap();
        let enrolled = acquirer.enrol(dialect_toml, &Options::default()).unwrap();
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
        let (balance, batch) = (None, None);
        Self { desk, conversation: conversation.unwrap(), line, mono: MonoMs(0), later, ended, balance, batch }
    }

    /// Sends one request and lives on until nothing is due; how the request ended, in one word.
    fn ends(&mut self, op: Op, values: Values) -> String {
        self.ends_as(op, values, false)
    }

    /// The same for a request that has been sent before.
    fn ends_again(&mut self, op: Op, values: Values) -> String {
        self.ends_as(op, values, true)
    }

    fn ends_as(&mut self, op: Op, values: Values, is_repeat: bool) -> String {
        let stan = Stan::new(values.text(taptill::iso8583::ValueName::Stan).unwrap().parse().unwrap()).unwrap();
        self.conversation.request(Request { op, stan, values, is_repeat }).unwrap();
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
            Delivery::Answered(answer) => {
                self.balance = answer.brought.settlement;
                self.ended.push(answer.host_code.to_string());
            }
            Delivery::InDoubt(cause) => self.ended.push(cause.word().to_owned()),
            Delivery::NotSent(cause) => self.ended.push(cause.word().to_owned()),
            Delivery::SignedOn(signed_on) => {
                self.batch = signed_on.batch;
                self.conversation.synced(self.now()).unwrap();
            }
            Delivery::Late(_) | Delivery::Unmatched(_) | Delivery::Marked(_) => {}
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
