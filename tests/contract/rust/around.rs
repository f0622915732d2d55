//! What a step does around the face: cards, notices, hosts, faults.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use taptill_ffi::{FieldName, Intent, Posture, TillError};

use crate::args::{Args, Failure};
use crate::bench::Bench;
use crate::compare::compare;
use crate::face::{desk, one_of, payments, query, terminal};
use crate::goodbye;
use crate::people::ALICE;
use crate::ports::{Shifts, Tap, check_fault};
use crate::reader::{NextRead, reader_fault};
use crate::values;

const POSTURES: [Posture; 9] = [
    Posture::Trusted,
    Posture::OpenWifi,
    Posture::CaptivePortal,
    Posture::Proxied,
    Posture::UserAuthority,
    Posture::Vpn,
    Posture::ClockWrong,
    Posture::Unknown,
    Posture::Absent,
];

const ASK_AGAIN: Duration = Duration::from_millis(5);

pub fn act(bench: &mut Bench<'_>, name: &str, mut with: Args) -> Result<Value, Failure> {
    match name {
        "tap" => return tap(bench, with),
        "collide" => {
            with.finish()?;
            wait_for_field(bench)?;
            expect(terminal(bench)?.collision())?;
        }
        "paused" => {
            with.finish()?;
            let paused = bench.device.wait(bench.patience, |state| state.paused.then_some(()));
            paused.ok_or_else(|| Failure::timeout("the card was never asked so far"))?;
        }
        "release" => {
            with.finish()?;
            bench.device.tell(|state| state.released = true);
        }
        "heard" => {
            let notices = with.texts("notices")?;
            with.finish()?;
            heard(bench, &notices)?;
        }
        "wait_state" => return wait_state(bench, with),
        "wait_batch" => return wait_batch(bench, with),
        "host" | "files" => drop(told_to_stand(bench, name, with)?),
        "statement" | "acquirer" => return told_to_stand(bench, name, with),
        "exported" => {
            with.finish()?;
            return Ok(goodbye::exported(&bench.device.state().exported));
        }
        "closings" => {
            with.finish()?;
            return Ok(bench.stand.ask(&json!({ "do": "book", "home": bench.till.home }))?["batches"].take());
        }
        "book" => {
            with.finish()?;
            return book(bench);
        }
        "agree" => {
            with.finish()?;
            agree(bench)?;
        }
        "reads" => reads(bench, with)?,
        "asked" => {
            with.finish()?;
            let asked = bench.device.wait(bench.patience, |state| state.is_reading.then_some(()));
            asked.ok_or_else(|| Failure::timeout("the certified reader was not asked"))?;
        }
        "network" => {
            let posture = with.text("posture")?;
            with.finish()?;
            let posture = one_of(&posture, POSTURES)?;
            bench.device.tell(|state| state.posture = Some(posture));
        }
        "clock" => {
            let mut shift = |key| Ok(with.optional_whole(key)?.unwrap_or(0));
            let shifts =
                Shifts { wall_ms: shift("shift_ms")?, mono_ms: shift("mono_shift_ms")?, boots: shift("boots")? };
            with.finish()?;
            bench.device.tell(|state| state.shifts = shifts);
        }
        "kinds" => {
            let kinds = with.texts("kinds")?;
            with.finish()?;
            in_order(&kinds, &every_kind(bench)?)?;
        }
        "rotate_keys" | "renew_passwords" => {
            with.finish()?;
            once_keys_rest(bench, name)?;
        }
        "wait_standing" => return wait_standing(bench, with),
        "port" => port(bench, with)?,
        "lose_keys" => {
            with.finish()?;
            bench.device.lose_keys();
        }
        "fill" => {
            let count: i64 = with.whole("count")?;
            with.finish()?;
            fill(bench, count)?;
        }
        "count_pages" => return count_pages(bench, with),
        "count_events" => return count_events(bench, with),
        "screen" => return screen(bench, &with.rest()),
        "desk_sign_in" => desk_sign_in(bench, with)?,
        _ => return Err(Failure::unknown(format!("there is no step {name}"))),
    }
    Ok(Value::Null)
}

