//! Sessions in time: what ends them, what lengthens them, and that the wall clock is never looked at.

use super::*;
use crate::clock::WallMs;

fn at(boot: u64, mono: u64) -> Now {
    at_wall(boot, mono, 0)
}

fn at_wall(boot: u64, mono: u64, wall: i64) -> Now {
    Now { wall: WallMs(wall), mono: MonoMs(mono), boot: BootCount(boot) }
}

fn begun(now: Now) -> Session {
    let length = SessionLength { idle_ms: 100, full_ms: 1_000 };
    Session::begin(OperatorName::new("alice").unwrap(), Role::Supervisor, length, now)
}

#[test]
fn a_session_ends_by_idling_by_its_length_and_by_a_restart() {
    use Standing::{Idle, Live, Over};
    let rows: &[(&[u64], Now, Standing)] = &[
        (&[], at(1, 5_000), Live),
        (&[], at(1, 5_099), Live),
        (&[], at(1, 5_100), Idle),
        (&[], at(1, 5_999), Idle),
        (&[], at(1, 6_000), Over),
        (&[5_099], at(1, 5_198), Live),
        (&[5_099], at(1, 5_199), Idle),
        // A touch after the end revives nothing.
        (&[5_100], at(1, 5_150), Idle),
        (&[5_090, 5_180, 5_270, 5_360, 5_450, 5_540, 5_630, 5_720, 5_810, 5_900, 5_990], at(1, 5_999), Live),
        (&[5_090, 5_180, 5_270, 5_360, 5_450, 5_540, 5_630, 5_720, 5_810, 5_900, 5_990], at(1, 6_000), Over),
        // Another boot, whatever its time.
        (&[], at(2, 5_001), Over),
        (&[], at(0, 5_001), Over),
        (&[], at(2, 0), Over),
        // A clock that goes back gains nothing.
        (&[5_090], at(1, 4_000), Live),
        (&[5_090, 4_000], at(1, 5_190), Idle),
    ];
    for (touches, now, verdict) in rows {
        let mut session = begun(at(1, 5_000));
        for touch in *touches {
            session.touch(at(1, *touch));
        }
        assert_eq!(session.standing(*now), *verdict, "{touches:?} {now:?}");
    }
}

#[test]
fn the_wall_clock_changes_nothing() {
    for wall in [i64::MIN, -1, 0, 1_795_357_800_000, i64::MAX] {
        let mut session = begun(at_wall(1, 0, wall));
        assert_eq!(session.standing(at_wall(1, 99, wall.wrapping_neg())), Standing::Live);
        session.touch(at_wall(1, 50, wall.wrapping_neg()));
        assert_eq!(session.standing(at_wall(1, 150, wall)), Standing::Idle);
    }
}

#[test]
fn unlocking_ends_idling_and_lengthens_no_session() {
    let mut session = begun(at(1, 0));
    assert_eq!(session.standing(at(1, 500)), Standing::Idle);
    session.unlock(at(1, 500));
    assert_eq!((session.standing(at(1, 599)), session.ends_at()), (Standing::Live, MonoMs(600)));
    session.unlock(at(1, 950));
    assert_eq!((session.ends_at(), session.left_ms(at(1, 960))), (MonoMs(1_000), 40));
    session.unlock(at(1, 1_000));
    assert_eq!((session.standing(at(1, 1_000)), session.left_ms(at(1, 1_000))), (Standing::Over, 0));
}

#[test]
fn a_changed_policy_holds_for_who_is_here_already() {
    let mut session = begun(at(1, 0));
    session.set_length(SessionLength { idle_ms: 10, full_ms: 20 });
    assert_eq!(session.standing(at(1, 10)), Standing::Idle);
    assert_eq!(session.standing(at(1, 20)), Standing::Over);
}

#[test]
fn a_session_that_has_ended_permits_nothing_and_says_why() {
    let session = begun(at(1, 0));
    assert_eq!(session.permit::<Sell>(at(1, 99)).unwrap().spend(), "alice");
    for (now, why) in [(at(1, 100), "idle"), (at(1, 1_000), "full_length"), (at(2, 0), "full_length")] {
        let error = session.permit::<Sell>(now).unwrap_err();
        assert_eq!(error.to_string(), format!("session_over why={why}"));
    }
}
