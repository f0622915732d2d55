//! What a settlement is refused for, one row a blocker; what it adds up to, told another way; and what is refused while
//! it is not finished.

#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

mod support;

use std::collections::HashMap;

use support::host::Trouble;
use support::world::World;
use taptill::error::Error;
use taptill::iso8583::{Dialect, Op};
use taptill::payment::batch::state::BatchState;
use taptill::payment::batch::totals::{Brand, Sum};
use taptill::payment::refund::state::RefundState;
use taptill::payment::state::State;
use taptill::payment::{BatchDecision, BatchView, Decision, Kind};
use taptill::ports::{EncryptedRead, ReadCvm};

const DIALECTS: [&str; 3] = ["iso87", "unionpay", "encrypted"];

fn sold(world: &mut World, sales: &[(&str, u64)]) {
    for (attempt, minor) in sales {
        assert_eq!(world.sell(attempt, *minor).unwrap().unwrap().state, State::Approved);
    }
}

fn settled(world: &mut World) -> BatchView {
    let view = world.settle().unwrap().unwrap();
    assert_eq!(view.state, BatchState::Closed, "{view:?}");
    view
}

fn sentence<T: std::fmt::Debug>(result: Option<Result<T, Error>>) -> String {
    result.unwrap().unwrap_err().to_string()
}

/// Brings a till into the way of its own settlement.
type Block = fn(&mut World);

#[test]
fn what_is_in_the_way_is_named_and_nothing_begins() {
    let rows: [(&str, Block); 6] = [
        ("settlement_blocked reversal_due=B-1", |world| {
            world.host.troubles.push_back(Trouble::NoAnswer);
            world.host.goes_down_after_sale = true;
            world.sell("B-1", 500).unwrap().unwrap();
        }),
        ("settlement_blocked reversal_stuck=B-1", |world| {
            world.host.troubles.push_back(Trouble::RefuseReversal);
            world.sell("B-1", 500).unwrap().unwrap();
            world.settle_down();
        }),
        ("settlement_blocked void_in_doubt=V-1", |world| {
            world.host.troubles.push_back(Trouble::NoAnswer);
            world.host.lose_reversal_answers = 40;
            world.void("V-1", "A-1").unwrap().unwrap();
        }),
        ("settlement_blocked reversal_stuck=V-1", |world| {
            world.host.troubles.push_back(Trouble::RefuseReversal);
            world.void("V-1", "A-1").unwrap().unwrap();
            world.settle_down();
        }),
        ("settlement_blocked payment_in_progress=B-1", |world| {
            world.card_is_there = false;
            world.start_and_wait("B-1", 500, 100);
        }),
        ("settlement_blocked reversal_due=B-2 reversal_stuck=B-1", |world| {
            world.host.troubles.push_back(Trouble::RefuseReversal);
            world.sell("B-1", 500).unwrap().unwrap();
            world.settle_down();
            world.host.troubles.push_back(Trouble::NoAnswer);
            world.host.goes_down_after_sale = true;
            world.sell("B-2", 500).unwrap().unwrap();
        }),
    ];
    for (verdict, block) in rows {
        let mut world = World::new(1);
        sold(&mut world, &[("A-1", 1_230)]);
        block(&mut world);
        assert_eq!(sentence(world.settle()), verdict);
        assert_eq!(world.batch(None).unwrap().state, BatchState::Open, "{verdict}");
        if !world.card_is_there {
            world.cancel("B-1").unwrap();
        }
        assert!(world.journal().iter().all(|(kind, _)| !kind.starts_with("batch.")), "{verdict}");
        assert!(world.host.arrived.iter().all(|(op, _, _)| *op != Op::Settle), "{verdict}");
    }
}

