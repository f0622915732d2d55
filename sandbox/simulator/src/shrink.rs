//! A failing schedule made shorter: whole steps go first, then single faults, as long as it still fails.
//!
//! It never changes a step that it keeps. Evidence: `sandbox/simulator/tests/planted.rs`.

use crate::schedule::Step;

/// The shortest list that this finds for which `fails` still holds.
pub(crate) fn shrink(steps: Vec<Step>, fails: impl Fn(&[Step]) -> bool) -> Vec<Step> {
    let mut kept = steps;
    let mut chunk = kept.len().div_ceil(2).max(1);
    loop {
        let before = kept.len();
        kept = without_chunks(kept, chunk, &fails);
        if chunk == 1 && kept.len() == before {
            break;
        }
        chunk = (chunk / 2).max(1);
    }
    without_faults(kept, &fails)
}

fn without_chunks(mut kept: Vec<Step>, chunk: usize, fails: &impl Fn(&[Step]) -> bool) -> Vec<Step> {
    let mut from = 0;
    while from < kept.len() {
        let mut shorter = kept.clone();
        shorter.drain(from..(from + chunk).min(kept.len()));
        if fails(&shorter) {
            kept = shorter;
        } else {
            from += chunk;
        }
    }
    kept
}

fn without_faults(mut kept: Vec<Step>, fails: &impl Fn(&[Step]) -> bool) -> Vec<Step> {
    for step in 0..kept.len() {
        let mut fault = 0;
        while fault < kept[step].faults.len() {
            let mut shorter = kept.clone();
            shorter[step].faults.remove(fault);
            if fails(&shorter) {
                kept = shorter;
            } else {
                fault += 1;
            }
        }
    }
    kept
}
