//! What the two phones show: every screen, every word and every way from one screen to the next, as values.
//!
//! [`step`] is one state machine without I/O: it takes a [`State`] and an [`Event`] and answers with the next
//! state and the [`Effect`]s to carry out; [`draw`] turns a state into the [`Screen`] that a shell puts on glass.
//! Which screen an outcome, a reason, a prompt or an error leads to is one table ([`table`], printed in
//! `docs/screens.md`). What a person may do on a screen is what the screen offers, and nothing else.
//!
//! It never waits, asks a clock or speaks to a terminal. Evidence: `tests/screens.rs` (the table, every screen with
//! every intent, every error), `mod tests` of each file.

mod draw;
mod effect;
mod event;
mod gallery;
mod intent;
mod keypad;
mod shown;
mod state;
mod step;
pub mod table;

pub use draw::draw;
pub use effect::Effect;
pub use event::Event;
pub use gallery::gallery;
pub use intent::Intent;
pub use keypad::Keypad;
pub use shown::{Action, Field, FieldName, Role, Row, Screen, ScreenKind, Tone};
pub use state::{State, Stuck, Till};
pub use step::step;
