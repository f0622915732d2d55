//! The host's own little certificate authority: made once with its home, then only read.
//!
//! One CA (P-256) signs the server's certificate and one client certificate for each terminal. A second
//! server key lies ready, so that a till can pin a current key and a backup. A client's private key goes to
//! its till and is not kept; the book knows the terminal by the SHA-256 of its certificate.
//!
//! On request from the network it signs only what an identified terminal asks for its own name. Evidence: `sandbox/tests/host_tls.rs`.

use std::fs;
use std::io::{ErrorKind, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType, DnValue, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData, SanType,
};
use ring::digest;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use taptill::account::SecretText;
use taptill::hex;
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use super::error::HostError;
use super::home::private;

/// The name that the server's certificate carries, beside the loopback addresses.
pub(super) const SERVER_NAME: &str = "localhost";

const CA_CERTIFICATE: &str = "ca.crt.pem";
const CA_KEY: &str = "ca.key.pem";
const SERVER_CERTIFICATE: &str = "server.crt.pem";
const SERVER_KEY: &str = "server.key.pem";
const BACKUP_KEY: &str = "backup.key.pem";

/// What the TLS listener needs.
pub(super) struct ServerIdentity {
    pub ca: CertificateDer<'static>,
    pub certificate: CertificateDer<'static>,
    pub key: PrivateKeyDer<'static>,
}

/// What a till needs to trust this host.
pub(super) struct TrustAnchor {
    pub ca_pem: String,
    /// Lower-case hex of SHA-256 over the SubjectPublicKeyInfo: the key in use, then the backup.
    pub pins: [String; 2],
}

/// What a till needs to be trusted by this host.
pub(super) struct ClientIdentity {
    pub certificate_pem: String,
    pub key_pem: SecretText,
    pub certificate_sha256: Vec<u8>,
}

/// A certificate for a key that stays with its terminal.
pub(super) struct Certified {
    pub certificate_pem: String,
    pub certificate_sha256: Vec<u8>,
}

/// The authority in its folder.
pub(super) struct Certificates {
    folder: PathBuf,
}

impl Certificates {
    /// Makes the authority, unless the folder is there: it appears whole or not at all.
    pub(super) fn prepare(folder: PathBuf, draft: &Path) -> Result<Self, HostError> {
        if !folder.is_dir() {
            make_authority(draft)?;
            match fs::rename(draft, &folder) {
                // Two programs began this home at once; the other one's authority stands.
                Err(_) if folder.is_dir() => fs::remove_dir_all(draft).map_err(|_| HostError::HomeUnusable)?,
                other => other.map_err(|_| HostError::HomeUnusable)?,
            }
        }
        Ok(Self { folder })
    }

    /// Reads what the listener needs.
    pub(super) fn server(&self) -> Result<ServerIdentity, HostError> {
        let key = Zeroizing::new(self.read(SERVER_KEY)?);
        Ok(ServerIdentity {
            ca: self.certificate(CA_CERTIFICATE)?,
            certificate: self.certificate(SERVER_CERTIFICATE)?,
            key: PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| HostError::CertificatesUnusable)?,
        })
    }

    /// Reads what a till needs to trust this host.
    pub(super) fn trust_anchor(&self) -> Result<TrustAnchor, HostError> {
        let pin = |file| Ok::<_, HostError>(pin_of(&self.key(file)?));
        Ok(TrustAnchor { ca_pem: self.read(CA_CERTIFICATE)?, pins: [pin(SERVER_KEY)?, pin(BACKUP_KEY)?] })
    }

    /// Signs what a terminal's request asks for (PKCS #10, RFC 2986), if it has signed it itself and asks for the own
    /// name and nothing else. Of the request only the key is taken over.
    pub(super) fn certify(&self, terminal: &str, request_pem: &str) -> Result<Option<Certified>, HostError> {
        let Ok(request) = CertificateSigningRequestParams::from_pem(request_pem) else { return Ok(None) };
        let asked: Vec<_> = request.params.distinguished_name.iter().collect();
        let is_own_name = matches!(asked.as_slice(), [(DnType::CommonName, name)] if name_is(name, terminal));
        if !is_own_name || !request.params.subject_alt_names.is_empty() {
            return Ok(None);
        }
        let ca_key = self.key(CA_KEY)?;
        let ca_params = authority(&ca_key);
        let mut params = leaf(terminal, ExtendedKeyUsagePurpose::ClientAuth);
        params.use_authority_key_identifier_extension = true;
        let issuer = Issuer::from_params(&ca_params, &ca_key);
        let certificate = params.signed_by(&request.public_key, &issuer).map_err(unusable)?;
        let certificate_sha256 = sha256(certificate.der());
        Ok(Some(Certified { certificate_pem: certificate.pem(), certificate_sha256 }))
    }

    /// The backup key becomes the server's, with a certificate of its own, and another backup is made.
    pub(super) fn rotate(&self) -> Result<(), HostError> {
        let (ca_key, server_key, backup_key) = (self.key(CA_KEY)?, self.key(BACKUP_KEY)?, new_key()?);
        let ca_params = authority(&ca_key);
        let issuer = Issuer::from_params(&ca_params, &ca_key);
        let certificate = server().signed_by(&server_key, &issuer).map_err(unusable)?;
        self.replace(SERVER_KEY, &Zeroizing::new(server_key.serialize_pem()))?;
        self.replace(SERVER_CERTIFICATE, &certificate.pem())?;
        self.replace(BACKUP_KEY, &Zeroizing::new(backup_key.serialize_pem()))
    }

    /// Puts a file in the place of the one that was there, whole or not at all.
    fn replace(&self, file: &str, text: &str) -> Result<(), HostError> {
        let draft = self.folder.join(format!("{file}.{}", std::process::id()));
        write_private(&draft, text)?;
        fs::rename(draft, self.folder.join(file)).map_err(|_| HostError::HomeUnusable)
    }

    /// Signs a new client certificate for the terminal of this name.
    pub(super) fn issue_client(&self, terminal: &str) -> Result<ClientIdentity, HostError> {
        let ca_key = self.key(CA_KEY)?;
        let mut params = leaf(terminal, ExtendedKeyUsagePurpose::ClientAuth);
        params.use_authority_key_identifier_extension = true;
        let key = new_key()?;
        let ca_params = authority(&ca_key);
        let certificate = params.signed_by(&key, &Issuer::from_params(&ca_params, &ca_key)).map_err(unusable)?;
        let certificate_sha256 = sha256(certificate.der());
        Ok(ClientIdentity {
            certificate_pem: certificate.pem(),
            key_pem: SecretText::new(key.serialize_pem()),
            certificate_sha256,
        })
    }

    fn read(&self, file: &str) -> Result<String, HostError> {
        fs::read_to_string(self.folder.join(file)).map_err(|_| HostError::CertificatesUnusable)
    }

    fn key(&self, file: &str) -> Result<KeyPair, HostError> {
        KeyPair::from_pem(&Zeroizing::new(self.read(file)?)).map_err(unusable)
    }

    fn certificate(&self, file: &str) -> Result<CertificateDer<'static>, HostError> {
        CertificateDer::from_pem_slice(self.read(file)?.as_bytes()).map_err(|_| HostError::CertificatesUnusable)
    }
}

