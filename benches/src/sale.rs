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

use std::time::{Duration, Instant};

use taptill::iso8583::Op;
use taptill_sandbox::host::{Host, Options, Script, provision};

use crate::bare::BareClient;
use crate::journal::{Plain, on_disk};
use crate::measure::{Effort, Plan, Row, row};
use crate::till::{Sold, Till};

const SALE: Plan = Plan {
    name: "whole sale over mTLS, warm, without the card",
    peer: "its syncs as plain inserts, the host's booking",
    bar: Some(1.3),
    rounds: 31,
    calls: 10,
};
const SALE_AND_AFTER: Plan = Plan { name: "the same until the till is at rest", bar: None, ..SALE };

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
        let Sold { told, rest, events_told, events_rest, .. } = till.sell();
        plain.empty_log();
        plain.insert_event(); // Ours has had the last sale's result taken since it was emptied.
        let sealed = bare.sealed(Op::Sale);
        let mut insert = |count: u32| (0..count).for_each(|_| plain.insert_event());
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
