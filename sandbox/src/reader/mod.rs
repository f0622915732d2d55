//! A scripted certified reader, for tills that may not speak to a card themselves.
//!
//! It stands for Tap to Pay on iPhone or a payment provider's kit: it reads a simulated card with a kernel of its own,
//! encrypts what it read for the simulated host, binds it to amount, currency and nonce, and signs. The till gets
//! bytes. What a card does in a tap becomes a fault of the closed list, as a real reader's kit would say it.
//!
//! | part | what it is |
//! |---|---|
//! | [`ScriptedReader`] | the reader, at which somebody holds a card |
//! | [`read_card`] | one card, one request, at once |
//!
//! It holds the host's public key and its own private one, both of `sandbox/fixtures` and worthless. It shows nothing of
//! a card but the scheme and the last four digits. Evidence: `mod tests` below, `tests/encrypted_reader.rs`.

pub(crate) mod format;
mod kernel;
mod seal;

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use taptill::ports::{EncryptedRead, EncryptedReader, ReadRequest, ReaderFault};

use crate::card::SimulatedCard;

/// Reads this card for this request: what a reader does once a card is held to it.
///
/// # Errors
/// The fault that the card's behaviour comes to.
pub fn read_card(card: &SimulatedCard, request: &ReadRequest) -> Result<EncryptedRead, ReaderFault> {
    let read = kernel::read(card, request)?;
    seal::seal(&read, request, scheme_of(card)).ok_or(ReaderFault::Failed)
}

fn scheme_of(card: &SimulatedCard) -> String {
    card.info().scheme.to_owned()
}

/// A reader at which somebody holds a card, or nobody does yet.
pub struct ScriptedReader {
    state: Mutex<State>,
    changed: Condvar,
    patience: Duration,
}

#[derive(Default)]
struct State {
    card: Option<SimulatedCard>,
    /// How many reads have been cancelled; a read that sees the number change is over.
    cancels: u64,
}

impl ScriptedReader {
    /// A reader that waits this long for a card.
    #[must_use]
    pub fn waiting(patience: Duration) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), patience }
    }

    /// Somebody holds this card to the reader from now on.
    pub fn present(&self, card: SimulatedCard) {
        self.lock().card = Some(card);
        self.changed.notify_all();
    }

    /// Nobody holds a card to it any more.
    pub fn take_away(&self) {
        self.lock().card = None;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn await_card(&self) -> Result<SimulatedCard, ReaderFault> {
        let give_up = Instant::now() + self.patience;
        let mut state = self.lock();
        let cancels = state.cancels;
        loop {
            if state.cancels != cancels {
                return Err(ReaderFault::Cancelled);
            }
            if let Some(card) = &state.card {
                return Ok(card.clone());
            }
            let Some(left) = give_up.checked_duration_since(Instant::now()) else { return Err(ReaderFault::TimedOut) };
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Default for ScriptedReader {
    /// A reader that waits a minute.
    fn default() -> Self {
        Self::waiting(Duration::from_secs(60))
    }
}

impl EncryptedReader for ScriptedReader {
    fn read(&self, request: &ReadRequest) -> Result<EncryptedRead, ReaderFault> {
        read_card(&self.await_card()?, request)
    }

    fn cancel(&self) {
        self.lock().cancels += 1;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use taptill::ids::AttemptId;
    use taptill::money::{Amount, Currency};

    use super::*;
    use crate::card;

    fn request(minor: u64) -> ReadRequest {
        let amount = Amount::from_minor(minor, Currency::CNY).unwrap();
        ReadRequest { amount, attempt: AttemptId::new("A-1").unwrap(), nonce: [7; 16] }
    }

    #[test]
    fn each_behaviour_of_a_card_comes_to_a_read_or_a_fault() {
        use ReaderFault as F;
        let table: [(&str, Option<ReaderFault>); 14] = [
            ("visa", None),
            ("visa-phone", None),
            ("visa-signature", None),
            ("visa-two", None),
            ("visa-wrong-arqc", None), // The issuer will see it.
            ("visa-see-phone", None),  // At the second tap.
            ("visa-pin", Some(F::PinRequired)),
            ("visa-declines", Some(F::CardDeclined)),
            ("visa-offline", None), // This reader always goes online.
            ("other-scheme", Some(F::TryAnotherCard)),
            ("visa-contact-only", Some(F::TryAnotherCard)),
            ("visa-leaves-early", Some(F::CardNotRead)),
            ("visa-silent", Some(F::CardNotRead)),
            ("garbage", Some(F::TryAnotherCard)),
        ];
        for (name, fault) in table {
            let read = read_card(&card::named(name).unwrap(), &request(500));
            assert_eq!(read.as_ref().err().copied(), fault, "{name}");
            let Ok(read) = read else { continue };
            assert_eq!(read.masked.as_deref(), Some("************0119"), "{name}");
            assert!(read.payload.len() <= 999, "{name}: {}", read.payload.len());
            let plain = [&b"4761739001010119"[..], &[0x47, 0x61, 0x73, 0x90], &[0x9F, 0x26, 0x08]];
            for part in plain {
                assert!(!read.payload.windows(part.len()).any(|window| window == part), "{name}");
            }
        }
    }

    #[test]
    fn no_two_reads_of_a_card_look_alike() {
        let visa = card::named("visa").unwrap();
        let (one, two) = (read_card(&visa, &request(500)).unwrap(), read_card(&visa, &request(500)).unwrap());
        assert!(one.payload != two.payload && one.signature != two.signature);
    }

    #[test]
    fn a_reader_waits_for_a_card_and_no_longer_than_it_may() {
        let hasty = ScriptedReader::waiting(Duration::from_millis(1));
        assert_eq!(hasty.read(&request(500)).unwrap_err(), ReaderFault::TimedOut);
        hasty.present(card::named("visa").unwrap());
        assert!(hasty.read(&request(500)).is_ok());
        hasty.take_away();
        assert_eq!(hasty.read(&request(500)).unwrap_err(), ReaderFault::TimedOut);
    }

    #[test]
    fn a_read_that_waits_is_cancelled_and_the_next_one_is_not() {
        let reader = Arc::new(ScriptedReader::default());
        reader.cancel(); // Nothing is under way: it concerns no later read.
        let waiting = std::thread::spawn({
            let reader = Arc::clone(&reader);
            move || reader.read(&request(500))
        });
        while !waiting.is_finished() {
            reader.cancel();
            std::thread::yield_now();
        }
        assert_eq!(waiting.join().unwrap().unwrap_err(), ReaderFault::Cancelled);
        reader.present(card::named("visa").unwrap());
        assert!(reader.read(&request(500)).is_ok());
    }
}
