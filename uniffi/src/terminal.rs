//! The one object that a shell holds: an open till.
//!
//! Opening starts the core's threads; `close` ends them, and a till that nobody closes ends when its last
//! handle goes. Objects that a till gave out (payments, events, operations) share it and answer `terminal_closed` after.
//!
//! It decides nothing. Evidence: `tests/contract`, `uniffi/tests/terminal.rs`.

use std::path::Path;
use std::sync::Arc;

use taptill::account::Provisioning;
use taptill::error::Error;
use taptill::terminal;

use crate::errors::TillError;
use crate::events::Events;
use crate::evidence::Evidence;
use crate::incident::Incident;
use crate::leaving::Leaving;
use crate::network::NetworkSafety;
use crate::payments::{Open, Payments};
use crate::people::{People, TillState};
use crate::ports::{CardChannel, Ports, card_channel, core_ports, guarded};
use crate::proofs::Proofs;
use crate::refunds::Refunds;
use crate::settlement::Settlement;
use crate::statements::Statements;
use crate::values::{TillInfo, Verified};

/// An open till. Its methods, and those of all that it gives out, may be called from any thread, and from several at
/// once. Those that are not async block: a few milliseconds, unless they say otherwise. None may be called from inside
/// a port (`called_from_port`), but for `present`, `collision` and `close`. Call `close` when the till is not needed any more: a
/// till that is only let go of closes whenever its last handle is collected.
#[derive(uniffi::Object)]
pub struct Terminal {
    till: Arc<Open>,
}

#[uniffi::export]
impl Terminal {
    /// Opens the till in the folder `home`, which no other process and no other `Terminal` may have open. It is nobody's,
    /// or nobody is signed in: until somebody is, it tells its state and lets people in, and that is all. Blocks for the disk and the key store: call it off the main
    /// thread.
    ///
    /// # Errors
    /// `not_provisioned`, `till_open_elsewhere`, `journal_damaged`, `device_key_missing` and the other errors of keys
    /// and storage; `till_failed` when a port fails in a way that it may not.
    #[uniffi::constructor]
    pub fn open(home: &str, ports: Ports) -> Result<Arc<Self>, TillError> {
        let terminal = guarded(|| Ok(terminal::Terminal::open(Path::new(home), core_ports(ports))?))?;
        Ok(Arc::new(Self { till: Arc::new(Open { terminal }) }))
    }

    /// How the till stands between nobody and somebody, and what a lock screen shows. Answers in every state, at once.
    ///
    /// # Errors
    /// Why the terminal has ended.
    pub fn state(&self) -> Result<TillState, TillError> {
        Ok(self.till.terminal.till_state()?.into())
    }

    /// What the till knows about itself.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked`, and why the terminal has ended.
    pub fn info(&self) -> Result<TillInfo, TillError> {
        Ok(self.till.terminal.configuration()?.as_ref().into())
    }

    /// Operators, passwords and the session. A handle to this same till; as cheap as it looks.
    ///
    /// # Errors
    /// None today; every exported function may refuse.
    pub fn people(&self) -> Result<Arc<People>, TillError> {
        Ok(Arc::new(People { till: Arc::clone(&self.till) }))
    }

    /// What a stranger needs to check the journal. A handle to this same till; as cheap as it looks.
    ///
    /// # Errors
    /// None today; every exported function may refuse.
    pub fn proofs(&self) -> Result<Arc<Proofs>, TillError> {
        Ok(Arc::new(Proofs { till: Arc::clone(&self.till) }))
    }

    /// Sales and what became of them. A handle to this same till; as cheap as it looks.
    ///
    /// # Errors
    /// None today; every exported function may refuse.
    pub fn payments(&self) -> Result<Arc<Payments>, TillError> {
        Ok(Arc::new(Payments { till: Arc::clone(&self.till) }))
    }

    /// Money that is given back. A handle to this same till; as cheap as it looks.
    ///
    /// # Errors
    /// None today; every exported function may refuse.
    pub fn refunds(&self) -> Result<Arc<Refunds>, TillError> {
        Ok(Arc::new(Refunds { till: Arc::clone(&self.till) }))
    }

    /// Batches, and settling them with the acquirer. A handle to this same till; as cheap as it looks.
    ///
    /// # Errors
    /// None today; every exported function may refuse.
    pub fn settlement(&self) -> Result<Arc<Settlement>, TillError> {
        Ok(Arc::new(Settlement { till: Arc::clone(&self.till) }))
    }

    /// The acquirer's or the bank's lines against the journal. A handle to this same till; as cheap as it looks.
    ///
    /// # Errors
    /// None today; every exported function may refuse.
    pub fn statements(&self) -> Result<Arc<Statements>, TillError> {
        Ok(Arc::new(Statements { till: Arc::clone(&self.till) }))
    }

