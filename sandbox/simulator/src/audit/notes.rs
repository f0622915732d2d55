//! Signed notes (C2SP signed-note) and base64 (RFC 4648), read from their texts: what an acquirer or a till has signed.
//!
//! It never signs. Evidence: `mod tests`.

use ring::digest::{SHA256, digest};
use ring::signature::{ED25519, UnparsedPublicKey};

use crate::trace::hex;

/// A note: its text, and the signature lines below it.
pub(super) struct Signed<'a> {
    pub text: &'a str,
    lines: Vec<(&'a str, Vec<u8>)>,
}

impl<'a> Signed<'a> {
    pub fn read(note: &'a str) -> Option<Self> {
        let blank = note.rfind("\n\n")?;
        let lines = note[blank + 2..].lines().map(|line| {
            let (name, signature) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
            Some((name, decoded(signature)?))
        });
        Some(Self { text: &note[..=blank], lines: lines.collect::<Option<_>>()? })
    }

    /// Whether this Ed25519 key, written as `name+id+key`, has signed it.
    pub fn is_by(&self, key: &str) -> bool {
        self.verifies(key).unwrap_or(false)
    }

    fn verifies(&self, key: &str) -> Option<bool> {
        let (name, rest) = key.split_once('+')?;
        let (id, bytes) = rest.split_once('+')?;
        let bytes = decoded(bytes)?;
        let whole = digest(&SHA256, &[name.as_bytes(), b"\n", &bytes].concat());
        let (kind, public) = bytes.split_first()?;
        if *kind != 1 || hex(&whole.as_ref()[..4]) != id {
            return None;
        }
        let public = UnparsedPublicKey::new(&ED25519, public);
        let is_its = |(signer, signature): &(&str, Vec<u8>)| {
            *signer == name
                && signature.get(..4).is_some_and(|start| hex(start) == id)
                && public.verify(self.text.as_bytes(), &signature[4..]).is_ok()
        };
        Some(self.lines.iter().any(is_its))
    }
}

/// Base64 with padding.
pub(super) fn decoded(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for digit in text.trim_end_matches('=').bytes() {
        let value = ALPHABET.iter().position(|known| *known == digit)?;
        (bits, count) = (bits << 6 | value as u32, count + 6);
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Some(bytes)
}

/// Signers for the auditor's own tests.
#[cfg(test)]
pub(super) mod signers {
    use ring::signature::{Ed25519KeyPair, KeyPair};

    use super::*;

    /// Somebody with a name and a key of this byte.
    pub fn public_key(name: &str, of: u8) -> String {
        let key = typed(of);
        format!("{name}+{}+{}", hex(&id(name, &key)), encoded(&key))
    }

    /// A text, and below it a signature for each.
    pub fn note(text: &str, signers: &[(&str, u8)]) -> String {
        let line = |(name, of): &(&str, u8)| {
            let signature = pair(*of).sign(text.as_bytes());
            let bytes = [&id(name, &typed(*of)), signature.as_ref()].concat();
            format!("\u{2014} {name} {}\n", encoded(&bytes))
        };
        format!("{text}\n{}", signers.iter().map(line).collect::<String>())
    }

    pub fn encoded(bytes: &[u8]) -> String {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
        let sixes = bits.as_bytes().chunks(6).map(|six| format!("{:0<6}", String::from_utf8_lossy(six)));
        sixes.map(|six| ALPHABET[usize::from_str_radix(&six, 2).expect("six bits")] as char).collect()
    }

    fn pair(of: u8) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[of; 32]).expect("32 bytes are a seed")
    }

    /// 1 for Ed25519, and the key.
    fn typed(of: u8) -> Vec<u8> {
        [&[1], pair(of).public_key().as_ref()].concat()
    }

    fn id(name: &str, key: &[u8]) -> Vec<u8> {
        digest(&SHA256, &[name.as_bytes(), b"\n", key].concat()).as_ref()[..4].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4648, section 10.
    #[test]
    fn base64_is_the_rfcs() {
        for (text, bytes) in [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYmFy", "foobar")] {
            assert_eq!(decoded(text).as_deref(), Some(bytes.as_bytes()));
        }
        assert_eq!(decoded("Zm9-"), None);
    }

    #[test]
    fn a_note_is_its_signers_and_no_other_text_is() {
        let note = signers::note("Gone.\n\nFor good.\n", &[("somebody", 7)]);
        let key = signers::public_key("somebody", 7);
        for (what, note, key, is_by) in [
            ("as it is", note.clone(), key.clone(), true),
            ("with another text", note.replace("Gone", "Here"), key.clone(), false),
            ("by another of the name", note.clone(), signers::public_key("somebody", 8), false),
            ("by another name", note.clone(), signers::public_key("nobody", 7), false),
            ("without a line", "Gone.\n\nFor good.\n\n".to_owned(), key, false),
        ] {
            assert_eq!(Signed::read(&note).is_some_and(|note| note.is_by(&key)), is_by, "{what}");
        }
    }
}
