//! The calls: each is one call of the face.

use std::future::Future;

use serde_json::{Value, json};
use taptill_ffi::{
    Amount, Desk, FieldName, Intent, Language, ListQuery, Operation, Payments, ReceiptCopy, ReceiptRequest,
    ReceiptWidth, SaleOrder, Terminal, TillError, describe_error, error_codes, facts_of, inspect_till, provision_till,
};

use crate::args::{Args, Failure};
use crate::bench::{Answer, Bench};
use crate::{after, goodbye, incident, network, people, values};

pub fn call(bench: &mut Bench<'_>, name: &str, mut with: Args) -> Result<Answer, Failure> {
    let nothing = |()| Value::Null;
    Ok(told(match name {
        "provision" => {
            let bytes = file(bench, &mut with)?;
            with.finish()?;
            provision_till(&bench.till.home, &bytes, bench.device.ports()).map(nothing)
        }
        "inspect" => {
            with.finish()?;
            inspect_till(&bench.till.home, bench.device.ports()).map(|verified| values::verified(&verified))
        }
        "open" => {
            with.finish()?;
            let opened = Terminal::open(&bench.till.home, bench.device.ports());
            opened.map(|terminal| bench.terminal = Some(terminal)).map(nothing)
        }
        "state" | "info" | "verify" | "close" | "collision" => {
            with.finish()?;
            let terminal = terminal(bench)?;
            match name {
                "state" => terminal.state().map(|state| values::state(&state)),
                "info" => terminal.info().map(|info| values::info(&info)),
                "verify" => terminal.verify().map(|verified| values::verified(&verified)),
                "close" => terminal.close().map(nothing),
                _ => terminal.collision().map(nothing),
            }
        }
        "start_sale" => {
            let currency = with.text_or("currency", "CNY")?;
            let amount = Amount { minor: with.whole("minor")?, currency };
            let order =
                SaleOrder { attempt: with.optional_text("attempt")?, amount, order: with.optional_text("order")? };
            with.finish()?;
            let started = payments(bench)?.and_then(|payments| payments.start_sale(order));
            started.and_then(|operation| {
                let attempt = operation.attempt()?;
                bench.operation = Some(operation);
                Ok(json!({ "attempt": attempt }))
            })
        }
        "await_outcome" | "cancel_operation" => {
            with.finish()?;
            let operation = operation(bench)?;
            let outcome = match name {
                "await_outcome" => wait(bench, operation.await_outcome())?,
                _ => operation.cancel(),
            };
            outcome.map(|attempt| values::attempt(&attempt))
        }
        "cancel" | "status" => {
            let attempt = with.text("attempt")?;
            with.finish()?;
            let payments = payments(bench)?;
            let asked = payments.and_then(|payments| match name {
                "cancel" => payments.cancel(&attempt),
                _ => payments.status(&attempt),
            });
            asked.map(|attempt| values::attempt(&attempt))
        }
        "list" => {
            let query = query(&mut with)?;
            with.finish()?;
            payments(bench)?.and_then(|payments| payments.list(query)).map(|page| values::page(&page))
        }
        "resolve" => {
            with.finish()?;
            match payments(bench)? {
                Ok(payments) => wait(bench, payments.resolve())?.map(|resolved| values::resolved(&resolved)),
                Err(error) => Err(error),
            }
        }
        "receipt" => {
            let (attempt, request) = (with.text("attempt")?, receipt(&mut with)?);
            with.finish()?;
            payments(bench)?.and_then(|payments| payments.receipt(&attempt, request)).map(Value::from)
        }
        "events_after" => {
            let (cursor, limit) = (with.optional_whole("cursor")?, with.optional_whole("limit")?.unwrap_or(100));
            with.finish()?;
            let events = terminal(bench)?.events();
            events.and_then(|events| events.after(cursor, limit)).map(|page| values::events(&page))
        }
        "acknowledge" => {
            let cursor = with.whole("cursor")?;
            with.finish()?;
            terminal(bench)?.events().and_then(|events| events.acknowledge(cursor)).map(nothing)
        }
        "facts_of" | "describe" => {
            let (code, language) = (with.text("code")?, language(&mut with)?);
            with.finish()?;
            facts_of(&code).and_then(|facts| match name {
                "facts_of" => Ok(values::facts(&facts)),
                _ => describe_error(&facts, language).map(|words| values::words(&words)),
            })
        }
        "error_codes" => {
            with.finish()?;
            error_codes().map(Value::from)
        }
        desk if desk.starts_with("desk_") => return desk_call(bench, desk, with),
        other if after::CALLS.contains(&other) => return after::call(bench, other, with),
        other if incident::CALLS.contains(&other) => return incident::call(bench, other, with),
        other if goodbye::CALLS.contains(&other) => return goodbye::call(bench, other, with),
        other if network::CALLS.contains(&other) => return network::call(bench, other, with),
        other => return people::call(bench, other, with),
    }))
}

