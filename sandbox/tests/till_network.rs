//! `network` and the host's side of it: what a person types and reads.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod till_support;

use serde_json::json;
use till_support::{BOB, Shop, run};

const TID: &str = "SBX00001";

#[test]
fn the_judgement_is_shown_and_a_network_can_be_simulated() {
    let shop = Shop::open();
    for (posture, verdict, first_line) in [
        ("trusted", "allowed", "A network that you trust: allowed"),
        ("open_wifi", "warned", "Wi-Fi without a password: allowed, with a warning"),
        ("proxied", "refused_for_keys", "A network with a proxy: refused for keys and sign-on"),
        ("captive_portal", "refused_for_all", "Wi-Fi that wants you to sign in on a page: refused for everything"),
        ("absent", "refused_for_all", "No network: refused for everything"),
    ] {
        assert_eq!(shop.till(&["network", "simulate", posture]).code, Some(0), "{posture}");
        let view = shop.till(&["network"]).json();
        assert_eq!(view["judgement"], json!({ "posture": posture, "verdict": verdict }), "{posture}");
        assert_eq!(view["table"].as_array().unwrap().len(), 9);
        let told = run(shop.aloud().arg("network")).stdout;
        assert!(told.contains(first_line), "{posture}: {told}");
    }
    // A new process has no keys yet: what is refused for them is refused to it.
    for (posture, code) in
        [("proxied", "network_refused_for_keys"), ("captive_portal", "network_refused"), ("absent", "network_absent")]
    {
        shop.till(&["network", "simulate", posture]);
        assert_eq!(shop.till(&["sale", "1"]).refusal(), (Some(1), code.to_owned()), "{posture}");
    }
    shop.till(&["network", "simulate", "vpn"]);
    assert_eq!(shop.till(&["sale", "1"]).json()["state"], "approved", "the control");
}

#[test]
fn a_word_for_a_posture_or_a_file_that_is_none_is_refused() {
    let shop = Shop::open();
    assert_eq!(shop.till(&["network", "simulate", "carrier_pigeon"]).refusal(), (Some(2), "usage".to_owned()));
    assert_eq!(shop.till(&["network", "pins", "not-there"]).refusal().0, Some(1));
    let huge = shop.path("huge");
    std::fs::write(&huge, vec![b'x'; 70_000]).unwrap();
    assert_eq!(shop.till(&["network", "message", huge.to_str().unwrap()]).refusal().0, Some(1));
    for words in [&["host", "freeze"][..], &["host", "pins"], &["host", "countersign", TID], &["network", "pins"]] {
        assert_eq!(shop.till(words).refusal(), (Some(2), "usage".to_owned()), "{words:?}");
    }
    assert_eq!(shop.host(&["freeze", "SBX99999"]).refusal(), (Some(1), "host_terminal_unknown".to_owned()));
    assert_eq!(shop.host(&["freeze", "x"]).refusal(), (Some(1), "identifier_malformed".to_owned()));
}

#[test]
fn pins_and_certificates_change_and_a_stranger_changes_nothing() {
    let mut shop = Shop::open();
    shop.hire_bob();
    assert_eq!(shop.till(&["network", "renew-certificate"]).code, Some(0));
    assert_eq!(shop.till(&["sale", "1"]).json()["state"], "approved", "the new certificate");
    for _ in 0..2 {
        assert_eq!(shop.host(&["rotate-key"]).code, Some(0));
    }
    shop.restart_host();
    assert_eq!(shop.till(&["sale", "1"]).refusal(), (Some(1), "host_pin_mismatch".to_owned()), "both pins are dead");
    let file = |name: &str, text: &str| {
        let file = shop.path(name);
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let letter = file("letter", "Your acquirer asks you to trust another key.\n");
    assert_eq!(shop.till(&["network", "pins", &letter]).refusal(), (Some(1), "pins_not_signed".to_owned()));
    let told = run(shop.aloud().args(["network", "message", &letter])).stdout;
    assert!(told.contains("A stranger wrote this"), "{told}");
    let word = file("word", shop.host(&["pins", TID]).json()["note"].as_str().unwrap());
    assert_eq!(shop.till_as(BOB.name, &["network", "pins", &word]).refusal(), (Some(1), "not_permitted".to_owned()));
    assert_eq!(shop.till(&["network", "pins", &word]).code, Some(0));
    assert_eq!(shop.till(&["sale", "1"]).json()["state"], "approved", "the acquirer's word");
    let message = file("message", shop.host(&["message", TID, "Closed on Friday."]).json()["note"].as_str().unwrap());
    let told = run(shop.aloud().args(["network", "message", &message])).stdout;
    assert!(told.contains("Your acquirer has signed this") && told.contains("Closed on Friday."), "{told}");
}

#[test]
fn the_host_holds_a_till_from_its_side_and_says_what_it_was_told() {
    let shop = Shop::open();
    assert_eq!(shop.host(&["freeze", TID]).json()["held"], "by_host");
    assert_eq!(shop.host(&["release", TID]).json()["held"], "released");
    assert_eq!(shop.host(&["told"]).json(), json!([]));
    shop.till(&["network", "renew-certificate"]);
    let told = shop.host(&["told"]).json();
    assert_eq!((&told[0]["op"], &told[0]["terminal"]), (&json!("renew_certificate"), &json!(TID)));
    let text = shop.path("certificate");
    std::fs::write(&text, "erased\n").unwrap();
    let signed = shop.host(&["countersign", TID, text.to_str().unwrap()]).json();
    assert!(signed["signature"].as_str().unwrap().starts_with("\u{2014} acquirer.sandbox "), "{signed}");
}
