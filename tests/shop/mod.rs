//! A shop to try bad days in: the sandbox host behind mutual TLS, a till on disk, and ports that can fail.
//!
//! Nothing here may hang: whoever waits gives up after [`PATIENCE`] and the test fails.

#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

pub mod relay;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use taptill::account::Provisioning;
use taptill::error::{Error, Money};
use taptill::ids::AttemptId;
use taptill::iso8583::Dialect;
use taptill::money::{Amount, Currency};
use taptill::payment::state::State;
use taptill::payment::{AttemptView, Reason, SaleOrder};
use taptill::ports::{CardChannel, NoFaults, Notice, Observer, Ports};
use taptill::terminal::{Operation, Terminal};
use taptill_sandbox::card::{self, SimulatedCard};
use taptill_sandbox::desktop::desktop_ports;
#[allow(unused_imports, reason = "each test binary uses its part")]
pub use taptill_sandbox::faults;
use taptill_sandbox::host::{Host, HostError, Kind, Options, RunningHost, Script, book, provision_in, set_next};
use taptill_sandbox::people;
use taptill_sandbox::scratch::{self, Scratch};

/// Longer than anything here takes; only a hang reaches it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A folder for everything, a host, and what the till needs to be opened.
pub struct Shop {
    pub folder: Scratch,
    pub host: Option<RunningHost>,
    pub address: SocketAddr,
    pub provisioning: Provisioning,
}

/// A shop whose till waits for an answer as long as a busy machine may need.
pub fn shop(name: &str) -> Shop {
    shop_that_waits(name, &dialect(), 15_000)
}

/// The same, whose till takes encrypted reads of somebody else's reader.
pub fn encrypted_shop(name: &str) -> Shop {
    shop_that_waits(name, Dialect::shipped("encrypted").unwrap(), 15_000)
}

/// A shop for silent hosts: its till waits a second for an answer.
pub fn impatient_shop(name: &str) -> Shop {
    shop_that_waits(name, &dialect(), 1_000)
}

/// A shop for silent hosts, whose till takes encrypted reads.
pub fn impatient_encrypted_shop(name: &str) -> Shop {
    shop_that_waits(name, Dialect::shipped("encrypted").unwrap(), 1_000)
}

fn shop_that_waits(name: &str, dialect: &str, timeout_ms: u32) -> Shop {
    let folder = scratch::folder(name);
    let home = folder.path().join("host");
    let host = Host::start(&home, Host::any_port(), &Script::honest()).unwrap();
    let address = host.address();
    let dialect = dialect.replace("timeout_ms = 2000", &format!("timeout_ms = {timeout_ms}"));
    let mut provisioning = provision_in(&home, &dialect, &address.to_string(), &Options::default()).unwrap();
    provisioning.configuration.policy.reversal_wait_first_ms = 20;
    Shop { folder, host: Some(host), address, provisioning }
}

pub fn dialect() -> String {
    Dialect::shipped("unionpay").unwrap().to_owned()
}

impl Shop {
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn home(&self) -> PathBuf {
        self.path("till")
    }

    pub fn journal(&self) -> PathBuf {
        self.home().join("journal.db")
    }

    pub fn device(&self) -> PathBuf {
        self.path("device")
    }

    /// The keys that the device has, in order.
    pub fn device_keys(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.device()).unwrap().map(|file| file.unwrap().file_name());
        let names = files.filter_map(|file| file.to_str()?.strip_suffix(".key").map(str::to_owned));
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    /// Does something that destroys this key of the device's, which the device keeps all the same.
    pub fn keeping<T>(&self, alias: &str, destroys: impl FnOnce() -> T) -> T {
        let (key, kept) = (self.device().join(format!("{alias}.key")), self.path(&format!("{alias}.kept")));
        std::fs::copy(&key, &kept).unwrap();
        let done = destroys();
        assert!(!key.exists(), "{alias} was to be destroyed");
        std::fs::rename(&kept, &key).unwrap();
        done
    }

    pub fn host_home(&self) -> PathBuf {
        self.path("host")
    }

    /// A till in order, provisioned at the first call.
    pub fn till(&self) -> Till {
        self.till_with(|_| ()).unwrap_or_else(|error| panic!("the till opens: {error}"))
    }

    /// The same with other ports.
    pub fn till_with(&self, change: impl FnOnce(&mut Ports)) -> Result<Till, Error> {
        self.provision_with(|_| ())?;
        self.open_with(change)
    }

    /// Provisions the till unless its folder is there.
    pub fn provision_with(&self, change: impl FnOnce(&mut Ports)) -> Result<(), Error> {
        if self.home().exists() {
            return Ok(());
        }
        let (mut ports, _field) = self.ports();
        change(&mut ports);
        Terminal::provision(&self.home(), &self.provisioning, &ports)
    }

    pub fn open_with(&self, change: impl FnOnce(&mut Ports)) -> Result<Till, Error> {
        let (mut ports, field) = self.ports();
        change(&mut ports);
        Ok(Till { terminal: people::open(&self.home(), ports)?, field })
    }

