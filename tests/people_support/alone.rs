//! A till with its people whose host cannot be reached, and copies of it: where a matrix begins each of its rows. Never a
//! network. Evidence: `tests/incident_freeze.rs`, `tests/passwords_renewed.rs`.

use taptill_sandbox::people::ALICE;

use super::House;

/// A till with its people, whose host cannot be reached.
pub fn claimed(seed: u64) -> House {
    let mut house = House::claimed(seed);
    house.has_no_host = true;
    house
}

/// The same, closed: to be copied.
pub fn closed() -> House {
    let mut house = claimed(1);
    house.close().unwrap();
    house
}

/// A copy of it, opened, with alice signed in.
pub fn open(closed: &House, seed: u64) -> House {
    let mut house = closed.copy(seed);
    house.open().unwrap();
    house.sign_in(ALICE).unwrap();
    house
}
