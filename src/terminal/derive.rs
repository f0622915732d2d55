//! The threads on which a password becomes a key, and on which the device recognises somebody.
//!
//! Argon2id takes a good part of a second and fills memory that must be wiped; each derivation has a thread of its
//! own, so that the till answers meanwhile and nothing of it stays on a stack that goes on being used. A recognition waits for a person and is waited for by nobody: a
//! platform that hangs keeps its thread.
//!
//! It never keeps a password. Evidence: `terminal/driver/tests.rs`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

use crate::clock::{MonoMs, Now};
use crate::secret::{Secret, on_a_wiped_stack};
use crate::till::{Recognised, Recognition, Work};

/// Starts derivations, one at a time. Dropping it waits for the one that is under way.
pub(crate) struct Deriver {
    say: Arc<dyn Fn(Option<Secret<32>>) + Send + Sync>,
    under_way: Option<(JoinHandle<()>, MonoMs)>,
}

impl Deriver {
    /// `say` is called on a derivation's thread and must not wait.
    pub(crate) fn new(say: impl Fn(Option<Secret<32>>) + Send + Sync + 'static) -> Self {
        Self { say: Arc::new(say), under_way: None }
    }

    /// Begins a derivation. Without a thread for it, it is done at once and has no key.
    pub(crate) fn begin(&mut self, work: Work, now: Now) {
        self.wait();
        let say = Arc::clone(&self.say);
        let thread = std::thread::Builder::new().name("taptill-derive".to_owned()).spawn(move || {
            // Whatever happens to it, whoever waits for it is told.
            let derived = catch_unwind(AssertUnwindSafe(|| on_a_wiped_stack(|| work.run())));
            say(derived.ok().flatten());
        });
        match thread {
            Ok(thread) => self.under_way = Some((thread, now.mono)),
            Err(_) => (self.say)(None),
        }
    }

    /// Ends the thread whose key has been heard of, and says how long it took.
    pub(crate) fn done(&mut self, now: Now) -> u64 {
        let began = self.under_way.as_ref().map_or(now.mono, |(_, began)| *began);
        self.wait();
        now.mono.0.saturating_sub(began.0)
    }

    fn wait(&mut self) {
        if let Some((thread, _)) = self.under_way.take() {
            let _panicked = thread.join();
        }
    }
}

/// Starts recognitions. What a terminal that has ended would hear is dropped.
pub(crate) struct Recogniser {
    say: Arc<dyn Fn(Recognised) + Send + Sync>,
}

impl Recogniser {
    /// `say` is called on a recognition's thread and must not wait.
    pub(crate) fn new(say: impl Fn(Recognised) + Send + Sync + 'static) -> Self {
        Self { say: Arc::new(say) }
    }

    /// Begins a recognition. Without a thread for it, nobody is recognised.
    pub(crate) fn begin(&self, work: Recognition) {
        let say = Arc::clone(&self.say);
        let refused = work.refused();
        let thread = std::thread::Builder::new()
            .name("taptill-recognise".to_owned())
            .spawn(move || say(on_a_wiped_stack(|| work.run())));
        if thread.is_err() {
            (self.say)(refused);
        }
    }
}

impl Drop for Deriver {
    fn drop(&mut self) {
        self.wait();
    }
}