/// SHA-256, as the book keys a client certificate.
pub(super) fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}

fn name_is(name: &DnValue, text: &str) -> bool {
    match name {
        DnValue::Utf8String(name) => name == text,
        DnValue::PrintableString(name) => name.as_str() == text,
        _ => false,
    }
}

fn make_authority(draft: &Path) -> Result<(), HostError> {
    fs::create_dir(draft).map_err(|_| HostError::HomeUnusable)?;
    let (ca_key, server_key, backup_key) = (new_key()?, new_key()?, new_key()?);
    let ca_params = authority(&ca_key);
    let ca = ca_params.self_signed(&ca_key).map_err(unusable)?;
    let server_params = server();
    let server = server_params.signed_by(&server_key, &Issuer::from_params(&ca_params, &ca_key)).map_err(unusable)?;
    write_private(&draft.join(CA_CERTIFICATE), &ca.pem())?;
    write_private(&draft.join(CA_KEY), &Zeroizing::new(ca_key.serialize_pem()))?;
    write_private(&draft.join(SERVER_CERTIFICATE), &server.pem())?;
    write_private(&draft.join(SERVER_KEY), &Zeroizing::new(server_key.serialize_pem()))?;
    write_private(&draft.join(BACKUP_KEY), &Zeroizing::new(backup_key.serialize_pem()))
}

fn new_key() -> Result<KeyPair, HostError> {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(|_| HostError::EntropyFailed)
}

/// The CA's parameters; they are the same at every call but for the dates, which an issuer does not use. The name
/// follows from the key, so that two homes are two authorities.
fn authority(key: &KeyPair) -> CertificateParams {
    let mut params = named(&format!("Taptill sandbox CA {}", &pin_of(key)[..8]));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn server() -> CertificateParams {
    let mut params = leaf("Taptill sandbox host", ExtendedKeyUsagePurpose::ServerAuth);
    params.use_authority_key_identifier_extension = true;
    let name = SERVER_NAME.try_into().expect("the name is ASCII");
    params.subject_alt_names = vec![
        SanType::DnsName(name),
        SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        SanType::IpAddress(IpAddr::V6(Ipv6Addr::LOCALHOST)),
    ];
    params
}

fn leaf(name: &str, purpose: ExtendedKeyUsagePurpose) -> CertificateParams {
    let mut params = named(name);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![purpose];
    params
}

/// Valid from yesterday (a till's clock may be a little slow) for ten years.
fn named(name: &str) -> CertificateParams {
    let now = OffsetDateTime::now_utc();
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = now - Duration::days(1);
    params.not_after = now + Duration::days(3_650);
    params
}

fn pin_of(key: &KeyPair) -> String {
    hex::encode_lower(&sha256(&key.subject_public_key_info()))
}

fn unusable(_: rcgen::Error) -> HostError {
    HostError::CertificatesUnusable
}

fn write_private(file: &Path, text: &str) -> Result<(), HostError> {
    let mut options = fs::OpenOptions::new();
    private(options.write(true).create_new(true));
    let write = |mut file: fs::File| file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    options.open(file).and_then(write).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => HostError::CertificatesUnusable,
        _ => HostError::HomeUnusable,
    })
}
