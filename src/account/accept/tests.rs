//! The account's fold over rows in memory: the shop's rules and the latest day, each as events leave them.

use serde_json::{Value, json};

use super::*;
use crate::clock::{BootCount, MonoMs, WallMs};
use crate::journal::MemoryRows;

fn event(kind: &str, v: u32, day: i64, body: Value) -> Event {
    Event {
        v,
        kind: kind.to_owned(),
        sequence: 1,
        now: Now { wall: WallMs(day * 86_400_000), mono: MonoMs(0), boot: BootCount(1) },
        operator: Some("alice".to_owned()),
        attempt: None,
        side: None,
        body,
    }
}

#[test]
fn the_rules_that_were_journalled_last_hold() {
    let mut rows = MemoryRows::default();
    for idle_ms in [60_000, 120_000] {
        let policy = ShopPolicy { idle_ms, ..ShopPolicy::default() };
        AccountFold.apply(&mut rows, &event(POLICY_CHANGED, 1, 0, serde_json::to_value(policy).unwrap())).unwrap();
    }
    let kept: ShopPolicy = serde_json::from_slice(&rows.get(POLICY_ROW).unwrap().unwrap()).unwrap();
    assert_eq!(kept.idle_ms, 120_000);
}

#[test]
fn rules_of_a_version_that_is_not_known_are_not_recorded() {
    let policy = serde_json::to_value(ShopPolicy::default()).unwrap();
    for (v, body) in [(2, policy), (1, json!({})), (1, json!({"password": "pci-5"}))] {
        let mut rows = MemoryRows::default();
        assert_eq!(AccountFold.apply(&mut rows, &event(POLICY_CHANGED, v, 0, body)), Err(FoldError::Newer));
        assert!(rows.is_empty());
    }
}

#[test]
fn the_latest_day_is_the_largest_that_people_came_or_went_on() {
    let mut rows = MemoryRows::default();
    for (kind, day, verdict) in [
        ("attempt.approved", 300, None),
        ("operator.signed_in", 100, Some(Day(100))),
        ("operator.signed_out", 101, Some(Day(101))),
        ("operator.signed_in", 20, Some(Day(101))),
        ("operator.locked", -5, Some(Day(101))),
        ("attempt.approved", 300, Some(Day(101))),
        ("operator.unlocked", 102, Some(Day(102))),
    ] {
        AccountFold.apply(&mut rows, &event(kind, 1, day, json!({}))).unwrap();
        assert_eq!(rows.get(DAY_ROW).unwrap().and_then(|row| day_in(&row)), verdict, "{kind} {day}");
    }
}
