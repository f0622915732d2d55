//! A shell's certified reader across the face: each word that it may say, and whatever it says besides.

#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]
#![allow(clippy::result_large_err, reason = "the error of the face is a value that crosses it whole")]

mod support;

use std::sync::{Arc, Mutex};

use support::{Shop, code, order, wait};
use taptill::ports::{self as core, EncryptedReader as _};
use taptill_ffi::{
    Attempt, AttemptState, EncryptedRead, EncryptedReader, PortFault, Ports, ReadCvm, ReadRequest, ReaderFault,
    Terminal, TillError,
};
use taptill_sandbox::card;
use taptill_sandbox::reader::ScriptedReader;

use ReaderFault as F;

/// The sandbox's reader in a shell's words; it does once what a test has lined up.
struct ShellReader {
    inner: ScriptedReader,
    next: Mutex<Next>,
    asked: Mutex<Vec<ReadRequest>>,
}

enum Next {
    Reads,
    Says(ReaderFault),
    Gives(EncryptedRead),
    Panics,
}

impl EncryptedReader for ShellReader {
    fn read(&self, request: ReadRequest) -> Result<EncryptedRead, ReaderFault> {
        self.asked.lock().unwrap().push(request.clone());
        let next = std::mem::replace(&mut *self.next.lock().unwrap(), Next::Reads);
        match next {
            Next::Reads => {}
            Next::Says(fault) => return Err(fault),
            Next::Gives(read) => return Ok(read),
            Next::Panics => panic!("a port of the shell has a bug"),
        }
        let amount = core_amount(&request);
        let attempt = taptill::ids::AttemptId::new(request.attempt).unwrap();
        let request = core::ReadRequest { amount, attempt, nonce: request.nonce.try_into().unwrap() };
        let read = self.inner.read(&request).map_err(|_| F::Failed)?;
        let core::EncryptedRead { format, key, payload, signature, scheme, masked, cvm } = read;
        assert_eq!(cvm, core::ReadCvm::None);
        Ok(EncryptedRead { format, key, payload, signature, scheme, masked, cvm: ReadCvm::Signature })
    }

    fn cancel(&self) -> Result<(), PortFault> {
        self.inner.cancel();
        Err(PortFault::Failed)
    }
}

fn core_amount(request: &ReadRequest) -> taptill::money::Amount {
    request.amount.clone().try_into().unwrap_or_else(|error: TillError| panic!("{error}"))
}

fn reader(card: &str) -> Arc<ShellReader> {
    let inner = ScriptedReader::default();
    inner.present(card::named(card).unwrap());
    Arc::new(ShellReader { inner, next: Mutex::new(Next::Reads), asked: Mutex::default() })
}

fn till(shop: &Shop, reader: Option<Arc<ShellReader>>) -> Arc<Terminal> {
    let encrypted_reader = reader.map(|reader| reader as Arc<dyn EncryptedReader>);
    support::open(&shop.home(), Ports { encrypted_reader, ..shop.phone().ports() })
}

fn sell(till: &Terminal, attempt: &str) -> Result<Attempt, TillError> {
    wait(till.payments()?.start_sale(order(attempt, 1_230))?.await_outcome())
}

#[test]
fn a_shells_reader_sells_and_hears_what_to_bind_its_read_to() {
    let shop = Shop::of_encrypted_reads();
    let reader = reader("visa");
    let till = till(&shop, Some(reader.clone()));
    let sale = sell(&till, "A-1").unwrap();
    assert_eq!(sale.state, AttemptState::Approved);
    assert_eq!((sale.card_masked.as_deref(), sale.cvm.as_deref()), (Some("************0119"), Some("signature")));
    sell(&till, "A-2").unwrap();
    let asked = reader.asked.lock().unwrap();
    assert_eq!((asked[0].attempt.as_str(), asked[0].amount.minor, asked[0].nonce.len()), ("A-1", 1_230, 16));
    assert_ne!(asked[0].nonce, asked[1].nonce);
    assert_eq!(shop.net_minor(), 2_460);
}

#[test]
fn each_word_of_a_reader_and_whatever_else_it_does_ends_one_sale_and_not_the_till() {
    let shop = Shop::of_encrypted_reads();
    let reader = reader("visa");
    let till = till(&shop, Some(reader.clone()));
    let plain = EncryptedRead {
        format: "f".into(),
        key: "k".into(),
        payload: b"4761739001010119".to_vec(),
        signature: vec![1],
        scheme: None,
        masked: None,
        cvm: ReadCvm::None,
    };
    let table = [
        (Next::Says(F::Cancelled), "cancelled"),
        (Next::Says(F::TimedOut), "no_card"),
        (Next::Says(F::CardNotRead), "card_lost"),
        (Next::Says(F::TryAnotherCard), "try_another_interface"),
        (Next::Says(F::CardDeclined), "card"),
        (Next::Says(F::PinRequired), "online_pin_required"),
        (Next::Says(F::NotReady), "reader_not_ready"),
        (Next::Says(F::Failed), "reader_failed"),
        (Next::Says(F::Undeclared), "reader_failed"),
        (Next::Panics, "reader_failed"),
        (Next::Gives(plain), "encrypted_read_invalid"),
    ];
    let rows = table.len();
    for (number, (next, word)) in table.into_iter().enumerate() {
        *reader.next.lock().unwrap() = next;
        match sell(&till, &format!("A-{number}")) {
            Ok(sale) => assert_eq!(sale.reason.as_deref(), Some(word), "row {number}"),
            refused => assert_eq!(code(refused), word, "row {number}"),
        }
        let good = sell(&till, &format!("B-{number}")).unwrap();
        assert_eq!(good.state, AttemptState::Approved, "after row {number}");
    }
    assert_eq!(shop.net_minor(), 1_230 * rows as u64);
}

#[test]
fn a_cancel_that_the_shell_fails_to_pass_on_still_ends_the_sale() {
    let shop = Shop::of_encrypted_reads();
    let reader = reader("visa");
    reader.inner.take_away();
    let till = till(&shop, Some(reader.clone()));
    let operation = till.payments().unwrap().start_sale(order("A-1", 500)).unwrap();
    let cancelled = operation.cancel().unwrap();
    assert_eq!((cancelled.state, cancelled.reason.as_deref()), (AttemptState::NotSent, Some("cancelled")));
    reader.inner.present(card::named("visa").unwrap());
    assert_eq!(sell(&till, "A-2").unwrap().state, AttemptState::Approved);
}

#[test]
fn a_till_of_encrypted_reads_without_a_reader_says_so() {
    let shop = Shop::of_encrypted_reads();
    let till = till(&shop, None);
    assert_eq!(code(sell(&till, "A-1")), "encrypted_reader_missing");
    till.verify().unwrap();
}
