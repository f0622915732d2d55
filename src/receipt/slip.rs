//! What stands on a slip and in which order.
//!
//! It never prints a card number that is not masked, and an attempt whose outcome is not known says on its slip
//! that it is no receipt. Evidence: `tests/receipts.rs`.

use crate::card::MaskedPan;
use crate::clock::WallMs;
use crate::hex;
use crate::ids::{AttemptId, AuthCode, BatchNo, HostCode, MerchantId, OrderNo, Rrn, Stan, TerminalId};
use crate::money::Amount;
use crate::text::{Catalogue, Language};

use super::columns::{Columns, Paper};
use super::zone::Zone;

/// Everything that a slip shows.
#[derive(Clone, Debug)]
pub struct ReceiptData {
    /// Who sold.
    pub merchant: Merchant,
    /// What was paid, how, and the numbers that it goes by.
    pub payment: Payment,
    /// Of a void: the sale's attempt id.
    pub void_of: Option<AttemptId>,
    /// What became of it.
    pub standing: Standing,
    /// Where the journal records it.
    pub journal: JournalMark,
}

/// Who sold.
#[derive(Clone, Debug)]
pub struct Merchant {
    /// The shop's name, in any script.
    pub name: String,
    /// Its address, one item a line; may be empty.
    pub address: Vec<String>,
    /// Merchant id (MID).
    pub merchant_id: MerchantId,
    /// Terminal id (TID).
    pub terminal_id: TerminalId,
    /// The zone in which dates are printed.
    pub zone: Zone,
}

/// What was paid, how, and the numbers that it goes by. What is not known is not printed.
#[derive(Clone, Debug)]
pub struct Payment {
    /// The attempt's id.
    pub attempt: AttemptId,
    /// The shop's order number.
    pub order: Option<OrderNo>,
    /// How much.
    pub amount: Amount,
    /// When the payment was prepared.
    pub at: WallMs,
    /// The card number, masked.
    pub card_masked: Option<MaskedPan>,
    /// The application label that the card gave (tag 50).
    pub card_label: Option<String>,
    /// Application identifier (tag 4F).
    pub aid: Option<Vec<u8>>,
    /// Terminal verification results (tag 95).
    pub tvr: Option<[u8; 5]>,
    /// Application cryptogram (tag 9F26) and its kind.
    pub cryptogram: Option<(CryptogramKind, [u8; 8])>,
    /// Authorisation code.
    pub auth_code: Option<AuthCode>,
    /// Retrieval reference number.
    pub rrn: Option<Rrn>,
    /// Trace number.
    pub stan: Option<Stan>,
    /// Batch number.
    pub batch: Option<BatchNo>,
    /// The host's response code.
    pub host_code: Option<HostCode>,
    /// Whether the cardholder signs.
    pub signature: bool,
}

/// Kinds of application cryptogram (EMV Book 3, 6.5.5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CryptogramKind {
    /// The card asks the issuer.
    Arqc,
    /// The card approves.
    Tc,
    /// The card declines.
    Aac,
}

/// What became of a payment, as far as a slip tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Paid.
    Approved,
    /// Refused by card or host.
    Declined,
    /// Taken back.
    Reversed,
    /// Taken back by a void.
    Voided,
    /// In doubt, or its reversal is under way: the slip is not a receipt.
    NotKnownYet,
    /// The host has not confirmed the reversal: the slip is not a receipt.
    ReversalStuck,
}

/// Where the journal records the payment.
#[derive(Clone, Copy, Debug)]
pub struct JournalMark {
    /// Sequence number of the last event that changed the payment's state.
    pub sequence: u64,
    /// The journal's root after that event; its first eight bytes are printed.
    pub root: [u8; 32],
}

/// How the slip is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The paper.
    pub columns: Columns,
    /// The language of the labels.
    pub language: Language,
    /// For whom.
    pub copy: Copy,
    /// Whether this copy was printed before.
    pub reprint: bool,
}

/// For whom a slip is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copy {
    /// The shop keeps it; the cardholder signs it where the card asks for that.
    Merchant,
    /// The cardholder takes it.
    Customer,
}

/// Sets the slip. Each line ends with a line feed and is at most as wide as the paper.
#[must_use]
pub fn print(data: &ReceiptData, layout: Layout) -> String {
    let mut slip = Slip {
        paper: Paper::new(layout.columns, layout.language),
        texts: Catalogue::of(layout.language),
        data,
        layout,
    };
    head(&mut slip.paper, slip.texts, &data.merchant, layout);
    slip.title();
    slip.identities();
    slip.card();
    slip.amount();
    slip.numbers();
    slip.proof();
    slip.foot();
    slip.paper.into_text()
}

/// Who sold, and for whom this copy is.
pub(super) fn head(paper: &mut Paper, texts: &Catalogue, merchant: &Merchant, layout: Layout) {
    let label = |name: &str| texts.say(&format!("receipt.{name}"), &[]);
    paper.centre(&merchant.name);
    merchant.address.iter().for_each(|line| paper.centre(line));
    paper.rule('=');
    let copy = match layout.copy {
        Copy::Merchant => label("merchant_copy"),
        Copy::Customer => label("customer_copy"),
    };
    let reprint = if layout.reprint { label("reprint") } else { String::new() };
    paper.pair(&copy, &reprint);
}

