//! The way to the host: certificates that change, networks that are judged, pins that rotate, words that are signed.
//!
//! What replaces a certificate or a pin is cut off at each of its points, and the till sells afterwards: with the old one
//! or the new one. The controls take the old one away too early, at the host and at the till, and are found.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod shop;

use std::sync::{Arc, Mutex};

use shop::{Shop, Till, faults, impatient_shop, order, shop};
use taptill::account::{NetworkPolicy, Verdict};
use taptill::error::{Error, ErrorCode};
use taptill::ids::TerminalId;
use taptill::iso8583::Op;
use taptill::merkle::{KeyName, Note};
use taptill::payment::state::State;
use taptill::payment::{ListQuery, Reason};
use taptill::ports::{CardChannel, Fate, FaultPlan, KillPoint, NetworkPosture, Posture};
use taptill::secret::Secret;
use taptill_sandbox::host::{Kind, hold, message, pins, rotate_key, set_next_of, told};

/// A network that changes when a test says so.
struct Changes(Mutex<Posture>);

impl NetworkPosture for Changes {
    fn posture(&self) -> Posture {
        *self.0.lock().unwrap()
    }
}

impl Changes {
    fn to(&self, posture: Posture) {
        *self.0.lock().unwrap() = posture;
    }
}

fn till_on(shop: &Shop, posture: Posture) -> (Till, Arc<Changes>) {
    let network = Arc::new(Changes(Mutex::new(posture)));
    let till = shop.till_with(|ports| ports.network_posture = network.clone()).unwrap();
    (till, network)
}

/// The kinds of all events, oldest first.
fn kinds(till: &Till) -> Vec<&'static str> {
    let mut after = Some(0);
    let mut kinds = Vec::new();
    loop {
        let page = till.terminal.events(after, 100).unwrap();
        if page.events.is_empty() {
            return kinds;
        }
        after = page.events.last().map(|event| event.cursor);
        kinds.extend(page.events.into_iter().map(|event| event.kind));
    }
}

#[test]
fn a_renewed_certificate_is_used_at_once_and_after_a_restart_and_the_old_key_opens_nothing() {
    let shop = shop("network-certificate");
    let till = shop.till();
    let before = till.terminal.configuration().unwrap().client_certificate_pem.clone();
    assert_eq!(till.sell("visa", 100).unwrap().state, State::Approved);
    let mut certificates = vec![before];
    for time in 1..=2 {
        till.terminal.renew_certificate().unwrap();
        let now = till.terminal.configuration().unwrap().client_certificate_pem.clone();
        assert!(!certificates.contains(&now), "the certificate is another one, {time}");
        certificates.push(now.clone());
        assert_eq!(till.sell("visa", 100).unwrap().state, State::Approved, "{time}");
    }
    let aliases = ["account-secrets", "account-secrets.1", "account-secrets.2"];
    let keys = aliases.map(|alias| shop.device().join(format!("{alias}.key")).exists());
    assert_eq!(keys, [false, false, true], "the device keys of the secrets before are gone");
    till.terminal.close().unwrap();
    let till = shop.till();
    assert_eq!(till.terminal.configuration().unwrap().client_certificate_pem.clone(), certificates[2]);
    assert_eq!(till.sell("visa", 100).unwrap().state, State::Approved);
    assert_eq!(told(&shop.host_home()).unwrap().len(), 2);
    assert_eq!(shop.net_minor(), 400);
}

/// The device keys that the till's secrets are, or were, under.
fn keys_of_secrets(shop: &Shop) -> Vec<String> {
    shop.device_keys().into_iter().filter(|alias| alias.starts_with("account-secrets")).collect()
}

