//! Each fault of each port, through a whole terminal: a typed error or an outcome, never a hang, and the next
//! sale works.
//!
//! The faults are made by wrappers around the desktop's ports (`tests/shop/faults.rs`). Whoever waits longer
//! than a test may take fails it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod shop;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use shop::faults::{FailingEntropy, FailingKeys, KeyCall, SetClock};
use shop::{Shop, Till, card, impatient_shop, named, order, shop};
use taptill::error::{ErrorCode, Money};
use taptill::payment::Reason;
use taptill::payment::state::State;
use taptill::ports::{CardChannel, CardFault, DeviceKeysFault, Entropy, EntropyFault, Notice, Observer, Posture};
use taptill_sandbox::card::PresentedCard;
use taptill_sandbox::desktop::{FolderDeviceKeys, RingEntropy, StatedPosture};
use taptill_sandbox::host::Kind;
use taptill_sandbox::people;

const DAY_MS: i64 = 86_400_000;

/// A good card on a reader that fails once, at the command of this number.
struct FailsAt {
    card: Arc<PresentedCard>,
    command: u32,
    fault: CardFault,
    commands: AtomicU32,
}

impl CardChannel for FailsAt {
    fn transceive(&self, command: &[u8]) -> Result<Vec<u8>, CardFault> {
        if self.commands.fetch_add(1, Ordering::Relaxed) == self.command {
            return Err(self.fault);
        }
        self.card.transceive(command)
    }
}

#[test]
fn a_card_that_fails_at_any_command_ends_the_tap_and_not_the_till() {
    let shop = shop("port-card");
    let till = shop.till();
    let card = card("visa");
    let mut approved = 0;
    for fault in [CardFault::Lost, CardFault::TimedOut, CardFault::ReaderFailed] {
        for command in 0..6 {
            let fails = || -> Arc<dyn CardChannel> {
                Arc::new(FailsAt { card: card.tap(), command, fault, commands: AtomicU32::new(0) })
            };
            let sale = till.sell_to(order(500), fails).unwrap();
            assert_eq!(sale.state, State::NotSent, "{fault:?} at {command}");
            let reason = sale.reason.unwrap();
            assert!(matches!(reason, Reason::CardLost | Reason::ReaderFailed), "{fault:?} at {command}: {reason}");
            approved += sells(&till, &format!("{fault:?} at {command}"));
        }
    }
    assert_eq!(shop.net_minor(), approved * 100);
    // The control: a fault that comes after the last command disturbs nothing.
    let late = || -> Arc<dyn CardChannel> {
        let (command, fault) = (99, CardFault::Lost);
        Arc::new(FailsAt { card: card.tap(), command, fault, commands: AtomicU32::new(0) })
    };
    assert_eq!(till.sell_to(order(100), late).unwrap().state, State::Approved);
}

#[test]
fn a_card_that_panics_is_a_card_that_is_lost() {
    struct Panics;
    impl CardChannel for Panics {
        fn transceive(&self, _: &[u8]) -> Result<Vec<u8>, CardFault> {
            panic!("a port of the shell has a bug")
        }
    }
    let shop = shop("port-card-panics");
    let till = shop.till();
    let card = card("visa");
    let mut taps = 0;
    let sale = till.sell_to(order(100), || {
        taps += 1;
        if taps > 1 { card.tap() as Arc<dyn CardChannel> } else { Arc::new(Panics) }
    });
    assert!(matches!(sale.unwrap().state, State::Approved | State::NotSent));
    sells(&till, "after a card that panicked");
}

const KEY_FAULTS: [(DeviceKeysFault, &str); 7] = [
    (DeviceKeysFault::NotFound, "device_key_missing"),
    (DeviceKeysFault::AlreadyExists, "device_key_rejected fault=already_exists"),
    (DeviceKeysFault::WrongKind, "device_key_rejected fault=wrong_kind"),
    (DeviceKeysFault::Unavailable, "device_keys_unavailable"),
    (DeviceKeysFault::Rejected, "device_key_rejected fault=rejected"),
    (DeviceKeysFault::Damaged, "device_key_rejected fault=damaged"),
    (DeviceKeysFault::Unsupported, "device_keys_unavailable fault=unsupported"),
];

#[test]
fn a_key_store_that_fails_keeps_a_till_from_being_set_up_and_the_second_try_works() {
    for call in [KeyCall::Create, KeyCall::Wrap] {
        let shop = shop("port-keys-set-up");
        for (fault, verdict) in KEY_FAULTS {
            if (call, fault) == (KeyCall::Create, DeviceKeysFault::AlreadyExists) {
                continue; // That one is what a second try meets, and is no fault of the store's.
            }
            let refused = set_up_with(&shop, call, fault).unwrap_err();
            assert_eq!(refused.to_string(), verdict, "{call:?} {fault:?}");
            assert!(matches!(opens(&shop).as_str(), "not_provisioned"), "{call:?} {fault:?}");
        }
        set_up(&shop);
        sells(&shop.open_with(|_| ()).unwrap(), &format!("{call:?}"));
    }
}

