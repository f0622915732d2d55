//! What stands on a refund's voucher and in which order.
//!
//! It never calls a refund paid that the host has not acknowledged, and never prints a card number that is not masked.
//! Who asked and who approved stands on the shop's copy alone. Evidence: `tests/vouchers.rs`.

use crate::card::MaskedPan;
use crate::clock::WallMs;
use crate::hex;
use crate::ids::{AttemptId, AuthCode, BatchNo, HostCode, OperatorName, OrderNo, RefundId, Rrn, Stan};
use crate::money::Amount;
use crate::text::Catalogue;

use super::columns::Paper;
use super::slip::{Copy, JournalMark, Layout, Merchant, head};

/// Everything that a voucher shows. What is not known is not printed.
#[derive(Clone, Debug)]
pub struct VoucherData {
    /// Who gives the money back.
    pub merchant: Merchant,
    /// The refund's id.
    pub refund: RefundId,
    /// How much goes back.
    pub amount: Amount,
    /// When it was asked for.
    pub at: WallMs,
    /// What became of it.
    pub standing: VoucherStanding,
    /// The refund's own numbers.
    pub numbers: Numbers,
    /// The host's response code to it.
    pub host_code: Option<HostCode>,
    /// The sale's id.
    pub attempt: AttemptId,
    /// The shop's order number.
    pub order: Option<OrderNo>,
    /// The numbers of the sale.
    pub sale: Numbers,
    /// The card that paid, masked.
    pub card_masked: Option<MaskedPan>,
    /// Who asked for it.
    pub requested_by: Option<OperatorName>,
    /// Who approved it; the host where nobody is named.
    pub approved_by: Option<OperatorName>,
    /// Whether the cardholder signs.
    pub signature: bool,
    /// Where the journal records it.
    pub journal: JournalMark,
}

/// The numbers by which the host knows a message.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    /// Authorisation code.
    pub auth_code: Option<AuthCode>,
    /// Retrieval reference number.
    pub rrn: Option<Rrn>,
    /// Trace number.
    pub stan: Option<Stan>,
    /// Batch number.
    pub batch: Option<BatchNo>,
}

/// What became of a refund, as far as a voucher tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoucherStanding {
    /// The host has it.
    Refunded,
    /// The host refused it, or it could not be sent: nothing was given back.
    Declined,
    /// It is under way: the slip is no voucher yet.
    NotKnownYet,
    /// The host will not say: the slip is no voucher.
    Stuck,
}

/// Sets the voucher. Each line ends with a line feed and is at most as wide as the paper.
#[must_use]
pub fn print_voucher(data: &VoucherData, layout: Layout) -> String {
    let paper = Paper::new(layout.columns, layout.language);
    let mut voucher = Voucher { paper, texts: Catalogue::of(layout.language), data, layout };
    head(&mut voucher.paper, voucher.texts, &data.merchant, layout);
    voucher.title();
    voucher.identities();
    voucher.amount();
    voucher.numbers();
    voucher.foot();
    voucher.paper.into_text()
}

struct Voucher<'a> {
    paper: Paper,
    texts: &'static Catalogue,
    data: &'a VoucherData,
    layout: Layout,
}

impl Voucher<'_> {
    fn title(&mut self) {
        self.paper.space();
        self.centre_label("refund");
        match self.data.standing {
            VoucherStanding::Refunded => self.centre_label("refunded"),
            VoucherStanding::Declined => {
                self.centre_label("declined");
                if let Some(code) = &self.data.host_code {
                    let reason = self.texts.host_code(code);
                    self.paper.centre(&reason);
                }
            }
            VoucherStanding::NotKnownYet | VoucherStanding::Stuck => {
                self.centre_label("not_known_yet");
                self.centre_label("not_a_voucher");
            }
        }
        self.paper.space();
    }

    fn identities(&mut self) {
        let data = self.data;
        self.pair("merchant_id", data.merchant.merchant_id.as_str());
        self.pair("terminal_id", data.merchant.terminal_id.as_str());
        self.pair("date", &data.merchant.zone.date(data.at));
        self.pair("time", &data.merchant.zone.time(data.at));
        self.pair("refund_id", data.refund.as_str());
        self.pair("attempt", data.attempt.as_str());
        self.pair_if("order", data.order.as_ref().map(OrderNo::as_str));
        self.pair_if("card", data.card_masked.as_ref().map(MaskedPan::as_str));
        if self.layout.copy == Copy::Merchant {
            self.pair_if("requested_by", data.requested_by.as_ref().map(OperatorName::as_str));
            self.pair_if("approved_by", data.approved_by.as_ref().map(OperatorName::as_str));
        }
    }

    fn amount(&mut self) {
        self.paper.rule('-');
        self.pair("amount_back", &self.data.amount.to_string());
        self.paper.rule('-');
    }

    fn numbers(&mut self) {
        let (own, sale) = (&self.data.numbers, &self.data.sale);
        self.pair_if("auth_code", own.auth_code.as_ref().map(AuthCode::as_str));
        self.pair_if("rrn", own.rrn.as_ref().map(Rrn::as_str));
        self.pair_if("stan", own.stan.map(|stan| stan.to_string()).as_deref());
        self.pair_if("batch", own.batch.map(|batch| batch.to_string()).as_deref());
        self.pair_if("host_code", self.data.host_code.as_ref().map(HostCode::as_str));
        self.pair_if("sale_rrn", sale.rrn.as_ref().map(Rrn::as_str));
        self.pair_if("sale_stan", sale.stan.map(|stan| stan.to_string()).as_deref());
        self.pair_if("sale_batch", sale.batch.map(|batch| batch.to_string()).as_deref());
        let mark = self.data.journal;
        self.pair("journal_sequence", &mark.sequence.to_string());
        self.pair("journal_root", &hex::encode(&mark.root[..8]));
    }

    fn foot(&mut self) {
        let is_signed = self.data.signature && self.layout.copy == Copy::Merchant;
        if is_signed && self.data.standing != VoucherStanding::Declined {
            self.paper.space();
            let signature = self.label("signature");
            self.paper.left(&signature);
            self.paper.space();
            self.paper.rule('_');
        }
        self.paper.space();
        self.centre_label(match self.data.standing {
            VoucherStanding::Refunded => "refunded_note",
            VoucherStanding::Declined => "declined_note",
            VoucherStanding::NotKnownYet => "refund_not_known_note",
            VoucherStanding::Stuck => "refund_stuck_note",
        });
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
