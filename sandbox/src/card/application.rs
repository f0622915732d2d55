//! What a card shows before it is asked to pay: its directory and its applications' control information.
//!
//! Source: EMV Book 1, sections 11 and 12; which objects a Visa card gives, as open peers show it (?).
//! Evidence: `tests/card_channel.rs`, `tests/card_kernel.rs`.

use taptill::card::Pan;

use super::certificates::Credentials;
use super::personality::{Application, Misbehaviour, Personality};
use super::tlv::{object, template};
use super::transaction;

/// The name of the contactless directory.
pub(super) const DIRECTORY_NAME: &[u8] = b"2PAY.SYS.DDF01";

/// What the card asks of the terminal before its options, as tag and length:
/// 9F66 9F02 9F03 9F1A 95 5F2A 9A 9C 9F37. `transaction::Request` reads the values in this order.
const PDOL: [u8; 24] = [
    0x9F, 0x66, 4, 0x9F, 0x02, 6, 0x9F, 0x03, 6, 0x9F, 0x1A, 2, 0x95, 5, 0x5F, 0x2A, 2, 0x9A, 3, 0x9C, 1, 0x9F, 0x37, 4,
];
/// The length of the first entry, 9F66.
const PDOL_QUALIFIERS: usize = 3;

/// A personalised card: what it is, and the certificates made for it.
pub(super) struct Personalised {
    pub(super) personality: &'static Personality,
    pub(super) misbehaviour: Misbehaviour,
    pub(super) pan: Pan,
    /// None for a card that cannot sign.
    pub(super) credentials: Option<Credentials>,
}

impl Personalised {
    pub(super) fn new(personality: &'static Personality, misbehaviour: Misbehaviour) -> Self {
        let mut card = Self { personality, misbehaviour, pan: personality.number(), credentials: None };
        if personality.signs {
            let authenticated = [card.account_objects(), transaction::AIP.to_vec()].concat();
            card.credentials = Some(Credentials::issue(&card.pan, &authenticated, misbehaviour));
        }
        card
    }

    /// The applications that a name begins, in the order of the directory.
    pub(super) fn applications_named(&self, name: &[u8]) -> Vec<&'static Application> {
        self.personality.applications.iter().filter(|application| application.aid.starts_with(name)).collect()
    }

    /// The directory of all applications: template 6F.
    pub(super) fn directory(&self) -> Vec<u8> {
        let entries: Vec<Vec<u8>> = self.personality.applications.iter().map(directory_entry).collect();
        template(0x6F, &[object(0x84, DIRECTORY_NAME), template(0xA5, &[template(0xBF0C, &entries)])])
    }

    /// The control information of one application: template 6F.
    pub(super) fn control_information(&self, application: &Application) -> Vec<u8> {
        let skipped = if self.misbehaviour == Misbehaviour::AsksNoQualifiers { PDOL_QUALIFIERS } else { 0 };
        let proprietary = [
            object(0x50, application.label.as_bytes()),
            object(0x87, &[application.priority]),
            object(0x9F38, &PDOL[skipped..]),
            object(0x5F2D, b"enzh"),
        ];
        template(0x6F, &[object(0x84, application.aid), template(0xA5, &proprietary)])
    }
}

fn directory_entry(application: &Application) -> Vec<u8> {
    let parts = [
        object(0x4F, application.aid),
        object(0x50, application.label.as_bytes()),
        object(0x87, &[application.priority]),
    ];
    template(0x61, &parts)
}
