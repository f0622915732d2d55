//! A whole shift, and then nobody finds a card number, a track or a key in anything that it left or said.
//!
//! What is searched: database, write-ahead log and its index, the host's book, receipts, errors, `Debug` of what
//! callers and observers see, and the plaintext of every event. In which coats: `taptill_sandbox::scan`.
//!
//! The control is in each test: the same needles are planted in a copy, and found. Standard output, standard error
//! and the folders of the real binary are searched in `sandbox/tests/till_no_card_data.rs`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod shop;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use shop::faults::{Plan, SetClock};
use shop::{PATIENCE, Shop, Till, card, impatient_encrypted_shop, impatient_shop, named, order};
use taptill::card::Pan;
use taptill::ids::AttemptId;
use taptill::journal::{Draft, Journal, SideWork};
use taptill::payment::ListQuery;
use taptill::payment::state::State;
use taptill::ports::{
    CardChannel, CardFault, EncryptedRead, EncryptedReader, Fate, Notice, Observer, Ports, ReadRequest, ReaderFault,
};
use taptill::receipt::{Columns, Copy};
use taptill::terminal::{ReceiptRequest, StatementFile, StatementRequest, Terminal};
use taptill::text::Language;
use taptill_sandbox::card::PresentedCard;
use taptill_sandbox::host::Kind;
use taptill_sandbox::people;
use taptill_sandbox::reader::ScriptedReader;
use taptill_sandbox::scan::{Hit, Needles};

/// Everything that anybody could have heard, seen or logged, as text.
#[derive(Default)]
struct Said(Mutex<String>);

impl Said {
    fn note(&self, what: &impl std::fmt::Debug) {
        writeln!(self.0.lock().unwrap(), "{what:?}\n{what:#?}").unwrap();
    }

    fn text(&self, text: &str) {
        writeln!(self.0.lock().unwrap(), "{text}").unwrap();
    }

    fn json(&self, what: &impl serde::Serialize) {
        self.text(&serde_json::to_string(what).unwrap());
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone().into_bytes()
    }
}

struct Notes {
    inner: Arc<dyn Observer>,
    said: Arc<Said>,
}

impl Observer for Notes {
    fn hear(&self, notice: &Notice) {
        self.said.note(notice);
        self.inner.hear(notice);
    }
}

/// A card that remembers its track 2 when it is read (EMV tag 57).
struct Overheard {
    card: Arc<PresentedCard>,
    track: Arc<Mutex<Option<Vec<u8>>>>,
}

impl CardChannel for Overheard {
    fn transceive(&self, command: &[u8]) -> Result<Vec<u8>, CardFault> {
        let response = self.card.transceive(command)?;
        if let Some(start) = response.windows(4).position(|four| matches!(four, [0x57, 1..0x20, 0x47, 0x61])) {
            let value = &response[start + 2..start + 2 + usize::from(response[start + 1])];
            let hex: String = value.iter().map(|byte| format!("{byte:02X}")).collect();
            *self.track.lock().unwrap() = Some(hex.trim_end_matches('F').as_bytes().to_vec());
        }
        Ok(response)
    }
}

/// A shift: what it said, what it left, and what must be in neither.
struct Shift {
    shop: Shop,
    said: Arc<Said>,
    needles: Vec<(&'static str, Vec<u8>)>,
}

impl Shift {
    fn begin(name: &str) -> Self {
        Self { shop: impatient_shop(name), said: Arc::new(Said::default()), needles: Vec::new() }
    }

    fn till(&self) -> Till {
        self.till_with(|_| ())
    }

    fn till_with(&self, change: impl FnOnce(&mut Ports)) -> Till {
        let till = self.shop.till_with(|ports| {
            ports.observer = Arc::new(Notes { inner: Arc::clone(&ports.observer), said: Arc::clone(&self.said) });
            change(ports);
        });
        till.unwrap()
    }

    /// A sale whatever its end, told in full.
    fn sell(&self, till: &Till, name: &str, minor: u64) -> Option<AttemptId> {
        match till.sell(name, minor) {
            Ok(view) => {
                self.said.note(&view);
                self.said.json(&view);
                Some(view.attempt)
            }
            Err(error) => {
                self.error(&error);
                None
            }
        }
    }

