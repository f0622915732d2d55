//! Provisioning a till and opening it: the journal first, then the threads.
//!
//! It starts nothing that it has not everything for. Evidence: `tests/terminal_sale.rs`.

use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use crate::account::Provisioning;
use crate::error::{Error, ErrorCode};
use crate::journal::{VerifyReport, erasure_note};
use crate::ports::Ports;
use crate::secret::on_a_wiped_stack;
use crate::terminal::Terminal;
use crate::terminal::calls::Ending;
use crate::terminal::derive::{Deriver, Recogniser};
use crate::terminal::driver::{Driver, Message};
use crate::terminal::net::Way;
use crate::terminal::reader::Reader;
use crate::terminal::route;
use crate::till::{self, Till};

/// The journal's file in the till's folder.
const JOURNAL_FILE: &str = "journal.db";

pub(super) fn provision(home: &Path, provisioning: &Provisioning, ports: &Ports) -> Result<(), Error> {
    provisioning.check()?;
    if home.as_os_str().is_empty() {
        return Err(ErrorCode::FileUnusable.into());
    }
    // What could never connect is refused before anything is written.
    route::to_host(&provisioning.configuration, &provisioning.secrets.client_key_pem, Arc::clone(&ports.clock))?;
    std::fs::create_dir_all(home).map_err(|_| ErrorCode::FileUnusable)?;
    till::provision(&journal_path(home), provisioning, ports)
}

pub(super) fn inspect(home: &Path, ports: &Ports) -> Result<VerifyReport, Error> {
    till::inspect(&existing_journal(home)?, ports)
}

pub(super) fn open(home: &Path, ports: Ports) -> Result<Terminal, Error> {
    let till = Till::open(&existing_journal(home)?, &ports)?;

    let (messages, inbox) = channel();
    let ending = Ending::default();
    let (of_net, of_reader) = (messages.clone(), messages.clone());
    let (of_deriver, of_recogniser) = (messages.clone(), messages.clone());
    // A till that has ended hears nothing more, and that is no fault of the other threads.
    let way = Way::new(Arc::clone(&ports.clock), move |event| drop(of_net.send(Message::Net(event))));
    let reader = Reader::start(move |said| drop(of_reader.send(Message::Card(said)))).map_err(no_thread)?;
    let deriver = Deriver::new(move |key| drop(of_deriver.send(Message::Derived(key))));
    let recogniser = Recogniser::new(move |said| drop(of_recogniser.send(Message::Recognised(said))));
    let driver = Driver::new(till, ports, way, reader, (deriver, recogniser), inbox, ending.clone());
    let engine = std::thread::Builder::new()
        .name("taptill-engine".to_owned())
        .spawn(move || on_a_wiped_stack(|| driver.run()))
        .map_err(no_thread)?;
    let engine_thread = engine.thread().id();
    Ok(Terminal { messages, ending, engine: Mutex::new(Some(engine)), engine_thread })
}

pub(super) fn journal_path(home: &Path) -> PathBuf {
    home.join(JOURNAL_FILE)
}

fn existing_journal(home: &Path) -> Result<PathBuf, Error> {
    let path = journal_path(home);
    // Of a till that is being erased there may be nothing but the note that says so.
    let is_there = path.exists() || erasure_note(&path)?.is_some();
    if is_there { Ok(path) } else { Err(ErrorCode::NotProvisioned.into()) }
}

fn no_thread(_: std::io::Error) -> Error {
    Error::from(ErrorCode::StorageFailed).word("resource", "thread")
}
