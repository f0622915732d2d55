//! `docs/screens.md` is printed from the table of screens, and every screen keeps the rules that a shell relies on.
//! `TAPTILL_WRITE=1 cargo test --test screens` writes the page anew.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use taptill::error::{ErrorCode, Money};
use taptill::incident::freeze::FrozenFrom;
use taptill::incident::loss::STEPS;
use taptill::payment::Reason;
use taptill::payment::state::State;
use taptill::ports::Prompt;
use taptill::screen::table::{Choice, DOORS, Look, READING, STARTING, again, of_error, of_outcome, of_prompt};
use taptill::screen::{FieldName, Intent, Role, Screen, ScreenKind, gallery};
use taptill::text::{Catalogue, Language, prompt_word};
use taptill::vault::BiometricRefusal;

const PROMPTS: [Prompt; 15] = [
    Prompt::PresentCard,
    Prompt::PresentOneCardOnly,
    Prompt::PresentCardAgain,
    Prompt::SeePhone,
    Prompt::Processing,
    Prompt::CardReadOk,
    Prompt::Authorising,
    Prompt::InsertOrSwipe,
    Prompt::InsertSwipeOrTryAnotherCard,
    Prompt::TryAnotherCard,
    Prompt::EnterPin,
    Prompt::Approved,
    Prompt::ApprovedSign,
    Prompt::NotAuthorised,
    Prompt::Clear,
];

#[test]
fn the_page_is_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/screens.md");
    let printed = print();
    if std::env::var_os("TAPTILL_WRITE").is_some() {
        std::fs::write(&path, &printed).unwrap();
    }
    let page = std::fs::read_to_string(&path).unwrap();
    assert!(page == printed, "docs/screens.md is out of date: TAPTILL_WRITE=1 cargo test --test screens");
}

fn print() -> String {
    let mut text = String::from(HEAD);
    text.push_str("\n## While a sale is under way\n\n| the reader says | screen | tone | lights | offers |\n|---|---|---|---|---|\n");
    row(&mut text, "(the till finishes earlier payments first)", STARTING, true);
    row(&mut text, "(a card is in the field)", READING, true);
    for prompt in PROMPTS {
        row(&mut text, &format!("`{}`", prompt_word(prompt)), of_prompt(prompt), true);
    }
    text.push_str("\n## How a payment stands\n\n| state, reason | screen | tone | offers |\n|---|---|---|---|\n");
    for state in State::ALL.into_iter().filter(|state| !matches!(state, State::Unknown | State::NotSent)) {
        row(&mut text, &format!("`{}`", state.table_word()), of_outcome(state, None), false);
    }
    for reason in Reason::ALL.iter().filter(|reason| ends_unsent(**reason)) {
        row(&mut text, &format!("`not_sent`, `{reason}`"), of_outcome(State::NotSent, Some(*reason)), false);
    }
    text.push_str("\n## People\n\n| when | screen | is typed | offers |\n|---|---|---|---|\n");
    for door in DOORS {
        let fields = door.fields.iter().map(|field| format!("`{}`", field.word())).collect::<Vec<_>>().join(" ");
        writeln!(text, "| {} | `{}` | {fields} | {} |", door.when, door.kind.word(), offers(door.look())).unwrap();
    }
    text.push_str("\n## Errors\n\n| code | money | once more means | tone | offers |\n|---|---|---|---|---|\n");
    for code in ErrorCode::ALL {
        let money = code.row().money;
        let (look, again) = (of_error(*code, money), again(*code, money).word());
        let (tone, offers) = (look.tone.word(), offers(look));
        writeln!(text, "| `{}` | {} | {again} | {tone} | {offers} |", code.code(), money.word()).unwrap();
    }
    text
}

/// Reasons for which nothing was sent; the others belong to what was.
fn ends_unsent(reason: Reason) -> bool {
    reason.error_code().is_some()
        || of_outcome(State::NotSent, Some(reason)).kind != ScreenKind::Trouble
        || matches!(reason, Reason::Interrupted)
}

fn row(text: &mut String, what: &str, look: Look, has_lights: bool) {
    let lights = if has_lights { format!(" {} |", look.lights) } else { String::new() };
    writeln!(text, "| {what} | `{}` | {} |{lights} {} |", look.kind.word(), look.tone.word(), offers(look)).unwrap();
}

fn offers(look: Look) -> String {
    look.choices.iter().map(|(choice, _)| format!("`{}`", choice.word())).collect::<Vec<_>>().join(" ")
}

const HEAD: &str = "# Which screen follows from what

This file is printed from the table in `src/screen/table.rs` by `tests/screens.rs`; a difference between the
two fails the build. The shells draw these screens and decide none of it. What a screen offers is all that can be
wanted on it; the first thing offered stands out. `to_freeze` is a button to hold: held for half a second it freezes the
till at once; touched, as those do who cannot hold, it leads to the screen `freeze`.

