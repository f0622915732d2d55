//! Provisioning a till and opening it: the journal first, then the threads.
//!
//! It starts nothing that it has not everything for. Evidence: `tests/terminal_sale.rs`.

use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use crate::account::{self, Provisioning};
use crate::error::{Error, ErrorCode};
use crate::journal::{Journal, JournalError, Keyring, LockedJournal, PlainChange, PlainRows, VerifyReport};
use crate::payment::{self, Engine};
use crate::ports::{DeviceKeysFault, KeyKind, Ports};
use crate::secret::Secret;
use crate::terminal::Terminal;
use crate::terminal::calls::Ending;
use crate::terminal::driver::{Driver, Message};
use crate::terminal::net::Net;
use crate::terminal::reader::Reader;
use crate::terminal::route;

/// The journal's file in the till's folder.
const JOURNAL_FILE: &str = "journal.db";

/// The plain row with the master key of a till without operators, the device key that wraps it, and what for.
const UNCLAIMED: &str = "vault/unclaimed";
const UNCLAIMED_ALIAS: &str = "vault.unclaimed";
const UNCLAIMED_CONTEXT: &[u8] = b"taptill unclaimed master key 1";

pub(super) fn provision(home: &Path, provisioning: &Provisioning, ports: &Ports) -> Result<(), Error> {
    provisioning.check()?;
    if home.as_os_str().is_empty() {
        return Err(ErrorCode::FileUnusable.into());
    }
    // What could never connect is refused before anything is written.
    route::to_host(&provisioning.configuration, &provisioning.secrets.client_key_pem, Arc::clone(&ports.clock))?;
    let path = journal_path(home);
    std::fs::create_dir_all(home).map_err(|_| ErrorCode::FileUnusable)?;
    let locked = match LockedJournal::open(&path, ports.into()) {
        // There is none, or one whose creation was cut short.
        Err(JournalError::NotThere) => LockedJournal::create(&path, ports.into())?,
        opened => opened?,
    };
    let mut journal = unlock(locked, ports)?;
    account::accept(&mut journal, provisioning, &*ports.device_keys, ports.clock.now())?;
    Ok(journal.close()?)
}

pub(super) fn inspect(home: &Path, ports: &Ports) -> Result<VerifyReport, Error> {
    let mut locked = LockedJournal::open(&existing_journal(home)?, ports.into())?;
    let keyring = unclaimed_keyring(&mut locked, ports)?;
    Ok(locked.inspect(keyring, payment::folds())?)
}

pub(super) fn open(home: &Path, ports: Ports) -> Result<Terminal, Error> {
    let journal = unlock(LockedJournal::open(&existing_journal(home)?, (&ports).into())?, &ports)?;
    let account = account::open(&journal, &*ports.device_keys)?;
    let configuration = account.configuration.clone();
    let host = route::to_host(&configuration, &account.secrets.client_key_pem, Arc::clone(&ports.clock))?;
    let engine = Engine::open(journal, account, Arc::clone(&ports.entropy), ports.clock.now())?
        .with_encrypted_reader(ports.encrypted_reader.is_some());

    let (messages, inbox) = channel();
    let ending = Ending::default();
    let (of_net, of_reader) = (messages.clone(), messages.clone());
    // An engine that has ended hears nothing more, and that is no fault of the network's or the card's thread.
    let net = Net::start(host, move |event| drop(of_net.send(Message::Net(event)))).map_err(no_thread)?;
    let reader = Reader::start(move |said| drop(of_reader.send(Message::Card(said)))).map_err(no_thread)?;
    let driver = Driver::new(engine, ports, net, reader, inbox, ending.clone());
    let engine =
        std::thread::Builder::new().name("taptill-engine".to_owned()).spawn(move || driver.run()).map_err(no_thread)?;
    let engine_thread = engine.thread().id();
    Ok(Terminal { configuration, messages, ending, engine: Mutex::new(Some(engine)), engine_thread })
}

fn unlock(mut locked: LockedJournal, ports: &Ports) -> Result<Journal, JournalError> {
    let keyring = unclaimed_keyring(&mut locked, ports)?;
    locked.unlock(keyring, payment::folds()).map_err(|(_, error)| error)
}

/// The master key of a till without operators, which the device alone keeps: made the first time.
fn unclaimed_keyring(locked: &mut LockedJournal, ports: &Ports) -> Result<Keyring, JournalError> {
    let keys = &*ports.device_keys;
    let wrapped = match locked.plain(UNCLAIMED)? {
        Some(wrapped) => wrapped,
        None => {
            let mut filled = Ok(());
            let master: Secret<32> = Secret::from_fn(|bytes| filled = ports.entropy.fill(bytes));
            filled?;
            if !keys.exists(UNCLAIMED_ALIAS)? {
                keys.create(UNCLAIMED_ALIAS, KeyKind::Wrap)?;
            }
            let wrapped = keys.wrap(UNCLAIMED_ALIAS, master.expose(), UNCLAIMED_CONTEXT)?;
            locked.change_plain(&[PlainChange { name: UNCLAIMED.to_owned(), value: Some(wrapped.clone()) }])?;
            wrapped
        }
    };
    let master = keys.unwrap(UNCLAIMED_ALIAS, &wrapped, UNCLAIMED_CONTEXT)?;
    let master = Secret::from_slice(master.expose()).map_err(|_| DeviceKeysFault::Rejected)?;
    Ok(Keyring::new(1, master))
}

fn journal_path(home: &Path) -> PathBuf {
    home.join(JOURNAL_FILE)
}

fn existing_journal(home: &Path) -> Result<PathBuf, Error> {
    let path = journal_path(home);
    if path.exists() { Ok(path) } else { Err(ErrorCode::NotProvisioned.into()) }
}

fn no_thread(_: std::io::Error) -> Error {
    Error::from(ErrorCode::StorageFailed).word("resource", "thread")
}
