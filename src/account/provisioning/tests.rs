//! A provisioning file that is right, and each way in which it can be wrong.

use serde_json::{Value, json};

use super::*;
use crate::emv::TerminalData;

fn right() -> Value {
    let certificate = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    json!({
        "version": 1,
        "configuration": {
            "terminal_id": "TILL0001",
            "merchant_id": "SANDBOX00000001",
            "merchant": {"name": "Shop 店", "address": ["1 Test Road"]},
            "time_zone": "Asia/Shanghai",
            "host_utc_offset_minutes": 480,
            "currency": "CNY",
            "limits": {"sale_max_minor": 5_000_000},
            "host": {
                "address": "127.0.0.1:9583",
                "server_name": "localhost",
                "ca_pem": certificate,
                "spki_sha256": "00".repeat(32),
                "spki_sha256_backup": null,
            },
            "client_certificate_pem": certificate,
            "dialect": Dialect::shipped("iso87").unwrap(),
            "terminal_data": TerminalData::sandbox(),
            "ca_keys": serde_json::from_str::<Value>(include_str!("../../../tests/vectors/capks.json")).unwrap(),
            "policy": {
                "reversal_wait_first_ms": 1_000,
                "reversal_wait_max_ms": 60_000,
                "reversal_refusals_max": 3,
                "stuck_blocks_sales": false,
                "block_next": true,
                "debt_age_max_ms": 86_400_000_u64,
            },
        },
        "secrets": {
            "master_key_hex": "0123456789ABCDEFFEDCBA9876543210",
            "client_key_pem": "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n",
        },
    })
}

fn read(file: &Value) -> Result<Provisioning, ProvisioningError> {
    Provisioning::from_json(file.to_string().as_bytes())
}

#[test]
fn a_right_file_is_read_and_written_back() {
    let provisioning = read(&right()).map_err(|error| error.to_string()).unwrap();
    let again: Value = serde_json::from_slice(provisioning.to_json().expose()).unwrap();
    assert_eq!(again, right());
    assert_eq!(provisioning.secrets.master_key().unwrap().expose().len(), 16);
}

#[test]
fn each_broken_rule_is_named() {
    let long = "x".repeat(65);
    #[rustfmt::skip]
    let rows: Vec<(&str, Value, &str)> = vec![
        ("/version", json!(2), "configuration_invalid part=version rule=one that this till knows version=2"),
        ("/configuration/merchant/name", json!(""), "configuration_invalid part=merchant.name rule=1 to 64 characters in one line"),
        ("/configuration/merchant/name", json!("a\nb"), "configuration_invalid part=merchant.name rule=1 to 64 characters in one line"),
        ("/configuration/merchant/address", json!(["", "b"]), "configuration_invalid part=merchant.address rule=at most 4 lines of 1 to 64 characters"),
        ("/configuration/merchant/address", json!(["1", "2", "3", "4", "5"]), "configuration_invalid part=merchant.address rule=at most 4 lines of 1 to 64 characters"),
        ("/configuration/time_zone", json!(long), "configuration_invalid part=time_zone rule=an IANA time zone name"),
        ("/configuration/time_zone", json!("Middle/Earth"), "configuration_invalid part=time_zone rule=an IANA time zone name"),
        ("/configuration/host_utc_offset_minutes", json!(900), "configuration_invalid part=host_utc_offset_minutes rule=-720 to 840"),
        ("/configuration/limits/sale_max_minor", json!(0), "configuration_invalid part=limits.sale_max_minor rule=1 to 999999999999"),
        ("/configuration/host/address", json!("localhost"), "configuration_invalid part=host.address rule=a name or address, a colon and a port"),
        ("/configuration/host/address", json!("localhost:0"), "configuration_invalid part=host.address rule=a name or address, a colon and a port"),
        ("/configuration/host/server_name", json!("a b"), "configuration_invalid part=host.server_name rule=a host name or address"),
        ("/configuration/host/ca_pem", json!("MAA="), "configuration_invalid part=host.ca_pem rule=certificates in PEM"),
        ("/configuration/host/spki_sha256", json!("00"), "configuration_invalid part=host.spki_sha256 rule=64 hex digits"),
        ("/configuration/host/spki_sha256_backup", json!("zz"), "configuration_invalid part=host.spki_sha256_backup rule=64 hex digits"),
        ("/configuration/client_certificate_pem", json!(""), "configuration_invalid part=client_certificate_pem rule=certificates in PEM"),
        ("/configuration/policy/reversal_wait_first_ms", json!(0), "configuration_invalid part=policy.reversal_wait_first_ms rule=1 to 3600000"),
        ("/configuration/policy/reversal_wait_max_ms", json!(999), "configuration_invalid part=policy.reversal_wait_max_ms rule=the first wait to 3600000"),
        ("/configuration/policy/reversal_refusals_max", json!(0), "configuration_invalid part=policy.reversal_refusals_max rule=1 to 100"),
        ("/configuration/dialect", json!("name = 1"), "dialect_invalid"),
        ("/configuration/ca_keys", json!("none"), "ca_key_invalid"),
        ("/secrets/master_key_hex", json!("0123"), "configuration_invalid part=secrets.master_key_hex rule=32 hex digits, not all the same"),
        ("/secrets/master_key_hex", json!("00".repeat(16)), "configuration_invalid part=secrets.master_key_hex rule=32 hex digits, not all the same"),
        ("/secrets/master_key_hex", json!("0G".repeat(16)), "configuration_invalid part=secrets.master_key_hex rule=32 hex digits, not all the same"),
        ("/secrets/client_key_pem", json!("-----BEGIN PUBLIC KEY-----"), "configuration_invalid part=secrets.client_key_pem rule=a private key in PEM"),
    ];
    for (pointer, value, verdict) in rows {
        let mut file = right();
        *file.pointer_mut(pointer).unwrap() = value;
        let refused = read(&file).err().expect(pointer);
        assert_eq!(Error::from(refused).to_string(), verdict, "{pointer}");
    }
}

#[test]
fn a_file_of_another_shape_is_refused_with_its_place() {
    for pointer in ["", "/configuration", "/secrets", "/configuration/policy"] {
        let mut file = right();
        file.pointer_mut(pointer).unwrap()["unheard_of"] = json!(1);
        let refused = read(&file).err().unwrap();
        assert!(matches!(refused, ProvisioningError::NotReadable { .. }), "{pointer}");
    }
    for bytes in [&b""[..], b"[]", b"{", &[0xFF; 9]] {
        assert!(Provisioning::from_json(bytes).is_err());
    }
}

#[test]
fn an_error_about_a_secret_does_not_repeat_it() {
    let mut file = right();
    file["secrets"]["master_key_hex"] = json!("0123456789ABCDEFFEDCBA98765432XY");
    let refused = read(&file).err().unwrap();
    assert!(!format!("{refused} {refused:?} {}", Error::from(refused.clone())).contains("0123456789"));
    file["secrets"]["master_key_hex"] = json!(123_456_789);
    let refused = read(&file).err().unwrap();
    assert!(!format!("{refused} {refused:?} {}", Error::from(refused.clone())).contains("123456789"));
}
