//! After closing nothing of the library is left: no thread, no port, no open file of the till.
//!
//! One test in a process of its own: another's threads would be counted.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

mod support;

use std::sync::{Arc, Weak};

use support::{Shop, code, library_threads, until, wait};
use taptill_ffi::AttemptState;
use taptill_sandbox::host::Kind;

/// The files of this till that are open in this process.
fn open_files(home: &str) -> Vec<String> {
    let descriptors = std::fs::read_dir("/proc/self/fd").unwrap();
    let target = |fd: std::io::Result<std::fs::DirEntry>| std::fs::read_link(fd.ok()?.path()).ok();
    let names = descriptors.filter_map(target).map(|path| path.to_string_lossy().into_owned());
    names.filter(|name| name.starts_with(home)).collect()
}

/// The system removes an ended thread from its list a moment after `join` returns.
fn nothing_is_left(when: &str) {
    until(when, || library_threads().is_empty());
}

#[test]
fn after_closing_no_thread_no_port_and_no_file_is_left() {
    let shop = Shop::new();
    nothing_is_left("setting up leaves no thread");
    let mut lent: Vec<Weak<dyn std::any::Any + Send + Sync>> = Vec::new();
    for round in 0..5 {
        let till = shop.till();
        // A thread takes its name a moment after it begins.
        until("the control: an open till has threads", || library_threads().len() == 3);
        assert!(!open_files(&shop.home()).is_empty(), "the control: and files");
        let keys: Arc<dyn std::any::Any + Send + Sync> = till.phone.keys.clone();
        let clock: Arc<dyn std::any::Any + Send + Sync> = till.phone.clock.clone();
        let observer: Arc<dyn std::any::Any + Send + Sync> = till.phone.observer.clone();
        lent.extend([&keys, &clock, &observer].map(Arc::downgrade));
        drop((keys, clock, observer));
        match round {
            // A sale to its end, and closed.
            0 => assert_eq!(till.sell("", 100).unwrap().state, AttemptState::Approved),
            // Closed in doubt.
            1 => {
                shop.host_does(Kind::NoAnswer, 1);
                let operation = till.start("B-1", 100).unwrap();
                till.tap("visa");
                until("it is sent", || till.status("B-1").is_ok_and(|view| view.state == AttemptState::InDoubt));
                till.terminal.close().unwrap();
                assert_eq!(wait(operation.await_outcome()).unwrap().state, AttemptState::InDoubt);
            }
            // Closed while a card is awaited, by many who wait.
            2 => {
                let operation = till.start("", 100).unwrap();
                let waiting: Vec<_> = (0..8)
                    .map(|_| {
                        let operation = operation.clone();
                        std::thread::spawn(move || wait(operation.await_outcome()))
                    })
                    .collect();
                till.phone.observer.field_goes_on();
                till.terminal.close().unwrap();
                assert!(waiting.into_iter().all(|told| code(told.join().unwrap()) == "terminal_closed"));
            }
            // Sixty-four sales asked for at once, one of which is under way.
            3 => {
                let begun: Vec<_> = (0..64).map(|number| till.start(&format!("C-{number}"), 100)).collect();
                assert_eq!(begun.iter().filter(|result| result.is_ok()).count(), 1);
                till.terminal.close().unwrap();
            }
            // Never closed: the handles are let go.
            _ => drop(till.start("", 100).unwrap()),
        }
        drop(till);
        nothing_is_left("the threads end with the till");
        assert_eq!(open_files(&shop.home()), [""; 0], "round {round}");
        assert!(lent.iter().all(|port| port.upgrade().is_none()), "round {round}: a port is still held");
    }
}
