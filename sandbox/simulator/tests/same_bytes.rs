//! The same seed gives the same bytes: in the same process again, and whatever was played before it.

use taptill_simulator::replay;

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_one_others() {
    let hash = |seed| replay(seed, 1, None).0.hash;
    let first: Vec<String> = (0..6).map(hash).collect();
    let again: Vec<String> = (0..6).rev().map(hash).collect();
    assert_eq!(first, again.into_iter().rev().collect::<Vec<_>>());
    for (place, one) in first.iter().enumerate() {
        assert!(!first[..place].contains(one), "two seeds have the same day");
    }
}

#[test]
fn a_day_can_be_read_from_morning_to_evening() {
    let (outcome, failure) = replay(3, 1, None);
    assert!(failure.is_none(), "{failure:?}");
    assert!(outcome.lines.iter().any(|line| line.contains("== evening")));
}
