//! The card again: where the rules ask for it, the card that paid is held to the reader before a refund is recorded.
//!
//! What the card answers is compared with what the journal kept of the sale, which is the masked number, and dropped. No
//! message of this tap goes anywhere.
//!
//! It never keeps what was read. Evidence: `tests/refund_rules.rs`.

use crate::card::MaskedPan;
use crate::clock::Now;
use crate::emv::{CardEvent, Tap, TapRequest, TapStep, TransactionType};
use crate::error::{Error, ErrorCode};
use crate::ids::AttemptId;
use crate::iso8583::CardDataForm;
use crate::payment::bound_read::BoundRead;
use crate::payment::engine::refund::Admitted;
use crate::payment::engine::{Engine, Halt};
use crate::payment::exchange::{CardCommand, Output, Ticket};
use crate::payment::ledger;
use crate::payment::refund::RefundVerified;
use crate::ports::{EncryptedRead, Notice, Posture, Prompt, READ_NONCE_BYTES, ReadRequest, ReaderFault};

/// A refund that waits for the card that paid.
pub(super) struct RefundTap {
    pub ticket: Ticket,
    admitted: Admitted,
    operator: String,
    reading: Reading,
}

/// With which reader.
enum Reading {
    Own(Box<Tap>),
    /// Somebody else's; what the read must be bound to.
    Encrypted([u8; READ_NONCE_BYTES]),
}

impl Engine {
    /// Waits for the card, with the reader that the dialect wants.
    pub(super) fn ask_for_the_card(
        &mut self,
        ticket: Ticket,
        admitted: Admitted,
        operator: String,
        now: Now,
    ) -> Result<(), Halt> {
        if let Err(error) = self.can_read_again(&admitted) {
            self.tell(ticket, Err(error.of_attempt(&admitted.sale.attempt)));
            return Ok(());
        }
        match self.dialect.card_data() {
            CardDataForm::Clear => self.tap_again(ticket, admitted, operator, now),
            CardDataForm::EncryptedRead => {
                self.read_again(ticket, admitted, operator);
                Ok(())
            }
        }
    }

    fn can_read_again(&self, admitted: &Admitted) -> Result<(), Error> {
        if self.lacks_its_reader() {
            return Err(ErrorCode::EncryptedReaderMissing.into());
        }
        // A reader that showed nothing of the card leaves nothing to compare.
        let unknown = || Error::from(ErrorCode::VerificationNotAvailable).word("verification", "card_again");
        admitted.sale.card_masked.as_ref().map(|_| ()).ok_or_else(unknown)
    }

    fn tap_again(&mut self, ticket: Ticket, admitted: Admitted, operator: String, now: Now) -> Result<(), Halt> {
        let mut unpredictable_number = [0; 4];
        if let Err(fault) = self.entropy.fill(&mut unpredictable_number) {
            self.tell(ticket, Err(fault.into()));
            return Ok(());
        }
        let civil = self.civil(now.wall);
        let request = TapRequest {
            amount: admitted.request.amount,
            transaction_type: TransactionType::Refund,
            date_yymmdd: civil.bcd_date(),
            time_hhmmss: civil.bcd_time(),
            unpredictable_number,
            sequence_counter: ledger::taken(&self.journal)?.stan.map_or(1, |stan| stan.next().number()),
        };
        let terminal_data = self.terminal_data.serving_refunds();
        let (tap, step) = Tap::start(terminal_data.into(), self.ca_keys.clone(), request);
        self.refund_tap = Some(RefundTap { ticket, admitted, operator, reading: Reading::Own(Box::new(tap)) });
        self.follow_refund_tap(step, now)
    }

    fn read_again(&mut self, ticket: Ticket, admitted: Admitted, operator: String) {
        let mut nonce = [0; READ_NONCE_BYTES];
        if let Err(fault) = self.entropy.fill(&mut nonce) {
            self.tell(ticket, Err(fault.into()));
            return;
        }
        let (amount, attempt) = (admitted.request.amount, admitted.sale.attempt.clone());
        self.refund_tap = Some(RefundTap { ticket, admitted, operator, reading: Reading::Encrypted(nonce) });
        self.notice(Notice::Show(Prompt::PresentCard));
        self.outputs.push(Output::Card(CardCommand::Read(ReadRequest { amount, attempt, nonce })));
    }

