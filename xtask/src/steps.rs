//! Running other programs, one step at a time, with a heading that says what the step proves. Evidence: every step of
//! `cargo xtask test`; a step that fails ends it, `tests/headers.rs` is one of them.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use cargo_metadata::MetadataCommand;

/// How long a step may take where CI=true, so that one that hangs ends with its name and not with the whole run.
const LIMIT: Duration = Duration::from_secs(30 * 60);
const LOOK: Duration = Duration::from_millis(200);
/// How long lines are still taken from a step that has ended: what it left running may hold its output open for ever.
const AFTERWARDS: Duration = Duration::from_secs(2);

/// Runs one step in the project's folder; the first that fails ends the run.
pub fn step(heading: &str, command: &mut Command) -> Result<(), String> {
    let mut running = Running::start(heading, command)?;
    loop {
        if let Some(verdict) = running.verdict()? {
            return verdict;
        }
        std::thread::sleep(LOOK);
    }
}

/// Runs one step and keeps what it says on standard output, of which `shown` decides what is passed on.
pub fn listen(heading: &str, command: &mut Command, shown: impl Fn(&str) -> bool) -> Result<Vec<String>, String> {
    let (lines, verdict) = hear(heading, command, shown)?;
    verdict.map(|()| lines)
}

/// The lines that a step said, and whether it succeeded.
pub type Heard = (Vec<String>, Result<(), String>);

/// As `listen`, and what was said is kept from a step that fails too.
pub fn hear(heading: &str, command: &mut Command, shown: impl Fn(&str) -> bool) -> Result<Heard, String> {
    let mut running = Running::start(heading, command.stdout(Stdio::piped()))?;
    let said = running.lines();
    let mut lines = Vec::new();
    let mut ended = None;
    loop {
        match said.recv_timeout(if ended.is_some() { AFTERWARDS } else { LOOK }) {
            Ok(line) => {
                if shown(&line) {
                    println!("{line}");
                }
                lines.push(line);
            }
            Err(RecvTimeoutError::Timeout) if ended.is_none() => ended = running.verdict()?,
            Err(_) => break,
        }
    }
    while ended.is_none() {
        std::thread::sleep(LOOK);
        ended = running.verdict()?;
    }
    Ok((lines, ended.unwrap_or(Ok(()))))
}

/// A step that was started. In CI it is a group of processes of its own, of which nothing outlives it.
struct Running {
    heading: String,
    child: Child,
    began: Instant,
    has_group: bool,
}

impl Running {
    fn start(heading: &str, command: &mut Command) -> Result<Self, String> {
        eprintln!("\n==> {heading}");
        let has_group = in_ci();
        if has_group {
            command.process_group(0);
        }
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command.current_dir(project_folder()).spawn();
        let child = child.map_err(|error| format!("{heading}: {program} could not be started: {error}"))?;
        Ok(Self { heading: heading.to_owned(), child, began: Instant::now(), has_group })
    }

    /// What it says on standard output, line by line, until nobody can say anything more.
    fn lines(&mut self) -> Receiver<String> {
        let (sender, said) = channel();
        if let Some(output) = self.child.stdout.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                    if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                        return;
                    }
                }
            });
        }
        said
    }

    /// Whether it succeeded, once it has ended. One that takes too long is ended.
    fn verdict(&mut self) -> Result<Option<Result<(), String>>, String> {
        let Self { heading, child, began, has_group } = self;
        let Some(status) = child.try_wait().map_err(|error| format!("{heading}: {error}"))? else {
            if *has_group && began.elapsed() > LIMIT {
                self.end_group();
                return Err(format!("{}: not done after {} minutes", self.heading, LIMIT.as_secs() / 60));
            }
            return Ok(None);
        };
        let (took, verdict) =
            (began.elapsed(), if status.success() { Ok(()) } else { Err(format!("{heading}: failed ({status})")) });
        if verdict.is_ok() {
            eprintln!("    ok, {} s", took.as_secs());
        }
        if *has_group {
            self.end_group();
        }
        Ok(Some(verdict))
    }

    fn end_group(&self) {
        let group = format!("-{}", self.child.id());
        // A group of which nobody is left is no failure.
        let _ended = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
    }
}

/// Whether the environment says `CI=true`.
pub fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

/// `cargo` with arguments, the same cargo that runs this program.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    command
}

/// Any other program.
pub fn command(program: &Path) -> Command {
    Command::new(program)
}

/// Where cargo builds; asked of cargo, because a setting may move it.
pub fn target_folder() -> Result<PathBuf, String> {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    if let Some(found) = FOUND.get() {
        return Ok(found.clone());
    }
    let metadata = MetadataCommand::new().current_dir(project_folder()).no_deps().exec();
    let metadata = metadata.map_err(|error| format!("cargo metadata: {error}"))?;
    Ok(FOUND.get_or_init(|| metadata.target_directory.into_std_path_buf()).clone())
}

/// The folder that holds the workspace.
pub fn project_folder() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::hear;

    #[test]
    fn what_a_step_leaves_running_holds_nobody_up() {
        let mut step = Command::new("sh");
        step.args(["-c", "sleep 120 & echo $!; exit 3"]);
        let (lines, verdict) = hear("a step", &mut step, |_| false).expect("there is a shell");
        assert_eq!(verdict.expect_err("it said so"), "a step: failed (exit status: 3)");
        let [left] = &lines[..] else { panic!("{lines:?}") };
        let stat = std::fs::read_to_string(format!("/proc/{left}/stat")).unwrap_or_default();
        let is_there = stat.contains(") S");
        Command::new("kill").arg(left).status().expect("it is everywhere");
        // In CI it is gone with the step's group; elsewhere it still sleeps, and was not waited for.
        assert_eq!(is_there, !super::in_ci());
    }
}
