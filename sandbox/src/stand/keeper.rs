//! What a stand keeps: each till's folder with its host, and the cards.
//!
//! A till's folder is fresh: nothing is in it, and nobody else gets it. Its host has a home, a book and an address of
//! its own, so that any number of tests go on beside each other; a host that starts again has the same address.
//! Evidence: `mod tests`.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use taptill::hex;
use taptill::ids::{AttemptId, TerminalId};
use taptill::money::{Amount, Currency};
use taptill::ports::{EncryptedRead, ReadRequest};

use super::acquirer::{deed, done};
use super::files::befall;
use super::paper;
use super::request::{Order, Refusal, Request, mishap, order};
use crate::card;
use crate::host::{Host, HostError, Options, RunningHost, Script, Step, batches, book, provision, set_next_of};
use crate::reader::read_card;
use crate::scratch::{self, Scratch};
use crate::vpcd::{CardServer, RunningCard};

/// How long a host may wait for the port that it had: connections of the earlier run may still be ending.
const START_LIMIT: Duration = Duration::from_secs(5);

pub(super) struct Keeper {
    tills: Mutex<BTreeMap<String, Arc<Till>>>,
    cards: Mutex<Vec<RunningCard>>,
    count: AtomicU32,
    /// None once it is cleared.
    folder: Mutex<Option<Scratch>>,
}

struct Till {
    host_home: PathBuf,
    terminal: TerminalId,
    /// Where its saved folders are.
    kept: PathBuf,
    address: SocketAddr,
    /// None while the host is stopped.
    host: Mutex<Option<RunningHost>>,
    /// How many statements were written.
    statements: AtomicU32,
}

impl Keeper {
    pub(super) fn new() -> Self {
        let (tills, cards) = (Mutex::new(BTreeMap::new()), Mutex::new(Vec::new()));
        let folder = Mutex::new(Some(scratch::folder("stand")));
        Self { tills, cards, count: AtomicU32::new(0), folder }
    }

    /// Ends every host and card, then removes the folders.
    pub(super) fn clear(&self) {
        let folder = lock(&self.folder).take();
        for till in std::mem::take(&mut *lock(&self.tills)).into_values() {
            drop(lock(&till.host).take());
        }
        lock(&self.cards).clear();
        drop(folder);
    }

    /// Carries a request out.
    pub(super) fn answer(&self, request: Request) -> Result<Value, Refusal> {
        match request {
            Request::Till { dialect } => self.till(&dialect),
            Request::Card { name } => self.card(&name),
            Request::Host { home, next, count, of, stop, start } => {
                let order = order(next.as_deref(), (count, of.as_deref()), stop, start)?;
                self.known(&home)?.obey(&order).map(|()| json!({ "ok": true }))
            }
            Request::Acquirer { home, pins, send, message, hold, rotate } => {
                let deed = deed(pins, send, message, hold, rotate)?;
                let till = self.known(&home)?;
                done(&till.host_home, &till.terminal, &deed)
            }
            Request::Read { card, minor, currency, attempt, nonce } => {
                let request = read_request(minor, &currency, &attempt, &nonce).ok_or(Refusal::ReadRequest)?;
                let card = card::named(&card).ok_or(Refusal::CardUnknown)?;
                Ok(read_card(&card, &request)
                    .map_or_else(|fault| json!({ "fault": fault.word() }), |read| shown(&read)))
            }
            Request::Statement { home, format, swap, add } => {
                self.known(&home)?.statement(&format, swap.as_ref(), add.as_deref())
            }
            Request::Files { home, save, put_back, put_back_slots, clear, spoil } => {
                let mishap = mishap(save, put_back, put_back_slots, clear, spoil.as_deref())?;
                let kept = self.known(&home)?.kept.clone();
                befall(Path::new(&home), &kept, &mishap).map(|()| json!({ "ok": true }))
            }
            Request::Book { home } => {
                let till = self.known(&home)?;
                Ok(json!({ "entries": book(&till.host_home)?, "batches": batches(&till.host_home)? }))
            }
        }
    }

