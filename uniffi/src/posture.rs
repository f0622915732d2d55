//! The port of the network that the device is on.
//!
//! It decides nothing. Evidence: `uniffi/tests/ports.rs`, `tests/contract`.

use std::sync::Arc;

use taptill::ports as core;

use crate::errors::same_words;
use crate::ports::PortFault;

/// What the device knows about its network. Called on the core's engine thread before each connection: return at once,
/// from what the platform has told before.
#[uniffi::export(with_foreign)]
pub trait NetworkPosture: Send + Sync {
    /// The network as it is now. A device that cannot tell counts as having none.
    ///
    /// # Errors
    /// Any: the network then counts as absent.
    fn posture(&self) -> Result<Posture, PortFault>;
}

/// Kinds of network, from the payment's point of view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Posture {
    /// A network that the owner trusts.
    Trusted,
    /// Wi-Fi without a password.
    OpenWifi,
    /// Wi-Fi that answers with a page of its own before it lets anybody through.
    CaptivePortal,
    /// Traffic goes through a proxy.
    Proxied,
    /// The device trusts an authority that a person has added.
    UserAuthority,
    /// Traffic goes through somebody else's tunnel.
    Vpn,
    /// The device's clock is not kept by the network, or not to be believed.
    ClockWrong,
    /// There is no network.
    Absent,
}

same_words!(core::Posture, Posture: Trusted OpenWifi CaptivePortal Proxied UserAuthority Vpn ClockWrong Absent);

/// The shell's network as the core knows it.
pub(crate) fn network_posture(network: Arc<dyn NetworkPosture>) -> Arc<dyn core::NetworkPosture> {
    Arc::new(ForeignPosture(network))
}

struct ForeignPosture(Arc<dyn NetworkPosture>);

impl core::NetworkPosture for ForeignPosture {
    fn posture(&self) -> core::Posture {
        self.0.posture().map_or(core::Posture::Absent, core::Posture::from)
    }
}
