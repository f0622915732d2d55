//! MACs, keys and check values agree with values that were not made by this code.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use taptill::paycrypto::{KeyError, KeyUsage, MacAlgorithm, MacKey, MasterKey, Padding, mac};

fn unhex(text: &str) -> Vec<u8> {
    taptill::hex::decode(text).unwrap()
}

fn code(algorithm: MacAlgorithm, key: &[u8], data: &[u8]) -> Vec<u8> {
    mac(algorithm, &MacKey::new(key).unwrap(), data).unwrap().bytes().to_vec()
}

#[test]
fn the_sale_has_the_macs_computed_elsewhere() {
    let vector: serde_json::Value = serde_json::from_str(include_str!("vectors/iso8583-0200-unionpay.json")).unwrap();
    let packed = unhex(vector["packed"].as_str().unwrap());
    let macs = &vector["mac"];
    let range = &packed[..usize::try_from(macs["range_bytes"].as_u64().unwrap()).unwrap()];
    let double = unhex(macs["key"].as_str().unwrap());
    let text = |name: &str| macs[name].as_str().unwrap().to_owned();
    for (algorithm, key, verdict) in [
        (MacAlgorithm::X9_19(Padding::Zeros), &double[..], unhex(&text("x9_19_pad1"))),
        (MacAlgorithm::X9_19(Padding::BitThenZeros), &double, unhex(&text("x9_19_pad2"))),
        (MacAlgorithm::UnionPayEcb, &double, text("unionpay_ecb_double_length_key").into_bytes()),
        (MacAlgorithm::UnionPayEcb, &double[..8], text("unionpay_ecb_single_length_key_0123456789ABCDEF").into_bytes()),
    ] {
        assert_eq!(code(algorithm, key, range), verdict, "{algorithm:?}");
    }
}

#[test]
fn published_codes_are_met() {
    let retail = b"AAAAAAAABBBBBBBB";
    let nist_aes = unhex("2B7E151628AED2A6ABF7158809CF4F3C");
    let rows = [
        // ISO/IEC 9797-1 algorithm 3, both paddings.
        (MacAlgorithm::X9_19(Padding::Zeros), &retail[..], &b"hello world"[..], "3DDE5C5511661CBF"),
        (MacAlgorithm::X9_19(Padding::BitThenZeros), retail, b"hello world", "E16941032C3BC7D4"),
        // FIPS 113, appendix: "7654321 Now is the time for ".
        (
            MacAlgorithm::X9_9(Padding::Zeros),
            &[0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF],
            b"7654321 Now is the time for ",
            "F1D30F6849312CA4",
        ),
        // NIST SP 800-38B, appendix D.1, examples 1 and 2.
        (MacAlgorithm::AesCmac, &nist_aes, b"", "BB1D6929E95937287FA37D129B756746"),
        (
            MacAlgorithm::AesCmac,
            &nist_aes,
            &[0x6B, 0xC1, 0xBE, 0xE2, 0x2E, 0x40, 0x9F, 0x96, 0xE9, 0x3D, 0x7E, 0x11, 0x73, 0x93, 0x17, 0x2A],
            "070A16B46B4D4144F79BDD9DD04A287C",
        ),
    ];
    for (algorithm, key, data, verdict) in rows {
        assert_eq!(code(algorithm, key, data), unhex(verdict), "{algorithm:?}");
    }
}

/// RFC 4231, test case 2 has a four-byte key, which is refused here; test case 1's key is filled to 32 bytes by the
/// zeros that HMAC itself would append.
#[test]
fn hmac_meets_rfc_4231() {
    let mut key = [0; 32];
    key[..20].fill(0x0B);
    let verdict = "B0344C61D8DB38535CA8AFCEAF0BF12B881DC200C9833DA726E9376C2E32CFF7";
    assert_eq!(code(MacAlgorithm::HmacSha256, &key, b"Hi There"), unhex(verdict));
}

#[test]
fn padding_method_1_adds_nothing_to_whole_blocks_and_one_block_to_nothing() {
    let key = b"AAAAAAAABBBBBBBB";
    for algorithm in [MacAlgorithm::X9_19(Padding::Zeros), MacAlgorithm::CbcTdes(Padding::Zeros)] {
        assert_eq!(code(algorithm, key, b"1234567"), code(algorithm, key, b"1234567\0"));
        assert_eq!(code(algorithm, key, b""), code(algorithm, key, &[0; 8]));
    }
    let cbc = |padding| code(MacAlgorithm::CbcTdes(padding), key, b"12345678");
    assert_ne!(cbc(Padding::Zeros), cbc(Padding::BitThenZeros));
}

#[test]
fn a_key_that_does_not_fit_its_algorithm_is_refused() {
    for (algorithm, bytes) in [
        (MacAlgorithm::UnionPayEcb, 32),
        (MacAlgorithm::X9_9(Padding::Zeros), 16),
        (MacAlgorithm::X9_9(Padding::Zeros), 32),
        (MacAlgorithm::X9_19(Padding::Zeros), 8),
        (MacAlgorithm::X9_19(Padding::BitThenZeros), 32),
        (MacAlgorithm::CbcTdes(Padding::Zeros), 8),
        (MacAlgorithm::AesCmac, 8),
        (MacAlgorithm::HmacSha256, 8),
    ] {
        let refused = mac(algorithm, &MacKey::new(&vec![0x5A; bytes]).unwrap(), b"x").err();
        assert_eq!(refused, Some(KeyError::Length { usage: KeyUsage::Mac, bytes }), "{algorithm:?}");
    }
    for bytes in [0, 7, 9, 15, 17, 24, 33] {
        assert_eq!(MacKey::new(&vec![0; bytes]).err(), Some(KeyError::Length { usage: KeyUsage::Mac, bytes }));
        let refused = MasterKey::new(&vec![0; bytes]).err();
        assert_eq!(refused, Some(KeyError::Length { usage: KeyUsage::Master, bytes }));
    }
}

#[test]
fn a_short_or_changed_code_does_not_match() {
    let tag = mac(MacAlgorithm::UnionPayEcb, &MacKey::new(b"AAAAAAAA").unwrap(), b"message").unwrap();
    let code = tag.bytes().to_vec();
    assert!(tag.matches(&code) && tag.matches(&code[..4]));
    assert!(!tag.matches(&code[..3]), "three bytes are too few to compare");
    assert!(!tag.matches(&[code.clone(), vec![0]].concat()), "nine bytes are more than there are");
    for at in 0..code.len() {
        let mut changed = code.clone();
        changed[at] ^= 1;
        assert!(!tag.matches(&changed), "byte {at}");
    }
}

#[test]
fn check_values_are_enciphered_zeros() {
    // DES of zeros under 0123456789ABCDEF, and two-key TDES under the key of the vectors.
    assert_eq!(MasterKey::new(&unhex("0123456789ABCDEF")).unwrap().check_value(), unhex("D5D44FF7")[..]);
    assert_eq!(
        MasterKey::new(&unhex("0123456789ABCDEFFEDCBA9876543210")).unwrap().check_value(),
        unhex("08D7B4FB")[..]
    );
}
