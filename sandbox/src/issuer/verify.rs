//! What an issuer does with a request: recompute the cryptogram, compare, and answer the card.
//!
//! It never says what the right cryptogram would have been. Evidence: `sandbox/tests/issuer_vectors.rs`.

use std::fmt;

use taptill::card::Pan;
use taptill::secret::same_bytes;

use super::chip_data::{ChipData, ChipDataError};
use super::cryptogram::{Cryptogram, CryptogramInput, CryptogramVersion, arpc_method_1, arpc_method_2};
use super::keys::{IccMasterKey, IssuerMasterKey};

/// A request whose cryptogram the issuer has recomputed and found right.
pub struct VerifiedRequest {
    key: IccMasterKey,
    cryptogram: Cryptogram,
    version: CryptogramVersion,
    kind: RequestedKind,
    atc: u16,
}

/// What the card decided, by its verification results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestedKind {
    /// ARQC: ask the issuer.
    Authorisation,
    /// TC: approved by the card.
    Approved,
    /// AAC: declined by the card.
    Declined,
}

/// Recomputes the cryptogram in the chip data (ISO 8583 field 55) of a request and compares.
///
/// `pan_sequence` is 0 to 99; `None`, as for a card without one, counts as 0.
///
/// # Errors
/// [`ArqcError::ChipData`] for data that no issuer could use, [`ArqcError::UnknownVersion`] for a recipe
/// that this issuer's cards do not have, [`ArqcError::Wrong`] when the cryptogram is another.
pub fn verify_arqc(
    issuer: &IssuerMasterKey,
    pan: &Pan,
    pan_sequence: Option<u8>,
    chip_data: &[u8],
) -> Result<VerifiedRequest, ArqcError> {
    let data = ChipData::parse(chip_data)?;
    let input = input_from(&data)?;
    let [_, _, number, results @ ..] = input.issuer_application_data;
    let version = CryptogramVersion::from_number(number).ok_or(ArqcError::UnknownVersion { number })?;
    let kind = kind_from(results)?;
    let received: Cryptogram = data.fixed(0x9F26)?;
    let key = issuer.icc_master_key(pan, pan_sequence.unwrap_or(0));
    if !same_bytes(&received, &input.cryptogram(version, &key)) {
        return Err(ArqcError::Wrong);
    }
    Ok(VerifiedRequest { key, cryptogram: received, version, kind, atc: input.atc })
}

impl VerifiedRequest {
    /// The application transaction counter; an issuer refuses one that it has seen.
    #[must_use]
    pub fn atc(&self) -> u16 {
        self.atc
    }

    /// What the card decided.
    #[must_use]
    pub fn kind(&self) -> RequestedKind {
        self.kind
    }

    /// The recipe of the cryptogram.
    #[must_use]
    pub fn version(&self) -> CryptogramVersion {
        self.version
    }

    /// The value of tag 91 for a response code of two characters: by method 1 the answer and the code, by
    /// method 2 the answer and a card status update that says whether the issuer approved.
    #[must_use]
    pub fn issuer_authentication_data(&self, response_code: [u8; 2]) -> Vec<u8> {
        match self.version {
            CryptogramVersion::Visa10 => {
                [&arpc_method_1(&self.key, self.cryptogram, response_code)[..], &response_code].concat()
            }
            CryptogramVersion::Visa18 => {
                // EMV Common Core Definitions: byte 2 bit 8 of the status update says "issuer approves".
                let approved = if response_code == *b"00" { 0x80 } else { 0x00 };
                let status = [0x00, approved, 0x00, 0x00];
                let session = self.key.common_session_key(self.atc);
                [arpc_method_2(&session, self.cryptogram, status), status].concat()
            }
        }
    }
}

fn input_from(data: &ChipData<'_>) -> Result<CryptogramInput, ChipDataError> {
    let [transaction_type] = data.fixed(0x9C)?;
    Ok(CryptogramInput {
        amount: data.fixed(0x9F02)?,
        amount_other: data.fixed(0x9F03)?,
        country: data.fixed(0x9F1A)?,
        tvr: data.fixed(0x95)?,
        currency: data.fixed(0x5F2A)?,
        date: data.fixed(0x9A)?,
        transaction_type,
        unpredictable_number: data.fixed(0x9F37)?,
        aip: data.fixed(0x82)?,
        atc: u16::from_be_bytes(data.fixed(0x9F36)?),
        issuer_application_data: data.fixed(0x9F10)?,
    })
}

/// Bits 6 and 5 of the second byte of the verification results hold the cryptogram of the first request.
fn kind_from(results: [u8; 4]) -> Result<RequestedKind, ArqcError> {
    match results[1] >> 4 & 0b11 {
        0b00 => Ok(RequestedKind::Declined),
        0b01 => Ok(RequestedKind::Approved),
        0b10 => Ok(RequestedKind::Authorisation),
        _ => Err(ArqcError::UnknownDecision),
    }
}

/// Why a request's cryptogram is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArqcError {
    /// The chip data cannot be used.
    ChipData(ChipDataError),
    /// The cryptogram is of a recipe that this issuer's cards do not have.
    UnknownVersion {
        /// The version number in tag 9F10.
        number: u8,
    },
    /// The card verification results name no decision (bits 6 and 5 both set are reserved).
    UnknownDecision,
    /// The card did not make this cryptogram over these data.
    Wrong,
}

impl From<ChipDataError> for ArqcError {
    fn from(error: ChipDataError) -> Self {
        Self::ChipData(error)
    }
}

impl fmt::Display for ArqcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChipData(error) => error.fmt(f),
            Self::UnknownVersion { number } => write!(f, "cryptogram version {number} is not this issuer's"),
            Self::UnknownDecision => f.write_str("the card verification results name no decision"),
            Self::Wrong => f.write_str("the cryptogram is not the one that this card makes over these data"),
        }
    }
}

impl std::error::Error for ArqcError {}
