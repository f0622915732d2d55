//! Signed notes: a text and the signature lines below it (C2SP signed-note, v1.0.0).
//!
//! ```text
//! text, ending in a newline
//!                                  one empty line, the last in the note
//! — name base64(key id ‖ signature)
//! ```
//!
//! Ed25519 (type 0x01) is checked and made here; ECDSA P-256 with SHA-256 (type 0x02) is checked here and made by
//! whoever holds the key. Signatures of unknown keys are passed over; a wrong one of a known key refuses the note.
//!
//! It never trusts a key of the same name or the same id alone. Evidence: `mod tests` below,
//! `tests/proof_peers.rs` (another implementation on the other side), `tests/proof_rubbish.rs`.

use ring::digest::{Context, SHA256};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey,
};

use super::base64;
use crate::secret::Secret;

/// The longest note that is read, in bytes. C2SP signed-note, "Format": verifiers should have a limit.
pub const NOTE_BYTES_MAX: usize = 1 << 21;

/// The most signature lines that are read. C2SP signed-note, "Format": at least 16 must be.
pub const SIGNATURES_MAX: usize = 64;

/// A note that keeps every rule of the format. Nothing is said of its signatures before [`Note::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<SignatureLine>,
}

/// One signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureLine {
    name: KeyName,
    id: [u8; 4],
    signature: Vec<u8>,
}

/// The name of a key: not empty, without white space, `+` or control characters (C2SP signed-note, "Format").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyName(String);

/// A public key that a verifier knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: KeyName,
    id: [u8; 4],
    key: PublicKey,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum PublicKey {
    Ed25519([u8; 32]),
    /// The SubjectPublicKeyInfo.
    P256(Vec<u8>),
}

/// The rule that a note breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteRefused {
    /// It is longer than [`NOTE_BYTES_MAX`].
    TooLong,
    /// It is not UTF-8.
    NotUtf8,
    /// It has a control character other than newline.
    ControlCharacter,
    /// No empty line separates text and signatures.
    NoBlankLine,
    /// There is no text above the empty line.
    NoText,
    /// The last line does not end.
    NoFinalNewline,
    /// There is no signature line.
    NoSignature,
    /// It has more than [`SIGNATURES_MAX`] signatures.
    TooManySignatures,
    /// A line below the text is not `— name base64`.
    SignatureLine,
    /// A key's name is empty or has a character that it may not have.
    KeyName,
    /// A signature is not base 64 of a key id and at least one byte.
    SignatureBytes,
}

/// Why a public key is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRefused {
    /// It is not `name+id+base64`, or its name may not be one.
    Malformed,
    /// Its type is none that is checked here.
    UnknownType,
    /// The bytes are not a key of its type.
    NotAKey,
    /// Its id is not the one of its bytes.
    WrongId,
}

/// Why a note is not to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unverified {
    /// No known key signed it.
    NoKnownKey,
    /// A line has name and id of a known key, and its signature is not that key's over this text.
    WrongSignature,
}

impl Note {
    /// A text to be signed.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn new(text: &str) -> Result<Self, NoteRefused> {
        check_characters(text)?;
        match text.strip_suffix('\n') {
            None => Err(NoteRefused::NoFinalNewline),
            Some("") => Err(NoteRefused::NoText),
            Some(_) => Ok(Self { text: text.to_owned(), signatures: Vec::new() }),
        }
    }

    /// Reads a signed note.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteRefused> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(NoteRefused::TooLong);
        }
        let note = str::from_utf8(bytes).map_err(|_| NoteRefused::NotUtf8)?;
        check_characters(note)?;
        // C2SP signed-note, "Format": the text may have empty lines; the last one in the note separates.
        let blank = note.rfind("\n\n").ok_or(NoteRefused::NoBlankLine)?;
        let (text, below) = (&note[..=blank], &note[blank + 2..]);
        let mut read = Self::new(text)?;
        if below.is_empty() {
            return Err(NoteRefused::NoSignature);
        }
        let below = below.strip_suffix('\n').ok_or(NoteRefused::NoFinalNewline)?;
        for line in below.split('\n') {
            if read.signatures.len() == SIGNATURES_MAX {
                return Err(NoteRefused::TooManySignatures);
            }
            read.signatures.push(SignatureLine::parse(line)?);
        }
        Ok(read)
    }

    /// The text, which ends in a newline. Not to be believed before [`Note::verify`].
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines, in order.
    #[must_use]
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }

    /// Signs the text with this Ed25519 seed (RFC 8032, 5.1.5) and adds the line; gives the public key.
    pub fn sign(&mut self, name: &KeyName, seed: &Secret<32>) -> VerifierKey {
        let (public, signature) = ed25519(seed, self.text.as_bytes());
        let key = VerifierKey::ed25519(name.clone(), public);
        self.signatures.push(SignatureLine { name: name.clone(), id: key.id, signature });
        key
    }

    /// Adds a signature over the text that somebody else made.
    pub fn add(&mut self, key: &VerifierKey, signature: Vec<u8>) {
        self.signatures.push(SignatureLine { name: key.name.clone(), id: key.id, signature });
    }

    /// Whether at least one of these keys signed the note, and no line that has the name and the id of one of them
    /// is wrong (C2SP signed-note, "Signatures").
    ///
    /// # Errors
    /// [`Unverified`].
    pub fn verify(&self, known: &[&VerifierKey]) -> Result<(), Unverified> {
        let mut verified = false;
        for line in &self.signatures {
            for key in known.iter().filter(|key| key.name == line.name && key.id == line.id) {
                if !key.has_signed(&self.text, &line.signature) {
                    return Err(Unverified::WrongSignature);
                }
                verified = true;
            }
        }
        if verified { Ok(()) } else { Err(Unverified::NoKnownKey) }
    }
}