#[test]
fn a_key_store_that_fails_keeps_the_till_shut_until_it_works_again() {
    let shop = shop("port-keys-open");
    drop(shop.till());
    for (fault, verdict) in KEY_FAULTS {
        let keys = keys(&shop, KeyCall::Unwrap, fault);
        let refused = shop.open_with(|ports| ports.device_keys = keys.clone()).err().unwrap();
        assert_eq!(refused.to_string(), verdict);
        keys.lift();
        let till = shop.open_with(|ports| ports.device_keys = keys.clone()).unwrap();
        // An open till has what it needs: a store that goes away does not disturb a sale.
        keys.fail(KeyCall::Any, fault);
        sells(&till, verdict);
        till.terminal.close().unwrap();
    }
}

#[test]
fn randomness_that_fails_is_refused_wherever_it_fails_and_the_till_works_again() {
    let shop = shop("port-entropy");
    drop(shop.till());
    let mut refused_at_opening = 0;
    for calls in 0.. {
        let entropy = FailingEntropy::after(calls);
        match shop.open_with(|ports| ports.entropy = entropy) {
            Ok(_) => break,
            Err(error) => assert_eq!(error.code(), ErrorCode::EntropyFailed, "after {calls} calls"),
        }
        refused_at_opening += 1;
        assert!(calls < 100, "the till opens at last");
    }
    assert!(refused_at_opening > 0);
    let entropy = FailingEntropy::after(-1);
    let mut till = shop.open_with(|ports| ports.entropy = entropy.clone()).unwrap();
    let mut failed = 0;
    for calls in 0..200 {
        let held = shop.net_minor();
        entropy.fails_after(calls);
        let attempt = format!("random-{calls}");
        let told = till.sell_as(named(&attempt, 100), "visa");
        let needed_all = entropy.gives_out();
        entropy.works();
        match told {
            Err(error) => {
                failed += 1;
                assert_eq!(error.code(), ErrorCode::EntropyFailed, "after {calls} calls");
            }
            Ok(view) if view.state == State::Approved => {}
            // The answer or the debt could not be recorded at once: it is made good as soon as it can.
            Ok(view) => {
                failed += 1;
                till.until_final(&view.attempt);
            }
        }
        if till.terminal.verify().is_err() {
            // A till that has to be opened again says so.
            assert!(till.terminal.close().is_err(), "after {calls} calls");
            till = shop.open_with(|ports| ports.entropy = entropy.clone()).unwrap();
        }
        sells(&till, &format!("after {calls} calls"));
        till.terminal.resolve().unwrap();
        let attempt = named(&attempt, 100).attempt.unwrap();
        let kept = till.terminal.status(&attempt).is_ok_and(|view| view.state == State::Approved);
        assert_eq!(shop.net_minor(), held + 100 + 100 * u64::from(kept), "after {calls} calls");
        if !needed_all {
            break;
        }
    }
    assert!(failed > 3, "a sale needs randomness more than {failed} times");
}

#[test]
fn a_network_that_is_absent_or_refused_is_said_and_any_other_is_used() {
    let shop = shop("port-network");
    for posture in [Posture::Absent, Posture::Trusted, Posture::OpenWifi, Posture::Proxied] {
        let till = shop.till_with(|ports| ports.network_posture = Arc::new(StatedPosture(posture))).unwrap();
        match posture {
            Posture::Absent => {
                let (error, reason) = till.sell_in_vain("no network");
                assert_eq!((error.code(), reason), (ErrorCode::NetworkAbsent, Reason::NetworkAbsent));
            }
            Posture::Proxied => {
                let refused = till.sell("visa", 100).unwrap_err();
                assert_eq!(refused.code(), ErrorCode::NetworkRefusedForKeys);
            }
            // TLS with both sides' certificates and a pin does not depend on whose network it is.
            _ => drop(sells(&till, &format!("{posture:?}"))),
        }
    }
    assert_eq!(shop.net_minor(), 200);
}

type IsKind = fn(&Notice) -> bool;

/// Hears everything and panics at each notice of one kind.
struct Panics {
    inner: Arc<dyn Observer>,
    at: IsKind,
}

impl Observer for Panics {
    fn hear(&self, notice: &Notice) {
        self.inner.hear(notice);
        assert!(!(self.at)(notice), "a port of the shell has a bug");
    }
}