fn tap(bench: &mut Bench<'_>, mut with: Args) -> Result<Value, Failure> {
    let (name, again, pause_at) = (with.optional_text("card")?, with.flag("again")?, with.optional_whole("pause_at")?);
    let (fault, at) = (with.optional_text("fault")?, with.optional_whole("at")?.unwrap_or(1));
    with.finish()?;
    fault.as_deref().map_or(Ok(()), |word| check_fault("card", word))?;
    let address = match (name, again, bench.card.clone()) {
        (Some(name), false, _) => {
            let card = bench.stand.ask(&json!({ "do": "card", "name": name }))?;
            card["address"].as_str().unwrap_or_default().to_owned()
        }
        (None, true, Some(address)) => address,
        _ => return Err(Failure::unknown("a tap has either a card or the last one again")),
    };
    bench.card = Some(address.clone());
    wait_for_field(bench)?;
    bench.device.tell(|state| (state.paused, state.released) = (false, false));
    let (device, patience) = (Arc::clone(&bench.device), bench.patience);
    let fault = fault.map(|word| (at, word));
    let channel = Arc::new(Tap { device, address, pause_at, fault, patience, progress: Mutex::new((0, None)) });
    expect(match &bench.desk {
        Some(desk) => desk.present(channel),
        None => terminal(bench)?.present(channel),
    })
}

fn reads(bench: &Bench<'_>, mut with: Args) -> Result<(), Failure> {
    let (card, fault, spoil) =
        (with.optional_text("card")?, with.optional_text("fault")?, with.optional_text("spoil")?);
    with.finish()?;
    let knows_spoil = spoil.as_deref().is_none_or(|spoil| ["payload", "empty", "number"].contains(&spoil));
    let read = match (card, fault, spoil) {
        (Some(card), None, spoil) if knows_spoil => NextRead::Card { card, spoil },
        (None, Some(word), None) => {
            let fault = reader_fault(&word).ok_or_else(|| Failure::unknown(format!("a reader has no fault {word}")))?;
            NextRead::Fault(fault)
        }
        _ => return Err(Failure::unknown("a read comes to a card or a fault, and a card's may be spoilt")),
    };
    bench.device.tell(|state| state.reads.push_back(read));
    Ok(())
}

/// Waits until the field is on for a tap, and uses it.
fn wait_for_field(bench: &Bench<'_>) -> Result<(), Failure> {
    let has_desk = bench.desk.is_some();
    let on = bench.device.wait(bench.patience, |state| {
        if has_desk {
            let is_new = state.screens.len() > state.screens_used;
            let is_on = is_new && state.screens.last().is_some_and(|screen| screen.field_on);
            return is_on.then(|| state.screens_used = state.screens.len());
        }
        let fields = state.notices.iter().filter(|notice| *notice == "field_on").count();
        let last = state.notices.iter().rfind(|notice| notice.starts_with("field_"));
        let is_on = last.is_some_and(|notice| notice == "field_on") && fields > state.fields_used;
        is_on.then(|| state.fields_used = fields)
    });
    on.ok_or_else(|| Failure::timeout("the field was not on"))
}

fn heard(bench: &Bench<'_>, notices: &[String]) -> Result<(), Failure> {
    let taken = bench.device.wait(bench.patience, |state| {
        let mut place = state.heard;
        for notice in notices {
            place += 1 + state.notices[place..].iter().position(|heard| heard == notice)?;
        }
        state.heard = place;
        Some(())
    });
    taken.ok_or_else(|| {
        let state = bench.device.state();
        Failure::timeout(format!("{notices:?} were not heard, but {:?}", &state.notices[state.heard..]))
    })
}

fn wait_state(bench: &Bench<'_>, mut with: Args) -> Result<Value, Failure> {
    let (attempt, wanted) = (with.text("attempt")?, with.text("state")?);
    with.finish()?;
    let deadline = Instant::now() + bench.patience;
    loop {
        let asked = payments(bench)?.and_then(|payments| payments.status(&attempt));
        let view = expect(asked.map(|attempt| values::attempt(&attempt)))?;
        if view["state"] == *wanted {
            return Ok(view);
        }
        if Instant::now() >= deadline {
            return Err(Failure::timeout(format!("it is {}", view["state"])));
        }
        std::thread::sleep(ASK_AGAIN);
    }
}

