//! The till behind the screens: what an app holds that only draws.
//!
//! A shell lays out a [`Screen`] by its kind, sends the [`Intent`]
//! of whatever was touched, and decides nothing: an intent that the present screen does not offer is ignored.
//!
//! Evidence: `uniffi/tests/desk.rs`; for the screens `tests/screens.rs`.

use std::path::Path;
use std::sync::Arc;

use taptill::desk;
use taptill::screen as core;

use crate::deregistration::{ExportSink, export_sink};
use crate::errors::TillError;
use crate::password_work::RecoveryCode;
use crate::people::secret;
use crate::ports::{CardChannel, PortFault, Ports, card_channel, core_ports};
use crate::screen::{FieldName, Intent, Screen, ScreenSample};
use crate::values::Language;

/// A till with a person in front of it.
#[derive(uniffi::Object)]
pub struct Desk {
    desk: desk::Desk,
}

/// Where screens go.
#[uniffi::export(with_foreign)]
pub trait Display: Send + Sync {
    /// A new screen, in order. Called from the core's own thread: hand it to the main thread and return at once.
    ///
    /// # Errors
    /// Whatever goes wrong is the shell's own: the core goes on, and `screen` has the screen still.
    fn show(&self, screen: Screen) -> Result<(), PortFault>;
}

#[uniffi::export]
impl Desk {
    /// Opens the till in the folder `home`, as far as it can be opened, and shows its first screen. Reads the whole
    /// journal: call it off the main thread.
    ///
    /// # Errors
    /// `storage_failed` where the system gives no thread. Whatever keeps the till from opening is a screen.
    #[uniffi::constructor]
    pub fn open(
        home: &str,
        ports: Ports,
        language: Language,
        display: Arc<dyn Display>,
    ) -> Result<Arc<Self>, TillError> {
        let display = Arc::new(ForeignDisplay(display));
        let desk = desk::Desk::open(Path::new(home), core_ports(ports), language.into(), display)?;
        Ok(Arc::new(Self { desk }))
    }

    /// A person wants something. Does not wait.
    ///
    /// # Errors
    /// `terminal_closed` for a desk that was closed, `identifier_malformed` for an attempt that is no name.
    pub fn send(&self, intent: Intent) -> Result<(), TillError> {
        Ok(self.desk.send(intent.try_into()?)?)
    }

    /// The screen as it is now, for an app that has just come, turned or been restarted.
    ///
    /// # Errors
    /// None today; every exported function may refuse.
    pub fn screen(&self) -> Result<Screen, TillError> {
        Ok(self.desk.screen().into())
    }

    /// Gives the till its provisioning: the file's bytes, all of them secret. Kotlin passes a direct `ByteBuffer`,
    /// Swift `Data`; the caller wipes its own copy. What it is refused for is a screen.
    ///
    /// # Errors
    /// `terminal_closed` for a desk that was closed.
    pub fn provision(&self, provisioning: &[u8]) -> Result<(), TillError> {
        Ok(self.desk.provision(provisioning)?)
    }

    /// What a person typed into a field of the present screen: send it before the intent that needs it. Kotlin passes a
    /// direct `ByteBuffer`, Swift `Data`; the caller wipes its own copy. What the screen does not ask for is wiped. Does
    /// not wait.
    ///
    /// # Errors
    /// `terminal_closed` for a desk that was closed.
    pub fn enter(&self, field: FieldName, typed: &[u8]) -> Result<(), TillError> {
        Ok(self.desk.enter(field.into(), secret(typed))?)
    }

    /// Where records are to be handed out to, once a person has chosen it for `ChoosePlace`. It is lent to the core until
    /// they are; what nobody wants any more is let go. Does not wait.
    ///
    /// # Errors
    /// `terminal_closed` for a desk that was closed.
    pub fn export_to(&self, place: Arc<dyn ExportSink>) -> Result<(), TillError> {
        Ok(self.desk.export_to(export_sink(place))?)
    }

    /// The recovery code, while the screen that speaks of it is there; `Written` ends that. Wipe it then.
    ///
    /// # Errors
    /// None today; every exported function may refuse.
    pub fn recovery_code(&self) -> Result<Option<Arc<RecoveryCode>>, TillError> {
        Ok(self.desk.recovery_code().map(RecoveryCode::new))
    }

    /// A card is in the field. One that nobody waits for is let go. Does not wait.
    ///
    /// # Errors
    /// `terminal_closed` for a desk that was closed.
    pub fn present(&self, channel: Arc<dyn CardChannel>) -> Result<(), TillError> {
        Ok(self.desk.present(card_channel(channel))?)
    }

    /// More than one card is in the field. Does not wait.
    ///
    /// # Errors
    /// `terminal_closed` for a desk that was closed.
    pub fn collision(&self) -> Result<(), TillError> {
        Ok(self.desk.collision()?)
    }

    /// Closes the till and ends the core's threads. The journal has what was under way. Blocks for up to a second; from
    /// inside a port or the display it returns at once, and the threads end a moment later. Closing twice is no error.
    ///
    /// # Errors
    /// None today; every exported function may refuse.
    pub fn close(&self) -> Result<(), TillError> {
        self.desk.close();
        Ok(())
    }
}

/// Every screen that there is, once, in real words, for pictures and for checks of a shell. No payment stands behind
/// them. A library that ships is built without the feature `gallery` and gives none.
///
/// # Errors
/// None today; every exported function may refuse.
#[uniffi::export]
pub fn screen_gallery(language: Language) -> Result<Vec<ScreenSample>, TillError> {
    let sample = |(name, screen): (&str, core::Screen)| ScreenSample { name: name.to_owned(), screen: screen.into() };
    let pictures = if cfg!(feature = "gallery") { core::gallery(language.into()) } else { Vec::new() };
    Ok(pictures.into_iter().map(sample).collect())
}

/// The shell's display, as the core calls it.
struct ForeignDisplay(Arc<dyn Display>);

impl desk::Display for ForeignDisplay {
    fn show(&self, screen: &core::Screen) {
        // A display that fails has the screen still to ask for.
        let _the_shells_own = self.0.show(screen.clone().into());
    }
}