/// As it is sent and stored.
impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| {
            let signature = base64::encode(&[line.id.as_slice(), &line.signature].concat());
            writeln!(f, "{LINE_START}{} {signature}", line.name.0)
        })
    }
}

impl SignatureLine {
    fn parse(line: &str) -> Result<Self, NoteRefused> {
        let line = line.strip_prefix(LINE_START).ok_or(NoteRefused::SignatureLine)?;
        let (name, signature) = line.split_once(' ').ok_or(NoteRefused::SignatureLine)?;
        let name = KeyName::new(name).ok_or(NoteRefused::KeyName)?;
        let bytes = base64::decode(signature).ok_or(NoteRefused::SignatureBytes)?;
        match bytes.split_first_chunk() {
            Some((id, signature)) if !signature.is_empty() => Ok(Self { name, id: *id, signature: signature.to_vec() }),
            _ => Err(NoteRefused::SignatureBytes),
        }
    }

    /// The key's name.
    #[must_use]
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// The key's id.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        self.id
    }
}

impl KeyName {
    /// `None` for what may not be a name.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let allowed = |letter: char| !letter.is_whitespace() && !letter.is_control() && letter != '+';
        (!name.is_empty() && name.chars().all(allowed)).then(|| Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl VerifierKey {
    /// An Ed25519 key. C2SP signed-note, "Ed25519 signatures": its id is of name, type and key.
    #[must_use]
    pub fn ed25519(name: KeyName, key: [u8; 32]) -> Self {
        let id = short_hash(&[name.0.as_bytes(), b"\n", &[TYPE_ED25519], &key]);
        Self { name, id, key: PublicKey::Ed25519(key) }
    }

    /// The public half of an Ed25519 seed.
    #[must_use]
    pub fn of_seed(name: KeyName, seed: &Secret<32>) -> Self {
        Self::ed25519(name, ed25519(seed, b"").0)
    }

    /// A P-256 key. C2SP signed-note, "Signature types", 0x02: its id is of the SubjectPublicKeyInfo alone.
    ///
    /// # Errors
    /// [`KeyRefused::NotAKey`] for anything but an uncompressed point of this curve in DER.
    pub fn p256(name: KeyName, spki: &[u8]) -> Result<Self, KeyRefused> {
        let point = spki.strip_prefix(&SPKI_OF_P256).ok_or(KeyRefused::NotAKey)?;
        if point.len() != POINT_BYTES || point[0] != UNCOMPRESSED {
            return Err(KeyRefused::NotAKey);
        }
        Ok(Self { name, id: short_hash(&[spki]), key: PublicKey::P256(spki.to_vec()) })
    }

    /// Reads `name+id+base64(type ‖ key)`, as [`VerifierKey::vkey`] writes it.
    ///
    /// # Errors
    /// [`KeyRefused`].
    pub fn parse(vkey: &str) -> Result<Self, KeyRefused> {
        let mut parts = vkey.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyRefused::Malformed);
        };
        let name = KeyName::new(name).ok_or(KeyRefused::Malformed)?;
        let bytes = base64::decode(key).ok_or(KeyRefused::Malformed)?;
        let read = match bytes.split_first().ok_or(KeyRefused::Malformed)? {
            (&TYPE_ED25519, key) => Self::ed25519(name, key.try_into().map_err(|_| KeyRefused::NotAKey)?),
            (&TYPE_ECDSA, spki) => Self::p256(name, spki)?,
            _ => return Err(KeyRefused::UnknownType),
        };
        // Small letters alone, so that a key is written in one way.
        if crate::hex::encode_lower(&read.id) == id { Ok(read) } else { Err(KeyRefused::WrongId) }
    }

