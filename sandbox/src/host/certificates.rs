//! The host's own little certificate authority: made once with its home, then only read.
//!
//! One CA (P-256) signs the server's certificate and one client certificate for each terminal. A second
//! server key lies ready, so that a till can pin a current key and a backup. A client's private key goes to
//! its till and is not kept; the book knows the terminal by the SHA-256 of its certificate. When the keys rotate, the new
//! ones are written down in one file first; whoever reads the authority after a rotation that was cut off ends it.
//!
//! On request from the network it signs only what an identified terminal asks for its own name. Evidence: `mod tests` below,
//! `sandbox/tests/host_tls.rs`.

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
/// Server key, server certificate and backup key of a rotation that is not over, one after the other.
const ROTATION: &str = "rotation.key.pem";
/// What stands between them; no PEM has it.
const BETWEEN: char = '\0';

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
        let own = Self { folder };
        own.end_rotation()?;
        Ok(own)
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
        let keys = [server_key, backup_key].map(|key| Zeroizing::new(key.serialize_pem()));
        let all = [keys[0].as_str(), &certificate.pem(), keys[1].as_str()].join(&BETWEEN.to_string());
        self.replace(ROTATION, &Zeroizing::new(all))?;
        self.end_rotation()
    }

    /// Puts what a rotation has written down in its places; done again, it changes nothing.
    fn end_rotation(&self) -> Result<(), HostError> {
        let rotation = self.folder.join(ROTATION);
        let all = match fs::read_to_string(&rotation) {
            Ok(all) => Zeroizing::new(all),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(_) => return Err(HostError::CertificatesUnusable),
        };
        for (file, text) in [SERVER_KEY, SERVER_CERTIFICATE, BACKUP_KEY].into_iter().zip(all.split(BETWEEN)) {
            self.replace(file, text)?;
        }
        match fs::remove_file(rotation) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(HostError::HomeUnusable),
            _ => Ok(()),
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folders::copy_folder;

    const FILES: [&str; 3] = [SERVER_KEY, SERVER_CERTIFICATE, BACKUP_KEY];

    /// The pins, if the certificate is that of the key in use, so that the host can serve with them.
    fn serves(folder: &Path) -> Option<[String; 2]> {
        let own = Certificates::prepare(folder.to_owned(), &folder.with_extension("draft")).ok()?;
        let (anchor, certificate) = (own.trust_anchor().ok()?, own.certificate(SERVER_CERTIFICATE).ok()?);
        let spki = own.key(SERVER_KEY).ok()?.subject_public_key_info();
        certificate.windows(spki.len()).any(|window| window == spki).then_some(anchor.pins)
    }

    /// Killed after each file that it writes, a rotation has happened or has not; what its own list says is done again.
    #[test]
    fn a_rotation_that_is_cut_off_leaves_the_old_keys_or_the_new_ones() {
        let scratch = tempfile::tempdir().unwrap();
        let (before, after) = (scratch.path().join("before"), scratch.path().join("after"));
        let old = Certificates::prepare(before.clone(), &scratch.path().join("draft")).unwrap();
        let [in_use, backup] = old.trust_anchor().unwrap().pins;
        copy_folder(&before, &after).unwrap();
        let new = Certificates { folder: after.clone() };
        new.rotate().unwrap();
        let pins = new.trust_anchor().unwrap().pins;
        assert_eq!(pins[0], backup, "the backup is in use now");
        let read = |file: &str| fs::read_to_string(after.join(file)).unwrap();
        let list = FILES.map(read).join(&BETWEEN.to_string());
        let cut_off = |written: usize, has_list: bool| {
            let place = scratch.path().join(format!("after {written} with {has_list}"));
            copy_folder(&before, &place).unwrap();
            FILES[..written].iter().for_each(|file| fs::write(place.join(file), read(file)).unwrap());
            if has_list {
                fs::write(place.join(ROTATION), &list).unwrap();
            }
            let found = serves(&place);
            assert!(!place.join(ROTATION).exists(), "it is over");
            found
        };
        assert_eq!(cut_off(0, false), Some([in_use, backup]), "before its list is whole");
        for written in 0..=FILES.len() {
            assert_eq!(cut_off(written, true), Some(pins.clone()), "after {written} files");
        }
        assert_eq!(cut_off(FILES.len(), false), Some(pins), "when it is over");
        // The control: file after file without a list, a key stands beside the certificate of another.
        assert_eq!(cut_off(1, false), None);
    }
}