/// A device that keeps a key is asked again: by the next renewal and by the next session, for each key before.
#[test]
fn a_key_of_the_secrets_that_the_device_kept_is_destroyed_later() {
    let shop = shop("network-certificate-kept");
    let till = shop.till();
    let renew = || till.terminal.renew_certificate().unwrap();
    shop.keeping("account-secrets", renew);
    assert_eq!(keys_of_secrets(&shop), ["account-secrets", "account-secrets.1"], "the control: it was kept");
    renew();
    assert_eq!(keys_of_secrets(&shop), ["account-secrets.2"], "the next renewal destroys every one before");

    // Kept twice in a row, and only a session comes after.
    shop.keeping("account-secrets.2", || {
        renew();
        shop.keeping("account-secrets.3", renew);
    });
    let kept = ["account-secrets.2", "account-secrets.3", "account-secrets.4"];
    assert_eq!(keys_of_secrets(&shop), kept, "the control: both were kept");
    till.terminal.close().unwrap();
    let till = shop.till();
    assert_eq!(keys_of_secrets(&shop), ["account-secrets.4"], "the next session destroys both");
    assert_eq!(till.sell("visa", 100).unwrap().state, State::Approved);

    // One that the device never lets go keeps no other: here a folder stands where its file was.
    let renew = || till.terminal.renew_certificate().unwrap();
    shop.keeping("account-secrets.4", renew);
    std::fs::create_dir(shop.device().join("account-secrets.key")).unwrap();
    till.terminal.close().unwrap();
    let till = shop.till();
    assert_eq!(keys_of_secrets(&shop), ["account-secrets", "account-secrets.5"]);
    assert_eq!(till.sell("visa", 100).unwrap().state, State::Approved);
}

/// Ends the run at the point of this number since it was armed.
#[derive(Default)]
struct DiesAt {
    left: Mutex<Option<usize>>,
}

impl DiesAt {
    fn arm(&self, visit: Option<usize>) {
        *self.left.lock().unwrap() = visit;
    }
}

impl FaultPlan for DiesAt {
    fn reach(&self, _: KillPoint) -> Fate {
        match &mut *self.left.lock().unwrap() {
            None => Fate::GoOn,
            Some(0) => Fate::Die,
            Some(left) => {
                *left -= 1;
                Fate::GoOn
            }
        }
    }
}

/// Does something once for each of its points, each time cut off there; says after each whether it was done all the same.
fn cut_off_everywhere(
    shop: &Shop,
    work: impl Fn(&Till) -> Result<(), Error>,
    is_done: impl Fn(&Till) -> bool,
) -> Vec<bool> {
    let mut done = Vec::new();
    loop {
        let plan = Arc::new(DiesAt::default());
        let till = shop.till_with(|ports| ports.faults = plan.clone()).unwrap();
        plan.arm(Some(done.len()));
        let outcome = work(&till);
        plan.arm(None);
        match outcome {
            Ok(()) => return done,
            Err(error) => assert_eq!(error.code(), ErrorCode::StoppedByFaultPlan, "point {}", done.len()),
        }
        drop(till);
        done.push(is_done(&shop.till()));
    }
}

/// Whether the till opens and sells, whatever it was cut off in.
fn sells(shop: &Shop) -> bool {
    let till = shop.till_with(|_| ());
    till.is_ok_and(|till| till.sell("visa", 100).is_ok_and(|sale| sale.state == State::Approved))
}

#[test]
fn a_renewed_certificate_that_is_cut_off_anywhere_leaves_the_old_one_or_the_new_one() {
    let shop = shop("network-certificate-kills");
    let certificate = |till: &Till| till.terminal.configuration().unwrap().client_certificate_pem.clone();
    let known = Mutex::new(vec![certificate(&shop.till())]);
    let done = cut_off_everywhere(
        &shop,
        |till| till.terminal.renew_certificate(),
        |till| {
            assert_eq!(till.sell("visa", 100).unwrap().state, State::Approved, "neither the old one nor the new one");
            let (now, mut known) = (certificate(till), known.lock().unwrap());
            let is_new = !known.contains(&now);
            known.push(now);
            is_new
        },
    );
    assert!(done.len() >= 4 && done.contains(&false) && done.contains(&true), "{done:?}");

    // The control: an acquirer that lets the old one go when it signs the new one.
    let dies = || faults::Plan::at("before certificate.renewed", Fate::Die);
    let till = shop.till_with(|ports| ports.faults = dies()).unwrap();
    assert_eq!(till.terminal.renew_certificate().unwrap_err().code(), ErrorCode::StoppedByFaultPlan);
    drop(till);
    let book = rusqlite::Connection::open(shop.host_home().join("book.sqlite3")).unwrap();
    let old: Vec<u8> = book.query_row("SELECT certificate FROM terminals", [], |row| row.get(0)).unwrap();
    let newest = "SELECT certificate FROM given ORDER BY number DESC LIMIT 1";
    book.execute(&format!("UPDATE terminals SET certificate = ({newest})"), []).unwrap();
    assert!(!sells(&shop), "at the host");
    book.execute("UPDATE terminals SET certificate = ?1", [&old]).unwrap();
    assert!(sells(&shop), "put right again");
    // And a till that lets the old key go before the new one is on record.
    let keys = std::fs::read_dir(shop.device()).unwrap().map(|file| file.unwrap().path());
    let own = keys.filter(|path| path.display().to_string().contains("account-secrets")).collect::<Vec<_>>();
    own.iter().for_each(|key| std::fs::remove_file(key).unwrap());
    assert!(!sells(&shop), "at the till");
}