    /// The key in one line without its end: `name+id+base64(type ‖ key)`.
    #[must_use]
    pub fn vkey(&self) -> String {
        let bytes = match &self.key {
            PublicKey::Ed25519(key) => [[TYPE_ED25519].as_slice(), key].concat(),
            PublicKey::P256(spki) => [[TYPE_ECDSA].as_slice(), spki].concat(),
        };
        format!("{}+{}+{}", self.name.0, crate::hex::encode_lower(&self.id), base64::encode(&bytes))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// The key's bytes: 32 of Ed25519, or a SubjectPublicKeyInfo.
    #[must_use]
    pub fn public_bytes(&self) -> &[u8] {
        match &self.key {
            PublicKey::Ed25519(key) => key,
            PublicKey::P256(spki) => spki,
        }
    }

    /// The key's id, as its signature lines say it.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        self.id
    }

    /// Whether it is a P-256 key, and not one of Ed25519.
    #[must_use]
    pub fn is_p256(&self) -> bool {
        matches!(self.key, PublicKey::P256(_))
    }

    /// Whether this key's owner signed these bytes; 64 bytes of signature in either algorithm (RFC 9053, 2).
    pub(super) fn has_signed_fixed(&self, bytes: &[u8], signature: &[u8; 64]) -> bool {
        let verdict = match &self.key {
            PublicKey::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(bytes, signature),
            PublicKey::P256(spki) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &spki[SPKI_OF_P256.len()..]).verify(bytes, signature)
            }
        };
        verdict.is_ok()
    }

    fn has_signed(&self, text: &str, signature: &[u8]) -> bool {
        let verdict = match &self.key {
            PublicKey::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(text.as_bytes(), signature),
            PublicKey::P256(spki) => {
                let point = &spki[SPKI_OF_P256.len()..];
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(text.as_bytes(), signature)
            }
        };
        verdict.is_ok()
    }
}

fn check_characters(text: &str) -> Result<(), NoteRefused> {
    // C2SP signed-note, "Format": no ASCII control characters (those below U+0020) other than newline.
    let allowed = |byte: u8| byte >= 0x20 || byte == b'\n';
    if text.bytes().all(allowed) { Ok(()) } else { Err(NoteRefused::ControlCharacter) }
}

/// Public key of a seed, and its signature over a message. The expanded key lives in this frame alone.
#[inline(never)]
pub(super) fn ed25519(seed: &Secret<32>, message: &[u8]) -> ([u8; 32], Vec<u8>) {
    let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose()).expect("an Ed25519 seed is any 32 bytes");
    let public = pair.public_key().as_ref().try_into().expect("an Ed25519 public key has 32 bytes");
    (public, pair.sign(message).as_ref().to_vec())
}

/// The first four bytes of SHA-256 over these parts.
fn short_hash(parts: &[&[u8]]) -> [u8; 4] {
    let mut context = Context::new(&SHA256);
    parts.iter().for_each(|part| context.update(part));
    *context.finish().as_ref().first_chunk().expect("SHA-256 gives 32 bytes")
}

/// Em dash (U+2014) and a space.
const LINE_START: &str = "\u{2014} ";
const TYPE_ED25519: u8 = 0x01;
const TYPE_ECDSA: u8 = 0x02;

