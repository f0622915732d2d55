//! A tap as a machine without input or output: the field and the card are events, commands are answers.
//!
//! 1. [`Tap::start`] gives the machine and the first [`TapStep`].
//! 2. `AwaitCard`: show the message, keep the field off while it is held, wait, and tell what came.
//! 3. `Transmit`: send the command and hand in [`CardEvent::Response`], or `Lost`, or `TimedOut`.
//! 4. Repeat from 2 or 3 until `Done`; after that each event gives `Done` again, with `already_over`.
//!
//! Source: EMV Contactless Book A, 6.2 (outcomes) and Book B, 3.1 to 3.5 (starts A, B and C). A restart
//! (Try Again, collision, see phone) comes as `AwaitCard`; there are at most [`RESTARTS_MAX`] in one tap.
//! It never blocks. Evidence: `tests/emv_outcomes.rs`, `tests/emv_rubbish.rs` (it ends, whatever the card says).

use std::fmt;
use std::sync::Arc;

use crate::money::Amount;
use crate::ports::Prompt;

use super::apdu;
use super::capk::CaKeys;
use super::entry_point::{self, Candidate, Candidates};
use super::kernel3::{Kernel3, Kernel3Step, Session, Surroundings};
use super::outcome::{CardError, CardRead, Cvm, EndReason, ExchangeStep, Outcome, OutcomeKind, UiRequest};
use super::store::{StoreError, TagStore};
use super::tags::*;
use super::terminal_data::{Combination, CommonData, TerminalData, TransactionType};

/// How often a tap may begin anew.
pub const RESTARTS_MAX: u8 = 8;

/// How long "see phone" stays and the field is off: 13 tenths of a second (Book C-3, 5.2.2.2 (?)).
const SEE_PHONE_HOLD_MS: u64 = 1_300;

/// What the terminal knows of the payment before a card comes. Dates and times are BCD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapRequest {
    /// 9F02 and 5F2A.
    pub amount: Amount,
    /// 9C.
    pub transaction_type: TransactionType,
    /// 9A, local date.
    pub date_yymmdd: [u8; 3],
    /// 9F21, local time.
    pub time_hhmmss: [u8; 3],
    /// 9F37, from the entropy port; one tap, one number.
    pub unpredictable_number: [u8; 4],
    /// 9F41, 0 to 99 999 999.
    pub sequence_counter: u32,
}

/// What happened in the field. A response may hold the card number: `Debug` shows its length alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum CardEvent<'a> {
    /// One card is there and activated.
    Found,
    /// The card answered: data and status word.
    Response(&'a [u8]),
    /// The card left.
    Lost,
    /// No card came, or the card did not answer.
    TimedOut,
    /// More than one card is there.
    Collision,
}

impl fmt::Debug for CardEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found => f.write_str("Found"),
            Self::Response(bytes) => write!(f, "Response({} bytes)", bytes.len()),
            Self::Lost => f.write_str("Lost"),
            Self::TimedOut => f.write_str("TimedOut"),
            Self::Collision => f.write_str("Collision"),
        }
    }
}

/// What to do next.
#[derive(Debug)]
pub enum TapStep {
    /// Show this; keep the field off while it is held; then wait for a card.
    AwaitCard(UiRequest),
    /// Send this command APDU to the card.
    Transmit(Vec<u8>),
    /// The tap is over.
    Done(Box<Outcome>),
}

/// A tap, from the first wait for a card to its outcome.
pub struct Tap {
    data: Arc<TerminalData>,
    ca_keys: Arc<CaKeys>,
    request: TapRequest,
    restarts: u8,
    state: State,
    /// Values that take the place of the terminal's own: a transcript being replayed.
    given_values: Option<TagStore>,
    evidence: Evidence,
}

/// What is awaited. Each state is consumed by the event that it waits for.
enum State {
    Card,
    Directory,
    Application(Selection, Candidate),
    Kernel(Selection, Kernel3),
    Over,
}

/// The applications that are left, and why the last one was dropped.
struct Selection {
    waiting: Candidates,
    refusal: EndReason,
}

/// What the kernel knew at the end, kept where a transcript is replayed.
enum Evidence {
    NotKept,
    Wanted,
    Kept(Box<Session>),
}