#[test]
fn pins_that_rotate_and_are_cut_off_anywhere_are_the_old_ones_or_the_new_ones() {
    let mut shop = shop("network-pins-kills");
    let till = shop.till();
    let own = till.terminal.configuration().unwrap().terminal_id.clone();
    assert_eq!(till.sell("visa", 100).unwrap().state, State::Approved);
    drop(till);
    let rotate = |shop: &mut Shop| {
        shop.stop_host();
        rotate_key(&shop.host_home()).unwrap();
        shop.start_host("host");
    };
    for way in ["by a supervisor", "with the parameters"] {
        rotate(&mut shop);
        let by_hand = way == "by a supervisor";
        // Each word has a number of its own; one that was taken is not taken again.
        let word = || pins(&shop.host_home(), &own, !by_hand).unwrap();
        let pin = |till: &Till| till.terminal.network().unwrap().pin;
        let mut before = pin(&shop.till());
        let mut done = Vec::new();
        for visit in 0.. {
            let text = word();
            let plan = Arc::new(DiesAt::default());
            let till = shop.till_with(|ports| ports.faults = plan.clone()).unwrap();
            plan.arm(Some(visit));
            let outcome = match by_hand {
                true => till.terminal.take_pins(text.as_bytes()),
                false => till.terminal.download_parameters().map(drop),
            };
            let is_over = outcome.is_ok() && plan.left.lock().unwrap().is_some_and(|left| left > 0);
            plan.arm(None);
            drop(till);
            if is_over {
                break;
            }
            let till = shop.till();
            assert_eq!(till.sell("visa", 100).unwrap().state, State::Approved, "{way}, point {visit}: neither holds");
            let now = pin(&till);
            done.push(now != before);
            before = now;
        }
        assert!(done.len() >= 2 && done.contains(&false) && done.contains(&true), "{way}: {done:?}");
        assert!(sells(&shop), "{way}");
    }
    // The control: an acquirer that goes on to a key of which the till was not told in time, with its word cut off.
    rotate(&mut shop);
    rotate(&mut shop);
    let text = pins(&shop.host_home(), &own, false).unwrap();
    let till =
        shop.till_with(|ports| ports.faults = faults::Plan::at("before network.pins_changed", Fate::Die)).unwrap();
    assert_eq!(till.terminal.take_pins(text.as_bytes()).unwrap_err().code(), ErrorCode::StoppedByFaultPlan);
    drop(till);
    assert!(!sells(&shop), "a till that holds neither is found");
    shop.till().terminal.take_pins(text.as_bytes()).unwrap();
    assert!(sells(&shop), "and the same word rescues it");
}

