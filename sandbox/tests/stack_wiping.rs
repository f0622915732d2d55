//! The wiping of the stack alone: what a worker leaves below its caller is there without it, and gone with it.
//!
//! The child is this test's own program: it has keys in a frame of its own, returns from it, and waits; the parent reads
//! its memory. Nothing else is wiped, so what is missing is missing because of the one call.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use taptill::secret::{on_a_wiped_stack, wipe_stack};
use taptill_sandbox::scan::{Memory, Needles};

/// What the child does after its worker returned.
const HOW: &str = "TAPTILL_STACK";

/// So many keys, far enough apart that what a call after them overwrites is not all of them.
const KEYS: usize = 16;
const APART: usize = 4 * 1024;

/// A key that no program has by chance.
fn key(number: u8) -> [u8; 32] {
    std::array::from_fn(|place| (place as u8).wrapping_mul(97) ^ black_box(0x5A) ^ number.wrapping_mul(29))
}

/// Has the keys on the stack and nowhere else, and leaves them there.
#[inline(never)]
fn works() {
    let mut frame = [0_u8; KEYS * APART];
    for (number, place) in (0..).zip(frame.chunks_exact_mut(APART)) {
        place[..32].copy_from_slice(&key(number));
    }
    black_box(&frame);
}

#[test]
fn what_a_worker_leaves_is_there_without_the_wiping_and_gone_with_it() {
    if let Some(how) = std::env::var_os(HOW) {
        return child(how.to_str().unwrap());
    }
    for (how, is_left) in [("not at all", true), ("afterwards", false), ("around it", false), ("around a panic", false)]
    {
        let found = found_in_the_stack_of_a_child(how);
        assert_eq!(found > 0, is_left, "wiped {how}: {found} keys are left");
    }
}

fn child(how: &str) {
    match how {
        "afterwards" => {
            works();
            wipe_stack();
        }
        "around it" => on_a_wiped_stack(works),
        "around a panic" => {
            std::panic::set_hook(Box::new(|_| ()));
            let panics = || -> () {
                works();
                panic!("with the key on the stack")
            };
            std::panic::catch_unwind(|| on_a_wiped_stack(panics)).unwrap_err();
        }
        _ => works(),
    }
    println!("\nworked");
    std::io::stdout().flush().unwrap();
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
}

/// How many of the keys are in the memory of a child that waits after its work.
fn found_in_the_stack_of_a_child(how: &str) -> usize {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "what_a_worker_leaves_is_there_without_the_wiping_and_gone_with_it", "--nocapture"])
        .env(HOW, how)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "worked"));
    let memory = Memory::of(child.id()).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let found = |number: &u8| !memory.find(&Needles::new().raw("a key", &key(*number))).is_empty();
    (0..KEYS as u8).filter(found).count()
}
