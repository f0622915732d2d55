//! The way to the host, from what the acquirer provisioned.
//!
//! It is built once when a provisioning is accepted, to refuse what could never connect, and once when the till
//! opens. It never connects. Evidence: `terminal/net/tests.rs` for the parts, `mod tests` below for the names.

use std::sync::Arc;

use rustls::pki_types::ServerName;

use crate::account::{Configuration, HostAddress, SecretText};
use crate::error::{Error, ErrorCode};
use crate::hex;
use crate::ports::Clock;
use crate::secret::SecretBytes;
use crate::terminal::net::HostRoute;
use crate::terminal::tls::{Pins, TlsSetup, client_config};

/// Where the host is and how both sides prove themselves.
///
/// # Errors
/// `configuration_invalid`, naming the part.
pub(crate) fn to_host(
    configuration: &Configuration,
    client_key_pem: &SecretText,
    clock: Arc<dyn Clock>,
) -> Result<HostRoute, Error> {
    let host = &configuration.host;
    let name = ServerName::try_from(host.server_name.clone()).map_err(|_| invalid("host.server_name"))?;
    let tls = client_config(&TlsSetup {
        authorities_pem: host.ca_pem.as_bytes(),
        pins: pins(host)?,
        client_chain_pem: configuration.client_certificate_pem.as_bytes(),
        client_key_pem: &SecretBytes::new(client_key_pem.expose().as_bytes().to_vec()),
        clock,
    })
    .map_err(|refused| invalid(refused.word()))?;
    Ok(HostRoute { address: host.address.clone(), name, tls })
}

fn pins(host: &HostAddress) -> Result<Pins, Error> {
    let current = digest(&host.spki_sha256).ok_or_else(|| invalid("host.spki_sha256"))?;
    let backup = match &host.spki_sha256_backup {
        Some(text) => Some(digest(text).ok_or_else(|| invalid("host.spki_sha256_backup"))?),
        None => None,
    };
    Ok(Pins { current, backup })
}

/// 64 hex digits of either case.
fn digest(text: &str) -> Option<[u8; 32]> {
    hex::decode(text)?.try_into().ok()
}

fn invalid(part: &'static str) -> Error {
    Error::from(ErrorCode::ConfigurationInvalid).word("part", part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_sixty_four_hex_digits() {
        let digits = "00ff".repeat(16);
        assert_eq!(digest(&digits).unwrap()[..4], [0x00, 0xFF, 0x00, 0xFF]);
        assert_eq!(digest(&digits.to_uppercase()), digest(&digits));
        for refused in ["", &digits[1..], &format!("{digits}00"), &digits.replace('f', "g"), &"é".repeat(32)] {
            assert_eq!(digest(refused), None, "{refused}");
        }
    }
}
