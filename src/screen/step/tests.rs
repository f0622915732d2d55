//! Every screen with every intent and every event, every error, and events in odd orders.

mod bad_day_tests;
mod everything;

use everything::{all_events, all_intents, effects, frozen};

use super::*;
use crate::error::{Error, ErrorCode, Money, Reversal};
use crate::ids::{AttemptId, OperatorName, Role};
use crate::incident::freeze::FreezeView;
use crate::payment::{Decision, Page, Reason, RefundDecision, Resolved};
use crate::receipt::Copy;
use crate::screen::gallery::stuck::refund;
use crate::screen::gallery::{amount, at, attempt, decided, pictures, till, view, who};
use crate::screen::intent::Intent;
use crate::screen::shown::{Action, Role as Prominence, Screen, ScreenKind};
use crate::screen::state::{Hint, Stuck};
use crate::screen::table::{Again, again};
use crate::text::Language;
use crate::till::{Standing as TillStanding, TillState};

/// A state, and everything that was to be done on the way.
struct Walk {
    state: State,
    todo: Vec<Effect>,
}

impl Walk {
    fn from(state: State) -> Self {
        Self { state, todo: Vec::new() }
    }

    /// At the keypad of a till in order.
    fn at_the_keypad() -> Self {
        Self::from(at(Place::Pad))
    }

    /// A sale of this name that the till has accepted and that waits for a card.
    fn selling(name: &str) -> Self {
        let mut walk = Self::at_the_keypad();
        walk.want(Intent::Digit { digit: 5 }).want(Intent::Charge);
        walk.on(Event::Minted(id(name))).on(Event::Begun(id(name)));
        walk.on(Event::Notice(Notice::Show(Prompt::PresentCard))).on(Event::Notice(Notice::FieldOn));
        walk.todo.clear();
        walk
    }

    fn on(&mut self, event: Event) -> &mut Self {
        let (state, todo) = step(self.state.clone(), event);
        self.state = state;
        self.todo.extend(todo);
        self
    }

    /// Something that the screen offers.
    fn want(&mut self, intent: Intent) -> &mut Self {
        assert!(self.screen().allows(&intent), "{intent:?} is not offered by {:?}", self.screen());
        self.on(Event::Intent(intent))
    }

    fn screen(&self) -> Screen {
        draw(&self.state)
    }

    fn kind(&self) -> ScreenKind {
        self.screen().kind
    }

    /// What was to be done since the last time.
    fn done(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.todo)
    }
}

fn id(name: &str) -> AttemptId {
    AttemptId::new(name).unwrap()
}

fn of(name: &str, state: Standing, reason: Option<Reason>) -> AttemptView {
    AttemptView { attempt: id(name), ..view(state, reason) }
}

fn ended(name: &str, state: Standing, reason: Option<Reason>) -> Event {
    Event::Ended(Box::new(of(name, state, reason)))
}

fn told(name: &str, state: Standing, reason: Option<Reason>) -> Event {
    Event::Attempt(Box::new(of(name, state, reason)))
}

fn notice(name: &str, state: Standing) -> Event {
    Event::Notice(Notice::Attempt { attempt: name.to_owned(), state: state.word() })
}

fn start(name: &str) -> Effect {
    Effect::StartSale { attempt: id(name), amount: amount() }
}

fn failed(effect: Effect, code: ErrorCode) -> Event {
    Event::Failed { effect, error: code.into() }
}

fn opened(recent: Vec<AttemptView>) -> Event {
    Event::SignedIn {
        who: who(TillStanding::SignedIn, Role::Supervisor),
        till: Box::new(till()),
        recent,
        days_left: None,
        failed_before: 0,
        has_code: false,
    }
}

#[test]
fn every_screen_ignores_every_intent_that_it_does_not_offer() {
    let (mut taken, mut ignored) = (0, 0);
    for (name, state) in pictures(Language::En) {
        for intent in all_intents() {
            let (next, todo) = step(state.clone(), Event::Intent(intent.clone()));
            let shown = draw(&next);
            let goes_on_by_itself = shown.kind == ScreenKind::Erasing;
            assert!(!shown.title.is_empty() && shown.actions.is_empty() == goes_on_by_itself, "{name} {intent:?}");
            if draw(&state).allows(&intent) {
                taken += 1;
            } else {
                ignored += 1;
                assert_eq!((&next, todo), (&state, vec![]), "{name} {intent:?}");
            }
        }
    }
    assert!(taken > 300 && ignored > 1_000, "{taken} {ignored}");
}

