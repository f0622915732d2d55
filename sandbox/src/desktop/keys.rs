//! Device keys for development: one file a key, in a folder that says so.
//!
//! A file holds `taptill development key 1\n`, one byte for the kind, the key and a SHA-256 over all before
//! it, so that damage is told from a wrong key. The folder is open to its owner alone (0700, files 0600), and
//! is refused when it is not. Wrapping is AES-256-GCM, MACs are HMAC-SHA-256, signatures ECDSA P-256.
//!
//! It never holds a key longer than a call, and it is no hardware: whoever copies the folder has the keys.
//! Evidence: `mod tests` below (a row for each fault).

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use taptill::ports::{DeviceKeys, DeviceKeysFault, KeyKind};
use taptill::secret::SecretBytes;
use zeroize::Zeroizing;

type Fault = DeviceKeysFault;

const MAGIC: &[u8] = b"taptill development key 1\n";
const DIGEST_LENGTH: usize = 32;
const NONCE_LENGTH: usize = 12;
const README: &str = "These files stand in for the keys that a phone keeps in hardware.
They are for development only: whoever copies this folder can open the till.
Without it the till's journal cannot be opened by anyone.
";

/// DER of `SubjectPublicKeyInfo` for id-ecPublicKey on prime256v1, up to the uncompressed point (RFC 5480, 2).
const P256_SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// A folder of device keys.
#[derive(Clone, Debug)]
pub struct FolderDeviceKeys {
    folder: PathBuf,
}

impl FolderDeviceKeys {
    /// Opens the folder, and makes it if it is not there.
    ///
    /// # Errors
    /// [`DeviceKeysFault::Unavailable`] when it cannot be made, is not a folder, or is open to others.
    pub fn open(folder: &Path) -> Result<Self, Fault> {
        let keys = Self { folder: folder.to_path_buf() };
        if !folder.exists() {
            make_folder(folder).map_err(unavailable)?;
            keys.write_file("README", README.as_bytes())?;
        }
        keys.check_folder()?;
        Ok(keys)
    }

    fn check_folder(&self) -> Result<(), Fault> {
        let facts = fs::metadata(&self.folder).map_err(unavailable)?;
        if facts.is_dir() && is_private(&facts) { Ok(()) } else { Err(Fault::Unavailable) }
    }

    fn path(&self, alias: &str) -> Result<PathBuf, Fault> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.' || byte == b'-';
        if !(1..=64).contains(&alias.len()) || !alias.bytes().all(plain) {
            return Err(Fault::Unsupported);
        }
        Ok(self.folder.join(format!("{alias}.key")))
    }

    /// The key's bytes, if it is of this kind.
    fn read(&self, alias: &str, kind: KeyKind) -> Result<Zeroizing<Vec<u8>>, Fault> {
        self.check_folder()?;
        let path = self.path(alias)?;
        let bytes = Zeroizing::new(fs::read(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Fault::NotFound,
            _ => Fault::Unavailable,
        })?);
        if !is_private(&fs::metadata(&path).map_err(unavailable)?) {
            return Err(Fault::Unavailable);
        }
        let (body, sum) = bytes.split_last_chunk::<DIGEST_LENGTH>().ok_or(Fault::Damaged)?;
        if digest(&SHA256, body).as_ref() != sum {
            return Err(Fault::Damaged);
        }
        let (found, key) = body.strip_prefix(MAGIC).and_then(<[u8]>::split_first).ok_or(Fault::Damaged)?;
        if *found == kind_byte(kind) { Ok(Zeroizing::new(key.to_vec())) } else { Err(Fault::WrongKind) }
    }

    /// Writes a file whole or not at all: under another name first, synced, then renamed.
    fn write_file(&self, name: &str, bytes: &[u8]) -> Result<(), Fault> {
        let unfinished = self.folder.join(format!("{name}.new"));
        let write = || -> io::Result<()> {
            let mut file = private_file().open(&unfinished)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&unfinished, self.folder.join(name))?;
            sync_folder(&self.folder)
        };
        write().map_err(unavailable)
    }

    fn signer(&self, alias: &str) -> Result<EcdsaKeyPair, Fault> {
        let pkcs8 = self.read(alias, KeyKind::Sign)?;
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &pkcs8, &SystemRandom::new())
            .map_err(|_| Fault::Damaged)
    }
}

