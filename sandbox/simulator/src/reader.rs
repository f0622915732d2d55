//! The reader and the cards that are held to it: our own kernel's cards, and finished reads of somebody else's reader.
//!
//! It never decides what a card does; the cards of the sandbox do. Evidence: `sandbox/simulator/tests/same_bytes.rs`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use taptill::payment::CardCommand;
use taptill::ports::{CardChannel, CardFault, EncryptedRead, ReadCvm, ReadRequest, ReaderFault};
use taptill_sandbox::card::{self, PresentedCard, SimulatedCard};

use crate::schedule::Card;
use crate::shop::{CardSays, ReaderSays};

/// Cards that do not pay, each in its own way.
const BAD: [&str; 8] = [
    "visa-declines",
    "visa-expired",
    "visa-leaves",
    "visa-silent",
    "garbage",
    "visa-two-numbers",
    "visa-see-phone",
    "other-scheme",
];

/// What stands in for a bad card at an encrypted reader.
const FAULTS: [ReaderFault; 4] =
    [ReaderFault::CardNotRead, ReaderFault::CardDeclined, ReaderFault::TryAnotherCard, ReaderFault::Failed];

pub(crate) struct Reader {
    held: Card,
    tap: Option<Arc<PresentedCard>>,
    /// The cards of today, each with its counter.
    cards: BTreeMap<&'static str, SimulatedCard>,
    reads: u64,
    wanted: Option<u64>,
}

impl Reader {
    pub fn new() -> Self {
        Self { held: Card::Good, tap: None, cards: BTreeMap::new(), reads: 0, wanted: None }
    }

    /// From now on this card is held to the reader.
    pub fn hold(&mut self, card: Card) {
        self.held = card;
    }

    pub fn release(&mut self) {
        (self.tap, self.wanted) = (None, None);
    }

    pub fn still_wants(&self, read: u64) -> bool {
        self.wanted == Some(read)
    }

    pub fn take(&mut self, command: CardCommand) -> ReaderSays {
        match command {
            CardCommand::Await => match self.held {
                Card::Nobodys => ReaderSays::Nothing,
                held => {
                    self.tap = Some(self.card(held).tap());
                    ReaderSays::Card(CardSays::Found)
                }
            },
            CardCommand::Transmit(apdu) => self.transmit(&apdu),
            CardCommand::Read(request) => {
                self.reads += 1;
                self.wanted = Some(self.reads);
                match self.held {
                    Card::Nobodys => ReaderSays::Nothing,
                    Card::Good => ReaderSays::Read(self.reads, Ok(read(&request))),
                    Card::Bad(which) => ReaderSays::Read(self.reads, Err(FAULTS[which as usize % FAULTS.len()])),
                }
            }
            CardCommand::Release => {
                self.release();
                ReaderSays::Nothing
            }
        }
    }

    fn transmit(&mut self, apdu: &[u8]) -> ReaderSays {
        let says = match self.tap.as_ref().map(|tap| tap.transceive(apdu)) {
            Some(Ok(response)) => CardSays::Response(response),
            None | Some(Err(CardFault::Lost)) => CardSays::Lost,
            Some(Err(CardFault::TimedOut | CardFault::ReaderFailed)) => CardSays::TimedOut,
        };
        ReaderSays::Card(says)
    }

    fn card(&mut self, held: Card) -> &SimulatedCard {
        let name = match held {
            Card::Bad(which) => BAD[which as usize % BAD.len()],
            Card::Good | Card::Nobodys => "visa",
        };
        self.cards.entry(name).or_insert_with(|| made(name).counted_to(0))
    }
}

/// A card of this name. Making one is a hundred signatures' work: each thread makes it once.
fn made(name: &'static str) -> SimulatedCard {
    thread_local! { static MADE: RefCell<BTreeMap<&'static str, SimulatedCard>> = const { RefCell::new(BTreeMap::new()) }; }
    MADE.with_borrow_mut(|made| {
        let new = || card::named(name).unwrap_or_else(|| panic!("the sandbox has a card {name}"));
        made.entry(name).or_insert_with(new).clone()
    })
}

/// A read in order. Nobody here opens it: it says what it is bound to and nothing of a card.
fn read(request: &ReadRequest) -> EncryptedRead {
    let mut payload = b"bound to ".to_vec();
    payload.extend_from_slice(&request.nonce);
    payload.extend_from_slice(&request.amount.minor().to_be_bytes());
    EncryptedRead {
        format: "scripted-1".into(),
        key: "world".into(),
        payload,
        signature: vec![0x5A; 70],
        scheme: Some("VISA".into()),
        masked: Some("************0119".into()),
        cvm: ReadCvm::OnDevice,
    }
}
