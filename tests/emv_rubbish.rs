//! Whatever a card says, a tap ends, and no parser panics.
//!
//! Random bytes seldom reach deep, so that most cases are real answers with a few bytes changed, and answers
//! put together from data objects that belong there.

#![allow(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use taptill::emv::tags::{TAG_77_RESPONSE_FORMAT_2, Tag};
use taptill::emv::terminal_data::TransactionType;
use taptill::emv::transcript::{Transcript, replay};
use taptill::emv::{CaKeys, CardEvent, Tap, TapRequest, TapStep, TerminalData, dol, hex, tlv};
use taptill::money::{Amount, Currency};

/// Candidates, records and restarts are bounded; this is more than all of them together in one response size.
const STEPS_MAX: usize = 4_000;

static CA_KEYS: LazyLock<Arc<CaKeys>> =
    LazyLock::new(|| Arc::new(CaKeys::from_json(include_str!("vectors/capks.json")).unwrap()));

fn tap_ends(responses: &[Vec<u8>]) -> usize {
    let request = TapRequest {
        amount: Amount::from_minor(9_000, Currency::CNY).unwrap(),
        transaction_type: TransactionType::Purchase,
        date_yymmdd: [0x20, 0x03, 0x16],
        time_hhmmss: [0; 3],
        unpredictable_number: [0xAB; 4],
        sequence_counter: 1,
    };
    let (mut tap, mut step) = Tap::start(Arc::new(TerminalData::sandbox()), CA_KEYS.clone(), request);
    let mut responses = responses.iter().cycle();
    for count in 0..STEPS_MAX {
        step = match step {
            TapStep::Done(_) => return count,
            TapStep::AwaitCard(_) => tap.handle(CardEvent::Found),
            TapStep::Transmit(command) => {
                assert!(command.len() <= 261, "the command is longer than a short APDU");
                tap.handle(CardEvent::Response(responses.next().map_or(&[], Vec::as_slice)))
            }
        };
    }
    panic!("the tap goes on for ever")
}

/// The answers of a real card, in the order of its transcript.
fn real_answers() -> Vec<Vec<u8>> {
    let json: serde_json::Value = serde_json::from_str(include_str!("vectors/cards/mock-visa-offline.json")).unwrap();
    let pairs = json["apdus"].as_array().unwrap();
    pairs.iter().map(|pair| hex::decode(pair[1].as_str().unwrap()).unwrap()).collect()
}

fn object() -> impl Strategy<Value = Vec<u8>> {
    let tag = prop::sample::select(vec![
        0x57, 0x5A, 0x5F24, 0x5F34, 0x82, 0x84, 0x8F, 0x90, 0x92, 0x94, 0x9F10, 0x9F26, 0x9F27, 0x9F32, 0x9F36, 0x9F46,
        0x9F47, 0x9F48, 0x9F4A, 0x9F4B, 0x9F69, 0x9F6C, 0x9F6E, 0x9F38, 0x50, 0x9F12, 0x61, 0x70,
    ]);
    (tag, prop::collection::vec(any::<u8>(), 0..20)).prop_map(|(tag, value)| {
        let mut out = Vec::new();
        tlv::write(&mut out, Tag(tag), &value);
        out
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_tlv_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut seen = 0;
        for element in tlv::walk(&bytes) {
            seen += 1;
            if let Ok((_, element)) = element {
                let end = element.value_range().end;
                prop_assert!(end <= bytes.len());
                prop_assert_eq!(&bytes[end - element.raw.len()..end], element.raw);
            }
        }
        prop_assert!(seen <= bytes.len());
        prop_assert!(tlv::read(&bytes).count() <= bytes.len());
    }

    #[test]
    fn what_is_written_is_walked(values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..8)) {
        let mut inner = Vec::new();
        values.iter().for_each(|value| tlv::write(&mut inner, Tag(0x9F10), value));
        let mut outer = Vec::new();
        tlv::write(&mut outer, TAG_77_RESPONSE_FORMAT_2, &inner);
        let walked: Result<Vec<_>, _> = tlv::walk(&outer).collect();
        let found: Vec<_> = walked.unwrap().into_iter().skip(1).map(|(depth, tlv)| (depth, tlv.value.to_vec())).collect();
        prop_assert_eq!(found, values.into_iter().map(|value| (1, value)).collect::<Vec<_>>());
    }

    #[test]
    fn any_bytes_are_a_list_or_refused(list in prop::collection::vec(any::<u8>(), 0..80), value in prop::collection::vec(any::<u8>(), 0..12)) {
        let mut out = Vec::new();
        let wanted: usize = dol::read(&list).flatten().map(|entry| entry.length).sum();
        if dol::answer(&list, |_| Some(&value), &mut out).is_ok() {
            prop_assert_eq!(out.len(), wanted);
        }
        prop_assert!(out.len() <= dol::ANSWER_BYTES_MAX);
    }

    #[test]
    fn a_tap_ends_on_rubbish(responses in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 1..8)) {
        tap_ends(&responses);
    }

    #[test]
    fn a_tap_ends_on_changed_answers(changes in prop::collection::vec((0..6usize, any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut answers = real_answers();
        for (answer, at, value) in changes {
            let answer = &mut answers[answer];
            let at = at.index(answer.len());
            answer[at] = value;
        }
        tap_ends(&answers);
    }

    #[test]
    fn a_tap_ends_on_any_objects(objects in prop::collection::vec(object(), 0..24), status in prop::sample::select(vec![0x9000u16, 0x9000, 0x6986, 0x6985])) {
        let mut answers = real_answers();
        answers.truncate(2);
        for template in [TAG_77_RESPONSE_FORMAT_2, Tag(0x70), Tag(0x70)] {
            let mut answer = Vec::new();
            tlv::write(&mut answer, template, &objects.concat());
            answer.extend(status.to_be_bytes());
            answers.push(answer);
        }
        tap_ends(&answers);
    }

    #[test]
    fn a_changed_transcript_is_judged_or_refused(at in any::<prop::sample::Index>(), character in prop::char::range('0', 'F')) {
        let mut text = include_str!("vectors/cards/mock-visa-offline.json").to_owned();
        let at = at.index(text.len());
        text.replace_range(at..=at, &character.to_string());
        if let Ok(transcript) = Transcript::from_json(&text) {
            let _ = replay(&transcript, &CaKeys::default());
        }
    }
}

#[test]
fn a_real_card_ends_in_few_steps() {
    assert_eq!(tap_ends(&real_answers()), 7);
}
