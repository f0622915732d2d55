//! The Entry Point: which combinations the amount allows, and which applications of the card they match.
//!
//! Source: EMV Contactless Book B, 3.1 (pre-processing) and 3.3.2 (combination selection). Two pure steps:
//! [`pre_process`] before the field is powered, [`candidates`] on the directory's answer. A directory entry
//! whose kernel is not built is no candidate, so that nothing pretends to serve it.
//!
//! It never talks to the card: `tap` does. Evidence: `mod tests` below.

use super::kernel3::qualifiers::Ttq;
use super::outcome::{CardError, ExchangeStep};
use super::tags::*;
use super::terminal_data::{Combination, TerminalData, TransactionType};
use super::tlv;

/// What pre-processing found for one combination that may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed<'a> {
    /// The combination.
    pub combination: &'a Combination,
    /// Its place in the terminal's list.
    pub index: usize,
    /// 9F66 with the demands of this amount.
    pub ttq: Ttq,
}

/// Finds the combinations that this amount and type allow (Book B, 3.1.1). None: the field stays off.
#[must_use]
pub fn pre_process(data: &TerminalData, amount_minor: u64, kind: TransactionType) -> Vec<Allowed<'_>> {
    let one_unit = 10u64.pow(u32::from(data.common().currency.exponent()));
    let serves = |(index, combination): (usize, _)| allow(combination, index, amount_minor, one_unit, kind);
    data.combinations().iter().enumerate().filter_map(serves).collect()
}

fn allow(
    combination: &Combination,
    index: usize,
    amount_minor: u64,
    one_unit: u64,
    kind: TransactionType,
) -> Option<Allowed<'_>> {
    if !combination.types.contains(&kind) {
        return None;
    }
    // Book B, 3.1.1.3: zero is not served, or must be answered online by a reader that can be.
    let is_zero = amount_minor == 0;
    if is_zero && (!combination.zero_amount || combination.ttq.is_offline_only()) {
        return None;
    }
    // Book B, 3.1.1.5: at the transaction limit already.
    if combination.contactless_transaction_limit.is_some_and(|limit| amount_minor >= limit) {
        return None;
    }
    // Book B, 3.1.1.2.
    let asks_status = combination.status_check && amount_minor == one_unit;
    // Book B, 3.1.1.6 and 3.1.1.7: above the limit; the terminal's own where there is none for contactless.
    let floor_limit = combination.contactless_floor_limit.or(combination.terminal_floor_limit.map(u64::from));
    let exceeds_floor = floor_limit.is_some_and(|limit| amount_minor > limit);
    // Book B, 3.1.1.8: at the limit already.
    let needs_verification = combination.cvm_required_limit.is_some_and(|limit| amount_minor >= limit);
    // Book B, 3.1.1.12.
    let ttq = combination.ttq.demanding(asks_status || exceeds_floor || is_zero, needs_verification);
    Some(Allowed { combination, index, ttq })
}

/// An application that card and terminal have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The application's name on the card (4F).
    pub name: Vec<u8>,
    /// 9F29 where the combination takes part in extended selection.
    pub extension: Vec<u8>,
    /// The combination's place in the terminal's list.
    pub combination: usize,
    /// 9F66 from pre-processing.
    pub ttq: Ttq,
    priority: u8,
}

/// Candidates, the next to be tried last, and whether a kernel that is not built was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidates {
    waiting: Vec<Candidate>,
    asked_for_other_kernel: bool,
}

impl Candidates {
    /// Takes the one to be tried next (Book B, 3.3.2.7).
    pub fn take_next(&mut self) -> Option<Candidate> {
        self.waiting.pop()
    }

    /// Whether the card named an application for a kernel that this till does not have.
    #[must_use]
    pub fn asked_for_other_kernel(&self) -> bool {
        self.asked_for_other_kernel
    }
}

/// No directory holds more: its answer fits one response.
const CANDIDATES_MAX: usize = 64;

