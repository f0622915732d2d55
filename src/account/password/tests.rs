//! Passwords as a table, mostly refusals.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU8, Ordering};

use super::*;
use crate::ports::{Entropy, EntropyFault};
use crate::text::{Catalogue, Language};

/// Never the same twice, which is all that is asked of it here.
#[derive(Default)]
struct Counting(AtomicU8);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyFault> {
        bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
        Ok(())
    }
}

fn rules(profile: PasswordProfile) -> Rules {
    let shop = ["Corner Coffee", "1 River Street", "898110000000001", "街角咖啡"];
    Rules::new(profile, &OperatorName::new("isabella").unwrap(), shop)
}

const PLAIN: PasswordProfile = PasswordProfile::Own(Profile {
    min_length: 8,
    letters_and_digits: false,
    common_refused: false,
    history: 0,
    max_age_days: None,
});

#[test]
fn a_password_that_breaks_a_rule_is_refused_and_the_rule_is_named() {
    use BrokenRule::{Common, ControlCharacter, Empty, NeedsDigit, NeedsLetter, OwnName, ShopWord, TooLong, TooShort};
    use PasswordProfile::{Nist, Pci};
    let long = "a1".repeat(129);
    let rows: &[(PasswordProfile, &str, BrokenRule)] = &[
        (Pci, "", Empty),
        (Pci, "a", TooShort { min: 12 }),
        (Pci, "abcdefg 123", TooShort { min: 12 }),
        // Eleven characters are eleven, however many bytes they have.
        (Pci, "咖啡咖啡咖啡咖啡咖啡1", TooShort { min: 12 }),
        (Pci, &long, TooLong { max: 256 }),
        (Pci, "tall ships sail\n7", ControlCharacter),
        (Pci, "tall\tships sail 7", ControlCharacter),
        (Pci, "tall ships\u{7f} sail 7", ControlCharacter),
        (Pci, "83749 27364 82736", NeedsLetter),
        (Pci, "!!!!!!!!!!!!!!!!1", NeedsLetter),
        (Pci, "tall ships sail at seven", NeedsDigit),
        (Pci, "isabella2026", OwnName),
        (Pci, "Isabella-1978!", OwnName),
        (Pci, "1isabellaisabella", OwnName),
        (Pci, "CornerCoffee1", ShopWord),
        (Pci, "coffee street 26", ShopWord),
        (Pci, "river-898110000000001", ShopWord),
        (Pci, "街角咖啡街角咖啡街角咖啡1", ShopWord),
        (Pci, "password1234", Common),
        (Pci, "PASSWORD2026!", Common),
        (Pci, "qwerty123456", Common),
        (Pci, "ab12ab12ab12ab12", Common),
        (Nist, "tall ships sai", TooShort { min: 15 }),
        (Nist, "123456789012345", Common),
        (Nist, "aaaaaaaaaaaaaaaa", Common),
        (Nist, "dragondragondragon", Common),
        (Nist, "cornercoffee 2026", ShopWord),
        (PLAIN, "1234567", TooShort { min: 8 }),
    ];
    for (profile, password, verdict) in rows {
        assert_eq!(rules(*profile).check(password.as_bytes()), Err(*verdict), "{password} {}", profile.word());
    }
}

#[test]
fn a_password_that_keeps_the_rules_is_taken() {
    use PasswordProfile::{Nist, Pci};
    for (profile, password) in [
        (Pci, "correct horse battery 9"),
        (Pci, "tall ships sail at 7 bells"),
        (Pci, "zq7-kexulo-wimt"),
        // A word of the shop's among enough others.
        (Pci, "the coffee machine hums 4 times"),
        (Pci, "isabella walks 3 grey dogs"),
        (Pci, "七只高船在八点钟起航了呀去9"),
        (Nist, "tall ships sail at bells"),
        (Nist, "ééééà wörter über alles"),
        (PLAIN, "password"),
        (PLAIN, "12345678"),
    ] {
        assert_eq!(rules(profile).check(password.as_bytes()), Ok(()), "{password}");
    }
    // Bytes that are no text are a password like any other.
    assert_eq!(rules(PasswordProfile::Nist).check(&[0xff; 16].map(|byte: u8| byte - 1)), Err(BrokenRule::Common));
    let bytes: Vec<u8> =
        (0..20).map(|n: u8| 0xc0 ^ n.wrapping_mul(37)).filter(|byte| !byte.is_ascii_control()).collect();
    assert!(rules(PLAIN).check(&bytes).is_ok());
}