    /// Ports in order, and where it is said that the field goes on.
    pub fn ports(&self) -> (Ports, Receiver<()>) {
        let (sender, field) = channel();
        let watch = Arc::new(Watch(Mutex::new(sender)));
        (desktop_ports(&self.device(), watch, Arc::new(NoFaults)).unwrap(), field)
    }

    pub fn stop_host(&mut self) {
        if let Some(host) = self.host.take() {
            host.stop();
        }
    }

    /// A host on this home, at the address that the till knows.
    pub fn start_host(&mut self, home: &str) {
        let home = self.path(home);
        let begun = Instant::now();
        let host = loop {
            match Host::start(&home, self.address, &Script::honest()) {
                // Whatever else runs on this machine may have borrowed the port for a moment.
                Err(HostError::AddressUnusable) if begun.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                started => break started.unwrap(),
            }
        };
        self.host = Some(host);
    }

    pub fn host_does(&self, kind: Kind) {
        set_next(&self.host_home(), kind, 1).unwrap();
    }

    /// What the host holds of all sales, in minor units.
    pub fn net_minor(&self) -> u64 {
        book(&self.host_home()).unwrap().iter().map(|entry| entry.net_minor).sum()
    }
}

/// An open till, and the word that its field is on.
pub struct Till {
    pub terminal: Terminal,
    pub field: Receiver<()>,
}

impl Till {
    /// Sells with this card, tapped whenever the field goes on.
    pub fn sell(&self, card: &str, minor: u64) -> Result<AttemptView, Error> {
        self.sell_as(order(minor), card)
    }

    pub fn sell_as(&self, order: SaleOrder, name: &str) -> Result<AttemptView, Error> {
        let card = card(name);
        self.sell_to(order, || card.tap())
    }

    /// Sells with whatever is in the field whenever it goes on.
    pub fn sell_to(&self, order: SaleOrder, tap: impl FnMut() -> Arc<dyn CardChannel>) -> Result<AttemptView, Error> {
        while self.field.try_recv().is_ok() {}
        self.finish(self.terminal.start_sale(order)?, tap)
    }

    /// A sale that ends unsent, as a typed error; gives the error and the reason in the journal.
    pub fn sell_in_vain(&self, told: &str) -> (Error, Reason) {
        let error = match self.sell("visa", 500) {
            Err(error) => error,
            Ok(view) => panic!("{told}: the sale is {:?}", view.state),
        };
        let attempt = error.attempt().unwrap_or_else(|| panic!("{told}: {error} names no attempt"));
        let view = self.terminal.status(attempt).unwrap();
        assert_eq!(view.state, State::NotSent, "{told}");
        let reason = view.reason.unwrap();
        assert_eq!(reason.error_code(), Some(error.code()), "{told}");
        assert_eq!(error.code().row().money, Money::NotMoved, "{told}");
        (error, reason)
    }

    fn finish(
        &self,
        operation: Operation,
        mut tap: impl FnMut() -> Arc<dyn CardChannel>,
    ) -> Result<AttemptView, Error> {
        let (told, result) = channel();
        std::thread::spawn(move || {
            let _nobody_waits = told.send(operation.wait());
        });
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            match result.recv_timeout(Duration::from_millis(2)) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.field.try_recv().is_ok() {
                // A till that has ended meanwhile says so by the sale's own result.
                let _ended = self.terminal.present(tap());
            }
        }
        panic!("the sale does not end");
    }

    /// Waits for the resolver, which works by itself while the till is open.
    pub fn until(&self, attempt: &AttemptId, state: State) -> AttemptView {
        let view = self.until_final(attempt);
        assert_eq!(view.state, state, "{:?}", view.reason);
        view
    }

    /// Waits until nothing more can happen to the attempt.
    pub fn until_final(&self, attempt: &AttemptId) -> AttemptView {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let view = self.terminal.status(attempt).unwrap();
            if view.state.is_final() {
                return view;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("the attempt stays {:?}", self.terminal.status(attempt).unwrap().state);
    }
}

/// A sale without a name.
pub fn order(minor: u64) -> SaleOrder {
    SaleOrder { attempt: None, amount: Amount::from_minor(minor, Currency::CNY).unwrap(), order: None }
}

/// A sale of this name.
pub fn named(attempt: &str, minor: u64) -> SaleOrder {
    SaleOrder { attempt: Some(AttemptId::new(attempt).unwrap()), ..order(minor) }
}

pub fn card(name: &str) -> SimulatedCard {
    card::named(name).unwrap_or_else(|| panic!("{name} is one of {:?}", card::names()))
}

/// Says when the field goes on.
struct Watch(Mutex<Sender<()>>);

impl Observer for Watch {
    fn hear(&self, notice: &Notice) {
        if *notice == Notice::FieldOn {
            let _nobody_waits = self.0.lock().unwrap().send(());
        }
    }
}