#[test]
fn a_refund_on_its_way_is_in_the_way_and_one_that_waits_for_approval_is_not() {
    let mut world = World::new(1);
    sold(&mut world, &[("A-1", 1_230), ("A-2", 1_000)]);
    let refund = world.request("A-1", 500).unwrap().refund;
    let waits = world.request("A-2", 500).unwrap().refund;
    world.host.troubles_of.entry(Op::Refund).or_default().extend([Trouble::NoAnswer; 8]);
    let view = world.approve(&refund, "alice").unwrap().unwrap();
    assert_eq!(view.state.word(), "forwarding");
    assert_eq!(sentence(world.settle()), format!("settlement_blocked refund_forwarding={refund}"));
    world.host.troubles_of.clear();
    world.wait(120_000);
    let view = settled(&mut world);
    let sums = view.totals.of(view.totals.0[0].currency);
    assert_eq!((sums.sale, sums.refund), (Sum { count: 2, minor: 2_230 }, Sum { count: 1, minor: 500 }));
    assert_eq!(view.uploaded, 0, "the host has the refund in the same batch");
    assert_eq!(world.approve(&waits, "alice").unwrap().unwrap().state, RefundState::Acknowledged);
    assert_eq!(settled(&mut world).totals.0[0].sums.refund, Sum { count: 1, minor: 500 }, "the next batch has it");
}

#[test]
fn what_a_supervisor_decided_is_counted_as_decided() {
    // Whether the host has booked it too, and so is in balance.
    for (decision, counted, balanced) in [(Decision::Charged, 2, true), (Decision::NotCharged, 1, false)] {
        let mut world = World::new(1);
        sold(&mut world, &[("A-1", 1_230)]);
        world.host.troubles.push_back(Trouble::RefuseReversal);
        world.sell("B-1", 500).unwrap().unwrap();
        world.settle_down();
        world.decide("B-1", decision).unwrap();
        let view = settled(&mut world);
        assert_eq!(view.totals.0[0].sums.sale.count, counted, "{decision:?}");
        assert_eq!(view.uploaded == 0, balanced, "{decision:?}");
        assert_eq!(view.totals.0[0].sums.sale.count, view.records);
    }
}

/// The totals again, from the list of attempts alone.
fn recomputed(world: &mut World) -> HashMap<(Brand, Kind), (u64, u64)> {
    let attempts = world.attempts();
    let mut sums: HashMap<_, (u64, u64)> = HashMap::new();
    for view in attempts.iter().filter(|view| matches!(view.state, State::Approved | State::Voided)) {
        let sum = sums.entry((Brand::of(view.aid.as_deref(), view.label.as_deref()), view.kind)).or_default();
        *sum = (sum.0 + 1, sum.1 + view.amount.minor());
    }
    sums
}

/// A finished read of a card of this scheme.
fn read_of(scheme: &str) -> EncryptedRead {
    EncryptedRead {
        format: "scripted-1".into(),
        key: "world".into(),
        payload: vec![1; 40],
        signature: vec![0x5A; 70],
        scheme: Some(scheme.into()),
        masked: Some("************0119".into()),
        cvm: ReadCvm::OnDevice,
    }
}

#[test]
fn totals_are_those_of_the_journal_and_of_the_host() {
    for dialect in DIALECTS {
        let mut world = World::speaking(dialect, 1);
        for (card, scheme) in [("visa", "VISA"), ("other", "Mastercard")] {
            for sale in 0..3 {
                if dialect == "encrypted" {
                    world.reads.push_back(Ok(read_of(scheme)));
                }
                sold(&mut world, &[(&format!("{card}-{sale}"), 100 + sale)]);
            }
        }
        world.host.troubles.push_back(Trouble::Decline);
        world.sell("declined", 999).unwrap().unwrap();
        world.host.troubles.push_back(Trouble::NoAnswer);
        world.sell("reversed", 999).unwrap().unwrap();
        world.settle_down();
        assert_eq!(world.void("V-1", "visa-0").unwrap().unwrap().state, State::Approved);
        let told = recomputed(&mut world);
        let view = settled(&mut world);
        let ours: HashMap<_, _> = view.totals.0[0]
            .brands
            .iter()
            .flat_map(|of| [((of.brand, Kind::Sale), of.sums.sale), ((of.brand, Kind::Void), of.sums.void)])
            .filter(|(_, sum)| sum.count > 0)
            .map(|(key, sum)| (key, (sum.count, sum.minor)))
            .collect();
        assert_eq!(ours, told, "{dialect}");
        assert_eq!(view.totals.0[0].brands.len(), if dialect == "encrypted" { 2 } else { 1 });
        let (sums, host) = (view.totals.0[0].sums, world.host.totals(1));
        assert_eq!((host.sales, host.voids), ((sums.sale.count, sums.sale.minor), (sums.void.count, sums.void.minor)));
        assert_eq!((view.uploaded, view.sends, sums.net_minor()), (0, 1, 506), "{dialect}");
        assert!(world.attempts().iter().all(|view| view.settled), "{dialect}");
    }
}

