//! Whom the till talks to: TLS 1.2 or 1.3 with both sides' certificates.
//!
//! The host's certificate must lead to the acquirer's own authority, be for the agreed name and be valid at the
//! phone's time (Web PKI, RFC 5280); only then is the SHA-256 of its SubjectPublicKeyInfo compared with the
//! current and the backup pin (RFC 7469, 2.4). Sessions are never resumed and no early data is sent, so each
//! connection checks everything again.
//!
//! It never falls back to the system's authorities and never asks the system for the time.
//! Evidence: `terminal/net/tests.rs`, each refusal over a real socket.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::time_provider::TimeProvider;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme,
};

use crate::acquirer::LinkFault;
use crate::ports::Clock;
use crate::secret::SecretBytes;

/// SHA-256 digests of the host's SubjectPublicKeyInfo, either of which is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pins {
    /// The key in use.
    pub current: [u8; 32],
    /// The key that comes next, where it is known.
    pub backup: Option<[u8; 32]>,
}

/// What a TLS client is made from.
pub(crate) struct TlsSetup<'a> {
    /// The acquirer's authorities, PEM.
    pub authorities_pem: &'a [u8],
    /// The host's keys.
    pub pins: Pins,
    /// This till's certificate chain, PEM, leaf first.
    pub client_chain_pem: &'a [u8],
    /// Its private key, PEM.
    pub client_key_pem: &'a SecretBytes,
    /// Judges validity periods.
    pub clock: Arc<dyn Clock>,
}

/// Which part of a [`TlsSetup`] cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TlsSetupError {
    /// No authority, or one that is no certificate.
    Authorities,
    /// The client's chain or key, or they do not belong together.
    ClientCertificate,
    /// The provider offers no usable protocol version.
    Provider,
}

impl TlsSetupError {
    /// The configuration field to name in the error.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Authorities => "host.ca_pem",
            Self::ClientCertificate => "client_certificate_pem",
            Self::Provider => "tls",
        }
    }
}

/// A client configuration for one host. A change of pins or certificates needs a new one.
///
/// # Errors
/// [`TlsSetupError`] names the part that cannot be used.
pub(crate) fn client_config(setup: &TlsSetup<'_>) -> Result<Arc<ClientConfig>, TlsSetupError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = Arc::new(authorities(setup.authorities_pem)?);
    let web_pki = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider))
        .build()
        .map_err(|_| TlsSetupError::Authorities)?;
    let verifier = Arc::new(PinnedVerifier { web_pki, pins: setup.pins });
    let chain = certificates(setup.client_chain_pem).map_err(|()| TlsSetupError::ClientCertificate)?;
    let key =
        PrivateKeyDer::from_pem_slice(setup.client_key_pem.expose()).map_err(|_| TlsSetupError::ClientCertificate)?;
    let time = Arc::new(PortTime(Arc::clone(&setup.clock)));
    let mut config = ClientConfig::builder_with_details(provider, time)
        .with_safe_default_protocol_versions()
        .map_err(|_| TlsSetupError::Provider)?
        .dangerous() // The replacement below does all that the default does, then compares pins.
        .with_custom_certificate_verifier(verifier)
        .with_client_auth_cert(chain, key)
        .map_err(|_| TlsSetupError::ClientCertificate)?;
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    Ok(Arc::new(config))
}

fn authorities(pem: &[u8]) -> Result<RootCertStore, TlsSetupError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem).map_err(|()| TlsSetupError::Authorities)? {
        roots.add(certificate).map_err(|_| TlsSetupError::Authorities)?;
    }
    Ok(roots)
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, ()> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|_| ())?;
    if found.is_empty() { Err(()) } else { Ok(found) }
}

/// The fault behind what rustls reported through `tokio-rustls`, or the socket itself.
pub(crate) fn fault_of(error: &io::Error) -> LinkFault {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(tls) => fault_of_tls(tls),
        None => fault_of_socket(error.kind()),
    }
}

fn fault_of_tls(error: &rustls::Error) -> LinkFault {
    match error {
        rustls::Error::InvalidCertificate(certificate) => fault_of_certificate(certificate),
        rustls::Error::AlertReceived(alert) if refuses_certificate(*alert) => LinkFault::ClientCertificateRefused,
        _ => LinkFault::HandshakeFailed,
    }
}

fn fault_of_certificate(error: &CertificateError) -> LinkFault {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => LinkFault::CertificateExpired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            LinkFault::CertificateNotYetValid
        }
        CertificateError::Other(OtherError(cause)) if cause.is::<PinMismatch>() => LinkFault::PinMismatch,
        _ => LinkFault::CertificateUntrusted,
    }
}

/// The alerts by which a server turns a client's certificate down (RFC 8446, 6.2; RFC 5246, 7.2.2).
fn refuses_certificate(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::NoCertificate
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::CertificateRequired
    )
}

fn fault_of_socket(kind: io::ErrorKind) -> LinkFault {
    match kind {
        io::ErrorKind::TimedOut => LinkFault::ConnectTimedOut,
        io::ErrorKind::NetworkDown => LinkFault::NetworkAbsent,
        io::ErrorKind::ConnectionRefused
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::AddrNotAvailable => LinkFault::Unreachable,
        _ => LinkFault::Closed,
    }
}

/// Web PKI first, pins after: a pin never makes up for a certificate that is not in order.
#[derive(Debug)]
struct PinnedVerifier {
    web_pki: Arc<WebPkiServerVerifier>,
    pins: Pins,
}

impl ServerCertVerifier for PinnedVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.web_pki.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)?;
        let public_key = ParsedCertificate::try_from(end_entity)?.subject_public_key_info();
        let digest = ring::digest::digest(&ring::digest::SHA256, &public_key);
        let pinned = |pin: &[u8; 32]| digest.as_ref() == pin;
        if pinned(&self.pins.current) || self.pins.backup.iter().any(pinned) {
            Ok(verified)
        } else {
            Err(CertificateError::Other(OtherError(Arc::new(PinMismatch))).into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.web_pki.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.web_pki.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.web_pki.supported_verify_schemes()
    }
}

/// Travels through rustls and is recognised by type on the other side.
#[derive(Debug)]
struct PinMismatch;

impl fmt::Display for PinMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the host's key is neither the pinned one nor its backup")
    }
}

impl std::error::Error for PinMismatch {}

/// The clock port as rustls asks for it.
struct PortTime(Arc<dyn Clock>);

impl TimeProvider for PortTime {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().wall.0.div_euclid(1_000)).ok()?;
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)))
    }
}

impl fmt::Debug for PortTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PortTime")
    }
}
