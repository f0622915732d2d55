//! What the terminal brings to a tap: common data, and a combination for each application and kernel.
//!
//! Source: EMV Contactless Book A, 5.2 and 5.8 (configuration data), Book B, 3.1 (limits of a combination).
//! The JSON form is checked whole: a combination that would name a kernel that is not built, or qualifiers
//! that contradict it, is refused with a typed error and its place in the list.
//!
//! It never holds keys or card data. Evidence: `mod tests` below.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::money::{AMOUNT_MINOR_MAX, Currency};

use super::capk::Environment;
use super::hex::{HexArray, HexBytes};
use super::kernel3::qualifiers::Ttq;

/// Everything that the terminal brings. Made by [`TerminalData::sandbox`] or from JSON, and checked then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawTerminalData", into = "RawTerminalData")]
pub struct TerminalData {
    environment: Environment,
    common: CommonData,
    combinations: Vec<Combination>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTerminalData {
    environment: Environment,
    common: CommonData,
    combinations: Vec<Combination>,
}

/// Data that is the same for all applications.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommonData {
    /// 9F1A: ISO 3166-1 number as four digits, `0156`.
    pub country: HexArray<2>,
    /// 5F2A and 5F36: the till's one currency.
    pub currency: Currency,
    /// 9F35: `22` is attended, merchant-controlled, online and offline (Book 4, Annex A1).
    pub terminal_type: HexArray<1>,
    /// 9F33 (Book 4, Annex A2).
    pub capabilities: HexArray<3>,
    /// 9F40 (Book 4, Annex A3).
    pub additional_capabilities: HexArray<5>,
    /// 9F1E: eight characters of ASCII.
    pub device_serial: String,
    /// 9F15: four digits (ISO 18245).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merchant_category: Option<HexArray<2>>,
    /// 9F16: at most fifteen characters of ASCII.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merchant_id: Option<String>,
    /// 9F1C: eight characters of ASCII.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminal_id: Option<String>,
    /// 9F4E: printable ASCII, at most 64 characters.
    pub merchant_name: String,
    /// 9F01: at most eleven digits, right-justified in six bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acquirer_id: Option<HexArray<6>>,
}

/// One application with the kernel that serves it (Book B, 3.1: a combination). Limits are in minor units of
/// the common currency; one that is absent does not limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Combination {
    /// The terminal's application identifier, 5 to 16 bytes: a beginning of the card's.
    pub aid: HexBytes,
    /// The kernel that serves it.
    pub kernel: u8,
    /// The kinds of payment.
    pub types: Vec<TransactionType>,
    /// Whether an amount of one unit of currency asks for the card's status online.
    #[serde(default)]
    pub status_check: bool,
    /// Whether an amount of zero is served.
    #[serde(default)]
    pub zero_amount: bool,
    /// From this amount on, contactless is not allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contactless_transaction_limit: Option<u64>,
    /// Above this amount, the issuer must be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contactless_floor_limit: Option<u64>,
    /// From this amount on, the cardholder must be verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cvm_required_limit: Option<u64>,
    /// 9F1B: the floor limit where there is none for contactless.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminal_floor_limit: Option<u32>,
    /// 9F66: terminal transaction qualifiers before the amount is known.
    pub ttq: Ttq,
    /// 9F09.
    pub application_version: HexArray<2>,
    /// Whether 9F29 of the directory is appended to the name in SELECT.
    #[serde(default)]
    pub extended_selection: bool,
}

/// The kind of payment, tag 9C (the first two digits of ISO 8583:1987 field 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransactionType {
    /// 00 Purchase.
    Purchase,
    /// 01 Cash.
    Cash,
    /// 09 Purchase with cashback.
    PurchaseWithCashback,
    /// 20 Refund.
    Refund,
}

impl TransactionType {
    /// The value of tag 9C.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Purchase => 0x00,
            Self::Cash => 0x01,
            Self::PurchaseWithCashback => 0x09,
            Self::Refund => 0x20,
        }
    }
}

/// Kernels that are built.
pub const KERNELS: &[u8] = &[3];

const COMBINATIONS_MAX: usize = 64;