/// RFC 5480, 2: id-ecPublicKey with secp256r1, and the head of a bit string of 65 bytes.
const SPKI_OF_P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const POINT_BYTES: usize = 65;
const UNCOMPRESSED: u8 = 0x04;

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Go's `golang.org/x/mod/sumdb/note`.
    const VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = concat!(
        "If you think cryptography is the answer to your problem,\n",
        "then you don't know what your problem is.\n\n",
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n",
    );

    fn name(text: &str) -> KeyName {
        KeyName::new(text).unwrap()
    }

    fn seed(byte: u8) -> Secret<32> {
        Secret::from_fn(|bytes| bytes.fill(byte))
    }

    #[test]
    fn the_published_note_is_read_verified_and_written_again() {
        let (key, note) = (VerifierKey::parse(VKEY).unwrap(), Note::parse(NOTE.as_bytes()).unwrap());
        assert_eq!(note.verify(&[&key]), Ok(()));
        assert_eq!((note.to_string().as_str(), key.vkey().as_str()), (NOTE, VKEY));
        let other = VerifierKey::of_seed(name("PeterNeumann"), &seed(1));
        assert_eq!(note.verify(&[&other]), Err(Unverified::NoKnownKey), "the name alone is not enough");
        assert_eq!(note.verify(&[&other, &key]), Ok(()));
    }

    /// The seed of RFC 8032, 7.1, TEST 1.
    #[test]
    fn a_seed_signs_as_published() {
        let seed = crate::hex::decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").unwrap();
        let (public, signature) = ed25519(&Secret::from_slice(&seed).unwrap(), b"");
        let hex = crate::hex::encode_lower;
        assert_eq!(hex(&public), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        assert!(
            hex(&signature).starts_with("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb88215")
        );
    }

    #[test]
    fn one_wrong_signature_of_a_known_key_refuses_the_note() {
        let mut note = Note::new("text\n").unwrap();
        let good = note.sign(&name("till"), &seed(1));
        let wrong = VerifierKey::of_seed(name("till"), &seed(2));
        note.add(&wrong, vec![7; 64]);
        assert_eq!(note.verify(&[&good]), Ok(()), "a stranger's line is passed over");
        assert_eq!(note.verify(&[&wrong]), Err(Unverified::WrongSignature));
        assert_eq!(note.verify(&[&good, &wrong]), Err(Unverified::WrongSignature));
        assert_eq!(note.verify(&[]), Err(Unverified::NoKnownKey));
    }

    #[test]
    fn each_broken_rule_of_a_note_is_named() {
        use NoteRefused as R;
        let line = "— till AAAAAAE=\n";
        let many = format!("text\n\n{}", line.repeat(SIGNATURES_MAX + 1));
        let cases: [(&str, Vec<u8>, NoteRefused); 18] = [
            ("nothing", vec![], R::NoBlankLine),
            ("too long", vec![b'a'; NOTE_BYTES_MAX + 1], R::TooLong),
            ("not UTF-8", b"text\xff\n\n".to_vec(), R::NotUtf8),
            ("a tab", format!("te\txt\n\n{line}").into(), R::ControlCharacter),
            ("a carriage return", format!("text\r\n\n{line}").into(), R::ControlCharacter),
            ("no empty line", format!("text\n{line}").into(), R::NoBlankLine),
            ("no text", format!("\n\n{line}").into(), R::NoText),
            ("no signature", b"text\n\n".to_vec(), R::NoSignature),
            ("cut before its end", format!("text\n\n{}", line.trim_end()).into(), R::NoFinalNewline),
            ("too many", many.into(), R::TooManySignatures),
            ("a hyphen for the dash", b"text\n\n- till AAAAAAE=\n".to_vec(), R::SignatureLine),
            ("no name", "text\n\n— AAAAAAE=\n".into(), R::SignatureLine),
            ("an empty name", "text\n\n—  AAAAAAE=\n".into(), R::KeyName),
            ("a plus in the name", "text\n\n— a+b AAAAAAE=\n".into(), R::KeyName),
            ("a no-break space in the name", "text\n\n— a\u{a0}b AAAAAAE=\n".into(), R::KeyName),
            ("an id without a signature", "text\n\n— till AAAAAA==\n".into(), R::SignatureBytes),
            ("three words", "text\n\n— till AAAAAAE= x\n".into(), R::SignatureBytes),
            ("base 64 with a bit too many", "text\n\n— till AAAAAAF=\n".into(), R::SignatureBytes),
        ];
        for (case, bytes, rule) in cases {
            assert_eq!(Note::parse(&bytes), Err(rule), "{case}");
        }
        let at_limit = format!("text\n\nmore\n\n{}", line.repeat(SIGNATURES_MAX));
        let note = Note::parse(at_limit.as_bytes()).unwrap();
        assert_eq!((note.text(), note.signatures().len()), ("text\n\nmore\n", SIGNATURES_MAX));
        assert_eq!(Note::new("text"), Err(R::NoFinalNewline));
    }

    #[test]
    fn each_broken_key_is_refused() {
        use KeyRefused as R;
        let key = VerifierKey::of_seed(name("till"), &seed(1));
        let good = key.vkey();
        let with_bytes = |bytes: &[u8]| format!("till+00000000+{}", base64::encode(bytes));
        let upper = format!("till+{}+{}", good[5..13].to_uppercase(), &good[14..]);
        for (case, vkey, why) in [
            ("another name", good.replace("till", "tell"), R::WrongId),
            ("another id", good.replacen(&good[5..13], "00000000", 1), R::WrongId),
            ("an id in capitals", upper, R::WrongId),
            ("no id", "till".to_owned(), R::Malformed),
            ("no key", good[..13].to_owned(), R::Malformed),
            ("an empty key", "till+00000000+".to_owned(), R::Malformed),
            ("an empty name", good[4..].to_owned(), R::Malformed),
            ("not base 64", format!("{good}!"), R::Malformed),
            ("a byte short", with_bytes(&[1; 32]), R::NotAKey),
            ("a type unknown", with_bytes(&[4; 33]), R::UnknownType),
            ("no SubjectPublicKeyInfo", with_bytes(&[2; 92]), R::NotAKey),
        ] {
            assert_eq!(VerifierKey::parse(&vkey), Err(why), "{case}: {vkey}");
        }
        assert_eq!(VerifierKey::parse(&good), Ok(key));
    }
}
