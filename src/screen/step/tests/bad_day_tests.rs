//! Freezes, also in the middle of a sale, what keeps a till from leaving, and what is stuck.

use super::*;

#[test]
fn a_freeze_is_held_or_touched_twice_and_the_keypad_is_gone_until_two_people_release() {
    let mut walk = Walk::at_the_keypad();
    assert!(walk.screen().actions.iter().any(|action| action.held == Some(Intent::Freeze)));
    assert!(walk.screen().actions.iter().all(|action| action.intent != Intent::Freeze), "no touch freezes");
    walk.want(Intent::Freeze);
    assert_eq!(walk.done(), [Effect::Freeze]);
    walk.on(Event::Frozen { who: frozen() });
    assert_eq!(walk.kind(), ScreenKind::Frozen);
    for intent in [Intent::Charge, Intent::Digit { digit: 5 }, Intent::Freeze, Intent::ToFreeze] {
        assert!(!walk.screen().allows(&intent), "{intent:?}");
    }
    walk.want(Intent::ToRelease).want(Intent::Release);
    walk.on(Event::Frozen { who: who(TillStanding::SignedIn, Role::Supervisor) });
    assert_eq!(walk.kind(), ScreenKind::AmountPad);

    walk.want(Intent::ToFreeze);
    assert_eq!((walk.kind(), walk.done()), (ScreenKind::Freeze, vec![Effect::Release]));
    walk.want(Intent::Freeze);
    assert_eq!(walk.done(), [Effect::Freeze]);
}

#[test]
fn a_list_of_what_is_in_the_way_of_a_deregistration_goes_when_something_was_seen_to() {
    let picture = |name| pictures(Language::En).into_iter().find(|(known, _)| *known == name).unwrap().1;
    let resolved = || Event::Resolved(Resolved { closed: Vec::new(), left: Vec::new(), ..Resolved::default() });
    let accepted = || Event::RollBackAccepted { who: who(TillStanding::SignedIn, Role::Supervisor) };
    let rows = [
        (Effect::Settle, Event::Settled, ScreenKind::Deregister),
        (Effect::Resolve, resolved(), ScreenKind::Deregister),
        (Effect::AcceptRollBack, accepted(), ScreenKind::Deregister),
        (Effect::Settle, resolved(), ScreenKind::DeregisterBlocked),
        (Effect::Settle, accepted(), ScreenKind::DeregisterBlocked),
    ];
    let blocked = || {
        let below = vec![picture("deregister").place];
        Walk::from(State { below, ..picture("deregister-blocked") })
    };
    for (wanted, event, kind) in rows {
        let mut walk = blocked();
        walk.state.wanted = Some(wanted.clone());
        assert_eq!(walk.on(event).kind(), kind, "{wanted:?}");
    }
    let mut walk = blocked();
    walk.want(Intent::ToStatement).on(Event::Statement(None)).want(Intent::Back);
    assert_eq!(walk.kind(), ScreenKind::DeregisterBlocked, "it was not looked at");
    walk.want(Intent::ToStatement).on(Event::Statement(None)).want(Intent::CheckStatement).on(Event::Statement(None));
    assert_eq!(walk.want(Intent::Back).kind(), ScreenKind::Deregister);
}

#[test]
fn a_freeze_that_needs_a_name_asks_for_it_once() {
    for touched in [false, true] {
        let mut walk = Walk::from(pictures(Language::En).into_iter().find(|(name, _)| *name == "locked").unwrap().1);
        if touched {
            walk.want(Intent::ToFreeze);
        }
        walk.want(Intent::Freeze).on(failed(Effect::Freeze, ErrorCode::FreezeNeedsPassword));
        assert_eq!(walk.kind(), ScreenKind::FreezeByName);
        walk.done();
        walk.want(Intent::Freeze);
        assert_eq!(walk.done(), [Effect::FreezeByName]);
        walk.on(failed(Effect::FreezeByName, ErrorCode::SignInRefused));
        assert_eq!(walk.kind(), ScreenKind::FreezeByName, "the form says why");
        walk.want(Intent::Back);
        assert_eq!(walk.kind(), ScreenKind::Locked);
    }
}

#[test]
fn what_the_acquirer_has_frozen_nobody_here_releases() {
    let mut walk =
        Walk::from(pictures(Language::En).into_iter().find(|(name, _)| *name == "frozen-by-host").unwrap().1);
    assert!(!walk.screen().allows(&Intent::ToRelease));
    walk.want(Intent::Settings);
    assert!(!walk.screen().allows(&Intent::ToRelease));
}

