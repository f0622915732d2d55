//! The desktop till as it would be if nobody overwrote what is freed: the control of the search of memory.
//! Evidence: `sandbox/tests/memory_scan.rs`.

use std::process::ExitCode;

fn main() -> ExitCode {
    taptill_sandbox::till::run(std::env::args_os().collect())
}
