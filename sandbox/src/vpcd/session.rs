//! One client's card: which tap it is at, and what it answers.
//!
//! No sockets here: frames in, answers out. A client that connects has the card in the field already, for not
//! every client speaks of power. Evidence: `mod tests`.

use std::sync::Arc;

use taptill::ports::{CardChannel, CardFault};

use super::frame::{ATR, Frame};
use crate::card::{PresentedCard, SimulatedCard};

/// What becomes of a frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// These bytes go back.
    Bytes(Vec<u8>),
    /// Nothing goes back; the connection stays.
    Nothing,
    /// The card is gone, and the connection with it.
    Gone,
}

pub(super) struct Session {
    card: SimulatedCard,
    /// None while the card has no power.
    tap: Option<Arc<PresentedCard>>,
}

impl Session {
    pub(super) fn new(card: SimulatedCard) -> Self {
        let tap = Some(card.tap());
        Self { card, tap }
    }

    pub(super) fn take(&mut self, frame: Frame) -> Answer {
        match frame {
            Frame::PowerOff => self.tap = None,
            Frame::PowerOn | Frame::Reset => self.tap = Some(self.card.tap()),
            Frame::Atr => return Answer::Bytes(ATR.to_vec()),
            Frame::Command(command) => return self.transceive(&command),
        }
        Answer::Nothing
    }

    fn transceive(&self, command: &[u8]) -> Answer {
        let Some(tap) = &self.tap else { return Answer::Gone };
        match tap.transceive(command) {
            Ok(response) => Answer::Bytes(response),
            Err(CardFault::TimedOut) => Answer::Nothing,
            Err(_) => Answer::Gone,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::{Misbehaviour, named};

    const SELECT_DIRECTORY: &[u8] = b"\x00\xA4\x04\x00\x0E2PAY.SYS.DDF01\x00";
    const SELECT_NOTHING: &[u8] = b"\x00\xA4\x04\x00\x01\xFF\x00";

    fn session(misbehaviour: Misbehaviour) -> Session {
        Session::new(named("visa").unwrap().misbehaving(misbehaviour))
    }

    fn select(session: &mut Session, command: &[u8]) -> Answer {
        session.take(Frame::Command(command.to_vec()))
    }

    /// The status word of an answer, or what it was instead.
    fn status(answer: Answer) -> Result<[u8; 2], Answer> {
        match answer {
            Answer::Bytes(bytes) => Ok(*bytes.last_chunk().unwrap()),
            other => Err(other),
        }
    }

    #[test]
    fn a_card_answers_commands_and_says_what_it_is() {
        let mut session = session(Misbehaviour::None);
        assert_eq!(session.take(Frame::Atr), Answer::Bytes(ATR.to_vec()));
        assert_eq!(status(select(&mut session, SELECT_DIRECTORY)), Ok([0x90, 0x00]));
        assert_eq!(status(select(&mut session, SELECT_NOTHING)), Ok([0x6A, 0x82]));
        assert_eq!(status(select(&mut session, &[0, 0])), Ok([0x67, 0x00]));
    }

    #[test]
    fn a_card_without_power_is_gone_until_it_has_power_again() {
        let mut session = session(Misbehaviour::None);
        assert_eq!(session.take(Frame::PowerOff), Answer::Nothing);
        assert_eq!(select(&mut session, SELECT_DIRECTORY), Answer::Gone);
        assert_eq!(session.take(Frame::PowerOn), Answer::Nothing);
        assert_eq!(status(select(&mut session, SELECT_DIRECTORY)), Ok([0x90, 0x00]));
    }

    #[test]
    fn each_fault_is_seen_as_the_manual_says_and_the_next_tap_is_whole() {
        for (misbehaviour, first) in
            [(Misbehaviour::LeavesAfter(1), Answer::Gone), (Misbehaviour::SilentAfter(1), Answer::Nothing)]
        {
            let mut session = session(misbehaviour);
            for wake in [Frame::PowerOn, Frame::Reset] {
                session.take(wake);
                assert_eq!(status(select(&mut session, SELECT_DIRECTORY)), Ok([0x90, 0x00]));
                assert_eq!(select(&mut session, SELECT_DIRECTORY), first);
                assert_eq!(select(&mut session, SELECT_DIRECTORY), Answer::Gone);
            }
        }
    }
}