impl TerminalData {
    /// Checks the parts against each other.
    ///
    /// # Errors
    /// [`TerminalDataError`], with the place in the list of combinations.
    pub fn new(
        environment: Environment,
        common: CommonData,
        combinations: Vec<Combination>,
    ) -> Result<Self, TerminalDataError> {
        common.check()?;
        if combinations.is_empty() || combinations.len() > COMBINATIONS_MAX {
            return Err(TerminalDataError::CombinationCount);
        }
        for (index, combination) in combinations.iter().enumerate() {
            let refuse = |fault| TerminalDataError::Combination { index, fault };
            combination.check().map_err(refuse)?;
            let same = |other: &Combination| other.aid == combination.aid && other.kernel == combination.kernel;
            if combinations[..index].iter().any(same) {
                return Err(refuse(CombinationFault::Repeated));
            }
        }
        Ok(Self { environment, common, combinations })
    }

    /// Reads and checks the JSON form.
    ///
    /// # Errors
    /// [`TerminalDataError`].
    pub fn from_json(text: &str) -> Result<Self, TerminalDataError> {
        let raw: RawTerminalData = serde_json::from_str(text)
            .map_err(|error| TerminalDataError::Json { line: error.line(), column: error.column() })?;
        Self::try_from(raw)
    }

    /// The sandbox's own: Visa on kernel 3 in CNY. Each payment goes online (floor limit 0), a card that can
    /// is authenticated as well, and up to 99 999.99 no verification is asked for.
    #[must_use]
    pub fn sandbox() -> Self {
        let visa = Combination {
            aid: HexBytes(vec![0xA0, 0x00, 0x00, 0x00, 0x03, 0x10, 0x10]),
            kernel: 3,
            types: vec![TransactionType::Purchase],
            status_check: false,
            zero_amount: false,
            contactless_transaction_limit: Some(100_000_000),
            contactless_floor_limit: Some(0),
            cvm_required_limit: Some(10_000_000),
            terminal_floor_limit: Some(0),
            ttq: Ttq([0x25, 0x00, 0x40, 0x00]),
            application_version: HexArray([0x00, 0x96]),
            extended_selection: false,
        };
        let common = CommonData {
            country: HexArray([0x01, 0x56]),
            currency: Currency::CNY,
            terminal_type: HexArray([0x22]),
            capabilities: HexArray([0x00, 0x48, 0x40]),
            additional_capabilities: HexArray([0x60, 0x00, 0x00, 0x50, 0x01]),
            device_serial: "TAPTILL1".to_owned(),
            merchant_category: Some(HexArray([0x59, 0x99])),
            merchant_id: None,
            terminal_id: None,
            merchant_name: "TAPTILL SANDBOX".to_owned(),
            acquirer_id: None,
        };
        Self::new(Environment::Sandbox, common, vec![visa]).expect("the sandbox's own data passes its own check")
    }

    /// Which CA keys are asked.
    #[must_use]
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// The common part.
    #[must_use]
    pub fn common(&self) -> &CommonData {
        &self.common
    }

    /// The combinations, in the terminal's order.
    #[must_use]
    pub fn combinations(&self) -> &[Combination] {
        &self.combinations
    }

    /// The same with the identity that the acquirer gave (9F1C and 9F16).
    ///
    /// # Errors
    /// [`TerminalDataError::Common`] when one does not fit its tag.
    pub fn with_identity(&self, terminal_id: &str, merchant_id: &str) -> Result<Self, TerminalDataError> {
        let mut common = self.common.clone();
        common.terminal_id = Some(terminal_id.to_owned());
        common.merchant_id = Some(merchant_id.to_owned());
        Self::new(self.environment, common, self.combinations.clone())
    }

    /// The same data, where every application that serves a purchase serves its refund as well.
    #[must_use]
    pub fn serving_refunds(&self) -> Self {
        let mut serving = self.clone();
        for combination in &mut serving.combinations {
            let types = &mut combination.types;
            if types.contains(&TransactionType::Purchase) && !types.contains(&TransactionType::Refund) {
                types.push(TransactionType::Refund);
            }
        }
        serving
    }
}

impl TryFrom<RawTerminalData> for TerminalData {
    type Error = TerminalDataError;

    fn try_from(raw: RawTerminalData) -> Result<Self, TerminalDataError> {
        Self::new(raw.environment, raw.common, raw.combinations)
    }
}