fn desk_call(bench: &mut Bench<'_>, name: &str, mut with: Args) -> Result<Answer, Failure> {
    let nothing = |()| Value::Null;
    if name == "desk_open" {
        let language = language(&mut with)?;
        with.finish()?;
        let opened = Desk::open(&bench.till.home, bench.device.ports(), language, bench.device.display());
        return Ok(told(opened.map(|desk| bench.desk = Some(desk)).map(nothing)));
    }
    if name == "desk_enter" {
        let field = one_of(&with.text("field")?, FIELDS)?;
        let typed = with.text("text")?;
        with.finish()?;
        return Ok(told(desk(bench)?.enter(field, typed.as_bytes()).map(nothing)));
    }
    let intent = if name == "desk_send" { Some(intent(&mut with)?) } else { None };
    with.finish()?;
    let desk = || desk(bench);
    Ok(told(match (name, intent) {
        ("desk_send", Some(intent)) => desk()?.send(intent).map(nothing),
        ("desk_screen", _) => desk()?.screen().map(|screen| values::screen(&screen)),
        ("desk_recovery_code", _) => desk()?.recovery_code().map(|code| code.as_deref().map(values::code).into()),
        ("desk_provision", _) => desk()?.provision(&bench.till.provisioning).map(nothing),
        ("desk_close", _) => desk()?.close().map(nothing),
        _ => return Err(Failure::unknown(format!("there is no call {name}"))),
    }))
}

const FIELDS: [FieldName; 5] = [
    FieldName::Operator,
    FieldName::Password,
    FieldName::NewPassword,
    FieldName::NewPasswordAgain,
    FieldName::RecoveryCode,
];

pub fn desk(bench: &Bench<'_>) -> Result<std::sync::Arc<Desk>, Failure> {
    bench.desk.clone().ok_or_else(|| Failure::unknown("no desk was opened"))
}

/// The bytes of the stand's file, or what a case makes of them.
fn file(bench: &Bench<'_>, with: &mut Args) -> Result<Vec<u8>, Failure> {
    let bytes = bench.till.provisioning.clone();
    let Some(file) = with.optional("file") else { return Ok(bytes) };
    let mut file = Args::raw(&file)?;
    let (text, cut, swap) = (file.optional_text("text")?, file.optional_whole("cut")?, file.optional("swap"));
    file.finish()?;
    match (text, cut, swap) {
        (Some(text), None, None) => Ok(text.into_bytes()),
        (None, Some(count), None) => Ok(bytes[..count].to_vec()),
        (None, None, Some(swap)) => {
            let whole = String::from_utf8(bytes).map_err(|_| Failure::unknown("the file is no text"))?;
            match (swap[0].as_str(), swap[1].as_str()) {
                (Some(old), Some(new)) if whole.contains(old) => Ok(whole.replacen(old, new, 1).into_bytes()),
                _ => Err(Failure::unknown(format!("nothing to swap by {swap}"))),
            }
        }
        _ => Err(Failure::unknown("a file is made in one way")),
    }
}

pub fn query(with: &mut Args) -> Result<ListQuery, Failure> {
    Ok(ListQuery {
        limit: with.optional_whole("limit")?.unwrap_or(20),
        from_ms: with.optional_whole("from_ms")?,
        to_ms: with.optional_whole("to_ms")?,
        order: with.optional_text("order")?,
        cursor: with.optional_text("cursor")?,
    })
}

