//! A simulated card on a socket, for readers in other processes and other languages.
//!
//! The framing is that of vsmartcard's `vpcd`, so that its reader driver, and through it every PC/SC program, can
//! read a card of ours. The reader connects, the card listens; `docs/pcsc.md` shows both ends.
//!
//! | a client sees | when |
//! |---|---|
//! | the connection closed | the card left the field (`CardFault::Lost`), the reader failed, or the frame was none |
//! | no answer, the connection open | the card stays and is silent (`CardFault::TimedOut`): patience is the client's |
//! | the connection closed | any command after either: the tap is over |
//!
//! A connection is a tap; so is each power-on and each reset. It never listens beyond this machine.
//! Evidence: `mod tests` of each file, `sandbox/tests/till_card.rs`.

mod frame;
mod server;
mod session;

pub use frame::{CONTROL_ATR, CONTROL_POWER_OFF, CONTROL_POWER_ON, CONTROL_RESET};
pub use server::{CardServer, RunningCard};
