//! A biometric slot opens to the recognised person, and only while no password is due.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod vault_support;

use std::collections::BTreeMap;
use std::sync::Mutex;

use taptill::ids::Role;
use taptill::journal::PlainRows;
use taptill::ports::{BiometricFault, BiometricKey};
use taptill::secret::SecretBytes;
use taptill::vault::{BiometricRefusal, Opened, RowFault, SlotKind, VaultError};
use vault_support::*;

const DAYS: u32 = 3;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// A sensor with one person enrolled, strict about contexts.
#[derive(Default)]
struct Sensor(Mutex<SensorState>);

#[derive(Default)]
struct SensorState {
    secrets: BTreeMap<String, (Vec<u8>, Vec<u8>)>,
    answers: Option<BiometricFault>,
    made: u8,
}

impl Sensor {
    fn answer(&self, fault: Option<BiometricFault>) {
        self.0.lock().unwrap().answers = fault;
    }
}

impl BiometricKey for Sensor {
    fn create(&self, alias: &str, secret: &SecretBytes, context: &[u8]) -> Result<Vec<u8>, BiometricFault> {
        let mut sensor = self.0.lock().unwrap();
        sensor.answers.map_or(Ok(()), Err)?;
        sensor.made += 1;
        let wrapped = vec![sensor.made; 40];
        let held = (secret.expose().to_vec(), [context, &wrapped].concat());
        assert!(sensor.secrets.insert(alias.to_owned(), held).is_none(), "one alias wraps once");
        Ok(wrapped)
    }

    fn release(&self, alias: &str, wrapped: &[u8], context: &[u8]) -> Result<SecretBytes, BiometricFault> {
        let sensor = self.0.lock().unwrap();
        sensor.answers.map_or(Ok(()), Err)?;
        let (secret, bound_to) = sensor.secrets.get(alias).ok_or(BiometricFault::NotFound)?;
        assert_eq!(*bound_to, [context, wrapped].concat());
        Ok(SecretBytes::new(secret.clone()))
    }

    fn destroy(&self, alias: &str) -> Result<(), BiometricFault> {
        self.0.lock().unwrap().secrets.remove(alias);
        Ok(())
    }
}

fn enrolled() -> (World, Sensor) {
    let (mut world, _) = World::claimed();
    let sensor = Sensor::default();
    let bob = world.sign_in(BOB, BOBS).unwrap();
    enrol(&mut world, &sensor, &bob);
    (world, sensor)
}

fn enrol(world: &mut World, sensor: &Sensor, opened: &Opened) {
    let now = world.now;
    let sealed = world.vault().begin_enrolment(opened).unwrap().seal(sensor).unwrap();
    let change = world.vault().finish_enrolment(opened, sealed, DAYS, now).unwrap();
    world.write(change).unwrap();
}

fn touch(world: &mut World, sensor: &Sensor, who: &str) -> Result<Opened, VaultError> {
    let now = world.now;
    let attempt = world.vault().begin_biometric(&name(who), now)?;
    let released = attempt.release(sensor)?;
    world.vault().finish_biometric(&attempt, &released)
}

fn refused(why: BiometricRefusal) -> Option<VaultError> {
    Some(VaultError::Biometric(why))
}

#[test]
fn a_recognised_person_opens_the_slot_and_each_rule_shuts_it() {
    use BiometricRefusal as R;
    type Do = fn(&mut World, &Sensor);
    let rules: [(&str, Do, Option<VaultError>); 11] = [
        ("nothing", |_, _| {}, None),
        ("three days later", |world, _| world.wait(u64::from(DAYS) * DAY_MS), None),
        ("and a moment", |world, _| world.wait(u64::from(DAYS) * DAY_MS + 1), refused(R::TooOld)),
        ("a restart", |world, _| world.restart_device(), refused(R::Restarted)),
        ("a freeze", |world, _| world.vault().freeze().unwrap(), refused(R::Frozen)),
        ("a new finger", |_, sensor| sensor.answer(Some(BiometricFault::Void)), refused(R::EnrolmentChanged)),
        ("a stranger", |_, sensor| sensor.answer(Some(BiometricFault::NotRecognised)), refused(R::NotRecognised)),
        ("no sensor", |_, sensor| sensor.answer(Some(BiometricFault::Unavailable)), refused(R::Unavailable)),
        (
            "the arming deleted",
            |world, _| world.rows.table.retain(|row, _| !row.starts_with("vault/armed/")),
            refused(R::Frozen),
        ),
        ("the wall clock set back", |world, _| world.now.wall.0 = 0, None),
        (
            "a reset by the supervisor",
            |world, _| {
                let alice = world.sign_in(ALICE, ALICES).unwrap();
                world.set_password(&alice, BOB, WRONG).unwrap();
            },
            refused(R::NotEnrolled),
        ),
    ];
    for (case, happens, verdict) in rules {
        let (mut world, sensor) = enrolled();
        happens(&mut world, &sensor);
        let opened = touch(&mut world, &sensor, BOB);
        if let Ok(opened) = &opened {
            assert_eq!(opened.facts().kind, SlotKind::Biometric);
            assert_eq!((opened.facts().role, generations(opened.masters())), (Some(Role::Cashier), vec![2, 1]));
        }
        assert_eq!(opened.err(), verdict, "{case}");
    }
    let (mut world, sensor) = enrolled();
    assert_eq!(touch(&mut world, &sensor, ALICE).err(), refused(R::NotEnrolled));
}

