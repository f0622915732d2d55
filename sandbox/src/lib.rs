//! Simulated cards, a simulated acquirer host, and the desktop till.

pub mod card;
pub mod desktop;
pub mod faults;
pub mod folders;
pub mod host;
pub mod issuer;
pub mod people;
pub mod reader;
pub mod scan;
pub mod scratch;
pub mod stand;
pub mod till;
pub mod vpcd;
