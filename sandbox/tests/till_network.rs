//! `network` and the host's side of it: what a person types and reads.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod till_support;
