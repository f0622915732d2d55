//! What a test run is asked to do, and what it may leave out.
//!
//! Nothing is left out in silence: `--skip` and `--only` print a line that cannot be overlooked, and where
//! `CI=true` they are refused. Evidence: `mod tests`.

use clap::{Args, ValueEnum};

/// The languages of the product, in the order of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// The core, its face and the sandbox
    Rust,
    /// The Android shell
    Kotlin,
    /// The iOS shell
    Swift,
}

impl Language {
    /// As it is typed, and as the contract's closing lines begin.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Kotlin => "kotlin",
            Self::Swift => "swift",
        }
    }
}

/// All of them.
pub const LANGUAGES: [Language; 3] = [Language::Rust, Language::Kotlin, Language::Swift];

/// The arguments of `cargo xtask test`.
#[derive(Args, Clone, Debug, Default)]
pub struct Options {
    /// Test one language alone; refused where CI=true
    #[arg(long, value_enum, conflicts_with = "skip")]
    pub only: Option<Language>,
    /// Leave a language out, where its tools cannot be had; refused where CI=true
    #[arg(long, value_enum)]
    pub skip: Vec<Language>,
    /// 10,000 sales a language instead of 500, 100,000 power cuts instead of 5,000, 100,000 store days instead of 300
    #[arg(long)]
    pub long: bool,
}

/// Which languages a run tests. `in_ci` is whether the environment says `CI=true`.
pub fn languages(options: &Options, in_ci: bool) -> Result<Vec<Language>, String> {
    if options.skip.contains(&Language::Rust) {
        return Err("--skip rust: the shells stand on the core; test one shell with --only".to_owned());
    }
    if in_ci && (options.only.is_some() || !options.skip.is_empty()) {
        return Err("--only and --skip are not allowed where CI=true: everything is tested".to_owned());
    }
    let wanted = |one: &Language| match options.only {
        Some(only) => only == *one,
        None => !options.skip.contains(one),
    };
    Ok(LANGUAGES.into_iter().filter(wanted).collect())
}

/// What is said, in the beginning and at the end, of what is not tested.
pub fn left_out(tested: &[Language]) -> Vec<String> {
    let missing = LANGUAGES.into_iter().filter(|one| !tested.contains(one));
    missing.map(|one| format!("!!! NOT TESTED: {} (left out on request)", one.name())).collect()
}

#[cfg(test)]
mod tests {
    use super::Language::{self, Kotlin, Rust, Swift};
    use super::{Options, languages, left_out};

    #[test]
    fn what_may_be_left_out() {
        type Row<'a> = (Option<Language>, &'a [Language], bool, Result<Vec<Language>, &'a str>);
        let rows: [Row<'_>; 10] = [
            (None, &[], false, Ok(vec![Rust, Kotlin, Swift])),
            (None, &[], true, Ok(vec![Rust, Kotlin, Swift])),
            (Some(Rust), &[], false, Ok(vec![Rust])),
            (Some(Swift), &[], false, Ok(vec![Swift])),
            (Some(Swift), &[], true, Err("are not allowed where CI=true")),
            (None, &[Kotlin], false, Ok(vec![Rust, Swift])),
            (None, &[Kotlin, Swift], false, Ok(vec![Rust])),
            (None, &[Kotlin], true, Err("are not allowed where CI=true")),
            (None, &[Swift, Kotlin], true, Err("are not allowed where CI=true")),
            (None, &[Rust], false, Err("--skip rust")),
        ];
        for (only, skip, in_ci, verdict) in rows {
            let found = languages(&Options { only, skip: skip.to_vec(), long: false }, in_ci);
            match verdict {
                Ok(expected) => assert_eq!(found, Ok(expected), "{only:?} {skip:?} {in_ci}"),
                Err(text) => assert!(found.is_err_and(|why| why.contains(text)), "{only:?} {skip:?} {in_ci}"),
            }
        }
    }

    #[test]
    fn what_is_left_out_is_said_aloud() {
        assert_eq!(left_out(&[Rust, Kotlin, Swift]), [""; 0]);
        assert_eq!(left_out(&[Rust, Swift]), ["!!! NOT TESTED: kotlin (left out on request)"]);
        assert_eq!(left_out(&[Swift]).len(), 2);
    }
}