#[test]
fn nothing_is_sold_or_given_back_while_a_settlement_is_not_finished() {
    let mut world = World::new(1);
    sold(&mut world, &[("A-1", 1_230), ("A-2", 1_000)]);
    let waits = world.request("A-2", 500).unwrap().refund;
    world.host.troubles_of.entry(Op::Settle).or_default().push_back(Trouble::NoAnswer);
    let view = world.settle().unwrap().unwrap();
    assert_eq!((view.state, view.reason.map(|reason| reason.word())), (BatchState::Sent, Some("no_answer")));
    world.host.up = false;
    let refused = "settlement_unfinished state=sent batch=1";
    assert_eq!(sentence(world.sell("A-3", 500)), refused);
    assert_eq!(sentence(world.void("V-1", "A-1")), refused);
    assert_eq!(world.request("A-1", 500).unwrap_err().to_string(), refused);
    assert_eq!(sentence(world.approve(&waits, "alice")), refused);
    let same = world.sell("A-1", 1_230).unwrap().unwrap();
    assert_eq!(same.state, State::Approved, "what is known is told all the same");
    world.host.up = true;
    world.wait(120_000);
    assert_eq!(world.batch(Some(1)).unwrap().state, BatchState::Closed, "it goes on by itself");
    let sends: Vec<bool> =
        world.host.arrived.iter().filter(|(op, _, _)| *op == Op::Settle).map(|(_, _, is_repeat)| *is_repeat).collect();
    assert_eq!(sends, [false, true], "the second send carries the mark of a repeat");
    assert_eq!(world.sell("A-3", 500).unwrap().unwrap().batch.unwrap().number(), 2);
    assert_eq!(sentence(world.void("V-2", "A-1")), "already_settled instead=refund");
}

#[test]
fn a_host_that_refuses_settles_nothing_unless_an_earlier_send_may_have_worked() {
    let open = "settlement_refused";
    for (codes, trouble, told, end) in [
        (vec!["58"], None, Err(open), BatchState::Open),
        (vec!["96", "00"], None, Ok(BatchState::Sent), BatchState::Closed),
        (vec!["A0", "00"], None, Ok(BatchState::Closed), BatchState::Closed),
        // It signs the till on and wants that again: another sign-on will not help.
        (vec!["A0", "A0"], None, Err(open), BatchState::Open),
        // The first answer is lost: the refusal of the second proves nothing.
        (vec!["58", "00"], Some(Trouble::NoAnswer), Ok(BatchState::Sent), BatchState::Closed),
    ] {
        let mut world = World::new(1);
        sold(&mut world, &[("A-1", 1_230)]);
        world.host.troubles_of.entry(Op::Settle).or_default().extend(trouble);
        let mut scripted: Vec<&str> = codes.clone();
        scripted.retain(|code| *code != "00");
        if trouble.is_none() {
            world.host.codes_of.entry(Op::Settle).or_default().extend(scripted);
        } else {
            // The lost one is answered as it should be; what follows is refused once.
            let result = world.settle().unwrap().unwrap();
            assert_eq!(result.state, BatchState::Sent);
            world.host.codes_of.entry(Op::Settle).or_default().extend(scripted);
        }
        let result = world.settle().unwrap();
        assert_eq!(result.as_ref().map(|view| view.state).map_err(|error| error.code().code()), told, "{codes:?}");
        if end == BatchState::Open {
            assert_eq!(world.batch(None).unwrap().host_code.unwrap().as_str(), codes[codes.len() - 1]);
            assert_eq!(world.sell("A-2", 500).unwrap().unwrap().state, State::Approved, "selling goes on");
            assert_eq!(settled(&mut world).records, 2);
        } else {
            world.wait(300_000);
            assert_eq!(world.batch(Some(1)).unwrap().state, end, "{codes:?} {trouble:?}");
        }
    }
}

