//! What the host rules on a request whose sender is known and whose MAC is right.
//!
//! A sale is booked at most once, a debit is taken back at most once. The refusals in their order, for a sale:
//! wrong batch, trace number taken (94), amount (13, 61), currency (12), encrypted read (30, 63), card number (14),
//! expiry (54), messages that contradict themselves (30), cryptogram (05), and the amounts that ask for a code. For a
//! reversal: of another read than the original's (63), from another day or reversed already (25), another amount (64). A reversal whose original was
//! never seen is answered 00 and remembered; that original, coming late, finds its trace number taken.
//!
//! Response codes as in UnionPay terminal code (?). It never sees a socket, a MAC or a full book page.
//! Evidence: `sandbox/tests/host_acquirer.rs`.

use taptill::card::{Expiry, Pan};
use taptill::clock::WallMs;
use taptill::ids::{AuthCode, BatchNo, HostCode, Stan};
use taptill::iso8583::{MessageRow, ValueName, Values};
use taptill::ports::Entropy;

use super::book::{BookEntry, EntryKey, EntryKind, EntryState, Page, TerminalRow};
use super::certificates::Certificates;
use super::day::HostTime;
use super::error::HostError;
use crate::issuer::{ArqcError, ChipData, IssuerMasterKey, RequestedKind, VerifiedRequest, verify_arqc};

/// Response codes (ISO 8583 field 39) that this host gives.
pub(super) mod code {
    /// Approved.
    pub const APPROVED: &str = "00";
    /// The terminal may not: it is held frozen, or has been deregistered.
    pub const NOT_PERMITTED: &str = "58";
    /// Unknown merchant.
    pub const INVALID_MERCHANT: &str = "03";
    /// Do not honour: the cryptogram is not the card's, or the card declined.
    pub const DO_NOT_HONOUR: &str = "05";
    /// Invalid transaction.
    pub const INVALID_TRANSACTION: &str = "12";
    /// Invalid amount.
    pub const INVALID_AMOUNT: &str = "13";
    /// No such card.
    pub const INVALID_CARD: &str = "14";
    /// Reversed already, or booked on another day.
    pub const ORIGINAL_NOT_FOUND: &str = "25";
    /// The message contradicts itself or lacks something.
    pub const FORMAT_ERROR: &str = "30";
    /// The card has expired.
    pub const EXPIRED_CARD: &str = "54";
    /// The card read is not what its reader sealed for this sale, or has been used.
    pub const SECURITY_VIOLATION: &str = "63";
    /// Over the amount that this terminal may take.
    pub const OVER_LIMIT: &str = "61";
    /// The reversal's amount is not its original's.
    pub const ORIGINAL_AMOUNT_DIFFERS: &str = "64";
    /// The trace number is taken.
    pub const DUPLICATE: &str = "94";
    /// This certificate does not speak for this terminal.
    pub const UNKNOWN_TERMINAL: &str = "97";
    /// The request's MAC is wrong.
    pub const BAD_MAC: &str = "A0";
}

/// The amounts that are refused with their last two digits as the response code: 1000.01 to 1000.99.
const TELLTALE_AMOUNTS: std::ops::RangeInclusive<u64> = 100_001..=100_099;

/// What the answer says, beside what it repeats.
pub(super) struct Ruling {
    pub code: String,
    pub rrn: Option<String>,
    pub auth_code: Option<AuthCode>,
    pub chip_data: Option<Vec<u8>>,
    /// Totals, lines and texts.
    pub brought: Values,
}

impl Ruling {
    /// An answer that gives its code and nothing else.
    pub(super) fn plain(code: impl Into<String>) -> Self {
        Self { code: code.into(), rrn: None, auth_code: None, chip_data: None, brought: Values::new() }
    }

    /// An approval that brings something.
    pub(super) fn bringing(brought: Values) -> Self {
        Self { brought, ..Self::plain(code::APPROVED) }
    }

    /// An answer about an entry.
    pub(super) fn about(entry: BookEntry, code: impl Into<String>) -> Self {
        Self { rrn: Some(entry.rrn.into()), ..Self::plain(code) }
    }
}

/// What is to be booked.
pub(super) struct Booking<'a> {
    pub kind: EntryKind,
    pub key: EntryKey,
    /// The sale that a void or a refund is of.
    pub of: Option<EntryKey>,
    pub amount_minor: u64,
    pub state: EntryState,
    pub code: &'a str,
}

/// Everything that a ruling looks at.
pub(super) struct Case<'a> {
    pub page: &'a Page<'a>,
    pub terminal: &'a TerminalRow,
    pub row: &'a MessageRow,
    /// The request, with the card's values in clear.
    pub request: &'a Values,
    /// Why there is no card in it, where its encrypted read was refused.
    pub read_refusal: Option<&'static str>,
    /// Whether it says that it was sent before.
    pub is_repeat: bool,
    pub now: WallMs,
    pub entropy: &'a dyn Entropy,
    /// What certifies terminals, where the host has an authority.
    pub certificates: Option<&'a Certificates>,
}