Where the reader's word is about the end of a payment (`approved`, `not_authorised`, `insert_or_swipe`), the screen waits:
an outcome shows when the journal has it.
";

/// Every screen, once in each language.
fn all_screens() -> Vec<(String, Screen)> {
    let in_language = |language: Language| {
        gallery(language).into_iter().map(move |(name, screen)| (format!("{name} in {}", language.tag()), screen))
    };
    Language::ALL.into_iter().flat_map(in_language).collect()
}

#[test]
fn there_is_a_picture_of_every_kind_of_screen() {
    let kinds: BTreeSet<ScreenKind> = all_screens().into_iter().map(|(_, screen)| screen.kind).collect();
    assert_eq!(kinds, ScreenKind::ALL.iter().copied().collect());
}

#[test]
fn every_screen_keeps_the_rules_that_a_shell_relies_on() {
    for (name, screen) in all_screens() {
        assert!(!screen.title.is_empty(), "{name}");
        assert!(screen.lights <= 4, "{name}");
        let goes_on_by_itself = screen.kind == ScreenKind::Erasing;
        assert_eq!(screen.actions.is_empty(), goes_on_by_itself, "{name}: who leaves it, and how");
        let primary = screen.actions.iter().filter(|action| action.role == Role::Primary).count();
        assert!(primary <= 1, "{name}: {primary} buttons stand out");
        assert!(screen.actions.iter().all(|action| !action.label.is_empty()), "{name}");
        assert!(screen.rows.iter().all(|row| !row.label.is_empty() && !row.value.is_empty()), "{name}");
        assert_eq!(screen.keypad, screen.kind == ScreenKind::AmountPad, "{name}");
        assert_eq!(screen.slip.is_some(), matches!(screen.kind, ScreenKind::Receipt | ScreenKind::Erased), "{name}");
        let of_payments = matches!(
            screen.kind,
            ScreenKind::History | ScreenKind::Transaction | ScreenKind::Receipt | ScreenKind::Loss
        );
        let is_private = of_payments || !screen.fields.is_empty() || screen.kind == ScreenKind::RecoveryCode;
        assert_eq!(screen.private, is_private, "{name}");
        assert!(screen.fields.iter().all(|field| !field.label.is_empty()), "{name}");
        let shown = screen.fields.iter().filter(|field| !field.is_secret).map(|field| field.name);
        let open = [FieldName::Operator, FieldName::Reason, FieldName::Recipient, FieldName::Message];
        assert!(shown.into_iter().all(|field| open.contains(&field)), "{name}: a secret may be seen");
        for text in [&screen.message, &screen.advice, &screen.headline].into_iter().flatten() {
            assert!(!text.is_empty() && !text.contains('['), "{name}: {text}");
        }
    }
}

#[test]
fn a_screen_asks_for_what_its_door_says_and_a_lock_screen_shows_nothing_of_the_journal() {
    let mut seen = BTreeSet::new();
    for (name, screen) in gallery(Language::En) {
        let asked: Vec<FieldName> = screen.fields.iter().map(|field| field.name).collect();
        let doors: Vec<_> = DOORS.iter().filter(|door| door.kind == screen.kind).collect();
        assert!(asked.is_empty() || doors.iter().any(|door| door.fields == asked), "{name}");
        seen.extend(doors.iter().map(|door| door.kind));
        if matches!(screen.kind, ScreenKind::SignIn | ScreenKind::Locked | ScreenKind::Claim) {
            let labels: Vec<&str> = screen.rows.iter().map(|row| row.label.as_str()).collect();
            assert!(
                labels.iter().all(|label| ["Payments that wait", "Tries left", "Frozen"].contains(label)),
                "{name}: {labels:?}"
            );
        }
    }
    assert_eq!(seen, DOORS.iter().map(|door| door.kind).collect());
}

#[test]
fn what_somebody_may_not_do_is_not_offered() {
    let offers = |name: &str| {
        let pictures = gallery(Language::En);
        let (_, screen) = pictures.into_iter().find(|(of, _)| *of == name).unwrap();
        screen.actions.into_iter().map(|action| action.intent).collect::<Vec<_>>()
    };
    assert!(offers("settings").contains(&Intent::Operators));
    assert!(!offers("settings-cashier").contains(&Intent::Operators));
    let service = offers("settings-service");
    for intent in [Intent::Back, Intent::Resolve, Intent::History, Intent::Charge] {
        assert!(!service.contains(&intent), "{intent:?}");
    }
    assert!(service.contains(&Intent::Verify) && service.contains(&Intent::Lock));
}