/// Whatever the host does instead of certifying, the old certificate stands and nothing is half taken.
#[test]
fn a_certificate_that_does_not_come_changes_nothing() {
    let shop = impatient_shop("network-no-certificate");
    let till = shop.till();
    let before = till.terminal.configuration().unwrap().client_certificate_pem.clone();
    for (kind, code) in [
        (Kind::Refuse, ErrorCode::HostRefused),
        (Kind::NoAnswer, ErrorCode::HostSilent),
        (Kind::Forget, ErrorCode::HostSilent),
        (Kind::BadMac, ErrorCode::HostSilent),
        (Kind::HalfFrame, ErrorCode::HostSilent),
        (Kind::Reset, ErrorCode::HostSilent),
    ] {
        set_next_of(&shop.host_home(), kind, 1, Some(Op::RenewCertificate)).unwrap();
        assert_eq!(till.terminal.renew_certificate().unwrap_err().code(), code, "{kind}");
        assert_eq!(till.terminal.configuration().unwrap().client_certificate_pem.clone(), before, "{kind}");
        assert_eq!(till.sell("visa", 100).unwrap().state, State::Approved, "{kind}");
    }
    // The control: an honest host gives one.
    till.terminal.renew_certificate().unwrap();
    assert_ne!(till.terminal.configuration().unwrap().client_certificate_pem.clone(), before);
}

#[test]
fn what_the_host_says_of_the_till_is_recorded_once() {
    let shop = shop("network-mark");
    let till = shop.till();
    let terminal = TerminalId::new("SBX00001").unwrap();
    hold(&shop.host_home(), &terminal, true).unwrap();
    for _ in 0..2 {
        till.terminal.test_host().unwrap();
    }
    hold(&shop.host_home(), &terminal, false).unwrap();
    till.terminal.test_host().unwrap();
    assert_eq!(kinds(&till).iter().filter(|kind| **kind == "host.marked").count(), 2);
}

/// The network, what a first sale there meets, and what a sale meets whose keys are there already.
#[test]
fn each_network_is_good_for_what_the_table_says() {
    use Posture as P;
    let refused = Some(ErrorCode::NetworkRefused);
    let for_keys = Some(ErrorCode::NetworkRefusedForKeys);
    let shop = shop("network-table");
    let mut sales = 0;
    for (posture, first, with_keys) in [
        (P::Trusted, None, None),
        (P::OpenWifi, None, None),
        (P::Vpn, None, None),
        (P::Proxied, for_keys, None),
        (P::UserAuthority, for_keys, None),
        (P::ClockWrong, None, None),
        (P::CaptivePortal, refused, refused),
    ] {
        // Each run signs on anew.
        let (till, network) = till_on(&shop, posture);
        let sold = || till.sell("visa", 100).err().map(|error| error.code());
        assert_eq!(sold(), first, "{posture:?}: the first sale of a run");
        network.to(P::Trusted);
        assert_eq!(sold(), None, "{posture:?}: the control, on another network");
        network.to(posture);
        assert_eq!(sold(), with_keys, "{posture:?}: with keys of this run");
        // What was refused was refused before anything began.
        sales += [first, None, with_keys].iter().filter(|refused| refused.is_none()).count() as u64;
        assert_eq!(shop.net_minor(), 100 * sales, "{posture:?}");
        let attempts = till.terminal.list(&ListQuery { limit: 100, ..ListQuery::default() }).unwrap().attempts.len();
        assert_eq!(attempts as u64, sales, "{posture:?}");
        till.terminal.close().unwrap();
    }
}

/// The acquirer's own table holds in place of the usual one.
#[test]
fn the_acquirer_may_be_stricter_or_milder() {
    type Change = fn(&mut NetworkPolicy);
    let change: [(Change, Posture, Option<ErrorCode>); 5] = [
        (|table| table.open_wifi = Verdict::RefusedForAll, Posture::OpenWifi, Some(ErrorCode::NetworkRefused)),
        (|table| table.vpn = Verdict::RefusedForKeys, Posture::Vpn, Some(ErrorCode::NetworkRefusedForKeys)),
        (|table| table.clock_wrong = Verdict::RefusedForKeys, Posture::ClockWrong, Some(ErrorCode::DeviceClockWrong)),
        (|table| table.proxied = Verdict::Allowed, Posture::Proxied, None),
        (|table| table.captive_portal = Verdict::Warned, Posture::CaptivePortal, None),
    ];
    for (change, posture, code) in change {
        let mut shop = shop("network-own-table");
        change(&mut shop.provisioning.configuration.network);
        let (till, _) = till_on(&shop, posture);
        assert_eq!(till.sell("visa", 100).err().map(|error| error.code()), code, "{posture:?}");
        assert_eq!(till.terminal.network().unwrap().judgement.posture, posture);
    }
}

