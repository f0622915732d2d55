//! Where a script plays: a temporary folder, a host within this process, and a till with simulated cards.
//!
//! A script goes on until the core refuses something; that refusal is what it was played for. What goes wrong on the
//! stage itself is told apart from it. Everything is gone when the stage is dropped.
//! Evidence: `sandbox/tests/till_provoke.rs`.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use taptill::account::Provisioning;
use taptill::error::Error;
use taptill::ids::AttemptId;
use taptill::iso8583::Dialect;
use taptill::money::{Amount, Currency};
use taptill::payment::{AttemptView, SaleOrder};
use taptill::ports::{CardChannel, NoFaults, Notice, Observer, Ports};
use taptill::terminal::Terminal;
use tempfile::TempDir;

use crate::card;
use crate::desktop::desktop_ports;
use crate::folders::copy_folder;
use crate::host::{Host, HostError, Kind, Options, RunningHost, Script, provision_in, set_next};
use crate::people;

/// How long anything on the stage may take before it counts as broken.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the till of a stage waits for an answer.
const ANSWER_WITHIN_MS: u32 = 1_000;

/// Why a script ended.
#[derive(Debug)]
pub(in crate::till) enum Ended {
    /// The core refused something.
    Refused(Box<Error>),
    /// The stage itself is broken; what is, in words.
    Broken(String),
}

impl Ended {
    /// Whether it is a refusal of this code.
    pub(super) fn is_refused_with(&self, code: &str) -> bool {
        matches!(self, Self::Refused(error) if error.code().code() == code)
    }
}

impl<E: Into<Error>> From<E> for Ended {
    fn from(error: E) -> Self {
        Self::Refused(Box::new(error.into()))
    }
}

/// What went wrong on the stage.
pub(super) fn broken(error: impl std::fmt::Display) -> Ended {
    Ended::Broken(error.to_string())
}

pub(super) type Played<T = ()> = Result<T, Ended>;

/// A folder, a running host, and what a till needs to be set up with it.
pub(super) struct Stage {
    folder: TempDir,
    host: Option<RunningHost>,
    pub address: SocketAddr,
    pub provisioning: Provisioning,
}

impl Stage {
    pub fn set() -> Played<Self> {
        Self::speaking("unionpay", &Options::default())
    }