#[test]
fn a_password_arms_the_slot_again_and_an_old_arming_put_back_does_not() {
    let (mut world, sensor) = enrolled();
    let old_rows = world.rows.table.clone();
    world.vault().freeze().unwrap();
    let bob = world.sign_in(BOB, BOBS).unwrap();
    let now = world.now;
    world.vault().arm_biometric(&bob, DAYS, now).unwrap();
    assert!(touch(&mut world, &sensor, BOB).is_ok());
    world.wait(u64::from(DAYS) * DAY_MS + 1);
    let now = world.now;
    world.vault().arm_biometric(&bob, DAYS, now).unwrap();
    assert!(touch(&mut world, &sensor, BOB).is_ok());
    world.rows.table = old_rows;
    assert_eq!(touch(&mut world, &sensor, BOB).err(), refused(BiometricRefusal::Frozen));
    // What fingers opened arms nothing.
    let (mut world, sensor) = enrolled();
    let by_touch = touch(&mut world, &sensor, BOB).unwrap();
    world.wait(u64::from(DAYS) * DAY_MS + 1);
    let now = world.now;
    world.vault().arm_biometric(&by_touch, DAYS, now).unwrap();
    assert_eq!(touch(&mut world, &sensor, BOB).err(), refused(BiometricRefusal::TooOld));
    assert_eq!(world.vault().begin_enrolment(&by_touch).map(|_| ()), Err(VaultError::NotByRecovery));
}

#[test]
fn the_slot_lives_and_goes_with_its_operator() {
    let (mut world, sensor) = enrolled();
    let bob = world.sign_in(BOB, BOBS).unwrap();
    enrol(&mut world, &sensor, &bob);
    let biometric_keys = 3;
    assert_eq!(world.device.aliases().len(), world.expected_keys(3) + biometric_keys);
    let mut alice = world.sign_in(ALICE, ALICES).unwrap();
    let (change, masters) = world.vault().rotate(&alice, None).unwrap();
    world.write(change).unwrap();
    alice.adopt(masters);
    assert_eq!(generations(touch(&mut world, &sensor, BOB).unwrap().masters()), [3, 2, 1]);
    assert_eq!(world.device.aliases().len(), world.expected_keys(3) + biometric_keys);

    let row = world.rows.table[&row_name("bob+biometric")].clone();
    let change = world.vault().remove_operator(&alice, &name(BOB)).unwrap();
    world.write(change).unwrap();
    assert_eq!(world.device.aliases().len(), world.expected_keys(2));
    assert!(!world.rows.table.keys().any(|row| row.contains(BOB) || row.starts_with("vault/armed/")));
    world.rows.table.insert(row_name("bob+biometric"), row);
    let put_back = VaultError::Row { row: row_name("bob+biometric"), why: RowFault::RolledBack };
    assert_eq!(touch(&mut world, &sensor, BOB).err(), Some(put_back));
}

#[test]
fn the_sensors_key_goes_with_a_row_that_was_spoiled() {
    let (mut world, sensor) = enrolled();
    let alice = world.sign_in(ALICE, ALICES).unwrap();
    let mut row = world.row("bob+biometric");
    *row.last_mut().unwrap() ^= 1;
    world.put_row("bob+biometric", row);
    let edited = VaultError::Row { row: row_name("bob+biometric"), why: RowFault::Edited };
    assert_eq!(touch(&mut world, &sensor, BOB).err(), Some(edited));
    let held = || sensor.0.lock().unwrap().secrets.len();
    assert_eq!(held(), 1);
    let change = world.vault().remove_operator(&alice, &name(BOB)).unwrap();
    world.rows.change_plain(&change.rows).unwrap();
    world.vault().with_biometric(Some(&sensor)).settle(change.afterwards).unwrap();
    assert_eq!(held(), 0);
}

#[test]
fn a_kill_at_any_change_of_an_arming_shuts_the_slot_or_opens_it_by_the_rules() {
    for kills in 0.. {
        let (mut world, sensor) = enrolled();
        let bob = world.sign_in(BOB, BOBS).unwrap();
        world.wait(u64::from(DAYS) * DAY_MS + 1);
        let now = world.now;
        world.die_before_write(kills);
        let armed = world.vault().arm_biometric(&bob, DAYS, now);
        let was_killed = world.start_again();
        assert_eq!(armed.is_err(), was_killed);
        let opened = touch(&mut world, &sensor, BOB);
        assert_eq!(opened.is_ok(), !was_killed, "kill {kills}");
        world.sign_in(BOB, BOBS).unwrap();
        if !was_killed {
            assert_eq!(kills, 3);
            break;
        }
    }
}
