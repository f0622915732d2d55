//! What can happen to a connection, in words that a cashier's message can be chosen from.
//!
//! Faults are told apart where somebody else has to act: the shop's network, the phone's clock, the
//! acquirer's certificate, this till's own certificate. It never carries text from below.
//! Evidence: `terminal/net/tests.rs` makes each fault over a real socket.

use crate::error::ErrorCode;

/// What the connection did. It has no `Debug`: what a host sends may repeat card data.
pub enum LinkEvent<'a> {
    /// It stands: TLS is done and the host's certificate and pin are verified.
    Connected,
    /// It could not be made.
    NotConnected(LinkFault),
    /// Bytes arrived, cut anywhere.
    Received(&'a [u8]),
    /// It is gone: a write failed, a read failed, or the host closed it. Bytes handed over may have arrived.
    Broken(LinkFault),
}

macro_rules! link_faults {
    ($($(#[$doc:meta])* $variant:ident = $word:literal => $code:ident,)+) => {
        /// Why there is no connection.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum LinkFault {
            $($(#[$doc])* $variant,)+
        }

        impl LinkFault {
            /// Every fault, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable word for the journal.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The error that a caller sees.
            #[must_use]
            pub fn code(self) -> ErrorCode {
                match self { $(Self::$variant => ErrorCode::$code,)+ }
            }
        }
    };
}

link_faults! {
    /// The device has no network.
    NetworkAbsent = "network_absent" => NetworkAbsent,
    /// The acquirer's rules refuse what kind of network the device is on.
    NetworkRefused = "network_refused" => NetworkRefused,
    /// They refuse it for keys, and keys are needed.
    NetworkRefusedForKeys = "network_refused_for_keys" => NetworkRefusedForKeys,
    /// The host's name has no address.
    NameNotFound = "name_not_found" => HostUnreachable,
    /// Nobody listens there, or no route leads there.
    Unreachable = "unreachable" => HostUnreachable,
    /// The connection was not made in time.
    ConnectTimedOut = "connect_timed_out" => HostUnreachable,
    /// The certificate does not lead to the given authority, or is not for this host.
    CertificateUntrusted = "certificate_untrusted" => HostCertificateUntrusted,
    /// The certificate ended before the phone's time.
    CertificateExpired = "certificate_expired" => HostCertificateExpired,
    /// The certificate begins after the phone's time: the phone's clock is slow.
    CertificateNotYetValid = "certificate_not_yet_valid" => DeviceClockWrong,
    /// The certificate is in order but its key is neither of the two pinned ones.
    PinMismatch = "pin_mismatch" => HostPinMismatch,
    /// The host did not accept this till's certificate.
    ClientCertificateRefused = "client_certificate_refused" => ClientCertificateRefused,
    /// TLS failed in another way.
    HandshakeFailed = "handshake_failed" => HostHandshakeFailed,
    /// The other side closed or reset the connection.
    Closed = "closed" => HostUnreachable,
}