/// The code by which this dialect asks a terminal to sign on again.
pub(super) fn sign_on_code(row: &MessageRow) -> &'static str {
    ["77", "88", "99", code::BAD_MAC].into_iter().find(|code| row.asks_sign_on(code.as_bytes())).unwrap_or("77")
}

/// Whether the message speaks for the terminal whose certificate the connection has.
pub(super) fn identity_refusal(terminal: &TerminalRow, request: &Values) -> Option<&'static str> {
    let differs = |name, known: &str| request.text(name).is_some_and(|said| said != known);
    if differs(ValueName::TerminalId, terminal.terminal.as_str()) {
        return Some(code::UNKNOWN_TERMINAL);
    }
    differs(ValueName::MerchantId, terminal.merchant.as_str()).then_some(code::INVALID_MERCHANT)
}

impl Case<'_> {
    /// Rules on a sale and books it.
    pub(super) fn sale(&self) -> Result<Ruling, HostError> {
        let Some(stan) = self.stan(ValueName::Stan) else { return Ok(Ruling::plain(code::FORMAT_ERROR)) };
        let batch = self.batch(ValueName::Batch).unwrap_or(self.terminal.batch);
        if batch != self.terminal.batch {
            return Ok(Ruling::plain(sign_on_code(self.row)));
        }
        if self.page.entry(&self.terminal.terminal, batch, stan)?.is_some() {
            return Ok(Ruling::plain(code::DUPLICATE));
        }
        let Some(amount_minor) = self.amount_minor() else { return Ok(Ruling::plain(code::FORMAT_ERROR)) };
        let read_refusal = self.use_read(batch, stan)?;
        let (judged, cryptogram) = match self.judge(amount_minor, read_refusal) {
            Ok(cryptogram) => (telltale(amount_minor).unwrap_or_else(|| code::APPROVED.into()), Some(cryptogram)),
            Err(refusal) => (refusal.to_owned(), None),
        };
        let is_booked = self.row.approves(judged.as_bytes());
        let state = if is_booked { EntryState::Booked } else { EntryState::Declined };
        let (kind, key) = (EntryKind::Sale, EntryKey { batch, stan });
        let entry = self.book(&Booking { kind, key, of: None, amount_minor, state, code: &judged })?;
        let chip_data = cryptogram.map(|cryptogram| issuer_answer(&cryptogram, &judged));
        Ok(Ruling { auth_code: entry.auth_code.clone(), chip_data, ..Ruling::about(entry, judged) })
    }

    /// Rules on a reversal and takes the debit back.
    pub(super) fn reversal(&self) -> Result<Ruling, HostError> {
        let stan = self.stan(ValueName::OriginalStan).or_else(|| self.stan(ValueName::Stan));
        let (Some(stan), Some(amount_minor)) = (stan, self.amount_minor()) else {
            return Ok(Ruling::plain(code::FORMAT_ERROR));
        };
        let batch = self.batch(ValueName::OriginalBatch).or_else(|| self.batch(ValueName::Batch));
        let batch = batch.unwrap_or(self.terminal.batch);
        let Some(mut entry) = self.page.entry(&self.terminal.terminal, batch, stan)? else {
            return self.remember_reversal(EntryKind::Sale, EntryKey { batch, stan }, amount_minor);
        };
        let read = self.page.nonce_of(&self.terminal.terminal, batch, stan)?;
        if read.is_some_and(|nonce| self.request.get(ValueName::ReadNonce).is_some_and(|said| said != nonce)) {
            return Ok(Ruling::plain(code::SECURITY_VIOLATION));
        }
        let ruled = if !self.is_reversible(&entry, EntryKind::Sale) || entry.state == EntryState::Voided {
            code::ORIGINAL_NOT_FOUND
        } else if entry.amount_minor != amount_minor {
            code::ORIGINAL_AMOUNT_DIFFERS
        } else {
            if entry.state == EntryState::Booked {
                entry.state = EntryState::Reversed;
            }
            entry.net_minor = 0;
            entry.reversals = 1;
            self.page.update(&entry)?;
            code::APPROVED
        };
        Ok(Ruling::about(entry, ruled))
    }

    /// A reversal came before its original: that is refused when it comes.
    pub(super) fn remember_reversal(
        &self,
        kind: EntryKind,
        key: EntryKey,
        amount_minor: u64,
    ) -> Result<Ruling, HostError> {
        let (state, code) = (EntryState::ReversalWithoutOriginal, code::APPROVED);
        let entry = self.book(&Booking { kind, key, of: None, amount_minor, state, code })?;
        Ok(Ruling::about(entry, code))
    }

    /// Whether a reversal still finds it: of its kind, not reversed, of today, and of a batch that is not closed.
    pub(super) fn is_reversible(&self, entry: &BookEntry, kind: EntryKind) -> bool {
        let is_of_today = HostTime::at(entry.booked_ms).is_same_day(HostTime::at(self.now));
        let is_open = entry.batch == self.terminal.batch;
        let is_as_booked = entry.state != EntryState::Reversed && entry.reversals == 0;
        entry.kind == kind && is_as_booked && is_of_today && is_open
    }

    /// An encrypted read serves one sale: it is used up by this one, or it has been by another.
    fn use_read(&self, batch: BatchNo, stan: Stan) -> Result<Option<&'static str>, HostError> {
        match (self.read_refusal, self.request.get(ValueName::ReadNonce)) {
            (None, Some(nonce)) => {
                let is_fresh = self.page.use_nonce(nonce, &self.terminal.terminal, batch, stan)?;
                Ok((!is_fresh).then_some(code::SECURITY_VIOLATION))
            }
            (refusal, _) => Ok(refusal),
        }
    }

    /// The checks of a sale in their order; the refusal's code, or the card's verified cryptogram.
    fn judge(&self, amount_minor: u64, read_refusal: Option<&'static str>) -> Result<VerifiedRequest, &'static str> {
        if amount_minor == 0 {
            return Err(code::INVALID_AMOUNT);
        }
        if amount_minor > self.terminal.amount_limit_minor {
            return Err(code::OVER_LIMIT);
        }
        let currency = format!("{:03}", self.terminal.currency.number());
        if self.request.text(ValueName::CurrencyNumber).is_some_and(|said| said != currency) {
            return Err(code::INVALID_TRANSACTION);
        }
        if let Some(code) = read_refusal {
            return Err(code);
        }
        let card = CardSaid::read(self.request)?;
        if card.expiry.yymm().as_slice() < HostTime::at(self.now).year_month().as_bytes() {
            return Err(code::EXPIRED_CARD);
        }
        self.cryptogram(&card, amount_minor)
    }

    fn cryptogram(&self, card: &CardSaid, amount_minor: u64) -> Result<VerifiedRequest, &'static str> {
        let chip_data = self.request.get(ValueName::ChipData).ok_or(code::FORMAT_ERROR)?;
        let authorised: [u8; 6] =
            ChipData::parse(chip_data).and_then(|data| data.fixed(0x9F02)).map_err(|_| code::FORMAT_ERROR)?;
        if digits_of(&authorised) != Some(amount_minor) {
            return Err(code::INVALID_AMOUNT);
        }
        let verified = verify_arqc(&IssuerMasterKey::sandbox(), &card.pan, card.sequence, chip_data);
        let verified = verified.map_err(|error| match error {
            ArqcError::ChipData(_) => code::FORMAT_ERROR,
            _ => code::DO_NOT_HONOUR,
        })?;
        if verified.kind() == RequestedKind::Authorisation { Ok(verified) } else { Err(code::DO_NOT_HONOUR) }
    }

    /// Adds an entry to the book.
    pub(super) fn book(&self, booking: &Booking<'_>) -> Result<BookEntry, HostError> {
        let Booking { kind, key: EntryKey { batch, stan }, of, amount_minor, state, code } = *booking;
        let number = self.page.next_number()?;
        let is_booked = state == EntryState::Booked;
        let is_charged = is_booked && kind == EntryKind::Sale;
        let card = CardSaid::pan(self.request).ok();
        let entry = BookEntry {
            terminal: self.terminal.terminal.clone(),
            kind,
            batch,
            stan,
            of,
            rrn: HostTime::at(self.now).rrn(number).ok_or(HostError::BookUnusable)?,
            auth_code: if is_booked { AuthCode::new(format!("{:06}", number % 1_000_000)).ok() } else { None },
            response_code: HostCode::new(code).map_err(|_| HostError::BookUnusable)?,
            amount_minor,
            net_minor: if is_charged { amount_minor } else { 0 },
            currency: self.terminal.currency,
            state,
            card_masked: card.map(|pan| pan.masked()),
            reversals: u32::from(state == EntryState::ReversalWithoutOriginal),
            booked_ms: self.now,
        };
        self.page.add(number, &entry)?;
        Ok(entry)
    }

    pub(super) fn amount_minor(&self) -> Option<u64> {
        self.request.text(ValueName::AmountMinor)?.parse().ok()
    }

    pub(super) fn stan(&self, name: ValueName) -> Option<Stan> {
        Stan::new(self.request.text(name)?.parse().ok()?).ok()
    }

    pub(super) fn batch(&self, name: ValueName) -> Option<BatchNo> {
        BatchNo::new(self.request.text(name)?.parse().ok()?).ok()
    }
}

