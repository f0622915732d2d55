//! What sets one simulated card apart from another: the table of named cards.
//!
//! Numbers are published test numbers only. A card has a decision, a way to verify its holder, and at most
//! one misbehaviour. Evidence: `mod tests`, and `tests/card_kernel.rs`, which taps each of them.

use taptill::card::Pan;

use crate::issuer::CryptogramVersion;

/// How the card decides when nothing forces it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Always asks its issuer: ARQC.
    AskIssuer,
    /// Approves offline (TC) up to this many minor units, where the reader lets it; asks above.
    ApproveUpTo(u64),
    /// Always declines: AAC.
    Decline,
}

/// How the card wants its holder verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HolderVerification {
    /// Only if the reader asks: a signature where the reader takes one, else an online PIN where it takes one.
    AsReaderAsks,
    /// An online PIN, always.
    OnlinePin,
    /// A signature, always.
    Signature,
    /// Done on the holder's phone, always.
    OnDevice,
    /// Says nothing: there is no tag 9F6C.
    Unsaid,
}

/// What the card wants when its offline authentication fails (byte 1 of tag 9F6C).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnFailedAuthentication {
    /// Nothing: the terminal declines.
    Decline,
    /// Bit 6: go online.
    GoOnline,
    /// Bit 5: use the contact interface.
    UseContact,
}

/// What a card does wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misbehaviour {
    /// Nothing.
    None,
    /// Leaves the field after that many answers; 0 is before the first.
    LeavesAfter(u32),
    /// Stays in the field and does not answer after that many answers.
    SilentAfter(u32),
    /// Answers with bytes that mean nothing (and status 9000) after that many answers.
    GarbageAfter(u32),
    /// Takes this many milliseconds for each answer, by the delay hook.
    Slow(u64),
    /// Answers GET PROCESSING OPTIONS with this status word alone.
    RefusesOptions(u16),
    /// Answers GET PROCESSING OPTIONS with 6986 once, then works: the holder looked at the phone.
    SeePhone,
    /// Signs over another unpredictable number than the terminal's.
    WrongSignature,
    /// The hash in the issuer's certificate is another.
    WrongIssuerHash,
    /// The hash in the card's certificate is another.
    WrongCardHash,
    /// The issuer's certificate ended in 2022.
    EndedCertificate,
    /// Names a certification authority that nobody knows.
    UnknownAuthority,
    /// Says tag 57 in the options and again in a record.
    TagTwice,
    /// Tag 57 holds another card's number than tag 5A.
    NumbersDiffer,
    /// The tag 9F6C inside 9F69 is another than the one outside.
    QualifiersDiffer,
    /// The PDOL does not ask for tag 9F66.
    AsksNoQualifiers,
    /// There is no tag 9F26.
    NoCryptogram,
    /// The cryptogram is not the one of this card: the issuer will see it, the terminal cannot.
    WrongCryptogram,
}

/// One application of a card.
pub(super) struct Application {
    pub(super) aid: &'static [u8],
    pub(super) label: &'static str,
    /// Low nibble of tag 87: 1 is first, 0 is last.
    pub(super) priority: u8,
    /// Whether it takes payments; if not, it refuses its options with 6985.
    pub(super) pays: bool,
}

/// Everything that a card is when it leaves the factory.
pub(super) struct Personality {
    pub(super) name: &'static str,
    pub(super) what_it_does: &'static str,
    pub(super) scheme: &'static str,
    pub(super) pan: &'static str,
    /// 1 to 99: which card of that number it is. Each card of the list is another, with a key and a counter of
    /// its own.
    pub(super) pan_sequence: u8,
    /// YYMMDD as in tag 5F24.
    pub(super) expiry: [u8; 3],
    pub(super) applications: &'static [Application],
    pub(super) version: CryptogramVersion,
    pub(super) decision: Decision,
    pub(super) verification: HolderVerification,
    pub(super) on_failed_authentication: OnFailedAuthentication,
    /// Whether the card can sign (fast DDA).
    pub(super) signs: bool,
    pub(super) misbehaviour: Misbehaviour,
}

/// A row of the list of cards, fit to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardInfo {
    /// The name that `named` takes.
    pub name: &'static str,
    /// One line for people.
    pub what_it_does: &'static str,
    /// The scheme in the card's directory.
    pub scheme: &'static str,
    /// The number as it may be shown.
    pub masked: String,
}

impl Personality {
    /// The card's number.
    pub(super) fn number(&self) -> Pan {
        Pan::from_ascii(self.pan.as_bytes()).expect("the table holds card numbers, as its test says")
    }

    pub(super) fn info(&self) -> CardInfo {
        CardInfo {
            name: self.name,
            what_it_does: self.what_it_does,
            scheme: self.scheme,
            masked: self.number().masked().as_str().to_owned(),
        }
    }