pub fn receipt(with: &mut Args) -> Result<ReceiptRequest, Failure> {
    let (width, copy) = (width(with)?, with.text_or("copy", "customer")?);
    let copy = one_of(&copy, [ReceiptCopy::Merchant, ReceiptCopy::Customer])?;
    Ok(ReceiptRequest { width, language: language(with)?, copy })
}

pub fn width(with: &mut Args) -> Result<ReceiptWidth, Failure> {
    one_of(&with.text_or("width", "c32")?, [ReceiptWidth::C32, ReceiptWidth::C48])
}

pub fn language(with: &mut Args) -> Result<Language, Failure> {
    one_of(&with.text_or("language", "en")?, [Language::En, Language::ZhCn])
}

fn intent(with: &mut Args) -> Result<Intent, Failure> {
    match with.text("intent")?.as_str() {
        "digit" => Ok(Intent::Digit { digit: with.whole("digit")? }),
        "open" => Ok(Intent::Open { attempt: with.text("attempt")? }),
        "receipt" => Ok(Intent::Receipt { attempt: with.text("attempt")? }),
        "operator" => Ok(Intent::Operator { name: with.text("name")? }),
        "to_reset_operator" => Ok(Intent::ToResetOperator { name: with.text("name")? }),
        "reset_operator" => Ok(Intent::ResetOperator { name: with.text("name")? }),
        "remove_operator" => Ok(Intent::RemoveOperator { name: with.text("name")? }),
        "remove_and_rotate" => Ok(Intent::RemoveAndRotate { name: with.text("name")? }),
        "add_operator" => Ok(Intent::AddOperator { role: people::role(with)? }),
        "use_language" => Ok(Intent::UseLanguage { language: language(with)? }),
        plain => one_of(
            plain,
            [
                Intent::DoubleZero,
                Intent::SignInByBiometric,
                Intent::UnlockByBiometric,
                Intent::ToEnrolBiometric,
                Intent::EnrolBiometric,
                Intent::ForgetBiometric,
                Intent::ToNewRecoveryCode,
                Intent::NewRecoveryCode,
                Intent::AcceptRollBack,
                Intent::Backspace,
                Intent::Charge,
                Intent::Cancel,
                Intent::NewSale,
                Intent::TryAgain,
                Intent::History,
                Intent::OlderPage,
                Intent::NewerPage,
                Intent::Settings,
                Intent::Resolve,
                Intent::Verify,
                Intent::Back,
                Intent::Provision,
                Intent::Claim,
                Intent::SignIn,
                Intent::Unlock,
                Intent::Lock,
                Intent::SignOut,
                Intent::SwitchOperator,
                Intent::ToChangePassword,
                Intent::ChangePassword,
                Intent::ToRecover,
                Intent::Recover,
                Intent::Written,
                Intent::Operators,
                Intent::ToAddOperator,
                Intent::Foreground,
                Intent::Background,
                Intent::ReaderOff,
                Intent::ReaderReady,
            ],
        ),
    }
}

/// The one of these whose word this is.
pub fn one_of<T: std::fmt::Debug, const N: usize>(word: &str, all: [T; N]) -> Result<T, Failure> {
    let found = all.into_iter().find(|value| values::word(value) == word);
    found.ok_or_else(|| Failure::unknown(format!("there is no word {word} here")))
}

pub fn told(result: Result<Value, TillError>) -> Answer {
    result.map_err(|error| values::error(&error))
}

pub fn terminal(bench: &Bench<'_>) -> Result<std::sync::Arc<Terminal>, Failure> {
    bench.terminal.clone().ok_or_else(|| Failure::unknown("no terminal was opened"))
}

pub fn payments(bench: &Bench<'_>) -> Result<Result<std::sync::Arc<Payments>, TillError>, Failure> {
    Ok(terminal(bench)?.payments())
}

fn operation(bench: &Bench<'_>) -> Result<std::sync::Arc<Operation>, Failure> {
    bench.operation.clone().ok_or_else(|| Failure::unknown("no sale was started"))
}

pub fn wait<T>(bench: &Bench<'_>, future: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(|_| Failure::unknown("no runtime"))?;
    runtime
        .block_on(async { tokio::time::timeout(bench.patience, future).await })
        .map_err(|_| Failure::timeout("it did not end"))
}
