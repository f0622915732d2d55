//! One payment as lines for a person. The words come from the catalogue, the facts from the journal.
//! Evidence: `sandbox/tests/till_sales.rs`.

use taptill::payment::state::State;
use taptill::payment::{AttemptView, Decision, Kind};
use taptill::text::{Arg, Catalogue, Language};

use super::output::{Line, Tone, pair};

/// What became of the payment, what that means, and the numbers that it goes by.
pub(super) fn lines(view: &AttemptView) -> Vec<Line> {
    let texts = Catalogue::of(Language::En);
    let (tone, head) = headline(view.state);
    let (head, meaning) = match view.kind {
        Kind::Sale => (head.to_owned(), "state_meaning"),
        Kind::Void => (format!("void.{}", view.state), "void_meaning"),
    };
    let mut lines = vec![Line::Head(tone, texts.say(&head, &[("amount", Arg::Amount(view.amount))]))];
    lines.push(texts.say(&format!("{meaning}.{}", view.state), &[]).into());
    if let Some(reason) = view.reason {
        lines.push(texts.say(&format!("reason.{}", reason.word()), &[]).into());
    }
    if let Some(code) = view.host_code.as_ref().filter(|_| view.state == State::Declined) {
        lines.push(format!("The bank's answer: {} ({code}).", texts.host_code(code)).into());
    }
    if view.state.is_debt() {
        lines.push(texts.say("till.open_debt", &[]).into());
    }
    if let Some(decision) = view.decision {
        let said = match decision {
            Decision::Charged => "till.decided_charged",
            Decision::NotCharged => "till.decided_not_charged",
        };
        lines.push(texts.say(said, &[]).into());
    }
    if let Some(void) = view.void.as_ref().filter(|void| void.state != State::Approved) {
        let state = texts.say(&format!("state.{}", void.state), &[]);
        let args = [("attempt", Arg::Word(void.attempt.as_str())), ("state", Arg::Word(&state))];
        lines.push(texts.say("till.void_stands", &args).into());
    }
    lines.extend(numbers(view));
    lines
}

/// One line for a list.
pub(super) fn row(view: &AttemptView, date: &str, time: &str) -> Line {
    let card = view.card_masked.as_ref().map_or("", |card| card.as_str());
    let order = view.order.as_ref().map(|order| format!("  order {order}")).unwrap_or_default();
    let state = Catalogue::of(Language::En).say(&format!("state.{}", view.state.word()), &[]);
    let time = time.split(' ').next().unwrap_or_default();
    let amount = view.amount.to_string();
    let of = view.of.as_ref().map(|of| format!("  void of {of}")).unwrap_or_default();
    Line::Plain(format!("{date} {time}  {state:<26}{amount:>16}  {card:<19}  {}{order}{of}", view.attempt))
}

fn headline(state: State) -> (Tone, &'static str) {
    match state {
        State::Approved => (Tone::Good, "till.approved"),
        State::Declined => (Tone::Bad, "till.declined"),
        State::NotSent => (Tone::Bad, "till.not_sent"),
        State::Reversed => (Tone::Good, "till.reversed"),
        State::ReversalStuck => (Tone::Bad, "till.stuck"),
        State::Voided => (Tone::Good, "till.voided"),
        State::Unknown | State::Prepared => (Tone::Open, "till.prepared"),
        State::InDoubt | State::ReversalDue | State::ReversalSent => (Tone::Open, "till.not_known_yet"),
    }
}

fn numbers(view: &AttemptView) -> Vec<Line> {
    let card = view.card_masked.as_ref().map(|card| match &view.label {
        Some(label) => format!("{card}  {label}"),
        None => card.to_string(),
    });
    let rows = [
        ("Attempt", Some(view.attempt.to_string())),
        ("Void of", view.of.as_ref().map(ToString::to_string)),
        ("Order", view.order.as_ref().map(ToString::to_string)),
        ("Card", card),
        ("Auth code", view.auth_code.as_ref().map(ToString::to_string)),
        ("RRN", view.rrn.as_ref().map(ToString::to_string)),
        (
            "STAN",
            view.stan.map(|stan| format!("{stan}, batch {}", view.batch.map_or(String::new(), |b| b.to_string()))),
        ),
        (
            "Record",
            Some(format!("{}, root {}…", view.journal.sequence, view.journal.root.get(..16).unwrap_or_default())),
        ),
    ];
    rows.into_iter().filter_map(|(label, value)| Some(pair(label, &value?))).collect()
}