#[test]
fn every_screen_survives_every_event_and_can_be_left() {
    for (name, state) in pictures(Language::En) {
        for event in all_events() {
            let (next, _) = step(state.clone(), event.clone());
            let screen = draw(&next);
            let busy = next.wanted.is_some() || next.sale().is_some();
            let leaves = screen.keypad || screen.actions.iter().any(|action| action.enabled);
            assert!(leaves || busy, "{name} after {event:?}: nothing can be touched on {screen:?}");
        }
    }
}

/// Thousands of events in any order: nothing crashes, and no sale begins before the last one has ended.
#[test]
fn whatever_the_order_there_is_one_sale_at_a_time_and_each_has_a_name_of_its_own() {
    let (intents, events) = (all_intents(), all_events());
    let mut random: u64 = 0x5eed;
    let mut pick = |below: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(random >> 33).unwrap() % below
    };
    let mut walk = Walk::at_the_keypad();
    let (mut minted, mut begun) = (0_u32, 0);
    for _ in 0..200_000 {
        let named = walk.state.sale().and_then(|sale| sale.attempt.clone());
        let screen = walk.screen();
        let offered: Vec<&Intent> = intents.iter().filter(|intent| screen.allows(intent)).collect();
        let event = match pick(4) {
            0 => events[pick(events.len())].clone(),
            1 => Event::Intent(intents[pick(intents.len())].clone()),
            2 => Event::Intent(offered[pick(offered.len())].clone()),
            _ => {
                minted += 1;
                Event::Minted(id(&format!("walk-{minted}")))
            }
        };
        walk.on(event);
        let starts = walk.done().into_iter().filter(|effect| matches!(effect, Effect::StartSale { .. })).count();
        assert!(starts == 0 || (starts == 1 && named.is_none()), "a sale began behind {named:?}");
        assert!(starts == 0 || walk.state.sale().is_some_and(|sale| sale.attempt.is_some()));
        begun += starts;
    }
    assert!(begun > 50, "the walk went somewhere: {begun}");
}

#[test]
fn every_error_of_a_sale_says_what_happened_what_the_money_did_and_what_to_do() {
    for code in ErrorCode::ALL {
        for language in Language::ALL {
            let mut walk = Walk::selling("s");
            walk.state.language = language;
            let error = Error::from(*code).of_attempt(&id("s"));
            walk.on(Event::Failed { effect: start("s"), error });
            let (screen, texts) = (walk.screen(), crate::text::Catalogue::of(language));
            let told = format!("{} in {}", code.code(), language.tag());
            assert_eq!(screen.kind, ScreenKind::Trouble, "{told}");
            let message = screen.message.clone().unwrap();
            assert!(message.starts_with(&texts.error_what(*code)), "{told}: {message}");
            assert!(message.len() > texts.error_what(*code).len(), "{told} says nothing of the money");
            assert_eq!(screen.advice, Some(texts.error_todo(*code)), "{told}");
            assert!(screen.rows.iter().any(|row| row.value == code.code()), "{told}");
            assert!(screen.actions.iter().any(|action| action.enabled), "{told}");
        }
    }
}

#[test]
fn what_once_more_means_is_what_the_table_says() {
    for code in ErrorCode::ALL {
        let mut walk = Walk::selling("s");
        walk.on(Event::Failed { effect: start("s"), error: Error::from(*code).of_attempt(&id("s")) });
        if !walk.screen().allows(&Intent::TryAgain) {
            walk.want(Intent::Back);
            assert_eq!(walk.kind(), ScreenKind::AmountPad, "{}", code.code());
            continue;
        }
        walk.want(Intent::TryAgain);
        let done = walk.done();
        let verdict = match again(*code, code.row().money) {
            Again::OpenTill => done.contains(&Effect::Open),
            Again::SameAttempt => done.contains(&start("s")) && !done.contains(&Effect::Mint),
            Again::NewAttempt => done.contains(&Effect::Mint) && !done.contains(&start("s")),
            Again::Nothing => false,
        };
        assert!(verdict, "{}: {done:?}", code.code());
    }
}