impl Tap {
    /// Start A (Book B, 3.1): pre-processing. Where nothing allows the amount, the tap is over at once and the
    /// field is never powered.
    #[must_use]
    pub fn start(data: Arc<TerminalData>, ca_keys: Arc<CaKeys>, request: TapRequest) -> (Self, TapStep) {
        let is_allowed = !entry_point::pre_process(&data, request.amount.minor(), request.transaction_type).is_empty();
        let mut tap = Self {
            data,
            ca_keys,
            request,
            restarts: 0,
            state: State::Card,
            given_values: None,
            evidence: Evidence::NotKept,
        };
        let step = if is_allowed {
            TapStep::AwaitCard(UiRequest::now(Prompt::PresentCard))
        } else {
            tap.end(EndReason::NoCombinationAllowed)
        };
        (tap, step)
    }

    /// Takes in what happened and says what to do next.
    #[must_use]
    pub fn handle(&mut self, event: CardEvent<'_>) -> TapStep {
        match (std::mem::replace(&mut self.state, State::Over), event) {
            (State::Over, _) => self.end(EndReason::AlreadyOver),
            (State::Card, CardEvent::Found) => {
                self.state = State::Directory;
                TapStep::Transmit(apdu::select(apdu::DIRECTORY_NAME, &[]))
            }
            (State::Card, CardEvent::TimedOut) => self.end(EndReason::NoCardPresented),
            // A card that came and left before it was activated, or a late response: no card yet.
            (State::Card, CardEvent::Lost | CardEvent::Response(_)) => {
                self.restart(UiRequest::now(Prompt::PresentCard))
            }
            // Book B, 3.2.1.4: one card only, in either case.
            (_, CardEvent::Collision) => self.restart(UiRequest::now(Prompt::PresentOneCardOnly)),
            // A card that is found during an exchange is another one: the first has left.
            (_, CardEvent::Lost | CardEvent::Found) => self.end(EndReason::CardLost),
            (_, CardEvent::TimedOut) => self.end(EndReason::CardSilent),
            (State::Directory, CardEvent::Response(response)) => self.take_directory(response),
            (State::Application(selection, candidate), CardEvent::Response(response)) => {
                self.take_application(selection, &candidate, response)
            }
            (State::Kernel(selection, kernel), CardEvent::Response(response)) => {
                let step = kernel.handle(response, self.surroundings());
                self.follow(selection, step)
            }
        }
    }

    /// Lets a replayed transcript speak for the terminal from now on.
    pub(crate) fn give_values(&mut self, values: TagStore) {
        self.given_values = Some(values);
    }

    /// Asks for what [`Self::evidence`] gives.
    pub(crate) fn keep_evidence(&mut self) {
        self.evidence = Evidence::Wanted;
    }

    /// What the kernel knew when it decided.
    pub(crate) fn evidence(&self) -> Option<&Session> {
        match &self.evidence {
            Evidence::Kept(session) => Some(session),
            Evidence::NotKept | Evidence::Wanted => None,
        }
    }

    /// Book B, 3.3.2.3 to 3.3.2.7.
    fn take_directory(&mut self, response: &[u8]) -> TapStep {
        let (fci, status) = match apdu::split(response, ExchangeStep::SelectDirectory) {
            Ok(parts) => parts,
            Err(error) => return self.end(EndReason::CardError(error)),
        };
        // 3.3.2.3: without a directory there is no candidate.
        if status != apdu::STATUS_OK {
            let error = CardError::Status { step: ExchangeStep::SelectDirectory, status };
            return self.end(EndReason::CardError(error));
        }
        let allowed = entry_point::pre_process(&self.data, self.request.amount.minor(), self.request.transaction_type);
        match entry_point::candidates(fci, &allowed) {
            Ok(waiting) => {
                let refusal = match waiting.asked_for_other_kernel() {
                    true => EndReason::KernelNotAvailable,
                    false => EndReason::NoCommonApplication,
                };
                self.select_next(Selection { waiting, refusal })
            }
            Err(error) => self.end(EndReason::CardError(error)),
        }
    }

    /// Start C (Book B, 3.3.3): the next candidate, or the end when none is left.
    fn select_next(&mut self, mut selection: Selection) -> TapStep {
        let Some(candidate) = selection.waiting.take_next() else { return self.end(selection.refusal) };
        let command = apdu::select(&candidate.name, &candidate.extension);
        self.state = State::Application(selection, candidate);
        TapStep::Transmit(command)
    }