/// What the message says of the card, and says the same wherever it says it twice.
struct CardSaid {
    pan: Pan,
    expiry: Expiry,
    sequence: Option<u8>,
}

impl CardSaid {
    fn read(request: &Values) -> Result<Self, &'static str> {
        let pan = Self::pan(request)?;
        if !has_right_check_digit(pan.expose()) {
            return Err(code::INVALID_CARD);
        }
        let of_track = request.get(ValueName::Track2).map(|track| split_track(track).ok_or(code::FORMAT_ERROR));
        let of_track = of_track.transpose()?;
        let said = request.get(ValueName::Expiry);
        let (track_pan, track_expiry) = of_track.unzip();
        if track_pan.is_some_and(|track_pan| track_pan != pan.expose())
            || said.zip(track_expiry).is_some_and(|(said, track_expiry)| said != track_expiry)
        {
            return Err(code::FORMAT_ERROR);
        }
        let expiry = said.or(track_expiry).and_then(|yymm| Expiry::from_yymm(yymm).ok()).ok_or(code::FORMAT_ERROR)?;
        let sequence = request.text(ValueName::PanSequence).map(|text| text.parse().map_err(|_| code::FORMAT_ERROR));
        Ok(Self { pan, expiry, sequence: sequence.transpose()? })
    }

    fn pan(request: &Values) -> Result<Pan, &'static str> {
        let of_track = || request.get(ValueName::Track2).and_then(split_track).map(|(pan, _)| pan);
        let digits = request.get(ValueName::Pan).or_else(of_track).ok_or(code::FORMAT_ERROR)?;
        Pan::from_ascii(digits).map_err(|_| code::INVALID_CARD)
    }
}