    /// Something happened in the field while a refund waits for its card.
    pub(super) fn refund_card(&mut self, event: CardEvent<'_>, now: Now) -> Result<(), Halt> {
        let step = match &mut self.refund_tap {
            Some(RefundTap { reading: Reading::Own(tap), .. }) => tap.handle(event),
            _ => return Ok(()),
        };
        self.follow_refund_tap(step, now)
    }

    fn follow_refund_tap(&mut self, step: TapStep, now: Now) -> Result<(), Halt> {
        match step {
            TapStep::AwaitCard(ui) => {
                self.notice(Notice::Show(ui.prompt));
                self.notice(Notice::FieldOn);
                self.outputs.push(Output::Card(CardCommand::Await));
                Ok(())
            }
            TapStep::Transmit(command) => {
                self.outputs.push(Output::Card(CardCommand::Transmit(command)));
                Ok(())
            }
            TapStep::Done(outcome) => {
                self.outputs.push(Output::Card(CardCommand::Release));
                self.notice(Notice::FieldOff { hold_ms: outcome.field_off_hold_ms });
                let masked = outcome.card.map(|card| card.pan.masked());
                self.compare_card(masked, outcome.reason.word(), now)
            }
        }
    }

    /// The reader is done while a refund waits for its card.
    pub(super) fn refund_read(&mut self, read: Result<EncryptedRead, ReaderFault>, now: Now) -> Result<(), Halt> {
        let Some(RefundTap { reading: Reading::Encrypted(nonce), .. }) = &self.refund_tap else { return Ok(()) };
        match read.map(|read| BoundRead::check(read, *nonce)) {
            Ok(Ok(read)) => self.compare_card(read.facts().masked, "masked_number_missing", now),
            Ok(Err(flaw)) => self.compare_card(None, flaw.word(), now),
            Err(fault) => self.compare_card(None, fault.word(), now),
        }
    }

    /// The same card, and the request is recorded; another one, or none, and it never was.
    fn compare_card(&mut self, masked: Option<MaskedPan>, why: &'static str, now: Now) -> Result<(), Halt> {
        let Some(RefundTap { ticket, admitted, operator, .. }) = self.refund_tap.take() else { return Ok(()) };
        self.notice(Notice::Show(Prompt::Clear));
        let error = match masked {
            None => Error::from(ErrorCode::RefundCardNotRead).word("why", why),
            Some(masked) if admitted.sale.card_masked.as_ref() != Some(&masked) => ErrorCode::RefundCardDiffers.into(),
            Some(_) => return self.record_verified(ticket, admitted, operator, now),
        };
        self.tell(ticket, Err(error.of_attempt(&admitted.sale.attempt)));
        Ok(())
    }

    /// What was left of the sale when the card was asked for may be gone by now, and so may the network.
    fn record_verified(&mut self, ticket: Ticket, admitted: Admitted, operator: String, now: Now) -> Result<(), Halt> {
        let has_network = self.network.posture != Posture::Absent;
        if let Some(known) = self.known_refund(&admitted.request)? {
            return self.answer_again(ticket, known, has_network, now);
        }
        match self.admit_refund(admitted.request, has_network, now)? {
            Ok(again) => self.record_request(ticket, &again, RefundVerified::CardAgain, operator, now),
            Err(error) => {
                self.tell(ticket, Err(error));
                Ok(())
            }
        }
    }

    /// Somebody gives up waiting for the card of this sale. Says whether that was waited for.
    pub(super) fn cancel_refund_tap(&mut self, attempt: &AttemptId, ticket: Ticket) -> Result<bool, Halt> {
        if self.refund_tap.as_ref().is_none_or(|tap| tap.admitted.sale.attempt != *attempt) {
            return Ok(false);
        }
        let Some(tap) = self.refund_tap.take() else { return Ok(false) };
        self.outputs.push(Output::Card(CardCommand::Release));
        self.outputs.push(Output::Notice(Notice::FieldOff { hold_ms: 0 }));
        let error = Error::from(ErrorCode::RefundCardNotRead).word("why", "cancelled").of_attempt(attempt);
        self.tell(tap.ticket, Err(error));
        if let Some(view) = self.view(attempt)? {
            self.tell_view(ticket, view);
        }
        Ok(true)
    }
}
