//! Searches the folders that a test run kept for card numbers and keys; fails on any.
//!
//! ```text
//! TAPTILL_KEEP_SCRATCH=/tmp/kept cargo test
//! cargo run -p taptill-sandbox --example scan_folder -- /tmp/kept
//! ```

use std::path::Path;
use std::process::ExitCode;

use taptill_sandbox::scan;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: scan_folder FOLDER");
        return ExitCode::from(2);
    };
    match scan::report(Path::new(&folder)) {
        Ok(report) => {
            for hit in &report.hits {
                let file = hit.file.as_deref().unwrap_or(Path::new("?"));
                println!("{}: {} as {:?} at byte {}", file.display(), hit.needle, hit.encoding, hit.offset);
            }
            println!("{} files, {} secrets, {} hits", report.files, report.secrets, report.hits.len());
            // A folder without files proves nothing.
            if report.hits.is_empty() && report.files > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("the folder cannot be searched: {error}");
            ExitCode::FAILURE
        }
    }
}
