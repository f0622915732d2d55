//! The heap of this library: what is freed is overwritten first.
//!
//! The core wipes the secrets that it holds; this wipes the copies that it cannot see, in buffers that cross the
//! border and in libraries below. It is set here and in the desktop till, never in the core, because a process has one.
//!
//! It does not reach memory that C code takes by itself (SQLite's, which gets sealed bytes alone), nor the stack.
//! Evidence: `uniffi/tests/wiped.rs`.

use std::alloc::System;

use zeroizing_alloc::ZeroAlloc;

#[global_allocator]
static HEAP: ZeroAlloc<System> = ZeroAlloc(System);
