//! Where a command works, and who: the till's folders, the terminal once a command needs it, and the operator who is
//! signed in for one command and out after it. Evidence: `mod tests` below, `sandbox/tests/till_people.rs`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use directories::ProjectDirs;
use taptill::error::{Error, ErrorCode};
use taptill::ids::OperatorName;
use taptill::ports::{FaultPlan, Ports};
use taptill::terminal::Terminal;
use taptill::till::Standing;

use crate::desktop::{FolderDeviceKeys, desktop_ports, fingers, posture_file};
use crate::reader::ScriptedReader;

use super::args::{Global, Person};
use super::failure::Failure;
use super::faults;
use super::incident;
use super::password::{self, Wanted};
use super::screen::Screen;
use super::session;

/// A till that is opened by the first command that needs it and stays open.
pub(super) struct Till {
    home: Option<PathBuf>,
    device: Option<PathBuf>,
    screen: Arc<Screen>,
    reader: Arc<ScriptedReader>,
    faults: Arc<dyn FaultPlan>,
    terminal: Option<Terminal>,
    /// Who is signed in as soon as a command needs the terminal.
    worker: Option<Person>,
    /// Whether it outlives its command.
    is_shell: bool,
    /// Whether a person reads.
    speaks: bool,
}

impl Till {
    pub(super) fn new(global: &Global, is_shell: bool) -> Self {
        let worker = Some(global.person.clone()).filter(|person| person.operator.is_some());
        Self {
            worker,
            is_shell,
            speaks: !global.json,
            home: global.home.clone(),
            device: global.device.clone(),
            screen: Arc::new(Screen::new(!global.json)),
            reader: Arc::default(),
            faults: faults::plan(global.die_at.clone()),
            terminal: None,
        }
    }

    /// The terminal, opened if it is not yet, with its operator signed in if one was named.
    pub(super) fn terminal(&mut self) -> Result<&Terminal, Failure> {
        if let Some((name, person)) = self.take_worker()? {
            let terminal = self.terminal_of_nobody()?;
            let password = password::get(person.password(), Wanted::Of(name.as_str()))?;
            let session = session::sign_in_and_change_if_must(terminal, &name, password)?;
            if terminal.till_state()?.frozen.is_some() {
                incident::until_the_host_knows(terminal);
            }
            if self.speaks {
                session::news(&session).iter().for_each(|line| eprintln!("{line}"));
            }
        }
        self.terminal_of_nobody()
    }

    /// The same, where somebody is asked for a password next: not before it is known that it is of use.
    pub(super) fn terminal_at_work(&mut self) -> Result<&Terminal, Failure> {
        let terminal = self.terminal()?;
        match terminal.till_state()?.standing {
            Standing::SignedIn => Ok(terminal),
            Standing::Unclaimed => Err(ErrorCode::TillUnclaimed.into()),
            other => Err(Error::from(ErrorCode::TillLocked).word("state", other.word()).into()),
        }
    }

    /// The terminal, opened if it is not yet, with nobody signed in by this call.
    pub(super) fn terminal_of_nobody(&mut self) -> Result<&Terminal, Failure> {
        if self.terminal.is_none() {
            let home = self.home_of_a_till()?;
            self.terminal = Some(Terminal::open(&home, self.ports()?)?);
        }
        self.terminal.as_ref().ok_or_else(|| ErrorCode::TerminalClosed.into())
    }

    /// The terminal for a command that only makes sense while a session goes on.
    pub(super) fn terminal_of_a_shell(&mut self, command: &str) -> Result<&Terminal, Failure> {
        if self.is_shell {
            return self.terminal();
        }
        Err(Failure::Usage(format!(
            "{command} belongs in a shell: outside one, each command signs its operator in (--operator NAME) and out again"
        )))
    }

    /// The operator who was named for this process, once.
    pub(super) fn take_worker(&mut self) -> Result<Option<(OperatorName, Person)>, Failure> {
        let Some(person) = self.worker.take() else { return Ok(None) };
        let name = OperatorName::new(person.operator.clone().unwrap_or_default())?;
        Ok(Some((name, person)))
    }

    /// Whether somebody is to be signed in who is not yet.
    pub(super) fn awaits_worker(&self) -> bool {
        self.worker.is_some()
    }

    /// Whether it outlives its command.
    pub(super) fn is_shell(&self) -> bool {
        self.is_shell
    }