#[test]
fn every_error_of_everything_else_is_shown_to_whoever_waits_and_to_nobody_else() {
    for code in ErrorCode::ALL {
        for effect in effects("other").into_iter().filter(|effect| {
            !matches!(effect, Effect::Mint | Effect::StartSale { .. } | Effect::Cancel { .. } | Effect::Taken { .. })
        }) {
            let mut walk = Walk::at_the_keypad();
            walk.state.wanted = Some(effect.clone());
            walk.on(failed(effect.clone(), *code));
            let not_provisioned = effect == Effect::Open && *code == ErrorCode::NotProvisioned;
            let kind = if not_provisioned { ScreenKind::FirstStart } else { ScreenKind::Trouble };
            assert_eq!(walk.kind(), kind, "{} of {effect:?}", code.code());
            assert!(walk.screen().actions.iter().any(|action| action.enabled), "{} of {effect:?}", code.code());
            if effect != Effect::Open {
                let mut nobody = Walk::at_the_keypad();
                nobody.on(failed(effect, *code));
                assert_eq!(nobody.kind(), ScreenKind::AmountPad);
            }
        }
    }
}

#[test]
fn what_may_have_moved_money_is_asked_for_again_under_the_same_name() {
    let mut walk = Walk::selling("s");
    let error =
        Error::from(ErrorCode::HostSilent).of_attempt(&id("s")).with_standing((Money::MayHaveMoved, Reversal::Pending));
    walk.on(Event::Failed { effect: start("s"), error });
    assert!(walk.screen().message.unwrap().contains("Nobody should pay again yet"));
    assert!(!walk.screen().allows(&Intent::Back) && !walk.screen().allows(&Intent::NewSale));
    walk.want(Intent::TryAgain);
    assert_eq!(walk.done(), [start("s")]);
    walk.on(ended("s", Standing::Approved, None));
    assert_eq!(walk.kind(), ScreenKind::Approved);
}

#[test]
fn a_name_is_used_once_and_only_by_a_sale_that_waits_for_one() {
    let mut walk = Walk::at_the_keypad();
    walk.on(Event::Minted(id("early")));
    assert_eq!(walk.done(), []);
    walk.want(Intent::Digit { digit: 5 }).want(Intent::Charge).on(Event::Intent(Intent::Charge));
    assert_eq!(walk.done(), [Effect::Mint]);
    walk.on(Event::Minted(id("a"))).on(Event::Minted(id("b")));
    assert!(matches!(&walk.done()[..], [Effect::StartSale { attempt, .. }] if *attempt == id("a")));
}

#[test]
fn a_cancel_before_the_till_has_accepted_the_sale_is_not_lost() {
    let mut walk = Walk::at_the_keypad();
    walk.want(Intent::Digit { digit: 5 }).want(Intent::Charge).want(Intent::Cancel);
    assert!(!walk.screen().allows(&Intent::Cancel), "asked once");
    walk.on(Event::Minted(id("s")));
    walk.done();
    walk.on(Event::Begun(id("other")));
    assert_eq!(walk.done(), []);
    walk.on(Event::Begun(id("s")));
    assert_eq!(walk.done(), [Effect::Cancel { attempt: id("s") }]);
    walk.on(ended("s", Standing::NotSent, Some(Reason::Cancelled)));
    assert_eq!((walk.kind(), walk.state.hint), (ScreenKind::AmountPad, Some(Hint::Cancelled)));
    assert_eq!(walk.done(), [Effect::Taken { attempt: id("s") }]);
    assert!(!walk.state.typed.is_empty(), "what was typed is still there");
    // Named, and not accepted yet: the till would not know what to cancel.
    let mut walk = Walk::at_the_keypad();
    walk.want(Intent::Digit { digit: 5 }).want(Intent::Charge).on(Event::Minted(id("s"))).done();
    walk.want(Intent::Cancel);
    assert_eq!(walk.done(), []);
    walk.on(Event::Begun(id("s")));
    assert_eq!(walk.done(), [Effect::Cancel { attempt: id("s") }]);
}

