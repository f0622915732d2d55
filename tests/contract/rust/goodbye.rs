//! The calls about the end of a till: deregistering, what is handed out, and the certificate.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use taptill_ffi::{Erased, ExportSink, erasure_certificates};

use crate::args::{Args, Failure};
use crate::bench::{Answer, Bench};
use crate::face::{terminal, told, wait};
use crate::people::{BOB, person};

/// All of them.
pub const CALLS: [&str; 3] = ["deregister", "deregister_with", "erasure_certificates"];

pub fn call(bench: &Bench<'_>, name: &str, mut with: Args) -> Result<Answer, Failure> {
    if name == "erasure_certificates" {
        with.finish()?;
        return Ok(told(erasure_certificates(&bench.till.home).map(Value::from)));
    }
    let second = if name == "deregister_with" { Some(person(&mut with, BOB)?) } else { None };
    let export: Option<Arc<dyn ExportSink>> = with.flag("export")?.then(|| bench.device.drawer());
    with.finish()?;
    let leaving = terminal(bench)?.leaving();
    Ok(told(match (leaving, second) {
        (Err(error), _) => Err(error),
        (Ok(leaving), None) => wait(bench, async { leaving.deregister(export).await })?.map(|gone| erased(&gone)),
        (Ok(leaving), Some((name, password))) => match leaving.deregister_with(&name, password.as_bytes(), export) {
            Ok(work) => wait(bench, work.await_done())?.map(|done| done.erased.as_ref().map(erased).into()),
            Err(error) => Err(error),
        },
    }))
}

/// What was handed out in this case, each file as a text.
pub fn exported(files: &BTreeMap<String, Vec<u8>>) -> Value {
    files.iter().map(|(name, bytes)| (name.clone(), Value::from(String::from_utf8_lossy(bytes)))).collect()
}

fn erased(erased: &Erased) -> Value {
    json!({
        "certificate": erased.certificate, "exported_sha256": erased.exported_sha256,
        "is_acknowledged": erased.is_acknowledged,
    })
}