    /// Book B, 3.3.3.4 and 3.4: a failing SELECT drops the candidate, else its kernel begins.
    fn take_application(&mut self, mut selection: Selection, candidate: &Candidate, response: &[u8]) -> TapStep {
        const STEP: ExchangeStep = ExchangeStep::SelectApplication;
        let (fci, status) = match apdu::split(response, STEP) {
            Ok(parts) => parts,
            Err(error) => return self.end(EndReason::CardError(error)),
        };
        if status != apdu::STATUS_OK {
            selection.refusal = EndReason::CardError(CardError::Status { step: STEP, status });
            return self.select_next(selection);
        }
        match self.terminal_values(candidate) {
            Ok(values) => {
                let step = Kernel3::start(fci, candidate, values);
                self.follow(selection, step)
            }
            Err(_) => self.end(EndReason::CardError(CardError::TooMuchData)),
        }
    }

    fn follow(&mut self, mut selection: Selection, step: Kernel3Step) -> TapStep {
        match step {
            Kernel3Step::Transmit(command, kernel) => {
                self.state = State::Kernel(selection, kernel);
                TapStep::Transmit(command)
            }
            Kernel3Step::SelectNext(reason) => {
                selection.refusal = reason;
                self.select_next(selection)
            }
            // Book C-3, 5.2.2.2 (?): Try Again, start B, with the field off meanwhile.
            Kernel3Step::SeePhone => self.restart(UiRequest { prompt: Prompt::SeePhone, hold_ms: SEE_PHONE_HOLD_MS }),
            Kernel3Step::Refused(reason) => self.end(reason),
            Kernel3Step::Decided(decided) => {
                let (decision, card, session) = *decided;
                if matches!(self.evidence, Evidence::Wanted) {
                    self.evidence = Evidence::Kept(Box::new(session));
                }
                done(decision.kind, decision.reason, decision.cvm, Some(card))
            }
        }
    }

    /// Start B (Book B, 3.2): wait for a card again.
    fn restart(&mut self, ui: UiRequest) -> TapStep {
        if self.restarts == RESTARTS_MAX {
            return self.end(EndReason::TooManyRestarts);
        }
        self.restarts += 1;
        self.state = State::Card;
        TapStep::AwaitCard(ui)
    }

    fn end(&mut self, reason: EndReason) -> TapStep {
        self.state = State::Over;
        let kind = match reason {
            EndReason::NoCombinationAllowed | EndReason::CardWantsOtherInterface => OutcomeKind::TryAnotherInterface,
            _ => OutcomeKind::EndApplication,
        };
        done(kind, reason, Cvm::None, None)
    }

    fn surroundings(&self) -> Surroundings<'_> {
        Surroundings {
            environment: self.data.environment(),
            ca_keys: &self.ca_keys,
            kind: self.request.transaction_type,
            date_yymmdd: self.request.date_yymmdd,
        }
    }

    /// What a DOL may ask the terminal for (Book 3, Annex A; the sources marked "Terminal").
    fn terminal_values(&self, candidate: &Candidate) -> Result<TagStore, StoreError> {
        let mut values = TagStore::default();
        put_request(&mut values, &self.request)?;
        put_common(&mut values, self.data.common())?;
        if let Some(combination) = self.data.combinations().get(candidate.combination) {
            put_combination(&mut values, combination)?;
        }
        values.put(TAG_9F66_TTQ, &candidate.ttq.0)?;
        for (tag, value) in self.given_values.iter().flat_map(TagStore::iter) {
            values.set(tag, value)?;
        }
        Ok(values)
    }
}

fn put_request(values: &mut TagStore, request: &TapRequest) -> Result<(), StoreError> {
    let currency = request.amount.currency();
    values.put(TAG_9F02_AMOUNT_AUTHORISED, &bcd::<6>(request.amount.minor()))?;
    values.put(TAG_9F03_AMOUNT_OTHER, &[0; 6])?;
    values.put(TAG_5F2A_TRANSACTION_CURRENCY_CODE, &bcd::<2>(u64::from(currency.number())))?;
    values.put(TAG_5F36_CURRENCY_EXPONENT, &[currency.exponent()])?;
    values.put(TAG_9A_TRANSACTION_DATE, &request.date_yymmdd)?;
    values.put(TAG_9F21_TRANSACTION_TIME, &request.time_hhmmss)?;
    values.put(TAG_9C_TRANSACTION_TYPE, &[request.transaction_type.number()])?;
    values.put(TAG_9F37_UNPREDICTABLE_NUMBER, &request.unpredictable_number)?;
    values.put(TAG_9F41_SEQUENCE_COUNTER, &bcd::<4>(u64::from(request.sequence_counter)))
}