/// Reads the directory's answer (Book B, 3.3.2.4 to 3.3.2.6).
///
/// # Errors
/// [`CardError`] when it is no file control information or no BER-TLV. An entry that is merely odd is
/// skipped, as 3.3.2.5 wants.
pub fn candidates(fci: &[u8], allowed: &[Allowed<'_>]) -> Result<Candidates, CardError> {
    let mut found = Candidates::default();
    let wrong = |error| CardError::Tlv { step: ExchangeStep::SelectDirectory, error };
    let Some(template) = tlv::find(fci, TAG_6F_FCI_TEMPLATE).map_err(wrong)? else {
        return Err(CardError::WrongTemplate(ExchangeStep::SelectDirectory));
    };
    // Book B, table 3-1: 6F, A5, BF0C, entries. Whatever lies elsewhere is no entry.
    let proprietary = template.child(TAG_A5_FCI_PROPRIETARY).map_err(wrong)?;
    let list = proprietary.map_or(Ok(None), |own| own.child(TAG_BF0C_FCI_ISSUER_DISCRETIONARY)).map_err(wrong)?;
    for element in list.iter().flat_map(tlv::Tlv::children) {
        let element = element.map_err(wrong)?;
        if element.tag == TAG_61_APPLICATION_TEMPLATE
            && found.waiting.len() < CANDIDATES_MAX
            && let Ok(entry) = Entry::read(element.children())
        {
            entry.match_with(allowed, &mut found);
        }
    }
    // Book B, 3.3.2.7: highest priority first (1 before 15, none last), then the card's order.
    found.waiting.sort_by_key(|candidate| candidate.priority);
    found.waiting.reverse();
    Ok(found)
}

/// One directory entry (Book B, table 3-2).
#[derive(Default)]
struct Entry<'a> {
    name: &'a [u8],
    priority: u8,
    kernel: Option<&'a [u8]>,
    extension: &'a [u8],
}

impl<'a> Entry<'a> {
    fn read(objects: tlv::Tlvs<'a>) -> Result<Self, tlv::TlvError> {
        let mut entry = Self::default();
        for object in objects {
            let object = object?;
            match object.tag {
                TAG_4F_ADF_NAME => entry.name = object.value,
                TAG_87_PRIORITY => entry.priority = object.value.first().copied().unwrap_or_default() & 0x0F,
                TAG_9F2A_KERNEL_IDENTIFIER => entry.kernel = Some(object.value),
                TAG_9F29_EXTENDED_SELECTION => entry.extension = object.value,
                _ => {}
            }
        }
        Ok(entry)
    }

