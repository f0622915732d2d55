//! What a batch adds up to: how many and how much, by currency, by kind and by the card's brand.
//!
//! A sale that was voided counts as a sale and as a void; one that was reversed counts nowhere. Sums are minor
//! units of their currency; what would leave 64 bits is an error and not a wrap. The brand follows from the first
//! five bytes of the application's id (EMV Book 1, 12.2.1: the registered application provider), or from the label
//! where a reader gives no id; both are data of the card and decide nothing.
//!
//! It never rounds and never adds two currencies. Evidence: `mod tests`, `tests/settle_rules.rs`.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorCode};
use crate::money::{Amount, Currency};

/// What a record of a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// The customer pays.
    Sale,
    /// A sale of the same batch is taken back whole.
    Void,
    /// A part or the whole of a sale is given back.
    Refund,
}

impl RecordKind {
    /// The stable word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sale => "sale",
            Self::Void => "void",
            Self::Refund => "refund",
        }
    }
}

/// How many and how much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sum {
    /// How many records.
    pub count: u64,
    /// Their amounts together, in minor units.
    pub minor: u64,
}

/// The sums of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindSums {
    /// Of sales, voided ones among them.
    pub sale: Sum,
    /// Of voids.
    pub void: Sum,
    /// Of refunds.
    pub refund: Sum,
}

/// What a card's brand has of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrandTotals {
    /// Whose cards.
    pub brand: Brand,
    /// How many and how much.
    pub sums: KindSums,
}

/// What a currency has of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CurrencyTotals {
    /// Which currency.
    pub currency: Currency,
    /// How many and how much.
    pub sums: KindSums,
    /// The same by brand, in the order of the brands.
    pub brands: Vec<BrandTotals>,
}

/// What a batch adds up to, in the order of the currencies' codes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Totals(pub Vec<CurrencyTotals>);

impl Sum {
    fn add(&mut self, minor: u64) -> Result<(), Error> {
        let more = |value: u64, by: u64| value.checked_add(by).ok_or_else(|| Error::from(ErrorCode::AmountTooLarge));
        (self.count, self.minor) = (more(self.count, 1)?, more(self.minor, minor)?);
        Ok(())
    }
}

impl KindSums {
    /// How many records there are in all.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.sale.count + self.void.count + self.refund.count
    }

    /// What the shop gets, in minor units: sales less voids and refunds. Below zero the shop owes it.
    #[must_use]
    pub fn net_minor(&self) -> i128 {
        i128::from(self.sale.minor) - i128::from(self.void.minor) - i128::from(self.refund.minor)
    }

    fn of(&mut self, kind: RecordKind) -> &mut Sum {
        match kind {
            RecordKind::Sale => &mut self.sale,
            RecordKind::Void => &mut self.void,
            RecordKind::Refund => &mut self.refund,
        }
    }
}

impl Totals {
    /// Adds one record.
    ///
    /// # Errors
    /// `amount_too_large` where a sum would leave 64 bits; the totals are then not to be used.
    pub fn add(&mut self, kind: RecordKind, amount: Amount, brand: Brand) -> Result<(), Error> {
        planted!(
            TotalsMiscounted,
            if kind == RecordKind::Void {
                return Ok(());
            }
        );
        let totals = self.currency_mut(amount.currency());
        totals.sums.of(kind).add(amount.minor())?;
        totals.brand_mut(brand).sums.of(kind).add(amount.minor())
    }

    /// The sums of one currency; all zero where there is no record of it.
    #[must_use]
    pub fn of(&self, currency: Currency) -> KindSums {
        self.0.iter().find(|totals| totals.currency == currency).map(|totals| totals.sums).unwrap_or_default()
    }

    /// How many records there are in all.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.0.iter().map(|totals| totals.sums.records()).sum()
    }

    fn currency_mut(&mut self, currency: Currency) -> &mut CurrencyTotals {
        let place = self.0.binary_search_by(|totals| totals.currency.code().cmp(currency.code()));
        let place = place.unwrap_or_else(|place| {
            self.0.insert(place, CurrencyTotals { currency, sums: KindSums::default(), brands: Vec::new() });
            place
        });
        &mut self.0[place]
    }
}

impl CurrencyTotals {
    fn brand_mut(&mut self, brand: Brand) -> &mut BrandTotals {
        let place = self.brands.binary_search_by_key(&brand, |totals| totals.brand).unwrap_or_else(|place| {
            self.brands.insert(place, BrandTotals { brand, sums: KindSums::default() });
            place
        });
        &mut self.brands[place]
    }
}

macro_rules! brands {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $name:literal, [$($rid:literal)*], [$($label:literal)*];)+) => {
        /// Whose card it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Brand {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)+
            /// None of them, or not known.
            #[serde(rename = "other")]
            Other,
        }

        impl Brand {
            /// The stable word, as in JSON.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ Self::Other => "other" }
            }

            /// The name as it is printed.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ Self::Other => "Other" }
            }

            fn of_aid(aid: &str) -> Option<Self> {
                let rids: &[(&str, Self)] = &[$($(($rid, Self::$variant),)*)+];
                rids.iter().find(|(rid, _)| aid.starts_with(rid)).map(|(_, brand)| *brand)
            }

            fn of_label(label: &str) -> Option<Self> {
                let labels: &[(&str, Self)] = &[$($(($label, Self::$variant),)*)+];
                let label = label.trim().to_ascii_uppercase();
                labels.iter().find(|(word, _)| label.starts_with(word)).map(|(_, brand)| *brand)
            }
        }
    };
}

