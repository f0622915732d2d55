//! The error that crosses the border: every code of the core in exactly one variant, with the same facts.
//!
//! What is expected comes from the core's own JSON, which shells of another make would read.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod support;

use support::code;
use taptill::clock::WallMs;
use taptill::error::{
    Blocker as CoreBlocker, Candidate as CoreCandidate, Error, ErrorCode, Money as CoreMoney, Reversal as CoreReversal,
};
use taptill::ids::{AttemptId, HostCode};
use taptill::money::{Amount as CoreAmount, Currency};
use taptill::text::Catalogue;
use taptill_ffi::{
    Amount, Blocker, Candidate, Detail, Language, TillError, core_version, describe_error, error_codes, facts_of,
};

/// The variant's name as the core's category is written. A new variant does not compile without its sentence.
fn variant(error: &TillError) -> &'static str {
    match error {
        TillError::Integration { .. } => "integration",
        TillError::Busy { .. } => "busy",
        TillError::User { .. } => "user",
        TillError::Tap { .. } => "tap",
        TillError::Device { .. } => "device",
        TillError::Integrity { .. } => "integrity",
        TillError::Auth { .. } => "auth",
        TillError::Network { .. } => "network",
        TillError::Outcome { .. } => "outcome",
        TillError::Refund { .. } => "refund",
        TillError::Lifecycle { .. } => "lifecycle",
        TillError::Storage { .. } => "storage",
    }
}

/// `NotMoved` as `not_moved`.
fn word(variant: impl std::fmt::Debug) -> String {
    let mut word = String::new();
    for letter in format!("{variant:?}").chars() {
        if letter.is_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.extend(letter.to_lowercase());
    }
    word
}

#[test]
fn every_code_crosses_in_the_variant_and_with_the_facts_that_its_json_has() {
    for code in ErrorCode::ALL {
        let core = Error::from(*code);
        let json = serde_json::to_value(&core).unwrap();
        let crossed = TillError::from(core);
        let facts = crossed.facts();
        assert_eq!(variant(&crossed), json["category"], "{}", code.code());
        let rows = [
            ("code", facts.code.clone()),
            ("money", word(facts.money)),
            ("retry", word(facts.retry)),
            ("reversal", word(facts.reversal)),
            ("actor", word(facts.actor)),
        ];
        for (name, found) in rows {
            assert_eq!(json[name], found, "{name} of {}", code.code());
        }
        assert_eq!((&facts.attempt, facts.sequence, &facts.host_code), (&None, None, &None));
        assert_eq!(facts.details, [], "{}", code.code());
        assert_eq!(facts_of(code.code()).unwrap(), *facts);
    }
}

#[test]
fn what_is_particular_to_an_error_crosses_whole() {
    let core = Error::from(ErrorCode::TooLateToCancel)
        .of_attempt(&AttemptId::new("A-1").unwrap())
        .with_standing((CoreMoney::Moved, CoreReversal::Done))
        .at_sequence(u64::MAX)
        .with_host_code(&HostCode::new("A0").unwrap())
        .number("field", 39)
        .word("damage", "seal")
        .blocked_by(vec![CoreBlocker::new("reversal_stuck", "A-2").remedied_by("decide")]);
    let crossed = TillError::from(core);
    let facts = crossed.facts();
    assert_eq!((facts.attempt.as_deref(), facts.sequence), (Some("A-1"), Some(u64::MAX)));
    assert_eq!(
        (facts.host_code.as_deref(), word(facts.money), word(facts.reversal)),
        (Some("A0"), "moved".into(), "done".into())
    );
    let detail = |name: &str, value: &str| Detail { name: name.into(), value: value.into() };
    assert_eq!(facts.details, [detail("field", "39"), detail("damage", "seal")]);
    assert_eq!(
        facts.blockers,
        [Blocker { why: "reversal_stuck".into(), name: "A-2".into(), remedy: Some("decide".into()) }]
    );
    assert_eq!(crossed.to_string(), "too_late_to_cancel field=39 damage=seal reversal_stuck=A-2");
    assert_eq!(facts.candidates, []);
}

#[test]
fn the_payments_that_may_be_meant_cross_with_what_tells_them_apart() {
    let amount = CoreAmount::from_minor(800, Currency::CNY).unwrap();
    let candidate = |attempt: &str, created_ms| CoreCandidate {
        attempt: AttemptId::new(attempt).unwrap(),
        created_ms: WallMs(created_ms),
        amount,
        card_masked: None,
    };
    let core = Error::from(ErrorCode::RefundAmbiguous).one_of(vec![candidate("A-2", 7), candidate("A-1", -5)]);
    let (json, crossed) = (serde_json::to_value(&core).unwrap(), TillError::from(core));
    let facts = crossed.facts();
    let yuan = Amount { minor: 800, currency: "CNY".into() };
    let expected = |attempt: &str, created_ms| Candidate {
        attempt: attempt.into(),
        created_ms,
        amount: yuan.clone(),
        card_masked: None,
    };
    assert_eq!(facts.candidates, [expected("A-2", 7), expected("A-1", -5)]);
    assert_eq!(json["candidates"].as_array().unwrap().len(), 2);
    assert_eq!(crossed.to_string(), "refund_ambiguous candidate=A-2 candidate=A-1");
}

#[test]
fn every_code_has_its_words_in_both_languages_and_they_are_the_catalogues() {
    let codes = error_codes().unwrap();
    assert_eq!(codes.len(), ErrorCode::ALL.len());
    for code in codes {
        let facts = facts_of(&code).unwrap();
        let english = describe_error(&facts, Language::En).unwrap();
        let chinese = describe_error(&facts, Language::ZhCn).unwrap();
        for (words, language) in [(&english, taptill::text::Language::En), (&chinese, taptill::text::Language::ZhCn)] {
            let texts = Catalogue::of(language);
            let known = ErrorCode::ALL.iter().find(|known| known.code() == code).unwrap();
            assert_eq!(words.what, texts.error_what(*known), "{code}");
            for text in [&words.what, &words.todo, &words.money] {
                assert!(!text.is_empty() && !text.contains(['[', '{']), "{code}: {text}");
            }
        }
        assert_ne!(english.what, chinese.what, "{code}");
    }
}

#[test]
fn a_code_that_this_core_does_not_have_is_refused_by_name() {
    let long = "a".repeat(1 << 20);
    for unknown in ["", " ", "amount", "Amount_zero", "amount_zero ", "amount_zero\0", "\0", "余额", &long] {
        assert_eq!(code(facts_of(unknown)), "identifier_malformed");
        let mut facts = facts_of("amount_zero").unwrap();
        unknown.clone_into(&mut facts.code);
        assert_eq!(code(describe_error(&facts, Language::En)), "identifier_malformed");
    }
}

/// The money's words are those of the error at hand, not of the code's row.
#[test]
fn the_words_for_the_money_are_those_of_this_error() {
    let attempt = AttemptId::new("A-1").unwrap();
    let crossed = TillError::from(Error::from(ErrorCode::TerminalClosed).in_place_of(&attempt));
    let words = describe_error(crossed.facts(), Language::En).unwrap();
    assert_eq!(words.money, Catalogue::of(taptill::text::Language::En).money(CoreMoney::MayHaveMoved));
}

#[test]
fn the_core_says_which_version_it_is() {
    assert_eq!(core_version().unwrap().version, env!("CARGO_PKG_VERSION"));
}
