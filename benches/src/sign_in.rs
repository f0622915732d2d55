//! The row of signing in: from the password to a till that sells, against the derivation alone.
//!
//! The parameters are the floor's, which makes the peer as quick as it may ever be. Ours has the slot's checks, a
//! guess spent and made anew, the journal's opening and the events of a sign-in, each durable; signing out again is on
//! nobody's time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Version};
use taptill::ports::{Deaf, NoFaults};
use taptill::terminal::Terminal;
use taptill::vault::Params;
use taptill_sandbox::desktop::desktop_ports;
use taptill_sandbox::host::{Host, Options, Script, provision};
use taptill_sandbox::people::{self, ALICE};

use crate::journal::on_disk;
use crate::measure::{Effort, Plan, Row, row};

const SIGN_IN: Plan = Plan {
    name: "sign-in, from the password to an open journal",
    peer: "bare Argon2id, 19 MiB, two passes",
    bar: None,
    rounds: 31,
    calls: 1,
};

/// Signing in.
pub fn rows(effort: Effort) -> Vec<Row> {
    let folder = on_disk();
    let host = folder.path().join("host");
    let running = Host::start(&host, Host::any_port(), &Script::honest()).expect("the folder takes a host");
    let address = running.address().to_string();
    let provisioning = provision(&host, "unionpay", &address, &Options::default()).expect("the host is there");
    let device = folder.path().join("device");
    let ports = || desktop_ports(&device, Arc::new(Deaf), Arc::new(NoFaults)).expect("the folder takes keys");
    let home = folder.path().join("till");
    Terminal::provision(&home, &provisioning, &ports()).expect("the host's own provisioning is good");
    let till = people::open(&home, ports()).expect("it was just provisioned");
    let rounds = if effort == Effort::Full { SIGN_IN.rounds } else { 1 };
    let samples: Vec<_> = (0..rounds).map(|_| (signed_in(&till), derived())).collect();
    vec![row(SIGN_IN, SIGN_IN.calls, &samples)]
}

fn signed_in(till: &Terminal) -> Duration {
    till.sign_out().expect("she is signed in");
    let began = Instant::now();
    till.sign_in(&ALICE.name(), ALICE.password(), None).expect("it is her password");
    began.elapsed()
}

fn derived() -> Duration {
    let Params { memory_kib, passes, lanes } = Params::FLOOR;
    let params = argon2::Params::new(memory_kib, passes, lanes, Some(32)).expect("they are the least allowed");
    let began = Instant::now();
    let (mut key, mut memory) = ([0; 32], vec![Block::new(); params.block_count()]);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let password = ALICE.password.as_bytes();
    let derived = argon2.hash_password_into_with_memory(password, b"sixteen of salts", &mut key, &mut memory);
    derived.expect("the lengths are right");
    began.elapsed()
}
