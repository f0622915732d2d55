//! What must be on the machine, how to see that it is, and what is done or said where it is not.
//!
//! On Debian and Ubuntu, as root, a missing JDK or Maven is installed, with its size said before; a missing Swift
//! is made in a root of its own by `toolchains/swift-root.sh`. Anywhere else the run ends with the command to type.
//!
//! It touches nothing but what the machine's own installer or cache folder holds. Evidence: `mod tests`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::steps::{project_folder, step};

/// The oldest that works: Java 17, Maven 3.8, Swift 6.0.
const JAVA_MIN: Version = Version(17, 0);
const MAVEN_MIN: Version = Version(3, 8);
const SWIFT_MIN: Version = Version(6, 0);

/// Where the Swift root lies unless `TAPTILL_SWIFT_ROOT` says otherwise: outside every clone, so that one serves all.
const SWIFT_ROOT: &str = "/var/cache/taptill/swift-root";

/// The first two numbers of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(u32, u32);

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// The version that follows `mark` in what a tool says of itself; the second number may be missing.
fn version_after(mark: &str, text: &str) -> Option<Version> {
    let said = text.split_once(mark)?.1.trim_start();
    let end = said.find(|one: char| !one.is_ascii_digit() && one != '.').unwrap_or(said.len());
    let mut numbers = said[..end].split('.').map(str::parse);
    let major = numbers.next()?.ok()?;
    Some(Version(major, numbers.next().and_then(Result::ok).unwrap_or(0)))
}

/// What a program answers to `arguments`, both channels; nothing where it cannot be started or fails.
fn answer(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    let text = [output.stdout, output.stderr].concat();
    output.status.success().then(|| String::from_utf8_lossy(&text).into_owned())
}

/// The tools of the Rust part: nothing is installed for it, a missing one is named with what brings it.
pub fn rust() -> Result<(), String> {
    for (program, argument, advice) in [
        (
            "cc",
            ["--version"].as_slice(),
            "a C compiler is missing: on Debian or Ubuntu, `apt-get install build-essential`",
        ),
        // A stranger's check of a till's proofs is written in it, and run as it is written.
        ("python3", &["--version"], "Python 3.8 or newer is missing: on Debian or Ubuntu, `apt-get install python3`"),
        ("openssl", &["version"], "OpenSSL 3 is missing: on Debian or Ubuntu, `apt-get install openssl`"),
        ("cargo", &["fmt", "--version"], "rustfmt is missing: `rustup component add rustfmt`"),
        ("cargo", &["clippy", "--version"], "clippy is missing: `rustup component add clippy`"),
    ] {
        answer(program, argument).ok_or(advice)?;
    }
    Ok(())
}

/// A machine, as far as installing goes.
#[derive(Clone, Copy, Debug)]
struct Machine {
    root: bool,
    apt: bool,
}

impl Machine {
    fn this() -> Self {
        let root = answer("id", &["-u"]).is_some_and(|id| id.trim() == "0");
        Self { root, apt: answer("apt-get", &["--version"]).is_some() }
    }
}

/// What is wanted for Kotlin and not there, as names of what to install.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    Jdk,
    Maven,
}

/// What the tools said of themselves, held against what is needed.
fn missing_for_kotlin(javac: Option<&str>, maven: Option<&str>) -> Vec<Missing> {
    let new = |said: Option<&str>, mark: &str, least: Version| {
        said.and_then(|text| version_after(mark, text)).is_some_and(|version| version >= least)
    };
    let mut missing = Vec::new();
    // Maven may be told to use another Java than the one on PATH; the one that it uses counts.
    let mavens_java_is_old = maven.is_some_and(|text| !new(Some(text), "Java version:", JAVA_MIN));
    if !new(javac, "javac", JAVA_MIN) || mavens_java_is_old {
        missing.push(Missing::Jdk);
    }
    if !new(maven, "Apache Maven", MAVEN_MIN) {
        missing.push(Missing::Maven);
    }
    missing
}