brands! {
    /// American Express.
    Amex = "amex", "American Express", ["A000000025"], ["AMERICAN EXPRESS" "AMEX"];
    /// Discover and Diners Club.
    Discover = "discover", "Discover", ["A000000152" "A000000324"], ["DISCOVER" "DINERS"];
    /// JCB.
    Jcb = "jcb", "JCB", ["A000000065"], ["JCB"];
    /// Mastercard and Maestro.
    Mastercard = "mastercard", "Mastercard", ["A000000004"], ["MASTERCARD" "MAESTRO"];
    /// UnionPay.
    Unionpay = "unionpay", "UnionPay", ["A000000333"], ["UNIONPAY" "UNION PAY" "PBOC" "UICC"];
    /// Visa.
    Visa = "visa", "Visa", ["A000000003"], ["VISA"];
}

impl Brand {
    /// The brand of an application: its id as capital hex digits counts before its label.
    #[must_use]
    pub fn of(aid: Option<&str>, label: Option<&str>) -> Self {
        aid.and_then(Self::of_aid).or_else(|| label.and_then(Self::of_label)).unwrap_or(Self::Other)
    }
}

impl fmt::Display for Brand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(minor: u64, currency: &str) -> Amount {
        Amount::from_minor(minor, Currency::from_code(currency).unwrap()).unwrap()
    }

    #[test]
    fn a_brand_follows_from_the_application_and_only_then_from_its_label() {
        for (aid, label, brand) in [
            (Some("A0000000031010"), None, Brand::Visa),
            (Some("A0000000041010"), Some("VISA"), Brand::Mastercard),
            (Some("A000000333010101"), Some("UnionPay"), Brand::Unionpay),
            (Some("A00000002501"), None, Brand::Amex),
            (Some("A0000000651010"), None, Brand::Jcb),
            (Some("A0000001523010"), None, Brand::Discover),
            (Some("A0000006951010"), Some("visa debit"), Brand::Visa),
            (Some("A0000006951010"), Some("Girocard"), Brand::Other),
            (None, Some(" Mastercard "), Brand::Mastercard),
            (None, Some("A VISA"), Brand::Other),
            (None, None, Brand::Other),
        ] {
            assert_eq!(Brand::of(aid, label), brand, "{aid:?} {label:?}");
        }
    }

    #[test]
    fn sums_are_by_currency_kind_and_brand() {
        let mut totals = Totals::default();
        for (kind, minor, currency, brand) in [
            (RecordKind::Sale, 100, "USD", Brand::Visa),
            (RecordKind::Sale, 1_230, "CNY", Brand::Visa),
            (RecordKind::Sale, 70, "CNY", Brand::Amex),
            (RecordKind::Void, 70, "CNY", Brand::Amex),
            (RecordKind::Refund, 1_500, "CNY", Brand::Visa),
        ] {
            totals.add(kind, amount(minor, currency), brand).unwrap();
        }
        let sum = |count, minor| Sum { count, minor };
        let cny = totals.of(Currency::CNY);
        assert_eq!((cny.sale, cny.void, cny.refund), (sum(2, 1_300), sum(1, 70), sum(1, 1_500)));
        assert_eq!((cny.net_minor(), totals.records()), (-270, 5));
        let order: Vec<_> = totals.0.iter().map(|totals| totals.currency.code()).collect();
        assert_eq!(order, ["CNY", "USD"]);
        let brands: Vec<_> = totals.0[0].brands.iter().map(|totals| (totals.brand, totals.sums.sale)).collect();
        assert_eq!(brands, [(Brand::Amex, sum(1, 70)), (Brand::Visa, sum(1, 1_230))]);
        assert_eq!(totals.of(Currency::from_code("JPY").unwrap()), KindSums::default());
    }

    #[test]
    fn a_sum_beyond_its_width_is_an_error() {
        let mut sum = Sum { count: 0, minor: u64::MAX - 1 };
        assert!(sum.add(1).is_ok());
        assert_eq!(sum.add(1).unwrap_err().code(), ErrorCode::AmountTooLarge);
        let mut sum = Sum { count: u64::MAX, minor: 0 };
        assert_eq!(sum.add(1).unwrap_err().code(), ErrorCode::AmountTooLarge);
    }

    #[test]
    fn totals_have_a_form_that_stays() {
        let mut totals = Totals::default();
        totals.add(RecordKind::Sale, amount(5, "CNY"), Brand::Visa).unwrap();
        let sums = serde_json::json!({"sale": {"count": 1, "minor": 5}, "void": {"count": 0, "minor": 0},
            "refund": {"count": 0, "minor": 0}});
        let json = serde_json::json!([{"currency": "CNY", "sums": sums, "brands": [{"brand": "visa", "sums": sums}]}]);
        assert_eq!(serde_json::to_value(&totals).unwrap(), json);
        assert_eq!(serde_json::from_value::<Totals>(json).unwrap(), totals);
    }
}
