//! Whatever a stranger hands over as a note, a key or a proof: a verdict, never a panic; and what is accepted is
//! written again as the very same bytes.

#![allow(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

use proptest::prelude::*;
use taptill::merkle::{
    Checkpoint, ConsistencyText, InclusionText, KeyName, Note, VerifierKey, base64, leaf_hash, node_hash,
};
use taptill::secret::Secret;

fn signed() -> (VerifierKey, Note) {
    let root = node_hash(&leaf_hash(b"one"), &leaf_hash(b"two"));
    let checkpoint = Checkpoint { origin: "shop/till".into(), size: 2, root, extensions: Vec::new() };
    let mut note = Note::new(&checkpoint.to_string()).unwrap();
    let key = note.sign(&KeyName::new("shop/till").unwrap(), &Secret::from_fn(|seed| seed.fill(9)));
    (key, note)
}

fn proofs() -> (VerifierKey, [String; 3]) {
    let (key, checkpoint) = signed();
    let proof = vec![leaf_hash(b"two")];
    let inclusion = InclusionText { extra: b"one".to_vec(), index: 0, proof: proof.clone(), checkpoint };
    let consistency = ConsistencyText { old_size: 1, proof, checkpoint: inclusion.checkpoint.clone() };
    let texts = [inclusion.checkpoint.to_string(), inclusion.to_string(), consistency.to_string()];
    (key, texts)
}

/// Reads the bytes as everything that they might be; what is read must be what was written.
fn is_judged(key: &VerifierKey, bytes: &[u8]) {
    if let Ok(note) = Note::parse(bytes) {
        assert_eq!(note.to_string().as_bytes(), bytes);
        let _verdict = note.verify(&[key]);
        if let Ok(checkpoint) = Checkpoint::parse(note.text()) {
            assert_eq!(checkpoint.to_string(), note.text());
        }
    }
    if let Ok(text) = InclusionText::parse(bytes) {
        assert_eq!(text.to_string().as_bytes(), bytes);
        let _verdict = text.verify(key);
    }
    if let Ok(text) = ConsistencyText::parse(bytes) {
        assert_eq!(text.to_string().as_bytes(), bytes);
        let _verdict = text.verify(key, &leaf_hash(b"one"));
    }
    if let Ok(text) = str::from_utf8(bytes) {
        if let Ok(key) = VerifierKey::parse(text) {
            assert_eq!(key.vkey(), text);
        }
        if let Some(decoded) = base64::decode(text) {
            assert_eq!(base64::encode(&decoded), text);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_judged(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        is_judged(&signed().0, &bytes);
    }

    #[test]
    fn any_lines_of_the_formats_are_judged(
        lines in proptest::collection::vec(
            prop_oneof![
                Just(String::new()), Just("c2sp.org/tlog-proof@v1".to_owned()), Just("shop/till".to_owned()),
                "extra [A-Za-z0-9+/]{0,8}={0,2}", "(index|old) [0-9+]{0,21}", "[A-Za-z0-9+/]{43}=",
                "\u{2014} [a-z +]{0,6} [A-Za-z0-9+/]{0,12}={0,2}", "[0-9]{1,20}",
            ],
            0..12,
        ),
    ) {
        let mut text = lines.join("\n");
        text.push('\n');
        is_judged(&signed().0, text.as_bytes());
    }

    #[test]
    fn true_texts_with_some_bytes_changed_are_judged_and_prove_nothing_else(
        which in 0_usize..3, spots in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let (key, texts) = proofs();
        let mut bytes = texts[which].clone().into_bytes();
        for (spot, byte) in spots {
            let place = spot.index(bytes.len());
            bytes[place] = byte;
        }
        is_judged(&key, &bytes);
        let unchanged = bytes == texts[which].as_bytes();
        let proves = match which {
            0 => Note::parse(&bytes).is_ok_and(|note| note.verify(&[&key]).is_ok()),
            1 => InclusionText::parse(&bytes).is_ok_and(|text| text.verify(&key).is_ok()),
            _ => ConsistencyText::parse(&bytes).is_ok_and(|text| text.verify(&key, &leaf_hash(b"one")).is_ok()),
        };
        prop_assert_eq!(proves, unchanged);
    }
}