#[test]
fn everything_that_goes_to_the_host_is_refused_over_a_network_that_is() {
    let shop = shop("network-errands");
    let (till, network) = till_on(&shop, Posture::Trusted);
    let sale = till.sell("visa", 100).unwrap();
    network.to(Posture::CaptivePortal);
    let terminal = &till.terminal;
    let refused = [
        terminal.test_host().map(drop).unwrap_err(),
        terminal.download_parameters().map(drop).unwrap_err(),
        terminal.renew_certificate().unwrap_err(),
        terminal.settle().map(drop).unwrap_err(),
        terminal.start_sale(order(100)).map(drop).unwrap_err(),
    ];
    for error in refused {
        assert_eq!(error.to_string(), "network_refused network=captive_portal");
    }
    // What was there stays to be seen, and the same sale again gives its outcome.
    assert_eq!(terminal.status(&sale.attempt).unwrap().state, State::Approved);
    network.to(Posture::Trusted);
    assert!(terminal.test_host().is_ok() && terminal.settle().is_ok(), "the control");
}

/// What was refused on one network goes out on the next, also where the wish tells the host a text.
#[test]
fn a_report_that_was_refused_on_one_network_is_sent_on_another() {
    let shop = shop("network-report");
    let (till, network) = till_on(&shop, Posture::CaptivePortal);
    let refused = till.terminal.report_loss(None, None, true).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::NetworkRefused);
    assert_eq!(told(&shop.host_home()).unwrap().len(), 0);
    network.to(Posture::Trusted);
    till.terminal.report_loss(None, None, true).unwrap();
    assert_eq!(told(&shop.host_home()).unwrap().len(), 1);
}

/// With keys of this run and a connection that stands, a certificate is not asked for all the same.
#[test]
fn a_certificate_is_never_asked_for_over_a_network_that_is_refused_for_keys() {
    let shop = shop("network-certificate-refused");
    let (till, network) = till_on(&shop, Posture::Trusted);
    assert_eq!(till.sell("visa", 100).unwrap().state, State::Approved);
    for posture in [Posture::Proxied, Posture::UserAuthority] {
        network.to(posture);
        let error = till.terminal.renew_certificate().unwrap_err();
        assert_eq!(error.code(), ErrorCode::NetworkRefusedForKeys, "{posture:?}");
        assert_eq!(told(&shop.host_home()).unwrap().len(), 0, "{posture:?}");
    }
    network.to(Posture::Trusted);
    till.terminal.renew_certificate().unwrap();
    assert_eq!(told(&shop.host_home()).unwrap().len(), 1, "the control");
}

/// A network that turns bad between the wish and the connection: nothing leaves, and the attempt says why.
#[test]
fn a_network_that_changes_before_the_connection_sends_nothing() {
    let shop = shop("network-changes");
    let (till, network) = till_on(&shop, Posture::Trusted);
    for (posture, reason) in [
        (Posture::CaptivePortal, Reason::NetworkRefused),
        (Posture::Proxied, Reason::NetworkRefusedForKeys),
        (Posture::Absent, Reason::NetworkAbsent),
    ] {
        network.to(Posture::Trusted);
        let card = taptill_sandbox::card::named("visa").unwrap();
        let turns = || -> Arc<dyn CardChannel> {
            network.to(posture);
            card.tap()
        };
        let error = till.sell_to(order(100), turns).unwrap_err();
        let view = till.terminal.status(error.attempt().unwrap()).unwrap();
        assert_eq!((view.state, view.reason), (State::NotSent, Some(reason)), "{posture:?}");
    }
    assert_eq!(shop.net_minor(), 0);
    network.to(Posture::Trusted);
    assert_eq!(till.sell("visa", 100).unwrap().state, State::Approved, "the control");
}

/// A network that is trusted for so many looks, and a portal from then on until it is said to be better.
struct GoesBad(Mutex<Option<usize>>);

impl NetworkPosture for GoesBad {
    fn posture(&self) -> Posture {
        match &mut *self.0.lock().unwrap() {
            Some(0) => Posture::CaptivePortal,
            Some(left) => {
                *left -= 1;
                Posture::Trusted
            }
            None => Posture::Trusted,
        }
    }
}