/// Card number and expiry of track 2 equivalent data.
fn split_track(track: &[u8]) -> Option<(&[u8], &[u8])> {
    let separator = track.iter().position(|byte| *byte == b'D')?;
    Some((&track[..separator], track.get(separator + 1..separator + 5)?))
}

/// ISO/IEC 7812-1, annex B: the sum of the digits, every second from the right doubled, ends in 0.
fn has_right_check_digit(digits: &[u8]) -> bool {
    let weigh = |(place, digit): (usize, &u8)| {
        let value = u32::from(digit - b'0') * (1 + place as u32 % 2);
        value / 10 + value % 10
    };
    digits.iter().rev().enumerate().map(weigh).sum::<u32>() % 10 == 0
}

/// The number that binary-coded digits stand for.
fn digits_of(bcd: &[u8]) -> Option<u64> {
    bcd.iter().flat_map(|byte| [byte >> 4, byte & 0x0F]).try_fold(0u64, |number, digit| {
        (digit < 10).then(|| number.checked_mul(10)?.checked_add(u64::from(digit))).flatten()
    })
}

/// The response code that an amount asks for.
fn telltale(amount_minor: u64) -> Option<String> {
    TELLTALE_AMOUNTS.contains(&amount_minor).then(|| format!("{:02}", amount_minor % 100))
}

/// Field 55 of the answer: tag 91, issuer authentication data.
fn issuer_answer(cryptogram: &VerifiedRequest, code: &str) -> Vec<u8> {
    let code = code.as_bytes().try_into().unwrap_or(*b"05");
    let data = cryptogram.issuer_authentication_data(code);
    let length = u8::try_from(data.len()).unwrap_or_default();
    [&[0x91, length], data.as_slice()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_ask_for_codes_only_in_their_range() {
        let table: &[(u64, Option<&str>)] = &[
            (100_000, None),
            (100_001, Some("01")),
            (100_051, Some("51")),
            (100_099, Some("99")),
            (100_100, None),
            (51, None),
        ];
        for (minor, code) in table {
            assert_eq!(telltale(*minor).as_deref(), *code, "{minor}");
        }
    }

    #[test]
    fn check_digits_are_judged() {
        let table: &[(&str, bool)] =
            &[("4761739001010119", true), ("4761739001010118", false), ("6212345678900000003", true), ("0", true)];
        for (digits, right) in table {
            assert_eq!(has_right_check_digit(digits.as_bytes()), *right, "{digits}");
        }
    }

    #[test]
    fn binary_coded_digits_are_read_or_refused() {
        assert_eq!(digits_of(&[0, 0, 0, 0, 0x12, 0x34]), Some(1_234));
        assert_eq!(digits_of(&[0, 0, 0, 0, 0x12, 0x3A]), None);
    }

    #[test]
    fn tracks_without_their_parts_are_refused() {
        assert_eq!(split_track(b"4761739001010119D2512"), Some((&b"4761739001010119"[..], &b"2512"[..])));
        for track in [&b"4761739001010119"[..], b"4761739001010119D251", b""] {
            assert_eq!(split_track(track), None);
        }
    }
}
