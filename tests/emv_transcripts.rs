//! Cards that were not made by this project: replayed, they reach what their recorders saw.
//!
//! The vectors keep their source and licence lines. `TAPTILL_TRANSCRIPTS=DIR` replays a folder more.

#![allow(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

use std::path::Path;

use taptill::emv::CaKeys;
use taptill::emv::transcript::{ReplayVerdict, Transcript, replay};

fn ca_keys() -> CaKeys {
    CaKeys::from_json(include_str!("vectors/capks.json")).unwrap()
}

fn replay_text(text: &str) -> ReplayVerdict {
    let transcript = Transcript::from_json(text).unwrap();
    replay(&transcript.dated_else([0x26, 0x11, 0x22]), &ca_keys())
}

const VISA_OFFLINE: &str = include_str!("vectors/cards/mock-visa-offline.json");
const VISA_ONLINE: &str = include_str!("vectors/cards/mock-visa-online.json");

#[test]
fn a_card_that_approves_offline_is_authenticated_and_approved() {
    let verdict = replay_text(VISA_OFFLINE);
    assert_eq!(verdict.ok, Some(true), "{verdict:?}");
    assert_eq!(verdict.oda, Some("ok"));
    assert_eq!(verdict.cryptogram, Some("TC"));
    assert_eq!(verdict.outcome, Some("approved"));
}

#[test]
fn a_card_that_asks_its_issuer_is_sent_online() {
    let verdict = replay_text(VISA_ONLINE);
    assert_eq!(verdict.ok, Some(true), "{verdict:?}");
    assert_eq!(verdict.outcome_reason, Some("card_asks_issuer"));
}

#[test]
fn without_its_ca_key_the_card_is_declined() {
    let transcript = Transcript::from_json(VISA_OFFLINE).unwrap();
    let verdict = replay(&transcript, &CaKeys::default());
    assert_eq!((verdict.ok, verdict.missed), (Some(false), vec!["oda", "outcome"]));
    assert_eq!((verdict.outcome, verdict.detail.as_deref()), (Some("declined"), Some("CaKeyUnknown")));
}

#[test]
fn a_transcript_may_bring_its_own_ca_keys() {
    let mut json: serde_json::Value = serde_json::from_str(VISA_OFFLINE).unwrap();
    json["capks"] = serde_json::from_str(include_str!("vectors/capks.json")).unwrap();
    let transcript = Transcript::from_json(&json.to_string()).unwrap();
    assert_eq!(replay(&transcript, &CaKeys::default()).ok, Some(true));
    json["capks"] = serde_json::json!({});
    let transcript = Transcript::from_json(&json.to_string()).unwrap();
    assert_eq!(replay(&transcript, &CaKeys::default()).reason, Some("ca_keys_invalid"));
}

fn with_key_twice(json: &serde_json::Value) -> Transcript {
    let mut json = json.clone();
    let first = json["capks"][0].clone();
    json["capks"].as_array_mut().unwrap().push(first);
    Transcript::from_json(&json.to_string()).unwrap()
}

/// A key with a wrong check sum is as good as none, and hides one of its name that was given beside.
#[test]
fn a_transcripts_bad_key_is_not_used() {
    let mut json: serde_json::Value = serde_json::from_str(VISA_OFFLINE).unwrap();
    json["capks"] = serde_json::from_str(include_str!("vectors/capks.json")).unwrap();
    let twice = replay(&with_key_twice(&json), &ca_keys());
    assert_eq!((twice.ok, twice.refused_ca_keys.len()), (Some(true), 1));
    for (index, shown) in [(0, "Some(false) Some(\"CaKeyUnknown\")"), (1, "Some(true) None")] {
        let mut json = json.clone();
        json["capks"][index]["sha1"] = "00".repeat(20).into();
        let transcript = Transcript::from_json(&json.to_string()).unwrap();
        let verdict = replay(&transcript, &ca_keys());
        assert_eq!(format!("{:?} {:?}", verdict.ok, verdict.detail), shown);
        assert_eq!(verdict.refused_ca_keys.len(), 1);
    }
}

#[test]
fn a_kernel_that_is_not_built_is_not_pretended() {
    for text in
        [include_str!("vectors/cards/mock-msc-offline.json"), include_str!("vectors/cards/mock-msc-ms-mode.json")]
    {
        let verdict = replay_text(text);
        assert_eq!((verdict.ok, verdict.reason), (Some(false), Some("kernel_not_available")));
        assert_eq!((verdict.kernel, verdict.outcome), (2, None));
    }
}