impl From<TerminalData> for RawTerminalData {
    fn from(data: TerminalData) -> Self {
        Self { environment: data.environment, common: data.common, combinations: data.combinations }
    }
}

impl CommonData {
    fn check(&self) -> Result<(), TerminalDataError> {
        let refuse = |tag| Err(TerminalDataError::Common { tag });
        let exactly_eight = |text: &str| text.len() == 8 && is_printable(text);
        if !is_decimal(&self.country.0) {
            return refuse("9F1A");
        }
        if !is_decimal(&self.terminal_type.0) {
            return refuse("9F35");
        }
        if !exactly_eight(&self.device_serial) {
            return refuse("9F1E");
        }
        if self.merchant_category.is_some_and(|category| !is_decimal(&category.0)) {
            return refuse("9F15");
        }
        if self.merchant_id.as_ref().is_some_and(|id| id.len() > 15 || !is_printable(id)) {
            return refuse("9F16");
        }
        if self.terminal_id.as_ref().is_some_and(|id| !exactly_eight(id)) {
            return refuse("9F1C");
        }
        if self.merchant_name.len() > 64 || !is_printable(&self.merchant_name) {
            return refuse("9F4E");
        }
        if self.acquirer_id.is_some_and(|id| !is_decimal(&id.0)) {
            return refuse("9F01");
        }
        Ok(())
    }
}

impl Combination {
    fn check(&self) -> Result<(), CombinationFault> {
        let limits = [self.contactless_transaction_limit, self.contactless_floor_limit, self.cvm_required_limit];
        if !(5..=16).contains(&self.aid.0.len()) {
            return Err(CombinationFault::AidLength);
        }
        if !KERNELS.contains(&self.kernel) {
            return Err(CombinationFault::KernelNotBuilt);
        }
        if self.types.is_empty() {
            return Err(CombinationFault::NoType);
        }
        if limits.into_iter().flatten().any(|limit| limit > AMOUNT_MINOR_MAX) {
            return Err(CombinationFault::LimitTooLarge);
        }
        // Book C-3, Annex A: the two demands of a transaction are set by pre-processing alone (?).
        if self.ttq.asks_online_cryptogram() || self.ttq.asks_verification() {
            return Err(CombinationFault::QualifiersPreset);
        }
        if !self.ttq.offers_qvsdc() {
            return Err(CombinationFault::QvsdcNotOffered);
        }
        Ok(())
    }
}

fn is_decimal(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| byte >> 4 < 10 && byte & 0x0F < 10)
}

fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| (0x20..0x7F).contains(&byte))
}

/// Why terminal data is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TerminalDataError {
    /// It is not the JSON that it should be.
    Json {
        /// From 1; 0 where unknown.
        line: usize,
        /// From 1; 0 where unknown.
        column: usize,
    },
    /// A common value does not fit its tag.
    Common {
        /// The tag, as `9F1E`.
        tag: &'static str,
    },
    /// There is no combination, or there are more than 64.
    CombinationCount,
    /// A combination is refused.
    Combination {
        /// Its place in the list, from 0.
        index: usize,
        /// What is wrong with it.
        fault: CombinationFault,
    },
}

/// Why a combination is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CombinationFault {
    /// An application identifier has 5 to 16 bytes.
    AidLength,
    /// This till has no such kernel.
    KernelNotBuilt,
    /// It serves no kind of payment.
    NoType,
    /// A limit has more than twelve digits.
    LimitTooLarge,
    /// 9F66 already demands what only the amount decides.
    QualifiersPreset,
    /// 9F66 does not offer qVSDC, which is all that kernel 3 does here.
    QvsdcNotOffered,
    /// The same application and kernel stand in the list before.
    Repeated,
}

impl fmt::Display for TerminalDataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json { line, column } => write!(f, "terminal data: line {line}, column {column} is not as agreed"),
            Self::Common { tag } => write!(f, "terminal data: the value of {tag} does not fit it"),
            Self::CombinationCount => f.write_str("terminal data: there must be 1 to 64 combinations"),
            Self::Combination { index, fault } => write!(f, "terminal data: combination {index}: {fault}"),
        }
    }
}