    fn error(&self, error: &taptill::error::Error) {
        self.said.note(error);
        self.said.json(error);
        self.said.text(&error.to_string());
    }

    /// The secrets of this shop, once they have all been used.
    fn learn_secrets(&mut self) {
        let track = Arc::new(Mutex::new(None));
        let till = self.till();
        let visa = card("visa");
        let tap = || -> Arc<dyn CardChannel> { Arc::new(Overheard { card: visa.tap(), track: Arc::clone(&track) }) };
        assert_eq!(till.sell_to(order(700), tap).unwrap().state, State::Approved);
        let track = track.lock().unwrap().take().expect("the card gave its track");
        assert!(track.contains(&b'D') && track.starts_with(b"4761"));
        self.needles.push(("track 2", track));
        let secrets = &self.shop.provisioning.secrets;
        self.needles.push(("terminal master key", secrets.master_key().unwrap().expose().to_vec()));
        let pem = secrets.client_key_pem.expose();
        let body: String = pem.lines().filter(|line| !line.starts_with("---")).collect();
        self.needles.push(("client key, as PEM", body.as_bytes()[..40].to_vec()));
        let der = base64(&body);
        // The private octets of a P-256 key are the same in every form of the file (RFC 5915).
        self.needles.push(("client key", der[36..68].to_vec()));
        let book = rusqlite::Connection::open(self.shop.host_home().join("book.sqlite3")).unwrap();
        let mak: Vec<u8> = book.query_row("SELECT mak FROM terminals", [], |row| row.get(0)).unwrap();
        self.needles.push(("working key", mak));
    }

    /// What must not be where the host or the device may not have it either.
    fn card_needles() -> Needles {
        let numbers: &[Pan] = &taptill_sandbox::card::numbers();
        numbers.iter().fold(Needles::new(), |needles, pan| needles.card_number("card number", pan))
    }

    fn all_needles(&self) -> Needles {
        self.needles.iter().fold(Self::card_needles(), |needles, (name, secret)| match *name {
            "track 2" => needles.track_2(name, secret),
            _ => needles.bytes(name, secret),
        })
    }