/// Makes sure of a JDK and of Maven.
pub fn kotlin() -> Result<(), String> {
    let look =
        || missing_for_kotlin(answer("javac", &["-version"]).as_deref(), answer("mvn", &["-version"]).as_deref());
    let missing = look();
    if missing.is_empty() {
        return Ok(());
    }
    let machine = Machine::this();
    if let Some(advice) = advice_for_kotlin(&missing, machine) {
        return Err(advice);
    }
    let quiet = ["-qq", "update"];
    step("asking the distribution what it has", Command::new("apt-get").args(quiet))?;
    let packages: Vec<String> = missing.iter().filter_map(|one| package(*one)).collect();
    if packages.len() < missing.len() {
        return Err(format!(
            "this distribution has no JDK of Java {} or newer; install one and Maven by hand",
            JAVA_MIN.0
        ));
    }
    let trial = Command::new("apt-get").args(INSTALL).arg("--assume-no").args(&packages).output();
    let size = trial.map(|output| sizes(&String::from_utf8_lossy(&output.stdout))).unwrap_or_default();
    let mut install = Command::new("apt-get");
    install.args(INSTALL).args(["-qq", "--yes"]).args(&packages).env("DEBIAN_FRONTEND", "noninteractive");
    step(&format!("installing {} with apt-get{size}", packages.join(" and ")), install.stdout(Stdio::null()))?;
    let still = look();
    if still.is_empty() {
        return Ok(());
    }
    Err(format!("installed, and still not found: {still:?}; is an older Java first on PATH or in JAVA_HOME?"))
}

const INSTALL: [&str; 2] = ["install", "--no-install-recommends"];

/// The distribution's name for what is missing: the oldest JDK that is new enough.
fn package(missing: Missing) -> Option<String> {
    let names: &[&str] = match missing {
        Missing::Jdk => &["openjdk-17-jdk-headless", "openjdk-21-jdk-headless", "openjdk-25-jdk-headless"],
        Missing::Maven => &["maven"],
    };
    let offered =
        |name: &&&str| answer("apt-cache", &["show", "--no-all-versions", name]).is_some_and(|text| !text.is_empty());
    names.iter().find(offered).map(|name| (*name).to_owned())
}

/// What apt says of sizes, in its own words, on one line.
fn sizes(said: &str) -> String {
    let lines = said.lines().filter(|line| line.starts_with("Need to get") || line.starts_with("After this operation"));
    let text: Vec<&str> = lines.map(|line| line.trim_end_matches('.')).collect();
    if text.is_empty() { String::new() } else { format!(" ({})", text.join("; ")) }
}

/// What to type, where nothing can be installed from here.
fn advice_for_kotlin(missing: &[Missing], machine: Machine) -> Option<String> {
    if missing.is_empty() || (machine.root && machine.apt) {
        return None;
    }
    let what: Vec<String> = missing
        .iter()
        .map(|one| match one {
            Missing::Jdk => format!("a JDK of Java {} or newer", JAVA_MIN.0),
            Missing::Maven => format!("Maven {MAVEN_MIN} or newer"),
        })
        .collect();
    let how = if machine.apt {
        "type `sudo apt-get install openjdk-17-jdk-headless maven` (about 270 MB on disk)"
    } else {
        "install it with this system's package manager so that `javac` and `mvn` are on PATH"
    };
    Some(format!("Kotlin needs {}: {how}, or leave it out with `--skip kotlin`", what.join(" and ")))
}

/// How Swift is run: a program that takes a package folder and what to do there, and the root that it needs.
pub struct Swift {
    /// `PROGRAM PACKAGE_DIR ARGUMENTS…`
    pub program: PathBuf,
    /// The root of the toolchain, where it is not the machine's own.
    pub root: Option<PathBuf>,
}

/// Makes sure of a Swift toolchain.
pub fn swift() -> Result<Swift, String> {
    let scripts = project_folder().join("xtask/toolchains");
    let said = answer("swift", &["--version"]);
    if said.as_deref().is_some_and(swift_is_new_enough) {
        return Ok(Swift { program: scripts.join("host-swift.sh"), root: None });
    }
    let machine = Machine::this();
    if let Some(advice) = advice_for_swift(machine) {
        return Err(advice);
    }
    let root = std::env::var_os("TAPTILL_SWIFT_ROOT").map_or_else(|| PathBuf::from(SWIFT_ROOT), PathBuf::from);
    make_swift_root(&scripts, &root)?;
    Ok(Swift { program: scripts.join("swift.sh"), root: Some(root) })
}

fn swift_is_new_enough(said: &str) -> bool {
    version_after("Swift version", said).is_some_and(|version| version >= SWIFT_MIN)
}

fn make_swift_root(scripts: &Path, root: &Path) -> Result<(), String> {
    let heading = if root.join("etc/swift-root.recipe").is_file() {
        format!("Swift lies ready in {}", root.display())
    } else {
        format!(
            "making a Debian 13 with Swift in {}: 608 MB to download, 2.5 GB on disk, about 90 s, once for this machine",
            root.display()
        )
    };
    step(&heading, Command::new(scripts.join("swift-root.sh")).arg(root))
}

