//! The issuer's arithmetic against values that other software made.
//!
//! `fixtures/paycrypto.json` names its makers (pyemv 1.5.0, psec 1.3.0; rows marked cross were recomputed
//! with a third). No value here was made by this project.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use serde_json::Value;
use taptill::card::Pan;
use taptill_sandbox::issuer::{
    ArqcError, ChipDataError, CryptogramInput, CryptogramVersion, IccMasterKey, IssuerMasterKey, RequestedKind,
    arpc_method_1, arpc_method_2, verify_arqc,
};

struct Vectors(Value);

impl Vectors {
    fn read() -> Self {
        Self(serde_json::from_str(include_str!("../fixtures/paycrypto.json")).unwrap())
    }

    fn input<const N: usize>(&self, name: &str) -> [u8; N] {
        bytes(self.0["inputs"][name].as_str().unwrap()).try_into().unwrap()
    }

    fn value(&self, name: &str) -> Vec<u8> {
        bytes(self.0["values"][name].as_str().unwrap_or_else(|| panic!("no vector {name}")))
    }

    fn pan(&self) -> Pan {
        Pan::from_ascii(self.0["inputs"]["pan"].as_str().unwrap().as_bytes()).unwrap()
    }

    fn key(&self) -> IccMasterKey {
        IssuerMasterKey::from_bytes(self.input("imk")).icc_master_key(&self.pan(), 1)
    }

    fn transaction(&self, issuer_application_data: [u8; 7]) -> CryptogramInput {
        CryptogramInput {
            amount: self.input("9F02"),
            amount_other: self.input("9F03"),
            country: self.input("9F1A"),
            tvr: self.input("95"),
            currency: self.input("5F2A"),
            date: self.input("9A"),
            transaction_type: self.input::<1>("9C")[0],
            unpredictable_number: self.input("un"),
            aip: self.input("82"),
            atc: u16::from_be_bytes(self.input("atc")),
            issuer_application_data,
        }
    }
}

const IAD_10: [u8; 7] = [0x06, 0x01, 0x0A, 0x03, 0xA0, 0x00, 0x00];
const IAD_18: [u8; 7] = [0x06, 0x01, 0x12, 0x03, 0xA0, 0x00, 0x00];

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn keys_derive_as_elsewhere() {
    let vectors = Vectors::read();
    let option_a = vectors.key();
    assert_eq!(option_a.expose()[..], vectors.value("icc_master_key_option_a (cross)"));
    assert_eq!(option_a.common_session_key(1).expose()[..], vectors.value("emv_common_session_key (cross)"));
    let long = Pan::from_ascii(b"6210948000000011123").unwrap();
    let option_b = IssuerMasterKey::from_bytes(vectors.input("imk")).icc_master_key(&long, 1);
    assert_eq!(option_b.expose()[..], vectors.value("icc_master_key_option_b, PAN 6210948000000011123"));
}

#[test]
fn cryptograms_are_made_as_elsewhere() {
    let vectors = Vectors::read();
    let older = vectors.transaction(IAD_10).cryptogram(CryptogramVersion::Visa10, &vectors.key());
    assert_eq!(older[..], vectors.value("visa_cvn10_arqc, CVR 03A00000, zero padding, master key (cross)"));
    let newer = vectors.transaction(IAD_18).cryptogram(CryptogramVersion::Visa18, &vectors.key());
    assert_eq!(newer[..], vectors.value("visa_cvn18_arqc, IAD 06011203A00000, 80 padding, session key (cross)"));
}

#[test]
fn answers_are_made_as_elsewhere() {
    let vectors = Vectors::read();
    let key = vectors.key();
    let older = vectors.value("visa_cvn10_arqc, CVR 03A00000, zero padding, master key (cross)").try_into().unwrap();
    let newer =
        vectors.value("visa_cvn18_arqc, IAD 06011203A00000, 80 padding, session key (cross)").try_into().unwrap();
    assert_eq!(arpc_method_1(&key, older, *b"00")[..], vectors.value("arpc_method_1, ARC 00 (cross)"));
    let session = key.common_session_key(1);
    assert_eq!(
        arpc_method_2(&session, newer, [0x00, 0x82, 0x00, 0x00])[..],
        vectors.value("arpc_method_2, CSU 00820000 (cross)")
    );
}