    /// Leaving the till. A handle to this same till; as cheap as it looks.
    ///
    /// # Errors
    /// None today; every exported function may refuse.
    pub fn leaving(&self) -> Result<Arc<Leaving>, TillError> {
        Ok(Arc::new(Leaving { till: Arc::clone(&self.till) }))
    }

    /// How the network is judged, and by what the host is known. A handle to this same till; as cheap as it looks.
    ///
    /// # Errors
    /// None today; every exported function may refuse.
    pub fn network(&self) -> Result<Arc<NetworkSafety>, TillError> {
        Ok(Arc::new(NetworkSafety { till: Arc::clone(&self.till) }))
    }

    /// Freezing the till and letting it go, and what else a bad day asks for. A handle to this same till; as cheap as it looks.
    ///
    /// # Errors
    /// None today; every exported function may refuse.
    pub fn incident(&self) -> Result<Arc<Incident>, TillError> {
        Ok(Arc::new(Incident { till: Arc::clone(&self.till) }))
    }

    /// Evidence of the journal, for others to check. A handle to this same till; as cheap as it looks.
    ///
    /// # Errors
    /// None today; every exported function may refuse.
    pub fn evidence(&self) -> Result<Arc<Evidence>, TillError> {
        Ok(Arc::new(Evidence { till: Arc::clone(&self.till) }))
    }

    /// What happened, to be pulled by cursor. A handle to this same till; as cheap as it looks.
    ///
    /// # Errors
    /// None today; every exported function may refuse.
    pub fn events(&self) -> Result<Arc<Events>, TillError> {
        Ok(Arc::new(Events { till: Arc::clone(&self.till) }))
    }

    /// A card is in the field: one channel for one tap. One that nobody waits for is let go. Does not wait, and may
    /// be called on the main thread and from a port.
    ///
    /// # Errors
    /// Why the terminal has ended.
    pub fn present(&self, channel: Arc<dyn CardChannel>) -> Result<(), TillError> {
        Ok(self.till.terminal.present(card_channel(channel))?)
    }

    /// More than one card is in the field. Does not wait, and may be called on the main thread and from a port.
    ///
    /// # Errors
    /// Why the terminal has ended.
    pub fn collision(&self) -> Result<(), TillError> {
        Ok(self.till.terminal.collision()?)
    }

    /// Verifies the whole journal. Takes time in proportion to it, during which the till does nothing else: call it
    /// off the main thread, and not while a customer waits.
    ///
    /// # Errors
    /// `journal_damaged`, with the place.
    pub fn verify(&self) -> Result<Verified, TillError> {
        Ok(self.till.terminal.verify()?.into())
    }

    /// Ends the core's threads and closes the journal. Whoever waits hears `terminal_closed`, or that the payment
    /// is in doubt; such a payment resolves itself when the till is opened again. Blocks for up to a second; from inside
    /// a port it returns at once, and the threads end a moment later. Closing twice is no error, nor is closing a till that
    /// was erased.
    ///
    /// # Errors
    /// What the terminal had ended with before, or what closing the journal reported.
    pub fn close(&self) -> Result<(), TillError> {
        Ok(self.till.terminal.close()?)
    }
}

/// Makes the till in the folder `home` this acquirer's. `provisioning` is the acquirer's file, all of it secret:
/// Kotlin passes a direct `ByteBuffer`, Swift `Data`; the caller wipes its own copy. The till is not open afterwards.
/// Blocks for the disk and the key store: call it off the main thread.
///
/// # Errors
/// `configuration_invalid` or `dialect_invalid` with the place, `already_provisioned`, and the errors of keys and
/// storage; `till_failed` when a port fails in a way that it may not.
#[uniffi::export]
pub fn provision_till(home: &str, provisioning: &[u8], ports: Ports) -> Result<(), TillError> {
    let provisioning = Provisioning::from_json(provisioning).map_err(Error::from)?;
    guarded(|| Ok(terminal::Terminal::provision(Path::new(home), &provisioning, &core_ports(ports))?))
}

/// Verifies the journal of a till that is not open, also of one that does not open. Takes time in proportion to it:
/// call it off the main thread.
///
/// # Errors
/// `till_locked` for a till that somebody has claimed, once all that can be checked without its keys was found whole: sign
/// in and `verify`. `not_provisioned`, `till_open_elsewhere`, `journal_damaged` with the place, and the errors of keys and
/// storage.
#[uniffi::export]
pub fn inspect_till(home: &str, ports: Ports) -> Result<Verified, TillError> {
    guarded(|| Ok(terminal::Terminal::inspect(Path::new(home), &core_ports(ports))?.into()))
}
