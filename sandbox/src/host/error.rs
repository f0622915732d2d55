//! What can go wrong with a simulated host before or beside the conversation itself.
//!
//! Each error has a stable code word, a sentence that says what is wrong, and a sentence that says what to
//! do next. A terminal that misbehaves is no error here: it gets an answer, or its connection is closed.
//!
//! It never carries a path, a key or a card number. Evidence: `mod tests` below, and those of `script.rs`.

use std::fmt;

/// Why the host did not do what its owner asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostError {
    /// The home folder cannot be made, read or written.
    HomeUnusable,
    /// There is no host in this folder yet.
    HomeUnknown,
    /// Another host runs on this home.
    HomeInUse,
    /// No host runs on this home, so nobody would notice.
    NotRunning,
    /// A certificate or key in the home is missing or damaged.
    CertificatesUnusable,
    /// The book was written by another version, is damaged, or is held by another program.
    BookUnusable,
    /// The address to listen on is not of this machine's loopback.
    AddressNotLoopback,
    /// The address to listen on is taken or not allowed.
    AddressUnusable,
    /// No shipped dialect has this name.
    DialectUnknown,
    /// The dialect is not one that a host can serve: it lacks an operation, or breaks a rule.
    DialectUnusable,
    /// A name, limit or address breaks a rule of provisionings.
    OptionsUnusable,
    /// No terminal of this host has this certificate or id.
    TerminalUnknown,
    /// The text is not one that a signature can stand under.
    TextUnusable,
    /// The machine gave no random bytes.
    EntropyFailed,
    /// The host's thread could not be started.
    ThreadFailed,
    /// The script is not readable text of at most 64 KiB.
    ScriptUnreadable,
    /// A line of the script is not `KIND [COUNT] [OPERATION]`, or not the agreed TOML.
    ScriptMalformed {
        /// 1 for the first line.
        line: usize,
    },
    /// A line of the script names a kind of misbehaviour that does not exist.
    ScriptKindUnknown {
        /// 1 for the first line.
        line: usize,
    },
    /// A line of the script counts less than 1 or more than 9 999.
    ScriptCountOutOfRange {
        /// 1 for the first line.
        line: usize,
    },
    /// A line of the script names an operation that does not exist, or that the kind is not for.
    ScriptOperationUnknown {
        /// 1 for the first line.
        line: usize,
    },
    /// No kind of misbehaviour has this name.
    KindUnknown,
    /// No operation has this name, or the kind is not for it.
    OperationUnknown,
    /// The count is less than 1 or more than 9 999.
    CountOutOfRange,
}