/// A reversal waits for a network that may be used, and is not lost.
#[test]
fn a_debt_waits_for_a_better_network() {
    let shop = impatient_shop("network-debt");
    // The wish and the connection of the sale are looked at; its answer is lost.
    let network = Arc::new(GoesBad(Mutex::new(Some(2))));
    let till = shop.till_with(|ports| ports.network_posture = network.clone()).unwrap();
    shop.host_does(Kind::Reset);
    let sale = till.sell("visa", 100).unwrap();
    let left = till.terminal.resolve().unwrap().left;
    assert_eq!(left.iter().map(|view| &view.attempt).collect::<Vec<_>>(), [&sale.attempt]);
    assert_eq!(shop.net_minor(), 100, "the host has booked it, and nobody has taken it back");
    *network.0.lock().unwrap() = None;
    till.terminal.resolve().unwrap();
    assert_eq!(till.terminal.status(&sale.attempt).unwrap().state, State::Reversed);
    assert_eq!(shop.net_minor(), 0);
}

#[test]
fn a_judgement_is_recorded_when_it_changes_and_shown() {
    let shop = shop("network-judged");
    let (till, network) = till_on(&shop, Posture::Trusted);
    assert_eq!(till.terminal.till_state().unwrap().network, None, "nobody has looked yet");
    for _ in 0..3 {
        till.sell("visa", 100).unwrap();
    }
    assert_eq!(kinds(&till).iter().filter(|kind| **kind == "network.judged").count(), 1);
    for (posture, verdict) in [(Posture::OpenWifi, Verdict::Warned), (Posture::Proxied, Verdict::RefusedForKeys)] {
        network.to(posture);
        let view = till.terminal.network().unwrap();
        assert_eq!((view.posture, view.judgement.posture, view.judgement.verdict), (posture, posture, verdict));
        assert_eq!(till.terminal.till_state().unwrap().network, Some(view.judgement));
        assert_eq!(view.table.len(), Posture::ALL.len());
    }
    assert_eq!(kinds(&till).iter().filter(|kind| **kind == "network.judged").count(), 3);
}

/// Whose text it is, and what it says: pins change by the acquirer's newest word for this till alone.
#[test]
fn pins_change_by_the_acquirers_word_alone() {
    let (shop, other) = (shop("network-pins"), shop("network-pins-of-another"));
    let till = shop.till();
    let own = till.terminal.configuration().unwrap().terminal_id.clone();
    let word = |shop: &Shop| pins(&shop.host_home(), &own, false).unwrap();
    let stolen = word(&other);
    let second = taptill_sandbox::host::provision(&shop.host_home(), "unionpay", "127.0.0.1:1", &Default::default());
    let second = second.unwrap().configuration.terminal_id;
    let good = word(&shop);
    let mut forged = Note::new(good.split("\n\n").next().map(|text| format!("{text}\n")).unwrap().as_str()).unwrap();
    forged.sign(&KeyName::new("acquirer.sandbox").unwrap(), &Secret::from_fn(|seed| seed.fill(1)));
    for (what, text, verdict) in [
        ("nothing", String::new(), "pins_not_signed why=not_signed"),
        ("a letter", "Dear merchant, use this key.\n".into(), "pins_not_signed why=not_signed"),
        ("another acquirer's word", stolen, "pins_not_signed why=of_a_stranger"),
        ("one under another's signature", forged.to_string(), "pins_not_signed why=of_a_stranger"),
        ("one that was changed", good.replace("current ", "current 00"), "pins_not_signed why=wrong_signature"),
        ("a message", message(&shop.host_home(), &own, "Hello.").unwrap(), "pins_refused why=another_kind"),
        ("another till's", pins(&shop.host_home(), &second, false).unwrap(), "pins_refused why=another_till"),
    ] {
        let before = till.terminal.network().unwrap();
        assert_eq!(till.terminal.take_pins(text.as_bytes()).unwrap_err().to_string(), verdict, "{what}");
        assert_eq!(till.terminal.network().unwrap().pin, before.pin, "{what}");
    }
    rotate_key(&shop.host_home()).unwrap();
    let newer = word(&shop);
    till.terminal.take_pins(newer.as_bytes()).unwrap();
    for (what, text) in [("the same again", &newer), ("an older one", &good)] {
        let refused = till.terminal.take_pins(text.as_bytes()).unwrap_err();
        assert_eq!(refused.to_string(), "pins_refused why=not_newer", "{what}");
    }
    assert_eq!(kinds(&till).iter().filter(|kind| **kind == "network.pins_changed").count(), 1);
}

