//! A certified reader beside a whole terminal: what it gives is sold, what it prevents is said, what it forges is refused.
//!
//! The reader, the host and the TLS between them are the sandbox's; nothing here is opened but by the host. Where a test
//! needs a reader that misbehaves, it wraps the scripted one.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod shop;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use shop::faults::Plan;
use shop::{PATIENCE, Shop, Till, card, encrypted_shop, impatient_encrypted_shop, named, order};
use taptill::error::{ErrorCode, Money};
use taptill::ids::AttemptId;
use taptill::payment::state::State;
use taptill::payment::{AttemptView, ListQuery, Reason};
use taptill::ports::{CardChannel, CardFault, EncryptedRead, EncryptedReader, Fate, ReadCvm, ReadRequest, ReaderFault};
use taptill::receipt::{Columns, Copy};
use taptill::terminal::ReceiptRequest;
use taptill::text::Language;
use taptill_sandbox::host::{Kind, book};
use taptill_sandbox::reader::{ScriptedReader, read_card};

fn reader_with(name: &str) -> Arc<ScriptedReader> {
    let reader = Arc::new(ScriptedReader::default());
    reader.present(card(name));
    reader
}

fn till_lent(shop: &Shop, reader: Arc<dyn EncryptedReader>) -> Till {
    shop.till_with(|ports| ports.encrypted_reader = Some(reader)).unwrap()
}

fn attempt(name: &str) -> AttemptId {
    AttemptId::new(name).unwrap()
}

/// A reader that a test writes: what it makes of each request.
struct Makes<F>(F);

impl<F: Fn(&ReadRequest) -> Result<EncryptedRead, ReaderFault> + Send + Sync> EncryptedReader for Makes<F> {
    fn read(&self, request: &ReadRequest) -> Result<EncryptedRead, ReaderFault> {
        self.0(request)
    }

    fn cancel(&self) {}
}

fn makes(
    make: impl Fn(&ReadRequest) -> Result<EncryptedRead, ReaderFault> + Send + Sync + 'static,
) -> Arc<dyn EncryptedReader> {
    Arc::new(Makes(make))
}

/// What the host answered to the attempts that it heard of, oldest first.
fn host_codes(shop: &Shop) -> Vec<String> {
    book(&shop.host_home()).unwrap().iter().map(|entry| entry.response_code.to_string()).collect()
}

#[test]
fn a_read_is_sold_like_a_card_and_shows_no_more_than_its_reader_shows() {
    let shop = encrypted_shop("encrypted-sells");
    let till = till_lent(&shop, reader_with("visa-phone"));
    let sale = till.sell("visa", 1_230).unwrap();
    assert_eq!(sale.state, State::Approved);
    assert_eq!(sale.card_masked.as_ref().unwrap().as_str(), "************0119");
    assert_eq!((sale.label.as_deref(), sale.cvm.as_deref()), (Some("Visa"), Some("on_device")));
    assert_eq!((&sale.aid, &sale.cryptogram, &sale.tvr, sale.kernel), (&None, &None, &None, None));
    assert_eq!(till.sell("visa", 100_051).unwrap().host_code.unwrap().as_str(), "51");
    assert_eq!(shop.net_minor(), 1_230);
    let entry = &book(&shop.host_home()).unwrap()[0];
    assert_eq!(
        (&entry.rrn, entry.card_masked.as_ref().unwrap().as_str()),
        (sale.rrn.as_ref().unwrap(), "476173******0119")
    );
    for (columns, language) in [(Columns::C32, Language::En), (Columns::C48, Language::ZhCn)] {
        let slip = till.terminal.receipt(&sale.attempt, ReceiptRequest { columns, language, copy: Copy::Customer });
        assert!(slip.unwrap().contains("************0119"));
    }
    assert!(till.terminal.verify().is_ok());
}

/// The account's secrets, the seed of the checkpoints, and the history of alice's passwords.
const SIDE_ROWS_OF_A_TILL: u64 = 3;