impl fmt::Display for CombinationFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AidLength => "the application identifier must have 5 to 16 bytes",
            Self::KernelNotBuilt => "this till has no such kernel",
            Self::NoType => "it serves no kind of payment",
            Self::LimitTooLarge => "a limit has more than twelve digits",
            Self::QualifiersPreset => "9F66 must not demand what only the amount decides",
            Self::QvsdcNotOffered => "9F66 must offer qVSDC",
            Self::Repeated => "the same application and kernel stand in the list before",
        })
    }
}

impl std::error::Error for TerminalDataError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_form_is_the_same_data() {
        let data = TerminalData::sandbox();
        let text = serde_json::to_string(&data).unwrap();
        assert_eq!(TerminalData::from_json(&text), Ok(data));
    }

    #[test]
    fn contradictions_are_refused_with_their_place() {
        type Change = fn(&mut Combination);
        let rows: [(Change, CombinationFault); 8] = [
            (|it| it.aid.0.truncate(4), CombinationFault::AidLength),
            (|it| it.aid.0.resize(17, 0), CombinationFault::AidLength),
            (|it| it.kernel = 2, CombinationFault::KernelNotBuilt),
            (|it| it.types.clear(), CombinationFault::NoType),
            (|it| it.cvm_required_limit = Some(AMOUNT_MINOR_MAX + 1), CombinationFault::LimitTooLarge),
            (|it| it.ttq.0[1] = 0x80, CombinationFault::QualifiersPreset),
            (|it| it.ttq.0[1] = 0x40, CombinationFault::QualifiersPreset),
            (|it| it.ttq.0[0] = 0x00, CombinationFault::QvsdcNotOffered),
        ];
        let good = TerminalData::sandbox();
        for (change, fault) in rows {
            let mut other = good.combinations()[0].clone();
            other.aid.0.push(0x01);
            change(&mut other);
            let list = vec![good.combinations()[0].clone(), other];
            let verdict = TerminalData::new(Environment::Sandbox, good.common().clone(), list);
            assert_eq!(verdict, Err(TerminalDataError::Combination { index: 1, fault }));
        }
        let twice = vec![good.combinations()[0].clone(); 2];
        let verdict = TerminalData::new(Environment::Sandbox, good.common().clone(), twice);
        assert_eq!(verdict, Err(TerminalDataError::Combination { index: 1, fault: CombinationFault::Repeated }));
    }

    #[test]
    fn values_that_do_not_fit_their_tag_are_refused() {
        type Change = fn(&mut CommonData);
        let rows: [(Change, &str); 7] = [
            (|it| it.country = HexArray([0x01, 0x5A]), "9F1A"),
            (|it| it.terminal_type = HexArray([0x2F]), "9F35"),
            (|it| it.device_serial = "SHORT".to_owned(), "9F1E"),
            (|it| it.merchant_category = Some(HexArray([0xAA, 0x00])), "9F15"),
            (|it| it.merchant_id = Some("1234567890123456".to_owned()), "9F16"),
            (|it| it.terminal_id = Some("1234567".to_owned()), "9F1C"),
            (|it| it.merchant_name = "caf\u{e9}".to_owned(), "9F4E"),
        ];
        for (change, tag) in rows {
            let good = TerminalData::sandbox();
            let mut common = good.common().clone();
            change(&mut common);
            let verdict = TerminalData::new(Environment::Sandbox, common, good.combinations().to_vec());
            assert_eq!(verdict, Err(TerminalDataError::Common { tag }));
        }
    }

    #[test]
    fn the_acquirers_identity_takes_its_place_or_is_refused() {
        let data = TerminalData::sandbox();
        let named = data.with_identity("SBX00001", "SANDBOX00000001").unwrap();
        assert_eq!(named.common().terminal_id.as_deref(), Some("SBX00001"));
        assert_eq!(named.common().merchant_id.as_deref(), Some("SANDBOX00000001"));
        for (terminal, merchant, tag) in
            [("SBX0001", "SANDBOX00000001", "9F1C"), ("SBX00001", "SANDBOX000000012", "9F16")]
        {
            assert_eq!(data.with_identity(terminal, merchant).err(), Some(TerminalDataError::Common { tag }));
        }
    }
}