fn wait_batch(bench: &Bench<'_>, mut with: Args) -> Result<Value, Failure> {
    let (number, wanted) = (with.optional_whole("number")?, with.text("state")?);
    with.finish()?;
    let deadline = Instant::now() + bench.patience;
    loop {
        let asked = terminal(bench)?.settlement().and_then(|settlement| settlement.batch(number));
        let view = expect(asked.map(|batch| values::batch(&batch)))?;
        if view["state"] == *wanted {
            return Ok(view);
        }
        if Instant::now() >= deadline {
            return Err(Failure::timeout(format!("it is {}", view["state"])));
        }
        std::thread::sleep(ASK_AGAIN);
    }
}

/// What is the stand's to understand.
fn told_to_stand(bench: &Bench<'_>, name: &str, with: Args) -> Result<Value, Failure> {
    let mut request = with.rest();
    request["do"] = name.into();
    request["home"] = bench.till.home.clone().into();
    bench.stand.ask(&request)
}

fn wait_standing(bench: &Bench<'_>, mut with: Args) -> Result<Value, Failure> {
    let wanted = with.text("standing")?;
    with.finish()?;
    let deadline = Instant::now() + bench.patience;
    loop {
        let state = expect(terminal(bench)?.state().map(|state| values::state(&state)))?;
        if state["standing"] == *wanted {
            return Ok(state);
        }
        if Instant::now() >= deadline {
            return Err(Failure::timeout(format!("it is {}", state["standing"])));
        }
        std::thread::sleep(ASK_AGAIN);
    }
}

fn book(bench: &Bench<'_>) -> Result<Value, Failure> {
    Ok(bench.stand.ask(&json!({ "do": "book", "home": bench.till.home }))?["entries"].take())
}

/// The till's attempts and the host's book say the same of the money.
fn agree(bench: &Bench<'_>) -> Result<(), Failure> {
    let mut all = Args::raw(&json!({ "limit": 100 }))?;
    let listed = payments(bench)?.and_then(|payments| payments.list(query(&mut all).expect("a limit")));
    let ours = expect(listed.map(|page| values::page(&page)))?["attempts"].take();
    let booked = book(bench)?;
    let key = |row: &Value, amount: &str| (row["batch"].as_i64(), row["stan"].as_i64(), row[amount].as_i64());
    let rows = |list: &Value| list.as_array().cloned().unwrap_or_default();
    let approved: BTreeSet<_> =
        rows(&ours).iter().filter(|view| view["state"] == "approved").map(|view| key(view, "minor")).collect();
    let charged: BTreeSet<_> =
        rows(&booked).iter().filter(|entry| entry["net_minor"] != 0).map(|entry| key(entry, "net_minor")).collect();
    if approved == charged {
        return Ok(());
    }
    Err(Failure::mismatch(format!("approved here {approved:?}, charged there {charged:?}")))
}

fn port(bench: &Bench<'_>, mut with: Args) -> Result<(), Failure> {
    let (port, method, fault) = (with.text("port")?, with.optional_text("method")?, with.optional_text("fault")?);
    with.finish()?;
    check_fault(&port, fault.as_deref().unwrap_or("undeclared"))?;
    let place = method.map_or(port.clone(), |method| format!("{port}.{method}"));
    bench.device.tell(|state| match fault {
        Some(fault) => drop(state.faults.insert(place, fault)),
        None => drop(state.faults.remove(&place)),
    });
    Ok(())
}

fn fill(bench: &mut Bench<'_>, count: i64) -> Result<(), Failure> {
    for minor in 1..=count {
        for (call, with) in [("start_sale", json!({ "minor": minor })), ("cancel_operation", json!({}))] {
            let answer = crate::face::call(bench, call, Args::raw(&with)?)?;
            answer.map_err(|error| Failure::mismatch(format!("{call} {minor} failed with {error}")))?;
        }
    }
    Ok(())
}

fn count_pages(bench: &Bench<'_>, mut with: Args) -> Result<Value, Failure> {
    let mut query = query(&mut with)?;
    with.finish()?;
    let (mut pages, mut attempts, mut distinct) = (0, 0, BTreeSet::new());
    loop {
        let asked = query.clone();
        let page = payments(bench)?.and_then(|payments| payments.list(asked));
        let page = page.map_err(|error| Failure::mismatch(format!("it failed with {}", values::error(&error))))?;
        (pages, attempts) = (pages + 1, attempts + page.attempts.len());
        distinct.extend(page.attempts.into_iter().map(|attempt| attempt.attempt));
        query.cursor = page.next;
        if query.cursor.is_none() {
            return Ok(json!({ "pages": pages, "attempts": attempts, "distinct": distinct.len() }));
        }
    }
}

