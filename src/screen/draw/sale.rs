//! The screens of a sale under way: present card, reading, see phone.
//!
//! Source: EMV Contactless Book A, 9.2 (message identifiers). Evidence: `tests/screens.rs`.

use crate::error::ErrorCode;
use crate::ports::Prompt;
use crate::screen::draw::Pen;
use crate::screen::draw::incident::frozen_since;
use crate::screen::intent::Intent;
use crate::screen::shown::{Screen, ScreenKind, Tone};
use crate::screen::state::{Cancel, Sale, Stage};
use crate::screen::table::{Look, READING, STARTING, of_prompt};

pub(super) fn draw(pen: &Pen<'_>, sale: &Sale) -> Screen {
    let mut screen = pen.blank(look(sale.stage), title(pen, sale.stage), None);
    screen.headline = Some(sale.amount.to_string());
    screen.message = message(pen, sale);
    screen.rows.extend(frozen_since(pen));
    for action in &mut screen.actions {
        action.enabled &= action.intent != Intent::Cancel || sale.cancel == Cancel::No;
    }
    if pen.state.is_reader_off && matches!(screen.kind, ScreenKind::PresentCard | ScreenKind::SeePhone) {
        screen.tone = Tone::Attention;
        screen.advice = Some(pen.say("screen.say.reader_off"));
    }
    if sale.cancel == Cancel::Refused {
        screen.message = Some(pen.texts.error_what(ErrorCode::TooLateToCancel));
        screen.advice = Some(pen.texts.error_todo(ErrorCode::TooLateToCancel));
    }
    screen
}

fn look(stage: Stage) -> Look {
    match stage {
        Stage::Starting => STARTING,
        Stage::Reading => READING,
        Stage::Prompt(prompt) => of_prompt(prompt),
    }
}

fn title(pen: &Pen<'_>, stage: Stage) -> String {
    match stage {
        Stage::Starting => pen.say("screen.title.one_moment"),
        Stage::Reading => pen.say("screen.title.reading"),
        // An outcome shows when the journal has it, not when the reader says so.
        Stage::Prompt(Prompt::Approved | Prompt::ApprovedSign | Prompt::NotAuthorised | Prompt::Clear) => {
            pen.texts.prompt(Prompt::Authorising)
        }
        Stage::Prompt(prompt) if of_prompt(prompt).lights == 0 => pen.say("screen.title.one_moment"),
        Stage::Prompt(prompt) => pen.texts.prompt(prompt),
    }
}

fn message(pen: &Pen<'_>, sale: &Sale) -> Option<String> {
    match (sale.cancel, sale.stage) {
        (Cancel::Asked, _) => Some(pen.say("screen.say.cancelling")),
        (_, Stage::Starting) if !pen.state.debts.is_empty() => Some(pen.say("screen.say.clearing")),
        (_, Stage::Reading) => Some(pen.say("screen.say.hold_still")),
        (_, Stage::Prompt(Prompt::PresentCard)) => Some(pen.say("screen.say.present_card")),
        (_, Stage::Prompt(Prompt::PresentOneCardOnly)) => Some(pen.say("screen.say.one_card")),
        (_, Stage::Prompt(Prompt::SeePhone)) => Some(pen.say("screen.say.see_phone")),
        (_, Stage::Prompt(Prompt::Authorising)) => Some(pen.say("screen.say.remove_card")),
        _ => None,
    }
}