#[test]
fn cancelling_too_late_says_so_and_the_outcome_still_comes() {
    let mut walk = Walk::selling("s");
    walk.want(Intent::Cancel);
    assert_eq!(walk.done(), [Effect::Cancel { attempt: id("s") }]);
    walk.on(failed(Effect::Cancel { attempt: id("other") }, ErrorCode::TooLateToCancel));
    assert!(walk.screen().message.unwrap().contains("Cancelling"));
    walk.on(failed(Effect::Cancel { attempt: id("s") }, ErrorCode::TooLateToCancel));
    let screen = walk.screen();
    assert!(screen.message.unwrap().contains("already on its way"), "{:?}", walk.screen());
    assert!(!walk.screen().allows(&Intent::Cancel));
    walk.on(ended("s", Standing::Approved, None));
    assert_eq!(walk.kind(), ScreenKind::Approved);
}

#[test]
fn once_the_request_is_on_its_way_cancel_cannot_be_touched() {
    let mut walk = Walk::selling("s");
    walk.on(notice("other", Standing::InDoubt));
    assert!(walk.screen().allows(&Intent::Cancel));
    walk.on(notice("s", Standing::InDoubt));
    assert!(!walk.screen().allows(&Intent::Cancel));
    assert_eq!(walk.done(), []);
}

#[test]
fn the_readers_approval_is_not_the_tills() {
    let mut walk = Walk::selling("s");
    for prompt in
        [Prompt::Approved, Prompt::ApprovedSign, Prompt::NotAuthorised, Prompt::InsertOrSwipe, Prompt::EnterPin]
    {
        walk.on(Event::Notice(Notice::Show(prompt)));
        assert_eq!(walk.kind(), ScreenKind::Reading, "{prompt:?}");
    }
    walk.on(ended("s", Standing::Declined, Some(Reason::Host)));
    assert_eq!(walk.kind(), ScreenKind::Declined);
}

#[test]
fn the_end_of_another_sale_disturbs_nobody_and_is_shown_later() {
    let mut walk = Walk::selling("s");
    walk.on(ended("other", Standing::Approved, None)).on(ended("other", Standing::Approved, None));
    assert_eq!(walk.kind(), ScreenKind::PresentCard);
    walk.on(failed(start("other"), ErrorCode::HostSilent));
    assert_eq!(walk.done(), [Effect::FetchAttempt { attempt: id("other") }]);
    walk.on(ended("s", Standing::Declined, Some(Reason::Host))).want(Intent::NewSale);
    walk.on(Event::Intent(Intent::NewSale));
    assert_eq!(walk.kind(), ScreenKind::AmountPad, "a finger that slips twice leaves one outcome");
    assert_eq!(walk.done(), [Effect::Taken { attempt: id("s") }]);
    walk.want(Intent::Open { attempt: id("other") });
    assert_eq!(walk.kind(), ScreenKind::Approved);
    walk.want(Intent::NewSale);
    assert_eq!((walk.kind(), walk.done()), (ScreenKind::AmountPad, vec![Effect::Taken { attempt: id("other") }]));
}

#[test]
fn an_end_that_was_told_before_the_doubt_is_asked_for() {
    let mut walk = Walk::selling("s");
    // The thread that waits for the sale may be slower than the resolver.
    walk.on(notice("s", Standing::ReversalDue)).on(notice("s", Standing::Reversed));
    assert_eq!(walk.done(), []);
    walk.on(ended("s", Standing::InDoubt, None));
    assert_eq!((walk.kind(), walk.done()), (ScreenKind::NotKnownYet, vec![Effect::FetchAttempt { attempt: id("s") }]));
    walk.on(told("s", Standing::Reversed, Some(Reason::NoAnswer)));
    assert_eq!(walk.kind(), ScreenKind::Declined);
    assert!(walk.screen().message.unwrap().contains("Nothing was charged"));
}

#[test]
fn an_approval_after_not_known_yet_is_an_approval() {
    let mut walk = Walk::selling("s");
    walk.on(ended("s", Standing::InDoubt, None)).on(notice("s", Standing::Approved));
    assert_eq!(walk.done(), vec![Effect::FetchAttempt { attempt: id("s") }; 2]);
    walk.on(told("s", Standing::Approved, None));
    assert_eq!(walk.kind(), ScreenKind::Approved);
    assert!(walk.state.debts.is_empty());
}

