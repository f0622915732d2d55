//! The desktop till.
fn main() {}
