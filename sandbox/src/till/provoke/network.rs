//! What can be wrong between the till and the host. Evidence: `sandbox/tests/till_provoke.rs`.

use std::fs;
use std::sync::Arc;

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, PublicKeyData,
    SanType,
};
use taptill::account::SecretText;
use taptill::ports::Posture;

use crate::desktop::StatedPosture;
use crate::faults::SetClock;
use crate::folders::copy_folder;

use super::impostor::{Impostor, Manner};
use super::stage::{Played, Stage, broken, order};

pub(super) fn network_absent() -> Played {
    let stage = Stage::set()?;
    let till = stage.till_with(|ports| ports.network_posture = Arc::new(StatedPosture(Posture::Absent)))?;
    till.sell(order(100)?).map(drop)
}

pub(super) fn network_refused() -> Played {
    let stage = Stage::set()?;
    let portal = StatedPosture(Posture::CaptivePortal);
    let till = stage.till_with(|ports| ports.network_posture = Arc::new(portal))?;
    till.sell(order(100)?).map(drop)
}

pub(super) fn network_refused_for_keys() -> Played {
    let stage = Stage::set()?;
    let till = stage.till_with(|ports| ports.network_posture = Arc::new(StatedPosture(Posture::Proxied)))?;
    till.sell(order(100)?).map(drop)
}

pub(super) fn pins_not_signed() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    Ok(till.terminal.take_pins(b"Use another key from now on. Your acquirer.\n")?)
}

pub(super) fn pins_refused() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    let terminal = till.terminal.configuration()?.terminal_id.clone();
    let message = crate::host::message(&stage.host_home(), &terminal, "A happy new year.").map_err(broken)?;
    Ok(till.terminal.take_pins(message.as_bytes())?)
}

pub(super) fn host_unreachable() -> Played {
    let mut stage = Stage::set()?;
    stage.stop_host();
    sells(&stage)
}

pub(super) fn host_certificate_untrusted() -> Played {
    let mut stage = Stage::set()?;
    stage.replace_host(&stage.path("other"))?;
    sells(&stage)
}

pub(super) fn host_certificate_expired() -> Played {
    let mut stage = Stage::set()?;
    let key = server_key(&stage)?;
    host_with(&mut stage, &key, |params| {
        (params.not_before, params.not_after) = (rcgen::date_time_ymd(2020, 1, 1), rcgen::date_time_ymd(2025, 1, 1));
    })?;
    sells(&stage)
}

pub(super) fn host_pin_mismatch() -> Played {
    let mut stage = Stage::set()?;
    host_with(&mut stage, &KeyPair::generate().map_err(broken)?, |_| ())?;
    sells(&stage)
}

pub(super) fn client_certificate_refused() -> Played {
    let mut stage = Stage::set()?;
    let (others, strict) = (stage.path("others"), stage.path("strict"));
    // Another authority comes with another host; this host trusts that one from now on.
    crate::host::provision(&others, "unionpay", "127.0.0.1:1", &crate::host::Options::default()).map_err(broken)?;
    copy_folder(&stage.host_home(), &strict).map_err(broken)?;
    let authority = "certificates/ca.crt.pem";
    fs::copy(others.join(authority), strict.join(authority)).map_err(broken)?;
    stage.replace_host(&strict)?;
    sells(&stage)
}

pub(super) fn device_clock_wrong() -> Played {
    let stage = Stage::set()?;
    let clock = SetClock::ahead_by_ms(0);
    let lent = clock.clone();
    let till = stage.till_with(|ports| ports.clock = lent)?;
    clock.set_ahead_by_ms(-2 * DAY_MS);
    till.sell(order(100)?).map(drop)
}

pub(super) fn host_handshake_failed() -> Played {
    in_place_of_host(Manner::NoTls)
}

pub(super) fn host_silent() -> Played {
    in_place_of_host(Manner::Silence)
}

pub(super) fn host_answer_invalid() -> Played {
    in_place_of_host(Manner::Rubbish)
}

pub(super) fn sign_on_refused() -> Played {
    in_place_of_host(Manner::Refusal)
}

pub(super) fn key_check_value_mismatch() -> Played {
    let mut stage = Stage::set()?;
    stage.provisioning.secrets.master_key_hex = SecretText::new("00112233445566778899AABBCCDDEEFF".to_owned());
    sells(&stage)
}

fn sells(stage: &Stage) -> Played {
    stage.till()?.sell(order(100)?).map(drop)
}

fn in_place_of_host(manner: Manner) -> Played {
    let mut stage = Stage::set()?;
    let _impostor = Impostor::in_place_of_host(&mut stage, manner)?;
    sells(&stage)
}

fn server_key(stage: &Stage) -> Played<KeyPair> {
    let pem = fs::read_to_string(stage.host_home().join("certificates/server.key.pem")).map_err(broken)?;
    KeyPair::from_pem(&pem).map_err(broken)
}

/// The agreed host, with another certificate that its own authority signed.
fn host_with(stage: &mut Stage, key: &KeyPair, change: fn(&mut CertificateParams)) -> Played {
    let home = stage.path("changed");
    copy_folder(&stage.host_home(), &home).map_err(broken)?;
    let folder = home.join("certificates");
    let pem = fs::read_to_string(folder.join("ca.key.pem")).map_err(broken)?;
    let ca_key = KeyPair::from_pem(&pem).map_err(broken)?;
    let digest = ring::digest::digest(&ring::digest::SHA256, &ca_key.subject_public_key_info());
    let short: String = digest.as_ref()[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    ca.distinguished_name = DistinguishedName::new();
    ca.distinguished_name.push(DnType::CommonName, format!("Taptill sandbox CA {short}"));
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::DnsName("localhost".try_into().map_err(broken)?)];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    change(&mut params);
    let certificate = params.signed_by(key, &Issuer::from_params(&ca, &ca_key)).map_err(broken)?;
    fs::write(folder.join("server.crt.pem"), certificate.pem()).map_err(broken)?;
    fs::write(folder.join("server.key.pem"), key.serialize_pem()).map_err(broken)?;
    stage.replace_host(&home)
}

const DAY_MS: i64 = 86_400_000;