#[test]
fn what_was_left_as_not_known_is_announced_once_when_it_is_known() {
    let mut walk = Walk::selling("s");
    walk.on(ended("s", Standing::ReversalDue, Some(Reason::NoAnswer))).want(Intent::NewSale);
    let pad = walk.screen();
    assert_eq!((pad.kind, pad.rows.len()), (ScreenKind::AmountPad, 1));
    walk.want(Intent::Digit { digit: 1 }).done();
    walk.on(notice("s", Standing::Reversed));
    assert_eq!(walk.done(), [Effect::FetchAttempt { attempt: id("s") }]);
    walk.on(told("s", Standing::Reversed, Some(Reason::NoAnswer))).on(told(
        "s",
        Standing::Reversed,
        Some(Reason::NoAnswer),
    ));
    assert_eq!(walk.kind(), ScreenKind::AmountPad, "nobody who types is interrupted");
    assert_eq!(walk.screen().rows[0].label, "Reversed");
    walk.want(Intent::Open { attempt: id("s") });
    assert_eq!(walk.kind(), ScreenKind::Declined);
    walk.want(Intent::NewSale);
    assert_eq!((walk.kind(), walk.screen().rows.len()), (ScreenKind::AmountPad, 0), "once");
    assert!(!walk.state.typed.is_empty(), "what was typed is still there");
}

#[test]
fn notices_of_what_nobody_knows_change_nothing() {
    for mut walk in [Walk::at_the_keypad(), Walk::from(State::new(Language::En)), Walk::selling("s")] {
        let before = walk.state.clone();
        walk.on(notice("unheard-of", Standing::Reversed)).on(notice("", Standing::Approved));
        walk.on(Event::Notice(Notice::Show(Prompt::Clear)));
        assert_eq!((walk.state.clone(), walk.done()), (before, vec![]));
    }
    // After the till was closed, the reader may still speak.
    let mut closed = Walk::from(State { till: None, ..at(Place::FirstStart) });
    closed.on(Event::Notice(Notice::Show(Prompt::PresentCard))).on(Event::Presented);
    assert_eq!(closed.kind(), ScreenKind::FirstStart);
}

#[test]
fn a_card_is_read_only_where_one_is_awaited() {
    let mut walk = Walk::at_the_keypad();
    walk.on(Event::Presented);
    assert_eq!(walk.kind(), ScreenKind::AmountPad);
    let mut walk = Walk::selling("s");
    walk.on(Event::Notice(Notice::FieldOff { hold_ms: 0 })).on(Event::Presented);
    assert_eq!(walk.kind(), ScreenKind::PresentCard, "the field is off");
    walk.on(Event::Notice(Notice::FieldOn)).on(Event::Presented);
    let reading = walk.screen();
    assert_eq!((reading.kind, reading.lights), (ScreenKind::Reading, 1));
    walk.on(Event::Notice(Notice::Show(Prompt::PresentCard)));
    assert_eq!(walk.kind(), ScreenKind::PresentCard, "it left before it was read");
}

#[test]
fn an_app_that_is_away_keeps_the_field_off_and_loses_nothing() {
    let mut walk = Walk::selling("s");
    walk.want(Intent::Background);
    assert!(!walk.screen().field_on);
    walk.want(Intent::Foreground);
    assert!(walk.screen().field_on, "the sale goes on");
    walk.want(Intent::Background).on(ended("s", Standing::InDoubt, None)).done();
    walk.want(Intent::Foreground);
    let asked = [Effect::AskWho { visit: 0 }, Effect::FetchAttempt { attempt: id("s") }];
    assert_eq!(walk.done(), asked, "what was not known may be known now, and the till may have locked");
}

#[test]
fn a_result_that_nobody_waits_for_changes_no_screen() {
    let page = Page { attempts: vec![view(Standing::Approved, None)], next: None };
    let late = [
        Event::Page { cursor: None, page },
        Event::Slip { attempt: attempt(), copy: Copy::Customer, slip: String::new() },
        told("other", Standing::Approved, None),
        Event::Verified { size: 1, root: String::new() },
        Event::Resolved(Resolved { closed: Vec::new(), left: Vec::new(), ..Resolved::default() }),
    ];
    for event in late {
        let mut walk = Walk::at_the_keypad();
        walk.want(Intent::History).want(Intent::Settings).want(Intent::Back).want(Intent::Digit { digit: 1 });
        let before = walk.state.clone();
        walk.on(event);
        assert_eq!(walk.state, before);
    }
}