#[test]
fn an_empty_batch_and_one_that_nobody_knows_are_refused() {
    let mut world = World::new(1);
    assert_eq!(sentence(world.settle()), "batch_empty batch=1");
    world.host.troubles.push_back(Trouble::Decline);
    world.sell("A-1", 500).unwrap().unwrap();
    assert_eq!(sentence(world.settle()), "batch_empty batch=1", "a decline is nothing to settle");
    assert_eq!(world.batch(Some(7)).unwrap_err().code().code(), "record_unknown");
    assert_eq!((world.host.batch, world.host.arrived.len()), (1, 0));
}

#[test]
fn a_dialect_without_settlement_refuses_before_anything_is_frozen() {
    let toml = Dialect::shipped("iso87").unwrap();
    let begin = toml.find("[[message]]\nop = \"settle_end\"").unwrap();
    let end = begin + toml[begin + 1..].find("[[message]]").unwrap() + 1;
    let without = format!("{}{}", &toml[..begin], &toml[end..]);
    let mut world = World::with_dialect(1, &without, |_| {});
    sold(&mut world, &[("A-1", 500)]);
    assert_eq!(sentence(world.settle()), "operation_not_in_dialect operation=settle_end");
    assert_eq!(world.sell("A-2", 500).unwrap().unwrap().state, State::Approved);
}

#[test]
fn a_sign_on_that_names_the_next_batch_does_not_confuse_a_settlement_whose_answer_was_lost() {
    let mut world = World::new(1);
    sold(&mut world, &[("A-1", 1_230)]);
    world.host.troubles_of.entry(Op::Settle).or_default().push_back(Trouble::NoAnswer);
    world.settle().unwrap().unwrap();
    assert_eq!(world.host.batch, 2, "the host has closed it");
    world.restart();
    world.wait(60_000);
    let view = world.batch(Some(1)).unwrap();
    assert_eq!((view.state, view.next.map(|next| next.number())), (BatchState::Closed, Some(2)));
    assert_eq!(world.sell("A-2", 500).unwrap().unwrap().batch.unwrap().number(), 2);
}

#[test]
fn a_host_that_begins_its_numbers_anew_settles_each_batch_for_itself() {
    let mut world = World::new(1);
    sold(&mut world, &[("A-1", 1_230)]);
    settled(&mut world);
    world.host.batch = 1;
    world.host.batches.clear();
    world.host.book.clear();
    world.restart();
    sold(&mut world, &[("B-1", 500)]);
    let view = world.batch(None).unwrap();
    assert_eq!((view.batch.number(), view.records), (1, 1), "what was settled is not counted again");
    let states = |world: &mut World| (world.status("A-1").unwrap().settled, world.status("B-1").unwrap().settled);
    assert_eq!(states(&mut world), (true, false));
    assert_eq!(settled(&mut world).records, 1);
    assert_eq!(states(&mut world), (true, true));
}

/// Brings a settlement to where the host answers and only refuses.
type Refuse = fn(&mut World);

fn refuses(world: &mut World, op: Op, code: &'static str) {
    world.host.codes_of.entry(op).or_default().extend([code; 60]);
}

/// The host has lost a booking, so it wants every record.
fn out_of_balance(world: &mut World) {
    let lost = world.host.book.keys().next().unwrap().clone();
    world.host.book.remove(&lost);
}