fn put_common(values: &mut TagStore, common: &CommonData) -> Result<(), StoreError> {
    // Kernel 3 keeps no TVR and no TSI: a card that asks for them is told zeros.
    values.put(TAG_95_TVR, &[0; 5])?;
    values.put(TAG_9B_TSI, &[0; 2])?;
    // Book 4, Annex A6 and ISO 8583 field 22: 07 is a contactless chip.
    values.put(TAG_9F39_ENTRY_MODE, &[0x07])?;
    values.put(TAG_9F1A_TERMINAL_COUNTRY_CODE, &common.country.0)?;
    values.put(TAG_9F35_TERMINAL_TYPE, &common.terminal_type.0)?;
    values.put(TAG_9F33_TERMINAL_CAPABILITIES, &common.capabilities.0)?;
    values.put(TAG_9F40_ADDITIONAL_CAPABILITIES, &common.additional_capabilities.0)?;
    values.put(TAG_9F1E_DEVICE_SERIAL, common.device_serial.as_bytes())?;
    values.put(TAG_9F4E_MERCHANT_NAME, common.merchant_name.as_bytes())?;
    if let Some(category) = common.merchant_category {
        values.put(TAG_9F15_MERCHANT_CATEGORY, &category.0)?;
    }
    if let Some(merchant_id) = &common.merchant_id {
        let mut padded = [b' '; 15];
        padded[..merchant_id.len()].copy_from_slice(merchant_id.as_bytes());
        values.put(TAG_9F16_MERCHANT_IDENTIFIER, &padded)?;
    }
    if let Some(terminal_id) = &common.terminal_id {
        values.put(TAG_9F1C_TERMINAL_IDENTIFICATION, terminal_id.as_bytes())?;
    }
    if let Some(acquirer_id) = common.acquirer_id {
        values.put(TAG_9F01_ACQUIRER_IDENTIFIER, &acquirer_id.0)?;
    }
    Ok(())
}

fn put_combination(values: &mut TagStore, combination: &Combination) -> Result<(), StoreError> {
    // NOTE: the books do not say that a PDOL may list 9F06; a card that does means the reader's name.
    values.put(TAG_9F06_TERMINAL_AID, &combination.aid.0)?;
    values.put(TAG_9F09_TERMINAL_VERSION, &combination.application_version.0)?;
    if let Some(limit) = combination.terminal_floor_limit {
        values.put(TAG_9F1B_TERMINAL_FLOOR_LIMIT, &limit.to_be_bytes())?;
    }
    Ok(())
}

/// The outcome parameters (Book A, 6.2 and table 6-1; Book C-3, 5.2 to 5.9 (?)).
fn done(kind: OutcomeKind, reason: EndReason, cvm: Cvm, card: Option<CardRead>) -> TapStep {
    let prompt = match (kind, reason) {
        (OutcomeKind::Approved, _) if cvm == Cvm::Signature => Prompt::ApprovedSign,
        (OutcomeKind::Approved, _) => Prompt::Approved,
        (OutcomeKind::Declined, _) => Prompt::NotAuthorised,
        (OutcomeKind::OnlineRequest, _) => Prompt::Authorising,
        (OutcomeKind::TryAnotherInterface, _) => Prompt::InsertOrSwipe,
        (OutcomeKind::EndApplication, EndReason::CardLost | EndReason::CardSilent) => Prompt::PresentCardAgain,
        (OutcomeKind::EndApplication, EndReason::NoCardPresented) => Prompt::Clear,
        (OutcomeKind::EndApplication, _) => Prompt::InsertSwipeOrTryAnotherCard,
    };
    let ui = UiRequest::now(prompt);
    TapStep::Done(Box::new(Outcome { kind, ui, cvm, reason, field_off_hold_ms: 0, card }))
}

/// The last `2 * N` decimal digits of a number, two a byte.
fn bcd<const N: usize>(number: u64) -> [u8; N] {
    let mut bytes = [0; N];
    let mut rest = number;
    for byte in bytes.iter_mut().rev() {
        let two = u8::try_from(rest % 100).expect("a remainder of 100 fits a byte");
        *byte = (two / 10) << 4 | (two % 10);
        rest /= 100;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_decimal_digits() {
        assert_eq!(bcd::<6>(999_999_999_999), [0x99; 6]);
        assert_eq!(bcd::<6>(100_051), [0x00, 0x00, 0x00, 0x10, 0x00, 0x51]);
        assert_eq!(bcd::<2>(156), [0x01, 0x56]);
        assert_eq!(bcd::<2>(12_345), [0x23, 0x45]);
    }
}