#[test]
fn the_first_screen_is_what_nobody_has_seen_or_nobody_knows() {
    let seen = |view: AttemptView| AttemptView { delivered: true, ..view };
    let approved = |name| of(name, Standing::Approved, None);
    let doubt = |name| of(name, Standing::InDoubt, None);
    let stuck = |name| of(name, Standing::ReversalStuck, None);
    let cancelled = of("c", Standing::NotSent, Some(Reason::Cancelled));
    let table: Vec<(&str, Vec<AttemptView>, Vec<ScreenKind>)> = vec![
        ("nothing", vec![], vec![ScreenKind::AmountPad]),
        ("all seen", vec![seen(approved("a"))], vec![ScreenKind::AmountPad]),
        ("one not seen", vec![seen(approved("a")), approved("b")], vec![ScreenKind::Approved, ScreenKind::AmountPad]),
        (
            "the newest of two first",
            vec![of("a", Standing::Declined, None), approved("b")],
            vec![ScreenKind::Declined, ScreenKind::AmountPad, ScreenKind::Approved, ScreenKind::AmountPad],
        ),
        ("seen and not known", vec![seen(doubt("a"))], vec![ScreenKind::NotKnownYet, ScreenKind::AmountPad]),
        ("stuck", vec![seen(stuck("a")), seen(approved("b"))], vec![ScreenKind::NotKnownYet, ScreenKind::AmountPad]),
        (
            "of those that were seen, the newest alone",
            vec![seen(doubt("a")), seen(stuck("b"))],
            vec![ScreenKind::NotKnownYet, ScreenKind::AmountPad],
        ),
        ("cancelled by a person", vec![cancelled], vec![ScreenKind::AmountPad]),
        (
            "stopped before it was sent",
            vec![of("a", Standing::NotSent, Some(Reason::Interrupted))],
            vec![ScreenKind::Trouble, ScreenKind::AmountPad],
        ),
    ];
    for (told, recent, verdict) in table {
        let mut walk = Walk::from(State::new(Language::En));
        walk.on(opened(recent));
        let mut kinds = vec![walk.kind()];
        loop {
            let waits = walk.state.news.front().map(|view| view.attempt.clone());
            match (walk.kind(), waits) {
                (ScreenKind::AmountPad, Some(attempt)) => walk.want(Intent::Open { attempt }),
                (ScreenKind::AmountPad, None) => break,
                _ => walk.want(Intent::NewSale),
            };
            kinds.push(walk.kind());
        }
        assert_eq!(kinds, verdict, "{told}");
    }
}

#[test]
fn opening_asks_again_for_all_that_is_open_and_takes_what_a_person_cancelled() {
    let mut walk = Walk::from(State::new(Language::En));
    let cancelled = of("c", Standing::NotSent, Some(Reason::Cancelled));
    walk.on(opened(vec![cancelled, of("d", Standing::ReversalDue, None)]));
    let taken = Effect::Taken { attempt: id("c") };
    assert_eq!(walk.done(), [taken, Effect::FetchAttempt { attempt: id("d") }, Effect::Resolve]);
    // A debt that is older than the newest attempts is told by the round.
    let older = of("older", Standing::ReversalStuck, None);
    walk.on(Event::Resolved(Resolved { closed: Vec::new(), left: vec![older], ..Resolved::default() }));
    walk.want(Intent::NewSale);
    assert_eq!(walk.screen().rows.len(), 2);
}

#[test]
fn a_key_that_is_refused_says_why_until_the_next_key_and_loses_nothing() {
    let mut walk = Walk::at_the_keypad();
    for _ in 0..6 {
        walk.want(Intent::Digit { digit: 4 });
    }
    assert_eq!(walk.screen().headline.as_deref(), Some("CNY 4444.44"));
    walk.want(Intent::Digit { digit: 4 });
    let refused = walk.screen();
    assert_eq!(refused.headline.as_deref(), Some("CNY 4444.44"));
    assert!(refused.message.unwrap().contains("limit"));
    walk.want(Intent::Backspace);
    let next = walk.screen();
    assert_eq!((next.headline.as_deref(), next.message), (Some("CNY 444.44"), None));
}