#[test]
fn a_settlement_that_the_host_only_refuses_is_ended_by_a_supervisor() {
    let rows: [(&str, Refuse, BatchState, u32); 6] = [
        (
            "it has closed the batch, its answer was lost, and it knows nothing of it any more",
            |world| {
                world.host.troubles_of.entry(Op::Settle).or_default().push_back(Trouble::NoAnswer);
                world.settle().unwrap().unwrap();
                refuses(world, Op::Settle, "12");
            },
            BatchState::Sent,
            2,
        ),
        ("it is never ready", |world| refuses(world, Op::Settle, "96"), BatchState::Sent, 2),
        (
            "it wants no record",
            |world| {
                out_of_balance(world);
                refuses(world, Op::BatchUpload, "12");
            },
            BatchState::Unbalanced,
            2,
        ),
        (
            "it wants no end",
            |world| {
                out_of_balance(world);
                refuses(world, Op::SettleEnd, "12");
            },
            BatchState::EndSent,
            2,
        ),
        (
            "it wants a sign-on before each record",
            |world| {
                out_of_balance(world);
                refuses(world, Op::BatchUpload, "A0");
            },
            BatchState::Unbalanced,
            2,
        ),
        (
            "it has gone to another batch",
            |world| {
                world.host.batch = 7;
                world.restart();
                assert_eq!(sentence(world.sell("A-2", 500)), "batch_change_refused", "found at the sign-on");
            },
            BatchState::Sent,
            7,
        ),
    ];
    for (row, refuse, stands, next) in rows {
        for decision in [BatchDecision::Closed, BatchDecision::NotClosed] {
            let mut world = World::new(1);
            sold(&mut world, &[("A-1", 1_230)]);
            refuse(&mut world);
            world.settle().unwrap().unwrap();
            world.wait(600_000);
            let view = world.batch(Some(1)).unwrap();
            assert_eq!((view.state, view.may_be_decided()), (stands, true), "{row}");
            let decided = world.decide_batch(1, decision).unwrap();
            world.host.codes_of.clear();
            if decision == BatchDecision::Closed {
                let told = (decided.state, decided.decision, decided.next.map(|next| next.number()));
                assert_eq!(told, (BatchState::Closed, Some(decision), Some(next)), "{row}");
                assert_eq!(world.decide_batch(1, decision).unwrap(), decided, "{row}: again, it is the same");
                let other = world.decide_batch(1, BatchDecision::NotClosed).unwrap_err();
                assert_eq!(other.to_string(), "already_decided decision=closed", "{row}");
                assert!(world.status("A-1").unwrap().settled, "{row}");
                world.host.batch = next;
            } else {
                assert_eq!((decided.state, decided.records), (BatchState::Open, 1), "{row}");
                assert!(!world.status("A-1").unwrap().settled, "{row}");
                world.host.batch = 1;
                world.host.batches.clear();
            }
            world.restart();
            let ticket = world.test_host();
            world.told(ticket).unwrap();
            let batch = if decision == BatchDecision::Closed { next } else { 1 };
            let view = world.sell("A-9", 500).unwrap().unwrap();
            assert_eq!((view.state, view.batch.unwrap().number()), (State::Approved, batch), "{row}");
            settled(&mut world);
        }
    }
}

#[test]
fn nobody_decides_about_a_settlement_that_may_yet_end_by_itself() {
    let mut world = World::new(1);
    let closed = BatchDecision::Closed;
    let refused = |world: &mut World, batch| world.decide_batch(batch, closed).unwrap_err().to_string();
    assert_eq!(refused(&mut world, 9), "record_unknown");
    sold(&mut world, &[("A-1", 1_230)]);
    assert_eq!(refused(&mut world, 1), "not_stuck state=open refusals=0");
    world.host.troubles_of.entry(Op::Settle).or_default().extend([Trouble::Forget; 4]);
    world.settle().unwrap().unwrap();
    world.wait(4_000);
    assert_eq!(refused(&mut world, 1), "not_stuck state=sent refusals=0", "silence is no refusal");
    world.host.troubles_of.clear();
    refuses(&mut world, Op::Settle, "96");
    world.settle().unwrap().unwrap();
    assert_eq!(refused(&mut world, 1), "not_stuck state=sent refusals=1");
    world.host.codes_of.clear();
    world.wait(600_000);
    assert_eq!(refused(&mut world, 1), "not_stuck state=closed refusals=1", "the host has closed it");
    assert!(world.journal().iter().all(|(kind, _)| kind != "batch.decided"));
}
