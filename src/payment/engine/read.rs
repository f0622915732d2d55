//! The card's part of a sale where somebody else's certified reader reads it.
//!
//! Which reader a sale uses is the dialect's to say: one that carries encrypted reads never sees a card that our own
//! kernel has read, and one that does not never sees an encrypted read. What a card or a person did is an outcome;
//! what the reader prevented, and a read whose form is wrong, is a typed error with its own reason in the journal.
//!
//! It never opens a read. Evidence: `tests/encrypted_reader.rs`, `tests/payment_flows.rs`.

use crate::clock::Now;
use crate::iso8583::CardDataForm;
use crate::payment::bound_read::BoundRead;
use crate::payment::engine::sale::Phase;
use crate::payment::engine::{Engine, Halt};
use crate::payment::exchange::{CardCommand, Output};
use crate::payment::presented::Presented;
use crate::payment::reason::Reason;
use crate::ports::{EncryptedRead, Notice, Prompt, READ_NONCE_BYTES, ReadRequest, ReaderFault};

impl Engine {
    /// Whether the dialect wants reads that nobody here can make.
    pub(super) fn lacks_its_reader(&self) -> bool {
        self.dialect.card_data() == CardDataForm::EncryptedRead && !self.has_encrypted_reader
    }

    /// Waits for a card, with the reader that the dialect wants.
    pub(super) fn begin_card(&mut self, now: Now) -> Result<(), Halt> {
        match self.dialect.card_data() {
            CardDataForm::Clear => self.begin_tap(now),
            CardDataForm::EncryptedRead => {
                self.begin_read();
                Ok(())
            }
        }
    }

    fn begin_read(&mut self) {
        let mut nonce = [0; READ_NONCE_BYTES];
        if let Err(fault) = self.entropy.fill(&mut nonce) {
            self.refuse_sale(fault.into());
            return;
        }
        let Some(sale) = &mut self.sale else { return };
        sale.phase = Phase::Reading { nonce };
        let request = ReadRequest { amount: sale.amount, attempt: sale.attempt.clone(), nonce };
        self.notice(Notice::Show(Prompt::PresentCard));
        self.outputs.push(Output::Card(CardCommand::Read(request)));
    }

    /// The reader is done. A read that no sale waits for is dropped.
    pub(super) fn reader_said(&mut self, read: Result<EncryptedRead, ReaderFault>, now: Now) -> Result<(), Halt> {
        if self.refund_tap.is_some() {
            return self.refund_read(read, now);
        }
        let Some(Phase::Reading { nonce }) = self.sale.as_ref().map(|sale| &sale.phase) else { return Ok(()) };
        let nonce = *nonce;
        match read.map(|read| BoundRead::check(read, nonce)) {
            Ok(Ok(read)) => self.prepare(Presented::Read(Box::new(read)), now),
            Ok(Err(flaw)) => self.end_unsent(Reason::ReadInvalid, flaw.word(), now),
            Err(ReaderFault::CardDeclined) => self.decline_by_card(None, ReaderFault::CardDeclined.word(), now),
            Err(fault) => {
                if fault == ReaderFault::TryAnotherCard {
                    self.notice(Notice::Show(Prompt::TryAnotherCard));
                }
                self.end_unsent(reason_of(fault), fault.word(), now)
            }
        }
    }
}

/// How a sale ends in whose place the reader gave this.
fn reason_of(fault: ReaderFault) -> Reason {
    match fault {
        ReaderFault::Cancelled => Reason::Cancelled,
        ReaderFault::TimedOut => Reason::NoCard,
        ReaderFault::CardNotRead => Reason::CardLost,
        ReaderFault::TryAnotherCard => Reason::TryAnotherInterface,
        ReaderFault::CardDeclined => Reason::Card,
        ReaderFault::PinRequired => Reason::OnlinePinRequired,
        ReaderFault::NotReady => Reason::ReaderNotReady,
        ReaderFault::Failed => Reason::ReaderFailed,
    }
}
