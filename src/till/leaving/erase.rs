//! The erasure, in the one order in which no power cut leaves half of a till.
//!
//! | step | what it does | a process that ends before it is over |
//! |---|---|---|
//! | intent | is written and synced, under the till's own key | leaves a till that opens as before |
//! | keys | every key of the device goes, the till's own last | goes on at the next start |
//! | ways in | the rows that passwords open | the same |
//! | files | the database, its log, its ballast | the same |
//! | certificate | is signed and kept where the files were | the same |
//! | signer | the key that signed it goes | the same |
//! | intent off | the note goes | nothing is left to do |
//!
//! It never begins without an intent of this till's own. Evidence: `tests/leaving_kills.rs`.

use std::path::Path;
use std::sync::Arc;

use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::journal::{JournalError, JournalPorts, LockedJournal, Remains, erasure_note};
use crate::ports::{BiometricKey, DeviceKeys, Fate, FaultPlan, KillPoint, Moment, Ports};
use crate::till::leaving::certificate;
use crate::till::leaving::intent::{Found, Intent, SIGNER_ALIAS};
use crate::vault;

/// What a start found of an erasure.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::till) enum Resumed {
    /// None had begun.
    Nothing,
    /// It is over now: there is no till here.
    Finished,
    /// A note that this till had not written; it is gone, and nothing else is.
    Planted,
}

/// Goes on with an erasure that was begun. Before anything else is opened.
///
/// # Errors
/// `till_open_elsewhere`, and the errors of the device's keys and of the storage; it is tried again with the next start.
pub(in crate::till) fn resume(path: &Path, ports: &Ports) -> Result<Resumed, Error> {
    let Some(note) = erasure_note(path)? else { return Ok(Resumed::Nothing) };
    let faults = || Arc::clone(&ports.faults);
    let intent = match Intent::find(&*ports.device_keys, &note)? {
        Found::Ours(intent) => Some(intent),
        Found::KeyIsGone(intent) => intent,
        Found::Planted => {
            Remains::take(path, faults())?.remove_note()?;
            return Ok(Resumed::Planted);
        }
    };
    let place = match LockedJournal::open(path, JournalPorts::from(ports)) {
        Ok(locked) => Place::Locked(locked),
        Err(error @ (JournalError::OpenElsewhere | JournalError::Stopped)) => return Err(error.into()),
        // What cannot be opened is removed as it is.
        Err(_) => Place::Files(Remains::take(path, faults())?),
    };
    planted!(ErasureKeepsKeys, return leave_the_keys(&note, place, ports));
    let (keys, biometric, faults) = (&*ports.device_keys, ports.biometric.as_deref(), &*ports.faults);
    Work { keys, biometric, faults, now: ports.clock.now() }.carry_out(intent.as_deref(), &note, place)?;
    Ok(Resumed::Finished)
}

/// A mistake: the files go, and the keys stay.
#[cfg(feature = "planted-bugs")]
fn leave_the_keys(note: &[u8], place: Place, ports: &Ports) -> Result<Resumed, Error> {
    let (keys, biometric, faults) = (&*ports.device_keys, ports.biometric.as_deref(), &*ports.faults);
    Work { keys, biometric, faults, now: ports.clock.now() }.carry_out(None, note, place)?;
    Ok(Resumed::Finished)
}

/// An erasure that is being carried out.
pub(super) struct Work<'a> {
    pub keys: &'a dyn DeviceKeys,
    pub biometric: Option<&'a dyn BiometricKey>,
    pub faults: &'a dyn FaultPlan,
    pub now: Now,
}

/// What there is of the till's files.
pub(super) enum Place {
    /// A database that opens.
    Locked(LockedJournal),
    /// Files alone, or none.
    Files(Remains),
}

impl Work<'_> {
    /// Everything after the intent. Gives the certificate, where one could be signed.
    pub fn carry_out(&self, intent: Option<&Intent>, note: &[u8], place: Place) -> Result<Option<String>, Error> {
        for alias in intent.map(|intent| intent.keys.as_slice()).unwrap_or_default() {
            self.destroy(alias)?;
        }
        let remains = match place {
            Place::Locked(mut locked) => {
                // Whatever else keeps the rows, the file itself goes next.
                if let Err(JournalError::Stopped) = locked.forget_plain_rows() {
                    return Err(JournalError::Stopped.into());
                }
                locked.into_remains()?
            }
            Place::Files(remains) => remains,
        };
        remains.remove_records()?;
        let certificate = match intent {
            Some(intent) => self.certify(intent, note, &remains)?,
            None => None,
        };
        self.destroy(SIGNER_ALIAS)?;
        remains.remove_note()?;
        remains.leave();
        Ok(certificate)
    }

    /// Signs the certificate, unless an earlier run has.
    fn certify(&self, intent: &Intent, note: &[u8], remains: &Remains) -> Result<Option<String>, Error> {
        let id = intent.id();
        if let Some(certificate) = remains.certificate(&id) {
            return Ok(Some(certificate));
        }
        let Some(seed) = intent.seed(self.keys, note)? else { return Ok(None) };
        let Some(signed) = certificate::sign(intent, &seed, self.now.wall) else { return Ok(None) };
        let text = signed.to_string();
        remains.keep_certificate(&id, &text)?;
        Ok(Some(text))
    }

    fn destroy(&self, alias: &str) -> Result<(), Error> {
        self.pass(Moment::Before)?;
        vault::destroy(self.keys, self.biometric, alias)?;
        self.pass(Moment::After)
    }

    fn pass(&self, moment: Moment) -> Result<(), Error> {
        match self.faults.reach(KillPoint { moment, step: "erase.key" }) {
            Fate::Die => Err(ErrorCode::StoppedByFaultPlan.into()),
            Fate::GoOn | Fate::DiskFull | Fate::SyncFailed | Fate::Locked => Ok(()),
        }
    }
}
