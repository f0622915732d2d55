//! The face of the core for Kotlin and Swift. Reserved: nothing is exported yet.
pub use taptill;