impl HostError {
    /// The stable code, as `host_home_in_use`.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.row().0
    }

    /// What to do next, in one sentence.
    #[must_use]
    pub fn next_step(self) -> &'static str {
        self.row().2
    }

    /// The script's line that it is about, 1 for the first.
    #[must_use]
    pub fn line(self) -> Option<usize> {
        match self {
            Self::ScriptMalformed { line }
            | Self::ScriptKindUnknown { line }
            | Self::ScriptOperationUnknown { line }
            | Self::ScriptCountOutOfRange { line } => Some(line),
            _ => None,
        }
    }

    fn row(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::HomeUnusable => (
                "host_home_unusable",
                "the host's home folder cannot be made, read or written",
                "Choose a folder that belongs to you, on a disk with free space.",
            ),
            Self::HomeUnknown => (
                "host_home_unknown",
                "there is no host in this folder",
                "Name the folder of a host that has been started before.",
            ),
            Self::HomeInUse => {
                ("host_home_in_use", "another host runs on this home", "Stop that host first, or choose another home.")
            }
            Self::NotRunning => {
                ("host_not_running", "no host runs on this home", "Start the host on this home, then ask again.")
            }
            Self::CertificatesUnusable => (
                "host_certificates_unusable",
                "a certificate or key in the host's home is missing or damaged",
                "Start with a new home; tills of the old one must be provisioned again.",
            ),
            Self::BookUnusable => (
                "host_book_unusable",
                "the host's book is damaged, newer than this program, or held by another one",
                "Close other programs that use the book, or start with a new home.",
            ),
            Self::AddressNotLoopback => (
                "host_address_not_loopback",
                "the simulated host listens on this machine's loopback only",
                "Use an address such as 127.0.0.1:0.",
            ),
            Self::AddressUnusable => (
                "host_address_unusable",
                "the address to listen on is taken or not allowed",
                "Choose another port; port 0 takes a free one.",
            ),
            Self::DialectUnknown => {
                ("host_dialect_unknown", "no shipped dialect has this name", "Use unionpay, iso87 or encrypted.")
            }
            Self::DialectUnusable => (
                "host_dialect_unusable",
                "the dialect breaks a rule or lacks an operation that the host needs",
                "Correct the dialect file: it needs echo, sign-on, sale and reversal.",
            ),
            Self::OptionsUnusable => (
                "host_options_unusable",
                "the till could not use these options: a name, the limit, the time zone or the address breaks a rule",
                "Use short one-line names, a limit from 0.01, and an address with its port.",
            ),
            Self::TerminalUnknown => (
                "host_terminal_unknown",
                "no terminal of this host has this certificate or id",
                "Provision the till with this host's home.",
            ),
            Self::TextUnusable => (
                "host_text_unusable",
                "the text is not UTF-8 lines that end with a line feed",
                "Give the certificate's own text, without signature lines.",
            ),
            Self::EntropyFailed => {
                ("host_entropy_failed", "the machine has no random bytes to give", "Try again in a moment.")
            }
            Self::ThreadFailed => {
                ("host_thread_failed", "the host's thread could not be started", "Close other programs and try again.")
            }
            Self::ScriptUnreadable => (
                "host_script_unreadable",
                "the script is not text of at most 64 KiB",
                "Give a readable UTF-8 file with one KIND [COUNT] [OPERATION] a line.",
            ),
            Self::ScriptMalformed { .. } => (
                "host_script_malformed",
                "a line of the script is not understood",
                "Write one KIND [COUNT] [OPERATION] a line, or TOML tables [[next]] with kind, count and of.",
            ),
            Self::ScriptKindUnknown { .. } => {
                ("host_script_kind_unknown", "a line of the script names an unknown kind", KINDS)
            }
            Self::ScriptCountOutOfRange { .. } => (
                "host_script_count_out_of_range",
                "a line of the script has a count outside 1 to 9999",
                "Give a count from 1 to 9999, or leave it out for 1.",
            ),
            Self::ScriptOperationUnknown { .. } => (
                "host_script_operation_unknown",
                "a line of the script names an unknown operation, or one that the kind is not for",
                OPERATIONS,
            ),
            Self::OperationUnknown => {
                ("host_operation_unknown", "no operation has this name, or the kind is not for it", OPERATIONS)
            }
            Self::KindUnknown => ("host_kind_unknown", "no kind of misbehaviour has this name", KINDS),
            Self::CountOutOfRange => (
                "host_count_out_of_range",
                "the count is outside 1 to 9999",
                "Give a count from 1 to 9999, or leave it out for 1.",
            ),
        }
    }
}

/// What may stand for a kind.
const KINDS: &str = "Use normal, no-answer, forget, late-answer, answer-twice, bad-mac, wrong-echo, half-frame, reset, \
                     refuse, refuse-reversal, or statement- with missing, extra, amount, duplicate, day, sign or fee.";

/// What may stand for an operation.
const OPERATIONS: &str = "Use sale, reversal, void, void_reversal, refund, settle, batch_upload, settle_end, \
                          parameters, statement, freeze, release, loss_report, deregister or renew_certificate; \
                          statement-... is of statement and refuse-reversal of reversal alone.";

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line() {
            Some(line) => write!(f, "{} (line {line})", self.row().1),
            None => f.write_str(self.row().1),
        }
    }
}

impl std::error::Error for HostError {}

impl From<rusqlite::Error> for HostError {
    fn from(_: rusqlite::Error) -> Self {
        Self::BookUnusable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_script_says_which_line() {
        let error = HostError::ScriptKindUnknown { line: 3 };
        assert_eq!(error.to_string(), "a line of the script names an unknown kind (line 3)");
        assert_eq!(error.code(), "host_script_kind_unknown");
        assert!(error.next_step().contains("refuse-reversal"));
    }
}
