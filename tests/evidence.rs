//! What a merchant hands out: the shop's own records as files, and evidence that a stranger checks.
//!
//! A whole till over TLS, with sales, a refund and a settlement. What must not be in a file is looked for with the
//! needles of the sandbox, and each search has its control: the same needle is found where it belongs.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod shop;

use std::collections::BTreeMap;

use csv::ReaderBuilder;
use shop::{Shop, Till, named, shop};
use taptill::card::Pan;
use taptill::clock::WallMs;
use taptill::error::{Error, ErrorCode};
use taptill::ids::{AttemptId, OrderNo};
use taptill::incident::evidence::{Bundle, DISCLOSED, Facts, Recipient, Scope, verify};
use taptill::incident::records::OwnRecords;
use taptill::merkle::{InclusionText, Note, VerifierKey};
use taptill::money::{Amount, Currency};
use taptill::payment::{RefundOf, RefundRequest, RejectionReason, SaleOrder, VoidOrder};
use taptill::text::Language;
use taptill_sandbox::people::{ALICE, BOB};
use taptill_sandbox::scan::{Hit, Needles};

fn attempt(name: &str) -> AttemptId {
    AttemptId::new(name).unwrap()
}

fn refund_of(name: &str, minor: u64) -> RefundRequest {
    RefundRequest {
        refund: None,
        of: RefundOf::Attempt(attempt(name)),
        amount: Amount::from_minor(minor, Currency::CNY).unwrap(),
    }
}

/// A till with bob at it too, which has sold for 12.30 each and given 5.00 of A-1 back; alice is signed in.
fn busy_till(shop: &Shop) -> Till {
    let till = shop.till();
    till.terminal.add_operator(BOB.as_new()).unwrap();
    till.sell_as(named("A-1", 1_230), "visa").unwrap();
    let order = Some(OrderNo::new("table-nineteen").unwrap());
    till.sell_as(SaleOrder { order, ..named("A-2", 1_230) }, "visa").unwrap();
    till.terminal.sign_in(&BOB.name(), BOB.password(), None).unwrap();
    let refund = till.terminal.request_refund(&refund_of("A-1", 500)).unwrap().refund;
    till.terminal.approve_refund_as(&refund, &ALICE.name(), ALICE.password()).unwrap();
    till.terminal.sign_in(&ALICE.name(), ALICE.password(), None).unwrap();
    till
}

fn the_card() -> Needles {
    Needles::new().card_number("card", &Pan::from_ascii(b"4761739001010119").unwrap())
}

/// A file of the shop's own records, whole.
fn file(till: &Till, of: OwnRecords) -> Result<(u64, String), Error> {
    let mut text = String::new();
    let records = till.terminal.own_records(of, &mut |page| {
        text.push_str(page);
        Ok(())
    })?;
    Ok((records, text))
}