#[test]
fn a_till_that_is_somebodys_takes_no_other_provisioning() {
    let mut walk = Walk::selling("s");
    let before = walk.state.clone();
    walk.on(Event::ProvisioningGiven);
    assert_eq!((&walk.state, walk.todo.len()), (&before, 0), "not in the middle of a sale");
    let mut walk = Walk::at_the_keypad();
    walk.on(Event::ProvisioningGiven);
    assert_eq!((walk.kind(), walk.todo.len()), (ScreenKind::Trouble, 0));
    let mut walk = Walk::from(State { wanted: None, ..State::new(Language::En) });
    walk.on(Event::ProvisioningGiven).on(Event::Provisioned);
    assert_eq!(walk.done(), [Effect::Provision, Effect::Open]);
    assert!(!walk.screen().allows(&Intent::Provision), "one at a time");
}

#[test]
fn an_outcome_is_taken_by_leaving_it_and_by_nothing_else() {
    let leaving = [Intent::NewSale, Intent::TryAgain];
    let staying = [Intent::Foreground, Intent::Background, Intent::ReaderOff];
    for (state, reason) in [
        (Standing::Approved, None),
        (Standing::Declined, Some(Reason::Host)),
        (Standing::Reversed, None),
        (Standing::InDoubt, None),
        (Standing::ReversalStuck, None),
        (Standing::NotSent, Some(Reason::CardLost)),
        (Standing::NotSent, Some(Reason::Unreachable)),
    ] {
        for intent in leaving.iter().chain(&staying) {
            let mut walk = Walk::from(at(Place::Outcome(Box::new(of("s", state, reason)))));
            let leaves = leaving.contains(intent) && walk.screen().allows(intent);
            walk.on(Event::Intent(intent.clone()));
            assert_eq!(walk.done().contains(&Effect::Taken { attempt: id("s") }), leaves, "{state} {intent:?}");
        }
    }
}

#[test]
fn back_returns_through_every_screen_that_was_opened() {
    let mut walk = Walk::at_the_keypad();
    let page = Page { attempts: vec![of("s", Standing::Approved, None)], next: None };
    walk.want(Intent::History).on(Event::Page { cursor: None, page });
    walk.want(Intent::Open { attempt: id("s") }).on(told("s", Standing::Approved, None));
    walk.want(Intent::Receipt { attempt: id("s") });
    walk.on(Event::Slip { attempt: id("s"), copy: Copy::Customer, slip: "slip\n".to_owned() });
    assert_eq!(walk.kind(), ScreenKind::Receipt);
    for kind in [ScreenKind::Transaction, ScreenKind::History, ScreenKind::AmountPad] {
        walk.want(Intent::Back);
        assert_eq!(walk.kind(), kind);
    }
}

#[test]
fn what_is_known_anew_shows_on_every_screen_that_has_it() {
    let mut walk = Walk::at_the_keypad();
    let page = Page { attempts: vec![of("s", Standing::ReversalDue, None)], next: None };
    walk.want(Intent::History).on(Event::Page { cursor: None, page });
    walk.want(Intent::Open { attempt: id("s") }).on(told("s", Standing::ReversalDue, None));
    assert!(walk.screen().allows(&Intent::Resolve));
    walk.on(notice("s", Standing::Reversed)).on(told("s", Standing::Reversed, None));
    assert!(!walk.screen().allows(&Intent::Resolve), "nothing is open any more");
    walk.want(Intent::Back);
    assert!(walk.screen().rows[0].label.ends_with("Reversed"));
}

fn asked(visit: u64) -> Effect {
    Effect::AskWho { visit }
}

#[test]
fn whoever_leaves_takes_along_what_was_read_from_the_journal() {
    for standing in [TillStanding::Locked, TillStanding::SignedOut] {
        for (name, state) in pictures(Language::En) {
            if state.role().is_none() {
                continue;
            }
            let mut walk = Walk::from(state);
            walk.on(Event::Who { visit: 0, who: who(standing, Role::Supervisor) });
            let left = &walk.state;
            assert!(left.till.is_none() && left.news.is_empty() && left.debts.is_empty(), "{name}");
            assert!(left.below.is_empty() && left.wanted.is_none(), "{name}");
            // An outcome stays until it is left; a sale under way is seen to its end.
            let may_stay = matches!(left.place, Place::Outcome(_) | Place::Sale(_));
            assert!(may_stay || left.place == left.home(), "{name}: {:?}", left.place);
        }
    }
}