    fn match_with(&self, allowed: &[Allowed<'_>], found: &mut Candidates) {
        // Book B, 3.3.2.5: an entry without a proper name is skipped.
        if !(5..=16).contains(&self.name.len()) {
            return;
        }
        let Some(kernel) = self.requested_kernel() else {
            found.asked_for_other_kernel = true;
            return;
        };
        let mut matched = false;
        for allowed in allowed {
            let combination = allowed.combination;
            if !self.name.starts_with(&combination.aid.0) || (kernel != 0 && kernel != combination.kernel) {
                continue;
            }
            matched = true;
            // Book B, 3.3.2.5 E: with extended selection the name is longer; it must still be one.
            let is_extended = combination.extended_selection && self.name.len() + self.extension.len() <= 16;
            found.waiting.push(Candidate {
                name: self.name.to_vec(),
                extension: if is_extended { self.extension.to_vec() } else { Vec::new() },
                combination: allowed.index,
                ttq: allowed.ttq,
                // 0 is "no priority assigned" and comes last.
                priority: if self.priority == 0 { 0x10 } else { self.priority },
            });
        }
        if !matched && default_kernel(self.name).is_some() {
            found.asked_for_other_kernel = true;
        }
    }

    /// Book B, 3.3.2.5 C and table 3-6: the kernel that the card wants, 0 for any that the terminal has for
    /// this application, `None` for a domestic or proprietary one, which no till of ours has.
    fn requested_kernel(&self) -> Option<u8> {
        match self.kernel {
            None | Some([]) => Some(default_kernel(self.name).unwrap_or(0)),
            Some([first, ..]) if first & 0x80 == 0 => Some(first & 0x3F),
            Some(_) => None,
        }
    }
}

/// Book B, table 3-6: the kernel of an application provider.
fn default_kernel(name: &[u8]) -> Option<u8> {
    match name.first_chunk()? {
        [0xA0, 0x00, 0x00, 0x00, 0x04] => Some(2),
        [0xA0, 0x00, 0x00, 0x00, 0x03] => Some(3),
        [0xA0, 0x00, 0x00, 0x00, 0x25] => Some(4),
        [0xA0, 0x00, 0x00, 0x00, 0x65] => Some(5),
        [0xA0, 0x00, 0x00, 0x01, 0x52] => Some(6),
        [0xA0, 0x00, 0x00, 0x03, 0x33] => Some(7),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emv::hex;

    fn data(change: impl FnOnce(&mut Combination)) -> TerminalData {
        let sandbox = TerminalData::sandbox();
        let mut combination = sandbox.combinations()[0].clone();
        combination.contactless_transaction_limit = Some(100_000);
        combination.contactless_floor_limit = Some(10_000);
        combination.cvm_required_limit = Some(50_000);
        change(&mut combination);
        TerminalData::new(sandbox.environment(), sandbox.common().clone(), vec![combination]).unwrap()
    }

    /// The second byte of 9F66, or `None` where the combination is not allowed.
    fn demands(data: &TerminalData, amount: u64) -> Option<u8> {
        pre_process(data, amount, TransactionType::Purchase).first().map(|allowed| allowed.ttq.0[1])
    }

    #[test]
    fn limits_are_compared_as_book_b_does() {
        type Change = fn(&mut Combination);
        let plain: Change = |_| {};
        let zero: Change = |it| it.zero_amount = true;
        let status: Change = |it| it.status_check = true;
        let rows: [(Change, u64, Option<u8>); 16] = [
            (plain, 9_999, Some(0x00)),
            (plain, 10_000, Some(0x00)),
            (plain, 10_001, Some(0x80)),
            (plain, 49_999, Some(0x80)),
            (plain, 50_000, Some(0xC0)),
            (plain, 99_999, Some(0xC0)),
            (plain, 100_000, None),
            (plain, 0, None),
            (zero, 0, Some(0x80)),
            (|it| (it.zero_amount, it.ttq.0[0]) = (true, 0x28), 0, None),
            (plain, 100, Some(0x00)),
            (status, 100, Some(0x80)),
            (status, 101, Some(0x00)),
            (|it| (it.contactless_floor_limit, it.terminal_floor_limit) = (None, Some(5)), 6, Some(0x80)),
            (|it| (it.contactless_floor_limit, it.terminal_floor_limit) = (None, None), 49_999, Some(0x00)),
            (|it| it.types = vec![TransactionType::Refund], 100, None),
        ];
        for (index, (change, amount, verdict)) in rows.into_iter().enumerate() {
            assert_eq!(demands(&data(change), amount), verdict, "row {index}");
        }
    }

    #[test]
    fn the_sandbox_sells_without_verification() {
        for (amount, verdict) in [(1, Some(0x80)), (100_051, Some(0x80)), (10_000_000, Some(0xC0)), (100_000_000, None)]
        {
            assert_eq!(demands(&TerminalData::sandbox(), amount), verdict, "{amount}");
        }
    }

    fn directory(entries: &[&str]) -> Vec<u8> {
        let entries: Vec<u8> =
            entries.iter().flat_map(|entry| wrap(TAG_61_APPLICATION_TEMPLATE, &hex::decode(entry).unwrap())).collect();
        let inner = wrap(TAG_A5_FCI_PROPRIETARY, &wrap(TAG_BF0C_FCI_ISSUER_DISCRETIONARY, &entries));
        wrap(TAG_6F_FCI_TEMPLATE, &inner)
    }

    fn wrap(tag: Tag, value: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        tlv::write(&mut out, tag, value);
        out
    }

    fn tried(entries: &[&str], change: fn(&mut Combination)) -> (Vec<String>, bool) {
        let data = data(change);
        let allowed = pre_process(&data, 100, TransactionType::Purchase);
        let mut found = candidates(&directory(entries), &allowed).unwrap();
        let other = found.asked_for_other_kernel();
        let next = || found.take_next().map(|it| hex::encode(&[it.name, it.extension].concat()));
        (std::iter::from_fn(next).collect(), other)
    }

    #[test]
    fn candidates_are_tried_in_their_order() {
        const VISA: &str = "4F07A0000000031010";
        const LONGER: &str = "4F08A000000003101001";
        const MASTERCARD: &str = "4F07A0000000041010";
        let with = |name: &str, more: &str| format!("{name}{more}");
        let rows: [(Vec<String>, &[&str], bool); 13] = [
            (vec![with(VISA, "")], &["A0000000031010"], false),
            (vec![with(VISA, "870102"), with(LONGER, "870101")], &["A000000003101001", "A0000000031010"], false),
            (vec![with(VISA, ""), with(LONGER, "87010F")], &["A000000003101001", "A0000000031010"], false),
            (vec![with(VISA, "870101"), with(LONGER, "8701F1")], &["A0000000031010", "A000000003101001"], false),
            (vec![with(VISA, "9F2A0103")], &["A0000000031010"], false),
            (vec![with(VISA, "9F2A0100")], &["A0000000031010"], false),
            (vec![with(VISA, "9F2A0143")], &["A0000000031010"], false),
            (vec![with(VISA, "9F2A0102")], &[], true),
            (vec![with(VISA, "9F2A03830156")], &[], true),
            (vec![with(MASTERCARD, "")], &[], true),
            (vec![with("4F04A0000000", "")], &[], false),
            (vec![with("500456495341", "")], &[], false),
            (vec![with(VISA, "9F2902AABB")], &["A0000000031010"], false),
        ];
        for (entries, verdict, other) in rows {
            let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
            let found = tried(&entries, |_| {});
            assert_eq!((found.0, found.1), (verdict.iter().map(ToString::to_string).collect(), other), "{entries:?}");
        }
        let extended = tried(&[&with(VISA, "9F2902AABB")], |it| it.extended_selection = true);
        assert_eq!(extended.0, ["A0000000031010AABB"]);
    }

    #[test]
    fn an_entry_counts_in_its_place_and_a_bad_one_is_skipped() {
        const VISA: &str = "61094F07A0000000031010";
        for (fci, verdict) in [
            ("6F12A510BF0C0D6100", 1),
            ("6F12A510BF0C0D4F00", 1),
            ("6F13A511BF0C0E61014F", 1),
            ("6F12A410BF0C0D6100", 0),
            ("6F12A510BF0D0D6100", 0),
            ("6F0BBF0C0B", 0),
            ("6F0B", 0),
        ] {
            let mut bytes = hex::decode(&format!("{fci}{VISA}")).unwrap();
            bytes[1] = u8::try_from(bytes.len() - 2).unwrap();
            let data = data(|_| {});
            let allowed = pre_process(&data, 100, TransactionType::Purchase);
            let found = candidates(&bytes, &allowed).unwrap();
            assert_eq!(found.waiting.len(), verdict, "{fci}");
        }
    }

    #[test]
    fn what_is_no_directory_is_refused() {
        let step = ExchangeStep::SelectDirectory;
        let cut = |at| CardError::Tlv { step, error: tlv::TlvError { at, fault: tlv::TlvFault::ValueCut } };
        for (fci, verdict) in [
            ("", CardError::WrongTemplate(step)),
            ("7000", CardError::WrongTemplate(step)),
            ("6F05A500", cut(0)),
            ("6F03A50461", cut(2)),
            ("6F06A504BF0C0261", cut(4)),
            ("6F07A505BF0C026105", cut(7)),
        ] {
            assert_eq!(candidates(&hex::decode(fci).unwrap(), &[]), Err(verdict), "{fci}");
        }
    }
}
