//! Rows of what comes after the sale: a void, a refund, the settlement of a large batch.
//!
//! Each against what no till could do without: one plain durable SQLite insert for each event that was journalled, and
//! one round trip of a bare TLS client for each message that was sent (both counted, not assumed). A void's and a
//! refund's peer has the host book a sale as durably; a settlement's peer is an echo, since the host books nothing anew.
//! The refund is asked for and approved by one person, whom the rules of this till allow it: a second one's password is
//! the sign-in's row. None has a bar: the sale's row has it.

use std::time::{Duration, Instant};

use taptill::account::ShopPolicy;
use taptill::ids::AttemptId;
use taptill::iso8583::Op;
use taptill::money::{Amount, Currency};
use taptill::payment::batch::state::BatchState;
use taptill::payment::refund::state::RefundState;
use taptill::payment::state::State;
use taptill::payment::{RefundOf, RefundRequest, VoidOrder};
use taptill_sandbox::host::{Host, Options, Script, provision};

use crate::bare::BareClient;
use crate::journal::{Plain, on_disk};
use crate::measure::{Effort, Plan, Row, row};
use crate::till::{AMOUNT_MINOR, Till};

const PEER: &str = "its syncs as plain inserts, its round trips";
const VOID: Plan = Plan { name: "void over mTLS, warm", peer: PEER, bar: None, rounds: 31, calls: 5 };
const REFUND: Plan = Plan { name: "refund over mTLS, asked for and approved", ..VOID };
const SETTLEMENT: Plan = Plan { name: "settlement of 10,000 payments", peer: PEER, bar: None, rounds: 1, calls: 1 };
const PAYMENTS: u64 = 10_000;

/// The three.
pub fn rows(effort: Effort) -> Vec<Row> {
    let folder = on_disk();
    let home = folder.path().join("host");
    let host = Host::start(&home, Host::any_port(), &Script::honest()).expect("the folder takes a host");
    let address = host.address().to_string();
    let enrol = || provision(&home, "unionpay", &address, &Options::default()).expect("the host is there");
    let mut stage = Stage {
        bare: BareClient::connect(&enrol()),
        plain: Plain::in_folder(folder.path(), "plain"),
        till: Till::open(folder.path(), &enrol()),
    };
    stage.allow_one_person();
    let (plans, payments) = if effort == Effort::Full {
        ([VOID, REFUND], PAYMENTS)
    } else {
        ([VOID, REFUND].map(|plan| Plan { rounds: 1, calls: 1, ..plan }), 5)
    };
    let [void, refund] = plans;
    let mut rows = vec![stage.row(void, Stage::void), stage.row(refund, Stage::refund)];
    let sold = u64::try_from((void.calls + refund.calls) * void.rounds).expect("few");
    (sold..payments).for_each(|_| drop(stage.till.sell()));
    rows.push(row(SETTLEMENT, 1, &[stage.against(Op::Echo, Stage::settle)]));
    rows
}

/// A till, and what its peer is made of.
struct Stage {
    bare: BareClient,
    plain: Plain,
    till: Till,
}

impl Stage {
    fn allow_one_person(&self) {
        let policy = self.till.terminal.policy().expect("the terminal is open");
        let mut refunds = policy.refunds;
        refunds.contactless_card.self_approval_allowed = true;
        self.till.terminal.set_policy(&ShopPolicy { refunds, ..policy }).expect("a supervisor is here");
    }

    /// One thing done to a new sale each time.
    fn row(&mut self, plan: Plan, work: fn(&Self, &AttemptId)) -> Row {
        let round = |stage: &mut Self| {
            let calls = (0..plan.calls).map(|_| {
                let sale = stage.till.sell().attempt;
                stage.against(Op::Sale, |stage| work(stage, &sale))
            });
            calls.reduce(|one, two| (one.0 + two.0, one.1 + two.1)).expect("some")
        };
        let samples: Vec<_> = (0..plan.rounds).map(|_| round(self)).collect();
        row(plan, plan.calls, &samples)
    }

    /// How long it takes, and how long as many inserts and round trips.
    fn against(&mut self, op: Op, work: impl FnOnce(&Self)) -> (Duration, Duration) {
        let before = self.till.done();
        let began = Instant::now();
        work(self);
        let ours = began.elapsed();
        let after = self.till.done();
        let (events, messages) = (after.events - before.events, after.messages - before.messages);
        assert!(events > 0 && messages > 0, "it is journalled and sent");
        let sealed: Vec<_> = (0..messages).map(|_| self.bare.sealed(op)).collect();
        self.plain.empty_log();
        let began = Instant::now();
        (0..events).for_each(|_| self.plain.insert_event());
        sealed.iter().for_each(|frame| drop(self.bare.ask(frame)));
        (ours, began.elapsed())
    }

    fn void(&self, sale: &AttemptId) {
        let order = VoidOrder { attempt: None, of: sale.clone() };
        let voided = self.till.terminal.start_void(order).expect("the till is free").wait().expect("the host is there");
        assert_eq!(voided.state, State::Approved);
        // Answered when all is quiet again.
        self.till.terminal.status(sale).expect("it is known");
    }

    fn refund(&self, sale: &AttemptId) {
        let amount = Amount::from_minor(AMOUNT_MINOR, Currency::CNY).expect("an amount");
        let request = RefundRequest { refund: None, of: RefundOf::Attempt(sale.clone()), amount };
        let asked = self.till.terminal.request_refund(&request).expect("it was sold just now");
        let refund = self.till.terminal.approve_refund(&asked.refund).expect("one person may");
        assert_eq!(refund.state, RefundState::Acknowledged);
        self.till.terminal.status(sale).expect("it is known");
    }

    fn settle(&self) {
        let batch = self.till.terminal.settle().expect("nothing is in the way");
        assert_eq!(batch.state, BatchState::Closed);
    }
}
