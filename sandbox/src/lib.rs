//! Simulated cards, a simulated acquirer host, and the desktop till.