#[test]
fn an_answer_of_an_earlier_visit_locks_nobody_out_and_lets_nobody_in() {
    let mut walk = Walk::at_the_keypad();
    walk.on(opened(Vec::new())).done();
    walk.on(Event::Who { visit: 0, who: who(TillStanding::Locked, Role::Supervisor) });
    assert_eq!((walk.kind(), walk.done()), (ScreenKind::AmountPad, vec![asked(1)]));
    walk.on(Event::Who { visit: 1, who: who(TillStanding::Locked, Role::Supervisor) });
    assert_eq!(walk.kind(), ScreenKind::Locked);
    walk.on(Event::Who { visit: 1, who: who(TillStanding::SignedIn, Role::Supervisor) });
    assert_eq!((walk.kind(), walk.done()), (ScreenKind::Locked, vec![asked(2)]));
    // Somebody came in by another way: the screens look what there is before they show any of it.
    walk.on(Event::Who { visit: 2, who: who(TillStanding::SignedIn, Role::Supervisor) });
    assert_eq!((walk.kind(), walk.done()), (ScreenKind::Locked, vec![Effect::Enter]));
}

#[test]
fn a_refused_form_stays_and_says_why_and_a_fault_is_a_screen_of_its_own() {
    // Evidence is sent when there is a place for it.
    let is_a_form = |state: &State| !draw(state).fields.is_empty() && draw(state).kind != ScreenKind::Evidence;
    for (name, state) in pictures(Language::En).into_iter().filter(|(_, state)| is_a_form(state)) {
        let mut walk = Walk::from(State { wanted: None, ..state });
        let kind = walk.kind();
        let actions = walk.screen().actions;
        // Of two ends neither stands out.
        let sends = |action: &&Action| action.role == Prominence::Primary || kind == ScreenKind::Decide;
        walk.want(actions.iter().find(sends).cloned().unwrap().intent);
        let effect = walk.done().pop().unwrap();
        assert!(effect.takes_typed(), "{name}: {effect:?}");
        assert!(walk.screen().actions.first().is_none_or(|action| !action.enabled), "{name}: it is sent once");
        let sent = walk.state.clone();
        walk.on(failed(effect.clone(), ErrorCode::SignInRefused));
        // Whoever chose a place for the records chooses another before anything is erased.
        let is_free = name != "deregister-place";
        assert_eq!((walk.kind(), walk.screen().actions[0].enabled), (kind, is_free), "{name}");
        let mut fault = Walk::from(sent);
        fault.on(failed(effect, ErrorCode::DeviceKeysUnavailable));
        assert_eq!(fault.kind(), ScreenKind::Trouble, "{name}");
        fault.want(Intent::TryAgain);
        assert_eq!((fault.kind(), fault.done()), (kind, vec![]), "{name}: it is typed anew");
    }
}

#[test]
fn an_amount_that_was_typed_waits_for_the_same_person_alone() {
    let typed = |name: &str| {
        let mut walk = Walk::at_the_keypad();
        walk.on(opened(Vec::new())).want(Intent::Digit { digit: 5 });
        let visit = walk.state.visit;
        walk.on(Event::Who { visit, who: who(TillStanding::Locked, Role::Supervisor) });
        let mut event = opened(Vec::new());
        if let Event::SignedIn { who, .. } = &mut event {
            who.operator = OperatorName::new(name).ok();
        }
        walk.on(event).screen().headline
    };
    assert_eq!(typed("alice").as_deref(), Some("CNY 0.05"));
    assert_eq!(typed("bob").as_deref(), Some("CNY 0.00"));
}

#[test]
fn a_touch_takes_the_warning_away_and_a_notice_brings_it() {
    let mut walk = Walk::at_the_keypad();
    let warns = |walk: &Walk| walk.screen().advice.is_some_and(|advice| advice.contains("locks by itself"));
    assert!(!warns(&walk));
    walk.on(Event::Notice(Notice::SessionEnding { left_ms: 60_000 }));
    assert!(warns(&walk));
    walk.want(Intent::ReaderReady);
    assert!(warns(&walk), "the system is nobody");
    walk.want(Intent::Digit { digit: 1 });
    assert!(!warns(&walk));
}