fn count_events(bench: &Bench<'_>, mut with: Args) -> Result<Value, Failure> {
    let limit = with.whole("limit")?;
    with.finish()?;
    let (mut cursor, mut pages, mut events, mut distinct) = (0, 0, 0, BTreeSet::new());
    loop {
        let page = terminal(bench)?.events().and_then(|events| events.after(Some(cursor), limit));
        let page = page.map_err(|error| Failure::mismatch(format!("it failed with {}", values::error(&error))))?;
        (pages, events) = (pages + 1, events + page.events.len());
        cursor = page.events.last().map_or(cursor, |event| event.cursor);
        distinct.extend(page.events.iter().map(|event| event.cursor));
        if !page.more {
            return Ok(json!({ "pages": pages, "events": events, "distinct": distinct.len() }));
        }
    }
}

/// Makes a call that changes the keys, as soon as an earlier change is through.
fn once_keys_rest(bench: &mut Bench<'_>, call: &str) -> Result<(), Failure> {
    let deadline = Instant::now() + bench.patience;
    loop {
        match crate::face::call(bench, call, Args::none())? {
            Ok(_) => return Ok(()),
            Err(error) if error["code"] != "key_rotation_unfinished" => {
                return Err(Failure::mismatch(format!("it failed with {error}")));
            }
            Err(_) if Instant::now() >= deadline => return Err(Failure::timeout("an earlier change is not through")),
            Err(_) => std::thread::sleep(ASK_AGAIN),
        }
    }
}

/// The kinds of all events, oldest first.
fn every_kind(bench: &Bench<'_>) -> Result<Vec<String>, Failure> {
    let (mut cursor, mut kinds) = (0, Vec::new());
    loop {
        let page = terminal(bench)?.events().and_then(|events| events.after(Some(cursor), 100));
        let page = page.map_err(|error| Failure::mismatch(format!("it failed with {}", values::error(&error))))?;
        cursor = page.events.last().map_or(cursor, |event| event.cursor);
        kinds.extend(page.events.into_iter().map(|event| event.kind));
        if !page.more {
            return Ok(kinds);
        }
    }
}

fn in_order(wanted: &[String], kinds: &[String]) -> Result<(), Failure> {
    let mut left = kinds.iter();
    match wanted.iter().find(|wanted| !left.any(|kind| kind == *wanted)) {
        None => Ok(()),
        Some(missing) => Err(Failure::mismatch(format!("{missing} does not follow in {kinds:?}"))),
    }
}

fn screen(bench: &Bench<'_>, expected: &Value) -> Result<Value, Failure> {
    let shown = bench.device.wait(bench.patience, |state| {
        let screen = values::screen(state.screens.last()?);
        match compare(expected, &screen) {
            Ok(()) => Some(Ok(screen)),
            Err(failure) if failure.kind == crate::args::Kind::Mismatch => None,
            Err(failure) => Some(Err(failure)),
        }
    });
    shown.unwrap_or_else(|| {
        let last = bench.device.state().screens.last().map(values::screen);
        Err(Failure::timeout(format!("{expected} was not shown, but {}", last.unwrap_or_default())))
    })
}

/// What a person does at the screen that asks who is there.
fn desk_sign_in(bench: &Bench<'_>, mut with: Args) -> Result<(), Failure> {
    let name = with.text_or("name", ALICE.0)?;
    let password = with.text_or("password", ALICE.1)?;
    with.finish()?;
    screen(bench, &json!({ "kind": "sign_in" }))?;
    let desk = desk(bench)?;
    expect(desk.enter(FieldName::Operator, name.as_bytes()))?;
    expect(desk.enter(FieldName::Password, password.as_bytes()))?;
    expect(desk.send(Intent::SignIn)).map(drop)
}

/// A call inside a step must not fail.
fn expect(result: Result<impl IntoValue, TillError>) -> Result<Value, Failure> {
    result
        .map(IntoValue::into_value)
        .map_err(|error| Failure::mismatch(format!("it failed with {}", values::error(&error))))
}

trait IntoValue {
    fn into_value(self) -> Value;
}

impl IntoValue for () {
    fn into_value(self) -> Value {
        Value::Null
    }
}

impl IntoValue for Value {
    fn into_value(self) -> Value {
        self
    }
}
