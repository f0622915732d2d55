//! The reads of somebody else's reader: one at a time, and a cancel that cannot be lost.
//!
//! The card thread sits in the reader's `read` for as long as a customer takes. A cancel may reach the reader just
//! before it begins, and be forgotten there; so it is said again until the read has returned, and a read that is
//! asked for meanwhile begins only then. No cancel can so reach a read that it is not meant for.
//!
//! It waits for nothing. Evidence: `mod tests` below, `tests/encrypted_reader.rs`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::ports::{EncryptedReader, ReadRequest};
use crate::terminal::reader::Reader;

/// How long after a cancel it is said again.
pub(super) const CANCEL_AGAIN_MS: u64 = 100;

/// What the encrypted reader is doing for us.
pub(super) struct Reads {
    reader: Option<Arc<dyn EncryptedReader>>,
    under_way: Option<u64>,
    /// Whether the one that is under way is not wanted any more.
    cancelled: bool,
    next: Option<(u64, ReadRequest)>,
}

impl Reads {
    pub(super) fn new(reader: Option<Arc<dyn EncryptedReader>>) -> Self {
        Self { reader, under_way: None, cancelled: false, next: None }
    }

    /// Reads, as soon as an earlier read has returned.
    pub(super) fn begin(&mut self, number: u64, request: ReadRequest, thread: &Reader) {
        self.next = Some((number, request));
        self.begin_next(thread);
    }

    /// Nothing of what was asked for is wanted any more.
    pub(super) fn release(&mut self) {
        self.next = None;
        if self.under_way.is_some() {
            self.cancelled = true;
            self.cancel_again();
        }
    }

    /// The read of this number has returned.
    pub(super) fn returned(&mut self, number: u64, thread: &Reader) {
        if self.under_way == Some(number) {
            self.under_way = None;
            self.cancelled = false;
            self.begin_next(thread);
        }
    }

    /// Whether a cancelled read has not returned yet.
    pub(super) fn is_being_cancelled(&self) -> bool {
        self.cancelled
    }

    /// Says the cancel once more, if a cancelled read has not returned yet.
    pub(super) fn cancel_again(&self) {
        if let Some(reader) = self.reader.as_ref().filter(|_| self.cancelled) {
            // A reader that cannot even be told has to end its read by itself.
            let _panicked = catch_unwind(AssertUnwindSafe(|| reader.cancel()));
        }
    }

    fn begin_next(&mut self, thread: &Reader) {
        if self.under_way.is_none()
            && let Some((number, request)) = self.next.take()
        {
            self.under_way = Some(number);
            thread.read(number, self.reader.clone(), request);
        }
    }
}

impl Drop for Reads {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Duration;

    use super::*;
    use crate::ids::AttemptId;
    use crate::money::{Amount, Currency};
    use crate::ports::{EncryptedRead, ReaderFault};
    use crate::terminal::reader::CardWord;

    /// Says which read has begun, and returns when the test says so. Counts cancels, and panics at each.
    struct Scripted {
        begun: Mutex<Sender<[u8; 16]>>,
        let_go: Mutex<Receiver<()>>,
        cancels: AtomicU32,
    }

    impl EncryptedReader for Scripted {
        fn read(&self, request: &ReadRequest) -> Result<EncryptedRead, ReaderFault> {
            self.begun.lock().unwrap().send(request.nonce).unwrap();
            self.let_go.lock().unwrap().recv_timeout(Duration::from_secs(10)).unwrap();
            Err(ReaderFault::Cancelled)
        }

        fn cancel(&self) {
            self.cancels.fetch_add(1, Ordering::Relaxed);
            panic!("a port of the shell has a bug");
        }
    }

    fn request(nonce: u8) -> ReadRequest {
        let amount = Amount::from_minor(100, Currency::CNY).unwrap();
        ReadRequest { amount, attempt: AttemptId::new("A-1").unwrap(), nonce: [nonce; 16] }
    }

    #[test]
    fn a_read_begins_when_the_cancelled_one_has_returned_and_is_not_cancelled_with_it() {
        let (begun, reads_begun) = channel();
        let (let_go, held) = channel();
        let reader = Arc::new(Scripted { begun: Mutex::new(begun), let_go: Mutex::new(held), cancels: 0.into() });
        let (said, heard) = channel();
        let thread = Reader::start(move |card| said.send((card.card, card.word)).unwrap()).unwrap();
        let mut reads = Reads::new(Some(reader.clone()));
        let next = |list: &Receiver<[u8; 16]>| list.recv_timeout(Duration::from_secs(10)).map(|nonce| nonce[0]);
        let returned = || heard.recv_timeout(Duration::from_secs(10)).unwrap();

        reads.begin(1, request(1), &thread);
        assert_eq!(next(&reads_begun), Ok(1));
        reads.release();
        reads.begin(2, request(2), &thread);
        reads.cancel_again();
        assert!(reads.is_being_cancelled());
        assert_eq!(reader.cancels.load(Ordering::Relaxed), 2);
        assert!(reads_begun.try_recv().is_err(), "the second read waits for the first one's end");
        let_go.send(()).unwrap();
        let (number, word) = returned();
        assert!(number == 1 && matches!(word, CardWord::Read(Err(ReaderFault::Cancelled))));
        reads.returned(1, &thread);
        assert_eq!(next(&reads_begun), Ok(2));
        reads.cancel_again();
        assert_eq!(reader.cancels.load(Ordering::Relaxed), 2, "nobody cancels the second read");
        reads.returned(1, &thread);
        assert!(!reads.is_being_cancelled());
        let_go.send(()).unwrap();
        assert_eq!(returned().0, 2);
        reads.returned(2, &thread);
        drop(reads);
        assert_eq!(reader.cancels.load(Ordering::Relaxed), 2, "nothing is under way");
    }

    #[test]
    fn who_goes_away_cancels_what_is_under_way_and_forgets_what_waits() {
        let (begun, reads_begun) = channel();
        let (let_go, held) = channel();
        let reader = Arc::new(Scripted { begun: Mutex::new(begun), let_go: Mutex::new(held), cancels: 0.into() });
        let thread = Reader::start(|_| ()).unwrap();
        let mut reads = Reads::new(Some(reader.clone()));
        reads.begin(1, request(1), &thread);
        reads.begin(2, request(2), &thread);
        drop(reads);
        assert_eq!(reader.cancels.load(Ordering::Relaxed), 1);
        let_go.send(()).unwrap();
        drop(thread);
        assert_eq!(reads_begun.try_iter().count(), 1, "what waited never began");
    }
}
