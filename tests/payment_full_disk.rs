//! A debt on a disk that is really full: each write that needs room is refused by the disk, not by a plan.
//!
//! The disk is in memory and holds a number of bytes (`taptill_crashfs`), of which the ballast takes its part. A payment
//! whose answer was lost is reversed to its end in the ballast's room, and nothing is sold meanwhile. The control:
//! where giving the ballast up makes no room, no send can be recorded, so the debt does not leave, and the till says that
//! it is pending.

#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

mod support;

use support::host::Trouble;
use support::world::World;
use taptill::payment::state::State;
use taptill_crashfs::{Disk, Files};

/// A till on a disk of its own, which owes a reversal to a host that is gone.
fn indebted() -> (World, Disk) {
    let mut world = World::new(1);
    world.kill();
    let mut files = Files::new();
    for file in std::fs::read_dir(world.folder()).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        if !name.ends_with(".ballast") && !name.ends_with(".lock") {
            files.insert(name, std::fs::read(file.path()).unwrap());
        }
    }
    let disk = Disk::at(world.folder());
    disk.lay(&files);
    world.restart();
    assert_eq!(world.sell("A-1", 1_230).unwrap().unwrap().state, State::Approved);
    world.host.troubles.push_back(Trouble::NoAnswer);
    world.host.goes_down_after_sale = true;
    assert_eq!(world.sell("A-2", 500).unwrap().unwrap().state, State::ReversalDue);
    (world, disk)
}

#[test]
fn a_debt_is_paid_to_its_end_on_a_disk_that_is_full() {
    let (mut world, disk) = indebted();
    let ballast = world.folder().join("journal.db.ballast");
    assert!(ballast.exists());
    disk.limit(Some(disk.held()));
    world.host.up = true;
    world.settle_down();
    assert_eq!(world.status("A-2").unwrap().state, State::Reversed);
    assert!(world.host.book.values().any(|booking| booking.reversed), "the host heard of it");
    assert!(!ballast.exists(), "in the room of the ballast");
    // The ballast lies in the real folder, where there is room: what is in its place keeps it out.
    std::fs::create_dir(&ballast).unwrap();
    let refused = world.sell("A-3", 700).unwrap().unwrap_err();
    assert_eq!(refused.code().code(), "disk_full");
    assert!(world.is_open());

    std::fs::remove_dir(&ballast).unwrap();
    disk.limit(None);
    assert_eq!(world.sell("A-3", 700).unwrap().unwrap().state, State::Approved);
    assert!(ballast.exists(), "made whole before the sale");
    world.verify();
}

/// The control: no room comes of giving the ballast up.
#[test]
fn without_the_ballasts_room_the_debt_stays() {
    let (mut world, disk) = indebted();
    disk.limit(Some(0));
    world.host.up = true;
    world.wait(600_000);
    let state = world.status("A-2").unwrap().state;
    assert!(!matches!(state, State::Reversed), "{state:?}: it was recorded without room");
    assert_eq!(world.host.reversals, [], "nothing leaves that is not recorded first");
    let refused = world.sell("A-3", 700).unwrap().unwrap_err();
    assert_eq!(refused.to_string(), "reversal_pending debts=1");
    disk.limit(None);
    world.settle_down();
    assert_eq!(world.status("A-2").unwrap().state, State::Reversed, "it is not forgotten");
    world.verify();
}