    fn till(&self, dialect: &str) -> Result<Value, Refusal> {
        let number = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let folder = lock(&self.folder).as_ref().ok_or(Refusal::Folder)?.path().join(format!("till{number}"));
        let (home, host_home, kept) = (folder.join("till"), folder.join("host"), folder.join("kept"));
        private_folder(&home)?;
        let host = Host::start(&host_home, Host::any_port(), &Script::honest())?;
        let address = host.address();
        let provisioning = provision(&host_home, dialect, &address.to_string(), &Options::default())?;
        let file = folder.join("provisioning.json");
        private_file(&file, provisioning.to_json().expose())?;
        let (home, file) = (utf8(&home)?, utf8(&file)?);
        let (host, statements) = (Mutex::new(Some(host)), AtomicU32::new(0));
        let terminal = provisioning.configuration.terminal_id;
        let till = Till { host_home, terminal, kept, address, host, statements };
        lock(&self.tills).insert(home.clone(), Arc::new(till));
        Ok(json!({ "home": home, "provisioning": file, "host": address.to_string() }))
    }

    fn card(&self, name: &str) -> Result<Value, Refusal> {
        let card = card::named(name).ok_or(Refusal::CardUnknown)?;
        let card = card.delayed_by(Arc::new(|ms| thread::sleep(Duration::from_millis(ms))));
        let running = CardServer::start(card, Host::any_port())?;
        let address = running.address().to_string();
        lock(&self.cards).push(running);
        Ok(json!({ "address": address }))
    }

    fn known(&self, home: &str) -> Result<Arc<Till>, Refusal> {
        lock(&self.tills).get(home).cloned().ok_or(Refusal::HomeUnknown)
    }
}

impl Till {
    /// Writes the host's book as a statement, and says where and of which days it is.
    fn statement(&self, format: &str, swap: Option<&(String, String)>, add: Option<&str>) -> Result<Value, Refusal> {
        let entries = book(&self.host_home)?;
        let text = paper::changed(paper::written(format, &entries)?, swap, add)?;
        let number = self.statements.fetch_add(1, Ordering::Relaxed) + 1;
        let file = self.kept.with_file_name(format!("statement{number}.{format}"));
        private_file(&file, text.as_bytes())?;
        let (from, to) = paper::days(&entries);
        Ok(json!({ "file": utf8(&file)?, "from": from, "to": to }))
    }

    fn obey(&self, order: &Order) -> Result<(), Refusal> {
        let mut host = lock(&self.host);
        match (order, host.take()) {
            (Order::Next(Step { kind, count, of }), running) => {
                *host = running;
                Ok(set_next_of(&self.host_home, *kind, *count, Some(*of))?)
            }
            (Order::Stop, Some(running)) => {
                running.stop();
                Ok(())
            }
            (Order::Stop, None) => Err(Refusal::HostState("the host is not running")),
            (Order::Start, None) => {
                *host = Some(self.start()?);
                Ok(())
            }
            (Order::Start, running) => {
                *host = running;
                Err(Refusal::HostState("the host is running already"))
            }
        }
    }

    fn start(&self) -> Result<RunningHost, Refusal> {
        let deadline = Instant::now() + START_LIMIT;
        loop {
            match Host::start(&self.host_home, self.address, &Script::honest()) {
                Err(HostError::AddressUnusable) if Instant::now() < deadline => {
                    thread::sleep(Duration::from_millis(20));
                }
                started => return Ok(started?),
            }
        }
    }
}

fn read_request(minor: u64, currency: &str, attempt: &str, nonce: &str) -> Option<ReadRequest> {
    let amount = Amount::from_minor(minor, Currency::from_code(currency).ok()?).ok()?;
    Some(ReadRequest { amount, attempt: AttemptId::new(attempt).ok()?, nonce: hex::decode(nonce)?.try_into().ok()? })
}

/// A read as a shell gets it: its record, with bytes as hex digits.
fn shown(read: &EncryptedRead) -> Value {
    json!({
        "format": read.format, "key": read.key, "payload": hex::encode(&read.payload),
        "signature": hex::encode(&read.signature), "scheme": read.scheme, "masked": read.masked, "cvm": read.cvm.word(),
    })
}

