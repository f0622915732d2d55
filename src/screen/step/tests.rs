//! Odd orders of events.
