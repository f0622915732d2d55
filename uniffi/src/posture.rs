//! The port of the network that the device is on.
//!
//! A shell says what it is told, fact by fact; which kind of network that is, the core says ([`posture_of`]).
//!
//! It decides nothing. Evidence: `uniffi/tests/ports.rs`, `tests/contract`.

use std::sync::Arc;

use taptill::ports as core;

use crate::errors::{TillError, same_words};
use crate::ports::PortFault;

/// What the device knows about its network. Called on the core's engine thread before each connection: return at once,
/// from what the platform has told before.
#[uniffi::export(with_foreign)]
pub trait NetworkPosture: Send + Sync {
    /// The network as it is now, as `posture_of` calls it.
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
    /// The device does not tell what network it is.
    Unknown,
    /// There is no network.
    Absent,
}

/// What a device says of one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum DeviceSays {
    /// It is so.
    Yes,
    /// It is not so.
    No,
    /// Nothing: the platform does not tell.
    Nothing,
}

/// What a device says of the network that carries its traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct NetworkFacts {
    /// There is a way out.
    pub reachable: DeviceSays,
    /// A page of its own answers before it lets anybody through.
    pub captive_portal: DeviceSays,
    /// Traffic goes through a proxy.
    pub proxied: DeviceSays,
    /// An authority that a person has added is trusted.
    pub user_authority: DeviceSays,
    /// Traffic goes through somebody else's tunnel.
    pub vpn: DeviceSays,
    /// It is Wi-Fi without a password.
    pub open_wifi: DeviceSays,
    /// The clock is set by hand.
    pub clock_by_hand: DeviceSays,
}

/// The kind of network that matters most of what is so. What a device does not say is no no: where nothing is so, the
/// network is unknown. Answers at once, also inside a port.
///
/// # Errors
/// None today; every exported function may refuse.
#[uniffi::export]
pub fn posture_of(facts: NetworkFacts) -> Result<Posture, TillError> {
    Ok(core::NetworkFacts::from(facts).posture().into())
}

same_words!(core::Posture, Posture: Trusted OpenWifi CaptivePortal Proxied UserAuthority Vpn ClockWrong Unknown Absent);
same_words!(core::DeviceSays, DeviceSays: Yes No Nothing);

impl From<NetworkFacts> for core::NetworkFacts {
    fn from(facts: NetworkFacts) -> Self {
        Self {
            reachable: facts.reachable.into(),
            captive_portal: facts.captive_portal.into(),
            proxied: facts.proxied.into(),
            user_authority: facts.user_authority.into(),
            vpn: facts.vpn.into(),
            open_wifi: facts.open_wifi.into(),
            clock_by_hand: facts.clock_by_hand.into(),
        }
    }
}

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