fn advice_for_swift(machine: Machine) -> Option<String> {
    if machine.root && machine.apt {
        return None;
    }
    let how = if machine.apt {
        "run this as root (it makes a Debian 13 with Swift once, 608 MB to download, 2.5 GB on disk, and works in it)"
    } else {
        "install Swift from the vendor's page so that `swift` is on PATH"
    };
    Some(format!("Swift {SWIFT_MIN} or newer is missing: {how}, or leave it out with `--skip swift`"))
}

#[cfg(test)]
mod tests {
    use super::Missing::{Jdk, Maven};
    use super::{
        Machine, Missing, Version, advice_for_kotlin, advice_for_swift, missing_for_kotlin, sizes, swift_is_new_enough,
        version_after,
    };

    const MAVEN: &str = "Apache Maven 3.8.7\nMaven home: /usr/share/maven\nJava version: 17.0.15, vendor: Debian\n";

    #[test]
    fn a_version_is_read_from_what_a_tool_says() {
        let rows = [
            ("javac 17.0.15\n", "javac", Some(Version(17, 0))),
            ("javac 21", "javac", Some(Version(21, 0))),
            ("javac 1.8.0_292", "javac", Some(Version(1, 8))),
            ("Apache Maven 3.8.7 (x)", "Apache Maven", Some(Version(3, 8))),
            ("Apache Maven 4.0.0-rc-1", "Apache Maven", Some(Version(4, 0))),
            ("Swift version 6.0.3 (swift-6.0.3-RELEASE)", "Swift version", Some(Version(6, 0))),
            ("Apple Swift version 6.2 (swiftlang)", "Swift version", Some(Version(6, 2))),
            ("javac", "javac", None),
            ("javac: not found", "javac", None),
            ("", "javac", None),
        ];
        for (text, mark, verdict) in rows {
            assert_eq!(version_after(mark, text), verdict, "{text}");
        }
    }

    #[test]
    fn what_kotlin_lacks_is_named() {
        let old_java = MAVEN.replace("17.0.15", "11.0.2");
        let old_maven = MAVEN.replace("3.8.7", "3.6.3");
        let rows: [(Option<&str>, Option<&str>, &[Missing]); 8] = [
            (Some("javac 17.0.15"), Some(MAVEN), &[]),
            (Some("javac 21"), Some(MAVEN), &[]),
            (None, Some(MAVEN), &[Jdk]),
            (Some("javac 11.0.2"), Some(MAVEN), &[Jdk]),
            (Some("javac 17.0.15"), Some(&old_java), &[Jdk]),
            (Some("javac 17.0.15"), Some(&old_maven), &[Maven]),
            (Some("javac 17.0.15"), None, &[Maven]),
            (None, None, &[Jdk, Maven]),
        ];
        for (javac, maven, verdict) in rows {
            assert_eq!(missing_for_kotlin(javac, maven), verdict, "{javac:?} {maven:?}");
        }
    }

    #[test]
    fn a_tool_that_cannot_be_installed_is_named_with_what_to_type() {
        let (root, user) = (Machine { root: true, apt: true }, Machine { root: false, apt: true });
        let other = Machine { root: true, apt: false };
        assert_eq!(advice_for_kotlin(&[Jdk, Maven], root), None);
        assert_eq!(advice_for_kotlin(&[], user), None);
        assert_eq!(advice_for_swift(root), None);
        for (advice, texts) in [
            (
                advice_for_kotlin(&[Jdk], user),
                ["a JDK of Java 17", "sudo apt-get install openjdk-17-jdk-headless maven", "--skip kotlin"],
            ),
            (
                advice_for_kotlin(&[Jdk, Maven], other),
                ["Java 17 or newer and Maven 3.8", "package manager", "--skip kotlin"],
            ),
            (advice_for_swift(user), ["Swift 6.0", "run this as root", "--skip swift"]),
            (advice_for_swift(other), ["Swift 6.0", "on PATH", "--skip swift"]),
        ] {
            let advice = advice.unwrap();
            assert!(texts.iter().all(|text| advice.contains(text)), "{advice}");
        }
    }

    #[test]
    fn an_old_swift_is_not_taken() {
        for (said, verdict) in [("Swift version 6.0.3", true), ("Swift version 5.10.1", false), ("swift: stale", false)]
        {
            assert_eq!(swift_is_new_enough(said), verdict, "{said}");
        }
    }

    #[test]
    fn sizes_are_apts_own_words() {
        let said = "Reading\nNeed to get 95.3 MB of archives.\nAfter this operation, 250 MB of additional disk space will be used.\nAbort.\n";
        let shown =
            " (Need to get 95.3 MB of archives; After this operation, 250 MB of additional disk space will be used)";
        assert_eq!(sizes(said), shown);
        assert_eq!(sizes("nothing of the kind"), "");
    }
}