fn private_folder(folder: &Path) -> Result<(), Refusal> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|_| Refusal::Folder)
}

fn private_file(file: &Path, bytes: &[u8]) -> Result<(), Refusal> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).and_then(|mut file: File| file.write_all(bytes)).map_err(|_| Refusal::Folder)
}

fn utf8(path: &Path) -> Result<String, Refusal> {
    path.to_str().map(str::to_owned).ok_or(Refusal::Folder)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::super::request::read;
    use super::*;

    fn ask(keeper: &Keeper, line: &str) -> Result<Value, &'static str> {
        read(line.as_bytes()).and_then(|request| keeper.answer(request)).map_err(|refusal| refusal.code())
    }

    fn order(keeper: &Keeper, home: &Value, order: &str) -> Result<Value, &'static str> {
        ask(keeper, &format!(r#"{{"do":"host","home":{home},{order}}}"#))
    }

    #[test]
    fn each_till_is_fresh_and_has_a_host_of_its_own() {
        let keeper = Keeper::new();
        let tills: Vec<Value> = (0..3).map(|_| ask(&keeper, r#"{"do":"till"}"#).unwrap()).collect();
        for (index, till) in tills.iter().enumerate() {
            let home = Path::new(till["home"].as_str().unwrap());
            assert_eq!(fs::read_dir(home).unwrap().count(), 0);
            assert!(fs::read(till["provisioning"].as_str().unwrap()).unwrap().starts_with(b"{"));
            assert!(tills[..index].iter().all(|other| other["host"] != till["host"] && other["home"] != till["home"]));
            assert_eq!(
                ask(&keeper, &format!(r#"{{"do":"book","home":{}}}"#, till["home"])),
                Ok(json!({"batches": [], "entries": []}))
            );
        }
        let folder = lock(&keeper.folder).as_ref().unwrap().path().to_owned();
        keeper.clear();
        assert_eq!(ask(&keeper, r#"{"do":"till"}"#), Err("stand_folder"));
        assert!(std::env::var_os(scratch::KEEP_VARIABLE).is_some() || !folder.exists());
    }

    #[test]
    fn a_host_stops_and_starts_at_the_same_address() {
        let keeper = Keeper::new();
        let till = ask(&keeper, r#"{"do":"till","dialect":"iso87"}"#).unwrap();
        let (home, address) = (&till["home"], till["host"].as_str().unwrap());
        for _ in 0..3 {
            assert_eq!(order(&keeper, home, r#""start":true"#), Err("stand_host_state"));
            TcpStream::connect(address).unwrap();
            order(&keeper, home, r#""stop":true"#).unwrap();
            assert!(TcpStream::connect(address).is_err());
            assert_eq!(order(&keeper, home, r#""stop":true"#), Err("stand_host_state"));
            assert_eq!(order(&keeper, home, r#""next":"reset""#), Err("host_not_running"));
            order(&keeper, home, r#""start":true"#).unwrap();
        }
        order(&keeper, home, r#""next":"reset","count":2"#).unwrap();
    }

    #[test]
    fn what_the_stand_does_not_have_is_refused() {
        let keeper = Keeper::new();
        for (line, verdict) in [
            (r#"{"do":"till","dialect":"latin"}"#, "host_dialect_unknown"),
            (r#"{"do":"card","name":"nobody"}"#, "stand_card_unknown"),
            (r#"{"do":"book","home":"/tmp"}"#, "stand_home_unknown"),
            (r#"{"do":"host","home":"","stop":true}"#, "stand_home_unknown"),
            (r#"{"do":"host","home":"/tmp","next":"explode"}"#, "host_kind_unknown"),
            (r#"{"do":"host","home":"/tmp"}"#, "stand_one_order"),
        ] {
            assert_eq!(ask(&keeper, line), Err(verdict), "{line}");
        }
        let till = ask(&keeper, r#"{"do":"till"}"#).unwrap();
        assert_eq!(order(&keeper, &till["home"], r#""next":"reset","count":0"#), Err("host_count_out_of_range"));
    }

    #[test]
    fn an_acquirer_signs_holds_and_changes_its_key_one_at_a_time() {
        let keeper = Keeper::new();
        let till = ask(&keeper, r#"{"do":"till"}"#).unwrap();
        let acquirer = |with: &str| ask(&keeper, &format!(r#"{{"do":"acquirer","home":{}{with}}}"#, till["home"]));
        let text = |answer: Value| answer["text"].as_str().unwrap().to_owned();
        let (first, message) = (text(acquirer(r#","pins":true"#).unwrap()), acquirer(r#","message":"Hello.""#));
        assert!(first.contains("pins") && text(message.unwrap()).contains("text Hello."));
        acquirer(r#","rotate":true"#).unwrap();
        let current = |text: &str| text.lines().find(|line| line.starts_with("current ")).map(str::to_owned);
        assert_ne!(current(&text(acquirer(r#","pins":true,"send":true"#).unwrap())), current(&first));
        acquirer(r#","hold":true"#).unwrap();
        for refused in ["", r#","pins":false"#, r#","rotate":true,"hold":true"#, r#","message":"a","send":true"#] {
            assert_eq!(acquirer(refused), Err("stand_one_deed"), "{refused}");
        }
        assert_eq!(acquirer(r#","message":"two\nlines""#), Err("host_text_unusable"));
    }

    #[test]
    fn a_certified_reader_gives_a_read_or_its_fault() {
        let keeper = Keeper::new();
        let read = |card: &str, nonce: &str| {
            let request = r#""minor":100,"currency":"CNY","attempt":"a","nonce""#;
            ask(&keeper, &format!(r#"{{"do":"read","card":"{card}",{request}:"{nonce}"}}"#))
        };
        let nonce = "07".repeat(16);
        let good = read("visa", &nonce).unwrap();
        assert!(good["payload"].is_string() && good["signature"].is_string(), "{good}");
        assert_eq!((&good["masked"], &good["cvm"]), (&json!("************0119"), &json!("none")));
        assert!(read("visa-declines", &nonce).unwrap()["fault"].is_string());
        assert_eq!(read("nobody", &nonce), Err("stand_card_unknown"));
        for refused in ["", "07", &"0x".repeat(16), &"07".repeat(17)] {
            assert_eq!(read("visa", refused), Err("stand_read_request"), "{refused}");
        }
    }

    #[test]
    fn a_statement_is_the_book_on_paper_or_refused() {
        let keeper = Keeper::new();
        let till = ask(&keeper, r#"{"do":"till"}"#).unwrap();
        let statement = |with: &str| ask(&keeper, &format!(r#"{{"do":"statement","home":{},{with}}}"#, till["home"]));
        let text = |answer: &Value| fs::read_to_string(answer["file"].as_str().unwrap()).unwrap();
        let (csv, camt) = (statement(r#""format":"csv""#).unwrap(), statement(r#""format":"camt""#).unwrap());
        assert!(text(&csv).starts_with("date,amount") && text(&camt).starts_with("<?xml"));
        assert_eq!((&csv["from"], &csv["to"]), (&Value::Null, &Value::Null), "nothing is booked");
        let other = statement(r#""format":"csv","swap":["amount","sum"],"add":"strange""#).unwrap();
        assert!(text(&other).starts_with("date,sum") && text(&other).ends_with("strange\r\n"));
        assert_ne!(other["file"], csv["file"]);
        for refused in [r#""format":"pdf""#, r#""format":"csv","swap":["what is not there",""]"#] {
            assert_eq!(statement(refused), Err("stand_statement_request"), "{refused}");
        }
    }

    #[test]
    fn each_card_is_a_card_of_its_own() {
        let keeper = Keeper::new();
        let card = || ask(&keeper, r#"{"do":"card","name":"visa"}"#).unwrap()["address"].as_str().unwrap().to_owned();
        let (one, two) = (card(), card());
        assert_ne!(one, two);
        TcpStream::connect(one).unwrap();
    }
}
