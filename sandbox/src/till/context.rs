//! Where a command works: the till's folders, and the terminal once a command needs it.
//! Evidence: `mod tests` below.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use directories::ProjectDirs;
use taptill::error::ErrorCode;
use taptill::ports::{FaultPlan, Ports};
use taptill::terminal::Terminal;

use crate::desktop::desktop_ports;
use crate::reader::ScriptedReader;

use super::args::Global;
use super::failure::Failure;
use super::faults;
use super::screen::Screen;

/// A till that is opened by the first command that needs it and stays open.
pub(super) struct Till {
    home: Option<PathBuf>,
    device: Option<PathBuf>,
    screen: Arc<Screen>,
    reader: Arc<ScriptedReader>,
    faults: Arc<dyn FaultPlan>,
    terminal: Option<Terminal>,
}

impl Till {
    pub(super) fn new(global: &Global) -> Self {
        Self {
            home: global.home.clone(),
            device: global.device.clone(),
            screen: Arc::new(Screen::new(!global.json)),
            reader: Arc::default(),
            faults: faults::plan(global.die_at.clone()),
            terminal: None,
        }
    }

    /// The terminal, opened if it is not yet.
    pub(super) fn terminal(&mut self) -> Result<&Terminal, Failure> {
        if self.terminal.is_none() {
            let home = self.home_of_a_till()?;
            self.terminal = Some(Terminal::open(&home, self.ports()?)?);
        }
        self.terminal.as_ref().ok_or_else(|| ErrorCode::TerminalClosed.into())
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
