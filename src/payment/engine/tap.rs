//! The card's part of a sale: from the first "present card" to a card that wants to go online.
//!
//! The kernel decides; this file carries its steps to the reader and maps its outcomes to ends of the attempt.
//! Offline approvals and online PINs are outcomes that this till cannot use: they end the attempt unsent.
//!
//! It never stores what was read beyond the events' card facts. Evidence: `tests/payment_flows.rs`.

use crate::clock::{Now, WallMs};
use crate::emv::{
    CardEvent, CardRead, Cvm, EndReason, Outcome, OutcomeKind, Tap, TapRequest, TapStep, TransactionType,
};
use crate::error::Error;
use crate::hex;
use crate::journal::SideWork;
use crate::payment::civil::Civil;
use crate::payment::engine::record::Refused;
use crate::payment::engine::sale::Phase;
use crate::payment::engine::{Engine, Halt};
use crate::payment::events::{CardFacts, Declined, DeclinedBy};
use crate::payment::exchange::{CardCommand, Output};
use crate::payment::ledger;
use crate::payment::presented::Presented;
use crate::payment::reason::Reason;
use crate::ports::Notice;

impl Engine {
    pub(super) fn civil(&self, wall: WallMs) -> Civil {
        Civil::at(wall, self.configuration.host_utc_offset_minutes)
    }

    pub(super) fn begin_tap(&mut self, now: Now) -> Result<(), Halt> {
        let Some(sale) = &self.sale else { return Ok(()) };
        let mut unpredictable_number = [0; 4];
        if let Err(fault) = self.entropy.fill(&mut unpredictable_number) {
            self.refuse_sale(fault.into());
            return Ok(());
        }
        let civil = self.civil(now.wall);
        let request = TapRequest {
            amount: sale.amount,
            transaction_type: TransactionType::Purchase,
            date_yymmdd: civil.bcd_date(),
            time_hhmmss: civil.bcd_time(),
            unpredictable_number,
            sequence_counter: ledger::taken(&self.journal)?.stan.map_or(1, |stan| stan.next().number()),
        };
        let (tap, step) = Tap::start(self.terminal_data.clone(), self.ca_keys.clone(), request);
        if let Some(sale) = &mut self.sale {
            sale.phase = Phase::Tapping(Box::new(tap));
        }
        self.follow_tap(step, now)
    }

    /// Something happened in the field.
    pub(super) fn card(&mut self, event: CardEvent<'_>, now: Now) -> Result<(), Halt> {
        if self.refund_tap.is_some() {
            return self.refund_card(event, now);
        }
        let tap = match &mut self.sale {
            Some(sale) => match &mut sale.phase {
                Phase::Tapping(tap) => tap,
                _ => return Ok(()),
            },
            None => {
                if matches!(event, CardEvent::Found) {
                    self.outputs.push(Output::Card(CardCommand::Release));
                }
                return Ok(());
            }
        };
        let step = tap.handle(event);
        self.follow_tap(step, now)
    }

    fn follow_tap(&mut self, step: TapStep, now: Now) -> Result<(), Halt> {
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
                self.notice(Notice::Show(outcome.ui.prompt));
                self.judge_tap(*outcome, now)
            }
        }
    }

    fn judge_tap(&mut self, outcome: Outcome, now: Now) -> Result<(), Halt> {
        let word = outcome.reason.word();
        match (outcome.kind, outcome.card) {
            (OutcomeKind::OnlineRequest, _) if outcome.cvm == Cvm::OnlinePin => {
                self.end_unsent(Reason::OnlinePinRequired, word, now)
            }
            (OutcomeKind::OnlineRequest, Some(card)) => {
                self.prepare(Presented::Card { card: Box::new(card), cvm: outcome.cvm }, now)
            }
            // A kernel that wants to go online has read a card; without one there is nothing to send.
            (OutcomeKind::OnlineRequest, None) => self.end_unsent(Reason::EndApplication, word, now),
            (OutcomeKind::Declined, card) => {
                self.decline_by_card(card.as_ref().map(|card| facts(card, outcome.cvm)), word, now)
            }
            (OutcomeKind::Approved, _) => self.end_unsent(Reason::OfflineApprovalNotSupported, word, now),
            (OutcomeKind::TryAnotherInterface, _) => self.end_unsent(Reason::TryAnotherInterface, word, now),
            (OutcomeKind::EndApplication, _) => self.end_unsent(reason_of_end(outcome.reason), word, now),
        }
    }

    pub(super) fn decline_by_card(&mut self, card: Option<CardFacts>, word: &str, now: Now) -> Result<(), Halt> {
        let Some(sale) = &self.sale else { return Ok(()) };
        let attempt = sale.attempt.clone();
        let opening = self.opening(sale, now);
        let by = DeclinedBy::Card { opening, card, tap: word.to_owned() };
        match self.record(&attempt, &Declined { by }, SideWork::None, now) {
            Ok(()) => self.finish_sale(),
            Err(Refused::NotWritten(code)) => {
                self.refuse_sale(Error::from(code).of_attempt(&attempt));
                Ok(())
            }
            Err(Refused::Over(halt)) => Err(halt),
        }
    }
}

fn reason_of_end(reason: EndReason) -> Reason {
    match reason {
        EndReason::CardLost | EndReason::CardSilent => Reason::CardLost,
        _ => Reason::EndApplication,
    }
}

/// What may be known of the card.
pub(super) fn facts(card: &CardRead, cvm: Cvm) -> CardFacts {
    CardFacts {
        masked: card.pan.masked(),
        aid: hex::encode(&card.aid),
        label: card.label.clone(),
        kernel: card.kernel,
        atc: card.atc,
        tvr: hex::encode(&card.tvr),
        cryptogram: hex::encode(&card.cryptogram),
        cryptogram_kind: card.cryptogram_kind.word().to_owned(),
        oda: card.oda.word().to_owned(),
        cvm: cvm_word(cvm).to_owned(),
    }
}

fn cvm_word(cvm: Cvm) -> &'static str {
    match cvm {
        Cvm::None => "none",
        Cvm::OnlinePin => "online_pin",
        Cvm::Signature => "signature",
        Cvm::OnDevice => "on_device",
    }
}
