//! The ports of a case: they do what they should until a step tells them to fail.

use std::collections::{BTreeMap, VecDeque};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use taptill::ports::{Clock as _, DeviceKeys as _, DeviceKeysFault};
use taptill_ffi::{
    BiometricFault, BiometricKey, CardChannel, CardFault, Clock, ClockReading, DeviceKeys, Display, EncryptedReader,
    ExportFault, ExportSink, KeyFault, KeyKind, NetworkPosture, Notice, Observer, PortFault, Ports, Posture, Screen,
    SecretSink,
};
use taptill_sandbox::desktop::{FolderDeviceKeys, SystemClock};
use taptill_sandbox::scratch::{self, Scratch};

use crate::args::Failure;
use crate::reader::NextRead;
use crate::values;

/// How long a card may take for one answer.
const CARD_LIMIT: Duration = Duration::from_secs(1);

/// What the ports of a case share with its steps.
#[derive(Default)]
pub struct Device {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
pub struct State {
    /// None until a key is asked for; another one after the keys were lost.
    keys: Option<(Scratch, FolderDeviceKeys)>,
    /// What the sensor holds, by alias: the secret and what it is bound to.
    fingers: BTreeMap<String, (Vec<u8>, Vec<u8>)>,
    /// By port, or by port and method: the word of the fault.
    pub faults: BTreeMap<String, String>,
    pub posture: Option<Posture>,
    /// How far each of the three clocks is from the system's.
    pub shifts: Shifts,
    pub notices: Vec<String>,
    /// How many notices `heard` has taken.
    pub heard: usize,
    pub fields_used: usize,
    pub screens: Vec<Screen>,
    /// How many screens there were when a tap used the field of the last one.
    pub screens_used: usize,
    /// The certified reader, where the case has one.
    pub reader: Option<Arc<dyn EncryptedReader>>,
    /// What its next reads come to.
    pub reads: VecDeque<NextRead>,
    /// Whether it is waiting in a read, and whether that was cancelled.
    pub is_reading: bool,
    pub is_cancelled: bool,
    pub paused: bool,
    pub released: bool,
    /// What was handed out, by file.
    pub exported: BTreeMap<String, Vec<u8>>,
}

/// How far a case's clocks are from the system's.
#[derive(Clone, Copy, Default)]
pub struct Shifts {
    pub wall_ms: i64,
    pub mono_ms: i64,
    pub boots: i64,
}

impl Device {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn tell(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    /// Waits until `ready` gives something.
    pub fn wait<T>(&self, patience: Duration, mut ready: impl FnMut(&mut State) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + patience;
        let mut state = self.state();
        loop {
            if let Some(value) = ready(&mut state) {
                return Some(value);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    pub fn lose_keys(&self) {
        self.state().keys = None;
    }

    fn fault(&self, port: &str, method: &str) -> Option<String> {
        let state = self.state();
        state.faults.get(port).or_else(|| state.faults.get(&format!("{port}.{method}"))).cloned()
    }

    fn keys(&self) -> FolderDeviceKeys {
        let mut state = self.state();
        let (_, keys) = state.keys.get_or_insert_with(|| {
            let folder = scratch::folder("contract-device");
            let keys = FolderDeviceKeys::open(&folder.path().join("keys")).expect("a folder for device keys");
            (folder, keys)
        });
        keys.clone()
    }

    /// What the face borrows.
    pub fn ports(self: &Arc<Self>) -> Ports {
        Ports {
            device_keys: Arc::new(Lent(Arc::clone(self))),
            clock: Arc::new(Lent(Arc::clone(self))),
            network: Arc::new(Lent(Arc::clone(self))),
            observer: Arc::new(Lent(Arc::clone(self))),
            encrypted_reader: self.state().reader.clone(),
            biometric: Some(Arc::new(Lent(Arc::clone(self)))),
        }
    }

    pub fn drawer(self: &Arc<Self>) -> Arc<dyn ExportSink> {
        Arc::new(Lent(Arc::clone(self)))
    }

    pub fn display(self: &Arc<Self>) -> Arc<dyn Display> {
        Arc::new(Lent(Arc::clone(self)))
    }
}

/// The device as each port sees it.
struct Lent(Arc<Device>);

impl Lent {
    fn port_fault(&self, port: &str) -> Result<(), PortFault> {
        match self.0.fault(port, "").as_deref() {
            None => Ok(()),
            Some("failed") => Err(PortFault::Failed),
            Some(_) => Err(PortFault::Undeclared),
        }
    }

    /// The device's keys, unless they are to fail; `nothing` is for the two that give by a sink.
    fn keys(&self, method: &str) -> Result<FolderDeviceKeys, KeyFault> {
        match self.0.fault("device_keys", method).as_deref() {
            None | Some("nothing") => Ok(self.0.keys()),
            Some(word) => Err(key_fault(word)),
        }
    }

    /// Whether the sensor gives what it recognised somebody for, unless it is to fail.
    fn sensor(&self, method: &str) -> Result<bool, BiometricFault> {
        match self.0.fault("biometric", method).as_deref() {
            None => Ok(true),
            Some("nothing") => Ok(false),
            Some(word) => Err(biometric_fault(word)),
        }
    }

    fn put(&self, method: &str, secret: &[u8], into: &SecretSink) -> Result<(), KeyFault> {
        match self.0.fault("device_keys", method).as_deref() {
            Some("nothing") => Ok(()),
            _ => into.put(secret).map_err(|_| KeyFault::Undeclared),
        }
    }
}

impl DeviceKeys for Lent {
    fn create(&self, alias: String, kind: KeyKind) -> Result<(), KeyFault> {
        self.keys("create")?.create(&alias, kind.into()).map_err(of_core)
    }

    fn exists(&self, alias: String) -> Result<bool, KeyFault> {
        self.keys("exists")?.exists(&alias).map_err(of_core)
    }

    fn destroy(&self, alias: String) -> Result<(), KeyFault> {
        self.keys("destroy")?.destroy(&alias).map_err(of_core)
    }

    fn public_key(&self, alias: String) -> Result<Vec<u8>, KeyFault> {
        self.keys("public_key")?.public_key(&alias).map_err(of_core)
    }

    fn attest(&self, alias: String, challenge: Vec<u8>) -> Result<Vec<Vec<u8>>, KeyFault> {
        self.keys("attest")?.attest(&alias, &challenge).map_err(of_core)
    }

    fn wrap(&self, alias: String, secret: Vec<u8>, context: Vec<u8>) -> Result<Vec<u8>, KeyFault> {
        self.keys("wrap")?.wrap(&alias, &secret, &context).map_err(of_core)
    }

    fn unwrap(&self, alias: String, wrapped: Vec<u8>, context: Vec<u8>, into: Arc<SecretSink>) -> Result<(), KeyFault> {
        let secret = self.keys("unwrap")?.unwrap(&alias, &wrapped, &context).map_err(of_core)?;
        self.put("unwrap", secret.expose(), &into)
    }

    fn mac(&self, alias: String, data: Vec<u8>, into: Arc<SecretSink>) -> Result<(), KeyFault> {
        let mac = self.keys("mac")?.mac(&alias, &data).map_err(of_core)?;
        self.put("mac", mac.expose(), &into)
    }

    fn sign(&self, alias: String, data: Vec<u8>) -> Result<Vec<u8>, KeyFault> {
        self.keys("sign")?.sign(&alias, &data).map_err(of_core)
    }
}

impl BiometricKey for Lent {
    fn create(&self, alias: String, secret: Vec<u8>, context: Vec<u8>) -> Result<Vec<u8>, BiometricFault> {
        self.sensor("create")?;
        let wrapped = alias.clone().into_bytes();
        self.0.state().fingers.insert(alias, (secret, context));
        Ok(wrapped)
    }

    fn release(
        &self,
        alias: String,
        wrapped: Vec<u8>,
        context: Vec<u8>,
        into: Arc<SecretSink>,
    ) -> Result<(), BiometricFault> {
        let gives = self.sensor("release")?;
        let held = self.0.state().fingers.get(&alias).cloned();
        let (secret, bound_to) = held.ok_or(BiometricFault::NotFound)?;
        if wrapped != alias.as_bytes() || context != bound_to {
            return Err(BiometricFault::Void);
        }
        if gives { into.put(&secret).map_err(|_| BiometricFault::Undeclared) } else { Ok(()) }
    }

    fn destroy(&self, alias: String) -> Result<(), BiometricFault> {
        self.sensor("destroy")?;
        self.0.state().fingers.remove(&alias);
        Ok(())
    }
}

impl Clock for Lent {
    fn now(&self) -> Result<ClockReading, PortFault> {
        self.port_fault("clock")?;
        let (now, shifts) = (SystemClock::new().now(), self.0.state().shifts);
        Ok(ClockReading {
            wall_ms: now.wall.0.saturating_add(shifts.wall_ms),
            mono_ms: now.mono.0.saturating_add_signed(shifts.mono_ms),
            boot_count: now.boot.0.saturating_add_signed(shifts.boots),
        })
    }
}

impl NetworkPosture for Lent {
    fn posture(&self) -> Result<Posture, PortFault> {
        self.port_fault("network")?;
        Ok(self.0.state().posture.unwrap_or(Posture::Trusted))
    }
}

impl Observer for Lent {
    fn hear(&self, notice: Notice) -> Result<(), PortFault> {
        self.0.tell(|state| state.notices.push(values::notice(&notice)));
        self.port_fault("observer")
    }
}

impl ExportSink for Lent {
    fn put(&self, name: String, bytes: Vec<u8>) -> Result<(), ExportFault> {
        self.0.fault("export", "put").map_or(Ok(()), |word| Err(export_fault(&word)))?;
        self.0.tell(|state| state.exported.entry(name).or_default().extend(bytes));
        Ok(())
    }

    fn finish(&self) -> Result<(), ExportFault> {
        self.0.fault("export", "finish").map_or(Ok(()), |word| Err(export_fault(&word)))
    }
}

impl Display for Lent {
    fn show(&self, screen: Screen) -> Result<(), PortFault> {
        self.0.tell(|state| state.screens.push(screen));
        Ok(())
    }
}

fn of_core(fault: DeviceKeysFault) -> KeyFault {
    match fault {
        DeviceKeysFault::NotFound => KeyFault::NotFound,
        DeviceKeysFault::AlreadyExists => KeyFault::AlreadyExists,
        DeviceKeysFault::WrongKind => KeyFault::WrongKind,
        DeviceKeysFault::Unavailable => KeyFault::Unavailable,
        DeviceKeysFault::Rejected => KeyFault::Rejected,
        DeviceKeysFault::Damaged => KeyFault::Damaged,
        DeviceKeysFault::Unsupported => KeyFault::Unsupported,
    }
}

fn key_fault(word: &str) -> KeyFault {
    match word {
        "not_found" => KeyFault::NotFound,
        "already_exists" => KeyFault::AlreadyExists,
        "wrong_kind" => KeyFault::WrongKind,
        "unavailable" => KeyFault::Unavailable,
        "rejected" => KeyFault::Rejected,
        "damaged" => KeyFault::Damaged,
        "unsupported" => KeyFault::Unsupported,
        _ => KeyFault::Undeclared,
    }
}

fn biometric_fault(word: &str) -> BiometricFault {
    match word {
        "void" => BiometricFault::Void,
        "not_found" => BiometricFault::NotFound,
        "not_recognised" => BiometricFault::NotRecognised,
        "cancelled" => BiometricFault::Cancelled,
        "unavailable" => BiometricFault::Unavailable,
        _ => BiometricFault::Undeclared,
    }
}

fn export_fault(word: &str) -> ExportFault {
    match word {
        "full" => ExportFault::Full,
        "read_only" => ExportFault::ReadOnly,
        "not_empty" => ExportFault::NotEmpty,
        "failed" => ExportFault::Failed,
        _ => ExportFault::Undeclared,
    }
}

/// Whether a port knows this fault.
pub fn check_fault(port: &str, word: &str) -> Result<(), Failure> {
    let known = match port {
        "card" => ["lost", "timed_out", "reader_failed", "undeclared"].contains(&word),
        "device_keys" => word == "undeclared" || word == "nothing" || key_fault(word) != KeyFault::Undeclared,
        "biometric" => ["undeclared", "nothing"].contains(&word) || biometric_fault(word) != BiometricFault::Undeclared,
        "export" => word == "undeclared" || export_fault(word) != ExportFault::Undeclared,
        "clock" | "network" | "observer" => ["failed", "undeclared"].contains(&word),
        _ => false,
    };
    if known { Ok(()) } else { Err(Failure::unknown(format!("{port} has no fault {word}"))) }
}

/// A card of the stand, in the field for one tap.
pub struct Tap {
    pub device: Arc<Device>,
    pub address: String,
    pub pause_at: Option<usize>,
    /// At which command, and the fault's word.
    pub fault: Option<(usize, String)>,
    pub patience: Duration,
    pub progress: Mutex<(usize, Option<TcpStream>)>,
}

impl CardChannel for Tap {
    fn transceive(&self, command: Vec<u8>) -> Result<Vec<u8>, CardFault> {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.0 += 1;
        if self.pause_at == Some(progress.0) {
            self.device.tell(|state| state.paused = true);
            self.device.wait(self.patience, |state| state.released.then_some(()));
        }
        match &self.fault {
            Some((at, word)) if *at == progress.0 => return Err(card_fault(word)),
            _ => {}
        }
        if progress.1.is_none() {
            let stream = TcpStream::connect(&self.address).map_err(|_| CardFault::Lost)?;
            stream.set_read_timeout(Some(CARD_LIMIT)).map_err(|_| CardFault::ReaderFailed)?;
            progress.1 = Some(stream);
        }
        progress.1.as_mut().map_or(Err(CardFault::ReaderFailed), |stream| exchange(stream, &command))
    }
}

fn exchange(stream: &mut TcpStream, command: &[u8]) -> Result<Vec<u8>, CardFault> {
    let of_socket = |error: std::io::Error| match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => CardFault::TimedOut,
        _ => CardFault::Lost,
    };
    let length = u16::try_from(command.len()).map_err(|_| CardFault::ReaderFailed)?.to_be_bytes();
    stream.write_all(&[&length, command].concat()).map_err(of_socket)?;
    let mut length = [0; 2];
    stream.read_exact(&mut length).map_err(of_socket)?;
    let mut response = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut response).map_err(of_socket)?;
    Ok(response)
}

fn card_fault(word: &str) -> CardFault {
    match word {
        "lost" => CardFault::Lost,
        "timed_out" => CardFault::TimedOut,
        "reader_failed" => CardFault::ReaderFailed,
        _ => CardFault::Undeclared,
    }
}
