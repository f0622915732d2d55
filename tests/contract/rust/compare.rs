//! Whether a result is what was expected, and if not, where.

use serde_json::Value;

use crate::args::Failure;

/// Compares a result with what was expected of it.
pub fn compare(expected: &Value, found: &Value) -> Result<(), Failure> {
    match difference(expected, found, "")? {
        None => Ok(()),
        Some(difference) => Err(Failure::mismatch(difference)),
    }
}

/// Where they differ. An expectation that is none is `unknown`.
fn difference(expected: &Value, found: &Value, place: &str) -> Result<Option<String>, Failure> {
    let differs = || Some(format!("at {place}: expected {expected}, found {found}"));
    if let Some(operator) = expected.get("?") {
        return Ok(if holds(operator, expected, found)? { None } else { differs() });
    }
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            for (key, expected) in expected {
                // A key that no result has is a slip in the case, whatever is expected of it.
                let Some(there) = found.get(key) else {
                    return Ok(Some(format!("at {place}: there is no {key}")));
                };
                if let Some(difference) = difference(expected, there, &format!("{place}.{key}"))? {
                    return Ok(Some(difference));
                }
            }
            Ok(None)
        }
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            for (index, (expected, found)) in expected.iter().zip(found).enumerate() {
                if let Some(difference) = difference(expected, found, &format!("{place}.{index}"))? {
                    return Ok(Some(difference));
                }
            }
            Ok(None)
        }
        _ => Ok(if expected == found { None } else { differs() }),
    }
}

fn holds(operator: &Value, expected: &Value, found: &Value) -> Result<bool, Failure> {
    let value = || expected.get("value").ok_or_else(|| Failure::unknown("a comparison needs a value"));
    Ok(match operator.as_str() {
        Some("some") => !found.is_null(),
        Some("not") => difference(value()?, found, "")?.is_some(),
        Some("contains") => found.as_str().zip(value()?.as_str()).is_some_and(|(found, part)| found.contains(part)),
        Some("length") => found.as_array().is_some_and(|list| value().is_ok_and(|count| *count == list.len())),
        Some("least") => found.as_i64().zip(value()?.as_i64()).is_some_and(|(found, least)| found >= least),
        _ => return Err(Failure::unknown(format!("there is no comparison {operator}"))),
    })
}
