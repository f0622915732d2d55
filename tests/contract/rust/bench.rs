//! A case under way: what it has, and its steps one by one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use taptill_ffi::{Desk, EvidencePreview, LossReport, Operation, StatementCheck, Terminal};

use crate::args::{Args, Failure};
use crate::compare::compare;
use crate::ports::Device;
use crate::reader::ScriptedReader;
use crate::stand::{StandClient, Till};
use crate::{around, face};

/// What a call of the face gave: a result, or the error as JSON.
pub type Answer = Result<Value, Value>;

pub struct Bench<'a> {
    pub stand: &'a StandClient,
    pub till: Till,
    pub device: Arc<Device>,
    pub patience: Duration,
    pub terminal: Option<Arc<Terminal>>,
    pub operation: Option<Arc<Operation>>,
    pub check: Option<Arc<StatementCheck>>,
    pub preview: Option<Arc<EvidencePreview>>,
    pub loss: Option<Arc<LossReport>>,
    pub desk: Option<Arc<Desk>>,
    /// Where the card of the last tap is.
    pub card: Option<String>,
    variables: Map<String, Value>,
}

impl<'a> Bench<'a> {
    pub fn new(stand: &'a StandClient, dialect: Option<&str>, patience_ms: u64) -> Result<Self, Failure> {
        Ok(Self {
            stand,
            till: stand.till(dialect)?,
            device: Arc::new(Device::default()),
            patience: Duration::from_millis(patience_ms),
            terminal: None,
            operation: None,
            check: None,
            preview: None,
            loss: None,
            desk: None,
            card: None,
            variables: Map::new(),
        })
    }

    pub fn lend_reader(&self) {
        let device = Arc::downgrade(&self.device);
        let reader = ScriptedReader { device, stand: self.stand.address(), patience: self.patience };
        self.device.tell(|state| state.reader = Some(Arc::new(reader)));
    }

    pub fn begin(&mut self, begin: &str) -> Result<(), Failure> {
        let calls: &[&str] = match begin {
            "open" => &["provision", "open", "claim"],
            "signed_out" => &["provision", "open", "claim", "sign_out"],
            "claimed" => &["provision", "open", "claim", "close"],
            "unclaimed" => &["provision", "open"],
            "provisioned" => &["provision"],
            "fresh" => &[],
            _ => return Err(Failure::unknown(format!("nothing begins {begin}"))),
        };
        for call in calls {
            let answer = face::call(self, call, Args::none())?;
            let gave = answer.map_err(|error| Failure::mismatch(format!("{call} failed with {error}")))?;
            if *call == "claim" {
                self.variables.insert("recovery".to_owned(), gave["recovery"].clone());
            }
        }
        Ok(())
    }

    pub fn step(&mut self, step: &Value) -> Result<(), Failure> {
        let mut keys = Args::of(step, &self.variables)?;
        let (call, around) = (keys.optional_text("call")?, keys.optional_text("do")?);
        let with = keys.optional("with").unwrap_or_else(|| Value::Object(Map::new()));
        let (gives, fails, keep) = (keys.optional("gives"), keys.optional("fails"), keys.optional("keep"));
        keys.finish()?;
        let with = Args::raw(&with)?;
        let answer = match (call, around) {
            // A panic is what a foreign caller could not catch.
            (Some(call), None) => catch_unwind(AssertUnwindSafe(|| face::call(self, &call, with)))
                .unwrap_or_else(|_| Err(Failure::mismatch("the face panicked")))?,
            (None, Some(around)) if fails.is_none() => Ok(around::act(self, &around, with)?),
            _ => return Err(Failure::unknown("a step has either call or do, and only a call fails")),
        };
        let result = match (answer, fails) {
            (Ok(result), None) => result,
            (Err(error), Some(expected)) => return compare(&expected, &error),
            (Ok(result), Some(expected)) => {
                return Err(Failure::mismatch(format!("expected the error {expected}, found {result}")));
            }
            (Err(error), None) => return Err(Failure::mismatch(format!("it failed with {error}"))),
        };
        if let Some(expected) = gives {
            compare(&expected, &result)?;
        }
        self.keep(keep.as_ref(), &result)
    }

    fn keep(&mut self, keep: Option<&Value>, result: &Value) -> Result<(), Failure> {
        let Some(keep) = keep else { return Ok(()) };
        let keep = keep.as_object().ok_or_else(|| Failure::unknown("keep names variables"))?;
        for (name, path) in keep {
            let path = path.as_str().ok_or_else(|| Failure::unknown("a path is a text"))?;
            let pointer = if path.is_empty() { String::new() } else { format!("/{}", path.replace('.', "/")) };
            let part = result.pointer(&pointer).ok_or_else(|| Failure::mismatch(format!("there is no {path}")))?;
            self.variables.insert(name.clone(), part.clone());
        }
        Ok(())
    }

    /// The case is over, whatever became of it.
    pub fn end(&mut self) {
        self.device.tell(|state| (state.released, state.is_cancelled) = (true, true));
        if let Some(desk) = self.desk.take() {
            let _ = desk.close();
        }
        if let Some(terminal) = self.terminal.take() {
            let _ = terminal.close();
        }
    }
}
