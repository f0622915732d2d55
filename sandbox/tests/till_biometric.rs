//! A simulated finger on the desktop till: it opens what a password opened before, and the sensor says when it does not.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod till_support;

use till_support::{ALICE, Shop, run};

fn why(ran: &till_support::Ran) -> String {
    ran.json()["error"]["why"].as_str().unwrap_or("-").to_owned()
}

#[test]
fn a_finger_opens_the_till_in_every_process_until_the_sensor_or_a_rule_says_no() {
    let shop = Shop::open();
    let finger = || run(shop.nobody().args(["sign-in", "alice", "--biometric"]));
    assert_eq!(why(&finger()), "not_enrolled");
    let wrong = shop.password_file("wrong", "not the password of 1");
    let (_, told) = shop.shell(&format!("biometric enrol --password-file '{wrong}'\n"));
    assert_eq!(told[0]["error"]["code"], "sign_in_refused", "the password is asked for once more");
    let (_, told) = shop.shell_of_nobody(&format!(
        "sign-in alice --password-file '{file}'\nbiometric enrol --password-file '{file}'\nlock\nwho\nunlock --biometric\n",
        file = shop.password_file(ALICE.name, ALICE.password)
    ));
    assert_eq!((told[1]["ok"].as_bool(), told[3]["biometric"].as_str()), (Some(true), Some("ready")));
    assert_eq!(told[4]["operator"], "alice");
    // The control: the same finger, in another process, and nothing in between.
    assert_eq!(finger().json()["state"], "signed_in");
    let rows = [("stranger", "not_recognised"), ("cancelled", "not_recognised"), ("off", "unavailable")];
    for (told, verdict) in rows {
        assert_eq!(run(shop.nobody().args(["biometric", "sensor", told])).code, Some(0));
        assert_eq!(why(&finger()), verdict, "{told}");
    }
    run(shop.nobody().args(["biometric", "sensor", "recognises"]));
    assert_eq!(finger().code, Some(0));
    run(shop.nobody().args(["biometric", "sensor"]));
    assert_eq!(why(&finger()), "enrolment_changed");
    assert_eq!(why(&finger()), "not_enrolled");
}

#[test]
fn another_recovery_code_ends_the_one_before() {
    let mut shop = Shop::empty();
    shop.start_host();
    assert_eq!(run(&mut shop.set_up("unionpay")).code, Some(0));
    let first = shop.password_file("first", &shop.claim());
    let file = shop.password_file(ALICE.name, ALICE.password);
    let (_, told) = shop
        .shell_of_nobody(&format!("sign-in alice --password-file '{file}'\nrecovery-code --password-file '{file}'\n"));
    let second = shop.password_file("second", told[1]["recovery_code"].as_str().unwrap());
    let new = shop.password_file("new", "once bitten twice shy 2");
    let recover =
        |code: &str| run(shop.nobody().args(["recover", "alice", "--code-file", code, "--new-password-file", &new]));
    assert_eq!(recover(&first).refusal(), (Some(1), "recovery_refused".to_owned()));
    assert_eq!(recover(&second).code, Some(0));
}