    const fn misbehaves(name: &'static str, what_it_does: &'static str, misbehaviour: Misbehaviour) -> Self {
        Self { name, what_it_does, misbehaviour, ..VISA }
    }

    const fn refuses_options(name: &'static str, what_it_does: &'static str, status: u16) -> Self {
        Self::misbehaves(name, what_it_does, Misbehaviour::RefusesOptions(status))
    }

    const fn offline(self) -> Self {
        Self { decision: Decision::ApproveUpTo(OFFLINE_LIMIT_MINOR), ..self }
    }
}

/// The published test numbers in use; the number under the plastic does not change what a card does.
const PAN_DEFAULT: &str = "4761739001010119";
const PAN_SECOND: &str = "4761739001010010";
pub(super) const PAN_OTHER: &str = "4111111111111111";

const OFFLINE_LIMIT_MINOR: u64 = 10_000;
const EXPIRY: [u8; 3] = [0x49, 0x12, 0x31];
const EXPIRED: [u8; 3] = [0x22, 0x12, 0x31];

const VISA_CREDIT: Application =
    Application { aid: &[0xA0, 0x00, 0x00, 0x00, 0x03, 0x10, 0x10], label: "VISA CREDIT", priority: 1, pays: true };

const VISA: Personality = Personality {
    name: "visa",
    what_it_does: "asks its issuer",
    scheme: "Visa",
    pan: PAN_DEFAULT,
    pan_sequence: 1,
    expiry: EXPIRY,
    applications: &[VISA_CREDIT],
    version: CryptogramVersion::Visa18,
    decision: Decision::AskIssuer,
    verification: HolderVerification::AsReaderAsks,
    on_failed_authentication: OnFailedAuthentication::Decline,
    signs: true,
    misbehaviour: Misbehaviour::None,
};