impl DeviceKeys for FolderDeviceKeys {
    fn create(&self, alias: &str, kind: KeyKind) -> Result<(), Fault> {
        if self.exists(alias)? {
            return Err(Fault::AlreadyExists);
        }
        let key = new_key(kind)?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAGIC.len() + 1 + key.len() + DIGEST_LENGTH));
        bytes.extend_from_slice(MAGIC);
        bytes.push(kind_byte(kind));
        bytes.extend_from_slice(&key);
        let sum = digest(&SHA256, &bytes);
        bytes.extend_from_slice(sum.as_ref());
        self.write_file(&format!("{alias}.key"), &bytes)
    }

    fn exists(&self, alias: &str) -> Result<bool, Fault> {
        self.check_folder()?;
        self.path(alias)?.try_exists().map_err(unavailable)
    }

    fn destroy(&self, alias: &str) -> Result<(), Fault> {
        self.check_folder()?;
        let path = self.path(alias)?;
        let destroy = || -> io::Result<()> {
            let length = usize::try_from(fs::metadata(&path)?.len()).unwrap_or(0);
            let mut file = OpenOptions::new().write(true).open(&path)?;
            file.write_all(&vec![0; length])?;
            file.sync_all()?;
            fs::remove_file(&path)?;
            sync_folder(&self.folder)
        };
        match destroy() {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(Fault::Unavailable),
            _ => Ok(()),
        }
    }

    fn public_key(&self, alias: &str) -> Result<Vec<u8>, Fault> {
        let signer = self.signer(alias)?;
        Ok([&P256_SPKI_PREFIX, signer.public_key().as_ref()].concat())
    }

    fn attest(&self, alias: &str, _challenge: &[u8]) -> Result<Vec<Vec<u8>>, Fault> {
        self.read(alias, KeyKind::Sign)?;
        Err(Fault::Unsupported)
    }

    fn wrap(&self, alias: &str, secret: &[u8], context: &[u8]) -> Result<Vec<u8>, Fault> {
        let key = wrapping_key(&self.read(alias, KeyKind::Wrap)?)?;
        let mut nonce = [0; NONCE_LENGTH];
        SystemRandom::new().fill(&mut nonce).map_err(|_| Fault::Unavailable)?;
        let mut sealed = Zeroizing::new(secret.to_vec());
        let tag = key
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut sealed)
            .map_err(|_| Fault::Unsupported)?;
        Ok([&nonce[..], &sealed, tag.as_ref()].concat())
    }

    fn unwrap(&self, alias: &str, wrapped: &[u8], context: &[u8]) -> Result<SecretBytes, Fault> {
        let key = wrapping_key(&self.read(alias, KeyKind::Wrap)?)?;
        let (nonce, sealed) = wrapped.split_first_chunk::<NONCE_LENGTH>().ok_or(Fault::Rejected)?;
        let mut buffer = Zeroizing::new(sealed.to_vec());
        let secret = key
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(context), &mut buffer)
            .map_err(|_| Fault::Rejected)?;
        Ok(SecretBytes::new(secret.to_vec()))
    }

    fn mac(&self, alias: &str, data: &[u8]) -> Result<SecretBytes, Fault> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.read(alias, KeyKind::Mac)?);
        Ok(SecretBytes::new(hmac::sign(&key, data).as_ref().to_vec()))
    }

    fn sign(&self, alias: &str, data: &[u8]) -> Result<Vec<u8>, Fault> {
        let signature = self.signer(alias)?.sign(&SystemRandom::new(), data).map_err(|_| Fault::Unavailable)?;
        Ok(signature.as_ref().to_vec())
    }
}

fn new_key(kind: KeyKind) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let random = SystemRandom::new();
    if kind == KeyKind::Sign {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random);
        return Ok(Zeroizing::new(pkcs8.map_err(|_| Fault::Unavailable)?.as_ref().to_vec()));
    }
    let mut key = Zeroizing::new(vec![0; 32]);
    random.fill(&mut key).map_err(|_| Fault::Unavailable)?;
    Ok(key)
}

fn wrapping_key(bytes: &[u8]) -> Result<LessSafeKey, Fault> {
    UnboundKey::new(&AES_256_GCM, bytes).map(LessSafeKey::new).map_err(|_| Fault::Damaged)
}

fn kind_byte(kind: KeyKind) -> u8 {
    match kind {
        KeyKind::Wrap => b'w',
        KeyKind::Mac => b'm',
        KeyKind::Sign => b's',
    }
}

fn unavailable(_: io::Error) -> Fault {
    Fault::Unavailable
}

#[cfg(unix)]
fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(unix)]
fn private_file() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options
}

#[cfg(not(unix))]
fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    options
}

/// Whether nobody but the owner may do anything with it.
#[cfg(unix)]
fn is_private(facts: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    facts.permissions().mode().trailing_zeros() >= 6
}

#[cfg(not(unix))]
fn is_private(_: &fs::Metadata) -> bool {
    true
}

