//! What kernel 3 makes of a card that was read completely.
//!
//! Source: EMV Contactless Book C-3, 5.4.3 (cryptogram), 5.5 (restrictions), 5.6 (authentication), 5.7
//! (verification); clause numbers by way of a secondary source (?). One pure function over facts, so that
//! its rules are a table in the tests. The order of the steps is the order in which reasons win.
//!
//! It never reads card data. Evidence: `mod tests` below.

use crate::emv::outcome::{CryptogramKind, Cvm, EndReason, OdaResult, OutcomeKind};
use crate::emv::terminal_data::TransactionType;

use super::qualifiers::{Ctq, Ttq};

/// What the decision rests on.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// What the cryptogram says.
    pub cryptogram: CryptogramKind,
    /// 9F66 as the card was given it.
    pub ttq: Ttq,
    /// 9F6C.
    pub ctq: Option<Ctq>,
    /// The copy of 9F6C in 9F69.
    pub ctq_copy: CtqCopy,
    /// 9C.
    pub kind: TransactionType,
    /// Whether 9F07 allows cash or cashback; true for all else.
    pub usage_allowed: bool,
    /// Whether 5F24 is absent or lies before the transaction's date.
    pub expired: bool,
    /// Whether the card sent dynamic data that it signed (9F4B).
    pub has_signature: bool,
}

/// The copy of the card's qualifiers that its signature covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CtqCopy {
    /// The card sent no 9F69.
    NoAuthenticationData,
    /// It is the same as 9F6C.
    Same,
    /// It is another, or 9F69 is too short to hold one.
    Differs,
}

/// What becomes of the tap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The outcome.
    pub kind: OutcomeKind,
    /// Why.
    pub reason: EndReason,
    /// Verification.
    pub cvm: Cvm,
    /// Authentication.
    pub oda: OdaResult,
}

impl Decision {
    fn without_verification(kind: OutcomeKind, reason: EndReason, oda: OdaResult) -> Self {
        Self { kind, reason, cvm: Cvm::None, oda }
    }

    fn declined(reason: EndReason, oda: OdaResult) -> Self {
        Self::without_verification(OutcomeKind::Declined, reason, oda)
    }
}

/// Decides; `authenticate` is called only where authentication is due.
pub fn decide(facts: &Facts, authenticate: impl FnOnce() -> OdaResult) -> Decision {
    // 5.4.3.2 (?): what the cryptogram itself demands.
    let mut online = match facts.cryptogram {
        CryptogramKind::Aac => return Decision::declined(EndReason::CardDeclined, OdaResult::NotDone),
        CryptogramKind::Arqc => Some(EndReason::CardAsksIssuer),
        CryptogramKind::Tc => facts.ttq.asks_online_cryptogram().then_some(EndReason::ReaderAsksIssuer),
    };
    match restrict(facts) {
        Restriction::None => {}
        Restriction::GoOnline => online = online.or(Some(EndReason::ReaderAsksIssuer)),
        Restriction::End(decision) => return decision,
    }
    // 5.6.1.1 and 5.6.1.2 (?): an offline approval always; an online one where the reader offers it and the
    // card has signed.
    let is_due = match facts.cryptogram {
        CryptogramKind::Tc => online.is_none(),
        _ => facts.ttq.authenticates_online_payments() && facts.has_signature,
    };
    let oda = if is_due { authenticate() } else { OdaResult::NotDone };
    if let OdaResult::Failed(error) = oda {
        // NOTE: whether the reader has another interface is not asked; one may be at the next till.
        match facts.ctq {
            Some(ctq) if ctq.goes_online_if_authentication_fails() && !facts.ttq.is_offline_only() => {
                online = online.or(Some(EndReason::ReaderAsksIssuer));
            }
            Some(ctq) if ctq.switches_interface_if_authentication_fails() => {
                let kind = OutcomeKind::TryAnotherInterface;
                return Decision::without_verification(kind, EndReason::CardWantsOtherInterface, oda);
            }
            _ => return Decision::declined(EndReason::AuthenticationFailed(error), oda),
        }
    }
    let cvm = match verify(facts) {
        Ok(cvm) => cvm,
        Err(reason) => return Decision::declined(reason, oda),
    };
    // 5.7.1.2 (?): a PIN can only be verified by the issuer.
    if cvm == Cvm::OnlinePin {
        online = online.or(Some(EndReason::ReaderAsksIssuer));
    }
    match online {
        Some(_) if facts.ttq.is_offline_only() => Decision::declined(EndReason::ReaderIsOfflineOnly, oda),
        Some(reason) => Decision { kind: OutcomeKind::OnlineRequest, reason, cvm, oda },
        None => Decision { kind: OutcomeKind::Approved, reason: EndReason::ApprovedOffline, cvm, oda },
    }
}