/// Whoever freezes a till in the middle of a sale sees how the sale ends, once, and then the frozen till.
#[test]
fn a_freeze_in_a_sale_freezes_and_the_sale_ends_once_on_the_glass_before_the_frozen_till() {
    let ends = [
        (Standing::Approved, None, ScreenKind::Approved),
        (Standing::Declined, Some(Reason::Host), ScreenKind::Declined),
        (Standing::Reversed, Some(Reason::NoAnswer), ScreenKind::Declined),
        (Standing::NotSent, Some(Reason::TillFrozen), ScreenKind::Trouble),
    ];
    let is_touched_first = [false, true];
    for (end, reason, kind) in ends {
        for (touched, ends_first) in is_touched_first.into_iter().flat_map(|one| [(one, false), (one, true)]) {
            let told = format!("{end} touched {touched} ends first {ends_first}");
            let mut walk = Walk::selling("s-1");
            if touched {
                walk.want(Intent::ToFreeze);
                assert!(walk.screen().field_on, "the card may come meanwhile");
            }
            walk.want(Intent::Freeze);
            assert_eq!(walk.done(), [Effect::Freeze], "{told}");
            if ends_first {
                walk.on(ended("s-1", end, reason)).on(Event::Frozen { who: frozen() });
            } else {
                walk.on(Event::Frozen { who: frozen() });
                assert!(walk.state.sale().is_some() && walk.kind() == ScreenKind::PresentCard, "{told}: it goes on");
                assert!(walk.screen().rows.iter().any(|row| row.label == "Frozen"), "{told}: nobody wonders");
                walk.on(ended("s-1", end, reason));
            }
            assert_eq!(walk.kind(), kind, "{told}: the end is seen");
            assert!(!walk.screen().allows(&Intent::TryAgain), "{told}: nothing is charged any more");
            assert!(!walk.screen().allows(&Intent::Freeze), "{told}: it is frozen");
            assert_eq!(walk.done(), [], "{told}: nothing was taken that nobody has left");
            walk.want(Intent::NewSale);
            assert_eq!((walk.kind(), walk.done()), (ScreenKind::Frozen, vec![Effect::Taken { attempt: id("s-1") }]));
        }
    }
}

#[test]
fn whoever_thinks_better_of_a_freeze_is_back_in_the_sale_or_at_its_end() {
    let mut walk = Walk::selling("s-1");
    walk.want(Intent::ToFreeze).want(Intent::Back);
    assert_eq!(walk.kind(), ScreenKind::PresentCard);
    walk.want(Intent::ToFreeze).on(ended("s-1", Standing::Approved, None));
    assert_eq!(walk.kind(), ScreenKind::Freeze, "nothing moves under the finger that freezes");
    walk.want(Intent::Back);
    assert_eq!(walk.kind(), ScreenKind::Approved);

    let mut walk = Walk::selling("s-2");
    walk.want(Intent::ToFreeze).on(failed(start("s-2"), ErrorCode::HostUnreachable)).want(Intent::Back);
    assert_eq!(walk.kind(), ScreenKind::Trouble);
    walk.want(Intent::ToFreeze).want(Intent::Back);
    assert_eq!(walk.kind(), ScreenKind::Trouble, "nobody has dealt with it");
}

#[test]
fn a_freeze_that_is_refused_in_a_sale_is_said_also_when_the_sale_has_ended_meanwhile() {
    let mut walk = Walk::selling("s-1");
    walk.want(Intent::Freeze).on(ended("s-1", Standing::Approved, None));
    walk.on(failed(Effect::Freeze, ErrorCode::TillBusy));
    assert_eq!(walk.kind(), ScreenKind::Trouble);
    walk.want(Intent::Back);
    assert_eq!(walk.kind(), ScreenKind::Approved, "and the end is still there");
}

#[test]
fn every_screen_of_a_sale_and_of_its_end_is_held_to_freeze() {
    let mut seen = 0;
    for (name, state) in pictures(Language::En) {
        let is_of_a_sale = matches!(state.place, Place::Sale(_) | Place::Outcome(_) | Place::Trouble(_));
        let must_open_anew = draw(&state).actions.len() == 1 && draw(&state).allows(&Intent::TryAgain);
        if !is_of_a_sale || must_open_anew || state.who.is_none() {
            continue;
        }
        let is_held = draw(&state).actions.iter().any(|action| action.held == Some(Intent::Freeze) && action.enabled);
        assert_eq!(is_held, state.frozen().is_none(), "{name}");
        seen += 1;
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn a_decision_is_taken_of_what_is_on_the_glass_and_known_everywhere_from_then_on() {
    let stuck = || view(Standing::ReversalStuck, Some(Reason::ReversalRefused));
    let open = |of| {
        let mut walk = Walk::from(at(Place::Outcome(Box::new(stuck()))));
        walk.state.debts = vec![stuck()];
        walk.want(Intent::ToDecide { attempt: attempt() }).on(Event::Stuck(Box::new(of)));
        walk.done();
        walk
    };
    let charged = Effect::Decide { attempt: attempt(), decision: Decision::Charged };
    let paid = Effect::DecideRefund { refund: refund().refund, decision: RefundDecision::Paid };
    for (of, intent, verdict) in [
        (Stuck::Payment(stuck()), Intent::DecideCharged, Some(charged.clone())),
        (Stuck::Payment(stuck()), Intent::DecidePaid, None),
        (Stuck::Payment(decided()), Intent::DecideCharged, None),
        (Stuck::Refund(refund()), Intent::DecidePaid, Some(paid)),
        (Stuck::Refund(refund()), Intent::DecideNotCharged, None),
    ] {
        let mut walk = open(of.clone());
        walk.on(Event::Intent(intent.clone()));
        assert_eq!(walk.done(), verdict.into_iter().collect::<Vec<_>>(), "{of:?} {intent:?}");
    }
    let mut walk = open(Stuck::Payment(stuck()));
    walk.want(Intent::DecideCharged).on(failed(charged, ErrorCode::AlreadyDecided));
    assert_eq!(walk.kind(), ScreenKind::Trouble, "it is refused by name");

    let mut walk = open(Stuck::Payment(stuck()));
    walk.want(Intent::DecideNotCharged).on(Event::Decided(Box::new(Stuck::Payment(decided()))));
    assert_eq!((walk.kind(), walk.state.debts.len()), (ScreenKind::NotKnownYet, 0));
    assert!(walk.screen().rows.iter().any(|row| row.label == "Decided"));
}
