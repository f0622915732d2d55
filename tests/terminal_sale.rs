//! A whole terminal over real sockets: simulated cards, the sandbox host behind mutual TLS, a journal on disk.
//!
//! The refusals of the pure rooms have their tables elsewhere; here stands that the threads carry them out.
//! Each test has a host and a till of its own, and a dialect whose time-out is a second.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use taptill::account::Provisioning;
use taptill::error::{ErrorCode, Money};
use taptill::ids::{AttemptId, OrderNo};
use taptill::iso8583::Dialect;
use taptill::money::{Amount, Currency};
use taptill::payment::state::State;
use taptill::payment::{AttemptView, EventPage, ListQuery, Reason, SaleOrder};
use taptill::ports::{CardChannel, CardFault, Fate, FaultPlan, KillPoint, NoFaults, Notice, Observer, Ports, Posture};
use taptill::receipt::{Columns, Copy};
use taptill::terminal::{Operation, ReceiptRequest, Terminal};
use taptill::text::Language;
use taptill_sandbox::card::{self, SimulatedCard};
use taptill_sandbox::desktop::{StatedPosture, desktop_ports};
use taptill_sandbox::host::{Host, Kind, Options, RunningHost, Script, book, provision_in, set_next};
use taptill_sandbox::people;
use taptill_sandbox::scratch::{self, Scratch};

/// Says when the field goes on.
struct Watch(Mutex<Sender<()>>);

impl Observer for Watch {
    fn hear(&self, notice: &Notice) {
        if *notice == Notice::FieldOn {
            let _nobody_waits = self.0.lock().unwrap().send(());
        }
    }
}

/// A shop: a folder for everything, a host, and what the till needs to be opened.
struct Shop {
    folder: Scratch,
    host: Option<RunningHost>,
    provisioning: Provisioning,
}

fn shop() -> Shop {
    let folder = scratch::folder("terminal");
    let host = Host::start(&folder.path().join("host"), Host::any_port(), &Script::honest()).unwrap();
    let impatient = Dialect::shipped("unionpay").unwrap().replace("timeout_ms = 2000", "timeout_ms = 1000");
    let address = host.address().to_string();
    let home = folder.path().join("host");
    let provisioning = provision_in(&home, &impatient, &address, &Options::default()).unwrap();
    Shop { folder, host: Some(host), provisioning }
}

impl Shop {
    fn home(&self) -> PathBuf {
        self.folder.path().join("till")
    }

    fn ports(&self, faults: Arc<dyn FaultPlan>) -> (Ports, Receiver<()>) {
        let (sender, field) = channel();
        let watch = Arc::new(Watch(Mutex::new(sender)));
        (desktop_ports(&self.folder.path().join("device"), watch, faults).unwrap(), field)
    }

    fn till(&self) -> Till {
        self.till_with(Arc::new(NoFaults), Posture::Trusted)
    }

    fn till_with(&self, faults: Arc<dyn FaultPlan>, posture: Posture) -> Till {
        let (mut ports, field) = self.ports(faults);
        ports.network_posture = Arc::new(StatedPosture(posture));
        if !self.home().exists() {
            Terminal::provision(&self.home(), &self.provisioning, &ports).unwrap();
        }
        Till { terminal: people::open(&self.home(), ports).unwrap(), field }
    }

    fn host_does(&self, kind: Kind) {
        set_next(&self.folder.path().join("host"), kind, 1).unwrap();
    }

    /// What the host holds of all sales, in minor units.
    fn net_minor(&self) -> u64 {
        book(&self.folder.path().join("host")).unwrap().iter().map(|entry| entry.net_minor).sum()
    }
}

struct Till {
    terminal: Terminal,
    field: Receiver<()>,
}

impl Till {
    /// Sells with this card, tapped as often as the field goes on.
    fn sell(&self, name: &str, minor: u64) -> AttemptView {
        let operation = self.terminal.start_sale(order(minor)).unwrap();
        self.tap(&operation, &card(name));
        operation.wait().unwrap()
    }

    /// Sells what cannot be sent: the error that the caller is told, and the reason that is on record.
    fn refused(&self, minor: u64) -> (ErrorCode, Reason) {
        let operation = self.terminal.start_sale(order(minor)).unwrap();
        let attempt = operation.attempt().clone();
        self.tap(&operation, &card("visa"));
        let code = operation.wait().unwrap_err().code();
        let view = self.terminal.status(&attempt).unwrap();
        assert_eq!(view.state, State::NotSent);
        (code, view.reason.unwrap())
    }