enum Restriction {
    None,
    GoOnline,
    End(Decision),
}

/// Processing restrictions. The exception file of 5.5.1.2 is not kept by this till: the issuer has it.
fn restrict(facts: &Facts) -> Restriction {
    let ctq_says = |bit: fn(Ctq) -> bool| facts.ctq.is_some_and(bit);
    // 5.5.1.1 (?): only an offline approval; the issuer knows of its cards' expiry.
    if facts.cryptogram == CryptogramKind::Tc && facts.expired {
        return if ctq_says(Ctq::goes_online_if_expired) {
            Restriction::GoOnline
        } else {
            Restriction::End(Decision::declined(EndReason::ApplicationExpired, OdaResult::NotDone))
        };
    }
    // 5.5.1.3 and 5.5.1.4 (?): cash and cashback.
    if !facts.usage_allowed {
        let switches = match facts.kind {
            TransactionType::Cash => ctq_says(Ctq::switches_interface_for_cash),
            _ => ctq_says(Ctq::switches_interface_for_cashback),
        };
        let (kind, reason) = if switches {
            (OutcomeKind::TryAnotherInterface, EndReason::CardWantsOtherInterface)
        } else {
            (OutcomeKind::Declined, EndReason::UsageNotAllowed)
        };
        return Restriction::End(Decision::without_verification(kind, reason, OdaResult::NotDone));
    }
    Restriction::None
}