    /// Signs out whoever is signed in. What the command did stands, whatever comes of this.
    pub(super) fn leave(&self) {
        let Some(terminal) = &self.terminal else { return };
        let is_somebody_there =
            terminal.till_state().is_ok_and(|state| matches!(state.standing, Standing::SignedIn | Standing::Locked));
        if is_somebody_there && let Err(error) = terminal.sign_out() {
            eprintln!("The till could not sign out ({}). It does so when it is opened next.", error.code().code());
        }
    }

    /// The terminal, if a command has opened it.
    pub(super) fn open_terminal(&self) -> Option<&Terminal> {
        self.terminal.as_ref()
    }

    /// The till's folder, which must be there: looking at a till makes no folders.
    pub(super) fn home_of_a_till(&self) -> Result<PathBuf, Failure> {
        let home = self.home()?;
        if home.is_dir() { Ok(home) } else { Err(ErrorCode::NotProvisioned.into()) }
    }

    /// The ports of this desktop, with the device's folder made if need be.
    pub(super) fn ports(&self) -> Result<Ports, Failure> {
        let observer = Arc::clone(&self.screen);
        let ports = desktop_ports(&self.device()?, observer, Arc::clone(&self.faults))?;
        // It is lent in any case: whether a sale uses it is the dialect's to say, and the core's.
        Ok(Ports { encrypted_reader: Some(self.reader()), ..ports })
    }

    /// The certified reader that lies beside the till.
    pub(super) fn reader(&self) -> Arc<ScriptedReader> {
        Arc::clone(&self.reader)
    }

    /// What the cashier and the customer see.
    pub(super) fn screen(&self) -> Arc<Screen> {
        Arc::clone(&self.screen)
    }

    /// The till's folder.
    pub(super) fn home(&self) -> Result<PathBuf, Failure> {
        self.home_or("till")
    }

    /// The folder of the sandbox's host, when a command is about that.
    pub(super) fn host_home(&self) -> Result<PathBuf, Failure> {
        self.home_or("host")
    }

    /// Whether these are the folders that the till was started with, or none are named.
    pub(super) fn is_at(&self, global: &Global) -> bool {
        let same = |mine: &Option<PathBuf>, named: &Option<PathBuf>| named.is_none() || mine == named;
        same(&self.home, &global.home) && same(&self.device, &global.device) && global.die_at.is_none()
    }

    /// Another folder for one command.
    pub(super) fn elsewhere(&self, global: &Global) -> Self {
        Self {
            home: global.home.clone().or_else(|| self.home.clone()),
            device: global.device.clone().or_else(|| self.device.clone()),
            screen: Arc::clone(&self.screen),
            reader: Arc::clone(&self.reader),
            faults: Arc::clone(&self.faults),
            terminal: None,
            worker: None,
            is_shell: false,
            speaks: self.speaks,
        }
    }

    fn home_or(&self, name: &str) -> Result<PathBuf, Failure> {
        match &self.home {
            Some(home) => Ok(home.clone()),
            None => {
                let folders = ProjectDirs::from("", "", "taptill").ok_or(ErrorCode::FileUnusable)?;
                Ok(folders.data_dir().join(name))
            }
        }
    }

    /// `<home>-device` beside the till's folder, unless another was named.
    fn device(&self) -> Result<PathBuf, Failure> {
        match &self.device {
            Some(device) => Ok(device.clone()),
            None => Ok(beside(&self.home()?, "-device")),
        }
    }

    /// Where the keys of the simulated finger lie.
    pub(super) fn fingers(&self) -> Result<PathBuf, Failure> {
        let device = self.device()?;
        // The device's folder says what it is before anything lies in it.
        FolderDeviceKeys::open(&device)?;
        Ok(fingers(&device))
    }

    /// Where the simulated device says what network it is on.
    pub(super) fn posture_file(&self) -> Result<PathBuf, Failure> {
        let device = self.device()?;
        // The device's folder says what it is before anything lies in it.
        FolderDeviceKeys::open(&device)?;
        Ok(posture_file(&device))
    }

    /// Where the simulated cards keep their counters: cards outlive the till that they are tapped on.
    pub(super) fn cards(&self) -> Result<PathBuf, Failure> {
        Ok(beside(&self.home()?, "-cards"))
    }
}

fn beside(home: &Path, suffix: &str) -> PathBuf {
    let mut name = home.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    home.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_device_folder_lies_beside_the_tills() {
        for (home, verdict) in [("/a/till", "/a/till-device"), ("till", "till-device"), ("/a/till/", "/a/till-device")]
        {
            assert_eq!(beside(Path::new(home), "-device"), Path::new(verdict));
        }
    }
}