    fn tap(&self, operation: &Operation, card: &SimulatedCard) {
        assert!(!operation.attempt().as_str().is_empty());
        self.field.recv_timeout(Duration::from_secs(10)).expect("the field goes on");
        self.terminal.present(card.tap()).unwrap();
    }

    /// Waits for the resolver, which works by itself while the till is open.
    fn until(&self, attempt: &AttemptId, state: State) -> AttemptView {
        for _ in 0..200 {
            let view = self.terminal.status(attempt).unwrap();
            if view.state == state {
                return view;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the attempt stays {:?}", self.terminal.status(attempt).unwrap().state);
    }
}

fn order(minor: u64) -> SaleOrder {
    SaleOrder { attempt: None, amount: Amount::from_minor(minor, Currency::CNY).unwrap(), order: None }
}

fn card(name: &str) -> SimulatedCard {
    card::named(name).unwrap_or_else(|| panic!("{name} is one of {:?}", card::names()))
}

#[test]
fn a_sale_is_approved_listed_printed_and_proved() {
    let shop = shop();
    let till = shop.till();
    let sale = till.sell("visa", 1_230);
    assert_eq!((sale.state, sale.host_code.as_ref().unwrap().as_str()), (State::Approved, "00"));
    assert_eq!(shop.net_minor(), 1_230);
    let page = till.terminal.list(&ListQuery::default()).unwrap();
    assert_eq!(page.attempts.iter().map(|view| &view.attempt).collect::<Vec<_>>(), [&sale.attempt]);
    let request = ReceiptRequest { columns: Columns::C32, language: Language::En, copy: Copy::Customer };
    let first = till.terminal.receipt(&sale.attempt, request).unwrap();
    assert!(first.contains("12.30"), "{first}");
    assert_ne!(till.terminal.receipt(&sale.attempt, request).unwrap(), first, "the second print says so");
    assert!(till.terminal.verify().unwrap().size > 3);
    till.terminal.close().unwrap();
    // The next run has it still, and the same attempt again is the same outcome.
    let till = shop.till();
    let again = SaleOrder { attempt: Some(sale.attempt.clone()), ..order(1_230) };
    assert_eq!(till.terminal.start_sale(again).unwrap().wait().unwrap().state, State::Approved);
    let other = SaleOrder { attempt: Some(sale.attempt.clone()), ..order(1_231) };
    assert_eq!(till.terminal.start_sale(other).err().unwrap().code(), ErrorCode::AttemptConflict);
    assert_eq!(shop.net_minor(), 1_230);
}

#[test]
fn whatever_the_host_does_the_money_is_known_in_the_end() {
    let table = [
        (Kind::NoAnswer, Reason::NoAnswer),
        (Kind::Forget, Reason::NoAnswer),
        (Kind::BadMac, Reason::BadMac),
        (Kind::WrongEcho, Reason::EchoDiffers),
        (Kind::HalfFrame, Reason::ConnectionLost),
        (Kind::Reset, Reason::ConnectionLost),
    ];
    let shop = shop();
    let till = shop.till();
    for (kind, reason) in table {
        shop.host_does(kind);
        let told = till.sell("visa", 500);
        assert!(matches!(told.state, State::InDoubt | State::ReversalDue | State::Reversed), "{kind}: {told:?}");
        let reversed = till.until(&told.attempt, State::Reversed);
        assert_eq!(reversed.reason, Some(reason), "{kind}");
        assert_eq!(shop.net_minor(), 0, "{kind}");
    }
    shop.host_does(Kind::AnswerTwice);
    assert_eq!(till.sell("visa", 700).state, State::Approved);
    assert_eq!(till.sell("visa", 300).state, State::Approved);
    assert_eq!(shop.net_minor(), 1_000);
}

#[test]
fn without_a_way_to_the_host_nothing_is_sent() {
    let mut shop = shop();
    let till = shop.till_with(Arc::new(NoFaults), Posture::Absent);
    assert_eq!(till.refused(500), (ErrorCode::NetworkAbsent, Reason::NetworkAbsent));
    till.terminal.close().unwrap();
    shop.host.take().unwrap().stop();
    assert_eq!(shop.till().refused(500), (ErrorCode::HostUnreachable, Reason::Unreachable));
    assert_eq!(shop.net_minor(), 0);
}

#[test]
fn a_host_that_is_not_the_agreed_one_hears_no_payment() {
    let mut shop = shop();
    shop.provisioning.configuration.host.spki_sha256 = "00".repeat(32);
    shop.provisioning.configuration.host.spki_sha256_backup = None;
    assert_eq!(shop.till().refused(500), (ErrorCode::HostPinMismatch, Reason::PinMismatch));
}

#[test]
fn a_provisioning_that_could_never_connect_is_refused_before_anything_is_written() {
    let mut shop = shop();
    let pem = &mut shop.provisioning.configuration.host.ca_pem;
    *pem = pem.replace('\n', "\n=").replace("=-----", "-----");
    let (ports, _field) = shop.ports(Arc::new(NoFaults));
    let refused = Terminal::provision(&shop.home(), &shop.provisioning, &ports).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::ConfigurationInvalid);
    assert!(!shop.home().exists());
    assert_eq!(Terminal::open(&shop.home(), ports).err().unwrap().code(), ErrorCode::NotProvisioned);
}

/// Never answers before the test lets go.
struct Stuck(Mutex<Receiver<()>>);

impl CardChannel for Stuck {
    fn transceive(&self, _: &[u8]) -> Result<Vec<u8>, CardFault> {
        let _let_go = self.0.lock().unwrap().recv();
        Err(CardFault::TimedOut)
    }
}

#[test]
fn a_card_that_hangs_keeps_nobody_from_asking_or_cancelling() {
    let shop = shop();
    let till = shop.till();
    let attempt = AttemptId::new("hangs").unwrap();
    let named = SaleOrder { attempt: Some(attempt.clone()), order: Some(OrderNo::new("7").unwrap()), ..order(100) };
    let operation = till.terminal.start_sale(named).unwrap();
    till.field.recv_timeout(Duration::from_secs(10)).unwrap();
    let (let_go, held) = channel();
    till.terminal.present(Arc::new(Stuck(Mutex::new(held)))).unwrap();
    assert_eq!(till.terminal.start_sale(order(200)).err().unwrap().code(), ErrorCode::TillBusy);
    assert_eq!(till.terminal.status(&attempt).unwrap().state, State::Prepared);
    assert!(till.terminal.list(&ListQuery::default()).is_ok());
    let cancelled = till.terminal.cancel(&attempt).unwrap();
    assert_eq!((cancelled.state, cancelled.reason), (State::NotSent, Some(Reason::Cancelled)));
    assert_eq!(operation.wait().unwrap().state, State::NotSent);
    let again = till.terminal.cancel(&attempt).unwrap_err();
    assert_eq!(again.code(), ErrorCode::AttemptAlreadyFinished);
    let_go.send(()).unwrap();
    // The hanging card has gone; the next one is read.
    assert_eq!(till.sell("visa", 300).state, State::Approved);
}

#[test]
fn events_are_pulled_while_a_card_hangs_and_acknowledged_for_the_next_run() {
    let shop = shop();
    let till = shop.till();
    let operation = till.terminal.start_sale(order(100)).unwrap();
    till.field.recv_timeout(Duration::from_secs(10)).unwrap();
    let (let_go, held) = channel();
    till.terminal.present(Arc::new(Stuck(Mutex::new(held)))).unwrap();
    let kinds = |page: &EventPage| page.events.iter().map(|event| event.kind).collect::<Vec<_>>();
    let first = till.terminal.events(None, 100).unwrap();
    let before = vec!["till.provisioned", "operator.claimed", "operator.signed_in", "network.judged"];
    assert_eq!((kinds(&first), first.acknowledged, first.more), (before, 0, false));
    let seen = first.events[3].cursor;
    till.terminal.acknowledge(seen).unwrap();
    till.terminal.cancel(operation.attempt()).unwrap();
    assert_eq!(operation.wait().unwrap().state, State::NotSent);
    let_go.send(()).unwrap();
    till.terminal.close().unwrap();
    assert_eq!(till.terminal.events(None, 100).unwrap_err().code(), ErrorCode::TerminalClosed);
    assert_eq!(till.terminal.acknowledge(1).unwrap_err().code(), ErrorCode::TerminalClosed);

    let till = shop.till();
    let second = till.terminal.events(None, 100).unwrap();
    assert_eq!((&kinds(&second)[..2], second.acknowledged), (&["attempt.not_sent", "attempt.delivered"][..], seen));
    till.terminal.verify().unwrap();
}

/// Ends the run when a point is passed.
struct DieAt(&'static str);

impl FaultPlan for DieAt {
    fn reach(&self, point: KillPoint) -> Fate {
        if point.to_string() == self.0 { Fate::Die } else { Fate::GoOn }
    }
}

#[test]
fn a_till_that_dies_says_so_and_the_next_run_finds_what_is_owed() {
    // The last column is what the host holds when the next run is done.
    let table = [
        ("before attempt.prepared", None, 0),
        ("after attempt.prepared", Some(State::NotSent), 0),
        ("after attempt.in_doubt", Some(State::Reversed), 0),
        ("before attempt.approved", Some(State::Reversed), 0),
        ("after attempt.approved", Some(State::Approved), 500),
    ];
    for (point, state, net_minor) in table {
        let shop = shop();
        let attempt = AttemptId::new("dies").unwrap();
        let named = SaleOrder { attempt: Some(attempt.clone()), ..order(500) };
        let till = shop.till_with(Arc::new(DieAt(point)), Posture::Trusted);
        let operation = till.terminal.start_sale(named).unwrap();
        till.tap(&operation, &card("visa"));
        assert_eq!(operation.wait().unwrap_err().code(), ErrorCode::StoppedByFaultPlan, "{point}");
        assert_eq!(till.terminal.status(&attempt).unwrap_err().code(), ErrorCode::StoppedByFaultPlan, "{point}");
        assert_eq!(till.terminal.close().unwrap_err().code(), ErrorCode::StoppedByFaultPlan, "{point}");
        let till = shop.till();
        till.terminal.resolve().unwrap();
        match state {
            Some(state) => drop(till.until(&attempt, state)),
            None => {
                let unknown = till.terminal.status(&attempt).unwrap_err();
                assert_eq!(unknown.code(), ErrorCode::AttemptUnknown, "{point}");
            }
        }
        assert_eq!(shop.net_minor(), net_minor, "{point}");
    }
}

/// A disk that fails while the answer is recorded: nobody hears that no money moved.
#[test]
fn a_till_whose_disk_failed_in_doubt_does_not_say_that_no_money_moved() {
    struct FailsAt(&'static str);
    impl FaultPlan for FailsAt {
        fn reach(&self, point: KillPoint) -> Fate {
            if point.to_string() == self.0 { Fate::SyncFailed } else { Fate::GoOn }
        }
    }
    let shop = shop();
    let attempt = AttemptId::new("fails").unwrap();
    let till = shop.till_with(Arc::new(FailsAt("before attempt.approved")), Posture::Trusted);
    let operation = till.terminal.start_sale(SaleOrder { attempt: Some(attempt.clone()), ..order(500) }).unwrap();
    till.tap(&operation, &card("visa"));
    assert_eq!(operation.wait().unwrap().state, State::InDoubt);
    for refused in [till.terminal.status(&attempt), till.terminal.cancel(&attempt)] {
        let error = refused.unwrap_err();
        assert_eq!((error.code(), error.money()), (ErrorCode::SyncFailed, Money::MayHaveMoved));
        assert_eq!(error.attempt(), Some(&attempt));
    }
    drop(till);
    drop(shop.till().until(&attempt, State::Reversed));
    assert_eq!(shop.net_minor(), 0);
}

#[test]
fn runs_that_end_in_the_middle_of_a_sign_on_do_not_strand_a_debt() {
    let shop = shop();
    let till = shop.till_with(Arc::new(DieAt("before attempt.reversal_sent")), Posture::Trusted);
    shop.host_does(Kind::BadMac);
    let attempt = till.sell("visa", 500).attempt;
    drop(till);
    for _ in 0..2 {
        // The host has new keys then, and the till's journal has not.
        let till = shop.till_with(Arc::new(DieAt("before host.signed_on")), Posture::Trusted);
        assert_eq!(till.terminal.resolve().unwrap_err().code(), ErrorCode::StoppedByFaultPlan);
    }
    let till = shop.till();
    assert_eq!(till.terminal.resolve().unwrap().closed.len(), 1);
    assert_eq!(till.terminal.status(&attempt).unwrap().state, State::Reversed);
    assert_eq!(shop.net_minor(), 0);
}

#[test]
fn a_closed_terminal_answers_everybody() {
    let shop = shop();
    let till = shop.till();
    let operation = till.terminal.start_sale(order(100)).unwrap();
    till.terminal.close().unwrap();
    assert_eq!(operation.wait().unwrap_err().code(), ErrorCode::TerminalClosed);
    // Its lock is free again.
    let till = shop.till();
    let (ports, _field) = shop.ports(Arc::new(NoFaults));
    let second = Terminal::open(&shop.home(), ports).err().unwrap();
    assert_eq!(second.code(), ErrorCode::TillOpenElsewhere);
    till.terminal.close().unwrap();
}