/// The host's key changes once: the backup pin holds. Twice: no sale, until a supervisor brings the acquirer's word.
#[test]
fn a_dead_pin_is_rescued_by_the_backup_and_then_by_the_acquirers_word_alone() {
    let mut shop = shop("network-dead-pin");
    let till = shop.till();
    let own = till.terminal.configuration().unwrap().terminal_id.clone();
    assert_eq!(till.sell("visa", 100).unwrap().state, State::Approved);
    let anew = |shop: &mut Shop| {
        shop.stop_host();
        rotate_key(&shop.host_home()).unwrap();
        shop.start_host("host");
    };
    anew(&mut shop);
    assert_eq!(till.sell("visa", 100).unwrap().state, State::Approved, "the backup pin");
    anew(&mut shop);
    assert_eq!(till.sell("visa", 100).unwrap_err().code(), ErrorCode::HostPinMismatch);
    assert!(till.terminal.take_pins(b"Trust me.\n").is_err());
    assert_eq!(till.sell("visa", 100).unwrap_err().code(), ErrorCode::HostPinMismatch, "a stranger rescues nothing");
    till.terminal.take_pins(pins(&shop.host_home(), &own, false).unwrap().as_bytes()).unwrap();
    assert_eq!(till.sell("visa", 100).unwrap().state, State::Approved, "the acquirer's word");
    till.terminal.close().unwrap();
    let till = shop.till();
    assert_eq!(till.sell("visa", 100).unwrap().state, State::Approved, "and after a restart");
    assert_eq!(shop.net_minor(), 400);
}

/// With a download of parameters the word comes by itself, before the pins are dead.
#[test]
fn pins_rotate_with_the_parameters() {
    let mut shop = shop("network-rotation");
    let till = shop.till();
    let own = till.terminal.configuration().unwrap().terminal_id.clone();
    for time in 1..=3 {
        shop.stop_host();
        rotate_key(&shop.host_home()).unwrap();
        shop.start_host("host");
        pins(&shop.host_home(), &own, true).unwrap();
        for _ in 0..2 {
            till.terminal.download_parameters().unwrap();
        }
        assert_eq!(till.sell("visa", 100).unwrap().state, State::Approved, "{time}");
    }
    let changes = |kind: &str| kinds(&till).iter().filter(|known| **known == kind).count();
    assert_eq!((changes("network.pins_changed"), changes("network.pins_refused")), (3, 0));
}

#[test]
fn a_message_is_the_acquirers_or_a_strangers() {
    let (shop, other) = (shop("network-message"), shop("network-message-of-another"));
    let till = shop.till();
    let own = till.terminal.configuration().unwrap().terminal_id.clone();
    let note = message(&shop.host_home(), &own, "Closed on Friday.").unwrap();
    let view = till.terminal.read_message(note.as_bytes()).unwrap();
    assert!(view.is_the_acquirers && view.is_for_this_till && view.why.is_none());
    assert_eq!(view.facts, [("text".to_owned(), "Closed on Friday.".to_owned())]);
    for (text, why) in [
        ("Please call and tell your password.".to_owned(), "not_signed"),
        (note.replace("Friday", "Monday"), "wrong_signature"),
        (message(&other.host_home(), &own, "Closed on Friday.").unwrap(), "of_a_stranger"),
    ] {
        let view = till.terminal.read_message(text.as_bytes()).unwrap();
        assert_eq!((view.is_the_acquirers, view.why), (false, Some(why)), "{text}");
        assert!(
            view.facts.is_empty() && view.kind.is_none(),
            "nothing that a stranger says is shown as the acquirer's"
        );
    }
    assert_eq!(kinds(&till).iter().filter(|kind| **kind == "acquirer.message_read").count(), 4);
}
