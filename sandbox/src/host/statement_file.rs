//! The host's book as a statement's file, as an acquirer or a bank would send it: CSV with the columns' own names, and
//! ISO 20022 camt.053.
//!
//! A payment that was taken back is on it with both of its lines. Nothing but what a statement shows is in it.
//! Evidence: `sandbox/tests/till_statement.rs`.

use std::fmt::Write as _;

use taptill::money::Amount;

use super::book::{BookEntry, EntryKind, EntryState};
use super::day::HostTime;

/// The lines as comma-separated values (RFC 4180).
#[must_use]
pub fn statement_csv(entries: &[BookEntry]) -> String {
    let mut file = "date,amount,currency,kind,rrn,stan,batch,auth_code,card,terminal\r\n".to_owned();
    for BookLine { entry, kind, is_debit } in lines(entries) {
        let auth_code = entry.auth_code.as_ref().map(ToString::to_string).unwrap_or_default();
        let card = entry.card_masked.as_ref().map(ToString::to_string).unwrap_or_default();
        let sign = if is_debit { "-" } else { "" };
        // The sandbox's own words: none holds a comma or a quotation mark.
        let _writing_to_memory = write!(
            file,
            "{},{sign}{},{},{kind},{},{},{},{auth_code},{card},{}\r\n",
            day_of(entry),
            digits(entry),
            entry.currency,
            entry.rrn,
            entry.stan,
            entry.batch,
            entry.terminal,
        );
    }
    file
}

/// The lines as an account statement: camt.053.001.08, an entry a line.
#[must_use]
pub fn statement_camt(entries: &[BookEntry]) -> String {
    let mut file = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                    <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt>\
                    <GrpHdr><MsgId>SANDBOX</MsgId></GrpHdr><Stmt><Id>1</Id>\n"
        .to_owned();
    for BookLine { entry, kind, is_debit } in lines(entries) {
        let direction = if is_debit { "DBIT" } else { "CRDT" };
        let is_reversal = kind == "void";
        let code = if kind == "refund" { "RIMB" } else { "POSP" };
        let day = day_of(entry);
        let _writing_to_memory = writeln!(
            file,
            "<Ntry><Amt Ccy=\"{}\">{}</Amt><CdtDbtInd>{direction}</CdtDbtInd><RvslInd>{is_reversal}</RvslInd>\
             <Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{day}</Dt></BookgDt>\
             <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>MCRD</Cd><SubFmlyCd>{code}</SubFmlyCd></Fmly></Domn></BkTxCd>\
             <CardTx><POI><Id><Id>{}</Id></Id></POI><Tx><Indv><SaleRcncltnId>{}</SaleRcncltnId><SeqNb>{}</SeqNb>\
             <TxId><TxDtTm>{day}T00:00:00+08:00</TxDtTm><TxRef>{}</TxRef></TxId></Indv></Tx></CardTx></Ntry>",
            entry.currency,
            digits(entry),
            entry.terminal,
            entry.batch,
            entry.stan,
            entry.rrn,
        );
    }
    file.push_str("</Stmt></BkToCstmrStmt></Document>\n");
    file
}

struct BookLine<'a> {
    entry: &'a BookEntry,
    kind: &'static str,
    is_debit: bool,
}

fn lines(entries: &[BookEntry]) -> impl Iterator<Item = BookLine<'_>> {
    entries.iter().flat_map(|entry| {
        let sale = BookLine { entry, kind: "sale", is_debit: false };
        let back = |kind| BookLine { entry, kind, is_debit: true };
        match (entry.kind, entry.state) {
            (EntryKind::Sale, EntryState::Booked | EntryState::Voided) => vec![sale],
            (EntryKind::Sale, EntryState::Reversed) => vec![sale, back("void")],
            (EntryKind::Void, EntryState::Booked) => vec![back("void")],
            (EntryKind::Refund, EntryState::Booked) => vec![back("refund")],
            _ => vec![],
        }
    })
}

/// The day on which it was booked, at the host's place, as `2026-11-22`.
#[must_use]
pub fn day_of(entry: &BookEntry) -> String {
    HostTime::at(entry.booked_ms).iso_day()
}

fn digits(entry: &BookEntry) -> String {
    Amount::from_minor(entry.amount_minor, entry.currency).map(Amount::digits).unwrap_or_default()
}