#[test]
fn a_sale_in_doubt_is_reversed_and_its_read_is_forgotten() {
    let shop = impatient_encrypted_shop("encrypted-doubt");
    let till = till_lent(&shop, reader_with("visa"));
    for kind in [Kind::NoAnswer, Kind::BadMac, Kind::Reset, Kind::WrongEcho] {
        shop.host_does(kind);
        let sale = till.sell("visa", 500).unwrap();
        let reversed = till.until(&sale.attempt, State::Reversed);
        assert_eq!(reversed.card_masked, sale.card_masked, "{kind}");
    }
    assert_eq!(shop.net_minor(), 0);
    assert_eq!(till.sell("visa", 700).unwrap().state, State::Approved);
    assert_eq!(shop.net_minor(), 700);
    // The working keys are the one side row that stays, with the till's own.
    assert_eq!(till.terminal.verify().unwrap().side_rows, SIDE_ROWS_OF_A_TILL + 1);
}

#[test]
fn a_till_that_ends_anywhere_reverses_what_it_owes_without_reading_again() {
    let table = [
        ("before attempt.prepared", None, 0),
        ("after attempt.prepared", Some(State::NotSent), 0),
        ("after attempt.in_doubt", Some(State::Reversed), 0),
        ("after send", Some(State::NotSent), 0), // The sign-on's.
        ("before attempt.approved", Some(State::Reversed), 0),
        ("after attempt.approved", Some(State::Approved), 500),
    ];
    for (point, state, net_minor) in table {
        let shop = encrypted_shop("encrypted-dies");
        let plan = Plan::at(point, Fate::Die);
        let till = shop.till_with(|ports| {
            ports.encrypted_reader = Some(reader_with("visa"));
            ports.faults = plan;
        });
        let error = till.unwrap().sell_as(named("dies", 500), "visa").unwrap_err();
        assert_eq!(error.code(), ErrorCode::StoppedByFaultPlan, "{point}");
        // The next run is lent no reader at all: a reversal needs none.
        let till = shop.till();
        till.terminal.resolve().unwrap();
        match state {
            Some(state) => drop(till.until(&attempt("dies"), state)),
            None => assert_eq!(till.terminal.status(&attempt("dies")).unwrap_err().code(), ErrorCode::AttemptUnknown),
        }
        assert_eq!(shop.net_minor(), net_minor, "{point}");
        // The till's own stay, and working keys where the host signed the till on; nothing of the read.
        let signed_on = matches!(state, Some(State::Reversed | State::Approved));
        assert_eq!(till.terminal.verify().unwrap().side_rows, SIDE_ROWS_OF_A_TILL + u64::from(signed_on), "{point}");
    }
}

#[test]
fn each_fault_of_a_reader_is_an_outcome_or_a_typed_error_and_the_next_sale_works() {
    use ErrorCode::{ReaderFailed, ReaderNotReady};
    let table = [
        (ReaderFault::Cancelled, State::NotSent, Reason::Cancelled, None),
        (ReaderFault::TimedOut, State::NotSent, Reason::NoCard, None),
        (ReaderFault::CardNotRead, State::NotSent, Reason::CardLost, None),
        (ReaderFault::TryAnotherCard, State::NotSent, Reason::TryAnotherInterface, None),
        (ReaderFault::CardDeclined, State::Declined, Reason::Card, None),
        (ReaderFault::PinRequired, State::NotSent, Reason::OnlinePinRequired, None),
        (ReaderFault::NotReady, State::NotSent, Reason::ReaderNotReady, Some(ReaderNotReady)),
        (ReaderFault::Failed, State::NotSent, Reason::ReaderFailed, Some(ReaderFailed)),
    ];
    assert_eq!(table.map(|(fault, ..)| fault), ReaderFault::ALL);
    let shop = encrypted_shop("encrypted-faults");
    let next = Arc::new(Mutex::new(None));
    let visa = card("visa");
    let till = till_lent(&shop, {
        let next = Arc::clone(&next);
        makes(move |request| next.lock().unwrap().take().map_or_else(|| read_card(&visa, request), Err))
    });
    let mut sold = 0;
    for (fault, state, reason, error) in table {
        *next.lock().unwrap() = Some(fault);
        let name = fault.word().replace('_', "-");
        let view = match (till.sell_as(named(&name, 500), "visa"), error) {
            (Ok(view), None) => view,
            (Err(told), Some(code)) => {
                assert_eq!((told.code(), told.money()), (code, Money::NotMoved), "{fault:?}");
                // The same attempt again is the same answer; no card is asked for.
                let again = till.sell_as(named(&name, 500), "visa").unwrap_err();
                assert_eq!((again.code(), again.attempt()), (code, told.attempt()), "{fault:?}");
                till.terminal.status(told.attempt().unwrap()).unwrap()
            }
            (told, _) => panic!("{fault:?}: {told:?}"),
        };
        assert_eq!((view.state, view.reason), (state, Some(reason)), "{fault:?}");
        assert_eq!((&view.card_masked, &view.stan), (&None, &None), "{fault:?}");
        sold += 1;
        assert_eq!(till.sell("visa", 100).unwrap().state, State::Approved, "after {fault:?}");
    }
    assert_eq!(shop.net_minor(), sold * 100);
    assert_eq!(host_codes(&shop).len() as u64, sold, "the host heard of the good ones only");
}