#[test]
fn an_observer_that_panics_holds_up_no_payment() {
    let kinds: [(&str, IsKind); 4] = [
        ("field on", |notice| *notice == Notice::FieldOn),
        ("show", |notice| matches!(notice, Notice::Show(_))),
        ("in doubt", |notice| matches!(notice, Notice::Attempt { state: "in_doubt", .. })),
        ("approved", |notice| matches!(notice, Notice::Attempt { state: "approved", .. })),
    ];
    for (kind, at) in kinds {
        let shop = shop("port-observer");
        let change = |ports: &mut taptill::ports::Ports| {
            ports.observer = Arc::new(Panics { inner: Arc::clone(&ports.observer), at });
        };
        let till = shop.till_with(change).unwrap();
        assert_eq!(till.sell("visa", 100).unwrap().state, State::Approved, "{kind}");
        sells(&till, kind);
        assert_eq!(shop.net_minor(), 200, "{kind}");
        till.terminal.close().unwrap();
    }
}

/// Sets the clock when the attempt reaches a state.
struct SetsClock {
    inner: Arc<dyn Observer>,
    clock: Arc<SetClock>,
    at: &'static str,
    to_ms: Mutex<Option<i64>>,
}

impl Observer for SetsClock {
    fn hear(&self, notice: &Notice) {
        self.inner.hear(notice);
        if matches!(notice, Notice::Attempt { state, .. } if *state == self.at)
            && let Some(to_ms) = self.to_ms.lock().unwrap().take()
        {
            self.clock.set_ahead_by_ms(to_ms);
        }
    }
}

#[test]
fn a_clock_that_jumps_in_the_middle_of_a_sale_changes_nothing_about_the_money() {
    let jumps =
        [("a year back", -365 * DAY_MS), ("a day on", DAY_MS), ("a year on", 365 * DAY_MS), ("to 1970", i64::MIN)];
    for at in ["prepared", "in_doubt", "reversal_due"] {
        for (jump, to_ms) in jumps {
            let shop = impatient_shop("port-clock");
            let clock = SetClock::ahead_by_ms(0);
            let till = shop.till_with(|ports| {
                let inner = Arc::clone(&ports.observer);
                let to_ms = Mutex::new(Some(to_ms));
                ports.observer = Arc::new(SetsClock { inner, clock: Arc::clone(&clock), at, to_ms });
                ports.clock = clock.clone();
            });
            let till = till.unwrap();
            if at == "reversal_due" {
                shop.host_does(Kind::NoAnswer);
            }
            let attempt = match till.sell("visa", 500) {
                Ok(sale) => sale.attempt,
                Err(error) => error.attempt().unwrap().clone(),
            };
            // With the date of the jump the host's certificate may not be valid yet: then nothing was sent, or the
            // debt waits for a clock that is right.
            clock.set_ahead_by_ms(0);
            let held = match till.terminal.status(&attempt).unwrap().state {
                State::Approved => 500,
                State::NotSent => 0,
                _ => {
                    till.terminal.resolve().unwrap();
                    till.until(&attempt, State::Reversed);
                    0
                }
            };
            sells(&till, jump);
            assert_eq!(shop.net_minor(), 100 + held, "{jump} at {at}");
            assert!(till.terminal.verify().is_ok(), "{jump} at {at}");
        }
    }
}

#[test]
fn midnight_in_the_middle_of_a_sale_is_no_other_sale() {
    // The host's day is the sandbox's: its own clock stays, the till's crosses into tomorrow while it waits.
    let shop = impatient_shop("port-midnight");
    let clock = SetClock::ahead_by_ms(0);
    let till = shop.till_with(|ports| ports.clock = clock.clone()).unwrap();
    shop.host_does(Kind::NoAnswer);
    let sale = till.sell("visa", 500).unwrap();
    clock.set_ahead_by_ms(DAY_MS);
    assert_eq!(till.until(&sale.attempt, State::Reversed).reason, Some(Reason::NoAnswer));
    sells(&till, "after midnight");
    assert_eq!(shop.net_minor(), 100);
}

#[test]
fn time_that_passes_all_at_once_wakes_the_till_and_breaks_nothing() {
    let shop = shop("port-sleep");
    let clock = SetClock::ahead_by_ms(0);
    let till = shop.till_with(|ports| ports.clock = clock.clone()).unwrap();
    sells(&till, "before");
    // The device slept for a week: nobody is signed in any more, the connection is gone, and the till finds out.
    clock.passes_ms(7 * 86_400_000);
    assert_eq!(till.sell("visa", 100).unwrap_err().code(), ErrorCode::TillLocked);
    people::let_in(&till.terminal).unwrap();
    sells(&till, "after");
    assert_eq!(shop.net_minor(), 200);
}

/// Tells a channel when an attempt reaches a state.
struct Tells {
    inner: Arc<dyn Observer>,
    at: &'static str,
    to: Mutex<std::sync::mpsc::Sender<()>>,
}