    pub fn speaking(dialect: &str, options: &Options) -> Played<Self> {
        let folder = tempfile::Builder::new().prefix("taptill-provoke-").tempdir().map_err(broken)?;
        let home = folder.path().join("host");
        let host = Host::start(&home, Host::any_port(), &Script::honest()).map_err(broken)?;
        let dialect = Dialect::shipped(dialect).ok_or_else(|| broken("there is no such dialect"))?;
        let dialect = dialect.replace("timeout_ms = 2000", &format!("timeout_ms = {ANSWER_WITHIN_MS}"));
        let address = host.address();
        let provisioning = provision_in(&home, &dialect, &address.to_string(), options).map_err(broken)?;
        Ok(Self { folder, host: Some(host), address, provisioning })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn home(&self) -> PathBuf {
        self.path("till")
    }

    pub fn device(&self) -> PathBuf {
        self.path("device")
    }

    pub fn host_home(&self) -> PathBuf {
        self.path("host")
    }

    /// The till's database, behind its back.
    pub fn database(&self) -> Played<rusqlite::Connection> {
        rusqlite::Connection::open(self.home().join("journal.db")).map_err(broken)
    }

    /// Ports in order, and where it is said that the field goes on.
    pub fn ports(&self) -> Played<(Ports, Receiver<()>)> {
        let (sender, field) = channel();
        let ports = desktop_ports(&self.device(), Arc::new(Watch(Mutex::new(sender))), Arc::new(NoFaults))?;
        Ok((ports, field))
    }

    /// Sets the till up.
    pub fn provision(&self) -> Played {
        Ok(Terminal::provision(&self.home(), &self.provisioning, &self.ports()?.0)?)
    }

    /// Sets the till up and lets alice in.
    pub fn till(&self) -> Played<Till> {
        self.till_with(|_| ())
    }

    /// The same with other ports, which are in order while the till is set up.
    pub fn till_with(&self, change: impl FnOnce(&mut Ports)) -> Played<Till> {
        self.provision()?;
        self.open_with(change)
    }

    /// Opens the till that was set up and lets alice in.
    pub fn open(&self) -> Played<Till> {
        self.open_with(|_| ())
    }

    pub fn open_with(&self, change: impl FnOnce(&mut Ports)) -> Played<Till> {
        let till = self.open_for_nobody(change)?;
        people::let_in(&till.terminal)?;
        Ok(till)
    }

    /// The same with nobody at the till.
    pub fn open_for_nobody(&self, change: impl FnOnce(&mut Ports)) -> Played<Till> {
        let (mut ports, field) = self.ports()?;
        change(&mut ports);
        Ok(Till { terminal: Arc::new(Terminal::open(&self.home(), ports)?), field })
    }

    /// Makes the host misbehave with the next request.
    pub fn host_does(&self, kind: Kind) -> Played {
        set_next(&self.host_home(), kind, 1).map_err(broken)
    }

    pub fn stop_host(&mut self) {
        if let Some(host) = self.host.take() {
            host.stop();
        }
    }

    /// Another host on this home takes the place of the one before.
    pub fn replace_host(&mut self, home: &Path) -> Played {
        self.stop_host();
        let begun = Instant::now();
        loop {
            match Host::start(home, self.address, &Script::honest()) {
                // Whatever else runs on this machine may have borrowed the port for a moment.
                Err(HostError::AddressUnusable) if begun.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                started => {
                    self.host = Some(started.map_err(broken)?);
                    return Ok(());
                }
            }
        }
    }

    /// The till's folder as it is now, kept under this name beside it.
    pub fn keep_home(&self, name: &str) -> Played {
        copy_folder(&self.home(), &self.path(name)).map_err(broken)
    }

    /// The till's folder as it was kept.
    pub fn put_home_back(&self, name: &str) -> Played {
        fs::remove_dir_all(self.home()).map_err(broken)?;
        copy_folder(&self.path(name), &self.home()).map_err(broken)
    }
}

/// An open till, and the word that its field is on.
pub(super) struct Till {
    pub terminal: Arc<Terminal>,
    pub field: Receiver<()>,
}

impl Till {
    /// Sells with a good card; a sale that is no refusal is given back whatever became of it.
    pub fn sell(&self, order: SaleOrder) -> Played<AttemptView> {
        let card = card::named("visa").ok_or_else(|| broken("there is no such card"))?;
        self.sell_to(order, || card.tap())
    }

    /// Sells with whatever is in the field whenever it goes on.
    pub fn sell_to(&self, order: SaleOrder, mut tap: impl FnMut() -> Arc<dyn CardChannel>) -> Played<AttemptView> {
        let operation = self.terminal.start_sale(order)?;
        let (told, result) = channel();
        std::thread::spawn(move || {
            // Nobody waits any more once the stage has lost its patience.
            let _ = told.send(operation.wait());
        });
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            match result.recv_timeout(Duration::from_millis(2)) {
                Ok(result) => return Ok(result?),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.field.try_recv().is_ok() {
                self.terminal.present(tap())?;
            }
        }
        Err(broken("the sale does not end"))
    }

    /// Begins a sale and waits until the till asks for a card, which nobody presents.
    pub fn begin(&self, order: SaleOrder) -> Played<taptill::terminal::Operation> {
        let operation = self.terminal.start_sale(order)?;
        self.field.recv_timeout(PATIENCE).map_err(broken)?;
        Ok(operation)
    }
}

/// A sale without a name.
pub(super) fn order(minor: u64) -> Played<SaleOrder> {
    Ok(SaleOrder { attempt: None, amount: Amount::from_minor(minor, Currency::CNY)?, order: None })
}

/// A sale of this name.
pub(super) fn named(attempt: &str, minor: u64) -> Played<SaleOrder> {
    Ok(SaleOrder { attempt: Some(AttemptId::new(attempt)?), ..order(minor)? })
}

/// Says when the field goes on.
struct Watch(Mutex<Sender<()>>);

impl Observer for Watch {
    fn hear(&self, notice: &Notice) {
        if *notice == Notice::FieldOn {
            // A script that is over does not listen.
            let _ = self.0.lock().unwrap_or_else(PoisonError::into_inner).send(());
        }
    }
}
