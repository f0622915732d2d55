//! The reader's own kernel: it taps a card until there is an outcome, and says it in a reader's words.
//!
//! It is the core's kernel with the sandbox's terminal data, which on a real device is the reader's own and not the
//! app's. It never keeps what it read. Evidence: `sandbox/tests/host_reads.rs`.

use std::sync::{Arc, LazyLock};
use std::time::{SystemTime, UNIX_EPOCH};

use ring::rand::{SecureRandom, SystemRandom};
use taptill::emv::{
    CaKeys, CardEvent, CardRead, Cvm, EndReason, OutcomeKind, Tap, TapRequest, TapStep, TerminalData, TransactionType,
};
use taptill::ports::{CardChannel, CardFault, ReadCvm, ReadRequest, ReaderFault};
use time::{OffsetDateTime, UtcOffset};

use crate::card::{PresentedCard, SimulatedCard, ca_keys_json};

/// What the kernel read, for a host that is asked.
pub(super) struct KernelRead {
    pub card: CardRead,
    pub cvm: ReadCvm,
}

static TERMINAL_DATA: LazyLock<Arc<TerminalData>> = LazyLock::new(|| Arc::new(TerminalData::sandbox()));
static CA_KEYS: LazyLock<Arc<CaKeys>> =
    LazyLock::new(|| Arc::new(CaKeys::from_json(ca_keys_json()).expect("the committed list of keys is in order")));

pub(super) fn read(card: &SimulatedCard, request: &ReadRequest) -> Result<KernelRead, ReaderFault> {
    let (mut tap, mut step) = Tap::start(TERMINAL_DATA.clone(), CA_KEYS.clone(), tap_request(request)?);
    let mut present: Option<Arc<PresentedCard>> = None;
    loop {
        step = match step {
            TapStep::AwaitCard(_) => {
                present = Some(card.tap());
                tap.handle(CardEvent::Found)
            }
            TapStep::Transmit(command) => {
                match present.as_ref().ok_or(CardFault::Lost).and_then(|it| it.transceive(&command)) {
                    Ok(response) => tap.handle(CardEvent::Response(&response)),
                    Err(CardFault::TimedOut) => tap.handle(CardEvent::TimedOut),
                    Err(CardFault::Lost | CardFault::ReaderFailed) => tap.handle(CardEvent::Lost),
                }
            }
            TapStep::Done(outcome) => {
                let went_away = matches!(outcome.reason, EndReason::CardLost | EndReason::CardSilent);
                return match (outcome.kind, outcome.card) {
                    (OutcomeKind::OnlineRequest, Some(card)) => Ok(KernelRead { card, cvm: cvm(outcome.cvm)? }),
                    (OutcomeKind::Declined, _) => Err(ReaderFault::CardDeclined),
                    // A reader whose reads go to a host has no use for a card that approves by itself.
                    (OutcomeKind::Approved | OutcomeKind::TryAnotherInterface, _) => Err(ReaderFault::TryAnotherCard),
                    (OutcomeKind::EndApplication, _) if !went_away => Err(ReaderFault::TryAnotherCard),
                    (OutcomeKind::OnlineRequest | OutcomeKind::EndApplication, _) => Err(ReaderFault::CardNotRead),
                };
            }
        }
    }
}

fn cvm(cvm: Cvm) -> Result<ReadCvm, ReaderFault> {
    match cvm {
        Cvm::None => Ok(ReadCvm::None),
        Cvm::OnDevice => Ok(ReadCvm::OnDevice),
        Cvm::Signature => Ok(ReadCvm::Signature),
        Cvm::OnlinePin => Err(ReaderFault::PinRequired),
    }
}

fn tap_request(request: &ReadRequest) -> Result<TapRequest, ReaderFault> {
    let mut unpredictable_number = [0; 4];
    SystemRandom::new().fill(&mut unpredictable_number).map_err(|_| ReaderFault::Failed)?;
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let utc = OffsetDateTime::from_unix_timestamp(i64::try_from(since_1970).unwrap_or_default());
    let utc = utc.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let here = utc.checked_to_offset(UtcOffset::from_hms(8, 0, 0).unwrap_or(UtcOffset::UTC)).unwrap_or(utc);
    let year = u8::try_from(here.year().rem_euclid(100)).unwrap_or_default();
    Ok(TapRequest {
        amount: request.amount,
        transaction_type: TransactionType::Purchase,
        date_yymmdd: [year, u8::from(here.month()), here.day()].map(bcd),
        time_hhmmss: [here.hour(), here.minute(), here.second()].map(bcd),
        unpredictable_number,
        sequence_counter: 1,
    })
}

fn bcd(number: u8) -> u8 {
    ((number / 10) << 4) | (number % 10)
}
