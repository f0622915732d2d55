//! The desktop till.

use std::process::ExitCode;

fn main() -> ExitCode {
    taptill_sandbox::till::run(std::env::args_os().collect())
}