impl Observer for Tells {
    fn hear(&self, notice: &Notice) {
        self.inner.hear(notice);
        if matches!(notice, Notice::Attempt { state, .. } if *state == self.at) {
            let _nobody_waits = self.to.lock().unwrap().send(());
        }
    }
}

#[test]
fn a_till_that_is_closed_while_a_payment_is_in_doubt_does_not_say_that_no_money_moved() {
    let shop = impatient_shop("port-close");
    let (to, in_doubt) = std::sync::mpsc::channel();
    let till = shop.till_with(|ports| {
        let inner = Arc::clone(&ports.observer);
        ports.observer = Arc::new(Tells { inner, at: "in_doubt", to: Mutex::new(to) });
    });
    let till = till.unwrap();
    shop.host_does(Kind::NoAnswer);
    let operation = till.terminal.start_sale(named("closed-on", 500)).unwrap();
    till.field.recv_timeout(shop::PATIENCE).unwrap();
    till.terminal.present(card("visa").tap()).unwrap();
    in_doubt.recv_timeout(shop::PATIENCE).unwrap();
    till.terminal.close().unwrap();
    match operation.wait() {
        Ok(view) => assert_eq!(view.state, State::InDoubt),
        Err(error) => assert_eq!(error.code().row().money, Money::MayHaveMoved, "{error}"),
    }
    let till = shop.till();
    till.until(&named("closed-on", 500).attempt.unwrap(), State::Reversed);
    sells(&till, "after a till that was closed in doubt");
    assert_eq!(shop.net_minor(), 100);
}

/// Randomness whose source has a bug.
struct PanickingEntropy(AtomicU32);

impl Entropy for PanickingEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyFault> {
        let left = self.0.fetch_sub(1, Ordering::Relaxed);
        assert!(left > 0, "a port of the shell has a bug");
        RingEntropy::default().fill(buffer)
    }
}

#[test]
fn a_port_that_panics_inside_the_engine_ends_the_run_and_loses_nothing() {
    let shop = shop("port-panics");
    drop(shop.till());
    let mut panicked = 0;
    for calls in 1..200 {
        let entropy = Arc::new(PanickingEntropy(AtomicU32::new(u32::MAX)));
        let till = shop.open_with(|ports| ports.entropy = entropy.clone()).unwrap();
        let held = shop.net_minor();
        entropy.0.store(calls, Ordering::Relaxed);
        let attempt = format!("panics-{calls}");
        let told = till.sell_as(named(&attempt, 100), "visa");
        entropy.0.store(u32::MAX, Ordering::Relaxed);
        if told.is_ok() {
            break;
        }
        panicked += 1;
        let error = told.unwrap_err();
        assert_eq!((error.code(), error.code().row().money), (ErrorCode::TillFailed, Money::MayHaveMoved));
        let again = till.terminal.status(&named(&attempt, 1).attempt.unwrap());
        assert_eq!(again.unwrap_err().code(), ErrorCode::TillFailed);
        assert_eq!(till.terminal.close().unwrap_err().code(), ErrorCode::TillFailed);
        let till = shop.till();
        till.terminal.resolve().unwrap();
        let kept = till.terminal.status(&named(&attempt, 1).attempt.unwrap());
        let kept = kept.is_ok_and(|view| view.state == State::Approved);
        assert_eq!(shop.net_minor(), held + 100 * u64::from(kept), "after {calls} calls");
    }
    assert!(panicked > 3, "a sale needs randomness more than {panicked} times");
    sells(&shop.till(), "after a port that panicked");
}

/// One good sale; gives 1, to be counted.
fn sells(till: &Till, after: &str) -> u64 {
    let sale = till.sell("visa", 100).unwrap_or_else(|error| panic!("{after}: {error}"));
    assert_eq!(sale.state, State::Approved, "{after}: {:?}", sale.reason);
    1
}

fn keys(shop: &Shop, call: KeyCall, fault: DeviceKeysFault) -> Arc<FailingKeys> {
    FailingKeys::of(FolderDeviceKeys::open(&shop.device()).unwrap(), call, fault)
}

fn set_up_with(shop: &Shop, call: KeyCall, fault: DeviceKeysFault) -> Result<(), taptill::error::Error> {
    let (mut ports, _field) = shop.ports();
    ports.device_keys = keys(shop, call, fault);
    taptill::terminal::Terminal::provision(&shop.home(), &shop.provisioning, &ports)
}

fn set_up(shop: &Shop) {
    let (ports, _field) = shop.ports();
    taptill::terminal::Terminal::provision(&shop.home(), &shop.provisioning, &ports).unwrap();
}

fn opens(shop: &Shop) -> String {
    shop.open_with(|_| ()).err().map_or_else(|| "opens".to_owned(), |error| error.to_string())
}
