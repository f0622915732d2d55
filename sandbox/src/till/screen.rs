//! What the people at the till see while they wait: the reader's prompt beside a spinner, on standard error,
//! and only where that is a terminal. It also tells the simulated card when the field is on.
//! Evidence: `sandbox/tests/till_sales.rs`, where no card would be presented without it.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::ProgressBar;
use taptill::ports::{Notice, Observer};
use taptill::text::{Catalogue, Language};

/// Hears the core; draws when somebody waits.
pub(super) struct Screen {
    visible: bool,
    now: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    spinner: Option<ProgressBar>,
    field: Option<Sender<()>>,
}

impl Screen {
    /// A screen; one that is not `visible` never draws.
    pub(super) fn new(visible: bool) -> Self {
        Self { visible, now: Mutex::default() }
    }

    /// Runs `work` with the spinner turning.
    pub(super) fn while_waiting<T>(&self, work: impl FnOnce() -> T) -> T {
        if self.visible {
            let spinner = ProgressBar::new_spinner();
            spinner.enable_steady_tick(Duration::from_millis(100));
            self.now().spinner = Some(spinner);
        }
        let done = work();
        if let Some(spinner) = self.now().spinner.take() {
            spinner.finish_and_clear();
        }
        done
    }

    /// Gives a message each time the field is turned on, until the next call or [`Screen::stop_watching`].
    pub(super) fn watch_field(&self) -> Receiver<()> {
        let (sender, receiver) = channel();
        self.now().field = Some(sender);
        receiver
    }

    /// Ends what [`Screen::watch_field`] began.
    pub(super) fn stop_watching(&self) {
        self.now().field = None;
    }

    fn now(&self) -> MutexGuard<'_, Waiting> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Screen {
    fn hear(&self, notice: &Notice) {
        let now = self.now();
        match notice {
            Notice::FieldOn => {
                if let Some(field) = &now.field {
                    // A watcher that is gone has what it wanted.
                    let _ = field.send(());
                }
            }
            Notice::Show(prompt) => {
                if let Some(spinner) = &now.spinner {
                    spinner.set_message(Catalogue::of(Language::En).prompt(*prompt));
                }
            }
            Notice::FieldOff { .. } | Notice::Attempt { .. } | Notice::Till { .. } | Notice::SessionEnding { .. } => {}
        }
    }
}