#[test]
fn a_screen_of_a_payment_that_did_not_go_through_says_plainly_that_nothing_was_charged() {
    let mut seen = 0;
    for (name, screen) in gallery(Language::En) {
        let over = matches!(screen.kind, ScreenKind::Declined | ScreenKind::TryAnotherWay);
        if over {
            seen += 1;
            assert!(screen.message.unwrap().contains("Nothing was charged"), "{name}");
        }
    }
    assert!(seen >= 6, "{seen}");
}

#[test]
fn what_is_not_known_says_that_nobody_pays_again_and_whose_turn_it_is() {
    let mut seen = 0;
    for (name, screen) in gallery(Language::En).into_iter().filter(|(_, s)| s.kind == ScreenKind::NotKnownYet) {
        seen += 1;
        assert!(screen.message.unwrap().contains("Nobody should pay again yet"), "{name}");
        let advice = screen.advice.unwrap();
        assert!(advice.contains("by itself") || advice.contains("Call the acquirer"), "{name}: {advice}");
        assert!(screen.actions.iter().all(|action| action.intent != Intent::TryAgain), "{name} charges again");
    }
    assert_eq!(seen, 2);
}

#[test]
fn nothing_that_may_have_moved_money_is_charged_under_another_name() {
    for code in ErrorCode::ALL {
        for money in [Money::MayHaveMoved, Money::Moved, Money::Reversed] {
            assert_ne!(again(*code, money).word(), "new_attempt", "{}", code.code());
        }
    }
    for state in State::ALL.into_iter().filter(|state| state.standing().0 == Money::MayHaveMoved) {
        let look = of_outcome(state, None);
        let again = [Choice::TryAgain, Choice::TryAnotherCard];
        assert!(look.choices.iter().all(|(choice, _)| !again.contains(choice)), "{state}");
    }
}

#[test]
fn every_reason_why_no_finger_counts_has_words_in_every_language() {
    for language in Language::ALL {
        let texts = Catalogue::of(language);
        for why in BiometricRefusal::ALL {
            assert!(!texts.say(&format!("screen.biometric.{}", why.word()), &[]).is_empty());
        }
        let known = texts.keys().filter(|key| key.starts_with("screen.biometric.")).count();
        assert_eq!(known, BiometricRefusal::ALL.len());
    }
}

#[test]
fn every_source_of_a_freeze_and_every_step_after_it_has_words_in_every_language() {
    for language in Language::ALL {
        let texts = Catalogue::of(language);
        for from in FrozenFrom::ALL {
            assert!(!texts.say(&format!("screen.frozen.{}", from.word()), &[]).is_empty());
        }
        for step in STEPS {
            assert!(!texts.say(&format!("loss.step.{step}"), &[]).is_empty());
        }
        assert_eq!(texts.keys().filter(|key| key.starts_with("screen.frozen.")).count(), FrozenFrom::ALL.len());
    }
}

#[test]
fn the_pages_for_merchants_use_the_words_of_the_buttons() {
    use Choice as C;
    let leaving =
        [C::ToLeave, C::Leave, C::ToForceLeave, C::ToDeregister, C::ChoosePlace, C::Deregister, C::SetUpAsNew];
    let wrong = [
        [C::ToFreeze, C::Freeze, C::ToLoss, C::SendLoss, C::ToEvidence],
        [C::Disclose, C::ToRenewPasswords, C::ToRelease, C::ToNetwork, C::ToMessage],
    ];
    for (page, choices) in [("leaving.md", &leaving[..]), ("when-something-is-wrong.md", wrong.as_flattened())] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(page);
        let text = std::fs::read_to_string(path).unwrap();
        for language in Language::ALL {
            for choice in choices {
                let label = Catalogue::of(language).say(&format!("screen.action.{}", choice.word()), &[]);
                assert!(text.contains(&format!("**{label}**")), "{page} does not name {label:?}");
            }
        }
    }
}

#[test]
fn every_choice_and_every_screen_text_is_used_and_has_words_in_every_language() {
    let source = source();
    for language in Language::ALL {
        let texts = Catalogue::of(language);
        for choice in Choice::ALL {
            assert!(!texts.say(&format!("screen.action.{}", choice.word()), &[]).is_empty());
        }
        for key in texts.keys().filter(|key| key.starts_with("screen.")) {
            let last = key.rsplit('.').next().unwrap();
            let is_named = source.contains(&format!("\"{key}\"")) || source.contains(&format!("\"{last}\""));
            let of_words = [
                "screen.turn.",
                "screen.trouble.",
                "screen.role.",
                "screen.biometric.",
                "screen.frozen.",
                "screen.erasing.",
            ];
            assert!(is_named || of_words.iter().any(|of| key.starts_with(of)), "{key} is shown nowhere");
        }
    }
}

/// The text of the room's sources.
fn source() -> String {
    fn read(folder: &Path, text: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => read(&path, text),
                false => text.push_str(&std::fs::read_to_string(path).unwrap()),
            }
        }
    }
    let mut text = String::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/screen"), &mut text);
    text
}
