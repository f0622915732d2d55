//! The screens of the network: how it is judged, what helps, and whose a message is that comes in the acquirer's name.
//!
//! They never judge: the till's word and its remedy are shown. Evidence: `tests/screens.rs`.

use crate::account::{Judgement, Verdict};
use crate::screen::draw::{About, Pen, people};
use crate::screen::shown::{Row, Screen, Tone};
use crate::screen::state::Letter;
use crate::screen::table::{Choice, MESSAGE, NETWORK};
use crate::till::{MessageView, NetworkView};

/// What whoever takes payments should know of the network; nothing where it is allowed.
pub(super) fn banner(pen: &Pen<'_>) -> Option<Row> {
    let judged = pen.state.network().filter(|judged| judged.verdict != Verdict::Allowed)?;
    Some(Row { intent: pen.way_to(Choice::ToNetwork), ..judgement(pen, judged) })
}

pub(super) fn network(pen: &Pen<'_>, view: &NetworkView) -> Screen {
    let mut screen = pen.blank(NETWORK.look(), pen.say("screen.title.network"), About::Nobody);
    let judged = view.judgement;
    screen.tone = tone(judged.verdict);
    screen.message = Some(pen.say(&format!("network.verdict.{}", judged.verdict.word())));
    screen.advice = remedy(pen, judged);
    screen.rows = vec![pen.row("network", posture(pen, judged))];
    if view.clock_is_wrong {
        screen.rows.push(Row { tone: Tone::Attention, ..pen.row("clock", pen.say("network.posture.clock_wrong")) });
    }
    screen.rows.extend(view.table.iter().map(|row| judgement(pen, *row)));
    screen.rows.push(pen.row("pin", view.pin.clone()));
    screen.rows.extend(view.pin_backup.as_ref().map(|pin| pen.row("pin_backup", pin.clone())));
    screen
}

fn judgement(pen: &Pen<'_>, judged: Judgement) -> Row {
    let value = pen.say(&format!("network.verdict.{}", judged.verdict.word()));
    Row { label: posture(pen, judged), value, tone: tone(judged.verdict), intent: None }
}

fn posture(pen: &Pen<'_>, judged: Judgement) -> String {
    pen.say(&format!("network.posture.{}", judged.posture.word()))
}

/// What helps; nothing where nothing is wrong.
pub(super) fn remedy(pen: &Pen<'_>, judged: Judgement) -> Option<String> {
    judged.remedy().map(|remedy| pen.say(&format!("network.remedy.{remedy}")))
}

fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Allowed => Tone::Good,
        Verdict::Warned => Tone::Attention,
        Verdict::RefusedForKeys | Verdict::RefusedForAll => Tone::Bad,
    }
}

/// Whose a message is: without the acquirer's signature it is a stranger's, whatever it says.
pub(super) fn message(pen: &Pen<'_>, letter: &Letter) -> Screen {
    let mut screen = people::fill(pen, MESSAGE, "message", &letter.form);
    let Some(view) = &letter.view else { return screen };
    if pen.is_at_work() || letter.form.refused.is_some() {
        return screen;
    }
    let (message, advice, tone) = whose(view);
    (screen.message, screen.advice, screen.tone) = (Some(pen.say(message)), Some(pen.say(advice)), tone);
    screen.rows.extend(view.kind.as_ref().map(|kind| pen.row("message_kind", kind.clone())));
    screen.rows.extend(view.number.map(|number| pen.row("message_number", number.to_string())));
    screen.rows.extend(view.at_ms.map(|at| pen.row("message_at", pen.when(at))));
    let facts = view.facts.iter().filter(|(_, value)| !value.is_empty());
    screen.rows.extend(facts.map(|(name, value)| Row { label: name.clone(), ..pen.row("detail", value.clone()) }));
    screen
}

fn whose(view: &MessageView) -> (&'static str, &'static str, Tone) {
    match (view.is_the_acquirers, view.is_for_this_till) {
        (false, _) => ("screen.say.a_strangers", "screen.say.a_strangers_do", Tone::Bad),
        (true, false) => ("screen.say.another_tills", "screen.say.another_tills_do", Tone::Attention),
        (true, true) => ("screen.say.the_acquirers", "screen.say.the_acquirers_do", Tone::Good),
    }
}
