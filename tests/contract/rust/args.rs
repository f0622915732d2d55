//! The keys of a case, a step or its `with`: each is asked for once, and none may be left over.

use std::fmt;

use serde_json::{Map, Value};

/// How a case fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Mismatch,
    Timeout,
    Unknown,
}

impl Kind {
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "mismatch" => Some(Self::Mismatch),
            "timeout" => Some(Self::Timeout),
            "unknown" => Some(Self::Unknown),
            _ => None,
        }
    }
}

/// Why a case failed.
#[derive(Clone, Debug)]
pub struct Failure {
    pub kind: Kind,
    step: Option<usize>,
    why: String,
}

impl Failure {
    pub fn mismatch(why: impl Into<String>) -> Self {
        Self { kind: Kind::Mismatch, step: None, why: why.into() }
    }

    pub fn timeout(why: impl Into<String>) -> Self {
        Self { kind: Kind::Timeout, step: None, why: why.into() }
    }

    pub fn unknown(why: impl Into<String>) -> Self {
        Self { kind: Kind::Unknown, step: None, why: why.into() }
    }

    pub fn at(self, step: usize) -> Self {
        Self { step: self.step.or(Some(step)), ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(step) = self.step {
            write!(f, "step {step}: ")?;
        }
        write!(f, "{:?}: {}", self.kind, self.why)
    }
}

/// What is left of an object whose keys are asked for one by one.
pub struct Args(Map<String, Value>);

impl Args {
    /// No keys at all.
    pub fn none() -> Self {
        Self(Map::new())
    }

    /// The keys of this object as they stand.
    pub fn raw(object: &Value) -> Result<Self, Failure> {
        match object {
            Value::Object(keys) => Ok(Self(keys.clone())),
            other => Err(Failure::unknown(format!("not an object: {other}"))),
        }
    }

    /// The keys of this object, its variables put in.
    pub fn of(object: &Value, variables: &Map<String, Value>) -> Result<Self, Failure> {
        Self::raw(&filled_in(object, variables)?)
    }

    pub fn optional(&mut self, key: &str) -> Option<Value> {
        self.0.remove(key)
    }

    pub fn optional_text(&mut self, key: &str) -> Result<Option<String>, Failure> {
        match self.0.remove(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(Failure::unknown(format!("{key} is a text, not {other}"))),
        }
    }

    pub fn text(&mut self, key: &str) -> Result<String, Failure> {
        self.optional_text(key)?.ok_or_else(|| Failure::unknown(format!("{key} is missing")))
    }

    pub fn text_or(&mut self, key: &str, usual: &str) -> Result<String, Failure> {
        Ok(self.optional_text(key)?.unwrap_or_else(|| usual.to_owned()))
    }

    pub fn optional_whole<T: TryFrom<i64>>(&mut self, key: &str) -> Result<Option<T>, Failure> {
        let Some(value) = self.0.remove(key) else { return Ok(None) };
        let number = value.as_i64().and_then(|number| T::try_from(number).ok());
        number.map(Some).ok_or_else(|| Failure::unknown(format!("{key} is a number that fits, not {value}")))
    }

    pub fn whole<T: TryFrom<i64>>(&mut self, key: &str) -> Result<T, Failure> {
        self.optional_whole(key)?.ok_or_else(|| Failure::unknown(format!("{key} is missing")))
    }

    pub fn flag(&mut self, key: &str) -> Result<bool, Failure> {
        self.flag_or(key, false)
    }

    pub fn flag_or(&mut self, key: &str, usual: bool) -> Result<bool, Failure> {
        match self.0.remove(key) {
            None => Ok(usual),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(other) => Err(Failure::unknown(format!("{key} is true or false, not {other}"))),
        }
    }

    pub fn texts(&mut self, key: &str) -> Result<Vec<String>, Failure> {
        let list = self.0.remove(key).unwrap_or_default();
        let texts = list.as_array().and_then(|list| list.iter().map(|text| text.as_str().map(str::to_owned)).collect());
        texts.ok_or_else(|| Failure::unknown(format!("{key} is a list of texts")))
    }

    pub fn optional_texts(&mut self, key: &str) -> Result<Option<Vec<String>>, Failure> {
        if self.0.contains_key(key) { self.texts(key).map(Some) } else { Ok(None) }
    }

    /// Everything that is left, for what takes any key.
    pub fn rest(self) -> Value {
        Value::Object(self.0)
    }

    pub fn finish(self) -> Result<(), Failure> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(key) => Err(Failure::unknown(format!("there is no key {key} here"))),
        }
    }
}

/// The value with its variables and its long texts put in.
pub fn filled_in(value: &Value, variables: &Map<String, Value>) -> Result<Value, Failure> {
    Ok(match value {
        Value::String(text) => match text.strip_prefix('$') {
            None => value.clone(),
            Some(name) => {
                variables.get(name).cloned().ok_or_else(|| Failure::unknown(format!("there is no variable {name}")))?
            }
        },
        Value::Array(list) => list.iter().map(|entry| filled_in(entry, variables)).collect::<Result<_, _>>()?,
        Value::Object(keys) => match (keys.len(), keys.get("repeat"), keys.get("count")) {
            (2, Some(Value::String(text)), Some(count)) => {
                text.repeat(count.as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or(0)).into()
            }
            _ => {
                let filled = |(key, value): (&String, &Value)| Ok((key.clone(), filled_in(value, variables)?));
                Value::Object(keys.iter().map(filled).collect::<Result<_, Failure>>()?)
            }
        },
        other => other.clone(),
    })
}
