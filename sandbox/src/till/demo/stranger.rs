//! Somebody who trusts nobody: checks a proof with the till's public key, a hash and a signature algorithm.
//!
//! Written from the formats' public pages (C2SP signed-note, tlog-checkpoint, tlog-proof; RFC 9162, 2.1.3.2) and not from
//! the core's own reader, of which it uses nothing. `docs/verify-it-yourself.md` is the same in Python.
//! Evidence: `mod tests` below, `sandbox/tests/till_proofs.rs`.

use ring::digest::{SHA256, digest};
use ring::signature::{ED25519, UnparsedPublicKey};

/// The algorithm byte of Ed25519 in a key of a signed note.
const ED25519_BYTE: u8 = 1;

/// What a proof shows once everything about it fits.
pub(in crate::till) struct Shown {
    /// The entry that was proved, byte for byte.
    pub event: Vec<u8>,
    /// How many entries the record had.
    pub size: u64,
}

/// Checks a proof against the first line of `public-key`.
pub(in crate::till) fn check(proof: &str, verifier_key: &str) -> Result<Shown, &'static str> {
    let (head, note) = proof.split_once("\n\n").ok_or("no checkpoint follows the proof")?;
    let (size, root) = signed_head(note, verifier_key)?;
    let mut lines = head.lines();
    if lines.next() != Some("c2sp.org/tlog-proof@v1") {
        return Err("another format");
    }
    let event = lines.next().and_then(|line| line.strip_prefix("extra ")).and_then(base64).ok_or("no event")?;
    let index =
        lines.next().and_then(|line| line.strip_prefix("index ")).and_then(|n| n.parse().ok()).ok_or("no index")?;
    let path = lines.map(|line| base64(line)?.try_into().ok()).collect::<Option<Vec<Hash>>>().ok_or("not hashes")?;
    let leaf = sha256(&[&[0], &event[..]]);
    if root_of(leaf, index, size, &path) != Some(root) {
        return Err("the hashes do not lead to the root");
    }
    Ok(Shown { event, size })
}

type Hash = [u8; 32];

/// What a certificate of erasure says, once it checks by the acquirer's key alone: the acquirer has signed the statement in
/// it, the statement names the key of the certificate, and that key has signed the certificate.
pub(super) fn erasure<'a>(certificate: &'a str, acquirers_key: &str) -> Result<&'a str, &'static str> {
    let (said, statement) = certificate.split_once("\n\n").ok_or("no statement follows")?;
    // The certificate's own signature stands below the statement's.
    let (statement, _) = statement.rsplit_once("\n\n").ok_or("no signature")?;
    let stated = signed_text(&format!("{statement}\n"), acquirers_key)?;
    let key = stated.lines().find_map(|line| line.strip_prefix("erasure key ")).ok_or("no erasure key")?;
    signed_text(certificate, key).map(|_| said)
}

/// Size and root of a checkpoint that this key has signed.
pub(in crate::till) fn signed_head(note: &str, verifier_key: &str) -> Result<(u64, Hash), &'static str> {
    let text = signed_text(note, verifier_key)?;
    let mut lines = text.lines();
    if lines.next() != verifier_key.split('+').next() {
        return Err("another till's checkpoint");
    }
    let size = lines.next().and_then(|line| line.parse().ok()).ok_or("no size")?;
    let root = lines.next().and_then(base64).and_then(|root| root.try_into().ok()).ok_or("no root")?;
    Ok((size, root))
}