/// Its lines, as any reader of such files takes them apart: columns by name.
fn lines(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = ReaderBuilder::new().from_reader(text.as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

#[test]
fn the_shops_own_records_say_what_was_sold_refunded_and_settled() {
    let shop = shop("own-records");
    let till = busy_till(&shop);
    let formula = OrderNo::new("=SUM(A1:A9),\"x\"").unwrap();
    till.sell_as(SaleOrder { order: Some(formula), ..named("A-3", 100) }, "visa").unwrap();
    let refused = till.terminal.request_refund(&refund_of("A-2", 200)).unwrap().refund;
    let reason = RejectionReason::new("not ours, \"wrong\" shop").unwrap();
    till.terminal.reject_refund(&refused, reason).unwrap();
    till.terminal.settle().unwrap();
    till.sell_as(named("A-4", 7), "visa").unwrap();

    let (count, text) = file(&till, OwnRecords::Payments).unwrap();
    let payments = lines(&text);
    assert_eq!((count, payments.len()), (4, 4), "{text}");
    let column = |name: &str| payments.iter().map(|line| line[name].as_str()).collect::<Vec<_>>();
    assert_eq!(column("attempt"), ["A-4", "A-3", "A-2", "A-1"], "newest first");
    assert_eq!(column("amount"), ["0.07", "1.00", "12.30", "12.30"]);
    assert_eq!(column("refunded"), ["0.00", "0.00", "0.00", "5.00"]);
    assert_eq!(column("settled"), ["no", "yes", "yes", "yes"]);
    assert_eq!(column("order")[1], "'=SUM(A1:A9),\"x\"", "no program runs it");
    assert_eq!(column("card")[0], "476173******0119");
    assert!(column("state").iter().all(|state| *state == "approved"));

    let (count, text) = file(&till, OwnRecords::Refunds).unwrap();
    let refunds = lines(&text);
    assert_eq!((count, refunds.len()), (2, 2), "{text}");
    let names = |line: &BTreeMap<String, String>| {
        ["attempt", "state", "amount", "requested_by", "approved_by", "rejected_because"].map(|name| line[name].clone())
    };
    assert_eq!(names(&refunds[0]), ["A-2", "rejected", "2.00", "alice", "", "not ours, \"wrong\" shop"]);
    assert_eq!(names(&refunds[1]), ["A-1", "acknowledged", "5.00", "bob", "alice", ""]);

    let (count, text) = file(&till, OwnRecords::Batches).unwrap();
    let batches = lines(&text);
    assert_eq!((count, batches.len()), (1, 1), "{text}");
    let sums = ["state", "currency", "sales", "sold", "refunds", "refunded", "net"].map(|name| &batches[0][name]);
    assert_eq!(sums, ["closed", "CNY", "3", "25.60", "1", "5.00", "20.60"]);

    for of in OwnRecords::ALL {
        let (_, text) = file(&till, of).unwrap();
        assert_eq!(the_card().find_in(text.as_bytes()), [], "{}", of.file_name());
        // The control: were the card unmasked, it would be found.
        let unmasked = text.replace("476173******0119", "4761739001010119");
        assert_eq!(the_card().find_in(unmasked.as_bytes()).is_empty(), of == OwnRecords::Batches);
    }
}

#[test]
fn the_shops_own_records_are_the_supervisors_and_a_full_folder_ends_them() {
    let shop = shop("own-records-refused");
    let till = busy_till(&shop);
    let mut written = 0;
    let full = till.terminal.own_records(OwnRecords::Payments, &mut |text| {
        written += text.len();
        Err(ErrorCode::DiskFull.into())
    });
    assert_eq!(full.unwrap_err().code(), ErrorCode::DiskFull);
    assert!(written > 0);
    till.terminal.sign_in(&BOB.name(), BOB.password(), None).unwrap();
    assert_eq!(file(&till, OwnRecords::Payments).unwrap_err().code(), ErrorCode::NotPermitted);
    till.terminal.lock().unwrap();
    assert_eq!(file(&till, OwnRecords::Payments).unwrap_err().code(), ErrorCode::TillLocked);
}

/// A bundle of this, as a folder's worth of files.
fn bundle(till: &Till, scope: &Scope) -> Result<Bundle, Error> {
    let preview = till.terminal.preview_evidence(scope)?;
    let to = Some(Recipient::new("police station 12").unwrap());
    let mut bundle = Bundle::default();
    till.terminal
        .disclose_evidence(preview, to, Language::En, &mut |file| Ok(bundle.add(&file.name, file.contents)?))?;
    Ok(bundle)
}

fn of(name: &str) -> Scope {
    Scope::Attempt { attempt: attempt(name) }
}

fn whole() -> Scope {
    Scope::Period { from_ms: WallMs(0), to_ms: WallMs(i64::MAX) }
}

/// The records in a bundle, in order, as they were written.
fn records(bundle: &Bundle) -> Vec<(String, String)> {
    let proofs = bundle.files().filter(|(name, _)| name.starts_with("events/"));
    let events = proofs.map(|(_, bytes)| InclusionText::parse(bytes).unwrap().extra);
    let text = |event: Vec<u8>| String::from_utf8(event).unwrap();
    let kind = |event: &str| serde_json::from_str::<serde_json::Value>(event).unwrap()["kind"].to_string();
    events.map(text).map(|event| (kind(&event).trim_matches('"').to_owned(), event)).collect()
}

fn till_key(till: &Till) -> Vec<VerifierKey> {
    till.terminal.public_key().unwrap().lines().map(|line| VerifierKey::parse(line).unwrap()).collect()
}

#[test]
fn the_evidence_of_one_payment_holds_and_shows_nothing_of_another() {
    let shop = shop("evidence-payment");
    let till = busy_till(&shop);
    let bundle = bundle(&till, &of("A-1")).unwrap();
    let verdict = verify(&bundle, &till_key(&till)).unwrap();
    assert_eq!(verdict.findings, []);
    let Facts { operators, attempts, key_known, device_signed, disclosed_by, disclosed_to, run, .. } = &verdict.facts;
    assert_eq!(
        (operators.as_slice(), attempts.as_slice()),
        (&["alice".into(), "bob".into()][..], &[attempt("A-1")][..])
    );
    assert_eq!((key_known, device_signed, run), (&true, &true, &None));
    assert_eq!((disclosed_by.as_deref(), disclosed_to.as_deref()), (Some("alice"), Some("police station 12")));

    let records = records(&bundle);
    let kinds: Vec<&str> = records.iter().map(|(kind, _)| kind.as_str()).collect();
    for kind in ["journal.checkpoint_key", "host.signed_on", "attempt.approved", "refund.acknowledged", DISCLOSED] {
        assert_eq!(kinds.iter().filter(|known| **known == kind).count(), 1, "{kind} in {kinds:?}");
    }
    // Nothing of the other sale: neither its name nor its numbers, in no coat.
    let needles = the_card().bytes("the other attempt", b"\"A-2\"").bytes("its order", b"table-nineteen");
    let found = |bundle: &Bundle| -> Vec<Hit> {
        let texts = bundle.files().map(|(_, bytes)| bytes.to_vec());
        let extras = bundle.files().filter_map(|(_, bytes)| InclusionText::parse(bytes).ok()).map(|proof| proof.extra);
        texts.chain(extras).flat_map(|bytes| needles.find_in(&bytes)).collect()
    };
    assert_eq!(found(&bundle), []);
    // The control: they are found in the other's own.
    let control = found(&self::bundle(&till, &of("A-2")).unwrap());
    assert!(["the other attempt", "its order"].iter().all(|named| control.iter().any(|hit| hit.needle == *named)));
}

#[test]
fn a_period_is_whole_and_an_archive_of_it_is_the_same() {
    let shop = shop("evidence-period");
    let till = busy_till(&shop);
    let preview = till.terminal.preview_evidence(&whole()).unwrap();
    let bundle = bundle(&till, &whole()).unwrap();
    let verdict = verify(&bundle, &[]).unwrap();
    assert_eq!(verdict.findings, []);
    assert_eq!(verdict.facts.run, preview.run);
    assert_eq!(verdict.facts.records, preview.size + 1, "all that there was, and the agreement");
    assert!(!verdict.facts.key_known);
    let archive = bundle.to_archive().unwrap();
    assert_eq!(archive, Bundle::of_archive(&archive).unwrap().to_archive().unwrap(), "written in one way");
    assert_eq!(Bundle::of_archive(&archive).unwrap(), bundle);
    let sentences = verdict.sentences(Language::En);
    assert!(sentences.proved.iter().any(|said| said.contains("none of them is left out")), "{sentences:?}");
    assert_eq!(verdict.sentences(Language::ZhCn).proved.len(), sentences.proved.len());
}

#[test]
fn a_void_and_its_sale_are_one_payment_by_either_name() {
    let shop = shop("evidence-void");
    let till = shop.till();
    till.sell_as(named("A-1", 500), "visa").unwrap();
    till.sell_as(named("A-2", 500), "visa").unwrap();
    let void = VoidOrder { attempt: Some(attempt("V-1")), of: attempt("A-1") };
    till.terminal.start_void(void).unwrap().wait().unwrap();
    for name in ["A-1", "V-1"] {
        let bundle = bundle(&till, &of(name)).unwrap();
        let verdict = verify(&bundle, &[]).unwrap();
        assert_eq!(verdict.findings, [], "{name}");
        assert_eq!(verdict.facts.attempts, [attempt("A-1"), attempt("V-1")], "{name}");
        assert_eq!(bundle.files().filter(|(name, _)| name.starts_with("slips/")).count(), 4, "two slips, two proofs");
    }
    let alone = bundle(&till, &of("A-2")).unwrap();
    assert_eq!(verify(&alone, &[]).unwrap().facts.attempts, [attempt("A-2")]);
}

#[test]
fn evidence_that_cannot_be_had_is_refused_by_name_and_discloses_nothing() {
    let shop = shop("evidence-refused");
    let till = busy_till(&shop);
    let period = |from, to| Scope::Period { from_ms: WallMs(from), to_ms: WallMs(to) };
    let before = till.terminal.verify().unwrap().size;
    for (case, scope, code) in [
        ("an attempt that nobody knows", of("A-9"), ErrorCode::AttemptUnknown),
        ("a period that ends before it begins", period(2, 1), ErrorCode::EvidencePeriodInvalid),
        ("a period of no time", period(1, 1), ErrorCode::EvidencePeriodInvalid),
        ("a period in which there was no till", period(1, 2), ErrorCode::EvidenceEmpty),
        (
            "an incident without a freeze",
            Scope::Incident { from_ms: WallMs(0), to_ms: WallMs(i64::MAX) },
            ErrorCode::EvidenceEmpty,
        ),
    ] {
        assert_eq!(bundle(&till, &scope).unwrap_err().code(), code, "{case}");
    }
    let preview = till.terminal.preview_evidence(&of("A-1")).unwrap();
    assert_eq!(till.terminal.verify().unwrap().size, before, "looking is not recorded");
    // A folder that is full: what was agreed to is on record, and what was written is no bundle.
    let mut partly = Bundle::default();
    let full = till.terminal.disclose_evidence(preview, None, Language::En, &mut |file| {
        if partly.files().count() == 3 {
            return Err(ErrorCode::DiskFull.into());
        }
        Ok(partly.add(&file.name, file.contents)?)
    });
    assert_eq!(full.unwrap_err().code(), ErrorCode::DiskFull);
    assert!(till.terminal.verify().unwrap().size > before);
    assert_eq!(verify(&partly, &[]).unwrap_err().code(), ErrorCode::EvidenceNotABundle);
    let another = self::shop("evidence-another");
    let keys = till_key(&another.till());
    let ours = bundle(&till, &of("A-1")).unwrap();
    assert_eq!(verify(&ours, &keys).unwrap_err().code(), ErrorCode::EvidenceOfAnotherTill);
    till.terminal.sign_in(&BOB.name(), BOB.password(), None).unwrap();
    assert_eq!(bundle(&till, &of("A-1")).unwrap_err().code(), ErrorCode::NotPermitted);
    till.terminal.lock().unwrap();
    assert_eq!(bundle(&till, &of("A-1")).unwrap_err().code(), ErrorCode::TillLocked);
}

/// Every key was replaced meanwhile: a sale from before is shown under the keys of today, and both are on record.
#[test]
fn a_sale_from_before_a_renewal_of_all_passwords_is_proved_under_the_keys_of_today() {
    let shop = shop("evidence-renewed");
    let till = busy_till(&shop);
    let before = till.terminal.public_key().unwrap();
    let old = till.terminal.checkpoint().unwrap();
    till.terminal.renew_passwords().unwrap();
    let now = till.terminal.public_key().unwrap();
    let (before, now): (Vec<&str>, Vec<&str>) = (before.lines().collect(), now.lines().collect());
    assert_eq!((now[0], now[2], now.len()), (before[0], before[1], 3), "the old key stays known");
    assert_ne!(now[1], before[1], "and another one signs");
    let note = Note::parse(old.as_bytes()).unwrap();
    assert_eq!(note.verify(&[&VerifierKey::parse(now[2]).unwrap()]), Ok(()));
    assert!(note.verify(&[&VerifierKey::parse(now[1]).unwrap()]).is_err(), "the control");
    for scope in
        [Scope::Attempt { attempt: attempt("A-1") }, Scope::Period { from_ms: WallMs(0), to_ms: WallMs(i64::MAX) }]
    {
        let preview = till.terminal.preview_evidence(&scope).unwrap();
        let mut bundle = Bundle::default();
        till.terminal
            .disclose_evidence(preview, None, Language::En, &mut |file| Ok(bundle.add(&file.name, file.contents)?))
            .unwrap();
        let verdict = verify(&bundle, &[VerifierKey::parse(before[0]).unwrap()]).unwrap();
        assert_eq!(verdict.findings, [], "{scope:?}");
    }
}

#[test]
fn an_incident_is_the_time_around_a_freeze_and_holds_its_record() {
    let shop = shop("evidence-incident");
    let till = busy_till(&shop);
    till.terminal.freeze(None, None).unwrap();
    let scope = Scope::Incident { from_ms: WallMs(0), to_ms: WallMs(i64::MAX) };
    let bundle = bundle(&till, &scope).unwrap();
    assert_eq!(verify(&bundle, &till_key(&till)).unwrap().findings, [], "a frozen till hands out evidence");
    assert!(records(&bundle).iter().any(|(kind, _)| kind == "till.frozen"));
}

/// What a bundle of this preview is, where `meanwhile` happens before it is agreed to (at 0), or after so many files.
fn disclosed_with(till: &Till, scope: &Scope, at: usize, meanwhile: &dyn Fn()) -> (Result<(), Error>, Bundle) {
    let preview = till.terminal.preview_evidence(scope).unwrap();
    let mut bundle = Bundle::default();
    let happens = |files: usize| {
        files == at && {
            meanwhile();
            true
        }
    };
    happens(0);
    let disclosed = till.terminal.disclose_evidence(preview, None, Language::En, &mut |file| {
        bundle.add(&file.name, file.contents)?;
        happens(bundle.files().count());
        Ok(())
    });
    (disclosed.map(drop), bundle)
}

/// How many disclosures the record knows.
fn agreements(till: &Till) -> usize {
    // The one that tells it is one more, each time.
    records(&bundle(till, &whole()).unwrap()).iter().filter(|(kind, _)| kind == DISCLOSED).count() - 1
}

#[test]
fn a_renewal_between_a_preview_and_its_bundle_ends_the_bundle_and_a_new_preview_holds() {
    let shop = shop("evidence-outdated");
    let till = busy_till(&shop);
    let renew = || till.terminal.renew_passwords().unwrap();
    let (control, bundled) = disclosed_with(&till, &of("A-1"), usize::MAX, &renew);
    assert_eq!((control, verify(&bundled, &[]).unwrap().findings), (Ok(()), vec![]), "the control: no renewal");
    for (when, scope, at, agreed) in [
        ("before it is agreed to", of("A-1"), 0, 0),
        ("after the first file", of("A-1"), 1, 1),
        ("among the records", whole(), 40, 1),
    ] {
        let before = agreements(&till);
        let (refused, partly) = disclosed_with(&till, &scope, at, &renew);
        assert_eq!(refused.unwrap_err().code(), ErrorCode::EvidencePreviewOutdated, "{when}");
        assert_eq!(partly.files().count() == 0, at == 0, "{when}: nothing without an agreement");
        assert_eq!(verify(&partly, &[]).unwrap_err().code(), ErrorCode::EvidenceNotABundle, "{when}: it has no list");
        assert_eq!(agreements(&till) - before - 1, agreed, "{when}");
        let anew = bundle(&till, &of("A-1")).unwrap();
        assert_eq!(verify(&anew, &till_key(&till)).unwrap().findings, [], "{when}: looked at anew");
    }
}

#[test]
fn whatever_else_happens_between_a_preview_and_its_bundle_the_bundle_holds() {
    let shop = shop("evidence-meanwhile");
    let till = busy_till(&shop);
    let sell = |name: &str| till.sell_as(named(name, 100), "visa").map(drop).unwrap();
    let give_back = || {
        till.terminal.sign_in(&BOB.name(), BOB.password(), None).unwrap();
        let refund = till.terminal.request_refund(&refund_of("A-1", 100)).unwrap().refund;
        till.terminal.approve_refund_as(&refund, &ALICE.name(), ALICE.password()).unwrap();
        till.terminal.sign_in(&ALICE.name(), ALICE.password(), None).unwrap();
    };
    let grow = || (0..70).for_each(|_| drop(till.terminal.checkpoint().unwrap()));
    let number = std::cell::Cell::new(2);
    let sell_another = || sell(&format!("A-{}", number.replace(number.get() + 1) + 1));
    let settle = || drop(till.terminal.settle().unwrap());
    let happenings: [(&str, &dyn Fn()); 4] = [
        ("another sale", &sell_another),
        ("a refund of it", &give_back),
        ("a settlement", &settle),
        ("many records", &grow),
    ];
    for (what, happens) in happenings {
        for at in [0, 1] {
            for scope in [of("A-1"), whole()] {
                // A batch without a payment is not settled.
                sell_another();
                let before = till.terminal.verify().unwrap().size;
                let (disclosed, bundle) = disclosed_with(&till, &scope, at, happens);
                let verdict = verify(&bundle, &till_key(&till)).unwrap();
                assert_eq!((disclosed, verdict.findings), (Ok(()), vec![]), "{what} at {at}, {scope:?}");
                assert!(till.terminal.verify().unwrap().size > before + 2, "it happened: {what} at {at}");
            }
        }
    }
}