    /// The plaintext of every event of this till.
    fn events(&self) -> Vec<u8> {
        let mut text = Vec::new();
        let journal = open_journal(&self.shop, &self.shop.journal());
        journal
            .scan(&mut |_, bytes| {
                text.extend_from_slice(bytes);
                text.push(b'\n');
                Ok(())
            })
            .unwrap();
        text
    }
}

fn open_journal(shop: &Shop, path: &Path) -> Journal {
    let (ports, _field) = shop.ports();
    people::journal_of(path, &ports)
}

/// Everything that can happen in a shift, errors provoked and told.
fn a_whole_shift(shift: &Shift) {
    let till = shift.till();
    shift.said.note(&*till.terminal.configuration().unwrap());
    let mut attempts = Vec::new();
    let cards = ["visa", "visa-cvn10", "visa-phone", "visa-signature", "visa-pin", "visa-declines", "visa-offline"];
    let bad = ["visa-leaves", "visa-silent", "visa-wrong-arqc", "visa-bad-signature", "other-scheme", "visa-refuses"];
    for name in cards.into_iter().chain(bad) {
        attempts.extend(shift.sell(&till, name, 1_230));
    }
    attempts.extend(shift.sell(&till, "visa", 100_051)); // The host declines with 51.
    for kind in [Kind::NoAnswer, Kind::BadMac, Kind::WrongEcho, Kind::HalfFrame, Kind::LateAnswer, Kind::Reset] {
        shift.shop.host_does(kind);
        let attempt = shift.sell(&till, "visa", 500).unwrap();
        till.until(&attempt, State::Reversed);
        attempts.push(attempt);
    }
    cancel_one(shift, &till);
    provoke_errors(shift, &till, &attempts[0]);
    print_receipts(shift, &till, &attempts);
    shift.said.note(&till.terminal.list(&ListQuery::default()).unwrap());
    shift.said.note(&till.terminal.resolve().unwrap());
    shift.said.note(&till.terminal.verify().unwrap());
    till.terminal.close().unwrap();
    killed_in_doubt(shift);
}

fn cancel_one(shift: &Shift, till: &Till) {
    let operation = till.terminal.start_sale(order(900)).unwrap();
    till.field.recv_timeout(PATIENCE).unwrap();
    shift.said.note(&till.terminal.cancel(operation.attempt()).unwrap());
    shift.said.note(&operation.wait().unwrap());
}

fn provoke_errors(shift: &Shift, till: &Till, attempt: &AttemptId) {
    let unknown = AttemptId::new("nobody").unwrap();
    let wrong_cursor = ListQuery { cursor: Some("rubbish".into()), ..ListQuery::default() };
    let errors = [
        till.terminal.cancel(attempt).unwrap_err(),
        till.terminal.status(&unknown).unwrap_err(),
        till.terminal.list(&wrong_cursor).unwrap_err(),
        till.sell_as(named(attempt.as_str(), 9), "visa").unwrap_err(),
        till.sell("visa", 999_999_999_999).unwrap_err(),
        shift.shop.open_with(|_| ()).err().unwrap(),
    ];
    errors.iter().for_each(|error| shift.error(error));
}

fn print_receipts(shift: &Shift, till: &Till, attempts: &[AttemptId]) {
    for attempt in attempts {
        for (columns, language, copy) in [
            (Columns::C32, Language::En, Copy::Customer),
            (Columns::C48, Language::ZhCn, Copy::Merchant),
            (Columns::C48, Language::ZhCn, Copy::Merchant),
        ] {
            match till.terminal.receipt(attempt, ReceiptRequest { columns, language, copy }) {
                Ok(slip) => shift.said.text(&slip),
                Err(error) => shift.error(&error),
            }
        }
    }
}

/// The run ends in the middle; the next one reverses.
fn killed_in_doubt(shift: &Shift) {
    for point in ["after attempt.in_doubt", "before attempt.approved", "after attempt.prepared"] {
        let plan = Plan::at(point, Fate::Die);
        let till = shift.till_with(|ports| ports.faults = plan);
        let error = till.sell_as(named(&point.replace(' ', "-"), 400), "visa").unwrap_err();
        shift.error(&error);
        drop(till);
        let till = shift.till();
        shift.said.note(&till.terminal.resolve().unwrap());
        till.terminal.close().unwrap();
    }
}

#[test]
fn a_whole_shift_leaves_no_card_number_no_track_and_no_key() {
    let mut shift = Shift::begin("no-card-data");
    a_whole_shift(&shift);
    shift.learn_secrets();
    let (cards, all) = (Shift::card_needles(), shift.all_needles());
    let (said, events) = (shift.said.bytes(), shift.events());
    assert_eq!(all.find_in(&said), [], "what was said");
    assert_eq!(all.find_in(&events), [], "the plaintext of the events");
    assert_eq!(hits_in(&all, &shift.shop.home()), [], "the till's folder");
    assert_eq!(hits_in(&cards, &shift.shop.host_home()), [], "the host's folder");
    assert_eq!(hits_in(&cards, &shift.shop.device()), [], "the device's folder");
    // It was a shift indeed, and the masked number may be seen.
    assert!(String::from_utf8_lossy(&said).contains("476173******0119"));
    assert!(events.iter().filter(|byte| **byte == b'\n').count() > 80);

    // The control: each needle, put into a copy of each place, is found there.
    let copies = tempfile::tempdir().unwrap();
    for (name, needle) in shift.needles.iter().chain([&("card number", b"4761739001010119".to_vec())]) {
        for file in files_below(&shift.shop.home()) {
            let copy = copies.path().join(file.file_name().unwrap());
            let bytes = fs::read(&file).unwrap();
            let (left, right) = bytes.split_at(bytes.len() / 2);
            fs::write(&copy, [left, needle, right].concat()).unwrap();
            assert!(hits_in(&all, &copy).iter().any(|hit| hit.needle == *name), "{name} in {}", file.display());
        }
        for place in [&said, &events] {
            assert!(!all.find_in(&[place, &b"\""[..], needle, b"\""].concat()).is_empty(), "{name}");
        }
    }
}

#[test]
fn a_card_number_that_got_into_an_event_would_be_found_in_its_plaintext_and_not_in_the_file() {
    let shift = Shift::begin("no-card-data-event");
    shift.sell(&shift.till(), "visa", 100).unwrap();
    let needles = Shift::card_needles();
    assert_eq!(needles.find_in(&shift.events()), []);
    let (ports, _field) = shift.shop.ports();
    let mut journal = open_journal(&shift.shop, &shift.shop.journal());
    let draft = Draft {
        kind: "receipt.lost",
        v: 1,
        attempt: None,
        operator: None,
        body: serde_json::json!({ "note": "card 4761739001010119" }),
        may_use_ballast: false,
    };
    journal.append(draft, SideWork::None, ports.clock.now()).unwrap();
    journal.close().unwrap();
    let found = needles.find_in(&shift.events());
    assert!(found.iter().any(|hit| hit.needle == "card number"), "{found:?}");
    assert_eq!(hits_in(&needles, &shift.shop.home()), [], "SQLite never sees plaintext");
}

/// Whatever column a bank writes a card number into, it is masked as it is read.
#[test]
fn a_statement_full_of_card_numbers_leaves_none() {
    let shift = Shift::begin("no-card-data-statement");
    let till = shift.till();
    shift.sell(&till, "visa", 1_230).unwrap();
    let written = [
        "4761739001010119",
        "4761 7390 0101 0119",
        "paid-4761-7390-0101-0119",
        &format!("{}4761739001010119", "x".repeat(128)),
    ];
    let mut csv = "date,amount,currency,order,card,reference\n".to_owned();
    let mut camt = "<Document><BkToCstmrStmt><Stmt>".to_owned();
    for text in written {
        let order = text.replace(' ', "-");
        writeln!(csv, "2026-11-22,9.99,CNY,{},{text},{text}", &order[order.len().saturating_sub(64)..]).unwrap();
        write!(
            camt,
            "<Ntry><Amt Ccy=\"CNY\">9.99</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-11-22</Dt></BookgDt>\
             <NtryRef>{text}</NtryRef><NtryDtls><TxDtls><Refs><EndToEndId>{}</EndToEndId></Refs>\
             <AmtDtls><TxAmt><Amt Ccy=\"CNY\">10.99</Amt></TxAmt></AmtDtls>\
             <CardTx><Card><PlainCardData><PAN>{text}</PAN></PlainCardData></Card></CardTx></TxDtls></NtryDtls></Ntry>",
            &order[order.len().saturating_sub(64)..]
        )
        .unwrap();
    }
    camt += "</Stmt></BkToCstmrStmt></Document>";
    let request = |file| StatementRequest { file, from: None, to: None };
    let mut found = 0;
    for (file, text) in [(StatementFile::Csv(Box::default()), &csv), (StatementFile::Camt, &camt)] {
        let each = &mut |difference| {
            found += 1;
            shift.said.note(&difference);
            shift.said.json(&difference);
        };
        let summary = till.terminal.check_statement(text.as_bytes(), &request(file), each).unwrap();
        shift.said.note(&summary);
        shift.said.json(&summary);
    }
    assert!(found >= 8, "each line is of nobody's payment, and is shown");
    // Files that are refused, for the card number itself among other things.
    for refused in
        [csv.replace("9.99", written[0]), csv.replace("CNY", written[0]), csv.replace("2026-11-22", written[0])]
    {
        let file = StatementFile::Csv(Box::default());
        shift.error(&till.terminal.check_statement(refused.as_bytes(), &request(file), &mut |_| ()).unwrap_err());
    }
    till.terminal.close().unwrap();
    drop(till);
    // The middle of the number, as one file or another writes it.
    let needles = || {
        let middle = [("73900101", &b"73900101"[..]), ("7390 0101", b"7390 0101"), ("7390-0101", b"7390-0101")];
        middle.into_iter().fold(Shift::card_needles(), |needles, (name, bytes)| needles.raw(name, bytes))
    };
    let said = shift.said.bytes();
    assert_eq!(needles().find_in(&said), [], "what was said");
    assert_eq!(needles().find_in(&shift.events()), [], "the plaintext of the events");
    assert_eq!(hits_in(&needles(), &shift.shop.home()), [], "the till's folder");
    let shown = String::from_utf8_lossy(&said);
    assert!(shown.contains("476173******0119") && shown.contains("4761 73** **** 0119"));
    // The control: in the files themselves all of it is found.
    for text in [&csv, &camt] {
        let hits = needles().find_in(text.as_bytes());
        for name in ["card number", "73900101", "7390 0101", "7390-0101"] {
            assert!(hits.iter().any(|hit| hit.needle == name), "{name}");
        }
    }
}

#[test]
fn an_open_debt_keeps_its_card_data_sealed_and_loses_them_when_it_is_closed() {
    let mut shift = Shift::begin("no-card-data-debt");
    shift.learn_secrets();
    let all = shift.all_needles();
    // The clock stands still where a reversal is owed, so that the debt stays open while it is looked at.
    let clock = SetClock::ahead_by_ms(0);
    let plan = Plan::at("after attempt.reversal_due", Fate::Die);
    let till = shift.till_with(|ports| (ports.clock, ports.faults) = (clock, plan));
    shift.shop.host_does(Kind::NoAnswer);
    drop(till.sell_as(named("owes", 500), "visa"));
    // The write-ahead log is there while the till is open, and is searched with the rest.
    let log = shift.shop.home().join("journal.db-wal");
    assert!(fs::metadata(&log).unwrap().len() > 0);
    assert_eq!(hits_in(&all, &shift.shop.home()), [], "while the debt is open");
    drop(till);
    assert_eq!(hits_in(&all, &shift.shop.home()), [], "after the end of that run");

    // The card data are there, under their own key, and only the journal's holder can open them.
    let journal = open_journal(&shift.shop, &shift.shop.journal());
    let card_data = journal.side_row("attempt/owes").unwrap().expect("the reversal needs the card's data");
    let opened = all.find_in(card_data.expose());
    assert!(opened.iter().any(|hit| hit.needle == "card number"));
    assert!(opened.iter().all(|hit| hit.needle != "track 2"), "the track is not kept at all");
    let open_debt_rows = side_rows(&shift.shop);
    drop((card_data, journal));

    let till = shift.till();
    till.until(&AttemptId::new("owes").unwrap(), State::Reversed);
    assert_eq!(side_rows(&shift.shop), (open_debt_rows.0 - 1, open_debt_rows.1 - 1), "row and key are gone");
    assert_eq!(hits_in(&all, &shift.shop.home()), []);
    till.terminal.close().unwrap();
    let journal = open_journal(&shift.shop, &shift.shop.journal());
    assert!(journal.side_row("attempt/owes").unwrap().is_none());
}

/// A till that may not speak to a card never has one: neither what it says, nor its files, nor what its journal's holder
/// can open holds a number or a track. Of the read itself only the nonce is kept, and no longer than a debt is open.
#[test]
fn a_shift_of_encrypted_reads_never_has_a_card_number_or_a_track_in_the_till() {
    let shop = impatient_encrypted_shop("no-card-data-encrypted");
    let shift = Shift { shop, said: Arc::new(Said::default()), needles: Vec::new() };
    let reader = Arc::new(ScriptedReader::default());
    let payloads: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
    let lend = |ports: &mut Ports| {
        let (reader, payloads) = (Arc::clone(&reader), Arc::clone(&payloads));
        ports.encrypted_reader = Some(Arc::new(Overhears { reader, payloads }));
    };
    let till = shift.till_with(lend);
    let mut attempts = Vec::new();
    for name in ["visa", "visa-phone", "visa-declines", "visa-pin", "visa-silent", "visa-wrong-arqc", "other-scheme"] {
        reader.present(card(name));
        attempts.extend(shift.sell(&till, name, 1_230));
    }
    reader.present(card("visa"));
    for kind in [Kind::NoAnswer, Kind::BadMac] {
        shift.shop.host_does(kind);
        let attempt = shift.sell(&till, "visa", 500).unwrap();
        till.until(&attempt, State::Reversed);
        attempts.push(attempt);
    }
    print_receipts(&shift, &till, &attempts);
    shift.said.note(&till.terminal.list(&ListQuery::default()).unwrap());
    shift.said.note(&*till.terminal.configuration().unwrap());
    till.terminal.close().unwrap();
    drop(till);
    let plan = Plan::at("after attempt.reversal_due", Fate::Die);
    let till = shift.till_with(|ports| {
        lend(ports);
        ports.faults = plan;
    });
    shift.shop.host_does(Kind::NoAnswer);
    drop(till.sell_as(named("owes", 500), "visa"));
    drop(till);

    let journal = open_journal(&shift.shop, &shift.shop.journal());
    let kept = journal.side_row("attempt/owes").unwrap().expect("the reversal needs the nonce").expose().to_vec();
    drop(journal);
    let track = b"4761739001010119D49122010000012300000".to_vec();
    let needles = || Shift::card_needles().track_2("track 2", &track);
    let (said, events) = (shift.said.bytes(), shift.events());
    let files: Vec<u8> = files_below(&shift.shop.home()).iter().flat_map(|file| fs::read(file).unwrap()).collect();
    let places = [("said", said), ("events", events), ("the files", files), ("what a reversal needs", kept)];
    let payloads = payloads.lock().unwrap();
    assert!(payloads.len() > 3);
    assert_eq!(hits_in(&Shift::card_needles(), &shift.shop.host_home()), [], "the host, who opened them");
    for (place, bytes) in &places {
        assert_eq!(needles().find_in(bytes), [], "{place}");
        for payload in payloads.iter() {
            assert!(!bytes.windows(64).any(|window| payload.starts_with(window)), "{place} holds a read");
        }
        // The control: what is planted is found, in whatever coat.
        for planted in [&b"\"4761739001010119\""[..], &[0x47, 0x61, 0x73, 0x90, 0x01, 0x01, 0x01, 0x19], &track] {
            let spoilt = [bytes.as_slice(), b"\0", planted, b"\0"].concat();
            assert!(!needles().find_in(&spoilt).is_empty(), "{place} {planted:?}");
        }
        let spoilt = [bytes.as_slice(), &payloads[0]].concat();
        assert!(spoilt.windows(64).any(|window| payloads[0].starts_with(window)), "{place}");
    }
    let till = shift.till_with(lend);
    till.until(&AttemptId::new("owes").unwrap(), State::Reversed);
    till.terminal.close().unwrap();
    let journal = open_journal(&shift.shop, &shift.shop.journal());
    assert!(journal.side_row("attempt/owes").unwrap().is_none(), "it goes with the debt");
}

/// Keeps a copy of each payload that the reader gives.
struct Overhears {
    reader: Arc<ScriptedReader>,
    payloads: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl EncryptedReader for Overhears {
    fn read(&self, request: &ReadRequest) -> Result<EncryptedRead, ReaderFault> {
        let read = self.reader.read(request)?;
        self.payloads.lock().unwrap().push(read.payload.clone());
        Ok(read)
    }

    fn cancel(&self) {
        self.reader.cancel();
    }
}

#[test]
fn a_till_that_fails_to_open_says_nothing_of_what_it_holds() {
    let mut shift = Shift::begin("no-card-data-shut");
    shift.learn_secrets();
    let all = shift.all_needles();
    fs::write(shift.shop.journal().with_extension("db-wal"), b"rubbish").unwrap();
    let mut bytes = fs::read(shift.shop.journal()).unwrap();
    let end = bytes.len();
    bytes[end / 2..].fill(0x5A);
    fs::write(shift.shop.journal(), &bytes).unwrap();
    let (ports, _field) = shift.shop.ports();
    for error in [shift.shop.open_with(|_| ()).err(), Terminal::inspect(&shift.shop.home(), &ports).err()] {
        shift.error(&error.expect("it is damaged"));
    }
    assert_eq!(all.find_in(&shift.said.bytes()), []);
}

fn hits_in(needles: &Needles, place: &Path) -> Vec<Hit> {
    needles.find_in_dir(place).unwrap()
}

/// How many side rows and how many of their keys the database has.
fn side_rows(shop: &Shop) -> (i64, i64) {
    let journal = rusqlite::Connection::open(shop.journal()).unwrap();
    let count = |table| journal.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
    (count("side_row"), count("side_key"))
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.is_file());
    files.sort();
    assert!(files.iter().any(|file| file.ends_with("journal.db")));
    files
}

/// RFC 4648, without line breaks; the padding ends it.
fn base64(text: &str) -> Vec<u8> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut held, mut bytes) = (0u32, 0, Vec::new());
    for digit in text.bytes().take_while(|byte| *byte != b'=') {
        let value = alphabet.iter().position(|known| *known == digit).expect("a base64 digit");
        bits = bits << 6 | value as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}
