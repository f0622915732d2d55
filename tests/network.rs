//! The way to the host: certificates that change, networks that are judged, pins that rotate, words that are signed.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod shop;

use shop::shop;
use taptill::error::ErrorCode;
use taptill::ids::TerminalId;
use taptill::iso8583::Op;
use taptill::payment::state::State;
use taptill_sandbox::host::{Kind, hold, set_next_of, told};

/// The kinds of all events, oldest first.
fn kinds(till: &shop::Till) -> Vec<&'static str> {
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

/// Whatever the host does instead of certifying, the old certificate stands and nothing is half taken.
#[test]
fn a_certificate_that_does_not_come_changes_nothing() {
    let shop = shop::impatient_shop("network-no-certificate");
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