/// A new or removed name is durable only once its folder is synced.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};

    fn keys() -> (tempfile::TempDir, FolderDeviceKeys) {
        let folder = tempfile::tempdir().unwrap();
        let keys = FolderDeviceKeys::open(&folder.path().join("device")).unwrap();
        for (alias, kind) in [("w", KeyKind::Wrap), ("m", KeyKind::Mac), ("s", KeyKind::Sign)] {
            keys.create(alias, kind).unwrap();
        }
        (folder, keys)
    }

    fn fault<T>(result: Result<T, Fault>) -> Option<Fault> {
        result.err()
    }

    #[test]
    fn each_kind_does_its_work_and_no_other() {
        let (_folder, keys) = keys();
        let wrapped = keys.wrap("w", b"secret", b"context").unwrap();
        assert_eq!(keys.unwrap("w", &wrapped, b"context").unwrap().expose(), b"secret");
        assert_ne!(wrapped, keys.wrap("w", b"secret", b"context").unwrap());
        assert_eq!(keys.mac("m", b"a").unwrap().expose(), keys.mac("m", b"a").unwrap().expose());
        let signature = keys.sign("s", b"a").unwrap();
        let spki = keys.public_key("s").unwrap();
        let public_key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &spki[P256_SPKI_PREFIX.len()..]);
        public_key.verify(b"a", &signature).unwrap();
        public_key.verify(b"b", &signature).unwrap_err();

        let mut changed = wrapped.clone();
        changed[13] ^= 1;
        let refused = [
            ("same alias", fault(keys.create("w", KeyKind::Wrap)), Fault::AlreadyExists),
            ("same alias, other kind", fault(keys.create("w", KeyKind::Mac)), Fault::AlreadyExists),
            ("no such key", fault(keys.wrap("x", b"", b"")), Fault::NotFound),
            ("wrap with a MAC key", fault(keys.wrap("m", b"", b"")), Fault::WrongKind),
            ("MAC with a signing key", fault(keys.mac("s", b"")), Fault::WrongKind),
            ("sign with a wrapping key", fault(keys.sign("w", b"")), Fault::WrongKind),
            ("public half of a MAC key", fault(keys.public_key("m")), Fault::WrongKind),
            ("attest", fault(keys.attest("s", b"")), Fault::Unsupported),
            ("attest nothing", fault(keys.attest("x", b"")), Fault::NotFound),
            ("other context", fault(keys.unwrap("w", &wrapped, b"other")), Fault::Rejected),
            ("changed", fault(keys.unwrap("w", &changed, b"context")), Fault::Rejected),
            ("too short", fault(keys.unwrap("w", b"short", b"context")), Fault::Rejected),
            ("empty alias", fault(keys.exists("")), Fault::Unsupported),
            ("path in alias", fault(keys.exists("../w")), Fault::Unsupported),
            ("capital in alias", fault(keys.exists("W")), Fault::Unsupported),
            ("long alias", fault(keys.exists(&"a".repeat(65))), Fault::Unsupported),
        ];
        for (case, found, expected) in refused {
            assert_eq!(found, Some(expected), "{case}");
        }
    }

    #[test]
    fn destroyed_is_destroyed_and_destroying_nothing_is_done_already() {
        let (_folder, keys) = keys();
        keys.destroy("w").unwrap();
        keys.destroy("w").unwrap();
        assert_eq!(keys.exists("w"), Ok(false));
        assert_eq!(fault(keys.wrap("w", b"", b"")), Some(Fault::NotFound));
        keys.create("w", KeyKind::Wrap).unwrap();
    }

    #[test]
    fn damage_at_every_byte_of_a_key_file_is_told() {
        let (_folder, keys) = keys();
        let path = keys.path("m").unwrap();
        let good = fs::read(&path).unwrap();
        for place in 0..good.len() {
            let mut bad = good.clone();
            bad[place] ^= 1;
            fs::write(&path, &bad).unwrap();
            assert_eq!(fault(keys.mac("m", b"")), Some(Fault::Damaged), "byte {place}");
            fs::write(&path, &good[..place]).unwrap();
            assert_eq!(fault(keys.mac("m", b"")), Some(Fault::Damaged), "cut at {place}");
        }
        fs::write(&path, &good).unwrap();
        keys.mac("m", b"").unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_or_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, keys) = keys();
        let chmod = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        let file = keys.path("m").unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&keys.folder).unwrap().permissions().mode() & 0o777, 0o700);
        chmod(&file, 0o640);
        assert_eq!(fault(keys.mac("m", b"")), Some(Fault::Unavailable));
        chmod(&file, 0o600);
        chmod(&keys.folder, 0o750);
        assert_eq!(fault(keys.mac("m", b"")), Some(Fault::Unavailable));
        assert_eq!(fault(FolderDeviceKeys::open(&keys.folder)), Some(Fault::Unavailable));
        assert_eq!(fault(FolderDeviceKeys::open(&file)), Some(Fault::Unavailable));
        chmod(&keys.folder, 0o700);
        keys.mac("m", b"").unwrap();
        assert!(fs::read_to_string(keys.folder.join("README")).unwrap().contains("development only"));
    }
}
