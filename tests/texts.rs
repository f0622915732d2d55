//! Every word that an upper room can show has its text in every language. What the lower rooms show is tested
//! beside the catalogue, in `src/text.rs`.

use std::collections::BTreeSet;

use taptill::payment::Reason;
use taptill::payment::state::State;
use taptill::text::{Catalogue, Language};

#[test]
fn every_state_and_reason_has_its_words_in_every_language() {
    for language in Language::ALL {
        let texts = Catalogue::of(language);
        for state in State::ALL.iter().filter(|state| **state != State::Unknown) {
            assert_ne!(texts.say(&format!("state.{state}"), &[]), texts.say(&format!("state_meaning.{state}"), &[]));
        }
        for reason in Reason::ALL {
            assert!(!texts.say(&format!("reason.{reason}"), &[]).is_empty());
        }
    }
}

#[test]
fn no_text_is_left_over_from_a_reason_that_went_away() {
    let known: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.word()).collect();
    for key in Catalogue::of(Language::En).keys() {
        if let Some(word) = key.strip_prefix("reason.") {
            assert!(known.contains(word), "{key}");
        }
    }
}
