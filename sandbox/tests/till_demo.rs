//! The demonstration holds, step by step, and is quick.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod till_support;

use till_support::{binary, run};

#[test]
fn every_step_of_the_demonstration_holds() {
    let ran = run(binary().args(["demo", "--json"]));
    let told = ran.json();
    let steps: Vec<_> = told["steps"].as_array().unwrap().iter().map(|step| (&step["step"], &step["ok"])).collect();
    assert!(steps.iter().all(|(_, ok)| **ok == true), "{told}");
    assert_eq!((ran.code, steps.len(), &told["ok"]), (Some(0), 22, &serde_json::Value::Bool(true)));
}