/// The text of a note that this key has signed; its signatures stand below its last empty line.
fn signed_text(note: &str, verifier_key: &str) -> Result<String, &'static str> {
    // name+hash+key: the name may hold no plus, the key may.
    let mut parts = verifier_key.splitn(3, '+');
    let (name, id, key) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next());
    let key = key.and_then(base64).ok_or("no key")?;
    let expected = sha256(&[name.as_bytes(), b"\n", &key]);
    let id_fits = id.len() == 8 && u32::from_str_radix(id, 16).is_ok_and(|id| id.to_be_bytes() == expected[..4]);
    let (Some((&ED25519_BYTE, public_key)), true) = (key.split_first(), id_fits) else { return Err("no Ed25519 key") };

    let (text, signatures) = note.rsplit_once("\n\n").ok_or("no signature")?;
    let text = format!("{text}\n");
    let prefix = format!("\u{2014} {name} ");
    let mut ours = signatures.lines().filter_map(|line| base64(line.strip_prefix(&prefix)?));
    let is_signed = ours.any(|signature| {
        signature.get(..4) == Some(&expected[..4])
            && UnparsedPublicKey::new(&ED25519, public_key).verify(text.as_bytes(), &signature[4..]).is_ok()
    });
    if is_signed { Ok(text) } else { Err("not signed by this key") }
}

/// The root that a leaf and its path lead to (RFC 9162, 2.1.3.2).
fn root_of(leaf: Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in path {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            hash = sha256(&[&[1], sibling, &hash]);
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            hash = sha256(&[&[1], &hash, sibling]);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    (last == 0).then_some(hash)
}

fn sha256(parts: &[&[u8]]) -> Hash {
    let mut hash = Hash::default();
    hash.copy_from_slice(digest(&SHA256, &parts.concat()).as_ref());
    hash
}

/// RFC 4648, 4, with its padding.
fn base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    if !text.len().is_multiple_of(4) || text.len() - digits.len() > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len());
    let (mut held, mut bits) = (0_u32, 0);
    for digit in digits.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        (held, bits) = ((held << 6 | u32::from(value)) & 0xFFFF, bits + 6);
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key and a note of the Go project's package `sumdb/note`, from its documentation.
    const GO_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const GO_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn a_note_of_another_implementation_is_read_and_a_changed_one_is_not() {
        // It is signed and is no checkpoint: the signature is what is accepted first.
        assert_eq!(signed_head(GO_NOTE, GO_KEY), Err("another till's checkpoint"));
        assert_eq!(signed_head(&GO_NOTE.replace("answer", "Answer"), GO_KEY), Err("not signed by this key"));
        assert_eq!(signed_head(GO_NOTE, &GO_KEY.replace("c74f", "c74e")), Err("no Ed25519 key"));
    }

    #[test]
    fn a_path_leads_to_its_root_at_its_place_alone() {
        // Three leaves: ((a b) c).
        let [a, b, c] = [[1; 32], [2; 32], [3; 32]];
        let ab = sha256(&[&[1], &a, &b]);
        let root = sha256(&[&[1], &ab, &c]);
        let rows: &[(Hash, u64, u64, &[Hash], bool)] = &[
            (a, 0, 3, &[b, c], true),
            (b, 1, 3, &[a, c], true),
            (c, 2, 3, &[ab], true),
            (a, 1, 3, &[b, c], false),
            (c, 2, 3, &[ab, ab], false),
            (c, 2, 3, &[], false),
            (a, 0, 4, &[b, c], true),
            (a, 3, 3, &[b, c], false),
            (a, 0, 0, &[], false),
        ];
        for (leaf, index, size, path, leads) in rows {
            assert_eq!(root_of(*leaf, *index, *size, path) == Some(root), *leads, "{index} of {size}");
        }
    }

    #[test]
    fn base_64_is_read_as_it_is_written_elsewhere() {
        for (text, bytes) in
            [("", Some(&b""[..])), ("Zg==", Some(b"f")), ("Zm8=", Some(b"fo")), ("Zm9vYmFy", Some(b"foobar"))]
        {
            assert_eq!(base64(text).as_deref(), bytes, "{text}");
        }
        for text in ["Zg", "Z===", "Zm9v!mFy"] {
            assert_eq!(base64(text), None, "{text}");
        }
    }
}