/// Says that a read has begun, and waits for leave to end. Does not understand `cancel`.
struct Stubborn {
    begun: Mutex<Sender<()>>,
    leave: Mutex<Receiver<()>>,
    cancels: AtomicU32,
}

impl Stubborn {
    fn new() -> (Arc<Self>, Receiver<()>, Sender<()>) {
        let ((begun, has_begun), (give_leave, leave)) = (channel(), channel());
        let (begun, leave) = (Mutex::new(begun), Mutex::new(leave));
        (Arc::new(Self { begun, leave, cancels: AtomicU32::new(0) }), has_begun, give_leave)
    }
}

impl EncryptedReader for Stubborn {
    fn read(&self, request: &ReadRequest) -> Result<EncryptedRead, ReaderFault> {
        self.begun.lock().unwrap().send(()).unwrap();
        self.leave.lock().unwrap().recv_timeout(PATIENCE).map_err(|_| ReaderFault::TimedOut)?;
        read_card(&card("visa"), request)
    }

    fn cancel(&self) {
        self.cancels.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_sale_is_cancelled_while_its_reader_waits_and_the_reader_is_told_until_it_listens() {
    let shop = encrypted_shop("encrypted-cancel");
    let (reader, has_begun, give_leave) = Stubborn::new();
    let till = till_lent(&shop, reader.clone());
    let operation = till.terminal.start_sale(named("gives-up", 500)).unwrap();
    has_begun.recv_timeout(PATIENCE).unwrap();
    let cancelled = till.terminal.cancel(&attempt("gives-up")).unwrap();
    assert_eq!((cancelled.state, cancelled.reason), (State::NotSent, Some(Reason::Cancelled)));
    assert_eq!(operation.wait().unwrap().state, State::NotSent);
    while reader.cancels.load(Ordering::Relaxed) < 3 {
        std::thread::yield_now(); // It is said again for as long as the reader does not listen.
    }
    // The next sale begins when the reader is done with the last one, whose read nobody wants any more.
    let operation = till.terminal.start_sale(named("comes-next", 300)).unwrap();
    assert!(has_begun.try_recv().is_err());
    give_leave.send(()).unwrap();
    has_begun.recv_timeout(PATIENCE).unwrap();
    let cancels = reader.cancels.load(Ordering::Relaxed);
    give_leave.send(()).unwrap();
    assert_eq!(operation.wait().unwrap().state, State::Approved);
    assert_eq!(reader.cancels.load(Ordering::Relaxed), cancels, "nobody cancelled the second read");
    let statuses = ["gives-up", "comes-next"].map(|name| till.terminal.status(&attempt(name)).unwrap().state);
    assert_eq!(statuses, [State::NotSent, State::Approved]);
    assert_eq!(shop.net_minor(), 300);
}

#[test]
fn a_terminal_that_is_closed_while_its_reader_waits_cancels_the_read() {
    let shop = encrypted_shop("encrypted-close");
    let reader = Arc::new(ScriptedReader::default());
    let till = till_lent(&shop, reader.clone());
    let operation = till.terminal.start_sale(order(500)).unwrap();
    till.terminal.close().unwrap();
    assert_eq!(operation.wait().unwrap_err().code(), ErrorCode::TerminalClosed);
    drop(till);
    // Its thread is gone and its lock free: nobody is left who holds the reader.
    let till = shop.till();
    assert_eq!(Arc::strong_count(&reader), 1);
    assert_eq!(till.terminal.list(&ListQuery::default()).unwrap().attempts, []);
}

#[test]
fn a_reader_that_panics_has_failed_and_the_next_sale_works() {
    struct Panics(AtomicU32);
    impl EncryptedReader for Panics {
        fn read(&self, request: &ReadRequest) -> Result<EncryptedRead, ReaderFault> {
            assert!(self.0.fetch_add(1, Ordering::Relaxed) > 0, "a port of the shell has a bug");
            read_card(&card("visa"), request)
        }

        fn cancel(&self) {
            panic!("a port of the shell has a bug");
        }
    }
    let shop = encrypted_shop("encrypted-panics");
    let till = till_lent(&shop, Arc::new(Panics(AtomicU32::new(0))));
    assert_eq!(till.sell("visa", 500).unwrap_err().code(), ErrorCode::ReaderFailed);
    assert_eq!(till.sell("visa", 300).unwrap().state, State::Approved);
    assert_eq!(shop.net_minor(), 300);
}

type Spoil = fn(&mut EncryptedRead);

#[test]
fn a_read_that_breaks_its_form_or_shows_too_much_is_refused_before_anything_is_sent() {
    let table: [(&str, Spoil); 13] = [
        ("no payload", |read| read.payload.clear()),
        ("a payload of 1000 bytes", |read| read.payload = vec![7; 1_000]),
        ("a payload of 16 MB", |read| read.payload = vec![7; 16 << 20]),
        ("a plain card number", |read| read.payload = b"4761739001010119".to_vec()),
        ("a plain track", |read| read.payload = b";4761739001010119=28122010000000000?".to_vec()),
        ("no signature", |read| read.signature.clear()),
        ("a signature of 513 bytes", |read| read.signature = vec![7; 513]),
        ("a format with a blank", |read| read.format = "sandbox 1".into()),
        ("a key of 33 characters", |read| read.key = "k".repeat(33)),
        ("a number that is not masked", |read| read.masked = Some("4761739001010119".into())),
        ("a number masked too little", |read| read.masked = Some("4761739*****0119".into())),
        ("a scheme that is a number", |read| read.scheme = Some("4761739001010119".into())),
        ("a scheme with a line feed", |read| read.scheme = Some("VI\nSA".into())),
    ];
    let shop = encrypted_shop("encrypted-malformed");
    let spoil: Arc<Mutex<Option<Spoil>>> = Arc::default();
    let visa = card("visa");
    let till = till_lent(&shop, {
        let spoil = Arc::clone(&spoil);
        makes(move |request| {
            let mut read = read_card(&visa, request)?;
            if let Some(spoil) = spoil.lock().unwrap().take() {
                spoil(&mut read);
            }
            Ok(read)
        })
    });
    for (what, spoils) in table {
        *spoil.lock().unwrap() = Some(spoils);
        let (error, reason) = till.sell_in_vain(what);
        assert_eq!((error.code(), reason), (ErrorCode::EncryptedReadInvalid, Reason::ReadInvalid), "{what}");
        assert_eq!(till.sell("visa", 100).unwrap().state, State::Approved, "after {what}");
    }
    assert_eq!(shop.net_minor(), 100 * table.len() as u64);
    assert_eq!(host_codes(&shop), vec!["00"; table.len()], "the host heard of the good ones only");
}

#[test]
fn a_read_that_is_no_read_of_this_sale_is_refused_by_the_host() {
    let shop = encrypted_shop("encrypted-forged");
    let first: Arc<Mutex<Option<EncryptedRead>>> = Arc::default();
    let trick = Arc::new(Mutex::new("none"));
    let visa = card("visa");
    let till = till_lent(&shop, {
        let (first, trick) = (Arc::clone(&first), Arc::clone(&trick));
        makes(move |request| {
            let mut asked = request.clone();
            match *trick.lock().unwrap() {
                "replayed" => return Ok(first.lock().unwrap().clone().unwrap()),
                "another amount" => {
                    asked.amount = taptill::money::Amount::from_minor(1, asked.amount.currency()).unwrap();
                }
                "another nonce" => asked.nonce[0] ^= 1,
                _ => {}
            }
            let mut read = read_card(&visa, &asked)?;
            if *trick.lock().unwrap() == "tampered" {
                read.payload[290] ^= 1;
            }
            first.lock().unwrap().get_or_insert_with(|| read.clone());
            Ok(read)
        })
    });
    assert_eq!(till.sell("visa", 500).unwrap().state, State::Approved);
    let mut refused = 0;
    for (what, minor) in
        [("replayed", 500), ("replayed", 50_000), ("another amount", 500), ("another nonce", 500), ("tampered", 500)]
    {
        *trick.lock().unwrap() = what;
        let view: AttemptView = till.sell("visa", minor).unwrap();
        assert_eq!((view.state, view.reason), (State::Declined, Some(Reason::Host)), "{what} {minor}");
        assert_eq!(view.host_code.unwrap().as_str(), "63", "{what} {minor}");
        refused += 1;
        *trick.lock().unwrap() = "none";
        assert_eq!(till.sell("visa", 100).unwrap().state, State::Approved, "after {what}");
    }
    assert_eq!(shop.net_minor(), 500 + refused * 100);
}

#[test]
fn a_dialect_of_encrypted_reads_sells_nothing_without_a_reader_and_answers_everything_else() {
    let shop = encrypted_shop("encrypted-missing");
    let till = till_lent(&shop, reader_with("visa"));
    assert_eq!(till.sell_as(named("sold", 500), "visa").unwrap().state, State::Approved);
    till.terminal.close().unwrap();
    drop(till);
    let till = shop.till();
    let error = till.sell_as(named("not-sold", 500), "visa").unwrap_err();
    assert_eq!((error.code(), error.money()), (ErrorCode::EncryptedReaderMissing, Money::NotMoved));
    assert_eq!(till.terminal.status(&attempt("not-sold")).unwrap_err().code(), ErrorCode::AttemptUnknown);
    assert_eq!(till.sell_as(named("sold", 500), "visa").unwrap().state, State::Approved, "it was sold before");
    assert_eq!(till.terminal.list(&ListQuery::default()).unwrap().attempts.len(), 1);
    assert!(till.terminal.verify().is_ok());
    assert_eq!(shop.net_minor(), 500);
}

#[test]
fn the_dialect_decides_which_reader_a_sale_uses_and_never_asks_the_other() {
    struct Untouchable;
    impl CardChannel for Untouchable {
        fn transceive(&self, _: &[u8]) -> Result<Vec<u8>, CardFault> {
            panic!("a till of encrypted reads speaks to no card")
        }
    }
    // A card that is held to the phone itself is let go, and the field is never on.
    let shop = encrypted_shop("encrypted-raw-tap");
    let (reader, has_begun, give_leave) = Stubborn::new();
    let till = till_lent(&shop, reader);
    let operation = till.terminal.start_sale(order(500)).unwrap();
    has_begun.recv_timeout(PATIENCE).unwrap();
    till.terminal.present(Arc::new(Untouchable)).unwrap();
    till.terminal.collision().unwrap();
    give_leave.send(()).unwrap();
    assert_eq!(operation.wait().unwrap().state, State::Approved);
    assert!(till.field.try_recv().is_err(), "the field is the reader's own");

    // And a till of clear card data asks no encrypted reader, though it is lent one.
    let asked = Arc::new(AtomicU32::new(0));
    let counting = {
        let asked = Arc::clone(&asked);
        makes(move |_| {
            asked.fetch_add(1, Ordering::Relaxed);
            Err(ReaderFault::Failed)
        })
    };
    let shop = shop::shop("encrypted-not-asked");
    let till = till_lent(&shop, counting);
    assert_eq!(till.sell("visa", 500).unwrap().state, State::Approved);
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}

#[test]
fn a_signature_wanted_by_the_reader_is_asked_for_on_the_receipt() {
    let shop = encrypted_shop("encrypted-signature");
    let visa = card("visa");
    let cvm = Arc::new(Mutex::new(ReadCvm::Signature));
    let till = till_lent(&shop, {
        let cvm = Arc::clone(&cvm);
        makes(move |request| Ok(EncryptedRead { cvm: *cvm.lock().unwrap(), ..read_card(&visa, request)? }))
    });
    let request = ReceiptRequest { columns: Columns::C32, language: Language::En, copy: Copy::Merchant };
    for word in ReadCvm::ALL {
        *cvm.lock().unwrap() = word;
        let sale = till.sell("visa", 500).unwrap();
        assert_eq!(sale.cvm.as_deref(), Some(word.word()));
        let slip = till.terminal.receipt(&sale.attempt, request).unwrap();
        assert_eq!(slip.to_lowercase().contains("signature"), word == ReadCvm::Signature, "{slip}");
    }
}
