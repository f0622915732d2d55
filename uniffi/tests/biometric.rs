//! A shell's sensor across the face: each word that it may say, whatever it says besides, and one that hangs.

#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]
#![allow(clippy::result_large_err, reason = "the error of the face is a value that crosses it whole")]

mod support;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use support::{ALICE, Shop, wait};
use taptill_ffi::{BiometricFault, BiometricKey, BiometricStanding, People, Ports, SecretSink, Terminal, facts_of};

use BiometricFault as F;

/// A sensor of a shell; it does what a test has lined up.
struct ShellSensor {
    held: Mutex<Option<Vec<u8>>>,
    does: Mutex<Does>,
    hanging: (Mutex<Sender<()>>, Mutex<Receiver<()>>),
}

#[derive(Clone, Copy)]
enum Does {
    Recognises,
    Says(BiometricFault),
    PutsNothing,
    PutsRubbish,
    Panics,
    Hangs,
}

impl ShellSensor {
    fn new() -> Arc<Self> {
        let (let_go, held_up) = channel();
        let hanging = (Mutex::new(let_go), Mutex::new(held_up));
        Arc::new(Self { held: Mutex::default(), does: Mutex::new(Does::Recognises), hanging })
    }

    fn will(&self, does: Does) {
        *self.does.lock().unwrap() = does;
    }
}

impl BiometricKey for ShellSensor {
    fn create(&self, _: String, secret: Vec<u8>, _: Vec<u8>) -> Result<Vec<u8>, F> {
        *self.held.lock().unwrap() = Some(secret);
        Ok(b"wrapped".to_vec())
    }

    fn release(&self, _: String, wrapped: Vec<u8>, _: Vec<u8>, into: Arc<SecretSink>) -> Result<(), F> {
        assert_eq!(wrapped, b"wrapped");
        let does = *self.does.lock().unwrap();
        let secret = self.held.lock().unwrap().clone().ok_or(F::NotFound)?;
        match does {
            Does::Recognises => into.put(&secret).map_err(|_| F::Undeclared),
            Does::Says(fault) => Err(fault),
            Does::PutsNothing => Ok(()),
            Does::PutsRubbish => into.put(&[7; 32]).map_err(|_| F::Undeclared),
            Does::Panics => panic!("a port of the shell has a bug"),
            Does::Hangs => {
                let _let_go = self.hanging.1.lock().unwrap().recv();
                Err(F::Cancelled)
            }
        }
    }

    fn destroy(&self, _: String) -> Result<(), F> {
        *self.held.lock().unwrap() = None;
        Ok(())
    }
}

fn till(shop: &Shop, sensor: &Arc<ShellSensor>) -> Arc<Terminal> {
    let biometric = Some(Arc::clone(sensor) as Arc<dyn BiometricKey>);
    support::open(&shop.home(), Ports { biometric, ..shop.phone().ports() })
}

/// The reason of the refusal, or who came in.
fn unlock(people: &People) -> String {
    match people.unlock_by_biometric().and_then(|work| wait(work.await_done())) {
        Ok(done) => done.session.unwrap().operator,
        Err(error) => {
            let facts = error.facts();
            assert_eq!(facts.code, "biometric_refused");
            facts.details.iter().find(|detail| detail.name == "why").unwrap().value.clone()
        }
    }
}

#[test]
fn each_word_of_a_sensor_and_whatever_else_it_does_is_one_refusal_and_not_the_tills_end() {
    assert_eq!(facts_of("biometric_refused").unwrap().code, "biometric_refused");
    let shop = Shop::new();
    let sensor = ShellSensor::new();
    let till = till(&shop, &sensor);
    let people = till.people().unwrap();
    wait(people.enrol_biometric(ALICE.1).unwrap().await_done()).unwrap();
    assert_eq!(till.state().unwrap().biometric, BiometricStanding::Ready);
    let table = [
        (Does::Says(F::NotRecognised), "not_recognised"),
        (Does::Says(F::Cancelled), "not_recognised"),
        (Does::Says(F::Unavailable), "unavailable"),
        (Does::Says(F::Undeclared), "unavailable"),
        (Does::PutsNothing, "unavailable"),
        (Does::Panics, "unavailable"),
        (Does::PutsRubbish, "enrolment_changed"),
        (Does::Recognises, ALICE.0),
    ];
    for (row, (does, verdict)) in table.into_iter().enumerate() {
        wait(people.lock()).unwrap();
        sensor.will(does);
        assert_eq!(unlock(&people), verdict, "row {row}");
    }
    wait(people.lock()).unwrap();
    sensor.will(Does::Says(F::Void));
    assert_eq!(unlock(&people), "enrolment_changed");
    assert!(sensor.held.lock().unwrap().is_none(), "the key is destroyed");
    till.close().unwrap();
}

#[test]
fn a_sensor_that_hangs_keeps_neither_a_person_out_nor_a_till_open() {
    let shop = Shop::new();
    let sensor = ShellSensor::new();
    let till = till(&shop, &sensor);
    let people = till.people().unwrap();
    wait(people.enrol_biometric(ALICE.1).unwrap().await_done()).unwrap();
    wait(people.lock()).unwrap();
    sensor.will(Does::Hangs);
    let hanging = people.unlock_by_biometric().unwrap();
    wait(people.unlock(ALICE.1).unwrap().await_done()).unwrap();
    assert!(wait(hanging.await_done()).is_err());
    wait(people.lock()).unwrap();
    let _hanging = people.unlock_by_biometric().unwrap();
    till.close().unwrap();
    sensor.hanging.0.lock().unwrap().send(()).unwrap();
}