/// Selects the verification method, 5.7.1 (?).
fn verify(facts: &Facts) -> Result<Cvm, EndReason> {
    let Some(ctq) = facts.ctq else {
        // 5.7.1.1 (?): without qualifiers of the card, the reader's wish decides.
        return match (facts.ttq.asks_verification(), facts.ttq.offers_signature()) {
            (false, _) => Ok(Cvm::None),
            (true, true) => Ok(Cvm::Signature),
            (true, false) => Err(EndReason::VerificationNotPossible),
        };
    };
    // 5.7.1.2 (?), in this order.
    if ctq.demands_online_pin() && facts.ttq.offers_online_pin() {
        return Ok(Cvm::OnlinePin);
    }
    if ctq.claims_device_verification() {
        return match (facts.ctq_copy, facts.cryptogram) {
            (CtqCopy::Same, _) | (CtqCopy::NoAuthenticationData, CryptogramKind::Arqc) => Ok(Cvm::OnDevice),
            _ => Err(EndReason::DeviceVerificationNotAuthentic),
        };
    }
    if ctq.demands_signature() && facts.ttq.offers_signature() {
        return Ok(Cvm::Signature);
    }
    // 5.7.1.3 (?).
    if facts.ttq.asks_verification() { Err(EndReason::VerificationNotPossible) } else { Ok(Cvm::None) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emv::oda::OdaError;

    const BAD: OdaResult = OdaResult::Failed(OdaError::CaKeyUnknown);
    const QVSDC: u8 = 0x20;
    const OFFLINE_ONLY: u8 = 0x08;
    const PIN: u8 = 0x04;
    const SIGN: u8 = 0x02;
    const ODA_ONLINE: u8 = 0x01;
    const ASK_ONLINE: u8 = 0x80;
    const ASK_CVM: u8 = 0x40;

    fn facts(cryptogram: CryptogramKind, ttq: [u8; 2], ctq: Option<[u8; 2]>) -> Facts {
        Facts {
            cryptogram,
            ttq: Ttq([QVSDC | ttq[0], ttq[1], 0x40, 0x00]),
            ctq: ctq.map(Ctq),
            ctq_copy: CtqCopy::NoAuthenticationData,
            kind: TransactionType::Purchase,
            usage_allowed: true,
            expired: false,
            has_signature: true,
        }
    }

    fn word(decision: &Decision) -> String {
        let cvm = match decision.cvm {
            Cvm::None => "none",
            Cvm::OnlinePin => "pin",
            Cvm::Signature => "sign",
            Cvm::OnDevice => "device",
        };
        format!("{} {} {cvm} {}", decision.kind.word(), decision.reason.word(), decision.oda.word())
    }

    #[test]
    fn each_rule_has_its_row() {
        use CryptogramKind::{Aac, Arqc, Tc};
        let rows = [
            (Aac, [0, 0], None, OdaResult::Ok, "declined card_declined none not_done"),
            (Aac, [0, ASK_CVM], Some([0x80, 0x80]), BAD, "declined card_declined none not_done"),
            (Arqc, [0, 0], None, BAD, "online_request card_asks_issuer none not_done"),
            (Arqc, [0, ASK_ONLINE], Some([0, 0]), BAD, "online_request card_asks_issuer none not_done"),
            (Arqc, [OFFLINE_ONLY, 0], None, BAD, "declined reader_is_offline_only none not_done"),
            (Arqc, [ODA_ONLINE, 0], None, OdaResult::Ok, "online_request card_asks_issuer none ok"),
            (Arqc, [ODA_ONLINE, 0], None, BAD, "declined authentication_failed none failed"),
            (Arqc, [ODA_ONLINE, 0], Some([0x20, 0]), BAD, "online_request card_asks_issuer none failed"),
            (Tc, [0, 0], None, OdaResult::Ok, "approved approved_offline none ok"),
            (Tc, [0, 0], None, BAD, "declined authentication_failed none failed"),
            (Tc, [0, 0], Some([0, 0]), BAD, "declined authentication_failed none failed"),
            (Tc, [0, 0], Some([0x20, 0]), BAD, "online_request reader_asks_issuer none failed"),
            (Tc, [0, 0], Some([0x30, 0]), BAD, "online_request reader_asks_issuer none failed"),
            (Tc, [0, 0], Some([0x10, 0]), BAD, "try_another_interface card_wants_other_interface none failed"),
            (Tc, [OFFLINE_ONLY, 0], Some([0x20, 0]), BAD, "declined authentication_failed none failed"),
            (Tc, [OFFLINE_ONLY, 0], Some([0, 0]), OdaResult::Ok, "approved approved_offline none ok"),
            (Tc, [0, ASK_ONLINE], None, BAD, "online_request reader_asks_issuer none not_done"),
            // Verification.
            (Arqc, [0, ASK_CVM], None, BAD, "declined verification_not_possible none not_done"),
            (Arqc, [PIN, ASK_CVM], None, BAD, "declined verification_not_possible none not_done"),
            (Arqc, [SIGN, ASK_CVM], None, BAD, "online_request card_asks_issuer sign not_done"),
            (Arqc, [0, ASK_CVM], Some([0, 0]), BAD, "declined verification_not_possible none not_done"),
            (Arqc, [0, ASK_CVM], Some([0x80, 0]), BAD, "declined verification_not_possible none not_done"),
            (Arqc, [0, 0], Some([0x80, 0]), BAD, "online_request card_asks_issuer none not_done"),
            (Arqc, [PIN, 0], Some([0x80, 0]), BAD, "online_request card_asks_issuer pin not_done"),
            (Arqc, [PIN | SIGN, ASK_CVM], Some([0xC0, 0x80]), BAD, "online_request card_asks_issuer pin not_done"),
            (Arqc, [SIGN, ASK_CVM], Some([0xC0, 0]), BAD, "online_request card_asks_issuer sign not_done"),
            (Arqc, [SIGN, ASK_CVM], Some([0x40, 0x80]), BAD, "online_request card_asks_issuer device not_done"),
            (Tc, [PIN, 0], Some([0x80, 0]), OdaResult::Ok, "online_request reader_asks_issuer pin ok"),
            (Tc, [PIN | OFFLINE_ONLY, 0], Some([0x80, 0]), OdaResult::Ok, "declined reader_is_offline_only none ok"),
            (Tc, [SIGN, 0], Some([0x40, 0]), OdaResult::Ok, "approved approved_offline sign ok"),
            (Tc, [0, 0], Some([0, 0x80]), OdaResult::Ok, "declined device_verification_not_authentic none ok"),
        ];
        for (index, (cryptogram, ttq, ctq, oda, verdict)) in rows.into_iter().enumerate() {
            assert_eq!(word(&decide(&facts(cryptogram, ttq, ctq), || oda)), verdict, "row {index}");
        }
    }

    #[test]
    fn an_expired_card_does_not_approve_offline() {
        use CryptogramKind::{Arqc, Tc};
        for (cryptogram, ctq, verdict) in [
            (Tc, None, "declined application_expired none not_done"),
            (Tc, Some([0, 0]), "declined application_expired none not_done"),
            (Tc, Some([0x08, 0]), "online_request reader_asks_issuer none not_done"),
            (Arqc, None, "online_request card_asks_issuer none not_done"),
        ] {
            let facts = Facts { expired: true, ..facts(cryptogram, [0, 0], ctq) };
            assert_eq!(word(&decide(&facts, || OdaResult::Ok)), verdict);
        }
    }

    #[test]
    fn a_claim_of_device_verification_needs_its_authentic_copy() {
        use CryptogramKind::{Arqc, Tc};
        for (cryptogram, ctq_copy, verdict) in [
            (Tc, CtqCopy::Same, "approved approved_offline device ok"),
            (Tc, CtqCopy::Differs, "declined device_verification_not_authentic none ok"),
            (Tc, CtqCopy::NoAuthenticationData, "declined device_verification_not_authentic none ok"),
            (Arqc, CtqCopy::Same, "online_request card_asks_issuer device not_done"),
            (Arqc, CtqCopy::Differs, "declined device_verification_not_authentic none not_done"),
            (Arqc, CtqCopy::NoAuthenticationData, "online_request card_asks_issuer device not_done"),
        ] {
            let facts = Facts { ctq_copy, ..facts(cryptogram, [0, ASK_CVM], Some([0, 0x80])) };
            // Asking for an online cryptogram is apart from asking for verification.
            assert_eq!(word(&decide(&facts, || OdaResult::Ok)), verdict);
        }
    }

    #[test]
    fn cash_that_the_card_forbids_goes_elsewhere_or_nowhere() {
        use TransactionType::{Cash, PurchaseWithCashback};
        for (kind, ctq, verdict) in [
            (Cash, [0x04, 0], "try_another_interface card_wants_other_interface none not_done"),
            (Cash, [0x02, 0], "declined usage_not_allowed none not_done"),
            (PurchaseWithCashback, [0x02, 0], "try_another_interface card_wants_other_interface none not_done"),
            (PurchaseWithCashback, [0x04, 0], "declined usage_not_allowed none not_done"),
        ] {
            let facts = Facts { kind, usage_allowed: false, ..facts(CryptogramKind::Arqc, [0, 0], Some(ctq)) };
            assert_eq!(word(&decide(&facts, || BAD)), verdict);
        }
    }
}