#[test]
fn a_transcript_without_expectation_is_unjudged() {
    let contact = replay_text(include_str!("vectors/cards/contact-upi.json"));
    assert_eq!((contact.ok, contact.difference.map(|it| it.index)), (None, Some(0)));
    let mut json: serde_json::Value = serde_json::from_str(VISA_OFFLINE).unwrap();
    json.as_object_mut().unwrap().remove("expect");
    let verdict = replay_text(&json.to_string());
    assert_eq!((verdict.ok, verdict.reason, verdict.outcome), (None, Some("unjudged"), Some("approved")));
    assert!(serde_json::to_string(&verdict).unwrap().contains(r#""ok":null"#));
}

/// One change to a transcript, and what must come of it: `ok`, the members missed, the command that differs.
#[test]
fn what_differs_is_found() {
    type Change = fn(&mut serde_json::Value);
    let rows: [(&str, Change, &str); 14] = [
        ("nothing", |_| {}, "Some(true) [] None"),
        ("Le left out", |it| it["apdus"][3][0] = "00B2011C".into(), "Some(true) [] None"),
        ("another record", |it| it["apdus"][3][0] = "00B2021C00".into(), "Some(false) [] Some(3)"),
        ("another application", |it| it["apdus"][1][0] = "00A4040007A000000003101100".into(), "Some(false) [] Some(1)"),
        ("a record less", |it| drop(it["apdus"].as_array_mut().unwrap().pop()), "Some(false) [] Some(5)"),
        ("a record more", |it| repeat_last(it), "Some(false) [] Some(6)"),
        (
            "other amount",
            |it| change(it, 2, 0, "0000000002000840", "0000000002010840"),
            "Some(false) [\"oda\", \"outcome\"] None",
        ),
        ("other number", |it| change(it, 2, 0, "ABABABAB", "ABABABAC"), "Some(false) [\"oda\", \"outcome\"] None"),
        ("later date", |it| it["date"] = "200101".into(), "Some(false) [\"oda\", \"outcome\"] None"),
        ("tag as read", |it| it["expect"]["tags"]["9F26"] = "20261203C3227D26".into(), "Some(true) [] None"),
        ("tag as sent", |it| it["expect"]["tags"]["9F37"] = "ABABABAB".into(), "Some(true) [] None"),
        ("tags by name", |it| it["expect"]["tags"] = serde_json::json!(["9F26", "84"]), "Some(true) [] None"),
        (
            "a tag that is not there",
            |it| it["expect"]["tags"] = serde_json::json!(["9F6E"]),
            "Some(false) [\"tags\"] None",
        ),
        ("another tag", |it| it["expect"]["tags"]["9F36"] = "0016".into(), "Some(false) [\"tags\"] None"),
    ];
    for (name, change, expected) in rows {
        let mut json: serde_json::Value = serde_json::from_str(VISA_OFFLINE).unwrap();
        change(&mut json);
        let verdict = replay_text(&json.to_string());
        let shown = format!("{:?} {:?} {:?}", verdict.ok, verdict.missed, verdict.difference.map(|it| it.index));
        assert_eq!(shown, expected, "{name}");
    }
}

/// The same exchange written otherwise, or led by another terminal: what must come of it.
#[test]
fn a_transcript_may_be_written_in_several_ways() {
    type Change = fn(&mut serde_json::Value);
    let rows: [(&str, &str, Change, Option<bool>); 20] = [
        ("small letters", VISA_OFFLINE, |it| lower(it, ""), Some(true)),
        ("spaces", VISA_OFFLINE, |it| lower(it, " "), Some(true)),
        ("null where nothing is", VISA_OFFLINE, |it| (it["terminal"], it["capks"]) = <_>::default(), Some(true)),
        ("null for an expectation", VISA_OFFLINE, |it| it["expect"] = serde_json::Value::Null, None),
        ("no tags expected", VISA_OFFLINE, |it| it["expect"] = serde_json::json!({"tags": {}}), None),
        ("kernel in words", VISA_OFFLINE, |it| it["kernel"] = "3".into(), Some(true)),
        ("a contact card", VISA_OFFLINE, |it| it["kernel"] = "contact".into(), Some(false)),
        ("no kernel", VISA_OFFLINE, |it| it["kernel"] = serde_json::Value::Null, Some(true)),
        ("no kernel that is built", VISA_OFFLINE, other_brand, Some(false)),
        ("amount in eight bytes", VISA_OFFLINE, |it| relist(it, "9F0208", "0000000000000200", "14"), Some(true)),
        ("amount in three bytes", VISA_OFFLINE, |it| relist(it, "9F0203", "000200", "0F"), Some(true)),
        ("amount twice", VISA_OFFLINE, |it| relist(it, "9F02069F0201", "00000000020000", "13"), Some(true)),
        ("a number cut by its list", VISA_OFFLINE, cut_number, Some(true)),
        (
            "such a number unknown",
            VISA_OFFLINE,
            |it| {
                cut_number(it);
                it["terminal"] = serde_json::json!({})
            },
            Some(false),
        ),
        ("extended selection", VISA_ONLINE, |it| extend(it, "A0000000031010AABB"), Some(true)),
        ("extension left out", VISA_ONLINE, |it| extend(it, "A0000000031010"), Some(true)),
        ("another extension", VISA_ONLINE, |it| extend(it, "A0000000031010AABC"), Some(false)),
        ("the second application first", VISA_ONLINE, |it| two_applications(it, "02", "01"), Some(false)),
        ("the first application first", VISA_ONLINE, |it| two_applications(it, "01", "02"), Some(true)),
        ("tags of all sources", VISA_OFFLINE, tags_of_all_sources, Some(true)),
    ];
    for (name, text, change, ok) in rows {
        let mut json: serde_json::Value = serde_json::from_str(text).unwrap();
        change(&mut json);
        let verdict = replay_text(&json.to_string());
        assert_eq!(verdict.ok, ok, "{name}: {verdict:?}");
    }
}

fn lower(json: &mut serde_json::Value, between: &str) {
    for text in json["apdus"].as_array_mut().unwrap().iter_mut().flat_map(|pair| pair.as_array_mut().unwrap()) {
        let digits = text.as_str().unwrap().to_lowercase();
        let pairs: Vec<&str> = (0..digits.len() / 2).map(|at| &digits[2 * at..2 * at + 2]).collect();
        *text = pairs.join(between).into();
    }
}

/// A card of another brand alone, expected to be left.
fn other_brand(json: &mut serde_json::Value) {
    change(json, 0, 1, "A0000000031010", "A0000000041010");
    json["apdus"].as_array_mut().unwrap().truncate(1);
    json["kernel"] = serde_json::Value::Null;
    json["expect"] = serde_json::json!({"outcome": "end_application"});
}

/// Another entry for the amount in the PDOL, answered so, in a command of that length.
fn relist(json: &mut serde_json::Value, entry: &str, value: &str, length: &str) {
    let more = u8::try_from(entry.len() / 2 - 3).unwrap();
    let list = format!("A5{:02X}500B56495341204352454449549F38{:02X}9F6604{entry}", 0x1C + more, 0x0C + more);
    change(json, 1, 1, "A51C500B56495341204352454449549F380C9F66049F0206", &list);
    change(json, 1, 1, "6F27", &format!("6F{:02X}", 0x27 + more));
    let bytes = u8::from_str_radix(length, 16).unwrap() - 2;
    let command = format!("80A80000{length}83{bytes:02X}24004000{value}0840ABABABAB00");
    json["apdus"][2][0] = command.into();
}

/// The PDOL asks for half of the unpredictable number; the terminal says what the whole one was.
fn cut_number(json: &mut serde_json::Value) {
    change(json, 1, 1, "9F3704", "9F3702");
    json["apdus"][2][0] = "80A8000010830E240040000000000002000840ABAB00".into();
    json["terminal"] = serde_json::json!({"9F37": "ABABABAB"});
}

/// The directory gives an extension, and this is selected.
fn extend(json: &mut serde_json::Value, selected: &str) {
    let directory =
        "6F32840E325041592E5359532E4444463031A520BF0C1D611B4F07A00000000310109F2902AABB500B56495341204352454449549000";
    json["apdus"][0][1] = directory.into();
    json["apdus"][1][0] = format!("00A40400{:02X}{selected}00", selected.len() / 2).into();
}

/// Two applications of one brand with these priorities; the first is selected.
fn two_applications(json: &mut serde_json::Value, first: &str, second: &str) {
    let entries = format!("610C4F07A00000000310108701{first}610C4F07A00000000320108701{second}");
    json["apdus"][0][1] = format!("6F31840E325041592E5359532E4444463031A51FBF0C1C{entries}9000").into();
}

fn tags_of_all_sources(json: &mut serde_json::Value) {
    json["expect"]["tags"] = serde_json::json!({
        "9f26": "20 26 12 03 C3 22 7D 26", "9F27": "40", "9F34": "1F0002", "84": "A0000000031010",
        "50": "56495341204352454449 54", "9F02": "000000000200", "9F66": "24004000", "5F34": "01"
    });
}

fn repeat_last(json: &mut serde_json::Value) {
    let list = json["apdus"].as_array_mut().unwrap();
    list.push(list.last().unwrap().clone());
}

fn change(json: &mut serde_json::Value, index: usize, side: usize, from: &str, to: &str) {
    let text = json["apdus"][index][side].as_str().unwrap();
    assert!(text.contains(from));
    json["apdus"][index][side] = text.replace(from, to).into();
}

/// Real exchanges with one answer changed: what the kernel makes of them.
#[test]
fn each_answer_leads_to_its_outcome() {
    type Change = fn(&mut serde_json::Value);
    fn options(json: &mut serde_json::Value, response: &str) {
        json["apdus"].as_array_mut().unwrap().truncate(3);
        json["apdus"][2][1] = response.into();
    }
    let rows: [(&str, Change, &str); 16] = [
        (VISA_ONLINE, |it| options(it, "6984"), "try_another_interface card_wants_other_interface not_done -"),
        (VISA_ONLINE, |it| options(it, "6985"), "end_application conditions_not_satisfied not_done -"),
        (VISA_ONLINE, |it| options(it, "6986"), "end_application no_card_presented not_done -"),
        (VISA_ONLINE, |it| options(it, "6A81"), "end_application card_error not_done -"),
        (VISA_ONLINE, see_phone_then_again, "online_request card_asks_issuer not_done ARQC"),
        (VISA_ONLINE, |it| change(it, 2, 1, "9F270180", "9F270100"), "declined card_declined not_done AAC"),
        (VISA_ONLINE, |it| change(it, 2, 1, "9F270180", "9F270140"), "declined application_expired not_done TC"),
        (VISA_ONLINE, |it| change(it, 2, 0, "832124C0", "83212480"), "online_request card_asks_issuer not_done ARQC"),
        (
            VISA_ONLINE,
            |it| change(it, 2, 0, "832124C0", "832120C0"),
            "declined verification_not_possible not_done ARQC",
        ),
        (VISA_OFFLINE, |it| change(it, 2, 0, "24004000", "24804000"), "online_request reader_asks_issuer not_done TC"),
        (
            VISA_OFFLINE,
            |it| change(it, 2, 1, "06011103900000", "06011103A00000"),
            "online_request card_asks_issuer not_done ARQC",
        ),
        (VISA_OFFLINE, |it| change(it, 2, 1, "9F4B7007", "9F4B7008"), "declined authentication_failed failed TC"),
        (VISA_OFFLINE, ctq_and_bad_signature_20, "online_request reader_asks_issuer failed TC"),
        (VISA_OFFLINE, ctq_and_bad_signature_10, "try_another_interface card_wants_other_interface failed TC"),
        (
            VISA_OFFLINE,
            |it| change(it, 2, 1, "9F6C020000", "9F6C020080"),
            "declined device_verification_not_authentic ok TC",
        ),
        (VISA_OFFLINE, |it| it["date"] = "200101".into(), "declined application_expired not_done TC"),
    ];
    for (index, (text, change, expected)) in rows.into_iter().enumerate() {
        let mut json: serde_json::Value = serde_json::from_str(text).unwrap();
        change(&mut json);
        let verdict = replay_text(&json.to_string());
        let part = |text: Option<&'static str>| text.unwrap_or("-");
        let (outcome, reason) = (part(verdict.outcome), part(verdict.outcome_reason));
        let shown = format!("{outcome} {reason} {} {}", part(verdict.oda), part(verdict.cryptogram));
        assert_eq!(shown, expected, "row {index}: {verdict:?}");
    }
}

fn see_phone_then_again(json: &mut serde_json::Value) {
    let first = json["apdus"].as_array().unwrap().clone();
    json["apdus"][2][1] = "6986".into();
    json["apdus"].as_array_mut().unwrap().extend(first);
}

fn ctq_and_bad_signature_20(json: &mut serde_json::Value) {
    change(json, 2, 1, "9F4B7007", "9F4B7008");
    change(json, 2, 1, "9F6C020000", "9F6C022000");
}

fn ctq_and_bad_signature_10(json: &mut serde_json::Value) {
    change(json, 2, 1, "9F4B7007", "9F4B7008");
    change(json, 2, 1, "9F6C020000", "9F6C021000");
}

#[test]
fn a_folder_of_transcripts_replays() {
    let Some(folder) = std::env::var_os("TAPTILL_TRANSCRIPTS") else { return };
    for entry in std::fs::read_dir(Path::new(&folder)).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let verdict = replay_text(&std::fs::read_to_string(&path).unwrap());
            println!("{}", serde_json::to_string(&verdict).unwrap());
            let is_refused = verdict.reason == Some("kernel_not_available");
            assert!(verdict.ok != Some(false) || is_refused, "{}", path.display());
        }
    }
}