struct Slip<'a> {
    paper: Paper,
    texts: &'static Catalogue,
    data: &'a ReceiptData,
    layout: Layout,
}

impl Slip<'_> {
    fn title(&mut self) {
        self.paper.space();
        self.centre_label(if self.data.void_of.is_some() { "void" } else { "sale" });
        match self.data.standing {
            Standing::Approved => self.centre_label("approved"),
            Standing::Declined => {
                self.centre_label("declined");
                let reason = match &self.data.payment.host_code {
                    Some(code) => self.texts.host_code(code),
                    None => self.label("declined_by_card"),
                };
                self.paper.centre(&reason);
            }
            Standing::Reversed => self.centre_label("reversed"),
            Standing::Voided => self.centre_label("voided"),
            Standing::NotKnownYet | Standing::ReversalStuck => {
                self.centre_label("not_known_yet");
                self.centre_label("not_a_receipt");
            }
        }
        self.paper.space();
    }

    fn identities(&mut self) {
        let (merchant, payment) = (&self.data.merchant, &self.data.payment);
        self.pair("merchant_id", merchant.merchant_id.as_str());
        self.pair("terminal_id", merchant.terminal_id.as_str());
        self.pair("date", &merchant.zone.date(payment.at));
        self.pair("time", &merchant.zone.time(payment.at));
        self.pair_if("order", payment.order.as_ref().map(OrderNo::as_str));
        self.pair("attempt", payment.attempt.as_str());
        self.pair_if("void_of", self.data.void_of.as_ref().map(AttemptId::as_str));
    }

    fn card(&mut self) {
        let payment = &self.data.payment;
        let Some(masked) = &payment.card_masked else { return };
        self.paper.rule('-');
        self.pair("card", masked.as_str());
        self.pair_if("card_label", payment.card_label.as_deref());
        let contactless = self.label("contactless");
        self.pair("entry", &contactless);
    }

    fn amount(&mut self) {
        self.paper.rule('-');
        self.pair("amount", &self.data.payment.amount.to_string());
        self.paper.rule('-');
    }

    fn numbers(&mut self) {
        let payment = &self.data.payment;
        self.pair_if("auth_code", payment.auth_code.as_ref().map(AuthCode::as_str));
        self.pair_if("rrn", payment.rrn.as_ref().map(Rrn::as_str));
        self.pair_if("stan", payment.stan.map(|stan| stan.to_string()).as_deref());
        self.pair_if("batch", payment.batch.map(|batch| batch.to_string()).as_deref());
        self.pair_if("host_code", payment.host_code.as_ref().map(HostCode::as_str));
        self.pair_if("aid", payment.aid.as_deref().map(hex::encode).as_deref());
        self.pair_if("tvr", payment.tvr.map(|tvr| hex::encode(&tvr)).as_deref());
        if let Some((kind, cryptogram)) = payment.cryptogram {
            self.paper.pair(kind.name(), &hex::encode(&cryptogram));
        }
    }

    fn proof(&mut self) {
        let mark = self.data.journal;
        self.pair("journal_sequence", &mark.sequence.to_string());
        self.pair("journal_root", &hex::encode(&mark.root[..8]));
    }

    fn foot(&mut self) {
        match self.data.standing {
            standing if self.data.void_of.is_some() => self.note(match standing {
                Standing::Approved | Standing::Voided => "void_approved_note",
                Standing::Declined => "void_declined_note",
                Standing::Reversed => "void_reversed_note",
                Standing::NotKnownYet => "void_not_known_yet_note",
                Standing::ReversalStuck => "void_stuck_note",
            }),
            Standing::Approved => {
                if self.data.payment.signature && self.layout.copy == Copy::Merchant {
                    self.signature_line();
                }
                self.note("thanks");
            }
            Standing::Declined => self.note("declined_note"),
            Standing::Reversed => self.note("reversed_note"),
            Standing::Voided => self.note("voided_note"),
            Standing::NotKnownYet => self.note("not_known_yet_note"),
            Standing::ReversalStuck => self.note("stuck_note"),
        }
    }

    fn signature_line(&mut self) {
        self.paper.space();
        let signature = self.label("signature");
        self.paper.left(&signature);
        self.paper.space();
        self.paper.rule('_');
    }

    fn note(&mut self, name: &str) {
        self.paper.space();
        self.centre_label(name);
    }

    fn centre_label(&mut self, name: &str) {
        let label = self.label(name);
        self.paper.centre(&label);
    }

    fn pair(&mut self, name: &str, value: &str) {
        let label = self.label(name);
        self.paper.pair(&label, value);
    }

    fn pair_if(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.pair(name, value);
        }
    }

    fn label(&self, name: &str) -> String {
        self.texts.say(&format!("receipt.{name}"), &[])
    }
}

impl CryptogramKind {
    fn name(self) -> &'static str {
        match self {
            Self::Arqc => "ARQC",
            Self::Tc => "TC",
            Self::Aac => "AAC",
        }
    }
}