/// The chip data of the vectors' transaction, with one object replaced or left out.
fn chip_data(iad: [u8; 7], cryptogram: &[u8], change: Option<(&str, &str)>) -> Vec<u8> {
    let objects = [
        ("9F26", hex(cryptogram)),
        ("9F10", hex(&iad)),
        ("9F36", "0001".to_owned()),
        ("9F37", "ABABABAB".to_owned()),
        ("9F02", "000000009000".to_owned()),
        ("9F03", "000000000000".to_owned()),
        ("9F1A", "0840".to_owned()),
        ("95", "0000000000".to_owned()),
        ("5F2A", "0840".to_owned()),
        ("9A", "200316".to_owned()),
        ("9C", "00".to_owned()),
        ("82", "2000".to_owned()),
    ];
    let mut written = Vec::new();
    for (tag, value) in objects {
        let value = bytes(change.filter(|(changed, _)| *changed == tag).map_or(value.as_str(), |(_, other)| other));
        written.extend(bytes(tag));
        written.push(u8::try_from(value.len()).unwrap());
        written.extend(value);
    }
    written
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

#[test]
fn a_request_is_verified_and_answered() {
    let vectors = Vectors::read();
    let issuer = IssuerMasterKey::sandbox();
    for (iad, vector, answered, answer) in [
        (
            IAD_10,
            "visa_cvn10_arqc, CVR 03A00000, zero padding, master key (cross)",
            "arpc_method_1, ARC 00 (cross)",
            "3030",
        ),
        (IAD_18, "visa_cvn18_arqc, IAD 06011203A00000, 80 padding, session key (cross)", "", "00800000"),
    ] {
        let data = chip_data(iad, &vectors.value(vector), None);
        let verified = verify_arqc(&issuer, &vectors.pan(), Some(1), &data).unwrap();
        assert_eq!((verified.atc(), verified.kind()), (1, RequestedKind::Authorisation));
        let approval = verified.issuer_authentication_data(*b"00");
        assert!(hex(&approval).ends_with(answer));
        if !answered.is_empty() {
            assert!(approval.starts_with(&vectors.value(answered)));
        }
        assert_ne!(approval, verified.issuer_authentication_data(*b"05"));
    }
}

#[test]
fn a_request_with_anything_changed_is_refused() {
    let vectors = Vectors::read();
    let arqc = vectors.value("visa_cvn18_arqc, IAD 06011203A00000, 80 padding, session key (cross)");
    let issuer = IssuerMasterKey::sandbox();
    let rows = [
        ("9F26", "361F3AA54F4647B0", ArqcError::Wrong),
        ("9F36", "0002", ArqcError::Wrong),
        ("9F37", "ABABABAA", ArqcError::Wrong),
        ("9F02", "000000009001", ArqcError::Wrong),
        ("9F03", "000000000001", ArqcError::Wrong),
        ("9F1A", "0156", ArqcError::Wrong),
        ("95", "0000000001", ArqcError::Wrong),
        ("5F2A", "0156", ArqcError::Wrong),
        ("9A", "200317", ArqcError::Wrong),
        ("9C", "20", ArqcError::Wrong),
        ("82", "2001", ArqcError::Wrong),
        ("9F10", "06011203900000", ArqcError::Wrong),
        ("9F10", "06011203B00000", ArqcError::UnknownDecision),
        ("9F10", "06011103A00000", ArqcError::UnknownVersion { number: 0x11 }),
        ("9F10", "06011203A000", ArqcError::ChipData(ChipDataError::WrongLength { tag: 0x9F10 })),
        ("9F26", "361F3AA54F4647", ArqcError::ChipData(ChipDataError::WrongLength { tag: 0x9F26 })),
    ];
    for (tag, value, verdict) in rows {
        let data = chip_data(IAD_18, &arqc, Some((tag, value)));
        let refused = verify_arqc(&issuer, &vectors.pan(), Some(1), &data).err();
        assert_eq!(refused, Some(verdict), "{tag} {value}");
    }
    let data = chip_data(IAD_18, &arqc, None);
    assert_eq!(verify_arqc(&issuer, &vectors.pan(), None, &data).err(), Some(ArqcError::Wrong), "sequence number");
    let other = Pan::from_ascii(b"4761739001010119").unwrap();
    assert_eq!(verify_arqc(&issuer, &other, Some(1), &data).err(), Some(ArqcError::Wrong), "card number");
    let lacking = verify_arqc(&issuer, &vectors.pan(), Some(1), &data[11..]).err();
    assert_eq!(lacking, Some(ArqcError::ChipData(ChipDataError::Missing { tag: 0x9F26 })));
}