#[test]
fn one_of_the_last_four_is_refused_and_the_fifth_is_not() {
    let entropy = Counting::default();
    let passwords: Vec<String> = (0..5).map(|n| format!("tall ships sail at {n} bells")).collect();
    let mut history = History::empty(&entropy).unwrap();
    for password in &passwords {
        history.remember(password.as_bytes(), &entropy).unwrap();
    }
    let rules = rules(PasswordProfile::Pci).with_history(history);
    for password in &passwords[1..] {
        assert_eq!(rules.check(password.as_bytes()), Err(BrokenRule::UsedBefore { last: 4 }), "{password}");
    }
    assert_eq!(rules.check(passwords[0].as_bytes()), Ok(()));
    assert!(rules.into_history().is_some_and(|history| history.knows(passwords[0].as_bytes(), 5)));
}

#[test]
fn every_rule_has_its_words_in_every_language() {
    use BrokenRule::*;
    let rules = [
        Empty,
        TooShort { min: 12 },
        TooLong { max: 256 },
        ControlCharacter,
        NeedsLetter,
        NeedsDigit,
        OwnName,
        ShopWord,
        Common,
        UsedBefore { last: 4 },
        NotRepeated,
    ];
    for language in Language::ALL {
        let texts = Catalogue::of(language);
        let said: BTreeSet<String> = rules.iter().filter_map(|rule| texts.password_rule(&(*rule).into())).collect();
        assert_eq!(said.len(), rules.len());
        assert_eq!(texts.keys().filter(|key| key.starts_with("password_rule.")).count(), rules.len());
        assert!(texts.password_rule(&TooShort { min: 12 }.into()).is_some_and(|said| said.contains("12")));
        assert_eq!(texts.password_rule(&ErrorCode::TillLocked.into()), None);
    }
}

#[test]
fn an_error_names_the_rule_and_its_number_and_nothing_of_the_password() {
    let rows = [
        (BrokenRule::TooShort { min: 12 }, "password_refused rule=too_short min=12"),
        (BrokenRule::TooLong { max: 256 }, "password_refused rule=too_long max=256"),
        (BrokenRule::UsedBefore { last: 4 }, "password_refused rule=used_before last=4"),
        (BrokenRule::Common, "password_refused rule=common"),
        (BrokenRule::NotRepeated, "password_refused rule=not_repeated"),
    ];
    for (rule, said) in rows {
        assert_eq!(Error::from(rule).to_string(), said);
    }
}

#[test]
fn profiles_are_data_with_a_form_that_stays() {
    use serde_json::json;
    assert_eq!(serde_json::to_value(PasswordProfile::Pci).unwrap(), json!("pci"));
    assert_eq!(serde_json::to_value(PasswordProfile::Nist).unwrap(), json!("nist"));
    let own = json!({"own": {"min_length": 8, "letters_and_digits": false, "common_refused": false, "history": 0,
        "max_age_days": null}});
    assert_eq!(serde_json::to_value(PLAIN).unwrap(), own);
    assert_eq!(serde_json::from_value::<PasswordProfile>(own).unwrap(), PLAIN);
    for bad in [
        json!("PCI"),
        json!(""),
        json!({"own": {}}),
        json!({"own": {"min_length": 8, "letters_and_digits": false,
        "common_refused": false, "history": 0, "max_age_days": null, "more": 1}}),
    ] {
        assert!(serde_json::from_value::<PasswordProfile>(bad.clone()).is_err(), "{bad}");
    }
}

#[test]
fn a_profile_out_of_range_is_refused_with_its_part() {
    let good = PasswordProfile::Pci.profile();
    let rows = [
        (Profile { min_length: 7, ..good }, "password.min_length"),
        (Profile { min_length: 65, ..good }, "password.min_length"),
        (Profile { history: 25, ..good }, "password.history"),
        (Profile { max_age_days: Some(0), ..good }, "password.max_age_days"),
        (Profile { max_age_days: Some(3_651), ..good }, "password.max_age_days"),
    ];
    for (profile, part) in rows {
        assert_eq!(profile.check().unwrap_err().0, part);
    }
    assert!(PasswordProfile::Pci.profile().check().is_ok() && PasswordProfile::Nist.profile().check().is_ok());
}
