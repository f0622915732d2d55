//! The certified reader of a case: it reads what the steps say, with the stand's help.

use std::net::SocketAddr;
use std::sync::Weak;
use std::time::Duration;

use serde_json::json;
use taptill::hex;
use taptill_ffi::{EncryptedRead, EncryptedReader, PortFault, ReadCvm, ReadRequest, ReaderFault};

use crate::ports::Device;
use crate::{stand, values};

/// What one read of the certified reader comes to.
#[derive(Clone, Debug)]
pub enum NextRead {
    /// A card, and how its record is changed.
    Card {
        card: String,
        spoil: Option<String>,
    },
    Fault(ReaderFault),
}

/// A certified reader that reads what the steps say, with the stand's help.
pub struct ScriptedReader {
    pub device: Weak<Device>,
    pub stand: SocketAddr,
    pub patience: Duration,
}

impl EncryptedReader for ScriptedReader {
    fn read(&self, request: ReadRequest) -> Result<EncryptedRead, ReaderFault> {
        let device = self.device.upgrade().ok_or(ReaderFault::Failed)?;
        device.tell(|state| (state.is_reading, state.is_cancelled) = (true, false));
        let next = device.wait(self.patience, |state| match state.reads.pop_front() {
            Some(read) => Some(Ok(read)),
            None => state.is_cancelled.then_some(Err(ReaderFault::Cancelled)),
        });
        device.tell(|state| state.is_reading = false);
        match next.unwrap_or(Err(ReaderFault::TimedOut))? {
            NextRead::Fault(fault) => Err(fault),
            NextRead::Card { card, spoil } => {
                let mut read = self.ask_stand(&card, &request)?;
                match spoil.as_deref() {
                    Some("payload") => read.payload[0] ^= 1,
                    Some("empty") => read.payload.clear(),
                    Some("number") => read.masked = Some("1111222233334444".to_owned()),
                    _ => {}
                }
                Ok(read)
            }
        }
    }

    fn cancel(&self) -> Result<(), PortFault> {
        let device = self.device.upgrade().ok_or(PortFault::Failed)?;
        device.tell(|state| state.is_cancelled = state.is_reading);
        Ok(())
    }
}

impl ScriptedReader {
    fn ask_stand(&self, card: &str, request: &ReadRequest) -> Result<EncryptedRead, ReaderFault> {
        let ReadRequest { amount, attempt, nonce } = request;
        let asked = json!({
            "do": "read", "card": card, "minor": amount.minor, "currency": amount.currency, "attempt": attempt,
            "nonce": hex::encode(nonce),
        });
        let answer = stand::ask(self.stand, &asked).map_err(|_| ReaderFault::Undeclared)?;
        if let Some(word) = answer["fault"].as_str() {
            return Err(reader_fault(word.trim_start_matches("reader_")).unwrap_or(ReaderFault::Undeclared));
        }
        let text = |key: &str| answer[key].as_str().map(str::to_owned);
        let bytes = |key: &str| text(key).and_then(|digits| hex::decode(&digits)).unwrap_or_default();
        let cvm = [ReadCvm::None, ReadCvm::OnDevice, ReadCvm::Signature, ReadCvm::OnlinePin];
        Ok(EncryptedRead {
            format: text("format").unwrap_or_default(),
            key: text("key").unwrap_or_default(),
            payload: bytes("payload"),
            signature: bytes("signature"),
            scheme: text("scheme"),
            masked: text("masked"),
            cvm: cvm.into_iter().find(|cvm| answer["cvm"] == values::word(cvm)).ok_or(ReaderFault::Undeclared)?,
        })
    }
}

pub fn reader_fault(word: &str) -> Option<ReaderFault> {
    use ReaderFault as F;
    let all = [
        F::Cancelled,
        F::TimedOut,
        F::CardNotRead,
        F::TryAnotherCard,
        F::CardDeclined,
        F::PinRequired,
        F::NotReady,
        F::Failed,
        F::Undeclared,
    ];
    all.into_iter().find(|fault| values::word(fault) == word)
}