/// The list of cards: the ones that pay, then the ones that do not, then the ones that break the rules.
pub(super) static NAMED: [Personality; 38] = numbered([
    VISA,
    Personality {
        name: "visa-cvn10",
        what_it_does: "asks its issuer, with the older cryptogram",
        pan: PAN_SECOND,
        version: CryptogramVersion::Visa10,
        ..VISA
    },
    Personality {
        name: "visa-unsigned",
        what_it_does: "asks its issuer, has no certificates and no records",
        signs: false,
        ..VISA
    },
    Personality {
        name: "visa-phone",
        what_it_does: "asks its issuer, the holder is verified on the phone",
        verification: HolderVerification::OnDevice,
        ..VISA
    },
    Personality {
        name: "visa-signature",
        what_it_does: "asks its issuer, wants a signature",
        verification: HolderVerification::Signature,
        ..VISA
    },
    Personality {
        name: "visa-unqualified",
        what_it_does: "asks its issuer, says nothing about its holder's verification",
        verification: HolderVerification::Unsaid,
        ..VISA
    },
    Personality {
        name: "visa-two",
        what_it_does: "has two applications: the first refuses, the second asks its issuer",
        applications: &[
            Application {
                aid: &[0xA0, 0x00, 0x00, 0x00, 0x03, 0x10, 0x10, 0x02],
                label: "VISA SECOND",
                priority: 2,
                pays: true,
            },
            Application {
                aid: &[0xA0, 0x00, 0x00, 0x00, 0x03, 0x10, 0x10, 0x01],
                label: "VISA FIRST",
                priority: 1,
                pays: false,
            },
        ],
        ..VISA
    },
    Personality {
        name: "visa-and-other",
        what_it_does: "prefers a scheme that the till has not, falls back to Visa and asks its issuer",
        applications: &[INTERAC, Application { priority: 2, ..VISA_CREDIT }],
        ..VISA
    },
    Personality {
        name: "visa-see-phone",
        what_it_does: "wants its holder to look at the phone, works at the second tap",
        verification: HolderVerification::OnDevice,
        misbehaviour: Misbehaviour::SeePhone,
        ..VISA
    },
    Personality::misbehaves("visa-slow", "takes 300 ms for each answer", Misbehaviour::Slow(300)),
    Personality {
        name: "visa-pin",
        what_it_does: "wants an online PIN",
        verification: HolderVerification::OnlinePin,
        ..VISA
    },
    Personality { name: "visa-declines", what_it_does: "declines by itself", decision: Decision::Decline, ..VISA },
    Personality { name: "visa-offline", what_it_does: "approves small amounts by itself", ..VISA }.offline(),
    Personality {
        name: "visa-expired",
        what_it_does: "ended in December 2022, asks its issuer",
        expiry: EXPIRED,
        ..VISA
    },
    Personality {
        name: "visa-expired-offline",
        what_it_does: "ended in December 2022, approves small amounts by itself",
        expiry: EXPIRED,
        ..VISA
    }
    .offline(),
    Personality::misbehaves(
        "visa-wrong-arqc",
        "asks with a cryptogram that its issuer refuses",
        Misbehaviour::WrongCryptogram,
    ),
    Personality {
        name: "other-scheme",
        what_it_does: "belongs to a scheme that the till has not",
        scheme: "Interac",
        applications: &[INTERAC],
        ..VISA
    },
    Personality::refuses_options("visa-contact-only", "wants the contact interface (6984)", 0x6984),
    Personality::refuses_options("visa-refuses", "does not want to pay (6985)", 0x6985),
    Personality::refuses_options("visa-blocked", "answers with an unknown status (6A81)", 0x6A81),
    Personality::misbehaves("visa-leaves", "leaves the field after its options", Misbehaviour::LeavesAfter(3)),
    Personality::misbehaves("visa-leaves-early", "leaves the field at once", Misbehaviour::LeavesAfter(0)),
    Personality::misbehaves("visa-silent", "stops answering after its directory", Misbehaviour::SilentAfter(1)),
    Personality::misbehaves(
        "visa-bad-signature",
        "signs something else, asks its issuer",
        Misbehaviour::WrongSignature,
    ),
    Personality::misbehaves(
        "visa-bad-signature-offline",
        "signs something else, approves by itself",
        Misbehaviour::WrongSignature,
    )
    .offline(),
    Personality {
        on_failed_authentication: OnFailedAuthentication::GoOnline,
        ..Personality::misbehaves(
            "visa-bad-signature-online",
            "signs something else, approves by itself, would rather be asked online",
            Misbehaviour::WrongSignature,
        )
        .offline()
    },
    Personality {
        on_failed_authentication: OnFailedAuthentication::UseContact,
        ..Personality::misbehaves(
            "visa-bad-signature-contact",
            "signs something else, approves by itself, would rather use the contact interface",
            Misbehaviour::WrongSignature,
        )
        .offline()
    },
    Personality::misbehaves(
        "visa-bad-issuer",
        "has a wrong hash in its issuer's certificate",
        Misbehaviour::WrongIssuerHash,
    )
    .offline(),
    Personality::misbehaves(
        "visa-bad-certificate",
        "has a wrong hash in its own certificate",
        Misbehaviour::WrongCardHash,
    )
    .offline(),
    Personality::misbehaves("visa-old-certificate", "has a certificate that ended", Misbehaviour::EndedCertificate)
        .offline(),
    Personality::misbehaves(
        "visa-unknown-ca",
        "names an unknown certification authority",
        Misbehaviour::UnknownAuthority,
    )
    .offline(),
    Personality {
        verification: HolderVerification::OnDevice,
        ..Personality::misbehaves(
            "visa-two-minds",
            "signs one way to verify its holder and says another",
            Misbehaviour::QualifiersDiffer,
        )
        .offline()
    },
    Personality::misbehaves("visa-tag-twice", "says its track twice", Misbehaviour::TagTwice),
    Personality::misbehaves("visa-two-numbers", "has two card numbers", Misbehaviour::NumbersDiffer),
    Personality::misbehaves("visa-no-cryptogram", "gives no cryptogram", Misbehaviour::NoCryptogram),
    Personality::misbehaves("visa-no-ttq", "does not ask what the reader can do", Misbehaviour::AsksNoQualifiers),
    Personality::misbehaves("garbage", "answers with bytes that mean nothing", Misbehaviour::GarbageAfter(0)),
    Personality::misbehaves(
        "visa-garbage",
        "answers well, then with bytes that mean nothing",
        Misbehaviour::GarbageAfter(2),
    ),
]);

/// Gives each card its place in the list as its sequence number.
const fn numbered<const N: usize>(mut cards: [Personality; N]) -> [Personality; N] {
    assert!(N <= 99, "a sequence number has two digits");
    let mut index = 0;
    while index < N {
        cards[index].pan_sequence = index as u8 + 1;
        index += 1;
    }
    cards
}

const INTERAC: Application =
    Application { aid: &[0xA0, 0x00, 0x00, 0x02, 0x77, 0x10, 0x10], label: "INTERAC", priority: 1, pays: false };

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_card_has_its_own_short_name_and_a_published_number() {
        let names: BTreeSet<&str> = NAMED.iter().map(|card| card.name).collect();
        assert_eq!(names.len(), NAMED.len());
        for card in &NAMED {
            let readable = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            assert!(card.name.bytes().all(readable), "{}", card.name);
            assert!([PAN_DEFAULT, PAN_SECOND, PAN_OTHER].contains(&card.pan), "{}", card.name);
            assert!(Pan::from_ascii(card.pan.as_bytes()).is_ok(), "{}", card.name);
            assert!(!card.what_it_does.is_empty() && !card.applications.is_empty(), "{}", card.name);
        }
    }

    #[test]
    fn a_listed_number_is_masked() {
        let first = NAMED[0].info();
        assert_eq!((first.name, first.masked.as_str()), ("visa", "476173******0119"));
    }
}
